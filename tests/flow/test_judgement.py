"""What a judgement says of itself, and what is let go of once it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import DeadlineExceeded
from gate.flow.judgement import Judged, without_predicates
from tests.discovery.test_search import IMAGE
from tests.evidence import AGENTS_POLICY, judge, provenance, rejected

if TYPE_CHECKING:
    from gate.verification import Evidence


def _judged(*evidence: Evidence) -> Judged:
    return Judged(image=IMAGE, rules=judge(AGENTS_POLICY, *evidence).rules, evidence=evidence, ledger=())


def test_what_was_not_judged_does_not_pass() -> None:
    assert _judged(provenance()).passes
    assert not _judged().passes
    late = DeadlineExceeded("too late")
    assert not Judged(image=IMAGE, rules=(), evidence=(), ledger=(), error=late).passes


def test_what_predicates_say_is_let_go_of_and_what_was_rejected_has_none() -> None:
    judged = _judged(provenance(), junk := rejected())
    kept, dropped = without_predicates(judged), judged.evidence[0]
    assert kept.evidence[1] is junk
    assert kept.evidence[0].digest == dropped.digest
    assert [rule.results for rule in kept.rules] == [rule.results for rule in judged.rules]
    assert [item.claim.evidence.statement for rule in kept.rules for item in rule.commits] == [
        getattr(kept.evidence[0], "statement", None)
    ]
    assert getattr(kept.evidence[0], "statement", None) != getattr(dropped, "statement", None)
