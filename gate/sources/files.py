"""The files of an OCI layout, in a folder or in an uncompressed tar archive.

What comes in: a path. What goes out: up to so many bytes of a named file, and the names of blobs that could be
manifests. Nothing is unpacked, written, or followed; digests are checked by the caller.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
import tarfile
from itertools import islice, pairwise
from typing import TYPE_CHECKING, BinaryIO, Protocol

from gate.errors import InvalidReference, LimitExceeded, Malformed
from gate.reference import Digest, readable
from gate.sources.tar import Member, read_members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gate.limits import Limits

_ALGORITHMS = {"sha256": 64, "sha512": 128}


class Files(Protocol):
    """A layout's files, by their path inside it."""

    def read(self, name: str, cap: int) -> bytes | None:
        """Up to `cap` bytes of a file, None if there is none. Raises `Malformed` if it cannot be read."""

    def blobs_with(self, mark: bytes, cap: int) -> Iterator[Digest]:
        """The blobs of at most `cap` bytes that start like a JSON object and contain `mark`."""


class Folder:
    """A layout in a folder."""

    def __init__(self, path: Path, limits: Limits) -> None:
        try:
            if not path.is_dir():
                there = path.exists()
                raise InvalidReference(f"{readable(path)} {'is no folder' if there else 'does not exist'}").unread()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidReference(f"{readable(path)} cannot be read: {reason}").unread() from None
        self._path = path
        self._limits = limits

    def read(self, name: str, cap: int) -> bytes | None:
        """See `Files`."""
        try:
            with _open_regular(self._path / name) as file:
                return file.read(cap)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Malformed(f"{self._path / name} cannot be read: {error.strerror}") from None

    def blobs_with(self, mark: bytes, cap: int) -> Iterator[Digest]:
        """See `Files`."""
        for algorithm, digits in _ALGORITHMS.items():
            folder = self._path / "blobs" / algorithm
            try:
                entries = islice(folder.iterdir(), self._limits.layout_files + 1) if folder.is_dir() else ()
                paths = sorted(entries)
            except OSError as error:
                raise Malformed(f"{folder} cannot be listed: {error.strerror}") from None
            if len(paths) > self._limits.layout_files:
                raise LimitExceeded(f"{folder} holds more than {self._limits.layout_files} blobs", limit="layout-files")
            for path in paths:
                if len(path.name) != digits or not path.is_file() or path.stat().st_size > cap:
                    continue
                if _looks_like(self.read(f"blobs/{algorithm}/{path.name}", cap), mark):
                    yield Digest(algorithm, path.name)


class Archive:
    """A layout in a tar archive. Members are found by their exact name, so `../` means nothing, and read in place."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._members: dict[str, Member] = {}
        places: set[str] = set()
        try:
            with _open_regular(path) as file:
                for count, member in enumerate(read_members(file, limits.layout_files)):
                    if count >= limits.layout_files:
                        raise LimitExceeded(f"{path} holds more than {limits.layout_files} files", limit="layout-files")
                    if member is None:
                        continue
                    where = posixpath.normpath(f"/{member.name.lstrip('/')}")
                    if where in places:  # whoever unpacks it has the last one, links among them
                        raise Malformed(f"{path} holds {where[1:]!a} twice")
                    places.add(where)
                    if not member.special:
                        self._members[member.name.removeprefix("./")] = member
        except FileNotFoundError:
            raise InvalidReference(f"{readable(path)} does not exist").unread() from None
        except (OSError, ValueError, tarfile.TarError) as error:
            if self._members:  # it began as one: broken on the way, not the wrong file
                raise Malformed(f"{path} is truncated or broken: {error}") from None
            raise InvalidReference(f"{readable(path)} is no uncompressed tar archive: {error}").advising(
                "give the tar of an OCI layout, not compressed (skopeo copy docker://IMAGE oci-archive:FILE)"
            ) from None
        # A file beneath a link is unpacked to wherever the link leads. With the least of separators what is beneath a
        # name comes right behind it.
        for above, below in pairwise(sorted(where.replace("/", "\0") for where in places)):
            if below.startswith(f"{above}\0"):
                raise Malformed(
                    f"{path} holds something beneath {above[1:].replace(chr(0), '/')!a}, which is no folder"
                )

    def read(self, name: str, cap: int) -> bytes | None:
        """See `Files`. The archive is opened for each read: many threads, no shared position, nothing to close."""
        member = self._members.get(name)
        if member is None:
            return None
        try:
            with self._path.open("rb") as file:
                file.seek(member.offset)
                return file.read(min(cap, member.size))
        except OSError as error:
            raise Malformed(f"{self._path}: {name} cannot be read: {error.strerror}") from None

    def blobs_with(self, mark: bytes, cap: int) -> Iterator[Digest]:
        """See `Files`."""
        for name, member in sorted(self._members.items()):
            folder, _, hex_digits = name.rpartition("/")
            algorithm = folder.removeprefix("blobs/")
            if _ALGORITHMS.get(algorithm) != len(hex_digits) or member.size > cap:
                continue
            if _looks_like(self.read(name, cap), mark):
                yield Digest(algorithm, hex_digits)


def _open_regular(path: Path) -> BinaryIO:
    """Open a file that is one: opening a pipe or a device waits for whoever is at its other end. Raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def _looks_like(raw: bytes | None, mark: bytes) -> bool:
    return raw is not None and raw.lstrip()[:1] == b"{" and mark in raw
