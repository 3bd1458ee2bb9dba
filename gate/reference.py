"""Text -> `Reference` and `Digest`.

What comes in: what a person typed. What goes out: a checked reference whose `name` is canonical (the form that a
policy's `images` are matched against), or `InvalidReference`. It looks at no file and asks no registry.

Sources: OCI distribution-spec "Pulling manifests" (names, tags), image-spec "Digests", containers-transports(5)
(`oci:`, `oci-archive:`), Docker's reference grammar for the short names of Docker Hub, RFC 6761 section 6.3, RFC 1122
section 3.2.1.3 and RFC 4291 section 2.5.3 (loopback), the URL standard's "ends in a number" for addresses.
"""

from __future__ import annotations

import ipaddress
import os
import re
from enum import StrEnum

from msgspec import Struct

from gate.errors import InvalidReference

_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_DIGEST_LIKE = re.compile(r"(?:sha[0-9]+|md5|blake[0-9a-z]*):[^/]*", re.IGNORECASE)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{{1,5}}))?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_FOREIGN = ("docker-archive:", "docker-daemon:", "dir:", "containers-storage:")
_READ = "gate reads registry/repository:tag, oci:DIR, oci-archive:FILE and file:PATH"
_MAX_NAME = 255  # distribution-spec: clients limit host and repository together to 255 characters


class Transport(StrEnum):
    """Where a reference's bytes come from."""

    REGISTRY = "registry"
    LAYOUT = "oci"
    ARCHIVE = "oci-archive"
    FILE = "file"


LOCAL_PREFIXES = tuple(f"{item}:" for item in (Transport.LAYOUT, Transport.ARCHIVE, Transport.FILE))


class Digest(Struct, frozen=True, order=True):
    """A content digest that is well formed: `algorithm` is sha256 or sha512, `hex` its lower-case digits."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


class Reference(Struct, frozen=True, kw_only=True):
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
    local = text.startswith(LOCAL_PREFIXES)
    if not text or (not local and any(ord(character) < 0x21 or ord(character) == 0x7F for character in text)):
        raise InvalidReference(f"{_shown(text)} is not an image reference: empty, or with spaces or control characters")
    if "://" in text and text.lower().startswith(("oci://", "oci-archive://", "file://", "docker://")):
        raise InvalidReference(f"{_shown(text)}: a reference has no scheme; {_READ}")
    if local:
        if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text):
            raise InvalidReference(f"{_shown(text)} is not an image reference: its path has control characters")
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            raise InvalidReference(f"{_shown(text)} is not an image reference: no file has a name like that") from None
        return _local(text, Transport(text.partition(":")[0]), asserted_name)
    if asserted_name is not None:
        raise InvalidReference("--as names a local image (oci:, oci-archive:); a registry's image has its own name")
    if text.lower().startswith(_FOREIGN):
        raise InvalidReference(f"{_shown(text)}: gate does not read {text.partition(':')[0].lower()}: images; {_READ}")
    if text in {".", ".."} or text.startswith(("./", "../", "/", "~/")):
        raise InvalidReference(f"{_shown(text)}: a path says what is there: oci:DIR, oci-archive:FILE or file:PATH")
    if _shown(text).startswith("'...@"):
        raise InvalidReference(
            f"{_shown(text)}: before the @ there seems to be a user name or password, which a reference has not; "
            "gate takes them from docker login"
        )
    if "://" in text:
        raise InvalidReference(f"{_shown(text)}: a reference has no scheme; write registry/repository:tag")
    return _remote(text)


def parse_repository(text: str) -> Reference:
    """`registry/repository`, without tag or digest, as a reference to whatever is in it. Raises `InvalidReference`."""
    reference = parse_reference(text)
    if reference.local or reference.digest is not None or ":" in text.rpartition("/")[2]:
        raise InvalidReference(f"{_shown(text)}: a repository without tag or digest, as in ghcr.io/acme/signatures")
    if "/" not in text:
        raise InvalidReference(f"{_shown(text)}: name registry and repository, as in ghcr.io/acme/signatures")
    return reference


def canonical_name(text: str, *, typed: str | None = None) -> tuple[str, str, str]:
    """`registry/repository` -> (canonical name, host, repository): host in lower case, default port and Docker Hub's
    aliases folded, Hub's short names spelled out. Raises `InvalidReference` (design rule 23), which shows `typed`.
    """
    typed = text if typed is None else typed
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first.lower() == "localhost" or first.startswith("[")):
        repository = rest
        try:
            host = canonical_host(first)
        except InvalidReference as error:
            raise InvalidReference(f"{_shown(typed)}: {error}") from None
    else:
        host, repository = "docker.io", text
    if host == "docker.io" and repository and "/" not in repository:
        repository = f"library/{repository}"
    if _REPOSITORY.fullmatch(repository) is None:
        raise InvalidReference(
            f"{_shown(typed)}: {_shown(repository)} is not a repository name (lower-case letters, digits and . _ - /)"
        )
    if len(host) + 1 + len(repository) > _MAX_NAME:
        raise InvalidReference(f"{_shown(typed)}: the name is longer than {_MAX_NAME} characters")
    return f"{host}/{repository}", host, repository


def canonical_host(text: str) -> str:
    """A registry's host and port in their one spelling. Raises `InvalidReference`, whose text is about the host alone.

    An address has one spelling too: a resolver takes 10.5 and 012.0.0.5 for addresses, so they are no names here.
    """
    host = text.lower() if text.isascii() else text  # K (KELVIN SIGN).lower() would be an ASCII k
    if host.split(":")[0].endswith("."):
        raise InvalidReference("the host ends in a dot; write it without")
    match = _HOST.fullmatch(host)
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        raise InvalidReference(f"{_shown(host)} is not a host name")
    name, port = match["host"], match["port"]
    if port and port.startswith("0"):
        raise InvalidReference(f"{_shown(host)}: write the port without leading zeros, as :{int(port)}")
    try:
        if name.startswith("["):
            address = ipaddress.IPv6Address(name[1:-1])
            if address.ipv4_mapped is not None:
                raise InvalidReference(f"{_shown(host)}: write the IPv4 address {address.ipv4_mapped}")
            name = f"[{address}]"
        elif _NUMBER.fullmatch(name.rpartition(".")[2]):
            ipaddress.IPv4Address(name)
    except ValueError:
        raise InvalidReference(
            f"{_shown(host)} is not a host name, nor an address as in 10.0.0.5 or [fd00::5]"
        ) from None
    if port == ("80" if is_loopback(name) else "443"):  # loopback is asked over http
        port = None
    if not port:
        return "docker.io" if name in _HUB_ALIASES else name
    return f"{name}:{port}"


def is_loopback(host: str) -> bool:
    """Whether `host` (without port; an IPv6 address with or without brackets) can only be this machine:
    `localhost`, 127.0.0.0/8 and ::1.
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address in _LOOPBACK or address == ipaddress.IPv6Address("::1")


