"""What counts as a bundle, byte for byte: what is read, what is refused, and that refusing is all that happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gate.discovery import Kind
from gate.limits import Limits
from gate.strictjson import Refused
from gate.verification import Artifact, Rejected, Step, Verified, verify
from gate.verification.bundle import read_bundle
from gate.verification.material import MAX_CERTIFICATE
from tests.forge import MEDIA_TYPE, JSONObject, Sigstore, b64
from tests.verification.lab import (
    CERTIFICATE,
    CHECKPOINT,
    DROP,
    ENTRY,
    LIMITS,
    NOW,
    PAYLOAD,
    PROOF,
    SIGNATURE,
    STAMPS,
    about_forged,
    artifact,
    at,
    bundle,
    candidate,
    conformance,
    edited,
    forged_rejected,
    found,
    image,
    lab_root,
    load,
    outcome,
    public_good,
    real_bundles,
    rejected,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_ENTRY = ("agent-signed", 1)
"""The log's first entry: index 0 and an empty proof, which proto3 JSON leaves out."""


def _raw(document: JSONObject) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(("case", "number"), list(real_bundles()))
def test_every_real_bundle_of_the_lab_verifies_for_its_image(case: str, number: int) -> None:
    evidence = verified(bundle(case, number), about=image(case))
    assert evidence.subject == image(case).digest
    assert evidence.root == "lab"
    assert evidence.times[0] <= NOW


@pytest.mark.parametrize("name", ["happy-path-intoto-in-dsse-v3", "rekor2-dsse-happy-path"])
def test_real_bundles_of_sigstore_conformance_verify_within_their_root(name: str) -> None:
    staging = name.startswith("rekor2")
    root = load(json.loads(conformance(f"{name}/trusted_root.json"))) if staging else public_good()
    assert isinstance(outcome(conformance(f"{name}/bundle.sigstore.json"), root, about=artifact()), Verified)


def test_a_real_bundle_verifies_where_index_and_hashes_are_left_out() -> None:
    document = bundle(*FIRST_ENTRY)
    assert "logIndex" not in at(document, ENTRY)
    assert "logIndex" not in at(document, PROOF)
    assert "hashes" not in at(document, PROOF)
    assert verified(document).logs[0].index == 0


@pytest.mark.parametrize("value", ["0", 0, None])
def test_an_index_of_zero_may_be_spelled(value: object) -> None:
    assert verified(edited(bundle(*FIRST_ENTRY), f"{PROOF}.logIndex", value)).logs[0].index == 0


def test_an_empty_list_of_hashes_may_be_spelled() -> None:
    verified(edited(bundle(*FIRST_ENTRY), f"{PROOF}.hashes", []))


@pytest.mark.parametrize("field", [f"{ENTRY}.logIndex", f"{PROOF}.logIndex", f"{PROOF}.treeSize"])
def test_64_bit_numbers_may_be_numbers(field: str) -> None:
    document = bundle()
    verified(edited(document, field, int(at(document, field))))


@pytest.mark.parametrize(
    "value", ["1.0", 1.0, True, "-1", -1, "", "1e0", "0x1", " 1", "\u0661", 1 << 64, "9" * 20, [1]]
)
@pytest.mark.parametrize("field", [f"{PROOF}.logIndex", f"{PROOF}.treeSize", f"{ENTRY}.integratedTime"])
def test_what_is_no_64_bit_number_is_refused(field: str, value: object) -> None:
    assert rejected(edited(bundle(), field, value)).step is Step.FORMAT


@pytest.mark.parametrize("alphabet", ["standard", "url-safe", "url-safe unpadded", "standard unpadded"])
@pytest.mark.parametrize(
    "field", [CERTIFICATE, SIGNATURE, PAYLOAD, f"{STAMPS}.0.signedTimestamp", f"{PROOF}.rootHash", f"{PROOF}.hashes.0"]
)
def test_both_base64_alphabets_are_read_padded_or_not(field: str, alphabet: str) -> None:
    document = bundle()
    text: str = at(document, field)
    if alphabet.startswith("url-safe"):
        text = text.replace("+", "-").replace("/", "_")
    if alphabet.endswith("unpadded"):
        text = text.rstrip("=")
    verified(edited(document, field, text))


