"""`attestations.<type>`: what a named signer attested about the image holds.

What comes in: one `[[rules.attestations]]` entry and the claims. What goes out: one result. By default every
attestation of that type by the named signers must hold, so that a second scan cannot hide behind the first (rule 20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.ages import young
from gate.checks.loosening import UNDENIED, nearest_miss
from gate.checks.signers import denied_of, few, near_misses, signed_by, signing_time
from gate.duration import spell_duration, spell_moment
from gate.policy.demands import Select
from gate.policy.waivers import short_name
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gate.claims import Claims
    from gate.policy.demands import AttestationSection
    from gate.policy.model import Policy
    from gate.verification import Verified


def check_id(section: AttestationSection) -> str:
    """`attestations.` and cosign's short name for the type where it has one, else the type itself (rule 22)."""
    return f"attestations.{short_name(section.name, section.type)}"


def check_attestation(section: AttestationSection, claims: Claims, policy: Policy, now: datetime) -> Result:
    """Judge every attestation of the entry's type by its signers."""
    of_type = [item for item in claims.verified if item.predicate_type == section.type]
    signed = [item for item in of_type if signed_by(item, section.signers, policy)]
    times = {id(item): signing_time(item, signed_by(item, section.signers, policy), policy, now) for item in signed}
    recent = [item for item in signed if young(times[id(item)], section.max_age, now)]
    chosen = _latest(recent, times) if section.select is Select.LATEST else recent
    expected = f"an attestation of type {section.name} by {' or '.join(section.signers)}"
    if section.max_age is not None:
        expected += f", at most {spell_duration(section.max_age)} old"
    if section.schema is not None:
        expected += f", that satisfies {section.schema.path}"
    if section.where:
        expected += f", with {' and '.join(str(condition) for condition in section.where)}"
    check = check_id(section)
    if not chosen:
        return Result(
            check=check,
            outcome=Outcome.FAIL,
            expected=expected,
            found=_absence(section, claims, of_type, list(times.values()), policy),
            evidence=tuple(sorted(item.digest for item in of_type)),
            remedy=_remedy(section, claims, of_type, policy, signed=bool(signed)),
        )
    violations = [f"{item.digest}: {violation}" for item in chosen for violation in _violations(section, item)]
    return Result(
        check=check,
        outcome=Outcome.FAIL if violations else Outcome.PASS,
        expected=expected,
        found="; ".join(violations) or f"{len(chosen)} by {', '.join(sorted({item.signer.name for item in chosen}))}",
        evidence=tuple(sorted(item.digest for item in chosen)),
        remedy="image: mend what the attestation reports and attest again; an older one counts until max-age; "
        "policy: a looser schema or where, which lets in every image that the same is said of"
        if violations
        else "",
    )


def _violations(section: AttestationSection, item: Verified) -> Iterator[str]:
    """What keeps an attestation from holding: its schema, and each comparison."""
    if item.statement is None or (section.schema is None and not section.where):
        return
    predicate = item.statement.predicate
    wanted = (*((section.schema,) if section.schema is not None else ()), *section.where)
    yield from (violation for part in wanted if (violation := part.violation(predicate)))


def _latest(items: list[Verified], times: dict[int, datetime | None]) -> list[Verified]:
    """The latest signed; all of them where several were signed at that same second. One without a usable time may be
    the latest, and so is among them; alone it is not known to be (rule 5).
    """
    latest = max((time for item in items if (time := times[id(item)]) is not None), default=None)
    if latest is None:
        return []
    return [item for item in items if times[id(item)] in (latest, None)]


def _remedy(
    section: AttestationSection, claims: Claims, of_type: list[Verified], policy: Policy, *, signed: bool
) -> str:
    if signed:
        return "image: attest it again; policy: raise max-age, which lets in what nobody has looked at for as long"
    if denied_of(claims, section.signers, policy):
        return UNDENIED
    near = nearest_miss(of_type, section.signers, policy)
    return near or f"attest it (cosign attest --type {section.name}) as a named signer"


def _absence(
    section: AttestationSection,
    claims: Claims,
    of_type: list[Verified],
    signed_at: list[datetime | None],
    policy: Policy,
) -> str:
    if signed_at:
        usable = [time for time in signed_at if time is not None]
        return f"the latest is of {spell_moment(max(usable))}: too old" if usable else "none has a usable time"
    if of_type:
        return near_misses(claims, section.signers, policy)
    types = sorted({item.predicate_type for item in claims.verified if item.predicate_type})
    attested = f"; attested are {', '.join(ascii(item) for item in types)}" if types else ""
    denied = few(denied_of(claims, section.signers, policy))
    return f"none of type {section.type!a}{attested}" + (f"; {denied}" if denied else "")
