"""The jobs of `scripts/ci`, the image and the page for scripts around cosign: what can be told without running them.

`scripts/interop` runs them. Here are the lines without which a job would let something through.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from gate.policy.loading import load_policy
from gate.report.formats import FORMATS
from interop.box import docker
from interop.box.bench import FILES
from scripts.sbom import sbom

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
CI = ROOT / "scripts" / "ci"
TEXTS = {path.relative_to(CI).as_posix(): path.read_text(encoding="utf-8") for path in CI.rglob("*") if path.is_file()}


def _yaml(name: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(TEXTS[name]))


def test_gitlab_retries_on_3_alone_and_tolerates_nothing_but_a_fail() -> None:
    (file,) = _yaml("gitlab.yml")
    assert file[".gate"]["retry"] == {"max": 2, "exit_codes": [3]}
    assert "allow_failure" not in file[".gate"]
    assert file["gate"] == {"extends": ".gate"}
    assert file[".gate-warn-only"]["allow_failure"] == {"exit_codes": [1]}


@pytest.mark.parametrize("name", ["gitlab.yml", "gitlab-component.yml"])
def test_gitlab_gets_gates_own_exit_code_under_bash(name: str) -> None:
    calls = re.findall(r"^ +- (.*\bgate verify .*)$", TEXTS[name], re.MULTILINE)
    assert calls
    assert all(call.startswith("exec gate verify ") for call in calls)
    assert 'FF_USE_NEW_BASH_EVAL_STRATEGY: "true"' in TEXTS[name]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_job_swallows_an_exit_code(name: str) -> None:
    for line in TEXTS[name].splitlines():
        if "verify" in line and not line.lstrip().startswith(("#", "//")):
            assert not re.search(r"\|\| *(true|:|echo)|; *true", line), line
    assert "continue-on-error" not in TEXTS[name]
    assert "continueOnError" not in TEXTS[name]


def test_argo_and_flux_wait_for_a_gate_that_succeeded() -> None:
    (file,) = _yaml("argo.yaml")
    waits = [
        task["depends"]
        for one in file["spec"]["templates"]
        for task in one.get("dag", {}).get("tasks", ())
        if "depends" in task
    ]
    assert waits == ["gate.Succeeded", "gate.Succeeded"]
    gate, app = _yaml("flux.yaml")
    assert gate["spec"]["wait"] is True
    assert app["spec"]["dependsOn"] == [{"name": "gate"}]


@pytest.mark.parametrize("name", ["kubernetes-job.yaml", "argocd.yaml"])
def test_a_kubernetes_job_tries_nothing_again_but_3(name: str) -> None:
    (job,) = _yaml(name)
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [1, 2, 4]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


_AROUND_DOCKER = ("github/action.yml", "azure-pipelines.yml", "circleci.yml", "jenkins/docker-run.Jenkinsfile")
_STALE = "registry.example.com/acme/api@sha256:" + "a" * 64
_PASSED = {
    "gate.env": f"GATE_VERDICT=pass\nGATE_IMAGE={_STALE}\nGATE_DIGEST=sha256:{'a' * 64}\n",
    "digest": f"{_STALE}\n",
    "verdict": "pass",
}


def _script(name: str) -> str:
    if name.endswith("Jenkinsfile"):
        (script,) = re.findall(r"sh\(label: 'gate verify'.*?'''(.*?)'''", TEXTS[name], re.DOTALL)
        return str(script)
    (file,) = _yaml(name)
    if "runs" in file:
        return str(file["runs"]["steps"][0]["run"])
    (job, *_) = file["jobs"] if isinstance(file["jobs"], list) else file["jobs"].values()
    return str(job["steps"][1].get("bash") or job["steps"][1]["run"]["command"])


def _around_docker(name: str, folder: Path, docker: str, image: str) -> tuple[int, str]:
    """Run the script of a job with this program for docker, in a folder where an image passed before."""
    (folder / "gate-out").mkdir()
    for file, text in _PASSED.items():
        (folder / "gate-out" / file).write_text(text, encoding="utf-8")
    (folder / "policy.toml").write_text((ROOT / "scripts" / "release.toml").read_text(encoding="utf-8"))
    (folder / "bin").mkdir()
    (folder / "bin" / "docker").write_text(f"#!/bin/sh\n{docker}\n", encoding="utf-8")
    (folder / "bin" / "docker").chmod(0o755)
    shell = ["sh", "-xe", "-c"] if name.endswith("Jenkinsfile") else ["bash", "-e", "-o", "pipefail", "-c"]
    environment = dict.fromkeys(("GITHUB_WORKSPACE", "WORKSPACE", "HOME"), str(folder)) | {
        "PATH": f"{folder}/bin:/usr/bin:/bin",
        "GITHUB_OUTPUT": str(folder / "GITHUB_OUTPUT"),
        "GITHUB_STEP_SUMMARY": str(folder / "GITHUB_STEP_SUMMARY"),
        "GATE_CONTAINER": "gate",
        "GATE_PAUSE": "0",
        "REGISTRY_CONFIG": "/none",
        "IMAGE": image,
        "CONTAINER": "gate",
        "POLICY": "policy.toml",
        "OUT": "gate-out",
        "WAIT": "60s",
    }
    script = _script(name)
    ran = subprocess.run([*shell, script], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    outputs = folder / "GITHUB_OUTPUT"
    return ran.returncode, ran.stdout + (outputs.read_text(encoding="utf-8") if outputs.exists() else "")


@pytest.mark.parametrize("name", _AROUND_DOCKER)
def test_a_container_that_does_not_start_hands_over_nothing_of_an_earlier_run(name: str, tmp_path: Path) -> None:
    code, said = _around_docker(name, tmp_path, "exit 125", "registry.example.com/acme/api:1.4")
    assert code == 125
    assert "sha256:" not in said
    assert "pass" not in said
    assert not [path.name for path in (tmp_path / "gate-out").iterdir()]


@pytest.mark.parametrize("name", _AROUND_DOCKER)
def test_an_image_that_is_called_like_a_flag_is_no_flag(name: str, tmp_path: Path) -> None:
    """`gate verify --help` ends with 0."""
    gate = f'while [ "$1" != gate ]; do shift; done\nshift\nexec {sys.executable} -m gate "$@"'
    for number, image in enumerate(("--help", "--refs-from=policy.toml")):
        folder = tmp_path / str(number)
        folder.mkdir()
        code, _ = _around_docker(name, folder, gate, image)
        assert code == 2


def test_no_job_lets_the_name_of_an_image_be_a_flag() -> None:
    named = re.compile(r"\"\$IMAGE\"|\$\(params\.image\)|\"\{\{inputs\.parameters\.ref\}\}\"")
    found = set()
    for name, text in TEXTS.items():
        joined = re.sub(r"\s*\\?\n\s*(?:- )?", " ", re.sub(r"(?m)^\s*(?:#|//).*$", "", text))
        for match in named.finditer(joined):
            found.add(name)
            assert joined[: match.start()].endswith((" -- ", " --, ")), f"{name}: {joined[match.start() - 60 :][:90]}"
    assert found >= {*_AROUND_DOCKER, "gitlab.yml", "gitlab-component.yml", "tekton.yaml", "argo.yaml"}


def test_an_action_takes_away_every_file_that_gate_might_have_left() -> None:
    (file,) = _yaml("github/action.yml")
    (listed,) = re.findall(r"for name in (.*?); do", file["runs"]["steps"][0]["run"], re.DOTALL)
    assert set(listed.replace("\\", "").split()) == FILES


def test_an_actions_input_is_never_part_of_a_script() -> None:
    (file,) = _yaml("github/action.yml")
    (step,) = file["runs"]["steps"]
    assert "${{" not in step["run"]


def test_the_files_that_interop_expects_are_those_of_output_dir() -> None:
    assert {view.file for view in FORMATS.values()} == FILES


def test_the_image_has_a_tag_as_its_base_and_a_number_as_its_user() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert ":" in base
    assert "@" not in base
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^(?:USER|ENTRYPOINT) .*$", text, re.MULTILINE) == ["USER 65532:65532", 'ENTRYPOINT ["gate"]']
    assert re.findall(r"^CMD .*$", text, re.MULTILINE) == ["CMD []"]
    assert "--require-hashes --only-binary :all:" in text


def test_no_file_of_a_repository_is_imported_by_the_image(tmp_path: Path) -> None:
    """A job's PYTHONPATH often names the repository, where anybody who may push has put what he likes."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (options,) = re.findall(r" && sed -i '1s/\$/ (-\w+)/' /opt/gate/bin/gate ", text)
    (tmp_path / "typer.py").write_text("import os; os._exit(0)", encoding="utf-8")
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def code(*more: str) -> int:
        command = [sys.executable, *more, "-m", "gate", "verify", "oci:nowhere"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode

    assert code(options) == 2
    assert code() == 0, "what is tested shows nothing"


def test_a_container_without_arguments_does_not_end_with_0() -> None:
    """A job that lost its arguments has verified nothing."""
    ran = subprocess.run([sys.executable, "-m", "gate"], capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"gate verify" in ran.stdout + ran.stderr


def test_the_policy_for_those_with_a_script_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "from-a-shell-script.md").read_text(encoding="utf-8")
    (policy,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    assert load_policy(tmp_path / "policy.toml").rules
    assert load_policy(ROOT / "scripts" / "release.toml").rules


def test_docker_run_is_read_as_docker_reads_it() -> None:
    words = "run --rm --read-only --tmpfs /tmp --cap-drop ALL -u 1000:1000 -v /a:/w -v /c:/auth/c:ro -w /w"
    asked = docker.parse([*words.split(), "-e", "A", "-e", "B", "-e", "C=d", "gate", "verify", "x"], {"A": "1"})
    assert (asked.arguments, asked.entrypoint) == (["verify", "x"], None)
    assert (asked.read_only, asked.capabilities, asked.user, asked.folder) == (True, False, "1000:1000", "/w")
    assert asked.environment == {"A": "1", "C": "d"}
    assert [(str(mount.source), mount.target, mount.read_only) for mount in asked.mounts] == [
        ("/a", "/w", False),
        ("/c", "/auth/c", True),
    ]
    assert docker.parse(["run", "--entrypoint=", "gate", "cat"], {}).entrypoint == []


@pytest.mark.parametrize("flag", ["--privileged", "--network=none", "--cap-drop=NET_RAW"])
def test_a_flag_of_docker_that_would_not_hold_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        docker.parse(["run", flag, "gate"], {})
    assert "docker: error" in capsys.readouterr().err


# The bill of materials

STATUS = """\
Package: base
Status: install ok installed
Architecture: amd64
Version: 1:2.0-1

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
SITE = "opt/gate/lib/python3.13/site-packages"


def _layout(folder: Path, *layers: Mapping[str, str]) -> Path:
    def blob(raw: bytes) -> str:
        digest = sha256(raw).hexdigest()
        (folder / "blobs" / "sha256" / digest).write_bytes(raw)
        return f"sha256:{digest}"

    (folder / "blobs" / "sha256").mkdir(parents=True)
    listed = []
    for files in layers:
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        digest = blob(gzip.compress(output.getvalue()))
        listed.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest})
    manifest = blob(json.dumps({"layers": listed}).encode())
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": manifest}]}), encoding="utf-8")
    return folder


def _purls(layout: Path) -> set[str]:
    return {one["purl"] for one in json.loads(sbom(layout, name="gate", version="1"))["components"]}


def test_the_sbom_lists_what_the_last_layer_leaves(tmp_path: Path) -> None:
    layout = _layout(
        tmp_path,
        {
            "var/lib/dpkg/status": STATUS,
            "etc/os-release": "VERSION_CODENAME=trixie\n",
            f"{SITE}/flit_core-3.dist-info/METADATA": "Name: flit_core\nVersion: 3\n",
            f"{SITE}/typer-1.dist-info/METADATA": "Name: Typer\nVersion: 1\nLicense-Expression: MIT\n",
        },
        {
            f"{SITE}/.wh.flit_core-3.dist-info": "",
            f"{SITE}/sigstore-4.5.1.dist-info/METADATA": "Name: sigstore\nVersion: 4.5.1\n",
        },
    )
    assert _purls(layout) == {
        "pkg:deb/debian/base@1:2.0-1?arch=amd64&distro=trixie",
        "pkg:pypi/typer@1",
        "pkg:pypi/sigstore@4.5.1",
    }


def test_an_image_without_packages_has_no_sbom(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no package was found"):
        sbom(_layout(tmp_path, {"etc/motd": "hello"}), name="gate", version="1")
