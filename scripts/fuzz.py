"""Mutated real inputs against every parser, for as long as asked: `scripts/fuzz --seconds N [TARGET...]`.

The time is shared by the targets of `tests/fuzz/targets.py`, each in a process of its own: guided by coverage where
atheris is there, else by chance alone; which of them ran is said. An input that a parser neither answers nor refuses by
its own exception is made as small as it goes, kept in `tests/fuzz/corpus/TARGET/`, where the tests replay it, and makes
the exit code 1.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "fuzz" / "corpus"
_REDUCING_SECONDS = 20.0


def main() -> None:
    """Run each target for its share of the time."""
    if sys.argv[1:2] == ["--one"]:
        _, _, name, seconds, seed, way = sys.argv
        (_guided if way == "guided" else _unguided)(name, int(seconds), int(seed))
        return
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Mutated real inputs against every parser.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="in all (default: %(default)s)")
    parser.add_argument("--unguided", action="store_true", help="by chance alone, also where atheris is there")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of chance (default: %(default)s)")
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown or options.seconds < 1:
        parser.error(f"no such target: {', '.join(unknown)}" if unknown else "--seconds is at least 1")
    guided = not options.unguided and importlib.util.find_spec("atheris") is not None
    print("guided by coverage (atheris)" if guided else "unguided: atheris is not used", flush=True)
    names = options.targets or list(TARGETS)
    share = max(1, options.seconds // len(names))
    before = set(CORPUS.glob("*/*"))
    broken = []
    for name in names:
        command = [sys.executable, "-m", "scripts.fuzz", "--one", name, str(share), str(options.seed)]
        done = subprocess.run(
            [*command, "guided" if guided else "by-chance"], check=False, capture_output=True, text=True
        )
        runs = re.search(r"Done ([0-9]+) runs", done.stdout + done.stderr)
        print("".join(f"{line}\n" for line in done.stdout.splitlines() if line.startswith(f"{name}: ")), end="")
        if runs is None or done.returncode:
            print(f"{name}: it ended with {done.returncode}\n{done.stderr[-2000:]}", flush=True)
            broken.append(name)
        else:
            covered = re.findall(r"cov: ([0-9]+)", done.stderr)
            print(f"{name}: {runs[1]} inputs" + (f", {covered[-1]} branches" if covered else ""), flush=True)
    found = sorted(set(CORPUS.glob("*/*")) - before)
    print(f"{len(names)} targets, {len(found)} findings" + "".join(f"\n  {path}" for path in found))
    sys.exit(1 if found or broken else 0)


def finding(name: str, raw: bytes) -> str | None:
    """What is wrong with how a parser takes these bytes; None if nothing is."""
    from tests.fuzz.targets import check  # noqa: PLC0415

    try:
        check(name, raw)
    except Exception as error:  # noqa: BLE001  (what is not a refusal is a finding, whatever it is)
        return f"{type(error).__name__}: {error}"[:200]
    return None


def keep(name: str, raw: bytes, what: str) -> None:
    """Put a finding, made small, where the tests find it."""
    kind = what.partition(":")[0]
    until = time.monotonic() + _REDUCING_SECONDS
    size = max(1, len(raw) // 2)
    while size and time.monotonic() < until:
        start = 0
        while start < len(raw) and time.monotonic() < until:
            less = raw[:start] + raw[start + size :]
            if (finding(name, less) or "").partition(":")[0] == kind:
                raw = less
            else:
                start += size
        size //= 2
    path = CORPUS / name / hashlib.sha256(raw).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    print(f"{name}: {what}\n{name}: kept as {path}", flush=True)


def _unguided(name: str, seconds: int, seed: int) -> None:
    from tests.fuzz.mutation import mutate  # noqa: PLC0415
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    target: Target = TARGETS[name]
    seeds = target.seeds()
    chance = random.Random(f"{name} {seed}")  # noqa: S311
    until, count, kinds = time.monotonic() + seconds, 0, set()
    while time.monotonic() < until:
        raw = mutate(chance.choice(seeds), seeds, chance)
        count += 1
        what = finding(name, raw)
        if what is not None and what.partition(":")[0] not in kinds:
            kinds.add(what.partition(":")[0])
            keep(name, raw, what)
    print(f"Done {count} runs")


def _guided(name: str, seconds: int, seed: int) -> None:
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415

    with atheris.instrument_imports(include=["gate"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415
    from tests.fuzz.mutation import mutate  # noqa: PLC0415

    seeds = TARGETS[name].seeds()
    kinds = set()

    def one(raw: bytes) -> None:
        what = finding(name, raw)
        if what is not None and what.partition(":")[0] not in kinds:
            kinds.add(what.partition(":")[0])
            keep(name, raw, what)

    def mutated(raw: bytes, limit: int, number: int) -> bytes:
        chance = random.Random(number)  # noqa: S311
        changed = mutate(raw, seeds, chance) if chance.random() < 0.5 else atheris.Mutate(raw, limit)
        return bytes(changed[:limit])

    with tempfile.TemporaryDirectory(prefix="gate-fuzz-") as folder:
        for number, raw in enumerate(seeds):
            (Path(folder) / f"seed-{number}").write_bytes(raw)
        arguments = [f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=2048", f"-seed={seed + 1}", folder]
        atheris.Setup([sys.argv[0], *arguments], one, custom_mutator=mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
