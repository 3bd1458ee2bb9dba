"""Which project a CI job is of: what each system's variables say, and that two that disagree say nothing."""

from __future__ import annotations

import pytest

from gate.claims.project import Project, find_project

API = "https://github.com/acme/api"
GITHUB_JOB = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/api"}
GITLAB_JOB = {"GITLAB_CI": "true", "CI_PROJECT_URL": "https://gitlab.com/acme/tools/api"}

JOBS: dict[str, tuple[dict[str, str], str]] = {
    "GitHub Actions": (GITHUB_JOB, API),
    "GitLab CI": (GITLAB_JOB, "https://gitlab.com/acme/tools/api"),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_REPOSITORY_URL": "git@github.com:acme/api.git"}, API),
    "Bitbucket Pipelines": (
        {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/api"},
        "https://bitbucket.org/acme/api",
    ),
    "Buildkite": ({"BUILDKITE": "true", "BUILDKITE_REPO": "ssh://git@GitHub.com:22/acme/api.git"}, API),
    "Azure Pipelines": ({"TF_BUILD": "True", "BUILD_REPOSITORY_URI": f"{API}.git"}, API),
    "Jenkins": ({"JENKINS_URL": "https://ci.acme.com/", "GIT_URL": f"{API}.git"}, API),
}


@pytest.mark.parametrize(("system", "environment", "repository"), [(k, *v) for k, v in JOBS.items()])
def test_each_systems_variables_name_its_project(system: str, environment: dict[str, str], repository: str) -> None:
    assert find_project(environment) == Project(repository=repository, system=system)
    for name in environment:
        assert find_project({key: value for key, value in environment.items() if key != name}) is None
        assert find_project(environment | {name: ""}) is None


def test_nothing_says_nothing() -> None:
    assert find_project({}) is None
    assert find_project({"GITHUB_REPOSITORY": "acme/api", "CI_PROJECT_URL": API, "GIT_URL": API}) is None


def test_two_systems_must_agree() -> None:
    """A job inside another's: Jenkins on a GitHub runner. What disagrees is not chosen between."""
    assert find_project(GITHUB_JOB | GITLAB_JOB) is None
    both = find_project(GITHUB_JOB | JOBS["Jenkins"][0])
    assert both == Project(repository=API, system="GitHub Actions")
