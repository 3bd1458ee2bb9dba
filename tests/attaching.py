"""An image in a layout of its own, to which a test attaches what it made: good, forged or junk.

What comes in: the lab's unsigned image. What goes out: a folder that `gate verify oci:...` reads and `RegistryServer`
serves. It signs nothing and judges nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from tests.conftest import LAB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"


class AttachingLayout:
    """A copy of a layout. `image` is the digest of its first manifest, the one that things are attached to."""

    def __init__(self, folder: Path, case: str = "unsigned") -> None:
        self.path = shutil.copytree(LAB / case, folder / "layout")
        self.index = json.loads((self.path / "index.json").read_bytes())
        self.image: str = self.index["manifests"][0]["digest"]

    def blob(self, raw: bytes) -> dict[str, Any]:
        """Put bytes there; where and how many they are, as a descriptor says it."""
        digest = hashlib.sha256(raw).hexdigest()
        (self.path / "blobs" / "sha256" / digest).write_bytes(raw)
        return {"digest": f"sha256:{digest}", "size": len(raw)}

    def attach(
        self,
        layers: Sequence[Mapping[str, Any]],
        *,
        tag: str = "",
        kind: str = "",
        subject: bool | str = False,
        annotations: Mapping[str, str] | None = None,
        **more: Any,
    ) -> str:
        """Attach layers by cosign's tag, by `cosign save`'s annotation, or as a referrer of the image or of `subject`.

        `annotations` and `more` are the manifest's own; the manifest's digest is returned.
        """
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_EMPTY, **self.blob(b"{}")},
            "layers": layers,
            **more,
        }
        if annotations:
            manifest["annotations"] = annotations
        if subject:
            about = subject if isinstance(subject, str) else self.image
            manifest["subject"] = {"mediaType": OCI_MANIFEST, "digest": about, "size": 1}
        listed = {"org.opencontainers.image.ref.name": f"{self.image.replace(':', '-')}.{tag}"} if tag else {}
        listed |= {"kind": f"dev.cosignproject.cosign/{kind}"} if kind else {}
        entry = {"mediaType": OCI_MANIFEST, **self.blob(json.dumps(manifest).encode())}
        self.index["manifests"].append(entry | ({"annotations": listed} if listed else {}))
        self.write_index()
        return str(entry["digest"])

    def detach(self) -> None:
        """Take away all that was attached: from the index, and the manifests themselves."""
        first, *attached = self.index["manifests"]
        for entry in attached:
            (self.path / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")).unlink(missing_ok=True)
        self.index["manifests"] = [first]
        self.write_index()

    def write_index(self) -> None:
        """Write `index.json` as `index` is now."""
        (self.path / "index.json").write_text(json.dumps(self.index))
