"""A manifest's bytes -> `Manifest`: descriptors, subject, annotations.

What comes in: `Content` with a checked digest. What goes out: one reading of it, or `strictjson.Refused`. It follows
no descriptor. Source of the rules: OCI image-spec v1.1 (manifest.md, image-index.md, descriptor.md) and Docker's
image manifest v2 schema 2 and manifest list, which have the same shape.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from gate.errors import InvalidReference
from gate.platforms import Platform, platform
from gate.reference import Digest, parse_digest
from gate.strictjson import JSON, Refused, parse_object

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.sources import Content

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_FIELDS = frozenset(
    {
        *("schemaVersion", "mediaType", "artifactType", "manifests", "config", "layers", "subject", "annotations"),
        *("digest", "size", "data", "urls", "platform"),
        *("architecture", "os", "os.version", "os.features", "variant", "features"),
    }
)
_FOLDED = {name.casefold(): name for name in _FIELDS}


class Descriptor(Struct, frozen=True, kw_only=True):
    """A reference to content by digest (image-spec descriptor.md). `data` is the content itself, where it is inlined
    and has the descriptor's size; whoever uses it checks its digest. `platform` is what an index says that an entry
    runs on; None if it does not say so readably.
    """

    media_type: str
    digest: Digest
    size: int
    artifact_type: str
    annotations: Mapping[str, str]
    data: bytes | None = None
    platform: Platform | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """An image manifest (`layers`, `config`) or an index (`manifests`); never both.

    `artifact_type` falls back to the config's media type, as image-spec's manifest.md says.
    """

    media_type: str
    index: bool
    artifact_type: str
    subject: Descriptor | None
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


def parse_manifest(content: Content, limits: Limits | None = None) -> Manifest:
    """Read a manifest or an index. Raises `Refused` for anything that two readers could take for different things."""
    document = parse_object(content.raw, limits=limits)
    check_spelling(document)
    if "manifests" in document and ("layers" in document or "config" in document):
        raise Refused("a document that is both an index and an image manifest")  # CVE-2021-41190
    index = "manifests" in document
    if not index and "layers" not in document:
        raise Refused("neither an image manifest nor an index")
    stated = _text(document, "mediaType")
    media_type = stated or content.media_type or (OCI_INDEX if index else OCI_MANIFEST)
    if stated and content.media_type and stated != content.media_type:
        raise Refused(f"served as {content.media_type!a} but says that it is {stated!a}")
    if (index and media_type in MANIFEST_TYPES) or (not index and media_type in INDEX_TYPES):
        raise Refused(f"its media type {media_type!a} is not what its fields say")
    subject = document.get("subject")
    config = parse_descriptor(document["config"]) if document.get("config") is not None else None
    return Manifest(
        media_type=media_type,
        index=index,
        artifact_type=_text(document, "artifactType") or ("" if config is None else config.media_type),
        subject=None if subject is None else parse_descriptor(subject),
        config=config,
        layers=() if index else _descriptors(document, "layers"),
        manifests=_descriptors(document, "manifests") if index else (),
        annotations=_annotations(document),
    )


def check_spelling(document: Mapping[str, JSON]) -> None:
    """Refuse a key that is a field's name but for its case: Go's JSON, with which runtimes read manifests, would take
    it for that field, and the last of two counts (encoding/json, "Unmarshal"). Raises `Refused`.
    """
    for key in document:
        if key not in _FIELDS and key.casefold() in _FOLDED:
            raise Refused(f"the key {key[:60]!a}, which some readers take for {_FOLDED[key.casefold()]!a}")


def parse_descriptor(value: JSON) -> Descriptor:
    """Read one descriptor. Raises `Refused`."""
    if not isinstance(value, Mapping):
        raise Refused("a descriptor that is no object")
    check_spelling(value)
    try:
        digest = parse_digest(_text(value, "digest"))
    except InvalidReference as error:
        raise Refused(str(error)) from None
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Refused(f"the descriptor of {digest} has no size")
    return Descriptor(
        media_type=_text(value, "mediaType"),
        digest=digest,
        size=size,
        artifact_type=_text(value, "artifactType"),
        annotations=_annotations(value),
        data=_inline(value.get("data"), size),
        platform=_platform(value.get("platform")),
    )


def _platform(value: JSON) -> Platform | None:
    """None for what names no platform: whoever needs one then has none, and a list of referrers needs none."""
    if not isinstance(value, Mapping):
        return None
    check_spelling(value)
    parts = ["" if value.get(key) is None else value.get(key) for key in ("os", "architecture", "variant")]
    os, architecture, variant = (part if isinstance(part, str) and part.isprintable() else None for part in parts)
    return None if not os or not architecture or variant is None else platform(os, architecture, variant)


def _inline(data: JSON, size: int) -> bytes | None:
    if not isinstance(data, str):
        return None
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == size else None


def _descriptors(document: Mapping[str, JSON], key: str) -> tuple[Descriptor, ...]:
    values = document.get(key)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise Refused(f"{key} is no list")
    return tuple(parse_descriptor(value) for value in values)


def _annotations(document: Mapping[str, JSON]) -> dict[str, str]:
    found = document.get("annotations")
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refused("annotations that are no map of texts")
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _text(document: Mapping[str, JSON], key: str) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{key} is no text")
    return value
