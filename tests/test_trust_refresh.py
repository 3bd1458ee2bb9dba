"""Trust roots by TUF, from a repository that the test makes with python-tuf and serves on the loopback."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from securesystemslib.signer import CryptoSigner

from gate import cli
from gate.errors import Unavailable
from gate.trust import refresh
from tests.conftest import LAB, Ran, policy_path
from tests.network import Network, Proxy
from tests.registry_server import Response
from tests.tuf_repository import CONTENT, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.registry_server import Request


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "tuf"
    folder.mkdir()
    return Repository(folder)


@pytest.fixture
def url(repository: Repository) -> Iterator[str]:
    with repository.served() as address:
        yield address


@pytest.fixture
def as_public_good(repository: Repository, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in root's repository is the test's."""
    monkeypatch.setattr(refresh, "repository", lambda _: refresh.Repository(url=url, first_root=repository.first_root))


def _update(url: str, repository: Repository, folder: Path) -> tuple[int, Path]:
    first, to = folder / "first.json", folder / "fetched.json"
    first.write_bytes(repository.first_root)
    return cli.run(["trust", "update", "lab", "--url", url, "--root", str(first), "--to", str(to)]), to


def test_update_writes_what_the_repository_publishes(repository: Repository, url: str, tmp_path: Path) -> None:
    repository.publish()
    code, to = _update(url, repository, tmp_path)
    assert (code, to.read_bytes()) == (0, CONTENT)


