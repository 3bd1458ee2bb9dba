"""Every parser of untrusted bytes as a function of bytes, with real inputs to begin from.

What comes in: any bytes. What goes out: what the parser made of them, or the name of its own refusal; any other
exception is a finding. Each function is pure, so that the same bytes give the same answer twice. `fetched` has what
stands around evidence, `judged` what stands behind a signature; here is evidence itself, and what a policy names.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from gate import trust
from gate.duration import parse_duration
from gate.errors import InvalidPolicy, InvalidReference, InvalidTrustRoot
from gate.policy.loading import parse_policy
from gate.policy.predicates import read_schema
from gate.reference import Digest, parse_reference
from gate.sources import Content
from gate.sources.manifest import parse_manifest
from gate.sources.registry.headers import parse_challenges, parse_next_link
from gate.sources.tar import read_members
from gate.strictjson import Refused, parse
from gate.verification import Artifact, Doubt, Rejected, Root, verify
from gate.verification.bundle import read_bundle
from gate.verification.cosign import read_envelope, read_simple_payload, read_simple_signing
from gate.verification.log import NotProven, check_binding, check_checkpoint
from gate.verification.material import Proof
from gate.verification.statement import NotAbout, read_statement
from tests.conftest import LAB
from tests.fuzz import fetched, judged
from tests.fuzz.target import Target
from tests.verification.lab import LIMITS, NOW, bundle, candidate, edited, found, image, lab_root

if TYPE_CHECKING:
    from collections.abc import Callable

_CERTIFICATE: Final = "verificationMaterial.certificate.rawBytes"
_STAMP: Final = "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp"
_BODY: Final = "verificationMaterial.tlogEntries.0.canonicalizedBody"


def check(name: str, raw: bytes) -> None:
    """Typed rejections only, no hang, and the same answer twice."""
    target = TARGETS[name]
    first = target.answer(raw)
    assert target.answer(raw) == first, "two readings of the same bytes"


# --- what each begins from


@cache
def _bundles() -> tuple[bytes, ...]:
    cases = ("agent-signed", "gitlab-signed", "many-attestations", "keyed-bundle", "two-signers")
    return tuple(item.raw for case in cases for item in found(case).candidates)


@cache
def _blobs(*marks: bytes) -> tuple[bytes, ...]:
    raws = (path.read_bytes() for path in sorted(LAB.glob("*/blobs/sha256/*")))
    return tuple(raw for raw in raws if raw.startswith(b"{") and all(mark in raw for mark in marks))[:40]


def _manifests() -> tuple[bytes, ...]:
    indexes = tuple(path.read_bytes() for path in sorted(LAB.glob("*/index.json")))
    return _blobs(b'"layers"', b'"schemaVersion"') + indexes[:20]


def _envelopes() -> tuple[bytes, ...]:
    return tuple(json.dumps(json.loads(raw)["dsseEnvelope"]).encode() for raw in _bundles())


@cache
def _payloads() -> tuple[bytes, ...]:
    return tuple(base64.b64decode(json.loads(raw)["dsseEnvelope"]["payload"]) for raw in _bundles())


@cache
def _annotations() -> tuple[bytes, ...]:
    layers = [layer for raw in _blobs(b"dev.cosignproject.cosign/signature") for layer in json.loads(raw)["layers"]]
    public = LAB.parent / "public-good"
    for path in sorted(public.glob("*/blobs/sha256/*")):
        raw = path.read_bytes()
        if raw.startswith(b"{") and b"dev.cosignproject.cosign/signature" in raw:
            layers += json.loads(raw).get("layers", [])
    return tuple(json.dumps(layer.get("annotations", {})).encode() for layer in layers)


def _part(path: str) -> Callable[[], tuple[bytes, ...]]:
    def seeds() -> tuple[bytes, ...]:
        found_ones = []
        for raw in _bundles():
            document: Any = json.loads(raw)
            try:
                for step in path.split("."):
                    document = document[int(step) if step.isdigit() else step]
            except (KeyError, IndexError):
                continue
            found_ones.append(base64.b64decode(document))
        return tuple(found_ones)

    return seeds


def _checkpoints() -> tuple[bytes, ...]:
    entries = [json.loads(raw)["verificationMaterial"]["tlogEntries"] for raw in _bundles()]
    proofs = [entry["inclusionProof"] for some in entries for entry in some if "inclusionProof" in entry]
    return tuple(proof["checkpoint"]["envelope"].encode() for proof in proofs)


def _policies() -> tuple[bytes, ...]:
    example = LAB.parents[2] / "policy.toml.example"
    return tuple(path.read_bytes() for path in (*sorted((LAB / "policies").glob("*.toml")), example))


def _roots() -> tuple[bytes, ...]:
    built_in = Path(trust.__file__).with_name("github.json")
    return (LAB / "trusted_root.json").read_bytes(), built_in.read_bytes()


def _references() -> tuple[bytes, ...]:
    texts = ("ghcr.io/acme/api:1.0", f"a.example:5000/x/y@sha256:{'a' * 64}", "alpine", "oci:dir:v1", "file:x@1")
    return tuple(text.encode() for text in (*texts, "[::1]:80/x", "oci-archive:a.tar@sha512:b", "Docker.IO/Library/x"))


def _archives() -> tuple[bytes, ...]:
    made = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers={"comment": "x"}) as archive:
            for name in ("oci-layout", "blobs/sha256/" + "a" * (64 if form == tarfile.USTAR_FORMAT else 150)):
                member = tarfile.TarInfo(name)
                member.size = 5
                archive.addfile(member, io.BytesIO(b"hello"))
        made.append(buffer.getvalue()[:4096])
    return tuple(made)


# --- how each is called


def _outcome(raw: bytes) -> object:
    """What verification makes of a bundle. An error of gate's own is a rejection to its readers, and a finding here."""
    found_ones = verify([candidate(raw)], Artifact.of(image()), [lab_root()], [], now=NOW, limits=LIMITS)
    assert not any(isinstance(item, Rejected) and item.doubt is Doubt.INTERNAL for item in found_ones), found_ones
    return found_ones


