"""A policy that loads: what it means, what it leaves to defaults, and what the published schema promises."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from gate.policy.demands import Coverage, Select, Trust
from gate.policy.loading import load_policy
from gate.policy.matching import exact, glob, regex
from gate.policy.model import RootEntry
from gate.policy.parties import ANY, Accept, Anything, CertificateHolder, KeyHolder
from gate.policy.problems import schema
from tests.policy.sample import GOOD, after, parse, problems, swap, warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.policy.model import Policy

LAB = Path(__file__).parents[1] / "cases" / "lab" / "policies"
WORDS = ({"const": "any"}, {"const": "strict"}, {"enum": ["index", "each"]})
"""What the schema allows where a word may stand in place of a list."""
SMALLEST = """\
version = 1
[signers.ci]
issuer = "https://gitlab.com"
identity = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"
[[rules]]
images = ["registry.gitlab.com/acme/api"]
signature.signers = ["ci"]
"""


def certified(policy: Policy, name: str) -> CertificateHolder:
    holder = policy.signers[name].holder
    assert isinstance(holder, CertificateHolder)
    return holder


def test_the_smallest_policy_says_what_it_says_and_no_more() -> None:
    policy = parse(SMALLEST, Path("acme/policy.toml"))
    (rule,) = policy.rules
    assert policy.path == "acme/policy.toml"
    assert policy.sha256 == hashlib.sha256(SMALLEST.encode()).hexdigest()
    assert policy.roots == (RootEntry(name="public-good", log_none=False, ct_none=False),)
    assert (policy.refresh, policy.root_max_age) == (False, None)
    assert policy.warnings == ()
    assert (dict(policy.builders), dict(policy.agents)) == ({}, {})
    assert rule.name == "rule-1"
    assert rule.images == (glob("registry.gitlab.com/acme/api"),)
    assert rule.signature is not None
    assert (rule.signature.signers, rule.signature.threshold, rule.signature.max_age) == (("ci",), 1, None)
    assert (rule.provenance, rule.agents, rule.attestations) == (None, None, ())
    signer = policy.signers["ci"]
    assert signer.holder == CertificateHolder(
        issuer=exact("https://gitlab.com"),
        identity=exact("https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"),
        extensions=(),
    )
    assert (signer.accept, signer.root, signer.annotations) == (None, None, ())
    assert (signer.not_before, signer.not_after) == (None, None)


def test_every_default_is_the_strict_one() -> None:
    policy = parse(swap('humans = "deny"\n', "", text=swap('select = "all"\n', "")))
    (rule,) = policy.rules
    assert rule.agents is not None
    assert (rule.agents.humans, rule.agents.unclaimed, rule.agents.mixed) == (False, False, False)
    assert (rule.agents.min_trust, rule.agents.coverage, rule.agents.signers) == (Trust.BUILDER, Coverage.LISTED, ())
    assert rule.attestations[0].select is Select.ALL
    assert (rule.attestations[0].schema, rule.attestations[0].max_age) == (None, None)
    assert rule.provenance is not None
    assert (rule.provenance.signers, rule.provenance.max_age) == ((), None)
    builder = policy.builders["gitlab"]
    assert (builder.vouches_for, builder.self_hosted_allowed, builder.id_differs) == (frozenset(), False, False)
    assert policy.agents["copilot"].signers == frozenset()


def test_deny_spelled_and_deny_left_out_are_one() -> None:
    left_out = parse(swap('humans = "deny"\n', ""))
    spelled = parse(swap('humans = "deny"\n', 'humans = "deny"\nmixed = "deny"\nunclaimed = "deny"\n'))
    assert spelled.rules == left_out.rules


def test_what_is_spelled_is_what_counts() -> None:
    text = swap('humans = "deny"', 'humans = "allow"\nmixed = "allow"\nunclaimed = "allow"\nmin-trust = "tenant"')
    text = swap('allow = ["copilot"]', 'allow = "any"\ncoverage = "head"\nsigners = ["ci"]', text=text)
    text = swap('select = "all"', 'select = "latest"\nmax-age = "7d"', text=text)
    (rule,) = parse(text).rules
    assert rule.agents is not None
    assert (rule.agents.humans, rule.agents.unclaimed, rule.agents.mixed) == (True, True, True)
    assert (rule.agents.min_trust, rule.agents.coverage) == (Trust.TENANT, Coverage.HEAD)
    assert (rule.agents.allow, rule.agents.signers) == (ANY, ("ci",))
    assert (rule.attestations[0].select, rule.attestations[0].max_age) == (Select.LATEST, timedelta(days=7))
    assert rule.signature is not None
    assert rule.signature.max_age == timedelta(weeks=1)


@pytest.mark.parametrize("word", ["allow", "deny"])
@pytest.mark.parametrize("key", ["humans", "mixed", "unclaimed"])
def test_each_choice_stands_for_itself_alone(key: str, word: str) -> None:
    (rule,) = parse(swap('humans = "deny"', f'{key} = "{word}"')).rules
    assert rule.agents is not None
    found = {"humans": rule.agents.humans, "mixed": rule.agents.mixed, "unclaimed": rule.agents.unclaimed}
    assert found == dict.fromkeys(found, False) | {key: word == "allow"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"a*"', exact("a*")),
        ('{ glob = "a*" }', glob("a*")),
        ("{ regex = 'a\\.' }", regex("a\\.")),
    ],
)
def test_a_pattern_is_exact_unless_it_says_otherwise(written: str, expected: object) -> None:
    policy = parse(swap('{ glob = "*@acme.com" }', written, text=swap('"42"', written)))
    assert certified(policy, "scanner").identity == expected
    assert certified(policy, "scanner").extensions == (("token-subject", expected),)


def test_only_the_spelled_word_means_anything() -> None:
    text = swap('source = ["https://gitlab.com/acme/api"]', 'source = "any"')
    text = swap('refs = ["refs/heads/main"]', 'refs = "any"', text=swap('["gpt-4"]', '"any"', text=text))
    policy = parse(text)
    (rule,) = policy.rules
    assert rule.provenance is not None
    assert isinstance(rule.provenance.source, Anything)
    assert isinstance(rule.provenance.refs, Anything)
    assert isinstance(policy.agents["copilot"].models, Anything)
    assert policy.agents["copilot"].ids == (exact("copilot-agent-v3"),)
    (rule,) = parse(GOOD).rules
    assert rule.provenance is not None
    assert rule.provenance.source == (exact("https://gitlab.com/acme/api"),)
    assert rule.provenance.refs == (glob("refs/heads/main"),)


@pytest.mark.parametrize("word", ["any", "Any", "ANY", "*", "**", "all", "", " any"])
def test_identities_and_images_have_no_word_for_anything(word: str) -> None:
    if word:
        assert certified(parse(swap('{ glob = "*@acme.com" }', f'"{word}"')), "scanner").identity == exact(word)
    assert problems(swap('["ghcr.io/acme/**"]', f'"{word}"'))
    assert problems(swap('signers = ["ci", "scanner"]', f'signers = "{word}"'))


def test_rules_keep_their_order_and_get_names() -> None:
    rule = '[[rules]]\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n'
    policy = parse(f"{GOOD}{rule}{rule}")
    assert [item.name for item in policy.rules] == ["production", "rule-2", "rule-3"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ('["signature"]', {Accept.SIGNATURE}),
        ('["statement"]', {Accept.STATEMENT}),
        ('["message"]', {Accept.MESSAGE}),
        ('["statement", "signature"]', {Accept.SIGNATURE, Accept.STATEMENT}),
    ],
)
def test_accept_replaces_the_default(accept: str, expected: object) -> None:
    assert parse(after("[signers.ci]", f"accept = {accept}")).signers["ci"].accept == expected


def test_a_builders_words_are_kept() -> None:
    line = 'vouches-for = ["agents@materials"]\nself-hosted = "allow"\nid-differs = true'
    builder = parse(after("[builders.gitlab]", line)).builders["gitlab"]
    assert builder.vouches_for == {"agents@materials"}
    assert builder.self_hosted_allowed
    assert builder.id_differs
    assert builder.signers == {"ci"}


def test_several_roots_are_kept_in_order_with_each_signers_own() -> None:
    text = swap('["public-good"]', '["acme.json", "public-good"]')
    text = text.replace("[signers.ci]\n", '[signers.ci]\nroot = "acme.json"\n')
    text = text.replace("[signers.scanner]\n", '[signers.scanner]\nroot = "public-good"\n')
    policy = parse(text)
    assert [root.name for root in policy.roots] == ["acme.json", "public-good"]
    assert (policy.signers["ci"].root, policy.signers["scanner"].root) == ("acme.json", "public-good")


def test_a_root_without_a_log_says_so_in_a_table() -> None:
    roots = '["public-good", "github", { path = "a.json", log = "none" }, { path = "b.json", ct = "none" }]'
    text = swap('["public-good"]', f'{roots}\nrefresh = true\nmax-age = "30d"')
    for name in ("ci", "scanner"):
        text = text.replace(f"[signers.{name}]\n", f'[signers.{name}]\nroot = "a.json"\n')
    policy = parse(text)
    assert [(root.name, root.log_none, root.ct_none) for root in policy.roots] == [
        ("public-good", False, False),
        ("github", False, False),
        ("a.json", True, False),
        ("b.json", False, True),
    ]
    assert (policy.refresh, policy.root_max_age) == (True, timedelta(days=30))


def test_a_key_is_read_beside_the_policy() -> None:
    key = '[signers.airgap]\nkey = "../key.pub"\n'
    holder = parse(f"{GOOD}{key}", LAB / "policy.toml").signers["airgap"].holder
    assert isinstance(holder, KeyHolder)
    assert (holder.log_required, holder.time) == (True, None)
    more = 'log = "optional"\ntime = "/metadata/when"\n'
    other = parse(f"{GOOD}{key}{more}", LAB / "policy.toml").signers["airgap"].holder
    assert isinstance(other, KeyHolder)
    assert (other.log_required, other.time) == (False, "/metadata/when")
    assert other.fingerprint == holder.fingerprint


@pytest.mark.parametrize("written", ["2026-01-31", "2026-01-31T00:00:00Z", '"2026-01-31T00:00:00Z"'])
def test_a_signers_conditions_are_kept(written: str) -> None:
    lines = f'annotations = {{ env = "prod", a = "b" }}\nnot-before = {written}\nnot-after = 2027-01-31T01:00:00+01:00'
    signer = parse(after("[signers.ci]", lines)).signers["ci"]
    assert signer.annotations == (("a", "b"), ("env", "prod"))
    assert signer.not_before == datetime(2026, 1, 31, tzinfo=UTC)
    assert signer.not_after == datetime(2027, 1, 31, tzinfo=UTC)


# Warnings


def test_a_level_above_every_named_builders_is_a_warning() -> None:
    text = swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = 3')
    assert warnings(text) == (
        "rules[0] ('production').provenance.level: level 3 is above what any named builder is worth (2)",
    )


def test_without_a_builder_entry_level_1_is_the_most() -> None:
    text = swap('builders = ["gitlab"]\nlevel = 2', 'signers = ["ci"]\nlevel = 2')
    above = "rules[0] ('production').provenance.level: level 2 is above what any named builder is worth (1)"
    assert above in warnings(text)
    lower = text.replace('signers = ["ci"]\nlevel = 2\nsource', 'signers = ["ci"]\nlevel = 1\nsource')
    assert warnings(lower) == ("builders.gitlab: it is defined, and nothing uses it",)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_level_that_the_builder_reaches_is_no_warning(level: int) -> None:
    (rule,) = parse(swap('builders = ["gitlab"]\nlevel = 2', f'builders = ["gitlab"]\nlevel = {level}')).rules
    assert rule.provenance is not None
    assert rule.provenance.level == level


# Thresholds (rule 8)


@pytest.mark.parametrize("threshold", [1, 2, 3, 100])
def test_a_threshold_may_exceed_the_names_where_one_is_a_pattern(threshold: int) -> None:
    (rule,) = parse(swap("threshold = 1", f"threshold = {threshold}")).rules
    assert rule.signature is not None
    assert rule.signature.threshold == threshold


def test_a_threshold_of_all_exact_names_may_be_reached() -> None:
    text = swap('{ glob = "*@acme.com" }', '"ada@acme.com"')
    assert parse(swap("threshold = 1", "threshold = 2", text=text)).warnings == ()
    assert problems(swap("threshold = 1", "threshold = 3", text=text)) == (
        "rules[0] ('production').signature.threshold: 3 different principals are wanted and 2 named",
    )


# The lab's policies


@pytest.mark.parametrize("path", sorted(LAB.glob("*.toml")), ids=lambda path: path.stem)
def test_the_labs_policies_load(path: Path) -> None:
    assert bool(load_policy(path).warnings) is (path.stem in {"level-three", "gitlab"})


# The published schema


def _subschemas(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _subschemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _subschemas(inner)


def _with_type(name: str) -> list[Mapping[str, Any]]:
    """Every subschema for values of a type, but for bare conditions (`if`)."""
    return [
        part
        for part in _subschemas(schema())
        if (part.get("type") == name and len(part) > 1) or (isinstance(part.get("type"), list) and name in part["type"])
    ]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_table_of_the_schema_is_closed() -> None:
    tables = _with_type("object")
    assert len(tables) >= 12
    for part in tables:
        assert part.get("additionalProperties", True) is not True, part
        if "properties" not in part:
            assert part["minProperties"] == 1


def test_every_list_of_the_schema_wants_something_in_it() -> None:
    lists = _with_type("array")
    assert len(lists) >= 7
    for part in lists:
        assert part["minItems"] == 1, part


def test_every_text_of_the_schema_wants_something_in_it() -> None:
    for part in _with_type("string"):
        assert part.get("minLength") == 1 or {"pattern", "format"} & part.keys() or part.get("then") in WORDS, part


def test_every_number_of_the_schema_has_both_ends() -> None:
    numbers = _with_type("integer")
    assert all(part["minimum"] <= part["maximum"] for part in [*numbers, *_with_type("number")])
    assert {(0, 3), (1, 100)} < {(part["minimum"], part["maximum"]) for part in numbers}


def test_a_text_where_anything_may_stand_is_any_alone() -> None:
    open_ended = [part for part in _subschemas(schema()) if part.get("type") == ["array", "string"]]
    assert len(open_ended) >= 3
    assert all(part["if"] == {"type": "string"} and part["then"] in WORDS for part in open_ended)
    assert sum(part["then"] == {"const": "any"} for part in open_ended) == len(open_ended) - 2, (
        "all but platforms and parameters"
    )


# Bugs that were found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("identity = { glob = ", "identity = "),
        ('source = ["https://gitlab.com/acme/api"]', 'source = ["https://gitlab.com/acme/*"]'),
    ],
)
def test_a_plain_text_with_a_star_is_a_warning(old: str, new: str) -> None:
    text = swap(old, new)
    if old.startswith("identity"):
        text = text.replace('"*@acme.com" }', '"*@acme.com"')
    assert any("glob" in warning for warning in warnings(text))
