"""Candidates -> evidence: each `Verified`, or `Rejected` with the step that failed.

What comes in: candidates (untrusted bytes), the trust roots, the image, the moment that counts as now. What goes out:
evidence in a fixed order, whatever the order of the candidates. Only this room makes a `Verified`, and nothing behind
it sees bytes that were not verified. It knows nothing of the policy: who signed is judged later.

`bundle` has the numbered steps; `roots` the keys, `protojson` the bundle's fields, `certificate` the identity,
`statement` the payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.discovery import Candidate, Kind
from gate.verification.bundle import verify_bundle
from gate.verification.evidence import Doubt, Evidence, Identity, LogEntry, Rejected, Statement, Step, Verified
from gate.verification.roots import Root
from gate.verification.statement import ImageDigests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gate.limits import Limits
    from gate.sources import Content

__all__ = ["Doubt", "Evidence", "Identity", "LogEntry", "Rejected", "Root", "Statement", "Step", "Verified", "verify"]

_ORDER = tuple(Step)


def verify(
    candidates: Iterable[Candidate], image: Content, roots: Sequence[Root], *, now: datetime, limits: Limits
) -> tuple[Evidence, ...]:
    """Verify every candidate within each root by itself (rule 2).

    A candidate that verifies in several roots is evidence in each; one that verifies in none is rejected once, for the
    reason of the root in which it came furthest.
    """
    digests = ImageDigests.of(image)
    found: list[Evidence] = []
    for candidate in candidates:
        if candidate.kind is not Kind.BUNDLE:
            found.append(_unsupported(candidate))
            continue
        results = [verify_bundle(candidate, root, digests, now=now, limits=limits) for root in roots]
        verified = [result for result in results if isinstance(result, Verified)]
        rejected = [result for result in results if isinstance(result, Rejected)]
        if verified:
            found += verified
        elif rejected:
            found.append(max(rejected, key=lambda item: (_ORDER.index(item.step), item.doubt is not None)))
    return tuple(sorted(found, key=lambda item: (item.digest, item.layer)))


def _unsupported(candidate: Candidate) -> Rejected:
    if candidate.problem:
        reason = candidate.problem
    elif candidate.kind is Kind.OTHER:
        reason = f"{candidate.media_type!a} is no signature or attestation"
    else:
        reason = f"this version of gate does not verify the format {candidate.kind}"
    return Rejected(
        digest=candidate.digest, layer=candidate.layer, kind=candidate.kind, step=Step.FORMAT, reason=reason
    )
