"""A log entry is of this signature, this signer and these bytes, for every kind of entry: another of any is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate.verification.log import NotProven, check_binding, check_checkpoint
from gate.verification.material import Content, Entry, Material, Proof, pae
from tests.forge import Leaf, Log, Sigstore, b64, ec_key, ed_key
from tests.verification.lab import edited

if TYPE_CHECKING:
    from gate.verification.keys import PublicKey

Signer = Any  # a public key or a certificate, as `check_binding` takes them

TYPE = "application/vnd.in-toto+json"
PAYLOAD, SIGNATURE, ENVELOPE = b'{"a":1}', b"a signature", hashlib.sha256(b"the envelope").digest()
KEY: PublicKey = ec_key("bound").public_key()
OTHER_KEY: PublicKey = ec_key("bound-other").public_key()
LEAF = Sigstore().certificate(Leaf(key=ec_key("bound")))
OTHER_LEAF = Sigstore().certificate(Leaf(key=ec_key("bound"), serial=4712))
"""The same key in another certificate: still another signer."""
WRONG_HEX = hashlib.sha256(b"other").hexdigest()


def _encoded(signer: Signer, encoding: Encoding) -> bytes:
    if isinstance(signer, x509.Certificate):
        return signer.public_bytes(encoding)
    raw: bytes = signer.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return raw


def _pem(signer: Signer) -> str:
    return b64(_encoded(signer, Encoding.PEM))


def _sha256(raw: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(raw).hexdigest()}


def _spec(kind: str, signer: Signer) -> dict[str, Any]:
    """The body of an entry that is right, by kind and version as Rekor's schemas write them."""
    message, signature = pae(TYPE, PAYLOAD).raw or b"", b64(SIGNATURE)
    if kind == "hashedrekord 0.0.1":
        signed = {"content": signature, "publicKey": {"content": _pem(signer)}}
        return {"data": {"hash": _sha256(message)}, "signature": signed}
    if kind == "hashedrekord 0.0.2":
        named = "x509Certificate" if isinstance(signer, x509.Certificate) else "publicKey"
        data = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(message).digest())}
        verifier = {named: {"rawBytes": b64(_encoded(signer, Encoding.DER))}}
        return {"hashedRekordV002": {"data": data, "signature": {"content": signature, "verifier": verifier}}}
    if kind == "dsse 0.0.1":
        return {"payloadHash": _sha256(PAYLOAD), "signatures": [{"signature": signature, "verifier": _pem(signer)}]}
    if kind == "intoto 0.0.1":
        content = {"hash": {"algorithm": "sha256", "value": ENVELOPE.hex()}, "payloadHash": _sha256(PAYLOAD)}
        return {"content": content, "publicKey": _pem(signer)}
    twice = base64.b64encode(signature.encode()).decode()
    envelope = {"payloadType": TYPE, "signatures": [{"sig": twice, "publicKey": _pem(signer)}]}
    return {"content": {"envelope": envelope, "payloadHash": _sha256(PAYLOAD)}}


WRONG: dict[str, dict[str, Any]] = {
    "hashedrekord 0.0.1": {
        "data.hash.value": WRONG_HEX,
        "data.hash.algorithm": "sha1",
        "signature.content": b64(b"another"),
        "signature.publicKey.content": _pem,
    },
    "hashedrekord 0.0.2": {
        "hashedRekordV002.data.digest": b64(bytes.fromhex(WRONG_HEX)),
        "hashedRekordV002.data.algorithm": "SHA1",
        "hashedRekordV002.signature.content": b64(b"another"),
        "hashedRekordV002.signature.verifier.{named}.rawBytes": lambda signer: b64(_encoded(signer, Encoding.DER)),
    },
    "dsse 0.0.1": {
        "payloadHash.value": WRONG_HEX,
        "signatures": [],
        "signatures.0.signature": b64(b"another"),
        "signatures.0.verifier": _pem,
    },
    "intoto 0.0.1": {
        "content.hash.value": WRONG_HEX,
        "content.hash.algorithm": "sha512",
        "content.payloadHash.value": WRONG_HEX,
        "publicKey": _pem,
    },
    "intoto 0.0.2": {
        "content.payloadHash.value": WRONG_HEX,
        "content.envelope.payloadType": "text/plain",
        "content.envelope.signatures": [],
        "content.envelope.signatures.0.sig": b64(b64(b"another").encode()),
        "content.envelope.signatures.0.publicKey": _pem,
    },
}
SIGNERS = {"key": (KEY, OTHER_KEY), "certificate": (LEAF, OTHER_LEAF)}


