"""`[[waivers]]` -> `Waiver`s: which failed check of which images is let pass, until when, and on whose word.

What comes in: a table of the right shape, the rules, and a `Reader`. What goes out: a `Waiver`, and warnings about two
that cover the same. `checks.waivers` applies them (design rule 21).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gate.policy.images import image_complaint
from gate.policy.matching import exact, glob
from gate.policy.model import WaivedImage, Waiver
from gate.policy.predicates import SHORT_NAMES
from gate.policy.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gate.policy.model import Rule
    from gate.policy.reading import KeyPath, Reader

ASPECTS: Final = {
    "provenance": ("builder", "level", "source", "ref", "commit", "parameters", "labels", "age"),
    "source": ("level",),
    "agents": (
        *("coverage", "conflict", "claims", "signals", "authorship", "allow", "deny", "models", "operators"),
        *("tools", "reviewers", "age"),
    ),
}
"""What stands behind the dot of a check's id; `tests/policy/test_waivers.py` holds it against the checks."""

_NEVER: Final = {
    "deny": "a deny cannot be waived: take it out of [[deny]], or date it",
    "rules": "no rule matches such an image, so that there is nothing to waive",
    "platforms": "without its platforms there is nothing to judge, and nothing to waive",
}
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_COMPARED: Final = 10_000
"""Pairs of waivers that are held against each other: a hundred and forty of one check. It is only for a warning."""


def read_waiver(number: int, table: Mapping[str, Any], rules: Sequence[Rule], to: Reader) -> Waiver:
    """One entry; `number` counts from 0 in the file's order."""
    at: KeyPath = ("waivers", number)
    own, _ = to.merged.origin(at)
    seen = {own.number, *own.extends}
    rules = [rule for rule in rules if rule.files[0] in seen]
    names = [rule.name for rule in rules]
    rule = next((rule for rule in rules if rule.name == table["rule"]), None)
    if rule is not None and rule.files[0] != own.number and not rule.waivable:
        to.problem((*at, "rule"), f"{rule.name!a} is a rule of a file that this one extends, and not waivable = true")
    elif rule is None:
        to.problem((*at, "rule"), f"no rule is called {table['rule']!a}{nearest(table['rule'], names)}")
    elif complaint := _check_complaint(table["check"], rule):
        to.problem((*at, "check"), complaint)
    return Waiver(
        place=to.finding(at, ""),
        rule=table["rule"],
        check=table["check"],
        images=tuple(
            _image(text, to.element((*at, "images"), place, text), to) for place, text in enumerate(table["images"])
        ),
        reason=table["reason"],
        owner=table["owner"],
        expires=to.moment(table, at, "expires"),
    )


def warn_of_overlaps(waivers: Iterable[Waiver], to: Reader) -> None:
    """Two waivers of one check that name the same image: whoever ends one does not end the exception."""
    seen: dict[tuple[str, str], list[Waiver]] = {}
    compared = 0
    for number, waiver in enumerate(waivers):
        others = seen.setdefault((waiver.rule, waiver.check), [])
        compared += len(others)
        for other in others if compared <= _COMPARED else ():
            if _overlap(other, waiver):
                text = f"{other.place.key} covers an image of it too: that one stands when this one ends"
                to.warning(("waivers", number), text)
        others.append(waiver)


def _check_complaint(check: str, rule: Rule) -> str | None:
    """Why no failed check of the rule can have this id."""
    family, _, aspect = check.partition(".")
    known = [*(f"{name}.{word}" for name, words in ASPECTS.items() for word in words), "signature", *ASPECTS]
    if check in _NEVER:
        return _NEVER[check]
    if family == "attestations":
        ids = [f"attestations.{short_name(section.name, section.type)}" for section in rule.attestations]
        if check in ids:
            return None
        return f"the rule has no check {check!a}" + (f"; it has {', '.join(ids)}" if ids else "")
    if family not in {"signature", *ASPECTS} or (family == "signature" and aspect):
        return f"there is no check {check!a}{nearest(check, known)}"
    if aspect and aspect not in ASPECTS[family]:
        return f"there is no check {check!a}{nearest(check, [name for name in known if name.startswith(family)])}"
    if getattr(rule, family) is None:
        return f"the rule has no {family}, so that {check!a} never fails"
    return None


def short_name(name: str, predicate_type: str) -> str:
    """How a check's id names a predicate type: cosign's short name where it has one, else the type (rule 22)."""
    if name in SHORT_NAMES:
        return name
    return next((short for short, uri in SHORT_NAMES.items() if uri == predicate_type), predicate_type)


def _image(text: str, at: KeyPath, to: Reader) -> WaivedImage:
    """A rule's kind of pattern, and behind an @ the one digest that is meant (rule 21)."""
    name, mark, digest = text.partition("@")
    if mark and _DIGEST.fullmatch(digest) is None:
        to.problem(at, f"{text!a}: what stands behind the @ is a whole digest, sha256:...")
    if complaint := image_complaint(name):
        to.problem(at, f"{name!a}: {complaint}")
        return WaivedImage(name=exact(name), digest=digest or None)
    return WaivedImage(name=to.checked(name, glob, at), digest=digest or None)


def _overlap(one: Waiver, other: Waiver) -> bool:
    return any(
        (a.digest is None or b.digest is None or a.digest == b.digest)
        and (a.name.text == b.name.text or a.name.matches(b.name.text) or b.name.matches(a.name.text))
        for a in one.images
        for b in other.images
    )
