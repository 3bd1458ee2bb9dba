"""Discovery: the union of every place, each of them in the ledger, and a place that fails is never an empty one."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from gate.discovery import (
    Candidate,
    Discovery,
    Elsewhere,
    Kind,
    LedgerEntry,
    cosign_tag,
    discover,
    discover_file,
    referrers_tag,
    search,
)
from gate.errors import (
    AccessDenied,
    CouldNotLook,
    DeadlineExceeded,
    GateError,
    InvalidReference,
    LimitExceeded,
    Malformed,
    NotFound,
    RateLimited,
    Unavailable,
)
from gate.limits import Deadline, Limits, Tally
from gate.parallel import Background, Budget, Share, run_round
from gate.progress import Phase, Progress
from gate.reference import Digest, parse_reference
from gate.sources import Answer, Content, Listing
from gate.sources.layout import LayoutSource
from gate.sources.manifest import OCI_MANIFEST, Descriptor
from tests.conftest import LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
LIMITS = Limits()
LISTINGS = ("referrers-api", "referrers-tag", "cosign-sig", "cosign-att", "cosign-sbom")
PLACES = ("image", *LISTINGS, "manifests", "blobs")


def digest_of(raw: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(raw).hexdigest())


def content(document: Any, media_type: str = "") -> Content:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Content(digest=digest_of(raw), media_type=media_type, raw=raw)


def descriptor(raw: bytes, media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(digest_of(raw)), "size": len(raw)}


IMAGE = content({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": []})
SUBJECT = IMAGE.digest
OTHER = content({"schemaVersion": 2, "layers": [], "annotations": {"other": "image"}}).digest


def referrer(*blobs: bytes, subject: Digest | None = SUBJECT, media_type: str = BUNDLE, **more: Any) -> Content:
    """A manifest whose layers are the blobs."""
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "layers": [descriptor(blob, media_type) for blob in blobs],
        **more,
    }
    if subject is not None:
        document["subject"] = {"mediaType": OCI_MANIFEST, "digest": str(subject), "size": 1}
    return content(document)


def index(*manifests: Content) -> Content:
    """An index that lists manifests."""
    return content({"schemaVersion": 2, "manifests": [descriptor(item.raw) for item in manifests]})


@dataclass
class FakeSource:
    """A registry in memory. What is in `failing` raises, by the name of the place or the digest."""

    image: Content = IMAGE
    manifests: dict[Digest, Content] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    listed: list[Digest] = field(default_factory=list)
    tags: dict[str, Content] = field(default_factory=dict)
    failing: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    listing_place: str = "referrers-api"
    credentials: str | None = None
    mirrors: tuple[tuple[str, FakeSource], ...] = ()
    doubt: str = ""

    def add(self, *items: Content, blobs: Iterable[bytes] = ()) -> FakeSource:
        """Put manifests and blobs there, unlisted."""
        self.manifests |= {item.digest: item for item in items}
        self.blobs |= {digest_of(blob): blob for blob in blobs}
        return self

    def attach(self, *blobs: bytes, **more: Any) -> Content:
        """Put a referrer there, and list it."""
        item = referrer(*blobs, **more)
        self.add(item, blobs=blobs)
        self.listed.append(item.digest)
        return item

    def _asked(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing:
            raise self.failing[what]

    def resolve(self) -> Content:
        self._asked("resolve")
        return self.image

    def manifest(self, digest: Digest, tally: Tally | None = None) -> Content:
        self._asked(str(digest))
        if digest not in self.manifests:
            raise Malformed(f"{digest} was listed and is not there", status=404)
        return self.manifests[digest]

    def blob(self, descriptor: Descriptor) -> bytes:
        self._asked(str(descriptor.digest))
        if descriptor.digest not in self.blobs:
            raise Malformed(f"blob {descriptor.digest} is not there", status=404)
        return self.blobs[descriptor.digest]

    def known(self) -> bool:
        return True

    def confirm(self, digest: Digest) -> None:
        """What it handed out it has."""

    def holder(self, digest: Digest) -> Content | None:
        raise AssertionError(f"discovery asks who lists {digest}")

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
        self._asked("referrers-api")
        found = [
            Descriptor(media_type=OCI_MANIFEST, digest=digest, size=1, artifact_type="", annotations={})
            for digest in self.listed
        ]
        return Listing(status=200, descriptors=tuple(found), bytes=7)

    def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
        place = "referrers-tag" if tag == referrers_tag(SUBJECT) else f"cosign-{tag.rpartition('.')[2]}"
        self._asked(place)
        found = self.tags.get(place)
        return Answer(status=404 if found is None else 200, content=found)


def look(
    source: FakeSource, *, limits: Limits = LIMITS, deadline: Deadline | None = None, digest: Digest | None = None
) -> Discovery:
    return discover(source, digest=digest, limits=limits, deadline=deadline or Deadline(20))


def entry(found: Discovery, place: str) -> LedgerEntry:
    """The one ledger entry of a place, or the incomplete one of several."""
    entries = [item for item in found.ledger if item.place == place]
    return min(entries, key=lambda item: item.complete)


def raws(found: Discovery) -> set[bytes]:
    return {item.raw for item in found.candidates}


# --- the union of every place


def test_candidates_are_the_union_of_every_place() -> None:
    source = FakeSource()
    source.attach(b"from the API")
    by_tag = referrer(b"from the referrers tag")
    source.add(by_tag, blobs=[b"from the referrers tag", b"from .sig", b"from .att"])
    source.tags = {
        "referrers-tag": index(by_tag),
        "cosign-sig": referrer(b"from .sig", subject=None, media_type=SIMPLE),
        "cosign-att": referrer(b"from .att", subject=None, media_type=DSSE),
    }
    found = look(source)
    assert raws(found) == {b"from the API", b"from the referrers tag", b"from .sig", b"from .att"}
    assert [item.place for item in found.ledger] == list(PLACES)
    assert all(item.complete for item in found.ledger)
    assert found.missed == ()
    assert {item.kind for item in found.candidates} == {Kind.BUNDLE, Kind.SIMPLE_SIGNING, Kind.DSSE}


def test_an_image_without_anything_attached_has_a_complete_and_empty_ledger() -> None:
    found = look(FakeSource())
    assert found.candidates == ()
    assert found.image == IMAGE
    assert [(item.place, item.found, item.complete) for item in found.ledger] == [
        ("image", 1, True),
        *[(place, 0, True) for place in PLACES[1:]],
    ]


def test_what_two_places_list_is_one_candidate() -> None:
    source = FakeSource()
    source.tags["referrers-tag"] = index(source.attach(b"x"))
    found = look(source)
    assert len(found.candidates) == 1


def test_the_ledger_says_what_was_asked_and_what_came() -> None:
    source = FakeSource()
    source.attach(b"x")
    found = look(source)
    api, sig = entry(found, "referrers-api"), entry(found, "cosign-sig")
    source.tags = {"referrers-tag": index(*source.manifests.values()), "cosign-att": referrer(b"x", b"y", subject=None)}
    tagged = look(source)
    assert [entry(tagged, place).found for place in ("referrers-tag", "cosign-att")] == [1, 2]
    assert (api.asked, api.status, api.found, api.bytes) == (str(SUBJECT), 200, 1, 7)
    assert (sig.asked, sig.status, sig.found) == (f"sha256-{SUBJECT.hex}.sig", 404, 0)
    assert entry(found, "blobs").bytes == 1


def test_a_manifest_whose_own_subject_is_another_does_not_count_however_it_is_listed() -> None:
    source = FakeSource()
    source.attach(b"about another", subject=OTHER)
    source.attach(b"about nothing", subject=None)
    stray = referrer(b"about another, by tag", subject=OTHER)
    source.add(stray, blobs=[b"about another, by tag"])
    source.tags["referrers-tag"] = index(stray)
    found = look(source)
    assert found.candidates == ()
    assert not {str(digest) for digest in source.blobs} & set(source.asked), "and its blobs are not fetched"


def test_what_a_layout_keeps_for_every_image_counts_unless_its_own_subject_is_another() -> None:
    """Rule 24."""

    class Kept(FakeSource):
        def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
            found = super().referrers(subject, tally)
            return Listing(status=None, descriptors=found.descriptors, bytes=7, unbound=frozenset(self.listed))

    source = Kept()
    for raw, subject in ((b"of no subject", None), (b"of the image", SUBJECT), (b"of another", OTHER)):
        source.attach(raw, subject=subject)
    assert raws(look(source)) == {b"of no subject", b"of the image"}


def test_a_listing_is_a_hint_and_its_annotations_decide_nothing() -> None:
    source = FakeSource()
    source.attach(b"x", artifactType="application/octet-stream", annotations={"a": "b"})
    assert raws(look(source)) == {b"x"}


@pytest.mark.parametrize("place", ["referrers-tag", "cosign-sig", "cosign-att"])
def test_a_tag_that_resolves_to_the_image_itself_lists_nothing(place: str) -> None:
    source = FakeSource(tags={place: IMAGE})
    found = look(source)
    assert found.candidates == ()
    assert entry(found, place).found == 0
    assert found.missed == ()


def test_an_index_that_resolves_to_itself_under_its_referrers_tag_lists_no_children() -> None:
    child = referrer(b"x", subject=None)
    image = index(child)

    class Mirroring(FakeSource):
        def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
            return Answer(status=200, content=image)

    source = Mirroring(image=image).add(child, blobs=[b"x"])
    found = look(source)
    assert found.candidates == ()
    assert found.missed == ()


def test_the_tags_are_those_of_the_specifications() -> None:
    sha512 = Digest("sha512", "ab" * 64)
    assert referrers_tag(SUBJECT) == f"sha256-{SUBJECT.hex}"
    assert referrers_tag(sha512) == f"sha512-{'ab' * 32}"
    assert cosign_tag(SUBJECT, "sig") == f"sha256-{SUBJECT.hex}.sig"
    assert cosign_tag(SUBJECT, "att") == f"sha256-{SUBJECT.hex}.att"


def test_what_is_no_evidence_is_listed_and_not_fetched() -> None:
    source = FakeSource()
    item = source.attach(b"a sbom", media_type="application/spdx+json")
    (candidate,) = look(source).candidates
    assert candidate.kind is Kind.OTHER
    assert candidate.media_type == "application/spdx+json"
    assert candidate.digest == item.digest
    assert candidate.raw == b""
    assert str(digest_of(b"a sbom")) not in source.asked


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        (BUNDLE, Kind.BUNDLE),
        ("application/vnd.dev.sigstore.bundle+json;version=0.3", Kind.BUNDLE),
        ("application/vnd.dev.sigstore.bundle+json; version=0.2", Kind.BUNDLE),
        ("application/vnd.dev.sigstore.bundle+json;version=0.1", Kind.BUNDLE),
        (SIMPLE, Kind.SIMPLE_SIGNING),
        (DSSE, Kind.DSSE),
        ("", Kind.OTHER),
        (BUNDLE.upper(), Kind.OTHER),
    ],
)
def test_a_layers_media_type_says_what_it_may_be(media_type: str, kind: Kind) -> None:
    source = FakeSource()
    source.attach(b"x", media_type=media_type)
    assert [item.kind for item in look(source).candidates] == [kind]


def test_each_layer_is_a_candidate_with_its_place_in_the_manifest() -> None:
    source = FakeSource()
    source.attach(b"a", b"b", b"c")
    found = look(source).candidates
    assert [(item.layer, item.raw) for item in found] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert {item.problem for item in found} == {""}


# --- cosign's SBOMs: listed, and never evidence


@pytest.mark.parametrize("media_type", ["spdx+json", BUNDLE, DSSE, SIMPLE])
def test_what_cosign_attached_as_an_sbom_is_never_evidence_whatever_it_says_it_is(media_type: str) -> None:
    source = FakeSource()
    attached = referrer(b"from .sbom", subject=None, media_type=media_type)
    source.add(blobs=[b"from .sbom"])
    source.tags = {"cosign-sbom": attached}
    found = look(source)
    (candidate,) = found.candidates
    assert (candidate.kind, candidate.raw, candidate.media_type) == (Kind.OTHER, b"", media_type)
    assert candidate.problem == "an SBOM that cosign attached without a signature"
    assert entry(found, "cosign-sbom").found == 1
    assert str(digest_of(b"from .sbom")) not in source.asked


@pytest.mark.parametrize(
    "error", [Unavailable("503"), AccessDenied("403"), LimitExceeded("too long", limit="blob-bytes")]
)
def test_an_sbom_that_cannot_be_had_is_in_the_ledger_and_no_gap(error: CouldNotLook) -> None:
    """Nothing there could change a verdict."""
    found = look(FakeSource(failing={"cosign-sbom": error}))
    assert entry(found, "cosign-sbom").error is error
    assert found.missed == ()
    many = look(FakeSource(tags={"cosign-sbom": referrer(b"a", b"b", subject=None)}), limits=Limits(layers=1))
    assert not entry(many, "cosign-sbom").complete
    assert many.missed == ()


# --- another repository for what is attached


def elsewhere(source: FakeSource, other: FakeSource) -> Discovery:
    return discover(
        source,
        digest=None,
        limits=LIMITS,
        deadline=Deadline(20),
        elsewhere=Elsewhere(name="registry.example/signatures", source=other),
    )


def test_another_repository_is_looked_at_in_every_place_beside_the_images_own() -> None:
    own, other = FakeSource(), FakeSource(image=content({"layers": [], "not": "asked for"}))
    own.attach(b"own")
    other.attach(b"elsewhere")
    by_tag = referrer(b"by tag")
    other.add(by_tag, blobs=[b"by tag", b"sig", b"att"])
    other.tags = {
        "referrers-tag": index(by_tag),
        "cosign-sig": referrer(b"sig", subject=None, media_type=SIMPLE),
        "cosign-att": referrer(b"att", subject=None, media_type=DSSE),
    }
    found = elsewhere(own, other)
    assert raws(found) == {b"own", b"elsewhere", b"by tag", b"sig", b"att"}
    assert found.image == IMAGE
    assert "resolve" not in other.asked, "the image is not there"
    for name in (None, "registry.example/signatures"):
        places = [item.place for item in found.ledger if item.repository == name and item.place in LISTINGS]
        assert places == list(LISTINGS)
    assert found.missed == ()
    assert {item.subject for item in found.ledger} == {SUBJECT}


@pytest.mark.parametrize("place", ["referrers-api", "referrers-tag", "cosign-sig", "cosign-att"])
def test_another_repository_that_fails_is_a_gap_too(place: str) -> None:
    error = Unavailable("503", status=503)
    own = FakeSource()
    own.attach(b"own")
    found = elsewhere(own, FakeSource(failing={place: error}))
    assert raws(found) == {b"own"}
    assert found.missed == (error,)
    assert entry(found, place).repository == "registry.example/signatures"


def test_what_another_repository_lists_counts_only_if_its_own_subject_is_the_image() -> None:
    other = FakeSource()
    other.attach(b"about another", subject=OTHER)
    assert elsewhere(FakeSource(), other).candidates == ()


def test_another_repository_costs_no_further_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def counted(functions: Sequence[Callable[[], Any]], **options: Any) -> list[Any]:
        rounds.append(len(functions))
        assert options["width"] >= len(functions)
        return run_round(functions, **options)

    monkeypatch.setattr(search, "run_round", counted)
    own, other = FakeSource(), FakeSource()
    own.attach(b"a")
    other.attach(b"b")
    elsewhere(own, other)
    assert rounds == [10, 2, 2]


def test_no_tag_is_asked_for_that_no_registry_can_have() -> None:
    """A SHA-512 digest with cosign's suffix is longer than a tag may be; cosign cannot have pushed it."""
    image = Content(digest=Digest("sha512", hashlib.sha512(IMAGE.raw).hexdigest()), media_type="", raw=IMAGE.raw)
    source = FakeSource(image=image)
    found = look(source)
    assert [item.place for item in found.ledger] == ["image", "referrers-api", "referrers-tag", "manifests", "blobs"]
    assert found.missed == ()


