"""Every row of the table: evidence of each format, place, trust and coverage, and what a rule says of it."""

from __future__ import annotations

import pytest

from tests.agents.scene import failed
from tests.agents.table import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.name))
def test_evidence_fails_these_checks_and_no_others(row: Row) -> None:
    assert failed(row.policy, *row.evidence) == row.failed


def test_the_table_is_whole() -> None:
    """Each format, and each check of the agents that can fail alone."""
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) >= 60
    shown = {name for row in ROWS for name in row.failed}
    aspects = ("coverage", "conflict", "age", "claims", "authorship", "allow", "models", "operators", "tools", "deny")
    assert {f"agents.{name}" for name in (*aspects, "reviewers", "signals")} <= shown
    for number in (1, 3, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 18):
        assert any(f"F{number}" in name for name in names), number
