"""`scripts/mutants`: what counts as a change, that only the one that is switched on acts, and what a run says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.mutant_modules import Switches
from scripts.mutants import _file, _named
from scripts.mutants import _mutants as _mutants_of
from scripts.mutation import FURTHER, SWITCH, Mutant, mutate

ROOT = Path(__file__).parents[1]
SOURCE = '''
LIMIT = 3

def small(items: list[int]) -> bool:
    """A docstring stays."""
    if len(items) > LIMIT:
        raise ValueError("too many")
    kept = []
    for item in items:
        if item < 0 or not item:
            continue
        kept.append(item)
    if TYPE_CHECKING:
        import nothing
    return all(item != 2 for item in kept)

def between(low: int, value: int, high: int) -> bool:
    return low <= value < high

class Reader:
    def read(self, text: str, **flags: bool) -> str:
        try:
            return text.strip() if flags.get("strict") else text
        except AttributeError:
            raise ValueError("no text") from None

    def strict(self, text: str) -> str:
        return self.read(text, strict=True)

    def first(self, items: list[int]) -> int | None:
        return next((found for item in items if (found := item) > 1), None)
'''


def _mutants() -> list[Mutant]:
    return mutate(SOURCE, "small.py").mutants


def _number(source: str, change: str) -> int:
    [mutant] = [item for item in _mutants() if (item.source, item.change) == (source, change)]
    return mutant.number


def _module(on: int) -> dict[str, Any]:
    switches = Switches()
    switches.on = on
    names: dict[str, Any] = {SWITCH: switches.is_on, FURTHER: switches.further, "TYPE_CHECKING": False}
    exec(compile(mutate(SOURCE, "small.py").tree, "small.py", "exec"), names)  # noqa: S102
    return names


def test_every_condition_operand_ordering_raise_and_flag_has_its_mutants() -> None:
    assert [(item.where, item.source, item.change) for item in _mutants()] == [
        ("small.py:small", "len(items) > LIMIT", "true"),
        ("small.py:small", "len(items) > LIMIT", "false"),
        ("small.py:small", "len(items) > LIMIT", "> LIMIT as >="),
        ("small.py:small", "len(items) > LIMIT", "> LIMIT as > LIMIT +1"),
        ("small.py:small", "item < 0 or not item", "true"),
        ("small.py:small", "item < 0 or not item", "without item < 0"),
        ("small.py:small", "item < 0 or not item", "without not item"),
        ("small.py:small", "item < 0", "< 0 as <="),
        ("small.py:small", "item < 0", "< 0 as < 0 -1"),
        ("small.py:small", "kept.append(item)", "deleted"),
        ("small.py:small", "all(item != 2 for item in kept)", "true"),
        ("small.py:small", "all(item != 2 for item in kept)", "false"),
        ("small.py:small", "all(item != 2 for item in kept)", "any for all"),
        ("small.py:between", "low <= value < high", "true"),
        ("small.py:between", "low <= value < high", "false"),
        ("small.py:between", "low <= value < high", "<= value as <"),
        ("small.py:between", "low <= value < high", "<= value as <= value +1"),
        ("small.py:between", "low <= value < high", "< high as <="),
        ("small.py:between", "low <= value < high", "< high as < high -1"),
        ("small.py:between", "low <= value < high", "without high"),
        ("small.py:between", "low <= value < high", "without low"),
        ("small.py:Reader.read", 'return text.strip() if flags.get("strict") else text', "deleted"),
        ("small.py:Reader.read", 'flags.get("strict")', "true"),
        ("small.py:Reader.read", 'flags.get("strict")', "false"),
        ("small.py:Reader.read", 'raise ValueError("no text") from None', "deleted"),
        ("small.py:Reader.strict", "strict=True", "false"),
        ("small.py:Reader.first", "(found := item) > 1", "true"),
        ("small.py:Reader.first", "(found := item) > 1", "false"),
        ("small.py:Reader.first", "(found := item) > 1", "> 1 as >="),
        ("small.py:Reader.first", "(found := item) > 1", "> 1 as > 1 +1"),
    ]


def test_a_module_that_holds_mutants_behaves_as_its_source_until_one_is_on() -> None:
    module = _module(on=-1)
    assert module["small"]([1, 3, -1])
    assert not module["small"]([1, 2])
    with pytest.raises(ValueError, match="too many"):
        module["small"]([1, 1, 1, 1])
    assert [module["between"](1, value, 3) for value in range(5)] == [False, True, True, False, False]
    assert module["Reader"]().strict(" a ") == "a"
    assert module["Reader"]().first([1, 3]) == 3


def test_only_the_mutant_that_is_on_acts() -> None:
    assert _module(_number("len(items) > LIMIT", "false"))["small"]([1, 1, 1, 1])
    with pytest.raises(ValueError, match="too many"):
        _module(_number("len(items) > LIMIT", "> LIMIT as >="))["small"]([1, 1, 1])
    assert _module(_number("len(items) > LIMIT", "> LIMIT as > LIMIT +1"))["small"]([1, 1, 1, 1])
    assert _module(_number("all(item != 2 for item in kept)", "any for all"))["small"]([1, 2])
    assert _module(_number("low <= value < high", "without high"))["between"](1, 9, 3)
    assert not _module(_number("low <= value < high", "< high as < high -1"))["between"](1, 2, 3)
    assert _module(_number("strict=True", "false"))["Reader"]().strict(" a ") == " a "
    assert _module(_number("(found := item) > 1", "true"))["Reader"]().first([1, 3]) == 1
    with pytest.raises(AttributeError):
        _module(_number('raise ValueError("no text") from None', "deleted"))["Reader"]().strict(None).strip()


def test_a_return_of_nothing_is_deleted_only_where_something_follows() -> None:
    text = "def f(a):\n    try:\n        {}\n    except ValueError:\n        return None\n{}"
    ends = mutate(text.format("return a[0]", ""), "f.py").mutants
    assert [item.source for item in ends] == ["return a[0]"]
    goes_on = mutate(text.format("a.pop()", "    return a\n"), "f.py").mutants
    assert [item.source for item in goes_on] == ["a.pop()", "return None"]


def test_equal_lines_of_one_function_are_told_apart() -> None:
    twice = mutate("def f(a):\n    if a:\n        return 1\n    if a:\n        return 2\n", "f.py").mutants
    assert [item.change for item in twice] == ["true", "false", "true #2", "false #2"]
    assert len({item.key for item in twice}) == 4


def test_a_bound_that_is_a_moment_moves_by_a_second_and_no_other_kind_moves() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert Switches.further(moment, 1) == moment + timedelta(seconds=1)
    with pytest.raises(TypeError):
        Switches.further({1}, 1)


def test_every_survivor_that_is_named_is_a_mutant_that_there_is() -> None:
    """In whatever file: one that was moved away leaves no entry behind."""
    reasons = _named()
    every, _ = _mutants_of(sorted({_file(key) for key in reasons}))
    assert [key for key in reasons if key not in every] == []


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.mutants", "--jobs", "1", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_run_names_what_survives_and_ends_with_1() -> None:
    done = _run("gate/duration.py", "--tests", "tests/test_duration.py::test_no_time_is_no_duration")
    assert "survive unnamed" in done.stdout
    assert "survives" in done.stdout
    assert done.returncode == 1


def _failing(folder: Path, number: int) -> str:
    """Tests that reach a line of gate and fail whatever it does."""
    path = folder / "test_failing.py"
    path.write_text(
        "import pytest\nfrom gate.duration import parse_duration\n"
        f"@pytest.mark.parametrize('number', range({number}))\n"
        "def test_failing(number):\n    assert not parse_duration('1d')\n",
        encoding="utf-8",
    )
    return str(path)


def test_a_test_that_fails_without_a_mutant_is_left_out_and_kills_none(tmp_path: Path) -> None:
    done = _run("gate/duration.py", "--tests", _failing(tmp_path, 5))
    assert done.stdout.count("left out, because it fails without any mutant: ") == 5
    assert ": 0 killed" in done.stdout
    assert done.returncode == 1


def test_runs_at_once_leave_each_others_files_alone(tmp_path: Path) -> None:
    """A test that fails for want of its files would kill mutants that survive."""
    path = tmp_path / "test_files.py"
    path.write_text(
        "import contextlib, os, time\nfrom gate.duration import parse_duration\n"
        "def test_files(tmp_path):\n    with contextlib.suppress(Exception):\n        parse_duration('1d')\n"
        "    kept = tmp_path / str(os.getpid())\n    kept.touch()\n"
        "    time.sleep(os.getpid() % 2 / 10 + 0.1)\n    assert kept.exists()\n",
        encoding="utf-8",
    )
    done = _run("gate/duration.py", "--only", "parse_duration", "--jobs", "2", "--tests", str(path))
    assert ": 0 killed" in done.stdout


def test_a_run_whose_tests_fail_without_a_mutant_shows_nothing_and_says_so(tmp_path: Path) -> None:
    done = _run("gate/duration.py", "--tests", _failing(tmp_path, 6))
    assert done.returncode == 1
    assert "and 5 more fail without any mutant" in done.stderr
    assert "survive" not in done.stdout
