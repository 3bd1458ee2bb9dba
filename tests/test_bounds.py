"""What adds up over one image is bounded over that image, and going over is "could not look" by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gate import trust
from gate.errors import LimitExceeded
from gate.flow import ImageJudgement, judge
from gate.limits import Deadline, Limits
from gate.policy.loading import load_policy
from gate.reference import parse_reference
from tests.conftest import LAB, policy_path

CASE = "agent-signed"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def judged(limits: Limits, case: str = CASE, policy: str = "production") -> ImageJudgement:
    """What becomes of one of the lab's images under other limits than the usual ones."""
    loaded = load_policy(policy_path(policy))
    root = trust.load("trusted_root.json", folder=LAB)
    reference = parse_reference(f"oci:{LAB / case}", asserted_name="ghcr.io/acme/api")
    return judge(reference, loaded, roots=[root], limits=limits, deadline=Deadline(30), now=NOW)


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