def _check(
    kind: str,
    body: dict[str, Any],
    signer: Signer,
    *,
    envelope: bytes | None = ENVELOPE,
    raw: bytes | None = None,
    signature: bytes = SIGNATURE,
    content: Content = Content.STATEMENT,
) -> None:
    name, version = kind.split()
    entry = Entry(
        kind=name,
        version=version,
        log_id=b"",
        log_index=0,
        integrated=0,
        body=json.dumps(body).encode() if raw is None else raw,
        promise=None,
        proof=None,
    )
    message = pae(TYPE, PAYLOAD)
    material = Material(
        content=content,
        signature=signature,
        message=message,
        payload=PAYLOAD,
        payload_type=TYPE,
        certificate=None,
        entries=(entry,),
        timestamps=(),
        envelope=envelope,
    )
    check_binding(entry, material, message, signer)


def _body(kind: str, signer: Signer) -> dict[str, Any]:
    name, version = kind.split()
    return {"kind": name, "apiVersion": version, "spec": _spec(kind, signer)}


@pytest.mark.parametrize("who", SIGNERS)
@pytest.mark.parametrize("kind", WRONG)
def test_an_entry_of_this_signature_signer_and_bytes_is_bound(kind: str, who: str) -> None:
    signer, _ = SIGNERS[who]
    _check(kind, _body(kind, signer), signer)


@pytest.mark.parametrize("who", SIGNERS)
@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in WRONG.items() for path in paths])
def test_an_entry_of_another_in_one_part_is_refused(kind: str, path: str, who: str) -> None:
    signer, other = SIGNERS[who]
    value = WRONG[kind][path]
    named = "x509Certificate" if who == "certificate" else "publicKey"
    body = edited(_body(kind, signer), f"spec.{path.format(named=named)}", value(other) if callable(value) else value)
    with pytest.raises(NotProven):
        _check(kind, body, signer)


@pytest.mark.parametrize("kind", WRONG)
def test_an_entry_of_another_kind_or_version_than_it_says_is_refused(kind: str) -> None:
    for key, value in (("kind", "rekord"), ("apiVersion", "0.0.9")):
        with pytest.raises(NotProven, match="of another kind than it says"):
            _check(kind, _body(kind, KEY) | {key: value}, KEY)


def test_an_intoto_entry_of_the_first_version_is_refused_without_the_envelope_as_it_was_stored() -> None:
    with pytest.raises(NotProven, match="as it was stored"):
        _check("intoto 0.0.1", _body("intoto 0.0.1", KEY), KEY, envelope=None)


def test_two_signatures_in_an_entry_are_refused_though_one_is_right() -> None:
    for kind, path in (("dsse 0.0.1", "spec.signatures"), ("intoto 0.0.2", "spec.content.envelope.signatures")):
        body = _body(kind, KEY)
        holder = body
        for step in path.split("."):
            holder = holder[step]
        with pytest.raises(NotProven, match="2 signatures"):
            _check(kind, edited(body, path, [*holder, *holder]), KEY)


def test_a_checkpoint_that_the_log_signed_for_another_tree_is_refused() -> None:
    log = Log(key=ed_key("log"))
    ours, other = hashlib.sha256(b"ours").digest(), hashlib.sha256(b"other").digest()

    def proof(checkpoint: str) -> Proof:
        return Proof(log_index=0, tree_size=1, root_hash=ours, hashes=(), checkpoint=checkpoint)

    key = log.key.public_key()
    check_checkpoint(proof(log.checkpoint(ours)), log.key_id, key, host=log.host)
    for checkpoint, reason in (
        (log.checkpoint(other), "another root hash"),
        (log.checkpoint(ours, size=2), "tree of"),
        (log.checkpoint(ours, origin="elsewhere.example"), "not of the log"),
        (Log(key=ed_key("other"), claims_to_be=log.key_id).checkpoint(ours), "no valid signature"),
    ):
        with pytest.raises(NotProven, match=reason):
            check_checkpoint(proof(checkpoint), log.key_id, key, host=log.host)


