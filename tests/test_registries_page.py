"""docs/registries.md says what is so: each limit with its default, the flags and variables that there are, and messages
that gate really has.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gate.limits import DEFAULT_TIMEOUT_SECONDS, Limits
from tests.policy.sample import GOOD, parse

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "registries.md").read_text(encoding="utf-8")
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "gate").rglob("*.py")))


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_limit_is_there_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| ", section("Limits"), re.MULTILINE)
    names = [name.replace("_", "-") for name in Limits.__annotations__ if name != "tally"]
    assert sorted(name for name, _ in rows) == sorted(names)
    default = Limits()
    for name, text in rows:
        size = f'"{text.replace(" ", "")}"' if text.endswith("iB") else text
        key = name.replace("-", "_")
        assert getattr(parse(f"{GOOD}[limits]\n{name} = {size}\n").limits, key) == getattr(default, key), name


def test_the_times_are_those_of_the_limits() -> None:
    rows = re.findall(r"^\| .+ \| ([0-9]+)(?: s)? \| `([a-z-]+)` \|$", section("Time"), re.MULTILINE)
    assert {name for _, name in rows} == {"connect-seconds", "read-seconds", "helper-seconds", "attempts"}
    for number, name in rows:
        assert float(number) == getattr(Limits(), name.replace("-", "_")), name
    assert f"| {DEFAULT_TIMEOUT_SECONDS:g} s; less where GitLab's" in section("Time")


@pytest.mark.parametrize("kind", [r"--[a-z][a-z-]+", r"\b(?:[A-Z]+_)+[A-Z]+\b"])
def test_every_flag_and_variable_is_one_of_gates(kind: str) -> None:
    ours = {name for text in re.findall(r"`([^`\n]+)`", PAGE) for name in re.findall(kind, text)}
    others = {"COSIGN_REPOSITORY", "WRONG_VERSION_NUMBER", "CI_REGISTRY_IMAGE", "CI_REGISTRY_USER"}
    others |= {"CI_REGISTRY_PASSWORD", "--expose-token"}  # or read as CI_REGISTRY{part}
    assert ours - others
    assert not {name for name in ours - others if f'"{name}' not in CODE and name.lower() not in CODE}


def test_every_message_is_one_that_gate_has() -> None:
    code = re.sub(r'"\n\s*f?"', "", CODE)  # a text over several lines is one
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| ", section("When it does not work"), re.MULTILINE)
    assert len(rows) > 15
    messages = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    assert not [text for text in messages if text not in code]
