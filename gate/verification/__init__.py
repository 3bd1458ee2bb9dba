"""Candidates -> evidence: each signature `Verified`, `AboutSource`, or `Rejected` with the step that failed.

What comes in: candidates (untrusted bytes), the trust roots, the signers' keys, the artifact, the moment that counts as
now. What goes out: evidence in a fixed order, whatever the order of the candidates. Only this room makes a `Verified`,
and nothing behind it sees bytes that were not verified. It knows nothing of the policy: who signed is judged later.

`candidate` has the order of a verification and `steps` its cryptography. `bundle` and `cosign` read the formats into
`material`; `certificate` reads the identity, `keys` keys, `log` transparency log entries, `statement` the payload;
`roots` holds what a trust root names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.verification.candidate import CLOCK_SKEW, verify_candidate
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
        verified = [result for result in results if isinstance(result, Signed)]
        rejected = [result for result in results if isinstance(result, Rejected)]
        if not results:
            found.append(_without_root(candidate))
            continue
        furthest = max(rejected, key=lambda item: (_ORDER.index(item.step), item.doubt is not None), default=None)
        found += verified or ([] if furthest is None else [furthest])
        # What one root verifies, or rejects for good, is no answer for a signer of another (rule 28).
        found += [item for item in rejected if item.doubt is not None and (verified or item is not furthest)]
    return tuple(sorted(found, key=lambda item: (item.digest, item.layer)))


def _without_root(candidate: Candidate) -> Rejected:
    return Rejected(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        step=Step.TRUST_ROOT,
        reason="there is no trust root to verify it in",
    )
