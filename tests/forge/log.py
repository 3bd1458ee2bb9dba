"""A transparency log: checkpoints, inclusion proofs, signed entry timestamps.

What comes in: the body of an entry. What goes out: the entry as a bundle carries it, and the log as a trusted root
lists it. A CT log is a log too; `instance` has it sign certificates.

Sources: C2SP tlog-checkpoint and signed-note, Rekor v1's signed entry timestamp (RFC 8785), RFC 6962 2.1 (trees and
audit paths).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.forge.authority import Validity
from tests.forge.encoding import JSONObject, b64
from tests.forge.keys import LeafKey, details, sign, spki

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Log:
    """A log in which each entry stands at `index` in a tree of `size` leaves. `key` Ed25519: Rekor v2; ECDSA: v1.

    Rekor v1's trees are shards: an entry's own `logIndex` counts through all of them, `earlier` more than in its tree.
    """

    key: LeafKey
    host: str = "log.example"
    window: Validity = field(default_factory=Validity)
    claims_to_be: bytes = b""
    index: int = 3
    size: int = 6
    earlier: int = 1000

    @property
    def is_v1(self) -> bool:
        """Whether it is a Rekor v1."""
        return not isinstance(self.key, ed25519.Ed25519PrivateKey)

    @property
    def key_id(self) -> bytes:
        """The id that bundles and roots know it by: its own, or another's that it claims to be.

        Rekor v2's is the key id of its signed notes, which has the origin in it; Rekor v1's hashes the key alone.
        """
        if self.claims_to_be:
            return self.claims_to_be
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            raw = self.key.public_key().public_bytes_raw()
            return hashlib.sha256(self.origin.encode() + b"\n\x01" + raw).digest()
        return hashlib.sha256(spki(self.key)).digest()

    @property
    def origin(self) -> str:
        """The first line of its checkpoints: Rekor v1's names the tree behind its host."""
        return f"{self.host} - 1193050959916656506" if self.is_v1 else self.host

    def document(self) -> JSONObject:
        """As an entry of `tlogs` or `ctlogs`."""
        return {
            "baseUrl": f"https://{self.host}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(spki(self.key)),
                "keyDetails": details(self.key.public_key())[0],
                "validFor": self.window.document(),
            },
            "logId": {"keyId": b64(self.key_id)},
        }

    def sign(self, message: bytes) -> bytes:
        """The log's signature over anything."""
        return sign(self.key, message)

    def checkpoint(self, root: bytes, size: int = 1, *, origin: str | None = None) -> str:
        """A signed note about a tree."""
        return self.note(f"{self.origin if origin is None else origin}\n{size}\n{b64(root)}\n")

    def note(self, text: str) -> str:
        """A text, signed as a note."""
        return f"{text}\n— {self.host} {b64(self.key_id[:4] + sign(self.key, text.encode()))}\n"

    def entry(
        self,
        body: bytes,
        kind: str,
        version: str,
        *,
        origin: str | None = None,
        noted: Callable[[str], str] = lambda text: text,
    ) -> JSONObject:
        """An entry with its proof of inclusion. `noted` may change the checkpoint's text before the log signs it."""
        root, path = tree(hashlib.sha256(b"\x00" + body).digest(), self.index, self.size)
        text = f"{self.origin if origin is None else origin}\n{self.size}\n{b64(root)}\n"
        proof = {
            "logIndex": str(self.index),
            "rootHash": b64(root),
            "treeSize": str(self.size),
            "hashes": [b64(item) for item in path],
            "checkpoint": {"envelope": self.note(noted(text))},
        }
        entry = {
            "logIndex": str(self.index + (self.earlier if self.is_v1 else 0)),
            "logId": {"keyId": b64(self.key_id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": _without_defaults(proof),
            "canonicalizedBody": b64(body),
        }
        return _without_defaults(entry)

    def promise(
        self,
        entry: Mapping[str, Any],
        at: datetime,
        *,
        promised: Callable[[JSONObject], JSONObject] = lambda signed: signed,
    ) -> JSONObject:
        """What a Rekor v1 entry has beside its proof: the time, and the signed entry timestamp over it. `promised` may
        change what the log signs.
        """
        seconds = int(at.timestamp())
        signed = {
            "body": entry["canonicalizedBody"],
            "integratedTime": seconds,
            "logID": self.key_id.hex(),
            "logIndex": int(entry.get("logIndex", 0)),
        }
        message = json.dumps(promised(signed), separators=(",", ":"), sort_keys=True).encode()
        promise = {"signedEntryTimestamp": b64(sign(self.key, message))}
        return {"integratedTime": str(seconds), "inclusionPromise": promise}


def tree(leaf: bytes, index: int, size: int) -> tuple[bytes, list[bytes]]:
    """A tree with `leaf` at `index`: its root hash, and the leaf's audit path, the nearest hash first."""
    if size == 1:
        return leaf, []
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        left, path = tree(leaf, index, split)
        right = _subtree(split, size)
        return _node(left, right), [*path, right]
    right, path = tree(leaf, index - split, size - split)
    left = _subtree(0, split)
    return _node(left, right), [*path, left]


@cache
def _subtree(start: int, end: int) -> bytes:
    """The hash over leaves that nobody asks about."""
    if end - start == 1:
        return hashlib.sha256(b"\x00leaf %d" % start).digest()
    split = start + (1 << (end - start - 1).bit_length() - 1)
    return _node(_subtree(start, split), _subtree(split, end))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _without_defaults(document: JSONObject) -> JSONObject:
    """As protobuf's JSON mapping writes it: the first entry has no index."""
    return {key: value for key, value in document.items() if value not in ("0", [])}
