"""Every format that is read: one file each, one line here.

A newcomer's format is chosen by its exact predicate type (and build type); two formats never share both. What is not
here is not read: `docs/agents.md` says which formats that are, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents import (
    agent_commit,
    agent_trace,
    agentattest,
    commits,
    git_ai,
    gitsign,
    gittuf,
    pedigree,
    review_coverage,
    source_track,
)
from gate.claims.vsa import SOURCE_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gate.claims.agents.reading import Format

FORMATS: Final[tuple[Format, ...]] = (
    commits.FORMAT,
    agent_commit.FORMAT,
    pedigree.FORMAT,
    agentattest.FORMAT,
    review_coverage.FORMAT,
    source_track.PROVENANCE,
    gitsign.FORMAT,
    gittuf.APPROVAL,
    gittuf.AUTHORIZATION,
    agent_trace.FORMAT,
    git_ai.FORMAT,
)
BUILT_IN: Final = frozenset(name for item in FORMATS for name in item.types) | SOURCE_TYPES.keys()
"""The predicate types that no policy may define anew."""


def source_types(more: Iterable[Format] = ()) -> dict[str, frozenset[str]]:
    """The predicate types whose statements may be about the source, each with the algorithms that name it."""
    found = {name: item.about for item in (*FORMATS, *more) if item.about is not None for name in item.types}
    return {**found, **SOURCE_TYPES}


def choose(predicate_type: str, build_type: str, more: Mapping[str, Format], *, about_source: bool) -> Format | None:
    """The one format of a statement, byte for byte (A-T28); None if it has none.

    A later version of agent-commit is a run of an agent and no build (rule 1), so that its lists are nobody's either.
    """
    found = [item for item in FORMATS if predicate_type in item.types]
    exact = next((item for item in found if build_type in item.build_types), None)
    if exact is None and not build_type.startswith(agent_commit.PREFIX):
        exact = next((item for item in found if not item.build_types), more.get(predicate_type))
    if exact is None or (about_source and exact.about is None):
        return None
    return exact
