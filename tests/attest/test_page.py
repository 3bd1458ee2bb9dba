"""docs/attest.md and docs/inspect.md are true: their policies, pipelines, tables and examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from gate import cli
from gate.claims.agents import accounts
from gate.policy.loading import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ATTEST = (ROOT / "docs" / "attest.md").read_text(encoding="utf-8")
INSPECT = (ROOT / "docs" / "inspect.md").read_text(encoding="utf-8")


def blocks(kind: str) -> Iterator[str]:
    for match in re.finditer(rf"^```{kind}\n(.*?)^```$", ATTEST, re.MULTILINE | re.DOTALL):
        yield match.group(1)


def test_its_policies_are_policies(tmp_path: Path) -> None:
    github, gitlab = (parse_policy(text.encode(), tmp_path / "policy.toml") for text in blocks("toml"))
    assert not github.warnings
    assert not gitlab.warnings
    assert [rule.name for policy in (github, gitlab) for rule in policy.rules] == ["production", "production"]


def test_its_pipelines_attest_by_the_types_uri() -> None:
    """Under a short name cosign drops what is claimed. `scripts/interop` runs them."""
    for text in blocks("yaml"):
        assert YAML(typ="safe", pure=True).load(text)
        (attest,) = re.findall(r"cosign attest [^\n]*", text)
        assert " --type https://slsa.dev/provenance/v1 --predicate predicate.json " in attest
        assert "gate attest agents --range" in text
        assert "gate verify" in text


@pytest.mark.parametrize("known", [*accounts.ACCOUNTS, *accounts.NUMBERS])
def test_its_table_names_every_account_that_is_known(known: str) -> None:
    if known != "noreply@aider.chat":  # aider's older address for the same
        assert known in ATTEST


def test_the_example_of_inspect_is_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"^\$ gate (inspect [^\n]*)\n(.*?)^```$", INSPECT, re.MULTILINE | re.DOTALL)
    command, shown = example
    assert cli.run(command.split()) == 0
    printed = iter(capsys.readouterr().out.splitlines())
    for line in shown.splitlines():
        if line != "    ...":
            assert any(line == other for other in printed), line
