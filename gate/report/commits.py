"""Claims about commits as a report has them.

What comes in: what the rules found of each commit. What goes out: plain JSON values, whose contract is the JSON Schema
beside this file. It judges nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.checks import RuleResult
    from gate.checks.agents import JudgedClaim
    from gate.claims.agents import AgentClaim


def commit_documents(rules: Sequence[RuleResult]) -> list[dict[str, Any]]:
    """Every claim as a rule judged it, and every commit that needs one and has none. Two rules may judge the same."""
    found = [_commit(entry) for rule in rules for entry in rule.commits]
    found += [
        _unclaimed(repository, commit, head=head) for rule in rules for (repository, commit), head in rule.unclaimed
    ]
    distinct = {json.dumps(entry, sort_keys=True): entry for entry in found}
    return list(distinct.values())


def _commit(entry: JudgedClaim) -> dict[str, Any]:
    claim = entry.claim
    return {
        **claim_document(claim),
        "repository": entry.repository,
        "head": entry.head,
        "vouched_by": None if entry.vouched_by is None else entry.vouched_by.name.lower(),
        "accepted": entry.vouched_by is not None,
        "reason": entry.reason or None,
        "objections": [{"check": item.check, "found": item.found} for item in entry.objections],
        "evidence": str(claim.evidence.digest),
    }


def claim_document(claim: AgentClaim) -> dict[str, Any]:
    """What a claim says of a commit, and where it stood."""
    return {
        "repository": claim.repository,
        "hash": claim.commit,
        "authored_by": claim.authored_by.value,
        "stated": claim.stated,
        "agent": claim.agent,
        "agent_identity": claim.agent_identity,
        "agent_version": claim.agent_version,
        "operator": claim.operator,
        "provider": claim.provider,
        "model": claim.model,
        "model_version": claim.model_version,
        "tools": None if claim.tools is None else list(claim.tools),
        "format": claim.format,
        "place": claim.place,
        "path": claim.path,
        "problem": claim.problem,
    }


def _unclaimed(repository: str | None, commit: str, *, head: bool) -> dict[str, Any]:
    """A commit that nobody claims: not a person's, and not an agent's."""
    nothing = dict.fromkeys(
        (
            *("stated", "agent", "agent_identity", "agent_version", "operator", "provider", "model", "model_version"),
            *("tools", "vouched_by", "reason", "format", "place", "path", "problem", "evidence"),
        )
    )
    return nothing | {
        "repository": repository,
        "hash": commit,
        "head": head,
        "authored_by": "unclaimed",
        "accepted": False,
        "objections": [],
    }
