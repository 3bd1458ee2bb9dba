"""Presets of builders: what each means, that an entry may only narrow it, and that a policy must name it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.policy.parties import CertificateHolder, KeyHolder
from gate.policy.presets import PRESETS
from gate.policy.problems import schema
from tests.evidence import (
    GITHUB,
    MAIN,
    NOW,
    REPOSITORY,
    RULE,
    SIGNERS,
    SLSA_V02,
    WORKFLOW,
    failed,
    github,
    keyed,
    loads,
    passes,
    plain,
    policy,
    predicate_v02,
    predicate_v1,
    provenance,
    stranger,
)

if TYPE_CHECKING:
    from gate.verification import Verified

GENERATORS = {
    "github-slsa-generator-container": "generator_container_slsa3.yml",
    "github-slsa-generator-generic": "generator_generic_slsa3.yml",
    "github-slsa-builder-go": "builder_go_slsa3.yml",
    "github-slsa-builder-container-based": "builder_container-based_slsa3.yml",
}
SIGNED_BY_A_JOB = ("github-artifact-attestations", "gitlab-runner", "tekton-chains")
WORKFLOWS = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows"


def entry(preset: str, *lines: str, level: int = 1, trust: str = "", refs: str = f'["{MAIN}"]') -> str:
    builder = "\n".join(("\n[builders.known]", f'preset = "{preset}"', *lines))
    section = f'\n[rules.provenance]\nbuilders = ["known"]\nlevel = {level}\nsource = ["{REPOSITORY}"]\nrefs = {refs}\n'
    return trust + SIGNERS + builder + RULE + section


def problems(text: str) -> str:
    with pytest.raises(InvalidPolicy) as refused:
        policy(text)
    return "\n".join(refused.value.problems)


def generated(workflow: str, *, ref: str = "refs/tags/v2.1.0", signer: str = "", root: str = "public-good") -> Verified:
    """What a reusable workflow of the generator makes for acme/api."""
    builder = f"{WORKFLOWS}/{workflow}@{ref}"
    evidence = provenance(predicate_v02(builder=builder), signer=github(signer or builder), predicate_type=SLSA_V02)
    assert evidence.root == "public-good"
    return evidence


def test_the_schema_lists_the_presets_there_are() -> None:
    assert schema()["$defs"]["builder"]["properties"]["preset"]["enum"] == list(PRESETS)
    assert {name for name, item in PRESETS.items() if item.signers is None} == set(SIGNED_BY_A_JOB)
    assert all(item.source and 1 <= item.level <= 3 for item in PRESETS.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_shown_in_the_policys_language(preset: str) -> None:
    entry = PRESETS[preset].entry()
    assert entry["level"] == PRESETS[preset].level
    assert ("signers" in entry) == (preset not in SIGNED_BY_A_JOB)
    assert json.dumps(entry)


@pytest.mark.parametrize(("preset", "workflow"), GENERATORS.items())
def test_a_generators_own_workflow_signs_for_it_whoever_calls_it(preset: str, workflow: str) -> None:
    text = entry(preset, level=3)
    assert passes(text, generated(workflow))
    for other in set(GENERATORS.values()) - {workflow}:
        assert failed(text, generated(other)) == ("provenance",)
    assert failed(text, generated(workflow, ref="refs/heads/main")) == ("provenance",)
    assert failed(text, generated(workflow, ref="refs/tags/v2.1.0-rc.0")) == ("provenance",)
    assert failed(text, generated(workflow, signer=WORKFLOW)) == ("provenance",)
    assert failed(text, generated(workflow, signer=f"{WORKFLOWS}/{workflow}@refs/tags/v2.0.0")) == (
        "provenance.builder",
    )
    fork = generated(workflow, signer=f"{WORKFLOWS}/{workflow}@refs/tags/v2.1.0".replace("slsa-framework", "mallory"))
    assert failed(text, fork) == ("provenance",)


def test_a_generators_source_is_judged_as_any_other() -> None:
    """The workflow is everybody's: the source is what makes it ours."""
    builder = f"{WORKFLOWS}/generator_container_slsa3.yml@refs/tags/v2.1.0"
    theirs = github(builder, repository="https://github.com/mallory/api")
    predicate = predicate_v02(builder=builder, uri=f"git+https://github.com/mallory/api@{MAIN}")
    text = entry("github-slsa-generator-container", level=3)
    assert failed(text, provenance(predicate, signer=theirs, predicate_type=SLSA_V02)) == ("provenance.source",)


