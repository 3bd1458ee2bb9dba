"""One image of a registry as a `Source`, over HTTP.

What comes in: a `Reference` to a registry. What goes out: manifests and blobs whose digest was checked, and listings.
It reads only and keeps no files. `Registries` is what all references of a run share; it and every source that it opens
may be used from any number of threads.

This file is the source. `repository` is where requests for one repository go out, and `referrers` reads its listing;
`mirrors` puts a registry's mirrors before it. `http` makes one bounded exchange on `transport`'s session and through
`proxies`, `retries` says which of them is made again, `headers` and `origin` read what such an exchange says of itself.
`login` answers challenges with `tokens`; `credentials`, `configuration` and `credential_helper` find what with, `realm`
says where that may be sent.

Sources: OCI distribution-spec v1.1 ("Pulling manifests", "Pulling blobs", "Listing Referrers").
"""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gate.errors import CouldNotLook, LimitExceeded, Malformed, NotFound, Unavailable
from gate.limits import SMALL_DOCUMENT, Tally
from gate.reference import Digest, Reference, parse_reference
from gate.sources import Answer, Content, Listing, check_digest
from gate.sources.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor
from gate.sources.registry.credentials import Credentials
from gate.sources.registry.http import Client, Reply, Request, answered, error_codes, refusal, unknown_repository
from gate.sources.registry.login import Login
from gate.sources.registry.mirrors import MirroredSource
from gate.sources.registry.referrers import NO_SUCH_API, list_referrers
from gate.sources.registry.repository import Repository
from gate.sources.settings import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.limits import Deadline, Limits
    from gate.sources import Source
    from gate.sources.access import Access
    from gate.sources.registry.origin import Origin
    from gate.sources.settings import RegistrySettings

_MANIFESTS = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))


class Registries:
    """All registries of one run: one pool of connections, and one `Login` a registry.

    A header that a login holds goes to its registry and serves one repository, so that sharing lets nothing out.
    """

    def __init__(
        self,
        access: Access,
        *,
        limits: Limits,
        deadline: Deadline,
        settings: Mapping[str, RegistrySettings] | None = None,
    ) -> None:
        """Raises `InvalidUsage` for a file that `access` names and that cannot be read."""
        self.client = Client(access, limits=limits, deadline=deadline)
        self._credentials = Credentials(access, limits=limits, deadline=deadline)
        self._settings = settings or {}
        self._limits = limits
        self._deadline = deadline
        self._lock = threading.Lock()
        self._logins: dict[str, Login] = {}
        self.tally = Tally()
        """What is read for no image in particular, an image's own manifest among it."""

    def open(self, reference: Reference) -> Source:
        """The source of one image, behind its registry's mirrors where the policy names some. Nothing is asked yet."""
        mirrors = self._settings.get(reference.host, DEFAULT).mirrors
        if not mirrors:
            return self.source(reference)
        return MirroredSource([self.source(_at(mirror, reference)) for mirror in mirrors], self.source(reference))

    def source(self, reference: Reference) -> RegistrySource:
        """The source of one image in the very registry that its reference names."""
        settings = self._settings.get(reference.host, DEFAULT)
        return RegistrySource(reference, self, limits=self._limits, settings=settings)

    def login(self, name: str, registry: Origin) -> Login:
        """The login of the registry with the canonical host `name`, the same object each time."""
        with self._lock:
            if name not in self._logins:
                self.client.named.add(registry.host)
                self._logins[name] = Login(
                    name, registry, self.client, self._credentials, limits=self._limits, deadline=self._deadline
                )
            return self._logins[name]


