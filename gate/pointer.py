"""JSON pointers (RFC 6901): the one way in which a policy names a place in a predicate.

What comes in: parsed JSON and a pointer such as `/scanner/result/0`. What goes out: the value there, or `MISSING`,
which is no JSON value; and the pointers of all leaves of a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.strictjson import JSON

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")  # section 4: no leading zeros, and "-" names nothing that is there
_WORD: Final = re.compile(r"(?:[^~]|~[01])*", re.DOTALL)


class Missing:
    """What stands where nothing does. Compared by identity."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing()


def is_pointer(text: str) -> bool:
    """Whether a text is a pointer that names a part of a document (section 3; not the whole of it)."""
    return text.startswith("/") and _WORD.fullmatch(text) is not None


def value_at(value: JSON, pointer: str) -> JSON | Missing:
    """The value at a pointer, which `is_pointer`; `MISSING` if there is none."""
    for word in pointer.split("/")[1:]:
        key = word.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            if key not in value:
                return MISSING
            value = value[key]
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return MISSING
    return value


def leaves(value: JSON, at: str = "") -> Iterator[str]:
    """The pointer of everything in a value that is no object or list; a null, and what is empty, holds nothing."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{at}/{number}")
    elif value is not None:
        yield at
