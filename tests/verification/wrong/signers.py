"""Signers with one thing wrong: a certificate that verifies, and is not quite of whom the policy names.

What comes in: a policy's `[signers.release]`, and what the certificate says. Every row is judged by the rule that a
signature by `release` is there: the wrong one fails the check `signature`, the right one passes it.

Sources: design rule 7 (exact strings, globs, an extension that is required and absent); fulcio docs/oid-info.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from tests.forge import IDENTITY, ISSUER, utf8_string
from tests.verification.wrong.rows import certified, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.verification.wrong.rows import Formats

POLICY: Final = """version = 1
[signers.release]
accept = ["signature", "message", "statement"]
{signer}
[[rules]]
images = ["**"]
signature.signers = ["release"]
"""


@dataclass(frozen=True, kw_only=True)
class SignerRow:
    """One thing in which a certificate is not of the named signer. `wrong` and `right` are a `Leaf`'s parts."""

    broken: str
    wrong: Mapping[str, Any]
    right: Mapping[str, Any] = field(default_factory=dict)
    issuer: str = f'"{ISSUER}"'
    identity: str = f'"{IDENTITY}"'
    extensions: str = ""
    formats: Formats = certified

    @property
    def policy(self) -> str:
        """The policy that names the signer."""
        lines = [f"issuer = {self.issuer}", f"identity = {self.identity}"]
        return POLICY.format(signer="\n".join([*lines, *([self.extensions] if self.extensions else [])]))


def _named(text: str) -> dict[str, Any]:
    return {"names": (x509.UniformResourceIdentifier(text),)}


def _mailed(text: str) -> dict[str, Any]:
    return {"names": (x509.RFC822Name(text),)}


OTHER: Final = IDENTITY.replace("acme", "mallory")
IDENTITIES: Final = (
    SignerRow(broken="another identity", wrong=_named(OTHER)),
    SignerRow(broken="the identity and a letter more", wrong=_named(f"{IDENTITY}x")),
    SignerRow(broken="the identity and a letter less", wrong=_named(IDENTITY[:-1])),
    SignerRow(broken="the identity in capitals", wrong=_named(IDENTITY.replace("acme", "Acme"))),
    SignerRow(broken="the identity's branch on another tag", wrong=_named(IDENTITY.replace("heads", "tags"))),
    SignerRow(broken="another issuer", wrong={"issuer": "https://mallory.example"}),
    SignerRow(broken="the issuer and a slash more", wrong={"issuer": f"{ISSUER}/"}),
    SignerRow(broken="the issuer without its scheme", wrong={"issuer": ISSUER.removeprefix("https://")}),
    SignerRow(
        broken="another issuer in the old form",
        wrong={"issuer": "", "extensions": {1: b"https://mallory.example"}},
        right={"issuer": "", "extensions": {1: ISSUER.encode()}},
    ),
    SignerRow(
        broken="more than one segment where a glob has one",
        wrong=_named(IDENTITY.replace("acme/api", "acme/api/fork")),
        right=_named(IDENTITY.replace("acme/api", "acme/web")),
        identity=f'{{ glob = "{IDENTITY.replace("acme/api", "acme/*")}" }}',
    ),
    SignerRow(
        broken="a second @ where a glob ends in anything",
        wrong=_named(f"{IDENTITY}@refs/heads/x"),
        right=_named(IDENTITY),
        identity=f'{{ glob = "{IDENTITY.partition("@")[0]}@**" }}',
    ),
    SignerRow(
        broken="a name that only ends as the regular expression",
        wrong=_mailed("mallory+ada@acme.example"),
        right=_mailed("ada@acme.example"),
        identity="{ regex = '[a-z]+@acme\\.example' }",
    ),
)

OLD: Final = {
    2: "github-workflow-trigger",
    3: "github-workflow-sha",
    4: "github-workflow-name",
    5: "github-workflow-repository",
    6: "github-workflow-ref",
}
SOME: Final = named("bundle 0.3 statement rekor-v2", "sig hashedrekord", "att intoto 0.0.1")
"""An extension is read from the certificate alone, whatever carries it."""
NEW: Final = {
    9: "build-signer-uri",
    10: "build-signer-digest",
    11: "runner-environment",
    12: "source-repository-uri",
    13: "source-repository-digest",
    14: "source-repository-ref",
    15: "source-repository-identifier",
    16: "source-repository-owner-uri",
    17: "source-repository-owner-identifier",
    18: "build-config-uri",
    19: "build-config-digest",
    20: "build-trigger",
    21: "run-invocation-uri",
    22: "source-repository-visibility-at-signing",
    23: "deployment-environment",
    24: "token-subject",
}
"""As fulcio's documentation has them, written down here a second time: a number that is mixed up there fails here."""


def _extension_rows(number: int, name: str) -> tuple[SignerRow, ...]:
    def says(text: str, at: int = number) -> dict[str, Any]:
        return {"extensions": {at: utf8_string(text) if at in NEW else text.encode()}}

    demanded = f'extensions = {{ {name} = "demanded" }}'
    neighbour = number - 1 if number - 1 in NEW or number - 1 in OLD else number + 1
    return tuple(
        SignerRow(broken=f"{name} {how}", wrong=wrong, right=says("demanded"), extensions=demanded, formats=SOME)
        for how, wrong in (
            ("of another value", says("else")),
            ("in capitals", says("Demanded")),
            ("left out", {}),
            ("under its neighbour's number", says("demanded", neighbour)),
        )
    )


SIGNERS: Final = (
    *IDENTITIES,
    *(row for number, name in {**OLD, **NEW}.items() for row in _extension_rows(number, name)),
)
