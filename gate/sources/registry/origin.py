"""A URL -> its `Origin`, if it is one that gate is willing to ask.

What comes in: URLs that gate built, and URLs that a registry named (redirects, token realms, further pages). What goes
out: the scheme, host and port that a credential belongs to (RFC 6454), or `ValueError`. It connects to nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from gate.reference import is_loopback

__all__ = ["Origin", "is_loopback", "origin"]

_URL = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:]+(?:\.[0-9.]+)?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What a credential must not leave: `scheme`, `host` in lower case and without brackets, `port`."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin:
    """The origin of `url`: https, or http to this machine; an ordinary host name; no user info.

    Anything else raises `ValueError`, whose text fits after "redirected to". Hosts are held to a strict grammar so
    that no two URL parsers can disagree about which one is meant.
    """
    if _URL.fullmatch(url) is None:
        raise ValueError("what is no URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("what is no URL") from None
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or _HOST.fullmatch(host) is None:
        raise ValueError("what is no plain http or https URL")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http on another machine")
    return Origin(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme])
