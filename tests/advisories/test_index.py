"""The index of attacks against the tests that it names."""

from __future__ import annotations

import re

import pytest

from tests.advisories.index import GROUPS, Entry
from tests.docstrings import docstrings

ENTRIES = [entry for group in GROUPS.values() for entry in group]
IDS = [number for entry in ENTRIES for number in entry.ids.split()]
ID = re.compile(r"CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}|P-T\d+|[a-z][a-z-]*#\d+")


def test_the_register_is_whole_and_has_each_id_once() -> None:
    assert len(IDS) == len(set(IDS)) == 138
    assert {f"P-T{number}" for number in range(1, 25)} <= set(IDS)
    assert all(ID.fullmatch(number) for number in IDS)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.ids))
def test_each_attack_has_a_test_that_says_so_or_a_reason(entry: Entry) -> None:
    assert bool(entry.tests) != (len(entry.reason) > 60), "tests, or why it cannot apply"
    assert entry.attack
    found = {name: set(ID.findall(docstrings()[name])) for name in entry.tests}
    for number in entry.ids.split() if entry.tests else ():
        assert any(number in ids for ids in found.values()), f"no test says that it is about {number}"
    for name, ids in found.items():
        assert ids & set(entry.ids.split()), f"{name} does not say that it is about {entry.ids}"


def test_each_id_that_a_test_of_this_room_names_is_in_the_index_with_that_test() -> None:
    listed = {(number, name) for entry in ENTRIES for number in entry.ids.split() for name in entry.tests}
    named = {
        (number, name)
        for name, text in docstrings().items()
        if name.startswith("advisories/")
        for number in ID.findall(text)
    }
    assert named
    assert named - listed == set()