@pytest.mark.parametrize("harm", ["expired", "other-key", "other-target", "no-metadata"])
def test_what_does_not_verify_is_3_and_writes_nothing(
    harm: str, repository: Repository, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.publish(
        expires=timedelta(days=-1) if harm == "expired" else timedelta(days=1),
        signer=CryptoSigner.generate_ed25519() if harm == "other-key" else None,
    )
    if harm == "other-target":
        (repository.folder / "targets" / "trusted_root.json").write_bytes(CONTENT + b" ")
    if harm == "no-metadata":
        (repository.folder / "timestamp.json").unlink()
    code, to = _update(url, repository, tmp_path)
    assert (code, to.exists()) == (3, False)
    assert "could not be refreshed" in capsys.readouterr().err


def test_a_repository_that_is_out_of_reach_says_where_to_look(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.publish()
    assert _update("http://127.0.0.1:1", repository, tmp_path)[0] == 3
    said = capsys.readouterr().err
    assert "127.0.0.1:1: connection refused" in said
    assert "see whether something listens on that port" in said


def test_what_verifies_but_is_no_trusted_root_is_refused(repository: Repository, url: str, tmp_path: Path) -> None:
    repository.publish(b"{}")
    code, to = _update(url, repository, tmp_path)
    assert (code, to.exists()) == (2, False)


@pytest.mark.parametrize(
    "wrong", ["https://[", "tuf.example", "file:///tmp", "//tuf.example", "https://a:b@tuf.example"]
)
def test_what_is_no_url_of_a_repository_is_2(
    wrong: str, repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, to = _update(wrong, repository, tmp_path)
    assert (code, to.exists()) == (2, False)
    assert f"{wrong!r} is no http or https URL" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["nothing", "targets"])
def test_a_first_root_that_is_none_is_2(
    other: str, repository: Repository, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.publish()
    targets = (repository.folder / "targets.json").read_bytes()
    repository.first_root = b"{}" if other == "nothing" else targets
    code, to = _update(url, repository, tmp_path)
    assert (code, to.exists()) == (2, False)
    assert "is no TUF root.json" in capsys.readouterr().err


def test_url_and_first_root_go_together(tmp_path: Path) -> None:
    assert cli.run(["trust", "update", "lab", "--url", "http://127.0.0.1:1"]) == 2
    assert cli.run(["trust", "update", "nobody-publishes-this"]) == 2


def _policy(folder: Path, trust: str) -> Path:
    text = policy_path("signature").read_text().replace('roots = ["../trusted_root.json"]', trust)
    assert trust in text
    (folder / "policy.toml").write_text(text)
    return folder / "policy.toml"


@pytest.mark.usefixtures("as_public_good")
def test_a_policy_can_ask_for_fresh_roots(repository: Repository, verify: Callable[..., Ran], tmp_path: Path) -> None:
    repository.publish()
    stale = verify(f"oci:{LAB / 'agent-signed'}", policy=_policy(tmp_path, 'roots = ["public-good"]'))
    assert stale.code == 4, "the lab's keys are not in the built-in root, and newer than it"
    assert "trust.stale" in stale.out
    fresh = _policy(tmp_path, 'roots = ["public-good"]\nrefresh = true\nmax-age = "1h"')
    ran = verify(f"oci:{LAB / 'agent-signed'}", policy=fresh)
    assert ran.code == 0, ran.out
    (root,) = ran.report["trust"]
    assert root["dated"] == ran.report["started"]


@pytest.mark.usefixtures("as_public_good")
def test_a_refresh_that_fails_is_undecided_and_never_a_silent_fallback(
    repository: Repository, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    repository.publish(expires=timedelta(days=-1))
    ran = verify(f"oci:{LAB / 'agent-signed'}", policy=_policy(tmp_path, 'roots = ["public-good"]\nrefresh = true'))
    assert (ran.code, ran.report["verdict"]) == (3, "undecided")


def test_nothing_is_refreshed_unless_the_policy_says_so(
    verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise Unavailable("contacted")

    monkeypatch.setattr(refresh, "fetch", never)
    assert verify(f"oci:{LAB / 'agent-signed'}", policy=policy_path("signature")).code == 0


@pytest.mark.parametrize(
    ("trust", "message"),
    [
        ('roots = ["public-good"]\nmax-age = "1d"', "older than trust.max-age allows"),
        (f'roots = ["{LAB / "trusted_root.json"}"]\nmax-age = "9999w"', "nobody says how old it is"),
    ],
)
def test_a_root_that_is_too_old_or_of_unknown_age_is_undecided(
    trust: str, message: str, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = verify(f"oci:{LAB / 'agent-signed'}", policy=_policy(tmp_path, trust))
    assert ran.code == 4
    assert message in ran.report["error"]["message"]


def test_a_repository_behind_a_private_authority_is_fetched_with_it(
    repository: Repository,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository.publish()
    first, to = tmp_path / "first.json", tmp_path / "fetched.json"
    first.write_bytes(repository.first_root)

    def files(request: Request) -> Response:
        path = repository.folder / request.path.lstrip("/")
        return Response(body=path.read_bytes()) if path.is_file() else Response(status=404)

    with Network(tmp_path, monkeypatch) as network:
        server = network.add("tuf.example", {}, guard=files)
        command = ["trust", "update", "lab", "--url", "https://tuf.example", "--root", str(first), "--to", str(to)]
        assert cli.run(command) == 3
        assert "tuf.example: the certificate was not trusted" in capsys.readouterr().err
        assert cli.run([*command, "--ca-file", str(network.authority.file)]) == 0
        assert to.read_bytes() == CONTENT
        with monkeypatch.context() as patch:
            patch.setenv("SSL_CERT_DIR", str(network.authority.hashed(tmp_path / "certs")))
            assert cli.run(command) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
        monkeypatch.setattr(
            refresh,
            "repository",
            lambda _: refresh.Repository(url="https://tuf.example", first_root=repository.first_root),
        )
        assert cli.run(["trust", "update", "public-good", "--to", str(to)]) == 0
        with Proxy(network) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.host)
            assert cli.run(command) == 0
            assert [line.split()[1] for line in proxy.asked] == ["tuf.example:443"]
        assert {request.authorization for request in server.requests} == {""}
    assert cli.run([*command, "--ca-file", "/nonexistent"]) == 2


def test_show_prints_parts_windows_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["trust", "show"]) == 0
    out = capsys.readouterr().out
    assert "https://rekor.sigstore.dev" in out
    assert "timestamp.githubapp.com" in out
    assert "days old" in out
    assert cli.run(["trust", "show", "--json", str(LAB / "trusted_root.json")]) == 0
    (root,) = json.loads(capsys.readouterr().out)
    assert (root["dated"], len(root["parts"]["tlogs"])) == (None, 1)
