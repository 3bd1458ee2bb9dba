"""What `gate.sources.registry` makes of a registry that answers, refuses, lies, stalls or wanders off."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import ipaddress
import json
import logging
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import oras
import oras.logger
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from gate.errors import (
    AccessDenied,
    CouldNotLook,
    DeadlineExceeded,
    GateError,
    InvalidUsage,
    LimitExceeded,
    Malformed,
    NotFound,
    RateLimited,
    Unavailable,
)
from gate.limits import Deadline, Limits, Tally
from gate.reference import Digest, parse_digest, parse_reference
from gate.sources.access import Access
from gate.sources.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, parse_manifest
from gate.sources.registry import Registries, RegistrySource, http
from gate.sources.registry.credentials import Credentials
from gate.sources.registry.headers import parse_challenges, parse_next_link
from gate.sources.registry.login import Login
from gate.sources.registry.origin import Origin
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.sources import Source

LAB = Path(__file__).parents[1] / "cases" / "lab"
LAYOUT = LAB / "many-attestations"
IMAGE = parse_digest("sha256:d7063dc0f5ad9cdf790a49fb4d1a00f2b9b5de26c9adde80f1677eec310f2d45")
BUNDLE = parse_digest("sha256:c1bc89242c42eb58a91d29d0f1b354b27eef267190dad1f069a43be33f25a892")
BUNDLE_RAW = (LAYOUT / "blobs" / "sha256" / BUNDLE.hex).read_bytes()
NOWHERE = Digest("sha256", "0" * 64)
SLOW = 60.0
"""Seconds that a stalling server waits: far beyond any deadline here."""

Intercept: TypeAlias = "Callable[[str], Response | None]"


@contextmanager
def serving(intercept: Intercept | None = None, **options: Any) -> Iterator[RegistryServer]:
    with RegistryServer({"acme/api": LAYOUT}, intercept=intercept, **options) as registry:
        yield registry


def source(
    registry: RegistryServer, image: str = ":v1", *, seconds: float = 20, limits: Limits | None = None
) -> RegistrySource:
    reference = parse_reference(f"{registry.host}/acme/api{image}")
    return Registries(Access(), limits=limits or Limits(), deadline=Deadline(seconds)).source(reference)


def login(home: Origin, *, seconds: float = 5) -> Login:
    """The login of a registry by itself, without credentials."""
    limits, deadline = Limits(), Deadline(seconds)
    credentials = Credentials(Access(), limits=limits, deadline=deadline)
    client = http.Client(Access(), limits=limits, deadline=deadline)
    return Login(home.host, home, client, credentials, limits=limits, deadline=deadline)


def on(fragment: str, response: Response) -> Intercept:
    """Answer `response` to each path that contains `fragment`."""
    return lambda path: response if fragment in path else None


def everything(response: Response) -> Intercept:
    return lambda _: response


def descriptor(digest: Digest = BUNDLE, *, size: int = len(BUNDLE_RAW), data: bytes | None = None) -> Descriptor:
    return Descriptor(media_type="", digest=digest, size=size, artifact_type="", annotations={}, data=data)


def index(count: int = 1, *, first: int = 0, **more: object) -> bytes:
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": f"sha256:{number:064x}", "size": 5}
        for number in range(first, first + count)
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **more}).encode()


def listing(body: bytes, headers: Mapping[str, str] | None = None, *, media_type: str = OCI_INDEX) -> Response:
    return Response(body=body, headers={"Content-Type": media_type, **(headers or {})})


METHODS: dict[str, Callable[[RegistrySource], object]] = {
    "resolve": lambda registry: registry.resolve(),
    "manifest": lambda registry: registry.manifest(IMAGE),
    "blob": lambda registry: registry.blob(descriptor()),
    "referrers": lambda registry: registry.referrers(IMAGE),
    "tagged": lambda registry: registry.tagged("v1"),
}
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


# Resolving


def test_a_tag_is_resolved_once_to_the_hash_of_what_came() -> None:
    with serving() as registry:
        image: Source = source(registry)
        content = image.resolve()
        assert image.resolve() is content
        assert content.digest == IMAGE
        assert content.media_type == "application/vnd.docker.distribution.manifest.v2+json"
        assert [request.path for request in registry.requests] == ["/v2/acme/api/manifests/v1"]


def test_many_threads_resolve_a_tag_with_one_request() -> None:
    with serving() as registry, ThreadPoolExecutor(8) as threads:
        image = source(registry)
        assert len({id(content) for content in threads.map(lambda _: image.resolve(), range(16))}) == 1
        assert len(registry.requests) == 1


@pytest.mark.parametrize("image", [f"@{IMAGE}", f":other@{IMAGE}"])
def test_a_digest_is_asked_for_by_digest_whatever_the_tag(image: str) -> None:
    with serving() as registry:
        assert source(registry, image).resolve().digest == IMAGE
        assert [request.path for request in registry.requests] == [f"/v2/acme/api/manifests/{IMAGE}"]


def test_a_sha512_digest_is_checked_with_sha512() -> None:
    body = index()
    digest = f"sha512:{hashlib.sha512(body).hexdigest()}"
    with serving(on("sha512:", listing(body))) as registry:
        assert str(source(registry, f"@{digest}").resolve().digest) == digest


def test_what_the_registry_says_the_digest_is_does_not_count() -> None:
    body = index()
    with serving(on("/v1", listing(body, {"Docker-Content-Digest": str(IMAGE)}))) as registry:
        assert source(registry).resolve().digest.hex == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(("image", "named"), [(":v2", "tag v2"), (f"@{NOWHERE}", f"digest {NOWHERE}")])
def test_an_image_that_is_not_there_is_not_found_and_the_message_says_that_nobody_logged_in(
    image: str, named: str
) -> None:
    with serving() as registry, pytest.raises(NotFound) as caught:
        source(registry, image).resolve()
    assert f"127.0.0.1:{registry.host.split(':')[1]}/acme/api: {named} was not found" in caught.value.message
    assert "no credentials were used" in caught.value.message
    assert caught.value.status == 404


@each_method
def test_a_failure_is_not_remembered(method: Callable[[RegistrySource], object]) -> None:
    with serving(everything(Response(status=503))) as registry:
        image = source(registry)
        with pytest.raises(Unavailable):
            method(image)
        registry.intercept = None
        method(image)


@pytest.mark.parametrize(
    "ask", [lambda registry: registry.manifest(NOWHERE), lambda registry: registry.blob(descriptor(NOWHERE))]
)
def test_what_was_listed_and_is_missing_is_malformed_and_no_absence(ask: Callable[[RegistrySource], object]) -> None:
    with serving() as registry, pytest.raises(Malformed, match="listed, but missing") as caught:
        ask(source(registry))
    assert caught.value.status == 404


def test_a_tag_that_is_absent_is_an_answer() -> None:
    with serving() as registry:
        image = source(registry)
        assert image.tagged("v2").content is None
        assert image.tagged("v2").status == 404
        present = image.tagged("v1")
        assert present.status == 200
        assert present.content is not None
        assert present.content.digest == IMAGE


def test_a_whole_image_can_be_read_from_many_threads() -> None:
    with serving(token=True) as registry, ThreadPoolExecutor(8) as threads:
        image = source(registry)
        found = image.referrers(image.resolve().digest).descriptors
        manifests = [parse_manifest(content) for content in threads.map(image.manifest, [d.digest for d in found])]
        blobs = list(threads.map(image.blob, [manifest.layers[0] for manifest in manifests]))
        assert sorted(map(len, blobs)) == [5380, 7624, 7988, 8892]
        assert len([request for request in registry.requests if request.path.startswith("/token")]) == 1


# Sharing


def test_references_share_connections_and_each_repository_has_one_token() -> None:
    layouts = {"acme/api": LAYOUT, "acme/web": LAYOUT}
    with RegistryServer(layouts, token=True) as registry, ThreadPoolExecutor(8) as threads:
        registries = Registries(Access(), limits=Limits(), deadline=Deadline(20))
        images = [
            registries.source(parse_reference(f"{registry.host}/{name}:v1")) for name in ("acme/api", "acme/web") * 4
        ]
        assert {content.digest for content in threads.map(RegistrySource.resolve, images)} == {IMAGE}
        tokens = [request for request in registry.requests if request.path.startswith("/token")]
        assert len(tokens) == 2
        assert len({id(image._registry.session) for image in images}) == 1


def test_a_token_of_one_registry_is_not_sent_to_another() -> None:
    with serving(token=True) as one, serving() as other:
        registries = Registries(Access(), limits=Limits(), deadline=Deadline(20))
        for registry in (one, other):
            registries.source(parse_reference(f"{registry.host}/acme/api:v1")).resolve()
        assert "Authorization" in one.requests[-1].headers
        assert "Authorization" not in other.requests[0].headers


# Bodies


@pytest.mark.parametrize("ask", ["resolve", "manifest", "blob"])
def test_a_body_of_another_digest_is_malformed(ask: str) -> None:
    body = b"x" * len(BUNDLE_RAW)
    with serving(everything(listing(body))) as registry, pytest.raises(Malformed, match="not sha256:"):
        METHODS[ask](source(registry, f"@{IMAGE}"))


@each_method
def test_a_body_that_ends_before_its_length_is_malformed(method: Callable[[RegistrySource], object]) -> None:
    body = index()
    answer = listing(body, {"Content-Length": str(len(body) + 9)})
    with serving(everything(answer)) as registry, pytest.raises(Malformed):
        method(source(registry))


@each_method
def test_a_chunked_body_that_breaks_off_is_malformed(method: Callable[[RegistrySource], object]) -> None:
    raw = b'HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":'
    answer = Response(raw=raw % OCI_INDEX.encode())
    with serving(everything(answer)) as registry, pytest.raises(Malformed, match="cut short"):
        method(source(registry))


def test_a_chunked_body_is_read_to_its_end() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BUNDLE_RAW), BUNDLE_RAW)
    with serving(on("/blobs/", Response(raw=raw))) as registry:
        assert source(registry).blob(descriptor()) == BUNDLE_RAW


def test_a_body_without_length_is_only_taken_where_a_digest_tells_that_it_is_whole() -> None:
    raw = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BUNDLE_RAW
    with serving(everything(Response(raw=raw))) as registry:
        assert source(registry).blob(descriptor()) == BUNDLE_RAW
        with pytest.raises(Malformed, match="does not say how long it is"):
            source(registry).tagged("v1")


@pytest.mark.parametrize("length", ["-1", "0x10", "1_0", "9" * 20, "\xb2"])
def test_an_unreadable_content_length_is_malformed(length: str) -> None:
    answer = Response(raw=f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}".encode("latin-1"))
    with serving(everything(answer)) as registry, pytest.raises(Malformed):
        source(registry).tagged("v1")


@pytest.mark.parametrize("method", ["resolve", "manifest", "referrers", "tagged"])
def test_a_body_over_the_limit_is_refused_by_its_length_before_it_is_read(method: str) -> None:
    answer = listing(b"x" * 1001, {"Content-Length": "1000000000"})
    with serving(everything(answer)) as registry, pytest.raises(LimitExceeded, match="longer than the 1000 bytes"):
        METHODS[method](source(registry, limits=Limits(manifest_bytes=1000)))


def test_an_endless_body_is_refused_at_the_limit() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 10
    with serving(everything(Response(raw=raw))) as registry, pytest.raises(LimitExceeded):
        source(registry, limits=Limits(manifest_bytes=4096)).tagged("v1")


def test_a_packed_body_is_malformed_and_never_unpacked() -> None:
    packed = listing(gzip.compress(index()), {"Content-Encoding": "gzip"})
    with serving(everything(packed)) as registry:
        for method in METHODS.values():
            with pytest.raises(Malformed):
                method(source(registry))
        assert {request.headers["Accept-Encoding"] for request in registry.requests} == {"identity"}


@pytest.mark.parametrize("body", [BUNDLE_RAW[:-1], BUNDLE_RAW + b"\n"])
def test_a_blob_of_another_size_is_malformed(body: bytes) -> None:
    with serving(on("/blobs/", Response(body=body))) as registry, pytest.raises(Malformed, match="not of 7624 bytes"):
        source(registry).blob(descriptor())


def test_a_blob_over_the_limit_is_not_even_asked_for() -> None:
    with serving() as registry:
        with pytest.raises(LimitExceeded):
            source(registry, limits=Limits(blob_bytes=7000)).blob(descriptor())
        assert registry.requests == ()


def test_inline_data_of_the_right_digest_saves_the_request() -> None:
    with serving() as registry:
        assert source(registry).blob(descriptor(data=BUNDLE_RAW)) == BUNDLE_RAW
        assert registry.requests == ()


@pytest.mark.parametrize("data", [b"x" * len(BUNDLE_RAW), b"", BUNDLE_RAW + b"x"])
def test_inline_data_of_another_digest_or_size_is_not_used(data: bytes) -> None:
    with serving() as registry:
        assert source(registry).blob(descriptor(data=data)) == BUNDLE_RAW
        assert len(registry.requests) == 1


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_followed_without_authorization(status: int) -> None:
    with serving() as store, serving(token=True) as registry:
        image = source(registry)
        image.resolve()
        moved = Response(status=status, headers={"Location": f"{store.url}/v2/acme/api/blobs/{BUNDLE}"})
        registry.intercept = on("/blobs/", moved)
        assert image.blob(descriptor()) == BUNDLE_RAW
        assert "Authorization" in registry.requests[-1].headers
        assert "Authorization" not in store.requests[0].headers


def test_a_redirect_within_the_origin_keeps_authorization() -> None:
    moved = Response(status=307, headers={"Location": f"/v2/acme/api/blobs/{BUNDLE}#fragment"})
    with serving(on("/manifests/old", moved), token=True) as registry:
        image = source(registry)
        image.resolve()
        image.tagged("old")
        assert registry.requests[-1].path == f"/v2/acme/api/blobs/{BUNDLE}"
        assert "Authorization" in registry.requests[-1].headers


def test_authorization_stays_away_once_a_redirect_left_the_origin() -> None:
    with serving() as store, serving(token=True) as registry:
        image = source(registry)
        image.resolve()
        home = f"{registry.url}/v2/acme/api/blobs/{BUNDLE}"
        store.intercept = everything(Response(status=307, headers={"Location": home}))
        registry.intercept = on("/manifests/old", Response(status=307, headers={"Location": store.url}))
        registry.forget()
        with pytest.raises(AccessDenied):
            image.tagged("old")
        assert ["Authorization" in request.headers for request in registry.requests] == [True, False]


def test_a_401_from_another_origin_is_a_refusal_and_its_challenge_is_ignored() -> None:
    with serving() as store, serving() as registry:
        challenge = {"WWW-Authenticate": f'Bearer realm="{store.url}/token"'}
        store.intercept = on("/blobs/", Response(status=401, headers=challenge))
        moved = Response(status=307, headers={"Location": f"{store.url}/v2/acme/api/blobs/{BUNDLE}"})
        registry.intercept = on("/blobs/", moved)
        with pytest.raises(AccessDenied) as caught:
            source(registry).blob(descriptor())
        assert caught.value.status == 401
        assert len(store.requests) == 1


def test_a_circle_of_redirects_ends_at_the_limit() -> None:
    with serving(on("/blobs/", Response(status=307, headers={"Location": "x"}))) as registry:
        with pytest.raises(LimitExceeded, match="redirected more than 3 times"):
            source(registry).blob(descriptor())
        assert len(registry.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        None,
        "http://registry.example/v2/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:secret@registry.example/",
        "https://registry.example\\@127.0.0.1/",
        "https://[::1/",
        "https://registry.example:port/",
        "https:///nowhere",
        "/sp ace",
        "/\xe4",
    ],
)
def test_a_redirect_to_what_gate_does_not_ask_is_malformed(location: str | None) -> None:
    headers = {} if location is None else {"Location": location}
    with serving(on("/blobs/", Response(status=302, headers=headers))) as registry:
        with pytest.raises(Malformed, match="redirected"):
            source(registry).blob(descriptor())
        assert len(registry.requests) == 1


def test_no_redirect_leads_from_https_to_plain_http() -> None:
    client = http.Client(Access(), limits=Limits(), deadline=Deadline(5))
    with pytest.raises(Malformed, match="from https to plain http"):
        client._target("https://registry.example/v2/", "http://127.0.0.1/v2/", "this")
    assert client._target("https://registry.example/v2/", "//store.example/x", "this") == "https://store.example/x"


def test_the_body_of_a_redirect_is_not_waited_for() -> None:
    moved = Response(
        status=307,
        body=b"x" * 2_000_000,
        headers={"Location": f"/v2/acme/api/manifests/{IMAGE}"},
        piece=65536 + 200,
        pause=0.2,
    )
    with serving(on("/v1", moved)) as registry:
        begin = time.monotonic()
        assert source(registry).resolve().digest == IMAGE
        assert time.monotonic() - begin < 3


# Tokens


@each_method
def test_a_registry_that_wants_a_token_gets_an_anonymous_one(method: Callable[[RegistrySource], object]) -> None:
    with serving(token=True) as registry:
        image = source(registry)
        method(image)
        method(image)
        asked = [request for request in registry.requests if request.path.startswith("/token")]
        assert len(asked) == 1
        assert "scope=repository%3Aacme%2Fapi%3Apull" in asked[0].path
        assert "Authorization" not in asked[0].headers


def test_many_cold_threads_ask_for_one_token() -> None:
    with serving(token=True) as registry, ThreadPoolExecutor(8) as threads:
        image = source(registry)
        ready = threading.Barrier(8)

        def ask(_: int) -> bytes:
            ready.wait()
            return image.manifest(IMAGE).raw

        assert len(set(threads.map(ask, range(8)))) == 1
        assert len([request for request in registry.requests if request.path.startswith("/token")]) == 1


def test_many_cold_threads_share_the_failure_to_get_a_token() -> None:
    with (
        serving(on("/token", Response(status=503, pause=0.3)), token=True) as registry,
        ThreadPoolExecutor(8) as threads,
    ):
        image = source(registry)
        asked = [threads.submit(image.manifest, IMAGE) for _ in range(8)]
        assert {type(future.exception()) for future in asked} == {Unavailable}
        assert len([request for request in registry.requests if request.path.startswith("/token")]) < 8


def test_the_scope_that_is_asked_for_is_what_gate_needs_whatever_the_registry_says() -> None:
    with serving() as registry:
        challenge = f'Bearer realm="{registry.url}/token?x=1",scope="repository:other:push,pull"'
        registry.intercept = on("/manifests/", Response(status=401, headers={"WWW-Authenticate": challenge}))
        with pytest.raises(AccessDenied):
            source(registry).resolve()
        assert registry.requests[1].path == "/token?x=1&scope=repository%3Aacme%2Fapi%3Apull"


def test_a_second_401_is_a_refusal() -> None:
    with serving() as registry:
        challenge = {"WWW-Authenticate": f'Bearer realm="{registry.url}/token"'}
        registry.intercept = on("/v2/", Response(status=401, headers=challenge))
        with pytest.raises(AccessDenied, match="no credentials were used"):
            source(registry).resolve()
        assert len(registry.requests) == 3


def test_a_token_that_was_refused_is_replaced_once() -> None:
    tokens = iter(["first", "second"])
    with serving(lambda _: Response(body=b'{"access_token": "%s"}' % next(tokens).encode())) as registry:
        access = login(Origin("http", "127.0.0.1", 1))
        challenge = f'Bearer realm="{registry.url}/token"'
        assert access.authorization("s") is None
        assert access.authorization("s", challenge=challenge) == "Bearer first"
        assert access.authorization("s", challenge=challenge, refused="Bearer older") == "Bearer first"
        assert access.authorization("s", challenge=challenge, refused="Bearer first") == "Bearer second"
        assert access.authorization("s") == "Bearer second"
        assert len(registry.requests) == 2


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        'Basic realm="acme"',
        'Basic realm="https://registry.example/token"',
        "Bearer",
        'Bearer service="x"',
        'Bearer realm="https://registry.example/token',
        'Bearer realm="token"',
        'Bearer realm="http://registry.example/token"',
        'Bearer realm="https://user@registry.example/token"',
        'Bearer realm="https://registry.example/token#x"',
        'Bearer realm="ftp://127.0.0.1/token"',
        'Bearer realm="https://registry.example/token", realm="https://other.example"',
    ],
)
@pytest.mark.parametrize("method", ["resolve", "referrers", "tagged"])
def test_a_challenge_that_needs_credentials_or_leads_astray_is_access_denied(
    challenge: str | None, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    resolve = socket.getaddrinfo

    def watched(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return resolve(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    headers = {} if challenge is None else {"WWW-Authenticate": challenge}
    with serving(everything(Response(status=401, headers=headers))) as registry:
        with pytest.raises(AccessDenied, match="no credentials were used") as caught:
            METHODS[method](source(registry))
        assert caught.value.status == 401
        assert len(registry.requests) == 1
    assert set(asked) == {"127.0.0.1"}


def test_nothing_is_sent_to_a_plain_http_token_service_of_an_https_registry() -> None:
    with serving() as service:
        access = login(Origin("https", "registry.example", 443))
        with pytest.raises(AccessDenied, match="token service that is not https"):
            access.authorization("s", challenge=f'Bearer realm="{service.url}/token"')
        assert service.requests == ()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Response(body=b"no"), Malformed),
        (Response(body=b"{}"), Malformed),
        (Response(body=b'{"token": ""}'), Malformed),
        (Response(body=b'{"token": 7}'), Malformed),
        (Response(body=b'{"token": "a b"}'), Malformed),
        (Response(body=b'{"token": "a\\r\\nX: y"}'), Malformed),
        (Response(body=b'{"token": "%s"}' % (b"x" * 70_000)), LimitExceeded),
        (Response(status=401), AccessDenied),
        (Response(status=403), AccessDenied),
        (Response(status=404), Malformed),
        (Response(status=429), RateLimited),
        (Response(status=503), Unavailable),
    ],
)
def test_a_token_service_that_gives_no_token_is_an_error_and_no_absence(
    answer: Response, expected: type[CouldNotLook]
) -> None:
    with serving(on("/token", answer), token=True) as registry:
        for method in METHODS.values():
            with pytest.raises(expected) as caught:
                method(source(registry))
            assert type(caught.value) is expected


def test_credentials_in_netrc_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ada password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving() as registry:
        source(registry).resolve()
        assert "Authorization" not in registry.requests[0].headers


def test_credentials_in_an_address_are_not_sent() -> None:
    """`origin` refuses such an address before; requests would send what is in it."""
    session = Registries(Access(), limits=Limits(), deadline=Deadline(5)).client.session
    prepared = session.prepare_request(requests.Request("GET", "https://ada:hunter2@registry.example/v2/"))
    assert "Authorization" not in prepared.headers


def test_cookies_are_not_kept() -> None:
    with serving() as registry:
        registry.intercept = on("/cookie", listing(index(), {"Set-Cookie": "a=b; Path=/"}))
        image = source(registry)
        image.tagged("cookie")
        image.resolve()
        assert "Cookie" not in registry.requests[-1].headers


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"])
def test_the_environment_is_read_by_the_command_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving() as registry:
        assert source(registry).resolve().digest == IMAGE


# TLS


@contextmanager
def serving_tls(certificate: Path) -> Iterator[RegistryServer]:
    registry = RegistryServer({"acme/api": LAYOUT})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    registry._server.socket = context.wrap_socket(registry._server.socket, server_side=True)
    with registry:
        yield registry


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody vouches for, for 127.0.0.1, and its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def ask_by_tls(registry: RegistryServer, *, host: str = "127.0.0.1", authorities: object = "") -> http.Reply:
    access = Access(ca_file=str(authorities), ca_source="--ca-file")
    client = http.Client(access, limits=Limits(), deadline=Deadline(5))
    url = f"https://{host}:{registry.host.split(':')[1]}/v2/acme/api/manifests/v1"
    return client.get(http.Request(url=url, what="tag v1", cap=1 << 20, limit="manifest-bytes"))


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Path) -> None:
    with serving_tls(certificate) as registry:
        with pytest.raises(Unavailable, match="certificate was not trusted"):
            ask_by_tls(registry)
        assert registry.requests == ()


def test_a_certificate_for_another_host_is_not_trusted(certificate: Path) -> None:
    with serving_tls(certificate) as registry, pytest.raises(Unavailable, match="certificate was not trusted"):
        ask_by_tls(registry, host="localhost", authorities=certificate)


def test_a_certificate_of_the_authorities_that_were_named_is_trusted(certificate: Path) -> None:
    with serving_tls(certificate) as registry:
        reply = ask_by_tls(registry, authorities=certificate)
    assert reply.status == 200
    assert hashlib.sha256(reply.body).hexdigest() == IMAGE.hex


def test_certificate_authorities_that_cannot_be_read_are_the_jobs_fault(tmp_path: Path) -> None:
    access = Access(ca_file=str(tmp_path / "missing"), ca_source="SSL_CERT_FILE")
    folders = Access(ca_folders=(str(tmp_path),), ca_source="SSL_CERT_DIR")
    with pytest.raises(InvalidUsage, match=r"SSL_CERT_DIR: .* has no certificate authorities under their hashes"):
        Registries(folders, limits=Limits(), deadline=Deadline(5))
    with pytest.raises(InvalidUsage, match="SSL_CERT_FILE: the certificate authorities"):
        http.Client(access, limits=Limits(), deadline=Deadline(5))


def test_the_certificate_authorities_are_read_once_for_all_connections(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, *places: str | None) -> None:
        read.append(places)
        load(context, *places)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    moved = Response(status=307, headers={"Location": "x", "Content-Length": "9"})  # closes the connection
    with serving_tls(certificate) as registry:
        registry.intercept = everything(moved)
        with pytest.raises(LimitExceeded):
            ask_by_tls(registry, authorities=certificate)
        assert len(registry.requests) == 4
    assert len(read) == 1


def test_a_server_that_does_not_speak_tls_is_unavailable() -> None:
    with serving() as registry, pytest.raises(Unavailable, match="TLS"):
        ask_by_tls(registry)


# Referrers


def test_the_referrers_api_lists_everything_with_one_unfiltered_request() -> None:
    with serving() as registry:
        found = source(registry).referrers(IMAGE)
        assert found.supported
        assert found.status == 200
        assert len(found.descriptors) == 4
        assert {d.artifact_type for d in found.descriptors} == {"application/vnd.oci.empty.v1+json"}
        assert [request.path for request in registry.requests] == [f"/v2/acme/api/referrers/{IMAGE}"]


def test_an_image_without_referrers_has_an_empty_listing() -> None:
    with serving() as registry:
        found = source(registry).referrers(NOWHERE)
        assert found.supported
        assert found.descriptors == ()


def test_a_registry_without_the_api_serves_the_referrers_tag() -> None:
    with serving(referrers_api=False) as registry:
        image = source(registry)
        assert not image.referrers(IMAGE).supported
        content = image.tagged(f"sha256-{IMAGE.hex}").content
        assert content is not None
        assert len(parse_manifest(content).manifests) == 4
        assert image.tagged(f"sha256-{NOWHERE.hex}").content is None


@pytest.mark.parametrize("media_type", [f"{OCI_INDEX}; charset=utf-8", OCI_INDEX.upper()])
def test_parameters_and_case_of_the_media_type_do_not_matter(media_type: str) -> None:
    with serving(on("/referrers/", listing(index(), media_type=media_type))) as registry:
        assert len(source(registry).referrers(IMAGE).descriptors) == 1


@pytest.mark.parametrize("absolute", [False, True])
def test_pages_are_followed_to_the_last(*, absolute: bool) -> None:
    def answer(path: str) -> Response:
        page = int(path.partition("page=")[2] or 0)
        base = registry.url if absolute else ""
        link = f'</other>; rel="first", <{base}/v2/acme/api/referrers/x?page={page + 1}>; title="a, b"; rel="next"'
        return listing(index(2, first=2 * page), {"Link": link} if page < 2 else {})

    with serving(answer) as registry:
        found = source(registry).referrers(IMAGE)
        assert [int(d.digest.hex, 16) for d in found.descriptors] == [0, 1, 2, 3, 4, 5]
        assert found.bytes == 3 * len(index(2))
        assert len(registry.requests) == 3


@pytest.mark.parametrize("target", ["", "?a", "/v2/acme/api/referrers/x"])
def test_pages_that_lead_in_a_circle_are_malformed(target: str) -> None:
    with serving(everything(listing(index(), {"Link": f'<{target}>; rel="next"'}))) as registry:
        with pytest.raises(Malformed, match="circle"):
            source(registry).referrers(IMAGE)
        assert len(registry.requests) <= 2


def test_endless_pages_end_at_the_limit() -> None:
    with serving(lambda path: listing(index(0), {"Link": f"<{path}x>; rel=next"})) as registry:
        with pytest.raises(LimitExceeded, match="more than 20 pages"):
            source(registry).referrers(IMAGE)
        assert len(registry.requests) == 20


@pytest.mark.parametrize(
    ("limits", "name"),
    [(Limits(manifests_bytes=5 * len(index(2))), "manifests-bytes"), (Limits(image_tokens=100), "image-tokens")],
)
def test_the_pages_of_all_listings_of_an_image_are_bounded_in_sum(limits: Limits, name: str) -> None:
    """Three pages of one listing stay below the limits, and so does a second listing: both together do not."""

    def answer(path: str) -> Response:
        page = int(path.partition("page=")[2] or 0)
        return listing(index(2, first=2 * page), {"Link": f"<?page={page + 1}>; rel=next"} if page < 2 else {})

    with serving(answer) as registry:
        tally = Tally()
        assert len(source(registry, limits=limits).referrers(IMAGE, tally).descriptors) == 6
        assert len(source(registry, limits=limits).referrers(IMAGE, Tally()).descriptors) == 6
        with pytest.raises(LimitExceeded) as error:
            source(registry, limits=limits).referrers(IMAGE, tally)
    assert error.value.limit == name


def test_more_referrers_than_the_limit_are_never_the_first_n() -> None:
    with serving(everything(listing(index(201)))) as registry, pytest.raises(LimitExceeded, match="more than 200"):
        source(registry).referrers(IMAGE)
    with serving(everything(listing(index(200)))) as registry:
        assert len(source(registry).referrers(IMAGE).descriptors) == 200


@pytest.mark.parametrize(
    "link",
    [
        "<https://registry.example/v2/>; rel=next",
        "<http://127.0.0.1:1/v2/>; rel=next",
        "<//127.0.0.1:1/v2/>; rel=next",
        "<http://registry.example/v2/>; rel=next",
        "</a>; rel=next, </b>; rel=next",
        "</a; rel=next",
        "junk",
    ],
)
def test_a_next_page_elsewhere_or_unreadable_is_malformed(link: str) -> None:
    with serving(everything(listing(index(), {"Link": link}))) as registry:
        with pytest.raises(Malformed, match="next page"):
            source(registry).referrers(IMAGE)
        assert len(registry.requests) == 1


@pytest.mark.parametrize("body", [index(manifests=None), b"{}", b"{}\n"])
def test_no_manifests_may_be_written_as_null_or_as_nothing(body: bytes) -> None:
    """As Go writes an empty list, and as Harbor answers of an image that it does not have in this repository."""
    with serving(everything(listing(body))) as registry:
        found = source(registry).referrers(IMAGE)
        assert found.supported
        assert found.descriptors == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b'{"schemaVersion": 2}',
        b'{"layers": []}',
        index() + b"x",
        index(manifests=7),
        index(manifests=[{"digest": "sha256:0"}]),
        index(mediaType=OCI_MANIFEST),
    ],
)
def test_a_listing_that_cannot_be_read_is_malformed_and_not_empty(body: bytes) -> None:
    with serving(everything(listing(body))) as registry, pytest.raises(Malformed):
        source(registry).referrers(IMAGE)


def test_a_listing_too_deep_to_read_is_over_a_limit() -> None:
    body = b'{"manifests": ' + b"[" * 100 + b"]" * 100 + b"}"
    with serving(everything(listing(body))) as registry, pytest.raises(LimitExceeded):
        source(registry).referrers(IMAGE)


@pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
def test_a_registry_without_the_api_says_so_in_several_ways(status: int) -> None:
    with serving(everything(Response(status=status, body=b"no"))) as registry:
        found = source(registry).referrers(IMAGE)
    assert (found.supported, found.status, found.descriptors, found.bytes) == (False, status, (), 2)


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}, {"Content-Length": ""}])
@pytest.mark.parametrize("media_type", ["text/html", "application/json", OCI_MANIFEST, ""])
def test_a_page_of_another_type_is_no_listing(media_type: str, headers: Mapping[str, str]) -> None:
    page = listing(b"<html>" * 5000, headers, media_type=media_type)
    with serving(everything(page)) as registry:
        found = source(registry, limits=Limits(manifest_bytes=100)).referrers(IMAGE)
    assert (found.supported, found.status, found.descriptors) == (False, 200, ())


def test_a_registry_that_sends_clients_to_its_web_site_has_no_api() -> None:
    with serving() as site:
        moved = Response(status=303, headers={"Location": f"{site.url}/login"})
        with serving(on("/referrers/", moved)) as registry:
            found = source(registry).referrers(IMAGE)
        assert (found.supported, found.status) == (False, 303)
        assert site.requests == ()


@pytest.mark.parametrize(
    "second",
    [Response(status=404), Response(status=303, headers={"Location": "/"}), listing(b"{}", media_type="text/html")],
)
def test_a_page_that_is_missing_is_malformed_and_not_the_end(second: Response) -> None:
    first = listing(index(), {"Link": "<?page=2>; rel=next"})
    with (
        serving(lambda path: second if "page=2" in path else first) as registry,
        pytest.raises(Malformed),
    ):
        source(registry).referrers(IMAGE)


# Failures: the right class from every method, and never an absence


@each_method
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, AccessDenied),
        (403, AccessDenied),
        (408, Unavailable),
        (409, Malformed),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (204, Malformed),
        (206, Malformed),
        (304, Malformed),
    ],
)
def test_a_refusal_has_its_class(
    method: Callable[[RegistrySource], object], status: int, expected: type[CouldNotLook]
) -> None:
    with serving(everything(Response(status=status))) as registry, pytest.raises(CouldNotLook) as caught:
        method(source(registry))
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert registry.host.split(":")[0] in caught.value.message


@each_method
def test_a_refused_connection_is_unavailable(method: Callable[[RegistrySource], object]) -> None:
    with serving() as registry:
        image = source(registry)
    with pytest.raises(Unavailable, match="connection refused") as caught:
        method(image)
    assert type(caught.value) is Unavailable


def test_a_failure_is_not_taken_for_that_of_an_earlier_request() -> None:
    with serving(on("/v1", Response(pause=SLOW))) as registry:
        image = source(registry, limits=Limits(read_seconds=0.05))
        try:
            image.resolve()
        except Unavailable:
            registry.intercept = everything(Response(raw=b""))
            with pytest.raises(Unavailable, match="the connection was lost"):
                image.resolve()


@each_method
def test_a_host_without_address_is_unavailable(
    method: Callable[[RegistrySource], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reference = parse_reference("registry.example/acme/api:v1")
    with pytest.raises(Unavailable, match=r"registry\.example: its name is not known"):
        method(Registries(Access(), limits=Limits(), deadline=Deadline(5)).source(reference))


@each_method
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", Unavailable),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Malformed),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", Malformed),
    ],
    ids=["hangs up", "another protocol", "too many headers", "two lengths"],
)
def test_what_is_no_http_answer_has_its_class(
    method: Callable[[RegistrySource], object], raw: bytes, expected: type[CouldNotLook]
) -> None:
    with serving(everything(Response(raw=raw))) as registry, pytest.raises(CouldNotLook) as caught:
        method(source(registry))
    assert type(caught.value) is expected


def test_a_message_quotes_error_codes_and_nothing_else_of_the_registrys_words() -> None:
    errors = [{"code": "DENIED", "message": "::error::\x1b[31m"}, {"code": "evil\n"}, {"code": 7}, "x"]
    answer = Response(status=403, body=json.dumps({"errors": errors}).encode(), headers={"X-Secret": "hush"})
    with serving(everything(answer)) as registry, pytest.raises(AccessDenied) as caught:
        source(registry).resolve()
    assert caught.value.message == (
        f"{registry.host}/acme/api: tag v1: {registry.host} answered HTTP 403 (DENIED); "
        "no credentials were used: none were given (docker login or --registry-username gives some)"
    )


def test_an_error_whose_body_breaks_off_keeps_its_status() -> None:
    answer = Response(status=503, body=b"x", headers={"Content-Length": "100"})
    with serving(everything(answer)) as registry, pytest.raises(Unavailable) as caught:
        source(registry).resolve()
    assert caught.value.status == 503


# Time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
STALLS = {
    "silent": Response(pause=SLOW),
    "silent after the headers": Response(raw=HEAD + b"x", piece=len(HEAD), pause=0.2),
    "a byte at a time": Response(raw=HEAD + b"x" * 1000, piece=1, pause=0.02),
    "headers a byte at a time": Response(
        raw=b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyyyyyyyyyyy\r\n" * 99, piece=1, pause=0.02
    ),
    "chunk sizes a byte at a time": Response(
        raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 4000, piece=100, pause=0.02
    ),
    "an error a byte at a time": Response(status=500, body=b"x" * 4000, piece=1, pause=0.02),
}


@each_method
@pytest.mark.parametrize("stall", STALLS)
def test_a_server_that_stalls_is_left_at_the_deadline(method: Callable[[RegistrySource], object], stall: str) -> None:
    with serving(everything(STALLS[stall])) as registry:
        image = source(registry, seconds=0.3)
        begin = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            method(image)
        assert 0.2 < time.monotonic() - begin < 1.3


def test_a_server_that_is_silent_for_the_read_timeout_is_unavailable_before_the_deadline() -> None:
    with serving(everything(Response(pause=SLOW))) as registry:
        begin = time.monotonic()
        with pytest.raises(Unavailable, match="no answer in time") as caught:
            source(registry, limits=Limits(read_seconds=0.1)).resolve()
        assert type(caught.value) is Unavailable
        assert time.monotonic() - begin < 1


def test_after_the_deadline_nothing_is_asked() -> None:
    with serving() as registry:
        image = source(registry, seconds=0)
        for method in METHODS.values():
            with pytest.raises(DeadlineExceeded):
                method(image)
        assert registry.requests == ()


def test_threads_that_wait_for_a_token_are_left_at_the_deadline_too() -> None:
    with serving(on("/token", Response(pause=SLOW)), token=True) as registry, ThreadPoolExecutor(4) as threads:
        image = source(registry, seconds=0.4)
        begin = time.monotonic()
        asked = [threads.submit(image.manifest, IMAGE) for _ in range(4)]
        assert {type(future.exception()) for future in asked} == {DeadlineExceeded}
        assert time.monotonic() - begin < 1.4


# The adapter around oras


def test_oras_own_way_to_the_network_is_closed() -> None:
    with serving() as registry:
        inner = source(registry)._registry
        container = inner.container
        ways: tuple[tuple[str, tuple[object, ...]], ...] = (
            ("do_request", (registry.url,)),
            ("get_manifest", (container,)),
            ("get_blob", (container, str(BUNDLE))),
            ("get_tags", (container,)),
        )
        for name, arguments in ways:
            with pytest.raises(GateError, match="past the guards"):
                getattr(inner, name)(*arguments)
        assert registry.requests == ()


def test_another_version_of_oras_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oras, "__version__", "0.2.44")
    with serving() as registry, pytest.raises(GateError, match=r"oras 0\.2\.43 exactly, and this is 0\.2\.44"):
        source(registry)


def test_a_reference_that_oras_reads_differently_is_refused() -> None:
    reference = replace(parse_reference("ghcr.io/acme/api:v1"), location="acme/api@other")
    with pytest.raises(GateError, match="oras takes"):
        Registries(Access(), limits=Limits(), deadline=Deadline(5)).source(reference)


def test_what_oras_logs_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("oras.logger")
    assert not logger.propagate
    oras.logger.logger.error("::error::from the registry")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("alpine", "https://registry-1.docker.io/v2/library/alpine/manifests/x"),
        ("ghcr.io/acme/api", "https://ghcr.io/v2/acme/api/manifests/x"),
        ("registry.example:5000/a/b/c", "https://registry.example:5000/v2/a/b/c/manifests/x"),
        ("localhost/api", "http://localhost:80/v2/api/manifests/x"),
        ("localhost:5000/api", "http://localhost:5000/v2/api/manifests/x"),
        ("127.0.0.1:5000/api", "http://127.0.0.1:5000/v2/api/manifests/x"),
        ("127.1.2.3/api", "http://127.1.2.3/v2/api/manifests/x"),
        ("[::1]:5000/api", "http://[::1]:5000/v2/api/manifests/x"),
        ("[::1]/api", "http://[::1]/v2/api/manifests/x"),
        ("[2001:db8::1]:5000/api", "https://[2001:db8::1]:5000/v2/api/manifests/x"),
        ("10.0.0.1:5000/api", "https://10.0.0.1:5000/v2/api/manifests/x"),
        ("127.0.0.1.example/api", "https://127.0.0.1.example/v2/api/manifests/x"),
        ("localhost.example/api", "https://localhost.example/v2/api/manifests/x"),
    ],
)
def test_plain_http_is_for_this_machine_alone(text: str, url: str) -> None:
    image = Registries(Access(), limits=Limits(), deadline=Deadline(5)).source(parse_reference(text))
    assert image._registry.manifest_url("x") == url


def test_requests_never_sees_where_a_redirect_leads() -> None:
    client = http.Client(Access(), limits=Limits(), deadline=Deadline(5))
    answer = requests.Response()
    answer.status_code = 307
    answer.headers["Location"] = "/elsewhere"
    assert requests.Session().get_redirect_target(answer) == "/elsewhere"
    assert client.session.get_redirect_target(answer) is None


def test_connections_are_kept_and_used_again() -> None:
    accepted = 0
    with serving() as registry:
        get_request = registry._server.get_request

        def counted() -> tuple[socket.socket, object]:
            nonlocal accepted
            accepted += 1
            return get_request()

        registry._server.get_request = counted  # type: ignore[method-assign]
        image = source(registry)
        for _ in range(3):
            image.tagged("v2")
            image.manifest(IMAGE)
            image.blob(descriptor())
    assert accepted == 1


# Headers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("Bearer", [("bearer", {})]),
        ('Bearer realm="https://a/b?c=d,e"', [("bearer", {"realm": "https://a/b?c=d,e"})]),
        ('BEARER Realm = x , service=""', [("bearer", {"realm": "x", "service": ""})]),
        ('Basic realm="a\\"b", Bearer realm="c"', [("basic", {"realm": 'a"b'}), ("bearer", {"realm": "c"})]),
        ("Negotiate, Bearer realm=c", [("negotiate", {}), ("bearer", {"realm": "c"})]),
        ("NTLM YWJj==, Bearer realm=c", [("ntlm", {}), ("bearer", {"realm": "c"})]),
        ("Bearer realm=", [("bearer", {})]),
        (
            'Bearer realm="https://x/t",service="x",scope="repository:a/b:pull,push",error="invalid_token"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://x/t",
                        "service": "x",
                        "scope": "repository:a/b:pull,push",
                        "error": "invalid_token",
                    },
                )
            ],
        ),
    ],
)
def test_challenges_are_read_as_their_grammar_says(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(challenge.scheme, challenge.parameters) for challenge in parse_challenges(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        'Bearer realm="open',
        'Bearer realm="a" service="b"',
        "Bearer realm=a, realm=b",
        "Basic Bearer realm=a",
        "Bearer realm=https://x/y",
        "Negotiate, realm=x",
        'realm="x"',
        "Bearer, {}",
        'Bearer realm="a\x00b"',
    ],
)
def test_challenges_that_the_grammar_does_not_allow_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"challenges|twice"):
        parse_challenges(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("</a>", None),
        ("</a>; rel=prev", None),
        ("</a>; rel=next", "/a"),
        ('</a>;REL="prev NEXT"', "/a"),
        ('</a>; title="rel=next"', None),
        ('</a>; title="x; rel=next"; rel=prev', None),
        ("</a>; rel=prev; rel=next", None),
        ("</a>; rel=prev, </b,c;d>; x; rel=next", "/b,c;d"),
        ("</a>; rel=next, </a>; rel=next", "/a"),
        ("<>; rel=next", ""),
    ],
)
def test_links_are_read_as_their_grammar_says(text: str, expected: str | None) -> None:
    assert parse_next_link(text) == expected


@pytest.mark.parametrize("text", ["/a; rel=next", "</a> rel=next", '</a>; rel="next', "</a>; rel=next </b>", "<"])
def test_links_that_the_grammar_does_not_allow_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="links"):
        parse_next_link(text)


@pytest.mark.parametrize("parse", [parse_challenges, parse_next_link])
def test_a_long_header_costs_no_more_than_its_length(parse: Callable[[str], object]) -> None:
    begin = time.monotonic()
    for text in ("<a>" + ";" * 60_000, "<a>;" + "x=y ;" * 12_000 + "<", "A " + "=" * 60_000, 'A b="' + "\\" * 60_001):
        with suppress(ValueError):
            parse(text)
    assert time.monotonic() - begin < 1
