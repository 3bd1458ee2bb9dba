"""`source-is = "this-project"`: a job's environment narrows what the policy lists, and can never widen it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.verdict import EXIT_STUCK
from tests.conftest import LAB, policy_path
from tests.evidence import (
    BUILDER,
    MAIN,
    REPOSITORY,
    RULE,
    SIGNERS,
    WORKFLOW,
    github,
    judge,
    loads,
    policy,
    predicate_v1,
    provenance,
    stranger,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gate.verification import Verified
    from tests.conftest import Ran

WEB = "https://github.com/acme/web"
SOURCE = "provenance.source"


def job(repository: str = "acme/api") -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": repository}


def under(source: str = f'["{REPOSITORY}", "{WEB}"]') -> str:
    section = f'\n[rules.provenance]\nbuilders = ["release"]\nlevel = 3\nsource = {source}\nrefs = ["{MAIN}"]\n'
    return SIGNERS + BUILDER + RULE + section + 'source-is = "this-project"\n'


def test_of_the_listed_sources_only_this_projects_passes() -> None:
    api, web = provenance(), provenance(predicate_v1(repository=WEB), signer=github(WORKFLOW, repository=WEB))
    assert judge(under(), api, environment=job()).exit_code == 0
    assert judge(under(), web, environment=job("acme/web")).exit_code == 0
    assert judge(under(), web, environment=job()).failed == (SOURCE,)
    assert judge(under(), api, environment=job("acme/web")).failed == (SOURCE,)
    assert judge(under().replace('source-is = "this-project"\n', ""), web, environment=job()).exit_code == 0


@pytest.mark.parametrize("repository", ["acme/other", "mallory/api", "acme/api2", "ACME/api", "acme"])
def test_the_environment_cannot_widen_the_list(repository: str) -> None:
    """Whoever writes the job sets its variables: a project that is not listed stays out, whatever they say."""
    other = f"https://github.com/{repository}"
    evidence = provenance(predicate_v1(repository=other), signer=github(WORKFLOW, repository=other))
    assert judge(under(), evidence, environment=job(repository)).failed == (SOURCE,)
    assert judge(under(), provenance(), environment=job(repository)).failed == (SOURCE,)
    assert judge(under(), provenance(signer=stranger()), environment=job()).failed == ("provenance",)


def test_without_a_project_it_cannot_be_decided() -> None:
    """4: it says nothing about the image. What the list refuses is refused all the same."""
    for environment in ({}, job() | {"GITLAB_CI": "true", "CI_PROJECT_URL": WEB}):
        judgement = judge(under(), provenance(), environment=environment)
        assert (judgement.failed, judgement.undecided, judgement.exit_code) == ((), (SOURCE,), EXIT_STUCK)
        assert "no CI system says which project this is" in judgement.found(SOURCE)
        assert judge(under('["https://github.com/acme/other"]'), provenance(), environment=environment).failed == (
            SOURCE,
        )


def test_what_disagrees_with_the_certificate_fails_whatever_the_project() -> None:
    evidence = provenance(predicate_v1(repository=WEB))
    for environment in ({}, job(), job("acme/web")):
        assert SOURCE in judge(under(), evidence, environment=environment).failed


def test_a_pattern_is_narrowed_too() -> None:
    text = under('[{ glob = "https://github.com/acme/*" }]')
    assert judge(text, provenance(), environment=job()).exit_code == 0
    assert judge(text, provenance(), environment=job("acme/web")).failed == (SOURCE,)


def test_what_was_expected_names_the_project_and_who_says_so() -> None:
    (expected,) = [r.expected for r in judge(under(), provenance(), environment=job()).results if r.check == SOURCE]
    assert expected == f"{REPOSITORY} or {WEB}, and this project: {REPOSITORY} (GitHub Actions)"


def test_the_remedy_says_whether_the_list_or_the_project_refuses() -> None:
    def remedy(evidence: Verified, repository: str) -> str:
        judgement = judge(under(), evidence, environment=job(repository))
        return next(item.remedy for item in judgement.results if item.check == SOURCE)

    theirs = "https://github.com/mallory/api"
    other = provenance(predicate_v1(repository=theirs), signer=github(WORKFLOW, repository=theirs))
    assert remedy(provenance(), "acme/web").startswith("image: deploy one that was built from this project; policy: wi")
    assert remedy(other, "acme/web").endswith(
        f"name '{theirs}' there, which lets in all that is built from it at an accepted ref"
    )
    assert "no policy allows less" in remedy(provenance(predicate_v1(repository=WEB)), "acme/web")


def test_it_needs_a_list_to_narrow() -> None:
    """`"any"` would leave it to the environment alone."""
    with pytest.raises(InvalidPolicy, match="it narrows a list"):
        policy(under('"any"'))
    with pytest.raises(InvalidPolicy):
        policy(under('"this-project"'))
    with pytest.raises(InvalidPolicy):
        policy(under().replace('"this-project"', '"any-project"'))
    assert loads(under())


def test_the_command_reads_the_jobs_environment(
    verify: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variables of the job that gate runs in; without any it is undecided."""
    text = policy_path("production").read_text(encoding="utf-8")
    own = text.replace("../trusted_root.json", str(LAB / "trusted_root.json"))
    path = tmp_path / "own.toml"
    path.write_text(own.replace("refs     =", 'source-is = "this-project"\nrefs     ='), encoding="utf-8")
    assert verify(f"oci:{LAB / 'agent-signed'}", policy=path).code == EXIT_STUCK
    for repository, code in (("acme/api", 0), ("acme/web", 1)):
        for name, value in job(repository).items():
            monkeypatch.setenv(name, value)
        assert verify(f"oci:{LAB / 'agent-signed'}", policy=path).code == code
