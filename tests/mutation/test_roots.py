"""Trust roots, mutated one place at a time: one that lacks what an artifact needs never lets it pass, and none makes it
say anything else.

A root is the policy's own and no attacker's. What is tried here is that each part that a verification needs is needed.
"""

from __future__ import annotations

import zlib
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from gate import trust
from gate.errors import InvalidTrustRoot
from gate.verification import Root
from tests.mutation.changes import Mutation, changed, flips, write
from tests.mutation.corpus import cases
from tests.mutation.harmless import ROOTS, Harmless, reason
from tests.mutation.judging import Effect, effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.mutation.corpus import Case

NAMES = (
    "lab/agent-signed/0",
    "github/wheel",
    "conformance/happy-path-v0.3",
    "conformance/intoto-with-custom-trust-root",
    "conformance/rekor2-dsse-happy-path",
    "forge/bundle-0.3-statement-rekor-v2",
    "forge/sig-hashedrekord-stamps",
    "forge/bundle-0.3-message-hashedrekord-key",
)
STEP = 60


def _changes(case: Case) -> Iterator[Mutation]:
    others = [cases()[name].root.document for name in NAMES[:2]]
    return changed(case.root.document, others)


def _effect(case: Case, document: Any) -> Effect:
    """What becomes of a case under another root; a root that is none is refused before anything is fetched."""
    try:
        root = trust.parse(
            case.root.name, write(document), dated=None, log_none=case.root.log_none, ct_none=case.root.ct_none
        )
        return effect(case, case.candidate, Root(root))
    except InvalidTrustRoot:
        return Effect.REFUSED


def _unused(case: Case) -> tuple[str, ...]:
    """The parts without which the case passes as it did: older keys, other authorities."""
    found = []
    for key in trust.PARTS:
        parts = case.root.document.get(key)
        for number in range(len(parts) if isinstance(parts, list) else 0):
            place = f"{key}/{number}"
            without = next(item for item in _changes(case) if (item.place, item.change) == (place, "removed"))
            if _effect(case, without.document) is Effect.SAME:
                found.append(place)
        if isinstance(parts, list) and parts and all(f"{key}/{number}" in found for number in range(len(parts))):
            found.append(key)
    return tuple(found)


def _attack(name: str, mutations: Iterable[Mutation]) -> None:
    case, count, unnamed = cases()[name], 0, []
    unused = _unused(case)
    assert len(unused) < sum(len(trust.parts(case.root.document, key)) for key in trust.PARTS)
    for mutation in mutations:
        count += 1
        found = _effect(case, mutation.document)
        if found is Effect.REFUSED or mutation.place.startswith(tuple(f"{place}/" for place in unused)):
            continue
        if mutation.place in unused or reason(ROOTS, name, mutation.place, mutation.change, found) is not None:
            continue
        unnamed.append(f"{name}: {mutation.place} {mutation.change}: {found}")
    assert count, "nothing was tried"
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


@pytest.mark.parametrize("name", NAMES)
def test_a_root_changed_never_lets_anything_else_pass(name: str) -> None:
    case = cases()[name]
    _attack(name, islice(_changes(case), zlib.crc32(name.encode()) % STEP, None, STEP))
    _attack(name, flips(case.root.document, offset=1, step=STEP * 10))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_no_change_of_a_root_lets_anything_else_pass(name: str) -> None:
    case = cases()[name]
    _attack(name, _changes(case))
    _attack(name, flips(case.root.document, step=16))


@pytest.mark.parametrize("row", ROOTS, ids=lambda row: row.example[1].replace("/", "."))
def test_a_harmless_place_of_a_root_is_one(row: Harmless) -> None:
    name, place, change = row.example
    case = cases()[name]
    mutations = flips(case.root.document) if change.startswith("flipped") else _changes(case)
    mutation = next(item for item in mutations if (item.place, item.change) == (place, change))
    found = _effect(case, mutation.document)
    assert found is not Effect.REFUSED, "it does harm now: the row is of no use"
    assert reason(ROOTS, name, place, change, found) == row.reason
