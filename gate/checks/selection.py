"""Which provenance a rule judges: accepted ones, and what each of them lacks (design rules 10-12).

What comes in: the rule's `provenance` section and the claims. What goes out: `Selection`, computed once for a rule and
read by both the provenance and the agents check, so that they can never judge two different statements. One and the
same statement must satisfy every aspect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gate.checks.ages import young
from gate.checks.signers import signed_by, signing_time
from gate.claims.source import Source, canonical_repository, is_commit
from gate.duration import spell_duration
from gate.policy.matching import How
from gate.policy.model import Anything
from gate.verification import Identity

if TYPE_CHECKING:
    from datetime import datetime

    from gate.claims import Claims
    from gate.claims.provenance import Provenance
    from gate.policy.matching import Pattern
    from gate.policy.model import Builder, Policy, ProvenanceSection

_WORKFLOWS: Final = "/.github/workflows/"
_SELF_HOSTED: Final = "self-hosted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing that a provenance must show: the part of the check's id after the dot, and what was found."""

    name: str
    passed: bool
    expected: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A provenance by an accepted signer and builder. `repository` and `commits` are those of its accepted source."""

    provenance: Provenance
    builders: tuple[Builder, ...]
    aspects: tuple[Aspect, ...]
    repository: str | None
    commits: tuple[str, ...]

    @property
    def satisfies(self) -> bool:
        """Whether this one statement shows everything that the rule asks of provenance (rule 10)."""
        return bool(self.aspects) and all(aspect.passed for aspect in self.aspects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
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


def select(section: ProvenanceSection, claims: Claims, policy: Policy, now: datetime) -> Selection:
    """Judge every provenance in the claims by itself."""
    accepted = []
    for provenance in claims.provenance:
        builders = matching_builders(provenance, section.builders, policy)
        if builders or signed_by(provenance.evidence, section.signers, policy):
            names = {*section.signers, *(name for item in builders for name in item.signers)}
            signed_at = signing_time(provenance.evidence, signed_by(provenance.evidence, names, policy), policy, now)
            accepted.append(_judge(section, provenance, builders, signed_at, now))
    return Selection(accepted=tuple(accepted))


def matching_builders(provenance: Provenance, names: tuple[str, ...], policy: Policy) -> tuple[Builder, ...]:
    """The named builder entries of which both the signer and the `builder.id` match (rule 11)."""
    builders = (policy.builders[name] for name in names)
    return tuple(
        builder
        for builder in builders
        if builder.id.matches_identity(provenance.builder_id)
        and signed_by(provenance.evidence, builder.signers, policy)
    )


def _judge(
    section: ProvenanceSection,
    provenance: Provenance,
    builders: tuple[Builder, ...],
    signed_at: datetime | None,
    now: datetime,
) -> Judged:
    certified, stated = provenance.certified, provenance.stated
    aspects = [_builder(provenance, builders), _level(section, provenance, builders)]
    # Rule 12: each fact from the certificate where it has it, else from the field fixed for the build type.
    repository = (certified.repository if certified else None) or stated.repository
    ref = (certified.ref if certified else None) or stated.ref
    commits = (certified.commits if certified else ()) or stated.commits
    aspects.append(_source(section, repository, provenance, _differ("repository", certified, stated)))
    aspects.append(_ref(section, ref, _differ("ref", certified, stated)))
    if commits or (certified and certified.conflict) or stated.conflict:
        aspects.append(_commit(commits, certified, stated))
    if section.max_age is not None:
        aspects.append(
            Aspect(
                name="age",
                passed=young(signed_at, section.max_age, now),
                expected=f"at most {spell_duration(section.max_age)} old",
                found="no usable time" if signed_at is None else f"signed at {signed_at.isoformat()}",
                remedy="build the image again, or raise provenance.max-age",
            )
        )
    return Judged(
        provenance=provenance, builders=builders, aspects=tuple(aspects), repository=repository, commits=commits
    )


def _builder(provenance: Provenance, builders: tuple[Builder, ...]) -> Aspect:
    """Rule 12: a GitHub workflow that signs for a builder is that builder, ref included, unless the entry says not."""
    subject, builder_id = provenance.evidence.signer.name, provenance.builder_id
    excused = bool(builders) and all(item.id_differs and item.id.how is How.EXACT for item in builders)
    both_workflows = _WORKFLOWS in subject and _WORKFLOWS in builder_id
    return Aspect(
        name="builder",
        passed=not both_workflows or subject == builder_id or excused,
        expected=" or ".join(item.name for item in builders) or "any builder, by its signer, for level 1 at most",
        found=f"{builder_id!a}, signed by {subject!a}",
        remedy="the workflow that signed is not the builder it names; if that is meant: id-differs = true, id exact",
    )


def _level(section: ProvenanceSection, provenance: Provenance, builders: tuple[Builder, ...]) -> Aspect:
    """Rule 11: the lowest of the matching entries; a self-hosted runner is worth 1; without an entry it is 1."""
    signer = provenance.evidence.signer
    self_hosted = isinstance(signer, Identity) and signer.extensions.get("runner-environment") == _SELF_HOSTED
    level = min(
        (min(item.level, 1) if self_hosted and not item.self_hosted_allowed else item.level for item in builders),
        default=1,
    )
    why = ", ".join(f"[builders.{item.name}] level {item.level}" for item in builders) or "no builder entry"
    return Aspect(
        name="level",
        passed=level >= section.level,
        expected=f"SLSA Build level {section.level}",
        found=f"level {level} ({why}{', self-hosted runner' if self_hosted else ''})",
        remedy="build it on a builder that the policy trusts for this level; what the image says of itself is no level",
    )


def _source(section: ProvenanceSection, repository: str | None, provenance: Provenance, differ: str | None) -> Aspect:
    found = repository or f"no source repository (build type {provenance.build_type!a})"
    if isinstance(section.source, Anything):
        matches, expected = True, "any source repository"
    else:
        expected = " or ".join(str(pattern) for pattern in section.source)
        matches = repository is not None and any(_same(pattern, repository) for pattern in section.source)
    return Aspect(
        name="source",
        passed=matches and differ is None,
        expected=expected,
        found=f"{found!a}" + (f"; {differ}" if differ else ""),
        remedy="build it from a repository that provenance.source names; repositories are compared whole",
    )


def _same(pattern: Pattern, repository: str) -> bool:
    if pattern.how is How.EXACT:
        return canonical_repository(pattern.text) == repository
    return pattern.matches_identity(repository)


def _ref(section: ProvenanceSection, ref: str | None, differ: str | None) -> Aspect:
    if isinstance(section.refs, Anything):
        matches, expected = True, "any ref"
    else:
        expected = " or ".join(pattern.text for pattern in section.refs)
        matches = ref is not None and any(pattern.matches(ref) for pattern in section.refs)
    return Aspect(
        name="ref",
        passed=matches and differ is None,
        expected=expected,
        found=f"{ref or 'no ref'!a}" + (f"; {differ}" if differ else ""),
        remedy="build it from a ref that provenance.refs names",
    )


def _commit(commits: tuple[str, ...], certified: Source | None, stated: Source) -> Aspect:
    """Rules 12 and 17: one commit, the same for every witness, and no witness that contradicts itself."""
    differ = _differ("commits", certified, stated)
    conflict = (certified.conflict if certified else None) or stated.conflict
    problem = differ or conflict or (f"{len(commits)} commits" if len(commits) > 1 else None)
    if problem is None and not is_commit(commits[0]):
        problem = f"{commits[0]!a}, which is no whole commit"
    return Aspect(
        name="commit",
        passed=problem is None,
        expected="one commit, the same in certificate and provenance",
        found=problem or ", ".join(commits),
        remedy="the provenance and its certificate must be of one and the same build",
    )


def _differ(what: str, certified: Source | None, stated: Source) -> str | None:
    """What the predicate states must agree with the certificate; what one omits is no disagreement (rule 12)."""
    ours = getattr(certified, what) if certified else None
    theirs = getattr(stated, what)
    if not ours or not theirs or ours == theirs:
        return None
    return f"the certificate says {_said(ours)}, the provenance {_said(theirs)}"


def _said(value: str | tuple[str, ...]) -> str:
    return ", ".join(ascii(item) for item in ((value,) if isinstance(value, str) else value))
