"""Public keys: a signer's, a certificate's, a log's. Read, named, and used to verify one signature.

What comes in: PEM or DER bytes from a policy or a trusted root. What goes out: a key that is strong enough, or
`ValueError`; and whether a signature is its own. It decides nothing else.

Sources: sigstore's algorithm registry (ECDSA P-256, P-384, P-521; RSA 2048-4096, PKCS#1 v1.5 and PSS; Ed25519); RFC
5280 4.1.2.7 (SubjectPublicKeyInfo, whose SHA-256 names a key).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.verification.material import Message

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_SHA: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
# The curve's own hash first; SHA-256 with a larger curve is what cosign does with a P-384 or P-521 key.
_CURVE_HASHES: Final = {
    "secp256r1": ("sha256",),
    "secp384r1": ("sha384", "sha256"),
    "secp521r1": ("sha512", "sha256"),
}
_RSA_BITS: Final = (2048, 4096)
_RSA_MAX_EXPONENT: Final = (
    1 << 31
) - 1  # Go's own bound, so cosign's: one as long as the modulus takes 100 times as long


class _Weak(ValueError):
    """A key, but not one that counts."""


def read_key(raw: bytes) -> PublicKey:
    """A public key from PEM or DER, or the key of a PEM certificate. Raises `ValueError`."""
    text = raw.lstrip()
    try:
        if text.startswith(b"-----BEGIN CERTIFICATE-----"):
            return checked(x509.load_pem_x509_certificate(text).public_key())
        if text.startswith(b"-----"):
            return checked(serialization.load_pem_public_key(text))
        return checked(serialization.load_der_public_key(raw))
    except _Weak as error:
        raise ValueError(str(error)) from None
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise ValueError("it holds no public key or certificate that can be read (PEM or DER)") from None


def checked(key: object) -> PublicKey:
    """A key of a kind and strength that sigstore's registry names. Raises `ValueError`."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVE_HASHES:
        return key
    if isinstance(key, rsa.RSAPublicKey) and _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        if key.public_numbers().e > _RSA_MAX_EXPONENT:
            raise _Weak("the public exponent of an RSA key is at most 2^31 - 1")
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise _Weak("a key must be ECDSA P-256, P-384 or P-521, RSA of 2048 to 4096 bits, or Ed25519")


def spki(key: PublicKey) -> bytes:
    """The DER of the key's SubjectPublicKeyInfo: two keys are one if this is."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: PublicKey) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo, in hex: who a key's signer is (design rule 8)."""
    return hashlib.sha256(spki(key)).hexdigest()


def verifies(key: PublicKey, signature: bytes, message: Message) -> bool:
    """Whether `signature` is the key's, over `message`."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = message.raw
        if raw is None:
            raise ValueError("an Ed25519 signature needs the whole file, and this one is too large to hold")
        return _holds(lambda: key.verify(signature, raw))
    if isinstance(key, rsa.RSAPublicKey):
        digest = message.digest("sha256")
        if digest is None:
            return False
        kind = Prehashed(_SHA["sha256"])
        pss = padding.PSS(padding.MGF1(_SHA["sha256"]), padding.PSS.AUTO)
        return _holds(lambda: key.verify(signature, digest, padding.PKCS1v15(), kind)) or _holds(
            lambda: key.verify(signature, digest, pss, kind)
        )
    digests = ((name, message.digest(name)) for name in _CURVE_HASHES[key.curve.name])
    return any(digest is not None and _ecdsa_holds(key, signature, digest, name) for name, digest in digests)


def _ecdsa_holds(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes, name: str) -> bool:
    return _holds(lambda: key.verify(signature, digest, ec.ECDSA(Prehashed(_SHA[name]))))


def _holds(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except InvalidSignature:
        return False
    return True
