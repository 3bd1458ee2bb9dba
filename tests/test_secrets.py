"""No secret reaches any output: every way in and every way out, with marked secrets.

The marks are looked for as they are and in the forms in which they travel: base64 of `user:password`, percent-encoded.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from gate.cli.access import read_access
from gate.errors import GateError
from gate.limits import Deadline, Limits
from gate.reference import parse_reference
from gate.sources.registry import Registries
from gate.sources.registry import login as login_module
from tests.conftest import LAB, Ran, policy_path
from tests.network import Network, TokenService, auth, basic_auth
from tests.registry_server import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.registry_server import Request

MARK = "s3cr+t/MARK="
TOKEN = "t0k3nMARK"
USER = "ada"
FORMS = (
    MARK,
    "MARK",
    quote_plus(MARK),
    base64.b64encode(MARK.encode()).decode().rstrip("="),
    base64.b64encode(f"{USER}:{MARK}".encode()).decode(),
)
HOST = "registry.acme.example"
REFERENCE = f"{HOST}/acme/api:v1"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with Network(tmp_path, monkeypatch) as made:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority.file))
        yield made


def service(**more: Any) -> TokenService:
    realm = more.pop("realm", HOST)
    return TokenService(
        challenge=f'Bearer realm="https://{realm}/token",service="{HOST}",scope="{{scope}}"',
        accounts={USER: MARK},
        identity_tokens=(MARK,),
        anonymous=False,
        prefix=TOKEN,
        **more,
    )


def config(**entry: str) -> str:
    return json.dumps({"auths": {HOST: entry}})


def helper(folder: Path, script: str) -> Mapping[str, str]:
    program = folder / "docker-credential-x"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "DOCKER_AUTH_CONFIG": json.dumps({"credHelpers": {HOST: "x"}})}


def ways_in(folder: Path) -> dict[str, tuple[Mapping[str, str], list[str]]]:
    """Each place where a credential may come from: environment and flags."""
    files = {}
    for name in (".docker/config.json", ".config/containers/auth.json", "auth.json", "password"):
        files[name] = folder / "home" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        files[name].write_text(MARK if name == "password" else config(auth=auth(USER, MARK)))
    answer = json.dumps({"Username": USER, "Secret": MARK})
    job = {"CI_REGISTRY": HOST, "CI_REGISTRY_USER": USER, "CI_REGISTRY_PASSWORD": MARK}
    return {
        "nothing": ({}, []),
        "inline": ({"DOCKER_AUTH_CONFIG": config(auth=auth(USER, MARK))}, []),
        "username and password": ({"DOCKER_AUTH_CONFIG": config(username=USER, password=MARK)}, []),
        "identity token": ({"DOCKER_AUTH_CONFIG": config(identitytoken=MARK)}, []),
        "registry token": ({"DOCKER_AUTH_CONFIG": config(registrytoken=MARK)}, []),
        "registry auth file": ({"REGISTRY_AUTH_FILE": str(files["auth.json"])}, []),
        "home": ({"HOME": str(folder / "home")}, []),
        "docker config": ({"DOCKER_CONFIG": str(folder / "home" / ".docker")}, []),
        "helper": (helper(folder, f"echo '{answer}'; echo '{MARK}' >&2"), []),
        "job": (job, []),
        "flag": ({"GATE_REGISTRY_PASSWORD": MARK}, ["--registry-username", USER]),
        "twin": ({"GATE_REGISTRY_PASSWORD": MARK, "GATE_REGISTRY_USERNAME": USER}, []),
        "file": ({}, ["--registry-username", USER, "--registry-password-file", str(files["password"])]),
    }


WAYS = (
    "inline",
    "username and password",
    "identity token",
    "registry token",
    "registry auth file",
    "home",
    "docker config",
    "helper",
    "job",
    "flag",
    "twin",
    "file",
)


def clean(*texts: str) -> None:
    for text in texts:
        for form in (*FORMS, TOKEN):
            assert form not in text, text


@pytest.fixture
def run(
    tmp_path: Path,
    verify: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., Ran]:
    """`gate verify --debug` with a way in; every output of it is looked through, and what libraries log."""
    caplog.set_level(logging.DEBUG)

    def go(way: str, *flags: str, policy: str = "production", reference: str = REFERENCE) -> Ran:
        environment, more = ways_in(tmp_path)[way]
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ran = verify(reference, "--debug", *more, *flags, policy=policy_path(policy))
        clean(ran.out, ran.err, json.dumps(ran.report), caplog.text)
        return ran

    return go


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asks", ["bearer", "basic"])
def test_no_way_in_shows_its_secret(way: str, asks: str, network: Network, run: Callable[..., Ran]) -> None:
    tokens = service()
    guard = tokens.both if asks == "bearer" else basic_auth(USER, MARK)
    if way == "registry token":

        def guard(request: Request) -> Response | None:
            return None if request.authorization == f"Bearer {MARK}" else tokens.protect(request)

    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=guard)
    ran = run(way)
    if asks == "basic" and way == "identity token":
        assert ran.code == 4
    else:
        assert ran.code == 0, ran.out
        source = ran.report["images"][0]["credentials"]
        assert source
        assert f"credentials: {source}" in ran.err


FAILURES: Mapping[str, Response | None] = {
    "refused": None,
    "401": Response(status=401, body=MARK.encode()),
    "403": Response(status=403, body=json.dumps({"errors": [{"code": "DENIED", "message": MARK}]}).encode()),
    "503": Response(status=503, body=MARK.encode()),
    "no JSON": Response(body=MARK.encode()),
    "no token": Response(body=json.dumps({"token": f"{MARK}\n"}).encode()),
    "a redirect": Response(status=307, headers={"Location": f"https://{MARK}@evil.example/{MARK}"}),
    "nothing": Response(raw=b""),
    "no HTTP": Response(raw=MARK.encode()),
    "too long": Response(body=MARK.encode() * 10_000),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("way", ["inline", "identity token"])
def test_no_failure_of_a_token_service_shows_a_secret(
    failure: str, way: str, network: Network, run: Callable[..., Ran]
) -> None:
    tokens = service()
    if failure == "refused":
        tokens.accounts, tokens.identity_tokens = {}, ()

    def guard(request: Request) -> Response | None:
        answer = FAILURES[failure]
        return answer if answer and request.path.startswith("/token") else tokens.both(request)

    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=guard)
    assert run(way).code in (3, 4)


def _echo(request: Request) -> Response:
    """A registry that tells everybody what it was told."""
    told = request.authorization or 'Basic realm="x"'
    status = 403 if request.authorization else 401
    body = json.dumps({"errors": [{"code": told, "message": told}]}).encode()
    return Response(status=status, body=body, headers={"WWW-Authenticate": told, "X-Echo": told})


HOSTILE: Mapping[str, Callable[[Request], Response | None]] = {
    "echo": _echo,
    "foreign realm": lambda _: Response(
        status=401, headers={"WWW-Authenticate": 'Bearer realm="https://evil.example/t", Basic'}
    ),
    "only a foreign realm": lambda _: Response(
        status=401, headers={"WWW-Authenticate": 'Bearer realm="https://evil.example/t"'}
    ),
    "plain realm": lambda _: Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{HOST}/t"'}),
    "redirect": lambda request: Response(
        status=401 if not request.authorization else 307,
        headers={"WWW-Authenticate": "Basic", "Location": f"https://evil.example{request.path}"},
    ),
    "challenge for ever": lambda _: Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
    "not found": lambda request: Response(
        status=404 if request.authorization else 401, headers={"WWW-Authenticate": "Basic"}
    ),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_no_hostile_registry_gets_a_secret_out(how: str, network: Network, run: Callable[..., Ran]) -> None:
    evil = network.add("evil.example", {}, guard=lambda _: Response(status=403))
    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=HOSTILE[how])
    ran = run("inline")
    assert ran.code == 4, ran.out
    for request in evil.requests:
        clean(request.path, request.body.decode(), json.dumps(dict(request.headers)))


@pytest.mark.parametrize(
    "environment",
    [
        {"DOCKER_AUTH_CONFIG": MARK},
        {"DOCKER_AUTH_CONFIG": base64.b64encode(config(auth=auth(USER, MARK)).encode()).decode()},
        {"DOCKER_AUTH_CONFIG": f'{{"auths": {{"{HOST}": {{"auth": "{MARK}"}}}}}}'},
        {"DOCKER_AUTH_CONFIG": f'{{"auths": {{"{HOST}": "{MARK}"}}}}'},
        {"DOCKER_AUTH_CONFIG": f'{{"auths": "{MARK}"}}'},
        {"DOCKER_AUTH_CONFIG": f'{{"{MARK}'},
        {"DOCKER_AUTH_CONFIG": f'{{"{MARK}": 1, "{MARK}": 2}}'},
        {"GATE_REGISTRY_PASSWORD": MARK},
        {"GATE_REGISTRY_PASSWORD": f"{MARK}\n", "GATE_REGISTRY_USERNAME": USER},
        {"https_proxy": f"http://{USER}:{MARK}@127.0.0.1:9"},
        {"https_proxy": f"socks5://{USER}:{MARK}@127.0.0.1:9"},
        {"SSL_CERT_FILE": "/nonexistent", "DOCKER_AUTH_CONFIG": config(auth=auth(USER, MARK))},
    ],
)
def test_no_wrong_setting_is_shown(
    environment: Mapping[str, str], network: Network, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=basic_auth(USER, MARK))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ran = run("nothing")
    assert ran.code in (2, 3, 4), ran.out


@pytest.mark.parametrize("script", [f"echo '{MARK}'", f"echo '{MARK}'; exit 1", f"echo '{MARK}' >&2; exit 1"])
def test_nothing_that_a_helper_says_is_shown(
    script: str, network: Network, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=basic_auth(USER, MARK))
    folder = tmp_path / "helper"
    folder.mkdir()
    for name, value in helper(folder, script).items():
        monkeypatch.setenv(name, value)
    assert run("nothing").code == 4


def test_a_crash_in_the_middle_shows_no_secret(
    network: Network, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--debug prints the traceback, whose lines hold names and no values."""

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=service().both)
    monkeypatch.setattr(login_module, "takes_credentials", crash)
    ran = run("inline")
    assert ran.code == 4
    assert "Traceback" in ran.err


@pytest.mark.parametrize("failure", [name for name in FAILURES if name != "refused"])
def test_no_exception_holds_a_secret_in_its_text_or_in_those_beneath_it(failure: str, network: Network) -> None:
    tokens = service()

    def guard(request: Request) -> Response | None:
        return FAILURES[failure] if request.path.startswith("/token") else tokens.both(request)

    network.add(HOST, {"acme/api": LAB / "agent-signed"}, guard=guard)
    reference = parse_reference(REFERENCE)
    environment = {"DOCKER_AUTH_CONFIG": config(auth=auth(USER, MARK)), "SSL_CERT_FILE": str(network.authority.file)}
    image = Registries(read_access(environment, [reference]), limits=Limits(), deadline=Deadline(20)).open(reference)
    with pytest.raises(GateError) as caught:
        image.resolve()
    text = io.StringIO()
    traceback.print_exception(caught.value, file=text)
    clean(text.getvalue(), repr(caught.value), *(str(item) for item in vars(caught.value).values()))
