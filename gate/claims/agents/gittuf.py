"""F14: gittuf's approvals, about the tree that a change leads to.

What comes in: a pull request's approvals as gittuf's app recorded them, or a reference authorization, which is the
approval of whoever signed it. What goes out: approvals bound to that tree, without those that were taken back.

Source: github.com/gittuf/gittuf internal/attestations: github/v01/approval.go, authorizations/v01 and v02.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Approval, Found, Unreadable, Withdrawal
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields, folded, plain_text
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
    lists = {key: predicate.list(key) for key in ("approvers", "dismissedApprovers")}
    if any(len(names) > _MAX_NAMES for names in lists.values()):
        yield Unreadable(path="approvers", problem=f"it names more than {_MAX_NAMES} people")
        return
    found = {
        key: [_who(value, f"{key}[{number}]", problems) for number, value in enumerate(names)]
        for key, names in lists.items()
    }
    dismissed = {folded(name) for name in found["dismissedApprovers"] if name is not None}
    if None in found["dismissedApprovers"] and not problems:
        problems.append("an approval is taken back by nobody who has a name")
    if problems:
        yield Unreadable(path="approvers", problem="; ".join(problems))
        return
    if tree is not None:
        for number, reviewer in enumerate(found["dismissedApprovers"]):
            if reviewer is not None:
                yield Withdrawal(path=f"dismissedApprovers[{number}]", reviewer=reviewer, tree=tree)
    for number, reviewer in enumerate(found["approvers"]):
        if reviewer is not None and tree is not None and folded(reviewer) not in dismissed:
            yield Approval(path=f"approvers[{number}]", reviewer=reviewer, tree=tree)


def read_authorization(reading: Reading) -> Iterator[Found]:
    """The signer's own approval of a tree, or of the commit that a tag shall point to."""
    problems: list[str] = []
    predicate = Fields(reading.predicate, "", problems)
    key = "targetID" if (reading.evidence.predicate_type or "").endswith("/v0.2") else "targetTreeID"
    target = _target(reading, predicate, key, problems)
    if problems:
        yield Unreadable(path=key, problem="; ".join(problems))
    elif target is not None:
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
    if target is None or named != {target}:
        problems.append(f"its subject is not its {key}")
        return None
    return target


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
