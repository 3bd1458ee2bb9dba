"""Repositories, refs and commits have one spelling, and a certificate says one thing of them (rules 12 and 17)."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gate.claims.source import Source, canonical_repository, certified_source, is_commit, ref_of
from tests.evidence import EARLIER, GITHUB, GITLAB, HEAD, MAIN, REPOSITORY, github, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SAME = [
    REPOSITORY,
    f"git+{REPOSITORY}",
    f"{REPOSITORY}.git",
    f"git+{REPOSITORY}.git",
    f"git+{REPOSITORY}@{MAIN}",
    f"git+{REPOSITORY}.git@{MAIN}",
    f"{REPOSITORY}@{HEAD}",
    f"{REPOSITORY}@refs/heads/a@b",
    "https://GitHub.com/acme/api",
    "HTTPS://GITHUB.COM/acme/api",
    f"{REPOSITORY}/",
]
DIFFERENT = [
    "",
    "https://github.com",
    "https://github.com/",
    "https://github.com/acme",
    "https://github.com/acme/ap",
    "https://github.com/acme/api2",
    "https://github.com/acme/api-evil",
    "https://github.com/acme/api/evil",
    "https://github.com/acme/api.git.git",
    "https://github.com/acme/api.git/evil",
    "https://github.com/acme/api/.git",
    "https://github.com/Acme/api",
    "https://github.com/acme/API",
    "https://github.com/mallory/api",
    "https://github.com//acme/api",
    "https://github.com/acme//api",
    "https://github.com/acme/x/../api",
    "https://github.com/acme/./api",
    "https://github.com/acme/%61pi",
    "https://github.com/acme/api?x",
    "https://github.com/acme/api#x",
    "https://ada@github.com/acme/api",
    "https://ada:secret@github.com/acme/api",
    "https://github.com@evil.com/acme/api",
    "https://evil.com/@github.com/acme/api",
    "https://github.com:443/acme/api",
    "https://github.com:8443/acme/api",
    "https://github.com./acme/api",
    "https://www.github.com/acme/api",
    "https://github.com.evil.com/acme/api",
    "https://gitlab.com/acme/api",
    "https://g\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}thub.com/acme/api",
    "http://github.com/acme/api",
    "ssh://github.com/acme/api",
    "ssh://git@github.com/acme/api",
    "git://github.com/acme/api",
    "git@github.com:acme/api",
    "git@github.com:acme/api.git",
    "github.com/acme/api",
    "acme/api",
    "//github.com/acme/api",
    "git+git+https://github.com/acme/api",
    "GIT+https://github.com/acme/api",
    f" {REPOSITORY}",
    f"{REPOSITORY} ",
    f"{REPOSITORY}\n",
    f"{REPOSITORY}\0",
    f"{REPOSITORY}@refs/heads/main\n",
]


@pytest.mark.parametrize("uri", SAME)
def test_the_spellings_of_one_repository_are_one(uri: str) -> None:
    """Rule 12, A-T5: without git+, .git, @ref, and the host in lower case."""
    assert canonical_repository(uri) == REPOSITORY


@pytest.mark.parametrize("uri", DIFFERENT)
def test_another_repository_stays_another(uri: str) -> None:
    """Rule 12: compared whole, never by prefix; the path has a case, user, port and scheme are part of it."""
    assert canonical_repository(uri) != REPOSITORY


def test_an_at_sign_that_begins_a_path_segment_is_no_ref() -> None:
    """Rule 12: repositories compare whole."""
    assert canonical_repository("https://git.example/@acme/api") != canonical_repository("https://git.example/@evil/x")


@contextmanager
def _hang_guard() -> Iterator[None]:
    """Ten seconds for what takes a millisecond, and would take hours."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 10)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "uri",
    [
        f"https://x{'/a' * 500_000}\n@b\n",
        f"https://x{'/' * 500_000}\n",
        f"https://x/{'@' * 500_000}\n",
        f"https://{'a' * 500_000}\n",
        f"{'a' * 500_000}://",
        f"https://x{'/@a' * 100_000}@b\n",
    ],
    ids=["segments", "slashes", "ats", "host", "scheme", "at-segments"],
)
def test_no_uri_takes_longer_than_it_is_long(uri: str) -> None:
    """Section 9: no hang. Anyone's verified provenance is read, so a stranger chooses these."""
    with _hang_guard():
        assert canonical_repository(uri) != REPOSITORY
        assert ref_of(uri) != MAIN


@pytest.mark.parametrize(
    ("uri", "ref"),
    [
        (f"git+{REPOSITORY}@{MAIN}", MAIN),
        (f"{REPOSITORY}.git@refs/tags/v1", "refs/tags/v1"),
        (f"{REPOSITORY}@refs/heads/a@b", "refs/heads/a@b"),
        (REPOSITORY, None),
        (f"git+{REPOSITORY}", None),
        ("acme/api@refs/heads/main", None),
        ("https://ada@github.com/acme/api", None),
    ],
)
def test_a_ref_is_what_follows_the_path(uri: str, ref: str | None) -> None:
    assert ref_of(uri) == ref


