"""The report -> a summary for people: what was expected, what was found, and what to do.

What comes in: the report's document, and nothing else, so that summary and report cannot disagree. What goes out: plain
lines without markup. Every foreign text is escaped: control and formatting characters, and `::`, which GitHub Actions
and others read as a command (research A-T36).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gate.report.reasons import halves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ROUNDS = ("image", "manifests", "blobs")
_MISSED_SHOWN: Final = 12
_FAILED_SHOWN: Final = 20
_DIGESTS_SHOWN: Final = 3
_SO_FAR: Final = " (found so far: "
_VERDICTS = ("undecided", "fail", "pass")
_COLOURS: Final = {"PASS": "32", "FAIL": "1;31"}
_OTHER_COLOUR: Final = "33"


class _Said(NamedTuple):
    """A line that begins with a verdict or an outcome, which may have a colour. Only words of ours have one."""

    indent: str
    word: str
    rest: str

    def shown(self, *, colour: bool) -> str:
        code = _COLOURS.get(self.word.strip().upper(), _OTHER_COLOUR)
        word = f"\x1b[{code}m{self.word}\x1b[0m" if colour else self.word
        return f"{self.indent}{word}{escape(self.rest)}"


def escape(text: str) -> str:
    """A text that a terminal and a CI log show and do not obey."""
    shown = (
        text
        if text.isprintable()
        else "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
            for character in text
        )
    )
    return shown.replace("::", ":\\x3a")


def summary(report: Mapping[str, Any], *, colour: bool = False) -> str:
    """The whole summary, ending in a newline. `colour` is for a terminal."""
    lines: list[str | _Said] = []
    if report["as_of"]:
        lines.append(f"as of {report['as_of']}, as --at says, and not of now")
    for image in report["images"]:
        lines += _image(image)
    if len(report["images"]) > 1:
        lines += _total(report)
    error = report["error"]
    if error is not None and error["problems"]:
        lines += [_verdict(report, problem) for problem in error["problems"]]
        lines += _advice(error)
    elif error is not None:
        lines.append(_verdict(report, error["message"]))
        lines += _advice(error)
    shown = (line.shown(colour=colour) if isinstance(line, _Said) else escape(line) for line in lines)
    return "".join(f"{line}\n" for line in shown)  # a foreign line feed starts no line of its own


def _verdict(of: Mapping[str, Any], rest: str) -> _Said:
    return _Said("", of["verdict"].upper(), f"  {rest}")


def _image(image: Mapping[str, Any]) -> Iterator[str | _Said]:
    yield _verdict(image, image["reference"])
    if image["digest"]:
        asserted = " (the name is --as's)" if image["name_asserted"] else ""
        named = f"{image['name']}@" if image["name"] != image["reference"] else ""
        if f"{named}{image['digest']}" != image["reference"]:
            yield f"      {named}{image['digest']}{asserted}"
        entries = [digest for digest in image["holds_for"] if digest != image["digest"]]
        if entries:
            whole = "and " if image["digest"] in image["holds_for"] else "holds for these entries alone: "
            yield f"      {whole}{', '.join(f'{named}{digest}' for digest in entries)}"
    if image["error"] is not None:
        yield f"      could not look: {image['error']['message']}"
        yield from (f"    {line}" for line in _advice(image["error"]))
    for rule in image["rules"]:
        entry = f", {rule['platform'] or 'the image'} {rule['digest']}" if rule["digest"] else ""
        yield f"  rule {rule['name']}{entry}" if rule["name"] else "  no rule"
        before: Mapping[str, Any] | None = None
        for check in rule["checks"]:
            yield from _check(check, before)
            before = check if check["outcome"] == "error" else None
        if any(check["outcome"] in ("fail", "error") for check in rule["checks"]):
            yield from (f"    {key:<7}  {rule[key]}" for key in ("message", "docs") if rule[key])
    if image["commits"]:
        yield "  commits"
        several = len({commit["repository"] for commit in image["commits"]}) > 1
        yield from (_commit(commit, where=several) for commit in image["commits"])
    yield from _rejected(image["evidence"])
    for note in image["notes"]:
        yield f"  note  {note}"
    # What keeps the image itself from being looked at was said above.
    yield from _ledger(
        [entry for entry in image["ledger"] if entry["error"] is None or entry["error"] != image["error"]],
        said="\n".join(check["found"] for rule in image["rules"] for check in rule["checks"]),
    )


def _rejected(evidence: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is no evidence, and why: each reason once, with what it holds of."""
    found: dict[str, list[str]] = {}
    for item in evidence:
        if not item["verified"]:
            reasons = "; and ".join([item["reason"], *(also["reason"] for also in item["also_failed"])])
            found.setdefault(f"{item['kind']}: {reasons}", []).append(item["digest"][:19])
    if found:
        yield "  rejected"
    for reason, digests in found.items():
        more = f" and {len(digests) - _DIGESTS_SHOWN} more" if len(digests) > _DIGESTS_SHOWN else ""
        yield f"    {', '.join(digests[:_DIGESTS_SHOWN])}{more}  {reason}"


