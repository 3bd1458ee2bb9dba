"""`provenance`: one statement by an accepted builder, from an accepted source, that agrees with its certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gate.checks import check_image
from gate.checks.aspects import Aspect, _same
from gate.checks.selection import Judged, vouching_builders
from gate.claims import read_claims
from gate.errors import InvalidPolicy
from gate.limits import Limits
from gate.policy.matching import How, capturing, glob
from gate.reference import parse_reference
from gate.verdict import Outcome
from tests.evidence import (
    BUILDER,
    EARLIER,
    GENERATOR_BUILD,
    GITHUB,
    GITLAB,
    GITLAB_BUILD,
    HEAD,
    IMAGE,
    MAIN,
    NOW,
    OTHER,
    PROVEN,
    PROVENANCE_POLICY,
    REFERENCE,
    REPOSITORY,
    RULE,
    SCANNER,
    SECOND,
    SIGNERS,
    SLSA_V02,
    SLSA_V1,
    WORKFLOW,
    attestation,
    dependency,
    failed,
    github,
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

ASPECTS = ("builder", "level", "source", "ref", "commit")
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml"


def proven(*, level: int = 3, source: str = f'["{REPOSITORY}"]', refs: str = f'["{MAIN}"]', who: str = "") -> str:
    """The rule's section, with what differs."""
    who = who or 'builders = ["release"]'
    return f"\n[rules.provenance]\n{who}\nlevel = {level}\nsource = {source}\nrefs = {refs}\n"


def under(section: str, builder: str = BUILDER) -> str:
    return SIGNERS + builder + RULE + section


# By whom.


def test_provenance_by_the_builder_and_its_signer_passes_aspect_by_aspect() -> None:
    """Rule 22: one result for each aspect, and none called `provenance`."""
    judgement = judge(PROVENANCE_POLICY, provenance())
    assert judgement.exit_code == 0
    assert judgement.outcomes == {f"provenance.{aspect}": Outcome.PASS for aspect in ASPECTS}


@pytest.mark.parametrize(
    "evidence",
    [
        (),
        (signature(),),
        (attestation(signer=github()),),
        (provenance(signer=stranger()),),
        (provenance(predicate_v1(builder="https://evil.example/builder")),),
        (provenance(predicate_type=f"{SLSA_V1}/"),),
        (provenance(predicate_v1(build_type="https://refs.arewm.com/agent-commit/v0.3")),),
        (provenance(predicate_v1(builder=None)),),
        (provenance(predicate_v1(builder=[WORKFLOW])),),
        (provenance({}),),
    ],
)
def test_without_an_accepted_signer_and_builder_there_is_no_provenance(evidence: tuple[Verified, ...]) -> None:
    """SLSA-5: Rules 1, 10, 11 and 22: absent evidence fails `provenance`, under that one id."""
    assert failed(PROVENANCE_POLICY, *evidence) == ("provenance",)
    assert passes(PROVENANCE_POLICY, *evidence, provenance())


@pytest.mark.parametrize(
    "predicate", [predicate_v1(builder=""), predicate_v1(builder=None), predicate_v1(build_type=""), {}]
)
def test_provenance_without_a_builder_or_a_build_type_is_none(predicate: dict[str, object]) -> None:
    """SLSA-10: The specification requires both, whoever signed it and whatever its certificate says."""
    text = under(proven(who='signers = ["release"]', level=0, source='"any"', refs='"any"'))
    assert failed(text, provenance(predicate)) == ("provenance.commit",)
    assert passes(text, provenance())


def test_signer_and_builder_must_match_one_and_the_same_entry() -> None:
    """SLSA-2: Rule 11, A-T13: a trusted signer does not vouch for an arbitrary builder.id."""
    two = f"""
[builders.release]
id = "{WORKFLOW}"
signers = ["release"]
level = 3
[builders.scans]
id = "{SCANNER}"
signers = ["scanner"]
level = 3
"""
    text = under(proven(who='builders = ["release", "scans"]'), two)
    scanner = github(SCANNER)
    assert passes(text, provenance())
    assert passes(text, provenance(predicate_v1(builder=SCANNER), signer=scanner))
    assert failed(text, provenance(predicate_v1(builder=SCANNER))) == ("provenance",)
    assert failed(text, provenance(predicate_v1(builder=WORKFLOW), signer=scanner)) == ("provenance",)


def test_only_the_entries_that_the_rule_names_count() -> None:
    """Rule 11."""
    two = BUILDER + BUILDER.replace("builders.release", "builders.other").replace(WORKFLOW, "https://other.example/b")
    text = under(proven(who='builders = ["other"]'), two)
    assert failed(text, provenance()) == ("provenance",)
    assert passes(text, provenance(predicate_v1(builder="https://other.example/b")))


# What it is worth.


