"""A key's signature and the log: an entry of a known log is this signature's own, or the signature is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from msgspec import structs

from gate import trust
from gate.verification import Artifact, Barred, Rejected, Root, Step, Verified, fingerprint, verify
from gate.verification.bundle import read_bundle
from gate.verification.candidate import verify_candidate
from gate.verification.log import NotProven, check_promise
from gate.verification.material import pae
from gate.verification.statement import PAYLOAD_TYPE
from gate.verification.steps import Failed, verify_with_key
from tests.forge import (
    FAR,
    FORMATS,
    SIGNED_AT,
    Format,
    JSONObject,
    Log,
    Sigstore,
    TimestampAuthority,
    Validity,
    b64,
    ec_key,
    ed_key,
)
from tests.verification.lab import (
    DROP,
    ENTRY,
    FORGED_IMAGE,
    FORGED_NOW,
    LIMITS,
    SIGNATURE,
    about_forged,
    at,
    candidate,
    edited,
    forged_root,
    load,
)
from tests.verification.wrong.rows import trial

if TYPE_CHECKING:
    from datetime import datetime

    from gate.verification import Evidence

KEY, OTHER = ec_key("signer"), ec_key("other-signer")
V1 = Sigstore(log=Log(key=ec_key("log-v1")))
HOUR = timedelta(hours=1)


def _judged(document: JSONObject, root: Root | None = None) -> Evidence:
    raw = candidate(json.dumps(document).encode())
    keys = [KEY.public_key(), OTHER.public_key()]
    artifact = Artifact.of(FORGED_IMAGE)
    (found,) = verify([raw], artifact, [root or forged_root(V1)], keys, now=FORGED_NOW, limits=LIMITS)
    return found


def _refused_at(document: JSONObject, root: Root | None = None) -> Step | Barred:
    found = _judged(document, root)
    assert isinstance(found, Rejected), "it verified"
    return found.step


def test_a_logged_signature_of_a_key_has_the_logs_time() -> None:
    found = _judged(V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT))
    assert isinstance(found, Verified), found
    assert found.logs[0].integrated == SIGNED_AT


def test_the_log_entry_of_another_statement_by_the_same_key_is_refused() -> None:
    logged = about_forged(predicate={"another": True})
    assert _refused_at(V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT, logged=logged)) is Step.LOG_ENTRY


def test_the_log_entry_of_the_same_statement_by_another_key_is_refused() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    other = V1.sign_with_key(about_forged(), OTHER, integrated=SIGNED_AT)
    assert _refused_at(edited(document, ENTRY, at(other, ENTRY))) is Step.LOG_ENTRY


def test_a_promise_that_does_not_hold_is_refused_though_the_key_signed() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    path = f"{ENTRY}.inclusionPromise.signedEntryTimestamp"
    assert _refused_at(edited(document, path, b64(V1.log.sign(b"another")))) is Step.LOG


def test_a_log_whose_key_was_not_in_use_is_refused_and_the_ends_of_its_window_are_in_use() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    for start, end, verifies in (
        (SIGNED_AT, SIGNED_AT, True),
        (SIGNED_AT + timedelta(seconds=1), SIGNED_AT + HOUR, False),
        (SIGNED_AT - HOUR, SIGNED_AT - timedelta(seconds=1), False),
    ):
        log = Log(key=ec_key("log-v1"), window=Validity(start=start, end=end))
        root = load(Sigstore(log=log).root(), name="forged")
        if verifies:
            assert isinstance(_judged(document, root), Verified)
        else:
            assert _refused_at(document, root) is Step.LOG


KEYED = [form for form in FORMATS if form.keyed and form.entry is not None]


@pytest.mark.parametrize("form", KEYED, ids=lambda form: form.name)
def test_a_log_outside_the_root_is_ignored_and_noted_whatever_it_says(form: Format) -> None:
    made = trial(form)
    other = replace(made.recipe.instance.log, key=ec_key("log-b") if form.rekor == 1 else ed_key("log-b"))
    wrong = made.but(told=lambda body: edited(body, "apiVersion", "0.0.9"))
    evidence = wrong.judged_by(log=other).evidence()
    assert isinstance(evidence, Verified), evidence
    assert evidence.logs == ()
    assert bool(evidence.times) == form.stamps, "its timestamp still counts"
    assert evidence.notes == (f"its transparency log {made.recipe.instance.log.key_id.hex()} is not in the trust root",)


@pytest.mark.parametrize("form", [form for form in KEYED if form.stamps], ids=lambda form: form.name)
def test_a_timestamp_authority_outside_the_root_is_ignored_and_noted(form: Format) -> None:
    evidence = trial(form).judged_by(tsa=TimestampAuthority(name="tsa-b")).evidence()
    assert isinstance(evidence, Verified), evidence
    assert bool(evidence.times) == form.promise
    assert evidence.notes == ("a timestamp authority of it is not in the trust root",)


@pytest.mark.parametrize("form", [form for form in KEYED if form.proof], ids=lambda form: form.name)
def test_without_a_time_a_keys_entry_counts_only_in_a_log_that_is_in_use(form: Format) -> None:
    made = trial(replace(form, promise=False, stamps=False))
    log = made.recipe.instance.log
    for window, counts in ((Validity(), True), (Validity(end=FAR), False)):
        evidence = made.judged_by(log=replace(log, window=window)).evidence()
        assert isinstance(evidence, Verified), evidence
        assert bool(evidence.logs) is counts
        assert evidence.notes == (() if counts else (f"its transparency log {log.key_id.hex()} is out of use",))


@pytest.mark.parametrize("form", KEYED, ids=lambda form: form.name)
def test_with_a_time_a_keys_entry_counts_in_a_log_that_was_in_use_then(form: Format) -> None:
    made = trial(form)
    log = replace(made.recipe.instance.log, window=Validity(end=SIGNED_AT))
    evidence = made.judged_by(log=log).evidence()
    assert isinstance(evidence, Verified), evidence
    assert len(evidence.logs) == 1
    assert evidence.notes == ()


def test_a_keys_entry_without_any_time_is_none_of_a_log_whose_window_has_an_end() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    for part in ("inclusionPromise", "integratedTime"):
        document = edited(document, f"{ENTRY}.{part}", DROP)
    retired = Log(key=ec_key("log-v1"), window=Validity(end=SIGNED_AT - timedelta(days=30)))
    root = load(Sigstore(log=retired).root(), name="forged")
    raw = candidate(json.dumps(document).encode())
    (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [root], [KEY.public_key()], now=FORGED_NOW, limits=LIMITS)
    assert isinstance(found, Rejected) or (isinstance(found, Verified) and not found.logs)


def test_a_keys_signature_needs_no_certificates_parts_and_none_of_them_helps_it() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    raw = candidate(json.dumps(document).encode())
    for keys, verifies in (([], False), ([ec_key("another").public_key()], False), ([KEY.public_key()], True)):
        (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [forged_root(V1)], keys, now=FORGED_NOW, limits=LIMITS)
        assert isinstance(found, Verified) is verifies


def _held(document: JSONObject, root: Root | None = None) -> Verified:
    found = _judged(document, root)
    assert isinstance(found, Verified), found
    return found


def _stamped(document: JSONObject, *stamps: bytes) -> JSONObject:
    listed = [{"signedTimestamp": b64(stamp)} for stamp in stamps]
    return edited(document, "verificationMaterial.timestampVerificationData", {"rfc3161Timestamps": listed})


def test_a_timestamp_beside_a_keys_signature_counts_if_its_authority_is_in_the_root_and_is_noted_if_not() -> None:
    """Rule 5. One of a known authority that does not verify rejects, and so does what is no timestamp."""
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    signature = base64.b64decode(at(document, SIGNATURE))
    later = SIGNED_AT + timedelta(minutes=1)
    known = V1.tsa.response(signature, later)
    stranger = TimestampAuthority(name="another-tsa")
    unknown = stranger.response(signature, later)
    found = _held(_stamped(document, known))
    assert (found.times, found.notes) == ((SIGNED_AT, later), ())
    note = "a timestamp authority of it is not in the trust root"
    found = _held(_stamped(document, unknown))
    assert (found.times, found.notes) == ((SIGNED_AT,), (note,))
    found = _held(_stamped(document, known, unknown))
    assert (found.times, found.notes) == ((SIGNED_AT, later), (note,))
    for broken in (V1.tsa.response(b"another signature", later), b"no timestamp"):
        assert _refused_at(_stamped(document, broken)) is Step.TIME


def test_a_logs_key_that_stands_in_the_root_twice_was_in_use_in_either_window() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    windows = [Validity(end=SIGNED_AT - HOUR), Validity(start=SIGNED_AT - HOUR, end=SIGNED_AT + HOUR)]
    for order in (windows, windows[::-1]):
        logs = [Log(key=ec_key("log-v1"), window=window).document() for window in order]
        assert len(_held(document, load(V1.root(tlogs=logs), name="forged")).logs) == 1
    logs = [Log(key=ec_key("log-v1"), window=Validity(end=SIGNED_AT - HOUR)).document()] * 2
    assert _refused_at(document, load(V1.root(tlogs=logs), name="forged")) is Step.LOG


def test_a_key_that_did_not_sign_verifies_nothing_whoever_chose_it() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    material = read_bundle(json.dumps(document).encode(), LIMITS)
    assert material.message is not None
    assert verify_with_key(material, material.message, KEY.public_key(), forged_root(V1)).times
    with pytest.raises(Failed) as failed:
        verify_with_key(material, material.message, OTHER.public_key(), forged_root(V1))
    assert failed.value.step is Step.SIGNATURE


def test_an_entry_without_a_promise_promises_nothing() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    (entry,) = read_bundle(json.dumps(document).encode(), LIMITS).entries
    key = ec_key("log-v1").public_key()
    check_promise(entry, key)
    for less in (structs.replace(entry, promise=None), structs.replace(entry, integrated=0)):
        with pytest.raises(NotProven, match="has no signed entry timestamp"):
            check_promise(less, key)


def test_a_log_that_only_a_newer_root_may_know_is_the_roots_fault() -> None:
    """Rule 28: between the root's date and now; a file has no date."""
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)

    def told(start: datetime, *, built_in: bool = True, now: datetime = FORGED_NOW) -> str | None:
        strange = replace(V1, log=Log(key=ec_key("log-b"), window=Validity(start=start, end=None))).root()
        for part in ("certificateAuthorities", "ctlogs", "timestampAuthorities"):
            for item in strange[part]:
                (item.get("publicKey") or item)["validFor"]["start"] = "2000-01-01T00:00:00Z"
        keys = [KEY.public_key()]
        root = load(strange, name="forged", built_in=built_in)
        raw = candidate(json.dumps(document).encode())
        (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [root], keys, now=now, limits=LIMITS)
        assert isinstance(found, Verified), found
        assert found.logs == ()
        return found.stale

    second = timedelta(seconds=1)
    assert told(SIGNED_AT - second) == (
        f"its transparency log {V1.log.key_id.hex()} is not in the trust root 'forged' of {(SIGNED_AT - second).date()}"
    )
    assert told(SIGNED_AT) is None, "the root covers that moment: the log is no one's"
    assert told(SIGNED_AT - second, built_in=False) is None
    assert told(SIGNED_AT - second, now=SIGNED_AT - timedelta(minutes=5)) is not None
    assert told(SIGNED_AT - second, now=SIGNED_AT - timedelta(minutes=5) - second) is None


