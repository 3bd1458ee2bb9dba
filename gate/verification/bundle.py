"""A Sigstore bundle's JSON -> `Material`.

What comes in: untrusted bytes. What goes out: the one signature in it with its material, or `strictjson.Refused`. It
verifies nothing.

Proto3 JSON leaves default values out: the first entry of a log has index 0 and no `logIndex`. 64-bit integers may be
texts or numbers, bytes may be in either base64 alphabet, padded or not, unknown fields are ignored.

Sources: protobuf-specs `sigstore_bundle.proto` (versions 0.1, 0.2, 0.3 and what each of them must hold),
`sigstore_rekor.proto`, `envelope.proto`; protobuf's JSON mapping.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gate.strictjson import JSON, Refused, parse_object
from gate.verification.material import MAX_CERTIFICATE, MAX_TIMESTAMP, Content, Entry, Material, Proof, pae

if TYPE_CHECKING:
    from gate.limits import Limits

_VERSIONS: Final = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": 1,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": 2,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": 3,
    "application/vnd.dev.sigstore.bundle.v0.3+json": 3,
}
_MAX_TIMESTAMPS: Final = 32  # sigstore-go's bounds, against endless timestamps and entries (CVE-2024-45395)
_MAX_ENTRIES: Final = 32
_MAX_PROOF: Final = 64  # an inclusion proof in a tree of 2^64 leaves
_HASHES: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


def read_bundle(raw: bytes, limits: Limits) -> Material:
    """Read a bundle. Raises `Refused` for an unknown version, or without a part that its version must have."""
    document = parse_object(raw, limits=limits)
    media_type = _text(document, "mediaType")
    version = _VERSIONS.get(media_type.replace(" ", ""))
    if version is None:
        raise Refused(f"{media_type!a} is no bundle version that gate verifies")
    material = _object(document, "verificationMaterial")
    certificate = _certificate(material, version)
    timestamps = _timestamps(material)
    entries = _list(material, "tlogEntries")
    if len(entries) > _MAX_ENTRIES:
        raise Refused(f"it has {len(entries)} transparency log entries; at most {_MAX_ENTRIES} are looked at")
    read = tuple(_entry(_as_object(entry), version) for entry in entries)
    if len({(entry.log_id, entry.body) for entry in read}) != len(read) or len(set(timestamps)) != len(timestamps):
        raise Refused("it has the same log entry or timestamp twice")  # a witness counts once (P-T5)
    message, envelope = document.get("messageSignature"), document.get("dsseEnvelope")
    if (message is None) == (envelope is None):
        raise Refused("it needs either a message signature or a DSSE envelope")
    if envelope is not None:
        return _statement(_as_object(envelope), certificate, read, timestamps)
    signed = _as_object(message)
    return Material(
        content=Content.MESSAGE,
        signature=_bytes(signed, "signature"),
        message=None,
        payload=b"",
        payload_type="",
        certificate=certificate,
        entries=read,
        timestamps=timestamps,
        stated=_stated(signed),
    )


def _statement(
    envelope: Mapping[str, JSON], certificate: bytes | None, entries: tuple[Entry, ...], timestamps: tuple[bytes, ...]
) -> Material:
    signatures = _list(envelope, "signatures")
    if len(signatures) != 1:
        raise Refused(f"its envelope has {len(signatures)} signatures; one is expected")
    payload, payload_type = _bytes(envelope, "payload"), _text(envelope, "payloadType")
    return Material(
        content=Content.STATEMENT,
        signature=_bytes(_as_object(signatures[0]), "sig"),
        message=pae(payload_type, payload),
        payload=payload,
        payload_type=payload_type,
        certificate=certificate,
        entries=entries,
        timestamps=timestamps,
    )


def _stated(message: Mapping[str, JSON]) -> tuple[str, bytes] | None:
    digest = message.get("messageDigest")
    if digest is None:
        return None
    found = _as_object(digest)
    algorithm = _HASHES.get(_text(found, "algorithm"))
    if algorithm is None:
        raise Refused("its message digest is of an unknown algorithm")
    return algorithm, _bytes(found, "digest")


def _certificate(material: Mapping[str, JSON], version: int) -> bytes | None:
    """The signing certificate, or None where a key's hint stands in its place. What the hint says is not trusted."""
    kinds = [key for key in ("certificate", "x509CertificateChain", "publicKey") if material.get(key) is not None]
    if len(kinds) != 1:
        raise Refused("it needs exactly one of certificate, x509CertificateChain and publicKey")
    if kinds == ["publicKey"]:
        _object(material, "publicKey")
        return None
    if kinds == ["certificate"]:
        return _bounded(_bytes(_object(material, "certificate"), "rawBytes"))
    if version == 3:
        raise Refused("a 0.3 bundle has one certificate and no chain")
    chain = _list(_object(material, "x509CertificateChain"), "certificates")
    if not chain:
        raise Refused("its chain of certificates is empty")
    return _bounded(_bytes(_as_object(chain[0]), "rawBytes"))  # the rest is the signer's word; the root decides


