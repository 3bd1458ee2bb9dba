"""A stand-in for a CT log: it promises to log a precertificate, and logs nothing.

What comes in: Fulcio's `add-pre-chain`. What goes out: a signed certificate timestamp (SCT). Nothing that verifies a
Sigstore certificate asks a CT log for more than that signature.

Sources: RFC 6962, 3.2 (what an SCT signs: the TBS without its poison, and the hash of the issuer's key) and 4.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from interop.loopback import NOTHING, Answer, LoopbackServer

if TYPE_CHECKING:
    from interop.loopback import Asked

POISON = bytes.fromhex("060a2b06010401d679020403")
"""The poison's object identifier (1.3.6.1.4.1.11129.2.4.3), in DER."""
EXTENSIONS = 0xA3
SEQUENCE = 0x30


class CertificateLog(LoopbackServer):
    """The stand-in as a server: `with CertificateLog() as log: log.url`."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        super().__init__()

    @property
    def url(self) -> str:
        """What Fulcio is told."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Answer:
        """`add-pre-chain`, and nothing else."""
        if asked.method != "POST" or not asked.path.endswith("/ct/v1/add-pre-chain"):
            return NOTHING
        precertificate, issuer, *_ = (base64.b64decode(item) for item in json.loads(asked.body)["chain"])
        return Answer(body=json.dumps(self.promise(precertificate, issuer)).encode())

    def promise(self, precertificate: bytes, issuer: bytes) -> dict[str, object]:
        """The answer of RFC 6962, 4.2."""
        milliseconds = time.time_ns() // 1_000_000
        authority = x509.load_der_x509_certificate(issuer).public_key()
        authority_hash = hashlib.sha256(
            authority.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).digest()
        tbs = without_poison(x509.load_der_x509_certificate(precertificate).tbs_certificate_bytes)
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + authority_hash
        signed += struct.pack("!I", len(tbs))[1:] + tbs + b"\0\0"
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "sct_version": 0,
            "id": base64.b64encode(hashlib.sha256(public).digest()).decode(),
            "timestamp": milliseconds,
            "extensions": "",
            "signature": base64.b64encode(b"\x04\x03" + struct.pack("!H", len(signature)) + signature).decode(),
        }


def without_poison(tbs: bytes) -> bytes:
    """A TBSCertificate without its CT poison extension."""
    _, body, _ = _element(tbs)
    kept = b""
    while body:
        tag, content, rest = _element(body)
        if tag == EXTENSIONS:
            _, extensions, _ = _element(content)
            others = b""
            while extensions:
                _, extension, following = _element(extensions)
                if not extension.startswith(POISON):
                    others += extensions[: len(extensions) - len(following)]
                extensions = following
            kept += _der(EXTENSIONS, _der(SEQUENCE, others))
        else:
            kept += body[: len(body) - len(rest)]
        body = rest
    return _der(SEQUENCE, kept)


def _element(raw: bytes) -> tuple[int, bytes, bytes]:
    """Tag and content of the first DER element, and what follows it."""
    size, start = raw[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(raw[2:start], "big")
    return raw[0], raw[start : start + size], raw[start + size :]


def _der(tag: int, body: bytes) -> bytes:
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body
