"""The worst inputs, each judged in a process of its own: in bounded memory, with a verdict, and never a crash.

Those that once took gigabytes or minutes are judged every time, the others in the exhaustive run; `scripts/bench
hostile` measures all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile import MIB, run
from tests.hostile.cases import CASES

if TYPE_CHECKING:
    from pathlib import Path

ONCE_BAD = (
    "signed: keys and an emoji",
    "signed: a repository of megabytes",
    "signed: commits",
    "signed: what does not satisfy the schema",
    "claimed: folded trailers",
    "inspect claimed: helpers",
    "unsigned: an index about nothing",
    "unsigned: a checkpoint of many signatures",
    "unsigned: timestamps again and again",
    "unsigned: large manifests",
    "unsigned: layers",
    "unsigned: lines without end",
    "local: extended rules",
    "local: schemas",
    "local: a pipe",
    "local: an archive of digits",
    "local: an archive in a circle",
)
MEBIBYTES = 384
"""More than any takes here, and far less than those took: other allocators need more than this machine's."""


def _judge(name: str, folder: Path) -> None:
    # The limit on CPU is a guard against what never ends, ten times what is measured.
    command = CASES[name](folder)
    taken = run(command, folder, memory=2048 * MIB, seconds=20)
    expected = {1, 2, 4} if command[0] == "verify" else {0, 4}
    assert taken.code in expected, "no pass, no crash, not stopped"
    assert "internal error" not in taken.report
    assert taken.peak < MEBIBYTES
    assert len(taken.report) < 32 * MIB, "ten thousand commits, and why each is not allowed"


@pytest.mark.parametrize("name", ONCE_BAD)
def test_what_once_took_too_much_is_judged(name: str, tmp_path: Path) -> None:
    _judge(name, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(set(CASES) - set(ONCE_BAD)))
def test_any_hostile_input_is_judged(name: str, tmp_path: Path) -> None:
    _judge(name, tmp_path)
