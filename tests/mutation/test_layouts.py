"""Whole images, mutated in the documents that carry them: never a PASS with another meaning, and never "unsigned" where
bytes are not what their digest says.
"""

from __future__ import annotations

import json
import shutil
import zlib
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from gate.verdict import EXIT_PASS
from tests.conftest import LAB, Ran, policy_path
from tests.mutation.harmless import MANIFESTS, Harmless, reason
from tests.mutation.judging import Effect
from tests.mutation.layouts import Answer, Copy, Planted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LAYOUTS = {
    "lab/agent-signed": "production",
    "lab/keyed-legacy": "key",
    "lab/keyed-bundle": "key-logged",
    "lab/index-signed-children-not": "signature",
    "lab/two-signers": "two-of-two",
    "lab/many-attestations": "scanned",
}
STEP = 12


def _effect(found: Answer, whole: Answer, what: Planted) -> Effect:
    if found.code != EXIT_PASS:
        return Effect.REFUSED
    assert found.digest == whole.digest, f"{what.place} {what.change}: another image passes"
    assert found.meaning <= whole.meaning, f"{what.place} {what.change}: it passes as something else"
    return Effect.SAME if found.meaning == whole.meaning else Effect.FEWER


def _attack(name: str, layout: Copy, changes: Iterable[Planted]) -> None:
    whole, count, unnamed = layout.image(), 0, []
    assert whole.code == EXIT_PASS
    for planted in changes:
        count += 1
        found = _effect(layout.look(planted), whole, planted)
        if found is not Effect.REFUSED and reason(MANIFESTS, name, planted.place, planted.change, found) is None:
            unnamed.append(f"{planted.place} {planted.change}: {found}")
    assert count, "nothing was tried"
    assert not unnamed, "harmless without a reason:\n" + "\n".join(unnamed)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_manifest_changed_never_passes_as_something_else(name: str, tmp_path: Path) -> None:
    layout = Copy(name, LAYOUTS[name], tmp_path)
    _attack(name, layout, islice(layout.changes(), zlib.crc32(name.encode()) % STEP, None, STEP))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", LAYOUTS)
def test_no_manifest_changed_passes_as_something_else(name: str, tmp_path: Path) -> None:
    layout = Copy(name, LAYOUTS[name], tmp_path)
    _attack(name, layout, layout.changes())


@pytest.mark.parametrize("row", MANIFESTS, ids=lambda row: row.example[1].replace("/", "."))
def test_a_harmless_place_of_a_manifest_is_one(row: Harmless, tmp_path: Path) -> None:
    name, place, change = row.example
    layout = Copy(name, LAYOUTS[name], tmp_path)
    planted = next(item for item in layout.changes() if (item.place, item.change) == (place, change))
    found = _effect(layout.look(planted), layout.image(), planted)
    assert found is not Effect.REFUSED, "it does harm now: the row is of no use"
    assert reason(MANIFESTS, name, place, change, found) == row.reason


def _needed(layout: Path) -> list[Path]:
    """What judging reads: the manifests that index.json lists, and the layers of those that carry signatures."""
    found: list[Path] = []
    for item in json.loads((layout / "index.json").read_bytes())["manifests"]:
        path = layout / "blobs" / item["digest"].replace(":", "/")
        found.append(path)
        layers = json.loads(path.read_bytes()).get("layers", [])
        signed = [layer["digest"] for layer in layers if "image" not in layer["mediaType"]]
        found += [layout / "blobs" / digest.replace(":", "/") for digest in signed]
    return sorted(set(found))


CORRUPTED = [
    (name, policy, number)
    for name, policy in [
        ("agent-signed", "production"),
        ("person-signed", "people"),
        ("keyed-bundle", "key"),
        ("index-signed-children-not", "signature"),
        ("two-signers", "two-of-two"),
        ("unsigned", "signature"),
        ("denied-model", "production"),
        ("vulnerable", "scanned"),
    ]
    for number in range(len(_needed(LAB / name)))
]


@pytest.mark.parametrize(("name", "policy", "number"), CORRUPTED)
@pytest.mark.parametrize("how", ["first", "middle", "truncated", "missing"])
def test_bytes_that_are_not_what_their_digest_says_are_never_a_verdict(
    name: str, policy: str, number: int, how: str, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    """Rule 6, section 9: "could not look" is neither a pass nor "unsigned"."""
    layout = shutil.copytree(LAB / name, tmp_path / "layout")
    path = _needed(layout)[number]
    raw = bytearray(path.read_bytes())
    at = {"first": 0, "middle": len(raw) // 2}.get(how)
    if at is not None:
        raw[at] ^= 1
        path.write_bytes(raw)
    elif how == "missing":
        path.unlink()
    else:
        path.write_bytes(raw[:-1])
    ran = verify(f"oci:{layout}", policy=policy_path(policy))
    if name in {"denied-model", "vulnerable"}:
        # What failed before was found with complete looking; of the rest nobody knows (rule 26). Here it is one check.
        assert ran.code in {1, 4}
    else:
        assert ran.code == 4, ran.out


@pytest.mark.parametrize("name", ["agent-signed", "keyed-legacy"])
def test_what_judging_does_not_read_may_be_broken(name: str, verify: Callable[..., Ran], tmp_path: Path) -> None:
    """Rule 6: an image's own layers are never needed."""
    layout = shutil.copytree(LAB / name, tmp_path / "layout")
    needed = _needed(layout)
    others = [path for path in (layout / "blobs" / "sha256").iterdir() if path not in needed]
    assert others
    for path in others:
        path.write_bytes(b"broken")
    assert verify(f"oci:{layout}", policy=policy_path("key" if "key" in name else "production")).code == EXIT_PASS
