"""--signature-repository: what cosign put elsewhere by COSIGN_REPOSITORY is found, and counts for its image alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import LAB, Ran, policy_path
from tests.images import Layout, bundle, policy
from tests.registry_server import OCI_INDEX, RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = policy_path("signature")


class Apart:
    """An image in one repository, and another that holds what is signed about images."""

    def __init__(self, folder: Path) -> None:
        self.own = Layout(folder / "own")
        self.other = Layout(folder / "other")
        self.image = self.own.image("x", tag="v1")
        self.folders = {"acme/api": self.own.folder, "acme/signatures": self.other.folder}

    def sign(self, about: dict[str, Any] | None = None) -> None:
        """As cosign 3 does: a referrer of a digest that is not in that repository."""
        self.other.attach(self.image, bundle((about or self.image)["digest"]))


@pytest.fixture
def apart(tmp_path: Path) -> Apart:
    return Apart(tmp_path)


@pytest.mark.parametrize("referrers_api", [True, False])
def test_what_is_attached_in_another_repository_is_found(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran], *, referrers_api: bool
) -> None:
    apart.sign()
    with RegistryServer(apart.folders, referrers_api=referrers_api, token=True) as server:
        reference, elsewhere = f"{server.host}/acme/api:v1", f"{server.host}/acme/signatures"
        assert verify(reference, policy=policy(tmp_path)).code == 1
        ran = verify(reference, "--signature-repository", elsewhere, policy=policy(tmp_path))
    assert ran.code == 0, ran.out
    assert f"looked at in {elsewhere}" in ran.out
    assert {entry["repository"] for entry in ran.report["images"][0]["ledger"]} == {None, elsewhere}


def test_the_images_own_repository_is_looked_at_too(apart: Apart, tmp_path: Path, verify: Callable[..., Ran]) -> None:
    """Where cosign looks in the other one alone, gate takes the union, as everywhere."""
    apart.own.sign(apart.image)
    with RegistryServer(apart.folders) as server:
        elsewhere = f"{server.host}/acme/signatures"
        ran = verify(f"{server.host}/acme/api:v1", "--signature-repository", elsewhere, policy=policy(tmp_path))
    assert ran.code == 0


def test_a_signature_of_another_image_that_is_kept_there_does_not_count(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    apart.sign(about=apart.own.image("another"))
    with RegistryServer(apart.folders) as server:
        elsewhere = f"{server.host}/acme/signatures"
        ran = verify(f"{server.host}/acme/api:v1", "--signature-repository", elsewhere, policy=policy(tmp_path))
    assert (ran.code, ran.failed) == (1, ("signature",))


@pytest.mark.parametrize(("status", "code"), [(503, 3), (403, 4)])
def test_another_repository_that_cannot_be_read_is_undecided_and_never_unsigned(
    status: int, code: int, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=status) if "/acme/signatures/" in path else None

    with RegistryServer(apart.folders, intercept=refuse) as server:
        elsewhere = f"{server.host}/acme/signatures"
        where = ("--signature-repository", elsewhere, "--timeout", "10s")
        ran = verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path))
        assert ran.code == code
        apart.own.sign(apart.image)
    with RegistryServer(apart.folders, intercept=refuse) as server:
        elsewhere = f"{server.host}/acme/signatures"
        ran = verify(f"{server.host}/acme/api:v1", "--signature-repository", elsewhere, policy=policy(tmp_path))
    assert ran.code == 0, "what was found stands"


@pytest.mark.parametrize("referrers_api", [True, False])
def test_a_repository_that_the_registry_does_not_know_is_undecided_and_never_unsigned(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran], *, referrers_api: bool
) -> None:
    """A typing mistake in the flag, or a repository that is hidden: the registry answers NAME_UNKNOWN."""
    with RegistryServer(apart.folders, referrers_api=referrers_api, token=True) as server:
        reference, mistaken = f"{server.host}/acme/api:v1", f"{server.host}/acme/signature"
        ran = verify(reference, "--signature-repository", mistaken, policy=policy(tmp_path))
        assert (ran.code, ran.report["verdict"]) == (4, "undecided")
        assert f"--signature-repository {mistaken}: its registry knows no such repository" in ran.out
        assert "do        compare --signature-repository with the COSIGN_REPOSITORY of the job that signs" in ran.out
        (there,) = (entry for entry in ran.report["images"][0]["ledger"] if entry["repository"] == mistaken)
        assert (there["place"], there["status"], there["complete"]) == ("repository", 404, False)
        assert there["asked"] == mistaken
        apart.own.sign(apart.image)
    with RegistryServer(apart.folders, referrers_api=referrers_api) as server:
        where = ("--signature-repository", f"{server.host}/acme/signature")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 0, "what was found stands"


def test_a_listing_that_is_empty_for_any_name_says_nothing_of_the_repository(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """The distribution-spec forbids a 404 to registries with the API, so that some list nothing for any name."""

    def list_nothing(path: str) -> Response | None:
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
        return Response(body=index, headers={"Content-Type": OCI_INDEX}) if "/referrers/" in path else None

    with RegistryServer(apart.folders, intercept=list_nothing) as server:
        for name, code in (("acme/signature", 4), ("acme/signatures", 1)):
            where = ("--signature-repository", f"{server.host}/{name}")
            assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == code


def _as_distribution(path: str) -> Response | None:
    """Of a tag it says the same whether or not there is such a repository (docker-registry 2.8.2, by interop)."""
    body = json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]}).encode()
    return Response(status=404, body=body) if "/manifests/sha256-" in path else None


def test_a_registry_that_tells_only_by_its_list_of_tags_is_asked_for_it(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    with RegistryServer(apart.folders, referrers_api=False, token=True, intercept=_as_distribution) as server:
        for name, code in (("acme/signature", 4), ("acme/signatures", 1)):
            where = ("--signature-repository", f"{server.host}/{name}")
            ran = verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path))
            assert (ran.code, "knows no such repository" in ran.out) == (code, code == 4)
        assert sum("/tags/list" in request.path for request in server.requests if request.authorization) == 2
        server.forget()
        assert verify(f"{server.host}/acme/api:v1", policy=policy(tmp_path)).code == 1
        assert not any("/tags/list" in request.path for request in server.requests), "the image's own is there"


@pytest.mark.parametrize(("name", "code"), [("acme/signature", 4), ("acme/signatures", 1)])
def test_harbor_says_of_a_repository_that_it_does_not_have_in_words_of_its_own(
    name: str, code: int, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """Its 404 is NOT_FOUND for a tag and for a repository (cue-lang/cue 2982), and what refers to an image that the
    repository does not have is `{}` (goharbor/harbor, src/server/registry/referrers.go).
    """

    def as_harbor(path: str) -> Response | None:
        if "/acme/api/" in path or path.startswith("/v2/acme/signatures/tags/list"):
            return None
        if "/referrers/" in path:
            return Response(body=b"{}\n", headers={"Content-Type": OCI_INDEX})
        return Response(status=404, body=json.dumps({"errors": [{"code": "NOT_FOUND"}]}).encode())

    with RegistryServer(apart.folders, intercept=as_harbor) as server:
        where = ("--signature-repository", f"{server.host}/{name}")
        ran = verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path))
    assert (ran.code, "knows no such repository" in ran.out) == (code, code == 4)


def test_nothing_in_a_repository_is_no_answer_to_whoever_may_have_had_a_credential_for_it(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration in its usual place that cannot be read is passed over; what it held nobody knows."""
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    monkeypatch.setenv("HOME", str(tmp_path))
    with RegistryServer(apart.folders) as server:
        reference, where = f"{server.host}/acme/api:v1", f"{server.host}/acme/signatures"
        ran = verify(reference, "--signature-repository", where, policy=policy(tmp_path))
        assert ran.code == 4
        assert "~/.docker/config.json is not a JSON object" in ran.out
        assert verify(reference, policy=policy(tmp_path)).code == 1


