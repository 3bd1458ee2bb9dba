"""Documents -> one: what a base defines is final, and what stands on it adds to it.

What comes in: documents, those that are extended first. What goes out: `Merged`: one document in which every part knows
the file that it is from, and what is wrong about putting them together.

A name, [trust], [limits] or a registry of a base is not defined again, unless the base marks it `open = true`; nor is a
rule. A file sees the names of itself and of what it extends, and of no other: a base cannot be completed from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.errors import Finding
    from gate.policy.documents import Document
    from gate.policy.reading import KeyPath

_BY_NAME: Final = ("signers", "builders", "agents", "registries")
_WHOLE: Final = ("trust", "limits")
_LISTS: Final = ("deny", "waivers", "agent-formats")
_SIGNING: Final = frozenset({"signers", "builders"})
"""What depends on the trust roots."""


class Merged:
    """All documents as one. `sound` is read; `origin` says where each part of it stands."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        self.main = documents[-1]
        self.findings: list[Finding] = []
        self.sound: dict[str, Any] = {}
        self._named: dict[str, int] = {}  # where in `rules` each name stands first
        self._origins: dict[KeyPath, tuple[Document, KeyPath]] = {(): (self.main, ())}
        for document in documents:
            self._add(document)
        self._check_trust()
        self._check_forbidden()
        for key in ("version", "description"):
            if key in self.main.sound:
                self.sound[key] = self.main.sound[key]

    def origin(self, at: KeyPath) -> tuple[Document, KeyPath]:
        """The document in which a part stands, and its key path there."""
        for length in range(len(at), -1, -1):
            if at[:length] in self._origins:
                document, path = self._origins[at[:length]]
                return document, path + at[length:]
        raise AssertionError("the whole has an origin")

    def defined(self, kind: str, at: KeyPath) -> Mapping[str, Any] | None:
        """The names of a kind that what stands at `at` may use; None if they cannot be told."""
        found: dict[str, Any] = {}
        for document in self.seen_from(at):
            names = document.data.get(kind, {})
            if not isinstance(names, dict) or (not names and kind in document.data):
                return None
            if kind in document.mistyped:
                return None  # it is mistyped, which is said already
            found |= names
        return found

    def seen_from(self, at: KeyPath) -> Iterator[Document]:
        """The document of what stands at `at`, and those that it extends."""
        own, _ = self.origin(at)
        return self._seen(own)

    def _seen(self, document: Document) -> Iterator[Document]:
        """A document and those that it extends."""
        return (item for item in self.documents if item is document or item.number in document.extends)

    def _add(self, document: Document) -> None:
        sound = document.sound
        for kind in _BY_NAME:
            for name, table in (sound.get(kind) or {}).items():
                self._define((kind, name), table, document, (kind, name))
        for kind in _WHOLE:
            if kind in sound:
                self._define((kind,), sound[kind], document, (kind,))
        for kind in _LISTS:
            for number, table in enumerate(sound.get(kind) or ()):
                self._append(kind, table, document, number)
        for number, table in enumerate(sound.get("rules") or ()):
            self._rule(number, table, document)

    def _define(self, at: KeyPath, table: Any, document: Document, path: KeyPath) -> None:
        before = self._origins.get(at)
        if before is not None and before[0] is not document and not self._open(at):
            self._again(document, path, before[0])
            return
        self._set(at, table)
        self._origins[at] = (document, path)

    def _check_forbidden(self) -> None:
        """What counts as absent decides for every rule: no file says it for those that it does not stand below."""
        for name, table in (self.sound.get("registries") or {}).items():
            if not table or "forbidden-tag" not in table:
                continue
            holder, path = self.origin(("registries", name))
            for document in self.documents:
                seen = list(self._seen(document))
                tables = [(item.sound.get("registries") or {}).get(name) for item in seen]
                left_open = any(isinstance(item, dict) and item.get("open") is True for item in tables)
                if holder in seen or left_open:
                    continue
                if document.number in holder.extends:
                    said = "what counts as absent is for the policy to say that this one extends"
                elif "rules" in document.data:
                    said = f"what counts as absent is for {readable(document.path)} to say, which does not extend this"
                else:
                    continue
                self.findings.append(holder.finding((*path, "forbidden-tag"), said))

    def _check_trust(self) -> None:
        """A file that finds no [trust] in itself and in what it extends means the default roots, which decide who its
        signers are: no file above it or beside it says others.
        """
        holder, _ = self.origin(("trust",))
        if "trust" not in self.sound:
            return
        for document in self.documents:
            seen = list(self._seen(document))
            if holder in seen or any(_leaves_trust_open(item) for item in seen):
                continue
            if document.number in holder.extends:
                said = "what it extends trusts the default roots"
            elif document.data.keys() & _SIGNING and not any("trust" in item.data for item in seen):
                said = f"{readable(document.path)} trusts the default roots, and does not extend this file"
            else:
                continue
            text = f"{said}; only a base with [trust] open = true leaves that to others"
            self.findings.append(holder.finding(("trust",), text))

    def _rule(self, number: int, table: Any, document: Document) -> None:
        name = table.get("name") if table is not None else None
        place = self._named.get(name) if isinstance(name, str) else None
        if place is None or self._origins["rules", place][0] is document:
            self._append("rules", table, document, number)
            if isinstance(name, str):
                self._named.setdefault(name, len(self.sound["rules"]) - 1)
        elif self.sound["rules"][place].get("open") is not True:
            self._again(document, ("rules", number), self._origins["rules", place][0])
        else:
            self.sound["rules"][place] = table
            self._origins["rules", place] = (document, ("rules", number))

    def _append(self, kind: str, table: Any, document: Document, number: int) -> None:
        listed = self.sound.setdefault(kind, [])
        self._origins[kind, len(listed)] = (document, (kind, number))
        listed.append(table)

    def _set(self, at: KeyPath, table: Any) -> None:
        place = self.sound
        for part in at[:-1]:
            place = place.setdefault(str(part), {})
        place[str(at[-1])] = table

    def _open(self, at: KeyPath) -> bool:
        found: Any = self.sound
        for part in at:
            found = found[part]
        return isinstance(found, dict) and found.get("open") is True

    def _again(self, document: Document, path: KeyPath, before: Document) -> None:
        text = f"{readable(before.path)} defines it, and does not mark it open = true"
        self.findings.append(document.finding(path, text))


def _leaves_trust_open(document: Document) -> bool:
    table = document.data.get("trust")
    return isinstance(table, dict) and table.get("open") is True
