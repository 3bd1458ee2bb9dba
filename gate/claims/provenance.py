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
from gate.claims.source import Source, canonical_repository, certified_source, ref_of
from gate.limits import MAX_TEXT

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
    certified = certified_source(evidence.signer)
    named = certified.repository if certified else None
    if evidence.statement.predicate_type == V1:
        build_type = _text_at(predicate, "buildDefinition", "buildType")
        builder_id = _text_at(predicate, "runDetails", "builder", "id")
        stated = _stated(_V1_FIELDS, build_type, predicate, named)
    elif evidence.statement.predicate_type == V02:
        build_type = _text_at(predicate, "buildType")
        builder_id = _text_at(predicate, "builder", "id")
        stated = _stated(_V02_FIELDS, build_type, predicate, named)
    else:
        return None
    if build_type.startswith(_AGENT_COMMIT):
        return None
    claims, gap = read_agent_claims(evidence, predicate, limits=limits)
    return Provenance(
        evidence=evidence,
        builder_id=builder_id,
        build_type=build_type,
        certified=certified,
        stated=stated,
        claims=claims,
        gap=gap,
    )


_Reader = Callable[[Mapping[str, "JSON"], str | None], Source]


def _stated(
    table: tuple[tuple[re.Pattern[str], _Reader], ...],
    build_type: str,
    predicate: Mapping[str, JSON],
    certified: str | None,
) -> Source:
    """The source by the reader of this build type; an unknown build type has no source (rule 12).

    `certified` is the repository that the certificate names: where the predicate names none, what it lists for that one
    is what it states. A field of another type than its own is something stated that agrees with nothing (A-T18).
    """
    for pattern, reader in table:
        if pattern.fullmatch(build_type):
            try:
                return reader(predicate, certified)
            except _OfAnotherType as error:
                return Source(conflict=f"in the provenance {error}")
    return Source()


def _github_workflow(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """https://actions.github.io/buildtypes/workflow/v1: externalParameters.workflow, and the dependency that is it."""
    definition = _object(predicate, "buildDefinition")
    workflow = _object(_object(definition, "externalParameters"), "workflow")
    repository, ref = _text(workflow, "repository"), _text(workflow, "ref")
    return _source(repository, ref, (), _list(definition, "resolvedDependencies"), certified)


def _gitlab_v1(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """GitLab's runner (PROVENANCE.md): externalParameters.source; the commit stands under sha256."""
    definition = _object(predicate, "buildDefinition")
    repository = _text(_object(definition, "externalParameters"), "source")
    return _source(repository, "", (), _list(definition, "resolvedDependencies"), certified)


def _config_source(predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """Provenance v0.2: invocation.configSource, and the material that is it."""
    config = _object(_object(predicate, "invocation"), "configSource")
    return _source(_text(config, "uri"), "", _commits(config), _list(predicate, "materials"), certified)


_V1_FIELDS: Final = (
    (re.compile(r"https://actions\.github\.io/buildtypes/workflow/v1"), _github_workflow),
    (re.compile(r"https://slsa-framework\.github\.io/github-actions-buildtypes/workflow/v1"), _github_workflow),
    (re.compile(r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[^/]+/PROVENANCE\.md"), _gitlab_v1),
)
_V02_FIELDS: Final = (
    (re.compile(r"https://github\.com/slsa-framework/slsa-github-generator/[a-z-]+@v[0-9]+"), _config_source),
    (re.compile(r"https://gitlab\.com/gitlab-org/gitlab-runner/-/blob/[^/]+/PROVENANCE\.md"), _config_source),
)


def _source(
    uri: str, ref: str, own: tuple[str, ...], entries: tuple[Mapping[str, JSON], ...], certified: str | None
) -> Source:
    """What is stated: the repository of `uri`, and each ref and commit that the fields (`own`) and the entries give."""
    repository = canonical_repository(uri) if uri else None
    commits = dict.fromkeys(own)
    refs = {item for item in (ref, ref_of(uri) if uri else None) if item}
    for entry in entries:
        entry_uri = _text(entry, "uri")
        if entry_uri and canonical_repository(entry_uri) == (repository or certified):
            commits.update(dict.fromkeys(_commits(entry)))
            refs |= {item for item in (ref_of(entry_uri),) if item}
    conflict = None
    if len(refs) > 1:
        conflict = f"the provenance names the refs {', '.join(sorted(ascii(item) for item in refs))}"
    elif len(commits) > 1:
        conflict = f"the provenance names {len(commits)} commits of its source"
    return Source(repository=repository, ref=min(refs, default=None), commits=tuple(commits), conflict=conflict)


def _commits(entry: Mapping[str, JSON]) -> tuple[str, ...]:
    """The git commits that a descriptor states: gitCommit, sha1, or 40 hex digits under sha256 (GitLab's runner).

    What is stated and is no commit is kept as it stands: it agrees with none.
    """
    digests = _object(entry, "digest")
    found = [_text(digests, "gitCommit"), _text(digests, "sha1")]
    misplaced = _text(digests, "sha256")
    if len(misplaced) == 40:
        found.append(misplaced)
    return tuple(dict.fromkeys(item for item in found if item))


def _text_at(value: JSON, *way: str) -> str:
    """The text at the end of a way of keys; empty where there is none, which matches nothing."""
    for key in way:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


class _OfAnotherType(ValueError):
    """A field of another type than its specification gives it, or longer than anybody's is. Unset, null and empty are
    the same (SLSA, "Parsing rules"); this is neither.
    """

    def __init__(self, key: str, value: JSON) -> None:
        size = f" of {len(value)} characters" if isinstance(value, str) else ""
        super().__init__(f"{key} is a {type(value).__name__}{size}")


def _object(parent: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _OfAnotherType(key, value)
    return value


def _list(parent: Mapping[str, JSON], key: str) -> tuple[Mapping[str, JSON], ...]:
    values = parent.get(key)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise _OfAnotherType(key, values)
    for value in values:
        if not isinstance(value, Mapping):
            raise _OfAnotherType(f"an entry of {key}", value)
    return tuple(values)


def _text(parent: Mapping[str, JSON], key: str) -> str:
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _OfAnotherType(key, value)
    return value
