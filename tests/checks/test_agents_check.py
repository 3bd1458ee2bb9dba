"""`agents`: every commit that must have a claim has one, and every accepted claim is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.limits import Limits
from gate.policy.demands import Trust
from gate.verdict import EXIT_PASS, EXIT_STUCK, Outcome
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    BUILDER,
    COPILOT,
    EARLIER,
    HEAD,
    MAIN,
    MODEL,
    NOW,
    OTHER,
    PROVEN,
    REPOSITORY,
    RULE,
    SCANNER,
    SECOND,
    SIGNATURE_POLICY,
    SIGNERS,
    SLSA_V02,
    VOUCHING,
    WORKFLOW,
    WRITTEN,
    attestation,
    claim,
    claimed,
    dependency,
    failed,
    github,
    human,
    judge,
    loads,
    passes,
    plain,
    policy,
    predicate_v02,
    predicate_v1,
    provenance,
    signature,
    stranger,
)

if TYPE_CHECKING:
    from gate.verification import Identity, Verified

PLATFORM = plain("agents@platform.test")
BOT = claim(author="dependabot[bot]", model=None)
THEIRS = {"author": "other-agent", "model": "other-model-1"}


def written(
    more: str = "",
    *,
    allow: str = '["copilot", "bots"]',
    builder: str = VOUCHING,
    agents: str = COPILOT,
    head: str = SIGNERS,
) -> str:
    """A policy with an `agents` section that has `more` keys."""
    return f"{head}{builder}{agents}{RULE}{PROVEN}\n[rules.agents]\nallow = {allow}\n{more}\n"


TENANT = 'min-trust = "tenant"'
BY_SCANNER = f'{TENANT}\nsigners = ["scanner"]'


def beside(*claims: object, signer: Identity | None = None, uri: object = f"git+{REPOSITORY}@{MAIN}") -> Verified:
    """A statement of claims beside the provenance, by the scanner: of a builder that no rule names."""
    predicate = predicate_v1(dependencies=[dependency(*claims, uri=uri)], builder="https://claims.example/builder")
    return provenance(predicate, signer=signer or github(SCANNER))


# Deny unless proven.


def test_an_allowed_agents_claim_about_the_head_passes() -> None:
    """The mission's story: the image, its commit, its builder, and the agent and model that wrote the commit."""
    judgement = judge(AGENTS_POLICY, provenance())
    assert judgement.exit_code == EXIT_PASS
    aspects = ("coverage", "conflict", "claims", "authorship", "allow", "models")
    assert [item for item in judgement.outcomes if item.startswith("agents")] == [f"agents.{name}" for name in aspects]


@pytest.mark.parametrize(
    "item",
    [
        claimed(),
        provenance(predicate_v1(dependencies=[])),
        provenance(predicate_v1(dependencies=[dependency(properties={"commits": []})])),
        provenance(predicate_v1(dependencies=[dependency(properties={"commits": None})])),
        provenance(predicate_v1(dependencies=[dependency(author=AGENT, agent_model=MODEL, hash=HEAD)])),
    ],
)
def test_no_claim_is_not_the_same_as_no_agent(item: Verified) -> None:
    """A-T1, rule 17: a claim that was stripped, dropped by cosign or never made leaves the head unclaimed."""
    assert failed(AGENTS_POLICY, item) == ("agents.coverage",)
    assert failed(written('humans = "allow"\nmixed = "allow"'), item) == ("agents.coverage",)
    assert passes(written('unclaimed = "allow"'), item)
    assert passes(AGENTS_POLICY, provenance())


def test_without_an_accepted_claim_no_aspect_of_claims_passes() -> None:
    """Section 9: nothing that was not there is reported as a pass."""
    for text in (AGENTS_POLICY, written('unclaimed = "allow"')):
        checks = {check for check in judge(text, claimed()).outcomes if check.startswith("agents")}
        assert checks == {"agents.coverage", "agents.conflict"}


@pytest.mark.parametrize("evidence", [(), (signature(),), (attestation(),), (provenance(signer=stranger()),)])
def test_without_provenance_nobody_says_which_commits_count(evidence: tuple[Verified, ...]) -> None:
    """Rules 10 and 22: dependants of absent evidence fail, under `agents`; `unclaimed = "allow"` does not help."""
    for text in (AGENTS_POLICY, written('unclaimed = "allow"'), written(allow='"any"')):
        assert failed(text, *evidence) == ("provenance", "agents")


def test_claims_in_provenance_that_fails_are_judged_and_save_nothing() -> None:
    """Rule 10: `agents` is judged on the nearest statement."""
    branch = provenance(predicate_v1(ref="refs/heads/x"), signer=github(ref="refs/heads/x"))
    assert failed(AGENTS_POLICY, branch) == ("provenance.ref",)
    evil = predicate_v1(ref="refs/heads/x", claims=[claim(author="evil")])
    assert failed(AGENTS_POLICY, provenance(evil, signer=github(ref="refs/heads/x"))) == (
        "provenance.ref",
        "agents.allow",
    )


# Whose claims count (rule 14).


@pytest.mark.parametrize("min_trust", ["tenant", "platform", "builder"])
def test_a_strangers_claims_neither_help_nor_harm(min_trust: str) -> None:
    """Rule 14: all others are listed as rejected, whatever min-trust says. A-T14: unverified or unnamed never help."""
    text = written(f'min-trust = "{min_trust}"')
    theirs = provenance(signer=stranger())
    evil = provenance(predicate_v1(claims=[claim(author="evil"), claim(OTHER, author="evil")]), signer=stranger())
    assert failed(text, claimed(), theirs) == ("agents.coverage",)
    assert passes(text, provenance(), evil)
    assert {item.vouched_by for item in judge(text, claimed(), theirs).commits} == {None}


