"""Who counts as a reviewer, and of what: by the people of a rule, the agents of a policy and the trees of a head."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gate.checks.agents import reviewers
from gate.claims.agents.claim import Document, Withdrawal
from gate.limits import Limits
from gate.verdict import EXIT_FAIL, EXIT_STUCK
from gate.verification import evidence as rooms
from gate.verification import fingerprint, read_key
from gate.verification.evidence import KeyIdentity
from tests.agents.documents import (
    BASE,
    EARLIER,
    HEAD,
    OTHER,
    TREE,
    Said,
    built,
    claim,
    commit,
    gitsign,
    gittuf,
    pedigree,
    summary,
)
from tests.agents.scene import NOW, RECENT, by, evidence, failed, judge, rule
from tests.agents.table import HUMANS, REVIEWERS, TWO_PARTY, reviewed
from tests.evidence import COPILOT, DAY, PROVEN, RULE, SIGNERS, VOUCHING, about_source, claimed, human, plain
from tests.evidence import NOW as TODAY
from tests.evidence import judge as judge_evidence

LAB = Path(__file__).parents[1] / "cases" / "lab"


def _approved_by(name: str, people: str) -> tuple[str, ...]:
    return failed(reviewed(people=people), built(), by("scanner", pedigree(approver=name)))


def test_only_people_whom_the_rule_names_review() -> None:
    for people in ('["alice"]', '[["alice", "github:alice"]]', '["bo", { glob = "alic*" }]'):
        assert _approved_by("alice", people) == ()
        assert _approved_by("mallory", people) == REVIEWERS
    assert _approved_by("github:alice", '[["alice", "github:alice"]]') == ()
    assert _approved_by("mallory", '[["alice", "github:alice"], { glob = "b*" }]') == REVIEWERS


@pytest.mark.parametrize(("second", "expected"), [("Carol@acme.com", REVIEWERS), ("dave@acme.com", ())])
def test_a_person_of_a_list_whom_a_pattern_means_too_is_counted_once(second: str, expected: tuple[str, ...]) -> None:
    """A-T33: in other letters she is neither of her spellings, and still nobody else."""
    text = reviewed("threshold = 2", people='[["carol", "carol@acme.com"], { glob = "*@acme.com" }]')
    assert failed(text, built(), by("scanner", gitsign()), by("scanner", gittuf("carol", second))) == expected
    assert failed(text, built(), by("scanner", gitsign()), by("scanner", gittuf(second, "carol"))) == expected


def test_a_person_whom_a_pattern_means_with_and_without_a_name_is_counted_once() -> None:
    """A-T33."""
    text = reviewed("threshold = 2", people='[["carol", "carol@acme.com"], { regex = ".*@acme.com>?" }]')
    for second in ("Dave <dave@acme.com>", "D. <DAVE@acme.com>", "Carol C. <carol@acme.com>"):
        one = "carol" if "arol" in second else "dave@acme.com"
        assert failed(text, built(), by("scanner", gitsign()), by("scanner", gittuf(one, second))) == REVIEWERS
        assert failed(text, built(), by("scanner", gitsign()), by("scanner", gittuf("erin@acme.com", second))) == ()


@pytest.mark.parametrize("author", ["Zoe\u0308", "ZO\u00cb", " Zo\u00eb ", "\uff3ao\u00eb"])
def test_an_author_is_no_reviewer_by_another_spelling_that_looks_the_same(author: str) -> None:
    """A-T33: a decomposed letter, another case, spaces, another width."""
    text = reviewed(people='["Zo\u00eb"]')
    approved = by("scanner", gittuf("Zo\u00eb"))
    assert failed(text, built(), by("scanner", gitsign(name="Zo")), approved) == ()
    assert failed(text, built(), by("scanner", gitsign(name=author)), approved) == REVIEWERS


@pytest.mark.parametrize("author", ["Ada <ada@acme.com>", "Ada Lovelace <ADA@acme.com>", "ada@acme.com"])
@pytest.mark.parametrize("reviewer", ["ada@acme.com", "ada@acme.com <x@y.test>", "Countess <ada@acme.com>"])
def test_an_author_is_no_reviewer_where_git_writes_name_and_address_as_one(author: str, reviewer: str) -> None:
    """A-T33: a claim has one text for both, and so may an approval."""
    text = reviewed(people=f'["{reviewer}", "bo"]', keys=HUMANS)
    approved = by("scanner", gitsign(name="Bo", email="bo@acme.com")), by("scanner", gittuf(reviewer))
    assert failed(text, built(human(author="Bo <bo@acme.com>")), *approved) == ()
    assert failed(text, built(human(author=author)), *approved) == REVIEWERS
    assert failed(text, built(claim(operator=author)), *approved) == REVIEWERS


def test_one_pattern_of_one_agent_makes_a_reviewer_an_agent() -> None:
    wide = reviewed(people='[{ glob = "*" }]')
    agents = '[agents.helpers]\nids = ["first", { glob = "helper-*" }]\nmodels = "any"\n'
    text = wide.replace(COPILOT, COPILOT + agents)
    for name in ("helper-7", "HELPER-7"):
        assert failed(wide, built(), by("scanner", pedigree(approver=name))) == ()
        assert failed(text, built(), by("scanner", pedigree(approver=name))) == REVIEWERS


def test_a_person_one_of_whose_names_is_an_agents_is_an_agent() -> None:
    agents = '[agents.helpers]\nids = [{ glob = "helper-*" }]\nmodels = "any"\n'
    for other in ("helper-7", "helper[bot]", "Helper-7"):
        text = reviewed(people=f'[["alice", "{other}"]]')
        approved = built(), by("scanner", pedigree(approver="alice"))
        assert failed(text.replace(COPILOT, COPILOT + agents), *approved) == REVIEWERS
        assert failed(text, *approved) == (REVIEWERS if other.endswith("[bot]") else ())


def test_an_agent_of_any_name_makes_nobody_an_agent() -> None:
    agents = '[agents.whatever]\nids = "any"\nmodels = "any"\n'
    text = reviewed(people='["alice"]').replace(COPILOT, COPILOT + agents)
    assert failed(text, built(), by("scanner", pedigree(approver="alice"))) == ()


def test_a_commit_of_which_nobody_says_the_tree_lends_it_to_no_approval() -> None:
    text = reviewed(people='["alice"]')
    untold = by("scanner", gitsign(tree=None))
    elsewhere = by("scanner", pedigree(approver="alice", about=EARLIER))
    assert failed(text, built(claim(), claim(EARLIER)), untold, elsewhere)[-1:] == REVIEWERS


def test_a_summary_about_several_commits_is_about_each() -> None:
    said = summary("SLSA_SOURCE_LEVEL_4")
    both = Said(said.predicate_type, said.predicate, (commit(EARLIER), commit(HEAD)))
    neither = Said(said.predicate_type, said.predicate, (commit(EARLIER), commit(OTHER)))
    listed = built(claim(), claim(EARLIER))
    assert failed(reviewed(TWO_PARTY), listed, by("people", both)) == ()
    assert failed(reviewed(TWO_PARTY), listed, by("people", neither)) == REVIEWERS
    unclear = Said(said.predicate_type, said.predicate, ({"digest": {"gitCommit": HEAD, "sha1": OTHER}},))
    assert failed(reviewed(TWO_PARTY), listed, by("people", unclear)) == REVIEWERS


@pytest.mark.parametrize("keys", ['signers = ["people"]', TWO_PARTY])
def test_what_a_reviews_signer_says_is_undecided_where_it_is_not_read_to_its_end(keys: str) -> None:
    """Rule 6: the approval that counts may be among those that were not read."""
    said = by("people", gittuf(*(f"person-{number}" for number in range(9))))
    text, signed = reviewed(keys), evidence(reviewed(keys), built(), said)
    for most, code in ((9, EXIT_FAIL), (8, EXIT_STUCK)):
        assert judge_evidence(text, *signed, limits=Limits(claims=most), now=NOW).exit_code == code
    stranger = evidence(text, built(), replace(said, signer="stranger"))
    assert judge_evidence(text, *stranger, limits=Limits(claims=8), now=NOW).exit_code == EXIT_FAIL


def test_how_many_approved_is_told_with_who_it_was() -> None:
    for approvals, told in (
        ((), f"{HEAD[:12]}: 0 of 1"),
        ((by("scanner", pedigree(approver="alice")),), f"{HEAD[:12]}: 1 of 1 ('alice')"),
        (
            (by("scanner", pedigree(approver="bo")),),
            f"{HEAD[:12]}: 0 of 1; 'bo' is none of the rule's people",
        ),
    ):
        assert judge(reviewed(), built(), *approvals).found("agents.reviewers") == told


def test_whoever_does_not_count_is_named_with_the_reason() -> None:
    approvals = (
        by("scanner", gittuf("alice", tree=BASE)),
        by("scanner", pedigree(approver="mallory")),
        by("scanner", pedigree(approver="grace@acme.com")),
    )
    said = by("scanner", gitsign(email="grace@acme.com"))
    found = judge(reviewed(), built(), said, *approvals).found("agents.reviewers")
    assert "'alice' approved something else" in found
    assert "'mallory' is none of the rule's people" in found
    assert "'grace@acme.com' had a part in it" in found


@pytest.mark.parametrize(("trust", "counts"), [("builder", False), ("platform", False), ("tenant", True)])
def test_a_tenant_calls_no_approved_tree_that_of_the_head_where_his_word_permits_nothing(
    trust: str, *, counts: bool
) -> None:
    """Rule 16, A-T34: the approval is of an earlier state, and whoever says otherwise is not who says who approved."""
    keys = f'signers = ["scanner"]\nmin-trust = "{trust}"\n[rules.agents.reviewers]\npeople = ["alice"]\n'
    text = rule(f'{keys}signers = ["people"]\n')
    approved, tree = by("people", gittuf("alice", tree="6" * 40)), gitsign(tree="6" * 40)
    assert failed(text, built(), by("scanner", tree), approved) == (() if counts else REVIEWERS)
    assert failed(text, built(), by("people", tree), approved) == ()
    assert failed(text, built(), by("people", tree), by("scanner", gitsign()), approved) == REVIEWERS


def test_an_approval_that_a_later_statement_takes_back_counts_no_longer() -> None:
    """A-T34: what it replaces stays attached; one that is newer is an approval again."""
    text = reviewed(people='[["alice", "al"], "bo"]')
    tree, back = by("scanner", gitsign()), gittuf("bo2", dismissed=["Alice"])
    first, later = by("scanner", gittuf("alice")), by("scanner", gittuf("alice"), RECENT)
    assert failed(text, built(), tree, first) == ()
    assert failed(text, built(), tree, first, by("scanner", back)) == REVIEWERS
    assert failed(text, built(), tree, first, by("scanner", back, RECENT)) == REVIEWERS
    assert failed(text, built(), tree, first, later, by("scanner", back)) == ()
    assert failed(text, built(), tree, by("scanner", gittuf("al")), by("scanner", back, RECENT)) == REVIEWERS
    assert failed(text, built(), tree, by("scanner", gittuf("bo")), by("scanner", back, RECENT)) == ()
    assert failed(text, built(), tree, first, by("stranger", back, RECENT)) == ()
    other = by("scanner", gittuf("bo", dismissed=["alice"], tree="6" * 40), RECENT)
    assert failed(text, built(), tree, first, other) == ()
    assert "took it back" in judge(text, built(), tree, first, by("scanner", back)).found("agents.reviewers")


def test_no_doubt_about_the_heads_tree_keeps_an_approval_from_being_taken_back() -> None:
    """A-T34: a tenant who calls another tree the head's makes no approval of the commit stand."""
    approved, tree = by("people", pedigree(approver="alice")), by("people", gitsign())
    back, doubt = by("people", gittuf(dismissed=["alice"]), RECENT), by("scanner", gitsign(tree="6" * 40))
    text = reviewed('signers = ["people"]')
    assert failed(text, built(), approved, tree, doubt) == ()
    assert failed(text, built(), approved, tree, back) == REVIEWERS
    assert failed(text, built(), approved, tree, doubt, back) == REVIEWERS
    assert failed(text, built(), approved, doubt, back) == (), "it took back what is not of the head"