def readable(text: object) -> str:
    """A path for a message: as it is, or escaped if something in it would not print."""
    shown = str(text)
    return shown if shown.isprintable() else ascii(shown)


def _remote(text: str) -> Reference:
    rest, at, digits = text.partition("@")
    digest = parse_digest(digits) if at else None
    tag = None
    head, colon, tail = rest.rpartition(":")
    if colon and "/" not in tail and not rest.startswith("[", rest.rfind("/") + 1):
        rest, tag = head, _tag(text, tail)
    name, host, repository = canonical_name(rest, typed=text)
    if tag is None and digest is None:
        tag = "latest"  # as docker, cosign and crane do
    return Reference(
        text=text, transport=Transport.REGISTRY, name=name, host=host, location=repository, tag=tag, digest=digest
    )


def _local(text: str, transport: Transport, asserted_name: str | None) -> Reference:
    """A path is taken as it is: Jenkins calls the workspaces of parallel builds `JOB@2`."""
    rest = text.removeprefix(f"{transport}:")
    tag = digest = None
    if transport is not Transport.FILE:
        head, at, tail = rest.rpartition("@")
        if at and _DIGEST_LIKE.fullmatch(tail):
            rest, digest = head, parse_digest(tail)
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


def _asserted(text: str, asserted_name: str | None) -> str:
    """The name of a local artifact: what `--as` says, or its own text."""
    if asserted_name is None:
        return text
    if "@" in asserted_name or ":" in asserted_name.rpartition("/")[2]:
        raise InvalidReference(f"--as {_shown(asserted_name)}: a name without tag or digest, as in ghcr.io/acme/api")
    return canonical_name(asserted_name)[0]


def _tag(text: str, tag: str) -> str:
    if _TAG.fullmatch(tag) is None:
        raise InvalidReference(f"{_shown(text)}: {_shown(tag)} is not a tag")
    return tag


def _shown(text: str) -> str:
    """Foreign text inside a message: quoted, escaped, not too long, and without what may be a password."""
    head, at, tail = text.rpartition("@")
    if at and (":" in head or "/" in tail) and not _DIGEST_LIKE.match(tail) and not text.startswith(LOCAL_PREFIXES):
        text = f"...@{tail}"
    return ascii(text if len(text) <= 200 else text[:200] + "...")
