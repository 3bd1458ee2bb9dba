"""`[[waivers]]` and dates as they are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gate.checks
from gate.errors import InvalidPolicy
from gate.policy.dates import SOON, as_of
from gate.policy.waivers import ASPECTS
from tests.policy.sample import GOOD, parse, problems, swap, warnings

WAIVER = {
    "rule": '"production"',
    "check": '"provenance.level"',
    "images": '["ghcr.io/acme/legacy"]',
    "reason": '"moves in January"',
    "owner": '"ada@acme.com"',
    "expires": "2027-01-31",
}
END = datetime(2027, 1, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def waiver(**changed: str | None) -> str:
    """The good policy with one waiver; a value that is None is left out."""
    values = {**WAIVER, **changed}
    return f"{GOOD}[[waivers]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value)


def test_a_waiver_names_one_rule_one_check_images_and_who_answers_for_it_until_when() -> None:
    (found,) = parse(waiver()).waivers
    assert (found.rule, found.check, found.expires) == ("production", "provenance.level", END)
    assert [(image.name.text, image.digest) for image in found.images] == [("ghcr.io/acme/legacy", None)]


def test_its_image_may_be_one_digest() -> None:
    (found,) = parse(waiver(images=f'["ghcr.io/acme/*@sha256:{"a" * 64}"]')).waivers
    assert [(image.name.text, image.digest) for image in found.images] == [("ghcr.io/acme/*", f"sha256:{'a' * 64}")]


@pytest.mark.parametrize("key", WAIVER)
def test_nothing_of_it_may_be_left_out(key: str) -> None:
    assert problems(waiver(**{key: None})) == (f"waivers[0]: the key '{key}' is missing",)


BAD = {
    "no image": ("images", "[]", ".images: the list is empty: say what is meant, or leave the key out"),
    "an unknown rule": ("rule", '"producton"', ".rule: no rule is called 'producton'; did you mean 'production'?"),
    "an unknown check": ("check", '"signatur"', ".check: there is no check 'signatur'; did you mean 'signature'?"),
    "an aspect of signature": ("check", '"signature.age"', ".check: there is no check 'signature.age'"),
    "a mistyped aspect": (
        "check",
        '"provenance.levle"',
        ".check: there is no check 'provenance.levle'; did you mean 'provenance.level'?",
    ),
    "an attestation that is not asked for": (
        "check",
        '"attestations.spdx"',
        ".check: the rule has no check 'attestations.spdx'; it has attestations.vuln",
    ),
    "every check": ("check", '"*"', ".check: there is no check '*'"),
    "a deny": ("check", '"deny"', ".check: a deny cannot be waived: take it out of [[deny]], or date it"),
    "no rule": ("check", '"rules"', ".check: no rule matches such an image, so that there is nothing to waive"),
    "no offset": ("expires", "2027-01-31T00:00:00", ".expires: 2027-01-31T00:00:00 is no date and time with an offset"),
    "never": ("expires", '"never"', ".expires: 'never' is no date and time with an offset"),
    "a tag": (
        "images",
        '["ghcr.io/acme/a:1"]',
        ".images: 'ghcr.io/acme/a:1': a rule names images without tag or digest",
    ),
    "half a digest": (
        "images",
        '["ghcr.io/acme/a@sha256:1"]',
        "what stands behind the @ is a whole digest, sha256:...",
    ),
}


@pytest.mark.parametrize(("key", "value", "expected"), BAD.values(), ids=BAD)
def test_a_waiver_that_waives_nothing_or_too_much_is_refused(key: str, value: str, expected: str) -> None:
    (problem,) = problems(waiver(**{key: value}))
    assert problem.startswith("waivers[0]")
    assert expected in problem


def test_a_check_of_a_section_that_the_rule_does_not_have() -> None:
    text = waiver(check='"agents.allow"').replace('[rules.agents]\nallow = ["copilot"]\nhumans = "deny"\n', "")
    assert problems(text) == ("waivers[0].check: the rule has no agents, so that 'agents.allow' never fails",)


def test_two_that_cover_the_same_image_are_pointed_out() -> None:
    second = waiver(images='["ghcr.io/acme/*"]').removeprefix(GOOD)
    assert warnings(waiver() + second) == (
        "waivers[1]: waivers[0] covers an image of it too: that one stands when this one ends",
    )
    other = waiver(check='"provenance.ref"').removeprefix(GOOD)
    assert warnings(waiver() + other) == ()


# Dates.


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (END - SOON - SECOND, None),
        (END - SOON, "it expires at 2027-01-31T00:00:00Z; ada@acme.com owns it"),
        (END - SECOND, "it expires at 2027-01-31T00:00:00Z; ada@acme.com owns it"),
        (END, "it expired at 2027-01-31T00:00:00Z and changes nothing; take it out"),
    ],
)
def test_a_waiver_that_ends_soon_or_has_ended_is_pointed_out(now: datetime, expected: str | None) -> None:
    found = as_of(parse(waiver()), now).warnings
    assert list(map(str, found)) == ([] if expected is None else [f"policy.toml:37:3: waivers[0]: {expected}"])


def test_a_policy_is_invalid_from_the_second_on_at_which_it_expires() -> None:
    policy = parse(swap("version = 1", "version = 1\nexpires = 2027-01-31"))
    assert as_of(policy, END - SOON - SECOND).warnings == ()
    assert "the policy expires at 2027-01-31T00:00:00Z" in as_of(policy, END - SECOND).warnings[0].text
    with pytest.raises(InvalidPolicy) as caught:
        as_of(policy, END)
    assert caught.value.problems == ("policy.toml: expires: it expired at 2027-01-31T00:00:00Z",)


def test_a_policy_that_says_no_end_has_none() -> None:
    assert as_of(parse(GOOD), datetime(9999, 1, 1, tzinfo=UTC)).warnings == ()


def test_every_check_that_there_is_can_be_named() -> None:
    """The ids as the checks write them: `name="..."` of an aspect, and the second argument of an agents' result."""
    folder = Path(gate.checks.__file__).parent
    found = {"provenance": set[str](), "agents": set[str](), "source": set[str]()}
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        family = "agents" if path.parent.name == "agents" else "provenance"
        found[family] |= set(re.findall(r'\bname="([a-z-]+)"', text))
        found[family] |= set(re.findall(r'\bresult\(\s*scene,\s*"([a-z-]+)"', text))
        family = path.stem if path.stem in found else family
        found[family] |= set(re.findall(r'check=f"\{CHECK\}\.([a-z-]+)"', text))
    assert {"level", "source"} <= found["provenance"]
    assert {"coverage", "deny"} <= found["agents"]
    assert found["source"] == {"level"}
    for family, aspects in found.items():
        assert aspects <= set(ASPECTS[family]), f"{family}: name the new check in policy/waivers.py"
