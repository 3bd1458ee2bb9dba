"""How gate and cosign are asked about an image, and what cosign's answer means.

What comes in: the lab, a reference, and an expectation or a policy. What goes out: what the tool said. It compares
nothing.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interop.expectation import Expectation
from interop.oidc import ADA, PIPELINE, RELEASE
from interop.processes import Done, run
from interop.produce import SLSA_V1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.lab import Lab

ROOT = Path(__file__).resolve().parent.parent
GATE = ROOT / ".venv/bin/gate"
REFUSALS = (
    "no matching signatures",
    "no matching attestations",
    "none of the attestations matched",
    "no signatures found",
    "no valid bundles exist",
)
"""What cosign says when it looked and refuses."""

BY_RELEASE = Expectation(issuer="github", identity=RELEASE.name)
BY_PIPELINE = Expectation(issuer="gitlab", identity=PIPELINE.name)
BY_ADA = Expectation(issuer="google", identity=ADA.name)
BY_KEY = Expectation(key="one.pub")
UNLOGGED = Expectation(key="one.pub", logged=False)
PROVENANCE = replace(BY_RELEASE, type=SLSA_V1)


def ask_gate(
    lab: Lab, reference: str, policy: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Done:
    """`gate verify` of a reference under the text of a policy; `environment` adds to that of the lab."""
    path = lab.folder / f"{os.urandom(8).hex()}.toml"
    path.write_text(policy, encoding="utf-8")
    return run([GATE, "verify", reference, f"--policy={path}", *arguments], {**lab.environment, **(environment or {})})


def decided(cosign: Done) -> bool | None:
    """What cosign decided; None where it decided nothing: what fails for want of a flag would agree with every no."""
    if cosign.code == 0:
        return True
    return False if any(words in cosign.said for words in REFUSALS) else None
