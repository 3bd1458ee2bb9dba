"""`scripts/release`: an image of gate that proves where it is from, and gate's own word on it.

What comes in: a reference to push to, and what cosign needs. What goes out: the image with a signature, provenance and
an SBOM attached, the same documents in a folder, and the report of `gate verify` on it; the exit code is gate's. The
base is resolved once, and everything after speaks of its digest.

Sources: SLSA provenance v1; CycloneDX 1.6; cosign 3's `sign` and `attest`, whose short names of types rewrite a
predicate, so that the URI is given.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from gate import __version__
from scripts.sbom import sbom

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
GATE = Path(sys.executable).parent / "gate"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://github.com/acme/gate/scripts/release@v1"
"""Names what `provenance` writes; whoever changes its fields changes it."""


class Failed(Exception):
    """A step that did not work; its text says which."""


def main() -> int:
    """Build, push, sign, attest, verify."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", help="where to push it: registry/repository:tag")
    parser.add_argument("--base", default=_default_base(), help="a tag, which is resolved (%(default)s)")
    parser.add_argument("--engine", help="docker, podman or buildah (the first that is there)")
    parser.add_argument("--policy", default=ROOT / "scripts/release.toml", type=Path, help="(%(default)s)")
    parser.add_argument("--source", default=_source(), help="the repository's URL (of GITHUB_REPOSITORY)")
    parser.add_argument("--ref", default=os.environ.get("GITHUB_REF", ""), help="the ref that is built (GITHUB_REF)")
    parser.add_argument("--builder-id", default=_builder(), help="who builds (the workflow of GITHUB_WORKFLOW_REF)")
    parser.add_argument("--out", default=ROOT / "dist", type=Path, help="where the documents go (%(default)s)")
    parser.add_argument("--cosign-flag", action="append", default=[], help="a flag for cosign sign and attest; again")
    parser.add_argument("--plain-http", action="store_true", help="the registry has no TLS")
    options = parser.parse_args()
    try:
        return release(options)
    except Failed as failed:
        print(f"scripts/release: {failed}", file=sys.stderr)
        return 1


def release(options: argparse.Namespace) -> int:
    """The steps, in order; the exit code is gate's."""
    for name in ("source", "ref", "builder_id"):
        if not getattr(options, name):
            raise Failed(f"--{name.replace('_', '-')} is needed outside of GitHub Actions")
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    commit = _run(["git", "rev-parse", "HEAD"]).strip()
    changed = bool(_run(["git", "status", "--porcelain"]).strip())
    started = _now()
    base = resolve(options.base, plain_http=options.plain_http)
    print(f"base    {base}")

    engine = ["--engine", options.engine] if options.engine else []
    built = _run(
        [ROOT / "scripts/image", "--tag", options.reference, "--base", base, "--push", *engine],
        {"GATE_SOURCE_URL": options.source},
    )
    pinned = built.strip().splitlines()[-1]
    if not re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", pinned):
        raise Failed(f"scripts/image --push said {pinned!r}, and not what it pushed")
    print(f"image   {pinned}")

    predicates = {PROVENANCE: out / "provenance.json", "cyclonedx": out / "sbom.cdx.json"}
    predicates[PROVENANCE].write_text(
        json.dumps(provenance(options, commit=commit, changed=changed, base=base, started=started), indent=2) + "\n",
        encoding="utf-8",
    )
    with tempfile.TemporaryDirectory() as folder:
        layout = Path(folder) / "image"
        _run(
            [
                "skopeo",
                "--insecure-policy",
                "copy",
                "--quiet",
                *_plain(options, "src"),
                f"docker://{pinned}",
                f"oci:{layout}:gate",
            ]
        )
        predicates["cyclonedx"].write_text(sbom(layout, name="gate", version=__version__), encoding="utf-8")

    cosign = os.environ.get("COSIGN", "cosign")
    flags = ["--yes", *(["--allow-http-registry"] if options.plain_http else []), *options.cosign_flag]
    _run([cosign, "sign", *flags, pinned])
    print("signed")
    for kind, path in predicates.items():
        _run([cosign, "attest", *flags, f"--type={kind}", f"--predicate={path}", pinned])
        print(f"attested {kind}  ({path})")
    return subprocess.run(
        [GATE, "verify", pinned, "--policy", options.policy, "--report", out / "report.json"], check=False
    ).returncode


def resolve(base: str, *, plain_http: bool) -> str:
    """A base by digest: whatever its tag stands for now."""
    if "@sha256:" in base:
        return base
    tls = ["--tls-verify=false"] if plain_http else []
    digest = _run(["skopeo", "inspect", *tls, "--format", "{{.Digest}}", f"docker://{base}"]).strip()
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise Failed(f"the digest of {base} is said to be {digest!r}")
    return f"{re.sub(r':[^:/]+$', '', base)}@{digest}"


def provenance(
    options: argparse.Namespace, *, commit: str, changed: bool, base: str, started: str
) -> dict[str, object]:
    """The SLSA provenance v1 of this build."""
    name, _, digest = base.partition("@sha256:")
    lock = sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"source": options.source, "ref": options.ref, "base": options.base},
            "internalParameters": {"uncommittedChanges": changed},
            "resolvedDependencies": [
                {"uri": f"git+{options.source}@{options.ref}", "digest": {"gitCommit": commit}},
                {"uri": f"docker://{name}", "digest": {"sha256": digest}},
                {"uri": "requirements.txt", "digest": {"sha256": lock}},
            ],
        },
        "runDetails": {
            "builder": {"id": options.builder_id},
            "metadata": {"invocationId": _invocation(), "startedOn": started, "finishedOn": _now()},
        },
    }


def _default_base() -> str:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return str(base)


def _source() -> str:
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}" if repository else ""


def _builder() -> str:
    workflow = os.environ.get("GITHUB_WORKFLOW_REF", "")
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{workflow}" if workflow else ""


def _invocation() -> str:
    run = os.environ.get("GITHUB_RUN_ID", "")
    return f"{_source()}/actions/runs/{run}/attempts/{os.environ.get('GITHUB_RUN_ATTEMPT', '1')}" if run else "by hand"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(options: argparse.Namespace, side: str) -> list[str]:
    return [f"--{side}-tls-verify=false"] if options.plain_http else []


def _run(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not there") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace")[-4000:]
        raise Failed(f"exit code {done.returncode}: {' '.join(str(part)[:100] for part in command)}\n{said}")
    return done.stdout.decode()


if __name__ == "__main__":
    sys.exit(main())
