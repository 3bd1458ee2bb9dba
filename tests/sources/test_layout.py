"""OCI layouts on disk: which image is meant, what is attached to it, and that broken never looks like unsigned."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import shutil
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.discovery import Discovery, discover
from gate.errors import CouldNotLook, GateError, InvalidReference, LimitExceeded, Malformed, NotFound
from gate.limits import Deadline, Limits
from gate.reference import Digest, parse_digest, parse_reference
from gate.sources.layout import LayoutSource
from gate.sources.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from tests.conftest import LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gate.sources import Content

LIMITS = Limits()
CASE = "agent-signed"
IMAGE = parse_digest("sha256:ce39ee20454501e67d525ccbd237fc620ded9966a1eb43ae80abac3c9f992529")
REFERRER = parse_digest("sha256:d5e37decfdbc8b48bcc020851cabf1cc6ebe89356e0d686c7375f3b5b037f5b7")
BUNDLE = parse_digest("sha256:73489a99a0929e318bff933994cd009d86c641fbd498c4faac39d4be2884ec07")
LAYER = parse_digest("sha256:b9b85212c739e06510dbf8d16f62385dcbe93e1b43f376f492c8a34266a5c432")
CONFIG = parse_digest("sha256:a53b1093aa861f7adb85364761f0ca8c31e4c7e0fa3f42eb07a416097d24e12e")
REF_NAME = "org.opencontainers.image.ref.name"
KIND = "kind"
COSIGN = "dev.cosignproject.cosign/"


class Layout:
    """A layout that a test makes or breaks: files by name, written as a folder or as an archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.listed: list[dict[str, Any]] = []

    @classmethod
    def lab(cls, folder: Path, case: str = CASE) -> Layout:
        """A copy of a lab case."""
        made = cls(folder)
        made.files = {
            path.relative_to(LAB / case).as_posix(): path.read_bytes()
            for path in sorted((LAB / case).rglob("*"))
            if path.is_file()
        }
        made.listed = json.loads(made.files.pop("index.json"))["manifests"]
        return made

    def blob(self, raw: bytes) -> Digest:
        """Put a blob there."""
        digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
        self.files[name_of(digest)] = raw
        return digest

    def manifest(self, *, listed: bool = True, annotations: dict[str, str] | None = None, **fields: Any) -> Digest:
        """Put a manifest there; `subject` and the members of `manifests` may be given as digests."""
        document: dict[str, Any] = {"schemaVersion": 2, **fields}
        for key in ("subject", "manifests"):
            if isinstance(document.get(key), Digest):
                document[key] = _descriptor(document[key])
            elif isinstance(document.get(key), list):
                document[key] = [_descriptor(item) for item in document[key]]
        if "manifests" not in document:
            document.setdefault("layers", [])
        raw = json.dumps(document).encode()
        digest = self.blob(raw)
        if listed:
            media_type = OCI_INDEX if "manifests" in document else OCI_MANIFEST
            entry: dict[str, Any] = {"mediaType": media_type, "digest": str(digest), "size": len(raw)}
            self.listed.append(entry if annotations is None else entry | {"annotations": annotations})
        return digest

    def all_files(self) -> dict[str, bytes]:
        """The files, with the index."""
        index = json.dumps({"schemaVersion": 2, "manifests": self.listed}).encode()
        return {"index.json": index} | self.files

    def write(self) -> str:
        """As a folder; returns the reference."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, raw in self.all_files().items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        return f"oci:{self.folder}"

    def archive(self, change: Callable[[bytes], bytes] = bytes, *, prefix: str = "") -> str:
        """As an uncompressed tar archive; returns the reference."""
        path = self.folder.with_suffix(".tar")
        path.write_bytes(change(tar({f"{prefix}{name}": raw for name, raw in self.all_files().items()})))
        return f"oci-archive:{path}"


def _descriptor(digest: Digest) -> dict[str, Any]:
    return {"mediaType": OCI_MANIFEST, "digest": str(digest), "size": 1}


def name_of(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def tar(files: dict[str, bytes], *, end: bool = True) -> bytes:
    """A tar archive of files, in their order; `end` False leaves out the marker of its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, raw in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        size = archive.offset
    return buffer.getvalue() if end else buffer.getvalue()[:size]


