"""Every part of a bundle belongs to every other: one part changed, or taken from another bundle, and it is rejected."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate.verification import Doubt, Rejected, Step, Verified
from tests.forge import (
    SIGNED_AT,
    Authority,
    JSONObject,
    Leaf,
    Log,
    Sigstore,
    b64,
    ec_key,
    ed_key,
    statement,
)
from tests.verification.lab import (
    CERTIFICATE,
    CHECKPOINT,
    DROP,
    ENTRY,
    FORGED_HEX,
    PAYLOAD,
    PROOF,
    SIGNATURE,
    STAMPS,
    about_forged,
    artifact,
    at,
    bundle,
    conformance,
    edited,
    forged_outcome,
    forged_rejected,
    forged_root,
    forged_root_with,
    forged_verified,
    image,
    lab_root,
    outcome,
    public_good,
    rejected,
    verified,
)

SECOND = timedelta(seconds=1)
OTHER = ("many-attestations", 0)
"""Another good bundle of the same log, CA and TSA, about another image."""
V1 = Sigstore(log=Log(key=ec_key("log-v1")))
"""An instance whose log is Rekor v1."""


def _flipped(text: str, position: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[position] ^= 1
    return b64(bytes(raw))


def test_a_flipped_bit_anywhere_in_the_signature_is_rejected() -> None:
    document = bundle()
    text: str = at(document, SIGNATURE)
    for position in range(0, len(base64.b64decode(text)), 3):
        evidence = rejected(edited(document, SIGNATURE, _flipped(text, position)))
        assert evidence.step in {Step.SIGNATURE, Step.TIME}, position  # the timestamp is over the signature


def test_a_timestamp_over_another_signature_is_rejected_though_the_log_gives_a_time() -> None:
    document = V1.sign(about_forged(), integrated=SIGNED_AT)
    assert isinstance(forged_verified(document, forged_root(V1)), Verified)
    other = V1.sign(about_forged(predicate={"another": True}), integrated=SIGNED_AT)
    assert forged_rejected(edited(document, STAMPS, at(other, STAMPS)), forged_root(V1)).step is Step.TIME


def test_a_flipped_bit_in_the_signature_fails_where_time_does_not_depend_on_it() -> None:
    document = V1.sign(about_forged(), at=(), integrated=SIGNED_AT)
    broken = edited(document, SIGNATURE, _flipped(at(document, SIGNATURE), -1))
    assert forged_rejected(broken, forged_root(V1)).step is Step.SIGNATURE


def test_a_changed_payload_is_rejected_for_its_signature() -> None:
    document = bundle()
    payload = base64.b64decode(at(document, PAYLOAD))
    evidence = rejected(edited(document, PAYLOAD, b64(payload + b" ")))
    assert evidence.step is Step.SIGNATURE
    assert not evidence.authentic


def test_the_payload_of_another_bundle_is_rejected_for_its_signature() -> None:
    assert rejected(edited(bundle(), PAYLOAD, at(bundle(*OTHER), PAYLOAD))).step is Step.SIGNATURE


def test_the_envelope_of_another_bundle_has_no_time_of_its_own() -> None:
    document = edited(bundle(), "dsseEnvelope", at(bundle(*OTHER), "dsseEnvelope"))
    assert rejected(document, about=image(OTHER[0])).step is Step.TIME


def test_the_certificate_of_another_bundle_is_rejected_for_the_signature() -> None:
    assert rejected(edited(bundle(), CERTIFICATE, at(bundle("agent-signed", 1), CERTIFICATE))).step is Step.SIGNATURE


def test_a_certificate_that_had_expired_is_rejected_for_its_chain() -> None:
    assert rejected(edited(bundle(), CERTIFICATE, at(bundle("two-signers"), CERTIFICATE))).step in {
        Step.CHAIN,
        Step.SIGNATURE,
    }


def test_a_flipped_bit_in_the_certificate_never_verifies() -> None:
    document = bundle()
    text: str = at(document, CERTIFICATE)
    for position in range(0, len(base64.b64decode(text)), 13):
        try:
            evidence = outcome(edited(document, CERTIFICATE, _flipped(text, position)))
        except Exception:  # noqa: BLE001, S112  (that nothing is raised is another test's)
            continue
        assert isinstance(evidence, Rejected), position


def test_a_public_key_in_the_certificates_place_is_rejected() -> None:
    key = ec_key("leaf").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert rejected(edited(bundle(), CERTIFICATE, b64(key))).step is Step.CERTIFICATE


def test_a_certificate_with_something_after_it_is_rejected() -> None:
    document = bundle()
    raw = base64.b64decode(at(document, CERTIFICATE))
    assert rejected(edited(document, CERTIFICATE, b64(raw + b"\0"))).step is Step.CERTIFICATE


def test_the_log_entry_of_another_bundle_is_rejected_for_not_matching() -> None:
    evidence = rejected(edited(bundle(), ENTRY, at(bundle(*OTHER), ENTRY)))
    assert evidence.step is Step.LOG_ENTRY
    assert not evidence.authentic


def test_the_log_entry_of_the_same_signers_other_signature_is_rejected_for_not_matching() -> None:
    assert rejected(edited(bundle(), ENTRY, at(bundle("agent-signed", 1), ENTRY))).step is Step.LOG_ENTRY


def test_a_real_dsse_entry_of_another_envelope_is_rejected_for_not_matching() -> None:
    evidence = outcome(conformance("dsse-mismatch-envelope_fail/bundle.sigstore.json"), public_good(), about=artifact())
    assert isinstance(evidence, Rejected)
    assert evidence.step is Step.LOG_ENTRY


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "intoto", "version": "0.0.1"},
        {"kind": "intoto", "version": "0.0.2"},
        {"kind": "dsse", "version": "0.0.2"},
        {"kind": "hashedrekord", "version": "0.0.1"},
        {"kind": "HASHEDREKORD", "version": "0.0.2"},
    ],
)
def test_an_entry_of_a_kind_that_no_verifier_knows_is_rejected(change: JSONObject) -> None:
    assert rejected(edited(bundle(), f"{ENTRY}.kindVersion", change)).step is Step.LOG_ENTRY


@pytest.mark.parametrize("version", ["0.0.3", "1", "0.0.02", "\ud800"])
def test_an_entry_of_a_version_that_no_verifier_knows_is_rejected(version: str) -> None:
    assert rejected(edited(bundle(), f"{ENTRY}.kindVersion.version", version)).step in {Step.LOG_ENTRY, Step.FORMAT}


def test_a_new_entry_that_says_that_it_is_an_old_one_is_rejected() -> None:
    # Else the checkpoint's origin, which Rekor v1 does not fix, would not be looked at.
    assert rejected(edited(bundle(), f"{ENTRY}.kindVersion", {"kind": "dsse", "version": "0.0.1"})).step in {
        Step.FORMAT,
        Step.LOG_ENTRY,
    }


def test_an_entry_whose_body_was_changed_is_rejected_for_the_log() -> None:
    document = bundle()
    text: str = at(document, f"{ENTRY}.canonicalizedBody")
    for position in (0, 20, -1):
        assert rejected(edited(document, f"{ENTRY}.canonicalizedBody", _flipped(text, position))).step is Step.LOG


def test_a_flipped_bit_in_the_proof_is_rejected_for_the_log() -> None:
    document = bundle()
    assert rejected(edited(document, f"{PROOF}.hashes.0", _flipped(at(document, f"{PROOF}.hashes.0"), 0))).step is (
        Step.LOG
    )


@pytest.mark.parametrize("hashes", [[], [""], ["AAAA"], [b64(bytes(32))], [b64(bytes(32))] * 2, [b64(bytes(33))]])
def test_a_proof_of_other_hashes_is_rejected_for_the_log(hashes: list[str]) -> None:
    assert rejected(edited(bundle(), f"{PROOF}.hashes", hashes)).step is Step.LOG


def test_a_hash_too_many_is_rejected_for_the_log() -> None:
    document = bundle()
    assert rejected(edited(document, f"{PROOF}.hashes", at(document, f"{PROOF}.hashes") * 2)).step is Step.LOG


def test_a_flipped_bit_in_the_root_hash_is_rejected_for_the_log() -> None:
    document = bundle()
    text: str = at(document, f"{PROOF}.rootHash")
    assert rejected(edited(document, f"{PROOF}.rootHash", _flipped(text, 31))).step is Step.LOG


def test_a_proof_for_another_place_in_the_tree_is_rejected_for_the_log() -> None:
    assert rejected(edited(bundle(), f"{PROOF}.logIndex", "0")).step is Step.LOG


@pytest.mark.parametrize("index", ["2", "3", "9223372036854775807"])
def test_an_index_beyond_the_tree_is_rejected(index: str) -> None:
    assert rejected(edited(bundle(), f"{PROOF}.logIndex", index)).step is Step.LOG


def test_the_checkpoint_of_another_tree_is_rejected_for_the_log() -> None:
    assert rejected(edited(bundle(), CHECKPOINT, at(bundle(*OTHER), CHECKPOINT))).step is Step.LOG


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("127.0.0.1\n2", "127.0.0.2\n2"),
        ("127.0.0.1\n2", "127.0.0.1\n3"),
        ("127.0.0.1\n2", "\n127.0.0.1\n2"),
        ("127.0.0.1\n2", "127.0.0.1 \n2"),
        ("\n\n", "\nextension\n\n"),
        ("\n\n", "\n"),
        ("\n\n", "\n\n\n\n"),
        ("\n\n—", "\n\n"),
        ("— 127.0.0.1 V", "— 127.0.0.1 W"),
        ("— ", "- "),
    ],
)
def test_a_checkpoint_whose_text_was_changed_is_rejected_for_the_log(old: str, new: str) -> None:
    document = bundle()
    text: str = at(document, CHECKPOINT)
    assert old in text
    assert rejected(edited(document, CHECKPOINT, text.replace(old, new, 1))).step is Step.LOG


def test_a_checkpoint_whose_signature_was_changed_is_rejected_for_the_log() -> None:
    document = bundle()
    head, _, signature = at(document, CHECKPOINT).rstrip("\n").rpartition(" ")
    evidence = rejected(edited(document, CHECKPOINT, f"{head} {_flipped(signature, -1)}\n"))
    assert evidence.step is Step.LOG
    assert "signature" in evidence.reason


def test_a_checkpoint_without_its_signature_is_rejected_for_the_log() -> None:
    document = bundle()
    text: str = at(document, CHECKPOINT)
    assert rejected(edited(document, CHECKPOINT, text[: text.index("—")])).step is Step.LOG


def test_a_checkpoint_of_another_size_than_the_proof_is_rejected_for_the_log() -> None:
    # Signed by the log itself: the one thing wrong is that proof and checkpoint speak of trees of two sizes.
    sigstore = Sigstore()
    document = sigstore.sign(about_forged())
    root = base64.b64decode(at(document, f"{PROOF}.rootHash"))
    evidence = forged_rejected(edited(document, CHECKPOINT, sigstore.log.checkpoint(root, size=7)))
    assert evidence.step is Step.LOG
    assert "'7'" in evidence.reason
    assert not evidence.authentic


@pytest.mark.parametrize("size", ["01", "+1", " 1", "1 ", "\uff11"])
def test_a_checkpoint_whose_size_is_spelled_in_another_way_is_rejected_for_the_log(size: str) -> None:
    sigstore = Sigstore()
    document = sigstore.sign(about_forged())
    root = base64.b64decode(at(document, f"{PROOF}.rootHash"))
    text = f"{sigstore.log.host}\n{size}\n{b64(root)}\n"
    note = f"{text}\n— x {b64(sigstore.log.key_id[:4] + sigstore.log.sign(text.encode()))}\n"
    assert forged_rejected(edited(document, CHECKPOINT, note)).step is Step.LOG


@pytest.mark.parametrize("known", [True, False])
def test_an_entry_of_the_same_words_in_each_of_two_logs_is_no_copy(*, known: bool) -> None:
    """A log writes what it was told in one way: two logs that were told of one signature have the same body."""
    sigstore, second = Sigstore(), Log(key=ed_key("log-b"), host="second.example")
    document = sigstore.sign(about_forged())
    told = at(document, ENTRY)
    other = second.entry(base64.b64decode(told["canonicalizedBody"]), **told["kindVersion"])
    both = edited(document, "verificationMaterial.tlogEntries", [told, other])
    logs = (sigstore.log, second) if known else (sigstore.log,)
    evidence = forged_outcome(both, forged_root_with(tlogs=[log.document() for log in logs]))
    if known:
        assert isinstance(evidence, Verified), evidence
        assert [entry.log for entry in evidence.logs] == [log.key_id.hex() for log in logs]
    else:
        assert isinstance(evidence, Rejected)
        assert evidence.step is Step.TRUST_ROOT
    thrice = edited(both, "verificationMaterial.tlogEntries", [told, other, other])
    assert forged_rejected(thrice, forged_root_with(tlogs=[log.document() for log in logs])).step is Step.FORMAT


@pytest.mark.parametrize("origin", ["evil.example", "log.example/2", "LOG.example", "log.example - 1", "rekor"])
def test_a_new_logs_checkpoint_of_another_origin_is_rejected_for_the_log(origin: str) -> None:
    evidence = forged_rejected(Sigstore().sign(about_forged(), origin=origin))
    assert evidence.step is Step.LOG
    assert "log.example" in evidence.reason
    assert not evidence.authentic


def test_an_old_logs_checkpoint_may_have_any_origin() -> None:
    document = V1.sign(about_forged(), integrated=SIGNED_AT, origin="rekor.example - 2605736670972794746")
    forged_verified(document, forged_root(V1))


def test_a_checkpoint_of_a_key_that_claims_the_logs_id_is_rejected_for_the_log() -> None:
    impostor = Sigstore(log=Log(key=ed_key("impostor"), claims_to_be=Sigstore().log.key_id))
    assert forged_rejected(impostor.sign(about_forged())).step is Step.LOG


def test_an_entry_that_names_another_log_is_rejected_for_the_trust_root() -> None:
    assert rejected(edited(bundle(), f"{ENTRY}.logId.keyId", b64(bytes(32)))).step is Step.TRUST_ROOT


def test_an_entry_that_names_another_log_of_the_root_is_rejected_for_the_log() -> None:
    two = Log(key=ed_key("log-two"), host="two.example")
    sigstore = Sigstore()
    root = forged_root_with(tlogs=[sigstore.log.document(), two.document()])
    document = sigstore.sign(about_forged())
    assert isinstance(forged_verified(document, root), Verified)
    assert forged_rejected(edited(document, f"{ENTRY}.logId.keyId", b64(two.key_id)), root).step is Step.LOG


# --- time


def test_a_bundle_without_any_time_is_rejected() -> None:
    document = bundle()
    for broken in (
        edited(document, "verificationMaterial.timestampVerificationData", DROP),
        edited(document, STAMPS, []),
        edited(document, "verificationMaterial.timestampVerificationData", []),
    ):
        assert rejected(broken).step in {Step.FORMAT, Step.TIME}


def test_a_promise_without_a_time_is_no_time() -> None:
    document = edited(bundle(), "verificationMaterial.timestampVerificationData", DROP)
    promised = edited(document, f"{ENTRY}.inclusionPromise", {"signedEntryTimestamp": "AAAA"})
    assert rejected(promised).step is Step.LOG


def test_a_time_without_a_promise_is_no_time() -> None:
    document = edited(bundle(), "verificationMaterial.timestampVerificationData", DROP)
    assert rejected(edited(document, f"{ENTRY}.integratedTime", "1795425223")).step in {Step.FORMAT, Step.TIME}


def test_the_timestamp_of_another_bundle_is_no_time() -> None:
    evidence = rejected(edited(bundle(), STAMPS, at(bundle(*OTHER), STAMPS)))
    assert evidence.step is Step.TIME
    assert evidence.doubt is None


def test_the_same_timestamp_twice_is_rejected() -> None:
    document = bundle()
    assert "timestamp twice" in rejected(edited(document, STAMPS, at(document, STAMPS) * 2)).reason


def test_a_timestamp_that_cannot_be_read_is_rejected() -> None:
    for raw in (b"\0", b"\x30\x03\x02\x01\x00", b"\x30\x05\x30\x03\x02\x01\x02"):
        assert rejected(edited(bundle(), f"{STAMPS}.0.signedTimestamp", b64(raw))).step is Step.TIME


def test_a_timestamp_that_does_not_verify_adds_no_time_to_one_that_does() -> None:
    document = bundle()
    both = edited(document, STAMPS, at(document, STAMPS) + at(bundle(*OTHER), STAMPS))
    assert verified(both).times == verified(document).times


def test_a_flipped_bit_in_the_timestamp_never_moves_the_time() -> None:
    document = bundle()
    times = verified(document).times
    text: str = at(document, f"{STAMPS}.0.signedTimestamp")
    for position in range(0, len(base64.b64decode(text)), 5):
        try:
            evidence = outcome(edited(document, f"{STAMPS}.0.signedTimestamp", _flipped(text, position)))
        except Exception:  # noqa: BLE001, S112  (that nothing is raised is another test's)
            continue
        assert isinstance(evidence, Rejected) or evidence.times == times, position


def test_a_timestamp_signed_by_another_key_in_the_authoritys_name_is_no_time() -> None:
    impostor = Sigstore(tsa=Sigstore().tsa.impostor())
    assert forged_rejected(impostor.sign(about_forged())).step is Step.TIME


def test_a_certificate_in_the_timestamps_bag_does_not_stand_in_for_the_authoritys() -> None:
    """P-T7, CVE-2026-39984: the forger's certificate first in the bag, its key under the signature."""
    sigstore = Sigstore()
    document = sigstore.sign(about_forged())
    signature = base64.b64decode(at(document, SIGNATURE))
    leaf = sigstore.certificate(Leaf())
    bag = [leaf.public_bytes(Encoding.DER), sigstore.tsa.certificate.public_bytes(Encoding.DER)]
    stamp = sigstore.tsa.impostor().response(signature, SIGNED_AT, embed=bag)
    assert forged_rejected(edited(document, f"{STAMPS}.0.signedTimestamp", b64(stamp))).step is Step.TIME