def test_claims_signed_by_one_whom_the_rule_names_for_them_count() -> None:
    """Rule 14: `agents.signers`."""
    assert passes(written(BY_SCANNER), claimed(), beside(claim()))
    assert failed(written(TENANT), claimed(), beside(claim())) == ("agents.coverage",)
    assert failed(written(BY_SCANNER), claimed(), beside(claim(), signer=stranger())) == ("agents.coverage",)


def test_an_image_signer_is_no_signer_of_claims() -> None:
    """Rule 14, A-T13: each class of evidence has signers of its own."""
    text = written(TENANT) + '[rules.signature]\nsigners = ["scanner"]\n'
    assert failed(text, signature(github(SCANNER)), claimed(), beside(claim())) == ("agents.coverage",)


def test_an_agents_own_signers_count_for_that_agent_alone() -> None:
    """Rule 14: "or of that agent's own `signers`"."""
    text = written(TENANT, allow='["copilot", "other"]')
    assert passes(text, claimed(), beside(claim(**THEIRS), signer=PLATFORM))
    assert failed(text, claimed(), beside(claim(), signer=PLATFORM)) == ("agents.coverage",)
    assert failed(text, claimed(), beside(claim(**THEIRS), signer=plain("x@platform.test"))) == ("agents.coverage",)
    assert failed(text, claimed(), beside(claim(**THEIRS), signer=plain("agents@platform.test", "https://x"))) == (
        "agents.coverage",
    )


def test_an_agents_own_signers_do_not_say_that_a_person_wrote_the_commit() -> None:
    """Rules 14 and 18, A-T8, A-T12: a claim about a person has no agent, and no agent's signers."""
    text = written(f'{TENANT}\nhumans = "allow"', allow='["copilot", "other"]')
    assert failed(text, claimed(), beside(human(author="Ada"), signer=PLATFORM)) == ("agents.coverage",)
    assert passes(text, claimed(human()))


def test_an_agents_own_signers_do_not_vouch_for_a_person_of_the_agents_name() -> None:
    """Rules 14 and 18, A-T8, A-T12: the platform calls its agent's commit a person's, and the head is claimed."""
    text = written('min-trust = "platform"\nhumans = "allow"', allow='["copilot", "other"]')
    assert failed(text, claimed(), beside(human(author="other-agent"), signer=PLATFORM)) == ("agents.coverage",)


def test_claims_about_a_commit_of_another_repository_leave_the_head_unclaimed() -> None:
    """A-T4, A-T5: a commit counts by repository and hash; a fork shares the hash and is another repository."""
    for uri in ("git+https://github.com/mallory/api", f"{REPOSITORY}2", "https://github.com/Acme/api", None, "", 5):
        assert "agents.coverage" in failed(written(BY_SCANNER), claimed(), beside(claim(), uri=uri))
        item = provenance(predicate_v1(dependencies=[dependency(), dependency(claim(), uri=uri)]))
        assert "agents.coverage" in failed(AGENTS_POLICY, item)
    for uri in (REPOSITORY, f"{REPOSITORY}.git", f"git+{REPOSITORY}@refs/heads/x"):
        assert passes(written(BY_SCANNER), claimed(), beside(claim(), uri=uri))


def test_provenance_of_another_build_brings_no_claims() -> None:
    """Rule 10: no other provenance is read than those that satisfy."""
    other = provenance(
        predicate_v1(ref="refs/heads/x", claims=[claim(author="evil")]), signer=github(ref="refs/heads/x")
    )
    assert passes(AGENTS_POLICY, provenance(), other)
    helping = provenance(predicate_v1(ref="refs/heads/x"), signer=github(ref="refs/heads/x"))
    assert failed(AGENTS_POLICY, claimed(), helping) == ("agents.coverage",)


# Who vouches (rules 15 and 16).


@pytest.mark.parametrize("holder", ["properties", "annotations"])
@pytest.mark.parametrize("where", ["under", "beside", "materials"])
def test_a_builder_vouches_for_the_places_that_its_entry_spells(where: str, holder: str) -> None:
    """Rule 15, A-T11: resolvedDependencies under the build definition or beside it; materials by their own name."""
    entries = [dependency(claim(), holder=holder)]
    if where == "materials":
        item = provenance(predicate_v02(materials=entries), predicate_type=SLSA_V02)
    else:
        item = provenance(
            predicate_v1(dependencies=entries)
            if where == "under"
            else predicate_v1(dependencies=[dependency()], resolvedDependencies=entries)
        )
    place, elsewhere = "resolvedDependencies", "materials"
    if where == "materials":
        place, elsewhere = elsewhere, place
    assert passes(written(builder=f'{BUILDER}vouches-for = ["agents@{place}"]\n'), item)
    assert failed(written(builder=f'{BUILDER}vouches-for = ["agents@{elsewhere}"]\n'), item) == ("agents.coverage",)
    assert failed(written(builder=BUILDER), item) == ("agents.coverage",)


def test_a_tenants_word_is_no_builders_unless_the_policy_says_so() -> None:
    """SLSA-12: Rule 15, A-T11, A-T12: the default is none; min-trust is builder unless it is spelled."""
    assert failed(written(builder=BUILDER), provenance()) == ("agents.coverage",)
    assert failed(written('min-trust = "builder"', builder=BUILDER), provenance()) == ("agents.coverage",)
    assert failed(written('min-trust = "platform"', builder=BUILDER), provenance()) == ("agents.coverage",)
    assert passes(written(TENANT, builder=BUILDER), provenance())
    assert passes(written(builder=VOUCHING), provenance())


