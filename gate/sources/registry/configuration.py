"""A docker or containers configuration -> what it has for a repository, the most specific first.

What comes in: an `AuthFile`, and a repository of a registry. What goes out: entries, which are an `auths` value or a
helper's name, always in the same order for the same file. It reads one file, runs no helper and shows no secret.

The order: the `auths` key with the longest path that leads to the repository, then the registry's `credHelpers`, then
its `auths` key without a path (the one written like the registry's name before others), then `credsStore`; then, where
nothing names the registry itself, Kubernetes' globs: those that spell more of the host before others.

Sources: docker's `config.json` (docker/cli, docs "docker login"), containers-auth.json(5), Kubernetes' "Images"
("Interpretation of config.json").
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gate.errors import InvalidReference
from gate.reference import canonical_host, is_loopback, readable
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.sources.access import AuthFile
    from gate.strictjson import JSON

_HUB = "docker.io"
_MAX_BYTES = 1 << 20
_GLOB_LABEL = r"[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?"
_GLOB = re.compile(rf"(?P<host>{_GLOB_LABEL}(?:\.{_GLOB_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?")


class Entry(Struct, frozen=True, kw_only=True):
    """One place of a configuration that applies to a repository: an `auths` value, or a helper's name."""

    key: str
    value: JSON = None
    helper: str | None = None


class Unreadable(Exception):
    """The text fits after the file's name and shows nothing of its content."""


def read_configuration(file: AuthFile) -> Mapping[str, JSON] | None:
    """A configuration; None where there is no file and none is needed."""
    raw = file.text.encode()
    if not file.text:
        try:
            with Path(file.path).open("rb") as opened:
                raw = opened.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            if file.needed:
                raise Unreadable("is neither JSON nor the path of a file") from None
            return None
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "no path"
            raise Unreadable(f"cannot be read: {reason}") from None
    if len(raw) > _MAX_BYTES:
        raise Unreadable(f"is longer than {_MAX_BYTES} bytes")
    try:
        document = parse_object(raw)
    except Refused:
        raise Unreadable("is not a JSON object, or has a key twice") from None
    for name in ("auths", "credHelpers"):
        if not isinstance(document.get(name), dict | None):
            raise Unreadable(f"has {name} that are no object")
    if not isinstance(document.get("credsStore"), str | None):
        raise Unreadable("has a credsStore that is no name")
    return document


def entries(document: Mapping[str, JSON], host: str, repository: str) -> Iterator[Entry]:
    """What a configuration has for a repository of the registry `host` (canonical), the most specific first."""
    matching, globs = [], []
    for text, value in _object(document, "auths").items():
        named, path = _split(text)
        entry = Entry(key=readable(text), value=value)
        if not f"{repository}/".startswith(f"{path}/" if path else ""):
            continue
        if "*" in named and _matches(named, host):
            globs.append((_weight(named, path), entry))
        elif _canonical(named) == host:
            matching.append((path, entry, text))
    # Sorting keeps the file's order where two keys mean the same.
    matching.sort(key=lambda item: (-item[0].count("/") if item[0] else 1, item[2] not in (host, f"{host}/{item[0]}")))
    yield from (entry for path, entry, _ in matching if path)
    for text, helper in _object(document, "credHelpers").items():
        named, path = _split(text)
        if (_canonical(named), path) == (host, "") and isinstance(helper, str) and helper:
            yield Entry(key=f"credHelpers, {readable(text)}", helper=helper)
    yield from (entry for path, entry, _ in matching if not path)
    store = document.get("credsStore")
    if isinstance(store, str) and store:
        yield Entry(key="credsStore", helper=store)
    globs.sort(key=lambda item: item[0])
    yield from (entry for _, entry in globs)


def _split(text: str) -> tuple[str, str]:
    """A key of `auths` or `credHelpers` -> host as written and path; the host is "" for what names no registry."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        return "", ""
    host, _, path = (rest if separator else text).partition("/")
    path = path.strip("/")
    if path in ("v1", "v2") and (separator or _canonical(host) == _HUB):
        path = ""  # docker login wrote the API's path too
    return host, path


def _canonical(host: str) -> str | None:
    try:
        return canonical_host(host)
    except InvalidReference:
        return None


def _matches(glob: str, host: str) -> bool:
    """Whether a host (canonical) is one that a glob means: as many labels, each matched by itself, and the same port.

    `*` stands for any characters of one label: `*.azurecr.io`, `k8s.*.io`, `app*.k8s.io`; what else filepath.Match
    knows is no part of a host's name. An address in brackets has no labels, and behind its first colon no port.
    """
    asked = _GLOB.fullmatch(glob.lower() if glob.isascii() else "")
    if asked is None:
        return False
    name, _, port = host.partition(":")
    default = "80" if is_loopback(name) else "443"
    if (asked["port"] or default) != (port or default):
        return False
    globs, labels = asked["host"].split("."), name.split(".")
    return len(globs) == len(labels) and all(map(_label_matches, globs, labels))


def _label_matches(glob: str, label: str) -> bool:
    """One label. What stands between stars is found from left to right, so that no glob takes long."""
    if "*" not in glob:
        return glob == label
    first, *middle, last = glob.split("*")
    if len(label) < len(first) + len(last) or not (label.startswith(first) and label.endswith(last)):
        return False
    left = label[len(first) : len(label) - len(last)]
    for part in filter(None, middle):
        _, found, left = left.partition(part)
        if not found:
            return False
    return True


def _weight(glob: str, path: str) -> tuple[int, int, int, str]:
    """What sorts the globs of a host: labels spelled out, letters spelled out, segments of the path; then by name."""
    labels = glob.split(".")
    spelled = sum("*" not in label for label in labels)
    return -spelled, glob.count("*") - len(glob), -len(path.split("/")) if path else 0, glob


def _object(document: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
