"""Jenkins: the stage with `docker run`, the one with `agent { docker }`, and the pod.

What comes in: the bench and a situation. What goes out: what Jenkins would show. The scripts are taken out of the
Jenkinsfiles and run as Jenkins runs them; the Groovy around them is run by Groovy, on steps of our own
(`jenkins.groovy`), to see what a build makes of each exit code.

Sources: Jenkins' docker-workflow (`cat` with a terminal, `docker exec`, `docker top`) and durable-task (`sh -xe`).
"""

from __future__ import annotations

import re
import shlex
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from interop.box import docker
from interop.box.bench import Seen, docker_config, junit, pod_container, run_script, wait
from interop.box.container import Mount
from interop.box.schemas import CI, documents, java_environment
from interop.processes import ENDS_WITHIN, must

if TYPE_CHECKING:
    from interop.box.bench import Bench, Situation
    from interop.box.container import Container


NAMES = ("docker-run", "agent-docker", "kubernetes")
SIGNALLED = 128
"""Exit codes from here on are signals'."""
JENKINS_CANCEL = """\
ps -A -o pid=,args= | grep 'gate verify' | grep -v grep | while read -r process words; do kill -TERM "$process"; done
"""


def jenkins_docker_run(bench: Bench, situation: Situation) -> Seen:
    """The stage with `docker run`."""
    with tempfile.TemporaryDirectory(dir=bench.runtime.folder) as folder:
        workspace = bench.open("workspace")
        bench.fill(workspace, situation)
        config = docker_config(Path(folder))
        environment = {
            **docker.command(Path(folder), bench.runtime, bench.runc),
            "WORKSPACE": str(workspace),
            "REGISTRY_CONFIG": str(config),
            "GATE_CONTAINER": "gate",
            "IMAGE": situation.reference,
        }
        script = _jenkins_script("docker-run")
        code, said = run_script(["sh", "-xe"], script, workspace, environment, situation, signal.SIGTERM)
    return _jenkins(bench, "docker-run", code, said, workspace)


def jenkins_agent_docker(bench: Bench, situation: Situation) -> Seen:
    """The stage with `agent { docker }`: `cat` with a terminal, and the step by `docker exec`."""
    workspace = bench.open("workspace")
    bench.fill(workspace, situation)
    text = _jenkinsfile("agent-docker")
    (arguments,) = re.findall(r"^\s*args '(.*)'$", text, re.MULTILINE)
    words = ["run", "-t", "-d", "-u", "1000:1000", "-w", str(workspace), "-v", f"{workspace}:{workspace}:rw,z"]
    container = docker.parse([*words, *shlex.split(arguments), "gate", "cat"], {})
    return _jenkins_steps(bench, container, "agent-docker", workspace, situation)


def jenkins_pod(bench: Bench, situation: Situation) -> Seen:
    """The pod: `sleep infinity`, and the step by an exec."""
    workspace = bench.open("workspace")
    bench.fill(workspace, situation)
    (text,) = re.findall(r"yaml '''(.*?)'''", _jenkinsfile("kubernetes"), re.DOTALL)
    with tempfile.TemporaryDirectory(dir=bench.runtime.folder) as folder:
        path = Path(folder) / "pod.yaml"
        path.write_text(text, encoding="utf-8")
        (pod,) = documents(path)
    volumes = bench.volumes(pod["spec"], situation)
    container = pod_container(pod["spec"], pod["spec"]["containers"][0], volumes)
    mounts = [*container.mounts, Mount(source=workspace, target=str(workspace))]
    container = replace(container, mounts=mounts, folder=str(workspace))
    return _jenkins_steps(bench, container, "kubernetes", workspace, situation)


def _jenkins_steps(bench: Bench, container: Container, name: str, workspace: Path, situation: Situation) -> Seen:
    environment = {"IMAGE": situation.reference, "WORKSPACE": str(workspace)}
    script = "set -xe\n" + _jenkins_script(name)
    with bench.runtime.started(container) as running:
        running.wait_until_it_runs()
        waits = container.arguments[-1] if container.terminal else "sleep infinity"
        # What Jenkins asks `docker top` after it started the container.
        top = running.execute(f"ps -A -o args= | grep -x '{waits}'")
        with running.executing(script, environment=environment) as process:
            if situation.asked is not None:
                wait(situation.asked)
                running.execute(JENKINS_CANCEL)
            out, err = process.communicate(timeout=ENDS_WITHIN)
    said = (out + err).decode(errors="replace")
    wrong = "" if top.code == 0 else f"the container does not run {waits!r}: {top.said}"
    return _jenkins(bench, name, process.returncode, said, workspace, wrong)


