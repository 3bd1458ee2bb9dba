"""What holds for any evidence: strangers change nothing, absence never helps, order never matters (rule 27)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.claims.source import canonical_repository, ref_of
from gate.claims.vsa import VSA_V1
from gate.policy.matching import glob
from gate.verdict import EXIT_FAIL, EXIT_PASS, Gap, Outcome
from gate.verification import Doubt, Verified
from tests.evidence import (
    AGENTS_POLICY,
    BUILDER,
    COPILOT,
    DAY,
    EARLIER,
    GITHUB,
    GITHUB_BUILD,
    HEAD,
    MAIN,
    NOW,
    PROVEN,
    PROVENANCE_POLICY,
    REPOSITORY,
    RULE,
    SCANNER,
    SIGNED,
    SIGNERS,
    SLSA_V02,
    SLSA_V1,
    VULN,
    WORKFLOW,
    Judgement,
    attestation,
    claim,
    claimed,
    dependency,
    github,
    human,
    judge,
    plain,
    predicate_v02,
    predicate_v1,
    provenance,
    rejected,
    signature,
    stranger,
    verified,
)

if TYPE_CHECKING:
    from gate.verification import Evidence

# The same examples in every run, so that a red build is red for everyone; nothing is written beside the tests.
QUICK = settings(max_examples=40, deadline=None, database=None, derandomize=True)

VULN_ENTRY = '\n[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner"]\nmax-age = "3d"\n'
POLICIES = {
    "signature": SIGNERS + RULE + SIGNED,
    "threshold": SIGNERS + RULE + '[rules.signature]\nsigners = ["release", "people"]\nthreshold = 2\nmax-age = "3d"\n',
    "provenance": PROVENANCE_POLICY,
    "summary": PROVENANCE_POLICY.replace("\nlevel = 3\n", "\nlevel = 1\n", 1)
    + 'vsa = [{ verifier = "https://verifier.test", signer = "platform", level = 3 }]\n',
    "agents": AGENTS_POLICY,
    "tenant": SIGNERS
    + BUILDER
    + COPILOT
    + RULE
    + PROVEN
    + '[rules.agents]\nallow = ["copilot", "other"]\nhumans = "allow"\nmin-trust = "tenant"\nsigners = ["scanner"]\n',
    "unclaimed": f'{AGENTS_POLICY}unclaimed = "allow"\ncoverage = "head"\n',
    "attestations": SIGNERS + RULE + VULN_ENTRY,
    "latest": f'{SIGNERS}{RULE}{VULN_ENTRY}select = "latest"\n',
    "values": f'{SIGNERS}{RULE}{VULN_ENTRY}where = [{{ at = "/critical", equals = 0 }}]\n',
    "parameters": PROVENANCE_POLICY + 'parameters = "strict"\n',
    "denied": f'{SIGNERS}{RULE}{SIGNED}[[deny]]\nsigners = ["people"]\nreason = "left"\n',
}
MONOTONE = ("signature", "threshold", "provenance", "parameters", "summary", "attestations", "latest", "denied")
"""Policies of checks that more evidence cannot turn to fail (rule 27): attestations only where no schema can fail."""

SUMMARY = {
    "verifier": {"id": "https://verifier.test"},
    "resourceUri": "ghcr.io/acme/api",
    "policy": {"uri": "https://verifier.test/policy"},
    "verificationResult": "PASSED",
    "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
}
PLATFORM = plain("agents@platform.test")
BRANCH = github(ref="refs/heads/next")
NAMED: tuple[Evidence, ...] = (
    signature(),
    signature(signed_at=NOW - 5 * DAY),
    signature(plain("ada@acme.com")),
    signature(plain("bob@acme.com")),
    signature(github(SCANNER)),
    attestation(),
    attestation(signed_at=NOW - 5 * DAY),
    attestation(signer=github()),
    attestation(predicate={"critical": 0}),
    attestation(predicate={"critical": 1}),
    provenance(),
    provenance(
        predicate_v1(external={"workflow": {"repository": REPOSITORY, "ref": MAIN, "path": "x"}, "inputs": {"a": 1}})
    ),
    provenance(signed_at=NOW - 2 * DAY),
    provenance(predicate_v1(ref="refs/heads/next"), signer=BRANCH),
    provenance(predicate_v1(repository="https://github.com/acme/web")),
    provenance(predicate_v1(commit=EARLIER)),
    provenance(predicate_v1(commit=EARLIER), signer=github(commit=EARLIER)),
    provenance(predicate_v1(builder="https://other.example/builder")),
    provenance(predicate_v02(claims=[claim()]), predicate_type=SLSA_V02),
    verified(VSA_V1, SUMMARY, signer=PLATFORM),
    verified(VSA_V1, {**SUMMARY, "verificationResult": "FAILED"}, signer=PLATFORM),
    verified(VSA_V1, {**SUMMARY, "verifiedLevels": ["SLSA_BUILD_LEVEL_1"]}, signer=PLATFORM),
    claimed(),
    claimed(human()),
    claimed(claim(), claim(EARLIER, author="evil")),
    claimed(claim(author="evil")),
    provenance(predicate_v1(builder="https://claims.example", claims=[claim()]), signer=github(SCANNER)),
    provenance(predicate_v1(builder="https://claims.example", claims=[claim("x")]), signer=github(SCANNER)),
    provenance(
        predicate_v1(claims=[claim(author="other-agent", model="other-model-1")]), signer=plain("agents@platform.test")
    ),
)
UNNAMED: tuple[Evidence, ...] = (
    signature(stranger()),
    signature(github(issuer="https://evil.example")),
    signature(github(WORKFLOW.replace(MAIN, "refs/heads/evil"))),
    signature(plain("ada@acme.com", "https://evil.example")),
    signature(plain("ada@acme.com.evil.com")),
    attestation(signer=stranger()),
    attestation("https://evil.example/type", {"x": [1]}, signer=stranger()),
    verified(VSA_V1, SUMMARY, signer=stranger()),
    verified(VSA_V1, SUMMARY, signer=plain("agents@platform.test", "https://evil.example")),
    provenance(signer=stranger()),
    provenance({}, signer=stranger()),
    provenance(predicate_v1(claims=[claim(author="evil")]), signer=stranger()),
    provenance(predicate_v1(claims=[claim(5), None, "x"]), signer=plain(WORKFLOW)),
    provenance(predicate_v02(claims=[claim(), claim(EARLIER)]), signer=stranger(), predicate_type=SLSA_V02),
    rejected(),
    rejected(stated=stranger()),
    *(rejected(doubt, stated=stranger()) for doubt in Doubt),
)
ALL = (*NAMED, *UNNAMED)


def sets(pool: tuple[Evidence, ...], largest: int = 6) -> st.SearchStrategy[tuple[Evidence, ...]]:
    """Evidence out of a pool, some of it perhaps twice, in any order."""
    return st.lists(st.sampled_from(pool), max_size=largest).map(tuple)


def every(*evidence: Evidence) -> dict[str, Judgement]:
    """What each policy makes of it."""
    return {name: judge(text, *evidence) for name, text in POLICIES.items()}


@QUICK
@given(named=sets(ALL), unnamed=sets(UNNAMED, 3))
def test_evidence_by_someone_unnamed_changes_no_outcome(
    named: tuple[Evidence, ...], unnamed: tuple[Evidence, ...]
) -> None:
    """Rule 27 and section 5: junk beside anything changes nothing but the report."""
    before, after = every(*named), every(*named, *unnamed)
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes
        assert after[name].exit_code == before[name].exit_code


@QUICK
@given(evidence=sets(ALL), more=sets(NAMED, 3))
def test_more_evidence_turns_no_pass_of_signature_or_provenance_into_a_fail(
    evidence: tuple[Evidence, ...], more: tuple[Evidence, ...]
) -> None:
    """Rule 27; and so removing evidence turns no fail of theirs into a pass."""
    for name in MONOTONE:
        if judge(POLICIES[name], *evidence).exit_code == EXIT_PASS:
            assert judge(POLICIES[name], *evidence, *more).exit_code == EXIT_PASS


@QUICK
@given(evidence=sets(ALL, 5))
def test_taking_evidence_away_turns_no_fail_into_a_pass(evidence: tuple[Evidence, ...]) -> None:
    """Rule 27, section 5: a candidate's absence never helps, but where a candidate can deny."""
    for name in MONOTONE:
        if judge(POLICIES[name], *evidence).exit_code == EXIT_FAIL:
            for place in range(len(evidence)):
                assert judge(POLICIES[name], *evidence[:place], *evidence[place + 1 :]).exit_code == EXIT_FAIL


