"""What the policy denies counts for nothing, and what is not known to lie outside of a deny is denied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gate.checks.denies import as_judged
from gate.claims import read_claims
from gate.limits import Limits
from gate.reference import Digest
from gate.verification import Barred, Rejected, fingerprint, read_key
from tests.evidence import (
    AGENTS_POLICY,
    DAY,
    GITHUB,
    IMAGE,
    MAIN,
    NOW,
    PROVENANCE_POLICY,
    SECOND,
    SIGNATURE_POLICY,
    STRANGER,
    WORKFLOW,
    attestation,
    github,
    judge,
    keyed,
    passes,
    policy,
    provenance,
    rejected,
    signature,
)
from tests.policy.sample import problems

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LAYER = Digest("sha256", "b" * 64)
WHEN = NOW - DAY


def deny(lines: str) -> str:
    return f'\n[[deny]]\nreason = "its runner was taken over"\n{lines}\n'


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# Signers.


@pytest.mark.parametrize(
    "who",
    [
        '"release"',
        f'{{ identity = "{WORKFLOW}" }}',
        f'{{ issuer = "{GITHUB}" }}',
        '{ identity = { glob = "https://github.com/acme/**@refs/**" } }',
        "{ identity = { regex = '.*/acme/.*' } }",
        f'{{ issuer = "{GITHUB}", identity = "{WORKFLOW}", extensions = {{ source-repository-ref = "{MAIN}" }} }}',
    ],
)
def test_evidence_of_a_denied_signer_counts_for_nothing_and_the_fail_says_why(who: str) -> None:
    """Rule 9: denying a signer rejects its evidence."""
    text = SIGNATURE_POLICY + deny(f"signers = [{who}]")
    assert passes(SIGNATURE_POLICY, signature())
    judgement = judge(text, signature())
    assert judgement.failed == ("signature",)
    assert "the policy denies it: its runner was taken over" in judgement.found("signature")


@pytest.mark.parametrize(
    "who",
    [
        '"scanner"',
        f'{{ identity = "{STRANGER}" }}',
        '{ issuer = "https://gitlab.com" }',
        f'{{ identity = "{WORKFLOW}", extensions = {{ source-repository-ref = "refs/heads/x" }} }}',
        f'{{ identity = "{WORKFLOW}", extensions = {{ token-subject = "7" }} }}',
        f'{{ identity = "{WORKFLOW.upper()}" }}',
    ],
)
def test_a_deny_of_someone_else_changes_nothing(who: str) -> None:
    assert passes(SIGNATURE_POLICY + deny(f"signers = [{who}]"), signature())


def test_a_glob_denies_an_identity_that_no_glob_would_allow() -> None:
    """Rule 7's caution is for what is let in: here it would let someone out."""
    odd = github(f"{WORKFLOW}%41", repository=None, ref=None, commit=None)
    text = SIGNATURE_POLICY.replace(f'identity = "{WORKFLOW}"', f'identity = "{WORKFLOW}%41"')
    assert passes(text, signature(odd))
    assert not passes(
        text + deny('signers = [{ identity = { glob = "https://github.com/acme/**@refs/**" } }]'), signature(odd)
    )


def test_another_signers_evidence_still_counts() -> None:
    text = SIGNATURE_POLICY.replace('signers = ["release"]', 'signers = ["release", "scanner"]') + deny(
        'signers = ["release"]'
    )
    assert passes(text, signature(), signature(github(attestation().signer.name)))


def test_what_is_denied_is_reported_in_its_place_as_rejected() -> None:
    evidence = (signature(), attestation(), rejected())
    ours = policy(SIGNATURE_POLICY + deny('signers = ["release"]'))
    first, second, third = as_judged(evidence, read_claims(evidence, limits=Limits()), ours)
    assert isinstance(first, Rejected)
    assert (first.step, first.digest, first.authentic) == (Barred.DENIED, evidence[0].digest, True)
    assert (second, third) == evidence[1:]


# When.


@pytest.mark.parametrize(
    ("since", "until", "denied"),
    [
        (None, None, True),
        (WHEN, None, True),
        (WHEN + SECOND, None, False),
        (None, WHEN, False),
        (None, WHEN + SECOND, True),
        (WHEN, WHEN + SECOND, True),
        (WHEN - DAY, WHEN, False),
        (WHEN + SECOND, WHEN + DAY, False),
    ],
)
def test_a_dated_deny_is_for_what_was_signed_from_then_until_then(
    since: datetime | None, until: datetime | None, *, denied: bool
) -> None:
    lines = 'signers = ["release"]'
    lines += f"\nfrom = {stamp(since)}" if since else ""
    lines += f"\nuntil = {stamp(until)}" if until else ""
    assert passes(SIGNATURE_POLICY + deny(lines), signature(signed_at=WHEN)) is not denied


