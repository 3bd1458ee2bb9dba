"""Rules about agents in a base: what extends it says nothing of whose word counts for them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.evidence import (
    AGENT,
    COPILOT,
    GOOGLE,
    HEAD,
    MODEL,
    PROVEN,
    RULE,
    SIGNERS,
    VOUCHING,
    about_source,
    claim,
    claimed,
    judge,
    plain,
    predicate_v1,
    provenance,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gate.verification import Evidence

BASE = f'{SIGNERS}{VOUCHING}{COPILOT}{RULE}{PROVEN}\n[rules.agents]\nallow = ["copilot"]\n'
MINE = f"""version = 1
extends = ["base.toml"]
[signers.mine]
issuer = "{GOOGLE}"
identity = "mine@acme.com"
[agents.mine]
ids = "any"
models = "any"
"""
UNSIGNED = 'version = 1\nextends = ["base.toml"]\n'
PEDIGREE = "dev.pedigree/ai-authorship/v1"


def _failed(child: str, base: str, folder: Path, *evidence: Evidence) -> tuple[str, ...]:
    folder /= sha256(base.encode()).hexdigest()
    folder.mkdir(exist_ok=True)
    (folder / "base.toml").write_text(base, encoding="utf-8")
    return judge(child, *evidence, folder=folder).failed


@pytest.mark.parametrize("trust", ["platform", "tenant"])
def test_an_agent_of_what_extends_a_base_makes_nobody_a_platform_for_the_bases_rule(trust: str, tmp_path: Path) -> None:
    written = {"authorship": {"kind": "ai-autonomous"}, "agent": {"tool": AGENT, "model": MODEL}}
    said = about_source(PEDIGREE, written, {"gitCommit": HEAD}, signer=plain("mine@acme.com"))
    unclaimed = provenance(predicate_v1(claims=[]))
    base = f'{BASE}min-trust = "{trust}"\n'
    own = base.replace(COPILOT, COPILOT.replace("[agents.copilot]", '[agents.copilot]\nsigners = ["people"]'))
    assert _failed(UNSIGNED, own, tmp_path, unclaimed, said) == ()
    assert _failed(UNSIGNED, base, tmp_path, unclaimed, said) == ("agents.coverage",)
    assert _failed(f'{MINE}signers = ["mine"]\n', base, tmp_path, unclaimed, said) == ("agents.coverage",)


@pytest.mark.parametrize("key", ["aliases", "model-aliases"])
def test_spellings_of_what_extends_a_base_settle_no_conflict_of_the_bases_rule(key: str, tmp_path: Path) -> None:
    other = "copilot-agent-v3" if key == "aliases" else "gpt-4-turbo-2025-01"
    means = AGENT if key == "aliases" else MODEL
    also = claim(author=other) if key == "aliases" else claim(model=other)
    base = BASE.replace('"gpt-4-turbo-2024-12"]', '"gpt-4-turbo-2024-12", "gpt-4-turbo-2025-01"]')
    two = claimed(claim(), also)
    assert _failed(UNSIGNED, base, tmp_path, two) == ("agents.conflict",)
    child = f'{MINE}{key} = {{ "{other}" = "{means}" }}\n'
    assert _failed(child, base, tmp_path, two) == ("agents.conflict",)


def test_an_agent_that_a_base_leaves_open_is_what_the_file_that_extends_it_says(tmp_path: Path) -> None:
    base = BASE.replace("[agents.copilot]", "[agents.copilot]\nopen = true")
    child = UNSIGNED + '[agents.copilot]\nids = ["ours"]\nmodels = "any"\n'
    assert _failed(child, base, tmp_path, claimed(claim(author="ours"))) == ()
    assert _failed(child, base, tmp_path, claimed(claim())) == ("agents.allow",)


def test_a_deny_reads_every_spelling_that_any_file_knows(tmp_path: Path) -> None:
    base = BASE.replace('allow = ["copilot"]', 'allow = "any"')
    child = UNSIGNED + '[agents.evil]\nids = ["evil"]\nmodels = "any"\naliases = { evil-2 = "evil" }\n'
    child += '[[deny]]\nagents = ["evil"]\nreason = "it deletes tests"\n'
    assert _failed(child, base, tmp_path, claimed(claim(author="evil"))) == ("agents.deny",)
    assert _failed(child, base, tmp_path, claimed(claim(author="evil-2"))) == ("agents.deny",)
