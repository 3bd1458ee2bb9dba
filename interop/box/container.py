"""Running a container from an unpacked image, with runc: what docker, containerd and the kubelet do underneath.

What comes in: an image and a `Container`, which says what `docker run` or a pod says. What goes out: the exit code,
what was printed, and what was written outside of the mounts. The network is this machine's. It knows no CI system.

Sources: OCI runtime specification 1.0, config.md; docker-run(1).
"""

from __future__ import annotations

import itertools
import json
import os
import pty
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from interop import processes
from interop.box.confinement import CAPABILITIES, seccomp, system_mounts
from interop.processes import ENDS_WITHIN, Broken, Done, clean_environment, must

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from interop.box.image import Image

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A file or a folder of this machine in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How one is run."""

    arguments: Sequence[str] = ()
    entrypoint: Sequence[str] | None = None
    """None: the image's. Empty: cleared."""
    user: str = ""
    """UID or UID:GID; empty: the image's. Nobody looks it up."""
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    tmpfs: Sequence[str] = ()
    read_only: bool = False
    capabilities: bool = True
    """Whether it keeps docker's; else it has none."""
    folder: str = ""
    """The working directory; empty: the image's."""
    terminal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A container that ended."""

    code: int
    out: str
    err: str
    seconds: float
    """From the start, or from the signal, to its end."""
    written: tuple[str, ...]
    """Files that it left on its own root filesystem, outside of every mount."""

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return f"{self.out}\n{self.err}".strip()


class Runtime:
    """runc, and the image that it runs."""

    def __init__(self, runc: Path, image: Image, folder: Path) -> None:
        self.image = image
        self.folder = folder
        self._runc = runc
        self._numbers = itertools.count()
        self.environment = clean_environment(folder)
        folder.mkdir(exist_ok=True)

    def run(self, container: Container, *, stdin: bytes = b"") -> Ended:
        """Run one to its end."""
        with self.started(container, stdin=stdin) as running:
            return running.end()

    @contextmanager
    def started(self, container: Container, *, stdin: bytes = b"") -> Iterator[Running]:
        """One that runs, until it ends or this does."""
        bundle = self.folder / f"{os.getpid()}-{next(self._numbers)}"
        rootfs, upper = bundle / "rootfs", bundle / "upper"
        for each in (rootfs, upper, bundle / "work"):
            each.mkdir(parents=True)
        specification = self._specification(container)
        (bundle / "config.json").write_text(json.dumps(specification), encoding="utf-8")
        (bundle / "stdin").write_bytes(stdin)
        # Its own layer, as docker gives it one: what is in it afterwards was written outside of the mounts.
        layers = f"lowerdir={self.image.rootfs},upperdir={upper},workdir={bundle / 'work'}"
        must(["mount", "-t", "overlay", "overlay", "-o", layers, rootfs], self.environment)
        try:
            with Running.started(self._command, bundle, terminal=container.terminal) as running:
                yield running
        finally:
            must(["umount", rootfs], self.environment, cleans_up=True)

    def _command(self, *arguments: str | Path) -> list[str]:
        return [str(self._runc), "--root", str(self.folder / "state"), *(str(part) for part in arguments)]

    def _specification(self, container: Container) -> dict[str, Any]:
        config = self.image.config
        arguments = list(container.arguments)
        if container.entrypoint is None:
            arguments = [*config.get("Entrypoint", ()), *(arguments or config.get("Cmd") or ())]
        else:
            arguments = [*container.entrypoint, *arguments]
        uid, _, gid = (container.user or config.get("User") or "0:0").partition(":")
        environment = {"PATH": PATH}
        for part in config.get("Env", ()):
            name, _, value = part.partition("=")
            environment[name] = value
        environment |= container.environment
        kept = [f"CAP_{name}" for name in CAPABILITIES] if container.capabilities else []
        effective = kept if uid == "0" else []
        return {
            "ociVersion": "1.0.2",
            "process": {
                "terminal": container.terminal,
                "user": {"uid": int(uid), "gid": int(gid or 0)},
                "args": arguments,
                "env": [f"{name}={value}" for name, value in environment.items()],
                "cwd": container.folder or config.get("WorkingDir") or "/",
                "capabilities": {"bounding": kept, "effective": effective, "permitted": effective},
                "noNewPrivileges": not container.capabilities,
            },
            "root": {"path": "rootfs", "readonly": container.read_only},
            "hostname": "container",
            "mounts": [*system_mounts(), *_mounts(container)],
            "linux": {
                "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
                "seccomp": seccomp(),
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            },
        }


class Running:
    """A container that runs."""

    def __init__(self, command: Any, bundle: Path, process: subprocess.Popen[bytes]) -> None:
        self._command = command
        self._bundle = bundle
        self._process = process
        self._since = time.monotonic()
        self.name = bundle.name

    @classmethod
    @contextmanager
    def started(cls, command: Any, bundle: Path, *, terminal: bool) -> Iterator[Self]:
        """Start it; it has ended with this."""
        with ExitStack() as opened:
            if terminal:
                controller, slave = pty.openpty()
                opened.callback(os.close, controller)
                opened.callback(os.close, slave)
                streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
            else:
                streams = {"stdin": opened.enter_context((bundle / "stdin").open("rb"))}
                streams |= {name: opened.enter_context((bundle / name).open("wb")) for name in ("stdout", "stderr")}
            with processes.started(command("run", "--bundle", bundle, bundle.name), **streams) as process:
                running = cls(command, bundle, process)
                try:
                    yield running
                finally:
                    running.close()

    def execute(self, script: str, *, user: str = "", environment: Mapping[str, str] | None = None) -> Done:
        """Run `sh` in it, as `docker exec` does, with the script on its standard input."""
        with self.executing(script, user=user, environment=environment) as process:
            out, err = process.communicate(timeout=ENDS_WITHIN)
        return Done(code=process.returncode, out=out.decode(errors="replace"), err=err.decode(errors="replace"))

    @contextmanager
    def executing(
        self, script: str, *, user: str = "", environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The same, and not to its end."""
        flags = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        flags += [f"--user={user}"] if user else []
        given = self._bundle / f"script-{time.monotonic_ns()}"
        given.write_text(script, encoding="utf-8")
        command = self._command("exec", *flags, self.name, "sh")
        with (
            given.open("rb") as stdin,
            processes.started(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        ):
            yield process

    def wait_until_it_runs(self) -> None:
        """Wait for its first process."""
        deadline = time.monotonic() + ENDS_WITHIN
        while self._state() != "running":
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"the container did not start: {self._printed('stderr')}")
            time.sleep(0.02)

    def _state(self) -> str:
        done = subprocess.run(self._command("state", self.name), capture_output=True, check=False, timeout=ENDS_WITHIN)
        return str(json.loads(done.stdout)["status"]) if done.returncode == 0 else ""

    def signal(self, number: int) -> None:
        """Send a signal to its first process; the time of `end` counts from here."""
        self._since = time.monotonic()
        subprocess.run(self._command("kill", self.name, signal.Signals(number).name), check=True, timeout=ENDS_WITHIN)

    def end(self, within: float = ENDS_WITHIN) -> Ended:
        """Wait for its end."""
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise Broken(f"the container still runs after {within:.0f} s: {self._printed('stderr')}") from None
        seconds = time.monotonic() - self._since
        upper = self._bundle / "upper"
        # Places for the mounts are made by runc; they are empty.
        written = [path for path in upper.rglob("*") if path.is_file() and path.stat().st_size]
        return Ended(
            code=code,
            out=self._printed("stdout"),
            err=self._printed("stderr"),
            seconds=seconds,
            written=tuple(f"/{path.relative_to(upper)}" for path in sorted(written)),
        )

    def _printed(self, stream: str) -> str:
        path = self._bundle / stream
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            subprocess.run(self._command("kill", self.name, "KILL"), check=False, capture_output=True, timeout=30)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(30)


def _mounts(container: Container) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}
        for target in container.tmpfs
    ]
    found += [
        {
            "destination": mount.target,
            "type": "bind",
            "source": str(mount.source),
            "options": ["rbind", "ro" if mount.read_only else "rw"],
        }
        for mount in container.mounts
    ]
    return found
