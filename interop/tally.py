"""What was compared, and how it ended.

What comes in: comparisons, as they end. What goes out: one line for each, at once or when its turn has come. It
compares nothing.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(slots=True)
class Tally:
    """Counts and prints. Usable from several threads. It keeps its lines to itself until `show` is called."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: int = 0
    _kept: list[str] = field(default_factory=list)
    _shown: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ok(self, line: str) -> None:
        """A comparison that came out right."""
        with self._lock:
            self.passed += 1
            self._say(f"ok    {line}")

    def fail(self, line: str, why: str = "") -> None:
        """One that did not; `why` is printed below it."""
        with self._lock:
            self.failures.append(line)
            self._say("\n".join([f"FAIL  {line}", *(f"      | {each}" for each in why.strip().splitlines())]))

    def skip(self, line: str, missing: str) -> None:
        """One for which a part is missing that `--allow-missing` names."""
        with self._lock:
            self.skipped += 1
            self._say(f"skip  {line}  (without {missing})")

    def check(self, line: str, *, held: bool, why: str = "") -> None:
        """Count one comparison."""
        if held:
            self.ok(line)
        else:
            self.fail(line, why)

    def show(self) -> None:
        """Print what there is, and from now on each line at once."""
        with self._lock:
            self._shown = True
            for line in self._kept:
                print(line, flush=True)
            self._kept.clear()

    def together(self, jobs: Iterable[Callable[[Tally], None]], at_once: int) -> None:
        """Do jobs at the same time, each with a tally of its own; their lines stand in the order of the jobs."""

        def done(job: Callable[[Tally], None]) -> Tally:
            own = Tally()
            job(own)
            return own

        with ThreadPoolExecutor(at_once) as pool:
            for own in pool.map(done, jobs):
                self._add(own)

    def _add(self, own: Tally) -> None:
        with self._lock:
            self.passed += own.passed
            self.failures += own.failures
            self.skipped += own.skipped
            for line in own._kept:
                self._say(line)

    def _say(self, line: str) -> None:
        if self._shown:
            print(line, flush=True)
        else:
            self._kept.append(line)
