"""Where keys stand: every form of TOML, and nothing where it cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.policy.positions import locate
from tests.policy.sample import GOOD

EXAMPLE = Path(__file__).parents[2] / "policy.toml.example"

FORMS = {
    "a key": ("a = 1", {("a",): (1, 1)}),
    "spaces": ("  a  =  1", {("a",): (1, 3)}),
    "a dotted key": (
        "x = 1\na.b . c = 1",
        {("x",): (1, 1), ("a",): (2, 1), ("a", "b"): (2, 3), ("a", "b", "c"): (2, 7)},
    ),
    "quoted keys": (
        '"a.b".\'c d\' = 1\n"\\u0041" = 2',
        {("a.b",): (1, 1), ("a.b", "c d"): (1, 7), ("A",): (2, 1)},
    ),
    "a table": ("[a]\nb = 1", {("a",): (1, 2), ("a", "b"): (2, 1)}),
    "a table in a table": (
        "[a.b]\nc = 1\n[a]\nd = 1",
        {("a",): (1, 2), ("a", "b"): (1, 4), ("a", "b", "c"): (2, 1), ("a", "d"): (4, 1)},
    ),
    "tables of an array, and a table in the last of them": (
        "[[r]]\na = 1\n[[r]]\n[r.s]\nb = 1\n[[r.t]]\n[[r.t]]\nc = 1",
        {
            ("r",): (1, 3),
            ("r", 0): (1, 3),
            ("r", 0, "a"): (2, 1),
            ("r", 1): (3, 3),
            ("r", 1, "s"): (4, 4),
            ("r", 1, "s", "b"): (5, 1),
            ("r", 1, "t"): (6, 5),
            ("r", 1, "t", 0): (6, 5),
            ("r", 1, "t", 1): (7, 5),
            ("r", 1, "t", 1, "c"): (8, 1),
        },
    ),
    "an inline table": (
        "a = { b = 1, c.d = { e = [] } }",
        {
            ("a",): (1, 1),
            ("a", "b"): (1, 7),
            ("a", "c"): (1, 14),
            ("a", "c", "d"): (1, 16),
            ("a", "c", "d", "e"): (1, 22),
        },
    ),
    "an inline table over several lines": (
        "a = {\n  b = 1, # x\n  c = 2,\n}",
        {("a",): (1, 1), ("a", "b"): (2, 3), ("a", "c"): (3, 3)},
    ),
    "lists": (
        'a = [ 1, # one\n  "]", [ [2] ],\n  { b = 3 },\n]',
        {
            ("a",): (1, 1),
            ("a", 0): (1, 7),
            ("a", 1): (2, 3),
            ("a", 2): (2, 8),
            ("a", 2, 0): (2, 10),
            ("a", 2, 0, 0): (2, 11),
            ("a", 3): (3, 3),
            ("a", 3, "b"): (3, 5),
        },
    ),
    "texts that look like keys": (
        'a = "b = 1 # \\" c"\nd = \'e = [1\'\nf = """\ng = 1\n\\""" h = 2"""\ni = \'\'\'\nj = 1 \'\' \'\'\'\'\nk = 1',
        {("a",): (1, 1), ("d",): (2, 1), ("f",): (3, 1), ("i",): (6, 1), ("k",): (8, 1)},
    ),
    "dates": (
        "a = 1979-05-27 07:32:00Z # x\nb = [1979-05-27, 07:32:00]",
        {("a",): (1, 1), ("b",): (2, 1), ("b", 0): (2, 6), ("b", 1): (2, 18)},
    ),
    "Windows' line ends": ("a = 1\r\n\r\n[b]\r\nc = 1\r\n", {("a",): (1, 1), ("b",): (3, 2), ("b", "c"): (4, 1)}),
    "a comment first": ("# a = 1\n\n  # b\na = 2", {("a",): (4, 1)}),
    "characters beyond ASCII": ('a = ["\u00e9\u4e2d", 2]', {("a",): (1, 1), ("a", 0): (1, 6), ("a", 1): (1, 12)}),
    "nothing": ("", {}),
}


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS)
def test_each_form_of_a_key_is_found_where_it_stands(
    text: str, expected: dict[tuple[str | int, ...], tuple[int, int]]
) -> None:
    assert locate(text, tomli.loads(text.replace("\r\n", "\n"))) == expected


def test_the_whole_example_is_found() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    places = locate(text, tomli.loads(text))
    line, column = places["waivers", 0, "expires"]
    assert text.splitlines()[line - 1][column - 1 :].startswith("expires = 2099")


@pytest.mark.parametrize("text", ["a = 1", "a = 1\nb = 2", "[a]\nb = 1\nc = 1", "a = [1]", "a = [1, 2, 3]"])
def test_what_is_not_the_same_tree_has_no_positions(text: str) -> None:
    """Whatever the scanner makes of a text: it is held against what tomli read."""
    assert locate(text, {"a": [1, 2]}) == {}


@pytest.mark.parametrize(
    "text", ["a", "a =", "[a", "= 1", "a = [1", "a = [1 2]", "a = {b}", '"a', "[[a]", "a = {b = 1;}"]
)
def test_what_is_no_toml_has_no_positions(text: str) -> None:
    assert locate(text, {}) == {}


@settings(deadline=None, derandomize=True, database=None, max_examples=100)
@given(st.integers(0, len(GOOD)), st.text("ab\"'[]{}=.,#\n\\ 1", max_size=6))
def test_whatever_tomli_reads_is_found_whole_or_not_at_all(place: int, inserted: str) -> None:
    text = GOOD[:place] + inserted + GOOD[place:]
    try:
        document = tomli.loads(text)
    except ValueError:
        return
    for path, (line, column) in locate(text, document).items():
        name = path[-1]
        if isinstance(name, str) and '"' not in inserted and "'" not in inserted:
            assert text.split("\n")[line - 1][column - 1 :].startswith(name)
