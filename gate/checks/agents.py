"""`agents` and `agents.<aspect>`: which agents and models wrote the commits that the image was built from.

What comes in: the rule's `agents` section, the selection that the provenance check judged, and the claims. What goes
out: one result for each aspect, and every claim as it was judged, for the report. Deny unless proven: a claim's absence
never helps (design rules 14-18, 27).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gate.checks.selection import matching_builders
from gate.checks.signers import signed_by
from gate.claims.agents import AgentClaim, Authorship
from gate.policy.model import Agent, Anything, Coverage, Trust
from gate.verdict import EXIT_STUCK, Gap, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.checks.selection import Judged, Selection
    from gate.claims import Claims
    from gate.claims.provenance import Provenance
    from gate.policy.model import AgentsSection, Policy, ProvenanceSection
    from gate.reference import Digest

CHECK: Final = "agents"
_DROPPED: Final = (
    "have the builder write commits[] into resolvedDependencies; note that cosign drops them under its short names: "
    "attest with --type https://slsa.dev/provenance/v1"
)
_Commit = tuple[str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """One claim and what the rule makes of it. `vouched_by` is None for a claim that the rule does not accept."""

    claim: AgentClaim
    vouched_by: Trust | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsJudgement:
    """The results, every claim as judged, and why some claims could not be read."""

    results: tuple[Result, ...]
    claims: tuple[JudgedClaim, ...]
    gaps: tuple[Gap, ...]


def check_agents(
    section: AgentsSection, provenance: ProvenanceSection, selection: Selection, claims: Claims, policy: Policy
) -> AgentsJudgement:
    """Judge every accepted claim, and whether the commits that need one have one."""
    if not selection.judged:
        absent = Result(
            check=CHECK,
            outcome=Outcome.FAIL,
            expected="provenance by an accepted signer and builder, which says which commits the image holds",
            found="none, so nobody says which commits the image holds",
            remedy="see the check provenance",
        )
        return AgentsJudgement(results=(absent,), claims=(), gaps=())
    judged = _judge_claims(section, provenance, selection, claims, policy)
    accepted = tuple(item for item in judged if item.vouched_by is not None)
    results = [_coverage(section, selection.judged, accepted), _conflict(accepted)]
    if accepted:  # with nothing to judge there is nothing that could pass
        results += [
            _unreadable(accepted),
            _authorship(section, accepted),
            _allowed(section, accepted, policy),
            _models(section, accepted, policy),
        ]
    gaps = _unread(section, selection, claims, policy)
    return AgentsJudgement(results=tuple(results), claims=judged, gaps=gaps)


def _accepted_statements(
    section: AgentsSection, selection: Selection, claims: Claims, policy: Policy
) -> tuple[Provenance, ...]:
    """Rule 14: the selected provenance, and statements of `agents.signers`. Every claim in them is accepted."""
    selected = {id(item.provenance) for item in selection.judged}
    return tuple(
        item for item in claims.provenance if id(item) in selected or signed_by(item.evidence, section.signers, policy)
    )


def _unread(section: AgentsSection, selection: Selection, claims: Claims, policy: Policy) -> tuple[Gap, ...]:
    """Claims that were not read and might be accepted: a statement that lists too many, by anyone whose word counts."""
    accepted = {id(item) for item in _accepted_statements(section, selection, claims, policy)}
    platforms = sorted({name for agent in policy.agents.values() for name in agent.signers})
    return tuple(
        Gap(reason=str(item.gap), exit_code=EXIT_STUCK)
        for item in claims.provenance
        if item.gap is not None and (id(item) in accepted or signed_by(item.evidence, platforms, policy))
    )


def _judge_claims(
    section: AgentsSection, provenance: ProvenanceSection, selection: Selection, claims: Claims, policy: Policy
) -> tuple[JudgedClaim, ...]:
    accepted = {id(item) for item in _accepted_statements(section, selection, claims, policy)}
    judged = []
    for statement in claims.provenance:
        builders = matching_builders(statement, provenance.builders, policy)
        for claim in statement.claims:
            # A platform vouches for its agent, and not for a person who is called like it.
            agents = _agents_of(claim, policy.agents.values()) if _by_agent(claim) else ()
            platform = any(signed_by(claim.evidence, agent.signers, policy) for agent in agents)
            trust: Trust | None = None
            if id(statement) in accepted or platform:
                vouched = f"{CHECK}@{claim.place}"
                if builders and all(vouched in builder.vouches_for for builder in builders):
                    trust = Trust.BUILDER
                else:
                    trust = Trust.PLATFORM if platform else Trust.TENANT
            judged.append(JudgedClaim(claim=claim, vouched_by=trust))
    return tuple(judged)


def _agents_of(claim: AgentClaim, agents: Iterable[Agent]) -> tuple[Agent, ...]:
    """The policy's agents whose ids the claim's agent matches."""
    name = claim.agent
    if name is None:
        return ()
    return tuple(
        agent for agent in agents if isinstance(agent.ids, Anything) or any(item.matches(name) for item in agent.ids)
    )


def _coverage(section: AgentsSection, judged: tuple[Judged, ...], accepted: tuple[JudgedClaim, ...]) -> Result:
    """Rule 17: the head always, and with `listed` every commit that a claim lists; rule 16: below min-trust is none."""
    required: dict[_Commit, None] = {}
    headless = False
    for item in judged:
        headless = headless or len(item.commits) != 1
        required.update(dict.fromkeys((item.repository, commit) for commit in item.commits))
    claimed: set[_Commit] = set()
    for entry in accepted:
        if entry.claim.commit is None or entry.claim.problem is not None:
            continue
        key = (entry.claim.repository, entry.claim.commit)
        if section.coverage is Coverage.LISTED:
            required.setdefault(key)
        if entry.vouched_by is not None and entry.vouched_by >= section.min_trust:
            claimed.add(key)
    missing = [commit for commit in required if commit not in claimed]
    expected = f"a claim, vouched for by {section.min_trust.name.lower()} or better, for "
    expected += "the head commit" if section.coverage is Coverage.HEAD else "the head and every listed commit"
    if section.unclaimed:
        expected += ' (or none: unclaimed = "allow")'
    found = f"{len(required) - len(missing)} of {len(required)} commits claimed"
    if missing:
        found += "; unclaimed: " + _some(f"{_short(commit)}{_why(commit, accepted)}" for _, commit in missing)
    if headless:
        found = "the provenance does not say which one commit it was built from; " + found
    if section.coverage is Coverage.HEAD:
        found += "; commits before the head were not judged"
    return Result(
        check=f"{CHECK}.coverage",
        outcome=Outcome.PASS if not headless and (not missing or section.unclaimed) else Outcome.FAIL,
        expected=expected,
        found=found,
        evidence=_evidence(accepted) or tuple(sorted(item.provenance.evidence.digest for item in judged)),
        remedy="" if not missing or section.unclaimed else _DROPPED,
    )


def _why(commit: str, accepted: tuple[JudgedClaim, ...]) -> str:
    """Why a commit that someone claims does not count as claimed."""
    trusts = [entry.vouched_by for entry in accepted if entry.claim.commit == commit and entry.vouched_by is not None]
    return f" (claimed, but only the {max(trusts).name.lower()} vouches for it)" if trusts else ""


def _conflict(accepted: tuple[JudgedClaim, ...]) -> Result:
    """Rule 17: two accepted claims about one commit that disagree."""
    # A git object's name is one commit in every repository that has it, so the repository does not tell two apart.
    said: defaultdict[str, set[tuple[str, str | None, str | None]]] = defaultdict(set)
    for entry in accepted:
        claim = entry.claim
        if claim.commit is not None:
            said[claim.commit].add((claim.authored_by.value, claim.agent, claim.model))
    conflicts = [commit for commit, claims in said.items() if len(claims) > 1]
    return Result(
        check=f"{CHECK}.conflict",
        outcome=Outcome.FAIL if conflicts else Outcome.PASS,
        expected="no two claims about one commit that disagree",
        found=f"disagreeing claims about {_some(map(_short, conflicts))}" if conflicts else "none",
        evidence=_evidence(accepted),
        remedy="find out which claim is true; the report lists both" if conflicts else "",
    )


def _unreadable(accepted: tuple[JudgedClaim, ...]) -> Result:
    problems = [f"{entry.claim.path}: {entry.claim.problem}" for entry in accepted if entry.claim.problem]
    return _result("claims", "claims in the documented form", problems, accepted, "mend what writes the claims")


def _authorship(section: AgentsSection, accepted: tuple[JudgedClaim, ...]) -> Result:
    allowed = {Authorship.AGENT}
    allowed |= {Authorship.HUMAN} if section.humans else set()
    allowed |= {Authorship.MIXED} if section.mixed else set()
    wrong = [
        f"{_short(entry.claim.commit)} is by {_author(entry.claim)}"
        for entry in accepted
        if entry.claim.authored_by not in allowed
    ]
    expected = "commits by " + " or ".join(sorted(item.value for item in allowed))
    remedy = 'if that is meant, say humans = "allow" or mixed = "allow"; an unknown author is never allowed'
    return _result("authorship", expected, wrong, accepted, remedy)


def _allowed(section: AgentsSection, accepted: tuple[JudgedClaim, ...], policy: Policy) -> Result:
    if isinstance(section.allow, Anything):
        return _result("allow", "any agent", [], accepted, "")
    allowed = [policy.agents[name] for name in section.allow]
    wrong = [
        f"{_short(entry.claim.commit)} is by {_author(entry.claim)}"
        for entry in accepted
        if _by_agent(entry.claim) and not _agents_of(entry.claim, allowed)
    ]
    expected = f"agents among {', '.join(section.allow)}"
    return _result("allow", expected, wrong, accepted, "if you trust this agent, name it in agents.allow")


def _models(section: AgentsSection, accepted: tuple[JudgedClaim, ...], policy: Policy) -> Result:
    """Rule 18: a claim without a model fails unless the agent's models is "any"."""
    if isinstance(section.allow, Anything):
        return _result("models", "any model", [], accepted, "")
    allowed = [policy.agents[name] for name in section.allow]
    wrong = []
    for entry in accepted:
        agents = _agents_of(entry.claim, allowed)
        if _by_agent(entry.claim) and agents and not any(_model_allowed(agent, entry.claim.model) for agent in agents):
            wrong.append(f"{_short(entry.claim.commit)}: {_author(entry.claim)}")
    expected = "models as listed: " + "; ".join(_listed(agent) for agent in allowed)
    remedy = "if you trust this model, add it to the agent's models; names are compared whole"
    return _result("models", expected, wrong, accepted, remedy)


