"""Archives are read as `tarfile` reads them, and what makes its reader hang or eat memory is refused at once."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import GateError, InvalidReference, Malformed
from gate.limits import Limits
from gate.reference import parse_reference
from gate.sources.files import Archive, Folder
from gate.sources.layout import LayoutSource
from gate.sources.tar import Member, read_members
from tests.conftest import LAB

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 512
NAMES = st.text(alphabet="ab/.\u00e9\u4e00", min_size=1, max_size=300).filter(lambda name: not name.endswith("/"))
FORMATS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, b"Z"])


def header(name: str = "a", size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    """One header block."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % BLOCK)


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header."""
    return header("pax", len(records), kind) + padded(records)


def members(raw: bytes, most: int = 100) -> list[Member]:
    return [member for member in read_members(io.BytesIO(raw), most) if member is not None and not member.link]


@given(
    st.lists(st.tuples(NAMES, KINDS, st.binary(max_size=1100), st.integers(0, 1 << 40)), min_size=1, max_size=6),
    FORMATS,
    st.booleans(),
)
def test_an_archive_is_read_as_tarfile_reads_it(
    files: list[tuple[str, bytes, bytes, int]],
    form: int,
    many: bool,
) -> None:
    buffer = io.BytesIO()
    shared = {"comment": "x", "SCHILY.xattr.user.x": "y\n=z"} if many else {}
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=shared) as archive:
        for name, kind, raw, mtime in files:
            member = tarfile.TarInfo(name)
            member.type, member.mtime = kind, mtime % (1 << 33)
            member.size = len(raw) if kind not in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE) else 0
            try:
                archive.addfile(member, io.BytesIO(raw))
            except ValueError:
                return  # a name that this format cannot spell
    raw = buffer.getvalue()
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        expected = [Member(item.name, item.offset_data, item.size) for item in archive if item.isreg()]
    assert members(raw) == expected


@given(st.binary(max_size=2048))
def test_bytes_are_members_or_a_typed_refusal(raw: bytes) -> None:
    with suppress(tarfile.TarError, ValueError):
        members(raw)


@given(st.data())
def test_a_changed_archive_is_members_or_a_typed_refusal(data: st.DataObject) -> None:
    good = bytearray(pax(b"12 path=abc\n") + header("b", 5) + padded(b"hello") + header("c") + bytes(1024))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    for start in range(0, len(good), BLOCK):  # with the right checksum the change is what is read
        block = good[start : start + BLOCK]
        if data.draw(st.booleans()) and any(block):
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
            good[start : start + BLOCK] = block
    with suppress(tarfile.TarError, ValueError):
        members(bytes(good))


@pytest.mark.parametrize(
    "raw",
    [
        header("a", -BLOCK) + bytes(1024),
        header("a", -1) + bytes(1024),
        header("a", 1 << 60) + bytes(1024),
        pax(b"16 size=-100000\n") + header() + bytes(1024),
        pax(b"11 size=1x\n") + header() + bytes(1024),
        pax(b"5006 size=" + b"9" * 4995 + b"\n") + header() + bytes(1024),
        header("x", (64 << 10) + 1, tarfile.XHDTYPE) + bytes(70_000),
        header("x", 1 << 40, tarfile.XHDTYPE) + bytes(1024),
        header("x", 1 << 40, tarfile.GNUTYPE_LONGNAME) + bytes(1024),
        header("x", -BLOCK, tarfile.XHDTYPE) + bytes(1024),
        pax(b"1" * 60_000) + header() + bytes(1024),
        pax(b"0 a=b\n") + header() + bytes(1024),
        pax(b"99 a=b\n") + header() + bytes(1024),
        pax(b"5 a=\n" * 101) + header() + bytes(1024),
        pax(b"") * 400,
        header(kind=tarfile.GNUTYPE_SPARSE)[:482] + b"\1" + bytes(29),
        header() + padded(b"")[:100],
        header(),
        b"",
    ],
)
def test_headers_that_lie_or_never_end_are_refused(raw: bytes) -> None:
    with pytest.raises((tarfile.TarError, ValueError)):
        members(raw)


def test_extended_headers_are_read_up_to_their_limits() -> None:
    whole = b"".join(b"6 %c=x\n" % letter for letter in range(65, 90)) * 4
    assert len(members(pax(whole) + header() + bytes(1024))) == 1
    comment = b"65536 comment=".ljust(65_535, b"x") + b"\n"
    assert len(members(pax(comment) + header() + bytes(1024))) == 1


def test_a_sparse_file_is_passed_over_with_its_maps() -> None:
    sparse = bytearray(header("s", 5, tarfile.GNUTYPE_SPARSE))
    sparse[482] = 1
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse)
    more = bytes(504) + b"\1" + bytes(7)
    raw = bytes(sparse) + more + bytes(BLOCK) + padded(b"hello") + header("a") + bytes(1024)
    assert [member.name for member in members(raw)] == ["a"]
    marked = pax(b"22 GNU.sparse.major=1\n") + header("s", 5) + padded(b"hello") + header("a") + bytes(1024)
    assert [member.name for member in members(marked)] == ["a"]


# --- what is no file


def _reference(path: Path) -> str:
    return f"oci:{path}"


def _copy(folder: Path) -> Path:
    for path in (LAB / "agent-signed").rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(LAB / "agent-signed")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "endless"])
def test_what_is_no_file_is_not_waited_for(name: str, kind: str, tmp_path: Path) -> None:
    layout = _copy(tmp_path / "layout")
    (layout / name).unlink()
    if kind == "pipe":
        os.mkfifo(layout / name)
    elif kind == "device":
        (layout / name).symlink_to("/dev/tty")
    elif kind == "endless":
        (layout / name).symlink_to("/dev/zero")
    else:
        (layout / name).mkdir()
    with pytest.raises(Malformed, match="cannot be read"):
        LayoutSource(parse_reference(_reference(layout)), limits=Limits())


def test_a_blob_that_is_a_pipe_is_malformed_where_it_is_needed_and_passed_over_where_not(tmp_path: Path) -> None:
    layout = _copy(tmp_path / "layout")
    os.mkfifo(layout / "blobs/sha256" / ("0" * 64))
    source = LayoutSource(parse_reference(_reference(layout)), limits=Limits())
    image = source.resolve()
    assert source.referrers(image.digest).descriptors
    path = layout / "blobs/sha256" / image.digest.hex
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Malformed, match="no regular file"):
        source.manifest(image.digest)


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    layout = _copy(tmp_path / "layout")
    (layout / "index.json").rename(tmp_path / "elsewhere")
    (layout / "index.json").symlink_to(tmp_path / "elsewhere")
    assert Folder(layout, Limits()).read("index.json", 1 << 20)


def test_an_archive_that_is_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "image.tar")
    assert stat.S_ISFIFO((tmp_path / "image.tar").stat().st_mode)
    with pytest.raises(InvalidReference, match="no regular file"):
        Archive(tmp_path / "image.tar", Limits())


def test_a_sparse_file_of_terabytes_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    with path.open("wb") as file:
        file.write(header("x", 1 << 40, tarfile.XHDTYPE))
        file.truncate(1 << 40)
    with pytest.raises(GateError):
        Archive(path, Limits())