def opened(text: str, limits: Limits = LIMITS) -> LayoutSource:
    return LayoutSource(parse_reference(text), limits=limits)


def found_in(text: str, limits: Limits = LIMITS) -> Discovery:
    return discover(opened(text, limits), digest=None, limits=limits, deadline=Deadline(20))


@pytest.fixture
def lab(tmp_path: Path) -> Layout:
    return Layout.lab(tmp_path / "layout")


@pytest.fixture
def empty(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def _both(layout: Layout) -> Iterator[str]:
    yield layout.write()
    yield layout.archive()


# --- the same from a folder and from an archive


@pytest.mark.parametrize("case", sorted(path.parent.name for path in LAB.glob("*/index.json")))
def test_an_archive_holds_what_its_folder_holds(case: str, tmp_path: Path) -> None:
    layout = Layout.lab(tmp_path / "layout", case)
    folder, archive = found_in(f"oci:{LAB / case}"), found_in(layout.archive())
    assert archive == folder
    assert folder.missed == ()


@pytest.mark.parametrize("prefix", ["./", ""])
def test_members_may_begin_with_a_dot(lab: Layout, prefix: str) -> None:
    assert len(found_in(lab.archive(prefix=prefix)).candidates) == 2


@pytest.mark.parametrize("prefix", ["/", "../", "x/", "././", ".//"])
def test_members_by_another_name_are_not_there(lab: Layout, prefix: str) -> None:
    with pytest.raises(InvalidReference, match="no oci-layout"):
        opened(lab.archive(prefix=prefix))


def test_blobs_are_checked_and_handed_out(lab: Layout) -> None:
    for text in _both(lab):
        source = opened(text)
        assert source.resolve().digest == IMAGE
        assert source.manifest(REFERRER).raw == lab.files[name_of(REFERRER)]
        descriptor = _described(BUNDLE, lab)
        assert source.blob(descriptor) == lab.files[name_of(BUNDLE)]


def _described(digest: Digest, layout: Layout, *, size: int | None = None) -> Descriptor:
    actual = len(layout.files.get(name_of(digest), b""))
    return Descriptor(
        media_type="", digest=digest, size=actual if size is None else size, artifact_type="", annotations={}
    )


# --- broken is never unsigned


BREAKING: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "truncated": lambda raw: raw[:-1],
    "longer": lambda raw: raw + b" ",
    "changed": lambda raw: raw[:10] + bytes([raw[10] ^ 1]) + raw[11:],
    "other": lambda _: b"{}",
}


def _break(layout: Layout, digest: Digest, how: str) -> None:
    broken = BREAKING[how](layout.files.pop(name_of(digest)))
    if broken is not None:
        layout.files[name_of(digest)] = broken


@pytest.mark.parametrize("how", BREAKING)
def test_an_image_that_is_broken_could_not_be_looked_at(lab: Layout, how: str) -> None:
    _break(lab, IMAGE, how)
    for text in _both(lab):
        with pytest.raises(Malformed):
            opened(text).resolve()


@pytest.mark.parametrize("how", BREAKING)
def test_a_listed_referrer_that_is_broken_is_a_gap_and_not_unsigned(lab: Layout, how: str) -> None:
    _break(lab, REFERRER, how)
    for text in _both(lab):
        found = found_in(f"{text}:v1")
        (missed,) = found.missed
        assert isinstance(missed, Malformed)
        assert next(item for item in found.ledger if not item.complete).place == "layout-subjects"


@pytest.mark.parametrize("how", BREAKING)
def test_a_bundle_that_is_broken_is_a_gap_and_the_others_count(lab: Layout, how: str) -> None:
    _break(lab, BUNDLE, how)
    for text in _both(lab):
        found = found_in(text)
        (missed,) = found.missed
        assert isinstance(missed, Malformed)
        assert str(BUNDLE) in str(missed)
        assert len(found.candidates) == 1


