"""Which protecting lines could be deleted or turned round without a test that fails. Run it by `scripts/mutants`.

What comes in: rooms of gate. What goes out: the mutants that survive the tests, each unnamed one with its line; an exit
code of 1 if there is one. `mutants.toml` names those that are meant to survive, with the reason: an entry that names no
mutant, or one that a test kills, is an error too. `mutation` says what is changed, `mutant_modules` imports it, and
`mutant_runs` runs the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from scripts.mutant_modules import Importer, Switches
from scripts.mutant_runs import BaselineError, Outcome, Runs
from scripts.mutation import Mutant, mutate

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
NAMED: Final = Path(__file__).with_name("mutants.toml")
ROOMS: Final = (
    "gate/strictjson.py",
    "gate/pointer.py",
    "gate/discovery",
    "gate/verification",
    "gate/claims",
    "gate/verdict.py",
    "gate/checks",
    "gate/flow",
)
Key = tuple[str, str, str]


def main() -> int:
    """Read the command line, try the mutants, print what survives."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("rooms", nargs="*", default=ROOMS, help=f"files or folders of gate; default: {' '.join(ROOMS)}")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants, the same every time, and no named survivor")
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose place or text contains TEXT")
    parser.add_argument(
        "--tests", nargs="+", default=[], metavar="ARG", help="arguments for pytest; default: all tests"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep the outcomes, and skip what it says is killed"
    )
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="forks at once")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    arguments = parser.parse_args()

    switches = Switches()
    every, modules = _mutants(arguments.rooms)
    reasons = _named()
    files = _files(arguments.rooms)
    stale = [key for key in reasons if key not in every and (_file(key) in files or not (ROOT / _file(key)).exists())]
    chosen = [mutant for mutant in every.values() if arguments.only in " ".join(mutant.key)]
    if arguments.sample is not None:
        chosen = _sample([mutant for mutant in chosen if mutant.key not in reasons], arguments.sample)
    if arguments.list:
        for mutant in chosen:
            print(_line(mutant))
        return 0
    kept = _Kept(arguments.results)
    chosen = [mutant for mutant in chosen if mutant.key not in kept.killed]
    outcomes = _run(chosen, modules, switches, arguments.tests, arguments.jobs, reasons, kept)
    return _conclude(outcomes, reasons, stale)


def _files(rooms: Sequence[str]) -> list[str]:
    paths = [ROOT / room for room in rooms]
    found = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return [str(file.relative_to(ROOT)) for file in found]


def _file(key: Key) -> str:
    return key[0].partition(":")[0]


def _mutants(rooms: Sequence[str]) -> tuple[dict[Key, Mutant], dict[str, tuple[Path, ast.Module]]]:
    """Every mutant by its key, and the modules that hold them by name."""
    every: dict[Key, Mutant] = {}
    modules = {}
    for name in _files(rooms):
        module = mutate((ROOT / name).read_text(encoding="utf-8"), name, first=len(every))
        every |= {mutant.key: mutant for mutant in module.mutants}
        modules[name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] = (ROOT / name, module.tree)
    return every, modules


def _named() -> dict[Key, str]:
    """The survivors that are meant to, each with its reason."""
    document = tomllib.loads(NAMED.read_text(encoding="utf-8"))
    found: dict[Key, str] = {}
    for entry in document["survivor"]:
        for change in entry["changes"]:
            key = entry["where"], entry["source"], change
            if key in found or not entry["reason"]:
                raise SystemExit(f"mutants.toml: {key} stands twice or has no reason")
            found[key] = entry["reason"]
    return found


def _sample(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """As many mutants, spread over everything: the same ones as long as their text is the same."""
    return sorted(mutants, key=lambda item: hashlib.sha256("\n".join(item.key).encode()).digest())[:count]


class _Kept:
    """The outcomes of earlier runs, a line each, so that a long run can be stopped and a survivor tried again."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path is not None and path.exists() else []
        latest = {tuple(entry["mutant"]): entry["killer"] for entry in map(json.loads, lines)}
        self.killed = {key for key, killer in latest.items() if killer is not None}

    def add(self, outcome: Outcome) -> None:
        if self._path is not None:
            entry = {"mutant": outcome.mutant.key, "killer": outcome.killer, "tests": outcome.tests}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")


def _run(
    mutants: Sequence[Mutant],
    modules: Mapping[str, tuple[Path, ast.Module]],
    switches: Switches,
    tests: Sequence[str],
    jobs: int,
    reasons: Mapping[Key, str],
    kept: _Kept,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    started = time.monotonic()

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        kept.add(outcome)
        if outcome.killer is None and outcome.mutant.key not in reasons:
            print(f"survives {outcome.tests} tests: {_line(outcome.mutant)}", flush=True)
        if len(outcomes) % 100 == 0:
            print(f"{len(outcomes)} of {len(mutants)}, {time.monotonic() - started:.0f} s", flush=True)

    sys.meta_path.insert(0, Importer(modules, switches))
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        runs = Runs(mutants, switches, folder, jobs=jobs, report=report)
        # Not --basetemp: each fork would empty it, and fail the test that another is in.
        os.environ["PYTEST_DEBUG_TEMPROOT"] = name
        options = ["-s", "-p", "no:cacheprovider", *tests]
        code = pytest.main(options, plugins=[runs])
    if runs.error is not None:
        raise runs.error
    if code != 0 or len(outcomes) != len(mutants):
        raise BaselineError(f"pytest ends with {code!r}")
    return outcomes


def _conclude(outcomes: Sequence[Outcome], reasons: Mapping[Key, str], stale: Sequence[Key]) -> int:
    survived = [outcome.mutant.key for outcome in outcomes if outcome.killer is None]
    unnamed = [key for key in survived if key not in reasons]
    killed = [outcome for outcome in outcomes if outcome.killer is not None and outcome.mutant.key in reasons]
    for key in stale:
        print(f"mutants.toml names what is not there: {' | '.join(key)}")
    for outcome in killed:
        print(f"mutants.toml names what {outcome.killer} kills: {_line(outcome.mutant)}")
    print(
        f"{len(outcomes)} mutants: {len(outcomes) - len(survived)} killed, {len(survived) - len(unnamed)} survive and"
        f" are named, {len(unnamed)} survive unnamed"
    )
    return 1 if unnamed or killed or stale else 0


def _line(mutant: Mutant) -> str:
    file, _, function = mutant.where.partition(":")
    return f"{file}:{mutant.line} {function}: `{mutant.source}` -> {mutant.change}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BaselineError as error:
        sys.exit(f"scripts/mutants: {error}")
