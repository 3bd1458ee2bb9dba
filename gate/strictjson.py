"""Untrusted bytes -> a JSON value, or a typed refusal.

What comes in: bytes that someone else wrote. What goes out: dicts, lists, strings, numbers, booleans and None, from a
document that only has one reading. It does not know any schema and fetches nothing.

Refused, because two readers could differ or because reading would cost too much: invalid UTF-8, a byte order mark,
duplicate keys, NaN and infinities, nesting deeper than `Limits.json_depth`, more tokens than `Limits.json_tokens`
(RFC 8259 sections 4, 8 and 9 leave each of these to the reader).
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, TypeAlias

from gate.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"

# One that never ends is taken to the end, so that no byte is looked at twice.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRUCTURE = b"{}[],:"
_EMPTY: dict[str, JSON] = {}
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


class Refused(ValueError):
    """The bytes are not a document that gate reads.

    `costly` says that they were too deep or too long to try, or have two readings: under a signature that verified
    this is "could not look" (design rule 6).
    """

    def __init__(self, message: str, *, costly: bool = False) -> None:
        self.costly = costly
        super().__init__(message)


def parse(raw: bytes, *, limits: Limits | None = None, tokens: int | None = None) -> JSON:
    """Parse one JSON document.

    `tokens` overrides `limits.json_tokens` (0 for no bound).
    Raises `Refused`.
    """
    limits = limits or Limits()
    bound = limits.json_tokens if tokens is None else tokens
    _check_size(raw, bound, limits.json_depth)
    try:
        text = raw.decode("utf-8")
        value: JSON = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
    except Refused:
        raise
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None
    except RecursionError:
        raise Refused("JSON nested too deep", costly=True) from None
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from None
    if _SURROGATE.search(raw) is not None:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise Refused("half of a surrogate pair, which is no character") from None
    return value


def parse_object(raw: bytes, *, limits: Limits | None = None, tokens: int | None = None) -> Mapping[str, JSON]:
    """Like `parse`, for a document whose outermost value must be an object."""
    value = parse(raw, limits=limits, tokens=tokens)
    if not isinstance(value, dict):
        raise Refused("the document is not a JSON object")
    return value


def _check_size(raw: bytes, tokens: int, depth: int) -> None:
    """Refuse more than `tokens` (0: no bound) and more than `depth`, before anything is built."""
    if _count(raw) <= (tokens or len(raw)) and raw.count(b"{") + raw.count(b"[") <= depth:
        return  # whatever of it is in strings, it is within both
    # Strings are taken out, so that what is counted is structure and nothing that a string spells.
    structure = _STRING.sub(b'"', raw)
    if tokens and _count(structure) > tokens:
        raise Refused(f"JSON of more than {tokens} tokens", costly=True)
    if _depth(structure) > depth:
        raise Refused(f"JSON nested deeper than {depth}", costly=True)


def _count(structure: bytes) -> int:
    return sum(structure.count(bytes([mark])) for mark in _STRUCTURE)


def _depth(structure: bytes) -> int:
    """The deepest nesting of brackets, whether or not they match."""
    depth = deepest = 0
    for mark in structure.translate(None, _NOT_BRACKETS):
        if mark in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    if not pairs:
        return _EMPTY  # one object for all of them: a document of nothing else costs no multiple of its size
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Refused(f"duplicate key {key[:60]!a}", costly=True)
            seen.add(key)
    return found


def _no_constant(name: str) -> JSON:
    raise Refused(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused("a number beyond what a double holds")
    return value
