"""Every build type that gate knows, one entry each: a new one is a line here and a file beside it.

What comes in: the URI of a build type, and the predicate type that it stood in. What goes out: its entry, or None. An
unknown build type has no source and no known parameters, however much its fields look like another's (design rule 12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.builds import buildkit, github, gitlab, google, tekton
from gate.claims.builds.form import BuildType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BUILD_TYPES", "SLSA_V01", "SLSA_V02", "SLSA_V1", "BuildType", "find_build_type"]

SLSA_V1: Final = "https://slsa.dev/provenance/v1"
SLSA_V02: Final = "https://slsa.dev/provenance/v0.2"
SLSA_V01: Final = "https://slsa.dev/provenance/v0.1"

BUILD_TYPES: Final[Mapping[str, tuple[BuildType, ...]]] = {
    SLSA_V1: (*github.V1, *gitlab.V1, *google.V1, *tekton.V1, *buildkit.V1),
    SLSA_V02: (*github.V02, *gitlab.V02, *tekton.V02, *buildkit.V02),
    SLSA_V01: google.V01,
}


def find_build_type(predicate_type: str, uri: str) -> BuildType | None:
    """The entry whose URIs hold this one, byte for byte; None for an unknown one."""
    return next((item for item in BUILD_TYPES[predicate_type] if item.uri.fullmatch(uri)), None)
