"""Signers that are keys, message signatures, annotations, and times that only bound when something was signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.checks.signers import STALE_ROOT
from gate.claims.vsa import VSA_V1
from gate.errors import InvalidPolicy
from gate.policy.parties import KeyHolder
from gate.verification import evidence as rooms
from gate.verification.evidence import Content, Doubt, KeyIdentity, Rejected
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    BUILDER,
    COPILOT,
    DAY,
    GITHUB,
    HEAD,
    MAIN,
    MODEL,
    NOW,
    PROVEN,
    REPOSITORY,
    RULE,
    SECOND,
    SIGN_V1,
    SIGNED,
    SIGNERS,
    WORKFLOW,
    Judgement,
    about_source,
    attestation,
    claim,
    claimed,
    judge,
    keyed,
    message,
    plain,
    policy,
    predicate_v1,
    provenance,
    rejected,
    signature,
    verified,
)

if TYPE_CHECKING:
    from datetime import datetime

    from gate.verification import AboutSource, Verified

LAB = Path(__file__).parents[1] / "cases" / "lab"
SIGNATURE = '[rules.signature]\nsigners = ["key"]\n'
SCAN = '[[rules.attestations]]\ntype = "vuln"\nsigners = ["key"]\n'
ANOTHER = "0" * 64


def text(section: str, key: str = "", *, head: str = "") -> str:
    """A policy whose signer `key` holds the lab's key, with more keys of its own."""
    return f'version = 1\n{head}\n[signers.key]\nkey = "key.pub"\n{key}\n{RULE}{section}'


def _fingerprint() -> str:
    holder = policy(text(SIGNATURE), LAB).signers["key"].holder
    assert isinstance(holder, KeyHolder)
    return holder.fingerprint


OURS = _fingerprint()


def run(section: str, *evidence: Verified | Rejected, key: str = "", reference: str = "ghcr.io/acme/api") -> Judgement:
    return judge(text(section, key), *evidence, folder=LAB, reference=reference)


def holds(section: str, *evidence: Verified, key: str = "") -> bool:
    return run(section, *evidence, key=key).exit_code == 0


def scan(when: object = None, *, times: tuple[datetime, ...] = (NOW - DAY,), logged: bool = True) -> Verified:
    """The key's attestation, whose predicate says when it was made."""
    predicate = {} if when is None else {"scanned": {"at": when}}
    return keyed(attestation(predicate=predicate), OURS, times=times, logged=logged)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


POINTER = 'time = "/scanned/at"'


def test_a_key_signs_for_the_signer_who_holds_it_and_for_nobody_else() -> None:
    """Section 4: a signer is a key or an identity, and never both."""
    assert holds(SIGNATURE, keyed(signature(), OURS))
    assert not holds(SIGNATURE, keyed(signature(), ANOTHER))
    assert not holds(SIGNATURE, signature())
    assert not holds(SIGNATURE, signature(plain(OURS)))
    assert judge(SIGNERS + RULE + SIGNED, keyed(signature(), OURS)).exit_code == 1


def test_a_keys_signature_needs_a_log_entry_unless_the_signer_says_otherwise() -> None:
    """Section 4: as with cosign."""
    bare = keyed(signature(), OURS, times=(), logged=False)
    assert not holds(SIGNATURE, bare)
    assert not holds(SIGNATURE, bare, key='log = "required"')
    assert holds(SIGNATURE, bare, key='log = "optional"')
    assert holds(SIGNATURE, keyed(signature(), OURS, times=()))


STALE = "its transparency log ab is not in the trust root 'public-good' of 2026-01-01"


def stale(item: Verified) -> Verified:
    """The same in a root that may be too old to know the log."""
    return replace(item, stale=STALE, seal=rooms._SEAL)