@pytest.mark.parametrize("referrers_api", [True, False])
def test_nothing_in_a_repository_is_no_answer_to_whoever_lost_the_credentials_for_it(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, *, referrers_api: bool
) -> None:
    """A helper that fails leaves nobody in particular, from whom a registry may hide what is private."""
    with RegistryServer(apart.folders, referrers_api=referrers_api) as server:
        reference, where = f"{server.host}/acme/api:v1", f"{server.host}/acme/signatures"
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"credsStore": "nowhere"}))
        ran = verify(reference, "--signature-repository", where, policy=policy(tmp_path))
        assert ran.code == 4
        assert "docker-credential-nowhere is not installed here" in ran.out
        assert verify(reference, policy=policy(tmp_path)).code == 1, "whoever may read an image may read its tags"
        apart.sign()
    with RegistryServer(apart.folders, referrers_api=referrers_api) as server:
        reference, where = f"{server.host}/acme/api:v1", f"{server.host}/acme/signatures"
        assert verify(reference, "--signature-repository", where, policy=policy(tmp_path)).code == 0


def test_where_something_is_found_nobody_asks_whether_the_repository_is_there(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    apart.sign()
    with RegistryServer(apart.folders) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 0
        assert not any("/tags/list" in request.path for request in server.requests)


@pytest.mark.parametrize(
    ("status", "code"), [(200, 1), (401, 1), (403, 1), (404, 1), (405, 1), (501, 1), (429, 3), (503, 3)]
)
def test_only_a_plain_no_says_that_there_is_no_such_repository(
    status: int, code: int, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """Who may not list tags may still read them; a list that will be there later is waited for."""

    def answer(path: str) -> Response | None:
        body = b"{}" if status in (200, 404) else b'{"errors": [{"code": "DENIED"}]}'
        return Response(status=status, body=body) if "/tags/list" in path else _as_distribution(path)

    with RegistryServer(apart.folders, intercept=answer) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == code


def test_a_list_of_tags_that_breaks_off_is_waited_for_too(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def answer(path: str) -> Response | None:
        return Response(raw=b"") if "/tags/list" in path else _as_distribution(path)

    with RegistryServer(apart.folders, intercept=answer) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 3


def test_what_no_evidence_is_read_from_does_not_make_a_repository_known(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """An `.sbom` tag is never evidence, so that its failure is no gap; nor does it stand for the other answers."""

    def failing(path: str) -> Response | None:
        return Response(status=503) if "/acme/signature/" in path and path.endswith(".sbom") else None

    with RegistryServer(apart.folders, intercept=failing) as server:
        where = ("--signature-repository", f"{server.host}/acme/signature")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 4


@pytest.mark.parametrize(("listed", "code"), [(200, 1), (403, 4), (404, 4)])
def test_tags_that_are_all_forbidden_are_absent_only_where_the_repository_can_be_read(
    listed: int, code: int, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """`forbidden-tag` is about a registry whose repository may be read; of another one nobody has read anything yet."""

    def forbidding(path: str) -> Response | None:
        if "/acme/signatures/" not in path:
            return None
        status = listed if "/tags/list" in path else 404 if "/referrers/" in path else 403
        return Response(status=status, body=b"{}")

    written = policy(tmp_path)
    with RegistryServer(apart.folders, intercept=forbidding) as server:
        written.write_text(f'{written.read_text()}[registries."{server.host}"]\nforbidden-tag = "absent"\n')
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        ran = verify(f"{server.host}/acme/api:v1", *where, policy=written)
    assert (ran.code, "every tag is forbidden (403)" in ran.out) == (code, code == 4)


def test_a_tag_that_is_plainly_not_there_shows_that_the_others_can_be_read(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def forbidding(path: str) -> Response | None:
        if "/acme/signatures/" not in path:
            return None
        forbidden = "/tags/list" in path or path.endswith((".sig", ".att"))
        return Response(status=403 if forbidden else 404, body=b"{}")

    written = policy(tmp_path)
    with RegistryServer(apart.folders, intercept=forbidding) as server:
        written.write_text(f'{written.read_text()}[registries."{server.host}"]\nforbidden-tag = "absent"\n')
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=written).code == 1


@pytest.mark.parametrize("listed", [401, 403, 503])
def test_tags_that_all_say_so_are_enough_to_tell_that_a_repository_is_not_there(
    listed: int, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def hiding(path: str) -> Response | None:
        return Response(status=listed) if "/tags/list" in path else None

    with RegistryServer(apart.folders, intercept=hiding) as server:
        where = ("--signature-repository", f"{server.host}/acme/signature")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 4


@pytest.mark.parametrize("error", [{"code": "MANIFEST_UNKNOWN", "message": "NAME_UNKNOWN"}, "NAME_UNKNOWN", {}, None])
def test_a_404_that_does_not_name_the_repository_is_absence(
    error: object, apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    body = b"" if error is None else json.dumps({"errors": [error]}).encode()

    def absent(path: str) -> Response | None:
        return Response(status=404, body=body) if "/acme/signatures/" in path and "/tags/" not in path else None

    with RegistryServer(apart.folders, intercept=absent) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 1


def test_the_images_own_repository_exists_whatever_its_registry_says_of_tags(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def unknown(path: str) -> Response | None:
        body = json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}).encode()
        return Response(status=404, body=body) if "/acme/api/manifests/sha256-" in path else None

    with RegistryServer(apart.folders, intercept=unknown) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=policy(tmp_path)).code == 1


def test_one_answer_that_knows_the_repository_is_enough(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def unknown(path: str) -> Response | None:
        body = json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}).encode()
        return Response(status=404, body=body) if "/signatures/manifests/" in path and ".sig" not in path else None

    with RegistryServer(apart.folders, intercept=unknown) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 1


def test_what_is_listed_there_counts_whatever_the_tags_say(
    apart: Apart, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    apart.sign()

    def unknown(path: str) -> Response | None:
        body = json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}).encode()
        return Response(status=404, body=body) if "/acme/signatures/manifests/sha256-" in path else None

    with RegistryServer(apart.folders, intercept=unknown) as server:
        where = ("--signature-repository", f"{server.host}/acme/signatures")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=policy(tmp_path)).code == 0


def test_cosigns_real_tags_are_found_there(verify: Callable[..., Ran]) -> None:
    """What cosign 2 pushed with a key: `.sig` and `.att`, here kept apart from the image."""
    layout = LAB / "keyed-legacy"
    with RegistryServer({"acme/api": layout, "acme/signatures": layout}) as server:
        server.intercept = lambda path: Response(status=404) if "/acme/api/manifests/sha256-" in path else None
        reference = f"{server.host}/acme/api:v1"
        assert verify(reference, policy=policy_path("key")).code == 1
        ran = verify(reference, "--signature-repository", f"{server.host}/acme/signatures", policy=policy_path("key"))
    assert ran.code == 0


def test_the_images_own_repository_is_not_asked_twice(verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        where = ("--signature-repository", f"{server.host}/acme/api")
        assert verify(f"{server.host}/acme/api:v1", *where, policy=POLICY).code == 0
        paths = [request.path for request in server.requests]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ghcr.io/acme/signatures:v1", "a repository without tag or digest"),
        (f"ghcr.io/acme/signatures@sha256:{'0' * 64}", "a repository without tag or digest"),
        ("oci:folder", "a repository without tag or digest"),
        ("ghcr.io", "name registry and repository"),
        ("localhost:5000", "a repository without tag or digest"),
        ("ghcr.io/Acme/signatures", "is not a repository name"),
        ("", "is not an image reference"),
    ],
)
def test_what_is_no_repository_is_2(name: str, message: str, verify: Callable[..., Ran]) -> None:
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        ran = verify(f"{server.host}/acme/api:v1", "--signature-repository", name, policy=POLICY)
        assert server.requests == ()
    assert ran.code == 2
    assert message in ran.err
    assert "--signature-repository" in ran.err


def test_a_layout_holds_what_is_attached_itself(verify: Callable[..., Ran]) -> None:
    ran = verify(f"oci:{LAB / 'agent-signed'}", "--signature-repository", "ghcr.io/acme/signatures", policy=POLICY)
    assert (ran.code, ran.report["images"]) == (2, [])
