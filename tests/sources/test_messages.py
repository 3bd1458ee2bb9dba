"""What is said where gate could not look, for whoever reads the log at night: what was asked, of whom, what came of it
and what to do; and that nothing that a registry, its name server or a helper does outlasts the deadline.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3.exceptions

from gate import trust
from gate.cli.access import read_access
from gate.cli.timeout import read_deadline
from gate.errors import Unavailable
from gate.flow import ImageJudgement, Judge
from gate.limits import Deadline, Limits
from gate.policy.loading import load_policy
from gate.reference import parse_reference
from gate.report import document, text
from gate.sources import Sources
from gate.sources.registry.transport import failure
from tests.conftest import LAB, policy_path
from tests.network import Authority, Network, Proxy
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LAYOUTS = {"acme/api": LAB / "agent-signed"}
HOST = "registry.acme.example"
GUARD = 5.0
"""Seconds in which every wait here is over, on a machine that does other things too; what is waited for takes 30."""
ANSWERED = {"Content-Type": "application/vnd.oci.image.index.v1+json"}


@dataclass(frozen=True, slots=True)
class Said:
    judgement: ImageJudgement
    seconds: float

    @property
    def error(self) -> tuple[int, str, str]:
        """Exit code, message and remedy of an image that could not be had."""
        error = self.judgement.error
        assert error is not None
        return error.exit_code, str(error), error.remedy

    @property
    def summary(self) -> str:
        policy = load_policy(policy_path("production"))
        run = document.Run(
            started=NOW,
            finished=NOW,
            policy=policy,
            policy_from="--policy",
            trust=(),
            images=[self.judgement],
            error=None,
        )
        return text.summary(document.build(run))


def judge(
    image: str,
    *,
    deadline: Deadline | None = None,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    **flags: list[str] | str,
) -> Said:
    policy = load_policy(policy_path("production"))
    root = trust.load(policy.roots[0].name, folder=policy_path("production").parent)
    reference = parse_reference(image)
    access = read_access(environment or {}, [reference], **flags)  # type: ignore[arg-type]
    limits, deadline = limits or Limits(), deadline or Deadline(20)
    sources = Sources(access, limits=limits, deadline=deadline)
    began = time.monotonic()
    judgement = Judge(policy, roots=[root], sources=sources, limits=limits, deadline=deadline, now=NOW).judge(reference)
    return Said(judgement, time.monotonic() - began)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with Network(tmp_path, monkeypatch) as made:
        yield made


def on(fragment: str, response: Response) -> Callable[[str], Response | None]:
    return lambda path: response if fragment in path else None


# --- the time is over


@pytest.mark.parametrize(
    "way",
    [
        Response(pause=30),
        Response(headers={"X": "y" * 900}, piece=1, pause=0.03),
        Response(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b" " * 90, piece=40, pause=0.1),
    ],
    ids=["silent", "headers drip", "body drips"],
)
def test_an_image_that_does_not_come_says_of_whom_it_was_asked(way: Response) -> None:
    with RegistryServer(LAYOUTS, intercept=on("/manifests/v1", way)) as server:
        said = judge(f"{server.host}/acme/api:v1", deadline=Deadline(0.3))
        where = f"{server.host}/acme/api: tag v1: {server.host}"
        assert said.error[:2] == (3, f"{where}: no answer within 0.3 s (--timeout)")
    assert said.seconds < GUARD


@pytest.mark.parametrize(
    ("fragment", "place"), [("/referrers/", "referrers-api"), (".att", "cosign-att"), ("/blobs/", "blobs")]
)
def test_a_place_that_does_not_answer_is_named(fragment: str, place: str) -> None:
    with RegistryServer(LAYOUTS, intercept=on(fragment, Response(pause=30))) as server:
        said = judge(f"{server.host}/acme/api:v1", deadline=Deadline(0.6))
        missed = [entry for entry in said.judgement.ledger if not entry.complete]
        assert place in {entry.place for entry in missed}
        for entry in missed:
            assert str(entry.error).endswith(f": {server.host}: no answer within 0.6 s (--timeout)")
            assert str(entry.error).startswith(f"{server.host}/acme/api: ")
    assert said.judgement.exit_code == 3
    assert said.seconds < GUARD


def test_a_token_service_that_does_not_answer_is_named() -> None:
    with RegistryServer(LAYOUTS, token=True, intercept=on("/token", Response(pause=30))) as server:
        said = judge(f"{server.host}/acme/api:v1", deadline=Deadline(0.3))
        assert said.error[:2] == (
            3,
            f"{server.host}: a token for acme/api: {server.host}: no answer within 0.3 s (--timeout)",
        )


def test_a_name_server_that_does_not_answer_outlasts_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def wait(*_: object, **__: object) -> None:
        never.wait(30)

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    said = judge(f"{HOST}/acme/api:v1", deadline=Deadline(0.2))
    never.set()
    assert said.error[:2] == (3, "no answer within 0.2 s (--timeout)")
    assert said.seconds < GUARD


def test_a_handshake_that_stalls_outlasts_no_deadline() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        said = judge(f"{host}/acme/api:v1", deadline=Deadline(0.2), tls=[host])
    assert said.error[:2] == (3, f"{host}/acme/api: tag v1: {host}: no answer within 0.2 s (--timeout)")
    assert said.seconds < GUARD


@pytest.mark.parametrize(
    ("seconds", "limits", "end"),
    [
        (0.3, Limits(), "docker-credential-x: no answer within 0.3 s (--timeout)"),
        (20, Limits(helper_seconds=0.2), "docker-credential-x gave no credentials within 0.2 s"),
    ],
)
def test_a_helper_that_hangs_is_named_with_where_it_is_from(
    seconds: float, limits: Limits, end: str, tmp_path: Path
) -> None:
    program = tmp_path / "docker-credential-x"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_AUTH_CONFIG": json.dumps({"credsStore": "x"})}
    said = judge(f"{HOST}/acme/api:v1", deadline=Deadline(seconds), limits=limits, environment=environment)
    assert said.error[:2] == (3, f"DOCKER_AUTH_CONFIG (credsStore): {end}")
    if seconds == 20:
        assert "helper-seconds in the policy's [limits]" in said.error[2]
    assert said.seconds < GUARD


@pytest.mark.parametrize(
    ("flag", "environment", "seconds", "source"),
    [
        (None, {}, 60, "--timeout"),
        (None, {"CI_JOB_TIMEOUT": "3600"}, 60, "--timeout"),
        (None, {"CI_JOB_TIMEOUT": "30"}, 30, "CI_JOB_TIMEOUT; --timeout sets another"),
        (None, {"CI_JOB_TIMEOUT": "30", "GATE_TIMEOUT": "45s"}, 45, "GATE_TIMEOUT"),
        ("2m", {"CI_JOB_TIMEOUT": "30", "GATE_TIMEOUT": "45s"}, 120, "--timeout"),
        (None, {"CI_JOB_TIMEOUT": "soon"}, 60, "--timeout"),
        (None, {"CI_JOB_TIMEOUT": "0"}, 60, "--timeout"),
    ],
)
def test_a_deadline_says_who_set_it(flag: str | None, environment: dict[str, str], seconds: float, source: str) -> None:
    deadline = read_deadline(flag, environment)
    assert deadline.seconds == seconds
    assert str(deadline.exceeded("x")) == f"x: no answer within {seconds} s ({source})"


# --- no connection


def test_a_registry_that_speaks_no_tls_is_said_with_the_flag_for_that(network: Network) -> None:
    network.add(HOST, LAYOUTS, port=5000, tls=False)
    code, message, remedy = judge(f"{HOST}:5000/acme/api:v1").error
    assert code == 3
    assert message.startswith(f"{HOST}:5000/acme/api: tag v1: {HOST}:5000: the TLS handshake failed")
    assert "--plain-http HOST:PORT" in remedy


def test_a_registry_that_wants_a_client_certificate_is_said_with_the_flag_for_that() -> None:
    """By OpenSSL's word, as urllib3 holds it; a server that is quick to hang up may cut it off."""
    alert = ssl.SSLError(1, "tlsv13 alert certificate required")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    raised = requests.exceptions.SSLError("as requests raises it")
    raised.__cause__ = urllib3.exceptions.SSLError(alert)
    error = failure(raised, "here")
    assert isinstance(error, Unavailable)
    assert "the TLS handshake failed" in str(error)
    assert str(error).endswith("(TLSV13_ALERT_CERTIFICATE_REQUIRED)")
    assert "--client-cert and --client-key" in error.remedy


