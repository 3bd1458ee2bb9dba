"""The modules that hold their mutants, in the place of those on disk; and the switches of the mutants.

What comes in: syntax trees, by the names of their modules. What goes out: an importer for `sys.meta_path`. Nothing is
written to disk.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from scripts.mutation import FURTHER, SWITCH

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

_NONE: Final = -1


class Switches:
    """Which mutant is on, and which have been reached. Its methods stand in the changed modules."""

    def __init__(self) -> None:
        self.on = _NONE
        self.reached: set[int] = set()

    def is_on(self, number: int) -> bool:
        """Asked by the changed module where a mutant begins to differ."""
        self.reached.add(number)
        return number == self.on

    @staticmethod
    def further(bound: Any, step: int) -> Any:
        """A bound moved by one: an integer, or a second. Another kind of bound cannot be moved."""
        if isinstance(bound, datetime | timedelta):
            return bound + timedelta(seconds=step)
        if not isinstance(bound, int | float):
            raise TypeError(f"a bound that is a {type(bound).__name__} cannot be moved")
        return bound + step


class Importer(importlib.abc.MetaPathFinder):
    """Gives the changed modules in place of those on disk."""

    def __init__(self, modules: Mapping[str, tuple[Path, ast.Module]], switches: Switches) -> None:
        self._modules, self._switches = modules, switches

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """One of the changed modules, or None: then Python looks elsewhere."""
        del path, target
        if fullname not in self._modules:
            return None
        file, tree = self._modules[fullname]
        package = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(fullname, str(file), tree, self._switches)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=package)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, tree: ast.Module, switches: Switches) -> None:
        super().__init__(fullname, path)
        self._tree, self._switches = tree, switches

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        code: CodeType = compile(self._tree, self.path, "exec")
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[SWITCH], vars(module)[FURTHER] = self._switches.is_on, self._switches.further
        super().exec_module(module)
