"""Printing: the only place where anything reaches standard output or standard error.

What comes in: text. What goes out: lines on a stream. It builds no text and chooses no exit code.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from gate.errors import NotWritten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO


def show(text: str, stream: TextIO | None = None) -> None:
    """Print on standard output, or on `stream`. Raises `NotWritten` unless all of it is written, or its reader left: to
    that one the exit code says the verdict all the same.
    """
    try:
        print(text, end="", file=stream or sys.stdout, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
    except OSError as error:
        raise NotWritten(f"standard output could not be written: {error.strerror}") from None


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to write colours: NO_COLOR (no-color.org) before FORCE_COLOR (force-color.org), each where it is not
    empty; else on a terminal that has them.
    """
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (stream.isatty() and environment.get("TERM") != "dumb")


def say(text: str) -> None:
    """A diagnostic on standard error, each line with foreign characters escaped."""
    from gate.report.text import escape  # noqa: PLC0415

    with suppress(OSError):  # a standard error that is full or closed ends no run
        for line in text.splitlines() or [""]:
            print(escape(line), file=sys.stderr)
