"""Log entries with one thing wrong: their proof, the checkpoint, the signed entry timestamp, the log."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gate.verification import Step
from tests.forge import SIGNED_AT, Validity, b64, ec_key, ed_key, pae
from tests.forge.entries import Record, body, canonical
from tests.verification.lab import DROP, at, edited
from tests.verification.wrong.rows import (
    AFTER,
    BEFORE,
    Row,
    Trial,
    both,
    bundled,
    certified,
    in_entry,
    layered,
    logged,
    named,
    promised,
    proven,
    rekor_v2,
    stamped,
    timed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forge import JSONObject, Signed
    from tests.verification.wrong.rows import Change

CHECKPOINT: Final = "inclusionProof.checkpoint.envelope"
INCLUSION: Final = "gate.verification.steps:check_inclusion"
NOTE: Final = "gate.verification.steps:check_checkpoint"
PROMISE: Final = "gate.verification.steps:check_promise"


def _entry(change: Callable[[JSONObject], JSONObject]) -> Change:
    return lambda trial: trial.but(entry=change)


def _flipped(number: int) -> Change:
    """One bit of one hash of the proof."""

    def change(entry: JSONObject) -> JSONObject:
        raw = bytearray(base64.b64decode(at(entry, f"inclusionProof.hashes.{number}")))
        raw[-1] ^= 1
        return edited(entry, f"inclusionProof.hashes.{number}", b64(bytes(raw)))

    return _entry(change)


def _hashes(change: Callable[[list[str]], list[str]]) -> Change:
    return _entry(lambda entry: edited(entry, "inclusionProof.hashes", change(at(entry, "inclusionProof.hashes"))))


def _line(number: int, text: str) -> Change:
    """The log signs a checkpoint with another line."""

    def noted(note: str) -> str:
        lines = note.split("\n")
        lines[number] = text
        return "\n".join(lines)

    return lambda trial: trial.but(noted=noted)


def _envelope(change: Callable[[str], str]) -> Change:
    """Another checkpoint, behind the log's back."""
    return _entry(lambda entry: edited(entry, CHECKPOINT, change(at(entry, CHECKPOINT))))


def _noted_by_another(trial: Trial) -> Trial:
    """The same text, signed by a stranger under the log's name and key hint."""
    log = trial.recipe.instance.log
    key = ec_key("stranger") if log.is_v1 else ed_key("stranger")
    stranger = replace(log, key=key, claims_to_be=log.key_id)
    return _envelope(lambda note: stranger.note(note.partition("\n\n")[0] + "\n"))(trial)


def _noted_under_another_hint(trial: Trial) -> Trial:
    log = replace(trial.recipe.instance.log, claims_to_be=bytes(32))
    return _envelope(lambda note: log.note(note.partition("\n\n")[0] + "\n"))(trial)


def _witnessed(note: str, count: int = 1) -> str:
    """With so many signatures by others before the log's own."""
    text, _, signatures = note.partition("\n\n")
    return f"{text}\n\n" + f"\u2014 witness.example {b64(bytes(72))}\n" * count + signatures


def _log(**parts: Any) -> Change:
    """The log stands elsewhere in its tree."""
    return lambda trial: trial.within(log=replace(trial.recipe.instance.log, **parts))


def _window(**ends: Any) -> Change:
    """The log's window in the root alone."""
    return lambda trial: trial.judged_by(log=replace(trial.recipe.instance.log, window=Validity(**ends)))


def _promised(key: str, value: object) -> Change:
    """The log promised something else."""
    return lambda trial: trial.but(promised=lambda signed: signed | {key: value})


def _promised_by_another(trial: Trial) -> Trial:
    log = trial.recipe.instance.log
    stranger = replace(log, key=ec_key("stranger"), claims_to_be=log.key_id)
    return trial.but(entry=lambda entry: entry | stranger.promise(entry, trial.recipe.integrated))


def _promised_by_rekor_v2(trial: Trial) -> Trial:
    log = trial.recipe.instance.log
    return trial.but(entry=lambda entry: entry | log.promise(entry, SIGNED_AT))


def second(change: Change) -> Change:
    """A second entry of another kind, about the same signature, with one thing wrong or none."""

    def both_entries(trial: Trial) -> Trial:
        recipe = trial.recipe
        kind = ("hashedrekord", "0.0.1")

        def finished(signed: Signed) -> Signed:
            document = signed.document
            certificate = recipe.instance.certificate(recipe.leaf)
            first = document["verificationMaterial"]["tlogEntries"][0]
            told = json.loads(base64.b64decode(first["canonicalizedBody"]))
            record = Record(
                message=pae(recipe.payload_type, recipe.payload),
                signature=base64.b64decode(at(document, "dsseEnvelope.signatures.0.sig")),
                signer=certificate,
            )
            second = body(kind, record)
            second["spec"]["signature"]["publicKey"]["content"] = told["spec"]["signatures"][0]["verifier"]
            changed = change(trial).recipe
            logged = changed.told(second)
            assert isinstance(logged, dict)
            entry = recipe.instance.log.entry(canonical(logged), *kind)
            return signed.written(edited(document, "verificationMaterial.tlogEntries", [first, changed.entry(entry)]))

        return trial.but(finished=finished)

    return both_entries


