"""A registry with mirrors: they save the way to it, and never speak for it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from gate.limits import Deadline, Limits
from gate.reference import parse_reference
from gate.sources import Sources
from gate.sources.settings import RegistrySettings
from tests.conftest import LAB, Ran, policy_path
from tests.registry_server import OCI_INDEX, RegistryServer, Repository, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIGNED, UNSIGNED = LAB / "agent-signed", LAB / "unsigned"
DOWN = "127.0.0.1:1"


@pytest.fixture
def serve() -> Iterator[Callable[..., RegistryServer]]:
    with ExitStack() as stack:
        yield lambda layout, **options: stack.enter_context(RegistryServer({"acme/api": layout}, **options))


@pytest.fixture
def run(verify: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    def judged(
        origin: str, *mirrors: str, settings: str = "", policy: str = "production", more: tuple[str, ...] = ()
    ) -> Ran:
        text = policy_path(policy).read_text().replace('"../', f'"{LAB}/')
        text = text.replace('"no-criticals.json"', f'"{LAB}/policies/no-criticals.json"')
        listed = ", ".join(f'"{mirror}"' for mirror in mirrors)
        text += f'\n[registries."{origin}"]\n' + (f"mirrors = [{listed}]\n" if mirrors else "") + settings
        (tmp_path / "policy.toml").write_text(text)
        return verify(f"{origin}/acme/api:v1", *more, policy=tmp_path / "policy.toml")

    return judged


def test_a_mirror_spares_the_registry_all_content(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    origin, mirror = serve(SIGNED), serve(SIGNED)
    assert run(origin.host, mirror.host).code == 0
    asked = [request.path for request in origin.requests]
    assert asked
    assert all("/referrers/" in path or "/manifests/sha256-" in path for path in asked), asked
    assert any("/blobs/" in request.path for request in mirror.requests)


def test_a_mirrors_older_listing_hides_nothing(serve: Callable[..., RegistryServer], run: Callable[..., Ran]) -> None:
    """Rule 27: what the registry has attached since is looked at, whatever the mirror lists."""
    case = LAB / "mixed-agents"
    origin, mirror = serve(case), serve(case)
    alone = run(origin.host, DOWN)
    for listed in mirror.repositories["acme/api"].referrers.values():
        del listed[1:]
    behind = run(origin.host, mirror.host)
    assert (behind.code, behind.failed) == (alone.code, alone.failed)
    assert behind.report["images"][0]["evidence"] == alone.report["images"][0]["evidence"]


def test_the_name_that_rules_match_is_the_registrys(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    origin = serve(SIGNED)
    assert run(origin.host, serve(SIGNED).host).report["images"][0]["name"] == f"{origin.host}/acme/api"


def test_a_mirror_without_the_evidence_is_not_believed(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """Rule 28: the mirror has the image and lists nothing; the registry has the signatures."""
    origin = serve(SIGNED)
    mirror = serve(SIGNED)
    mirror.repositories["acme/api"].referrers.clear()
    assert run(origin.host, mirror.host).code == 0


def test_an_empty_mirror_of_a_registry_that_is_out_of_reach_is_not_absence(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """Rule 28."""
    mirror = serve(SIGNED)
    mirror.repositories["acme/api"].referrers.clear()
    assert run(DOWN, mirror.host).code == 3


@pytest.mark.parametrize("body", [b"", b'{"errors": [{"code": "NAME_UNKNOWN"}]}'])
@pytest.mark.parametrize("lists", [True, False])
def test_a_registry_without_the_image_that_a_mirror_has_says_nothing_of_it(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran], body: bytes, *, lists: bool
) -> None:
    """Rule 28: it hides a private repository from whoever asks, or lacks it; that is not "unsigned", and no complete
    look (rule 27). What the mirror lists counts then, as where the registry is out of reach.
    """

    def hiding(path: str) -> Response | None:
        return None if lists and "/referrers/" in path else Response(status=404, body=body)

    hidden = serve(UNSIGNED, intercept=hiding)
    ran = run(hidden.host, serve(UNSIGNED).host, policy="signature")
    assert ran.code == 4
    assert f"{hidden.host}/acme/api: digest sha256:" in ran.out
    hidden = serve(UNSIGNED, intercept=hiding)
    assert run(hidden.host, serve(SIGNED).host, policy="signature").code == 0
    assert run(hidden.host, serve(SIGNED).host).code == 4, "agents: the registry may hold what contradicts"


def test_a_registry_that_forbids_its_tags_and_the_image_too_says_nothing_of_it(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """That 403 is a tag's absence is the word of a registry that lets the image be read."""
    origin = serve(UNSIGNED, intercept=lambda path: Response(status=403 if "/manifests/" in path else 404))
    settings = 'forbidden-tag = "absent"\n'
    assert run(origin.host, serve(UNSIGNED).host, settings=settings, policy="signature").code == 4


