"""Many references in one run: judged together, reported in order, and none of them less strictly than alone."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gate import cli, trust
from gate.cli import signals
from gate.cli.progress import Shown
from gate.flow import Judge, batch
from gate.limits import Deadline, Limits
from gate.parallel import start_all
from gate.policy.loading import load_policy
from gate.reference import parse_reference
from gate.sources import Sources
from gate.verification import Signed
from tests.conftest import LAB, Ran, check_report, policy_path
from tests.images import Layout, bundle, entry, policy
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gate.flow import ImageJudgement
    from gate.reference import Reference

POLICY = policy_path("signature")
SIGNED, UNSIGNED = LAB / "agent-signed", LAB / "unsigned"


def verdicts(ran: Ran) -> list[tuple[str, int]]:
    return [(image["reference"], image["exit_code"]) for image in ran.report["images"]]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Twelve images, every third of them unsigned."""
    found = []
    for number in range(12):
        layout = Layout(tmp_path / f"image-{number}")
        image = layout.image(f"image {number}", tag="v1")
        if number % 3:
            layout.sign(image)
        found.append(layout.folder)
    return found


# --- verdicts


def test_each_image_gets_the_verdict_that_it_gets_alone_in_the_order_given(
    images: list[Path], tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path)
    with RegistryServer({f"acme/{number}": folder for number, folder in enumerate(images)}, token=True) as server:
        references = [f"{server.host}/acme/{number}:v1" for number in (5, 0, 11, 3, 7, 1, 2, 4, 6, 8, 9, 10)]
        ran = verify(references[0], *references[1:], policy=path)
        assert [image["reference"] for image in ran.report["images"]] == references
        alone = {}
        for reference in references:
            one = verify(reference, policy=path)
            alone[reference] = one.report["images"][0]
    assert ran.code == 1
    assert {image["reference"]: image for image in ran.report["images"]} == alone
    assert ran.out.splitlines()[-1] == "FAIL  12 images: 4 fail, 8 pass"


@pytest.mark.parametrize(
    ("statuses", "code"),
    [((200, 1), 1), ((1, 503), 3), ((503, 403), 4), ((200, 403, 503, 1), 4), ((200, 503), 3)],
)
def test_the_worst_decides_the_exit_code(statuses: tuple[int, ...], code: int, verify: Callable[..., Ran]) -> None:
    """Design section 2: 4 > 3 > 2 > 1 > 0. A status of 1 here is an unsigned image."""

    def refuse(path: str) -> Response | None:
        status = int(path.split("/")[3].partition("-")[0])
        return None if status in (200, 1) else Response(status=status)

    layouts = {f"acme/{status}-x": UNSIGNED if status == 1 else SIGNED for status in statuses}
    with RegistryServer(layouts, intercept=refuse) as server:
        ran = verify(*(f"{server.host}/{name}:v1" for name in layouts), policy=POLICY)
    assert ran.code == code
    assert ran.report["verdict"] == {0: "pass", 1: "fail", 3: "undecided", 4: "undecided"}[code]
    expected = {200: 0, 1: 1, 503: 3, 403: 4}
    assert [number for _, number in verdicts(ran)] == [expected[status] for status in statuses]


