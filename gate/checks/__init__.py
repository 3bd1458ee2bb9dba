"""The checks of one image: every rule that matches it, every section of each rule.

What comes in: the image's name, the claims, the policy, what could not be looked at, and the moment that counts as now.
What goes out: one `RuleResult` for each rule that matched. The order of the checks stands here, in `check_rule`, and
nowhere else; no check imports another. `signers` and `selection` are what several of them read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gate.checks.agents import JudgedClaim, Objection, check_agents, claim_signers, known_to
from gate.checks.attestations import check_attestation
from gate.checks.denies import denied_digest, without_denied
from gate.checks.provenance import check_provenance
from gate.checks.selection import select
from gate.checks.signatures import FOR_FILES, FOR_IMAGES, check_signature
from gate.checks.signers import ahead_of_clock, doubts
from gate.checks.source import check_source
from gate.checks.waivers import waive
from gate.policy.captures import bind
from gate.policy.demands import Select
from gate.policy.images import rules_for
from gate.reference import Transport
from gate.verdict import Gap, Outcome, Result, settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.checks.agents.ranges import Commit
    from gate.claims import Claims
    from gate.platforms import Platform
    from gate.policy.model import Policy, Rule
    from gate.policy.parties import Accept
    from gate.reference import Digest, Reference


class RuleResult(Struct, frozen=True, kw_only=True):
    """One rule's results, in the order of the checks, the agent claims as it judged them, and the commits without any.

    `beside` is what fails of a commit, or with None of all of them, and is no claim's fault.

    `name` is None for the one result of an image that no rule matches (rule 22). `digest` and `platform` say which
    entry of an index was judged, where the rule has `platforms`; None for the digest that was asked for. `message` and
    `docs` are the rule's own, for whoever reads its fail; `warnings` are about the policy, as it met this image.
    """

    name: str | None
    results: tuple[Result, ...]
    commits: tuple[JudgedClaim, ...] = ()
    unclaimed: tuple[tuple[Commit, bool], ...] = ()
    beside: tuple[tuple[str | None, Objection], ...] = ()
    digest: Digest | None = None
    platform: Platform | None = None
    message: str | None = None
    docs: str | None = None
    warnings: tuple[str, ...] = ()


def check_image(
    reference: Reference,
    claims: Claims,
    policy: Policy,
    *,
    digests: Sequence[Digest],
    same: Sequence[Digest] = (),
    gaps: tuple[Gap, ...],
    now: datetime,
) -> tuple[RuleResult, ...]:
    """Run every check of every rule whose `images` match, for one digest.

    `digests` are that digest, and behind it those of everything that its manifest lists; `same` that digest by other
    algorithms.
    """
    rules = rules_for(policy, reference)
    if not rules:
        return (RuleResult(name=None, results=(_no_rule(reference, policy),)),)
    default = FOR_FILES if reference.transport is Transport.FILE else FOR_IMAGES
    denied = denied_digest(digests, policy, same=same)
    first = () if denied is None else (denied,)
    found = []
    for rule in rules:
        allowed = without_denied(claims, policy, rule)
        rule, bound = bind(rule, policy, reference)  # noqa: PLW2901  (the same rule, for this image)
        result = check_rule(rule, allowed, bound, name=reference.name, gaps=gaps, now=now, default=default)
        results, warnings = waive(
            result.results, rule.name, reference=reference, digest=digests[0], policy=policy, now=now
        )
        found.append(replace(result, results=first + results, warnings=warnings))
    return tuple(found)


def check_rule(
    rule: Rule,
    claims: Claims,
    policy: Policy,
    *,
    name: str = "",
    gaps: tuple[Gap, ...],
    now: datetime,
    default: frozenset[Accept] = FOR_IMAGES,
) -> RuleResult:
    """Every section of one rule. A result that missing evidence might change is not final (`settle`).

    `name` is the image's, for what is about it by name; `default` what a signer without `accept` has as one.
    """
    results: list[Result] = []
    commits: tuple[JudgedClaim, ...] = ()
    unclaimed: tuple[tuple[Commit, bool], ...] = ()
    beside: tuple[tuple[str | None, Objection], ...] = ()

    if rule.signature is not None:
        missed = gaps + doubts(claims, rule.signature.signers, policy, authentic_only=False)
        if rule.signature.max_age is not None:
            missed += ahead_of_clock(claims, rule.signature.signers, policy, now)
        result = check_signature(rule.signature, claims, policy, now, default=default)
        results.append(settle(result, missed, over_complete_ledger=False))

    if rule.provenance is not None:
        signers = {*rule.provenance.signers}
        signers.update(*(policy.builders[item].signers for item in rule.provenance.builders))
        signers.update(pair.signer for pair in rule.provenance.vsa)
        missed = gaps + doubts(claims, sorted(signers), policy, authentic_only=False)
        if rule.provenance.max_age is not None:
            missed += ahead_of_clock(claims, sorted(signers), policy, now)
        selection = select(rule.provenance, claims, policy, now, name=name)
        found = check_provenance(rule.provenance, selection, claims, policy)
        results += [settle(result, missed + result.gaps, over_complete_ledger=False) for result in found]

        if rule.source is not None:
            everyone = sorted({*signers, *(pair.signer for pair in rule.source.vsa)})
            ahead = () if rule.source.max_age is None else ahead_of_clock(claims, everyone, policy, now)
            result = check_source(rule.source, selection, claims, policy, now)
            # Another provenance may have another head, of a lower level: it passes over a complete ledger alone.
            passed = result.outcome is Outcome.PASS
            missed = gaps + ahead + doubts(claims, everyone, policy, authentic_only=passed)
            results.append(settle(result, missed, over_complete_ledger=True))

        if rule.agents is not None:
            known = known_to(rule, claims, policy)
            signers |= claim_signers(rule.agents, policy)
            judgement = check_agents(rule.agents, rule.provenance, selection, known, policy, now)
            commits, unclaimed, beside = judgement.claims, judgement.unclaimed, judgement.beside
            # More evidence can turn this check: it may disagree. It passes only over a complete ledger (rule 27).
            ahead = () if rule.agents.max_age is None else ahead_of_clock(claims, sorted(signers), policy, now)
            certain = gaps + judgement.gaps + ahead + doubts(claims, sorted(signers), policy, authentic_only=True)
            possible = certain + doubts(claims, sorted(signers), policy, authentic_only=False)
            for result in judgement.results:
                missed = certain if result.outcome is Outcome.PASS else possible
                results.append(settle(result, missed, over_complete_ledger=True))

    for section in rule.attestations:
        result = check_attestation(section, claims, policy, now)
        passed = result.outcome is Outcome.PASS
        missed = gaps + doubts(claims, section.signers, policy, authentic_only=passed)
        if section.max_age is not None or section.select is Select.LATEST:
            missed += ahead_of_clock(claims, section.signers, policy, now)
        results.append(settle(result, missed, over_complete_ledger=True))

    return replace(of_rule(rule, *results), commits=commits, unclaimed=unclaimed, beside=beside)


def of_rule(rule: Rule, *results: Result) -> RuleResult:
    """Results as those of one rule."""
    return RuleResult(name=rule.name, results=results, message=rule.message, docs=rule.docs)


def _no_rule(reference: Reference, policy: Policy) -> Result:
    patterns = ", ".join(pattern.text for rule in policy.rules for pattern in rule.images)
    remedy = "add a rule whose images match this name"
    if reference.local and not reference.asserted:
        remedy += ", or say with --as under which name it will be deployed"
    return Result(
        check="rules",
        outcome=Outcome.FAIL,
        expected=f"a rule for {reference.name!a}",
        found=f"no rule's images match it; they are {patterns}",
        remedy=remedy,
    )
