"""Whatever the bytes, a parser gives an answer or its own refusal, the same one twice, and comes to an end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, check

CORPUS = Path(__file__).parent / "corpus"
KEPT = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("*/*"))
NAMES = sorted(TARGETS)


@pytest.mark.parametrize("name", NAMES)
def test_real_inputs_are_read_twice_alike(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert seeds, "a target begins from real inputs"
    for raw in seeds:
        check(name, raw)


@pytest.mark.parametrize("kept", KEPT)
def test_what_was_found_once_is_not_found_again(kept: str) -> None:
    check(kept.partition("/")[0], (CORPUS / kept).read_bytes())


@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None, max_examples=30, database=None)
@given(data=st.data())
def test_mutated_real_inputs_are_answered_or_refused(name: str, data: st.DataObject) -> None:
    _mutated(name, data)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None, max_examples=1500, database=None)
@given(data=st.data())
def test_many_mutated_real_inputs_are_answered_or_refused(name: str, data: st.DataObject) -> None:
    _mutated(name, data)


@pytest.mark.parametrize("name", NAMES)
@settings(derandomize=True, deadline=None, max_examples=30, database=None)
@given(raw=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_answered_or_refused(name: str, raw: bytes) -> None:
    check(name, raw)


def _mutated(name: str, data: st.DataObject) -> None:
    seeds = TARGETS[name].seeds()
    seed = seeds[data.draw(st.integers(0, len(seeds) - 1))]
    check(name, mutate(seed, seeds, random.Random(data.draw(st.integers(0, 1 << 32)))))  # noqa: S311
