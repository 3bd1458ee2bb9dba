"""Whatever text stands in a report, each format's reader gets it back as text: nothing of it is markup or a command."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gate.report.formats import FORMATS
from gate.report.text import escape
from tests.report.documents import image, report

SIGNS = st.text(alphabet="`|\\[](){}<>&:%,\"'*_~#-!@ \n\r\t\x00\x1b\u202e\ufffe\ud800aé😀", max_size=40)
TEXTS = st.one_of(SIGNS, st.text(max_size=40)).filter(lambda text: bool(escape(text).strip()))
READER = MarkdownIt("gfm-like", {"linkify": False})
FEW = settings(max_examples=60, deadline=None)


def _fail(text: str) -> dict[str, Any]:
    built = report(image("fail"))
    built["images"][0]["rules"][0]["checks"][1]["found"] = text
    return built


def _meant(text: str) -> str:
    """A text as a SARIF reader shows it: what is doubled once, what is behind a backslash without it."""
    return re.sub(r"\\(.)|(\{)\{|(\})\}", lambda match: "".join(filter(None, match.groups())), text)


@FEW
@given(TEXTS)
def test_markdown_gives_it_back_as_code(text: str) -> None:
    tokens = READER.parse(FORMATS["markdown"].render(_fail(text)))
    codes = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
    assert escape(text).strip() in codes
    assert sum(token.type == "tr_open" for token in tokens) == 5, "no row and no table of its own"


@FEW
@given(TEXTS)
def test_junit_gives_it_back_as_text(text: str) -> None:
    root = ET.fromstring(FORMATS["junit"].render(_fail(text)))  # noqa: S314  (our own)
    (failure,) = root.iter("failure")
    assert f"found {escape(text)}; expected" in failure.attrib["message"]
    assert f"found     {escape(text)}" in (failure.text or "")


@FEW
@given(TEXTS)
def test_sarif_gives_it_back_as_text(text: str) -> None:
    (result,) = json.loads(FORMATS["sarif"].render(_fail(text)))["runs"][0]["results"]
    assert f"found {escape(text)}; expected" in _meant(result["message"]["text"])


@FEW
@given(TEXTS)
def test_github_gives_it_back_as_one_message(text: str) -> None:
    *_, line = FORMATS["github"].render(_fail(text)).removesuffix("\n").split("\n")
    kind, _, message = line.removeprefix("::").partition("::")
    assert kind.startswith("error file=")
    shown = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert f"found {escape(text)}; expected" in shown