@pytest.mark.parametrize("who", SIGNERS)
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("hashedrekord 0.0.1", "signature.publicKey.content"),
        ("dsse 0.0.1", "signatures.0.verifier"),
        ("intoto 0.0.1", "publicKey"),
        ("intoto 0.0.2", "content.envelope.signatures.0.publicKey"),
    ],
)
def test_an_entry_whose_signer_cannot_be_read_is_refused_for_it(kind: str, path: str, who: str) -> None:
    signer, _ = SIGNERS[who]
    for raw in (b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(NotProven, match="signer cannot be read"):
            _check(kind, edited(_body(kind, signer), f"spec.{path}", b64(raw)), signer)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "lacks a part"), (7, "lacks a part"), ("xyz", "no hex"), ("", "of another payload")],
)
def test_a_hash_that_is_no_hex_text_is_refused(value: object, reason: str) -> None:
    with pytest.raises(NotProven, match=reason):
        _check("dsse 0.0.1", edited(_body("dsse 0.0.1", KEY), "spec.payloadHash.value", value), KEY)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "lacks a part"), (7, "lacks a part"), ("%", "no base64"), ("aR==", "bits left over")],
)
def test_a_signature_that_is_no_base64_text_is_refused(value: object, reason: str) -> None:
    with pytest.raises(NotProven, match=reason):
        _check("dsse 0.0.1", edited(_body("dsse 0.0.1", KEY), "spec.signatures.0.signature", value), KEY)


@pytest.mark.parametrize("value", [7, "text", {}, [7]])
def test_an_entry_whose_signatures_are_no_list_is_refused_for_it(value: object) -> None:
    with pytest.raises(NotProven, match="has no signatures"):
        _check("dsse 0.0.1", edited(_body("dsse 0.0.1", KEY), "spec.signatures", value), KEY)


def test_an_entry_whose_body_cannot_be_read_is_refused_for_it() -> None:
    for body in (b"{", b'{"kind":"dsse","kind":"dsse"}', b"[]"):
        with pytest.raises(NotProven, match="its log entry cannot be read"):
            _check("dsse 0.0.1", {}, KEY, raw=body)


def test_an_empty_signature_is_bound_to_no_entry() -> None:
    """None is read from a bundle; were one, an entry of an empty signature would be its own."""
    body = edited(_body("dsse 0.0.1", KEY), "spec.signatures.0.signature", "")
    with pytest.raises(NotProven, match="another signature"):
        _check("dsse 0.0.1", body, KEY, signature=b"")


def test_a_verifier_of_two_kinds_or_none_is_no_verifier() -> None:
    body = _body("hashedrekord 0.0.2", KEY)
    path = "spec.hashedRekordV002.signature.verifier"
    own = {"rawBytes": b64(_encoded(KEY, Encoding.DER))}
    for verifier in ({}, {"publicKey": own, "x509Certificate": own}, {"publicKeys": own}):
        with pytest.raises(NotProven, match="names no one verifier"):
            _check("hashedrekord 0.0.2", edited(body, path, verifier), KEY)


def test_an_intoto_entry_of_the_first_version_may_leave_the_payloads_hash_out() -> None:
    body = _body("intoto 0.0.1", KEY)
    del body["spec"]["content"]["payloadHash"]
    _check("intoto 0.0.1", body, KEY)


def test_an_envelopes_entry_is_of_no_message_signature() -> None:
    for kind in ("dsse 0.0.1", "intoto 0.0.2"):
        with pytest.raises(NotProven, match="of an envelope, and this is none"):
            _check(kind, _body(kind, KEY), KEY, content=Content.MESSAGE)


def test_a_checkpoint_of_a_hundred_signatures_is_looked_at_and_one_of_more_is_not() -> None:
    log = Log(key=ed_key("log"))
    root = hashlib.sha256(b"root").digest()
    witness = f"— witness.example {b64(bytes(68))}\n"

    def check(witnesses: int) -> None:
        text, _, own = log.checkpoint(root).partition("\n\n")
        note = f"{text}\n\n{witness * witnesses}{own}"
        proof = Proof(log_index=0, tree_size=1, root_hash=root, hashes=(), checkpoint=note)
        check_checkpoint(proof, log.key_id, log.key.public_key(), host=log.host)

    check(99)
    with pytest.raises(NotProven, match="101 signatures; at most 100 are looked at"):
        check(100)
