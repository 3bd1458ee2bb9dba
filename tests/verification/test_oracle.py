"""Held against sigstore-python: its public verifier, untouched, and gate's own steps agree on what both can judge."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from sigstore.errors import Error
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import UnsafeNoOp

from gate import trust
from gate.limits import Limits
from gate.strictjson import Refused
from gate.verification.bundle import read_bundle, to_document
from gate.verification.candidate import _named_parts
from gate.verification.material import Content, Material, Message
from gate.verification.roots import Root
from gate.verification.steps import Failed, sigstore_verifies, verify_with_certificate
from tests.conftest import LAB

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
        named = _named_parts(material, certificate, root, datetime.now(UTC))
        verify_with_certificate(material, message, certificate, named, root)
    except Failed as failure:
        return failure.step
    return None


def _theirs(material: Material, path: Path | None, artifact: bytes) -> bool:
    root = str(path or LAB_ROOT)
    if path is None:
        from gate.sigstore_private import packaged_root  # noqa: PLC0415

        root = str(packaged_root("public-good"))
    verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
    try:
        bundle = Bundle.from_json(json.dumps(to_document(material)))
        if material.content is Content.STATEMENT:
            verifier.verify_dsse(bundle, UnsafeNoOp())
        else:
            verifier.verify_artifact(artifact, bundle, UnsafeNoOp())
    except Error:
        return False
    return True


@pytest.mark.parametrize(("path", "root"), BUNDLES, ids=lambda value: value.parts[-4] if isinstance(value, Path) else "")
def test_gates_own_steps_and_sigstores_verifier_agree(path: Path, root: Path | None) -> None:
    try:
        material = read_bundle(path.read_bytes(), Limits())
    except Refused:
        return  # not a bundle for either
    artifact = path.parent / "artifact"
    raw = artifact.read_bytes() if artifact.exists() else (CASES / "conformance" / "a.txt").read_bytes()
    loaded = _root(root)
    certificate = x509.load_der_x509_certificate(material.certificate or b"")
    try:
        named = _named_parts(material, certificate, loaded, datetime.now(UTC))
    except Failed:
        assert not _theirs(material, root, raw)
        return
    if not sigstore_verifies(material, certificate, named):
        return
    if path.parent.name == "trust-root-tsa-validity-end-inclusive":
        assert not _theirs(material, root, raw), "the day that sigstore-python includes the end, its method may stay"
        assert _ours(material, loaded, Message.of(raw)) is None
        return
    ours = _ours(material, loaded, material.message or Message.of(raw))
    assert (ours is None) == _theirs(material, root, raw), ours


def test_there_are_enough_bundles_to_compare() -> None:
    assert len(BUNDLES) >= 60
