"""All hostile inputs by their name; what a signer may say is inspected too, under the same policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.hostile import claimed, local, signed, unsigned
from tests.hostile.image import inspect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _inspected(make: Callable[[Path], list[str]]) -> Callable[[Path], list[str]]:
    return lambda folder: inspect(make(folder))


def _read(make: Callable[[Path], list[str]]) -> Callable[[Path], list[str]]:
    return lambda folder: inspect(make(folder), "text")


CASES: Final[dict[str, Callable[[Path], list[str]]]] = {
    **signed.CASES,
    **claimed.CASES,
    **unsigned.CASES,
    **local.CASES,
    **{f"inspect {name}": _inspected(make) for name, make in {**signed.CASES, **claimed.CASES}.items()},
    **{f"inspect as text {name}": _read(make) for name, make in claimed.CASES.items()},
}
