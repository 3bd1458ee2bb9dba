"""The story of one verdict, on one page (design section 5).

What comes in: a reference, a policy, trust roots, limits, and the moment that counts as now. What goes out: an
`ImageJudgement`. Everything between the source and the judgement is pure given those; nothing here prints, exits, reads
the environment or asks what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gate.discovery import Discovery, LedgerEntry, discover, discover_file
from gate.errors import CouldNotLook, DeadlineExceeded
from gate.parallel import Background
from gate.reference import Transport
from gate.verdict import Gap, decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.checks import RuleResult
    from gate.limits import Deadline, Limits
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources import Content, Sources
    from gate.trust import TrustRoot
    from gate.verification import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageJudgement:
    """What was found about one image. `error` says why there are no rule results; its code then is the exit code."""

    reference: Reference
    image: Content | None
    rules: tuple[RuleResult, ...]
    evidence: tuple[Evidence, ...]
    ledger: tuple[LedgerEntry, ...]
    error: CouldNotLook | None
    credentials: str | None = None
    """Where the credentials came from that the registry was shown; None if none were."""

    @property
    def exit_code(self) -> int:
        """The exit code for this image alone."""
        return self.error.exit_code if self.error is not None else decide([rule.results for rule in self.rules])


def judge(
    reference: Reference,
    policy: Policy,
    *,
    roots: Sequence[TrustRoot],
    sources: Sources,
    limits: Limits,
    deadline: Deadline,
    now: datetime,
    bundle: str = "",
) -> ImageJudgement:
    """Judge one image, or a file with the bundles in the file `bundle`. `sources` may be shared by several judgements.

    Raises `Invalid` for a reference or a root that is none; nothing else is raised on purpose.
    """
    # 1, 2. Reference and discovery: the first request is in flight while the heavy half is imported below.
    looking = Background(partial(_look, reference, bundle, sources, limits, deadline))
    from gate.checks import check_image  # noqa: PLC0415
    from gate.claims import read_claims  # noqa: PLC0415
    from gate.policy.model import KeyHolder  # noqa: PLC0415
    from gate.verification import Artifact, Root, verify  # noqa: PLC0415

    ready = [Root(root) for root in roots]
    keys = [signer.holder.key for signer in policy.signers.values() if isinstance(signer.holder, KeyHolder)]
    try:
        found = looking.result(deadline)
    except CouldNotLook as error:
        return _undecided(reference, error)

    # 3. Verification: candidates become evidence, for this digest and for nothing else.
    artifact = Artifact.of(found.image, any_digest=reference.transport is Transport.FILE)
    try:
        evidence = verify(deadline.each(found.candidates), artifact, ready, keys, now=now, limits=limits)
    except DeadlineExceeded as error:
        return ImageJudgement(
            reference=reference,
            image=found.image,
            rules=(),
            evidence=(),
            ledger=found.ledger,
            error=error,
            credentials=found.credentials,
        )
    # 4. Claims: what the verified statements say, and who says it.
    claims = read_claims(evidence, limits=limits)
    # 5. Checks: every rule that matches; what could not be looked at keeps a result from being final.
    gaps = tuple(Gap(reason=str(missed), exit_code=missed.exit_code) for missed in found.missed)
    rules = check_image(reference, claims, policy, gaps=gaps, now=now)
    # 6. Verdict: derived from the results, wherever it is asked for.
    return ImageJudgement(
        reference=reference,
        image=found.image,
        rules=rules,
        evidence=evidence,
        ledger=found.ledger,
        error=None,
        credentials=found.credentials,
    )


def _look(reference: Reference, bundle: str, sources: Sources, limits: Limits, deadline: Deadline) -> Discovery:
    if reference.transport is Transport.FILE:
        return discover_file(reference.location, bundle, limits=limits)
    source = sources.open(reference)
    try:
        return discover(source, digest=reference.digest, limits=limits, deadline=deadline)
    except CouldNotLook as error:
        error.credentials = source.credentials
        raise


def _undecided(reference: Reference, error: CouldNotLook) -> ImageJudgement:
    missed = LedgerEntry(
        place="image", asked=reference.text, status=error.status, found=0, bytes=0, complete=False, error=error
    )
    return ImageJudgement(
        reference=reference,
        image=None,
        rules=(),
        evidence=(),
        ledger=(missed,),
        error=error,
        credentials=error.credentials,
    )
