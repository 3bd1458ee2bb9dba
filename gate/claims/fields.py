"""Fields of a predicate, each of the type that its specification gives it.

What comes in: parsed JSON of a verified statement. What goes out: texts, objects and lists; unset and empty are one
(SLSA, "Parsing rules"). A field of another type is `OfAnotherType`: something stated that agrees with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gate.limits import MAX_TEXT

if TYPE_CHECKING:
    from gate.strictjson import JSON


class OfAnotherType(ValueError):
    """A field of another type than its specification gives it, or longer than anybody's is."""

    def __init__(self, key: str, value: JSON) -> None:
        size = f" of {len(value)} characters" if isinstance(value, str) else ""
        super().__init__(f"{key} is a {type(value).__name__}{size}")


def text_at(value: JSON, *way: str) -> str:
    """The text at the end of a way of keys; empty where there is none, which matches nothing."""
    for key in way:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def object_in(parent: Mapping[str, JSON], key: str) -> Mapping[str, JSON]:
    """The object under `key`, empty if there is none. Raises `OfAnotherType`."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OfAnotherType(key, value)
    return value


def objects_in(parent: Mapping[str, JSON], key: str) -> tuple[Mapping[str, JSON], ...]:
    """The objects listed under `key`, none if there is no list. Raises `OfAnotherType`."""
    values = parent.get(key)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise OfAnotherType(key, values)
    for value in values:
        if not isinstance(value, Mapping):
            raise OfAnotherType(f"an entry of {key}", value)
    return tuple(values)


def text_in(parent: Mapping[str, JSON], key: str) -> str:
    """The text under `key`, empty if there is none. Raises `OfAnotherType`."""
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise OfAnotherType(key, value)
    return value
