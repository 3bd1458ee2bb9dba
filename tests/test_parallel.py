"""Waiting together: one makes what several want, and what they hold together is bounded."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress

import pytest

from gate import cli
from gate.errors import DeadlineExceeded, Malformed, NoThread
from gate.limits import Deadline
from gate.parallel import Background, Budget, Once, quick_turns, run_round
from tests.conftest import LAB, policy_path


def test_one_makes_what_several_ask_for() -> None:
    once: Once[int] = Once(Deadline(10))
    begun, let_go = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> int:
        begun.set()
        let_go.wait(5)
        made.append(7)
        return 7

    waiting = [Background(lambda: once.get("key", make)) for _ in range(5)]
    assert begun.wait(5)
    let_go.set()
    assert [one.result(Deadline(5)) for one in waiting] == [7] * 5
    assert once.get("key", lambda: 8) == 7, "and it is kept"
    assert once.get("another", lambda: 8) == 8
    assert made == [7]


def test_a_failure_is_everybodys_who_waited_and_is_not_kept() -> None:
    once: Once[int] = Once(Deadline(10))
    begun, let_go = threading.Event(), threading.Event()

    def fail() -> int:
        begun.set()
        let_go.wait(5)
        raise Malformed("x")

    first = Background(lambda: once.get("key", fail))
    assert begun.wait(5)
    second = Background(lambda: once.get("key", lambda: 9))
    while threading.active_count() < 3:
        time.sleep(0.001)
    time.sleep(0.05)
    let_go.set()
    for one in (first, second):
        with pytest.raises(Malformed):
            one.result(Deadline(5))
    assert once.get("key", lambda: 8) == 8


def test_whoever_waits_for_another_is_bound_to_the_deadline() -> None:
    once: Once[int] = Once(Deadline(0.1))
    begun, let_go = threading.Event(), threading.Event()

    def never() -> int:
        begun.set()
        let_go.wait(5)
        return 1

    Background(lambda: once.get("key", never))
    assert begun.wait(5)
    with pytest.raises(DeadlineExceeded):
        once.get("key", never)
    let_go.set()


def test_a_share_is_held_until_its_block_ends_whatever_happens_in_it() -> None:
    budget = Budget(10, Deadline(0.1))
    with budget.share() as share:
        share.take(8)
        with pytest.raises(DeadlineExceeded), budget.share() as second:
            second.take(3)
        with budget.share() as third:
            third.take(2)
    with budget.share() as share:
        share.take(10)


def test_a_share_that_had_to_wait_gets_what_another_gives_back() -> None:
    budget = Budget(10, Deadline(10))
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with budget.share() as share:
            share.take(9)
            held.set()
            let_go.wait(5)

    def want() -> int:
        with budget.share() as share:
            share.take(5)
            return 5

    Background(hold)
    assert held.wait(5)
    waiting = Background(want)
    let_go.set()
    assert waiting.result(Deadline(5)) == 5


def test_more_than_there_is_takes_all_of_it_and_waits_for_nobody_for_ever() -> None:
    budget = Budget(10, Deadline(1))
    with budget.share() as share:
        share.take(1000)
    with budget.share() as share:
        share.take(10)


def test_turns_are_quick_for_as_long_as_is_asked_and_no_longer() -> None:
    usual = sys.getswitchinterval()
    with suppress(ZeroDivisionError), quick_turns():
        assert sys.getswitchinterval() < usual
        raise ZeroDivisionError
    assert sys.getswitchinterval() == usual


def _start_no_more_than(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container does whose processes are counted."""
    start, left = threading.Thread.start, iter(range(threads))

    def counted(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)


def test_where_threads_are_few_they_do_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _start_no_more_than(2, monkeypatch)
    functions = [lambda number=number: number for number in range(20)]
    assert run_round(functions, deadline=Deadline(60), width=8) == list(range(20))


def test_where_there_is_no_thread_nothing_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _start_no_more_than(0, monkeypatch)
    assert run_round([], deadline=Deadline(60), width=8) == []
    with pytest.raises(NoThread):
        run_round([lambda: 1], deadline=Deadline(60), width=8)
    with pytest.raises(NoThread):
        Background(lambda: 1)


@pytest.mark.parametrize(("images", "threads"), [(1, 0), (1, 1), (2, 0), (2, 2)])
def test_a_machine_without_threads_is_4_and_says_so(
    images: int, threads: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    references = [f"oci:{LAB / name}" for name in ("agent-signed", "human-commit")][:images]
    _start_no_more_than(threads, monkeypatch)
    assert cli.run(["verify", *references, "--policy", str(policy_path("signature"))]) == 4
    told = capsys.readouterr()
    assert "raise the limit of processes" in told.out + told.err