def test_of_several_matching_builders_every_one_must_vouch() -> None:
    """Rules 11 and 15."""
    silent = BUILDER.replace("builders.release", "builders.silent")
    text = written(builder=VOUCHING + silent)
    both = text.replace('builders = ["release"]', 'builders = ["release", "silent"]')
    assert passes(text, provenance())
    assert failed(both, provenance()) == ("agents.coverage",)


def test_a_builder_is_named_where_its_provenance_has_it_and_nowhere_else() -> None:
    """What stands where another version of provenance names its builder is the tenant's to write."""
    text = AGENTS_POLICY.replace(
        'builders = ["release"]\nlevel = 3', 'builders = ["release"]\nsigners = ["release"]\nlevel = 1'
    )
    other = "https://ci.example/builder"
    for named, code in ((WORKFLOW, 0), (other, 1)):
        old = predicate_v02(claims=[claim()], builder=named) | {"runDetails": {"builder": {"id": WORKFLOW}}}
        assert judge(text, provenance(old, predicate_type=SLSA_V02)).exit_code == code
        new = predicate_v1(claims=[claim()], builder=named) | {"builder": {"id": WORKFLOW}}
        assert judge(text, provenance(new)).exit_code == code


def test_a_builder_that_the_rule_does_not_name_vouches_for_nothing() -> None:
    """Rule 15: the entry that matches the claim's own statement is one that the rule names."""
    silent = BUILDER.replace("builders.release", "builders.silent")
    text = written(builder=VOUCHING + silent).replace('builders = ["release"]', 'builders = ["silent"]')
    assert failed(text, provenance()) == ("agents.coverage",)


def test_an_agents_own_platform_is_more_than_a_tenant_and_less_than_a_builder() -> None:
    """Rule 15."""
    item = beside(claim(**THEIRS), signer=PLATFORM)
    for min_trust, holds in (("tenant", True), ("platform", True), ("builder", False)):
        text = written(f'min-trust = "{min_trust}"', allow='["copilot", "other"]')
        assert failed(text, claimed(), item) == (() if holds else ("agents.coverage",))
        assert failed(written(f'min-trust = "{min_trust}"\nsigners = ["scanner"]'), claimed(), beside(claim())) == (
            () if min_trust == "tenant" else ("agents.coverage",)
        )
    judged = judge(written(TENANT, allow='["copilot", "other"]'), claimed(), item).commits
    assert [entry.vouched_by for entry in judged] == [Trust.PLATFORM]


def test_a_claim_without_enough_trust_is_still_judged() -> None:
    """Rule 16: min-trust limits permission, not denial."""
    low = 'min-trust = "builder"\nsigners = ["scanner"]\nunclaimed = "allow"'
    assert failed(written(low), claimed(), beside(claim(author="evil"))) == ("agents.allow",)
    assert failed(written(low), claimed(), beside(claim(model="evil"))) == ("agents.models",)
    assert failed(written(low), claimed(), beside(human())) == ("agents.authorship",)
    assert failed(written(low), claimed(), beside(claim("x"))) == ("agents.claims",)
    assert failed(written(low), provenance(), beside(claim(model="evil"))) == ("agents.conflict", "agents.models")
    assert passes(written(low), claimed(), beside(claim()))


def test_a_claim_without_enough_trust_leaves_its_commit_unclaimed() -> None:
    """Rule 16: only then does its commit count as unclaimed."""
    text = written('signers = ["scanner"]')
    assert failed(text, claimed(), beside(claim())) == ("agents.coverage",)
    assert "only the tenant vouches" in judge(text, claimed(), beside(claim())).found("agents.coverage")
    assert passes(text, provenance(), beside(claim()))


# Which commits (rule 17).


def test_a_list_without_the_head_leaves_the_head_unclaimed() -> None:
    """Rule 17, A-T3, A-T4."""
    for coverage in ("head", "listed"):
        text = written(f'coverage = "{coverage}"')
        assert failed(text, claimed(claim(EARLIER))) == ("agents.coverage",)
        assert passes(text, claimed(claim(EARLIER), claim()))


@pytest.mark.parametrize(
    "commit", [HEAD[:12], HEAD[:39], HEAD + "1", HEAD.replace("1", "A"), f"{HEAD} ", "HEAD", MAIN, None, 1]
)
def test_a_commit_is_named_whole_or_not_at_all(commit: object) -> None:
    """A-T6: no prefix claims the head, and a broken hash beside a good claim is a fail of its own."""
    assert set(failed(AGENTS_POLICY, claimed(claim(commit)))) == {"agents.coverage", "agents.claims"}
    assert failed(AGENTS_POLICY, claimed(claim(), claim(commit))) == ("agents.claims",)
    assert failed(written('unclaimed = "allow"'), claimed(claim(), claim(commit))) == ("agents.claims",)


def test_with_listed_every_listed_commit_needs_enough_trust_and_with_head_the_head_alone() -> None:
    """Rule 17."""
    listed = (provenance(), beside(claim(EARLIER)))
    more = 'signers = ["scanner"]\n'
    assert failed(written(more + 'coverage = "listed"'), *listed) == ("agents.coverage",)
    assert failed(written(more), *listed) == ("agents.coverage",)  # listed is the default (rule 19)
    assert passes(written(more + 'coverage = "head"'), *listed)
    assert passes(written(more + 'coverage = "listed"\nunclaimed = "allow"'), *listed)


