"""Candidates, mutated one place at a time: never a PASS with another meaning, and no harmless place without a reason.

The normal run takes a sample that is the same in every run, the marker `exhaustive` takes them all.
"""

from __future__ import annotations

import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.forge import FORMATS
from tests.mutation.changes import Mutation, changed, flips
from tests.mutation.corpus import CASES, cases, donors
from tests.mutation.harmless import CANDIDATES, Harmless, reason
from tests.mutation.judging import Effect, document, effect, expected, mutated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAMES = sorted(cases())
ALIKE = re.compile(r"lab/(?!agent-signed|many|person|gitlab|keyed|two-signers)")
"""Bundles by the same producer in the same form as others of the lab: of each every eighth byte, and together all."""
CHANGES_STEP = 80
FLIPS_STEP = 250


def _changes(name: str) -> Iterator[Mutation]:
    return changed(document(cases()[name]), [document(donor) for donor in donors(name)])


def _offset(name: str, step: int) -> int:
    """Where a case's sample begins: each case another, so that together they see more."""
    return zlib.crc32(name.encode()) % step


def _attack(name: str, mutations: Iterable[Mutation]) -> None:
    case, count, unnamed = cases()[name], 0, []
    for mutation in mutations:
        if not isinstance(mutation.document, dict) or mutation.document.keys() != {"layer", "annotations"}:
            continue
        count += 1
        found = effect(case, mutated(case, mutation.document))
        why = reason(CANDIDATES, name, mutation.place, mutation.change, found)
        if found is not Effect.REFUSED and why is None:
            unnamed.append(f"{name}: {mutation.place} {mutation.change}: {found}")
    assert count, "nothing was tried"
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


def test_every_producer_of_the_cases_is_attacked_and_every_format_of_the_forge() -> None:
    attacked = {name.partition("/")[0] for name in NAMES}
    assert attacked == {path.name for path in CASES.iterdir() if path.is_dir()} | {"forge"}
    assert {f"forge/{form.name}".replace(" ", "-") for form in FORMATS} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_case_passes_as_it_is(name: str) -> None:
    case = cases()[name]
    assert effect(case, mutated(case, document(case))) is Effect.SAME


@pytest.mark.parametrize("name", NAMES)
def test_a_part_changed_never_passes_as_something_else(name: str) -> None:
    _attack(name, islice(_changes(name), _offset(name, CHANGES_STEP), None, CHANGES_STEP))


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_flipped_never_passes_as_something_else(name: str) -> None:
    _attack(name, flips(document(cases()[name]), offset=_offset(name, FLIPS_STEP), step=FLIPS_STEP))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_no_part_changed_passes_as_something_else(name: str) -> None:
    _attack(name, _changes(name))


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("name", NAMES)
def test_no_byte_flipped_passes_as_something_else(name: str, part: int) -> None:
    if ALIKE.match(name) is None:
        _attack(name, flips(document(cases()[name]), offset=part, step=4))
    else:
        _attack(name, flips(document(cases()[name]), offset=8 * part + _offset(name, 8), step=32))


@pytest.mark.parametrize("row", CANDIDATES, ids=lambda row: row.example[1].replace("/", "."))
def test_a_harmless_place_is_one_and_the_first_row_that_names_it_is_its_own(row: Harmless) -> None:
    name, place, change = row.example
    case = cases()[name]
    mutations = [*_changes(name), *flips(document(case))] if change.startswith("flipped") else _changes(name)
    mutation = next(item for item in mutations if (item.place, item.change) == (place, change))
    found = effect(case, mutated(case, mutation.document))
    assert found is not Effect.REFUSED, "it does harm now: the row is of no use"
    assert reason(CANDIDATES, name, place, change, found) == row.reason


def test_what_a_missing_candidate_turns_into_a_pass_is_what_rule_27_excepts() -> None:
    """A registry that hides referrers is a documented limit: only where all of a kind are judged does that help."""
    hidden = {
        (case.image, row.name)
        for case in cases().values()
        if case.image
        for row in expected(case.name)
        if row.whole != 0 and row.without == 0
    }
    assert hidden == {("two-scans-one-critical", "scanned")}
