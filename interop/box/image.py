"""gate's image, built by `scripts/image` on a base of Debian's packages, and unpacked to be run.

What comes in: the tools, and a registry. What goes out: an `Image`: its root filesystem and its configuration. The base
stands in for `python:slim`, which a registry has: it is made once, kept in the cache of the tools as the layout that it
would be downloaded as, and put into the registry. It runs nothing.

Sources: OCI image specification 1.1, "Image configuration"; buildah(1), containers-storage.conf(5).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.processes import must
from interop.tools import cache

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from interop.registries import Registry
    from interop.tools import Tools

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
"""What the Dockerfile asks of its base, and `python:slim` has."""
BASE = f"localhost/gate-base:{SUITE}"
"""Its name in buildah's storage, which keeps it from run to run."""
BASE_REPOSITORY = "acme/base"
"""Where the registry has it, under the suite as its tag."""
NAME = "localhost/gate:interop"
SOURCE = "https://github.com/acme/gate"
EPOCH = "1767225600"
"""2026-01-01: what the image's files are dated, so that two builds can be told to be the same."""
DRIVER = "overlay"
BUILT_WITHIN = 600.0
"""Seconds for a base or an image, on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that was built."""

    rootfs: Path
    config: Mapping[str, Any]
    """What the image says of how it is run: `Env`, `User`, `Entrypoint`, `Labels`."""


class Builder:
    """buildah with a storage of its own, in the cache."""

    def __init__(self, tools: Tools, folder: Path, registry: Registry) -> None:
        self._buildah = tools["buildah"]
        self._skopeo = tools["skopeo"]
        self._debootstrap = tools["debootstrap"]
        self._folder = folder
        self._registry = registry
        folder.mkdir()
        storage = folder / "storage.conf"
        storage.write_text(
            f"""[storage]\ndriver = "{DRIVER}"\ngraphroot = "{cache() / "storage"}"\n"""
            f"""runroot = "{cache() / "storage-run"}"\n""",
            encoding="utf-8",
        )
        registries = folder / "registries.conf"
        registries.write_text(f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n', encoding="utf-8")
        # The caller's environment: pip inside reaches the package index as pip outside does.
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_REGISTRIES_CONF": str(registries),
            "STORAGE_DRIVER": DRIVER,
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(folder),
            "SOURCE_DATE_EPOCH": EPOCH,
        }

    @property
    def base(self) -> str:
        """The base by its tag in the registry."""
        return f"{self._registry.host}/{BASE_REPOSITORY}:{SUITE}"

    @contextmanager
    def built(self) -> Iterator[Image]:
        """The image, and its root filesystem as long as this lasts."""
        # The storage is ours alone: what an earlier run left behind goes.
        self._must("rm", "--all")
        self._keep((BASE,))
        self._base()
        # As `scripts/release` builds it, so that both must be the same image.
        digest = self._registry.repository(BASE_REPOSITORY).manifest(SUITE)[0]["digest"]
        pinned = f"{self.base.removesuffix(f':{SUITE}')}@{digest}"
        command: list[str | Path] = [ROOT / "scripts" / "image", "--engine", "buildah", "--base", pinned, "--tag", NAME]
        must(command, {**self.environment, "GATE_SOURCE_URL": SOURCE}, within=BUILT_WITHIN)
        container = self._must("from", "--pull-never", NAME).strip()
        try:
            yield Image(
                rootfs=Path(self._must("mount", container).strip()),
                config=json.loads(self._must("inspect", "--type", "image", NAME))["OCIv1"]["config"],
            )
        finally:
            self._must("rm", container, cleans_up=True)

    def image_id(self, name: str) -> str:
        """The digest of an image's configuration, which names its layers."""
        return self._must("inspect", "--type", "image", "--format", "{{.FromImageID}}", name).strip()

    def _keep(self, kept: Collection[str]) -> None:
        """Take every other image out of the storage."""
        for image in json.loads(self._must("images", "--json")):
            for name in image.get("names") or [image["id"]]:
                if name not in kept:
                    self._must("rmi", "--force", name)

    def _base(self) -> None:
        """Put the base into the registry, and make it before where it is not there yet."""
        made = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()
        layout = cache() / f"base-{made[:12]}"
        if not layout.exists():
            self._make_base(layout)
        command: list[str | Path] = [self._skopeo, "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
        must([*command, f"oci:{layout}:base", f"docker://{self.base}"], self.environment)
        # Under a name that outlives the registry, so that what is pulled has its layer already.
        self._must("pull", "--quiet", self.base)
        self._must("tag", self.base, BASE)

    def _make_base(self, layout: Path) -> None:
        print(f"making a base of Debian {SUITE} with debootstrap", file=sys.stderr, flush=True)
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
        half = layout.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        self._must("push", "--quiet", BASE, f"oci:{half}:base")
        half.rename(layout)

    def _must(self, *arguments: str, cleans_up: bool = False) -> str:
        return must([self._buildah, *arguments], self.environment, cleans_up=cleans_up)
