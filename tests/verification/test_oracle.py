"""Held against sigstore-python: its public verifier, untouched, and gate's own steps agree on what both can judge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore.errors import Error

from gate import trust
from gate.limits import Limits
from gate.sigstore_private import packaged_root
from gate.strictjson import Refused
from gate.verification.bundle import read_bundle
from gate.verification.material import Content, Material, Message
from gate.verification.named import named_parts
from gate.verification.roots import Root
from gate.verification.steps import Failed, verify_with_certificate
from tests.conftest import LAB
from tests.sigstore_oracle import Oracle, to_document

CASES = Path(__file__).parents[1] / "cases"
LAB_ROOT = LAB / "trusted_root.json"


def _bundles() -> list[tuple[Path, Path | None]]:
    """Every keyless bundle that the cases hold, with its trusted root (None: sigstore.dev's)."""
    found: list[tuple[Path, Path | None]] = []
    for path in sorted(LAB.glob("*/blobs/sha256/*")):
        raw = path.read_bytes()
        if raw.startswith(b"{") and b'"dsseEnvelope"' in raw and b'"certificate"' in raw:
            found.append((path, LAB_ROOT))
    for folder in sorted((CASES / "conformance").iterdir()):
        root = folder / "trusted_root.json"
        if folder.is_dir() and not (folder / "key.pub").exists():
            found.append((folder / "bundle.sigstore.json", root if root.exists() else None))
    return found


BUNDLES = _bundles()


def _root(path: Path | None) -> Root:
    folder = path.parent if path else Path()
    return Root(trust.load(path.name if path else trust.PUBLIC_GOOD, folder=folder))


def _ours(material: Material, root: Root, message: Message) -> str | None:
    """What gate's own steps say: None, or the step that fails."""
    assert material.certificate is not None
    certificate = x509.load_der_x509_certificate(material.certificate)
    try:
        named = named_parts(material, certificate, root, datetime.now(UTC))
        verify_with_certificate(material, message, certificate, named, root)
    except Failed as failure:
        return failure.step
    return None


def _theirs(material: Material, path: Path | None, artifact: bytes) -> bool:
    oracle = Oracle(path or packaged_root("public-good"))
    try:
        oracle.verify(to_document(material), material, artifact)
    except Error:
        return False
    return True


def _can_judge(material: Material, certificate: x509.Certificate) -> bool:
    """What sigstore-python can judge: one entry of a kind that it compares, with its proof, of a P-256 key."""
    key = certificate.public_key()
    if len(material.entries) != 1 or material.entries[0].proof is None:
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    kind = (material.entries[0].kind, material.entries[0].version)
    if material.content is Content.STATEMENT:
        return kind in {("hashedrekord", "0.0.2"), ("dsse", "0.0.1")}
    return kind in {("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2")}


@pytest.mark.parametrize(
    ("path", "root"), BUNDLES, ids=lambda value: value.parts[-4] if isinstance(value, Path) else ""
)
def test_gates_own_steps_and_sigstores_verifier_agree(path: Path, root: Path | None) -> None:
    try:
        material = read_bundle(path.read_bytes(), Limits())
    except Refused:
        return  # not a bundle for either
    artifact = path.parent / "artifact"
    raw = artifact.read_bytes() if artifact.exists() else (CASES / "conformance" / "a.txt").read_bytes()
    loaded = _root(root)
    certificate = x509.load_der_x509_certificate(material.certificate or b"")
    if not _can_judge(material, certificate):
        return
    if path.parent.name == "trust-root-tsa-validity-end-inclusive":
        assert not _theirs(material, root, raw), "the day that sigstore-python includes the end, its method may stay"
        assert _ours(material, loaded, Message(raw)) is None
        return
    ours = _ours(material, loaded, material.message or Message(raw))
    assert (ours is None) == _theirs(material, root, raw), ours


def test_there_are_enough_bundles_to_compare() -> None:
    assert len(BUNDLES) >= 60
