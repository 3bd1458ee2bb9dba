"""What a mutated candidate comes to, on the product's own path: bytes, `verify`, claims, checks, verdict.

What goes out: an `Effect`. A candidate whose mutation verifies and means anything else than it did raises
`ChangedMeaning`: that is the one thing that must never be.

Meaning: who signed (issuer, identity, extensions or key), for which artifact and in which root, what the statement or
signature says (types, predicate, annotations), when (verified times), and where it is logged.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gate.checks import check_image
from gate.claims import read_claims
from gate.discovery import Kind
from gate.policy.loading import parse_policy
from gate.reference import Digest
from gate.verdict import EXIT_FAIL, EXIT_PASS, EXIT_STUCK, decide
from gate.verification import Identity, Rejected, Verified, verify
from tests.conftest import LAB
from tests.mutation.changes import write
from tests.mutation.corpus import LIMITS, Case, cases, ready

if TYPE_CHECKING:
    from datetime import datetime

    from gate.discovery import Candidate
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.verification import Evidence, LogEntry, Root


_IMAGE = Digest("sha256", "0" * 64)
"""Whatever image it is: these policies deny none."""


class Effect(StrEnum):
    """What became of a mutated artifact."""

    REFUSED = "refused"
    SAME = "same"
    """It passes, and means what it meant."""
    FEWER = "fewer"
    """It passes, and means what it meant, with fewer of its verified times or log entries."""


class ChangedMeaning(AssertionError):
    """A mutated artifact verified as something that it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one piece of evidence says. `times` and `logs` are its witnesses."""

    said: str
    times: frozenset[datetime]
    logs: frozenset[LogEntry]

    @classmethod
    def of(cls, item: Verified) -> Meaning:
        """Everything that a check, a report or a person could read out of it, but for where it was found."""
        who = item.signer
        signer: Any = (
            [who.issuer, who.subject, sorted(who.extensions.items())] if isinstance(who, Identity) else str(who)
        )
        statement = None if item.statement is None else asdict(item.statement)
        said = [signer, str(item.subject), item.root, item.content, statement, sorted(item.annotations.items())]
        return cls(
            said=json.dumps(said, sort_keys=True, default=repr),
            times=frozenset(item.times),
            logs=frozenset(item.logs),
        )

    def within(self, other: Meaning) -> bool:
        """Whether this says what `other` says, with no witness that it does not have."""
        return self.said == other.said and self.times <= other.times and all(map(other.knows, self.logs))

    def knows(self, entry: LogEntry) -> bool:
        """Whether this has the log entry. Without its promise an entry has no time, and the index that its proof is of:
        Rekor v1 counts through all of its trees, a proof within one.
        """
        untimed = entry.integrated is None and any(
            known.log == entry.log and known.integrated is not None for known in self.logs
        )
        return entry in self.logs or untimed


def document(case: Case) -> Any:
    """A case as one JSON document: the candidate's own and its annotations. A simple-signing layer is its bytes."""
    raw = case.candidate.raw
    layer: Any = raw.decode() if case.candidate.kind is Kind.SIMPLE_SIGNING else json.loads(raw)
    return {"layer": layer, "annotations": dict(case.candidate.annotations)}


def mutated(case: Case, changed: Any) -> Candidate | None:
    """The candidate of a changed document; None if discovery would not make one of it (annotations that are none)."""
    layer, annotations = changed["layer"], changed["annotations"]
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        return None
    if any("\0" in key for key in annotations):
        return None  # a key that stands twice: the manifest that carries it is refused
    plain = case.candidate.kind is Kind.SIMPLE_SIGNING and isinstance(layer, str)
    raw = layer.encode() if plain else write(layer)
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    return replace(case.candidate, raw=raw, annotations=annotations, digest=digest)


@cache
def meanings(case: Case) -> tuple[Meaning, ...]:
    """What the artifact of a case means."""
    return tuple(Meaning.of(item) for item in evidence_of(case, case.candidate) if isinstance(item, Verified))


