"""`Verified` is made in one place, says what it was verified for, and holds nothing that was not."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import datetime, timedelta

import pytest

from gate.discovery import Kind
from gate.verification import Content, Identity, LogEntry, Rejected, Statement, Verified, without_predicate
from gate.verification import evidence as room
from tests.evidence import message
from tests.forge import FORMATS, SIGNED_AT, Sigstore, valid
from tests.verification.lab import (
    DROP,
    ENTRY,
    FORGED_IMAGE,
    FORGED_IMAGE_RAW,
    PROOF,
    about_forged,
    at,
    bundle,
    edited,
    forged_outcome,
    forged_verified,
    image,
    load,
    verified,
)


def _made(*, times: tuple[datetime, ...] = (SIGNED_AT,), seal: object = None) -> Verified:
    return Verified(
        digest=FORGED_IMAGE.digest,
        layer=0,
        kind=Kind.BUNDLE,
        subject=FORGED_IMAGE.digest,
        root="forged",
        signer=Identity(issuer="x", subject="y", extensions={}),
        times=times,
        content=Content.STATEMENT,
        logs=(LogEntry(log="00", index=0, integrated=None),),
        notes=(),
        statement=Statement(version="x", predicate_type="y", payload=b"{}", annotations={}),
        annotations={},
        seal=seal,
    )


@pytest.mark.parametrize("seal", [None, object(), "", True, Verified])
def test_no_verified_is_made_without_the_rooms_seal(seal: object) -> None:
    with pytest.raises(TypeError, match="only verification"):
        _made(seal=seal)


def test_a_statement_is_what_an_attestation_has_and_nothing_else() -> None:
    made = _made(seal=room._SEAL)
    for change in ({"statement": None}, {"content": Content.MESSAGE}, {"content": Content.SIMPLE_SIGNING}):
        with pytest.raises(TypeError, match="a statement is what an attestation has"):
            dataclasses.replace(made, **change, seal=room._SEAL)
    bare = dataclasses.replace(made, statement=None, content=Content.MESSAGE, seal=room._SEAL)
    assert bare.predicate_type is None


def test_no_verified_is_made_without_a_verified_time() -> None:
    with pytest.raises(TypeError, match="time"):
        _made(times=(), seal=room._SEAL)


def test_the_seal_is_no_part_of_what_it_sealed() -> None:
    made = _made(seal=room._SEAL)
    assert room._SEAL not in [getattr(made, item.name) for item in dataclasses.fields(made)]
    assert "seal" not in repr(made)


def test_a_verified_cannot_be_changed_into_another() -> None:
    evidence = verified(bundle())
    with pytest.raises(TypeError, match="only verification"):
        dataclasses.replace(evidence, subject=FORGED_IMAGE.digest)
    with pytest.raises(dataclasses.FrozenInstanceError):
        evidence.subject = FORGED_IMAGE.digest  # type: ignore[misc]


def test_a_copy_of_a_verified_says_the_same() -> None:
    evidence = verified(bundle())
    assert copy.copy(evidence) == evidence
    assert copy.deepcopy(evidence) == evidence
    assert pickle.loads(pickle.dumps(evidence)) == evidence  # noqa: S301  (our own bytes)


def test_a_verified_says_what_it_was_verified_for_and_where() -> None:
    evidence = verified(bundle("agent-signed", 1))
    assert evidence.subject == image().digest
    assert evidence.root == "lab"
    assert evidence.logs == (LogEntry(log=evidence.logs[0].log, index=0, integrated=None),)
    assert evidence.predicate_type == "https://sigstore.dev/cosign/sign/v1"
    assert evidence.signed_at == evidence.times[0]


@pytest.mark.parametrize("index", ["424242", DROP])
def test_the_log_index_of_a_verified_is_the_one_that_was_proved(index: object) -> None:
    document = bundle()
    assert at(document, f"{PROOF}.logIndex") == "1"
    assert verified(edited(document, f"{ENTRY}.logIndex", index)).logs[0].index == 1


def test_the_integrated_time_of_a_verified_is_one_that_the_log_signed() -> None:
    document = edited(Sigstore().sign(about_forged()), f"{ENTRY}.integratedTime", str(int(SIGNED_AT.timestamp())))
    assert forged_verified(document).logs[0].integrated is None


def test_an_integrated_time_that_nothing_signed_is_not_reported() -> None:
    later = str(int((SIGNED_AT + timedelta(days=400)).timestamp()))
    document = edited(Sigstore().sign(about_forged()), f"{ENTRY}.integratedTime", later)
    evidence = forged_verified(document)
    assert evidence.logs[0].integrated is None
    assert evidence.times == (SIGNED_AT,)


def test_verification_is_a_function_of_its_arguments() -> None:
    document = Sigstore().sign(about_forged())
    assert forged_outcome(document) == forged_outcome(document)


def test_evidence_without_its_predicate_says_all_else() -> None:
    payload = about_forged(predicate={"a": 1})
    evidence = forged_verified(Sigstore().sign(payload))
    light = without_predicate(evidence)
    assert evidence.statement is not None
    assert light.statement == dataclasses.replace(evidence.statement, payload=b"{}")
    assert light.statement.predicate == {}
    assert evidence.statement.predicate == {"a": 1}
    assert (light.digest, light.signer, light.times, light.logs) == (
        evidence.digest,
        evidence.signer,
        evidence.times,
        evidence.logs,
    )


def test_evidence_that_is_no_statement_has_no_predicate_to_lose() -> None:
    evidence = message()
    assert without_predicate(evidence) is evidence


@pytest.mark.parametrize(("name", "promised"), [("dsse", True), ("dsse stamps", False)])
def test_the_log_index_is_the_promised_one_or_without_a_promise_that_of_the_proof(name: str, *, promised: bool) -> None:
    """A proof is over a shard of the log, with an index of its own."""
    form = next(form for form in FORMATS if form.name == f"bundle 0.3 statement {name}")
    recipe = valid(form, FORGED_IMAGE_RAW)
    document = recipe.make().document
    beside, within = at(document, f"{ENTRY}.logIndex"), at(document, f"{ENTRY}.inclusionProof.logIndex")
    assert beside != within
    evidence = forged_verified(document, load(recipe.instance.root(), name="forged"))
    assert evidence.logs[0].index == int(beside if promised else within)


def test_a_proof_without_a_checkpoint_says_nothing_beside_a_promise_in_a_01_bundle() -> None:
    """protobuf-specs `sigstore_bundle.proto`: 0.1 has the promise, and its proof may lack the checkpoint."""
    form = next(form for form in FORMATS if form.name == "bundle 0.1 message hashedrekord proof")
    recipe = valid(form, FORGED_IMAGE_RAW)
    document = recipe.make().document
    root = load(recipe.instance.root(), name="forged")
    assert isinstance(forged_outcome(document, root), Verified)
    assert isinstance(forged_outcome(edited(document, f"{ENTRY}.inclusionProof.checkpoint", DROP), root), Verified)
    assert isinstance(forged_outcome(edited(document, f"{ENTRY}.inclusionPromise", DROP), root), Rejected)
