"""What the policy denies counts for nothing, and what is not known to lie outside of a deny is denied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from gate.checks.denies import as_judged, without_denied
from gate.claims import read_claims
from gate.claims.vsa import VSA_V1
from gate.limits import Limits
from gate.reference import Digest
from gate.verification import Barred, Rejected, fingerprint, read_key
from tests.evidence import (
    AGENTS_POLICY,
    DAY,
    GITHUB,
    HEAD,
    IMAGE,
    MAIN,
    NOW,
    PROVENANCE_POLICY,
    REPOSITORY,
    SECOND,
    SIGNATURE_POLICY,
    STRANGER,
    WORKFLOW,
    about_source,
    attestation,
    github,
    judge,
    keyed,
    passes,
    policy,
    provenance,
    rejected,
    signature,
    stranger,
)
from tests.policy.sample import problems

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LAYER = Digest("sha256", "b" * 64)
WHEN = NOW - DAY
PEDIGREE = "dev.pedigree/ai-authorship/v1"


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


def test_what_is_reported_as_denied_is_what_no_rule_counts(tmp_path: Path) -> None:
    """A rule of a base does not see what the policy that extends it denies, and so has counted it."""
    (tmp_path / "base.toml").write_text(SIGNATURE_POLICY)
    own = 'version = 1\nextends = ["base.toml"]\n[[rules]]\nname = "own"\nimages = ["**"]\n'
    own += 'signature.signers = ["scanner"]\n'
    evidence = (signature(),)
    claims = read_claims(evidence, limits=Limits())
    denied = deny('signers = ["release"]')
    assert as_judged(evidence, claims, policy(own + denied, tmp_path)) == evidence
    (tmp_path / "base.toml").write_text(SIGNATURE_POLICY + denied)
    (item,) = as_judged(evidence, claims, policy(f"{own}# the base denies it\n", tmp_path))
    assert isinstance(item, Rejected)


def test_what_others_say_stays_as_it_is() -> None:
    """Of the image, of its commit, of its agents: a deny takes away what the denied signer says, and nothing else."""
    ours = policy(AGENTS_POLICY + deny('signers = ["scanner"]'))
    said = about_source(PEDIGREE, {"authorship": {"kind": "human"}}, {"gitCommit": HEAD})
    vsa = about_source(VSA_V1, {"verifier": {"id": "https://source.test"}}, {"gitCommit": HEAD})
    rest = (signature(), provenance(), said, vsa)
    alone = read_claims(rest, limits=Limits())
    assert all((alone.verified, alone.about_source, alone.provenance, alone.summaries, alone.documents))
    left = without_denied(read_claims((attestation(), *rest), limits=Limits()), ours, ours.rules[0])
    assert len(left.rejected) == 1
    assert replace(left, rejected=()) == alone


def test_a_signer_of_each_image_is_denied_for_every_image() -> None:
    """Its identity holds a name of the image: whose that is, a deny does not ask."""
    text = SIGNATURE_POLICY.replace('images = ["ghcr.io/acme/**"]', 'images = ["ghcr.io/acme/{repository}"]')
    text = text.replace(f'identity = "{WORKFLOW}"', f'identity = "{WORKFLOW.replace("/api/", "/{repository}/")}"')
    assert passes(text, signature())
    assert judge(text + deny('signers = ["release"]'), signature()).failed == ("signature",)


def test_a_capture_that_is_copied_into_a_deny_stands_for_any_segment() -> None:
    """What an identity says in [signers] it says in [[deny]]; taken to the letter it would deny nobody."""
    identity = WORKFLOW.replace("/api/", "/{repository}/")
    assert passes(
        SIGNATURE_POLICY + deny(f'signers = [{{ identity = "{identity.replace("acme", "else")}" }}]'), signature()
    )
    for who in (f'identity = "{identity}"', f'identity = {{ glob = "{identity}" }}'):
        assert judge(SIGNATURE_POLICY + deny(f"signers = [{{ {who} }}]"), signature()).failed == ("signature",)
    extension = f'extensions = {{ source-repository-uri = "{REPOSITORY.replace("api", "{repository}")}" }}'
    assert judge(SIGNATURE_POLICY + deny(f"signers = [{{ {extension} }}]"), signature()).failed == ("signature",)
    builder = deny(f'builders = [{{ id = "{identity}" }}]')
    assert judge(PROVENANCE_POLICY + builder, provenance()).failed == ("provenance",)


def test_a_named_signer_who_is_denied_is_told_whichever_of_them_it_is_and_nobody_else() -> None:
    text = SIGNATURE_POLICY.replace('signers = ["release"]', 'signers = ["people", "release"]')
    found = judge(text + deny('signers = ["release"]'), signature(), signature(stranger())).found("signature")
    assert "the policy denies it" in found
    scanned = signature(github(attestation().signer.name))
    found = judge(text + deny('signers = ["scanner"]'), scanned, signature(stranger())).found("signature")
    assert "the policy denies it" not in found


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


def test_where_an_entry_of_a_key_looks_for_its_time_another_keys_entry_has_no_say(folder: Path) -> None:
    """Nor has an entry of the same key whose time is not there: it says nothing, and the other one's holds."""
    other = ec.derive_private_key(8, ec.SECP256R1()).public_key()
    (folder / "other.pub").write_bytes(
        other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    item = keyed(attestation(predicate={"made": stamp(WHEN), "began": stamp(WHEN - DAY)}), FINGERPRINT)
    lines = deny(f'signers = ["key"]\nuntil = {stamp(WHEN)}')

    def with_entry(key: str, time: str) -> str:
        entry = f'[signers.second]\nkey = "{key}"\nlog = "optional"\ntime = "{time}"\n'
        return KEYED.replace("[[rules]]", f"{entry}[[rules]]") + lines

    assert judge(with_entry("other.pub", "/began"), item, folder=folder).exit_code == 0
    assert judge(with_entry("key.pub", "/nowhere"), item, folder=folder).exit_code == 0
    assert judge(with_entry("key.pub", "/began"), item, folder=folder).failed == ("attestations.vuln",)


@pytest.mark.parametrize("who", [f'{{ issuer = "{GITHUB}" }}', "{ identity = { regex = '.*' } }"])
def test_a_key_has_no_issuer_and_no_identity_that_could_be_denied(folder: Path, who: str) -> None:
    item = keyed(attestation(predicate={}), FINGERPRINT)
    assert judge(KEYED + deny(f"signers = [{who}]"), item, folder=folder).exit_code == 0
    assert judge(KEYED + deny('signers = ["key"]'), item, folder=folder).exit_code == 1


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


@pytest.mark.parametrize("what", [f'id = "{WORKFLOW}"', "id = { regex = '.*' }"])
def test_the_same_signers_other_evidence_is_not_denied_with_the_builder(what: str) -> None:
    """A signature is of no builder, whichever are denied."""
    assert passes(SIGNATURE_POLICY + deny(f"builders = [{{ {what} }}]"), signature(), provenance())


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
    assert [item.remedy for item in judgement.results if item.check == "deny"] == ["deploy another image"]


def test_a_denied_digest_points_at_what_the_deny_says_of_it() -> None:
    text = of([IMAGE]).rstrip() + '\ndocs = "https://acme.com/incidents/7"\n'
    (result,) = (item for item in judge(text, signature()).results if item.check == "deny")
    assert result.remedy == "deploy another image; see https://acme.com/incidents/7"


def test_a_denied_digest_fails_whatever_lists_it() -> None:
    judgement = judge(of([LAYER]), signature(), digests=(IMAGE, LAYER))
    assert judgement.failed == ("deny",)
    assert judgement.found("deny") == f"its manifest lists {LAYER}, which is denied: its runner was taken over"


def test_another_digest_is_not_denied_and_no_check_passes_for_that() -> None:
    judgement = judge(of([LAYER]), signature())
    assert judgement.exit_code == 0
    assert "deny" not in judgement.outcomes
