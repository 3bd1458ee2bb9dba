"""What is asked of an image, in the words of gate and of cosign.

What comes in: an `Expectation`. What goes out: a policy for `gate verify` and a command line for `cosign verify` or
`cosign verify-attestation` that ask the same. It runs neither.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from interop.lab import Lab

PARTS = {
    "github-workflow-name": "--certificate-github-workflow-name",
    "github-workflow-ref": "--certificate-github-workflow-ref",
    "github-workflow-repository": "--certificate-github-workflow-repository",
    "github-workflow-sha": "--certificate-github-workflow-sha",
    "github-workflow-trigger": "--certificate-github-workflow-trigger",
}
"""The extensions that cosign has a flag for, by gate's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A signature or, with `type`, an attestation of that type, by whom."""

    issuer: str = ""
    """Ours (`github`, `gitlab`, `google`), or any URL."""
    identity: str = ""
    regex: str = ""
    """In place of `identity`."""
    extensions: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    """Of a key in the lab, in place of issuer and identity."""
    logged: bool = True
    """Of a key: whether the log must have it."""
    type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def policy(self, lab: Lab, *, root: Path | None = None) -> str:
        """What `gate verify` is given."""
        lines = ["version = 1", "[trust]", f"roots = [{_text(str(root or lab.trusted_root))}]", "[signers.asked]"]
        if self.key:
            lines.append(f"key = {_text(str(lab.folder / self.key))}")
            lines.append(f'log = "{"required" if self.logged else "optional"}"')
        else:
            lines.append(f"issuer = {_text(self._issuer(lab))}")
            lines.append(
                f"identity = {{ regex = {_text(self.regex)} }}" if self.regex else f"identity = {_text(self.identity)}"
            )
        for name, asked in (("extensions", self.extensions), ("annotations", self.annotations)):
            if asked:
                inside = ", ".join(f"{_text(key)} = {_text(value)}" for key, value in asked.items())
                lines.append(f"{name} = {{ {inside} }}")
        lines += ["[[rules]]", 'images = ["**"]']
        if self.type:
            lines += ["[[rules.attestations]]", f"type = {_text(self.type)}", 'signers = ["asked"]']
        else:
            lines.append('signature.signers = ["asked"]')
        return "\n".join(lines) + "\n"

    def command(self, lab: Lab, *, root: Path | None = None) -> list[str]:
        """What cosign 3 is given, without the reference."""
        command = ["verify-attestation", f"--type={self.type}"] if self.type else ["verify"]
        command += [f"--trusted-root={root or lab.trusted_root}", "--allow-http-registry"]
        if self.key:
            command.append(f"--key={lab.folder / self.key}")
            if not self.logged:
                command.append("--insecure-ignore-tlog")
        else:
            command.append(f"--certificate-oidc-issuer={self._issuer(lab)}")
            name, value = ("identity-regexp", self.regex) if self.regex else ("identity", self.identity)
            command.append(f"--certificate-{name}={value}")
        command += [f"{PARTS[name]}={value}" for name, value in self.extensions.items()]
        command += [f"--annotations={key}={value}" for key, value in self.annotations.items()]
        return command

    def flags(self, lab: Lab, *, root: Path | None = None) -> list[str] | None:
        """The same flags for `gate verify`, in place of a policy; None where only cosign has one."""
        if not self.logged:
            return None
        _, *flags = self.command(lab, root=root)
        return [flag for flag in flags if flag != "--allow-http-registry"]

    def _issuer(self, lab: Lab) -> str:
        return self.issuer if "://" in self.issuer else lab.issuer.url(self.issuer)


def _text(value: str) -> str:
    """A TOML string: JSON's escapes are among TOML's."""
    return json.dumps(value, ensure_ascii=True)
