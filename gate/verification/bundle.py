"""A Sigstore bundle v0.3 with a DSSE envelope, keyless -> `Verified` or `Rejected`, within one trust root.

What comes in: a candidate's bytes (untrusted), one root, the image. What goes out: the verdict on this candidate, with
the step that failed first. It does not ask whose signature the policy wants: that is judged later, from the identity.

The steps follow sigstore's client specification ("Verification", steps 1-8) with what the specification leaves to the
client and design sections 9 and 12 demand. Success stands once, at the end of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import decode_timestamp_response

from gate.sigstore_private import VerificationFailed
from gate.strictjson import Refused
from gate.verification import evidence
from gate.verification.certificate import Malformed, read_identity
from gate.verification.evidence import Doubt, Identity, LogEntry, Rejected, Step, Verified
from gate.verification.protojson import BundleParts, read_bundle
from gate.verification.statement import PAYLOAD_TYPE, NotAbout, read_statement

if TYPE_CHECKING:
    from gate.discovery import Candidate
    from gate.limits import Limits
    from gate.verification.roots import CertificateAuthority, Log, Root
    from gate.verification.statement import ImageDigests

CLOCK_SKEW = timedelta(minutes=5)
"""How far a verified time may be ahead of this machine's clock (rule 28)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """The parts of the root that the bundle names."""

    log: Log
    authorities: tuple[CertificateAuthority, ...]
    ct_log: Log


class _Failed(Exception):
    def __init__(self, step: Step, reason: str, *, doubt: Doubt | None = None) -> None:
        self.step = step
        self.doubt = doubt
        super().__init__(reason)


def verify_bundle(
    candidate: Candidate, root: Root, image: ImageDigests, *, now: datetime, limits: Limits
) -> Verified | Rejected:
    """Verify one bundle for one image within one root."""
    identity: Identity | None = None
    authentic = False
    try:
        # 1. Format: strict JSON, version 0.3, one certificate, one log entry, one DSSE signature of a known payload.
        try:
            bundle = read_bundle(candidate.raw, limits)
        except Refused as error:
            raise _Failed(Step.FORMAT, str(error)) from None
        if bundle.payload_type != PAYLOAD_TYPE:
            raise _Failed(Step.FORMAT, f"its payload is {bundle.payload_type!a}, not an in-toto statement")

        # 2. Certificate: exactly one name, one issuer, extensions as Fulcio writes them.
        try:
            certificate = x509.load_der_x509_certificate(bundle.certificate)
            identity = read_identity(certificate)
        except ValueError as error:
            raise _Failed(Step.CERTIFICATE, f"its certificate cannot be read: {error}") from None

        # 3. Trust root: the log, the CA, the CT log and the timestamp authority that it names are in this root.
        named = _named_parts(bundle, certificate, root, now)

        # 4.-8. Time, chain at each verified time, SCT, certificate profile, inclusion proof and checkpoint, envelope
        # signature, log entry against envelope and certificate: by sigstore, on those parts of the root alone.
        verifier = root.verifier(named.log, named.authorities, named.ct_log)
        try:
            payload_type, payload, times = verifier.verify_dsse(bundle.document, _SameCertificate(bundle.certificate))
        except VerificationFailed as error:
            raise _Failed(error.step, str(error)) from None
        if payload_type != PAYLOAD_TYPE:
            raise _Failed(Step.FORMAT, "its payload type changed while it was verified")

        # 9. Windows: log key, CA, its chain and the CT log were in use, both ends included, at each verified time.
        _check_windows(named, certificate, times)

        # 10. Checkpoint: it is that log's own, and its size is the proof's.
        _check_checkpoint(bundle, named.log)
        authentic = True

        # 11. Clock: nothing was signed in the future.
        if times[-1] > now + CLOCK_SKEW:
            ahead = f"it was signed at {times[-1].isoformat()}, and this machine's clock says {now.isoformat()}"
            raise _Failed(Step.TIME, ahead, doubt=Doubt.CLOCK)

        # 12. Payload: only now is it parsed.  13. Subject: it is about this image.
        try:
            statement = read_statement(payload, image, limits)
        except Refused as error:
            doubt = Doubt.UNREADABLE if error.costly else None
            raise _Failed(Step.PAYLOAD, f"its statement is not read: {error}", doubt=doubt) from None
        except NotAbout as error:
            raise _Failed(Step.SUBJECT, str(error)) from None
    except _Failed as failure:
        return Rejected(
            digest=candidate.digest,
            layer=candidate.layer,
            kind=candidate.kind,
            step=failure.step,
            reason=str(failure),
            stated=identity,
            authentic=authentic,
            doubt=failure.doubt,
        )
    return Verified(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        subject=image.asked,
        root=root.name,
        signer=identity,
        times=times,
        log=LogEntry(log=bundle.log_id.hex(), index=bundle.log_index, integrated=_integrated(bundle, times)),
        statement=statement,
        seal=evidence._SEAL,  # noqa: SLF001
    )


