"""cosign's older formats, part by part: what is read of them, and what is refused before anything is verified."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gate.limits import Limits
from gate.strictjson import Refused
from gate.verification.cosign import read_envelope, read_simple_payload, read_simple_signing
from gate.verification.material import MAX_CERTIFICATE, Content, pae
from gate.verification.statement import Artifact, NotAbout
from tests.forge import Leaf, Sigstore, b64
from tests.verification.lab import DROP, FORGED_IMAGE, edited

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.verification.material import Material

LIMITS = Limits()
SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"
BUNDLE = "dev.sigstore.cosign/bundle"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
TYPE = "application/vnd.in-toto+json"
ISSUED = Sigstore().certificate(Leaf())
PEM = ISSUED.public_bytes(Encoding.PEM).decode()

BODY = {"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {}}
LOGGED = {
    "SignedEntryTimestamp": b64(b"a promise"),
    "Payload": {"body": b64(json.dumps(BODY).encode()), "integratedTime": 1, "logIndex": 2, "logID": "ab" * 32},
}
ENVELOPE: dict[str, Any] = {"payloadType": TYPE, "payload": b64(b"{}"), "signatures": [{"sig": b64(b"a signature")}]}
CRITICAL: dict[str, Any] = {
    "type": "cosign container image signature",
    "image": {"docker-manifest-digest": str(FORGED_IMAGE.digest)},
}


def _simple(**annotations: str) -> Material:
    named = {"bundle": BUNDLE, "certificate": CERTIFICATE, "timestamp": TIMESTAMP}
    found = {SIGNATURE: b64(b"a signature")} | {named[key]: value for key, value in annotations.items()}
    (material,) = read_simple_signing(b"{}", found, LIMITS)
    return material


def _envelope(document: Mapping[str, Any]) -> tuple[Material, ...]:
    return read_envelope(json.dumps(document).encode(), {}, LIMITS)


def _payload(document: Mapping[str, Any]) -> Mapping[str, str]:
    return read_simple_payload(json.dumps(document).encode(), Artifact.of(FORGED_IMAGE), LIMITS)


# --- simple signing


def test_a_simple_signature_is_over_its_own_layer_and_everything_else_is_optional() -> None:
    material = _simple()
    assert (material.content, material.signature, material.payload) == (Content.SIMPLE_SIGNING, b"a signature", b"{}")
    assert material.message is not None
    assert material.message.raw == b"{}"
    assert (material.certificate, material.entries, material.timestamps) == (None, (), ())


def test_a_certificate_of_twice_the_bound_in_text_is_read_and_one_character_more_is_not() -> None:
    """PEM is longer than DER. What stands before the first line of a PEM block is ignored, as by OpenSSL."""
    room = 2 * MAX_CERTIFICATE - len(PEM)
    assert _simple(certificate=" " * (room - 1) + "\n" + PEM).certificate == ISSUED.public_bytes(Encoding.DER)
    with pytest.raises(Refused, match="its certificate has 32769 characters"):
        _simple(certificate=" " * room + "\n" + PEM)


def test_a_timestamp_is_read_and_an_empty_one_is_refused() -> None:
    stamp = json.dumps({"SignedRFC3161Timestamp": b64(b"a stamp")})
    assert _simple(timestamp=stamp).timestamps == (b"a stamp",)
    for empty in ("{}", '{"SignedRFC3161Timestamp": ""}', '{"SignedRFC3161Timestamp": 7}'):
        with pytest.raises(Refused, match="its timestamp has 0 bytes"):
            _simple(timestamp=empty)


def test_a_log_entry_is_read_from_the_annotation_and_from_the_body_inside_it() -> None:
    (entry,) = _simple(bundle=json.dumps(LOGGED)).entries
    assert (entry.kind, entry.version, entry.log_id) == ("hashedrekord", "0.0.1", bytes.fromhex("ab" * 32))
    assert (entry.integrated, entry.log_index, entry.promise, entry.proof) == (1, 2, b"a promise", None)
    assert json.loads(entry.body) == BODY


def test_a_log_entry_without_a_promise_has_none() -> None:
    (entry,) = _simple(bundle=json.dumps(edited(LOGGED, "SignedEntryTimestamp", DROP))).entries
    assert entry.promise is None


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("Payload", DROP, "no payload"),
        ("Payload", [], "no payload"),
        ("Payload.body", b64(json.dumps(BODY | {"kind": 1}).encode()), "lacks kind, version or log"),
        ("Payload.body", b64(json.dumps(BODY | {"apiVersion": 1}).encode()), "lacks kind, version or log"),
        ("Payload.body", "%", "no base64"),
        ("Payload.logID", 7, "lacks kind, version or log"),
        ("Payload.logID", "xyz", "no hex"),
        *((f"Payload.{name}", value, "lacks time or index")
          for name in ("integratedTime", "logIndex")
          for value in (DROP, "1", 1.0, True, -1, 1 << 53)),
    ],
)  # fmt: skip
def test_a_log_entry_that_lacks_a_part_is_refused(path: str, value: object, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        _simple(bundle=json.dumps(edited(LOGGED, path, value)))


@pytest.mark.parametrize("number", [0, (1 << 53) - 1])
def test_the_first_and_the_last_number_that_json_can_hold_are_counts(number: int) -> None:
    (entry,) = _simple(bundle=json.dumps(edited(LOGGED, "Payload.logIndex", number))).entries
    assert entry.log_index == number


# --- envelopes


def test_an_envelope_is_one_signature_after_another_over_its_encoding() -> None:
    document = edited(ENVELOPE, "signatures", [{"sig": b64(b"one")}, {"sig": b64(b"two")}])
    found = _envelope(document)
    assert [item.signature for item in found] == [b"one", b"two"]
    for item in found:
        assert (item.payload, item.payload_type, item.content) == (b"{}", TYPE, Content.STATEMENT)
        assert item.message is not None
        assert item.message.raw == pae(TYPE, b"{}").raw
        assert item.envelope == hashlib.sha256(json.dumps(document).encode()).digest()


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("payload", DROP, "no DSSE envelope"),
        ("signatures", DROP, "no DSSE envelope"),
        ("payload", "%", "no base64"),
        ("payloadType", DROP, "no payload type or no signature"),
        ("payloadType", 7, "no payload type or no signature"),
        ("signatures", {}, "no payload type or no signature"),
        ("signatures", 7, "no payload type or no signature"),
        ("signatures", [], "no payload type or no signature"),
        ("signatures.0", "text", "an empty signature"),
        ("signatures.0.sig", "", "an empty signature"),
        ("signatures.0.sig", DROP, "an empty signature"),
    ],
)
def test_an_envelope_that_lacks_a_part_is_refused(path: str, value: object, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        _envelope(edited(ENVELOPE, path, value))


def test_eight_signatures_of_an_envelope_are_read_and_nine_are_not() -> None:
    assert len(_envelope(edited(ENVELOPE, "signatures", ENVELOPE["signatures"] * 8))) == 8
    with pytest.raises(Refused, match="9 signatures; at most 8"):
        _envelope(edited(ENVELOPE, "signatures", ENVELOPE["signatures"] * 9))


# --- a simple signature's payload


@pytest.mark.parametrize("kind", ["cosign container image signature", "atomic container signature"])
def test_a_payload_about_the_image_gives_the_texts_of_its_optional_part(kind: str) -> None:
    critical = CRITICAL | {"type": kind}
    assert _payload({"critical": critical, "optional": {"env": "prod", "n": 1}}) == {"env": "prod"}
    nothing: object
    for nothing in (None, [], "text"):
        assert _payload({"critical": critical, "optional": nothing}) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("critical", DROP), ("critical", []), ("critical.type", DROP), ("critical.type", "cosign blob signature")),
        *(("critical.type", {}), ("critical.type", [])),
    ],
)
def test_a_payload_of_another_kind_is_refused(path: str, value: object) -> None:
    with pytest.raises(Refused, match="no container image signature"):
        _payload(edited({"critical": CRITICAL}, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("image", DROP),
        ("image", []),
        ("image.docker-manifest-digest", DROP),
        ("image.docker-manifest-digest", f"sha256:{'0' * 64}"),
    ],
)
def test_a_payload_about_nothing_or_another_image_is_not_about_this_one(path: str, value: object) -> None:
    with pytest.raises(NotAbout):
        _payload(edited({"critical": CRITICAL}, f"critical.{path}", value))


def test_base64_is_strict_in_every_annotation() -> None:
    with pytest.raises(Refused, match="no base64"):
        read_simple_signing(b"{}", {SIGNATURE: base64.b64encode(b"a signature").decode() + "\n"}, LIMITS)


def test_a_payload_may_be_as_long_as_any_whose_signature_verified() -> None:
    """Rule 6: the bound on unsigned JSON is not that of a payload."""
    long = [0] * LIMITS.json_tokens
    assert _payload({"critical": CRITICAL, "optional": {"env": "prod", "n": long}}) == {"env": "prod"}
