"""`agents.signals`: what hints at an agent contradicts no claim and names nobody whom the rule does not allow (A-T8).

What comes in: a scene. What goes out: one result, where accepted statements hold such hints at all. They are read last
and only add fails: trailers, author strings, Agent Trace and git-ai are anybody's to write (A-T30).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.agents.known import agents_of
from gate.checks.agents.models import model_allowed
from gate.checks.agents.words import result, short
from gate.claims.agents import Authorship
from gate.policy.parties import Anything

if TYPE_CHECKING:
    from gate.checks.agents.judged import Scene
    from gate.claims.agents import Document, Signal
    from gate.verdict import Result


def signals_of(scene: Scene) -> tuple[tuple[Document, Signal], ...]:
    """The signals about commits that count, each with the accepted statement that it stands in."""
    return tuple(
        (document, signal)
        for document in scene.documents
        for signal in document.signals
        if signal.commit in scene.bound
    )


def check_signals(scene: Scene) -> Result:
    """Judge each signal beside the claims about its commit."""
    people: dict[str | None, list[int]] = {}
    for number, entry in enumerate(scene.accepted):
        if entry.claim.authored_by is Authorship.HUMAN:
            people.setdefault(entry.claim.commit, []).append(number)
    wrong = []
    signals = signals_of(scene)
    for _, signal in signals:
        text = _wrong(signal, scene)
        if text is not None:
            text = f"{short(signal.commit)}: {text}"
            scene.note_beside(signal.commit, "signals", text)
            wrong.append(text)
        for number in people.get(signal.commit, ()):
            text = f"{short(signal.commit)} is claimed to be a person's, and its {signal.what} names "
            text += ascii(signal.agent) if signal.agent else "an agent"
            scene.note(scene.accepted[number], "signals", text)
            wrong.append(text)
    return result(
        scene,
        "signals",
        expected="hints at agents that agree with the claims, and name nobody whom the rule does not allow",
        wrong=wrong,
        fine=f"{len(signals)} of {len(signals)} hints",
        remedy="image: have the claim name the agent; policy: if it is another spelling of one, add it to its aliases",
    )


def _wrong(signal: Signal, scene: Scene) -> str | None:
    """An agent that the rule does not allow, or a model that its entry does not list, or where the hint names no agent
    that of nobody whom the rule allows. A hint need not name either.
    """
    if isinstance(scene.section.allow, Anything):
        return None
    allowed = [scene.policy.agents[name] for name in scene.section.allow]
    agents = allowed if signal.agent is None else agents_of(signal, allowed)
    if not agents:
        return f"its {signal.what} names {signal.agent!a}"
    if signal.model is not None and not any(model_allowed(agent, signal) for agent in agents):
        who = "" if signal.agent is None else f"{signal.agent!a} with "
        return f"its {signal.what} names {who}{signal.model!a}"
    return None
