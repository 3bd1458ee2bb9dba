"""A `TrustRoot` -> the keys and authorities that one candidate may use.

What comes in: a trusted root's document. What goes out: its logs, certificate authorities, CT logs and timestamp
authorities, each with its window, and timestamps verified by them. A log's id, a certificate's issuer and an SCT's log
id decide which key is tried, and no other is.

Sources: sigstore protobuf-specs `sigstore_trustroot.proto` (validFor of keys and authorities, both ends included);
rekor-v2 client documentation (a checkpoint's origin is the host of the log's baseUrl); RFC 5280 4.2.1.1 (key ids).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from msgspec import Struct
from rfc3161_client import VerificationError as TimestampError
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from gate.errors import InvalidTrustRoot
from gate.trust import Window, parts, window
from gate.verification.keys import PublicKey, read_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rfc3161_client import TimeStampResponse
    from rfc3161_client.verify import Verifier as TimestampVerifier

    from gate.strictjson import JSON
    from gate.trust import TrustRoot


class Log(Struct, frozen=True, kw_only=True):
    """A transparency log. `host` is that of its base URL, which a Rekor v2 checkpoint names as its origin."""

    key_id: bytes
    key: PublicKey
    window: Window
    host: str


class CtLog(Struct, frozen=True, kw_only=True):
    """A certificate transparency log."""

    key_id: bytes
    key: PublicKey
    window: Window


class CertificateAuthority(Struct, frozen=True, kw_only=True):
    """A chain of certificates, the issuing one first, and when it was in use."""

    certificates: tuple[x509.Certificate, ...]
    window: Window

    def issued(self, leaf: x509.Certificate) -> bool:
        """Whether the leaf names one of this chain's certificates as its issuer (names and key ids; no signature)."""
        return any(
            certificate.subject == leaf.issuer and _key_ids_agree(leaf, certificate)
            for certificate in self.certificates
        )

    def holds(self, moment: datetime) -> bool:
        """Whether the authority was in use, and each certificate of its chain valid, at `moment`."""
        return self.window.holds(moment) and all(
            certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc
            for certificate in self.certificates
        )


class Root:
    """One trust root, ready to verify with. Parsed once a run."""

    def __init__(self, root: TrustRoot) -> None:
        """Read every key and certificate. Raises `InvalidTrustRoot`."""
        self.name = root.name
        self.logless = root.log_none
        self.ctless = root.ct_none
        self.dated = root.dated
        try:
            self.logs = _logs(root.document)
            self.ct_logs = _ct_logs(root.document)
            self.authorities = _authorities(root.document, "certificateAuthorities")
            self.timestamp_authorities = _authorities(root.document, "timestampAuthorities")
            self._tsa_verifiers = tuple(_tsa_verifier(item) for item in self.timestamp_authorities)
        except ValueError as error:
            raise InvalidTrustRoot(f"trust root {root.name!a} cannot be read: {error}") from None

    def known_timestamps(self, stamps: tuple[bytes, ...]) -> tuple[TimeStampResponse, ...]:
        """Those that name one of the root's timestamp authorities as their signer. Raises `ValueError` for bytes that
        are no timestamp, or have not the one signer that RFC 3161 2.4.2 allows, or a time that there is not.
        """
        responses = tuple(map(decode_timestamp_response, stamps))
        for _ in (response.tst_info.gen_time for response in responses):
            pass  # parsed only when it is asked for: the year 0 is none
        if any(len(response.signed_data.signer_infos) != 1 for response in responses):
            raise ValueError("a timestamp has one signer")
        return tuple(
            response
            for response in responses
            if any(_signed_by(response, authority) for authority in self.timestamp_authorities)
        )

    def timestamp(self, response: TimeStampResponse, message: bytes) -> datetime | None:
        """The time of an RFC 3161 timestamp over `message`, if an authority of the root signed it while in use, both
        ends of its window included; None if none did.
        """
        for authority, verifier in zip(self.timestamp_authorities, self._tsa_verifiers, strict=True):
            if not _signed_by(response, authority):
                continue
            try:
                verifier.verify_message(response, message)
            except TimestampError:
                continue
            if authority.window.holds(response.tst_info.gen_time):
                return response.tst_info.gen_time
        return None


