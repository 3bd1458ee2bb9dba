"""An OCI image layout, as a folder (`oci:DIR`) or a tar archive (`oci-archive:FILE`) -> the `Source` protocol.

What comes in: a `Reference` with a local transport. What goes out: manifests and blobs whose digest was checked, and
the manifests whose `subject` is the one asked for, whether or not index.json lists them. It unpacks nothing, writes
nothing, and never reads an image's own layers.

Sources: OCI image-spec image-layout.md; containers-transports(5); for the `kind` annotation, what `cosign save` writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gate.errors import InvalidReference, LimitExceeded, Malformed, NotFound
from gate.reference import Digest, Transport
from gate.sources import Answer, Content, Listing, check_digest
from gate.sources.files import Archive, Files, Folder
from gate.sources.manifest import Descriptor, Manifest, check_spelling, parse_descriptor, parse_manifest
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.limits import Limits, Tally
    from gate.reference import Reference

REF_NAME = "org.opencontainers.image.ref.name"
KIND = "kind"
COSIGN_KIND = "dev.cosignproject.cosign/"
_ATTACHED_KINDS = frozenset({f"{COSIGN_KIND}sigs", f"{COSIGN_KIND}atts"})
_IMAGE_KINDS = frozenset({f"{COSIGN_KIND}image", f"{COSIGN_KIND}imageIndex"})
_COSIGN_SUFFIXES = (".sig", ".att", ".sbom")
_SUBJECT = b'"subject"'
_SHOWN = 20
_COMPARE = "compare tag and digest with those in the layout's index.json; running it again will not help"


class LayoutSource:
    """One layout, opened for one reference."""

    listing_place = "layout-subjects"
    credentials: str | None = None
    mirrors = ()
    doubt = ""

    def __init__(self, reference: Reference, *, limits: Limits) -> None:
        """Open the layout. Raises `InvalidReference` if there is none, `CouldNotLook` if it cannot be read."""
        self._reference = reference
        self._limits = limits
        path = Path(reference.location)
        archived = reference.transport is Transport.ARCHIVE
        self._files: Files = Archive(path, limits) if archived else Folder(path, limits)
        self._listed = self._read_index()
        self._media_types = {item.digest: item.media_type for item in reversed(self._listed)}

    def resolve(self) -> Content:
        """The image that the reference names. Without tag or digest: the only one there is (design rule 24)."""
        if self._reference.digest is not None:
            return self._content(self._reference.digest)
        if self._reference.tag is not None:
            found = self.tagged(self._reference.tag).content
            if found is None:
                tags = ", ".join(sorted(self._tags())[:_SHOWN]) or "none"
                absent = f"{self._reference.location} has no tag {self._reference.tag} (tags there: {tags})"
                raise NotFound(absent).advising(_COMPARE)
            return found
        return self._content(self._only_image())

    def manifest(self, digest: Digest, tally: Tally | None = None) -> Content:  # noqa: ARG002 - what is local is there
        """A manifest by digest."""
        return self._content(digest)

    def blob(self, descriptor: Descriptor) -> bytes:
        """A blob by descriptor: its size and its digest must hold."""
        if descriptor.size > self._limits.blob_bytes:
            raise LimitExceeded(
                f"blob {descriptor.digest} has {descriptor.size} bytes; at most {self._limits.blob_bytes} are read",
                limit="blob-bytes",
            )
        raw = self._files.read(_blob_name(descriptor.digest), descriptor.size + 1)
        if raw is None:
            raise Malformed(f"{self._reference.location}: blob {descriptor.digest} is missing")
        check_digest(raw, descriptor.digest, f"{self._reference.location}: blob {descriptor.digest}")
        if len(raw) != descriptor.size:
            raise Malformed(f"blob {descriptor.digest} has {len(raw)} bytes, its descriptor says {descriptor.size}")
        return raw

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:  # noqa: ARG002 - it reads no listing
        """Every manifest of the layout whose `subject` is the digest asked for, listed in index.json or not."""
        found: list[Descriptor] = []
        for content, manifest in self._all_manifests():
            if manifest.subject is not None and manifest.subject.digest == subject:
                found.append(
                    Descriptor(
                        media_type=manifest.media_type,
                        digest=content.digest,
                        size=len(content.raw),
                        artifact_type=manifest.artifact_type,
                        annotations={},
                    )
                )
            self._check_number(found)
        # Rule 24: what `cosign save` marks as signatures is a candidate for every image of the layout.
        unbound = [item for item in self._listed if item.annotations.get(KIND) in _ATTACHED_KINDS]
        known = {item.digest for item in found}
        found += [item for item in unbound if item.digest not in known]
        self._check_number(found)
        return Listing(
            status=None,
            descriptors=tuple(sorted(found, key=lambda item: item.digest)),
            bytes=sum(item.size for item in found),
            unbound=frozenset(item.digest for item in unbound),
        )

    def _check_number(self, found: list[Descriptor]) -> None:
        if len(found) > self._limits.referrers:
            raise LimitExceeded(
                f"more than {self._limits.referrers} referrers in {self._reference.location}", limit="referrers"
            )

    def tagged(self, tag: str, tally: Tally | None = None) -> Answer:  # noqa: ARG002
        """The manifest that index.json lists under `tag`. Two different ones under one tag are `Malformed`."""
        digests = {item.digest for item in self._listed if item.annotations.get(REF_NAME) == tag}
        if len(digests) > 1:
            raise Malformed(f"{self._reference.location}: index.json lists {len(digests)} manifests as {tag}")
        return Answer(status=None, content=self._content(digests.pop()) if digests else None)

    def known(self) -> bool:
        """Always: it was opened."""
        return True

    def confirm(self, digest: Digest) -> None:
        """Nothing: what it handed out it has."""

    def holder(self, digest: Digest) -> Content | None:
        """An index that index.json lists and that lists `digest`."""
        for item in self._listed:
            content = self._content(item.digest)
            if any(child.digest == digest for child in self._parsed(content).manifests):
                return content
        return None

    def _read_index(self) -> tuple[Descriptor, ...]:
        where = self._reference.location
        version = self._files.read("oci-layout", self._limits.manifest_bytes)
        index = self._files.read("index.json", self._limits.manifest_bytes)
        if version is None or index is None:
            raise InvalidReference(
                f"{where} is no OCI layout: it has no {'oci-layout' if version is None else 'index.json'}"
            ).advising(
                "give what holds both files (cosign save --dir DIR IMAGE, or skopeo copy docker://IMAGE oci:DIR)"
            )
        try:
            stated = parse_object(version).get("imageLayoutVersion")
            if stated != "1.0.0":
                raise InvalidReference(f"{where}: OCI layout version {stated!a}; gate reads 1.0.0")
            listed = parse_object(index, limits=self._limits)
            check_spelling(listed)
            manifests = listed.get("manifests")
            if not isinstance(manifests, list):
                raise Refused("it has no list of manifests")
            if len(manifests) > self._limits.layout_files:
                raise LimitExceeded(
                    f"{where}: index.json lists more than {self._limits.layout_files} manifests", limit="layout-files"
                )
            return tuple(parse_descriptor(item) for item in manifests)
        except Refused as error:
            raise Malformed(f"{where}: index.json cannot be read: {error}") from None

    def _tags(self) -> set[str]:
        return {name for item in self._listed if (name := item.annotations.get(REF_NAME))}

    def _only_image(self) -> Digest:
        """Design rule 24: no subject, no cosign tag, no other cosign kind, no child of another listed index."""
        children: set[Digest] = set()
        images: dict[Digest, str] = {}
        below: dict[Digest, frozenset[Digest] | None] = {}  # a manifest's children; None for one with a subject
        for item in self._listed:
            name, kind = item.annotations.get(REF_NAME, ""), item.annotations.get(KIND, "")
            if item.digest not in below:  # each is read once, however often it is listed
                manifest = self._parsed(self._content(item.digest))
                own = frozenset(child.digest for child in manifest.manifests)
                below[item.digest] = own if manifest.subject is None else None
            found = below[item.digest]
            if found is None or name.endswith(_COSIGN_SUFFIXES):
                continue
            if kind.startswith(COSIGN_KIND) and kind not in _IMAGE_KINDS:
                continue
            children |= found
            images[item.digest] = name
        candidates = {digest: name for digest, name in images.items() if digest not in children}
        if len(candidates) == 1:
            return next(iter(candidates))
        if not candidates:
            raise InvalidReference(f"{self._reference.location} holds no image")
        names = sorted(f"{name or 'untagged'} ({digest})" for digest, name in candidates.items())
        named = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        raise InvalidReference(
            f"{self._reference.location} holds {len(candidates)} images, name one by :TAG or @DIGEST: {named}"
        )

    def _content(self, digest: Digest) -> Content:
        raw = self._files.read(_blob_name(digest), self._limits.manifest_bytes + 1)
        if raw is None:
            missing = f"{self._reference.location}: blob {digest} is missing"
            raise NotFound(missing).advising(_COMPARE) if digest == self._reference.digest else Malformed(missing)
        if len(raw) > self._limits.manifest_bytes:
            raise LimitExceeded(
                f"manifest {digest} has more than {self._limits.manifest_bytes} bytes", limit="manifest-bytes"
            )
        check_digest(raw, digest, f"{self._reference.location}: blob {digest}")
        return Content(digest=digest, media_type=self._media_types.get(digest, ""), raw=raw)

    def _parsed(self, content: Content) -> Manifest:
        try:
            return parse_manifest(content, self._limits)
        except Refused as error:
            raise Malformed(f"{self._reference.location}: manifest {content.digest}: {error}") from None

    def _all_manifests(self) -> Iterator[tuple[Content, Manifest]]:
        """Every blob that is a manifest, one after the other. An image's layer may be broken without mattering to
        anyone; what is listed may not, nor what could have been a referrer.
        """
        listed = {item.digest for item in self._listed}
        for digest in sorted(listed):
            content = self._content(digest)
            yield content, self._parsed(content)
        for digest in self._files.blobs_with(_SUBJECT, self._limits.manifest_bytes):
            if digest in listed:
                continue
            try:
                content = self._content(digest)
                manifest = parse_manifest(content, self._limits)
            except Refused:
                continue
            yield content, manifest


def _blob_name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"