PROVEN: Final = (
    *(
        Row(
            step=Step.LOG,
            broken=f"a bit of the proof's hash {number}",
            wrong=_flipped(number),
            reason="does not lead to the tree's root hash",
            formats=proven,
            right=_log(index=index),
            guard=INCLUSION,
        )
        for number, index in ((0, 0), (1, 4), (2, 5))
    ),
    Row(
        step=Step.LOG,
        broken="a proof that ends below the root of a larger tree",
        wrong=lambda trial: trial.but(entry=lambda entry: _alone_in_two(entry, trial)),
        reason="does not lead to the tree's root hash",
        formats=proven,
        right=_log(index=0, size=1),
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="a proof without its last hash",
        wrong=_hashes(lambda hashes: hashes[:-1]),
        reason="does not lead to the tree's root hash",
        formats=proven,
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="a proof with a hash more",
        wrong=_hashes(lambda hashes: [*hashes, hashes[0]]),
        reason="is too long",
        formats=proven,
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="a proof in another order",
        wrong=_hashes(lambda hashes: hashes[::-1]),
        reason="does not lead to the tree's root hash",
        formats=proven,
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="the neighbour's index",
        wrong=in_entry("inclusionProof.logIndex", "2"),
        reason="does not lead to the tree's root hash",
        formats=proven,
        right=_log(index=2),
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="an index behind the tree",
        wrong=in_entry("inclusionProof.logIndex", "6"),
        reason="of an entry beyond the tree",
        formats=proven,
        right=_log(index=5),
        guard=INCLUSION,
    ),
    Row(
        step=Step.LOG,
        broken="the root hash of the proof",
        wrong=in_entry("inclusionProof.rootHash", b64(bytes(32))),
        reason="does not lead to the tree's root hash",
        formats=proven,
    ),
    Row(
        step=Step.LOG,
        broken="an entry that is not in the tree",
        wrong=lambda trial: trial.but(entry=lambda entry: _moved(entry, trial)),
        reason="does not lead to the tree's root hash",
        formats=both(proven, lambda form: not form.promise),
        guard=INCLUSION,
    ),
)


def _alone_in_two(entry: JSONObject, trial: Trial) -> JSONObject:
    """The log signs a tree of two leaves whose root is one of them."""
    log = trial.recipe.instance.log
    root = hashlib.sha256(b"\x00" + base64.b64decode(entry["canonicalizedBody"])).digest()
    checkpoint = {"envelope": log.checkpoint(root, 2)}
    return entry | {"inclusionProof": {"treeSize": "2", "rootHash": b64(root), "checkpoint": checkpoint}}


def _moved(entry: JSONObject, trial: Trial) -> JSONObject:
    """The body as it should be, in the proof of another one."""
    log = trial.recipe.instance.log
    kind = entry["kindVersion"]
    other = log.entry(b"another body", kind["kind"], kind["version"])
    return edited(other, "canonicalizedBody", entry["canonicalizedBody"])


CHECKPOINTS: Final = (
    Row(
        step=Step.LOG,
        broken="a tree of another size than the checkpoint's",
        wrong=in_entry("inclusionProof.treeSize", "7"),
        reason="its checkpoint is of a tree of '6', its proof of one of 7",
        formats=proven,
        right=_log(size=7),
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint of another size",
        wrong=_line(1, "7"),
        reason="its checkpoint is of a tree of '7', its proof of one of 6",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint whose size begins with 0",
        wrong=_line(1, "06"),
        reason="its checkpoint is of a tree of '06'",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint of another tree",
        wrong=_line(2, b64(bytes(32))),
        reason="another root hash than its proof",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint of another log by the same key",
        wrong=_line(0, "other.example"),
        reason="its checkpoint is of 'other.example'",
        formats=rekor_v2,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint whose origin is the log's and more",
        wrong=_line(0, "log.example "),
        reason="its checkpoint is of 'log.example '",
        formats=rekor_v2,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint by another key",
        wrong=_noted_by_another,
        reason="no valid signature of the log",
        formats=proven,
        right=_envelope(_witnessed),
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint under another key's hint",
        wrong=_noted_under_another_hint,
        reason="no valid signature of the log",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint with a line that the log did not sign",
        wrong=_envelope(lambda note: note.replace("\n\n", "\nmore\n\n")),
        reason="no valid signature of the log",
        formats=proven,
        right=lambda trial: trial.but(noted=lambda text: f"{text}more\n"),
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint without a signature",
        wrong=_envelope(lambda note: note.partition("\u2014")[0]),
        reason="is no signed note",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint of two lines",
        wrong=lambda trial: trial.but(noted=lambda text: "\n".join([*text.split("\n")[:2], ""])),
        reason="is no signed note",
        formats=proven,
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint of 101 signatures",
        wrong=_envelope(lambda note: _witnessed(note, 100)),
        reason="its checkpoint has 101 signatures",
        formats=proven,
        right=_envelope(lambda note: _witnessed(note, 99)),
        guard=NOTE,
    ),
    Row(
        step=Step.LOG,
        broken="a checkpoint without an origin",
        wrong=_line(0, ""),
        reason="is no signed note",
        formats=proven,
        guard=NOTE,
    ),
)

