"""`docker run`, for scripts that call it where no docker engine is: the same command line, run by runc.

What comes in: the words of `docker run`, and in GATE_DOCKER the path of a file that says which image there is. What
goes out: the container's output and exit code; a signal is passed on to it, as docker's command does. A flag that it
does not know is an error, so that nothing is left out in silence.

Source: docker-run(1).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from interop.box.container import Container, Mount, Runtime
from interop.box.image import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

VARIABLE = "GATE_DOCKER"


def command(folder: Path, runtime: Runtime, runc: Path) -> dict[str, str]:
    """Write a command `docker` and an `id` that is an agent's into a folder; the environment that leads to both."""
    told = folder / "docker.json"
    told.write_text(
        json.dumps(
            {
                "runc": str(runc),
                "rootfs": str(runtime.image.rootfs),
                "config": dict(runtime.image.config),
                "folder": str(runtime.folder),
            }
        ),
        encoding="utf-8",
    )
    _write(
        folder / "docker",
        f'#!/bin/sh\nPYTHONPATH="{Path(__file__).parents[2]}" exec "{sys.executable}" -m interop.box.docker "$@"\n',
    )
    _write(folder / "id", '#!/bin/sh\ncase "$1" in -u|-g) echo 1000 ;; *) exec /usr/bin/id "$@" ;; esac\n')
    return {VARIABLE: str(told), "PATH": f"{folder}:{os.environ['PATH']}"}


def _write(path: Path, script: str) -> None:
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)


def parse(words: Sequence[str], environment: dict[str, str]) -> Container:
    """What a command line of `docker run` asks for."""
    parser = argparse.ArgumentParser(prog="docker", allow_abbrev=False, exit_on_error=True)
    parser.add_argument("verb", choices=["run"])
    for flag in ("--rm", "--read-only", "-t", "-d"):
        parser.add_argument(flag, action="store_true")
    for flag in ("--tmpfs", "-v", "-e", "--cap-drop", "--security-opt"):
        parser.add_argument(flag, action="append", default=[])
    parser.add_argument("-u", default="")
    parser.add_argument("-w", default="")
    parser.add_argument("--entrypoint", default=None)
    parser.add_argument("image")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    asked = parser.parse_args(words)
    if set(asked.cap_drop) - {"ALL"} or set(asked.security_opt) - {"no-new-privileges"}:
        parser.error("only --cap-drop ALL and --security-opt no-new-privileges are known")
    mounts = []
    for text in asked.v:
        source, target, *options = text.split(":")
        read_only = "ro" in ",".join(options).split(",")
        mounts.append(Mount(source=Path(source), target=target, read_only=read_only))
    passed = {}
    for text in asked.e:
        name, equals, value = text.partition("=")
        if equals:
            passed[name] = value
        elif name in environment:  # as docker does: a name alone takes the caller's value, if there is one
            passed[name] = environment[name]
    return Container(
        arguments=asked.words,
        entrypoint=None if asked.entrypoint is None else [asked.entrypoint] if asked.entrypoint else [],
        user=asked.u,
        environment=passed,
        mounts=mounts,
        tmpfs=asked.tmpfs,
        read_only=asked.read_only,
        capabilities=not asked.cap_drop,
        folder=asked.w,
        terminal=asked.t,
    )


def main() -> int:
    """Run one; its exit code."""
    told = json.loads(Path(os.environ[VARIABLE]).read_bytes())
    image = Image(rootfs=Path(told["rootfs"]), config=told["config"])
    runtime = Runtime(Path(told["runc"]), image, Path(told["folder"]))
    with runtime.started(parse(sys.argv[1:], dict(os.environ))) as running:

        def pass_on(number: int, _frame: FrameType | None) -> None:
            running.signal(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pass_on)
        ended = running.end()
    sys.stdout.write(ended.out)
    sys.stderr.write(ended.err)
    if ended.written:
        sys.stderr.write(f"written outside of the mounts: {ended.written}\n")
        return 125
    return ended.code


if __name__ == "__main__":
    sys.exit(main())