@pytest.mark.parametrize("value", ["!", "é", "A", "====", " ", 7, ["QQ=="], {}])
@pytest.mark.parametrize("field", [CERTIFICATE, SIGNATURE, f"{STAMPS}.0.signedTimestamp", f"{PROOF}.rootHash"])
def test_what_is_no_base64_text_is_refused(field: str, value: object) -> None:
    evidence = rejected(edited(bundle(), field, value))
    assert evidence.step is Step.FORMAT
    assert evidence.reason.startswith(("a part of it is no base64 text", "it has no "))


@pytest.mark.parametrize("field", [f"{PROOF}.hashes.0", SIGNATURE])
def test_a_text_that_is_no_base64_is_refused_as_such(field: str) -> None:
    for value in ("!", "A", 7):
        assert rejected(edited(bundle(), field, value)).reason == "a part of it is no base64 text"


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_an_older_bundles_chain_of_certificates_is_not_empty(version: str) -> None:
    document = edited(_with_chain(bundle()), "mediaType", f"application/vnd.dev.sigstore.bundle+json;version={version}")
    chain = "verificationMaterial.x509CertificateChain.certificates"
    with pytest.raises(Refused, match="its chain of certificates is empty"):
        read_bundle(_raw(edited(document, chain, [])), LIMITS)


def test_a_message_signature_states_a_digest_of_a_known_algorithm_or_none() -> None:
    document = edited(bundle(), "dsseEnvelope", DROP)
    message: JSONObject = {"signature": b64(b"x"), "messageDigest": {"algorithm": "SHA2_384", "digest": b64(b"y")}}
    assert read_bundle(_raw(document | {"messageSignature": message}), LIMITS).stated == ("sha384", b"y")
    del message["messageDigest"]
    assert read_bundle(_raw(document | {"messageSignature": message}), LIMITS).stated is None
    message["messageDigest"] = {"algorithm": "SHA1", "digest": b64(b"y")}
    with pytest.raises(Refused, match="unknown algorithm"):
        read_bundle(_raw(document | {"messageSignature": message}), LIMITS)


def test_unknown_fields_are_ignored_at_every_level() -> None:
    document = bundle()
    for path in (
        "x",
        "verificationMaterial.x",
        "verificationMaterial.certificate.x",
        f"{ENTRY}.x",
        f"{PROOF}.x",
        f"{PROOF}.checkpoint.x",
        f"{STAMPS}.0.x",
        "dsseEnvelope.x",
        "dsseEnvelope.signatures.0.x",
        "dsseEnvelope.signatures.0.keyid",
    ):
        document = edited(document, path, {"y": ["z", 1, None]})
    verified(document)


@pytest.mark.parametrize(
    "media_type",
    [
        MEDIA_TYPE,
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle+json; version=0.3",
    ],
)
def test_both_spellings_of_the_media_type_are_read(media_type: str) -> None:
    verified(edited(bundle(), "mediaType", media_type))


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle.v0.2+json",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v0.3.1+json",
        "application/vnd.dev.sigstore.bundle.v0.3+JSON",
        "application/json",
        "",
        None,
        3,
    ],
)
def test_every_other_version_is_refused(media_type: object) -> None:
    assert rejected(edited(bundle(), "mediaType", media_type)).step is Step.FORMAT


def test_as_many_parts_as_the_bounds_allow_are_read() -> None:
    """One more of each is refused by name, below."""
    document = bundle()
    entries = [edited(at(document, ENTRY), "canonicalizedBody", b64(bytes([number]))) for number in range(32)]
    stamps = [{"signedTimestamp": b64(bytes([number]))} for number in range(32)]
    full = edited(edited(document, "verificationMaterial.tlogEntries", entries), STAMPS, stamps)
    material = read_bundle(_raw(edited(full, f"{PROOF}.hashes", [b64(b"x")] * 64)), LIMITS)
    assert (len(material.entries), len(material.timestamps)) == (32, 32)
    assert material.entries[0].proof is not None
    assert len(material.entries[0].proof.hashes) == 64


def test_a_bundles_certificate_of_the_whole_bound_is_read_and_one_byte_more_is_not() -> None:
    assert read_bundle(_raw(edited(bundle(), CERTIFICATE, b64(bytes(MAX_CERTIFICATE)))), LIMITS).certificate
    with pytest.raises(Refused, match=f"its certificate has {MAX_CERTIFICATE + 1} bytes"):
        read_bundle(_raw(edited(bundle(), CERTIFICATE, b64(bytes(MAX_CERTIFICATE + 1)))), LIMITS)


