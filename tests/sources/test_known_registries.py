"""How known registries ask for credentials, each simulated from the documentation that it names. None is a recording.

What is simulated is the way in: which host asks for what, where its token service is, and what that takes. The image
behind it, and what is attached, is the lab's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import LAB, Ran, policy_path
from tests.network import Network, TokenService, auth, basic_auth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SECRET = "hunter2"
SIGNED = LAB / "agent-signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One registry: what is typed, where it answers, and how it asks.

    `realm` is the token service's host, "" for the registry's own. `challenge` with `{scope}`, "" for Basic; `greeting`
    is that of `/v2/`, where it differs. `user` is who its documentation says logs in, `key` how docker writes it into
    `auths`. `identity` says that it is known by an identity token.
    """

    name: str
    source: str
    host: str
    api: str = ""
    repository: str = "acme/api"
    challenge: str = ""
    greeting: str = ""
    realm: str = ""
    path: str = "/token"
    user: str
    key: str = ""
    field_name: str = "token"
    identity: bool = False
    referrers_api: bool = True


KNOWN = [
    Known(
        name="Docker Hub",
        source="distribution, Token Authentication Specification (its example is Docker Hub's); docker login's key",
        host="docker.io",
        api="registry-1.docker.io",
        challenge='Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="{scope}"',
        realm="auth.docker.io",
        user="acme",
        key="https://index.docker.io/v1/",
    ),
    Known(
        name="Docker Hub, short name",
        source="the same; Docker's reference grammar",
        host="api",
        api="registry-1.docker.io",
        repository="library/api",
        challenge='Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="{scope}"',
        realm="auth.docker.io",
        user="acme",
        key="https://index.docker.io/v1/",
    ),
    Known(
        name="GitHub's",
        source="devcontainers/cli 341 quotes the challenge; referrers API 404: NVIDIA/aicr 1957",
        host="ghcr.io",
        challenge='Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="{scope}"',
        user="acme",
        referrers_api=False,
    ),
    Known(
        name="Amazon ECR",
        source="Amazon ECR user guide, 'Private registry authentication' (user AWS); wom.icu quotes its challenge",
        host="123456789012.dkr.ecr.us-east-1.amazonaws.com",
        user="AWS",
    ),
    Known(
        name="Google Artifact Registry",
        source="apple/container 2274 quotes the challenge; Google's 'Configure authentication for Docker'",
        host="us-docker.pkg.dev",
        challenge='Bearer realm="https://us-docker.pkg.dev/v2/token",service="us-docker.pkg.dev",scope="{scope}"',
        greeting='Bearer realm="https://us-docker.pkg.dev/v2/token"',
        path="/v2/token",
        user="oauth2accesstoken",
    ),
    Known(
        name="Google, service without quotes",
        source="cloudflare/serverless-registry 122 quotes gcr.io's challenge",
        host="gcr.io",
        challenge='Bearer realm="https://gcr.io/v2/token",service=gcr.io',
        path="/v2/token",
        user="_json_key",
    ),
    Known(
        name="GitLab, realm on another host",
        source="artifact-keeper 3591 quotes a self-managed one's; GitLab's documentation, 'Container registry'",
        host="registry.gitlab.com",
        challenge='Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="{scope}"',
        realm="gitlab.com",
        path="/jwt/auth",
        user="gitlab-ci-token",
        referrers_api=False,
    ),
    Known(
        name="Harbor",
        source="goharbor/harbor 7944 (/service/token, harbor-registry) and 7111 (robot$ users)",
        host="harbor.acme.example",
        challenge='Bearer realm="https://harbor.acme.example/service/token",service="harbor-registry",scope="{scope}"',
        path="/service/token",
        user="robot$gate",
    ),
    Known(
        name="Quay, without scope",
        source="quay/mirror-registry 71 (/v2/auth), OctopusDeploy 5076 (no scope), Quay's documentation (robot users)",
        host="quay.io",
        challenge='Bearer realm="https://quay.io/v2/auth",service="quay.io"',
        path="/v2/auth",
        user="acme+gate",
    ),
    Known(
        name="Azure, refresh token",
        source="Azure Container Registry REST API, 'Access Tokens - Get' (POST, access_token alone)",
        host="acme.azurecr.io",
        challenge='Bearer realm="https://acme.azurecr.io/oauth2/token",service="acme.azurecr.io",scope="{scope}"',
        path="/oauth2/token",
        user="00000000-0000-0000-0000-000000000000",
        field_name="access_token",
        identity=True,
    ),
    Known(
        name="Azure, password",
        source="Azure Container Registry REST API, 'Access Tokens - Get From Login' (GET, Basic)",
        host="acme.azurecr.io",
        challenge='Bearer realm="https://acme.azurecr.io/oauth2/token",service="acme.azurecr.io",scope="{scope}"',
        path="/oauth2/token",
        user="acme",
        field_name="access_token",
    ),
    Known(
        name="Scaleway, realm on another site",
        source="apple/container 2268 names both hosts",
        host="rg.fr-par.scw.cloud",
        challenge='Bearer realm="https://api.scaleway.com/registry/tokens",service="registry",scope="{scope}"',
        realm="api.scaleway.com",
        path="/registry/tokens",
        user="nologin",
    ),
]
each_registry = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with Network(tmp_path, monkeypatch) as made:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority.file))
        yield made


