"""What is read of a statement, in a form that a test can write down: for the tests of each format.

What comes in: `Said`, as `tests.agents.documents` makes it. What goes out: everything that it says of commits; of a
claim what it states, as a mapping, so that a row names only what is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from gate.claims.agents import AgentClaim, Authorship, Unreadable, read_document
from gate.limits import Limits
from gate.verification import evidence as rooms
from gate.verification.evidence import Subject
from tests.agents.documents import HEAD, TREE, Said
from tests.evidence import REPOSITORY, about_source, verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.claims.agents import Document, Format
    from gate.verification import Signed

ZOE = "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
A_TREE: Mapping[str, Any] = {"digest": {"gitTree": TREE}}
PRINTABLE = "not up to 256 printable ASCII characters"
SHOWN = "not up to 256 characters that can be shown"
WHOLE = "not 40 or 64 lower-case hex digits"
_KINDS = ("claims", "approvals", "withdrawals", "people", "signals", "history", "listings", "problems")


def read(said: Said, formats: Sequence[Format] = ()) -> list[object]:
    """Everything that a verified statement says, kind by kind; of a claim what it states, as a mapping."""
    found = document(said, formats)
    return [_stated(item) for kind in _KINDS for item in getattr(found, kind)]


def document(said: Said, formats: Sequence[Format] = ()) -> Document:
    """What a verified statement is read as. One with subjects is about those."""
    item: Signed = verified(said.predicate_type, said.predicate)
    if said.subjects:
        item = about_source(said.predicate_type, said.predicate)
        assert item.statement is not None
        subjects = tuple(
            Subject(name=held.get("name", ""), uri=held.get("uri", ""), digests=held["digest"], annotations={})
            for held in said.subjects
        )
        item = replace(item, statement=replace(item.statement, subjects=subjects), seal=rooms._SEAL)
    found = read_document(item, repository=REPOSITORY, formats=formats, limits=Limits())
    assert found is not None
    return found


def _stated(item: object) -> object:
    if not isinstance(item, AgentClaim):
        return item
    known = ("evidence", "format")
    facts = msgspec.structs.asdict(item).items()
    return {name: value for name, value in facts if name not in known and value is not None and value is not False}


def said(path: str, who: Authorship = Authorship.AGENT, **facts: Any) -> dict[str, Any]:
    """What a claim states: in the predicate itself, an account of its own, about the head; None takes a fact away."""
    found = {"path": path, "place": "predicate", "account": path, "commit": HEAD, "authored_by": who, **facts}
    return {name: value for name, value in found.items() if value is not None}


def about(item: Said, *subjects: Mapping[str, Any], **changed: object) -> Said:
    """The same statement about something else, some keys of its predicate changed; None takes one away."""
    predicate = {key: value for key, value in {**item.predicate, **changed}.items() if value is not None}
    return Said(item.predicate_type, predicate, subjects or item.subjects)


def about_the_image(item: Said) -> Said:
    """The same statement without its subjects."""
    return Said(item.predicate_type, item.predicate)


def unread(path: str, problem: str) -> list[object]:
    """What is said of something that cannot be read."""
    return [Unreadable(path=path, problem=problem)]
