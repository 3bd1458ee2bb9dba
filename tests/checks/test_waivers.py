"""What a waiver lets pass, and what it never touches (design rule 21)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gate.reference import Digest
from gate.verdict import EXIT_FAIL, EXIT_PASS, EXIT_RETRY, Gap, Outcome
from tests.evidence import (
    IMAGE,
    NOW,
    PROVENANCE_POLICY,
    RULE,
    SIGNATURE_POLICY,
    SIGNED,
    SIGNERS,
    attestation,
    github,
    judge,
    predicate_v1,
    provenance,
    signature,
    stranger,
)

OTHER = Digest("sha256", "f" * 64)
OLD = predicate_v1(ref="refs/heads/old")
OLD_BUILD = provenance(OLD, signer=github(ref="refs/heads/old"))


LINE = PROVENANCE_POLICY.count("\n") + 2
OTHER_RULE = """
[[rules]]
name = "other"
images = ["ghcr.io/else"]
provenance = { builders = ["release"], level = 1, source = "any", refs = "any" }
"""


def waiver(check: str = "provenance.ref", images: str = "ghcr.io/acme/api", expires: str = "2027-01-31") -> str:
    return (
        f'\n[[waivers]]\nrule = "production"\ncheck = "{check}"\nimages = ["{images}"]\n'
        f'reason = "old branch"\nowner = "ada"\nexpires = {expires}\n'
    )


def test_a_failed_check_is_waived_and_says_so() -> None:
    assert judge(PROVENANCE_POLICY, OLD_BUILD).failed == ("provenance.ref",)
    judgement = judge(PROVENANCE_POLICY + waiver(), OLD_BUILD)
    assert judgement.exit_code == EXIT_PASS
    assert judgement.outcomes["provenance.ref"] is Outcome.WAIVED
    (result,) = [item for item in judgement.results if item.check == "provenance.ref"]
    assert result.waiver is not None
    assert (result.waiver.owner, result.waiver.reason) == ("ada", "old branch")


@pytest.mark.parametrize(
    "text",
    [
        waiver(check="provenance.source"),
        waiver(check="provenance"),
        waiver(images="ghcr.io/acme/other"),
        waiver(images=f"ghcr.io/acme/api@{OTHER}"),
        waiver(expires="2026-11-23T12:00:00Z"),
        OTHER_RULE + waiver().replace('"production"', '"other"'),
    ],
    ids=["another check", "its family", "another image", "another digest", "ended now", "another rule"],
)
def test_a_waiver_of_something_else_changes_nothing(text: str) -> None:
    judgement = judge(PROVENANCE_POLICY + text, OLD_BUILD)
    assert judgement.exit_code == EXIT_FAIL
    assert judgement.failed == ("provenance.ref",)


def test_it_holds_to_the_second_before_it_ends() -> None:
    text = PROVENANCE_POLICY + waiver(expires="2026-11-23T12:00:00Z")
    assert judge(text, OLD_BUILD, now=NOW - timedelta(seconds=1)).exit_code == EXIT_PASS
    ended = judge(text, OLD_BUILD, now=NOW)
    assert ended.exit_code == EXIT_FAIL
    assert "a waiver of it expired at 2026-11-23T12:00:00Z" in ended.found("provenance.ref")


def test_a_bare_date_ends_at_midnight_utc_of_that_day() -> None:
    text = PROVENANCE_POLICY + waiver(expires="2026-11-24")
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    assert judge(text, OLD_BUILD, now=midnight - timedelta(seconds=1)).exit_code == EXIT_PASS
    assert judge(text, OLD_BUILD, now=midnight).exit_code == EXIT_FAIL


@pytest.mark.parametrize("images", [f"ghcr.io/acme/api@{IMAGE}", f"ghcr.io/**@{IMAGE}", "ghcr.io/acme/*"])
def test_it_may_name_images_by_glob_and_by_digest(images: str) -> None:
    assert judge(PROVENANCE_POLICY + waiver(images=images), OLD_BUILD).exit_code == EXIT_PASS


def test_one_of_several_images_is_enough() -> None:
    text = waiver().replace('images = ["ghcr.io/acme/api"]', f'images = ["ghcr.io/acme/x", "ghcr.io/acme/api@{IMAGE}"]')
    assert judge(PROVENANCE_POLICY + text, OLD_BUILD).exit_code == EXIT_PASS
    others = text.replace(str(IMAGE), str(OTHER))
    assert judge(PROVENANCE_POLICY + others, OLD_BUILD).exit_code == EXIT_FAIL


def test_a_rule_of_which_nothing_passed_is_not_waived() -> None:
    """In each rule at least one required check must have passed."""
    judgement = judge(SIGNATURE_POLICY + waiver("signature"), signature(stranger()))
    assert judgement.exit_code == EXIT_FAIL
    assert "waived, but nothing else of this rule passes" in judgement.found("signature")


def test_another_rules_pass_does_not_hold_a_waived_one() -> None:
    second = '\n[[rules]]\nname = "second"\nimages = ["ghcr.io/acme/**"]\n[rules.signature]\nsigners = ["scanner"]\n'
    text = SIGNATURE_POLICY + second + waiver("signature").replace('"production"', '"second"')
    judgement = judge(text, signature())
    assert judgement.outcomes["signature"] is Outcome.FAIL
    assert judgement.exit_code == EXIT_FAIL


@pytest.mark.parametrize("levels", [(1, 9), (9, 1)])
def test_of_two_entries_of_one_type_the_one_that_fails_is_waived(levels: tuple[int, int]) -> None:
    """Rule 22: they have one id; the other holds the rule, wherever it stands, and the waiver is needed."""
    entry = '[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner"]\nwhere = [{{ at = "/n", at-least = {} }}]\n'
    text = SIGNERS + RULE + "".join(entry.format(level) for level in levels)
    judgement = judge(text + waiver(check="attestations.vuln"), attestation(predicate={"n": 5}))
    assert judgement.exit_code == EXIT_PASS
    assert sorted(result.outcome for result in judgement.results) == [Outcome.PASS, Outcome.WAIVED]
    assert judgement.rules[0].warnings == ()


def test_an_error_is_never_waived() -> None:
    gap = Gap(reason="the registry did not answer", exit_code=EXIT_RETRY)
    judgement = judge(PROVENANCE_POLICY + SIGNED + waiver("signature"), provenance(), gaps=[gap])
    assert judgement.outcomes["signature"] is Outcome.ERROR
    assert judgement.exit_code == EXIT_RETRY


def test_a_waived_check_does_not_hide_another_that_fails() -> None:
    item = provenance(OLD, signer=github(ref="refs/heads/old", runner="self-hosted"))
    judgement = judge(PROVENANCE_POLICY + waiver(), item)
    assert (judgement.failed, judgement.exit_code) == (("provenance.level",), EXIT_FAIL)


def test_a_deny_is_not_outweighed_by_a_waiver() -> None:
    deny = f'\n[[deny]]\ndigests = ["{IMAGE}"]\nreason = "stolen"\n'
    judgement = judge(PROVENANCE_POLICY + deny + waiver(), OLD_BUILD)
    assert (judgement.failed, judgement.exit_code) == (("deny",), EXIT_FAIL)


def test_one_that_is_not_needed_is_pointed_out() -> None:
    (rule,) = judge(PROVENANCE_POLICY + waiver(), provenance()).rules
    assert rule.warnings == (
        f"/nowhere/policy.toml:{LINE}:3: waivers[0]: 'ghcr.io/acme/api' passes provenance.ref without it; take it out",
    )
    assert judge(PROVENANCE_POLICY + waiver(), OLD_BUILD).rules[0].warnings == ()
    ended = judge(PROVENANCE_POLICY + waiver(expires="2026-11-23T12:00:00Z"), provenance())
    assert ended.rules[0].warnings == (), "it is said of the policy that it ended, and it is not in force for anything"


def test_a_rules_own_words_come_with_its_results() -> None:
    text = SIGNATURE_POLICY.replace('name = "production"', 'name = "production"\nmessage = "ask"\ndocs = "https://x"')
    (rule,) = judge(text, signature()).rules
    assert (rule.message, rule.docs) == ("ask", "https://x")
