"""How a signature is made, step by step, with a place at each step where one thing may be done wrongly.

What comes in: a `Recipe`. What goes out: `Signed`, what a registry would hold. Without changes it is valid in the root
of its instance. Each change is made before the next party signs, so that everything behind it holds: a log that is
told another digest proves that other digest, with a tree and a checkpoint that are right.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from tests.forge import cosign
from tests.forge.authority import SIGNED_AT, Leaf
from tests.forge.encoding import JSONObject, b64
from tests.forge.entries import Record, body, canonical
from tests.forge.keys import LeafKey, ec_key, sign, spki
from tests.forge.statements import PAYLOAD_TYPE, pae

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from tests.forge.formats import Format
    from tests.forge.instance import Sigstore

_T = TypeVar("_T")


def same(value: _T) -> _T:
    """Nothing is done wrongly."""
    return value


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A bundle, or a layer with its annotations."""

    raw: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> JSONObject:
        """The bytes as JSON."""
        found: JSONObject = json.loads(self.raw)
        return found

    def written(self, document: JSONObject) -> Signed:
        """With another document in place of the bytes."""
        return replace(self, raw=json.dumps(document, separators=(",", ":")).encode())


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One signature, before it is made.

    `leaf` is what the certificate shall say, `key` who signs where there is none; `stamped_at` and `integrated` when.
    `signs_with` is another key than that of the certificate. The rest changes one thing that is said: `signature` what
    stands for the signature, `told` what the log is told, `noted` its checkpoint, `promised` what its entry timestamp
    is over, `entry` the entry behind all of them, `stamped` what is stamped, `finished` what a registry holds.
    """

    format: Format
    instance: Sigstore
    payload: bytes
    payload_type: str = PAYLOAD_TYPE
    leaf: Leaf = field(default_factory=Leaf)
    key: LeafKey = field(default_factory=lambda: ec_key("signer"))
    signs_with: LeafKey | None = None
    stamped_at: Sequence[datetime] = (SIGNED_AT,)
    integrated: datetime = SIGNED_AT
    signature: Callable[[bytes], bytes] = same
    presented: Callable[[x509.Certificate], x509.Certificate] = same
    told: Callable[[JSONObject], JSONObject | bytes] = same
    noted: Callable[[str], str] = same
    promised: Callable[[JSONObject], JSONObject] = same
    entry: Callable[[JSONObject], JSONObject] = same
    stamped: Callable[[bytes], bytes] = same
    finished: Callable[[Signed], Signed] = same

    def make(self) -> Signed:
        """Make it."""
        certificate = None if self.format.keyed else self.presented(self.instance.certificate(self.leaf))
        key = self.key if certificate is None else self.leaf.key
        is_statement = self.format.signs == "statement"
        message = pae(self.payload_type, self.payload) if is_statement else self.payload
        signature = self.signature(sign(self.signs_with or key, message))
        envelope = self._envelope(signature) if is_statement else {}
        record = Record(
            message=message,
            signature=signature,
            signer=certificate or key.public_key(),
            payload=self.payload,
            payload_type=self.payload_type,
            envelope=json.dumps(envelope, separators=(",", ":")).encode(),
        )
        entry = self._entry(record)
        stamps: list[bytes] = []
        if self.format.stamps:
            stamps = [self.instance.tsa.response(self.stamped(signature), moment) for moment in self.stamped_at]
        if self.format.is_bundle:
            return self.finished(self._bundle(certificate, signature, envelope, entry, stamps))
        return self.finished(self._layer(certificate, record, entry, stamps))

    def _entry(self, record: Record) -> JSONObject | None:
        if self.format.entry is None:
            return None
        log = self.instance.log
        kind, version = self.format.entry
        told = self.told(body(self.format.entry, record))
        logged = told if isinstance(told, bytes) else canonical(told)
        entry = log.entry(logged, kind, version, noted=self.noted)
        if self.format.promise:
            entry |= log.promise(entry, self.integrated, promised=self.promised)
        if not self.format.proof:
            del entry["inclusionProof"]
        return self.entry(entry)

    def _envelope(self, signature: bytes) -> JSONObject:
        signed: JSONObject = {"sig": b64(signature)}
        if not self.format.is_bundle:
            signed = {"keyid": "", **signed}
        return {"payload": b64(self.payload), "payloadType": self.payload_type, "signatures": [signed]}

    def _bundle(
        self,
        certificate: x509.Certificate | None,
        signature: bytes,
        envelope: JSONObject,
        entry: JSONObject | None,
        stamps: Sequence[bytes],
    ) -> Signed:
        if certificate is None:
            signer: JSONObject = {"publicKey": {"hint": b64(hashlib.sha256(spki(self.key)).digest())}}
        else:
            raw = {"rawBytes": b64(certificate.public_bytes(Encoding.DER))}
            is_old = "version=" in self.format.media_type
            signer = {"x509CertificateChain": {"certificates": [raw]}} if is_old else {"certificate": raw}
        material = signer if entry is None else signer | {"tlogEntries": [entry]}
        if stamps:
            listed = [{"signedTimestamp": b64(stamp)} for stamp in stamps]
            material |= {"timestampVerificationData": {"rfc3161Timestamps": listed}}
        document: JSONObject = {"mediaType": self.format.media_type, "verificationMaterial": material}
        if self.format.signs == "statement":
            document["dsseEnvelope"] = envelope
        else:
            digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(self.payload).digest())}
            document["messageSignature"] = {"messageDigest": digest, "signature": b64(signature)}
        return Signed(raw=b"").written(document)

    def _layer(
        self, certificate: x509.Certificate | None, record: Record, entry: JSONObject | None, stamps: Sequence[bytes]
    ) -> Signed:
        simple = self.format.signs == "simple-signing"
        annotations = cosign.layer_annotations(
            signature=b64(record.signature) if simple else "",
            chain=[] if certificate is None else [certificate, *self.instance.ca.chain],
            entry=entry,
            stamp=stamps[0] if stamps else None,
        )
        return Signed(raw=self.payload if simple else record.envelope, annotations=annotations)
