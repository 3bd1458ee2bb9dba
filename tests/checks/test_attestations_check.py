"""`attestations.<type>`: what the named signers attested of that type holds, all of it or the latest."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.policy.predicates import SHORT_NAMES
from tests.evidence import (
    DAY,
    NOW,
    RULE,
    SCANNER,
    SECOND,
    SIGN_V1,
    SIGNERS,
    VULN,
    attestation,
    github,
    judge,
    loads,
    plain,
    policy,
    signature,
    stranger,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gate.verification import Verified

SCHEMA = {
    "type": "object",
    "required": ["critical"],
    "properties": {"critical": {"$ref": "#/$defs/none"}},
    "$defs": {"none": {"const": 0}},
}
CLEAN, CRITICAL = {"critical": 0}, {"critical": 1}


def entry(more: str = "", *, name: str = "vuln", signers: str = '["scanner"]') -> str:
    return f'{SIGNERS}{RULE}\n[[rules.attestations]]\ntype = "{name}"\nsigners = {signers}\n{more}\n'


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    return Scanned(tmp_path)


class Scanned:
    """A policy with a schema beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")

    def failed(self, more: str, *evidence: Verified) -> tuple[str, ...]:
        judgement = judge(entry(f'schema = "schema.json"\n{more}'), *evidence, folder=self.folder)
        assert (judgement.exit_code == 0) is not bool(judgement.failed)
        return judgement.failed


def failed(text: str, *evidence: Verified) -> tuple[str, ...]:
    judgement = judge(text, *evidence)
    assert (judgement.exit_code == 0) is not bool(judgement.failed)
    return judgement.failed


def test_an_attestation_by_a_named_signer_passes_and_none_fails() -> None:
    """Rules 20 and 22: at least one; absent evidence fails `attestations.<type>`."""
    assert failed(entry(), attestation()) == ()
    assert failed(entry()) == ("attestations.vuln",)


@pytest.mark.parametrize(
    "item",
    [
        attestation(signer=stranger()),
        attestation(signer=github()),
        attestation(signer=plain(SCANNER)),
        attestation(SIGN_V1),
        attestation(f"{VULN}/"),
        attestation(VULN.upper()),
        attestation("vuln"),
        attestation("https://cosign.sigstore.dev/attestation/v1"),
        signature(github(SCANNER)),
    ],
)
def test_one_by_someone_else_or_of_another_type_is_none(item: Verified) -> None:
    """Rule 20: others' are ignored and listed. A-T28: types are compared byte for byte."""
    assert failed(entry(), item) == ("attestations.vuln",)
    assert failed(entry(), item, attestation()) == ()


def test_an_attestation_must_satisfy_the_schema(scanned: Scanned) -> None:
    """Rule 20."""
    assert scanned.failed("", attestation(predicate=CLEAN)) == ()
    for predicate in (CRITICAL, {}, {"critical": "0"}, {"critical": None}, {"Critical": 0}):
        assert scanned.failed("", attestation(predicate=predicate)) == ("attestations.vuln",)


@pytest.mark.parametrize("bad_first", [True, False])
def test_every_attestation_of_the_type_must_hold(*, scanned: Scanned, bad_first: bool) -> None:
    """Rule 20: a second scan cannot hide behind the first, nor the first behind the second."""
    early, late = NOW - 2 * DAY, NOW - DAY
    bad = attestation(predicate=CRITICAL, signed_at=early if bad_first else late)
    good = attestation(predicate=CLEAN, signed_at=late if bad_first else early)
    for more in ("", 'select = "all"'):
        assert scanned.failed(more, good, bad) == ("attestations.vuln",)
        assert scanned.failed(more, bad, good) == ("attestations.vuln",)
        assert scanned.failed(more, good) == ()


def test_someone_elses_bad_attestation_is_ignored(scanned: Scanned) -> None:
    """Rule 20."""
    assert scanned.failed("", attestation(predicate=CLEAN), attestation(predicate=CRITICAL, signer=stranger())) == ()
    assert scanned.failed("", attestation(predicate=CRITICAL), attestation(predicate=CLEAN, signer=stranger())) != ()


