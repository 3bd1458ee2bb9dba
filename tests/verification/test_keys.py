"""Keys: every kind that counts, in every format that a key signs, made in the test by `cryptography`."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from gate.verification.keys import checked, read_key, verifies
from gate.verification.material import Message, pae
from tests.attaching import AttachingLayout
from tests.conftest import LAB, Ran, policy_path
from tests.forge import Leaf, Sigstore, utf8_string

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = "ce39ee20454501e67d525ccbd237fc620ded9966a1eb43ae80abac3c9f992529"
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
P256 = ec.generate_private_key(ec.SECP256R1())
KINDS: dict[str, tuple[Any, Callable[[Any, bytes], bytes]]] = {
    "p256": (P256, lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA256()))),
    "p384": (ec.generate_private_key(ec.SECP384R1()), lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA384()))),
    "p384-sha256": (
        ec.generate_private_key(ec.SECP384R1()),
        lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA256())),
    ),
    "p521": (ec.generate_private_key(ec.SECP521R1()), lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA512()))),
    "rsa-2048": (
        rsa.generate_private_key(65537, 2048),
        lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()),
    ),
    "rsa-pss": (rsa.generate_private_key(65537, 2048), lambda key, data: key.sign(data, PSS, hashes.SHA256())),
    "ed25519": (ed25519.Ed25519PrivateKey.generate(), lambda key, data: key.sign(data)),
}


def _sign(kind: str, data: bytes) -> bytes:
    key, sign = KINDS[kind]
    return sign(key, data)


def _pem(kind: str) -> bytes:
    public = KINDS[kind][0].public_key()
    pem: bytes = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem


def _of_version_8() -> str:
    """A certificate of a version that there is not: the library refuses it with an error of its own."""
    good = Sigstore().certificate(Leaf()).public_bytes(serialization.Encoding.DER)
    odd = good.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    return f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(odd).decode()}\n-----END CERTIFICATE-----\n"


def _of_26_kib() -> str:
    leaf = Leaf(extensions={24: utf8_string("x" * (26 << 10))})
    return Sigstore().certificate(leaf).public_bytes(serialization.Encoding.PEM).decode()


class Layout(AttachingLayout):
    """An unsigned image's layout, to which a test attaches what it signed."""

    def simple(self, kind: str, **changes: Any) -> dict[str, Any]:
        """A simple-signing layer, signed with a key."""
        critical = {
            "identity": {"docker-reference": "ghcr.io/acme/api"},
            "image": {"docker-manifest-digest": changes.get("digest", self.image)},
            "type": changes.get("type", "cosign container image signature"),
        }
        raw = json.dumps({"critical": critical, "optional": changes.get("optional")}).encode()
        signature = _sign(kind, changes.get("signed", raw))
        annotations = {"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()}
        return {
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "annotations": annotations | changes.get("annotations", {}),
            **self.blob(raw),
        }

    def envelope(self, *kinds: str, predicate_type: str = "https://example.com/p/v1", **statement: Any) -> bytes:
        """A DSSE envelope about the image, signed with each key."""
        subject = [{"digest": {"sha256": self.image.removeprefix("sha256:")}}]
        document = {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": predicate_type}
        payload = json.dumps(document | {"predicate": {}} | statement).encode()
        signed = pae("application/vnd.in-toto+json", payload).raw or b""
        signatures = [{"keyid": "", "sig": base64.b64encode(_sign(kind, signed)).decode()} for kind in kinds]
        encoded = base64.b64encode(payload).decode()
        return json.dumps(
            {"payloadType": "application/vnd.in-toto+json", "payload": encoded, "signatures": signatures}
        ).encode()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


Judge = "Callable[..., Ran]"


@pytest.fixture
def judge(verify: Callable[..., Ran], layout: Layout, tmp_path: Path) -> Callable[..., Ran]:
    """Judge the layout under a policy of one key."""

    def run(kind: str = "p256", *, signer: str = 'log = "optional"', rule: str = "", pem: bytes | None = None) -> Ran:
        (tmp_path / "key.pub").write_bytes(_pem(kind) if pem is None else pem)
        rule = rule or 'signature.signers = ["key"]'
        (tmp_path / "policy.toml").write_text(
            f'version = 1\n[signers.key]\nkey = "key.pub"\n{signer}\n[[rules]]\nimages = ["**"]\n{rule}\n'
        )
        return verify(f"oci:{layout.path}", policy=tmp_path / "policy.toml")

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_signs_simply(kind: str, layout: Layout, judge: Callable[..., Ran]) -> None:
    layout.attach([layout.simple(kind)], tag="sig")
    ran = judge(kind)
    assert ran.code == 0, ran.out
    (item,) = ran.report["images"][0]["evidence"]
    public = KINDS[kind][0].public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert item["signer"]["key"] == f"sha256:{hashlib.sha256(der).hexdigest()}"
    assert (item["signed_at"], item["content"]) == (None, "simple-signing")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_signs_envelopes(kind: str, layout: Layout, judge: Callable[..., Ran]) -> None:
    layer = {"mediaType": "application/vnd.dsse.envelope.v1+json", **layout.blob(layout.envelope(kind))}
    layout.attach([layer], tag="att")
    attestation = '[[rules.attestations]]\ntype = "https://example.com/p/v1"\nsigners = ["key"]'
    assert judge(kind, rule=attestation).code == 0
    assert judge(kind).code == 1, "an attestation is not a signature"
    assert judge(kind, signer='log = "optional"\naccept = ["statement"]').code == 0


@pytest.mark.parametrize("where", [{"tag": "sig"}, {"kind": "sigs"}, {"subject": True}])
def test_a_signature_is_found_by_tag_by_kind_and_as_a_referrer(
    where: dict[str, Any], layout: Layout, judge: Callable[..., Ran]
) -> None:
    layout.attach([layout.simple("p256")], **where)
    assert judge().code == 0


def test_a_bare_envelope_is_found_as_a_referrer_and_any_of_its_signatures_counts(
    layout: Layout, judge: Callable[..., Ran]
) -> None:
    raw = layout.envelope("rsa-2048", "p256")
    layout.attach([{"mediaType": "application/vnd.in-toto+json", **layout.blob(raw)}], subject=True)
    rule = '[[rules.attestations]]\ntype = "https://example.com/p/v1"\nsigners = ["key"]'
    assert judge("p256", rule=rule).code == judge("rsa-2048", rule=rule).code == 0
    assert judge("ed25519", rule=rule).code == 1


def test_a_bare_statement_is_signed_by_nobody(layout: Layout, judge: Callable[..., Ran]) -> None:
    raw = json.dumps({"_type": "https://in-toto.io/Statement/v1"}).encode()
    layout.attach([{"mediaType": "application/vnd.in-toto+json", **layout.blob(raw)}], subject=True)
    ran = judge()
    assert ran.code == 1
    assert "it is no DSSE envelope, so nothing signs it" in ran.out


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_good_layer_among_several_is_enough(number: int, layout: Layout, judge: Callable[..., Ran]) -> None:
    layers = [layout.simple("rsa-2048"), layout.simple("ed25519")]
    layers.insert(number, layout.simple("p256"))
    layout.attach(layers, tag="sig")
    ran = judge()
    assert ran.code == 0
    assert len([item for item in ran.report["images"][0]["evidence"] if not item["verified"]]) == 2


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"signed": b"something else"}, "signature"),
        ({"digest": f"sha256:{IMAGE}"}, "subject"),
        ({"digest": None}, "subject"),
        ({"type": "cosign blob signature"}, "payload"),
        ({"annotations": {"dev.cosignproject.cosign/signature": ""}}, "format"),
        ({"annotations": {"dev.cosignproject.cosign/signature": "not base64!"}}, "format"),
        ({"annotations": {"dev.sigstore.cosign/bundle": "{"}}, "format"),
        ({"annotations": {"dev.sigstore.cosign/certificate": "no certificate"}}, "format"),
        ({"annotations": {"dev.sigstore.cosign/certificate": _of_version_8()}}, "format"),
        ({"annotations": {"dev.sigstore.cosign/certificate": _of_26_kib()}}, "format"),
    ],
)
def test_a_simple_signature_that_is_wrong_in_one_thing_is_refused_for_it(
    changes: dict[str, Any], step: str, layout: Layout, judge: Callable[..., Ran]
) -> None:
    layout.attach([layout.simple("p256", **changes)], tag="sig")
    ran = judge()
    assert ran.code == 1
    assert [item["step"] for item in ran.report["images"][0]["evidence"]] == [step]


