"""Rule 28, in every format with a certificate and a log: a log that only a newer root may know leaves it undecided
whether a signature counts, but not whose it is and of what.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import structs

from gate import trust
from gate.discovery import Kind
from gate.verification import Artifact, Barred, Doubt, Rejected, Root, Step, Verified, verify
from tests.forge import (
    BY_NAME,
    EPOCH,
    FORMATS,
    SIGNED_AT,
    Authority,
    Format,
    Log,
    Sigstore,
    TimestampAuthority,
    Validity,
    ec_key,
)
from tests.verification.lab import (
    FORGED_IMAGE,
    FORGED_NOW,
    LIMITS,
    about_forged,
    candidate,
    image,
    root_with,
    trusted,
)
from tests.verification.wrong.rows import certified, trial
from tests.verification.wrong.times import ROWS

if TYPE_CHECKING:
    from datetime import datetime

    from tests.verification.wrong.rows import Trial

LOGGED = [form for form in FORMATS if certified(form) and form.entry is not None]
STATEMENTS = [form for form in LOGGED if form.signs == "statement"]
each = pytest.mark.parametrize("form", LOGGED, ids=[form.name for form in LOGGED])
each_statement = pytest.mark.parametrize("form", STATEMENTS, ids=[form.name for form in STATEMENTS])
STRANGE = Log(key=ec_key("log-b"))
EARLY = SIGNED_AT - timedelta(days=1)


def without_its_log(instance: Sigstore, *, dated: datetime = EPOCH, logs: tuple[Log, ...] = (STRANGE,)) -> Root:
    raw = json.dumps(instance.root(tlogs=[log.document() for log in logs])).encode()
    root = trust.parse("old", raw, dated=None, ct_none=not instance.has_ct)
    return Root(structs.replace(root, dated=dated))


def told(made: Trial) -> tuple[Doubt | None, bool]:
    evidence = replace(made, roots=(without_its_log(made.recipe.instance),)).evidence()
    assert isinstance(evidence, Rejected)
    return evidence.doubt, evidence.authentic


@each
def test_it_is_its_signers_if_an_authority_of_the_root_says_so(form: Format) -> None:
    assert told(trial(form)) == (Doubt.STALE, True)


@each
def test_it_is_nobodys_if_it_is_of_another_image(form: Format) -> None:
    """A message signature of another image does not even verify, with whatever root."""
    doubt = None if form.signs == "message" else Doubt.STALE
    assert told(replace(trial(form), about=image("agent-signed"))) == (doubt, False)


@each
def test_it_is_nobodys_if_its_certificate_is_not_for_signing_code(form: Format) -> None:
    assert told(trial(form).leaf(usages=(ExtendedKeyUsageOID.SERVER_AUTH,))) == (Doubt.STALE, False)


@each_statement
def test_what_it_says_may_be_too_large_to_read_but_not_unreadable(form: Format) -> None:
    """An SBOM over the limit may be the scan that fails; junk says nothing, whoever signed it."""
    statement = json.loads(about_forged())
    statement["predicate"] = {"deep": json.loads("[" * 100 + "]" * 100)}
    assert told(trial(form).but(payload=json.dumps(statement).encode())) == (Doubt.STALE, True)
    assert told(trial(form).but(payload=b"{")) == (Doubt.STALE, False)


@pytest.mark.parametrize(
    ("promised", "elsewhere", "expected"),
    [
        (True, SIGNED_AT, True),
        (True, EARLY, True),  # the log of the root proves that it was there later than the root's date
        (False, SIGNED_AT, True),
        (False, EARLY, False),  # what nobody promised, and a log that is no newer
    ],
)
def test_a_key_is_in_doubt_if_a_time_that_may_be_so_is_after_the_roots_date(
    *, promised: bool, elsewhere: datetime, expected: bool
) -> None:
    key, known, other = ec_key("signer"), Sigstore(log=Log(key=ec_key("log"))), Sigstore(log=STRANGE)
    document = known.sign_with_key(about_forged(), key, integrated=SIGNED_AT)
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    if not promised:
        del entry["inclusionPromise"]
    late = other.sign_with_key(about_forged(), key, integrated=elsewhere)
    document["verificationMaterial"]["tlogEntries"] += late["verificationMaterial"]["tlogEntries"]
    root = without_its_log(known, dated=SIGNED_AT - timedelta(seconds=1), logs=(known.log,))
    raw = candidate(json.dumps(document).encode())
    (found,) = verify([raw], Artifact.of(FORGED_IMAGE), [root], [key.public_key()], now=FORGED_NOW, limits=LIMITS)
    assert isinstance(found, Verified), found
    assert [log.integrated is not None for log in found.logs] == [promised]
    assert (found.stale is not None) == expected


@each
def test_what_another_root_verifies_is_in_doubt_in_the_root_that_does_not_know_its_log(form: Format) -> None:
    """Rule 2: what holds in one root says nothing for a signer of the other, and so hides nothing from it either."""
    made = trial(form)
    whole = trusted(made.recipe.instance)
    old = without_its_log(made.recipe.instance)
    signed = made.recipe.make()
    raw = structs.replace(candidate(signed.raw, kind=Kind(form.wrap)), annotations=signed.annotations)
    for roots in ((old, whole), (whole, old)):
        held, doubted = verify([raw], Artifact.of(FORGED_IMAGE), roots, [], now=FORGED_NOW, limits=LIMITS)
        assert isinstance(held, Verified), held
        assert isinstance(doubted, Rejected), doubted
        assert (doubted.doubt, doubted.authentic, doubted.root) == (Doubt.STALE, True, "old")
    both = verify([raw], Artifact.of(FORGED_IMAGE), (whole, whole), [], now=FORGED_NOW, limits=LIMITS)
    assert [type(item) for item in both] == [Verified, Verified]


def test_beside_the_furthest_reason_stands_a_doubt_of_another_root_about_whose_it_may_be() -> None:
    """A root that does not know the authority has no say where another does."""
    made = trial(BY_NAME["bundle 0.3 statement dsse"])
    instance, raw = made.recipe.instance, candidate(made.recipe.make().raw)
    late = [replace(instance.log, window=Validity(start=SIGNED_AT + timedelta(seconds=1))).document()]
    stranger = replace(instance, ca=Authority(common_name="another", key=ec_key("another-ca")))
    old, foreign = without_its_log(instance), without_its_log(stranger, logs=(instance.log,))
    wrong, whole = root_with(instance, tlogs=late), trusted(instance)

    def told(*roots: Root) -> list[Step | Barred | None]:
        found = verify([raw], Artifact.of(FORGED_IMAGE), roots, [], now=FORGED_NOW, limits=LIMITS)
        return [item.step if isinstance(item, Rejected) else None for item in found]

    assert told(old, wrong) == told(wrong, old) == [Step.LOG, Step.TRUST_ROOT]
    assert told(foreign, wrong) == told(wrong, foreign) == [Step.LOG]
    assert told(foreign, whole) == told(whole, foreign) == [None]
    assert told(foreign, foreign, root_with(stranger)) == [Step.TRUST_ROOT]
    assert told(foreign, old) == [Step.TRUST_ROOT, Step.TRUST_ROOT], "either may be too old"
    older = without_its_log(stranger, logs=(instance.log,), dated=EPOCH - timedelta(days=1))
    assert told(foreign, older) == [Step.TRUST_ROOT, Step.TRUST_ROOT]


def test_what_gate_broke_over_in_one_root_is_said_beside_what_holds_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial(BY_NAME["bundle 0.3 statement dsse"])
    broken = root_with(made.recipe.instance)
    monkeypatch.delattr(broken, "authorities")
    raw = candidate(made.recipe.make().raw)
    roots = (broken, trusted(made.recipe.instance))
    held, internal = verify([raw], Artifact.of(FORGED_IMAGE), roots, [], now=FORGED_NOW, limits=LIMITS)
    assert isinstance(held, Verified), held
    assert isinstance(internal, Rejected), internal
    assert internal.doubt is Doubt.INTERNAL


@pytest.mark.parametrize(("stamped_at", "expected"), [(SIGNED_AT, True), (EARLY, False)])
def test_a_key_is_in_doubt_if_a_timestamp_says_so_whose_authority_is_as_new_as_the_log(
    stamped_at: datetime, *, expected: bool
) -> None:
    """An entry of Rekor v2 has no time of its own."""
    made = trial(BY_NAME["bundle 0.3 statement rekor-v2 key"]).but(stamped_at=(stamped_at,))
    old = replace(made.recipe.instance, tsa=TimestampAuthority(name="tsa-b"))
    evidence = replace(made, roots=(without_its_log(old, dated=SIGNED_AT - timedelta(seconds=1)),)).evidence()
    assert isinstance(evidence, Verified), evidence
    assert (evidence.times, evidence.logs) == ((), ())
    assert (evidence.stale is not None) == expected


def test_a_timestamp_that_no_clock_shows_is_none_whoever_made_it() -> None:
    """Anybody can put it beside a key's signature."""
    year_0 = next(row for row in ROWS if row.broken == "a timestamp of the year 0, which no clock shows")
    made = year_0.wrong(trial(BY_NAME["bundle 0.3 statement rekor-v2 key"]))
    old = replace(made.recipe.instance, tsa=TimestampAuthority(name="tsa-b"))
    evidence = replace(made, roots=(without_its_log(old),)).evidence()
    assert isinstance(evidence, Rejected), evidence
    assert evidence.step is Step.TIME
