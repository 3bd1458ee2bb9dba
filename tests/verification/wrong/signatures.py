"""Signatures with one thing wrong: the signature itself, what it says, and what it is about."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from msgspec import structs

from gate.verification import Step
from tests.forge import PAYLOAD_TYPE, b64, ec_key, ed_key, pae, rsa_key
from tests.forge.cosign import simple_signing
from tests.verification.lab import DROP, FORGED_HEX, FORGED_IMAGE, FORGED_IMAGE_RAW, edited
from tests.verification.wrong.rows import (
    Row,
    Trial,
    both,
    certified,
    in_bundle,
    keyed,
    messages,
    simple,
    statements,
    with_payload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.verification import PublicKey
    from tests.forge import JSONObject
    from tests.verification.wrong.rows import Change


def _key(trial: Trial) -> Any:
    return trial.recipe.key if trial.recipe.format.keyed else trial.recipe.leaf.key


def _payload(trial: Trial) -> bytes:
    return trial.recipe.payload


def _over(change: Callable[[Trial], bytes]) -> Change:
    """The signer's signature over something else; everyone else stands by it."""
    return lambda trial: trial.but(signature=lambda _: _key(trial).sign(change(trial), ec.ECDSA(hashes.SHA256())))


def _by(key: Any, algorithm: Any) -> Change:
    """A signature by another kind of key, with another hash than its own."""

    def change(trial: Trial) -> Trial:
        changed = trial.but(key=key) if trial.recipe.format.keyed else trial.leaf(key=key)
        recipe = trial.recipe
        message = pae(recipe.payload_type, recipe.payload) if recipe.format.signs == "statement" else recipe.payload
        return changed.but(signature=lambda _: _signed(key, message, algorithm))

    return change


def _signed(key: Any, message: bytes, algorithm: Any) -> bytes:
    signature: bytes
    if isinstance(algorithm, padding.PSS):
        signature = key.sign(message, algorithm, hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(message, ec.ECDSA(algorithm))
    else:
        signature = key.sign(message, padding.PKCS1v15(), algorithm)
    return signature


def _public(*names: str) -> tuple[PublicKey, ...]:
    return tuple(ec_key(name).public_key() for name in names)


HOLDS: Final = "gate.verification.steps:_check_signature"
# Not of Rekor v2: it hashes with what belongs to the key.
V1_ONLY: Final = both(lambda form: form.rekor != 2, certified)
DIGESTS: Final = structs.replace(
    FORGED_IMAGE,
    raw=b"",
    digests={name: hashlib.new(name, FORGED_IMAGE_RAW).digest() for name in ("sha256", "sha384", "sha512")},
)
PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)

SIGNED: Final = (
    Row(
        step=Step.SIGNATURE,
        broken="a signature by another key",
        wrong=lambda trial: trial.but(signs_with=ec_key("mallory")),
        reason="not of this key over these bytes",
        formats=certified,
        guard=HOLDS,
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a signature by a key that the policy does not name",
        wrong=lambda trial: replace(trial, keys=_public("mallory")),
        reason="no key of the policy verifies it",
        formats=keyed,
        right=lambda trial: replace(trial, keys=_public("mallory", "signer")),
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a key's signature under a policy without keys",
        wrong=lambda trial: replace(trial, keys=()),
        reason="the policy names no key",
        formats=keyed,
    ),
    *(
        Row(step=Step.SIGNATURE, broken=broken, wrong=_over(bytes_), reason=reason, formats=both(signed, who))
        for who, reason in (
            (certified, "not of this key over these bytes"),
            (keyed, "no key of the policy verifies it"),
        )
        for signed, broken, bytes_ in (
            (statements, "a signature over the payload without its type", _payload),
            (
                statements,
                "a signature over another payload type",
                lambda trial: pae("application/json", _payload(trial)),
            ),
            (statements, "a signature over another payload", lambda trial: pae(PAYLOAD_TYPE, _payload(trial) + b" ")),
            (lambda form: not statements(form), "a signature over other bytes", lambda trial: _payload(trial) + b" "),
        )
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a P-256 key's signature with SHA-384",
        wrong=_by(ec_key("leaf"), hashes.SHA384()),
        reason="not of this key over these bytes",
        formats=V1_ONLY,
        right=_by(ec_key("leaf", "p384"), hashes.SHA256()),
    ),
    Row(
        step=Step.SIGNATURE,
        broken="an Ed25519 signature of a file of which there are digests alone",
        wrong=lambda trial: replace(trial.leaf(key=ed_key("leaf")), about=DIGESTS),
        reason="an Ed25519 signature needs the whole file",
        formats=both(V1_ONLY, messages),
        right=lambda trial: replace(trial, about=DIGESTS),
    ),
    Row(
        step=Step.SIGNATURE,
        broken="an RSA key's signature with SHA-512",
        wrong=_by(rsa_key("leaf"), hashes.SHA512()),
        reason="not of this key over these bytes",
        formats=V1_ONLY,
        right=_by(rsa_key("leaf"), PSS),
    ),
)


def _deep(depth: int) -> Change:
    """A payload so deep: the statement and its predicate are two of it."""
    nested: Any = {}
    for _ in range(depth - 2):
        nested = {"": nested}
    return with_payload(lambda found: found | {"predicate": nested})


