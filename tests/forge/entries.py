"""What a log is told about a signature: the body of an entry, by kind and version.

What comes in: a `Record` of the signature. What goes out: the body as an object, so that a test may change it before it
is logged.

Sources: Rekor's types `hashedrekord` 0.0.1, `dsse` 0.0.1, `intoto` 0.0.1 and 0.0.2 (pkg/types), rekor-tiles
`hashedrekord` 0.0.2. Rekor v1 keeps an entry in RFC 8785's form.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.forge.encoding import JSONObject, b64
from tests.forge.keys import details

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

Kind: TypeAlias = tuple[str, str]

HASHEDREKORD: Final = ("hashedrekord", "0.0.1")
HASHEDREKORD_V2: Final = ("hashedrekord", "0.0.2")
DSSE: Final = ("dsse", "0.0.1")
INTOTO: Final = ("intoto", "0.0.1")
INTOTO_V2: Final = ("intoto", "0.0.2")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One signature, its signer, and what it is over; `envelope` is the DSSE envelope as it is stored."""

    message: bytes
    signature: bytes
    signer: x509.Certificate | PublicKeyTypes
    payload: bytes = b""
    payload_type: str = ""
    envelope: bytes = b""

    @property
    def pem(self) -> str:
        """The signer as Rekor v1 keeps it."""
        return b64(self._encoded(Encoding.PEM))

    @property
    def verifier(self) -> JSONObject:
        """The signer as Rekor v2 keeps it."""
        certified = isinstance(self.signer, x509.Certificate)
        key = self.signer.public_key() if isinstance(self.signer, x509.Certificate) else self.signer
        named = "x509Certificate" if certified else "publicKey"
        return {named: {"rawBytes": b64(self._encoded(Encoding.DER))}, "keyDetails": details(key)[0]}

    @property
    def hash_name(self) -> str:
        """The hash that belongs to the signer's key."""
        return details(self.signer.public_key() if isinstance(self.signer, x509.Certificate) else self.signer)[1]

    def _encoded(self, encoding: Encoding) -> bytes:
        if isinstance(self.signer, x509.Certificate):
            return self.signer.public_bytes(encoding)
        return self.signer.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def body(kind: Kind, record: Record) -> JSONObject:
    """The body of an entry about a signature."""
    name, version = kind
    return {"apiVersion": version, "kind": name, "spec": _SPECS[kind](record)}


def canonical(document: JSONObject) -> bytes:
    """A body as the log hashes it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _hashedrekord(record: Record) -> JSONObject:
    signature = {"content": b64(record.signature), "publicKey": {"content": record.pem}}
    return {"data": {"hash": _sha256(record.message)}, "signature": signature}


def _hashedrekord_v2(record: Record) -> JSONObject:
    algorithm = {"sha256": "SHA2_256", "sha384": "SHA2_384", "sha512": "SHA2_512"}[record.hash_name]
    data = {"algorithm": algorithm, "digest": b64(hashlib.new(record.hash_name, record.message).digest())}
    signature = {"content": b64(record.signature), "verifier": record.verifier}
    return {"hashedRekordV002": {"data": data, "signature": signature}}


def _dsse(record: Record) -> JSONObject:
    return {
        "envelopeHash": _sha256(record.envelope),
        "payloadHash": _sha256(record.payload),
        "signatures": [{"signature": b64(record.signature), "verifier": record.pem}],
    }


def _intoto(record: Record) -> JSONObject:
    content = {"hash": _sha256(record.envelope), "payloadHash": _sha256(record.payload)}
    return {"content": content, "publicKey": record.pem}


def _intoto_v2(record: Record) -> JSONObject:
    # Rekor encodes the envelope's base64 text once more.
    signature = {"publicKey": record.pem, "sig": b64(b64(record.signature).encode())}
    envelope = {"payloadType": record.payload_type, "signatures": [signature]}
    return {"content": {"envelope": envelope, "hash": _sha256(record.envelope), "payloadHash": _sha256(record.payload)}}


def _sha256(raw: bytes) -> JSONObject:
    return {"algorithm": "sha256", "value": hashlib.sha256(raw).hexdigest()}


_SPECS: Final[dict[Kind, Callable[[Record], JSONObject]]] = {
    HASHEDREKORD: _hashedrekord,
    HASHEDREKORD_V2: _hashedrekord_v2,
    DSSE: _dsse,
    INTOTO: _intoto,
    INTOTO_V2: _intoto_v2,
}
