"""What verification says: `Verified`, `AboutSource` or `Rejected`, and the facts inside them.

The first two can only be made by verification: they need the seal that this room keeps. Nothing downstream sees bytes
that were not verified. A statement about a commit is a type of its own, so that nothing takes it for one about the
image.
"""

from __future__ import annotations

import json
from dataclasses import InitVar, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from gate.verification.material import Content

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.discovery import Kind
    from gate.reference import Digest
    from gate.strictjson import JSON

__all__ = [
    "AboutSource",
    "Barred",
    "Content",
    "Doubt",
    "Evidence",
    "Identity",
    "KeyIdentity",
    "LogEntry",
    "Rejected",
    "Signed",
    "Statement",
    "Step",
    "Subject",
    "Verified",
    "without_predicate",
]

_SEAL: Final = object()


class Step(StrEnum):
    """The steps of a verification, by the part that fails (sigstore's client specification, "Verification").

    In the order in which a candidate comes furthest.
    """

    FORMAT = "format"
    CERTIFICATE = "certificate"
    TRUST_ROOT = "trust-root"
    TIME = "time"
    CHAIN = "chain"
    SCT = "sct"
    LOG = "log"
    SIGNATURE = "signature"
    LOG_ENTRY = "log-entry"
    PAYLOAD = "payload"
    SUBJECT = "subject"


class Doubt(StrEnum):
    """Why a rejection may be our fault and not the evidence's (design rules 6 and 28)."""

    STALE = "trust.stale"
    """Its key is not in a root whose date is older than the evidence."""
    CLOCK = "clock"
    """Its time is ahead of this machine's clock."""
    UNREADABLE = "unreadable"
    """Its signature verified, but its payload is deeper or larger than gate reads."""
    INTERNAL = "internal"
    """gate itself broke over it."""


class Barred(StrEnum):
    """Why evidence that passed every step counts for nothing all the same."""

    DENIED = "denied"
    """The policy denies who signed it, or the builder that it names (design rule 9)."""


class Identity(Struct, frozen=True, kw_only=True):
    """Who a certificate names: `subject` is its one subject alternative name, `extensions` Fulcio's, by their
    documented names.
    """

    issuer: str
    subject: str
    extensions: Mapping[str, str]

    @property
    def name(self) -> str:
        """Who it is, for a message."""
        return self.subject


class KeyIdentity(Struct, frozen=True, kw_only=True):
    """Whoever holds a key: `fingerprint` is the SHA-256 of its SubjectPublicKeyInfo, in hex."""

    fingerprint: str

    @property
    def name(self) -> str:
        """Who it is, for a message."""
        return f"key sha256:{self.fingerprint}"


class LogEntry(Struct, frozen=True, kw_only=True):
    """Where a transparency log holds the signature. `log` is the log's id in hex; `integrated` only Rekor v1 knows."""

    log: str
    index: int
    integrated: datetime | None


class Subject(Struct, frozen=True, kw_only=True):
    """A subject of a statement about the source, with those of its digests that are texts."""

    name: str
    uri: str
    digests: Mapping[str, str]
    annotations: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An in-toto statement (v0.1 or v1) whose signature verified and whose subject is the artifact.

    `annotations` are those of that subject, where cosign 3 keeps what `cosign sign -a` was given. `payload` is the
    statement as it was signed, which has been parsed strictly: an SBOM's predicate takes ten times its place.
    `subjects` are what a statement about the source is about; of one about the artifact it is empty.
    """

    version: str
    predicate_type: str
    payload: bytes
    annotations: Mapping[str, str]
    subjects: tuple[Subject, ...] = ()

    @property
    def predicate(self) -> Mapping[str, JSON]:
        """The predicate, parsed anew each time it is asked for; unset and null are the same (in-toto)."""
        found: Mapping[str, JSON] = json.loads(self.payload).get("predicate") or {}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a candidate was found: the digest of the manifest that carries it, and its layer there."""

    digest: Digest
    layer: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Evidence):
    """A signature that holds, within the one root `root`.

    `times` are the verified times of the signature, earliest first; a certificate's has at least one. `statement` is
    None for what is no attestation; `annotations` are what the signer added to a signature. `notes` say what was
    ignored; `stale` why a newer root may have more to say of a key's signature, None if it has not.
    """

    root: str
    signer: Identity | KeyIdentity
    content: Content
    times: tuple[datetime, ...]
    logs: tuple[LogEntry, ...]
    notes: tuple[str, ...]
    statement: Statement | None
    annotations: Mapping[str, str]
    stale: str | None = None
    seal: InitVar[object] = field(default=None)

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only verification makes a Verified")
        if isinstance(self.signer, Identity) and not self.times:
            raise TypeError("a certificate's signature without a verified time")
        if (self.statement is None) == (self.content is Content.STATEMENT):
            raise TypeError("a statement is what an attestation has, and nothing else has one")

    @property
    def signed_at(self) -> datetime | None:
        """The earliest verified time (rule 4). Of a key's signature it is an upper bound, and may be None (rule 5)."""
        return self.times[0] if self.times else None

    @property
    def predicate_type(self) -> str | None:
        """The statement's predicate type; None for what is no attestation."""
        return None if self.statement is None else self.statement.predicate_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Signed):
    """A signature that holds for `subject` and for nothing else."""

    subject: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutSource(Signed):
    """A statement that holds, and that is not about the image: about commits, trees or patches (rule 1).

    It says something about the image only through build provenance that names them.
    """


SignedT = TypeVar("SignedT", bound=Signed)


def without_predicate(item: SignedT) -> SignedT:
    """The same evidence without what its predicate says: what a report needs once everything is judged."""
    if item.statement is None:
        return item
    return replace(item, statement=replace(item.statement, payload=b"{}"), seal=_SEAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Evidence):
    """A candidate that is no evidence: the first step that failed, and why; `also` is what would still fail behind it,
    of the steps that can be tried by themselves. `root` is the trust root in which it was tried, None if in none.

    `stated` is who it says that it is from: unverified, for messages only, unless `authentic`: then its signature did
    verify for that signer and what failed came after.
    """

    step: Step | Barred
    reason: str
    stated: Identity | KeyIdentity | None = None
    authentic: bool = False
    doubt: Doubt | None = None
    also: tuple[tuple[Step, str], ...] = ()
    root: str | None = None

    @property
    def by_unknown_key(self) -> bool:
        """Whether it is signed with a key, and is by none of those that were tried: a certificate is always stated."""
        return self.step is Step.SIGNATURE and self.stated is None
