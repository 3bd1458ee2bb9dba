"""A verification summary is read field by field, and whatever is wrong with it is why it says nothing that counts."""

from __future__ import annotations

from typing import Any

import pytest

from gate.claims.vsa import VSA_V1, Summary, Track, read_summary
from tests.evidence import EARLIER, HEAD, about_source, message, provenance, verified

WHOLE: dict[str, Any] = {
    "verifier": {"id": "https://v.test"},
    "resourceUri": "git+https://github.com/acme/api",
    "policy": {"uri": "https://p.test"},
    "verificationResult": "PASSED",
}


def summary(**changed: Any) -> Summary:
    """What is read of a summary, some of its fields changed."""
    found = read_summary(verified(VSA_V1, {**WHOLE, **changed}))
    assert found is not None
    return found


def test_only_a_statement_of_its_type_is_a_summary() -> None:
    assert (summary().verifier, summary().resource, summary().problem) == (
        "https://v.test",
        "git+https://github.com/acme/api",
        None,
    )
    for item in (message(), provenance(), verified(f"{VSA_V1}/", WHOLE)):
        assert read_summary(item) is None


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (None, {}),
        ([], {}),
        (["SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_4"], {Track.BUILD: 2, Track.SOURCE: 4}),
        (["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_3"], {Track.BUILD: 3}),
        (["SLSA_BUILD_LEVEL_0"], {Track.BUILD: 0}),
        (["SLSA_BUILD_LEVEL_4"], {}),
        (["SLSA_SOURCE_LEVEL_5"], {}),
        (["SLSA_BUILD_LEVEL_UNEVALUATED", "ACME_TESTED", "slsa_build_level_2", "SLSA_BUILD_LEVEL_22", "x" * 2048], {}),
    ],
)
def test_levels_are_those_of_slsas_tracks(levels: object, expected: dict[Track, int]) -> None:
    found = summary(verifiedLevels=levels)
    assert (found.levels, found.problem) == (expected, None)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"verifier": None}, "it has no verifier.id"),
        ({"verifier": {"id": ""}}, "it has no verifier.id"),
        ({"verifier": "x"}, "verifier is a str of 1 characters"),
        ({"verifier": {"id": 7}}, "id is a int"),
        ({"verifier": {"id": "x" * 2049}}, "id is a str of 2049 characters"),
        ({"resourceUri": None}, "it has no resourceUri"),
        ({"policy": None}, "it has no policy.uri"),
        ({"policy": {"uri": ""}}, "it has no policy.uri"),
        ({"verificationResult": "FAILED"}, "its verificationResult is 'FAILED'"),
        ({"verificationResult": "passed"}, "its verificationResult is 'passed'"),
        ({"verificationResult": None}, "its verificationResult is ''"),
        ({"verifiedLevels": "SLSA_BUILD_LEVEL_3"}, "verifiedLevels is a str of 18 characters"),
        ({"verifiedLevels": {"SLSA_BUILD_LEVEL_3": True}}, "verifiedLevels is a dict"),
        ({"verifiedLevels": 3}, "verifiedLevels is a int"),
        ({"verifiedLevels": [3]}, "an entry of verifiedLevels is a int"),
        ({"verifiedLevels": ["x" * 2049]}, "an entry of verifiedLevels is a str of 2049 characters"),
        (
            {"verifiedLevels": ["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3"]},
            "its verifiedLevels name two levels of the build track",
        ),
    ],
)
def test_what_is_wrong_with_a_summary_is_told(changed: dict[str, Any], problem: str) -> None:
    found = summary(**changed)
    assert found.problem == problem
    assert found.levels == {}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (["SLSA_SOURCE_TWO_PARTY_REVIEWED"], True),
        (["SLSA_SOURCE_LEVEL_4"], True),
        (["SLSA_SOURCE_LEVEL_3", "SLSA_BUILD_LEVEL_3"], False),
        ("SLSA_SOURCE_TWO_PARTY_REVIEWED", False),
        ({"SLSA_SOURCE_TWO_PARTY_REVIEWED": True}, False),
        (None, False),
    ],
)
def test_two_parties_are_said_by_that_property_or_the_highest_level(levels: object, *, expected: bool) -> None:
    assert summary(verifiedLevels=levels).two_party is expected


@pytest.mark.parametrize(
    ("digests", "expected"),
    [
        ({"gitCommit": HEAD}, True),
        ({"gitCommit": HEAD, "sha1": HEAD}, True),
        ({"gitCommit": HEAD, "sha1": EARLIER}, False),
        ({"gitCommit": EARLIER}, False),
        ({"sha1": HEAD}, False),
        ({"gitTree": HEAD}, False),
    ],
)
def test_the_subject_that_is_a_commit_is_it_by_every_digest(digests: dict[str, str], *, expected: bool) -> None:
    item = about_source(VSA_V1, WHOLE, {"gitCommit": "5" * 40}, digests)
    found = read_summary(item)
    assert found is not None
    subject = found.subject(HEAD)
    assert (subject is not None) is expected
    assert subject is None or subject.digests == digests


def test_a_summary_of_the_image_is_of_no_commit() -> None:
    assert summary().subject(HEAD) is None
