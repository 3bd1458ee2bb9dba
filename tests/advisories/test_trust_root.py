"""Trust roots by TUF: an older repository, too few keys, metadata that is none, names that lead elsewhere.

The client is python-tuf's; what is attacked is what this gate makes of it, from the command to its exit code. What does
not verify is UNDECIDED, writes nothing and is never a silent fallback.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api import metadata as tuf

from gate import cli
from gate.trust import refresh
from tests.advisories.scene import SIGNATURE, Scene
from tests.tuf_repository import CONTENT, ROLES, Repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "tuf"
    folder.mkdir()
    return Repository(folder)


@pytest.fixture
def update(repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], int]:
    """`gate trust update` from the repository as it is; whatever fails writes nothing and is said in one line."""

    def run() -> int:
        first, to = tmp_path / "first.json", tmp_path / "fetched.json"
        to.unlink(missing_ok=True)
        first.write_bytes(repository.first_root)
        with repository.served() as url:
            code = cli.run(["trust", "update", "lab", "--url", url, "--root", str(first), "--to", str(to)])
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert (to.exists() and to.read_bytes() == CONTENT) == (code == 0), said
        assert bool(said) == (code != 0)
        return code

    return run


def test_an_older_part_beside_newer_ones_is_refused(repository: Repository, update: Callable[[], int]) -> None:
    """CVE-2022-29173: an older snapshot, or older targets, in the place of those that the newer metadata names. gate
    keeps nothing from one run to the next, so that a whole repository that is older counts until it expires.
    """

    def newer(number: int) -> Callable[[dict[str, Any]], None]:
        def change(documents: dict[str, Any]) -> None:
            documents["timestamp"].snapshot_meta = tuf.MetaFile(number)
            documents["snapshot"].version = number
            documents["snapshot"].meta["targets.json"] = tuf.MetaFile(number)
            documents["targets"].version = number

        return change

    for name in ("snapshot", "targets"):
        repository.publish(change=newer(1))
        old = (repository.folder / f"{name}.json").read_bytes()
        repository.publish(change=newer(2))
        assert update() == 0
        (repository.folder / f"{name}.json").write_bytes(old)
        assert update() == 3
    repository.publish(expires=timedelta(seconds=-1))
    assert update() == 3


@pytest.mark.parametrize("role", ROLES[1:])
def test_a_threshold_needs_so_many_keys(role: str, repository: Repository, update: Callable[[], int]) -> None:
    """GHSA-3633-5h82-39pq, CVE-2026-23992: one key's signature counted twice, or a threshold of none."""
    second = CryptoSigner.generate_ed25519()

    def two(documents: dict[str, Any]) -> None:
        documents["1.root"].add_key(second.public_key, role)
        documents["1.root"].roles[role].threshold = 2

    repository.publish(change=two)
    assert update() == 3
    repository.publish(change=two, signers=(repository.signer, repository.signer))
    assert update() == 3
    repository.publish(change=two, signers=(repository.signer, second))
    assert update() == 0
    path = repository.folder / "1.root.json"
    for threshold in (b"0", b"-1", b"null"):
        repository.first_root = path.read_bytes().replace(b'"threshold":2', b'"threshold":%s' % threshold)
        assert repository.first_root != path.read_bytes()
        assert update() == 2


@pytest.mark.parametrize("by", ["nobody of the first root", "the first root's key"])
def test_a_new_root_is_signed_by_the_one_before_it(by: str, repository: Repository, update: Callable[[], int]) -> None:
    """CVE-2020-6173, CVE-2020-6174, CVE-2020-15163: the chain of roots from the packaged one, each signed by the
    last.
    """
    mallory = CryptoSigner.generate_ed25519()
    repository.publish()
    root: Any = tuf.Root(
        version=2, expires=datetime.now(UTC).replace(microsecond=0) + timedelta(days=9), consistent_snapshot=False
    )
    for role in ROLES:
        root.add_key(mallory.public_key, role)
    metadata: Any = tuf.Metadata(root)
    metadata.sign(mallory)
    if by == "the first root's key":
        metadata.sign(repository.signer, append=True)
    metadata.to_file(str(repository.folder / "2.root.json"))
    assert update() == 3, "its own keys signed nothing of the rest, or nobody knows it"
    for name in ROLES[1:]:
        path = repository.folder / f"{name}.json"
        signed: Any = tuf.Metadata.from_bytes(path.read_bytes())
        signed.sign(mallory)
        signed.to_file(str(path))
    assert update() == (0 if by == "the first root's key" else 3)


