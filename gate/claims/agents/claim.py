"""What statements say of commits, in one form whatever the format: who wrote them, who reviewed them, what precedes.

What goes out: types. The parsers beside this file make them, from verified statements only; the checks judge them.
Nothing in them raises trust: who vouches for a claim is the policy's to say (design rule 15).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from gate.errors import LimitExceeded
    from gate.verification import Signed


NAMELESS: Final = ""
"""A tool that is there and has no name: no pattern of a rule that asks for tools means it."""


class Authorship(StrEnum):
    """Who wrote a commit (design rule 18). `assisted` and `mixed` are one value."""

    HUMAN = "human"
    AGENT = "autonomous_agent"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class AgentClaim(Struct, frozen=True, kw_only=True):
    """One author of one commit, as one statement describes it. Texts stand here as they were written.

    `place` is what a builder's `vouches-for` names, `path` where in the predicate it stood. `repository` is canonical,
    None where the entry names none; `by_hash` says that its format has no place for one, so that the hash alone says
    which commit it is. Claims of one `account` describe one commit together: an agent and its subagents. `implied` says
    that the format has no word for who wrote it. `tools` is None where the format names none.

    `problem` says why it cannot be read; what is there is then what could be.
    """

    evidence: Signed
    format: str
    place: str
    path: str
    account: str
    repository: str | None
    commit: str | None
    authored_by: Authorship
    stated: str | None = None
    implied: bool = False
    by_hash: bool = False
    agent: str | None = None
    agent_identity: str | None = None
    agent_version: str | None = None
    operator: str | None = None
    provider: str | None = None
    model: str | None = None
    model_version: str | None = None
    tools: tuple[str, ...] | None = None
    problem: str | None = None


class Approval(Struct, frozen=True, kw_only=True):
    """One review. `commit` or `tree` is what it approved, whole; with neither it approves nothing that is known."""

    path: str
    reviewer: str
    commit: str | None = None
    tree: str | None = None
    repository: str | None = None


class Withdrawal(Struct, frozen=True, kw_only=True):
    """An approval of a tree that its reviewer, or whoever may, took back."""

    path: str
    reviewer: str
    tree: str


class Person(Struct, frozen=True, kw_only=True):
    """Someone who had a part in a commit, and so cannot be its reviewer: its author, a co-author, who pushed it, or
    the operator of the agent that wrote it.
    """

    path: str
    part: str
    name: str
    commit: str


class Signal(Struct, frozen=True, kw_only=True):
    """A hint that an agent had a part in a commit. It can only deny (research F15 to F18)."""

    path: str
    what: str
    commit: str
    agent: str | None = None
    agent_identity: str | None = None
    provider: str | None = None
    model: str | None = None


class History(Struct, frozen=True, kw_only=True):
    """What stands before a commit: its tree, and its parents; None where the statement does not say."""

    path: str
    commit: str
    tree: str | None = None
    parents: tuple[str, ...] | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """A list that says that it holds every commit since `base`, which is not in it."""

    path: str
    place: str
    repository: str | None
    base: str
    commits: tuple[str, ...]


class Unreadable(Struct, frozen=True, kw_only=True):
    """A part of a document, or all of it, that is not what its format says."""

    path: str
    problem: str


Found = AgentClaim | Approval | Withdrawal | Person | Signal | History | Listing | Unreadable


class Document(Struct, frozen=True, kw_only=True):
    """One verified statement, as far as it speaks of commits.

    `commits` and `trees` are those that the statement is about, where it is not about the image; a document about the
    image has none. `builder_id` is its own `runDetails.builder.id` or `builder.id`, empty where it has none;
    `self_hosted` is whether it says that a machine of the tenant's own made it. `gap` says that it holds more than gate
    reads.
    """

    evidence: Signed
    format: str
    about_source: bool
    builder_id: str
    self_hosted: bool = False
    commits: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    claims: tuple[AgentClaim, ...] = ()
    approvals: tuple[Approval, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    people: tuple[Person, ...] = ()
    signals: tuple[Signal, ...] = ()
    history: tuple[History, ...] = ()
    listings: tuple[Listing, ...] = ()
    problems: tuple[Unreadable, ...] = ()
    gap: LimitExceeded | None = None
