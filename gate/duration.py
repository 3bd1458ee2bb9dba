"""`90d`, `1h30m`, `45s` -> a span of time.

What comes in: text of a policy, a flag or the environment. What goes out: a positive `timedelta`, or `ValueError`; and
the way back, for a message, of a moment too. No months or years: they have no fixed length.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_PART = re.compile(r"([0-9]{1,6})(w|d|h|m|s)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def parse_duration(text: str) -> timedelta:
    """Whole numbers with w, d, h, m or s, one after the other. Raises `ValueError`."""
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{_shown(text)} is no duration: write 90d, 12h, 1h30m or 45s")
    try:
        total = sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
    except OverflowError:
        raise ValueError(f"{_shown(text)} is more time than there is") from None
    if not total:
        raise ValueError(f"{_shown(text)} is no time at all")
    return total


def spell_duration(span: timedelta) -> str:
    """A span as a policy spells it, in days, hours, minutes and seconds: 90d, 1h30m."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def spell_moment(moment: datetime) -> str:
    """A moment to the second, as TOML and the report write it: 2026-11-23T09:13:43Z."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "...")