def _jenkins(bench: Bench, name: str, code: int, said: str, workspace: Path, wrong: str = "") -> Seen:
    out = workspace / "gate-out"
    shows = str(bench.builds[name, code]) if code < SIGNALLED else "ABORTED"
    return Seen(code=code, out=out, shows=f"{shows}; {junit(out)}", said=said, wrong=wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a build makes of an exit code."""

    result: str
    calls: int
    """How often gate ran."""
    deploys: bool
    kept: frozenset[str]
    """The steps that kept its reports."""

    def __str__(self) -> str:
        tries = f" after {self.calls} tries" if self.calls > 1 else ""
        return f"{self.result}{tries}{', Deploy runs' if self.deploys else ''}"


Builds: TypeAlias = Mapping[tuple[str, int], Build]
"""By Jenkinsfile and exit code."""


def builds(groovy: Path, folder: Path) -> Builds:
    """Each Jenkinsfile with each exit code of gate; 3 stands for 3 every time, and 30 for 3 and then 0.

    `warn-only` is docker-run.Jenkinsfile with GATE_WARN_ONLY.
    """
    folder.mkdir()
    files = {name: CI / "jenkins" / f"{name}.Jenkinsfile" for name in NAMES}
    files["warn-only"] = folder / "warn-only.Jenkinsfile"
    files["warn-only"].write_text(
        _jenkinsfile("docker-run").replace("GATE_WARN_ONLY = 'false'", "GATE_WARN_ONLY = 'true'"), encoding="utf-8"
    )
    answers = {0: "0", 1: "1", 2: "2", 3: "3,3,3", 4: "4", 30: "3,0"}
    asked = [(name, code) for name in files for code in answers]
    command: list[str | Path] = [groovy, Path(__file__).with_name("jenkins.groovy")]
    command += [f"{files[name]}={answers[code]}" for name, code in asked]
    lines = must(command, java_environment(folder)).splitlines()
    found = {}
    for key, line in zip(asked, lines, strict=True):
        result, calls, reached, kept = line.split("\t")
        stages = reached.split(",")
        found[key] = Build(result=result, calls=int(calls), deploys="Deploy" in stages, kept=frozenset(kept.split(",")))
    return found


def jenkins_builds(bench: Bench) -> None:
    """What each Jenkinsfile makes of each exit code, held against what it should."""
    kept = frozenset({"junit", "recordIssues", "archiveArtifacts"})
    for name in (*NAMES, "warn-only"):
        made = {code: bench.builds[name, code] for code in (0, 1, 2, 3, 4, 30)}
        results = {code: build.result for code, build in made.items()}
        expected = {code: "SUCCESS" if code in {0, 30} else "FAILURE" for code in made}
        if name == "warn-only":
            expected[1] = "UNSTABLE"
        calls = {code: build.calls for code, build in made.items()}
        goes_on = [build.deploys for build in made.values() if build.result == "FAILURE"]
        bench.tally.check(
            f"ci         Jenkins {name}, by Groovy: "
            + "; ".join(f"{'3, then 0' if code == 30 else code}: {build}" for code, build in made.items()),
            held=results == expected
            and calls == {0: 1, 1: 1, 2: 1, 3: 3, 4: 1, 30: 2}
            and not any(goes_on)
            and {build.kept for build in made.values()} == {kept},
            why=str(made),
        )


def _jenkinsfile(name: str) -> str:
    return (CI / "jenkins" / f"{name}.Jenkinsfile").read_text(encoding="utf-8")


def _jenkins_script(name: str) -> str:
    (script,) = re.findall(r"returnStatus: true, script: '''\n(.*?)'''", _jenkinsfile(name), re.DOTALL)
    return cast("str", script).replace("\\\n", "")  # as Groovy reads it
