"""Which exchange is made again, and when.

What comes in: an exchange to make, which gives a reply or raises. What goes out: the first answer that stands, or the
last one there was time for. It sends nothing itself, and an answer that says "no" (401, 403, 404) is never asked twice.

Sources: RFC 9110 10.2.3 (Retry-After) and 15.5, 15.6 (which statuses may pass); full jitter, so that the jobs of one
pipeline do not come back in step.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from gate.errors import CouldNotLook

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.limits import Deadline, Limits

PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
FIRST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 4.0


class Answer(Protocol):
    """What decides whether an answer stands: its status, and how many seconds it asks to wait, if it does."""

    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def retry_after(self) -> float | None: ...  # noqa: D102


A = TypeVar("A", bound=Answer)


class Retries:
    """Makes an exchange again while its failure may pass, within `limits.attempts` and the deadline."""

    def __init__(self, *, limits: Limits, deadline: Deadline) -> None:
        self._limits = limits
        self._deadline = deadline

    def until_answered(self, exchange: Callable[[], A]) -> A:
        """The exchange's answer, at best one that stands. Raises what the last attempt raised."""
        attempt = 1
        while True:
            asked: float | None = None
            try:
                answer = exchange()
            except CouldNotLook as error:
                if not error.passing or not self._waited(attempt, None):
                    raise
            else:
                asked = answer.retry_after
                if answer.status not in PASSING or not self._waited(attempt, asked):
                    return answer
            attempt += 1

    def _waited(self, attempt: int, asked: float | None) -> bool:
        """Wait before the next attempt; False where there is none, or no time for it."""
        if attempt >= self._limits.attempts:
            return False
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        seconds = (asked or 0) + random.uniform(0, FIRST_WAIT_SECONDS if asked else longest)  # noqa: S311  (a pause)
        if seconds >= self._deadline.left():
            return False
        time.sleep(seconds)
        return True
