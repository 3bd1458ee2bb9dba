"""Commits -> `commits[]`: what is claimed of each, and why.

What comes in: commits with their marks, and what the job says (`AGENT_ID`, `AGENT_MODEL`, `--unmarked`). What goes out:
one `Written` a commit. A commit is never called a person's because nothing says otherwise: only because whoever runs
the command says so of all that have no mark.

An agent that is the commit's author is `autonomous_agent`; one that a trailer names beside it is `mixed`. The form has
one agent and one model: a commit with two of either is `unknown`, as either alone would hide the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.attest.job import Unmarked
from gate.attest.marks import read_marks
from gate.claims.agents import Authorship, is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.attest.job import Job
    from gate.attest.repository import Commit

MAX_MESSAGE: Final = 1 << 20
"""Characters of a commit's message that are looked through; one of a thousand is long."""
_NOBODY: Final = "nothing in it says who or what wrote it"


class Written(Struct, frozen=True, kw_only=True):
    """What is claimed of one commit; `why` is for the person who will sign it."""

    commit: str
    authored_by: Authorship
    author: str | None
    model: str | None
    why: str

    @property
    def entry(self) -> Mapping[str, str]:
        """It as `commits[]` has it."""
        found = {"hash": self.commit, "author": self.author, "authored_by": self.authored_by.value}
        return {key: value for key, value in (*found.items(), ("agent_model", self.model)) if value is not None}


def attribute(commits: Sequence[Commit], job: Job) -> tuple[Written, ...]:
    """What is claimed of each commit, in their order."""
    return tuple(_of(commit, job) for commit in commits)


def _of(commit: Commit, job: Job) -> Written:
    if len(commit.message) > MAX_MESSAGE:
        return _unknown(commit, f"its message has more than {MAX_MESSAGE} characters, and may hold any mark")
    marks = read_marks(commit)
    if not marks:
        return _unmarked(commit, job)
    # Agent: and Model: without an agent's name are about the commit's author.
    named = [(mark.agent or commit.name, mark) for mark in marks]
    agents = list(dict.fromkeys(agent for agent, _ in named))
    models = list(dict.fromkeys(mark.model for mark in marks if mark.model is not None))
    where = ", ".join(dict.fromkeys(mark.where for mark in marks))
    if len(agents) > 1 or len(models) > 1:
        several = agents if len(agents) > 1 else models
        return _unknown(commit, f"{where}: {', '.join(several)}, and the form has room for one")
    model = models[0] if models else None
    if model is None and job.model is not None and job.agent in (None, agents[0]):
        model, where = job.model, f"{where}; AGENT_MODEL"
    if not is_plain(agents[0], human=False) or (model is not None and not is_plain(model, human=False)):
        return _unknown(commit, f"{where}: a name that is not printable ASCII, which verifiers refuse")
    by_author = any(mark.author or agent == commit.name for agent, mark in named)
    return Written(
        commit=commit.hash,
        authored_by=Authorship.AGENT if by_author else Authorship.MIXED,
        author=agents[0],
        model=model,
        why=where,
    )


def _unmarked(commit: Commit, job: Job) -> Written:
    if job.agent is not None:
        return Written(
            commit=commit.hash, authored_by=Authorship.AGENT, author=job.agent, model=job.model, why="AGENT_ID"
        )
    if job.unmarked is Unmarked.HUMAN:
        name = commit.name if is_plain(commit.name, human=True) else None
        why = "no mark, and --unmarked human"
        return Written(commit=commit.hash, authored_by=Authorship.HUMAN, author=name, model=None, why=why)
    return _unknown(commit, _NOBODY)


def _unknown(commit: Commit, why: str) -> Written:
    return Written(commit=commit.hash, authored_by=Authorship.UNKNOWN, author=None, model=None, why=why)
