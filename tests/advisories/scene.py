"""Where the attacks of this room take place: one image, a forged Sigstore that the policy trusts, and gate's verdict.

What comes in: what an attacker attaches. What goes out: `Ran`, from `gate verify` on a layout or on a registry that
serves it. Everything is judged as a user would judge it: bytes, a policy file, an exit code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attaching import AttachingLayout
from tests.forge import IDENTITY, ISSUER, SIGNED_AT, JSONObject, Leaf, Sigstore, b64, ec_key, statement, utf8_string
from tests.registry_server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Ran
    from tests.registry_server import Response

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGN_V1 = "https://sigstore.dev/cosign/sign/v1"
SCAN = "https://cosign.sigstore.dev/attestation/vuln/v1"
SLSA_V1 = "https://slsa.dev/provenance/v1"
MALLORY = "https://github.com/mallory/api/.github/workflows/release.yml@refs/heads/main"

SIGNATURE = 'signature.signers = ["release"]'
ATTESTATION = '[[rules.attestations]]\ntype = "vuln"\nsigners = ["release"]'
STATEMENT = 'accept = ["statement"]'
RELEASE = f'issuer = "{ISSUER}"\nidentity = "{IDENTITY}"'


class Scene(AttachingLayout):
    """One image, the instance that the policy trusts, and who signs by it."""

    def __init__(self, folder: Path, verify: Callable[..., Ran]) -> None:
        super().__init__(folder)
        self.folder = folder
        self.sigstore = Sigstore()
        self._verify = verify

    @property
    def hex(self) -> str:
        """The image's digest without its algorithm."""
        return self.image.removeprefix("sha256:")

    def statement(self, predicate_type: str = SIGN_V1, **fields: Any) -> bytes:
        """A statement about the image; without a type, the one that is a signature."""
        return statement(self.hex, predicate_type=predicate_type, **fields)

    def signed(self, payload: bytes | None = None, *, by: str = IDENTITY, **options: Any) -> JSONObject:
        """A bundle by the trusted instance, of a signature unless there is a payload; `by` is in its certificate."""
        options.setdefault("leaf", Leaf(names=(x509.UniformResourceIdentifier(by),)))
        return self.sigstore.sign(self.statement() if payload is None else payload, **options)

    def layer(self, document: Mapping[str, Any] | bytes, media_type: str = BUNDLE) -> dict[str, Any]:
        """A layer that is a bundle; for any other type, the bundle's envelope."""
        if not isinstance(document, bytes):
            inner = document.get("dsseEnvelope", document) if media_type != BUNDLE else document
            document = json.dumps(inner).encode()
        return {"mediaType": media_type, **self.blob(document)}

    def bundle(self, document: Mapping[str, Any] | bytes, **where: Any) -> str:
        """Attach a bundle as a referrer, or where `attach` puts it; the manifest's digest."""
        return self.attach([self.layer(document)], **{"subject": True} | where)

    def key(self, name: str) -> str:
        """Write a key's public half beside the policy; the signer's entry that means it."""
        pem = ec_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / f"{name}.pub").write_bytes(pem)
        return f'key = "{name}.pub"'

    def by_key(self, payload: bytes, name: str) -> JSONObject:
        """A bundle of a payload that a key signed, in the log."""
        return self.sigstore.sign_with_key(payload, ec_key(name), integrated=SIGNED_AT)

    def keyed(self, payload: bytes, name: str, *, media_type: str = BUNDLE) -> str:
        """Attach as a referrer what a key signed: as a bundle, logged, or as a bare envelope, not logged."""
        return self.attach([self.layer(self.by_key(payload, name), media_type)], subject=True)

    def simple(self, text: str, name: str, annotations: Mapping[str, str] | None = None) -> str:
        """Attach a text under cosign's `.sig` tag, signed simply by a key, with further annotations."""
        signature = ec_key(name).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        written = {"dev.cosignproject.cosign/signature": b64(signature)} | dict(annotations or {})
        layer = {"mediaType": SIMPLE, "annotations": written, **self.blob(text.encode())}
        return self.attach([layer], tag="sig")

    def simple_payload(self, **critical: Any) -> JSONObject:
        """What cosign's oldest format says about the image."""
        written = {
            "identity": {"docker-reference": "ghcr.io/acme/api"},
            "image": {"docker-manifest-digest": self.image},
            "type": "cosign container image signature",
        }
        return {"critical": written | critical, "optional": None}

    def policy(
        self,
        rule: str = SIGNATURE,
        *,
        signer: str = RELEASE,
        more: str = "",
        root: Mapping[str, Any] | None = None,
        trust: str = 'roots = ["root.json"]',
    ) -> Path:
        """Write a policy with one rule, and the trust root beside it. `more` goes before the rule."""
        (self.folder / "root.json").write_text(json.dumps(self.sigstore.root() if root is None else root))
        path = self.folder / "policy.toml"
        path.write_text(
            f'version = 1\n[trust]\n{trust}\n[signers.release]\n{signer}\n{more}\n[[rules]]\nimages = ["**"]\n{rule}\n'
        )
        return path

    def judge(self, *arguments: str, reference: str = "", **policy: Any) -> Ran:
        """The verdict on the layout, or on another reference, under `policy(...)`."""
        return self._verify(reference or f"oci:{self.path}:v1", *arguments, policy=self.policy(**policy))

    def judge_by_registry(
        self,
        *arguments: str,
        intercept: Callable[[str], Response | None] | None = None,
        referrers_api: bool = True,
        token: bool = False,
        name: str = "acme/api:v1",
        **policy: Any,
    ) -> Ran:
        """The same from a registry, which may answer as it likes. Every request is in `requests`."""
        layouts = {"acme/api": self.path}
        with RegistryServer(layouts, referrers_api=referrers_api, token=token, intercept=intercept) as server:
            ran = self.judge(*arguments, reference=f"{server.host}/{name}", **policy)
            self.requests = tuple(request.path for request in server.requests)
        return ran


def named(by: str, *, issuer: str = ISSUER, **extensions: str) -> Leaf:
    """A certificate of someone, with Fulcio's extensions by number (`x12="..."`)."""
    return Leaf(
        issuer=issuer,
        names=(x509.UniformResourceIdentifier(by),),
        extensions={int(number[1:]): utf8_string(value) for number, value in extensions.items()},
    )


def steps(ran: Ran) -> list[str]:
    """The steps at which what was attached was rejected, in the report's order."""
    return [item["step"] for item in ran.report["images"][0]["evidence"] if not item["verified"]]