def test_an_unsigned_image_is_unsigned_when_the_registry_says_so(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    assert run(serve(UNSIGNED).host, serve(UNSIGNED).host).code == 1


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_mirror_that_refuses_costs_nothing_but_time(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran], status: int
) -> None:
    refusing = serve(SIGNED, intercept=lambda _: Response(status=status))
    assert run(serve(SIGNED).host, DOWN, refusing.host).code == 0


def test_a_mirror_that_is_out_of_reach_is_asked_once(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    mirror = serve(SIGNED, intercept=lambda _: Response(status=503))
    assert run(serve(SIGNED).host, mirror.host).code == 0
    assert len({request.path for request in mirror.requests}) == 1


def test_a_mirror_that_serves_other_bytes_is_found_out(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """Section 9: a body counts by its digest, wherever it comes from."""
    lying = serve(SIGNED, intercept=lambda path: Response(body=b"{}") if "/blobs/" in path else None)
    assert run(serve(SIGNED).host, lying.host).code == 0


def test_a_mirror_hides_nothing_behind_another_media_type(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """Rule 27: no digest covers the Content-Type; bytes that were listed are evidence, for and against."""
    case = LAB / "two-scans-one-critical"
    origin, mirror = serve(case), serve(case)
    alone = run(origin.host, DOWN, policy="scanned")
    repository = mirror.repositories["acme/api"]
    for entry in (entry for listed in repository.referrers.values() for entry in listed):
        told = repository.manifests[entry["digest"]]
        repository.manifests[entry["digest"]] = OCI_INDEX
        ran = run(origin.host, mirror.host, policy="scanned")
        assert (ran.code, ran.failed) == (alone.code, alone.failed) == (1, ("attestations.vuln",))
        repository.manifests[entry["digest"]] = told


def test_a_mirror_may_have_a_prefix(serve: Callable[..., RegistryServer], run: Callable[..., Ran]) -> None:
    mirror = serve(SIGNED)
    mirror.repositories["cache/acme/api"] = mirror.repositories.pop("acme/api")
    origin = serve(SIGNED)
    assert run(origin.host, f"{mirror.host}/cache").code == 0
    assert not [request for request in origin.requests if "/blobs/" in request.path]


def test_what_a_mirror_lists_counts_where_the_registry_cannot_be_reached(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """Rule 27: a signature that is there and holds, holds; what only a complete listing tells stays open."""
    mirror = serve(SIGNED)
    ran = run(DOWN, mirror.host, policy="signature")
    assert ran.code == 0
    places = {(entry["place"], entry["repository"]): entry for entry in ran.report["images"][0]["ledger"]}
    assert places["referrers-api", None]["complete"] is False
    assert places["referrers-api", f"{mirror.host}/acme/api"]["found"] == 2
    assert run(DOWN, mirror.host).code == 3, "agents: the registry may hold what contradicts"
    assert run(DOWN, serve(UNSIGNED).host, policy="signature").code == 3, "a mirror's silence is no absence"


def test_what_a_mirror_has_of_another_repository_counts_there_too(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    """A --signature-repository in a registry that cannot be reached is looked for in that registry's mirrors."""
    mirror = serve(LAB / "keyed-legacy")
    image = mirror.repositories["acme/api"]
    mirror.repositories["acme/signatures"] = Repository(LAB / "keyed-legacy")
    image.tags = {"v1": image.tags["v1"]}
    assert run(DOWN, mirror.host, policy="key").code == 3
    ran = run(DOWN, mirror.host, policy="key", more=("--signature-repository", f"{DOWN}/acme/signatures"))
    assert ran.code == 0


def test_a_mirror_by_tags_alone_counts_too(serve: Callable[..., RegistryServer], run: Callable[..., Ran]) -> None:
    mirror = serve(SIGNED, referrers_api=False)
    assert run(DOWN, mirror.host, policy="signature").code == 0


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_mirror_that_cannot_be_looked_at_changes_nothing(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran], status: int
) -> None:
    """Neither its refusal (4) nor its word that there is nothing (1): the registry itself may answer later."""
    mirror = serve(SIGNED, intercept=lambda path: Response(status=status) if "sha256" in path else None)
    assert run(DOWN, mirror.host, policy="signature").code == 3


@pytest.mark.parametrize("gone", ["/manifests/sha256:", "/blobs/"])
def test_a_mirror_that_lists_more_than_it_has_changes_nothing(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran], gone: str
) -> None:
    """What is missing there is no gap of its own: that of the registry, which may answer later (3), is."""
    mirror = serve(SIGNED)
    repository = mirror.repositories["acme/api"]
    image = repository.tags["v1"]
    listed = repository.referrers[image]
    mirror.intercept = lambda path: Response(status=404) if gone in path and not path.endswith(image) else None
    ran = run(DOWN, mirror.host, policy="signature")
    assert ran.code == 3
    lacks = [entry for entry in ran.report["images"][0]["ledger"] if entry["status"] == 404]
    assert {entry["repository"] for entry in lacks if not entry["complete"]} == {f"{mirror.host}/acme/api"}
    assert len(lacks) >= len(listed)


def test_a_mirror_that_does_not_know_the_repository_is_no_signature_repository(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    unknown = Response(status=404, body=b'{"errors": [{"code": "NAME_UNKNOWN"}]}')
    mirror = serve(SIGNED, intercept=lambda path: unknown if "sha256" in path else None)
    ran = run(DOWN, mirror.host, policy="signature")
    assert ran.code == 3
    assert "--signature-repository" not in ran.out


def test_a_mirror_that_is_out_of_reach_is_not_asked_for_listings(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    mirror = serve(SIGNED, intercept=lambda _: Response(status=503))
    origin = serve(SIGNED, intercept=lambda path: Response(status=503) if "/referrers/" in path else None)
    assert run(origin.host, mirror.host, policy="signature").code == 3
    assert len({request.path for request in mirror.requests}) == 1


def test_whether_a_repository_is_there_the_registry_itself_says(serve: Callable[..., RegistryServer]) -> None:
    origin, mirror = serve(SIGNED), serve(SIGNED)
    settings = {origin.host: RegistrySettings(mirrors=(mirror.host,))}
    sources = Sources(limits=Limits(), deadline=Deadline(20), settings=settings)
    assert sources.open(parse_reference(f"{origin.host}/acme/api:v1")).known()
    assert not sources.open(parse_reference(f"{origin.host}/acme/nothing:v1")).known()
    assert mirror.requests == ()


def test_a_mirror_is_asked_for_no_listing_where_the_registry_answers(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    mirror = serve(SIGNED)
    assert run(serve(SIGNED).host, mirror.host).code == 0
    assert not [request for request in mirror.requests if "/referrers/" in request.path or "/sha256-" in request.path]


def forbidding(path: str) -> Response | None:
    """Artifactory's answer for a tag that is not there, as sigstore/cosign#2973 reports it."""
    return Response(status=403) if "/manifests/sha256-" in path else None


def test_a_forbidden_tag_is_access_denied_and_says_what_to_do(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    origin = serve(SIGNED, intercept=forbidding)
    ran = run(origin.host, DOWN)
    assert ran.code == 4
    assert f'[registries."{origin.host}"] forbidden-tag = "absent"' in ran.out


def test_a_forbidden_tag_is_absent_where_the_policy_says_so(
    serve: Callable[..., RegistryServer], run: Callable[..., Ran]
) -> None:
    for layout, code in ((SIGNED, 0), (UNSIGNED, 1)):
        ran = run(serve(layout, intercept=forbidding).host, settings='forbidden-tag = "absent"\n')
        assert ran.code == code
        tags = [entry for entry in ran.report["images"][0]["ledger"] if entry["place"].startswith("cosign-")]
        assert [(entry["status"], entry["complete"]) for entry in tags] == [(403, True)] * 3
        assert {entry["absent_by"] for entry in tags} == {"forbidden-tag"}
        says = "by the policy 403 means that nothing is there (forbidden-tag): referrers-tag, cosign-sig"
        assert says in ran.out
    ran = run(serve(UNSIGNED).host, settings='forbidden-tag = "absent"\n')
    assert ran.code == 1
    assert {entry["absent_by"] for entry in ran.report["images"][0]["ledger"]} == {None}


def test_a_forbidden_image_is_never_absent(serve: Callable[..., RegistryServer], run: Callable[..., Ran]) -> None:
    origin = serve(SIGNED, intercept=lambda path: Response(status=403) if "/manifests/v1" in path else None)
    assert run(origin.host, settings='forbidden-tag = "absent"\n').code == 4