def test_what_a_delegate_says_does_not_stand_in_for_the_top(repository: Repository, update: Callable[[], int]) -> None:
    """CVE-2024-47534: delegations were searched in another order than the metadata has them. Sigstore's repositories
    have the trusted root at the top, and what stands there is taken.
    """
    evil = CryptoSigner.generate_ed25519()

    def delegated(documents: dict[str, Any]) -> None:
        role = tuf.DelegatedRole("evil", [evil.public_key.keyid], 1, True, ["*"])
        documents["targets"].delegations = tuf.Delegations({evil.public_key.keyid: evil.public_key}, {"evil": role})
        documents["snapshot"].meta["evil.json"] = tuf.MetaFile(1)
        target = tuf.TargetFile.from_data("trusted_root.json", b"{}")
        documents["evil"] = tuf.Targets(expires=documents["targets"].expires, targets={"trusted_root.json": target})

    repository.publish(change=delegated, signers=(repository.signer, evil))
    assert update() == 0


JUNK = {
    "empty": b"",
    "no JSON": b"<html>log in</html>",
    "an object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "no signatures": b'{"signed": {"_type": "timestamp"}}',
    "wrong kinds": b'{"signed": {"_type": "root", "version": "x", "roles": []}, "signatures": [null]}',
    "deep": b"[" * 100_000,
    "a huge number": b'{"signed": {"version": ' + b"9" * 10_000 + b'}, "signatures": []}',
    "huge": b" " * (12 << 20),
}


@pytest.mark.parametrize("how", JUNK)
def test_metadata_that_is_none_is_an_answer_and_no_crash(
    how: str, repository: Repository, update: Callable[[], int]
) -> None:
    """CVE-2026-23991, CVE-2020-15163: a malformed answer ended the program, an endless one the memory."""
    for name in ("2.root", "timestamp", "snapshot", "targets"):
        repository.publish()
        (repository.folder / f"{name}.json").write_bytes(JUNK[how])
        assert update() == 3, name
        (repository.folder / "2.root.json").unlink(missing_ok=True)
    repository.publish()
    (repository.folder / "targets" / "trusted_root.json").write_bytes(JUNK[how])
    assert update() == 3
    repository.first_root = JUNK[how]
    assert update() == 2


@pytest.mark.parametrize("name", ["../evil", "..%2fevil", "/var/evil", "a/../../evil"])
def test_names_in_metadata_are_no_paths(
    name: str, repository: Repository, update: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-T17, CVE-2026-24686, CVE-2026-24137, CVE-2021-41131: the names of roles and targets became names of files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def named(documents: dict[str, Any]) -> None:
        target = tuf.TargetFile.from_data(name, b"evil")
        documents["targets"].targets[name] = target
        documents["snapshot"].meta[f"{name}.json"] = tuf.MetaFile(1)

    repository.publish(change=named)
    before = set(tmp_path.rglob("*"))
    assert update() == 0
    assert {path.name for path in set(tmp_path.rglob("*")) - before} == {"first.json", "fetched.json"}


@pytest.mark.parametrize("harm", ["expired", "another key", "junk"])
def test_a_refresh_that_fails_judges_nothing(
    harm: str, repository: Repository, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2022-29173, CVE-2026-23991: a policy that asks for a fresh root gets no verdict under an older one."""
    content = json.dumps(scene.sigstore.root()).encode()
    scene.bundle(scene.signed())

    def judged() -> int:
        with repository.served() as url:
            source = refresh.Repository(url=url, first_root=repository.first_root)
            monkeypatch.setattr(refresh, "repository", lambda _: source)
            ran = scene.judge(rule=SIGNATURE, trust='roots = ["public-good"]\nrefresh = true')
        assert ran.report["verdict"] == ("pass" if ran.code == 0 else "undecided")
        return ran.code

    repository.publish(content)
    assert judged() == 0
    repository.publish(
        content,
        expires=timedelta(seconds=-1 if harm == "expired" else 99),
        signer=CryptoSigner.generate_ed25519() if harm == "another key" else None,
    )
    if harm == "junk":
        (repository.folder / "timestamp.json").write_bytes(b"[" * 100_000)
    assert judged() == 3