@pytest.mark.parametrize("text", ["1" * 40, "f" * 64, "0123456789abcdef0123456789abcdef01234567"])
def test_a_whole_object_name_is_a_commit(text: str) -> None:
    """A-T6."""
    assert is_commit(text)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1" * 7, "1" * 12, "1" * 39, "1" * 41, "1" * 63, "1" * 65, "A" * 40, "g" * 40, f" {'1' * 39}",
     f"{'1' * 40}\n", f"{'1' * 40} ", "\N{FULLWIDTH DIGIT ONE}" * 40, "\N{ARABIC-INDIC DIGIT ONE}" * 40, "HEAD", MAIN],
)  # fmt: skip
def test_what_is_short_in_upper_case_or_no_hex_is_no_commit(text: str) -> None:
    """A-T6: no prefix ever names a commit."""
    assert not is_commit(text)


def test_a_certificate_names_repository_ref_and_commit() -> None:
    """Rule 12: the new form alone, the old form alone, and both."""
    old = {"github_workflow_repository": "acme/api", "github_workflow_ref": MAIN, "github_workflow_sha": HEAD}
    new = {"source_repository_uri": REPOSITORY, "source_repository_ref": MAIN, "source_repository_digest": HEAD}
    for extensions in (old, new, old | new):
        source = certified_source(plain("x", GITHUB, **extensions))
        assert source is not None
        assert (source.repository, source.ref, source.commits, source.conflict) == (REPOSITORY, MAIN, (HEAD,), None)


@pytest.mark.parametrize(
    ("extension", "value"),
    [
        ("github_workflow_repository", "mallory/api"),
        ("github_workflow_repository", "acme/api2"),
        ("github_workflow_repository", "Acme/api"),
        ("github_workflow_repository", "api"),
        ("github_workflow_repository", "/acme/api"),
        ("github_workflow_repository", ""),
        ("github_workflow_repository", REPOSITORY),
        ("github_workflow_ref", "refs/heads/evil"),
        ("github_workflow_ref", "main"),
        ("github_workflow_ref", ""),
        ("github_workflow_sha", EARLIER),
        ("github_workflow_sha", HEAD[:12]),
        ("github_workflow_sha", ""),
    ],
)
def test_old_and_new_extensions_that_disagree_are_a_conflict(extension: str, value: str) -> None:
    """Rule 12: old and new forms must agree."""
    agreeing = certified_source(github())
    assert agreeing is not None
    assert agreeing.conflict is None
    source = certified_source(github(**{extension: value}))
    assert source is not None
    assert source.conflict is not None


def test_an_old_repository_agrees_with_a_uri_of_the_same_path() -> None:
    """Rule 12: `o/r` with a URI whose path is `/o/r`, on any host."""
    for uri in (REPOSITORY, f"{REPOSITORY}.git", f"{REPOSITORY}/", "https://github.acme.com/acme/api"):
        source = certified_source(plain("x", GITHUB, source_repository_uri=uri, github_workflow_repository="acme/api"))
        assert source is not None
        assert source.conflict is None
    for uri in ("https://x.com/a/acme/api", "https://github.com", "acme/api", "git@github.com:acme/api", ""):
        source = certified_source(plain("x", GITHUB, source_repository_uri=uri, github_workflow_repository="acme/api"))
        assert source is not None
        assert source.conflict is not None


@pytest.mark.parametrize("issuer", [GITLAB, f"{GITHUB}/acme", f"{GITHUB}/", "https://evil.example", GITHUB.upper()])
def test_an_old_repository_alone_is_githubs_only_where_github_says_so(issuer: str) -> None:
    """Rule 12: the old form has no host."""
    ours = certified_source(plain("x", GITHUB, github_workflow_repository="acme/api"))
    assert ours is not None
    assert ours.repository == REPOSITORY
    theirs = certified_source(plain("x", issuer, github_workflow_repository="acme/api"))
    assert theirs == Source(
        conflict="the certificate names a repository 'acme/api' without a host, and its issuer is not GitHub's"
    )


def test_a_person_has_no_source() -> None:
    assert certified_source(plain("ada@acme.com")) is None


def test_a_certificate_that_names_a_commit_and_no_repository_still_names_the_commit() -> None:
    """Rule 12: Fulcio's certificates for Buildkite have source-repository-digest and no repository."""
    source = certified_source(plain("https://buildkite.com/acme/api", "https://agent.buildkite.com",
                                    source_repository_digest=HEAD))  # fmt: skip
    assert source == Source(commits=(HEAD,))


@pytest.mark.parametrize("issuer", [GITHUB, GITLAB])
def test_a_certificate_that_names_a_ref_alone_names_no_repository_and_no_commit(issuer: str) -> None:
    assert certified_source(plain("x", issuer, source_repository_ref=MAIN)) == Source(ref=MAIN)
    assert certified_source(plain("x", issuer, github_workflow_ref=MAIN)) == Source(ref=MAIN)


def test_a_certificate_of_a_host_without_a_path_disagrees_with_every_old_form() -> None:
    identity = github(repository="https://github.com", github_workflow_repository="acme/api")
    found = certified_source(identity)
    assert found is not None
    assert found.conflict == "the certificate names the repositories 'https://github.com' and 'acme/api'"
