"""`--output` and `--output-dir`: every file on every path, whole, and of one mind with the exit code."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate import cli
from gate.cli import signals
from gate.cli.help import Command
from gate.errors import GateError, NotWritten
from gate.report import writing
from gate.report.formats import FORMATS
from tests.conftest import LAB, check_report, policy_path
from tests.registry_server import RegistryServer
from tests.report.test_formats import says

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED = f"oci:{LAB / 'agent-signed'}"
UNSIGNED = f"oci:{LAB / 'unsigned'}"
POLICY = str(policy_path("signature"))
FILES = {item.file: item.name for item in FORMATS.values()}


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("a bug\n::error::of ours")


def _stop(*_: object, **__: object) -> None:
    signals.received.append(signal.SIGTERM)
    raise signals.Stopped


@pytest.fixture(autouse=True)
def _no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "received", [])


def _check(folder: Path, code: int) -> None:
    """Every file is there and says the exit code's verdict."""
    assert {path.name for path in folder.iterdir()} == set(FILES)
    verdict = {0: "pass", 1: "fail"}.get(code, "undecided")
    for name, view in FILES.items():
        text = (folder / name).read_text(encoding="utf-8")
        if view == "digest":
            assert bool(text) == (code == 0)
        else:
            assert says(view, text) == verdict, name
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    check_report(report)
    assert report["exit_code"] == code


@pytest.mark.parametrize(
    ("arguments", "broken", "code"),
    [
        ([SIGNED, "--policy", POLICY], None, 0),
        ([UNSIGNED, "--policy", POLICY], None, 1),
        ([SIGNED, UNSIGNED, "--policy", POLICY, "--offline"], None, 1),
        ([SIGNED, "--policy", "missing.toml"], None, 2),
        ([SIGNED], None, 2),
        (["not a reference", "--policy", POLICY], None, 2),
        ([SIGNED, "--policy", POLICY, "--no-such-flag"], None, 2),
        ([SIGNED, "--policy", POLICY, "--timeout"], None, 2),
        ([SIGNED, "--policy", POLICY, "--output", "nonsense"], None, 2),
        (["127.0.0.1:1/acme/api:v1", "--policy", POLICY], None, 3),
        ([SIGNED, "--policy", POLICY], _crash, 4),
        ([SIGNED, "--policy", POLICY], _stop, 143),
    ],
)
def test_every_file_is_written_on_every_path(
    arguments: list[str],
    broken: Callable[..., None] | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "made" / "out"
    if broken is not None:
        monkeypatch.setattr("gate.flow.Judge.judge", broken)
    assert cli.run(["verify", "--output-dir", str(folder), *arguments]) == code
    if code == 1 and len(arguments) > 4:
        assert (folder / "digest").read_text().startswith(SIGNED)
        (folder / "digest").write_text("")  # of several images those that passed are listed: not what is checked here
    _check(folder, code)
    assert "Traceback" not in capsys.readouterr().err


def test_the_files_of_a_folder_have_the_documented_names() -> None:
    page = (Path(__file__).parents[1] / "docs" / "outputs.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([a-z]+)` \| `([a-z.-]+)` \|", page, re.MULTILINE))
    assert table == {item.name: item.file for item in FORMATS.values()}


def test_the_folder_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_OUTPUT_DIR", str(tmp_path / "out"))
    assert cli.run(["verify", SIGNED, "--policy", POLICY]) == 0
    _check(tmp_path / "out", 0)


def test_outputs_go_where_they_are_told(tmp_path: Path) -> None:
    places = {name: tmp_path / f"{name}.out" for name in FORMATS}
    flags = [flag for name, path in places.items() for flag in ("--output", f"{name}={path}")]
    assert cli.run(["verify", UNSIGNED, "--policy", POLICY, *flags, "--report", str(tmp_path / "again.json")]) == 1
    for name, path in places.items():
        assert path.exists()
        assert name == "digest" or says(name, path.read_text()) == "fail"
    assert (tmp_path / "again.json").read_bytes() == places["json"].read_bytes()


