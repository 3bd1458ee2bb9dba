"""`where`: single values of a predicate, compared as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.pointer import MISSING, is_pointer, value_at
from tests.evidence import RULE, SCANNER, SIGNERS, attestation, failed, github, judge, loads, passes, policy, stranger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gate.strictjson import JSON

VULN = "attestations.vuln"


def under(where: str, *, more: str = "") -> str:
    return f'{SIGNERS}{RULE}\n[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner"]\n{more}where = {where}\n'


HOLDS = [
    ("equals = 0", 0, True), ("equals = 0", 0.0, True), ("equals = 0", 1, False), ("equals = 0", "0", False),
    ("equals = 0", False, False), ("equals = 0", None, False), ("equals = 0", [], False), ("equals = 0", {}, False),
    ("equals = 1", True, False), ("equals = true", 1, False), ("equals = true", True, True),
    ("equals = true", "true", False), ("equals = false", None, False), ("equals = false", False, True),
    ('equals = "a"', "a", True), ('equals = "a"', "A", False), ('equals = "a"', ["a"], False),
    ("equals = 9007199254740993", 9007199254740993, True),
    ("equals = 9007199254740993", 9007199254740992, False), ("equals = 9007199254740993", 9007199254740992.0, False),
    ("below = 9", 8, True), ("below = 9", 9, False), ("below = 9", 8.9, True), ("below = 9", "10", False),
    ("below = 9", "8", False), ("below = 9", True, False), ("below = 9", None, False), ("below = 9", [], False),
    ("below = 9", -1, True), ("below = 9.5", 9, True), ("below = 9.5", 10, False),
    ("at-most = 9", 9, True), ("at-most = 9", 9.0000001, False), ("at-most = 9", 10**30, False),
    ("above = 9", 9, False), ("above = 9", 10, True), ("above = 9", 10**30, True), ("above = 9", "10", False),
    ("above = 0", True, False), ("above = -1", False, False),
    ("at-least = 7.5", 7.5, True), ("at-least = 7.5", 7.4, False), ("at-least = 7.5", 8, True),
    ('in = ["a", 1, true]', "a", True), ('in = ["a", 1, true]', 1, True), ('in = ["a", 1]', True, False),
    ('in = ["a", 1]', "1", False), ('in = ["a"]', ["a"], False), ('in = ["a"]', "b", False),
]  # fmt: skip


@pytest.mark.parametrize(("comparison", "value", "holds"), HOLDS)
def test_a_value_is_compared_as_what_it_is(comparison: str, value: object, holds: bool) -> None:
    """Numbers with numbers, texts with texts, truth with truth: "10" is not less than 9, and true is not 1."""
    text = under(f'[{{ at = "/scanner/x", {comparison} }}]')
    assert passes(text, attestation(predicate={"scanner": {"x": value}})) is holds
    assert failed(text, attestation(predicate={"scanner": {"y": value}})) == (VULN,)


@pytest.mark.parametrize("comparison", ["equals = 0", "below = 1", "at-most = 0", "above = -1", "at-least = 0",
                                        "in = [0, false]", "equals = false"])  # fmt: skip
@pytest.mark.parametrize("predicate", [{}, {"scanner": None}, {"scanner": []}, {"scanner": {}}, {"scanner/x": 0},
                                       {"scanner": {"x": None}}, {"scanner": "x"}, {"": {"x": 0}}])  # fmt: skip
def test_a_value_that_is_missing_fails(comparison: str, predicate: dict[str, object]) -> None:
    assert failed(under(f'[{{ at = "/scanner/x", {comparison} }}]'), attestation(predicate=predicate)) == (VULN,)


def test_every_comparison_must_hold() -> None:
    text = under('[{ at = "/critical", equals = 0 }, { at = "/high", at-most = 2 }]')
    assert passes(text, attestation(predicate={"critical": 0, "high": 2}))
    for critical, high in ((1, 0), (0, 3), (1, 3)):
        assert failed(text, attestation(predicate={"critical": critical, "high": high})) == (VULN,)


def test_every_attestation_of_the_type_must_hold() -> None:
    """Rule 20: a second scan cannot hide behind the first, and nobody else's counts."""
    text = under('[{ at = "/critical", equals = 0 }]')
    good, bad = attestation(predicate={"critical": 0}), attestation(predicate={"critical": 1})
    assert passes(text, good, attestation(predicate={"critical": 1}, signer=stranger()))
    assert failed(text, good, bad) == (VULN,)
    assert failed(text, attestation(predicate={"critical": 0}, signer=github(SCANNER + "x"))) == (VULN,)