def test_a_timestamp_may_carry_its_authoritys_certificate() -> None:
    sigstore = Sigstore()
    document = sigstore.sign(about_forged())
    signature = base64.b64decode(at(document, SIGNATURE))
    stamp = sigstore.tsa.response(signature, SIGNED_AT, embed=[sigstore.tsa.certificate.public_bytes(Encoding.DER)])
    forged_verified(edited(document, f"{STAMPS}.0.signedTimestamp", b64(stamp)))


@pytest.mark.parametrize("moment", [Leaf().not_before, Leaf().not_after])
def test_a_time_at_either_end_of_the_certificate_is_inside(moment: datetime) -> None:
    assert forged_verified(Sigstore().sign(about_forged(), at=[moment])).signed_at == moment


@pytest.mark.parametrize("moment", [Leaf().not_before - SECOND, Leaf().not_after + SECOND])
def test_a_time_outside_the_certificate_is_rejected_for_the_chain(moment: datetime) -> None:
    assert forged_rejected(Sigstore().sign(about_forged(), at=[moment])).step is Step.CHAIN


@pytest.mark.parametrize("order", [0, 1])
def test_one_verified_time_outside_the_certificate_rejects_whatever_the_others_say(order: int) -> None:
    moments = [SIGNED_AT, Leaf().not_after + SECOND][:: 1 if order else -1]
    assert forged_rejected(Sigstore().sign(about_forged(), at=moments)).step is Step.CHAIN


