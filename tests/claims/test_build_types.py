"""Each build type that gate knows, in the form that its platform writes (rule 12), and what agrees with nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.claims.builds import BUILD_TYPES, SLSA_V01, SLSA_V02, SLSA_V1, find_build_type
from gate.claims.provenance import Provenance, read_provenance
from tests.evidence import EARLIER, HEAD, MAIN, OTHER, REPOSITORY, plain, verified

if TYPE_CHECKING:
    from tests.evidence import Object

DELEGATOR = "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0"
GITLAB_SERVER = "https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1"
GOOGLE_WORKER = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1"
GOOGLE_YAML = "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1"
CHAINS = "https://tekton.dev/chains/v2/slsa"
TASK = "tekton.dev/v1beta1/TaskRun"
BUILDKIT = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
BUILDKIT_OLD = "https://mobyproject.org/buildkit@v1"
GITLAB_PROJECT = "https://gitlab.com/acme/api"
IMAGE_ENTRY: Object = {"uri": "pkg:docker/alpine@3.17", "digest": {"sha256": "8" * 64}}


def git(uri: str = f"git+{REPOSITORY}", commit: str = HEAD, *, algorithm: str = "gitCommit", **more: object) -> Object:
    return {"uri": uri, "digest": {algorithm: commit}, **more}


def v1(build_type: str, external: object, *dependencies: object, **definition: object) -> Object:
    return {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": external,
            "resolvedDependencies": list(dependencies),
            **definition,
        },
        "runDetails": {"builder": {"id": "https://builder.example"}, "metadata": {"invocationId": "run-1"}},
    }


def v02(build_type: str, config: object, *materials: object, parameters: object = None) -> Object:
    return {
        "builder": {"id": "https://builder.example"},
        "buildType": build_type,
        "invocation": {"configSource": config, "parameters": parameters or {}},
        "metadata": {"buildInvocationId": "run-1"},
        "materials": list(materials),
    }


def v01(build_type: str, *materials: object, arguments: object = None) -> Object:
    return {
        "builder": {"id": "https://builder.example"},
        "recipe": {"type": build_type, "entryPoint": "cloudbuild.yaml", "arguments": arguments or {}},
        "metadata": {"buildInvocationId": "run-1"},
        "materials": list(materials),
    }


def read(predicate_type: str, predicate: Object) -> Provenance:
    found = read_provenance(verified(predicate_type, predicate, signer=plain("x")))
    assert found is not None
    return found


def gcb(repository: str = f"git+{REPOSITORY}", ref: str = MAIN) -> Object:
    return {"buildConfigSource": {"path": "cloudbuild.yaml", "ref": ref, "repository": repository}}


CONTEXT: Object = {"uri": f"{REPOSITORY}.git#{MAIN}:sub", "digest": {"sha1": HEAD}, "path": "Dockerfile"}

FORMS: dict[str, tuple[str, Object, tuple[str | None, str | None, tuple[str, ...]]]] = {
    "slsa-github-generator's delegator": (
        SLSA_V1,
        v1(DELEGATOR, {"inputs": {}, "vars": {}, "source": git(f"git+{REPOSITORY}@{MAIN}")}, git()),
        (REPOSITORY, MAIN, (HEAD,)),
    ),
    "GitLab's server": (
        SLSA_V1,
        v1(
            GITLAB_SERVER,
            {"source": GITLAB_PROJECT, "entryPoint": "build", "variables": {"CI": "true"}},
            git(GITLAB_PROJECT),
        ),
        (GITLAB_PROJECT, None, (HEAD,)),
    ),
    "Google Cloud Build": (
        SLSA_V1,
        v1(GOOGLE_WORKER, {**gcb(), "substitutions": {}}, git(f"git+{REPOSITORY}@{MAIN}"), IMAGE_ENTRY),
        (REPOSITORY, MAIN, (HEAD,)),
    ),
    "Google Cloud Build without a trigger": (SLSA_V1, v1(GOOGLE_WORKER, {}, git()), (None, None, ())),
    "Google Cloud Build v0.1": (
        SLSA_V01,
        v01(GOOGLE_YAML, git(algorithm="sha1"), IMAGE_ENTRY),
        (REPOSITORY, None, (HEAD,)),
    ),
    "Google Cloud Build v0.1 from a bucket": (
        SLSA_V01,
        v01(GOOGLE_YAML, {"uri": "gs://bucket/source.tgz", "digest": {"sha256": "8" * 64}}),
        (None, None, ()),
    ),
    "Tekton Chains": (
        SLSA_V1,
        v1(
            CHAINS,
            {"runSpec": {"taskRef": {"name": "build"}}},
            git("git+https://github.com/acme/tasks.git", OTHER, algorithm="sha1", name="task"),
            git(f"git+{REPOSITORY}.git", algorithm="sha1", name="inputs/result"),
            {**IMAGE_ENTRY, "name": "inputs/result"},
        ),
        (REPOSITORY, None, (HEAD,)),
    ),
    "Tekton Chains with no input": (
        SLSA_V1,
        v1(CHAINS, {}, git("git+https://github.com/acme/tasks", name="task")),
        (None, None, ()),
    ),
    "Tekton Chains v0.2": (
        SLSA_V02,
        v02(
            TASK,
            git("git+https://github.com/acme/tasks.git", OTHER, algorithm="sha1"),
            git("git+https://github.com/acme/tasks.git", OTHER, algorithm="sha1"),
            git(f"git+{REPOSITORY}.git", algorithm="sha1"),
            IMAGE_ENTRY,
        ),
        (REPOSITORY, None, (HEAD,)),
    ),
    "Tekton Chains v0.2, defined where its source is": (
        SLSA_V02,
        v02(TASK, git(algorithm="sha1"), git(algorithm="sha1")),
        (REPOSITORY, None, (HEAD,)),
    ),
    "BuildKit": (SLSA_V1, v1(BUILDKIT, {"configSource": CONTEXT}, IMAGE_ENTRY), (REPOSITORY, MAIN, (HEAD,))),
    "BuildKit from a short ref": (
        SLSA_V1,
        v1(BUILDKIT, {"configSource": {**CONTEXT, "uri": f"{REPOSITORY}.git#main"}}),
        (REPOSITORY, None, (HEAD,)),
    ),
    "BuildKit from a local folder": (
        SLSA_V1,
        v1(BUILDKIT, {"configSource": {"path": "Dockerfile"}}),
        (None, None, ()),
    ),
    "BuildKit from a tarball": (
        SLSA_V1,
        v1(BUILDKIT, {"configSource": {"uri": "https://x.example/a.tgz", "digest": {"sha256": "8" * 64}}}),
        (None, None, ()),
    ),
    "BuildKit v0.2": (SLSA_V02, v02(BUILDKIT_OLD, CONTEXT), (REPOSITORY, MAIN, (HEAD,))),
}


@pytest.mark.parametrize(("predicate_type", "predicate", "source"), FORMS.values(), ids=FORMS)
def test_each_platforms_form_states_its_source(
    predicate_type: str, predicate: Object, source: tuple[str | None, str | None, tuple[str, ...]]
) -> None:
    """SLSA-8: Rule 12: the fields that are fixed for the build type, and no others."""
    found = read(predicate_type, predicate)
    assert (found.stated.repository, found.stated.ref, found.stated.commits) == source
    assert found.stated.conflict is None
    assert (found.builder_id, found.invocation) == ("https://builder.example", "run-1")


CONFLICTS: dict[str, tuple[str, Object]] = {
    "a delegator's source and its dependency": (SLSA_V1, v1(DELEGATOR, {"source": git()}, git(commit=OTHER))),
    "two commits of GitLab's project": (
        SLSA_V1,
        v1(GITLAB_SERVER, {"source": GITLAB_PROJECT}, git(GITLAB_PROJECT), git(GITLAB_PROJECT, OTHER)),
    ),
    "Google's ref and its dependency's": (
        SLSA_V1,
        v1(GOOGLE_WORKER, gcb(), git(f"git+{REPOSITORY}@refs/heads/other")),
    ),
    "two repositories of Google's v0.1": (
        SLSA_V01,
        v01(GOOGLE_YAML, git(algorithm="sha1"), git("https://github.com/acme/web", algorithm="sha1")),
    ),
    "two commits of Google's v0.1": (
        SLSA_V01,
        v01(GOOGLE_YAML, git(algorithm="sha1"), git(commit=OTHER, algorithm="sha1")),
    ),
    "two inputs of Tekton": (
        SLSA_V1,
        v1(CHAINS, {}, git(name="inputs/result"), git("git+https://github.com/acme/web", name="inputs/result")),
    ),
    "two commits of Tekton": (
        SLSA_V1,
        v1(CHAINS, {}, git(name="inputs/result"), git(commit=EARLIER, name="inputs/result")),
    ),
    "two materials of Tekton": (
        SLSA_V02,
        v02(TASK, {}, git(algorithm="sha1"), git("git+https://github.com/acme/web", algorithm="sha1")),
    ),
    "a context of another type": (SLSA_V1, v1(BUILDKIT, {"configSource": REPOSITORY})),
    "materials that are no list": (SLSA_V01, {**v01(GOOGLE_YAML), "materials": {"0": git()}}),
}


@pytest.mark.parametrize(("predicate_type", "predicate"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_contradicts_itself_is_a_conflict(predicate_type: str, predicate: Object) -> None:
    """Rules 12 and 17: never the first of two."""
    assert read(predicate_type, predicate).stated.conflict is not None


def test_a_build_types_version_of_the_predicate_is_its_own() -> None:
    """Rule 12: GitLab's type means something in v1 and v0.2, Tekton's old one nothing in v1."""
    assert find_build_type(SLSA_V1, TASK) is None
    assert find_build_type(SLSA_V02, TASK) is not None
    assert read(SLSA_V1, v1(TASK, {}, git(name="inputs/result"))).stated.repository is None


@pytest.mark.parametrize(
    "uri",
    [f"{CHAINS}/", f"{CHAINS}-other", CHAINS.upper(), f"x{GOOGLE_WORKER}", GOOGLE_WORKER.replace(".", "x", 1),
     f"{BUILDKIT}#x", f"{GITLAB_SERVER}/", f"{DELEGATOR}/", "tekton.dev/v2/TaskRun", ""],
)  # fmt: skip
def test_a_look_alike_is_unknown(uri: str) -> None:
    """A-T19."""
    assert all(find_build_type(predicate_type, uri) is None for predicate_type in BUILD_TYPES)


def test_each_entry_is_of_one_build_type() -> None:
    """No URI of one entry is another's, so that the order of the entries means nothing."""
    uris = [DELEGATOR, GITLAB_SERVER, GOOGLE_WORKER, GOOGLE_YAML, CHAINS, TASK, BUILDKIT, BUILDKIT_OLD]
    for predicate_type, entries in BUILD_TYPES.items():
        for uri in uris:
            assert sum(entry.uri.fullmatch(uri) is not None for entry in entries) <= 1, (predicate_type, uri)
    assert all(any(find_build_type(kind, uri) for kind in BUILD_TYPES) for uri in uris)


