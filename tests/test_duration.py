"""Spans of time, as policies, flags and the environment write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.duration import parse_duration, spell_duration, spell_moment

PROPERTY = settings(
    deadline=None, derandomize=True, database=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45s", timedelta(seconds=45)),
        ("1m", timedelta(minutes=1)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("30m1h", timedelta(hours=1, minutes=30)),
        ("1d1d", timedelta(days=2)),
        ("007d", timedelta(days=7)),
        ("0d1s", timedelta(seconds=1)),
        ("90s", timedelta(minutes=1, seconds=30)),
        ("999999s", timedelta(seconds=999_999)),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_numbers_with_units_add_up(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


WRONG = [
    "",
    " ",
    "s",
    "90",
    "d90",
    "1",
    "1.5h",
    "1,5h",
    "-1d",
    "+1d",
    "1 d",
    " 1d",
    "1d ",
    "1h 30m",
    "1d\n",
    "\n1d",
    "1D",
    "1H",
    "1ms",
    "1y",
    "1mo",
    "1 year",
    "90 days",
    "90days",
    "P90D",
    "PT1H",
    "1:30",
    "1e3s",
    "0x1s",
    "1_000s",
    "inf",
    "1d;2h",
    "1000000s",
    "\u0661d",
    "1\u0501",
    "1d\x00",
    "soon",
]


def test_anything_else_is_refused_with_examples() -> None:
    for text in WRONG:
        with pytest.raises(ValueError) as caught:
            parse_duration(text)
        assert str(caught.value) == f"{text!a} is no duration: write 90d, 12h, 1h30m or 45s"


@pytest.mark.parametrize("text", ["0s", "0d", "000w", "0h0m0s"])
def test_no_time_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"'{text}' is no time at all"


@PROPERTY
@given(text=st.text(alphabet="0123456789wdhms. -\n", max_size=8) | st.text(max_size=8))
def test_any_text_is_a_positive_span_or_is_refused_in_one_printable_line(text: str) -> None:
    message = ""
    try:
        assert parse_duration(text) > timedelta()
    except ValueError as error:
        message = str(error)
    assert message.isprintable()


@PROPERTY
@given(parts=st.lists(st.tuples(st.integers(0, 999_999), st.sampled_from("wdhms")), min_size=1, max_size=6))
def test_the_order_of_the_parts_is_of_no_account(parts: list[tuple[int, str]]) -> None:
    texts = [f"{number}{unit}" for number, unit in parts]
    if any(number for number, _ in parts):
        assert parse_duration("".join(texts)) == parse_duration("".join(reversed(texts)))


# Bugs that were found


def test_more_time_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_duration("999999w" * 200)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=365), "365d"),
        (timedelta(hours=12), "12h"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=1, seconds=1), "1d1s"),
    ],
)
def test_a_span_is_spelled_as_a_policy_spells_it(span: timedelta, text: str) -> None:
    assert spell_duration(span) == text


@PROPERTY
@given(st.integers(min_value=1, max_value=86_400 * 400_000))
def test_what_is_spelled_is_read_as_the_same_span(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_duration(spell_duration(span)) == span


def test_a_moment_is_spelled_to_the_second_whatever_its_zone_and_year() -> None:
    east = timezone(timedelta(hours=14))
    assert spell_moment(datetime(2026, 11, 23, 9, 13, 43, 999_999, tzinfo=UTC)) == "2026-11-23T09:13:43Z"
    assert spell_moment(datetime(1, 1, 1, tzinfo=east)) == "0001-01-01T00:00:00+14:00"
