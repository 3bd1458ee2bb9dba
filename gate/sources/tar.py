"""An uncompressed tar archive -> where the bytes of its regular files are.

What comes in: an open archive (untrusted). What goes out: name, offset and size of one regular file after the other, up
to the marker of the end. Nothing is unpacked; links, devices and sparse files are passed over.

`tarfile` reads single headers here and no archives: on several Pythons that gate runs on, an archive makes its reader
go round in circles (sizes below zero, CVE-2025-8194), take seconds for each header (CVE-2024-6232) or hold a header of
any size. Sources: POSIX.1-2024 pax ("ustar Interchange Format", "pax Extended Header"); GNU tar's manual, "Basic Tar
Format" and "Storing Sparse Files".
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BLOCK: Final = 512
_END: Final = bytes(_BLOCK)
_MAX_HEADER: Final = 64 << 10
_MAX_SIZE: Final = 1 << 50
_MAX_RECORDS: Final = 100
_EXTENDED: Final = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_SPARSE: Final = b"GNU.sparse."


class Member(NamedTuple):
    """A regular file of an archive, or a link, which has no bytes here."""

    name: str
    offset: int
    size: int
    link: bool = False


def read_members(file: BinaryIO, most: int) -> Iterator[Member | None]:
    """Every entry of an archive: a regular file or a link, or None for any other. Ends with the archive's own marker.

    Raises `tarfile.TarError` or `ValueError` for what is no archive, is cut short, or has headers larger or more than
    there is a use for (`most` entries, and three headers for each).
    """
    position = blocks = 0
    shared: dict[bytes, bytes] = {}
    extended: dict[bytes, bytes] = {}
    while (block := _block(file, position)) != _END:
        blocks += 1
        if blocks > 3 * most:
            raise tarfile.ReadError(f"it has more than {3 * most} headers")
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        position += _BLOCK
        if header.type in _EXTENDED or header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            body = _body(file, position, header.size)
            position += _padded(header.size)
            if header.type == tarfile.XGLTYPE:
                shared.update(_records(body))
                if any(key in (b"path", b"size", b"linkpath") or key.startswith(_SPARSE) for key in shared):
                    raise tarfile.ReadError("a header that renames every file, which not every reader does")
            elif header.type in _EXTENDED:
                extended.update(_records(body))
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                extended[b"path"] = body.partition(b"\0")[0]
            continue
        flag = 482
        while header.type == tarfile.GNUTYPE_SPARSE and block[flag]:  # further maps of a sparse file
            block, flag = _block(file, position), 504
            position += _BLOCK
            blocks += 1
            if blocks > 3 * most:
                raise tarfile.ReadError(f"it has more than {3 * most} headers")
        told = shared | extended
        extended = {}
        size = int(told.get(b"size") or header.size)
        if not 0 <= size <= _MAX_SIZE:
            raise tarfile.ReadError(f"a file of {size} bytes")
        sparse = header.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(_SPARSE) for key in told)
        link = header.type in (tarfile.LNKTYPE, tarfile.SYMTYPE)
        if (header.type in _REGULAR and not sparse) or link:
            name = told[b"path"].decode("utf-8", "surrogateescape") if b"path" in told else header.name
            yield Member(name, position, 0 if link else size, link=link)
        else:
            yield None
        # Of other kinds only those that POSIX does not know have data, as tarfile has it.
        if header.type in _REGULAR or header.type not in tarfile.SUPPORTED_TYPES or sparse:
            position += _padded(size)


def _block(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    block = file.read(_BLOCK)
    if len(block) < _BLOCK:
        raise tarfile.ReadError("it has no end")
    return block


def _body(file: BinaryIO, position: int, size: int) -> bytes:
    """The bytes of an extended header."""
    if not 0 <= size <= _MAX_HEADER:
        raise tarfile.ReadError(f"a header of {size} bytes; at most {_MAX_HEADER} are read")
    file.seek(position)
    return file.read(size)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _records(body: bytes) -> Mapping[bytes, bytes]:
    """The records of a pax header: length, space, keyword, `=`, value, newline."""
    found: dict[bytes, bytes] = {}
    at = count = 0
    while at < len(body) and body[at]:
        count += 1
        digits = body[at : at + 10].partition(b" ")[0]
        end = at + int(digits if digits.isdigit() else b"0")
        key, equals, value = body[at + len(digits) + 1 : end].partition(b"=")
        if not equals or not value.endswith(b"\n") or end > len(body) or count > _MAX_RECORDS:
            raise tarfile.ReadError("a pax header that cannot be read, or is of too many records")
        found[key] = value[:-1]
        at = end
    return found
