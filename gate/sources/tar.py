"""An uncompressed tar archive -> where the bytes of its regular files are.

What comes in: an open archive (untrusted). What goes out: name, offset and size of one regular file after the other, up
to the marker of the end. Nothing is unpacked. What Go (skopeo, docker), GNU tar and Python read differently is refused.

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
_BEFORE: Final = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_WITHOUT_DATA: Final = frozenset(
    (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
)
_SPARSE: Final = b"GNU.sparse."


class Member(NamedTuple):
    """A regular file of an archive; or, `special`, a link, pipe or device, which has no bytes here."""

    name: str
    offset: int
    size: int
    special: bool = False


def read_members(file: BinaryIO, most: int) -> Iterator[Member | None]:
    """Every entry of an archive, None for a folder. Ends with the archive's own marker.

    Raises `tarfile.TarError` or `ValueError` for what is no archive, is cut short, or has headers larger or more than
    there is a use for (`most` entries, and three headers for each); and for what readers take for different files, so
    that whoever unpacks the archive might have another image than was judged.
    """
    position = blocks = 0
    extended: dict[bytes, bytes] = {}
    while (block := _block(file, position)) != _END:
        blocks += 1
        if blocks > 3 * most:
            raise tarfile.ReadError(f"it has more than {3 * most} headers")
        header = _header(block)
        position += _BLOCK
        if header.type in _BEFORE:
            body = _body(file, position, header.size)
            position += _padded(header.size)
            if header.type == tarfile.GNUTYPE_LONGLINK:
                continue
            if extended:
                raise tarfile.ReadError("two headers before one file, of which not every reader heeds the same")
            if header.type == tarfile.GNUTYPE_LONGNAME:
                extended[b"path"] = body.partition(b"\0")[0]
            elif header.type == tarfile.XHDTYPE:
                extended.update(_records(body))
            elif any(key in (b"path", b"size", b"linkpath") or key.startswith(_SPARSE) for key in _records(body)):
                raise tarfile.ReadError("a header that renames every file, which not every reader does")
            continue
        name, size = _told(header, extended)
        extended = {}
        regular = header.type in _REGULAR
        if block[156:157] in _REGULAR and (not regular or name.endswith("/")):
            raise tarfile.ReadError("a file by its kind and a folder by its name")
        if not regular and header.type not in _WITHOUT_DATA:
            raise tarfile.ReadError("an entry that is sparse or of a kind that not every reader knows")
        if not regular and size:
            raise tarfile.ReadError("bytes behind an entry that has none")
        yield None if header.type == tarfile.DIRTYPE else Member(name, position, size, special=not regular)
        position += _padded(size)


def _header(block: bytes) -> tarfile.TarInfo:
    """One header. Only POSIX's own form has a second part of the name, where others have times (Go, GNU, star)."""
    if (block[257:263] != b"ustar\0" or block[508:] == b"tar\0") and any(block[345:500]):
        raise tarfile.ReadError("a name in a form that not every reader puts together")
    return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")


def _told(header: tarfile.TarInfo, extended: Mapping[bytes, bytes]) -> tuple[str, int]:
    """The name and size of an entry, which an extended header may say in its header's place."""
    if any(key.startswith(_SPARSE) for key in extended):
        raise tarfile.ReadError("a sparse file, which not every reader unpacks")
    size = int(extended.get(b"size") or header.size)
    if not 0 <= size <= _MAX_SIZE:
        raise tarfile.ReadError(f"a file of {size} bytes")
    path = extended.get(b"path")
    if path is None:
        return header.name, size
    if not path or b"\0" in path:
        raise tarfile.ReadError("a name that not every reader takes")
    return path.decode("utf-8", "surrogateescape"), size


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
