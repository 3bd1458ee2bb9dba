"""Platforms: two spellings of one are one, and nothing else is."""

from __future__ import annotations

import pytest

from gate.platforms import Platform, parse_platform, platform


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/x86_64", Platform("linux", "amd64")),
        ("linux/amd64/v1", Platform("linux", "amd64")),
        ("linux/amd64/v3", Platform("linux", "amd64", "v3")),
        ("linux/arm64", Platform("linux", "arm64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm64/8", Platform("linux", "arm64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm64/v9", Platform("linux", "arm64", "v9")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("linux/arm/7", Platform("linux", "arm", "v7")),
        ("linux/armhf", Platform("linux", "arm", "v7")),
        ("linux/armel", Platform("linux", "arm", "v6")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("linux/i386", Platform("linux", "386")),
        ("macos/arm64", Platform("darwin", "arm64")),
        ("windows/amd64", Platform("windows", "amd64")),
    ],
)
def test_a_platform_has_one_spelling(text: str, expected: Platform) -> None:
    assert parse_platform(text) == expected
    assert parse_platform(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux/amd64/", "LINUX/amd64", "linux/a md64", "a//b"]
)
def test_what_names_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no platform"):
        parse_platform(text)


def test_only_both_words_unknown_are_what_nothing_runs_on() -> None:
    assert platform("unknown", "unknown").unknown
    assert not platform("linux", "unknown").unknown
    assert not platform("unknown", "amd64").unknown
