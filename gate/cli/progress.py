"""`--progress`: what is being waited for, on standard error.

What comes in: `Phase`s, from any thread. What goes out: on a terminal one line that is written over and is gone in the
end; elsewhere at most one line a phase, and unless `plain` asks for them only of a phase that takes long. It decides
nothing, and a standard error that cannot be written to ends no run.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gate.progress import Phase, Progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self, TextIO

LATE_SECONDS: Final = 3.0
"""A log wants to know of a wait only when somebody might wonder."""
_ERASE: Final = "\r\x1b[2K"
_WORDS: Final = {
    Phase.RESOLVE: "resolving",
    Phase.LISTINGS: "asking what is attached to",
    Phase.EVIDENCE: "fetching the evidence of",
    Phase.VERIFICATION: "verifying the evidence of",
}


class Mode(StrEnum):
    """What `--progress` may say."""

    AUTO = "auto"
    PLAIN = "plain"
    NONE = "none"


class Shown(Progress):
    """Progress of one run, for as long as the `with` block lasts."""

    def __init__(
        self, mode: Mode, stream: TextIO, environment: Mapping[str, str], *, late: float = LATE_SECONDS
    ) -> None:
        terminal = stream.isatty() and not environment.get("CI") and environment.get("TERM") != "dumb"
        self.about = "the image"
        self._stream = stream
        self._quiet = mode is Mode.NONE
        self._line = terminal and mode is Mode.AUTO
        self._late = late if mode is Mode.AUTO and not terminal else 0.0
        self._lock = threading.RLock()  # a signal's exception may come while this thread holds it
        self._phase = 0
        self._many = False
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._forget()
            self._quiet = True
            if self._line and self._phase:
                self._write(_ERASE)

    def phase(self, phase: Phase) -> None:
        """Show a phase that is later than all before it. Of several images their number says more."""
        with self._lock:
            if not self._many and phase > self._phase:
                self._phase = phase
                self._show(f"{_WORDS[phase]} {self.about}")

    def judged(self, done: int, of: int) -> None:
        """Count on a terminal; in a log say once how many there are."""
        with self._lock:
            if self._line or not self._many:
                self._many, self._phase = True, 1
                self._show(f"judging {of} images" + (f", {done} done" if self._line else ""))

    def _show(self, text: str) -> None:
        if self._quiet:
            return
        from gate.report.text import escape  # noqa: PLC0415

        text = f"gate: {escape(text)}"
        if self._line:
            room = self._room()
            self._write(_ERASE + (text if len(text) <= room else text[: max(0, room - 3)] + "..."))
        elif self._late:
            self._forget()
            self._timer = threading.Timer(self._late, self._print, (text,))
            self._timer.daemon = True
            with suppress(RuntimeError):  # no more threads: whoever needs one says so
                self._timer.start()
        else:
            self._print(text)

    def _room(self) -> int:
        """Columns of the terminal but one: a line that wraps cannot be written over."""
        columns = 80
        with suppress(OSError, ValueError):
            columns = os.get_terminal_size(self._stream.fileno()).columns or columns
        return columns - 1

    def _print(self, text: str) -> None:
        with self._lock:
            if not self._quiet:
                self._write(f"{text}\n")

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def show_progress(mode: Mode) -> Shown:
    """On standard error, as this process has it."""
    return Shown(mode, sys.stderr, os.environ)
