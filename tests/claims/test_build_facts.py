"""A verified statement becomes a provenance with the fields of its own build type, or none (rules 1, 10, 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.claims import read_claims
from gate.claims.provenance import Provenance, read_provenance
from gate.claims.source import Source, is_commit
from gate.limits import Limits
from tests.evidence import (
    EARLIER,
    GENERATOR_BUILD,
    GITHUB_BUILD,
    GITLAB_BUILD,
    GOOGLE,
    HEAD,
    MAIN,
    OTHER,
    REPOSITORY,
    SLSA_V02,
    SLSA_V1,
    WORKFLOW,
    attestation,
    dependency,
    plain,
    predicate_v02,
    predicate_v1,
    provenance,
    rejected,
    signature,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.verification import Verified


def read(evidence: Verified) -> Provenance:
    found = read_provenance(evidence)
    assert found is not None
    return found


def v1(predicate: Mapping[str, object]) -> Provenance:
    return read(provenance(predicate, signer=plain("x")))


def v02(predicate: Mapping[str, object]) -> Provenance:
    return read(provenance(predicate, signer=plain("x"), predicate_type=SLSA_V02))


@pytest.mark.parametrize(
    "predicate_type",
    [
        f"{SLSA_V1}/",
        f"{SLSA_V1}.0",
        f"{SLSA_V1}?x",
        SLSA_V1.upper(),
        SLSA_V1.replace("https", "http"),
        f"{SLSA_V1} ",
        "https://slsa.dev/provenance/v0.1/",
        "https://slsa.dev/provenance/v0.3",
        "https://slsa.dev/provenance/v2",
        "https://slsa.dev/provenance",
        "slsaprovenance1",
    ],
)
def test_a_predicate_type_beside_the_three_is_no_provenance(predicate_type: str) -> None:
    """SLSA-8: A-T28: byte for byte."""
    assert read_provenance(provenance(predicate_type=predicate_type)) is None
    assert read_provenance(provenance()) is not None


@pytest.mark.parametrize("version", ["v0.1", "v0.2", "v0.3", "v9"])
@pytest.mark.parametrize("predicate_type", [SLSA_V1, SLSA_V02])
def test_an_agents_run_is_no_build(version: str, predicate_type: str) -> None:
    """Rule 1: a provenance whose buildType is an agent-commit format is never build provenance."""
    build_type = f"https://refs.arewm.com/agent-commit/{version}"
    predicate = (
        predicate_v1(build_type=build_type) if predicate_type == SLSA_V1 else predicate_v02(build_type=build_type)
    )
    assert read_provenance(provenance(predicate, predicate_type=predicate_type)) is None


def test_only_what_is_verified_is_read() -> None:
    """Rule 1."""
    claims = read_claims((signature(), rejected(), attestation(), provenance()), limits=Limits())
    assert (len(claims.verified), len(claims.rejected), len(claims.provenance)) == (3, 1, 1)


@pytest.mark.parametrize(
    "build_type", [GITHUB_BUILD, "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1"]
)
def test_a_github_workflow_states_repository_ref_and_commit(build_type: str) -> None:
    """Rule 12."""
    found = v1(predicate_v1(build_type=build_type))
    assert (found.builder_id, found.build_type, found.certified) == (WORKFLOW, build_type, None)
    assert (found.stated.repository, found.stated.ref, found.stated.commits) == (REPOSITORY, MAIN, (HEAD,))
    assert found.stated.conflict is None


@pytest.mark.parametrize(
    "build_type",
    ["", "https://example.test/bt/v1", f"{GITHUB_BUILD}/", f"{GITHUB_BUILD}@x", GITHUB_BUILD.upper(),
     f"{GITHUB_BUILD}\n", f"x{GITHUB_BUILD}", "https://actionsXgithub.io/buildtypes/workflow/v1", GENERATOR_BUILD,
     5, None, [GITHUB_BUILD]],
)  # fmt: skip
def test_an_unknown_build_type_has_no_source(build_type: object) -> None:
    """Rule 12: its fields are of nobody's making, however much they look like GitHub's."""
    stated = v1(predicate_v1(build_type=build_type)).stated
    assert (stated.repository, stated.ref, stated.commits) == (None, None, ())


def test_the_generators_v02_states_its_config_source() -> None:
    """Rule 12: as slsa-github-generator v1.4.0 and v2.1.0 write it."""
    found = v02(predicate_v02())
    assert (found.builder_id, found.build_type) == (WORKFLOW, GENERATOR_BUILD)
    assert (found.stated.repository, found.stated.ref, found.stated.commits) == (REPOSITORY, MAIN, (HEAD,))
    assert found.stated.conflict is None


@pytest.mark.parametrize("version", ["v15.8.1", "16-0-stable", "main", "3a2b1c"])
def test_gitlabs_runner_states_its_commit_under_sha256_whatever_its_version(version: str) -> None:
    """Rule 12: 40 hex digits under digest.sha256, and the version as a free segment of the build type."""
    uri, digest = "https://gitlab.com/acme/api", {"sha256": HEAD}
    build_type = GITLAB_BUILD.replace("v17.0.0", version)
    new = v1(predicate_v1(build_type=build_type, external={"source": uri},
                          dependencies=[{"uri": uri, "digest": digest}]))  # fmt: skip
    old = v02(predicate_v02(build_type=build_type, uri=uri, digest=digest))
    for found in (new, old):
        assert (found.stated.repository, found.stated.ref, found.stated.commits) == (uri, None, (HEAD,))
        assert found.stated.conflict is None


def test_what_is_listed_for_the_certified_repository_is_stated_where_the_predicate_names_none() -> None:
    """Rule 12: and what is listed for nobody, or for another, is not."""
    entries = [dependency(commit=OTHER), dependency(commit=EARLIER, uri=None), dependency(commit=HEAD, uri="x")]
    predicate = predicate_v1(repository=None, ref=None, dependencies=entries)
    assert read(provenance(predicate)).stated == Source(ref=MAIN, commits=(OTHER,))
    assert v1(predicate).stated == Source()
    assert v1(predicate_v1(repository="x", ref=None, dependencies=entries)).stated == Source(
        repository="x", commits=(HEAD,)
    )


@pytest.mark.parametrize(
    ("builder", "build_type", "missing"),
    [("", GITHUB_BUILD, "builder.id"), (WORKFLOW, "", "buildType"), (None, None, "buildType")],
)
def test_a_provenance_without_a_builder_or_a_build_type_agrees_with_nothing(
    builder: object, build_type: object, missing: str
) -> None:
    """SLSA: both are required."""
    found = v1(predicate_v1(builder=builder, build_type=build_type))
    assert found.stated == Source(conflict=f"the provenance has no {missing}")


@pytest.mark.parametrize("version", ["", "a/b", "../x"])
def test_gitlabs_version_is_one_segment(version: str) -> None:
    """Rule 12."""
    build_type = GITLAB_BUILD.replace("v17.0.0", version)
    assert v1(predicate_v1(build_type=build_type, external={"source": REPOSITORY})).stated.repository is None
    assert v1(predicate_v1(build_type=GITLAB_BUILD, external={"source": REPOSITORY})).stated.repository == REPOSITORY


def test_a_real_sha256_is_no_commit_of_gitlabs() -> None:
    """Rule 12: only 40 digits are a misplaced commit; 64 are the digest of something."""
    entry = {"uri": REPOSITORY, "digest": {"sha256": "a" * 64}}
    stated = v1(predicate_v1(build_type=GITLAB_BUILD, external={"source": REPOSITORY}, dependencies=[entry])).stated
    assert stated.commits == ()


@pytest.mark.parametrize(
    "dependencies",
    [
        [dependency(commit=HEAD), dependency(commit=EARLIER)],
        [dependency(commit=None, digest={"gitCommit": HEAD, "sha1": EARLIER})],
        [dependency(commit=None, digest={"gitCommit": HEAD, "sha256": EARLIER})],
        [dependency(commit=HEAD), dependency(commit=EARLIER, uri=f"{REPOSITORY}.git")],
    ],
)
def test_two_commits_of_one_source_are_a_conflict(dependencies: list[object]) -> None:
    """Rule 17, A-T7: two different ones within one statement fail."""
    stated = v1(predicate_v1(dependencies=dependencies)).stated
    assert set(stated.commits) == {HEAD, EARLIER}
    assert stated.conflict is not None


@pytest.mark.parametrize(
    "dependencies",
    [
        [dependency(commit=HEAD), dependency(commit=HEAD)],
        [dependency(commit=HEAD), dependency(commit=OTHER, uri="git+https://github.com/acme/lib")],
        [dependency(commit=HEAD), dependency(commit=OTHER, uri=None)],
        [dependency(commit=None, digest={"gitCommit": HEAD, "sha1": HEAD})],
    ],
)
def test_one_commit_said_twice_or_another_repositorys_is_no_conflict(dependencies: list[object]) -> None:
    """Rule 17: the twins of the above."""
    stated = v1(predicate_v1(dependencies=dependencies)).stated
    assert (stated.commits, stated.conflict) == ((HEAD,), None)


def test_two_refs_of_one_source_are_a_conflict() -> None:
    """Rule 12: a provenance that contradicts itself agrees with nothing."""
    conflicting = [dependency(uri=f"git+{REPOSITORY}@refs/heads/evil")]
    assert v1(predicate_v1(dependencies=conflicting)).stated.conflict is not None
    assert v1(predicate_v1(dependencies=[dependency(uri=f"git+{REPOSITORY}@{MAIN}")])).stated.conflict is None


@pytest.mark.parametrize(
    ("digest", "materials", "commits"),
    [
        ({"sha1": HEAD}, [], (HEAD,)),
        ({}, [{"uri": REPOSITORY, "digest": {"sha1": HEAD}}], (HEAD,)),
        ({"sha1": HEAD}, [{"uri": REPOSITORY, "digest": {"sha1": HEAD}}], (HEAD,)),
        ({"sha1": HEAD}, [{"uri": REPOSITORY, "digest": {"sha1": EARLIER}}], (HEAD, EARLIER)),
        ({"sha1": HEAD}, [{"uri": "https://github.com/acme/lib", "digest": {"sha1": EARLIER}}], (HEAD,)),
        ({"sha1": HEAD}, [{"digest": {"sha1": EARLIER}}], (HEAD,)),
        ({}, [], ()),
    ],
)
def test_a_v02_source_is_its_config_source_and_the_material_that_is_it(
    digest: object, materials: object, commits: tuple[str, ...]
) -> None:
    """Rules 12 and 17: both say the commit, and two are a conflict."""
    stated = v02(predicate_v02(digest=digest, materials=materials)).stated
    assert stated.commits == commits
    assert (stated.conflict is not None) is (len(commits) > 1)


def test_two_refs_of_one_v02_source_are_a_conflict() -> None:
    """Rule 12."""
    entry = {"uri": f"git+{REPOSITORY}@{MAIN}", "digest": {"sha1": HEAD}}
    assert v02(predicate_v02(uri=f"git+{REPOSITORY}@refs/heads/other", materials=[entry])).stated.conflict is not None


def test_a_ref_that_is_stated_without_a_repository_is_stated() -> None:
    """Rule 12: what the predicate states must agree."""
    assert v1(predicate_v1(repository=None, ref="refs/heads/evil")).stated.ref == "refs/heads/evil"


@pytest.mark.parametrize(
    "predicate",
    [
        {},
        {"buildDefinition": None, "runDetails": None},
        {"buildDefinition": [], "runDetails": "x"},
        {"buildDefinition": {"buildType": 1, "externalParameters": []}, "runDetails": {"builder": []}},
        {"runDetails": {"builder": {"id": ["x"]}}},
        predicate_v1(external={"workflow": []}),
        predicate_v1(external=5),
        predicate_v1(dependencies="x"),
        predicate_v1(dependencies=[5, None, [], {"uri": 5}, {"uri": REPOSITORY, "digest": []}]),
        predicate_v1(dependencies=[{"uri": REPOSITORY, "digest": {"gitCommit": 5, "sha1": None, "sha256": []}}]),
        predicate_v02(materials=5, digest={}),
        predicate_v02(uri=5, digest=5),
    ],
)
@pytest.mark.parametrize("predicate_type", [SLSA_V1, SLSA_V02])
def test_fields_of_the_wrong_type_are_no_facts_and_no_crash(predicate: dict[str, object], predicate_type: str) -> None:
    """A-T18: nothing is made into a commit that was none."""
    found = read(verified(predicate_type, predicate, signer=plain("x", GOOGLE)))
    assert not any(is_commit(item) for item in found.stated.commits)
    assert isinstance(found.builder_id, str)


@pytest.mark.parametrize(("length", "kept"), [(2048, True), (2049, False)])
def test_texts_longer_than_a_report_should_quote_are_no_facts(length: int, *, kept: bool) -> None:
    builder = "https://builder.example/".ljust(length, "x")
    repository = "https://github.com/acme/".ljust(length, "x")
    workflow = {"externalParameters": {"workflow": {"repository": repository}}, "buildType": GITHUB_BUILD}
    found = v1({"buildDefinition": workflow, "runDetails": {"builder": {"id": builder}}})
    assert found.builder_id == (builder if kept else "")
    assert (found.stated.repository == repository) is kept
    assert (found.stated.conflict is None) is kept
