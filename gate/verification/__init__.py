"""Candidates -> evidence: each signature `Verified`, `AboutSource`, or `Rejected` with the step that failed.

What comes in: candidates (untrusted bytes), the trust roots, the signers' keys, the artifact, the moment that counts as
now. What goes out: evidence in a fixed order, whatever the order of the candidates. Only this room makes a `Verified`,
and nothing behind it sees bytes that were not verified. It knows nothing of the policy: who signed is judged later.

`candidate` has the order of a verification, `named` what of a root it needs, `steps` its cryptography, `rejection` how
it ends where it fails. `bundle` and `cosign` read the formats into `material`; `certificate` reads the identity, `keys`
keys, `log` transparency log entries, `statement` the payload; `roots` holds what a trust root names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.verification.candidate import verify_candidate
from gate.verification.evidence import (
    AboutSource,
    Barred,
    Content,
    Doubt,
    Evidence,
    Identity,
    KeyIdentity,
    LogEntry,
    Rejected,
    Signed,
    Statement,
    Step,
    Subject,
    Verified,
    without_predicate,
)
from gate.verification.keys import PublicKey, fingerprint, read_key
from gate.verification.named import CLOCK_SKEW
from gate.verification.roots import Root
from gate.verification.statement import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gate.discovery import Candidate
    from gate.limits import Limits

__all__ = [
    "CLOCK_SKEW",
    "AboutSource",
    "Artifact",
    "Barred",
    "Content",
    "Doubt",
    "Evidence",
    "Identity",
    "KeyIdentity",
    "LogEntry",
    "PublicKey",
    "Rejected",
    "Root",
    "Signed",
    "Statement",
    "Step",
    "Subject",
    "Verified",
    "fingerprint",
    "read_key",
    "verify",
    "without_predicate",
]

_ORDER = tuple(Step)


def verify(
    candidates: Iterable[Candidate],
    artifact: Artifact,
    roots: Sequence[Root],
    keys: Sequence[PublicKey],
    *,
    now: datetime,
    limits: Limits,
) -> tuple[Evidence, ...]:
    """Verify every candidate within each root by itself (rule 2).

    A signature that verifies in several roots is evidence in each; a candidate of which none verifies in any is
    rejected for the reason of the root in which it came furthest. What may be our fault in a root is said beside.
    """
    found: list[Evidence] = []
    for candidate in candidates:
        results = [
            result
            for root in roots
            for result in verify_candidate(candidate, root, keys, artifact, now=now, limits=limits)
        ]
        found += _come_to(results) or [_without_root(candidate)]
    return tuple(sorted(found, key=lambda item: (item.digest, item.layer)))


def _come_to(results: Sequence[Signed | Rejected]) -> list[Signed | Rejected]:
    """What the results of one candidate in every root come to; nothing if there are none."""
    rejected = [item for item in results if isinstance(item, Rejected)]
    chosen: list[Signed | Rejected] = [item for item in results if isinstance(item, Signed)]
    if rejected and not chosen:
        chosen = [max(rejected, key=lambda item: (_ORDER.index(item.step), item.doubt is not None))]
    # What holds in one root, or is rejected for good there, is no answer for a signer of another (rule 28): unless that
    # one does not know its authority, and this one does.
    placed = any(isinstance(item, Signed) or item.step is not Step.TRUST_ROOT for item in results)
    beside = [item for item in rejected if item.doubt is not None and item not in chosen]
    return chosen + [item for item in beside if item.authentic or item.doubt is not Doubt.STALE or not placed]


def _without_root(candidate: Candidate) -> Rejected:
    return Rejected(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        step=Step.TRUST_ROOT,
        reason="there is no trust root to verify it in",
    )