def test_a_key_needs_a_log_entry_unless_the_policy_says_otherwise(layout: Layout, judge: Callable[..., Ran]) -> None:
    layout.attach([layout.simple("p256")], tag="sig")
    assert judge(signer='log = "optional"').code == 0
    for signer in ("", 'log = "required"'):
        ran = judge(signer=signer)
        assert ran.code == 1
        assert "it has no entry of a known transparency log" in ran.out


def test_the_signature_of_another_signers_key_does_not_count(
    layout: Layout, judge: Callable[..., Ran], tmp_path: Path
) -> None:
    """Both keys are in the policy, so the signature verifies; the rule names one of them."""
    (tmp_path / "other.pub").write_bytes(_pem("ed25519"))
    both = 'log = "optional"\n[signers.other]\nkey = "other.pub"\nlog = "optional"'
    layout.attach([layout.simple("ed25519")], tag="sig")
    assert judge(signer=both, rule='signature.signers = ["other"]').code == 0
    ran = judge(signer=both)
    assert (ran.code, ran.report["images"][0]["evidence"][0]["verified"]) == (1, True)


def test_annotations_that_a_signer_requires_must_be_in_the_signature(layout: Layout, judge: Callable[..., Ran]) -> None:
    layout.attach([layout.simple("p256", optional={"env": "prod", "n": 1})], tag="sig")
    assert judge(signer='log = "optional"\nannotations = { env = "prod" }').code == 0
    for wanted in ('{ env = "test" }', '{ other = "prod" }', '{ env = "prod", n = "1" }'):
        ran = judge(signer=f'log = "optional"\nannotations = {wanted}')
        assert ran.code == 1
        assert "annotation" in ran.out


