"""What the jobs of every system share: situations, folders, containers of pods, and what is read from the outputs.

What comes in: the image's runtime, and images to judge. What goes out: a `Bench`, and a `Seen` for each job. It knows
no system.

Sources: Kubernetes' API reference (containers, volumes, security contexts).
"""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from interop.box.container import Container, Mount
from interop.box.promises import nobody_listens, silent_registry
from interop.processes import ENDS_WITHIN, Broken, started

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from interop.box.container import Ended, Running, Runtime
    from interop.box.jenkins import Builds
    from interop.box.promises import Case
    from interop.tally import Tally

FILES = {
    *("report.json", "report.txt", "junit.xml", "gate.sarif", "summary.md", "gate.env", "codequality.json"),
    *("annotations.txt", "verdict", "digest", "termination"),
}
"""What `--output-dir` holds afterwards, whatever happened."""


HERE = "registry.example.com/acme/api:1.4"
"""The image that the jobs name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a job meets."""

    name: str
    reference: str
    code: int
    verdict: str
    asked: threading.Event | None = None
    """Of a job to cancel: set when it waits for the registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of it."""

    code: int
    out: Path
    shows: str
    said: str = ""
    wrong: str = ""
    """What does not hold, beside code, files and verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One image, and what it judges."""

    runtime: Runtime
    runc: Path
    case: Case
    tally: Tally
    builds: Builds
    """What Jenkins makes of each of its files and exit codes."""

    def situations(self) -> Iterator[Situation]:
        """Each that a job is run in."""
        yield Situation(name="pass", reference=self.case.passes, code=0, verdict="pass")
        yield Situation(name="fail", reference=self.case.fails, code=1, verdict="fail")
        with nobody_listens() as host:
            down = f"{host}/acme/api:v1"
            yield Situation(name="registry down", reference=down, code=3, verdict="undecided")
        yield Situation(name="bad policy", reference=self.case.passes, code=2, verdict="invalid")
        with silent_registry() as (host, asked):
            yield Situation(
                name="cancelled", reference=f"{host}/acme/api:v1", code=143, verdict="undecided", asked=asked
            )

    def fill(self, folder: Path, situation: Situation) -> None:
        """Put policy and trusted root into a checkout, as a runner leaves it: anybody may write."""
        for path in self.case.workspace.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        if situation.name == "bad policy":
            policy = folder / "policy.toml"
            policy.write_text(policy.read_text(encoding="utf-8") + "\nsingers = 1\n", encoding="utf-8")
        folder.chmod(0o777)

    def open(self, name: str) -> Path:
        """A new folder that anybody may write to."""
        folder = Path(tempfile.mkdtemp(dir=self.runtime.folder, prefix=f"{name}-"))
        folder.chmod(0o777)
        return folder

    def pod(self, container: Container, situation: Situation) -> Ended:
        """Run a pod's container, and end it as the kubelet does where the job is cancelled."""
        with self.runtime.started(container) as running:
            return until_end(running, situation, lambda: running.signal(signal.SIGTERM))

    def volumes(self, pod: Any, situation: Situation) -> dict[str, Path]:
        """A folder for each volume, with what the cluster would have put there."""
        found = {}
        for volume in pod["volumes"]:
            if "configMap" in volume:
                found[volume["name"]] = self.policy(situation)
            else:
                found[volume["name"]] = self.open(volume["name"])
            if "secret" in volume:
                (item,) = volume["secret"]["items"]
                if item != {"key": ".dockerconfigjson", "path": "config.json"}:
                    raise Broken(f"the secret would be {item}")
                docker_config(found[volume["name"]])
        return found

    def policy(self, situation: Situation) -> Path:
        """A folder with policy and trusted root."""
        folder = self.open("policy")
        self.fill(folder, situation)
        return folder


