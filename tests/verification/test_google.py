"""Google Cloud Build's own provenance, signed with its key: verified, and judged under the preset.

The case is a real one: `cases/google/provenance-v1.json` is an envelope of slsa-verifier's test data
(verifiers/internal/gcb/testdata/v1.0-gcloud-container-github-v1.0-valid.json, Apache-2.0).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from gate.checks import check_image
from gate.claims import read_claims
from gate.discovery import Candidate, Kind
from gate.limits import Limits
from gate.policy.parties import KeyHolder
from gate.reference import Digest, parse_reference
from gate.verdict import EXIT_FAIL, EXIT_PASS, decide
from gate.verification import Artifact, Verified, verify
from gate.verification.material import Message
from tests.evidence import NOW, policy
from tests.verification.lab import public_good

if TYPE_CHECKING:
    from gate.verification import Evidence

CASE = Path(__file__).parents[1] / "cases" / "google" / "provenance-v1.json"
IMAGE = Digest("sha256", "7e9b6e7ba2842c91cf49f3e214d04a7a496f8214356f41d81a6e6dcad11f11e3")
NAME = "us-central1-docker.pkg.dev/argo-local-khalk/khalk-docker-ar/prod-prov-image"
POLICY = f"""
version = 1
[builders.gcb]
preset = "google-cloud-build"
[[rules]]
images = ["{NAME}"]
[rules.provenance]
builders = ["gcb"]
level = 3
source = ["https://github.com/khalkie/gcb-prod-prov"]
refs = ["refs/heads/main"]
parameters = "strict"
max-age = "3650d"
"""


def found(raw: bytes, image: Digest = IMAGE) -> tuple[Evidence, ...]:
    candidate = Candidate(
        digest=Digest("sha256", "0" * 64), layer=0, kind=Kind.DSSE, media_type="", place="cosign-att", raw=raw
    )
    artifact = Artifact(asked=image, message=Message(None, {"sha256": bytes.fromhex(image.hex)}))
    signers = policy(POLICY).signers.values()
    keys = tuple(signer.holder.key for signer in signers if isinstance(signer.holder, KeyHolder))
    return verify((candidate,), artifact, (public_good(),), keys, now=NOW, limits=Limits())


def judged(raw: bytes, text: str = POLICY, *, image: Digest = IMAGE) -> tuple[int, set[str]]:
    claims = read_claims(found(raw, image), limits=Limits())
    rules = check_image(parse_reference(NAME), claims, policy(text), digests=(image,), gaps=(), now=NOW)
    results = [result for rule in rules for result in rule.results]
    return decide([rule.results for rule in rules]), {item.check for item in results if item.outcome != "pass"}


def test_a_real_build_of_google_passes_under_its_preset() -> None:
    (evidence,) = found(CASE.read_bytes())
    assert isinstance(evidence, Verified)
    assert judged(CASE.read_bytes()) == (EXIT_PASS, set())


def test_each_demand_of_the_policy_is_judged_on_it() -> None:
    for old, new, check in (
        ("khalkie/gcb-prod-prov", "khalkie/other", "provenance.source"),
        ("refs/heads/main", "refs/heads/other", "provenance.ref"),
        ("3650d", "1000d", "provenance.age"),
    ):
        assert judged(CASE.read_bytes(), POLICY.replace(old, new)) == (EXIT_FAIL, {check})


def test_it_is_evidence_for_its_image_and_as_it_was_signed_alone() -> None:
    """SLSA-5."""
    envelope = json.loads(CASE.read_bytes())
    assert judged(CASE.read_bytes(), image=Digest("sha256", "1" * 64)) == (EXIT_FAIL, {"provenance"})
    payload = envelope["payload"]
    envelope["payload"] = payload[:-8] + payload[-4:]
    assert judged(json.dumps(envelope).encode()) == (EXIT_FAIL, {"provenance"})
    envelope["payload"] = payload
    standard = envelope["signatures"][0]["sig"]
    assert "_" in standard, "Google writes URL-safe base64, and DSSE has either read"
    envelope["signatures"][0]["sig"] = standard.replace("_", "/").replace("-", "+")
    assert judged(json.dumps(envelope).encode()) == (EXIT_PASS, set())