@QUICK
@given(evidence=sets(ALL, 5))
def test_hiding_the_claims_that_pass_never_leaves_a_pass(evidence: tuple[Evidence, ...]) -> None:
    """Rule 27, A-T1: without its provenance and its claims no image passes `agents`, unless it may be unclaimed."""
    for name in ("agents", "tenant"):
        if judge(POLICIES[name], *evidence).exit_code == EXIT_PASS:
            without = [item for item in evidence if not (isinstance(item, Verified) and "provenance" in _type(item))]
            assert judge(POLICIES[name], *without).exit_code == EXIT_FAIL


def _type(item: Verified) -> str:
    return item.predicate_type or ""


@QUICK
@given(data=st.data(), evidence=sets(ALL))
def test_the_order_of_evidence_changes_nothing(data: st.DataObject, evidence: tuple[Evidence, ...]) -> None:
    """Section 5: evidence is a set."""
    shuffled = data.draw(st.permutations(evidence))
    before, after = every(*evidence), every(*shuffled)
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes


@QUICK
@given(evidence=sets(ALL, 4))
def test_the_same_evidence_twice_changes_nothing(evidence: tuple[Evidence, ...]) -> None:
    """A-T16, rule 8."""
    before, after = every(*evidence), every(*evidence, *evidence)
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes


