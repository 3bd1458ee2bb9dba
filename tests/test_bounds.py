"""What adds up over one image is bounded over that image, and going over is "could not look" by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gate import trust
from gate.errors import LimitExceeded
from gate.flow import ImageJudgement, Judge
from gate.limits import Deadline, Limits
from gate.parallel import run_round
from gate.policy.loading import load_policy
from gate.reference import parse_reference
from gate.sources import Sources
from tests.conftest import LAB, policy_path

CASE = "agent-signed"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def judged(limits: Limits, case: str = CASE, policy: str = "production") -> ImageJudgement:
    """What becomes of one of the lab's images under other limits than the usual ones."""
    loaded = load_policy(policy_path(policy))
    root = trust.load("trusted_root.json", folder=LAB)
    reference = parse_reference(f"oci:{LAB / case}", asserted_name="ghcr.io/acme/api")
    deadline = Deadline(30)
    sources = Sources(limits=limits, deadline=deadline)
    judge = Judge(loaded, roots=[root], sources=sources, limits=limits, deadline=deadline, now=NOW)
    return judge.judge(reference)


def smallest(name: str) -> int:
    """The least value of a limit under which the case passes; it is found by halving."""
    low, high = 0, 1 << 20
    while high - low > 1:
        middle = (low + high) // 2
        changed: dict[str, Any] = {name: middle}
        if judged(replace(Limits(), **changed)).exit_code == 0:
            high = middle
        else:
            low = middle
    return high


def test_tokens_are_bounded_over_the_documents_of_an_image_together() -> None:
    enough = smallest("image_tokens")
    assert judged(Limits(image_tokens=enough)).exit_code == 0
    image = judged(Limits(image_tokens=enough - 1))
    assert image.exit_code == 4
    assert isinstance(image.error, LimitExceeded)
    assert "JSON tokens" in str(image.error)


def test_what_one_image_cost_does_not_count_for_the_next() -> None:
    limits = Limits(image_tokens=smallest("image_tokens"))
    assert [judged(limits).exit_code for _ in range(3)] == [0, 0, 0]


def test_signatures_entries_and_timestamps_are_bounded_over_an_image_together() -> None:
    enough = smallest("proofs")
    assert judged(Limits(proofs=enough)).exit_code == 0
    image = judged(Limits(proofs=enough - 1))
    assert image.exit_code == 4
    assert f"more than {enough - 1} signatures, log entries and timestamps" in str(image.error)


def test_manifests_are_bounded_over_an_image_together() -> None:
    enough = smallest("manifests_bytes")
    assert judged(Limits(manifests_bytes=enough)).exit_code == 0
    image = judged(Limits(manifests_bytes=enough - 1))
    assert image.exit_code == 4
    assert any("bytes of manifests and listings" in str(entry.error) for entry in image.ledger)


def test_blobs_are_bounded_over_an_image_together() -> None:
    enough = smallest("evidence_bytes")
    assert judged(Limits(evidence_bytes=enough)).exit_code == 0
    image = judged(Limits(evidence_bytes=enough - 1))
    assert image.exit_code == 4
    assert any("bytes of evidence" in str(entry.error) for entry in image.ledger)


def test_an_error_that_became_a_value_holds_nothing_that_was_read() -> None:
    def ask() -> None:
        try:
            raise ValueError
        except ValueError as error:
            raise LimitExceeded("x", limit="referrers") from error

    (answer,) = run_round([ask], deadline=Deadline(5), width=1)
    assert isinstance(answer, LimitExceeded)
    assert (answer.__traceback__, answer.__cause__, answer.__context__) == (None, None, None)
