"""The HTTP headers that a registry answers with -> what they say.

What comes in: the text of `WWW-Authenticate` (RFC 9110 section 11.6.1), `Link` (RFC 8288 section 3) or `Retry-After`
(RFC 9110 section 10.2.3). What goes out: challenges, the target of the next page, or seconds. The first two raise
`ValueError` for a text that the grammar does not allow: a parser that guesses could be led to another realm or past a
page. It follows nothing and waits for nothing.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e\x80-\xff])*+"'
_VALUE = rf"(?:{_WORD}|{_QUOTED})"
_END = r"(?=[ \t]*(?:,|\Z))"

_GAP = re.compile(r"[ \t,]*+")
_SCHEME = re.compile(rf"({_WORD})(?: +(?=[^ \t,])|{_END})")
_PARAMETER = re.compile(rf"({_WORD})[ \t]*=[ \t]*({_VALUE}){_END}")
_TOKEN68 = re.compile(rf"[A-Za-z0-9._~+/-]+=*{_END}")
_LINK = re.compile(rf"<([^<>]*)>((?:[ \t]*;(?:[ \t]*{_WORD}(?:[ \t]*=[ \t]*{_VALUE})?)?)*+){_END}")
_LINK_PARAMETER = re.compile(rf";[ \t]*({_WORD})(?:[ \t]*=[ \t]*({_VALUE}))?")


class Challenge(Struct, frozen=True, kw_only=True):
    """One way to authenticate. `scheme` and the names of `parameters` are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(text: str) -> tuple[Challenge, ...]:
    """All challenges of a WWW-Authenticate header (several headers: joined by commas), in their order.

    Raises `ValueError`.
    """
    found: list[tuple[str, dict[str, str]]] = []
    open_to_parameters = False
    at = _gap(text, 0)
    while at < len(text):
        if open_to_parameters and (parameter := _PARAMETER.match(text, at)):
            name = parameter[1].lower()
            if name in found[-1][1]:
                raise ValueError(f"the parameter {name} twice")
            found[-1][1][name] = _unquoted(parameter[2])
            at = _gap(text, parameter.end())
            continue
        scheme = _SCHEME.match(text, at)
        if scheme is None:
            raise ValueError("not a list of challenges")
        found.append((scheme[1].lower(), {}))
        at = scheme.end()
        open_to_parameters = _PARAMETER.match(text, at) is not None
        if not open_to_parameters:
            token = _TOKEN68.match(text, at)
            if token is None and text[at - 1] == " ":
                raise ValueError("not a list of challenges")
            at = _gap(text, token.end() if token else at)
    return tuple(Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in found)


def parse_next_link(text: str) -> str | None:
    """The target of `rel="next"` in a Link header, as it is written there; None if there is none.

    Raises `ValueError`, also for two different next pages.
    """
    targets = set()
    at = _gap(text, 0)
    while at < len(text):
        link = _LINK.match(text, at)
        if link is None:
            raise ValueError("not a list of links")
        parameters = [(name.lower(), value) for name, value in _LINK_PARAMETER.findall(link[2])]
        relations = next((_unquoted(value) for name, value in parameters if name == "rel"), "")
        if "next" in relations.lower().split():
            targets.add(link[1])
        at = _gap(text, link.end())
    if len(targets) > 1:
        raise ValueError("two next pages")
    return targets.pop() if targets else None


def parse_retry_after(text: str, date: str) -> float | None:
    """How many seconds Retry-After asks to wait; None where it says nothing that can be read.

    A moment counts from the same answer's `Date`, so that no clock is compared with another.
    """
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return float(text)
    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # one of them is no date, or has no zone
        return None
    return max(0.0, seconds)


def _gap(text: str, at: int) -> int:
    """Past white space and commas; a list may have empty elements (RFC 9110 section 5.6.1)."""
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
