"""A URL -> the proxy that leads to it.

What comes in: an `Origin` and the proxies that the environment names. What goes out: a proxy's URL, or None to connect
directly. It reads no environment: requests would, and would lend its own meaning to NO_PROXY.

Source: golang.org/x/net/http/httpproxy, which docker, cosign and kubectl follow: this machine is never asked through a
proxy; NO_PROXY has names (with their subdomains; those alone with a leading dot), addresses, networks, each with or
without a port, or `*`.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import InvalidUsage
from gate.reference import is_loopback, readable

if TYPE_CHECKING:
    from gate.sources.access import Proxies
    from gate.sources.registry.origin import Origin


def proxy_for(target: Origin, proxies: Proxies) -> str | None:
    """The proxy for `target`. Raises `InvalidUsage` for one that gate cannot speak to; its password is not shown."""
    proxy = proxies.https if target.scheme == "https" else proxies.http
    if not proxy or is_loopback(target.host) or any(_spares(entry, target) for entry in proxies.none):
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        variables = f"{target.scheme.upper()}_PROXY (or ALL_PROXY)"
        raise InvalidUsage(f"the proxy that {variables} names is not an http or https URL; SOCKS is not spoken")
    return url


def shown_proxy(target: Origin, proxies: Proxies) -> str:
    """The host and port of the proxy for `target`, for a message; "" for none. Never its user name or password."""
    proxy = proxy_for(target, proxies)
    return "" if proxy is None else readable(urlsplit(proxy).netloc.rpartition("@")[2])


def _spares(entry: str, target: Origin) -> bool:
    """Whether one entry of NO_PROXY means `target`."""
    entry = entry.strip().lower()
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ipaddress.ip_address(target.host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    try:
        port = urlsplit(f"//{entry}").port
        host = urlsplit(f"//{entry}").hostname or ""
    except ValueError:
        port, host = None, entry  # an IPv6 address without brackets
    if entry.count(":") > 1 and not entry.startswith("["):
        port, host = None, entry
    if not host or (port is not None and port != target.port):
        return False
    host = host.removeprefix("*")
    return target.host == host or target.host.endswith(host if host.startswith(".") else f".{host}")
