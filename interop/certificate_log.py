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
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from types import TracebackType

POISON = bytes.fromhex("060a2b06010401d679020403")
"""The poison's object identifier (1.3.6.1.4.1.11129.2.4.3), in DER."""
EXTENSIONS = 0xA3
SEQUENCE = 0x30


class CertificateLog:
    """The stand-in as a server: `with CertificateLog() as log: log.url`."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.log = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What Fulcio is told."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    log: CertificateLog


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Answer `add-pre-chain`, and nothing else."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.endswith("/ct/v1/add-pre-chain"):
            precertificate, issuer, *_ = (base64.b64decode(item) for item in json.loads(body)["chain"])
            answer, status = json.dumps(self.server.log.promise(precertificate, issuer)).encode(), 200
        else:
            answer, status = b"nothing here\n", 404
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Nothing."""
