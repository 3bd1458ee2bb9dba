"""Each commit by itself: what a rule says of it, for those who look and do not judge (`gate inspect --policy`).

What comes in: a rule with an `agents` section, the claims, and the rule's results over all of them. What goes out: one
`CommitResult` a commit. It is no check and decides no verdict: it says of one commit what the agents' own checks said
of the claims about it, so that both always say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.checks.agents import CHECK, JudgedClaim, check_agents, known_to
from gate.checks.selection import select
from gate.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gate.checks.selection import Selection
    from gate.claims import Claims
    from gate.policy.model import AgentsSection, Policy, Rule
    from gate.verdict import Result

_COVERAGE = f"{CHECK}.coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitResult:
    """What one rule says of one commit; `commit` is None for claims that name none that can be read.

    `allowed` is None where not everything could be looked at; `reasons` say why it is not True. `judged` are the claims
    about it.
    """

    rule: str
    commit: str | None
    allowed: bool | None
    reasons: tuple[str, ...]
    judged: tuple[JudgedClaim, ...]


def check_commits(
    rule: Rule, claims: Claims, policy: Policy, results: Sequence[Result], now: datetime, *, name: str = ""
) -> tuple[CommitResult, ...]:
    """Every commit that a claim names, and each that needs one and has none; empty for a rule that says nothing of
    agents.

    `results` are the rule's own, over everything that was found; `name` is the image's.
    """
    if rule.agents is None or rule.provenance is None:
        return ()
    selection = select(rule.provenance, claims, policy, now, name=name)
    known, seen = known_to(rule, claims, policy)
    judgement = check_agents(rule.agents, rule.provenance, selection, known, seen, now)
    undecided = tuple(
        f"{result.check}: {result.found}"
        for result in results
        if result.outcome is Outcome.ERROR and result.check.partition(".")[0] == CHECK
    )
    claimed: dict[str | None, list[JudgedClaim]] = {}
    for item in judgement.claims:
        claimed.setdefault(item.claim.commit, []).append(item)
    for (_, unclaimed), _ in judgement.unclaimed:
        claimed.setdefault(unclaimed, [])
    found = []
    for commit, judged in claimed.items():
        reasons = (
            *_of_provenance(selection),
            *_of_trust(rule.agents, judged),
            *(f"{item.check}: {item.found}" for item in judgement.results if item.check == CHECK),
            *dict.fromkeys(
                f"{item.check}: {item.found}"
                for entry in judged
                for item in entry.objections
                if item.check != _COVERAGE
            ),
        )
        found.append(
            CommitResult(
                rule=rule.name,
                commit=commit,
                allowed=None if undecided else not reasons,
                reasons=undecided + reasons,
                judged=tuple(judged),
            )
        )
    return tuple(found)


def _of_provenance(selection: Selection) -> Iterator[str]:
    """A commit counts by the provenance that names it, and this rule accepts none."""
    if not selection.accepted:
        yield "provenance: none by an accepted signer and builder"
    elif not selection.satisfying:
        for item in selection.judged:
            for aspect in item.aspects:
                if not aspect.passed:
                    yield f"provenance.{aspect.name}: {aspect.found}"


def _of_trust(section: AgentsSection, judged: Sequence[JudgedClaim]) -> Iterator[str]:
    """Whether an accepted claim, vouched for well enough, is there at all (rules 14 and 16)."""
    trusts = [item.vouched_by for item in judged if item.vouched_by is not None]
    if section.unclaimed and (trusts or not judged):
        return
    if not judged:
        yield f"{_COVERAGE}: nobody claims it"
    elif not trusts:
        yield f"{_COVERAGE}: {judged[0].reason}"
    elif max(trusts) < section.min_trust:
        least = section.min_trust.name.lower()
        yield f"{_COVERAGE}: only the {max(trusts).name.lower()} vouches for it, and min-trust is {least}"
