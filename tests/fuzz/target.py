"""What a target of the fuzzer is: a parser as a function of bytes."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG_SECONDS: Final = 30
"""A guard against what never ends, far above what anything takes."""


class Hang(Exception):
    """A parser did not come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parser: how it is called, what it may raise, and what it begins from."""

    call: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], tuple[bytes, ...]]

    def answer(self, raw: bytes) -> str:
        """What the parser makes of the bytes, or the name of its refusal. Whatever else is raised is a finding."""
        with _guarded():
            try:
                return repr(self.call(raw))
            except self.refusals as refusal:
                return type(refusal).__name__


@contextmanager
def _guarded() -> Iterator[None]:
    def over(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
