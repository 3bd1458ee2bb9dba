"""What a policy says that will hardly be meant: warnings, which change no verdict.

What comes in: a policy's parts, read, and the `Reader`. What goes out: warnings. Each is about something that lets in
more than it looks as if it did, or that does nothing. `captures` and `waivers` have their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from gate.policy.matching import How, PatternError, glob, regex
from gate.policy.parties import Anything, CertificateHolder
from gate.policy.presets import PRESET_SIGNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gate.policy.matching import Pattern
    from gate.policy.model import Rule
    from gate.policy.parties import Agent, Builder, Signer
    from gate.policy.reading import Reader

_SOME_BRANCH: Final = "refs/heads/a-branch-that-nobody-named"
_HOSTED: Final = ("ghcr.io", "registry.gitlab.com")  # whose namespaces are those of organisations
_PLAIN_DOT: Final = re.compile(r"(?<!\\)\.(?![*+?{])")
_HOST: Final = re.compile(r"(?:://|@)([A-Za-z0-9\\.-]+)")
_ANYTHING: Final = re.compile(r"[*+?\[(|]")
_SOURCES: Final = ("source-repository-uri", "source-repository-identifier", "github-workflow-repository")
_REFS: Final = ("source-repository-ref", "github-workflow-ref")


def warn(
    to: Reader,
    *,
    signers: Mapping[str, Signer],
    builders: Mapping[str, Builder],
    agents: Mapping[str, Agent],
    rules: Sequence[Rule],
) -> None:
    """Everything that is worth a warning."""
    for name, signer in signers.items():
        if not name.startswith(PRESET_SIGNER) and isinstance(signer.holder, CertificateHolder):
            _warn_of_holder(name, signer.holder, to)
    for number, rule in enumerate(rules):
        _warn_of_callers(number, rule, signers, to)
    texts = set(_texts([value for key, value in to.merged.sound.items() if key != "signers"]))
    _warn_of_unused("signers", signers, texts, to)
    _warn_of_unused("builders", builders, texts, to)
    if not any(rule.agents is not None and isinstance(rule.agents.allow, Anything) for rule in rules):
        _warn_of_unused("agents", agents, texts, to)


def _texts(value: object) -> Iterator[str]:
    """Every text of the policy that is no key: a name that none of them is, nothing uses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _warn_of_unused(kind: str, defined: Iterable[str], used: set[str], to: Reader) -> None:
    """Names of the policy's own file: what it extends may define more than one policy needs."""
    for name in defined:
        document, _ = to.merged.origin((kind, name))
        if name not in used and not name.startswith(PRESET_SIGNER) and document is to.merged.main:
            to.warning((kind, name), "it is defined, and nothing uses it")


def _warn_of_holder(name: str, holder: CertificateHolder, to: Reader) -> None:
    at = ("signers", name, "identity")
    extensions = {key for key, _ in holder.extensions}
    identity = holder.identity
    for key, pattern in (("issuer", holder.issuer), ("identity", identity)):
        if host := _dotted(pattern):
            right = host.replace(".", r"\.")
            text = f"each . of {host} stands for any character, so that other hosts match too: write {right}"
            to.warning(("signers", name, key), text)
    if holder.issuer.how is How.EXACT and _in_clear(holder.issuer.text):
        to.warning(("signers", name, "issuer"), f"{holder.issuer.text!a} is no https: who stands between can issue")
    if identity.how is How.EXACT or "://" not in identity.text:
        return
    if _every_branch(identity) and not extensions.intersection(_REFS):
        to.warning(at, "it admits every branch: whoever can push one can sign; name the refs, as in @refs/heads/main")
    if _every_owner(identity) and not extensions.intersection(_SOURCES):
        to.warning(at, "it admits every organisation on that host: name yours")


def _dotted(pattern: Pattern) -> str | None:
    """A host in a regular expression whose dots are not escaped."""
    if pattern.how is not How.REGEX:
        return None
    for host in _HOST.findall(pattern.text):
        if _PLAIN_DOT.search(host) and not host.endswith("\\"):
            return str(host).replace("\\", "").strip(".")
    return None


def _in_clear(url: str) -> bool:
    """Whether a URL is plain http to another machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False  # an issuer is text: not every one is a URL
    host = parts.hostname or ""
    loopback = host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")
    return parts.scheme == "http" and not loopback


def _every_branch(identity: Pattern) -> bool:
    before, at, ref = identity.text.rpartition("@")
    if not at:
        return identity.how is How.REGEX and before == "" and identity.text.endswith((".*", ".+"))
    try:
        pattern = glob(ref) if identity.how is How.GLOB else regex(ref)
    except PatternError:
        return False  # the @ stood in a group or a class
    return pattern.matches(_SOME_BRANCH)


def _every_owner(identity: Pattern) -> bool:
    parts = identity.text.replace("\\.", ".").replace("\\/", "/").replace("[^/]", "[]").split("/")
    return len(parts) > 3 and _ANYTHING.search(parts[3]) is not None


def _warn_of_callers(number: int, rule: Rule, signers: Mapping[str, Signer], to: Reader) -> None:
    """A reusable workflow signs for whoever calls it: who that was, only the certificate's extensions say, or
    provenance whose source is judged.
    """
    if rule.signature is None or (rule.provenance is not None and not isinstance(rule.provenance.source, Anything)):
        return
    names = [image.text for image in rule.images]
    if not names or not all(text.partition("/")[0] in _HOSTED for text in names):
        return
    for name in rule.signature.signers:
        holder = signers[name].holder if name in signers else None
        if not isinstance(holder, CertificateHolder) or {key for key, _ in holder.extensions}.intersection(_SOURCES):
            continue
        parts = holder.identity.text.replace("\\.", ".").split("/")
        owner = parts[3].lower() if len(parts) > 3 and "://" in holder.identity.text else ""
        if not owner or not owner.isascii() or _ANYTHING.search(owner) or "{" in owner:
            continue
        if all(owner not in text.split("/")[1:2] for text in names):
            to.warning(
                ("rules", number, "signature", "signers"),
                f"{name!a} is a workflow of {owner!a}, and a reusable one signs for whoever calls it: add "
                "extensions.source-repository-uri to it, or a provenance whose source is named",
            )