def test_a_key_whose_log_only_a_newer_root_may_know_is_undecided() -> None:
    """Rule 28: it is the fault of the root's age that nobody is known to have logged it."""
    bare = keyed(signature(), OURS, times=(), logged=False)
    assert run(SIGNATURE, bare).exit_code == 1
    undecided = run(SIGNATURE, stale(bare))
    assert undecided.exit_code == 4
    assert f"trust.stale: {STALE} ({bare.digest})" in undecided.found("signature")
    assert undecided.results[0].remedy == STALE_ROOT
    assert run(SIGNATURE, stale(bare), key='log = "optional"').exit_code == 0
    known = replace(keyed(signature(), OURS), digest=bare.digest, root="own", seal=rooms._SEAL)
    assert run(SIGNATURE, stale(bare), known).exit_code == 0, "another root knows the log"
    old = f'{SCAN}max-age = "7d"\n'
    assert run(old, stale(scan(iso(NOW - DAY), times=(), logged=False)), key=POINTER).exit_code == 4
    assert run(SIGNATURE, stale(keyed(signature(), ANOTHER, times=(), logged=False))).exit_code == 1
    other = run(SIGNATURE, stale(bare), key='annotations = { team = "a" }')
    assert other.exit_code == 1, "whatever root knows it"


def test_a_key_whose_log_only_a_newer_root_may_know_counts_for_whichever_entry_asks_for_none() -> None:
    """And a signer with a certificate, beside them, is asked for none of this."""
    more = f'[signers.lax]\nkey = "key.pub"\nlog = "optional"\n{SIGNERS.replace("version = 1", "")}'
    bare = stale(keyed(signature(), OURS, times=(), logged=False))
    strict = '[rules.signature]\nsigners = ["key", "release"]\n'
    assert judge(text(strict, head=more), bare, folder=LAB).exit_code == 4
    assert judge(text(strict.replace('["key"', '["key", "lax"'), head=more), bare, folder=LAB).exit_code == 0
    said = stale(keyed(attestation(), OURS, times=(), logged=False))
    for names, code in (('["key"]', 4), ('["key", "lax"]', 0)):
        assert judge(text(SCAN.replace('["key"]', names), head=more), said, folder=LAB).exit_code == code


def test_a_failed_scan_whose_log_only_a_newer_root_may_know_lets_no_other_one_pass() -> None:
    """Rules 20, 27 and 28: it is authentic, and all of them must hold."""
    section = f'{SCAN}where = [{{ at = "/criticals", equals = 0 }}]\n'
    good = keyed(attestation(predicate={"criticals": 0}), OURS)
    bad = keyed(attestation(predicate={"criticals": 7}), OURS, times=(), logged=False)
    assert run(section, good, bad).exit_code == 0, "nobody logged it, and nobody could have"
    assert run(section, good, stale(bad)).exit_code == 4
    assert run(section, good, stale(bad), key='log = "optional"').exit_code == 1


def test_a_key_is_one_principal_under_however_many_names() -> None:
    """Rule 8: a key's principal is its SPKI digest."""
    two = f'{RULE}[rules.signature]\nsigners = ["key", "again", "ada"]\nthreshold = 2\n'
    head = '[signers.again]\nkey = "key.pub"\n'
    head += '[signers.ada]\nissuer = "https://accounts.google.com"\nidentity = "ada@acme.com"\n'
    both = f'version = 1\n{head}[signers.key]\nkey = "key.pub"\n{two}'
    ours, later = keyed(signature(), OURS), keyed(signature(signed_at=NOW), OURS)
    assert judge(both, ours, later, folder=LAB).failed == ("signature",)
    assert judge(both, ours, signature(plain("ada@acme.com")), folder=LAB).exit_code == 0


def test_a_threshold_above_the_keys_is_an_error() -> None:
    """Rule 8."""
    with pytest.raises(InvalidPolicy, match="threshold"):
        policy(text(f"{SIGNATURE}threshold = 2\n"), LAB)


