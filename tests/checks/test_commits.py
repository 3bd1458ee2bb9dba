"""What a rule says of one commit: the same as the agents' checks say of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from gate.checks.agents.judged import Objection
from gate.checks.commits import _SHOWN, check_commits
from gate.verdict import EXIT_RETRY, Gap, Outcome
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    DAY,
    EARLIER,
    HEAD,
    IMAGE,
    NOW,
    OTHER,
    SIGNATURE_POLICY,
    about_source,
    claim,
    claimed,
    dependency,
    github,
    human,
    judge,
    predicate_v1,
    provenance,
    stranger,
)

if TYPE_CHECKING:
    from gate.verification import AboutSource, Evidence

LAX = AGENTS_POLICY + 'humans = "allow"\nunclaimed = "allow"\nmin-trust = "tenant"\n'
UNVOUCHED = AGENTS_POLICY.replace("vouches-for", "# vouches-for")
GAP = Gap(reason="the registry was down", exit_code=EXIT_RETRY)
Said = dict[str | None, tuple[bool | None, tuple[str, ...]]]


def said(text: str, *evidence: Evidence, **more: Any) -> Said:
    """What the policy's one rule says of each commit: allowed, and the checks that say no."""
    (rule,) = judge(text, *evidence, **more).rules
    shown = [HEAD] if "deny" in text else []
    commits = check_commits(rule, shown)
    theirs = [item for item in rule.results if item.check.partition(".")[0] in ("agents", "provenance", "deny")]
    if commits and not more.get("gaps"):
        together = all(item.outcome in (Outcome.PASS, Outcome.WAIVED) for item in theirs)
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
    assert said(AGENTS_POLICY, evil) == {OTHER: (False, ("provenance", "agents", "agents.coverage"))}
    # Beside the accepted provenance a stranger's word is about a commit that nobody whom the rule knows claims.
    (rule,) = judge(AGENTS_POLICY, claimed(GOOD), evil).rules
    assert {item.commit: item.allowed for item in check_commits(rule)} == {HEAD: True, OTHER: False}


def test_a_strangers_word_about_a_commit_changes_nothing_of_what_is_said_of_it() -> None:
    evil = provenance(predicate_v1(claims=[claim(HEAD, author="mallory")]), signer=stranger())
    for evidence in ((claimed(GOOD), evil), (evil, claimed(GOOD))):
        assert said(AGENTS_POLICY, *evidence) == {HEAD: (True, ())}
    assert said(AGENTS_POLICY, evil, claimed(claim(HEAD, model="other"))) == {HEAD: (False, ("agents.models",))}


def test_a_commit_that_is_shown_and_of_which_the_rule_hears_nothing_is_not_allowed() -> None:
    """Though coverage passes: what is said of it is a denied signer's."""
    (rule,) = judge(LAX, claimed(GOOD)).rules
    found = {item.commit: item for item in check_commits(rule, [HEAD, OTHER])}
    assert {commit: item.allowed for commit, item in found.items()} == {HEAD: True, OTHER: False}
    assert found[OTHER].reasons == ("agents: the rule hears of no claim about it",)
    assert {item.rule for item in found.values()} == {"production"}


def hint(commit: str = HEAD, by: str = "mallory", **more: object) -> AboutSource:
    """A commit's message that names an agent."""
    said = {"source": {"message": f"Mend\n\nGenerated-by: {by}", **more}}
    return about_source("https://gitsign.sigstore.dev/predicate/git/v0.1", said, {"gitCommit": commit})


LISTENING = LAX + 'signers = ["release"]\n'
ANYBODY = LISTENING.replace('allow = ["copilot", "bots"]', 'allow = "any"')
DENIED = ANYBODY + '[[deny]]\nagents = ["mallory", "eve"]\nreason = "no"\n'
RANGED = LISTENING + f'coverage = "range"\nbase = "{"9" * 40}"\n'
SIGNALS, CLAIMS, COVERAGE = "agents.signals", "agents.claims", "agents.coverage"


@pytest.mark.parametrize(
    ("text", "claims", "hints", "expected"),
    [
        (DENIED, [GOOD, claim(EARLIER, author="eve")], [hint()], {HEAD: ["agents.deny"], EARLIER: ["agents.deny"]}),
        (DENIED, [GOOD], [hint(by="anybody")], {HEAD: []}),
        (LISTENING, [GOOD, human(EARLIER)], [hint(), hint(EARLIER)], {HEAD: [SIGNALS], EARLIER: [SIGNALS, SIGNALS]}),
        (LISTENING, [GOOD, claim("abc")], [hint(by=AGENT, parents=[7])], {HEAD: [CLAIMS], None: [CLAIMS, CLAIMS]}),
        (
            RANGED.replace('unclaimed = "allow"', 'unclaimed = "deny"'),
            [GOOD],
            [hint(by=AGENT, parents=[EARLIER, OTHER])],
            {HEAD: [COVERAGE], EARLIER: [COVERAGE, COVERAGE], OTHER: [COVERAGE, COVERAGE]},
        ),
    ],
)
def test_what_fails_beside_the_claims_is_said_of_its_commit_or_of_each(
    text: str, claims: list[object], hints: list[AboutSource], expected: dict[str | None, list[str]]
) -> None:
    """Another commit that fails the same check by its claim does not take it over."""
    found = said(text, claimed(*claims), *hints)
    assert found == {commit: (not reasons, tuple(reasons)) for commit, reasons in expected.items()}


