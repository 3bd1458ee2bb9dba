"""Evidence -> claims: what verified statements say, and who says it. Parsed, never judged.

What comes in: the evidence of one image, and the formats of claims that the policy adds. What goes out: `Claims`: the
evidence itself; each build provenance among it as facts (`provenance`), with the source that its certificate names
(`source`); each verification summary (`vsa`); and what statements say of commits (`agents`). No policy is read here;
nothing here makes anything true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gate.claims.agents import Document, read_document
from gate.claims.provenance import Provenance, read_provenance
from gate.claims.source import certified_source
from gate.claims.vsa import Summary, read_summary
from gate.verification import AboutSource, Rejected, Signed, Verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.claims.agents import Format
    from gate.claims.project import Project
    from gate.discovery.labels import Labels
    from gate.limits import Limits
    from gate.verification import Evidence

__all__ = ["Claims", "read_claims"]


class Claims(Struct, frozen=True, kw_only=True):
    """Everything that is known about one image, by where it comes from.

    `verified` is about the image, `about_source` about the commits that it may be built from.
    `project` is that of the CI job that asks, as its environment says; None if it says none. `labels` are
    the image's own word on its source, None for a file.
    """

    verified: tuple[Verified, ...]
    rejected: tuple[Rejected, ...]
    provenance: tuple[Provenance, ...]
    about_source: tuple[AboutSource, ...] = ()
    summaries: tuple[Summary, ...] = ()
    documents: tuple[Document, ...] = ()
    project: Project | None = None
    labels: Labels | None = None


def read_claims(
    evidence: tuple[Evidence, ...],
    *,
    limits: Limits,
    project: Project | None = None,
    labels: Labels | None = None,
    formats: Sequence[Format] = (),
) -> Claims:
    """Read what the verified statements claim; `formats` are those that the policy adds."""
    verified = tuple(item for item in evidence if isinstance(item, Verified))
    about_source = tuple(item for item in evidence if isinstance(item, AboutSource))
    read = (read_provenance(item) for item in verified)
    provenance = tuple(item for item in read if item is not None)
    built_from = {id(item.evidence): item.stated.repository for item in provenance}
    documents = (
        read_document(item, repository=_repository(item, built_from), formats=formats, limits=limits)
        for item in (*verified, *about_source)
    )
    return Claims(
        verified=verified,
        about_source=about_source,
        rejected=tuple(item for item in evidence if isinstance(item, Rejected)),
        provenance=provenance,
        summaries=tuple(item for item in map(read_summary, (*verified, *about_source)) if item is not None),
        documents=tuple(item for item in documents if item is not None),
        project=project,
        labels=labels,
    )


def _repository(item: Signed, built_from: Mapping[int, str | None]) -> str | None:
    """The repository that a statement is of: its certificate's, else the one that its provenance states."""
    certified = certified_source(item.signer)
    repository = None if certified is None else certified.repository
    return repository or built_from.get(id(item))
