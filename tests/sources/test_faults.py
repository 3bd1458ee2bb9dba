"""A registry that breaks one of its answers, in every way and at every request: never a PASS without evidence, never
"unsigned" where gate could not look, never a crash or a hang.

The ways are what servers, proxies and attackers do; each is done to each request that a run makes, and stays broken
(`PERSISTENT`) or passes (`once`). Where a registry says plainly that something is not there, gate believes it: that is
the documented limit of rule 27, and those pairs are named in `ABSENCE`.
"""

from __future__ import annotations

import gzip
import json
import threading
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest

from gate import trust
from gate.flow import ImageJudgement, Judge
from gate.limits import Deadline, Limits
from gate.policy.loading import load_policy
from gate.reference import parse_reference
from gate.report import document, text
from gate.sources import Sources
from tests.conftest import LAB, check_report, policy_path
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.policy.model import Policy
    from gate.trust import TrustRoot

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
LOGIN = b"<!doctype html><title>Sign in</title><form action=/login></form>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": INDEX}
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SLOW = 30.0
"""Seconds; no run here is allowed to last nearly as long."""


def status(code: int, **headers: str) -> Response:
    return Response(status=code, body=b'{"errors":[{"code":"FAULT"}]}', headers={**JSON, **headers})


WAYS: dict[str, Response] = {
    "400": status(400),
    "401-without-a-challenge": status(401),
    "401-basic": status(401, **{"WWW-Authenticate": 'Basic realm="registry"'}),
    "401-foreign-realm": status(401, **{"WWW-Authenticate": 'Bearer realm="http://192.0.2.1/token"'}),
    "401-unreadable": status(401, **{"WWW-Authenticate": 'Bearer realm="'}),
    "403": status(403),
    "404": status(404),
    "408": status(408),
    "418": status(418),
    "429": status(429, **{"Retry-After": "0"}),
    "429-come-back-next-year": status(429, **{"Retry-After": "31536000"}),
    "500": status(500),
    "502": Response(status=502, body=LOGIN, headers=HTML),
    "503": status(503),
    "504": status(504),
    "204": Response(status=204),
    "206": Response(status=206, body=EMPTY[:20], headers={**JSON, "Content-Range": "bytes 0-19/99"}),
    "redirect-nowhere": status(302),
    "redirect-in-a-circle": status(302, Location=""),
    "redirect-to-a-closed-port": status(307, Location="http://127.0.0.1:1/v2/"),
    "redirect-to-another-scheme": status(307, Location="file:///etc/passwd"),
    "reset": Response(raw=b""),
    "garbage": Response(raw=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9),
    "cut-short": Response(raw=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 999\r\n\r\n{" % INDEX.encode()),
    "cut-short-in-a-chunk": Response(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{" % INDEX.encode()
    ),
    "cut-short-in-the-headers": Response(raw=b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "two-lengths": Response(
        raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\nContent-Type: %b\r\n\r\n{}" % INDEX.encode()
    ),
    "no-length": Response(raw=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n%b" % (INDEX.encode(), EMPTY)),
    "huge-header": Response(body=EMPTY, headers={**JSON, "X-Padding": "x" * 100_000}),
    "many-headers": Response(body=EMPTY, headers={**JSON, **{f"X-{number}": "x" for number in range(200)}}),
    "login-page": Response(body=LOGIN, headers=HTML),
    "login-page-as-an-index": Response(body=LOGIN, headers=JSON),
    "empty-body": Response(body=b"", headers=JSON),
    "null": Response(body=b"null", headers=JSON),
    "another-document": Response(body=b'{"schemaVersion":2}', headers={"Content-Type": MANIFEST}),
    "index-and-manifest-at-once": Response(
        body=json.dumps({"mediaType": INDEX, "manifests": [], "layers": [], "config": {}}).encode(), headers=JSON
    ),
    "deep": Response(body=b'{"manifests":' + b"[" * 5000 + b"]" * 5000 + b"}", headers=JSON),
    "duplicate-keys": Response(body=b'{"mediaType":"%b","manifests":[],"manifests":[]}' % INDEX.encode(), headers=JSON),
    "compressed": Response(body=gzip.compress(EMPTY), headers={**JSON, "Content-Encoding": "gzip"}),
    "longer-than-allowed": Response(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 99999999\r\n\r\n" % INDEX.encode()
    ),
    "endless": Response(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % INDEX.encode()
        + b"80000\r\n%b\r\n" % (b" " * 0x80000) * 12
    ),
    "page-in-a-circle": Response(body=EMPTY, headers={**JSON, "Link": '<?page=2>; rel="next"'}),
    "page-elsewhere": Response(body=EMPTY, headers={**JSON, "Link": '<https://192.0.2.1/v2/>; rel="next"'}),
    "page-unreadable": Response(body=EMPTY, headers={**JSON, "Link": "<"}),
    "stall": Response(body=EMPTY, headers=JSON, pause=SLOW),
    "drip-headers": Response(body=EMPTY, headers=JSON, piece=1, pause=0.03),
    "drip-body": Response(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b" " * 98, piece=40, pause=0.2),
}
SLOW_WAYS = {"stall", "drip-headers", "drip-body"}
"""Those that end by a timeout: they are done with a deadline of their own."""

_EMPTY_INDEX = ("page-in-a-circle", "page-elsewhere", "page-unreadable")
ABSENCE = {
    "400": frozenset({"referrers"}),
    "404": frozenset({"referrers", "tag"}),
    # Links count in listings alone: elsewhere these are a whole and empty index, as a tag may hold one.
    **dict.fromkeys(_EMPTY_INDEX, frozenset({"image", "tag"})),
}
"""What a registry may say that means "not there", and where it means that (rule 27)."""
PASSING = {"408", "429", "500", "502", "503", "504", "reset", "cut-short", "cut-short-in-a-chunk"}
"""Ways that are worth another attempt."""


@cache
def _policy(name: str) -> tuple[Policy, tuple[TrustRoot, ...]]:
    policy = load_policy(policy_path(name))
    folder = policy_path(name).parent
    roots = tuple(
        trust.load(root.name, folder=folder, log_none=root.log_none, ct_none=root.ct_none) for root in policy.roots
    )
    return policy, roots


def place(path: str) -> str:
    """Which of a run's questions a path is."""
    for part in ("referrers", "token", "blobs"):
        if f"/{part}" in path:
            return part
    name = path.rpartition("/")[2]
    return "image" if name == "v1" else "manifest" if name.startswith("sha256:") else "tag"


def matters(path: str) -> set[int]:
    """What comes of a question that is never answered: cosign's SBOM tag holds no evidence, whatever it answers."""
    return {0} if path.endswith(".sbom") else {3, 4}


class Broken:
    """A registry of one case. `paths` are the requests of a run in which nothing breaks; with tokens, those for one."""

    def __init__(self, case: str, *, referrers_api: bool, token: bool) -> None:
        self.server = RegistryServer({"acme/api": LAB / case}, referrers_api=referrers_api, token=token)
        self.server.__enter__()
        self.image = f"{self.server.host}/acme/api:v1"
        self.code = self.run("production").exit_code
        paths = sorted({request.path for request in self.server.requests})
        self.paths = [path for path in paths if "/token" in path] if token else paths

    def run(self, policy: str, *, seconds: float = 20.0, limits: Limits | None = None) -> ImageJudgement:
        loaded, roots = _policy(policy)
        limits, deadline = limits or Limits(), Deadline(seconds)
        judge = Judge(
            loaded,
            roots=roots,
            sources=Sources(limits=limits, deadline=deadline),
            limits=limits,
            deadline=deadline,
            now=NOW,
        )
        return judge.judge(parse_reference(self.image))

    def broken(self, path: str, way: Response, *, once: bool = False) -> Callable[[str], Response | None]:
        lock, left = threading.Lock(), [1]

        def intercept(asked: str) -> Response | None:
            if asked != path:
                return None
            with lock:
                left[0] -= 1
                return way if not once or left[0] >= 0 else None

        return intercept


@pytest.fixture(scope="module", params=["referrers", "tags", "referrers-with-token"])
def kind(request: pytest.FixtureRequest) -> dict[str, bool]:
    return {"referrers_api": request.param != "tags", "token": request.param == "referrers-with-token"}


@pytest.fixture(scope="module")
def signed(kind: dict[str, bool]) -> Broken:
    found = Broken("agent-signed", **kind)
    assert found.code == 0
    return found


@pytest.fixture(scope="module")
def unsigned(kind: dict[str, bool]) -> Broken:
    found = Broken("unsigned", **kind)
    assert found.code == 1
    return found


def _judged(registry: Broken, path: str, way: str, *, once: bool = False) -> int:
    """One run with one broken answer; whatever happens it ends, and says what happened."""
    slow = way in SLOW_WAYS
    registry.server.intercept = registry.broken(path, WAYS[way], once=once)
    limits = Limits(read_seconds=0.08, attempts=1) if slow else Limits()
    judgement = registry.run("production", seconds=0.2 if slow else 20.0, limits=limits)
    registry.server.intercept = None
    run = document.Run(
        started=NOW,
        finished=NOW,
        policy=_policy("production")[0],
        policy_from="--policy",
        trust=list(_policy("production")[1]),
        images=[judgement],
        error=None,
    )
    report = document.build(run)
    check_report(report)
    summary = text.summary(report)
    assert "Traceback" not in summary
    assert "internal error" not in summary
    if judgement.exit_code > 1:
        gaps = [entry for entry in judgement.ledger if not entry.complete]
        assert gaps, "undecided, and the ledger does not say why"
        assert all(entry.error is not None and str(entry.error) for entry in gaps)
    return judgement.exit_code


def _some(paths: list[str], way: str) -> list[str]:
    """A sixth of the requests, others for each way: every request meets many ways, and every way some requests."""
    return paths[list(WAYS).index(way) % min(6, len(paths)) :: 6]


@pytest.mark.parametrize("way", WAYS)
def test_a_signed_image_is_never_unsigned_because_an_answer_broke(signed: Broken, way: str) -> None:
    for path in _some(signed.paths, way):
        _never_unsigned(signed, path, way)


@pytest.mark.parametrize("way", WAYS)
def test_an_unsigned_image_never_passes_because_an_answer_broke(unsigned: Broken, way: str) -> None:
    for path in _some(unsigned.paths, way):
        _never_a_pass(unsigned, path, way)


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", WAYS)
def test_no_request_that_breaks_makes_an_image_signed_or_unsigned(signed: Broken, unsigned: Broken, way: str) -> None:
    for path in signed.paths:
        _never_unsigned(signed, path, way)
    for path in unsigned.paths:
        _never_a_pass(unsigned, path, way)


def _never_unsigned(signed: Broken, path: str, way: str) -> None:
    code = _judged(signed, path, way)
    if place(path) not in ABSENCE.get(way, ()):
        assert code in {0, 3, 4}, f"{way} at {path}: {code}"


def _never_a_pass(unsigned: Broken, path: str, way: str) -> None:
    assert _judged(unsigned, path, way) in {1, 3, 4}, f"{way} at {path}"


@pytest.mark.parametrize("way", sorted(PASSING))
def test_what_may_pass_is_asked_again(signed: Broken, way: str) -> None:
    for path in signed.paths:
        assert _judged(signed, path, way, once=True) == 0, f"{way} at {path}"


@pytest.mark.parametrize("way", ["401-without-a-challenge", "403", "429-come-back-next-year"])
def test_what_will_not_pass_is_asked_once(signed: Broken, way: str) -> None:
    for path in signed.paths:
        signed.server.forget()
        assert _judged(signed, path, way) in matters(path)
        assert [request.path for request in signed.server.requests].count(path) == 1, f"{way} at {path}"
