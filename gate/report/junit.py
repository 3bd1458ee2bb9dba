"""The report -> JUnit XML: a test suite an image, a test case a check.

What goes out: what the JUnit of GitLab and Jenkins have in common. A failed check is a failure, what could not be
decided an error, what is waived is skipped. GitLab shows class name and name and drops the second of two test cases
that are alike in both, so the class is the reference and the name holds the rule. XML 1.0 section 2.2 has no control
characters: `escape` leaves none.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from gate.report.findings import findings, pinned, rule_name, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.findings import Finding


def junit(report: Mapping[str, Any]) -> str:
    """The XML, in ASCII."""
    root = ET.Element("testsuites", name="gate")
    used: set[tuple[str, str]] = set()
    missed = findings(report)
    for image in report["images"]:
        suite = ET.SubElement(root, "testsuite", name=escape(pinned(image)))
        for rule in image["rules"]:
            for check in rule["checks"]:
                if check["outcome"] == "pass":
                    _case(suite, used, image["reference"], f"{rule_name(rule)}: {check['id']}")
    suites = {image["reference"]: suite for image, suite in zip(report["images"], root, strict=True)}
    for finding in missed:
        suite = suites[finding.reference] if finding.reference in suites else _own(root, suites)
        name = f"{finding.rule}: {finding.check}" if finding.rule else finding.check
        case = _case(suite, used, finding.reference or "gate", name)
        kind = "error" if finding.undecided else "failure"
        told = ET.SubElement(case, kind, type=escape(finding.check), message=escape(finding.said))
        told.text = _text(finding)
    for finding in waived(report):
        name = f"{finding.rule}: {finding.check}"
        case = _case(suites[finding.reference], used, finding.reference, name)
        said = f"waived {finding.waiver}; {finding.said}"
        ET.SubElement(case, "skipped", type="waived", message=escape(said))
    for suite in root:
        _count(suite)
    seconds = datetime.fromisoformat(report["finished"]) - datetime.fromisoformat(report["started"])
    root.set("time", str(max(0, int(seconds.total_seconds()))))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="us-ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written.decode("ascii")}\n'


def _own(root: ET.Element, suites: dict[str, ET.Element]) -> ET.Element:
    """The suite for what is about no image: the run itself."""
    if "" not in suites:
        suites[""] = ET.SubElement(root, "testsuite", name="gate")
    return suites[""]


def _case(suite: ET.Element, used: set[tuple[str, str]], classname: str, name: str) -> ET.Element:
    """A test case whose class name and name together are its own in the file."""
    wanted, count = (escape(classname), escape(name)), 1
    key = wanted
    while key in used:
        count += 1
        key = (wanted[0], f"{wanted[1]} ({count})")
    used.add(key)
    return ET.SubElement(suite, "testcase", classname=key[0], name=key[1])


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _text(finding: Finding) -> str:
    lines = [f"image     {finding.pinned}"] if finding.pinned else []
    if finding.expected:
        lines.append(f"expected  {finding.expected}")
    lines.append(f"found     {finding.found}")
    if finding.remedy:
        lines.append(f"do        {finding.remedy}")
    return "\n".join(map(escape, lines))
