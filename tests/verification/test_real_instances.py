"""Images and files signed in the world: slsa-github-generator on sigstore.dev, and GitHub's own instance."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import LAB, Ran

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[1] / "cases"
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml"
IMAGES = ["slsa-generator-v1.4.0", "slsa-generator-v2.1.0"]
WHEEL = CASES / "github" / "github_provenance_demo-0.0.12-py3-none-any.whl"
BUNDLE = CASES / "github" / "bundle.jsonl"


def _provenance_policy(folder: Path, **changes: str) -> Path:
    values = {
        "builder": f"{GENERATOR}@refs/tags/v*",
        "source": "https://github.com/slsa-framework/example-package",
        "ref": "refs/heads/main",
        "level": "3",
        "signer": f"{GENERATOR}@refs/tags/v*",
    } | changes
    path = folder / "policy.toml"
    path.write_text(
        f"""version = 1
[signers.generator]
issuer = "https://token.actions.githubusercontent.com"
identity = {{ glob = "{values["signer"]}" }}
[builders.generator]
id = {{ glob = "{values["builder"]}" }}
signers = ["generator"]
level = 3
[[rules]]
images = ["**"]
provenance = {{ builders = ["generator"], level = {values["level"]}, source = ["{values["source"]}"], refs = ["{values["ref"]}"] }}
"""  # noqa: E501
    )
    return path


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_of_the_slsa_generator_passes_under_its_true_builder_and_source(
    image: str, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = verify(f"oci:{CASES / 'public-good' / image}", policy=_provenance_policy(tmp_path))
    assert ran.code == 0, ran.out
    assert ran.report["images"][0]["evidence"][0]["log"][0]["integrated"] is not None


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"builder": f"{GENERATOR}@refs/tags/w*"}, ("provenance",)),
        ({"signer": f"{GENERATOR}@refs/heads/*"}, ("provenance",)),
        ({"source": "https://github.com/slsa-framework/other"}, ("provenance.source",)),
        ({"source": "https://github.com/slsa-framework/example"}, ("provenance.source",)),
        ({"source": "https://github.com/slsa-framework/example-package2"}, ("provenance.source",)),
        ({"source": "https://gitlab.com/slsa-framework/example-package"}, ("provenance.source",)),
        ({"ref": "refs/heads/main2"}, ("provenance.ref",)),
        ({"ref": "refs/tags/v*"}, ("provenance.ref",)),
    ],
)
def test_a_wrong_builder_source_or_ref_fails_on_the_right_check(
    image: str, changes: dict[str, str], failed: tuple[str, ...], verify: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = verify(f"oci:{CASES / 'public-good' / image}", policy=_provenance_policy(tmp_path, **changes))
    assert (ran.code, ran.failed) == (1, failed)


def _change_layer(layout: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the annotations of the attestation's layer, in a manifest of its own digest."""
    import hashlib  # noqa: PLC0415

    index = json.loads((layout / "index.json").read_bytes())
    entry = next(item for item in index["manifests"] if item["annotations"]["kind"].endswith("atts"))
    manifest = json.loads((layout / "blobs" / "sha256" / entry["digest"][7:]).read_bytes())
    change(manifest["layers"][0]["annotations"])
    raw = json.dumps(manifest).encode()
    digest = hashlib.sha256(raw).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(raw)
    entry |= {"digest": f"sha256:{digest}", "size": len(raw)}
    (layout / "index.json").write_text(json.dumps(index))


