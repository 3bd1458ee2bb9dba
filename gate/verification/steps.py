"""The cryptography of a verification, step by step: of a certificate's signature, and of a key's.

What comes in: `Material` (untrusted), one root, the message that was signed. What goes out: `Proven`, or `Failed` with
the step. Success stands once in each function, at its end. One path for every format; the tests hold it against
sigstore-python's own verifier wherever that can judge.

Sources: sigstore's client specification ("Verification", steps 1-8), cosign's bundle annotations; design section 12,
rules 3, 4 and 5.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as ChainError
from msgspec import Struct

from gate.duration import spell_moment
from gate.verification.evidence import Doubt, LogEntry, Step
from gate.verification.keys import PublicKey, checked, verifies
from gate.verification.log import NotProven, check_binding, check_checkpoint, check_inclusion, check_promise
from gate.verification.sct import verify_sct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rfc3161_client import TimeStampResponse

    from gate.verification.material import Entry, Material, Message
    from gate.verification.roots import CertificateAuthority, CtLog, Log, Root


_REKOR_V2: Final = ("hashedrekord", "0.0.2")


class Failed(Exception):
    """A verification that ended at `step`. `doubt` says why the fault may be ours."""

    def __init__(self, step: Step, reason: str, *, doubt: Doubt | None = None) -> None:
        self.step = step
        self.doubt = doubt
        super().__init__(reason)


class Proven(Struct, frozen=True, kw_only=True):
    """What holds of a signature: its verified times, earliest first, and the log entries that are its own.

    `notes` say what was ignored; `missing` are those of them that a newer root may know.
    """

    times: tuple[datetime, ...]
    logs: tuple[LogEntry, ...]
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Named(Struct, frozen=True, kw_only=True):
    """The parts of one root that a signature names. `ct_log` is None only for a root that says it has none."""

    logs: tuple[Log, ...]
    authorities: tuple[CertificateAuthority, ...]
    ct_log: CtLog | None
    timestamps: tuple[TimeStampResponse, ...]


def verify_with_certificate(
    material: Material, message: Message, certificate: x509.Certificate, named: Named, root: Root
) -> Proven:
    """Verify a certificate's signature within one root. Raises `Failed`."""
    # 1. Time: a certificate's signature needs a verified one, never the clock (rule 3).
    times = verified_times(material, root, named.timestamps)
    logs = []
    for entry, log in zip(material.entries, named.logs, strict=True):
        # 2. Log: each entry is proven, by inclusion proof, signed entry timestamp, or both where both are there.
        time = _proven_entry(entry, log)
        if time is not None:
            times.append(time)
        logs.append(_log_entry(entry, time))
    if not logs and not root.logless:
        raise Failed(Step.LOG, "it has no transparency log entry")
    if not times:
        raise Failed(Step.TIME, "not enough sources of verified time")

    # 3. Chain at each verified time, each to an authority that was in use then.  4. SCT.
    for time in times:
        chain = _chain(certificate, named.authorities, time)
    if named.ct_log is not None:
        try:
            verify_sct(certificate, chain[0], named.ct_log.key)
        except ValueError as error:
            raise Failed(Step.SCT, f"its certificate timestamp (SCT) does not hold: {error}") from None
    # 5. Profile: digital signature, code signing.
    _check_profile(certificate)

    # 6. Signature, by the certificate's key.
    try:
        key = checked(certificate.public_key())
    except ValueError as error:
        raise Failed(Step.CERTIFICATE, str(error)) from None
    _check_signature(key, material, message)

    # 7. Log entries against signature, message and certificate.
    for entry in material.entries:
        _check_binding(entry, material, message, certificate)
    return Proven(times=tuple(sorted(times)), logs=tuple(logs))


