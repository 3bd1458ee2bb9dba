"""docs/provenance.md is current: every preset, build type family, CI system and comparison that there is."""

from __future__ import annotations

import re
from pathlib import Path

from gate.claims.builds import BUILD_TYPES
from gate.claims.project import SYSTEMS
from gate.policy.conditions import COMPARISONS
from gate.policy.presets import PRESETS

PAGE = (Path(__file__).parents[2] / "docs" / "provenance.md").read_text(encoding="utf-8")


def test_it_lists_each_preset_with_what_it_is_worth() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([0-3]) \|", PAGE, re.MULTILINE)
    assert dict(rows) == {name: str(preset.level) for name, preset in PRESETS.items()}


def test_it_lists_each_ci_system_with_its_variables() -> None:
    for system, mark, names in SYSTEMS:
        assert f"| {system} | `{mark}` | {'/'.join(f'`{name}`' for name in names)} |" in PAGE
    assert len(re.findall(r"^\| [^|]+ \| `[A-Z_]+` \|", PAGE, re.MULTILINE)) == len(SYSTEMS)


def test_it_names_the_versions_and_families_that_are_read() -> None:
    families = {entry.read.__module__.rpartition(".")[2] for entries in BUILD_TYPES.values() for entry in entries}
    assert families == {"github", "gitlab", "google", "tekton", "buildkit"}
    for word in ("GitHub", "slsa-github-generator", "GitLab", "Google Cloud Build", "Tekton Chains", "BuildKit"):
        assert re.search(rf"^\| {word}", PAGE, re.MULTILINE), word
    assert all(version.rpartition("/")[2] in PAGE for version in BUILD_TYPES)


def test_it_names_every_comparison() -> None:
    assert all(f"`{word}`" in PAGE for word in COMPARISONS)
