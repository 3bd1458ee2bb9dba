"""Bytes made to hurt: whatever they are, they become a `Rejected`, in bounded time and memory, and nothing is raised.

Each test that is expected to fail shows a way in which junk beside good evidence ends the run or eats the machine. The
sizes here are kept small: the reason says what the full size does.
"""

from __future__ import annotations

import base64
import json
import random
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gate.errors import LimitExceeded
from gate.limits import Limits, Tally
from gate.strictjson import Refused
from gate.verification import Artifact, Doubt, Rejected, Step, Verified, verify
from gate.verification.bundle import read_bundle
from gate.verification.cosign import read_simple_signing
from gate.verification.keys import checked
from tests.forge import JSONObject, Leaf, Sigstore, b64, der, statement
from tests.verification.lab import (
    CERTIFICATE,
    CHECKPOINT,
    ENTRY,
    LIMITS,
    NOW,
    SIGNATURE,
    STAMPS,
    about_forged,
    at,
    bundle,
    candidate,
    edited,
    forged_outcome,
    forged_rejected,
    found,
    image,
    lab_root,
    outcome,
    rejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20
BIT_STRING_NAME = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x03, b"\0x"))))
COMMON_NAME = bytes.fromhex("310a300806035504030c0141")
"""One relative distinguished name: CN=A."""


# --- a small DER editor


def _elements(raw: bytes) -> list[bytes]:
    """The elements side by side in a DER body."""
    found_ones, position = [], 0
    while position < len(raw):
        head = 2
        length = raw[position + 1]
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(raw[position + 2 : position + head], "big")
        found_ones.append(raw[position : position + head + length])
        position += head + length
    return found_ones


def _body(element: bytes) -> bytes:
    length = element[1]
    return element[2 + (length & 0x7F if length & 0x80 else 0) :]


VERSION, SERIAL, ISSUER, VALIDITY, SUBJECT = 0, 1, 3, 4, 5


def _with_part(part: int, value: bytes) -> JSONObject:
    """A forged bundle whose certificate has one part of its to-be-signed half replaced: no signature holds any more."""
    document = Sigstore().sign(about_forged())
    tbs, *rest = _elements(_body(base64.b64decode(at(document, CERTIFICATE))))
    parts = _elements(_body(tbs))
    parts[part] = value
    return edited(document, CERTIFICATE, b64(der(0x30, der(0x30, *parts), *rest)))


def _with_extension(oid: str, value: bytes) -> JSONObject:
    """A forged bundle whose certificate has one more extension, or another in the place of its own."""
    tbs, *_ = _elements(_body(base64.b64decode(at(Sigstore().sign(about_forged()), CERTIFICATE))))
    parts = _elements(_body(tbs))
    named = der(0x06, bytes.fromhex(oid))
    kept = [item for item in _elements(_body(_body(parts[-1]))) if _elements(_body(item))[0] != named]
    added = der(0x30, named, der(0x04, value))
    return _with_part(len(parts) - 1, der(0xA3, der(0x30, *kept, added)))


def _with_signer(issuer: bytes) -> JSONObject:
    """A forged bundle whose timestamp names a signer with this issuer."""
    document = Sigstore().sign(about_forged())
    stamp = base64.b64decode(at(document, f"{STAMPS}.0.signedTimestamp"))
    good = Sigstore().tsa.certificate.issuer.public_bytes()
    assert stamp.count(good) == 1
    assert len(issuer) == len(good), "no length around it changes"
    return edited(document, f"{STAMPS}.0.signedTimestamp", b64(stamp.replace(good, issuer)))


# --- nothing is raised


def test_a_time_that_no_clock_shows_is_no_crash() -> None:
    outcome(edited(bundle(), f"{ENTRY}.integratedTime", str((1 << 63) - 1)))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (ISSUER, der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, b"\xff"))))),
        (ISSUER, der(0x30, der(0x31, COMMON_NAME[2:] * 2))),
        (VALIDITY, der(0x30, der(0x18, b"00000101000000Z"), der(0x17, b"400101000000Z"))),
    ],
)
def test_a_certificate_whose_names_or_times_cannot_be_read_is_rejected(part: int, value: bytes) -> None:
    assert forged_rejected(_with_part(part, value)).step in {Step.CERTIFICATE, Step.TRUST_ROOT}


