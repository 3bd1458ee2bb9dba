"""The connections beneath `http`: requests, without what it must not do for a verifier.

What comes in: `Access`, `Limits` and a `Deadline`. What goes out: a `requests.Session` that any number of threads may
use, and gate's own errors for what requests and urllib3 raise. It judges no answer and tries nothing twice.

What requests does on its own and this session does not: read the environment, read the whole body of a redirect, take
credentials from `~/.netrc` or from a URL, keep cookies, ask for packed bodies, read the certificate authorities again
for each connection (30 ms of CPU). Every certificate is checked, against the authorities of `Access` or certifi's. No
connection leads to an address where a cloud keeps credentials, whatever name led there, unless the user named it. Only
the lookup of a host's name is out of the deadline's reach: nothing can end it.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import ssl
import threading
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import requests
import urllib3.connection
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from gate import __version__
from gate.errors import CouldNotLook, CutShort, GateError, InvalidUsage, Malformed, Unavailable, Untrusted
from gate.reference import readable
from gate.sources.registry.origin import is_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.limits import Deadline, Limits
    from gate.sources.access import Access


_TUNNEL = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def new_session(access: Access, *, named: set[str], limits: Limits, deadline: Deadline) -> requests.Session:
    """A session that has at most `limits.concurrency` connections to one origin, all of them bound to `deadline`.

    A request's `cert`, whatever it is, stands for the client certificate of `access`. `named` are the hosts that the
    user named; it may grow. Raises `InvalidUsage` for certificates of `access` that cannot be read.
    """
    session = _Session()
    session.trust_env = False  # proxies, authorities and netrc: gate is told, and does not look
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = lambda request: request  # a callable stops the search for credentials in ~/.netrc and in the URL
    session.headers.clear()
    session.headers.update({"User-Agent": f"gate/{__version__}", "Accept-Encoding": "identity"})
    adapter = _Adapter(access, named=named, limits=limits, deadline=deadline)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def failure(error: Exception, where: str, *, proxy: str = "") -> CouldNotLook:
    """What an exception of requests or urllib3 amounts to, by what lies beneath it; `where` begins the message, and
    `proxy` names the proxy that was asked, if one was.
    """
    beneath = tuple(_causes(error))
    for cause in beneath:
        if isinstance(cause, ssl.SSLCertVerificationError):
            untrusted = Untrusted(f"{where}: the certificate was not trusted ({cause.verify_message})")
            advice = _CERTIFICATES.get(cause.verify_code)
            return untrusted.advising(advice) if advice else untrusted
    for kinds, kind, text, remedy in _FAILURES:
        if any(isinstance(cause, kinds) for cause in beneath):
            reason = next(filter(None, map(_reason, beneath)), "")
            by = f" (through the proxy {proxy})" if proxy and "{}" not in text else ""
            found = kind(f"{where}: {text.format(proxy)}{f' ({reason})' if reason else ''}{by}")
            found.remedy = _HANDSHAKES.get(reason, remedy) or kind.remedy
            return found
    return Unavailable(f"{where}: no connection")


def _reason(cause: BaseException) -> str:
    """OpenSSL's word for what went wrong, or the status with which a proxy refused (http.client has it in a text)."""
    if isinstance(cause, ssl.SSLError):
        return str(cause.reason or "")
    refused = _TUNNEL.search(str(cause)) if isinstance(cause, OSError) else None
    return f"it answered HTTP {refused[1]}" if refused else ""


_SAYS_NOTHING: Final = "this says nothing about the image"
_CERTIFICATES: Final = {  # X509_V_ERR_..., openssl-verification-options(1)
    **dict.fromkeys(
        (62, 64), "ask the registry by a name that its certificate has, or have it issued for this one too"
    ),
    **dict.fromkeys((9, 10), "whoever runs the registry must renew its certificate; or this machine's clock is wrong"),
}
_HANDSHAKES: Final = {  # OpenSSL's words for what went wrong
    **dict.fromkeys(
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"),
        "what answers there does not speak TLS: compare host and port, and if this registry is to be asked in clear, "
        f"say --plain-http HOST:PORT; {_SAYS_NOTHING}",
    ),
    **dict.fromkeys(
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE", "SSLV3_ALERT_BAD_CERTIFICATE"),
        f"the server may ask for a client certificate: --client-cert and --client-key show one; {_SAYS_NOTHING}",
    ),
}
_FAILURES: tuple[tuple[tuple[type[BaseException], ...], type[CouldNotLook], str, str], ...] = (
    # The first that applies; one class can stand under several.
    ((ssl.SSLError,), Unavailable, "the TLS handshake failed, so that no certificate was trusted", ""),
    # Before the proxy's: urllib3 lays a connection that broke behind a proxy at the proxy's door.
    ((ConnectionResetError,), Unavailable, "the connection was lost", ""),
    (
        (requests.exceptions.ProxyError,),
        Unavailable,
        "the proxy {} gave no connection",
        f"run it again, or see HTTPS_PROXY, HTTP_PROXY and NO_PROXY and whether that proxy is there; {_SAYS_NOTHING}",
    ),
    ((http.client.IncompleteRead,), CutShort, "the answer is cut short", ""),
    ((TimeoutError, requests.Timeout), Unavailable, "no answer in time", ""),
    (
        (socket.gaierror,),
        Unavailable,
        "its name is not known",
        f"compare the host with the registry's, and see whether this machine's name server knows it; {_SAYS_NOTHING}",
    ),
    (
        (ConnectionRefusedError,),
        Unavailable,
        "connection refused",
        f"see whether something listens on that port, then run it again; {_SAYS_NOTHING}",
    ),
    ((ConnectionError,), Unavailable, "the connection was lost", ""),
    ((http.client.HTTPException, requests.exceptions.InvalidHeader), Malformed, "the answer is not HTTP", ""),
    ((requests.exceptions.InvalidURL,), Malformed, "not a host that can be asked", ""),
)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what it came from, as far as gate's own errors: beyond those lies an earlier request."""
    while error is not None and not isinstance(error, GateError):
        yield error
        yield from (held for held in error.args if isinstance(held, ssl.SSLError))  # urllib3 holds a few, unchained
        error = error.__cause__ or error.__context__


