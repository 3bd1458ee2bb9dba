"""A TOML document -> everything that is wrong with its shape, in words for the person who wrote it.

What comes in: the parsed document. What goes out: one line a problem, with the full key path and the nearest valid key.
It judges shape by the published JSON Schema (`schema.json`) and knows no meaning: that is `loading`'s.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema

from gate import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Keys of the language that this version does not implement. They are errors like every unknown key, but an honest one:
# a policy that says more than is checked must not look as if it were.
_NOT_BUILT: Final = frozenset(
    {
        *("waivers", "deny", "revoked", "limits", "registries", "extends", "expires", "open"),
        *("preset", "platforms", "message", "docs", "waivable", "vsa", "labels", "parameters", "where", "reviewers"),
        *("operators", "tools", "formats", "description"),
    }
)
_NOT_BUILT_VALUES: Final = {
    "coverage": ("range",),
    "vouches-for": ("agents", "agents@externalParameters"),
}
_TYPES: Final = {
    "object": "a table",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def schema() -> Mapping[str, Any]:
    """The policy's JSON Schema (draft 2020-12), as it is published."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_bytes())
    return found


def find_problems(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Every way in which the document is not a policy; empty if its shape is right."""
    validator = jsonschema.Draft202012Validator(schema())
    lines: list[str] = []
    errors: list[Any] = sorted(
        validator.iter_errors(document), key=lambda item: [str(part) for part in item.absolute_path]
    )
    for error in errors:
        path = key_path(document, tuple(error.absolute_path))
        lines += [f"{path}: {text}" if path else text for text in _texts(error)]
    return tuple(dict.fromkeys(lines))


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is closest, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def key_path(document: Mapping[str, Any], path: Sequence[str | int]) -> str:
    """`rules[1] (production).signature.signers`: the full path of a key, with a rule's name where it has one."""
    shown, value = "", document
    for part in path:
        value = value[part]  # type: ignore[index]
        if isinstance(part, int):
            name = value.get("name") if isinstance(value, dict) else None
            shown += f"[{part}]" + (f" ({name!a})" if isinstance(name, str) else "")
        else:
            shown += ("." if shown else "") + str(part)
    return shown


def _texts(error: Any) -> list[str]:
    value, expected = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            return [_unknown_key(str(name), known) for name in value if name not in known]
        case "required":
            return [f"the key {name!r} is missing" for name in expected if name not in value]
        case "type":
            wanted = expected if isinstance(expected, list) else [expected]
            return [f"{_shown(value)} is not {' or '.join(str(_TYPES.get(item, item)) for item in wanted)}"]
        case "minItems":
            return ["the list is empty: say what is meant, or leave the key out"]
        case "minProperties" | "minLength":
            return ["it is empty"]
        case "maxProperties":
            return [f"{_shown(value)}: one of {', '.join(map(str, error.schema.get('properties', {})))}, not several"]
        case "uniqueItems":
            return ["something is listed twice"]
        case "enum" | "const":
            return [_wrong_value(error, value, expected if error.validator == "enum" else [expected])]
        case "minimum":
            return [f"{value} is too small: at least {expected}"]
        case "maximum":
            return [f"{value} is too large: at most {expected}"]
        case "oneOf":
            return ["it needs either issuer and identity, or key"]
        case None:  # a schema that is false: the key may not stand beside the one that names its kind of signer
            return ["this key does not go with the others: a signer is either issuer and identity, or a key"]
        case "pattern":
            return [f"{_shown(value)} is not {error.schema.get('description', expected)}"]
    return [str(error.message)]


def _unknown_key(name: str, known: Mapping[str, Any]) -> str:
    hint = nearest(name, known)
    if name in _NOT_BUILT and not hint.endswith(f"{name!r}?"):
        return f"the key {name!a} is not supported by this version of gate ({__version__})"
    return f"unknown key {name!a}{hint or '; known here: ' + ', '.join(sorted(known))}"


def _wrong_value(error: Any, value: object, allowed: Sequence[object]) -> str:
    keys = [part for part in error.absolute_path if isinstance(part, str)]
    if keys and value in _NOT_BUILT_VALUES.get(keys[-1], ()):
        return f"{value!a} is not supported by this version of gate ({__version__})"
    choices = " or ".join(_shown(item) for item in allowed)
    hint = nearest(value, [item for item in allowed if isinstance(item, str)]) if isinstance(value, str) else ""
    return f"{_shown(value)} is not {choices}{hint}"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."