def test_a_certificate_whose_issuer_is_a_bit_string_is_rejected() -> None:
    issuer = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x03, b"\0x"))))
    forged_rejected(_with_part(ISSUER, issuer))


def test_a_certificate_of_an_unknown_version_is_rejected() -> None:
    assert forged_rejected(_with_part(VERSION, der(0xA0, der(0x02, b"\x07")))).step is Step.CERTIFICATE


def test_a_timestamp_whose_signer_cannot_be_read_is_rejected() -> None:
    good = Sigstore().tsa.certificate.issuer.public_bytes()
    assert forged_rejected(_with_signer(good.replace(b"\x0c\x05forge", b"\x08\x05forge"))).step is Step.TIME


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (SERIAL, der(0x02, b"\x00" * 4000 + b"\x01")),
        (SUBJECT, der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, b"\xff"))))),
        (VALIDITY, der(0x30, der(0x17, b"400101000000Z"), der(0x17, b"400101000000Z"))),
        (VALIDITY, der(0x30, der(0x18, b"99991231235959Z"), der(0x18, b"00010101000000Z"))),
        (2, der(0x30, bytes.fromhex("06032a0304"))),
        (6, der(0x30, der(0x30, bytes.fromhex("06032a0304")), der(0x03, b"\0x"))),
    ],
)
def test_a_certificate_with_any_other_part_replaced_is_rejected(part: int, value: bytes) -> None:
    assert isinstance(forged_outcome(_with_part(part, value)), Rejected)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (SERIAL, der(0x02, b"\xff")),
        (SERIAL, der(0x02, b"\0")),
        (ISSUER, der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550406"), der(0x13, b"XXX"))))),
    ],
)
def test_a_certificate_that_the_library_warns_about_is_rejected_without_a_warning(part: int, value: bytes) -> None:
    assert isinstance(forged_outcome(_with_part(part, value)), Rejected)


def _mutations(raw: bytes, number: int) -> list[bytes]:
    chance = random.Random(20261123)  # noqa: S311  (the same bytes every time)
    made = []
    for _ in range(number):
        changed = bytearray(raw)
        for _ in range(chance.choice((1, 1, 2, 4))):
            position = chance.randrange(len(changed))
            changed[position : position + chance.choice((0, 1, 1, 1))] = chance.randbytes(chance.choice((0, 1, 1)))
        made.append(bytes(changed))
    return made


@pytest.mark.parametrize("path", [f"{ENTRY}.canonicalizedBody", SIGNATURE, f"{ENTRY}.inclusionProof.rootHash"])
def test_mutated_bytes_never_verify_and_never_raise(path: str) -> None:
    document = bundle()
    good = base64.b64decode(at(document, path))
    for raw in _mutations(good, 60):
        if raw != good:
            assert isinstance(outcome(edited(document, path, b64(raw))), Rejected)


def test_mutated_checkpoints_never_raise_and_verify_only_where_their_text_is_the_same() -> None:
    document = bundle()
    good: str = at(document, CHECKPOINT)
    for raw in _mutations(good.encode(), 60):
        evidence = outcome(edited(document, CHECKPOINT, raw.decode("latin-1")))
        assert isinstance(evidence, Rejected) or raw.decode().startswith(good[: good.index("—")])


