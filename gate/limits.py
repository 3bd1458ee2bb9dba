"""How much of the world gate is willing to take in, in one table, and how long it waits.

What goes out: `Limits` (counts and bytes), `Tally` (what adds up over one image) and `Deadline` (seconds). Nothing here
reads: each source and parser enforces the number it is given. Going over one is `LimitExceeded` or `DeadlineExceeded`,
never "the first n".
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from gate.errors import DeadlineExceeded, LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gate.parallel import Share

T = TypeVar("T")


SMALL_DOCUMENT: Final = 256 << 10
"""Bytes of a manifest or listing that are read without waiting: a hundred times what a real one has."""


class Tally:
    """What one image has cost so far, over all its documents and from any number of threads. `share` is of what one
    image of a run may hold at a time.
    """

    __slots__ = ("_lock", "_over", "_reading", "_share", "_sums")

    def __init__(self, share: Share | None = None) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._share = share
        self._sums: dict[str, int] = {}
        self._over: tuple[str, str] | None = None

    @contextmanager
    def large(self) -> Iterator[None]:
        """Where a document is read that is larger than `SMALL_DOCUMENT`: one of an image at a time, and of a run those
        of one image until that is judged. Raises `DeadlineExceeded`, and `LimitExceeded` where the image went over a
        limit before: nothing more of it will be of use.
        """
        with self._reading:
            if self._over is not None:
                raise LimitExceeded(self._over[0], limit=self._over[1])
            if self._share is not None and not self._share.held:
                self._share.take(1)
            yield

    def add(self, what: str, count: int, bound: int, *, limit: str) -> None:
        """Count `count` more of `what`. Raises `LimitExceeded` if that is more than `bound` in all."""
        with self._lock:
            found = self._sums[what] = self._sums.get(what, 0) + count
        if found > bound:
            self._over = (f"more than {bound} {what} in all that is attached to the image", limit)
            raise LimitExceeded(self._over[0], limit=limit)


MAX_TEXT: Final = 2048
"""Characters of a foreign text that a policy is held against and a report quotes: a URI, a type, a builder's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds, each with its reason."""

    manifest_bytes: int = 4 << 20
    """The distribution specification asks registries for at least 4 MiB; no real manifest comes near."""
    blob_bytes: int = 16 << 20
    """The largest attestation payloads are SBOMs of a few MiB."""
    token_bytes: int = 64 << 10
    """A token service's answer is a few KiB."""
    error_bytes: int = 8 << 10
    """Of a failed answer only the error codes are read."""
    evidence_bytes: int = 32 << 20
    """All blobs of one digest together, and of all digests of a run at one time: they are in memory together."""
    manifests_bytes: int = 16 << 20
    """All manifests that are attached to one digest, and what lists them; they have about 1 KiB for each signature."""
    proofs: int = 800
    """Signatures, log entries and timestamps of one digest together: each takes a verification, of up to 2 ms."""
    images: int = 12
    """References of one run that are judged at the same time."""
    platforms: int = 50
    """Entries of one index that are judged; the official images of Docker Hub have about ten."""
    pages: int = 20
    """Pages of one referrers listing."""
    referrers: int = 200
    """Manifests attached to one image; cosign's own images carry fewer than 20."""
    layers: int = 100
    """Layers of one candidate's manifest, where each layer is a signature (cosign 1 and 2)."""
    candidates: int = 500
    """Layers of all manifests of one image: as many of one manifest each as there may be, and two full tags."""
    layout_files: int = 10_000
    """Entries of an archive, or manifests looked at in a layout that holds many images."""
    claims: int = 10_000
    """What statements may say of commits, over one image; a release of a large project holds a few thousand."""
    redirects: int = 3
    """A blob is redirected once to a store; more is a loop or a game."""
    attempts: int = 3
    """At one request, where the failure may pass: a registry's hiccup is short, and the deadline is for all."""
    connect_seconds: float = 5.0
    """A registry that does not accept a connection in this time is down for this job."""
    read_seconds: float = 10.0
    """Between two pieces of an answer."""
    helper_seconds: float = 15.0
    """A credential helper may have to ask a cloud for a token, and may wait for a person who is not there."""
    concurrency: int = 32
    """Requests in flight to one registry, for all images of a run: what is attached to an image comes at once, and a
    hundred images at 50 ms an answer wait as long as they compute. More is rude and gains nothing."""
    json_bytes: int = 4 << 20
    """Untrusted JSON outside base64 text. A bundle is a few KiB around its payload."""
    json_tokens: int = 200_000
    """Brackets, commas and colons of one untrusted document, counted before it is parsed."""
    payload_tokens: int = 800_000
    """The same of a payload whose signature verified, which may be an SBOM of 12 MiB, the most that a blob holds as
    base64: SBOMs have one in 16 bytes or more. Its signer may still be anybody, and each may cost 130 bytes."""
    image_tokens: int = 1_500_000
    """The same over all documents of one image: its manifests, its bundles, their payloads."""
    json_depth: int = 64
    """Nesting. in-toto predicates stay below 15."""
    tally: Tally | None = field(default=None, compare=False, repr=False)
    """What one image has cost so far. Whoever judges an image gives it one of its own."""

    def counted_in(self, tally: Tally | None) -> Limits:
        """The same limits; what an image costs is counted in `tally`."""
        return replace(self, tally=tally)

    def count_manifest(self, size: int) -> None:
        """Count the bytes of one more manifest or listing of the image. Raises `LimitExceeded`."""
        if self.tally is not None:
            self.tally.add("bytes of manifests and listings", size, self.manifests_bytes, limit="manifests-bytes")


_MOMENT: Final = 0.01
DEFAULT_TIMEOUT_SECONDS = 60.0
"""Long enough for a slow registry with retries, short enough that a job's log ends with our words."""


class Deadline:
    """A moment on the monotonic clock that every wait of a run is measured against. `source` is who set it."""

    __slots__ = ("at", "seconds", "source")

    def __init__(self, seconds: float, source: str = "--timeout") -> None:
        self.seconds = seconds
        self.source = source
        self.at = time.monotonic() + seconds

    def left(self, what: str = "") -> float:
        """Seconds that are left; raises `DeadlineExceeded` when there are none. `what` is what is waited for."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise self.exceeded(what)
        return left

    @property
    def over(self) -> bool:
        """Whether it has passed; or will at once, as a socket's own clock may end a wait a moment before this one."""
        return self.at - time.monotonic() < _MOMENT

    def exceeded(self, what: str = "") -> DeadlineExceeded:
        """The error of whoever waited for `what` until now, which is too long."""
        return DeadlineExceeded(f"{what}: " * bool(what) + f"no answer within {self.seconds:g} s ({self.source})")

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """The items, each only while there is time; raises `DeadlineExceeded` before the first that has none."""
        for item in items:
            self.left()
            yield item
