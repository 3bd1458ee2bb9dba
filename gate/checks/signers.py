"""Which of the policy's signers made a piece of evidence, and what is missing where none did.

What comes in: verified evidence and the policy's signers. What goes out: names, principals, times and near misses. It
is the only place where an identity is compared with a signer (design rules 2, 5, 7, 8 and 9).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gate.duration import spell_moment
from gate.pointer import value_at
from gate.policy.parties import KeyHolder
from gate.verdict import EXIT_STUCK, Gap
from gate.verification import CLOCK_SKEW, Barred, Doubt, Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gate.claims import Claims
    from gate.pointer import Missing
    from gate.policy.matching import Pattern
    from gate.policy.model import Policy
    from gate.policy.parties import Signer
    from gate.strictjson import JSON
    from gate.verification import Evidence, KeyIdentity, Rejected, Signed

STALE_ROOT: Final = (
    "fetch a newer trust root (gate trust update ROOT --to FILE, or refresh = true in [trust]); where a Sigstore "
    "instance of your own signed it, name that one's root ([trust] roots, or --trusted-root); this says "
    "nothing about the image"
)
WRONG_CLOCK: Final = (
    "compare this machine's clock with the time that is named: one of them is wrong; this says nothing about the image"
)
_DOUBTS: Final = {Doubt.STALE: ("trust.stale: ", STALE_ROOT), Doubt.CLOCK: ("clock: ", WRONG_CLOCK)}
_SHOWN: Final = 3
_UNTIMED: Final = "it has no verified time, and the signer is only valid for a time"


def signed_by(evidence: Signed, names: Iterable[str], policy: Policy) -> frozenset[str]:
    """Those of the named signers whom the evidence is from."""
    return frozenset(name for name in names if mismatch(evidence, policy.signers[name]) is None)


def principal(identity: Identity | KeyIdentity) -> tuple[str, str]:
    """Who signed, for counting: a key, or issuer and name without a URI's `@ref`, so that one workflow on two branches
    is one.
    """
    if not isinstance(identity, Identity):
        return "key", identity.fingerprint
    subject = identity.subject
    if "://" in subject:
        subject = subject.partition("@")[0]
    return identity.issuer, subject


def signing_time(evidence: Signed, names: Iterable[str], policy: Policy, now: datetime) -> datetime | None:
    """When the evidence was signed, for an age. The times of a key's signature are upper bounds: for it only a time
    inside the predicate counts, where the signer's `time` says, and no later than they allow (rule 5). None is no
    usable time, and fails; one ahead of the clock is none (rule 28, `ahead_of_clock`).
    """
    if isinstance(evidence.signer, Identity):
        return evidence.signed_at
    stated = (stated_time(evidence, policy.signers[name]) for name in names)
    return min((time for time in stated if time is not None and time <= now + CLOCK_SKEW), default=None)


def mismatch(evidence: Signed, signer: Signer) -> str | None:
    """What keeps evidence from being this signer's, in words; None if it is."""
    if who := identity_mismatch(evidence.signer, signer):
        return who
    if signer.root is not None and signer.root != evidence.root:
        return f"it verified in the trust root {evidence.root!a}, not {signer.root!a}"
    if isinstance(signer.holder, KeyHolder) and signer.holder.log_required and not evidence.logs:
        return 'it has no entry of a known transparency log, and the signer does not say log = "optional"'
    for name, value in signer.annotations:
        found = evidence.annotations.get(name)
        if found != value:
            return f"its annotation {name!a} is {found!a}, not {value!a}"
    if signer.not_before is not None or signer.not_after is not None:  # rule 9, on the verified signing time
        latest = evidence.signed_at
        if latest is None:
            return _UNTIMED
        if signer.not_after is not None and latest > signer.not_after:
            return f"it was signed at {spell_moment(latest)}, after the signer's not-after"
        if signer.not_before is not None:
            # A key's verified time is when it was seen: it was signed then or before (rule 5).
            earliest = latest if isinstance(evidence.signer, Identity) else stated_time(evidence, signer)
            if earliest is None:
                return _UNTIMED
            if earliest < signer.not_before:
                return f"it was signed at {spell_moment(earliest)}, before the signer's not-before"
    return None


def identity_mismatch(identity: Identity | KeyIdentity, signer: Signer) -> str | None:
    """What keeps an identity from being this signer's, in words; None if it is."""
    holder = signer.holder
    if isinstance(holder, KeyHolder):
        if isinstance(identity, Identity):
            return "it is signed with a certificate, not with the key"
        return None if identity.fingerprint == holder.fingerprint else f"its key is sha256:{identity.fingerprint}"
    if holder is None:
        return "it has no identity"
    if not isinstance(identity, Identity):
        return "it is signed with a key, not with a certificate"
    if not holder.issuer.matches(identity.issuer):
        return f"its issuer is {identity.issuer!a}, not {str(holder.issuer)!a}{_hint(holder.issuer, identity.issuer)}"
    if not holder.identity.matches_identity(identity.subject):
        return f"its identity must be {str(holder.identity)!a}{_hint(holder.identity, identity.subject)}"
    for name, pattern in holder.extensions:
        value = identity.extensions.get(name)
        if value is None:
            return f"its certificate has no {name}"
        if not pattern.matches(value):
            return f"its {name} is {value!a}, not {str(pattern)!a}"
    return None


