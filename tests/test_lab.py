"""The real images: every verdict that `cases/lab/expected.tsv` expects, from each kind of source."""

from __future__ import annotations

import csv
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import LAB, Ran, policy_path
from tests.registry_server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _rows() -> Iterator[tuple[str, str, int, tuple[str, ...]]]:
    with (LAB / "expected.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["case"].startswith("keyed-") or row["policy"].startswith("key"):
                continue  # keys are not verified yet
            failed = () if row["failed checks"] == "-" else tuple(row["failed checks"].split(", "))
            yield row["case"], row["policy"], int(row["exit"]), failed


ROWS = list(_rows())
CASES = sorted({case for case, *_ in ROWS})


@pytest.fixture(scope="module")
def with_referrers() -> Iterator[RegistryServer]:
    with RegistryServer({f"lab/{case}": LAB / case for case in CASES}) as server:
        yield server


@pytest.fixture(scope="module")
def with_tags_only() -> Iterator[RegistryServer]:
    with RegistryServer({f"lab/{case}": LAB / case for case in CASES}, referrers_api=False) as server:
        yield server


def _check(ran: Ran, code: int, failed: tuple[str, ...]) -> None:
    """Exactly these checks fail: a prefix of the id is enough, one with a `?` may fail or not."""
    assert ran.code == code, ran.out
    for wanted in failed:
        if not wanted.endswith("?"):
            assert any(check.startswith(wanted) for check in ran.failed), f"{wanted} did not fail: {ran.failed}"
    for check in ran.failed:
        assert any(check.startswith(wanted.rstrip("?")) for wanted in failed), f"{check} failed too"


def test_the_rows_are_all_there() -> None:
    assert len(ROWS) == 43


@pytest.mark.parametrize(("case", "policy", "code", "failed"), ROWS)
def test_a_layout_gets_the_expected_verdict(
    case: str, policy: str, code: int, failed: tuple[str, ...], verify: Callable[..., Ran]
) -> None:
    _check(verify(f"oci:{LAB / case}", policy=policy_path(policy)), code, failed)


@pytest.mark.parametrize(("case", "policy", "code", "failed"), ROWS)
def test_a_registry_with_referrers_gets_the_expected_verdict(
    case: str,
    policy: str,
    code: int,
    failed: tuple[str, ...],
    verify: Callable[..., Ran],
    with_referrers: RegistryServer,
) -> None:
    _check(verify(f"{with_referrers.host}/lab/{case}:v1", policy=policy_path(policy)), code, failed)


@pytest.mark.parametrize(("case", "policy", "code", "failed"), ROWS)
def test_a_registry_with_tags_only_gets_the_expected_verdict(
    case: str,
    policy: str,
    code: int,
    failed: tuple[str, ...],
    verify: Callable[..., Ran],
    with_tags_only: RegistryServer,
) -> None:
    _check(verify(f"{with_tags_only.host}/lab/{case}:v1", policy=policy_path(policy)), code, failed)


@pytest.mark.parametrize(("policy", "code"), [("production", 0), ("level-three", 1)])
def test_an_archive_gets_the_verdict_of_its_layout(
    policy: str, code: int, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(LAB / "agent-signed", arcname=".")
    assert verify(f"oci-archive:{archive}", policy=policy_path(policy)).code == code


@pytest.mark.parametrize("name", ["amd64", "arm64"])
def test_a_child_of_a_signed_index_is_not_signed(name: str, verify: Callable[..., Ran]) -> None:
    ran = verify(f"oci:{LAB / 'index-signed-children-not'}:{name}", policy=policy_path("signature"))
    assert (ran.code, ran.failed) == (1, ("signature",))


def test_a_digest_is_judged_like_its_tag(verify: Callable[..., Ran], with_referrers: RegistryServer) -> None:
    by_tag = verify(f"{with_referrers.host}/lab/agent-signed:v1", policy=policy_path("production"))
    digest = by_tag.report["images"][0]["digest"]
    by_digest = verify(f"{with_referrers.host}/lab/agent-signed@{digest}", policy=policy_path("production"))
    assert by_tag.code == by_digest.code == 0
    assert by_tag.report["images"][0]["evidence"] == by_digest.report["images"][0]["evidence"]


def test_the_agents_are_named_in_summary_and_report(verify: Callable[..., Ran]) -> None:
    ran = verify(f"oci:{LAB / 'agent-signed'}", policy=policy_path("production"))
    assert "copilot-coding-agent-v3 with gpt-4-turbo-2024-12 (autonomous_agent), vouched for by the builder" in ran.out
    (commit,) = ran.report["images"][0]["commits"]
    assert commit["hash"] == "1" * 40
    assert commit["repository"] == "https://github.com/acme/api"
    assert (commit["agent"], commit["model"]) == ("copilot-coding-agent-v3", "gpt-4-turbo-2024-12")
    assert (commit["authored_by"], commit["vouched_by"]) == ("autonomous_agent", "builder")


def test_where_claims_are_missing_the_remedy_says_how_they_are_usually_lost(verify: Callable[..., Ran]) -> None:
    ran = verify(f"oci:{LAB / 'agent-claims-dropped-by-cosign'}", policy=policy_path("production"))
    assert "--type https://slsa.dev/provenance/v1" in ran.out


def test_two_runs_give_the_same_report_but_for_times(verify: Callable[..., Ran]) -> None:
    reports = [dict(verify(f"oci:{LAB / 'mixed-agents'}", policy=policy_path("production")).report) for _ in range(2)]
    for report in reports:
        del report["started"], report["finished"]
    assert reports[0] == reports[1]


@pytest.mark.parametrize("case", ["agent-signed", "many-attestations"])
def test_sequential_round_trips_do_not_depend_on_the_number_of_attestations(
    case: str, verify: Callable[..., Ran]
) -> None:
    with RegistryServer({"acme/api": LAB / case}, delay=0.2) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=policy_path("production")).code == 0
        assert server.depth == 4, "tag, listings, manifests, blobs"
        digest = verify(f"{server.host}/acme/api:v1", policy=policy_path("production")).report["images"][0]["digest"]
        server.forget()
        assert verify(f"{server.host}/acme/api@{digest}", policy=policy_path("production")).code == 0
        assert server.depth == 3, "image and listings together, manifests, blobs"
