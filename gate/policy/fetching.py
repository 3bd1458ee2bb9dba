"""`[limits]` and `[registries."host"]`: how much is fetched, and how a registry is asked.

What comes in: tables of the right shape. What goes out: `Limits` and `RegistrySettings`. Nothing here decides what is
accepted, and nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.errors import InvalidReference
from gate.limits import Limits
from gate.reference import parse_reference
from gate.sources.settings import RegistrySettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath, Reader

_OF_JUNK: Final = ("json-bytes", "json-tokens", "json-depth")
"""Limits of what nobody signed yet: a candidate over one is rejected (design rule 6), and says nothing any more. Below
what sound evidence has, a policy would call unsigned what it did not read, or silence what says that an image is bad.
"""
_UNITS: Final = {"KiB": 10, "MiB": 20, "GiB": 30}
_IMAGE: Final = "/gate/image"
"""Any repository: two segments, so that no registry's short form applies."""


def read_limits(table: Mapping[str, Any], to: Reader) -> Limits:
    """The default limits with those that the policy sets; each key is a field of `Limits`, with hyphens."""
    found: dict[str, Any] = {key.replace("-", "_"): _size(value) for key, value in table.items() if key != "open"}
    for key in _OF_JUNK:
        least = getattr(Limits(), key.replace("-", "_"))
        if key in table and found[key.replace("-", "_")] < least:
            text = f"at least {least}: what is over it is taken for junk, and not for something that was not read"
            to.problem(("limits", key), text)
    return Limits(**found)


def read_registry(host: str, table: Mapping[str, Any], to: Reader) -> RegistrySettings:
    """What is said of one registry; its name is a host as images' canonical names have it."""
    at: KeyPath = ("registries", host)
    if _place(host) != host or "/" in host:
        to.problem(at, f"{host!a} is no registry's host as images are named: ghcr.io, docker.io, registry.example:5000")
    mirrors = tuple(table.get("mirrors", ()))
    for number, mirror in enumerate(mirrors):
        where = to.element((*at, "mirrors"), number, mirror)
        place = _place(mirror)
        if place is None:
            to.problem(where, f"{mirror!a} is no mirror: write host, host:port or host/prefix")
        elif place == host:
            to.problem(where, f"{mirror!a} is the registry itself")
    return RegistrySettings(mirrors=mirrors, forbidden_tag_absent="forbidden-tag" in table)


def _place(text: str) -> str | None:
    """A host with or without a prefix, in one spelling; None if it is none."""
    try:
        place = parse_reference(f"{text}{_IMAGE}")
    except InvalidReference:
        return None
    if place.local or place.digest is not None or not f"/{place.location}".endswith(_IMAGE):
        return None
    return f"{place.host}/{place.location}".removesuffix(_IMAGE)


def _size(value: float | str) -> float:
    """A number, or a text with a binary unit."""
    if not isinstance(value, str):
        return value
    return int(value[:-3]) << _UNITS[value[-3:]]
