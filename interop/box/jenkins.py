"""Jenkins: the stage with `docker run`, the one with `agent { docker }`, and the pod.

What comes in: the bench and a situation. What goes out: what Jenkins would show. The scripts are taken out of the
Jenkinsfiles; the Groovy around them is parsed, in `schemas`, and not run.

Sources: Jenkins' docker-workflow (`cat` with a terminal, `docker exec`, `docker top`) and durable-task (`sh -xe`).
"""

from __future__ import annotations

import re
import shlex
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from interop.box import docker
from interop.box.bench import Seen, docker_config, junit, pod_container, run_script, wait
from interop.box.container import Mount
from interop.box.schemas import CI, documents
from interop.processes import ENDS_WITHIN

if TYPE_CHECKING:
    from interop.box.bench import Bench, Situation
    from interop.box.container import Container


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
    return _jenkins(code, said, workspace)


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
    return _jenkins(process.returncode, said, workspace, wrong)


def _jenkins(code: int, said: str, workspace: Path, wrong: str = "") -> Seen:
    out = workspace / "gate-out"
    shows = {
        0: "SUCCESS, Deploy runs",
        1: "FAILURE (UNSTABLE where GATE_WARN_ONLY is set)",
        3: "tried 3 times, then FAILURE",
        143: "ABORTED",
    }.get(code, "FAILURE: no verdict")
    return Seen(code=code, out=out, shows=f"{shows}; {junit(out)}", said=said, wrong=wrong)


def _jenkinsfile(name: str) -> str:
    return (CI / "jenkins" / f"{name}.Jenkinsfile").read_text(encoding="utf-8")


def _jenkins_script(name: str) -> str:
    (script,) = re.findall(r"returnStatus: true, script: '''\n(.*?)'''", _jenkinsfile(name), re.DOTALL)
    return cast("str", script).replace("\\\n", "")  # as Groovy reads it