def _stating(path: str, value: object) -> Change:
    """A statement with another value at a path."""
    return with_payload(lambda found: edited(found, path, value))


def _critical(**parts: Any) -> Change:
    """A simple signing with another critical part."""
    return lambda trial: trial.but(payload=simple_signing(f"sha256:{FORGED_HEX}", **parts))


PAYLOADS: Final = (
    *(
        Row(
            step=Step.PAYLOAD,
            broken=broken,
            wrong=_stating(path, value),
            reason=reason,
            formats=statements,
            right=_stating(path, accepted),
        )
        for broken, path, value, reason, accepted in (
            (
                "a statement of an unknown version",
                "_type",
                "https://in-toto.io/Statement/v2",
                "no in-toto statement",
                "https://in-toto.io/Statement/v0.1",
            ),
            ("a statement without a version", "_type", DROP, "no in-toto statement", "https://in-toto.io/Statement/v1"),
            (
                "a statement whose version is a list",
                "_type",
                [],
                "no in-toto statement",
                "https://in-toto.io/Statement/v1",
            ),
            ("a statement whose predicate type is a number", "predicateType", 1, "has no predicateType", "x"),
            (
                "a statement whose subject is an object",
                "subject",
                {},
                "has no subject",
                [{"digest": {"sha256": FORGED_HEX}}],
            ),
            ("a statement without a predicate type", "predicateType", DROP, "has no predicateType", "x"),
            ("a statement with an empty predicate type", "predicateType", "", "has no predicateType", "x"),
            ("a predicate that is a list", "predicate", [], "predicate is no object", None),
            ("a statement without a subject", "subject", [], "has no subject", [{"digest": {"sha256": FORGED_HEX}}]),
            (
                "a subject without digests",
                "subject.0.digest",
                DROP,
                "without digests",
                {"sha256": FORGED_HEX, "x": "y"},
            ),
        )
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a payload that is no JSON",
        wrong=lambda trial: trial.but(payload=trial.recipe.payload[:-1]),
        reason="its payload is not read",
        formats=lambda form: not messages(form),
        right=lambda trial: trial.but(payload=trial.recipe.payload + b"\n"),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a payload with a key twice",
        wrong=lambda trial: trial.but(
            payload=trial.recipe.payload.replace(b"{", b'{"critical": 1, "subject": [], ', 1)
        ),
        reason="its payload is not read",
        formats=lambda form: not messages(form),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a payload that is too deep",
        wrong=_deep(65),
        reason="its payload is not read",
        formats=statements,
        right=_deep(64),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a simple signing of another type",
        wrong=_critical(type="cosign blob signature"),
        reason="no container image signature",
        formats=simple,
        right=_critical(type="atomic container signature"),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a simple signing without its critical part",
        wrong=lambda trial: trial.but(payload=b'{"optional": null}'),
        reason="no container image signature",
        formats=simple,
    ),
)


def _subject(*digests: JSONObject) -> Change:
    return with_payload(lambda found: found | {"subject": [{"digest": digest} for digest in digests]})


OTHER_HEX: Final = hashlib.sha256(b"another image").hexdigest()
SHA512: Final = hashlib.sha512(FORGED_IMAGE_RAW).hexdigest()
RIGHT: Final = {"sha256": FORGED_HEX}

SUBJECTS: Final = (
    *(
        Row(
            step=Step.SUBJECT,
            broken=broken,
            wrong=_subject(*wrong),
            reason=reason,
            formats=statements,
            right=_subject(*right),
        )
        for broken, wrong, reason, right in (
            ("about another image", [{"sha256": OTHER_HEX}], "it is about", [{"sha256": OTHER_HEX}, RIGHT]),
            ("about the digest in capitals", [{"sha256": FORGED_HEX.upper()}], "it is about", [RIGHT, RIGHT]),
            ("about a part of the digest", [{"sha256": FORGED_HEX[:-1]}], "it is about", [RIGHT]),
            ("about the digest under another algorithm", [{"sha512": FORGED_HEX}], "it is about", [RIGHT]),
            (
                "about the image by another digest alone",
                [{"sha512": SHA512}],
                "it is about",
                [RIGHT | {"sha512": SHA512}],
            ),
            (
                "about two images in one subject",
                [RIGHT | {"sha512": OTHER_HEX * 2}],
                "contradicts",
                [RIGHT | {"gitCommit": "x"}],
            ),
        )
    ),
    *(
        Row(
            step=Step.SUBJECT,
            broken=broken,
            wrong=_critical(image={"docker-manifest-digest": digest}),
            reason="it is about",
            formats=simple,
        )
        for broken, digest in (
            ("a simple signing about another image", f"sha256:{OTHER_HEX}"),
            ("a simple signing about a digest without its algorithm", FORGED_HEX),
            ("a simple signing about nothing", None),
        )
    ),
    Row(
        step=Step.SUBJECT,
        broken="a message digest of another artifact",
        wrong=in_bundle("messageSignature.messageDigest.digest", b64(bytes.fromhex(OTHER_HEX))),
        reason="a signature of another artifact",
        formats=messages,
        right=in_bundle(
            "messageSignature.messageDigest", {"algorithm": "SHA2_512", "digest": b64(bytes.fromhex(SHA512))}
        ),
    ),
)

ROWS: Final = (*SIGNED, *PAYLOADS, *SUBJECTS)
