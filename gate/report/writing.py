"""Text -> a file, whole or not at all.

What comes in: a path and a text. What goes out: the file, replaced in one step, so that no reader ever sees half a
report. `check_writable` says before the run that a file could not be written after it; `clear` takes away what an
earlier run left there, so that a run that is killed leaves no verdict at all.

Where a file cannot be replaced it is written in place, in one go: a pipe, a device, a symbolic link's target, and a
file that is a mount of its own, as Kubernetes' /dev/termination-log and docker's `-v FILE:FILE` are.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gate.errors import InvalidUsage, NotWritten


def check_writable(path: Path, named: str) -> None:
    """Raise `InvalidUsage`, which says `named`, unless a file could be put at `path` now."""
    if path.is_dir():
        raise InvalidUsage(f"{named} is a folder; name a file")
    if path.exists() and not _replaceable(path):
        if not os.access(path, os.W_OK):
            raise InvalidUsage(f"{named} cannot be written")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".gate-"):
            pass
    except OSError as error:
        if not (path.is_file() and os.access(path, os.W_OK)):
            raise InvalidUsage(f"{named} cannot be written: {error.strerror}") from None


def clear(path: Path) -> None:
    """Take away a file of an earlier run, or what it says. Raises `NotWritten`."""
    try:
        if _replaceable(path):
            try:
                path.unlink()
            except OSError:
                path.write_bytes(b"")
        elif path.is_file():
            path.write_bytes(b"")
    except OSError as error:
        raise NotWritten(f"{path} is of an earlier run and cannot be removed: {error.strerror}") from None


def write(path: Path, text: str) -> None:
    """Put `text` at `path`. Raises `NotWritten`: a report that was asked for and is not there is no success."""
    raw = text.encode("utf-8", "backslashreplace")
    try:
        if _replaceable(path) or not path.exists():
            try:
                _replace(path, raw)
            except OSError:
                if not path.is_file():
                    raise
            else:
                return
        path.write_bytes(raw)
    except OSError as error:
        raise NotWritten(f"{path} could not be written: {error.strerror}") from None


def append(path: Path, text: str) -> None:
    """Put `text` at the end of a file that others write to as well. Raises `NotWritten`."""
    try:
        with path.open("ab") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise NotWritten(f"{path} could not be written: {error.strerror}") from None


def _replaceable(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _replace(path: Path, raw: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".gate-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # a report is for others to read; mkstemp's files are not
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
