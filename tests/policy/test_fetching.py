"""`[limits]` and `[registries]`: what of fetching a policy may set, and what it may not."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from gate.errors import LimitExceeded
from gate.limits import Limits
from gate.policy.problems import schema
from gate.sources.settings import RegistrySettings
from tests.policy.sample import GOOD, parse, problems

OF_JUNK = ("json-bytes", "json-tokens", "json-depth")
ROOT = Path(__file__).parents[2]


def test_without_the_sections_the_defaults_hold() -> None:
    assert parse(GOOD).limits == Limits()
    assert parse(GOOD).registries == {}


def test_every_limit_can_be_set_and_nothing_else() -> None:
    known = {key: value for key, value in schema()["properties"]["limits"]["properties"].items() if key != "open"}
    assert known.keys() == {field.name.replace("_", "-") for field in dataclasses.fields(Limits) if field.compare}
    for name in known:
        number = 7 if name not in OF_JUNK else getattr(Limits(), name.replace("-", "_")) + 7
        assert getattr(parse(f"{GOOD}[limits]\n{name} = {number}\n").limits, name.replace("-", "_")) == number


@pytest.mark.parametrize("name", OF_JUNK)
def test_what_nobody_signed_yet_is_not_called_junk_below_what_sound_evidence_has(name: str) -> None:
    """Rule 6: over such a limit a candidate is rejected, so that a policy would call unsigned what it did not read."""
    least = getattr(Limits(), name.replace("-", "_"))
    assert getattr(parse(f"{GOOD}[limits]\n{name} = {least}\n").limits, name.replace("-", "_")) == least
    (line,) = problems(f"{GOOD}[limits]\n{name} = {least - 1}\n")
    assert line.startswith(f"limits.{name}: at least {least}: what is over it is taken for junk")


@pytest.mark.parametrize(
    ("text", "size"), [("1KiB", 1 << 10), ("32MiB", 32 << 20), ("2GiB", 2 << 30), ("9999KiB", 9999 << 10)]
)
def test_bytes_may_be_written_with_a_unit(text: str, size: int) -> None:
    assert parse(f'{GOOD}[limits]\nblob-bytes = "{text}"\n').limits.blob_bytes == size


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("referrers = 0", "limits.referrers: 0 is too small: at least 1"),
        ("referrers = true", "limits.referrers: true is not a whole number"),
        ("referrers = 1.5", "limits.referrers: 1.5 is not a whole number"),
        ("read-seconds = 0", "limits.read-seconds: 0 is too small: at least 0.001"),
        (
            'blob-bytes = "32MB"',
            "limits.blob-bytes: '32MB' is not a number of bytes, or a text such as 32MiB (KiB, MiB, GiB)",
        ),
        (
            'blob-bytes = "0MiB"',
            "limits.blob-bytes: '0MiB' is not a number of bytes, or a text such as 32MiB (KiB, MiB, GiB)",
        ),
        ("blob-bytes = -1", "limits.blob-bytes: -1 is too small: at least 1"),
        ("refferers = 9", "limits: unknown key 'refferers'; did you mean 'referrers'?"),
    ],
)
def test_a_limit_that_is_none_is_an_error(line: str, expected: str) -> None:
    assert problems(f"{GOOD}[limits]\n{line}\n") == (expected,)


def test_what_is_said_of_a_registry_is_known_by_its_host() -> None:
    text = '[registries."ghcr.io"]\nmirrors = ["mirror.example/ghcr", "10.0.0.1:5000"]\n'
    text += '[registries."127.0.0.1:5000"]\nforbidden-tag = "absent"\n'
    assert parse(GOOD + text).registries == {
        "ghcr.io": RegistrySettings(mirrors=("mirror.example/ghcr", "10.0.0.1:5000")),
        "127.0.0.1:5000": RegistrySettings(forbidden_tag_absent=True),
    }


@pytest.mark.parametrize(
    "host", ["GHCR.io", "ghcr.io/acme", "https://ghcr.io", "index.docker.io", "ghcr", "a b", "oci:x"]
)
def test_a_registry_that_no_image_is_named_after_is_an_error(host: str) -> None:
    (line,) = problems(f'{GOOD}[registries."{host}"]\nforbidden-tag = "absent"\n')
    assert "is no registry's host as images are named" in line


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        ("https://mirror.example", "is no mirror"),
        ("mirror.example/x:tag", "is no mirror"),
        ("", "it is empty"),
        ("ghcr.io", "is the registry itself"),
    ],
)
def test_a_mirror_is_another_host_with_or_without_a_prefix(mirror: str, expected: str) -> None:
    (line,) = problems(f'{GOOD}[registries."ghcr.io"]\nmirrors = ["{mirror}"]\n')
    assert expected in line


def test_going_over_a_limit_names_it_as_the_policy_does() -> None:
    """Section 2: the message says what to set; a limit that no policy sets is not named."""
    names = schema()["properties"]["limits"]["properties"]
    for path in sorted((ROOT / "gate").rglob("*.py")):
        for name in re.findall(r'limit="([a-z-]+)"', path.read_text(encoding="utf-8")):
            assert name in names, f"{path}: {name}"
    assert str(LimitExceeded("more than 20 pages", limit="pages")) == "more than 20 pages ([limits] pages)"
    assert str(LimitExceeded("more than 20 pages", limit="")) == "more than 20 pages"