def test_a_schema_beside_it_must_hold_too(tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text('{"required": ["scanner"]}')
    text = under('[{ at = "/critical", equals = 0 }]', more='schema = "scan.json"\n')
    for predicate, holds in (
        ({"critical": 0, "scanner": "x"}, True),
        ({"critical": 0}, False),
        ({"critical": 1, "scanner": "x"}, False),
    ):
        assert (judge(text, attestation(predicate=predicate), folder=tmp_path).exit_code == 0) is holds


def test_the_result_says_what_was_found_and_what_was_wanted() -> None:
    text = under('[{ at = "/a", equals = 0 }, { at = "/b", at-most = 2 }, { at = "/c", in = ["x", true] }, '
                 '{ at = "/d", above = 1 }]')  # fmt: skip
    judgement = judge(text, attestation(predicate={"a": 1, "b": "1", "c": {}}))
    (result,) = judgement.results
    assert result.expected.endswith(", with /a 0 and /b at most 2 and /c one of 'x', true and /d above 1")
    found = [part.partition(": ")[2] for part in result.found.split("; ")]
    assert found == [
        "/a is 1, not 0",
        "/b is '1', which is no number",
        "/c is a dict, not one of 'x', true",
        "/d is missing",
    ]


@pytest.mark.parametrize(
    "where",
    ["[]", "{}", '[{ at = "/x", equals = "" }]',
      '[{ at = "/x" }]', "[{ equals = 0 }]", '[{ at = "x", equals = 0 }]', '[{ at = "", equals = 0 }]',
     '[{ at = "/x", equals = 0, below = 1 }]', '[{ at = "/x", equals = [] }]', '[{ at = "/x", equals = {} }]',
     '[{ at = "/x", in = [] }]', '[{ at = "/x", in = "a" }]', '[{ at = "/x", in = [1, 1] }]',
     '[{ at = "/x", below = "9" }]', '[{ at = "/x", below = true }]', '[{ at = "/x", below = nan }]',
     '[{ at = "/x", above = -inf }]', '[{ at = "/x", equals = inf }]', '[{ at = "/x", in = [nan] }]',
     '[{ at = "/x~", equals = 0 }]', '[{ at = "/x", equals = 2027-01-31 }]', '[{ at = "/x", matches = "a" }]',
     '["/x == 0"]', '[{ at = "/x", equals = [[1]] }]'],
)  # fmt: skip
def test_what_is_no_comparison_is_invalid(where: str) -> None:
    with pytest.raises(InvalidPolicy):
        policy(under(where))
    assert loads(under('[{ at = "/x", equals = 0 }]'))


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/a", 1), ("/b/0", "x"), ("/b/1/c", None), ("/", 2), ("/m~1n", 3), ("/m~0n", 4), ("/~01", 5), ("/b/00", MISSING),
     ("/b/01", MISSING), ("/b/-", MISSING), ("/b/-1", MISSING), ("/b/2", MISSING), ("/b/x", MISSING),
     ("/a/0", MISSING), ("/b/0/0", MISSING), ("/b/1/c/d", MISSING), ("/A", MISSING), ("/b/\u0661", MISSING),
     ("/b/99999999999999999999", MISSING), ("/a/", MISSING)],
)  # fmt: skip
def test_pointers_are_those_of_rfc_6901(pointer: str, value: object) -> None:
    document: Mapping[str, JSON] = {"a": 1, "b": ["x", {"c": None}], "": 2, "m/n": 3, "m~n": 4, "~1": 5}
    assert is_pointer(pointer)
    assert value_at(document, pointer) == value


def test_what_is_no_pointer_to_a_part_is_none() -> None:
    assert not any(is_pointer(text) for text in ("", "a", "#/a", "/~", "/a~2", "/a/~", " /a"))
