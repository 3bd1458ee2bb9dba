"""A policy's files -> documents: TOML of the right shape, each key of which can be found again in its text.

What comes in: a policy's bytes and its path. What goes out: `Document`s, those that are extended first; `merge` makes
one of them. What a document says is read by `loading`; here is only which files there are, and where things stand.
"""

from __future__ import annotations

import copy
import hashlib
import os
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tomli
from msgspec import Struct

from gate.errors import Finding, InvalidPolicy
from gate.policy.positions import locate
from gate.policy.problems import HINTED, Element, Moment, find_problems, key_path, schema
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.problems import Problem
    from gate.policy.reading import KeyPath

STANDARD_INPUT: Final = Path("-")
MAX_BYTES: Final = 256 << 10  # of all files together: six thousand lines; some of a megabyte take seconds to read
_MAX_DEPTH: Final = 8
_MAX_FILES: Final = 32
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_WHOLE_BITS: Final = 63  # TOML 1.0: whole numbers from -2**63 to 2**63 - 1


class Document(Struct, kw_only=True, dict=True):
    """One file. `data` is what it says; `sound` the same without what has a wrong shape, which `findings` say.

    `shown` is its path as seen from the policy's folder, whatever that is. `number` is its place among the files that
    were read, `extends` are the numbers of those that it extends, directly
    or not. A part of `sound` that is None has a wrong shape.
    """

    path: Path
    raw: bytes
    data: Mapping[str, Any]
    sound: Mapping[str, Any]
    findings: list[Finding]
    shown: str = ""
    number: int = 0
    extends: frozenset[int] = frozenset()

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def _places(self) -> Mapping[KeyPath, tuple[int, int]]:
        return locate(self.raw.decode("utf-8"), self.data)

    @cached_property
    def mistyped(self) -> frozenset[str]:
        """The known keys that an unknown one is close to."""
        known = list(schema()["properties"])
        unknown = islice((key for key in self.data if key not in known), HINTED)
        return frozenset(close for key in unknown for close in get_close_matches(key[:60], known, n=len(known)))

    def place(self, at: KeyPath) -> tuple[int, int] | None:
        """Line and column of a key, None if they cannot be told."""
        return self._places.get(at)

    def finding(self, at: KeyPath, text: str, *, key: str | None = None) -> Finding:
        """Something about what stands at `at`; `key` is a key of that table, where that is it."""
        place = self.place(at if key is None else (*at, key)) or self.place(at)
        whole = at
        while place is None and whole and isinstance(whole[-1], Element):
            whole = whole[:-1]
            place = self.place(whole)
        line, column = place or (None, None)
        shown = key_path(self.data, at)
        return Finding(file=readable(self.path), line=line, column=column, key=shown, text=text)

    def beside(self, name: str) -> Path:
        """A file that this one names. Raises `ValueError` for one that has no place to be beside of."""
        if self.path == STANDARD_INPUT and not Path(name).is_absolute():
            raise ValueError(f"{name!a}: a policy from standard input has no folder: name files by absolute paths")
        return self.path.parent / name

    def seen_as(self, name: str) -> str:
        """The path of a file that this one names, as seen from the policy's folder."""
        return Path(os.path.normpath(os.path.join(os.path.dirname(self.shown), name))).as_posix()  # noqa: PTH118, PTH120


def read_bytes(path: Path) -> bytes:
    """A policy file's bytes. Raises `InvalidPolicy`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise invalid(path, f"the policy cannot be read: {reason}").unread() from None
    return raw


def read_documents(raw: bytes, path: Path) -> tuple[Document, ...]:
    """A policy's document, and before it those that it extends. Raises `InvalidPolicy` for what is no TOML."""
    reading = _Reading()
    reading.add(raw, path, ())
    return tuple(reading.documents)


def read_document(raw: bytes, path: Path) -> Document:
    """One file. Raises `InvalidPolicy` for what is no TOML."""
    if len(raw) > MAX_BYTES:
        raise invalid(path, f"the policy has more than {MAX_BYTES} bytes")
    if raw.startswith(_BYTE_ORDER_MARK):
        raise invalid(path, "it begins with a byte order mark: save it as UTF-8 without one")
    try:
        data = tomli.loads(raw.decode("utf-8"))
        data = _plain(data, data, ())
    except UnicodeDecodeError as error:
        raise invalid(path, f"not UTF-8 (byte {error.start})") from None
    except tomli.TOMLDecodeError as error:
        raise invalid(path, f"not TOML: {error.msg}", line=error.lineno, column=error.colno) from None
    except _TooLargeError as error:
        raise invalid(path, str(error)) from None
    except ValueError:  # of int(): more digits than Python reads
        raise invalid(path, "not TOML: a number in it is too large") from None
    except RecursionError:
        raise invalid(path, "not a policy: nested too deep") from None
    shape = find_problems(data)
    document = Document(path=path, raw=raw, data=data, sound=_sound(data, shape) if shape else data, findings=[])
    document.findings += [document.finding(problem.path, problem.text, key=problem.unknown) for problem in shape]
    return document


