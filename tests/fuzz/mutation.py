"""A real input and a source of chance -> another input, a little or very different.

What comes in: bytes and a `Random`. What goes out: bytes. JSON is mostly changed as JSON, so that it stays readable and
what is behind the first look is reached; everything else, and some of it, byte by byte.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 1 << 63, -(1 << 63), 10**400, 0.5, 1e308, "", " ", "\0", "=", "AAAA", "a" * 5000),
    *([], {}, [[]], [{}], [None], {"": ""}, {"digest": 1}, "\u4e00", "\U0001f600", "\u202e", "sha256:" + "0" * 64),
    *(
        "https://x@y@z",
        "../..",
        "%2e",
        "2025-01-01T00:00:00Z",
        "9999-12-31T23:59:59+99:99",
        "\n",
        "::",
        "application/json",
    ),
)
_BYTES: Final = (
    b"",
    b"\0",
    b"\xff",
    b"{",
    b"]",
    b'"',
    b"\\",
    b",",
    b"=",
    b"\r\n",
    b"\xed\xa0\x80",
    b"NaN",
    b"\x30\x84",
    b"9" * 30,
)


def mutate(raw: bytes, others: tuple[bytes, ...], chance: Random) -> bytes:
    """One to four changes; what is taken from elsewhere comes from `others`."""
    if chance.random() < 0.6:
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict | list) and document:
            for _ in range(chance.randint(1, 4)):
                document = _changed(document, others, chance)
            return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        _change_bytes(changed, others, chance)
    return bytes(changed)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 5000:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here))
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], dict | list):
                waiting.append(here[key])
    return found


def _changed(document: Any, others: tuple[bytes, ...], chance: Random) -> Any:
    document = copy.deepcopy(document)
    places = _places(document)
    if not places:
        return document
    holder, key = chance.choice(places)
    match chance.randrange(7):
        case 0:
            del holder[key]
        case 1:
            holder[key] = copy.deepcopy(chance.choice(_ODD))
        case 2:
            other, wanted = chance.choice(places)
            holder[key] = copy.deepcopy(other.get(wanted) if isinstance(other, dict) else document)
        case 3 if isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(holder[key])] * chance.choice((1, 2, 100))
        case 4 if isinstance(holder[key], str):
            text = bytearray(holder[key].encode("utf-8", "replace"))
            _change_bytes(text, (), chance)
            holder[key] = text.decode("utf-8", "replace")
        case 5 if isinstance(holder, dict):
            holder[chance.choice((*map(str, _ODD[:18]), str(key) + "x", str(key).upper()))] = holder[key]
        case _:
            holder[key] = _elsewhere(others, chance)
    return document


def _elsewhere(others: tuple[bytes, ...], chance: Random) -> Any:
    try:
        places = _places(json.loads(chance.choice(others)))
        holder, key = chance.choice(places)
    except (ValueError, IndexError, TypeError, RecursionError):
        return chance.choice(_ODD)
    return copy.deepcopy(holder[key])


def _change_bytes(changed: bytearray, others: tuple[bytes, ...], chance: Random) -> None:
    at = chance.randint(0, len(changed))
    size = chance.choice((0, 1, 1, 1, 2, 8, 64))
    match chance.randrange(5):
        case 0:
            changed[at : at + size] = chance.randbytes(size)
        case 1:
            changed[at : at + size] = chance.choice(_BYTES)
        case 2:
            changed[at:at] = changed[at : at + size] * chance.choice((1, 2, 50))
        case 3 if others:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            changed[at : at + size] = other[start : start + chance.choice((1, 8, 64, 512))]
        case _:
            del changed[at : at + size]
