"""Foreign texts -> lines of at most 100 columns, in which none can pass for a line, a label or a column of ours.

What comes in: texts that anybody may have written. What goes out: lines that are escaped, and broken at our own width:
a terminal that breaks a long line itself would let its rest stand where our labels do. Whatever a text holds, its
further lines stand as far in as its first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 100
_RUN: Final = re.compile(r" {2,}")
_BREAKS: Final = " /@,"


def plain(text: str) -> str:
    """A foreign text that looks like nothing else: in ASCII, with what is not written as its escape, and without the
    runs of spaces that would make columns.
    """
    shown = escape(text).encode("ascii", "backslashreplace").decode("ascii")
    return _RUN.sub(lambda run: "\\x20" * len(run.group()), shown)


def wrapped(text: str, width: int) -> list[str]:
    """An escaped text in lines of at most `width`, broken behind a space, `/`, `@` or comma where there is one in the
    line's second half.
    """
    lines = []
    while len(text) > width:
        at = max((text.rfind(mark, width // 2, width) for mark in _BREAKS), default=-1)
        at = width if at < 0 else at + 1
        lines.append(text[:at].rstrip(" "))
        text = text[at:].lstrip(" ")
    return [*lines, text]


def labelled(indent: int, label: str, text: str, *, column: int = 15) -> Iterator[str]:
    """`label  text`, with the text in a column of its own; `text` is escaped."""
    first, *rest = wrapped(text, WIDTH - column)
    yield f"{' ' * indent}{label}".ljust(column - 1) + f" {first}"
    for line in rest:
        yield " " * column + line


def table(rows: Sequence[Sequence[str]], most: Sequence[int], *, indent: int = 2) -> Iterator[list[str]]:
    """The lines of each row, whose texts are escaped: every column as wide as its widest cell, at most `most`."""
    widths = [min(max(len(row[number]) for row in rows), bound) for number, bound in enumerate(most)]
    for row in rows:
        cells = [wrapped(text, width) if width else [""] for text, width in zip(row, widths, strict=True)]
        height = max(len(cell) for cell in cells)
        yield [
            " " * indent
            + "  ".join(
                (cell[line] if line < len(cell) else "").ljust(width) for cell, width in zip(cells, widths, strict=True)
            ).rstrip()
            for line in range(height)
        ]
