"""A waiver and a rule's own words, as report and summary show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.images import Layout, policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

RULES = """
[[rules]]
name = "signed"
message = "ask the release team"
docs = "https://wiki.test/gate"
images = ["**"]
signature.signers = ["forge"]
[[rules.attestations]]
type = "vuln"
signers = ["forge"]
"""
WAIVER = """
[[waivers]]
rule = "signed"
check = "attestations.vuln"
images = ["**"]
reason = "the scanner is down"
owner = "ada@acme.test"
expires = 2099-01-31
"""


def test_a_waived_check_shows_in_report_and_summary(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    layout = Layout(tmp_path / "image")
    layout.sign(layout.image("amd", tag="v1"))
    refused = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path, RULES))
    assert (refused.code, refused.failed) == (1, ("attestations.vuln",))
    assert "    message  ask the release team\n    docs     https://wiki.test/gate\n" in refused.out
    waived = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path, RULES + WAIVER))
    assert waived.code == 0
    assert waived.report["verdict"] == "pass"
    check = waived.report["images"][0]["rules"][0]["checks"][1]
    assert (check["id"], check["outcome"]) == ("attestations.vuln", "waived")
    assert check["waiver"] == {
        "reason": "the scanner is down",
        "owner": "ada@acme.test",
        "expires": "2099-01-31T00:00:00Z",
    }
    assert "    WAIVED  attestations.vuln" in waived.out
    assert "waived    until 2099-01-31T00:00:00Z by ada@acme.test: the scanner is down" in waived.out
    assert "ask the release team" not in waived.out


def test_an_expired_policy_is_invalid_before_anything_is_looked_at(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    path = policy(tmp_path, RULES)
    path.write_text(path.read_text().replace("version = 1", "version = 1\nexpires = 2020-01-01"))
    ran = verify("oci:/nowhere", policy=path)
    assert ran.code == 2
    assert "expires: it expired at 2020-01-01T00:00:00Z" in ran.out + ran.err
