"""What a policy is warned of: what lets in more than it looks as if it did, and what does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.policy.loading import load_policy
from tests.policy.sample import GOOD, said, swap, warnings

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = "https://token.actions.githubusercontent.com"
BRANCHES = "it admits every branch: whoever can push one can sign; name the refs, as in @refs/heads/main"
OWNERS = "it admits every organisation on that host: name yours"
UNUSED = "it is defined, and nothing uses it"


def test_the_policy_that_all_these_are_made_from_has_no_warning() -> None:
    assert warnings(GOOD) == ()


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("signers.other", '[signers.other]\nissuer = "https://gitlab.com"\nidentity = "x"\n'),
        ("builders.other", '[builders.other]\nid = "x"\nsigners = ["ci"]\nlevel = 1\n'),
        ("agents.other", '[agents.other]\nids = ["x"]\nmodels = "any"\n'),
    ],
)
def test_a_name_that_nothing_uses(kind: str, lines: str) -> None:
    assert warnings(GOOD + lines) == (f"{kind}: {UNUSED}",)
    name = kind.partition(".")[0]
    assert warnings(f'{GOOD}{lines}[[deny]]\n{name} = ["other"]\nreason = "x"\n') == (), "a deny uses it"


def test_where_any_agent_is_allowed_none_is_unused() -> None:
    text = swap('allow = ["copilot"]', 'allow = "any"')
    assert warnings(text + '[agents.other]\nids = ["x"]\nmodels = "any"\n') == ()


def test_what_a_base_defines_may_be_for_others(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(GOOD + '[signers.other]\nissuer = "https://gitlab.com"\nidentity = "x"\n')
    (tmp_path / "policy.toml").write_text('version = 1\nextends = ["base.toml"]\n')
    assert load_policy(tmp_path / "policy.toml").warnings == ()
    assert said(load_policy(tmp_path / "base.toml").warnings) == (f"signers.other: {UNUSED}",)


IDENTITIES = {
    "every branch by a star": ('{ glob = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/*" }', BRANCHES),
    "every ref by two stars": ('{ glob = "https://gitlab.com/acme/api//.gitlab-ci.yml@**" }', BRANCHES),
    "every ref": ('{ glob = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/**" }', BRANCHES),
    "every ref by a regex": ("{ regex = 'https://gitlab\\.com/acme/api//\\.gitlab-ci\\.yml@.*' }", BRANCHES),
    "every branch by a regex": ("{ regex = 'https://gitlab\\.com/acme/api//x@refs/heads/[a-z-]+' }", BRANCHES),
    "a regex that ends in anything": ("{ regex = 'https://gitlab\\.com/acme/.*' }", BRANCHES),
    "every tag": ('{ glob = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/tags/v*" }', None),
    "one branch by a regex": ("{ regex = 'https://gitlab\\.com/acme/api//x@refs/heads/(main|next)' }", None),
    "every organisation": ('{ glob = "https://gitlab.com/*/api//.gitlab-ci.yml@refs/heads/main" }', OWNERS),
    "every organisation by two stars": ('{ glob = "https://gitlab.com/**@refs/heads/main" }', OWNERS),
    "every organisation by a regex": ("{ regex = 'https://gitlab\\.com/[^/]+/api//x@refs/heads/main' }", OWNERS),
    "every project of one": ('{ glob = "https://gitlab.com/acme/*//.gitlab-ci.yml@refs/heads/main" }', None),
    "a dot in a host": (
        "{ regex = 'https://gitlab.com/acme/api//x@refs/heads/main' }",
        r"each . of gitlab.com stands for any character, so that other hosts match too: write gitlab\.com",
    ),
    "a dot in a mail domain": (
        "{ regex = '[a-z]+@acme.com' }",
        r"each . of acme.com stands for any character, so that other hosts match too: write acme\.com",
    ),
    "escaped dots": ("{ regex = '[a-z.]+@acme\\.com' }", None),
    "an exact identity": ('"https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/*main"', None),
    "a mail address": ('{ glob = "*@acme.com" }', None),
}


@pytest.mark.parametrize(("identity", "expected"), IDENTITIES.values(), ids=IDENTITIES)
def test_an_identity_that_admits_more_than_it_looks(identity: str, expected: str | None) -> None:
    text = swap('identity = { glob = "*@acme.com" }', f"identity = {identity}")
    found = [line for line in warnings(text) if line.startswith("signers.scanner.identity") and "plain *" not in line]
    assert found == ([] if expected is None else [f"signers.scanner.identity: {expected}"])


def test_an_extension_that_names_the_ref_or_the_repository_is_enough() -> None:
    identity = '{ glob = "https://gitlab.com/*/api//.gitlab-ci.yml@refs/heads/*" }'
    text = swap('identity = { glob = "*@acme.com" }', f"identity = {identity}").replace(
        'token-subject = "42"',
        'source-repository-ref = "refs/heads/main", source-repository-uri = "https://gitlab.com/acme/api"',
    )
    assert warnings(text) == ()


@pytest.mark.parametrize(
    ("issuer", "warned"),
    [
        ("http://issuer.test", True),
        ("https://issuer.test", False),
        ("http://127.0.0.1:8080/x", False),
        ("http://localhost:8080", False),
        ("http://[::1]:80", False),
        ("http://localhost.evil.test", True),
        ("http://[", False),
    ],
)
def test_an_issuer_that_is_asked_in_clear(issuer: str, *, warned: bool) -> None:
    found = warnings(swap('issuer = "https://gitlab.com"', f'issuer = "{issuer}"'))
    assert found == ((f"signers.ci.issuer: '{issuer}' is no https: who stands between can issue",) if warned else ())


WORKFLOW = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/x.yml@refs/tags/v2.0.0"


def called(extensions: str = "", rest: str = "", images: str = "ghcr.io/acme/api") -> str:
    return (
        f'version = 1\n[signers.w]\nissuer = "{GITHUB}"\nidentity = "{WORKFLOW}"\n{extensions}'
        f'[[rules]]\nimages = ["{images}"]\nsignature.signers = ["w"]\n{rest}'
    )


def test_somebody_elses_workflow_signs_for_whoever_calls_it() -> None:
    (warning,) = warnings(called())
    assert warning.startswith("rules[0].signature.signers: 'w' is a workflow of 'slsa-framework', and a reusable one")
    assert warning.endswith("add extensions.source-repository-uri to it, or a provenance whose source is named")
    assert warnings(called(images="ghcr.io/slsa-framework/x")) == ()
    assert warnings(called('extensions = { source-repository-uri = "https://github.com/acme/api" }\n')) == ()
    judged = 'provenance = { signers = ["w"], level = 1, source = ["https://github.com/acme/api"], refs = "any" }\n'
    assert warnings(called(rest=judged)) == ()
    anything = judged.replace('["https://github.com/acme/api"]', '"any"')
    assert len(warnings(called(rest=anything))) == 1