@pytest.mark.parametrize("place", ["-", "/dev/stdout"])
def test_one_view_may_have_standard_output_and_the_summary_goes_to_standard_error(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output", f"verdict={place}"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "pass"
    assert captured.err.startswith("PASS")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["--output", "junit"], "--output 'junit': write FORMAT=PATH, as in --output junit=gate.xml"),
        (["--output", "junit="], "--output 'junit=': write FORMAT=PATH"),
        (["--output", "junti={tmp}/x"], "unknown format 'junti'; did you mean junit?"),
        (["--output", "pdf={tmp}/x"], "unknown format 'pdf'; there is json, text, junit"),
        (["--output", "json=-", "--output", "text=-"], "only one output can go to stdout"),
        (["--report", "-", "--output", "text=-"], "only one output can go to stdout"),
        (["--output", "json={tmp}/x", "--output", "text={tmp}/x"], "are the same file: give each its own"),
        (["--output", "json={tmp}/no/x"], "/no/x cannot be written: No such file or directory"),
        (["--output", "json={tmp}"], "is a folder; name a file"),
        (["--output-dir", "{tmp}/file/out"], "/file/out cannot be made: Not a directory"),
    ],
)
def test_an_output_that_cannot_be_is_2_before_anything_is_fetched(
    outputs: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    outputs = [text.replace("{tmp}", str(tmp_path)) for text in outputs]
    kept = tmp_path / "kept.json"
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        image = f"{server.host}/acme/api:v1"
        assert cli.run(["verify", image, "--policy", POLICY, *outputs, "--output", f"json={kept}"]) == 2
        assert server.requests == ()
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert json.loads(kept.read_text())["verdict"] == "invalid", "the others say so"


@pytest.mark.parametrize("flag", ["--report", "--output", "GATE_POLICY"])
def test_an_output_never_takes_the_place_of_what_the_run_reads(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("version = 1\n")
    (tmp_path / "link").symlink_to(policy)
    if flag == "GATE_POLICY":
        monkeypatch.setenv(flag, str(policy))
        arguments = ["--report", str(policy)]
    else:
        place = str(policy) if flag == "--report" else f"json={tmp_path / 'link'}"
        arguments = ["--policy", str(policy), flag, place]
    assert cli.run(["verify", SIGNED, *arguments]) == 2
    assert "is what this run reads; name another file" in capsys.readouterr().err
    assert policy.read_text() == "version = 1\n"


def test_other_inputs_are_kept_too(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("x")
    for arguments in (
        [f"file:{kept}", "--bundle", POLICY],
        [f"file:{POLICY}", "--bundle", str(kept)],
        ["--refs-from", str(kept)],
        [f"oci-archive:{kept}"],
    ):
        assert cli.run(["verify", *arguments, "--policy", POLICY, "--output", f"text={kept}"]) == 2
        assert kept.read_text() == "x"


# No file of an earlier run


def test_a_run_that_is_killed_leaves_no_verdict_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill cannot be caught: what is there while the images are judged is what is left."""
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output-dir", str(tmp_path)]) == 0
    seen: list[str] = []

    def look(*_: object, **__: object) -> None:
        seen.extend(path.name for path in tmp_path.iterdir())
        raise GateError("killed here")

    monkeypatch.setattr("gate.flow.Judge.judge", look)
    cli.run(["verify", SIGNED, "--policy", POLICY, "--output-dir", str(tmp_path)])
    assert seen == []


def test_a_mistyped_flag_leaves_no_verdict_of_an_earlier_run(tmp_path: Path) -> None:
    place = tmp_path / "gate.env"
    place.write_text("GATE_VERDICT=pass\n")
    assert cli.run(["verify", SIGNED, "--polcy", POLICY, "--output", f"dotenv={place}"]) == 2
    assert place.read_text().startswith("GATE_VERDICT=invalid\n")


def test_a_signal_while_flags_are_read_leaves_no_verdict_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "gate.env"
    place.write_text("GATE_VERDICT=pass\n")
    parse = Command.parse_args

    def stopped(self: Command, ctx: Any, args: list[str]) -> list[str]:
        parsed = parse(self, ctx, args)
        if not ctx.resilient_parsing:
            _stop()
        return parsed

    monkeypatch.setattr(Command, "parse_args", stopped)
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output", f"dotenv={place}"]) == 143
    assert place.read_text().startswith("GATE_VERDICT=undecided\n")


def test_help_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", "--output-dir", str(tmp_path / "out"), "--help"]) == 0
    assert not (tmp_path / "out").exists()


# What cannot be written in the end


def test_a_file_that_cannot_be_written_in_the_end_is_4_in_all_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = writing.write

    def full(path: Path, text: str) -> None:
        if path.name == "junit.xml":
            raise NotWritten(f"{path} could not be written: {os.strerror(errno.ENOSPC)}")
        write(path, text)

    monkeypatch.setattr(writing, "write", full)
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output-dir", str(tmp_path)]) == 4
    assert "junit.xml could not be written: No space left on device" in capsys.readouterr().err
    monkeypatch.setattr(writing, "write", write)
    (tmp_path / "junit.xml").write_text('<testsuites errors="1"/>')  # there is none: not what is checked here
    _check(tmp_path, 4)


def test_a_view_that_crashes_is_4_and_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(report: Any) -> str:
        raise ValueError(len(report))

    monkeypatch.setattr("gate.report.markdown.markdown", crash)
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output-dir", str(tmp_path)]) == 4
    (tmp_path / "summary.md").write_text("## gate: UNDECIDED\n")
    _check(tmp_path, 4)


def test_a_report_that_cannot_be_built_is_4_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.report.document._image", _crash)
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output-dir", str(tmp_path)]) == 4
    _check(tmp_path, 4)


def test_standard_output_that_is_full_is_4_in_the_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "report.json"
    with suppress(OSError), Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        arguments = ["verify", SIGNED, "--policy", POLICY, "--output", "text=-", "--report", str(report)]
        assert cli.run(arguments) == 4
    written = json.loads(report.read_text())
    assert (written["exit_code"], written["error"]["code"]) == (4, "output")


def test_a_summary_that_nobody_can_read_changes_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with Path("/dev/full").open("w") as full:
        arguments = ["verify", SIGNED, "--policy", POLICY, "--report", str(report)]
        command = [sys.executable, "-m", "gate", *arguments]
        assert subprocess.run(command, stdout=full, stderr=full, check=False).returncode == 0
    assert json.loads(report.read_text())["exit_code"] == 0


@pytest.mark.parametrize(
    ("closed", "output", "code"),
    [("<&- >&- 2>&-", [], 0), (">&-", ["--report", "-"], 4), ("2>&-", ["--report", "-"], 0)],
)
def test_a_stream_that_is_closed_from_the_start_is_like_one_that_is_full(
    tmp_path: Path, closed: str, output: list[str], code: int
) -> None:
    """Python has none in its place, and the next file that is opened gets its number."""
    files = tmp_path / "out"
    arguments = ["verify", SIGNED, "--policy", POLICY, "--output-dir", str(files), *output]
    command = ["sh", "-c", f'"$@" {closed}', "sh", sys.executable, "-m", "gate", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "internal error" not in done.stderr
    assert not done.stdout or json.loads(done.stdout)["exit_code"] == code
    _check(files, code)


def test_a_stream_that_cannot_be_flushed_changes_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own exit code for it is 1, which is a fail."""

    class Broken(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    codes: list[int] = []
    monkeypatch.setattr(cli, "run", lambda: 0)
    monkeypatch.setattr(signals, "catch", lambda: None)
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(sys, "stdout", Broken())
    monkeypatch.setattr(sys, "stderr", Broken())
    main: Callable[[], object] = cli.main
    main()
    assert codes == [0]


def test_a_file_is_for_others_to_read_on_the_disk_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    writing.write(tmp_path / "report", "text")
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o644
    assert len(synced) == 1

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(NotWritten):
        writing.write(tmp_path / "other", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


# Places of their own kind


def test_a_file_whose_folder_takes_no_others_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As /dev/termination-log and a file that is mounted by itself: nothing can be put beside or over it."""
    place = tmp_path / "termination-log"
    place.write_text("pass of an earlier run, which was longer than what comes now" * 100)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert cli.run(["verify", UNSIGNED, "--policy", POLICY, "--output", f"termination={place}"]) == 1
    assert place.read_text().startswith("FAIL ")
    assert "earlier" not in place.read_text()


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    (tmp_path / "target").write_text("old")
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output", f"verdict={link}"]) == 0
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == "pass"


def test_github_gets_annotations_and_a_step_summary_behind_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = tmp_path / "summary"
    steps.write_text("of another tool\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(steps))
    assert cli.run(["verify", UNSIGNED, "--policy", POLICY]) == 1
    assert steps.read_text() == "of another tool\n", "only where it was asked for"
    capsys.readouterr()
    assert cli.run(["verify", UNSIGNED, "--policy", POLICY, "--output", "github=-"]) == 1
    assert capsys.readouterr().out.startswith("::error file=")
    assert steps.read_text().startswith("of another tool\n## gate: FAIL\n")


def test_a_step_summary_that_cannot_be_written_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary"))
    assert cli.run(["verify", SIGNED, "--policy", POLICY, "--output", "github=-"]) == 2
    assert "GITHUB_STEP_SUMMARY" in capsys.readouterr().err
