"""What every signature format boils down to, before anything of it is verified.

What goes out: `Material`, made by `protojson` (bundles), `cosign` (its older formats) and read by `bundle` and `steps`.
Untrusted, all of it. Nothing here verifies or parses.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHMS: Final = ("sha256", "sha384", "sha512")


MAX_CERTIFICATE: Final = 16 << 10
"""Bytes of a certificate. Fulcio's have 1 to 2 KiB, and a library makes many times its size of a large one."""
MAX_TIMESTAMP: Final = 16 << 10
"""Bytes of a timestamp. With its authority's whole chain one has 4 to 8 KiB."""


class Content(StrEnum):
    """What was signed."""

    STATEMENT = "statement"
    """A DSSE envelope around an in-toto statement."""
    SIMPLE_SIGNING = "simple-signing"
    """cosign's JSON about a container image."""
    MESSAGE = "message"
    """The artifact itself: the bytes of a file, or of an image's manifest."""


class Message:
    """The bytes that were signed: `head` and `body`, or for a file too large to hold, None and some digests alone."""

    __slots__ = ("_body", "_digests", "_head")

    def __init__(self, body: bytes | None, digests: Mapping[str, bytes] | None = None, *, head: bytes = b"") -> None:
        self._head = head
        self._body = body
        self._digests = dict(digests or {})

    @property
    def raw(self) -> bytes | None:
        """The bytes as one; None if they cannot be held."""
        return None if self._body is None else self._head + self._body

    def digest(self, algorithm: str) -> bytes | None:
        """The digest by one of `ALGORITHMS`, made when it is first asked for; None if it cannot be known."""
        if algorithm not in self._digests and self._body is not None and algorithm in ALGORITHMS:
            found = hashlib.new(algorithm, self._head)
            found.update(self._body)
            self._digests[algorithm] = found.digest()
        return self._digests.get(algorithm)


class Proof(Struct, frozen=True, kw_only=True):
    """An inclusion proof (RFC 9162, 2.1.3) and the checkpoint of its tree."""

    log_index: int
    tree_size: int
    root_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


class Entry(Struct, frozen=True, kw_only=True):
    """A transparency log entry. `promise` is its signed entry timestamp, `integrated` its Unix time, 0 if absent."""

    kind: str
    version: str
    log_id: bytes
    log_index: int
    integrated: int
    body: bytes
    promise: bytes | None
    proof: Proof | None


class Material(Struct, frozen=True, kw_only=True):
    """One signature with everything that comes with it.

    `message` is what the signature is over (for a DSSE envelope its pre-authentication encoding); None for a message
    signature, whose message is the artifact. `payload` is parsed only after the signature verified. `envelope` is the
    SHA-256 of a DSSE envelope as it was stored, where it was stored as such. `stated` is the digest that a message
    signature says its artifact has.
    """

    content: Content
    signature: bytes
    message: Message | None
    payload: bytes
    payload_type: str
    certificate: bytes | None
    entries: tuple[Entry, ...]
    timestamps: tuple[bytes, ...]
    envelope: bytes | None = None
    stated: tuple[str, bytes] | None = None


def pae(payload_type: str, payload: bytes) -> Message:
    """DSSE v1's pre-authentication encoding: lengths are of bytes. The payload, which may be large, is not copied."""
    kind = payload_type.encode()
    return Message(payload, head=b"DSSEv1 %d %s %d " % (len(kind), kind, len(payload)))
