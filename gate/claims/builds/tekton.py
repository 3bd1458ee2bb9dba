"""Tekton Chains: v1 (slsa/v2alpha3, v2alpha4) and v0.2 (slsa/v1, in-toto).

What a run took in is what its tasks say by type hinting (`CHAINS-GIT_URL`, `*ARTIFACT_INPUTS`): git dependencies called
`inputs/result`. A run that took in several repositories has no one source. The whole specification of the run is an
external parameter, so that a strict policy has to list `/runSpec`, or what of it may be set.

Sources: Chains' docs/slsa-provenance.md, docs/predicate/slsa/v2.md, and the build types of its formatters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.builds.form import BuildType, commits_of, of_one_repository
from gate.claims.fields import object_in, objects_in, text_in
from gate.claims.source import Source, canonical_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gate.strictjson import JSON

_GIT: Final = "git+"
_INPUT: Final = "inputs/result"


def _inputs(predicate: Mapping[str, JSON], _certified: str | None) -> Source:
    """The git dependencies that are inputs; those of other names are definitions of tasks and pipelines."""
    entries = objects_in(object_in(predicate, "buildDefinition"), "resolvedDependencies")
    return _one(item for item in entries if text_in(item, "name") == _INPUT)


def _materials(predicate: Mapping[str, JSON], _certified: str | None) -> Source:
    """The git materials, without where the definition of the run was read if there is another."""
    entries = objects_in(predicate, "materials")
    config = text_in(object_in(object_in(predicate, "invocation"), "configSource"), "uri")
    others = [item for item in entries if _repository(item) not in (None, canonical_repository(config))]
    return _one(others or entries)


def _repository(entry: Mapping[str, JSON]) -> str | None:
    uri = text_in(entry, "uri")
    return canonical_repository(uri) if uri.startswith(_GIT) else None


def _one(entries: Iterable[Mapping[str, JSON]]) -> Source:
    """The source, if all git entries are of one repository."""
    return of_one_repository(
        (repository, commits_of(item)) for item in entries if (repository := _repository(item)) is not None
    )


V1: Final = (
    BuildType(
        uri=re.compile(r"https://tekton\.dev/chains/v2/slsa(?:-tekton)?"),
        read=_inputs,
        known=("/buildConfigSource/repository", "/buildConfigSource/ref", "/buildConfigSource/path"),
    ),
)
V02: Final = (
    BuildType(
        uri=re.compile(
            r"tekton\.dev/v1(?:beta1)?/(?:TaskRun|PipelineRun)"
            r"|https://tekton\.dev/attestations/chains(?:/pipelinerun)?@v2"
        ),
        read=_materials,
    ),
)