def test_mutated_documents_never_raise_and_verify_only_for_the_same_signature() -> None:
    raw = json.dumps(bundle()).encode()
    good = outcome(raw)
    assert isinstance(good, Verified)
    for changed in _mutations(raw, 80):
        try:
            evidence = outcome(changed)
        except (OSError, KeyError, TypeError, ValueError, x509.InvalidVersion):
            continue  # the tests above
        if isinstance(evidence, Verified):
            assert (evidence.signer, evidence.times, evidence.statement) == (good.signer, good.times, good.statement)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (CHECKPOINT, "\n\n"),
        (CHECKPOINT, "\n\n\n"),
        (CHECKPOINT, "a\n1\n\n— x y\n"),
        (CHECKPOINT, "a\nb\nc\n\n— x AAAAAAAA\n"),
        (CHECKPOINT, "a\n" + "9" * 5000 + "\nAAAA\n\n— x AAAAAAAA\n"),
        (CHECKPOINT, "\0\n\0\n\0\n\n— \0 \0\n"),
        (CHECKPOINT, "\ud800\n1\nAAAA\n\n— x AAAAAAAA\n"),
        (f"{ENTRY}.kindVersion.kind", "\ud800"),
        (f"{ENTRY}.kindVersion.kind", "x" * 100_000),
        (f"{ENTRY}.canonicalizedBody", b64(b"[" * 100_000)),
        (f"{ENTRY}.canonicalizedBody", b64(b"\xff")),
        (SIGNATURE, b64(b"\0")),
        (SIGNATURE, b64(der(0x30, der(0x02, b"\0"), der(0x02, b"\0")))),
        (SIGNATURE, b64(b"x" * 100_000)),
        (f"{ENTRY}.inclusionProof.treeSize", "0"),
        (f"{ENTRY}.inclusionProof.treeSize", "9223372036854775807"),
    ],
)
def test_odd_values_are_rejections(path: str, value: str) -> None:
    assert isinstance(outcome(edited(bundle(), path, value)), Rejected)


def test_a_certificate_with_a_kind_of_key_that_nobody_verifies_with_is_rejected() -> None:
    for key in (
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP521R1()),
    ):
        rejected_for_its_key = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256k1"
        outcome = forged_outcome(Sigstore().sign(about_forged(), leaf=Leaf(key=key)))
        assert isinstance(outcome, Rejected) or not rejected_for_its_key


# --- time and memory


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def test_a_text_that_never_ends_is_refused_at_once() -> None:
    raw = b'{"mediaType": "' + b'\\"' * 6000
    assert _seconds(lambda: rejected(raw)) < 0.1


def _peak(document: JSONObject, judge: Callable[[JSONObject], Any]) -> int:
    tracemalloc.start()
    try:
        judge(document)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("part", [ISSUER, SUBJECT])
def test_a_certificate_of_a_thousand_names_costs_little(part: int) -> None:
    document = _with_part(part, der(0x30, COMMON_NAME * 4000))
    size = len(json.dumps(document))
    assert _peak(document, forged_rejected) < 10 * size


def test_the_reason_of_a_rejection_is_one_that_a_person_can_read() -> None:
    assert len(forged_rejected(_with_part(ISSUER, der(0x30, COMMON_NAME * 2000))).reason) < 2000


def test_the_reason_for_another_subject_is_one_that_a_person_can_read() -> None:
    subject = [{"digest": {"sha256": "\n::set-output name=x::" + "A" * 5000}}]
    evidence = forged_rejected(Sigstore().sign(about_forged(subject=subject)))
    assert evidence.step is Step.SUBJECT
    assert len(evidence.reason) < 1000
    assert "\n" not in evidence.reason


def test_a_payload_of_empty_objects_costs_no_multiple_of_its_size() -> None:
    packed = about_forged(predicate={"x": 0}).replace(b'"x": 0', b'"x": [' + b"{}," * 100_000 + b"{}]")
    document = Sigstore().sign(packed)
    assert _peak(document, forged_outcome) < 12 * len(packed)


def test_json_outside_base64_is_bounded_in_bytes() -> None:
    with pytest.raises(Refused):
        read_bundle(json.dumps(bundle() | {"x": "A" * 4096}).encode(), Limits(json_bytes=4096))


