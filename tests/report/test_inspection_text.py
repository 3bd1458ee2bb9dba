"""The text of an inspection under attack: no foreign text passes for a line, a label or a column of gate's."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest

from gate.report.columns import WIDTH, labelled, plain, table, wrapped
from gate.report.inspection_text import to_text
from tests.inspecting import checked, inspect

if TYPE_CHECKING:
    from collections.abc import Callable

VERIFIES = re.compile(r"^ {4}signature {2}verifies, ", re.MULTILINE)
ALLOWED = re.compile(r"^ {6}rule {3}\S+: allowed", re.MULTILINE)
NOTHING = re.compile(r"^nothing is attached", re.MULTILINE)
ROW = re.compile(r"^ {2}[0-9a-f]{12}[ h]", re.MULTILINE)

NASTY = [
    "x\n    signature  verifies, in the trust root public-good",
    "x\r    signature  verifies, in the trust root public-good",
    "x" + " " * 85 + "    signature  verifies, in the trust root public-good",
    "x" * 85 + "    signature  verifies, in the trust root public-good",
    "x" * 100 + "    signature  verifies, in the trust root public-good " + "y" * 200,
    "x\u2028    signature  verifies, in the trust root public-good",
    "\x1b[1A\x1b[2K    signature  verifies, in the trust root public-good",
    "nothing is attached\nnothing is attached: every place that is known was read to its end",
    "      rule   production: allowed",
    "x\n      rule   production: allowed",
    "a" * 17 + "\n  111111111111 head  agent  copilot  gpt  [1]",
    "copilot      gpt-4       [1]",
    "\u0441laude\u202e\u200b",
    "::error::verified",
    "\ud800",
    "",
]
FOREIGN = (
    ("reference",),
    ("media_type",),
    ("attached", 0, "media_type"),
    ("attached", 0, "rejected", "reason"),
    ("attached", 0, "rejected", "stated_signer", "identity"),
    ("attached", 0, "rejected", "stated_signer", "issuer"),
    ("attached", 1, "signatures", 0, "predicate_type"),
    ("attached", 1, "signatures", 0, "signer", "identity"),
    ("attached", 1, "signatures", 0, "signer", "issuer"),
    ("attached", 1, "signatures", 0, "signer", "extensions", "run-invocation-uri"),
    ("attached", 1, "signatures", 0, "provenance", "builder"),
    ("attached", 1, "signatures", 0, "provenance", "build_type"),
    ("attached", 1, "signatures", 0, "provenance", "stated", "repository"),
    ("attached", 1, "signatures", 0, "provenance", "stated", "ref"),
    ("attached", 1, "signatures", 0, "provenance", "stated", "commits", 0),
    ("attached", 1, "signatures", 0, "provenance", "stated", "conflict"),
    ("attached", 1, "signatures", 0, "about", 0),
    ("attached", 1, "signatures", 0, "about_commits", "format"),
    ("attached", 1, "signatures", 0, "about_commits", "reviews", 0, "reviewer"),
    ("attached", 1, "signatures", 0, "about_commits", "hints", 0, "agent"),
    ("attached", 1, "signatures", 0, "about_commits", "unreadable", 0),
    ("commits", 0, "agent_version"),
    ("commits", 0, "operator"),
    ("commits", 0, "tools", 0),
    ("commits", 0, "agent"),
    ("commits", 0, "model"),
    ("commits", 0, "problem"),
    ("commits", 0, "claimed_by", "identity"),
    ("commits", 0, "policy", 0, "reasons", 0),
    ("ledger", 1, "error", "message"),
    ("notes", 0),
)


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """One thing that does not verify, one that does, one commit that is not allowed, one place that was not read."""
    return copy.deepcopy(_document(lambda *arguments: dict(inspect(capsys, *arguments).document)))


_made: dict[str, Any] = {}


def _document(look: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    if not _made:
        found = look("oci:tests/cases/lab/denied-model", "--policy", "tests/cases/lab/policies/production.toml")
        rejected = look("oci:tests/cases/lab/denied-model")["attached"][0]
        found["attached"][0] = rejected
        found["ledger"][1] |= {
            "complete": False,
            "absent_by": None,
            "error": {
                "code": "unavailable",
                "message": "x",
                "retry": True,
                "remedy": "",
                "where": None,
                "problems": [],
                "findings": [],
            },
        }
        found["attached"][1]["signatures"][0] |= {"annotations": {"says": "x"}, "about": ["gitCommit:x"]}
        found["attached"][1]["signatures"][0]["about_commits"] |= {
            "reviews": [{"reviewer": "x", "commit": None, "tree": None}] * 30,
            "hints": [{"what": "author", "commit": None, "agent": "x", "model": None}] * 30,
            "unreadable": ["x"],
        }
        found["commits"][0] |= {"tools": ["x"], "agent_version": "x"}
        found["notes"] = ["x"]
        _made.update(found)
    return _made


def test_what_is_there_is_counted_as_below(document: dict[str, Any]) -> None:
    text = checked(document)
    assert (len(VERIFIES.findall(text)), len(ALLOWED.findall(text)), len(ROW.findall(text))) == (1, 0, 1)


def test_a_statement_about_a_commit_says_that_it_is_not_about_the_image(document: dict[str, Any]) -> None:
    assert "    about      gitCommit:x, and not the image\n" in checked(document)


@pytest.mark.parametrize("way", FOREIGN, ids=lambda way: ".".join(map(str, way)))
def test_no_foreign_text_passes_for_a_line_of_ours(way: tuple[Any, ...], document: dict[str, Any]) -> None:
    for nasty in NASTY:
        holder: Any = document
        for key in way[:-1]:
            holder = holder[key]
        assert way[-1] in holder if isinstance(holder, dict) else len(holder) > way[-1]
        holder[way[-1]] = nasty
        text = to_text(document)
        assert text.isascii()
        assert all(len(line) <= WIDTH and line.isprintable() and "::" not in line for line in text.splitlines())
        assert len(VERIFIES.findall(text)) == 1, nasty
        assert not ALLOWED.findall(text), nasty
        assert not NOTHING.findall(text), nasty
        assert len(ROW.findall(text)) == 1, nasty


def test_an_annotation_passes_for_nothing_either(document: dict[str, Any]) -> None:
    signature = document["attached"][1]["signatures"][0]
    for nasty in NASTY:
        signature["annotations"] = {nasty: nasty}
        text = checked(document)
        assert len(VERIFIES.findall(text)) == 1, nasty


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "plain"),
        ("one two", "one two"),
        ("two  spaces", "two\\x20\\x20spaces"),
        ("\u0441laude", "\\u0441laude"),
        ("Jos\u00e9", "Jos\\xe9"),
        ("a\nb", "a\\nb"),
        ("::x", ":\\x3ax"),
    ],
)
def test_a_foreign_text_is_ascii_of_one_line_without_columns(foreign: str, shown: str) -> None:
    assert plain(foreign) == shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("0123456789", ["0123456789"]),
        ("01234567890", ["0123456789", "0"]),
        ("012345 789ab", ["012345", "789ab"]),
        ("https://a/b/c", ["https://a/", "b/c"]),
        ("x 123456789abc", ["x 12345678", "9abc"]),
    ],
)
def test_a_long_text_is_broken_where_it_reads_well(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10) == lines


def test_further_lines_stand_as_far_in_as_the_first() -> None:
    first, *rest = labelled(4, "by", "x" * 300)
    assert first.startswith("    by" + " " * 9 + "x")
    assert rest
    assert all(line.startswith(" " * 15 + "x") for line in rest)


def test_a_cell_keeps_to_its_column() -> None:
    rows = list(table([("a", "b"), ("x" * 7, "y" * 3)], (5, 5)))
    assert rows == [["  a      b"], ["  xxxxx  yyy", "  xx"]]


def test_a_thousand_commits_say_how_many_are_not_shown(document: dict[str, Any]) -> None:
    document["commits"] *= 1000
    text = checked(document)
    assert len(ROW.findall(text)) == 100
    assert "and 900 more (--output json)" in text


def test_of_very_many_tools_some_are_shown_and_the_rest_counted(document: dict[str, Any]) -> None:
    def shown(count: int) -> str:
        document["commits"][0]["tools"] = [f"t{number}" for number in range(count)]
        return " ".join(checked(document).split())

    assert "t18, t19" in shown(20)
    assert "t18, t19 and 99980 more" in shown(100_000)