# --- a place that fails


ERRORS = [
    Unavailable("503", status=503),
    RateLimited("429", status=429),
    AccessDenied("403", status=403),
    NotFound("404", status=404),
    Malformed("not JSON"),
    LimitExceeded("too many pages", limit="pages"),
    DeadlineExceeded("too late"),
]


@pytest.mark.parametrize("place", ["referrers-api", "referrers-tag", "cosign-sig", "cosign-att"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_place_that_fails_is_never_an_empty_one(place: str, error: CouldNotLook) -> None:
    source = FakeSource(failing={place: error})
    source.attach(b"elsewhere")
    found = look(source)
    failed = entry(found, place)
    assert not failed.complete
    assert failed.error is error
    assert failed.status == error.status
    assert found.missed == (error,)
    assert raws(found) == (set() if place == "referrers-api" else {b"elsewhere"})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_manifest_or_blob_that_cannot_be_had_is_a_gap_and_the_others_count(error: CouldNotLook) -> None:
    for broken in (0, 1):
        source = FakeSource()
        item = source.attach(b"lost")
        source.attach(b"kept")
        source.failing[str((item.digest, digest_of(b"lost"))[broken])] = error
        found = look(source)
        assert raws(found) == {b"kept"}
        assert found.missed == (error,)
        assert not entry(found, ("manifests", "blobs")[broken]).complete


def test_a_manifest_that_was_listed_and_is_not_there_is_a_gap() -> None:
    source = FakeSource(listed=[OTHER])
    (missed,) = look(source).missed
    assert isinstance(missed, Malformed)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("digest", [None, SUBJECT])
def test_an_image_that_cannot_be_had_raises(error: CouldNotLook, digest: Digest | None) -> None:
    with pytest.raises(type(error)):
        look(FakeSource(failing={"resolve": error}), digest=digest)


@pytest.mark.parametrize("raw", [b"<html>", b"{}", b'{"layers": [], "manifests": []}'])
@pytest.mark.parametrize("known", [True, False])
def test_an_image_that_is_no_image_raises(raw: bytes, *, known: bool) -> None:
    """A login page has a digest too."""
    for page, begins in ((content(raw), "sha256:"), (content(raw, "text/html"), "answered as text/html, sha256:")):
        with pytest.raises(Malformed, match=f"^{begins}.* cannot be read as one image or one index"):
            look(FakeSource(image=page), digest=page.digest if known else None)


def test_an_image_that_is_there_already_is_not_asked_for() -> None:
    for digest in (None, SUBJECT):
        source = FakeSource()
        source.attach(b"x")
        found = discover(source, digest=digest, image=IMAGE, limits=LIMITS, deadline=Deadline(20))
        assert (found.image, raws(found)) == (IMAGE, {b"x"})
        assert "resolve" not in source.asked


@pytest.mark.parametrize("place", ["referrers-api", "referrers-tag", "cosign-sig", "cosign-att", str(SUBJECT)])
@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyError("bug"), MemoryError(), GateError("bug")])
def test_a_bug_in_a_source_is_raised_and_not_taken_for_a_gap(place: str, error: Exception) -> None:
    source = FakeSource(failing={place: error}, listed=[SUBJECT])
    with pytest.raises(type(error)):
        look(source)


