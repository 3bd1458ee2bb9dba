"""An image as an OCI layout -> its software bill of materials, CycloneDX 1.6 in JSON.

What comes in: a layout with one image. What goes out: a document that lists Debian's packages, from dpkg's status, and
Python's distributions, from their metadata, as they stand after the last layer. It starts nothing of the image.

Sources: CycloneDX 1.6 (through cyclonedx-python-lib); purl-spec, types `deb` and `pypi`; dpkg's status file, deb822(5);
Python's core metadata; OCI image specification 1.1, "Whiteouts".
"""

from __future__ import annotations

import email.parser
import gzip
import json
import re
import tarfile
from typing import TYPE_CHECKING, Any, cast

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STATUS = "var/lib/dpkg/status"
RELEASE = ("etc/os-release", "usr/lib/os-release")
METADATA = re.compile(r"(?:.*/)?(?:site|dist)-packages/[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)")


def sbom(layout: Path, *, name: str, version: str) -> str:
    """The document. Raises `ValueError` if the layout has not one image, or the image names no package at all."""
    files = _files(layout)
    components = [*_debian(files), *_python(files)]
    if not components:
        raise ValueError(f"{layout}: no package was found in the image")
    bom = Bom(components=components)
    image = Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref=name)
    bom.metadata.component = image
    bom.register_dependency(image, components)
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _files(layout: Path) -> Mapping[str, bytes]:
    """The files that name packages, as the last layer leaves them."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    listed = json.loads((layout / "index.json").read_bytes())["manifests"]
    if len(listed) != 1:
        raise ValueError(f"{layout} has {len(listed)} images")
    manifest = json.loads(blob(listed[0]["digest"]).read_bytes())
    found: dict[str, bytes] = {}
    for layer in manifest["layers"]:
        if not layer["mediaType"].endswith(("tar", "tar+gzip", "tar.gzip")):
            raise ValueError(f"{layout}: a layer of type {layer['mediaType']} is not read")
        added: dict[str, bytes] = {}
        for path, content in _members(blob(layer["digest"])):
            folder, _, last = path.rpartition("/")
            if last.startswith(".wh."):
                gone = folder if last == ".wh..wh..opq" else f"{folder}/{last.removeprefix('.wh.')}".lstrip("/")
                found = {name: kept for name, kept in found.items() if name != gone and not name.startswith(f"{gone}/")}
            elif content is not None:
                added[path] = content
        found |= added
    return found


def _members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Whiteouts, and the content of what names packages."""
    with path.open("rb") as raw:
        magic = raw.read(2)
    with gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb") as stream:
        archive = tarfile.open(fileobj=cast("Any", stream), mode="r|")  # noqa: SIM115 - the stream is closed
        for member in archive:
            name = member.name.removeprefix("./").lstrip("/")
            wanted = name == STATUS or name in RELEASE or METADATA.fullmatch(name)
            file = archive.extractfile(member) if wanted and member.isfile() else None
            if file is not None:
                yield name, file.read()
            elif name.rpartition("/")[2].startswith(".wh."):
                yield name, None


def _debian(files: Mapping[str, bytes]) -> Iterator[Component]:
    release = next((files[name] for name in RELEASE if name in files), b"").decode()
    codename = re.search(r"^VERSION_CODENAME=(\S+)$", release, re.MULTILINE)
    for paragraph in files.get(STATUS, b"").decode("utf-8", "replace").split("\n\n"):
        fields = email.parser.HeaderParser().parsestr(paragraph)
        if fields.get("Status", "").split()[-1:] != ["installed"]:
            continue
        name, version, architecture = (fields[key] for key in ("Package", "Version", "Architecture"))
        qualifiers = {"arch": architecture} | ({"distro": codename[1]} if codename else {})
        purl = PackageURL("deb", "debian", name, version, qualifiers)
        yield Component(name=name, version=version, purl=purl, bom_ref=purl.to_string())


def _python(files: Mapping[str, bytes]) -> Iterator[Component]:
    for path in sorted(files):
        if METADATA.fullmatch(path):
            fields = email.parser.HeaderParser().parsestr(files[path].decode("utf-8", "replace"))
            name, version = fields["Name"], fields["Version"]
            purl = PackageURL("pypi", None, re.sub(r"[-_.]+", "-", name).lower(), version)
            said = fields.get("License-Expression")
            yield Component(
                name=name,
                version=version,
                purl=purl,
                bom_ref=f"{purl.to_string()}#{path}",
                licenses=[LicenseFactory().make_from_string(said)] if said else None,
            )