KEY = ec.derive_private_key(7, ec.SECP256R1()).public_key()
PEM = KEY.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
FINGERPRINT = fingerprint(read_key(PEM))
KEYED = """
version = 1
[signers.key]
key = "key.pub"
log = "optional"
time = "/made"
[[rules]]
images = ["ghcr.io/acme/**"]
[[rules.attestations]]
type = "vuln"
signers = ["key"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key.pub").write_bytes(PEM)
    return tmp_path


@pytest.mark.parametrize(
    ("stated", "seen", "since", "until", "denied"),
    [
        (None, (), WHEN, None, True),  # no time at all: the deny holds
        (None, (WHEN - SECOND,), WHEN, None, False),  # a log saw it before
        (None, (WHEN,), WHEN, None, True),
        (WHEN - DAY, (), WHEN, None, True),  # whoever has the key can state any time
        (WHEN - DAY, (WHEN,), WHEN, None, True),
        (None, (WHEN + DAY,), None, WHEN, True),  # seen later; signed who knows when
        (WHEN, (WHEN + DAY,), None, WHEN, False),
        (WHEN - SECOND, (WHEN + DAY,), None, WHEN, True),
        (WHEN + DAY, (WHEN - SECOND,), None, WHEN, True),  # it states a time after it was seen
    ],
)
def test_of_a_key_a_log_proves_before_and_only_its_predicate_says_after(
    folder: Path,
    stated: datetime | None,
    seen: tuple[datetime, ...],
    since: datetime | None,
    until: datetime | None,
    *,
    denied: bool,
) -> None:
    """Rule 5: for keys, log and timestamp times are only upper bounds."""
    predicate = {"made": stamp(stated)} if stated else {}
    item = keyed(attestation(predicate=predicate), FINGERPRINT, times=seen)
    lines = 'signers = ["key"]'
    lines += f"\nfrom = {stamp(since)}" if since else ""
    lines += f"\nuntil = {stamp(until)}" if until else ""
    assert judge(KEYED, item, folder=folder).exit_code == 0
    assert (judge(KEYED + deny(lines), item, folder=folder).exit_code != 0) is denied


@pytest.mark.parametrize("what", ['signers = ["key"]', 'builders = ["b"]'])
def test_until_needs_a_time_inside_the_predicate_of_a_keys_evidence(folder: Path, what: str) -> None:
    text = KEYED.replace('time = "/made"\n', '[builders.b]\nid = "x"\nsigners = ["key"]\nlevel = 1\n')
    (problem,) = problems(text + deny(f"{what}\nuntil = {stamp(NOW)}"), folder / "policy.toml")
    assert "until needs to know when the key 'key' signed" in problem
    assert policy(text + deny(f"{what}\nfrom = {stamp(NOW)}"), folder).denies


# Builders.


@pytest.mark.parametrize("what", ['"release"', f'{{ id = "{WORKFLOW}" }}', "{ id = { regex = '.*' } }"])
def test_provenance_of_a_denied_builder_counts_for_nothing(what: str) -> None:
    assert passes(PROVENANCE_POLICY, provenance())
    judgement = judge(PROVENANCE_POLICY + deny(f"builders = [{what}]"), provenance())
    assert judgement.failed == ("provenance",)
    assert "its runner was taken over" in judgement.found("provenance")


def test_agent_claims_go_with_the_provenance_that_is_denied() -> None:
    assert passes(AGENTS_POLICY, provenance())
    judgement = judge(AGENTS_POLICY + deny('builders = ["release"]'), provenance())
    assert "provenance" in judgement.failed
    assert not judgement.commits


def test_the_same_signers_other_evidence_is_not_denied_with_the_builder() -> None:
    assert passes(SIGNATURE_POLICY + deny(f'builders = [{{ id = "{WORKFLOW}" }}]'), signature(), provenance())


def test_a_dated_deny_of_a_builder_lets_older_builds_through() -> None:
    text = PROVENANCE_POLICY + deny(f'builders = ["release"]\nfrom = {stamp(WHEN + timedelta(hours=1))}')
    assert passes(text, provenance(signed_at=WHEN))
    assert not passes(text, provenance(signed_at=WHEN + timedelta(hours=1)))


# Digests.


def of(digests: Iterable[Digest]) -> str:
    return SIGNATURE_POLICY + deny("digests = [" + ", ".join(f'"{digest}"' for digest in digests) + "]")


def test_a_denied_digest_fails_the_image_however_well_it_is_signed() -> None:
    judgement = judge(of([IMAGE]), signature())
    assert judgement.failed == ("deny",)
    assert judgement.found("deny") == f"{IMAGE} is denied: its runner was taken over"


def test_a_denied_digest_fails_whatever_lists_it() -> None:
    judgement = judge(of([LAYER]), signature(), digests=(IMAGE, LAYER))
    assert judgement.failed == ("deny",)
    assert judgement.found("deny") == f"its manifest lists {LAYER}, which is denied: its runner was taken over"


def test_another_digest_is_not_denied_and_no_check_passes_for_that() -> None:
    judgement = judge(of([LAYER]), signature())
    assert judgement.exit_code == 0
    assert "deny" not in judgement.outcomes