def test_a_presets_signer_is_certified_by_the_public_good_instance() -> None:
    """Rule 2: another root may certify whom it likes."""
    text = entry("github-slsa-generator-container", trust='[trust]\nroots = ["github"]\n').replace(
        "\nversion = 1\n", "\n"
    )
    assert "name that in trust.roots" in problems(f"version = 1\n{text}")
    both = text.replace('["github"]', '["github", "public-good"]').replace("identity =", 'root = "github"\nidentity =')
    assert loads(f"version = 1\n{both}")
    assert (
        policy(f"version = 1\n{both}").signers["preset:github-slsa-generator-container/workflow"].root == "public-good"
    )


def test_artifact_attestations_are_of_whoever_signs() -> None:
    """`id` is the signer's own identity: a tenant's workflow signs, and is the builder."""
    text = entry("github-artifact-attestations", 'signers = ["release", "people"]', level=2)
    assert passes(text, provenance())
    assert failed(text.replace("level = 2", "level = 3"), provenance()) == ("provenance.level",)
    assert failed(text, provenance(signer=stranger())) == ("provenance",)
    assert failed(text, provenance(predicate_v1(builder="https://github.com/actions/runner/github-hosted"))) == (
        "provenance",
    )
    other = WORKFLOW.replace("release.yml", "other.yml")
    assert failed(text, provenance(predicate_v1(builder=other))) == ("provenance",)
    key = keyed(provenance(predicate_v1(builder=f"key sha256:{'0' * 64}")), "0" * 64)
    assert failed(text, key) == ("provenance",)
    assert failed(text, provenance(signer=github(runner="self-hosted"))) == ("provenance.level",)


def test_gitlabs_runner_is_worth_one() -> None:
    text = entry("gitlab-runner", 'signers = ["people"]', level=1)
    ada = plain("ada@acme.com")
    assert passes(text, provenance(predicate_v1(builder="https://gitlab.com/acme/api/-/runners/1"), signer=ada))
    for builder in ("https://gitlab.example/acme/api/-/runners/1", "https://gitlab.com/-/runners/1",
                    "https://gitlab.com/acme/api/-/runners/1/2"):  # fmt: skip
        assert failed(text, provenance(predicate_v1(builder=builder), signer=ada)) == ("provenance",)


def test_chains_has_one_id() -> None:
    text = entry("tekton-chains", 'signers = ["people"]', level=2)
    for builder, holds in (("https://tekton.dev/chains/v2", True), ("https://tekton.dev/chains/v2/x", False)):
        assert passes(text, provenance(predicate_v1(builder=builder), signer=plain("ada@acme.com"))) is holds


def test_googles_keys_sign_and_nobody_else() -> None:
    loaded = policy(entry("google-cloud-build", level=3))
    keys = {name: signer for name, signer in loaded.signers.items() if name.startswith("preset:google-cloud-build/")}
    assert len(keys) == 2
    assert keys.keys() == loaded.builders["known"].signers
    for signer in keys.values():
        assert isinstance(signer.holder, KeyHolder)
        evidence = provenance(predicate_v1(builder="https://cloudbuild.googleapis.com/GoogleHostedWorker"))
        text = entry("google-cloud-build", level=3)
        assert passes(text, keyed(evidence, signer.holder.fingerprint, logged=False))
        assert failed(text, keyed(evidence, "0" * 64)) == ("provenance",)
        assert failed(text, evidence) == ("provenance",)
        local = provenance(predicate_v1(builder="https://cloudbuild.googleapis.com/GoogleHostedWorker@v9"))
        assert failed(text, keyed(local, signer.holder.fingerprint)) == ("provenance",)


