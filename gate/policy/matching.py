"""How a policy's text matches the world's: exact, glob or regular expression. One matcher for all of it.

What comes in: a pattern from the policy, and a foreign text. What goes out: yes or no. Globs and regular expressions
run on RE2, in time linear in the text, always anchored at both ends.

The glob grammar (design rule 7):

    *        one or more characters other than / and @
    **       one or more whole, non-empty segments between slashes: it crosses neither // nor @
    {name}   in images one whole segment, which the same {name} then means in what a rule asks for
    ? [ ] { }  otherwise are errors

Where agents and models are denied a star is any text, also none: whatever a name is written with behind or before it.

    pattern                    matches                          does not match
    refs/tags/v*               refs/tags/v1.2                   refs/tags/v, refs/tags/v1/x
    ghcr.io/acme/**            ghcr.io/acme/api, .../a/b        ghcr.io/acme, ghcr.io/acme/
    https://x/*/r@refs/**      https://x/a/r@refs/heads/m       https://x/a/b/r@refs/heads/m
    *@acme.com                 ada@acme.com                     @acme.com, a/b@acme.com
    ghcr.io/acme/{repo}        ghcr.io/acme/api (repo: api)     ghcr.io/acme, ghcr.io/acme/a/b
    https://x/{repo}@*         https://x/api@v1 for repo api    https://x/web@v1 for repo api, anything for none
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import re2
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNSUPPORTED = re.compile(r"[?\[\]{}]")
_TOKEN = re.compile(r"\*+|[^*]+")
_CAPTURE = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_CAPTURED = re.compile(r"[a-z0-9._-]+")
_ANY_TEXT = "(?s:.*)"
_DOT_SEGMENT = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


class PatternError(ValueError):
    """The pattern is not one."""


class How(StrEnum):
    """How a pattern is compared."""

    EXACT = "exact"
    GLOB = "glob"
    REGEX = "regex"


class Pattern(Struct, frozen=True):
    """One text of the policy, and how it is compared. Made by `exact`, `glob` or `regex`, which check it."""

    how: How
    text: str
    names: tuple[str, ...] = ()
    """Its captures that stand for nothing yet: until they do it matches nothing."""
    loose: bool = False

    def matches(self, value: str) -> bool:
        """Whether `value` is what the pattern means, byte for byte and from end to end."""
        if self.names:
            return self.loose and self.capture(value) is not None
        if self.how is How.EXACT:
            return value == self.text
        try:
            return _compiled(self.how, self.text).fullmatch(value) is not None
        except UnicodeEncodeError:
            return False  # JSON can spell half a character, which no pattern means

    def capture(self, value: str) -> dict[str, str] | None:
        """What each capture stands for in `value`; None if that does not match."""
        try:
            match = _capturing(self.text, exact=self.how is How.EXACT).fullmatch(value)
        except UnicodeEncodeError:
            return None
        return None if match is None else dict(zip(self.names, match.groups(), strict=True))

    def bind(self, values: Mapping[str, str]) -> Pattern:
        """The pattern with its captures replaced. It stays unbound, and matches nothing, where a value is missing or
        is no segment of an image's canonical name: no value brings a sign of the pattern language with it. Nor does one
        in `.git`, which falls away where repositories are compared: it would mean another image's.
        """
        found = [values.get(name, "") for name in self.names]
        if not self.names or not all(map(_is_captured, found)):
            return self
        return Pattern(self.how, _CAPTURE.sub(lambda match: values[match[1]], self.text))

    def loosened(self) -> Pattern:
        """The pattern with any segment for each capture: for denies, never for allows."""
        return Pattern(self.how, self.text, self.names, loose=True)

    def matches_identity(self, identity: str) -> bool:
        """Like `matches`, for a certificate's identity.

        One with a second `@`, a `.` or `..` segment, `%` or a control character means different things to different
        readers: it matches exact patterns only (design rule 7).
        """
        if self.how is not How.EXACT and _ambiguous(identity):
            return False
        return self.matches(identity)

    def matches_a_part(self, value: str) -> bool:
        """Whether a regular expression matches somewhere in `value`, as cosign's do: for a message, never to judge."""
        try:
            return self.how is How.REGEX and _compiled(self.how, self.text).search(value) is not None
        except UnicodeEncodeError:
            return False

    def is_exactly_but_for_case(self, value: str) -> bool:
        """Whether it is exact and `value` the same but for upper and lower case: for a message, never to judge."""
        return self.how is How.EXACT and value.casefold() == self.text.casefold()

    def matches_in_any_case(self, value: str) -> bool:
        """Whether `value` is what the pattern means but for upper and lower case: for a message, never to judge."""
        return self._folded(value, wide=False)

    def denies(self, value: str) -> bool:
        """Whether `value` is what the pattern means but for upper and lower case, with any text, also none, where a
        glob has a star: for denies, never for allows (rule 9).
        """
        return self._folded(value, wide=True)

    def _folded(self, value: str, *, wide: bool) -> bool:
        if self.how is How.EXACT:
            return value.casefold() == self.text.casefold()
        try:
            return _compiled(self.how, self.text, fold=True, wide=wide).fullmatch(value) is not None
        except UnicodeEncodeError:
            return False

    def __str__(self) -> str:
        return self.text if self.how is How.EXACT else f"{self.how} {self.text}"