@pytest.mark.parametrize("how", BREAKING)
@pytest.mark.parametrize("digest", [LAYER, CONFIG])
def test_an_images_own_layer_or_config_that_is_broken_does_not_matter(lab: Layout, digest: Digest, how: str) -> None:
    _break(lab, digest, how)
    for text in _both(lab):
        found = found_in(text)
        assert len(found.candidates) == 2
        assert found.missed == ()


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_a_blob_of_another_size_than_its_descriptor_says_is_malformed(lab: Layout, size: int) -> None:
    for text in _both(lab):
        with pytest.raises(Malformed):
            opened(text).blob(_described(BUNDLE, lab, size=size))


def test_a_blob_over_the_limit_is_not_read(lab: Layout) -> None:
    size = len(lab.files[name_of(BUNDLE)])
    for text in _both(lab):
        opened(text, Limits(blob_bytes=size)).blob(_described(BUNDLE, lab))
        with pytest.raises(LimitExceeded):
            opened(text, Limits(blob_bytes=size - 1)).blob(_described(BUNDLE, lab))
        with pytest.raises(LimitExceeded):
            opened(text).blob(_described(BUNDLE, lab, size=1 << 70))


def test_a_manifest_over_the_limit_is_a_gap(lab: Layout) -> None:
    lab.manifest(subject=IMAGE, annotations={"x": "y" * 6000}, listed=True)
    lab.listed[-1].pop("annotations")
    lab.manifest(subject=IMAGE, config=None, note="y" * 6000)
    for text in _both(lab):
        found = found_in(f"{text}:v1", Limits(manifest_bytes=5000))
        assert [type(item) for item in found.missed] == [LimitExceeded]


