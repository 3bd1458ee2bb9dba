"""F1: `commits[] {hash, author, authored_by, agent_model}` inside a build provenance.

What comes in: a provenance (v0.1, v0.2 or v1). What goes out: a claim for each entry of each list at a documented place
and at no other (A-T26); a list that names its `base` is a `Listing` too. Places of the platform's own
(`internalParameters`, `runDetails`) and of the tenant's are told apart: a policy says who vouches for which.

The format is a convention without a schema (research F1). Beside its four keys an entry may have `agent_version`,
`model_provider`, `model_version`, `operator` and `tools`; what else it has is not read.

Threats that this answers: A-T3, A-T6, A-T10, A-T18, A-T19, A-T26, A-T27.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import AgentClaim, Authorship, Found, Listing
from gate.claims.agents.fields import Fields
from gate.claims.agents.reading import Format, Reading
from gate.claims.builds import SLSA_V01, SLSA_V02, SLSA_V1
from gate.claims.source import canonical_repository
from gate.limits import MAX_TEXT

if TYPE_CHECKING:
    from gate.strictjson import JSON

# Lists of resources, each of which may hold commits; and objects that may hold them themselves. A path by its keys.
_Way = tuple[str, ...]
_RESOURCES: Final[tuple[tuple[str, _Way], ...]] = (
    ("resolvedDependencies", ("buildDefinition", "resolvedDependencies")),
    ("resolvedDependencies", ("resolvedDependencies",)),
    ("materials", ("materials",)),
)
_HOLDERS_V1: Final = (
    ("internalParameters", ("buildDefinition", "internalParameters")),
    ("externalParameters", ("buildDefinition", "externalParameters")),
    ("runDetails", ("runDetails", "metadata")),
)
_HOLDERS_V02: Final = (
    ("environment", ("invocation", "environment")),
    ("externalParameters", ("invocation", "parameters")),
    ("metadata", ("metadata",)),
)
_HOLDERS: Final[Mapping[str, tuple[tuple[str, _Way], ...]]] = {
    SLSA_V1: _HOLDERS_V1,
    SLSA_V02: _HOLDERS_V02,
    SLSA_V01: (),
}


def read_commits(reading: Reading) -> Iterator[Found]:
    """Every entry of every list of commits in a provenance."""
    for place, way in _RESOURCES:
        value, where = _at(reading.predicate, way), ".".join(way)
        if value is None:
            continue
        if not isinstance(value, list):
            yield _broken(reading, place, where, None, f"{where} is no list")
            continue
        for number, entry in enumerate(value):
            path = f"{where}[{number}]"
            if isinstance(entry, Mapping):
                yield from _of_resource(reading, place, path, entry)
            else:
                yield _broken(reading, place, path, None, f"{path} is no object")
    for place, way in _HOLDERS[reading.predicate_type]:
        value = _at(reading.predicate, way)
        if isinstance(value, Mapping):  # of another type it is the provenance's fault, and holds no claims
            yield from _of_holder(reading, place, ".".join(way), value, reading.repository)


def _of_resource(reading: Reading, place: str, where: str, entry: Mapping[str, JSON]) -> Iterator[Found]:
    if not entry.get("properties") and not entry.get("annotations"):
        return  # as nearly every dependency, of which there may be a hundred thousand
    uri = entry.get("uri")
    too_long = isinstance(uri, str) and len(uri) > MAX_TEXT
    repository = canonical_repository(uri) if isinstance(uri, str) and uri and not too_long else None
    for holder in ("properties", "annotations"):
        held, path = entry.get(holder), f"{where}.{holder}"
        if not held:  # unset, null and empty are the same (SLSA, "Parsing rules")
            continue
        if not isinstance(held, Mapping):
            yield _broken(reading, place, path, repository, f"{path} is no object")
        elif too_long and held.get("commits") is not None:
            problem = f"{where}.uri is longer than {MAX_TEXT} characters"
            yield _broken(reading, place, f"{path}.commits", None, problem)
        else:
            yield from _of_holder(reading, place, path, held, repository)


def _of_holder(
    reading: Reading, place: str, where: str, held: Mapping[str, JSON], repository: str | None
) -> Iterator[Found]:
    commits, path = held.get("commits"), f"{where}.commits"
    if commits is None:
        return
    if not isinstance(commits, list):
        yield _broken(reading, place, path, repository, f"{path} is no list")
        return
    listed = []
    for number, commit in enumerate(commits):
        claim = _of_commit(reading, place, f"{path}[{number}]", repository, commit)
        yield claim
        listed.append(claim.commit)
    problems: list[str] = []
    base = Fields(held, where, problems).commit("base")
    if problems:
        yield _broken(reading, place, f"{where}.base", repository, problems[0])
    elif base is not None:
        whole = tuple(commit for commit in listed if commit is not None)
        yield Listing(path=path, place=place, repository=repository, base=base, commits=whole)


def _of_commit(reading: Reading, place: str, path: str, repository: str | None, value: JSON) -> AgentClaim:
    problems: list[str] = []
    if not isinstance(value, Mapping):
        return _broken(reading, place, path, repository, f"{path} is no object")
    entry = Fields(value, "", problems)
    commit = entry.commit("hash")
    if commit is None and not problems:
        problems.append("it has no hash")
    authored_by, stated = entry.authorship("authored_by")
    return reading.claim(
        path=path,
        place=place,
        repository=repository,
        commit=commit,
        authored_by=authored_by,
        stated=stated,
        agent=entry.text("author", human=authored_by is Authorship.HUMAN),
        agent_version=entry.text("agent_version"),
        operator=entry.text("operator", human=True),
        provider=entry.text("model_provider"),
        model=entry.text("agent_model"),
        model_version=entry.text("model_version"),
        tools=None if entry.get("tools") is None else entry.texts("tools"),
        problems=problems,
    )


def _broken(reading: Reading, place: str, path: str, repository: str | None, problem: str) -> AgentClaim:
    return reading.claim(path=path, place=place, repository=repository, commit=None, problems=[problem])


def _at(value: JSON, way: _Way) -> JSON:
    for key in way:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


FORMAT: Final = Format(name="commits", types=(SLSA_V1, SLSA_V02, SLSA_V01), read=read_commits)
