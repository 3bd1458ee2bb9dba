"""Mutants -> which tests kill each of them. A plugin of pytest, in whose process everything is imported once.

What comes in: modules that hold their mutants. What goes out: one `Outcome` a mutant. Each run is a fork of the process
that has collected the tests and run none: first all tests without any mutant, which must pass and show which mutants
each of them reaches; then, for each mutant, the tests that reach it, until one fails. A mutant that runs out of its
tests' time is killed too. It reads no table of survivors.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scripts.mutant_modules import Switches
    from scripts.mutation import Mutant

_MEMORY: Final = 6 << 30  # a mutant without a bound must not take the machine with it
_POLL: Final = 0.005
_UNSTEADY: Final = 5  # tests that a busy machine may fail; with more of them the run would show nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`killer` is the test that failed, None if all passed; `tests` is how many reach the mutant."""

    mutant: Mutant
    killer: str | None
    tests: int


class _Measured(NamedTuple):
    """What a test is like without any mutant."""

    seconds: float
    failed: bool
    reached: list[int]


class BaselineError(Exception):
    """The tests do not pass as they are, so that nothing can be learnt from one that fails."""


class Runs:
    """The plugin: takes the place of pytest's own loop over the tests."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        switches: Switches,
        folder: Path,
        *,
        jobs: int,
        report: Callable[[Outcome], None],
    ) -> None:
        """`folder` is where forks leave their answers; `report` is told each outcome as it is found."""
        self._mutants, self._switches, self._folder = mutants, switches, folder
        self._jobs, self._report = jobs, report
        self._failed = False
        self.error: BaselineError | None = None

    @pytest.hookimpl
    def pytest_configure(self) -> None:
        """Hypothesis tries the same examples in every run, and keeps none for another one."""
        import hypothesis  # noqa: PLC0415  (not before pytest, which rewrites its plugins)

        hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called in a fork, after each phase of a test."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Everything: the tests without a mutant, then every mutant. What goes wrong is kept in `error`."""
        try:
            self._run(session)
        except BaselineError as error:  # pytest would take it for a fault of its own
            self.error = error
        return True

    def _run(self, session: pytest.Session) -> None:
        if session.testsfailed:
            raise BaselineError("the tests cannot be collected")
        print(f"{len(self._mutants)} mutants; running {len(session.items)} tests without any", flush=True)
        reaching, seconds = self._baseline(session.items)
        chosen = {mutant.number: _ordered(reaching[mutant.number], seconds) for mutant in self._mutants}
        work = sorted(self._mutants, key=lambda item: sum(seconds[test.nodeid] for test in chosen[item.number]))
        forks = (self._fork(item, chosen[item.number], seconds) for item in work)
        for outcome in self._together(forks):
            self._report(outcome)

    def _baseline(self, items: Sequence[pytest.Item]) -> tuple[dict[int, list[pytest.Item]], dict[str, float]]:
        """Every test once. Returns the tests that reach each mutant, and how long each test takes."""
        shares: list[list[pytest.Item]] = [[] for _ in range(self._jobs)]
        files: dict[Path, list[pytest.Item]] = defaultdict(list)
        for item in items:
            files[item.path].append(item)
        for file in sorted(files, key=lambda path: (-len(files[path]), path)):
            min(shares, key=len).extend(files[file])
        measured = self._all_measured(shares)
        unsteady = [item for item in items if measured[item.nodeid].failed]
        if len(unsteady) > _UNSTEADY:
            raise BaselineError(f"{unsteady[0].nodeid} and {len(unsteady) - 1} more fail without any mutant")
        for item in unsteady:
            print(f"left out, because it fails without any mutant: {item.nodeid}", flush=True)
        reaching: dict[int, list[pytest.Item]] = defaultdict(list)
        for item in items:
            if item not in unsteady:
                for number in measured[item.nodeid].reached:
                    reaching[number].append(item)
        return reaching, {name: test.seconds for name, test in measured.items()}

    def _all_measured(self, shares: Sequence[Sequence[pytest.Item]]) -> dict[str, _Measured]:
        """What each test takes and reaches; one fork for each share."""
        answers = [self._folder / f"tests-{number}" for number in range(len(shares))]
        pids = [
            _forked(lambda share=share: self._measured(share), answer)  # type: ignore[misc]
            for share, answer in zip(shares, answers, strict=True)
        ]
        for pid in pids:
            os.waitpid(pid, 0)
        found = {}
        for answer in answers:
            if not answer.exists():
                raise BaselineError("the tests end without an answer")
            for name, *rest in json.loads(answer.read_text(encoding="utf-8")):
                found[name] = _Measured(*rest)
            answer.unlink()
        return found

    def _measured(self, items: Sequence[pytest.Item]) -> list[tuple[str, float, bool, list[int]]]:
        found = []
        for item, following in _pairs(items):
            self._switches.reached.clear()
            start = time.perf_counter()
            failed = self._fails(item, following)
            found.append((item.nodeid, time.perf_counter() - start, failed, sorted(self._switches.reached)))
        return found

    def _fails(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        self._failed = False
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:  # noqa: BLE001  (pytest lets some through that end a session; here they end a test)
            return True
        return self._failed

    def _fork(self, mutant: Mutant, tests: Sequence[pytest.Item], seconds: Mapping[str, float]) -> _Fork:
        answer = self._folder / f"mutant-{mutant.number}"
        trace = self._folder / f"test-{mutant.number}"
        pid = _forked(lambda: self._killer(mutant, tests, seconds, trace), answer)
        patience = 120 + 20 * sum(seconds[item.nodeid] for item in tests)
        return _Fork(
            mutant=mutant, pid=pid, answer=answer, trace=trace, tests=len(tests), until=time.monotonic() + patience
        )

    def _killer(
        self, mutant: Mutant, tests: Sequence[pytest.Item], seconds: Mapping[str, float], trace: Path
    ) -> str | None:
        """The first test that fails with the mutant on."""
        self._switches.on = mutant.number
        for item, following in _pairs(tests):
            trace.write_text(item.nodeid, encoding="utf-8")
            allowed = math.ceil(time.process_time() + 5 + 10 * seconds[item.nodeid])
            resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
            if self._fails(item, following):
                return item.nodeid
        return None

    def _together(self, forks: Iterator[_Fork]) -> Iterable[Outcome]:
        """The outcomes, as they come; so many forks at once as there are jobs."""
        running: list[_Fork] = []
        left = True
        while left or running:
            while left and len(running) < self._jobs:
                fork = next(forks, None)
                left = fork is not None
                running += [fork] if fork is not None else []
            for fork in list(running):
                outcome = fork.outcome()
                if outcome is not None:
                    running.remove(fork)
                    yield outcome
            time.sleep(_POLL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fork:
    """One mutant that is being tried in a process of its own."""

    mutant: Mutant
    pid: int
    answer: Path
    trace: Path
    tests: int
    until: float

    def outcome(self) -> Outcome | None:
        """What became of it; None while it runs. Raises `BaselineError` if it ended otherwise than by its tests."""
        done, status = os.waitpid(self.pid, os.WNOHANG)
        overdue = not done and time.monotonic() > self.until
        if overdue:
            os.killpg(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
        elif not done:
            return None
        test = self.trace.read_text(encoding="utf-8") if self.trace.exists() else ""
        if os.WIFEXITED(status) and self.answer.exists():
            killer = json.loads(self.answer.read_text(encoding="utf-8"))
        elif os.WIFSIGNALED(status) and test:  # SIGXCPU, or ours
            killer = f"{test} ({signal.Signals(os.WTERMSIG(status)).name})"
        else:
            raise BaselineError(f"a run ended by itself, with mutant {self.mutant.key} and status {status}")
        for file in (self.answer, self.trace):
            file.unlink(missing_ok=True)
        return Outcome(mutant=self.mutant, killer=killer, tests=self.tests)


def _forked(work: Callable[[], object], answer: Path) -> int:
    """Do the work in a fork, which leaves its answer in a file and never comes back."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)  # so that what a test started ends with it
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.RLIM_INFINITY))
        result = json.dumps(work())
        whole = answer.with_suffix(".part")
        whole.write_text(result, encoding="utf-8")
        whole.rename(answer)
        status = 0
    finally:
        os._exit(status)


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip_longest(items, items[1:])


def _ordered(items: Iterable[pytest.Item], seconds: Mapping[str, float]) -> list[pytest.Item]:
    """Quickest first, but one case of each test before the second of any: cases of one test are much alike."""
    cases: dict[str, int] = defaultdict(int)
    ranked = []
    for item in sorted(items, key=lambda item: (seconds[item.nodeid], item.nodeid)):
        test = item.nodeid.partition("[")[0]
        ranked.append((cases[test], seconds[item.nodeid], item.nodeid, item))
        cases[test] += 1
    return [item for *_, item in sorted(ranked, key=lambda entry: entry[:3])]
