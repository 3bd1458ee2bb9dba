"""What every part of a policy is read with: patterns, names, ages, files beside it, and a list of what is wrong.

What comes in: a document, of the right shape but for the parts that `loading` left out. What goes out: values of
`model`, and problems and warnings, one line each with the full key path.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from gate.duration import parse_duration
from gate.policy.matching import Pattern, PatternError, exact, glob, regex
from gate.policy.model import ANY, Anything, KeyHolder, Signer
from gate.policy.problems import key_path, nearest, shown
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

KeyPath = tuple[str | int, ...]
MAX_BYTES: Final = 1 << 20
_SOURCE_WITH_REF: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*+(?:/@?+[^@/]*+)*+@.*", re.IGNORECASE | re.DOTALL)


class Reader:
    """Reads values, and collects what makes no sense in them."""

    def __init__(self, document: Mapping[str, Any], path: Path) -> None:
        """`document` is the whole of it, for key paths; `path` is the policy's, beside which its files are."""
        self.document = document
        self.path = path
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def problem(self, at: KeyPath, text: str) -> None:
        """Something is wrong at `at`."""
        self.problems.append(f"{key_path(self.document, at)}: {text}")

    def warning(self, at: KeyPath, text: str) -> None:
        """Something is allowed and will hardly be meant."""
        self.warnings.append(f"{key_path(self.document, at)}: {text}")

    def age(self, table: Mapping[str, Any], at: KeyPath) -> timedelta | None:
        """`max-age`, None without one."""
        if "max-age" not in table:
            return None
        try:
            return parse_duration(table["max-age"])
        except ValueError as error:
            self.problem((*at, "max-age"), str(error))
            return None

    def moment(self, table: Mapping[str, Any], at: KeyPath, key: str) -> datetime | None:
        """The moment under `key`; None without one, or with a problem if it is none."""
        if key not in table:
            return None
        try:
            moment = datetime.fromisoformat(table[key])
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            text = f"{shown(table[key])} is no date and time with an offset: write 2027-01-31T00:00:00Z"
            self.problem((*at, key), text)
            return None
        return moment

    def file(self, name: str, at: KeyPath) -> bytes | None:
        """A file beside the policy; None, and a problem, if it cannot be read."""
        path = self.path.parent / name
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.problem(at, f"{readable(path)} cannot be read: {reason}")
            return None
        if len(raw) > MAX_BYTES:
            self.problem(at, f"{readable(path)} has more than {MAX_BYTES} bytes")
            return None
        return raw

    def patterns(self, values: str | Sequence[Any], at: KeyPath) -> tuple[Pattern, ...] | Anything:
        """A list of patterns, or `"any"`."""
        if values == "any":
            return ANY
        if "any" in values:
            self.any_in_a_list(at)
        return tuple(self.pattern(value, at) for value in values)

    def any_in_a_list(self, at: KeyPath) -> None:
        """The word that means anything stands alone, so that it cannot hide in a list."""
        self.problem(at, f'"any" stands alone and not in a list: write {at[-1]} = "any"')

    def sources(self, values: str | Sequence[Any], at: KeyPath) -> tuple[Pattern, ...] | Anything:
        """Repositories: what stands after an `@` would be dropped when they are compared."""
        for value in values if values != "any" else ():
            text = value if isinstance(value, str) else value.get("glob", "")
            if _SOURCE_WITH_REF.fullmatch(text.removeprefix("git+")):
                self.problem(at, f"{text!a}: a source is a repository alone; what stands after the @ belongs in refs")
        return self.patterns(values, at)

    def pattern(self, value: str | Mapping[str, str], at: KeyPath) -> Pattern:
        """A plain text, a glob or a regular expression."""
        if isinstance(value, str):
            if "*" in value:
                self.warning(at, f"{value!a} is exact, and its * a plain *; a pattern is {{ glob = {value!a} }}")
            return exact(value)
        if "glob" in value:
            return self.checked(value["glob"], glob, at)
        return self.checked(value["regex"], regex, at)

    def checked(self, text: str, make: Any, at: KeyPath) -> Pattern:
        """A pattern made by `glob` or `regex`, or a problem."""
        try:
            pattern: Pattern = make(text)
        except PatternError as error:
            self.problem(at, str(error))
            return exact(text)
        return pattern

    def names(self, names: Iterable[str], kind: str, at: KeyPath) -> tuple[str, ...]:
        """The names of a list; one that is not defined is a problem. One whose definition is broken is defined."""
        defined = self.document.get(kind, {})
        if isinstance(defined, dict) and (defined or kind not in self.document):
            for name in names:
                if name not in defined:
                    self.problem(at, f"{name!a} is not defined under [{kind}]{nearest(name, defined)}")
        return tuple(names)

    def check_times(self, names: Iterable[str], signers: Mapping[str, Signer], at: KeyPath, *, needed: bool) -> None:
        """Rule 5: the times of a key's signature are upper bounds, so an age needs a time inside the predicate."""
        for name in names if needed else ():
            holder = signers[name].holder if name in signers else None
            if isinstance(holder, KeyHolder) and holder.time is None:
                self.problem(
                    at, f'an age or "latest" needs to know when the key {name!a} signed: give it time = "/..."'
                )