PROMISES: Final = (
    *(
        Row(
            step=Step.LOG,
            broken=f"a signed entry timestamp over another {key}",
            wrong=_promised(key, value),
            reason="its signed entry timestamp is not the log's",
            formats=promised,
            guard=PROMISE,
        )
        for key, value in (
            ("body", b64(b"another body")),
            ("integratedTime", int(SIGNED_AT.timestamp()) + 1),
            ("logID", "00" * 32),
            ("logIndex", 1004),
        )
    ),
    Row(
        step=Step.LOG,
        broken="a signed entry timestamp by another key",
        wrong=_promised_by_another,
        reason="its signed entry timestamp is not the log's",
        formats=promised,
        guard=PROMISE,
    ),
    Row(
        step=Step.LOG,
        broken="an integrated time a second later than the log said",
        wrong=in_entry("integratedTime", str(int(SIGNED_AT.timestamp()) + 1)),
        reason="its signed entry timestamp is not the log's",
        formats=promised,
        right=lambda trial: trial.but(integrated=AFTER),
        guard=PROMISE,
    ),
    Row(
        step=Step.LOG,
        broken="an index that the log did not promise",
        wrong=in_entry("logIndex", "1004"),
        reason="its signed entry timestamp is not the log's",
        formats=promised,
        right=_log(earlier=1001),
        guard=PROMISE,
    ),
    Row(
        step=Step.LOG,
        broken="a signed entry timestamp of no time",
        wrong=in_entry("integratedTime", "0"),
        reason="has no signed entry timestamp",
        formats=promised,
    ),
    Row(
        step=Step.LOG,
        broken="neither an inclusion proof nor a signed entry timestamp",
        wrong=in_entry("inclusionPromise", DROP),
        reason="neither an inclusion proof nor a signed entry timestamp",
        formats=both(layered, logged),
    ),
    Row(
        step=Step.LOG,
        broken="a signed entry timestamp beside a Rekor v2 entry",
        wrong=_promised_by_rekor_v2,
        reason="a Rekor v2 entry has no signed entry timestamp",
        formats=rekor_v2,
    ),
)

LOGS: Final = (
    Row(
        step=Step.LOG,
        broken="no log entry",
        wrong=lambda trial: trial.but(format=replace(trial.recipe.format, entry=None)),
        reason="it has no transparency log entry",
        formats=both(certified, logged),
    ),
    Row(
        step=Step.LOG,
        broken="a log that was out of use",
        wrong=_window(end=BEFORE),
        reason="its log's key was not in use",
        formats=both(logged, timed),
        right=_window(end=SIGNED_AT),
    ),
    Row(
        step=Step.LOG,
        broken="a log that was out of use at the second of two times",
        wrong=lambda trial: _window(end=SIGNED_AT)(trial.but(stamped_at=(SIGNED_AT, AFTER))),
        reason="its log's key was not in use",
        formats=both(logged, stamped, bundled),
        right=lambda trial: _window(end=AFTER)(trial.but(stamped_at=(SIGNED_AT, AFTER))),
    ),
    Row(
        step=Step.LOG,
        broken="a log that was not yet in use",
        wrong=_window(start=AFTER),
        reason="its log's key was not in use",
        formats=both(logged, timed),
        right=_window(start=SIGNED_AT),
    ),
    Row(
        step=Step.LOG,
        broken="a second entry that is not in the log",
        wrong=second(_flipped(0)),
        reason="does not lead to the tree's root hash",
        formats=named("bundle 0.3 statement dsse"),
        right=second(lambda trial: trial),
        guard=INCLUSION,
    ),
)

ROWS: Final = (*PROVEN, *CHECKPOINTS, *PROMISES, *LOGS)
