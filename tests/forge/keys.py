"""Keys that are made here and never leave the process, and signatures by them.

One key for each name and process: making one costs more than signing with it.

Source: sigstore's algorithm registry (which hash belongs to which key, and what the pair is called).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

LeafKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_EC: Final = {
    "secp256r1": (hashes.SHA256(), "PKIX_ECDSA_P256_SHA_256"),
    "secp384r1": (hashes.SHA384(), "PKIX_ECDSA_P384_SHA_384"),
    "secp521r1": (hashes.SHA512(), "PKIX_ECDSA_P521_SHA_512"),
}
_UNREGISTERED: Final = (hashes.SHA256(), "PUBLIC_KEY_DETAILS_UNSPECIFIED")
_CURVES: Final = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}


@cache
def ec_key(name: str, curve: str = "p256") -> ec.EllipticCurvePrivateKey:
    """An ECDSA key on `p256`, `p384` or `p521`."""
    return ec.generate_private_key(_CURVES[curve])


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key."""
    return rsa.generate_private_key(65537, bits)


def spki(key: LeafKey) -> bytes:
    """The DER of a key's SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: LeafKey, message: bytes) -> bytes:
    """A signature over `message`, as sigstore's algorithm registry has it for the kind of key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(_EC.get(key.curve.name, _UNREGISTERED)[0]))


def details(key: PublicKeyTypes) -> tuple[str, str]:
    """What the registry calls a public key together with its hash, and the name of that hash."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm, name = _EC.get(key.curve.name, _UNREGISTERED)
        return name, algorithm.name
    if isinstance(key, rsa.RSAPublicKey):
        return f"PKIX_RSA_PKCS1V15_{key.key_size}_SHA256", "sha256"
    return "PKIX_ED25519", "sha512"
