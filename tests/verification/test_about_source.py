"""A statement about a commit is evidence of its own kind: only of a type that may be, and never about the image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gate.limits import MAX_TEXT, Limits
from gate.strictjson import Refused
from gate.verification import AboutSource, Evidence, Statement, Verified, verify
from gate.verification.statement import Artifact, NotAbout, read_statement
from tests.forge import Sigstore
from tests.verification.lab import FORGED_HEX, FORGED_IMAGE, FORGED_NOW, about_forged, candidate, forged_root

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "https://example.com/commit/v1"
PATCH = "https://example.com/patch/v1"
COMMIT = "1" * 40
TYPES = {TYPE: frozenset({"gitCommit", "gitTree", "sha1"}), PATCH: frozenset[str]()}
ARTIFACT = Artifact.of(FORGED_IMAGE, source_types=TYPES)


def _about(*digests: Any, predicate_type: str = TYPE, **fields: Any) -> bytes:
    subjects = [{"name": "git+commit", "uri": "git+https://x/y", "digest": digest, **fields} for digest in digests]
    return about_forged(subject=subjects, predicateType=predicate_type)


def _read(payload: bytes, artifact: Artifact = ARTIFACT) -> Statement:
    return read_statement(payload, artifact, Limits())


def test_an_artifact_knows_the_types_that_it_was_given_and_no_others() -> None:
    assert Artifact.of(FORGED_IMAGE, source_types=TYPES).source_types == TYPES
    assert Artifact.of(FORGED_IMAGE).source_types == {}


def _evidence(document: Mapping[str, Any]) -> Evidence:
    raw = json.dumps(document).encode()
    (found,) = verify([candidate(raw)], ARTIFACT, [forged_root()], [], now=FORGED_NOW, limits=Limits())
    return found


def test_a_statement_about_a_commit_says_which() -> None:
    """Rule 1: statements about a commit, found as referrers of the image."""
    (subject,) = _read(_about({"gitCommit": COMMIT}, annotations={"sourceRefs": ["refs/heads/main"]})).subjects
    assert (subject.name, subject.uri) == ("git+commit", "git+https://x/y")
    assert subject.digests == {"gitCommit": COMMIT}
    assert subject.annotations == {"sourceRefs": ["refs/heads/main"]}


def test_a_statement_about_the_image_is_about_nothing_else() -> None:
    """Rule 1: any one of many subjects; what stands beside it makes it no statement about a commit."""
    assert _read(_about({"sha256": FORGED_HEX}, {"gitCommit": COMMIT})).subjects == ()


@pytest.mark.parametrize(
    "payload",
    [
        _about({"gitCommit": COMMIT}, predicate_type="https://example.com/other/v1"),
        _about({"sha256": "0" * 64}),
        _about({"gitCommit": COMMIT}, {"sha256": "0" * 64}),
        _about({"gitCommit": COMMIT, "sha256": "0" * 64}),
        _about({"sha256": FORGED_HEX, "sha512": "0" * 128}, predicate_type=PATCH),
    ],
)
def test_what_is_about_something_else_is_still_rejected(payload: bytes) -> None:
    """P-T5 in spirit: a type that is not known for it, or a subject that is no commit, is of another artifact."""
    with pytest.raises(NotAbout):
        _read(payload)


def test_without_types_nothing_is_about_a_source() -> None:
    with pytest.raises(NotAbout):
        _read(_about({"gitCommit": COMMIT}), Artifact.of(FORGED_IMAGE))


def test_a_type_about_patches_is_about_any_digest() -> None:
    assert _read(_about({"sha256": "0" * 64}, predicate_type=PATCH)).subjects[0].digests == {"sha256": "0" * 64}


def test_a_commit_may_be_named_by_all_the_algorithms_that_its_type_knows() -> None:
    digests = dict.fromkeys(TYPES[TYPE], COMMIT)
    assert _read(_about(digests)).subjects[0].digests == digests


def test_the_longest_name_and_digest_are_read_and_longer_ones_are_not() -> None:
    longest = "x" * (MAX_TEXT - len("git+https://x/y"))
    assert _read(_about({"gitCommit": COMMIT}, name=longest)).subjects[0].name == longest
    digest = "1" * (MAX_TEXT - len("gitCommit"))
    assert _read(_about({"gitCommit": digest})).subjects[0].digests == {"gitCommit": digest}
    for payload in (_about({"gitCommit": COMMIT}, name=f"{longest}x"), _about({"gitCommit": f"{digest}1"})):
        with pytest.raises(Refused):
            _read(payload)


def test_a_name_or_annotations_of_another_type_are_none() -> None:
    (subject,) = _read(_about({"gitCommit": COMMIT}, name=5, uri=[], annotations=["x"])).subjects
    assert (subject.name, subject.uri, subject.annotations) == ("", "", {})


@pytest.mark.parametrize(
    "digest", [{}, {"gitCommit": 5}, {"gitCommit": None}, {"gitCommit": COMMIT, "sha1": 5}, {"gitCommit": "1" * 3000}]
)
def test_digests_that_are_no_texts_are_refused(digest: Mapping[str, object]) -> None:
    """A-T18."""
    with pytest.raises(Refused):
        _read(_about(digest))


def test_a_name_of_megabytes_is_refused() -> None:
    with pytest.raises(Refused):
        _read(_about({"gitCommit": COMMIT}, name="x" * 3000))


def test_its_signature_is_verified_like_any_other() -> None:
    """It is no `Verified`: what takes one for the image's cannot be handed it."""
    bundle = Sigstore().sign(_about({"gitCommit": COMMIT}))
    found = _evidence(bundle)
    assert isinstance(found, AboutSource)
    assert not isinstance(found, Verified)
    assert found.signed_at is not None
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA" + bundle["dsseEnvelope"]["signatures"][0]["sig"][4:]
    assert not isinstance(_evidence(bundle), AboutSource)
