"""One thing changed at a time, in any JSON document and in what its texts encode.

What comes in: a document as it was read, and donors: documents of the same format whose parts may take a part's place.
What goes out: `Mutation`s, each with the place that was changed and how, ready to be written. Nothing here knows what a
change should lead to.

A place is a path of keys and numbers with `/`; `>` stands where a text was decoded: base64, PEM, or JSON within a text.
`#4.1` is word 1 of line 4 of a text of several lines, `>0.1.0` an element within DER; all are counted from 0.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JSONValue: TypeAlias = Any
Put: TypeAlias = Callable[[JSONValue], JSONValue]

DROP: Final = object()
_TWICE: Final = "\0twice"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")
_TEXTS: Final = re.compile(r"(?:.*/)?(?:kind|version|mediaType|payloadType|hint|keyid|_type|name|uri|type)")
"""Leaves that are words, and only look like base64."""
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\n(.*?)\n-----END \1-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change at one place: another value for a part. `document` is the whole with it."""

    place: str
    change: str
    put: Put
    value: JSONValue

    @property
    def document(self) -> JSONValue:
        """The changed document, made when it is asked for."""
        return self.put(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a document: `put` gives the whole document with another value, or `DROP`, in its place."""

    place: str
    value: JSONValue
    put: Put


def nodes(document: JSONValue) -> Iterator[Node]:
    """Every part of a document and of what its texts encode, the whole first."""
    yield from _below(Node(place="", value=document, put=lambda value: value))


def _below(node: Node) -> Iterator[Node]:
    yield node
    value = node.value
    if isinstance(value, dict):
        for key in value:
            yield from _below(_child(node, key, value[key]))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _below(_child(node, number, item))
    elif isinstance(value, str):
        inner = _decoded_json(node)
        if inner is not None:
            yield from _below(inner)


def _child(node: Node, key: str | int, value: JSONValue) -> Node:
    def put(new: JSONValue) -> JSONValue:
        parent = node.value.copy()
        if new is DROP:
            del parent[key]
        else:
            parent[key] = new
        return node.put(parent)

    return Node(place=f"{node.place}/{key}" if node.place else str(key), value=value, put=put)


def _decoded_json(node: Node) -> Node | None:
    """The document that a text holds, as it is or in base64."""
    text: str = node.value
    raw = _base64(node)
    try:
        value = json.loads(text if raw is None else raw)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None

    def put(new: JSONValue) -> JSONValue:
        return node.put(DROP if new is DROP else write(new).decode() if raw is None else b64(write(new)))

    return Node(place=f"{node.place}>", value=value, put=put)


def _base64(node: Node) -> bytes | None:
    if not _BASE64.fullmatch(node.value) or _TEXTS.fullmatch(node.place):
        return None
    try:
        return base64.b64decode(node.value, validate=True)
    except binascii.Error:
        return None


def b64(raw: bytes) -> str:
    """Bytes as a text."""
    return base64.b64encode(raw).decode()


def write(document: JSONValue) -> bytes:
    """A document's bytes; a key that was doubled stands twice."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return text.replace(json.dumps(_TWICE)[1:-1], "").encode()


def changed(document: JSONValue, donors: Sequence[JSONValue] = ()) -> Iterator[Mutation]:
    """Each part of a document removed, emptied, of another type, respelled, doubled, and swapped with each donor's."""
    parts = [{node.place: node.value for node in nodes(donor)} for donor in donors]
    for node in nodes(document):
        for change, value in _changes(node):
            if value == node.value and type(value) is type(node.value) and change != "reordered":
                continue
            yield Mutation(place=node.place, change=change, put=node.put, value=value)
        for number, others in enumerate(parts):
            other = others.get(node.place, node.value)
            whole = node.place.count("/") <= 1 and node.put(other) == donors[number]  # that is the donor
            if other != node.value and not whole:
                yield Mutation(place=node.place, change=f"swapped:{number}", put=node.put, value=other)


def _changes(node: Node) -> Iterator[tuple[str, JSONValue]]:
    value = node.value
    if node.place and not node.place.endswith(">"):
        yield "removed", DROP
    yield "null", None
    for name, other in (("number", 1), ("text", "x"), ("true", True), ("list", [value]), ("object", {"x": value})):
        if type(other) is not type(value):
            yield f"type:{name}", other
    empty = {str: "", list: [], dict: {}, int: 0}.get(type(value))
    if empty is not None and empty != value:
        yield "emptied", empty
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"doubled:{number}", [*value, item]
        if len(value) > 1:
            yield "reversed", value[::-1]
    elif isinstance(value, dict):
        yield "unknown-key", {**value, "unknown": {"x": [1]}}
        if len(value) > 1:
            yield "reordered", dict(reversed(value.items()))
        for key in value:
            yield f"doubled:{key}", {**value, f"{key}{_TWICE}": value[key]}
            yield f"doubled-as-null:{key}", {**value, f"{key}{_TWICE}": None}
    elif isinstance(value, str):
        yield from _respelled(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from [("plus-one", value + 1), ("negative", -1), ("huge", 1 << 64), ("as-text", str(value))]


def _respelled(value: str) -> Iterator[tuple[str, JSONValue]]:
    yield "space-after", value + " "
    yield "space-before", " " + value
    yield "NUL-after", value + "\0"
    for name, other in (
        ("upper", value.upper()),
        ("lower", value.lower()),
        ("unpadded", value.rstrip("=")),
        ("url-alphabet", value.replace("+", "-").replace("/", "_")),
        ("lines", value[:4] + "\n" + value[4:]),
    ):
        if other != value:
            yield name, other
    if value.isdecimal():
        yield "plus-one", str(int(value) + 1)
        yield "as-number", int(value)
        yield "leading-zero", "0" + value


def flips(document: JSONValue, *, offset: int = 0, step: int = 1) -> Iterator[Mutation]:
    """One bit flipped in every byte of every text: of what it encodes where it encodes something, else of its own.

    With `step` in every so-manieth byte of the whole document, beginning at `offset`.
    """
    count = offset
    for node in nodes(document):
        if not isinstance(node.value, str):
            continue
        for place, raw, encode in _fields(node):
            paths = der_paths(raw)
            for index in range(-count % step, len(raw), step):
                bit = 1 << (index * 5 % 8)
                flipped = raw[:index] + bytes([raw[index] ^ bit]) + raw[index + 1 :]
                put = _through(node, encode)
                yield Mutation(place=place + paths[index], change=f"flipped:{index}", put=put, value=flipped)
            count += len(raw)


def der_paths(raw: bytes) -> list[str]:
    """For each byte of a DER element the element that it is of: the number among its siblings, of every level. Empty
    for bytes that are no DER.
    """
    found = [""] * len(raw)
    todo = [(0, len(raw), "")]
    while todo:
        start, end, above = todo.pop()
        number = 0
        while start < end:
            head, size = 2, raw[start + 1] if start + 1 < end else -1
            if size & 0x80:
                head, size = 2 + (size & 0x7F), int.from_bytes(raw[start + 2 : start + 2 + (size & 0x7F)], "big")
            stop = start + head + size
            if size < 0 or stop > end or (not above and (stop != end or raw[0] != 0x30)):
                break
            path = f"{above}.{number}" if above else "0"
            found[start:stop] = [path] * (stop - start)
            if raw[start] & 0x20:
                todo.append((start + head, stop, path))
            start, number = stop, number + 1
    return found


def _fields(node: Node) -> Iterator[tuple[str, bytes, Callable[[bytes], str]]]:
    text: str = node.value
    if text.startswith("{"):
        return  # a document whose own leaves are nodes
    raw = _base64(node)
    if raw is not None:
        yield f"{node.place}>", raw, b64
        pem = _PEM.fullmatch(raw.decode("latin-1"))
        if pem is not None:
            label = pem[1]
            yield f"{node.place}>>", base64.b64decode(pem[2]), lambda der: b64(_pem(label, der).encode())
        return
    pem = _PEM.match(text)
    if pem is not None:
        name, rest = pem[1], text[pem.end() :]
        yield f"{node.place}>", base64.b64decode(pem[2]), lambda der: _pem(name, der) + rest
        return
    words = re.split(r"(?<=[\n ])", text) if "\n" in text else [text]
    line = word = 0
    for number, part in enumerate(words):
        place = node.place if len(words) == 1 else f"{node.place}#{line}.{word}"
        yield place, part.encode(), partial(_with_word, words, number)
        line, word = (line + 1, 0) if part.endswith("\n") else (line, word + 1)


def _with_word(words: list[str], number: int, raw: bytes) -> str:
    return "".join([*words[:number], raw.decode("utf-8", "replace"), *words[number + 1 :]])


def _through(node: Node, encode: Callable[[bytes], str]) -> Put:
    return lambda raw: node.put(encode(raw))


def _pem(label: str, der: bytes) -> str:
    encoded = b64(der)
    lines = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
