"""Each row of the table in each of its formats: rejected at its step for its reason, and its neighbour accepted.

Who signed is no step: those rows verify, and are judged under a policy. And the list of steps in docs/security.md is
that of the table: every step has rows for every format that has the step.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.verification import Rejected, Step, Verified
from gate.verification.certificate import EXTENSIONS
from tests.evidence import judge
from tests.forge import FORMATS, Format, ec_key
from tests.verification.wrong import STEPS, TABLE, applies
from tests.verification.wrong.rows import Row, trial
from tests.verification.wrong.signers import ASKED, NEW, OLD, SIGNERS, SignerRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.verification.wrong.rows import Change

ORDER = list(Step)
PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def _name(value: Row | Format) -> str:
    return value.name if isinstance(value, Format) else f"{value.step}: {value.broken}"


@cache
def _neighbour(right: Change, form: Format) -> Verified | Rejected:
    """Many rows have the unchanged signature for their neighbour: it is made once."""
    return right(trial(form)).evidence()


@pytest.mark.parametrize("row", TABLE, ids=_name)
def test_one_thing_wrong_is_rejected_for_it_and_its_neighbour_is_accepted(row: Row) -> None:
    for form in row.where:
        evidence = row.wrong(trial(form)).evidence()
        assert isinstance(evidence, Rejected), f"{form.name} verified"
        assert evidence.step is row.step, (form.name, evidence)
        assert row.reason in evidence.reason, (form.name, evidence)
        for behind, reason in evidence.also:  # nothing else is wrong, but what the same thing breaks once more
            assert ORDER.index(behind) > ORDER.index(row.step)
            assert reason == evidence.reason
        neighbour = _neighbour(row.right, form)
        assert isinstance(neighbour, Verified), (form.name, neighbour)


@pytest.mark.parametrize("form", [form for form in FORMATS if form.promise and not form.keyed], ids=_name)
def test_of_several_things_wrong_the_first_is_the_reason_and_those_behind_it_are_said(form: Format) -> None:
    late = trial(form).but(promised=lambda signed: signed | {"integratedTime": 1})
    evidence = late.but(signs_with=ec_key("mallory")).evidence()
    assert isinstance(evidence, Rejected)
    assert (evidence.step, [step for step, _ in evidence.also]) == (Step.LOG, [Step.SIGNATURE])
    evidence = late.but(told=lambda body: body | {"kind": "rekord"}).evidence()
    assert isinstance(evidence, Rejected)
    assert (evidence.step, [step for step, _ in evidence.also]) == (Step.LOG, [Step.LOG_ENTRY])


@pytest.mark.parametrize("row", [row for row in TABLE if row.guard], ids=_name)
def test_nothing_else_is_wrong_with_it(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, name = row.guard.partition(":")
    holder = importlib.import_module(module)
    *owners, last = name.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    monkeypatch.setattr(holder, last, lambda *_, **__: None)
    for form in row.where:
        evidence = row.wrong(trial(form)).evidence()
        assert isinstance(evidence, Verified), (form.name, evidence)


@pytest.mark.parametrize("row", SIGNERS, ids=lambda row: row.broken)
def test_a_signer_who_is_not_quite_the_one_named_is_refused(row: SignerRow) -> None:
    for form in filter(row.formats, FORMATS):
        for which, parts in enumerate((row.wrong, row.right)):
            evidence = trial(form).leaf(**parts).evidence()
            assert isinstance(evidence, Verified), (form.name, evidence)
            judgement = judge(row.policy(which), evidence)
            assert judgement.exit_code == 1 - which, (form.name, judgement.found("signature"))
            assert judgement.failed == (() if which else ("signature",))


def test_every_extension_that_a_policy_may_demand_is_tried() -> None:
    assert {*OLD.values(), *NEW.values()} == EXTENSIONS


@pytest.mark.parametrize("form", FORMATS, ids=_name)
def test_every_step_that_a_format_has_is_tried(form: Format) -> None:
    tried = {row.step for row in TABLE if row.formats(form)}
    assert tried == {step for step in Step if applies(step, form)}


@pytest.mark.parametrize(("head", "table"), [("step", STEPS), ("asked", ASKED)], ids=["steps", "signers"])
def test_the_security_page_lists_the_steps_of_the_table_in_their_order(head: str, table: Mapping[str, str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = re.search(rf"\| {head} \| what must hold \|\n\|---\|---\|\n((?:\|.*\n)+)", text)
    assert listed is not None
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in listed[1].splitlines()]
    assert rows == list(table.items())


def test_every_step_and_all_that_is_asked_of_a_signer_is_tried() -> None:
    assert list(STEPS) == list(Step)
    assert {row.asked for row in SIGNERS} == set(ASKED)


def test_no_row_is_there_twice_or_for_no_format() -> None:
    names = [(row.step, row.broken, form.name) for row in TABLE for form in row.where]
    assert len(set(names)) == len(names)
    assert all(row.where for row in TABLE)