class _Session(requests.Session):
    """A session that leaves redirects alone: requests reads a redirect's whole body before anyone can stop it."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as requests calls it
        return None


class _Adapter(HTTPAdapter):
    """Connections that read against the deadline and share one TLS context, or two if there is a client certificate."""

    def __init__(self, access: Access, *, named: set[str], limits: Limits, deadline: Deadline) -> None:
        self._access = access
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._connections = {
            "http": _connection(urllib3.connection.HTTPConnection, named, deadline, limits.read_seconds),
            "https": _connection(urllib3.connection.HTTPSConnection, named, deadline, limits.read_seconds),
        }
        if access.ca_file or access.ca_folders:
            self._context(certificate=False)  # what cannot be read is said before anything is asked
        if access.client_certificate:
            self._context(certificate=True)
        # A request for which no connection is left waits for one; those that have one are bound to the deadline.
        most = limits.concurrency
        super().__init__(pool_connections=most, pool_maxsize=most, pool_block=True, max_retries=0)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        """Where to connect, and with which TLS context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, None)
        context = {"ssl_context": self._context(certificate=cert is not None)} if host["scheme"] == "https" else {}
        return host, context

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context demands and checks certificates by itself."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool for a request, which makes connections that read against the deadline."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._connections[pool.scheme]
        return pool

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The way to a proxy, which is trusted by the same authorities if it speaks TLS itself."""
        if proxy.startswith("https:"):
            kwargs["proxy_ssl_context"] = self._context(certificate=False)
        return super().proxy_manager_for(proxy, **kwargs)

    def _context(self, *, certificate: bool) -> ssl.SSLContext:
        """The one TLS context, or that with the client certificate. Raises `InvalidUsage`."""
        with self._lock:
            if certificate not in self._contexts:
                context = _authorities(self._access)
                if certificate and self._access.client_certificate is not None:
                    _present(context, *self._access.client_certificate)
                self._contexts[certificate] = context
            return self._contexts[certificate]


def _authorities(access: Access) -> ssl.SSLContext:
    path, folders = access.ca_file, list(access.ca_folders)
    if not path and not folders:
        path = DEFAULT_CA_BUNDLE_PATH
    elif path and Path(path).is_dir():
        path, folders = "", [path, *folders]
    hashed = [folder for folder in folders if _is_hashed(folder)]  # OpenSSL passes over all others without a word
    if not path and not hashed:
        named = readable(os.pathsep.join(folders))
        missing = "has no certificate authorities under their hashes, as openssl rehash makes them"
        raise InvalidUsage(f"{access.ca_source}: {named} {missing}")
    try:
        return ssl.create_default_context(cafile=path or None, capath=os.pathsep.join(hashed) or None)
    except OSError:
        source = access.ca_source or "the default"
        raise InvalidUsage(f"{source}: the certificate authorities in {readable(path)} cannot be read") from None


def _is_hashed(folder: str) -> bool:
    """Whether OpenSSL would find any certificate in a folder: it asks for the subject's hash, `5ed36f99.0`, alone."""
    try:
        return any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir())
    except (OSError, ValueError):
        return False


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    def no_passphrase() -> str:  # without this, OpenSSL asks for one on the terminal
        raise InvalidUsage(f"--client-key: {readable(key)} is encrypted; gate reads keys that are not")

    try:
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except OSError:
        files = f"{readable(certificate)} and {readable(key)}"
        raise InvalidUsage(f"--client-cert, --client-key: {files} are not a certificate and its key") from None


def _connection(kind: type[Any], named: set[str], deadline: Deadline, seconds: float) -> type[Any]:
    """A connection class like `kind` that leads to no metadata service, and whose answers, headers too, are read
    through `_TimedReads`.
    """

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_TimedReads(self.fp.detach(), sock, deadline, seconds))

        def begin(self) -> None:
            super().begin()
            if self.headers.defects:  # a header that was cut off or is none: what else is missing cannot be told
                raise http.client.HTTPException("broken headers")
            lengths = ",".join(self.headers.get_all("Content-Length", [])).split(",")
            if len({length.strip() for length in lengths}) > 1:
                raise http.client.HTTPException("two lengths")  # urllib3 finds this too, and forgets the connection

    def connect(self: Any) -> socket.socket:
        made: socket.socket = kind._new_conn(self)  # noqa: SLF001 - urllib3's hook for this
        if self.proxy is None and self.host not in named and is_metadata(made.getpeername()[0]):
            made.close()
            raise Malformed(f"{self.host} leads to an address where clouds keep credentials, no registry's")
        return made

    return type(kind.__name__, (kind,), {"response_class": Response, "_new_conn": connect})


class _TimedReads(io.RawIOBase):
    """A socket's bytes, where no wait outlasts the deadline. A socket's own timeout starts anew at every byte."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: Deadline, seconds: float) -> None:
        self._raw = raw
        self._connection = connection
        self._deadline = deadline
        self._seconds = seconds

    def readable(self) -> bool:
        """Whether `readinto` may be called: always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, waiting `seconds` at most. Raises `TimeoutError` or `DeadlineExceeded`."""
        self._connection.settimeout(min(self._seconds, self._deadline.left()))
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        """Give the socket back to whoever else holds it."""
        self._raw.close()
        super().close()
