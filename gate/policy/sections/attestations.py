"""`[[rules.attestations]]` -> `AttestationSection`s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.pointer import is_pointer
from gate.policy import predicates
from gate.policy.conditions import read_condition
from gate.policy.demands import AttestationSection, Select
from gate.policy.problems import nearest
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.conditions import Condition
    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions

_TOLD: Final = 3
"""Of what a schema may let pass."""


def read_attestation(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> AttestationSection:
    """One entry: a predicate type, who signs it, and what it must say (rule 20)."""
    name = table["type"]
    predicate_type = name
    try:
        predicate_type = predicates.predicate_type(name)
    except ValueError as error:
        to.reader.problem((*at, "type"), f"{error}{nearest(name, predicates.SHORT_NAMES)}")
    signers = to.reader.names(table["signers"], "signers", (*at, "signers"))
    needed = "max-age" in table or table.get("select") == Select.LATEST
    to.reader.check_times(signers, to.signers, at, needed=needed)
    return AttestationSection(
        name=name,
        type=predicate_type,
        signers=signers,
        schema=_schema(table["schema"], (*at, "schema"), to) if "schema" in table else None,
        where=tuple(
            condition
            for number, item in enumerate(table.get("where", ()))
            if (condition := _condition(item, (*at, "where", number), to)) is not None
        ),
        max_age=to.reader.age(table, at),
        select=Select(table.get("select", Select.ALL)),
    )


def _condition(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> Condition | None:
    if not is_pointer(table["at"]):
        to.reader.problem((*at, "at"), f"{table['at']!a} is no JSON pointer: write /scanner/critical")
    try:
        return read_condition(table)
    except ValueError as error:
        to.reader.problem(at, str(error))
        return None


def _schema(name: str, at: KeyPath, to: Definitions) -> predicates.PredicateSchema | None:
    raw = to.reader.file(name, at, "schema")
    if raw is None:
        return None
    path = readable(to.reader.beside(name, at))
    schema = _read_schema(raw, path, at, to)
    if schema is not None and schema.doubts:
        more = f"; and {len(schema.doubts) - _TOLD} more" if len(schema.doubts) > _TOLD else ""
        to.reader.warning(at, f"{path}: {'; '.join(schema.doubts[:_TOLD])}{more}")
    return schema


def _read_schema(raw: bytes, path: str, at: KeyPath, to: Definitions) -> predicates.PredicateSchema | None:
    known = to.reader.schemas
    if raw not in known:
        if sum(map(predicates.weigh, (*known, raw))) > predicates.MAX_TOKENS:
            most = f"all schemas of a policy have at most {predicates.MAX_TOKENS} brackets, commas and colons together"
            to.reader.problem(at, f"{path}: {most}")
            return None
        try:
            known[raw] = predicates.read_schema(path, raw)
        except ValueError as error:
            to.reader.problem(at, f"{path}: {error}")
            return None
    return known[raw]
