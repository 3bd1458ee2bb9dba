"""The search itself: one digest, every place.

What comes in: a `Source`, and perhaps another repository that holds what is attached (`--signature-repository`). What
goes out: `Discovery`. Each round goes out at once, so the number of sequential round trips does not depend on how much
is attached: listings, then manifests, then blobs (design section 7).

Sources: OCI distribution-spec v1.1 ("Listing Referrers", "Referrers Tag Schema"); cosign's SPEC.md ("Discovery") for
`.sig`, `.att` and `.sbom`, and its `COSIGN_REPOSITORY` for another repository.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from gate.discovery.found import SBOM_PLACE, Candidate, Discovery, Kind, LedgerEntry
from gate.errors import CouldNotLook, GateError, LimitExceeded, Malformed, NotFound
from gate.limits import Tally
from gate.parallel import run_round
from gate.progress import QUIET, Phase
from gate.reference import Digest
from gate.sources import Answer, Content, Listing
from gate.sources.file import read_bundles, read_file
from gate.sources.manifest import parse_manifest
from gate.strictjson import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gate.limits import Deadline, Limits
    from gate.parallel import Share
    from gate.progress import Progress
    from gate.sources import Source
    from gate.sources.manifest import Descriptor, Manifest

T = TypeVar("T")

_REFERRERS_TAG: Final = "referrers-tag"
_OK: Final = 200
_TAG_LIMIT: Final = 128  # distribution-spec: a tag has at most 128 characters, so that a longer one holds nothing
_SUFFIXES: Final = ("sig", "att", "sbom")
_NO_EVIDENCE: Final = "an SBOM that cosign attached without a signature"

_KINDS: Final = {
    "application/vnd.dev.sigstore.bundle.v0.3+json": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.2": Kind.BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.1": Kind.BUNDLE,
    "application/vnd.dev.cosign.simplesigning.v1+json": Kind.SIMPLE_SIGNING,
    "application/vnd.dsse.envelope.v1+json": Kind.DSSE,
    "application/vnd.in-toto+json": Kind.DSSE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another repository that is looked at for what is attached: `name` says which, for the ledger."""

    name: str
    source: Source


