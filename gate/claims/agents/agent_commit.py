"""F3: agent-commit v0.1 to v0.3, a SLSA provenance whose output is a commit and whose builder is the agent platform.

What comes in: a provenance v1 about commits. What goes out: for each commit a claim for the agent and one for each
subagent, to any depth (A-T25). All of them stand in `internalParameters`, which the platform fills: the agent itself is
untrusted by the format's design (A-T12). Byproducts are never read (A-T26).

Source: https://refs.arewm.com/agent-commit/v0.3, v0.2 and v0.1 (A. McNamara, CC-BY-4.0), "External Parameters" and
"Internal Parameters". The three differ in nothing that is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gate.claims.agents.claim import NAMELESS, Authorship, Found
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading
from gate.claims.builds import SLSA_V1
from gate.claims.source import canonical_repository

PREFIX: Final = "https://refs.arewm.com/agent-commit/"
_PLACE: Final = "internalParameters"
_WHERE: Final = "buildDefinition.internalParameters"


def read_agent_commit(reading: Reading) -> Iterator[Found]:
    """One account for each commit: the agent, and its subagents."""
    about: list[str] = []
    commits: tuple[str | None, ...] = reading.commits(about, git=True)
    definition = Fields(reading.predicate, "", about).object("buildDefinition")
    repository = definition.object("externalParameters").object("target").repository("repository")
    named = {canonical_repository(item.uri) for item in reading.subjects if item.uri}
    if repository is not None and named - {repository}:
        about.append("its subject and its target name two repositories")
    for commit in commits or (None,):
        problems = list(about)
        if commit is None:
            problems.append("it names no commit")
        parameters = Fields(definition.get("internalParameters"), _WHERE, problems)
        yield from _agents(reading, commit, repository, parameters, problems)


def _agents(
    reading: Reading, commit: str | None, repository: str | None, holder: Fields, above: list[str]
) -> Iterator[Found]:
    """The agent that an object holds, and those that it called. `above` is what is wrong with the whole document."""
    problems = list(above)
    held = Fields({key: holder.get(key) for key in ("agent", "subagents")}, holder.path, problems)
    agent, called = held.object("agent"), held.list("subagents")
    if not agent:
        problems.append(f"{agent.path} names no agent")
    runtime, model = agent.object("runtime"), agent.object("model")
    tools = tuple(tool.text("name") or NAMELESS for tool in agent.objects("tools"))
    digest = model.object("digest").text("sha256")
    yield reading.claim(
        path=agent.path,
        place=_PLACE,
        account=f"{_WHERE} of {commit}",
        repository=repository,
        commit=commit,
        authored_by=Authorship.AGENT,
        agent=runtime.text("name"),
        agent_version=runtime.text("version"),
        provider=model.text("provider"),
        model=model.text("modelId"),
        model_version=None if digest is None else f"sha256:{digest}",
        tools=tools,
        problems=problems,
    )
    for number, value in enumerate(called):
        path = f"{held.at('subagents')}[{number}]"
        broken = [] if isinstance(value, Mapping) else [f"{path} is no object"]
        yield from _agents(reading, commit, repository, Fields(value, path, []), [*above, *broken])


FORMAT: Final = Format(
    name="agent-commit",
    types=(SLSA_V1,),
    build_types=tuple(f"{PREFIX}{version}" for version in ("v0.1", "v0.2", "v0.3")),
    about=GIT_ALGORITHMS,
    git=True,
    read=read_agent_commit,
)