def _by_agent(claim: AgentClaim) -> bool:
    """Whether an agent had part in the commit; an unknown author may have been one."""
    return claim.authored_by is not Authorship.HUMAN


def _listed(agent: Agent) -> str:
    models = "any" if isinstance(agent.models, Anything) else ", ".join(str(pattern) for pattern in agent.models)
    return f"{agent.name} with {models}"


def _model_allowed(agent: Agent, model: str | None) -> bool:
    if isinstance(agent.models, Anything):
        return True
    return model is not None and any(pattern.matches(model) for pattern in agent.models)


def _result(aspect: str, expected: str, wrong: list[str], accepted: tuple[JudgedClaim, ...], remedy: str) -> Result:
    return Result(
        check=f"{CHECK}.{aspect}",
        outcome=Outcome.FAIL if wrong else Outcome.PASS,
        expected=expected,
        found=_some(wrong) if wrong else f"{len(accepted)} of {len(accepted)} claims",
        evidence=_evidence(accepted),
        remedy=remedy if wrong else "",
    )


def _author(claim: AgentClaim) -> str:
    who = f"{claim.agent!a}" if claim.agent else "nobody named"
    model = (
        f" with {claim.model!a}"
        if claim.model
        else ", no model named"
        if claim.authored_by is not Authorship.HUMAN
        else ""
    )
    return f"{who}{model} ({claim.authored_by.value})"


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "a commit without hash"


def _some(items: Iterable[str]) -> str:
    listed = list(dict.fromkeys(items))
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _evidence(accepted: tuple[JudgedClaim, ...]) -> tuple[Digest, ...]:
    return tuple(sorted({entry.claim.evidence.digest for entry in accepted}))
