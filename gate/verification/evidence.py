"""What verification says: `Verified` or `Rejected`, and the facts inside them.

`Verified` can only be made by verification: it needs the seal that this room keeps. Nothing downstream sees bytes that
were not verified.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gate.sigstore_private import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.discovery import Kind
    from gate.reference import Digest
    from gate.strictjson import JSON

__all__ = ["Doubt", "Evidence", "Identity", "LogEntry", "Rejected", "Statement", "Step", "Verified"]

_SEAL: Final = object()


class Doubt(StrEnum):
    """Why a rejection may be our fault and not the evidence's (design rules 6 and 28)."""

    STALE = "trust.stale"
    """Its key is not in a root whose date is older than the evidence."""
    CLOCK = "clock"
    """Its time is ahead of this machine's clock."""
    UNREADABLE = "unreadable"
    """Its signature verified, but its payload is deeper or larger than gate reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a certificate names: `subject` is its one subject alternative name, `extensions` Fulcio's, by their
    documented names.
    """

    issuer: str
    subject: str
    extensions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Where a transparency log holds the signature. `log` is the log's id in hex; `integrated` only Rekor v1 knows."""

    log: str
    index: int
    integrated: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An in-toto statement (v0.1 or v1) whose signature verified and whose subject is the image."""

    version: str
    predicate_type: str
    predicate: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a candidate was found: the digest of the manifest that carries it, and its layer there."""

    digest: Digest
    layer: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Evidence):
    """A signature that holds, within the one root `root`, for `subject` and for nothing else.

    `times` are the verified times of the signature, earliest first; there is at least one.
    """

    subject: Digest
    root: str
    signer: Identity
    times: tuple[datetime, ...]
    log: LogEntry
    statement: Statement
    seal: InitVar[object] = field(default=None)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only verification makes a Verified")
        if not self.times:
            raise TypeError("a Verified without a verified time")

    @property
    def signed_at(self) -> datetime:
        """The earliest verified time (rule 4)."""
        return self.times[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Evidence):
    """A candidate that is no evidence: the first step that failed, and why.

    `stated` is who it says that it is from: unverified, for messages only, unless `authentic`: then its signature did
    verify for that signer and what failed came after.
    """

    step: Step
    reason: str
    stated: Identity | None = None
    authentic: bool = False
    doubt: Doubt | None = None
