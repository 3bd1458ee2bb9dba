"""Real bundles to break, and the few calls that every test of this room makes.

What comes in: the lab's layouts and root. What goes out: fresh copies as JSON, and what verification says of an edited
one. Nothing here signs anything; `forge` does.
"""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import trust
from gate.discovery import Candidate, Discovery, Kind, discover
from gate.limits import Deadline, Limits
from gate.reference import Digest, parse_reference
from gate.sources import Content
from gate.sources.layout import LayoutSource
from gate.verification import Artifact, Identity, Rejected, Root, Statement, Verified, verify
from tests.conftest import LAB
from tests.forge import SIGNED_AT, JSONObject, Sigstore, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.verification import PublicKey
    from tests.forge import Recipe

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FORGED_NOW = SIGNED_AT.replace(day=2)
LIMITS = Limits()
ROOT_RAW = (LAB / "trusted_root.json").read_bytes()
CASES = sorted(path.parent.name for path in LAB.glob("*/index.json"))
KEYED = ("keyed-bundle", "keyed-legacy")

ENTRY = "verificationMaterial.tlogEntries.0"
PROOF = f"{ENTRY}.inclusionProof"
CHECKPOINT = f"{PROOF}.checkpoint.envelope"
STAMPS = "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
CERTIFICATE = "verificationMaterial.certificate.rawBytes"
SIGNATURE = "dsseEnvelope.signatures.0.sig"
PAYLOAD = "dsseEnvelope.payload"

DROP = object()
"""`edited` with this value takes the part away."""


@cache
def found(case: str) -> Discovery:
    """What discovery finds in one of the lab's layouts."""
    source = LayoutSource(parse_reference(f"oci:{LAB / case}"), limits=LIMITS)
    return discover(source, digest=None, limits=LIMITS, deadline=Deadline(60))


def image(case: str = "agent-signed") -> Content:
    """The image of a case."""
    return found(case).image


def bundle(case: str = "agent-signed", number: int = 0) -> JSONObject:
    """A fresh copy of a real bundle. `agent-signed` has its provenance first and its signature, entry 0, second."""
    document: JSONObject = json.loads(found(case).candidates[number].raw)
    return document


def root_document() -> JSONObject:
    """A fresh copy of the lab's trusted root."""
    document: JSONObject = json.loads(ROOT_RAW)
    return document


def load(document: Mapping[str, Any], *, name: str = "lab", built_in: bool = False) -> Root:
    """A root from a document; `built_in` gives it a date."""
    raw = json.dumps(document).encode()
    return Root(trust._built_in(name, raw) if built_in else trust.parse(name, raw, dated=None))


@cache
def lab_root() -> Root:
    """The lab's root, as it is."""
    return load(root_document())


@cache
def forged_root(sigstore: Sigstore | None = None) -> Root:
    """The root of a forged instance."""
    return load((sigstore or Sigstore()).root(), name="forged")


FORGED_IMAGE_RAW = b'{"schemaVersion":2,"layers":[]}'
FORGED_HEX = hashlib.sha256(FORGED_IMAGE_RAW).hexdigest()
FORGED_IMAGE = Content(digest=Digest("sha256", FORGED_HEX), media_type="", raw=FORGED_IMAGE_RAW)


def about_forged(**fields: Any) -> bytes:
    """A statement about the forged image."""
    return statement(FORGED_HEX, **fields)


def at(document: Any, path: str) -> Any:
    """The part of a document at a path: keys and numbers between dots."""
    for step in path.split("."):
        document = document[int(step) if step.isdigit() else step]
    return document


def edited(document: JSONObject, path: str, value: object) -> JSONObject:
    """A copy with one part changed, or taken away with `DROP`."""
    changed = copy.deepcopy(document)
    parent, _, last = path.rpartition(".")
    holder: Any = at(changed, parent) if parent else changed
    key = int(last) if last.isdigit() else last
    if value is DROP:
        del holder[key]
    else:
        holder[key] = value
    return changed


def candidate(raw: bytes, *, kind: Kind = Kind.BUNDLE, layer: int = 0) -> Candidate:
    """A candidate as discovery would hand it on."""
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    return Candidate(digest=digest, layer=layer, kind=kind, media_type="", place="test", raw=raw)


