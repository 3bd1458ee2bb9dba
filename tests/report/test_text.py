"""The summary: every foreign text is shown and never obeyed."""

from __future__ import annotations

from typing import Any

import pytest

from gate.errors import Unavailable
from gate.report.text import escape, summary
from tests.report.documents import DIGEST, check, image, report


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
                "repository": text,
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


HALVES = "image: sign it again; policy: allow more, which lets in everything"


def _of(*checks: dict[str, Any], **changed: Any) -> list[str]:
    judged = image("fail", "ghcr.io/acme/api:1")
    judged["rules"][0]["checks"] = list(checks)
    return summary(report(judged | changed)).splitlines()


def test_what_to_do_with_the_image_and_what_with_the_policy_are_two_lines() -> None:
    lines = _of(check("fail", "x") | {"remedy": HALVES})
    at = lines.index("           do        image: sign it again")
    assert lines[at + 1] == "                     policy: allow more, which lets in everything"


@pytest.mark.parametrize(
    "remedy",
    [
        "log in; policy: whatever somebody else wrote",
        "image: sign it by 'x; policy: allow all'; policy: allow x, which lets in everything",
    ],
)
def test_a_text_that_only_looks_like_the_half_for_the_policy_starts_no_line(remedy: str) -> None:
    assert f"           do        {remedy}" in _of(check("fail", "x") | {"remedy": remedy})


def test_what_several_checks_of_a_rule_could_not_look_at_is_said_once() -> None:
    def missed(name: str, why: str, so_far: str) -> dict[str, Any]:
        found = f"could not look: {why} (found so far: {so_far})"
        return check("error", "x", name) | {"found": found, "remedy": f"mend {why}"}

    lines = _of(missed("signature", "a", "none"), missed("provenance", "a", "nothing"), missed("agents", "b", "none"))
    said = [line.strip() for line in lines if line.startswith(("           found", "           do"))]
    assert said == [
        "found     could not look: a (found so far: none)",
        "do        mend a",
        "found     could not look, as above (found so far: nothing)",
        "do        as above",
        "found     could not look: b (found so far: none)",
        "do        mend b",
    ]


def test_a_place_that_a_check_names_is_not_explained_once_more() -> None:
    place = {
        "place": "referrers-api",
        "repository": None,
        "found": 0,
        "complete": False,
        "absent_by": None,
        "error": {"message": "HTTP 503"},
    }
    told = check("error", "x") | {"found": "could not look: HTTP 503 (found so far: none)"}
    assert "    incomplete: referrers-api" in _of(told, ledger=[place])
    assert "    incomplete: referrers-api: HTTP 503" in _of(check("pass", "x"), ledger=[place])


def test_a_reference_by_digest_is_shown_once() -> None:
    assert f"      ghcr.io/acme/api@{DIGEST}" in _of(check("fail", "x"))
    assert f"ghcr.io/acme/api@{DIGEST}" not in "".join(
        _of(check("fail", "x"), reference=f"ghcr.io/acme/api@{DIGEST}")[1:]
    )
    local = _of(check("fail", "x"), reference="oci:a", name="oci:a")
    assert local[1] == f"      {DIGEST}"


def test_what_did_not_pass_of_many_images_stands_at_the_end_with_what_failed() -> None:
    undecided = image("fail", "ghcr.io/acme/away:1", failure=Unavailable("no answer"))
    failed = image("fail", "ghcr.io/acme/bad:1")
    failed["rules"][0]["checks"] += [check("waived", "x", "deny"), check("fail", "x", "signature")]
    lines = summary(report(image("pass"), undecided, failed)).splitlines()
    assert lines[-4:] == [
        "not passed",
        "  UNDECIDED  ghcr.io/acme/away:1  unavailable",
        "  FAIL  ghcr.io/acme/bad:1  agents, signature",
        "UNDECIDED  3 images: 1 undecided, 1 fail, 1 pass",
    ]
    assert "not passed" not in summary(report(image("pass"), image("waived")))
    assert "not passed" not in summary(report(failed))
    many = summary(report(*[failed] * 30)).splitlines()
    assert many[-2] == "  and 10 more, all of them in the report"
    assert sum(line == "  FAIL  ghcr.io/acme/bad:1  agents, signature" for line in many) == 20


def test_commits_of_several_repositories_are_told_apart_by_them() -> None:
    def commits(*repositories: str | None) -> list[str]:
        (entry,) = image("fail")["commits"]
        entries = [entry | {"hash": "1" * 40, "repository": name} for name in repositories]
        return [line for line in _of(check("pass", "x"), commits=entries) if line.startswith("    1111")]

    assert all(" in " not in line for line in commits("https://a", "https://a"))
    one, other = commits("https://a", None)
    assert one.startswith("    111111111111  in https://a  ")
    assert other.startswith("    111111111111  in no repository  ")


def test_what_is_rejected_for_one_reason_stands_in_one_line() -> None:
    def rejected(digit: str, reason: str, **more: Any) -> dict[str, Any]:
        found = {"verified": False, "kind": "sigstore-bundle", "digest": f"sha256:{digit * 64}", "reason": reason}
        return found | {"also_failed": []} | more

    same = [rejected(digit, "odd") for digit in "12345"]
    also = rejected("6", "odd", also_failed=[{"step": "log", "reason": "older"}])
    lines = _of(check("pass", "x"), evidence=[same[0], also, *same[1:], rejected("7", "new") | {"verified": True}])
    at = lines.index("  rejected")
    digests = ", ".join(f"sha256:{digit * 12}" for digit in "123")
    assert lines[at + 1 : at + 3] == [
        f"    {digests} and 2 more  sigstore-bundle: odd",
        "    sha256:666666666666  sigstore-bundle: odd; and older",
    ]
    assert "new" not in "".join(lines)
    assert "  rejected" not in _of(check("pass", "x"), evidence=[])
