"""The images of the comparisons, signed and attested by the real tools.

What comes in: a running lab. What goes out: by name, an image in each registry with what a tool attached to it there.
Each was signed where it lies: cosign itself wrote the referrers, the referrers tags and the `.sig` and `.att` tags.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from interop.images import Pushed, push_image, push_index
from interop.oidc import ADA, BRANCH, COMMIT, FORK, PIPELINE, RELEASE, Identity
from interop.processes import must
from interop.registries import BUNDLE, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.lab import Lab
    from interop.registries import Document

SLSA_V1 = "https://slsa.dev/provenance/v1"
CUSTOM = "https://acme.example/review/v1"
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
AT_ONCE = 8
"""Signers wait for Rekor's next checkpoint most of the time."""
REVIEW = {"reviewer": "ada", "verdict": "good"}
VULN: Document = {
    "invocation": {},
    "scanner": {"uri": "https://scanner.example", "version": "1", "db": {"uri": "", "version": ""}, "result": {}},
    "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:01:00Z"},
}
SPDX: Document = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "api", "packages": []}
CYCLONEDX: Document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": []}
LINK: Document = {
    "_type": "link",
    "name": "build",
    "command": ["make"],
    "materials": {},
    "products": {},
    "byproducts": {},
    "environment": {},
}


def provenance(commit: str = COMMIT, builder: str = RELEASE.name) -> Document:
    """SLSA v1 provenance of GitHub's workflow build type."""
    return {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/heads/main",
                    "repository": "https://github.com/acme/api",
                    "path": ".github/workflows/release.yml",
                }
            },
            "internalParameters": {"github": {"event_name": "push"}},
            "resolvedDependencies": [
                {"uri": "git+https://github.com/acme/api@refs/heads/main", "digest": {"gitCommit": commit}}
            ],
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {"invocationId": "https://github.com/acme/api/actions/runs/1001/attempts/1"},
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The tools' command lines for one lab."""

    lab: Lab

    def sign(self, image: str, identity: Identity, *arguments: str) -> None:
        """`cosign sign`, keyless."""
        self._cosign("sign", image, *self._keyless(identity), *arguments)

    def attest(self, image: str, identity: Identity, kind: str, predicate: object, *arguments: str) -> None:
        """`cosign attest`, keyless."""
        self._cosign("attest", image, *self._keyless(identity), *self._predicate(kind, predicate), *arguments)

    def sign_by_key(self, image: str, key: str, *, logged: bool = True) -> None:
        """`cosign sign --key`, with or without a log."""
        self._cosign("sign", image, *self._keyed(key, logged=logged))

    def attest_by_key(self, image: str, key: str, kind: str, predicate: object) -> None:
        """`cosign attest --key`."""
        self._cosign("attest", image, *self._keyed(key, logged=True), *self._predicate(kind, predicate))

    def sign_legacy(self, image: str, key: str, *arguments: str) -> None:
        """Cosign 2: simple signing under `.sig`, by key and without a log."""
        self._cosign("sign", image, f"--key={self.lab.folder / key}", "--tlog-upload=false", *arguments, version=2)

    def attest_legacy(self, image: str, key: str, kind: str, predicate: object) -> None:
        """Cosign 2: an attestation under `.att`, by key and without a log."""
        where = (f"--key={self.lab.folder / key}", "--tlog-upload=false", *self._predicate(kind, predicate))
        self._cosign("attest", image, *where, version=2)

    def sigstore_python(self, image: Pushed, identity: Identity, predicate: object) -> bytes:
        """sigstore-python's own command: provenance about the manifest, as a bundle."""
        return self._sigstore_python(
            image,
            identity,
            "attest",
            f"--predicate-type={SLSA_V1}",
            f"--predicate={self._written(predicate)}",
        )

    def sigstore_python_message(self, image: Pushed, identity: Identity) -> bytes:
        """sigstore-python's own command: a message signature over the manifest, as a bundle."""
        return self._sigstore_python(image, identity, "sign")

    def oras_attach(self, image: Pushed, bundle: bytes) -> None:
        """`oras attach`: a bundle as a referrer."""
        path = self._path(".sigstore.json")
        path.write_bytes(bundle)
        command = ["attach", "--plain-http", "--disable-path-validation", f"--artifact-type={BUNDLE}"]
        if not image.repository.registry.referrers_api:
            command.append("--distribution-spec=v1.1-referrers-tag")
        must([self.lab.tools["oras"], *command, image.reference, f"{path}:{BUNDLE}"], self.lab.environment)

    def _sigstore_python(self, image: Pushed, identity: Identity, verb: str, *arguments: str) -> bytes:
        config = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": json.loads(self.lab.trusted_root.read_bytes()),
            "signingConfig": json.loads(self.lab.signing_config.read_bytes()),
        }
        manifest, bundle = self._path(".manifest.json"), self._path(".sigstore.json")
        manifest.write_bytes(image.repository.raw_manifest(image.digest))
        program = Path(__file__).resolve().parent.parent / ".venv/bin/sigstore"
        must(
            [
                program,
                f"--trust-config={self._written(config)}",
                verb,
                f"--identity-token={self.lab.issuer.token(identity)}",
                f"--bundle={bundle}",
                *arguments,
                manifest,
            ],
            self.lab.environment,
        )
        return bundle.read_bytes()

    def _cosign(self, verb: str, image: str, *arguments: str, version: int = 3) -> None:
        self.lab.must_cosign(verb, "--yes", "--allow-http-registry", *arguments, image, version=version)

    def _keyless(self, identity: Identity) -> tuple[str, ...]:
        return (
            f"--signing-config={self.lab.signing_config}",
            f"--trusted-root={self.lab.trusted_root}",
            f"--identity-token={self.lab.issuer.token(identity)}",
        )

    def _keyed(self, key: str, *, logged: bool) -> tuple[str, ...]:
        config = self.lab.signing_config if logged else self.lab.folder / "unlogged.json"
        return (
            f"--signing-config={config}",
            f"--trusted-root={self.lab.trusted_root}",
            f"--key={self.lab.folder / key}",
        )

    def _predicate(self, kind: str, predicate: object) -> tuple[str, str]:
        return f"--type={kind}", f"--predicate={self._written(predicate)}"

    def _written(self, document: object) -> Path:
        path = self._path(".json")
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def _path(self, suffix: str) -> Path:
        return self.lab.folder / f"{os.urandom(8).hex()}{suffix}"


