"""Values out of a predicate: texts that look like nothing else, objects, lists, commits; and what is wrong with them.

What comes in: a part of a verified predicate. What goes out: the value, None where it is unset, null or empty, which
are the same (SLSA, "Parsing rules"); what is of another type than its format gives it goes into a list of problems.
Nothing is folded and nothing is made a text that is none.

Threats that this answers: A-T6 (short hashes), A-T7 (sha1 that is no commit), A-T18 (wrong types), A-T19 (look-alikes),
A-T36 (output).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Authorship
from gate.claims.source import canonical_repository, is_commit
from gate.limits import MAX_TEXT

if TYPE_CHECKING:
    from gate.strictjson import JSON
    from gate.verification import Subject

MAX_ID: Final = 256
MAX_PROBLEMS: Final = 10
GIT_ALGORITHMS: Final = frozenset({"gitCommit", "gitTree", "sha1"})
_AUTHORSHIP: Final[Mapping[str, Authorship]] = {
    "human": Authorship.HUMAN,
    "autonomous_agent": Authorship.AGENT,
    "mixed": Authorship.MIXED,
    "assisted": Authorship.MIXED,
}


def note(problems: list[str], text: str) -> None:
    """One more thing that is wrong; of very many the first tell enough, and all of them cost a report its size."""
    if len(problems) < MAX_PROBLEMS:
        problems.append(text)


class Fields:
    """One object of a predicate, read key by key; `problems` collects what is not what it should be."""

    __slots__ = ("_value", "path", "problems")

    def __init__(self, value: JSON, path: str, problems: list[str]) -> None:
        """An object at `path`; anything else is a problem, and reads like an empty one."""
        self.path = path
        self.problems = problems
        if value is not None and not isinstance(value, Mapping):
            note(problems, f"{path} is no object")
        self._value: Mapping[str, JSON] = value if isinstance(value, Mapping) else {}

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._value)

    def __iter__(self) -> Iterator[str]:
        """Its keys."""
        return iter(self._value)

    def get(self, key: str) -> JSON:
        """The value as it is."""
        return self._value.get(key)

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def object(self, key: str) -> Fields:
        """The object under a key."""
        return Fields(self._value.get(key), self.at(key), self.problems)

    def objects(self, key: str) -> Iterator[Fields]:
        """Each object of the list under a key."""
        for number, value in enumerate(self.list(key)):
            yield Fields(value, f"{self.at(key)}[{number}]", self.problems)

    def list(self, key: str) -> tuple[JSON, ...]:
        """The list under a key."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, list):
            note(self.problems, f"{self.at(key)} is no list")
        return tuple(value) if isinstance(value, list) else ()

    def text(self, key: str, *, human: bool = False) -> str | None:
        """The text under a key, which policies are compared with; with `human` a person's name, in any script."""
        return plain_text(self._value.get(key), self.at(key), self.problems, human=human)

    def texts(self, key: str, *, human: bool = False) -> tuple[str, ...]:
        """The texts of the list under a key."""
        found = (
            plain_text(value, f"{self.at(key)}[{number}]", self.problems, human=human)
            for number, value in enumerate(self.list(key))
        )
        return tuple(item for item in found if item is not None)

    def flag(self, key: str) -> bool:
        """The boolean under a key; no is what is not there."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, bool):
            note(self.problems, f"{self.at(key)} is {shown(value)}, not true or false")
        return value is True

    def commit(self, key: str) -> str | None:
        """The commit under a key, whole or not at all."""
        value = self._value.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not is_commit(value):
            note(self.problems, f"its {self.at(key)} is {shown(value)}, not 40 or 64 lower-case hex digits")
            return None
        return value

    def authorship(self, key: str) -> tuple[Authorship, str | None]:
        """What the word under a key says of who wrote it (rule 18), and the word itself, cut to `MAX_TEXT`."""
        value = self._value.get(key)
        if not isinstance(value, str):
            return Authorship.UNKNOWN, None
        return _AUTHORSHIP.get(value, Authorship.UNKNOWN), value[:MAX_TEXT]

    def repository(self, key: str) -> str | None:
        """The repository under a key, in its one spelling."""
        value = self._value.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            note(self.problems, f"{self.at(key)} is {shown(value)}, no repository")
            return None
        return canonical_repository(value)


def plain_text(value: JSON, path: str, problems: list[str], *, human: bool = False) -> str | None:
    """A text that looks like nothing else, or None and a problem."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not is_plain(value, human=human):
        kind = "characters that can be shown" if human else "printable ASCII characters"
        note(problems, f"its {path} is {shown(value)}, not up to {MAX_ID} {kind}")
        return None
    return value


def is_plain(text: str, *, human: bool) -> bool:
    """Nothing that looks like something else: printable ASCII without spaces at its ends or two in a row. A person's
    name may be written in any script.
    """
    if len(text) > MAX_ID or not text.isprintable():
        return False
    return human or (text.isascii() and text == text.strip() and "  " not in text)


def folded(name: str) -> str:
    """A person's name as those compare it who look for the same person: neither case nor spaces nor the way in which a
    character is encoded makes another one. Only for what takes something away; who may do something is named exactly.
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def commits_named(subject: Subject, *, git: bool) -> tuple[str, ...]:
    """Whatever a subject names as a commit, contradictions and all."""
    digests = subject.digests
    said = git or subject.name.startswith("git+") or subject.uri.startswith("git+")
    names = ("gitCommit", "sha1") if said else ("gitCommit",)
    return tuple(dict.fromkeys(digests[name] for name in names if name in digests))


def commit_of(subject: Subject, problems: list[str], *, git: bool) -> str | None:
    """The commit that a subject is. `sha1` is one only where something says that this is git (A-T7): `git`, the name
    or the URI; what disagrees with `gitCommit` is a problem.
    """
    found = commits_named(subject, git=git)
    if len(found) > 1:
        note(problems, "its subject names two commits")
        return None
    commit = next(iter(found), None)
    if commit is not None and not is_commit(commit):
        note(problems, f"its subject is {shown(commit)}, not 40 or 64 lower-case hex digits")
        return None
    return commit


def shown(value: JSON) -> str:
    """A foreign value inside a message: escaped, and short."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