def test_with_head_the_result_says_that_earlier_commits_were_not_judged() -> None:
    """Rule 17."""
    assert "before the head were not judged" in judge(written('coverage = "head"'), provenance()).found(
        "agents.coverage"
    )
    assert "not judged" not in judge(written('coverage = "listed"'), provenance()).found("agents.coverage")


def test_with_head_the_result_says_so_also_where_the_head_needs_no_claim() -> None:
    """Rule 17: "with `head`, the summary says that earlier commits were not judged"."""
    judgement = judge(written('coverage = "head"\nunclaimed = "allow"'), claimed())
    assert judgement.exit_code == EXIT_PASS
    assert "not judged" in judgement.found("agents.coverage")


@pytest.mark.parametrize("coverage", ["head", "listed"])
@pytest.mark.parametrize(
    ("entry", "check"),
    [
        (claim(EARLIER, author="evil"), "agents.allow"),
        (claim(EARLIER, model="evil"), "agents.models"),
        (human(EARLIER), "agents.authorship"),
        (claim(EARLIER, authored_by="assisted"), "agents.authorship"),
        (claim(EARLIER[:7]), "agents.claims"),
    ],
)
def test_every_accepted_claim_is_judged_whatever_the_coverage(entry: object, check: str, coverage: str) -> None:
    """Rule 17, A-T9: every agent that is named must be allowed."""
    text = written(f'coverage = "{coverage}"\nunclaimed = "allow"')
    assert failed(text, claimed(claim(), entry)) == (check,)
    assert failed(text, claimed(entry, claim())) == (check,)
    assert passes(text, claimed(claim(), claim(EARLIER)))


def test_a_claim_about_another_repositorys_commit_is_judged_too() -> None:
    """Rule 17: every accepted claim."""
    lib = {"uri": "git+https://github.com/acme/lib", "commit": OTHER}
    evil = provenance(predicate_v1(dependencies=[dependency(claim()), dependency(claim(OTHER, author="evil"), **lib)]))
    fine = provenance(predicate_v1(dependencies=[dependency(claim()), dependency(claim(OTHER), **lib)]))
    assert failed(AGENTS_POLICY, evil) == ("agents.allow",)
    assert passes(AGENTS_POLICY, fine)


def test_provenance_without_a_commit_has_no_head() -> None:
    """Rule 17: the head is the commit of the accepted source."""
    item = provenance(predicate_v1(dependencies=[dependency(claim(), commit=None)]), signer=github(commit=None))
    for text in (AGENTS_POLICY, written('unclaimed = "allow"'), written('coverage = "head"', allow='"any"')):
        assert failed(text, item) == ("agents.coverage",)
    assert passes(AGENTS_POLICY, provenance(predicate_v1(dependencies=[dependency(claim(), commit=None)])))


def test_two_commits_in_one_statement_are_no_head() -> None:
    """Rule 17: two different ones within one statement fail, though both are claimed."""
    two = [dependency(claim(), claim(EARLIER)), dependency(commit=EARLIER)]
    item = provenance(predicate_v1(dependencies=two), signer=plain(WORKFLOW, github().issuer))
    assert failed(AGENTS_POLICY, item) == ("provenance.commit", "agents.coverage")


def test_of_several_statements_that_satisfy_each_head_must_be_claimed() -> None:
    """Rules 10 and 17: across statements each is a head, and their claims are read together."""
    next_build = github(commit=EARLIER)
    unclaimed = provenance(predicate_v1(commit=EARLIER, claims=[]), signer=next_build)
    assert failed(AGENTS_POLICY, provenance(), unclaimed) == ("agents.coverage",)
    assert passes(AGENTS_POLICY, provenance(), provenance(predicate_v1(commit=EARLIER), signer=next_build))
    both = claimed(claim(), claim(EARLIER))
    assert passes(AGENTS_POLICY, both, unclaimed)


# Conflicts (rule 17).


@pytest.mark.parametrize(
    "other",
    [
        claim(author="copilot-agent-v3"),
        claim(model=None),
        claim(authored_by="assisted"),
        claim(authored_by="human"),
        claim(author="evil"),
        claim(author=None),
    ],
)
def test_two_accepted_claims_that_disagree_about_one_commit_fail(other: object) -> None:
    """Rule 17, A-T14, A-T16, A-T27: in one list, in two places of one statement, and across statements."""
    wide = f'{BY_SCANNER}\nhumans = "allow"\nmixed = "allow"'
    places = provenance(predicate_v1(dependencies=[dependency(claim(), annotations={"commits": [other]})]))
    beneath = provenance(predicate_v1(dependencies=[dependency(claim())], resolvedDependencies=[dependency(other)]))
    for text in (written(wide), written(wide, allow='"any"')):
        assert "agents.conflict" in failed(text, claimed(claim(), other))
        assert "agents.conflict" in failed(text, claimed(other, claim()))
        assert "agents.conflict" in failed(text, places)
        assert "agents.conflict" in failed(text, beneath)
        assert "agents.conflict" in failed(text, provenance(), beside(other))
        assert "agents.conflict" in failed(text, beside(other), provenance())
        assert passes(text, provenance(), beside(claim()))


def test_claims_that_agree_are_no_conflict_however_often_they_are_made() -> None:
    """A-T16: duplicates collapse. `assisted` and `mixed` are one value (rule 18)."""
    both = provenance(predicate_v1(dependencies=[dependency(claim(), annotations={"commits": [claim()]})]))
    assert passes(AGENTS_POLICY, both)
    assert passes(AGENTS_POLICY, claimed(claim(), claim(), claim(comment="again")))
    text = written('mixed = "allow"')
    assert passes(text, claimed(claim(authored_by="assisted"), claim(authored_by="mixed")))


