"""The report -> GitLab's code quality report: an issue a reason.

What goes out: the JSON array of GitLab's documentation ("Code Quality report format"): description, check name,
fingerprint, severity, and a path with a line. An image has neither, so that is the policy's first; a problem of the
policy has its own. GitLab collapses equal fingerprints, so no two are.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from gate.report.reasons import as_of, policy_path, reasons, waived
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
    for reason in reasons(report) + waived(report):
        subject = f"{reason.pinned}: " if reason.pinned else ""
        excused = f" (waived {reason.waiver})" if reason.waiver else ""
        again = used[reason.fingerprint] = used.get(reason.fingerprint, 0) + 1
        fingerprint = f"{reason.fingerprint} {again}" if again > 1 else reason.fingerprint
        issues.append(
            {
                "description": escape(subject + reason.said + excused),
                "check_name": escape(reason.check),
                "fingerprint": hashlib.sha256(fingerprint.encode("ascii")).hexdigest(),
                "severity": "info" if excused else "major" if reason.undecided else "blocker",
                "location": {"path": escape(reason.file or path), "lines": {"begin": reason.line or 1}},
            }
        )
    if told := as_of(report):
        issues.append(
            {
                "description": escape(told),
                "check_name": "as-of",
                "fingerprint": hashlib.sha256(b"as-of").hexdigest(),
                "severity": "info",
                "location": {"path": escape(path), "lines": {"begin": 1}},
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"