@pytest.mark.parametrize("raw", [b"{}", b"[]", b"junk", b'{"layers": [], "manifests": []}', b'{"layers": 7}'])
def test_a_listed_manifest_that_cannot_be_read_is_a_gap(lab: Layout, raw: bytes) -> None:
    digest = lab.blob(raw)
    lab.listed.append({"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(raw)})
    for text in _both(lab):
        assert [type(item) for item in found_in(f"{text}:v1").missed] == [Malformed]
        with pytest.raises(Malformed):
            opened(text).resolve()


@pytest.mark.parametrize(
    "raw",
    [b'{"subject": ', b'{"subject": {}}', b'{"a": 1, "subject": 2, "a": 1}', b'{"subject": null, "layers": [7]}'],
)
def test_an_unlisted_blob_that_is_no_manifest_does_not_matter(lab: Layout, raw: bytes) -> None:
    lab.blob(raw)
    for text in _both(lab):
        found = found_in(text)
        assert found.missed == ()
        assert len(found.candidates) == 2


def test_an_unlisted_blob_that_could_have_been_a_referrer_and_is_broken_is_a_gap(lab: Layout) -> None:
    lab.files[name_of(Digest("sha256", "0" * 64))] = lab.files[name_of(REFERRER)]
    for text in _both(lab):
        assert [type(item) for item in found_in(text).missed] == [Malformed]


# --- what is attached


def test_a_referrer_that_nobody_lists_is_found(lab: Layout) -> None:
    lab.listed = [item for item in lab.listed if item["digest"] == str(IMAGE)]
    for text in _both(lab):
        found = found_in(text)
        assert len(found.candidates) == 2
        assert found.missed == ()


def test_a_referrer_of_another_image_is_none_of_this_one(lab: Layout) -> None:
    lab.manifest(subject=Digest("sha256", "0" * 64), layers=[_descriptor(BUNDLE)], listed=False)
    for text in _both(lab):
        assert len(found_in(text).candidates) == 2


def test_a_subject_may_stand_anywhere_in_a_manifest(empty: Layout) -> None:
    image = empty.manifest()
    raw = b' \n{"layers":[],"x":"%s","subject" : {"digest":"%s","size":1}}' % (b"y" * 5000, str(image).encode())
    referrer = empty.blob(raw)
    for text in _both(empty):
        assert [item.digest for item in opened(text).referrers(image).descriptors] == [referrer]


def test_over_the_limit_of_referrers_nothing_is_the_first_n(lab: Layout) -> None:
    for text in _both(lab):
        assert len(opened(text, Limits(referrers=2)).referrers(IMAGE).descriptors) == 2
        with pytest.raises(LimitExceeded):
            opened(text, Limits(referrers=1)).referrers(IMAGE)


def test_over_the_limit_of_files_nothing_is_the_first_n(lab: Layout) -> None:
    blobs = sum(name.startswith("blobs/") for name in lab.files)
    assert len(opened(lab.write(), Limits(layout_files=blobs)).referrers(IMAGE).descriptors) == 2
    with pytest.raises(LimitExceeded):
        opened(lab.write(), Limits(layout_files=blobs - 1)).referrers(IMAGE)
    assert len(opened(lab.archive(), Limits(layout_files=blobs + 2)).referrers(IMAGE).descriptors) == 2
    with pytest.raises(LimitExceeded):
        opened(lab.archive(), Limits(layout_files=blobs + 1))


def test_cosigns_tags_are_found_in_a_layout(tmp_path: Path) -> None:
    layout = Layout.lab(tmp_path / "layout", "keyed-legacy")
    for text in _both(layout):
        found = found_in(text)
        assert {item.place for item in found.candidates} == {"cosign-sig", "cosign-att"}


@pytest.mark.parametrize("kind", ["sigs", "atts"])
def test_what_cosign_saved_beside_an_image_is_a_candidate(empty: Layout, kind: str) -> None:
    empty.manifest(annotations={KIND: f"{COSIGN}image"})
    blob = empty.blob(b"a signature")
    layers = [{"mediaType": "application/vnd.dsse.envelope.v1+json", "digest": str(blob), "size": 11}]
    empty.manifest(annotations={KIND: f"{COSIGN}{kind}"}, layers=layers)
    for text in _both(empty):
        assert [item.raw for item in found_in(text).candidates] == [b"a signature"]


# --- which image


def test_the_only_image_needs_no_name(lab: Layout) -> None:
    for text in _both(lab):
        assert opened(text).resolve().digest == IMAGE


def test_a_tag_names_an_image(lab: Layout) -> None:
    for text in _both(lab):
        assert opened(f"{text}:v1").resolve().digest == IMAGE


def test_a_digest_names_an_image_and_its_bytes_must_match(lab: Layout) -> None:
    for text in _both(lab):
        assert opened(f"{text}@{IMAGE}").resolve().digest == IMAGE
        assert opened(f"{text}:other@{IMAGE}").resolve().digest == IMAGE
        with pytest.raises(NotFound) as absent:
            opened(f"{text}@sha256:{'0' * 64}").resolve()
        assert absent.value.remedy.startswith("compare tag and digest with those in the layout's index.json")


def test_a_digest_in_another_algorithm_names_another_file(lab: Layout) -> None:
    sha512 = hashlib.sha512(lab.files[name_of(IMAGE)]).hexdigest()
    for text in _both(lab):
        with pytest.raises(NotFound):
            opened(f"{text}@sha512:{sha512}").resolve()
    lab.files[f"blobs/sha512/{sha512}"] = lab.files[name_of(IMAGE)]
    for text in _both(lab):
        assert opened(f"{text}@sha512:{sha512}").resolve().raw == lab.files[name_of(IMAGE)]


def test_a_tag_that_is_not_there_is_not_found_and_the_others_are_named(lab: Layout) -> None:
    for text in _both(lab):
        with pytest.raises(NotFound, match="v1") as absent:
            opened(f"{text}:v2").resolve()
        assert "credentials" not in absent.value.remedy


def test_several_images_are_listed_and_none_is_chosen(empty: Layout) -> None:
    one = empty.manifest(annotations={REF_NAME: "one"}, config=None)
    two = empty.manifest(artifactType="x/y")
    for text in _both(empty):
        with pytest.raises(InvalidReference) as caught:
            opened(text).resolve()
        assert str(one) in str(caught.value)
        assert str(two) in str(caught.value)
        assert "one" in str(caught.value)
        assert opened(f"{text}:one").resolve().digest == one
        assert opened(f"{text}@{two}").resolve().digest == two


def test_one_image_listed_twice_is_one(empty: Layout) -> None:
    image = empty.manifest(annotations={REF_NAME: "one"})
    empty.listed.append({**empty.listed[0], "annotations": {REF_NAME: "two"}})
    for text in _both(empty):
        assert opened(text).resolve().digest == image
        assert opened(f"{text}:two").resolve().digest == image


def test_a_tag_given_twice_is_malformed(empty: Layout) -> None:
    empty.manifest(annotations={REF_NAME: "v1"}, config=None)
    empty.manifest(annotations={REF_NAME: "v1"}, artifactType="x/y")
    for text in _both(empty):
        with pytest.raises(Malformed, match="2 manifests"):
            opened(f"{text}:v1").resolve()


def test_a_tag_given_twice_to_one_manifest_is_one(empty: Layout) -> None:
    image = empty.manifest(annotations={REF_NAME: "v1"})
    empty.listed *= 2
    for text in _both(empty):
        assert opened(f"{text}:v1").resolve().digest == image


@pytest.mark.parametrize("kind", ["sigs", "atts", "sboms", "x"])
def test_what_cosign_saved_is_no_image(empty: Layout, kind: str) -> None:
    image = empty.manifest(annotations={KIND: f"{COSIGN}image"}, config=None)
    empty.manifest(annotations={KIND: f"{COSIGN}{kind}"}, artifactType="x/y")
    for text in _both(empty):
        assert opened(text).resolve().digest == image


@pytest.mark.parametrize("kind", [f"{COSIGN}image", f"{COSIGN}imageIndex", "something else", ""])
def test_an_image_of_any_other_kind_is_one(empty: Layout, kind: str) -> None:
    image = empty.manifest(annotations={KIND: kind})
    for text in _both(empty):
        assert opened(text).resolve().digest == image


@pytest.mark.parametrize("suffix", ["sig", "att", "sbom"])
def test_what_has_cosigns_tag_is_no_image(empty: Layout, suffix: str) -> None:
    image = empty.manifest(config=None)
    empty.manifest(annotations={REF_NAME: f"sha256-{image.hex}.{suffix}"}, artifactType="x/y")
    for text in _both(empty):
        assert opened(text).resolve().digest == image


def test_what_refers_to_another_manifest_is_no_image(lab: Layout) -> None:
    assert len(lab.listed) == 3
    for text in _both(lab):
        assert opened(text).resolve().digest == IMAGE


def test_a_child_of_a_listed_index_is_no_image_of_its_own(empty: Layout) -> None:
    child = empty.manifest()
    image = empty.manifest(manifests=[child])
    for text in _both(empty):
        assert opened(text).resolve().digest == image


def test_an_attached_index_hides_no_image(empty: Layout) -> None:
    one = empty.manifest(config=None)
    two = empty.manifest(artifactType="x/y")
    empty.manifest(subject=two, manifests=[one])
    for text in _both(empty):
        with pytest.raises(InvalidReference):
            opened(text).resolve()


def test_a_layout_without_images_is_invalid(empty: Layout) -> None:
    empty.manifest(subject=Digest("sha256", "0" * 64))
    for text in _both(empty):
        with pytest.raises(InvalidReference, match="no image"):
            opened(text).resolve()


# --- what is a layout


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_without_its_two_files_it_is_no_layout(lab: Layout, name: str) -> None:
    lab.write()
    (lab.folder / name).unlink()
    with pytest.raises(InvalidReference, match=name):
        opened(f"oci:{lab.folder}")
    files = {key: raw for key, raw in lab.all_files().items() if key != name}
    (lab.folder / "x.tar").write_bytes(tar(files))
    with pytest.raises(InvalidReference, match=name):
        opened(f"oci-archive:{lab.folder / 'x.tar'}")


def test_a_path_that_is_not_there_or_is_the_wrong_kind_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for text in (f"oci:{tmp_path}/no", f"oci:{tmp_path}/file", f"oci-archive:{tmp_path}/no", f"oci-archive:{tmp_path}"):
        with pytest.raises(InvalidReference):
            opened(text)


@pytest.mark.parametrize("version", ["1.0.1", "2.0.0", "1.0", "", None, 1, ["1.0.0"]])
def test_another_version_of_the_layout_is_invalid(lab: Layout, version: object) -> None:
    lab.files["oci-layout"] = json.dumps({"imageLayoutVersion": version}).encode()
    for text in _both(lab):
        with pytest.raises(InvalidReference, match=r"1\.0\.0"):
            opened(text)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b'{"imageLayoutVersion": "1.0.0", "imageLayoutVersion": 2}']
)
def test_a_broken_oci_layout_file_is_malformed(lab: Layout, raw: bytes) -> None:
    lab.files["oci-layout"] = raw
    for text in _both(lab):
        with pytest.raises(Malformed):
            opened(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b'{"manifests": {}}',
        b'{"manifests": [7]}',
        b'{"manifests": [{}]}',
        b'{"manifests": [], "manifests": []}',
        b'{"manifests": [{"digest": "sha256:../../x", "size": 1}]}',
        b'{"manifests": [{"digest": "sha256:%s", "size": 1, "annotations": [1]}]}' % (b"0" * 64),
        b'{"manifests": ' + b"[" * 100,
    ],
)
def test_a_broken_index_is_malformed(lab: Layout, raw: bytes) -> None:
    lab.write()
    (lab.folder / "index.json").write_bytes(raw)
    with pytest.raises(Malformed):
        opened(f"oci:{lab.folder}")
    path = lab.folder / "x.tar"
    path.write_bytes(tar({**lab.all_files(), "index.json": raw}))
    with pytest.raises(Malformed):
        opened(f"oci-archive:{path}")


