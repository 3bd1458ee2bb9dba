"""Verified statements -> what they say of commits: `Document`s, each with its claims, approvals, signals and history.

What comes in: the verified statements of one image, about it or about its source; the formats that the policy adds.
What goes out: a `Document` for each whose exact type is known, and nothing for any other. It judges nothing: whose word
counts, and for which commits, is the policy's (design rules 14 to 18).

`claim` has the types, `reading` what a format is, `formats` lists them; each other file reads one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from gate.claims.agents.accounts import agents_called, parts_of
from gate.claims.agents.claim import (
    AgentClaim,
    Approval,
    Authorship,
    Document,
    History,
    Listing,
    Person,
    Signal,
    Unreadable,
    Withdrawal,
)
from gate.claims.agents.fields import commits_named, folded, is_plain
from gate.claims.agents.formats import BUILT_IN, choose, source_types
from gate.claims.agents.mapped import Pointers, mapped
from gate.claims.agents.reading import Format, Reading
from gate.claims.agents.trailers import is_agent_account
from gate.claims.builds import SLSA_V01, SLSA_V02, SLSA_V1, github
from gate.claims.fields import text_at
from gate.claims.source import is_commit
from gate.errors import LimitExceeded
from gate.limits import Tally
from gate.verification import AboutSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.claims.agents.claim import Found
    from gate.limits import Limits
    from gate.strictjson import JSON
    from gate.verification import Signed

__all__ = [
    "BUILT_IN",
    "AgentClaim",
    "Approval",
    "Authorship",
    "Document",
    "Format",
    "History",
    "Listing",
    "Person",
    "Pointers",
    "Signal",
    "Unreadable",
    "agents_called",
    "folded",
    "is_agent_account",
    "is_plain",
    "mapped",
    "parts_of",
    "read_document",
    "source_types",
]

_KINDS = {
    AgentClaim: "claims",
    Approval: "approvals",
    Withdrawal: "withdrawals",
    Person: "people",
    Signal: "signals",
    History: "history",
    Listing: "listings",
    Unreadable: "problems",
}


def read_document(
    evidence: Signed, *, repository: str | None, formats: Sequence[Format] = (), limits: Limits
) -> Document | None:
    """What a verified statement says of commits; None if its type is no format's.

    `repository` is what its certificate, or its build provenance, says that it is of; `formats` are the policy's own.
    """
    statement = evidence.statement
    if statement is None:
        return None
    about_source = isinstance(evidence, AboutSource)
    own = {name: item for item in formats for name in item.types}
    if statement.predicate_type not in own and statement.predicate_type not in BUILT_IN:
        return None
    predicate = statement.predicate
    # In any other type it is a key like any other, and silences nothing.
    build_type = text_at(predicate, "buildDefinition", "buildType") if statement.predicate_type == SLSA_V1 else ""
    chosen = choose(statement.predicate_type, build_type, own, about_source=about_source)
    if chosen is None:
        return None
    reading = Reading(
        evidence=evidence,
        format=chosen.name,
        predicate_type=statement.predicate_type,
        predicate=predicate,
        subjects=statement.subjects,
        repository=repository,
    )
    found, gap = _read(chosen, reading, limits)
    # One that contradicts itself is about each, so that it is heard, and fails.
    subjects = [commit for item in statement.subjects for commit in commits_named(item, git=chosen.git)]
    spoken_of = (*found["claims"], *found["history"], *found["signals"])
    named = {item.commit for item in spoken_of if item.commit}
    return Document(
        evidence=evidence,
        format=chosen.name,
        about_source=about_source,
        builder_id=_builder_id(statement.predicate_type, predicate),
        self_hosted=github.says_self_hosted(predicate),
        commits=tuple(sorted({item for item in subjects if is_commit(item)} | named)) if about_source else (),
        trees=tuple(sorted({item.digests["gitTree"] for item in statement.subjects if "gitTree" in item.digests})),
        gap=gap,
        **{kind: tuple(items) for kind, items in found.items()},
    )


def _builder_id(predicate_type: str, predicate: Mapping[str, JSON]) -> str:
    """`builder.id` where this version of provenance has it and nowhere else, as its level is read from there too."""
    new, old = text_at(predicate, "runDetails", "builder", "id"), text_at(predicate, "builder", "id")
    if predicate_type == SLSA_V1:
        return new
    return old if predicate_type in (SLSA_V01, SLSA_V02) else new or old


def _read(chosen: Format, reading: Reading, limits: Limits) -> tuple[defaultdict[str, list[Any]], LimitExceeded | None]:
    """Everything that the format finds, by kind, as far as it is counted; and why there may be more."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    tally = limits.tally or Tally()
    item: Found
    for item in chosen.read(reading):
        try:
            tally.add("agent claims", 1, limits.claims, limit="claims")
        except LimitExceeded as over:
            return found, over
        found[_KINDS[type(item)]].append(item)
    return found, None
