"""--offline: no socket is made, by anybody, for any reason."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.cli import sockets
from gate.errors import GateError
from tests.conftest import LAB, Ran, check_report, policy_path
from tests.registry_server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
POLICY = policy_path("production")
WATCHED = """
import sys
def hook(event, arguments):
    if event.startswith("socket.") and event not in ("socket.gethostname",):
        sys.stderr.write(f"SOCKET {event} {arguments}\\n")
        sys.stderr.flush()
        raise OSError("no socket here")
sys.addaudithook(hook)
from gate import cli
cli.main()
"""


def _watched(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`gate` in a process of its own, where making a socket raises and is written down, from the first import on."""
    return subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _archive(folder: Path) -> str:
    path = folder / "image.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(LAB / "agent-signed", arcname=".")
    return f"oci-archive:{path}"


@pytest.mark.parametrize("kind", ["layout", "archive", "several"])
def test_offline_makes_no_socket(kind: str, tmp_path: Path) -> None:
    layout = f"oci:{LAB / 'agent-signed'}"
    references = {"layout": [layout], "archive": [_archive(tmp_path)], "several": [layout, f"oci:{LAB / 'unsigned'}"]}
    ran = _watched("verify", *references[kind], "--offline", "--policy", str(POLICY), "--report", "-")
    assert ran.returncode == (1 if kind == "several" else 0), ran.stderr
    assert "SOCKET" not in ran.stderr
    check_report(json.loads(ran.stdout))


def test_offline_makes_no_socket_for_a_file_and_its_bundle(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "cases" / "github", tmp_path, dirs_exist_ok=True)
    (tmp_path / "policy.toml").write_text(
        'version = 1\n[trust]\nroots = ["github"]\n'
        '[signers.any]\nissuer = { regex = ".*" }\nidentity = { regex = ".*" }\n'
        '[[rules]]\nimages = ["**"]\nsignature.signers = ["any"]\n'
    )
    wheel = next(tmp_path.glob("*.whl"))
    where = ("--bundle", str(tmp_path / "bundle.jsonl"), "--policy", str(tmp_path / "policy.toml"))
    ran = _watched("verify", f"file:{wheel}", *where, "--offline")
    assert ran.returncode in (0, 1), ran.stderr
    assert "SOCKET" not in ran.stderr


def test_the_watch_sees_the_sockets_of_a_run_that_is_not_offline() -> None:
    """The twin of the tests above: without it they could not fail."""
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        ran = _watched("verify", f"{server.host}/acme/api:v1", "--policy", str(POLICY))
    assert "SOCKET socket.__new__" in ran.stderr
    assert ran.returncode == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{host}/acme/api:v1"], "--offline: '{host}/acme/api:v1' is in a registry"),
        (["oci:{lab}/agent-signed", "{host}/acme/api:v1"], "is in a registry"),
        (["oci:{lab}/agent-signed", "--signature-repository", "{host}/acme/signatures"], "--signature-repository goes"),
    ],
)
def test_offline_refuses_what_is_in_a_registry_before_anything(
    arguments: list[str], message: str, verify: Callable[..., Ran]
) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        filled = [argument.format(host=server.host, lab=LAB) for argument in arguments]
        ran = verify(*filled, "--offline", policy=POLICY)
        assert server.requests == ()
        assert message.format(host=server.host) in ran.err
    assert (ran.code, ran.report["images"]) == (2, [])


def test_offline_refuses_a_policy_that_refreshes_its_roots(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    (tmp_path / "policy.toml").write_text(
        'version = 1\n[trust]\nroots = ["public-good"]\nrefresh = true\n[signers.ci]\nissuer = "x"\nidentity = "y"\n'
        '[[rules]]\nimages = ["**"]\nsignature.signers = ["ci"]\n'
    )
    ran = verify(f"oci:{LAB / 'agent-signed'}", "--offline", policy=tmp_path / "policy.toml")
    assert ran.code == 2
    assert "trust.refresh" in ran.err


def test_offline_has_no_place_in_the_environment(monkeypatch: pytest.MonkeyPatch, verify: Callable[..., Ran]) -> None:
    monkeypatch.setenv("GATE_OFFLINE", "1")
    monkeypatch.setenv("GATE_SIGNATURE_REPOSITORY", "x")
    monkeypatch.setenv("COSIGN_REPOSITORY", "nowhere.invalid/x")
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=policy_path("signature")).code == 0


def test_while_sockets_are_forbidden_nobody_gets_one() -> None:
    for ask in (socket.socket, lambda: socket.getaddrinfo("localhost", 80)):
        with sockets.forbidden(), pytest.raises(GateError, match="--offline"):
            ask()
    with socket.socket() as again:
        assert again.fileno() >= 0
    assert socket.has_ipv6
