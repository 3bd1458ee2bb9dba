"""`[rules.source]` -> `SourceSection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.policy.demands import SourceSection
from gate.policy.parties import ANY
from gate.policy.sections.provenance import read_refs, read_verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions


def read_source(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> SourceSection:
    """Which Source level the commit must have, and whose summaries count for it (SLSA's Source track)."""
    vsa = tuple(read_verifier(item, (*at, "vsa", number), to) for number, item in enumerate(table["vsa"]))
    to.reader.check_times([item.signer for item in vsa], to.signers, at, needed="max-age" in table)
    level, reachable = table["level"], max(item.level for item in vsa)
    if level > reachable:
        to.reader.warning((*at, "level"), f"level {level} is above what any named verifier is worth ({reachable})")
    refs = table.get("refs")
    return SourceSection(
        level=level,
        vsa=vsa,
        refs=None if refs is None else ANY if refs == "any" else read_refs(refs, (*at, "refs"), to),
        max_age=to.reader.age(table, at),
    )
