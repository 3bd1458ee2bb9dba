"""One Sigstore instance: a CA, a CT log, a transparency log and a timestamp authority, and what they sign together.

What comes in: a payload, and whatever a test wants otherwise. What goes out: trusted roots, certificates, and valid
recipes of every format.

Sources: RFC 6962 3.2 and 3.3 (SCT); sigstore protobuf-specs `sigstore_trustroot.proto`.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.forge.authority import SIGNED_AT, Authority, Leaf, distinguished_name
from tests.forge.cosign import simple_signing
from tests.forge.encoding import JSONObject, der, utf8_string
from tests.forge.entries import Record, body
from tests.forge.formats import BY_NAME, Format
from tests.forge.keys import LeafKey, ec_key, ed_key, sign, spki
from tests.forge.log import Log
from tests.forge.recipe import Recipe
from tests.forge.statements import PAYLOAD_TYPE, pae, statement
from tests.forge.timestamps import TimestampAuthority

if TYPE_CHECKING:
    from collections.abc import Sequence

_FULCIO = "1.3.6.1.4.1.57264.1."
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_DSSE = replace(BY_NAME["bundle 0.3 statement dsse"], stamps=True)


def _ca() -> Authority:
    return Authority(common_name="ca root", key=ec_key("ca-root")).below(
        "ca", usages=(ExtendedKeyUsageOID.CODE_SIGNING,)
    )


@dataclass(frozen=True, kw_only=True)
class Sigstore:
    """One instance: what is in its root, and what signs. GitHub's has neither log nor CT log."""

    ca: Authority = field(default_factory=_ca)
    ct: Log = field(default_factory=lambda: Log(key=ec_key("ct"), host="ct.example"))
    log: Log = field(default_factory=lambda: Log(key=ed_key("log")))
    tsa: TimestampAuthority = field(default_factory=TimestampAuthority)
    has_log: bool = True
    has_ct: bool = True

    def root(self, **parts: Sequence[JSONObject]) -> JSONObject:
        """Its trusted root; `parts` take the place of whole lists."""
        document: JSONObject = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.log.document()] if self.has_log else [],
            "certificateAuthorities": [self.ca.document()],
            "ctlogs": [self.ct.document()] if self.has_ct else [],
            "timestampAuthorities": [self.tsa.document()],
        }
        return {key: value for key, value in (document | parts).items() if value or key in parts}

    def certificate(self, leaf: Leaf) -> x509.Certificate:
        """A certificate with embedded SCTs, as Fulcio issues them."""
        builder = self._leaf(leaf)
        if leaf.scts and self.has_ct:
            precertificate = self._leaf(leaf.sct_of or leaf).sign(self.ca.key, hashes.SHA256())
            sct = self._sct(precertificate.tbs_certificate_bytes, leaf)
            listed = b"".join(struct.pack("!H", len(sct)) + sct for _ in range(leaf.scts))
            value = der(0x04, struct.pack("!H", len(listed)) + listed)
            builder = builder.add_extension(x509.UnrecognizedExtension(_SCT_LIST, value), critical=False)
        return builder.sign(self.ca.key, hashes.SHA256())

    def sign(
        self,
        payload: bytes,
        *,
        leaf: Leaf | None = None,
        at: Sequence[datetime] = (SIGNED_AT,),
        payload_type: str = PAYLOAD_TYPE,
        integrated: datetime | None = None,
        origin: str | None = None,
    ) -> JSONObject:
        """A bundle: the payload in a DSSE envelope, logged, and timestamped at each of `at`.

        With `integrated` the entry is Rekor v1's `dsse`, with a signed entry timestamp of that moment.
        """

        def noted(text: str) -> str:
            return text if origin is None else text.replace(self.log.origin, origin, 1)

        recipe = Recipe(
            format=BY_NAME["bundle 0.3 statement rekor-v2"] if integrated is None else _DSSE,
            instance=self,
            payload=payload,
            payload_type=payload_type,
            leaf=leaf or Leaf(),
            stamped_at=at,
            integrated=integrated or SIGNED_AT,
            noted=noted,
        )
        return recipe.make().document

    def sign_with_key(self, payload: bytes, key: LeafKey, *, integrated: datetime, logged: bytes = b"") -> JSONObject:
        """A bundle signed with a key, logged as Rekor v1's `dsse`; `logged` is another payload for the log to know."""

        def told(document: JSONObject) -> JSONObject:
            if not logged:
                return document
            signature = sign(key, pae(PAYLOAD_TYPE, logged))
            other = Record(message=b"", signature=signature, signer=key.public_key(), payload=logged)
            return body(("dsse", "0.0.1"), other)

        form = BY_NAME["bundle 0.3 statement dsse key"]
        recipe = Recipe(format=form, instance=self, payload=payload, key=key, integrated=integrated, told=told)
        return recipe.make().document

    def _leaf(self, leaf: Leaf) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(leaf.digital_signature, not leaf.digital_signature, *[False] * 7)
        authority = leaf.authority_key
        if authority is None:
            authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(distinguished_name(self.ca.common_name))
            .public_key(leaf.key.public_key())
            .serial_number(leaf.serial)
            .not_valid_before(leaf.not_before)
            .not_valid_after(leaf.not_after)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf.key.public_key()), critical=False)
            .add_extension(authority, critical=False)
        )
        if leaf.key_usage:
            builder = builder.add_extension(usage, critical=True)
        if leaf.ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if leaf.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        if leaf.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(leaf.names), critical=True)
        values: dict[int | str, bytes] = dict(leaf.extensions)
        if leaf.issuer and not {1, 8} & values.keys():
            values.setdefault(1, leaf.issuer.encode())  # both forms, as Fulcio: cosign's older formats read this one
        if leaf.issuer:
            values.setdefault(8, utf8_string(leaf.issuer))
        for number, value in values.items():
            oid = x509.ObjectIdentifier(f"{_FULCIO}{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        for dotted, value in leaf.critical.items():
            unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), value)
            builder = builder.add_extension(unknown, critical=True)
        return builder

    def _sct(self, tbs: bytes, leaf: Leaf) -> bytes:
        milliseconds = (leaf.sct_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        issuer = hashlib.sha256(spki(self.ca.key)).digest()
        extensions = struct.pack("!H", len(leaf.sct_extensions)) + leaf.sct_extensions
        entry = (
            struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer + struct.pack("!I", len(tbs))[1:] + tbs + extensions
        )
        signature = sign(self.ct.key, entry)
        head = b"\0" + self.ct.key_id + struct.pack("!Q", milliseconds) + extensions
        return head + bytes(leaf.sct_algorithm) + struct.pack("!H", len(signature)) + signature


REKOR_V2: Final = Sigstore()
"""An instance of today."""
REKOR_V1: Final = Sigstore(log=Log(key=ec_key("log-v1")))
"""The same with a Rekor of the first version."""
GITHUB: Final = Sigstore(has_log=False, has_ct=False)
"""GitHub's kind of instance: timestamps, no log."""


def valid(form: Format, artifact: bytes, **parts: Any) -> Recipe:
    """The recipe of a valid signature of an image's manifest or a file; `parts` are a `Recipe`'s."""
    digest = hashlib.sha256(artifact).hexdigest()
    payloads = {
        "message": artifact,
        "statement": statement(digest),
        "simple-signing": simple_signing(f"sha256:{digest}"),
    }
    instance = {0: GITHUB, 1: REKOR_V1, 2: REKOR_V2}[form.rekor]
    return replace(Recipe(format=form, instance=instance, payload=payloads[form.signs]), **parts)
