"""The report -> SARIF 2.1.0, as GitHub's code scanning and Jenkins' warnings plugin read it: a result a finding.

What goes out: JSON. An image has no file and no line, so a result stands in the policy and names its image as a logical
location. Code scanning shows whatever is a result as an alert, so checks that passed are none.

Source: OASIS SARIF 2.1.0: section 3.11.5 and 3.11.6 (what `{` and `[` mean in a message), 3.20 (invocation), 3.27
(result), 3.35 (suppression: what is waived); GitHub's "SARIF support for code scanning" for what it requires.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from gate.report.findings import findings, policy_path, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.findings import Finding

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
    found = findings(report) + waived(report)
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
            }
        ],
        "properties": {"verdict": report["verdict"]},
        "results": [_result(finding, path) for finding in found],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rules(found: list[Finding]) -> list[dict[str, Any]]:
    rules = []
    for check in sorted({finding.check for finding in found}):
        text = _FAMILIES.get(check.partition(".")[0], _OTHER)
        helps = " ".join(dict.fromkeys(finding.remedy for finding in found if finding.check == check))
        rules.append(
            {
                "id": escape(check),
                "shortDescription": {"text": text},
                "fullDescription": {"text": text},
                "help": {"text": _message(helps or text)},
            }
        )
    return rules


def _result(finding: Finding, path: str) -> dict[str, Any]:
    said = f"{finding.pinned}: " if finding.pinned else ""
    said += finding.said
    if finding.remedy:
        said += f". To do: {finding.remedy}"
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(finding.where or path, errors="backslashreplace")},
            "region": {"startLine": 1},
        }
    }
    if finding.pinned:
        location["logicalLocations"] = [{"fullyQualifiedName": escape(finding.pinned), "kind": "module"}]
    result = {
        "ruleId": escape(finding.check),
        "level": "error",
        "message": {"text": _message(said)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
        "properties": {"outcome": finding.word.lower()},
    }
    if finding.waiver:
        result["suppressions"] = [{"kind": "external", "justification": escape(finding.waiver)}]
    return result


def _message(text: str) -> str:
    """Foreign text that a reader shows, and takes neither for a link nor for a placeholder."""
    return escape(text).translate(_MEANT)
