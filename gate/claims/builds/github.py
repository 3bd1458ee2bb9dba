"""GitHub Actions: GitHub's own attestations, and slsa-github-generator.

Sources: actions.github.io/buildtypes/workflow/v1; slsa-framework.github.io/github-actions-buildtypes/workflow/v1;
slsa-github-generator's PROVENANCE_FORMAT.md and, for the delegators, its generate-attestations action.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.builds.form import BuildType, commits_of, read_source
from gate.claims.fields import object_in, objects_in, text_at, text_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.claims.source import Source
    from gate.strictjson import JSON


def _workflow(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """externalParameters.workflow, and the dependency that is it."""
    definition = object_in(predicate, "buildDefinition")
    workflow = object_in(object_in(definition, "externalParameters"), "workflow")
    repository, ref = text_in(workflow, "repository"), text_in(workflow, "ref")
    return read_source(repository, objects_in(definition, "resolvedDependencies"), certified, ref=ref)


def _delegator(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """externalParameters.source, a descriptor, and the dependency that is it."""
    definition = object_in(predicate, "buildDefinition")
    source = object_in(object_in(definition, "externalParameters"), "source")
    dependencies = objects_in(definition, "resolvedDependencies")
    return read_source(text_in(source, "uri"), dependencies, certified, own=commits_of(source))


def config_source(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """Provenance v0.2: invocation.configSource, and the material that is it."""
    config = object_in(object_in(predicate, "invocation"), "configSource")
    return read_source(text_in(config, "uri"), objects_in(predicate, "materials"), certified, own=commits_of(config))


def says_self_hosted(predicate: Mapping[str, JSON]) -> bool:
    """GitHub's build type says it among its internal parameters. It can only cost trust, so that any may say it."""
    stated = text_at(predicate, "buildDefinition", "internalParameters", "github", "runner_environment")
    return stated == "self-hosted"


_WORKFLOW: Final = ("/workflow/ref", "/workflow/repository", "/workflow/path")

V1: Final = (
    BuildType(uri=re.compile(r"https://actions\.github\.io/buildtypes/workflow/v1"), read=_workflow, known=_WORKFLOW),
    BuildType(
        uri=re.compile(r"https://slsa-framework\.github\.io/github-actions-buildtypes/workflow/v1"),
        read=_workflow,
        known=_WORKFLOW,
    ),
    BuildType(
        uri=re.compile(r"https://github\.com/slsa-framework/slsa-github-generator/delegator-(?:lowperms-)?generic@v0"),
        read=_delegator,
        known=("/source",),
    ),
)
V02: Final = (
    BuildType(
        uri=re.compile(r"https://github\.com/slsa-framework/slsa-github-generator/[a-z-]+@v[0-9]+"), read=config_source
    ),
)
