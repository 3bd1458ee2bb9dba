"""Who a certificate names: one name, one issuer, extensions as Fulcio writes them, and nothing that two could read."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gate.verification import Step
from gate.verification.certificate import EXTENSIONS
from tests.forge import IDENTITY, ISSUER, Leaf, Sigstore, der, utf8_string
from tests.verification.lab import about_forged, bundle, forged_rejected, forged_verified, image, verified, who

OTHER_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
URI = x509.UniformResourceIdentifier


def _reason(leaf: Leaf) -> str:
    evidence = forged_rejected(Sigstore().sign(about_forged(), leaf=leaf))
    assert evidence.step is Step.CERTIFICATE
    assert evidence.stated is None, "who it says it is from could not be read"
    return evidence.reason


def test_a_real_certificate_is_read_by_fulcios_documented_names() -> None:
    signer = who(verified(bundle()))
    assert signer.issuer == "http://127.0.0.1:8899/github"
    assert signer.subject == IDENTITY
    assert signer.extensions["runner-environment"] == "github-hosted"
    assert signer.extensions["source-repository-uri"] == "https://github.com/acme/api"
    assert signer.extensions["github-workflow-repository"] == "acme/api"
    assert set(signer.extensions) <= EXTENSIONS
    assert "issuer" not in signer.extensions


def test_a_persons_certificate_names_an_address() -> None:
    signer = who(verified(bundle("person-signed"), about=image("person-signed")))
    assert "@" in signer.subject
    assert "/" not in signer.subject


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (URI("https://example.com/x"), "https://example.com/x"),
        (x509.RFC822Name("ada@acme.com"), "ada@acme.com"),
        (x509.OtherName(OTHER_NAME, utf8_string("ada!acme.com")), "ada!acme.com"),
    ],
)
def test_the_three_kinds_of_names_that_fulcio_writes_are_read(name: x509.GeneralName, subject: str) -> None:
    signer = who(forged_verified(Sigstore().sign(about_forged(), leaf=Leaf(names=(name,)))))
    assert signer.subject == subject
    assert signer.issuer == ISSUER


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "no subject alternative name"),
        ((URI("https://a"), URI("https://b")), "2 subject alternative names"),
        ((URI("https://a"), x509.RFC822Name("a@b.c")), "2 subject alternative names"),
        ((x509.DNSName("example.com"),), "DNSName"),
        ((x509.DirectoryName(x509.Name([])),), "DirectoryName"),
        ((x509.OtherName(x509.ObjectIdentifier("1.2.3"), utf8_string("x")),), "OtherName"),
        ((x509.OtherName(OTHER_NAME, b"\x04\x01x"),), "UTF8String"),
        ((x509.OtherName(OTHER_NAME, der(0x0C, b"\xff")),), "UTF-8"),
    ],
)
def test_any_other_name_or_number_of_names_is_refused(names: tuple[x509.GeneralName, ...], words: str) -> None:
    assert words in _reason(Leaf(names=names))


def test_the_old_issuer_alone_is_read_as_raw_text() -> None:
    leaf = Leaf(issuer="", extensions={1: b"https://old.example"})
    assert who(forged_verified(Sigstore().sign(about_forged(), leaf=leaf))).issuer == "https://old.example"


def test_the_new_issuer_alone_is_read() -> None:
    leaf = Leaf(extensions={8: utf8_string(ISSUER)})
    assert who(forged_verified(Sigstore().sign(about_forged(), leaf=leaf))).issuer == ISSUER


def test_both_issuers_may_stand_if_they_agree() -> None:
    leaf = Leaf(extensions={1: ISSUER.encode()})
    assert who(forged_verified(Sigstore().sign(about_forged(), leaf=leaf))).issuer == ISSUER


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        (Leaf(issuer=""), "no issuer"),
        (Leaf(extensions={1: b"https://other.example"}), "differ"),
        (Leaf(extensions={1: b""}), "differ"),
        (Leaf(extensions={8: utf8_string("")}), "no issuer"),
        (Leaf(issuer="", extensions={1: b""}), "no issuer"),
        (Leaf(extensions={8: ISSUER.encode()}), "UTF8String"),
        (Leaf(extensions={1: utf8_string(ISSUER)}), "differ"),
        (Leaf(extensions={8: utf8_string(ISSUER) + b"\0"}), "length"),
        (Leaf(extensions={8: utf8_string(ISSUER)[:-1]}), "length"),
        (Leaf(extensions={8: b"\x0c\x81\x01x"}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x81\x7f" + b"x" * 127}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x82\x00\x80" + b"x" * 128}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x82\x00\xff" + b"x" * 255}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x83\x00\x00\x80" + b"x" * 128}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x80x\0\0"}), "not DER"),
        (Leaf(extensions={8: b"\x0c\x84\x00\x00\x00\x80" + b"x" * 128}), "not DER"),
        (Leaf(extensions={8: b"\x13\x01x"}), "UTF8String"),
        (Leaf(extensions={8: b"\x0c"}), "UTF8String"),
        (Leaf(extensions={8: b""}), "UTF8String"),
        (Leaf(extensions={8: der(0x0C, b"\xc3\x28")}), "UTF-8"),
        (Leaf(extensions={1: b"\xff", 8: utf8_string(ISSUER)}), "UTF-8"),
        (Leaf(extensions={12: b"https://github.com/acme/api"}), "UTF8String"),
    ],
)
def test_an_issuer_or_extension_that_is_not_as_fulcio_writes_it_is_refused(leaf: Leaf, words: str) -> None:
    assert words in _reason(leaf)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 4000])
def test_an_extension_of_any_length_is_read(length: int) -> None:
    leaf = Leaf(extensions={12: utf8_string("x" * length)})
    signer = who(forged_verified(Sigstore().sign(about_forged(), leaf=leaf)))
    assert signer.extensions["source-repository-uri"] == "x" * length


def test_an_unknown_extension_is_ignored() -> None:
    leaf = Leaf(extensions={7: b"\xff", 25: b"\xff", 99: b""})
    assert who(forged_verified(Sigstore().sign(about_forged(), leaf=leaf))).extensions == {}


def test_an_extension_below_a_known_one_is_not_taken_for_it() -> None:
    document = Sigstore().sign(about_forged(), leaf=Leaf(extensions={"11.1": utf8_string("github-hosted")}))
    assert "runner-environment" not in who(forged_verified(document)).extensions


def test_a_certificate_that_may_not_sign_is_refused() -> None:
    evidence = forged_rejected(Sigstore().sign(about_forged(), leaf=Leaf(digital_signature=False)))
    assert evidence.step is Step.CERTIFICATE
    assert "not for signing code" in evidence.reason


@pytest.mark.parametrize("usage", [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
def test_a_certificate_that_is_not_for_code_signing_is_refused(usage: x509.ObjectIdentifier) -> None:
    evidence = forged_rejected(Sigstore().sign(about_forged(), leaf=Leaf(usages=(usage,))))
    assert evidence.step is Step.CERTIFICATE
    assert "not for signing code" in evidence.reason


def test_a_certificate_without_any_extended_usage_is_refused() -> None:
    evidence = forged_rejected(Sigstore().sign(about_forged(), leaf=Leaf(usages=())))
    assert evidence.step is Step.CERTIFICATE
    assert "does not say what it is for" in evidence.reason


def test_a_certificate_whose_key_is_of_a_kind_that_nobody_verifies_with_is_refused_for_it() -> None:
    leaf = Leaf(key=ec.generate_private_key(ec.SECP256K1()))
    evidence = forged_rejected(Sigstore().sign(about_forged(), leaf=leaf))
    assert evidence.step is Step.CERTIFICATE
    assert "a key must be ECDSA P-256" in evidence.reason