def test_dependencies_and_parameters_are_what_the_predicate_lists() -> None:
    new = read(SLSA_V1, v1(GOOGLE_WORKER, {**gcb(), "substitutions": {"_A/B": "1", "_C": {}}}, git(), IMAGE_ENTRY))
    assert new.dependencies == ((f"git+{REPOSITORY}", {"gitCommit": HEAD}), (IMAGE_ENTRY["uri"], {"sha256": "8" * 64}))
    assert new.parameters == (
        "/buildConfigSource/path",
        "/buildConfigSource/ref",
        "/buildConfigSource/repository",
        "/substitutions/_A~1B",
    )
    old = read(SLSA_V02, v02(BUILDKIT_OLD, CONTEXT, IMAGE_ENTRY, parameters={"args": {"target": "x"}}))
    assert (old.parameters, len(old.dependencies)) == (("/args/target",), 1)
    oldest = read(SLSA_V01, v01(GOOGLE_YAML, git(algorithm="sha1"), arguments={"steps": [{"name": "a"}]}))
    assert (oldest.parameters, len(oldest.dependencies)) == (("/steps/0/name",), 1)


def test_unknown_fields_change_nothing() -> None:
    """SLSA-13: Extensions may be anywhere; they make no source, no builder and no level."""
    plain_one = v1(GOOGLE_WORKER, gcb(), git(f"git+{REPOSITORY}@{MAIN}"))
    definition, details = plain_one["buildDefinition"], plain_one["runDetails"]
    assert isinstance(definition, dict)
    assert isinstance(details, dict)
    extended = {
        **plain_one,
        "level": 3,
        "acme_source": REPOSITORY,
        "buildDefinition": {**definition, "source": "https://github.com/mallory/api", "slsa_level": 4},
        "runDetails": {**details, "builder": {"id": "https://builder.example", "level": 3}, "x": [1]},
    }
    found, bare = read(SLSA_V1, extended), read(SLSA_V1, plain_one)
    assert (found.stated, found.builder_id, found.parameters) == (bare.stated, bare.builder_id, bare.parameters)


