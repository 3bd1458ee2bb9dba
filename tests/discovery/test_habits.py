"""How known registries list what is attached, each simulated from the report that it names. None is a recording.

What is simulated is the answers to the listing and the tags; the images are the lab's, signed by real tools.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import LAB, Ran, policy_path
from tests.registry_server import OCI_INDEX, RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.registry_server import Repository

SIGNED, UNSIGNED = LAB / "agent-signed", LAB / "unsigned"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
HTML = Response(body=b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """One registry: what it answers to the listing, given what it holds and the digest; `tag` to the referrers tag.

    `unsigned` is the exit code for an image with nothing attached.
    """

    name: str
    source: str
    listing: Callable[[Repository, str], Response]
    tag: Callable[[Repository, str], Response | None] = lambda *_: None
    tags_only: bool = True
    unsigned: int = 1


def _says(status: int, code: str = "", media_type: str = "application/json") -> Callable[[Repository, str], Response]:
    body = json.dumps({"errors": [{"code": code}]}).encode() if code else b"404 page not found\n"
    return lambda *_: Response(status=status, body=body, headers={"Content-Type": media_type})


def _index(
    *, headers: dict[str, str] | None = None, drop: tuple[str, ...] = (), **fields: Any
) -> Callable[[Repository, str], Response]:
    """The listing with these fields in each descriptor in place of its own."""

    def answer(repository: Repository, digest: str) -> Response:
        document = json.loads(repository.listing(digest))
        document["manifests"] = [{**item, **fields} for item in document["manifests"]]
        for item in (document, *document["manifests"]):
            for key in drop:
                item.pop(key, None)
        return Response(body=json.dumps(document).encode(), headers={"Content-Type": OCI_INDEX, **(headers or {})})

    return answer


def _empty(*_: object, **headers: str) -> Response:
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
    return Response(body=body, headers={"Content-Type": OCI_INDEX, **headers})


def _subject_itself(repository: Repository, digest: str) -> Response:
    return Response(body=repository.blobs[digest], headers={"Content-Type": repository.manifests[digest]})


HABITS = [
    Habit(
        name="distribution 2",
        source="registry 2.8.2, as Debian ships it: the path is not routed",
        listing=_says(404, media_type="text/plain; charset=utf-8"),
    ),
    Habit(
        name="distribution 3",
        source="distribution/distribution 4828, the API's pull request, open",
        listing=_says(404, media_type="text/plain; charset=utf-8"),
    ),
    Habit(
        name="Docker Hub",
        source="sigstore/cosign 4641 names it as one with the API",
        listing=_index(),
        tags_only=False,
    ),
    Habit(
        name="Docker Hardened Images",
        source="kyverno/kyverno 17343: 404 at dhi.io",
        listing=_says(404, "NOT_FOUND"),
    ),
    Habit(
        name="GitHub's, 404 and a wrong artifactType in the referrers tag",
        source="NVIDIA/aicr 1957, sigstore/cosign 4641",
        listing=_says(404, "MANIFEST_UNKNOWN"),
        tag=_index(artifactType=EMPTY_TYPE),
    ),
    Habit(name="GitHub's, an empty listing", source="sbomify/sbomify 1530", listing=_empty),
    Habit(
        name="GitHub's, to its web site",
        source="artifacthub/hub 4785: 303 to github.com",
        listing=lambda *_: Response(status=303, headers={"Location": "/-/v2/elsewhere"}),
    ),
    Habit(
        name="Google Artifact Registry",
        source="kubernetes-sigs/promo-tools 1945: 200",
        listing=_index(),
        tags_only=False,
    ),
    Habit(
        name="Google Artifact Registry, its login page",
        source="oras-project/oras-go 633: redirected to HTML with 200; without a referrers tag it says nothing",
        listing=lambda *_: HTML,
        unsigned=4,
    ),
    Habit(name="Quay", source="quay/quay 3071: 400 in place of 404", listing=_says(400, "MANIFEST_INVALID")),
    Habit(
        name="Harbor before 2.8",
        source="goharbor/harbor 18413 and 18407: no schemaVersion, no filter header",
        listing=_index(drop=("schemaVersion", "mediaType")),
        tags_only=False,
    ),
    Habit(
        name="Harbor, a proxy cache",
        source="goharbor/harbor 20808: referrers are not forwarded; what is known by tag is",
        listing=_empty,
    ),
    Habit(
        name="Azure Container Registry",
        source="Azure/acr 784: no artifactType for what some tools pushed",
        listing=_index(drop=("artifactType", "annotations")),
        tags_only=False,
    ),
    Habit(
        name="zot",
        source="zot's documentation, OCI-Filters-Applied; older versions an annotation",
        listing=_index(headers={"OCI-Filters-Applied": "artifactType"}),
        tags_only=False,
    ),
    Habit(
        name="Amazon ECR, before it had the API",
        source="sigstore/sigstore-js 1183: OCI-Subject on a push, and 404",
        listing=lambda *_: Response(status=404, headers={"OCI-Subject": "sha256:" + "0" * 64}),
    ),
    Habit(name="Amazon ECR, a false 200", source="sigstore/sigstore-js 1187", listing=_empty),
    Habit(name="another, 406", source="cli/cli rewrites 406 to 404", listing=_says(406, "UNSUPPORTED")),
]


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_what_a_known_registry_holds_is_found_whatever_its_habits(habit: Habit, verify: Callable[..., Ran]) -> None:
    for folder, code in ((SIGNED, 0), (UNSIGNED, habit.unsigned)):
        with RegistryServer({"acme/api": folder}, referrers_api=not habit.tags_only) as server:
            repository = server.repositories["acme/api"]

            def answer(path: str, repository: Repository = repository) -> Response | None:
                name = path.rpartition("/")[2]
                if "/referrers/" in path:
                    return habit.listing(repository, name)
                if "/manifests/sha256-" in path and "." not in name and repository.referrers:
                    return habit.tag(repository, name.replace("-", ":"))
                return None

            server.intercept = answer
            ran = verify(f"{server.host}/acme/api:v1", policy=policy_path("signature"))
        assert ran.code == code, ran.out
        listing = next(entry for entry in ran.report["images"][0]["ledger"] if entry["place"] == "referrers-api")
        assert listing["complete"] is (ran.code != 4)


@pytest.mark.parametrize("case", ["index-signed-children-not", "agent-signed"])
def test_gitlabs_referrers_tag_is_the_image_itself_and_lists_nothing(case: str, verify: Callable[..., Ran]) -> None:
    """oras-project/oras-go 1396: the children of an index would look like referrers."""
    with RegistryServer({"acme/api": LAB / case}, referrers_api=False) as server:
        repository = server.repositories["acme/api"]

        def answer(path: str) -> Response | None:
            name = path.rpartition("/")[2]
            return _subject_itself(repository, name.replace("-", ":")) if name.startswith("sha256-") else None

        server.intercept = lambda path: answer(path) if "." not in path.rpartition("/")[2] else None
        ran = verify(f"{server.host}/acme/api:v1", policy=policy_path("signature"))
    assert (ran.code, ran.failed) == (1, ("signature",)), "what is attached cannot be found there"
    tag = next(entry for entry in ran.report["images"][0]["ledger"] if entry["place"] == "referrers-tag")
    assert (tag["status"], tag["found"], tag["complete"]) == (200, 0, True)


def test_blobs_and_manifests_on_another_host_are_found(verify: Callable[..., Ran]) -> None:
    """kubernetes-sigs/promo-tools 1945: registry.k8s.io redirects manifests and blobs to the registry behind it."""
    with RegistryServer({"acme/api": SIGNED}) as behind, RegistryServer({}) as front:

        def redirect(path: str) -> Response | None:
            if "/referrers/" in path:
                return Response(status=404)
            return Response(status=307, headers={"Location": f"{behind.url}{path}"})

        front.intercept = redirect
        behind.intercept = lambda path: _tag_listing(behind, path)
        ran = verify(f"{front.host}/acme/api:v1", policy=policy_path("signature"))
    assert ran.code == 0, ran.out


def _tag_listing(server: RegistryServer, path: str) -> Response | None:
    name = path.rpartition("/")[2]
    if not name.startswith("sha256-") or "." in name:
        return None
    return _index()(server.repositories["acme/api"], name.replace("-", ":"))