def test_several_statements_that_satisfy_and_disagree_are_a_conflict() -> None:
    """Rule 10: disagreement is `agents.conflict`."""
    again = provenance(predicate_v1(claims=[claim(author="copilot-agent-v3")]), signed_at=NOW - SECOND)
    assert failed(AGENTS_POLICY, provenance(), again) == ("agents.conflict",)
    assert passes(AGENTS_POLICY, provenance(), provenance(signed_at=NOW - SECOND))


def test_a_disagreement_with_a_claim_that_is_not_accepted_is_none() -> None:
    """Rule 14."""
    theirs = provenance(predicate_v1(claims=[claim(author="evil")]), signer=stranger())
    assert passes(written(BY_SCANNER), provenance(), theirs)


@pytest.mark.parametrize("uri", [None, "git+https://github.com/mallory/api", "git+https://mirror.example/acme/api"])
def test_one_commit_said_to_be_two_agents_is_a_conflict_wherever_it_is_said_to_lie(uri: object) -> None:
    """Rule 17: a git object's name names one commit, in every repository that has it (A-T5: objects are shared)."""
    text = written(f"{BY_SCANNER}", allow='["copilot", "other"]')
    other = claim(**THEIRS)
    assert "agents.conflict" in failed(text, claimed(claim(), other))
    two = provenance(predicate_v1(dependencies=[dependency(claim()), dependency(other, uri=uri)]))
    assert "agents.conflict" in failed(text, two)


# What is allowed (rule 18).


@pytest.mark.parametrize(
    "author",
    ["evil", "Copilot-Coding-Agent-V3", "copilot", "copilot-coding-agent", "copilot-coding-agent-v3-evil",
     "copilot-coding-agent-v2", "xcopilot-coding-agent-v3", "copilot_coding_agent_v3", "GitHub Copilot", None, ""],
)  # fmt: skip
def test_an_agent_that_is_not_allowed_fails(author: object) -> None:
    """Rule 18, A-T20: no alias, no prefix and no folding; allows do not ignore case (rule 9)."""
    assert failed(AGENTS_POLICY, claimed(claim(author=author))) == ("agents.allow",)
    assert failed(written('unclaimed = "allow"'), claimed(claim(author=author))) == ("agents.allow",)
    assert passes(AGENTS_POLICY, claimed(claim(author="copilot-agent-v3")))


def test_an_agent_that_is_defined_is_not_for_that_allowed() -> None:
    """Rule 18: `allow` is a list of this rule."""
    assert failed(AGENTS_POLICY, claimed(claim(**THEIRS))) == ("agents.allow",)
    assert passes(written(allow='["other"]'), claimed(claim(**THEIRS)))


@pytest.mark.parametrize(
    "look_alike",
    ["\N{CYRILLIC SMALL LETTER ES}opilot-coding-agent-v3", f" {AGENT}", f"{AGENT} ", f"{AGENT}\n", f"{AGENT}\0",
     f"{AGENT}\N{ZERO WIDTH SPACE}", f"\N{RIGHT-TO-LEFT OVERRIDE}{AGENT}",
     AGENT.replace("-", "\N{NON-BREAKING HYPHEN}"), AGENT.replace("-", "\N{SOFT HYPHEN}-"),
     [AGENT], {"id": AGENT}, 3],
)  # fmt: skip
def test_an_id_that_only_looks_allowed_fails(look_alike: object) -> None:
    """A-T18, A-T19."""
    assert {"agents.coverage", "agents.claims"} <= set(failed(AGENTS_POLICY, claimed(claim(author=look_alike))))
    assert "agents.claims" in failed(written('unclaimed = "allow"', allow='"any"'), claimed(claim(author=look_alike)))
    assert passes(AGENTS_POLICY, claimed(claim(author=AGENT)))


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4",
        "gpt-4-turbo",
        "GPT-4-turbo-2024-12",
        "gpt-4-turbo-2024-12-evil",
        "openai/gpt-4-turbo-2024-12",
        "auto",
        "latest",
    ],
)
def test_a_model_that_is_not_listed_fails(model: str) -> None:
    """Rule 18, A-T20, A-T22: compared whole; a floating alias is listed or it is not."""
    assert failed(AGENTS_POLICY, claimed(claim(model=model))) == ("agents.models",)
    assert passes(AGENTS_POLICY, claimed(claim(model=MODEL)))


@pytest.mark.parametrize("model", [None, ""])
def test_an_agent_without_a_model_passes_only_where_any_model_does(model: object) -> None:
    """Rule 18: dependabot is an autonomous agent without a model."""
    assert failed(AGENTS_POLICY, claimed(claim(model=model))) == ("agents.models",)
    assert passes(AGENTS_POLICY, claimed(claim(author="dependabot[bot]", model=model)))
    assert passes(AGENTS_POLICY, claimed({**BOT, "agent_model": "whatever"}))


def test_a_model_counts_for_its_own_agent() -> None:
    """Rule 18: a model that another agent may use is none of this one's."""
    text = written(allow='["copilot", "other"]')
    assert failed(text, claimed(claim(model="other-model-1"))) == ("agents.models",)
    assert passes(text, claimed(claim(**THEIRS)))


