"""A small OCI registry on the loopback, for tests and the benchmark.

What comes in: OCI layout folders, and how the registry is to behave. What goes out: an HTTP/1.1 server that serves them
read-only, keeps connections alive, and remembers every request with its times. It takes no pushes and checks nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"

_ENDPOINT = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|referrers|tags)/(?P<what>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer. Content-Length is that of `body` unless `headers` says otherwise; "" leaves a header out.

    `raw`, if given, is sent in place of all the rest, and then the connection is closed. `piece` and `pause` make the
    server slow: that many bytes at a time, and seconds to wait before each of them.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    piece: int = 0
    pause: float = 0.0


_NO_ROUTE = Response(status=404, body=b"404 page not found\n", headers={"Content-Type": "text/plain"})
"""What registries say of a path that they do not know, an API's that they lack too: no word about the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that was answered. `path` has the query; `start` and `end` are seconds of the monotonic clock."""

    method: str
    path: str
    headers: Mapping[str, str]
    start: float
    end: float
    body: bytes = b""

    @property
    def authorization(self) -> str:
        """The Authorization header, "" if there was none."""
        return self.headers.get("Authorization", "")


class RegistryServer:
    """A registry of layouts: `with RegistryServer({"acme/api": folder}) as registry: ... registry.host`.

    A 404 says what is unknown by the distribution-spec's codes: the repository, or what was asked of it.

    `referrers_api` False answers 404 there and serves the referrers under a tag `sha256-<hex>` instead. `delay` is in
    seconds, before each answer. `token` asks for a Bearer token, which anyone gets. `intercept` sees each path with its
    query first, and may answer in place of the registry, without being asked for a token. `guard` is the same for the
    whole request, and comes before. `tls` is the context that the server speaks TLS with.
    """

    def __init__(
        self,
        layouts: Mapping[str, Path],
        *,
        referrers_api: bool = True,
        delay: float = 0.0,
        token: bool = False,
        intercept: Callable[[str], Response | None] | None = None,
        guard: Callable[[Request], Response | None] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.repositories = {name: Repository(folder) for name, folder in layouts.items()}
        self.intercept = intercept
        self.guard = guard
        self._referrers_api = referrers_api
        self._delay = delay
        self._token = token
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._connections: set[socket.socket] = set()
        self.accepted = 0
        """How many connections there were."""
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:  # each connection shakes hands on its own thread, when it is first read
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.registry = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._server.server_close()  # waits for the handlers

    @property
    def host(self) -> str:
        """The host and port that a reference begins with."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The URL without a path."""
        return f"{self._scheme}://{self.host}"

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests answered so far, in the order in which they ended."""
        with self._lock:
            return tuple(self._requests)

    @property
    def depth(self) -> int:
        """How many requests had to wait for one another: the longest chain of requests that do not overlap."""
        rounds, end = 0, float("-inf")
        for request in self.requests:  # ordered by their ends, so that taking each that fits is the longest
            if request.start >= end:
                rounds, end = rounds + 1, request.end
        return rounds

    def forget(self) -> None:
        """Begin a new list of requests."""
        with self._lock:
            self._requests.clear()

    def answer(self, path: str, authorization: str) -> Response:
        """What the registry answers to a path with its query."""
        intercepted = None if self.intercept is None else self.intercept(path)
        if intercepted is not None:
            return intercepted
        parts = urlsplit(path)
        if parts.path == "/token":
            scope = parse_qs(parts.query).get("scope", [""])[0]
            return _json({"token": _token_for(scope), "expires_in": 300})
        endpoint = _ENDPOINT.fullmatch(parts.path)
        name = endpoint["name"] if endpoint else ""
        if self._token and authorization != f"Bearer {_token_for(f'repository:{name}:pull')}":
            scope = f',scope="repository:{name}:pull"' if endpoint else ""
            challenge = f'Bearer realm="{self.url}/token",service="{self.host}"{scope}'
            return _json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401, headers={"WWW-Authenticate": challenge})
        if parts.path == "/v2/":
            return _json({})
        if endpoint is None or (endpoint["kind"] == "referrers" and not self._referrers_api):
            return _NO_ROUTE
        repository = self.repositories.get(name)
        if repository is None:
            return _json({"errors": [{"code": "NAME_UNKNOWN"}]}, status=404)
        return repository.answer(endpoint["kind"], endpoint["what"], referrers_api=self._referrers_api)

    def handle(self, handler: _Handler) -> None:
        """Answer one request, as slowly as asked, and write it down before its last byte leaves."""
        start = time.monotonic()
        request = Request(
            method=handler.command,
            path=handler.path,
            headers=dict(handler.headers.items()),
            start=start,
            end=start,
            body=handler.rfile.read(int(handler.headers.get("Content-Length", 0))),
        )
        guarded = None if self.guard is None else self.guard(request)
        response = guarded or self.answer(handler.path, request.authorization)
        self._stopping.wait(self._delay)
        data = _bytes(response, handler)
        step = response.piece or max(len(data), 1)
        at = 0
        try:
            while at + step < len(data):
                self._write(handler, data[at : at + step], response.pause)
                at += step
            self._stopping.wait(response.pause)
        finally:
            with self._lock:
                self._requests.append(replace(request, end=time.monotonic()))
        self._write(handler, data[at:], 0)

    def connected(self, connection: socket.socket, *, now: bool) -> None:
        """Remember an open connection, or forget one that is about to be closed."""
        with self._lock:
            if now and self._stopping.is_set():
                connection.shutdown(socket.SHUT_RDWR)
            elif now:
                self.accepted += 1
                self._connections.add(connection)
            else:
                self._connections.discard(connection)

    def _write(self, handler: _Handler, piece: bytes, pause: float) -> None:
        if self._stopping.wait(pause):
            raise ConnectionAbortedError
        handler.wfile.write(piece)


class Repository:
    """One layout folder, read into memory."""

    def __init__(self, folder: Path) -> None:
        listed = json.loads((folder / "index.json").read_bytes())["manifests"]
        types = {entry["digest"]: entry["mediaType"] for entry in listed}
        self.blobs = {
            f"{path.parent.name}:{path.name}": path.read_bytes() for path in sorted((folder / "blobs").glob("*/*"))
        }
        self.manifests: dict[str, str] = {}
        """The media type of each blob that is a manifest, by digest."""
        self.tags = {entry["annotations"][REF_NAME]: entry["digest"] for entry in listed if _is_tagged(entry)}
        self.referrers: dict[str, list[dict[str, Any]]] = {}
        """What refers to a digest, as the referrers API lists it."""
        for digest, raw in self.blobs.items():
            document = _document(raw)
            if not ({"layers", "manifests"} & document.keys()):
                continue
            self.manifests[digest] = document.get("mediaType") or types.get(digest, OCI_INDEX)
            if "subject" in document:
                descriptor = self._descriptor(digest, document)
                self.referrers.setdefault(document["subject"]["digest"], []).append(descriptor)

    def _descriptor(self, digest: str, document: dict[str, Any]) -> dict[str, Any]:
        return {
            "mediaType": self.manifests[digest],
            "digest": digest,
            "size": len(self.blobs[digest]),
            # One real registry lists the config's type even where the manifest has an artifactType.
            "artifactType": document.get("config", {}).get("mediaType", ""),
            "annotations": document.get("annotations", {}),
        }

    def listing(self, digest: str) -> bytes:
        """The index of what refers to a digest."""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.referrers.get(digest, [])}
        return json.dumps(index).encode()

    def answer(self, kind: str, what: str, *, referrers_api: bool) -> Response:
        """What is under `manifests/`, `blobs/` or `referrers/`."""
        if kind == "referrers":
            return _content(self.listing(what), OCI_INDEX)
        if kind == "tags":
            return _json({"name": "", "tags": sorted(self.tags)})
        if kind == "blobs":
            if what in self.blobs:
                return _content(self.blobs[what], "application/octet-stream")
            return _json({"errors": [{"code": "BLOB_UNKNOWN"}]}, status=404)
        digest = self.tags.get(what, what)
        if digest in self.manifests:
            return _content(self.blobs[digest], self.manifests[digest])
        subject = what.replace("-", ":", 1)
        if not referrers_api and subject in self.referrers and subject != what:
            return _content(self.listing(subject), OCI_INDEX)
        return _json({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, status=404)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128
    registry: RegistryServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients that hang up in the middle are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.registry.connected(self.connection, now=True)

    def finish(self) -> None:
        self.server.registry.connected(self.connection, now=False)
        super().finish()

    def do_GET(self) -> None:
        self.server.registry.handle(self)

    def do_HEAD(self) -> None:
        self.server.registry.handle(self)

    def do_POST(self) -> None:
        self.server.registry.handle(self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing."""


def _bytes(response: Response, handler: _Handler) -> bytes:
    """What goes over the wire; it also decides whether the connection stays open."""
    if response.raw is not None:
        handler.close_connection = True
        return response.raw
    headers = {"Content-Length": str(len(response.body)), **response.headers}
    if headers["Content-Length"] != str(len(response.body)):
        handler.close_connection = True
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    body = b"" if handler.command == "HEAD" else response.body
    return f"HTTP/1.1 {response.status} -\r\n{head}\r\n".encode("latin-1") + body


def _token_for(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()


def _content(raw: bytes, media_type: str) -> Response:
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return Response(body=raw, headers={"Content-Type": media_type, "Docker-Content-Digest": digest})


def _json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _is_tagged(entry: dict[str, Any]) -> bool:
    return REF_NAME in (entry.get("annotations") or {})
