"""What was signed, mutated before it is signed: a log that tells of another signature, a signer who says other things.

Every part around the change holds. A log entry's body must be of the very signature, whatever the log says; and of a
provenance every part that a rule judges must be there, and as the rule wants it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from gate.claims import read_claims
from gate.reference import parse_reference
from gate.verdict import EXIT_PASS
from gate.verification import Verified
from tests.evidence import (
    AGENTS_POLICY,
    GITHUB,
    HEAD,
    MAIN,
    REFERENCE,
    REPOSITORY,
    SLSA_V02,
    SLSA_V1,
    WORKFLOW,
    claim,
    policy,
    predicate_v02,
    predicate_v1,
)
from tests.forge import BY_NAME, FORMATS, Leaf, utf8_string
from tests.mutation.changes import Mutation, changed, flips, write
from tests.mutation.corpus import LIMITS, forged, recipe
from tests.mutation.harmless import BODIES, STATEMENTS, Harmless, reason
from tests.mutation.judging import Effect, effect, evidence_of, verdict
from tests.verification.lab import FORGED_HEX, about_forged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.forge import JSONObject, Recipe
    from tests.mutation.corpus import Case

LOGGED = [form.name for form in FORMATS if form.entry is not None]
STEP = 60


def _once(mutation: Mutation) -> bool:
    return not mutation.change.startswith("doubled")


class Retold:
    """A format's artifact, and the same with a log that was told something else of the very same signature."""

    def __init__(self, name: str) -> None:
        self.form = BY_NAME[name]
        self.made: dict[str, Any] = {}
        self.told = self._hear(recipe(self.form), self.made)
        self.others = [self._hear(recipe(self.form, other=True), {})]

    def mutations(self) -> Iterator[Mutation]:
        """Each change of the body, and each byte of its parts flipped."""
        # A key that stands twice is for `changed` to write; a log writes what a dictionary holds.
        yield from (item for item in changed(self.told, self.others) if not isinstance(item.value, dict) or _once(item))
        yield from flips(self.told)

    def case(self, document: Any) -> Case:
        """The artifact with that body in its log."""
        made = replace(
            recipe(self.form),
            signature=lambda _: self.made["signature"],
            presented=lambda _: self.made["certificate"],
            told=lambda _: document,
        )
        return forged(self.form, made, name=self.form.name, valid=False)

    @staticmethod
    def _hear(made: Recipe, heard: dict[str, Any]) -> JSONObject:
        def hear(key: str) -> Any:
            return lambda value: heard.setdefault(key, value)

        replace(made, signature=hear("signature"), presented=hear("certificate"), told=hear("told")).make()
        told: JSONObject = heard["told"]
        return told


def _attack_body(retold: Retold, mutations: Iterable[Mutation]) -> None:
    whole, count, unnamed = retold.case(retold.told), 0, []
    assert effect(whole, whole.candidate) is Effect.SAME
    for mutation in mutations:
        count += 1
        case = retold.case(mutation.document)
        found = effect(whole, case.candidate)
        if found is Effect.REFUSED:
            continue
        if reason(BODIES, retold.form.name, mutation.place, mutation.change, found) is None:
            unnamed.append(f"{retold.form.name}: {mutation.place} {mutation.change}: {found}")
    assert count, "nothing was tried"
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


@pytest.mark.parametrize("name", LOGGED)
def test_a_log_that_tells_of_another_signature_proves_nothing(name: str) -> None:
    retold = Retold(name)
    _attack_body(retold, islice(retold.mutations(), LOGGED.index(name), None, STEP))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", LOGGED)
def test_no_change_of_what_a_log_tells_proves_anything_else(name: str) -> None:
    retold = Retold(name)
    _attack_body(retold, retold.mutations())


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.example[1])
def test_a_harmless_place_of_a_body_is_one(row: Harmless) -> None:
    name, place, change = row.example
    retold = Retold(name)
    mutation = next(item for item in retold.mutations() if (item.place, item.change) == (place, change))
    whole, case = retold.case(retold.told), retold.case(mutation.document)
    assert effect(whole, case.candidate) is Effect.SAME, "it does harm now: the row is of no use"
    assert reason(BODIES, name, place, change, Effect.SAME) == row.reason


