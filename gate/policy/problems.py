"""A TOML document -> everything that is wrong with its shape, in words for the person who wrote it.

What comes in: the parsed document. What goes out: one line a problem, with the full key path and the nearest valid key.
It judges shape by the published JSON Schema (`schema.json`) and knows no meaning: that is `loading`'s.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema
from msgspec import Struct

from gate import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_TYPES: Final = {
    "object": "a table",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
HINTED: Final = 100  # unknown keys of one table that are compared with the known ones; beyond, it is no policy
_SHOWN_DEPTH: Final = 4


class Moment(str):
    """A date or time of TOML's as the text that stands for it; `written` is what the policy says."""

    __slots__ = ("written",)
    written: str


class Element(int):
    """The number of an element in a key path: a place can be told by it, and the path is shown without it."""

    __slots__ = ()


class Problem(Struct, frozen=True):
    """One thing that is wrong. `unknown` is the key that the table at `path` should not have, if that is it."""

    path: tuple[str | int, ...]
    text: str
    unknown: str | None


@cache
def schema() -> Mapping[str, Any]:
    """The policy's JSON Schema (draft 2020-12), as it is published."""
    found: dict[str, Any] = json.loads(schema_text())
    return found


def schema_text() -> str:
    """The same as text."""
    return Path(__file__).with_name("schema.json").read_text(encoding="utf-8")


def _type(validator: Any, types: Any, instance: object, inner: Mapping[str, Any]) -> Iterator[Any]:
    """TOML's dates are texts only where the language asks for a moment."""
    if isinstance(instance, Moment) and inner.get("format") != "date-time":
        yield jsonschema.ValidationError("a date")
        return
    yield from jsonschema.Draft202012Validator.VALIDATORS["type"](validator, types, instance, inner)


_Validator: Final = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"type": _type}
)


def find_problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every way in which the document is not a policy; empty if its shape is right."""
    found: list[Problem] = []
    errors: list[Any] = sorted(
        _Validator(schema()).iter_errors(document), key=lambda item: [str(part) for part in item.absolute_path]
    )
    for error in errors:
        if error.validator == "oneOf" and (not isinstance(error.instance, dict) or "key" in error.instance):
            continue  # another error says it better
        path = tuple(error.absolute_path)
        found += [Problem(path, text, unknown) for text, unknown in _texts(error)]
    return tuple(found)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is closest, or nothing."""
    close = difflib.get_close_matches(word[:200], list(known), n=1)
    return f"; did you mean {close[0]!a}?" if close else ""


def key_path(document: Mapping[str, Any], path: Sequence[str | int]) -> str:
    """`rules[1] (production).signature.signers`: the full path of a key, with a rule's name where it has one."""
    shown, value = "", document
    for part in path:
        if isinstance(part, Element):
            break
        if isinstance(part, int):
            value = value[part]  # type: ignore[index]
            name = value.get("name") if isinstance(value, dict) else None
            shown += f"[{part}]" + (f" ({name!a})" if isinstance(name, str) else "")
        else:
            value = value.get(part, {})
            shown += ("." if shown else "") + (part if _BARE_KEY.fullmatch(part) else ascii(part))
    return shown


def shown(value: object) -> str:
    """A value of the policy inside a message: as TOML spells it, escaped, not too long."""
    text = _spelled(value, _SHOWN_DEPTH)
    return text if len(text) <= 80 else text[:77] + "..."


def _spelled(value: object, depth: int) -> str:
    if isinstance(value, Moment):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict) and not depth:
        return "..."
    if isinstance(value, list):
        return f"[{', '.join(_spelled(item, depth - 1) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!a}: {_spelled(item, depth - 1)}' for key, item in value.items())}}}"
    return ascii(value)


def _texts(error: Any) -> list[tuple[str, str | None]]:
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [str(name) for name in error.instance if name not in known]
        return [(_unknown_key(name, known if number < HINTED else {}), name) for number, name in enumerate(unknown)]
    if error.validator == "required":
        return [(f"the key {name!r} is missing", None) for name in error.validator_value if name not in error.instance]
    return [(_text(error), None)]


def _text(error: Any) -> str:
    value, expected = error.instance, error.validator_value
    match error.validator:
        case "type":
            wanted = expected if isinstance(expected, list) else [expected]
            if isinstance(value, dict) and value and value.keys() <= {"glob", "regex"} and wanted == ["string"]:
                return f"{shown(value)}: the texts here are globs already; write the text alone"
            return f"{shown(value)} is not {' or '.join(str(_TYPES.get(item, item)) for item in wanted)}"
        case "minItems":
            return "the list is empty: say what is meant, or leave the key out"
        case "minProperties" | "minLength":
            return "it is empty"
        case "maxProperties":
            return f"{shown(value)}: one of {', '.join(map(str, error.schema.get('properties', {})))}, not several"
        case "uniqueItems":
            return "something is listed twice"
        case "enum" | "const":
            return _wrong_value(error, value, expected if error.validator == "enum" else [expected])
        case "minimum":
            return f"{shown(value)} is too small: at least {expected}"
        case "maximum":
            return f"{shown(value)} is too large: at most {expected}"
        case "oneOf" if error.absolute_path[0] == "deny":
            return "one entry denies one of signers, builders, digests, agents and models: write an entry for each"
        case "oneOf":
            return _who(value)
        case "anyOf":
            return "the key 'rules' is missing"
        case None:  # a schema that is false: a key of the other kind of signer
            return "a signer is either issuer and identity, or a key with its log and time: these do not go together"
        case "pattern":
            return f"{shown(value)} is not {error.schema.get('description', expected)}"
    return ascii(str(error.message))[:200]


def _who(signer: Mapping[str, object]) -> str:
    missing = [key for key in ("issuer", "identity") if key not in signer]
    return f"the key {missing[0]!r} is missing" if len(missing) == 1 else "it needs either issuer and identity, or key"


def _unknown_key(name: str, known: Mapping[str, Any]) -> str:
    hint = nearest(name, known)
    return f"unknown key {name!a}{hint or ('; known here: ' + ', '.join(sorted(known)) if known else '')}"


def _wrong_value(error: Any, value: object, allowed: Sequence[object]) -> str:
    keys = [part for part in error.absolute_path if isinstance(part, str)]
    if keys == ["version"]:
        return f"{shown(value)} is not a version of the language that this gate ({__version__}) reads: version = 1"
    choices = " or ".join(map(shown, allowed))
    if allowed in (["any"], ["strict"]):
        choices = f'a list, or "{allowed[0]}"'
    elif keys[-1:] == ["platforms"]:
        choices += " or a list of platforms"
    hint = nearest(value, [item for item in allowed if isinstance(item, str)]) if isinstance(value, str) else ""
    return f"{shown(value)} is not {choices}{hint}"