@pytest.mark.parametrize(
    ("worth", "wanted", "holds"), [(0, 0, True), (0, 1, False), (1, 1, True), (2, 3, False), (3, 2, True), (3, 3, True)]
)
def test_the_builder_entrys_level_is_what_it_is_worth(*, worth: int, wanted: int, holds: bool) -> None:
    """SLSA-1: Rule 11: never what the statement says of itself."""
    text = under(proven(level=wanted), BUILDER.replace("level = 3", f"level = {worth}"))
    boast = provenance(predicate_v1(level=3, slsaLevel="SLSA_BUILD_LEVEL_3", verifiedLevels=["SLSA_BUILD_LEVEL_3"]))
    for item in (provenance(), boast):
        assert failed(text, item) == (() if holds else ("provenance.level",))


@pytest.mark.parametrize("order", [("low", "release"), ("release", "low")])
def test_of_several_matching_entries_the_lowest_level_holds(order: tuple[str, str]) -> None:
    """Rule 11, whatever their order."""
    low = BUILDER.replace("builders.release", "builders.low").replace("level = 3", "level = 2")
    who = f'builders = ["{order[0]}", "{order[1]}"]'
    assert failed(under(proven(who=who), BUILDER + low), provenance()) == ("provenance.level",)
    assert passes(under(proven(who=who, level=2), BUILDER + low), provenance())
    elsewhere = low.replace(WORKFLOW, "https://other.example/builder")
    assert passes(under(proven(who=who), BUILDER + elsewhere), provenance())


def test_a_self_hosted_runner_is_worth_one_unless_the_builder_says_otherwise() -> None:
    """SLSA-15: Rule 11, A-T12."""
    own = provenance(signer=github(runner="self-hosted"))
    assert failed(PROVENANCE_POLICY, own) == ("provenance.level",)
    assert failed(under(proven(level=2)), own) == ("provenance.level",)
    assert passes(under(proven(level=1)), own)
    assert passes(under(proven(), BUILDER + 'self-hosted = "allow"\n'), own)
    assert passes(PROVENANCE_POLICY, provenance(signer=github(runner="github-hosted")))


def test_a_self_hosted_runner_that_only_the_predicate_names_is_one_too() -> None:
    """Rule 11: GitHub's build type states it, and old certificates do not; what it states can only cost a level."""
    predicate = predicate_v1()
    definition = predicate["buildDefinition"]
    assert isinstance(definition, dict)
    definition["internalParameters"] = {"github": {"runner_environment": "self-hosted"}}
    for signer in (github(), github(runner=None)):
        assert failed(PROVENANCE_POLICY, provenance(predicate, signer=signer)) == ("provenance.level",)
        assert passes(under(proven(level=1)), provenance(predicate, signer=signer))
    definition["internalParameters"] = {"github": {"runner_environment": "github-hosted"}}
    assert passes(PROVENANCE_POLICY, provenance(predicate))
    assert failed(PROVENANCE_POLICY, provenance(predicate, signer=github(runner="self-hosted")))


def test_where_one_of_several_entries_allows_self_hosted_the_other_still_holds() -> None:
    """Rule 11: the lowest of several."""
    allowing = BUILDER.replace("builders.release", "builders.own") + 'self-hosted = "allow"\n'
    text = under(proven(who='builders = ["release", "own"]'), BUILDER + allowing)
    assert failed(text, provenance(signer=github(runner="self-hosted"))) == ("provenance.level",)
    assert passes(text, provenance())


def test_nobody_vouches_from_a_self_hosted_machine_unless_every_entry_allows_that() -> None:
    """A-T12: what a machine of the tenant's says is the tenant's word."""
    allowing = BUILDER.replace("builders.release", "builders.own") + 'self-hosted = "allow"\n'
    rules = policy(under(proven(who='builders = ["release", "own"]'), BUILDER + allowing))
    for runner, both in (("self-hosted", ()), ("github-hosted", ("release", "own"))):
        (document,) = read_claims((provenance(signer=github(runner=runner)),), limits=Limits()).documents
        assert tuple(item.name for item in vouching_builders(document, ("release", "own"), rules)) == both
        assert [item.name for item in vouching_builders(document, ("own",), rules)] == ["own"]


def test_a_signer_without_a_builder_entry_is_worth_one_at_most() -> None:
    """SLSA-9: Rule 11: `provenance.signers` names who is believed without an entry."""
    who = 'signers = ["release"]'
    anywhere = provenance(predicate_v1(builder="https://any.example/builder"))
    assert passes(under(proven(who=who, level=1)), anywhere)
    assert passes(under(proven(who=who, level=0)), anywhere)
    for level in (2, 3):
        assert failed(under(proven(who=who, level=level)), anywhere) == ("provenance.level",)
    assert failed(under(proven(who=who, level=1)), provenance(signer=stranger())) == ("provenance",)


def test_a_builder_entry_and_a_named_signer_together_are_worth_what_the_entry_says() -> None:
    """Rule 11."""
    who = 'builders = ["release"]\nsigners = ["release"]'
    other = provenance(predicate_v1(builder="https://any.example/builder"))
    assert passes(under(proven(who=who)), provenance())
    assert failed(under(proven(who=who)), other) == ("provenance.level",)
    assert passes(under(proven(who=who, level=1)), other)


def test_a_level_above_every_named_builders_is_a_warning() -> None:
    """Section 4: it is said, because no image can pass."""
    low = BUILDER.replace("level = 3", "level = 2")
    assert any("level 3 is above" in warning.text for warning in policy(under(proven(), low)).warnings)
    assert not any("is above" in warning.text for warning in policy(under(proven(level=2), low)).warnings)


