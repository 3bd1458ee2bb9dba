"""gate's own release, on the lab's Sigstore: `scripts/release`, and what gate says of what it made.

What comes in: a running lab and the builder. What goes out: comparisons: the release verifies under the repository's
policy, with the lab's issuer and trusted root in place of the public ones; cosign agrees; and what was not released so
does not.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from interop.asking import ask_gate
from interop.box.image import BASE_REPOSITORY, NAME, ROOT, SOURCE, SUITE
from interop.oidc import workflow
from interop.processes import run

if TYPE_CHECKING:
    from pathlib import Path

    from interop.box.image import Builder
    from interop.lab import Lab
    from interop.tally import Tally

PUBLIC = "https://token.actions.githubusercontent.com"
REF = "refs/heads/main"
MAX_OWN_BYTES = 35_000_000
WITHIN = 900.0
"""Seconds for a release on a busy machine: it builds the image once more."""


def compare_release(lab: Lab, builder: Builder, tally: Tally) -> None:
    """Release, and look at it."""
    name = f"{lab.referrers.host}/acme/gate"
    base = builder.base
    home = lab.folder / "release-home"
    home.mkdir()
    head = run(["git", "rev-parse", "HEAD"], os.environ, folder=ROOT).out.strip()
    identity = workflow("acme/gate", commit=head)
    policy = lab.folder / "release.toml"
    policy.write_text(
        f'trust.roots = ["{lab.trusted_root}"]\n'
        + (ROOT / "scripts/release.toml").read_text(encoding="utf-8").replace(PUBLIC, lab.issuer.url("github")),
        encoding="utf-8",
    )
    out = lab.folder / "released"
    flags = [
        f"--signing-config={lab.signing_config}",
        f"--trusted-root={lab.trusted_root}",
        f"--identity-token={lab.issuer.token(identity)}",
    ]
    command: list[str | Path] = [ROOT / "scripts/release", f"{name}:v1", f"--base={base}", "--engine=buildah"]
    command += [f"--policy={policy}", f"--source={SOURCE}", f"--ref={REF}", f"--builder-id={identity.name}"]
    command += [f"--out={out}", "--plain-http", *(f"--cosign-flag={flag}" for flag in flags)]
    environment = {
        **builder.environment,
        "HOME": str(home),
        "COSIGN": str(lab.tools["cosign3"]),
        "COSIGN_PASSWORD": "",
    }
    released = run(command, environment, within=WITHIN)
    tally.check("release    scripts/release: gate pass", held=released.code == 0, why=released.said[-4000:])
    if released.code != 0:
        return
    report = json.loads((out / "report.json").read_bytes())
    (image,) = report["images"]
    passed = {check["id"] for rule in image["rules"] for check in rule["checks"] if check["outcome"] == "pass"}
    wanted = {"signature", "provenance.source", "provenance.level", "provenance.commit", "attestations.cyclonedx"}
    tally.check(
        f"release    its signature, provenance and SBOM are verified: {', '.join(sorted(wanted))}",
        held=report["verdict"] == "pass" and wanted <= passed,
        why=str(sorted(passed)),
    )
    _compare_builds(lab, builder, tally)
    predicate = json.loads((out / "provenance.json").read_bytes())
    recorded = [one["digest"] for one in predicate["buildDefinition"]["resolvedDependencies"]]
    at = lab.referrers.repository(BASE_REPOSITORY).manifest(SUITE)[0]["digest"]
    tally.check(
        f"release    records the commit, and the base's digest {at[:19]}",
        held={"gitCommit": head} in recorded and {"sha256": at.removeprefix("sha256:")} in recorded,
        why=str(recorded),
    )
    document = (out / "sbom.cdx.json").read_text(encoding="utf-8")
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)
    purls = [one["purl"] for one in json.loads(document)["components"]]
    kinds = {kind: sum(purl.startswith(f"pkg:{kind}/") for purl in purls) for kind in ("deb", "pypi")}
    tally.check(
        f"release    the SBOM is valid CycloneDX 1.6, of {kinds['deb']} Debian packages and {kinds['pypi']} of Python",
        held=problem is None
        and kinds["deb"] > 50
        and any(purl.startswith("pkg:pypi/sigstore@") for purl in purls)
        and any(purl.startswith("pkg:deb/debian/procps@") for purl in purls),
        why=str(problem),
    )
    pinned = f"{name}@{image['digest']}"
    asked = [f"--certificate-identity={identity.name}", f"--certificate-oidc-issuer={lab.issuer.url('github')}"]
    for verb in (["verify"], ["verify-attestation", "--type=cyclonedx"]):
        cosign = lab.cosign(*verb, *asked, f"--trusted-root={lab.trusted_root}", "--allow-http-registry", pinned)
        tally.check(f"release    cosign {' '.join(verb)}: pass", held=cosign.code == 0, why=cosign.said[-2000:])
    gate = ask_gate(lab, base, policy.read_text(encoding="utf-8"))
    tally.check(
        f"release    an image that was not released so: gate exit {gate.code}", held=gate.code == 1, why=gate.said
    )


def _compare_builds(lab: Lab, builder: Builder, tally: Tally) -> None:
    """The image that was built before, from the same sources on the same base, is the same; and what it adds."""
    released = lab.referrers.repository("acme/gate").manifest("v1")[1]
    again = released["config"]["digest"].removeprefix("sha256:")
    first = builder.image_id(NAME).removeprefix("sha256:")
    tally.check(f"image      is the same when built again ({first[:12]})", held=first == again, why=f"{first}\n{again}")
    below = lab.referrers.repository(BASE_REPOSITORY).manifest(SUITE)[1]["layers"]
    base = sum(layer["size"] for layer in below)
    own = sum(layer["size"] for layer in released["layers"][len(below) :])
    tally.check(
        f"image      adds {own / 1e6:.1f} MB compressed to its base (of {base / 1e6:.0f} MB)",
        held=[layer["digest"] for layer in below] == [layer["digest"] for layer in released["layers"][: len(below)]]
        and 0 < own <= MAX_OWN_BYTES,
        why=f"at most {MAX_OWN_BYTES / 1e6:.0f} MB\n{below}\n{released['layers']}",
    )
