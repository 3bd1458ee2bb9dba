"""A transparency log: checkpoints, inclusion proofs, signed entry timestamps.

What comes in: the body of an entry. What goes out: the entry as a bundle carries it, and the log as a trusted root
lists it.

Sources: C2SP tlog-checkpoint and signed-note, Rekor v1's signed entry timestamp (RFC 8785), RFC 6962 2.1.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.forge.authority import Validity
from tests.forge.encoding import JSONObject, b64
from tests.forge.keys import LogKey, sign, spki

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Log:
    """A transparency log of one entry after another, each alone in its tree. `key` Ed25519: Rekor v2; ECDSA: v1."""

    key: LogKey
    host: str = "log.example"
    window: Validity = field(default_factory=Validity)
    claims_to_be: bytes = b""

    @property
    def key_id(self) -> bytes:
        """The id that bundles and roots know it by: its own, or another's that it claims to be."""
        return self.claims_to_be or hashlib.sha256(spki(self.key)).digest()

    def document(self) -> JSONObject:
        """As an entry of `tlogs` or `ctlogs`."""
        details = "PKIX_ED25519" if isinstance(self.key, ed25519.Ed25519PrivateKey) else "PKIX_ECDSA_P256_SHA_256"
        return {
            "baseUrl": f"https://{self.host}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(spki(self.key)),
                "keyDetails": details,
                "validFor": self.window.document(),
            },
            "logId": {"keyId": b64(self.key_id)},
        }

    def sign(self, message: bytes) -> bytes:
        """The log's signature over anything."""
        return sign(self.key, message)

    def checkpoint(self, root: bytes, size: int = 1, *, origin: str | None = None) -> str:
        """A signed note about a tree."""
        text = f"{self.host if origin is None else origin}\n{size}\n{b64(root)}\n"
        return f"{text}\n— {self.host} {b64(self.key_id[:4] + sign(self.key, text.encode()))}\n"

    def entry(self, body: bytes, kind: str, version: str, *, origin: str | None = None) -> JSONObject:
        """An entry with its proof of inclusion."""
        root = hashlib.sha256(b"\x00" + body).digest()
        return {
            "logId": {"keyId": b64(self.key_id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "rootHash": b64(root),
                "treeSize": "1",
                "checkpoint": {"envelope": self.checkpoint(root, origin=origin)},
            },
            "canonicalizedBody": b64(body),
        }

    def promise(self, entry: Mapping[str, Any], at: datetime) -> JSONObject:
        """What a Rekor v1 entry has beside its proof: the time, and the signed entry timestamp over it."""
        seconds = int(at.timestamp())
        signed = {
            "body": entry["canonicalizedBody"],
            "integratedTime": seconds,
            "logID": self.key_id.hex(),
            "logIndex": int(entry.get("logIndex", 0)),
        }
        message = json.dumps(signed, separators=(",", ":"), sort_keys=True).encode()
        promise = {"signedEntryTimestamp": b64(sign(self.key, message))}
        return {"integratedTime": str(seconds), "inclusionPromise": promise}
