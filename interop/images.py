"""Images to sign: small, real, and each with a digest of its own.

What comes in: a name, or files. What goes out: an image or an index in a repository, as a `Pushed`. It signs nothing.

Sources: OCI image specification 1.1, manifest, config and index.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interop.registries import INDEX, MANIFEST, Document, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CREATED = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """An image in a repository."""

    repository: Repository
    descriptor: Document

    @property
    def digest(self) -> str:
        """Its digest."""
        found: str = self.descriptor["digest"]
        return found

    @property
    def reference(self) -> str:
        """Its reference by digest."""
        return f"{self.repository.path}@{self.digest}"


def push_image(
    repository: Repository,
    files: Mapping[str, bytes],
    *,
    tag: str = "",
    architecture: str = "amd64",
    labels: Mapping[str, str] | None = None,
) -> Pushed:
    """Build an image of one layer and push it. The same files give the same digest."""
    tar = _tar(files)
    config = {
        "created": CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/bin/true"], "Labels": dict(labels or {})},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
        "history": [{"created": CREATED, "created_by": "gate lab"}],
    }
    manifest: Document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": repository.push_blob(json.dumps(config).encode(), CONFIG),
        "layers": [repository.push_blob(gzip.compress(tar, mtime=0), LAYER)],
    }
    return Pushed(repository=repository, descriptor=repository.push_manifest(manifest, tag))


def push_index(repository: Repository, children: Mapping[str, Pushed], *, tag: str = "") -> Pushed:
    """Push an index over images, each for an architecture."""
    listed = [
        {**child.descriptor, "platform": {"architecture": architecture, "os": "linux"}}
        for architecture, child in children.items()
    ]
    document: Document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
    return Pushed(repository=repository, descriptor=repository.push_manifest(document, tag))


def _tar(files: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()
