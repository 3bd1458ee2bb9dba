"""Layouts, mutated file by file: copies of `cases`, in which one document or one byte is another.

What goes out: what the whole of gate's judging half says of such a copy, from the bytes on the disk to the exit code,
and what the evidence means.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gate import trust
from gate.errors import GateError
from gate.flow import judge
from gate.limits import Deadline
from gate.policy.loading import parse_policy
from gate.reference import parse_reference
from gate.sources import Sources
from gate.verification import Verified
from tests.conftest import LAB
from tests.mutation.changes import write
from tests.mutation.corpus import CASES, LIMITS
from tests.mutation.judging import Meaning
from tests.verification.lab import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from gate.policy.model import Policy
    from gate.trust import TrustRoot


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
        judged = judge(
            parse_reference(f"oci:{layout}"),
            parsed,
            roots=roots,
            sources=Sources(limits=LIMITS, deadline=deadline),
            limits=LIMITS,
            deadline=deadline,
            now=NOW,
        )
    except GateError as error:
        return Answer(code=error.exit_code, digest="", meaning=frozenset())
    return Answer(
        code=judged.exit_code,
        digest=str(judged.image.digest) if judged.image is not None else "",
        meaning=frozenset(Meaning.of(item) for item in judged.evidence if isinstance(item, Verified)),
    )


class Copy:
    """A layout's copy. `manifests` are its referrers' and images' manifests by digest, as index.json lists them."""

    def __init__(self, case: str, folder: Path) -> None:
        self.path = shutil.copytree(CASES / case, folder / "layout")
        self.index: dict[str, Any] = json.loads((self.path / "index.json").read_bytes())
        self.manifests = {item["digest"]: json.loads(self.blob(item["digest"])) for item in self.index["manifests"]}

    def file(self, digest: str) -> Path:
        """Where a blob lies."""
        return self.path / "blobs" / digest.replace(":", "/")

    def blob(self, digest: str) -> bytes:
        """A blob's bytes."""
        return self.file(digest).read_bytes()

    def put_index(self, index: Any) -> None:
        """Write index.json; None takes it away."""
        (self.path / "index.json").write_bytes(write(index))

    def put_manifest(self, digest: str, manifest: Any) -> str:
        """Write another manifest in a manifest's place, under its own digest, and list it where that was."""
        raw = write(manifest)
        new = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        self.file(new).write_bytes(raw)
        entries = [
            {**item, "digest": new, "size": len(raw)} if item["digest"] == digest else item
            for item in self.index["manifests"]
        ]
        self.put_index({**self.index, "manifests": entries})
        return new

    def restore(self, new: str = "") -> None:
        """As it was, but for a blob that nobody lists: that is taken away."""
        self.put_index(self.index)
        if new and new not in self.manifests:
            self.file(new).unlink()