def test_an_authority_that_is_not_known_is_said_with_the_flag_for_that(network: Network, tmp_path: Path) -> None:
    network.add(HOST, LAYOUTS)
    code, message, remedy = judge(f"{HOST}/acme/api:v1", ca_file=str(Authority(tmp_path, "other").file)).error
    assert (code, "certificate was not trusted" in message, "--ca-file" in remedy) == (3, True, True)


def test_a_certificate_for_another_name_or_time_is_said_without_that_flag(network: Network) -> None:
    network.add(HOST, LAYOUTS)
    network.move("other.acme.example", 443, *network.address(HOST, 443) or ("", 0))
    _, message, remedy = judge("other.acme.example/acme/api:v1", ca_file=str(network.authority.file)).error
    assert "certificate was not trusted (Hostname mismatch" in message
    assert "by a name that its certificate has" in remedy
    expired = ssl.SSLCertVerificationError(1, "expired")
    expired.verify_code, expired.verify_message = 10, "certificate has expired"
    assert "renew its certificate" in failure(expired, "here").remedy


@pytest.mark.parametrize(
    ("way", "said", "advice"),
    [
        (Response(status=302, headers={"Location": "?"}), "redirected more than 3 times", "where it redirects to"),
        (
            Response(status=302, headers={"Location": "http://store.example/x"}),
            "redirected to plain http on another machine, store.example",
            "what answers there in the registry's place",
        ),
        (
            Response(status=401, headers={"WWW-Authenticate": 'Bearer realm="http://auth.example/token"'}),
            "names a token service that is not https",
            "must give its token service an https address",
        ),
    ],
)
def test_what_a_registry_has_wrong_is_for_whoever_runs_it(way: Response, said: str, advice: str) -> None:
    with RegistryServer(LAYOUTS, intercept=on("/manifests/v1", way)) as server:
        code, message, remedy = judge(f"{server.host}/acme/api:v1").error
    assert (code, said in message, advice in remedy) == (4, True, True), (message, remedy)


