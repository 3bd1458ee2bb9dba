"""Commits of a repository that may be hostile: nothing of it runs, and none of its commits can be hidden."""

from __future__ import annotations

import os
import stat
import zlib
from typing import TYPE_CHECKING

import pytest

from gate.attest import repository
from gate.attest.repository import Repository
from gate.errors import CouldNotLook, DeadlineExceeded, InvalidUsage, LimitExceeded
from gate.limits import Deadline, Limits
from tests.attest.repositories import ADA, GitRepository

if TYPE_CHECKING:
    from pathlib import Path

    from gate.attest.repository import Commit


def read(folder: Path, text: str = "HEAD", *, limits: Limits | None = None, seconds: float = 60) -> tuple[Commit, ...]:
    opened = Repository(
        str(folder), program_path=os.environ["PATH"], limits=limits or Limits(), deadline=Deadline(seconds)
    )
    return opened.commits(text)


def hashes(folder: Path, text: str, limits: Limits | None = None) -> list[str]:
    return [commit.hash for commit in read(folder, text, limits=limits)]


@pytest.fixture
def made(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "repository")


@pytest.mark.parametrize("suffix", ["", "~0", "^0", "^{}"])
def test_a_tag_that_is_called_like_the_bases_branch_hides_no_commit(made: GitRepository, suffix: str) -> None:
    """Git takes the tag, and who may push one need not be who may merge."""
    base = made.commit("Base")
    hidden = made.commit("Hidden")
    head = made.commit("Head")
    made.git("update-ref", "refs/remotes/origin/main", base)
    assert hashes(made.folder, "origin/main..HEAD") == [hidden, head]
    made.git("tag", "origin/main", hidden)
    made.git("config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(InvalidUsage, match="is ambiguous"):
        read(made.folder, f"origin/main{suffix}..HEAD")
    assert hashes(made.folder, "refs/remotes/origin/main..HEAD") == [hidden, head]


def test_a_ref_that_is_called_like_a_short_hash_hides_no_commit(made: GitRepository) -> None:
    base = made.commit("Base")
    hidden = made.commit("Hidden")
    head = made.commit("Head")
    short = base[:8]
    assert hashes(made.folder, f"{short}..HEAD") == [hidden, head]
    made.git("update-ref", f"refs/tags/{short}", hidden)
    with pytest.raises(InvalidUsage, match="is ambiguous"):
        read(made.folder, f"{short}..HEAD")
    made.git("update-ref", f"refs/tags/{base}", hidden)
    assert hashes(made.folder, f"{base}..HEAD") == [hidden, head]


# --- what is read


def test_one_revision_is_that_commit_alone(made: GitRepository) -> None:
    made.commit("First")
    last = made.commit("Second\n\nBody\n", ("Jos\u00e9", "jose@acme.test"))
    (commit,) = read(made.folder)
    assert (commit.hash, commit.name, commit.email) == (last, "Jos\u00e9", "jose@acme.test")
    assert commit.message == "Second\n\nBody\n"
    assert len(commit.parents) == 1


def test_a_range_is_oldest_first_and_without_its_base(made: GitRepository) -> None:
    base, *rest = (made.commit(f"Change {number}") for number in range(4))
    assert hashes(made.folder, f"{base}..HEAD") == rest
    assert hashes(made.folder, f"{base}..main") == rest
    assert hashes(made.folder, "HEAD~1..HEAD") == rest[-1:]


def test_a_merge_brings_the_commits_of_its_side(made: GitRepository) -> None:
    base = made.commit("Base")
    side = made.commit("Side", ADA, base)
    made.git("update-ref", "refs/heads/main", base)
    main = made.commit("Main", ADA, base)
    merge = made.commit("Merge", ADA, main, side)
    found = hashes(made.folder, f"{base}..HEAD")
    assert found[-1] == merge
    assert set(found) == {side, main, merge}


def test_a_base_that_is_no_ancestor_counts_from_where_they_part(made: GitRepository) -> None:
    base = made.commit("Base")
    other = made.commit("Other", ADA, base)
    made.git("update-ref", "refs/heads/main", base)
    ours = made.commit("Ours", ADA, base)
    assert hashes(made.folder, f"{other}..{ours}") == [ours]


def test_the_root_can_be_asked_for(made: GitRepository) -> None:
    root = made.commit("Root")
    assert hashes(made.folder, root) == [root]


def test_a_bare_repository_and_a_sha256_one_are_read(tmp_path: Path) -> None:
    made = GitRepository(tmp_path / "long", "--object-format=sha256")
    last = made.commit("Only")
    assert hashes(made.folder, "HEAD") == [last]
    assert len(last) == 64
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    assert hashes(tmp_path / "bare", "main") == [last]


def test_a_work_tree_beside_its_repository_is_read(made: GitRepository, tmp_path: Path) -> None:
    last = made.commit("Only")
    made.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "other")
    assert hashes(tmp_path / "tree", "HEAD") == [last]


