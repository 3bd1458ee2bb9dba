"""F7: source review coverage, about one commit and its tree: who approved which tree, and which agents helped.

What comes in: a statement of that type. What goes out: an account of the agents that it lists, the approvals, the
operator, and the commit's tree. A list of agents says that they had a part, so that the commit is mixed; none, or an
empty one, says nothing and is never a person's (the format says so itself).

Source: in-toto/attestation pull request 581, "Source Review Coverage" v0.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Approval, Authorship, Found, History, Person, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading
from gate.claims.source import is_commit

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_coverage(reading: Reading) -> Iterator[Found]:
    """The agents of each commit, and who approved its tree."""
    about: list[str] = []
    commits = reading.commits(about)
    predicate = Fields(reading.predicate, "", about)
    authorship = predicate.object("authorship")
    operator = authorship.text("humanOperator", human=True)
    agents = authorship.list("agents")
    for commit in commits or (None,):
        for number, value in enumerate(agents):
            problems = [*about, *([] if commit else ["it names no commit"])]
            agent = Fields(value, f"authorship.agents[{number}]", problems)
            yield reading.claim(
                path=agent.path,
                account=f"authorship of {commit}",
                commit=commit,
                by_hash=True,
                authored_by=Authorship.MIXED,
                implied=True,
                agent=agent.text("tool"),
                operator=operator,
                model=agent.text("model"),
                problems=problems,
            )
    if operator is not None:
        for named in commits:
            yield Person(path="authorship.humanOperator", part="operator", name=operator, commit=named)
    if about:
        yield Unreadable(path="authorship", problem="; ".join(about))
    yield from _approvals(Fields(reading.predicate, "", []))
    for subject in reading.subjects:
        own, tree = subject.digests.get("gitCommit", ""), subject.digests.get("gitTree", "")
        if is_commit(own) and is_commit(tree):
            yield History(path="subject", commit=own, tree=tree)


def _approvals(predicate: Fields) -> Iterator[Found]:
    """A-T34: an approval is of the tree that it names; one that names none approves nothing."""
    for approval in predicate.objects("approvals"):
        broken: list[str] = []
        own = Fields(
            {"approver": approval.get("approver"), "overTree": approval.get("overTree")}, approval.path, broken
        )
        reviewer = own.text("approver", human=True)
        tree = own.object("overTree").object("digest").commit("gitTree")
        if broken:
            yield Unreadable(path=approval.path, problem="; ".join(broken))
        elif reviewer is not None:
            yield Approval(path=approval.path, reviewer=reviewer, tree=tree)
    if predicate.problems:
        yield Unreadable(path="approvals", problem="; ".join(predicate.problems))


FORMAT: Final = Format(
    name="source-review-coverage",
    types=("https://drvelvetfog.github.io/source-review-coverage/v0.1",),
    about=GIT_ALGORITHMS,
    read=read_coverage,
)
