"""A run -> the report: one JSON document, from which every view is made.

What comes in: `Run`, the judgements with what they were made under. What goes out: plain JSON values. Verdict and exit
code are derived here from the same results that the checks gave; nothing is judged. Names: design section 10; the JSON
Schema beside this file is the contract.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sigstore
from msgspec import Struct
from msgspec.structs import asdict

from gate import __version__
from gate.errors import GateError, Interrupted, InvalidPolicy
from gate.policy.closure import closure, closure_digest
from gate.report.commits import commit_documents
from gate.verdict import verdict_of, worst
from gate.verification.evidence import AboutSource, KeyIdentity, Rejected, Signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.checks import RuleResult
    from gate.discovery import LedgerEntry
    from gate.flow import ImageJudgement, Judged
    from gate.policy.model import Policy
    from gate.trust import TrustRoot
    from gate.verdict import Result
    from gate.verification import Evidence, Identity

VERSION = 1


class Run(Struct, frozen=True, kw_only=True):
    """One run of `gate verify`. `policy_from` says where the policy's path came from; `error` ended the run early."""

    started: datetime
    finished: datetime
    policy: Policy | None
    policy_from: str
    at: datetime | None = None
    trust: Sequence[TrustRoot]
    images: Sequence[ImageJudgement]
    error: GateError | None

    @property
    def exit_code(self) -> int:
        """The worst of what was found; a run that judged nothing is never a pass. A signal says its own."""
        if isinstance(self.error, Interrupted):
            return self.error.exit_code
        codes = [image.exit_code for image in self.images]
        if self.error is not None:
            codes.append(self.error.exit_code)
        return worst(codes)


def schema_text() -> str:
    """The report's JSON Schema (draft 2020-12), as it is published."""
    return Path(__file__).with_name("schema.json").read_text(encoding="utf-8")


def build(run: Run) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "version": VERSION,
        "verdict": verdict_of(run.exit_code).value,
        "exit_code": run.exit_code,
        "started": spell_time(run.started),
        "finished": spell_time(run.finished),
        "gate": {"version": __version__, "python": platform.python_version(), "sigstore": sigstore.__version__},
        "policy": None if run.policy is None else _policy(run, run.policy),
        "as_of": None if run.at is None else spell_time(run.at),
        "trust": [{"name": root.name, "sha256": root.sha256, "dated": spell_time(root.dated)} for root in run.trust],
        "warnings": _warnings(run),
        "images": [_image(image) for image in run.images],
        "error": error_document(run.error),
    }


def _policy(run: Run, policy: Policy) -> dict[str, Any]:
    """The policy's files; their digest together only once its trust roots were read."""
    roots = {root.name: root.sha256 for root in run.trust}
    complete = all(entry.name in roots for entry in policy.roots)
    files = closure(policy, roots) if complete else policy.files
    return {
        "path": policy.path,
        "sha256": policy.sha256,
        "closure_sha256": closure_digest(policy, roots) if complete else None,
        "from": run.policy_from,
        "files": [{"path": file.path, "kind": file.kind, "sha256": file.sha256} for file in files],
    }


def _warnings(run: Run) -> list[str]:
    """About the policy as it is written, and as it met the images."""
    met = (warning for image in run.images for rule in image.rules for warning in rule.warnings)
    written = () if run.policy is None else map(str, run.policy.warnings)
    moved = () if run.at is None else (f"judged as of {spell_time(run.at)}, as --at says, and not of now",)
    return list(dict.fromkeys((*moved, *written, *met)))


def _image(image: ImageJudgement) -> dict[str, Any]:
    return {
        "reference": image.reference.text,
        "name": image.reference.name,
        "name_asserted": image.reference.asserted,
        "digest": None if image.image is None else str(image.image.digest),
        "media_type": None if image.image is None else image.image.media_type,
        "credentials": image.credentials,
        "verdict": verdict_of(image.exit_code).value,
        "exit_code": image.exit_code,
        "holds_for": [str(digest) for digest in image.holds_for],
        "rules": [_rule(rule) for rule in image.rules],
        "evidence": [_evidence(item, judged) for judged in image.judged for item in judged.evidence],
        "commits": commit_documents(image.rules),
        "ledger": [ledger_document(entry) for entry in image.ledger],
        "notes": list(image.notes),
        "error": error_document(image.error),
    }


