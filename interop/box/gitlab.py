"""GitLab: the job and the component, as the docker executor runs them.

What comes in: the bench and a situation. What goes out: what GitLab would show. Which exit codes are tried again or
tolerated is read from the job.

Sources: GitLab Runner's docker executor (detection of a shell, script on standard input, `: | eval`, cancel); GitLab's
documentation of artifacts:reports:dotenv.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from interop.box.bench import Seen, Situation, dotenv, short, until_end
from interop.box.container import Container, Mount
from interop.box.schemas import CI, component, documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from interop.box.bench import Bench
    from interop.box.container import Ended


WORKSPACE = "/builds/acme/api"


DETECTION = (
    "".join(
        f"{'if' if number == 0 else 'elif'} [ -x {path} ]; then exec {path}; "
        for number, path in enumerate(
            f"{folder}/{shell}" for shell in ("bash", "sh") for folder in ("/usr/local/bin", "/usr/bin", "/bin")
        )
    )
    + "elif [ -x /busybox/sh ]; then exec /busybox/sh; else echo shell not found; exit 1; fi"
)
"""What GitLab Runner's docker executor passes to the image."""


GITLAB_CANCEL = """\
for process in $(ls /proc | grep -E '^[0-9]+$'); do
  if [ "$process" != 1 ] && [ "$process" != $$ ]; then kill -TERM "$process" 2>/dev/null || true; fi
done
"""


def gitlab_job(bench: Bench, situation: Situation) -> Seen:
    """`gate` of gitlab.yml, and the deployment's own check of what was handed over."""
    return _gitlab(bench, situation, _gitlab_file(), "gate", ("sh", "-c", DETECTION))


def gitlab_component(bench: Bench, situation: Situation) -> Seen:
    """The component, by a plain `sh`."""
    return _gitlab(bench, situation, component({"image": situation.reference})[1], "gate", ("sh",))


def _gitlab(bench: Bench, situation: Situation, file: Any, name: str, shell: Sequence[str]) -> Seen:
    job = _extended(file, name)
    workspace = bench.open("builds")
    bench.fill(workspace, situation)
    ended = _gitlab_run(bench, job, workspace, shell, situation)
    out = workspace / "gate-out"
    shows = f"the job {_gitlab_state(job, ended.code)}"
    wrong = _gitlab_artifacts(job, workspace)
    handed = dotenv(out / "gate.env")
    if "deploy" in file:
        # `needs` keeps it from starting; and where somebody starts it all the same, its own first line.
        check = _deploys(bench, file["deploy"], workspace, handed)
        if check != (ended.code == 0):
            wrong += f"\nthe deployment {'goes on' if check else 'stops'} with {handed}"
        shows += f", deploy {'gets ' + short(handed['GATE_IMAGE']) if check else 'does not run'}"
    return Seen(code=ended.code, out=out, shows=shows, said=ended.said, wrong=wrong.strip())


def _gitlab_run(
    bench: Bench,
    job: Any,
    workspace: Path,
    shell: Sequence[str],
    situation: Situation,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    variables = {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": WORKSPACE, "CI_NODE_TOTAL": "1"}
    variables |= {"CI_JOB_TIMEOUT": "3600", "CI_REGISTRY": "registry.example.com"} | dict(environment or {})
    for name, value in job.get("variables", {}).items():
        variables[name] = re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ""), str(value))
    variables["IMAGE"] = situation.reference
    image = job["image"]
    container = Container(
        entrypoint=_cleared(image["entrypoint"]),
        arguments=shell,
        environment=variables,
        mounts=[Mount(source=workspace, target=WORKSPACE)],
        folder=WORKSPACE,
    )
    with bench.runtime.started(container, stdin=_gitlab_script(job["script"], WORKSPACE).encode()) as running:
        # The runner terms every process but the first, which is the shell that reads the script.
        return until_end(running, situation, lambda: running.execute(GITLAB_CANCEL))


def _deploys(bench: Bench, job: Any, workspace: Path, handed: Mapping[str, str]) -> bool:
    container = Container(
        entrypoint=[],
        arguments=["sh", "-ec", str(job["script"][0])],
        environment=handed,
        mounts=[Mount(source=workspace, target=WORKSPACE)],
        folder=WORKSPACE,
    )
    return bench.runtime.run(container).code == 0


def gitlab_warns(bench: Bench) -> None:
    """The job of a new policy: of all that can go wrong, only a FAIL is let through."""
    job = _extended(_gitlab_file(), ".gate-warn-only")
    states = {code: _gitlab_state(job, code) for code in (0, 1, 2, 3, 4)}
    expected = {0: "passed", 1: "failed with a warning, and the pipeline goes on", 2: "failed", 4: "failed"}
    expected[3] = "failed after 2 retries"
    bench.tally.check("ci         GitLab, warn-only: a FAIL warns, and 2, 3 and 4 stop", held=states == expected)


