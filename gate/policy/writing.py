"""A policy's plain values -> TOML, one key a line, each with a remark where there is one.

What comes in: tables, lists, texts, numbers, booleans and moments, as a policy has them. What goes out: text that
`tomli` reads as the same values. Tables of tables have headers; what stands in a list or deeper is inline.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gate.policy.problems import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.policy.reading import KeyPath

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_NAMED: Final = frozenset({"signers", "builders", "agents", "registries"})
_SECTIONS: Final = frozenset({"signature", "provenance", "agents", "source"})
_COLUMN: Final = 60


def write(document: Mapping[str, Any], remark: Callable[[KeyPath], str] = lambda _: "") -> str:
    """The text. `remark` says what stands behind the key at a path; "" for nothing."""
    return "".join(f"{line}\n" for line in _document(document, remark)).lstrip("\n")


def spell(value: object) -> str:
    """One value on one line, as TOML has it."""
    if isinstance(value, Moment):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{"".join(map(_escaped, value))}"'
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {spell(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spell, value))}]"
    return str(value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _document(document: Mapping[str, Any], remark: Callable[[KeyPath], str]) -> Iterator[str]:
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    lists = {key: value for key, value in document.items() if _of_tables(value) and key != "extends"}
    yield from _pairs({key: item for key, item in document.items() if key not in {*tables, *lists}}, (), remark)
    for key, table in tables.items():
        if key in _NAMED:
            for name, inner in table.items():
                yield from _table(f"[{key}.{_key(name)}]", inner, (key, name), remark)
        else:
            yield from _table(f"[{key}]", table, (key,), remark)
    for key, items in lists.items():
        for number, item in enumerate(items):
            yield from _table(f"[[{key}]]", item, (key, number), remark)


def _table(header: str, table: Mapping[str, Any], at: KeyPath, remark: Callable[[KeyPath], str]) -> Iterator[str]:
    """A table with its header, and behind it the tables of a rule."""
    in_rule = at[0] == "rules"
    inner = {key: item for key, item in table.items() if in_rule and key in _SECTIONS and isinstance(item, dict)}
    lists = {key: item for key, item in table.items() if in_rule and key == "attestations" and _of_tables(item)}
    yield ""
    yield _with(header, remark(at))
    yield from _pairs({key: item for key, item in table.items() if key not in {*inner, *lists}}, at, remark)
    for key, item in inner.items():
        yield _with(f"[rules.{key}]", remark((*at, key)))
        yield from _pairs(item, (*at, key), remark)
    for key, items in lists.items():
        for number, item in enumerate(items):
            yield _with(f"[[rules.{key}]]", remark((*at, key, number)))
            yield from _pairs(item, (*at, key, number), remark)


def _pairs(table: Mapping[str, Any], at: KeyPath, remark: Callable[[KeyPath], str]) -> Iterator[str]:
    for key, value in table.items():
        yield _with(f"{_key(key)} = {spell(value)}", remark((*at, key)))


def _with(line: str, remark: str) -> str:
    return f"{line:<{_COLUMN}} # {remark}" if remark else line


def _of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else spell(str(key))
