"""GitHub Actions, CircleCI and Azure Pipelines: scripts around `docker run`.

What comes in: the bench and a situation. What goes out: what the system would show.

Sources: actions/runner (`bash -e -o pipefail`; SIGINT to the shell alone); CircleCI's and Azure Pipelines'
documentation of their shells.
"""

from __future__ import annotations

import re
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interop.box import docker
from interop.box.bench import Seen, docker_config, dotenv, junit, run_script, short
from interop.box.schemas import CI, documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interop.box.bench import Bench, Situation


def github(bench: Bench, situation: Situation) -> Seen:
    """The composite action's step."""
    (action,) = documents(CI / "github" / "action.yml")
    (step,) = action["runs"]["steps"]
    inputs = {name: one.get("default", "") for name, one in action["inputs"].items()} | {"image": situation.reference}
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: str(inputs[found[1]]), value)
        for name, value in step["env"].items()
    }
    with tempfile.TemporaryDirectory(dir=bench.runtime.folder) as folder:
        files = {name: Path(folder) / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        environment |= {name: str(path) for name, path in files.items()}
        seen = _around_docker(
            bench,
            situation,
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
            step["run"],
            environment,
            ("GITHUB_WORKSPACE",),
        )
        outputs = dotenv(files["GITHUB_OUTPUT"])
        summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    errors = sum(line.startswith("::error") for line in seen.said.splitlines())
    shows = f"verdict={outputs.get('verdict')}, {errors} annotations, a summary of {len(summary)} characters"
    wrong = "" if outputs.get("verdict") == situation.verdict and summary else f"outputs {outputs}"
    if bool(outputs.get("image")) != (seen.code == 0) or bool(errors) != (seen.code != 0):
        wrong += f"outputs {outputs}, {errors} errors"
    return replace(seen, shows=shows, wrong=wrong)


def circleci(bench: Bench, situation: Situation) -> Seen:
    """The job's `run` step."""
    (file,) = documents(CI / "circleci.yml")
    job = file["jobs"]["gate"]
    script = job["steps"][1]["run"]["command"]
    environment = {"GATE_CONTAINER": "gate", "IMAGE": situation.reference, "REGISTRY_CONFIG": '{"auths": {}}'}
    seen = _around_docker(bench, situation, ["bash", "-eo", "pipefail"], script, environment)
    (tests,) = [step["store_test_results"]["path"] for step in job["steps"] if "store_test_results" in step]
    state = "succeeded" if seen.code == 0 else "failed, the workflow stops"
    return replace(seen, shows=f"{state}; {tests}: {junit(seen.out)}")


def azure(bench: Bench, situation: Situation) -> Seen:
    """The job's `bash` step."""
    (file,) = documents(CI / "azure-pipelines.yml")
    gate, deploy = file["jobs"]
    step = gate["steps"][1]
    with tempfile.TemporaryDirectory(dir=bench.runtime.folder) as folder:
        environment = {
            "GATE_CONTAINER": "gate",
            "IMAGE": situation.reference,
            "REGISTRY_CONFIG": str(docker_config(Path(folder))),
        }
        seen = _around_docker(bench, situation, ["bash", "--noprofile", "--norc"], step["bash"], environment)
    handed = re.findall(r"^##vso\[task\.setvariable variable=image;isOutput=true\](.*)$", seen.said, re.MULTILINE)
    wrong = "" if [bool(text) for text in handed] == [seen.code == 0] else f"handed over: {handed}"
    if deploy["dependsOn"] != "gate" or "dependencies.gate.outputs['verify.image']" not in str(deploy):
        wrong += "deploy does not depend on gate"
    state = f"succeeded, deploy gets {short(handed[0])}" if seen.code == 0 else "failed, deploy is skipped"
    return replace(seen, shows=f"{state}; {junit(seen.out)}", wrong=wrong)


def _around_docker(
    bench: Bench,
    situation: Situation,
    shell: Sequence[str],
    script: str,
    environment: Mapping[str, str],
    names: Sequence[str] = (),
) -> Seen:
    workspace = bench.open("workspace")
    bench.fill(workspace, situation)
    with tempfile.TemporaryDirectory(dir=bench.runtime.folder) as folder:
        told = {
            **docker.command(Path(folder), bench.runtime, bench.runc),
            **environment,
            **dict.fromkeys(names, str(workspace)),
            "HOME": folder,
            "GATE_PAUSE": "0",
        }
        code, said = run_script(shell, script, workspace, told, situation, signal.SIGINT)
    return Seen(code=code, out=workspace / "gate-out", shows="", said=said)
