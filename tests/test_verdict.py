"""Results become one verdict, and only there; nothing checked is never a PASS."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from msgspec.structs import replace

from gate.discovery import LedgerEntry
from gate.errors import AccessDenied, CouldNotLook, Finding, Unavailable
from gate.flow import ImageJudgement
from gate.policy.model import Waiver
from gate.reference import parse_reference
from gate.verdict import (
    EXIT_FAIL,
    EXIT_INVALID,
    EXIT_PASS,
    EXIT_RETRY,
    EXIT_STUCK,
    Gap,
    Outcome,
    Result,
    Verdict,
    decide,
    settle,
    verdict_of,
    worst,
)

LATER = Gap(reason="no answer", exit_code=EXIT_RETRY)
NEVER = Gap(reason="refused", exit_code=EXIT_STUCK)


def result(outcome: Outcome, *gaps: Gap) -> Result:
    return Result(check="signature", outcome=outcome, expected="a signature", found="what was found", gaps=gaps)


PASSED, FAILED = result(Outcome.PASS), result(Outcome.FAIL)
PLACE = Finding(file="policy.toml", line=1, column=1, key="waivers[0]", text="")
BARE_WAIVED = result(Outcome.WAIVED)
WAIVED = replace(
    BARE_WAIVED,
    waiver=Waiver(place=PLACE, rule="r", check="signature", images=(), reason="x", owner="y", expires=None),
)
RETRY, STUCK, BARE = result(Outcome.ERROR, LATER), result(Outcome.ERROR, NEVER), result(Outcome.ERROR)


# decide: one image.


def test_an_image_passes_where_every_result_of_every_rule_passed() -> None:
    """Section 5, step 6."""
    assert decide([[PASSED]]) == EXIT_PASS
    assert decide([[PASSED, PASSED], [PASSED]]) == EXIT_PASS


@pytest.mark.parametrize("rules", [[], [[]], [[], []], [[PASSED], []], [[], [PASSED]]])
def test_no_rule_or_a_rule_without_a_pass_is_never_a_pass(rules: list[list[Result]]) -> None:
    """Rule 21: in each rule at least one required check must have passed. Section 9: never PASS with zero checks."""
    assert decide(rules) == EXIT_STUCK


def test_inside_an_image_a_fail_stands_over_undecided_and_undecided_over_a_pass() -> None:
    """Rule 26: fail, then undecided (4, 3), then pass; in whatever order and rule they come."""
    for order in permutations([PASSED, FAILED, RETRY, STUCK]):
        assert decide([order]) == EXIT_FAIL
        assert decide([[item] for item in order]) == EXIT_FAIL
    for order in permutations([PASSED, RETRY, STUCK]):
        assert decide([order]) == EXIT_STUCK
        assert decide([[item] for item in order]) == EXIT_STUCK
    for order in permutations([PASSED, RETRY]):
        assert decide([order]) == EXIT_RETRY


def test_only_passes_alone_are_a_pass() -> None:
    """Section 9: over every combination of three results in one rule and in three."""
    for trio in product([PASSED, FAILED, RETRY, STUCK, BARE, BARE_WAIVED], repeat=3):
        passed = all(item is PASSED for item in trio)
        assert (decide([trio]) == EXIT_PASS) is passed
        assert (decide([[item] for item in trio]) == EXIT_PASS) is passed


def test_a_waived_result_is_let_pass_beside_one_that_passed_and_never_alone() -> None:
    """Rule 21: in each rule at least one required check must have passed."""
    assert decide([[PASSED, WAIVED]]) == EXIT_PASS
    assert decide([[WAIVED]]) == EXIT_STUCK
    assert decide([[PASSED], [WAIVED]]) == EXIT_STUCK
    assert decide([[PASSED, WAIVED, FAILED]]) == EXIT_FAIL
    assert decide([[PASSED, WAIVED, RETRY]]) == EXIT_RETRY


@pytest.mark.parametrize("item", [FAILED, RETRY, STUCK, BARE])
def test_a_waiver_beside_a_result_that_is_not_waived_lets_nothing_pass(item: Result) -> None:
    """Rule 21: they never touch an error, and a fail is let pass only by an outcome that says so."""
    beside = replace(item, waiver=WAIVED.waiver)
    assert not beside.settled
    assert decide([[PASSED, beside]]) == decide([[PASSED, item]]) != EXIT_PASS


@pytest.mark.parametrize("code", [0, 1, 2, 5, -1, 130])
def test_an_error_is_never_a_pass_whatever_its_gap_says(code: int) -> None:
    """Section 9: not even an impossible one."""
    odd = result(Outcome.ERROR, Gap(reason="odd", exit_code=code))
    assert decide([[PASSED, odd]]) != EXIT_PASS
    assert decide([[odd]]) != EXIT_PASS


def test_an_error_without_a_reason_will_not_go_away_by_itself() -> None:
    assert BARE.exit_code == EXIT_STUCK
    assert result(Outcome.ERROR, LATER, NEVER).exit_code == EXIT_STUCK
    assert RETRY.exit_code == EXIT_RETRY


# worst: several images.


def test_between_images_the_worst_stands() -> None:
    """Rule 26: 4 > 3 > 2 > 1 > 0."""
    codes = [EXIT_PASS, EXIT_FAIL, EXIT_INVALID, EXIT_RETRY, EXIT_STUCK]
    for order in permutations(codes):
        assert worst(order) == EXIT_STUCK
    for place, code in enumerate(codes):
        assert worst(codes[: place + 1]) == code
        assert worst(reversed(codes[: place + 1])) == code


def test_no_image_at_all_is_no_pass() -> None:
    """Section 9."""
    assert worst([]) == EXIT_STUCK
    assert worst([99]) == EXIT_STUCK


def test_each_exit_code_has_one_word() -> None:
    """Section 2: 3 and 4 are both undecided, and so is all that is none of the five."""
    assert [verdict_of(code) for code in range(5)] == [
        Verdict.PASS,
        Verdict.FAIL,
        Verdict.INVALID,
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
    ]
    assert {verdict_of(code) for code in (-1, 5, 130, 143)} == {Verdict.UNDECIDED}


# settle: what could not be looked at.


@pytest.mark.parametrize("item", [PASSED, FAILED])
def test_a_result_over_a_complete_ledger_stands(item: Result) -> None:
    """Rules 26 and 27."""
    for over in (True, False):
        assert settle(item, (), over_complete_ledger=over) is item


def test_of_many_reasons_the_worst_are_said_and_the_others_counted() -> None:
    """Each of a hundred places that fail is in the ledger; a check that repeats them all is not read."""
    more = [Gap(reason=f"place {number}", exit_code=EXIT_RETRY) for number in range(3)]
    for gaps, said in (
        ([LATER], "no answer"),
        ([LATER, LATER], "no answer"),
        ([LATER, NEVER], "refused; no answer"),
        ([LATER, NEVER, more[0]], "refused; no answer; and 1 more"),
        ([*more, LATER, NEVER], "refused; place 0; and 3 more"),
    ):
        found = settle(FAILED, gaps, over_complete_ledger=False)
        assert found.found == f"could not look: {said} (found so far: what was found)"
        assert found.gaps == tuple(gaps)


def test_what_to_do_is_what_the_worst_reason_says() -> None:
    log_in, wait = replace(NEVER, remedy="log in"), replace(LATER, remedy="wait")
    yet = "this says nothing about the image yet: "
    for gaps, remedy in (
        ([LATER], f"{yet}run it again"),
        ([NEVER], f"{yet}see why, then run it again"),
        ([LATER, NEVER], f"{yet}see why, then run it again"),
        ([wait], "wait"),
        ([wait, log_in], "log in"),
        ([wait, NEVER], f"{yet}see why, then run it again"),
    ):
        assert settle(FAILED, gaps, over_complete_ledger=False).remedy == remedy


def test_over_a_gap_a_fail_is_an_error_and_a_pass_one_where_more_could_turn_it() -> None:
    """Rules 26 and 27."""
    assert settle(PASSED, [LATER], over_complete_ledger=False) is PASSED
    for item, over in ((PASSED, True), (FAILED, True), (FAILED, False)):
        settled = settle(item, [LATER], over_complete_ledger=over)
        assert (settled.outcome, settled.exit_code) == (Outcome.ERROR, EXIT_RETRY)
        assert settled.check == item.check
        assert "no answer" in settled.found
        assert "what was found" in settled.found


def test_a_retry_is_advised_where_it_can_help() -> None:
    """Section 2: 3 may help, 4 does not."""
    retried = settle(FAILED, [LATER, LATER], over_complete_ledger=False)
    assert retried.remedy == "this says nothing about the image yet: run it again"
    mixed = settle(FAILED, [LATER, NEVER], over_complete_ledger=False)
    assert mixed.exit_code == EXIT_STUCK
    assert mixed.remedy == "this says nothing about the image yet: see why, then run it again"


# An image that was not judged.


@pytest.mark.parametrize(("error", "code"), [(AccessDenied("no"), EXIT_STUCK), (Unavailable("down"), EXIT_RETRY)])
def test_an_image_that_could_not_be_had_ends_with_its_errors_code(error: CouldNotLook, code: int) -> None:
    """Section 2: whatever else is in the judgement."""
    entry = LedgerEntry(place="image", asked="x", status=None, found=0, bytes=0, complete=False, error=error)
    judgement = ImageJudgement(
        reference=parse_reference("ghcr.io/acme/api"), image=None, rules=(), judged=(), asked=(entry,), error=error
    )
    assert judgement.exit_code == code


def test_an_image_without_an_error_and_without_a_rule_is_no_pass() -> None:
    """Section 9."""
    judgement = ImageJudgement(
        reference=parse_reference("ghcr.io/acme/api"), image=None, rules=(), judged=(), error=None
    )
    assert judgement.exit_code == EXIT_STUCK
