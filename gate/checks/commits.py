"""Each commit by itself: what a rule says of it, for those who look and do not judge (`gate inspect --policy`).

What comes in: a rule with an `agents` section, the claims, and the rule's results over all of them. What goes out: one
`CommitResult` a commit. It is no check and decides no verdict: it runs the agents' own checks over the claims about one
commit at a time, so that both always say the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gate.checks.agents import CHECK, JudgedClaim, check_agents
from gate.checks.selection import Selection, select
from gate.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from gate.claims import Claims
    from gate.claims.agents import AgentClaim
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
    """Every commit that a claim names, and each head that none names; empty for a rule that says nothing of agents.

    `results` are the rule's own, over everything that was found; `name` is the image's.
    """
    if rule.agents is None or rule.provenance is None:
        return ()
    selection = select(rule.provenance, claims, policy, now, name=name)
    undecided = tuple(
        f"{result.check}: {result.found}"
        for result in results
        if result.outcome is Outcome.ERROR and result.check.partition(".")[0] == CHECK
    )
    found = []
    for commit, theirs in _by_commit(claims, selection).items():
        alone, narrowed = _narrow(claims, selection, theirs)
        judgement = check_agents(rule.agents, rule.provenance, narrowed, alone, policy)
        reasons = (
            *_of_provenance(selection),
            *_of_trust(rule.agents, judgement.claims),
            *(
                f"{result.check}: {result.found}"
                for result in judgement.results
                if result.outcome is not Outcome.PASS and result.check != _COVERAGE
            ),
        )
        found.append(
            CommitResult(
                rule=rule.name,
                commit=commit,
                allowed=None if undecided else not reasons,
                reasons=undecided + reasons,
                judged=judgement.claims,
            )
        )
    return tuple(found)


_ByProvenance = dict[int, list["AgentClaim"]]


def _by_commit(claims: Claims, selection: Selection) -> Mapping[str | None, _ByProvenance]:
    """The claims about each commit, by the provenance that they stand in; none of a head that nobody claims."""
    found: defaultdict[str | None, _ByProvenance] = defaultdict(dict)
    for provenance in claims.provenance:
        for claim in provenance.claims:
            found[claim.commit].setdefault(id(provenance), []).append(claim)
    for item in selection.judged:
        for commit in item.commits:
            found.setdefault(commit, {})
    return found


def _narrow(claims: Claims, selection: Selection, theirs: _ByProvenance) -> tuple[Claims, Selection]:
    """The same evidence, as if it claimed nothing else."""
    alone = {id(item): replace(item, claims=tuple(theirs.get(id(item), ()))) for item in claims.provenance}
    accepted = (replace(item, provenance=alone[id(item.provenance)]) for item in selection.accepted)
    return replace(claims, provenance=tuple(alone.values())), Selection(accepted=tuple(accepted))


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
        yield f"{_COVERAGE}: whoever signed the claim is none of those whose claims the rule accepts"
    elif max(trusts) < section.min_trust:
        least = section.min_trust.name.lower()
        yield f"{_COVERAGE}: only the {max(trusts).name.lower()} vouches for it, and min-trust is {least}"
