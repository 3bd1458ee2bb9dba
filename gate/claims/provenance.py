"""A verified statement -> `Provenance`: the builder, and the source that it was built from.

What comes in: verified evidence. What goes out: the facts of a SLSA provenance v1 or v0.2, each from the field that is
fixed for its build type, or None where the statement is no build provenance. The level is not read from anywhere: it is
the policy's (signer, builder.id) entry.

Sources: SLSA provenance v1 and v0.2 ("Schema", "Parsing rules"); the build types' own pages, named beside each; design
rules 1, 10 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gate.claims.agents import AgentClaim, read_agent_claims
from gate.claims.source import Source, canonical_repository, certified_source, is_commit, ref_of

if TYPE_CHECKING:
    from gate.errors import LimitExceeded
    from gate.limits import Limits
    from gate.strictjson import JSON
    from gate.verification import Verified

V1: Final = "https://slsa.dev/provenance/v1"
V02: Final = "https://slsa.dev/provenance/v0.2"
_AGENT_COMMIT: Final = "https://refs.arewm.com/agent-commit/"  # an agent's run, not a build (rule 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One build provenance. `certified` is what its certificate says of the source, `stated` what its predicate says.

    `gap` says that it holds more agent claims than gate reads.
    """

    evidence: Verified
    builder_id: str
    build_type: str
    certified: Source | None
    stated: Source
    claims: tuple[AgentClaim, ...]
    gap: LimitExceeded | None


def read_provenance(evidence: Verified, *, limits: Limits) -> Provenance | None:
    """The provenance in a statement; None if it is none."""
    if evidence.statement is None:
        return None
    predicate = evidence.statement.predicate
    if evidence.statement.predicate_type == V1:
        definition = _object(predicate, "buildDefinition")
        build_type = _text(definition, "buildType")
        builder_id = _text(_object(_object(predicate, "runDetails"), "builder"), "id")
        stated = _stated(_V1_FIELDS, build_type, definition)
    elif evidence.statement.predicate_type == V02:
        build_type = _text(predicate, "buildType")
        builder_id = _text(_object(predicate, "builder"), "id")
        stated = _stated(_V02_FIELDS, build_type, predicate)
    else:
        return None
    if build_type.startswith(_AGENT_COMMIT):
        return None
    claims, gap = read_agent_claims(evidence, limits=limits)
    return Provenance(
        evidence=evidence,
        builder_id=builder_id,
        build_type=build_type,
        certified=certified_source(evidence.signer),
        stated=stated,
        claims=claims,
        gap=gap,
    )


_Reader = Callable[[Mapping[str, "JSON"]], Source]


def _stated(
    table: tuple[tuple[re.Pattern[str], _Reader], ...], build_type: str, document: Mapping[str, JSON]
) -> Source:
    """The source by the reader of this build type; an unknown build type has no source (rule 12)."""
    for pattern, reader in table:
        if pattern.fullmatch(build_type):
            return reader(document)
    return Source()


def _github_workflow(definition: Mapping[str, JSON]) -> Source:
    """https://actions.github.io/buildtypes/workflow/v1: externalParameters.workflow, and the dependency that is it."""
    workflow = _object(_object(definition, "externalParameters"), "workflow")
    repository = _text(workflow, "repository")
    return _with_commits(repository, _text(workflow, "ref"), definition, "resolvedDependencies")


def _gitlab_v1(definition: Mapping[str, JSON]) -> Source:
    """GitLab's runner (PROVENANCE.md): externalParameters.source; the commit stands under sha256."""
    repository = _text(_object(definition, "externalParameters"), "source")
    return _with_commits(repository, "", definition, "resolvedDependencies")


def _config_source(predicate: Mapping[str, JSON]) -> Source:
    """Provenance v0.2: invocation.configSource, and the material that is it."""
    config = _object(_object(predicate, "invocation"), "configSource")
    uri = _text(config, "uri")
    found = _with_commits(uri, ref_of(uri) or "", predicate, "materials")
    commits = dict.fromkeys((*_commits(config), *found.commits))
    return Source(repository=found.repository, ref=found.ref, commits=tuple(commits), conflict=_several(commits))


_V1_FIELDS: Final = (
    (re.compile(r"https://actions\.github\.io/buildtypes/workflow/v1"), _github_workflow),
    (re.compile(r"https://slsa-framework\.github\.io/github-actions-buildtypes/workflow/v1"), _github_workflow),
    (re.compile(r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[^/]+/PROVENANCE\.md"), _gitlab_v1),
)
_V02_FIELDS: Final = (
    (re.compile(r"https://github\.com/slsa-framework/slsa-github-generator/[a-z-]+@v[0-9]+"), _config_source),
    (re.compile(r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[^/]+/PROVENANCE\.md"), _config_source),
)


def _with_commits(uri: str, ref: str, document: Mapping[str, JSON], key: str) -> Source:
    """A repository with the commits that the list under `key` gives for it, and the ref."""
    if not uri:
        return Source()
    repository = canonical_repository(uri)
    commits: dict[str, None] = {}
    refs = {ref} if ref else set()
    for entry in _list(document, key):
        entry_uri = _text(entry, "uri")
        if entry_uri and canonical_repository(entry_uri) == repository:
            commits.update(dict.fromkeys(_commits(entry)))
            refs |= {found for found in (ref_of(entry_uri),) if found}
    conflict = _several(commits)
    if len(refs) > 1:
        conflict = f"the provenance names the refs {', '.join(sorted(ascii(item) for item in refs))}"
    return Source(repository=repository, ref=min(refs) if refs else None, commits=tuple(commits), conflict=conflict)


def _commits(entry: Mapping[str, JSON]) -> tuple[str, ...]:
    """The git commits of a descriptor: gitCommit, sha1, or 40 hex digits under sha256 (GitLab's runner)."""
    digests = _object(entry, "digest")
    found = [_text(digests, "gitCommit"), _text(digests, "sha1")]
    misplaced = _text(digests, "sha256")
    if len(misplaced) == 40:
        found.append(misplaced)
    return tuple(dict.fromkeys(item for item in found if is_commit(item)))


def _several(commits: Mapping[str, None]) -> str | None:
    return f"the provenance names {len(commits)} commits of its source" if len(commits) > 1 else None


def _object(parent: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(parent: Mapping[str, JSON], key: str) -> tuple[Mapping[str, JSON], ...]:
    values = parent.get(key)
    return tuple(value for value in values if isinstance(value, Mapping)) if isinstance(values, list) else ()


def _text(parent: Mapping[str, JSON], key: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else ""
