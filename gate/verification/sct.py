"""A certificate's signed certificate timestamp (SCT): that a certificate transparency log's key signed it.

What comes in: a certificate whose chain verified, its issuer, and the key of the log that its SCT names. What goes out:
the SCT and its time, or `ValueError`. Whether the log was in use then is not asked here.

Sources: RFC 6962 3.2 (what an SCT signs, and that for a precertificate: the issuer's key hash and the TBSCertificate
without its SCT list), 2.1.4 (ECDSA or RSA, with SHA-256); RFC 5246 4.7 (DigitallySigned).
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.certificate_transparency import SignatureAlgorithm

if TYPE_CHECKING:
    from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

    from gate.verification.keys import PublicKey

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_CERTIFICATE_TIMESTAMP: Final = 0
_PRECERTIFICATE: Final = 1


def embedded_sct(certificate: x509.Certificate) -> SignedCertificateTimestamp:
    """The one SCT that a certificate holds. Raises `ValueError` if it holds none or several."""
    try:
        scts = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    except x509.ExtensionNotFound:
        raise ValueError("its certificate has no certificate timestamp (SCT)") from None
    if len(scts) != 1:
        raise ValueError(f"its certificate has {len(scts)} certificate timestamps (SCTs); one is expected")
    sct: SignedCertificateTimestamp = scts[0]
    return sct


def issued_at(sct: SignedCertificateTimestamp) -> datetime:
    """When the log signed it."""
    return sct.timestamp.replace(tzinfo=UTC)


def verify_sct(certificate: x509.Certificate, issuer: x509.Certificate, key: PublicKey) -> None:
    """Verify the certificate's SCT as one by `key`. Raises `ValueError`."""
    # 1. There is one, hashed with SHA-256.
    sct = embedded_sct(certificate)
    if not isinstance(sct.signature_hash_algorithm, hashes.SHA256):
        raise ValueError("it is not hashed with SHA-256")  # noqa: TRY004  (a certificate's fault, not a caller's)

    # 2. The log's key signed it, over this certificate as this issuer would issue it.
    signed = _signed(sct, certificate, issuer)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and sct.signature_algorithm is SignatureAlgorithm.ECDSA:
            key.verify(sct.signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and sct.signature_algorithm is SignatureAlgorithm.RSA:
            key.verify(sct.signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise ValueError("its algorithm is not that of the log's key")
    except InvalidSignature:
        raise ValueError("the log's key did not sign it") from None


def _signed(sct: SignedCertificateTimestamp, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The bytes that an SCT of a precertificate signs (RFC 6962 3.2)."""
    issuer_key = issuer.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = certificate.tbs_precertificate_bytes
    return b"".join(
        (
            struct.pack(
                "!BBQH",
                sct.version.value,
                _CERTIFICATE_TIMESTAMP,
                (issued_at(sct) - _EPOCH) // _MILLISECOND,
                _PRECERTIFICATE,
            ),
            hashlib.sha256(issuer_key).digest(),
            len(body).to_bytes(3, "big"),
            body,
            len(sct.extension_bytes).to_bytes(2, "big"),
            sct.extension_bytes,
        )
    )