def _with(path: str) -> Callable[[bytes], object]:
    """A real bundle with one part replaced, verified to its end: what is no evidence is a `Rejected`."""

    def call(raw: bytes) -> object:
        return _outcome(json.dumps(edited(bundle(), path, base64.b64encode(raw).decode())).encode())

    return call


def _checkpoint(raw: bytes) -> object:
    material = read_bundle(json.dumps(bundle()).encode(), LIMITS)
    proof, log = material.entries[0].proof, lab_root().logs[0]
    assert proof is not None
    changed = Proof(
        log_index=proof.log_index,
        tree_size=proof.tree_size,
        root_hash=proof.root_hash,
        hashes=proof.hashes,
        checkpoint=raw.decode("utf-8", "replace"),
    )
    check_checkpoint(changed, log.key_id, log.key, host=log.host)
    return None


def _log_body(raw: bytes) -> object:
    material = read_bundle(json.dumps(bundle()).encode(), LIMITS)
    entry = replace(material.entries[0], body=raw)
    for kind, version in (("hashedrekord", "0.0.2"), ("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("intoto", "0.0.2")):
        assert material.message is not None
        signer = lab_root().logs[0].key
        try:
            check_binding(replace(entry, kind=kind, version=version), material, material.message, signer)
        except NotProven:
            continue
    return None


def _annotated(raw: bytes) -> object:
    annotations = parse(raw)
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        raise Refused("annotations are texts, which discovery sees to")
    texts = {key: value for key, value in annotations.items() if isinstance(value, str)}
    return [(item.signature, item.certificate, item.entries) for item in read_simple_signing(b"{}", texts, LIMITS)]


def _trust_root(raw: bytes) -> object:
    Root(trust.parse("fuzz", raw, dated=None, log_none=True, ct_none=True))
    return None


def _artifact() -> Artifact:
    return Artifact.of(image())


def _policy(raw: bytes) -> object:
    read = parse_policy(raw, LAB / "policies" / "fuzz.toml")
    return read.sha256, sorted(read.signers), [rule.name for rule in read.rules], read.warnings


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _manifest(raw: bytes) -> object:
    return parse_manifest(Content(digest=Digest("sha256", "0" * 64), media_type="", raw=raw), LIMITS)


TARGETS: Final[dict[str, Target]] = {
    **fetched.TARGETS,
    **judged.TARGETS,
    "json": Target(call=lambda raw: parse(raw, limits=LIMITS), refusals=(Refused,), seeds=_payloads),
    "manifest": Target(call=_manifest, refusals=(Refused,), seeds=_manifests),
    "bundle": Target(call=lambda raw: read_bundle(raw, LIMITS).signature, refusals=(Refused,), seeds=_bundles),
    "verification": Target(call=_outcome, refusals=(), seeds=_bundles),
    "envelope": Target(
        call=lambda raw: [item.signature for item in read_envelope(raw, {}, LIMITS)],
        refusals=(Refused,),
        seeds=_envelopes,
    ),
    "annotations": Target(call=_annotated, refusals=(Refused,), seeds=_annotations),
    "certificate": Target(call=_with(_CERTIFICATE), refusals=(), seeds=_part(_CERTIFICATE)),
    "timestamp": Target(call=_with(_STAMP), refusals=(), seeds=_part(_STAMP)),
    "checkpoint": Target(call=_checkpoint, refusals=(NotProven,), seeds=_checkpoints),
    "log-body": Target(call=_log_body, refusals=(), seeds=_part(_BODY)),
    "statement": Target(
        call=lambda raw: read_statement(raw, _artifact(), LIMITS), refusals=(Refused, NotAbout), seeds=_payloads
    ),
    "simple-payload": Target(
        call=lambda raw: read_simple_payload(raw, _artifact(), LIMITS),
        refusals=(Refused, NotAbout),
        seeds=lambda: _blobs(b'"critical"'),
    ),
    "trust-root": Target(call=_trust_root, refusals=(InvalidTrustRoot,), seeds=_roots),
    "policy": Target(call=_policy, refusals=(InvalidPolicy,), seeds=_policies),
    "schema": Target(
        call=lambda raw: read_schema("x", raw).path,
        refusals=(ValueError,),
        seeds=lambda: ((LAB / "policies" / "no-criticals.json").read_bytes(),),
    ),
    "reference": Target(call=lambda raw: parse_reference(_text(raw)), refusals=(InvalidReference,), seeds=_references),
    "link": Target(
        call=lambda raw: parse_next_link(_text(raw)),
        refusals=(ValueError,),
        seeds=lambda: (b'</v2/x?n=2>; rel="next", <a>; rel=prev; title="a\\"b"', b"<>;rel=next"),
    ),
    "challenge": Target(
        call=lambda raw: parse_challenges(_text(raw)),
        refusals=(ValueError,),
        seeds=lambda: (b'Bearer realm="https://a/b",service="c",scope="d e", Basic realm=x, Negotiate abc==',),
    ),
    "archive": Target(
        call=lambda raw: list(read_members(io.BytesIO(raw), 100)),
        refusals=(tarfile.TarError, ValueError),
        seeds=_archives,
    ),
    "duration": Target(
        call=lambda raw: parse_duration(_text(raw)), refusals=(ValueError,), seeds=lambda: (b"1w2d3h4m5s", b"90d")
    ),
}
