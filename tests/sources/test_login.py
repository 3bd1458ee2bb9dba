"""How gate logs in to a registry: which challenge it answers with what, where that goes, and what it says of it."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from gate.errors import AccessDenied, CouldNotLook, InvalidUsage, Malformed, RateLimited, Unavailable
from gate.limits import Deadline, Limits
from gate.reference import parse_digest, parse_reference
from gate.sources.access import Access, AuthFile, Proxies
from gate.sources.manifest import Descriptor
from gate.sources.registry import Registries, RegistrySource
from gate.sources.registry import origin as origin_module
from gate.sources.registry.origin import Origin, is_metadata, origin
from gate.sources.registry.proxies import proxy_for
from gate.sources.registry.realm import realm_origin, takes_credentials
from tests.conftest import LAB
from tests.network import Network, Proxy, TokenService, basic, basic_auth, challenge
from tests.registry_server import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.registry_server import RegistryServer

SECRET = "hunter2"
LAYOUT = LAB / "many-attestations"
IMAGE = parse_digest("sha256:d7063dc0f5ad9cdf790a49fb4d1a00f2b9b5de26c9adde80f1677eec310f2d45")
BUNDLE = parse_digest("sha256:c1bc89242c42eb58a91d29d0f1b354b27eef267190dad1f069a43be33f25a892")
BLOB = Descriptor(media_type="", digest=BUNDLE, size=7624, artifact_type="", annotations={}, data=None)
HOST = "registry.acme.example"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with Network(tmp_path, monkeypatch) as made:
        yield made


def access(network: Network, entry: object | None = None, *, host: str = HOST, **more: Any) -> Access:
    """What a user who is logged in to `host` gives."""
    entry = {"username": "ada", "password": SECRET} if entry is None else entry
    file = AuthFile(source="DOCKER_AUTH_CONFIG", text=json.dumps({"auths": {host: entry}}))
    return Access(files=(file,), ca_file=str(network.authority.file), **more)


def open_image(access: Access, name: str = f"{HOST}/acme/api:v1", *, limits: Limits | None = None) -> RegistrySource:
    return Registries(access, limits=limits or Limits(), deadline=Deadline(20)).source(parse_reference(name))


def bearer(realm: str, **more: Any) -> TokenService:
    text = f'Bearer realm="{realm}",service="acme",scope="{{scope}}"'
    return TokenService(challenge=text, accounts={"ada": SECRET}, anonymous=False, **more)


def own(host: str = HOST, **more: Any) -> TokenService:
    return bearer(f"https://{host}/token", **more)


def shown(server: RegistryServer) -> list[Request]:
    """The requests that showed anything secret."""
    return [item for item in server.requests if item.authorization or item.body or "Cookie" in item.headers]


# Challenges


def test_basic_goes_to_the_registry_and_is_sent_at_once_from_then_on(network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=basic_auth("ada", SECRET))
    image = open_image(access(network))
    assert image.credentials is None
    image.resolve()
    image.tagged("v1")
    assert [bool(request.authorization) for request in registry.requests] == [False, True, True]
    assert image.credentials == f"DOCKER_AUTH_CONFIG ({HOST})"


def test_a_user_name_and_password_buy_a_token_of_the_realm(network: Network) -> None:
    service = own()
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    image = open_image(access(network))
    image.resolve()
    (asked,) = [request for request in registry.requests if request.path.startswith("/token")]
    assert asked.method == "GET"
    assert asked.path == "/token?service=acme&scope=repository%3Aacme%2Fapi%3Apull"
    assert basic(asked.authorization) == ("ada", SECRET)
    assert [request.authorization[:7] for request in registry.requests if request is not asked] == ["", "Bearer "]


def test_an_identity_token_is_posted_as_oauth2_says(network: Network) -> None:
    service = own(identity_tokens=(SECRET,), field_name="access_token")
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    open_image(access(network, {"identitytoken": SECRET})).resolve()
    (asked,) = [request for request in registry.requests if request.path.startswith("/token")]
    assert (asked.method, asked.path, asked.authorization) == ("POST", "/token", "")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["gate"],
        "refresh_token": [SECRET],
        "service": ["acme"],
        "scope": ["repository:acme/api:pull"],
    }


def test_an_identity_token_that_is_refused_is_access_denied(network: Network) -> None:
    network.add(HOST, {"acme/api": LAYOUT}, guard=own(identity_tokens=("other",)).both)
    with pytest.raises(AccessDenied, match="were refused: renew them") as caught:
        open_image(access(network, {"identitytoken": SECRET})).resolve()
    assert caught.value.status == 400


def test_a_registry_token_is_used_as_it_is(network: Network) -> None:
    def guard(request: Request) -> Response | None:
        return None if request.authorization == f"Bearer {SECRET}" else challenge('Bearer realm="https://x.example/t"')

    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    open_image(access(network, {"registrytoken": SECRET})).resolve()
    assert len(registry.requests) == 2
    with pytest.raises(AccessDenied, match="were refused"):
        open_image(access(network, {"registrytoken": "other"})).resolve()
    assert set(network.asked) == {HOST}
    with pytest.raises(AccessDenied, match="registrytoken") as caught:
        open_image(access(network, {"registrytoken": f"{SECRET}\r\nX: y"})).resolve()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_of_several_challenges_bearer_is_answered(order: slice, network: Network) -> None:
    service = own()
    service.challenge = ", ".join(["Negotiate", 'Basic realm="acme"', service.challenge][order])
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    open_image(access(network)).resolve()
    assert registry.requests[-1].authorization.startswith("Bearer ")


def test_basic_is_answered_where_the_bearer_realm_may_not_have_the_credentials(network: Network) -> None:
    text = 'Bearer realm="https://auth.elsewhere.example/token", Basic realm="acme"'

    def guard(request: Request) -> Response | None:
        return None if request.authorization.startswith("Basic ") else challenge(text)

    network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    open_image(access(network)).resolve()
    assert set(network.asked) == {HOST}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Negotiate",
            r"asks for credentials \(negotiate\); no credentials were used, though there are some in",
        ),
        ("", r"asks for credentials \(in no way that it says\)"),
        ('Bearer realm="open', "asks for credentials unreadably"),
        ('Bearer service="x"', r"asks for credentials \(bearer\)"),
        ('Bearer realm="http://auth.acme.example/"', "names a token service that is not https"),
        ('Bearer realm="https://auth.acme.example/#x"', "names a token service that is no URL of a service"),
    ],
)
def test_a_challenge_that_cannot_be_answered_says_why(text: str, message: str, network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=lambda _: challenge(text))
    with pytest.raises(AccessDenied, match=message):
        open_image(access(network)).resolve()
    assert shown(registry) == []
    assert set(network.asked) == {HOST}


def test_basic_is_not_answered_with_a_token(network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=basic_auth("ada", SECRET))
    with pytest.raises(AccessDenied, match=r"asks for a user name and password; DOCKER_AUTH_CONFIG .* has a token"):
        open_image(access(network, {"identitytoken": SECRET})).resolve()
    assert shown(registry) == []


# Tokens


def test_many_threads_log_in_once(network: Network) -> None:
    service = own()
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    image = open_image(access(network))
    ready = threading.Barrier(8)

    def ask(_: int) -> bytes:
        ready.wait()
        return image.manifest(IMAGE).raw

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert service.used == ["basic"]
    assert len([request for request in registry.requests if request.path.startswith("/token")]) == 1


@pytest.mark.parametrize("host", [HOST, "other.example"], ids=["with credentials", "as nobody"])
def test_a_second_repository_is_asked_for_with_its_own_token_at_once(host: str, network: Network) -> None:
    service = own(private=())
    service.anonymous = host != HOST
    registry = network.add(HOST, {"acme/api": LAYOUT, "acme/web": LAYOUT}, guard=service.both)
    registries = Registries(access(network, host=host), limits=Limits(), deadline=Deadline(20))
    registries.open(parse_reference(f"{HOST}/acme/api:v1")).resolve()
    registry.forget()
    registries.open(parse_reference(f"{HOST}/acme/web:v1")).resolve()
    assert [request.path for request in registry.requests] == [
        "/token?service=acme&scope=repository%3Aacme%2Fweb%3Apull",
        "/v2/acme/web/manifests/v1",
    ]


def test_a_token_service_that_fails_for_a_public_repository_does_not_matter_to_strangers(network: Network) -> None:
    service = TokenService(challenge=f'Bearer realm="https://{HOST}/token"', private=())

    def guard(request: Request) -> Response | None:
        if "acme/web" in request.path:
            return None
        return Response(status=503) if "web" in request.path else service.both(request)

    network.add(HOST, {"acme/api": LAYOUT, "acme/web": LAYOUT}, guard=guard)
    for more, expected in ({"host": "other.example"}, True), ({}, False):
        registries = Registries(access(network, **more), limits=Limits(attempts=1), deadline=Deadline(20))
        service.accounts = {"ada": SECRET}
        assert registries.open(parse_reference(f"{HOST}/acme/api:v1")).resolve().digest == IMAGE
        web = registries.open(parse_reference(f"{HOST}/acme/web:v1"))
        if expected:
            assert web.resolve().digest == IMAGE
        else:
            with pytest.raises(Unavailable):
                web.resolve()


def test_whoever_has_credentials_is_introduced_before_anything_is_asked(network: Network) -> None:
    """A listing that is empty for strangers alone is never seen."""
    service = own()

    def guard(request: Request) -> Response | None:
        denied = service.both(request)
        empty = Response(
            body=b'{"schemaVersion": 2, "manifests": []}',
            headers={"Content-Type": "application/vnd.oci.image.index.v1+json"},
        )
        return empty if denied and denied.status == 401 and "/referrers/" in request.path else denied

    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    assert len(open_image(access(network)).referrers(IMAGE).descriptors) == 4
    assert [request.path[:9] for request in registry.requests] == ["/v2/", "/token?se", "/v2/acme/"]


def test_a_token_that_ran_out_is_replaced_once(network: Network) -> None:
    service = own(lifetime=2)
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    image = open_image(access(network))
    for _ in range(5):
        image.manifest(IMAGE)
    assert service.used == ["basic"] * 3
    image.tagged("v1")
    service.lifetime = 0
    registry.forget()
    with pytest.raises(AccessDenied):
        image.tagged("v1")
    assert [request.path[:6] for request in registry.requests] == ["/v2/ac", "/token", "/v2/ac"]


def test_a_wrong_password_is_shown_once(network: Network) -> None:
    """Who repeats one is locked out."""
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=own().both)
    image = open_image(access(network, {"username": "ada", "password": "other"}))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(image.manifest, IMAGE) for _ in range(16)]
        assert {type(future.exception()) for future in asked} == {AccessDenied}
    assert len(shown(registry)) == 1
    with pytest.raises(AccessDenied, match=r"credentials from DOCKER_AUTH_CONFIG \(.*\) were refused"):
        image.resolve()
    assert len(shown(registry)) == 1


def test_a_password_that_basic_refused_is_not_shown_again(network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=basic_auth("ada", "other"))
    image = open_image(access(network))
    for _ in range(3):
        with pytest.raises(AccessDenied, match="were refused"):
            image.resolve()
        assert len(shown(registry)) == 1


def test_a_thread_that_comes_late_takes_the_token_that_is_there(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread logs in between this one's two looks at what is known."""
    service = own()
    network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    login = open_image(access(network))._registry.login
    expected = login._expected

    def overtaken(repository: str) -> str | None:
        monkeypatch.setattr(login, "_expected", expected)
        login.authorization(repository)
        return expected(repository)

    monkeypatch.setattr(login, "_expected", overtaken)
    assert login.authorization("acme/api") == "Bearer issued-0"
    assert service.used == ["basic"]


