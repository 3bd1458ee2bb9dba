"""The index of SLSA's duties against the tests that it names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.slsa.index import POINTS, Point

TESTS = Path(__file__).parents[1]
ID = re.compile(r"SLSA-(\d+)\b")


@cache
def _docstrings() -> dict[str, str]:
    return {
        f"{path.relative_to(TESTS).as_posix()}::{node.name}": ast.get_docstring(node) or ""
        for path in TESTS.rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_index_has_each_point_once_in_order() -> None:
    assert [point.number for point in POINTS] == list(range(1, 35))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: str(point.number))
def test_each_point_has_a_test_that_says_so_or_a_reason(point: Point) -> None:
    assert bool(point.tests) != (len(point.reason) > 60), "tests, or why it is not gate's"
    assert point.where
    assert point.duty
    for name in point.tests:
        assert str(point.number) in ID.findall(_docstrings()[name]), (
            f"{name} does not say that it is about {point.number}"
        )


def test_each_point_that_a_test_names_is_in_the_index_with_that_test() -> None:
    listed = {(str(point.number), name) for point in POINTS for name in point.tests}
    named = {(number, name) for name, text in _docstrings().items() for number in ID.findall(text)}
    assert named == listed
