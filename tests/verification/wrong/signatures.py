"""Signatures with one thing wrong: their wrapping, the signature itself, what it says, and what it is about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from gate.verification import Step
from tests.forge import MEDIA_TYPE, SIGNED_AT, Signed, b64, ec_key, pae, rsa_key
from tests.forge.cosign import simple_signing
from tests.verification.lab import DROP, FORGED_HEX, FORGED_IMAGE_RAW, edited
from tests.verification.wrong.rows import (
    SECOND,
    Row,
    Trial,
    both,
    bundled,
    certified,
    in_annotation,
    in_bundle,
    in_entry,
    keyed,
    layered,
    logged,
    proven,
    stamped,
    statements,
    with_payload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.verification import PublicKey
    from tests.forge import Format, JSONObject
    from tests.verification.wrong.rows import Change

MATERIAL = "verificationMaterial"
STAMPS = f"{MATERIAL}.timestampVerificationData.rfc3161Timestamps"
SIGNATURES = "dsseEnvelope.signatures"


def _any(form: Format) -> bool:
    return True


def _messages(form: Format) -> bool:
    return form.signs == "message"


def _simple(form: Format) -> bool:
    return form.signs == "simple-signing"


def _version(*versions: str) -> Callable[[Format], bool]:
    return lambda form: form.name.startswith(tuple(f"bundle {version}" for version in versions))


def _document(change: Callable[[JSONObject], JSONObject]) -> Change:
    return lambda trial: trial.but(finished=lambda signed: signed.written(change(signed.document)))


def _raw(change: Callable[[bytes], bytes]) -> Change:
    return lambda trial: trial.but(finished=lambda signed: replace(signed, raw=change(signed.raw)))


def _rekor(path: str, value: object) -> Change:
    """Another value in the annotation that holds the log entry."""

    def finished(signed: Signed) -> Signed:
        entry = json.loads(signed.annotations["dev.sigstore.cosign/bundle"])
        text = json.dumps(edited(entry, path, value))
        return replace(signed, annotations={**signed.annotations, "dev.sigstore.cosign/bundle": text})

    return lambda trial: trial.but(finished=finished)


def _twice(path: str) -> Change:
    """The first item of a list a second time."""

    def change(document: JSONObject) -> JSONObject:
        holder: Any = document
        for key in path.split("."):
            holder = holder[key]
        holder.append(holder[0])
        return document

    return _document(change)


def _stamped(count: int) -> Change:
    """Timestamps within the certificate's time, each at a moment of its own."""
    return lambda trial: trial.but(stamped_at=tuple(SIGNED_AT + SECOND * number for number in range(count)))


def _extra(size: int) -> Change:
    """A certificate with an extension of Fulcio's arc that nobody knows, and so many bytes in it."""
    return lambda trial: trial.leaf(extensions={"99": bytes(size)})


