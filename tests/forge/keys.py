"""Keys that are made here and never leave the process, and signatures by them.

One key for each name and process: making one costs more than signing with it.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LogKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
LeafKey: TypeAlias = LogKey | rsa.RSAPrivateKey


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """One P-256 key for each name and process."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    """One Ed25519 key for each name and process."""
    return ed25519.Ed25519PrivateKey.generate()


def spki(key: LogKey) -> bytes:
    """The DER of a key's SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: LeafKey, message: bytes) -> bytes:
    """A signature over `message`, as sigstore's algorithm registry has it for the kind of key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))
