"""Git repositories that a test makes, with commits by whom it likes.

What comes in: a folder. What goes out: a repository that grows by `commit`. It runs git with a clean environment, so
that nobody's configuration has a say.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ADA = ("Ada Lovelace", "ada@acme.test")
COPILOT = ("Copilot", "198982749+Copilot@users.noreply.github.com")


class GitRepository:
    """A repository with one branch, `main`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str, text: bytes = b"", **more: str) -> str:
        """Run git here; what it says."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_COMMITTER_NAME": "Bo",
            "GIT_COMMITTER_EMAIL": "bo@acme.test",
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
            **more,
        }
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607
            cwd=self.folder,
            env=environment,
            input=text,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, message: str = "Change", author: tuple[str, str] = ADA, *parents: str) -> str:
        """A commit on main; its hash."""
        tree = self.git("mktree")
        if not parents:
            found = self.folder / ".git" / "refs" / "heads" / "main"
            parents = (found.read_text().strip(),) if found.is_file() else ()
        flags = [flag for parent in parents for flag in ("-p", parent)]
        made = self.git(
            "commit-tree",
            tree,
            *flags,
            text=message.encode(),
            GIT_AUTHOR_NAME=author[0],
            GIT_AUTHOR_EMAIL=author[1],
        )
        self.git("update-ref", "refs/heads/main", made)
        return made