# Who signs for whom.


def test_a_workflow_that_signs_for_another_workflow_is_not_that_builder() -> None:
    """Rule 12: where both are GitHub workflows they are equal, ref included."""
    loose = """
[builders.release]
id = { glob = "https://github.com/acme/**@refs/**" }
signers = ["release"]
level = 3
"""
    text = under(proven(), loose)
    assert passes(text, provenance())
    for other in (WORKFLOW.replace(MAIN, "refs/heads/next"), WORKFLOW.replace("release.yml", "test.yml"), SCANNER):
        assert failed(text, provenance(predicate_v1(builder=other))) == ("provenance.builder",)
    assert passes(text, provenance(predicate_v1(builder="https://github.com/acme/runners@refs/heads/x")))


def test_id_differs_excuses_an_exact_builder_and_is_invalid_for_a_pattern() -> None:
    """Rule 12."""
    other = BUILDER.replace(f'id = "{WORKFLOW}"', f'id = "{SCANNER}"')
    item = provenance(predicate_v1(builder=SCANNER))
    assert failed(under(proven(), other), item) == ("provenance.builder",)
    assert failed(under(proven(), other + "id-differs = false\n"), item) == ("provenance.builder",)
    assert passes(under(proven(), other + "id-differs = true\n"), item)
    pattern = other.replace(f'"{SCANNER}"', '{ glob = "https://github.com/acme/**@refs/**" }')
    with pytest.raises(InvalidPolicy, match="id-differs needs an exact id"):
        policy(under(proven(), pattern + "id-differs = true\n"))


def test_id_differs_would_excuse_no_pattern_even_if_a_policy_could_say_it() -> None:
    """Rule 12."""
    ours = policy(under(proven(), BUILDER.replace(f'"{WORKFLOW}"', f'"{SCANNER}"') + "id-differs = true\n"))
    claims = read_claims((provenance(predicate_v1(builder=SCANNER)),), limits=Limits())
    builder = ours.builders["release"]
    loose = replace(builder, id=glob("https://github.com/acme/**@refs/**"))
    for entry, outcome in ((builder, Outcome.PASS), (loose, Outcome.FAIL)):
        judged = replace(ours, builders={"release": entry})
        (rule,) = check_image(parse_reference(REFERENCE), claims, judged, digests=(IMAGE,), gaps=(), now=NOW)
        assert {item.check: item.outcome for item in rule.results}["provenance.builder"] is outcome


def test_a_predicate_that_contradicts_itself_fails_where_nobody_names_a_commit() -> None:
    """Rule 12: here it names two refs, of which the first by name is the certificate's."""
    other = dependency(uri=f"git+{REPOSITORY}@refs/heads/x", commit=None)
    evidence = provenance(predicate_v1(dependencies=[other]), signer=github(commit=None))
    assert failed(PROVENANCE_POLICY, evidence) == ("provenance.commit",)
    same = dependency(uri=f"git+{REPOSITORY}@{MAIN}", commit=None)
    assert passes(PROVENANCE_POLICY, provenance(predicate_v1(dependencies=[same]), signer=github(commit=None)))


def test_a_statement_of_which_nothing_was_asked_satisfies_nothing() -> None:
    """Section 9: an empty list of aspects never passes."""
    (read,) = read_claims((provenance(),), limits=Limits()).provenance
    aspect = Aspect(name="builder", passed=True, expected="x", found="x")
    for aspects, satisfies in (((), False), ((aspect,), True), ((aspect, replace(aspect, passed=False)), False)):
        judged = Judged(provenance=read, builders=(), aspects=aspects, repository=None, commits=())
        assert judged.satisfies is satisfies


def test_a_capture_that_stands_for_nothing_is_no_repository() -> None:
    """Until it is bound it matches nothing, its own spelling neither."""
    literal = "https://github.com/acme/{repo}"
    pattern = capturing(literal, How.EXACT)
    assert pattern.names
    assert not _same(pattern, literal)
    assert _same(pattern.bind({"repo": "api"}), REPOSITORY)


def test_one_of_several_sources_or_refs_is_enough() -> None:
    several = proven(source=f'["https://github.com/acme/other", "{REPOSITORY}"]', refs=f'["refs/heads/x", "{MAIN}"]')
    assert passes(under(several), provenance())


def test_id_differs_of_one_entry_does_not_excuse_another() -> None:
    """Rule 12."""
    exact = f'[builders.exact]\nid = "{SCANNER}"\nsigners = ["release"]\nlevel = 3\nid-differs = true\n'
    loose = '[builders.loose]\nid = { glob = "https://github.com/acme/**@refs/**" }\nsigners = ["release"]\nlevel = 3\n'
    item = provenance(predicate_v1(builder=SCANNER))
    assert passes(under(proven(who='builders = ["exact"]'), exact + loose), item)
    assert failed(under(proven(who='builders = ["exact", "loose"]'), exact + loose), item) == ("provenance.builder",)