@pytest.mark.parametrize("entry", [None, {"registrytoken": SECRET}], ids=["password", "registry token"])
def test_a_credential_that_is_revoked_in_the_middle_is_not_sent_again(entry: object, network: Network) -> None:
    def guard(request: Request) -> Response | None:
        return None if request.authorization and admitted else challenge('Basic, Bearer realm="https://x.example"')

    admitted = True
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    image = open_image(access(network, entry))
    image.resolve()
    admitted = False
    registry.forget()
    with pytest.raises(AccessDenied, match=r"asks again; the credentials from .* were refused"):
        image.tagged("v1")
    assert len(registry.requests) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Response(status=401), AccessDenied),
        (Response(status=403), AccessDenied),
        (Response(status=404), Malformed),
        (Response(status=429), RateLimited),
        (Response(status=503), Unavailable),
        (Response(body=b"{"), Malformed),
        (Response(body=b'{"token": "a\\r\\nb"}'), Malformed),
        (Response(status=307, headers={"Location": "https://evil.example/token"}), Malformed),
    ],
)
@pytest.mark.parametrize("entry", [None, {"identitytoken": SECRET}], ids=["password", "identity token"])
def test_a_token_service_that_gives_none_is_an_error_and_no_absence(
    answer: Response, expected: type[CouldNotLook], entry: object, network: Network
) -> None:
    service = own(identity_tokens=(SECRET,))

    def guard(request: Request) -> Response | None:
        return answer if request.path.startswith("/token") else service.both(request)

    network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    for ask in (RegistrySource.resolve, lambda image: image.tagged("x"), lambda image: image.referrers(IMAGE)):
        with pytest.raises(CouldNotLook) as caught:
            ask(open_image(access(network, entry)))
        assert type(caught.value) is expected
        assert SECRET not in str(caught.value)