def pod_container(pod: Any, spec: Any, volumes: Mapping[str, Path]) -> Container:
    """A container of a pod as the kubelet starts it."""
    context = {**pod.get("securityContext", {}), **spec.get("securityContext", {})}
    user = f"{context['runAsUser']}:{context.get('runAsGroup', 0)}" if "runAsUser" in context else ""
    command = spec.get("command")
    if not context.get("runAsNonRoot"):
        raise Broken("the pod may run as root")
    return Container(
        entrypoint=command,
        arguments=spec.get("args", ()),
        user=user,
        environment={one["name"]: one["value"] for one in spec.get("env", ())},
        mounts=[
            Mount(
                source=volumes[mount["name"]], target=mount["mountPath"], read_only=bool(mount.get("readOnly", False))
            )
            for mount in spec.get("volumeMounts", ())
        ],
        read_only=bool(context.get("readOnlyRootFilesystem", False)),
        capabilities=context.get("capabilities", {}).get("drop") != ["ALL"],
    )


def docker_config(folder: Path) -> Path:
    """A configuration of docker that knows no registry, in a folder."""
    path = folder / "config.json"
    path.write_text('{"auths": {}}\n', encoding="utf-8")
    path.chmod(0o644)
    return path


def wait(asked: threading.Event) -> None:
    """Wait until a job asks the registry that does not answer."""
    if not asked.wait(60):
        raise Broken("a job that was to be cancelled never asked the registry")


def until_end(running: Running, situation: Situation, cancel: Callable[[], object]) -> Ended:
    """Wait for the end of a container, and cancel it first where that is the situation."""
    if situation.asked is not None:
        wait(situation.asked)
        cancel()
    return running.end()


def run_script(
    shell: Sequence[str],
    script: str,
    folder: Path,
    environment: Mapping[str, str],
    situation: Situation,
    number: signal.Signals,
) -> tuple[int, str]:
    """Run a step's script as a runner does, and signal its shell where the job is cancelled."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8", dir=folder.parent) as file:
        file.write(script)
        file.flush()
        with started(
            [*shell, file.name],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            umask=0,  # the container's user is another one here than the runner's
        ) as process:
            if situation.asked is not None:
                wait(situation.asked)
                process.send_signal(number)
            out, _ = process.communicate(timeout=ENDS_WITHIN)
    return process.returncode, out.decode(errors="replace")


def dotenv(path: Path) -> dict[str, str]:
    """The variables of a dotenv file."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: value for name, _, value in pairs}


def junit(out: Path) -> str:
    """The tests as a system counts them."""
    path = out / "junit.xml"
    if not path.exists():
        return "no test report files found"
    cases = ET.parse(path).findall(".//testcase")  # noqa: S314 - made by gate a moment ago
    bad = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return f"{len(cases)} tests, {bad} failed"


def written(ended: Ended) -> str:
    """What is wrong where something was written outside of the mounts."""
    return f"\nwritten outside of the mounts: {ended.written}" if ended.written else ""


def short(image: str) -> str:
    """An image as a line has room for it."""
    name, _, digest = image.partition("@sha256:")
    return f"{name.rpartition('/')[2]}@{digest[:8]}" if digest else image or "nothing"


def disagree(out: Path, situation: Situation) -> list[str]:
    """What does not say the verdict that it should."""
    report = json.loads((out / "report.json").read_bytes())
    handed = dotenv(out / "gate.env")
    cases = ET.parse(out / "junit.xml").findall(".//testcase")  # noqa: S314 - made by gate a moment ago
    bad = any(case.find("failure") is not None or case.find("error") is not None for case in cases)
    said = {
        "report.json": report["verdict"],
        "verdict": (out / "verdict").read_text(encoding="utf-8").strip(),
        "gate.env": handed.get("GATE_VERDICT"),
    }
    problems = [f"{name} says {text}" for name, text in said.items() if text != situation.verdict]
    if report["exit_code"] != situation.code:
        problems.append(f"the report says exit code {report['exit_code']}")
    if bool((out / "digest").read_text(encoding="utf-8").strip()) != (situation.code == 0):
        problems.append("a digest is handed over, or missing")
    if not cases or bad != (situation.code != 0):
        problems.append(f"junit.xml: {junit(out)}")
    return problems