def test_an_index_over_the_limit_is_malformed(lab: Layout) -> None:
    for text in _both(lab):
        with pytest.raises(CouldNotLook):
            opened(text, Limits(manifest_bytes=100))


def test_a_file_that_cannot_be_opened_is_malformed(lab: Layout) -> None:
    lab.write()
    (lab.folder / "index.json").unlink()
    (lab.folder / "index.json").mkdir()
    with pytest.raises(Malformed):
        opened(f"oci:{lab.folder}")


def test_a_path_that_cannot_even_be_looked_up_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(InvalidReference):
        opened(f"oci:{tmp_path}/{'x' * 300}")


def test_a_folder_of_blobs_that_may_not_be_listed_is_a_gap(lab: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(lab.write())

    def forbidden(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(Malformed):
        source.referrers(IMAGE)


# --- archives


@pytest.mark.parametrize("name", ["index.json", name_of(BUNDLE), "./index.json", f"./{name_of(IMAGE)}"])
def test_a_member_twice_in_the_archive_is_malformed(lab: Layout, name: str) -> None:
    files = lab.all_files()
    files[f"./{name}" if not name.startswith("./") else name] = files[name.removeprefix("./")]
    path = lab.folder.with_suffix(".tar")
    path.write_bytes(tar(files))
    with pytest.raises(Malformed, match="twice"):
        opened(f"oci-archive:{path}")


@pytest.mark.parametrize("how", ["blobs/../index.json", "/index.json", "symlink", "hard link", "global header"])
def test_what_another_reader_would_take_for_the_index_is_malformed(lab: Layout, how: str) -> None:
    """Who copies the archive after gate must not see another image in it."""
    member = tarfile.TarInfo(how if "/" in how else "index.json")
    body = b"{}" if "/" in how or how == "global header" else b""
    member.size = len(body)
    if how in {"symlink", "hard link"}:
        member.type, member.linkname = (tarfile.SYMTYPE if how == "symlink" else tarfile.LNKTYPE), "evil.json"
    path = lab.folder.with_suffix(".tar")
    path.write_bytes(tar(lab.all_files()))
    opened(f"oci-archive:{path}")
    with tarfile.open(path, "a") as archive:
        if how == "global header":
            archive.fileobj.write(archive.tarinfo.create_pax_global_header({"path": "ignored"}))
            archive.offset = archive.fileobj.tell()
        archive.addfile(member, io.BytesIO(body))
    with pytest.raises(Malformed):
        opened(f"oci-archive:{path}")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_member_that_is_no_file_is_not_there(lab: Layout, kind: bytes) -> None:
    def as_link(raw: bytes) -> bytes:
        source, target = io.BytesIO(raw), io.BytesIO()
        with tarfile.open(fileobj=source) as old, tarfile.open(fileobj=target, mode="w") as new:
            for member in old:
                file = old.extractfile(member)
                if member.name == name_of(BUNDLE):
                    link = tarfile.TarInfo(member.name)
                    link.type, link.linkname = kind, "/etc/passwd"
                    new.addfile(link)
                else:
                    new.addfile(member, file)
        return target.getvalue()

    found = found_in(lab.archive(as_link))
    assert [type(item) for item in found.missed] == [Malformed]


@pytest.mark.parametrize("compress", [gzip.compress, lambda raw: b"\xfd7zXZ\0" + raw, lambda raw: b"BZh9" + raw])
def test_a_compressed_archive_is_refused(lab: Layout, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidReference, match="uncompressed"):
        opened(lab.archive(compress))


@pytest.mark.parametrize("raw", [b"", b"\0" * 512, b"x" * 512, b"{}", b"\0" * 100_000])
def test_a_file_that_is_no_archive_is_refused(lab: Layout, raw: bytes) -> None:
    with pytest.raises(InvalidReference):
        opened(lab.archive(lambda _: raw))


def test_an_archive_that_is_cut_anywhere_is_never_a_smaller_one(lab: Layout) -> None:
    # Everything is listed here, so that whatever is lost is missed.
    whole = tar(lab.all_files())
    for cut in range(512, len(whole) - 1024, 700):
        text = lab.archive(lambda raw, cut=cut: raw[:cut])  # type: ignore[misc]
        try:
            found = found_in(f"{text}:v1")
        except GateError:
            continue
        assert found.missed or len(found.candidates) == 2, cut


@pytest.mark.parametrize("how", ["cut at a header", "cut inside a header", "a broken header", "no end"])
def test_an_archive_that_is_cut_is_not_one_without_referrers(lab: Layout, how: str) -> None:
    lab.listed = [item for item in lab.listed if item["digest"] == str(IMAGE)]
    files = lab.all_files()
    kept = {name: raw for name, raw in files.items() if name in {"index.json", "oci-layout", name_of(IMAGE)}}
    whole = tar(kept | files)
    cut = len(tar(kept, end=False))

    def broken(_: bytes) -> bytes:
        if how == "cut at a header":
            return whole[:cut]
        if how == "cut inside a header":
            return whole[: cut + 100]
        if how == "a broken header":
            return whole[:cut] + b"\xff" * 512 + whole[cut + 512 :]
        return tar(kept, end=False)

    assert len(found_in(lab.archive(lambda _: whole)).candidates) == 2
    text = lab.archive(broken)
    try:
        found = found_in(text)
    except CouldNotLook:
        return
    assert found.missed


def _header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _number(value: int) -> bytes:
    """GNU tar's base-256 field."""
    return (value % (1 << 96)).to_bytes(12, "big") if value < 0 else b"\x80" + value.to_bytes(11, "big")


ZERO = b"00000000000\0"


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        *itertools.product([b"0", b"5", b"L", b"x", b"Z", b"S"], [-512, -1024, -1536]),
        *itertools.product([b"0", b"5", b"Z", b"S"], [1 << 62, 1 << 80]),
    ],
)
def test_sizes_that_lie_end_in_an_error_of_ours(lab: Layout, kind: bytes, size: int) -> None:
    raw = _header(b"a", ZERO) + _header(b"b", _number(size), kind) + _header(b"c", ZERO) + bytes(1024)
    with pytest.raises(GateError):
        opened(lab.archive(lambda _: raw), Limits(layout_files=100))


