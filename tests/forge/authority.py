"""A certificate authority, its intermediates, and the signing certificates that it issues.

What comes in: what a certificate shall say. What goes out: certificates, and the CA as a trusted root lists it.

Sources: Fulcio's certificate specification; RFC 5280 4.1 and 4.2; sigstore protobuf-specs `sigstore_trustroot.proto`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.forge.encoding import JSONObject, b64, rfc3339
from tests.forge.keys import LeafKey, ec_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric import ec

SIGNED_AT = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
FAR = datetime(2046, 1, 1, tzinfo=UTC)
ISSUER = "https://issuer.example"
IDENTITY = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"


@dataclass(frozen=True, kw_only=True)
class Validity:
    """A part's window in the trusted root. `end` None is open."""

    start: datetime = EPOCH
    end: datetime | None = None

    def document(self) -> JSONObject:
        """As `validFor`."""
        found = {"start": rfc3339(self.start)}
        return found if self.end is None else found | {"end": rfc3339(self.end)}


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA: its own certificate, signed by itself or by the one above it, and what it signs with.

    `key_usage` and `ca` say whether it may sign certificates, `path_length` how many CAs may stand below it, `usages`
    what those that it issues are for.
    """

    common_name: str
    key: ec.EllipticCurvePrivateKey
    window: Validity = field(default_factory=Validity)
    not_before: datetime = EPOCH
    not_after: datetime = FAR
    key_identifier: bool = True
    above: Authority | None = None
    ca: bool = True
    key_usage: bool = True
    path_length: int | None = 1
    usages: tuple[x509.ObjectIdentifier, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return _ca_certificate(self)

    @property
    def chain(self) -> list[x509.Certificate]:
        """Its certificates as a root lists them, its own first."""
        return [self.certificate, *([] if self.above is None else self.above.chain)]

    def below(self, common_name: str, **parts: Any) -> Authority:
        """An intermediate whose certificate this authority issued."""
        authority = Authority(common_name=common_name, key=ec_key(common_name), above=self, path_length=0)
        return replace(authority, **parts)

    def document(self) -> JSONObject:
        """As an entry of `certificateAuthorities`."""
        return authority_document(self.chain, self.window, self.common_name)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """What a signing certificate says. `extensions` are Fulcio's by number, DER where they are new; `critical` are
    others by their whole number, and critical; `sct_of` is another certificate that its SCTs are of;
    `sct_algorithm` is TLS's numbers for their hash and signature.
    """

    issuer: str = ISSUER
    names: tuple[x509.GeneralName, ...] = (x509.UniformResourceIdentifier(IDENTITY),)
    extensions: Mapping[int | str, bytes] = field(default_factory=dict)
    critical: Mapping[str, bytes] = field(default_factory=dict)
    not_before: datetime = SIGNED_AT - timedelta(minutes=1)
    not_after: datetime = SIGNED_AT + timedelta(minutes=9)
    digital_signature: bool = True
    key_usage: bool = True
    ca: bool = False
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    authority_key: x509.AuthorityKeyIdentifier | None = None
    scts: int = 1
    sct_at: datetime = SIGNED_AT
    sct_of: Leaf | None = None
    sct_extensions: bytes = b""
    sct_algorithm: tuple[int, int] = (4, 3)
    serial: int = 4711
    key: LeafKey = field(default_factory=lambda: ec_key("leaf"))


def distinguished_name(common: str) -> x509.Name:
    """A name as certificates write it."""
    oid = x509.NameOID
    return x509.Name([x509.NameAttribute(oid.ORGANIZATION_NAME, "forge"), x509.NameAttribute(oid.COMMON_NAME, common)])


@cache
def _ca_certificate(authority: Authority) -> x509.Certificate:
    above = authority.above or authority
    signs = authority.key_usage
    usage = x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished_name(authority.common_name))
        .issuer_name(distinguished_name(above.common_name))
        .public_key(authority.key.public_key())
        .serial_number(1)
        .not_valid_before(authority.not_before)
        .not_valid_after(authority.not_after)
        .add_extension(
            x509.BasicConstraints(ca=authority.ca, path_length=authority.path_length if authority.ca else None),
            critical=True,
        )
        .add_extension(usage, critical=True)
    )
    if authority.key_identifier:
        identifier = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if authority.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(authority.usages), critical=False)
    if above is not authority:
        identifier_above = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key())
        builder = builder.add_extension(identifier_above, critical=False)
    return builder.sign(above.key, hashes.SHA256())


def authority_document(chain: Sequence[x509.Certificate], window: Validity, name: str) -> JSONObject:
    """An authority as a trusted root lists it: its chain, the issuing certificate first."""
    return {
        "subject": {"organization": "forge", "commonName": name},
        "uri": "https://ca.example",
        "certChain": {"certificates": [{"rawBytes": b64(item.public_bytes(Encoding.DER))} for item in chain]},
        "validFor": window.document(),
    }