def test_an_invalid_reference_is_raised_and_not_taken_for_a_gap() -> None:
    with pytest.raises(InvalidReference):
        look(FakeSource(failing={"referrers-tag": InvalidReference("x")}))


@pytest.mark.parametrize("place", ["referrers-tag", "cosign-sig", "cosign-att"])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"not JSON",
        b'{"manifests": [], "layers": []}',
        b'{"manifests": {}}',
        b'{"manifests": [{}]}',
        b'{"manifests": [], "manifests": []}',
        b"[" * 100_000,
    ],
)
def test_a_tag_that_cannot_be_read_is_a_gap(place: str, raw: bytes) -> None:
    found = look(FakeSource(tags={place: content(raw)}))
    assert not entry(found, place).complete
    (missed,) = found.missed
    assert isinstance(missed, Malformed)


@pytest.mark.parametrize(
    ("place", "held"),
    [
        ("referrers-tag", referrer(b"x", subject=None)),
        ("cosign-sig", index(referrer(b"x"))),
        ("cosign-att", index(referrer(b"x"))),
    ],
)
def test_a_tag_that_holds_another_kind_of_manifest_is_a_gap(place: str, held: Content) -> None:
    found = look(FakeSource(tags={place: held}))
    (missed,) = [item for item in found.ledger if item.place == place]
    kind = "an image manifest" if place == "referrers-tag" else "an index"
    assert str(missed.error).endswith(f" holds {kind}, which does not belong there")
    assert found.missed == (missed.error,)


