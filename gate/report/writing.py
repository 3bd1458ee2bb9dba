"""Text -> a file, whole or not at all.

What comes in: a path and a text. What goes out: the file, replaced in one step, so that no reader ever sees half a
report. `check_writable` says before the run that the report could not be written after it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gate.errors import GateError, InvalidUsage


def check_writable(path: Path, flag: str = "--report") -> None:
    """Raise `InvalidUsage` unless a file could be put at `path` now."""
    if path.is_dir():
        raise InvalidUsage(f"{flag} {path} is a folder; name a file")
    if path.exists() and not path.is_file():
        if not os.access(path, os.W_OK):  # a pipe or a device: written to, not replaced
            raise InvalidUsage(f"{flag} {path} cannot be written")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".gate-"):
            pass
    except OSError as error:
        raise InvalidUsage(f"{flag} {path} cannot be written: {error.strerror}") from None


def write(path: Path, text: str) -> None:
    """Put `text` at `path`. Raises `GateError`: a report that was asked for and is not there is no success."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".gate-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)  # a report is for others to read; mkstemp's files are not
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GateError(f"{path} could not be written: {error.strerror}") from None
