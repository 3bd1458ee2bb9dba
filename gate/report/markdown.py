"""The report -> Markdown for a step summary or a comment: a table a rule, and what to do.

What goes out: GitHub's and GitLab's Markdown. Every foreign text stands in a code span, where it is no link, no HTML,
no mention and no emphasis. Below 1 MiB, which is what GitHub takes of one step: images that do not fit are counted.

Source: CommonMark 0.31 section 6.1 (code spans), GitHub Flavored Markdown section 4.10 (a pipe in a table's cell).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.report.reasons import rule_name
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES: Final = 1_000_000
_MOST: Final = 2000
"""Characters of one text; what is longer is whole in the JSON report."""
_WORDS: Final = {"pass": "PASS", "fail": "**FAIL**", "invalid": "**INVALID**", "undecided": "**UNDECIDED**"}


def markdown(report: Mapping[str, Any]) -> str:
    """The whole summary, ending in a newline."""
    images = report["images"]
    parts = [_head(report)]
    size = len(parts[0].encode("utf-8"))
    for number, image in enumerate(images):
        part = "".join(f"{line}\n" for line in _image(image))
        size += len(part.encode("utf-8"))
        if size > MAX_BYTES:
            parts.append(f"\n{len(images) - number} more images: see the JSON report.\n")
            break
        parts.append(part)
    return "".join(parts)


def _head(report: Mapping[str, Any]) -> str:
    lines = [f"## gate: {report['verdict'].upper()}"]
    if len(report["images"]) > 1:
        verdicts = [image["verdict"] for image in report["images"]]
        counted = ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
        lines += ["", f"{len(verdicts)} images: {counted}."]
    error = report["error"]
    if error is not None:
        where = f"{_code(error['where'])}: " if error["where"] else ""
        lines += ["", *(f"- {where}{_code(problem)}" for problem in error["problems"] or [error["message"]])]
        lines += ["", f"What to do: {_code(error['remedy'])}"]
    if report["warnings"]:
        lines += ["", "Warnings:", "", *(f"- {_code(warning)}" for warning in report["warnings"][:100])]
    return "".join(f"{line}\n" for line in lines)


def _image(image: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"### {_WORDS[image['verdict']]} {_code(image['reference'])}"
    if image["digest"]:
        yield ""
        asserted = " (the name is `--as`'s)" if image["name_asserted"] else ""
        yield f"{_code(image['name'])} {_code(image['digest'])}{asserted}"
    if image["error"] is not None:
        yield ""
        yield f"Could not look: {_code(image['error']['message'])}"
        yield ""
        yield f"What to do: {_code(image['error']['remedy'])}"
    for rule in image["rules"]:
        yield ""
        yield f"Rule {_code(rule_name(rule))}"
        yield ""
        yield "| | check | expected | found | what to do |"
        yield "|---|---|---|---|---|"
        for check in rule["checks"]:
            word = {"pass": "pass", "fail": "**FAIL**"}.get(check["outcome"], f"**{check['outcome'].upper()}**")
            waiver = check["waiver"]
            todo = f"until {waiver['expires']} by {waiver['owner']}: {waiver['reason']}" if waiver else check["remedy"]
            texts = (check["id"], check["expected"], check["found"], todo)
            yield f"| {word} | " + " | ".join(map(_cell, texts)) + " |"
        if any(check["outcome"] in {"fail", "error"} for check in rule["checks"]):
            yield from (line for key in ("message", "docs") if rule[key] for line in ("", _code(rule[key])))
    if image["commits"]:
        yield ""
        yield "| commit | who | agent | model | vouched for by |"
        yield "|---|---|---|---|---|"
        for commit in image["commits"]:
            who = commit["vouched_by"] if commit["accepted"] else "nobody: not accepted"
            cells = ((commit["hash"] or "")[:12], commit["authored_by"], commit["agent"], commit["model"], who)
            yield "| " + " | ".join(_cell(text or "") for text in cells) + " |"
    for note in image["notes"]:
        yield ""
        yield f"Note: {_code(note)}"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")


def _code(text: str) -> str:
    """A code span around any text: fenced by more backticks than stand together in it."""
    shown = escape(text if len(text) <= _MOST else text[:_MOST] + "...").strip()
    if not shown:
        return ""
    longest = run = 0
    for character in shown:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
