"""A whole Sigstore in memory, for what nature does not hold: what a real CA, CT log, Rekor or TSA refuses to sign.

What comes in: keys that are made here and never leave the process. What goes out: trusted roots and bundles that verify
under them, with one part at a time as a test wants it. It verifies nothing.

Sources: RFC 6962 3.2 and 3.3 (SCT), RFC 3161 2.4.2 and RFC 5652 5 (timestamps), C2SP tlog-checkpoint and signed-note,
rekor-tiles `hashedrekord` 0.0.2, Rekor v1 `dsse` 0.0.1 and its signed entry timestamp, DSSE's PAE.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSONObject: TypeAlias = dict[str, Any]
LogKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
LeafKey: TypeAlias = LogKey | rsa.RSAPrivateKey

SIGNED_AT = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
FAR = datetime(2046, 1, 1, tzinfo=UTC)
ISSUER = "https://issuer.example"
IDENTITY = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

_FULCIO = "1.3.6.1.4.1.57264.1."
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def b64(raw: bytes) -> str:
    """Bytes as protobuf's JSON mapping writes them."""
    return base64.b64encode(raw).decode()


def der(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def utf8_string(text: str) -> bytes:
    """A DER UTF8String."""
    return der(0x0C, text.encode())


def statement(
    digest: str, *, predicate: object = None, predicate_type: str = "https://example.com/p/v1", **fields: object
) -> bytes:
    """An in-toto statement about a sha256 digest; `fields` add to it or take its place, None takes one away."""
    document: JSONObject = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": digest}}],
        "predicateType": predicate_type,
        "predicate": {} if predicate is None else predicate,
    }
    document |= fields
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """One P-256 key for each name and process."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    """One Ed25519 key for each name and process."""
    return ed25519.Ed25519PrivateKey.generate()


def _name(common: str) -> x509.Name:
    oid = x509.NameOID
    return x509.Name([x509.NameAttribute(oid.ORGANIZATION_NAME, "forge"), x509.NameAttribute(oid.COMMON_NAME, common)])


def _spki(key: LogKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign(key: LeafKey, message: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, kw_only=True)
class Validity:
    """A part's window in the trusted root. `end` None is open."""

    start: datetime = EPOCH
    end: datetime | None = None

    def document(self) -> JSONObject:
        """As `validFor`."""
        found = {"start": _rfc3339(self.start)}
        return found if self.end is None else found | {"end": _rfc3339(self.end)}


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA: a self-signed certificate, and what it signs with."""

    common_name: str
    key: ec.EllipticCurvePrivateKey
    window: Validity = field(default_factory=Validity)
    not_before: datetime = EPOCH
    not_after: datetime = FAR
    key_identifier: bool = True
    above: Authority | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        above = self.above or self
        builder = _ca_builder(_name(self.common_name), _name(above.common_name), self.key)
        builder = builder.not_valid_before(self.not_before).not_valid_after(self.not_after)
        if self.key_identifier:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        if above is not self:
            identifier_above = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key())
            builder = builder.add_extension(identifier_above, critical=False)
        return builder.sign(above.key, hashes.SHA256())

    def document(self) -> JSONObject:
        """As an entry of `certificateAuthorities`: its chain, itself first."""
        chain = [self.certificate] if self.above is None else [self.certificate, self.above.certificate]
        return _authority(chain, self.window, self.common_name)


@dataclass(frozen=True, kw_only=True)
class TimestampAuthority:
    """A TSA whose certificate was issued by a root of its own, or by an intermediate below that."""

    name: str = "tsa"
    window: Validity = field(default_factory=Validity)
    signs_with: str = ""
    intermediate: bool = False

    def impostor(self) -> TimestampAuthority:
        """Someone who signs in this authority's name with another key."""
        return replace(self, signs_with="impostor")

    @property
    def chain(self) -> list[x509.Certificate]:
        """Its own certificate, and those above it."""
        root = Authority(common_name=f"{self.name} root", key=ec_key(f"{self.name}-root"))
        between = Authority(common_name=f"{self.name} between", key=ec_key(f"{self.name}-between"), above=root)
        if self.intermediate:
            return [_tsa_certificate(self.name, between), between.certificate, root.certificate]
        return [_tsa_certificate(self.name, root), root.certificate]

    @property
    def certificate(self) -> x509.Certificate:
        """Its own certificate."""
        return self.chain[0]

    def document(self) -> JSONObject:
        """As an entry of `timestampAuthorities`."""
        return _authority(self.chain, self.window, self.name)

    def response(self, message: bytes, at: datetime, *, embed: Sequence[bytes] = ()) -> bytes:
        """An RFC 3161 response over `message`, granted at `at`; `embed` is its bag of certificates."""
        sha256 = der(0x30, _oid("2.16.840.1.101.3.4.2.1"))
        content_type = _oid("1.2.840.113549.1.9.16.1.4")
        fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
        info = der(
            0x30,
            der(0x02, b"\x01"),
            _oid("1.3.6.1.4.1.57264.2"),
            der(0x30, sha256, der(0x04, hashlib.sha256(message).digest())),
            der(0x02, b"\x01"),
            der(0x18, f"{at:%Y%m%d%H%M%S}{fraction}Z".encode()),
        )
        attributes = b"".join(
            sorted(
                [
                    der(0x30, _oid("1.2.840.113549.1.9.3"), der(0x31, content_type)),
                    der(
                        0x30,
                        _oid("1.2.840.113549.1.9.4"),
                        der(0x31, der(0x04, hashlib.sha256(info).digest())),
                    ),
                ]
            )
        )
        certificate = self.certificate
        signer = der(
            0x30,
            der(0x02, b"\x01"),
            der(0x30, certificate.issuer.public_bytes(), _integer(certificate.serial_number)),
            sha256,
            der(0xA0, attributes),
            der(0x30, _oid("1.2.840.10045.4.3.2")),
            der(0x04, _sign(ec_key(self.signs_with or self.name), der(0x31, attributes))),
        )
        signed = der(
            0x30,
            der(0x02, b"\x03"),
            der(0x31, sha256),
            der(0x30, content_type, der(0xA0, der(0x04, info))),
            der(0xA0, *embed),
            der(0x31, signer),
        )
        token = der(0x30, _oid("1.2.840.113549.1.7.2"), der(0xA0, signed))
        return der(0x30, der(0x30, der(0x02, b"\x00")), token)


