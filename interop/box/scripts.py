"""The shell scripts inside the files of `scripts/ci`, by shellcheck.

What comes in: the files. What goes out: one line a script. It runs none of them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from interop.box.schemas import CI, documents
from interop.processes import run

if TYPE_CHECKING:
    from interop.tally import Tally


def check_scripts(tally: Tally) -> None:
    """The scripts inside the files, by shellcheck: those that run under bash as bash, the others as POSIX sh."""
    (gitlab,) = documents(CI / "gitlab.yml")
    (action,) = documents(CI / "github" / "action.yml")
    (circleci,) = documents(CI / "circleci.yml")
    (azure,) = documents(CI / "azure-pipelines.yml")
    (tekton,) = documents(CI / "tekton.yaml")
    scripts = [
        ("gitlab.yml .gate-many", "sh", "\n".join(gitlab[".gate-many"]["script"])),
        ("gitlab.yml deploy", "sh", "\n".join(gitlab["deploy"]["script"])),
        ("github/action.yml", "bash", action["runs"]["steps"][0]["run"]),
        ("circleci.yml", "bash", circleci["jobs"]["gate"]["steps"][1]["run"]["command"]),
        ("azure-pipelines.yml", "bash", azure["jobs"][0]["steps"][1]["bash"]),
        ("tekton.yaml verdict", "sh", re.sub(r"\$\([\w.-]+\)", "path", tekton["spec"]["steps"][1]["script"])),
    ]
    for path in sorted(CI.rglob("*.Jenkinsfile")):
        (script,) = re.findall(
            r"returnStatus: true, script: '''\n(.*?)'''", path.read_text(encoding="utf-8"), re.DOTALL
        )
        scripts.append((path.relative_to(CI).as_posix(), "sh", script))
    shellcheck = Path(sys.executable).with_name("shellcheck")
    for name, dialect, script in scripts:
        if not shellcheck.exists():
            tally.skip(f"schema     {name}, its script", "shellcheck")
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file:
            file.write(script)
            file.flush()
            done = run([shellcheck, f"--shell={dialect}", file.name], dict(os.environ))
        tally.check(
            f"schema     {name}, its script: nothing from shellcheck", held=done.code == 0, why=done.said[-3000:]
        )