def test_a_builder_that_is_no_workflow_may_be_signed_for_by_one() -> None:
    """Rule 12: only two GitHub workflows must be equal."""
    builder = BUILDER.replace(f'id = "{WORKFLOW}"', 'id = "https://builder.example/v1"')
    assert passes(under(proven(), builder), provenance(predicate_v1(builder="https://builder.example/v1")))


# From which source.


@pytest.mark.parametrize(
    "repository",
    [f"{REPOSITORY}.git", f"git+{REPOSITORY}", f"git+{REPOSITORY}.git", "https://GITHUB.com/acme/api", REPOSITORY],
)
def test_every_spelling_of_the_source_is_the_source(repository: str) -> None:
    """Rule 12: in the certificate, in the predicate and in the policy."""
    stated = predicate_v1(repository=repository, dependencies=[dependency(uri=f"{repository}@{MAIN}")])
    assert passes(PROVENANCE_POLICY, provenance(stated))
    assert passes(PROVENANCE_POLICY, provenance(stated, signer=plain(WORKFLOW, GITHUB)))
    assert passes(PROVENANCE_POLICY, provenance(signer=github(repository=repository, github_workflow_repository=None)))
    assert passes(under(proven(source=f'["{repository}"]')), provenance())


OTHERS = [
    "https://github.com/acme/ap",
    "https://github.com/acme/api2",
    "https://github.com/acme/api/x",
    "https://github.com/acme",
    "https://github.com/Acme/api",
    "https://github.com/acme/API",
    "https://github.com/mallory/api",
    "https://ada@github.com/acme/api",
    "https://github.com:443/acme/api",
    "http://github.com/acme/api",
    "ssh://git@github.com/acme/api",
    "git@github.com:acme/api.git",
    "https://gitlab.com/acme/api",
    "https://github.com.evil.com/acme/api",
    "acme/api",
]


@pytest.mark.parametrize("repository", OTHERS)
def test_a_certificate_of_another_repository_is_of_another_source(repository: str) -> None:
    """Rule 12, A-T5: compared whole; a fork is another repository, whatever commits it shares."""
    signer = github(repository=repository, github_workflow_repository=None)
    item = provenance(predicate_v1(repository=None), signer=signer)
    assert failed(PROVENANCE_POLICY, item) == ("provenance.source",)
    assert passes(under(proven(source=f'["{repository}"]')), item)
    assert passes(under(proven(source='"any"')), item)


@pytest.mark.parametrize("repository", OTHERS)
def test_a_predicate_of_another_repository_than_its_certificates_agrees_with_neither(repository: str) -> None:
    """SLSA-15: Rule 12: what the predicate states must agree, whatever the policy allows."""
    item = provenance(predicate_v1(repository=repository))
    for source in (f'["{REPOSITORY}"]', f'["{repository}"]', f'["{REPOSITORY}", "{repository}"]', '"any"'):
        assert "provenance.source" in failed(under(proven(source=source)), item)


@pytest.mark.parametrize("repository", OTHERS)
def test_without_a_ci_certificate_the_predicate_names_the_source(repository: str) -> None:
    """SLSA-11: Rule 12: from the fields fixed for that build type."""
    nobody = plain(WORKFLOW, GITHUB)
    assert passes(PROVENANCE_POLICY, provenance(signer=nobody))
    item = provenance(predicate_v1(repository=repository), signer=nobody)
    assert failed(PROVENANCE_POLICY, item) == ("provenance.source",)


def test_a_source_may_be_a_glob_and_hostile_names_do_not_match_it() -> None:
    """Rules 7 and 12."""
    text = under(proven(source='[{ glob = "https://github.com/acme/*" }]'))
    nobody = plain(WORKFLOW, GITHUB)
    for repository in (REPOSITORY, f"{REPOSITORY}.git", "https://github.com/acme/other"):
        assert passes(text, provenance(predicate_v1(repository=repository), signer=nobody))
    for repository in (
        "https://github.com/acme/..",
        "https://github.com/acme/%2e%2e",
        "https://github.com/acme/",
        "https://github.com/acme/a/b",
        "https://x@github.com/acme/api",
        "https://github.com/acme/api\n",
    ):
        assert failed(text, provenance(predicate_v1(repository=repository), signer=nobody)) == ("provenance.source",)


def test_an_unknown_build_type_has_no_source_but_its_certificates() -> None:
    """Rule 12."""
    predicate = predicate_v1(build_type="https://example.test/bt/v1")
    assert passes(PROVENANCE_POLICY, provenance(predicate))
    for source in (f'["{REPOSITORY}"]', '[{ glob = "https://**" }]', "[{ regex = '.*' }]"):
        refused = failed(under(proven(source=source)), provenance(predicate, signer=plain(WORKFLOW, GITHUB)))
        assert refused == ("provenance.source", "provenance.ref")
    anything = under(proven(source='"any"', refs='"any"'))
    assert passes(anything, provenance(predicate, signer=plain(WORKFLOW, GITHUB)))


def test_what_the_predicate_omits_is_no_disagreement() -> None:
    """Rule 12."""
    assert passes(PROVENANCE_POLICY, provenance(predicate_v1(external={}, dependencies=[])))
    assert passes(PROVENANCE_POLICY, provenance(predicate_v1(ref=None, dependencies=[])))