@dataclass(frozen=True, kw_only=True)
class Log:
    """A transparency log of one entry after another, each alone in its tree. `key` Ed25519: Rekor v2; ECDSA: v1."""

    key: LogKey
    host: str = "log.example"
    window: Validity = field(default_factory=Validity)
    claims_to_be: bytes = b""

    @property
    def key_id(self) -> bytes:
        """The id that bundles and roots know it by: its own, or another's that it claims to be."""
        return self.claims_to_be or hashlib.sha256(_spki(self.key)).digest()

    def document(self) -> JSONObject:
        """As an entry of `tlogs` or `ctlogs`."""
        details = "PKIX_ED25519" if isinstance(self.key, ed25519.Ed25519PrivateKey) else "PKIX_ECDSA_P256_SHA_256"
        return {
            "baseUrl": f"https://{self.host}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(_spki(self.key)),
                "keyDetails": details,
                "validFor": self.window.document(),
            },
            "logId": {"keyId": b64(self.key_id)},
        }

    def sign(self, message: bytes) -> bytes:
        """The log's signature over anything."""
        return _sign(self.key, message)

    def checkpoint(self, root: bytes, size: int = 1, *, origin: str | None = None) -> str:
        """A signed note about a tree."""
        text = f"{self.host if origin is None else origin}\n{size}\n{b64(root)}\n"
        return f"{text}\n— {self.host} {b64(self.key_id[:4] + _sign(self.key, text.encode()))}\n"

    def entry(self, body: bytes, kind: str, version: str, *, origin: str | None = None) -> JSONObject:
        """An entry with its proof of inclusion."""
        root = hashlib.sha256(b"\x00" + body).digest()
        return {
            "logId": {"keyId": b64(self.key_id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "rootHash": b64(root),
                "treeSize": "1",
                "checkpoint": {"envelope": self.checkpoint(root, origin=origin)},
            },
            "canonicalizedBody": b64(body),
        }

    def promise(self, entry: Mapping[str, Any], at: datetime) -> JSONObject:
        """What a Rekor v1 entry has beside its proof: the time, and the signed entry timestamp over it."""
        seconds = int(at.timestamp())
        signed = {
            "body": entry["canonicalizedBody"],
            "integratedTime": seconds,
            "logID": self.key_id.hex(),
            "logIndex": int(entry.get("logIndex", 0)),
        }
        message = json.dumps(signed, separators=(",", ":"), sort_keys=True).encode()
        promise = {"signedEntryTimestamp": b64(_sign(self.key, message))}
        return {"integratedTime": str(seconds), "inclusionPromise": promise}


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """What a signing certificate says. `extensions` are Fulcio's by number, DER where they are new."""

    issuer: str = ISSUER
    names: tuple[x509.GeneralName, ...] = (x509.UniformResourceIdentifier(IDENTITY),)
    extensions: Mapping[int | str, bytes] = field(default_factory=dict)
    not_before: datetime = SIGNED_AT - timedelta(minutes=1)
    not_after: datetime = SIGNED_AT + timedelta(minutes=9)
    digital_signature: bool = True
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    authority_key: x509.AuthorityKeyIdentifier | None = None
    scts: int = 1
    sct_at: datetime = SIGNED_AT
    serial: int = 4711
    key: LeafKey = field(default_factory=lambda: ec_key("leaf"))


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
        signature = _sign(leaf.key, message)
        if integrated is None:
            entry = self.log.entry(
                _hashedrekord(message, signature, certificate), "hashedrekord", "0.0.2", origin=origin
            )
        else:
            verifier = certificate.public_bytes(Encoding.PEM)
            entry = self.log.entry(_dsse(payload, signature, verifier), "dsse", "0.0.1", origin=origin)
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
        signature = _sign(key, pae(PAYLOAD_TYPE, payload))
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        recorded = _sign(key, pae(PAYLOAD_TYPE, logged)) if logged else signature
        entry = self.log.entry(_dsse(logged or payload, recorded, pem), "dsse", "0.0.1")
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
            .issuer_name(_name(self.ca.common_name))
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
        issuer = hashlib.sha256(_spki(self.ca.key)).digest()
        entry = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer + struct.pack("!I", len(tbs))[1:] + tbs + b"\0\0"
        signature = _sign(self.ct.key, entry)
        head = b"\0" + self.ct.key_id + struct.pack("!QH", milliseconds, 0)
        return head + b"\x04\x03" + struct.pack("!H", len(signature)) + signature


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return f"DSSEv1 {len(payload_type.encode())} {payload_type} {len(payload)} ".encode() + payload


def _hashedrekord(message: bytes, signature: bytes, certificate: x509.Certificate) -> bytes:
    verifier = {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
    }
    data = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(message).digest())}
    record = {"data": data, "signature": {"content": b64(signature), "verifier": verifier}}
    document = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": record}}
    return json.dumps(document, separators=(",", ":")).encode()


def _dsse(payload: bytes, signature: bytes, verifier: bytes) -> bytes:
    digest = hashlib.sha256(payload).hexdigest()
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": digest},
        "payloadHash": {"algorithm": "sha256", "value": digest},
        "signatures": [{"signature": b64(signature), "verifier": b64(verifier)}],
    }
    return json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, separators=(",", ":")).encode()


@cache
def _tsa_certificate(name: str, above: Authority) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(above.common_name))
        .public_key(ec_key(name).public_key())
        .serial_number(2)
        .not_valid_before(EPOCH)
        .not_valid_after(FAR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()), critical=False)
        .sign(above.key, hashes.SHA256())
    )


def _ca_builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
    )


def _authority(chain: Sequence[x509.Certificate], window: Validity, name: str) -> JSONObject:
    return {
        "subject": {"organization": "forge", "commonName": name},
        "uri": "https://ca.example",
        "certChain": {"certificates": [{"rawBytes": b64(item.public_bytes(Encoding.DER))} for item in chain]},
        "validFor": window.document(),
    }


def _oid(dotted: str) -> bytes:
    first, second, *rest = [int(part) for part in dotted.split(".")]
    body = bytes([first * 40 + second])
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return der(0x06, body)


def _integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
