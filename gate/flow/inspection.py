"""A reference -> what is attached to it, what of that verifies, and what it claims. No verdict.

What comes in: a reference, trust roots, keys, and the moment that counts as now; a policy only to say of each commit
what its rules make of it. What goes out: an `Inspection`. The steps are those of a verdict (`judge`) without the last:
reference, discovery, verification, claims. Nothing that did not verify is parsed, and nobody is trusted here: who may
sign is for a policy to say.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gate.discovery import Discovery, Elsewhere, LedgerEntry, discover, discover_file
from gate.discovery.entries import read_index
from gate.errors import CouldNotLook, DeadlineExceeded, LimitExceeded
from gate.flow.entries import check_platforms
from gate.flow.steps import artifact_of, claims_of, rules_of, with_labels
from gate.limits import Tally
from gate.parallel import Background
from gate.progress import QUIET, Phase
from gate.reference import Transport
from gate.verdict import EXIT_PASS, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.checks.commits import CommitResult
    from gate.claims import Claims
    from gate.discovery import Candidate
    from gate.limits import Deadline, Limits
    from gate.policy.model import Policy
    from gate.progress import Progress
    from gate.reference import Reference
    from gate.sources import Content, Source, Sources
    from gate.sources.manifest import Descriptor
    from gate.trust import TrustRoot
    from gate.verification import Evidence, PublicKey


class Attached(Struct, frozen=True, kw_only=True):
    """One thing that is attached, and what verification says of it: something for each root in which it verifies, or
    why it does not in the one where it came furthest. `evidence` is empty where there was no time to try.
    """

    candidate: Candidate
    evidence: tuple[Evidence, ...]


class Inspection(Struct, frozen=True, kw_only=True):
    """What was found about one reference. `error` says why there is nothing more; `entries` are those of an index.

    `rules` are the policy's that are for this image, `commits` what those of them say that ask about agents, `notes`
    what they would judge beside this digest.
    """

    reference: Reference
    image: Content | None = None
    attached: tuple[Attached, ...] = ()
    claims: Claims | None = None
    entries: tuple[Descriptor, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    rules: tuple[str, ...] = ()
    commits: tuple[CommitResult, ...] = ()
    notes: tuple[str, ...] = ()
    error: CouldNotLook | None = None
    credentials: str | None = None

    @property
    def missed(self) -> tuple[CouldNotLook, ...]:
        """Why this is not all: each place that could not be read, and what was found and not gone through."""
        places = (entry.error for entry in self.ledger if entry.decides)
        unread = () if self.claims is None else (item.gap for item in self.claims.documents)
        return tuple(error for error in (self.error, *places, *unread) if error is not None)

    @property
    def exit_code(self) -> int:
        """0 if everything could be looked at, whatever was found; else that of the worst that was missed."""
        return worst([EXIT_PASS, *(error.exit_code for error in self.missed)])


class Inspector(Struct, frozen=True, kw_only=True):
    """What an inspection has beside its reference. `elsewhere` is `--signature-repository`'s, `environment` the CI
    job's: where a rule asks, it says which project that is of.
    """

    roots: Sequence[TrustRoot]
    keys: Sequence[PublicKey]
    sources: Sources
    limits: Limits
    deadline: Deadline
    now: datetime
    policy: Policy | None = None
    elsewhere: Reference | None = None
    progress: Progress = QUIET
    environment: Mapping[str, str] = field(default_factory=dict)

    def inspect(self, reference: Reference, *, bundle: str = "") -> Inspection:
        """Look at one image, or at a file with the bundles in the file `bundle`.

        Raises `Invalid` for a reference or a root that is none; nothing else is raised on purpose.
        """
        # The first request is in flight while the heavy half is imported.
        looking = Background(partial(self._inspect, reference, bundle))
        import gate.claims  # noqa: PLC0415
        import gate.verification  # noqa: F401, PLC0415

        try:
            return looking.result(self.deadline)
        except CouldNotLook as error:
            missed = LedgerEntry(
                place="image", asked=reference.text, status=error.status, found=0, bytes=0, complete=False, error=error
            )
            return Inspection(reference=reference, ledger=(missed,), error=error, credentials=error.credentials)

    def _inspect(self, reference: Reference, bundle: str) -> Inspection:
        limits = self.limits.counted_in(Tally())
        if reference.transport is Transport.FILE:
            return self._verified(reference, discover_file(reference.location, bundle, limits=limits), limits)
        source = self.sources.open(reference)
        try:
            # 1. Reference: to a digest, once.  2. Discovery: everything that is attached to it, and the ledger.
            found = self._look(reference, source, limits)
            if self.policy is not None:
                found = with_labels(found, reference, self.policy, source, limits)
            index = read_index(found.image, limits)
        except CouldNotLook as error:
            error.credentials = source.credentials
            raise
        entries = () if index is None else index.manifests
        return replace(self._verified(reference, found, limits, entries), credentials=source.credentials)

    def _look(self, reference: Reference, source: Source, limits: Limits) -> Discovery:
        elsewhere = None
        if self.elsewhere is not None and self.elsewhere.name != reference.name:
            elsewhere = Elsewhere(name=self.elsewhere.name, source=self.sources.open(self.elsewhere))
        self.progress.phase(Phase.RESOLVE)
        return discover(
            source,
            digest=reference.digest,
            elsewhere=elsewhere,
            limits=limits,
            deadline=self.deadline,
            progress=self.progress,
        )

    def _verified(
        self, reference: Reference, found: Discovery, limits: Limits, entries: tuple[Descriptor, ...] = ()
    ) -> Inspection:
        from gate.verification import Root, verify  # noqa: PLC0415

        self.progress.phase(Phase.VERIFICATION)
        # 3. Verification: one candidate at a time, so that what is said of it is never said of another.
        artifact = artifact_of(found.image, reference, self.policy)
        roots = tuple(Root(root) for root in self.roots)
        attached: list[Attached] = []
        error: CouldNotLook | None = None
        for candidate in found.candidates:
            evidence: tuple[Evidence, ...] = ()
            try:
                self.deadline.left()
                evidence = verify((candidate,), artifact, roots, self.keys, now=self.now, limits=limits)
            except (DeadlineExceeded, LimitExceeded) as stopped:
                error = stopped  # and so will the next: what adds up is over
            attached.append(Attached(candidate=candidate, evidence=evidence))
        # 4. Claims: what the verified statements say.
        pieces = tuple(piece for item in attached for piece in item.evidence)
        claims = claims_of(pieces, found, self.policy, limits=limits, environment=self.environment)
        inspection = Inspection(
            reference=reference,
            image=found.image,
            attached=tuple(attached),
            claims=claims,
            entries=entries,
            ledger=found.ledger,
            error=error,
        )
        if self.policy is None:
            return inspection
        return self._with_policy(inspection, found, claims, self.policy, limits)

    def _with_policy(
        self, inspection: Inspection, found: Discovery, claims: Claims, policy: Policy, limits: Limits
    ) -> Inspection:
        """What the rules for this name say of each commit; still no verdict."""
        from gate.checks.commits import check_commits  # noqa: PLC0415
        from gate.policy.images import rules_for  # noqa: PLC0415
        from gate.policy.model import Scope  # noqa: PLC0415

        rules = rules_for(policy, inspection.reference)
        if not rules:
            return inspection
        missed = found.missed + (() if inspection.error is None else (inspection.error,))
        try:
            results = rules_of(inspection.reference, found, claims, policy, missed=missed, limits=limits, now=self.now)
            is_file = inspection.reference.transport is Transport.FILE  # which is no index, whatever is in it
            index = None if is_file else read_index(found.image, limits)
            unusable = [check_platforms(rule, found.image, index, limits) for rule in rules]
        except LimitExceeded as error:
            return replace(inspection, error=error)
        notes = tuple(
            f"rule {rule.name} judges the manifests of an index, and here this digest alone was looked at: inspect each"
            for rule in rules
            if rule.platforms is not Scope.INDEX and inspection.entries
        )
        results = tuple(
            result if problem is None else replace(result, results=(*result.results, problem))
            for result, problem in zip(results, unusable, strict=True)
        )
        shown = [claim.commit for document in claims.documents for claim in document.claims]
        return replace(
            inspection,
            rules=tuple(rule.name for rule in rules),
            commits=tuple(commit for result in results for commit in check_commits(result, shown)),
            notes=notes,
        )
