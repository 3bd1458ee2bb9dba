"""A policy written as TOML is the same policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gate.policy.documents import read_document
from gate.policy.loading import parse_policy
from gate.policy.writing import spell, write
from tests.policy.sample import GOOD, parse

if TYPE_CHECKING:
    from gate.policy.model import Policy, Waiver

EXAMPLE = Path(__file__).parents[2] / "policy.toml.example"


def _placeless(policy: Policy) -> tuple[Waiver, ...]:
    return tuple(replace(item, place=replace(item.place, line=1)) for item in policy.waivers)


@pytest.mark.parametrize("text", [GOOD, EXAMPLE.read_text(encoding="utf-8")], ids=["sample", "example"])
def test_a_policy_that_is_written_again_is_the_same(text: str) -> None:
    data = read_document(text.encode(), Path("policy.toml")).data
    first = parse(text)
    again = parse_policy(write(data, lambda at: f"at {at}").encode(), Path("policy.toml"))
    # What reads a format of one's own is made anew each time, and is compared by its name.
    assert [item.format.name for item in again.own_formats] == [item.format.name for item in first.own_formats]
    first, again = (
        replace(item, sha256="", files=(), warnings=(), waivers=_placeless(item), own_formats=())
        for item in (first, again)
    )
    assert again == first


@settings(deadline=None, derandomize=True, database=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_spelled_as_toml_reads_it(text: str) -> None:
    assert tomli.loads(f"a = {spell(text)}\n")["a"] == text
    assert spell(text).isprintable()