def evidence_of(case: Case, candidate: Candidate, root: Root | None = None) -> tuple[Evidence, ...]:
    """What verification says of a candidate in a case's place."""
    return verify([candidate], case.artifact, [root or ready(case.root)], case.keys, now=case.now, limits=LIMITS)


def effect(case: Case, candidate: Candidate | None, root: Root | None = None) -> Effect:
    """Judge a candidate in a case's place. Raises `ChangedMeaning`."""
    if candidate is None:
        return Effect.REFUSED
    evidence = evidence_of(case, candidate, root)
    meant = {Meaning.of(item) for item in evidence if isinstance(item, Verified)}
    whole = meanings(case)
    for meaning in meant:
        if not any(meaning.within(other) for other in whole):
            raise ChangedMeaning(f"{meaning}\nwas {whole}")
    code = verdict(case.reference, evidence, case.policy, case.now)
    assert code in {EXIT_PASS, EXIT_FAIL, EXIT_STUCK}
    assert meant or code != EXIT_PASS, "a pass without evidence"
    found = Effect.REFUSED if code != EXIT_PASS else Effect.SAME if meant == set(whole) else Effect.FEWER
    if case.image and root is None:
        _judge_image(case, evidence, found if meant else None)
    return found


def verdict(reference: Reference, evidence: tuple[Evidence, ...], policy: Policy, now: datetime) -> int:
    """Claims, checks, verdict: the exit code."""
    claims = read_claims(evidence, limits=LIMITS)
    rules = check_image(reference, claims, policy, digests=(_IMAGE,), gaps=(), now=now)
    return decide([rule.results for rule in rules])


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A policy of the lab, and the exit code of a case's image with the case's candidate and without it."""

    name: str
    policy: Policy
    whole: int
    without: int


@cache
def expected(name: str) -> tuple[Expected, ...]:
    """What each of the lab's policies that judges this case's image makes of it."""
    case = cases()[name]
    rest = beside(name)
    whole = _together(rest, evidence_of(case, case.candidate))
    with (LAB / "expected.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["case"] == case.image]
    found = []
    for row in rows:
        policy = lab_policy(row["policy"])
        codes = [verdict(case.reference, evidence, policy, case.now) for evidence in (whole, rest)]
        assert codes[0] == int(row["exit"])
        found.append(Expected(name=row["policy"], policy=policy, whole=codes[0], without=codes[1]))
    return tuple(found)


@cache
def lab_policy(name: str) -> Policy:
    """One of the lab's policies."""
    path = LAB / "policies" / f"{name}.toml"
    return parse_policy(path.read_bytes(), path)


@cache
def beside(name: str) -> tuple[Evidence, ...]:
    """The evidence of a case's image but for the case's own."""
    case = cases()[name]
    others = [other for other in cases().values() if other.image == case.image and other is not case]
    return _together(*(evidence_of(other, other.candidate) for other in others))


def _together(*evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """What one run over all of the candidates would have found, in its order."""
    return tuple(sorted((item for items in evidence for item in items), key=lambda item: (item.digest, item.layer)))


def _judge_image(case: Case, evidence: tuple[Evidence, ...], found: Effect | None) -> None:
    """The whole image under the lab's policies: a candidate that is rejected (`found` is None) is as one that is not
    there, but that it may leave a doubt; one that means what it meant changes nothing; one with fewer witnesses may
    lack what a policy asks for.
    """
    doubtful = any(isinstance(item, Rejected) and item.doubt is not None for item in evidence)
    together = _together(beside(case.name), evidence)
    for row in expected(case.name):
        code = verdict(case.reference, together, row.policy, case.now)
        wanted = {row.without} if found is None else {row.whole} if found is Effect.SAME else {row.whole, row.without}
        if doubtful and row.without != EXIT_PASS:
            wanted.add(EXIT_STUCK)
        assert code in wanted, f"{row.name}: {code}, not {wanted}"