def invalid(path: Path, text: str, *, line: int | None = None, column: int | None = None) -> InvalidPolicy:
    """A policy of which nothing can be read, and why."""
    shown = readable(path)
    return InvalidPolicy(shown, (Finding(file=shown, line=line, column=column, key="", text=text),))


class _Reading:
    """Reads files in the order in which they build on each other, each once."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._size = 0
        self._known: dict[str, Document] = {}

    def add(self, raw: bytes, path: Path, chain: tuple[str, ...], *, shown: str = "") -> Document:
        self._size += len(raw)
        if self._size > MAX_BYTES and chain:
            raise invalid(path, f"with what it extends, the policy has more than {MAX_BYTES} bytes")
        document = read_document(raw, path)
        document.shown = shown or path.name
        here = (*chain, os.path.realpath(path))
        bases = document.sound.get("extends") or ()
        extended: set[int] = set()
        for number, item in enumerate(bases):
            name, pin = (item, None) if isinstance(item, str) else (item["path"], item.get("sha256"))
            at: KeyPath = ("extends", number)
            try:
                base = self._base(document.beside(name), document.seen_as(name), here)
            except ValueError as error:
                document.findings.append(document.finding(at, str(error)))
                continue
            extended |= {base.number, *base.extends}
            if pin is not None and base.sha256 != pin:
                text = f"{readable(base.path)} has the sha256 {base.sha256}, not the one that is pinned"
                document.findings.append(document.finding(at, text))
        document.number, document.extends = len(self.documents), frozenset(extended)
        if chain:  # a base may define names alone
            document.findings = [item for item in document.findings if item.text != "the key 'rules' is missing"]
        self.documents.append(document)
        self._known[here[-1]] = document
        return document

    def _base(self, path: Path, shown: str, chain: tuple[str, ...]) -> Document:
        real = os.path.realpath(path)
        if real in chain:
            raise ValueError(f"{readable(path)} extends itself")
        if real in self._known:
            return self._known[real]
        if len(chain) > _MAX_DEPTH:
            raise ValueError(f"{readable(path)} is more than {_MAX_DEPTH} files deep")
        if len(self.documents) + len(chain) >= _MAX_FILES:
            raise ValueError(f"a policy has at most {_MAX_FILES} files")
        return self.add(read_bytes(path), path, chain, shown=shown)


class _TooLargeError(ValueError):
    """A number that no TOML has."""


def _plain(value: Any, document: Mapping[str, Any], at: KeyPath) -> Any:
    """The document with TOML's dates and times as texts; a bare date is the start of that day in UTC (rule 21)."""
    if isinstance(value, dict):
        return {key: _plain(item, document, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, document, (*at, number)) for number, item in enumerate(value)]
    if isinstance(value, int) and value.bit_length() > _WHOLE_BITS:
        raise _TooLargeError(f"{key_path(document, at)}: the number is too large")
    if isinstance(value, date | time):
        suffix = "" if isinstance(value, datetime | time) else "T00:00:00Z"
        moment = Moment(f"{value.isoformat()}{suffix}")
        moment.written = value.isoformat()
        return moment
    return value


def _sound(document: Mapping[str, Any], problems: tuple[Problem, ...]) -> dict[str, Any]:
    """The document without its unknown keys, and with None for each part whose shape is wrong."""
    found: dict[str, Any] = copy.deepcopy(dict(document))
    for problem in problems:
        if problem.unknown is not None:
            table: Any = found
            for part in problem.path:
                table = table[part]
            table.pop(problem.unknown, None)
    for problem in find_problems(found):
        place: Any = found
        *way, last = _part(problem.path)
        for part in way:
            place = place[part] if place is not None else None
        if place is not None and (last in place if isinstance(place, dict) else True):
            place[last] = None
    return found


def _part(path: KeyPath) -> KeyPath:
    """The part that cannot be read if there is something wrong at `path`."""
    match path:
        case ("rules", int(), "attestations", int(), *_):
            return path[:4]
        case ("rules", int(), str(), *_):
            return path[:3]
        case ("signers" | "builders" | "agents" | "registries", str(), *_) | (
            "rules" | "deny" | "waivers" | "agent-formats",
            int(),
            *_,
        ):
            return path[:2]
    return path[:1] or ("",)