def test_a_message_that_is_not_utf8_is_read_all_the_same(made: GitRepository) -> None:
    made.commit("Base")
    raw = (
        b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor J\xe9r <j@acme.test> 1 +0000\n"
        b"committer B <b@acme.test> 1 +0000\nencoding latin1\n\nna\xefve\n"
    )
    made.git("mktree")
    name = made.git("hash-object", "-t", "commit", "-w", "--stdin", text=raw)
    (commit,) = read(made.folder, name)
    assert (commit.name, commit.message) == ("J\ufffdr", "na\ufffdve\n")


# --- what cannot be


@pytest.mark.parametrize(
    "text", ["", "..", "HEAD..", "..HEAD", "HEAD~1...HEAD", "a..b..c", "nowhere", "nowhere..HEAD", "--all", "-n1"]
)
def test_a_range_that_cannot_be_is_2(text: str, made: GitRepository) -> None:
    made.commit("First")
    made.commit("Second")
    with pytest.raises(InvalidUsage):
        read(made.folder, text)


def test_an_empty_range_is_2(made: GitRepository) -> None:
    made.commit("First")
    with pytest.raises(InvalidUsage, match="no commits"):
        read(made.folder, "HEAD..HEAD")


def test_a_branch_that_is_new_has_no_base(made: GitRepository) -> None:
    made.commit("First")
    with pytest.raises(InvalidUsage, match="a branch that is new"):
        read(made.folder, f"{'0' * 40}..HEAD")


def test_no_repository_is_2_and_none_above_is_looked_for(made: GitRepository) -> None:
    """CVE-2022-24765: whoever can write to a folder above would have a say."""
    made.commit("First")
    inside = made.folder / "sub"
    inside.mkdir()
    for folder in (inside, made.folder / "nowhere"):
        with pytest.raises(InvalidUsage, match="is no git repository"):
            read(folder)


def test_git_must_be_there(made: GitRepository, tmp_path: Path) -> None:
    with pytest.raises(InvalidUsage, match="git is not installed"):
        Repository(str(made.folder), program_path=str(tmp_path), limits=Limits(), deadline=Deadline(60))


def test_a_shallow_clone_never_hides_commits(made: GitRepository, tmp_path: Path) -> None:
    """The base may be there by another way, and the commits between are not."""
    base = made.commit("Base")
    made.commit("Between")
    made.commit("Head")
    made.git("clone", "--quiet", "--bare", "--depth=1", f"file://{made.folder}", str(tmp_path / "shallow"))
    with pytest.raises(InvalidUsage, match="is no commit of the repository"):
        read(tmp_path / "shallow", f"{base}..HEAD")
    made.git("--git-dir", str(tmp_path / "shallow"), "fetch", "--quiet", "--depth=1", f"file://{made.folder}", base)
    with pytest.raises(InvalidUsage, match="fetch-depth: 0"):
        read(tmp_path / "shallow", f"{base}..HEAD")
    assert len(read(tmp_path / "shallow", "HEAD")) == 1


def test_more_commits_than_a_verifier_reads_are_refused(made: GitRepository) -> None:
    base, *rest = (made.commit(f"{number}") for number in range(4))
    assert hashes(made.folder, f"{base}..HEAD", limits=Limits(claims=3)) == rest
    with pytest.raises(LimitExceeded):
        read(made.folder, f"{base}..HEAD", limits=Limits(claims=2))


