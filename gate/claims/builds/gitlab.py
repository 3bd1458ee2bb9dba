"""GitLab: its runner's metadata (RUNNER_GENERATE_ARTIFACTS_METADATA), and the statements that the server writes.

The runner's version is a part of its build type, and it puts the commit under `sha256`. External parameters are the
names of all variables of the job, so that a strict policy lists those that it expects.

Sources: gitlab-runner's PROVENANCE.md and its artifact metadata, v0.2 and v1; GitLab's "SLSA provenance specification"
(docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.builds.form import BuildType, read_source
from gate.claims.builds.github import config_source
from gate.claims.fields import object_in, objects_in, text_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.claims.source import Source
    from gate.strictjson import JSON


def _source(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """externalParameters.source, and the dependency that is it."""
    definition = object_in(predicate, "buildDefinition")
    uri = text_in(object_in(definition, "externalParameters"), "source")
    return read_source(uri, objects_in(definition, "resolvedDependencies"), certified)


_RUNNER: Final = re.compile(r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[^/]+/PROVENANCE\.md")
_KNOWN: Final = ("/source", "/entryPoint")

V1: Final = (
    BuildType(uri=_RUNNER, read=_source, known=_KNOWN),
    BuildType(
        uri=re.compile(r"https://docs\.gitlab\.com/ci/pipeline_security/slsa/provenance_v1"), read=_source, known=_KNOWN
    ),
)
V02: Final = (BuildType(uri=_RUNNER, read=config_source),)
