"""The index of threats against the tests that it names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.agents.index import THREATS, Threat

TESTS = Path(__file__).parents[1]
ID = re.compile(r"A-T\d+")


@cache
def _docstrings(path: str) -> dict[str, str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_register_is_whole_and_has_each_threat_once() -> None:
    assert [threat.id for threat in THREATS] == [f"A-T{number}" for number in range(1, 38)]


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: str(threat.id))
def test_each_threat_has_a_test_that_says_so_or_a_reason(threat: Threat) -> None:
    assert bool(threat.tests) != (len(threat.reason) > 60), "tests, or why it is a limit"
    assert threat.threat
    for test in threat.tests:
        path, _, name = test.partition("::")
        assert threat.id in ID.findall(_docstrings(path)[name]), f"{test} does not say that it is about {threat.id}"


def test_each_threat_that_the_attacks_name_is_in_the_index_with_that_test() -> None:
    path = "agents/test_threats.py"
    listed = {(threat.id, test) for threat in THREATS for test in threat.tests}
    for name, text in _docstrings(path).items():
        found = ID.findall(text)
        assert found, f"{name} names no threat"
        assert any((number, f"{path}::{name}") in listed for number in found), f"{name} is in no entry"