@pytest.mark.parametrize(
    "authored_by",
    [None, "", "unknown", "Autonomous_Agent", "agent", "ai", "bot", "autonomous_agent ", "autonomous-agent", "none", 1,
     True, ["autonomous_agent"], {}],
)  # fmt: skip
def test_an_unknown_author_fails_under_every_policy(authored_by: object) -> None:
    """Rule 18, A-T10: unset, empty, wrong and novel are all unknown."""
    item = claimed(claim(authored_by=authored_by))
    wide = 'humans = "allow"\nmixed = "allow"\nunclaimed = "allow"\nmin-trust = "tenant"'
    assert failed(AGENTS_POLICY, item) == ("agents.authorship",)
    assert failed(written(wide), item) == ("agents.authorship",)
    assert failed(written(wide, allow='"any"'), item) == ("agents.authorship",)
    assert passes(AGENTS_POLICY, provenance())


def test_a_persons_commit_passes_only_where_people_are_allowed() -> None:
    """Rules 18 and 19, A-T8: the default is deny, and a person's claim needs as much trust as any."""
    for name in ("Ada Lovelace", None, "\N{CYRILLIC CAPITAL LETTER A}\N{CYRILLIC SMALL LETTER DE}"):
        assert failed(AGENTS_POLICY, claimed(human(author=name))) == ("agents.authorship",)
        assert failed(written('humans = "deny"'), claimed(human(author=name))) == ("agents.authorship",)
        assert passes(written('humans = "allow"'), claimed(human(author=name)))
        assert failed(written('humans = "allow"', builder=BUILDER), claimed(human(author=name))) == ("agents.coverage",)


def test_a_person_who_is_called_like_an_agent_needs_no_model() -> None:
    """Rule 18: models are an agent's; the claim says that a person wrote it."""
    judged = judge(AGENTS_POLICY + 'humans = "allow"\n', claimed(human(author=AGENT)))
    assert judged.outcomes["agents.models"] is Outcome.PASS
    assert judged.exit_code == 0


@pytest.mark.parametrize(
    ("name", "denied"), [("other-agent", True), ("Other-Agent", False), ("other agent", False), ("claude", True)]
)
def test_whose_name_is_a_denied_agents_very_id_is_not_known_to_be_a_person(name: str, *, denied: bool) -> None:
    """Rules 9 and 18: a deny fails closed. It ignores case of what agents are called, and not of what people are."""
    lax = AGENTS_POLICY + 'humans = "allow"\ndeny = ["other"]\n'
    lax += '[[deny]]\nagents = ["claude", { glob = "other*" }]\nreason = "x"\n'
    assert failed(lax, claimed(human(author=name))) == (("agents.deny",) if denied else ())
    ended = '[[deny]]\nagents = ["claude"]\nuntil = 2020-01-01T00:00:00Z\nreason = "x"\n'
    assert failed(AGENTS_POLICY + 'humans = "allow"\n' + ended, claimed(human(author=name))) == ()


@pytest.mark.parametrize("name", ["dependabot[bot]", "noreply@anthropic.com", "7+x[bot]@users.noreply.github.com"])
def test_an_account_that_is_known_to_be_an_agents_is_no_persons(name: str) -> None:
    """A-T8: the claim contradicts itself, and one of the two is not so."""
    judged = judge(AGENTS_POLICY + 'humans = "allow"\n', claimed(human(author=name)))
    assert judged.failed == ("agents.authorship",)
    assert "is claimed to be a person's" in judged.found("agents.authorship")
    assert passes(AGENTS_POLICY, claimed(claim(author="dependabot[bot]", model=None)))


@pytest.mark.parametrize("word", ["assisted", "mixed"])
def test_mixed_work_is_an_agents_and_never_a_persons(word: str) -> None:
    """Rule 18, A-T9: one value; with `mixed` allowed its agents and models are judged."""
    item = claimed(claim(authored_by=word))
    assert failed(AGENTS_POLICY, item) == ("agents.authorship",)
    assert failed(written('humans = "allow"'), item) == ("agents.authorship",)
    text = written('mixed = "allow"')
    assert passes(text, item)
    assert failed(text, claimed(claim(authored_by=word, author="evil"))) == ("agents.allow",)
    assert failed(text, claimed(claim(authored_by=word, author=None))) == ("agents.allow",)
    assert failed(text, claimed(claim(authored_by=word, model="evil"))) == ("agents.models",)
    assert failed(text, claimed(claim(authored_by=word, model=None))) == ("agents.models",)
    assert failed(text, claimed(human())) == ("agents.authorship",)


def test_any_agent_is_allowed_only_where_the_policy_spells_it() -> None:
    """Rule 19, A-T35."""
    item = claimed(claim(author="whoever", model=None))
    assert failed(AGENTS_POLICY, item) == ("agents.allow",)
    assert passes(written(allow='"any"'), item)
    ids = '[agents.everyone]\nids = "any"\nmodels = ["m"]\n'
    text = written(allow='["everyone"]', agents=ids)
    assert failed(text, item) == ("agents.models",)
    assert passes(text, claimed(claim(author="whoever", model="m")))
    assert failed(text, claimed(claim(author=None, model="m"))) == ("agents.allow",)


