"""`commits[]` and what the job says of the build -> a provenance predicate; or the same, added to one that is given.

What comes in: what is claimed of each commit, the source, and the bytes of a predicate or what a new one must say. What
goes out: a predicate as `claims.provenance` and `claims.agents` read it, or `InvalidUsage` where it does not fit.
It does not make it true: `cosign attest` signs whatever it is given, and the signer vouches for it.

Sources: SLSA provenance v1 (`buildDefinition.resolvedDependencies`, `runDetails.builder`) and v0.2 (`materials`);
research F1 for where `commits[]` stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from gate.claims.builds import SLSA_V02, SLSA_V1
from gate.claims.source import canonical_repository, is_commit
from gate.errors import InvalidUsage
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.attest.authors import Written
    from gate.limits import Limits

HOLDER: Final = "properties"


class Build(Struct, frozen=True, kw_only=True):
    """What a new predicate says of the build. `external` are its external parameters, `invocation` names its run."""

    build_type: str
    builder_id: str
    external: Mapping[str, Any]
    invocation: str | None


class Origin(Struct, frozen=True, kw_only=True):
    """Where the commits are from: the repository's URI, and the ref that was built; either may not be known."""

    source: str | None
    ref: str | None

    @property
    def uri(self) -> str | None:
        """As a resource's URI."""
        if self.source is None:
            return None
        return f"git+{self.source}" + (f"@{self.ref}" if self.ref else "")


def new(build: Build, origin: Origin, written: Sequence[Written], *, base: str | None = None) -> dict[str, Any]:
    """A provenance v1 of the last commit, with what is claimed of each; `base` says since when that is all of them."""
    assert origin.uri is not None
    metadata = {"metadata": {"invocationId": build.invocation}} if build.invocation else {}
    return {
        "buildDefinition": {
            "buildType": build.build_type,
            "externalParameters": dict(build.external),
            "resolvedDependencies": [_dependency(origin, written, base)],
        },
        "runDetails": {"builder": {"id": build.builder_id}, **metadata},
    }


def read(raw: bytes, name: str, limits: Limits) -> tuple[dict[str, Any], str]:
    """A given predicate, and its type: `SLSA_V1` or `SLSA_V02`. Raises `InvalidUsage`."""
    try:
        parse_object(raw, limits=limits)  # one reading, and no more than gate itself would read
    except Refused as error:
        raise InvalidUsage(f"--into {name}: {error}") from None
    found: dict[str, Any] = json.loads(raw)
    if "predicateType" in found and "predicate" in found:
        raise InvalidUsage(f"--into {name} is a whole statement; give its predicate: jq .predicate {name}")
    if isinstance(found.get("buildDefinition"), dict):
        return found, SLSA_V1
    if isinstance(found.get("buildType"), str):
        return found, SLSA_V02
    raise InvalidUsage(f"--into {name} is no SLSA provenance: it has neither buildDefinition (v1) nor buildType (v0.2)")


def merge(
    predicate: dict[str, Any],
    kind: str,
    origin: Origin,
    written: Sequence[Written],
    *,
    base: str | None = None,
    name: str,
    is_ancestor: Callable[[str, str], bool],
) -> None:
    """Add what is claimed to the dependency that is the source: of the last commit or one after it, in the repository
    of `origin` where that is known. It is added if the predicate names none. `base` is said of a list that ends at the
    commit that was built, where nothing else is said already.

    Raises `InvalidUsage` where the predicate is of another commit, or claims something else already.
    """
    holder = predicate["buildDefinition"] if kind == SLSA_V1 else predicate
    key = "resolvedDependencies" if kind == SLSA_V1 else "materials"
    entries = holder.get(key)
    if entries is None:
        entries = holder[key] = []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidUsage(f"--into {name}: its {key} is no list of objects")
    last = written[-1].commit
    ours = canonical_repository(origin.source) if origin.source else None
    of_it = [entry for entry in entries if ours in (None, _repository(entry)) and _commits(entry)]
    same = [entry for entry in of_it if any(is_ancestor(last, commit) for commit in _commits(entry))]
    if len(same) > 1:
        raise InvalidUsage(f"--into {name} lists {len(same)} sources with commit {last}: which one is it?")
    if same:
        _add(same[0], written, base if last in _commits(same[0]) else None, f"--into {name}")
    elif ours is None:
        raise InvalidUsage(f"--into {name} names no source with commit {last}: say with --source where it is from")
    elif of_it:
        built = ", ".join(sorted(_commits(of_it[0])))
        raise InvalidUsage(
            f"--into {name} is of commit {built}; --range ends at {last}, which is not in its history here"
        )
    else:
        entries.append(_dependency(origin, written, base))


def _dependency(origin: Origin, written: Sequence[Written], base: str | None) -> dict[str, Any]:
    since = {} if base is None else {"base": base}
    return {
        "uri": origin.uri,
        "digest": {"gitCommit": written[-1].commit},
        HOLDER: {**since, "commits": [dict(item.entry) for item in written]},
    }


def _add(entry: dict[str, Any], written: Sequence[Written], base: str | None, where: str) -> None:
    """Beside what is claimed there; the same again is one, something else about the same commit is refused."""
    held = entry.get("annotations")
    key = "annotations" if isinstance(held, dict) and "commits" in held else HOLDER
    if not entry.get(key):
        entry[key] = {}
    held = entry[key]
    if not isinstance(held, dict):
        raise InvalidUsage(f"{where}: its {key} is no object")
    if held.get("commits") is None:
        held["commits"] = []
    commits = held["commits"]
    if not isinstance(commits, list) or not all(isinstance(commit, Mapping) for commit in commits):
        raise InvalidUsage(f"{where}: its {key}.commits is no list of objects")
    known = {commit.get("hash"): commit for commit in commits if isinstance(commit.get("hash"), str)}
    for item in written:
        if item.commit not in known:
            commits.append(dict(item.entry))
        elif known[item.commit] != item.entry:
            raise InvalidUsage(f"{where} claims something else of commit {item.commit}; two claims would be a conflict")
    if base is not None and not known:
        held.setdefault("base", base)


def _commits(entry: Mapping[str, Any]) -> set[str]:
    digest = entry.get("digest")
    found = (digest.get(key) for key in ("gitCommit", "sha1")) if isinstance(digest, Mapping) else ()
    return {value for value in found if isinstance(value, str) and is_commit(value)}


def _repository(entry: Mapping[str, Any]) -> str | None:
    uri = entry.get("uri")
    return canonical_repository(uri) if isinstance(uri, str) and uri else None
