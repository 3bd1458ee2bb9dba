"""Wrong artifact: what was verified is one thing, and what is used another: by a tag that moves, a body that is not the
digest's, a document with two readings, a name that leads elsewhere.

Each attack is judged as a user would judge it, and beside it the nearest thing that must pass.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.advisories.scene import BUNDLE, Scene, steps
from tests.attaching import OCI_MANIFEST
from tests.conftest import LAB, Ran, policy_path
from tests.registry_server import OCI_INDEX, RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _raw(scene: Scene, digest: str) -> bytes:
    return (scene.path / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()


def _digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _another_image(scene: Scene, **fields: Any) -> str:
    """A second image in the same repository, which nobody signed."""
    raw = json.dumps(json.loads(_raw(scene, scene.image)) | fields).encode()
    entry = {"mediaType": json.loads(raw)["mediaType"], **scene.blob(raw)}
    scene.index["manifests"].append(entry | {"annotations": {"org.opencontainers.image.ref.name": "v2"}})
    scene.write_index()
    return str(entry["digest"])


def _manifest(raw: bytes, *, digest: str = "", media_type: str = "") -> Response:
    headers = {"Content-Type": media_type or json.loads(raw)["mediaType"]}
    return Response(body=raw, headers=headers | ({"Docker-Content-Digest": digest} if digest else {}))


# The tag


@pytest.mark.parametrize("signed_first", [True, False])
def test_a_tag_that_moves_between_two_answers_misleads_nobody(signed_first: bool, scene: Scene) -> None:
    """P-T12, CVE-2022-47633, GHSA-m3cq-xcx9-3gvm, CVE-2023-47630, GHSA-wfqx-gjrf-g28r: a second resolution of the tag
    returns another image than the one that was verified. It is resolved once, and the report names what it was.
    """
    scene.bundle(scene.signed())
    images = [scene.image, _another_image(scene, annotations={"evil": "yes"})]
    first, *_ = order = images if signed_first else images[::-1]
    answers = count()

    def moving(path: str) -> Response | None:
        return _manifest(_raw(scene, order[next(answers) % 2])) if path.endswith("/manifests/v1") else None

    ran = scene.judge_by_registry(intercept=moving)
    assert (ran.code, ran.report["images"][0]["digest"]) == (0 if signed_first else 1, first)
    assert sum(path.endswith("/manifests/v1") for path in scene.requests) == 1


def test_a_digest_beside_a_tag_decides_alone(scene: Scene) -> None:
    """P-T12: the tag is of the signed image, the digest of the other, and the digest is what will be deployed."""
    scene.bundle(scene.signed())
    other = _another_image(scene, annotations={"evil": "yes"})
    ran = scene.judge_by_registry(name=f"acme/api:v1@{other}")
    assert (ran.code, ran.report["images"][0]["digest"]) == (1, str(other))
    assert any(path.endswith(f"/manifests/{other}") for path in scene.requests)
    assert scene.judge_by_registry(name=f"acme/api:v2@{scene.image}").code == 0


# The body


@pytest.mark.parametrize("said", [True, False], ids=["said to be it", "not said"])
def test_the_signed_image_in_the_place_of_another_is_not_verified(said: bool, scene: Scene) -> None:
    """P-T10, CVE-2023-33959, GHSA-xhg5-42rf-296r, GHSA-qv35-3gw6-8q4j: asked for a digest, the registry answers with an
    image that is signed; the client that pulls gets the other.
    """
    scene.bundle(scene.signed())
    other = _another_image(scene, annotations={"evil": "yes"})

    def instead(path: str) -> Response | None:
        if other in path:
            if "/referrers/" in path:
                return Response(status=200, body=scene_listing, headers={"Content-Type": OCI_INDEX})
            return _manifest(_raw(scene, scene.image), digest=other if said else "")
        return None

    entry = scene.index["manifests"][1]
    scene_listing = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    ran = scene.judge_by_registry(intercept=instead, name=f"acme/api@{other}")
    assert (ran.code, ran.report["images"][0]["rules"]) == (4, []), ran.out
    assert "not sha256:" in ran.out
    assert scene.judge_by_registry(intercept=instead, name=f"acme/api@{scene.image}").code == 0


def test_what_the_registry_calls_the_image_does_not_count(scene: Scene) -> None:
    """P-T10, GHSA-qv35-3gw6-8q4j: the header names the signed image's digest, the body is another's."""
    scene.bundle(scene.signed())
    other = _another_image(scene, annotations={"evil": "yes"})

    def lying(path: str) -> Response | None:
        return _manifest(_raw(scene, other), digest=scene.image) if path.endswith("/manifests/v1") else None

    ran = scene.judge_by_registry(intercept=lying)
    assert (ran.code, ran.report["images"][0]["digest"]) == (1, other)


def _lie(raw: bytes, what: str) -> bytes:
    return {"another": b'{"layers": []}', "longer": raw + b" ", "shorter": raw[:-1], "empty": b""}[what]


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
@pytest.mark.parametrize("what", ["another", "longer", "shorter", "empty"])
def test_evidence_that_is_not_what_was_listed_could_not_be_looked_at(kind: str, what: str, scene: Scene) -> None:
    """P-T10, GHSA-qv35-3gw6-8q4j: each body is held against its digest; a wrong one is no evidence, and it is not
    absence either.
    """
    digest = scene.bundle(scene.signed())
    blob = json.loads(_raw(scene, digest))["layers"][0]["digest"]
    target = digest if kind == "manifests" else blob

    def lying(path: str) -> Response | None:
        if not path.endswith(f"/{kind}/{target}"):
            return None
        media_type = OCI_MANIFEST if kind == "manifests" else "application/octet-stream"
        return Response(body=_lie(_raw(scene, target), what), headers={"Content-Type": media_type})

    ran = scene.judge_by_registry(intercept=lying)
    assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out
    (scene.path / "blobs" / "sha256" / target.removeprefix("sha256:")).write_bytes(_lie(_raw(scene, target), what))
    ran = scene.judge()
    assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out


@pytest.mark.parametrize("by", [-1, 1, 1000])
def test_evidence_of_another_size_than_was_listed_could_not_be_looked_at(by: int, scene: Scene) -> None:
    """P-T10: the size is part of what a descriptor says."""
    layer = scene.layer(scene.signed())
    digest = scene.attach([layer | {"size": layer["size"] + by}], subject=True)
    for ran in (scene.judge(), scene.judge_by_registry()):
        assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out
    assert digest
    scene.attach([layer], subject=True)
    assert scene.judge().code == 0


# Documents with two readings


EMPTY_INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


@pytest.mark.parametrize(
    "fields",
    [
        {"manifests": []},
        {"manifests": [{"mediaType": OCI_MANIFEST, "digest": f"sha256:{'0' * 64}", "size": 1}]},
        {"manifests": None},
        {"mediaType": OCI_INDEX},
        {"mediaType": OCI_INDEX, "manifests": []},
        {"layers": None, "manifests": []},
    ],
)
def test_an_image_that_is_an_index_too_is_not_judged(fields: dict[str, Any], scene: Scene) -> None:
    """P-T11, CVE-2021-41190, GHSA-qq97-vm5h-rrhg, GHSA-5j5w-g665-5m35: one document, signed as an image, that the
    runtime reads as an index of another one.
    """
    other = _another_image(scene, **fields)
    scene.bundle(scene.signed(scene.statement().replace(scene.hex.encode(), other[7:].encode())), subject=other)
    for ran in (scene.judge(reference=f"oci:{scene.path}:v2"), scene.judge_by_registry(name="acme/api:v2")):
        assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
    scene.detach()
    plain = _twin(scene)
    scene.bundle(scene.signed(scene.statement().replace(scene.hex.encode(), plain[7:].encode())), subject=plain)
    assert scene.judge(reference=f"oci:{scene.path}@{plain}").code == 0


def _twin(scene: Scene) -> str:
    """The nearest image with one reading."""
    raw = json.dumps(json.loads(_raw(scene, scene.image)) | {"annotations": {"manifests": ""}}).encode()
    entry = {"mediaType": json.loads(raw)["mediaType"], **scene.blob(raw)}
    scene.index["manifests"].append(entry)
    scene.write_index()
    return str(entry["digest"])


@pytest.mark.parametrize("media_type", [OCI_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"])
def test_an_image_that_is_served_as_an_index_is_not_judged(media_type: str, scene: Scene) -> None:
    """P-T11, CVE-2021-41190, GHSA-qq97-vm5h-rrhg, GHSA-5j5w-g665-5m35: the header, by which some clients choose the
    reading, says something else than the document.
    """
    scene.bundle(scene.signed())

    def served(path: str) -> Response | None:
        if path.endswith(("/manifests/v1", f"/manifests/{scene.image}")):
            return _manifest(_raw(scene, scene.image), media_type=media_type)
        return None

    for name in ("acme/api:v1", f"acme/api@{scene.image}"):
        ran = scene.judge_by_registry(intercept=served, name=name)
        assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
        assert scene.judge_by_registry(name=name).code == 0


@pytest.mark.parametrize(
    "fields",
    [{"manifests": []}, {"manifests": None}, {"mediaType": OCI_INDEX}, {"mediaType": OCI_INDEX, "manifests": []}],
)
def test_a_referrer_with_two_readings_is_no_evidence(fields: dict[str, Any], scene: Scene) -> None:
    """P-T11, CVE-2021-41190: the same of the manifest that carries a signature. In a registry anyone may put it there;
    in a layout it is a manifest that is listed and cannot be read.
    """
    scene.attach([scene.layer(scene.signed())], subject=True, **fields)
    assert scene.judge_by_registry().code == 1
    assert scene.judge().code == 4
    scene.attach([scene.layer(scene.signed())], subject=True)
    assert scene.judge_by_registry().code == 0


# Index and child


INDEX = "sha256:957cffd4bec0f68aa72dcfec55edab10d7c2f027609ca77d4680f894efea07c9"
CHILD = "sha256:a8f919af55cc88b18aa4c07fe08a197544cb680848002fe9a727f1cc4f209455"


def test_an_index_that_is_signed_signs_no_child(verify: Callable[..., Ran]) -> None:
    """P-T23: asked for a child, only the child's signature counts; asked for the index, the index's."""
    layout = LAB / "index-signed-children-not"
    with RegistryServer({"acme/api": layout}) as server:
        for place in (f"oci:{layout}", f"{server.host}/acme/api"):
            assert verify(f"{place}@{CHILD}", policy=policy_path("signature")).code == 1
            assert verify(f"{place}@{INDEX}", policy=policy_path("signature")).code == 0


@pytest.mark.parametrize("about", ["the child", "the index"])
def test_a_statement_about_the_one_is_none_about_the_other(about: str, scene: Scene) -> None:
    """P-T23: attached to the index, but about its child; attached to the child, but about the index."""
    child = {"mediaType": OCI_MANIFEST, **scene.blob(_raw(scene, scene.image))}
    index = _digest(raw := json.dumps(EMPTY_INDEX | {"manifests": [child]}).encode())
    scene.index["manifests"].append({"mediaType": OCI_INDEX, **scene.blob(raw)})
    scene.write_index()
    asked, named = (index, scene.image) if about == "the child" else (scene.image, index)
    payload = scene.statement().replace(scene.hex.encode(), named[7:].encode())
    scene.bundle(scene.signed(payload), subject=asked)
    layout = f"oci:{scene.path}@{asked}"
    for ran in (scene.judge(reference=layout), scene.judge_by_registry(name=f"acme/api@{asked}")):
        assert (ran.code, steps(ran)) == (1, ["subject"]), ran.out
    scene.bundle(scene.signed(scene.statement().replace(scene.hex.encode(), asked[7:].encode())), subject=asked)
    assert scene.judge(reference=layout).code == 0


# Names that lead elsewhere


ODD = [
    "sha256:../../../outside",
    "sha256:" + "../" * 21 + "a",
    f"sha256:{'A' * 64}",
    f"sha256:{'a' * 63}",
    f"sha256:{'a' * 64}\n",
    f"sha256:{'a' * 64}/../{'b' * 64}",
    f"sha256:{'a' * 64}?x=1",
    f"sha256:{'a' * 60}%2f..",
    f"md5:{'a' * 32}",
    "sha256",
    "",
    "sha256:" + "\u0660" * 64,
]


@pytest.mark.parametrize("digest", ODD)
def test_a_digest_that_is_none_is_never_asked_for(digest: str, scene: Scene) -> None:
    """P-T17, CVE-2024-3727, GHSA-6wvf-f2vw-3425: a digest becomes a path or an address; one that is none leads to
    another file, or to another question.
    """
    scene.bundle(scene.signed())
    (scene.path / "outside").write_bytes(_raw(scene, scene.image))
    odd = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 100}
    listing = json.dumps(EMPTY_INDEX | {"manifests": [odd]}).encode()

    def listed(path: str) -> Response | None:
        return Response(body=listing, headers={"Content-Type": OCI_INDEX}) if "/referrers/" in path else None

    # In a listing: it cannot be read, which is not the same as empty.
    ran = scene.judge_by_registry(intercept=listed)
    assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out
    known = {scene.image, *scene_digests(scene)}
    for path in scene.requests:
        name = path.rpartition("/")[2]
        assert name in known or name.startswith(("sha256-", "v1")), path
    # In a manifest: a candidate that is none.
    scene.detach()
    scene.attach([{"mediaType": BUNDLE, "digest": digest, "size": 100}], subject=True)
    assert scene.judge_by_registry().code == 1
    # In a layout's index: the layout cannot be read.
    scene.index["manifests"].append(odd)
    scene.write_index()
    assert scene.judge().code == 4
    # In the reference: it is none.
    assert scene.judge(reference=f"127.0.0.1:1/acme/api@{digest}").code == 2


def scene_digests(scene: Scene) -> set[str]:
    """Every digest that the layout truly holds."""
    return {f"sha256:{path.name}" for path in (scene.path / "blobs" / "sha256").iterdir()}


@pytest.mark.parametrize("name", ["acme/../api:v1", "acme/api:../v1", "../acme/api", "acme//api", "acme/api/%2e%2e/x"])
def test_a_name_that_leads_elsewhere_is_no_reference(name: str, scene: Scene) -> None:
    """P-T17, CVE-2024-3727: the same of repositories and tags."""
    ran = scene.judge_by_registry(name=name)
    assert (ran.code, scene.requests) == (2, ())


def test_a_report_goes_to_its_path_and_nowhere_else(scene: Scene, tmp_path: Path) -> None:
    """P-T17: names that the image brings (annotations, titles, subjects) are no paths of outputs."""
    titles = {"org.opencontainers.image.title": "../../../report.json", "io.deis.oras.content.unpack": "true"}
    scene.attach([scene.layer(scene.signed()) | {"annotations": titles}], subject=True, annotations=titles)
    before = {path for path in tmp_path.rglob("*") if "layout" not in path.parts}
    assert scene.judge().code == 0
    made = {path for path in tmp_path.rglob("*") if "layout" not in path.parts} - before
    assert {path.name for path in made} == {"report.json", "policy.toml", "root.json"}
    shutil.rmtree(scene.path)
