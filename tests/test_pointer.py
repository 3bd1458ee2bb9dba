"""JSON pointers name one place in a document, as RFC 6901 has it, or none."""

from __future__ import annotations

from typing import Any

import pytest

from gate.pointer import MISSING, is_pointer, leaves, value_at

DOCUMENT: Any = {
    "": 0,
    "a": {"b": [1, [2], "text", {"c": None}], "": 3},
    "a/b": 4,
    "m~n": 5,
    "~1": 6,
    "0": 7,
    "empty": {"list": [], "object": {}, "null": None},
    "false": False,
}


@pytest.mark.parametrize("text", ["/", "//", "/a", "/a/", "/~0", "/~1", "/a~01b", "/\n", "/ /x y", "/\N{SNOWMAN}"])
def test_a_text_that_begins_with_a_slash_is_a_pointer(text: str) -> None:
    assert is_pointer(text)


@pytest.mark.parametrize("text", ["", "a", "a/b", "~0/", "#/a", " /a", "/~", "/~2", "/a/~b", "/~1~"])
def test_any_other_text_is_none(text: str) -> None:
    assert not is_pointer(text)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/", 0),
        ("/a/b/0", 1),
        ("/a/b/1/0", 2),
        ("/a/b/2", "text"),
        ("/a/b/3/c", None),
        ("/a/", 3),
        ("/a~1b", 4),
        ("/m~0n", 5),
        ("/~01", 6),
        ("/0", 7),
        ("/empty/list", []),
        ("/false", False),
        ("/x", MISSING),
        ("/a/x", MISSING),
        ("/a/b/4", MISSING),
        ("/a/b/-", MISSING),
        ("/a/b/-1", MISSING),
        ("/a/b/01", MISSING),
        ("/a/b/1 ", MISSING),
        ("/a/b/\N{SUPERSCRIPT ONE}", MISSING),
        ("/a/b/\N{ARABIC-INDIC DIGIT ONE}", MISSING),
        ("/a/b/" + "9" * 5000, MISSING),
        ("/a/b/c", MISSING),
        ("/a/b/2/0", MISSING),
        ("/a/b/0/0", MISSING),
        ("/a/b/3/c/d", MISSING),
        ("/empty/list/0", MISSING),
    ],
)
def test_a_pointer_leads_to_this(pointer: str, value: object) -> None:
    found = value_at(DOCUMENT, pointer)
    assert (found is value) if value is MISSING else (found == value)


def test_the_leaves_of_a_value_are_what_is_no_object_and_no_list() -> None:
    found = list(leaves(DOCUMENT))
    assert found == ["/", "/a/b/0", "/a/b/1/0", "/a/b/2", "/a/", "/a~1b", "/m~0n", "/~01", "/0", "/false"]
    assert all(is_pointer(pointer) and value_at(DOCUMENT, pointer) is not MISSING for pointer in found)
    assert (list(leaves("x")), list(leaves(None)), list(leaves({}))) == ([""], [], [])
