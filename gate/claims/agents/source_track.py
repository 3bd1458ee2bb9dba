"""F11: SLSA's source provenance, about one commit: who pushed it, and so is not its reviewer; not who wrote it.

What comes in: a statement of one of its types. What goes out: a `Person`. The summary of the same verifiers (F12) is
read by `claims.vsa`.

Source: docs/DESIGN.md of slsa-framework/source-tool ("Source Provenance", "Tag Provenance").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Found, Person, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_POC: Final = "https://github.com/slsa-framework/slsa-source-poc/"
_TOOL: Final = "https://github.com/slsa-framework/source-tool/"
_MERGED: Final = "pr_merge"


def read_provenance(reading: Reading) -> Iterator[Found]:
    """Who pushed each commit. Whoever merged a pull request need not have written it."""
    problems: list[str] = []
    commits = reading.own_commits(problems)
    predicate = Fields(reading.predicate, "", problems)
    actor = predicate.text("actor", human=True)
    if problems:
        yield Unreadable(path="actor", problem="; ".join(problems))
    for commit in commits:
        if actor is not None and predicate.get("activity_type") != _MERGED:
            yield Person(path="actor", part="pusher", name=actor, commit=commit)


PROVENANCE: Final = Format(
    name="source-provenance",
    types=(
        f"{_POC}source-provenance/v1-draft",
        f"{_POC}tag-provenance/v1-draft",
        f"{_TOOL}source-provenance/v1",
        f"{_TOOL}tag-provenance/v1",
    ),
    about=GIT_ALGORITHMS,
    read=read_provenance,
)
