"""Text or a descriptor's fields -> `Platform`, in the one spelling by which two of them are compared.

What comes in: `linux/arm64/v8` from a policy, or `os`, `architecture` and `variant` of an index's entry. What goes out:
a `Platform`. It chooses nothing.

Sources: OCI image-spec image-index.md ("platform"); containerd's platforms package for the spellings that mean the
same (arm64 is arm64/v8, arm is arm/v7, amd64 is amd64/v1; x86_64 and aarch64 are aliases), which docker and
Kubernetes' nodes use to pick an entry.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

_TEXT: Final = re.compile(r"([a-z0-9_.-]+)/([a-z0-9_.-]+)(?:/([a-z0-9_.-]+))?")
_OS: Final = {"macos": "darwin"}
_ARCHITECTURES: Final = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "i386": ("386", ""),
}
_DEFAULTS: Final = {"amd64": "v1", "arm64": "v8"}
"""Variants that are the same as none."""


class Platform(Struct, frozen=True, order=True):
    """An operating system and a processor. `variant` is empty where it is the usual one."""

    os: str
    architecture: str
    variant: str = ""

    @property
    def unknown(self) -> bool:
        """What BuildKit writes for an entry that nothing can run."""
        return (self.os, self.architecture) == ("unknown", "unknown")

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def platform(os: str, architecture: str, variant: str = "") -> Platform:
    """The platform that the fields of a descriptor or the parts of a text name."""
    os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
    architecture, usual = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = variant or usual
    if variant.isdecimal():
        variant = f"v{variant}"
    if architecture == "arm":
        variant = variant or "v7"
    elif variant == _DEFAULTS.get(architecture):
        variant = ""
    return Platform(_OS.get(os, os), architecture, variant)


def parse_platform(text: str) -> Platform:
    """`os/architecture[/variant]`, in lower case. Raises `ValueError`."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!a} is no platform: write os/architecture or os/architecture/variant, as linux/arm64/v8"
        )
    return platform(match[1], match[2], match[3] or "")
