"""Argo Workflows, Tekton and Jobs: containers as the kubelet starts them.

What comes in: the bench and a situation. What goes out: what the system would show. Retries, dependencies, defaults and
failure policies are read from the files.

Sources: Argo Workflows' executor (outputs and defaults); Tekton's container contract; Kubernetes' documentation of
termination messages and pod failure policies.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.box.bench import HERE, Seen, Situation, docker_config, pod_container, short, written
from interop.box.container import Mount
from interop.box.schemas import CI, documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.box.bench import Bench
    from interop.box.container import Ended


def argo(bench: Bench, situation: Situation) -> Seen:
    """The template `verify`, its outputs and defaults, its retries, and who waits for it."""
    (file,) = documents(CI / "argo.yaml")
    templates = {template["name"]: template for template in file["spec"]["templates"]}
    template = templates["verify"]
    pod = {**template, "volumes": [*file["spec"]["volumes"], *template["volumes"]]}
    volumes = bench.volumes(pod, situation)
    container = pod_container(pod, template["container"], volumes)
    arguments = [text.replace("{{inputs.parameters.ref}}", situation.reference) for text in container.arguments]
    ended = bench.pod(replace(container, arguments=arguments), situation)
    outputs = {one["name"]: _argo_output(one["valueFrom"], volumes) for one in template["outputs"]["parameters"]}
    retry = template["retryStrategy"]
    (wanted,) = re.fullmatch(r"asInt\(lastRetry\.exitCode\) == (\d+)", retry["expression"]).groups()  # type: ignore[union-attr]
    shows = "Succeeded" if ended.code == 0 else "Failed"
    if str(ended.code) == wanted:
        shows = f"tried {1 + int(retry['limit'])} times, then Failed"
    (deploy,) = [task for task in templates["release"]["dag"]["tasks"] if task["name"] == "deploy"]
    runs = deploy["depends"] == "gate.Succeeded" and ended.code == 0
    shows += f", verdict={outputs['verdict']}, deploy {'of ' + short(outputs['image']) if runs else 'omitted'}"
    wrong = "" if bool(outputs["image"]) == (ended.code == 0) else f"outputs: {outputs}"
    return Seen(code=ended.code, out=volumes["out"], shows=shows, said=ended.said, wrong=wrong + written(ended))


def argo_fans_out(bench: Bench) -> None:
    """`withParam`: one node an image, and the aggregate succeeded only if each did."""
    (file,) = documents(CI / "argo.yaml")
    (many,) = [template for template in file["spec"]["templates"] if template["name"] == "verify-many"]
    gate, report = many["dag"]["tasks"]
    defaults = {one["name"]: one["value"] for one in file["spec"]["arguments"]["parameters"]}
    items = json.loads(defaults["images"])
    codes = []
    for reference, code in ((bench.case.passes, 0), (bench.case.fails, 1)):
        codes.append(argo(bench, Situation(name="item", reference=reference, code=code, verdict="")).code)
    succeeded = not any(codes)
    bench.tally.check(
        f"ci         Argo Workflows, fan-out over 2 images: exits {codes}; gate Failed, report omitted",
        held=gate["withParam"] == "{{workflow.parameters.images}}"
        and len(items) > 1
        and report["depends"] == "gate.Succeeded"
        and codes == [0, 1]
        and not succeeded,
        why=str(codes),
    )


def tekton(bench: Bench, situation: Situation) -> Seen:
    """Both steps, with results and workspaces."""
    (task,) = documents(CI / "tekton.yaml")
    spec = task["spec"]
    folders = {"policy": bench.policy(situation), "dockerconfig": bench.open("auth"), "reports": bench.open("out")}
    results, steps, scripts = (bench.open(name) for name in ("results", "steps", "scripts"))
    docker_config(folders["dockerconfig"])
    values = {f"workspaces.{name}.path": f"/workspace/{name}" for name in folders}
    values |= {f"results.{one['name']}.path": f"/tekton/results/{one['name']}" for one in spec["results"]}
    values |= {f"params.{one['name']}": one.get("default", situation.reference) for one in spec["params"]}
    values["steps.step-gate.exitCode.path"] = "/tekton/steps/step-gate/exitCode"
    volumes = bench.volumes(spec, situation)
    mounts = [Mount(source=folder, target=f"/workspace/{name}") for name, folder in folders.items()]
    mounts += [
        Mount(source=results, target="/tekton/results"),
        Mount(source=steps, target="/tekton/steps"),
        Mount(source=scripts, target="/tekton/scripts"),
        Mount(source=bench.open("home"), target="/tekton/home"),
    ]
    ended: list[Ended] = []
    for step in spec["steps"]:
        merged = {**spec["stepTemplate"], **step}
        if "script" in step:
            script = scripts / step["name"]
            script.write_text(_substituted(step["script"], values), encoding="utf-8")
            script.chmod(0o755)
            merged["command"] = [f"/tekton/scripts/{step['name']}"]
        container = pod_container({"volumes": spec["volumes"]}, merged, volumes)
        environment = {name: _substituted(value, values) for name, value in container.environment.items()}
        container = replace(
            container,
            arguments=[_substituted(text, values) for text in container.arguments],
            environment={"HOME": "/tekton/home", **environment},
            mounts=[*container.mounts, *mounts],
        )
        ended.append(bench.pod(container, situation if len(ended) == 0 else replace(situation, asked=None)))
        (steps / f"step-{step['name']}").mkdir()
        (steps / f"step-{step['name']}" / "exitCode").write_text(str(ended[-1].code), encoding="utf-8")
        if ended[-1].code and step.get("onError") != "continue":
            break
    said = {path.name: path.read_text(encoding="utf-8").strip() for path in results.iterdir()}
    shows = f"TaskRun {'Succeeded' if ended[-1].code == 0 else 'Failed'}, results {said.get('verdict')}"
    wrong = "" if len(ended) == 2 and set(said) == {"verdict", "digest"} else f"{len(ended)} steps, results {said}"
    wrong += "".join(written(one) for one in ended)
    if len("".join(said.values())) > 2048:
        wrong += "the results do not fit"
    log = "\n".join(one.said for one in ended)
    return Seen(code=ended[-1].code, out=folders["reports"], shows=shows, said=log, wrong=wrong)


def kubernetes_job(bench: Bench, situation: Situation) -> Seen:
    """The Job: what its failure policy makes of the exit code, and what `kubectl describe` shows."""
    return _job(bench, "kubernetes-job.yaml", situation)


def argocd(bench: Bench, situation: Situation) -> Seen:
    """The same as a hook."""
    (job,) = documents(CI / "argocd.yaml")
    hook = job["metadata"]["annotations"]["argocd.argoproj.io/hook"]
    seen = _job(bench, "argocd.yaml", situation)
    sync = "the sync goes on" if seen.code == 0 else "the sync stops before anything is applied"
    return replace(seen, shows=f"{seen.shows}; {hook}: {sync}")


def flux(bench: Bench, situation: Situation) -> Seen:
    """The same as the first of two Kustomizations."""
    gate, app = documents(CI / "flux.yaml")
    seen = _job(bench, "kubernetes-job.yaml", situation)
    held = gate["spec"]["wait"] and app["spec"]["dependsOn"] == [{"name": gate["metadata"]["name"]}]
    shows = "gate Ready, app is applied" if seen.code == 0 else "gate not Ready, app waits: dependency not ready"
    return replace(seen, shows=shows, wrong=seen.wrong if held else "app does not wait for gate")


def _job(bench: Bench, name: str, situation: Situation) -> Seen:
    (job,) = documents(CI / name)
    pod = job["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    volumes = bench.volumes(pod, situation)
    container = pod_container(pod, only, volumes)
    message = bench.open("message") / "termination-log"
    message.touch()
    message.chmod(0o666)
    container = replace(
        container,
        arguments=[situation.reference if text == HERE else text for text in container.arguments],
        mounts=[*container.mounts, Mount(source=message, target="/dev/termination-log")],
    )
    ended = bench.pod(container, situation)
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    if ended.code == 0:
        shows = "Complete"
    elif ended.code in rule["onExitCodes"]["values"]:
        shows = "Failed (PodFailurePolicy)"
    else:
        shows = f"tried {1 + job['spec']['backoffLimit']} times, then Failed (BackoffLimitExceeded)"
    if ended.code == 143:
        shows = "Terminated"
    text = message.read_text(encoding="utf-8")
    wrong = "" if text.startswith(situation.verdict.upper()) and len(text) <= 4096 else f"message: {text!r}"
    return Seen(code=ended.code, out=volumes["out"], shows=shows, said=ended.said, wrong=wrong + written(ended))


def _argo_output(source: Any, volumes: Mapping[str, Path]) -> str:
    """An output as the executor takes it: the file's text without one line feed, else the default."""
    path = volumes["out"] / Path(source["path"]).name
    return path.read_text(encoding="utf-8").removesuffix("\n") if path.exists() else str(source["default"])


def _substituted(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\(([\w.-]+)\)", lambda found: values[found[1]], text)
