"""A Fulcio certificate -> `Identity`: who it names, and what its CA says about the job that asked for it.

What comes in: a parsed certificate, of which nothing is trusted yet. What goes out: its one subject alternative name,
its issuer and its extensions by their documented names, or `Malformed`. It verifies no signature and no chain.

Sources: fulcio docs/oid-info.md (extensions .1 to .24) and docs/certificate-specification.md (one SAN; the old
extensions .1 to .6 are raw text, the later ones DER UTF8Strings, RFC 5280 appendix A); design rule 7.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509

from gate.verification.evidence import Identity

_ARC: Final = "1.3.6.1.4.1.57264.1."
_OTHER_NAME: Final = f"{_ARC}7"
_OLD: Final = {
    1: "issuer",
    2: "github-workflow-trigger",
    3: "github-workflow-sha",
    4: "github-workflow-name",
    5: "github-workflow-repository",
    6: "github-workflow-ref",
}
_NEW: Final = {
    8: "issuer-v2",
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
EXTENSIONS: Final = frozenset((*_OLD.values(), *_NEW.values())) - {"issuer", "issuer-v2"}
"""The names that a policy may require. The issuer is a signer's own key there."""


class Malformed(ValueError):
    """The certificate is not one that Fulcio issues."""


def read_identity(certificate: x509.Certificate) -> Identity:
    """Read who a certificate names, and every part of it that is parsed only when it is asked for. Raises `Malformed`,
    or what cryptography raises for such a part.
    """
    for _ in (
        certificate.issuer,
        certificate.subject,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    ):
        pass
    try:
        found = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Malformed(f"its extensions cannot be read: {error}") from None
    extensions: dict[str, str] = {}
    for extension in found:
        if not isinstance(extension.value, x509.UnrecognizedExtension):
            continue
        last = extension.oid.dotted_string.removeprefix(_ARC)  # an OID that is not of the arc keeps its dots
        number = int(last) if last.isdecimal() else 0
        if number in _OLD:
            extensions[_OLD[number]] = _text(extension.value.value)
        elif number in _NEW:
            extensions[_NEW[number]] = _utf8_string(extension.value.value)
    old, new = extensions.pop("issuer", None), extensions.pop("issuer-v2", None)
    if old is not None and new is not None and old != new:
        raise Malformed("its two issuer extensions differ")
    issuer = new if new is not None else old
    if not issuer:
        raise Malformed("it names no issuer")
    return Identity(issuer=issuer, subject=_subject(found), extensions=extensions)


def _subject(extensions: x509.Extensions) -> str:
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        raise Malformed("it has no subject alternative name") from None
    if len(names) != 1:
        raise Malformed(f"it has {len(names)} subject alternative names; Fulcio's have one")
    name = names[0]
    if isinstance(name, x509.UniformResourceIdentifier | x509.RFC822Name):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _OTHER_NAME:
        return _utf8_string(name.value)
    raise Malformed(f"its subject alternative name is a {type(name).__name__}")


def _utf8_string(der: bytes) -> str:
    """A DER UTF8String (tag 0x0C, definite length, nothing after it)."""
    if len(der) < 2 or der[0] != 0x0C:
        raise Malformed("an extension is no DER UTF8String")
    length, start = der[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[2 : 2 + count], "big"), 2 + count
        if count > 2 or length < 0x80 or (count == 2 and length < 0x100):  # no count at all is a length of 0
            raise Malformed("an extension's length is not DER")
    if len(der) != start + length:
        raise Malformed("an extension's length is not that of its text")
    return _text(der[start:])


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("an extension is not UTF-8") from None