def test_an_old_certificate_means_github_and_counts_only_from_github() -> None:
    """Rule 12: slsa-github-generator v1.4.0's certificate has only the old extensions."""
    old = {"github_workflow_repository": "acme/api", "github_workflow_ref": MAIN, "github_workflow_sha": HEAD}
    assert passes(PROVENANCE_POLICY, provenance(signer=plain(WORKFLOW, GITHUB, **old)))
    other = under(proven()).replace(GITHUB, "https://ci.example")
    assert not passes(other, provenance(signer=plain(WORKFLOW, "https://ci.example", **old)))
    assert passes(other, provenance(signer=github(issuer="https://ci.example")))


@pytest.mark.parametrize(
    ("extension", "value"),
    [
        ("github_workflow_repository", "mallory/api"),
        ("github_workflow_ref", "refs/heads/evil"),
        ("github_workflow_sha", EARLIER),
    ],
)
def test_a_certificate_whose_old_and_new_extensions_disagree_proves_nothing(extension: str, value: str) -> None:
    """SLSA-15: Rule 12."""
    signer = github(**{extension: value})
    for text in (PROVENANCE_POLICY, under(proven(source='"any"', refs='"any"'))):
        for predicate in (predicate_v1(), predicate_v1(external={}, dependencies=[])):
            assert not passes(text, provenance(predicate, signer=signer))
            assert passes(text, provenance(predicate))


@pytest.mark.parametrize(
    ("extension", "value"), [("github_workflow_repository", "mallory/api"), ("github_workflow_ref", "refs/heads/evil")]
)
def test_a_disagreeing_certificate_proves_nothing_where_no_commit_is_named(extension: str, value: str) -> None:
    """Rule 12: old and new forms must agree."""
    predicate = predicate_v1(dependencies=[])
    assert passes(PROVENANCE_POLICY, provenance(predicate, signer=github(commit=None)))
    assert not passes(PROVENANCE_POLICY, provenance(predicate, signer=github(commit=None, **{extension: value})))


def test_a_commit_that_only_the_certificate_can_know_must_agree() -> None:
    """Rule 12: Buildkite's certificates name the commit and no repository."""
    signer = plain(WORKFLOW, GITHUB, source_repository_digest=HEAD)
    assert passes(PROVENANCE_POLICY, provenance(signer=signer))
    assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(commit=EARLIER), signer=signer))


@pytest.mark.parametrize("absent", ["commit", "ref"])
def test_a_fact_that_the_certificate_lacks_is_the_predicates(absent: str) -> None:
    """Rule 12: from the certificate "where it has them", else from the build type's fields.

    Fulcio's certificates for CircleCI and Codefresh name a repository and a ref and never a commit.
    """
    text = under(proven(refs='"any"')) if absent == "ref" else PROVENANCE_POLICY
    lacking = {"source-repository-ref", "github-workflow-ref"}
    if absent == "commit":
        lacking = {"source-repository-digest", "github-workflow-sha"}
    whole = github().extensions.items()
    facts = {name.replace("-", "_"): value for name, value in whole if name not in lacking}
    assert passes(text, provenance(signer=plain(WORKFLOW, GITHUB, **facts)))


# From which ref and commit.


@pytest.mark.parametrize(
    ("refs", "ref", "holds"),
    [
        (f'["{MAIN}"]', MAIN, True),
        (f'["{MAIN}"]', "refs/heads/mainx", False),
        (f'["{MAIN}"]', "refs/heads/Main", False),
        (f'["{MAIN}"]', "refs/tags/main", False),
        (f'["{MAIN}"]', "main", False),
        (f'["{MAIN}"]', "refs/pull/1/merge", False),
        ('["refs/tags/v*"]', "refs/tags/v1.2", True),
        ('["refs/tags/v*"]', "refs/tags/v", False),
        ('["refs/tags/v*"]', "refs/tags/v1/x", False),
        ('["refs/tags/v*"]', "refs/heads/v1", False),
        ('["refs/heads/release/**"]', "refs/heads/release/1/2", True),
        ('["refs/heads/release/**"]', "refs/heads/release", False),
        (f'["refs/tags/v*", "{MAIN}"]', MAIN, True),
        ('"any"', "refs/pull/1/merge", True),
    ],
)
def test_the_ref_must_be_one_that_the_rule_names(*, refs: str, ref: str, holds: bool) -> None:
    """Section 4: refs are globs."""
    signer = github(ref=ref)
    item = provenance(predicate_v1(ref=ref), signer=signer)
    assert failed(under(proven(refs=refs)), item) == (() if holds else ("provenance.ref",))


def test_a_ref_or_commit_that_disagrees_with_the_certificate_fails() -> None:
    """SLSA-12: Rule 12: whatever the rule allows."""
    assert failed(PROVENANCE_POLICY, provenance(predicate_v1(commit=EARLIER))) == ("provenance.commit",)
    other = provenance(predicate_v1(ref="refs/heads/evil"))
    for refs in (f'["{MAIN}"]', '["refs/heads/*"]', '["refs/heads/evil"]', '"any"'):
        assert "provenance.ref" in failed(under(proven(refs=refs)), other)
    assert passes(under(proven(refs='"any"')), provenance())


