"""What discovery finds: candidates, and the ledger of where it looked.

What goes out: types and nothing else. `search` makes them. Untrusted, all of it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.discovery.labels import Labels
    from gate.errors import CouldNotLook
    from gate.reference import Digest
    from gate.sources import Content

SBOM_PLACE: Final = "cosign-sbom"
"""Where cosign attached SBOMs without signing them: listed, and never evidence."""


class Kind(StrEnum):
    """What a candidate's media type says that it is."""

    BUNDLE = "sigstore-bundle"
    SIMPLE_SIGNING = "cosign-simple-signing"
    DSSE = "dsse-envelope"
    OTHER = "other"


class Candidate(Struct, frozen=True, kw_only=True):
    """Something attached to the image that may be evidence. Nothing about it is trusted.

    `digest` is the manifest's that carries it (what a registry knows it by), `layer` its place in that manifest,
    `raw` its bytes, whose digest was checked; empty for `Kind.OTHER`, which is not fetched. `problem` says why a
    manifest that was listed is no evidence. `annotations` are its layer's.
    """

    digest: Digest
    layer: int
    kind: Kind
    media_type: str
    place: str
    raw: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One place that was looked at. `complete` is False if something there could not be read; `error` says why.

    `subject` is the digest that it was looked at for; `repository` the name of a repository other than the image's own,
    None for that. `decides` is False where nothing depends on whether it could be read: a mirror's. `absent_by` is the
    policy's setting by which its answer means that nothing is there.
    """

    place: str
    asked: str
    status: int | None
    found: int
    bytes: int
    complete: bool
    error: CouldNotLook | None = None
    subject: Digest | None = None
    repository: str | None = None
    decides: bool = True
    absent_by: str | None = None


class Discovery(Struct, frozen=True, kw_only=True):
    """Everything that was found about one digest, and where."""

    image: Content
    candidates: tuple[Candidate, ...]
    ledger: tuple[LedgerEntry, ...]
    labels: Labels | None = None
    """What the image says of its own source, as far as a policy asks; None for a file."""

    @property
    def missed(self) -> tuple[CouldNotLook, ...]:
        """Why the ledger is incomplete; empty if every place that can hold evidence was read to its end."""
        decisive = (entry for entry in self.ledger if entry.decides and entry.place != SBOM_PLACE)
        return tuple(entry.error for entry in decisive if entry.error is not None)
