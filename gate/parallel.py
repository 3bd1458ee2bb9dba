"""Several waits at once, none of them longer than the deadline.

What comes in: functions that wait for something. What goes out: their results in order, each a value or the `GateError`
that it raised. `Once` lets several that want the same thing wait for one, `Budget` bounds what they hold together.
Threads are daemons, so that a server that never answers cannot keep the process alive after its
verdict; that is why this is not `concurrent.futures`, whose workers are joined at exit.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from gate.errors import GateError, NoThread

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from gate.limits import Deadline

T = TypeVar("T")

_GRACE_SECONDS = 0.5
"""What a function gets to answer that it missed the deadline itself, which says more than we could."""
_ROUND_GRACE_SECONDS: Final = 0.2
"""The same for each of a round; less, so that the round's own answer is not too late."""
_USUAL_SECONDS: Final = 0.005
"""How long a thread that could go on waits for one that computes: Python's own."""
_QUICK_SECONDS: Final = 0.001


@contextmanager
def quick_turns() -> Iterator[None]:
    """While this thread computes, the others, which wait for servers, get their turns soon: each asks for several a
    request. Where all of them compute, that would cost a tenth.
    """
    sys.setswitchinterval(_QUICK_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL_SECONDS)


class Background(Generic[T]):
    """One function, started at once on a thread of its own; `result` waits for it."""

    def __init__(self, function: Callable[[], T]) -> None:
        """Raises `NoThread`."""
        self._answers: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
        _start(partial(self._run, function))

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
            raise deadline.exceeded() from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def run_round(functions: Sequence[Callable[[], T]], *, deadline: Deadline, width: int) -> list[T | GateError]:
    """Call every function, at most `width` at a time, and return each one's value or `GateError`, in order.

    Any other exception is a bug of ours and is raised. Whatever has no value at the deadline is `DeadlineExceeded`.
    Raises `NoThread`.
    """
    answers = start_all(functions, width=width)
    results: list[T | GateError] = [deadline.exceeded()] * len(functions)
    end = deadline.at + _ROUND_GRACE_SECONDS
    for _ in functions:
        try:
            number, answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, BaseException) and not isinstance(answer, GateError):
            raise answer
        if isinstance(answer, GateError):
            results[number] = answer.as_value()
        elif time.monotonic() < deadline.at:
            results[number] = answer
    return results


def start_all(functions: Sequence[Callable[[], T]], *, width: int) -> queue.SimpleQueue[tuple[int, T | BaseException]]:
    """Start calling every function, at most `width` at a time, fewer where the machine has no threads for more. Each
    one's number, with its value or its exception, comes out when it is there. Raises `NoThread`.
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
            except BaseException as error:  # noqa: BLE001  (for whoever takes the answers)
                answers.put((number, error))

    for started in range(min(width, len(functions))):
        try:
            _start(work)
        except NoThread:
            if not started:
                raise
            break
    return answers


def _start(function: Callable[[], None]) -> None:
    try:
        threading.Thread(target=function, daemon=True).start()
    except RuntimeError:  # Python's "can't start new thread"
        raise NoThread from None


class Once(Generic[T]):
    """Values by key, each made by whoever asks first while all others who ask wait for it. A failure is raised to all
    who waited, and not kept.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._lock = threading.Lock()
        self._values: dict[Hashable, Future[T]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`: made by `make` if there is none. Raises what `make` raises, or `DeadlineExceeded`."""
        with self._lock:
            value = self._values.get(key)
            first = value is None
            if value is None:
                value = self._values[key] = Future()
        if first:
            try:
                value.set_result(make())
            except BaseException as error:  # noqa: BLE001  (raised again by each thread that waits, this one too)
                with self._lock:
                    del self._values[key]
                value.set_exception(error)
        try:
            return value.result(timeout=None if first else self._deadline.left())
        except TimeoutError:
            raise self._deadline.exceeded() from None


class Budget:
    """So much that several threads may hold together, in shares of which each is taken once and given back whole."""

    def __init__(self, size: int, deadline: Deadline) -> None:
        self._left = self._size = size
        self._deadline = deadline
        self._changed = threading.Condition()

    def share(self) -> Share:
        """A share of nothing, to take from."""
        return Share(self)

    def take(self, amount: int) -> int:
        """Wait until `amount` is there, or all of it for what would never fit. Raises `DeadlineExceeded`."""
        amount = min(amount, self._size)
        with self._changed:
            while self._left < amount:
                self._changed.wait(self._deadline.left())
            self._left -= amount
        return amount

    def give(self, amount: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._left += amount
            self._changed.notify_all()


class Share:
    """What one thread holds of a `Budget` until the `with` block ends. To be taken from once: two that each hold a part
    and wait for the rest of the other's would wait for ever.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._budget.give(self._held)

    @property
    def held(self) -> bool:
        """Whether something was taken."""
        return self._held is not None

    def take(self, amount: int) -> None:
        """Hold `amount` until the end of the block. Raises `DeadlineExceeded`."""
        assert self._held is None
        self._held = self._budget.take(amount)
