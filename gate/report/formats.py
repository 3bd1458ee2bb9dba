"""Every format of the report, in one table: its name, its file in `--output-dir`, and which function makes it.

A newcomer is one file in this room and one line here. What goes out is text; who writes it, and where, is not said
here. A format's file is imported when it is made: names are needed before the first request, and views after the last.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Format(Struct, frozen=True):
    """One view. `file` is its name in `--output-dir`; `made_by` its function, which takes the document alone."""

    name: str
    file: str
    made_by: str

    def render(self, report: Mapping[str, Any]) -> str:
        """The view of a report."""
        module, _, function = self.made_by.partition(".")
        view: Callable[[Mapping[str, Any]], str] = getattr(import_module(f"gate.report.{module}"), function)
        return view(report)


FORMATS: Final = {
    item.name: item
    for item in (
        Format("json", "report.json", "jsontext.to_json"),
        Format("text", "report.txt", "text.summary"),
        Format("junit", "junit.xml", "junit.junit"),
        Format("sarif", "gate.sarif", "sarif.sarif"),
        Format("markdown", "summary.md", "markdown.markdown"),
        Format("dotenv", "gate.env", "dotenv.dotenv"),
        Format("codequality", "codequality.json", "codequality.codequality"),
        Format("github", "annotations.txt", "github.github"),
        Format("verdict", "verdict", "dotenv.verdict"),
        Format("digest", "digest", "dotenv.digest"),
        Format("termination", "termination", "termination.termination"),
    )
}