@pytest.mark.parametrize(
    ("models", "model", "holds"),
    [
        ('["gpt-4*"]', "gpt-4o-mini-evil", False),  # a plain text is exact, whatever it looks like
        ('["gpt-4*"]', "gpt-4*", True),
        ('[{ glob = "gpt-4-*" }]', "gpt-4-turbo", True),
        ('[{ glob = "gpt-4-*" }]', "gpt-4-", False),
        ('[{ glob = "gpt-4-*" }]', "gpt-4-turbo/evil", False),
        ('[{ glob = "gpt-4-*" }]', "gpt-4-turbo@evil", False),
        ('[{ glob = "gpt-4-*" }]', "evil-gpt-4-turbo", False),
        ('[{ glob = "anthropic/*" }]', "anthropic/claude-4", True),
        ('[{ glob = "anthropic/*" }]', "anthropic/evil/claude-4", False),
        ("[{ regex = 'gpt-4|gpt-5' }]", "gpt-5", True),
        ("[{ regex = 'gpt-4|gpt-5' }]", "gpt-5-evil", False),
        ("[{ regex = 'gpt-4|gpt-5' }]", "evil-gpt-4", False),
        ("[{ regex = 'gpt.4' }]", "xgpt-4", False),
    ],
)
def test_a_pattern_for_models_is_anchored_and_crosses_no_slash(*, models: str, model: str, holds: bool) -> None:
    """A-T23: exact by default, patterns opt-in, anchored, linear in time."""
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = {models}\n'
    text = written(agents=agents, allow='["copilot"]')
    assert failed(text, claimed(claim(model=model))) == (() if holds else ("agents.models",))


def test_a_pattern_for_ids_is_opt_in() -> None:
    """A-T23."""
    agents = f'[agents.copilot]\nids = [{{ glob = "copilot-*-v3" }}]\nmodels = ["{MODEL}"]\n'
    text = written(agents=agents, allow='["copilot"]')
    assert passes(text, claimed(claim(author="copilot-coding-agent-v3")))
    assert failed(text, claimed(claim(author="copilot-coding-agent-v4"))) == ("agents.allow",)
    assert failed(text, claimed(claim(author="copilot--v3/evil"))) == ("agents.allow",)


# What cannot be read.


@pytest.mark.parametrize(
    "dependencies",
    [
        [dependency(claim(), annotations={"commits": {}})],
        [dependency(claim(), annotations={"commits": "x"})],
        [dependency(claim(), None)],
        [dependency(claim(), "x")],
        [dependency(claim(), [claim()])],
        [dependency(claim(), claim(author=5))],
        [dependency(claim(), claim(model=["x"]))],
        [dependency(claim(), claim(5))],
    ],
)
def test_a_claim_that_cannot_be_read_fails_beside_the_best_of_claims(dependencies: list[object]) -> None:
    """A-T18: never a claim less."""
    item = provenance(predicate_v1(dependencies=dependencies))
    for text in (AGENTS_POLICY, written('unclaimed = "allow"\nhumans = "allow"\nmixed = "allow"', allow='"any"')):
        assert "agents.claims" in failed(text, item)
        assert passes(text, provenance())


def test_claims_in_properties_of_the_wrong_type_fail() -> None:
    """A-T18: any wrong type is an invalid claim."""
    odd = dependency(claim(), annotations=[{"commits": [claim(EARLIER, author="evil")]}])
    assert not passes(AGENTS_POLICY, provenance(predicate_v1(dependencies=[odd])))


def test_more_claims_than_gate_reads_are_undecided_and_never_the_first_n() -> None:
    """Rule 6, A-T15: the ones that were not read might be denied."""
    limits = Limits(claims=2)
    two, three = claimed(claim(), claim(EARLIER)), claimed(claim(), claim(EARLIER), claim(OTHER, author="evil"))
    assert judge(AGENTS_POLICY, two, limits=limits).exit_code == EXIT_PASS
    judgement = judge(AGENTS_POLICY, three, limits=limits)
    assert judgement.exit_code == EXIT_STUCK
    assert set(judgement.outcomes.values()) == {Outcome.PASS, Outcome.ERROR}
    assert all(check.startswith("agents.") for check in judgement.undecided)


def test_too_many_claims_of_a_stranger_change_nothing() -> None:
    """A-T15: nobody else's flood counts."""
    flood = provenance(predicate_v1(claims=[claim()] * 9), signer=stranger())
    assert judge(AGENTS_POLICY, provenance(), flood, limits=Limits(claims=2)).exit_code == EXIT_PASS


def test_too_many_claims_of_a_named_signer_are_undecided() -> None:
    """Rule 6."""
    limits = Limits(claims=2)
    for claims, code in (([claim()] * 2, EXIT_PASS), ([claim()] * 3, EXIT_STUCK)):
        assert judge(written(BY_SCANNER), provenance(), beside(*claims), limits=limits).exit_code == code


def test_too_many_claims_of_an_agents_own_signer_are_undecided() -> None:
    """Rules 6, 14 and 17: its third claim, which is not read, disagrees and names a denied model."""
    text = written(TENANT, allow='["copilot", "other"]')
    item = beside(
        claim(EARLIER, **THEIRS), claim(OTHER, **THEIRS), claim(author="other-agent", model="evil"), signer=PLATFORM
    )
    assert judge(text, provenance(), item, limits=Limits(claims=3)).exit_code == 1
    assert judge(text, provenance(), item, limits=Limits(claims=2)).exit_code == EXIT_STUCK


def test_a_thousand_commits_are_judged_one_by_one() -> None:
    """A-T3: a release lists many; one bad among them is found, and nothing is sampled."""
    commits = [claim(f"{number:040x}") for number in range(1000)]
    assert passes(AGENTS_POLICY, claimed(claim(), *commits))
    assert failed(AGENTS_POLICY, claimed(claim(), *commits, claim(OTHER, author="evil"))) == ("agents.allow",)
    assert failed(written(builder=BUILDER), claimed(claim(), *commits)) == ("agents.coverage",)


# The section.


