"""F13: gitsign's predicate, a commit as an attestation: its tree, parents, author and message.

What comes in: a statement of that type (of tags too). What goes out: the commit's place in history, its author, who is
not its reviewer, and what its message and author hint at (F15, F16). The signature inside is not verified here and
counts for nothing: what counts is who signed the statement.

Source: github.com/sigstore/gitsign pkg/predicate (`GitCommit`, `Source`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Found, History, Person, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading
from gate.claims.agents.trailers import read_author, read_trailers

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE: Final = "https://gitsign.sigstore.dev/predicate/"


def read_commit(reading: Reading) -> Iterator[Found]:
    """What is known of each commit."""
    problems: list[str] = []
    commits = reading.own_commits(problems, git=True)
    source = Fields(reading.predicate, "", problems).object("source")
    tree, listed = source.commit("tree"), source.list("parents")
    parents = tuple(
        parent
        for number, value in enumerate(listed)
        if (parent := Fields({"parent": value}, f"source.parents[{number}]", problems).commit("parent")) is not None
    )
    people = [(key, source.object(key)) for key in ("author", "committer")]
    names = [(key, person.text("name", human=True), person.text("email", human=True)) for key, person in people]
    message = source.get("message")
    if message is not None and not isinstance(message, str):
        problems.append("source.message is no text")
    if problems:
        yield Unreadable(path="source", problem="; ".join(problems))
    for commit in commits:
        whole = len(parents) == len(listed) and source.get("parents") is not None
        yield History(path="source", commit=commit, tree=tree, parents=parents if whole else None)
        for key, name, email in names:
            for text in (name, email):
                if text is not None:
                    yield Person(path=f"source.{key}", part=key, name=text, commit=commit)
            yield from read_author(f"source.{key}", commit, name, email)
        if isinstance(message, str):
            yield from read_trailers("source.message", commit, message)


FORMAT: Final = Format(
    name="gitsign",
    types=(f"{_TYPE}git/v0.1", f"{_TYPE}tag/v0.1"),
    about=GIT_ALGORITHMS,
    git=True,
    read=read_commit,
)