def outcome(
    document: Mapping[str, Any] | bytes,
    *roots: Root,
    about: Content | None = None,
    now: datetime = NOW,
    limits: Limits = LIMITS,
) -> Verified | Rejected:
    """The one piece of evidence that a bundle becomes."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    artifact = Artifact.of(about or image())
    found = verify([candidate(raw)], artifact, roots or (lab_root(),), [], now=now, limits=limits)
    assert len(found) == 1
    evidence = found[0]
    assert isinstance(evidence, Verified | Rejected)
    return evidence


def verified(document: Mapping[str, Any] | bytes, *roots: Root, **options: Any) -> Verified:
    """The evidence of a bundle that must verify."""
    evidence = outcome(document, *roots, **options)
    assert isinstance(evidence, Verified), evidence
    return evidence


def rejected(document: Mapping[str, Any] | bytes, *roots: Root, **options: Any) -> Rejected:
    """The rejection of a bundle that must not verify."""
    evidence = outcome(document, *roots, **options)
    assert isinstance(evidence, Rejected), "it verified"
    return evidence


def forged_outcome(document: Mapping[str, Any], *roots: Root, now: datetime = FORGED_NOW) -> Verified | Rejected:
    """What verification says of a forged bundle about the forged image."""
    return outcome(document, *(roots or (forged_root(),)), about=FORGED_IMAGE, now=now)


def forged_verified(document: Mapping[str, Any], *roots: Root, now: datetime = FORGED_NOW) -> Verified:
    """The evidence of a forged bundle that must verify."""
    evidence = forged_outcome(document, *roots, now=now)
    assert isinstance(evidence, Verified), evidence
    return evidence


def forged_rejected(document: Mapping[str, Any], *roots: Root, now: datetime = FORGED_NOW) -> Rejected:
    """The rejection of a forged bundle that must not verify."""
    evidence = forged_outcome(document, *roots, now=now)
    assert isinstance(evidence, Rejected), "it verified"
    return evidence


@cache
def trusted(sigstore: Sigstore) -> Root:
    """An instance's root."""
    return root_with(sigstore)


def root_with(sigstore: Sigstore, **parts: Sequence[JSONObject]) -> Root:
    """An instance's root with whole lists replaced; one without a log or CT log says so."""
    raw = json.dumps(sigstore.root(**parts)).encode()
    none = {"log_none": not sigstore.has_log, "ct_none": not sigstore.has_ct}
    return Root(trust.parse("forged", raw, dated=None, **none))


def forged_evidence(
    recipe: Recipe,
    *roots: Root,
    about: Content | None = None,
    keys: Sequence[PublicKey] | None = None,
    now: datetime = FORGED_NOW,
) -> Verified | Rejected:
    """What verification says of what a recipe makes; without more, in its own instance's root and under its own key."""
    signed = recipe.make()
    layer = Candidate(
        digest=Digest("sha256", hashlib.sha256(signed.raw).hexdigest()),
        layer=0,
        kind=Kind(recipe.format.wrap),
        media_type=recipe.format.media_type,
        place="test",
        raw=signed.raw,
        annotations=signed.annotations,
    )
    named = ([recipe.key.public_key()] if recipe.format.keyed else []) if keys is None else keys
    trust_roots = roots or (trusted(recipe.instance),)
    artifact = Artifact.of(about or FORGED_IMAGE)
    evidence, *others = verify([layer], artifact, trust_roots, named, now=now, limits=LIMITS)
    assert isinstance(evidence, Verified | Rejected)
    assert all(other == evidence for other in others), "a layer may hold one signature several times"
    return evidence


def who(evidence: Verified) -> Identity:
    """Whom a certificate's evidence is from."""
    assert isinstance(evidence.signer, Identity)
    return evidence.signer


def said(evidence: Verified) -> Statement:
    """What an attestation says."""
    assert evidence.statement is not None
    return evidence.statement


def real_bundles() -> Iterator[tuple[str, int]]:
    """Every keyless bundle of the lab: its case, and its number there."""
    for case in CASES:
        if case not in KEYED:
            for number in range(len(found(case).candidates)):
                yield case, number


def forged_root_with(**parts: Any) -> Root:
    """The forged instance's root with whole lists replaced."""
    return load(Sigstore().root(**parts), name="forged")


@cache
def public_good() -> Root:
    """sigstore.dev's root, as it is built in."""
    return Root(trust.load(trust.PUBLIC_GOOD, folder=Path()))


CONFORMANCE = LAB.parent / "conformance"


def conformance(name: str) -> bytes:
    """A file of the sigstore-conformance suite."""
    return (CONFORMANCE / name).read_bytes()


def artifact() -> Content:
    """The artifact that the conformance suite's bundles are about, as if it were an image's manifest."""
    raw = conformance("a.txt")
    return Content(digest=Digest("sha256", hashlib.sha256(raw).hexdigest()), media_type="", raw=raw)
