"""`gate attest agents`: what it writes is what `gate verify` reads, and it says how to sign it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gate import cli
from tests import evidence
from tests.attest.repositories import COPILOT, GitRepository
from tests.evidence import AGENT, MAIN, MODEL, REPOSITORY, WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGS = ("--source", REPOSITORY, "--builder-id", WORKFLOW, "--build-type", evidence.GITHUB_BUILD, "--ref", MAIN)
POLICY = evidence.AGENTS_POLICY + 'humans = "allow"\n'
DEPENDENCIES = '{"buildDefinition": {"resolvedDependencies": [%s]}}'


@pytest.fixture
def made(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "repository")


@pytest.fixture
def attest(made: GitRepository, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The command over the repository; the predicate, or what went wrong."""

    def run(*arguments: str, code: int = 0) -> Any:
        where = [] if "--repo" in arguments else ["--repo", str(made.folder)]
        assert cli.run(["attest", "agents", *where, *arguments]) == code
        captured = capsys.readouterr()
        run.said = captured.err  # type: ignore[attr-defined]
        return json.loads(captured.out) if code == 0 and captured.out else captured.err

    return run


@pytest.fixture(autouse=True)
def _no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENT_ID", "AGENT_MODEL", "GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)


def commits(predicate: Any) -> list[dict[str, str]]:
    (source,) = predicate["buildDefinition"]["resolvedDependencies"]
    found: list[dict[str, str]] = source["properties"]["commits"]
    return found


def judged(predicate: Any, head: str, text: str = POLICY) -> evidence.Judgement:
    """What the policy says of an image whose release workflow signed that."""
    return evidence.judge(text, evidence.provenance(predicate, signer=evidence.github(commit=head)))


# --- the round trip


def test_a_range_says_since_when_it_holds_every_commit(
    made: GitRepository, attest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENT_ID", AGENT)
    monkeypatch.setenv("AGENT_MODEL", MODEL)
    base = made.commit("Base")
    middle = made.commit("One")
    head = made.commit("Two")
    text = f'{POLICY}coverage = "range"\nbase = "{base}"\n'
    whole = attest("--range", f"{base}..HEAD", *FLAGS)
    assert [item["hash"] for item in commits(whole)] == [middle, head]
    assert judged(whole, head, text).exit_code == 0
    assert judged(whole, head, text.replace(base, made.commit("Elsewhere"))).failed == ("agents.coverage",)
    alone = attest("--range", head, *FLAGS)
    assert judged(alone, head, text).failed == ("agents.coverage",), "one commit says nothing of what is before it"
    # A list that ends before the commit that was built does not hold all since its base.
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(evidence.predicate_v1(claims=(), commit=head)))
    until = attest("--range", f"{base}..{middle}", "--into", str(path))
    assert "base" not in until["buildDefinition"]["resolvedDependencies"][0]["properties"]
    path.write_text(json.dumps(evidence.predicate_v1(claims=(), commit=head)))
    assert judged(attest("--range", f"{base}..{head}", "--into", str(path)), head, text).exit_code == 0


