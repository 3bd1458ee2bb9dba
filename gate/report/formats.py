"""Every format of the report, in one table: its name, its file in `--output-dir`, and how it is made.

A newcomer is one file in this room and one line here. What goes out is text; who writes it, and where, is not said
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gate.report.codequality import codequality
from gate.report.dotenv import digest, dotenv, verdict
from gate.report.github import github
from gate.report.jsontext import to_json
from gate.report.junit import junit
from gate.report.markdown import markdown
from gate.report.sarif import sarif
from gate.report.termination import termination
from gate.report.text import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Format:
    """One view. `file` is its name in `--output-dir`; `render` takes the report's document and nothing else."""

    name: str
    file: str
    render: Callable[[Mapping[str, Any]], str]


FORMATS: Final = {
    item.name: item
    for item in (
        Format("json", "report.json", to_json),
        Format("text", "report.txt", summary),
        Format("junit", "junit.xml", junit),
        Format("sarif", "gate.sarif", sarif),
        Format("markdown", "summary.md", markdown),
        Format("dotenv", "gate.env", dotenv),
        Format("codequality", "codequality.json", codequality),
        Format("github", "annotations.txt", github),
        Format("verdict", "verdict", verdict),
        Format("digest", "digest", digest),
        Format("termination", "termination", termination),
    )
}
