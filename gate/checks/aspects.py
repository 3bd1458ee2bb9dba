"""What one provenance must show, aspect by aspect (design rules 11, 12 and 17).

What comes in: the rule's `provenance` section and the facts of one statement. What goes out: an `Aspect` for each thing
that is asked, which says what would have to be different, in the image or in the policy, and what that would also let
in. `selection` asks all of them of one and the same statement.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.claims.source import Source, canonical_repository, is_commit
from gate.policy.matching import How
from gate.policy.parties import Anything
from gate.verdict import EXIT_STUCK, Gap
from gate.verification import Identity

if TYPE_CHECKING:
    from gate.checks.vsa import Vouched
    from gate.claims.agents import Document
    from gate.claims.project import Project
    from gate.claims.provenance import Provenance
    from gate.policy.demands import ProvenanceSection
    from gate.policy.matching import Pattern
    from gate.policy.parties import Builder
    from gate.reference import Digest

_WORKFLOWS: Final = "/.github/workflows/"
_SELF_HOSTED: Final = "self-hosted"
_SHOWN: Final = 5
_NO_PROJECT: Final = (
    "no CI system says which project this is: GITHUB_REPOSITORY, CI_PROJECT_URL, CIRCLE_REPOSITORY_URL, "
    "BITBUCKET_GIT_HTTP_ORIGIN, BUILDKITE_REPO, BUILD_REPOSITORY_URI or GIT_URL, each beside its system's own mark"
)


class Aspect(Struct, frozen=True, kw_only=True):
    """One thing that a provenance must show: the part of the check's id after the dot, and what was found."""

    name: str
    passed: bool
    expected: str
    found: str
    remedy: str = ""
    evidence: tuple[Digest, ...] = ()
    gap: Gap | None = None
    """What kept it from being decided; then it has not passed."""


def is_own_word(said: Provenance | Document, builders: tuple[Builder, ...]) -> bool:
    """Whether the builder itself signed: where both are GitHub workflows they must be the same one (rule 12)."""
    subject = said.evidence.signer.name
    excused = bool(builders) and all(
        item.id_differs and item.id is not None and item.id.how is How.EXACT for item in builders
    )
    both_workflows = _WORKFLOWS in subject and _WORKFLOWS in said.builder_id
    return not both_workflows or subject == said.builder_id or excused


def is_self_hosted(said: Provenance | Document) -> bool:
    """Whether a machine of the tenant's own made it, by its certificate or by its own word (rule 11)."""
    signer = said.evidence.signer
    return said.self_hosted or (
        isinstance(signer, Identity) and signer.extensions.get("runner-environment") == _SELF_HOSTED
    )


def judge_builder(provenance: Provenance, builders: tuple[Builder, ...]) -> Aspect:
    """Rule 12: a GitHub workflow that signs for a builder is that builder, ref included, unless the entry says not."""
    subject, builder_id = provenance.evidence.signer.name, provenance.builder_id
    return Aspect(
        name="builder",
        passed=is_own_word(provenance, builders),
        expected=" or ".join(item.name for item in builders) or "any builder, by its signer, for level 1 at most",
        found=f"{builder_id!a}, " + ("which signed it" if subject == builder_id else f"signed by {subject!a}"),
        remedy="image: sign it in the workflow that builds it; policy: id-differs = true with an exact id, which takes "
        "the signing workflow's word for what another workflow built",
    )


def judge_level(
    section: ProvenanceSection, provenance: Provenance, builders: tuple[Builder, ...], summaries: Vouched
) -> Aspect:
    """Rule 11: the lowest of the matching entries; a self-hosted runner is worth 1; without an entry it is 1.

    Rule 13: in its place, a verification summary by a pair that the rule names.
    """
    self_hosted = is_self_hosted(provenance)
    level = min(
        (min(item.level, 1) if self_hosted and not item.self_hosted_allowed else item.level for item in builders),
        default=1,
    )
    why = ", ".join(f"[builders.{item.name}] level {item.level}" for item in builders) or "no builder entry"
    policy_half = f"level = {level}, which lets in whatever those builders build"
    capped = [item.name for item in builders if not item.self_hosted_allowed]
    if capped and section.level <= min(item.level for item in builders):  # nothing but the cap makes it too low
        policy_half = (
            f'[builders.{capped[0]}] self-hosted = "allow", which lets in what any machine builds that somebody '
            "added as a runner"
        )
    found = f"level {level} ({why}{', self-hosted runner' if self_hosted else ''})"
    by_summary = level < section.level and summaries.level is not None and summaries.level >= section.level
    return Aspect(
        name="level",
        passed=level >= section.level or by_summary,
        expected=f"SLSA Build level {section.level}",
        found="; ".join(filter(None, (found, summaries.words()))),
        evidence=summaries.evidence if by_summary else (),
        remedy=f"image: build it on a builder that the policy trusts for level {section.level}; what it says of itself "
        f"is no level; policy: {policy_half}",
    )