def discover(
    source: Source,
    *,
    digest: Digest | None,
    limits: Limits,
    deadline: Deadline,
    image: Content | Callable[[], Content] | None = None,
    elsewhere: Elsewhere | None = None,
    share: Share | None = None,
    progress: Progress = QUIET,
) -> Discovery:
    """Find what is attached to one digest, in the image's own repository and, with `elsewhere`, in that one too.

    `image` is the manifest, or how to get it; by default the source's own, resolved once. `digest` is its digest where
    that is known before: then the manifest and the listings are asked for together. `share` bounds what several
    searches of one run hold at a time.

    Raises `CouldNotLook` if the manifest itself cannot be had or read; everything after that is in the ledger.
    """
    look = _Look(source, elsewhere, limits, deadline, progress)
    found = look.resolve_and_list(digest, source.resolve if image is None else image)
    progress.phase(Phase.EVIDENCE)
    look.fetch_blobs(look.fetch_manifests(), share)
    return Discovery(
        image=found,
        candidates=tuple(sorted(look.candidates, key=lambda item: (item.digest, item.layer))),
        ledger=tuple(look.ledger),
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
    entry = LedgerEntry(
        place="bundle",
        asked=bundle,
        status=None,
        found=len(bundles),
        bytes=sum(map(len, bundles)),
        complete=True,
        subject=artifact.digest,
    )
    return Discovery(
        image=artifact, candidates=tuple(sorted(candidates, key=lambda item: item.digest)), ledger=(entry,)
    )


def referrers_tag(subject: Digest) -> str:
    """The tag that lists referrers where the API is missing (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"[:_TAG_LIMIT]


def cosign_tag(subject: Digest, suffix: str) -> str:
    """Cosign's tag for what it attached to `subject`: suffix `sig`, `att` or `sbom` (cosign's SPEC.md, "Discovery")."""
    return f"{subject.algorithm}-{subject.hex}.{suffix}"


@dataclass(frozen=True, slots=True)
class _Place:
    """A repository, and the name that it has in the ledger: None for the image's own."""

    source: Source
    name: str | None


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A manifest that may carry evidence: the place that named it, and the repository that holds it."""

    place: str
    where: _Place
    content: Content


class _Look:
    """One search: where it stands, and the ledger as it grows."""

    def __init__(
        self, source: Source, elsewhere: Elsewhere | None, limits: Limits, deadline: Deadline, progress: Progress
    ) -> None:
        self.progress = progress
        self.places = [_Place(source, None)]
        if elsewhere is not None:
            self.places.append(_Place(elsewhere.source, elsewhere.name))
        self.limits = replace(limits, tally=limits.tally or Tally())
        self.deadline = deadline
        self.subject: Digest | None = None
        self.ledger: list[LedgerEntry] = []
        self.listed: dict[Digest, tuple[str, _Place]] = {}
        self.tagged: list[_Fetched] = []
        self.candidates: list[Candidate] = []
        self.unbound: set[Digest] = set()

    def resolve_and_list(self, digest: Digest | None, image: Content | Callable[[], Content]) -> Content:
        """The image, then in each repository the referrers listing, the referrers tag and cosign's tags, at once."""
        if isinstance(image, Content) or digest is None:
            found = image if isinstance(image, Content) else image()
            self.progress.phase(Phase.LISTINGS)
            answers: list[object] = [*self._round(self._questions(found.digest))]
        else:
            self.progress.phase(Phase.LISTINGS)
            first, *answers = [*self._round([image, *self._questions(digest)])]
            if isinstance(first, GateError):
                raise first
            assert isinstance(first, Content)
            found = first
        try:
            parse_manifest(found, self.limits)
        except Refused as error:  # a login page has a digest too; and what is image and index at once, CVE-2021-41190
            raise Malformed(f"{found.digest} cannot be read as one image or one index: {error}") from None
        self.subject = found.digest
        self._note(self.places[0], "image", str(found.digest), None, 1, len(found.raw))
        left = iter(answers)
        for where in self.places:
            tags = _tags(found.digest)
            listing, *tagged = [next(left) for _ in (None, *tags)]
            if (unknown := _unknown(where, listing, tagged)) is not None:
                self._missed(where, "repository", str(where.name), unknown)
                continue
            self._take_listing(where, listing, has_tag=_holds(tagged[0], other_than=found.digest))
            for (place, tag), answer in zip(tags, tagged, strict=True):
                self._take_tag(where, place, tag, answer)
        if len(self.listed) + len(self.tagged) > self.limits.referrers:
            self.listed.clear()
            over = LimitExceeded(
                f"more than {self.limits.referrers} referrers; none of them was looked at", limit="referrers"
            )
            self._missed(self.places[0], "referrers", str(found.digest), over)
        return found

    def fetch_manifests(self) -> list[tuple[_Fetched, Manifest]]:
        """Every manifest that was listed; only those whose own subject is the image count."""
        fetched = list(self.tagged)
        digests = sorted(self.listed)
        asks = [partial(self._manifest, digest) for digest in digests]
        fetched += [_Fetched(*self.listed[content.digest], content) for _, content in self._fetch("manifests", asks)]
        kept = []
        for item in fetched:
            try:
                manifest = parse_manifest(item.content, self.limits)
            except Refused as error:  # right bytes that cannot be read: a rejected candidate, no gap (rule 6)
                problem = f"its manifest cannot be read: {error}"
                self.candidates.append(_candidate(item, Kind.OTHER, problem=problem))
                continue
            refers = manifest.subject is not None and manifest.subject.digest == self.subject
            unbound = manifest.subject is None and item.content.digest in self.unbound
            if refers or unbound or item.place.startswith("cosign-"):
                kept.append((item, manifest))
        return kept

    def _manifest(self, digest: Digest) -> Content:
        content = self.listed[digest][1].source.manifest(digest)
        self.limits.count_manifest(len(content.raw))
        return content

    def fetch_blobs(self, manifests: list[tuple[_Fetched, Manifest]], share: Share | None) -> None:
        """Every blob that may be evidence; what is none is listed and not fetched."""
        wanted: list[tuple[Candidate, Descriptor, _Place]] = []
        for item, manifest in manifests:
            if len(manifest.layers) > self.limits.layers:
                over = LimitExceeded(f"{item.content.digest} has more than {self.limits.layers} layers", limit="layers")
                self._missed(item.where, SBOM_PLACE if item.place == SBOM_PLACE else "blobs", str(self.subject), over)
                continue
            for number, layer in enumerate(manifest.layers):
                sbom = item.place == SBOM_PLACE
                kind = Kind.OTHER if sbom else _KINDS.get(layer.media_type.replace(" ", ""), Kind.OTHER)
                candidate = replace(
                    _candidate(item, kind, layer=number, media_type=layer.media_type),
                    annotations=layer.annotations,
                    problem=_NO_EVIDENCE if sbom else "",
                )
                if kind is Kind.OTHER:
                    self.candidates.append(candidate)
                else:
                    wanted.append((candidate, layer, item.where))
        if len(wanted) > self.limits.candidates:
            over = LimitExceeded(
                f"more than {self.limits.candidates} candidates; none of them was looked at", limit="candidates"
            )
            self._missed(self.places[0], "blobs", str(self.subject), over)
            return
        # What several manifests carry is read once, and counted for each: each is verified.
        once = {(layer.digest, layer.size, where.name): (layer, where) for _, layer, where in wanted}
        total = sum(layer.size for _, layer, _ in wanted)
        if total > self.limits.evidence_bytes:
            over = LimitExceeded(
                f"{total} bytes of evidence; at most {self.limits.evidence_bytes} are read", limit="evidence-bytes"
            )
            self._missed(self.places[0], "blobs", str(self.subject), over)
            return
        if share is not None:
            share.take(sum(layer.size for layer, _ in once.values()))
        blobs = self._fetch("blobs", [partial(where.source.blob, layer) for layer, where in once.values()])
        keys = list(once)
        raws = {keys[number]: raw for number, raw in blobs}
        for candidate, layer, where in wanted:
            raw = raws.get((layer.digest, layer.size, where.name))
            if raw is not None:
                self.candidates.append(replace(candidate, raw=raw))

    def _questions(self, subject: Digest) -> list[Callable[[], Content | Listing | Answer]]:
        questions: list[Callable[[], Content | Listing | Answer]] = []
        for where in self.places:
            questions.append(partial(where.source.referrers, subject, self.limits.tally))
            questions += [partial(where.source.tagged, tag) for _, tag in _tags(subject)]
        return questions

    def _take_listing(self, where: _Place, listing: object, *, has_tag: bool) -> None:
        """The listing. What answers 200 with something else has no such API if the referrers tag is there in its place;
        if not, it may be a login page or a proxy, and says nothing about the image.
        """
        place, asked = where.source.listing_place, str(self.subject)
        if isinstance(listing, GateError):
            self._missed(where, place, asked, listing)
            return
        assert isinstance(listing, Listing)
        if not listing.supported and listing.status == _OK and not has_tag:
            other = "answered 200 with something that is no index (a login page? a proxy?)"
            wrong = Malformed(f"the listing of what refers to {asked} {other}", status=_OK)
            self._missed(where, place, asked, wrong)
            return
        self._note(where, place, asked, listing.status, len(listing.descriptors), listing.bytes)
        self._add(where, place, listing.descriptors)
        self.unbound |= listing.unbound

    def _take_tag(self, where: _Place, place: str, tag: str, answer: object) -> None:
        if isinstance(answer, GateError):
            self._missed(where, place, tag, answer)
            return
        assert isinstance(answer, Answer)
        content = answer.content
        # GitLab's registry resolves the referrers tag to the image itself (oras-go#1396): that lists nothing.
        if content is None or content.digest == self.subject:
            self._note(where, place, tag, answer.status, 0, 0)
            return
        try:
            self.limits.count_manifest(len(content.raw))
            manifest = parse_manifest(content, self.limits)
        except LimitExceeded as error:
            self._missed(where, place, tag, error)
            return
        except Refused as error:
            # The tag says that there is something: what cannot be read is not the same as nothing.
            self._missed(where, place, tag, Malformed(f"{tag} cannot be read: {error}", status=answer.status))
            return
        if manifest.index != (place == _REFERRERS_TAG):
            kind = "an index" if manifest.index else "an image manifest"
            wrong = Malformed(f"{tag} holds {kind}, which does not belong there", status=answer.status)
            self._missed(where, place, tag, wrong)
            return
        found = len(manifest.manifests) if manifest.index else len(manifest.layers)
        self._note(where, place, tag, answer.status, found, len(content.raw))
        if place == _REFERRERS_TAG:
            self._add(where, place, manifest.manifests)
        else:
            self.tagged.append(_Fetched(place, where, content))

    def _add(self, where: _Place, place: str, descriptors: Iterable[Descriptor]) -> None:
        for descriptor in descriptors:
            self.listed.setdefault(descriptor.digest, (place, where))

    def _round(self, asks: Sequence[Callable[[], T]]) -> list[T | GateError]:
        return run_round(asks, deadline=self.deadline, width=self.limits.concurrency * len(self.places))

    def _fetch(self, place: str, asks: Sequence[Callable[[], T]]) -> list[tuple[int, T]]:
        """One round: its values with their number, its failures in the ledger."""
        values: list[tuple[int, T]] = []
        size = 0
        for number, answer in enumerate(self._round(asks)):
            if isinstance(answer, GateError):
                self._missed(self.places[0], place, str(number), answer)
            else:
                values.append((number, answer))
                size += len(answer.raw if isinstance(answer, Content) else answer)  # type: ignore[arg-type]
        self._note(self.places[0], place, f"{len(asks)} by digest", None, len(values), size)
        return values

    def _note(self, where: _Place, place: str, asked: str, status: int | None, found: int, size: int) -> None:
        self.ledger.append(
            LedgerEntry(
                place=place,
                asked=asked,
                status=status,
                found=found,
                bytes=size,
                complete=True,
                subject=self.subject,
                repository=where.name,
            )
        )

    def _missed(self, where: _Place, place: str, asked: str, error: GateError) -> None:
        if not isinstance(error, CouldNotLook):
            raise error  # a bug of ours, or an invalid input: not something that a registry did
        self.ledger.append(
            LedgerEntry(
                place=place,
                asked=asked,
                status=error.status,
                found=0,
                bytes=0,
                complete=False,
                error=error,
                subject=self.subject,
                repository=where.name,
            )
        )


