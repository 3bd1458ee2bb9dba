"""Registries, and what is put into them by hand.

What comes in: manifests and blobs. What goes out: the same in a real registry, over the distribution API. It is for
what no tool pushes: images out of nothing, forged evidence, evidence of one image attached to another.

Sources: OCI distribution specification 1.1, "Pushing blobs", "Pushing manifests", "Listing referrers" and "Referrers
tag schema".
"""

from __future__ import annotations

import hashlib
import http.client
import json
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from interop.processes import Broken

Document: TypeAlias = dict[str, Any]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One registry, as its clients know it."""

    name: str
    """What lines about it begin with."""
    host: str
    referrers_api: bool

    def repository(self, name: str) -> Repository:
        """One of its repositories."""
        return Repository(registry=self, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One repository of a registry."""

    registry: Registry
    name: str

    @property
    def path(self) -> str:
        """What a reference begins with."""
        return f"{self.registry.host}/{self.name}"

    def push_blob(self, raw: bytes, media_type: str) -> Document:
        """Push a blob; its descriptor."""
        found = descriptor(raw, media_type)
        status, headers, body = self._ask("POST", "blobs/uploads/")
        if status != 202:
            raise Broken(f"{self.path}: POST of a blob: {status} {body!r}")
        location = urlsplit(headers["location"])
        query = f"{location.query}&" if location.query else ""
        where = f"{location.path}?{query}digest={found['digest']}"
        status, _, body = self._ask("PUT", where, raw, "application/octet-stream")
        if status != 201:
            raise Broken(f"{self.path}: PUT of a blob: {status} {body!r}")
        return found

    def push_manifest(self, document: Document, tag: str = "") -> Document:
        """Push a manifest or an index, by its tag or its digest; its descriptor."""
        raw = json.dumps(document, separators=(",", ":")).encode()
        return self.push_raw_manifest(raw, document["mediaType"], tag)

    def push_raw_manifest(self, raw: bytes, media_type: str, tag: str = "") -> Document:
        """Push a manifest byte for byte; its descriptor."""
        found = descriptor(raw, media_type)
        status, _, body = self._ask("PUT", f"manifests/{tag or found['digest']}", raw, media_type)
        if status != 201:
            raise Broken(f"{self.path}: PUT of a manifest: {status} {body!r}")
        return found

    def attach(
        self, subject: Document, raw: bytes, media_type: str = BUNDLE, annotations: Document | None = None
    ) -> None:
        """Attach a blob to a manifest as a referrer, as cosign attaches a bundle."""
        manifest: Document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": media_type,
            "config": self.push_blob(EMPTY, EMPTY_TYPE),
            "layers": [self.push_blob(raw, media_type)],
            "subject": subject,
        }
        if annotations:
            manifest["annotations"] = annotations
        pushed = self.push_manifest(manifest)
        if not self.registry.referrers_api:
            tag = subject["digest"].replace(":", "-", 1)
            _, listed = self.manifest(tag) if self._ask("GET", f"manifests/{tag}", accept=INDEX)[0] == 200 else ("", {})
            entries = [*listed.get("manifests", []), {**pushed, "artifactType": media_type}]
            self.push_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, tag)

    def raw_manifest(self, reference: str) -> bytes:
        """A manifest by tag or digest, byte for byte."""
        status, _, body = self._ask("GET", f"manifests/{reference}", accept=f"{MANIFEST}, {INDEX}")
        if status != 200:
            raise Broken(f"{self.path}: no manifest {reference}: {status} {body!r}")
        return body

    def manifest(self, reference: str) -> tuple[Document, Document]:
        """A manifest by tag or digest: its descriptor, and what it says."""
        raw = self.raw_manifest(reference)
        document: Document = json.loads(raw)
        return descriptor(raw, document["mediaType"]), document

    def blob(self, digest: str) -> bytes:
        """A blob by its digest."""
        status, _, body = self._ask("GET", f"blobs/{digest}")
        if status != 200:
            raise Broken(f"{self.path}: no blob {digest}: {status}")
        return body

    def referrers(self, digest: str) -> list[Document]:
        """Descriptors of what refers to a digest, by the API or by the referrers tag."""
        where = f"referrers/{digest}" if self.registry.referrers_api else f"manifests/{digest.replace(':', '-', 1)}"
        status, _, body = self._ask("GET", where, accept=INDEX)
        if status == 404:
            return []
        if status != 200:
            raise Broken(f"{self.path}: no listing of referrers: {status} {body!r}")
        listed: list[Document] = json.loads(body)["manifests"]
        return listed

    def _ask(
        self, method: str, where: str, body: bytes | None = None, content_type: str = "", accept: str = "*/*"
    ) -> tuple[int, dict[str, str], bytes]:
        host, _, port = self.registry.host.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        headers = {"Accept": accept} | ({"Content-Type": content_type} if content_type else {})
        path = where if where.startswith("/") else f"/v2/{self.name}/{where}"
        try:
            connection.request(method, path, body=body if body is not None or method == "GET" else b"", headers=headers)
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def descriptor(raw: bytes, media_type: str) -> Document:
    """The descriptor of some bytes."""
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}", "size": len(raw)}