FORMS: Final = (
    Row(
        step=Step.FORMAT,
        broken="a version that nobody knows",
        wrong=in_bundle("mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.4"),
        reason="is no bundle version",
        formats=bundled,
        right=lambda trial: in_bundle("mediaType", _spelled(trial.recipe.format.media_type))(trial),
    ),
    Row(
        step=Step.FORMAT,
        broken="a key twice",
        wrong=_raw(lambda raw: raw.replace(b"{", b'{"payload":"","mediaType":"",', 1)),
        reason="duplicate key",
        formats=lambda form: form.is_bundle or form.signs == "statement",
    ),
    Row(
        step=Step.FORMAT,
        broken="bytes behind the JSON",
        wrong=_raw(lambda raw: raw + b"{}"),
        reason="JSON",
        formats=bundled,
        right=_raw(lambda raw: raw + b"\n"),
    ),
    Row(
        step=Step.FORMAT,
        broken="neither envelope nor message signature",
        wrong=_document(lambda found: {key: found[key] for key in ("mediaType", MATERIAL)}),
        reason="either a message signature or a DSSE envelope",
        formats=bundled,
    ),
    Row(
        step=Step.FORMAT,
        broken="an envelope and a message signature",
        wrong=_document(lambda found: {"messageSignature": {}, "dsseEnvelope": {}} | found),
        reason="either a message signature or a DSSE envelope",
        formats=bundled,
    ),
    Row(
        step=Step.FORMAT,
        broken="two signatures in one envelope",
        wrong=_twice(SIGNATURES),
        reason="has 2 signatures",
        formats=both(bundled, statements),
    ),
    Row(
        step=Step.FORMAT,
        broken="an envelope without a signature",
        wrong=in_bundle(SIGNATURES, []),
        reason="has 0 signatures",
        formats=both(bundled, statements),
    ),
    Row(
        step=Step.FORMAT,
        broken="a payload that is no in-toto statement",
        wrong=lambda trial: trial.but(payload_type="application/json"),
        reason="not an in-toto statement",
        formats=statements,
    ),
    Row(
        step=Step.FORMAT,
        broken="no inclusion proof where the version must have one",
        wrong=in_entry("inclusionProof", DROP),
        reason="lacks the proof",
        formats=both(bundled, proven),
    ),
    Row(
        step=Step.FORMAT,
        broken="no checkpoint where the version must have one",
        wrong=in_entry("inclusionProof.checkpoint", DROP),
        reason="has no checkpoint",
        formats=both(bundled, proven),
    ),
    Row(
        step=Step.FORMAT,
        broken="no signed entry timestamp where the version must have one",
        wrong=in_entry("inclusionPromise", DROP),
        reason="lacks the proof",
        formats=_version("0.1"),
    ),
    Row(
        step=Step.FORMAT,
        broken="the same log entry twice",
        wrong=_twice(f"{MATERIAL}.tlogEntries"),
        reason="the same log entry or timestamp twice",
        formats=both(bundled, logged),
    ),
    Row(
        step=Step.FORMAT,
        broken="the same timestamp twice",
        wrong=_twice(STAMPS),
        reason="the same log entry or timestamp twice",
        formats=both(bundled, stamped),
        right=_stamped(2),
    ),
    Row(
        step=Step.FORMAT,
        broken="33 timestamps",
        wrong=_stamped(33),
        reason="has 33 timestamps",
        formats=both(bundled, stamped),
        right=_stamped(32),
    ),
    Row(
        step=Step.FORMAT,
        broken="33 log entries",
        wrong=_document(lambda found: _many(found, 33)),
        reason="has 33 transparency log entries",
        formats=both(bundled, logged),
    ),
    Row(
        step=Step.FORMAT,
        broken="a certificate and a key",
        wrong=in_bundle(f"{MATERIAL}.publicKey", {"hint": ""}),
        reason="exactly one of certificate",
        formats=both(bundled, certified),
    ),
    Row(
        step=Step.FORMAT,
        broken="a chain where the version has one certificate",
        wrong=in_bundle("mediaType", MEDIA_TYPE),
        reason="one certificate and no chain",
        formats=_version("0.2"),
    ),
    Row(
        step=Step.FORMAT,
        broken="a chain without a certificate",
        wrong=in_bundle(f"{MATERIAL}.x509CertificateChain.certificates", []),
        reason="chain of certificates is empty",
        formats=_version("0.1", "0.2"),
    ),
    Row(
        step=Step.FORMAT,
        broken="a certificate of more than 16 KiB",
        wrong=_extra(16 << 10),
        reason="at most",
        formats=both(bundled, certified),
        right=_extra(15 << 10),
    ),
    Row(
        step=Step.FORMAT,
        broken="a message digest of an unknown algorithm",
        wrong=in_bundle("messageSignature.messageDigest.algorithm", "SHA1"),
        reason="of an unknown algorithm",
        formats=_messages,
        right=in_bundle("messageSignature.messageDigest", DROP),
    ),
    Row(
        step=Step.FORMAT,
        broken="an inclusion proof of 65 hashes",
        wrong=in_entry("inclusionProof.hashes", [b64(bytes([number]) * 32) for number in range(65)]),
        reason="has 65 hashes",
        formats=proven,
    ),
    Row(
        step=Step.FORMAT,
        broken="an index below 0",
        wrong=in_entry("inclusionProof.logIndex", "-1"),
        reason="no 64-bit number",
        formats=proven,
        right=in_entry("inclusionProof.logIndex", 3),
    ),
    Row(
        step=Step.FORMAT,
        broken="a signature that is no base64",
        wrong=in_bundle("messageSignature.signature", "!"),
        reason="no base64",
        formats=_messages,
    ),
    # cosign's layers
    Row(
        step=Step.FORMAT,
        broken="no signature among the annotations",
        wrong=in_annotation("cosignproject.cosign/signature", ""),
        reason="no signature among its annotations",
        formats=_simple,
    ),
    Row(
        step=Step.FORMAT,
        broken="an empty signature in the envelope",
        wrong=_document(lambda found: edited(found, "signatures.0.sig", "")),
        reason="empty signature",
        formats=both(layered, statements),
    ),
    Row(
        step=Step.FORMAT,
        broken="nine signatures in the envelope",
        wrong=_document(lambda found: found | {"signatures": found["signatures"] * 9}),
        reason="at most 8",
        formats=both(layered, statements),
    ),
    Row(
        step=Step.FORMAT,
        broken="a certificate that is no PEM",
        wrong=in_annotation("sigstore.cosign/certificate", "certificate"),
        reason="its certificate cannot be read",
        formats=both(layered, certified),
    ),
    *(
        Row(step=Step.FORMAT, broken=broken, wrong=_rekor(path, value), reason=reason, formats=both(layered, logged))
        for broken, path, value, reason in (
            ("a log entry without its payload", "Payload", DROP, "has no payload"),
            ("a log entry whose body is no JSON", "Payload.body", "AAAA", ""),
            ("a log entry whose time is a text", "Payload.integratedTime", "1", "lacks time or index"),
            ("a log entry whose index is below 0", "Payload.logIndex", -1, "lacks time or index"),
            ("a log entry whose log is no hex", "Payload.logID", "log", "no hex"),
        )
    ),
    Row(
        step=Step.FORMAT,
        broken="an empty timestamp",
        wrong=in_annotation("sigstore.cosign/rfc3161timestamp", '{"SignedRFC3161Timestamp": ""}'),
        reason="its timestamp is empty",
        formats=both(layered, stamped),
    ),
)


