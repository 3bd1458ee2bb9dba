"""The cases of sigstore-conformance: what must verify does, and what must not is refused for its own fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ROOT = Path(__file__).parents[1]
CASES = Path(__file__).parent / "cases" / "conformance"
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
# The step at which each must be refused. A key that is none makes the policy invalid.
STEPS = {
    "bundle-malformed-json_fail": "format",
    "checkpoint-wrong-roothash_fail": "log",
    "dsse-mismatch-envelope_fail": "log-entry",
    "inclusion-proof-corrupted-hash_fail": "log",
    "intoto-log-entry-mismatch_fail": "log-entry",
    "invalid-ct-key_fail": "trust-root",
    "managed-key-wrong-key_fail": None,
    "message-digest-mismatch_fail": "subject",
    "rekor2-checkpoint-missing-origin_fail": "log",
    "rekor2-no-timestamp_fail": "time",
    "rekor2-timestamp-payload-mismatch_fail": "time",
    "set-invalid-signature_fail": "log",
    "wrong-hashedrekord-entry_fail": "log-entry",
}


def _policy(case: Path) -> str:
    root = "trusted_root.json" if (case / "trusted_root.json").exists() else "public-good"
    signer = f"identity = '{IDENTITY}'\nissuer = '{ISSUER}'"
    if (case / "key.pub").exists():
        signer = "key = 'key.pub'"
    return (
        f"version = 1\n[trust]\nroots = ['{root}']\n[signers.expected]\n{signer}\n"
        "accept = ['signature', 'message', 'statement']\n[[rules]]\nimages = ['**']\nsignature.signers = ['expected']\n"
    )


def _artifact(case: Path) -> Path:
    own = case / "artifact"
    return own if own.exists() else CASES / "a.txt"


def test_every_refusal_is_named() -> None:
    assert set(STEPS) == {name for name in NAMES if name.endswith("_fail")}
    assert len(NAMES) == 22


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gets_its_verdict(name: str, verify: Callable[..., Ran], tmp_path: Path) -> None:
    case = CASES / name
    for file in case.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "policy.toml").write_text(_policy(case))
    bundle = str(case / "bundle.sigstore.json")
    ran = verify(f"file:{_artifact(case)}", "--bundle", bundle, policy=tmp_path / "policy.toml")
    if name not in STEPS:
        assert ran.code == 0, ran.out
    elif STEPS[name] is None:
        assert ran.code == 2
    else:
        assert ran.code == 1
        assert [item["step"] for item in ran.report["images"][0]["evidence"]] == [STEPS[name]]


@pytest.mark.parametrize(
    ("name", "code"), [("happy-path-v0.3", 0), ("rekor2-happy-path", 0), ("message-digest-mismatch_fail", 1)]
)
@pytest.mark.parametrize("by_digest", [False, True])
def test_the_conformance_client_speaks_the_protocol(name: str, code: int, *, by_digest: bool) -> None:
    case = CASES / name
    root = ["--trusted-root", str(case / "trusted_root.json")] if (case / "trusted_root.json").exists() else []
    artifact = (
        "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf" if by_digest else str(CASES / "a.txt")
    )
    arguments = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, *root, artifact]
    bundle = ["--bundle", str(case / "bundle.sigstore.json")]
    command = [sys.executable, str(ROOT / "scripts" / "conformance.py"), "verify-bundle", *bundle, *arguments]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
