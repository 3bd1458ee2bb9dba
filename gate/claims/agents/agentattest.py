"""F6: agentattest, the record of one run of an agent over a repository.

What comes in: a statement of version 0 or 1, about a patch, a tree or the image. What goes out: a claim about the
run's head commit for the agent and for each step of its delegation (A-T25), and the approvals of people. The format has
no word for who wrote what: a run is an agent's. The model that it names is that of the whole run.

Source: github.com/AuroraAeon/agentattest, schemas/agent-provenance-v0 and -v1, docs/DATA_MODEL.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import NAMELESS, Approval, Authorship, Found, Unreadable
from gate.claims.agents.fields import Fields
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE: Final = "https://agentattest.dev/predicate/"
_APPROVED: Final = "approved-before-merge"


def read_run(reading: Reading) -> Iterator[Found]:
    """The run's agents, and its approvals."""
    problems: list[str] = []
    predicate = Fields(reading.predicate, "", problems)
    version = reading.predicate_type.removeprefix(_TYPE)
    if predicate.get("predicateVersion") not in (None, version):  # A-T28: another version's body
        problems.append(f"its predicateVersion is not {version}")
    repo, agent, model = predicate.object("repo"), predicate.object("agent"), predicate.object("model")
    head, repository = repo.commit("headCommit"), repo.repository("url")
    if head is None:
        problems.append("its repo has no headCommit, so that it is about no commit")
    if head is not None and any(commit != head for commit in reading.commits(problems)):
        yield Unreadable(path=repo.at("headCommit"), problem="it is another commit than the statement's subject")
    own = (agent.text("name"), agent.text("declaredIdentity"), agent.text("version"))
    servers = [server.text("name") or NAMELESS for server in predicate.objects("mcpServers")]
    tools = [tool.text("name") or NAMELESS for tool in predicate.objects("tools")]
    named = predicate.get("tools") is not None or predicate.get("mcpServers") is not None
    provider, model_id, revision = model.text("provider"), model.text("modelId"), model.text("modelRevision")
    chain = predicate.object("delegation").list("delegationChain")

    def claim(path: str, name: str | None, identity: str | None, version: str | None, wrong: list[str]) -> Found:
        return reading.claim(
            path=path,
            account="run",
            repository=repository,
            commit=head,
            authored_by=Authorship.AGENT,
            implied=True,
            agent=name,
            agent_identity=identity,
            agent_version=version,
            provider=provider,
            model=model_id,
            model_version=revision,
            tools=(*servers, *tools) if named else None,
            problems=list(dict.fromkeys((*problems, *wrong))),
        )

    yield claim(agent.path, *own, [])
    for number, value in enumerate(chain):  # one at a time: whoever counts them stops at the limit
        wrong: list[str] = []
        step = Fields(value, f"delegation.delegationChain[{number}]", wrong)
        yield claim(step.path, step.text("agentRef"), step.text("identity"), None, wrong)
    broken: list[str] = []
    approval = Fields(reading.predicate.get("humanApproval"), "humanApproval", broken)
    reviewers = approval.texts("reviewerRefs", human=True)
    if broken:
        yield Unreadable(path=approval.path, problem="; ".join(broken))
    elif approval.get("state") == _APPROVED and head is not None:
        for reviewer in reviewers:
            yield Approval(path=approval.path, reviewer=reviewer, commit=head, repository=repository)


FORMAT: Final = Format(name="agentattest", types=(f"{_TYPE}v0", f"{_TYPE}v1"), about=frozenset(), read=read_run)