def test_a_keys_provenance_has_the_source_that_its_predicate_states() -> None:
    """Rule 12: there is no certificate to agree with."""
    section = f'[rules.provenance]\nsigners = ["key"]\nlevel = 1\nsource = ["{REPOSITORY}"]\nrefs = ["{MAIN}"]\n'
    assert holds(section, keyed(provenance(), OURS))
    assert not holds(section, keyed(provenance(), ANOTHER))
    elsewhere = predicate_v1(repository="https://github.com/mallory/api")
    assert run(section, keyed(provenance(elsewhere), OURS)).failed == ("provenance.source",)


# What counts as a signature (rule 1).


@pytest.mark.parametrize(
    ("accept", "item", "counts"),
    [
        ("", message(), False),
        ('accept = ["signature"]', message(), False),
        ('accept = ["statement"]', message(), False),
        ('accept = ["message"]', message(), True),
        ("", message(content=Content.SIMPLE_SIGNING), True),
        ('accept = ["signature"]', message(content=Content.SIMPLE_SIGNING), True),
        ('accept = ["message"]', message(content=Content.SIMPLE_SIGNING), False),
        ('accept = ["statement"]', message(content=Content.SIMPLE_SIGNING), False),
        ("", signature(), True),
        ('accept = ["message"]', signature(), False),
        ('accept = ["message"]', provenance(), False),
    ],
)
def test_each_kind_of_signature_counts_where_its_signer_accepts_it(
    *, accept: str, item: Verified, counts: bool
) -> None:
    """Rule 1: simple signing and cosign/sign/v1 are signatures, a message is one where it is spelled."""
    named = f'version = 1\n[signers.release]\nissuer = "{GITHUB}"\nidentity = "{WORKFLOW}"\n{accept}\n{RULE}{SIGNED}'
    assert (judge(named, item).exit_code == 0) is counts


def test_a_files_message_signature_counts_without_being_spelled() -> None:
    """Rule 1: the default for `file:` is a signature or a message; what a signer spells replaces it."""
    rule = f'[[rules]]\nimages = ["**"]\n{SIGNED}'
    named = f'version = 1\n[signers.release]\nissuer = "{GITHUB}"\nidentity = "{WORKFLOW}"\n'
    assert judge(f"{named}{rule}", message(), reference="file:dist/api.whl").exit_code == 0
    assert judge(f"{named}{rule}", message(), reference="ghcr.io/acme/api").exit_code == 1
    assert judge(f"{named}{rule}", provenance(), reference="file:dist/api.whl").exit_code == 1
    assert judge(f'{named}accept = ["signature"]\n{rule}', message(), reference="file:dist/api.whl").exit_code == 1


def test_what_is_no_statement_is_no_attestation_and_no_provenance() -> None:
    """Rule 1."""
    checks = SIGNERS + BUILDER + RULE + PROVEN + '[[rules.attestations]]\ntype = "vuln"\nsigners = ["release"]\n'
    for content in (Content.MESSAGE, Content.SIMPLE_SIGNING):
        assert judge(checks, message(content=content)).failed == ("provenance", "attestations.vuln")


def test_an_annotation_that_a_signer_names_must_be_in_the_signature() -> None:
    """Rule 19: `annotations`."""
    key = 'annotations = { stage = "released", by = "ada" }'
    for found, counts in (
        ({"stage": "released", "by": "ada"}, True),
        ({"stage": "released", "by": "ada", "more": "x"}, True),
        ({"stage": "released"}, False),
        ({"stage": "Released", "by": "ada"}, False),
        ({"stage": "released\n", "by": "ada"}, False),
        ({}, False),
    ):
        assert holds(SIGNATURE, keyed(signature(), OURS, annotations=found), key=key) is counts


# When it was signed (rules 5 and 9).


