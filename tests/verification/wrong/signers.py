"""Signers with one thing wrong: a signature that verifies, and is not quite of whom or of what the policy names.

What comes in: a policy's `[signers.release]`, and what the certificate says. What goes out: `ASKED`, what a rule asks
of a signature in the words of docs/security.md, and `SIGNERS`, the rows. Every row is judged by the rule that a
signature by `release` is there: the wrong one fails the check `signature`, the right one passes it.

Sources: design rules 1, 2, 4, 7 and 9 (kinds of content, roots, times, exact strings and globs, windows); fulcio
docs/oid-info.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from tests.evidence import NOW
from tests.forge import IDENTITY, ISSUER, SIGNED_AT, utf8_string
from tests.verification.wrong.rows import AFTER, BEFORE, certified, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.verification.wrong.rows import Formats

ASKED: Final = {
    "issuer": "the certificate's issuer is the signer's, byte for byte",
    "identity": "its one name is the signer's: byte for byte, or matched whole by the glob or regular expression",
    "extensions": "each extension that the signer demands is there, with that value",
    "root": "with several trust roots it verified in the one that the signer names",
    "window": "its earliest verified time is within the signer's not-before and not-after, ends included",
    "accept": "it is of a kind that the signer's accept lists: a signature, a message signature, a statement",
    "max-age": "that time is no longer ago than the rule says, to the second",
}
POLICY: Final = """version = 1
{head}
[signers.release]
{signer}
[[rules]]
images = ["**"]
[rules.signature]
signers = ["release"]
{rule}
"""
_ANY_KIND: Final = 'accept = ["signature", "message", "statement"]'


@dataclass(frozen=True, kw_only=True)
class SignerRow:
    """One thing in which a signature is not of the named signer. `wrong` and `right` are a `Leaf`'s parts; `lines` are
    further ones of the signer, and `rule` of the rule, for the wrong and for the right one.
    """

    asked: str
    broken: str
    wrong: Mapping[str, Any] = field(default_factory=dict)
    right: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, str] = (_ANY_KIND, _ANY_KIND)
    rule: tuple[str, str] = ("", "")
    head: str = ""
    issuer: str = f'"{ISSUER}"'
    identity: str = f'"{IDENTITY}"'
    extensions: str = ""
    formats: Formats = certified

    def policy(self, which: int) -> str:
        """The policy that names the signer: 0 for the wrong signature, 1 for the right one."""
        lines = [f"issuer = {self.issuer}", f"identity = {self.identity}", self.lines[which]]
        signer = "\n".join([*lines, *([self.extensions] if self.extensions else [])])
        return POLICY.format(head=self.head, signer=signer, rule=self.rule[which])


def _named(text: str) -> dict[str, Any]:
    return {"names": (x509.UniformResourceIdentifier(text),)}


def _mailed(text: str) -> dict[str, Any]:
    return {"names": (x509.RFC822Name(text),)}


OTHER: Final = IDENTITY.replace("acme", "mallory")
IDENTITIES: Final = (
    SignerRow(asked="identity", broken="another identity", wrong=_named(OTHER)),
    SignerRow(asked="identity", broken="the identity and a letter more", wrong=_named(f"{IDENTITY}x")),
    SignerRow(asked="identity", broken="the identity and a letter less", wrong=_named(IDENTITY[:-1])),
    SignerRow(asked="identity", broken="the identity in capitals", wrong=_named(IDENTITY.replace("acme", "Acme"))),
    SignerRow(
        asked="identity", broken="the identity's branch on another tag", wrong=_named(IDENTITY.replace("heads", "tags"))
    ),
    SignerRow(asked="issuer", broken="another issuer", wrong={"issuer": "https://mallory.example"}),
    SignerRow(asked="issuer", broken="the issuer and a slash more", wrong={"issuer": f"{ISSUER}/"}),
    SignerRow(
        asked="issuer", broken="the issuer without its scheme", wrong={"issuer": ISSUER.removeprefix("https://")}
    ),
    SignerRow(
        asked="issuer",
        broken="another issuer in the old form",
        wrong={"issuer": "", "extensions": {1: b"https://mallory.example"}},
        right={"issuer": "", "extensions": {1: ISSUER.encode()}},
    ),
    SignerRow(
        asked="identity",
        broken="more than one segment where a glob has one",
        wrong=_named(IDENTITY.replace("acme/api", "acme/api/fork")),
        right=_named(IDENTITY.replace("acme/api", "acme/web")),
        identity=f'{{ glob = "{IDENTITY.replace("acme/api", "acme/*")}" }}',
    ),
    SignerRow(
        asked="identity",
        broken="a second @ where a glob ends in anything",
        wrong=_named(f"{IDENTITY}@refs/heads/x"),
        right=_named(IDENTITY),
        identity=f'{{ glob = "{IDENTITY.partition("@")[0]}@**" }}',
    ),
    SignerRow(
        asked="identity",
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
        SignerRow(
            asked="extensions",
            broken=f"{name} {how}",
            wrong=wrong,
            right=says("demanded"),
            extensions=demanded,
            formats=SOME,
        )
        for how, wrong in (
            ("of another value", says("else")),
            ("in capitals", says("Demanded")),
            ("left out", {}),
            ("under its neighbour's number", says("demanded", neighbour)),
        )
    )


def _window(key: str, wrong: datetime, right: datetime = SIGNED_AT) -> tuple[str, str]:
    first, second = (f"{_ANY_KIND}\n{key} = {moment.isoformat()}" for moment in (wrong, right))
    return first, second


_TWO_ROOTS: Final = '[trust]\nroots = ["forged", "public-good"]'
assert timedelta(days=632) == NOW - SIGNED_AT, "the row of max-age is about exactly so long ago"
CONDITIONS: Final = (
    SignerRow(
        asked="root",
        broken="another root than the signer's",
        head=_TWO_ROOTS,
        lines=(f'{_ANY_KIND}\nroot = "public-good"', f'{_ANY_KIND}\nroot = "forged"'),
    ),
    SignerRow(asked="window", broken="a second before the signer counts", lines=_window("not-before", AFTER)),
    SignerRow(asked="window", broken="a second after the signer counted", lines=_window("not-after", BEFORE)),
    SignerRow(
        asked="accept",
        broken="a statement where a signature is asked for",
        lines=('accept = ["signature", "message"]', 'accept = ["statement"]'),
        formats=lambda form: certified(form) and form.signs == "statement",
    ),
    SignerRow(
        asked="accept",
        broken="a message signature where a signature is asked for",
        lines=('accept = ["signature", "statement"]', 'accept = ["message"]'),
        formats=lambda form: certified(form) and form.signs == "message",
    ),
    SignerRow(
        asked="accept",
        broken="simple signing where a statement is asked for",
        lines=('accept = ["message", "statement"]', 'accept = ["signature"]'),
        formats=lambda form: certified(form) and form.signs == "simple-signing",
    ),
    SignerRow(
        asked="max-age",
        broken="a second too old",
        rule=('max-age = "631d23h59m59s"', 'max-age = "632d"'),
    ),
)

SIGNERS: Final = (
    *IDENTITIES,
    *CONDITIONS,
    *(row for number, name in {**OLD, **NEW}.items() for row in _extension_rows(number, name)),
)
