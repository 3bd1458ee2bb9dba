"""An inspection -> one JSON document, from which the text is made.

What comes in: `Looked`, an inspection with what it was made under. What goes out: plain JSON values, by the schema
beside this file. Nothing is judged. What a piece of evidence says stands inside the signature that verifies for it, so
that nothing of what did not verify can be taken for something that did: that has a reason, and no content.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sigstore
from msgspec import Struct

from gate import __version__
from gate.report.commits import claim_document
from gate.report.document import (
    about_source,
    error_document,
    identity_document,
    ledger_document,
    spell_time,
)
from gate.report.jsontext import with_commits
from gate.verdict import worst
from gate.verification.evidence import Rejected, Signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from gate.checks.commits import CommitResult
    from gate.claims.agents import AgentClaim, Document
    from gate.claims.provenance import Provenance
    from gate.claims.source import Source
    from gate.errors import GateError
    from gate.flow.inspection import Attached, Inspection
    from gate.policy.demands import Trust
    from gate.policy.model import Policy
    from gate.trust import TrustRoot
    from gate.verification import Evidence

VERSION = 1
_NOTHING = dict.fromkeys(
    (
        *("authored_by", "stated", "agent", "agent_identity", "agent_version", "operator", "provider", "model"),
        *("model_version", "tools", "format", "place", "path", "problem"),
    )
)


class Looked(Struct, frozen=True, kw_only=True):
    """One run of `gate inspect`. `keys` are the files that were given, each with its key's fingerprint; `error` ended
    the run before there was an inspection.
    """

    started: datetime
    finished: datetime
    policy: Policy | None
    trust: Sequence[TrustRoot]
    keys: Sequence[tuple[str, str]]
    inspection: Inspection | None
    error: GateError | None

    @property
    def exit_code(self) -> int:
        """0 if it could look, whatever it found."""
        codes = [] if self.inspection is None else [self.inspection.exit_code]
        return worst(codes if self.error is None else [*codes, self.error.exit_code])


def schema_text() -> str:
    """The document's JSON Schema (draft 2020-12), as it is published."""
    return Path(__file__).with_name("inspection.schema.json").read_text(encoding="utf-8")


def build(looked: Looked) -> dict[str, Any]:
    """The inspection as plain values."""
    inspection = looked.inspection
    found = inspection.image if inspection is not None else None
    policy = looked.policy
    return {
        "version": VERSION,
        "exit_code": looked.exit_code,
        "started": spell_time(looked.started),
        "finished": spell_time(looked.finished),
        "gate": {"version": __version__, "python": platform.python_version(), "sigstore": sigstore.__version__},
        "policy": None if policy is None else {"path": policy.path, "sha256": policy.sha256},
        "trust": [
            {
                "name": root.name,
                "sha256": root.sha256,
                "dated": spell_time(root.dated),
                "log": not root.log_none,
                "ct": not root.ct_none,
            }
            for root in looked.trust
        ],
        "keys": [{"path": path, "key": f"sha256:{fingerprint}"} for path, fingerprint in looked.keys],
        "reference": None if inspection is None else inspection.reference.text,
        "name": None if inspection is None else inspection.reference.name,
        "digest": None if found is None else str(found.digest),
        "media_type": None if found is None else found.media_type,
        "credentials": None if inspection is None else inspection.credentials,
        "complete": inspection is not None and looked.error is None and not inspection.missed,
        "index": [
            {"digest": str(entry.digest), "platform": None if entry.platform is None else str(entry.platform)}
            for entry in (inspection.entries if inspection is not None else ())
        ],
        "attached": [] if inspection is None else list(_attached(inspection)),
        "rules": [] if inspection is None else list(inspection.rules),
        "commits": [] if inspection is None else list(_commits(inspection)),
        "notes": [] if inspection is None else list(inspection.notes),
        "ledger": [] if inspection is None else [ledger_document(entry) for entry in inspection.ledger],
        "error": error_document(looked.error or (None if inspection is None else inspection.error)),
    }


def to_json(document: Mapping[str, Any]) -> str:
    """The document's text, in ASCII."""
    return with_commits({**document, "commits": []}, [document["commits"]], depth=2)


def _attached(inspection: Inspection) -> Iterator[dict[str, Any]]:
    claims = inspection.claims
    provenance = {} if claims is None else {id(item.evidence): item for item in claims.provenance}
    documents = {} if claims is None else {id(item.evidence): item for item in claims.documents}
    for number, item in enumerate(inspection.attached, start=1):
        candidate = item.candidate
        yield {
            "number": number,
            "digest": str(candidate.digest),
            "layer": candidate.layer,
            "kind": candidate.kind.value,
            "media_type": candidate.media_type,
            "place": candidate.place,
            "size": len(candidate.raw) or None,  # what can be no evidence is not fetched
            "verified": any(isinstance(piece, Signed) for piece in item.evidence),
            "tried": bool(item.evidence),
            "signatures": [
                _signed(piece, provenance, documents) for piece in item.evidence if isinstance(piece, Signed)
            ],
            "rejected": _rejected(item),
        }


