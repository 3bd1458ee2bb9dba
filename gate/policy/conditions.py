"""`where`: one comparison of one value of a predicate, and the only expressions that the language has.

What comes in: a table of the policy with a JSON pointer and one comparison; then a predicate. What goes out: why the
predicate does not hold, None if it does. A value that is missing, null or of another type holds nothing: numbers are
compared with numbers alone, so that "10" is not less than 9, and true is not 1.
"""

from __future__ import annotations

import math
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from gate.pointer import Missing, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.strictjson import JSON

Scalar = str | int | float | bool

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"below": lt, "at-most": le, "above": gt, "at-least": ge}
COMPARISONS: Final = ("equals", "in", *_ORDER)
_SHOWN: Final = 80


class Condition(Struct, frozen=True, kw_only=True):
    """What the value at `pointer` must be. `values` are several only for `in`."""

    pointer: str
    comparison: str
    values: tuple[Scalar, ...]

    def violation(self, predicate: Mapping[str, JSON]) -> str | None:
        """Why a predicate does not hold; None if it does."""
        found = value_at(predicate, self.pointer)
        if isinstance(found, Missing):
            return f"{self.pointer} is missing"
        if self.comparison in _ORDER:
            if not _is_number(found):
                return f"{self.pointer} is {_shown(found)}, which is no number"
            holds = _ORDER[self.comparison](found, self.values[0])
        else:
            holds = any(_same(found, value) for value in self.values)
        return None if holds else f"{self.pointer} is {_shown(found)}, not {self.wanted}"

    @property
    def wanted(self) -> str:
        """The comparison in words: `at most 3`."""
        values = ", ".join(_shown(value) for value in self.values)
        if self.comparison in ("equals", "in"):
            return values if len(self.values) == 1 else f"one of {values}"
        return f"{self.comparison.replace('-', ' ')} {values}"

    def __str__(self) -> str:
        return f"{self.pointer} {self.wanted}"


def read_condition(table: Mapping[str, Any]) -> Condition:
    """One table of the right shape. Raises `ValueError` for a number that is none, or what may be two comparisons."""
    comparisons = [key for key in COMPARISONS if key in table]
    if len(comparisons) != 1:
        raise ValueError(f"one comparison is needed, of {', '.join(COMPARISONS)}")
    value = table[comparisons[0]]
    values: tuple[Scalar, ...] = tuple(value) if isinstance(value, list) else (value,)
    if any(isinstance(item, float) and not math.isfinite(item) for item in values):
        raise ValueError("nan and inf are no numbers to compare with")
    return Condition(pointer=table["at"], comparison=comparisons[0], values=values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(found: object, value: Scalar) -> bool:
    """Equal, and of the same kind: a text, a number or a truth value."""
    if _is_number(found) and _is_number(value):
        return found == value
    return type(found) is type(value) and isinstance(found, str | bool) and found == value


def _shown(value: object) -> str:
    text = f"a {type(value).__name__}" if isinstance(value, dict | list) else ascii(value)
    text = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