# What is said


def test_a_401_or_403_with_credentials_says_whose_and_what_to_do(network: Network) -> None:
    service = own()

    def guard(request: Request) -> Response | None:
        return service.both(request) or Response(status=403, body=b'{"errors": [{"code": "DENIED"}]}')

    network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    with pytest.raises(AccessDenied) as caught:
        open_image(access(network)).resolve()
    assert caught.value.message == (
        f"{HOST}/acme/api: tag v1: {HOST} answered HTTP 403 (DENIED); the credentials from DOCKER_AUTH_CONFIG ({HOST}) "
        "were used: see whether they may read acme/api"
    )


def test_not_found_says_whether_credentials_were_used(network: Network) -> None:
    network.add(HOST, {"acme/api": LAYOUT}, guard=own().both)
    with pytest.raises(CouldNotLook, match=r"not found.*the credentials from DOCKER_AUTH_CONFIG \(.*\) were used"):
        open_image(access(network), f"{HOST}/acme/api:v2").resolve()


@pytest.mark.parametrize("kind", ["basic", "bearer"])
@pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
def test_after_a_refused_credential_nothing_is_absent(kind: str, status: int, network: Network) -> None:
    """Rule 28. The registry hides from strangers what it has."""

    def guard(request: Request) -> Response | None:
        if request.path.startswith("/token"):
            return Response(status=401)
        if not request.path.endswith("/v1"):
            return Response(status=404 if request.path == "/v2/" else status)
        return challenge('Basic realm="x"' if kind == "basic" else f'Bearer realm="https://{HOST}/token"')

    network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    image = open_image(access(network))
    with pytest.raises(AccessDenied):
        image.resolve()
    with pytest.raises(AccessDenied, match="were refused"):
        image.referrers(IMAGE)
    if status == 404:
        for ask in (lambda: image.tagged("v2"), lambda: image.manifest(IMAGE)):
            with pytest.raises(AccessDenied, match="were refused"):
                ask()