def test_the_earliest_of_several_verified_times_is_the_signing_time() -> None:
    moments = [SIGNED_AT + 2 * SECOND, SIGNED_AT, SIGNED_AT + SECOND]
    evidence = forged_verified(Sigstore().sign(about_forged(), at=moments))
    assert evidence.times == tuple(sorted(moments))
    assert evidence.times[0] == SIGNED_AT


def test_an_old_entrys_time_counts_under_its_signed_entry_timestamp() -> None:
    evidence = forged_verified(V1.sign(about_forged(), at=(), integrated=SIGNED_AT), forged_root(V1))
    assert evidence.times == (SIGNED_AT,)
    assert evidence.logs[0].integrated == SIGNED_AT


def test_an_old_entrys_time_outside_the_certificate_rejects_beside_a_good_timestamp() -> None:
    document = V1.sign(about_forged(), integrated=Leaf().not_after + SECOND)
    assert forged_rejected(document, forged_root(V1)).step is Step.CHAIN


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{ENTRY}.integratedTime", str(int((SIGNED_AT + SECOND).timestamp()))),
        (f"{ENTRY}.logIndex", "1"),
        (f"{ENTRY}.inclusionPromise.signedEntryTimestamp", b64(bytes(70))),
    ],
)
def test_an_old_entry_that_its_signed_entry_timestamp_does_not_cover_is_rejected_for_the_log(
    path: str, value: str
) -> None:
    document = V1.sign(about_forged(), integrated=SIGNED_AT)
    assert forged_rejected(edited(document, path, value), forged_root(V1)).step is Step.LOG