@pytest.mark.parametrize("value", [None, {}, [], {"x": None}, {"x": []}])
def test_unset_and_empty_parameters_are_none(value: object) -> None:
    """SLSA-13: SLSA, "Parsing rules": unset, null and empty are the same."""
    assert read(SLSA_V1, v1(BUILDKIT, value)).parameters == ()
    bare = read(SLSA_V1, {"buildDefinition": {"buildType": BUILDKIT}})
    assert (bare.dependencies, bare.parameters) == ((), ())


def test_a_dependency_of_another_type_is_none_and_a_digest_that_is_no_text_too() -> None:
    entries = ["x", None, {"uri": 7, "digest": "x"}, {"uri": REPOSITORY, "digest": {"sha1": 7, "gitCommit": HEAD}}]
    found = read(SLSA_V1, v1(BUILDKIT, {}, *entries))
    assert found.dependencies == (("", {}), (REPOSITORY, {"gitCommit": HEAD}))


def test_only_a_build_type_that_is_known_has_known_parameters() -> None:
    assert read(SLSA_V1, v1(BUILDKIT, {})).known_parameters == ("/configSource", "/request/frontend")
    assert read(SLSA_V1, v1(f"{BUILDKIT}/x", {})).known_parameters == ()


def test_a_commit_of_no_repository_is_no_source() -> None:
    """Rule 12: of BuildKit's context, whose digest may be anything's."""
    for config in ({"digest": {"sha1": HEAD}}, {"uri": "", "digest": {"sha1": HEAD}}, {"uri": REPOSITORY}):
        stated = read(SLSA_V1, v1(BUILDKIT, {"configSource": config})).stated
        assert (stated.repository, stated.ref, stated.commits, stated.conflict) == (None, None, (), None)
