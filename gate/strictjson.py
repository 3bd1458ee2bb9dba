"""Untrusted bytes -> a JSON value, or a typed refusal.

What comes in: bytes that someone else wrote. What goes out: dicts, lists, strings, numbers, booleans and None, from a
document that only has one reading. It does not know any schema and fetches nothing.

Refused, because two readers could differ or because reading would cost too much: invalid UTF-8, a byte order mark,
duplicate keys, NaN and infinities, nesting deeper than `Limits.json_depth`, more than `Limits.json_bytes` (base64 texts
not counted) or `Limits.json_tokens` (RFC 8259 sections 4, 8 and 9 leave each of these to the reader).
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, TypeAlias

from gate.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# Padding may be spelled \\u003d, as a library that escapes for HTML writes it.
_BASE64 = re.compile(rb'"([A-Za-z0-9+/_-]{64,}+(?:=|\\u003[dD]){0,2}+)"')
_BACKSLASHES = re.compile(rb"\\*+")
_STRUCTURE = b"{}[],:"
_EMPTY: dict[str, JSON] = {}
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_PIECE = 64 << 10


class Refused(ValueError):
    """The bytes are not a document that gate reads.

    `costly` says that they were too deep or too long to try, or have two readings: under a signature that verified
    this is "could not look" (design rule 6). `limit` is the one that they are over, by its name in `[limits]`, "" for
    none.
    """

    def __init__(self, message: str, *, costly: bool = False, limit: str = "") -> None:
        self.costly = costly or bool(limit)
        self.limit = limit
        super().__init__(f"{message} ([limits] {limit})" if limit else message)


def parse(raw: bytes, *, limits: Limits | None = None, tokens: int | None = None, signed: bool = False) -> JSON:
    """Parse one JSON document.

    It has at most `limits.json_bytes` beside its longest base64 text (a bundle's payload) and `limits.json_tokens`, or
    `tokens` where its form has only so many. `signed` says that it is a payload whose signature verified: then it may
    be as large as it was fetched, with `limits.payload_tokens`. All documents of an image share `limits.tally`.

    Raises `Refused`; `LimitExceeded` for what is too much over all documents of an image.
    """
    limits = limits or Limits()
    if not signed:
        _check_bytes(raw, limits.json_bytes)
    bound = tokens if tokens is not None else limits.payload_tokens if signed else limits.json_tokens
    found = _check_structure(raw, bound, limits.json_depth, limit="payload-tokens" if signed else "json-tokens")
    if limits.tally is not None:
        limits.tally.add("JSON tokens", found, limits.image_tokens, limit="image-tokens")
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
        raise Refused("JSON nested too deep", limit="json-depth") from None
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from None
    if _SURROGATE.search(raw) is not None:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise Refused("half of a surrogate pair, which is no character") from None
    return value


def parse_object(
    raw: bytes, *, limits: Limits | None = None, tokens: int | None = None, signed: bool = False
) -> Mapping[str, JSON]:
    """Like `parse`, for a document whose outermost value must be an object."""
    value = parse(raw, limits=limits, tokens=tokens, signed=signed)
    if not isinstance(value, dict):
        raise Refused("the document is not a JSON object")
    return value


def _check_bytes(raw: bytes, bound: int) -> None:
    """Refuse more than `bound` bytes, the longest base64 text not counted."""
    if len(raw) <= bound:
        return
    longest = max((match.end(1) - match.start(1) for match in _BASE64.finditer(raw)), default=0)
    if len(raw) - longest > bound:
        beside = f"JSON of {len(raw) - longest} bytes beside its payload; at most {bound} are read"
        raise Refused(beside, limit="json-bytes")


def _check_structure(raw: bytes, tokens: int, depth: int, *, limit: str) -> int:
    """Refuse more than `tokens` and more than `depth`, before anything is built. Returns how many tokens there are at
    most: whatever of it stands in texts, it is no more.
    """
    found = _count(raw)
    if found <= tokens and raw.count(b"{") + raw.count(b"[") <= depth:
        return found
    found = here = 0
    for structure in _structure(raw):
        found += _count(structure)
        if found > tokens:
            raise Refused(f"JSON of more than {tokens} tokens", limit=limit)
        here = _nesting(structure, here, depth)
    return found


def _structure(raw: bytes) -> Iterator[bytes]:
    """The document without its texts, piece by piece: brackets, commas and colons that no text spells.

    A backslash outside a text is where a parser stops, so that what it would hide is never built.
    """
    start, inside = 0, False
    while start < len(raw):
        run = _BACKSLASHES.match(raw, start + _PIECE)
        assert run is not None, "a run of none is one"
        end = run.end() + 1  # an escape is not cut in two
        parts = raw[start:end].replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0
        start = end


def _count(structure: bytes) -> int:
    return sum(structure.count(bytes([mark])) for mark in _STRUCTURE)


def _nesting(structure: bytes, here: int, depth: int) -> int:
    """How deep it is nested after this piece, whether or not the brackets match. Raises `Refused` if ever too deep."""
    for mark in structure.translate(None, _NOT_BRACKETS):
        if mark in b"{[":
            here += 1
            if here > depth:
                raise Refused(f"JSON nested deeper than {depth}", limit="json-depth")
        else:
            here -= 1
    return here


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
