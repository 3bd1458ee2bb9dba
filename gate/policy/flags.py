"""cosign's flags -> the policy that they mean, as TOML.

What comes in: the values of the flags, as typed. What goes out: a policy's text, which `loading` reads like any other;
or `InvalidUsage`. One signer and one rule for every image of the command line: without `--type` a signature, with it an
attestation of that type (design rule 25). Source of the flags: cosign 3.1, `cmd/cosign/cli/options/certificate.go`,
`verify.go`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from gate.errors import InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKFLOW: Final = ("trigger", "sha", "name", "repository", "ref")
SIGNER: Final = "signer"
_BEGIN: Final = {
    "identity": "--certificate-identity",
    "issuer": "--certificate-oidc-issuer",
    "key": "--key",
    "annotations": "--annotations",
    "type": "--type",
    "roots": "--trusted-root",
}
"""How the flag begins that a key of the policy is from."""


class Flags(Struct, frozen=True, kw_only=True):
    """What was given of cosign's flags; None or empty where nothing was. `workflow` is by its part of the flag."""

    identity: str | None = None
    identity_regexp: str | None = None
    issuer: str | None = None
    issuer_regexp: str | None = None
    workflow: Mapping[str, str]
    key: str | None = None
    annotations: tuple[str, ...] = ()
    type: str | None = None
    trusted_root: str | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The flags that were given, by name; one that is empty was given too."""
        return tuple(name for name, value in self._named.items() if value is not None)

    @property
    def empty(self) -> tuple[str, ...]:
        """Those that were given without a value, as of a job's variable that is not set."""
        return tuple(name for name, value in self._named.items() if value == "")

    def named(self, key: str) -> str:
        """The flag that a key of the policy is from, as it was given; else the key."""
        words = re.split(r"[.\[]", key)
        of_workflow = tuple(f"--certificate-{word}" for word in words if word.startswith("github-workflow-"))
        begin = (*of_workflow, *(_BEGIN[word] for word in words if word in _BEGIN))
        return next((name for name in self.given if name.startswith(begin)), key) if begin else key

    @property
    def _named(self) -> Mapping[str, str | tuple[str, ...] | None]:
        return {
            "--certificate-identity": self.identity,
            "--certificate-identity-regexp": self.identity_regexp,
            "--certificate-oidc-issuer": self.issuer,
            "--certificate-oidc-issuer-regexp": self.issuer_regexp,
            **{f"--certificate-github-workflow-{part}": value for part, value in self.workflow.items()},
            "--key": self.key,
            "--annotations": self.annotations or None,
            "--type": self.type,
            "--trusted-root": self.trusted_root,
        }


def policy_of(flags: Flags, *, file: bool = False) -> str:
    """The policy's text. `file` says that a file with its bundle is judged: any statement about it is a signature."""
    from gate.policy.writing import write  # noqa: PLC0415  (flags are read before anything heavy is needed)

    if flags.empty:
        raise InvalidUsage(f"{flags.empty[0]} is empty: a limit that a variable leaves out would let in more")
    signer: dict[str, Any] = _key(flags) if flags.key is not None else _certificate(flags)
    if flags.annotations:
        signer["annotations"] = _annotations(flags.annotations)
    if file and flags.type is None:
        signer["accept"] = ["signature", "message", "statement"]
    rule: dict[str, Any] = {"name": "command line", "images": ["**"]}
    if flags.type is None:
        rule["signature"] = {"signers": [SIGNER]}
    else:
        rule["attestations"] = [{"type": flags.type, "signers": [SIGNER]}]
    document: dict[str, Any] = {"version": 1}
    if flags.trusted_root is not None:
        document["trust"] = {"roots": [flags.trusted_root]}
    return write(document | {"signers": {SIGNER: signer}, "rules": [rule]})


def _key(flags: Flags) -> dict[str, Any]:
    others = [name for name in flags.given if name.startswith("--certificate-")]
    if others:
        raise InvalidUsage(f"--key and {others[0]} do not go together: a key has no certificate")
    return {"key": flags.key}


def _certificate(flags: Flags) -> dict[str, Any]:
    identity = _either(flags.identity, flags.identity_regexp, "--certificate-identity")
    issuer = _either(flags.issuer, flags.issuer_regexp, "--certificate-oidc-issuer")
    if identity is None or issuer is None:
        missing = "--certificate-identity" if identity is None else "--certificate-oidc-issuer"
        raise InvalidUsage(f"{missing} (or {missing}-regexp) is missing: an identity counts only with its issuer")
    signer: dict[str, Any] = {"issuer": issuer, "identity": identity}
    extensions = {f"github-workflow-{part}": value for part, value in flags.workflow.items()}
    return signer | ({"extensions": extensions} if extensions else {})


def _either(plain: str | None, regexp: str | None, flag: str) -> str | dict[str, str] | None:
    if plain and regexp:
        raise InvalidUsage(f"{flag} and {flag}-regexp do not go together")
    return plain or ({"regex": regexp} if regexp else None)


def _annotations(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in map(_annotation, texts):
        if found.setdefault(name, value) != value:
            raise InvalidUsage(f"--annotations {name} is {found[name]!a} and {value!a}: no signature says both")
    return found


def _annotation(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidUsage(f"--annotations {text!a}: write KEY=VALUE")
    return name, value
