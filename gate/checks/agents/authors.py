"""`agents.claims`, `agents.authorship`, `agents.allow`, `agents.operators` and `agents.tools`: who wrote each commit.

What comes in: a scene. What goes out: one result each. Every accepted claim is judged by all of them, whatever it is
worth (rules 16 to 18): an agent must be one that the rule allows, with an operator and tools that it allows where it
asks; who is unknown is never allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.agents.known import agents_of
from gate.checks.agents.words import author, by_claim, result
from gate.claims.agents import Authorship, is_agent_account
from gate.policy.parties import Anything

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.checks.agents.judged import JudgedClaim, Scene
    from gate.policy.parties import Agent
    from gate.verdict import Result


def check_readable(scene: Scene) -> Result:
    """Whatever an accepted statement says of commits can be read: it might have said something that denies."""
    wrong = []
    for entry in scene.accepted:
        if entry.claim.problem:
            scene.note(entry, "claims", entry.claim.problem)
            wrong.append(f"{entry.claim.path}: {entry.claim.problem}")
    for document in scene.documents:
        for item in document.problems:
            scene.note_beside(None, "claims", f"{item.path}: {item.problem}")
            wrong.append(f"{item.path}: {item.problem}")
    count = len(scene.accepted)
    return result(
        scene,
        "claims",
        expected="claims in the documented form",
        wrong=wrong,
        fine=f"{count} of {count} claims",
        remedy="image: mend what writes the claims; no policy allows less",
    )


def check_authorship(scene: Scene) -> Result:
    """Rule 18: an agent; a person or both together only where the rule says so; nobody unknown, and nobody as a person
    whose account is known to be an agent's.
    """
    section = scene.section
    allowed = {Authorship.AGENT}
    allowed |= {Authorship.HUMAN} if section.humans else set()
    allowed |= {Authorship.MIXED} if section.mixed else set()

    def wrong(entry: JudgedClaim) -> str | None:
        if not entry.by_agent and is_agent_account(entry.claim.agent or ""):  # A-T8: one of the two is not so
            return f"is claimed to be a person's, and its author {entry.claim.agent!a} is an agent's account"
        return None if entry.claim.authored_by in allowed else _by(entry)

    return by_claim(
        scene,
        "authorship",
        expected="commits by " + " or ".join(sorted(item.value for item in allowed)),
        remedy='image: have the claim say who wrote it; policy: humans = "allow" or mixed = "allow", which takes the '
        "word of whoever vouches for it; an unknown author is never allowed",
        wrong=wrong,
    )


def check_allowed(scene: Scene) -> Result:
    """Rule 18: an id that is not in `allow` fails."""
    if isinstance(scene.section.allow, Anything):
        return by_claim(scene, "allow", expected="any agent", remedy="", wrong=lambda _: None)
    allowed = [scene.policy.agents[name] for name in scene.section.allow]

    def wrong(entry: JudgedClaim) -> str | None:
        return (
            f"{_by(entry)}{_cased(entry, allowed)}" if entry.by_agent and not agents_of(entry.claim, allowed) else None
        )

    return by_claim(
        scene,
        "allow",
        expected=f"agents among {', '.join(scene.section.allow)}",
        remedy="image: build it without that commit; policy: name the agent in agents.allow, or add its id to the "
        "entry of one that is named there, which lets in whatever it writes with a model of that entry",
        wrong=wrong,
    )


def check_operators(scene: Scene) -> Result:
    """Whoever had an agent write a commit is named, and is one of the rule's."""
    operators = scene.section.operators
    assert operators is not None, "only a rule with operators asks"

    def wrong(entry: JudgedClaim) -> str | None:
        name = entry.claim.operator
        if not entry.by_agent or (name is not None and any(item.matches(name) for item in operators)):
            return None
        return "names no operator" if name is None else f"had the operator {name!a}"

    return by_claim(
        scene,
        "operators",
        expected=f"operators among {', '.join(map(str, operators))}",
        remedy="image: name the operator in the claim; policy: add who it is to agents.operators, which lets in "
        "whatever they have an allowed agent write",
        wrong=wrong,
    )


def check_tools(scene: Scene) -> Result:
    """Every tool that a claim names is one of the rule's. A format that names none is not asked."""
    tools = scene.section.tools
    assert tools is not None, "only a rule with tools asks"

    def wrong(entry: JudgedClaim) -> str | None:
        others = [name for name in entry.claim.tools or () if not any(item.matches(name) for item in tools)]
        return f"had the tools {', '.join(map(ascii, others[:5]))}" if others else None

    return by_claim(
        scene,
        "tools",
        expected=f"tools among {', '.join(map(str, tools))}, where a claim names any",
        remedy="image: have it written without that tool; policy: add it to agents.tools, which lets in what it does",
        wrong=wrong,
    )


def _cased(entry: JudgedClaim, allowed: Iterable[Agent]) -> str:
    """An id that the eye takes for the agent's."""
    ids = (item for agent in allowed if not isinstance(agent.ids, Anything) for item in agent.ids)
    near = next((item for item in ids if item.is_exactly_but_for_case(entry.claim.agent or "")), None)
    return "" if near is None else f", which differs from the id {str(near)!a} in upper and lower case alone"


def _by(entry: JudgedClaim) -> str:
    return f"is by {author(entry.claim)}"
