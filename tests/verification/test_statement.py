"""What a statement is about: the image under its own algorithm, whichever of many subjects it is, uncontradicted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from gate.limits import Limits
from gate.reference import Digest
from gate.sources import Content
from gate.strictjson import Refused
from gate.verification import Barred, Doubt, Rejected, Step, Verified
from gate.verification.statement import Artifact, NotAbout, read_statement
from tests.forge import Sigstore, statement
from tests.verification.lab import (
    DROP,
    FORGED_HEX,
    FORGED_IMAGE,
    FORGED_IMAGE_RAW,
    FORGED_NOW,
    about_forged,
    bundle,
    edited,
    forged_outcome,
    forged_rejected,
    forged_root,
    forged_verified,
    image,
    outcome,
    rejected,
    said,
)

SHA384 = hashlib.sha384(FORGED_IMAGE_RAW).hexdigest()
SHA512 = hashlib.sha512(FORGED_IMAGE_RAW).hexdigest()
OTHER = "0" * 64


def _subjects(*digests: Any) -> bytes:
    return about_forged(subject=[{"name": "x", "digest": digest} for digest in digests])


def _signed(payload: bytes) -> Verified | Rejected:
    return forged_outcome(Sigstore().sign(payload))


def _step(payload: bytes) -> Step | Barred:
    evidence = forged_rejected(Sigstore().sign(payload))
    assert evidence.authentic, "the signature held; what failed came after"
    assert evidence.stated is not None
    return evidence.step


def test_a_bundle_about_another_image_is_rejected_for_its_subject() -> None:
    evidence = rejected(bundle(), about=image("gitlab-signed"))
    assert evidence.step is Step.SUBJECT
    assert evidence.doubt is None
    assert str(image("gitlab-signed").digest) in evidence.reason


def test_a_bundle_about_an_index_is_not_about_its_children() -> None:
    case = "index-signed-children-not"
    child = json.loads(image(case).raw)["manifests"][0]["digest"].removeprefix("sha256:")
    evidence = rejected(bundle(case), about=Content(digest=Digest("sha256", child), media_type="", raw=b"{}"))
    assert evidence.step is Step.SUBJECT


@pytest.mark.parametrize("version", ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"])
def test_both_versions_of_the_statement_are_read(version: str) -> None:
    """SLSA-6."""
    evidence = forged_verified(Sigstore().sign(about_forged(_type=version)))
    assert said(evidence).version == version
    assert evidence.predicate_type == "https://example.com/p/v1"


@pytest.mark.parametrize(
    "version", ["https://in-toto.io/Statement/v2", "https://in-toto.io/Statement/v1 ", "", None, 1, [], {}]
)
def test_any_other_version_is_refused(version: object) -> None:
    """SLSA-6."""
    assert _step(about_forged(_type=version)) is Step.PAYLOAD


@pytest.mark.parametrize(
    "payload",
    [
        _subjects({"sha256": FORGED_HEX}),
        _subjects({"sha256": OTHER}, {"sha256": FORGED_HEX}),
        _subjects(*[{"sha256": f"{number:064x}"} for number in range(3000)], {"sha256": FORGED_HEX}),
        _subjects({"sha256": FORGED_HEX}, {"sha256": FORGED_HEX}),
        _subjects({"sha256": FORGED_HEX, "sha512": SHA512, "sha384": SHA384}),
        _subjects({"sha256": FORGED_HEX, "gitCommit": "1" * 40, "sha1": "2" * 40}),
        _subjects({"sha512": OTHER * 2}, {"sha256": FORGED_HEX}),
    ],
)
def test_any_one_subject_may_be_the_image(payload: bytes) -> None:
    assert isinstance(_signed(payload), Verified)


@pytest.mark.parametrize(
    "payload",
    [
        _subjects({"sha256": OTHER}),
        _subjects({"sha512": FORGED_HEX}),
        _subjects({"sha1": FORGED_HEX}),
        _subjects({"SHA256": FORGED_HEX}),
        _subjects({"gitCommit": FORGED_HEX}),
        _subjects({"sha256": FORGED_HEX.upper()}),
        _subjects({"sha256": f"sha256:{FORGED_HEX}"}),
        _subjects({"sha256": f" {FORGED_HEX}"}),
        _subjects({"sha256": FORGED_HEX[:-1]}),
        _subjects({"sha256": f"{FORGED_HEX}0"}),
        _subjects({"sha256": [FORGED_HEX]}),
        _subjects({"sha256": {FORGED_HEX: FORGED_HEX}}),
        _subjects({"sha256": None}),
        _subjects({"sha256": ""}),
        _subjects({}),
        _subjects({"sha512": SHA512}),
        _subjects({"sha256": FORGED_HEX, "sha512": OTHER * 2}),
        _subjects({"sha256": FORGED_HEX, "sha512": SHA512.upper()}),
        _subjects({"sha256": FORGED_HEX, "sha384": ""}),
        _subjects({"sha256": FORGED_HEX, "sha512": None}),
        about_forged(subject=[{"name": f"x@sha256:{FORGED_HEX}", "digest": {"sha256": OTHER}}]),
    ],
)
def test_a_statement_about_anything_else_is_rejected_for_its_subject(payload: bytes) -> None:
    """SLSA-7."""
    assert _step(payload) is Step.SUBJECT


@pytest.mark.parametrize(
    "subject",
    [None, [], {}, "x", 7, [None], ["x"], [{}], [{"name": "x"}], [{"digest": FORGED_HEX}], {"digest": {"sha256": "x"}}],
)
def test_a_statement_without_a_subject_is_refused(subject: object) -> None:
    assert _step(about_forged(subject=subject)) is Step.PAYLOAD


def test_an_image_asked_for_by_sha512_is_matched_under_sha512_alone() -> None:
    about = Content(digest=Digest("sha512", SHA512), media_type="", raw=FORGED_IMAGE_RAW)
    known = Artifact.of(about)
    limits = Limits()
    read_statement(_subjects({"sha512": SHA512}), known, limits)
    read_statement(_subjects({"sha512": SHA512, "sha256": FORGED_HEX}), known, limits)
    for digest in ({"sha256": FORGED_HEX}, {"sha256": SHA512}, {"sha512": SHA512, "sha256": OTHER}):
        with pytest.raises(NotAbout):
            read_statement(_subjects(digest), known, limits)


def test_a_file_may_be_named_by_any_digest_of_its_own_bytes() -> None:
    """Rule 1: npm's subjects have sha512 alone. What is known of the file decides; sha384 is not known here."""
    digests = {"sha256": bytes.fromhex(FORGED_HEX), "sha512": bytes.fromhex(SHA512)}
    held = Content(digest=Digest("sha256", FORGED_HEX), media_type="", raw=b"", digests=digests)
    for raw in (held, FORGED_IMAGE):
        read_statement(_subjects({"sha512": SHA512}), Artifact.of(raw, any_digest=True), Limits())
        with pytest.raises(NotAbout):
            read_statement(_subjects({"sha512": SHA512}), Artifact.of(raw), Limits())
    with pytest.raises(NotAbout):
        read_statement(_subjects({"sha384": "0" * 96}), Artifact.of(held, any_digest=True), Limits())