def _bounded(certificate: bytes) -> bytes:
    if len(certificate) > MAX_CERTIFICATE:
        raise Refused(f"its certificate has {len(certificate)} bytes; at most {MAX_CERTIFICATE} are read")
    return certificate


def _timestamps(material: Mapping[str, JSON]) -> tuple[bytes, ...]:
    data = material.get("timestampVerificationData")
    stamps = [] if data is None else _list(_as_object(data), "rfc3161Timestamps")
    if len(stamps) > _MAX_TIMESTAMPS:
        raise Refused(f"it has {len(stamps)} timestamps; at most {_MAX_TIMESTAMPS} are looked at")
    found = tuple(_bytes(_as_object(stamp), "signedTimestamp") for stamp in stamps)
    if any(len(stamp) > MAX_TIMESTAMP for stamp in found):
        raise Refused(f"it has a timestamp of more than {MAX_TIMESTAMP} bytes")
    return found


def _entry(entry: Mapping[str, JSON], version: int) -> Entry:
    kind = _object(entry, "kindVersion")
    promise = entry.get("inclusionPromise")
    found = Entry(
        kind=_text(kind, "kind"),
        version=_text(kind, "version"),
        log_id=_bytes(_object(entry, "logId"), "keyId"),
        log_index=_number(entry, "logIndex"),
        integrated=_number(entry, "integratedTime"),
        body=_bytes(entry, "canonicalizedBody"),
        promise=None if promise is None else _bytes(_as_object(promise), "signedEntryTimestamp"),
        proof=_proof(entry.get("inclusionProof"), version),
    )
    # 0.1 must carry a promise, and its proof may lack a checkpoint; 0.2 and 0.3 must carry proof and checkpoint.
    if (version == 1 and found.promise is None) or (version > 1 and found.proof is None):
        raise Refused("its log entry lacks the proof that its version must have")
    return found


def _proof(value: JSON, version: int) -> Proof | None:
    if value is None:
        return None
    proof = _as_object(value)
    checkpoint = proof.get("checkpoint")
    if checkpoint is None and version == 1:
        return None  # without a checkpoint it proves nothing; the promise must
    hashes = _list(proof, "hashes")
    if len(hashes) > _MAX_PROOF:
        raise Refused(f"its inclusion proof has {len(hashes)} hashes")
    return Proof(
        log_index=_number(proof, "logIndex"),
        tree_size=_number(proof, "treeSize"),
        root_hash=_bytes(proof, "rootHash"),
        hashes=tuple(_decoded(item) for item in hashes),
        checkpoint=_text(_object(proof, "checkpoint"), "envelope"),
    )


def _as_object(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise Refused("a part of it is no object")
    return value


def _object(parent: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    value = parent.get(key)
    if not isinstance(value, Mapping):
        raise Refused(f"it has no {key}")
    return value


def _list(parent: Mapping[str, JSON], key: str) -> list[JSON]:
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"its {key} is no list")
    return value


def _text(parent: Mapping[str, JSON], key: str) -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise Refused(f"it has no {key}")
    return value


def _number(parent: Mapping[str, JSON], key: str) -> int:
    """A 64-bit integer: a text or a number, 0 when left out."""
    value = parent.get(key)
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise Refused(f"its {key} is no 64-bit number")
    return value


def _bytes(parent: Mapping[str, JSON], key: str) -> bytes:
    value = _decoded(parent.get(key))
    if not value:
        raise Refused(f"it has no {key}")
    return value


def _decoded(value: JSON) -> bytes:
    if value is None:
        return b""
    if not isinstance(value, str):
        raise Refused("a part of it is no base64 text")
    standard = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("a part of it is no base64 text") from None
