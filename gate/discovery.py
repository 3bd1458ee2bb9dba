"""An image's digest -> the candidates attached to it, and the ledger of where we looked.

What comes in: a `Source`. What goes out: `Discovery`: untrusted candidates, counted and bounded, from the union of
every place that is known, and one `LedgerEntry` a place with what was asked, found and missed. It verifies nothing,
trusts no listing (what a manifest refers to is read from the manifest itself), and never turns a place that could not
be read into an empty one.

Each round goes out at once, so the number of sequential round trips does not depend on how much is attached:
listings, then manifests, then blobs (design section 7).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gate.errors import CouldNotLook, GateError, LimitExceeded, Malformed
from gate.parallel import run_round
from gate.reference import Digest
from gate.sources import Answer, Content, Listing
from gate.sources.file import read_bundles, read_file
from gate.sources.manifest import parse_manifest
from gate.strictjson import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gate.limits import Deadline, Limits
    from gate.sources import Source
    from gate.sources.manifest import Descriptor, Manifest

T = TypeVar("T")

_REFERRERS_TAG = "referrers-tag"
_OK = 200
_TAG_LIMIT = 128  # distribution-spec: a tag has at most 128 characters


class Kind(StrEnum):
    """What a candidate's media type says that it is."""

    BUNDLE = "sigstore-bundle"
    SIMPLE_SIGNING = "cosign-simple-signing"
    DSSE = "dsse-envelope"
    OTHER = "other"


