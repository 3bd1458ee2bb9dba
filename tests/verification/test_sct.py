"""Signed certificate timestamps, held against sigstore-python's own check of the same certificates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sigstore._internal.sct import verify_sct as oracle  # what the packaged verifier does, as the second opinion
from sigstore._internal.trust import CTKeyring, Keyring
from sigstore.errors import Error
from sigstore_models.common.v1 import PublicKey as ModelKey

from gate.verification.keys import read_key
from gate.verification.sct import embedded_sct, issued_at, verify_sct
from tests.forge.authority import SIGNED_AT, Leaf
from tests.forge.instance import REKOR_V2, Sigstore
from tests.forge.keys import ec_key, ed_key, rsa_key, spki

if TYPE_CHECKING:
    from cryptography import x509


def _verify(instance: Sigstore, certificate: x509.Certificate, key: Any = None) -> None:
    verify_sct(certificate, _issuer(instance), read_key(spki(key or instance.ct.key)))


def _issuer(instance: Sigstore) -> x509.Certificate:
    return instance.ca.certificate


def _oracle_accepts(instance: Sigstore, certificate: x509.Certificate) -> bool:
    public: Any = instance.ct.document()["publicKey"]
    try:
        oracle(certificate, [_issuer(instance)], CTKeyring(Keyring([ModelKey.from_json(json.dumps(public))])))
    except Error:
        return False
    return True


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf(),
        Leaf(sct_at=SIGNED_AT + timedelta(milliseconds=1)),
        Leaf(sct_at=SIGNED_AT + timedelta(milliseconds=999)),
        Leaf(sct_extensions=bytes.fromhex("000005012345678a")),  # a tiled log's leaf index
        Leaf(serial=1),
    ],
)
def test_what_the_log_signed_holds(leaf: Leaf) -> None:
    certificate = REKOR_V2.certificate(leaf)
    _verify(REKOR_V2, certificate)
    assert _oracle_accepts(REKOR_V2, certificate)


def test_the_time_of_an_sct_is_exact_to_the_millisecond() -> None:
    for milliseconds in range(0, 1000, 7):
        moment = SIGNED_AT + timedelta(milliseconds=milliseconds)
        certificate = REKOR_V2.certificate(Leaf(sct_at=moment))
        assert issued_at(embedded_sct(certificate)) == moment
        _verify(REKOR_V2, certificate)


@pytest.mark.parametrize(
    ("leaf", "reason"),
    [
        (Leaf(scts=0), "has no certificate timestamp"),
        (Leaf(scts=2), "has 2 certificate timestamps"),
        (Leaf(sct_of=Leaf(serial=2)), "did not sign it"),
        (Leaf(sct_of=Leaf(sct_extensions=b"x"), not_after=SIGNED_AT), "did not sign it"),
        (Leaf(sct_algorithm=(5, 3)), "not hashed with SHA-256"),
        (Leaf(sct_algorithm=(4, 1)), "its algorithm is not that of the log's key"),
    ],
)
def test_anything_else_does_not(leaf: Leaf, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _verify(REKOR_V2, REKOR_V2.certificate(leaf))


def test_a_log_with_an_rsa_key_may_sign_too() -> None:
    instance = replace(REKOR_V2, ct=replace(REKOR_V2.ct, key=rsa_key("ct")))
    _verify(instance, instance.certificate(Leaf(sct_algorithm=(4, 1))))
    with pytest.raises(ValueError, match="did not sign it"):
        _verify(instance, instance.certificate(Leaf(sct_algorithm=(4, 1))), rsa_key("another"))
    with pytest.raises(ValueError, match="not that of the log's key"):
        _verify(instance, instance.certificate(Leaf(sct_algorithm=(4, 3))))


@pytest.mark.parametrize("key", [ed_key("ct"), rsa_key("ct"), ec_key("another")], ids=["ed25519", "rsa", "another"])
def test_no_other_key_than_the_logs_does(key: Any) -> None:
    with pytest.raises(ValueError, match=r"did not sign it|not that of the log's key"):
        _verify(REKOR_V2, REKOR_V2.certificate(Leaf()), key)


def test_the_issuer_is_signed_too() -> None:
    another = replace(REKOR_V2, ca=replace(REKOR_V2.ca, key=ec_key("another")))
    with pytest.raises(ValueError, match="did not sign it"):
        verify_sct(REKOR_V2.certificate(Leaf()), _issuer(another), read_key(spki(REKOR_V2.ct.key)))
