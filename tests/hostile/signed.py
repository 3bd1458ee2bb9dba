"""What a signer may do: the payload of a bundle that verifies. Its size is at most 12 MiB, that of the bundle 16."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING, Final

from gate.limits import Limits
from tests.hostile import MIB
from tests.hostile.image import SCANNED, WORKFLOW, Hostile, signed, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ALPHABET: Final = string.ascii_letters + string.digits
_TOKENS: Final = Limits().payload_tokens
_FULL: Final = 12 * MIB - 8192


def _words(number: int, length: int = 4) -> Iterator[str]:
    return map("".join, itertools.islice(itertools.product(_ALPHABET, repeat=length), number))


def one(folder: Path, payload: bytes) -> list[str]:
    """An image with one signed payload."""
    made = Hostile(folder)
    made.attach(signed(payload))
    return made.arguments()


def _keys(number: int, filler: str = "") -> bytes:
    return ("{" + ",".join(f'"{word}":"{filler}"' for word in _words(number)) + "}").encode()


def _provenance(dependencies: bytes, builder: bytes = b'"https://builder.example/x"') -> bytes:
    head = b'{"buildDefinition":{"buildType":"' + WORKFLOW.encode() + b'","resolvedDependencies":['
    return head + dependencies + b']},"runDetails":{"builder":{"id":' + builder + b"}}}"


def _commits(number: int, uri: bytes = b"https://github.com/acme/api") -> bytes:
    commits = b",".join(b'{"hash":"%040x"}' % count for count in range(number))
    return b'{"uri":"' + uri + b'","properties":{"commits":[' + commits + b"]}}"


def _scan(values: bytes) -> bytes:
    return statement(b'{"x":[' + values + b"]}", predicate_type=SCANNED)


def keys(folder: Path) -> list[str]:
    """As many members as there may be, each of another name, in as many bytes as there may be."""
    return one(folder, statement(_keys(_TOKENS // 2 - 20, "x" * 21)))


def keys_and_an_emoji(folder: Path) -> list[str]:
    """The same with one character that makes Python's text four times as large."""
    return one(folder, statement(_keys(_TOKENS // 2 - 20, "x" * 21).replace(b'"x', '"\U0001f600'.encode(), 1)))


def objects(folder: Path) -> list[str]:
    """Small objects, up to the bound on tokens."""
    return one(folder, _scan(b'{"a":0},' * (_TOKENS // 4 - 20) + b"{}"))


def too_many_tokens(folder: Path) -> list[str]:
    """Twelve million tokens."""
    return one(folder, _scan(b"[]," * (_FULL // 3) + b"[]"))


def texts(folder: Path) -> list[str]:
    """Small texts, up to the bound on tokens."""
    return one(folder, _scan(",".join(f'"{word}"' for word in _words(_TOKENS - 50)).encode()))


def escapes(folder: Path) -> list[str]:
    """One text of two million escapes."""
    return one(folder, statement(b'{"x":"' + rb"\u4e00" * (_FULL // 6) + b'"}'))


def escapes_outside_the_first_plane(folder: Path) -> list[str]:
    """One text of a million escapes, of two units each."""
    return one(folder, statement(b'{"x":"' + rb"\ud83d\ude00" * (_FULL // 12) + b'"}'))


def deep(folder: Path) -> list[str]:
    """Arrays within arrays, six million deep."""
    return one(folder, statement(b"[" * (_FULL // 2) + b"]" * (_FULL // 2)))


def as_deep_as_may_be(folder: Path) -> list[str]:
    """Arrays sixty deep, one beside the other."""
    return one(folder, _scan(b",".join([b"[" * 60 + b"]" * 60] * (_TOKENS // 121 - 1))))


def duplicates(folder: Path) -> list[str]:
    """One name five hundred thousand times."""
    return one(folder, statement(b"{" + b'"a":0,' * (_TOKENS // 2 - 20) + b'"a":1}'))


def whole_numbers(folder: Path) -> list[str]:
    """Numbers of as many digits as Python reads."""
    return one(folder, _scan(b",".join([b"9" * 4300] * (_FULL // 4301))))


def one_number(folder: Path) -> list[str]:
    """One number of twelve million digits."""
    return one(folder, _scan(b"9" * _FULL))


def fractions(folder: Path) -> list[str]:
    """As many fractions as there may be."""
    return one(folder, _scan(b",".join([b"0.123456789"] * (_TOKENS - 50))))


def one_fraction(folder: Path) -> list[str]:
    """One fraction of twelve million digits."""
    return one(folder, _scan(b"0." + b"7" * _FULL))


def subjects(folder: Path) -> list[str]:
    """As many subjects as there may be, none of them the image."""
    others = b",".join(b'{"digest":{"sha256":"%064x"}}' % number for number in range(_TOKENS // 7 - 20))
    return one(folder, statement(b"{}", subject=b"[" + others + b"]"))


def subjects_with_large_digests(folder: Path) -> list[str]:
    """Subjects whose digests are documents."""
    digest = b'{"sha512":{' + b",".join(b'"%d":[0.1]' % number for number in range(_TOKENS // 4 - 20)) + b"}}"
    return one(folder, statement(b"{}", subject=b'[{"digest":' + digest + b"}]"))


def a_type_of_megabytes(folder: Path) -> list[str]:
    """A predicate type that fills the payload."""
    return one(folder, statement(b"{}", predicate_type="https://example.com/" + "x" * (_FULL - 100)))


def a_builder_of_megabytes(folder: Path) -> list[str]:
    """A builder's id that fills the payload, of characters that a report spells with ten."""
    builder = b'"https://' + "\U0001f600".encode() * (_FULL // 4 - 100) + b'"'
    return one(folder, statement(_provenance(_commits(1), builder)))


def a_repository_of_megabytes(folder: Path) -> list[str]:
    """Nine thousand commits of a repository whose name is long: a report names it beside each."""
    uri = b"git+https://example.com/" + b"x" * (10 * MIB)
    return one(folder, statement(_provenance(_commits(9_000, uri))))


def commits(folder: Path) -> list[str]:
    """Provenances with as many commits as each may have."""
    made = Hostile(folder)
    made.attach(*(signed(statement(_provenance(_commits(9_900 + number)))) for number in range(16)))
    return made.arguments()


def dependencies(folder: Path) -> list[str]:
    """A hundred thousand dependencies with names that look like those of the source."""
    entry = b'{"uri":"git+https://github.com/acme/api' + b"/@a" * 30 + b'","digest":{"gitCommit":"1"}}'
    return one(folder, statement(_provenance(b",".join([entry] * min(_TOKENS // 9 - 20, _FULL // (len(entry) + 1))))))


def many_payloads(folder: Path) -> list[str]:
    """Payloads each of which may be, and together not."""
    made = Hostile(folder)
    made.attach(*(signed(_scan(b"[]," * (_TOKENS // 3 - 20) + b"[%d]" % number)) for number in range(13)))
    return made.arguments()


def two_payloads(folder: Path) -> list[str]:
    """Two payloads as large as both may be together."""
    made = Hostile(folder)
    made.attach(*(signed(statement(_keys(_TOKENS // 2 - 30, str(number)))) for number in range(2)))
    return made.arguments()


def what_does_not_satisfy_the_schema(folder: Path) -> list[str]:
    """An attestation with a violation at each of its values."""
    return one(folder, _scan(b",".join([b"0"] * (_TOKENS - 50))))


CASES: Final[dict[str, Callable[[Path], list[str]]]] = {
    "signed: " + made.__name__.replace("_", " "): made
    for made in (
        *(keys, keys_and_an_emoji, objects, too_many_tokens, texts, escapes, escapes_outside_the_first_plane, deep),
        *(as_deep_as_may_be, duplicates, whole_numbers, one_number, fractions, one_fraction, subjects),
        *(subjects_with_large_digests, a_type_of_megabytes, a_builder_of_megabytes, a_repository_of_megabytes, commits),
        *(dependencies, many_payloads, two_payloads, what_does_not_satisfy_the_schema),
    )
}
