"""Where each key and each element of a TOML text stands: line and column.

What comes in: a text that `tomli` has read, and what it read. What goes out: a position for every key path of it, or
none at all: what is found must be the very tree that `tomli` found, else nothing is said. No position is guessed.

It knows TOML 1.0's keys (bare, quoted, dotted), tables and arrays of tables, inline tables, arrays and all four kinds
of text, and 1.1's inline tables over several lines. It reads no values: they are passed over.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
_SPACE: Final = re.compile(r"[ \t]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_TEXTS: Final = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_OTHER: Final = re.compile(r"[^,\]}\n#]+")


def locate(text: str, document: Mapping[str, Any]) -> dict[Path, tuple[int, int]]:
    """Line and column (both from 1) of every key path of `document`; empty if they cannot be told."""
    scanner = _Scanner(text)
    try:
        scanner.scan()
    except (_LostError, RecursionError):
        return {}
    if scanner.found.keys() != set(_paths(document)):
        return {}
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places = {}
    for path, offset in scanner.found.items():
        line = bisect_right(starts, offset)
        places[path] = (line, offset - starts[line - 1] + 1)
    return places


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in items:
        yield (*path, part)
        yield from _paths(inner, (*path, part))


class _LostError(Exception):
    """The text is not what the scanner expects."""


class _Scanner:
    """Walks over a text and notes where the first character of each key and element stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}  # arrays of tables, and how many each has so far

    def scan(self) -> None:
        """The whole text."""
        table: Path = ()
        self._pass(_GAP)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header(array=self.text.startswith("[[", self.at))
            else:
                self._pair(table)
            self._pass(_GAP)

    def _header(self, *, array: bool) -> Path:
        self.at += 2 if array else 1
        path: Path = ()
        keys = self._keys()
        for number, (name, offset) in enumerate(keys):
            path = (*path, name)
            self.found.setdefault(path, offset)
            if array and number == len(keys) - 1:
                self.tables[path] = self.tables.get(path, 0) + 1
                self.found[*path, self.tables[path] - 1] = offset
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
        self._expect("]]" if array else "]")
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for name, offset in self._keys():
            path = (*path, name)
            self.found.setdefault(path, offset)
        self._expect("=")
        self._pass(_SPACE)
        self._value(path)

    def _keys(self) -> list[tuple[str, int]]:
        keys = []
        while True:
            self._pass(_SPACE)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise _LostError
            keys.append((_plain(match[0]), self.at))
            self.at = match.end()
            self._pass(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        if self.text.startswith("[", self.at):
            self._list(path)
        elif self.text.startswith("{", self.at):
            self._inline_table(path)
        else:
            for kind in (*_TEXTS, _OTHER):
                match = kind.match(self.text, self.at)
                if match is not None:
                    self.at = match.end()
                    return
            raise _LostError

    def _list(self, path: Path) -> None:
        self.at += 1
        number = 0
        while not self._ends("]"):
            self.found[*path, number] = self.at
            self._value((*path, number))
            number += 1
            self._separate("]")

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while not self._ends("}"):
            self._pair(path)
            self._separate("}")

    def _ends(self, mark: str) -> bool:
        self._pass(_GAP)
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def _separate(self, end: str) -> None:
        self._pass(_GAP)
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(end, self.at):
            raise _LostError

    def _expect(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _LostError
        self.at += len(mark)

    def _pass(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None, "it matches nothing too"
        self.at = match.end()


def _plain(key: str) -> str:
    """A key without its quotes, its escapes read."""
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        return str(tomli.loads(f"x = {key}")["x"])
    return key
