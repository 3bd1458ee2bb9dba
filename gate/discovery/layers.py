"""A manifest that carries evidence -> the candidates that its layers are.

What comes in: a manifest that was read, and where it was found. What goes out: candidates without their bytes: what a
layer may be is said by its media type alone. It fetches nothing.

Sources: the media types of Sigstore's bundles, and of cosign's SPEC.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.discovery.found import SBOM_PLACE, Candidate, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.reference import Digest
    from gate.sources.manifest import Descriptor, Manifest

_NO_EVIDENCE: Final = "an SBOM that cosign attached without a signature"
_KINDS: Final = {
    "application/vnd.dev.sigstore.bundle.v0.3+json": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.1": Kind.BUNDLE,
    "application/vnd.dev.cosign.simplesigning.v1+json": Kind.SIMPLE_SIGNING,
    "application/vnd.dsse.envelope.v1+json": Kind.DSSE,
    "application/vnd.in-toto+json": Kind.DSSE,
}


def layers_of(manifest: Manifest, digest: Digest, place: str) -> Iterator[tuple[Candidate, Descriptor]]:
    """Each layer as a candidate, and where its bytes are. `Kind.OTHER` for what is no evidence."""
    sbom = place == SBOM_PLACE
    for number, layer in enumerate(manifest.layers):
        kind = Kind.OTHER if sbom else _KINDS.get(layer.media_type.replace(" ", ""), Kind.OTHER)
        candidate = Candidate(
            digest=digest,
            layer=number,
            kind=kind,
            media_type=layer.media_type,
            place=place,
            raw=b"",
            annotations=layer.annotations,
            problem=_NO_EVIDENCE if sbom else "",
        )
        yield candidate, layer


def unread(digest: Digest, place: str, *, problem: str) -> Candidate:
    """What stands for a manifest whose layers cannot be told."""
    return Candidate(digest=digest, layer=0, kind=Kind.OTHER, media_type="", place=place, raw=b"", problem=problem)
