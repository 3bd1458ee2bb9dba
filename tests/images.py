"""OCI layouts that a test makes: images, indexes, and what is signed about them.

What comes in: a folder. What goes out: a layout in it, for `oci:` and for `RegistryServer`, and a policy that trusts
who signed. Signatures are from the forge, so that a test can sign whatever it likes; they verify as real ones do.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tests import forge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = forge.MEDIA_TYPE
SIGN_V1 = "https://sigstore.dev/cosign/sign/v1"
REF_NAME = "org.opencontainers.image.ref.name"
ABOUT = "vnd.docker.reference.digest"


@cache
def bundle(digest: str, predicate_type: str = SIGN_V1, note: str = "") -> bytes:
    """A bundle about a digest, by the forge's signer; `note` makes another one of it."""
    hex_digits = digest.removeprefix("sha256:")
    payload = forge.statement(hex_digits, predicate_type=predicate_type, predicate={"note": note} if note else {})
    return json.dumps(forge.Sigstore().sign(payload)).encode()


class Layout:
    """A layout as it grows; every method writes it out at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listed: list[dict[str, Any]] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self._write()

    def blob(self, raw: bytes, media_type: str) -> dict[str, Any]:
        """Put a blob there; returns its descriptor."""
        hex_digits = hashlib.sha256(raw).hexdigest()
        (self.folder / "blobs" / "sha256" / hex_digits).write_bytes(raw)
        return {"mediaType": media_type, "digest": f"sha256:{hex_digits}", "size": len(raw)}

    def manifest(self, document: Mapping[str, Any], *, tag: str = "") -> dict[str, Any]:
        """Put a manifest or an index there and list it."""
        whole = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, **document}
        descriptor = self.blob(json.dumps(whole).encode(), whole["mediaType"])
        self.listed.append(descriptor | ({"annotations": {REF_NAME: tag}} if tag else {}))
        self._write()
        return descriptor

    def image(self, name: str, *, tag: str = "", config: bytes = b"{}", **more: Any) -> dict[str, Any]:
        """An image of one layer, with the bytes of its configuration."""
        layer = self.blob(name.encode(), "application/vnd.oci.image.layer.v1.tar")
        described = self.blob(config, "application/vnd.oci.image.config.v1+json")
        return self.manifest({"config": described, "layers": [layer], **more}, tag=tag)

    def index(self, entries: Iterable[Mapping[str, Any]], *, tag: str = "") -> dict[str, Any]:
        """An index of these entries, each a descriptor with its platform."""
        return self.manifest({"mediaType": OCI_INDEX, "manifests": list(entries)}, tag=tag)

    def attach(self, subject: Mapping[str, Any], raw: bytes, media_type: str = BUNDLE, **more: Any) -> dict[str, Any]:
        """A referrer of `subject` that holds one blob."""
        layers = [self.blob(raw, media_type)]
        config = self.blob(b"{}", EMPTY)
        return self.manifest(
            {"artifactType": media_type, "config": config, "layers": layers, "subject": subject, **more}
        )

    def sign(
        self, subject: Mapping[str, Any], *, about: Mapping[str, Any] | None = None, note: str = ""
    ) -> dict[str, Any]:
        """Attach a signature to `subject`; with `about` it is one of something else."""
        plain = {key: subject[key] for key in ("mediaType", "digest", "size")}
        return self.attach(plain, bundle((about or subject)["digest"], note=note))

    def _write(self) -> None:
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.listed}
        (self.folder / "index.json").write_text(json.dumps(index))


def entry(manifest: Mapping[str, Any], text: str, **annotations: str) -> dict[str, Any]:
    """An index's entry: `text` is its platform, empty for none."""
    parts = text.split("/")
    platform = dict(zip(("os", "architecture", "variant"), parts, strict=False)) if text else None
    return {
        **manifest,
        **({"platform": platform} if platform else {}),
        **({"annotations": annotations} if annotations else {}),
    }


def policy(folder: Path, rules: str = "", *, name: str = "policy.toml") -> Path:
    """A policy whose signer `forge` is the forge's. Without `rules`: whatever the image, it must be signed."""
    (folder / "root.json").write_text(json.dumps(forge.Sigstore().root()))
    path = folder / name
    path.write_text(
        f"""version = 1
[trust]
roots = ["root.json"]
[signers.forge]
issuer = "{forge.ISSUER}"
identity = "{forge.IDENTITY}"
[signers.other]
issuer = "{forge.ISSUER}"
identity = "https://example.com/other"
"""
        + (rules or '[[rules]]\nname = "signed"\nimages = ["**"]\nsignature.signers = ["forge"]\n')
    )
    return path