@pytest.mark.parametrize("predicate", [DROP, None])
def test_a_predicate_that_is_missing_or_null_is_an_empty_one(predicate: object) -> None:
    document = edited(json.loads(about_forged()), "predicate", predicate)
    assert said(forged_verified(Sigstore().sign(json.dumps(document).encode()))).predicate == {}


@pytest.mark.parametrize("predicate", [[], [{}], "x", 0, 1.5, False, True])
def test_a_predicate_that_is_no_object_is_refused(predicate: object) -> None:
    assert _step(about_forged(predicate=predicate)) is Step.PAYLOAD


@pytest.mark.parametrize("predicate_type", ["", None, 7, [], ["https://example.com/p/v1"], "x" * 2049])
def test_a_statement_without_a_predicate_type_is_refused(predicate_type: Any) -> None:
    assert _step(about_forged(predicateType=predicate_type)) is Step.PAYLOAD


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"[]",
        b"null",
        b"not JSON",
        b"\xff",
        b'\xef\xbb\xbf{"_type": "https://in-toto.io/Statement/v1"}',
        about_forged() + b"\0",
        about_forged() + about_forged(),
        about_forged()[:-1] + b', "n": NaN}',
        about_forged()[:-1] + b', "n": 1e999}',
    ],
)
def test_a_signed_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    evidence = forged_rejected(Sigstore().sign(payload))
    assert evidence.step is Step.PAYLOAD
    assert evidence.authentic
    assert evidence.doubt is None


