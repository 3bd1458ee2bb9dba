"""`{repo}`: what it is in an image's name, it is in the evidence; and nothing where it is unknown."""

from __future__ import annotations

import pytest

from gate.policy.matching import How, PatternError, capturing
from gate.verdict import EXIT_FAIL, EXIT_PASS
from tests.evidence import GITHUB, MAIN, github, judge, predicate_v1, provenance, signature
from tests.policy.sample import parse, problems, warnings

# One pattern


CAPTURES: list[tuple[str, str, dict[str, str] | None]] = [
    ("ghcr.io/acme/{repo}", "ghcr.io/acme/api", {"repo": "api"}),
    ("ghcr.io/acme/{repo}", "ghcr.io/acme/a.b_c-d", {"repo": "a.b_c-d"}),
    ("ghcr.io/acme/{repo}", "ghcr.io/acme/a/b", None),
    ("ghcr.io/acme/{repo}", "ghcr.io/acme/", None),
    ("ghcr.io/acme/{repo}", "ghcr.io/acme", None),
    ("ghcr.io/{org}/{repo}", "ghcr.io/a/b", {"org": "a", "repo": "b"}),
    ("ghcr.io/{org}/**", "ghcr.io/a/b/c", {"org": "a"}),
    ("ghcr.io/*/{repo}", "ghcr.io/a/b", {"repo": "b"}),
    ("ghcr.io/**/{repo}", "ghcr.io/a/b/c", {"repo": "c"}),
    ("ghcr.io/acme/{repo}/*", "ghcr.io/acme/a/b", {"repo": "a"}),
    ("a.b/{x}", "axb/y", None),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), CAPTURES)
def test_a_capture_is_one_whole_segment(pattern: str, name: str, expected: dict[str, str] | None) -> None:
    assert capturing(pattern).capture(name) == expected


@pytest.mark.parametrize("how", [How.GLOB, How.EXACT])
def test_a_pattern_matches_nothing_until_its_captures_have_values(how: How) -> None:
    pattern = capturing("https://x/{repo}@main", how)
    assert not pattern.matches("https://x/api@main")
    assert not pattern.matches("https://x/{repo}@main")
    assert not pattern.bind({}).matches("https://x/api@main")
    bound = pattern.bind({"repo": "api", "other": "y"})
    assert bound.matches("https://x/api@main")
    assert not bound.matches("https://x/web@main")
    assert not bound.matches("https://x/api2@main")
    assert pattern.loosened().matches("https://x/web@main")
    assert not pattern.loosened().matches("https://x/a/b@main")


@pytest.mark.parametrize("value", ["*", "a*", "**", "a/b", "a@b", "", ".", "..", "{x}", "A", "a b", "\u00e4", "a.git"])
def test_no_value_brings_a_sign_of_the_pattern_language_with_it(value: str) -> None:
    pattern = capturing("https://x/{repo}@*").bind({"repo": value})
    assert pattern.names == ("repo",)
    assert not pattern.matches(f"https://x/{value}@main")
    assert not pattern.matches("https://x/anything@main")


@pytest.mark.parametrize("text", ["{Repo}", "{}", "{a b}", "{1}", "{a", "a}", "{a}?", "{a}**", "**{a}", "{a}/***"])
def test_what_is_no_capture_is_no_pattern(text: str) -> None:
    with pytest.raises(PatternError):
        capturing(f"x/{text}")


# Rules

REPOSITORY = "https://github.com/acme/{}"
SIGNER = f'[signers.ci]\nissuer = "{GITHUB}"\nidentity = "https://github.com/acme/{{repo}}/.github/workflows/release.yml@{MAIN}"\n'
RULE = '[[rules]]\nname = "all"\nimages = ["ghcr.io/acme/{repo}"]\n'
SIGNED = f'version = 1\n{SIGNER}{RULE}signature.signers = ["ci"]\n'
BUILT = f"""version = 1
{SIGNER}
[builders.ci]
id = {{ glob = "https://github.com/acme/{{repo}}/.github/workflows/*@{MAIN}" }}
signers = ["ci"]
level = 2
{RULE}
[rules.provenance]
builders = ["ci"]
level = 2
source = ["https://github.com/acme/{{repo}}"]
refs = "any"
"""


def workflow(repository: str) -> str:
    return f"{REPOSITORY.format(repository)}/.github/workflows/release.yml@{MAIN}"


@pytest.mark.parametrize(
    ("image", "signed_for", "code"),
    [("api", "api", EXIT_PASS), ("web", "web", EXIT_PASS), ("api", "web", EXIT_FAIL), ("web", "api", EXIT_FAIL)],
)
def test_an_image_passes_only_under_the_name_that_its_evidence_has(image: str, signed_for: str, code: int) -> None:
    """An image that is tagged again under another name."""
    who = github(workflow(signed_for), repository=REPOSITORY.format(signed_for))
    reference = f"ghcr.io/acme/{image}:1"
    assert judge(SIGNED, signature(who), reference=reference).exit_code == code
    built = provenance(predicate_v1(repository=REPOSITORY.format(signed_for), builder=workflow(signed_for)), signer=who)
    assert judge(BUILT, built, reference=reference).exit_code == code


def test_what_falls_away_in_a_repository_does_not_fall_away_in_an_image() -> None:
    """`https://github.com/acme/api.git` is the repository `api`, and the image `api.git` is not the image `api`."""
    built = provenance(predicate_v1())
    assert judge(BUILT, built, reference="ghcr.io/acme/api").exit_code == EXIT_PASS
    source = BUILT.replace("acme/{repo}/.github", "acme/api/.github")
    assert judge(source, built, reference="ghcr.io/acme/api").exit_code == EXIT_PASS
    assert judge(source, built, reference="ghcr.io/acme/api.git").exit_code == EXIT_FAIL


