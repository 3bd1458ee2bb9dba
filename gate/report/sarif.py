"""The report -> SARIF 2.1.0, as GitHub's code scanning and Jenkins' warnings plugin read it: a result a reason.

What goes out: JSON. An image has no file and no line, so a result stands in the policy and names its image as a logical
location; a problem of the policy stands where it is. Code scanning shows whatever is a result as an alert, so checks
that passed are none.

Source: OASIS SARIF 2.1.0: section 3.11.5 and 3.11.6 (what `{` and `[` mean in a message), 3.20 (invocation), 3.27
(result), 3.35 (suppression: what is waived); GitHub's "SARIF support for code scanning" for what it requires.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from gate.report.reasons import policy_path, reasons, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.reasons import Reason

SCHEMA: Final = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
_MEANT: Final = str.maketrans({"\\": "\\\\", "[": "\\[", "]": "\\]", "{": "{{", "}": "}}"})
_FAMILIES: Final = {
    "signature": "The image is signed by those whom the policy names.",
    "provenance": "The image was built by a builder, from a source, that the policy names.",
    "agents": "The commits of the image were written by those whom the policy allows.",
    "attestations": "The image has the attestations that the policy asks for.",
    "rules": "A rule of the policy is about the image.",
}
_OTHER: Final = "gate could give an answer about the image."


def sarif(report: Mapping[str, Any]) -> str:
    """The log, in ASCII."""
    found = reasons(report) + waived(report)
    path = policy_path(report, "policy.toml")
    run = {
        "tool": {"driver": {"name": "gate", "version": report["gate"]["version"], "rules": _rules(found)}},
        "automationDetails": {"id": "gate/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report["verdict"] in {"pass", "fail"},
                "exitCode": report["exit_code"],
                "startTimeUtc": report["started"],
                "endTimeUtc": report["finished"],
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": _message(warning)}} for warning in report["warnings"]
                ],
            }
        ],
        "properties": {"verdict": report["verdict"], "as_of": report["as_of"]},
        "results": [_result(reason, path) for reason in found],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rules(found: list[Reason]) -> list[dict[str, Any]]:
    rules = []
    for check in sorted({reason.check for reason in found}):
        text = _FAMILIES.get(check.partition(".")[0], _OTHER)
        helps = " ".join(dict.fromkeys(reason.remedy for reason in found if reason.check == check))
        rules.append(
            {
                "id": escape(check),
                "shortDescription": {"text": text},
                "fullDescription": {"text": text},
                "help": {"text": _message(helps or text)},
            }
        )
    return rules


def _result(reason: Reason, path: str) -> dict[str, Any]:
    said = f"{reason.pinned}: " if reason.pinned else ""
    said += reason.said
    if reason.remedy:
        said += f". To do: {reason.remedy}"
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(reason.file or path, errors="backslashreplace")},
            "region": {"startLine": reason.line or 1} | ({"startColumn": reason.column} if reason.column else {}),
        }
    }
    if reason.pinned:
        location["logicalLocations"] = [{"fullyQualifiedName": escape(reason.pinned), "kind": "module"}]
    result = {
        "ruleId": escape(reason.check),
        "level": "error",
        "message": {"text": _message(said)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": reason.fingerprint},
        "properties": {"outcome": reason.word.lower()},
    }
    if reason.waiver:
        result["suppressions"] = [{"kind": "external", "justification": escape(reason.waiver)}]
    return result


def _message(text: str) -> str:
    """Foreign text that a reader shows, and takes neither for a link nor for a placeholder."""
    return escape(text).translate(_MEANT)
