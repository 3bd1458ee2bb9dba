"""Layouts, mutated file by file: copies of `cases`, in which one document or one byte is another.

What goes out: what the whole of gate's judging half says of such a copy, from the bytes on the disk to the exit code,
and what the evidence means.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from gate import trust
from gate.errors import GateError
from gate.flow import Judge
from gate.limits import Deadline
from gate.policy.loading import parse_policy
from gate.reference import parse_reference
from gate.sources import Sources
from gate.sources.layout import REF_NAME
from gate.verification import Verified
from tests.conftest import LAB
from tests.mutation.changes import changed, write
from tests.mutation.corpus import CASES, LIMITS
from tests.mutation.judging import Meaning
from tests.verification.lab import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gate.policy.model import Policy
    from gate.trust import TrustRoot
    from tests.mutation.changes import Mutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The exit code, the digest that was judged, and what was verified for it."""

    code: int
    digest: str
    meaning: frozenset[Meaning]


@cache
def lab_policy(name: str) -> tuple[Policy, tuple[TrustRoot, ...]]:
    """One of the lab's policies and its roots."""
    path = LAB / "policies" / f"{name}.toml"
    policy = parse_policy(path.read_bytes(), path)
    return policy, tuple(trust.load(root.name, folder=path.parent) for root in policy.roots)


def ask(layout: Path, policy: str) -> Answer:
    """Judge the image of a layout, as `gate verify oci:LAYOUT` does."""
    parsed, roots = lab_policy(policy)
    deadline = Deadline(60)
    try:
        sources = Sources(limits=LIMITS, deadline=deadline)
        judge = Judge(parsed, roots=roots, sources=sources, limits=LIMITS, deadline=deadline, now=NOW)
        judged = judge.judge(parse_reference(f"oci:{layout}"))
    except GateError as error:
        return Answer(code=error.exit_code, digest="", meaning=frozenset())
    return Answer(
        code=judged.exit_code,
        digest=str(judged.image.digest) if judged.image is not None else "",
        meaning=frozenset(Meaning.of(item) for item in judged.evidence if isinstance(item, Verified)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One change of one document of a layout: `plant` writes it, and says under which digest if that is a new one."""

    place: str
    change: str
    plant: Callable[[], str]


class Copy:
    """A layout's copy, to be changed and restored. `manifests` are all that index.json lists, by digest."""

    def __init__(self, case: str, policy: str, folder: Path) -> None:
        self.path = shutil.copytree(CASES / case, folder / "layout")
        self.policy = policy
        self._taken = ("", b"")
        self.index: dict[str, Any] = json.loads((self.path / "index.json").read_bytes())
        self.manifests = {
            item["digest"]: json.loads(self.file(item["digest"]).read_bytes()) for item in self.index["manifests"]
        }

    def changes(self) -> Iterator[Planted]:
        """Each change of index.json, and of each manifest that it lists, in a manifest of its own digest."""
        image = self.image().digest
        for mutation in changed(self.index):
            yield Planted(
                place=f"index:{mutation.place}", change=mutation.change, plant=partial(self._plant_index, mutation)
            )
        for digest, manifest in self.manifests.items():
            name = "image" if digest == image else "referrer" if self._refers(digest) else "child"
            donors = [other for other in self.manifests.values() if other is not manifest]
            for mutation in changed(manifest, donors):
                plant = partial(self._plant_manifest, digest, mutation)
                yield Planted(place=f"{name}:{mutation.place}", change=mutation.change, plant=plant)

    def image(self) -> Answer:
        """What the layout's own policy says of it as it is."""
        return ask(self.path, self.policy)

    def look(self, planted: Planted) -> Answer:
        """What gate says of the layout with one change, which is taken back."""
        new = planted.plant()
        try:
            return ask(self.path, self.policy)
        finally:
            self._restore(new)

    def _refers(self, digest: str) -> bool:
        names = [item.get("annotations", {}).get(REF_NAME, "") for item in self.index["manifests"]]
        tagged = any(
            name.endswith((".sig", ".att"))
            for name, item in zip(names, self.index["manifests"], strict=True)
            if item["digest"] == digest
        )
        return "subject" in self.manifests[digest] or tagged

    def _plant_index(self, mutation: Mutation) -> str:
        self._write_index(mutation.document)
        return ""

    def _plant_manifest(self, digest: str, mutation: Mutation) -> str:
        """Another manifest in a manifest's place, under its own digest, listed where that was."""
        raw = write(mutation.document)
        self._taken = (digest, self.file(digest).read_bytes())
        self.file(digest).unlink()
        new = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        self.file(new).write_bytes(raw)
        entries = [
            {**item, "digest": new, "size": len(raw)} if item["digest"] == digest else item
            for item in self.index["manifests"]
        ]
        self._write_index({**self.index, "manifests": entries})
        return new

    def _write_index(self, index: Any) -> None:
        (self.path / "index.json").write_bytes(write(index))

    def _restore(self, new: str) -> None:
        self._write_index(self.index)
        if new:
            self.file(new).unlink()
            digest, raw = self._taken
            self.file(digest).write_bytes(raw)

    def file(self, digest: str) -> Path:
        """Where a blob lies."""
        return self.path / "blobs" / digest.replace(":", "/")
