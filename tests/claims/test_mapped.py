"""A predicate of one's own is read where its policy points, and what stands there otherwise is a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gate.claims.agents import Authorship, Pointers, mapped, read_document, source_types
from gate.limits import Limits
from tests.agents.documents import HEAD, OWN, TREE, Said, commit
from tests.claims.reading import A_TREE, PRINTABLE, SHOWN, WHOLE, ZOE, read, said
from tests.evidence import AGENT, EARLIER, MODEL, OTHER, REPOSITORY, about_source

if TYPE_CHECKING:
    from collections.abc import Mapping

_POINTERS: dict[str, Any] = {
    **dict.fromkeys(("repository", "authored_by", "agent_version", "operator", "provider", "model_version", "tools")),
    "name": OWN,
    "type": OWN,
    "commits": "/work/*",
    "hash": "/commit",
    "agent": "/agent/name",
    "model": "/model",
}
WHOLE_ENTRY = {
    "repository": "/repo",
    "authored_by": "/by",
    "agent_version": "/agent/version",
    "operator": "/who",
    "provider": "/provider",
    "model_version": "/revision",
    "tools": "/tools",
}
ABOUT_ITSELF = {"commits": "", "hash": None}
LISTED = {"hash": None}
HELD = {"agent": {"name": AGENT}, "model": MODEL}


def claims(predicate: Mapping[str, Any], *subjects: Mapping[str, Any], **pointers: str | None) -> list[object]:
    """What a policy with these pointers reads of a predicate."""
    return read(Said(OWN, predicate, subjects), [mapped(Pointers(**{**_POINTERS, **pointers}))])


def entry(**facts: Any) -> dict[str, Any]:
    """What one entry of the list is read as, by the shortest of policies."""
    known = {"by_hash": True, "implied": True, "agent": AGENT, "model": MODEL}
    return said("/work/0", **{**known, **facts})


def test_every_fact_is_read_where_the_policy_points() -> None:
    held = {
        "commit": HEAD,
        "repo": f"git+{REPOSITORY}.git",
        "by": "assisted",
        "who": ZOE,
        "provider": "openai",
        "agent": {"name": AGENT, "version": "1.2"},
        "model": MODEL,
        "revision": "r1",
        "tools": ["git"],
    }
    assert claims({"work": [held]}, **WHOLE_ENTRY) == [
        said(
            "/work/0",
            Authorship.MIXED,
            stated="assisted",
            repository=REPOSITORY,
            agent=AGENT,
            agent_version="1.2",
            operator=ZOE,
            provider="openai",
            model=MODEL,
            model_version="r1",
            tools=("git",),
        )
    ]
    assert claims({"work": [{"commit": HEAD}]}, **WHOLE_ENTRY) == [said("/work/0", Authorship.UNKNOWN)]


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ({}, {}),
        ({"commit": EARLIER}, {"commit": EARLIER}),
        ({"commit": None}, {"commit": None, "problem": "it names no commit"}),
        ({"commit": "x"}, {"commit": None, "problem": f"its hash is 'x', {WHOLE}"}),
        ({"model": 7}, {"model": None, "problem": f"its model is 7, {PRINTABLE}"}),
        ({"agent": {"name": ZOE}}, {"agent": None, "problem": f"its agent is {ZOE!a}, {PRINTABLE}"}),
    ],
)
def test_an_entry_is_an_agents_unless_it_may_say_otherwise(changed: dict[str, Any], facts: dict[str, Any]) -> None:
    held = {**HELD, "commit": HEAD, **changed}
    assert claims({"work": [held]}) == [entry(**facts)]


@pytest.mark.parametrize(
    ("stated", "who", "facts"),
    [
        ("human", Authorship.HUMAN, {"stated": "human", "agent": ZOE}),
        ("mixed", Authorship.MIXED, {"stated": "mixed", "problem": f"its agent is {ZOE!a}, {PRINTABLE}"}),
        (["human"], Authorship.UNKNOWN, {"problem": f"its agent is {ZOE!a}, {PRINTABLE}"}),
        ("x" * 2049, Authorship.UNKNOWN, {"stated": "x" * 2048, "problem": f"its agent is {ZOE!a}, {PRINTABLE}"}),
        (None, Authorship.UNKNOWN, {"problem": f"its agent is {ZOE!a}, {PRINTABLE}"}),
    ],
)
def test_only_a_persons_name_may_be_written_in_any_script(stated: object, who: Authorship, facts: Any) -> None:
    """A-T19."""
    held = {"commit": HEAD, "by": stated, "agent": {"name": ZOE}}
    found = claims({"work": [held]}, authored_by="/by", model=None)
    assert found == [said("/work/0", who, by_hash=True, **facts)]


@pytest.mark.parametrize(
    ("key", "value", "facts"),
    [
        ("repository", 7, {"problem": "repository is 7, no repository"}),
        ("repository", "x" * 2048, {"repository": "x" * 2048}),
        ("repository", "x" * 2049, {"problem": f"repository is '{'x' * 56}..., no repository"}),
        ("repository", "", {}),
        ("tools", "git", {"tools": (), "problem": "tools is no list"}),
        ("tools", [], {"tools": ()}),
        ("tools", ["git", 7], {"tools": ("git",), "problem": f"its tools[1] is 7, {PRINTABLE}"}),
        ("operator", 7, {"problem": f"its operator is 7, {SHOWN}"}),
    ],
)
def test_a_fact_of_another_type_is_a_problem(key: str, value: object, facts: dict[str, Any]) -> None:
    """A-T18."""
    held = {**HELD, "commit": HEAD, "x": value}
    hashed = {"by_hash": None} if key == "repository" else {}
    assert claims({"work": [held]}, **{key: "/x"}) == [entry(**hashed, **facts)]


@pytest.mark.parametrize(
    ("predicate", "pointer", "expected"),
    [
        ({}, "/work/*", []),
        ({"work": None}, "/work/*", []),
        ({"work": []}, "/work/*", []),
        ({"work": {}}, "/work/*", ["/work/*"]),
        ({"work": [None, "x"]}, "/work/*", ["/work/0", "/work/1"]),
        ({"work": [None, ["x"], 7]}, "/work/*/*", ["/work/1/0", "/work/2/*"]),
        ({"work": [{}, {"of": "x"}]}, "/work/*/of", ["/work/1/of"]),
        ({"work": "x"}, "/work", ["/work"]),
    ],
)
def test_what_is_pointed_at_and_is_no_object_is_a_problem_and_what_is_not_there_is_none(
    predicate: dict[str, Any], pointer: str, expected: list[str]
) -> None:
    """A-T18: never a claim less."""
    broken: dict[str, Any] = {"commit": None, "implied": True, "by_hash": True}
    assert claims(predicate, commits=pointer) == [
        said(path, **broken, problem=f"there is no object at {path}") for path in expected
    ]


def test_with_a_hash_a_statement_is_about_the_image_alone() -> None:
    known = mapped(Pointers(**_POINTERS))
    item = about_source(OWN, {"work": [{**HELD, "commit": HEAD}]}, {"gitCommit": HEAD})
    assert OWN not in source_types([known])
    assert read_document(item, repository=None, formats=[known], limits=Limits()) is None
    assert source_types([mapped(Pointers(**{**_POINTERS, **LISTED}))])[OWN] == {"gitCommit", "gitTree", "sha1"}


def test_without_a_hash_the_subject_is_the_commit() -> None:
    known: dict[str, Any] = {"by_hash": True, "implied": True, "agent": AGENT, "model": MODEL}
    assert claims(HELD, commit(OTHER), commit(), **ABOUT_ITSELF) == [
        said("predicate", commit=OTHER, **known),
        said("predicate", **known),
    ]
    nothing = "it names no commit"
    assert claims(HELD, A_TREE, **ABOUT_ITSELF) == [said("predicate", **{**known, "commit": None, "problem": nothing})]
    unclear = {"digest": {"gitCommit": TREE[:12]}}
    problem = f"its subject is '{TREE[:12]}', {WHOLE}"
    assert claims(HELD, unclear, **ABOUT_ITSELF) == [said("predicate", **{**known, "commit": None, "problem": problem})]


def test_a_statement_about_a_commit_that_claims_nothing_is_a_claim_that_cannot_be_read() -> None:
    """A-T1: it is of that commit, and says nothing of it where the policy looks."""
    problem = "there is no object at /work/*"
    expected = said("/work/*", by_hash=True, implied=True, problem=problem)
    assert claims({"work": []}, commit(), **LISTED) == [expected]
    assert claims({"work": [HELD]}, commit(), **LISTED) == [entry()]