def test_the_message_names_what_was_wanted_for_this_image() -> None:
    judgement = judge(SIGNED, signature(github(workflow("web"))), reference="ghcr.io/acme/api")
    assert f"its identity must be '{workflow('api')}'" in judgement.found("signature")


def test_a_local_image_is_matched_by_its_asserted_name() -> None:
    who = github(workflow("api"), repository=REPOSITORY.format("api"))
    assert judge(SIGNED, signature(who), reference="oci:x", asserted_name="ghcr.io/acme/api").exit_code == EXIT_PASS
    assert [rule.name for rule in judge(SIGNED, signature(who), reference="oci:x").rules] == [None]
    anywhere = SIGNED.replace("ghcr.io/acme/", "*/acme/")
    assert judge(anywhere, signature(who), reference="ghcr.io/acme/api").exit_code == EXIT_PASS
    assert [rule.name for rule in judge(anywhere, signature(who), reference="oci:x/acme/api").rules] == [None]


def test_the_first_of_several_images_that_match_counts() -> None:
    text = SIGNED.replace('["ghcr.io/acme/{repo}"]', '["ghcr.io/acme/{repo}", "ghcr.io/{repo}/api"]')
    assert judge(text, signature(github(workflow("api"))), reference="ghcr.io/acme/api").exit_code == EXIT_PASS
    assert judge(text, signature(github(workflow("acme"))), reference="ghcr.io/acme/api").exit_code == EXIT_FAIL


def test_a_denied_signer_is_denied_whatever_its_captures_stand_for() -> None:
    exact = SIGNER.replace("[signers.ci]", "[signers.api]").replace("{repo}", "api")
    text = SIGNED.replace(SIGNER, SIGNER + exact).replace('signers = ["ci"]', 'signers = ["ci", "api"]')
    deny = '[[deny]]\nsigners = ["ci"]\nreason = "x"\n'
    other = text.replace('images = ["ghcr.io/acme/{repo}"]', 'images = ["ghcr.io/acme/{repo}"]') + deny
    assert judge(text, signature(github(workflow("api"))), reference="ghcr.io/acme/web").exit_code == EXIT_PASS
    assert judge(other, signature(github(workflow("api"))), reference="ghcr.io/acme/web").exit_code == EXIT_FAIL


# What is refused, and warned of


def test_a_capture_that_the_images_do_not_have_is_a_problem() -> None:
    assert problems(SIGNED.replace('{repo}"]', 'api"]')) == (
        "rules[0] ('all'): [signers.ci] has {repo}, and the images of this rule do not",
    )
    (problem,) = problems(BUILT.replace('acme/{repo}"]\nrefs', 'acme/{project}"]\nrefs'))
    assert problem == "rules[0] ('all'): what it asks for has {project}, and the images of this rule do not"


def test_all_images_of_a_rule_have_the_same_captures() -> None:
    assert problems(SIGNED.replace('{repo}"]', '{repo}", "ghcr.io/other/x"]')) == (
        "rules[0] ('all').images: each of the images has the same captures, or none has any",
    )


def test_a_capture_that_nothing_uses_is_pointed_out() -> None:
    assert warnings(SIGNED.replace("github.com/acme/{repo}", "github.com/acme/api")) == (
        "rules[0] ('all').images: {repo} is captured, and nothing that the rule asks for has it",
    )


@pytest.mark.parametrize(
    ("images", "identity", "extensions", "warned"),
    [
        ("ghcr.io/acme/**", '{ glob = "https://github.com/acme/*/.github/workflows/r.yml@refs/heads/main" }', "", True),
        ("ghcr.io/acme/*", "{ regex = 'https://github\\.com/acme/.*@refs/heads/main' }", "", True),
        (
            "ghcr.io/acme/api",
            '{ glob = "https://github.com/acme/*/.github/workflows/r.yml@refs/heads/main" }',
            "",
            False,
        ),
        ("ghcr.io/acme/*", '{ glob = "https://github.com/acme/api/.github/workflows/r.yml@refs/tags/v*" }', "", False),
        ("ghcr.io/acme/*", '"https://github.com/acme/api/.github/workflows/r.yml@refs/heads/main"', "", False),
        ("ghcr.io/acme/*", '{ glob = "*@acme.com" }', "", False),
        (
            "ghcr.io/acme/*",
            '{ glob = "https://github.com/acme/*/.github/workflows/r.yml@refs/heads/main" }',
            'extensions = { source-repository-uri = "https://github.com/acme/api" }\n',
            False,
        ),
    ],
)
def test_wildcards_on_both_sides_without_a_capture_are_pointed_out(
    images: str, identity: str, extensions: str, *, warned: bool
) -> None:
    text = f'version = 1\n[signers.ci]\nissuer = "{GITHUB}"\nidentity = {identity}\n{extensions}'
    text += f'[[rules]]\nimages = ["{images}"]\nsignature.signers = ["ci"]\n'
    found = [line for line in warnings(text) if "would pass under every name here" in line]
    assert bool(found) is warned
    assert parse(text).rules


@pytest.mark.parametrize(
    ("source", "warned"),
    [('{ glob = "https://github.com/acme/*" }', True), ('"https://github.com/acme/api"', False)],
)
def test_a_wide_source_under_wide_images_is_pointed_out(source: str, *, warned: bool) -> None:
    text = BUILT.replace('{repo}"]\n\n[rules', '*"]\n\n[rules').replace('"https://github.com/acme/{repo}"', source)
    text = text.replace("acme/{repo}/", "acme/api/")
    assert bool([line for line in warnings(text) if "provenance.source lets through" in line]) is warned
