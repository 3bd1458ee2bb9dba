"""One Sigstore instance: a CA, a CT log, a transparency log and a timestamp authority, and what they sign together.

What comes in: a payload, and whatever a test wants otherwise. What goes out: trusted roots, certificates, bundles.

Sources: RFC 6962 3.2 and 3.3 (SCT), sigstore protobuf-specs `sigstore_bundle.proto`.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.forge.authority import SIGNED_AT, Authority, Leaf, distinguished_name
from tests.forge.encoding import JSONObject, b64, der, utf8_string
from tests.forge.entries import dsse, hashedrekord
from tests.forge.keys import LeafKey, ec_key, ed_key, sign, spki
from tests.forge.log import Log
from tests.forge.statements import PAYLOAD_TYPE, pae
from tests.forge.timestamps import TimestampAuthority

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

_FULCIO = "1.3.6.1.4.1.57264.1."
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


@dataclass(frozen=True, kw_only=True)
class Sigstore:
    """One instance: what is in its root, and what signs."""

    ca: Authority = field(default_factory=lambda: Authority(common_name="ca", key=ec_key("ca")))
    ct: Log = field(default_factory=lambda: Log(key=ec_key("ct"), host="ct.example"))
    log: Log = field(default_factory=lambda: Log(key=ed_key("log")))
    tsa: TimestampAuthority = field(default_factory=TimestampAuthority)

    def root(self, **parts: Sequence[JSONObject]) -> JSONObject:
        """Its trusted root; `parts` take the place of whole lists."""
        document: JSONObject = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.log.document()],
            "certificateAuthorities": [self.ca.document()],
            "ctlogs": [self.ct.document()],
            "timestampAuthorities": [self.tsa.document()],
        }
        return document | parts

    def certificate(self, leaf: Leaf) -> x509.Certificate:
        """A certificate with embedded SCTs, as Fulcio issues them."""
        builder = self._leaf(leaf)
        precertificate = builder.sign(self.ca.key, hashes.SHA256())
        if leaf.scts:
            sct = self._sct(precertificate.tbs_certificate_bytes, leaf.sct_at)
            listed = b"".join(struct.pack("!H", len(sct)) + sct for _ in range(leaf.scts))
            value = der(0x04, struct.pack("!H", len(listed)) + listed)
            builder = builder.add_extension(x509.UnrecognizedExtension(_SCT_LIST, value), critical=False)
        return builder.sign(self.ca.key, hashes.SHA256())

    def sign(
        self,
        payload: bytes,
        *,
        leaf: Leaf | None = None,
        at: Sequence[datetime] = (SIGNED_AT,),
        payload_type: str = PAYLOAD_TYPE,
        integrated: datetime | None = None,
        origin: str | None = None,
    ) -> JSONObject:
        """A bundle: the payload in a DSSE envelope, logged, and timestamped at each of `at`.

        With `integrated` the entry is Rekor v1's `dsse`, with a signed entry timestamp of that moment.
        """
        leaf = leaf or Leaf()
        certificate = self.certificate(leaf)
        message = pae(payload_type, payload)
        signature = sign(leaf.key, message)
        if integrated is None:
            entry = self.log.entry(
                hashedrekord(message, signature, certificate), "hashedrekord", "0.0.2", origin=origin
            )
        else:
            verifier = certificate.public_bytes(Encoding.PEM)
            entry = self.log.entry(dsse(payload, signature, verifier), "dsse", "0.0.1", origin=origin)
            entry |= self.log.promise(entry, integrated)
        stamps = [{"signedTimestamp": b64(self.tsa.response(signature, moment))} for moment in at]
        return {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [entry],
                "timestampVerificationData": {"rfc3161Timestamps": stamps},
            },
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": payload_type,
                "signatures": [{"sig": b64(signature)}],
            },
        }

    def sign_with_key(self, payload: bytes, key: LeafKey, *, integrated: datetime, logged: bytes = b"") -> JSONObject:
        """A bundle signed with a key, logged as Rekor v1's `dsse`; `logged` is another payload for the log to know."""
        signature = sign(key, pae(PAYLOAD_TYPE, payload))
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        recorded = sign(key, pae(PAYLOAD_TYPE, logged)) if logged else signature
        entry = self.log.entry(dsse(logged or payload, recorded, pem), "dsse", "0.0.1")
        entry |= self.log.promise(entry, integrated)
        return {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": [entry]},
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": b64(signature)}],
            },
        }

    def _leaf(self, leaf: Leaf) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(leaf.digital_signature, not leaf.digital_signature, *[False] * 7)
        authority = leaf.authority_key
        if authority is None:
            authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(distinguished_name(self.ca.common_name))
            .public_key(leaf.key.public_key())
            .serial_number(leaf.serial)
            .not_valid_before(leaf.not_before)
            .not_valid_after(leaf.not_after)
            .add_extension(usage, critical=True)
            .add_extension(authority, critical=False)
        )
        if leaf.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        if leaf.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(leaf.names), critical=True)
        values: dict[int | str, bytes] = dict(leaf.extensions)
        if leaf.issuer:
            values.setdefault(8, utf8_string(leaf.issuer))
        for number, value in values.items():
            oid = x509.ObjectIdentifier(f"{_FULCIO}{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        return builder

    def _sct(self, tbs: bytes, at: datetime) -> bytes:
        milliseconds = int(at.timestamp() * 1000)
        issuer = hashlib.sha256(spki(self.ca.key)).digest()
        entry = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer + struct.pack("!I", len(tbs))[1:] + tbs + b"\0\0"
        signature = sign(self.ct.key, entry)
        head = b"\0" + self.ct.key_id + struct.pack("!QH", milliseconds, 0)
        return head + b"\x04\x03" + struct.pack("!H", len(signature)) + signature