@pytest.mark.parametrize("window", ["not-before", "not-after"])
def test_a_signers_window_is_judged_on_the_verified_time_both_ends_included(window: str) -> None:
    """Rule 9."""
    edge = NOW - 7 * DAY
    outside = edge - SECOND if window == "not-before" else edge + SECOND
    named = f'version = 1\n[signers.release]\nissuer = "{GITHUB}"\nidentity = "{WORKFLOW}"\n{window} = {iso(edge)}\n'
    assert judge(f"{named}{RULE}{SIGNED}", signature(signed_at=edge)).exit_code == 0
    assert judge(f"{named}{RULE}{SIGNED}", signature(signed_at=outside)).failed == ("signature",)
    assert judge(f"{named}{RULE}{SIGNED}", signature(signed_at=outside), signature(signed_at=edge)).exit_code == 0


def test_a_bare_date_is_its_first_second() -> None:
    """Rule 21: 00:00:00 UTC of that day."""
    named = f'version = 1\n[signers.release]\nissuer = "{GITHUB}"\nidentity = "{WORKFLOW}"\nnot-after = 2026-11-20\n'
    midnight = NOW.replace(day=20, hour=0)
    assert judge(f"{named}{RULE}{SIGNED}", signature(signed_at=midnight)).exit_code == 0
    assert judge(f"{named}{RULE}{SIGNED}", signature(signed_at=midnight + SECOND)).exit_code == 1


def test_what_was_never_timed_is_in_no_window() -> None:
    """Rule 5: evidence without a usable time fails every check that needs one."""
    bare = keyed(signature(), OURS, times=(), logged=False)
    for window in ("not-before = 2020-01-01", "not-after = 2030-01-01"):
        assert not holds(SIGNATURE, bare, key=f'log = "optional"\n{POINTER}\n{window}')
    assert holds(SIGNATURE, keyed(signature(), OURS), key="not-after = 2030-01-01")


def test_an_upper_bound_does_not_say_that_a_key_signed_after_a_date() -> None:
    """Rules 5 and 9: whoever has the old key, or an old signature of it, logs it again today."""
    window = "not-before = 2026-11-01"
    with pytest.raises(InvalidPolicy, match="time"):
        policy(text(SIGNATURE, window), LAB)
    edge = NOW.replace(day=1, hour=0)
    assert holds(SCAN, scan(iso(edge)), key=f"{POINTER}\n{window}")
    assert not holds(SCAN, scan(iso(edge - SECOND)), key=f"{POINTER}\n{window}")
    assert not holds(SCAN, scan(), key=f"{POINTER}\n{window}")
    assert not holds(SCAN, scan(iso(NOW), times=(edge - SECOND,)), key=f"{POINTER}\n{window}")


def test_an_age_or_the_latest_of_a_key_needs_a_time_inside_the_predicate() -> None:
    """Rule 5: else the policy is invalid."""
    for section in (f'{SIGNATURE}max-age = "7d"\n', f'{SCAN}max-age = "7d"\n', f'{SCAN}select = "latest"\n'):
        with pytest.raises(InvalidPolicy, match="time"):
            policy(text(section), LAB)
        assert policy(text(section, POINTER), LAB).rules


def test_the_time_inside_the_predicate_is_a_keys_age() -> None:
    """Rule 5: to the second, and never the log's, which is only an upper bound."""
    edge = NOW - 7 * DAY
    section = f'{SCAN}max-age = "7d"\n'
    assert holds(section, scan(iso(edge)), key=POINTER)
    assert not holds(section, scan(iso(edge - SECOND)), key=POINTER)
    assert holds(section, scan(iso(edge - SECOND)), scan(iso(edge)), key=POINTER)


@pytest.mark.parametrize(
    "when", [None, "", "yesterday", "2026-11-22", "2026-11-22T12:00:00", 1763812800, True, ["2026-11-22T12:00:00Z"], {}]
)
def test_a_predicate_without_a_usable_time_is_too_old(when: object) -> None:
    """Rule 5: evidence without a usable time fails every check that needs one."""
    assert not holds(f'{SCAN}max-age = "7d"\n', scan(when), key=POINTER)
    assert holds(SCAN, scan(when), key=POINTER)
    assert holds(f'{SCAN}max-age = "7d"\n', scan("2026-11-22T13:00:00+01:00"), key=POINTER)


