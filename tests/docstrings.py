"""What every test says of itself, for the indexes that name tests.

What goes out: the docstring of each test there is, by its file below `tests/` and its name.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTS = Path(__file__).parent


@cache
def docstrings() -> Mapping[str, str]:
    """The docstrings by `room/test_file.py::test_name`; "" for a test without one."""
    return MappingProxyType(
        {
            f"{path.relative_to(TESTS).as_posix()}::{node.name}": ast.get_docstring(node) or ""
            for path in TESTS.rglob("test_*.py")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    )
