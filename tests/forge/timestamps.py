"""A timestamp authority: RFC 3161 responses, and itself as a trusted root lists it.

What comes in: what is to be stamped, and when. What goes out: the DER of a response.

Sources: RFC 3161 2.4.2 (the response) and 2.3 (the authority's key usage), RFC 5652 5 (signed data).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.forge.authority import EPOCH, FAR, Authority, Validity, authority_document, distinguished_name
from tests.forge.encoding import JSONObject, der, integer, oid
from tests.forge.keys import ec_key, sign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class TimestampAuthority:
    """A TSA whose certificate was issued by a root of its own, by an intermediate below that, or by `issuer`.

    `signs_with` names another key that it signs with than its certificate's, `listed_above` other CAs that the trusted
    root lists above it.
    """

    name: str = "tsa"
    window: Validity = field(default_factory=Validity)
    signs_with: str = ""
    intermediate: bool = False
    issuer: Authority | None = None
    listed_above: Authority | None = None
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    not_before: datetime = EPOCH
    not_after: datetime = FAR
    status: int = 0
    serial: int = 2

    def impostor(self) -> TimestampAuthority:
        """Someone who signs in this authority's name with another key."""
        return replace(self, signs_with="impostor")

    @property
    def above(self) -> Authority:
        """The CA that issued its certificate."""
        if self.issuer is not None:
            return self.issuer
        root = Authority(common_name=f"{self.name} root", key=ec_key(f"{self.name}-root"))
        return root.below(f"{self.name} between", usages=self.usages) if self.intermediate else root

    @property
    def chain(self) -> list[x509.Certificate]:
        """Its own certificate, and those above it as the trusted root lists them."""
        return [self.certificate, *(self.listed_above or self.above).chain]

    @property
    def certificate(self) -> x509.Certificate:
        """Its own certificate."""
        return _certificate(self)

    def document(self) -> JSONObject:
        """As an entry of `timestampAuthorities`."""
        return authority_document(self.chain, self.window, self.name)

    def response(self, message: bytes, at: datetime, *, embed: Sequence[bytes] = ()) -> bytes:
        """An RFC 3161 response over `message`, granted at `at`; `embed` is its bag of certificates."""
        sha256 = der(0x30, oid("2.16.840.1.101.3.4.2.1"))
        content_type = oid("1.2.840.113549.1.9.16.1.4")
        fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
        info = der(
            0x30,
            der(0x02, b"\x01"),
            oid("1.3.6.1.4.1.57264.2"),
            der(0x30, sha256, der(0x04, hashlib.sha256(message).digest())),
            der(0x02, b"\x01"),
            der(0x18, f"{at:%Y%m%d%H%M%S}{fraction}Z".encode()),
        )
        kind = der(0x30, oid("1.2.840.113549.1.9.3"), der(0x31, content_type))
        digest = der(0x30, oid("1.2.840.113549.1.9.4"), der(0x31, der(0x04, hashlib.sha256(info).digest())))
        attributes = b"".join(sorted([kind, digest]))
        certificate = self.certificate
        signer = der(
            0x30,
            der(0x02, b"\x01"),
            der(0x30, certificate.issuer.public_bytes(), integer(certificate.serial_number)),
            sha256,
            der(0xA0, attributes),
            der(0x30, oid("1.2.840.10045.4.3.2")),
            der(0x04, sign(ec_key(self.signs_with or self.name), der(0x31, attributes))),
        )
        signed = der(
            0x30,
            der(0x02, b"\x03"),
            der(0x31, sha256),
            der(0x30, content_type, der(0xA0, der(0x04, info))),
            der(0xA0, *embed),
            der(0x31, signer),
        )
        token = der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, signed))
        return der(0x30, der(0x30, der(0x02, bytes([self.status]))), token)


@cache
def _certificate(authority: TimestampAuthority) -> x509.Certificate:
    above = authority.above
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished_name(authority.name))
        .issuer_name(distinguished_name(above.common_name))
        .public_key(ec_key(authority.name).public_key())
        .serial_number(authority.serial)
        .not_valid_before(authority.not_before)
        .not_valid_after(authority.not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()), critical=False)
    )
    if authority.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(authority.usages), critical=True)
    return builder.sign(above.key, hashes.SHA256())