def test_what_has_no_predicate_has_no_time_inside_it() -> None:
    """Rule 5: simple signing says nothing of when."""
    simple = keyed(message(content=Content.SIMPLE_SIGNING), OURS)
    assert holds(SIGNATURE, simple, key=POINTER)
    assert not holds(f'{SIGNATURE}max-age = "7d"\n', simple, key=POINTER)


@pytest.mark.parametrize(
    ("pointer", "predicate"),
    [
        ("/a/b", {"a": {"b": iso(NOW)}}),
        ("/a/1", {"a": ["x", iso(NOW)]}),
        ("/a~1b/c~0d", {"a/b": {"c~d": iso(NOW)}}),
        ("/", {"": iso(NOW)}),
    ],
)
def test_a_pointer_leads_into_objects_and_lists(pointer: str, predicate: dict[str, object]) -> None:
    """RFC 6901."""
    section = f'{SCAN}max-age = "7d"\n'
    assert holds(section, keyed(attestation(predicate=predicate), OURS), key=f'time = "{pointer}"')
    for other in ("/a/2", "/a/b/c", "/x", "/a/-1", "/a/\N{ARABIC-INDIC DIGIT ONE}", "/a"):
        assert not holds(section, keyed(attestation(predicate=predicate), OURS), key=f'time = "{other}"')


def test_the_latest_of_a_key_is_the_latest_by_its_own_time(tmp_path: Path) -> None:
    """Rule 20, rule 5."""
    (tmp_path / "key.pub").write_bytes((LAB / "key.pub").read_bytes())
    (tmp_path / "clean.json").write_text('{"required": ["clean"]}', encoding="utf-8")
    section = text(f'{SCAN}select = "latest"\nschema = "clean.json"\n', 'time = "/at"')
    early, late = NOW - 3 * DAY, NOW - 2 * DAY

    def made(when: datetime, *, clean: bool) -> Verified:
        return keyed(attestation(predicate={"at": iso(when), **({"clean": 1} if clean else {})}), OURS)

    assert judge(section, made(early, clean=False), made(late, clean=True), folder=tmp_path).exit_code == 0
    assert judge(section, made(early, clean=True), made(late, clean=False), folder=tmp_path).exit_code == 1
    assert judge(section, made(late, clean=True), made(late, clean=False), folder=tmp_path).exit_code == 1


def test_an_attestation_without_a_usable_time_is_not_the_latest() -> None:
    """Rule 5: evidence without a usable time fails every check that needs one; `latest` does."""
    section = f'{SCAN}select = "latest"\n'
    assert holds(section, scan(iso(NOW - DAY)), key=POINTER)
    assert not holds(section, scan("yesterday"), key=POINTER)


def test_a_predicate_that_is_younger_than_its_own_log_entry_is_as_old_as_the_entry() -> None:
    """Rule 5: a log's time is an upper bound, so what was logged 30 days ago was signed then or before."""
    section = f'{SCAN}max-age = "7d"\n'
    old = (NOW - 30 * DAY,)
    assert holds(section, scan(iso(NOW - DAY)), key=POINTER)
    assert not holds(section, scan(iso(NOW - DAY), times=old), key=POINTER)


def test_a_predicate_of_the_future_has_no_usable_time() -> None:
    """Rule 28: more than 5 minutes ahead of the clock is no time; without a log nothing else bounds it."""
    section, key = f'{SCAN}max-age = "7d"\n', f'log = "optional"\n{POINTER}'
    near, far = NOW + timedelta(minutes=5), NOW + timedelta(days=36_500)
    assert holds(section, scan(iso(near), times=(), logged=False), key=key)
    ahead = scan(iso(far), times=(), logged=False)
    assert run(section, ahead, key=key).exit_code == 4
    assert "clock" in run(section, ahead, key=key).found("attestations.vuln")
    assert run(f'{SCAN}select = "latest"\n', ahead, key=key).exit_code == 4
    assert holds(SCAN, ahead, key=key), "without an age nobody asks when"
    strangers = keyed(attestation(predicate={"scanned": {"at": iso(far)}}), ANOTHER, times=(), logged=False)
    ours = scan(iso(NOW), times=(), logged=False)
    assert holds(section, ours, strangers, key=key), "someone else's clock is nobody's doubt"