def test_a_signed_payload_with_a_second_subject_key_is_refused() -> None:
    doubled = statement(OTHER)[:-1] + b', "subject": [{"name": "x", "digest": {"sha256": "%s"}}]}' % FORGED_HEX.encode()
    assert _step(doubled) is Step.PAYLOAD


def test_a_signed_payload_that_is_too_deep_is_in_doubt() -> None:
    predicate: object = {}
    for _ in range(70):
        predicate = {"a": predicate}
    evidence = forged_rejected(Sigstore().sign(about_forged(predicate=predicate)))
    assert evidence.step is Step.PAYLOAD
    assert evidence.doubt is Doubt.UNREADABLE
    assert evidence.authentic


def test_a_payload_that_is_too_deep_under_a_broken_signature_is_in_no_doubt() -> None:
    predicate: object = {}
    for _ in range(70):
        predicate = {"a": predicate}
    document = Sigstore().sign(about_forged(predicate=predicate))
    evidence = forged_rejected(edited(document, "dsseEnvelope.payload", document["dsseEnvelope"]["payload"][:-8]))
    assert evidence.step is Step.SIGNATURE
    assert evidence.doubt is None
    assert not evidence.authentic


def test_a_signed_payload_with_duplicate_keys_is_in_doubt() -> None:
    """A-T17."""
    evidence = forged_rejected(Sigstore().sign(about_forged()[:-1] + b', "x": 1, "x": 2}'))
    assert evidence.doubt is Doubt.UNREADABLE


def test_a_payload_that_nobody_signed_is_never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        pytest.fail("a payload was parsed before its signature verified")

    monkeypatch.setattr("gate.verification.candidate.read_statement", never)
    document = Sigstore().sign(about_forged())
    evidence = forged_rejected(edited(document, "dsseEnvelope.payload", document["dsseEnvelope"]["payload"][:-4]))
    assert evidence.step is Step.SIGNATURE


def test_large_payloads_of_good_signatures_are_not_bound_by_the_bundles_tokens() -> None:
    packages = [{"name": f"p{number}", "files": [1, 2, 3]} for number in range(2000)]
    document = Sigstore().sign(about_forged(predicate={"packages": packages}))
    assert isinstance(outcome(document, forged_root(), about=FORGED_IMAGE, limits=Limits(json_tokens=1000)), Verified)


def test_reading_a_statement_says_what_it_is_about() -> None:
    with pytest.raises(NotAbout, match=r"sha256:0+, sha1:x, nothing, \.\.\., not about"):
        read_statement(
            _subjects({"sha256": OTHER}, {"sha1": "x"}, {}, {"sha256": "y"}), Artifact.of(FORGED_IMAGE), Limits()
        )


def test_reading_what_is_no_statement_is_refused() -> None:
    with pytest.raises(Refused):
        read_statement(b"[]", Artifact.of(FORGED_IMAGE), Limits())


def test_a_subject_that_contradicts_itself_refuses_the_statement_though_another_one_is_right() -> None:
    """Rule 1: what names the image under one digest and something else under another is about neither."""
    contradicting, good = {"sha256": FORGED_HEX, "sha512": OTHER * 2}, {"sha256": FORGED_HEX}
    evidence = forged_rejected(Sigstore().sign(_subjects(contradicting, good)))
    assert evidence.step is Step.SUBJECT
    assert "another one that contradicts it" in evidence.reason


