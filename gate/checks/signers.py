"""Which of the policy's signers made a piece of evidence, and what is missing where none did.

What comes in: verified evidence and the policy's signers. What goes out: names, principals and near misses. It is the
only place where an identity is compared with a signer (design rules 2, 7 and 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.verdict import EXIT_STUCK, Gap
from gate.verification import Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.claims import Claims
    from gate.policy.model import Policy, Signer
    from gate.verification import Identity, Verified


def signed_by(evidence: Verified, names: Iterable[str], policy: Policy) -> frozenset[str]:
    """Those of the named signers whom the evidence is from."""
    signers = (policy.signers[name] for name in names)
    return frozenset(
        signer.name
        for signer in signers
        if mismatch(evidence.signer, signer) is None and (signer.root is None or signer.root == evidence.root)
    )


def principal(identity: Identity) -> tuple[str, str]:
    """Who signed, for counting: issuer and name without a URI's `@ref`, so that one workflow on two branches is one."""
    subject = identity.subject
    if "://" in subject:
        subject = subject.partition("@")[0]
    return identity.issuer, subject


def mismatch(identity: Identity, signer: Signer) -> str | None:
    """What keeps an identity from being this signer, in words; None if it is."""
    if not signer.issuer.matches(identity.issuer):
        return f"its issuer is {identity.issuer!a}, not {str(signer.issuer)!a}"
    if not signer.identity.matches_identity(identity.subject):
        return f"its identity is {identity.subject!a}, not {str(signer.identity)!a}"
    for name, pattern in signer.extensions:
        value = identity.extensions.get(name)
        if value is None:
            return f"its certificate has no {name}"
        if not pattern.matches(value):
            return f"its {name} is {value!a}, not {str(pattern)!a}"
    return None


def near_misses(claims: Claims, names: Iterable[str], policy: Policy) -> str:
    """Who did sign, and what each of them lacks to be one of the named signers."""
    wanted = [policy.signers[name] for name in names]
    lines = []
    for evidence in claims.verified:
        missing = [f"{signer.name}: {reason}" for signer in wanted if (reason := mismatch(evidence.signer, signer))]
        if len(missing) == len(wanted):
            lines.append(f"signed by {evidence.signer.subject!a}, which is not {'; nor '.join(missing)}")
    distinct = list(dict.fromkeys(lines))
    return "; ".join(distinct[:3]) + (f"; and {len(distinct) - 3} more" if len(distinct) > 3 else "")


def doubts(claims: Claims, names: Iterable[str], policy: Policy, *, authentic_only: bool) -> tuple[Gap, ...]:
    """Rejected candidates of the named signers whose rejection may be our fault (rules 6 and 28).

    What only *states* to be from a named signer can keep a fail from being final, and never a pass from standing.
    """
    wanted = [policy.signers[name] for name in names]
    found = []
    for item in claims.rejected:
        if item.doubt is None or item.stated is None or (authentic_only and not item.authentic):
            continue
        if any(mismatch(item.stated, signer) is None for signer in wanted):
            name = {Doubt.STALE: "trust.stale: ", Doubt.CLOCK: "clock: ", Doubt.UNREADABLE: ""}[item.doubt]
            found.append(Gap(reason=f"{name}{item.digest}: {item.reason}", exit_code=EXIT_STUCK))
    return tuple(found)