def test_a_host_that_nobody_knows_and_a_port_that_nobody_listens_on_say_where_to_look(network: Network) -> None:
    code, message, remedy = judge("nowhere.acme.example/acme/api:v1").error
    assert (code, message) == (
        3,
        "nowhere.acme.example/acme/api: tag v1: nowhere.acme.example: its name is not known",
    )
    assert "name server" in remedy
    network.move(HOST, 443, "127.0.0.1", 1)
    code, message, remedy = judge(f"{HOST}/acme/api:v1").error
    assert (code, message) == (3, f"{HOST}/acme/api: tag v1: {HOST}: connection refused")
    assert "listens on that port" in remedy


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 \x1b[31mForbidden"])
def test_a_proxy_that_refuses_is_named_with_its_answer_and_nothing_else_of_it(status: str, network: Network) -> None:
    network.add(HOST, LAYOUTS)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            for _ in range(Limits().attempts):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())

        threading.Thread(target=refuse, daemon=True).start()
        port = listener.getsockname()[1]
        proxy = {"HTTPS_PROXY": f"http://ada:hunter2@127.0.0.1:{port}"}
        code, message, remedy = judge(f"{HOST}/acme/api:v1", environment=proxy).error
    answered = f"the proxy 127.0.0.1:{port} gave no connection (it answered HTTP {status[:3]})"
    assert (code, message) == (3, f"{HOST}/acme/api: tag v1: {HOST}: {answered}")
    assert "HTTPS_PROXY" in remedy


