"""SIGINT and SIGTERM: what came, and how a run ends by it.

What comes in: signals. What goes out: `Stopped`, raised where the run stands, and `received`. It writes nothing and
chooses no exit code.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
received: list[int] = []
"""The signals that came: one counts even where something took its exception for another."""


class Stopped(BaseException):
    """A signal came. No Exception: a library that is just being imported, or parses, must not take it for its own."""


def catch() -> None:
    """From here on a signal stops the run, as PID 1 too."""
    for number in SIGNALS:
        signal.signal(number, _on_signal)


def hold_off() -> None:
    """From here on what was found is written, whoever still asks us to stop."""
    for number in SIGNALS:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    received.append(number)
    raise Stopped
