"""What the worst inputs cost: `scripts/bench hostile`.

Each input of at most 16 MiB is judged by `gate verify` in a process of its own. CPU is that of the process from its
start to its end, and memory its peak; the first row says how much of both is gate itself. Exits with 1 if any input
takes more than 2 s of CPU in all, or 256 MiB of memory more than gate itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile import MIB, Taken, run
from tests.hostile.cases import CASES
from tests.hostile.image import Hostile

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS, MEBIBYTES = 2.0, 256.0


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench hostile", description="What the worst inputs cost.")
    parser.add_argument("only", nargs="*", metavar="WORD", help="only inputs whose name has one of these words")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    chosen = {name: make for name, make in CASES.items() if not options.only or any(w in name for w in options.only)}
    rows: list[dict[str, object]] = []
    over = 0
    _, itself = measured(nothing)
    if not options.json:
        print(
            f"{'gate itself: an image with nothing attached':<61}{itself.cpu:6.2f} s  {itself.peak:5.0f} MiB",
            flush=True,
        )
    for name, make in chosen.items():
        size, taken = measured(make)
        too_much = taken.cpu > SECONDS or taken.peak - itself.peak > MEBIBYTES
        over += too_much
        rows.append(
            {"input": name, "mib": round(size, 1), "over": too_much, **asdict(taken), "report": len(taken.report)}
        )
        if not options.json:
            mark = "  <-- too much" if too_much else ""
            figures = f"{size:5.1f} MiB  {taken.cpu:6.2f} s  {taken.peak:5.0f} MiB  exit {taken.code}"
            print(f"{name:<52}{figures}{mark}", flush=True)
    if options.json:
        print(json.dumps(rows, indent=2))
    sys.exit(1 if over else 0)


def nothing(folder: Path) -> list[str]:
    """An image with nothing attached to it."""
    return Hostile(folder).arguments()


def measured(make: Callable[[Path], list[str]]) -> tuple[float, Taken]:
    """An input's size in MiB, and what judging it takes."""
    with tempfile.TemporaryDirectory(prefix="gate-hostile-") as name:
        folder = Path(name)
        arguments = make(folder)
        # Regular files alone: reading what else may stand there is what some of the inputs are about.
        size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
        return size / MIB, run(arguments, folder)


if __name__ == "__main__":
    main()
