"""`[[rules]]` of a policy -> `Rule`s: what images must prove, section by section.

What comes in: the tables, a `Reader`, and the signers and builders that were defined. What goes out: rules whose names
are all defined, or problems. A part that is None was left out because its shape is wrong, which is said already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.platforms import parse_platform
from gate.policy.captures import check_captures
from gate.policy.images import image_complaint
from gate.policy.matching import capturing
from gate.policy.model import Rule, Scope
from gate.policy.sections.agents import read_agents
from gate.policy.sections.attestations import read_attestation
from gate.policy.sections.provenance import read_provenance
from gate.policy.sections.signature import read_signature
from gate.policy.sections.source import read_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.platforms import Platform
    from gate.policy.matching import Pattern
    from gate.policy.reading import KeyPath, Reader
    from gate.policy.sections import Definitions

_SECTIONS = ("signature", "provenance", "source", "agents", "attestations")


def read_rule(number: int, table: Mapping[str, Any], to: Definitions) -> Rule:
    """One rule; `number` counts from 0 in the file's order."""
    at: KeyPath = ("rules", number)
    if not any(key in table for key in _SECTIONS):
        to.reader.problem(at, "the rule demands nothing; add signature, provenance, source, agents or attestations")
    if "agents" in table and "provenance" not in table:
        to.reader.problem((*at, "agents"), "agents needs provenance in the same rule: it says which commits count")
    if "source" in table and "provenance" not in table:
        to.reader.problem((*at, "source"), "source needs provenance in the same rule: it says which commit that is")
    own, _ = to.reader.merged.origin(at)
    found = {key: table[key] for key in _SECTIONS if table.get(key) is not None}
    rule = Rule(
        name=table.get("name") or f"rule-{number + 1}",
        images=tuple(
            _image(text, to.reader.element((*at, "images"), number, text), to.reader)
            for number, text in enumerate(table["images"] or ())
        ),
        platforms=_platforms(table.get("platforms", Scope.INDEX), (*at, "platforms"), to.reader),
        signature=read_signature(found["signature"], (*at, "signature"), to) if "signature" in found else None,
        provenance=read_provenance(found["provenance"], (*at, "provenance"), to) if "provenance" in found else None,
        source=read_source(found["source"], (*at, "source"), to) if "source" in found else None,
        agents=read_agents(found["agents"], (*at, "agents"), to) if "agents" in found else None,
        attestations=tuple(
            read_attestation(item, (*at, "attestations", place), to)
            for place, item in enumerate(found.get("attestations", ()))
            if item is not None
        ),
        message=table.get("message"),
        docs=table.get("docs"),
        files=(own.number, *sorted(own.extends)),
        waivable=bool(table.get("waivable", False)),
    )
    check_captures(rule, at, to)
    return rule


def _image(text: str, at: KeyPath, to: Reader) -> Pattern:
    """Rule 23: a pattern is written for canonical names."""
    complaint = image_complaint(text)
    if complaint:
        to.problem(at, f"{text!a}: {complaint}")
    return to.checked(text, capturing, at)


def _platforms(value: Any, at: KeyPath, to: Reader) -> Scope | tuple[Platform, ...]:
    if value is None or isinstance(value, str):
        return Scope(value or Scope.INDEX)
    found: list[Platform] = []
    for number, text in enumerate(value):
        place = to.element(at, number, text)
        try:
            platform = parse_platform(text)
        except ValueError as error:
            to.problem(place, str(error))
            continue
        if platform.unknown:
            to.problem(place, f"nothing runs on {platform}")
        elif platform in found:
            to.problem(place, f"{text!a} is {platform}, which is listed already")
        found.append(platform)
    return tuple(found)