def _rejected(item: Attached) -> dict[str, Any] | None:
    """Why nothing of it verifies. It never says what the thing claims to be."""
    rejected: Evidence | None = item.evidence[0] if item.evidence else None
    if not isinstance(rejected, Rejected):
        return None
    return {
        "step": rejected.step.value,
        "reason": rejected.reason,
        "by_unknown_key": rejected.by_unknown_key,
        "doubt": None if rejected.doubt is None else rejected.doubt.value,
        "also_failed": [{"step": step.value, "reason": reason} for step, reason in rejected.also],
        "stated_signer": None if rejected.stated is None else identity_document(rejected.stated),
    }


def _signed(item: Signed, provenance: Mapping[int, Provenance], documents: Mapping[int, Document]) -> dict[str, Any]:
    found, document = provenance.get(id(item)), documents.get(id(item))
    return {
        "root": item.root,
        "content": item.content.value,
        "about": about_source(item),
        "predicate_type": item.predicate_type,
        "signer": identity_document(item.signer),
        "signed_at": spell_time(item.signed_at),
        "log": [
            {"id": entry.log, "index": entry.index, "integrated": spell_time(entry.integrated)} for entry in item.logs
        ],
        "annotations": dict(item.annotations),
        "notes": list(item.notes),
        "provenance": None if found is None else _provenance(found),
        "about_commits": None if document is None else _about_commits(document),
    }


def _provenance(item: Provenance) -> dict[str, Any]:
    return {
        "builder": item.builder_id or None,
        "build_type": item.build_type or None,
        "certified": None if item.certified is None else _source(item.certified),
        "stated": _source(item.stated),
    }


def _about_commits(item: Document) -> dict[str, Any]:
    """What a statement says of commits; the claims themselves are in the document's `commits`."""
    return {
        "format": item.format,
        "claims": len(item.claims),
        "reviews": [
            {"reviewer": review.reviewer, "commit": review.commit, "tree": review.tree} for review in item.approvals
        ],
        "hints": [
            {"what": hint.what, "commit": hint.commit, "agent": hint.agent, "model": hint.model}
            for hint in item.signals
        ],
        "unreadable": [f"{problem.path}: {problem.problem}" for problem in item.problems],
        "unread": error_document(item.gap),
    }


def _source(item: Source) -> dict[str, Any]:
    return {
        "repository": item.repository,
        "ref": item.ref,
        "commits": list(item.commits),
        "conflict": item.conflict,
    }


def _commits(inspection: Inspection) -> Iterator[dict[str, Any]]:
    """Each claim, then each commit that nobody claims: the heads, and what else a rule needs a claim of."""
    claims = inspection.claims
    if claims is None:
        return
    numbers = {id(piece): number for number, item in enumerate(inspection.attached, 1) for piece in item.evidence}
    rules: defaultdict[str | None, list[tuple[CommitResult, Mapping[tuple[int, str], Trust]]]] = defaultdict(list)
    for result in inspection.commits:
        rules[result.commit].append((result, _trusts(result)))
    heads: dict[str, str | None] = {}
    claimed = set()
    for provenance in claims.provenance:
        for source in (provenance.certified, provenance.stated):
            for commit in () if source is None else source.commits:
                heads.setdefault(commit, source.repository if source is not None else None)
    for document in claims.documents:
        for claim in document.claims:
            claimed.add(claim.commit)
            yield {
                **claim_document(claim),
                "head": claim.commit in heads,
                "claimed": True,
                "claimed_by": identity_document(claim.evidence.signer),
                "attached": numbers[id(claim.evidence)],
                "evidence": str(claim.evidence.digest),
                "policy": [_by_rule(result, trusts.get(_place(claim))) for result, trusts in rules[claim.commit]],
            }
    needed = {result.commit: None for result in inspection.commits if result.commit is not None}
    for commit, repository in {**needed, **heads}.items():
        if commit not in claimed:
            yield {
                **_NOTHING,
                "repository": repository,
                "hash": commit,
                "head": commit in heads,
                "claimed": False,
                "claimed_by": None,
                "attached": None,
                "evidence": None,
                "policy": [_by_rule(result, None) for result, _ in rules[commit]],
            }


def _by_rule(result: CommitResult, trust: Trust | None) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "vouched_by": None if trust is None else trust.name.lower(),
        "allowed": result.allowed,
        "reasons": list(result.reasons),
    }


def _trusts(result: CommitResult) -> dict[tuple[int, str], Trust]:
    """Who vouches for each claim that the rule accepts, at best."""
    found: dict[tuple[int, str], Trust] = {}
    for item in result.judged:
        if item.vouched_by is not None:
            at = _place(item.claim)
            found[at] = max(item.vouched_by, found.get(at, item.vouched_by))
    return found


def _place(claim: AgentClaim) -> tuple[int, str]:
    """What names a claim: the statement that it stands in, and where."""
    return id(claim.evidence), claim.path