@pytest.mark.parametrize(
    ("at", "ends", "stands"),
    [
        (None, {}, True),
        (NOW, {}, True),
        (None, {"alice": NOW}, False),
        (NOW, {"alice": None}, False),
        (NOW, {"alice": NOW}, False),
        (NOW, {"alice": NOW - timedelta(seconds=1)}, True),
        (NOW, {"alice": NOW - timedelta(days=1), "github:alice": NOW + timedelta(days=1)}, False),
        (NOW, {"bo": NOW + timedelta(days=1)}, True),
    ],
)
def test_an_approval_stands_only_if_it_is_known_to_be_newer_than_all_that_take_it_back(
    at: datetime | None, ends: dict[str, datetime | None], *, stands: bool
) -> None:
    assert reviewers._stands(("alice", "github:alice"), at, ends) is stands


def test_of_several_that_take_it_back_the_last_counts_and_one_without_a_time_is_the_last() -> None:
    item = about_source("x", {}, {"gitCommit": HEAD})
    timeless = replace(item, signer=KeyIdentity(fingerprint="f" * 64), times=(), logs=(), seal=rooms._SEAL)
    back = (Withdrawal(path="x", reviewer="Alice", tree=TREE),)
    timed, untimed = (
        Document(evidence=said, format="x", about_source=True, builder_id="", withdrawals=back)
        for said in (item, timeless)
    )
    for said, last in (((timed,), item.signed_at), ((timed, untimed), None), ((untimed, timed), None)):
        assert reviewers._taken_back(said, frozenset({TREE})) == {"alice": last}


