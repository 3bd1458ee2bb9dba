"""An index -> the entries that a rule wants judged in its place (`platforms` in a rule).

What comes in: a fetched manifest, and "each" or a list of platforms. What goes out: `Chosen`: the digests to judge, or
why there are none. It follows no entry and judges none.

An entry that nothing can run is left out only if it says so twice: its platform is unknown/unknown, and its annotation
names a sibling that it is about. That is what BuildKit writes for its attestation manifests (buildkit's
docs/attestations/attestation-storage.md); a signature on those is nobody's habit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.errors import LimitExceeded, Malformed
from gate.reference import Digest, readable
from gate.sources.manifest import INDEX_TYPES, parse_manifest
from gate.strictjson import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.limits import Limits
    from gate.platforms import Platform
    from gate.sources import Content
    from gate.sources.manifest import Descriptor, Manifest

_ALGORITHMS: Final = ("sha256", "sha512")
_ABOUT: Final = "vnd.docker.reference.digest"
_SHOWN: Final = 8


class Entry(Struct, frozen=True):
    """One manifest of an index, and what it runs on; None for an image that is no index."""

    digest: Digest
    platform: Platform | None


class Chosen(Struct, frozen=True, kw_only=True):
    """The entries that were asked for. `whole` says that they are all that anything could run.

    `problem` says why the index does not hold what was asked for; then there are no entries.
    """

    entries: tuple[Entry, ...] = ()
    whole: bool = False
    problem: str = ""


def read_image(image: Content, limits: Limits) -> Manifest:
    """The manifest of an image or an index. Raises `Malformed` for what is neither (a login page has a digest too) or
    both (CVE-2021-41190), and `LimitExceeded` for what is too large to read.
    """
    try:
        return parse_manifest(image, limits)
    except Refused as error:
        if error.limit:
            raise LimitExceeded(f"{image.digest} is too deep or too long to read", limit=error.limit) from None
        kind = f"answered as {readable(image.media_type)}, " if image.media_type else ""
        raise Malformed(f"{kind}{image.digest} cannot be read as one image or one index: {error}") from None


def read_index(image: Content, limits: Limits) -> Manifest | None:
    """The manifest if it is an index, else None. Raises what `read_image` raises."""
    manifest = read_image(image, limits)
    return manifest if manifest.index else None


def other_digests(image: Content) -> tuple[Digest, ...]:
    """The same bytes by the other algorithms that a reference may have: who names one of them means all."""
    known = image.digests or {name: hashlib.new(name, image.raw).digest() for name in _ALGORITHMS}
    found = [Digest(name, known[name].hex()) for name in _ALGORITHMS]
    return tuple(digest for digest in found if digest != image.digest)


def listed_digests(image: Content, limits: Limits) -> tuple[Digest, ...]:
    """Whatever a manifest lists: an index's entries, or config and layers; nothing of what is no manifest. Raises
    `LimitExceeded` for one that is too large to read.
    """
    try:
        manifest = read_image(image, limits)
    except Malformed:
        return ()
    config = () if manifest.config is None else (manifest.config,)
    return tuple(item.digest for item in (*manifest.manifests, *config, *manifest.layers))


def choose(index: Manifest, wanted: Sequence[Platform] | None, limits: Limits) -> Chosen:
    """The entries for the platforms that are `wanted`, None for each that can run.

    Each wanted platform must be that of exactly one manifest. An entry that is an index itself or names no platform
    makes the whole index unusable: what a runtime would make of it is anybody's guess. Raises `LimitExceeded` for more
    than `limits.platforms` entries to judge.
    """
    named = {str(entry.digest) for entry in index.manifests if not _is_unknown(entry)}
    runnable = [
        entry for entry in index.manifests if not (_is_unknown(entry) and entry.annotations.get(_ABOUT) in named)
    ]
    for entry in runnable:
        if entry.media_type in INDEX_TYPES:
            return Chosen(problem=f"its entry {entry.digest} is an index itself")
        if entry.platform is None:
            return Chosen(problem=f"its entry {entry.digest} names no platform")
    every = sorted({Entry(entry.digest, entry.platform) for entry in runnable}, key=lambda entry: str(entry.platform))
    if not every:
        return Chosen(problem="it lists nothing that can run")
    found = every
    if wanted is not None:
        for platform in wanted:
            digests = [str(entry.digest) for entry in every if entry.platform == platform]
            if len(digests) != 1:
                many = f"{len(digests)} entries for {platform}: {', '.join(digests[:_SHOWN])}"
                return Chosen(problem=many if digests else f"no entry for {platform}; it has {_platforms(every)}")
        found = [entry for entry in every if entry.platform in wanted]
    if len(found) > limits.platforms:
        raise LimitExceeded(f"{len(found)} platforms to judge; at most {limits.platforms} are", limit="platforms")
    return Chosen(entries=tuple(found), whole={item.digest for item in found} == {item.digest for item in every})


def _is_unknown(entry: Descriptor) -> bool:
    return entry.platform is not None and entry.platform.unknown


def _platforms(entries: Sequence[Entry]) -> str:
    names = list(dict.fromkeys(str(entry.platform) for entry in entries))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