def _bundle(annotations: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(annotations["dev.sigstore.cosign/bundle"])
    change(document)
    annotations["dev.sigstore.cosign/bundle"] = json.dumps(document)


def _later(document: dict[str, Any]) -> None:
    document["Payload"]["integratedTime"] += 1


def _other_index(document: dict[str, Any]) -> None:
    document["Payload"]["logIndex"] += 1


def _other_log(document: dict[str, Any]) -> None:
    document["Payload"]["logID"] = "00" * 32


def _other_body(document: dict[str, Any]) -> None:
    body = json.loads(base64.b64decode(document["Payload"]["body"]))
    body["spec"]["x"] = 1
    document["Payload"]["body"] = base64.b64encode(json.dumps(body).encode()).decode()


def _no_promise(document: dict[str, Any]) -> None:
    document["SignedEntryTimestamp"] = ""


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda annotations: _bundle(annotations, _later), "log"),
        (lambda annotations: _bundle(annotations, _other_index), "log"),
        (lambda annotations: _bundle(annotations, _other_body), "log"),
        (lambda annotations: _bundle(annotations, _no_promise), "log"),
        (lambda annotations: _bundle(annotations, _other_log), "trust-root"),
        (lambda annotations: annotations.pop("dev.sigstore.cosign/bundle"), "log"),
        (lambda annotations: annotations.pop("dev.sigstore.cosign/certificate"), "signature"),
    ],
)
def test_an_older_attestation_that_is_wrong_in_one_annotation_is_refused_for_it(
    image: str, change: Callable[[dict[str, Any]], None], step: str, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    layout = shutil.copytree(CASES / "public-good" / image, tmp_path / "layout")
    _change_layer(layout, change)
    ran = verify(f"oci:{layout}", policy=_provenance_policy(tmp_path))
    assert (ran.code, ran.failed) == (1, ("provenance",))
    assert step in [item["step"] for item in ran.report["images"][0]["evidence"]]


@pytest.mark.parametrize("part", ["dev.sigstore.cosign/certificate", "dev.sigstore.cosign/bundle"])
def test_the_material_of_one_attestation_does_not_prove_another(
    part: str, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    """P-T4, CVE-2022-36056: each part is real and verifies by itself."""
    other = CASES / "public-good" / IMAGES[1]
    index = json.loads((other / "index.json").read_bytes())
    entry = next(item for item in index["manifests"] if item["annotations"]["kind"].endswith("atts"))
    manifest = json.loads((other / "blobs" / "sha256" / entry["digest"][7:]).read_bytes())
    layout = shutil.copytree(CASES / "public-good" / IMAGES[0], tmp_path / "layout")
    _change_layer(layout, lambda mine: mine.update({part: manifest["layers"][0]["annotations"][part]}))
    ran = verify(f"oci:{layout}", policy=_provenance_policy(tmp_path))
    assert (ran.code, ran.failed) == (1, ("provenance",))


# GitHub's instance: a timestamp, no log


def _github_policy(folder: Path, *, root: str = '"github"', workflow: str = "build-python.yml") -> Path:
    path = folder / "policy.toml"
    path.write_text(
        f"""version = 1
[trust]
roots = [{root}]
[signers.demo]
issuer = "https://token.actions.githubusercontent.com"
identity = "https://github.com/actions/attest-demo/.github/workflows/{workflow}@refs/heads/main"
accept = ["statement"]
[[rules]]
images = ["**"]
signature.signers = ["demo"]
"""
    )
    return path


def test_a_file_with_githubs_attestation_passes(verify: Callable[..., Ran], tmp_path: Path) -> None:
    ran = verify(f"file:{WHEEL}", "--bundle", str(BUNDLE), policy=_github_policy(tmp_path))
    assert ran.code == 0, ran.out
    (item,) = ran.report["images"][0]["evidence"]
    assert (item["log"], item["root"]) == ([], "github")
    assert item["signed_at"].startswith("2024-04-22")


def test_the_same_root_as_a_file_must_say_that_it_has_no_logs(verify: Callable[..., Ran], tmp_path: Path) -> None:
    path = CASES / "github" / "trusted_root.json"
    said = _github_policy(tmp_path, root=f'{{ path = "{path}", log = "none", ct = "none" }}')
    assert verify(f"file:{WHEEL}", "--bundle", str(BUNDLE), policy=said).code == 0
    for root in (f'"{path}"', f'{{ path = "{path}", log = "none" }}', f'{{ path = "{path}", ct = "none" }}'):
        ran = verify(f"file:{WHEEL}", "--bundle", str(BUNDLE), policy=_github_policy(tmp_path, root=root))
        assert ran.code == 2
        assert "if it has none, say so" in ran.err


def test_a_wrong_signer_another_file_and_another_root_fail(verify: Callable[..., Ran], tmp_path: Path) -> None:
    def code(file: Path, policy: Path) -> int:
        return verify(f"file:{file}", "--bundle", str(BUNDLE), policy=policy).code

    assert code(WHEEL, _github_policy(tmp_path, workflow="other.yml")) == 1
    assert code(BUNDLE, _github_policy(tmp_path)) == 1
    assert (
        code(
            WHEEL, _github_policy(tmp_path, root='"../lab.json"'.replace("../lab.json", str(LAB / "trusted_root.json")))
        )
        == 1
    )
    # sigstore.dev's root is older than the signature claims to be nothing: the file's CA is simply not in it.
    assert code(WHEEL, _github_policy(tmp_path, root='"public-good"')) == 1


def test_a_root_without_logs_still_needs_a_verified_time(verify: Callable[..., Ran], tmp_path: Path) -> None:
    """Rule 3: never the clock."""
    bundle = json.loads(BUNDLE.read_text())
    del bundle["verificationMaterial"]["timestampVerificationData"]
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    ran = verify(f"file:{WHEEL}", "--bundle", str(tmp_path / "bundle.json"), policy=_github_policy(tmp_path))
    assert ran.code == 1
    assert [item["step"] for item in ran.report["images"][0]["evidence"]] == ["time"]


def test_several_bundles_as_json_lines_are_each_judged(verify: Callable[..., Ran], tmp_path: Path) -> None:
    lines = tmp_path / "bundles.jsonl"
    lines.write_text(f'{{"mediaType": "nothing"}}\n{BUNDLE.read_text().strip()}\n\n')
    ran = verify(f"file:{WHEEL}", "--bundle", str(lines), policy=_github_policy(tmp_path))
    assert ran.code == 0
    assert [item["verified"] for item in ran.report["images"][0]["evidence"]].count(True) == 1


@pytest.mark.parametrize("arguments", [[], ["--bundle", "missing.json"]])
def test_a_file_needs_a_bundle_that_can_be_read(
    arguments: list[str], verify: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = verify(f"file:{WHEEL}", *arguments, policy=_github_policy(tmp_path))
    assert ran.code == 2
    assert "--bundle" in ran.err


def test_a_bundle_does_not_go_with_an_image(verify: Callable[..., Ran], tmp_path: Path) -> None:
    ran = verify(f"oci:{LAB / 'unsigned'}", "--bundle", str(BUNDLE), policy=_github_policy(tmp_path))
    assert ran.code == 2


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    ("preset", "failed"),
    [("github-slsa-generator-container", ()), ("github-slsa-generator-generic", ("provenance",))],
)
def test_a_preset_is_the_builder_that_it_names(
    image: str, preset: str, failed: tuple[str, ...], verify: Callable[..., Ran], tmp_path: Path
) -> None:
    path = _provenance_policy(tmp_path)
    head, _, rules = path.read_text().partition("[signers.generator]")
    rule = rules[rules.index("[[rules]]") :].replace("refs =", 'parameters = "strict", refs =')
    path.write_text(f'{head}[builders.generator]\npreset = "{preset}"\n{rule}')
    ran = verify(f"oci:{CASES / 'public-good' / image}", policy=path)
    assert (ran.code, ran.failed) == (1 if failed else 0, failed), ran.out
