"""F18: the metadata of a git-ai note as the predicate of a verified statement about the commit that it was a note of.

What comes in: a statement whose type is the note's own `schema_version`. What goes out: signals, one for each agent and
model of its sessions, and the people who prompted them, who are no reviewers. A bare note is signed by nobody, and is
never read.

Source: Git AI standard 3.0.0 (github.com/git-ai-project/git-ai, specs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Found, Person, Signal, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION: Final = "authorship/3.0.0"


def read_note(reading: Reading) -> Iterator[Found]:
    """A signal for each session."""
    problems: list[str] = []
    commits = reading.own_commits(problems, git=True)
    predicate = Fields(reading.predicate, "", problems)
    if predicate.get("schema_version") != _VERSION:
        problems.append(f"its schema_version is not {_VERSION}")
    for kind in ("sessions", "prompts"):
        held = predicate.object(kind)
        for name in held:
            session = held.object(name)
            agent = session.object("agent_id")
            tool, model = agent.text("tool"), agent.text("model")
            author = session.text("human_author", human=True)
            for commit in commits:
                yield Signal(path=session.path[:100], what="git-ai note", commit=commit, agent=tool, model=model)
                if author is not None:
                    yield Person(path=session.path[:100], part="operator", name=author, commit=commit)
    if problems:
        yield Unreadable(path="sessions", problem="; ".join(dict.fromkeys(problems)))


FORMAT: Final = Format(name="git-ai", types=(_VERSION,), about=GIT_ALGORITHMS, git=True, read=read_note)
