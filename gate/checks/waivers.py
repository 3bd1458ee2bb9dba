"""A waiver turns a failed check into a waived one, and changes nothing else (design rule 21).

What comes in: one rule's results, which are settled, and what was judged. What goes out: the same, with `WAIVED` where
a waiver of exactly that check, rule and image is in force; and a warning for each that was not needed. Errors stay
errors. A rule of which nothing passed, and nothing can still come to pass, is not waived: nothing would be left of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gate.duration import spell_moment
from gate.policy.images import names_image
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.policy.model import Policy, Waiver
    from gate.reference import Digest, Reference


def waive(
    results: Sequence[Result], rule: str, *, reference: Reference, digest: Digest, policy: Policy, now: datetime
) -> tuple[tuple[Result, ...], tuple[str, ...]]:
    """The results of the rule of that name for one judged digest, and what is worth a warning."""
    waivers = [item for item in policy.waivers if item.rule == rule and _covers(item, reference, digest)]
    unmet = {result.check for result in results if result.outcome is not Outcome.PASS}
    passed = {result.check for result in results} - unmet
    unneeded = tuple(
        str(replace(item.place, text=f"{reference.name!a} passes {item.check} without it; take it out"))
        for item in waivers
        if item.check in passed and _in_force(item, now)
    )
    held = any(result.outcome in (Outcome.PASS, Outcome.ERROR) for result in results)
    return tuple(_waived(result, waivers, now, held=held) for result in results), unneeded


def _waived(result: Result, waivers: Sequence[Waiver], now: datetime, *, held: bool) -> Result:
    if result.outcome is not Outcome.FAIL:
        return result
    mine = [item for item in waivers if item.check == result.check]
    waiver = next((item for item in mine if _in_force(item, now)), None)
    if waiver is None:
        ended = [item.expires for item in mine if item.expires is not None]
        note = f" (a waiver of it expired at {spell_moment(max(ended))})" if ended else ""
        return replace(result, found=result.found + note)
    if not held:
        return replace(result, found=f"{result.found} (waived, but nothing else of this rule passes)")
    return replace(result, outcome=Outcome.WAIVED, waiver=waiver)


def _in_force(waiver: Waiver, now: datetime) -> bool:
    return waiver.expires is not None and now < waiver.expires


def _covers(waiver: Waiver, reference: Reference, digest: Digest) -> bool:
    return any(names_image(image.name, reference) and image.digest in (None, str(digest)) for image in waiver.images)