def test_a_keys_provenance_of_five_minutes_ahead_is_young_and_of_a_second_more_is_undecided() -> None:
    """Rule 28. The age of provenance passes over any ledger, so that only the time itself can keep it from passing."""
    section = (
        f'[rules.provenance]\nsigners = ["key"]\nlevel = 1\nsource = ["{REPOSITORY}"]\nrefs = ["{MAIN}"]\n'
        'max-age = "7d"\n'
    )

    def at(moment: datetime) -> Verified:
        build = provenance(predicate_v1(scanned={"at": iso(moment)}))
        return keyed(build, OURS, times=(), logged=False)

    key = f'log = "optional"\n{POINTER}'
    edge = NOW + timedelta(minutes=5)
    assert run(section, at(edge), key=key).exit_code == 0
    ahead = run(section, at(edge + SECOND), key=key)
    assert ahead.exit_code == 4
    assert ahead.undecided == ("provenance.age",)
    assert "no usable time" in ahead.found("provenance.age")
    assert run(section, at(NOW - 8 * DAY), key=key).exit_code == 1


def test_a_keys_claim_about_a_commit_has_the_age_that_it_states() -> None:
    """Rules 5 and 28: ahead of the clock it is undecided, too old it counts for no commit."""
    head = SIGNERS.replace("version = 1", "") + BUILDER + f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = "any"\n'
    section = (
        f'{PROVEN}\n[rules.agents]\nallow = ["copilot"]\nmin-trust = "tenant"\nsigners = ["key"]\nmax-age = "7d"\n'
    )
    key = f'log = "optional"\n{POINTER}'

    def at(moment: datetime) -> AboutSource:
        said = {"authorship": {"kind": "ai-autonomous"}, "agent": {"tool": AGENT}, "scanned": {"at": iso(moment)}}
        item = about_source("dev.pedigree/ai-authorship/v1", said, {"sha1": HEAD})
        return replace(item, signer=KeyIdentity(fingerprint=OURS), times=(), logs=(), seal=rooms._SEAL)

    def outcome(moment: datetime) -> Judgement:
        return judge(text(section, key, head=head), claimed(), at(moment), folder=LAB)

    assert outcome(NOW - DAY).exit_code == 0
    elsewhere = replace(_rejected(Doubt.CLOCK, OURS), digest=at(NOW - DAY).digest, root="own.json")
    for item, code in ((elsewhere, 0), (replace(elsewhere, layer=1), 4)):
        evidence = (claimed(), at(NOW - DAY), item)
        assert judge(text(section, key, head=head), *evidence, folder=LAB).exit_code == code
    assert outcome(NOW - 8 * DAY).failed == ("agents.age",)
    assert outcome(NOW + DAY).exit_code == 4


def test_a_time_ahead_of_the_clock_leaves_a_fail_undecided_only_where_an_age_is_asked_for() -> None:
    """Rule 28: without an age the time has nothing to do with why it fails."""
    predicate = {"scanned": {"at": iso(NOW + DAY)}}
    key = f'log = "optional"\n{POINTER}'
    signed = keyed(verified(SIGN_V1, predicate), OURS, times=(), logged=False)
    scanned = keyed(attestation(predicate=predicate), OURS, times=(), logged=False)
    built = keyed(provenance(predicate_v1(ref="refs/heads/x", **predicate)), OURS, times=(), logged=False)
    source = f'[rules.provenance]\nsigners = ["key"]\nlevel = 1\nsource = ["{REPOSITORY}"]\nrefs = ["{MAIN}"]\n'
    other = SCAN.replace('"vuln"', '"spdx"')
    for section, evidence, code in (
        (f'{SIGNATURE}max-age = "7d"\n', signed, 4),
        (SIGNATURE, scanned, 1),
        (f'{source}max-age = "7d"\n', built, 4),
        (source, built, 1),
        (f'{other}max-age = "7d"\n', scanned, 4),
        (f'{other}select = "latest"\n', scanned, 4),
        (other, scanned, 1),
    ):
        assert run(section, evidence, key=key).exit_code == code, section


