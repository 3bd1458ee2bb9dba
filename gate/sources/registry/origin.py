"""A URL -> its `Origin`, if it is one that gate is willing to ask.

What comes in: URLs that gate built, and URLs that a registry named (redirects, token realms, further pages). What goes
out: the scheme, host and port that a credential belongs to (RFC 6454), or `ValueError`. It connects to nothing.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from gate.reference import is_loopback

__all__ = ["Origin", "is_loopback", "is_metadata", "origin"]

_URL = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:]+(?:\.[0-9.]+)?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_METADATA = (
    # Where clouds give a machine its own credentials: link-local (AWS, Azure, Google and most others), then AWS over
    # IPv6, Alibaba's and Oracle's. No registry, token service or store is there.
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::/32"),
    ipaddress.ip_network("100.100.100.200/32"),
    ipaddress.ip_network("192.0.0.192/32"),
)


class Origin(NamedTuple):
    """What a credential must not leave: `scheme`, `host` in lower case and without brackets, `port`."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """Host and port as a user writes them; without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The URL without a path."""
        return f"{self.scheme}://{self.name}"


def is_metadata(address: str) -> bool:
    """Whether an address is one of those where a cloud keeps a machine's credentials, or any link-local one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return any((mapped or found) in network for network in _METADATA)


def origin(url: str, plain_http: frozenset[str] = frozenset()) -> Origin:
    """The origin of `url`: https, or http to this machine or a host of `plain_http`; a plain host name; no user info.

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
    named = f"[{host}]" if ":" in host else host
    allowed = {named} if port in (None, 80) else set()
    allowed.add(f"{named}:{port or 80}")
    if parts.scheme == "http" and not is_loopback(host) and not allowed & plain_http:
        raise ValueError(f"plain http on another machine, {host}")
    return Origin(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme])
