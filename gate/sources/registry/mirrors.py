"""Mirrors of a registry, and the registry itself behind them, as one `Source`.

What comes in: sources in the order in which they are asked, the origin last. What goes out: content of the first of
them that has it, which is the same wherever it comes from, because its digest is checked. An image's tag is what the
first mirror that has it says. What is attached to the image the origin says: a mirror's listing may be older, and then
hides what contradicts (design rules 27 and 28). `mirrors` are for whoever cannot reach the origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gate.errors import CouldNotLook, DeadlineExceeded, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.limits import Tally
    from gate.reference import Digest
    from gate.sources import Answer, Content, Listing, Source
    from gate.sources.manifest import Descriptor
    from gate.sources.registry import RegistrySource

T = TypeVar("T")


class MirroredSource:
    """One image of a registry that has mirrors. Safe to use from any number of threads.

    Every method raises what the origin raises. A mirror that is out of reach is not asked again.
    """

    listing_place: str = "referrers-api"

    def __init__(self, mirrors: Sequence[RegistrySource], origin: RegistrySource) -> None:
        self._mirrors = tuple(mirrors)
        self._origin = origin
        self._down: set[RegistrySource] = set()

    @property
    def mirrors(self) -> Sequence[tuple[str, Source]]:
        """Each mirror but those that are out of reach."""
        return [(mirror.name, mirror) for mirror in self._mirrors if mirror not in self._down]

    @property
    def credentials(self) -> str | None:
        """Where the credentials came from that the mirrors and the registry were shown so far; None if none were."""
        found = [source.credentials for source in (*self._mirrors, self._origin)]
        return ", ".join(dict.fromkeys(text for text in found if text)) or None

    def resolve(self) -> Content:
        """The image's manifest."""
        return self._first(lambda source: source.resolve())

    def manifest(self, digest: Digest, tally: Tally | None = None) -> Content:
        """A manifest by digest."""
        return self._first(lambda source: source.manifest(digest, tally))

    def blob(self, descriptor: Descriptor) -> bytes:
        """A blob by digest."""
        return self._first(lambda source: source.blob(descriptor))

    def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
        """The manifest under `tag`. Of what is attached only the origin speaks: a mirror's may be older, or a part."""
        return self._origin.tagged(tag, tally)

    def known(self) -> bool | None:
        """Whether the origin has such a repository."""
        return self._origin.known()

    def confirm(self, digest: Digest) -> None:
        """See that the origin has the image: it may lack, or hide from whoever asks, what a mirror handed out."""
        self._origin.image(str(digest), digest)

    @property
    def doubt(self) -> str:
        """As the origin has it."""
        return self._origin.doubt

    def holder(self, digest: Digest) -> Content | None:
        """What the reference's tag is, if that is something else than `digest`; for a note, so the origin's will do."""
        return self._origin.holder(digest)

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
        """What refers to `subject`, as the origin lists it."""
        return self._origin.referrers(subject, tally)

    def _first(self, ask: Callable[[RegistrySource], T]) -> T:
        """What the first mirror has, or what the origin says. Time that is over stays over."""
        for mirror in self._mirrors:
            if mirror in self._down:
                continue
            try:
                return ask(mirror)
            except DeadlineExceeded:
                raise
            except Unavailable:
                self._down.add(mirror)
            except CouldNotLook:
                continue
        return ask(self._origin)
