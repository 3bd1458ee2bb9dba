"""`--refs-from`: a file of references -> their texts.

What comes in: a path, or - for standard input. What goes out: one text a line, in order. It parses none of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from gate.errors import InvalidUsage

MAX_REFERENCES: Final = 1000
"""Of one run; more are several jobs."""
_MAX_BYTES: Final = 1 << 20
"""As many references of a thousand characters."""


def read_references(name: str) -> tuple[str, ...]:
    """The lines that are neither blank nor begin with `#`, without the spaces around them. Raises `InvalidUsage`."""
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise InvalidUsage(f"--refs-from {name} has more than {_MAX_BYTES} bytes")
        lines = raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidUsage(f"--refs-from {name} is not UTF-8 (byte {error.start})") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidUsage(f"--refs-from {name} cannot be read: {reason}") from None
    texts = (line.strip() for line in lines)
    found = tuple(text for text in texts if text and not text.startswith("#"))
    if not found:
        raise InvalidUsage(f"--refs-from {name} names no image")
    return found
