"""Predicate types by their short names, and the schemas that predicates must satisfy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import InvalidPolicy
from gate.policy.loading import parse_policy
from gate.policy.predicates import MAX_TOKENS, SHORT_NAMES, predicate_type, read_schema, weigh
from tests.evidence import RULE, SIGNERS
from tests.policy.sample import GOOD, after, parse, problems, swap

if TYPE_CHECKING:
    from pathlib import Path

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
AT = "rules[0] ('production').attestations[0].schema"
NO_CRITICALS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["scanner"],
    "properties": {"scanner": {"$ref": "#/$defs/scanner"}},
    "$defs": {"scanner": {"required": ["critical"], "properties": {"critical": {"const": 0}}}},
}


def violation(schema: Any, predicate: dict[str, Any]) -> str | None:
    return read_schema("no-criticals.json", json.dumps(schema).encode()).violation(predicate)


def refused(schema: Any) -> str:
    raw = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    with pytest.raises(ValueError) as caught:
        read_schema("no-criticals.json", raw)
    return str(caught.value)


# Types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
        ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("link", "https://in-toto.io/Link/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("https://acme.com/review/v1", "https://acme.com/review/v1"),
        ("acme.com/review/v1", "acme.com/review/v1"),
        ("urn:acme:review", "urn:acme:review"),
    ],
)
def test_a_type_is_a_short_name_or_a_uri(name: str, expected: str) -> None:
    assert predicate_type(name) == expected
    (section,) = parse(swap('type = "vuln"', f'type = "{name}"')).rules[0].attestations
    assert (section.name, section.type) == (name, expected)


@pytest.mark.parametrize("name", ["", "Vuln", "VULN", "vulns", "sbom", "slsa", "provenance", "any", "*"])
def test_a_word_that_is_neither_is_an_error_with_all_short_names(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        predicate_type(name)
    assert str(caught.value) == f"{name!r} is neither a predicate type URI nor one of {', '.join(sorted(SHORT_NAMES))}"


# Schemas


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ({"scanner": {"critical": 0}}, None),
        ({"scanner": {"critical": 0}, "more": 1}, None),
        ({}, "$: 'scanner' is a required property"),
        ({"Scanner": {"critical": 0}}, "$: 'scanner' is a required property"),
        ({"scanner": {}}, "$.scanner: 'critical' is a required property"),
        ({"scanner": {"critical": 1}}, "$.scanner.critical: it is 1; 0 was expected"),
        ({"scanner": {"critical": False}}, "$.scanner.critical: it is False; 0 was expected"),
        ({"scanner": {"critical": "0"}}, "$.scanner.critical: it is '0'; 0 was expected"),
        ({"scanner": {"critical": None}}, "$.scanner.critical: it is None; 0 was expected"),
        ({"scanner": {"critical": [0]}}, "$.scanner.critical: it is [0]; 0 was expected"),
    ],
)
def test_a_violation_says_where_and_what(predicate: dict[str, Any], expected: str | None) -> None:
    assert violation(NO_CRITICALS, predicate) == expected


def test_a_long_violation_is_cut() -> None:
    found = violation(
        {"required": ["a"], "properties": {"a": {"const": 0}, "b": {"maxLength": 1}}}, {"a": 0, "b": "x" * 9999}
    )
    assert found is not None
    assert len(found) < 250


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "it accepts {}, and so says nothing about a predicate; add what is required"),
        ({"type": "object"}, "it accepts {}, and so says nothing about a predicate; add what is required"),
        (
            {"properties": {"critical": {"const": 0}}},
            "it accepts {}, and so says nothing about a predicate; add what is required",
        ),
        (
            {"$ref": "https://acme.com/s.json"},
            "$.$ref leaves the document: 'https://acme.com/s.json'; a schema's references begin with #",
        ),
        ({"$ref": "other.json"}, "$.$ref leaves the document: 'other.json'; a schema's references begin with #"),
        (
            {"$ref": "file:///etc/passwd"},
            "$.$ref leaves the document: 'file:///etc/passwd'; a schema's references begin with #",
        ),
        ({"$ref": ""}, "$.$ref leaves the document: ''; a schema's references begin with #"),
        ({"$ref": 1}, "no JSON Schema: 1 is not of type 'string'"),
        (
            {"allOf": [{"required": ["a"]}, {"$dynamicRef": "https://x#a"}]},
            "$.allOf[1].$dynamicRef leaves the document: 'https://x#a'; a schema's references begin with #",
        ),
        (
            {"required": ["a"], "$defs": {"unused": {"$ref": "x.json"}}},
            "$.$defs.unused.$ref leaves the document: 'x.json'; a schema's references begin with #",
        ),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#"},
            "$schema 'http://json-schema.org/draft-04/schema#' is not draft 2020-12 or draft 7",
        ),
        ({"$schema": 7}, "$schema 7 is not draft 2020-12 or draft 7"),
        ({"type": "objekt"}, "no JSON Schema: 'objekt' is not valid under any of the given schemas"),
        ({"required": "scanner"}, "no JSON Schema: 'scanner' is not of type 'array'"),
        ({"required": ["a"], "properties": {"a": {"pattern": "["}}}, "no JSON Schema: '[' is not a 'regex'"),
        (
            {"$ref": "#/$defs/x"},
            "$.$ref leads nowhere: '#/$defs/x'",
        ),
        ([], "a schema is a JSON object"),
        (True, "a schema is a JSON object"),
        (b"", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"type: object\n", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (
            b'{"required": ["a"],}',
            "not JSON: Expecting property name enclosed in double quotes: line 1 column 20 (char 19)",
        ),
        (b'{"required": ["a"], "required": []}', "duplicate key 'required'"),
        (b'{"const": NaN}', "NaN is not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[" * 1000, "JSON nested deeper than 64 ([limits] json-depth)"),
    ],
)
def test_what_is_no_schema_of_a_predicate_is_an_error(schema: Any, message: str) -> None:
    assert refused(schema) == message


def test_draft_7_is_read_where_the_schema_says_so() -> None:
    seven = {
        "$schema": DRAFT_7,
        "required": ["a"],
        "properties": {"a": {"$ref": "#/definitions/n"}},
        "definitions": {"n": {"const": 1}},
    }
    assert violation(seven, {"a": 1}) is None
    assert violation(seven, {"a": 2}) == "$.a: it is 2; 1 was expected"


def test_a_schemas_own_name_is_only_a_name() -> None:
    named = {
        "$id": "https://acme.com/s.json",
        "required": ["a"],
        "properties": {"a": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {"const": 1}},
    }
    assert violation(named, {"a": 1}) is None
    assert violation(named, {"a": 2}) == "$.a: it is 2; 1 was expected"


def test_a_deep_predicate_does_not_end_the_run() -> None:
    tree = {
        "required": ["a"],
        "$ref": "#/$defs/n",
        "$defs": {"n": {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}}},
    }
    predicate: dict[str, Any] = {"a": {}}
    for _ in range(62):
        predicate = {"a": predicate}
    assert violation(tree, predicate) is None


# What may let pass more than is meant


def doubts(part: Any, **more: Any) -> tuple[str, ...]:
    """What is doubted of a schema that asks this of `/x`."""
    schema = {"required": ["x"], "properties": {"x": part}, **more}
    return read_schema("x.json", json.dumps(schema).encode()).doubts


@pytest.mark.parametrize(
    ("part", "passes", "expected"),
    [
        ({"maximum": 0}, None, '\'maximum\' lets pass what is no number; add "type": "number"'),
        ({"pattern": "^a$"}, 5, '\'pattern\' lets pass what is no string; add "type": "string"'),
        ({"maxItems": 0}, "many", '\'maxItems\' lets pass what is no array; add "type": "array"'),
        ({"required": ["y"]}, "y", '\'required\' lets pass what is no object; add "type": "object"'),
        ({"properties": {"y": {"const": 0}}, "required": ["y"]}, 1, "'properties' lets pass what is no object"),
        ({"allOf": [{"anyOf": [{"minimum": 9}]}]}, "0", "'minimum' lets pass what is no number"),
        ({"$ref": "#/$defs/x"}, None, "'required' lets pass what is no object"),
    ],
)
def test_what_a_value_of_another_type_passes_is_pointed_out(part: Any, passes: Any, expected: str) -> None:
    more = {"$defs": {"x": {"required": ["y"]}}}
    (doubt,) = doubts(part, **more)
    assert doubt.startswith(f"$.properties.x: {expected}")
    assert violation({"required": ["x"], "properties": {"x": part}, **more}, {"x": passes}) is None


@pytest.mark.parametrize(
    "part",
    [
        {"type": "integer", "maximum": 0},
        {"const": 0},
        {"enum": [1, 2], "maximum": 1},
        {"type": ["array", "null"], "maxItems": 0},
        {"allOf": [{"type": "object"}, {"required": ["y"]}]},
        {"$ref": "#/$defs/x", "required": ["y"]},
        {"anyOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/x"}], "minProperties": 1},
        {"not": {"const": "x"}},
        {"$ref": "#/$defs/y"},
        {},
        True,
        {"type": "string", "format": "date-time", "pattern": "^2"},
    ],
)
def test_a_part_whose_type_is_asked_for_is_not_doubted(part: Any) -> None:
    defined = {"x": {"type": "object"}, "y": {"anyOf": [{"$ref": "#/$defs/x"}, {"required": ["y"]}]}}
    assert doubts(part, **{"$defs": defined}) == ()


def test_parts_of_every_kind_are_looked_at() -> None:
    bound = {"maximum": 0}
    for part, where in (
        ({"type": "object", "additionalProperties": bound}, "additionalProperties"),
        ({"type": "object", "patternProperties": {"^a": bound}}, "patternProperties.^a"),
        ({"type": "array", "items": bound}, "items"),
        ({"type": "array", "prefixItems": [bound]}, "prefixItems[0]"),
        ({"type": "array", "contains": bound}, "contains"),
        (
            {"type": "object", "properties": {"y": {"type": "object", "properties": {"z": bound}}}},
            "properties.y.propert",
        ),
    ):
        (doubt,) = doubts(part)
        assert doubt.startswith(f"$.properties.x.{where}")


@pytest.mark.parametrize("word", ["format", "contentMediaType", "contentEncoding"])
def test_what_checks_nothing_is_pointed_out(word: str) -> None:
    """JSON Schema 2020-12, Validation, 7.2 and 8: annotations."""
    part = {"type": "string", word: "date-time"}
    assert doubts(part) == (f"$.properties.x: {word!r} checks nothing; ask for a pattern",)
    assert violation({"required": ["x"], "properties": {"x": part}}, {"x": "never"}) is None
    assert doubts({**part, "enum": ["a"]}) == ()


def test_a_type_that_is_far_away_is_not_looked_for_without_end() -> None:
    far: Any = {"type": "number"}
    chained = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(200)}
    assert len(doubts({"maximum": 1, "$ref": "#/$defs/d0"}, **{"$defs": {**chained, "d200": far}})) == 1
    wide = {"anyOf": [{"minimum": 1}] * 200, "type": "number"}
    assert doubts(wide) == ()


def test_what_a_schema_may_let_pass_is_a_warning_of_the_policy(tmp_path: Path) -> None:
    parts = {name: {"maximum": 0} for name in "abcde"}
    (tmp_path / "s.json").write_text(json.dumps({"required": ["a"], "properties": parts}))
    policy = parse(after("[[rules.attestations]]", 'schema = "s.json"'), tmp_path / "policy.toml")
    (warning,) = (item for item in policy.warnings if "s.json" in item.text)
    assert warning.key == AT
    assert warning.text.startswith(f"{tmp_path}/s.json: $.properties.a: 'maximum' lets pass what is no number; add")
    assert warning.text.count("lets pass") == 3
    assert warning.text.endswith("; and 2 more")


# In a policy


def test_a_schema_is_found_beside_the_policy_and_not_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "s.json").write_text(json.dumps(NO_CRITICALS))
    monkeypatch.chdir(tmp_path / "ci")
    policy = tmp_path / "policies" / "policy.toml"
    (section,) = parse(after("[[rules.attestations]]", 'schema = "s.json"'), policy).rules[0].attestations
    assert section.schema is not None
    assert section.schema.path == str(tmp_path / "policies" / "s.json")
    assert section.schema.violation({}) == "$: 'scanner' is a required property"
    (tmp_path / "ci" / "t.json").write_text(json.dumps(NO_CRITICALS))
    assert problems(after("[[rules.attestations]]", 'schema = "t.json"'), policy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.json", None, "cannot be read: No such file or directory"),
        (".", None, "cannot be read: Is a directory"),
        ("bad.json", "{", ": not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("weak.json", "{}", ": it accepts {}, and so says nothing about a predicate; add what is required"),
        (
            "out.json",
            '{"$ref": "x.json"}',
            ": $.$ref leaves the document: 'x.json'; a schema's references begin with #",
        ),
    ],
)
def test_a_bad_schema_is_a_problem_of_the_policy(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    text = after("[[rules.attestations]]", f'schema = "{name}"')
    separator = "" if message.startswith(":") else " "
    assert problems(text, tmp_path / "policy.toml") == (f"{AT}: {tmp_path / name}{separator}{message}",)


def test_a_bad_schema_is_reported_beside_other_problems(tmp_path: Path) -> None:
    text = swap('signers = ["scanner"]\nselect', 'signers = ["nobody"]\nschema = "missing.json"\nselect')
    assert len(problems(text, tmp_path / "policy.toml")) == 2


def test_an_empty_schema_path_is_a_problem() -> None:
    assert problems(after("[[rules.attestations]]", 'schema = ""')) == (f"{AT}: it is empty",)


def test_without_a_schema_there_is_none() -> None:
    assert parse(GOOD).rules[0].attestations[0].schema is None


# Bugs that were found

LATER = {"required": ["a"]}


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, LATER | {"allOf": [{"$ref": "#"}]}])
def test_a_schema_that_goes_round_in_circles_is_an_error(schema: Any) -> None:
    assert refused(schema)


@pytest.mark.parametrize(
    "schema",
    [
        LATER | {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        LATER | {"properties": {"a": {"$ref": "#no-such-anchor"}}},
        LATER | {"properties": {"a": {"$ref": "#/required/x"}}},
        LATER | {"$id": "http://[", "properties": {"a": {"$ref": "#/x"}}},
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error_wherever_it_stands(schema: Any) -> None:
    assert refused(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"title": "hello", "$ref": "#/title"},
        LATER | {"title": "hello", "properties": {"a": {"$ref": "#/title"}}},
        LATER | {"$ref": "#/required/0"},
    ],
)
def test_a_reference_to_what_is_no_schema_is_an_error(schema: Any) -> None:
    assert refused(schema)


@pytest.mark.parametrize("dialect", [[], {}])
def test_a_dialect_that_is_no_text_is_an_error(dialect: Any) -> None:
    assert "$schema" in refused({"$schema": dialect, "required": ["a"]})


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["$ref"], "properties": {"$ref": {"type": "string"}}},
        {"required": ["a"], "properties": {"a": {"const": {"$ref": "x.json"}}}},
        {"required": ["a"], "properties": {"a": {"enum": [{"$ref": "x.json"}]}}},
    ],
)
def test_data_that_is_called_ref_refers_to_nothing(schema: Any) -> None:
    assert violation(schema, {}) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["scanner"], "propertys": {"scanner": {"const": "clean"}}},
        {"required": ["scanner"], "properties": {"scanner": {"maximun": 0}}},
        {"required": ["scanner"], "dependencies": {"scanner": ["result"]}},
        {"$schema": DRAFT_7, "required": ["scanner"], "unevaluatedProperties": False},
        {"$schema": DRAFT_7, "required": ["scanner"], "dependentRequired": {"scanner": ["result"]}},
    ],
)
def test_a_keyword_that_the_dialect_does_not_have_is_an_error(schema: Any) -> None:
    assert refused(schema)


def test_what_stands_beside_a_reference_in_draft_7_is_an_error() -> None:
    assert refused(
        {
            "$schema": DRAFT_7,
            "definitions": {"base": {"required": ["scanner"]}},
            "$ref": "#/definitions/base",
            "properties": {"scanner": {"const": "clean"}},
        }
    )


def test_a_pattern_ends_where_the_text_ends() -> None:
    schema = {"required": ["severity"], "properties": {"severity": {"pattern": "^(none|low)$"}}}
    assert violation(schema, {"severity": "low\n"}) is not None


def test_a_schema_is_not_read_without_end(tmp_path: Path) -> None:
    with (tmp_path / "s.json").open("wb") as file:
        file.truncate(64 << 20)
    text = after("[[rules.attestations]]", 'schema = "s.json"')
    assert any("more than" in line for line in problems(text, tmp_path / "policy.toml"))


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["a"], "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"not": {"$ref": "#/$defs/n"}}}},
        {"required": ["a"], "$defs": {"n": {"$ref": "#/$defs/m"}, "m": {"anyOf": [{"$ref": "#/$defs/n"}]}}},
    ],
)
def test_a_circle_is_found_wherever_it_stands(schema: Any) -> None:
    assert "circle" in refused(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["a"], "properties": {"a": {"$id": "https://acme.com/x", "$ref": "#/y"}}},
        {"required": ["a"], "properties": {"a": {"$schema": DRAFT_7}}},
        {"required": ["a"], "properties": {"a": {"$recursiveRef": "#"}}},
        {"required": ["a"], "properties": {"a": {"$ref": "#/properties"}}},
        {"required": ["a"], "properties": {"a": {"$ref": "#/const"}}, "const": {"a": 1}},
    ],
)
def test_what_has_two_readings_is_an_error(schema: Any) -> None:
    assert refused(schema)


def test_names_inside_draft_7_are_found() -> None:
    schema = {
        "$schema": DRAFT_7,
        "required": ["a"],
        "properties": {"a": {"$ref": "#n"}},
        "definitions": {"n": {"$id": "#n", "const": 1}},
    }
    assert violation(schema, {"a": 1}) is None
    assert violation(schema, {"a": 2}) == "$.a: it is 2; 1 was expected"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),
        ("a\\$", "a$", True),
        ("^[$]$", "$", True),
        ("^[$]$", "$\n", False),
        ("^(a$|b$)", "b\n", False),
    ],
)
def test_a_dollar_is_the_end(pattern: str, text: str, matches: bool) -> None:
    schema = {"required": ["a"], "properties": {"a": {"pattern": pattern}}}
    assert (violation(schema, {"a": text}) is None) is matches
    names = {"required": ["x"], "patternProperties": {pattern: {"const": 0}}}
    assert (violation(names, {"x": 0, text: 1}) is not None) is matches


def test_no_subschema_hides_behind_a_name() -> None:
    inner = {"properties": {"b": {"maximun": 0}}}
    for names in ({"a": inner, "a.properties.b": {}}, {"a.properties.b": {}, "a": inner}):
        assert "maximun" in refused({"required": ["a"], "properties": names})
    assert refused({"required": ["a"], "patternProperties": {"b$": {"const": 0}, "b\\Z": {}}})


def test_of_a_million_violations_one_is_told_at_once() -> None:
    schema = read_schema(
        "x", json.dumps({"required": ["x"], "properties": {"x": {"items": {"type": "object"}}}}).encode()
    )
    violation = schema.violation({"x": [0] * 1_000_000})
    assert violation is not None
    assert "0 is not of type 'object'" in violation


def _with_schemas(folder: Path, *texts: str) -> tuple[str, ...]:
    """The problems of a policy with an entry for each of these schemas."""
    entries = ""
    for number, text in enumerate(texts):
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
        entries += (
            f'[[rules.attestations]]\ntype = "https://x/{number}"\nsigners = ["scanner"]\nschema = "{number}.json"\n'
        )
    try:
        parse_policy(f"{SIGNERS}{RULE}{entries}".encode(), folder / "policy.toml")
    except InvalidPolicy as error:
        return error.problems
    return ()


def test_all_schemas_of_a_policy_are_bounded_together_and_the_same_one_counts_once(tmp_path: Path) -> None:
    """Fifteen of a mebibyte took minutes and gigabytes to check."""
    small = '{"required": ["x"]}'
    most = MAX_TOKENS - 2 * weigh(small.encode())
    large = '{"required": ["x"], "enum": [' + "0," * (most - 9) + "0]}"
    assert weigh(large.encode()) == most
    assert not _with_schemas(tmp_path, large, large, small, small + " ")
    (problem,) = _with_schemas(tmp_path, large, small, small + " ", small + "  ")
    assert f"3.json: all schemas of a policy have at most {MAX_TOKENS} brackets, commas and colons together" in problem