def _spelled(media_type: str) -> str:
    """The other spelling of a version."""
    if media_type == MEDIA_TYPE:
        return "application/vnd.dev.sigstore.bundle+json;version=0.3"
    return media_type.replace(";", "; ")


def _many(document: JSONObject, count: int) -> JSONObject:
    entry = document[MATERIAL]["tlogEntries"][0]
    entries = [edited(entry, "canonicalizedBody", b64(b"entry %d" % number)) for number in range(count)]
    return edited(document, f"{MATERIAL}.tlogEntries", entries)


def _key(trial: Trial) -> Any:
    return trial.recipe.key if trial.recipe.format.keyed else trial.recipe.leaf.key


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
    Row(
        step=Step.SIGNATURE,
        broken="a signature over the payload without its type",
        wrong=_over(lambda trial: trial.recipe.payload),
        reason="",
        formats=statements,
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a signature over another payload type",
        wrong=_over(lambda trial: pae("application/json", trial.recipe.payload)),
        reason="",
        formats=statements,
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a signature over another payload",
        wrong=_over(lambda trial: pae(trial.recipe.payload_type, trial.recipe.payload + b" ")),
        reason="",
        formats=statements,
    ),
    Row(
        step=Step.SIGNATURE,
        broken="a signature over other bytes",
        wrong=_over(lambda trial: trial.recipe.payload + b" "),
        reason="",
        formats=lambda form: not statements(form),
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
        formats=lambda form: not _messages(form),
        right=lambda trial: trial.but(payload=trial.recipe.payload + b"\n"),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a payload with a key twice",
        wrong=lambda trial: trial.but(
            payload=trial.recipe.payload.replace(b"{", b'{"critical": 1, "subject": [], ', 1)
        ),
        reason="its payload is not read",
        formats=lambda form: not _messages(form),
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
        formats=_simple,
        right=_critical(type="atomic container signature"),
    ),
    Row(
        step=Step.PAYLOAD,
        broken="a simple signing without its critical part",
        wrong=lambda trial: trial.but(payload=b'{"optional": null}'),
        reason="no container image signature",
        formats=_simple,
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
            formats=_simple,
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
        formats=_messages,
        right=in_bundle(
            "messageSignature.messageDigest", {"algorithm": "SHA2_512", "digest": b64(bytes.fromhex(SHA512))}
        ),
    ),
)

ROWS: Final = (*FORMS, *SIGNED, *PAYLOADS, *SUBJECTS)