@QUICK
@given(evidence=sets(ALL), code=st.sampled_from([3, 4]))
def test_a_failed_place_makes_no_fail_and_no_new_pass(evidence: tuple[Evidence, ...], code: int) -> None:
    """Rules 26 and 27: it only ever makes something undecided."""
    for text in POLICIES.values():
        whole = judge(text, *evidence)
        part = judge(text, *evidence, gaps=(Gap(reason="x", exit_code=code),))
        assert part.exit_code in {code, EXIT_PASS}
        assert not part.failed
        assert part.exit_code != EXIT_PASS or whole.exit_code == EXIT_PASS


@QUICK
@given(evidence=sets(UNNAMED, 8))
def test_strangers_alone_never_pass(evidence: tuple[Evidence, ...]) -> None:
    """Section 9: PASS from anyone but a named signer."""
    for judgement in every(*evidence).values():
        assert judgement.exit_code == EXIT_FAIL
        assert Outcome.ERROR not in judgement.outcomes.values()


WORDS = st.sampled_from(
    [
        WORKFLOW,
        REPOSITORY,
        f"git+{REPOSITORY}@{MAIN}",
        MAIN,
        HEAD,
        EARLIER,
        GITHUB_BUILD,
        GITHUB,
        "human",
        "",
        "x",
        "\0",
        "@",
    ]
)
KEYS = st.sampled_from(
    ["buildDefinition", "buildType", "externalParameters", "workflow", "repository", "ref", "resolvedDependencies",
     "materials", "uri", "digest", "gitCommit", "sha1", "sha256", "properties", "annotations", "commits", "hash",
     "author", "authored_by", "agent_model", "runDetails", "builder", "id", "invocation", "configSource", "source"]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "buildDefinition": VALUES
        | st.fixed_dictionaries(
            {"buildType": st.just(GITHUB_BUILD)},
            optional={"externalParameters": VALUES, "resolvedDependencies": st.lists(VALUES, max_size=3) | VALUES},
        ),
        "runDetails": VALUES | st.just({"builder": {"id": WORKFLOW}}),
        "resolvedDependencies": VALUES,
        "materials": VALUES | st.lists(VALUES, max_size=3),
        "builder": VALUES | st.just({"id": WORKFLOW}),
        "buildType": VALUES,
        "invocation": VALUES,
    },
)