def test_more_bytes_than_are_read_are_refused(made: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    made.commit("x" * 2000)
    monkeypatch.setattr(repository, "MAX_OBJECTS", 1000)
    with pytest.raises(LimitExceeded):
        read(made.folder)


def test_a_commit_of_more_bytes_than_are_read_is_refused(made: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes one chooses its message, and each line of it costs whoever reads it."""
    size = int(made.git("cat-file", "-s", made.commit("x" * 2000)))
    monkeypatch.setattr(repository, "_MAX_COMMIT", size)
    assert read(made.folder)
    monkeypatch.setattr(repository, "_MAX_COMMIT", size - 1)
    with pytest.raises(LimitExceeded, match=f"has more than {size - 1} bytes"):
        read(made.folder)


def test_the_deadline_holds(made: GitRepository) -> None:
    made.commit("First")
    with pytest.raises(DeadlineExceeded):
        read(made.folder, seconds=-1)


# --- a hostile repository


def _object_path(made: GitRepository, name: str) -> Path:
    return made.folder / ".git" / "objects" / name[:2] / name[2:]


def _write_object(path: Path, content: bytes) -> None:
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    path.write_bytes(zlib.compress(b"commit %d\0" % len(content) + content))


def test_an_object_that_is_not_what_its_name_says_is_refused(made: GitRepository) -> None:
    """Git itself reads such an object as it stands."""
    base = made.commit("First")
    name = made.commit("Second\n\nCo-authored-by: Claude <noreply@anthropic.com>\n")
    made.commit("Third")
    path = _object_path(made, name)
    raw = zlib.decompress(path.read_bytes()).partition(b"\0")[2]
    _write_object(path, raw.partition(b"\n\n")[0] + b"\n\nSecond\n")
    assert made.git("cat-file", "commit", name).endswith("Second")
    with pytest.raises(CouldNotLook, match="is broken"):
        read(made.folder, f"{base}..HEAD")


def test_an_object_that_is_missing_is_refused_and_not_fetched(made: GitRepository, tmp_path: Path) -> None:
    base = made.commit("Base")
    middle = made.commit("Middle")
    made.commit("Head")
    _object_path(made, middle).unlink()
    trap = _trap(tmp_path)
    made.git("config", "remote.origin.url", f"ext::{trap} %S")
    made.git("config", "remote.origin.promisor", "true")
    made.git("config", "extensions.partialClone", "origin")
    made.git("config", "core.repositoryFormatVersion", "1")
    made.git("config", "protocol.ext.allow", "always")
    made.git("config", "protocol.allow", "always")
    for text in (middle, f"{base}..HEAD"):
        with pytest.raises((InvalidUsage, CouldNotLook)):
            read(made.folder, text)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("hide", ["replace", "graft", "commit-graph"])
def test_commits_cannot_be_hidden(hide: str, made: GitRepository) -> None:
    base = made.commit("Base")
    hidden = made.commit("Hidden")
    middle = made.commit("Middle")
    head = made.commit("Head")
    if hide == "replace":
        made.git("replace", "--graft", middle, base)
    elif hide == "graft":
        (made.folder / ".git" / "info").mkdir(exist_ok=True)
        (made.folder / ".git" / "info" / "grafts").write_text(f"{middle} {base}\n")
    else:
        path = _object_path(made, middle)
        true = path.read_bytes()
        _write_object(path, zlib.decompress(true).partition(b"\0")[2].replace(hidden.encode(), base.encode()))
        made.git("commit-graph", "write", "--reachable")
        path.write_bytes(true)
        assert made.git("rev-list", f"{base}..{head}").splitlines() == [head, middle], "git believes the graph"
    assert hashes(made.folder, f"{base}..{head}") == [hidden, middle, head]


def _trap(folder: Path) -> Path:
    trap = folder / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {folder / 'sprung'}\ncat\n")
    trap.chmod(0o755)
    return trap


def test_nothing_that_a_repository_names_is_run(made: GitRepository, tmp_path: Path) -> None:
    base = made.commit("Base")
    made.commit("Head\n\nSigned\n")
    trap = str(_trap(tmp_path))
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "pager.rev-list",
        "pager.cat-file",
        "gpg.program",
        "gpg.ssh.program",
        "diff.external",
        "diff.x.textconv",
        "filter.x.smudge",
        "alias.rev-list",
        "alias.cat-file",
        "credential.helper",
        "trailer.x.command",
    ):
        made.git("config", key, trap)
    made.git("config", "log.showSignature", "true")
    made.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (tmp_path / "hooks" / hook).symlink_to(trap)
    (made.folder / ".gitattributes").write_text("* filter=x diff=x\n")
    assert len(read(made.folder, f"{base}..HEAD")) == 1
    assert not (tmp_path / "sprung").exists()


def test_what_is_in_the_environment_has_no_say(
    made: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = made.commit("Only")
    other = GitRepository(tmp_path / "other")
    other.commit("Other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "nonsense")
    assert hashes(made.folder, "HEAD") == [last]
