"""Certificates with one thing wrong in what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gate.verification import Step
from tests.forge import (
    IDENTITY,
    ISSUER,
    der,
    ec_key,
    rsa_key,
    utf8_string,
)
from tests.verification.wrong.rows import (
    Row,
    both,
    bundled,
    certified,
    in_bundle,
    named,
    with_leaf,
)

if TYPE_CHECKING:
    from tests.verification.wrong.rows import Change

URI, OTHER_URI = (x509.UniformResourceIdentifier(text) for text in (IDENTITY, "https://github.com/mallory/api"))
SIGNING, SERVER = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
SAN = "2.5.29.17"
PROFILE = "gate.verification.steps:_check_profile"


def row(step: Step, broken: str, wrong: Change, reason: str, right: Change | None = None, **more: Any) -> Row:
    parts = {"formats": certified} | ({} if right is None else {"right": right}) | more
    return Row(step=step, broken=broken, wrong=wrong, reason=reason, **parts)


def _extension(number: int | str, value: bytes) -> Change:
    return with_leaf(extensions={number: value})


NAMES: Final = (
    row(Step.CERTIFICATE, "two names", with_leaf(names=(URI, OTHER_URI)), "has 2 subject alternative names"),
    row(Step.CERTIFICATE, "the same name twice", with_leaf(names=(URI, URI)), "has 2 subject alternative names"),
    row(Step.CERTIFICATE, "no name", with_leaf(names=()), "has no subject alternative name"),
    row(
        Step.CERTIFICATE,
        "a name of a kind that Fulcio does not issue",
        with_leaf(names=(x509.DNSName("acme.example"),)),
        "subject alternative name is a DNSName",
        with_leaf(names=(x509.RFC822Name("ada@acme.example"),)),
    ),
    row(
        Step.CERTIFICATE,
        "another kind of other name",
        with_leaf(names=(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), utf8_string("ada")),)),
        "subject alternative name is a OtherName",
        with_leaf(names=(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), utf8_string("ada")),)),
    ),
    row(
        Step.CERTIFICATE,
        "no issuer",
        with_leaf(issuer=""),
        "names no issuer",
        with_leaf(issuer="", extensions={1: b"x"}),
    ),
    row(
        Step.CERTIFICATE,
        "two issuers that differ",
        _extension(1, b"https://mallory.example"),
        "its two issuer extensions differ",
        _extension(1, ISSUER.encode()),
    ),
    row(
        Step.CERTIFICATE,
        "an extension that is no UTF8String",
        _extension(9, b"https://acme.example"),
        "no DER UTF8String",
        _extension(9, utf8_string("https://acme.example")),
    ),
    row(
        Step.CERTIFICATE,
        "an extension with bytes behind its text",
        _extension(9, utf8_string("acme") + b"\0"),
        "length is not that of its text",
        _extension(9, utf8_string("acme\0")),
    ),
    row(
        Step.CERTIFICATE,
        "an extension that is shorter than it says",
        _extension(9, utf8_string("acme")[:-1]),
        "length is not that of its text",
        _extension(9, utf8_string("acm")),
    ),
    row(
        Step.CERTIFICATE,
        "an extension whose short length is written long",
        _extension(9, b"\x0c\x81\x04acme"),
        "length is not DER",
        _extension(9, utf8_string("a" * 128)),
    ),
    row(
        Step.CERTIFICATE,
        "an extension whose length of one byte is written in two",
        _extension(9, b"\x0c\x82\x00\xff" + b"a" * 255),
        "length is not DER",
        _extension(9, utf8_string("a" * 256)),
    ),
    row(
        Step.CERTIFICATE,
        "an extension whose length of two bytes is written in three",
        _extension(9, b"\x0c\x83\x00\x01\x00" + b"a" * 256),
        "length is not DER",
        _extension(9, b"\x0c\x82\x01\x00" + b"a" * 256),
    ),
    row(
        Step.CERTIFICATE,
        "an extension of no bytes",
        _extension(9, b""),
        "no DER UTF8String",
        _extension(9, b"\x0c\x00"),
    ),
    row(
        Step.CERTIFICATE,
        "a name that the library does not know",
        with_leaf(names=(), critical={SAN: der(0x30, der(0xA3, b"x400"))}),
        "its extensions cannot be read",
        with_leaf(names=(), critical={SAN: der(0x30, der(0x86, IDENTITY.encode()))}),
    ),
    row(
        Step.CERTIFICATE,
        "an extension that is not UTF-8",
        _extension(9, der(0x0C, b"\xff")),
        "is not UTF-8",
        _extension(9, utf8_string("\u00ff")),
    ),
    row(
        Step.CERTIFICATE,
        "an old extension that is not UTF-8",
        _extension(2, b"\xff"),
        "is not UTF-8",
        _extension(2, b"push"),
    ),
    row(
        Step.CERTIFICATE,
        "bytes that are no certificate",
        in_bundle("verificationMaterial.certificate.rawBytes", "MAA="),
        "its certificate cannot be read",
        formats=both(bundled, named("bundle 0.3 statement rekor-v2", "bundle 0.3 statement github")),
    ),
)

PROFILES: Final = (
    row(
        Step.CERTIFICATE,
        "extended key usage for servers",
        with_leaf(usages=(SERVER,)),
        "not for signing code",
        with_leaf(usages=(SERVER, SIGNING)),
        guard=PROFILE,
    ),
    row(Step.CERTIFICATE, "no extended key usage", with_leaf(usages=()), "does not say what it is for", guard=PROFILE),
    row(
        Step.CERTIFICATE,
        "any extended key usage",
        with_leaf(usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        "not for signing code",
        guard=PROFILE,
    ),
    row(
        Step.CERTIFICATE,
        "a key usage without digital signature",
        with_leaf(digital_signature=False),
        "not for signing code",
        guard=PROFILE,
    ),
    row(Step.CERTIFICATE, "no key usage", with_leaf(key_usage=False), "does not say what it is for", guard=PROFILE),
    row(
        Step.CERTIFICATE,
        "an RSA key of 1024 bits",
        with_leaf(key=rsa_key("weak", 1024)),
        "RSA of 2048 to 4096 bits",
        with_leaf(key=rsa_key("leaf", 2048)),
        formats=both(certified, lambda form: form.rekor != 2),
    ),
    row(
        Step.CERTIFICATE,
        "an ECDSA key on another curve",
        with_leaf(key=ec.generate_private_key(ec.SECP256K1())),
        "ECDSA P-256, P-384 or P-521",
        with_leaf(key=ec_key("leaf", "p521")),
        formats=both(certified, lambda form: form.rekor != 2),
    ),
)

ROWS: Final = (*NAMES, *PROFILES)
