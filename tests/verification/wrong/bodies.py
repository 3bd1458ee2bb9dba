"""Log entries that are in their log and of something else: another signature, signer, payload or kind."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate.verification import Step
from tests.forge import b64, ec_key, pae
from tests.forge.entries import Record, body
from tests.forge.keys import sign
from tests.verification.lab import DROP, at, edited
from tests.verification.wrong.logs import second
from tests.verification.wrong.rows import (
    Row,
    Trial,
    both,
    bundled,
    in_body,
    layered,
    logged,
    named,
    rekor_v2,
)

if TYPE_CHECKING:
    from tests.forge import Format, JSONObject, Signed
    from tests.verification.wrong.rows import Change


# What the entry is of


def _hashedrekord(form: Format) -> bool:
    return form.entry == ("hashedrekord", "0.0.1")


def _dsse(form: Format) -> bool:
    return form.entry == ("dsse", "0.0.1")


def _intoto(form: Format) -> bool:
    return form.entry == ("intoto", "0.0.1")


def _intoto_v2(form: Format) -> bool:
    return form.entry == ("intoto", "0.0.2")


def _signer(path: str, encoding: Encoding = Encoding.PEM) -> Change:
    """The log was told of the same key under another certificate; where there is none, of another key."""

    def change(trial: Trial) -> Trial:
        recipe = trial.recipe
        if recipe.format.keyed:
            raw = ec_key("other-signer").public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = recipe.instance.certificate(replace(recipe.leaf, serial=4712)).public_bytes(encoding)
        where = path.format(named="publicKey" if recipe.format.keyed else "x509Certificate")
        return in_body(where, b64(raw))(trial)

    return change


def _of_another(trial: Trial) -> Trial:
    """The whole entry is of another statement by the same signer: true, and of something else."""
    recipe = trial.recipe
    kind = recipe.format.entry
    assert kind is not None
    payload = recipe.payload.replace(b"{", b"{ ", 1)
    message = pae(recipe.payload_type, payload) if recipe.format.signs == "statement" else payload
    key = recipe.key if recipe.format.keyed else recipe.leaf.key

    def told(document: JSONObject) -> JSONObject:
        signer: Any = key.public_key() if recipe.format.keyed else recipe.instance.certificate(recipe.leaf)
        record = Record(
            message=message,
            signature=sign(key, message),
            signer=signer,
            payload=payload,
            payload_type=recipe.payload_type,
            envelope=payload,
        )
        return body(kind, record)

    return trial.but(told=told)


def _malleated(trial: Trial) -> Trial:
    """The other of the two signatures that an ECDSA signature is; the log knows the first."""

    def finished(signed: Signed) -> Signed:
        path = (
            "dsseEnvelope.signatures.0.sig"
            if trial.recipe.format.signs == "statement"
            else "messageSignature.signature"
        )
        r, s = decode_dss_signature(base64.b64decode(at(signed.document, path)))
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        return signed.written(edited(signed.document, path, b64(encode_dss_signature(r, order - s))))

    return trial.but(finished=finished)


BINDING: Final = "gate.verification.steps:check_binding"
OTHER_HEX: Final = "ab" * 32
V2: Final = "spec.hashedRekordV002"
BODIES: Final = (
    (_hashedrekord, "hash", in_body("spec.data.hash.value", OTHER_HEX), "of another artifact"),
    (_hashedrekord, "hash's algorithm", in_body("spec.data.hash.algorithm", "sha1"), "hashes its artifact with 'sha1'"),
    (_hashedrekord, "signature", in_body("spec.signature.content", b64(b"another")), "of another signature"),
    (_hashedrekord, "signer", _signer("spec.signature.publicKey.content"), "of another signer"),
    (rekor_v2, "hash", in_body(f"{V2}.data.digest", b64(bytes.fromhex(OTHER_HEX))), "of another artifact"),
    (rekor_v2, "hash's algorithm", in_body(f"{V2}.data.algorithm", "SHA2_512"), "of another artifact"),
    (rekor_v2, "unknown algorithm", in_body(f"{V2}.data.algorithm", "SHA1"), "hashes its artifact with"),
    (rekor_v2, "signature", in_body(f"{V2}.signature.content", b64(b"another")), "of another signature"),
    (rekor_v2, "signer", _signer(f"{V2}.signature.verifier.{{named}}.rawBytes", Encoding.DER), "of another signer"),
    (
        rekor_v2,
        "signers, both kinds",
        in_body(f"{V2}.signature.verifier", {"x509Certificate": {}, "publicKey": {}}),
        "names no one verifier",
    ),
    (rekor_v2, "signer, none", in_body(f"{V2}.signature.verifier", {}), "names no one verifier"),
    (_dsse, "payload's hash", in_body("spec.payloadHash.value", OTHER_HEX), "of another payload"),
    (_dsse, "payload's algorithm", in_body("spec.payloadHash.algorithm", "sha1"), "hashes its payload with 'sha1'"),
    (_dsse, "signatures, none", in_body("spec.signatures", []), "has 0 signatures"),
    (_dsse, "signature", in_body("spec.signatures.0.signature", b64(b"another")), "of another signature"),
    (_dsse, "signer", _signer("spec.signatures.0.verifier"), "of another signer"),
    (_dsse, "signatures, no list", in_body("spec.signatures", {}), "has no signatures"),
    (_dsse, "signatures, no objects", in_body("spec.signatures", ["x"]), "has no signatures"),
    (_dsse, "signature, none", in_body("spec.signatures.0.signature", DROP), "lacks a part"),
    (_dsse, "signature, empty", in_body("spec.signatures.0.signature", ""), "of another signature"),
    (_dsse, "signature, no base64", in_body("spec.signatures.0.signature", "!"), "no base64"),
    (_dsse, "signer, no PEM", in_body("spec.signatures.0.verifier", "AAAA"), "signer cannot be read"),
    (_dsse, "payload's hash, no hex", in_body("spec.payloadHash.value", "x"), "no hex"),
    (_dsse, "payload's hash, none", in_body("spec.payloadHash.value", DROP), "lacks a part"),
    (_intoto, "envelope's hash", in_body("spec.content.hash.value", OTHER_HEX), "of another envelope"),
    (_intoto, "envelope's algorithm", in_body("spec.content.hash.algorithm", "sha512"), "can only be compared"),
    (_intoto, "payload's hash", in_body("spec.content.payloadHash.value", OTHER_HEX), "of another payload"),
    (_intoto, "signer", _signer("spec.publicKey"), "of another signer"),
    (_intoto_v2, "payload's hash", in_body("spec.content.payloadHash.value", OTHER_HEX), "of another payload"),
    (_intoto_v2, "payload type", in_body("spec.content.envelope.payloadType", "text/plain"), "of another payload type"),
    (_intoto_v2, "signatures, none", in_body("spec.content.envelope.signatures", []), "has 0 signatures"),
    (
        _intoto_v2,
        "signature",
        in_body("spec.content.envelope.signatures.0.sig", b64(b64(b"another").encode())),
        "of another signature",
    ),
    (_intoto_v2, "signer", _signer("spec.content.envelope.signatures.0.publicKey"), "of another signer"),
    (logged, "spec, none", in_body("spec", {}), "has no "),
    (logged, "subject", _of_another, "of another"),
)

ENTRIES: Final = (
    *(
        Row(
            step=Step.LOG_ENTRY,
            broken=f"a log entry with another {what}",
            wrong=wrong,
            reason=reason,
            formats=formats,
            guard=BINDING,
        )
        for formats, what, wrong, reason in BODIES
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a body that is no JSON",
        wrong=lambda trial: trial.but(told=lambda _: b"body"),
        reason="its log entry cannot be read",
        formats=both(logged, bundled),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a body of another version than the entry's",
        wrong=in_body("apiVersion", "0.0.9"),
        reason="of another kind than it says",
        formats=both(logged, bundled),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a body of another kind than the entry's",
        wrong=in_body("kind", "rekord"),
        reason="of another kind than it says",
        formats=both(logged, bundled),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a kind that nobody knows",
        wrong=in_body("kind", "rekord"),
        reason="is not known",
        formats=both(logged, layered),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a version that nobody knows",
        wrong=in_body("apiVersion", "0.0.9"),
        reason="is not known",
        formats=both(logged, layered),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="an entry about an envelope, of a signature that has none",
        wrong=lambda trial: trial.but(format=replace(trial.recipe.format, entry=("dsse", "0.0.1"))),
        reason="its log entry is of an envelope, and this is none",
        formats=both(_hashedrekord, lambda form: form.signs != "statement"),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="an entry about an envelope as it was stored, of one in a bundle",
        wrong=lambda trial: trial.but(format=replace(trial.recipe.format, entry=("intoto", "0.0.1"))),
        reason="can only be compared with an envelope as it was stored",
        formats=both(bundled, lambda form: form.entry in {("dsse", "0.0.1"), ("intoto", "0.0.2")}),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="the other form of the logged ECDSA signature",
        wrong=_malleated,
        reason="of another signature",
        formats=named(
            "bundle 0.3 statement dsse",
            "bundle 0.2 statement intoto 0.0.2",
            "bundle 0.2 message hashedrekord",
            "bundle 0.1 message hashedrekord",
            "bundle 0.3 statement dsse key",
        ),
        guard=BINDING,
    ),
    Row(
        step=Step.LOG_ENTRY,
        broken="a second entry of another signature",
        wrong=second(in_body("spec.signature.content", b64(b"another"))),
        reason="of another signature",
        formats=named("bundle 0.3 statement dsse"),
        right=second(lambda trial: trial),
        guard=BINDING,
    ),
)

ROWS: Final = ENTRIES
