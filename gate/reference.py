"""Text -> `Reference` and `Digest`.

What comes in: what a person typed. What goes out: a checked reference whose `name` is canonical (the form that a
policy's `images` are matched against), or `InvalidReference`. It looks at no file and asks no registry.

Sources: OCI distribution-spec "Pulling manifests" (names, tags), image-spec "Digests", containers-transports(5)
(`oci:`, `oci-archive:`), Docker's reference grammar for the short names of Docker Hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from gate.errors import InvalidReference

_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{{1,5}}))?")
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_LOOPBACK = ("localhost:", "127.", "[::1]")
_MAX_NAME = 255  # distribution-spec: clients limit host and repository together to 255 characters


class Transport(StrEnum):
    """Where a reference's bytes come from."""

    REGISTRY = "registry"
    LAYOUT = "oci"
    ARCHIVE = "oci-archive"
    FILE = "file"


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A content digest that is well formed: `algorithm` is sha256 or sha512, `hex` its lower-case digits."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One image, as a person named it.

    `text` is what was typed; `name` what a policy's `images` match; `location` the path of a layout, or the repository
    within `host`. `asserted` says that `name` is the caller's word (`--as`).
    """

    text: str
    transport: Transport
    name: str
    host: str
    location: str
    tag: str | None
    digest: Digest | None
    asserted: bool = False

    @property
    def local(self) -> bool:
        """Whether the bytes come from this machine's files."""
        return self.transport is not Transport.REGISTRY


def parse_digest(text: str) -> Digest:
    """`sha256:<64 hex>` or `sha512:<128 hex>`, in lower case; anything else raises `InvalidReference`."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise InvalidReference(f"{_shown(text)} is not a digest: expected sha256: and 64 lower-case hex digits")
    return Digest(match[1] or match[3], match[2] or match[4])


def parse_reference(text: str, *, asserted_name: str | None = None) -> Reference:
    """Parse `registry/repo[:tag][@digest]`, `oci:DIR[:tag][@digest]`, `oci-archive:FILE[:tag][@digest]` or `file:PATH`.

    `asserted_name` is `--as`: the name that a local image will be deployed under. Raises `InvalidReference`.
    """
    if not text or any(ord(character) < 0x21 or ord(character) == 0x7F for character in text):
        raise InvalidReference(f"{_shown(text)} is not an image reference: empty, or with spaces or control characters")
    if text.startswith(f"{Transport.FILE}:"):
        return _file(text, asserted_name)
    for transport in (Transport.LAYOUT, Transport.ARCHIVE):
        if text.startswith(f"{transport}:"):
            return _local(text, transport, asserted_name)
    if asserted_name is not None:
        raise InvalidReference("--as names a local image (oci:, oci-archive:); a registry's image has its own name")
    if "://" in text:
        raise InvalidReference(f"{_shown(text)}: a reference has no scheme; write registry/repository:tag")
    return _remote(text)


def canonical_name(text: str) -> tuple[str, str, str]:
    """`registry/repository` -> (canonical name, host, repository): host in lower case, default port and Docker Hub's
    aliases folded, Hub's short names spelled out. Raises `InvalidReference` (design rule 23).
    """
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first.lower() == "localhost" or first.startswith("[")):
        host, repository = first.lower(), rest
    else:
        host, repository = "docker.io", text
    if host.split(":")[0].endswith("."):
        raise InvalidReference(f"{_shown(text)}: the host ends in a dot; write it without")
    match = _HOST.fullmatch(host)
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        raise InvalidReference(f"{_shown(text)}: {_shown(host)} is not a host name")
    if match["port"] == "443" and not host.startswith(_LOOPBACK):  # loopback is asked over http, whose port is 80
        host = match["host"]
    if host in _HUB_ALIASES:
        host = "docker.io"
        if repository and "/" not in repository:
            repository = f"library/{repository}"
    if _REPOSITORY.fullmatch(repository) is None:
        raise InvalidReference(
            f"{_shown(text)}: {_shown(repository)} is not a repository name (lower-case letters, digits and . _ - /)"
        )
    if len(host) + 1 + len(repository) > _MAX_NAME:
        raise InvalidReference(f"{_shown(text)}: the name is longer than {_MAX_NAME} characters")
    return f"{host}/{repository}", host, repository


def _remote(text: str) -> Reference:
    rest, digest = _split_digest(text)
    tag = None
    head, colon, tail = rest.rpartition(":")
    if colon and "/" not in tail and not rest.startswith("[", rest.rfind("/") + 1):
        rest, tag = head, _tag(text, tail)
    name, host, repository = canonical_name(rest)
    if tag is None and digest is None:
        tag = "latest"  # as docker, cosign and crane do
    return Reference(
        text=text, transport=Transport.REGISTRY, name=name, host=host, location=repository, tag=tag, digest=digest
    )


def _local(text: str, transport: Transport, asserted_name: str | None) -> Reference:
    rest, digest = _split_digest(text.removeprefix(f"{transport}:"))
    tag = None
    head, colon, tail = rest.rpartition(":")
    if colon and "/" not in tail:
        rest, tag = head, _tag(text, tail)
    if not rest:
        raise InvalidReference(f"{_shown(text)} names no path: write {transport}:PATH")
    return Reference(
        text=text,
        transport=transport,
        name=_asserted(text, asserted_name),
        host="",
        location=rest,
        tag=tag,
        digest=digest,
        asserted=asserted_name is not None,
    )


def _file(text: str, asserted_name: str | None) -> Reference:
    path = text.removeprefix(f"{Transport.FILE}:")
    if not path:
        raise InvalidReference(f"{_shown(text)} names no path: write file:PATH")
    return Reference(
        text=text,
        transport=Transport.FILE,
        name=_asserted(text, asserted_name),
        host="",
        location=path,
        tag=None,
        digest=None,
        asserted=asserted_name is not None,
    )


def _asserted(text: str, asserted_name: str | None) -> str:
    """The name of a local artifact: what `--as` says, or its own text."""
    if asserted_name is None:
        return text
    if "@" in asserted_name or ":" in asserted_name.rpartition("/")[2]:
        raise InvalidReference(f"--as {_shown(asserted_name)}: a name without tag or digest, as in ghcr.io/acme/api")
    return canonical_name(asserted_name)[0]


def _split_digest(text: str) -> tuple[str, Digest | None]:
    rest, at, digest = text.partition("@")
    return rest, parse_digest(digest) if at else None


def _tag(text: str, tag: str) -> str:
    if _TAG.fullmatch(tag) is None:
        raise InvalidReference(f"{_shown(text)}: {_shown(tag)} is not a tag")
    return tag


def _shown(text: str) -> str:
    """Foreign text inside a message: quoted, escaped, not too long."""
    return ascii(text if len(text) <= 200 else text[:200] + "...")
