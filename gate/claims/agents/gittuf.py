"""F14: gittuf's approvals, about the tree that a change leads to.

What comes in: a pull request's approvals as gittuf's app recorded them, or a reference authorization, which is the
approval of whoever signed it. What goes out: approvals bound to that tree, without those that were taken back.

Source: github.com/gittuf/gittuf internal/attestations: github/v01/approval.go, authorizations/v01 and v02.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Approval, Found, Unreadable, Withdrawal
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields, folded, note, plain_text
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from gate.strictjson import JSON

_TYPE: Final = "https://gittuf.dev/"
_MAX_NAMES: Final = 1000


def read_approvals(reading: Reading) -> Iterator[Found]:
    """Who approved the target tree and did not take it back."""
    problems: list[str] = []
    predicate = Fields(reading.predicate, "", problems)
    tree = _target(reading, predicate, "targetTreeID", problems)
    approvers, dismissed = predicate.list("approvers"), predicate.list("dismissedApprovers")
    if max(len(approvers), len(dismissed)) > _MAX_NAMES:
        yield Unreadable(path="approvers", problem=f"it names more than {_MAX_NAMES} people")
        return
    approved, taken_back = _named("approvers", approvers, problems), _named("dismissedApprovers", dismissed, problems)
    if len(taken_back) < len(dismissed):
        note(problems, "an approval is taken back by nobody whose name can be read")
    if problems:
        yield Unreadable(path="approvers", problem="; ".join(problems))
        return
    assert tree is not None, "no target is a problem"
    for path, reviewer in taken_back:
        yield Withdrawal(path=path, reviewer=reviewer, tree=tree)
    gone = {folded(name) for _, name in taken_back}
    for path, reviewer in approved:
        if folded(reviewer) not in gone:
            yield Approval(path=path, reviewer=reviewer, tree=tree)


def read_authorization(reading: Reading) -> Iterator[Found]:
    """The signer's own approval of a tree, or of the commit that a tag shall point to."""
    problems: list[str] = []
    predicate = Fields(reading.predicate, "", problems)
    key = "targetID" if reading.predicate_type.endswith("/v0.2") else "targetTreeID"
    target = _target(reading, predicate, key, problems)
    if target is None:
        yield Unreadable(path=key, problem="; ".join(problems))
        return
    tagged = any("gitCommit" in subject.digests for subject in reading.subjects)
    yield Approval(
        path=key,
        reviewer=reading.evidence.signer.name,
        commit=target if tagged else None,
        tree=None if tagged else target,
    )


def _target(reading: Reading, predicate: Fields, key: str, problems: list[str]) -> str | None:
    """What is approved: the predicate and the one subject must name the same (gittuf's own Validate)."""
    target = predicate.commit(key)
    named = {value for subject in reading.subjects for value in subject.digests.values()}
    if named != {target}:
        problems.append(f"its subject is not its {key}")
        return None
    return target


def _named(key: str, values: tuple[JSON, ...], problems: list[str]) -> list[tuple[str, str]]:
    """Those of a list who have a name, each with the path of it."""
    people = ((f"{key}[{number}]", value) for number, value in enumerate(values))
    named = ((path, _who(value, path, problems)) for path, value in people)
    return [(path, name) for path, name in named if name is not None]


def _who(value: JSON, path: str, problems: list[str]) -> str | None:
    """An approver: a name, or a key object with the identity that it is for, else its id."""
    if not isinstance(value, Mapping):
        return plain_text(value, path, problems, human=True)
    approver = Fields(value, path, problems)
    return approver.object("keyval").text("identity", human=True) or approver.text("keyid", human=True)


APPROVAL: Final = Format(
    name="gittuf-approval",
    types=(f"{_TYPE}github-pull-request-approval/v0.1",),
    about=GIT_ALGORITHMS,
    read=read_approvals,
)
AUTHORIZATION: Final = Format(
    name="gittuf-authorization",
    types=(f"{_TYPE}reference-authorization/v0.1", f"{_TYPE}reference-authorization/v0.2"),
    about=GIT_ALGORITHMS,
    read=read_authorization,
)