def test_the_subjects_annotations_are_its_texts() -> None:
    subject = [{"digest": {"sha256": FORGED_HEX}, "annotations": {"env": "prod", "n": 1, "list": ["x"], "none": None}}]
    assert forged_verified(Sigstore().sign(about_forged(subject=subject))).annotations == {"env": "prod"}
    nothing: object
    for nothing in (None, [], "text"):
        subject = [{"digest": {"sha256": FORGED_HEX}, "annotations": nothing}]
        assert forged_verified(Sigstore().sign(about_forged(subject=subject))).annotations == {}


@pytest.mark.parametrize(("number", "shown"), [(1, "sha256:1"), (3, "sha256:1, sha256:2, sha256:3")])
def test_a_refusal_names_up_to_three_other_subjects(number: int, shown: str) -> None:
    others = [{"sha256": str(item)} for item in range(1, number + 1)]
    reason = f"it is about {shown}, not about {FORGED_IMAGE.digest}"
    assert forged_rejected(Sigstore().sign(_subjects(*others))).reason == reason


def test_a_refusal_says_that_there_are_more_subjects_than_three_and_when_one_names_nothing() -> None:
    others = [{}, {"sha256": "2"}, {"sha1": "3"}, {"sha256": "4"}]
    reason = f"it is about nothing, sha256:2, sha1:3, ..., not about {FORGED_IMAGE.digest}"
    assert forged_rejected(Sigstore().sign(_subjects(*others))).reason == reason


def test_a_predicate_type_may_be_as_long_as_any_text_that_is_quoted() -> None:
    assert isinstance(_signed(about_forged(predicateType="x" * 2048)), Verified)


def test_annotations_longer_than_a_policy_would_ask_for_are_left_out() -> None:
    kept, left = {"a": "x" * 2047}, {"b": "x" * 2048}
    subject = [{"digest": {"sha256": FORGED_HEX}, "annotations": kept | left}]
    assert forged_verified(Sigstore().sign(about_forged(subject=subject))).annotations == kept


def test_an_sbom_as_large_as_a_blob_may_be_is_read() -> None:
    """Rule 6: a payload may be as large as the blob limit. The entries are of a usual length."""
    package = {
        "SPDXID": "SPDXRef-Package-deb-adduser-c7ad14da4b6f2f1e",
        "name": "adduser",
        "versionInfo": "3.118+deb11u1",
        "supplier": "Person: Debian Adduser Developers (adduser@packages.debian.org)",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "GPL-2.0-only",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": "pkg:deb/debian/adduser@3.118?arch=all&distro=debian-11",
            }
        ],
    }
    relation = {
        "spdxElementId": "SPDXRef-Package-deb-adduser-c7ad14da4b6f2f1e",
        "relatedSpdxElement": "SPDXRef-File-etc-adduser.conf-30b7a2c1d4e5f607",
        "relationshipType": "CONTAINS",
    }
    file = {
        "fileName": "/usr/share/doc/adduser/examples/adduser.conf",
        "SPDXID": "SPDXRef-File-usr-share-doc-adduser-examples-adduser.conf-30b7a2c1d4e5f607",
        "checksums": [{"algorithm": "SHA256", "checksumValue": "0" * 64}],
        "licenseConcluded": "NOASSERTION",
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }
    each = sum(len(json.dumps(item, separators=(",", ":"))) + 1 for item in (package, *[file] * 4, *[relation] * 8))
    number = (12 << 20) // each - 8
    predicate = {"packages": [package] * number, "files": [file] * 4 * number, "relationships": [relation] * 8 * number}
    payload = json.loads(about_forged(predicate_type="https://spdx.dev/Document")) | {"predicate": predicate}
    raw = json.dumps(Sigstore().sign(json.dumps(payload, separators=(",", ":")).encode())).encode()
    assert Limits().blob_bytes * 0.98 < len(raw) < Limits().blob_bytes
    assert isinstance(outcome(raw, forged_root(), about=FORGED_IMAGE, now=FORGED_NOW), Verified)