@pytest.mark.parametrize(
    "section",
    [
        "[rules.agents]",
        "[rules.agents]\nallow = []",
        '[rules.agents]\nallow = ["copilt"]',
        '[rules.agents]\nalow = ["copilot"]',
        '[rules.agents]\nallow = "all"',
        '[rules.agents]\nallow = ["any"]',
        '[rules.agents]\nallow = ["copilot"]\nhumans = true',
        '[rules.agents]\nallow = ["copilot"]\nhumans = "Allow"',
        '[rules.agents]\nallow = ["copilot"]\nunclaimed = "yes"',
        '[rules.agents]\nallow = ["copilot"]\nmin-trust = "none"',
        '[rules.agents]\nallow = ["copilot"]\ncoverage = "range"',
        '[rules.agents]\nallow = ["copilot"]\nsigners = ["nobody"]',
        '[rules.agents]\nallow = ["copilot"]\nsigners = []',
    ],
)
def test_an_empty_or_mistyped_section_is_invalid(section: str) -> None:
    """Rule 19, A-T35: unknown keys are errors, and nothing widens by default."""
    with pytest.raises(InvalidPolicy):
        policy(SIGNERS + VOUCHING + COPILOT + RULE + PROVEN + section)
    assert loads(AGENTS_POLICY)


@pytest.mark.parametrize("missing", ["ids", "models"])
def test_an_agent_says_its_ids_and_its_models(missing: str) -> None:
    """Rule 19: "any" must be spelled."""
    agents = "\n".join(line for line in COPILOT.splitlines() if not line.startswith(missing))
    with pytest.raises(InvalidPolicy, match=missing):
        policy(written(agents=agents))
    assert loads(written(agents=COPILOT.replace("ids = [", "ids = [ ")))


def test_agents_without_provenance_in_the_same_rule_is_invalid() -> None:
    """Rule 19: provenance says which commits count."""
    with pytest.raises(InvalidPolicy, match="needs provenance"):
        policy(SIGNATURE_POLICY.replace(RULE, COPILOT + RULE) + WRITTEN)
    assert loads(AGENTS_POLICY)


def test_the_defaults_deny() -> None:
    """Rule 19: humans, unclaimed and mixed deny; min-trust is builder, coverage is listed."""
    (rule,) = policy(AGENTS_POLICY).rules
    assert rule.agents is not None
    assert (rule.agents.humans, rule.agents.unclaimed, rule.agents.mixed) == (False, False, False)
    assert (rule.agents.min_trust, rule.agents.coverage, rule.agents.signers) == (Trust.BUILDER, "listed", ())


def test_an_agents_signers_are_defined_under_signers() -> None:
    """Rule 19."""
    with pytest.raises(InvalidPolicy, match="nobody"):
        policy(written(agents=COPILOT.replace('signers = ["platform"]', 'signers = ["nobody"]')))
    assert "platform" in policy(AGENTS_POLICY).signers


def test_a_result_says_which_commits_are_unclaimed_and_why_each() -> None:
    found = judge(written('signers = ["scanner"]'), claimed(), beside(claim(EARLIER))).found("agents.coverage")
    assert found.startswith("0 of 2 commits claimed")
    assert f"{HEAD[:12]}, {EARLIER[:12]} (claimed, but only the tenant vouches for it)" in found


def test_a_result_shows_a_few_of_many_and_counts_the_rest() -> None:
    """A-T36: no report grows with what is attached."""
    wrong = [claim(f"{number:02x}".ljust(40, "0"), author="evil") for number in range(7)]
    assert judge(AGENTS_POLICY, claimed(claim(), *wrong)).found("agents.allow").endswith(" and 2 more")
    assert "more" not in judge(AGENTS_POLICY, claimed(claim(), *wrong[:5])).found("agents.allow")


def test_a_result_names_the_statements_that_it_was_judged_on() -> None:
    """Section 5, step 5."""
    item, other = provenance(), beside(claim())
    results = {result.check: result for result in judge(written(BY_SCANNER), item, other).results}
    assert set(results["agents.coverage"].evidence) == {item.digest, other.digest}
    assert set(results["agents.allow"].evidence) == {item.digest, other.digest}
    assert results["provenance.source"].evidence == (item.digest,)
    bare = claimed()
    assert judge(AGENTS_POLICY, bare).results[-2].evidence == (bare.digest,)


def test_one_of_several_statements_without_a_commit_is_one_without_a_head() -> None:
    """Rules 10 and 17: each that satisfies has a head, or the image has none."""
    headless = provenance(predicate_v1(dependencies=[]), signer=github(commit=None))
    for order in ((provenance(), headless), (headless, provenance())):
        assert failed(AGENTS_POLICY, *order) == ("agents.coverage",)
        assert "does not say which one commit" in judge(AGENTS_POLICY, *order).found("agents.coverage")


def test_one_of_an_agents_models_or_of_its_entries_is_enough() -> None:
    """Rule 18: several models, and several entries for one id."""
    agents = f"""
[agents.first]
ids = ["{AGENT}", "x"]
models = ["a", {{ glob = "b-*" }}]
[agents.second]
ids = ["y", "{AGENT}"]
models = ["c"]
"""
    text = written(agents=agents, allow='["first", "second"]')
    for model in ("a", "b-1", "c"):
        assert passes(text, claimed(claim(model=model)))
    for other in ("b-", "d", None):
        assert failed(text, claimed(claim(model=other))) == ("agents.models",)
    assert failed(written(agents=agents, allow='["first"]'), claimed(claim(model="c"))) == ("agents.models",)


def test_claims_without_a_commit_do_not_disagree_about_one() -> None:
    """A-T6, rule 17: they fail for what they are."""
    item = claimed(claim(), claim("x"), claim("y", author="copilot-agent-v3"))
    assert failed(AGENTS_POLICY, item) == ("agents.claims",)