def verify_with_key(material: Material, message: Message, key: PublicKey, root: Root) -> Proven:
    """Verify a key's signature. Entries and timestamps count only if they are of the root (rule 5): one of a log or TSA
    outside it is ignored and noted, one of a known log that does not verify rejects. Raises `Failed`.
    """
    # 1. Signature.
    _check_signature(key, material, message)

    # 2. Log entries of known logs: each proven, in the log's window, and of this signature and key.
    times: list[datetime] = []
    logs, notes, missing = [], [], []
    for entry in material.entries:
        log = next((log for log in root.logs if log.key_id == entry.log_id), None)
        if log is None:
            missing.append(f"its transparency log {entry.log_id.hex()} is not in the trust root")
            continue
        time = _proven_entry(entry, log)
        _check_binding(entry, material, message, key)
        if time is not None:
            times.append(time)
        logs.append(_log_entry(entry, time))

    # 3. Timestamps of known authorities: each verifies.
    try:
        known = root.known_timestamps(material.timestamps)
    except (ValueError, KeyError) as error:
        raise Failed(Step.TIME, f"its timestamp cannot be read: {error}") from None
    times += verified_times(material, root, known)
    if len(known) < len(material.timestamps):
        missing.append("a timestamp authority of it is not in the trust root")

    # 4. Windows: a log's key was in use when the signature was logged. Without any time nobody knows when that was, so
    # that only a log whose key is in use to this day counts.
    check_log_windows(material.entries, root, times)
    if not times:
        current = {log.key_id.hex() for log in root.logs if log.window.end is None}
        notes += [f"its transparency log {entry.log} is out of use" for entry in logs if entry.log not in current]
        logs = [entry for entry in logs if entry.log in current]
    return Proven(times=tuple(sorted(times)), logs=tuple(logs), notes=(*missing, *notes), missing=tuple(missing))


def still_failing(
    material: Material, message: Message, certificate: x509.Certificate, first: Step
) -> tuple[tuple[Step, str], ...]:
    """What would fail behind the first failed step, of the steps that need no other (for a reader only)."""

    def signature() -> None:
        _check_signature(checked(certificate.public_key()), material, message)

    def bindings() -> None:
        for entry in material.entries:
            _check_binding(entry, material, message, certificate)

    order = tuple(Step)
    trials = ((Step.SIGNATURE, signature), (Step.LOG_ENTRY, bindings))
    found = []
    for step, trial in trials:
        if order.index(first) < order.index(step):
            try:
                trial()
            except Exception as error:  # noqa: BLE001  (what cannot be tried would fail too)
                found.append((step, str(error)))
    return tuple(found)


def is_issued(certificate: x509.Certificate, root: Root) -> bool:
    """Whether an authority of the root issued the certificate for signing code, as of the moment from which it says
    that it is valid: then it is known whose it is, whatever else the root does not hold.
    """
    authorities = [authority for authority in root.authorities if authority.issued(certificate)]
    try:
        _check_profile(certificate)
        return bool(authorities) and bool(_chain(certificate, authorities, certificate.not_valid_before_utc))
    except Exception:  # noqa: BLE001  (what cannot be tried is not known)
        return False


def verified_times(material: Material, root: Root, known: Sequence[TimeStampResponse]) -> list[datetime]:
    """The verified RFC 3161 times of a signature, from the timestamps of known authorities. Of several, one that does
    not verify is no time; where there are some and none does, the signature fails. Raises `Failed`.
    """
    found = [time for response in known if (time := root.timestamp(response, material.signature)) is not None]
    if known and not found:
        raise Failed(Step.TIME, "none of its timestamps is of a known authority, over this signature, in its window")
    return found


def check_log_windows(entries: Sequence[Entry], root: Root, times: Sequence[datetime]) -> None:
    """Each known log's key was in use at each verified time, ends included. Raises `Failed`."""
    for entry in entries:
        # A key may stand in the root twice, with two windows: then it was in use in either.
        windows = [log.window for log in root.logs if log.key_id == entry.log_id]
        for time in times:
            if windows and not any(window.holds(time) for window in windows):
                raise Failed(Step.LOG, f"its log's key was not in use at {spell_moment(time)}")


