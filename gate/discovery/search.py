"""The search itself: one digest, every place.

What comes in: a `Source`, and perhaps another repository that holds what is attached (`--signature-repository`). What
goes out: `Discovery`. Each round goes out at once, so the number of sequential round trips does not depend on how much
is attached: listings, then manifests, then blobs (design section 7).

Sources: OCI distribution-spec v1.1 ("Listing Referrers", "Referrers Tag Schema"); cosign's SPEC.md ("Discovery"), and
its `COSIGN_REPOSITORY` for another repository.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gate.discovery.entries import read_image
from gate.discovery.found import SBOM_PLACE, Discovery, Kind
from gate.discovery.layers import layers_of, unread
from gate.discovery.ledger import Ledger, Place
from gate.discovery.tags import REFERRERS_TAG, find_unseen, holds, tags_of
from gate.errors import GateError, LimitExceeded, Malformed
from gate.limits import Tally
from gate.parallel import run_round
from gate.progress import QUIET, Phase
from gate.sources import Answer, Content, Listing
from gate.sources.manifest import parse_manifest
from gate.strictjson import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gate.discovery.found import Candidate
    from gate.limits import Deadline, Limits
    from gate.parallel import Share
    from gate.progress import Progress
    from gate.reference import Digest
    from gate.sources import Source
    from gate.sources.manifest import Descriptor, Manifest

T = TypeVar("T")

_OK: Final = 200


class Elsewhere(Struct, frozen=True, kw_only=True):
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
        ledger=tuple(look.ledger.entries),
    )


class _Fetched(Struct, frozen=True):
    """A manifest that may carry evidence: the place that named it, and the repository that holds it."""

    place: str
    where: Place
    content: Content


class _Look:
    """One search: where it stands, and the ledger as it grows."""

    def __init__(
        self, source: Source, elsewhere: Elsewhere | None, limits: Limits, deadline: Deadline, progress: Progress
    ) -> None:
        self.progress = progress
        self.places = [Place(source, None)]
        if elsewhere is not None:
            self.places.append(Place(elsewhere.source, elsewhere.name))
        self.limits = limits.counted_in(limits.tally or Tally())
        self.deadline = deadline
        self.ledger = Ledger()
        self.listed: dict[Digest, tuple[str, Place]] = {}
        self.tagged: list[_Fetched] = []
        self.candidates: list[Candidate] = []
        self.unbound: set[Digest] = set()

    def resolve_and_list(self, digest: Digest | None, image: Content | Callable[[], Content]) -> Content:
        """The image, then in each repository the referrers listing, the referrers tag and cosign's tags, at once."""
        if isinstance(image, Content) or digest is None:
            found = image if isinstance(image, Content) else image()
            self.progress.phase(Phase.LISTINGS)
            answers: list[object] = [*self._round(self._all_questions(found.digest))]
        else:
            self.progress.phase(Phase.LISTINGS)
            first, *answers = [*self._round([image, *self._all_questions(digest)])]
            if isinstance(first, GateError):
                raise first
            assert isinstance(first, Content)
            found = first
        read_image(found, self.limits)
        self.ledger.subject = found.digest
        self.ledger.note(self.places[0], "image", str(found.digest), None, 1, len(found.raw))
        left = iter(answers)
        for where in self.places:
            self._take_answers(where, left, found.digest)
        self._ask_mirrors(found.digest)
        if len(self.listed) + len(self.tagged) > self.limits.referrers:
            self.listed.clear()
            over = LimitExceeded(
                f"more than {self.limits.referrers} referrers; none of them was looked at", limit="referrers"
            )
            self.ledger.missed(self.places[0], "referrers", str(found.digest), over)
        return found

    def _take_answers(self, where: Place, left: Iterator[object], subject: Digest) -> None:
        """What one repository answered to its `_questions`."""
        tags = tags_of(subject)
        listing, *tagged = [next(left) for _ in (None, *tags)]
        if (unseen := find_unseen(where, subject, listing, tagged)) is not None:
            self.ledger.missed(where, "repository", where.name or str(subject), unseen)
            return
        self._take_listing(where, listing, has_tag=holds(tagged[0], other_than=subject))
        for (place, tag), answer in zip(tags, tagged, strict=True):
            self._take_tag(where, place, tag, answer)

    def _ask_mirrors(self, subject: Digest) -> None:
        """Where not every place could be looked at to the end: what is attached in the registries' mirrors. That
        it could not stays a gap; but a signature that is found there and holds, holds (rules 27 and 28).
        """
        if any(not entry.complete for entry in self.ledger.entries):
            mirrors = [
                Place(mirror, name, decides=False) for where in self.places for name, mirror in where.source.mirrors
            ]
            left = iter(self._round([ask for where in mirrors for ask in self._questions(where, subject)]))
            for where in mirrors:
                self._take_answers(where, left, subject)

    def fetch_manifests(self) -> list[tuple[_Fetched, Manifest]]:
        """Every manifest that was listed; only those whose own subject is the image count.

        What they are is said by their bytes, which have the digest that was listed; what they were served as is the
        word of whoever served them, a mirror's too.
        """
        fetched = list(self.tagged)
        digests = sorted(self.listed)
        asks = [(self.listed[digest][1], partial(self._manifest, digest)) for digest in digests]
        fetched += [_Fetched(*self.listed[content.digest], content) for _, content in self._fetch("manifests", asks)]
        kept = []
        for item in fetched:
            try:
                manifest = parse_manifest(replace(item.content, media_type=""), self.limits)
            except Refused as error:  # right bytes that cannot be read: a rejected candidate, no gap (rule 6)
                problem = f"its manifest cannot be read: {error}"
                self.candidates.append(unread(item.content.digest, item.place, problem=problem))
                continue
            refers = manifest.subject is not None and manifest.subject.digest == self.ledger.subject
            unbound = manifest.subject is None and item.content.digest in self.unbound
            if refers or unbound or item.place.startswith("cosign-"):
                kept.append((item, manifest))
        return kept

    def _manifest(self, digest: Digest) -> Content:
        content = self.listed[digest][1].source.manifest(digest, self.limits.tally)
        self.limits.count_manifest(len(content.raw))
        return content

    def fetch_blobs(self, manifests: list[tuple[_Fetched, Manifest]], share: Share | None) -> None:
        """Every blob that may be evidence; what is none is listed and not fetched."""
        wanted: list[tuple[Candidate, Descriptor, Place]] = []
        for item, manifest in manifests:
            if len(manifest.layers) > self.limits.layers:
                over = LimitExceeded(f"{item.content.digest} has more than {self.limits.layers} layers", limit="layers")
                self.ledger.missed(
                    item.where, SBOM_PLACE if item.place == SBOM_PLACE else "blobs", str(self.ledger.subject), over
                )
                continue
            for candidate, layer in layers_of(manifest, item.content.digest, item.place):
                if candidate.kind is Kind.OTHER:
                    self.candidates.append(candidate)
                else:
                    wanted.append((candidate, layer, item.where))
        if len(wanted) > self.limits.candidates:
            over = LimitExceeded(
                f"more than {self.limits.candidates} candidates; none of them was looked at", limit="candidates"
            )
            self.ledger.missed(self.places[0], "blobs", str(self.ledger.subject), over)
            return
        # What several manifests carry is read once, and counted for each: each is verified.
        once = {(layer.digest, layer.size, where.name): (layer, where) for _, layer, where in wanted}
        total = sum(layer.size for _, layer, _ in wanted)
        if total > self.limits.evidence_bytes:
            over = LimitExceeded(
                f"{total} bytes of evidence; at most {self.limits.evidence_bytes} are read", limit="evidence-bytes"
            )
            self.ledger.missed(self.places[0], "blobs", str(self.ledger.subject), over)
            return
        if share is not None:
            share.take(sum(layer.size for layer, _ in once.values()))
        blobs = self._fetch("blobs", [(where, partial(where.source.blob, layer)) for layer, where in once.values()])
        keys = list(once)
        raws = {keys[number]: raw for number, raw in blobs}
        for candidate, layer, where in wanted:
            raw = raws.get((layer.digest, layer.size, where.name))
            if raw is not None:
                self.candidates.append(replace(candidate, raw=raw))

    def _all_questions(self, subject: Digest) -> list[Callable[[], Content | Listing | Answer]]:
        return [ask for where in self.places for ask in self._questions(where, subject)]

    def _questions(self, where: Place, subject: Digest) -> list[Callable[[], Content | Listing | Answer]]:
        listing = partial(where.source.referrers, subject, self.limits.tally)
        return [listing, *(partial(where.source.tagged, tag, self.limits.tally) for _, tag in tags_of(subject))]

    def _take_listing(self, where: Place, listing: object, *, has_tag: bool) -> None:
        """The listing. What answers 200 with something else has no such API if the referrers tag is there in its place;
        if not, it may be a login page or a proxy, and says nothing about the image.
        """
        place, asked = where.source.listing_place, str(self.ledger.subject)
        if isinstance(listing, GateError):
            self.ledger.missed(where, place, asked, listing)
            return
        assert isinstance(listing, Listing)
        if not listing.supported and listing.status == _OK and not has_tag:
            other = "answered 200 with something that is no index (a login page? a proxy?)"
            wrong = Malformed(f"the listing of what refers to {asked} {other}", status=_OK)
            self.ledger.missed(where, place, asked, wrong)
            return
        self.ledger.note(where, place, asked, listing.status, len(listing.descriptors), listing.bytes)
        self._add(where, place, listing.descriptors)
        self.unbound |= listing.unbound

    def _take_tag(self, where: Place, place: str, tag: str, answer: object) -> None:
        if isinstance(answer, GateError):
            self.ledger.missed(where, place, tag, answer)
            return
        assert isinstance(answer, Answer)
        content = answer.content
        # GitLab's registry resolves the referrers tag to the image itself (oras-go#1396): that lists nothing.
        if content is None or content.digest == self.ledger.subject:
            self.ledger.note(where, place, tag, answer.status, 0, 0, absent_by=answer.absent_by)
            return
        try:
            self.limits.count_manifest(len(content.raw))
            manifest = parse_manifest(content, self.limits)
        except LimitExceeded as error:
            self.ledger.missed(where, place, tag, error)
            return
        except Refused as error:
            # The tag says that there is something: what cannot be read is not the same as nothing.
            self.ledger.missed(where, place, tag, Malformed(f"{tag} cannot be read: {error}", status=answer.status))
            return
        if manifest.index != (place == REFERRERS_TAG):
            kind = "an index" if manifest.index else "an image manifest"
            wrong = Malformed(f"{tag} holds {kind}, which does not belong there", status=answer.status)
            self.ledger.missed(where, place, tag, wrong)
            return
        found = len(manifest.manifests) if manifest.index else len(manifest.layers)
        self.ledger.note(where, place, tag, answer.status, found, len(content.raw))
        if place == REFERRERS_TAG:
            self._add(where, place, manifest.manifests)
        else:
            self.tagged.append(_Fetched(place, where, content))

    def _add(self, where: Place, place: str, descriptors: Iterable[Descriptor]) -> None:
        for descriptor in descriptors:
            self.listed.setdefault(descriptor.digest, (place, where))

    def _round(self, asks: Sequence[Callable[[], T]]) -> list[T | GateError]:
        return run_round(asks, deadline=self.deadline, width=self.limits.concurrency * len(self.places))

    def _fetch(self, place: str, asks: Sequence[tuple[Place, Callable[[], T]]]) -> list[tuple[int, T]]:
        """One round: its values with their number, its failures in the ledger, each under where it was asked for."""
        values: list[tuple[int, T]] = []
        size = 0
        answers = self._round([ask for _, ask in asks])
        for number, ((where, _), answer) in enumerate(zip(asks, answers, strict=True)):
            if isinstance(answer, GateError):
                self.ledger.missed(where, place, str(number), answer)
            else:
                values.append((number, answer))
                size += len(answer.raw if isinstance(answer, Content) else answer)  # type: ignore[arg-type]
        self.ledger.note(self.places[0], place, f"{len(asks)} by digest", None, len(values), size)
        return values