@pytest.mark.parametrize(
    "raw",
    [b"{}", b"[]", b"junk", b'{"layers": [], "layers": []}', b'{"layers": [], "manifests": []}', b'{"layers": [7]}'],
)
def test_a_manifest_of_the_right_digest_that_cannot_be_read_is_a_rejected_candidate_and_no_gap(raw: bytes) -> None:
    item = content(raw)
    source = FakeSource(listed=[item.digest]).add(item)
    source.attach(b"good")
    found = look(source)
    assert found.missed == ()
    problem = next(candidate for candidate in found.candidates if candidate.digest == item.digest)
    assert problem.kind is Kind.OTHER
    assert "cannot be read" in problem.problem
    assert b"good" in raws(found)


# --- limits


def test_over_the_limit_of_referrers_nothing_is_the_first_n() -> None:
    source = FakeSource()
    for number in range(6):
        source.attach(b"%d" % number)
    assert len(look(source, limits=Limits(referrers=6)).candidates) == 6
    source.asked.clear()
    found = look(source, limits=Limits(referrers=5))
    assert found.candidates == ()
    (missed,) = found.missed
    assert isinstance(missed, LimitExceeded)
    assert not any(str(digest) in source.asked for digest in source.listed)


def test_all_places_together_are_held_against_the_limit_of_referrers() -> None:
    source = FakeSource()
    source.attach(b"a")
    by_tag = referrer(b"b")
    source.add(by_tag, blobs=[b"b", b"c"])
    source.tags = {"referrers-tag": index(by_tag), "cosign-sig": referrer(b"c", subject=None)}
    assert len(look(source, limits=Limits(referrers=3)).candidates) == 3
    assert [type(item) for item in look(source, limits=Limits(referrers=2)).missed] == [LimitExceeded]


