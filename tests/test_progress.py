"""What is waited for, as a terminal and as a log see it; and colours."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from gate import cli
from gate.cli.output import wants_colour
from gate.cli.progress import Mode, Shown
from gate.progress import Phase
from gate.report.text import summary
from tests.conftest import LAB, policy_path
from tests.registry_server import RegistryServer
from tests.report.documents import every

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

ERASE = "\r\x1b[2K"
SIGNED = f"oci:{LAB / 'agent-signed'}"
POLICY = str(policy_path("signature"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(Terminal):
    def write(self, _: str) -> int:
        raise OSError


def _run(shown: Shown, about: str = "ghcr.io/acme/api:1") -> None:
    with shown:
        shown.about = about
        for phase in Phase:
            shown.phase(phase)


def test_on_a_terminal_it_is_one_line_that_is_gone_in_the_end() -> None:
    stream = Terminal()
    _run(Shown(Mode.AUTO, stream, {}))
    shown = stream.getvalue()
    assert shown.split(ERASE) == [
        "",
        "gate: resolving ghcr.io/acme/api:1",
        "gate: asking what is attached to ghcr.io/acme/api:1",
        "gate: fetching the evidence of ghcr.io/acme/api:1",
        "gate: verifying the evidence of ghcr.io/acme/api:1",
        "",
    ]


def test_a_long_or_hostile_name_neither_wraps_nor_obeys() -> None:
    stream = Terminal()
    _run(Shown(Mode.AUTO, stream, {}), about="x\x1b[2J\n::error::" + "y" * 500)
    lines = stream.getvalue().split(ERASE)
    assert all(line.isprintable() and len(line) < 80 and "::" not in line for line in lines)


def test_a_log_gets_nothing_of_a_run_that_takes_no_time() -> None:
    stream = io.StringIO()
    _run(Shown(Mode.AUTO, stream, {}))
    assert stream.getvalue() == ""


def test_a_log_gets_a_line_of_a_phase_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    shown = Shown(Mode.AUTO, stream, {}, late=0.001)
    with shown:
        shown.phase(Phase.RESOLVE)
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join(10)
    assert stream.getvalue() == "gate: resolving the image\n"


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}])
def test_a_terminal_that_nobody_watches_is_a_log(environment: dict[str, str]) -> None:
    stream = Terminal()
    _run(Shown(Mode.AUTO, stream, environment))
    assert stream.getvalue() == ""


def test_plain_is_one_line_a_phase_and_never_more() -> None:
    stream = Terminal()
    shown = Shown(Mode.PLAIN, stream, {})
    with shown:
        for phase in (Phase.RESOLVE, Phase.LISTINGS, Phase.RESOLVE, Phase.LISTINGS, Phase.EVIDENCE, Phase.LISTINGS):
            shown.phase(phase)
    assert stream.getvalue().count("\n") == 3
    assert "\x1b" not in stream.getvalue()


def test_none_says_nothing_and_nothing_is_said_after_the_end() -> None:
    stream = Terminal()
    _run(Shown(Mode.NONE, stream, {}))
    shown = Shown(Mode.PLAIN, stream, {})
    with shown:
        pass
    shown.phase(Phase.RESOLVE)
    shown._print("what a thread had to say when it ended")
    assert stream.getvalue() == ""


def test_of_several_images_their_number_is_shown() -> None:
    for stream, wanted in (
        (Terminal(), f"{ERASE}gate: judging 2 images, 0 done{ERASE}gate: judging 2 images, 1 done{ERASE}"),
        (io.StringIO(), "gate: judging 2 images\n"),
    ):
        with Shown(Mode.AUTO if stream.isatty() else Mode.PLAIN, stream, {}) as shown:
            shown.judged(0, 2)
            shown.phase(Phase.LISTINGS)
            shown.judged(1, 2)
        assert stream.getvalue() == wanted


def test_a_terminal_that_is_gone_ends_no_run() -> None:
    _run(Shown(Mode.AUTO, Full(), {}))


def test_a_run_tells_each_phase_once(capsys: pytest.CaptureFixture[str]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        image = f"{server.host}/acme/api:v1"
        assert cli.run(["verify", image, "--policy", POLICY, "--progress", "plain"]) == 0
    words = [line.split()[1] for line in capsys.readouterr().err.splitlines()]
    assert words == ["resolving", "asking", "fetching", "verifying"]


def test_a_run_with_several_images_tells_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", SIGNED, f"{SIGNED}@{_digest()}", "--policy", POLICY, "--progress", "plain"]) == 0
    assert capsys.readouterr().err == "gate: judging 2 images\n"


def _digest() -> str:
    index = (LAB / "agent-signed" / "index.json").read_text()
    match = re.search(r"sha256:[0-9a-f]{64}", index)
    assert match
    return match[0]


def test_a_wrong_mode_is_2(verify: Callable[..., Ran], capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(SIGNED, "--progress", "bar", policy=POLICY).code == 2


def test_on_a_real_terminal_the_line_is_gone_before_the_summary_and_verdicts_have_colours() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gate", "verify", SIGNED, "--policy", POLICY]
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # how Linux says that the last one closed it
            while read := os.read(ours, 4096):
                shown += read
    os.close(ours)
    assert process.returncode == 0
    waited, _, told = shown.decode().rpartition(ERASE)
    assert waited.startswith(f"{ERASE}gate: resolving oci:")
    assert told.startswith("\x1b[32mPASS\x1b[0m  oci:")


# Colours


@pytest.mark.parametrize(
    ("terminal", "environment", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (False, {"GITHUB_ACTIONS": "true"}, False),
    ],
)
def test_colour_is_for_terminals_unless_it_is_forbidden_or_forced(
    environment: dict[str, str], *, terminal: bool, wanted: bool
) -> None:
    assert wants_colour(Terminal() if terminal else io.StringIO(), environment) is wanted


def test_only_words_of_our_own_have_a_colour_and_without_them_it_is_the_same_summary() -> None:
    for built in every("PASS  FAIL\x1b[31m").values():
        coloured = summary(built, colour=True)
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == summary(built)
        words = set(re.findall(r"\x1b\[[0-9;]+m([^\x1b]*)\x1b\[0m", coloured))
        assert words <= {"PASS", "FAIL", "UNDECIDED", "INVALID", "pass ", "FAIL ", "ERROR", "WAIVED"}
        assert coloured.count("\x1b") == 2 * len(re.findall(r"\x1b\[0m", coloured))


def test_the_summary_has_colours_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output", f"text={tmp_path / 'plain'}"]) == 0
    assert capsys.readouterr().out.startswith("\x1b[32mPASS\x1b[0m  oci:")
    assert (tmp_path / "plain").read_text().startswith("PASS  oci:"), "a file never has any"