def _hint(pattern: Pattern, value: str) -> str:
    """What the eye passes over, and what someone who comes from cosign has to know (rule 7)."""
    if pattern.is_exactly_but_for_case(value):
        return " (they differ in upper and lower case alone, which counts)"
    if pattern.text.rstrip("/") == value.rstrip("/"):
        return " (they differ by a slash at the end alone, which counts)"
    if pattern.matches_a_part(value):
        return (
            " (which matches a part of it: here a regular expression matches from end to end, so .* belongs around it)"
        )
    return ""


def near_misses(claims: Claims, names: Iterable[str], policy: Policy) -> str:
    """Who did sign, and what each of them lacks to be one of the named signers."""
    wanted = [policy.signers[name] for name in names]
    lines = []
    for evidence in claims.verified:
        missing = [f"{signer.name}: {reason}" for signer in wanted if (reason := mismatch(evidence, signer))]
        if len(missing) == len(wanted):
            lines.append(f"signed by {evidence.signer.name!a}, which is not {'; nor '.join(missing)}")
    return few([*lines, *denied_of(claims, names, policy)])


def denied_of(claims: Claims, names: Iterable[str], policy: Policy) -> list[str]:
    """What a named signer signed and a deny takes away, each with the deny's reason."""
    wanted = [policy.signers[name] for name in names]
    return [
        f"signed by {item.stated.name!a}: {item.reason}"
        for item in claims.rejected
        if item.step is Barred.DENIED
        and item.stated is not None
        and any(identity_mismatch(item.stated, signer) is None for signer in wanted)
    ]


def few(reasons: Iterable[str]) -> str:
    """Each reason once, and of many the first three."""
    distinct = list(dict.fromkeys(reasons))
    return "; ".join(distinct[:_SHOWN]) + (f"; and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else "")


def doubts(claims: Claims, names: Iterable[str], policy: Policy, *, authentic_only: bool) -> tuple[Gap, ...]:
    """What of the named signers does not count, where that may be our fault (rules 6 and 28, and our own bugs).

    What only *states* to be from a named signer can keep a fail from being final, and never a pass from standing.
    """
    wanted = [policy.signers[name] for name in names]
    found: dict[tuple[Doubt, str], list[str]] = {}
    for item in claims.rejected:
        if item.doubt is None or (authentic_only and not item.authentic):
            continue
        if any(_may_be_of(item, signer) and not _counts(item, signer, claims) for signer in wanted):
            found.setdefault((item.doubt, item.reason), []).append(str(item.digest))
    return (*(_doubted(*why, digests) for why, digests in found.items()), *_unlogged(claims, wanted))


def _doubted(doubt: Doubt, reason: str, digests: list[str]) -> Gap:
    """One reason, for everything that it holds of."""
    name, remedy = _DOUBTS.get(doubt, ("", ""))
    return Gap(reason=f"{name}{reason} ({few(digests)})", exit_code=EXIT_STUCK, remedy=remedy)


def _may_be_of(item: Rejected, signer: Signer) -> bool:
    """Whether a doubtful rejection may be of a signer's evidence, in a root that is the signer's (rule 2)."""
    if signer.root not in (None, item.root):
        return False
    if item.stated is None:  # gate broke before it knew whose it is, so it may be anybody's
        return item.doubt is Doubt.INTERNAL
    return identity_mismatch(item.stated, signer) is None


def _counts(item: Evidence, signer: Signer, claims: Claims) -> bool:
    """Whether the same thing is the signer's evidence, as it verified in another root."""
    signed = (*claims.verified, *claims.about_source)
    same = (other for other in signed if (other.digest, other.layer) == (item.digest, item.layer))
    return any(mismatch(other, signer) is None for other in same)


def _unlogged(claims: Claims, wanted: Iterable[Signer]) -> Iterator[Gap]:
    """What the named keys signed, and what counts for none of them only for want of a log that a newer root may know:
    it is authentic, and could be what turns a pass.
    """
    for item in (*claims.verified, *claims.about_source):
        if item.stale is None:
            continue
        holders = [signer for signer in wanted if mismatch(item, _without_log(signer)) is None]
        if holders and not any(_counts(item, signer, claims) for signer in holders):
            yield _doubted(Doubt.STALE, item.stale, [str(item.digest)])


def _without_log(signer: Signer) -> Signer:
    """The signer, as far as no log and no timestamp has a say in who that is."""
    holder = signer.holder
    if isinstance(holder, KeyHolder):
        holder = replace(holder, log_required=False)
    return replace(signer, holder=holder, not_before=None, not_after=None)


def ahead_of_clock(claims: Claims, names: Iterable[str], policy: Policy, now: datetime) -> tuple[Gap, ...]:
    """Evidence of the named keys whose own time is ahead of the clock: it has no age, and whose fault that is cannot be
    told (rule 28).
    """
    signers = [policy.signers[name] for name in names]
    return tuple(
        _doubted(Doubt.CLOCK, f"it says that it was made at {spell_moment(time)}", [str(item.digest)])
        for item in (*claims.verified, *claims.about_source)
        for signer in signers
        if not isinstance(item.signer, Identity) and mismatch(item, signer) is None
        if (time := stated_time(item, signer)) is not None and time > now + CLOCK_SKEW
    )


def stated_time(evidence: Signed, signer: Signer) -> datetime | None:
    """The time that a key's predicate states where its signer's `time` says, or the verified one if that is earlier."""
    holder = signer.holder
    assert isinstance(holder, KeyHolder), "a key's evidence is by a signer who holds a key"
    if holder.time is None or evidence.statement is None:
        return None
    stated = _moment(value_at(evidence.statement.predicate, holder.time))
    return None if stated is None else min((stated, *evidence.times))


def _moment(value: JSON | Missing) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