def test_over_the_limit_of_layers_nothing_is_the_first_n() -> None:
    source = FakeSource()
    source.attach(*[b"%d" % number for number in range(6)])
    source.attach(b"beside")
    assert len(look(source, limits=Limits(layers=6)).candidates) == 7
    found = look(source, limits=Limits(layers=5))
    assert raws(found) == {b"beside"}
    (missed,) = found.missed
    assert isinstance(missed, LimitExceeded)


def test_over_the_limit_of_candidates_nothing_is_the_first_n() -> None:
    source = FakeSource()
    source.attach(b"a", b"b")
    source.attach(b"c")
    assert len(look(source, limits=Limits(candidates=3)).candidates) == 3
    source.asked.clear()
    found = look(source, limits=Limits(candidates=2))
    assert found.candidates == ()
    (missed,) = found.missed
    assert isinstance(missed, LimitExceeded)
    assert missed.limit == "candidates"
    assert not {str(digest) for digest in source.blobs} & set(source.asked)


def test_what_several_searches_count_together_is_bounded_together() -> None:
    """As many as its caller says: an image's own, or an index's with its entries."""
    source = FakeSource()
    size = len(source.attach(b"x").raw)
    together, apart = Limits(tally=Tally(), manifests_bytes=size), Limits(manifests_bytes=size)
    for limits, missed in ((apart, 0), (apart, 0), (together, 0), (together, 1)):
        assert len(look(source, limits=limits).missed) == missed