def test_a_key_that_is_only_valid_for_a_time_needs_a_verified_time(layout: Layout, judge: Callable[..., Ran]) -> None:
    layout.attach([layout.simple("p256")], tag="sig")
    ran = judge(signer='log = "optional"\nnot-after = 2099-01-01T00:00:00Z')
    assert ran.code == 1
    assert "it has no verified time" in ran.out


@pytest.mark.parametrize(("window", "code"), [("2026-11-23T09:14:43Z", 0), ("2026-11-23T09:14:42Z", 1)])
def test_a_key_is_valid_until_not_after_and_no_second_longer(
    window: str, code: int, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    text = policy_path("key-logged").read_text().replace('log = "required"', f"not-after = {window}")
    (tmp_path / "policy.toml").write_text(text.replace("../", f"{LAB}/"))
    ran = verify(f"oci:{LAB / 'keyed-bundle'}", policy=tmp_path / "policy.toml")
    assert (ran.code, ran.report["images"][0]["evidence"][0]["signed_at"]) == (code, "2026-11-23T09:14:43Z")


@pytest.mark.parametrize(("age", "code"), [("1h", 1), ("99999w", 0)])
def test_the_age_of_a_keys_attestation_is_the_time_inside_the_predicate(
    age: str, code: int, layout: Layout, judge: Callable[..., Ran]
) -> None:
    raw = layout.envelope("p256", predicate={"scanned": {"at": "2020-01-01T00:00:00Z"}})
    layout.attach([{"mediaType": "application/vnd.dsse.envelope.v1+json", **layout.blob(raw)}], tag="att")
    rule = f'[[rules.attestations]]\ntype = "https://example.com/p/v1"\nsigners = ["key"]\nmax-age = "{age}"'
    assert judge(rule=rule, signer='log = "optional"\ntime = "/scanned/at"').code == code
    assert judge(rule=rule, signer='log = "optional"\ntime = "/nowhere"').code == 1
    ran = judge(rule=rule)
    assert ran.code == 2
    assert 'give it time = "/..."' in ran.err


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        rsa.generate_private_key(65537, 1024)  # noqa: S505  (too weak on purpose)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        ec.generate_private_key(ec.SECP256K1())
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "damaged", "rsa-1024", "secp256k1"],
)
def test_a_key_that_is_none_or_too_weak_makes_the_policy_invalid(pem: bytes, judge: Callable[..., Ran]) -> None:
    ran = judge(pem=pem)
    assert ran.code == 2
    assert "signers.key.key: " in ran.err
    assert "key.pub: " in ran.err


def test_an_rsa_key_of_2048_to_4096_bits_counts_and_none_of_a_bit_less_or_more() -> None:
    """Only the modulus' length is judged, so any odd number of that length does."""
    for bits, counts in ((2047, False), (2048, True), (4096, True), (4097, False)):
        key = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) | 1).public_key()
        assert key.key_size == bits
        if counts:
            assert checked(key) is key
        else:
            with pytest.raises(ValueError, match="RSA of 2048 to 4096 bits"):
                checked(key)


def test_an_ed25519_signature_over_what_is_too_large_to_hold_is_refused_for_it() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    digests = {"sha256": bytes(32)}
    with pytest.raises(ValueError, match="needs the whole file"):
        verifies(key.public_key(), key.sign(b""), Message(None, digests))


def test_an_rsa_signature_needs_the_digest_that_it_is_over() -> None:
    key, sign = KINDS["rsa-2048"]
    signature = sign(key, b"file")
    assert verifies(key.public_key(), signature, Message(None, {"sha256": hashlib.sha256(b"file").digest()}))
    assert not verifies(key.public_key(), signature, Message(None, {"sha512": hashlib.sha512(b"file").digest()}))


def test_an_ecdsa_signature_needs_one_of_the_digests_of_its_curve() -> None:
    """Cosign signs with a P-384 key over SHA-256; of a large file that may be the one digest that is known."""
    key = ec.generate_private_key(ec.SECP384R1())
    signature = key.sign(b"file", ec.ECDSA(hashes.SHA256()))
    assert verifies(key.public_key(), signature, Message(None, {"sha256": hashlib.sha256(b"file").digest()}))
    assert not verifies(key.public_key(), signature, Message(None, {"sha512": hashlib.sha512(b"file").digest()}))


def test_a_missing_key_makes_the_policy_invalid_and_names_the_file(verify: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        'version = 1\n[signers.k]\nkey = "no.pub"\n[[rules]]\nimages = ["**"]\nsignature.signers = ["k"]\n'
    )
    ran = verify(f"oci:{LAB / 'unsigned'}", policy=tmp_path / "p.toml")
    assert ran.code == 2
    assert "no.pub cannot be read: No such file or directory" in ran.err


def test_a_certificate_stands_for_its_key() -> None:
    certificate = Sigstore().certificate(Leaf())
    assert read_key(b"\n" + certificate.public_bytes(serialization.Encoding.PEM)) == certificate.public_key()