def test_a_64_bit_number_ends_below_two_to_the_63rd() -> None:
    last = (1 << 63) - 1
    for value in (last, str(last)):
        (entry,) = read_bundle(_raw(edited(bundle(), f"{ENTRY}.logIndex", value)), LIMITS).entries
        assert entry.log_index == last
    for beyond in (last + 1, str(last + 1), "0" * 20, -1):
        with pytest.raises(Refused, match="its logIndex is no 64-bit number"):
            read_bundle(_raw(edited(bundle(), f"{ENTRY}.logIndex", beyond)), LIMITS)


def _with_chain(document: JSONObject) -> JSONObject:
    certificate = at(document, "verificationMaterial.certificate")
    chained = edited(document, "verificationMaterial.x509CertificateChain", {"certificates": [certificate]})
    return edited(chained, "verificationMaterial.certificate", DROP)


def _with_hint(document: JSONObject, hint: object) -> JSONObject:
    material: JSONObject = at(edited(document, "verificationMaterial.certificate", DROP), "verificationMaterial")
    return material | {"publicKey": hint}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: edited(it, "messageSignature", {"signature": "AAAA"}), "message signature"),
        (lambda it: edited(edited(it, "messageSignature", {}), "dsseEnvelope", DROP), "no signature"),
        (lambda it: edited(it, "verificationMaterial.publicKey", {"hint": "x"}), "publicKey"),
        (_with_chain, "no chain"),
        (lambda it: edited(it, "verificationMaterial.x509CertificateChain", {}), "exactly one of certificate"),
        (lambda it: edited(it, "verificationMaterial.certificate", DROP), "exactly one of certificate"),
        (lambda it: edited(it, CERTIFICATE, ""), "no rawBytes"),
        (lambda it: edited(it, "verificationMaterial", DROP), "no verificationMaterial"),
        (lambda it: edited(it, "verificationMaterial.tlogEntries", [at(it, ENTRY)] * 2), "the same log entry"),
        (lambda it: edited(it, "verificationMaterial.tlogEntries", [at(it, ENTRY)] * 33), "33 transparency log"),
        (lambda it: edited(it, "verificationMaterial.tlogEntries", {"0": {}}), "no list"),
        (lambda it: edited(it, ENTRY, None), "no object"),
        (lambda it: edited(it, f"{ENTRY}.inclusionProof", DROP), "lacks the proof"),
        (lambda it: edited(it, f"{PROOF}.checkpoint", DROP), "no checkpoint"),
        (lambda it: edited(it, CHECKPOINT, ""), "no envelope"),
        (lambda it: edited(it, f"{PROOF}.rootHash", DROP), "no rootHash"),
        (lambda it: edited(it, f"{PROOF}.hashes", [""] * 65), "65 hashes"),
        (lambda it: edited(it, f"{ENTRY}.canonicalizedBody", DROP), "no canonicalizedBody"),
        (lambda it: edited(it, f"{ENTRY}.logId", DROP), "no logId"),
        (lambda it: edited(it, f"{ENTRY}.kindVersion", DROP), "no kindVersion"),
        (lambda it: edited(it, f"{ENTRY}.inclusionPromise", {}), "no signedEntryTimestamp"),
        (lambda it: edited(it, STAMPS, [at(it, f"{STAMPS}.0")] * 33), "33 timestamps"),
        (lambda it: edited(it, f"{STAMPS}.0", "AAAA"), "no object"),
        (lambda it: edited(it, "verificationMaterial.timestampVerificationData", "AAAA"), "no object"),
        (lambda it: edited(it, "verificationMaterial.timestampVerificationData", []), "no object"),
        (lambda it: edited(it, "verificationMaterial", _with_hint(it, "AAAA")), "no publicKey"),
        (lambda it: edited(it, "dsseEnvelope", DROP), "either a message signature or a DSSE envelope"),
        (lambda it: edited(it, PAYLOAD, ""), "no payload"),
        (lambda it: edited(it, "dsseEnvelope.payloadType", DROP), "no payloadType"),
        (lambda it: edited(it, "dsseEnvelope.signatures", []), "0 signatures"),
        (lambda it: edited(it, "dsseEnvelope.signatures", at(it, "dsseEnvelope.signatures") * 2), "2 signatures"),
        (lambda it: edited(it, SIGNATURE, ""), "no sig"),
    ],
)
def test_a_part_that_is_missing_or_of_another_kind_is_refused_by_name(
    change: Callable[[JSONObject], JSONObject], words: str
) -> None:
    evidence = rejected(change(bundle()))
    assert evidence.step is Step.FORMAT
    assert words in evidence.reason


