"""What a rule says of one commit: the same as the agents' checks say of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.checks import check_rule
from gate.checks.commits import check_commits
from gate.claims import read_claims
from gate.limits import Limits
from gate.verdict import EXIT_RETRY, Gap, Outcome
from tests.evidence import (
    AGENTS_POLICY,
    EARLIER,
    HEAD,
    NOW,
    OTHER,
    SIGNATURE_POLICY,
    SIGNERS,
    claim,
    claimed,
    human,
    policy,
    predicate_v1,
    provenance,
    stranger,
)

if TYPE_CHECKING:
    from gate.verification import Evidence

LAX = AGENTS_POLICY + 'humans = "allow"\nunclaimed = "allow"\nmin-trust = "tenant"\n'
UNVOUCHED = AGENTS_POLICY.replace("vouches-for", "# vouches-for")
GAP = Gap(reason="the registry was down", exit_code=EXIT_RETRY)
Said = dict[str | None, tuple[bool | None, tuple[str, ...]]]


def said(text: str, *evidence: Evidence, gaps: tuple[Gap, ...] = ()) -> Said:
    """What the policy's one rule says of each commit: allowed, and the checks that say no."""
    found = policy(text)
    (rule,) = found.rules
    claims = read_claims(evidence, limits=Limits())
    whole = check_rule(rule, claims, found, gaps=gaps, now=NOW)
    commits = check_commits(rule, claims, found, whole.results, NOW)
    agents = [item for item in whole.results if item.check.startswith("agents")]
    provenance = [item for item in whole.results if item.check.startswith("provenance")]
    if commits and not gaps:
        together = all(item.outcome is Outcome.PASS for item in (*agents, *provenance))
        assert together == all(item.allowed for item in commits), "each by itself says what all together say"
    return {item.commit: (item.allowed, tuple(reason.partition(":")[0] for reason in item.reasons)) for item in commits}


GOOD = claim(HEAD)
BAD_MODEL = claim(EARLIER, model="gpt-3.5-turbo-0125")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([GOOD], {HEAD: (True, ())}),
        ([GOOD, BAD_MODEL], {HEAD: (True, ()), EARLIER: (False, ("agents.models",))}),
        ([GOOD, claim(EARLIER, author="mallory")], {HEAD: (True, ()), EARLIER: (False, ("agents.allow",))}),
        ([GOOD, human(EARLIER)], {HEAD: (True, ()), EARLIER: (False, ("agents.authorship",))}),
        ([claim(EARLIER)], {EARLIER: (True, ()), HEAD: (False, ("agents.coverage",))}),
        ([GOOD, claim(HEAD, model="other")], {HEAD: (False, ("agents.conflict", "agents.models"))}),
        ([GOOD, GOOD], {HEAD: (True, ())}),
        ([GOOD, claim("abc")], {HEAD: (True, ()), None: (False, ("agents.claims",))}),
        ([], {HEAD: (False, ("agents.coverage",))}),
    ],
)
def test_each_commit_is_allowed_or_says_which_check_says_no(claims: list[object], expected: Said) -> None:
    assert said(AGENTS_POLICY, claimed(*claims)) == expected


def test_a_commit_that_a_stranger_claims_is_not_allowed() -> None:
    evil = provenance(predicate_v1(claims=[claim(OTHER)]), signer=stranger())
    assert said(AGENTS_POLICY, evil) == {OTHER: (False, ("provenance", "agents.coverage", "agents"))}
    # Beside the accepted provenance a stranger's word makes a commit that is claimed by nobody whom the rule knows.
    both = policy(AGENTS_POLICY)
    claims = read_claims((claimed(GOOD), evil), limits=Limits())
    whole = check_rule(both.rules[0], claims, both, gaps=(), now=NOW)
    found = {item.commit: item.allowed for item in check_commits(both.rules[0], claims, both, whole.results, NOW)}
    assert found == {HEAD: True, OTHER: False}


def test_a_claim_that_only_the_tenant_vouches_for_is_below_builder() -> None:
    assert said(UNVOUCHED, claimed(GOOD)) == {HEAD: (False, ("agents.coverage",))}
    assert said(UNVOUCHED + 'min-trust = "tenant"\n', claimed(GOOD)) == {HEAD: (True, ())}


def test_what_the_policy_allows_is_allowed() -> None:
    assert said(LAX, claimed(human(HEAD))) == {HEAD: (True, ())}
    assert said(LAX, claimed()) == {HEAD: (True, ())}
    assert said(LAX, claimed(BAD_MODEL)) == {HEAD: (True, ()), EARLIER: (False, ("agents.models",))}


def test_provenance_that_does_not_satisfy_allows_no_commit() -> None:
    other = provenance(predicate_v1(claims=[GOOD], ref="refs/heads/x"))
    assert said(AGENTS_POLICY, other)[HEAD] == (False, ("provenance.ref",))


@pytest.mark.parametrize("claims", [[GOOD], [BAD_MODEL], []])
def test_what_could_not_be_looked_at_leaves_every_commit_undecided(claims: list[object]) -> None:
    found = said(AGENTS_POLICY, claimed(*claims), gaps=(GAP,))
    assert found
    assert all(allowed is None for allowed, _ in found.values())


def test_a_rule_without_agents_says_nothing() -> None:
    assert said(SIGNATURE_POLICY, claimed(GOOD)) == {}
    assert SIGNERS in SIGNATURE_POLICY
