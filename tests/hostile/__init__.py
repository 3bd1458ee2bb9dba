"""Inputs that are made to cost: each of at most 16 MiB, each against another parser.

What comes in: a folder. What goes out: the command that meets the input. `signed` and `claimed` hold what a signer
may do (any signer: a certificate is to be had by anybody), `unsigned` what whoever may push to the registry, `local`
what a folder, an archive or a policy may hold. `run` judges one under limits on memory and CPU, in a process of its
own, and says what it took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
MIB = 1 << 20

_CHILD = """
import json, resource, sys, time
taken, memory, seconds, *arguments = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
from gate import cli
code = cli.run(arguments)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
with open(taken, "w") as file:
    json.dump({"code": code, "cpu": time.process_time(), "peak": peak / 1024}, file)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run took: CPU seconds and peak memory (MiB, the interpreter's own 70 included), and how it ended."""

    code: int
    cpu: float
    peak: float
    report: str


def run(arguments: Sequence[str], folder: Path, *, memory: int = 2048 * MIB, seconds: int = 60) -> Taken:
    """`gate` with `arguments` in a new process, with at most `memory` bytes of address space and `seconds` of CPU. A
    process that these end has code -1. A verdict is written in every format; `gate inspect` prints its report.
    """
    taken, report, printed = folder / "taken.json", folder / "report.json", folder / "printed"
    taken.unlink(missing_ok=True)
    more = ["--report", str(report), "--output-dir", str(folder / "out")] if arguments[0] == "verify" else []
    command = [sys.executable, "-c", _CHILD, str(taken), str(memory), str(seconds), *arguments, *more]
    with printed.open("wb") as output:
        subprocess.run(
            command,
            cwd=ROOT,
            env={"PATH": os.defpath, "HOME": str(folder)},
            stdout=output,
            stderr=subprocess.DEVNULL,
            timeout=5 * seconds,
            check=False,
        )
    if not taken.exists():
        return Taken(code=-1, cpu=seconds, peak=memory / MIB, report="")
    found = json.loads(taken.read_bytes())
    shown = report if more else printed
    text = shown.read_text(encoding="utf-8") if shown.exists() else ""
    return Taken(code=found["code"], cpu=found["cpu"], peak=found["peak"], report=text)
