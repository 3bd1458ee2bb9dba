"""Spellings, places and neighbours by which evidence got round what a policy asks or denies."""

from __future__ import annotations

import pytest

from tests.evidence import (
    AGENT,
    COPILOT,
    MODEL,
    PROVEN,
    RULE,
    SIGNERS,
    VOUCHING,
    claim,
    claimed,
    failed,
)

OTHERWISE = f"""[agents.copilot]
aliases = {{ "Copilot" = "{AGENT}" }}
model-aliases = {{ "gpt4-Turbo" = "{MODEL}" }}"""
ANYBODY = f"""{SIGNERS}{VOUCHING}{COPILOT.replace("[agents.copilot]", OTHERWISE)}{RULE}{PROVEN}
[rules.agents]
allow = "any"
"""
DENY = ("agents.deny",)


def denying(models: str) -> str:
    return f'{ANYBODY}[[deny]]\nmodels = [{models}]\nreason = "it leaks"\n'


@pytest.mark.parametrize("name", ["gpt-4", "openai/gpt-4", "OpenAI/GPT-4", "openrouter/openai/gpt-4"])
def test_a_denied_model_is_denied_behind_the_name_of_whoever_provides_it(name: str) -> None:
    """Rule 9: a provider stands beside a model's name or before it, and either is the same model."""
    for denied in ('"gpt-4"', '{ glob = "gpt-*" }'):
        assert failed(denying(denied), claimed(claim(model=name))) == DENY
        beside = claim(model=name, model_provider=name.partition("/")[0] if "/" in name else "openai")
        assert failed(denying(denied), claimed(beside)) == DENY
    assert failed(denying('"gpt-4"'), claimed(claim(model=f"{name}-mini"))) == ()
    assert failed(denying('"openai/gpt-4"'), claimed(claim(model="azure/gpt-4"))) == ()


@pytest.mark.parametrize("name", [AGENT, "Copilot", "COPILOT", "copilot"])
def test_a_deny_ignores_the_case_of_an_agents_other_spellings(name: str) -> None:
    """Rule 9."""
    text = f'{ANYBODY}deny = ["copilot"]\n'
    assert failed(text, claimed(claim(author=name))) == DENY
    assert failed(text, claimed(claim(author="dependabot[bot]"))) == ()


@pytest.mark.parametrize("name", ["gpt4-Turbo", "GPT4-turbo", "openai/gpt4-turbo"])
def test_a_deny_ignores_the_case_of_a_models_other_spellings(name: str) -> None:
    """Rule 9."""
    assert failed(denying(f'"{MODEL}"'), claimed(claim(model=name))) == DENY
    assert failed(denying(f'"{MODEL}"'), claimed(claim(model="gpt-4o"))) == ()
