"""Google Cloud Build: provenance v1, and v0.1 beside it.

Source of v1: cloud.google.com/build/gcb-buildtypes/google-worker/v1. v0.1 has no page: its form is that of real
statements, which give the repository as a material with its commit under `sha1`, and no ref but in substitutions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.builds.form import BuildType, commits_of, of_one_repository, read_source
from gate.claims.fields import object_in, objects_in, text_in
from gate.claims.source import Source, canonical_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.strictjson import JSON


def _config_source(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """externalParameters.buildConfigSource, and the dependency that is it. A build without a trigger has none."""
    definition = object_in(predicate, "buildDefinition")
    config = object_in(object_in(definition, "externalParameters"), "buildConfigSource")
    repository, ref = text_in(config, "repository"), text_in(config, "ref")
    return read_source(repository, objects_in(definition, "resolvedDependencies"), certified, ref=ref)


def _material(predicate: Mapping[str, JSON], _certified: str | None) -> Source:
    """The one material that states a commit: an archive in a bucket has another digest, an image has its own."""
    return of_one_repository(
        (canonical_repository(text_in(entry, "uri")), commits_of(entry))
        for entry in objects_in(predicate, "materials")
        if text_in(object_in(entry, "digest"), "sha1")
    )


V1: Final = (
    BuildType(
        uri=re.compile(r"https://cloud\.google\.com/build/gcb-buildtypes/google-worker/v1"),
        read=_config_source,
        known=("/buildConfigSource/repository", "/buildConfigSource/ref", "/buildConfigSource/path"),
    ),
)
V01: Final = (
    BuildType(uri=re.compile(r"https://cloudbuild\.googleapis\.com/CloudBuild(?:Yaml|Steps)@v0\.1"), read=_material),
)
