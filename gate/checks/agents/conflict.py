"""`agents.conflict`: no two accepted accounts of one commit disagree (rule 17).

What comes in: a scene. What goes out: one result. An account is what one place of one statement says of a commit: one
author, or an agent and those that it called. What a format has no word for is no disagreement; what it leaves out
though it has one is.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, Final

from gate.checks.agents.known import agents_of, known_agents
from gate.checks.agents.words import author, result, short, some
from gate.claims.agents import Authorship

if TYPE_CHECKING:
    from gate.checks.agents.judged import JudgedClaim, Scene
    from gate.claims.agents import AgentClaim
    from gate.policy.parties import Agent
    from gate.verdict import Result

_AUTHORS: Final = 50
"""Authors of one account that are each compared with each of another; of more, both accounts must be the same."""
_Account = tuple["AgentClaim", ...]
_Agents = tuple["Agent", ...]


def check_conflict(scene: Scene) -> Result:
    """Compare every account of a commit with every other."""
    said: defaultdict[str, dict[tuple[int, str], list[JudgedClaim]]] = defaultdict(dict)
    for entry in scene.accepted:
        claim = entry.claim
        if claim.commit is not None:
            said[claim.commit].setdefault((id(claim.evidence), claim.account), []).append(entry)
    wrong = []
    for commit, accounts in said.items():
        distinct = {tuple(_key(entry.claim) for entry in entries): entries for entries in accounts.values()}
        if _disagree(list(distinct.values()), known_agents(scene.section, scene.policy)):
            text = f"disagreeing claims about {short(commit)}"
            wrong.append(f"{text}: {_told(list(distinct.values()))}")
            for entries in distinct.values():
                for entry in entries:
                    scene.note(entry, "conflict", text)
    return result(
        scene,
        "conflict",
        expected="no two claims about one commit that disagree",
        wrong=wrong,
        fine="none",
        remedy="image: find out which of the two claims is true and attest again; policy: aliases, where two spellings "
        "mean one",
    )


def _told(accounts: list[list[JudgedClaim]]) -> str:
    """What the accounts say, by their first authors."""
    said = list(dict.fromkeys(author(entries[0].claim) for entries in accounts))
    return some(said) if len(said) > 1 else f"{said[0]}, of which each says something else beside it"


def _key(claim: AgentClaim) -> tuple[object, ...]:
    return (
        claim.format,
        claim.authored_by,
        claim.implied,
        claim.agent,
        claim.agent_version,
        claim.provider,
        claim.model,
        claim.model_version,
        claim.operator,
    )


def _disagree(accounts: list[list[JudgedClaim]], agents: _Agents) -> bool:
    read = [tuple(entry.claim for entry in entries) for entries in accounts]
    return any(not _agree(one, other, agents) for one, other in combinations(read, 2))


def _agree(one: _Account, other: _Account, agents: _Agents) -> bool:
    """One author is one of several; several are the same several."""
    if len(one) == 1 or len(other) == 1:
        (single,), several = (one, other) if len(one) == 1 else (other, one)
        return any(_same(single, claim, agents) for claim in several)
    if max(len(one), len(other)) > _AUTHORS:
        return {_key(claim) for claim in one} == {_key(claim) for claim in other}
    return all(any(_same(mine, theirs, agents) for theirs in other) for mine in one) and all(
        any(_same(theirs, mine, agents) for mine in one) for theirs in other
    )


def _same(one: AgentClaim, other: AgentClaim, agents: _Agents) -> bool:
    return (
        _same_authorship(one, other)
        and _equal(_agent(one, agents), _agent(other, agents), strict=one.format == other.format)
        and _equal(_model(one, agents), _model(other, agents), strict=one.format == other.format)
        and _equal(one.agent_version, other.agent_version)
        and _equal(one.provider, other.provider)
        and _equal(one.model_version, other.model_version)
        and _equal(one.operator, other.operator)
    )


def _same_authorship(one: AgentClaim, other: AgentClaim) -> bool:
    """A format without a word for it says no more than that an agent had a part."""
    if one.authored_by is other.authored_by:
        return True
    return (one.implied or other.implied) and {one.authored_by, other.authored_by} == {
        Authorship.AGENT,
        Authorship.MIXED,
    }


def _equal(one: str | None, other: str | None, *, strict: bool = False) -> bool:
    return one == other or (not strict and (one is None or other is None))


def _agent(claim: AgentClaim, agents: _Agents) -> str | None:
    """The agent, by the spelling that the policy says it means."""
    meant = {meaning for agent in agents for name, meaning in agent.aliases.items() if name == claim.agent}
    return min(meant) if len(meant) == 1 else claim.agent


def _model(claim: AgentClaim, agents: _Agents) -> str | None:
    """The model without a provider in its name, by the spelling that the policy's agent says it means."""
    if claim.model is None:
        return None
    named = agents_of(claim, agents)
    meant = {agent.model_aliases[claim.model] for agent in named if claim.model in agent.model_aliases}
    name = min(meant) if len(meant) == 1 else claim.model
    return name.removeprefix(f"{claim.provider}/") if claim.provider else name