def serve(network: Network, known: Known) -> TokenService:
    """The registry on the network."""
    service = TokenService(
        challenge=known.challenge,
        greeting=known.greeting,
        path=known.path,
        accounts={} if known.identity else {known.user: SECRET},
        identity_tokens=(SECRET,) if known.identity else (),
        private=(known.repository,),
        field_name=known.field_name,
    )
    options: dict[str, Any] = {"referrers_api": known.referrers_api}
    layouts = {known.repository: SIGNED}
    host = known.api or known.host
    if not known.challenge:
        guard = basic_auth(known.user, SECRET, f"https://{host}/")
        network.add(host, layouts, guard=guard, **options)
    elif known.realm:
        network.add(host, layouts, guard=service.protect, **options)
        network.add(known.realm, {}, guard=service.serve)
    else:
        network.add(host, layouts, guard=service.both, **options)
    return service


def entry(known: Known, secret: str = SECRET) -> Mapping[str, str]:
    if known.identity:
        return {"auth": auth(known.user, ""), "identitytoken": secret}
    return {"auth": auth(known.user, secret)}


def log_in(known: Known, monkeypatch: pytest.MonkeyPatch, secret: str = SECRET) -> None:
    config = {"auths": {known.key or known.host: entry(known, secret)}}
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps(config))


def typed(known: Known) -> str:
    return "api:v1" if known.host == "api" else f"{known.host}/{known.repository}:v1"


@each_registry
def test_a_private_image_is_judged_with_credentials(
    known: Known, network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(network, known)
    log_in(known, monkeypatch)
    ran = verify(typed(known), policy=policy_path("production"))
    assert ran.code == 0, ran.out
    image = ran.report["images"][0]
    assert image["credentials"] == f"DOCKER_AUTH_CONFIG ({known.key or known.host})"
    if known.challenge:
        assert service.used == ["refresh_token" if known.identity else "basic"], "one token for everything"


@each_registry
def test_without_credentials_it_is_undecided_and_says_so(
    known: Known, network: Network, verify: Callable[..., Ran]
) -> None:
    serve(network, known)
    ran = verify(typed(known), policy=policy_path("production"))
    assert (ran.code, ran.report["verdict"]) == (4, "undecided")
    error = ran.report["images"][0]["error"]
    assert error["code"] == "access-denied"
    assert "no credentials were used: none were given" in error["message"]
    assert "--registry-username" in error["message"]


@each_registry
def test_with_wrong_credentials_it_is_undecided_and_says_whose(
    known: Known, network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve(network, known)
    log_in(known, monkeypatch, "wrong")
    ran = verify(typed(known), policy=policy_path("production"))
    assert (ran.code, ran.report["verdict"]) == (4, "undecided")
    image = ran.report["images"][0]
    assert image["error"]["code"] == "access-denied"
    assert f"the credentials from DOCKER_AUTH_CONFIG ({known.key or known.host}) were refused" in ran.out
    assert image["credentials"] == f"DOCKER_AUTH_CONFIG ({known.key or known.host})"
    assert "wrong" not in ran.out + ran.err + json.dumps(ran.report)
    assert service.used == []


@pytest.mark.parametrize("known", [item for item in KNOWN if item.challenge], ids=lambda known: known.name)
def test_a_public_image_is_judged_without_credentials(
    known: Known, network: Network, verify: Callable[..., Ran]
) -> None:
    service = serve(network, known)
    service.private = ()
    ran = verify(typed(known), policy=policy_path("production"))
    assert ran.code == 0, ran.out
    assert ran.report["images"][0]["credentials"] is None
    assert service.used == ["anonymous"]


def test_gitlabs_job_reads_the_projects_own_registry_without_settings(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitLab's documentation, "Predefined CI/CD variables"."""
    known = next(item for item in KNOWN if item.realm == "gitlab.com")
    serve(network, known)
    monkeypatch.setenv("CI_REGISTRY", "registry.gitlab.com")
    monkeypatch.setenv("CI_REGISTRY_USER", "gitlab-ci-token")
    monkeypatch.setenv("CI_REGISTRY_PASSWORD", SECRET)
    ran = verify(typed(known), policy=policy_path("production"))
    assert (ran.code, ran.report["images"][0]["credentials"]) == (0, "CI_REGISTRY_PASSWORD")


def test_a_registry_that_lets_anybody_in_and_hides_the_rest_is_asked_with_credentials(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As registries with anonymous access do (Artifactory, Nexus: docker asks `/v2/` before anything else)."""
    admits = basic_auth("acme", SECRET)

    def guard(request: Any) -> Any:
        denied = admits(request)
        if denied is None or request.path == "/v2/":
            return denied
        return type(denied)(status=404, body=b"{}")

    registry = network.add("registry.example", {"acme/api": SIGNED}, guard=guard)
    config = {"auths": {"registry.example": {"username": "acme", "password": SECRET}}}
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps(config))
    digest = next(iter(json.loads((SIGNED / "index.json").read_bytes())["manifests"]))["digest"]
    for reference in ("registry.example/acme/api:v1", f"registry.example/acme/api@{digest}"):
        ran = verify(reference, policy=policy_path("production"))
        assert ran.code == 0, ran.out
    assert [request.path for request in registry.requests].count("/v2/") == 2, "once a run"
    monkeypatch.delenv("DOCKER_AUTH_CONFIG")
    ran = verify("registry.example/acme/api:v1", policy=policy_path("production"))
    assert (ran.code, ran.report["images"][0]["error"]["code"]) == (4, "not-found")
    assert "no credentials were used" in ran.out