@pytest.mark.parametrize("place", ["referrers-tag", "cosign-sig", "cosign-att"])
def test_a_tag_that_holds_more_than_is_read_is_a_gap(place: str) -> None:
    held = index() if place == "referrers-tag" else referrer(subject=None, annotations={"a": "b"})
    size = len(held.raw)
    assert look(FakeSource(tags={place: held}), limits=Limits(manifests_bytes=size)).missed == ()
    found = look(FakeSource(tags={place: held}), limits=Limits(manifests_bytes=size - 1))
    (missed,) = [item for item in found.ledger if item.place == place]
    assert isinstance(missed.error, LimitExceeded)


def test_all_blobs_together_are_bounded() -> None:
    big = bytes(LIMITS.blob_bytes)
    source = FakeSource()
    for number in range(20):
        source.attach(big, annotations={"n": str(number)})
    found = look(source)
    assert sum(len(item.raw) for item in found.candidates) <= 256 << 20
    assert found.missed


def test_a_blob_that_several_manifests_carry_is_read_once_and_counted_for_each() -> None:
    source = FakeSource()
    for number in range(5):
        source.attach(b"the same", annotations={"n": str(number)})
    found = look(source)
    assert [item.raw for item in found.candidates] == [b"the same"] * 5
    assert source.asked.count(str(digest_of(b"the same"))) == 1
    assert isinstance(look(source, limits=Limits(evidence_bytes=39)).missed[0], LimitExceeded)
    assert look(source, limits=Limits(evidence_bytes=40)).missed == ()


@pytest.mark.parametrize("attached", [0, 3])
def test_what_a_search_will_hold_is_taken_from_its_share_once_and_before_it_is_fetched(attached: int) -> None:
    source = FakeSource()
    for number in range(attached):
        source.attach(b"%d" % number)

    class Counted(Share):
        def take(self, amount: int) -> None:
            taken.append(amount)
            assert not {str(digest) for digest in source.blobs} & set(source.asked)

    taken: list[int] = []
    share = Counted(Budget(1, Deadline(1)))
    discover(source, digest=None, limits=LIMITS, deadline=Deadline(20), share=share)
    assert taken == [attached]


# --- order and rounds


def _everything() -> FakeSource:
    source = FakeSource()
    for number in range(5):
        source.attach(b"%d" % number, b"%d'" % number)
    by_tag = referrer(b"t")
    broken = content(b"{}")
    source.add(by_tag, broken, blobs=[b"t", b"s"])
    source.listed.append(broken.digest)
    source.tags = {"referrers-tag": index(by_tag), "cosign-sig": referrer(b"s", subject=None)}
    return source


def test_the_order_of_listings_changes_nothing() -> None:
    expected = look(_everything()).candidates
    assert len(expected) == 13
    assert list(expected) == sorted(expected, key=lambda item: (item.digest, item.layer))
    for seed in range(5):
        source = _everything()
        random.Random(seed).shuffle(source.listed)  # noqa: S311
        assert look(source).candidates == expected


