"""`agents.deny`: no agent or model that the rule or the policy denies had a part in any commit (rule 9).

What comes in: a scene. What goes out: one result. Denies ignore upper and lower case, and look at claims and at hints
alike; of a claim that a person wrote the commit, only a name that is a denied agent's very id counts. A dated deny is
about the time at which the claim or the image's provenance was signed, either of which will do; where that is not known
it holds.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from gate.checks.agents.models import spellings
from gate.checks.agents.signals import signals_of
from gate.checks.agents.words import author, result, short
from gate.checks.denies import holds
from gate.claims.agents import AgentClaim, Signal, agents_called, parts_of
from gate.policy.matching import How
from gate.policy.parties import Anything

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gate.checks.agents.judged import Scene
    from gate.policy.matching import Pattern
    from gate.policy.model import Deny
    from gate.verdict import Result
    from gate.verification import Signed


_SIGNS: Final = "-@:"
"""Between a model's name and its version, which a claim may also state beside it."""
_PARTS: Final = 3
"""A reseller, a provider and a model; of a longer name its last parts. A claim's text may have a hundred slashes."""


class _Denied(Struct, frozen=True):
    agents: tuple[Pattern, ...]
    models: tuple[Pattern, ...]
    reason: str
    deny: Deny | None


class _Denials(Struct, frozen=True):
    """All that is denied, and what each spelling means by any agent's aliases, in lower case."""

    items: tuple[_Denied, ...]
    aliases: Mapping[str, list[str]]
    model_aliases: Mapping[str, list[str]]


def check_denied(scene: Scene) -> Result:
    """Judge every accepted claim, and every hint beside it."""
    agents = scene.policy.agents.values()
    denied = _Denials(
        tuple(_denied(scene)),
        _by_spelling(agent.aliases for agent in agents),
        _by_spelling(agent.model_aliases for agent in agents),
    )
    wrong = []
    for entry in scene.accepted:
        find = _reasons if entry.by_agent else _reasons_of_a_person
        for reason in find(entry.claim, entry.claim.evidence, denied, scene):
            text = f"{short(entry.claim.commit)} is by {author(entry.claim)}: {reason}"
            scene.note(entry, "deny", text)
            wrong.append(text)
    for document, signal in signals_of(scene):
        for reason in _reasons(signal, document.evidence, denied, scene):
            text = f"{short(signal.commit)}: its {signal.what} names {signal.agent or signal.model!a}: {reason}"
            scene.note_beside(signal.commit, "deny", text)
            wrong.append(text)
    return result(
        scene,
        "deny",
        expected="no agent and no model that is denied",
        wrong=wrong,
        fine=f"none in {len(scene.accepted)} claims",
        remedy="image: build it without that commit, or have it written again; policy: take it out of deny, or date it",
    )


def _denied(scene: Scene) -> Iterator[_Denied]:
    """What the rule denies by name, and what the policy denies."""
    for name in scene.section.deny:
        ids = scene.policy.agents[name].ids
        assert not isinstance(ids, Anything), "no policy is read that denies an agent of any id"
        yield _Denied(ids, (), f"the rule denies {name}", None)
    for deny in scene.policy.denies:
        yield _Denied(deny.agents, deny.models, deny.reason, deny)


def _reasons(said: AgentClaim | Signal, evidence: Signed, denied: _Denials, scene: Scene) -> Iterator[str]:
    names = [part for name in (said.agent, said.agent_identity) if name is not None for part in parts_of(name)]
    names += [called for name in tuple(names) for called in agents_called(name)]
    names += _meant(names, denied.aliases)
    models = [] if said.model is None else list(spellings(said.model, said.provider))
    version = said.model_version if isinstance(said, AgentClaim) else None
    models += [f"{name}{sign}{version}" for name in tuple(models) for sign in (_SIGNS if version else "")]
    anyones = said.provider is None and "/" not in (said.model or "")
    models += [rest for name in tuple(models) for rest in _behind_slashes(name)]
    models += _meant(models, denied.model_aliases)
    for item in denied.items:
        agent = any(pattern.denies(name) for pattern in item.agents for name in names)
        model = any(pattern.denies(name) for pattern in item.models for name in models)
        model = model or (anyones and any(_names(pattern, name) for pattern in item.models for name in models))
        if (agent or model) and (item.deny is None or _at_its_time(item.deny, evidence, scene)):
            yield item.reason


def _names(pattern: Pattern, model: str) -> bool:
    """Whether a model of one provider is denied by this name: where a claim names no provider, it may be that one's.
    All that one provider has is not known by any name.
    """
    name = pattern.text.rpartition("/")[2]
    return pattern.how is not How.REGEX and name.strip("*") != "" and replace(pattern, text=name).denies(model)


def _reasons_of_a_person(said: AgentClaim | Signal, evidence: Signed, denied: _Denials, scene: Scene) -> Iterator[str]:
    """People are called Claude, and no deny is of them. Whoever has a denied agent's id for a name, byte for byte, is
    not known to be one.
    """
    for item in denied.items:
        called = any(pattern.how is How.EXACT and pattern.text == said.agent for pattern in item.agents)
        if called and (item.deny is None or _at_its_time(item.deny, evidence, scene)):
            yield item.reason


def _by_spelling(known: Iterable[Mapping[str, str]]) -> Mapping[str, list[str]]:
    """What each spelling means: for a deny aliases ignore upper and lower case too."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for aliases in known:
        for spelling, meant in aliases.items():
            found[spelling.casefold()].append(meant)
    return found


def _meant(names: Iterable[str], known: Mapping[str, list[str]]) -> list[str]:
    return [meant for name in {name.casefold() for name in names} for meant in known.get(name, ())]


def _behind_slashes(name: str) -> Iterator[str]:
    """A model's name without the provider, or the reseller and the provider, that may stand before it: its last parts,
    of which so many are enough whatever stands before them.
    """
    parts = name.split("/")
    for count in range(1, min(len(parts), _PARTS + 1)):
        yield "/".join(parts[-count:])


def _at_its_time(deny: Deny, evidence: Signed, scene: Scene) -> bool:
    witnesses = (evidence, *(item.provenance.evidence for item in scene.judged))
    return any(holds(deny, item, scene.policy) for item in witnesses)
