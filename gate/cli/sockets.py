"""`--offline`: no socket, whoever asks for one.

What goes out: a `with` block in which making a socket raises. It watches; it hides no network.
"""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENTS = frozenset({"socket.__new__", "socket.getaddrinfo", "socket.gethostbyname"})
_watching: list[bool] = []
"""Whether sockets are forbidden now; empty until the hook is there, because a hook cannot be taken away."""


@contextmanager
def forbidden() -> Iterator[None]:
    """Until the end of the block, making a socket or looking up a name raises `GateError`."""
    if not _watching:
        _watching.append(False)
        sys.addaudithook(_on_event)
    ipv6 = socket.has_ipv6
    socket.has_ipv6 = False  # or urllib3, where something imports it, makes a socket to see whether IPv6 works
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
        socket.has_ipv6 = ipv6


def _on_event(event: str, _: object) -> None:
    if event in _EVENTS and _watching[0]:
        raise GateError(f"internal error: {event} under --offline")