def test_a_new_entry_with_an_integrated_time_is_rejected() -> None:
    document = Sigstore().sign(about_forged())
    entry = at(document, ENTRY)
    promised = edited(document, ENTRY, entry | Sigstore().log.promise(entry, SIGNED_AT))
    assert forged_rejected(promised).step is Step.LOG


def test_an_old_entry_of_another_payload_is_rejected_for_not_matching() -> None:
    documents = [V1.sign(about_forged(predicate={"n": n}), at=(), integrated=SIGNED_AT) for n in (1, 2)]
    crossed = edited(documents[0], ENTRY, at(documents[1], ENTRY))
    evidence = forged_rejected(crossed, forged_root(V1))
    assert evidence.step is Step.LOG_ENTRY
    assert "another payload" in evidence.reason


def test_an_old_entry_of_another_signature_over_the_same_payload_is_rejected_for_not_matching() -> None:
    documents = [V1.sign(about_forged(), at=(), integrated=SIGNED_AT) for _ in range(2)]
    assert at(documents[0], SIGNATURE) != at(documents[1], SIGNATURE)
    evidence = forged_rejected(edited(documents[0], ENTRY, at(documents[1], ENTRY)), forged_root(V1))
    assert evidence.step is Step.LOG_ENTRY
    assert "another signature" in evidence.reason


