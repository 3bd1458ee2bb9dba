"""What is asked again, how often, and how long gate waits before it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gate.errors import AccessDenied, CouldNotLook, CutShort, DeadlineExceeded, Malformed, Unavailable, Untrusted
from gate.limits import Deadline, Limits
from gate.sources.registry import retries
from gate.sources.registry.headers import parse_retry_after
from gate.sources.registry.retries import PASSING, Retries

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@dataclass(frozen=True)
class Answered:
    status: int
    retry_after: float | None = None


class Clock:
    """Pauses that are written down and take no time; each jitter is as long as it can be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.25)
        monkeypatch.setattr("time.sleep", self.slept.append)
        monkeypatch.setattr("random.uniform", lambda _, longest: longest)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def asked(*answers: Answered | CouldNotLook, attempts: int = 3, seconds: float = 60) -> tuple[object, int]:
    """What came of it, and how often it was asked."""
    left = list(answers)

    def exchange() -> Answered:
        answer = left.pop(0)
        if isinstance(answer, CouldNotLook):
            raise answer
        return answer

    made = Retries(limits=Limits(attempts=attempts), deadline=Deadline(seconds))
    try:
        found: object = made.until_answered(exchange)
    except CouldNotLook as error:
        found = error
    return found, len(answers) - len(left)


@pytest.mark.parametrize("status", sorted(PASSING))
def test_a_status_that_may_pass_is_asked_again(status: int, clock: Clock) -> None:
    assert asked(Answered(status), Answered(200)) == (Answered(200), 2)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 405, 501])
def test_any_other_answer_stands(status: int, clock: Clock) -> None:
    assert asked(Answered(status), Answered(200)) == (Answered(status), 1)
    assert clock.slept == []


@pytest.mark.parametrize("error", [Unavailable("reset"), CutShort("half")], ids=["lost", "cut-short"])
def test_a_connection_that_may_come_back_is_tried_again(error: CouldNotLook, clock: Clock) -> None:
    assert asked(error, error, Answered(200)) == (Answered(200), 3)
    assert asked(error, error, error, Answered(200)) == (error, 3)


@pytest.mark.parametrize("error", [AccessDenied("no"), Malformed("?"), Untrusted("who?"), DeadlineExceeded("late")])
def test_what_will_not_change_is_not_tried_again(error: CouldNotLook, clock: Clock) -> None:
    assert asked(error, Answered(200)) == (error, 1)


def test_the_pauses_grow_and_are_bounded(clock: Clock) -> None:
    asked(*[Answered(503)] * 8, attempts=8)
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_the_last_answer_stands_after_the_last_attempt(clock: Clock) -> None:
    assert asked(Answered(500), Answered(502), Answered(503), Answered(200)) == (Answered(503), 3)
    assert asked(Answered(503), Answered(200), attempts=1) == (Answered(503), 1)


def test_what_the_registry_asks_to_wait_is_waited(clock: Clock) -> None:
    assert asked(Answered(429, retry_after=7), Answered(200)) == (Answered(200), 2)
    assert clock.slept == [7.25]
    assert asked(Answered(429, retry_after=0), Answered(200)) == (Answered(200), 2)


def test_a_pause_that_does_not_fit_into_the_deadline_is_not_begun(clock: Clock) -> None:
    assert asked(Answered(429, retry_after=61), Answered(200)) == (Answered(429, retry_after=61), 1)
    assert asked(Answered(503), Answered(200), seconds=0.2) == (Answered(503), 1)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e3", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", None),
        ("9" * 40, None),
        ("Wed, 99 Oct 2015 07:28:30 GMT", None),
        ("Wed, 21 Oct 2015 07:28:30", None),
    ],
)
def test_retry_after_is_seconds_or_a_moment_by_the_answers_own_date(text: str, seconds: float | None) -> None:
    """RFC 9110 10.2.3."""
    assert parse_retry_after(text, DATE) == seconds


def test_a_moment_without_a_date_beside_it_says_nothing() -> None:
    assert parse_retry_after(DATE, "") is None
