"""Which provenance a rule judges: accepted ones, and what each of them lacks (design rules 10-12).

What comes in: the rule's `provenance` section and the claims. What goes out: `Selection`, computed once for a rule and
read by both the provenance and the agents check, so that they can never judge two different statements. One and the
same statement must satisfy every aspect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gate.checks.ages import young
from gate.checks.aspects import (
    Aspect,
    differ,
    is_own_word,
    is_self_hosted,
    judge_builder,
    judge_commit,
    judge_level,
    judge_parameters,
    judge_ref,
    judge_source,
)
from gate.checks.labels import disagreement, judge_labels
from gate.checks.resources import is_image
from gate.checks.signers import signed_by, signing_time
from gate.checks.vsa import Vouched, vouched
from gate.claims.vsa import Summary, Track
from gate.duration import spell_duration, spell_moment
from gate.verification import Identity, Verified

if TYPE_CHECKING:
    from datetime import datetime

    from gate.claims import Claims
    from gate.claims.agents import Document
    from gate.claims.project import Project
    from gate.claims.provenance import Provenance
    from gate.discovery.labels import Labels
    from gate.policy.demands import ProvenanceSection, Verifier
    from gate.policy.model import Policy
    from gate.policy.parties import Builder


class Judged(Struct, frozen=True, kw_only=True):
    """A provenance by an accepted signer and builder. `repository`, `ref` and `commits` are those of its source."""

    provenance: Provenance
    builders: tuple[Builder, ...]
    aspects: tuple[Aspect, ...]
    repository: str | None
    commits: tuple[str, ...]
    ref: str | None = None

    @property
    def satisfies(self) -> bool:
        """Whether this one statement shows everything that the rule asks of provenance (rule 10)."""
        return bool(self.aspects) and all(aspect.passed for aspect in self.aspects)


class Selection(Struct, frozen=True, kw_only=True):
    """`accepted` are all of an accepted (signer, builder); `satisfying` those of them without a failed aspect."""

    accepted: tuple[Judged, ...]

    @property
    def satisfying(self) -> tuple[Judged, ...]:
        """Those that show everything that the rule asks of provenance."""
        return tuple(item for item in self.accepted if item.satisfies)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """What the rule is judged on: all that satisfy; if none does, the one that comes nearest; else nothing."""
        if self.satisfying:
            return self.satisfying
        nearest = min(
            self.accepted,
            key=lambda item: (sum(not aspect.passed for aspect in item.aspects), item.provenance.evidence.digest),
            default=None,
        )
        return (nearest,) if nearest is not None else ()


def select(section: ProvenanceSection, claims: Claims, policy: Policy, now: datetime, *, name: str = "") -> Selection:
    """Judge every provenance in the claims of the image `name` by itself."""
    summaries = _summaries(section, claims, policy, now, name)
    accepted = []
    for provenance in claims.provenance:
        builders = matching_builders(provenance, section.builders, policy)
        if builders or signed_by(provenance.evidence, section.signers, policy):
            names = {*section.signers, *(name for item in builders for name in item.signers)}
            signed_at = signing_time(provenance.evidence, signed_by(provenance.evidence, names, policy), policy, now)
            accepted.append(
                _judge(section, provenance, builders, summaries, claims.project, claims.labels, signed_at, now)
            )
    return Selection(accepted=tuple(accepted))


def matching_builders(provenance: Provenance | Document, names: tuple[str, ...], policy: Policy) -> tuple[Builder, ...]:
    """The named builder entries of which both the signer and the `builder.id` match (rule 11)."""
    builders = (policy.builders[name] for name in names)
    return tuple(
        builder
        for builder in builders
        if _is_its_id(builder, provenance) and signed_by(provenance.evidence, builder.signers, policy)
    )


def vouching_builders(document: Document, names: tuple[str, ...], policy: Policy) -> tuple[Builder, ...]:
    """The builder entries whose `vouches-for` counts for a statement: those that match it, if the builder itself said
    it. What another workflow signed in its name, or a machine of the tenant's own, is the tenant's word.
    """
    builders = matching_builders(document, names, policy)
    if not is_own_word(document, builders):
        return ()
    if is_self_hosted(document) and not all(item.self_hosted_allowed for item in builders):
        return ()
    return builders


def _summaries(section: ProvenanceSection, claims: Claims, policy: Policy, now: datetime, name: str) -> Vouched:
    """What the verification summaries about this image are worth (rule 13)."""

    def is_expected(summary: Summary, pair: Verifier) -> bool:
        if pair.resource is not None:
            return any(pattern.matches_identity(summary.resource) for pattern in pair.resource)
        evidence = summary.evidence
        return isinstance(evidence, Verified) and is_image(summary.resource, name, evidence.subject)

    about_image = [item for item in claims.summaries if isinstance(item.evidence, Verified)]
    return vouched(section.vsa, about_image, Track.BUILD, is_expected, policy, max_age=section.max_age, now=now)


def _is_its_id(builder: Builder, provenance: Provenance | Document) -> bool:
    if builder.id is None:
        return isinstance(provenance.evidence.signer, Identity) and (
            provenance.builder_id == provenance.evidence.signer.subject
        )
    return builder.id.matches_identity(provenance.builder_id)


def _judge(
    section: ProvenanceSection,
    provenance: Provenance,
    builders: tuple[Builder, ...],
    summaries: Vouched,
    project: Project | None,
    labels: Labels | None,
    signed_at: datetime | None,
    now: datetime,
) -> Judged:
    certified, stated = provenance.certified, provenance.stated
    aspects = [judge_builder(provenance, builders), judge_level(section, provenance, builders, summaries)]
    # Rule 12: each fact from the certificate where it has it, else from the field fixed for the build type.
    repository = (certified.repository if certified else None) or stated.repository
    ref = (certified.ref if certified else None) or stated.ref
    commits = (certified.commits if certified else ()) or stated.commits
    aspects.append(judge_source(section, repository, provenance, differ("repository", certified, stated), project))
    aspects.append(judge_ref(section, ref, differ("ref", certified, stated)))
    if commits or (certified and certified.conflict) or stated.conflict:
        aspects.append(judge_commit(commits, certified, stated))
    if section.labels_must_agree:
        aspects.append(judge_labels(repository, commits, labels))
    elif note := disagreement(repository, commits, labels):
        aspects[2] = replace(aspects[2], found=f"{aspects[2].found}; note: {note}")
    if section.parameters is not None:
        aspects.append(judge_parameters(section.parameters, provenance))
    if section.max_age is not None:
        aspects.append(
            Aspect(
                name="age",
                passed=young(signed_at, section.max_age, now),
                expected=f"at most {spell_duration(section.max_age)} old",
                found="no usable time" if signed_at is None else f"signed at {spell_moment(signed_at)}",
                remedy="image: build it again; policy: raise provenance.max-age, which lets in all older builds too",
            )
        )
    return Judged(
        provenance=provenance,
        builders=builders,
        aspects=tuple(aspects),
        repository=repository,
        commits=commits,
        ref=ref,
    )
