"""`policy.toml.example` loads, and is the whole language: no key more and no key less than the JSON Schema."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli

from gate.limits import Limits
from gate.policy.loading import load_policy
from gate.policy.predicates import SHORT_NAMES
from gate.policy.problems import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE = Path(__file__).parents[1] / "policy.toml.example"
OPTIONAL = re.compile(r"^# ([a-z-]+) += ", re.MULTILINE)
SMALLEST = re.compile(r"^#     (?=version|\[|[a-z.]+ +=)", re.MULTILINE)


@pytest.fixture(scope="module")
def text() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def _subschemas(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _subschemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _subschemas(inner)


def _keys_of_the_schema() -> set[str]:
    return {name for part in _subschemas(schema()) for name in part.get("properties", ()) if isinstance(name, str)}


def _words_of_the_schema() -> set[str]:
    return {word for part in _subschemas(schema()) for word in part.get("enum", ()) if isinstance(word, str)}


def _keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys_of(inner)


def _mentions(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def test_it_loads_without_a_warning() -> None:
    policy = load_policy(EXAMPLE)
    assert policy.warnings == ()
    assert [rule.name for rule in policy.rules] == ["production", "staging", "laptop"]


def test_the_walk_through_the_schema_finds_its_keys() -> None:
    assert {"version", "rules", "glob", "token-subject", "min-trust", "id-differs", "select"} <= _keys_of_the_schema()
    assert {"allow", "tenant", "latest", "agents@materials"} <= _words_of_the_schema()


def test_it_shows_every_key_of_the_language(text: str) -> None:
    assert {key for key in _keys_of_the_schema() if not _mentions(text, key)} == set()


def test_it_shows_every_word_of_the_language(text: str) -> None:
    assert {word for word in (*_words_of_the_schema(), *SHORT_NAMES, "any") if not _mentions(text, word)} == set()


def test_it_shows_no_key_that_the_language_does_not_have(text: str) -> None:
    document = tomli.loads(text)
    names = {name for table in ("signers", "builders", "agents", "registries") for name in document[table]}
    assert {*_keys_of(document), *OPTIONAL.findall(text)} - names <= _keys_of_the_schema()


def test_its_optional_lines_work_when_the_mark_is_taken_away(text: str, tmp_path: Path) -> None:
    whole = OPTIONAL.sub(lambda match: match[0].removeprefix("# "), text)
    assert whole != text
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "no-criticals.json").write_text('{"required": ["scanner"]}')
    (tmp_path / "base.toml").write_text(
        'version = 1\nat = "allow"\n[trust]\nopen = true\nroots = ["github"]\n'
        '[registries."registry.example:5000"]\nopen = true\nmirrors = ["other.example"]\n'
    )
    path = tmp_path / "policy.toml"
    path.write_text(whole, encoding="utf-8")
    policy = load_policy(path)
    assert policy.warnings == ()
    assert policy.rules[0].attestations[0].schema is not None
    assert policy.builders["acme-release"].self_hosted_allowed
    assert policy.signers["release"].root == "public-good"


def test_the_optional_lines_that_state_a_default_change_nothing(text: str, tmp_path: Path) -> None:
    stated = OPTIONAL.sub(lambda match: match[0][2:] if match[1] in {"refresh", "id-differs"} else match[0], text)
    path = tmp_path / "policy.toml"
    path.write_text(stated, encoding="utf-8")
    policy, plain = load_policy(path), load_policy(EXAMPLE)
    assert stated != text
    assert (policy.signers, policy.builders, policy.rules) == (plain.signers, plain.builders, plain.rules)


def test_the_limits_that_it_names_are_the_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(OPTIONAL.sub(_without_mark_of_a_limit, text), encoding="utf-8")
    policy = load_policy(tmp_path / "policy.toml")
    named = tomli.loads((tmp_path / "policy.toml").read_text(encoding="utf-8"))["limits"]
    assert named.keys() == {field.name.replace("_", "-") for field in dataclasses.fields(Limits) if field.compare}
    assert policy.limits == Limits()


def _without_mark_of_a_limit(match: re.Match[str]) -> str:
    names = {field.name.replace("_", "-") for field in dataclasses.fields(Limits) if field.compare}
    return match[0][2:] if match[1] in names else match[0]


@pytest.mark.parametrize(
    "line",
    [
        *('roots = ["public-good"]', "threshold = 1", 'humans    = "deny"', 'mixed     = "deny"', 'unclaimed = "deny"'),
        *('min-trust = "builder"', 'coverage  = "listed"', 'select  = "all"'),
    ],
)
def test_the_defaults_that_it_names_are_the_defaults(line: str, text: str, tmp_path: Path) -> None:
    assert text.count(f"\n{line}") == 1
    path = tmp_path / "policy.toml"
    without = text.replace(f"\n{line}", "\n# (left out)")
    path.write_text(without.replace("\n[trust]\n", "\n") if line.startswith("roots") else without, encoding="utf-8")
    policy, plain = load_policy(path), load_policy(EXAMPLE)
    assert (policy.roots, policy.signers, policy.rules) == (plain.roots, plain.signers, plain.rules)


def test_the_smallest_policy_at_its_end_loads(text: str, tmp_path: Path) -> None:
    _, _, end = text.partition("# The smallest policy:\n")
    path = tmp_path / "policy.toml"
    path.write_text(SMALLEST.sub("", end), encoding="utf-8")
    policy = load_policy(path)
    assert [root.name for root in policy.roots] == ["public-good"]
    assert [name for rule in policy.rules if rule.signature for name in rule.signature.signers] == ["ci"]


def test_its_lines_fit_a_screen_and_are_plain_ascii(text: str) -> None:
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 120
