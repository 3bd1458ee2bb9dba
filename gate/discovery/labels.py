"""What an image says of its own source: `org.opencontainers.image.source` and `.revision`.

What comes in: a fetched manifest, and its source where the configuration is to be read too. What goes out: `Labels`,
each with where it stood. Nobody signed them but whoever signed the image: they prove nothing, and may disagree.

Sources: OCI image-spec, annotations.md ("Pre-Defined Annotation Keys") and config.md (`config.Labels`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.errors import CouldNotLook, LimitExceeded, Malformed
from gate.limits import MAX_TEXT, SMALL_DOCUMENT, Tally
from gate.sources.manifest import parse_manifest
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.sources import Content, Source
    from gate.sources.manifest import Manifest
    from gate.strictjson import JSON

SOURCE: Final = "org.opencontainers.image.source"
REVISION: Final = "org.opencontainers.image.revision"


class Label(Struct, frozen=True):
    """One label: `place` is `annotation` (of the manifest or index) or `label` (of its configuration)."""

    place: str
    name: str
    value: str


class Labels(Struct, frozen=True, kw_only=True):
    """The labels of one digest. `index` says that it has no configuration of its own; `error` why that was not read."""

    found: tuple[Label, ...] = ()
    index: bool = False
    error: CouldNotLook | None = None


def read_labels(image: Content, source: Source | None, limits: Limits) -> Labels:
    """The annotations of a manifest, and with `source` the labels of its configuration, which that is asked for.

    Raises `Refused` for what is no manifest: discovery finds none.
    """
    manifest = parse_manifest(image, limits)
    annotations = _of(manifest.annotations, "annotation")
    if source is None or manifest.index:
        return Labels(found=annotations, index=manifest.index)
    try:
        return Labels(found=annotations + _of(_config(source, manifest, limits), "label"))
    except CouldNotLook as error:
        return Labels(found=annotations, error=error)


def _config(source: Source, manifest: Manifest, limits: Limits) -> JSON:
    """`config.Labels` of the configuration. One that is larger than real ones are is read when it is its turn, as a
    manifest is. Raises `CouldNotLook`.
    """
    if manifest.config is None:
        return {}
    size = manifest.config.size
    if size > limits.json_bytes:
        text = f"the image's configuration {manifest.config.digest} has {size} bytes; at most {limits.json_bytes} are"
        raise LimitExceeded(f"{text} read", limit="json-bytes")
    with nullcontext() if size <= SMALL_DOCUMENT else (limits.tally or Tally()).large():
        raw = source.blob(manifest.config)
    try:
        config = parse_object(raw, limits=limits).get("config")
    except Refused as error:
        raise Malformed(f"the image's configuration {manifest.config.digest} cannot be read: {error}") from None
    return config.get("Labels") if isinstance(config, Mapping) else {}


def _of(value: JSON, place: str) -> tuple[Label, ...]:
    """Those of the two that are there; one that is no text, or longer than anybody's, agrees with nothing."""
    found = value if isinstance(value, Mapping) else {}
    return tuple(
        Label(place, name, text if isinstance(text := found[name], str) and len(text) <= MAX_TEXT else "")
        for name in (SOURCE, REVISION)
        if name in found
    )