@pytest.mark.parametrize(
    "payload_type", ["application/json", "application/vnd.in-toto+json ", "application/vnd.in-toto+JSON", "text/plain"]
)
def test_a_payload_of_another_type_is_refused(payload_type: str) -> None:
    evidence = rejected(edited(bundle(), "dsseEnvelope.payloadType", payload_type))
    assert evidence.step is Step.FORMAT
    assert "in-toto" in evidence.reason


def test_a_signed_payload_of_another_type_is_refused() -> None:
    assert forged_rejected(Sigstore().sign(about_forged(), payload_type="application/json")).step is Step.FORMAT


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'\xef\xbb\xbf{"mediaType": "x"}',
        b'{"mediaType": NaN}',
        b'{"mediaType": 1e999}',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "\\u0062": 2}}',
        b'{"mediaType": "\xc3\x28"}',
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b'{"a": [' + b"0," * 200_001 + b"0]}",
        b"{" * 1_000_000,
    ],
)
def test_bytes_that_are_no_bundle_are_a_rejected_candidate(raw: bytes) -> None:
    assert rejected(raw).step is Step.FORMAT


def test_a_duplicate_key_beside_a_good_bundle_is_refused() -> None:
    raw = _raw(bundle())
    doubled = raw[:-1] + b', "dsseEnvelope": ' + json.dumps(bundle()["dsseEnvelope"]).encode() + b"}"
    evidence = rejected(doubled)
    assert evidence.step is Step.FORMAT
    assert "duplicate key" in evidence.reason


def test_a_bundle_of_too_many_tokens_is_refused() -> None:
    evidence = rejected(bundle(), limits=Limits(json_tokens=10))
    assert evidence.step is Step.FORMAT
    assert not evidence.authentic


def test_a_bundle_that_is_nested_too_deep_is_refused() -> None:
    document: object = 0
    for _ in range(70):
        document = [document]
    assert rejected(edited(bundle(), "x", document)).step is Step.FORMAT


@pytest.mark.parametrize("entries", [DROP, []])
def test_a_bundle_without_a_log_entry_is_rejected_for_the_log(entries: object) -> None:
    assert rejected(edited(bundle(), "verificationMaterial.tlogEntries", entries)).step is Step.LOG


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.OTHER, "no signature or attestation"),
        (Kind.SIMPLE_SIGNING, "no signature among its annotations"),
        (Kind.DSSE, "no DSSE envelope"),
    ],
)
def test_a_candidate_of_another_kind_is_rejected_even_if_its_bytes_are_a_good_bundle(kind: Kind, words: str) -> None:
    (evidence,) = verify(
        [candidate(_raw(bundle()), kind=kind)], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS
    )
    assert isinstance(evidence, Rejected)
    assert evidence.step is Step.FORMAT
    assert words in evidence.reason


def test_a_manifest_that_could_not_be_read_is_rejected_with_its_problem() -> None:
    problem = replace(candidate(b"", kind=Kind.OTHER), problem="its manifest cannot be read: x")
    (evidence,) = verify([problem], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    assert isinstance(evidence, Rejected)
    assert evidence.reason == "its manifest cannot be read: x"


def test_a_junk_candidate_beside_a_good_one_changes_nothing_and_neither_does_their_order() -> None:
    good = list(found("agent-signed").candidates)
    junk = [candidate(raw) for raw in (b"", b"{}", b"\xff", _raw(edited(bundle(), SIGNATURE, "AAAA")))]
    alone = verify(good, Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    forwards = verify([*good, *junk], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    backwards = verify([*junk, *good][::-1], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    assert forwards == backwards
    assert tuple(item for item in forwards if isinstance(item, Verified)) == alone
    assert len(forwards) == len(alone) + len(junk)
