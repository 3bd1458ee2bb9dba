"""The report -> a Kubernetes termination message: verdict and reasons in at most 4096 bytes, whole lines.

Source: Kubernetes, "Customizing the termination message" (the kubelet cuts at 4096 bytes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.report.reasons import as_of, pinned, reasons, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 4096
_LINE: Final = 1000
_REST: Final = 60
"""Bytes kept free for the line that says how many more there are."""


def termination(report: Mapping[str, Any]) -> str:
    """The verdict's line, then a line a reason as far as they fit, then how many did not."""
    found = reasons(report)
    images = [pinned(image) for image in report["images"]]
    about = f" {images[0]}" if len(images) == 1 else f" {len(images)} images" if images else ""
    lines = [report["verdict"].upper() + about]
    if told := as_of(report):
        lines.append(told)
    for reason in found:
        subject = f"{reason.pinned}: " if len(images) > 1 and reason.pinned else ""
        remedy = f"; do: {reason.remedy}" if reason.remedy else ""
        lines.append(f"{reason.word} {reason.check}: {subject}{reason.said}{remedy}")
    lines += [f"WAIVED {reason.check}: {reason.pinned}: {reason.waiver}" for reason in waived(report)]
    text, taken = "", 0
    for line in lines:
        whole = _cut(escape(line)) + "\n"
        if len((text + whole).encode("utf-8")) > MAX_BYTES - _REST:
            break
        text += whole
        taken += 1
    left = len(lines) - taken
    return text + (f"and {left} more; see the report\n" if left else "")


def _cut(line: str) -> str:
    raw = line.encode("utf-8")
    return line if len(raw) <= _LINE else raw[:_LINE].decode("utf-8", "ignore") + "..."
