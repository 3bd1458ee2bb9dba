"""The report -> what keeps it from being a pass, and what is waived: what every format for machines is made from.

What comes in: the report's document. What goes out: `Reason`s with their texts as they stand there: each view escapes
them for its own format. A report that is no pass has at least one, so that no view of it can look like a pass; one that
is a pass has none. It judges nothing: verdict and outcomes are the document's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Reason(Struct, frozen=True, kw_only=True):
    """One reason. `check` is a check's id, or the code of an error; `reference` is empty for the run itself.

    `undecided` says that it was not found but could not be looked at. An error has nothing that was `expected`. `file`,
    `line` and `column` are of a policy that is invalid; `waiver` says by whom and until when it is waived.
    """

    reference: str = ""
    name: str = ""
    pinned: str = ""
    rule: str = ""
    check: str
    undecided: bool
    expected: str
    found: str
    remedy: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    waiver: str = ""

    @property
    def word(self) -> str:
        """What it says, in one word."""
        if self.waiver:
            return "WAIVED"
        if self.undecided:
            return "INVALID" if self.check.startswith("invalid") else "UNDECIDED"
        return "FAIL"

    @property
    def said(self) -> str:
        """What was found, and what in its place was expected."""
        return f"found {self.found}; expected {self.expected}" if self.expected else self.found

    @property
    def fingerprint(self) -> str:
        """The same for the same reason about a later build of the image."""
        parts = (self.name, self.rule, self.check, "" if self.name else self.found)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def reasons(report: Mapping[str, Any]) -> list[Reason]:
    """Everything that keeps the report from being a pass, in its order."""
    found: list[Reason] = []
    for image in report["images"]:
        if image["verdict"] != "pass":
            found += list(_of_image(image)) or [_bare(image["verdict"], image)]
    error = report["error"]
    if error is not None:
        found += [_of_finding(error, finding) for finding in error["findings"]] or [_of_error(error, None)]
    if not found and report["verdict"] != "pass":
        found = [_bare(report["verdict"], None)]
    return found


def halves(remedy: str) -> tuple[str, ...]:
    """What to do with the image and what with the policy, where a remedy has these halves; else the remedy alone.

    Only where there is no doubt which words are whose: a foreign text in a remedy may hold anything.
    """
    image, mark, policy = remedy.partition("; policy: ")
    if not mark or "; policy: " in policy or not image.startswith("image: "):
        return (remedy,)
    return image, f"policy: {policy}"


def as_of(report: Mapping[str, Any]) -> str:
    """What every format says where `--at` named the moment that counted as now; else empty."""
    return f"judged as of {report['as_of']}, as --at says, and not of now" if report["as_of"] else ""


def waived(report: Mapping[str, Any]) -> list[Reason]:
    """What failed and passes all the same, for as long as its waiver says. Of a pass too: it shows in every format."""
    return [
        _of_check(image, rule, check)
        for image in report["images"]
        for rule in image["rules"]
        for check in rule["checks"]
        if check["outcome"] == "waived" and check["waiver"]
    ]


def policy_path(report: Mapping[str, Any], default: str) -> str:
    """The policy's path, for formats that want a file: an image has no line."""
    error = report["error"]
    if report["policy"] is not None:
        return str(report["policy"]["path"])
    return str(error["where"]) if error is not None and error["where"] else default


def rule_name(rule: Mapping[str, Any]) -> str:
    """A rule's name, with the entry of an index that it judged."""
    if rule["name"] is None:
        return "no rule"
    return f"{rule['name']} ({rule['platform'] or rule['digest']})" if rule["digest"] else str(rule["name"])


def pinned(image: Mapping[str, Any]) -> str:
    """The image by its digest; as it was given if it has none yet."""
    return f"{image['name']}@{image['digest']}" if image["digest"] else str(image["reference"])


def _of_image(image: Mapping[str, Any]) -> Iterator[Reason]:
    if image["error"] is not None:
        yield _of_error(image["error"], image)
    for rule in image["rules"]:
        for check in rule["checks"]:
            if check["outcome"] != "pass" and not (check["outcome"] == "waived" and check["waiver"]):
                yield _of_check(image, rule, check)


def _of_check(image: Mapping[str, Any], rule: Mapping[str, Any], check: Mapping[str, Any]) -> Reason:
    waiver = check["waiver"]
    return Reason(
        reference=image["reference"],
        name=image["name"],
        pinned=pinned(image),
        rule=rule_name(rule),
        check=check["id"],
        undecided=check["outcome"] == "error",
        expected=check["expected"],
        found=check["found"],
        remedy="; ".join(text for text in (check["remedy"], rule["message"], rule["docs"]) if text),
        waiver=f"until {waiver['expires']} by {waiver['owner']}: {waiver['reason']}" if waiver else "",
    )


def _of_error(error: Mapping[str, Any], image: Mapping[str, Any] | None) -> Reason:
    return Reason(
        reference="" if image is None else image["reference"],
        name="" if image is None else image["name"],
        pinned="" if image is None else pinned(image),
        check=error["code"],
        undecided=True,
        expected="",
        found=error["message"],
        remedy=error["remedy"],
        file=error["where"] or "",
    )


def _of_finding(error: Mapping[str, Any], finding: Mapping[str, Any]) -> Reason:
    """One problem of a policy: formats that show a place show this one."""
    return Reason(
        check=error["code"],
        undecided=True,
        expected="",
        found=f"{finding['key']}: {finding['text']}" if finding["key"] else finding["text"],
        remedy=error["remedy"],
        file=finding["file"],
        line=finding["line"],
        column=finding["column"],
    )


def _bare(verdict: str, image: Mapping[str, Any] | None) -> Reason:
    """Of a report that gives no reason: it is no pass all the same."""
    return Reason(
        reference="" if image is None else image["reference"],
        name="" if image is None else image["name"],
        pinned="" if image is None else pinned(image),
        check="verdict",
        undecided=verdict != "fail",
        expected="pass",
        found=verdict,
        remedy="see the JSON report",
    )
