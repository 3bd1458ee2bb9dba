"""The realm that a registry names in a challenge -> whether gate asks there, and whether it shows a credential there.

What comes in: a URL that a registry chose, and what the user said. What goes out: an `Origin`, or `ValueError`. It asks
nobody.

A registry that is broken into, or that an attacker runs, may name any realm: that of another service, to have the
user's password sent there, or an address inside of the network that gate runs in. So nothing is sent to a realm that is
not https (but for this machine, and for the same host that `--plain-http` names), and a credential only to

- the registry's own host, whatever its port: registries inside of a company keep their realm there;
- one of the pairs below, of registries that are known to keep their realm on another host;
- a host of the same site, by the Public Suffix List: registry.acme.com and auth.acme.com, never two hosts of co.uk;
- a host that the user named (`--token-host`).

Classes: CVE-2020-15157, CVE-2026-48978 (realms that take credentials), go-containerregistry 2258 (a private registry
whose realm is on the same host must go on working).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from gate.reference import is_loopback
from gate.sources.registry.origin import origin

if TYPE_CHECKING:
    from gate.sources.registry.origin import Origin

_KNOWN = {
    "docker.io": "auth.docker.io",  # the token specification's own example
    "gitlab.com": "gitlab.com",  # GitLab's documentation; these two are here to spare them reading the list (100 ms)
    "scw.cloud": "api.scaleway.com",  # apple/container 2268 quotes both hosts of Scaleway
}


def realm_origin(realm: str, registry: Origin, plain_http: frozenset[str]) -> Origin:
    """The origin of `realm`, if gate may ask there for a token. Raises `ValueError`; its text begins with "that"."""
    try:
        found = origin(realm, plain_http)
    except ValueError:
        raise ValueError("that is not https") from None
    if "#" in realm:
        raise ValueError("that is no URL of a service")
    if found.scheme != "https" and (registry.scheme != found.scheme or not _same_host(found, registry)):
        raise ValueError("that is not https")
    return found


def takes_credentials(realm: Origin, registry: Origin, token_hosts: frozenset[str]) -> bool:
    """Whether a credential of `registry` may be sent to a realm that `realm_origin` let pass."""
    if _same_host(realm, registry):
        return True
    if realm.scheme != "https":
        return False
    if (realm.host if realm.port == 443 else f"{realm.host}:{realm.port}") in token_hosts:
        return True
    if any(_within(registry.host, site) and realm.host == host for site, host in _KNOWN.items()):
        return True
    return _same_site(realm.host, registry.host)


def _same_host(realm: Origin, registry: Origin) -> bool:
    return realm.host == registry.host or (is_loopback(realm.host) and is_loopback(registry.host))


def _same_site(one: str, other: str) -> bool:
    """Whether two host names belong to one registrable domain; two addresses never do."""
    if any(_is_address(host) for host in (one, other)):
        return False
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - only a realm on another host needs it

    suffixes = PublicSuffixList()
    sites = {suffixes.privatesuffix(host) for host in (one, other)}
    return len(sites) == 1 and None not in sites


def _within(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
