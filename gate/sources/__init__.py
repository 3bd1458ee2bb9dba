"""Where bytes come from.

What comes in: a `Reference` and `Limits`; one `Sources` serves all references of a run. What goes out: bytes whose
digest was checked before anyone parses them, and listings that are hints and nothing more. A source judges nothing:
what it hands out is untrusted.

Each kind stands by itself: `layout` (a folder or an archive, on `files`), `registry` (over HTTP, through oras).
`manifest` reads the documents that both hand out; `settings` is what a policy says of a registry.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from gate.errors import Malformed
from gate.sources.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.limits import Deadline, Limits, Tally
    from gate.reference import Digest, Reference
    from gate.sources.manifest import Descriptor
    from gate.sources.registry import Registries
    from gate.sources.settings import RegistrySettings


class Content(Struct, frozen=True, kw_only=True):
    """A manifest's bytes as they were fetched. `raw` hashes to `digest`; `media_type` is what the source says it is.

    A file too large to hold has its `digests` (by algorithm, raw) in place of its bytes.
    """

    digest: Digest
    media_type: str
    raw: bytes
    digests: Mapping[str, bytes] | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What one optional place holds: `content` is None where the source says that there is nothing.

    `status` is the HTTP status, None for a layout. `repository_unknown` says that there is nothing because the registry
    knows no repository of that name; `absent_by` names the policy's setting by which the status means that.
    """

    status: int | None
    content: Content | None
    repository_unknown: bool = False
    absent_by: str | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """What a source lists as referrers of one digest. Hints: only the manifests themselves say what they refer to.

    `supported` is False where the source has no such listing (a registry without the referrers API). `unbound` are
    manifests that carry signatures without a subject: only what was signed says of which image.
    """

    status: int | None
    descriptors: tuple[Descriptor, ...]
    bytes: int
    supported: bool = True
    unbound: frozenset[Digest] = frozenset()


class Source(Protocol):
    """A place that holds one image and what is attached to it. Every method may raise `CouldNotLook`."""

    listing_place: str
    """The ledger's name for what `referrers` asks."""

    @property
    def mirrors(self) -> Sequence[tuple[str, Source]]:
        """The mirrors of the registry that answer, by name. What they list is a hint, and their silence none."""

    @property
    def credentials(self) -> str | None:
        """Where the credentials came from that the source was shown so far; None if none were."""

    def resolve(self) -> Content:
        """The reference's own manifest: the tag resolved once, or the digest as given."""

    def manifest(self, digest: Digest, tally: Tally | None = None) -> Content:
        """A manifest by digest; absent is `Malformed`, because someone listed it. `tally` is the image's."""

    def blob(self, descriptor: Descriptor) -> bytes:
        """A blob of exactly the descriptor's size and digest."""

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
        """What the source lists as referring to `subject`. What is read for that alone counts in `tally`."""

    def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
        """The manifest under a tag of the same repository, or the answer that there is none. `tally` is the image's."""

    def known(self) -> bool | None:
        """Whether there is such a repository; None where that cannot be told."""

    def confirm(self, digest: Digest) -> None:
        """See that the source itself has an image that it handed out, and not only a mirror of it."""

    @property
    def doubt(self) -> str:
        """Why what is absent here may only be hidden from whoever asked; "" where there is no reason to think so."""

    def holder(self, digest: Digest) -> Content | None:
        """An index that may list `digest`, where the reference or the source names one at little cost. A hint."""


def check_digest(raw: bytes, digest: Digest, what: str) -> None:
    """Raise `Malformed` unless `raw` hashes to `digest`. Called on every body, before anything reads it."""
    found = hashlib.new(digest.algorithm, raw).hexdigest()
    if not hmac.compare_digest(found, digest.hex):
        raise Malformed(f"{what} is {digest.algorithm}:{found}, not {digest} as it was asked for")


class Sources:
    """Opens references, from any number of threads. All those of registries share one pool of connections, and those
    of one registry what it was told: a token for each repository, and where tokens come from.
    """

    def __init__(
        self,
        access: Access | None = None,
        *,
        limits: Limits,
        deadline: Deadline,
        settings: Mapping[str, RegistrySettings] | None = None,
    ) -> None:
        self._access = access or Access()
        self._limits = limits
        self._deadline = deadline
        self._lock = threading.Lock()
        self._settings = settings or {}
        self._registries: Registries | None = None

    @staticmethod
    def load(reference: Reference) -> None:
        """Import what `open` needs for a reference, and wait for nothing else."""
        if reference.local:
            import gate.sources.layout  # noqa: PLC0415
        else:
            import gate.sources.registry  # noqa: F401, PLC0415

    def open(self, reference: Reference) -> Source:
        """The source that holds a reference. Only what it needs is imported.

        Raises `InvalidReference`, `InvalidUsage` for a file that `access` names and that cannot be read, or
        `CouldNotLook`.
        """
        if reference.local:
            from gate.sources.layout import LayoutSource  # noqa: PLC0415

            return LayoutSource(reference, limits=self._limits)
        from gate.sources.registry import Registries  # noqa: PLC0415

        with self._lock:
            if self._registries is None:
                self._registries = Registries(
                    self._access, limits=self._limits, deadline=self._deadline, settings=self._settings
                )
        return self._registries.open(reference)
