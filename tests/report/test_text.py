"""The summary: every foreign text is shown and never obeyed."""

from __future__ import annotations

from typing import Any

import pytest

from gate.report.text import escape, summary


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain text", "plain text"),
        ("::set-output name=x::y", ":\\x3aset-output name=x:\\x3ay"),
        (":::::", ":\\x3a:\\x3a:"),
        ("a\nb", "a\\nb"),
        ("a\rb", "a\\rb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("tab\there", "tab\\there"),
        ("left\u202eright", "left\\u202eright"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028separator", "line\\u2028separator"),
        ("lone \ud800", "lone \\ud800"),
        ("nul\x00", "nul\\x00"),
        ("Jos\u00e9", "Jos\u00e9"),
    ],
)
def test_foreign_text_is_shown_and_not_obeyed(foreign: str, shown: str) -> None:
    assert escape(foreign) == shown
    assert "::" not in escape(foreign)


def _image(text: str) -> dict[str, Any]:
    return {
        "verdict": "fail",
        "reference": text,
        "name": text,
        "name_asserted": True,
        "digest": "sha256:" + "0" * 64,
        "error": {"message": text, "retry": False, "code": "limit", "remedy": text},
        "holds_for": ["sha256:" + "0" * 64],
        "notes": [text],
        "rules": [
            {
                "name": text,
                "digest": "sha256:" + "0" * 64,
                "platform": text,
                "message": text,
                "docs": text,
                "checks": [
                    {"id": text, "outcome": outcome, "expected": text, "found": text, "remedy": text, "waiver": waiver}
                    for outcome in ("pass", "fail", "waived", "error")
                    for waiver in (None, {"reason": text, "owner": text, "expires": "2027-01-31T00:00:00Z"})
                ],
            }
        ],
        "commits": [
            {
                "hash": None,
                "agent": text,
                "model": text,
                "authored_by": "unknown",
                "vouched_by": None,
                "accepted": False,
                "problem": text,
            }
        ],
        "evidence": [
            {
                "verified": False,
                "digest": "sha256:" + "0" * 64,
                "kind": "other",
                "reason": text,
                "also_failed": [{"step": "signature", "reason": text}],
            }
        ],
        "ledger": [
            {
                "place": text,
                "repository": text,
                "found": 0,
                "complete": False,
                "absent_by": None,
                "error": {"message": text},
            },
        ],
    }


def test_a_summary_never_holds_a_raw_foreign_character_and_foreign_text_starts_no_line() -> None:
    evil = "x\x1b[2J\nPASS\r\n::error::\u202e\u2028y"
    text = summary({"images": [_image(evil)], "error": None, "verdict": "fail", "as_of": None})
    plain = summary({"images": [_image("x")], "error": None, "verdict": "fail", "as_of": None})
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "::" not in text
    assert text.count("\n") == plain.count("\n")