_KINDS = {
    "application/vnd.dev.sigstore.bundle.v0.3+json": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.1": Kind.BUNDLE,
    "application/vnd.dev.cosign.simplesigning.v1+json": Kind.SIMPLE_SIGNING,
    "application/vnd.dsse.envelope.v1+json": Kind.DSSE,
    "application/vnd.in-toto+json": Kind.DSSE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something attached to the image that may be evidence. Nothing about it is trusted.

    `digest` is the manifest's that carries it (what a registry knows it by), `layer` its place in that manifest,
    `raw` its bytes, whose digest was checked; empty for `Kind.OTHER`, which is not fetched. `problem` says why a
    manifest that was listed is not one. `annotations` are its layer's.
    """

    digest: Digest
    layer: int
    kind: Kind
    media_type: str
    place: str
    raw: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One place that was looked at. `complete` is False if something there could not be read; `error` says why."""

    place: str
    asked: str
    status: int | None
    found: int
    bytes: int
    complete: bool
    error: CouldNotLook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Everything that was found, and where."""

    image: Content
    candidates: tuple[Candidate, ...]
    ledger: tuple[LedgerEntry, ...]
    credentials: str | None = None
    """Where the credentials came from that the source was shown; None if none were."""

    @property
    def missed(self) -> tuple[CouldNotLook, ...]:
        """Why the ledger is incomplete; empty if every place was read to its end."""
        return tuple(entry.error for entry in self.ledger if entry.error is not None)


def discover(source: Source, *, digest: Digest | None, limits: Limits, deadline: Deadline) -> Discovery:
    """Resolve the image once, then find what is attached to its digest.

    `digest` is the reference's own, if it has one: then the image and the listings are asked for together. Raises
    `CouldNotLook` if the image itself cannot be had; everything after that is in the ledger.
    """
    look = _Look(source, limits, deadline)
    image = look.resolve_and_list(digest)
    look.fetch_blobs(look.fetch_manifests())
    return Discovery(
        image=image,
        candidates=tuple(sorted(look.candidates, key=lambda item: (item.digest, item.layer))),
        ledger=tuple(look.ledger),
        credentials=source.credentials,
    )


def discover_file(path: str, bundle: str, *, limits: Limits) -> Discovery:
    """A file, and the bundles that were named with it. Nothing else is looked for."""
    artifact = read_file(path)
    bundles = read_bundles(bundle, limits)
    candidates = [
        Candidate(
            digest=Digest("sha256", hashlib.sha256(raw).hexdigest()),
            layer=0,
            kind=Kind.BUNDLE,
            media_type="",
            place="bundle",
            raw=raw,
        )
        for raw in bundles
    ]
    size = sum(map(len, bundles))
    entry = LedgerEntry(place="bundle", asked=bundle, status=None, found=len(bundles), bytes=size, complete=True)
    return Discovery(
        image=artifact, candidates=tuple(sorted(candidates, key=lambda item: item.digest)), ledger=(entry,)
    )


def referrers_tag(subject: Digest) -> str:
    """The tag that lists referrers where the API is missing (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"[:_TAG_LIMIT]


def cosign_tag(subject: Digest, suffix: str) -> str:
    """Cosign's tag for what it attached to `subject`: suffix `sig` or `att` (cosign's SPEC.md, "Discovery")."""
    return f"{subject.algorithm}-{subject.hex}.{suffix}"


class _Look:
    """One search: where it stands, and the ledger as it grows."""

    def __init__(self, source: Source, limits: Limits, deadline: Deadline) -> None:
        self.source = source
        self.limits = limits
        self.deadline = deadline
        self.ledger: list[LedgerEntry] = []
        self.listed: dict[Digest, str] = {}
        self.tagged: list[tuple[str, Content]] = []
        self.candidates: list[Candidate] = []
        self.unbound: frozenset[Digest] = frozenset()

    def resolve_and_list(self, digest: Digest | None) -> Content:
        """The image, then the referrers listing, the referrers tag and cosign's tags, all at once."""
        if digest is None:
            image = self.source.resolve()
            answers: list[object] = [*self._round(self._places(image.digest))]
        else:
            first, *answers = [*self._round([self.source.resolve, *self._places(digest)])]
            if isinstance(first, GateError):
                raise first
            assert isinstance(first, Content)
            image = first
        self.subject = image.digest
        self._note("image", str(image.digest), None, 1, len(image.raw))
        listing, *tags = answers
        self._take_listing(listing, has_tag=_holds(tags[0], other_than=image.digest))
        for (place, tag), answer in zip(_tags(image.digest), tags, strict=True):
            self._take_tag(place, tag, answer)
        if len(self.listed) + len(self.tagged) > self.limits.referrers:
            self.listed.clear()
            over = LimitExceeded(f"more than {self.limits.referrers} referrers; none of them was looked at")
            self._missed("referrers", str(image.digest), over)
        return image

    def fetch_manifests(self) -> list[tuple[str, Content, Manifest]]:
        """Every manifest that was listed; only those whose own subject is the image count."""
        fetched = list(self.tagged)
        digests = sorted(self.listed)
        answers = self._fetch("manifests", [partial(self.source.manifest, digest) for digest in digests])
        fetched += [(self.listed[content.digest], content) for _, content in answers]
        kept = []
        for place, content in fetched:
            try:
                manifest = parse_manifest(content, self.limits)
            except Refused as error:  # right bytes that cannot be read: a rejected candidate, no gap (rule 6)
                problem = f"its manifest cannot be read: {error}"
                self.candidates.append(_candidate(content, place, Kind.OTHER, problem=problem))
                continue
            refers = manifest.subject is not None and manifest.subject.digest == self.subject
            unbound = manifest.subject is None and content.digest in self.unbound
            if refers or unbound or place.startswith("cosign-"):
                kept.append((place, content, manifest))
        return kept

    def fetch_blobs(self, manifests: list[tuple[str, Content, Manifest]]) -> None:
        """Every blob that may be evidence; what is none is listed and not fetched."""
        wanted: list[tuple[Candidate, Descriptor]] = []
        for place, content, manifest in manifests:
            if len(manifest.layers) > self.limits.layers:
                over = LimitExceeded(f"{content.digest} has more than {self.limits.layers} layers")
                self._missed("blobs", str(content.digest), over)
                continue
            for number, layer in enumerate(manifest.layers):
                kind = _KINDS.get(layer.media_type.replace(" ", ""), Kind.OTHER)
                candidate = replace(
                    _candidate(content, place, kind, layer=number, media_type=layer.media_type),
                    annotations=layer.annotations,
                )
                if kind is Kind.OTHER:
                    self.candidates.append(candidate)
                else:
                    wanted.append((candidate, layer))
        total = sum(layer.size for _, layer in wanted)
        if total > self.limits.evidence_bytes:
            over = LimitExceeded(f"{total} bytes of evidence; at most {self.limits.evidence_bytes} are read")
            self._missed("blobs", str(self.subject), over)
            return
        blobs = self._fetch("blobs", [partial(self.source.blob, layer) for _, layer in wanted])
        self.candidates += [replace(wanted[number][0], raw=raw) for number, raw in blobs]

    def _places(self, subject: Digest) -> list[Callable[[], Listing | Answer]]:
        tags = [partial(self.source.tagged, tag) for _, tag in _tags(subject)]
        return [partial(self.source.referrers, subject), *tags]

    def _take_listing(self, listing: object, *, has_tag: bool) -> None:
        """The listing. What answers 200 with something else has no such API if the referrers tag is there in its place;
        if not, it may be a login page or a proxy, and says nothing about the image.
        """
        place, asked = self.source.listing_place, str(self.subject)
        if isinstance(listing, GateError):
            self._missed(place, asked, listing)
            return
        assert isinstance(listing, Listing)
        if not listing.supported and listing.status == _OK and not has_tag:
            other = "answered 200 with something that is no index (a login page? a proxy?)"
            self._missed(place, asked, Malformed(f"the listing of what refers to {asked} {other}", status=_OK))
            return
        self._note(place, _at(asked, listing), listing.status, len(listing.descriptors), listing.bytes)
        self._add(place, listing.descriptors)
        self.unbound = listing.unbound

    def _take_tag(self, place: str, tag: str, answer: object) -> None:
        if isinstance(answer, GateError):
            self._missed(place, tag, answer)
            return
        assert isinstance(answer, Answer)
        content = answer.content
        # GitLab's registry resolves the referrers tag to the image itself (oras-go#1396): that lists nothing.
        if content is None or content.digest == self.subject:
            self._note(place, _at(tag, answer), answer.status, 0, 0)
            return
        try:
            manifest = parse_manifest(content, self.limits)
        except Refused as error:
            # The tag says that there is something: what cannot be read is not the same as nothing.
            self._missed(place, tag, Malformed(f"{tag} cannot be read: {error}", status=answer.status))
            return
        if manifest.index != (place == _REFERRERS_TAG):
            kind = "an index" if manifest.index else "an image manifest"
            self._missed(
                place, tag, Malformed(f"{tag} holds {kind}, which does not belong there", status=answer.status)
            )
            return
        found = len(manifest.manifests) if manifest.index else len(manifest.layers)
        self._note(place, _at(tag, answer), answer.status, found, len(content.raw))
        if place == _REFERRERS_TAG:
            self._add(place, manifest.manifests)
        else:
            self.tagged.append((place, content))

    def _add(self, place: str, descriptors: Iterable[Descriptor]) -> None:
        for descriptor in descriptors:
            self.listed.setdefault(descriptor.digest, place)

    def _round(self, asks: Sequence[Callable[[], T]]) -> list[T | GateError]:
        return run_round(asks, deadline=self.deadline, width=self.limits.concurrency)

    def _fetch(self, place: str, asks: Sequence[Callable[[], T]]) -> list[tuple[int, T]]:
        """One round: its values with their number, its failures in the ledger."""
        values: list[tuple[int, T]] = []
        size = 0
        for number, answer in enumerate(self._round(asks)):
            if isinstance(answer, GateError):
                self._missed(place, str(number), answer)
            else:
                values.append((number, answer))
                size += len(answer.raw if isinstance(answer, Content) else answer)  # type: ignore[arg-type]
        self._note(place, f"{len(asks)} by digest", None, len(values), size)
        return values

    def _note(self, place: str, asked: str, status: int | None, found: int, size: int) -> None:
        self.ledger.append(LedgerEntry(place=place, asked=asked, status=status, found=found, bytes=size, complete=True))

    def _missed(self, place: str, asked: str, error: GateError) -> None:
        if not isinstance(error, CouldNotLook):
            raise error  # a bug of ours, or an invalid input: not something that a registry did
        self.ledger.append(
            LedgerEntry(place=place, asked=asked, status=error.status, found=0, bytes=0, complete=False, error=error)
        )


def _tags(subject: Digest) -> list[tuple[str, str]]:
    cosign = [(f"cosign-{suffix}", cosign_tag(subject, suffix)) for suffix in ("sig", "att")]
    return [(_REFERRERS_TAG, referrers_tag(subject)), *cosign]


def _at(asked: str, answer: Answer | Listing) -> str:
    """What was asked, and of whom where that may be a mirror."""
    return f"{asked} at {answer.by}" if answer.by else asked


def _holds(answer: object, *, other_than: Digest) -> bool:
    """Whether a tag is there, and is not the image itself."""
    return isinstance(answer, Answer) and answer.content is not None and answer.content.digest != other_than


def _candidate(
    content: Content, place: str, kind: Kind, *, layer: int = 0, media_type: str = "", problem: str = ""
) -> Candidate:
    return Candidate(
        digest=content.digest, layer=layer, kind=kind, media_type=media_type, place=place, raw=b"", problem=problem
    )