def _tags(subject: Digest) -> list[tuple[str, str]]:
    """The tags that something about `subject` may have, but for those that are too long for one (SHA-512's)."""
    tags = [(_REFERRERS_TAG, referrers_tag(subject))]
    tags += [(f"cosign-{suffix}", cosign_tag(subject, suffix)) for suffix in _SUFFIXES]
    return [(place, tag) for place, tag in tags if len(tag) <= _TAG_LIMIT]


def _unknown(where: _Place, listing: object, tagged: Sequence[object]) -> NotFound | None:
    """The error, where the registry says of each tag that another repository does not exist: a typing mistake, or one
    that is hidden from whoever asks. The image's own exists: it holds the image.

    An empty listing does not contradict that. A registry with the referrers API may give one for any name
    (distribution-spec, "Listing Referrers": never 404).
    """
    if where.name is None or (isinstance(listing, Listing) and listing.descriptors):
        return None
    if not all(isinstance(answer, Answer) and answer.repository_unknown for answer in tagged):
        return None
    return NotFound(
        f"--signature-repository {where.name}: its registry knows no such repository (HTTP 404, NAME_UNKNOWN), or "
        "hides it, so that nothing could be looked for there",
        status=404,
    )


def _holds(answer: object, *, other_than: Digest) -> bool:
    """Whether a tag is there, and is not the image itself."""
    return isinstance(answer, Answer) and answer.content is not None and answer.content.digest != other_than


def _candidate(item: _Fetched, kind: Kind, *, layer: int = 0, media_type: str = "", problem: str = "") -> Candidate:
    return Candidate(
        digest=item.content.digest,
        layer=layer,
        kind=kind,
        media_type=media_type,
        place=item.place,
        raw=b"",
        problem=problem,
    )
