"""F5: Pedigree's ai-authorship, about one commit: who wrote it, with what, and which person approved it.

What comes in: a statement of that type. What goes out: a claim, and an approval. The format has no place for the
repository: the hash alone says which commit it is, and a certificate that names a repository must name the right one.

Source: Pedigree "Predicate specification" 1.0.0 (ibm-lilac.vercel.app/docs/predicate-spec). The type has no scheme, and
is compared as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Approval, Authorship, Found, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: Final = {
    "human": Authorship.HUMAN,
    "ai-assisted": Authorship.MIXED,
    "ai-autonomous": Authorship.AGENT,
}


def read_authorship(reading: Reading) -> Iterator[Found]:
    """One claim for each commit, and its approval."""
    problems: list[str] = []
    commits = reading.commits(problems, git=True)
    predicate = Fields(reading.predicate, "", problems)
    authorship, agent = predicate.object("authorship"), predicate.object("agent")
    kind = authorship.get("kind")
    said = {
        "agent": agent.text("tool"),
        "agent_version": agent.text("toolVersion"),
        "provider": agent.text("modelProvider"),
        "model": agent.text("model"),
    }
    for commit in commits or (None,):
        own = [*problems, *([] if commit else ["it names no commit"])]
        yield reading.claim(
            path="authorship",
            commit=commit,
            repository=reading.repository,
            by_hash=True,
            authored_by=_KINDS.get(kind, Authorship.UNKNOWN) if isinstance(kind, str) else Authorship.UNKNOWN,
            stated=kind if isinstance(kind, str) else None,
            problems=own,
            **said,
        )
    broken: list[str] = []
    approver = Fields(authorship.get("humanApprover"), "authorship.humanApprover", broken)
    reviewer, approved = approver.text("subject", human=True), approver.flag("approved")
    if broken:
        yield Unreadable(path=approver.path, problem="; ".join(broken))
    elif reviewer is not None and approved:
        for commit in commits:
            yield Approval(path=approver.path, reviewer=reviewer, commit=commit, repository=reading.repository)


FORMAT: Final = Format(
    name="pedigree", types=("dev.pedigree/ai-authorship/v1",), about=GIT_ALGORITHMS, git=True, read=read_authorship
)
