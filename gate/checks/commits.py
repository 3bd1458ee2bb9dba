"""Each commit by itself: what a rule says of it, for those who look and do not judge (`gate inspect --policy`).

What comes in: a rule's results, with the claims as it judged them. What goes out: one `CommitResult` a commit. It is no
check and decides no verdict: it hands each commit what the checks said of the claims about it, so that both always say
the same. What fails and is about no commit alone is said of each.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.checks import denies, provenance, source
from gate.checks.agents import CHECK
from gate.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.checks import RuleResult
    from gate.checks.agents import JudgedClaim
    from gate.verdict import Result

_SHOWN: Final = 5
"""Of what is said of each commit: there may be as much of it as there are commits."""
_COVERAGE: Final = f"{CHECK}.coverage"
_NOBODY: Final = "nobody claims it"
_UNHEARD: Final = "the rule hears of no claim about it"
_FAMILIES: Final = frozenset({CHECK, provenance.CHECK, source.CHECK, denies.CHECK, "platforms"})
"""What a commit counts by: provenance that names it, a source and a digest that are allowed, claims, and manifests to
judge. A signature or an attestation is the image's matter."""


class CommitResult(Struct, frozen=True, kw_only=True):
    """What one rule says of one commit; `commit` is None for claims that name none that can be read.

    `allowed` is None where not everything could be looked at; `reasons` say why it is not True. `judged` are the claims
    about it.
    """

    rule: str
    commit: str | None
    allowed: bool | None
    reasons: tuple[str, ...]
    judged: tuple[JudgedClaim, ...]


def check_commits(rule: RuleResult, shown: Iterable[str | None] = ()) -> tuple[CommitResult, ...]:
    """Every commit that a claim or a hint that fails names, each that needs a claim and has none, and those that are
    `shown` though the rule hears of none of their claims (a denied signer's); none for a rule that says nothing of
    agents.
    """
    if all(result.check.partition(".")[0] != CHECK for result in rule.results):
        return ()
    claimed: dict[str | None, list[JudgedClaim]] = {}
    for item in rule.commits:
        claimed.setdefault(item.claim.commit, []).append(item)
    unclaimed = dict.fromkeys(name for (_, name), _ in rule.unclaimed)
    for name in (*unclaimed, *(name for name, _ in rule.beside if name is not None)):
        claimed.setdefault(name, [])
    unheard = dict.fromkeys(commit for commit in shown if commit not in claimed)
    results = [result for result in rule.results if result.check.partition(".")[0] in _FAMILIES]
    failed = {result.check: result for result in results if result.outcome is Outcome.FAIL}
    undecided = tuple(_said(result) for result in results if result.outcome is Outcome.ERROR)
    # A check that fails for some claims or hints is about their commits; coverage also about those without any. What it
    # finds of no commit alone is said of each.
    of_some = {item.check for entry in rule.commits for item in entry.objections}
    of_some |= {item.check for _, item in rule.beside}
    if rule.unclaimed:
        of_some.add(_COVERAGE)
    beside: defaultdict[str | None, dict[str, None]] = defaultdict(dict)
    for about, objection in rule.beside:
        if objection.check in failed:
            beside[about].setdefault(f"{objection.check}: {objection.found}")
    of_all = tuple(_said(result) for check, result in failed.items() if check not in of_some)
    of_each = list(beside.pop(None, ()))
    of_all += tuple(of_each[:_SHOWN]) + ((f"and {len(of_each) - _SHOWN} more",) if len(of_each) > _SHOWN else ())
    found = []
    for commit, judged in {**claimed, **{commit: [] for commit in unheard}}.items():
        own = [f"{CHECK}: {_UNHEARD}"] if commit in unheard else _reasons(judged, failed)
        if commit in unclaimed and _COVERAGE in failed:
            own.append(f"{_COVERAGE}: {_NOBODY}")
        own += beside.get(commit, ())
        reasons = (*of_all, *dict.fromkeys(own))
        found.append(
            CommitResult(
                rule=rule.name or "",
                commit=commit,
                allowed=None if undecided else not reasons,
                reasons=undecided + reasons,
                judged=tuple(judged),
            )
        )
    return tuple(found)


def _reasons(judged: list[JudgedClaim], failed: dict[str, Result]) -> list[str]:
    """What fails of one commit's own; a fail that is waived is none."""
    if judged and all(item.vouched_by is None for item in judged):
        # Whatever the rule makes of those that count, this is none.
        return [f"{_COVERAGE}: {judged[0].reason}"]
    return [f"{item.check}: {item.found}" for entry in judged for item in entry.objections if item.check in failed]


def _said(result: Result) -> str:
    return f"{result.check}: {result.found}"
