"""A git repository and a range -> its commits, oldest first.

What comes in: a folder and revisions, both foreign: a repository's configuration can name programs, its objects can say
anything. What goes out: `Commit`s, each from an object whose hash was checked, or `InvalidUsage` and `CouldNotLook`. It
changes nothing, runs no hook, asks no network, and reads no file of the work tree.

Of git, only commands that run nothing that a configuration names (`rev-parse`, `rev-list`, `merge-base`, `cat-file`; no
`log`, which runs `gpg.program` where `log.showSignature` says so), with a clean environment, without system's and
user's configuration, without replacement objects, grafts and the commit graph, any of which can hide commits, and with
every transport refused, as a partial clone would fetch what is missing.

Sources: git(1) ("Environment variables"), git-config(1) (`core.fsmonitor`, `core.commitGraph`, `protocol.allow`),
gitprotocol and gitformat pages for a commit's form; CVE-2022-24765 (a folder above that is somebody else's repository:
none is looked for).
"""

from __future__ import annotations

import hashlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.errors import CouldNotLook, InvalidUsage, LimitExceeded
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gate.limits import Deadline, Limits

MAX_OBJECTS: Final = 64 << 20
"""Bytes of all commits of a range together; ten thousand have less than ten MiB."""
_MAX_COMMIT: Final = 256 << 10
"""Bytes of one commit: the longest messages of the Linux kernel have some ten thousand."""
_MAX_SAID: Final = 500
_PIECE: Final = 1 << 16
_AMBIGUOUS: Final = " is ambiguous"
_HEX: Final = re.compile(r"[0-9a-fA-F]{4,64}")
_HASH: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_AUTHOR: Final = re.compile(r"author (?P<name>.*?) ?<(?P<email>[^<>]*)> -?[0-9]+ [+-][0-9]{4,}")
_OPTIONS: Final = (
    "--no-pager",
    "--no-replace-objects",
    "-c core.fsmonitor=false",
    f"-c core.hooksPath={os.devnull}",
    "-c core.commitGraph=false",
    "-c core.warnAmbiguousRefs=true",
    "-c protocol.allow=never",
    "-c advice.graftFileDeprecated=false",
)
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}


class Commit(Struct, frozen=True, kw_only=True):
    """A commit as its object says it: nothing of it is proven but its hash."""

    hash: str
    parents: tuple[str, ...]
    name: str
    email: str
    message: str