def stated_times(stamps: tuple[bytes, ...]) -> list[datetime]:
    """The time that each timestamp states, whoever signed it: nothing that counts. `known_timestamps` has read them."""
    return [decode_timestamp_response(stamp).tst_info.gen_time for stamp in stamps]


def _signed_by(response: TimeStampResponse, authority: CertificateAuthority) -> bool:
    """Whether a timestamp names the authority as its signer: by name and serial number, the signature decides."""
    own, (signer,) = authority.certificates[0], response.signed_data.signer_infos
    return own.issuer == signer.issuer and own.serial_number == signer.serial_number


def _logs(document: Mapping[str, JSON]) -> tuple[Log, ...]:
    found = []
    for part in parts(document, "tlogs"):
        url = part.get("baseUrl")
        if not isinstance(url, str):
            raise ValueError("a transparency log has no baseUrl")  # noqa: TRY004
        host = urlsplit(url).hostname or ""
        found.append(Log(key_id=_key_id(part), key=_public_key(part), window=window(part), host=host))
    return tuple(found)


def _ct_logs(document: Mapping[str, JSON]) -> tuple[CtLog, ...]:
    return tuple(
        CtLog(key_id=_key_id(part), key=_public_key(part), window=window(part)) for part in parts(document, "ctlogs")
    )


def _public_key(part: Mapping[str, JSON]) -> PublicKey:
    public = part.get("publicKey")
    raw = public.get("rawBytes") if isinstance(public, dict) else None
    if not isinstance(raw, str):
        raise ValueError("a log has no public key")  # noqa: TRY004  (a document's fault, not a caller's)
    return read_key(_decoded(raw))


def _key_id(part: Mapping[str, JSON]) -> bytes:
    log_id = part.get("logId")
    key_id = log_id.get("keyId") if isinstance(log_id, dict) else None
    if not isinstance(key_id, str):
        raise ValueError("a log has no logId")  # noqa: TRY004
    return _decoded(key_id)


def _authorities(document: Mapping[str, JSON], key: str) -> tuple[CertificateAuthority, ...]:
    found = []
    for part in parts(document, key):
        chain = part.get("certChain")
        certificates = chain.get("certificates") if isinstance(chain, dict) else None
        if not isinstance(certificates, list) or not certificates:
            raise ValueError(f"a part of {key} has no certificates")
        loaded = []
        for certificate in certificates:
            raw = certificate.get("rawBytes") if isinstance(certificate, dict) else None
            if not isinstance(raw, str):
                raise ValueError(f"a certificate of {key} has no rawBytes")  # noqa: TRY004
            loaded.append(_certificate(_decoded(raw)))
        if key == "timestampAuthorities" and len(loaded) < 2:
            raise ValueError("a timestamp authority needs its own certificate and its root's")
        found.append(CertificateAuthority(certificates=tuple(loaded), window=window(part)))
    return tuple(found)


def _certificate(raw: bytes) -> x509.Certificate:
    """A certificate of the root, with each part read that is parsed only when it is asked for: another library panics
    over what this one has not looked at.
    """
    try:
        certificate = x509.load_der_x509_certificate(raw)
        for _ in (certificate.issuer, certificate.subject, certificate.not_valid_after_utc, certificate.extensions):
            pass
    except (TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from None
    return certificate


def _tsa_verifier(authority: CertificateAuthority) -> TimestampVerifier:
    tsa, *intermediates, root = authority.certificates
    builder = VerifierBuilder().tsa_certificate(tsa).add_root_certificate(root)
    for certificate in intermediates:
        builder = builder.add_intermediate_certificate(certificate)
    return builder.build()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64 that cannot be read: {error}") from None


def _key_ids_agree(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return True  # then the name alone chooses; the signature decides in any case
    return named is None or named == own
