"""What each format says of commits is read whole: every fact in its place, and what cannot be read as a problem.

`tests/agents` has what a rule makes of it; here is what a statement says before anybody judges it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

from gate.claims.agents import Approval, Authorship, History, Listing, Person, Signal, Unreadable
from gate.claims.agents.claim import Withdrawal
from gate.claims.builds import SLSA_V01
from tests.agents.documents import (
    AGENT_COMMIT,
    BASE,
    HEAD,
    OTHER,
    TREE,
    Said,
    agent,
    agent_commit,
    agentattest,
    approval,
    authorization,
    built,
    claim,
    commit,
    coverage,
    git_ai,
    gitsign,
    gittuf,
    pedigree,
    pushed,
    trace,
)
from tests.claims.reading import (
    A_TREE,
    PRINTABLE,
    SHOWN,
    WHOLE,
    ZOE,
    about,
    about_the_image,
    document,
    read,
    said,
    unread,
)
from tests.evidence import AGENT, EARLIER, MODEL, REPOSITORY, SLSA_V02, SLSA_V1, WORKFLOW, dependency

Row: TypeAlias = tuple[str, Said, list[object]]


def _run(path: str, **facts: Any) -> dict[str, Any]:
    known = {"account": "run", "repository": REPOSITORY, "implied": True, "provider": "openai", "model": MODEL}
    return said(path, **{**known, **facts})


def _run_by(**facts: Any) -> dict[str, Any]:
    return _run("agent", **{"agent": AGENT, "agent_version": "1.2.0", **facts})


def _approved_run(reviewer: str) -> Approval:
    return Approval(path="humanApproval", reviewer=reviewer, commit=HEAD, repository=REPOSITORY)


DELEGATED = about(
    agentattest(chain=[{"agentRef": "two", "identity": "id-2"}, 7], tools=[{"name": "git"}, {}], approvers=[ZOE, "bo"]),
    mcpServers=[{"name": "db"}, {"x": 1}],
    agent={"name": AGENT, "declaredIdentity": "id-1"},
    model={"provider": "openai", "modelId": MODEL, "modelRevision": "r1"},
)
_TOOLS: dict[str, Any] = {"tools": ("db", "", "git", ""), "model_version": "r1"}
AGENTATTEST: list[Row] = [
    (
        "a run, who it delegated to, and who approved it",
        DELEGATED,
        [
            _run("agent", agent=AGENT, agent_identity="id-1", **_TOOLS),
            _run("delegation.delegationChain[0]", agent="two", agent_identity="id-2", **_TOOLS),
            _run("delegation.delegationChain[1]", problem="delegation.delegationChain[1] is no object", **_TOOLS),
            _approved_run(ZOE),
            _approved_run("bo"),
        ],
    ),
    ("a run that names no tools is of an unknown number", agentattest(), [_run_by()]),
    ("a run with servers alone", about(agentattest(), mcpServers=[{"name": "db"}]), [_run_by(tools=("db",))]),
    ("a run with an empty list of tools has none", agentattest(tools=[]), [_run_by(tools=())]),
    (
        "a run of no commit approves none, whatever it is about",
        about(agentattest(head=None, approvers=["alice"]), commit(HEAD)),
        [_run_by(commit=None, problem="its repo has no headCommit, so that it is about no commit")],
    ),
    (
        "a run of another commit than its subject",
        about(agentattest(head=OTHER), commit(HEAD)),
        [
            _run_by(commit=OTHER),
            Unreadable(path="repo.headCommit", problem="it is another commit than the statement's subject"),
        ],
    ),
    ("a run about its own commit", about(agentattest(), commit(HEAD)), [_run_by()]),
    ("a run without its version", about(agentattest(), predicateVersion=None), [_run_by()]),
    ("a run that is yet to be approved", agentattest(state="requested", approvers=["bo"]), [_run_by()]),
    (
        "a run of another version",
        about(agentattest(), predicateVersion="v0"),
        [_run_by(problem="its predicateVersion is not v1")],
    ),
    (
        "one reviewer who cannot be read takes all away",
        agentattest(approvers=["alice", 7]),
        [_run_by(), Unreadable(path="humanApproval", problem=f"its humanApproval.reviewerRefs[1] is 7, {SHOWN}")],
    ),
    (
        "a repository that is no text",
        agentattest(repository=7),
        [_run_by(repository=None, problem="repo.url is 7, no repository")],
    ),
    ("no repository", agentattest(repository=""), [_run_by(repository=None)]),
    ("the longest repository", agentattest(repository="x" * 2048), [_run_by(repository="x" * 2048)]),
    (
        "a longer one",
        agentattest(repository="x" * 2049),
        [_run_by(repository=None, problem=f"repo.url is '{'x' * 56}..., no repository")],
    ),
]


def _tree_approval(path: str, reviewer: str) -> Approval:
    return Approval(path=path, reviewer=reviewer, tree=TREE)


_TAKEN_BACK_BY_NOBODY = "an approval is taken back by nobody whose name can be read"
TAGGED = Approval(path="targetID", reviewer=WORKFLOW, commit=HEAD)
NOBODY: tuple[object, ...] = ({}, "", None)
GITTUF: list[Row] = [
    (
        "approvals but for those that were taken back, by name, key or key's id",
        gittuf(ZOE, {"keyval": {"identity": f"{ZOE} 2"}, "keyid": "k"}, {"keyid": f"{ZOE} 3"}, {}, "", "bo",
               dismissed=["BO", {"keyid": "eve"}]),
        [
            _tree_approval("approvers[0]", ZOE),
            _tree_approval("approvers[1]", f"{ZOE} 2"),
            _tree_approval("approvers[2]", f"{ZOE} 3"),
            Withdrawal(path="dismissedApprovers[0]", reviewer="BO", tree=TREE),
            Withdrawal(path="dismissedApprovers[1]", reviewer="eve", tree=TREE),
        ],
    ),
    *(
        (f"{nobody!r} took an approval back", gittuf("alice", dismissed=[nobody]),
         unread("approvers", _TAKEN_BACK_BY_NOBODY))
        for nobody in NOBODY
    ),
    (
        "approvers who are no names",
        gittuf("alice", 7, dismissed=[8]),
        unread("approvers", f"its approvers[1] is 7, {SHOWN}; its dismissedApprovers[0] is 8, {SHOWN}; "
                             f"{_TAKEN_BACK_BY_NOBODY}"),
    ),
    ("an approver who is no name", gittuf("alice", 7), unread("approvers", f"its approvers[1] is 7, {SHOWN}")),
    ("a thousand approvers, and one of them", gittuf(*["bo"] * 1000), [
        _tree_approval(f"approvers[{number}]", "bo") for number in range(1000)
    ]),
    ("too many approvers", gittuf(*["bo"] * 1001), unread("approvers", "it names more than 1000 people")),
    (
        "too many who took it back",
        gittuf("bo", dismissed=["al"] * 1001),
        unread("approvers", "it names more than 1000 people"),
    ),
    *(
        (f"approvals of a tree that is {what}", said_of, unread("approvers", "its subject is not its targetTreeID"))
        for what, said_of in (
            ("not the subject", about(gittuf("alice"), {"digest": {"gitTree": OTHER}})),
            ("one of two", about(gittuf("alice"), A_TREE, {"digest": {"gitTree": OTHER}})),
            ("not named", about(gittuf("alice"), targetTreeID=None)),
        )
    ),
    ("an authorization of a tree", authorization(), [_tree_approval("targetID", WORKFLOW)]),
    ("an older one", authorization(version="v0.1"), [_tree_approval("targetTreeID", WORKFLOW)]),
    (
        "one of either version in the words of the other",
        Said(authorization().predicate_type, authorization(version="v0.1").predicate, [A_TREE]),
        unread("targetID", "its subject is not its targetID"),
    ),
    (
        "an authorization of another tree than its subject",
        about(authorization(), {"digest": {"gitTree": OTHER}}),
        unread("targetID", "its subject is not its targetID"),
    ),
    ("an authorization of a tag", about(authorization(HEAD), commit()), [TAGGED]),
    (
        "an authorization of a tag in one of two subjects",
        about(authorization(HEAD), {"digest": {"gitTree": HEAD}}, commit()),
        [TAGGED],
    ),
]  # fmt: skip


def _helped(number: int, **facts: Any) -> dict[str, Any]:
    known = {"account": f"authorship of {HEAD}", "implied": True, "by_hash": True}
    return said(f"authorship.agents[{number}]", Authorship.MIXED, **{**known, **facts})


COVERAGE: list[Row] = [
    (
        "who helped, who approved which tree, and the commit's own",
        coverage(
            {"tool": AGENT, "model": MODEL}, {"tool": "two"}, operator=ZOE, approvals=[approval(ZOE), approval("", 7)]
        ),
        [
            _helped(0, agent=AGENT, model=MODEL, operator=ZOE),
            _helped(1, agent="two", operator=ZOE),
            _tree_approval("approvals[0]", ZOE),
            Person(path="authorship.humanOperator", part="operator", name=ZOE, commit=HEAD),
            History(path="subject", commit=HEAD, tree=TREE),
            Unreadable(path="approvals[1]", problem=f"its approvals[1].overTree.digest.gitTree is 7, {WHOLE}"),
        ],
    ),
    (
        "an approval by nobody, and one of nothing",
        coverage(approvals=[approval(""), approval("bo", None)]),
        [Approval(path="approvals[1]", reviewer="bo"), History(path="subject", commit=HEAD, tree=TREE)],
    ),
    (
        "what is about a tree is about no commit",
        about(coverage({"tool": AGENT}, operator="ada"), A_TREE),
        [
            _helped(
                0, account="authorship of None", commit=None, agent=AGENT, operator="ada", problem="it names no commit"
            )
        ],
    ),
    (
        "an agent and an approval that are no objects, and an approver who is no name",
        about(coverage("x", approvals=["x", approval(7)]), {"digest": {"gitCommit": HEAD, "gitTree": "x"}}),  # type: ignore[arg-type]
        [
            _helped(0, problem="authorship.agents[0] is no object"),
            Unreadable(path="approvals[1]", problem=f"its approvals[1].approver is 7, {SHOWN}"),
            Unreadable(path="approvals", problem="approvals[0] is no object"),
        ],
    ),
    (
        "an operator who is no name",
        about(coverage({"tool": AGENT}, operator=7), commit()),
        [
            _helped(0, agent=AGENT, problem=f"its authorship.humanOperator is 7, {SHOWN}"),
            *unread("authorship", f"its authorship.humanOperator is 7, {SHOWN}"),
        ],
    ),
    (
        "a commit by its sha1, where its URI says that it is git's",
        about(coverage(operator="ada"), {"digest": {"sha1": HEAD}, "uri": f"git+{REPOSITORY}"}),
        [Person(path="authorship.humanOperator", part="operator", name="ada", commit=HEAD)],
    ),
    (
        "one whose name says so",
        about(coverage(operator="ada"), {"digest": {"sha1": HEAD}, "name": "git+commit"}),
        [Person(path="authorship.humanOperator", part="operator", name="ada", commit=HEAD)],
    ),
    (
        "one of which neither does",
        about(coverage(operator="ada"), {"digest": {"sha1": HEAD}, "uri": REPOSITORY, "name": "main"}),
        [],
    ),
    (
        "a commit that is none has no tree",
        about(coverage(), {"digest": {"gitCommit": "x", "gitTree": TREE}}),
        unread("authorship", f"its subject is 'x', {WHOLE}"),
    ),
]


def _hint(what: str, agent: str | None, model: str | None = None, *, path: str, **facts: Any) -> Signal:
    return Signal(**{"path": path, "what": what, "commit": HEAD, "agent": agent, "model": model, **facts})


def _traced(model: str | None, provider: str | None = None, which: str = HEAD) -> Signal:
    return _hint("agent trace", AGENT, model, path="files", provider=provider, commit=which)


HINTS: list[Row] = [
    (
        "a trace of each model, of its own revision and of the commit that it is about",
        trace("anthropic/m-1", "m-2", revision=OTHER),
        [_traced("m-1", "anthropic", OTHER), _traced("m-2", which=OTHER), _traced("m-1", "anthropic"), _traced("m-2")],
    ),
    ("a trace of a commit by its sha1", about(trace("m", revision=None), commit(algorithm="sha1")), [_traced("m")]),
    (
        "a note of a commit by its sha1",
        about(git_ai(), commit(algorithm="sha1")),
        [_hint("git-ai note", AGENT, MODEL, path="sessions.s_1")],
    ),
    (
        "a note of another version",
        about(git_ai(), sessions=None, schema_version="authorship/4"),
        unread("sessions", "its schema_version is not authorship/3.0.0"),
    ),
    ("a trace of a person's lines", trace("m", kind="human"), []),
    ("a trace of an unknown kind hints by its model", trace("m", None, kind="unknown"), [_traced("m")]),
    ("a trace of an agent without a model", trace(None), [_traced(None)]),
    ("a trace under jj, whose changes are no commits", trace("m", vcs="jj", revision=OTHER), [_traced("m")]),
    ("a trace without a revision", trace("m", revision=None), [_traced("m")]),
    (
        "a trace of a revision that is no commit",
        trace("m", revision="x"),
        [_traced("m"), *unread("files", f"its vcs.revision is 'x', {WHOLE}")],
    ),
    (
        "a note with its sessions and prompts, and who prompted",
        about(git_ai(author=ZOE), prompts={"p": {"agent_id": {"tool": "two", "model": 7}}}),
        [
            Person(path="sessions.s_1", part="operator", name=ZOE, commit=HEAD),
            _hint("git-ai note", AGENT, MODEL, path="sessions.s_1"),
            _hint("git-ai note", "two", path="prompts.p"),
            *unread("sessions", f"its prompts.p.agent_id.model is 7, {PRINTABLE}"),
        ],
    ),
    (
        "a note whose sessions are none",
        about(git_ai(), sessions=[1], prompts={"p": 7}),
        [
            _hint("git-ai note", None, path="prompts.p"),
            *unread("sessions", "sessions is no object; prompts.p is no object"),
        ],
    ),
    ("a note without any", about(git_ai(), sessions=None), []),
]


def _placed(parents: tuple[str, ...] | None = (BASE,), tree: str | None = TREE) -> History:
    return History(path="source", commit=HEAD, tree=tree, parents=parents)


def _part(part: str, name: str, path: str = "source.author") -> Person:
    return Person(path=path, part=part, name=name, commit=HEAD)


_ADA = (_part("author", "Ada Lovelace"), _part("author", "ada@acme.com"))
HISTORY: list[Row] = [
    (
        "a commit with its people and parents",
        gitsign(name=ZOE, email=f"{ZOE}@acme.com", parents=(BASE, EARLIER)),
        [_part("author", ZOE), _part("author", f"{ZOE}@acme.com"), _placed((BASE, EARLIER))],
    ),
    (
        "a message with a trailer",
        gitsign("Mend\n\nAgent: zed"),
        [*_ADA, _hint("agent", "zed", path="source.message"), _placed()],
    ),
    ("a first commit has no parents", gitsign(parents=()), [*_ADA, _placed(())]),
    ("one of which nobody tells", gitsign(message=None, parents=None, tree=None), [*_ADA, _placed(None, None)]),
    (
        "parents one of which is none are not all of them",
        gitsign(parents=(BASE, "x")),
        [*_ADA, _placed(None), *unread("source", f"its source.parents[1].parent is 'x', {WHOLE}")],
    ),
    ("a message that is none", gitsign(7), [*_ADA, _placed(), *unread("source", "source.message is no text")]),
    (
        "a commit with the image for a subject",
        about_the_image(gitsign()),
        unread("source", "it is about the image, and names no commit"),
    ),
    ("who pushed", pushed(ZOE), [_part("pusher", ZOE, "actor")]),
    ("who merged need not have written it", pushed("ada", activity="pr_merge"), []),
    ("nobody pushed", pushed(""), []),
    ("a push by what is no name", pushed(7), unread("actor", f"its actor is 7, {SHOWN}")),
    (
        "a push of the image",
        about_the_image(pushed("ada")),
        unread("actor", "it is about the image, and names no commit"),
    ),
]


def _authored(who: Authorship, stated: str | None, **facts: Any) -> dict[str, Any]:
    named = {"agent": AGENT, "provider": "openai", "model": MODEL} if who is not Authorship.HUMAN else {"agent": AGENT}
    return said("authorship", who, **{"stated": stated, "by_hash": True, "repository": REPOSITORY, **named, **facts})


_APPROVER = "authorship.humanApprover"
AUTHORS: list[Row] = [
    (
        "a person's commit, with who approved it",
        pedigree("human", approver=ZOE),
        [
            _authored(Authorship.HUMAN, "human"),
            Approval(path=_APPROVER, reviewer=ZOE, commit=HEAD, repository=REPOSITORY),
        ],
    ),
    (
        "an agent's commit by its sha1",
        about(pedigree(), commit(algorithm="sha1")),
        [_authored(Authorship.AGENT, "ai-autonomous")],
    ),
    ("an approval by nobody", pedigree(approver=""), [_authored(Authorship.AGENT, "ai-autonomous")]),
    (
        "an approval that is no yes and no no",
        pedigree(approver="bo", approved="true"),
        [
            _authored(Authorship.AGENT, "ai-autonomous"),
            *unread(_APPROVER, f"{_APPROVER}.approved is 'true', not true or false"),
        ],
    ),
    ("no approval", pedigree(approver="bo", approved=False), [_authored(Authorship.AGENT, "ai-autonomous")]),
    ("a kind of nobody's making", pedigree("robot"), [_authored(Authorship.UNKNOWN, "robot")]),
    (
        "a kind that is no text, and such an approver",
        pedigree(["human"], approver=7),
        [_authored(Authorship.UNKNOWN, None), *unread(_APPROVER, f"its {_APPROVER}.subject is 7, {SHOWN}")],
    ),
    (
        "an author of the image is one of no commit",
        about_the_image(pedigree(approver="bo")),
        [_authored(Authorship.AGENT, "ai-autonomous", commit=None, problem="it names no commit")],
    ),
]

_FILLED = "buildDefinition.internalParameters"


def _ran(where: str, **facts: Any) -> dict[str, Any]:
    known = {"place": "internalParameters", "account": f"{_FILLED} of {HEAD}", "repository": REPOSITORY, "tools": ()}
    return said(f"{_FILLED}{where}.agent", **{**known, **facts})


_FIRST: dict[str, Any] = {"agent": AGENT, "agent_version": "1.2.0", "provider": "openai", "model": MODEL}
RUNS: list[Row] = [
    (
        "an agent, its tools and whom it called",
        agent_commit(tools=[{"name": "git"}, {}, {"name": 7}], subagents=[{"agent": agent("two")}]),
        [
            _ran("", **_FIRST, tools=("git", "", ""), problem=f"its {_FILLED}.agent.tools[2].name is 7, {PRINTABLE}"),
            _ran(".subagents[0]", **{**_FIRST, "agent": "two"}),
        ],
    ),
    (
        "subagents that are no objects",
        agent_commit(subagents=["x"]),
        [
            _ran("", **_FIRST),
            _ran(".subagents[0]", problem=f"{_FILLED}.subagents[0] is no object; "
                                          f"{_FILLED}.subagents[0].agent names no agent"),
        ],
    ),
    (
        "a run without a commit and an agent",
        about(agent_commit(), A_TREE, buildDefinition={"buildType": f"{AGENT_COMMIT}v0.3"}),
        [
            _ran("", account=f"{_FILLED} of None", commit=None, repository=None,
                 problem=f"it names no commit; {_FILLED}.agent names no agent")
        ],
    ),
    (
        "a run whose target is nobody's, of a model by its digest",
        about(
            agent_commit(),
            commit(algorithm="sha1", uri=f"git+{REPOSITORY}"),
            buildDefinition={
                "buildType": f"{AGENT_COMMIT}v0.3",
                "internalParameters": {"agent": {"model": {"modelId": MODEL, "digest": {"sha256": "ab"}}}},
            },
        ),
        [_ran("", repository=None, model=MODEL, model_version="sha256:ab")],
    ),
    (
        "a run whose target is another repository than its subject",
        about(agent_commit(), commit(uri="git+https://github.com/mallory/api")),
        [_ran("", **_FIRST, problem="its subject and its target name two repositories")],
    ),
    ("a run whose subject names no repository", about(agent_commit(), commit()), [_ran("", **_FIRST)]),
    (
        "a run whose subject names two commits",
        about(agent_commit(), {"digest": {"gitCommit": HEAD, "sha1": OTHER}}),
        [
            _ran("", **_FIRST, account=f"{_FILLED} of None", commit=None,
                 problem="its subject names two commits; it names no commit")
        ],
    ),
]  # fmt: skip


_LISTED = "buildDefinition.resolvedDependencies[0].properties"


def _in_list(number: int, **facts: Any) -> dict[str, Any]:
    known = {"place": "resolvedDependencies", "repository": REPOSITORY, "stated": "autonomous_agent", "agent": AGENT}
    return said(**{"path": f"{_LISTED}.commits[{number}]", **known, "model": MODEL, **facts})


def _unlisted(place: str, path: str, problem: str, repository: str | None = REPOSITORY) -> dict[str, Any]:
    who, problem = Authorship.UNKNOWN, f"{path} {problem}"
    return said(path, who, place=place, commit=None, repository=repository, problem=problem)


def _since(base: object, *commits: object) -> Said:
    return built(dependencies=[dependency(properties={"commits": list(commits), "base": base})])


LISTS: list[Row] = [
    (
        "a list with its base holds the commits that can be read",
        _since(BASE, claim(), claim("x"), claim(EARLIER, tools=["git", "", 7], operator=ZOE)),
        [
            _in_list(0),
            _in_list(1, commit=None, problem=f"its hash is 'x', {WHOLE}"),
            _in_list(2, commit=EARLIER, tools=("git",), operator=ZOE, problem=f"its tools[2] is 7, {PRINTABLE}"),
            Listing(
                path=f"{_LISTED}.commits",
                place="resolvedDependencies",
                repository=REPOSITORY,
                base=BASE,
                commits=(HEAD, EARLIER),
            ),
        ],
    ),
    (
        "of very many problems the first ten are told",
        built(claim(tools=[7] * 11)),
        [_in_list(0, tools=(), problem="; ".join(f"its tools[{number}] is 7, {PRINTABLE}" for number in range(10)))],
    ),
    (
        "an entry whose author's kind is no text, and one whose is a long one",
        built(claim(authored_by=["human"]), claim(authored_by="x" * 2049)),
        [
            _in_list(0, who=Authorship.UNKNOWN, stated=None),
            _in_list(1, who=Authorship.UNKNOWN, stated="x" * 2048),
        ],
    ),
    (
        "a model of one provider by the name of another, and a person's",
        built(
            claim(model="openai/m", model_provider="azure"),
            claim(model="azure/m", model_provider="azure"),
            claim(authored_by="human"),
        ),
        [
            _in_list(0, model="openai/m", provider="azure", problem="its model is 'openai/m' and its provider 'azure'"),
            _in_list(1, model="azure/m", provider="azure"),
            _in_list(
                2,
                who=Authorship.HUMAN,
                stated="human",
                problem=f"it says that a person wrote it, and names the model '{MODEL}'",
            ),
        ],
    ),
    (
        "an entry without a hash",
        built(claim(None), claim("")),
        [_in_list(number, commit=None, problem="it has no hash") for number in range(2)],
    ),
    (
        "lists where the platform and where the tenant writes, and dependencies that are none",
        Said(
            SLSA_V1,
            {
                "buildDefinition": {
                    "internalParameters": {"commits": [claim()]},
                    "externalParameters": {"commits": "x"},
                    "resolvedDependencies": ["x"],
                },
                "runDetails": {"metadata": []},
            },
        ),
        [
            _unlisted("resolvedDependencies", "buildDefinition.resolvedDependencies[0]", "is no object", None),
            _in_list(0, path=f"{_FILLED}.commits[0]", account=f"{_FILLED}.commits[0]", place="internalParameters"),
            _unlisted("externalParameters", "buildDefinition.externalParameters.commits", "is no list"),
        ],
    ),
    (
        "a list whose base is no commit",
        _since("x", claim()),
        [
            _in_list(0),
            said(
                f"{_LISTED}.base",
                Authorship.UNKNOWN,
                place="resolvedDependencies",
                repository=REPOSITORY,
                commit=None,
                problem=f"its {_LISTED}.base is 'x', {WHOLE}",
            ),
        ],
    ),
]

ROWS = (*AGENTATTEST, *GITTUF, *COVERAGE, *HINTS, *HISTORY, *AUTHORS, *RUNS, *LISTS)


@pytest.mark.parametrize(("item", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_statement_says_this_of_commits_and_no_more(item: Said, expected: list[object]) -> None:
    assert read(item) == expected


@pytest.mark.parametrize(
    ("predicate_type", "builder"),
    [
        (SLSA_V1, "new"),
        (SLSA_V02, "old"),
        (SLSA_V01, "old"),
        ("dev.pedigree/ai-authorship/v1", "new"),
    ],
)
def test_who_built_it_is_read_where_its_version_has_it(predicate_type: str, builder: str) -> None:
    """Rule 15: a level is read from there too."""
    both = {"runDetails": {"builder": {"id": "new"}}, "builder": {"id": "old"}}
    assert document(Said(predicate_type, both)).builder_id == builder
    old = {"builder": {"id": "old"}}
    assert document(Said(predicate_type, old)).builder_id == ("" if predicate_type == SLSA_V1 else "old")


def test_a_document_is_about_the_commits_and_trees_that_it_names() -> None:
    """One that contradicts itself is about each, so that it is heard, and fails."""
    both = about(pedigree(), {"digest": {"gitCommit": OTHER, "sha1": HEAD, "gitTree": TREE}})
    assert (document(both).commits, document(both).trees) == ((HEAD, OTHER), (TREE,))
    assert document(about(pedigree(), {"digest": {"gitCommit": "x"}})).commits == ()
    assert document(agentattest()).commits == (HEAD,)
    traced = document(trace("m", revision=EARLIER))
    assert (traced.commits, traced.about_source) == ((HEAD, EARLIER), True)
    assert document(about_the_image(agentattest())).commits == ()
