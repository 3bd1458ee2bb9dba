"""sigstore-python's own verifier, as an oracle for tests and the benchmark."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier

from gate.verification.material import Content, Material

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from gate.strictjson import JSON


class _Anyone:
    """A policy that takes every identity: who signed is not what is compared."""

    def verify(self, cert: Certificate) -> None:
        """Say nothing."""


class Oracle:
    """sigstore-python under one trusted root."""

    def __init__(self, root: Path) -> None:
        self._verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))

    def verify(self, document: str, material: Material, artifact: bytes = b"") -> None:
        """Parse and verify; raises `sigstore.errors.Error`."""
        bundle = Bundle.from_json(document)
        if material.content is Content.STATEMENT:
            self._verifier.verify_dsse(bundle, _Anyone())
        else:
            self._verifier.verify_artifact(artifact, bundle, _Anyone())


def to_document(material: Material) -> str:
    """A signature with one log entry and its proof, as the bundle v0.3 that sigstore-python reads.

    Written anew from the fields that were read, so that it sees nothing that was not, and every default value.
    """
    assert material.certificate is not None
    (entry,) = material.entries
    proof = entry.proof
    assert proof is not None
    rebuilt: dict[str, JSON] = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": _encoded(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "inclusionProof": {
            "logIndex": str(proof.log_index),
            "rootHash": _encoded(proof.root_hash),
            "treeSize": str(proof.tree_size),
            "hashes": [_encoded(item) for item in proof.hashes],
            "checkpoint": {"envelope": proof.checkpoint},
        },
        "canonicalizedBody": _encoded(entry.body),
    }
    if entry.integrated:
        rebuilt["integratedTime"] = str(entry.integrated)
    if entry.promise is not None:
        rebuilt["inclusionPromise"] = {"signedEntryTimestamp": _encoded(entry.promise)}
    document: dict[str, JSON] = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": _encoded(material.certificate)},
            "tlogEntries": [rebuilt],
            "timestampVerificationData": {
                "rfc3161Timestamps": [{"signedTimestamp": _encoded(stamp)} for stamp in material.timestamps]
            },
        },
    }
    if material.content is Content.MESSAGE:
        document["messageSignature"] = {"signature": _encoded(material.signature)}
    else:
        document["dsseEnvelope"] = {
            "payload": _encoded(material.payload),
            "payloadType": material.payload_type,
            "signatures": [{"sig": _encoded(material.signature)}],
        }
    return json.dumps(document)


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
