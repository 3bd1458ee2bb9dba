"""Evidence -> claims: what verified statements say, and who says it. Parsed, never judged.

What comes in: the evidence of one image. What goes out: `Claims`: the evidence itself, and each build provenance among
it as facts (`provenance`), with the agent claims that stand in it (`agents`) and the source that its certificate names
(`source`), and each verification summary (`vsa`). No policy is read here; nothing here makes anything true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.claims.provenance import Provenance, read_provenance
from gate.claims.vsa import Summary, read_summary
from gate.verification import AboutSource, Rejected, Verified

if TYPE_CHECKING:
    from gate.claims.project import Project
    from gate.discovery.labels import Labels
    from gate.limits import Limits
    from gate.verification import Evidence

__all__ = ["Claims", "read_claims"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
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
    project: Project | None = None
    labels: Labels | None = None


def read_claims(
    evidence: tuple[Evidence, ...], *, limits: Limits, project: Project | None = None, labels: Labels | None = None
) -> Claims:
    """Read what the verified statements claim."""
    verified = tuple(item for item in evidence if isinstance(item, Verified))
    found = (read_provenance(item, limits=limits) for item in verified)
    about_source = tuple(item for item in evidence if isinstance(item, AboutSource))
    return Claims(
        verified=verified,
        about_source=about_source,
        rejected=tuple(item for item in evidence if isinstance(item, Rejected)),
        provenance=tuple(item for item in found if item is not None),
        summaries=tuple(item for item in map(read_summary, (*verified, *about_source)) if item is not None),
        project=project,
        labels=labels,
    )