def test_a_hundred_broken_copies_are_rejected_in_seconds() -> None:
    raw = json.dumps(edited(bundle(), SIGNATURE, "AAAA")).encode()
    copies = [candidate(raw, layer=number) for number in range(100)]
    started = time.perf_counter()
    evidence = verify(copies, Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    assert time.perf_counter() - started < 5
    assert [item.layer for item in evidence if isinstance(item, Rejected)] == list(range(100))


def test_poison_beside_good_evidence_changes_nothing() -> None:
    good = found("agent-signed").candidates
    poison = [
        candidate(raw)
        for raw in (
            b"[" * 50_000,
            b'{"a": ' * 70,
            json.dumps(_with_part(SERIAL, der(0x02, b"\x01" * 4000))).encode(),
            json.dumps(edited(bundle(), CHECKPOINT, "\n\n\n")).encode(),
            json.dumps(edited(bundle(), STAMPS, [{"signedTimestamp": b64(bytes(5000))}])).encode(),
        )
    ]
    found_alone = verify(good, Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    found_with = verify([*poison, *good], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    assert [item for item in found_with if isinstance(item, Verified)] == list(found_alone)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("551d11", der(0x30, der(0xA4, BIT_STRING_NAME))),
        ("551d23", der(0x30, der(0xA1, der(0xA4, BIT_STRING_NAME)), der(0x82, b"\1"))),
        ("2b06010505070101", der(0x30, der(0x30, bytes.fromhex("06032a0304"), der(0xA4, BIT_STRING_NAME)))),
        ("2b06010505070118", der(0x30, der(0x02, b"\x7f"))),
    ],
    ids=["a name", "the issuer's name", "the issuer's address", "a TLS feature"],
)
def test_a_certificate_whose_extensions_cannot_be_read_is_rejected(oid: str, value: bytes) -> None:
    assert forged_rejected(_with_extension(oid, value)).step is Step.CERTIFICATE


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("551d11", der(0x30, der(0xA4, der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x08, b"x"))))))),
        ("551d11", der(0x30, der(0x87, b"abc"))),
        ("551d11", der(0x30, der(0xA3, b""))),
        ("551d11", der(0x30, der(0x86, b"\xff"))),
        ("551d11", b""),
        ("551d0f", der(0x03, b"\0\x01")),
        ("551d1e", der(0x30, der(0xA0, der(0x30, der(0x87, b"\1\2\3\4\0\xff\0\xff"))))),
        ("2b06010401d679020402", der(0x04, b"\0\5\0\3abc")),
        ("2b06010401d679020402", der(0x04, b"\0\x31\0\x2f\0" + bytes(32) + b"\xff" * 8 + b"\0\0\x09\x09\0\0")),
        ("551d10", der(0x30, der(0x80, b"00000101000000Z"))),
    ],
)
def test_a_certificate_with_any_other_broken_extension_is_rejected(oid: str, value: bytes) -> None:
    assert forged_rejected(_with_extension(oid, value)).step is Step.CERTIFICATE


def test_a_signed_payload_of_millions_of_tokens_is_in_doubt() -> None:
    packed = statement("0" * 64, predicate={"x": 0}).replace(b'"x": 0', b'"x": [' + b"[]," * 700_000 + b"[]]")
    assert forged_rejected(Sigstore().sign(packed)).doubt is Doubt.UNREADABLE


# --- what takes a verification is counted, and what is larger than its kind ever is not verified


def _own_line(document: JSONObject) -> str:
    envelope: str = at(document, CHECKPOINT)
    return "— " + envelope.partition("\n\n— ")[2]


def test_the_first_signature_with_the_logs_hint_is_the_logs() -> None:
    document = Sigstore().sign(about_forged())
    text = at(document, CHECKPOINT).partition("\n\n")[0]
    own = _own_line(document)
    witness = f"— witness.example {b64(bytes(68))}\n"
    false = f"— x {b64(Sigstore().log.key_id[:4] + bytes(64))}\n"
    for lines, holds in ((witness + own, True), (own + false, True), (false + own, False)):
        outcome = forged_outcome(edited(document, CHECKPOINT, f"{text}\n\n{lines}"))
        assert isinstance(outcome, Verified) is holds


