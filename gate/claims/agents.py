"""A provenance statement -> the agent claims in it: which commit, who wrote it, with which model.

What comes in: a verified provenance statement. What goes out: one `AgentClaim` for each commit that it lists, in the
format of `commits[] {hash, author, authored_by, agent_model}` (research F1), from each of its known places and from
nowhere else. What cannot be read is a claim with a `problem`, never a claim less. Nothing here raises trust.

Threats that this answers: A-T6 (short hashes), A-T10 (unknown authorship), A-T18 (wrong types), A-T19 (look-alikes),
A-T27 (two places). Documented places only: A-T26.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gate.claims.source import canonical_repository, is_commit
from gate.errors import LimitExceeded
from gate.limits import MAX_TEXT, Tally

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.strictjson import JSON
    from gate.verification import Verified


class Authorship(StrEnum):
    """Who wrote a commit (design rule 18). `assisted` and `mixed` are one value."""

    HUMAN = "human"
    AGENT = "autonomous_agent"
    MIXED = "mixed"
    UNKNOWN = "unknown"


_AUTHORSHIP: Final = {
    "human": Authorship.HUMAN,
    "autonomous_agent": Authorship.AGENT,
    "mixed": Authorship.MIXED,
    "assisted": Authorship.MIXED,
}
_MAX_ID: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClaim:
    """One commit, as one statement describes it.

    `repository` is canonical, None where the entry names none. `place` is what a builder's `vouches-for` names, `path`
    where in the predicate it stood. `problem` says why it cannot be read; `commit` is then what could be.
    """

    evidence: Verified
    place: str
    path: str
    repository: str | None
    commit: str | None
    authored_by: Authorship
    agent: str | None
    model: str | None
    problem: str | None = None


def read_agent_claims(
    evidence: Verified, predicate: Mapping[str, JSON], *, limits: Limits
) -> tuple[tuple[AgentClaim, ...], LimitExceeded | None]:
    """Every claim in the predicate of a provenance statement, and why there may be more that were not read."""
    claims: list[AgentClaim] = []
    tally = limits.tally or Tally()
    for claim in _claims(evidence, predicate):
        try:
            tally.add("agent claims", 1, limits.claims, limit="claims")
        except LimitExceeded as over:
            return tuple(claims), over
        claims.append(claim)
    return tuple(claims), None


def _claims(evidence: Verified, predicate: Mapping[str, JSON]) -> Iterator[AgentClaim]:
    definition = predicate.get("buildDefinition")
    places = [
        ("resolvedDependencies", "buildDefinition.resolvedDependencies", _get(definition, "resolvedDependencies")),
        ("resolvedDependencies", "resolvedDependencies", predicate.get("resolvedDependencies")),
        ("materials", "materials", predicate.get("materials")),
    ]
    for place, where, entries in places:
        if entries is None:
            continue
        if not isinstance(entries, list):
            yield _broken(evidence, place, where, None, f"{where} is no list")
            continue
        for number, entry in enumerate(entries):
            path = f"{where}[{number}]"
            if isinstance(entry, Mapping):
                yield from _of_entry(evidence, place, path, entry)
            else:
                yield _broken(evidence, place, path, None, f"{path} is no object")


def _of_entry(evidence: Verified, place: str, where: str, entry: Mapping[str, JSON]) -> Iterator[AgentClaim]:
    uri = entry.get("uri")
    too_long = isinstance(uri, str) and len(uri) > MAX_TEXT
    repository = canonical_repository(uri) if isinstance(uri, str) and uri and not too_long else None
    for holder in ("properties", "annotations"):
        held = entry.get(holder)
        if not held:  # unset, null and empty are the same (SLSA, "Parsing rules")
            continue
        if not isinstance(held, Mapping):
            yield _broken(evidence, place, f"{where}.{holder}", repository, f"{where}.{holder} is no object")
            continue
        commits = held.get("commits")
        if commits is None:
            continue
        path = f"{where}.{holder}.commits"
        if too_long or not isinstance(commits, list):
            problem = f"{where}.uri is longer than {MAX_TEXT} characters" if too_long else f"{path} is no list"
            yield _broken(evidence, place, path, repository, problem)
            continue
        for number, commit in enumerate(commits):
            yield _of_commit(evidence, place, f"{path}[{number}]", repository, commit)


def _of_commit(evidence: Verified, place: str, path: str, repository: str | None, value: JSON) -> AgentClaim:
    if not isinstance(value, Mapping):
        return _broken(evidence, place, path, repository, f"{path} is no object")
    problems = []
    commit = value.get("hash")
    if not isinstance(commit, str) or not is_commit(commit):
        problems.append(f"its hash is {_shown(commit)}, not 40 or 64 lower-case hex digits")
        commit = None
    stated = value.get("authored_by")
    authored_by = _AUTHORSHIP.get(stated, Authorship.UNKNOWN) if isinstance(stated, str) else Authorship.UNKNOWN
    texts: dict[str, str | None] = {}
    for key in ("author", "agent_model"):
        found = value.get(key)
        if found is None or found == "":
            texts[key] = None  # unset, null and empty are the same (SLSA, "Parsing rules")
        elif not isinstance(found, str) or not _plain(found, human=authored_by is Authorship.HUMAN):
            problems.append(f"its {key} is {_shown(found)}, not up to {_MAX_ID} printable ASCII characters")
            texts[key] = None
        else:
            texts[key] = found
    return AgentClaim(
        evidence=evidence,
        place=place,
        path=path,
        repository=repository,
        commit=commit,
        authored_by=authored_by,
        agent=texts["author"],
        model=texts["agent_model"],
        problem="; ".join(problems) or None,
    )


def _broken(evidence: Verified, place: str, path: str, repository: str | None, problem: str) -> AgentClaim:
    return AgentClaim(
        evidence=evidence,
        place=place,
        path=path,
        repository=repository,
        commit=None,
        authored_by=Authorship.UNKNOWN,
        agent=None,
        model=None,
        problem=problem,
    )


def _plain(text: str, *, human: bool) -> bool:
    """Nothing that looks like something else: printable ASCII without spaces at its ends or two in a row. A person's
    name is compared with nothing, and may be written in any script.
    """
    if len(text) > _MAX_ID or not text.isprintable():
        return False
    return human or (text.isascii() and text == text.strip() and "  " not in text)


def _get(value: JSON, key: str) -> JSON:
    return value.get(key) if isinstance(value, Mapping) else None


def _shown(value: JSON) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
