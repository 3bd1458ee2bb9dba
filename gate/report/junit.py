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

from gate.report.reasons import as_of, halves, pinned, reasons, rule_name, waived
from gate.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.report.reasons import Reason


def junit(report: Mapping[str, Any]) -> str:
    """The XML, in ASCII."""
    root = ET.Element("testsuites", name="gate")
    used: dict[tuple[str, str], int] = {}
    missed = reasons(report)
    for image in report["images"]:
        suite = ET.SubElement(root, "testsuite", name=escape(pinned(image)))
        for rule in image["rules"]:
            for check in rule["checks"]:
                if check["outcome"] == "pass":
                    _case(suite, used, image["reference"], f"{rule_name(rule)}: {check['id']}")
    suites = {image["reference"]: suite for image, suite in zip(report["images"], root, strict=True)}
    for reason in missed:
        suite = suites[reason.reference] if reason.reference in suites else _own(root, suites)
        name = f"{reason.rule}: {reason.check}" if reason.rule else reason.check
        case = _case(suite, used, reason.reference or "gate", name)
        kind = "error" if reason.undecided else "failure"
        told = ET.SubElement(case, kind, type=escape(reason.check), message=escape(reason.said))
        told.text = _text(reason)
    if told_of := as_of(report):
        case = _case(_own(root, suites), used, "gate", "--at")
        ET.SubElement(case, "skipped", type="as-of", message=escape(told_of))
    for reason in waived(report):
        name = f"{reason.rule}: {reason.check}"
        case = _case(suites[reason.reference], used, reason.reference, name)
        said = f"waived {reason.waiver}; {reason.said}"
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


def _case(suite: ET.Element, used: dict[tuple[str, str], int], classname: str, name: str) -> ET.Element:
    """A test case whose class name and name together are its own in the file: `used` counts those of each."""
    key = wanted = (escape(classname), escape(name))
    while key in used:
        used[wanted] += 1
        key = (wanted[0], f"{wanted[1]} ({used[wanted]})")
    used[key] = 1
    return ET.SubElement(suite, "testcase", classname=key[0], name=key[1])


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _text(reason: Reason) -> str:
    lines = [f"image     {reason.pinned}"] if reason.pinned else []
    if reason.file:
        lines.append(f"policy    {reason.file}" + (f":{reason.line}:{reason.column}" if reason.line else ""))
    if reason.expected:
        lines.append(f"expected  {reason.expected}")
    lines.append(f"found     {reason.found}")
    if reason.remedy:
        first, *others = halves(reason.remedy)
        lines.append(f"do        {first}")
        lines += [f"          {half}" for half in others]
    return "\n".join(map(escape, lines))
