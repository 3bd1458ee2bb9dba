"""A layout with one image and whatever is attached to it, and a policy that asks everything of it.

What comes in: bundles, envelopes and manifests, hostile ones. What goes out: the arguments of `gate`.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from tests.forge import IDENTITY, ISSUER, JSONObject, Sigstore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SLSA = "https://slsa.dev/provenance/v1"
SCANNED = "https://example.com/scan"
OWN = "https://example.com/work"
VERIFIER = "https://verifier.example"
WORKFLOW = "https://actions.github.io/buildtypes/workflow/v1"

IMAGE = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}).encode()
HEX = hashlib.sha256(IMAGE).hexdigest()

POLICY = f"""
version = 1
[trust]
roots = ["root.json"]
[signers.forge]
issuer = "{ISSUER}"
identity = "{IDENTITY}"
accept = ["statement"]
[builders.forge]
id = {{ glob = "https://**" }}
signers = ["forge"]
level = 2
vouches-for = ["agents@resolvedDependencies"]
[agents.any]
ids = "any"
models = "any"
[[agent-formats]]
type = "{OWN}"
commits = "/work/*/*"
hash = "/commit"
agent = "/agent"
model = "/model"
tools = "/tools"
[[deny]]
agents = [{{ glob = "evil-*" }}]
reason = "no"
[[rules]]
images = ["**"]
[rules.signature]
signers = ["forge"]
[rules.provenance]
builders = ["forge"]
level = 2
source = "any"
refs = "any"
parameters = "strict"
vsa = [{{ verifier = "{VERIFIER}", signer = "forge", level = 3 }}]
[rules.source]
level = 2
vsa = [{{ verifier = "{VERIFIER}", signer = "forge", level = 3 }}]
[rules.agents]
allow = "any"
humans = "allow"
mixed = "allow"
min-trust = "tenant"
signers = ["forge"]
tools = ["git"]
operators = ["bo"]
[rules.agents.reviewers]
people = [{{ glob = "p-*" }}]
two-party = [{{ verifier = "{VERIFIER}", signer = "forge" }}]
[[rules.attestations]]
type = "{SCANNED}"
signers = ["forge"]
schema = "schema.json"
where = [{{ at = "/x/0", equals = 0 }}]
"""
SCHEMA = {"type": "object", "required": ["x"], "properties": {"x": {"type": "array", "items": {"type": "object"}}}}


@cache
def sigstore() -> Sigstore:
    """The instance that signs here."""
    return Sigstore()


def statement(predicate: bytes, *, predicate_type: str = SLSA, subject: bytes = b"") -> bytes:
    """A statement about the image, of parts that are already JSON."""
    subject = subject or b'[{"name":"x","digest":{"sha256":"%s"}}]' % HEX.encode()
    kind = json.dumps(predicate_type).encode()
    head = b'{"_type":"https://in-toto.io/Statement/v1","subject":' + subject
    return head + b',"predicateType":' + kind + b',"predicate":' + predicate + b"}"


def signed(payload: bytes) -> bytes:
    """A bundle that verifies, around a payload."""
    return packed(sigstore().sign(payload))


def packed(document: JSONObject) -> bytes:
    """JSON without spaces."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


class Hostile:
    """A layout as it grows in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = folder / "layout"
        (self.layout / "blobs/sha256").mkdir(parents=True)
        (self.layout / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
        self.blob(IMAGE)

    def blob(self, raw: bytes) -> JSONObject:
        """Put a blob there; its descriptor."""
        digest = hashlib.sha256(raw).hexdigest()
        (self.layout / "blobs/sha256" / digest).write_bytes(raw)
        return {"mediaType": MANIFEST, "digest": f"sha256:{digest}", "size": len(raw)}

    def attach(self, *raws: bytes, media_type: str = BUNDLE, **fields: object) -> None:
        """Put referrers there, one for each of `raws`."""
        for raw in raws:
            layer = self.blob(raw) | {"mediaType": media_type}
            self.manifest([layer], **fields)

    def manifest(self, layers: Iterable[JSONObject], **fields: object) -> JSONObject:
        """Put one referrer there."""
        subject = {"mediaType": MANIFEST, "digest": f"sha256:{HEX}", "size": len(IMAGE)}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": list(layers), "subject": subject, **fields}
        return self.blob(packed(document))

    def arguments(self, policy: str = POLICY, index: bytes = b"") -> list[str]:
        """Write what is left to write; the command that judges the image."""
        listed = {"mediaType": MANIFEST, "digest": f"sha256:{HEX}", "size": len(IMAGE)}
        (self.layout / "index.json").write_bytes(index or packed({"schemaVersion": 2, "manifests": [listed]}))
        write_policy(self.folder, policy)
        return verify(f"oci:{self.layout}@sha256:{HEX}", self.folder)


def verify(reference: str, folder: Path, *more: str) -> list[str]:
    """The command that judges a reference under the policy in the folder."""
    return ["verify", reference, "--policy", str(folder / "policy.toml"), *more]


def inspect(command: list[str], output: str = "json") -> list[str]:
    """The command that shows what another one judges, and what the same policy makes of each commit."""
    return ["inspect", *command[1:], "--output", output]


def write_policy(folder: Path, policy: str = POLICY) -> None:
    """The policy, with its trust root and its schema."""
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    (folder / "root.json").write_bytes(packed(sigstore().root()))
    (folder / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