class Repository:
    """One repository; `path` is its top folder, or a bare repository itself. No folder above is looked for."""

    def __init__(self, path: str, *, program_path: str, limits: Limits, deadline: Deadline) -> None:
        """`program_path` is where git is looked for, as in PATH. Raises `InvalidUsage` if there is no such repository,
        or no git.
        """
        folder = Path(path).absolute()
        inside = folder / ".git"
        self._folder = inside if inside.exists() else folder
        self._shown = readable(path)
        if not inside.exists() and not (folder / "objects").is_dir():
            raise InvalidUsage(f"--repo {self._shown} is no git repository: name its top folder")
        git = shutil.which("git", path=program_path)
        if git is None or not Path(git).is_absolute():
            raise InvalidUsage("git is not installed here, and gate attest reads a repository through it")
        self._git = git
        self._limits = limits
        self._deadline = deadline
        self._said = ""

    def commits(self, text: str) -> tuple[Commit, ...]:
        """The commits of `BASE..HEAD`, oldest first; of one revision that commit alone.

        Raises `InvalidUsage` for a range that cannot be, or whose history is not all there; `LimitExceeded` for more
        than `limits.claims` commits, which is what a verifier reads of one image; `CouldNotLook` for objects that are
        broken.
        """
        base, dots, head = text.rpartition("..")
        if not text or (dots and (not base or not head or base.endswith(".") or ".." in base)):
            raise InvalidUsage(f"--range {readable(text)}: write BASE..HEAD, or one revision for that commit alone")
        last = self._resolve(head)
        if not dots:
            return (self._read([last])[0],)
        first = self._resolve(base)
        most = self._limits.claims
        said = self._ask(
            ["rev-list", "--topo-order", "--boundary", f"--max-count={most + 1}", last, f"^{first}", "--"],
            cap=(most + 2) * 2 * 66,
        )
        listed = said.decode("ascii", "replace").splitlines()
        hashes = [line for line in listed if not line.startswith("-")]
        if len(hashes) > most:
            raise LimitExceeded(f"--range {readable(text)} has more than {most} commits", limit="")
        if not hashes:
            raise InvalidUsage(f"--range {readable(text)} has no commits: {head} holds none that {base} does not")
        commits = self._read(hashes)
        known = {*hashes, *(line[1:] for line in listed if line.startswith("-"))}
        if any(parent not in known for commit in commits for parent in commit.parents):
            raise InvalidUsage(
                f"--range {readable(text)}: the history is cut off before its base, so that commits would be missing; "
                "fetch all of it (actions/checkout: fetch-depth: 0, GitLab CI: GIT_DEPTH: 0)"
            )
        return tuple(reversed(commits))

    def base(self, text: str) -> str | None:
        """The commit before which the range of `commits` ends, whole; None for one revision, which has none."""
        base, dots, _ = text.rpartition("..")
        return self._resolve(base) if dots else None

    def is_ancestor(self, commit: str, other: str) -> bool:
        """Whether `commit` is `other`, or in its history as far as that is here. Both are whole hashes."""
        if commit == other:
            return True
        try:
            self._run(["merge-base", "--is-ancestor", commit, other], cap=0)
        except _Failed:
            return False
        return True

    def _resolve(self, revision: str) -> str:
        if not revision.strip("0") and len(revision) >= 40:
            raise InvalidUsage(
                "--range has a revision of zeros, which CI systems give for a branch that is new: name a base"
            )
        try:
            found = self._run(["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"], cap=200)
        except _Failed as failed:
            said = f" ({failed})" if str(failed) else ""
            raise InvalidUsage(
                f"{readable(revision)} is no commit of the repository {self._shown}{said}; in CI the clone may be too "
                "shallow to hold it"
            ) from None
        name = found.decode("ascii", "replace").strip()
        if _HASH.fullmatch(name) is None:
            raise CouldNotLook(f"git says that {readable(revision)} is {name[:80]!a}, which is no commit")
        # Of two refs git takes the tag, and of a short hash the ref of that name, which others may have pushed.
        shortened = _HEX.fullmatch(revision) is not None and not name.startswith(revision.lower())
        if name != revision and (_AMBIGUOUS in self._said or shortened):
            raise InvalidUsage(
                f"{readable(revision)} is ambiguous in {self._shown}: more than one thing is called so, and commits "
                "could be missing; write a whole ref (refs/remotes/origin/main) or a whole hash"
            )
        return name

    def _read(self, hashes: Sequence[str]) -> list[Commit]:
        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{name}\n" for name in hashes).encode())
            asked.seek(0)
            return list(_objects(self._ask(["cat-file", "--batch"], cap=MAX_OBJECTS, stdin=asked.fileno()), hashes))

    def _ask(self, arguments: Sequence[str], *, cap: int, stdin: int = subprocess.DEVNULL) -> bytes:
        """What git must be able to say of commits that are there. Raises `CouldNotLook`."""
        try:
            return self._run(arguments, cap=cap, stdin=stdin)
        except _Failed as failed:
            raise CouldNotLook(f"the repository {self._shown} cannot be read: {failed}") from None

    def _run(self, arguments: Sequence[str], *, cap: int, stdin: int = subprocess.DEVNULL) -> bytes:
        """What git says, `cap` bytes at most and until the deadline. Raises `_Failed`, `LimitExceeded`."""
        options = [part for option in _OPTIONS for part in option.split(" ")]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603 - git itself, by its whole path and without a shell
                [self._git, *options, f"--git-dir={self._folder}", *arguments],
                cwd="/",
                env=_ENVIRONMENT,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,  # so that what it starts ends with it
            )
            with process:
                try:
                    output = self._listen(process, cap)
                    code = process.wait(timeout=self._deadline.left())
                except subprocess.TimeoutExpired:
                    self._deadline.left()
                    raise
                finally:
                    with suppress(ProcessLookupError, PermissionError):
                        os.killpg(process.pid, signal.SIGKILL)
            said.seek(0)
            self._said = " ".join(said.read(_MAX_SAID).decode("utf-8", "replace").split())
            if code != 0:
                raise _Failed(self._said)
        return output

    def _listen(self, process: subprocess.Popen[bytes], cap: int) -> bytes:
        assert process.stdout is not None
        pieces: list[bytes] = []
        size = 0
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(timeout=self._deadline.left()):
                    self._deadline.left()
                piece = os.read(process.stdout.fileno(), _PIECE)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
                size += len(piece)
                if size > cap:
                    raise LimitExceeded(f"git says more than {cap} bytes about these commits", limit="")


class _Failed(Exception):
    """git ended with an error; the text is what it said."""


def _objects(raw: bytes, hashes: Sequence[str]) -> Iterator[Commit]:
    """What `cat-file --batch` says: `HASH commit SIZE`, the object, a line feed; each held against its name."""
    at = 0
    for name in hashes:
        end = raw.find(b"\n", at)
        header = raw[at:end].decode("ascii", "replace").split(" ") if end >= 0 else []
        if len(header) != 3 or header[:2] != [name, "commit"] or not header[2].isdecimal():
            raise CouldNotLook(f"commit {name} is not in the repository, or is none")
        at = end + 1 + int(header[2])
        content = raw[end + 1 : at]
        if len(content) > _MAX_COMMIT:
            raise LimitExceeded(f"commit {name} has more than {_MAX_COMMIT} bytes", limit="")
        algorithm = "sha1" if len(name) == 40 else "sha256"
        found = hashlib.new(algorithm, b"commit %d\0" % len(content), usedforsecurity=False)
        found.update(content)
        if found.hexdigest() != name:
            raise CouldNotLook(f"commit {name} is broken: its object is {found.hexdigest()}")
        at += 1
        yield _parse(name, content)


def _parse(name: str, content: bytes) -> Commit:
    head, _, message = content.decode("utf-8", "replace").partition("\n\n")
    lines = head.split("\n")
    author = next((match for line in lines if (match := _AUTHOR.fullmatch(line))), None)
    return Commit(
        hash=name,
        parents=tuple(line.removeprefix("parent ") for line in lines if line.startswith("parent ")),
        name=author["name"] if author else "",
        email=author["email"] if author else "",
        message=message,
    )