Attach: TypeAlias = Callable[[Signer, Pushed], None]


def _release(signer: Signer, image: Pushed) -> None:
    signer.sign(image.reference, RELEASE)


def _two(signer: Signer, image: Pushed) -> None:
    signer.sign(image.reference, RELEASE)
    signer.sign(image.reference, ADA)


def _attested(signer: Signer, image: Pushed) -> None:
    signer.attest(image.reference, RELEASE, SLSA_V1, provenance())


def _whole(signer: Signer, image: Pushed) -> None:
    signer.sign(image.reference, RELEASE)
    signer.attest(image.reference, RELEASE, SLSA_V1, provenance())


def _many(signer: Signer, image: Pushed) -> None:
    signer.sign(image.reference, RELEASE)
    for kind, predicate in (("slsaprovenance1", provenance()), ("cyclonedx", CYCLONEDX), ("custom", REVIEW)):
        signer.attest(image.reference, RELEASE, kind, predicate)
    for kind, predicate in (("vuln", VULN), ("spdxjson", SPDX), ("link", LINK), (CUSTOM, REVIEW)):
        signer.attest(image.reference, ADA, kind, predicate)


def _keyed_and_attested(signer: Signer, image: Pushed) -> None:
    signer.sign_by_key(image.reference, "one.key")
    signer.attest_by_key(image.reference, "one.key", CUSTOM, REVIEW)


def _legacy(signer: Signer, image: Pushed) -> None:
    signer.sign_legacy(image.reference, "one.key", "--annotations=env=production")
    signer.attest_legacy(image.reference, "one.key", CUSTOM, REVIEW)


def _sigstore_python(signer: Signer, image: Pushed) -> None:
    signer.oras_attach(image, signer.sigstore_python(image, RELEASE, provenance()))


def _sigstore_python_message(signer: Signer, image: Pushed) -> None:
    signer.oras_attach(image, signer.sigstore_python_message(image, RELEASE))


