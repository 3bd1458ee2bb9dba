"""What is read of an image's labels: its annotations, and its configuration only where it is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gate.discovery.labels import REVISION, SOURCE, Label, Labels, read_labels
from gate.errors import LimitExceeded
from gate.limits import MAX_TEXT, SMALL_DOCUMENT, Deadline, Limits, Tally
from gate.parallel import Budget
from gate.sources.manifest import OCI_MANIFEST
from tests.discovery.test_search import FakeSource, content, descriptor, digest_of

if TYPE_CHECKING:
    from gate.sources import Content

LIMITS = Limits()
CONFIG = json.dumps({"config": {"Labels": {SOURCE: "a label"}}}).encode()
ANNOTATED = (Label("annotation", SOURCE, "an annotation"),)


def image(config: bytes | None = CONFIG, source: str = "an annotation") -> Content:
    held = {} if config is None else {"config": descriptor(config, "application/vnd.oci.image.config.v1+json")}
    return content(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [], "annotations": {SOURCE: source}, **held}
    )


def test_a_configuration_is_fetched_only_where_it_is_asked_for() -> None:
    source = FakeSource(blobs={digest_of(CONFIG): CONFIG})
    assert read_labels(image(), None, LIMITS) == Labels(found=ANNOTATED)
    assert source.asked == []
    assert read_labels(image(), source, LIMITS) == Labels(found=(*ANNOTATED, Label("label", SOURCE, "a label")))
    assert source.asked == [str(digest_of(CONFIG))]


def test_an_image_without_a_configuration_has_annotations_alone() -> None:
    source = FakeSource()
    assert read_labels(image(None), source, LIMITS) == Labels(found=ANNOTATED)
    assert source.asked == []


def test_a_configuration_that_is_larger_than_is_read_is_not_fetched() -> None:
    config = CONFIG.ljust(1000)
    source = FakeSource(blobs={digest_of(config): config})
    found = read_labels(image(config), source, Limits(json_bytes=999))
    assert (found.found, type(found.error), source.asked) == (ANNOTATED, LimitExceeded, [])
    assert read_labels(image(config), source, Limits(json_bytes=1000)).error is None


@pytest.mark.parametrize(("size", "waits"), [(SMALL_DOCUMENT, False), (SMALL_DOCUMENT + 1, True)])
def test_a_large_configuration_is_read_when_it_is_its_turn(size: int, *, waits: bool) -> None:
    """There may be a hundred images, each of many platforms: those that are in memory together are bounded."""
    config = CONFIG.ljust(size)
    source = FakeSource(blobs={digest_of(config): config})
    with Budget(1, Deadline(10)).share() as share:
        assert read_labels(image(config), source, Limits(tally=Tally(share))).error is None
        assert share.held is waits
    assert read_labels(image(config), source, LIMITS).error is None, "alone"


def test_a_label_that_is_longer_than_anybodys_is_there_and_agrees_with_nothing() -> None:
    for length, text in ((MAX_TEXT, "x" * MAX_TEXT), (MAX_TEXT + 1, "")):
        assert read_labels(image(None, "x" * length), None, LIMITS).found == (Label("annotation", SOURCE, text),)


def test_a_manifest_that_the_policys_limits_let_in_has_its_labels_read() -> None:
    deep: Any = "x"
    for _ in range(LIMITS.json_depth):
        deep = [deep]
    held = content({"schemaVersion": 2, "layers": [], "annotations": {REVISION: "1"}, "note": deep})
    found = read_labels(held, None, Limits(json_depth=2 * LIMITS.json_depth)).found
    assert found == (Label("annotation", REVISION, "1"),)
