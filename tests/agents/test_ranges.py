"""How far back a range goes: whose word for what lies before a commit counts, and that every walk ends."""

from __future__ import annotations

import pytest

from gate.checks.agents import ranges
from tests.agents.documents import BASE, EARLIER, HEAD, OTHER, Said, built, claim, gitsign, gittuf
from tests.agents.scene import By, by, failed, judge, rule
from tests.agents.table import CLAIMS, COVERAGE, ranged


def _told(about: str, *parents: str) -> By:
    return by("scanner", gitsign(about=about, parents=parents))


def _listed(*commits: str) -> Said:
    return built(*map(claim, commits))


@pytest.mark.parametrize("trust", ["platform", "builder"])
def test_parents_by_a_tenant_end_no_range_of_a_rule_that_wants_more(trust: str) -> None:
    keys = f'min-trust = "{trust}"\nsigners = ["scanner"]\n'
    assert failed(ranged(keys), built(), _told(HEAD, BASE)) == COVERAGE
    assert failed(ranged(keys.replace(trust, "tenant")), built(), _told(HEAD, BASE)) == ()


def test_a_commit_that_is_said_to_come_before_itself_ends_the_walk() -> None:
    head = _listed(HEAD, EARLIER), _told(HEAD, EARLIER), _told(EARLIER, HEAD)
    later = _listed(HEAD, EARLIER, OTHER), _told(HEAD, EARLIER), _told(EARLIER, OTHER), _told(OTHER, EARLIER)
    for told in (head, later):
        judgement = judge(ranged(), *told)
        assert judgement.failed == COVERAGE
        assert f"nobody says the base: it is not before {HEAD[:12]}" in judgement.found("agents.coverage")


def test_a_range_of_more_commits_than_are_walked_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    # The base is the first that is met: only what was not walked is missing.
    told = _listed(HEAD, EARLIER, OTHER), _told(HEAD, EARLIER, BASE), _told(EARLIER, OTHER), _told(OTHER, BASE)
    assert failed(ranged(), *told) == ()
    monkeypatch.setattr(ranges, "_STEPS", 1)
    judgement = judge(ranged(), *told)
    assert judgement.failed == COVERAGE
    assert judgement.found("agents.coverage").endswith(f"; nobody says what comes before {EARLIER[:12]}")


def test_a_tree_of_a_commit_that_does_not_count_brings_nothing_in() -> None:
    broken = by("scanner", gittuf(5, tree="6" * 40))
    assert failed(rule(), built(), by("scanner", gitsign(about=HEAD, tree="6" * 40)), broken) == CLAIMS
    assert failed(rule(), built(), by("scanner", gitsign(about=OTHER, tree="6" * 40)), broken) == ()