@QUICK
@given(
    predicate=SHAPES,
    predicate_type=st.sampled_from([SLSA_V1, SLSA_V02, VULN]),
    signer=st.sampled_from([github(), stranger()]),
)
def test_any_predicate_at_all_is_judged_without_a_crash(predicate: object, predicate_type: str, signer: object) -> None:
    """A-T18; and by a stranger it passes nothing, beside good evidence it turns nothing but what it may."""
    assert isinstance(predicate, dict)
    item = verified(predicate_type, predicate, signer=signer)  # type: ignore[arg-type]
    for name, judgement in every(item).items():
        assert judgement.exit_code in {EXIT_PASS, EXIT_FAIL}
        if signer == stranger():
            assert judgement.exit_code == EXIT_FAIL
            assert judge(POLICIES[name], provenance(), item).outcomes == judge(POLICIES[name], provenance()).outcomes


@QUICK
@given(entries=st.lists(VALUES | st.fixed_dictionaries({"hash": WORDS}, optional={"authored_by": WORDS}), max_size=4))
def test_any_list_of_commits_with_what_is_no_good_claim_does_not_pass(entries: list[object]) -> None:
    """Rules 17 and 18, A-T18: none of these is a claim of an allowed agent, so none may be in a PASS."""
    predicate = predicate_v1(dependencies=[dependency(claim(), annotations={"commits": entries})])
    assert (judge(AGENTS_POLICY, provenance(predicate)).exit_code == EXIT_PASS) is (not entries)


SEGMENT = st.text("ab.-*", min_size=1, max_size=3)
NAME = st.text("ab./@-%\n", max_size=10)


@settings(QUICK, max_examples=150)
@given(parts=st.lists(SEGMENT.filter(lambda text: "**" not in text) | st.just("**"), min_size=1, max_size=3), name=NAME)
def test_a_glob_is_its_definition(parts: list[str], name: str) -> None:
    """Rule 7: * is one or more characters other than / and @; ** is whole non-empty segments."""
    text = "/".join(parts)
    source = "/".join(
        r"[^/@]+(?:/[^/@]+)*"
        if part == "**"
        else "".join(r"[^/@]+" if mark == "*" else re.escape(mark) for mark in part)
        for part in parts
    )
    misleading = name.count("@") > 1 or "%" in name or "\n" in name or {".", ".."} & set(re.split("[/@]", name))
    assert glob(text).matches_identity(name) is (re.fullmatch(source, name) is not None and not misleading)


HOST = st.sampled_from(["github.com", "GitHub.com", "gitlab.com", "git.example:8443"])
PATH = st.lists(st.text("abAB-_~", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@settings(QUICK, max_examples=150)
@given(
    left=st.tuples(HOST, PATH),
    right=st.tuples(HOST, PATH),
    spelling=st.sampled_from(["{}", "git+{}", "{}.git", "git+{}.git@refs/x"]),
)
def test_two_repositories_are_one_only_if_host_and_path_are(
    left: tuple[str, str], right: tuple[str, str], spelling: str
) -> None:
    """Rule 12: compared whole."""
    one, other = (f"https://{host}/{path}" for host, path in (left, right))
    same = (left[0].lower(), left[1]) == (right[0].lower(), right[1])
    assert (canonical_repository(spelling.format(one)) == canonical_repository(other)) is same
    assert ref_of(spelling.format(one)) == ("refs/x" if "@" in spelling else None)


def test_the_pools_are_what_the_properties_need() -> None:
    """The properties say something: every policy passes for some of the named evidence, and none for the rest."""
    assert all(isinstance(item, Verified) for item in NAMED)
    good = {
        "signature": (signature(),),
        "threshold": (signature(), signature(plain("ada@acme.com"))),
        "summary": (provenance(), verified(VSA_V1, SUMMARY, signer=PLATFORM)),
        "attestations": (attestation(),),
        "latest": (attestation(),),
        "values": (attestation(predicate={"critical": 0}),),
        "denied": (signature(), signature(plain("ada@acme.com"))),
    }
    for name, text in POLICIES.items():
        assert judge(text, *good.get(name, (provenance(),))).exit_code == EXIT_PASS


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_no_evidence_at_all_never_passes(name: str) -> None:
    """Section 9: PASS with zero evidence."""
    assert judge(POLICIES[name]).exit_code == EXIT_FAIL