def test_a_404_without_a_challenge_is_believed_where_v2_wants_no_credentials(network: Network) -> None:
    for answer in (Response(body=b"{}"), Response(status=404), Response(body=b"<html>" * 10**6), Response(status=302)):
        registry = network.add(
            HOST, {"acme/api": LAYOUT}, guard=lambda request, answer=answer: answer if request.path == "/v2/" else None
        )
        image = open_image(access(network))
        assert image.tagged("v2").content is None
        assert image.tagged("v3").content is None
        assert [request.path for request in registry.requests].count("/v2/") == 1
        assert shown(registry) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_404_without_a_challenge_is_not_believed_where_v2_could_not_be_asked(status: int, network: Network) -> None:
    network.add(
        HOST,
        {"acme/api": LAYOUT},
        guard=lambda request: Response(status=status) if request.path == "/v2/" else None,
    )
    with pytest.raises(Unavailable):
        open_image(access(network)).tagged("v2")


def test_without_credentials_nobody_asks_v2(network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT})
    assert open_image(access(network, host="other.example")).tagged("v2").content is None
    assert [request.path for request in registry.requests] == ["/v2/acme/api/manifests/v2"]


# Where credentials go

REALMS = [
    # registry, realm, whether it may have the credentials
    ("registry-1.docker.io", "https://auth.docker.io/token", True),
    ("registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
    ("registry.acme.co.uk", "https://auth.acme.co.uk/token", True),
    ("registry.acme.co.uk", "https://auth.evil.co.uk/token", False),
    ("acme.co.uk", "https://evil.co.uk/token", False),
    ("acme.github.io", "https://evil.github.io/token", False),
    ("acme.azurecr.io", "https://acme.azurecr.io/oauth2/token", True),
    ("registry.acme.com", "https://registry.acme.com:8443/token", True),
    ("registry.acme.com", "https://auth.acme.com:8443/token", True),
    ("registry.acme.com", "https://acme.com.evil.net/token", False),
    ("registry.acme.com", "https://evilacme.com/token", False),
    ("registry.acme.com", "https://com/token", False),
    ("rg.fr-par.scw.cloud", "https://api.scaleway.com/t", True),
    ("scw.cloud.evil.com", "https://api.scaleway.com/t", False),
    ("evilscw.cloud", "https://api.scaleway.com/t", False),
    ("evildocker.io", "https://auth.docker.io/token", False),
    ("registry", "https://registry/token", True),
    ("registry", "https://auth/token", False),
    ("10.0.0.5", "https://10.0.0.5:8443/token", True),
    ("10.0.0.5", "https://10.0.0.6/token", False),
    ("10.0.0.5", "https://11.1.0.5/token", False),
    ("127.0.0.1", "https://localhost:5001/token", True),
    ("registry.acme.com", "https://127.0.0.1/token", False),
    ("registry.acme.com", "https://auth.other.com/token", False),
]


@pytest.mark.parametrize(("registry", "realm", "expected"), REALMS)
def test_a_realm_gets_credentials_on_the_same_host_or_site_alone(registry: str, realm: str, *, expected: bool) -> None:
    """CVE-2026-48978, GHSA-xf85-363p-868w, CVE-2020-15157, CVE-2026-24845, CVE-2026-33540: any realm that a registry
    names.
    """
    home = Origin("https", registry, 443)
    assert takes_credentials(realm_origin(realm, home, frozenset()), home, frozenset()) is expected


def test_a_realm_elsewhere_gets_credentials_if_the_user_names_its_host_and_port() -> None:
    home = Origin("https", "registry.acme.com", 443)
    for realm, named, expected in (
        ("https://auth.other.com/token", "auth.other.com", True),
        ("https://auth.other.com:8443/token", "auth.other.com", False),
        ("https://auth.other.com:8443/token", "auth.other.com:8443", True),
        ("https://x.auth.other.com/token", "auth.other.com", False),
    ):
        assert takes_credentials(realm_origin(realm, home, frozenset()), home, frozenset({named})) is expected


def test_no_realm_over_plain_http_gets_credentials_of_another_host() -> None:
    assert not takes_credentials(
        Origin("http", "auth.acme.com", 80), Origin("http", "registry.acme.com", 80), frozenset({"auth.acme.com"})
    )


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.acme.com", "http://registry.acme.com/token"),
        ("https://registry.acme.com", "http://127.0.0.1/token"),
        ("https://registry.acme.com:5000", "http://registry.acme.com:5000/token"),
        ("http://127.0.0.1:5000", "http://registry.acme.com/token"),
        ("http://plain.acme.com", "http://other.acme.com/token"),
        ("http://plain.acme.com", "http://plain.acme.com:8080/token"),
        ("http://plain.acme.com", "http://127.0.0.1/token"),
        ("http://127.0.0.1:5000", "http://plain.acme.com/token"),
        ("https://plain.acme.com", "http://plain.acme.com/token"),
        ("https://127.0.0.1:5000", "http://127.0.0.1:5001/token"),
    ],
)
def test_no_realm_is_asked_over_plain_http_but_on_the_host_that_is_asked_so_itself(registry: str, realm: str) -> None:
    plain = frozenset({"plain.acme.com"})
    with pytest.raises(ValueError, match="https"):
        realm_origin(realm, origin(registry, plain), plain)
    assert realm_origin("http://plain.acme.com/token", origin("http://plain.acme.com", plain), plain)


