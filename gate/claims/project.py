"""Which project a CI job belongs to, as its environment says.

What comes in: environment variables. What goes out: `Project`, or None where no CI system says one, or two say
different ones. Whoever writes the job may set them: they can only narrow what a policy lists, never widen it.

Sources: the systems' pages on predefined variables: GitHub Actions, GitLab CI/CD, CircleCI, Bitbucket Pipelines,
Buildkite, Azure Pipelines, and the Jenkins Git plugin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.claims.source import canonical_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCP: Final = re.compile(r"(?:[a-z0-9_-]+@)(?P<host>[a-z0-9.-]+):(?P<path>[^/].*)", re.IGNORECASE)
_SSH: Final = re.compile(r"ssh://(?:[^@/]*@)?(?P<host>[a-z0-9.-]+)(?::[0-9]+)?/(?P<path>.+)", re.IGNORECASE)

SYSTEMS: Final = (
    # system, the variable that says that a job runs on it, the variables whose texts joined by / are the repository
    ("GitHub Actions", "GITHUB_ACTIONS", ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")),
    ("GitLab CI", "GITLAB_CI", ("CI_PROJECT_URL",)),
    ("CircleCI", "CIRCLECI", ("CIRCLE_REPOSITORY_URL",)),
    ("Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER", ("BITBUCKET_GIT_HTTP_ORIGIN",)),
    ("Buildkite", "BUILDKITE", ("BUILDKITE_REPO",)),
    ("Azure Pipelines", "TF_BUILD", ("BUILD_REPOSITORY_URI",)),
    ("Jenkins", "JENKINS_URL", ("GIT_URL",)),
)


class Project(Struct, frozen=True, kw_only=True):
    """The repository of this job's project, as it is compared, and the CI system whose variables say so."""

    repository: str
    system: str


def find_project(environment: Mapping[str, str]) -> Project | None:
    """The project of the job that this environment is of."""
    found: dict[str, str] = {}
    for system, mark, names in SYSTEMS:
        texts = [environment.get(name, "") for name in names]
        if environment.get(mark) and all(texts):
            found.setdefault(_repository("/".join(texts)), system)
    if len(found) != 1:
        return None
    ((repository, system),) = found.items()
    return Project(repository=repository, system=system)


def _repository(url: str) -> str:
    """A clone's URL as a repository: what is cloned by SSH is the same one at https."""
    match = _SCP.fullmatch(url) or _SSH.fullmatch(url)
    if match is not None:
        url = f"https://{match['host']}/{match['path']}"
    elif url.startswith("http://bitbucket.org/"):  # as Bitbucket writes its own
        url = f"https{url.removeprefix('http')}"
    return canonical_repository(url)