def judge_source(
    section: ProvenanceSection,
    repository: str | None,
    provenance: Provenance,
    differ: str | None,
    project: Project | None,
) -> Aspect:
    """Rule 12: repositories are compared whole. `project` can only narrow what the policy lists."""
    found = repository or f"no source repository (build type {provenance.build_type!a})"
    if isinstance(section.source, Anything):
        matches, expected = True, "any source repository"
    else:
        expected = " or ".join(str(pattern) for pattern in section.source)
        matches = repository is not None and any(_same(pattern, repository) for pattern in section.source)
    remedy = "image: build it from a repository that provenance.source names; repositories are compared whole"
    if differ is not None:
        remedy = "image: the provenance and its certificate must be of one and the same build; no policy allows less"
    elif repository is not None:
        remedy += f"; policy: name {repository!a} there, which lets in all that is built from it at an accepted ref"
    gap = None
    if section.source_is_this_project:
        expected += ", and this project" + (f": {project.repository} ({project.system})" if project is not None else "")
        if matches and differ is None and project is None:
            gap = Gap(reason=_NO_PROJECT, exit_code=EXIT_STUCK)
        elif matches and differ is None:
            remedy = (
                "image: deploy one that was built from this project; policy: without source-is, any of source will do"
            )
        matches = matches and project is not None and repository == project.repository
    return Aspect(
        name="source",
        passed=matches and differ is None,
        gap=gap,
        expected=expected,
        found=f"{found!a}" + (f"; {differ}" if differ else ""),
        remedy=remedy,
    )


def _same(pattern: Pattern, repository: str) -> bool:
    if pattern.how is How.EXACT and not pattern.names:
        return canonical_repository(pattern.text) == repository
    return pattern.matches_identity(repository)


def judge_ref(section: ProvenanceSection, ref: str | None, differ: str | None) -> Aspect:
    """The branch or tag that it was built from."""
    if isinstance(section.refs, Anything):
        matches, expected = True, "any ref"
    else:
        expected = " or ".join(pattern.text for pattern in section.refs)
        matches = ref is not None and any(pattern.matches(ref) for pattern in section.refs)
    remedy = "image: build it from a ref that provenance.refs names"
    if differ is not None:
        remedy = "image: the provenance and its certificate must be of one and the same build; no policy allows less"
    elif ref is not None:
        remedy += f"; policy: name {ref!a} there, which lets in whatever is pushed to it"
    return Aspect(
        name="ref",
        passed=matches and differ is None,
        expected=expected,
        found=f"{ref or 'no ref'!a}" + (f"; {differ}" if differ else ""),
        remedy=remedy,
    )


def judge_commit(commits: tuple[str, ...], certified: Source | None, stated: Source) -> Aspect:
    """Rules 12 and 17: one commit, the same for every witness, and no witness that contradicts itself."""
    conflict = (certified.conflict if certified else None) or stated.conflict
    problem = differ("commits", certified, stated) or conflict
    problem = problem or (f"{len(commits)} commits" if len(commits) > 1 else None)
    if problem is None and not is_commit(commits[0]):
        problem = f"{commits[0]!a}, which is no whole commit"
    return Aspect(
        name="commit",
        passed=problem is None,
        expected="one commit, the same in certificate and provenance",
        found=problem or ", ".join(commits),
        remedy="the provenance and its certificate must be of one and the same build",
    )


def judge_parameters(known: tuple[Pattern, ...], provenance: Provenance) -> Aspect:
    """SLSA, "Check expectations": an external parameter that nobody expects is refused, whatever its value.

    Expected are those that the build type defines and those that the policy lists: an exact pointer with all that is
    below it, a glob or a regular expression for the whole pointer.
    """
    defined, stated = provenance.known_parameters, provenance.parameters
    others = (
        pointer
        for pointer in stated
        if not any(_covers(text, pointer) for text in defined)
        and not any(
            _covers(pattern.text, pointer) if pattern.how is How.EXACT else pattern.matches(pointer)
            for pattern in known
        )
    )
    unknown = list(islice(others, _SHOWN + 1))  # a tenant may have set a hundred thousand
    listed = ", ".join(f"{pointer!a}" for pointer in unknown[:_SHOWN])
    more = " and more" if len(unknown) > _SHOWN else ""
    expected = ", ".join((*defined, *(str(pattern) for pattern in known)))
    return Aspect(
        name="parameters",
        passed=not unknown,
        expected=f"no external parameters but {expected}" if expected else "no external parameters",
        found=f"also {listed}{more}" if unknown else f"{len(stated)} parameters, all expected",
        remedy="image: build it without them; policy: list them in provenance.parameters, which lets in any value",
    )


def _covers(known: str, pointer: str) -> bool:
    return pointer == known or pointer.startswith(f"{known}/")


def differ(what: str, certified: Source | None, stated: Source) -> str | None:
    """What the predicate states must agree with the certificate; what one omits is no disagreement (rule 12)."""
    ours = getattr(certified, what) if certified else None
    theirs = getattr(stated, what)
    if not ours or not theirs or ours == theirs:
        return None
    return f"the certificate says {_said(ours)}, the provenance {_said(theirs)}"


def _said(value: str | tuple[str, ...]) -> str:
    return ", ".join(ascii(item) for item in ((value,) if isinstance(value, str) else value))