def test_the_latest_counts_alone_where_the_policy_says_so(scanned: Scanned) -> None:
    """Rule 20: by verified signing time."""
    bad, good = attestation(predicate=CRITICAL, signed_at=NOW - 2 * DAY), attestation(predicate=CLEAN)
    assert scanned.failed('select = "latest"', bad, good) == ()
    assert scanned.failed('select = "latest"', good, bad) == ()
    late = attestation(predicate=CRITICAL, signed_at=NOW - SECOND)
    assert scanned.failed('select = "latest"', good, late) == ("attestations.vuln",)
    elsewhere = attestation(predicate=CLEAN, signed_at=NOW, signer=stranger())
    assert scanned.failed('select = "latest"', late, elsewhere) == ("attestations.vuln",)


def test_of_several_signed_in_the_latest_second_every_one_must_hold(scanned: Scanned) -> None:
    """Rule 20: nobody can say which was last."""
    bad, good = attestation(predicate=CRITICAL), attestation(predicate=CLEAN)
    for pair in ((good, bad), (bad, good)):
        assert scanned.failed('select = "latest"', *pair) == ("attestations.vuln",)
    assert scanned.failed('select = "latest"', good, attestation(predicate={**CLEAN, "x": 1})) == ()


def test_an_attestation_counts_to_the_second_of_its_age(scanned: Scanned) -> None:
    """Rule 20: what is older neither helps nor harms."""
    text = entry('max-age = "7d"')
    edge = NOW - timedelta(days=7)
    assert failed(text, attestation(signed_at=edge)) == ()
    assert failed(text, attestation(signed_at=edge - SECOND)) == ("attestations.vuln",)
    old = attestation(predicate=CRITICAL, signed_at=edge - SECOND)
    assert scanned.failed('max-age = "7d"', attestation(predicate=CLEAN), old) == ()
    assert scanned.failed("", attestation(predicate=CLEAN), old) == ("attestations.vuln",)
    assert scanned.failed('max-age = "7d"\nselect = "latest"', attestation(predicate=CLEAN, signed_at=edge), old) == ()
    assert scanned.failed('max-age = "7d"\nselect = "latest"', old) == ("attestations.vuln",)


def test_any_of_several_named_signers_may_attest_and_all_of_them_must_hold(scanned: Scanned) -> None:
    """Rule 20: by the named signers, together."""
    both = entry('schema = "schema.json"', signers='["scanner", "release"]')
    good, bad = attestation(predicate=CLEAN), attestation(predicate=CRITICAL, signer=github())
    assert judge(both, good, folder=scanned.folder).exit_code == 0
    assert judge(both, attestation(predicate=CLEAN, signer=github()), folder=scanned.folder).exit_code == 0
    assert judge(both, good, bad, folder=scanned.folder).failed == ("attestations.vuln",)


@pytest.mark.parametrize("name", sorted(SHORT_NAMES))
def test_a_short_name_and_its_type_are_one(name: str) -> None:
    """Rule 22: the id has the short name where cosign has one."""
    uri = SHORT_NAMES[name]
    assert failed(entry(name=name), attestation(uri)) == ()
    assert failed(entry(name=uri), attestation(uri)) == ()
    assert failed(entry(name=name)) == (f"attestations.{name}",)
    (check,) = failed(entry(name=uri))
    assert SHORT_NAMES[check.removeprefix("attestations.")] == uri


def test_a_type_without_a_short_name_has_its_uri_in_the_id() -> None:
    """Rule 22."""
    uri = "https://acme.example/review/v1"
    assert failed(entry(name=uri), attestation(uri)) == ()
    assert failed(entry(name=uri), attestation()) == (f"attestations.{uri}",)


@pytest.mark.parametrize("name", ["vulns", "slsa", "Vuln", "spdx-json", "sbom"])
def test_a_word_that_is_no_type_is_invalid(name: str) -> None:
    with pytest.raises(InvalidPolicy, match="type"):
        policy(entry(name=name))
    assert loads(entry())