def test_a_root_that_knows_the_log_is_not_too_old_for_what_it_proves() -> None:
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    parsed = trust.parse("forged", json.dumps(V1.root()).encode(), dated=None)
    for dated in (None, SIGNED_AT - timedelta(days=1)):
        root = Root(structs.replace(parsed, dated=dated))
        raw = candidate(json.dumps(document).encode())
        (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [root], [KEY.public_key()], now=FORGED_NOW, limits=LIMITS)
        assert isinstance(found, Verified), found
        assert [log.integrated is not None for log in found.logs] == [True]
        assert found.stale is None


# A second key that verifies the same signature.

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
Point: TypeAlias = tuple[int, int] | None


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    rise, run = (3 * one[0] ** 2 - 3, 2 * one[1]) if one == other else (other[1] - one[1], other[0] - one[0])
    slope = rise * pow(run, -1, _P) % _P
    x = (slope**2 - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = _add(found, point)
        number, point = number >> 1, _add(point, point)
    return found


def _keys_of(signature: bytes, message: bytes) -> list[ec.EllipticCurvePublicKey]:
    """Both keys of P-256 that verify a signature (SEC 1, 4.1.6)."""
    r, s = decode_dss_signature(signature)
    hashed = int.from_bytes(hashlib.sha256(message).digest())
    y = pow(r**3 - 3 * r + _B, (_P + 1) // 4, _P)
    found = []
    for point in ((r, y), (r, _P - y)):
        key = _times(pow(r, -1, _N), _add(_times(s, point), _times(-hashed % _N, _G)))
        assert key is not None
        found.append(ec.EllipticCurvePublicNumbers(*key, ec.SECP256R1()).public_key())
    return found


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_key_that_somebody_made_from_a_signature_takes_it_from_nobody(*, logged: bool, first: bool) -> None:
    """A policy that names such a key before the one of its base would hide what that says."""
    document = V1.sign_with_key(about_forged(), KEY, integrated=SIGNED_AT)
    if not logged:
        document = edited(document, "verificationMaterial.tlogEntries", DROP)
    payload, signature = (base64.b64decode(at(document, path)) for path in ("dsseEnvelope.payload", SIGNATURE))
    made = [key for key in _keys_of(signature, pae(PAYLOAD_TYPE, payload).raw or b"") if key != KEY.public_key()]
    keys = [*made, KEY.public_key()] if first else [KEY.public_key(), *made]
    assert len(keys) == 2
    raw = candidate(json.dumps(document).encode())
    found = verify([raw], Artifact.of(FORGED_IMAGE), [forged_root(V1)], keys, now=FORGED_NOW, limits=LIMITS)
    signers = {item.signer.name for item in found if isinstance(item, Verified)}
    names = {f"key sha256:{fingerprint(key)}" for key in (keys if not logged else [KEY.public_key()])}
    assert signers == names
    each = verify_candidate(raw, forged_root(V1), keys, Artifact.of(FORGED_IMAGE), now=FORGED_NOW, limits=LIMITS)
    steps = [item.step for item in each if isinstance(item, Rejected)]
    assert steps == ([Step.LOG_ENTRY] if logged else []), "what the log holds is of the other key"
    assert len(each) == 2
