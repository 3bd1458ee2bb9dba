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
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])


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
    return [member for member in read_members(io.BytesIO(raw), most) if member is not None and not member.special]


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


def _checked(block: bytes) -> bytes:
    """A header block that was changed, with the checksum that it then has."""
    changed = bytearray(block)
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


def _beneath_a_link() -> bytes:
    member = tarfile.TarInfo("x")
    member.type, member.linkname = tarfile.SYMTYPE, "."
    return member.tobuf(tarfile.GNU_FORMAT) + header("x/index.json", 4)


LONG = header("long", 11, tarfile.GNUTYPE_LONGNAME) + padded(b"index.json\0")
PAX = pax(b"19 path=index.json\n")
NOTHING = pax(b"13 comment=x\n")
PLAIN = header("y", 4)
READ_DIFFERENTLY = {
    # Go heeds the last extended header alone, and GNU's long name before any of them; a global one ends both.
    "a pax header behind another": (PAX + NOTHING + PLAIN, "two headers"),
    "a long name behind a pax header": (PAX + LONG + PLAIN, "two headers"),
    "a pax header behind a long name": (LONG + NOTHING + PLAIN, "two headers"),
    "a long name behind another": (LONG + LONG + PLAIN, "two headers"),
    "a global header behind a pax header": (PAX + pax(b"13 comment=x\n", tarfile.XGLTYPE) + PLAIN, "two headers"),
    # Go takes the header's name then.
    "an empty name": (pax(b"8 path=\n") + header("index.json", 4), "a name"),
    "an empty long name": (header("l", 1, tarfile.GNUTYPE_LONGNAME) + padded(b"\0") + PLAIN, "a name"),
    "a name with its end inside": (pax(b"20 path=index.json\0\n") + PLAIN, "a name"),
    # GNU tar unpacks them, and the last one of a name stays.
    "a sparse file": (pax(b"22 GNU.sparse.major=1\n") + PLAIN, "sparse"),
    "a sparse file of GNU's old kind": (header("y", 4, tarfile.GNUTYPE_SPARSE), "sparse"),
    "a kind that nobody knows": (header("y", 4, b"Z"), "kind"),
    "Solaris' pax header": (pax(b"19 path=index.json\n", tarfile.SOLARIS_XHDTYPE) + PLAIN, "kind"),
    # Python joins both parts of a name, whatever form the header has.
    "a second part of the name in GNU's form": (_checked(PLAIN[:345] + b"1" + bytes(166)), "puts together"),
    "a second part of the name in no form": (_checked(PLAIN[:257] + bytes(88) + b"1" + bytes(166)), "puts together"),
    "a second part of the name in star's form": (
        _checked(PLAIN[:257] + b"ustar\x0000" + bytes(80) + b"1" + bytes(162) + b"tar\0"),
        "puts together",
    ),
    # What follows is data to one reader, and the next header to another.
    "a folder by its name alone": (header("y/", 4, tarfile.AREGTYPE), "by its name"),
    "a folder by the name of its header": (pax(b"10 path=y\n") + header("y/", 4, tarfile.AREGTYPE), "by its name"),
    "a folder by its other name": (pax(b"11 path=y/\n") + header("y", 4, tarfile.AREGTYPE), "by its name"),
    "a folder with bytes": (header("y", 4, tarfile.DIRTYPE), "bytes behind"),
    "a link with bytes": (header("y", 4, tarfile.LNKTYPE), "bytes behind"),
}


@pytest.mark.parametrize(("entry", "reason"), READ_DIFFERENTLY.values(), ids=READ_DIFFERENTLY)
def test_what_readers_take_for_different_files_is_refused(entry: bytes, reason: str) -> None:
    """Whoever unpacks the archive, with skopeo or GNU tar, must not see another image in it than gate judged."""
    with pytest.raises(tarfile.ReadError, match=reason):
        members(entry + padded(b"evil") + bytes(1024))


def test_what_every_reader_takes_alike_is_read() -> None:
    link = header("link", 4, tarfile.GNUTYPE_LONGLINK) + padded(b"evil")
    posix = _checked(PLAIN[:257] + b"ustar\x0000" + bytes(80) + b"1" + bytes(166))
    times = pax(b"13 comment=x\n", tarfile.XGLTYPE)
    raw = times + NOTHING + link + PLAIN + padded(b"good") + LONG + link + PLAIN + padded(b"good") + posix
    assert [member.name for member in members(raw + bytes(1536))] == ["y", "index.json", "1/y"]


@pytest.mark.parametrize("name", ["index.json", "../index.json", "x/../../index.json", "//index.json"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.SYMTYPE])
def test_a_name_twice_is_malformed_however_it_is_spelled_and_whatever_is_there(
    name: str, kind: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(header("index.json") + header(name, kind=kind) + bytes(1024))
    with pytest.raises(Malformed, match="twice"):
        Archive(path, Limits())


def test_nothing_is_stored_beneath_what_is_no_folder(tmp_path: Path) -> None:
    """It is unpacked to wherever a link leads: here over the index itself."""
    path = tmp_path / "image.tar"
    path.write_bytes(header("index.json") + header("x-y") + _beneath_a_link() + padded(b"evil") + bytes(1024))
    with pytest.raises(Malformed, match="which is no folder"):
        Archive(path, Limits())
    path.write_bytes(header("x", kind=tarfile.DIRTYPE) + header("x/index.json") + header("x.y") + bytes(1024))
    assert Archive(path, Limits()).read("x/index.json", 1) == b""


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
