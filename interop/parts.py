"""The parts of a run: at the same time where they do not need each other, and their lines in the order of the parts.

What comes in: pieces of work. What goes out: under each part's name its lines, what each part took, and the closing
line. A part that breaks is a failure and stops no other but those that need it. It compares nothing.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from interop import processes
from interop.processes import Broken, Stopped
from interop.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

AT_LEAST = 40
"""Fewer comparisons than this are a failure: a run that looked at nothing must not look like one that found nothing."""
MOST = 20
"""Parts at once: more than there are, for each has its thread from the beginning and waits for what it needs."""

T = TypeVar("T")


class Part(Generic[T]):
    """One part, and what it made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tally = Tally()
        self.seconds = 0.0
        self.done = threading.Event()
        self.broken = True  # until it is whole
        self._made: T | None = None

    def result(self) -> T:
        """What it made, once it is done."""
        return cast("T", self._made)

    def work(self, make: Callable[[Tally], T], needs: Sequence[Part[Any]], after: Sequence[Part[Any]]) -> None:
        """Wait for the others, then do it."""
        try:
            for other in (*needs, *after):
                other.done.wait()
            started = time.monotonic()
            if broken := [other.name for other in needs if other.broken]:
                raise Broken(f"it needs what broke: {', '.join(broken)}")
            self._made = make(self.tally)
            self.seconds = time.monotonic() - started
            self.broken = False
        except Broken as broke:
            if not isinstance(broke, Stopped):
                self.tally.fail(f"{self.name}: a part of the lab broke", str(broke))
        finally:
            self.done.set()


class Parts:
    """All of them: `with running_parts() as parts`."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._parts: list[Part[Any]] = []
        self._futures: list[Future[None]] = []
        self._started = time.monotonic()

    def start(
        self,
        name: str,
        make: Callable[[Tally], T],
        *,
        needs: Sequence[Part[Any]] = (),
        after: Sequence[Part[Any]] = (),
    ) -> Part[T]:
        """Start a part as soon as the others are done; its lines stand behind those of the parts before it.

        What it `needs` must not be broken. It is `after` others for the sake of the cores alone.
        """
        part: Part[T] = Part(name)
        self._parts.append(part)
        self._futures.append(self._pool.submit(part.work, make, needs, after))
        return part

    def all(self) -> tuple[Part[Any], ...]:
        """Every part so far."""
        return tuple(self._parts)

    def close(self) -> bool:
        """Show every part in its turn; then what each took, and the closing line. Whether the run is good."""
        for part, future in zip(self._parts, self._futures, strict=True):
            print(f"== {part.name}", flush=True)
            part.tally.show()
            while not part.done.wait(0.2):
                # A bug of ours in any part ends the run now, and not when that part's turn comes.
                for each in self._futures:
                    if each.done():
                        each.result()
            future.result()
        print("== seconds", flush=True)
        for part in self._parts:
            print(f"{part.seconds:6.1f}  {part.name}")
        print(f"{time.monotonic() - self._started:6.1f}  together", flush=True)
        return close([part.tally for part in self._parts])


@contextmanager
def running_parts() -> Iterator[Parts]:
    """Parts that have all ended with this: on a failure or a signal their commands are stopped."""
    with ThreadPoolExecutor(MOST) as pool:
        try:
            yield Parts(pool)
        except BaseException:
            processes.stop()
            raise


def close(tallies: Sequence[Tally]) -> bool:
    """Print the closing line; whether the run is good."""
    passed, skipped = sum(tally.passed for tally in tallies), sum(tally.skipped for tally in tallies)
    failures = [line for tally in tallies for line in tally.failures]
    compared = passed + len(failures)
    if compared < AT_LEAST:
        failures.append(f"only {compared} comparisons: at least {AT_LEAST} are expected")
    for line in failures:
        print(f"failed: {line}")
    print(f"{passed} passed, {len(failures)} failed, {skipped} skipped", flush=True)
    return not failures
