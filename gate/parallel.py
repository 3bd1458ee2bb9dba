"""Several waits at once, none of them longer than the deadline.

What comes in: functions that wait for something. What goes out: their results in order, each a value or the `GateError`
that it raised. Threads are daemons, so that a server that never answers cannot keep the process alive after its
verdict; that is why this is not `concurrent.futures`, whose workers are joined at exit.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from gate.errors import DeadlineExceeded, GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.limits import Deadline

T = TypeVar("T")

_GRACE_SECONDS = 0.5
"""What a function gets to answer that it missed the deadline itself, which says more than we could."""


class Background(Generic[T]):
    """One function, started at once on a thread of its own; `result` waits for it."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._answers: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(function,), daemon=True).start()

    def _run(self, function: Callable[[], T]) -> None:
        try:
            self._answers.put(function())
        except BaseException as error:  # noqa: BLE001  (raised again where the result is asked for)
            self._answers.put(error)

    def result(self, deadline: Deadline) -> T:
        """The function's value, or its exception, or `DeadlineExceeded`. To be called once."""
        try:
            answer = self._answers.get(timeout=max(0.0, deadline.at - time.monotonic()) + _GRACE_SECONDS)
        except queue.Empty:
            raise DeadlineExceeded(f"no answer within {deadline.seconds:g} s (--timeout)") from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def run_round(functions: Sequence[Callable[[], T]], *, deadline: Deadline, width: int) -> list[T | GateError]:
    """Call every function, at most `width` at a time, and return each one's value or `GateError`, in order.

    Any other exception is a bug of ours and is raised. After the deadline whatever has not answered is
    `DeadlineExceeded`.
    """
    jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(functions)):
        jobs.put(number)
    answers: queue.SimpleQueue[tuple[int, T | BaseException]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                number = jobs.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put((number, functions[number]()))
            except BaseException as error:  # noqa: BLE001  (handed to the caller, below)
                answers.put((number, error))

    for _ in range(min(width, len(functions))):
        threading.Thread(target=work, daemon=True).start()
    results: dict[int, T | GateError] = {}
    late = DeadlineExceeded(f"no answer within {deadline.seconds:g} s (--timeout)")
    while len(results) < len(functions):
        try:
            number, answer = answers.get(timeout=deadline.left())
        except (queue.Empty, DeadlineExceeded):
            break
        if isinstance(answer, BaseException) and not isinstance(answer, GateError):
            raise answer
        results[number] = answer
    return [results.get(number, late) for number in range(len(functions))]
