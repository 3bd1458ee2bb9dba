"""The referrers API's answer, page by page -> `Listing`.

What comes in: where the listing begins and how to fetch. What goes out: every descriptor of every page, or that the
registry has no such API, or a `CouldNotLook`; never a part of the list. It follows no descriptor.

Source: OCI distribution-spec v1.1, "Listing Referrers". Asked without a filter: one answer serves every type, and
registries differ in how they filter.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

from gate.errors import LimitExceeded, Malformed
from gate.reference import Digest
from gate.sources import Content, Listing
from gate.sources.manifest import OCI_INDEX, Descriptor, parse_manifest
from gate.sources.registry.headers import parse_next_link
from gate.sources.registry.http import REDIRECTS, Reply, Request, refusal
from gate.strictjson import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.limits import Limits
    from gate.sources.registry.origin import Origin

NO_SUCH_API = frozenset({400, 404, 405, 406, 501})
_SEE_OTHER = 303


def list_referrers(
    url: str, *, what: str, fetch: Callable[[Request], Reply], origin: Callable[[str], Origin], limits: Limits
) -> Listing:
    """Read the listing that begins at `url`; `what` names it in messages, `origin` says which URLs gate may ask.

    `supported` is False if the first answer is no listing: 400, 404, 405, 406, 501, a 200 of another media type, or
    303, with which one large registry sends API clients to its web site (RFC 9110 section 15.4.4: what is there is
    not what was asked for). `Malformed` for a page that does not parse or is missing, and for one that leads to
    another origin or back; `LimitExceeded` over `limits.pages` or `limits.referrers`, and over what all manifests and
    listings of the image in `limits.tally` may have in bytes and tokens.
    """
    home = origin(url)
    seen: set[str] = set()
    found: list[Descriptor] = []
    size = 0
    following: str | None = url
    while following is not None:
        if following in seen:
            raise Malformed(f"{what}: the pages of {home.name} lead in a circle")
        if len(seen) == limits.pages:
            raise LimitExceeded(f"{what}: more than {limits.pages} pages", limit="pages")
        reply = fetch(
            Request(
                url=following,
                what=what,
                cap=limits.manifest_bytes,
                limit="manifest-bytes",
                accept=OCI_INDEX,
                only=OCI_INDEX,
                follow=REDIRECTS - {_SEE_OTHER},
            )
        )
        listing = reply.status == 200 and reply.media_type.lower() == OCI_INDEX
        if not listing and not seen and reply.status in NO_SUCH_API | {200, _SEE_OTHER}:
            return Listing(status=reply.status, descriptors=(), bytes=len(reply.body), supported=False)
        if not listing:
            raise refusal(reply, what)
        seen.add(following)
        size += len(reply.body)
        limits.count_manifest(len(reply.body))
        found += _page(reply, what, limits)
        if len(found) > limits.referrers:
            raise LimitExceeded(f"{what}: more than {limits.referrers}", limit="referrers")
        following = _next(reply, what, origin)
        if following is not None and origin(following) != home:
            raise Malformed(f"{what}: {home.name} says that the next page is on another host")
    return Listing(status=200, descriptors=tuple(found), bytes=size)


def _page(reply: Reply, what: str, limits: Limits) -> tuple[Descriptor, ...]:
    """One page's descriptors. `manifests: null` is an empty list, as registries written in Go may send it; so is `{}`,
    as Harbor sends it of an image that it does not have in this repository.
    """
    if reply.body.strip() == b"{}":
        return ()
    digest = Digest("sha256", hashlib.sha256(reply.body).hexdigest())
    try:
        return parse_manifest(Content(digest=digest, media_type=OCI_INDEX, raw=reply.body), limits).manifests
    except Refused as error:
        if error.limit:
            raise LimitExceeded(
                f"{what}: the list of {reply.host} is too deep or too long to read", limit=error.limit
            ) from None
        raise Malformed(f"{what}: the list of {reply.host} cannot be read") from None


def _next(reply: Reply, what: str, origin: Callable[[str], Origin]) -> str | None:
    """The next page's URL, of an origin that gate may ask."""
    try:
        link = parse_next_link(reply.link)
        if link is None:
            return None
        url = urldefrag(urljoin(reply.url, link)).url
        origin(url)
    except ValueError:
        raise Malformed(f"{what}: {reply.host} names the next page unreadably") from None
    return url
