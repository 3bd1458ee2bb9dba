"""A mistyped policy: what a newcomer is told, word for word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from gate import __version__
from gate.errors import GateError, InvalidPolicy
from gate.policy.loading import load_policy, parse_policy
from gate.policy.matching import glob
from tests.policy.sample import GOOD, after, parse, problems, said, swap

RULE = "rules[0] ('production')"
HUB = "name the registry too; Docker Hub's short names are docker.io/library/NAME and docker.io/ORG/NAME"
EMPTY = "the list is empty: say what is meant, or leave the key out"


def test_the_policy_that_all_these_are_made_from_loads() -> None:
    assert parse(GOOD).warnings == ()


NO_POLICY = {
    "an empty file": ("", ("the key 'version' is missing", "the key 'rules' is missing")),
    "only a comment": ("# soon\n", ("the key 'version' is missing", "the key 'rules' is missing")),
    "a key without a value": ("version =\n", ("not TOML: Invalid value",)),
    "no quotes": (
        swap('"https://gitlab.com"', "https://gitlab.com"),
        ("not TOML: Invalid value",),
    ),
    "a colon for an equals sign": (
        swap("level = 2\n[agents", "level: 2\n[agents"),
        ("not TOML: Expected '=' after a key in a key/value pair",),
    ),
    "a bracket that is not closed": (
        swap("[signers.ci]", "[signers.ci"),
        ("not TOML: Expected ']' at the end of a table declaration",),
    ),
    "a key twice": (
        after("[signers.ci]", 'issuer = "https://x"'),
        ("not TOML: Cannot overwrite a value",),
    ),
    "a table twice": (
        f"{GOOD}[signers.ci]\n",
        ("not TOML: Cannot declare ('signers', 'ci') twice",),
    ),
    "a control character": (
        swap("gpt-4", "gpt\x1b4"),
        ("not TOML: Illegal character '\\x1b'",),
    ),
    "JSON": ('{"version": 1}', ("not TOML: Invalid statement",)),
    "YAML": ("version: 1\n", ("not TOML: Expected '=' after a key in a key/value pair",)),
    "Latin-1": (GOOD.encode().replace(b"gpt-4", b"gpt-\xe9"), ("not UTF-8 (byte 441)",)),
    "UTF-16, as PowerShell writes it": (GOOD.encode("utf-16"), ("not UTF-8 (byte 0)",)),
    "lists in lists in lists": (f"version = {'[' * 5000}", ("not a policy: nested too deep",)),
}


@pytest.mark.parametrize(("text", "expected"), NO_POLICY.values(), ids=NO_POLICY)
def test_what_is_no_policy_is_refused_with_the_place(text: str | bytes, expected: tuple[str, ...]) -> None:
    assert problems(text) == expected


PROVENANCE_KEYS = (
    "builders",
    "labels",
    "level",
    "max-age",
    "parameters",
    "refs",
    "signers",
    "source",
    "source-is",
    "vsa",
)
SHAPES: dict[str, tuple[str, str]] = {
    # the whole file
    "no version": (swap("version = 1\n", ""), "the key 'version' is missing"),
    "no rules": (GOOD.partition("[[rules]]")[0], "the key 'rules' is missing"),
    "rules that are an empty list": (
        "version = 1\nrules = []\n",
        f"rules: {EMPTY}",
    ),
    "rules as one table": (
        'version = 1\n[rules]\nimages = ["ghcr.io/acme/api"]\n',
        "rules: {'images': ['ghcr.io/acme/api']} is not a list",
    ),
    "signers as a list of tables": (
        'version = 1\n[[signers]]\nissuer = "x"\n[[rules]]\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n',
        "signers: [{'issuer': 'x'}] is not a table",
    ),
    "signers without a name": (
        'version = 1\n[signers]\nissuer = "x"\n[[rules]]\nimages = ["a.b/c"]\nsignature.signers = ["issuer"]\n',
        "signers.issuer: 'x' is not a table",
    ),
    "signers without anyone": (
        'version = 1\nsigners = {}\n[[rules]]\nimages = ["ghcr.io/acme/api"]\nsignature.signers = ["ci"]\n',
        "signers: it is empty",
    ),
    # unknown keys, at every level
    "an unknown key at the top": (
        swap("version = 1", "version = 1\nsigner = 1"),
        "unknown key 'signer'; did you mean 'signers'?",
    ),
    "an unknown key in trust": (
        after("[trust]", "root = 1"),
        "trust: unknown key 'root'; did you mean 'roots'?",
    ),
    "an unknown key in a signer": (
        after("[signers.ci]", "identities = 1"),
        "signers.ci: unknown key 'identities'; did you mean 'identity'?",
    ),
    "an unknown key in a pattern": (
        swap("{ glob =", "{ globs ="),
        "signers.scanner.identity: unknown key 'globs'; did you mean 'glob'?",
    ),
    "an unknown kind of pattern": (
        swap("{ glob =", "{ prefix ="),
        "signers.scanner.identity: unknown key 'prefix'; known here: glob, regex",
    ),
    "an unknown extension": (
        swap("token-subject", "runner-enviroment"),
        "signers.scanner.extensions: unknown key 'runner-enviroment'; did you mean 'runner-environment'?",
    ),
    "an extension in Fulcio's own spelling": (
        swap("token-subject", "sourceRepositoryURI"),
        "signers.scanner.extensions: unknown key 'sourceRepositoryURI'; did you mean 'source-repository-uri'?",
    ),
    "an unknown key in a builder": (
        after("[builders.gitlab]", 'vouches_for = ["agents@materials"]'),
        "builders.gitlab: unknown key 'vouches_for'; did you mean 'vouches-for'?",
    ),
    "an unknown key in an agent": (
        after("[agents.copilot]", 'model = ["x"]'),
        "agents.copilot: unknown key 'model'; did you mean 'models'?",
    ),
    "an unknown key in a rule": (
        after("[[rules]]", 'image = "x"'),
        f"{RULE}: unknown key 'image'; did you mean 'images'?",
    ),
    "a section that does not exist": (
        after("[[rules]]", 'signatures.signers = ["ci"]'),
        f"{RULE}: unknown key 'signatures'; did you mean 'signature'?",
    ),
    "an unknown key in signature": (
        after("[rules.signature]", "treshold = 2"),
        f"{RULE}.signature: unknown key 'treshold'; did you mean 'threshold'?",
    ),
    "an underscore for a dash": (
        swap("max-age", "max_age"),
        f"{RULE}.signature: unknown key 'max_age'; did you mean 'max-age'?",
    ),
    "an unknown key in provenance": (
        after("[rules.provenance]", "branches = 1"),
        f"{RULE}.provenance: unknown key 'branches'; known here: {', '.join(PROVENANCE_KEYS)}",
    ),
    "an unknown key in agents": (
        after("[rules.agents]", 'human = "allow"'),
        f"{RULE}.agents: unknown key 'human'; did you mean 'humans'?",
    ),
    "an unknown key in an attestation": (
        after("[[rules.attestations]]", "schemas = 1"),
        f"{RULE}.attestations[0]: unknown key 'schemas'; did you mean 'schema'?",
    ),
    # missing keys
    "a signer without identity": (
        swap('identity = { glob = "*@acme.com" }\n', ""),
        "signers.scanner: the key 'identity' is missing",
    ),
    "a builder without level": (
        swap('signers = ["ci"]\nlevel = 2\n', 'signers = ["ci"]\n'),
        "builders.gitlab: the key 'level' is missing",
    ),
    "an agent without models": (swap('models = ["gpt-4"]\n', ""), "agents.copilot: the key 'models' is missing"),
    "a rule without images": (swap('images = ["ghcr.io/acme/**"]\n', ""), f"{RULE}: the key 'images' is missing"),
    "a signature without signers": (
        swap('signers = ["ci", "scanner"]\n', ""),
        f"{RULE}.signature: the key 'signers' is missing",
    ),
    "a provenance without refs": (
        swap('refs = ["refs/heads/main"]\n', ""),
        f"{RULE}.provenance: the key 'refs' is missing",
    ),
    "agents without allow": (swap('allow = ["copilot"]\n', ""), f"{RULE}.agents: the key 'allow' is missing"),
    "an attestation without type": (
        swap('type = "vuln"\n', ""),
        f"{RULE}.attestations[0]: the key 'type' is missing",
    ),
    "trust without roots": (swap('roots = ["public-good"]\n', ""), "trust: the key 'roots' is missing"),
    # empty
    "no roots": (swap('["public-good"]', "[]"), f"trust.roots: {EMPTY}"),
    "no signers": (swap('["ci", "scanner"]', "[]"), f"{RULE}.signature.signers: {EMPTY}"),
    "no images": (swap('["ghcr.io/acme/**"]', "[]"), f"{RULE}.images: {EMPTY}"),
    "no sources": (
        swap('source = ["https://gitlab.com/acme/api"]', "source = []"),
        f"{RULE}.provenance.source: {EMPTY}",
    ),
    "no refs": (swap('["refs/heads/main"]', "[]"), f"{RULE}.provenance.refs: {EMPTY}"),
    "no builders": (swap('builders = ["gitlab"]', "builders = []"), f"{RULE}.provenance.builders: {EMPTY}"),
    "no agents": (swap('allow = ["copilot"]', "allow = []"), f"{RULE}.agents.allow: {EMPTY}"),
    "no models": (swap('["gpt-4"]', "[]"), f"agents.copilot.models: {EMPTY}"),
    "nothing accepted": (after("[signers.ci]", "accept = []"), f"signers.ci.accept: {EMPTY}"),
    "nothing vouched for": (after("[builders.gitlab]", "vouches-for = []"), f"builders.gitlab.vouches-for: {EMPTY}"),
    "no extensions": (swap('{ token-subject = "42" }', "{}"), "signers.scanner.extensions: it is empty"),
    "an empty identity": (swap('{ glob = "*@acme.com" }', '""'), "signers.scanner.identity: it is empty"),
    "an empty pattern": (swap('"*@acme.com"', '""'), "signers.scanner.identity.glob: it is empty"),
    "a pattern of no kind": (swap('{ glob = "*@acme.com" }', "{}"), "signers.scanner.identity: it is empty"),
    "an empty rule name": (swap('"production"', '""'), "rules[0] ('').name: it is empty"),
    "an empty model": (swap('["gpt-4"]', '[""]'), "agents.copilot.models[0]: it is empty"),
    # numbers
    "a threshold of 0": (
        swap("threshold = 1", "threshold = 0"),
        f"{RULE}.signature.threshold: 0 is too small: at least 1",
    ),
    "a negative threshold": (
        swap("threshold = 1", "threshold = -1"),
        f"{RULE}.signature.threshold: -1 is too small: at least 1",
    ),
    "a threshold beyond reason": (
        swap("threshold = 1", "threshold = 101"),
        f"{RULE}.signature.threshold: 101 is too large: at most 100",
    ),
    "a threshold as a text": (
        swap("threshold = 1", 'threshold = "1"'),
        f"{RULE}.signature.threshold: '1' is not a whole number",
    ),
    "level 4": (
        swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = 4'),
        f"{RULE}.provenance.level: 4 is too large: at most 3",
    ),
    "level -1": (
        swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = -1'),
        f"{RULE}.provenance.level: -1 is too small: at least 0",
    ),
    "level 2.5": (
        swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = 2.5'),
        f"{RULE}.provenance.level: 2.5 is not a whole number",
    ),
    'level "3"': (
        swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = "3"'),
        f"{RULE}.provenance.level: '3' is not a whole number",
    ),
    "level nan": (
        swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = nan'),
        f"{RULE}.provenance.level: nan is not a whole number",
    ),
    "a builder of level 4": (
        swap('signers = ["ci"]\nlevel = 2', 'signers = ["ci"]\nlevel = 4'),
        "builders.gitlab.level: 4 is too large: at most 3",
    ),
    # a list where one thing belongs, and the reverse
    "one signer that is no list": (
        swap('signers = ["ci", "scanner"]', 'signers = "ci"'),
        f"{RULE}.signature.signers: 'ci' is not a list",
    ),
    "one image that is no list": (
        swap('images = ["ghcr.io/acme/**"]', 'images = "ghcr.io/acme/**"'),
        f"{RULE}.images: 'ghcr.io/acme/**' is not a list",
    ),
    "one root that is no list": (swap('["public-good"]', '"public-good"'), "trust.roots: 'public-good' is not a list"),
    "a list of identities": (
        swap('{ glob = "*@acme.com" }', '["a@acme.com"]'),
        "signers.scanner.identity: ['a@acme.com'] is not a text or a table",
    ),
    "two kinds of pattern in one": (
        swap('{ glob = "*@acme.com" }', '{ glob = "*@acme.com", regex = "a" }'),
        "signers.scanner.identity: {'glob': '*@acme.com', 'regex': 'a'}: one of glob, regex, not several",
    ),
    "a list of patterns in one": (
        swap('{ glob = "*@acme.com" }', '{ glob = ["*@acme.com"] }'),
        "signers.scanner.identity.glob: ['*@acme.com'] is not a text",
    ),
    "signature as a list of tables": (
        'version = 1\n[[rules]]\nimages = ["ghcr.io/acme/api"]\n[[rules.signature]]\nsigners = ["ci"]\n',
        "rules[0].signature: [{'signers': ['ci']}] is not a table",
    ),
    "attestations as one table": (
        'version = 1\n[[rules]]\nimages = ["ghcr.io/acme/api"]\n[rules.attestations]\ntype = "vuln"\n',
        "rules[0].attestations: {'type': 'vuln'} is not a list",
    ),
    "a rule that is no table": ("version = 1\nrules = [1]\n", "rules[0]: 1 is not a table"),
    "true as a text": (
        after("[builders.gitlab]", 'id-differs = "true"'),
        "builders.gitlab.id-differs: 'true' is not true or false",
    ),
    "one signer twice": (
        swap('["ci", "scanner"]', '["ci", "ci"]'),
        f"{RULE}.signature.signers: something is listed twice",
    ),
    "one image twice": (
        swap('["ghcr.io/acme/**"]', '["ghcr.io/acme/**", "ghcr.io/acme/**"]'),
        f"{RULE}.images: something is listed twice",
    ),
    # words
    "yes for allow": (
        swap('humans = "deny"', 'humans = "yes"'),
        f"{RULE}.agents.humans: 'yes' is not 'allow' or 'deny'",
    ),
    "allowed for allow": (
        swap('humans = "deny"', 'humans = "allowed"'),
        f"{RULE}.agents.humans: 'allowed' is not 'allow' or 'deny'; did you mean 'allow'?",
    ),
    "an unknown trust": (
        after("[rules.agents]", 'min-trust = "build"'),
        f"{RULE}.agents.min-trust: 'build' is not 'builder' or 'platform' or 'tenant'; did you mean 'builder'?",
    ),
    "an unknown coverage": (
        after("[rules.agents]", 'coverage = "all"'),
        f"{RULE}.agents.coverage: 'all' is not 'head' or 'listed' or 'range'",
    ),
    "an unknown selection": (
        swap('select = "all"', 'select = "last"'),
        f"{RULE}.attestations[0].select: 'last' is not 'all' or 'latest'; did you mean 'latest'?",
    ),
    "an unknown kind of signature": (
        after("[signers.ci]", 'accept = ["signatures"]'),
        "signers.ci.accept[0]: 'signatures' is not 'signature' or 'message' or 'statement'; did you mean 'signature'?",
    ),
    "an unknown place": (
        after("[builders.gitlab]", 'vouches-for = ["agents@resolveddependencies"]'),
        (
            "builders.gitlab.vouches-for[0]: 'agents@resolveddependencies' is not 'agents' or "
            "'agents@resolvedDependencies' or 'agents@externalParameters' or 'agents@materials'; did you mean "
            "'agents@resolvedDependencies'?"
        ),
    ),
    "self-hosted denied, which is the default": (
        after("[builders.gitlab]", 'self-hosted = "deny"'),
        "builders.gitlab.self-hosted: 'deny' is not 'allow'",
    ),
    '"Any" for "any"': (
        swap('refs = ["refs/heads/main"]', 'refs = "Any"'),
        f"{RULE}.provenance.refs: 'Any' is not a list, or \"any\"; did you mean 'any'?",
    ),
    '"anything" for "any"': (
        swap('refs = ["refs/heads/main"]', 'refs = "anything"'),
        f"{RULE}.provenance.refs: 'anything' is not a list, or \"any\"",
    ),
    '"*" for "any"': (
        swap('allow = ["copilot"]', 'allow = "*"'),
        f"{RULE}.agents.allow: '*' is not a list, or \"any\"",
    ),
    # durations
    "a year": (swap('"1w"', '"1 year"'), f"{RULE}.signature.max-age: '1 year' is not 90d, 12h, 1h30m or 45s"),
    "a year in short": (swap('"1w"', '"1y"'), f"{RULE}.signature.max-age: '1y' is not 90d, 12h, 1h30m or 45s"),
    "an age without a unit": (swap('"1w"', '"90"'), f"{RULE}.signature.max-age: '90' is not 90d, 12h, 1h30m or 45s"),
    "an age as a number": (swap('"1w"', "90"), f"{RULE}.signature.max-age: 90 is not a text"),
    "an age below zero": (swap('"1w"', '"-1d"'), f"{RULE}.signature.max-age: '-1d' is not 90d, 12h, 1h30m or 45s"),
    "an age in ISO 8601": (swap('"1w"', '"P90D"'), f"{RULE}.signature.max-age: 'P90D' is not 90d, 12h, 1h30m or 45s"),
    "an age in upper case": (swap('"1w"', '"90D"'), f"{RULE}.signature.max-age: '90D' is not 90d, 12h, 1h30m or 45s"),
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_policy_of_the_wrong_shape_is_refused_with_the_key(text: str, expected: str) -> None:
    assert problems(text) == (expected,)


# Platforms

PLATFORMS: dict[str, tuple[str, str]] = {
    "a word that is none": ('"all"', "'all' is not 'index' or 'each' or a list of platforms"),
    "an empty list": ("[]", EMPTY),
    "a list of nothing": ('[""]', "it is empty"),
    "no platform": ('["amd64"]', "'amd64' is no platform: write os/architecture or os/architecture/variant"),
    "upper case": ('["Linux/amd64"]', "'Linux/amd64' is no platform"),
    "each in a list": ('["each"]', "'each' is no platform"),
    "four parts": ('["linux/arm64/v8/x"]', "'linux/arm64/v8/x' is no platform"),
    "twice": ('["linux/amd64", "linux/amd64"]', "something is listed twice"),
    "twice in two spellings": (
        '["linux/arm64", "linux/aarch64/v8"]',
        "'linux/aarch64/v8' is linux/arm64, which is listed already",
    ),
    "what nothing runs on": ('["unknown/unknown"]', "nothing runs on unknown/unknown"),
    "a number": ("1", "1 is not a list or a text"),
}


@pytest.mark.parametrize(("value", "expected"), PLATFORMS.values(), ids=PLATFORMS)
def test_platforms_that_are_none_are_refused(value: str, expected: str) -> None:
    (problem,) = problems(after("[[rules]]", f"platforms = {value}"))
    assert problem.startswith(f"{RULE}.platforms"), problem
    assert expected in problem


# Policies of the right shape that make no sense.

NONSENSE: dict[str, tuple[str, str]] = {
    "an undefined signer": (
        swap('signers = ["ci", "scanner"]', 'signers = ["ci", "scaner"]'),
        f"{RULE}.signature.signers: 'scaner' is not defined under [signers]; did you mean 'scanner'?",
    ),
    "a signer of another name altogether": (
        swap('signers = ["scanner"]', 'signers = ["ada"]'),
        f"{RULE}.attestations[0].signers: 'ada' is not defined under [signers]",
    ),
    "an undefined builder": (
        swap('builders = ["gitlab"]', 'builders = ["gitlab-com"]'),
        f"{RULE}.provenance.builders: 'gitlab-com' is not defined under [builders]; did you mean 'gitlab'?",
    ),
    "an undefined agent": (
        swap('allow = ["copilot"]', 'allow = ["Copilot"]'),
        f"{RULE}.agents.allow: 'Copilot' is not defined under [agents]; did you mean 'copilot'?",
    ),
    '"any" in a list of names': (
        swap('allow = ["copilot"]', 'allow = ["any"]'),
        f'{RULE}.agents.allow: "any" stands alone and not in a list: write allow = "any"',
    ),
    '"any" in a list of refs': (
        swap('["refs/heads/main"]', '["any"]'),
        f'{RULE}.provenance.refs: "any" stands alone and not in a list: write refs = "any"',
    ),
    "a builder's undefined signer": (
        swap('signers = ["ci"]\nlevel', 'signers = ["cd"]\nlevel'),
        "builders.gitlab.signers: 'cd' is not defined under [signers]",
    ),
    "an agent's undefined signer": (
        after("[agents.copilot]", 'signers = ["github"]'),
        "agents.copilot.signers: 'github' is not defined under [signers]",
    ),
    "an undefined signer of claims": (
        after("[rules.agents]", 'signers = ["cI"]'),
        f"{RULE}.agents.signers: 'cI' is not defined under [signers]",
    ),
    "an undefined signer of provenance": (
        after("[rules.provenance]", 'signers = ["c"]'),
        f"{RULE}.provenance.signers: 'c' is not defined under [signers]; did you mean 'ci'?",
    ),
    "more principals than signers": (
        swap('signers = ["ci", "scanner"]\nthreshold = 1', 'signers = ["ci"]\nthreshold = 2'),
        f"{RULE}.signature.threshold: 2 different principals are wanted and 1 named",
    ),
    "a rule without a section": (
        f'{GOOD}[[rules]]\nimages = ["ghcr.io/acme/api"]\n',
        "rules[1]: the rule demands nothing; add signature, provenance, source, agents or attestations",
    ),
    "agents without provenance": (
        f'{GOOD}[[rules]]\nname = "x"\nimages = ["ghcr.io/acme/api"]\nagents.allow = "any"\n',
        "rules[1] ('x').agents: agents needs provenance in the same rule: it says which commits count",
    ),
    "provenance by nobody": (
        swap('builders = ["gitlab"]\n', ""),
        f"{RULE}.provenance: provenance needs builders or signers: who made it",
    ),
    "two rules of one name": (
        f'{GOOD}[[rules]]\nname = "production"\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n',
        "rules[1] ('production'): two rules are called 'production'",
    ),
    "a rule with the name that another gets": (
        swap(
            "[[rules]]\n",
            '[[rules]]\nname = "rule-2"\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n'
            '[[rules]]\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n[[rules]]\n',
        ),
        "rules[1]: two rules are called 'rule-2'",
    ),
    "id-differs with a glob": (
        swap(
            'id = "https://gitlab.com/acme/api/-/runners/7"',
            'id = { glob = "https://gitlab.com/*/-/runners/7" }\nid-differs = true',
        ),
        "builders.gitlab.id-differs: id-differs needs an exact id",
    ),
    "several roots and a signer without one": (
        swap(
            'roots = ["public-good"]',
            'roots = ["public-good", "acme.json"]',
            text=after("[signers.ci]", 'root = "acme.json"'),
        ),
        "signers.scanner: several trust roots are configured, so a signer names its root",
    ),
    "a root that is not configured": (
        after("[signers.ci]", 'root = "public-god"'),
        "signers.ci.root: 'public-god' is not in trust.roots; did you mean 'public-good'?",
    ),
    "a root that is not configured at all": (
        after("[signers.ci]", 'root = "acme.json"'),
        "signers.ci.root: 'acme.json' is not in trust.roots",
    ),
    "a predicate type that is none": (
        swap('type = "vuln"', 'type = "vulns"'),
        (
            f"{RULE}.attestations[0].type: 'vulns' is neither a predicate type URI nor one of custom, cyclonedx, link, "
            "openvex, slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, vuln; did you mean 'vuln'?"
        ),
    ),
    # globs and regular expressions
    "a question mark": (
        swap('"*@acme.com"', '"?@acme.com"'),
        "signers.scanner.identity: '?@acme.com': ? has no meaning in a glob here; only * and ** have",
    ),
    "braces": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/{acme,beta}/api"'),
        f"{RULE}.images: 'ghcr.io/{{acme,beta}}/api': {{ has no meaning in a glob here; only * and ** have",
    ),
    "brackets": (
        swap('"refs/heads/main"', '"refs/tags/v[0-9]"'),
        f"{RULE}.provenance.refs: 'refs/tags/v[0-9]': [ has no meaning in a glob here; only * and ** have",
    ),
    "two stars in a segment": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/acme**"'),
        f"{RULE}.images: 'ghcr.io/acme**': ** stands for whole segments, so it stands between slashes",
    ),
    "three stars": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/acme/***"'),
        f"{RULE}.images: 'ghcr.io/acme/***': only * and ** are patterns",
    ),
    "a parenthesis that is not closed": (
        swap('{ glob = "*@acme.com" }', "{ regex = '(ada@acme\\.com' }"),
        "signers.scanner.identity: '(ada@acme\\\\.com' is no regular expression (RE2): missing ): (ada@acme\\.com",
    ),
    "a look-ahead, which RE2 has not": (
        swap('{ glob = "*@acme.com" }', "{ regex = '(?=a)' }"),
        "signers.scanner.identity: '(?=a)' is no regular expression (RE2): invalid perl operator: (?=",
    ),
    "a back reference, which RE2 has not": (
        swap('["gpt-4"]', "[{ regex = '(a)\\1' }]"),
        "agents.copilot.models: '(a)\\\\1' is no regular expression (RE2): invalid escape sequence: \\1",
    ),
    "a bad pattern in an extension": (
        swap('token-subject = "42"', 'token-subject = { glob = "4?" }'),
        "signers.scanner.extensions.token-subject: '4?': ? has no meaning in a glob here; only * and ** have",
    ),
    # images (rule 23)
    "an image with a scheme": (
        swap('"ghcr.io/acme/**"', '"https://ghcr.io/acme/api"'),
        f"{RULE}.images: 'https://ghcr.io/acme/api': an image's name has no scheme",
    ),
    "an image in upper case": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/Acme/**"'),
        f"{RULE}.images: 'ghcr.io/Acme/**': an image's canonical name is in lower case",
    ),
    "an image with a tag": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/acme/api:1.4"'),
        f"{RULE}.images: 'ghcr.io/acme/api:1.4': a rule names images without tag or digest",
    ),
    "an image with a tag glob": (
        swap('"ghcr.io/acme/**"', '"ghcr.io/acme/*:*"'),
        f"{RULE}.images: 'ghcr.io/acme/*:*': a rule names images without tag or digest",
    ),
    "an image with a digest": (
        swap('"ghcr.io/acme/**"', f'"ghcr.io/acme/api@sha256:{"0" * 64}"'),
        f"{RULE}.images: 'ghcr.io/acme/api@sha256:{'0' * 64}': a rule names images without tag or digest",
    ),
    "a registry alone": (
        swap('"ghcr.io/acme/**"', '"ghcr.io"'),
        f"{RULE}.images: 'ghcr.io': {HUB}",
    ),
    "Docker Hub's shortest name": (
        swap('"ghcr.io/acme/**"', '"nginx"'),
        f"{RULE}.images: 'nginx': {HUB}",
    ),
    "Docker Hub's short name": (
        swap('"ghcr.io/acme/**"', '"acme/*"'),
        f"{RULE}.images: 'acme/*': {HUB}",
    ),
    "a lonely star": (
        swap('"ghcr.io/acme/**"', '"*"'),
        f"{RULE}.images: '*': name the registry too: docker.io/library/NAME or REGISTRY/NAME",
    ),
    "Docker Hub by another name": (
        swap('"ghcr.io/acme/**"', '"index.docker.io/acme/*"'),
        f"{RULE}.images: 'index.docker.io/acme/*': the registry's canonical name is docker.io",
    ),
    "Docker Hub by the name of its API": (
        swap('"ghcr.io/acme/**"', '"registry-1.docker.io/library/nginx"'),
        f"{RULE}.images: 'registry-1.docker.io/library/nginx': the registry's canonical name is docker.io",
    ),
    "a registry with its default port": (
        swap('"ghcr.io/acme/**"', '"ghcr.io:443/acme/**"'),
        f"{RULE}.images: 'ghcr.io:443/acme/**': the registry's canonical name is ghcr.io",
    ),
    # refs
    "a branch's short name": (
        swap('"refs/heads/main"', '"main"'),
        f"{RULE}.provenance.refs: 'main' is no full ref name: write refs/heads/... or refs/tags/...",
    ),
    "a tag's short name": (
        swap('"refs/heads/main"', '"v*"'),
        f"{RULE}.provenance.refs: 'v*' is no full ref name: write refs/heads/... or refs/tags/...",
    ),
}


@pytest.mark.parametrize(("text", "expected"), NONSENSE.values(), ids=NONSENSE)
def test_a_policy_that_makes_no_sense_is_refused_with_the_reason(text: str, expected: str) -> None:
    assert problems(text) == (expected,)


def test_more_than_forty_mistakes_are_told_apart() -> None:
    told = {expected for _, expected in (*SHAPES.values(), *NONSENSE.values())}
    assert len(told) > 120


# One go


def test_every_problem_of_shape_is_reported_in_one_go() -> None:
    text = swap("version = 1", "version = 1\nsigner = 1", text=swap("threshold = 1", "threshold = 0"))
    text = swap('humans = "deny"', 'humans = "no"', text=swap('["gpt-4"]', "[]", text=text))
    assert set(problems(text)) == {
        "unknown key 'signer'; did you mean 'signers'?",
        f"{RULE}.signature.threshold: 0 is too small: at least 1",
        f"{RULE}.agents.humans: 'no' is not 'allow' or 'deny'",
        f"agents.copilot.models: {EMPTY}",
    }


def test_every_problem_of_sense_is_reported_in_one_go() -> None:
    text = swap('"refs/heads/main"', '"main", "v?"', text=swap('["ci", "scanner"]', '["ci", "ada", "bob"]'))
    text = swap('type = "vuln"', 'type = "scan"', text=swap('"ghcr.io/acme/**"', '"Nginx:1"', text=text))
    found = problems(text)
    assert [line.partition(":")[0] for line in found] == [
        f"{RULE}.images",
        f"{RULE}.signature.signers",
        f"{RULE}.signature.signers",
        f"{RULE}.provenance.refs",
        f"{RULE}.provenance.refs",
        f"{RULE}.provenance.refs",
        f"{RULE}.attestations[0].type",
    ]


def test_all_problems_stand_in_the_message_with_the_file() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse("version = 2\n", Path("acme/policy.toml"))
    assert str(caught.value).startswith("acme/policy.toml: ")
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    assert len(caught.value.problems) == 2


def test_a_problem_is_reported_once() -> None:
    text = swap('"refs/heads/main"', '"main"')
    assert problems(text) == tuple(dict.fromkeys(problems(text)))


# Anything

VALUES = [
    *('""', '"x"', '"any"', '"a?"', '"oci:x"', '"\\u001b\\n"', "-1", "1.5", "true", "[]", '[""]', '["any"]'),
    *('["x", "x"]', "[{}]", "{}", '{ glob = "?" }', "{ regex = '(' }", "{ glob = 1 }", "2026-01-01", f'"{"a" * 3000}"'),
]


@pytest.mark.parametrize("line", [line for line in GOOD.splitlines() if " = " in line])
def test_any_value_for_any_key_is_read_or_refused_in_printable_lines(line: str) -> None:
    for value in VALUES:
        found: tuple[str, ...] = ()
        try:
            parse(GOOD.replace(f"\n{line}\n", f"\n{line.partition(' = ')[0]} = {value}\n"))
        except InvalidPolicy as error:
            found = said(error.findings)
        assert all(problem.isprintable() for problem in found)


@pytest.mark.parametrize("line", GOOD.splitlines())
def test_any_line_may_be_missing_without_a_crash(line: str) -> None:
    text = GOOD.replace(f"\n{line}\n", "\n", 1) if line in GOOD.splitlines()[1:] else GOOD.removeprefix(f"{line}\n")
    assert text != GOOD
    found: tuple[str, ...] = ()
    try:
        parse(text)
    except InvalidPolicy as error:
        found = said(error.findings)
    assert all(problem.isprintable() for problem in found)


# Files


def test_a_policy_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(tmp_path / "policy.toml")
    assert str(caught.value) == f"{tmp_path}/policy.toml: the policy cannot be read: No such file or directory"


def test_a_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(tmp_path)
    assert str(caught.value) == f"{tmp_path}: the policy cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_policy_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD)
    path.chmod(0)
    with pytest.raises(InvalidPolicy, match="the policy cannot be read: Permission denied"):
        load_policy(path)


def test_a_policy_is_not_read_without_end(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(GOOD.encode() + b"#" * (256 << 10))
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(path)
    assert said(caught.value.findings) == ("the policy has more than 262144 bytes",)


def test_a_policy_of_exactly_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(GOOD.encode().ljust((256 << 10) - 1, b"#") + b"\n")
    assert load_policy(path).rules[0].name == "production"


def test_windows_line_ends_do_no_harm() -> None:
    windows, unix = (parse(text) for text in (GOOD.replace("\n", "\r\n"), GOOD))
    assert replace(windows, sha256="", files=()) == replace(unix, sha256="", files=())


# Bugs that were found


def test_problems_of_shape_and_of_sense_are_reported_in_one_go() -> None:
    text = swap("threshold = 1", "treshold = 1", text=swap('type = "vuln"', 'type = "scan"'))
    assert len(problems(text)) == 2


def test_the_only_signer_misspelled_is_a_problem_and_not_a_crash() -> None:
    text = swap('signers = ["ci", "scanner"]\nthreshold = 1', 'signers = ["cii"]')
    assert problems(text) == (f"{RULE}.signature.signers: 'cii' is not defined under [signers]; did you mean 'ci'?",)


def test_a_misspelled_signer_is_not_blamed_on_the_threshold() -> None:
    text = swap('signers = ["ci", "scanner"]\nthreshold = 1', 'signers = ["ci", "cii"]\nthreshold = 2')
    assert problems(text) == (f"{RULE}.signature.signers: 'cii' is not defined under [signers]; did you mean 'ci'?",)


def test_a_threshold_is_no_error_where_an_issuer_is_a_pattern() -> None:
    text = swap('issuer = "https://gitlab.com"', 'issuer = { glob = "https://gitlab.*" }')
    assert not parse(swap('["ci", "scanner"]\nthreshold = 1', '["ci"]\nthreshold = 2', text=text)).warnings


@pytest.mark.parametrize("age", ["0d", "0h0m0s", "90d\\n", "999999w" * 200])
def test_an_impossible_age_is_a_problem_and_not_a_crash(age: str) -> None:
    assert any("max-age" in line for line in problems(swap('"1w"', f'"{age}"')))


def test_a_number_without_end_is_a_problem_and_not_a_crash() -> None:
    assert problems(swap("version = 1", f"version = {'1' * 5000}"))


def test_a_hexadecimal_number_without_end_is_a_problem_and_not_a_crash() -> None:
    assert problems(swap("threshold = 1", f"threshold = 0x{'f' * 5000}"))


@pytest.mark.parametrize("name", ["a\\u001b[31mb", "a\\nFAKE", "a\\u202eb", "a\\u0085b"])
def test_a_name_with_control_characters_is_escaped(name: str) -> None:
    for line in problems(f'{GOOD}[signers."{name}"]\nx = 1\n'):
        assert line.isprintable()


def test_a_regular_expression_with_control_characters_is_escaped() -> None:
    for line in problems(swap('{ glob = "*@acme.com" }', '{ regex = "(\\u001b[31m\\n" }')):
        assert line.isprintable()


def test_a_path_with_control_characters_is_escaped() -> None:
    for line in problems(after("[[rules.attestations]]", 'schema = "a\\u0000\\u001b[31m\\nb"')):
        assert line.isprintable()


@pytest.mark.parametrize("image", ["docker.io/nginx", "docker.io/*", "docker.io/ngin*"])
def test_docker_hubs_short_form_is_an_error_with_its_host_too(image: str) -> None:
    assert problems(swap('"ghcr.io/acme/**"', f'"{image}"'))


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/",
        "ghcr.io/acme/",
        "ghcr.io//acme/api",
        "ghcr.io/ac me/api",
        "ghcr.io/acm\u00e9/api",
        "ghcr.io/acme/**/",
    ],
)
def test_an_image_pattern_that_no_name_can_match_is_an_error(image: str) -> None:
    assert problems(swap('"ghcr.io/acme/**"', f'"{image}"'))


@pytest.mark.parametrize("image", ["oci:", "file:", "oci:../build/*", "oci:build/./**", "oci:a\\u001bb"])
def test_a_local_pattern_that_nothing_can_match_is_an_error(image: str) -> None:
    (line,) = problems(swap('"ghcr.io/acme/**"', f'"{image}"'))
    assert line.isprintable()


@pytest.mark.parametrize(
    "image",
    [
        *("**", "*/**", "**/api", "docker.io/**", "docker.io/*/nginx", "ghcr.io/*-api", "ghcr.io/a_*", "*.acme.com/x"),
        *("10.0.0.*/x", "localhost:5000/api", "localhost/api", "*:5000/api", "oci:../image", "oci:a b", "file:out/*"),
    ],
)
def test_an_image_pattern_that_a_name_can_match_is_none(image: str) -> None:
    assert parse(swap('"ghcr.io/acme/**"', f'"{image}"')).rules[0].images == (glob(image),)


def test_an_image_pattern_with_helms_scheme_is_an_error() -> None:
    assert problems(swap('"ghcr.io/acme/**"', '"oci://ghcr.io/acme/**"'))


@pytest.mark.parametrize("source", ["https://gitlab.com/acme/api@refs/tags/v1", "git+https://gitlab.com/acme/api@v1"])
def test_a_ref_inside_a_source_is_an_error(source: str) -> None:
    assert problems(swap('source = ["https://gitlab.com/acme/api"]', f'source = ["{source}"]'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = ["https://gitlab.com/acme/api"]', 'source = ["any"]'),
        ('["gpt-4"]', '["any"]'),
        ('["copilot-agent-v3"]', '["any"]'),
    ],
)
def test_any_inside_a_list_is_an_error(old: str, new: str) -> None:
    assert any("any" in line for line in problems(swap(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = ["https://gitlab.com/acme/api"]', 'source = "https://gitlab.com/acme/api"'),
        ('["refs/heads/main"]', '"refs/heads/main"'),
        ('["gpt-4"]', '"gpt-4"'),
        ('allow = ["copilot"]', 'allow = "copilot"'),
    ],
)
def test_one_thing_without_its_list_is_told_to_be_a_list(old: str, new: str) -> None:
    assert any("list" in line for line in problems(swap(old, new)))


@pytest.mark.parametrize("header", ["[[rules]]", "[agents.copilot]", "[signers.ci]"])
def test_a_key_in_the_wrong_table_is_not_said_to_be_unsupported(header: str) -> None:
    assert all("not supported" not in line for line in problems(after(header, 'max-age = "9d"')))


@pytest.mark.parametrize("version", ["2", '"1"'])
def test_another_version_is_told_which_this_gate_reads(version: str) -> None:
    assert any(__version__ in line for line in problems(swap("version = 1", f"version = {version}")))


@pytest.mark.parametrize("version", ["0", "2", "-1", "1.5", "true", '"1"', "[1]", "{}", "2026-01-01", "nan"])
def test_no_version_but_1_is_read(version: str) -> None:
    assert problems(swap("version = 1", f"version = {version}"))


def test_a_byte_order_mark_is_named_or_ignored() -> None:
    try:
        parse(b"\xef\xbb\xbf" + GOOD.encode())
    except InvalidPolicy as error:
        assert "byte order mark" in str(error)  # noqa: PT017


def test_a_policys_path_with_a_nul_is_a_problem_and_not_a_crash() -> None:
    with pytest.raises(GateError):
        load_policy(Path("policy\x00.toml"))


CONDITIONS: dict[str, tuple[str, str]] = {
    "a built-in root with other terms": (
        swap('["public-good"]', '[{ path = "public-good", log = "none" }]'),
        "trust.roots: 'public-good' is built in, with its own terms: name it without a table",
    ),
    "one root with two terms": (
        swap('["public-good"]', '["a.json", { path = "a.json", log = "none" }]'),
        "trust.roots: 'a.json' is listed twice",
    ),
    "a root with another word": (
        swap('["public-good"]', '[{ path = "a.json", log = "optional" }]'),
        "trust.roots[0].log: 'optional' is not 'none'",
    ),
    "a root without a path": (
        swap('["public-good"]', '[{ log = "none" }]'),
        "trust.roots[0]: the key 'path' is missing",
    ),
    "refresh as a word": (after("[trust]", 'refresh = "daily"'), "trust.refresh: 'daily' is not true or false"),
    "a key and an issuer": (
        after("[signers.ci]", 'key = "key.pub"'),
        "signers.ci: a signer is either issuer and identity, or a key with its log and time: these do not go together",
    ),
    "a key that is not there": (
        f'{GOOD}[signers.airgap]\nkey = "key.pub"\n',
        "signers.airgap.key: key.pub cannot be read: No such file or directory",
    ),
    "a key's path with a NUL": (
        f'{GOOD}[signers.airgap]\nkey = "a\\u0000b"\n',
        "signers.airgap.key: 'a\\x00b' cannot be read: embedded null byte",
    ),
    "a moment without an offset": (
        after("[signers.ci]", "not-after = 2027-01-31T00:00:00"),
        "signers.ci.not-after: 2027-01-31T00:00:00 is no date and time with an offset: write 2027-01-31T00:00:00Z",
    ),
    "a moment that is a word": (
        after("[signers.ci]", 'not-after = "soon"'),
        "signers.ci.not-after: 'soon' is no date and time with an offset: write 2027-01-31T00:00:00Z",
    ),
    "a span that is reversed": (
        after("[signers.ci]", "not-before = 2027-01-31\nnot-after = 2026-01-31"),
        "signers.ci.not-after: it is before not-before, so that no signature could count",
    ),
    "a date for a text": (
        swap('issuer = "https://gitlab.com"', "issuer = 2027-01-31"),
        "signers.ci.issuer: 2027-01-31 is not a text or a table",
    ),
    "no annotations": (after("[signers.ci]", "annotations = {}"), "signers.ci.annotations: it is empty"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_that_is_none_is_refused_with_the_reason(name: str) -> None:
    text, expected = CONDITIONS[name]
    assert expected in problems(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [('["refs/heads/main"]', '[{ glob = "refs/heads/*" }]'), ('["ghcr.io/acme/**"]', '[{ glob = "ghcr.io/*" }]')],
)
def test_a_glob_table_where_globs_are_plain_is_told_so(old: str, new: str) -> None:
    assert any("globs" in line for line in problems(swap(old, new)))


@pytest.mark.parametrize("value", ["true", "2027-01-31"])
def test_a_value_is_shown_as_the_policy_wrote_it(value: str) -> None:
    (line,) = problems(swap('humans = "deny"', f"humans = {value}"))
    assert line.startswith(f"{RULE}.agents.humans: {value} is not ")


def test_a_message_about_a_host_shows_nothing_that_nobody_wrote() -> None:
    (line,) = problems(swap('"ghcr.io/acme/**"', '"ghcr.io./acme/**"'))
    assert "ghcr.io./x" not in line
    assert "the host ends in a dot" in line


def test_what_is_named_in_a_part_of_the_wrong_shape_is_not_called_undefined() -> None:
    text = swap('issuer = "https://gitlab.com"', "issuer = 1", text=swap("level = 2\n[agents", "level = 9\n[agents"))
    assert set(problems(text)) == {
        "signers.ci.issuer: 1 is not a text or a table",
        "builders.gitlab.level: 9 is too large: at most 3",
    }


@pytest.mark.parametrize("number", ["9223372036854775808", "-99999999999999999999", "0xffffffffffffffffff"])
def test_a_number_that_toml_does_not_have_is_named(number: str) -> None:
    assert problems(swap("threshold = 1", f"threshold = {number}")) == (
        f"{RULE}.signature.threshold: the number is too large",
    )


@pytest.mark.parametrize("table", ["[[1]]", "{ a = [{}] }", "[{}, 1]", "1", '"x"'])
@pytest.mark.parametrize("key", ["trust", "signers", "builders", "agents", "rules"])
def test_a_part_of_any_shape_is_a_problem_and_not_a_crash(key: str, table: str) -> None:
    rest = "" if key == "rules" else '[[rules]]\nimages = ["a.b/c"]\nsignature.signers = ["x"]\n'
    assert all(line.isprintable() for line in problems(f"version = 1\n{key} = {table}\n{rest}"))


@pytest.mark.parametrize("source", ["https://ada@gitlab.com/acme/api", "ssh://git@gitlab.com/a", "https://x.y/@a/api"])
def test_an_at_that_is_no_refs_is_allowed_in_a_source(source: str) -> None:
    assert parse(swap('source = ["https://gitlab.com/acme/api"]', f'source = ["{source}"]')).warnings == ()


def test_of_very_many_problems_a_thousand_are_told_and_the_rest_counted() -> None:
    def found(count: int) -> tuple[str, ...]:
        with pytest.raises(InvalidPolicy) as caught:
            parse_policy(b"".join(b"x%d = 1\n" % number for number in range(count)), Path("policy.toml"))
        return caught.value.problems

    assert len(found(998)) == 1000  # and neither version nor rules
    assert "problems more" not in found(998)[-1]
    assert len(found(999)) == 1001
    assert found(1998)[-1].endswith("1000 problems more")
