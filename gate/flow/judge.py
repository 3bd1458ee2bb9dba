"""The story of one verdict, on one page.

What comes in: a reference, and what the whole run has in common. What goes out: an `ImageJudgement`.
"""

from __future__ import annotations

from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gate.discovery import Discovery, Elsewhere, LedgerEntry, discover, discover_file
from gate.discovery.entries import read_index
from gate.errors import CouldNotLook, DeadlineExceeded, LimitExceeded
from gate.flow.entries import judge_entries
from gate.flow.judgement import ImageJudgement, Judged, without_manifests, without_predicates
from gate.flow.notes import notes_about
from gate.flow.steps import artifact_of, claims_of, rules_of, with_labels
from gate.limits import Tally
from gate.parallel import Background, Budget, Once, quick_turns
from gate.policy.images import rules_for
from gate.policy.model import Scope
from gate.policy.parties import KeyHolder
from gate.progress import QUIET, Phase
from gate.reference import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from gate.limits import Deadline, Limits
    from gate.parallel import Share
    from gate.policy.model import Policy
    from gate.progress import Progress
    from gate.reference import Digest, Reference
    from gate.sources import Content, Source, Sources
    from gate.trust import TrustRoot
    from gate.verification import PublicKey, Root


class Judge:
    """Judges any number of references of one run, from any number of threads; each digest of a repository once."""

    def __init__(
        self,
        policy: Policy,
        *,
        roots: Sequence[TrustRoot],
        sources: Sources,
        limits: Limits,
        deadline: Deadline,
        now: datetime,
        elsewhere: Reference | None = None,
        light: bool = False,
        progress: Progress = QUIET,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`elsewhere` is another repository that may hold what is attached (`--signature-repository`). `light` lets go
        of what predicates say once they are judged: a hundred images may carry a hundred SBOMs. `environment` is
        the CI job's: where a rule asks, it says which project that is of.
        """
        self.policy = policy
        self.sources = sources
        self.limits = limits
        self.deadline = deadline
        self.now = now
        self.progress = progress
        self._environment = environment
        self._roots = roots
        self._elsewhere = elsewhere
        self._light = light
        self._once: Once[ImageJudgement] = Once(deadline)
        self._budget = Budget(limits.evidence_bytes, deadline)
        self._large = Budget(1, deadline)

    def judge(self, reference: Reference, *, bundle: str = "") -> ImageJudgement:
        """Judge one image, or a file with the bundles in the file `bundle`.

        Raises `Invalid` for a reference or a root that is none; nothing else is raised on purpose.
        """
        # The first request is in flight while the heavy half is imported. What sends it is imported before: of two
        # threads that import at once, neither is done before the other.
        self.sources.load(reference)
        judging = Background(partial(self._judge, reference, bundle))
        with quick_turns():
            import gate.checks  # noqa: PLC0415
            import gate.verification  # noqa: F401, PLC0415

        try:
            return judging.result(self.deadline)
        except CouldNotLook as error:
            missed = LedgerEntry(
                place="image", asked=reference.text, status=error.status, found=0, bytes=0, complete=False, error=error
            )
            return ImageJudgement(
                reference=reference,
                image=None,
                rules=(),
                judged=(),
                asked=(missed,),
                error=error.as_value(),
                credentials=error.credentials,
            )

    def _judge(self, reference: Reference, bundle: str) -> ImageJudgement:
        # 1. Reference: to a digest, once. What was judged under that digest and name is not judged again.
        if reference.transport is Transport.FILE:
            found = discover_file(reference.location, bundle, limits=self.limits)
            if all(rule.platforms is Scope.INDEX for rule in rules_for(self.policy, reference)):
                return self._asked(reference, lambda *_: found)
            return judge_entries(self, reference, found.image, None, lambda _: lambda *_: found)
        source = self.sources.open(reference)
        try:
            self.progress.phase(Phase.RESOLVE)
            image = source.resolve() if reference.digest is None else None
            digest = image.digest if image is not None else reference.digest
            key = (reference.transport, reference.name, reference.location, digest)
            judgement = self._once.get(key, partial(self._judge_once, reference, source, image))
        except CouldNotLook as error:
            error.credentials = source.credentials
            raise
        notes = notes_about(self, reference, source, judgement)
        return replace(judgement, reference=reference, notes=notes, credentials=source.credentials)

    def _judge_once(self, reference: Reference, source: Source, image: Content | None) -> ImageJudgement:
        judgement = self._judge_image(reference, source, image)
        return without_manifests(judgement) if self._light else judgement

    def _judge_image(self, reference: Reference, source: Source, image: Content | None) -> ImageJudgement:
        if all(rule.platforms is Scope.INDEX for rule in rules_for(self.policy, reference)):
            return self._asked(reference, self.look(reference, source, digest=reference.digest, image=image))
        found = image or source.resolve()
        entries = self.limits.counted_in(Tally())  # what the manifests of all entries come to: they are kept together

        def entry(digest: Digest) -> Content:
            content = source.manifest(digest, entries.tally)
            entries.count_manifest(len(content.raw))
            return content

        def look(digest: Digest) -> Callable[[Share, Tally], Discovery]:
            manifest = found if digest == found.digest else partial(entry, digest)
            return self.look(reference, source, digest=digest, image=manifest)

        return judge_entries(self, reference, found, read_index(found, self.limits), look)

    def _asked(self, reference: Reference, look: Callable[[Share, Tally], Discovery]) -> ImageJudgement:
        judged = self.judge_digest(reference, look)
        return ImageJudgement(
            reference=reference,
            image=judged.image,
            rules=judged.rules,
            judged=(judged,),
            covered=(judged.image.digest,),
            error=judged.error,
        )

    def look(
        self,
        reference: Reference,
        source: Source,
        *,
        digest: Digest | None = None,
        image: Content | Callable[[], Content] | None = None,
    ) -> Callable[[Share, Tally], Discovery]:
        """How to look at one digest of a source; as `discover` has it."""
        elsewhere = None
        if self._elsewhere is not None and self._elsewhere.name != reference.name:
            elsewhere = Elsewhere(name=self._elsewhere.name, source=self.sources.open(self._elsewhere))

        def looked(share: Share, tally: Tally) -> Discovery:
            limits = self.limits.counted_in(tally)
            found = discover(
                source,
                digest=digest,
                image=image,
                elsewhere=elsewhere,
                share=share,
                limits=limits,
                deadline=self.deadline,
                progress=self.progress,
            )
            return with_labels(found, reference, self.policy, source, limits)

        return looked

    def judge_digest(self, reference: Reference, look: Callable[[Share, Tally], Discovery]) -> Judged:
        """One digest, by all rules that match. Raises `CouldNotLook` if it cannot be had."""
        limits = self.limits.counted_in(Tally())  # what adds up adds up over this digest
        with self._large.share() as large, self._budget.share() as share:
            # 2. Discovery: every candidate attached to the digest, and the ledger.
            found = look(share, Tally(large))
            from gate.checks.denies import as_judged  # noqa: PLC0415
            from gate.verification import verify  # noqa: PLC0415

            # 3. Verification: candidates become evidence, for this digest and for nothing else.
            self.progress.phase(Phase.VERIFICATION)
            artifact = artifact_of(found.image, reference, self.policy)
            candidates = self.deadline.each(found.candidates)
            try:
                evidence = verify(candidates, artifact, self._ready, self._keys, now=self.now, limits=limits)
            except (DeadlineExceeded, LimitExceeded) as error:
                return Judged(image=found.image, rules=(), evidence=(), ledger=found.ledger, error=error.as_value())
            # 4. Claims: what the verified statements say, and who says it.
            claims = claims_of(evidence, found, self.policy, limits=limits, environment=self._environment)
            # 5. Checks: every rule that matches; what could not be looked at keeps a result from being final.
            rules = rules_of(
                reference, found, claims, self.policy, missed=found.missed, limits=self.limits, now=self.now
            )
            evidence = as_judged(evidence, claims, self.policy)
        # 6. Verdict: derived from the results, wherever it is asked for.
        judged = Judged(image=found.image, rules=rules, evidence=evidence, ledger=found.ledger)
        return without_predicates(judged) if self._light else judged

    @cached_property
    def _ready(self) -> tuple[Root, ...]:
        from gate.verification import Root  # noqa: PLC0415

        return tuple(Root(root) for root in self._roots)

    @cached_property
    def _keys(self) -> tuple[PublicKey, ...]:
        holders = (signer.holder for signer in self.policy.signers.values())
        return tuple(holder.key for holder in holders if isinstance(holder, KeyHolder))