_WORKFLOW: Mapping[int | str, bytes] = {
    11: utf8_string("github-hosted"),
    12: utf8_string(REPOSITORY),
    13: utf8_string(HEAD),
    14: utf8_string(MAIN),
}
"""Extensions that name the source: what the certificate says of it needs no predicate."""
SAID: Mapping[str, tuple[str, Mapping[str, object], Mapping[int | str, bytes]]] = {
    "v1": (SLSA_V1, predicate_v1(), {}),
    "v1 certified": (SLSA_V1, predicate_v1(), _WORKFLOW),
    "v0.2": (SLSA_V02, predicate_v02(claims=[claim()]), {}),
    "v0.2 certified": (SLSA_V02, predicate_v02(claims=[claim()]), _WORKFLOW),
}
OTHERS = (
    predicate_v1(repository="https://github.com/acme/web", ref="refs/heads/next", commit="2" * 40),
    predicate_v02(uri="git+https://github.com/acme/web@refs/heads/next", digest={"sha1": "2" * 40}),
)


class Restated:
    """A provenance, signed by the workflow that the policy names, that says something else."""

    def __init__(self, name: str) -> None:
        kind, predicate, extensions = SAID[name]
        self.name = name
        self.document = json.loads(about_forged(predicate=predicate, predicate_type=kind))
        self.others = [json.loads(about_forged(predicate=other, predicate_type=SLSA_V1)) for other in OTHERS]
        names = (x509.UniformResourceIdentifier(WORKFLOW),)
        self.leaf = Leaf(issuer=GITHUB, names=names, extensions=extensions)
        self.facts = self.judge(self.document)
        assert self.facts, "it passes as it is"

    def mutations(self) -> Iterator[Mutation]:
        """Each change of the statement."""
        return changed(self.document, self.others)

    def judge(self, document: Any) -> str:
        """Under the policy: what a pass is about, as far as the rules ask for it; nothing for anything but a pass."""
        form = BY_NAME["bundle 0.3 statement rekor-v2"]
        made = replace(recipe(form), payload=write(document), leaf=self.leaf)
        case = forged(form, made, name=self.name, valid=False)
        evidence = evidence_of(case, case.candidate)
        if verdict(parse_reference(REFERENCE), evidence, policy(AGENTS_POLICY), case.now) != EXIT_PASS:
            return ""
        read = read_claims(evidence, limits=LIMITS)
        (item,), (provenance,), (document,) = evidence, read.provenance, read.documents
        assert isinstance(item, Verified)
        assert FORGED_HEX in str(item.subject)
        claims = {(it.repository, it.commit, it.authored_by, it.agent, it.model) for it in document.claims}
        source = [
            getattr(provenance.certified, what, None) or getattr(provenance.stated, what)
            for what in ("repository", "ref", "commits")
        ]
        return repr((item.predicate_type, provenance.builder_id, source, claims))


@pytest.mark.parametrize("name", SAID)
def test_a_provenance_that_says_anything_else_does_not_pass_as_the_same(name: str) -> None:
    restated = Restated(name)
    _attack_statement(restated, islice(restated.mutations(), list(SAID).index(name), None, 4))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SAID)
def test_no_change_of_what_a_provenance_says_passes_as_the_same(name: str) -> None:
    restated = Restated(name)
    _attack_statement(restated, restated.mutations())


def _attack_statement(restated: Restated, mutations: Iterable[Mutation]) -> None:
    unnamed = []
    for mutation in mutations:
        facts = restated.judge(mutation.document)
        if not facts:
            continue
        assert facts == restated.facts, f"{mutation.place} {mutation.change}: it passes as {facts}"
        if reason(STATEMENTS, restated.name, mutation.place, mutation.change, Effect.SAME) is None:
            unnamed.append(f"{mutation.place} {mutation.change}")
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row.example[1])
def test_a_part_of_a_statement_that_no_rule_judges_is_none(row: Harmless) -> None:
    name, place, change = row.example
    restated = Restated(name)
    mutation = next(item for item in restated.mutations() if (item.place, item.change) == (place, change))
    assert restated.judge(mutation.document) == restated.facts, "a rule judges it now: the row is of no use"
    assert reason(STATEMENTS, name, place, change, Effect.SAME) == row.reason