def test_a_ref_that_the_dependency_contradicts_fails() -> None:
    """Rule 12: a predicate that contradicts itself does not agree."""
    for signer in (github(), plain(WORKFLOW, GITHUB)):
        for ref in ("refs/heads/evil", "refs/heads/next", "refs/tags/v1"):
            entry = dependency(uri=f"git+{REPOSITORY}@{ref}")
            assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(dependencies=[entry]), signer=signer))
        assert passes(PROVENANCE_POLICY, provenance(predicate_v1(dependencies=[dependency()]), signer=signer))


def test_a_ref_that_a_material_contradicts_fails() -> None:
    """Rule 12: configSource says refs/heads/other, the certificate and a material say refs/heads/main."""
    entry = {"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"sha1": HEAD}}
    predicate = predicate_v02(uri=f"git+{REPOSITORY}@refs/heads/other", materials=[entry])
    assert passes(PROVENANCE_POLICY, provenance(predicate_v02(), predicate_type=SLSA_V02))
    assert not passes(PROVENANCE_POLICY, provenance(predicate, predicate_type=SLSA_V02))


def test_a_ref_that_is_stated_without_a_repository_must_agree() -> None:
    """Rule 12: what the predicate states must agree."""
    assert passes(PROVENANCE_POLICY, provenance(predicate_v1(repository=None, ref=MAIN)))
    assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(repository=None, ref="refs/heads/evil")))


def test_a_commit_that_is_stated_without_a_repository_must_agree() -> None:
    """Rule 12: the certificate's own repository stands in the list, with another commit than the certificate's."""
    assert passes(PROVENANCE_POLICY, provenance(predicate_v1(repository=None, ref=None)))
    assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(repository=None, ref=None, commit=EARLIER)))


def test_a_ref_at_the_end_of_the_stated_repository_must_agree() -> None:
    """Rule 12."""
    for ref, holds in ((MAIN, True), ("refs/heads/evil", False)):
        predicate = predicate_v1(repository=f"{REPOSITORY}@{ref}", ref=None, dependencies=[])
        assert passes(PROVENANCE_POLICY, provenance(predicate)) is holds


@pytest.mark.parametrize("commit", [EARLIER[:12], "ABCDEF0123" * 4, "main", 5])
def test_a_commit_that_is_stated_and_is_none_does_not_agree(commit: object) -> None:
    """Rule 12, A-T6: what the predicate states must agree; a short or upper-case hash states another commit."""
    assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(dependencies=[dependency(commit=commit)])))


@pytest.mark.parametrize("stated", [["https://github.com/mallory/api"], {"uri": REPOSITORY}, 5])
def test_a_repository_of_another_type_is_stated_and_does_not_agree(stated: object) -> None:
    """Rule 12, A-T18: only null, empty and unset are the same as absent."""
    assert not passes(PROVENANCE_POLICY, provenance(predicate_v1(repository=stated, dependencies=[])))


