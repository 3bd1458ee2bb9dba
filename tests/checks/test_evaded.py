"""Spellings, places and neighbours by which evidence got round what a policy asks or denies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.checks.agents.denied import _behind_slashes
from gate.verification import fingerprint, read_key
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    BUILDER,
    COPILOT,
    DAY,
    MAIN,
    MODEL,
    NOW,
    PROVEN,
    REPOSITORY,
    RULE,
    SIGNERS,
    VOUCHING,
    WORKFLOW,
    WRITTEN,
    attestation,
    claim,
    claimed,
    failed,
    github,
    judge,
    keyed,
    predicate_v1,
    provenance,
)

if TYPE_CHECKING:
    from gate.verification import Verified

OTHERWISE = f"""[agents.copilot]
aliases = {{ "Copilot" = "{AGENT}" }}
model-aliases = {{ "gpt4-Turbo" = "{MODEL}" }}"""
ANYBODY = f"""{SIGNERS}{VOUCHING}{COPILOT.replace("[agents.copilot]", OTHERWISE)}{RULE}{PROVEN}
[rules.agents]
allow = "any"
"""
DENY = ("agents.deny",)


def denying(denied: str, key: str = "models") -> str:
    return f'{ANYBODY}[[deny]]\n{key} = [{denied}]\nreason = "it leaks"\n'


@pytest.mark.parametrize("name", ["gpt-4", "openai/gpt-4", "OpenAI/GPT-4", "openrouter/openai/gpt-4"])
def test_a_denied_model_is_denied_behind_the_name_of_whoever_provides_it(name: str) -> None:
    """Rule 9: a provider stands beside a model's name or before it, and either is the same model."""
    for denied in ('"gpt-4"', '{ glob = "gpt-*" }'):
        assert failed(denying(denied), claimed(claim(model=name))) == DENY
        beside = claim(model=name, model_provider=name.partition("/")[0] if "/" in name else "openai")
        assert failed(denying(denied), claimed(beside)) == DENY
    assert failed(denying('"gpt-4"'), claimed(claim(model=f"{name}-mini"))) == ()
    assert failed(denying('"openai/gpt-4"'), claimed(claim(model="azure/gpt-4"))) == ()
    long = f"a/b/c/d/{name}"
    assert failed(denying('"gpt-4"'), claimed(claim(model=long))) == DENY
    assert failed(denying('"openai/gpt-4"'), claimed(claim(model="a/b/c/openai/gpt-4"))) == DENY


@pytest.mark.parametrize("model", ["opus-4", "anthropic/opus-4"])
def test_a_model_is_denied_with_the_version_that_stands_beside_its_name(model: str) -> None:
    """Rule 9: as `minimum` reads it, whether behind the name or beside it."""
    said = claimed(claim(model=model, model_version="20250514"))
    for denied in ("opus-4-20250514", "opus-4@20250514", "OPUS-4:20250514", "anthropic/opus-4@20250514"):
        assert failed(denying(f'"{denied}"'), said) == DENY, denied
    assert failed(denying('"opus-4-2025"'), said) == failed(denying('"20250514"'), said) == ()
    assert failed(denying('"opus-4-20250514"'), claimed(claim(model=None, model_version="20250514"))) == ()
    assert failed(denying('"opus-4-none"'), claimed(claim(model="opus-4"))) == ()


def test_a_model_of_one_provider_is_denied_where_a_claim_names_none() -> None:
    """Rule 9: it may be that one's, and what is not known to lie outside of a deny is denied."""
    for denied in ('"openai/gpt-4"', '"OpenAI/GPT-4"', '"openrouter/openai/gpt-4"'):
        assert failed(denying(denied), claimed(claim(model="gpt-4"))) == DENY
        assert failed(denying(denied), claimed(claim(model="gpt-4", model_version="0613"))) == DENY
        for other in ({"model": "gpt-4-mini"}, {"model": "azure/gpt-4"}, {"model": "gpt-4", "model_provider": "azure"}):
            assert failed(denying(denied), claimed(claim(**other))) == (), other
    assert failed(denying('"openai/gpt-4-0613"'), claimed(claim(model="gpt-4", model_version="0613"))) == DENY
    assert failed(denying('{ glob = "openai/gpt-4*" }'), claimed(claim(model="GPT-4-mini"))) == DENY
    for everything in ('{ glob = "openai/*" }', '{ glob = "openai/**" }', '{ regex = "(azure/gpt|openai/gpt-4)" }'):
        assert failed(denying(everything), claimed(claim(model="gpt-4"))) == (), "not all that names nobody"


@pytest.mark.parametrize("key", ["models", "agents"])
@pytest.mark.parametrize("name", ["opus", "opus-4@20250514", "opus@4", "opus-4/tuned", "OPUS:4"])
def test_a_star_in_a_deny_stands_for_any_text(name: str, key: str) -> None:
    """Rule 9: what a glob leaves out where something is allowed is not let through where it is denied."""
    said = claimed(claim(model=name) if key == "models" else claim(author=name))
    for denied in ("opus*", "*opus*", "**"):
        assert failed(denying(f'{{ glob = "{denied}" }}', key), said) == DENY, denied
    for denied in ("sonnet*", "opus-5*", "*sonnet"):
        assert failed(denying(f'{{ glob = "{denied}" }}', key), said) == (), denied