def _with_junk(signer: Signer, image: Pushed) -> None:
    image.repository.attach(image.descriptor, b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}')
    image.repository.attach(image.descriptor, b"no JSON at all")
    signer.sign(image.reference, RELEASE)


RECIPES: Mapping[str, Attach] = {
    "release": _release,
    "pipeline": lambda signer, image: signer.sign(image.reference, PIPELINE),
    "person": lambda signer, image: signer.sign(image.reference, ADA),
    "two-signers": _two,
    "fork": lambda signer, image: signer.sign(image.reference, FORK),
    "branch": lambda signer, image: signer.sign(image.reference, BRANCH),
    "annotated": lambda signer, image: signer.sign(image.reference, RELEASE, "--annotations=env=production"),
    "attested-only": _attested,
    "whole": _whole,
    "many": _many,
    "keyed": _keyed_and_attested,
    "keyed-unlogged": lambda signer, image: signer.sign_by_key(image.reference, "one.key", logged=False),
    "legacy": _legacy,
    "sigstore-python": _sigstore_python,
    "sigstore-python-message": _sigstore_python_message,
    "junk-beside": _with_junk,
    "unsigned": lambda _signer, _image: None,
}
"""By image: what is attached to it."""
NEEDS: Mapping[str, str] = {"legacy": "cosign2", "sigstore-python": "oras", "sigstore-python-message": "oras"}
"""What an image needs beyond cosign 3."""


def produce(lab: Lab) -> dict[tuple[str, str], Pushed]:
    """Every image in every registry, by the names of both. Those that a missing tool would sign are left out."""
    for key in ("one", "other"):
        lab.must_cosign("generate-key-pair", f"--output-key-prefix={lab.folder / key}")
    signer = Signer(lab=lab)
    names = [name for name in RECIPES if NEEDS.get(name) not in lab.tools.missing]
    jobs: list[Callable[[], dict[tuple[str, str], Pushed]]] = []
    for registry in lab.registries:
        jobs += [_job(signer, registry, name) for name in names]
        jobs.append(_index_job(signer, registry))
    found: dict[tuple[str, str], Pushed] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for made in pool.map(lambda job: job(), jobs):
            found |= made
    for registry in lab.registries:
        _move(registry, found)
    return found


def _job(signer: Signer, registry: Registry, name: str) -> Callable[[], dict[tuple[str, str], Pushed]]:
    def job() -> dict[tuple[str, str], Pushed]:
        image = push_image(registry.repository(f"acme/{name}"), {"name": name.encode()}, tag="v1")
        RECIPES[name](signer, image)
        return {(registry.name, name): image}

    return job


def _index_job(signer: Signer, registry: Registry) -> Callable[[], dict[tuple[str, str], Pushed]]:
    """Two indexes: one signed alone, one with its children."""

    def job() -> dict[tuple[str, str], Pushed]:
        found: dict[tuple[str, str], Pushed] = {}
        for name, arguments in (("index", ()), ("index-recursive", ("--recursive",))):
            repository = registry.repository(f"acme/{name}")
            children = {
                kind: push_image(repository, {"name": f"{name} {kind}".encode()}, architecture=kind)
                for kind in ("amd64", "arm64")
            }
            index = push_index(repository, children, tag="v1")
            signer.sign(index.reference, RELEASE, *arguments)
            found[registry.name, name] = index
            found[registry.name, f"{name}-child"] = children["amd64"]
        return found

    return job


def _move(registry: Registry, found: dict[tuple[str, str], Pushed]) -> None:
    """What an attacker with write access does: evidence where it does not belong, and an image without its own."""
    release = found[registry.name, "release"]
    other = push_image(registry.repository("acme/moved"), {"name": b"moved"}, tag="v1")
    for entry in release.repository.referrers(release.digest):
        _, manifest = release.repository.manifest(entry["digest"])
        other.repository.attach(other.descriptor, release.repository.blob(manifest["layers"][0]["digest"]))
    found[registry.name, "moved-evidence"] = other
    elsewhere = push_image(registry.repository("acme/elsewhere"), {"name": b"release"}, tag="v1")
    found[registry.name, "other-repository"] = elsewhere
