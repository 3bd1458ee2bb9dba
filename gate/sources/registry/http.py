"""One exchange over HTTP, from the first byte to the last, under limits.

What comes in: a URL and what its body must be. What goes out: a `Reply` whose body is whole and, where a digest was
asked for, hashes to it; or a `CouldNotLook`. What may pass is tried again (`retries`). It knows nothing of registries,
and sends a credential only where it is told to.
"""

from __future__ import annotations

import re
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

import requests
import urllib3.exceptions
from msgspec import Struct

from gate.errors import (
    AccessDenied,
    CouldNotLook,
    CutShort,
    DeadlineExceeded,
    LimitExceeded,
    Malformed,
    RateLimited,
    Unavailable,
)
from gate.sources import check_digest
from gate.sources.registry.headers import parse_retry_after
from gate.sources.registry.origin import Origin, is_metadata, origin
from gate.sources.registry.proxies import proxy_for, shown_proxy
from gate.sources.registry.retries import Retries
from gate.sources.registry.transport import failure, new_session
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.limits import Deadline, Limits
    from gate.reference import Digest
    from gate.sources.access import Access

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_PIECE = 64 << 10
_ERROR_CODE = re.compile(r"[A-Z_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET, or the POST of `form`, and what its content must be. `what` names it in messages.

    Content is the body of a 200, of the media type `only` where that is given (in lower case). It has at most `cap`
    bytes (`limit` is what the policy calls that) and, where they are given, exactly `size` and `digest`. Redirects are
    followed for the statuses in `follow`.
    """

    url: str
    what: str
    cap: int
    limit: str
    accept: str = "*/*"
    only: str | None = None
    size: int | None = None
    digest: Digest | None = None
    follow: frozenset[int] = REDIRECTS
    form: Mapping[str, str] | None = field(default=None, repr=False)

    def up_to(self, cap: int) -> Request:
        """The same, of at most `cap` bytes."""
        return replace(self, cap=min(cap, self.cap))


class Reply(Struct, frozen=True, kw_only=True):
    """One answer. `body` is the content, whole, or of any other answer at most the first `Limits.error_bytes`.

    `url` and `host` (with its port) say who answered; `foreign` that a redirect left the origin that was asked.
    `media_type` has no parameters. `challenge` and `link` are the headers WWW-Authenticate and Link, "" where absent.
    `account` says for messages as whom it was asked.
    """

    url: str
    host: str
    status: int
    foreign: bool
    media_type: str
    challenge: str
    link: str
    retry_after: float | None
    body: bytes
    account: str = ""


def answered(reply: Reply) -> str:
    """Who answered what, for a message: "ghcr.io answered HTTP 403 (DENIED)".

    Of the registry's own words only its error codes are quoted (distribution-spec, "Error Codes").
    """
    codes = error_codes(reply.body)
    text = f"{reply.host} answered HTTP {reply.status}" + (f" ({', '.join(codes)})" if codes else "")
    return f"{text} and asks to wait {reply.retry_after:g} s" if reply.retry_after else text


def error_codes(body: bytes) -> list[str]:
    """The OCI error codes of an answer, a few of them; none where it is a proxy's or a router's."""
    try:
        errors = parse_object(body).get("errors")
    except Refused:
        return []
    found = [entry.get("code") for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    return [code for code in found if isinstance(code, str) and _ERROR_CODE.fullmatch(code)][:3]


def unknown_repository(reply: Reply) -> bool:
    """Whether the answer is that there is no such repository, and not that it lacks something: NAME_UNKNOWN
    (distribution-spec, "Error Codes").
    """
    return "NAME_UNKNOWN" in error_codes(reply.body)


def refusal(reply: Reply, what: str, *, hint: str = "") -> CouldNotLook:
    """The error for an answer that is not the content that was asked for. `hint` is what a person may do about it."""
    error = _refusal(reply, f"{what}: {answered(reply)}")
    return error.advising(hint) if hint else error


def _refusal(reply: Reply, text: str) -> CouldNotLook:
    if reply.status in (401, 403):
        return AccessDenied(f"{text}; {reply.account}", status=reply.status)
    if reply.status == 429:
        return RateLimited(text, status=reply.status)
    if reply.status == 408 or 500 <= reply.status < 600:
        return Unavailable(text, status=reply.status)
    return Malformed(text, status=reply.status)


class Client:
    """Requests from any number of threads over one pool of connections.

    `named` are the hosts that the user named; whoever learns of one adds it before asking there.
    """

    def __init__(self, access: Access, *, limits: Limits, deadline: Deadline) -> None:
        """Raises `InvalidUsage` for certificates of `access` that cannot be read."""
        self.access = access
        self.named: set[str] = set()
        self._limits = limits
        self._deadline = deadline
        self._retries = Retries(limits=limits, deadline=deadline)
        self.session = new_session(access, named=self.named, limits=limits, deadline=deadline)

    def origin(self, url: str) -> Origin:
        """The origin of `url`, if gate may ask it. Raises `ValueError`."""
        return origin(url, self.access.plain_http)

    def get(self, request: Request, *, authorization: str | None = None, certificate: bool = False) -> Reply:
        """Send `request`, following its redirects, at most `limits.redirects` of them; all of it again where the
        failure may pass, at most `limits.attempts` times in all.

        `authorization` goes to the origin that is asked, and never again once a redirect has left it. So does the
        client certificate, if `certificate` says that it belongs there.

        Raises `Malformed`, `LimitExceeded`, `Unavailable` or `DeadlineExceeded`, and `InvalidUsage` for certificate
        authorities that cannot be read. Any whole answer is a `Reply`, whatever its status.
        """
        return self._retries.until_answered(lambda: self._once(request, authorization, certificate=certificate))

    def _once(self, request: Request, authorization: str | None, *, certificate: bool) -> Reply:
        url, what = request.url, request.what
        home, foreign = self.origin(url), False
        for _ in range(self._limits.redirects + 1):
            here = self.origin(url)
            asked = f"{what}: {here.name}"
            headers = {"Accept": request.accept}
            if authorization is not None and not foreign:
                headers["Authorization"] = authorization
            try:
                with closing(self._open(request, url, headers, certificate=certificate and not foreign)) as response:
                    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
                    content = response.status_code == 200 and request.only in (None, media_type.lower())
                    body = self._content(response, request, here.name) if content else self._excerpt(response)
            except DeadlineExceeded:
                raise self._deadline.exceeded(asked) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if self._deadline.over:
                    raise self._deadline.exceeded(asked) from None
                raise failure(error, asked, proxy=shown_proxy(here, self.access.proxies)) from None  # theirs may quote
            if response.status_code not in request.follow:
                return Reply(
                    url=url,
                    host=here.name,
                    status=response.status_code,
                    foreign=foreign,
                    media_type=media_type,
                    challenge=response.headers.get("WWW-Authenticate", ""),
                    link=response.headers.get("Link", ""),
                    retry_after=parse_retry_after(
                        response.headers.get("Retry-After", ""), response.headers.get("Date", "")
                    ),
                    body=body,
                )
            url = self._target(url, response.headers.get("Location"), what)
            foreign = foreign or self.origin(url) != home
        raise LimitExceeded(
            f"{what}: {home.name} redirected more than {self._limits.redirects} times", limit="redirects"
        ).advising("see where it redirects to, and whether a login page or a proxy is in between")

    def _open(self, request: Request, url: str, headers: dict[str, str], *, certificate: bool) -> requests.Response:
        left = self._deadline.left()
        here = self.origin(url)
        if is_metadata(here.host) and here.host not in self.named:
            raise Malformed(f"{request.what}: {here.host} is an address where clouds keep credentials, no registry's")
        proxy = proxy_for(here, self.access.proxies)
        return self.session.request(
            "GET" if request.form is None else "POST",
            url,
            data=request.form,
            headers=headers,
            stream=True,
            allow_redirects=False,
            timeout=(min(self._limits.connect_seconds, left), min(self._limits.read_seconds, left)),
            proxies={here.scheme: proxy} if proxy else None,
            cert=self.access.client_certificate if certificate else None,
        )

    def _target(self, url: str, location: str | None, what: str) -> str:
        """Where a redirect leads; raises `Malformed` if that is nowhere, or from https to plain http."""
        here = self.origin(url)
        if not location:
            raise Malformed(f"{what}: {here.name} redirected without saying where to")
        try:
            target = urldefrag(urljoin(url, location)).url
            there = self.origin(target)
        except ValueError as error:
            raise Malformed(f"{what}: {here.name} redirected to {error}").advising(
                "see what answers there in the registry's place; if it is the registry, whoever runs it must mend that"
            ) from None
        if here.scheme == "https" and there.scheme != "https":
            raise Malformed(f"{what}: {here.name} redirected from https to plain http").advising(
                "whoever runs the registry must mend that: its store is asked over https or not at all"
            )
        return target

    def _content(self, response: requests.Response, request: Request, host: str) -> bytes:
        what = f"{request.what}: the answer of {host}"
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Malformed(f"{what} is compressed, which was not asked for")
        chunked = response.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
        length = None if chunked else _length(response.headers.get("Content-Length"), what)
        if length is None and not chunked and request.digest is None:
            # It ends where the connection ends, so that nothing would tell when it is cut short.
            raise Malformed(f"{what} does not say how long it is")
        bound = request.cap if request.size is None else request.size
        body = bytearray()
        if length is None or length <= bound:
            for piece in self._pieces(response):
                body += piece
                if len(body) > bound:
                    break
        offered = max(len(body), length or 0)
        if request.size is not None and offered != request.size:
            raise Malformed(f"{what} is not of {request.size} bytes, as its descriptor says")
        if offered > request.cap:
            raise LimitExceeded(f"{what} is longer than the {request.cap} bytes that gate accepts", limit=request.limit)
        if length is not None and length != len(body):  # today urllib3 raises before this can be
            raise CutShort(f"{what} is cut short, after {len(body)} of {length} bytes")
        raw = bytes(body)
        if request.digest is not None:
            check_digest(raw, request.digest, what)
        return raw

    def _excerpt(self, response: requests.Response) -> bytes:
        """The beginning of an answer that is no content. One that is read to its end leaves the connection usable."""
        body = bytearray()
        with suppress(urllib3.exceptions.HTTPError):  # a body that breaks off changes nothing: the status is the answer
            for piece in self._pieces(response):
                body += piece
                if len(body) > self._limits.error_bytes:
                    break
        self._deadline.left()
        return bytes(body[: self._limits.error_bytes])

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        # read1 gives what is there; read would wait to fill its buffer while bytes drip in.
        while piece := response.raw.read1(_PIECE, decode_content=False):
            self._deadline.left()
            yield piece
        self._deadline.left()


def _length(header: str | None, what: str) -> int | None:
    if header is None:
        return None
    if not header.isascii() or not header.isdecimal() or len(header) > 19:
        raise Malformed(f"{what} has no readable Content-Length")
    return int(header)
