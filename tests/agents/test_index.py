"""The index of threats against the tests that it names."""

from __future__ import annotations

import re

import pytest

from tests.agents.index import THREATS, Threat
from tests.docstrings import docstrings

ID = re.compile(r"A-T\d+")


def test_the_register_is_whole_and_has_each_threat_once() -> None:
    assert [threat.id for threat in THREATS] == [f"A-T{number}" for number in range(1, 38)]


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: str(threat.id))
def test_each_threat_has_a_test_that_says_so_or_a_reason(threat: Threat) -> None:
    assert bool(threat.tests) != (len(threat.reason) > 60), "tests, or why it is a limit"
    assert threat.threat
    for test in threat.tests:
        assert threat.id in ID.findall(docstrings()[test]), f"{test} does not say that it is about {threat.id}"


def test_each_threat_that_the_attacks_name_is_in_the_index_with_that_test() -> None:
    listed = {(threat.id, test) for threat in THREATS for test in threat.tests}
    attacks = {name: text for name, text in docstrings().items() if name.startswith("agents/test_threats.py::")}
    assert attacks
    for name, text in attacks.items():
        found = ID.findall(text)
        assert found, f"{name} names no threat"
        assert any((number, name) in listed for number in found), f"{name} is in no entry"
