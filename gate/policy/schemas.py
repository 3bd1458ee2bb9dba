"""A JSON Schema of someone's policy -> the same, held to what its writer will have meant.

What comes in: a document that is a valid schema of its dialect. What goes out: `ValueError` for what JSON Schema would
let pass in silence, so that a policy demanded less than it says: keywords that the dialect does not have, what stands
beside `$ref` in draft 7, references that leave the document, lead nowhere or go round in circles; and what may be meant
so: keywords that say nothing of a value of another type, and annotations. Patterns are made to end where the text ends,
as ECMA-262 has it. It fetches nothing (design rule 20).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import referencing
import referencing.jsonschema

from gate.policy.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAFT_2020: Final = "https://json-schema.org/draft/2020-12/schema"
DRAFT_7: Final = "http://json-schema.org/draft-07/schema"
_REFERENCES: Final = ("$ref", "$dynamicRef")
_ALL_REFERENCES: Final = (*_REFERENCES, "$recursiveRef")
_COMMON: Final = frozenset(
    {
        *("$schema", "$id", "$ref", "$comment", "definitions", "title", "description", "default", "examples"),
        *("readOnly", "writeOnly", "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum"),
        *("exclusiveMinimum", "maxLength", "minLength", "pattern", "items", "maxItems", "minItems", "uniqueItems"),
        *("contains", "maxProperties", "minProperties", "required", "properties", "patternProperties"),
        *("additionalProperties", "propertyNames", "if", "then", "else", "allOf", "anyOf", "oneOf", "not", "format"),
        *("contentMediaType", "contentEncoding"),
    }
)
_KEYWORDS: Final = {
    DRAFT_2020: _COMMON
    | {
        *("$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$defs", "prefixItems", "unevaluatedItems"),
        *("unevaluatedProperties", "maxContains", "minContains", "dependentRequired", "dependentSchemas"),
        *("deprecated", "contentSchema"),
    },
    DRAFT_7: _COMMON | {"additionalItems", "dependencies", "$defs"},  # $defs: a mere place to refer to
}
# What may stand beside $ref in draft 7, which ignores it: it asserts nothing.
_SILENT: Final = frozenset(
    {*("$ref", "$schema", "$id", "$comment", "definitions", "$defs"), "title", "description", "default", "examples"}
)
_ONE: Final = frozenset(
    {
        *("additionalProperties", "unevaluatedProperties", "propertyNames", "items", "additionalItems", "contains"),
        *("unevaluatedItems", "not", "if", "then", "else", "contentSchema"),
    }
)
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
_MAPS: Final = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"}
)
# Those that judge the same value again: a circle of them never ends.
_IN_PLACE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"}
)
# Those that are about the parts of a value.
_PARTS: Final = frozenset(
    {
        *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "contains"),
        *("items", "prefixItems", "additionalItems", "unevaluatedItems"),
    }
)
_TYPED: Final = frozenset({"type", "enum", "const"})
_ASKING: Final = frozenset({"pattern", "enum", "const"})
# Those that a value of another type passes, whatever they say.
_OF_A_TYPE: Final = {
    "number": frozenset({"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}),
    "string": frozenset({"maxLength", "minLength", "pattern"}),
    "array": frozenset({"items", "prefixItems", "contains", "maxItems", "minItems", "uniqueItems"}),
    "object": frozenset({"properties", "patternProperties", "required", "minProperties", "maxProperties"}),
}

_JUDGING: Final = 50
"""Schemas of one value that are looked through for its type. It is only for a warning."""


def hold(document: dict[str, Any], dialect: str) -> tuple[str, ...]:
    """Check a schema, and mend its patterns in place. Returns what may let pass too much. Raises `ValueError`."""
    found = list(_subschemas(document, "$"))
    for where, schema in found:
        _check_keywords(schema, where, dialect, document)
    for where, schema in found:
        _mend_patterns(schema, where)
    known = {id(schema): where for where, schema in found}
    specification = referencing.jsonschema.DRAFT7 if dialect == DRAFT_7 else referencing.jsonschema.DRAFT202012
    edges: dict[int, list[int]] = {}
    resource = specification.create_resource(document)
    base = resource.id() or ""
    resolver = referencing.Registry().with_resource(base, resource).resolver(base_uri=base)
    for where, schema in found:
        edges[id(schema)] = [id(inner) for key, inner in _applied(schema) if key in _IN_PLACE]
        for key in _REFERENCES:
            if key not in schema:
                continue
            try:
                target = resolver.lookup(schema[key]).contents
            except referencing.exceptions.Unresolvable:
                raise ValueError(f"{where}.{key} leads nowhere: {ascii(schema[key])[:200]}") from None
            if isinstance(target, dict) and id(target) in known:
                edges[id(schema)].append(id(target))
            elif not isinstance(target, bool):
                raise ValueError(f"{where}.{key}: {schema[key]!a} is no schema")
    if circle := _circle(edges):
        raise ValueError(f"{known[circle]} refers to itself, round in a circle")
    return (*_untyped(found, edges), *_silent(found))


def _untyped(found: list[tuple[str, dict[str, Any]]], edges: dict[int, list[int]]) -> Iterator[str]:
    """Each part of a value of which a schema asks what only one type can break, and not that type: null passes
    `"maximum": 0`, and a text `"required": ["critical"]`.
    """
    own = {id(schema): schema.keys() for _, schema in found}
    for where, schema in found:
        for key, inner, place in _placed(schema):
            if key not in _PARTS or not isinstance(inner, dict):
                continue
            said = {word for judging in _judging(id(inner), edges) for word in own[judging]}
            kind = next((kind for kind, words in _OF_A_TYPE.items() if said & words), None)
            if kind is not None and not said & _TYPED:
                word = min(said & _OF_A_TYPE[kind])
                yield f'{where}.{key}{place}: {word!a} lets pass what is no {kind}; add "type": "{kind}"'


def _silent(found: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Each text of which a schema says what it is, and asks nothing: `format` is an annotation (2020-12, Validation,
    section 7.2), as is what a text contains (section 8).
    """
    for where, schema in found:
        for word in ("format", "contentEncoding", "contentMediaType", "contentSchema"):
            if word in schema and not schema.keys() & _ASKING:
                yield f"{where}: {word!a} checks nothing; ask for a pattern"


