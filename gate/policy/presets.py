"""Builders that everyone knows, by a name that a policy must write: `[builders.x] preset = "google-cloud-build"`.

What goes out: `PRESETS`, each with its entry in the policy's own language, its signers where the platform itself signs,
and where that is written. A preset counts for nothing until a policy names it. Where a tenant's workflow signs, the
entry names `signers` too, and the level is what the platform claims for such builds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"
PUBLIC_GOOD: Final = "public-good"
PRESET_SIGNER: Final = "preset:"
"""How the names of signers begin that a preset brings."""
_GENERATOR: Final = r"https://github\.com/slsa-framework/slsa-github-generator/\.github/workflows/"
_RELEASE: Final = r"@refs/tags/v[0-9]+\.[0-9]+\.[0-9]+"  # slsa-verifier takes released versions alone


class Preset(Struct, frozen=True, kw_only=True):
    """One builder. `id` is as in `[builders]`, None if it is whoever signs; `signers` as in `[signers]`, None if the
    entry has to name them. `source` is where each part is documented.
    """

    id: Mapping[str, str] | str | None
    level: int
    signers: Mapping[str, Mapping[str, Any]] | None
    source: str

    def entry(self) -> Mapping[str, Any]:
        """What it means, in the policy's language: the keys of a builder, with its signers as tables."""
        shown = {"id": "the signer's own identity" if self.id is None else self.id, "level": self.level}
        return shown if self.signers is None else {**shown, "signers": self.signers}


def _generator(workflow: str) -> Preset:
    """A reusable workflow of slsa-github-generator: it signs as itself, whoever calls it."""
    identity = {"regex": _GENERATOR + workflow.replace(".", r"\.") + _RELEASE}
    return Preset(
        id=identity,
        level=3,
        signers={"workflow": {"issuer": GITHUB_ISSUER, "identity": identity, "root": PUBLIC_GOOD}},
        source="slsa-github-generator's README (Build level 3) and SPECIFICATIONS.md; slsa-verifier's trusted builders",
    )


# Keys of Google's verified-builder project, as slsa-verifier has them under verifiers/internal/gcb/keys/materials.
_GOOGLE_V1: Final = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg9KII7kzr/30HBluf00y9WwtMFkE
qc3oCcFVH3QJ37IBLUv/MUApbnNHFfD75ayJ/a0F45xa+MLv5zoep+GxsA==
-----END PUBLIC KEY-----
"""  # global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1
_GOOGLE_V01: Final = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdMcJUyKbmarf6dydhfmAjgmK6c42
oCCNRR1se3Bi3VO65KcGk6qyci6/bsu2s4u+dLKWrsUQomEw4v3FtVctoA==
-----END PUBLIC KEY-----
"""  # global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1

PRESETS: Final[Mapping[str, Preset]] = {
    "github-slsa-generator-container": _generator("generator_container_slsa3.yml"),
    "github-slsa-generator-generic": _generator("generator_generic_slsa3.yml"),
    "github-slsa-builder-go": _generator("builder_go_slsa3.yml"),
    "github-slsa-builder-container-based": _generator("builder_container-based_slsa3.yml"),
    # docs.github.com, "Artifact attestations": "by itself provides SLSA v1.0 Build Level 2". A reusable workflow that
    # an organisation vetted is an entry of its own.
    "github-artifact-attestations": Preset(
        id=None, level=2, signers=None, source="docs.github.com, Artifact attestations: Build level 2"
    ),
    # cloud.google.com/build/docs/securing-builds/view-build-provenance; not in any log.
    "google-cloud-build": Preset(
        id={"regex": r"https://cloudbuild\.googleapis\.com/GoogleHostedWorker(?:@v0\.[23])?"},
        level=3,
        signers={
            "v1": {"key": _GOOGLE_V1, "log": "optional", "time": "/runDetails/metadata/finishedOn"},
            "v0.1": {"key": _GOOGLE_V01, "log": "optional", "time": "/metadata/buildFinishedOn"},
        },
        source="Google Cloud Build, View build provenance (Build level 3); slsa-verifier's GCB keys and builder ids",
    ),
    # The runner writes the metadata and the tenant's job signs it: nothing keeps the job from writing another.
    "gitlab-runner": Preset(
        id={"glob": "https://gitlab.com/**/-/runners/*"},
        level=1,
        signers=None,
        source="docs.gitlab.com, Configuring runners: artifact provenance metadata; SLSA, Provenance is Authentic",
    ),
    # The controller signs outside of the tenant's tasks, with a key of its cluster. Level 3 is for who hardens it.
    "tekton-chains": Preset(
        id="https://tekton.dev/chains/v2", level=2, signers=None, source="Tekton Chains, docs/config.md: builder.id"
    ),
}
