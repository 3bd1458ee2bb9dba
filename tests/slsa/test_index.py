"""The index of SLSA's duties against the tests that it names."""

from __future__ import annotations

import re

import pytest

from tests.docstrings import docstrings
from tests.slsa.index import POINTS, Point

ID = re.compile(r"SLSA-(\d+)\b")


def test_the_index_has_each_point_once_in_order() -> None:
    assert [point.number for point in POINTS] == list(range(1, 35))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: str(point.number))
def test_each_point_has_a_test_that_says_so_or_a_reason(point: Point) -> None:
    assert bool(point.tests) != (len(point.reason) > 60), "tests, or why it is not gate's"
    assert point.where
    assert point.duty
    for name in point.tests:
        assert str(point.number) in ID.findall(docstrings()[name]), (
            f"{name} does not say that it is about {point.number}"
        )


def test_each_point_that_a_test_names_is_in_the_index_with_that_test() -> None:
    listed = {(str(point.number), name) for point in POINTS for name in point.tests}
    named = {(number, name) for name, text in docstrings().items() for number in ID.findall(text)}
    assert named == listed