def _is_captured(value: str) -> bool:
    return _CAPTURED.fullmatch(value) is not None and value.strip(".") != "" and not value.endswith(".git")


def exact(text: str) -> Pattern:
    """A pattern that matches itself."""
    return Pattern(How.EXACT, text)


def glob(text: str) -> Pattern:
    """A glob. Raises `PatternError`."""
    pattern = Pattern(How.GLOB, text)
    _compiled(pattern.how, pattern.text)
    return pattern


def capturing(text: str, how: How = How.GLOB) -> Pattern:
    """A glob or an exact text that may have captures. Raises `PatternError`."""
    names = tuple(_CAPTURE.findall(text))
    if not names:
        return glob(text) if how is How.GLOB else exact(text)
    _capturing(text, exact=how is How.EXACT)
    return Pattern(how, text, names)


def regex(text: str) -> Pattern:
    """A regular expression in RE2's syntax. Raises `PatternError`."""
    pattern = Pattern(How.REGEX, text)
    _compiled(pattern.how, pattern.text)
    return pattern


def _ambiguous(identity: str) -> bool:
    return (
        identity.count("@") > 1
        or "%" in identity
        or any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in identity)
        or _DOT_SEGMENT.search(identity.replace("@", "/")) is not None
    )


@cache
def _compiled(how: How, text: str, *, fold: bool = False, wide: bool = False) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not fold
    source = _translate(text, wide=wide) if how is How.GLOB else text
    try:
        return re2.compile(source, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        reason = reason if reason.isprintable() else ascii(reason)[1:-1]
        raise PatternError(f"{text!a} is no regular expression (RE2): {reason}") from None


@cache
def _capturing(text: str, *, exact: bool) -> re2._Regexp:
    """The text with a group for each capture, which takes one segment."""
    options = re2.Options()
    options.log_errors = False
    plain = _CAPTURE.sub("x", text)
    if not exact:
        _translate(plain)  # the captures' names are no part of what may be wrong
    parts = _CAPTURE.split(text)
    pieces = [re.escape(part) if exact else _translate(part, whole=False) for part in parts[::2]]
    return re2.compile("([^/@]+)".join(pieces), options)


def _translate(text: str, *, whole: bool = True, wide: bool = False) -> str:
    if not text and whole:
        raise PatternError("an empty pattern matches nothing")
    if found := _UNSUPPORTED.search(text):
        raise PatternError(f"{text!a}: {found[0]} has no meaning in a glob here; only * and ** have")
    parts = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "*":
            parts.append(_ANY_TEXT if wide else "[^/@]+")
        elif token == "**":
            before, after = text[: match.start()], text[match.end() :]
            if whole and ((before and before[-1] not in "/@") or (after and after[0] not in "/@")):
                raise PatternError(f"{text!a}: ** stands for whole segments, so it stands between slashes")
            parts.append(_ANY_TEXT if wide else "[^/@]+(?:/[^/@]+)*")
        elif token.startswith("*"):
            raise PatternError(f"{text!a}: only * and ** are patterns")
        else:
            parts.append(re.escape(token))
    return "".join(parts)
