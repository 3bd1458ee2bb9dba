"""What every test stands on: a clean environment, loopback only, and `gate` as a function."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from gate import cli
from gate.report.document import schema_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LAB = Path(__file__).parent / "cases" / "lab"
_WIPED = (
    *("GATE_", "DOCKER", "REGISTRY", "CI", "SSL_CERT", "REQUESTS_CA", "CURL_CA"),
    *("XDG_", "GITHUB_", "NO_COLOR", "FORCE_C"),
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_WIPED) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")  # who runs the tests may be logged in somewhere


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that asks anyone but this machine is wrong, and fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(address[0]).is_loopback:
            pytest.fail(f"a test connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    monkeypatch.setattr("gate.sources.registry.retries.FIRST_WAIT_SECONDS", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one `gate verify` left behind."""

    code: int
    out: str
    err: str
    report: Mapping[str, Any]

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the checks that did not pass, over all rules."""
        return tuple(
            check["id"]
            for image in self.report["images"]
            for rule in image["rules"]
            for check in rule["checks"]
            if check["outcome"] != "pass"
        )

    @property
    def outcomes(self) -> dict[str, str]:
        """Each check's outcome by its id, of a run with one image and one rule."""
        return {check["id"]: check["outcome"] for check in self.report["images"][0]["rules"][0]["checks"]}


Verify = "Callable[..., Ran]"


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`gate verify` in this process: the whole command, its report read back and held against its JSON Schema."""

    def run(reference: str, *arguments: str, policy: str | Path | None = None) -> Ran:
        path = tmp_path / "report.json"
        path.unlink(missing_ok=True)
        named = [] if policy is None else ["--policy", str(policy)]
        code = cli.run(["verify", reference, *named, "--report", str(path), *arguments])
        captured = capsys.readouterr()
        report = json.loads(path.read_text(encoding="utf-8"))
        check_report(report)
        assert report["exit_code"] == code, "the report and the exit code say the same"
        return Ran(code=code, out=captured.out, err=captured.err, report=report)

    return run


def check_report(report: Mapping[str, Any]) -> None:
    """Hold a report against the published schema, and refuse keys that the schema does not describe."""
    _validator().validate(report)


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(closed_schema(json.loads(schema_text())))


def closed_schema(schema: Any) -> Any:
    """A schema with every described object closed: consumers must tolerate more keys, our own tests must not."""
    if isinstance(schema, list):
        return [closed_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: closed_schema(value) for key, value in schema.items()}
    if "properties" in closed and isinstance(closed.get("required"), list):
        closed["additionalProperties"] = False
    return closed


def policy_path(name: str) -> Path:
    """One of the lab's policies."""
    return LAB / "policies" / f"{name}.toml"
