"""cosign's older formats -> `Material`: simple signing and DSSE envelopes with their annotations, and bare envelopes.

What comes in: a layer's bytes and annotations (untrusted). What goes out: one `Material` for each signature in it, or
`strictjson.Refused`; and, once a signature verified, what a simple-signing payload says. It verifies nothing.

Sources: cosign's SPEC.md and its signature specification (`critical`, `optional`), `dev.cosignproject.cosign/signature`
and `dev.sigstore.cosign/{certificate,bundle,rfc3161timestamp}`; DSSE v1 (envelope.md).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gate.strictjson import JSON, Refused, parse_object
from gate.verification.material import MAX_CERTIFICATE, MAX_TIMESTAMP, Content, Entry, Material, Message, pae
from gate.verification.statement import NotAbout, texts

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.verification.statement import Artifact

_SIGNATURE: Final = "dev.cosignproject.cosign/signature"
_CERTIFICATE: Final = "dev.sigstore.cosign/certificate"
_BUNDLE: Final = "dev.sigstore.cosign/bundle"
_TIMESTAMP: Final = "dev.sigstore.cosign/rfc3161timestamp"
_TYPES: Final = frozenset({"cosign container image signature", "atomic container signature"})
_ANNOTATION_TOKENS: Final = 200  # the documents in annotations, and the log entry's body in one, have fewer than 50
_MAX_SIGNATURES: Final = 8  # of one envelope; Google Cloud Build writes two


def read_simple_signing(raw: bytes, annotations: Mapping[str, str], limits: Limits) -> tuple[Material, ...]:
    """A `.sig` layer: the payload, with its signature among the annotations. Raises `Refused`."""
    signature = _base64(annotations.get(_SIGNATURE))
    if not signature:
        raise Refused("it has no signature among its annotations")
    return (
        Material(
            content=Content.SIMPLE_SIGNING,
            signature=signature,
            message=Message(raw),
            payload=raw,
            payload_type="",
            certificate=_certificate(annotations),
            entries=_entries(annotations, limits),
            timestamps=_timestamps(annotations, limits),
        ),
    )


def read_envelope(raw: bytes, annotations: Mapping[str, str], limits: Limits) -> tuple[Material, ...]:
    """A DSSE envelope, with or without cosign's annotations: one `Material` for each signature. Raises `Refused`."""
    document = parse_object(raw, limits=limits)
    if "payload" not in document or "signatures" not in document:
        raise Refused("it is no DSSE envelope, so nothing signs it")
    payload, kind = _either_base64(document.get("payload")), document.get("payloadType")
    signatures = document.get("signatures")
    if not isinstance(kind, str) or not isinstance(signatures, list) or not signatures:
        raise Refused("its envelope has no payload type or no signature")
    if len(signatures) > _MAX_SIGNATURES:
        raise Refused(f"its envelope has {len(signatures)} signatures; at most {_MAX_SIGNATURES} are looked at")
    message = pae(kind, payload)
    found = []
    for item in signatures:
        signature = _either_base64(item.get("sig")) if isinstance(item, Mapping) else b""
        if not signature:
            raise Refused("its envelope has an empty signature")
        found.append(
            Material(
                content=Content.STATEMENT,
                signature=signature,
                message=message,
                payload=payload,
                payload_type=kind,
                certificate=_certificate(annotations),
                entries=_entries(annotations, limits),
                timestamps=_timestamps(annotations, limits),
                envelope=hashlib.sha256(raw).digest(),
            )
        )
    return tuple(found)


def read_simple_payload(payload: bytes, artifact: Artifact, limits: Limits) -> Mapping[str, str]:
    """The `optional` part of a verified simple-signing payload about `artifact`. Raises `Refused` or `NotAbout`."""
    document = parse_object(payload, limits=limits, signed=True)
    critical = document.get("critical")
    kind = critical.get("type") if isinstance(critical, Mapping) else None
    if not isinstance(critical, Mapping) or not isinstance(kind, str) or kind not in _TYPES:
        raise Refused("its payload is no container image signature")
    about = critical.get("image")
    digest = about.get("docker-manifest-digest") if isinstance(about, Mapping) else None
    if digest != str(artifact.asked):
        raise NotAbout(f"it is about {digest!a}, not about {artifact.asked}")
    return texts(document.get("optional"))


def _certificate(annotations: Mapping[str, str]) -> bytes | None:
    pem = annotations.get(_CERTIFICATE)
    if not pem:
        return None
    if len(pem) > 2 * MAX_CERTIFICATE:  # PEM is a third longer than DER
        raise Refused(f"its certificate has {len(pem)} characters; at most {2 * MAX_CERTIFICATE} are read")
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except (ValueError, x509.InvalidVersion) as error:
        raise Refused(f"its certificate cannot be read: {error}") from None


def _entries(annotations: Mapping[str, str], limits: Limits) -> tuple[Entry, ...]:
    text = annotations.get(_BUNDLE)
    if not text:
        return ()
    document = parse_object(text.encode(), limits=limits, tokens=_ANNOTATION_TOKENS)
    payload = document.get("Payload")
    if not isinstance(payload, Mapping):
        raise Refused("its log entry has no payload")
    body = _base64(payload.get("body"))
    inner = parse_object(body, limits=limits, tokens=_ANNOTATION_TOKENS)
    kind, version = inner.get("kind"), inner.get("apiVersion")
    time, index, log_id = payload.get("integratedTime"), payload.get("logIndex"), payload.get("logID")
    if not isinstance(kind, str) or not isinstance(version, str) or not isinstance(log_id, str):
        raise Refused("its log entry lacks kind, version or log")
    if not _is_count(time) or not _is_count(index):
        raise Refused("its log entry lacks time or index")
    try:
        key_id = bytes.fromhex(log_id)
    except ValueError:
        raise Refused("its log entry's log id is no hex") from None
    return (
        Entry(
            kind=kind,
            version=version,
            log_id=key_id,
            log_index=int(index),  # type: ignore[arg-type]
            integrated=int(time),  # type: ignore[arg-type]
            body=body,
            promise=_base64(document.get("SignedEntryTimestamp")) or None,
            proof=None,
        ),
    )


def _timestamps(annotations: Mapping[str, str], limits: Limits) -> tuple[bytes, ...]:
    text = annotations.get(_TIMESTAMP)
    if not text:
        return ()
    document = parse_object(text.encode(), limits=limits, tokens=_ANNOTATION_TOKENS)
    stamp = _base64(document.get("SignedRFC3161Timestamp"))
    if not 0 < len(stamp) <= MAX_TIMESTAMP:
        raise Refused(f"its timestamp has {len(stamp)} bytes; 1 to {MAX_TIMESTAMP} are read")
    return (stamp,)


def _is_count(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def _either_base64(value: JSON | None) -> bytes:
    """DSSE ("Envelope"): standard or URL-safe, and a consumer takes either; Google Cloud Build writes the second."""
    return _base64(value.replace("-", "+").replace("_", "/") if isinstance(value, str) else value)


def _base64(value: JSON | None) -> bytes:
    if not isinstance(value, str):
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("a part of it is no base64 text") from None