def test_what_is_written_is_what_is_judged(
    made: GitRepository, attest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_ID", AGENT)
    monkeypatch.setenv("AGENT_MODEL", MODEL)
    head = made.commit("By an agent")
    predicate = attest(*FLAGS)
    assert commits(predicate) == [
        {"hash": head, "author": AGENT, "authored_by": "autonomous_agent", "agent_model": MODEL}
    ]
    assert judged(predicate, head).exit_code == 0
    monkeypatch.setenv("AGENT_MODEL", "another-model")
    assert judged(attest(*FLAGS), head).failed == ("agents.models",)


def test_people_and_agents_in_one_range(made: GitRepository, attest: Callable[..., Any]) -> None:
    base = made.commit("Base")
    person = made.commit("By a person")
    agent = made.commit(f"By an agent\n\nAgent: {AGENT}\nModel: {MODEL}\n", (AGENT, "agent@acme.test"))
    predicate = attest(*FLAGS, "--range", f"{base}..HEAD", "--unmarked", "human")
    assert [entry["hash"] for entry in commits(predicate)] == [person, agent]
    judgement = judged(predicate, agent)
    assert judgement.exit_code == 0
    assert [item.claim.authored_by.value for item in judgement.commits] == ["human", "autonomous_agent"]
    # Nobody says that people wrote what has no mark, so nobody claims it.
    predicate = attest(*FLAGS, "--range", f"{base}..HEAD")
    assert "agents.authorship" in judged(predicate, agent).failed
    assert "1 of 2 commits are unknown" in attest.said  # type: ignore[attr-defined]


def test_the_certificates_commit_must_be_the_ranges_end(made: GitRepository, attest: Callable[..., Any]) -> None:
    made.commit("Only")
    predicate = attest(*FLAGS, "--unmarked", "human")
    assert "provenance.commit" in judged(predicate, "f" * 40).failed


@pytest.mark.parametrize("kind", ["v1", "v0.2"])
def test_it_is_added_to_the_builds_own_provenance(
    kind: str, made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    base = made.commit("Base")
    head = made.commit(f"Head\n\nAgent: {AGENT}\nModel: {MODEL}\n", (AGENT, "agent@acme.test"))
    if kind == "v1":
        own = evidence.predicate_v1(claims=(), commit=head, dependencies=None)
    else:
        own = evidence.predicate_v02(digest={"sha1": head})
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(own))
    predicate = attest("--range", f"{base}..HEAD", "--into", str(path))
    kept = json.loads(json.dumps(predicate))
    holder = kept["buildDefinition"]["resolvedDependencies"] if kind == "v1" else kept["materials"]
    assert holder[0].pop("properties")["commits"][0]["author"] == AGENT
    assert kept == json.loads(path.read_text()), "nothing else changes"
    uri = evidence.SLSA_V1 if kind == "v1" else evidence.SLSA_V02
    assert f"cosign attest --type {uri} --predicate FILE IMAGE@DIGEST" in attest.said  # type: ignore[attr-defined]
    proven = evidence.provenance(predicate, signer=evidence.github(commit=head), predicate_type=uri)
    assert evidence.judge(POLICY, proven).exit_code == 0


def test_two_ranges_make_one_predicate(
    made: GitRepository, attest: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = made.commit("Base")
    person = made.commit("By a person")
    head = made.commit("By an agent without a mark")
    monkeypatch.setenv("AGENT_ID", AGENT)
    monkeypatch.setenv("AGENT_MODEL", MODEL)
    path = tmp_path / "predicate.json"
    attest(*FLAGS, "-o", str(path))
    monkeypatch.delenv("AGENT_ID")
    monkeypatch.delenv("AGENT_MODEL")
    both = attest("--range", f"{base}..{person}", "--into", str(path), "--unmarked", "human")
    assert [(entry["hash"], entry["authored_by"]) for entry in commits(both)] == [
        (head, "autonomous_agent"),
        (person, "human"),
    ]
    assert judged(both, head).exit_code == 0
    said = attest("--range", f"{base}..HEAD", "--into", str(path), "--unmarked", "human", code=2)
    assert f"claims something else of commit {head}" in said


def test_a_range_after_the_build_is_2(made: GitRepository, attest: Callable[..., Any], tmp_path: Path) -> None:
    built = made.commit("Built", COPILOT)
    path = tmp_path / "predicate.json"
    attest(*FLAGS, "-o", str(path))
    made.commit("Later", COPILOT)
    said = attest("--into", str(path), "--source", REPOSITORY, code=2)
    assert f"is of commit {built}" in said


def test_the_same_claims_again_are_the_same(made: GitRepository, attest: Callable[..., Any], tmp_path: Path) -> None:
    made.commit("Only", COPILOT)
    path = tmp_path / "predicate.json"
    attest(*FLAGS, "-o", str(path))
    assert attest("--into", str(path)) == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("[]", "--into"),
        ("{", "--into"),
        ('{"a": 1, "a": 2}', "--into"),
        ("{}", "is no SLSA provenance"),
        ('{"predicateType": "x", "predicate": {}}', "jq .predicate"),
        ('{"buildDefinition": {"resolvedDependencies": {}}}', "is no list of objects"),
        ('{"buildDefinition": {"resolvedDependencies": [1]}}', "is no list of objects"),
        ('{"buildDefinition": {}}', "names no source with commit"),
        (
            DEPENDENCIES % '{"digest": {"gitCommit": "HEAD"}, "properties": 1}',
            "no object",
        ),
        (
            DEPENDENCIES % '{"digest": {"sha1": "HEAD"}, "properties": {"commits": 1}}',
            "no list of objects",
        ),
        (
            DEPENDENCIES % '{"digest": {"gitCommit": "HEAD"}}, {"digest": {"sha1": "HEAD"}}',
            "lists 2 sources",
        ),
    ],
)
def test_a_predicate_that_does_not_fit_is_2(
    document: str, said: str, made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    head = made.commit("Only")
    path = tmp_path / "provenance.json"
    path.write_text(document.replace("HEAD", head))
    assert said in attest("--into", str(path), code=2)


def test_a_provenance_of_another_commit_is_2(made: GitRepository, attest: Callable[..., Any], tmp_path: Path) -> None:
    made.commit("Only")
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(evidence.predicate_v1(claims=())))
    said = attest("--into", str(path), "--source", REPOSITORY, code=2)
    assert f"is of commit {evidence.HEAD}" in said