def test_a_realm_on_another_site_gets_nothing_until_the_user_names_it(network: Network) -> None:
    service = bearer("https://auth.other.example/token")
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=service.protect)
    realm = network.add("auth.other.example", {}, guard=service.serve)
    with pytest.raises(AccessDenied, match=r"not sent to another site; .* say --token-host auth\.other\.example"):
        open_image(access(network)).resolve()
    assert realm.requests == ()
    assert shown(registry) == []
    open_image(access(network, token_hosts=frozenset({"auth.other.example"}))).resolve()
    assert service.used == ["basic"]


def test_a_realm_on_another_site_may_be_asked_by_nobody_in_particular(network: Network) -> None:
    service = TokenService(challenge='Bearer realm="https://auth.other.example/token"', private=())
    network.add(HOST, {"acme/api": LAYOUT}, guard=service.protect)
    network.add("auth.other.example", {}, guard=service.serve)
    open_image(access(network, host="unrelated.example")).resolve()
    assert service.used == ["anonymous"]


@pytest.mark.parametrize("host", ["10.0.0.5", "[fd00::5]", "registry"])
def test_a_registry_inside_of_a_company_keeps_its_realm_on_its_own_host(host: str, network: Network) -> None:
    """ggcr#2302, ggcr#2258: an over-strict rule broke these, whose addresses are private."""
    service = bearer(f"https://{host}:5000/token")
    network.add(host.strip("[]"), {"acme/api": LAYOUT}, port=5000, guard=service.both)
    open_image(access(network, host=f"{host}:5000"), f"{host}:5000/acme/api:v1").resolve()
    assert service.used == ["basic"]


