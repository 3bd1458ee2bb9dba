"""The order of a verification holds whatever a part of it raises: the evidence's faults reject, our own end the run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gate.errors import DeadlineExceeded
from gate.limits import Limits
from gate.strictjson import Refused
from gate.verification import Artifact, Doubt, Identity, Rejected, Step, Verified, steps, verify
from gate.verification import candidate as room
from gate.verification.keys import verifies
from tests.forge import SIGNED_AT, Sigstore, ec_key
from tests.verification.lab import (
    FORGED_IMAGE,
    FORGED_NOW,
    about_forged,
    candidate,
    forged_outcome,
    forged_rejected,
    forged_root,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.verification import Evidence


def _raising(error: BaseException) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize("part", ["read_bundle", "read_identity", "verify_with_certificate", "read_statement"])
def test_our_own_fault_in_any_part_ends_the_run_and_rejects_nothing(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 9: a deadline, a full memory or a signal says nothing about the evidence."""
    document = Sigstore().sign(about_forged())
    for error in (DeadlineExceeded("late"), MemoryError(), KeyboardInterrupt()):
        monkeypatch.setattr(room, part, _raising(error))
        with pytest.raises(type(error)):
            forged_outcome(document)


@pytest.mark.parametrize("part", ["read_bundle", "verify_with_certificate", "read_statement"])
def test_whatever_a_library_raises_rejects_the_candidate_and_is_named(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken candidate does not end the run."""
    monkeypatch.setattr(room, part, _raising(KeyError("odd bytes")))
    evidence = forged_rejected(Sigstore().sign(about_forged()))
    assert (evidence.step, evidence.reason) == (Step.FORMAT, "it cannot be read: KeyError: 'odd bytes'")
    assert evidence.doubt is None
    assert isinstance(evidence.stated, Identity) is (part != "read_bundle")
    assert evidence.authentic is (part == "read_statement")


@pytest.mark.parametrize("part", ["read_bundle", "verify_with_certificate", "read_statement"])
def test_what_no_library_raises_is_our_own_fault_and_said_to_be(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 2: an internal error is UNDECIDED and never an answer about the image."""
    for error in (AssertionError("odd"), AttributeError("odd"), RecursionError("odd"), IndexError("odd")):
        monkeypatch.setattr(room, part, _raising(error))
        evidence = forged_rejected(Sigstore().sign(about_forged()))
        assert (evidence.doubt, evidence.reason) == (Doubt.INTERNAL, f"internal error: {type(error).__name__}: odd")


class PanicException(BaseException):
    """A panic of a library in Rust."""


@pytest.mark.parametrize("part", ["read_bundle", "verify_with_certificate", "read_statement"])
def test_a_panic_of_a_library_rejects_the_candidate_whose_bytes_it_read(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, part, _raising(PanicException("odd bytes")))
    evidence = forged_rejected(Sigstore().sign(about_forged()))
    assert (evidence.doubt, evidence.reason) == (None, "it cannot be read: PanicException: odd bytes")


def test_a_key_that_nobody_gave_is_told_from_one_that_does_not_verify() -> None:
    keyed = _keyed("another")
    assert isinstance(keyed, Rejected)
    assert keyed.by_unknown_key
    other = forged_rejected(Sigstore().sign(about_forged(subject=[{"digest": {"sha256": "0" * 64}}])))
    assert other.step is Step.SUBJECT
    assert not other.by_unknown_key
    nameless = forged_rejected({})
    assert nameless.stated is None
    assert not nameless.by_unknown_key
    certified = replace(keyed, stated=Identity(issuer="https://x", subject="y", extensions={}))
    assert not certified.by_unknown_key, "its certificate says whose it is"


def test_a_refused_bundle_is_rejected_for_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "read_bundle", _raising(Refused("odd")))
    evidence = forged_rejected(Sigstore().sign(about_forged()))
    assert (evidence.step, evidence.reason) == (Step.FORMAT, "odd")


def _keyed(*keys: str) -> Evidence:
    document = Sigstore().sign_with_key(about_forged(), ec_key("signer"), integrated=SIGNED_AT)
    del document["verificationMaterial"]["tlogEntries"]
    raw = candidate(json.dumps(document).encode())
    public = [ec_key(name).public_key() for name in keys]
    (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [forged_root()], public, now=FORGED_NOW, limits=Limits())
    return found


def test_a_keys_signature_says_whether_there_was_no_key_or_none_that_verifies_it() -> None:
    for keys, reason in (
        ((), "it is signed with a key, and the policy names no key"),
        (("another", "third"), "it is signed with a key, and no key of the policy verifies it"),
    ):
        found = _keyed(*keys)
        assert isinstance(found, Rejected)
        assert (found.step, found.reason, found.stated) == (Step.SIGNATURE, reason, None)
    assert isinstance(_keyed("another", "signer"), Verified)


def test_a_key_that_cannot_verify_such_a_signature_does_not_hide_the_one_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An Ed25519 key over a file that is too large to hold raises; the next key is asked all the same."""
    first = ec_key("another").public_key()

    def too_large(key: object, *rest: object) -> bool:
        if key is first:
            raise ValueError("too large to hold")
        return verifies(key, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "verifies", too_large)
    assert isinstance(_keyed("another", "signer"), Verified)


def test_a_signature_that_its_key_cannot_verify_is_rejected_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an Ed25519 certificate's over a file that is too large to hold."""
    monkeypatch.setattr(steps, "verifies", _raising(ValueError("too large to hold")))
    evidence = forged_rejected(Sigstore().sign(about_forged()))
    assert (evidence.step, evidence.reason) == (Step.SIGNATURE, "too large to hold")


def test_a_long_reason_is_cut_at_300_characters_and_one_of_300_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for length, shown in ((300, "x" * 300), (301, "x" * 300 + "...")):
        monkeypatch.setattr(room, "read_bundle", _raising(Refused("x" * length)))
        assert forged_rejected(Sigstore().sign(about_forged())).reason == shown