def test_a_name_of_many_slashes_costs_no_more_than_its_last_parts() -> None:
    slashes = "/".join("abcdefgh" * 15)
    assert len(list(_behind_slashes(slashes))) == 3
    assert list(_behind_slashes("a/b/c/d")) == ["d", "c/d", "b/c/d"]
    assert list(_behind_slashes("a/b")) == ["b"]
    assert not list(_behind_slashes("a"))


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


# Who vouches.

TESTING = f"{REPOSITORY}/.github/workflows/test.yml@{MAIN}"
ANY_WORKFLOW = SIGNERS.replace(
    f'identity = "{WORKFLOW}"', f'identity = {{ glob = "{REPOSITORY}/.github/workflows/*@{MAIN}" }}'
)
COVERAGE = ("agents.coverage",)


def heard(builder: str) -> str:
    """A policy that hears any workflow of the repository, and takes the builder's word alone."""
    return f'{ANY_WORKFLOW}{builder}{COPILOT}{RULE}{PROVEN}{WRITTEN}signers = ["release"]\n'


def test_a_workflow_that_names_another_as_the_builder_has_not_its_word() -> None:
    """Rules 12 and 15: beside the provenance of the release it says in its name who wrote the head."""
    silent, said = provenance(predicate_v1(claims=[])), provenance(signer=github(TESTING))
    text = heard(VOUCHING)
    assert failed(text, silent) == COVERAGE
    assert failed(text, silent, said) == COVERAGE
    assert failed(text, said) == ("provenance.builder", *COVERAGE)
    assert failed(text, silent, claimed(claim())) == ()
    assert failed(f'{text}min-trust = "tenant"\n', silent, said) == ()
    assert failed(heard(f"{VOUCHING}id-differs = true\n"), silent, said) == ()


@pytest.mark.parametrize("by", ["certificate", "predicate"])
def test_a_machine_of_the_tenants_own_has_not_the_builders_word(by: str) -> None:
    """Rules 11 and 15: it is worth level 1 at most, and so is what it says of commits the tenant's."""
    said: dict[str, Any] = predicate_v1()
    if by == "predicate":
        said["buildDefinition"]["internalParameters"] = {"github": {"runner_environment": "self-hosted"}}
    own = provenance(said, signer=github(runner="self-hosted" if by == "certificate" else None))
    text = AGENTS_POLICY.replace(PROVEN, PROVEN.replace("level = 3", "level = 1"))
    assert failed(text, provenance()) == ()
    assert failed(text, own) == COVERAGE
    assert failed(f'{text}min-trust = "tenant"\n', own) == ()
    assert failed(text.replace(VOUCHING, f'{VOUCHING}self-hosted = "allow"\n'), own) == ()


# A key of a base's signer, which what extends the base names again.

CASES = Path(__file__).parents[1] / "cases" / "lab"
AGAIN = """version = 1
extends = ["base.toml"]
[signers.again]
key = "key.pub"
log = "optional"
time = "/later"
"""


def _failed(child: str, base: str, item: Verified, folder: Path) -> tuple[str, ...]:
    """What fails of this, signed with the key, under a policy that extends this base."""
    key = '[signers.key]\nkey = "key.pub"\nlog = "optional"\ntime = "/made"\n'
    text = base.replace("version = 1\n", f"version = 1\n{key}")
    folder /= hashlib.sha256(text.encode()).hexdigest()
    folder.mkdir(exist_ok=True)
    (folder / "base.toml").write_text(text)
    (folder / "key.pub").write_bytes((CASES / "key.pub").read_bytes())
    return judge(
        child,
        keyed(item, fingerprint(read_key((CASES / "key.pub").read_bytes())), times=(), logged=False),
        folder=folder,
    ).failed


def test_no_entry_of_what_extends_a_base_says_when_the_bases_key_signed(tmp_path: Path) -> None:
    """Rule 5: the time that the base's entry points at is not there, so that its claims have no age."""
    made = NOW - DAY
    entry = BUILDER.replace('["release"]', '["key"]').replace(WORKFLOW, "https://ci.acme.test/")
    proven = PROVEN.replace("level = 3", "level = 1").replace(f'["{REPOSITORY}"]', '"any"')
    proven = proven.replace(f'["{MAIN}"]', '"any"')
    base = f'{SIGNERS}{entry}{COPILOT}{RULE}{proven}{WRITTEN}min-trust = "tenant"\nmax-age = "7d"\n'
    for child in ('version = 1\nextends = ["base.toml"]\n', AGAIN):
        for key, expected in (("made", ()), ("later", ("agents.age",))):
            said = provenance(predicate_v1(builder="https://ci.acme.test/", **{key: made.isoformat()}))
            assert _failed(child, base, said, tmp_path) == expected, (child, key)


def test_no_entry_of_what_extends_a_base_says_that_its_key_signed_after_a_deny(tmp_path: Path) -> None:
    """Rules 5 and 9: what is not known to lie outside a deny is denied."""
    base = f"""{SIGNERS}{RULE}[[rules.attestations]]
type = "vuln"
signers = ["key"]
[[deny]]
signers = ["key"]
until = {(NOW - DAY).isoformat()}
reason = "it was copied"
"""
    for child in ('version = 1\nextends = ["base.toml"]\n', AGAIN):
        for key, expected in (("made", ()), ("later", ("attestations.vuln",))):
            said = attestation(predicate={key: NOW.isoformat()})
            assert _failed(child, base, said, tmp_path) == expected, (child, key)
