"""What was found about one reference.

What goes out: types; `without_predicates` and `without_manifests` let go of what a report does not need. `judge` and
`entries` make them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gate.limits import SMALL_DOCUMENT
from gate.verdict import EXIT_PASS, decide

if TYPE_CHECKING:
    from gate.checks import RuleResult
    from gate.discovery import LedgerEntry
    from gate.errors import CouldNotLook
    from gate.reference import Digest, Reference
    from gate.sources import Content
    from gate.verification import Evidence


class Judged(Struct, frozen=True, kw_only=True):
    """What was found about one digest, and what the rules say to it. `error` says why they say nothing."""

    image: Content
    rules: tuple[RuleResult, ...]
    evidence: tuple[Evidence, ...]
    ledger: tuple[LedgerEntry, ...]
    error: CouldNotLook | None = None

    @property
    def passes(self) -> bool:
        """Whether every rule is satisfied, and there is one: where there is an error there is none."""
        return decide([rule.results for rule in self.rules]) == EXIT_PASS


class ImageJudgement(Struct, frozen=True, kw_only=True):
    """What was found about one reference. `error` says why there are no rule results; its code then is the exit code.

    `judged` are the digests that were looked at: the one asked for, or entries of the index that it is. A pass holds
    for `covered` and for nothing else. `asked` is the part of the ledger that is about none of them; `notes` say what
    else was seen about a fail.
    """

    reference: Reference
    image: Content | None
    rules: tuple[RuleResult, ...]
    judged: tuple[Judged, ...]
    covered: tuple[Digest, ...] = ()
    asked: tuple[LedgerEntry, ...] = ()
    notes: tuple[str, ...] = ()
    error: CouldNotLook | None = None
    credentials: str | None = None
    """Where the credentials came from that the image's registry was shown; None if none were."""

    @property
    def exit_code(self) -> int:
        """The exit code for this image alone."""
        return self.error.exit_code if self.error is not None else decide([rule.results for rule in self.rules])

    @property
    def holds_for(self) -> tuple[Digest, ...]:
        """The digests that a pass holds for; none without one."""
        return self.covered if self.exit_code == EXIT_PASS else ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence, each piece about one of `judged`."""
        return tuple(entry for item in self.judged for entry in item.evidence)

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Every place that was looked at, for each digest."""
        return self.asked + tuple(entry for item in self.judged for entry in item.ledger)


def without_manifests(judgement: ImageJudgement) -> ImageJudgement:
    """The same without the bytes of any manifest that is larger than real ones are: there may be a thousand images."""

    def without(image: Content) -> Content:
        return replace(image, raw=b"") if len(image.raw) > SMALL_DOCUMENT else image

    judged = tuple(replace(item, image=without(item.image)) for item in judgement.judged)
    return replace(judgement, image=None if judgement.image is None else without(judgement.image), judged=judged)


def without_predicates(judged: Judged) -> Judged:
    """The same without what any predicate says: a report needs none of it."""
    from gate.verification import Signed, without_predicate  # noqa: PLC0415

    def settled(rule: RuleResult) -> RuleResult:
        commits = tuple(
            replace(item, claim=replace(item.claim, evidence=without_predicate(item.claim.evidence)))
            for item in rule.commits
        )
        return replace(rule, commits=commits)

    evidence = tuple(without_predicate(item) if isinstance(item, Signed) else item for item in judged.evidence)
    return replace(judged, evidence=evidence, rules=tuple(settled(rule) for rule in judged.rules))
