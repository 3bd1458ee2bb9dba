"""A bundle's JSON -> the fields that verification uses, as sigstore-python wants to read them.

What comes in: untrusted bytes. What goes out: `BundleParts`, or `strictjson.Refused`. It verifies nothing.

The document is rebuilt from the fields that are known, so that no other parser sees anything that this one did not.
Proto3 JSON leaves default values out: the first entry of a log has index 0 and no `logIndex`, which
sigstore-python 4.5.1 refuses as missing and cosign accepts. 64-bit integers may be texts or numbers, bytes may be in
either base64 alphabet, padded or not, unknown fields are ignored.

Sources: protobuf-specs `sigstore_bundle.proto`, `sigstore_rekor.proto`, `envelope.proto`; protobuf's JSON mapping.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gate.strictjson import JSON, Refused, parse_object

if TYPE_CHECKING:
    from gate.limits import Limits

_MEDIA_TYPES: Final = frozenset(
    {"application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"}
)
_MAX_TIMESTAMPS: Final = 32  # sigstore-go's bound, against endless timestamps (CVE-2024-45395)
_MAX_PROOF: Final = 64  # an inclusion proof in a tree of 2^64 leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleParts:
    """A v0.3 bundle with a certificate and a DSSE envelope. `document` is the whole of it, rebuilt."""

    document: Mapping[str, JSON]
    certificate: bytes
    payload_type: str
    log_id: bytes
    log_index: int
    entry_version: str
    integrated_time: int
    tree_size: int
    checkpoint: str
    timestamps: tuple[bytes, ...]


def read_bundle(raw: bytes, limits: Limits) -> BundleParts:
    """Read a bundle. Raises `Refused` for another version, another kind of signature, or a missing part."""
    document = parse_object(raw, limits=limits)
    media_type = _text(document, "mediaType")
    if media_type.replace(" ", "") not in _MEDIA_TYPES:
        raise Refused(f"{media_type!a} is no bundle version that this gate verifies (0.3)")
    if document.get("messageSignature") is not None:
        raise Refused("its signature is over a message; this gate verifies DSSE envelopes")
    material = _object(document, "verificationMaterial")
    certificate = _certificate(material)
    timestamps = _timestamps(material)
    entries = _list(material, "tlogEntries")
    if len(entries) != 1:
        raise Refused(f"it has {len(entries)} transparency log entries; one is expected")
    envelope = _envelope(document)
    entry = _entry(entries[0])
    rebuilt: dict[str, JSON] = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": _encoded(certificate)},
            "tlogEntries": [entry],
            "timestampVerificationData": {
                "rfc3161Timestamps": [{"signedTimestamp": _encoded(stamp)} for stamp in timestamps]
            },
        },
        "dsseEnvelope": envelope,
    }
    proof = _object(entry, "inclusionProof")
    return BundleParts(
        document=rebuilt,
        certificate=certificate,
        payload_type=_text(envelope, "payloadType"),
        log_id=_bytes(_object(entry, "logId"), "keyId"),
        log_index=_number(entry, "logIndex"),
        entry_version=_text(_object(entry, "kindVersion"), "version"),
        integrated_time=_number(entry, "integratedTime"),
        tree_size=_number(proof, "treeSize"),
        checkpoint=_text(_object(proof, "checkpoint"), "envelope"),
        timestamps=timestamps,
    )


def _certificate(material: Mapping[str, JSON]) -> bytes:
    if material.get("publicKey") is not None:
        raise Refused("it is signed with a key; this gate verifies certificates")
    if material.get("x509CertificateChain") is not None:
        raise Refused("it carries a chain of certificates; a 0.3 bundle has one certificate")
    return _bytes(_object(material, "certificate"), "rawBytes")


def _timestamps(material: Mapping[str, JSON]) -> tuple[bytes, ...]:
    data = material.get("timestampVerificationData")
    stamps = _list(data, "rfc3161Timestamps") if isinstance(data, Mapping) else ()
    if len(stamps) > _MAX_TIMESTAMPS:
        raise Refused(f"it has {len(stamps)} timestamps; at most {_MAX_TIMESTAMPS} are looked at")
    return tuple(_bytes(_as_object(stamp), "signedTimestamp") for stamp in stamps)


def _envelope(document: Mapping[str, JSON]) -> dict[str, JSON]:
    envelope = _object(document, "dsseEnvelope")
    signatures = _list(envelope, "signatures")
    if len(signatures) != 1:
        raise Refused(f"its envelope has {len(signatures)} signatures; one is expected")
    return {
        "payload": _encoded(_bytes(envelope, "payload")),
        "payloadType": _text(envelope, "payloadType"),
        "signatures": [{"sig": _encoded(_bytes(_as_object(signatures[0]), "sig"))}],
    }


def _entry(value: JSON) -> dict[str, JSON]:
    entry = _as_object(value)
    kind = _object(entry, "kindVersion")
    proof = _object(entry, "inclusionProof")
    hashes = _list(proof, "hashes")
    if len(hashes) > _MAX_PROOF:
        raise Refused(f"its inclusion proof has {len(hashes)} hashes")
    rebuilt: dict[str, JSON] = {
        "logIndex": str(_number(entry, "logIndex")),
        "logId": {"keyId": _encoded(_bytes(_object(entry, "logId"), "keyId"))},
        "kindVersion": {"kind": _text(kind, "kind"), "version": _text(kind, "version")},
        "inclusionProof": {
            "logIndex": str(_number(proof, "logIndex")),
            "rootHash": _encoded(_bytes(proof, "rootHash")),
            "treeSize": str(_number(proof, "treeSize")),
            "hashes": [_encoded(_decoded(item)) for item in hashes],
            "checkpoint": {"envelope": _text(_object(proof, "checkpoint"), "envelope")},
        },
        "canonicalizedBody": _encoded(_bytes(entry, "canonicalizedBody")),
    }
    time = _number(entry, "integratedTime")
    if time:
        rebuilt["integratedTime"] = str(time)
    promise = entry.get("inclusionPromise")
    if promise is not None:
        signed = _bytes(_as_object(promise), "signedEntryTimestamp")
        rebuilt["inclusionPromise"] = {"signedEntryTimestamp": _encoded(signed)}
    return rebuilt


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


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
