"""What every part of a policy is read with: patterns, names, ages, files beside it, and a list of what is wrong.

What comes in: a document, of the right shape but for the parts that `loading` left out. What goes out: values of
`model`, and problems and warnings, one line each with the full key path.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from gate.duration import parse_duration
from gate.policy.matching import How, Pattern, PatternError, capturing, exact, glob, regex
from gate.policy.model import PolicyFile
from gate.policy.parties import ANY, Anything, KeyHolder, Signer
from gate.policy.problems import Element, nearest, shown
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from gate.errors import Finding
    from gate.policy.merging import Merged
    from gate.policy.predicates import PredicateSchema

KeyPath = tuple[str | int, ...]
MAX_BYTES: Final = 1 << 20
_SOURCE_WITH_REF: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*+(?:/@?+[^@/]*+)*+@.*", re.IGNORECASE | re.DOTALL)


def read_moment(text: str) -> datetime | None:
    """A date and time with an offset; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def no_moment(text: str) -> str:
    """What is wrong with a text that is no moment."""
    return f"{shown(text)} is no date and time with an offset: write 2027-01-31T00:00:00Z"


class Reader:
    """Reads values, and collects what makes no sense in them."""

    def __init__(self, merged: Merged) -> None:
        """`merged` knows which file each part stands in, and where."""
        self.merged = merged
        self.schemas: dict[bytes, PredicateSchema] = {}
        self.problems: list[Finding] = []
        self.warnings: list[Finding] = []
        self.files: dict[PolicyFile, None] = {}

    def problem(self, at: KeyPath, text: str) -> None:
        """Something is wrong at `at`."""
        self.problems.append(self.finding(at, text))

    def warning(self, at: KeyPath, text: str) -> None:
        """Something is allowed and will hardly be meant."""
        self.warnings.append(self.finding(at, text))

    def finding(self, at: KeyPath, text: str) -> Finding:
        """A sentence about what stands at `at`, with its place."""
        document, path = self.merged.origin(at)
        return document.finding(path, text)

    def element(self, at: KeyPath, number: int, value: object) -> KeyPath:
        """The key path of one element of the list at `at`: the list's own unless that element is this very value."""
        document, path = self.merged.origin(at)
        found: Any = document.data
        for part in path:
            found = (
                found.get(part) if isinstance(found, dict) else found[int(part)] if isinstance(found, list) else None
            )
        is_it = isinstance(found, list) and number < len(found) and found[number] == value
        return (*at, Element(number)) if is_it else at

    def beside(self, name: str, at: KeyPath) -> Path:
        """The path of a file that is named at `at`: relative to the file in which that stands."""
        document, _ = self.merged.origin(at)
        return document.path.parent / name

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
        moment = read_moment(table[key])
        if moment is None:
            self.problem((*at, key), no_moment(table[key]))
        return moment

    def file(self, name: str, at: KeyPath, kind: str) -> bytes | None:
        """A file that the policy names; None, and a problem, if it cannot be read. `kind` is for `Policy.files`."""
        document, _ = self.merged.origin(at)
        path = self.beside(name, at)
        try:
            path = document.beside(name)
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            self.problem(at, f"{readable(path)} cannot be read: {error.strerror}")
            return None
        except ValueError as error:
            self.problem(at, f"{readable(path)} cannot be read: {error}")
            return None
        if len(raw) > MAX_BYTES:
            self.problem(at, f"{readable(path)} has more than {MAX_BYTES} bytes")
            return None
        self.name_file(document.seen_as(name), kind, hashlib.sha256(raw).hexdigest())
        return raw

    def name_file(self, shown: str, kind: str, sha256: str) -> None:
        """Note a file of the policy, by its path as seen from the policy's own folder. Behind a symbolic link two files
        may be seen as one: what they hold tells them apart.
        """
        self.files.setdefault(PolicyFile(path=shown, kind=kind, sha256=sha256))

    def patterns(
        self, values: str | Sequence[Any], at: KeyPath, *, captures: bool = False
    ) -> tuple[Pattern, ...] | Anything:
        """A list of patterns, or `"any"`."""
        if values == "any":
            return ANY
        if "any" in values:
            self.any_in_a_list(at)
        return tuple(
            self.pattern(value, self.element(at, number, value), captures=captures)
            for number, value in enumerate(values)
        )

    def any_in_a_list(self, at: KeyPath) -> None:
        """The word that means anything stands alone, so that it cannot hide in a list."""
        whole = tuple(part for part in at if not isinstance(part, Element))
        self.problem(at, f'"any" stands alone and not in a list: write {whole[-1]} = "any"')

    def sources(self, values: str | Sequence[Any], at: KeyPath) -> tuple[Pattern, ...] | Anything:
        """Repositories: what stands after an `@` would be dropped when they are compared."""
        for number, value in enumerate(values if values != "any" else ()):
            text = value if isinstance(value, str) else value.get("glob", "")
            if _SOURCE_WITH_REF.fullmatch(text.removeprefix("git+")):
                place = self.element(at, number, value)
                self.problem(
                    place, f"{text!a}: a source is a repository alone; what stands after the @ belongs in refs"
                )
        return self.patterns(values, at, captures=True)

    def pattern(self, value: str | Mapping[str, str], at: KeyPath, *, captures: bool = False) -> Pattern:
        """A plain text, a glob or a regular expression. With `captures` the first two may say {name}."""
        if isinstance(value, str):
            if "*" in value:
                self.warning(at, f"{value!a} is exact, and its * a plain *; a pattern is {{ glob = {value!a} }}")
            return capturing(value, How.EXACT) if captures else exact(value)
        if "glob" in value:
            return self.checked(value["glob"], capturing if captures else glob, at)
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
        defined = self.merged.defined(kind, at)
        if defined is not None:
            for number, name in enumerate(names):
                if name not in defined:
                    place = self.element(at, number, name)
                    self.problem(place, f"{name!a} is not defined under [{kind}]{nearest(name, defined)}")
        return tuple(names)

    def check_denied(self, names: Iterable[str], kind: str, at: KeyPath) -> None:
        """Who is denied by these names is whom the files mean that are seen from `at`: another file's definition would
        let pass whom they deny.
        """
        seen = [document.number for document in self.merged.seen_from(at)]
        known = self.merged.defined(kind, at) or {}
        for name in names:
            holder, _ = self.merged.origin((kind, name))
            if name in known and holder.number not in seen:
                shown = readable(self.merged.origin(at)[0].path)
                text = f"{shown} denies whom it means by this name, and does not leave that to others"
                self.problem((kind, name), text)

    def check_times(self, names: Iterable[str], signers: Mapping[str, Signer], at: KeyPath, *, needed: bool) -> None:
        """Rule 5: the times of a key's signature are upper bounds, so an age needs a time inside the predicate."""
        for name in names if needed else ():
            holder = signers[name].holder if name in signers else None
            if isinstance(holder, KeyHolder) and holder.time is None:
                self.problem(
                    at, f'an age or "latest" needs to know when the key {name!a} signed: give it time = "/..."'
                )
