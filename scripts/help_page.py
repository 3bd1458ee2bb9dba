"""`docs/commands.md`: the help of every command, as gate prints it.

What goes out: the page on standard output, or with `--write` in its place. `tests/test_help.py` holds it current.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gate import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).parents[1] / "docs" / "commands.md"
COLUMNS: Final = 100
_HEAD: Final = """# Commands

What `gate COMMAND --help-all` prints, on a terminal of 100 columns. `--help` names the flags of some groups alone, and
fits a screen. This page is written by `scripts/help-page`.

Completion of commands and flags for bash, zsh, fish and PowerShell: `gate --install-completion` adds it to the shell's
own settings, `gate --show-completion` prints what it would add.
"""


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that name it, `gate` itself first."""
    command = command or cli.command()
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def help_of(path: tuple[str, ...], *, columns: int = COLUMNS, flag: str = "--help") -> str:
    """What the command prints on a terminal of so many columns."""
    kept = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert cli.run([*path, flag]) == 0
    finally:
        del os.environ["COLUMNS"]
        if kept is not None:
            os.environ["COLUMNS"] = kept
    return out.getvalue()


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for path, command in commands():
        flag = "--help" if hasattr(command, "commands") else "--help-all"
        parts.append(f"## {' '.join(('gate', *path))}\n\n```\n{help_of(path, flag=flag)}```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
