"""Why the verification of a candidate ended -> `Rejected`.

What comes in: the candidate, the root and the failure, or whatever a parser of foreign bytes raised over it. What goes
out: a rejection with a reason of one line. It decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gate.verification.evidence import Doubt, Identity, KeyIdentity, Rejected, Step
from gate.verification.steps import Failed

if TYPE_CHECKING:
    from gate.discovery import Candidate
    from gate.verification.roots import Root

_MAX_REASON: Final = 300
UNREADABLE: Final = (ValueError, TypeError, KeyError, x509.InvalidVersion, UnsupportedAlgorithm)
"""What libraries raise for bytes that are none of theirs, some of it only when a part is asked for."""


def rejected(
    candidate: Candidate,
    root: Root,
    failure: Failed,
    *,
    stated: Identity | KeyIdentity | None = None,
    authentic: bool = False,
    also: tuple[tuple[Step, str], ...] = (),
) -> Rejected:
    """A candidate that is no evidence in this root; the rest as `Rejected` has it."""
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


def unreadable(error: BaseException) -> Failed:
    """Whatever reading foreign bytes raised. What no parser of them raises is our own fault, and says nothing about the
    evidence.
    """
    if isinstance(error, UNREADABLE) or is_panic(error):
        return Failed(Step.FORMAT, f"it cannot be read: {type(error).__name__}: {error}")
    return Failed(Step.FORMAT, f"internal error: {type(error).__name__}: {error}", doubt=Doubt.INTERNAL)


def is_panic(error: BaseException) -> bool:
    """A panic in a library that is written in Rust is no `Exception`; its class has a name and no place to import it
    from.
    """
    return type(error).__name__ == "PanicException"


def _short(reason: str) -> str:
    """A reason of one line: libraries quote whole proofs in theirs."""
    line = " ".join(reason.split())
    return line if len(line) <= _MAX_REASON else line[:_MAX_REASON] + "..."
