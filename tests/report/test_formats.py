"""Every view of the report: it says the document's verdict, its readers can read it, and foreign text is only shown."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from markdown_it import MarkdownIt
from msgspec.structs import replace

from gate.errors import Finding, InvalidPolicy
from gate.report.formats import FORMATS
from gate.report.reasons import reasons
from tests.conftest import check_report
from tests.report.documents import DIGEST, ENTRY, check, every, image, report

SCHEMAS = Path(__file__).with_name("schemas")
EVIL = (
    "x\x1b[2J\nPASS\r\n::error::y\u202e\u2028</failure>]]>&<b>\x00\ufffe\ud800%0A,:|`` ` ```\n\n# h [l](http://e) @me"
    " {0} $(id) 'q' \"d\" <http://auto.example> www.auto.example ![i](j)"
)
CASES = {
    (name, kind): built
    for kind, text in (("plain", "ghcr.io/acme/api:1"), ("evil", EVIL))
    for name, built in every(text).items()
}
DOCUMENTS = pytest.mark.parametrize("built", CASES.values(), ids=[f"{name}-{kind}" for name, kind in CASES])


def test_the_documents_are_what_gate_writes() -> None:
    for built in every().values():
        check_report(built)


def _render(name: str, built: dict[str, Any]) -> str:
    return FORMATS[name].render(built)


def _xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  (our own)


# What each says


def says(name: str, text: str) -> str:
    """The verdict that a reader of this format takes from it: pass, fail, or undecided, which invalid is too."""
    if name in {"json", "verdict", "dotenv"}:
        word = json.loads(text)["verdict"] if name == "json" else text.partition("\n")[0].removeprefix("GATE_VERDICT=")
    elif name == "junit":
        root = _xml(text)
        word = "undecided" if root.get("errors") != "0" else "fail" if root.get("failures") != "0" else "pass"
    elif name == "sarif":
        run = json.loads(text)["runs"][0]
        outcomes = {result["properties"]["outcome"] for result in run["results"] if "suppressions" not in result}
        word = "undecided" if outcomes - {"fail"} else "fail" if outcomes else "pass"
        assert (word != "undecided") == run["invocations"][0]["executionSuccessful"]
    elif name == "codequality":
        severities = {issue["severity"] for issue in json.loads(text)} - {"info"}
        word = "undecided" if "major" in severities else "fail" if severities else "pass"
    elif name == "github":
        words = set(re.findall("^::error .*?title=gate%3A ([A-Z]+)", text, re.MULTILINE))
        word = "undecided" if words - {"FAIL"} else "fail" if words else "pass"
        assert (word == "pass") == ("::notice title=gate%3A PASS::" in text)
    elif name == "markdown":
        word = text.partition("\n")[0].removeprefix("## gate: ").lower()
    elif name == "termination":
        word = text.split(maxsplit=1)[0].lower()
    else:
        word = str(re.findall("^(PASS|FAIL|UNDECIDED|INVALID)  ", text, re.MULTILINE)[-1]).lower()
    return {"invalid": "undecided"}.get(word, word)


@DOCUMENTS
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "digest"])
def test_every_view_says_the_verdict_of_the_document(name: str, built: dict[str, Any]) -> None:
    wanted = {"invalid": "undecided"}.get(built["verdict"], built["verdict"])
    assert says(name, _render(name, built)) == wanted


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"digest", "text"}])
def test_a_document_that_is_no_pass_and_gives_no_reason_looks_like_none_all_the_same(name: str) -> None:
    built = report(image("fail"))
    built["images"][0]["rules"] = []
    assert says(name, _render(name, built)) == "fail"
    built["images"] = []
    assert says(name, _render(name, built)) == "fail"


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"digest", "verdict", "dotenv"}])
def test_a_waiver_shows_with_who_and_until_when_though_it_is_a_pass(name: str) -> None:
    built = report(image("waived"))
    built["images"][0]["rules"][0]["checks"][1]["waiver"] |= {"owner": "ada@acme.example", "reason": "until the move"}
    text = _render(name, built)
    assert says(name, text) == "pass"
    for word in ("ada@acme.example", "until the move", "2027-01-31"):
        assert word in text


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"digest", "verdict"}])
def test_a_verdict_as_of_another_moment_says_so(name: str) -> None:
    built = every()["as of another moment"]
    built["warnings"] = ["judged as of 2025-01-01T00:00:00Z, as --at says, and not of now"]  # as the document has it
    text = _render(name, built)
    assert says(name, text) == "pass"
    assert "2025-01-01T00:00:00Z" in text


@pytest.mark.parametrize("name", ["text", "junit", "sarif", "markdown", "github", "termination"])
def test_a_rule_says_its_own_words_when_it_fails(name: str) -> None:
    built = report(image("fail"))
    built["images"][0]["rules"][0] |= {"message": "ask the platform team", "docs": "https://docs.example/gate"}
    text = _render(name, built)
    assert "ask the platform team" in text
    assert "docs.example/gate" in text


def test_each_image_that_is_no_pass_has_a_reason_of_its_own() -> None:
    built = report(image("fail"), image("fail", "ghcr.io/acme/web:1"))
    built["images"][1]["rules"] = []
    assert [reason.reference for reason in reasons(built)] == ["ghcr.io/acme/api:1", "ghcr.io/acme/web:1"]


def test_a_problem_of_the_policy_stands_where_it_is() -> None:
    finding = Finding(file="base.toml", line=12, column=3, key="rules[0].images", text="the list is empty")
    built = report(failure=InvalidPolicy("policy.toml", (finding, replace(finding, line=None, column=None))))
    built["policy"] = None
    places = [result["locations"][0]["physicalLocation"] for result in _results(built)]
    assert [place["artifactLocation"]["uri"] for place in places] == ["base.toml", "base.toml"]
    assert [place["region"] for place in places] == [{"startLine": 12, "startColumn": 3}, {"startLine": 1}]
    quality = json.loads(_render("codequality", built))
    assert [issue["location"]["lines"]["begin"] for issue in quality] == [12, 1]
    first, second = [line for line in _render("github", built).splitlines() if line.startswith("::error ")]
    assert first.startswith("::error file=base.toml,line=12,col=3,title=")
    assert second.startswith("::error file=base.toml,title=")
    assert "rules[0].images%3A" not in first, "a colon is one in a message"
    assert "base.toml:12:3" in _render("junit", built)


# Their readers


def _results(built: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_render("sarif", built))["runs"][0]["results"]
    return found


@cache
def _sarif() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_bytes()))


@cache
def _junit() -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(SCHEMAS / "junit-10.xsd")


@DOCUMENTS
def test_sarif_is_valid_and_has_what_code_scanning_requires(built: dict[str, Any]) -> None:
    log = json.loads(_render("sarif", built))
    _sarif().validate(log)
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]


def test_a_sarif_message_holds_no_link_and_no_placeholder_of_anybody() -> None:
    """SARIF 3.11.5 and 3.11.6: what is doubled or behind a backslash is only shown."""
    built = report(image("fail", "[a link](http://evil.example) {0} \\ \\[x]"))
    (result,) = json.loads(_render("sarif", built))["runs"][0]["results"]
    left = re.sub(r"\\.|\{\{|\}\}", "", result["message"]["text"])
    assert not set("[]{}\\") & set(left)


@DOCUMENTS
def test_junit_is_valid_and_no_two_test_cases_are_alike(built: dict[str, Any]) -> None:
    text = _render("junit", built)
    _junit().validate(text)
    cases = [(case.get("classname"), case.get("name")) for case in _xml(text).iter("testcase")]
    assert len(set(cases)) == len(cases) > 0


def test_a_test_case_is_of_its_image_and_named_for_rule_and_check() -> None:
    built = report(image("fail"))
    built["images"][0]["rules"][0]["name"] = "production"
    cases = [case.attrib for case in _xml(_render("junit", built)).iter("testcase")]
    assert cases == [
        {"classname": "ghcr.io/acme/api:1", "name": "production: signature"},
        {"classname": "ghcr.io/acme/api:1", "name": "production: agents"},
    ]


@DOCUMENTS
def test_codequality_has_what_gitlab_documents(built: dict[str, Any]) -> None:
    """GitLab, "Code Quality report format"; there is no schema of it."""
    text = _render("codequality", built)
    assert text.startswith("["), "no byte order mark"
    issues = json.loads(text)
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"]
        assert issue["location"]["lines"]["begin"] >= 1
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(fingerprints)


@DOCUMENTS
def test_dotenv_is_what_gitlab_takes(built: dict[str, Any]) -> None:
    """GitLab, "artifacts:reports:dotenv"; there is no schema of it. The whole file is refused for one odd line."""
    text = _render("dotenv", built)
    assert text.isascii()
    assert len(text) < 5 * 1024
    keys = []
    for line in text.removesuffix("\n").split("\n"):
        match = re.fullmatch(r"([A-Z0-9_]+)=([^\s\"'#$`\\;&|<>()]*)", line)
        assert match, line
        keys.append(match[1])
    assert keys[:4] == ["GATE_VERDICT", "GATE_IMAGE", "GATE_DIGEST", "GATE_REPORT_SHA256"]
    waivers = any(check["waiver"] for item in built["images"] for rule in item["rules"] for check in rule["checks"])
    assert keys[4:] == ["GATE_WAIVED"] * waivers + ["GATE_AS_OF"] * bool(built["as_of"])


@DOCUMENTS
def test_a_termination_message_has_at_most_4096_bytes_in_whole_lines(built: dict[str, Any]) -> None:
    built = {**built, "images": built["images"] * 40}
    text = _render("termination", built)
    assert len(text.encode()) <= 4096
    assert text.endswith("\n")


def test_a_termination_message_says_how_many_reasons_it_leaves_out() -> None:
    many = report(*[image("fail", f"ghcr.io/acme/{'x' * 200}{number}:1") for number in range(100)])
    text = _render("termination", many)
    assert len(text.encode()) <= 4096
    shown = text.count("FAIL agents: ")
    assert 0 < shown < 100
    assert text.endswith(f"\nand {100 - shown} more; see the report\n")


def test_a_termination_message_cuts_a_reason_that_is_longer_than_all_of_it() -> None:
    built = report(image("fail"))
    built["images"][0]["rules"][0]["checks"][1]["found"] = "\u00e9" * 9000
    text = _render("termination", built)
    assert len(text.encode()) <= 4096
    assert "\nFAIL agents: found \u00e9\u00e9" in text
    assert text.endswith("...\n")


@DOCUMENTS
def test_github_reads_one_command_a_line_and_at_most_ten_of_a_kind(built: dict[str, Any]) -> None:
    built = {**built, "warnings": [EVIL] * 30, "images": built["images"] * 30}
    lines = _render("github", built).removesuffix("\n").split("\n")
    for line in lines:
        match = re.fullmatch(r"::(error|warning|notice) ((?:[a-z]+=[^:,]*,)*[a-z]+=[^:,]*)::(.*)", line)
        assert match, line
        assert "::" not in match[3]
        assert not re.search("%(?!25|0A|0D|2C|3A)", line)
        assert "%0A" not in match[3].replace("%25", ""), "what is foreign is no line feed of GitHub's"
        assert line.isprintable()
    for kind in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{kind} ") for line in lines) <= 10


def test_the_last_annotation_says_how_many_more_there_are() -> None:
    several = report(*[image("fail", f"ghcr.io/acme/{number}:1") for number in range(30)])
    assert _render("github", several).splitlines()[-1].endswith("::and 21 more; see the summary and the report")


@DOCUMENTS
def test_markdown_shows_foreign_text_as_code_and_nothing_else(built: dict[str, Any]) -> None:
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(_render("markdown", built))
    inline = [child for token in tokens if token.type == "inline" for child in token.children or ()]
    assert {token.type for token in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
    assert not {token.type for token in tokens} & {"html_block", "fence", "code_block"}
    words = " ".join(token.content for token in inline if token.type == "text")
    for foreign in ("http", "www", "@me", "PASS\\r", "<b>"):
        assert foreign not in words
    cells = [token.type for token in tokens if token.type in {"tr_open", "td_open", "th_open"}]
    rows = " ".join(cells).split("tr_open")[1:]
    assert {len(row.split()) for row in rows} <= {5}, "a pipe in a text makes no cell"


def test_markdown_stays_below_what_github_takes_of_a_step() -> None:
    many = report(*[image("fail", f"ghcr.io/acme/{'x' * 1500}{number}:1") for number in range(300)])
    text = _render("markdown", many)
    assert len(text.encode()) < 1 << 20
    assert re.search(r"\n[0-9]+ more images: see the JSON report\.\n$", text)


@DOCUMENTS
@pytest.mark.parametrize("name", FORMATS)
def test_no_view_hands_on_a_character_that_a_terminal_obeys(name: str, built: dict[str, Any]) -> None:
    text = _render(name, built)
    assert all(character.isprintable() or character == "\n" for character in text)
    text.encode("utf-8")
    if name not in {"github", "json"}:  # the one is made of them; the other is read by programs
        assert "::" not in text


# The hand-off


def test_the_report_is_named_by_its_bytes() -> None:
    built = every()["pass"]
    digest = hashlib.sha256(_render("json", built).encode()).hexdigest()
    assert f"GATE_REPORT_SHA256={digest}\n" in _render("dotenv", built)


def test_a_pass_hands_on_the_image_by_its_digest() -> None:
    assert _render("dotenv", every()["pass"]).splitlines()[1:3] == [
        f"GATE_IMAGE=ghcr.io/acme/api@{DIGEST}",
        f"GATE_DIGEST={DIGEST}",
    ]
    assert _render("digest", every()["pass"]) == f"ghcr.io/acme/api@{DIGEST}\n"


@pytest.mark.parametrize(
    "name", [name for name in every() if name not in {"pass", "waived", "as of another moment", "several"}]
)
def test_nothing_but_a_pass_hands_on_an_image(name: str) -> None:
    built = every()[name]
    assert "GATE_IMAGE=\nGATE_DIGEST=\n" in _render("dotenv", built)
    assert _render("digest", built) == ""


def test_what_an_image_that_did_not_pass_claims_to_hold_for_is_not_handed_on() -> None:
    built = report(image("fail"))
    built["images"][0]["holds_for"] = [DIGEST]
    assert _render("digest", built) == ""
    built["verdict"] = "pass"
    assert "GATE_IMAGE=\nGATE_DIGEST=\n" in _render("dotenv", built)


def test_of_several_images_those_that_passed_are_listed_and_none_is_the_image() -> None:
    built = every()["several"]
    assert "GATE_IMAGE=\nGATE_DIGEST=\n" in _render("dotenv", built)
    assert _render("digest", built) == f"ghcr.io/acme/api@{DIGEST}\nghcr.io/acme/b@{DIGEST}\n"
    passed = report(image("pass"), image("pass"))
    assert "GATE_IMAGE=\nGATE_DIGEST=\n" in _render("dotenv", passed)
    assert _render("digest", passed) == f"ghcr.io/acme/api@{DIGEST}\n", "one line for one image"


@pytest.mark.parametrize(
    ("held", "handed"),
    [([DIGEST, ENTRY], DIGEST), ([ENTRY, DIGEST], DIGEST), ([ENTRY], ENTRY), ([ENTRY, f"sha256:{'3' * 64}"], "")],
)
def test_a_pass_for_entries_of_an_index_hands_on_what_it_holds_for(held: list[str], handed: str) -> None:
    built = report(image("pass"))
    built["images"][0]["holds_for"] = held
    assert f"\nGATE_DIGEST={handed}\n" in _render("dotenv", built)
    assert _render("digest", built) == "".join(f"ghcr.io/acme/api@{digest}\n" for digest in held)


@pytest.mark.parametrize("name", ["oci:/tmp/a b", "oci:/tmp/$(id)", "oci:/tmp/'", "oci:" + "x" * 5000, "oci:é"])
def test_a_name_that_a_shell_or_gitlab_would_not_take_is_not_handed_on(name: str) -> None:
    built = report(image("pass"))
    built["images"][0]["name"] = name
    assert f"\nGATE_IMAGE=\nGATE_DIGEST={DIGEST}\n" in _render("dotenv", built)


def test_a_fingerprint_is_the_same_for_the_next_build_and_another_for_another_image_or_rule() -> None:
    def fingerprints(reference: str, rule: str = "production") -> list[str]:
        built = report(image("fail", reference))
        built["images"][0]["rules"][0]["name"] = rule
        return [issue["fingerprint"] for issue in json.loads(_render("codequality", built))]

    assert fingerprints("ghcr.io/acme/api:1") == fingerprints("ghcr.io/acme/api:2")
    assert fingerprints("ghcr.io/acme/api:1") != fingerprints("ghcr.io/acme/web:1")
    assert fingerprints("ghcr.io/acme/api:1") != fingerprints("ghcr.io/acme/api:1", "staging")


def test_junit_says_on_two_lines_what_to_do_with_the_image_and_with_the_policy() -> None:
    failed = image("fail")
    failed["rules"][0] |= {"message": None, "docs": None}
    failed["rules"][0]["checks"] = [check("fail", "x") | {"remedy": "image: sign it; policy: allow more"}]
    text = _xml(_render("junit", report(failed))).findtext(".//failure") or ""
    assert text.splitlines()[-2:] == ["do        image: sign it", "          policy: allow more"]