def _two_signers(stamp: bytes) -> bytes:
    status, token = _elements(_body(stamp))
    kind, content = _elements(_body(token))
    *parts, signers = _elements(_body(_body(content)))
    twice = der(0x31, _body(signers), _body(signers))
    return der(0x30, status, der(0x30, kind, der(0xA0, der(0x30, *parts, twice))))


def test_a_timestamp_has_one_signer() -> None:
    """RFC 3161 2.4.2: no signatures other than that of the TSA."""
    document = Sigstore().sign(about_forged())
    path = f"{STAMPS}.0.signedTimestamp"
    stamp = base64.b64decode(at(document, path))
    evidence = forged_rejected(edited(document, path, b64(_two_signers(stamp))))
    assert evidence.step is Step.TIME
    assert "one signer" in evidence.reason


def test_a_timestamp_is_read_up_to_its_limit() -> None:
    document = bundle()
    path = f"{STAMPS}.0.signedTimestamp"
    at_limit = rejected(edited(document, path, b64(bytes(16 << 10))))
    assert "more than" not in at_limit.reason
    assert "a timestamp of more than 16384 bytes" in rejected(edited(document, path, b64(bytes((16 << 10) + 1)))).reason


@pytest.mark.parametrize(("size", "read"), [(0, False), (16 << 10, True), ((16 << 10) + 1, False)])
def test_a_timestamp_of_cosigns_older_form_is_read_up_to_its_limit(size: int, *, read: bool) -> None:
    annotations = {
        "dev.cosignproject.cosign/signature": b64(b"x"),
        "dev.sigstore.cosign/rfc3161timestamp": json.dumps({"SignedRFC3161Timestamp": b64(bytes(size))}),
    }
    if read:
        assert read_simple_signing(b"{}", annotations, LIMITS)[0].timestamps == (bytes(size),)
    else:
        with pytest.raises(Refused, match=f"its timestamp has {size} bytes"):
            read_simple_signing(b"{}", annotations, LIMITS)


def test_a_log_entrys_body_has_few_tokens() -> None:
    document = bundle()
    body = json.loads(base64.b64decode(at(document, f"{ENTRY}.canonicalizedBody")))
    for number, costly in ((150, False), (201, True)):
        raw = json.dumps(body | {"x": [0] * number}).encode()
        evidence = rejected(edited(document, f"{ENTRY}.canonicalizedBody", b64(raw)))
        assert any("tokens" in reason for _, reason in evidence.also) is costly


@pytest.mark.parametrize("annotation", ["bundle", "rfc3161timestamp"])
def test_the_documents_in_annotations_have_few_tokens(annotation: str) -> None:
    for number, costly in ((150, False), (201, True)):
        annotations = {
            "dev.cosignproject.cosign/signature": b64(b"x"),
            f"dev.sigstore.cosign/{annotation}": json.dumps({"x": [0] * number}),
        }
        with pytest.raises(Refused) as caught:
            read_simple_signing(b"{}", annotations, LIMITS)
        assert caught.value.costly is costly


@pytest.mark.parametrize(("exponent", "counts"), [(3, True), ((1 << 31) - 1, True), ((1 << 31) + 1, False)])
def test_an_rsa_key_with_an_exponent_that_takes_long_is_none(exponent: int, *, counts: bool) -> None:
    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    if counts:
        assert checked(key) is key
    else:
        with pytest.raises(ValueError, match="public exponent"):
            checked(key)


def test_what_takes_a_verification_is_counted_over_an_image() -> None:
    """Section 9: a signature, its log entry and its timestamp are three; going over is "could not look"."""
    candidates = [found("agent-signed").candidates[0]] * 2
    artifact = Artifact.of(image())

    def judged(proofs: int) -> int:
        limits = Limits(proofs=proofs, tally=Tally())
        return len(verify(candidates, artifact, [lab_root()], [], now=NOW, limits=limits))

    assert judged(6) == 2
    with pytest.raises(LimitExceeded, match=r"more than 5 .* \(\[limits\] proofs\)"):
        judged(5)