@pytest.mark.parametrize(("days", "expected"), [(None, REVIEWERS), (3, REVIEWERS), (1, ())])
def test_what_a_key_signed_is_newer_than_what_takes_it_back_only_by_its_own_time(
    days: int | None, expected: tuple[str, ...]
) -> None:
    """Rule 5, A-T34: anybody may have an old signature logged or stamped again."""
    text = f'{SIGNERS}[signers.key]\nkey = "key.pub"\nlog = "optional"\ntime = "/made"\n{VOUCHING}{COPILOT}{RULE}'
    text += f'{PROVEN}[rules.agents]\nallow = ["copilot"]\n[rules.agents.reviewers]\npeople = ["alice"]\n'
    text += 'signers = ["key", "people"]\n'
    made = {} if days is None else {"made": (TODAY - days * DAY).isoformat()}
    item = about_source(pedigree().predicate_type, {**pedigree(approver="alice").predicate, **made}, {"sha1": HEAD})
    key = KeyIdentity(fingerprint=fingerprint(read_key((LAB / "key.pub").read_bytes())))
    again = replace(item, signer=key, times=(TODAY - DAY,), seal=rooms._SEAL)
    said, back, grace = gitsign(), gittuf(dismissed=["alice"]), plain("grace@acme.com")
    tree = about_source(said.predicate_type, said.predicate, {"sha1": HEAD}, signer=grace)
    dismissal = about_source(
        back.predicate_type, back.predicate, {"gitTree": TREE}, signer=grace, signed_at=TODAY - 2 * DAY
    )
    assert judge_evidence(text, claimed(claim()), tree, again, folder=LAB).failed == ()
    assert judge_evidence(text, claimed(claim()), tree, again, dismissal, folder=LAB).failed == expected
