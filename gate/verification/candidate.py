"""One candidate, one trust root -> `Verified` or `Rejected`: the order of a verification.

What comes in: a candidate's bytes (untrusted), a root, the signers' keys, the artifact. What goes out: the verdict on
each signature in it, with the step that failed first. It does not ask whose signature the policy wants: that is judged
later, from the identity.

The steps follow sigstore's client specification ("Verification") with what it leaves to the client and design sections
9 and 12 demand. A `Verified` is made once, at the end of all of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cryptography import x509

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
from gate.verification.named import CLOCK_SKEW, check_windows, named_parts, stale
from gate.verification.rejection import UNREADABLE, is_panic, rejected, unreadable
from gate.verification.statement import PAYLOAD_TYPE, NotAbout, read_statement
from gate.verification.steps import Failed, is_issued, still_failing, verify_with_certificate, verify_with_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from gate.discovery import Candidate
    from gate.limits import Limits
    from gate.verification.keys import PublicKey
    from gate.verification.material import Message
    from gate.verification.roots import Root
    from gate.verification.statement import Artifact


def verify_candidate(
    candidate: Candidate, root: Root, keys: Sequence[PublicKey], artifact: Artifact, *, now: datetime, limits: Limits
) -> list[Signed | Rejected]:
    """Verify each signature that a candidate holds, for one artifact and within one root."""
    try:
        # 1. Format: strict JSON of a known version; what is signed, by what, with which proofs.
        materials = _read(candidate, limits)
        _count(materials, limits)
    except Refused as error:
        return [rejected(candidate, root, Failed(Step.FORMAT, str(error)))]
    except (GateError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        return [rejected(candidate, root, unreadable(error))]
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
            except UNREADABLE as error:
                raise Failed(Step.CERTIFICATE, f"its certificate cannot be read: {error}") from None
            # 3. Trust root: the logs, the CA, the CT log and the timestamp authority that it names are in this root.
            named = named_parts(material, certificate, root, now)
            # 4. Times, log entries, chain, SCT, profile, signature and binding: `steps`.
            proven = verify_with_certificate(material, message, certificate, named, root)
            # 5. Windows: log keys and the CT log were in use, ends included, at each verified time.
            check_windows(material, named, certificate, proven, root)
        else:
            # 2.-5. of a key: whoever of the policy's keys verifies it; then entries, timestamps and windows: `steps`.
            key = next((key for key in keys if _holds(key, material, message)), None)
            if key is None:
                names = "the policy names no key" if not keys else "no key of the policy verifies it"
                raise Failed(Step.SIGNATURE, f"it is signed with a key, and {names}")
            signer = KeyIdentity(fingerprint=fingerprint(key))
            proven = verify_with_key(material, message, key, root)
        authentic = True

        # 6. Payload: only now is it parsed.  7. Subject: it is about this artifact, or of a type that is about sources.
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

        # 8. Clock: nothing was signed in the future. Last, so that it is the only thing that is wrong (rule 28).
        if proven.times and proven.times[-1] > now + CLOCK_SKEW:
            ahead = f"it was signed at {spell_moment(proven.times[-1])}, and the clock here says {spell_moment(now)}"
            raise Failed(Step.TIME, ahead, doubt=Doubt.CLOCK)
    except Failed as failure:
        also = () if certificate is None else still_failing(material, message, certificate, failure.step)
        if also:
            failure.doubt = None  # no other root and no other clock would have made it verify
        elif certificate is not None and failure.doubt is Doubt.STALE:
            # Whose it is is known, and of what, though not whether it counts.
            authentic = is_issued(certificate, root) and _is_about(material, artifact, limits)
        return rejected(candidate, root, failure, stated=signer, authentic=authentic, also=also)
    except (GateError, MemoryError):
        raise
    except BaseException as error:
        # Parsers of foreign bytes raise what they like, some of them only when a field is asked for. Whatever it is, it
        # is no evidence, and one broken candidate does not end the run.
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        return rejected(candidate, root, unreadable(error), stated=signer, authentic=authentic)
    make: type[AboutSource] | partial[Verified] = partial(Verified, subject=artifact.asked)
    if statement is not None and statement.subjects:
        make = AboutSource
    return make(
        digest=candidate.digest,
        layer=candidate.layer,
        kind=candidate.kind,
        root=root.name,
        signer=signer,
        content=material.content,
        times=proven.times,
        logs=proven.logs,
        notes=proven.notes,
        stale=stale(material, proven, root, now),
        statement=statement,
        annotations=statement.annotations if statement is not None else annotations,
        seal=evidence._SEAL,  # noqa: SLF001
    )


def _holds(key: PublicKey, material: Material, message: Message) -> bool:
    try:
        return verifies(key, material.signature, message)
    except ValueError:
        return False


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