def test_an_old_entry_of_another_certificate_for_the_same_key_is_rejected_for_not_matching() -> None:
    document = V1.sign(about_forged(), at=(), integrated=SIGNED_AT)
    other = V1.certificate(Leaf(serial=9))
    crossed = edited(document, CERTIFICATE, b64(other.public_bytes(Encoding.DER)))
    assert forged_rejected(crossed, forged_root(V1)).step is Step.LOG_ENTRY


def test_a_new_entry_of_another_certificate_for_the_same_key_is_rejected_for_not_matching() -> None:
    # The signature, the time and the chain all hold: who signed would be the forger's choice.
    document = Sigstore().sign(about_forged())
    victim = Sigstore().certificate(Leaf(names=(x509.RFC822Name("ada@acme.com"),)))
    crossed = edited(document, CERTIFICATE, b64(victim.public_bytes(Encoding.DER)))
    assert forged_rejected(crossed).step is Step.LOG_ENTRY


# --- clock


def test_evidence_up_to_five_minutes_ahead_of_the_clock_verifies() -> None:
    signed = verified(bundle()).times[0]
    verified(bundle(), now=signed - timedelta(minutes=5))


def test_evidence_further_ahead_of_the_clock_is_in_doubt() -> None:
    signed = verified(bundle()).times[0]
    evidence = rejected(bundle(), now=signed - timedelta(minutes=5) - SECOND)
    assert evidence.step is Step.TIME
    assert evidence.doubt is Doubt.CLOCK
    assert evidence.authentic


