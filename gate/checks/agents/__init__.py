"""`agents` and `agents.<aspect>`: which agents and models wrote the commits that the image was built from.

What comes in: the rule's `agents` section, the selection that the provenance check judged, and the claims. What goes
out: one result for each aspect, and every claim as it was judged, for the report. Deny unless proven: a claim's absence
never helps (design rules 14-18, 27).

`judged` says whose claims count and for which commits, `ranges` how far back; each other file judges one or a few
aspects, in the order in which `check_agents` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gate.checks.agents.authors import (
    check_allowed,
    check_authorship,
    check_operators,
    check_readable,
    check_tools,
)
from gate.checks.agents.conflict import check_conflict
from gate.checks.agents.coverage import check_age, check_coverage, unclaimed
from gate.checks.agents.denied import check_denied
from gate.checks.agents.judged import CHECK, JudgedClaim, Objection, set_scene
from gate.checks.agents.known import known_agents
from gate.checks.agents.models import check_models
from gate.checks.agents.reviewers import check_reviewers
from gate.checks.agents.signals import check_signals, signals_of
from gate.checks.signers import signed_by
from gate.verdict import EXIT_STUCK, Gap, Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from gate.checks.agents.judged import Scene
    from gate.checks.agents.ranges import Commit
    from gate.checks.selection import Selection
    from gate.claims import Claims
    from gate.policy.demands import AgentsSection, ProvenanceSection
    from gate.policy.model import Policy, Rule

__all__ = ["CHECK", "AgentsJudgement", "JudgedClaim", "Objection", "check_agents", "claim_signers", "known_to"]


class AgentsJudgement(Struct, frozen=True, kw_only=True):
    """The results, every claim as judged, the commits that nobody claims, and why some claims could not be read.

    `beside` is what fails of a commit, or with None of all of them, and is no claim's fault.
    """

    results: tuple[Result, ...]
    claims: tuple[JudgedClaim, ...]
    unclaimed: tuple[tuple[Commit, bool], ...]
    gaps: tuple[Gap, ...]
    beside: tuple[tuple[str | None, Objection], ...] = ()


def check_agents(
    section: AgentsSection,
    provenance: ProvenanceSection,
    selection: Selection,
    claims: Claims,
    policy: Policy,
    now: datetime,
) -> AgentsJudgement:
    """Judge every accepted claim, and whether the commits that need one have one."""
    if not selection.judged:
        absent = Result(
            check=CHECK,
            outcome=Outcome.FAIL,
            expected="provenance by an accepted signer and builder, which says which commits the image holds",
            found="none, so nobody says which commits the image holds",
            remedy="make the check provenance pass: this one needs it",
        )
        return AgentsJudgement(results=(absent,), claims=_not_judged(claims), unclaimed=(), gaps=())
    scene = set_scene(section, provenance, selection, claims, policy, now)
    results = [check_coverage(scene), check_conflict(scene)]
    if section.max_age is not None:
        results.append(check_age(scene))
    if scene.accepted or any(document.problems for document in scene.documents):
        results.append(check_readable(scene))
    if scene.accepted:  # with nothing to judge there is nothing that could pass
        results += [check_authorship(scene), check_allowed(scene), check_models(scene)]
        if section.operators is not None:
            results.append(check_operators(scene))
        if section.tools is not None:
            results.append(check_tools(scene))
    if section.reviewers is not None:
        results.append(check_reviewers(scene, claims.documents, claims.summaries))
    hints = signals_of(scene)
    denies = section.deny or any(deny.agents or deny.models for deny in policy.denies)
    if denies and (scene.accepted or hints):
        results.append(check_denied(scene))
    if hints:
        results.append(check_signals(scene))
    return AgentsJudgement(
        results=tuple(results),
        claims=scene.noted(),
        unclaimed=unclaimed(scene),
        gaps=_unread(scene, claims),
        beside=tuple(scene.beside),
    )


def known_to(rule: Rule, claims: Claims, policy: Policy) -> Claims:
    """The claims without those in formats that only another file of the policy defines: what extends a base does not
    say what a base's rule takes for a claim.
    """
    hidden = {name for item in policy.own_formats if item.file not in rule.files for name in item.format.types}
    known = tuple(item for item in claims.documents if item.evidence.predicate_type not in hidden)
    return replace(claims, documents=known)


def claim_signers(section: AgentsSection, policy: Policy) -> frozenset[str]:
    """Everyone whose statements a rule's `agents` section listens to, beside the provenance."""
    names = {*section.signers, *(name for agent in known_agents(section, policy) for name in agent.signers)}
    if section.reviewers is not None:
        names |= {*section.reviewers.signers, *(pair.signer for pair in section.reviewers.two_party)}
    return frozenset(names)


def _not_judged(claims: Claims) -> tuple[JudgedClaim, ...]:
    """Every claim, as one that counts for nothing."""
    reason = "no accepted provenance says which commits count"
    return tuple(
        JudgedClaim(claim=claim, vouched_by=None, repository=claim.repository, reason=reason)
        for document in claims.documents
        for claim in document.claims
    )


def _unread(scene: Scene, claims: Claims) -> tuple[Gap, ...]:
    """Claims that were not read and might be accepted: a statement that lists too many, by anyone whose word counts."""
    selected = {id(item.provenance.evidence) for item in scene.judged}
    signers = claim_signers(scene.section, scene.policy)
    return tuple(
        Gap(reason=str(item.gap), exit_code=EXIT_STUCK)
        for item in claims.documents
        if item.gap is not None and (id(item.evidence) in selected or signed_by(item.evidence, signers, scene.policy))
    )
