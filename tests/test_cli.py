"""The command: exit codes, messages, outputs, environment and signals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from msgspec.structs import replace

from gate import __version__, cli
from gate.cli import signals
from gate.discovery import Candidate, Discovery, discover
from tests.conftest import LAB, Ran, check_report, policy_path
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.limits import Deadline

ROOT = Path(__file__).parents[1]
SIGNED = f"oci:{LAB / 'agent-signed'}"
POLICY = policy_path("signature")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of a signed image's layout, to break."""
    return shutil.copytree(LAB / "agent-signed", tmp_path / "broken")


# Exit codes


def test_a_pass_is_0_and_a_fail_is_1(verify: Callable[..., Ran]) -> None:
    assert verify(SIGNED, policy=POLICY).code == 0
    assert verify(f"oci:{LAB / 'unsigned'}", policy=POLICY).code == 1


@pytest.mark.parametrize(
    "flags",
    [
        ["--policy", POLICY, "--policy", POLICY],
        ["--policy", POLICY, f"--policy={policy_path('production')}"],
        ["--policy", POLICY, "--timeout", "1s", "--timeout", "60s"],
        ["--key", str(LAB / "key.pub"), "--key", str(LAB / "key.pub")],
        ["--certificate-identity", "a", "--certificate-oidc-issuer", "b", "--certificate-identity", "c"],
    ],
)
def test_a_flag_that_counts_once_is_not_given_twice(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The last alone would count, and a policy that was meant too would not be asked."""
    assert cli.run(["verify", SIGNED, *flags]) == 2
    assert "given more than once" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["complete_bash", "source_bash", "complete_zsh", "complete_fish", "source_zsh", "x"])
def test_no_variable_makes_a_command_an_answer_to_a_shell(asked: str) -> None:
    """What a shell asks to complete a line ends with 0; it has no arguments, and a job's command has some."""
    environment = {"_GATE_COMPLETE": asked, "COMP_WORDS": "gate ver", "COMP_CWORD": "1", "PATH": os.environ["PATH"]}
    environment |= {"_TYPER_COMPLETE_ARGS": "gate ver", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    gate = [sys.executable, "-m", "gate"]
    ran = subprocess.run([*gate, "verify", "oci:nowhere"], env=environment, capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"no policy" in ran.stderr
    if asked.startswith("complete"):
        ran = subprocess.run(gate, env=environment, capture_output=True, check=False)
        assert ran.returncode == 0
        assert b"verify" in ran.stdout


USAGE = "correct the command or the environment"
IS_IT_THERE = "compare the path with what is there; in a container, see that its folder is mounted; nothing was fetched"
KEY = str(LAB / "key.pub")


@pytest.mark.parametrize(
    ("reference", "arguments", "message", "do"),
    [
        (SIGNED, [], "no policy: give --policy FILE, or set GATE_POLICY", "gate inspect shows who signed an image"),
        (SIGNED, ["--policy", "missing.toml"], "missing.toml: the policy cannot be read: No such file", IS_IT_THERE),
        (SIGNED, ["--policy", str(POLICY), "--timeout", "soon"], "--timeout: 'soon' is no duration", USAGE),
        (SIGNED, ["--policy", str(POLICY), "--as", "x@y"], "--as 'x@y'", "write registry/repository"),
        (SIGNED, ["--key", "missing.pub"], "INVALID  --key: missing.pub cannot be read: No such file", USAGE),
        (
            SIGNED,
            ["--certificate-identity", "a", "--certificate-oidc-issuer-regexp", "("],
            "issuer-regexp: '(' is",
            USAGE,
        ),
        (SIGNED, ["--key", KEY, "--type", ""], "--type is empty", USAGE),
        (SIGNED, ["--key", KEY, "--type", "foo"], "INVALID  --type: 'foo' is neither a predicate type", USAGE),
        ("file:nowhere", ["--policy", str(POLICY), "--bundle", "x"], "nowhere cannot be read", IS_IT_THERE),
        (f"file:{POLICY}", ["--policy", str(POLICY), "--bundle", "x"], "--bundle x cannot be read", IS_IT_THERE),
        ("oci:nowhere", ["--policy", str(POLICY)], "nowhere does not exist", IS_IT_THERE),
        ("oci-archive:nowhere", ["--policy", str(POLICY)], "nowhere does not exist", IS_IT_THERE),
        (f"oci:{LAB}", ["--policy", str(POLICY)], "is no OCI layout", "give what holds both files"),
        (f"oci:{POLICY}", ["--policy", str(POLICY)], "is no folder", IS_IT_THERE),
        (
            f"oci-archive:{POLICY}",
            ["--policy", str(POLICY)],
            "is no uncompressed tar archive",
            "give the tar of an OCI",
        ),
        ("ghcr.io/Acme/api", ["--policy", str(POLICY)], "is not a repository name", "write registry/repository"),
        ("https://ghcr.io/acme/api", ["--policy", str(POLICY)], "a reference has no scheme", "write registry/"),
        (
            "ghcr.io/acme/api",
            ["--policy", str(POLICY), "--as", "ghcr.io/acme/api"],
            "--as names a local image",
            "write",
        ),
    ],
)
def test_a_wrong_job_is_2_and_says_what_is_wrong_and_what_to_do(
    reference: str, arguments: list[str], message: str, do: str, verify: Callable[..., Ran]
) -> None:
    ran = verify(reference, *arguments)
    assert f"\n  do  {do}" in ran.err
    assert (ran.code, ran.report["verdict"]) == (2, "invalid")
    assert message in ran.err
    assert ran.report["error"]["message"] in ran.err
    assert ran.out == ""


def test_an_unknown_trust_root_is_2_and_names_the_file(verify: Callable[..., Ran], tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\n[trust]\nroots = ["nowhere.json"]\n[signers.a]\nissuer = "i"\nidentity = "x"\n'
                      '[[rules]]\nimages = ["**"]\nsignature.signers = ["a"]\n')  # fmt: skip
    ran = verify(SIGNED, policy=policy)
    assert ran.code == 2
    assert "nowhere.json cannot be read (No such file or directory); built in: public-good" in ran.err


def test_a_trust_root_with_a_broken_certificate_is_2(verify: Callable[..., Ran], tmp_path: Path) -> None:
    root = json.loads((LAB / "trusted_root.json").read_bytes())
    root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = "AAAA"
    (tmp_path / "root.json").write_text(json.dumps(root))
    text = POLICY.read_text().replace("../trusted_root.json", "root.json")
    (tmp_path / "policy.toml").write_text(text)
    ran = verify(SIGNED, policy=tmp_path / "policy.toml")
    assert ran.code == 2
    assert "trust root 'root.json' cannot be read" in ran.err


def test_all_problems_of_a_policy_are_said_at_once(verify: Callable[..., Ran], tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\nsingers = 1\n[[rules]]\nimages = []\nsignature.signer = ["a"]\n')
    ran = verify(SIGNED, policy=policy)
    assert ran.code == 2
    assert "unknown key 'singers'; did you mean 'signers'?" in ran.err
    assert "rules[0].images: the list is empty" in ran.err
    assert len(ran.report["error"]["problems"]) == 4


@pytest.mark.parametrize(
    ("reference", "arguments"),
    [
        ("{host}/acme/api:v1", ["--policy", "missing.toml"]),
        ("{host}/acme/API", ["--policy", str(POLICY)]),
        ("{host}/acme/api:v1", ["--policy", str(POLICY), "--timeout", "0s"]),
        ("{host}/acme/api:v1", ["--policy", str(POLICY), "--report", "nowhere/at/all.json"]),
        ("{host}/acme/api:v1", []),
    ],
)
def test_nothing_is_fetched_for_a_wrong_job(reference: str, arguments: list[str]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        assert cli.run(["verify", reference.format(host=server.host), *arguments]) == 2
        assert server.requests == ()


def test_a_registry_that_is_down_is_3(verify: Callable[..., Ran]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ran = verify(f"127.0.0.1:{port}/acme/api:v1", policy=POLICY)
    assert (ran.code, ran.report["verdict"]) == (3, "undecided")
    assert ran.report["images"][0]["error"]["retry"] is True
    assert "run it again" in ran.out


def test_an_image_that_is_not_there_is_4_and_says_whether_credentials_were_used(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        ran = verify(f"{server.host}/acme/api:v9", policy=POLICY)
    assert (ran.code, ran.report["verdict"]) == (4, "undecided")
    assert "no credentials were used" in ran.out


def test_a_registry_that_never_answers_is_3_within_a_second_of_the_deadline(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}, delay=30) as server:
        began = time.monotonic()
        ran = verify(f"{server.host}/acme/api:v1", "--timeout", "1s", policy=POLICY)
        assert time.monotonic() - began < 3
    assert ran.code == 3
    assert "--timeout" in ran.out


# What could not be looked at


@pytest.mark.parametrize("needle", [b"cosign/sign/v1", b"dsseEnvelope"])
def test_a_missing_blob_is_4_and_never_unsigned(needle: bytes, verify: Callable[..., Ran], broken: Path) -> None:
    for path in list((broken / "blobs" / "sha256").iterdir()):
        if needle in path.read_bytes():
            path.unlink()
    ran = verify(f"oci:{broken}", policy=policy_path("production"))
    assert ran.code == 4
    assert "is missing" in ran.out
    assert "no signature: nothing is attached" not in ran.out.split("could not look")[0]


@pytest.mark.parametrize("harm", ["truncate", "flip"])
def test_a_truncated_or_wrong_blob_is_4_and_names_it(harm: str, verify: Callable[..., Ran], broken: Path) -> None:
    bundle = next(path for path in (broken / "blobs" / "sha256").iterdir() if b"dsseEnvelope" in path.read_bytes())
    raw = bundle.read_bytes()
    bundle.write_bytes(raw[:-10] if harm == "truncate" else raw[:-10] + bytes([raw[-10] ^ 1]) + raw[-9:])
    ran = verify(f"oci:{broken}", policy=policy_path("production"))
    assert ran.code == 4
    assert bundle.name in ran.out


def test_a_signature_that_was_found_stands_though_another_place_failed(verify: Callable[..., Ran]) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=503) if path.endswith(".att") else None

    with RegistryServer({"acme/api": LAB / "agent-signed"}, intercept=refuse) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=POLICY).code == 0
        ran = verify(f"{server.host}/acme/api:v1", policy=policy_path("production"))
    assert ran.code == 3
    assert ran.outcomes["signature"] == "pass"
    assert ran.outcomes["agents.allow"] == "error", "what was not seen may disagree (rule 27)"


@pytest.mark.parametrize("place", ["/referrers/", ".sig", ".att", "/manifests/sha256-"])
@pytest.mark.parametrize(("status", "code"), [(500, 3), (429, 3), (403, 4), (401, 4)])
def test_a_listing_that_failed_is_never_unsigned(
    place: str, status: int, code: int, verify: Callable[..., Ran]
) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=status) if place in path else None

    with RegistryServer({"acme/api": LAB / "unsigned"}, intercept=refuse) as server:
        ran = verify(f"{server.host}/acme/api:v1", policy=POLICY)
    assert ran.code == code
    assert ran.outcomes == {"signature": "error"}
    assert not all(entry["complete"] for entry in ran.report["images"][0]["ledger"])


def test_the_tag_is_resolved_once(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=POLICY).code == 0
        assert sum(request.path.endswith("/manifests/v1") for request in server.requests) == 1


# Rules and names


def test_an_image_that_no_rule_matches_fails(verify: Callable[..., Ran], tmp_path: Path) -> None:
    root = LAB / "trusted_root.json"
    text = POLICY.read_text().replace("../trusted_root.json", str(root)).replace('"**"', '"ghcr.io/acme/**"')
    (tmp_path / "policy.toml").write_text(text)
    ran = verify(SIGNED, policy=tmp_path / "policy.toml")
    assert (ran.code, ran.failed) == (1, ("rules",))
    assert ran.report["images"][0]["rules"][0]["name"] is None
    asserted = verify(SIGNED, "--as", "GHCR.io/acme/api", policy=tmp_path / "policy.toml")
    assert asserted.code == 0
    assert asserted.report["images"][0]["name"] == "ghcr.io/acme/api"
    assert asserted.report["images"][0]["name_asserted"] is True
    assert "the name is --as's" in asserted.out


# Outputs


def test_the_report_can_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", SIGNED, "--policy", str(POLICY), "--report", "-"]) == 0
    captured = capsys.readouterr()
    check_report(json.loads(captured.out))
    assert captured.err.startswith("PASS")


def test_a_report_that_cannot_be_written_is_said_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere" / "report.json", tmp_path):
        assert cli.run(["verify", SIGNED, "--policy", str(POLICY), "--report", str(place)]) == 2
        captured = capsys.readouterr()
        assert "--report" in captured.err
        assert captured.out == ""


def test_a_report_replaces_an_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("old")
    assert cli.run(["verify", SIGNED, "--policy", str(POLICY), "--report", str(report)]) == 0
    assert json.loads(report.read_text())["verdict"] == "pass"
    assert list(tmp_path.iterdir()) == [report]


def test_the_report_is_written_on_every_path(verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a bug\n::error::of ours")

    monkeypatch.setattr("gate.flow.Judge.judge", crash)
    ran = verify(SIGNED, policy=POLICY)
    assert (ran.code, ran.report["verdict"], ran.report["error"]["code"]) == (4, "undecided", "internal")
    assert "Traceback" not in ran.err + ran.out
    assert "::" not in ran.err
    assert "Traceback" in verify(SIGNED, "--debug", policy=POLICY).err


def test_verification_ends_at_the_deadline_too(verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found may cost more to verify than to fetch: here the time is over when the first candidate is due."""

    def slow(*arguments: Any, deadline: Deadline, **options: Any) -> Discovery:
        found = discover(*arguments, deadline=deadline, **options)

        class Late(tuple[Candidate, ...]):
            __slots__ = ()

            def __iter__(self) -> Iterator[Candidate]:
                deadline.at = 0
                return super().__iter__()

        return replace(found, candidates=Late(found.candidates))

    monkeypatch.setattr("gate.flow.judge.discover", slow)
    ran = verify(SIGNED, policy=POLICY)
    assert (ran.code, ran.report["verdict"]) == (3, "undecided")
    image = ran.report["images"][0]
    assert image["error"]["code"] == "deadline"
    assert "layout-subjects" in [entry["place"] for entry in image["ledger"]], "what was looked at is not lost"


def test_the_schema_is_printed_and_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", "--schema"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_warnings_go_to_standard_error_and_the_report(verify: Callable[..., Ran]) -> None:
    ran = verify(SIGNED, policy=policy_path("level-three"))
    (warning,) = ran.report["warnings"]
    assert "level 3 is above what any named builder is worth (2)" in warning
    assert f"warning: {warning}" in ran.err


# Environment and working directory


def test_the_environment_names_the_policy_only_without_the_flag(
    verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_POLICY", str(POLICY))
    ran = verify(SIGNED)
    assert (ran.code, ran.report["policy"]["from"]) == (0, "GATE_POLICY")
    monkeypatch.setenv("GATE_POLICY", "missing.toml")
    ran = verify(SIGNED, policy=POLICY)
    assert (ran.code, ran.report["policy"]["from"]) == (0, "--policy")


def test_the_environment_names_report_and_timeout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATE_REPORT", str(tmp_path / "r.json"))
    monkeypatch.setenv("GATE_TIMEOUT", "never")
    assert cli.run(["verify", SIGNED, "--policy", str(POLICY)]) == 2
    assert "GATE_TIMEOUT: 'never'" in json.loads((tmp_path / "r.json").read_text())["error"]["message"]


def test_nothing_in_the_working_directory_is_picked_up(
    verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(LAB / "policies", tmp_path / "policies")
    for name in ("policy.toml", "gate.toml", ".gate.toml"):
        shutil.copy(POLICY, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert verify(SIGNED).code == 2


# The process


def _gate(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gate", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},  # no HOME, as in a container
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_command_works_without_a_home(tmp_path: Path) -> None:
    process = _gate("verify", SIGNED, "--policy", str(POLICY), "--report", str(tmp_path / "r.json"))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert out.startswith(b"PASS")
    assert b"\x1b" not in out, "no colours where there is no terminal"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once_with_the_report_written(number: int, code: int, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    asked = threading.Event()
    with RegistryServer({"acme/api": LAB / "agent-signed"}, delay=30, intercept=lambda _: asked.set()) as server:
        process = _gate("verify", f"{server.host}/acme/api:v1", "--policy", str(POLICY), "--report", str(report))
        assert asked.wait(20)
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
        assert time.monotonic() - began < 3
    assert process.returncode == code
    assert b"Traceback" not in err
    written = json.loads(report.read_text())
    check_report(written)
    assert (written["verdict"], written["exit_code"]) == ("undecided", code)


def test_a_reader_that_goes_away_does_not_change_the_exit_code() -> None:
    process = _gate("verify", SIGNED, "--policy", str(POLICY))
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_a_command_that_ends_without_a_verdict_is_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "command", lambda _: lambda *_, **__: None)
    assert cli.run([]) == 4


def test_a_signal_counts_though_a_library_took_its_exception_for_its_own(
    verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "received", [signal.SIGTERM])
    ran = verify(SIGNED, policy=POLICY)
    assert (ran.code, ran.report["verdict"]) == (143, "undecided")


def test_the_version_comes_with_the_age_of_the_built_in_trust_roots() -> None:
    process = _gate("--version")
    out, err = process.communicate(timeout=30)
    first, *roots = out.decode().splitlines()
    assert (process.returncode, first, err) == (0, f"gate {__version__}", b"")
    assert [re.fullmatch(r"trust root (\S+) of \d{4}-\d\d-\d\d, \d+ days old", line)[1] for line in roots] == [  # type: ignore[index]
        "public-good",
        "github",
    ]


@pytest.mark.parametrize("word", ["sh", "bash", "/bin/sh", "/usr/bin/bash"])
def test_a_shell_as_the_first_word_is_told_to_clear_the_entrypoint(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([word, "-c", "if [ -x /usr/local/bin/bash ]; then"]) == 2
    assert 'entrypoint: [""]' in capsys.readouterr().err


@pytest.mark.parametrize("word", ["cat", "sleep", "tail"])
def test_a_program_that_keeps_a_container_alive_is_told_to_clear_the_entrypoint(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([word]) == 2
    assert "--entrypoint=" in capsys.readouterr().err
