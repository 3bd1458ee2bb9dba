"""The report -> GitLab's code quality report: an issue a finding.

What goes out: the JSON array of GitLab's documentation ("Code Quality report format"): description, check name,
fingerprint, severity, and a path with a line, which is the policy's first: an image has neither. GitLab collapses equal
fingerprints, so no two are.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from gate.report.findings import findings, policy_path, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_JOB: Final = ".gitlab-ci.yml"
"""Where no policy could be read, what is wrong is the job."""


def codequality(report: Mapping[str, Any]) -> str:
    """The array, in ASCII."""
    path = policy_path(report, _JOB)
    issues: list[dict[str, Any]] = []
    used: dict[str, int] = {}
    for finding in findings(report) + waived(report):
        subject = f"{finding.pinned}: " if finding.pinned else ""
        excused = f" (waived {finding.waiver})" if finding.waiver else ""
        again = used[finding.fingerprint] = used.get(finding.fingerprint, 0) + 1
        fingerprint = f"{finding.fingerprint} {again}" if again > 1 else finding.fingerprint
        issues.append(
            {
                "description": escape(subject + finding.said + excused),
                "check_name": escape(finding.check),
                "fingerprint": hashlib.sha256(fingerprint.encode("ascii")).hexdigest(),
                "severity": "info" if excused else "major" if finding.undecided else "blocker",
                "location": {"path": escape(finding.where or path), "lines": {"begin": 1}},
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"