def test_every_verified_time_is_held_against_the_clock() -> None:
    document = Sigstore().sign(about_forged(), at=[SIGNED_AT, SIGNED_AT + 2 * SECOND])
    five = timedelta(minutes=5)
    forged_verified(document, now=SIGNED_AT + 2 * SECOND - five)
    assert forged_rejected(document, now=SIGNED_AT + SECOND - five).doubt is Doubt.CLOCK


def test_evidence_that_is_forged_and_ahead_of_the_clock_is_in_no_doubt() -> None:
    signed = verified(bundle()).times[0]
    evidence = rejected(edited(bundle(), ENTRY, at(bundle(*OTHER), ENTRY)), now=signed - timedelta(hours=1))
    assert evidence.step is Step.LOG_ENTRY
    assert evidence.doubt is None


@pytest.mark.parametrize(
    ("document", "step"),
    [
        (Sigstore().sign(about_forged(subject=[{"digest": {"sha256": "0" * 64}}])), Step.SUBJECT),
        (Sigstore().sign(b"{"), Step.PAYLOAD),
    ],
)
def test_evidence_of_something_else_and_ahead_of_the_clock_is_in_no_doubt(document: JSONObject, step: Step) -> None:
    """Anybody may attach a signer's word about another image: no clock makes it one about this."""
    evidence = forged_rejected(document, now=SIGNED_AT - timedelta(hours=1))
    assert (evidence.step, evidence.doubt) == (step, None)