def test_the_order_of_answers_changes_nothing() -> None:
    chance = random.Random(7)  # noqa: S311

    class Uneven(FakeSource):
        def _asked(self, what: str) -> None:
            time.sleep(chance.random() / 500)
            super()._asked(what)

    expected = look(_everything())
    for _ in range(3):
        source = _everything()
        uneven = Uneven(manifests=source.manifests, blobs=source.blobs, listed=source.listed, tags=source.tags)
        found = look(uneven)
        assert found.candidates == expected.candidates
        assert [item.place for item in found.ledger] == [item.place for item in expected.ledger]


@pytest.mark.parametrize("digest", [None, SUBJECT])
def test_a_search_tells_what_it_waits_for(digest: Digest | None) -> None:
    class Told(Progress):
        def phase(self, phase: Phase) -> None:
            phases.append(phase)

    phases: list[Phase] = []
    discover(FakeSource(), digest=digest, limits=LIMITS, deadline=Deadline(20), progress=Told())
    assert phases == [Phase.LISTINGS, Phase.EVIDENCE]


@pytest.mark.parametrize("digest", [None, SUBJECT])
def test_the_number_of_rounds_does_not_grow_with_what_is_attached(
    digest: Digest | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def counted(functions: Sequence[Callable[[], Any]], **options: Any) -> list[Any]:
        rounds.append(len(functions))
        return run_round(functions, **options)

    monkeypatch.setattr(search, "run_round", counted)
    for attached in (0, 1, 40):
        source = FakeSource()
        for number in range(attached):
            source.attach(b"%d" % number)
        rounds.clear()
        assert len(look(source, digest=digest).candidates) == attached
        assert rounds == [5 if digest is None else 6, attached, attached]
        assert len(source.asked) == 6 + 2 * attached, "and nothing is asked twice"


def test_a_round_goes_out_at_once() -> None:
    together = threading.Barrier(5)

    class Together(FakeSource):
        def _asked(self, what: str) -> None:
            if what != "resolve":
                together.wait(timeout=5)
            super()._asked(what)

    assert look(Together()).missed == ()


def test_with_a_digest_the_image_and_its_listings_are_asked_for_at_once() -> None:
    together = threading.Barrier(6)

    class Together(FakeSource):
        def _asked(self, what: str) -> None:
            together.wait(timeout=5)
            super()._asked(what)

    assert look(Together(), digest=SUBJECT).missed == ()


def test_the_tag_is_resolved_once() -> None:
    source = _everything()
    look(source)
    assert source.asked.count("resolve") == 1
    assert str(SUBJECT) not in source.asked


# --- a file, and what was named with it


def test_a_file_has_the_bundles_that_were_named_with_it_and_nothing_was_missed(tmp_path: Path) -> None:
    for name, raw in (("app", b"bytes"), ("bundle", b"{}")):
        (tmp_path / name).write_bytes(raw)
    found = discover_file(str(tmp_path / "app"), str(tmp_path / "bundle"), limits=LIMITS)
    assert found.image.digest == digest_of(b"bytes")
    assert [(item.kind, item.raw) for item in found.candidates] == [(Kind.BUNDLE, b"{}")]
    assert [(item.place, item.found, item.complete) for item in found.ledger] == [("bundle", 1, True)]
    assert found.missed == ()


# --- waiting


def test_a_place_that_never_answers_is_a_gap_at_the_deadline() -> None:
    never = threading.Event()

    class Silent(FakeSource):
        def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
            if tag.endswith(".att"):
                never.wait(5)
            return super().tagged(tag, tally)

    started = time.monotonic()
    found = look(Silent(), deadline=Deadline(0.2))
    never.set()
    assert time.monotonic() - started < 2
    att = entry(found, "cosign-att")
    assert not att.complete
    assert isinstance(att.error, DeadlineExceeded)
    assert att.error.retry


def test_a_deadline_that_has_passed_leaves_every_place_a_gap() -> None:
    deadline = Deadline(0.001)
    time.sleep(0.002)
    found = look(_everything(), deadline=deadline)
    assert {item.place for item in found.ledger if not item.complete} >= set(PLACES[1:5])
    assert found.candidates == ()


def test_results_come_in_the_order_of_the_questions_whatever_the_width() -> None:
    def numbered(number: int) -> Callable[[], int]:
        return lambda: number

    for width in (1, 3, 100):
        assert run_round([numbered(n) for n in range(20)], deadline=Deadline(5), width=width) == list(range(20))
    assert run_round([], deadline=Deadline(5), width=8) == []


def test_a_round_never_has_more_in_flight_than_its_width() -> None:
    flying, most = itertools.count(), [0]
    lock, now = threading.Lock(), [0]

    def fly() -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1
        return next(flying)

    run_round([fly] * 20, deadline=Deadline(5), width=3)
    assert most[0] <= 3


def test_what_runs_in_the_background_gives_its_value_its_error_or_the_deadlines() -> None:
    def fail() -> int:
        raise Malformed("x")

    assert Background(lambda: 7).result(Deadline(5)) == 7
    with pytest.raises(Malformed):
        Background(fail).result(Deadline(5))
    never = threading.Event()
    with pytest.raises(DeadlineExceeded):
        Background(lambda: never.wait(5)).result(Deadline(0))
    never.set()


# --- real layouts


@pytest.mark.parametrize(
    ("case", "number"), [("agent-signed", 2), ("many-attestations", 4), ("unsigned", 0), ("keyed-legacy", 2)]
)
def test_every_candidate_of_a_real_layout_is_found(case: str, number: int) -> None:
    source = LayoutSource(parse_reference(f"oci:{LAB / case}"), limits=LIMITS)
    found = discover(source, digest=None, limits=LIMITS, deadline=Deadline(20))
    assert len(found.candidates) == number
    assert found.missed == ()
    assert all(isinstance(item, Candidate) and item.raw for item in found.candidates)
    assert all(hashlib.sha256(item.raw).hexdigest() for item in found.candidates)
    assert hashlib.sha256(found.image.raw).hexdigest() == found.image.digest.hex


@pytest.mark.parametrize("place", ["referrers-tag", "cosign-sig", "cosign-att"])
def test_an_images_own_layers_are_no_candidates_where_every_tag_is_the_image(place: str) -> None:
    image = referrer(b"x", subject=None)

    class Mirroring(FakeSource):
        def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
            return Answer(status=200, content=image)

    found = look(Mirroring(image=image).add(blobs=[b"x"]))
    assert found.candidates == ()
    assert entry(found, place).found == 0


class NoListing(FakeSource):
    """A registry, or something before it, that answers 200 to everything that it does not know."""

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
        return Listing(status=200, descriptors=(), bytes=9, supported=False)


def test_an_answer_that_is_no_listing_is_no_empty_one() -> None:
    """A login page where the referrers API should be, and no referrers tag: nothing says what is attached."""
    found = look(NoListing())
    (listing,) = [item for item in found.ledger if item.place == "referrers-api"]
    assert not listing.complete
    assert found.missed
    assert "login page" in str(found.missed[0])


def test_an_answer_that_is_no_listing_counts_as_no_api_where_the_referrers_tag_is_there() -> None:
    source = NoListing()
    held = source.attach(b"bundle")
    source.tags["referrers-tag"] = index(held)
    found = look(source)
    assert found.missed == ()
    assert raws(found) == {b"bundle"}
    source.tags["referrers-tag"] = source.image  # the image itself: a registry's quirk, and no listing
    assert look(source).missed


def test_the_listings_of_an_image_count_together_with_its_manifests() -> None:
    """The API's answer, the referrers tag and cosign's tags: each alone is within the limit, and all are not."""
    source = FakeSource()
    held = [source.attach(b"bundle"), source.attach(b"another")]
    source.tags["referrers-tag"] = index(*held)
    source.tags["cosign-sig"] = referrer(b"signature", subject=None, media_type=SIMPLE)
    source.blobs[digest_of(b"signature")] = b"signature"
    total = sum(len(item.raw) for item in (*held, *source.tags.values()))
    assert look(source, limits=Limits(manifests_bytes=total)).missed == ()
    for bound in (total - 1, len(source.tags["referrers-tag"].raw), 1):
        missed = look(source, limits=Limits(manifests_bytes=bound)).missed
        assert missed
        assert {error.limit for error in missed if isinstance(error, LimitExceeded)} == {"manifests-bytes"}


def test_what_the_source_reads_to_list_counts_for_the_image() -> None:
    class Costly(FakeSource):
        def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
            Limits(tally=tally, manifests_bytes=1000).count_manifest(600)
            return super().referrers(subject, tally)

    assert look(Costly()).missed == ()
    elsewhere = Elsewhere(name="ghcr.io/acme/signatures", source=Costly())
    found = discover(Costly(), digest=None, limits=LIMITS, deadline=Deadline(20), elsewhere=elsewhere)
    (missed,) = found.missed
    assert isinstance(missed, LimitExceeded)
    assert missed.limit == "manifests-bytes"
