"""One candidate, one trust root -> `Verified` or `Rejected`: the order of a verification.

What comes in: a candidate's bytes (untrusted), a root, the signers' keys, the artifact. What goes out: the verdict on
each signature in it, with the step that failed first. It does not ask whose signature the policy wants: that is judged
later, from the identity.

The steps follow sigstore's client specification ("Verification") with what it leaves to the client and design sections
9 and 12 demand. A `Verified` is made once, at the end of all of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gate.discovery import Kind
from gate.duration import spell_moment
from gate.errors import GateError
from gate.strictjson import Refused
from gate.verification import evidence
from gate.verification.bundle import read_bundle
from gate.verification.certificate import read_identity
from gate.verification.cosign import read_envelope, read_simple_payload, read_simple_signing
from gate.verification.evidence import (
    AboutSource,
    Doubt,
    Identity,
    KeyIdentity,
    Rejected,
    Signed,
    Statement,
    Step,
    Verified,
)
from gate.verification.keys import fingerprint, verifies
from gate.verification.material import Content, Material
from gate.verification.roots import stated_times
from gate.verification.sct import embedded_sct, issued_at
from gate.verification.statement import PAYLOAD_TYPE, NotAbout, read_statement
from gate.verification.steps import (
    Failed,
    Named,
    Proven,
    check_log_windows,
    is_issued,
    still_failing,
    verify_with_certificate,
    verify_with_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gate.discovery import Candidate
    from gate.limits import Limits
    from gate.verification.keys import PublicKey
    from gate.verification.material import Message
    from gate.verification.roots import CtLog, Root
    from gate.verification.statement import Artifact

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a verified time may be ahead of this machine's clock (rule 28)."""

_MAX_REASON: Final = 300
_UNREADABLE: Final = (ValueError, TypeError, KeyError, x509.InvalidVersion, UnsupportedAlgorithm)
"""What libraries raise for bytes that are none of theirs, some of it only when a part is asked for."""


