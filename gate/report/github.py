"""The report -> workflow commands of GitHub Actions: annotations at the job.

What goes out: lines like `::error file=policy.toml,title=...::...`, which GitHub obeys on standard output. At most ten
errors and ten warnings of one step are shown, so the last says how many more there are. Escaping here is security: no
text of anybody else's may end its command and begin one of its own.

Source: GitHub, "Workflow commands" (`%`, CR and LF in messages; `:` and `,` in properties too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.report.reasons import policy_path, reasons, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.report.reasons import Reason

_SHOWN: Final = 10


def github(report: Mapping[str, Any]) -> str:
    """Warnings and what is waived, then a notice for a pass or an error for each reason."""
    path = policy_path(report, "")
    warnings = [
        _command("warning", f"gate: WAIVED {item.check}", f"{item.pinned}: {item.waiver}; {item.said}", path)
        for item in waived(report)
    ]
    warnings += [_command("warning", "gate", warning, path) for warning in report["warnings"]]
    lines = _capped(warnings, "warning")
    errors = []
    for reason in reasons(report):
        subject = f"{reason.pinned}: " if reason.pinned else ""
        remedy = f". To do: {reason.remedy}" if reason.remedy else ""
        said = f"{subject}{reason.said}{remedy}"
        errors.append(_command("error", f"gate: {reason.word} {reason.check}", said, reason.file or path, reason))
    lines += _capped(errors, "error")
    if not errors:
        count = len(report["images"])
        about = report["images"][0]["reference"] if count == 1 else f"{count} images"
        lines.append(_command("notice", "gate: PASS", f"{about}: every required check passed", ""))
    return "".join(f"{line}\n" for line in lines)


def _capped(lines: Sequence[str], kind: str) -> list[str]:
    if len(lines) <= _SHOWN:
        return list(lines)
    more = len(lines) - _SHOWN + 1
    return [*lines[: _SHOWN - 1], _command(kind, "gate", f"and {more} more; see the summary and the report", "")]


def _command(kind: str, title: str, message: str, path: str, at: Reason | None = None) -> str:
    file = f"file={_property(path)}," if path else ""
    if file and at is not None and at.line:
        file += f"line={at.line},col={at.column}," if at.column else f"line={at.line},"
    return f"::{kind} {file}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
