"""Whether evidence is young enough.

What comes in: when it was signed, what the policy allows, and the moment that counts as now. What goes out: yes or no.
Evidence without a usable time fails every check that needs one (design rule 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def young(signed_at: datetime | None, max_age: timedelta | None, now: datetime) -> bool:
    """Whether something signed at `signed_at` is at most `max_age` old; without a `max_age` everything is."""
    if max_age is None:
        return True
    return signed_at is not None and now - signed_at <= max_age