@pytest.mark.parametrize(
    "raw",
    [
        _header(b"a", ZERO) + _header(b"b", _number(1 << 62), b"L") + bytes(1024),
        _header(b"a", ZERO) + _header(b"b", _number(1 << 62), b"x") + bytes(1024),
        _header(b"a", ZERO) + _header(b"b", ZERO, b"x") * 3000 + _header(b"c", ZERO) + bytes(1024),
        _header(b"a", ZERO) + (_header(b"b", b"00000000001\0", b"L") + bytes(512)) * 3000 + bytes(1024),
    ],
    ids=["4 EiB of a name", "4 EiB of a pax header", "3000 pax headers", "3000 long names"],
)
def test_extended_headers_that_lie_end_in_an_error_of_ours(lab: Layout, raw: bytes) -> None:
    with pytest.raises(GateError):
        opened(lab.archive(lambda _: raw))


def test_threads_may_read_one_archive_at_once(tmp_path: Path) -> None:
    layout = Layout.lab(tmp_path / "layout", "many-attestations")
    source = opened(layout.archive())
    digests = [parse_digest(f"sha256:{name.rpartition('/')[2]}") for name in layout.files if name.startswith("blobs/")]
    wrong: list[object] = []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        for digest in digests * 20:
            try:
                raw = source.blob(_described(digest, layout))
            except Exception as error:  # noqa: BLE001
                wrong.append(error)
                return
            if raw != layout.files[name_of(digest)]:
                wrong.append(digest)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_archive_that_goes_away_while_it_is_read_is_malformed(lab: Layout) -> None:
    text = lab.archive()
    source = opened(text)
    lab.folder.with_suffix(".tar").unlink()
    with pytest.raises(Malformed):
        source.blob(_described(BUNDLE, lab))
    with pytest.raises(Malformed):
        source.referrers(IMAGE)


