"""What teams attest, in the form that their tools write, each with a demand that it meets and one that it does not."""

from __future__ import annotations

import pytest

from tests.evidence import RULE, SIGNERS, Object, attestation, failed, passes

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SPDX_23 = "https://spdx.dev/Document/v2.3"
VULNS = "https://in-toto.io/attestation/vulns/v0.2"

FORMS: dict[str, tuple[str, str, Object, str, str]] = {
    "SPDX": (
        "spdx",
        "https://spdx.dev/Document",
        {"spdxVersion": "SPDX-2.3", "creationInfo": {"creators": ["Tool: syft-1.0"]}, "packages": [{"name": "musl"}]},
        '[{ at = "/spdxVersion", in = ["SPDX-2.3", "SPDX-2.2"] }, { at = "/packages/0/name", equals = "musl" }]',
        '[{ at = "/spdxVersion", equals = "SPDX-3.0" }]',
    ),
    "SPDX of GitHub's attest-sbom": (
        SPDX_23,
        SPDX_23,
        {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT"},
        '[{ at = "/SPDXID", equals = "SPDXRef-DOCUMENT" }]',
        '[{ at = "/packages/0/name", equals = "musl" }]',
    ),
    "CycloneDX": (
        "cyclonedx",
        "https://cyclonedx.org/bom",
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "container"}}},
        '[{ at = "/metadata/component/type", equals = "container" }]',
        '[{ at = "/specVersion", at-least = 1.5 }]',
    ),
    "a scan of cosign's type": (
        "vuln",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        {"scanner": {"uri": "pkg:github/aquasecurity/trivy", "result": {"Critical": 0, "High": 2}}},
        '[{ at = "/scanner/result/Critical", equals = 0 }, { at = "/scanner/result/High", at-most = 2 }]',
        '[{ at = "/scanner/result/High", below = 2 }]',
    ),
    "a scan of in-toto's type": (
        VULNS,
        VULNS,
        {"scanner": {"result": [{"id": "CVE-2024-1", "severity": [{"method": "CVSS_V3", "score": 5.3}]}]}},
        '[{ at = "/scanner/result/0/severity/0/score", below = 7 }]',
        '[{ at = "/scanner/result/0/severity/0/score", below = 5.3 }]',
    ),
    "OpenVEX": (
        "openvex",
        "https://openvex.dev/ns",
        {"@context": "https://openvex.dev/ns/v0.2.0", "version": 1, "statements": [{"status": "not_affected"}]},
        '[{ at = "/@context", equals = "https://openvex.dev/ns/v0.2.0" }, { at = "/version", at-least = 1 }]',
        '[{ at = "/statements/0/status", in = ["fixed"] }]',
    ),
    "in-toto's test results": (
        TEST_RESULT,
        TEST_RESULT,
        {"result": "PASSED", "configuration": [{"uri": "https://acme.com/ci"}], "failedTests": []},
        '[{ at = "/result", equals = "PASSED" }]',
        '[{ at = "/failedTests", equals = 0 }]',
    ),
    "a type of one's own": (
        "https://acme.com/review/v1",
        "https://acme.com/review/v1",
        {"approved": True, "score": 8.5, "by~": {"a/b": "ada"}},
        '[{ at = "/approved", equals = true }, { at = "/score", above = 8 }, { at = "/by~0/a~1b", equals = "ada" }]',
        '[{ at = "/score", above = 8.5 }]',
    ),
}


@pytest.mark.parametrize(("name", "uri", "predicate", "met", "unmet"), FORMS.values(), ids=FORMS)
def test_each_kind_is_judged_by_type_and_by_what_it_says(
    name: str, uri: str, predicate: Object, met: str, unmet: str
) -> None:
    text = f'{SIGNERS}{RULE}\n[[rules.attestations]]\ntype = "{name}"\nsigners = ["scanner"]\n'
    check = (f"attestations.{name}",)
    assert passes(f"{text}where = {met}\n", attestation(uri, predicate))
    assert failed(f"{text}where = {unmet}\n", attestation(uri, predicate)) == check
    assert failed(f"{text}where = {met}\n", attestation(f"{uri}/x", predicate)) == check, "another type"
    assert failed(text) == check
