"""`docs/policy.md`: its table is that of the schema, and its policies are policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gate.policy.loading import load_policy
from gate.policy.problems import schema
from scripts.policy_page import BEGIN, END, PAGE, page

if TYPE_CHECKING:
    from pathlib import Path

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(version = 1\n.*?)```", TEXT, re.DOTALL)


def test_the_table_is_that_of_the_schema() -> None:
    assert page(TEXT) == TEXT, "run scripts/policy-page"


def test_the_table_has_every_key_of_the_language() -> None:
    table = TEXT.partition(BEGIN)[2].partition(END)[0]
    found = set(re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE))
    tables = ("signer", "builder", "agent", "rule", "deny", "waiver", "agent-format")
    keys = {key for name in tables for key in schema()["$defs"][name]["properties"]}
    assert keys | schema()["properties"].keys() - {"signers", "builders", "agents"} <= found


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_its_policies_are_policies(text: str, tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(EXAMPLES[0])
    path = tmp_path / "policy.toml"
    path.write_text(text)
    assert load_policy(path).warnings == ()


def test_it_has_policies_to_try() -> None:
    assert len(EXAMPLES) >= 3