def test_claims_of_whose_age_nobody_asks_may_be_ahead_of_the_clock() -> None:
    """Rule 28: an age that is asked for is undecided; where none is, the clock has nothing to say."""
    section = (
        f'[rules.provenance]\nsigners = ["key"]\nlevel = 1\nsource = ["{REPOSITORY}"]\nrefs = ["{MAIN}"]\n'
        '[rules.agents]\nallow = ["copilot"]\nmin-trust = "tenant"\n'
    )
    head = COPILOT.replace('signers = ["platform"]', "")
    predicate = predicate_v1(claims=[claim()], scanned={"at": iso(NOW + DAY)})
    built = keyed(provenance(predicate), OURS, times=(), logged=False)
    key = f'log = "optional"\n{POINTER}'
    assert judge(text(section, key, head=head), built, folder=LAB).exit_code == 0
    aged = judge(text(f'{section}max-age = "7d"\n', key, head=head), built, folder=LAB)
    assert ("agents.age" in aged.undecided, aged.exit_code) == (True, 4)


@pytest.mark.parametrize("check", ["source", "agents"])
def test_a_keys_statement_about_a_commit_that_is_ahead_of_the_clock_is_undecided(check: str) -> None:
    """Rule 28: of an age that cannot be told, no fail says that it is too old."""
    summary = {
        "verifier": {"id": "https://source.acme.com"},
        "resourceUri": REPOSITORY,
        "policy": {"uri": "https://acme.com/source-policy"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_SOURCE_LEVEL_3"],
    }
    written = {"authorship": {"kind": "ai-autonomous"}, "agent": {"tool": AGENT, "model": MODEL}}
    pair = '{ verifier = "https://source.acme.com", signer = "key", level = 3 }'
    asked = {
        "source": f'[rules.source]\nlevel = 3\nrefs = "any"\nvsa = [{pair}]\n',
        "agents": '[rules.agents]\nallow = ["copilot"]\nsigners = ["key"]\nmin-trust = "tenant"\n',
    }[check]
    key = f'[signers.key]\nkey = "key.pub"\nlog = "optional"\n{POINTER}\n'
    ageless = f"{SIGNERS}{key}{BUILDER}{COPILOT}{RULE}{PROVEN}\n{asked}"
    whole = f'{ageless}max-age = "7d"\n'
    kind, predicate = (VSA_V1, summary) if check == "source" else ("dev.pedigree/ai-authorship/v1", written)

    def code(moment: datetime, policy: str = whole) -> int:
        item = about_source(kind, {**predicate, "scanned": {"at": iso(moment)}}, {"gitCommit": HEAD})
        said = replace(item, signer=KeyIdentity(fingerprint=OURS), times=(), logs=(), seal=rooms._SEAL)
        return judge(policy, provenance(predicate_v1(claims=[])), said, folder=LAB).exit_code

    assert code(NOW) == 0
    assert code(NOW - 8 * DAY) == 1
    assert code(NOW + DAY) == 4
    assert code(NOW + DAY, ageless) == 0, "without an age nobody asks when"


def test_a_keys_signature_without_a_usable_time_says_so_whatever_its_log_says() -> None:
    """Rule 5: the log's time is no age."""
    simple = keyed(message(content=Content.SIMPLE_SIGNING), OURS)
    found = run(f'{SIGNATURE}max-age = "7d"\n', simple, key=POINTER).found("signature")
    assert found == f"one by 'key sha256:{OURS}', without a usable time: too old"


def test_of_two_attestations_by_a_key_the_one_without_a_usable_time_may_be_the_latest(tmp_path: Path) -> None:
    """Rule 5: so both must hold."""
    (tmp_path / "key.pub").write_bytes((LAB / "key.pub").read_bytes())
    (tmp_path / "clean.json").write_text('{"required": ["clean"]}', encoding="utf-8")
    section = text(f'{SCAN}select = "latest"\nschema = "clean.json"\n', POINTER)
    dated = keyed(attestation(predicate={"scanned": {"at": iso(NOW - DAY)}, "clean": True}), OURS)
    for undated, code in (({"clean": True}, 0), ({"dirty": True}, 1)):
        judged = judge(section, dated, keyed(attestation(predicate=undated), OURS), folder=tmp_path)
        assert judged.exit_code == code


# What could not be read (rules 6 and 28).


@pytest.mark.parametrize("doubt", [Doubt.CLOCK, Doubt.UNREADABLE])
def test_a_doubtful_rejection_of_a_named_key_is_not_absence(doubt: Doubt) -> None:
    """Rules 6 and 28: and of another key it is nothing."""
    ours = _rejected(doubt, OURS)
    assert run(SIGNATURE, ours).exit_code == 4
    assert run(SIGNATURE, _rejected(doubt, ANOTHER)).exit_code == 1
    assert run(SIGNATURE, rejected(doubt)).exit_code == 1
    assert run(SIGNATURE, keyed(signature(), OURS), ours).exit_code == 0
    assert run(SCAN, keyed(attestation(), OURS), ours).exit_code == 4


@pytest.mark.parametrize("doubt", sorted(set(Doubt) - {Doubt.INTERNAL}))
def test_a_doubtful_rejection_that_names_nobody_is_no_keys(doubt: Doubt) -> None:
    assert run(SIGNATURE, _rejected(doubt, None)).exit_code == 1


def test_a_doubt_in_one_root_about_what_counts_in_another_is_none() -> None:
    """A key's signer may be of any root: what could not be told in the one was told in the other."""
    item = keyed(attestation(), OURS)
    doubted = replace(_rejected(Doubt.CLOCK, OURS), digest=item.digest, root="own.json")
    assert run(SCAN, item, doubted).exit_code == 0
    assert run(SCAN, item, replace(doubted, layer=1)).exit_code == 4
    strangers = keyed(attestation(predicate={"by": "another"}), ANOTHER)
    assert run(SCAN, item, strangers, replace(doubted, digest=strangers.digest)).exit_code == 4


def _rejected(doubt: Doubt, fingerprint: str | None) -> Rejected:
    item = rejected(doubt)
    return Rejected(
        digest=item.digest,
        layer=item.layer,
        kind=item.kind,
        step=item.step,
        reason=item.reason,
        stated=None if fingerprint is None else KeyIdentity(fingerprint=fingerprint),
        authentic=item.authentic,
        doubt=doubt,
    )


def test_a_refusal_says_which_key_signed() -> None:
    found = run(SIGNATURE, keyed(signature(), ANOTHER)).found("signature")
    assert f"key sha256:{ANOTHER}" in found
    assert "its key is" in found
    assert "with a certificate, not with the key" in run(SIGNATURE, signature()).found("signature")
    assert "no entry of a known transparency log" in run(
        SIGNATURE, keyed(verified(SIGN_V1), OURS, times=(), logged=False)
    ).found("signature")


def test_claims_that_a_key_signs_are_the_keys() -> None:
    """Rule 14: `agents.signers` may be a key; a stranger's key is a stranger."""
    named = AGENTS_POLICY.replace(RULE, f'[signers.key]\nkey = "key.pub"\n{RULE}') + 'min-trust = "tenant"\n'
    named += 'signers = ["key"]\n'
    beside = provenance(predicate_v1(claims=[claim()], builder="https://claims.example/builder"))
    assert judge(named, claimed(), keyed(beside, OURS), folder=LAB).exit_code == 0
    assert judge(named, claimed(), keyed(beside, ANOTHER), folder=LAB).failed == ("agents.coverage",)