def test_each_entry_holds_for_itself() -> None:
    """Rule 10: one statement satisfies one entry; two entries need what each asks for."""
    spdx = '[[rules.attestations]]\ntype = "spdx"\nsigners = ["release"]\n'
    text = entry() + spdx
    bill = attestation(SHORT_NAMES["spdx"], signer=github())
    assert failed(text, attestation(), bill) == ()
    assert failed(text, attestation()) == ("attestations.spdx",)
    assert failed(text, bill) == ("attestations.vuln",)
    assert failed(text, attestation(), attestation(SHORT_NAMES["spdx"])) == ("attestations.spdx",)


@pytest.mark.parametrize(
    "schema",
    [
        "{}",
        "true",
        "false",
        "[]",
        "",
        "not json",
        '{"a": 1, "a": 2}',
        '{"type": "object"}',
        '{"properties": {"critical": {"const": 0}}}',
        '{"requierd": ["critical"]}',
        '{"required": []}',
        '{"required": "critical"}',
        '{"required": ["x"], "$ref": "other.json"}',
        '{"required": ["x"], "$ref": "https://evil.example/schema.json"}',
        '{"required": ["x"], "properties": {"x": {"$ref": "/etc/passwd"}}}',
        '{"required": ["x"], "allOf": [{"$dynamicRef": "https://evil.example/#x"}]}',
        '{"required": ["x"], "$ref": 5}',
        '{"required": ["x"], "pattern": "("}',
        '{"$schema": "https://evil.example/dialect", "required": ["x"]}',
    ],
)
def test_a_schema_that_says_nothing_or_leaves_its_document_is_invalid(tmp_path: Path, schema: str) -> None:
    """Rule 20, A-T35."""
    (tmp_path / "schema.json").write_text(schema, encoding="utf-8")
    with pytest.raises(InvalidPolicy, match="schema"):
        policy(entry('schema = "schema.json"'), tmp_path)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMA},
        {"$schema": "http://json-schema.org/draft-07/schema#", **SCHEMA},
        {"$id": "https://acme.example/no-criticals", **SCHEMA},
    ],
)
def test_a_schemas_dialect_and_name_are_only_names(tmp_path: Path, schema: dict[str, object]) -> None:
    """Rule 20."""
    (tmp_path / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    text = entry('schema = "schema.json"')
    assert judge(text, attestation(predicate=CLEAN), folder=tmp_path).exit_code == 0
    assert judge(text, attestation(predicate=CRITICAL), folder=tmp_path).exit_code == 1


def test_a_schema_that_is_not_there_is_invalid(tmp_path: Path) -> None:
    for name in ("missing.json", ".", "a\\u0000b"):
        with pytest.raises(InvalidPolicy, match="schema"):
            policy(entry(f'schema = "{name}"'), tmp_path)


def test_a_number_that_is_too_large_for_the_schema_is_a_violation(tmp_path: Path) -> None:
    """Section 9: no crash on hostile input."""
    schema = {"required": ["score"], "properties": {"score": {"multipleOf": 0.1}}}
    (tmp_path / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    text = entry('schema = "schema.json"')
    assert judge(text, attestation(predicate={"score": 10**400}), folder=tmp_path).exit_code == 1


@pytest.mark.parametrize("age", ["", "7", "d", "-7d", "7 d", "7y", "1.5d", "7D", "any"])
def test_what_is_no_duration_is_an_invalid_policy(age: str) -> None:
    with pytest.raises(InvalidPolicy, match="max-age"):
        policy(entry(f'max-age = "{age}"'))
    assert loads(entry('max-age = "1w2d3h4m5s"'))


def test_a_refusal_says_what_there_was_instead() -> None:
    """A-T36: escaped."""
    text = entry('max-age = "7d"')
    old = judge(text, attestation(signed_at=NOW - 9 * DAY), attestation(signed_at=NOW - 8 * DAY))
    assert "2026-11-15T12:00:00Z: too old" in old.found("attestations.vuln")
    assert "mallory/api" in judge(text, attestation(signer=stranger())).found("attestations.vuln")
    assert "attested are 'x\\n'" in judge(text, attestation("x\n")).found("attestations.vuln")
    assert (
        judge(text)
        .found("attestations.vuln")
        .endswith("none of type 'https://cosign.sigstore.dev/attestation/vuln/v1'")
    )