def test_what_breaks_behind_a_proxy_names_the_proxy_too(network: Network) -> None:
    network.add(HOST, LAYOUTS, intercept=lambda _: Response(raw=b""))
    with Proxy(network) as proxy:
        said = judge(
            f"{HOST}/acme/api:v1", environment={"HTTPS_PROXY": proxy.host}, ca_file=str(network.authority.file)
        )
        assert said.error[1].endswith(f"the connection was lost (through the proxy {proxy.host})")


# --- answers


def test_a_registry_that_asks_to_wait_says_for_how_long() -> None:
    late = Response(status=429, headers={"Retry-After": "3600"})
    with RegistryServer(LAYOUTS, intercept=on("/manifests/v1", late)) as server:
        said = judge(f"{server.host}/acme/api:v1")
        code, message, remedy = said.error
        assert (code, len(server.requests)) == (3, 1)
        assert said.summary.count("answered HTTP 429") == 1, "once, where it is said what to do"
        assert message.endswith(f"{server.host} answered HTTP 429 and asks to wait 3600 s")
    assert "run it again later, or log in" in remedy


def test_a_page_in_place_of_an_image_says_what_it_was() -> None:
    page = Response(body=b"<!doctype html>", headers={"Content-Type": "text/html; charset=utf-8"})
    with RegistryServer(LAYOUTS, intercept=on("/manifests/v1", page)) as server:
        code, message, remedy = judge(f"{server.host}/acme/api:v1").error
    assert (code, message.startswith("answered as text/html, sha256:")) == (4, True)
    assert "a proxy answers in its place" in remedy


def test_a_page_in_place_of_a_token_says_what_it_was() -> None:
    page = Response(body=b"<!doctype html>", headers={"Content-Type": "text/html"})
    with RegistryServer(LAYOUTS, token=True, intercept=on("/token", page)) as server:
        _, message, _ = judge(f"{server.host}/acme/api:v1").error
        assert message.endswith(f"a token for acme/api: {server.host} answered with something else (text/html)")


def test_a_wrong_password_says_whose_it_was_and_a_token_host_is_named_with_its_port(network: Network) -> None:
    challenge = 'Bearer realm="https://auth.other.example:8443/token",service="x"'
    network.add(HOST, LAYOUTS, guard=lambda _: Response(status=401, headers={"WWW-Authenticate": challenge}))
    environment = {"GATE_REGISTRY_USERNAME": "ada", "GATE_REGISTRY_PASSWORD": "hunter2"}
    said = judge(f"{HOST}/acme/api:v1", environment=environment, ca_file=str(network.authority.file))
    assert said.error[1].endswith(
        f"{HOST} names a token service on auth.other.example:8443, and the credentials from GATE_REGISTRY_USERNAME are "
        "not sent to another site; if that is where they belong, say --token-host auth.other.example:8443"
    )


def test_a_check_says_what_to_do_about_what_could_not_be_looked_at_and_not_three_times() -> None:
    with RegistryServer(LAYOUTS, intercept=on("/sha256-", Response(status=403))) as server:
        said = judge(f"{server.host}/acme/api:v1")
        hint = f'[registries."{server.host}"] forbidden-tag = "absent"'
    assert said.judgement.exit_code == 4
    errors = [item for rule in said.judgement.rules for item in rule.results if item.gaps]
    assert errors
    for item in errors:
        assert item.found.count("answered HTTP 403") == 2
        assert "; and 1 more (found so far: " in item.found
        assert hint in item.remedy
    missed = [entry.error for entry in said.judgement.ledger if not entry.complete and entry.place != "cosign-sbom"]
    assert [hint in error.remedy for error in missed if error is not None] == [True] * 3


def test_a_hundred_places_that_fail_do_not_fill_the_log() -> None:
    with RegistryServer(LAYOUTS, intercept=on("/manifests/sha256:", Response(status=403))) as server:
        repository = server.repositories["acme/api"]
        for listed in repository.referrers.values():
            listed += [{**listed[0], "digest": f"sha256:{number:064x}"} for number in range(100)]
        summary = judge(f"{server.host}/acme/api:v1").summary
    assert summary.count("incomplete: ") == 13
    assert "incomplete: and 90 more, all of them in the report's ledger" in summary
    assert len(summary) < 12_000
