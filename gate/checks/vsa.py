"""Which level a verification summary is worth, for the image or for its commit (design rule 13).

What comes in: the rule's pairs of verifier and signer, and the summaries. What goes out: `Vouched`, the level that the
summaries which count come to, by which evidence, and why the others do not. SLSA's "How to verify" has seven steps:
signature (1), subject (2) and type (3) are verification's, the rest is here, in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.checks.ages import young
from gate.checks.signers import signed_by, signing_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from gate.claims.vsa import Summary, Track
    from gate.policy.demands import Verifier
    from gate.policy.model import Policy
    from gate.reference import Digest

_SHOWN: Final = 3


class Vouched(Struct, frozen=True, kw_only=True):
    """What the summaries that count come to: `level` is None without one. `why` is what the others lack."""

    level: int | None = None
    by: str = ""
    evidence: tuple[Digest, ...] = ()
    why: tuple[str, ...] = ()

    def words(self) -> str:
        """For a message: what they say, or why they say nothing."""
        if self.level is not None:
            return f"a verification summary by {self.by!a} says level {self.level}"
        more = f"; and {len(self.why) - _SHOWN} more" if len(self.why) > _SHOWN else ""
        return "; ".join(self.why[:_SHOWN]) + more


def vouched(
    verifiers: tuple[Verifier, ...],
    summaries: Iterable[Summary],
    track: Track,
    is_expected: Callable[[Summary, Verifier], bool],
    policy: Policy,
    *,
    max_age: timedelta | None,
    now: datetime,
) -> Vouched:
    """The highest level that one summary gives, at most what its pair is worth. `is_expected` compares its resource.

    Each summary is judged by itself, under the pair that it is of; of several pairs the lowest holds, as for builders.
    """
    best = Vouched()
    why: list[str] = []
    for summary in summaries:
        pairs = [item for item in verifiers if signed_by(summary.evidence, (item.signer,), policy)]
        if not pairs:
            continue  # anybody's
        # 4. verifier.id: of the same pair as the signer.
        pairs = [item for item in pairs if item.verifier.matches_identity(summary.verifier)]
        level, problem = _judge(summary, pairs, track, is_expected, policy, max_age, now)
        if problem is not None:
            why.append(f"the verification summary of {summary.verifier!a} does not count: {problem}")
        elif best.level is None or level > best.level:
            best = Vouched(level=level, by=summary.verifier, evidence=(summary.evidence.digest,))
    return Vouched(level=best.level, by=best.by, evidence=best.evidence, why=tuple(dict.fromkeys(why)))


def _judge(
    summary: Summary,
    pairs: list[Verifier],
    track: Track,
    is_expected: Callable[[Summary, Verifier], bool],
    policy: Policy,
    max_age: timedelta | None,
    now: datetime,
) -> tuple[int, str | None]:
    if not pairs:
        return 0, "no pair of the policy has this verifier and this signer"
    if summary.problem is not None:  # with 6. verificationResult is PASSED
        return 0, summary.problem
    # 5. resourceUri: what the pair expects it to be.
    pairs = [item for item in pairs if is_expected(summary, item)]
    if not pairs:
        return 0, f"its resourceUri is {summary.resource!a}"
    names = tuple(item.signer for item in pairs)
    if not young(signing_time(summary.evidence, names, policy, now), max_age, now):
        return 0, "it is too old"
    # 7. verifiedLevels, of this track.
    if track not in summary.levels:
        return 0, f"its verifiedLevels name no level of the {track.lower()} track"
    return min(summary.levels[track], *(item.level for item in pairs)), None