def _judging(start: int, edges: dict[int, list[int]]) -> list[int]:
    """The schemas that judge the same value as this one, itself among them; of very many the first."""
    found = [start]
    for judging in found:
        found += [other for other in edges[judging] if other not in found][: max(0, _JUDGING - len(found))]
    return found


def _subschemas(schema: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema that is an object, with its place; data, such as the value of const, is none."""
    if isinstance(schema, dict):
        yield where, schema
        for key, inner, place in _placed(schema):
            yield from _subschemas(inner, f"{where}.{key}{place}")


def _placed(schema: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            for name, inner in value.items():
                yield key, inner, f".{name}"
        elif key in _LISTS and isinstance(value, list):
            for number, inner in enumerate(value):
                yield key, inner, f"[{number}]"
        elif key in _ONE:
            yield key, value, ""


def _applied(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, inner, _ in _placed(schema):
        yield key, inner


def _check_keywords(schema: dict[str, Any], where: str, dialect: str, document: dict[str, Any]) -> None:
    known = _KEYWORDS[dialect]
    for key, reference in schema.items():
        if key in _ALL_REFERENCES and not (isinstance(reference, str) and reference.startswith("#")):
            shown = ascii(reference)[:200]
            raise ValueError(f"{where}.{key} leaves the document: {shown}; a schema's references begin with #")
        if key not in known:
            raise ValueError(f"{where}: {key!a} is no keyword of {dialect}{nearest(key, known)}")
    if schema is not document:
        if "$schema" in schema:
            raise ValueError(f"{where}.$schema: only the whole document has a dialect")
        if "$id" in schema and not (dialect == DRAFT_7 and str(schema["$id"]).startswith("#")):
            raise ValueError(f"{where}.$id: only the whole document has a name of its own")
    if dialect == DRAFT_7 and "$ref" in schema and (beside := sorted(schema.keys() - _SILENT)):
        raise ValueError(f"{where}: draft 7 ignores what stands beside $ref ({ascii(beside)[1:-1]}); use allOf")


def _mend_patterns(schema: dict[str, Any], where: str) -> None:
    if isinstance(schema.get("pattern"), str):
        schema["pattern"] = _ends(schema["pattern"])
    if isinstance(schema.get("patternProperties"), dict):
        mended = {_ends(key): value for key, value in schema["patternProperties"].items()}
        if len(mended) != len(schema["patternProperties"]):
            raise ValueError(f"{where}.patternProperties: two patterns mean the same")
        schema["patternProperties"] = mended


def _ends(pattern: str) -> str:
    """Python's $ matches before a last newline too; that of ECMA-262 at the end alone, as Python's Z escape does."""
    parts, in_class = [], False
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "[":
            in_class = True
        elif part == "]":
            in_class = False
        parts.append(r"\Z" if part == "$" and not in_class else part)
    return "".join(parts)


def _circle(edges: dict[int, list[int]]) -> int | None:
    """A schema that is judged by way of itself, or None. Without recursion: a schema may be long."""
    done: set[int] = set()
    for start, first in edges.items():
        path: list[tuple[int, Iterator[int]]] = [(start, iter(first))]
        on_path = {start}
        while path:
            here, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                on_path.discard(here)
                done.add(here)
            elif following in on_path:
                return following
            elif following not in done and following in edges:
                path.append((following, iter(edges[following])))
                on_path.add(following)
    return None
