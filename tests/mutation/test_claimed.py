"""What statements of each format say, changed one place at a time before they are signed: never a PASS about anything
else, and what denies is not silenced by what cannot be read.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from gate.claims.agents.formats import FORMATS
from gate.claims.builds import BUILD_TYPES
from gate.claims.vsa import VSA_V1
from gate.verdict import EXIT_FAIL, EXIT_PASS
from tests.mutation.claimed import SCENES, Scene
from tests.mutation.harmless import CLAIMED, Harmless, reason
from tests.mutation.judging import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.mutation.changes import Mutation

STEP = 40
NAMES = list(SCENES)


@cache
def _whole(name: str) -> frozenset[str]:
    """What a scene is about as it is."""
    scene = SCENES[name]
    code, about = scene.judge(scene.document)
    assert code == (EXIT_FAIL if scene.denies else EXIT_PASS)
    return about


def _effect(scene: Scene, mutation: Mutation) -> Effect:
    code, about = scene.judge(mutation.document)
    if code != EXIT_PASS:
        return Effect.REFUSED
    more = about - _whole(scene.name)
    assert not more, f"{mutation.place} {mutation.change}: it passes as {more}"
    return Effect.SAME if about == _whole(scene.name) else Effect.FEWER


def _attack(scene: Scene, mutations: Iterable[Mutation]) -> None:
    count, unnamed = 0, []
    for mutation in mutations:
        count += 1
        found = _effect(scene, mutation)
        if found is not Effect.REFUSED and _reason(scene, mutation, found) is None:
            unnamed.append(f"{mutation.place} {mutation.change}: {found}")
    assert count, "nothing was tried"
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


def _reason(scene: Scene, mutation: Mutation, found: Effect) -> str | None:
    assert found in (Effect.SAME, Effect.FEWER)
    return reason(CLAIMED, scene.name, mutation.place, mutation.change, Effect.SAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_that_says_something_else_does_not_pass_as_the_same(name: str) -> None:
    scene = SCENES[name]
    _attack(scene, islice(scene.mutations(), NAMES.index(name) % STEP, None, STEP))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_no_change_of_a_statement_passes_as_anything_else(name: str) -> None:
    _attack(SCENES[name], SCENES[name].mutations())


@pytest.mark.parametrize("row", CLAIMED, ids=lambda row: row.example[0] + " " + row.example[1].replace("/", "."))
def test_a_place_that_no_rule_judges_is_one(row: Harmless) -> None:
    name, place, change = row.example
    scene = SCENES[name]
    mutation = next(item for item in scene.mutations() if (item.place, item.change) == (place, change))
    found = _effect(scene, mutation)
    assert found is not Effect.REFUSED, "a rule judges it now: the row is of no use"
    assert _reason(scene, mutation, found) == row.reason


def test_every_type_that_gate_reads_is_changed() -> None:
    """A format that is added has its scene here."""
    changed = {scene.document["predicateType"] for scene in SCENES.values()}
    for form in FORMATS:
        assert changed & set(form.types), f"no scene for {form.name}"
    assert {*BUILD_TYPES, VSA_V1} <= changed
