"""Which entries of an index are judged: exactly those that were asked for, or none with the reason."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from gate.discovery.entries import Chosen, choose, listed_digests, other_digests, read_index
from gate.errors import LimitExceeded, Malformed
from gate.limits import Limits
from gate.platforms import Platform, parse_platform
from gate.reference import Digest
from gate.sources import Content
from gate.sources.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Manifest

LIMITS = Limits()
ABOUT = "vnd.docker.reference.digest"
AMD64, ARM64 = ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"})
UNKNOWN = {"os": "unknown", "architecture": "unknown"}


def digest(name: str) -> Digest:
    return Digest("sha256", hashlib.sha256(name.encode()).hexdigest())


def entry(name: str, platform: Any, media_type: str = OCI_MANIFEST, **annotations: str) -> dict[str, Any]:
    found: dict[str, Any] = {"mediaType": media_type, "digest": str(digest(name)), "size": 7}
    if platform is not None:
        found["platform"] = platform
    return found | ({"annotations": annotations} if annotations else {})


def about(name: str, sibling: str) -> dict[str, Any]:
    """What BuildKit adds to an index for each image (its docs/attestations/attestation-storage.md)."""
    return entry(name, UNKNOWN, **{"vnd.docker.reference.type": "attestation-manifest", ABOUT: str(digest(sibling))})


def content(*entries: Any, media_type: str = OCI_INDEX) -> Content:
    raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)}).encode()
    return Content(digest=Digest("sha256", hashlib.sha256(raw).hexdigest()), media_type=media_type, raw=raw)


def index(*entries: Any) -> Manifest:
    found = read_index(content(*entries), LIMITS)
    assert found is not None
    return found


def chosen(*entries: Any, wanted: str = "") -> Chosen:
    """`wanted`: platforms apart by spaces, none for each."""
    platforms = [parse_platform(text) for text in wanted.split()] or None
    return choose(index(*entries), platforms, LIMITS)


def names(found: Chosen, *expected: str) -> bool:
    assert found.problem == ""
    return [item.digest for item in found.entries] == [digest(name) for name in expected]


BOTH = (entry("amd", AMD64), entry("arm", ARM64))
BUILT = (*BOTH, about("about-amd", "amd"), about("about-arm", "arm"))


@pytest.mark.parametrize("entries", [BOTH, BUILT, BUILT[::-1]])
def test_each_entry_that_can_run_is_chosen_and_buildkits_are_left_out(entries: tuple[Any, ...]) -> None:
    found = chosen(*entries)
    assert names(found, "amd", "arm")
    assert found.whole
    assert [item.platform for item in found.entries] == [Platform("linux", "amd64"), Platform("linux", "arm64")]


@pytest.mark.parametrize(
    ("wanted", "expected", "whole"),
    [
        ("linux/amd64", ("amd",), False),
        ("linux/arm64", ("arm",), False),
        ("linux/arm64/v8", ("arm",), False),
        ("linux/arm64 linux/amd64", ("amd", "arm"), True),
    ],
)
def test_a_list_chooses_one_entry_for_each_platform(wanted: str, expected: tuple[str, ...], *, whole: bool) -> None:
    found = chosen(*BUILT, wanted=wanted)
    assert names(found, *expected)
    assert found.whole is whole, "the index itself is covered only if nothing else in it could run"


@pytest.mark.parametrize("wanted", ["linux/s390x", "windows/amd64", "linux/arm64/v9", "linux/amd64 linux/s390x"])
def test_a_platform_that_is_not_there_chooses_nothing(wanted: str) -> None:
    found = chosen(*BUILT, wanted=wanted)
    assert found.entries == ()
    assert not found.whole
    assert "no entry for" in found.problem
    assert "it has linux/amd64, linux/arm64" in found.problem


def test_of_many_platforms_that_are_there_a_few_are_named_and_the_rest_counted() -> None:
    entries = [entry(str(number), {"os": "linux", "architecture": f"a{number}"}) for number in range(10)]
    for count, end in ((8, "linux/a7"), (9, "linux/a7 and 1 more"), (10, "linux/a7 and 2 more")):
        assert chosen(*entries[:count], wanted="linux/amd64").problem.endswith(end)


@pytest.mark.parametrize("second", [AMD64, {"os": "linux", "architecture": "x86_64", "variant": "v1"}])
def test_a_platform_of_two_manifests_chooses_nothing(second: Any) -> None:
    """Which of them a node would pull is up to the node."""
    entries = (*BOTH, entry("another", second))
    assert "2 entries for linux/amd64" in chosen(*entries, wanted="linux/amd64").problem
    assert names(chosen(*entries, wanted="linux/arm64"), "arm")
    assert len(chosen(*entries).entries) == 3, "but each of them can be judged"


def test_one_manifest_that_is_listed_twice_is_one() -> None:
    assert names(chosen(*BOTH, BOTH[0], wanted="linux/amd64"), "amd")
    assert len(chosen(*BOTH, BOTH[0]).entries) == 2


@pytest.mark.parametrize("wanted", ["", "linux/amd64"])
@pytest.mark.parametrize(
    ("odd", "problem"),
    [
        (entry("x", AMD64, OCI_INDEX), "is an index itself"),
        (entry("x", {"os": "linux", "architecture": "s390x"}, DOCKER_LIST), "is an index itself"),
        (entry("x", None), "names no platform"),
        (entry("x", {}), "names no platform"),
        (entry("x", {"os": "linux"}), "names no platform"),
        (entry("x", {"os": "linux", "architecture": ""}), "names no platform"),
        (entry("x", {"os": "linux", "architecture": 386}), "names no platform"),
        (entry("x", {"os": "linux", "architecture": "arm", "variant": 7}), "names no platform"),
        (entry("x", {"os": "li\nnux", "architecture": "arm"}), "names no platform"),
        (entry("x", "linux/amd64"), "names no platform"),
        (entry("x", []), "names no platform"),
    ],
)
def test_an_entry_of_which_nobody_knows_what_runs_it_spoils_the_index(odd: Any, problem: str, wanted: str) -> None:
    found = chosen(*BOTH, odd, wanted=wanted)
    assert found.entries == ()
    assert problem in found.problem


def test_what_is_about_an_entry_without_a_platform_is_left_out_and_the_entry_spoils_the_index() -> None:
    found = chosen(*BOTH, about("about-x", "x"), entry("x", None))
    assert found.problem == f"its entry {digest('x')} names no platform"


def test_a_variant_that_is_null_is_none() -> None:
    assert names(chosen(entry("x", {"os": "linux", "architecture": "s390x", "variant": None})), "x")


@pytest.mark.parametrize(
    "odd",
    [
        entry("x", UNKNOWN),
        entry("x", UNKNOWN, **{"vnd.docker.reference.type": "attestation-manifest"}),
        entry("x", UNKNOWN, **{ABOUT: str(digest("somewhere else"))}),
        about("x", "x"),
        entry("x", {"os": "unknown", "architecture": "amd64"}, **{ABOUT: str(digest("amd"))}),
        entry("x", {"os": "linux", "architecture": "s390x"}, **{ABOUT: str(digest("amd"))}),
    ],
    ids=["no annotation", "another annotation", "no sibling", "itself", "half unknown", "known"],
)
def test_an_entry_is_left_out_only_if_it_says_twice_that_nothing_runs_it(odd: Any) -> None:
    found = chosen(*BOTH, odd)
    assert digest("x") in [item.digest for item in found.entries]


def test_two_entries_that_are_about_each_other_are_not_left_out() -> None:
    found = chosen(*BOTH, about("x", "y"), about("y", "x"))
    assert len(found.entries) == 4


def test_a_manifest_that_is_listed_for_nothing_and_for_a_platform_is_judged() -> None:
    found = chosen(*BOTH, about("hidden", "amd"), entry("hidden", {"os": "linux", "architecture": "s390x"}))
    assert digest("hidden") in [item.digest for item in found.entries]


@pytest.mark.parametrize("wanted", ["", "linux/amd64"])
def test_an_index_of_nothing_that_can_run_chooses_nothing(wanted: str) -> None:
    found = chosen(wanted=wanted)
    assert (found.entries, found.whole) == ((), False)
    assert "nothing that can run" in found.problem


def test_more_entries_than_the_limit_are_over_it_and_never_the_first_n() -> None:
    entries = [entry(str(number), {"os": "linux", "architecture": f"a{number}"}) for number in range(6)]
    assert len(choose(index(*entries), None, Limits(platforms=6)).entries) == 6
    with pytest.raises(LimitExceeded, match="6 platforms"):
        choose(index(*entries), None, Limits(platforms=5))
    assert choose(index(*entries), [Platform("linux", "a3")], Limits(platforms=1)).entries


def test_an_image_is_no_index_and_what_is_neither_is_malformed() -> None:
    raw = b'{"schemaVersion": 2, "layers": []}'
    image = Content(digest=Digest("sha256", hashlib.sha256(raw).hexdigest()), media_type="", raw=raw)
    assert read_index(image, LIMITS) is None
    with pytest.raises(Malformed, match="cannot be read as one image or one index"):
        read_index(Content(digest=image.digest, media_type="", raw=b"junk"), LIMITS)


def test_what_is_no_manifest_lists_nothing() -> None:
    assert listed_digests(Content(digest=digest("file"), media_type="", raw=b"junk"), LIMITS) == ()
    assert listed_digests(content(*BOTH), LIMITS) == (digest("amd"), digest("arm"))


def test_an_index_that_is_too_large_to_read_is_over_a_limit() -> None:
    with pytest.raises(LimitExceeded):
        read_index(content(*BOTH), Limits(json_tokens=3))


def test_the_same_bytes_have_one_digest_more_by_the_other_algorithm() -> None:
    for name, other in (("sha256", "sha512"), ("sha512", "sha256")):
        image = Content(digest=Digest(name, hashlib.new(name, b"x").hexdigest()), media_type="", raw=b"x")
        assert other_digests(image) == (Digest(other, hashlib.new(other, b"x").hexdigest()),)
    known = {name: hashlib.new(name, b"large").digest() for name in ("sha256", "sha384", "sha512")}
    large = Content(digest=Digest("sha256", known["sha256"].hex()), media_type="", raw=b"", digests=known)
    assert other_digests(large) == (Digest("sha512", known["sha512"].hex()),), "of a file too large to hold"
