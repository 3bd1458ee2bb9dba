"""Which rules judge an image: canonical names against the globs of `images` (rules 23 and 22)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate.checks import check_image
from gate.claims import Claims
from gate.errors import InvalidReference
from gate.policy.loading import parse_policy
from gate.reference import Digest, parse_reference
from gate.verdict import Outcome

DIGEST = f"sha256:{'0' * 64}"
NOTHING = Claims(verified=(), rejected=(), provenance=())


def judged(images: list[str], reference: str, asserted_name: str | None = None) -> list[str | None]:
    """The names of the rules that judge a reference, under a policy with one rule for each pattern."""
    rules = "".join(f'[[rules]]\nname = "{text}"\nimages = ["{text}"]\nsignature.signers = ["ci"]\n' for text in images)
    text = f'version = 1\n[signers.ci]\nissuer = "https://gitlab.com"\nidentity = "https://gitlab.com/acme"\n{rules}'
    policy = parse_policy(text.encode(), Path("policy.toml"))
    parsed = parse_reference(reference, asserted_name=asserted_name)
    results = check_image(
        parsed, NOTHING, policy, digests=(Digest("sha256", "0" * 64),), gaps=(), now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert all(item.outcome is Outcome.FAIL for result in results for item in result.results), "nothing was signed"
    assert all(result.results for result in results), "a rule that matches checks something"
    return [result.name for result in results]


def matches(image: str, reference: str, asserted_name: str | None = None) -> bool:
    return judged([image], reference, asserted_name) == [image]


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("ghcr.io/acme/api", "ghcr.io/acme/api"),
        ("ghcr.io/acme/api", "ghcr.io/acme/api:1.4"),
        ("ghcr.io/acme/api", f"ghcr.io/acme/api@{DIGEST}"),
        ("ghcr.io/acme/api", f"ghcr.io/acme/api:1.4@{DIGEST}"),
        ("ghcr.io/acme/api", "GHCR.IO/acme/api"),
        ("ghcr.io/acme/api", "ghcr.io:443/acme/api"),
        ("ghcr.io/acme/*", "ghcr.io/acme/api"),
        ("ghcr.io/acme/**", "ghcr.io/acme/team/api:1.4"),
        ("ghcr.io/*/api", "ghcr.io/acme/api"),
        ("**/acme/api", "ghcr.io/acme/api"),
        ("*/**", "ghcr.io/acme/api"),
        ("**", "ghcr.io/acme/api"),
        ("*.acme.com/api", "eu.acme.com/api"),
        ("registry.acme.com:5000/api", "registry.acme.com:5000/api:1"),
        ("docker.io/library/nginx", "nginx"),
        ("docker.io/library/nginx", "docker.io/nginx:1.27"),
        ("docker.io/library/*", "index.docker.io/nginx"),
        ("docker.io/acme/*", "acme/api"),
        ("docker.io/acme/*", "registry-1.docker.io/acme/api"),
        ("docker.io/acme/*", "registry.hub.docker.com/acme/api"),
        ("localhost:5000/api", "localhost:5000/api"),
        ("localhost/api", "localhost/api"),
    ],
)
def test_a_rule_judges_the_images_that_it_names(image: str, reference: str) -> None:
    assert matches(image, reference)


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("ghcr.io/acme/api", "ghcr.io/acme/api2"),
        ("ghcr.io/acme/api", "ghcr.io/acme/team/api"),
        ("ghcr.io/acme/api", "evil.io/ghcr.io/acme/api"),
        ("ghcr.io/acme/api", "ghcr.io.evil.io/acme/api"),
        ("ghcr.io/acme/api", "ghcr.io:5000/acme/api"),
        ("ghcr.io/acme/api", "ghcr.io:80/acme/api"),
        ("ghcr.io/acme/api", "docker.io/acme/api"),
        ("ghcr.io/acme/*", "ghcr.io/acme/team/api"),
        ("ghcr.io/acme/*", "ghcr.io/acme2/api"),
        ("ghcr.io/acme/**", "ghcr.io/acme"),
        ("ghcr.io/acme/**", "ghcr.io/acme-evil/api"),
        ("ghcr.io/acme/**", "evil.io/ghcr.io/acme/api"),
        ("docker.io/library/*", "acme/nginx"),
        ("docker.io/acme/*", "evil.docker.io/acme/api"),
        ("docker.io/acme/*", "docker.io.evil.io/acme/api"),
        ("*.acme.com/api", "acme.com/api"),
        ("*.acme.com/api", "evil.com/x.acme.com/api"),
        ("localhost/api", "localhost:5000/api"),
        ("localhost/api", "127.0.0.1/api"),
    ],
)
def test_a_rule_judges_no_other_image(image: str, reference: str) -> None:
    assert not matches(image, reference)


@pytest.mark.parametrize(
    ("image", "reference", "asserted_name"),
    [
        ("**", "oci:build/image", None),
        ("oci:build/image", "oci:build/image", None),
        ("oci:build/*", "oci:build/image", None),
        ("oci:build/image:1.4", "oci:build/image:1.4", None),
        ("oci:*", "oci:image", None),
        ("oci-archive:out/*.tar", "oci-archive:out/api.tar", None),
        ("ghcr.io/acme/*", "oci:build/image", "ghcr.io/acme/api"),
        ("ghcr.io/acme/*", "oci:build/image", "GHCR.io:443/acme/api"),
        ("docker.io/library/nginx", "oci-archive:nginx.tar", "nginx"),
        ("**", "oci:build/image", "ghcr.io/acme/api"),
    ],
)
def test_a_local_image_is_named_by_its_text_or_by_what_is_asserted(
    image: str, reference: str, asserted_name: str | None
) -> None:
    assert matches(image, reference, asserted_name)


@pytest.mark.parametrize(
    ("image", "reference", "asserted_name"),
    [
        # without --as, a text that looks like a name is none
        ("ghcr.io/acme/**", "oci:ghcr.io/acme/api", None),
        ("*/**", "oci:ghcr.io/acme/api", None),
        ("**/api", "oci:build/api", None),
        ("*/api", "oci:build/api", None),
        ("**/**", "oci:build/api", None),
        # the text as given: a tag belongs to it, and so does the transport
        ("oci:build/image", "oci:build/image:1.4", None),
        ("oci:build/image", f"oci:build/image@{DIGEST}", None),
        ("oci:build/image", "oci-archive:build/image", None),
        ("oci:build/*", "oci:build/a/b", None),
        ("oci:build/image", "oci:./build/image", None),
        # with --as, the text counts no more
        ("oci:build/image", "oci:build/image", "ghcr.io/acme/api"),
        ("oci:*", "oci:image", "ghcr.io/acme/api"),
        ("ghcr.io/acme/*", "oci:build/image", "ghcr.io/evil/api"),
    ],
)
def test_a_local_image_matches_no_registrys_pattern(image: str, reference: str, asserted_name: str | None) -> None:
    assert not matches(image, reference, asserted_name)


def test_a_registrys_image_matches_no_local_pattern() -> None:
    assert not matches("oci:*", "acme/api")
    assert not matches("oci:5000/api", "oci.acme.com/5000/api")


def test_an_image_is_judged_by_every_rule_that_matches_in_the_files_order() -> None:
    images = ["**", "ghcr.io/acme/*", "ghcr.io/other/*", "ghcr.io/acme/api"]
    assert judged(images, "ghcr.io/acme/api:1") == ["**", "ghcr.io/acme/*", "ghcr.io/acme/api"]


def test_an_image_that_no_rule_matches_fails_under_no_rules_name() -> None:
    assert judged(["ghcr.io/acme/*", "docker.io/acme/*"], "quay.io/acme/api") == [None]


# Bugs that were found

STRICTER = ["**", "ghcr.io/acme/**"]


@pytest.mark.parametrize("reference", ["ghcr.io/acme/api", "GHCR.io/acme/api", "ghcr.io:443/acme/api"])
def test_one_registry_by_another_spelling_is_judged_by_the_same_rules(reference: str) -> None:
    assert judged(STRICTER, reference) == STRICTER


@pytest.mark.parametrize("reference", ["ghcr.io:0443/acme/api", "ghcr.io:00443/acme/api"])
def test_leading_zeros_in_a_port_do_not_evade_a_rule(reference: str) -> None:
    with pytest.raises(InvalidReference, match="without leading zeros"):
        judged(STRICTER, reference)


def test_leading_zeros_in_another_port_do_not_evade_a_rule() -> None:
    with pytest.raises(InvalidReference, match="without leading zeros"):
        judged(["**"], "registry.acme.com:05000/api")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_default_port_of_this_machine_does_not_evade_a_rule(host: str) -> None:
    assert matches(f"{host}/api", f"{host}:80/api")


@pytest.mark.parametrize("host", ["10.0.0.05", "10.5", "012.0.0.5", "0x0a.0.0.5"])
def test_another_spelling_of_an_address_does_not_evade_a_rule(host: str) -> None:
    try:
        assert judged(["**", "10.0.0.5:5000/**"], f"{host}:5000/acme/api") == ["**", "10.0.0.5:5000/**"]
    except InvalidReference:
        return


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("oci:build/*", "oci:build/.."),
        ("oci:/builds/acme/*/image", "oci:/builds/acme/../image"),
        ("oci:/builds/acme/**/image", "oci:/builds/acme/../../tmp/image"),
        ("oci-archive:/builds/**/image.tar", "oci-archive:/builds/../tmp/image.tar"),
        ("oci:build/*", "oci:build/..:1.4"),
        ("oci:build/**", "oci:build/./image"),
        ("file:build/**", "file:build/../app.tar"),
    ],
)
def test_a_local_path_does_not_climb_out_of_its_pattern(image: str, reference: str) -> None:
    assert not matches(image, reference)


@pytest.mark.parametrize("reference", ["oci:../image", "oci:./image", "file:../app.tar"])
def test_a_path_that_climbs_is_meant_by_its_own_text_or_by_everything(reference: str) -> None:
    assert matches(reference, reference)
    assert matches("**", reference)
