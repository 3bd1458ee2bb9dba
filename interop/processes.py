"""Commands that end, and servers that are stopped by their process id.

What comes in: command lines. What goes out: what they printed, or a server that answers. Nothing is found or stopped by
its name; nothing outlives `Servers`, whatever happens in between, and `stop` ends what runs in any thread.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

READY_WITHIN = 30.0
"""Seconds for a server to answer, on a busy machine too."""
ENDS_WITHIN = 120.0
"""Seconds for a command to end: each takes a few, and none may hang the run."""
STOPS_WITHIN = 5.0
"""Seconds for a command to end by itself when it is told to; then it is killed."""

_stopping = threading.Event()
_running: set[subprocess.Popen[bytes]] = set()


class Broken(Exception):
    """A part of the lab did not do what it is for."""


class Stopped(Broken):
    """The run was stopped: no command starts any more, but those that clean up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return f"{self.out}\n{self.err}".strip()


@contextmanager
def started(command: Sequence[str | Path], *, cleans_up: bool = False, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with this, and whatever it started too: it leads a process group.

    Raises:
        Stopped: `stop` was called, and it is none that cleans up.

    """
    if _stopping.is_set() and not cleans_up:
        raise Stopped(f"not started any more: {_shown(command)}")
    process = subprocess.Popen([str(part) for part in command], start_new_session=True, **how)
    if not cleans_up:
        _running.add(process)
    try:
        # Between the question above and here `stop` may have gone through those that ran.
        if _stopping.is_set() and not cleans_up:
            raise Stopped(f"stopped: {_shown(command)}")
        yield process
    finally:
        if process.poll() is None:
            end(process)
        _running.discard(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process of `started` and its group: told first, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOPS_WITHIN)
            return


def stop() -> None:
    """End every command that runs, in whatever thread, and start none any more."""
    _stopping.set()
    for process in list(_running):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPS_WITHIN
    while _running and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in list(_running):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    within: float = ENDS_WITHIN,
    cleans_up: bool = False,
) -> Done:
    """Run a command to its end.

    Raises:
        Broken: it does not end in time.
        Stopped: the run was stopped, and the command is none that cleans up.

    """
    with started(
        command,
        cleans_up=cleans_up,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            out, err = process.communicate(timeout=within)
        except subprocess.TimeoutExpired as late:
            raise Broken(f"not done after {within:.0f} s: {_shown(command)}") from late
    if _stopping.is_set() and not cleans_up:
        raise Stopped(f"stopped: {_shown(command)}")
    return Done(code=process.returncode, out=out.decode(errors="replace"), err=err.decode(errors="replace"))


def must(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    within: float = ENDS_WITHIN,
    cleans_up: bool = False,
) -> str:
    """Run a command that has to succeed; what it printed on standard output."""
    done = run(command, environment, folder=folder, within=within, cleans_up=cleans_up)
    if done.code != 0:
        raise Broken(f"exit code {done.code}: {_shown(command)}\n{done.said}")
    return done.out


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Servers:
    """Servers of real programs: `with Servers(folder) as servers`. Their output goes to `folder/NAME.log`."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, process in reversed(self._running):
            process.terminate()
        for _, process in reversed(self._running):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(
        self, name: str, command: Sequence[str | Path], port: int, environment: Mapping[str, str], path: str = "/"
    ) -> int:
        """Start a server and wait until it answers on the port; its process id."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                cwd=self.logs,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Not in the terminal's process group: Ctrl-C reaches the lab, which then stops them in order.
                start_new_session=True,
            )
        self._running.append((name, process))
        deadline = time.monotonic() + READY_WITHIN
        while not _answers(port, path):
            if process.poll() is not None or time.monotonic() > deadline:
                printed = log.read_text(encoding="utf-8", errors="replace")[-4000:]
                state = "does not answer" if process.poll() is None else f"ended with exit code {process.returncode}"
                raise Broken(f"{name} {state}: {_shown(command)}\n{printed}")
            time.sleep(0.05)
        return process.pid


def clean_environment(home: Path) -> dict[str, str]:
    """What every tool sees: nothing of the caller's, so no credentials, no proxy and no cache."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "DOCKER_CONFIG": str(home / "docker"),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "COSIGN_PASSWORD": "",
    }


def _answers(port: int, path: str) -> bool:
    """Whether something speaks HTTP there, in plain or in TLS, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except http.client.HTTPException:
        return True
    except OSError:
        return False
    finally:
        connection.close()


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(str(part) if len(str(part)) < 200 else f"{str(part)[:40]}..." for part in command)
