"""Manifests: one reading each, whatever their fields say, or none."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from gate.limits import Limits
from gate.reference import Digest
from gate.sources import Content
from gate.sources.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    parse_descriptor,
    parse_manifest,
)
from gate.strictjson import Refused

HEX = "ab" * 32
GOOD: dict[str, Any] = {"mediaType": "text/plain", "digest": f"sha256:{HEX}", "size": 5}


def _content(document: Any, served: str = "") -> Content:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Content(digest=Digest("sha256", hashlib.sha256(raw).hexdigest()), media_type=served, raw=raw)


def _parsed(document: Any, served: str = "") -> Manifest:
    return parse_manifest(_content(document, served))


def _refused(document: Any, served: str = "") -> str:
    with pytest.raises(Refused) as caught:
        _parsed(document, served)
    return str(caught.value)


def test_an_image_manifest_is_read() -> None:
    manifest = _parsed(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "a/b",
            "config": {**GOOD, "mediaType": "c/d"},
            "layers": [GOOD, {**GOOD, "annotations": {"k": "v"}}],
            "subject": GOOD,
            "annotations": {"x": "y"},
            "unknown": [1],
        }
    )
    assert not manifest.index
    assert manifest.media_type == OCI_MANIFEST
    assert manifest.artifact_type == "a/b"
    assert [layer.annotations for layer in manifest.layers] == [{}, {"k": "v"}]
    assert manifest.subject is not None
    assert manifest.subject.digest == Digest("sha256", HEX)
    assert manifest.annotations == {"x": "y"}
    assert manifest.manifests == ()


def test_an_index_is_read() -> None:
    manifest = _parsed({"schemaVersion": 2, "manifests": [GOOD, GOOD], "subject": None})
    assert manifest.index
    assert manifest.media_type == OCI_INDEX
    assert len(manifest.manifests) == 2
    assert manifest.layers == ()
    assert manifest.subject is None


def test_the_artifact_type_falls_back_to_the_configs_type() -> None:
    assert _parsed({"config": {**GOOD, "mediaType": "c/d"}, "layers": []}).artifact_type == "c/d"
    assert _parsed({"config": {**GOOD, "mediaType": "c/d"}, "layers": [], "artifactType": ""}).artifact_type == "c/d"
    assert _parsed({"layers": []}).artifact_type == ""


@pytest.mark.parametrize(
    "document",
    [
        {"manifests": [], "layers": []},
        {"manifests": [GOOD], "layers": [GOOD]},
        {"manifests": [GOOD], "config": GOOD},
        {"manifests": None, "layers": []},
        {"manifests": [], "layers": None},
        {"manifests": [], "config": None},
        {"mediaType": OCI_INDEX, "manifests": [], "layers": []},
    ],
)
def test_a_document_that_is_both_an_index_and_an_image_is_refused(document: Any) -> None:
    assert "both" in _refused(document)  # CVE-2021-41190


@pytest.mark.parametrize(
    "document",
    [{}, {"schemaVersion": 2}, {"config": GOOD}, {"fsLayers": [], "schemaVersion": 1}, {"blobs": [GOOD]}, [], "x", 1],
)
def test_a_document_that_is_neither_is_refused(document: Any) -> None:
    _refused(document)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"layers": [], "layers": []}', b'{"layers": NaN}'])
def test_bytes_that_are_no_document_are_refused(raw: bytes) -> None:
    _refused(raw)


@pytest.mark.parametrize(
    ("document", "served"),
    [
        ({"mediaType": OCI_INDEX, "layers": []}, ""),
        ({"mediaType": DOCKER_LIST, "layers": []}, ""),
        ({"mediaType": OCI_MANIFEST, "manifests": []}, ""),
        ({"mediaType": DOCKER_MANIFEST, "manifests": []}, ""),
        ({"layers": []}, OCI_INDEX),
        ({"layers": []}, DOCKER_LIST),
        ({"manifests": []}, OCI_MANIFEST),
        ({"manifests": []}, DOCKER_MANIFEST),
        ({"mediaType": OCI_MANIFEST, "layers": []}, OCI_INDEX),
        ({"mediaType": OCI_MANIFEST, "layers": []}, DOCKER_MANIFEST),
        ({"mediaType": OCI_INDEX, "manifests": []}, DOCKER_LIST),
        ({"mediaType": OCI_MANIFEST, "layers": []}, "application/json"),
        ({"mediaType": ["x"], "layers": []}, ""),
        ({"mediaType": 7, "layers": []}, ""),
    ],
)
def test_a_media_type_that_lies_is_refused(document: Any, served: str) -> None:
    _refused(document, served)


@pytest.mark.parametrize("served", ["", OCI_MANIFEST])
@pytest.mark.parametrize("stated", ["", None, OCI_MANIFEST])
def test_a_media_type_may_be_stated_or_served_or_both(stated: str | None, served: str) -> None:
    assert _parsed({"mediaType": stated, "layers": []}, served).media_type == OCI_MANIFEST


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, "application/vnd.example+json"])
def test_other_media_types_of_the_same_shape_are_read(media_type: str) -> None:
    assert _parsed({"mediaType": media_type, "layers": [GOOD]}).media_type == media_type


@pytest.mark.parametrize(
    "change",
    [
        {"digest": None},
        {"digest": ""},
        {"digest": HEX},
        {"digest": f"sha256:{HEX.upper()}"},
        {"digest": f"sha256:{HEX[:-1]}"},
        {"digest": f"sha256:{HEX}0"},
        {"digest": f"sha256:{HEX}\n"},
        {"digest": f" sha256:{HEX}"},
        {"digest": f"SHA256:{HEX}"},
        {"digest": f"sha512:{HEX}"},
        {"digest": f"md5:{HEX}"},
        {"digest": "sha256:../../../../etc/passwd"},
        {"digest": 7},
        {"digest": [f"sha256:{HEX}"]},
        {"size": None},
        {"size": -1},
        {"size": "5"},
        {"size": 5.0},
        {"size": True},
        {"mediaType": 7},
        {"artifactType": []},
        {"annotations": []},
        {"annotations": {"a": 1}},
        {"annotations": {"a": None}},
        {"annotations": {"a": {}}},
    ],
)
@pytest.mark.parametrize("place", ["layers", "manifests", "subject", "config"])
def test_a_bad_descriptor_is_refused_wherever_it_stands(place: str, change: dict[str, Any]) -> None:
    bad = {**GOOD, **change}
    documents: dict[str, Any] = {
        "layers": {"layers": [GOOD, bad]},
        "manifests": {"manifests": [bad]},
        "subject": {"layers": [], "subject": bad},
        "config": {"layers": [], "config": bad},
    }
    _refused(documents[place])


@pytest.mark.parametrize("value", [None, "x", 7, [], [GOOD]])
def test_a_descriptor_that_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(Refused):
        parse_descriptor(value)


@pytest.mark.parametrize("value", [{}, "x", 7, {"0": GOOD}])
@pytest.mark.parametrize("key", ["layers", "manifests"])
def test_a_list_that_is_none_is_refused(key: str, value: Any) -> None:
    _refused({key: value})


@pytest.mark.parametrize("annotations", [[], "x", {"a": 1}, {"a": ["b"]}])
def test_annotations_that_are_no_map_of_texts_are_refused(annotations: Any) -> None:
    _refused({"layers": [], "annotations": annotations})


def test_a_digest_may_be_sha512() -> None:
    assert parse_descriptor({**GOOD, "digest": f"sha512:{HEX * 2}"}).digest == Digest("sha512", HEX * 2)


def test_inline_data_is_kept_only_where_it_has_the_descriptors_size() -> None:
    data = base64.b64encode(b"12345").decode()
    assert parse_descriptor({**GOOD, "data": data}).data == b"12345"
    for size in (0, 4, 6):
        assert parse_descriptor({**GOOD, "size": size, "data": data}).data is None


@pytest.mark.parametrize("data", ["!", "MTIzNDU", "MTIz NDU=", "\u00e9", "", 7, None, [], {}])
def test_inline_data_that_cannot_be_read_is_as_if_it_were_not_there(data: Any) -> None:
    assert parse_descriptor({**GOOD, "data": data}).data is None


def test_a_manifest_is_held_against_the_limits_of_json() -> None:
    layers = _content({"layers": [GOOD] * 100})
    assert len(parse_manifest(layers, Limits()).layers) == 100
    with pytest.raises(Refused):
        parse_manifest(layers, Limits(json_tokens=100))
    with pytest.raises(Refused):
        parse_manifest(layers, Limits(json_depth=2))


@pytest.mark.parametrize("key", ["Manifests", "MANIFESTS", "manife\u017fts", "Layers", "MediaType", "Subject"])
def test_a_key_that_go_takes_for_a_field_is_refused(key: str) -> None:
    """Go's JSON fills a field from a key of another case, the last of two; U+017F folds to s. A runtime would deploy
    what nobody judged.
    """
    good = {"mediaType": OCI_MANIFEST, "digest": f"sha256:{'1' * 64}", "size": 1}
    index = {"schemaVersion": 2, "manifests": [good]}
    parse_manifest(_content(index))
    with pytest.raises(Refused, match="some readers"):
        parse_manifest(_content({**index, key: [{**good, "digest": f"sha256:{'2' * 64}"}]}))
    for name in ("Digest", "Size", "Platform", "di\u0067est".upper()):
        with pytest.raises(Refused, match="some readers"):
            parse_manifest(_content({**index, "manifests": [{**good, name: 1}]}))
    with pytest.raises(Refused, match="some readers"):
        parse_manifest(_content({**index, "manifests": [{**good, "platform": {"os": "linux", "OS": "windows"}}]}))
    parse_manifest(_content({**index, "annotations": {"Digest": "is a word like any other"}}))
