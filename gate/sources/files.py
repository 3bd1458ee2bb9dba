"""The files of an OCI layout, in a folder or in an uncompressed tar archive.

What comes in: a path. What goes out: up to so many bytes of a named file, and the names of blobs that could be
manifests. Nothing is unpacked, written, or followed; digests are checked by the caller.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Protocol

from gate.errors import InvalidReference, LimitExceeded, Malformed
from gate.reference import Digest, readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gate.limits import Limits

_ALGORITHMS = {"sha256": 64, "sha512": 128}
_BLOCK = 512
_EXHAUSTED = (MemoryError, RecursionError, OverflowError)
"""What headers that lie about sizes, or that chain without end, make of tarfile."""


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
                raise InvalidReference(f"{readable(path)} {'is no folder' if there else 'does not exist'}")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidReference(f"{readable(path)} cannot be read: {reason}") from None
        self._path = path
        self._limits = limits

    def read(self, name: str, cap: int) -> bytes | None:
        """See `Files`."""
        try:
            with (self._path / name).open("rb") as file:
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
                paths = sorted(folder.iterdir()) if folder.is_dir() else []
            except OSError as error:
                raise Malformed(f"{folder} cannot be listed: {error.strerror}") from None
            if len(paths) > self._limits.layout_files:
                raise LimitExceeded(f"{folder} holds more than {self._limits.layout_files} blobs")
            for path in paths:
                if len(path.name) != digits or not path.is_file() or path.stat().st_size > cap:
                    continue
                if _looks_like(self.read(f"blobs/{algorithm}/{path.name}", cap), mark):
                    yield Digest(algorithm, path.name)


class Archive:
    """A layout in a tar archive. Members are found by their exact name, so `../` means nothing, and read in place."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            with tarfile.open(path, mode="r:") as tar:
                for count, member in enumerate(tar):
                    if count >= limits.layout_files:
                        raise LimitExceeded(f"{path} holds more than {limits.layout_files} files")
                    name = member.name.removeprefix("./")
                    if not member.isreg() or member.issparse():
                        continue
                    if self._members.setdefault(name, member) is not member:
                        raise Malformed(f"{path} holds {name!a} twice")
                end = tar.offset
            with path.open("rb") as file:
                file.seek(end)
                if file.read(_BLOCK) != bytes(_BLOCK):  # an archive ends with zeros; without them it was cut
                    raise Malformed(f"{path} is truncated or broken: it has no end")
        except FileNotFoundError:
            raise InvalidReference(f"{readable(path)} does not exist") from None
        except (OSError, ValueError, tarfile.TarError, *_EXHAUSTED) as error:
            if self._members:  # it began as one: broken on the way, not the wrong file
                raise Malformed(f"{path} is truncated or broken: {error}") from None
            raise InvalidReference(f"{readable(path)} is no uncompressed tar archive: {error}") from None

    def read(self, name: str, cap: int) -> bytes | None:
        """See `Files`. The archive is opened for each read: many threads, no shared position, nothing to close."""
        member = self._members.get(name)
        if member is None:
            return None
        try:
            with self._path.open("rb") as file:
                file.seek(member.offset_data)
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


def _looks_like(raw: bytes | None, mark: bytes) -> bool:
    return raw is not None and raw.lstrip()[:1] == b"{" and mark in raw