def gitlab_without_exec(bench: Bench) -> None:
    """Why the jobs `exec`: without it, and without the flag, bash ends with 1 whatever gate ended with."""
    job = _extended(_gitlab_file(), ".gate")
    job["script"] = [line.removeprefix("exec ") for line in job["script"]]
    codes = {}
    for situation in bench.situations():
        if situation.asked is None:
            workspace = bench.open("builds")
            bench.fill(workspace, situation)
            ended = _gitlab_run(bench, job, workspace, ("sh", "-c", DETECTION), situation)
            codes[situation.code] = ended.code
    bench.tally.check(
        f"ci         GitLab, without `exec` under bash: exit codes become {codes}; so the jobs have it",
        held=codes == {0: 0, 1: 1, 2: 1, 3: 1},
        why=str(codes),
    )


def gitlab_shares(bench: Bench) -> None:
    """`.gate-many`: each image is judged once, by one of the parallel jobs."""
    job = _extended(_gitlab_file(), ".gate-many")
    listed = [bench.case.passes, bench.case.fails, f"{bench.case.passes}"]
    anything = Situation(name="many", reference="", code=0, verdict="pass")
    workspace = bench.open("builds")
    bench.fill(workspace, anything)
    lines = ["# what is deployed", *listed[:2], "", listed[2]]
    (workspace / "images.txt").write_text("\n".join(lines), encoding="utf-8")  # without a last line feed
    total, judged, codes = int(job["parallel"]), [], []
    for index in range(1, total + 1):
        where = {"CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": str(total)}
        ended = _gitlab_run(bench, job, workspace, ("sh",), anything, where)
        codes.append(ended.code)
        report = workspace / "gate-out" / str(index) / "report.json"
        if report.exists():
            judged += [image["reference"] for image in json.loads(report.read_bytes())["images"]]
    (workspace / "images.txt").write_text("# nothing\n", encoding="utf-8")
    where = {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": str(total)}
    empty = _gitlab_run(bench, job, workspace, ("sh",), anything, where).code
    bench.tally.check(
        f"ci         GitLab, {total} parallel jobs over 3 images: exits {codes}; an empty list: {empty}",
        held=sorted(judged) == sorted(listed) and codes == [0, 1, 0, 0] and empty == 2,
        why=f"{judged}\n{codes}\n{empty}",
    )


def _gitlab_file() -> Any:
    (file,) = documents(CI / "gitlab.yml")
    return file


def _extended(file: Any, name: str) -> Any:
    """A job with what it extends: maps are merged, all else is replaced."""
    job = dict(file[name])
    parent = job.pop("extends", None)
    return job if parent is None else _merged(_extended(file, parent), job)


def _merged(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return {key: _merged(under.get(key), over[key]) if key in over else under[key] for key in {**under, **over}}
    return over


def _gitlab_script(lines: Sequence[str], folder: str) -> str:
    """The job as the runner feeds it to the shell."""
    inside = f"cd {folder}\n" + "".join(f"echo {shlex.quote('$ ' + line.splitlines()[0])}\n{line}\n" for line in lines)
    return (
        "if set -o | grep pipefail >/dev/null; then set -o pipefail; fi; set -o errexit\nset +o noclobber\n"
        f": | eval {shlex.quote(inside)}\nexit 0\n"
    )


def _gitlab_state(job: Any, code: int) -> str:
    if code == 0:
        return "passed"
    if code in job.get("allow_failure", {}).get("exit_codes", ()):
        return "failed with a warning, and the pipeline goes on"
    retry = job.get("retry", {})
    if code == 143:
        return "canceled"
    return f"failed after {retry['max']} retries" if code in retry.get("exit_codes", ()) else "failed"


def _gitlab_artifacts(job: Any, workspace: Path) -> str:
    """Whether every report that the job names is there and would be taken."""
    artifacts = job["artifacts"]
    wrong = "" if artifacts["when"] == "always" else "the artifacts of a failed job would be lost"
    for kind, named in artifacts["reports"].items():
        path = workspace / str(named)
        if not path.is_file():
            wrong += f"\nno {kind} report at {named}"
        elif kind == "junit":
            ET.parse(path)  # noqa: S314 - made by gate a moment ago
        elif kind == "codequality":
            json.loads(path.read_bytes())
        elif kind == "dotenv":
            for line in path.read_text(encoding="utf-8").splitlines():
                wrong += "" if re.fullmatch(r"[A-Za-z0-9_]+=\S*", line) else f"\nGitLab refuses {line!r}"
    return wrong


def _cleared(entrypoint: Sequence[str]) -> list[str]:
    return [word for word in entrypoint if word]
