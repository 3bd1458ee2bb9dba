"""The small HTTP servers that stand beside the lab's real ones, on a free port of the loopback.

What comes in: what to answer to each request. What goes out: the answers, each on a thread of its own, until the server
is left. It knows no protocol beyond HTTP.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from email.message import Message
    from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to it."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    """The Content-Type."""


NOTHING = Answer(body=b"nothing here\n", status=404, kind="text/plain")


class LoopbackServer(ABC):
    """A server with one method to write: `with Stand(...) as stand: stand.port`. `tls` makes it speak TLS."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """What it answers to a GET or a POST; called from any number of threads."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stand: LoopbackServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer, without reading a body."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer what was sent."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Nothing."""

    def _answer(self, body: bytes) -> None:
        asked = Asked(method=self.command, path=self.path, headers=self.headers, body=body)
        answer = self.server.stand.answer(asked)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