def test_credentials_do_not_follow_a_redirect(network: Network) -> None:
    """GHSA-vh4v-2xq2-g5cg, CVE-2026-50151, CVE-2026-49349: credentials went along to where blobs are."""
    store = network.add("store.example", {"acme/api": LAYOUT})
    admits = basic_auth("ada", SECRET)

    def guard(request: Request) -> Response | None:
        moved = Response(status=307, headers={"Location": f"https://store.example{request.path}"})
        return admits(request) or (moved if "/blobs/" in request.path else None)

    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    image = open_image(access(network))
    assert len(image.blob(BLOB)) == BLOB.size
    assert shown(registry)
    assert len(store.requests) == 1
    assert shown(store) == []


def test_a_challenge_of_where_a_redirect_led_is_not_answered(network: Network) -> None:
    store = network.add("store.example", {}, guard=lambda _: challenge(f'Bearer realm="https://{HOST}/token"'))
    moved = Response(status=307, headers={"Location": "https://store.example/x"})
    registry = network.add(HOST, {"acme/api": LAYOUT}, guard=lambda _: moved)
    with pytest.raises(AccessDenied):
        open_image(access(network)).resolve()
    assert shown(store) == shown(registry) == []
    assert len(store.requests) == 1


@pytest.mark.parametrize("entry", [None, {"identitytoken": SECRET}], ids=["password", "identity token"])
def test_credentials_do_not_follow_a_realms_redirect(entry: object, network: Network) -> None:
    """ggcr#2243, ggcr#2291: the realm that was checked sends its clients on."""
    evil = network.add("evil.example", {}, guard=lambda _: Response(body=b'{"token": "x"}'))
    service = own()

    def guard(request: Request) -> Response | None:
        if request.path.startswith("/token"):
            return Response(status=307, headers={"Location": "https://evil.example/token"})
        return service.both(request)

    network.add(HOST, {"acme/api": LAYOUT}, guard=guard)
    with pytest.raises(CouldNotLook):
        open_image(access(network, entry)).resolve()
    assert evil.requests == ()


def test_a_second_registry_gets_neither_credentials_nor_tokens_of_the_first(network: Network) -> None:
    """CVE-2025-27403: one registry's token was sent to another."""
    service = own()
    network.add(HOST, {"acme/api": LAYOUT}, guard=service.both)
    other = network.add("other.example", {"acme/api": LAYOUT}, guard=basic_auth("ada", SECRET))
    registries = Registries(access(network), limits=Limits(), deadline=Deadline(20))
    registries.open(parse_reference(f"{HOST}/acme/api:v1")).resolve()
    with pytest.raises(AccessDenied, match=r"no credentials were used: there are none for other\.example"):
        registries.open(parse_reference("other.example/acme/api:v1")).resolve()
    assert shown(other) == []


def test_credentials_of_a_namespace_stay_in_it(network: Network) -> None:
    registry = network.add(HOST, {"acme/api": LAYOUT, "other/api": LAYOUT}, guard=basic_auth("ada", SECRET))
    registries = Registries(access(network, host=f"{HOST}/acme"), limits=Limits(), deadline=Deadline(20))
    registries.open(parse_reference(f"{HOST}/acme/api:v1")).resolve()
    registry.forget()
    with pytest.raises(AccessDenied, match="no credentials were used"):
        registries.open(parse_reference(f"{HOST}/other/api:v1")).resolve()
    assert shown(registry) == []


# Addresses where clouds keep credentials


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:169.254.169.254", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("192.0.0.192", True),
        ("10.0.0.5", False),
        ("127.0.0.1", False),
        ("fd00::5", False),
        ("registry.example", False),
    ],
)
def test_metadata_addresses_are_known(address: str, *, expected: bool) -> None:
    assert is_metadata(address) is expected


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
@pytest.mark.parametrize("by", ["redirect", "realm"])
def test_no_metadata_address_is_asked(host: str, by: str, network: Network) -> None:
    """ggcr#2193, CVE-2026-48978: a realm at the address where a cloud keeps a machine's credentials."""
    moved = Response(status=307, headers={"Location": f"https://{host}/latest/"})
    network.add(
        HOST,
        {"acme/api": LAYOUT},
        guard=lambda _: moved if by == "redirect" else challenge(f'Bearer realm="https://{host}/token"'),
    )
    with pytest.raises(CouldNotLook, match="where clouds keep credentials"):
        open_image(replace(access(network), files=())).resolve()
    assert set(network.asked) == {HOST}


