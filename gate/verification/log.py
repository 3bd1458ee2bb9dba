"""Whether a transparency log entry is in its log, and is of this signature.

What comes in: an `Entry`, the log's key, and the signature that the entry should be of. What goes out: nothing, or
`NotProven`. It chooses no log and judges no time.

Sources: RFC 9162 2.1.3.2 (inclusion proofs), C2SP tlog-checkpoint and signed-note, Rekor's signed entry timestamp
(RFC 8785 over body, integratedTime, logID, logIndex), and Rekor's types: hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1,
intoto 0.0.1 and 0.0.2. The comparison of an entry with its signature is what CVE-2022-36056 and CVE-2026-22703 lacked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from gate.strictjson import JSON, Refused, parse_object
from gate.verification.keys import PublicKey, checked, spki, verifies
from gate.verification.material import Content, Entry, Material, Message, Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTE_SIGNATURE: Final = re.compile("\u2014 (\\S+) (\\S+)\n")
_NOTE_SIGNATURES: Final = re.compile(f"(?:{_NOTE_SIGNATURE.pattern})+")
_MAX_SIGNATURES: Final = (
    100  # of one checkpoint; Go's note package, with which logs and witnesses are read, has the same
)
_BODY_TOKENS: Final = 200  # the bodies of all known kinds have fewer than 50
_PROTO_ALGORITHMS: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class NotProven(ValueError):
    """The entry is not in the log, or is not of this signature."""


def check_inclusion(proof: Proof, body: bytes) -> None:
    """RFC 9162 2.1.3.2: the entry's leaf and the proof's hashes give the root hash. Raises `NotProven`."""
    if proof.log_index >= proof.tree_size:
        raise NotProven("its inclusion proof is of an entry beyond the tree")
    index, last = proof.log_index, proof.tree_size - 1
    node = hashlib.sha256(b"\x00" + body).digest()
    for sibling in proof.hashes:
        if last == 0:
            raise NotProven("its inclusion proof is too long")
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(node, proof.root_hash):
        raise NotProven("its inclusion proof does not lead to the tree's root hash")


def check_checkpoint(proof: Proof, log_id: bytes, key: PublicKey, *, host: str | None) -> None:
    """The log signed the tree that the proof is of. `host` is the origin that it must have. Raises `NotProven`."""
    text, _, signatures = proof.checkpoint.partition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or not lines[0] or not _NOTE_SIGNATURES.fullmatch(signatures):
        raise NotProven("its checkpoint is no signed note")
    origin, size, root_hash = lines[:3]
    if host is not None and origin != host:
        raise NotProven(f"its checkpoint is of {origin!a}, not of the log {host!a}")
    if size != str(proof.tree_size):
        raise NotProven(f"its checkpoint is of a tree of {size!a}, its proof of one of {proof.tree_size}")
    if _decoded(root_hash) != proof.root_hash:
        raise NotProven("its checkpoint has another root hash than its proof")
    # Witnesses cosign the same note; what counts is the log's own signature, the first with its key's hint (as in Go's
    # note package): whoever repeats the hint would have each of them verified.
    found = _NOTE_SIGNATURE.findall(signatures)
    if len(found) > _MAX_SIGNATURES:
        raise NotProven(f"its checkpoint has {len(found)} signatures; at most {_MAX_SIGNATURES} are looked at")
    raws = (_decoded(encoded) for _, encoded in found)
    own = next((raw for raw in raws if raw[:4] == log_id[:4]), b"")
    if not verifies(key, own[4:], Message(f"{text}\n".encode())):
        raise NotProven("its checkpoint has no valid signature of the log")


def check_promise(entry: Entry, key: PublicKey) -> None:
    """The signed entry timestamp is the log's, over this body, time, log and index. Raises `NotProven`."""
    if entry.promise is None or not entry.integrated:
        raise NotProven("it has no signed entry timestamp")
    canonical = {  # in the order that RFC 8785 has
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated,
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    text = json.dumps(canonical, separators=(",", ":"))
    if not verifies(key, entry.promise, Message(text.encode())):
        raise NotProven("its signed entry timestamp is not the log's")


def check_binding(entry: Entry, material: Material, message: Message, signer: PublicKey | x509.Certificate) -> None:
    """The entry's body is of this signature, by this signer, over this message. Raises `NotProven`."""
    try:
        body = parse_object(entry.body, tokens=_BODY_TOKENS)
    except Refused as error:
        raise NotProven(f"its log entry cannot be read: {error}") from None
    if body.get("kind") != entry.kind or body.get("apiVersion") != entry.version:
        raise NotProven("its log entry is of another kind than it says")
    spec = _object(body, "spec")
    check = _CHECKS.get((entry.kind, entry.version))
    if check is None:
        raise NotProven(f"a log entry of kind {entry.kind!a} {entry.version!a} is not known")
    check(spec, material, message, signer)


def _hashedrekord_v1(
    spec: Mapping[str, JSON], material: Material, message: Message, signer: PublicKey | x509.Certificate
) -> None:
    found = _object(_object(spec, "data"), "hash")
    _same_digest(str(found.get("algorithm")), _hex(found.get("value")), message, "artifact")
    signature = _object(spec, "signature")
    _same(_decoded(signature.get("content")), material.signature, "signature")
    _same_signer(_decoded(_object(signature, "publicKey").get("content")), signer)


def _hashedrekord_v2(
    spec: Mapping[str, JSON], material: Material, message: Message, signer: PublicKey | x509.Certificate
) -> None:
    record = _object(spec, "hashedRekordV002")
    data = _object(record, "data")
    algorithm = _PROTO_ALGORITHMS.get(str(data.get("algorithm")), "")
    _same_digest(algorithm, _decoded(data.get("digest")), message, "artifact")
    signature = _object(record, "signature")
    _same(_decoded(signature.get("content")), material.signature, "signature")
    verifier = _object(signature, "verifier")
    if ("x509Certificate" in verifier) == ("publicKey" in verifier):
        raise NotProven("its log entry names no one verifier")
    named = "x509Certificate" if isinstance(signer, x509.Certificate) else "publicKey"
    _same(_decoded(_object(verifier, named).get("rawBytes")), _der(signer), "signer")


def _dsse_v1(
    spec: Mapping[str, JSON], material: Material, message: Message, signer: PublicKey | x509.Certificate
) -> None:
    _payload_hash(spec, material)
    signatures = _list(spec, "signatures")
    if len(signatures) != 1:
        raise NotProven(f"its log entry has {len(signatures)} signatures; one is expected")
    _same(_decoded(signatures[0].get("signature")), material.signature, "signature")
    _same_signer(_decoded(signatures[0].get("verifier")), signer)
    del message  # the payload's hash and the signature say it


def _intoto_v1(
    spec: Mapping[str, JSON], material: Material, message: Message, signer: PublicKey | x509.Certificate
) -> None:
    """Only the envelope's hash binds the signature here, so the envelope must be there as it was stored."""
    content = _object(spec, "content")
    found = _object(content, "hash")
    if material.envelope is None or found.get("algorithm") != "sha256":
        raise NotProven("its intoto entry can only be compared with an envelope as it was stored")
    _same(_hex(found.get("value")), material.envelope, "envelope")
    if "payloadHash" in content:
        _payload_hash(content, material)
    _same_signer(_decoded(spec.get("publicKey")), signer)
    del message


def _intoto_v2(
    spec: Mapping[str, JSON], material: Material, message: Message, signer: PublicKey | x509.Certificate
) -> None:
    content = _object(spec, "content")
    _payload_hash(content, material)
    envelope = _object(content, "envelope")
    if envelope.get("payloadType") != material.payload_type:
        raise NotProven("its log entry is of another payload type")
    signatures = _list(envelope, "signatures")
    if len(signatures) != 1:
        raise NotProven(f"its log entry has {len(signatures)} signatures; one is expected")
    # Rekor encodes the envelope's base64 text once more.
    _same(_decoded(signatures[0].get("sig")), base64.b64encode(material.signature), "signature")
    _same_signer(_decoded(signatures[0].get("publicKey")), signer)
    del message


_CHECKS: Final = {
    ("hashedrekord", "0.0.1"): _hashedrekord_v1,
    ("hashedrekord", "0.0.2"): _hashedrekord_v2,
    ("dsse", "0.0.1"): _dsse_v1,
    ("intoto", "0.0.1"): _intoto_v1,
    ("intoto", "0.0.2"): _intoto_v2,
}


def _payload_hash(parent: Mapping[str, JSON], material: Material) -> None:
    found = _object(parent, "payloadHash")
    if material.content is not Content.STATEMENT:
        raise NotProven("its log entry is of an envelope, and this is none")
    _same_digest(str(found.get("algorithm")), _hex(found.get("value")), Message(material.payload), "payload")


def _same_digest(algorithm: str, digest: bytes, message: Message, what: str) -> None:
    wanted = message.digest(algorithm)
    if wanted is None:
        raise NotProven(f"its log entry hashes its {what} with {algorithm!a}")
    _same(digest, wanted, what)


def _same_signer(pem: bytes, signer: PublicKey | x509.Certificate) -> None:
    try:
        if isinstance(signer, x509.Certificate):
            found = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
        else:
            found = spki(checked(serialization.load_pem_public_key(pem)))
    except (ValueError, TypeError) as error:
        raise NotProven(f"its log entry's signer cannot be read: {error}") from None
    _same(found, _der(signer), "signer")


def _der(signer: PublicKey | x509.Certificate) -> bytes:
    if isinstance(signer, x509.Certificate):
        return signer.public_bytes(serialization.Encoding.DER)
    return spki(signer)


def _same(found: bytes, wanted: bytes, what: str) -> None:
    if not found or not hmac.compare_digest(found, wanted):
        raise NotProven(f"its log entry is of another {what}")


def _object(parent: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    value = parent.get(key)
    if not isinstance(value, Mapping):
        raise NotProven(f"its log entry has no {key}")
    return value


def _list(parent: Mapping[str, JSON], key: str) -> Sequence[Mapping[str, JSON]]:
    values = parent.get(key)
    found = [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
    if not isinstance(values, list) or len(found) != len(values):
        raise NotProven(f"its log entry has no {key}")
    return found


def _decoded(value: JSON) -> bytes:
    if not isinstance(value, str):
        raise NotProven("its log entry lacks a part")
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise NotProven("a part of its log entry is no base64") from None
    if base64.b64encode(raw).decode() != value:  # RFC 4648, 3.5: a log writes it in one way
        raise NotProven("a part of its log entry is base64 with bits left over")
    return raw


def _hex(value: JSON) -> bytes:
    if not isinstance(value, str):
        raise NotProven("its log entry lacks a part")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise NotProven("a part of its log entry is no hex") from None