def _named_parts(bundle: BundleParts, certificate: x509.Certificate, root: Root, now: datetime) -> _Named:
    """Step 3. What is not in the root may be newer than the root: then the fault is ours (rule 28)."""
    stated_time = certificate.not_valid_before_utc
    doubt = None
    if root.dated is not None and root.dated < stated_time <= now + CLOCK_SKEW:
        doubt = Doubt.STALE

    def unknown(what: str) -> _Failed:
        hint = f", which covers keys until {root.dated.date()}" if root.dated else ""
        return _Failed(Step.TRUST_ROOT, f"its {what} is not in the trust root {root.name!a}{hint}", doubt=doubt)

    log = next((log for log in root.logs if log.key_id == bundle.log_id), None)
    if log is None:
        raise unknown(f"transparency log {bundle.log_id.hex()}")
    authorities = tuple(authority for authority in root.authorities if authority.issued(certificate))
    if not authorities:
        raise unknown(f"certificate authority {certificate.issuer.rfc4514_string()!a}")
    ct_log_id = _sct_log_id(certificate)
    ct_log = next((log for log in root.ct_logs if log.key_id == ct_log_id), None)
    if ct_log is None:
        raise unknown(f"certificate transparency log {ct_log_id.hex()}")
    if bundle.timestamps and not any(_known_tsa(raw, root) for raw in bundle.timestamps):
        raise unknown("timestamp authority")
    return _Named(log=log, authorities=authorities, ct_log=ct_log)


def _sct_log_id(certificate: x509.Certificate) -> bytes:
    try:
        scts = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    except x509.ExtensionNotFound:
        raise _Failed(Step.SCT, "its certificate has no certificate timestamp (SCT)") from None
    if len(scts) != 1:
        raise _Failed(Step.SCT, f"its certificate has {len(scts)} certificate timestamps (SCTs); one is expected")
    log_id: bytes = scts[0].log_id
    return log_id


def _known_tsa(raw: bytes, root: Root) -> bool:
    try:
        signers = decode_timestamp_response(raw).signed_data.signer_infos
        return any(root.knows_tsa(signer.issuer, signer.serial_number) for signer in signers)
    except ValueError as error:
        raise _Failed(Step.TIME, f"its timestamp cannot be read: {error}") from None


def _check_windows(named: _Named, certificate: x509.Certificate, times: tuple[datetime, ...]) -> None:
    """Step 9, for every verified time: one that does not fit rejects, however many others do (rule 4)."""
    for time in times:
        if not named.log.window.holds(time):
            raise _Failed(Step.LOG, f"its log's key was not in use at {time.isoformat()}")
        if not any(authority.holds(time) for authority in named.authorities):
            raise _Failed(Step.CHAIN, f"its certificate authority was not in use at {time.isoformat()}")
        if not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
            raise _Failed(Step.CHAIN, f"its certificate was not valid at {time.isoformat()}")
    scts = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    issued = scts[0].timestamp.replace(tzinfo=UTC)
    if not named.ct_log.window.holds(issued):
        raise _Failed(Step.SCT, f"its certificate transparency log's key was not in use at {issued.isoformat()}")


def _check_checkpoint(bundle: BundleParts, log: Log) -> None:
    """Step 10 (C2SP tlog-checkpoint; rekor-tiles: the origin is the log's host). The signature is verified by now."""
    origin, size, *_ = [*bundle.checkpoint.split("\n"), "", ""]
    if not origin or (bundle.entry_version == "0.0.2" and origin != log.host):
        raise _Failed(Step.LOG, f"its checkpoint is of {origin!a}, not of the log {log.host!a}")
    if size != str(bundle.tree_size):
        raise _Failed(Step.LOG, f"its checkpoint is of a tree of {size!a}, its proof of one of {bundle.tree_size}")


def _integrated(bundle: BundleParts, times: tuple[datetime, ...]) -> datetime | None:
    stated = datetime.fromtimestamp(bundle.integrated_time, tz=UTC) if bundle.integrated_time else None
    return stated if stated in times else None


class _SameCertificate:
    """sigstore's policy seam: nothing is chosen here; the certificate it verified must be the one that step 2 read."""

    def __init__(self, der: bytes) -> None:
        self._der = der

    def verify(self, certificate: Any) -> None:
        if certificate.public_bytes(Encoding.DER) != self._der:
            raise Malformed("another certificate was verified than was read")
