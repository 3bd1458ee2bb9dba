"""What python-tuf needs of the network, by the client that registries are asked with.

What comes in: a TUF repository's URL and `Access`. What goes out: a fetcher for python-tuf. It verifies nothing: that
is what python-tuf is for, and why a repository may also be asked over plain http.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from gate.errors import InvalidUsage
from gate.limits import Limits
from gate.sources.registry.http import Client, Request
from gate.sources.registry.origin import origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.limits import Deadline
    from gate.sources.access import Access


class Fetcher(FetcherInterface):
    """Fetches from one repository. No credential and no client certificate goes there."""

    def __init__(self, url: str, access: Access, *, deadline: Deadline, cap: int) -> None:
        """`cap` is the most bytes that one file may have. Raises `InvalidUsage` for what is no URL of a repository, and
        for authorities that cannot be read.
        """
        try:
            parts = urlsplit(url)
            plain = frozenset({parts.netloc}) if parts.scheme == "http" else frozenset()
            host = origin(url, plain).host
        except ValueError:
            raise InvalidUsage(f"{url!a} is no http or https URL of a host, which a TUF repository has") from None
        self._client = Client(
            replace(access, plain_http=plain, client_certificate=None), limits=Limits(), deadline=deadline
        )
        self._client.named.add(host)
        self._cap = cap

    def _fetch(self, url: str) -> Iterator[bytes]:
        """One file; `DownloadHTTPError` for any status but 200, as python-tuf wants it."""
        reply = self._client.get(Request(url=url, what=f"{urlsplit(url).path}", cap=self._cap, limit=""))
        if reply.status != 200:
            raise DownloadHTTPError(f"{reply.host} answered HTTP {reply.status}", reply.status)
        return iter((reply.body,))