def test_layouts_and_registries_can_be_judged_together(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": SIGNED}) as server:
        references = [f"oci:{UNSIGNED}", f"{server.host}/acme/api:v1", f"oci:{SIGNED}"]
        ran = verify(*references, policy=POLICY)
    assert verdicts(ran) == list(zip(references, (1, 0, 0), strict=True))


def test_the_same_image_named_twice_is_in_the_report_twice(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": SIGNED}) as server:
        reference = f"{server.host}/acme/api:v1"
        ran = verify(reference, reference, policy=POLICY)
        assert sum(request.path.endswith("/manifests/v1") for request in server.requests) == 1
    assert verdicts(ran) == [(reference, 0), (reference, 0)]


def test_one_rule_for_each_name_holds_in_a_batch(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    """The same digest under two names is judged by the rules of each name."""
    with RegistryServer({"acme/api": SIGNED, "other/api": SIGNED}) as server:
        text = POLICY.read_text().replace('"**"', f'"{server.host}/acme/**"')
        text = text.replace("../trusted_root.json", str(LAB / "trusted_root.json"))
        (tmp_path / "policy.toml").write_text(text)
        references = [f"{server.host}/{name}:v1" for name in ("acme/api", "other/api")]
        ran = verify(*references, policy=tmp_path / "policy.toml")
    assert verdicts(ran) == list(zip(references, (0, 1), strict=True))


# --- sharing


def test_a_batch_shares_tokens_and_connections(images: list[Path], tmp_path: Path, verify: Callable[..., Ran]) -> None:
    layouts = {f"acme/{number}": folder for number, folder in enumerate(images)}
    with RegistryServer(layouts, token=True) as server:
        references = [f"{server.host}/{name}{tag}" for name in layouts for tag in (":v1", ":nowhere")]
        assert verify(*references, policy=policy(tmp_path)).code == 4
        tokens = [request.path for request in server.requests if request.path.startswith("/token")]
        assert len(tokens) == len(set(tokens)) == len(layouts)
        assert server.accepted <= Limits().concurrency


def test_a_digest_is_fetched_once_whatever_tags_it_has(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    """Each tag is asked for; what is attached to the digest, once (kyverno#16997)."""
    layout = Layout(tmp_path / "image")
    image = layout.image("x", tag="v1")
    layout.listed += [{**image, "annotations": {"org.opencontainers.image.ref.name": f"v{n}"}} for n in range(2, 6)]
    layout.sign(image)
    with RegistryServer({"acme/api": layout.folder}) as server:
        references = [f"{server.host}/acme/api:v{number}" for number in range(1, 6)]
        ran = verify(*references, f"{server.host}/acme/api@{image['digest']}", policy=policy(tmp_path))
        paths = [request.path for request in server.requests]
    assert ran.code == 0
    assert len(ran.report["images"]) == 6
    assert len(paths) == len(set(paths)), "nothing is asked twice"
    assert sum("/referrers/" in path for path in paths) == 1
    assert sum("/blobs/" in path for path in paths) == 1


def test_references_are_judged_at_the_same_time_and_not_without_bound(
    images: list[Path], tmp_path: Path, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most = threading.Lock(), [0], [0]
    judge = Judge.judge

    def counted(self: Judge, reference: Reference, **options: Any) -> ImageJudgement:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return judge(self, reference, **options)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(Judge, "judge", counted)
    layouts = {f"acme/{number}-{copy}": folder for number, folder in enumerate(images) for copy in range(2)}
    with RegistryServer(layouts, delay=0.01) as server:
        verify(*(f"{server.host}/{name}:v1" for name in layouts), policy=policy(tmp_path))
    assert 2 <= most[0] <= Limits().images


def test_what_all_images_hold_at_one_time_is_bounded_and_nobody_waits_for_ever(
    images: list[Path], tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """Room for the evidence of one image and a half: they take turns."""
    size = len(bundle("sha256:" + "0" * 64))
    rules = f"[limits]\nevidence-bytes = {size * 3 // 2}\n[[rules]]\nimages = ['**']\nsignature.signers = ['forge']\n"
    layouts = {f"acme/{number}": folder for number, folder in enumerate(images) if number % 3}
    with RegistryServer(layouts) as server:
        ran = verify(*(f"{server.host}/{name}:v1" for name in layouts), policy=policy(tmp_path, rules))
    assert ran.code == 0, ran.out


def test_the_entries_of_one_index_take_turns_too(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    layout = Layout(tmp_path / "image")
    items = [layout.image(f"image {number}") for number in range(4)]
    layout.index([entry(item, f"linux/a{number}") for number, item in enumerate(items)], tag="v1")
    for item in items:
        layout.sign(item)
    size = len(bundle("sha256:" + "0" * 64))
    rules = f"[limits]\nevidence-bytes = {size * 3 // 2}\n[[rules]]\nimages = ['**']\nplatforms = 'each'\n"
    with RegistryServer({"acme/api": layout.folder}) as server:
        text = rules + "signature.signers = ['forge']\n"
        ran = verify(f"{server.host}/acme/api:v1", policy=policy(tmp_path, text))
    assert ran.code == 0, ran.out


@pytest.mark.parametrize("light", [True, False])
def test_what_was_judged_lets_go_of_what_it_read_where_there_is_more(*, light: bool) -> None:
    """A hundred images may carry a hundred SBOMs; a report needs none of their words."""
    path = policy_path("production")
    loaded = load_policy(path)
    limits, deadline = Limits(), Deadline(20)
    roots = [trust.load(root.name, folder=path.parent, log_none=False, ct_none=False) for root in loaded.roots]
    judge = Judge(
        loaded,
        roots=roots,
        sources=Sources(limits=limits, deadline=deadline),
        limits=limits,
        deadline=deadline,
        now=datetime.now(UTC),
        light=light,
    )
    judgement = judge.judge(parse_reference(f"oci:{SIGNED}"))
    verified: list[Signed] = [item for one in judgement.judged for item in one.evidence if isinstance(item, Signed)]
    verified += [claim.claim.evidence for rule in judgement.rules for claim in rule.commits]
    assert len(verified) >= 3
    assert any(item.statement is not None and item.statement.predicate for item in verified) is not light


def test_the_images_that_are_judged_are_counted(monkeypatch: pytest.MonkeyPatch, verify: Callable[..., Ran]) -> None:
    """Each text once."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Shown, "judged", lambda _, done, of: told.append((done, of)))
    references = [f"oci:{SIGNED}", f"oci:{LAB / 'two-signers'}", f"oci:{SIGNED}"]
    assert verify(*references, policy=POLICY).code == 0
    assert told == [(0, 2), (1, 2), (2, 2)]


# --- what goes wrong


@pytest.mark.parametrize("wrong", ["acme//api", "oci:/nowhere/at/all", "ghcr.io/Acme/api"])
def test_one_wrong_reference_is_2_and_nothing_is_fetched(wrong: str, verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": SIGNED}) as server:
        ran = verify(f"{server.host}/acme/api:v1", wrong, f"{server.host}/acme/api:v2", policy=POLICY)
        assert server.requests == ()
    assert (ran.code, ran.report["images"]) == (2, [])
    assert ran.report["error"]["code"] == "invalid.reference"


def test_all_wrong_references_are_said_at_once(verify: Callable[..., Ran]) -> None:
    ran = verify("acme//api", "ghcr.io/acme/ok:1", "ghcr.io/Acme/api", policy=POLICY)
    assert ran.code == 2
    assert ran.report["error"]["message"].startswith("2 references are wrong: 'acme//api'")
    assert "ghcr.io/Acme/api" in ran.report["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "flags", "message"),
    [
        ("oci", ["--as", "ghcr.io/acme/api"], "--as names one local image"),
        ("oci", ["--bundle", "bundle.json"], "--bundle goes with one file:PATH"),
        ("file", ["--bundle", "bundle.json"], "--bundle goes with one file:PATH"),
    ],
)
def test_what_is_about_one_reference_does_not_go_with_several(
    kind: str, flags: list[str], message: str, verify: Callable[..., Ran]
) -> None:
    ran = verify(f"{kind}:{SIGNED}", f"{kind}:{UNSIGNED}", *flags, policy=POLICY)
    assert (ran.code, ran.report["images"]) == (2, [])
    assert message in ran.err


def test_a_broken_layout_is_undecided_and_the_others_are_judged(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    broken = Layout(tmp_path / "broken")
    image = broken.image("x", tag="v1")
    (broken.folder / "blobs" / "sha256" / image["digest"][7:]).write_text("{}")
    ran = verify(f"oci:{broken.folder}:v1", f"oci:{SIGNED}", policy=POLICY)
    assert [number for _, number in verdicts(ran)] == [4, 0]


def test_a_crash_over_one_image_is_4_and_the_others_are_reported(
    verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge.judge

    def crash(self: Judge, reference: Reference, **options: Any) -> ImageJudgement:
        if "unsigned" in reference.text:
            raise RuntimeError("a bug")
        return judge(self, reference, **options)

    monkeypatch.setattr(Judge, "judge", crash)
    ran = verify(f"oci:{SIGNED}", f"oci:{UNSIGNED}", f"oci:{LAB / 'two-signers'}", policy=POLICY)
    assert (ran.code, ran.report["verdict"], ran.report["error"]["code"]) == (4, "undecided", "internal")
    assert verdicts(ran) == [(f"oci:{SIGNED}", 0), (f"oci:{LAB / 'two-signers'}", 0)]
    assert "RuntimeError" in ran.out + ran.err


def test_a_run_that_judged_not_all_is_never_a_pass(verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever bug of ours leaves one out."""

    def forgetful(judge: Judge, references: list[Reference], done: list[Any], **_: Any) -> None:
        done[:] = [judge.judge(references[0]), None]

    monkeypatch.setattr("gate.flow.judge_all", forgetful)
    ran = verify(f"oci:{SIGNED}", f"oci:{LAB / 'two-signers'}", policy=POLICY)
    assert (ran.code, ran.report["verdict"], len(ran.report["images"])) == (4, "undecided", 1)
    assert ran.report["error"]["code"] == "internal"


def test_the_deadline_is_the_whole_runs(images: list[Path], tmp_path: Path, verify: Callable[..., Ran]) -> None:
    layouts = {f"acme/{number}": folder for number, folder in enumerate(images)}

    def stall(path: str) -> Response | None:
        return Response(pause=30) if "/acme/1" not in path else None

    with RegistryServer(layouts, intercept=stall) as server:
        references = [f"{server.host}/{name}:v1" for name in ("acme/1", *(f"acme/{n}" for n in range(2, 10)))] * 2
        began = time.monotonic()
        ran = verify(*references, "--timeout", "2s", policy=policy(tmp_path))
        assert time.monotonic() - began < 20
    assert ran.code == 3
    codes = [number for _, number in verdicts(ran)]
    assert [number for place, number in enumerate(codes) if place % 9] == [3] * 16
    assert set(codes[::9]) <= {0, 3}, "one that was in time keeps its verdict"


def test_what_was_judged_before_a_signal_is_in_the_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Interrupted:
        """Answers of which the second never comes because a signal does."""

        def __init__(self, *round_: Any, **more: Any) -> None:
            self.queue = start_all(*round_, **more)
            self.answers = 0

        def get(self) -> Any:
            if self.answers:
                signals.received.append(15)
                raise signals.Stopped
            self.answers += 1
            return self.queue.get()

    monkeypatch.setattr(batch, "start_all", Interrupted)
    monkeypatch.setattr(signals, "received", [])
    report = tmp_path / "report.json"
    references = [f"oci:{SIGNED}", f"oci:{LAB / 'two-signers'}"]
    assert cli.run(["verify", *references, "--policy", str(POLICY), "--report", str(report)]) == 143
    written = json.loads(report.read_text())
    check_report(written)
    assert len(written["images"]) == 1
    assert (written["verdict"], written["error"]["code"]) == ("undecided", "interrupted")
    capsys.readouterr()


# --- --refs-from


def test_references_are_read_from_a_file_after_those_of_the_command_line(
    tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    listed = tmp_path / "refs.txt"
    listed.write_bytes(f"\ufeff# what we deploy\r\n\r\n  oci:{UNSIGNED}  \r\n# oci:nowhere\r\noci:{SIGNED}".encode())
    ran = verify(f"oci:{LAB / 'two-signers'}", "--refs-from", str(listed), policy=POLICY)
    assert verdicts(ran) == [(f"oci:{LAB / 'two-signers'}", 0), (f"oci:{UNSIGNED}", 1), (f"oci:{SIGNED}", 0)]


def test_references_are_read_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"oci:{SIGNED}\n".encode())))
    assert cli.run(["verify", "--refs-from", "-", "--policy", str(POLICY)]) == 0
    assert capsys.readouterr().out.startswith("PASS")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "names no image"),
        (b"\n# only\n\n   # comments\n", "names no image"),
        (b"\xff\n", "is not UTF-8 (byte 0)"),
        (b"x" * (1 << 20) + b"y", "has more than 1048576 bytes"),
        (b"oci:a\n" * 1001, "1001 references; at most 1000"),
        (b"ghcr.io/acme/api:1 # here\n", "spaces"),
        (b"ghcr.io/acme/api:1 ghcr.io/acme/web:1\n", "spaces"),
    ],
)
def test_a_file_that_names_no_images_is_2(
    raw: bytes, message: str, tmp_path: Path, verify: Callable[..., Ran], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "refs.txt").write_bytes(raw)
    code = cli.run(["verify", "--refs-from", str(tmp_path / "refs.txt"), "--policy", str(POLICY)])
    assert code == 2
    assert message in capsys.readouterr().err


def test_no_reference_at_all_is_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["verify", "--policy", str(POLICY)]) == 2
    assert "no image" in capsys.readouterr().err
    assert cli.run(["verify", "--refs-from", str(tmp_path / "missing"), "--policy", str(POLICY)]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