def test_old_evidence_verifies_long_after_its_certificate_expired() -> None:
    verified(bundle(), now=datetime(2036, 1, 1, tzinfo=UTC))


# --- certificate authority


def test_a_certificate_signed_by_another_key_in_the_authoritys_name_is_rejected_for_the_chain() -> None:
    real = Sigstore()
    impostor = Sigstore(ca=Authority(common_name=real.ca.common_name, key=ec_key("impostor-ca")))
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(real.ca.key.public_key())
    assert forged_rejected(impostor.sign(about_forged(), leaf=Leaf(authority_key=aki))).step is Step.CHAIN


def test_a_certificate_timestamp_of_a_key_that_claims_the_ct_logs_id_is_rejected() -> None:
    impostor = Sigstore(ct=Log(key=ec_key("impostor-ct"), claims_to_be=Sigstore().ct.key_id))
    evidence = forged_rejected(impostor.sign(about_forged()))
    assert evidence.step is Step.SCT
    assert "SCT" in evidence.reason


@pytest.mark.parametrize("number", [0, 2, 3])
def test_a_certificate_has_exactly_one_certificate_timestamp(number: int) -> None:
    assert forged_rejected(Sigstore().sign(about_forged(), leaf=Leaf(scts=number))).step is Step.SCT


def test_a_real_bundle_is_rejected_whole_within_a_forged_root() -> None:
    evidence = outcome(bundle(), forged_root())
    assert isinstance(evidence, Rejected)
    assert evidence.step is Step.TRUST_ROOT


def test_a_forged_bundle_is_rejected_whole_within_a_real_root() -> None:
    document = Sigstore().sign(statement(image().digest.hex))
    evidence = outcome(document, lab_root())
    assert isinstance(evidence, Rejected)
    assert evidence.step is Step.TRUST_ROOT


def test_a_rejection_says_who_it_says_that_it_is_from_and_that_it_is_not_verified() -> None:
    evidence = rejected(edited(bundle(), ENTRY, at(bundle(*OTHER), ENTRY)))
    assert evidence.stated is not None
    assert evidence.stated == verified(bundle()).signer
    assert not evidence.authentic


def test_a_forged_bundle_is_about_what_its_statement_says() -> None:
    assert json.loads(about_forged())["subject"][0]["digest"]["sha256"] == FORGED_HEX
    assert forged_verified(Sigstore().sign(about_forged())).subject.hex == FORGED_HEX


def test_a_rejected_bundle_keeps_what_would_fail_behind_its_first_failed_step() -> None:
    document = V1.sign(about_forged(), at=(), integrated=SIGNED_AT)
    other = V1.sign(about_forged(predicate={"another": True}), at=(), integrated=SIGNED_AT)
    promise = f"{ENTRY}.inclusionPromise.signedEntryTimestamp"

    torn = edited(edited(document, promise, b64(V1.log.sign(b"another"))), PAYLOAD, at(other, PAYLOAD))
    found = forged_rejected(torn, forged_root(V1))
    assert (found.step, [step for step, _ in found.also]) == (Step.LOG, [Step.SIGNATURE, Step.LOG_ENTRY])

    unlogged = edited(document, promise, b64(V1.log.sign(b"another")))
    assert forged_rejected(unlogged, forged_root(V1)).also == (), "the rest of it holds"