def _chain(
    certificate: x509.Certificate, authorities: Sequence[CertificateAuthority], time: datetime
) -> list[x509.Certificate]:
    """The certificate's issuers, from its own to the root, all of them valid at `time` (RFC 5280 6.1). Raises `Failed`.

    The last certificate of an authority's chain is its trust anchor (`sigstore_trustroot.proto`, `cert_chain`), and no
    other is. Extended key usages are checked in the profile: a code signing certificate is neither a server's nor a
    client's.
    """
    ca_policy = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None
    )
    ee_policy = ExtensionPolicy.webpki_defaults_ee().may_be_present(
        x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None
    )
    builder = PolicyBuilder().time(time).extension_policies(ca_policy=ca_policy, ee_policy=ee_policy)
    reasons = []
    for authority in authorities:  # one by one: the window that counts is that of the authority whose key signed
        if not authority.holds(time):
            reasons.append("the authority was not in use")
            continue
        try:
            *intermediates, anchor = authority.certificates
            verifier = builder.store(Store([anchor])).build_client_verifier()
            return list(verifier.verify(certificate, intermediates).chain[1:])
        except (ChainError, x509.UnsupportedGeneralNameType, ValueError) as error:
            reasons.append(str(error))
    raise Failed(Step.CHAIN, f"its certificate does not chain to its authority at {spell_moment(time)}: {reasons[-1]}")


def _check_profile(certificate: x509.Certificate) -> None:
    """Fulcio's certificate specification: digital signature and code signing. Raises `Failed`."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise Failed(Step.CERTIFICATE, f"its certificate does not say what it is for: {error}") from None
    if not usage.digital_signature or ExtendedKeyUsageOID.CODE_SIGNING not in extended:
        raise Failed(Step.CERTIFICATE, "its certificate is not for signing code")


def _proven_entry(entry: Entry, log: Log) -> datetime | None:
    """Rule 4: the integrated time counts only under a verified signed entry timestamp. Raises `Failed`."""
    try:
        if entry.proof is None and entry.promise is None:
            raise NotProven("its log entry has neither an inclusion proof nor a signed entry timestamp")
        _check_proof(entry, log)
        if entry.promise is not None and (entry.kind, entry.version) == _REKOR_V2:
            raise NotProven("a Rekor v2 entry has no signed entry timestamp, and this one has")
        if entry.promise is not None:
            check_promise(entry, log.key)
            return datetime.fromtimestamp(entry.integrated, tz=UTC)
    except (NotProven, OverflowError, OSError, ValueError) as error:
        raise Failed(Step.LOG, str(error)) from None
    return None


def _check_proof(entry: Entry, log: Log) -> None:
    """The inclusion proof and its checkpoint, where there is one. Raises `Failed`."""
    if entry.proof is None:
        return
    # Rekor v2's origin is the host of its base URL; v1's is its own, and only its key says whose it is.
    host = log.host if (entry.kind, entry.version) == _REKOR_V2 else None
    try:
        check_inclusion(entry.proof, entry.body)
        check_checkpoint(entry.proof, entry.log_id, log.key, host=host)
    except NotProven as error:
        raise Failed(Step.LOG, str(error)) from None


def _check_signature(key: PublicKey, material: Material, message: Message) -> None:
    try:
        if not verifies(key, material.signature, message):
            raise Failed(Step.SIGNATURE, "its signature is not of this key over these bytes")
    except ValueError as error:
        raise Failed(Step.SIGNATURE, str(error)) from None


def _check_binding(entry: Entry, material: Material, message: Message, signer: PublicKey | x509.Certificate) -> None:
    try:
        check_binding(entry, material, message, signer)
    except NotProven as error:
        raise Failed(Step.LOG_ENTRY, str(error)) from None


def _log_entry(entry: Entry, time: datetime | None) -> LogEntry:
    """What the log says of its entry: the promise is over the index beside it, a proof only over its own."""
    index = entry.log_index if time is not None or entry.proof is None else entry.proof.log_index
    return LogEntry(log=entry.log_id.hex(), index=index, integrated=time)
