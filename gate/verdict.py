"""Results of checks -> one verdict. The only place where anything becomes a PASS.

What comes in: results, each with its outcome. What goes out: a verdict and its exit code, both derived from the same
results. It runs no check and stores no answer twice.

The fold fails closed (design section 5, step 6; rules 21, 26): no rule, no result or no passed result is never a PASS.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gate.policy.model import Waiver
    from gate.reference import Digest

EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_INVALID = 2
EXIT_RETRY = 3
EXIT_STUCK = 4
_SAID = 2
"""Reasons that one check repeats of why it could not look; the ledger has them all."""
_WORST_FIRST = (EXIT_STUCK, EXIT_RETRY, EXIT_INVALID, EXIT_FAIL, EXIT_PASS)


class Outcome(StrEnum):
    """What one check found. Only `PASS` counts as something that was checked and held."""

    PASS = "pass"
    FAIL = "fail"
    WAIVED = "waived"
    """It failed, and a waiver that is in force lets that pass (rule 21)."""
    ERROR = "error"
    """It could not be decided: something could not be looked at."""


class Verdict(StrEnum):
    """What a run says, one word for each exit code (3 and 4 are both `UNDECIDED`)."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"
    UNDECIDED = "undecided"


class Gap(Struct, frozen=True, kw_only=True):
    """Something that could not be looked at, and whether a retry may help (exit code 3) or not (4).

    `remedy` says what to do about it, where there is more to say than that.
    """

    reason: str
    exit_code: int
    remedy: str = ""


class Result(Struct, frozen=True, kw_only=True):
    """One check of one rule: what was expected, what was found, by which evidence, and what to do about it.

    `check` is the stable id. `exit_code` is what this result alone would end the run with.
    """

    check: str
    outcome: Outcome
    expected: str
    found: str
    evidence: tuple[Digest, ...] = ()
    remedy: str = ""
    gaps: tuple[Gap, ...] = ()
    waiver: Waiver | None = None

    @property
    def settled(self) -> bool:
        """Whether it passed, or failed and is waived."""
        return self.outcome is Outcome.PASS or (self.outcome is Outcome.WAIVED and self.waiver is not None)

    @property
    def exit_code(self) -> int:
        """The exit code that this result asks for, beside one that passed. A waived result without a waiver failed."""
        if self.settled:
            return EXIT_PASS
        if self.outcome in (Outcome.FAIL, Outcome.WAIVED):
            return EXIT_FAIL
        return worst(gap.exit_code for gap in self.gaps)


def settle(result: Result, gaps: Sequence[Gap], *, over_complete_ledger: bool) -> Result:
    """Turn a result into `ERROR` where what could not be looked at might have changed it (rules 26 and 27).

    A fail stands only over a complete ledger. So does a pass of a check that more evidence could turn
    (`over_complete_ledger`); any other pass stands.
    """
    if not gaps or (result.outcome is Outcome.PASS and not over_complete_ledger):
        return result
    first, *_ = ordered = sorted(gaps, key=lambda gap: gap.exit_code == EXIT_RETRY)  # what a retry does not help first
    reasons = list(dict.fromkeys(gap.reason for gap in ordered))
    said = "; ".join(reasons[:_SAID]) + (f"; and {len(reasons) - _SAID} more" if len(reasons) > _SAID else "")
    hint = "run it again" if first.exit_code == EXIT_RETRY else "see why, then run it again"
    return replace(
        result,
        outcome=Outcome.ERROR,
        found=f"could not look: {said} (found so far: {result.found})",
        remedy=first.remedy or f"this says nothing about the image yet: {hint}",
        gaps=tuple(gaps),
    )


def decide(rules: Sequence[Sequence[Result]]) -> int:
    """The exit code of one image, from the results of each rule that it matched: fail, then undecided, then pass."""
    results = [result for rule in rules for result in rule]
    codes = {result.exit_code for result in results}
    for code in (EXIT_FAIL, EXIT_STUCK, EXIT_RETRY):
        if code in codes:
            return code
    if not rules or not all(any(result.outcome is Outcome.PASS for result in rule) for rule in rules):
        return EXIT_STUCK  # nothing was checked: never a pass (rule 21)
    if all(result.settled for result in results):
        return EXIT_PASS
    return EXIT_STUCK


def worst(codes: Iterable[int]) -> int:
    """The worst of several exit codes: 4 > 3 > 2 > 1 > 0. None at all is not a pass."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), EXIT_STUCK)


def verdict_of(exit_code: int) -> Verdict:
    """The word for an exit code. Whatever is not 0, 1 or 2 is undecided."""
    known = {EXIT_PASS: Verdict.PASS, EXIT_FAIL: Verdict.FAIL, EXIT_INVALID: Verdict.INVALID}
    return known.get(exit_code, Verdict.UNDECIDED)
