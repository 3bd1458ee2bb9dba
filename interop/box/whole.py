"""Everything about gate's container image: what it promises, the CI systems' jobs in it, and its own release.

What comes in: a running lab and its images. What goes out: comparisons.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from interop.asking import BY_RELEASE
from interop.box.bench import Bench
from interop.box.container import Runtime
from interop.box.image import Builder
from interop.box.jenkins import builds
from interop.box.promises import Case, Promises
from interop.box.released import compare_release
from interop.box.schemas import validate
from interop.box.scripts import check_scripts
from interop.box.systems import compare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from interop.images import Pushed
    from interop.lab import Lab
    from interop.tally import Tally

NEEDED = ("buildah", "debootstrap", "runc", "groovy")


def compare_box(lab: Lab, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> None:
    """All of it."""
    validate(lab.tools, tally)
    check_scripts(tally)
    missing = lab.tools.missing.intersection(NEEDED)
    if missing:
        tally.skip("image      everything that is run in gate's image", ", ".join(sorted(missing)))
        return
    builder = Builder(lab.tools, lab.folder / "build")
    with builder.built() as image:
        case = Case(
            workspace=_workspace(lab),
            passes=images["referrers", "release"].reference,
            fails=images["referrers", "unsigned"].reference,
        )
        runtime = Runtime(lab.tools["runc"], image, lab.folder / "containers")
        Promises(runtime, builder, case, tally).hold()
        made = builds(lab.tools["groovy"], lab.folder / "jenkins")
        compare(Bench(runtime=runtime, runc=lab.tools["runc"], case=case, tally=tally, builds=made))
    if "skopeo" in lab.tools.missing:
        tally.skip("release    scripts/release", "skopeo")
    else:
        compare_release(lab, builder, tally)


def _workspace(lab: Lab) -> Path:
    """A policy with its trusted root beside it, as a repository holds them."""
    folder = lab.folder / "workspace"
    folder.mkdir()
    shutil.copyfile(lab.trusted_root, folder / "trusted_root.json")
    policy = BY_RELEASE.policy(lab).replace(str(lab.trusted_root), "trusted_root.json")
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    return folder