def test_an_age_of_googles_is_that_of_the_build() -> None:
    """Rule 5: no log saw it, so that only the time inside counts; the presets say where it stands."""
    loaded = policy(entry("google-cloud-build"))
    holder = loaded.signers["preset:google-cloud-build/v1"].holder
    assert isinstance(holder, KeyHolder)
    predicate = predicate_v1(builder="https://cloudbuild.googleapis.com/GoogleHostedWorker")
    text = entry("google-cloud-build", level=3) + 'max-age = "3d"\n'
    for finished, holds in ((NOW.isoformat(), True), ("2026-11-19T12:00:00.1234567Z", False)):
        predicate["runDetails"] |= {"metadata": {"finishedOn": finished}}  # type: ignore[operator]
        assert passes(text, keyed(provenance(predicate), holder.fingerprint, times=(), logged=False)) is holds


def test_a_preset_counts_only_where_it_is_named() -> None:
    evidence = generated("generator_container_slsa3.yml")
    own = '\n[builders.known]\nid = "https://x.example"\nsigners = ["release"]\nlevel = 3\n'
    text = entry("github-slsa-generator-container")
    assert failed(SIGNERS + own + RULE + text.split(RULE)[1], evidence) == ("provenance",)
    two = text.replace("[builders.known]", f"{own}[builders.generator]")
    assert failed(two, evidence) == ("provenance",)
    assert passes(two.replace('builders = ["known"]', 'builders = ["generator"]'), evidence)


@pytest.mark.parametrize("preset", GENERATORS)
def test_no_rule_can_name_a_presets_signer(preset: str) -> None:
    """It is everybody's workflow: what it signs is no signature of ours."""
    name = f"preset:{preset}/workflow"
    assert f"'{name}' is not defined under [signers]" in problems(
        entry(preset) + f'\n[rules.signature]\nsigners = ["{name}"]\n'
    )
    mine = f'\n[signers."{name}"]\nissuer = "{GITHUB}"\nidentity = "x"\n'
    assert "names that begin with preset: are those of presets" in problems(
        entry(preset).replace("\n[builders", mine + "\n[builders")
    )


def test_a_level_may_only_be_lowered() -> None:
    """SLSA-1."""
    evidence = generated("generator_container_slsa3.yml")
    low = entry("github-slsa-generator-container", "level = 2", level=3)
    assert failed(low, evidence) == ("provenance.level",)
    assert passes(entry("github-slsa-generator-container", "level = 2", level=2), evidence)
    assert "is worth 1 at most" in problems(entry("gitlab-runner", 'signers = ["people"]', "level = 2"))


@pytest.mark.parametrize("preset", PRESETS)
def test_who_signs_is_said_once(preset: str) -> None:
    if preset in SIGNED_BY_A_JOB:
        assert "name it under signers" in problems(entry(preset))
        assert loads(entry(preset, 'signers = ["release"]'))
    else:
        assert "signs itself" in problems(entry(preset, 'signers = ["release"]'))
        assert loads(entry(preset))


def test_an_entry_with_a_preset_has_no_other_id_and_an_unknown_preset_is_none() -> None:
    assert "the preset has an id" in problems(entry("google-cloud-build", 'id = "https://x.example"'))
    assert "did you mean 'google-cloud-build'?" in problems(entry("google-cloud-builds"))
    text = entry("github-artifact-attestations", 'signers = ["release"]', "id-differs = true")
    assert "id-differs needs an exact id" in problems(text)
    assert "the key 'id' is missing" in problems(entry("x").replace('preset = "x"', 'signers = ["release"]\nlevel = 1'))


def test_a_presets_certificate_signer_is_an_identity_of_github() -> None:
    signer = policy(entry("github-slsa-builder-go")).signers["preset:github-slsa-builder-go/workflow"]
    assert isinstance(signer.holder, CertificateHolder)
    assert signer.holder.issuer.matches(GITHUB)
    assert not signer.holder.issuer.matches(f"{GITHUB}.evil.example")
