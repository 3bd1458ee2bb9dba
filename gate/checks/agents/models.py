"""`agents.models`: each agent used a model that its entry lists (rule 18).

What comes in: a scene. What goes out: one result. Names are compared whole, the provider beside them or before a `/`;
versions only as numbers. A name that floats (`latest`, `auto`, `default`) says nothing of the model that was used: only
an entry that spells it exactly matches it (A-T22).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.checks.agents.known import agents_of
from gate.checks.agents.words import author, by_claim
from gate.policy.matching import How
from gate.policy.parties import Anything

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.checks.agents.judged import JudgedClaim, Scene
    from gate.claims.agents import AgentClaim, Signal
    from gate.policy.parties import Agent, Model
    from gate.verdict import Result

_FLOATING: Final = re.compile(r"(?:^|[-:/.@_])(?:latest|auto|default)(?:$|[-:/.@_])", re.IGNORECASE)
_DATE: Final = 4
"""Digits of a year, or of a month and a day."""
_VERSION: Final = re.compile(r"[0-9]{1,18}(?:[.-][0-9]{1,18})*")


def check_models(scene: Scene) -> Result:
    """A claim without a model fails unless the agent's `models` is "any"."""
    if isinstance(scene.section.allow, Anything):
        return by_claim(scene, "models", expected="any model", remedy="", wrong=lambda _: None)
    allowed = [scene.policy.agents[name] for name in scene.section.allow]

    def wrong(entry: JudgedClaim) -> str | None:
        agents = agents_of(entry.claim, allowed)
        if not entry.by_agent or not agents or any(model_allowed(agent, entry.claim) for agent in agents):
            return None
        return author(entry.claim)

    return by_claim(
        scene,
        "models",
        expected="models as listed: " + "; ".join(_listed(agent) for agent in allowed),
        remedy="image: have it written with a listed model; policy: add this one to the agent's models, which lets in "
        "whatever it writes with that; names are compared whole",
        wrong=wrong,
        joint=": ",
    )


def model_allowed(agent: Agent, claim: AgentClaim | Signal) -> bool:
    """Whether an agent's entry lists the model that a claim names."""
    if isinstance(agent.models, Anything):
        return True
    if claim.model is None:
        return False
    name = agent.model_aliases.get(claim.model, claim.model)
    version = getattr(claim, "model_version", None)
    return any(_matches(item, name, claim.provider, version) for item in agent.models)


def spellings(model: str, provider: str | None) -> Iterator[str]:
    """A model's name, and the one with its provider."""
    yield model
    if provider is not None:
        yield f"{provider}/{model}"


def _matches(item: Model, name: str, provider: str | None, version: str | None) -> bool:
    if item.pattern is not None:
        if item.pattern.how is not How.EXACT and _FLOATING.search(name):
            return False
        return any(item.pattern.matches(text) for text in spellings(name, provider))
    if item.provider is not None:
        stated, slash, rest = name.partition("/")
        if (provider or (stated if slash else None)) != item.provider:  # A-T21: it must be stated
            return False
        name = rest if slash and stated == item.provider else name
    if not item.minimum:
        return name == item.name
    if name == item.name:
        found = _version(version)
    else:
        found = _version(name.removeprefix(f"{item.name}-")) if name.startswith(f"{item.name}-") else None
    return found is not None and _at_least(found, item.minimum)


def _version(text: str | None) -> tuple[str, ...] | None:
    """A version that compares: numbers alone (A-T24)."""
    if text is None or _VERSION.fullmatch(text) is None:
        return None
    return tuple(re.split("[.-]", text))


def _at_least(found: tuple[str, ...], minimum: tuple[str, ...]) -> bool:
    """Part by part, as numbers; what is not there is 0. Dates compare with dates alone: a date behind a version says
    when it was released, and is no part of it (`claude-opus-4-20250514` is 4, and not later than 4.5).
    """
    for number, wanted in enumerate(minimum):
        if number < len(found) and _is_date(found[number]) and not _is_date(wanted):
            found = found[:number]
        ours = found[number] if number < len(found) else "0"
        if _is_date(wanted) and not _is_date(ours):
            return False
        if int(ours) != int(wanted):
            return int(ours) > int(wanted)
    return True


def _is_date(part: str) -> bool:
    """2025, 0613 or 20250514; no model's version has so large a number."""
    return len(part) >= _DATE


def _listed(agent: Agent) -> str:
    models = "any" if isinstance(agent.models, Anything) else ", ".join(map(str, agent.models))
    return f"{agent.name} with {models}"