def _rule(rule: RuleResult) -> dict[str, Any]:
    return {
        "name": rule.name,
        "digest": None if rule.digest is None else str(rule.digest),
        "platform": None if rule.platform is None else str(rule.platform),
        "message": rule.message,
        "docs": rule.docs,
        "checks": [_check(result) for result in rule.results],
    }


def _check(result: Result) -> dict[str, Any]:
    return {
        "id": result.check,
        "outcome": result.outcome.value,
        "expected": result.expected,
        "found": result.found,
        "evidence": [str(digest) for digest in result.evidence],
        "remedy": result.remedy,
        "waiver": None
        if result.waiver is None
        else {
            "reason": result.waiver.reason,
            "owner": result.waiver.owner,
            "expires": spell_time(result.waiver.expires),
        },
    }


def _evidence(item: Evidence, judged: Judged) -> dict[str, Any]:
    document: dict[str, Any] = {
        "digest": str(item.digest),
        "subject": str(judged.image.digest),
        "about": [],
        "layer": item.layer,
        "kind": item.kind.value,
        "content": None,
        "predicate_type": None,
        "verified": False,
        "step": None,
        "reason": None,
        "also_failed": [],
        "root": None,
        "signer": None,
        "stated_signer": None,
        "log": [],
        "notes": [],
        "signed_at": None,
    }
    if isinstance(item, Signed):
        document |= {
            "about": about_source(item),
            "predicate_type": item.predicate_type,
            "verified": True,
            "root": item.root,
            "signer": identity_document(item.signer),
            "content": item.content.value,
            "log": [
                {"id": entry.log, "index": entry.index, "integrated": spell_time(entry.integrated)}
                for entry in item.logs
            ],
            "notes": list(item.notes),
            "signed_at": spell_time(item.signed_at),
        }
    elif isinstance(item, Rejected):
        stated = None if item.stated is None else identity_document(item.stated)
        also = [{"step": step.value, "reason": reason} for step, reason in item.also]
        document |= {"step": item.step.value, "reason": item.reason, "also_failed": also, "stated_signer": stated}
    return document


def about_source(item: Signed) -> list[str]:
    """What a statement about the source is about; empty for one about the image."""
    if not isinstance(item, AboutSource) or item.statement is None:
        return []
    subjects = (f"{name}:{value}" for subject in item.statement.subjects for name, value in subject.digests.items())
    return sorted(set(subjects))


def identity_document(identity: Identity | KeyIdentity) -> dict[str, Any]:
    """Who signed, or is said to have: a certificate's name, or a key."""
    if isinstance(identity, KeyIdentity):
        return {"issuer": None, "identity": None, "extensions": {}, "key": f"sha256:{identity.fingerprint}"}
    return {
        "issuer": identity.issuer,
        "identity": identity.subject,
        "extensions": dict(identity.extensions),
        "key": None,
    }


def ledger_document(entry: LedgerEntry) -> dict[str, Any]:
    """One place that was looked at."""
    return {
        "place": entry.place,
        "subject": None if entry.subject is None else str(entry.subject),
        "repository": entry.repository,
        "asked": entry.asked,
        "status": entry.status,
        "found": entry.found,
        "bytes": entry.bytes,
        "complete": entry.complete,
        "absent_by": entry.absent_by,
        "error": error_document(entry.error),
    }


def error_document(error: GateError | None) -> dict[str, Any] | None:
    """Why there is no answer."""
    if error is None:
        return None
    policy = error if isinstance(error, InvalidPolicy) else None
    return {
        "code": error.code,
        "message": error.message,
        "retry": error.retry,
        "remedy": error.remedy,
        "where": policy.path if policy else None,
        "problems": list(policy.problems) if policy else [],
        "findings": [asdict(finding) for finding in policy.findings] if policy else [],
    }


def spell_time(moment: datetime | None) -> str | None:
    """A moment in UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
