"""A denied digest fails whatever would run it, however well it is signed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.images import ABOUT, Layout, bundle, entry, policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

SIGNED = '[[rules]]\nname = "signed"\nimages = ["**"]\nsignature.signers = ["forge"]\n'
EACH = SIGNED.replace("signature", 'platforms = "each"\nsignature')
AMD = SIGNED.replace("signature", 'platforms = ["linux/amd64"]\nsignature')


def by_sha512(layout: Layout, item: dict[str, Any]) -> str:
    """The same manifest by another algorithm."""
    raw = (layout.folder / "blobs" / "sha256" / item["digest"].removeprefix("sha256:")).read_bytes()
    return f"sha512:{hashlib.sha512(raw).hexdigest()}"


@pytest.mark.parametrize(
    ("rules", "denied", "code"),
    [
        (SIGNED, "index", 1),
        (SIGNED, "index by sha512", 1),
        (SIGNED, "manifest", 1),
        (SIGNED, "layer", 0),  # the index that is judged does not list it
        (SIGNED, "other", 0),
        (SIGNED + EACH.replace('"signed"', '"each"'), "index", 1),
        (EACH, "index", 1),
        (EACH, "index by sha512", 1),
        (EACH, "manifest by sha512", 1),
        (EACH, "manifest", 1),
        (EACH, "layer", 1),
        (EACH, "config", 1),
        (EACH, "other", 0),
        (SIGNED, "about", 1),
        (EACH, "about", 1),  # the pass would hold for the index, which lists it
        (AMD, "about", 1),
    ],
)
def test_an_image_is_denied_by_its_digest_and_by_what_its_manifest_lists(
    rules: str, denied: str, code: int, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    layout = Layout(tmp_path / "image")
    image = layout.image("amd")
    about = layout.image("about amd")
    beside = entry(about, "unknown/unknown", **{ABOUT: image["digest"]})
    index = layout.index([entry(image, "linux/amd64"), beside], tag="v1")
    layout.sign(index)
    layout.sign(image)
    blob = tmp_path / "image" / "blobs" / "sha256" / image["digest"].removeprefix("sha256:")
    manifest = json.loads(blob.read_bytes())
    digests = {
        "index": index["digest"],
        "manifest": image["digest"],
        "about": about["digest"],
        "layer": manifest["layers"][0]["digest"],
        "config": manifest["config"]["digest"],
        "index by sha512": by_sha512(layout, index),
        "manifest by sha512": by_sha512(layout, image),
        "other": f"sha256:{'d' * 64}",
    }
    text = f'{rules}[[deny]]\ndigests = ["{digests[denied]}"]\nreason = "stolen token"\n'
    text += '[[deny]]\nsigners = [{ issuer = "https://x" }]\nreason = "another"\n'
    ran = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path, text))
    assert ran.code == code, ran.out
    assert ran.failed == (() if code == 0 else ("deny",))


@pytest.mark.parametrize(
    ("deny", "code"), [('signers = [{ issuer = "https://x" }]', 0), (f'digests = ["sha256:{"d" * 64}"]', 4)]
)
def test_a_file_that_is_too_deep_to_read_is_read_only_for_a_denied_digest(
    deny: str, code: int, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    raw = b"[" * 100 + b"]" * 100
    (tmp_path / "deep.json").write_bytes(raw)
    (tmp_path / "bundle.json").write_bytes(bundle(f"sha256:{hashlib.sha256(raw).hexdigest()}"))
    path = policy(tmp_path, f'{SIGNED}[[deny]]\n{deny}\nreason = "stolen token"\n')
    ran = verify(f"file:{tmp_path / 'deep.json'}", "--bundle", str(tmp_path / "bundle.json"), policy=path)
    assert ran.code == code, ran.out


def test_what_a_denied_signer_signed_is_reported_as_rejected(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    layout = Layout(tmp_path / "image")
    layout.sign(layout.image("amd", tag="v1"))
    text = f'{SIGNED}[[deny]]\nsigners = ["forge"]\nreason = "its key was stolen"\n'
    ran = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path, text))
    assert (ran.code, ran.failed) == (1, ("signature",))
    (evidence,) = ran.report["images"][0]["evidence"]
    assert (evidence["verified"], evidence["step"]) == (False, "denied")
    assert evidence["reason"] == "the policy denies it: its key was stolen"


def test_a_pass_for_some_entries_is_not_for_what_else_the_index_lists(
    tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    layout = Layout(tmp_path / "image")
    amd, arm = layout.image("amd"), layout.image("arm")
    layout.index([entry(amd, "linux/amd64"), entry(arm, "linux/arm64")], tag="v1")
    layout.sign(amd)
    text = f'{AMD}[[deny]]\ndigests = ["{arm["digest"]}"]\nreason = "stolen token"\n'
    ran = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path, text))
    assert ran.code == 0, ran.out
    assert ran.report["images"][0]["holds_for"] == [amd["digest"]]


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_a_file_is_denied_by_either_of_its_digests(name: str, tmp_path: Path, verify: Callable[..., Ran]) -> None:
    raw = b"a file"
    (tmp_path / "file.txt").write_bytes(raw)
    (tmp_path / "bundle.json").write_bytes(bundle(f"sha256:{hashlib.sha256(raw).hexdigest()}"))

    def code(denied: str) -> int:
        text = f'{SIGNED}[[deny]]\ndigests = ["{denied}"]\nreason = "stolen token"\n'
        where = ("--bundle", str(tmp_path / "bundle.json"))
        return verify(f"file:{tmp_path / 'file.txt'}", *where, policy=policy(tmp_path, text)).code

    assert code(f"{name}:{hashlib.new(name, raw).hexdigest()}") == 1
    assert code(f"{name}:{hashlib.new(name, raw[1:]).hexdigest()}") == 0
