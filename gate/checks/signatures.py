"""`signature`: enough of the named signers have signed the image.

What comes in: the rule's `signature` section and the claims. What goes out: one result. An attestation is not a
signature unless its signer's `accept` says so (design rule 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.checks.ages import young
from gate.checks.loosening import UNDENIED, nearest_miss
from gate.checks.signers import denied_of, few, near_misses, principal, signed_by, signing_time
from gate.duration import spell_duration, spell_moment
from gate.policy.parties import Accept
from gate.verdict import Outcome, Result
from gate.verification import Barred, Content

if TYPE_CHECKING:
    from datetime import datetime

    from gate.claims import Claims
    from gate.policy.demands import SignatureSection
    from gate.policy.model import Policy
    from gate.verification import Verified

CHECK: Final = "signature"
_SIGN_V1: Final = "https://sigstore.dev/cosign/sign/v1"
FOR_IMAGES: Final = frozenset({Accept.SIGNATURE})
FOR_FILES: Final = frozenset({Accept.SIGNATURE, Accept.MESSAGE})


def check_signature(
    section: SignatureSection, claims: Claims, policy: Policy, now: datetime, *, default: frozenset[Accept]
) -> Result:
    """Count the distinct principals among the named signers whose signature is accepted and young enough (rule 8).

    `default` is what a signer without `accept` accepts: for an image a signature, for a file a message signature too.
    """
    principals: dict[tuple[str, str], Verified] = {}
    too_old: list[tuple[Verified, datetime | None]] = []
    no_signature = []
    for evidence in claims.verified:
        names = signed_by(evidence, section.signers, policy)
        if not names:
            continue
        accepted = [name for name in names if _accepts(policy.signers[name].accept or default, evidence)]
        signed_at = signing_time(evidence, accepted, policy, now)
        if not accepted:
            no_signature.append(evidence)
        elif not young(signed_at, section.max_age, now):
            too_old.append((evidence, signed_at))
        else:
            principals.setdefault(principal(evidence.signer), evidence)
    wanted = " or ".join(section.signers)
    expected = f"a signature by {wanted}"
    if section.threshold > 1:
        expected = f"signatures by {section.threshold} different principals among {', '.join(section.signers)}"
    if section.max_age is not None:
        expected += f", at most {spell_duration(section.max_age)} old"
    evidence_digests = tuple(sorted(evidence.digest for evidence in principals.values()))
    if len(principals) >= section.threshold >= 1:
        who = ", ".join(evidence.signer.name for evidence in principals.values())
        return Result(check=CHECK, outcome=Outcome.PASS, expected=expected, found=who, evidence=evidence_digests)

    found = [f"{len(principals)} of {section.threshold} principals"] if principals else []
    found += [f"one by {item.signer.name!a}, {_dated(signed_at)}: too old" for item, signed_at in too_old]
    for evidence in no_signature:
        what = f"a {evidence.content}" if evidence.predicate_type is None else f"{evidence.predicate_type!a}"
        found.append(f"{evidence.signer.name!a} signed {what}, which its entry does not accept as a signature")
    if misses := near_misses(claims, section.signers, policy):
        found.append(misses)
    if not claims.verified:
        rejected = [item for item in claims.rejected if not misses or item.step is not Barred.DENIED]
        if rejected:
            found.append(f"no signature; rejected: {few(f'{item.kind}: {item.reason}' for item in rejected)}")
        elif not misses:
            found.append("no signature: nothing is attached")
    return Result(
        check=CHECK,
        outcome=Outcome.FAIL,
        expected=expected,
        found="; ".join(found),
        evidence=evidence_digests,
        remedy=_remedy(section, claims, policy, too_old=bool(too_old), no_signature=bool(no_signature)),
    )


def _accepts(accept: frozenset[Accept], evidence: Verified) -> bool:
    """Rule 1: what counts as a signature is what the signer's `accept` says."""
    if evidence.content is Content.MESSAGE:
        return Accept.MESSAGE in accept
    if evidence.content is Content.SIMPLE_SIGNING or evidence.predicate_type == _SIGN_V1:
        return Accept.SIGNATURE in accept or (evidence.statement is not None and Accept.STATEMENT in accept)
    return Accept.STATEMENT in accept


def _dated(signed_at: datetime | None) -> str:
    return "without a usable time" if signed_at is None else f"of {spell_moment(signed_at)}"


def _remedy(section: SignatureSection, claims: Claims, policy: Policy, *, too_old: bool, no_signature: bool) -> str:
    if too_old:
        return "image: sign it again; policy: raise signature.max-age, which lets in all older signatures too"
    if denied_of(claims, section.signers, policy):
        return UNDENIED
    if no_signature:
        return (
            'image: sign it (cosign sign); policy: accept = ["statement"] for that signer, which lets in whatever it '
            "ever attested of an image, a failed scan too"
        )
    if claims.verified:
        near = nearest_miss(claims.verified, section.signers, policy)
        return near or "sign it with an identity that the rule names, or name this one under [signers] if you trust it"
    if claims.rejected:
        return (
            "sign it again, with a key of the policy or a Sigstore instance whose trust root it names: nothing that is "
            "attached verifies"
        )
    return "sign it (cosign sign) in the job that builds it, or check that the signature was pushed to this registry"
