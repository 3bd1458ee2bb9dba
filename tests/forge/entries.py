"""What a log is told about a signature: the body of an entry, by kind and version.

Sources: rekor-tiles `hashedrekord` 0.0.2, Rekor v1's `dsse` 0.0.1.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.forge.encoding import b64

if TYPE_CHECKING:
    from cryptography import x509


def hashedrekord(message: bytes, signature: bytes, certificate: x509.Certificate) -> bytes:
    """Rekor v2's `hashedrekord` 0.0.2: `message` is what was signed."""
    verifier = {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
    }
    data = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(message).digest())}
    record = {"data": data, "signature": {"content": b64(signature), "verifier": verifier}}
    document = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": record}}
    return json.dumps(document, separators=(",", ":")).encode()


def dsse(payload: bytes, signature: bytes, verifier: bytes) -> bytes:
    """Rekor v1's `dsse` 0.0.1: `verifier` is the PEM of a certificate or key."""
    digest = hashlib.sha256(payload).hexdigest()
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": digest},
        "payloadHash": {"algorithm": "sha256", "value": digest},
        "signatures": [{"signature": b64(signature), "verifier": b64(verifier)}],
    }
    return json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, separators=(",", ":")).encode()
