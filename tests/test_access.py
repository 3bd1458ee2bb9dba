"""The command's flags and environment for reaching registries, from end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate import cli
from tests.conftest import LAB, Ran, policy_path
from tests.network import Authority, Network, Proxy, TokenService, auth, basic_auth
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.registry_server import Request

SECRET = "hunter2"
HOST = "registry.acme.example"
IMAGE = f"{HOST}/acme/api:v1"
LAYOUTS = {"acme/api": LAB / "agent-signed"}
POLICY = policy_path("signature")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with Network(tmp_path, monkeypatch) as made:
        yield made


def test_the_registry_flags_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", "--help"]) == 0
    shown = "".join(line.strip() for line in capsys.readouterr().out.splitlines())  # a long name may be broken in two
    for flag in ("ca-file", "client-cert", "client-key", "registry-username", "registry-password-file", "plain-http"):
        assert f"--{flag}" in shown
    assert "--registry-password " not in shown, "no secret on the command line"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_certificate_authorities(
    name: str, network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    network.add(HOST, LAYOUTS)
    ran = verify(IMAGE, policy=POLICY)
    assert ran.code == 3
    assert "the certificate was not trusted" in ran.out
    monkeypatch.setenv(name, str(network.authority.file))
    assert verify(IMAGE, policy=POLICY).code == 0
    monkeypatch.setenv(name, "/nonexistent.pem")
    ran = verify(IMAGE, policy=POLICY)
    assert ran.code == 2
    assert f"{name}: the certificate authorities in /nonexistent.pem cannot be read" in ran.err
    assert verify(IMAGE, "--ca-file", str(network.authority.file), policy=POLICY).code == 0, "the flag counts first"


def test_the_environment_names_folders_of_hashed_authorities(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_DIR, as OpenSSL has it: folders between colons, of which those that are not there are passed over."""
    network.add(HOST, LAYOUTS)
    other = Authority(tmp_path, "other")
    folders = other.hashed(tmp_path / "others"), network.authority.hashed(tmp_path / "ours")
    for value, code in (
        (f"{folders[1]}", 0),
        (f"{folders[0]}:{folders[1]}", 0),
        (f"/nonexistent::{folders[1]}:", 0),
        (f"{folders[0]}", 3),
    ):
        monkeypatch.setenv("SSL_CERT_DIR", value)
        assert verify(IMAGE, policy=POLICY).code == code, value
    assert verify(IMAGE, "--ca-file", str(network.authority.file), policy=POLICY).code == 0
    monkeypatch.setenv("SSL_CERT_DIR", str(folders[1]))
    assert verify(IMAGE, "--ca-file", str(other.file), policy=POLICY).code == 3, "the flag counts alone"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_authorities_of_a_file_and_of_folders_count_together(
    name: str, network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network.add(HOST, LAYOUTS)
    other = Authority(tmp_path, "other")
    for file, folder in (
        (str(other.file), network.authority.hashed(tmp_path / "ours")),
        (str(network.authority.file), other.hashed(tmp_path / "others")),
        (str(network.authority.file), tmp_path / "nonexistent"),
        (str(other.hashed(tmp_path / "named")), tmp_path / "ours"),
    ):
        monkeypatch.setenv(name, file)
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
        assert verify(IMAGE, policy=POLICY).code == 0


def test_folders_in_which_nobody_would_be_found_are_2(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Certificates under their own names, as Go reads them: OpenSSL would pass over them and trust nobody."""
    registry = network.add(HOST, LAYOUTS)
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}:/nonexistent")
    ran = verify(IMAGE, policy=POLICY)
    assert (ran.code, registry.requests) == (2, ())
    assert f"SSL_CERT_DIR: {tmp_path}:/nonexistent has no certificate authorities under their hashes" in ran.err


def test_certificate_authorities_stand_in_place_of_the_public_ones(
    network: Network, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    file = Authority(tmp_path, "other").file
    network.add(HOST, LAYOUTS)
    assert verify(IMAGE, "--ca-file", str(file), policy=POLICY).code == 3
    both = tmp_path / "both.pem"
    both.write_bytes(file.read_bytes() + network.authority.file.read_bytes())
    assert verify(IMAGE, "--ca-file", str(both), policy=POLICY).code == 0


def test_a_user_name_with_its_password_in_the_environment(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    monkeypatch.setenv("GATE_REGISTRY_PASSWORD", SECRET)
    network.add(HOST, LAYOUTS, guard=basic_auth("ada", SECRET))
    ran = verify(IMAGE, "--registry-username", "ada", "--debug", policy=POLICY)
    assert (ran.code, ran.report["images"][0]["credentials"]) == (0, "--registry-username")
    assert f"gate: {IMAGE}: credentials: --registry-username\n" in ran.err
    monkeypatch.setenv("GATE_REGISTRY_USERNAME", "ada")
    ran = verify(IMAGE, policy=POLICY)
    assert (ran.code, ran.report["images"][0]["credentials"]) == (0, "GATE_REGISTRY_USERNAME")


def test_a_client_certificate_by_flags(network: Network, verify: Callable[..., Ran]) -> None:
    network.add(HOST, LAYOUTS, clients=True)
    certificate, key = network.authority.issue("client")
    flags = ["--ca-file", str(network.authority.file)]
    assert verify(IMAGE, *flags, policy=POLICY).code == 3
    assert verify(IMAGE, *flags, "--client-cert", certificate, "--client-key", key, policy=POLICY).code == 0


def test_plain_http_by_flag(network: Network, verify: Callable[..., Ran]) -> None:
    network.add(HOST, LAYOUTS, port=5000, tls=False)
    image = f"{HOST}:5000/acme/api:v1"
    assert verify(image, policy=POLICY).code == 3
    assert verify(image, "--plain-http", f"{HOST}:5000", policy=POLICY).code == 0
    assert verify(image, "--plain-http", "other.example", "--plain-http", f"{HOST}:5000", policy=POLICY).code == 0


def test_tls_on_this_machine_by_flag(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = TokenService(challenge="", accounts={"ada": SECRET}, anonymous=False)
    with RegistryServer(LAYOUTS, tls=network.authority.server("127.0.0.1"), guard=service.both) as registry:
        service.challenge = f'Bearer realm="{registry.url}/token"'
        image = f"{registry.host}/acme/api:v1"
        flags = ["--ca-file", str(network.authority.file), "--tls", registry.host]
        assert verify(image, policy=POLICY).code in (3, 4), "without the flag it is asked over http"
        assert verify(image, *flags, policy=POLICY).code == 4, "nobody is let in"
        monkeypatch.setenv("GATE_REGISTRY_PASSWORD", SECRET)
        assert verify(image, *flags, "--registry-username", "ada", policy=POLICY).code == 0
    monkeypatch.delenv("GATE_REGISTRY_PASSWORD")
    answer = Response(status=400, body=b"Client sent an HTTP request to an HTTPS server.\n")
    with RegistryServer({}, intercept=lambda _: answer) as registry:
        ran = verify(f"{registry.host}/acme/api:v1", policy=POLICY)
        assert ran.code == 4
        assert f"if this registry speaks TLS, say --tls {registry.host}" in ran.out


def test_a_token_host_by_flag(network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    service = TokenService(challenge='Bearer realm="https://auth.other.example/token"', accounts={"ada": SECRET})
    network.add(HOST, LAYOUTS, guard=service.protect)
    network.add("auth.other.example", {}, guard=service.serve)
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {HOST: {"auth": auth("ada", SECRET)}}}))
    ran = verify(IMAGE, policy=POLICY)
    assert ran.code == 4
    assert "say --token-host auth.other.example" in ran.out
    assert verify(IMAGE, "--token-host", "auth.other.example", policy=POLICY).code == 0


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environment_names_proxies(
    name: str, network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    network.add(HOST, LAYOUTS)
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    with Proxy(network) as proxy:
        monkeypatch.setenv(name, f"http://{proxy.host}")
        assert verify(IMAGE, policy=POLICY).code == 0
        assert {line.split()[1] for line in proxy.asked} == {f"{HOST}:443"}
        proxy.asked.clear()
        monkeypatch.setenv("NO_PROXY", "other.example, .acme.example")
        assert verify(IMAGE, policy=POLICY).code == 0
        assert proxy.asked == []


def test_credentials_that_cannot_be_read_are_said_before_anything_is_asked(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = network.add(HOST, LAYOUTS)
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", "{")
    ran = verify(IMAGE, policy=POLICY)
    assert (ran.code, ran.report["verdict"]) == (2, "invalid")
    assert "DOCKER_AUTH_CONFIG is not a JSON object" in ran.err
    assert registry.requests == ()
    assert verify(f"oci:{LAB / 'agent-signed'}", policy=POLICY).code == 0, "a layout needs none"


def test_a_mirror_gets_its_own_credentials_and_never_the_registrys(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mirror = network.add("mirror.example", LAYOUTS, guard=basic_auth("mirror", "m1rror"))
    registry = network.add(HOST, LAYOUTS, guard=basic_auth("ada", SECRET))
    text = POLICY.read_text().replace("../trusted_root.json", str(LAB / "trusted_root.json"))
    policy = tmp_path / "policy.toml"
    policy.write_text(f'{text}\n[registries."{HOST}"]\nmirrors = ["mirror.example"]\n')
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    entries = {HOST: {"auth": auth("ada", SECRET)}}
    for more in ({}, {"mirror.example": {"auth": auth("mirror", "m1rror")}}):
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {**entries, **more}}))
        ran = verify(IMAGE, policy=policy)
        assert ran.code == 0, ran.out
    assert ran.report["images"][0]["credentials"] == f"DOCKER_AUTH_CONFIG (mirror.example), DOCKER_AUTH_CONFIG ({HOST})"
    assert {request.authorization for request in mirror.requests} == {"", f"Basic {auth('mirror', 'm1rror')}"}
    assert {request.authorization for request in registry.requests} == {"", f"Basic {auth('ada', SECRET)}"}


def test_where_403_means_absent_it_does_not_after_a_refused_credential(
    network: Network, verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`forbidden-tag` and rule 28 together: whom a registry refuses, it tells nothing."""

    def guard(request: Request) -> Response | None:
        if request.path.endswith("/v1") or "manifests/sha256:" in request.path or "/blobs/" in request.path:
            return None  # the image is everybody's
        if "/referrers/" in request.path:
            return basic_auth("ada", "other")(request)
        return Response(status=403)

    network.add(HOST, {"acme/api": LAB / "unsigned"}, guard=guard)
    text = POLICY.read_text().replace("../trusted_root.json", str(LAB / "trusted_root.json"))
    policy = tmp_path / "policy.toml"
    policy.write_text(f'{text}\n[registries."{HOST}"]\nforbidden-tag = "absent"\n')
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {HOST: {"auth": auth("ada", SECRET)}}}))
    ran = verify(IMAGE, policy=policy)
    assert (ran.code, ran.report["verdict"]) == (4, "undecided")
