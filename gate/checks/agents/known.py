"""Which of the policy's agents a rule knows, and which of them a claim is about.

What comes in: the rule's `agents` section and the policy; a claim or a hint. What goes out: the policy's entries. It
judges nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.policy.parties import Anything

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.claims.agents import AgentClaim, Signal
    from gate.policy.demands import AgentsSection
    from gate.policy.model import Policy
    from gate.policy.parties import Agent


def known_agents(section: AgentsSection, policy: Policy) -> tuple[Agent, ...]:
    """The agents that the rule's file sees: a base's rule is not completed by what extends it. Denies look at all."""
    return tuple(agent for name, agent in policy.agents.items() if name in section.known)


def agents_of(claim: AgentClaim | Signal, agents: Iterable[Agent]) -> tuple[Agent, ...]:
    """The policy's agents that a claim's agent is one of, by its ids and their other spellings."""
    name = claim.agent
    if name is None:
        return ()
    return tuple(agent for agent in agents if _is(name, agent))


def _is(name: str, agent: Agent) -> bool:
    meant = agent.aliases.get(name, name)
    return isinstance(agent.ids, Anything) or any(item.matches(meant) for item in agent.ids)