def _total(report: Mapping[str, Any]) -> Iterator[str | _Said]:
    """What many images come to: which of them did not pass, and in one line how many, after all of them."""
    failed = [image for image in report["images"] if image["verdict"] != "pass"]
    if failed:
        yield "not passed"
        yield from (_Said("  ", image["verdict"].upper(), _why(image)) for image in failed[:_FAILED_SHOWN])
    if len(failed) > _FAILED_SHOWN:
        yield f"  and {len(failed) - _FAILED_SHOWN} more, all of them in the report"
    verdicts = [image["verdict"] for image in report["images"]]
    counted = ", ".join(f"{verdicts.count(word)} {word}" for word in _VERDICTS if word in verdicts)
    yield _verdict(report, f"{len(verdicts)} images: {counted}")


def _why(image: Mapping[str, Any]) -> str:
    """An image, and the checks that it did not pass."""
    checks = [check for rule in image["rules"] for check in rule["checks"] if check["outcome"] in ("fail", "error")]
    ids = [image["error"]["code"]] if image["error"] is not None else [check["id"] for check in checks]
    return f"  {image['reference']}  {', '.join(dict.fromkeys(ids))}"


def _check(check: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str | _Said]:
    """One check. What it shares with the one `before` of what could not be looked at stands there alone."""
    if check["outcome"] == "pass":
        yield _Said("    ", "pass ", f"  {check['id']:<20}  {check['found']}  (expected: {check['expected']})")
        return
    yield _Said("    ", f"{check['outcome'].upper():<5}", f"  {check['id']}")
    reason, so_far, found = check["found"].partition(_SO_FAR)
    told = before is not None and check["outcome"] == "error" and before["found"].partition(_SO_FAR)[0] == reason
    above = before if told else None
    yield f"           expected  {check['expected']}"
    yield f"           found     {f'could not look, as above{so_far}{found}' if above else check['found']}"
    if check["waiver"]:
        waiver = check["waiver"]
        yield f"           waived    until {waiver['expires']} by {waiver['owner']}: {waiver['reason']}"
    elif above and above["remedy"] == check["remedy"]:
        yield "           do        as above"
    elif check["remedy"]:
        first, *others = halves(check["remedy"])
        yield f"           do        {first}"
        yield from (f"                     {half}" for half in others)


def _commit(commit: Mapping[str, Any], *, where: bool) -> str:
    """A commit, who wrote it and who says so; `where` shows its repository too, as there are several."""
    head = f"    {(commit['hash'] or 'no hash')[:12]:<12}  "
    head += f"in {commit['repository'] or 'no repository'}  " if where else ""
    if commit["authored_by"] == "unclaimed":
        return head + "unclaimed"
    who = commit["agent"] or "nobody named"
    model = f" with {commit['model']}" if commit["model"] else ""
    vouched = f"vouched for by the {commit['vouched_by']}" if commit["accepted"] else "not accepted"
    problem = f"; cannot be read: {commit['problem']}" if commit["problem"] else ""
    return f"{head}{who}{model} ({commit['authored_by']}), {vouched}{problem}"


def _ledger(ledger: list[Mapping[str, Any]], *, said: str) -> Iterator[str]:
    """What was found where, over all digests that were looked at; and each place that could not be read to its end,
    with the reason unless a check `said` it.
    """
    counts: dict[str | None, dict[str, int]] = {}
    for entry in ledger:
        if entry["place"] not in _ROUNDS:
            places = counts.setdefault(entry["repository"], {})
            places[entry["place"]] = places.get(entry["place"], 0) + entry["found"]
    for repository, places in counts.items():
        where = f" in {repository}" if repository else ""
        yield f"  looked at{where} " + ", ".join(f"{place} ({found})" for place, found in places.items())
    settled = list(dict.fromkeys(entry["place"] for entry in ledger if entry["absent_by"]))
    if settled:
        yield f"    by the policy 403 means that nothing is there (forbidden-tag): {', '.join(settled)}"
    missed = [entry for entry in ledger if not entry["complete"]]
    for entry in missed[:_MISSED_SHOWN]:
        reason = entry["error"]["message"]
        yield f"    incomplete: {entry['place']}" + (f": {reason}" if reason not in said else "")
    if len(missed) > _MISSED_SHOWN:
        yield f"    incomplete: and {len(missed) - _MISSED_SHOWN} more, all of them in the report's ledger"


def _advice(error: Mapping[str, Any]) -> Iterator[str]:
    yield f"  do  {error['remedy']}"
