"""What the image promises whoever runs it: its labels, its tools, any user, a root that nobody writes to.

What comes in: the image, and images to judge with it. What goes out: one line a promise. It knows no CI system.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from interop.box.container import Container, Mount
from interop.box.image import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.box.container import Ended, Runtime
    from interop.box.image import Builder
    from interop.tally import Tally

MAX_VERSION_SECONDS = 0.2
ENDS_WITHIN = 1.0
ATTEMPTS = 5
"""Of a time the best of so many counts: others may want the machine, too."""
AT_ONCE = 2
"""Containers at once, of each part that runs some."""
TOOLS = ("sh", "cat", "grep", "id", "ls", "sleep", "ps")
_MINUTES = re.compile(r"(\d+)m([\d.]+)s")
ABSENT = ("pip", "setuptools", "flit_core", "pytest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A workspace to mount: `policy.toml`, its trusted root, and references that pass and fail under it."""

    workspace: Path
    passes: str
    fails: str


class Promises:
    """One image's."""

    def __init__(self, runtime: Runtime, builder: Builder, case: Case, tally: Tally) -> None:
        self.runtime = runtime
        self.builder = builder
        self.case = case
        self.tally = tally

    def hold(self) -> None:
        """All of them but those that are timed."""
        self._configuration()
        self._contents()
        self._users()
        self._shell()

    def hold_in_time(self) -> None:
        """Those that are timed, for when nothing else runs."""
        self._version()
        self._signals()

    def _check(self, says: str, *, held: bool, why: str = "") -> None:
        self.tally.check(f"image      {says}", held=held, why=why)

    def _configuration(self) -> None:
        config = self.runtime.image.config
        labels = config.get("Labels", {})
        wanted = {"title", "description", "licenses", "version", "created", "revision", "base.name"}
        missing = {name for name in wanted if not labels.get(f"org.opencontainers.image.{name}")}
        self._check(
            "says ENTRYPOINT gate, USER 65532:65532, and where it is from",
            held=config["Entrypoint"] == ["gate"]
            and config["User"] == "65532:65532"
            and not missing
            and labels["org.opencontainers.image.base.name"] == self.builder.base.rpartition(":")[0],
            why=json.dumps(dict(config), indent=1),
        )

    def _contents(self) -> None:
        rootfs = self.runtime.image.rootfs
        mine = rootfs / "opt" / "gate"
        named = {path.name.partition("-")[0].lower() for path in mine.rglob("*.dist-info")}
        self._check(
            f"holds {len(named)} distributions, none that only builds or tests: no {', '.join(ABSENT)}, no compiler",
            held=not named & set(ABSENT)
            and "sigstore" in named
            and not any(mine.rglob("bin/pip*"))
            and not list((rootfs / "usr" / "bin").glob("*gcc*")),
            why=", ".join(sorted(named)),
        )
        sources = {path.relative_to(mine) for path in mine.rglob("*.py")}
        compiled = {
            path.parent.parent.relative_to(mine) / f"{path.name.partition('.')[0]}.py" for path in mine.rglob("*.pyc")
        }
        self._check(
            f"has the bytecode of all {len(sources)} modules",
            held=bool(sources) and sources <= compiled,
            why="\n".join(str(path) for path in sorted(sources - compiled)[:10]),
        )
        late = [path for path in mine.rglob("*") if path.lstat().st_mtime > int(EPOCH)]
        self._check("has no file that is younger than its sources", held=not late, why=str(late[:5]))
        # Neither the caller's pip configuration nor its certificate authorities.
        leaked = [
            path
            for path in (*mine.rglob("*"), *(rootfs / "etc").rglob("*"), *(rootfs / "run").rglob("*"))
            if path.name in {"pip.conf", "ca.pem"} and path.is_file() and path.stat().st_size
        ]
        self._check("keeps nothing of how it reached the package index", held=not leaked, why=str(leaked))

    def _version(self) -> None:
        """The processor's time is held: on a machine that others use, too, the clock's says how busy it is."""
        script = Container(entrypoint=["sh"], arguments=["-c", "gate --version && times"], read_only=True)
        tries = [self._run(script) for _ in range(ATTEMPTS)]
        # `times`: of the shell, and in the last line of what it started, each as user and system (POSIX).
        times = [each.out.splitlines()[-1] for each in tries if each.code == 0]
        taken = min((sum(60 * int(m) + float(s) for m, s in _MINUTES.findall(line)) for line in times), default=0.0)
        best = min(tries, key=lambda each: each.seconds)
        roots = re.findall(r"^trust root (\S+) of (\d{4}-\d\d-\d\d), ", best.out, re.MULTILINE)
        self._check(
            f"answers --version in {best.seconds:.2f} s, {taken:.2f} s of it its own: "
            f"{', '.join(f'{name} of {date}' for name, date in roots)}",
            held=len(roots) == 2 and 0 < taken < MAX_VERSION_SECONDS and best.seconds < ENDS_WITHIN,
            why=best.said,
        )

    def _users(self) -> None:
        """Whoever it runs as: the verdict, the report, and nothing anywhere else."""
        users: tuple[tuple[str, dict[str, Any], dict[str, str]], ...] = (
            ("as the image's user", {}, {}),
            ("as 12345:0, as OpenShift does", {"user": "12345:0"}, {}),
            ("as 1000:1000 without a name", {"user": "1000:1000"}, {}),
            ("as root", {"user": "0:0"}, {}),
            ("without HOME", {"user": "1000:1000"}, {"HOME": ""}),
            ("with a HOME that nobody can write", {"user": "1000:1000"}, {"HOME": "/proc"}),
            ("with a HOME that is not there", {}, {"HOME": "/nowhere"}),
            ("with a read-only root and no capabilities", {"read_only": True, "capabilities": False}, {}),
            (
                "with a read-only root, no capabilities, as 12345:0",
                {"read_only": True, "capabilities": False, "user": "12345:0"},
                {},
            ),
        )
        self.tally.together((partial(self._user, *user) for user in users), AT_ONCE)

    def _user(self, says: str, changes: dict[str, Any], environment: dict[str, str], tally: Tally) -> None:
        for verdict, reference, code in (("pass", self.case.passes, 0), ("fail", self.case.fails, 1)):
            with self._folder() as out:
                container = self._verify(out, reference, environment)
                ended = self._run(replace(container, **changes))
                report = out / "report.json"
                said = json.loads(report.read_bytes())["verdict"] if report.exists() else "no report"
            tally.check(
                f"image      {says}: {verdict}",
                held=(ended.code, said, ended.written) == (code, verdict, ()),
                why=f"exit {ended.code}, report {said}, written: {ended.written}\n{ended.said}",
            )

    def _shell(self) -> None:
        script = "".join(f"command -v {tool} || exit 9\n" for tool in TOOLS) + "ps -o pid= -p $$ && gate --version"
        ended = self._run(Container(entrypoint=["sh"], arguments=["-c", script], user="1000:1000", read_only=True))
        self._check(f"has {' '.join(TOOLS)}, and gate on PATH", held=ended.code == 0, why=ended.said)
        for shell in ("sh", "bash"):
            ended = self._run(Container(arguments=[shell, "-c", "true"]))
            self._check(
                f"tells who runs {shell} in it to clear the entrypoint",
                held=ended.code == 2 and 'entrypoint: [""]' in ended.err,
                why=ended.said,
            )

    def _signals(self) -> None:
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            tries = [self._stopped(number) for _ in range(ATTEMPTS)]
            ended, said = min(tries, key=lambda each: each[0].seconds)
            self._check(
                f"as PID 1 ends by {number.name} in {ended.seconds:.2f} s with {ended.code}, report {said}",
                held={(each.code, verdict) for each, verdict in tries} == {(code, "undecided")}
                and ended.seconds < ENDS_WITHIN,
                why=ended.said,
            )

    def _stopped(self, number: int) -> tuple[Ended, str]:
        with self._folder() as out, silent_registry() as (host, asked):
            container = self._verify(out, f"{host}/acme/api:v1", {})
            with self.runtime.started(container) as running:
                asked.wait(60)
                running.signal(number)
                ended = running.end()
            report = out / "report.json"
            return ended, json.loads(report.read_bytes())["verdict"] if report.exists() else "no report"

    def _verify(self, out: Path, reference: str, environment: dict[str, str]) -> Container:
        return Container(
            arguments=["verify", reference, "--policy=/w/policy.toml", "--report=/out/report.json"],
            environment=environment,
            mounts=[
                Mount(source=self.case.workspace, target="/w", read_only=True),
                Mount(source=out, target="/out"),
            ],
        )

    def _run(self, container: Container) -> Ended:
        return self.runtime.run(container)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = self.runtime.folder / f"out-{os.urandom(4).hex()}"
        folder.mkdir()
        folder.chmod(0o777)
        yield folder


@contextmanager
def nobody_listens() -> Iterator[str]:
    """A host that refuses every connection, and whose port nothing else gets meanwhile."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


@contextmanager
def silent_registry() -> Iterator[tuple[str, threading.Event]]:
    """A registry that takes a connection and never answers: its host, and an event for when it was asked."""
    asked = threading.Event()
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                if connection.recv(1):
                    asked.set()

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            for connection in kept:
                connection.close()
