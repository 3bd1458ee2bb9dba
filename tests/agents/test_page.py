"""docs/agents.md says what there is: every type that is read, every key of the section, every check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gate.claims.agents import BUILT_IN
from gate.claims.agents.agent_commit import FORMAT
from gate.policy.problems import schema
from gate.policy.waivers import ASPECTS
from tests.agents.scene import judge, rule
from tests.agents.table import ROWS

PAGE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
KEYS = schema()["$defs"]["rule"]["properties"]["agents"]["properties"]


@pytest.mark.parametrize("name", sorted(BUILT_IN | set(FORMAT.build_types[:1])))
def test_it_names_every_type_that_is_read(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("key", sorted(set(KEYS) - {"signers"}))
def test_it_names_every_key_of_the_section(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("name", ASPECTS["agents"])
def test_it_names_every_check(name: str) -> None:
    assert f"`agents.{name}`" in PAGE


def test_every_check_of_the_agents_is_one_that_waivers_know() -> None:
    found = {
        check for row in ROWS for check in judge(row.policy, *row.evidence).outcomes if check.startswith("agents.")
    }
    assert found == {f"agents.{name}" for name in ASPECTS["agents"]}


def test_its_policies_are_policies() -> None:
    """The two blocks of TOML are what they look like."""
    blocks = PAGE.split("```toml\n")[1:]
    texts = [block.partition("```")[0] for block in blocks]
    assert len(texts) == 2
    section, formats = texts
    assert judge(rule("").partition("[rules.agents]")[0] + section).failed
    assert judge(rule(more=formats)).failed
    assert json.dumps(formats).isascii()
