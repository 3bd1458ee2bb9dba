"""Wrappings with one thing wrong: bundles, envelopes and layers that are not what their format says."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gate.verification import Step
from tests.forge import MEDIA_TYPE, SIGNED_AT, Signed, b64
from tests.forge.entries import canonical
from tests.verification.lab import DROP, LIMITS, at, edited
from tests.verification.wrong.rows import (
    SECOND,
    Row,
    both,
    bundled,
    certified,
    in_annotation,
    in_body,
    in_bundle,
    in_entry,
    layered,
    logged,
    messages,
    named,
    proven,
    simple,
    stamped,
    statements,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forge import Format, JSONObject
    from tests.verification.wrong.rows import Change, Trial

MATERIAL = "verificationMaterial"
STAMPS = f"{MATERIAL}.timestampVerificationData.rfc3161Timestamps"
NO_SIGNATURE = "has no payload type or no signature"
SIGNATURES = "dsseEnvelope.signatures"


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


def _entries(count: int) -> Change:
    """So many entries about the one signature, each with something of its own that nobody reads."""

    def change(trial: Trial) -> Trial:
        log = trial.recipe.instance.log

        def finished(signed: Signed) -> Signed:
            first = at(signed.document, f"{MATERIAL}.tlogEntries.0")
            told = json.loads(base64.b64decode(first["canonicalizedBody"]))
            entries = []
            for number in range(count):
                entry = log.entry(canonical(told | {"number": number}), told["kind"], told["apiVersion"])
                promise = log.promise(entry, SIGNED_AT) if trial.recipe.format.promise else {}
                entries.append(entry | promise)
            return signed.written(edited(signed.document, f"{MATERIAL}.tlogEntries", entries))

        return trial.but(finished=finished)

    return change


def _padded(size: int) -> Change:
    """So many bytes, those of the longest base64 text not counted."""

    def finished(signed: Signed) -> Signed:
        padded = signed.written(signed.document | {"padding": ""})
        longest = max(map(len, re.findall(rb'"([A-Za-z0-9+/]{64,}={0,2})"', padded.raw)))
        return signed.written(signed.document | {"padding": "!" * (size - len(padded.raw) + longest)})

    return lambda trial: trial.but(finished=finished)


def _stamped(count: int) -> Change:
    """Timestamps within the certificate's time, each at a moment of its own."""
    return lambda trial: trial.but(stamped_at=tuple(SIGNED_AT + SECOND * number for number in range(count)))


def _extra(size: int) -> Change:
    """A certificate with an extension of Fulcio's arc that nobody knows, and so many bytes in it."""
    return lambda trial: trial.leaf(extensions={"99": bytes(size)})


