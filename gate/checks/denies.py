"""What the policy's `[[deny]]` takes away before anything is judged, and what it fails.

What comes in: the claims of one image and its digests. What goes out: claims without the evidence of denied signers and
builders, which is rejected with the reason; the result `deny` if a digest is denied; and `holds`, which says whether a
dated deny is about a piece of evidence. Denied agents and models are the agents check's (design rules 5, 9 and 27).

A deny fails closed: what is not known to lie outside of it is denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gate.checks.signers import identity_mismatch, stated_time
from gate.policy.parties import CertificateHolder
from gate.verdict import Outcome, Result
from gate.verification import Barred, Identity, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.claims import Claims
    from gate.policy.model import DeniedIdentity, Deny, Policy, Rule
    from gate.policy.parties import Signer
    from gate.reference import Digest
    from gate.verification import Evidence, KeyIdentity, Signed

CHECK: Final = "deny"


def holds(deny: Deny, evidence: Signed, policy: Policy) -> bool:
    """Whether a deny is about the time at which this evidence was signed.

    Of a certificate that is its verified time. A key's verified time says that it signed then or before: it proves
    "before `since`"; that it was not before `until` only a time inside the predicate says (rule 5).
    """
    seen = evidence.signed_at
    if deny.since is not None and seen is not None and seen < deny.since:
        return False
    if deny.until is None:
        return True
    signed_at = seen if isinstance(evidence.signer, Identity) else _stated(evidence, deny, policy)
    return signed_at is None or signed_at < deny.until


def without_denied(claims: Claims, policy: Policy, rule: Rule) -> Claims:
    """The claims without what a denied signer or builder signed; that stands among the rejected, with the reason.

    What a file denies, it denies for rules that see that file: less evidence may turn a fail into a pass, and what a
    policy extends is not for it to loosen.
    """
    denied = _all_denied(claims, policy, [deny for deny in policy.denies if deny.file in rule.files])
    if not denied:
        return claims
    return replace(
        claims,
        verified=tuple(item for item in claims.verified if id(item) not in denied),
        about_source=tuple(item for item in claims.about_source if id(item) not in denied),
        rejected=claims.rejected + tuple(denied.values()),
        provenance=tuple(item for item in claims.provenance if id(item.evidence) not in denied),
        summaries=tuple(item for item in claims.summaries if id(item.evidence) not in denied),
        documents=tuple(item for item in claims.documents if id(item.evidence) not in denied),
    )


def as_judged(evidence: tuple[Evidence, ...], claims: Claims, policy: Policy) -> tuple[Evidence, ...]:
    """The evidence that these claims were read from, with what is denied for every rule in its place as rejected."""
    everywhere = [deny for deny in policy.denies if all(deny.file in rule.files for rule in policy.rules)]
    denied = _all_denied(claims, policy, everywhere)
    return tuple(denied.get(id(item), item) for item in evidence)


def denied_digest(digests: Sequence[Digest], policy: Policy, *, same: Sequence[Digest] = ()) -> Result | None:
    """The failed result for an image one of whose digests is denied; the first is its own, and `same` are that by other
    algorithms. None if none is.
    """
    owned = {str(digest) for digest in (digests[0], *same)}
    for deny in policy.denies:
        found = [str(digest) for digest in (digests[0], *same, *digests[1:]) if str(digest) in deny.digests]
        if found:
            own = found[0] in owned
            return Result(
                check=CHECK,
                outcome=Outcome.FAIL,
                expected="an image that the policy does not deny",
                found=f"{found[0]} is denied: {deny.reason}"
                if own
                else f"its manifest lists {found[0]}, which is denied: {deny.reason}",
                remedy="deploy another image" + (f"; see {deny.docs}" if deny.docs else ""),
            )
    return None


def _all_denied(claims: Claims, policy: Policy, denies: Sequence[Deny]) -> dict[int, Rejected]:
    """What is denied, by the id of what was verified."""
    if not denies:
        return {}
    builders = {id(item.evidence): item.builder_id for item in claims.documents}
    builders |= {id(item.evidence): item.builder_id for item in claims.provenance}
    signed: tuple[Signed, ...] = (*claims.verified, *claims.about_source)
    found = {id(item): _denied(item, builders.get(id(item)), policy, denies) for item in signed}
    return {id(item): _rejected(item, deny) for item in signed if (deny := found[id(item)]) is not None}


def _denied(evidence: Signed, builder_id: str | None, policy: Policy, denies: Sequence[Deny]) -> Deny | None:
    for deny in denies:
        signer = any(_is(evidence.signer, item, policy) for item in deny.signers)
        builder = builder_id is not None and any(item.matches(builder_id) for item in deny.builders)
        if (signer or builder) and holds(deny, evidence, policy):
            return deny
    return None


def _is(identity: Identity | KeyIdentity, denied: DeniedIdentity, policy: Policy) -> bool:
    """Whether this is who is denied. A name means who that signer is, whatever else its entry asks for."""
    if denied.name is not None:
        return identity_mismatch(identity, _loosened(policy.signers[denied.name])) is None
    if not isinstance(identity, Identity):
        return False
    return (
        (denied.issuer is None or denied.issuer.matches(identity.issuer))
        and (denied.identity is None or denied.identity.matches(identity.subject))
        and all(
            name in identity.extensions and pattern.matches(identity.extensions[name])
            for name, pattern in denied.extensions
        )
    )


def _loosened(signer: Signer) -> Signer:
    """A signer whose captures stand for whatever an image is called."""
    holder = signer.holder
    if not isinstance(holder, CertificateHolder):
        return signer
    extensions = tuple((name, pattern.loosened()) for name, pattern in holder.extensions)
    return replace(signer, holder=replace(holder, identity=holder.identity.loosened(), extensions=extensions))


def _stated(evidence: Signed, deny: Deny, policy: Policy) -> datetime | None:
    """When a key's predicate says that it was made, by the earliest of what the entries of that key say which the
    deny's file sees.
    """
    times = [
        time
        for signer in (policy.signers[name] for name in sorted(deny.known))
        if identity_mismatch(evidence.signer, signer) is None
        if (time := stated_time(evidence, signer)) is not None
    ]
    return min(times, default=None)


def _rejected(item: Signed, deny: Deny) -> Rejected:
    return Rejected(
        digest=item.digest,
        layer=item.layer,
        kind=item.kind,
        step=Barred.DENIED,
        reason=f"the policy denies it: {deny.reason}",
        stated=item.signer,
        authentic=True,
    )
