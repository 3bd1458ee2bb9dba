"""The parts of `scripts/interop` run at the same time: nothing of that may lose a line, a failure or a process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from interop import processes
from interop.parts import AT_LEAST, running_parts
from interop.processes import Broken, Stopped, run

if TYPE_CHECKING:
    from pathlib import Path

    from interop.tally import Tally


def _enough(tally: Tally) -> None:
    for number in range(AT_LEAST):
        tally.ok(f"comparison {number}")


def _seen(output: str) -> list[str]:
    """Everything before the seconds but the many."""
    lines = output.partition("== seconds")[0].splitlines()
    return [line for line in lines if "comparison" not in line]


def test_lines_stand_in_the_order_of_the_parts_whichever_ends_first(capsys: pytest.CaptureFixture[str]) -> None:
    late_ended = threading.Event()

    def early(tally: Tally) -> None:
        tally.ok("early")
        assert late_ended.wait(30)
        tally.ok("early again")

    def late(tally: Tally) -> None:
        tally.skip("late", "a tool")
        late_ended.set()

    with running_parts() as parts:
        parts.start("one", early)
        parts.start("two", late)
        parts.start("many", _enough)
        assert parts.close()
    output = capsys.readouterr().out
    assert _seen(output) == [
        "== one",
        "ok    early",
        "ok    early again",
        "== two",
        "skip  late  (without a tool)",
        "== many",
    ]
    assert output.endswith(f"\n{AT_LEAST + 2} passed, 0 failed, 1 skipped\n")


def test_jobs_of_one_part_at_once_keep_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    second_ended = threading.Event()

    def first(tally: Tally) -> None:
        assert second_ended.wait(30)
        tally.fail("first", "because")

    def second(tally: Tally) -> None:
        tally.ok("second")
        second_ended.set()

    with running_parts() as parts:
        parts.start("one", lambda tally: tally.together((first, second), 2))
        parts.start("many", _enough)
        assert not parts.close()
    output = capsys.readouterr().out
    assert _seen(output)[1:4] == ["FAIL  first", "      | because", "ok    second"]
    assert output.endswith(f"\nfailed: first\n{AT_LEAST + 1} passed, 1 failed, 0 skipped\n")


def test_a_part_that_breaks_fails_what_needs_it_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Tally) -> None:
        raise Broken("no such tool")

    with running_parts() as parts:
        needed = parts.start("needed", broken)
        parts.start("needs it", lambda tally: tally.ok("never"), needs=[needed])
        parts.start("comes after it", lambda tally: tally.ok("all the same"), after=[needed])
        parts.start("many", _enough)
        assert not parts.close()
    output = capsys.readouterr().out
    assert output.endswith(f"\n{AT_LEAST + 1} passed, 2 failed, 0 skipped\n")
    assert "      | no such tool" in output
    assert "      | it needs what broke: needed" in output


def test_a_run_that_compared_next_to_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with running_parts() as parts:
        parts.start("one", lambda tally: tally.ok("one"))
        assert not parts.close()
    assert f"failed: only 1 comparisons: at least {AT_LEAST} are expected" in capsys.readouterr().out


def test_a_bug_in_one_part_stops_the_commands_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "_stopping", threading.Event())
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ended: list[BaseException] = []

    def waits(_: Tally) -> None:
        # A command with a child, as a script has: the child would hold the outputs open for a minute.
        try:
            run(["sh", "-c", f"sleep 60 & echo >{pipe}; wait"], os.environ)
        except Stopped as stopped:
            ended.append(stopped)
            raise

    def wrong(_: Tally) -> None:
        pipe.read_bytes()  # the command runs
        raise LookupError("a bug")

    def both() -> None:
        with running_parts() as parts:
            parts.start("waits", waits)
            parts.start("wrong", wrong)
            parts.close()

    with pytest.raises(LookupError):
        both()
    assert len(ended) == 1
    with pytest.raises(Stopped):
        run(["true"], os.environ)
    assert run(["true"], os.environ, cleans_up=True).code == 0
    assert "Stopped" not in capsys.readouterr().out