def test_of_much_that_is_said_of_each_commit_the_first_is_enough() -> None:
    """Ten thousand unreadable statements beside ten thousand commits are no hundred million reasons."""
    many = [hint(by=AGENT, parents=[number]) for number in range(9)]
    found = said(LISTENING, claimed(GOOD, claim("abc")), *many)
    assert {commit: (allowed, len(reasons)) for commit, (allowed, reasons) in found.items()} == {
        HEAD: (False, 6),
        None: (False, 7),
    }
    assert found[HEAD][1][-1] == "and 4 more"


def test_a_commit_that_a_hint_alone_names_is_shown_where_that_fails() -> None:
    dependencies = [dependency(GOOD), dependency(uri="git+https://github.com/acme/lib", commit=OTHER)]
    built = provenance(predicate_v1(dependencies=dependencies))
    assert said(LISTENING, built, hint(OTHER)) == {HEAD: (True, ()), OTHER: (False, (SIGNALS,))}
    assert said(LISTENING, built, hint(OTHER, by=AGENT)) == {HEAD: (True, ())}


def test_where_no_one_commit_was_built_none_is_allowed() -> None:
    """It is about no commit alone, and so of each that is claimed."""
    dependencies = [dependency(claim(EARLIER), commit=None)]
    headless = provenance(predicate_v1(dependencies=dependencies), signer=github(commit=None))
    assert said(AGENTS_POLICY, headless) == {EARLIER: (False, ("agents.coverage",))}


def test_a_signature_that_is_missing_is_the_images_matter() -> None:
    text = AGENTS_POLICY + '\n[rules.signature]\nsigners = ["scanner"]\n'
    assert judge(text, claimed(GOOD)).failed == ("signature",)
    assert said(text, claimed(GOOD)) == {HEAD: (True, ())}


def test_what_the_policy_denies_is_not_allowed() -> None:
    """The commits of a builder, a signer or an image that is denied."""
    reason = '\n[[deny]]\nreason = "its runner was taken over"\n'
    for line in ('builders = ["release"]', 'signers = ["release"]', f'digests = ["{IMAGE}"]'):
        assert said(AGENTS_POLICY + reason + line, claimed(GOOD))[HEAD][0] is False, line
    assert said(AGENTS_POLICY + reason + 'signers = ["scanner"]', claimed(GOOD)) == {HEAD: (True, ())}


def test_what_is_waived_is_no_reason() -> None:
    waiver = f"""
[[waivers]]
rule = "production"
check = "agents.models"
images = ["ghcr.io/acme/api"]
reason = "moves in January"
owner = "ada@acme.com"
expires = {(NOW + DAY).date()}
"""
    assert said(AGENTS_POLICY + waiver, claimed(GOOD, BAD_MODEL)) == {HEAD: (True, ()), EARLIER: (True, ())}
    assert said(AGENTS_POLICY + waiver, claimed(GOOD, human(EARLIER)))[EARLIER] == (False, ("agents.authorship",))


def test_a_rule_of_this_project_is_about_the_jobs_own() -> None:
    ours = AGENTS_POLICY.replace("[rules.agents]", 'source-is = "this-project"\n[rules.agents]')
    job = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/api"}
    assert said(ours, claimed(GOOD), environment=job) == {HEAD: (True, ())}
    assert said(ours, claimed(GOOD)) == {HEAD: (None, ("provenance.source",))}, "no job, no answer"


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
    (rule,) = judge(SIGNATURE_POLICY, claimed(GOOD)).rules
    assert check_commits(rule, [HEAD]) == ()


def test_a_waived_check_is_no_reason_and_what_fails_of_nobody_is_one_of_each() -> None:
    (rule,) = judge(LISTENING, claimed(GOOD, claim("abc"))).rules
    passed = next(result.check for result in rule.results if result.outcome is Outcome.PASS and result.check != CLAIMS)
    other = replace(rule, beside=((HEAD, Objection(check=passed, found="waived")),))
    assert {item.commit: item.reasons for item in check_commits(other)}[HEAD] == ()
    for count, more in ((_SHOWN, ()), (_SHOWN + 1, ("and 1 more",))):
        many = tuple((None, Objection(check=CLAIMS, found=str(number))) for number in range(count))
        found = {item.commit: item.reasons for item in check_commits(replace(rule, beside=many))}
        assert found[HEAD] == (*(f"{CLAIMS}: {number}" for number in range(_SHOWN)), *more)


def test_coverage_that_fails_for_no_commit_that_is_known_allows_none() -> None:
    (rule,) = judge(AGENTS_POLICY, claimed(claim(EARLIER))).rules
    assert [(item.commit, item.allowed) for item in check_commits(rule)] == [(EARLIER, True), (HEAD, False)]
    assert [(item.commit, item.allowed) for item in check_commits(replace(rule, unclaimed=()))] == [(EARLIER, False)]
