"""cosign's older formats: what a simple signing signs, and the annotations that carry what a bundle carries today.

What comes in: the parts of one signature. What goes out: payloads and annotations.

Sources: cosign's SPEC.md and specs/SIGNATURE_SPEC.md; the layers that cosign 2 and slsa-github-generator left behind.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.forge.encoding import JSONObject, b64

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography import x509


def simple_signing(digest: str, *, optional: Mapping[str, object] | None = None, **critical: object) -> bytes:
    """The payload of a `.sig` layer about `algorithm:hex`; `critical` changes that part."""
    part: JSONObject = {
        "identity": {"docker-reference": "registry.example/acme/api"},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": part | critical, "optional": optional}, separators=(",", ":")).encode()


def layer_annotations(
    *,
    signature: str,
    chain: Sequence[x509.Certificate],
    entry: JSONObject | None,
    stamp: bytes | None,
    predicate_type: str = "",
) -> dict[str, str]:
    """A layer's annotations. `chain` is the signing certificate and those above it; empty where a key signed."""
    found = {"dev.cosignproject.cosign/signature": signature}
    if chain:
        pems = [certificate.public_bytes(Encoding.PEM).decode() for certificate in chain]
        found["dev.sigstore.cosign/certificate"] = pems[0]
        found["dev.sigstore.cosign/chain"] = "".join(pems[1:])
    if entry is not None:
        found["dev.sigstore.cosign/bundle"] = json.dumps(rekor_bundle(entry), separators=(",", ":"))
    if stamp is not None:
        found["dev.sigstore.cosign/rfc3161timestamp"] = json.dumps({"SignedRFC3161Timestamp": b64(stamp)})
    if predicate_type:
        found["predicateType"] = predicate_type
    return found


def rekor_bundle(entry: JSONObject) -> JSONObject:
    """A log entry with its promise, as cosign 1 and 2 write it."""
    return {
        "SignedEntryTimestamp": entry.get("inclusionPromise", {}).get("signedEntryTimestamp", ""),
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry.get("integratedTime", 0)),
            "logIndex": int(entry.get("logIndex", 0)),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        },
    }
