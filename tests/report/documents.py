"""Reports to make views of: one for each way in which a run can end, with any text in them. `test_formats` holds them
against the report's schema.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from gate.errors import Finding, GateError, Interrupted, InvalidPolicy, InvalidUsage, NotFound, Unavailable

DIGEST = f"sha256:{'0' * 64}"
ENTRY = f"sha256:{'1' * 64}"


def error(failure: GateError) -> dict[str, Any]:
    policy = failure if isinstance(failure, InvalidPolicy) else None
    return {
        "code": failure.code,
        "message": failure.message,
        "retry": failure.retry,
        "remedy": failure.remedy,
        "where": policy.path if policy else None,
        "problems": list(policy.problems) if policy else [],
        "findings": [asdict(finding) for finding in policy.findings] if policy else [],
    }


def check(outcome: str, text: str, name: str = "signature") -> dict[str, Any]:
    remedy = "" if outcome == "pass" else text
    waiver = {"reason": text, "owner": text, "expires": "2027-01-31T00:00:00Z"} if outcome == "waived" else None
    return {
        "id": name,
        "outcome": outcome,
        "expected": text,
        "found": text,
        "evidence": [],
        "remedy": remedy,
        "waiver": waiver,
    }


def image(outcome: str, text: str = "ghcr.io/acme/api:1", *, failure: GateError | None = None) -> dict[str, Any]:
    code = {"pass": 0, "waived": 0, "fail": 1, "error": 3}[outcome] if failure is None else failure.exit_code
    looked = failure is None
    rule = {
        "name": text,
        "digest": None,
        "platform": None,
        "message": text,
        "docs": text,
        "checks": [check("pass", text), check(outcome, text, "agents")],
    }
    place = {"place": "image", "subject": None, "repository": None, "asked": text, "status": None, "found": 0}
    return {
        "reference": text,
        "name": text.partition(":")[0],
        "name_asserted": False,
        "digest": DIGEST if looked else None,
        "media_type": "application/vnd.oci.image.manifest.v1+json" if looked else None,
        "credentials": None,
        "verdict": {0: "pass", 1: "fail"}.get(code, "undecided"),
        "exit_code": code,
        "holds_for": [DIGEST] if code == 0 else [],
        "rules": [rule] if looked else [],
        "evidence": [],
        "commits": [
            {
                "repository": text,
                "hash": text,
                "head": False,
                "authored_by": "unknown",
                **dict.fromkeys(("stated", "agent", "agent_identity", "agent_version", "operator"), text),
                **dict.fromkeys(("provider", "model", "model_version", "reason", "format", "place", "path"), text),
                "tools": [text],
                "vouched_by": None,
                "accepted": False,
                "objections": [{"check": "agents.allow", "found": text}],
                "problem": text,
                "evidence": DIGEST,
            }
        ],
        "ledger": [
            {
                **place,
                "bytes": 0,
                "complete": looked,
                "absent_by": None,
                "error": None if looked else error(failure or GateError()),
            }
        ],
        "notes": [text],
        "error": None if failure is None else error(failure),
    }


def report(*images: dict[str, Any], failure: GateError | None = None, text: str = "policy.toml") -> dict[str, Any]:
    codes = [item["exit_code"] for item in images] + ([] if failure is None else [failure.exit_code])
    code = failure.exit_code if isinstance(failure, Interrupted) else max(codes)
    return {
        "version": 1,
        "verdict": {0: "pass", 1: "fail", 2: "invalid"}.get(code, "undecided"),
        "exit_code": code,
        "started": "2026-11-26T09:00:00Z",
        "finished": "2026-11-26T09:00:02Z",
        "gate": {"version": "1.0.0", "python": "3.11.7", "sigstore": "4.5.1"},
        "policy": {
            "path": text,
            "sha256": "2" * 64,
            "closure_sha256": None,
            "from": "--policy",
            "files": [{"path": text, "kind": "policy", "sha256": "2" * 64}],
        },
        "as_of": None,
        "trust": [],
        "warnings": [text],
        "images": list(images),
        "error": None if failure is None else error(failure),
    }


def every(text: str = "ghcr.io/acme/api:1") -> dict[str, dict[str, Any]]:
    """A report for each way in which a run can end, with `text` wherever somebody else's text may stand."""
    findings = (
        Finding(file=text, line=1, column=1, key=text, text=text),
        Finding(file=text, line=None, column=None, key="", text=text),
    )
    return {
        "pass": report(image("pass", text), text=text),
        "fail": report(image("fail", text), text=text),
        "waived": report(image("waived", text), text=text),
        "undecided": report(image("error", text), text=text),
        "no answer": report(image("fail", text, failure=Unavailable(text)), text=text),
        "not there": report(image("fail", text, failure=NotFound(text)), text=text),
        "usage": {**report(failure=InvalidUsage(text)), "policy": None, "warnings": []},
        "policy": {
            **report(failure=InvalidPolicy(text, findings)),
            "policy": None,
            "warnings": [],
        },
        "stopped": report(image("pass", text), failure=Interrupted(15), text=text),
        "as of another moment": {**report(image("pass", text), text=text), "as_of": "2025-01-01T00:00:00Z"},
        "crash": report(failure=GateError(text), text=text),
        "several": report(image("pass", text), image("fail", text), image("pass", "ghcr.io/acme/b:1"), text=text),
        "the same twice": report(image("fail", text), image("fail", text), text=text),
    }