class RegistrySource:
    """What a registry holds of one image. Every method may raise any `CouldNotLook`; each says what absence is."""

    listing_place: str = "referrers-api"

    def __init__(
        self, reference: Reference, registries: Registries, *, limits: Limits, settings: RegistrySettings = DEFAULT
    ) -> None:
        self.host = reference.host
        self.name = reference.name
        self.mirrors: Sequence[tuple[str, Source]] = ()
        self._settings = settings
        self._reference = reference
        self._limits = limits
        self._registry = Repository(reference, registries)
        self._tally = registries.tally
        self._lock = threading.Lock()
        self._resolved: Content | None = None

    def resolve(self) -> Content:
        """The reference's manifest: asked for once, by the digest if there is one, else by the tag.

        Of a tag the digest is the SHA-256 of what came; what the registry says it is does not count. `NotFound` if
        the registry has none.
        """
        with self._lock:
            if self._resolved is None:
                self._resolved = self._resolve()
            return self._resolved

    def _resolve(self) -> Content:
        digest, tag = self._reference.digest, self._reference.tag or ""
        return self.image(str(digest or tag), digest)

    def image(self, name: str, digest: Digest | None, tally: Tally | None = None) -> Content:
        """An image's manifest by its tag, or by its digest. `NotFound` if the registry has none."""
        what = self._what(f"tag {name}" if digest is None else f"digest {name}")
        reply = self._manifest(name, what, digest, tally)
        if reply.status == 404:
            raise NotFound(
                f"{what} was not found: {answered(reply)}, as private repositories may, too; {reply.account}",
                status=404,
            )
        if reply.status == 400 and reply.url.startswith("http:"):
            raise refusal(
                reply, what, hint=f"see what listens there; if this registry speaks TLS, say --tls {self.host}"
            )
        return _content(reply, what, digest)

    def manifest(self, digest: Digest, tally: Tally | None = None) -> Content:
        """A manifest by digest. `Malformed` if there is none: it was listed."""
        what = self._what(f"manifest {digest}")
        return _content(_listed(self._manifest(str(digest), what, digest, tally), what), what, digest)

    def blob(self, descriptor: Descriptor) -> bytes:
        """A blob: the descriptor's own `data` if that has its digest, else the registry's.

        `LimitExceeded` without any request if it is longer than `limits.blob_bytes`, `Malformed` if there is none.
        """
        digest, size, data = descriptor.digest, descriptor.size, descriptor.data
        what = self._what(f"blob {digest}")
        if size > self._limits.blob_bytes:
            raise LimitExceeded(
                f"{what}: {size} bytes, more than the {self._limits.blob_bytes} that gate accepts", limit="blob-bytes"
            )
        if data is not None and len(data) == size and _matches(data, digest):
            return data
        request = Request(
            url=self._registry.blob_url(digest), what=what, cap=size, limit="blob-bytes", size=size, digest=digest
        )
        reply = _listed(self._registry.fetch(request), what)
        if reply.status != 200:
            raise refusal(reply, what)
        return reply.body

    def tagged(self, tag: str, tally: Tally | None = None) -> Answer:
        """The manifest under `tag`, or an answer without content where the registry says 404, and only there; and 403
        where the policy says that this means the same (`forbidden-tag`).
        """
        what = self._what(f"tag {tag}")
        reply = self._manifest(tag, what, None, tally)
        if reply.status == 404:
            return Answer(status=reply.status, content=None, repository_unknown=unknown_repository(reply))
        if reply.status == 403 and self._settings.forbidden_tag_absent:
            return Answer(status=reply.status, content=None, absent_by="forbidden-tag")
        if reply.status == 403:
            say = f'[registries."{self.host}"] forbidden-tag = "absent"'
            hint = (
                f"see whether the credentials may read this repository; if they may, and 403 is {self.host}'s answer "
            )
            raise refusal(reply, what, hint=f"{hint}for a tag that is not there, say {say} in the policy")
        return Answer(status=reply.status, content=_content(reply, what, None))

    def known(self) -> bool | None:
        """Whether the registry has the repository: True if its tags are listed, False for a 404 of its own.

        Distribution says MANIFEST_UNKNOWN of a tag whether or not there is such a repository, Harbor NOT_FOUND, and
        only here the truth (distribution-spec, "Listing Tags"). A 404 without a code is of whoever has no such list. A
        registry that lists no tags for whoever asks, or more than gate reads, says nothing. Raises `Unavailable`.
        """
        what = self._what("the list of its tags")
        request = Request(
            url=self._registry.tags_url, what=what, cap=self._limits.manifest_bytes, limit="manifest-bytes"
        )
        try:
            reply = self._document(None, request)
        except Unavailable:
            raise
        except CouldNotLook:
            return None
        if reply.status not in NO_SUCH_API and isinstance(error := refusal(reply, what), Unavailable):
            raise error
        if reply.status == 200:
            return True
        return False if reply.status == 404 and error_codes(reply.body) else None

    def confirm(self, digest: Digest) -> None:
        """Nothing: what it handed out it has."""

    @property
    def doubt(self) -> str:
        """Why what is absent may only be hidden: a configured credential could not be had; "" otherwise."""
        return self._registry.login.doubt(self._reference.location)

    def holder(self, digest: Digest) -> Content | None:
        """What the tag of a reference with tag and digest is, if that is something else."""
        tag = self._reference.tag
        found = None if tag is None or self._reference.digest is None else self.tagged(tag).content
        return None if found is None or found.digest == digest else found

    def referrers(self, subject: Digest, tally: Tally | None = None) -> Listing:
        """All that the referrers API lists for `subject`, on all pages; `supported` is False where there is none."""
        return list_referrers(
            self._registry.referrers_url(subject),
            what=self._what(f"referrers of {subject}"),
            fetch=partial(self._document, tally),
            origin=self._registry.client.origin,
            limits=self._limits.counted_in(tally),
        )

    def _manifest(self, name: str, what: str, digest: Digest | None, tally: Tally | None = None) -> Reply:
        url = self._registry.manifest_url(name)
        return self._document(
            tally,
            Request(
                url=url,
                what=what,
                cap=self._limits.manifest_bytes,
                limit="manifest-bytes",
                accept=_MANIFESTS,
                digest=digest,
            ),
        )

    def _document(self, tally: Tally | None, request: Request) -> Reply:
        """A manifest or a listing. What is small is read at once; for what is not it is waited until that is the only
        one, so that many that come together are not in memory together; it is then asked for again.
        """
        try:
            return self._registry.fetch(request.up_to(SMALL_DOCUMENT))
        except LimitExceeded as error:
            if error.limit != request.limit or request.cap <= SMALL_DOCUMENT:
                raise
        with (tally or self._tally).large():
            return self._registry.fetch(request)

    @property
    def credentials(self) -> str | None:
        """Where the credentials came from that were used; None if none were."""
        return self._registry.login.source(self._reference.location)

    def _what(self, thing: str) -> str:
        return f"{self._reference.name}: {thing}"


def _at(mirror: str, reference: Reference) -> Reference:
    """The same image at `mirror`, which is a host with or without a prefix for the repository."""
    place = parse_reference(f"{mirror}/{reference.location}")
    return replace(reference, host=place.host, location=place.location, name=place.name)


def _content(reply: Reply, what: str, digest: Digest | None) -> Content:
    if reply.status != 200:
        raise refusal(reply, what)
    found = digest or Digest("sha256", hashlib.sha256(reply.body).hexdigest())
    return Content(digest=found, media_type=reply.media_type, raw=reply.body)


def _listed(reply: Reply, what: str) -> Reply:
    """`reply`, unless it says that something is not there that another document refers to."""
    if reply.status == 404:
        raise Malformed(f"{what}: listed, but missing: {answered(reply)}", status=404)
    return reply


def _matches(data: bytes, digest: Digest) -> bool:
    try:
        check_digest(data, digest, "data")
    except Malformed:
        return False
    return True
