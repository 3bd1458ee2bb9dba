"""What a verdict costs on this machine: time, memory, requests and the round trips that wait for one another.

Each figure is the median of several runs after one that is not counted. A run is a new process of the installed `gate`
and its images come from a registry on the loopback that waits as long as it is told before each answer. The registry
runs in this process, so its own work is in the wall time and not in the CPU time. Bytecode is compiled, as in a
container. Run it by `scripts/bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import median, median_low
from typing import TYPE_CHECKING

from gate import __version__
from tests.registry_server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / "tests/cases/lab"
PYTHON = sys.executable
GATE = str(Path(PYTHON).with_name("gate"))

VERIFIED = (("agent-signed", "production"), ("many-attestations", "production"), ("many-attestations", "scanned"))
"""Image and policy: all of them pass, so that every check runs."""

POLICY = """version = 1
[trust]
roots = ["{root}"]
[signers.release]
issuer = "{issuer}"
identity = "{identity}"
[[rules]]
images = ["**"]
signature.signers = ["release"]
[[rules.attestations]]
type = "{type}"
signers = ["release"]
"""
"""One signature and one attestation, as a shell script around cosign asks for them."""

MACHINE = "gate {gate}, Python {python}, {machine}, {cores} cores"

STARTED = ((PYTHON, "-c", "pass"), (GATE, "--version"), (GATE, "--help"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process took."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of one command."""

    command: str
    delay_ms: int | None = None
    wall_s: float
    cpu_s: float
    peak_mib: float | None = None
    requests: int | None = None
    round_trips: int | None = None


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="What a verdict of gate costs on this machine.")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="runs that are counted (default: %(default)s)")
    parser.add_argument(
        "--delay",
        type=int,
        nargs="+",
        default=[0, 50],
        metavar="MS",
        help="how long the registry waits before each answer (default: 0 50)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if options.runs < 1 or min(options.delay) < 0:
        parser.error("--runs is at least 1, and --delay at least 0")

    with tempfile.TemporaryDirectory(prefix="gate-bench-") as home:
        rows = [start_up(command, options.runs, Path(home)) for command in STARTED]
        for delay in options.delay:
            rows += [verify(image, policy, delay, options.runs, Path(home)) for image, policy in VERIFIED]

    setting = {**machine(), "runs": options.runs}
    if options.json:
        print(json.dumps({**setting, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(f"{MACHINE}; medians of {{runs}} runs".format_map(setting))
        print(table(rows))


def machine() -> dict[str, object]:
    """What the figures hold for, as `MACHINE` says it in words."""
    return {
        "gate": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
    }


def start_up(command: tuple[str, ...], runs: int, home: Path) -> Row:
    """A command that asks no registry. Without its memory: so little would be hidden by that of this process."""
    run(command, home)
    taken = [run(command, home) for _ in range(runs)]
    return Row(
        command=" ".join((Path(command[0]).name, *command[1:])),
        wall_s=round(median(one.wall for one in taken), 3),
        cpu_s=round(median(one.cpu for one in taken), 3),
    )


def verify(image: str, policy: str, delay_ms: int, runs: int, home: Path) -> Row:
    """`gate verify` of one image of the lab, which has to pass."""
    with RegistryServer({f"lab/{image}": LAB / image}, delay=delay_ms / 1000) as registry:
        where = ("--policy", str(LAB / "policies" / f"{policy}.toml"), "--report", str(home / "report.json"))
        command = (GATE, "verify", f"{registry.host}/lab/{image}:v1", *where)
        run(command, home)
        taken, requests, round_trips = [], [], []
        for _ in range(runs):
            registry.forget()
            taken.append(run(command, home))
            requests.append(len(registry.requests))
            round_trips.append(registry.depth)
        bundles = sum(map(len, registry.repositories[f"lab/{image}"].referrers.values()))
    return Row(
        command=f"gate verify {image} ({bundles} bundles), {policy}.toml",
        delay_ms=delay_ms,
        wall_s=round(median(one.wall for one in taken), 3),
        cpu_s=round(median(one.cpu for one in taken), 3),
        peak_mib=round(median(one.peak for one in taken), 1),
        requests=median_low(requests),
        # Answers that take no time hardly overlap, even where nothing waited for them: then the figure says nothing.
        round_trips=median_low(round_trips) if delay_ms else None,
    )


def run(command: tuple[str, ...], home: Path) -> Run:
    """Run a command to its end, or end this program with what it printed."""
    printed = home / "printed"
    to_file = (os.POSIX_SPAWN_OPEN, 1, printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    # Nothing of the caller's environment: no proxy, no credentials, no settings of gate or Python.
    environment = {"PATH": os.defpath, "HOME": str(home)}
    begun = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=[to_file, (os.POSIX_SPAWN_DUP2, 1, 2)])
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{printed.read_text()}\nscripts/bench: exit code {code}: {' '.join(command)}")
    return Run(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / 1024)


def table(rows: list[Row]) -> str:
    """The rows in columns, the first to the left and the figures to the right."""
    lines = [("", "delay", "wall", "CPU", "memory", "requests", "round trips")]
    for row in rows:
        figures = (
            shown(row.delay_ms, "ms"),
            shown(row.wall_s, "s", ".3f"),
            shown(row.cpu_s, "s", ".3f"),
            shown(row.peak_mib, "MiB", ".0f"),
            shown(row.requests),
            shown(row.round_trips),
        )
        lines.append((row.command, *figures))
    return columns(lines, left=1)


def columns(lines: Sequence[Sequence[str]], *, left: int = 0) -> str:
    """Texts in columns, the first `left` of them to the left and the others to the right. Lines may end early."""
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    sides = ["<"] * left + [">"] * (len(widths) - left)
    return "\n".join(
        "  ".join(f"{text:{side}{width}}" for text, side, width in zip(line, sides, widths, strict=False)).rstrip()
        for line in lines
    )


def shown(value: float | None, unit: str = "", form: str = "") -> str:
    """A figure with its unit, or nothing."""
    return "" if value is None else f"{value:{form}} {unit}".rstrip()


if __name__ == "__main__":
    main()
