"""All hostile inputs by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.hostile import local, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES: Final[dict[str, Callable[[Path], list[str]]]] = {**signed.CASES, **unsigned.CASES, **local.CASES}