def verify_candidate(
    candidate: Candidate, root: Root, keys: Sequence[PublicKey], artifact: Artifact, *, now: datetime, limits: Limits
) -> list[Signed | Rejected]:
    """Verify each signature that a candidate holds, for one artifact and within one root."""
    try:
        # 1. Format: strict JSON of a known version; what is signed, by what, with which proofs.
        materials = _read(candidate, limits)
        _count(materials, limits)
    except Refused as error:
        return [_rejected(candidate, root, Failed(Step.FORMAT, str(error)))]
    except (GateError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        return [_rejected(candidate, root, _unreadable(error))]
    found: list[Signed | Rejected] = []
    for material in materials:
        found += _verify_by_each(keys, partial(_verify, candidate, material, root, artifact, now, limits))
    return found


def _read(candidate: Candidate, limits: Limits) -> tuple[Material, ...]:
    if candidate.kind is Kind.BUNDLE:
        return (read_bundle(candidate.raw, limits),)
    if candidate.kind is Kind.SIMPLE_SIGNING:
        return read_simple_signing(candidate.raw, candidate.annotations, limits)
    if candidate.kind is Kind.DSSE:
        return read_envelope(candidate.raw, candidate.annotations, limits)
    raise Refused(candidate.problem or f"{candidate.media_type!a} is no signature or attestation")


def _count(materials: tuple[Material, ...], limits: Limits) -> None:
    """Count what takes a verification. Raises `LimitExceeded`."""
    if limits.tally is not None:
        proofs = sum(1 + len(material.entries) + len(material.timestamps) for material in materials)
        limits.tally.add("signatures, log entries and timestamps", proofs, limits.proofs, limit="proofs")


def _verify_by_each(
    keys: Sequence[PublicKey], verify: Callable[[Sequence[PublicKey]], Signed | Rejected]
) -> Iterator[Signed | Rejected]:
    """A signature by a certificate, or by each key that verifies it. There may be two: from an ECDSA or RSA signature
    anybody can make another key that does, and that must not take the word from whose it is.
    """
    result = verify(keys)
    yield result
    while isinstance(who := result.stated if isinstance(result, Rejected) else result.signer, KeyIdentity):
        keys = [key for key in keys if fingerprint(key) != who.fingerprint]
        result = verify(keys)
        if isinstance(result, Rejected) and result.by_unknown_key:
            return
        yield result


def _verify(
    candidate: Candidate,
    material: Material,
    root: Root,
    artifact: Artifact,
    now: datetime,
    limits: Limits,
    keys: Sequence[PublicKey],
) -> Signed | Rejected:
    signer: Identity | KeyIdentity | None = None
    certificate: x509.Certificate | None = None
    authentic = False
    statement: Statement | None = None
    annotations: dict[str, str] = {}
    message = material.message or artifact.message
    try:
        if material.content is Content.STATEMENT and material.payload_type != PAYLOAD_TYPE:
            raise Failed(Step.FORMAT, f"its payload is {material.payload_type!a}, not an in-toto statement")
        if material.stated is not None and message.digest(material.stated[0]) != material.stated[1]:
            raise Failed(Step.SUBJECT, "it is a signature of another artifact, by the digest that it states")

        if material.certificate is not None:
            # 2. Certificate: exactly one name, one issuer, extensions as Fulcio writes them.
            try:
                certificate = x509.load_der_x509_certificate(material.certificate)
                signer = read_identity(certificate)
            except _UNREADABLE as error:
                raise Failed(Step.CERTIFICATE, f"its certificate cannot be read: {error}") from None
            # 3. Trust root: the logs, the CA, the CT log and the timestamp authority that it names are in this root.
            named = _named_parts(material, certificate, root, now)
            # 4. Times, log entries, chain, SCT, profile, signature and binding: `steps`.
            proven = verify_with_certificate(material, message, certificate, named, root)
            # 5. Windows: log keys and the CT log were in use, ends included, at each verified time.
            _check_windows(material, named, certificate, proven, root)
        else:
            # 2.-5. of a key: whoever of the policy's keys verifies it; then entries, timestamps and windows: `steps`.
            key = next((key for key in keys if _holds(key, material, message)), None)
            if key is None:
                names = "the policy names no key" if not keys else "no key of the policy verifies it"
                raise Failed(Step.SIGNATURE, f"it is signed with a key, and {names}")
            signer = KeyIdentity(fingerprint=fingerprint(key))
            proven = verify_with_key(material, message, key, root)
        authentic = True

        # 6. Clock: nothing was signed in the future.
        if proven.times and proven.times[-1] > now + CLOCK_SKEW:
            ahead = f"it was signed at {spell_moment(proven.times[-1])}, and the clock here says {spell_moment(now)}"
            raise Failed(Step.TIME, ahead, doubt=Doubt.CLOCK)

        # 7. Payload: only now is it parsed.  8. Subject: it is about this artifact, or of a type that is about sources.
        try:
            if material.content is Content.STATEMENT:
                statement = read_statement(material.payload, artifact, limits)
            elif material.content is Content.SIMPLE_SIGNING:
                annotations = dict(read_simple_payload(material.payload, artifact, limits))
        except Refused as error:
            doubt = Doubt.UNREADABLE if error.costly else None
            raise Failed(Step.PAYLOAD, f"its payload is not read: {error}", doubt=doubt) from None
        except NotAbout as error:
            raise Failed(Step.SUBJECT, str(error)) from None
    except Failed as failure:
        also = () if certificate is None else still_failing(material, message, certificate, failure.step)
        if also:
            failure.doubt = None  # no other root and no other clock would have made it verify
        elif certificate is not None and failure.doubt is Doubt.STALE:
            # Whose it is is known, and of what, though not whether it counts.
            authentic = is_issued(certificate, root) and _is_about(material, artifact, limits)
        return _rejected(candidate, root, failure, stated=signer, authentic=authentic, also=also)
    except (GateError, MemoryError):
        raise
    except BaseException as error:
        # Parsers of foreign bytes raise what they like, some of them only when a field is asked for. Whatever it is, it
        # is no evidence, and one broken candidate does not end the run.
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        return _rejected(candidate, root, _unreadable(error), stated=signer, authentic=authentic)
    if statement is not None and statement.subjects:
        return AboutSource(
            digest=candidate.digest,
            layer=candidate.layer,
            kind=candidate.kind,
            root=root.name,
            signer=signer,
            content=material.content,
            times=proven.times,
            logs=proven.logs,
            notes=proven.notes,
            stale=_stale(material, proven, root, now),
            statement=statement,
            annotations={},
            seal=evidence._SEAL,  # noqa: SLF001
        )
    return Verified(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        subject=artifact.asked,
        root=root.name,
        signer=signer,
        content=material.content,
        times=proven.times,
        logs=proven.logs,
        notes=proven.notes,
        stale=_stale(material, proven, root, now),
        statement=statement,
        annotations=statement.annotations if statement is not None else annotations,
        seal=evidence._SEAL,  # noqa: SLF001
    )


def _rejected(
    candidate: Candidate,
    root: Root,
    failure: Failed,
    *,
    stated: Identity | KeyIdentity | None = None,
    authentic: bool = False,
    also: tuple[tuple[Step, str], ...] = (),
) -> Rejected:
    return Rejected(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        step=failure.step,
        reason=_short(str(failure)),
        stated=stated,
        authentic=authentic,
        doubt=failure.doubt,
        also=tuple((step, _short(reason)) for step, reason in also),
        root=root.name,
    )


def _unreadable(error: BaseException) -> Failed:
    """What no parser of foreign bytes raises is our own fault, and says nothing about the evidence."""
    if isinstance(error, _UNREADABLE) or _is_panic(error):
        return Failed(Step.FORMAT, f"it cannot be read: {type(error).__name__}: {error}")
    return Failed(Step.FORMAT, f"internal error: {type(error).__name__}: {error}", doubt=Doubt.INTERNAL)


def _is_panic(error: BaseException) -> bool:
    """A panic in a library that is written in Rust is no `Exception`; its class has a name and no place to import it
    from.
    """
    return type(error).__name__ == "PanicException"


def _short(reason: str) -> str:
    """A reason of one line: libraries quote whole proofs in theirs."""
    line = " ".join(reason.split())
    return line if len(line) <= _MAX_REASON else line[:_MAX_REASON] + "..."


def _holds(key: PublicKey, material: Material, message: Message) -> bool:
    try:
        return verifies(key, material.signature, message)
    except ValueError:
        return False


def _named_parts(material: Material, certificate: x509.Certificate, root: Root, now: datetime) -> Named:
    """Step 3. What is not in the root may be newer than the root: then the fault is ours (rule 28)."""
    stated_time = certificate.not_valid_before_utc
    doubt = None
    if root.dated is not None and root.dated < stated_time <= now + CLOCK_SKEW:
        doubt = Doubt.STALE

    def unknown(what: str) -> Failed:
        dated = f" of {root.dated.date()}" if root.dated else ""
        return Failed(Step.TRUST_ROOT, f"its {what} is not in the trust root {root.name!a}{dated}", doubt=doubt)

    logs = []
    for entry in material.entries:
        log = next((log for log in root.logs if log.key_id == entry.log_id), None)
        if log is None:
            raise unknown(f"transparency log {entry.log_id.hex()}")
        logs.append(log)
    authorities = tuple(authority for authority in root.authorities if authority.issued(certificate))
    if not authorities:
        raise unknown(f"certificate authority {certificate.issuer.rfc4514_string()!a}")
    ct_log: CtLog | None = None
    if not root.ctless:
        try:
            sct = embedded_sct(certificate)
        except ValueError as error:
            raise Failed(Step.SCT, str(error)) from None
        ct_log = next((log for log in root.ct_logs if log.key_id == sct.log_id), None)
        if ct_log is None:
            raise unknown(f"certificate transparency log {sct.log_id.hex()}")
    try:
        timestamps = root.known_timestamps(material.timestamps)
    except (ValueError, KeyError) as error:
        raise Failed(Step.TIME, f"its timestamp cannot be read: {error}") from None
    if material.timestamps and not timestamps:
        raise unknown("timestamp authority")
    return Named(logs=tuple(logs), authorities=authorities, ct_log=ct_log, timestamps=timestamps)


def _is_about(material: Material, artifact: Artifact, limits: Limits) -> bool:
    """Whether what a signature that holds is over is about the artifact, or its source, as far as it can be read."""
    try:
        if material.content is Content.STATEMENT:
            read_statement(material.payload, artifact, limits)
        elif material.content is Content.SIMPLE_SIGNING:
            read_simple_payload(material.payload, artifact, limits)
    except NotAbout:
        return False
    except Refused as error:
        return error.costly
    return True


def _stale(material: Material, proven: Proven, root: Root, now: datetime) -> str | None:
    """What of a key's signature a newer root may know: it says that it was logged or stamped later than the date of
    this one, and not later than now (rule 28).
    """
    if root.dated is None or not proven.missing:
        return None
    known = {log.key_id for log in root.logs}
    stated = [time.timestamp() for time in (*proven.times, *stated_times(material.timestamps))]
    stated += [entry.integrated for entry in material.entries if entry.log_id not in known]
    if not any(root.dated.timestamp() < time <= (now + CLOCK_SKEW).timestamp() for time in stated):
        return None
    return f"{', and '.join(proven.missing)} {root.name!a} of {root.dated.date()}"


def _check_windows(material: Material, named: Named, certificate: x509.Certificate, proven: Proven, root: Root) -> None:
    """Step 5, for every verified time: one that does not fit rejects, however many others do (rule 4).

    The certificate's own window is the chain's to check.
    """
    check_log_windows(material.entries, root, proven.times)
    if named.ct_log is not None:
        issued = issued_at(embedded_sct(certificate))
        windows = [log.window for log in root.ct_logs if log.key_id == named.ct_log.key_id]
        if not any(window.holds(issued) for window in windows):
            raise Failed(Step.SCT, f"its certificate transparency log's key was not in use at {spell_moment(issued)}")