def test_asking_twice_gives_the_same(lab: Layout) -> None:
    for text in _both(lab):
        source = opened(text)
        assert source.referrers(IMAGE) == source.referrers(IMAGE)
        assert source.resolve() == source.resolve()


def test_nothing_is_written_and_nothing_is_unpacked(lab: Layout) -> None:
    text = lab.archive()
    before = sorted(lab.folder.parent.rglob("*"))
    found_in(text)
    assert sorted(lab.folder.parent.rglob("*")) == before


def test_a_folder_of_names_that_are_no_digests_is_read_around(lab: Layout) -> None:
    for name in ("x" * 64, "../x", "a" * 63, "A" * 64, "sub/" + "a" * 64):
        lab.files[f"blobs/sha256/{name}"] = b"[]"
    lab.files["blobs/md5/" + "a" * 32] = b"{}"
    assert len(found_in(lab.write()).candidates) == 2


def test_symbolic_links_that_lead_nowhere_or_round_are_read_around(lab: Layout) -> None:
    lab.write()
    folder = lab.folder / "blobs" / "sha256"
    (folder / ("a" * 64)).symlink_to(folder / ("b" * 64))
    (folder / ("b" * 64)).symlink_to(folder / ("a" * 64))
    (folder / ("c" * 64)).symlink_to(Path("/nowhere"))
    (folder / ("d" * 64)).symlink_to(Path("/dev/zero"))
    assert len(found_in(f"oci:{lab.folder}").candidates) == 2


