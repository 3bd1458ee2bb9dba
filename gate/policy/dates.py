"""What a policy's own dates say at one moment: whether it still holds, and what will soon end.

What comes in: a policy and the moment that counts as now. What goes out: the policy, with warnings; or `InvalidPolicy`
for one that has expired.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gate.duration import spell_moment
from gate.errors import Finding, InvalidPolicy
from gate.reference import readable

if TYPE_CHECKING:
    from datetime import datetime

    from gate.policy.model import Policy

SOON: Final = timedelta(days=14)


def as_of(policy: Policy, now: datetime) -> Policy:
    """The policy as it stands at `now`. Raises `InvalidPolicy` from the second on at which it expires."""
    found = []
    if policy.expires is not None:
        if now >= policy.expires:
            text = f"it expired at {spell_moment(policy.expires)}"
            raise InvalidPolicy(readable(policy.path), (_about(policy, text),))
        if policy.expires - now <= SOON:
            text = f"the policy expires at {spell_moment(policy.expires)}, and then every image is refused"
            found.append(_about(policy, text))
    for waiver in policy.waivers:
        if waiver.expires is None:
            continue
        if now >= waiver.expires:
            text = f"it expired at {spell_moment(waiver.expires)} and changes nothing; take it out"
            found.append(replace(waiver.place, text=text))
        elif waiver.expires - now <= SOON:
            text = f"it expires at {spell_moment(waiver.expires)}; {waiver.owner} owns it"
            found.append(replace(waiver.place, text=text))
    return replace(policy, warnings=(*policy.warnings, *found))


def _about(policy: Policy, text: str) -> Finding:
    return Finding(file=readable(policy.path), line=None, column=None, key="expires", text=text)
