"""What is signed: in-toto statements, and DSSE's encoding around them.

Sources: in-toto attestation spec v1, "Statement"; DSSE v1 (protocol.md, PAE).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.forge.encoding import JSONObject

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def statement(
    digest: str, *, predicate: object = None, predicate_type: str = "https://example.com/p/v1", **fields: object
) -> bytes:
    """An in-toto statement about a sha256 digest; `fields` add to it or take its place, None takes one away."""
    document: JSONObject = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": digest}}],
        "predicateType": predicate_type,
        "predicate": {} if predicate is None else predicate,
    }
    document |= fields
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return f"DSSEv1 {len(payload_type.encode())} {payload_type} {len(payload)} ".encode() + payload