@pytest.mark.parametrize("by", ["redirect", "realm"])
def test_a_name_that_leads_to_a_metadata_address_is_not_asked(
    by: str, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ggcr#2440: the name is innocent, its address is not. 127.0.0.2 stands for 169.254.169.254."""
    monkeypatch.setattr(origin_module, "_METADATA", (ip_network("127.0.0.2/32"),))
    where = "https://innocent.example/latest/"
    text = f'Bearer realm="{where}"'
    moved = Response(status=307, headers={"Location": where})
    network.add(HOST, {}, guard=lambda _: moved if by == "redirect" else challenge(text))
    with socket.create_server(("127.0.0.2", 0)) as listener:
        network.move("innocent.example", 443, "127.0.0.2", listener.getsockname()[1])
        with pytest.raises(CouldNotLook, match=r"innocent\.example leads to an address where clouds keep credentials"):
            open_image(replace(access(network), files=())).resolve()
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b"", "not even a handshake begins"


def test_a_proxy_may_have_any_address(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin_module, "_METADATA", (ip_network("127.0.0.1/32"),))
    network.add(HOST, {"acme/api": LAYOUT})
    with Proxy(network) as proxy:
        assert open_image(access(network, proxies=Proxies(https=proxy.host))).resolve().digest == IMAGE


def test_an_address_that_the_user_names_is_asked(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin_module, "_METADATA", (ip_network("127.0.0.1/32"), ip_network("10.0.0.5/32")))
    network.add("10.0.0.5", {"acme/api": LAYOUT})
    assert open_image(access(network), "10.0.0.5/acme/api:v1").resolve().digest == IMAGE


# Plain http


def test_a_host_is_asked_over_plain_http_if_the_user_says_so(network: Network) -> None:
    service = bearer(f"http://{HOST}/token")
    registry = network.add(HOST, {"acme/api": LAYOUT}, port=80, tls=False, guard=service.both)
    with pytest.raises(Unavailable):
        open_image(access(network)).resolve()
    assert registry.requests == ()
    open_image(access(network, plain_http=frozenset({HOST}))).resolve()
    assert service.used == ["basic"]


def test_plain_http_is_for_that_host_and_port_alone(network: Network) -> None:
    plain = frozenset({f"{HOST}:5000"})
    for url in (
        f"http://{HOST}/v2/",
        f"http://{HOST}:5001/v2/",
        "http://other.example:5000/v2/",
        f"http://x.{HOST}:5000/",
    ):
        with pytest.raises(ValueError, match="plain http on another machine"):
            origin(url, plain)
    assert origin(f"http://{HOST}:5000/v2/", plain) == Origin("http", HOST, 5000)
    moved = Response(status=307, headers={"Location": f"http://{HOST}/x"})
    network.add(HOST, {}, port=5000, tls=False, guard=lambda _: moved)
    with pytest.raises(Malformed, match="redirected to plain http on another machine"):
        open_image(access(network, plain_http=plain), f"{HOST}:5000/acme/api:v1").resolve()


# TLS


def test_a_client_certificate_is_shown_to_the_registry(network: Network) -> None:
    pair = network.authority.issue("client")
    network.add(HOST, {"acme/api": LAYOUT}, clients=True)
    with pytest.raises(Unavailable):
        open_image(access(network)).resolve()
    with_certificate = access(network, client_certificate=pair, certificate_hosts=frozenset({HOST}))
    assert open_image(with_certificate).resolve().digest == IMAGE


@pytest.mark.parametrize("where", ["redirect", "realm", "another registry"])
def test_a_client_certificate_is_shown_to_nobody_else(where: str, network: Network) -> None:
    """The other host asks for one and gets none, so that the handshake fails."""
    pair = network.authority.issue("client")
    service = bearer("https://other.acme.example/token", private=())
    moved = Response(status=307, headers={"Location": "https://other.acme.example/x"})
    other = network.add("other.acme.example", {"acme/api": LAYOUT}, clients=True, guard=service.serve)
    network.add(HOST, {"acme/api": LAYOUT}, guard=service.protect if where == "realm" else lambda _: moved)
    name = HOST if where != "another registry" else "other.acme.example"
    settings = access(network, client_certificate=pair, certificate_hosts=frozenset({HOST}))
    with pytest.raises(Unavailable):
        open_image(settings, f"{name}/acme/api:v1").resolve()
    assert other.requests == ()


def test_a_realm_on_the_registrys_own_origin_sees_the_client_certificate(network: Network) -> None:
    service = own()
    network.add(HOST, {"acme/api": LAYOUT}, clients=True, guard=service.both)
    pair = network.authority.issue("client")
    open_image(access(network, client_certificate=pair, certificate_hosts=frozenset({HOST}))).resolve()
    assert service.used == ["basic"]


def test_a_client_key_that_cannot_be_used_is_said_before_anything_is_asked(network: Network, tmp_path: Path) -> None:
    certificate, key = network.authority.issue("client", encrypted=True)
    other, _ = network.authority.issue("other")
    for pair, message in (
        ((certificate, key), "is encrypted"),
        ((other, network.authority.issue("third")[1]), "not a certificate and its key"),
        ((str(tmp_path / "none"), key), "not a certificate and its key"),
    ):
        with pytest.raises(InvalidUsage, match=message):
            open_image(access(network, client_certificate=pair))
    assert network.asked == []


# Proxies


@pytest.mark.parametrize("credentials", ["", "ada:pass@"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_goes_through_the_proxy_and_stays_between_the_ends(
    scheme: str, credentials: str, network: Network
) -> None:
    service = bearer("https://auth.acme.example/token")
    network.add(HOST, {"acme/api": LAYOUT}, guard=service.protect)
    network.add("auth.acme.example", {}, guard=service.serve)
    with Proxy(network, tls=scheme == "https") as proxy:
        settings = access(network, proxies=Proxies(https=f"{scheme}://{credentials}{proxy.host}", http="http://unused"))
        open_image(settings).resolve()
        assert {line.split()[1] for line in proxy.asked} == {f"{HOST}:443", "auth.acme.example:443"}
        assert {line.split()[0] for line in proxy.asked} == {"CONNECT"}
        assert bool(proxy.credentials) is bool(credentials)
    assert set(network.asked) == {"127.0.0.1"}, "only the proxy looks for the hosts' addresses"


def test_plain_http_goes_through_its_own_proxy(network: Network) -> None:
    network.add(HOST, {"acme/api": LAYOUT}, port=80, tls=False)
    with Proxy(network) as proxy:
        settings = access(network, plain_http=frozenset({HOST}), proxies=Proxies(http=proxy.host))
        open_image(replace(settings, files=())).resolve()
        assert proxy.asked[-1] == f"GET http://{HOST}/v2/acme/api/manifests/v1 HTTP/1.1"


def test_a_proxy_that_is_down_is_unavailable_and_its_password_is_not_shown(network: Network) -> None:
    settings = access(network, proxies=Proxies(https=f"http://ada:{SECRET}@127.0.0.1:9"))
    with pytest.raises(Unavailable, match=r"the proxy 127\.0\.0\.1:9 gave no connection") as caught:
        open_image(settings).resolve()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("proxy", ["socks5://ada:hunter2@proxy", "http://", "ftp://x", "http://x:port", "http://[::1"])
def test_a_proxy_that_gate_cannot_speak_to_is_the_jobs_fault(proxy: str) -> None:
    with pytest.raises(InvalidUsage, match="not an http or https URL") as caught:
        proxy_for(Origin("https", HOST, 443), Proxies(https=proxy))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("none", "host", "spared"),
    [
        ("*", "registry.acme.com", True),
        ("acme.com", "registry.acme.com", True),
        ("acme.com", "acme.com", True),
        ("ACME.com", "acme.com", True),
        (".acme.com", "registry.acme.com", True),
        (".acme.com", "acme.com", False),
        ("*.acme.com", "registry.acme.com", True),
        ("acme.com", "evilacme.com", False),
        ("acme.com:443", "acme.com", True),
        ("acme.com:5000", "acme.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "registry.acme.com", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "110.1.2.3", False),
        ("fd00::/8", "fd00::5", True),
        ("fd00::5", "fd00::5", True),
        ("[fd00::5]:443", "fd00::5", True),
        ("nonsense/33", "10.1.2.3", False),
        ("x:y", "x", False),
        ("", "registry.acme.com", False),
    ],
)
def test_no_proxy_is_read_as_docker_and_kubectl_read_it(none: str, host: str, *, spared: bool) -> None:
    proxies = Proxies(https="http://proxy.example:3128", none=(none,) if none else ())
    assert (proxy_for(Origin("https", host, 443), proxies) is None) is spared


def test_this_machine_is_never_asked_through_a_proxy() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert proxy_for(Origin("http", host, 5000), Proxies(http="http://proxy.example")) is None
