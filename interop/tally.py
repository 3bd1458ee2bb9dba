"""What was compared, and how it ended.

What comes in: comparisons, as they end. What goes out: one line for each, and the closing line. It compares nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

AT_LEAST = 40
"""Fewer comparisons than this are a failure: a run that looked at nothing must not look like one that found nothing."""


@dataclass(slots=True)
class Tally:
    """Counts and prints. Usable from several threads."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ok(self, line: str) -> None:
        """A comparison that came out right."""
        with self._lock:
            self.passed += 1
            print(f"ok    {line}", flush=True)

    def fail(self, line: str, why: str = "") -> None:
        """One that did not; `why` is printed below it."""
        with self._lock:
            self.failures.append(line)
            print(f"FAIL  {line}", flush=True)
            for each in why.strip().splitlines():
                print(f"      | {each}", flush=True)

    def skip(self, line: str, missing: str) -> None:
        """One for which a part is missing that `--allow-missing` names."""
        with self._lock:
            self.skipped += 1
            print(f"skip  {line}  (without {missing})", flush=True)

    def check(self, line: str, *, held: bool, why: str = "") -> None:
        """Count one comparison."""
        if held:
            self.ok(line)
        else:
            self.fail(line, why)

    def close(self) -> bool:
        """Print the closing line; whether the run is good."""
        compared = self.passed + len(self.failures)
        if compared < AT_LEAST:
            self.fail(f"only {compared} comparisons: at least {AT_LEAST} are expected")
        for line in self.failures:
            print(f"failed: {line}")
        print(f"{self.passed} passed, {len(self.failures)} failed, {self.skipped} skipped", flush=True)
        return not self.failures
