"""gate's image, built by `scripts/image` on a base of Debian's packages, and unpacked to be run.

What comes in: the tools. What goes out: an `Image`: its root filesystem, its configuration, its layers. The base stands
in for `python:slim`, which a registry has; it is made once and kept in the cache of the tools. It runs nothing.

Sources: OCI image specification 1.1, "Image configuration"; buildah(1), containers-storage.conf(5).
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.processes import must
from interop.tools import cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interop.tools import Tools

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
"""What the Dockerfile asks of its base, and `python:slim` has."""
BASE = f"localhost/gate-base:{SUITE}"
NAME = "localhost/gate:interop"
EPOCH = "1767225600"
"""2026-01-01: what the image's files are dated, so that two builds can be told to be the same."""
BUILT_WITHIN = 600.0
"""Seconds for a base or an image, on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer as it is pushed."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that was built."""

    rootfs: Path
    config: Mapping[str, Any]
    """What the image says of how it is run: `Env`, `User`, `Entrypoint`, `Labels`."""
    layers: tuple[Layer, ...]
    base_layers: tuple[Layer, ...]
    layout: Path
    """The same image as an OCI layout."""

    @property
    def own_layers(self) -> tuple[Layer, ...]:
        """The layers on top of the base."""
        return self.layers[len(self.base_layers) :]


class Builder:
    """buildah with a storage of its own, in the cache."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        self._buildah = tools["buildah"]
        self._debootstrap = tools["debootstrap"]
        self._folder = folder
        folder.mkdir()
        storage = folder / "storage.conf"
        storage.write_text(
            f"""[storage]\ndriver = "vfs"\ngraphroot = "{cache() / "containers"}"\n"""
            f"""runroot = "{cache() / "containers-run"}"\n""",
            encoding="utf-8",
        )
        # The caller's environment: pip inside reaches the package index as pip outside does.
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(storage),
            "STORAGE_DRIVER": "vfs",
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(folder),
        }

    @contextmanager
    def built(self) -> Iterator[Image]:
        """The image, and its root filesystem as long as this lasts."""
        self._base()
        self.build(NAME)
        # The storage is ours alone: what a run that was killed left behind goes.
        self._must("rm", "--all")
        self._must("rmi", "--prune")
        container = self._must("from", "--pull-never", NAME).strip()
        try:
            layout, base = self._folder / "image", self._folder / "base"
            self.push(NAME, f"oci:{layout}:gate")
            self.push(BASE, f"oci:{base}:base")
            document, layers = read_layout(layout)
            base_layers = read_layout(base)[1]
            shutil.rmtree(base)
            yield Image(
                rootfs=Path(self._must("mount", container).strip()),
                config=document["config"],
                layers=layers,
                base_layers=base_layers,
                layout=layout,
            )
        finally:
            self._must("rm", container, cleans_up=True)

    def build(self, name: str) -> None:
        """Run `scripts/image`."""
        command: list[str | Path] = [ROOT / "scripts" / "image", "--engine", "buildah", "--base", BASE, "--tag", name]
        must(command, {**self.environment, "SOURCE_DATE_EPOCH": EPOCH}, within=BUILT_WITHIN)

    def push(self, name: str, to: str) -> None:
        """Copy an image to a layout or a registry."""
        self._must("push", "--quiet", "--tls-verify=false", name, to)

    def image_id(self, name: str) -> str:
        """The digest of an image's configuration, which names its layers."""
        return self._must("inspect", "--type", "image", "--format", "{{.FromImageID}}", name).strip()

    def remove(self, name: str) -> None:
        """Take an image out of the storage."""
        self._must("rmi", name)

    def _base(self) -> None:
        """Make the base, where it is not there yet."""
        if BASE in self._must("images", "--format", "{{.Name}}:{{.Tag}}").split():
            return
        print(f"making a base of Debian {SUITE} with debootstrap", flush=True)
        folder = self._folder / "rootfs"
        include = f"--include={','.join(PACKAGES)}"
        must(
            [self._debootstrap, "--variant=minbase", include, SUITE, folder],
            self.environment,
            within=BUILT_WITHIN,
        )
        for name in ("etc/hostname", "etc/resolv.conf"):  # this machine's
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "var/cache/apt/archives", ignore_errors=True)
        context = self._folder / "context"
        context.mkdir()
        must(
            ["tar", "-C", folder, "--numeric-owner", "-cf", context / "rootfs.tar", "."],
            self.environment,
            within=BUILT_WITHIN,
        )
        shutil.rmtree(folder)
        (context / "Dockerfile").write_text(
            "FROM scratch\nADD rootfs.tar /\n"
            "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
            'CMD ["python3"]\n',
            encoding="utf-8",
        )
        must(
            [self._buildah, "build", "--quiet", "--identity-label=false", "--tag", BASE, context],
            self.environment,
            within=BUILT_WITHIN,
        )
        shutil.rmtree(context)

    def _must(self, *arguments: str, cleans_up: bool = False) -> str:
        return must([self._buildah, *arguments], self.environment, cleans_up=cleans_up)


def read_layout(layout: Path) -> tuple[Mapping[str, Any], tuple[Layer, ...]]:
    """The configuration and the layers of the one image in a layout."""

    def blob(digest: str) -> Any:
        return json.loads((layout / "blobs" / digest.replace(":", "/")).read_bytes())

    (listed,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifest = blob(listed["digest"])
    layers = tuple(Layer(digest=layer["digest"], size=layer["size"]) for layer in manifest["layers"])
    return blob(manifest["config"]["digest"]), layers