ROWS: Final = (
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
        formats=both(_version("0.2", "0.3"), proven),
    ),
    Row(
        step=Step.FORMAT,
        broken="no checkpoint where the version must have one",
        wrong=in_entry("inclusionProof.checkpoint", DROP),
        reason="has no checkpoint",
        formats=both(_version("0.2", "0.3"), proven),
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
        broken="log entries that are no list",
        wrong=in_bundle(f"{MATERIAL}.tlogEntries", {}),
        reason="its tlogEntries is no list",
        formats=both(bundled, logged),
    ),
    Row(
        step=Step.FORMAT,
        broken="a log entry that is no object",
        wrong=in_bundle(f"{MATERIAL}.tlogEntries", [1]),
        reason="a part of it is no object",
        formats=both(bundled, logged),
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
        wrong=_entries(33),
        reason="has 33 transparency log entries",
        formats=both(bundled, logged),
        right=_entries(32),
    ),
    Row(
        step=Step.FORMAT,
        broken="a byte more than is read beside a payload",
        wrong=_padded(LIMITS.json_bytes + 1),
        reason="bytes beside its payload; at most",
        formats=named("bundle 0.3 statement rekor-v2", "bundle 0.3 message rekor-v2"),
        right=_padded(LIMITS.json_bytes),
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
        formats=messages,
        right=in_bundle("messageSignature.messageDigest", DROP),
    ),
    Row(
        step=Step.FORMAT,
        broken="an inclusion proof of 65 hashes",
        wrong=in_entry("inclusionProof.hashes", [b64(bytes([number]) * 32) for number in range(65)]),
        reason="has 65 hashes",
        formats=proven,
    ),
    *(
        Row(
            step=Step.FORMAT,
            broken=f"a tree whose size is {what}",
            wrong=in_entry("inclusionProof.treeSize", value),
            reason="its treeSize is no 64-bit number",
            formats=both(bundled, proven),
            right=in_entry("inclusionProof.treeSize", accepted),
        )
        for what, value, accepted in (
            ("below 0", "-1", 6),
            ("of 64 bits", 1 << 63, 6),
            ("a truth", True, 6),
            ("a word", "six", "6"),
            ("in other digits", "\u0666", "6"),
            ("a fraction", 6.0, "6"),
            ("of 20 digits", f"{6:020}", f"{6:019}"),
        )
    ),
    *(
        Row(
            step=Step.FORMAT,
            broken=f"a log entry {what}",
            wrong=in_entry(path, value),
            reason=reason,
            formats=both(bundled, formats),
        )
        for what, path, value, reason, formats in (
            ("of no kind", "kindVersion.kind", "", "it has no kind", logged),
            ("whose version is a number", "kindVersion.version", 1, "it has no version", logged),
            ("of no log", "logId.keyId", "", "it has no keyId", logged),
            ("without its body", "canonicalizedBody", DROP, "it has no canonicalizedBody", logged),
            ("whose proof has a number for a hash", "inclusionProof.hashes", [1], "no base64 text", proven),
            ("with an empty checkpoint", "inclusionProof.checkpoint.envelope", "", "it has no envelope", proven),
        )
    ),
    Row(
        step=Step.FORMAT,
        broken="a signature that is no base64",
        wrong=in_bundle("messageSignature.signature", "!"),
        reason="no base64",
        formats=messages,
    ),
    # cosign's layers
    Row(
        step=Step.FORMAT,
        broken="no signature among the annotations",
        wrong=in_annotation("cosignproject.cosign/signature", ""),
        reason="no signature among its annotations",
        formats=simple,
    ),
    Row(
        step=Step.FORMAT,
        broken="a signature that is no base64 among the annotations",
        wrong=in_annotation("cosignproject.cosign/signature", "!"),
        reason="no base64",
        formats=simple,
    ),
    Row(
        step=Step.FORMAT,
        broken="an empty signature in the envelope",
        wrong=_document(lambda found: edited(found, "signatures.0.sig", "")),
        reason="empty signature",
        formats=both(layered, statements),
    ),
    *(
        Row(
            step=Step.FORMAT,
            broken=f"an envelope with {what}",
            wrong=_document(change),
            reason=reason,
            formats=both(layered, statements),
        )
        for what, change, reason in (
            ("no payload", lambda found: edited(found, "payload", DROP), "is no DSSE envelope"),
            ("no list of signatures", lambda found: edited(found, "signatures", DROP), "is no DSSE envelope"),
            ("signatures that are no list", lambda found: edited(found, "signatures", {}), NO_SIGNATURE),
            ("an empty list of signatures", lambda found: edited(found, "signatures", []), NO_SIGNATURE),
            ("a payload type that is no text", lambda found: edited(found, "payloadType", 1), NO_SIGNATURE),
        )
    ),
    Row(
        step=Step.FORMAT,
        broken="nine signatures in the envelope",
        wrong=_document(lambda found: found | {"signatures": found["signatures"] * 9}),
        reason="at most 8",
        formats=both(layered, statements, lambda form: form.entry != ("intoto", "0.0.1")),
        right=_document(lambda found: found | {"signatures": found["signatures"] * 8}),
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
            ("a log entry whose body is no JSON", "Payload.body", "AAAA", "not JSON"),
            ("a log entry whose time is a text", "Payload.integratedTime", "1", "lacks time or index"),
            ("a log entry whose time is a truth", "Payload.integratedTime", True, "lacks time or index"),
            ("a log entry whose index is below 0", "Payload.logIndex", -1, "lacks time or index"),
            ("a log entry whose log is no hex", "Payload.logID", "log", "no hex"),
            ("a log entry whose log is no text", "Payload.logID", 1, "lacks kind, version or log"),
        )
    ),
    *(
        Row(
            step=Step.FORMAT,
            broken=f"a log entry whose {key} is no text",
            wrong=in_body(key, 1),
            reason="lacks kind, version or log",
            formats=both(layered, logged),
        )
        for key in ("kind", "apiVersion")
    ),
    Row(
        step=Step.FORMAT,
        broken="a certificate of more than 32 KiB of PEM",
        wrong=_extra(24 << 10),
        reason="characters; at most",
        formats=both(layered, certified),
        right=_extra(22 << 10),
    ),
    Row(
        step=Step.FORMAT,
        broken="an empty timestamp",
        wrong=in_annotation("sigstore.cosign/rfc3161timestamp", '{"SignedRFC3161Timestamp": ""}'),
        reason="its timestamp has 0 bytes",
        formats=both(layered, stamped),
    ),
)


def _spelled(media_type: str) -> str:
    """The other spelling of a version."""
    if media_type == MEDIA_TYPE:
        return "application/vnd.dev.sigstore.bundle+json;version=0.3"
    return media_type.replace(";", "; ")