@pytest.mark.parametrize("materials", [[], [{"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"sha1": HEAD}}]])
def test_the_commit_of_a_config_source_without_a_uri_must_agree(materials: object) -> None:
    """Rule 12: configSource is the source, whether or not it says where that lies."""
    for digest, agrees in (({"sha1": HEAD}, True), ({"sha1": EARLIER}, False)):
        predicate = predicate_v02(uri=None, digest=digest, materials=materials)
        assert passes(PROVENANCE_POLICY, provenance(predicate, predicate_type=SLSA_V02)) is agrees


@pytest.mark.parametrize(
    "predicate",
    [
        predicate_v1(external={"workflow": [{"repository": "https://github.com/mallory/api"}]}, dependencies=[]),
        predicate_v1(external=[{"workflow": {"ref": "refs/heads/evil"}}], dependencies=[]),
        predicate_v1(dependencies=dependency(commit=EARLIER)),
        predicate_v1(dependencies=[dependency(digest=[{"gitCommit": EARLIER}])]),
        predicate_v1(dependencies=[dependency(uri=[f"git+{REPOSITORY}"], commit=EARLIER)]),
    ],
)
def test_a_fact_inside_a_value_of_another_type_is_stated_and_does_not_agree(predicate: dict[str, object]) -> None:
    """Rule 12, A-T18: what a text of another type says is what an object of another type says."""
    assert not passes(PROVENANCE_POLICY, provenance(predicate))


@pytest.mark.parametrize(
    "dependencies",
    [
        [dependency(commit=HEAD), dependency(commit=EARLIER)],
        [dependency(commit=None, digest={"gitCommit": HEAD, "sha1": EARLIER})],
    ],
)
def test_two_commits_in_one_statement_fail(dependencies: list[object]) -> None:
    """Rule 17, A-T7: with a certificate that names one of them, and without."""
    for signer in (github(), plain(WORKFLOW, GITHUB)):
        item = provenance(predicate_v1(dependencies=dependencies), signer=signer)
        assert failed(PROVENANCE_POLICY, item) == ("provenance.commit",)
        assert passes(PROVENANCE_POLICY, provenance(signer=signer))


# The two formats, and those who write them.


def test_two_commits_are_no_commit_though_their_witness_sees_no_conflict_in_them() -> None:
    """Rule 17. No reader of claims says two commits without calling it a conflict; the check does not lean on that."""
    evidence = provenance(predicate_v1(), signer=github(commit=None))
    claims = read_claims((evidence,), limits=Limits())
    (read,) = claims.provenance
    ours = policy(PROVENANCE_POLICY)
    for commits, outcome in (((HEAD,), Outcome.PASS), ((HEAD, OTHER), Outcome.FAIL)):
        two = replace(claims, provenance=(replace(read, stated=replace(read.stated, commits=commits)),))
        (rule,) = check_image(parse_reference(REFERENCE), two, ours, digests=(IMAGE,), gaps=(), now=NOW)
        found = {result.check: result for result in rule.results}["provenance.commit"]
        assert found.outcome is outcome
    assert found.found == "2 commits"


@pytest.mark.parametrize("version", ["v1.4.0", "v2.1.0"])
def test_provenance_of_the_slsa_generator_passes_for_the_repository_that_called_it(version: str) -> None:
    """Rules 11 and 12: the generator's workflow signs, the certificate names the caller's repository."""
    builder = f"{GENERATOR}@refs/tags/{version}"
    text = f"""
version = 1
[signers.generator]
issuer = "{GITHUB}"
identity = {{ glob = "{GENERATOR}@refs/tags/v*" }}
[builders.release]
id = {{ glob = "{GENERATOR}@refs/tags/v*" }}
signers = ["generator"]
level = 3
{RULE}{PROVEN}"""
    predicate = predicate_v02(builder=builder, build_type=GENERATOR_BUILD)
    item = provenance(predicate, signer=github(builder), predicate_type=SLSA_V02)
    assert passes(text, item)
    assert failed(text.replace("acme/api", "acme/web"), item) == ("provenance.source",)
    other = f"{GENERATOR}@refs/tags/v1.0.0"
    mixed = provenance(predicate, signer=github(other), predicate_type=SLSA_V02)
    assert failed(text, mixed) == ("provenance.builder",)
    branch = github(f"{GENERATOR}@{MAIN}")
    assert failed(text, provenance(predicate, signer=branch, predicate_type=SLSA_V02)) == ("provenance",)


GITLAB_CONFIG = f"https://gitlab.com/acme/api//.gitlab-ci.yml@{MAIN}"
GITLAB_RUNNER = "https://gitlab.com/acme/api/-/runners/7"


def gitlab(repository: str = "https://gitlab.com/acme/api", commit: str = HEAD) -> Identity:
    """A GitLab job as Fulcio certifies it."""
    return plain(
        GITLAB_CONFIG,
        GITLAB,
        source_repository_uri=repository,
        source_repository_ref=MAIN,
        source_repository_digest=commit,
        runner_environment="gitlab-hosted",
    )


@pytest.mark.parametrize("predicate_type", [SLSA_V1, SLSA_V02])
def test_provenance_of_gitlabs_runner_passes_with_its_commit_under_sha256(predicate_type: str) -> None:
    """Rule 12."""
    uri = "https://gitlab.com/acme/api"
    text = f"""
version = 1
[signers.gitlab]
issuer = "{GITLAB}"
identity = "{GITLAB_CONFIG}"
[builders.release]
id = {{ glob = "https://gitlab.com/acme/api/-/runners/*" }}
signers = ["gitlab"]
level = 2
{RULE}{proven(level=2, source=f'["{uri}"]')}"""

    def made(commit: str = HEAD, source: str = uri, signer: Identity | None = None) -> Verified:
        digest = {"sha256": commit}
        if predicate_type == SLSA_V1:
            predicate = predicate_v1(
                builder=GITLAB_RUNNER,
                build_type=GITLAB_BUILD,
                external={"source": source, "entryPoint": "build"},
                dependencies=[{"uri": source, "digest": digest}],
            )
        else:
            predicate = predicate_v02(builder=GITLAB_RUNNER, build_type=GITLAB_BUILD, uri=source, digest=digest)
        return provenance(predicate, signer=signer or gitlab(), predicate_type=predicate_type)

    assert passes(text, made())
    assert failed(text, made(commit=EARLIER)) == ("provenance.commit",)
    assert "provenance.source" in failed(text, made(source="https://gitlab.com/mallory/api"))
    assert failed(text, made(signer=gitlab(repository="https://gitlab.com/mallory/api"))) == ("provenance.source",)
    assert failed(text, made(signer=plain(GITLAB_CONFIG, GITLAB))) == ("provenance.ref",)


# One statement.


def test_two_statements_that_are_half_right_each_are_not_one_that_is_right() -> None:
    """Rule 10: one and the same statement must satisfy every aspect."""
    branch = github(ref="refs/heads/next")
    wrong_ref = provenance(predicate_v1(ref="refs/heads/next"), signer=branch)
    wrong_source = provenance(predicate_v1(repository="https://github.com/acme/web"), signer=github())
    assert failed(PROVENANCE_POLICY, wrong_ref) == ("provenance.ref",)
    assert failed(PROVENANCE_POLICY, wrong_source) == ("provenance.source",)
    for pair in ((wrong_ref, wrong_source), (wrong_source, wrong_ref)):
        assert not passes(PROVENANCE_POLICY, *pair)
        assert len(failed(PROVENANCE_POLICY, *pair)) == 1
    assert passes(PROVENANCE_POLICY, wrong_ref, wrong_source, provenance())


def test_the_nearest_statement_is_the_one_reported() -> None:
    """Rule 10: of those whose signer and builder are accepted."""
    far = provenance(predicate_v1(repository="https://github.com/acme/web", ref="refs/heads/x", commit=EARLIER))
    near = provenance(predicate_v1(commit=EARLIER))
    unaccepted = provenance(signer=stranger())
    assert failed(PROVENANCE_POLICY, far, near, unaccepted) == ("provenance.commit",)
    assert failed(PROVENANCE_POLICY, unaccepted) == ("provenance",)


def test_several_statements_that_satisfy_are_all_right() -> None:
    """Rule 10."""
    again = provenance(signed_at=NOW - timedelta(days=2))
    assert passes(PROVENANCE_POLICY, provenance(), again)
    result = judge(PROVENANCE_POLICY, provenance(), again).results[0]
    assert len(result.evidence) == 2


def test_provenance_counts_to_the_second_of_its_age() -> None:
    """A-T31: judged on the verified time."""
    text = under(proven() + 'max-age = "90d"\n')
    edge = NOW - timedelta(days=90)
    assert passes(text, provenance(signed_at=edge))
    assert failed(text, provenance(signed_at=edge - SECOND)) == ("provenance.age",)
    assert passes(PROVENANCE_POLICY, provenance(signed_at=edge - SECOND))


# The section.


@pytest.mark.parametrize("missing", ["builders", "level", "source", "refs"])
def test_what_provenance_needs_must_be_spelled(missing: str) -> None:
    """Rule 19: absence never widens."""
    lines = [line for line in PROVEN.splitlines() if not line.startswith(missing)]
    with pytest.raises(InvalidPolicy):
        policy(under("\n".join(lines)))
    assert loads(under(PROVEN))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'source = ["{REPOSITORY}"]', "source = []"),
        (f'source = ["{REPOSITORY}"]', 'source = "all"'),
        (f'refs = ["{MAIN}"]', "refs = []"),
        (f'refs = ["{MAIN}"]', 'refs = ["main"]'),
        (f'refs = ["{MAIN}"]', 'refs = ["**"]'),
        ('builders = ["release"]', "builders = []"),
        ('builders = ["release"]', 'builders = ["relese"]'),
        ('builders = ["release"]', 'builders = "any"'),
        ("level = 3", "level = 4"),
        ("level = 3", "level = -1"),
        ("level = 3", "level = true"),
    ],
)
def test_a_section_that_could_mean_anything_is_invalid(before: str, after: str) -> None:
    """SLSA-9: Rule 19, A-T35."""
    section = PROVEN.replace(before, after)
    assert section != PROVEN
    with pytest.raises(InvalidPolicy):
        policy(under(section))


@pytest.mark.parametrize("builder", ["\ud800", f"{WORKFLOW}\udfff"])
def test_a_strangers_provenance_of_an_impossible_builder_changes_nothing(builder: str) -> None:
    """Section 5: a junk candidate beside a good one changes nothing; JSON can spell half a character."""
    pattern = BUILDER.replace(f'id = "{WORKFLOW}"', 'id = { glob = "https://github.com/acme/**@refs/**" }')
    assert passes(under(PROVEN, pattern), provenance())
    assert passes(under(PROVEN, pattern), provenance(), provenance(predicate_v1(builder=builder), signer=stranger()))


def test_a_signer_without_a_builder_entry_is_not_excused() -> None:
    """Rule 12: only a builder entry can say `id-differs`."""
    text = under(proven(who='signers = ["release"]', level=1))
    assert failed(text, provenance(predicate_v1(builder=SCANNER))) == ("provenance.builder",)
    assert passes(text, provenance())


def test_someone_who_is_no_workflow_may_sign_for_one() -> None:
    """Rule 12: where both contain /.github/workflows/, and only there."""
    text = under(proven(), BUILDER.replace('signers = ["release"]', 'signers = ["people"]'))
    assert passes(text, provenance(signer=plain("ada@acme.com")))
    assert failed(text, provenance()) == ("provenance",)


def test_a_refusal_says_which_builders_and_signers_there_were() -> None:
    """A-T36: escaped."""
    found = judge(PROVENANCE_POLICY, provenance(predicate_v1(builder="https://evil\n"))).found("provenance")
    assert r"'https://evil\n'" in found
    assert "which is not" not in found
    found = judge(PROVENANCE_POLICY, provenance(predicate_v1(builder=None), signer=stranger())).found("provenance")
    assert "no builder.id" in found
    assert "mallory/api" in found
    assert "no SLSA provenance" in judge(PROVENANCE_POLICY, signature()).found("provenance")