def test_folders_may_stand_in_the_archive_and_twice(lab: Layout) -> None:
    folder = tarfile.TarInfo("blobs")
    folder.type = tarfile.DIRTYPE
    header = folder.tobuf(tarfile.GNU_FORMAT)
    assert len(found_in(lab.archive(lambda raw: header * 2 + raw)).candidates) == 2


# --- what an index lists


def test_an_index_is_read_up_to_its_number_of_manifests(empty: Layout) -> None:
    image = empty.manifest(listed=False)
    entry = {"mediaType": OCI_MANIFEST, "digest": str(image), "size": 1}
    empty.listed = [entry] * 5
    assert opened(empty.write(), Limits(layout_files=5)).resolve().digest == image
    with pytest.raises(LimitExceeded, match=r"index\.json lists more than 4 manifests"):
        opened(empty.write(), Limits(layout_files=4))


def test_a_manifest_that_is_listed_often_is_read_once(empty: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    image = empty.manifest(listed=False)
    empty.listed = [{"mediaType": OCI_MANIFEST, "digest": str(image), "size": 1}] * 100
    source = opened(empty.write())
    reads: list[Digest] = []
    content = source._content

    def counted(digest: Digest) -> Content:
        reads.append(digest)
        return content(digest)

    monkeypatch.setattr(source, "_content", counted)
    source.resolve()
    assert len(reads) <= 2


def test_of_many_images_a_few_are_named(empty: Layout) -> None:
    for number in range(30):
        empty.manifest(number=number)
    with pytest.raises(InvalidReference, match=r"holds 30 images.* and 10 more") as caught:
        opened(empty.write()).resolve()
    assert str(caught.value).count("sha256:") == 20
