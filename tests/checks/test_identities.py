"""Which names a signer's pattern matches: exact, glob and regular expression, and names made to mislead (rule 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.policy.matching import PatternError, exact, glob, regex
from tests.evidence import GITHUB, MAIN, RULE, SIGNED, github, passes, plain, signature

if TYPE_CHECKING:
    from gate.policy.matching import Pattern

RELEASE = f"https://github.com/acme/api/.github/workflows/release.yml@{MAIN}"
ANY_REPOSITORY = glob(f"https://github.com/acme/*/.github/workflows/release.yml@{MAIN}")
ANY_BRANCH = glob("https://github.com/acme/api/.github/workflows/release.yml@refs/heads/*")
ANYTHING_OF_ACME = glob("https://github.com/acme/**")
ACME_AT_ANY_REF = glob("https://github.com/acme/**@refs/**")
GITLAB = glob("https://gitlab.com/acme/*//.gitlab-ci.yml@refs/heads/main")
STAFF = glob("*@acme.com")
STAFF_REGEX = regex(r"[a-z.]+@acme\.com")
LOOSE_REGEX = regex(r".+")
ALTERNATIVES = regex("ada@acme[.]com|bob@acme[.]com")
LINES = regex("(?m)^ada@acme[.]com$")
ANY_CHARACTER = regex("(?s).*")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (exact(RELEASE), RELEASE),
        (ANY_REPOSITORY, RELEASE),
        (ANY_REPOSITORY, f"https://github.com/acme/web.site-2/.github/workflows/release.yml@{MAIN}"),
        (ANY_BRANCH, "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/1.x"),
        (ANYTHING_OF_ACME, "https://github.com/acme/api"),
        (ANYTHING_OF_ACME, "https://github.com/acme/a/b/c"),
        (ACME_AT_ANY_REF, RELEASE),
        (GITLAB, "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"),
        (STAFF, "ada@acme.com"),
        (STAFF_REGEX, "ada.lovelace@acme.com"),
        (ALTERNATIVES, "ada@acme.com"),
        (ALTERNATIVES, "bob@acme.com"),
    ],
)
def test_a_pattern_matches_what_it_was_written_for(pattern: Pattern, name: str) -> None:
    """Rule 7."""
    assert pattern.matches_identity(name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        # exact: byte for byte, no folding of case, space, encoding or normal form
        (exact(RELEASE), RELEASE.upper()),
        (exact(RELEASE), RELEASE.replace("github.com", "GitHub.com")),
        (exact(RELEASE), f"{RELEASE}\n"),
        (exact(RELEASE), f" {RELEASE}"),
        (exact(RELEASE), f"{RELEASE}\0"),
        (exact(RELEASE), RELEASE[:-1]),
        (exact(RELEASE), f"{RELEASE}x"),
        (exact(RELEASE), RELEASE.replace("a", "\N{CYRILLIC SMALL LETTER A}", 1)),
        (exact("jos\N{LATIN SMALL LETTER E WITH ACUTE}@acme.com"), "jose\N{COMBINING ACUTE ACCENT}@acme.com"),
        (exact("https://github.com/acme/*"), "https://github.com/acme/api"),
        (exact("[a-z]+@acme.com"), "ada@acme.com"),
        # * stands for one or more characters of one segment
        (ANY_REPOSITORY, f"https://github.com/acme//.github/workflows/release.yml@{MAIN}"),
        (ANY_REPOSITORY, f"https://github.com/acme/a/b/.github/workflows/release.yml@{MAIN}"),
        (ANY_REPOSITORY, f"https://github.com/evil/acme/api/.github/workflows/release.yml@{MAIN}"),
        (ANY_REPOSITORY, f"https://github.com/acme/api/.github/workflows/releaseXyml@{MAIN}"),
        (ANY_REPOSITORY, f"x{RELEASE}"),
        (ANY_REPOSITORY, f"{RELEASE}/x"),
        (ANY_BRANCH, "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/"),
        (ANY_BRANCH, "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/a/b"),
        (STAFF, "@acme.com"),
        (STAFF, "a/b@acme.com"),
        (STAFF, "ada@acme.com.evil.com"),
        (STAFF, "ada@acmeXcom"),
        (STAFF, "ada@ACME.com"),
        # ** stands for whole segments: it crosses neither // nor @
        (ANYTHING_OF_ACME, "https://github.com/acme"),
        (ANYTHING_OF_ACME, "https://github.com/acme/"),
        (ANYTHING_OF_ACME, "https://github.com/acme/api//x"),
        (ANYTHING_OF_ACME, "https://github.com/acme/api/"),
        (ANYTHING_OF_ACME, RELEASE),
        (ANYTHING_OF_ACME, "https://github.com/acme-evil/api"),
        (ACME_AT_ANY_REF, "https://github.com/acme/api"),
        # GitLab's // is a place of its own
        (GITLAB, "https://gitlab.com/acme/api/.gitlab-ci.yml@refs/heads/main"),
        (GITLAB, "https://gitlab.com/acme/a/b//.gitlab-ci.yml@refs/heads/main"),
        (GITLAB, "https://gitlab.com/acme//api//.gitlab-ci.yml@refs/heads/main"),
        # a regular expression is anchored at both ends, whatever is in it
        (STAFF_REGEX, "ada@acme.com.evil.com"),
        (STAFF_REGEX, "evil/ada@acme.com"),
        (STAFF_REGEX, "ada@acmeXcom"),
        (ALTERNATIVES, "ada@acme.com.evil"),
        (ALTERNATIVES, "evil-bob@acme.com"),
        (LINES, "ada@acme.com\nevil"),
        (LINES, "evil\nada@acme.com"),
    ],
)
def test_a_pattern_does_not_match_a_name_beside_it(pattern: Pattern, name: str) -> None:
    """Rule 7."""
    assert not pattern.matches_identity(name)


AMBIGUOUS = [
    "https://github.com/acme/api@evil/.github/workflows/release.yml@refs/heads/main",
    "https://ada@github.com/acme/api@refs/heads/main",
    "ada@acme.com@evil.com",
    "https://github.com/acme/../evil/api",
    "https://github.com/acme/./api",
    "https://github.com/acme/..",
    "../acme",
    "https://github.com/acme/api@..",
    "https://github.com/acme/%2e%2e/evil",
    "https://github.com/acme/api%00",
    "100%",
    "ada@acme.com\n",
    "\nada@acme.com",
    "ada@acme.com\r",
    "ada\0@acme.com",
    "ada\t@acme.com",
    "ada\x7f@acme.com",
    "ada\x85@acme.com",
    "ada\x1b[31m@acme.com",
]


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_name_that_readers_read_differently_matches_exact_patterns_alone(name: str) -> None:
    """Rule 7: a second @, a dot segment, % or a control character; even under a pattern for everything."""
    assert exact(name).matches_identity(name)
    assert not LOOSE_REGEX.matches_identity(name)
    assert not ANY_CHARACTER.matches_identity(name)
    for pattern in ("**", "*", "**@**", "*@*", "https://**", "https://**@**"):
        assert not glob(pattern).matches_identity(name)


@pytest.mark.parametrize(
    "name",
    [
        "https://github.com/acme/api..x",
        "https://github.com/acme/.github",
        "https://github.com/acme/a...b/c",
        "ada.@acme.com",
        "https://github.com/acme/api//x",
    ],
)
def test_dots_inside_a_segment_and_double_slashes_mislead_nobody(name: str) -> None:
    """Rule 7: the twins of the names above, in one thing different."""
    assert LOOSE_REGEX.matches_identity(name)


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("\N{CYRILLIC SMALL LETTER A}da@acme.com", "ada@acme.com"),
        ("ada@acme\N{ONE DOT LEADER}com", "ada@acme.com"),
        ("ada@acme.com\N{ZERO WIDTH SPACE}", "ada@acme.com"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}ada@acme.com", "ada@acme.com"),
        ("ada@acme\N{FULLWIDTH FULL STOP}com", "ada@acme.com"),
        ("ada\N{FULLWIDTH COMMERCIAL AT}acme.com", "ada@acme.com"),
    ],
)
def test_a_look_alike_is_someone_else(name: str, twin: str) -> None:
    """Rule 7, A-T19: no normal form is taken of either side."""
    for pattern in (exact("ada@acme.com"), STAFF_REGEX, glob("ada@acme.com")):
        assert pattern.matches_identity(twin)
        assert not pattern.matches_identity(name)


@pytest.mark.parametrize(
    "text", ["", "a?", "[a-z]", "{a,b}", "{name}", "a]", "***", "a**", "**a", "https://x/a**/b", "x**@y", "\\[a\\]"]
)
def test_what_is_no_glob_is_an_error(text: str) -> None:
    """Rule 7: ?, brackets and braces are errors, and ** stands between slashes."""
    with pytest.raises(PatternError):
        glob(text)


@pytest.mark.parametrize("text", ["(", "a{1001}", r"(?=x)", r"(a)\1", "[", "*"])
def test_what_re2_does_not_read_is_an_error(text: str) -> None:
    """A-T23: neither backtracking nor look-around."""
    with pytest.raises(PatternError):
        regex(text)


@pytest.mark.parametrize("text", ["a.b", "a+b", "a^b$c", "a|b", "(a)", "a\\b"])
def test_what_means_something_in_a_regular_expression_means_itself_in_a_glob(text: str) -> None:
    assert glob(text).matches_identity(text)
    assert not glob(text).matches_identity("axb")
    assert not glob(text).matches_identity("a")


def test_a_hostile_name_is_no_signer_and_its_plain_twin_is_one() -> None:
    """Rule 7, from a policy's text to the verdict."""
    text = f"""
version = 1
[signers.release]
issuer = "{GITHUB}"
identity = {{ glob = "https://github.com/acme/*/.github/workflows/*@refs/heads/*" }}
{RULE}{SIGNED}"""
    assert passes(text, signature(github(RELEASE)))
    for hostile in (
        f"https://github.com/acme/../.github/workflows/release.yml@{MAIN}",
        f"https://github.com/acme/a%2Fb/.github/workflows/release.yml@{MAIN}",
        f"https://github.com/acme/api@x/.github/workflows/release.yml@{MAIN}",
        f"{RELEASE}\n",
    ):
        assert not passes(text, signature(github(hostile)))


def test_a_required_extension_is_matched_whole_too() -> None:
    """Rule 7, A-T23: a glob for a ref does not cross a slash."""
    text = f"""
version = 1
[signers.release]
issuer = "{GITHUB}"
identity = "{RELEASE}"
extensions = {{ source-repository-ref = {{ glob = "refs/tags/v*" }} }}
{RULE}{SIGNED}"""
    assert passes(text, signature(plain(RELEASE, GITHUB, source_repository_ref="refs/tags/v1")))
    for ref in ("refs/tags/v", "refs/tags/v1/x", "xrefs/tags/v1", "refs/tags/v1@x", ""):
        assert not passes(text, signature(plain(RELEASE, GITHUB, source_repository_ref=ref)))
