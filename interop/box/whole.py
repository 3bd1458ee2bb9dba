"""Everything about gate's container image: what it promises, the CI systems' jobs in it, and its own release.

What comes in: a running lab, and its images once they are there. What goes out: comparisons, as parts of the run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interop.asking import BY_RELEASE
from interop.box.bench import Bench
from interop.box.container import Runtime
from interop.box.image import Builder
from interop.box.jenkins import Builds, builds
from interop.box.promises import Case, Promises
from interop.box.released import compare_release
from interop.box.schemas import validate
from interop.box.scripts import check_scripts
from interop.box.systems import compare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from pathlib import Path
    from typing import Any

    from interop.images import Pushed
    from interop.lab import Lab
    from interop.parts import Part, Parts
    from interop.tally import Tally

NEEDED = ("buildah", "debootstrap", "runc", "groovy", "skopeo")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """The image that was built, and what runs it."""

    lab: Lab
    builder: Builder
    runtime: Runtime
    workspace: Path

    def promises(self, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> Promises:
        """What it promises, to be held on the lab's images."""
        return Promises(self.runtime, self.builder, self._case(images), tally)

    def bench(self, images: Mapping[tuple[str, str], Pushed], made: Builds, tally: Tally) -> Bench:
        """Where the CI systems' jobs run in it."""
        runc = self.lab.tools["runc"]
        return Bench(runtime=self.runtime, runc=runc, case=self._case(images), tally=tally, builds=made)

    def _case(self, images: Mapping[tuple[str, str], Pushed]) -> Case:
        return Case(
            workspace=self.workspace,
            passes=images["referrers", "release"].reference,
            fails=images["referrers", "unsigned"].reference,
        )


def start_box(lab: Lab, parts: Parts, images: Part[dict[tuple[str, str], Pushed]], lasting: ExitStack) -> None:
    """Start every part of it; the image is there as long as `lasting`."""
    parts.start("the files of scripts/ci", lambda tally: _compare_files(lab, tally))
    missing = lab.tools.missing.intersection(NEEDED)
    if missing:
        without = ", ".join(sorted(missing))
        parts.start(
            "gate's container image",
            lambda tally: tally.skip("image      everything that is run in gate's image", without),
        )
        return
    made = parts.start("builds of the Jenkinsfiles", lambda _: builds(lab.tools["groovy"], lab.folder / "jenkins"))
    box = parts.start("gate's container image", lambda _: _build(lab, lasting))
    both: tuple[Part[Any], ...] = (box, images)
    parts.start(
        "what the image promises", lambda tally: box.result().promises(images.result(), tally).hold(), needs=both
    )
    parts.start(
        "the jobs of scripts/ci",
        lambda tally: compare(box.result().bench(images.result(), made.result(), tally)),
        needs=(*both, made),
    )
    parts.start("gate's own release", lambda tally: compare_release(lab, box.result().builder, tally), needs=[box])
    # What is timed has the machine for itself.
    parts.start(
        "what the image promises in time",
        lambda tally: box.result().promises(images.result(), tally).hold_in_time(),
        needs=both,
        after=parts.all(),
    )


def _compare_files(lab: Lab, tally: Tally) -> None:
    validate(lab.tools, tally)
    check_scripts(tally)


def _build(lab: Lab, lasting: ExitStack) -> _Box:
    builder = Builder(lab.tools, lab.folder / "build", lab.referrers)
    image = lasting.enter_context(builder.built())
    runtime = Runtime(lab.tools["runc"], image, lab.folder / "containers")
    return _Box(lab=lab, builder=builder, runtime=runtime, workspace=_workspace(lab))


def _workspace(lab: Lab) -> Path:
    """A policy with its trusted root beside it, as a repository holds them."""
    folder = lab.folder / "workspace"
    folder.mkdir()
    shutil.copyfile(lab.trusted_root, folder / "trusted_root.json")
    policy = BY_RELEASE.policy(lab).replace(str(lab.trusted_root), "trusted_root.json")
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    return folder
