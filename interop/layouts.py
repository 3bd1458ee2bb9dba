"""Layouts and archives by the tools that write them: all are read, and judged like the image in the registry.

What comes in: the images that `produce` made. What goes out: one comparison for each tool and transport. A tool that
copies the image without its evidence makes an image without evidence, and gate says so.
"""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

from interop.asking import BY_RELEASE, PROVENANCE, UNLOGGED, ask_gate
from interop.processes import must

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from interop.expectation import Expectation
    from interop.images import Pushed
    from interop.lab import Lab
    from interop.tally import Tally

SKOPEO = ("--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false")


class Copies:
    """One lab's images, copied by other tools and judged again."""

    def __init__(self, lab: Lab, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> None:
        self.lab = lab
        self.images = images
        self.tally = tally
        self.folder = lab.folder / "copies"
        self.folder.mkdir()

    def compare(self) -> None:
        """Every tool."""
        for part, needs in (
            (self._cosign_save, ("cosign3",)),
            (self._cosign_save_legacy, ("cosign2",)),
            (self._skopeo, ("skopeo",)),
            (self._skopeo_with_tags, ("skopeo", "cosign2", "docker-registry")),
            (self._skopeo_archive, ("skopeo",)),
            (self._crane, ("crane",)),
            (self._oras, ("oras",)),
            (self._oras_between_registries, ("oras", "docker-registry")),
        ):
            missing = self.lab.tools.missing.intersection(needs)
            if missing:
                self.tally.skip(f"layout     {part.__name__.strip('_').replace('_', ' ')}", ", ".join(sorted(missing)))
            else:
                part()

    def _cosign_save(self) -> None:
        image = self.images["referrers", "whole"]
        layout = self.folder / "cosign"
        self.lab.must_cosign("save", "--allow-http-registry", f"--dir={layout}", image.reference)
        self._judged("cosign save", f"oci:{layout}", image, BY_RELEASE, holds=True)
        self._judged("cosign save, its provenance", f"oci:{layout}", image, PROVENANCE, holds=True)
        archive = self._packed(layout)
        self._judged("cosign save, packed", f"oci-archive:{archive}", image, BY_RELEASE, holds=True)

    def _cosign_save_legacy(self) -> None:
        image = self.images["referrers", "legacy"]
        layout = self.folder / "cosign2"
        self.lab.must_cosign("save", "--allow-http-registry", f"--dir={layout}", image.reference, version=2)
        self._judged("cosign 2 save", f"oci:{layout}", image, UNLOGGED, holds=True)

    def _skopeo(self) -> None:
        image = self.images["referrers", "whole"]
        layout = self.folder / "skopeo"
        self._skopeo_copy(f"docker://{image.reference}", f"oci:{layout}:v1")
        self._judged("skopeo copy, image alone", f"oci:{layout}:v1", image, BY_RELEASE, holds=False)

    def _skopeo_with_tags(self) -> None:
        image = self.images["tags", "legacy"]
        layout = self.folder / "skopeo-tags"
        stem = image.digest.replace(":", "-")
        self._skopeo_copy(f"docker://{image.reference}", f"oci:{layout}:v1")
        for tag in (f"{stem}.sig", f"{stem}.att"):
            self._skopeo_copy(f"docker://{image.repository.path}:{tag}", f"oci:{layout}:{tag}")
        self._judged("skopeo copy with cosign's tags", f"oci:{layout}:v1", image, UNLOGGED, holds=True)
        to = self.lab.referrers.repository("copied/skopeo")
        self._skopeo_copy(f"docker://{image.reference}", f"docker://{to.path}:v1")
        for tag in (f"{stem}.sig", f"{stem}.att"):
            self._skopeo_copy(f"docker://{image.repository.path}:{tag}", f"docker://{to.path}:{tag}")
        self._judged("skopeo copy from registry to registry", f"{to.path}:v1", image, UNLOGGED, holds=True)

    def _skopeo_archive(self) -> None:
        image = self.images["referrers", "whole"]
        archive = self.folder / "skopeo.tar"
        self._skopeo_copy(f"docker://{image.reference}", f"oci-archive:{archive}:v1")
        self._judged(
            "skopeo copy to an archive, image alone", f"oci-archive:{archive}:v1", image, BY_RELEASE, holds=False
        )

    def _crane(self) -> None:
        image = self.images["referrers", "whole"]
        layout = self.folder / "crane"
        must([self.lab.tools["crane"], "pull", "--format=oci", image.reference, layout], self.lab.environment)
        self._judged("crane pull, image alone", f"oci:{layout}", image, BY_RELEASE, holds=False)

    def _oras(self) -> None:
        image = self.images["referrers", "whole"]
        layout = self.folder / "oras"
        command = ["cp", "--recursive", "--from-plain-http", image.reference, "--to-oci-layout", f"{layout}:v1"]
        must([self.lab.tools["oras"], *command], self.lab.environment)
        self._judged("oras cp -r", f"oci:{layout}:v1", image, BY_RELEASE, holds=True)
        self._judged("oras cp -r, its provenance", f"oci:{layout}:v1", image, PROVENANCE, holds=True)
        archive = self._packed(layout)
        self._judged("oras cp -r, packed", f"oci-archive:{archive}:v1", image, PROVENANCE, holds=True)

    def _oras_between_registries(self) -> None:
        image = self.images["referrers", "whole"]
        to = self.lab.registries[1].repository("copied/oras")
        command = ["cp", "--recursive", "--from-plain-http", "--to-plain-http", image.reference, f"{to.path}:v1"]
        must([self.lab.tools["oras"], *command], self.lab.environment)
        self._judged("oras cp -r from referrers to tags", f"{to.path}:v1", image, PROVENANCE, holds=True)

    def _judged(self, says: str, reference: str, image: Pushed, asked: Expectation, *, holds: bool) -> None:
        """The verdict, and that it is about the same digest."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        gate = ask_gate(self.lab, reference, asked.policy(self.lab), f"--report={report}")
        judged = json.loads(report.read_bytes())["images"] if report.exists() else []
        digest = judged[0]["digest"] if judged else "nothing"
        self.tally.check(
            f"layout     {says}: gate {'pass' if gate.code == 0 else 'fail' if gate.code == 1 else gate.code}",
            held=gate.code == (0 if holds else 1) and digest == image.digest,
            why=f"{gate.said}\nexpected {image.digest}, judged {digest}",
        )

    def _skopeo_copy(self, source: str, target: str) -> None:
        must([self.lab.tools["skopeo"], *SKOPEO, source, target], self.lab.environment)

    def _packed(self, layout: Path) -> Path:
        archive = layout.with_suffix(".tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(layout, arcname=".")
        return archive
