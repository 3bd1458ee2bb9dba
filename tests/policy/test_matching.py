"""The one matcher: what a text of the policy matches, and what it never does."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.policy.matching import How, Pattern, PatternError, exact, glob, regex

PROPERTY = settings(
    deadline=None, derandomize=True, database=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
MAKERS = {How.EXACT: exact, How.GLOB: glob, How.REGEX: regex}
API = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"


def make(how: str, text: str) -> Pattern:
    return MAKERS[How(how)](text)


# pattern, what it matches, what it does not

GLOBS: list[tuple[str, list[str], list[str]]] = [
    # the table of the module's own docstring
    ("refs/tags/v*", ["refs/tags/v1.2"], ["refs/tags/v", "refs/tags/v1/x"]),
    ("ghcr.io/acme/**", ["ghcr.io/acme/api", "ghcr.io/acme/a/b"], ["ghcr.io/acme", "ghcr.io/acme/"]),
    ("https://x/*/r@refs/**", ["https://x/a/r@refs/heads/m"], ["https://x/a/b/r@refs/heads/m"]),
    ("*@acme.com", ["ada@acme.com"], ["@acme.com", "a/b@acme.com"]),
    # without a star
    ("ghcr.io/acme/api", ["ghcr.io/acme/api"], ["ghcr.io/acme/api2", "xghcr.io/acme/api", "ghcr.io/acme/ap"]),
    ("a", ["a"], ["", "A", "aa", "a\n", "\na", "a\x00", " a", "a "]),
    # every sign of a regular expression is itself
    ("a.b", ["a.b"], ["axb", "ab"]),
    ("a+b", ["a+b"], ["aab", "ab"]),
    ("(a|b)", ["(a|b)"], ["a", "b"]),
    ("^a$", ["^a$"], ["a"]),
    ("a\\d", ["a\\d"], ["a1"]),
    ("\\Qa\\E", ["\\Qa\\E"], ["a"]),
    ("a-z", ["a-z"], ["b"]),
    ("a b", ["a b"], ["ab", "a\tb"]),
    ("a#b&c~d", ["a#b&c~d"], ["a"]),
    ("a\nb", ["a\nb"], ["a\\nb", "anb"]),
    ("caf\u00e9", ["caf\u00e9"], ["cafe", "cafe\u0301", "CAF\u00c9"]),
    # one star
    ("*", ["a", "a.b", "a b", "\u00e9", "a:b"], ["", "/", "a/b", "@", "a@b", "a/", "/a"]),
    ("v*", ["v1", "v1.2.3", "v-"], ["v", "V1", "v1/2", "v1@2", "xv1"]),
    ("*-api", ["acme-api"], ["-api", "acme/x-api", "acme-api2"]),
    ("a*b", ["axb", "a.b", "abb"], ["ab", "a/b", "a@b", "axbc"]),
    ("a*b*c", ["axbyc", "abbbc"], ["abc", "axbc", "a/byc"]),
    ("ghcr.io/*/api", ["ghcr.io/acme/api"], ["ghcr.io//api", "ghcr.io/a/b/api", "ghcr.io/acme/api/x"]),
    ("ghcr.io/acme/*", ["ghcr.io/acme/api"], ["ghcr.io/acme/", "ghcr.io/acme/a/b", "ghcr.io/acmeX/api"]),
    (
        "*.acme.com/api",
        ["eu.acme.com/api", "a.b.acme.com/api"],
        [".acme.com/api", "acme.com/api", "evil.com/x.acme.com/api"],
    ),
    ("*/*", ["a/b"], ["a", "a/", "/b", "a/b/c"]),
    ("*@*", ["a@b"], ["a@b@c", "@", "a@", "@b"]),
    # two stars
    ("**", ["a", "a/b", "a/b/c", "ghcr.io/acme/api"], ["", "/", "a/", "/a", "a//b", "a@b"]),
    ("a/**", ["a/b", "a/b/c"], ["a", "a/", "a//b", "a/b/", "a/b//c", "a/b@c", "b/a"]),
    ("**/a", ["x/a", "x/y/a"], ["a", "/a", "x//a", "xa"]),
    ("a/**/z", ["a/b/z", "a/b/c/z"], ["a/z", "a//z", "a/b//z", "a/b/zz"]),
    ("**/**", ["a/b", "a/b/c"], ["a"]),
    ("*/**", ["a/b", "a/b/c"], ["a", "a/"]),
    ("a/**@b", ["a/x@b", "a/x/y@b"], ["a@b", "a/@b", "a/x@y@b"]),
    ("a@**", ["a@b", "a@b/c"], ["a@", "a@b@c", "a@/b"]),
    ("a/**/v*", ["a/b/v1", "a/b/c/v2"], ["a/v1", "a/b/v"]),
    # identities, as Fulcio writes them
    (
        "https://github.com/acme/*/.github/workflows/release.yml@refs/heads/main",
        [API],
        [
            API.replace("acme/api", "acme/api/evil"),
            API.replace("acme", "evil"),
            API.replace("refs/heads/main", "refs/heads/main2"),
            API.replace("main", "x/refs/heads/main"),
            API.replace("https", "http"),
            f"{API}@refs/heads/main",
            "https://github.com/acme//.github/workflows/release.yml@refs/heads/main",
        ],
    ),
    (
        "https://gitlab.com/acme/*//.gitlab-ci.yml@refs/heads/main",
        ["https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"],
        [
            "https://gitlab.com/acme/group/api//.gitlab-ci.yml@refs/heads/main",
            "https://gitlab.com/acme/api/.gitlab-ci.yml@refs/heads/main",
            "https://gitlab.com/acme/api//evil//.gitlab-ci.yml@refs/heads/main",
        ],
    ),
    (
        "https://gitlab.com/acme/**//.gitlab-ci.yml@refs/tags/v*",
        ["https://gitlab.com/acme/group/api//.gitlab-ci.yml@refs/tags/v1"],
        ["https://gitlab.com/acme/api//x//.gitlab-ci.yml@refs/tags/v1"],
    ),
]

REGEXES: list[tuple[str, list[str], list[str]]] = [
    (
        r"[a-z.]+@acme\.com",
        ["ada.l@acme.com"],
        ["ada@acmexcom", "ada@acme.com.evil", "x ada@acme.com", "ada@acme.com\n"],
    ),
    ("a", ["a"], ["", "aa", "ba", "ab", "a\n", "\na", "A"]),
    ("a|b", ["a", "b"], ["ab", "ax", "xb", ""]),
    ("a|bc|", ["a", "bc", ""], ["abc", "b"]),
    ("^a$", ["a"], ["a\n", "aa"]),
    ("(?m)^a$", ["a"], ["a\nb", "b\na", "a\n"]),
    ("(?m)a$", ["a"], ["a\nb", "xa"]),
    (r"\Aa\z", ["a"], ["a\n"]),
    (".*", ["", "a", "a/b@c"], ["a\nb", "\n"]),
    ("(?s).*", ["a\nb"], []),
    ("(?i)ada", ["ada", "ADA"], ["ad"]),
    ("v[0-9]+", ["v1", "v12"], ["v", "v1a", "v\u0661"]),
    (r"v\d+", ["v1"], ["v\u0661", "v"]),
    (r"\w+", ["a_1"], ["\u00e9", "a-b"]),
    ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
    (r"\Qa.b\E", ["a.b"], ["axb"]),
    ("(?P<who>a)", ["a"], ["b"]),
    ("\u00e9+", ["\u00e9\u00e9"], ["e"]),
    ("[^@]+@acme", ["a@acme", "a/b@acme"], ["a@b@acme"]),
]


@pytest.mark.parametrize(("how", "rows"), [("glob", GLOBS), ("regex", REGEXES)])
def test_a_pattern_matches_what_it_says_and_nothing_else(
    how: str, rows: list[tuple[str, list[str], list[str]]]
) -> None:
    for text, those, others in rows:
        pattern = make(how, text)
        assert (text, [value for value in those if not pattern.matches(value)]) == (text, [])
        assert (text, [value for value in others if pattern.matches(value)]) == (text, [])
        assert (text, [value for value in others if pattern.matches_identity(value)]) == (text, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty pattern matches nothing"),
        ("v?", "'v?': ? has no meaning in a glob here; only * and ** have"),
        ("v[0-9]", "'v[0-9]': [ has no meaning in a glob here; only * and ** have"),
        ("v]", "'v]': ] has no meaning in a glob here; only * and ** have"),
        ("{a,b}", "'{a,b}': { has no meaning in a glob here; only * and ** have"),
        ("a}", "'a}': } has no meaning in a glob here; only * and ** have"),
        ("{name}", "'{name}': { has no meaning in a glob here; only * and ** have"),
        ("***", "'***': only * and ** are patterns"),
        ("a/****", "'a/****': only * and ** are patterns"),
        ("a**", "'a**': ** stands for whole segments, so it stands between slashes"),
        ("**a", "'**a': ** stands for whole segments, so it stands between slashes"),
        ("a/**b", "'a/**b': ** stands for whole segments, so it stands between slashes"),
        ("refs/**.x", "'refs/**.x': ** stands for whole segments, so it stands between slashes"),
        ("oci:**", "'oci:**': ** stands for whole segments, so it stands between slashes"),
        ("\x1b?", "'\\x1b?': ? has no meaning in a glob here; only * and ** have"),
        ("\u202e?", "'\\u202e?': ? has no meaning in a glob here; only * and ** have"),
    ],
)
def test_what_is_no_glob_is_an_error_that_says_why(text: str, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        glob(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a", "missing ): (a"),
        ("a)", "unexpected ): a)"),
        ("[a", "missing ]: [a"),
        ("*", "no argument for repetition operator: *"),
        ("a**", "bad repetition operator: **"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("(?=a)", "invalid perl operator: (?="),
        ("(?!a)", "invalid perl operator: (?!"),
        ("(?<=a)b", "invalid perl operator: (?<="),
        (r"(a)\1", r"invalid escape sequence: \1"),
        (r"\pX", r"invalid character class range: \pX"),
        ("a\\", "trailing \\"),
        ("[z-a]", "invalid character class range: z-a"),
    ],
)
def test_what_is_no_regular_expression_is_an_error_that_says_why(text: str, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        regex(text)
    assert str(caught.value) == f"{text!a} is no regular expression (RE2): {reason}"


AMBIGUOUS = [
    "a@b@c",
    f"{API}@refs/heads/main",
    "https://github.com/acme/../evil/x",
    "https://github.com/acme/./x",
    "..",
    ".",
    "../a",
    "a/..",
    "a/.",
    "/..",
    "a@..",
    "a@../b",
    "a/..@b",
    "a/.@b",
    "a%2fb",
    "a%",
    "a\nb",
    "a\n",
    "a\rb",
    "a\tb",
    "a\x00",
    "a\x1b[31m",
    "a\x7f",
    "a\x80",
    "a\x9b31m",
]


@pytest.mark.parametrize("identity", AMBIGUOUS)
def test_an_identity_with_two_readings_matches_exact_patterns_only(identity: str) -> None:
    assert exact(identity).matches_identity(identity)
    for pattern in (regex("(?s).*"), regex("(?s).+"), glob("**"), glob("*"), glob("*@*"), glob("*/**"), glob("**@**")):
        assert not pattern.matches_identity(identity)


@pytest.mark.parametrize(
    "identity", [API, "ada@acme.com", "a..b", "a/...", "a/.github/x", "..a", "\u00e9@acme.com", "a b"]
)
def test_an_ordinary_identity_matches_patterns(identity: str) -> None:
    assert regex("(?s).*").matches_identity(identity)


@pytest.mark.parametrize("text", [".", "a*", "a.b", "(", "?", "a\n", "A", "\u00e9", "e\u0301", "", "**"])
def test_a_plain_text_matches_itself_and_nothing_else(text: str) -> None:
    pattern = exact(text)
    assert pattern.matches(text)
    for other in (f"{text}\n", f"{text} ", f" {text}", f"{text}x", text + text + "y", "xx"):
        assert not pattern.matches(other)


def test_look_alikes_are_different_texts() -> None:
    for pattern in (exact("caf\u00e9"), glob("caf\u00e9"), regex("caf\u00e9")):
        assert not pattern.matches("cafe\u0301")
        assert not pattern.matches("\u0441af\u00e9")


def test_a_pattern_says_how_it_compares() -> None:
    assert [str(make(how, "a")) for how in ("exact", "glob", "regex")] == ["a", "glob a", "regex a"]


# Properties

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
PATHS = st.text(alphabet="ab/@.\n", max_size=12)
PLAIN = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="*?[]{}"), min_size=1, max_size=12)
SEGMENT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/@"), min_size=1, max_size=5)


@PROPERTY
@given(text=PLAIN, other=TEXT)
def test_a_glob_without_a_star_matches_itself_alone(text: str, other: str) -> None:
    assert glob(text).matches(text)
    assert glob(text).matches(other) is (other == text)


@PROPERTY
@given(text=PLAIN, at=st.integers(0, 12), other=st.sampled_from(["\n", "\r", " ", "\x00", ".", "a"]))
def test_nothing_can_be_slipped_into_a_text(text: str, at: int, other: str) -> None:
    longer = text[:at] + other + text[at:]
    assert not exact(text).matches(longer)
    assert not glob(text).matches(longer)


@PROPERTY
@given(before=PLAIN, after=PLAIN, value=PATHS | TEXT)
def test_a_star_matches_one_or_more_characters_but_never_a_slash_or_an_at(before: str, after: str, value: str) -> None:
    matched = glob(f"{before}*{after}").matches(f"{before}{value}{after}")
    assert matched is (bool(value) and not set(value) & {"/", "@"})


@PROPERTY
@given(value=PATHS)
def test_a_lonely_star_is_a_segment(value: str) -> None:
    assert glob("*").matches(value) is (bool(value) and not set(value) & {"/", "@"})


@PROPERTY
@given(value=PATHS | TEXT)
def test_two_stars_are_whole_segments(value: str) -> None:
    whole = "@" not in value and all(value.split("/"))
    assert glob("**").matches(value) is whole
    assert glob("a/**").matches(f"a/{value}") is whole
    assert glob("a/**/b").matches(f"a/{value}/b") is whole


@PROPERTY
@given(segments=st.lists(SEGMENT, min_size=1, max_size=5), more=SEGMENT)
def test_stars_match_segment_by_segment(segments: list[str], more: str) -> None:
    pattern = glob("/".join("*" for _ in segments))
    assert pattern.matches("/".join(segments))
    assert not pattern.matches("/".join([*segments, more]))
    assert not pattern.matches("/".join(segments[1:]))


@PROPERTY
@given(text=st.text(alphabet="ab*/@.?[]{}()|\\^$+\n", max_size=10), value=TEXT)
def test_a_glob_is_one_or_is_refused(text: str, value: str) -> None:
    message = ""
    try:
        assert glob(text).matches(value) in (True, False)
    except PatternError as error:
        message = str(error)
    assert message.isprintable()


@PROPERTY
@given(text=st.text(alphabet="ab*+?.()|", max_size=10), value=st.text(alphabet="ab\n", max_size=6))
def test_a_regular_expression_means_what_python_means_by_it_from_end_to_end(text: str, value: str) -> None:
    try:
        pattern = regex(text)
    except PatternError:
        return  # Python knows more than RE2
    assert pattern.matches(value) is (re.fullmatch(text, value) is not None)


@PROPERTY
@given(word=st.text(alphabet="abc", min_size=1, max_size=5), before=TEXT, after=TEXT)
def test_a_word_as_a_regular_expression_matches_that_word_alone(word: str, before: str, after: str) -> None:
    value = f"{before}{word}{after}"
    assert regex(word).matches(value) is (value == word)
    assert regex(f"^{word}$").matches(value) is (value == word)
    assert regex(f"(?m)^{word}$").matches(value) is (value == word)


@PROPERTY
@given(identity=TEXT | PATHS)
def test_an_identity_never_matches_more_than_a_text_does(identity: str) -> None:
    for pattern in (regex("(?s).*"), glob("**"), glob("*"), glob("*@**"), exact(identity)):
        assert pattern.matches(identity) or not pattern.matches_identity(identity)


@pytest.mark.parametrize(
    ("how", "pattern", "value"),
    [
        ("regex", "(a+)+b", "a" * 100_000),
        ("regex", "(a*)*(a*)*(a*)*b", "a" * 100_000),
        ("regex", "(a|aa)+b", "a" * 100_000),
        ("regex", "(.*)(.*)(.*)(.*)(.*)b", "a" * 100_000),
        ("regex", "(?:a?){500}a{500}b", "a" * 500),
        ("glob", "*a" * 20 + "b", "a" * 100_000),
        ("glob", "*" + "a*" * 50 + "b", "a" * 100_000),
        ("glob", "**/" * 12 + "b", "a/" * 50_000 + "a"),
        ("glob", "*/**/*/**/*/**/b", "a/" * 50_000 + "a"),
    ],
)
def test_hostile_texts_take_no_longer_than_they_are_long(how: str, pattern: str, value: str) -> None:
    """A backtracking engine would not come back from any of these."""
    assert not make(how, pattern).matches(value)
    assert not make(how, pattern).matches_identity(value)


# Bugs that were found


@pytest.mark.parametrize("pattern", [glob("*"), glob("**"), regex("(?s).*")])
def test_a_lone_surrogate_matches_no_pattern_and_is_no_crash(pattern: Pattern) -> None:
    assert not pattern.matches("a\ud800")
    assert not pattern.matches_identity("a\ud800")


@pytest.mark.parametrize("text", ["(\x1b", "(\n", "(\u202e", "[\x9b"])
def test_the_reason_for_a_bad_regular_expression_is_escaped(text: str) -> None:
    with pytest.raises(PatternError) as caught:
        regex(text)
    assert str(caught.value).isprintable()
