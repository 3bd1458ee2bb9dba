"""The report -> what a pipeline hands from the gate to the deployment: dotenv lines and lists of digests.

What goes out: `GATE_VERDICT`, `GATE_IMAGE`, `GATE_DIGEST`, `GATE_REPORT_SHA256`, in the dotenv of GitLab's reports: no
quotes, spaces, comments or empty lines, less than 5 KB. All four are always there, and image and digest are empty
unless the run is a pass about one image: an empty one makes a deployment fail, where one that is missing would leave it
what the job said before. Values hold nothing that a shell would obey, as people source such files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gate.report.jsontext import sha256
from gate.report.reasons import waived

if TYPE_CHECKING:
    from collections.abc import Mapping

_VALUE: Final = re.compile(r"[A-Za-z0-9._:/@+\[\]-]{0,1024}")


def dotenv(report: Mapping[str, Any]) -> str:
    """Four lines, and one more for what was waived and for a moment (`--at`) that counted as now."""
    image, digest = _one(report)
    excused = len(waived(report))
    lines = [
        f"GATE_VERDICT={report['verdict']}",
        f"GATE_IMAGE={image}",
        f"GATE_DIGEST={digest}",
        f"GATE_REPORT_SHA256={sha256(report)}",
    ]
    if excused:
        lines.append(f"GATE_WAIVED={excused}")
    if report["as_of"]:
        lines.append(f"GATE_AS_OF={report['as_of']}")
    return "".join(f"{line}\n" for line in lines)


def verdict(report: Mapping[str, Any]) -> str:
    """One word, without a line feed: Tekton would make it part of the result."""
    return str(report["verdict"])


def digest(report: Mapping[str, Any]) -> str:
    """`name@digest`, one a line, of each image that passed and of nothing else.

    Empty where the run itself ended by an error, whatever was found before.
    """
    if report["error"] is not None:
        return ""
    lines = [line for image in report["images"] for line in _deployable(image)]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines) if line.isprintable())


def _deployable(image: Mapping[str, Any]) -> list[str]:
    if image["verdict"] != "pass":
        return []
    return [f"{image['name']}@{held}" for held in image["holds_for"]]


def _one(report: Mapping[str, Any]) -> tuple[str, str]:
    """The one image that a pass is about, and its digest: the whole index if the pass holds for that."""
    if report["verdict"] != "pass" or len(report["images"]) != 1:
        return "", ""
    (image,) = report["images"]
    held = image["holds_for"]
    if image["verdict"] != "pass" or not held or (image["digest"] not in held and len(held) > 1):
        return "", ""
    of = image["digest"] if image["digest"] in held else held[0]
    named = f"{image['name']}@{of}"
    return (named if _VALUE.fullmatch(named) else ""), of
