"""BuildKit (docker buildx): v1 and v0.2. A build from a git URL states its source; one from a local folder has none.

The `vcs` fields are the client's word, which BuildKit does not verify: they are not read. What BuildKit attaches itself
is not signed; it counts once someone attests the same predicate.

Source: buildkit's docs/attestations/slsa-definitions.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.builds.form import BuildType, commits_of, stated
from gate.claims.fields import object_in, text_in
from gate.claims.source import Source, canonical_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.strictjson import JSON


def _external(predicate: Mapping[str, JSON], _certified: str | None) -> Source:
    definition = object_in(predicate, "buildDefinition")
    return _context(object_in(object_in(definition, "externalParameters"), "configSource"))


def _invocation(predicate: Mapping[str, JSON], _certified: str | None) -> Source:
    return _context(object_in(object_in(predicate, "invocation"), "configSource"))


def _context(config: Mapping[str, JSON]) -> Source:
    """A build context's URL is `https://host/repository.git#ref:folder`; a ref that is not whole is none."""
    repository, _, fragment = text_in(config, "uri").partition("#")
    commits = commits_of(config)
    if not repository or not commits:  # a tarball has a sha256
        return Source()
    ref = fragment.partition(":")[0]
    return stated(canonical_repository(repository), {ref} if ref.startswith("refs/") else set(), commits)


V1: Final = (
    BuildType(
        uri=re.compile(r"https://github\.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions\.md"),
        read=_external,
        known=("/configSource", "/request/frontend"),
    ),
)
V02: Final = (
    BuildType(uri=re.compile(r"https://mobyproject\.org/buildkit@v1"), read=_invocation, known=("/frontend",)),
)