@pytest.mark.parametrize("option", ["--help", "--all", "HEAD", "main"])
def test_what_is_no_commit_never_reaches_git(
    option: str, made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    made.commit("Only", COPILOT)
    path = tmp_path / "provenance.json"
    path.write_text(DEPENDENCIES % json.dumps({"digest": {"gitCommit": option}}))
    assert "names no source with commit" in attest("--into", str(path), code=2)


def test_a_predicate_of_an_earlier_run_is_taken_away(
    made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    """It would be signed for this build."""
    made.commit("Only", COPILOT)
    path = tmp_path / "predicate.json"
    attest(*FLAGS, "-o", str(path))
    attest(*FLAGS, "--range", "nowhere", "-o", str(path), code=2)
    assert not path.exists()


def test_a_source_that_is_not_listed_is_added(made: GitRepository, attest: Callable[..., Any], tmp_path: Path) -> None:
    head = made.commit("Only", COPILOT)
    path = tmp_path / "provenance.json"
    path.write_text('{"buildDefinition": {"resolvedDependencies": [{"uri": "pkg:x", "digest": {"gitCommit": "x"}}]}}')
    predicate = attest("--into", str(path), "--source", REPOSITORY, "--ref", MAIN)
    added = predicate["buildDefinition"]["resolvedDependencies"][1]
    assert (added["uri"], added["digest"]) == (f"git+{REPOSITORY}@{MAIN}", {"gitCommit": head})


# --- what the job says


def test_github_actions_says_the_rest(
    made: GitRepository, attest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = made.commit("Only", COPILOT)
    for name, value in {
        "ACTIONS": "true",
        "SERVER_URL": "https://github.com",
        "REPOSITORY": "acme/api",
        "WORKFLOW_REF": "acme/api/.github/workflows/release.yml@refs/heads/main",
        "REF": MAIN,
        "SHA": head,
        "RUN_ID": "5",
        "RUN_ATTEMPT": "1",
    }.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    predicate = attest()
    assert predicate["runDetails"] == {
        "builder": {"id": WORKFLOW},
        "metadata": {"invocationId": f"{REPOSITORY}/actions/runs/5/attempts/1"},
    }
    assert predicate["buildDefinition"]["externalParameters"] == {
        "workflow": {"ref": MAIN, "repository": REPOSITORY, "path": ".github/workflows/release.yml"}
    }
    assert {"provenance.commit", "agents.coverage", "agents.conflict", "agents.claims"} <= {
        check for check, outcome in judged(predicate, head).outcomes.items() if outcome == "pass"
    }
    monkeypatch.setenv("GITHUB_SHA", "f" * 40)
    assert "this job builds commit" in attest(code=2)


def test_gitlab_ci_says_the_rest(
    made: GitRepository, attest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = made.commit("Only", COPILOT)
    for name, value in {
        "GITLAB_CI": "true",
        "CI_PROJECT_URL": "https://gitlab.com/acme/api",
        "CI_COMMIT_SHA": head,
        "CI_COMMIT_BRANCH": "main",
        "CI_RUNNER_VERSION": "17.0.0",
        "CI_JOB_NAME": "attest",
        "CI_JOB_URL": "https://gitlab.com/acme/api/-/jobs/1",
    }.items():
        monkeypatch.setenv(name, value)
    predicate = attest()
    definition = predicate["buildDefinition"]
    assert definition["buildType"] == evidence.GITLAB_BUILD
    assert definition["externalParameters"] == {"source": "https://gitlab.com/acme/api", "entryPoint": "attest"}
    assert definition["resolvedDependencies"][0]["uri"] == "git+https://gitlab.com/acme/api@refs/heads/main"
    assert predicate["runDetails"]["builder"]["id"] == "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"


# --- a wrong job


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--source, --builder-id, --build-type"),
        (("--source", REPOSITORY, "--builder-id", WORKFLOW), "needs --build-type"),
        ((*FLAGS, "--range", "nowhere"), "nowhere is no commit"),
        ((*FLAGS, "--into", "/nowhere.json"), "--into /nowhere.json cannot be read"),
        ((*FLAGS, "--output", "/nowhere/x.json"), "--output /nowhere/x.json"),
        ((*FLAGS, "--repo", "/nowhere"), "is no git repository"),
    ],
)
def test_a_wrong_job_is_2(
    arguments: tuple[str, ...], said: str, made: GitRepository, attest: Callable[..., Any]
) -> None:
    made.commit("Only")
    assert said in attest(*arguments, code=2)


def test_builder_flags_are_not_for_a_given_predicate(
    made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    head = made.commit("Only")
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(evidence.predicate_v1(claims=(), commit=head)))
    assert "--into has its own" in attest("--into", str(path), "--builder-id", WORKFLOW, code=2)


def test_an_agent_and_people_cannot_both_be_meant(
    made: GitRepository, attest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made.commit("Only")
    monkeypatch.setenv("AGENT_ID", AGENT)
    assert "make two ranges" in attest(*FLAGS, "--unmarked", "human", code=2)
    monkeypatch.setenv("AGENT_ID", "two  spaces")
    assert "AGENT_ID is" in attest(*FLAGS, code=2)


def test_it_says_what_it_claims_and_how_to_sign_it(
    made: GitRepository, attest: Callable[..., Any], tmp_path: Path
) -> None:
    head = made.commit("x\n\nCo-authored-by: Claude \x1b[31m <noreply@anthropic.com>\n")
    attest(*FLAGS, "-o", str(tmp_path / "predicate.json"))
    said = attest.said  # type: ignore[attr-defined]
    assert f"gate: {head[:12]} unknown" in said
    assert "\x1b" not in said
    assert f"cosign attest --type {evidence.SLSA_V1} --predicate {tmp_path / 'predicate.json'} IMAGE@DIGEST" in said
    assert "nothing is signed" in said
    assert (tmp_path / "predicate.json").read_text().isascii()
