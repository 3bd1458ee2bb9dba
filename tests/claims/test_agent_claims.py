"""Agent claims are read from their documented places, whole, and what cannot be read is a claim with a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.claims import read_claims
from gate.claims.agents import AgentClaim, Authorship, read_document
from gate.limits import Limits, Tally
from tests.evidence import (
    AGENT,
    EARLIER,
    HEAD,
    MAIN,
    MODEL,
    REPOSITORY,
    SLSA_V02,
    claim,
    dependency,
    human,
    plain,
    predicate_v02,
    predicate_v1,
    provenance,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.errors import LimitExceeded
    from gate.verification import Verified

LIMITS = Limits()


def _read(evidence: Verified, *, limits: Limits) -> tuple[tuple[AgentClaim, ...], LimitExceeded | None]:
    document = read_document(evidence, repository=REPOSITORY, limits=limits)
    assert document is not None
    return document.claims, document.gap


def read(
    predicate: Mapping[str, object], predicate_type: str = "https://slsa.dev/provenance/v1"
) -> tuple[AgentClaim, ...]:
    claims, gap = _read(provenance(predicate, predicate_type=predicate_type), limits=LIMITS)
    assert gap is None
    return claims


def one(entry: object) -> AgentClaim:
    """The one claim that an entry of commits[] is read as."""
    (found,) = read(predicate_v1(claims=[entry]))
    return found


def test_a_claim_is_read_with_its_place_and_its_path() -> None:
    """Rule 15: its place is what a builder vouches for."""
    found = one(claim())
    assert (found.repository, found.commit, found.agent, found.model) == (REPOSITORY, HEAD, AGENT, MODEL)
    assert (found.authored_by, found.problem) == (Authorship.AGENT, None)
    assert (found.place, found.path) == (
        "resolvedDependencies",
        "buildDefinition.resolvedDependencies[0].properties.commits[0]",
    )


@pytest.mark.parametrize("holder", ["properties", "annotations"])
def test_each_documented_place_is_read(holder: str) -> None:
    """Rules 14 and 15, A-T27: under the build definition, beside it, in materials; properties and annotations."""
    entries = [dependency(claim(), holder=holder)]
    beside = predicate_v1(dependencies=[dependency()], resolvedDependencies=entries)
    assert [(item.place, item.commit) for item in read(predicate_v1(dependencies=entries))] == [
        ("resolvedDependencies", HEAD)
    ]
    assert [(item.place, item.commit) for item in read(beside)] == [("resolvedDependencies", HEAD)]
    assert [(item.place, item.commit) for item in read(predicate_v02(materials=entries), SLSA_V02)] == [
        ("materials", HEAD)
    ]


def test_every_place_is_read_where_several_have_claims() -> None:
    """A-T27."""
    both = dependency(claim(), annotations={"commits": [claim(EARLIER)]})
    found = read(predicate_v1(dependencies=[both], resolvedDependencies=[dependency(claim())], materials=[both]))
    assert [item.commit for item in found] == [HEAD, EARLIER, HEAD, HEAD, EARLIER]
    assert len({item.path for item in found}) == 5


@pytest.mark.parametrize(
    "predicate",
    [
        predicate_v1(dependencies=[dependency(commits=[claim()])]),
        predicate_v1(dependencies=[dependency(content={"commits": [claim()]})]),
        predicate_v1(dependencies=[dependency(properties={"nested": {"commits": [claim()]}})]),
        predicate_v1(dependencies=[], commits=[claim()]),
        predicate_v1(dependencies=[], byproducts=[dependency(claim())]),
        predicate_v1(dependencies=[], external={"resolvedDependencies": [dependency(claim())]}),
        predicate_v1(dependencies=[], external={"inputs": {"commits": [claim()]}}),
        predicate_v1(
            dependencies=[], metadata={"commits": [claim()]}, invocation={"environment": {"commits": [claim()]}}
        ),
        predicate_v1(dependencies=[], subject=[dependency(claim())]),
        predicate_v1(dependencies=[], runDetails={"byproducts": [dependency(claim())], "commits": [claim()]}),
    ],
)
def test_nothing_is_read_from_any_other_place(predicate: dict[str, object]) -> None:
    """A-T26: only documented paths; nothing nested, inlined or beside."""
    assert read(predicate) == ()


@pytest.mark.parametrize(
    "uri", [f"git+{REPOSITORY}@refs/heads/main", f"{REPOSITORY}.git", "https://GitHub.com/acme/api"]
)
def test_a_claims_repository_is_that_of_the_entry_it_stands_in(uri: str) -> None:
    """Rule 12: in its one spelling."""
    assert [item.repository for item in read(predicate_v1(dependencies=[dependency(claim(), uri=uri)]))] == [REPOSITORY]


@pytest.mark.parametrize("uri", [None, "", 5, [REPOSITORY], {"uri": REPOSITORY}])
def test_an_entry_without_a_uri_names_no_repository(uri: object) -> None:
    """A-T4, A-T18."""
    entry = dependency(claim(), uri=uri)
    assert [item.repository for item in read(predicate_v1(dependencies=[entry]))] == [None]


@pytest.mark.parametrize(
    "commit",
    ["1" * 12, "1" * 39, "1" * 41, "A" * 40, "g" * 40, f" {'1' * 40}", f"{'1' * 40}\n", "", "HEAD", None, 1, 1.0, True,
     ["1" * 40], {"sha1": "1" * 40}],
)  # fmt: skip
def test_a_hash_that_is_no_whole_object_name_is_a_problem(commit: object) -> None:
    """A-T6: short, in upper case or no hex; never a prefix."""
    found = one(claim(commit))
    assert found.commit is None
    assert found.problem is not None
    assert "hash" in found.problem
    assert one(claim("1" * 64)).problem is None


UNKNOWN: list[object] = [
    *(None, "", "unknown", "Human", "HUMAN", " human", "human ", "human\n", "human\0", "agent", "ai", "none"),
    *("hum\N{CYRILLIC SMALL LETTER A}n", 0, 1, True, False, 1.5, [], ["human"], {}, {"human": True}),
]


@pytest.mark.parametrize(
    ("stated", "read_as"),
    [
        ("human", Authorship.HUMAN),
        ("autonomous_agent", Authorship.AGENT),
        ("assisted", Authorship.MIXED),
        ("mixed", Authorship.MIXED),
        *[(other, Authorship.UNKNOWN) for other in UNKNOWN],
    ],
)
def test_only_four_words_say_who_wrote_a_commit(stated: object, read_as: Authorship) -> None:
    """Rule 18, A-T10, A-T9: everything else is unknown, and nothing is unknown that is one of the four."""
    assert one(claim(authored_by=stated)).authored_by is read_as


@pytest.mark.parametrize("key", ["author", "model"])
@pytest.mark.parametrize("value", [None, ""])
def test_unset_and_empty_are_one(key: str, value: object) -> None:
    """SLSA's parsing rules."""
    found = one(claim(**{key: value}))
    assert found.problem is None
    assert (found.agent if key == "author" else found.model) is None


@pytest.mark.parametrize(
    "value",
    [" x", "x ", "x  y", "x\ty", "x\ny", "x\0", "x\x7f", "x\x1b[0m", "\N{NO-BREAK SPACE}x", "x\N{NO-BREAK SPACE}y",
     "x\N{ZERO WIDTH SPACE}y", "x\N{ZERO WIDTH NON-JOINER}y", "\N{RIGHT-TO-LEFT OVERRIDE}x", "x\N{SOFT HYPHEN}y",
     "\N{CYRILLIC SMALL LETTER ES}opilot", "\N{FULLWIDTH LATIN SMALL LETTER C}opilot", "\N{ZERO WIDTH NO-BREAK SPACE}x",
     "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "x" * 257],
)  # fmt: skip
@pytest.mark.parametrize("key", ["author", "model"])
def test_an_id_that_looks_like_another_is_a_problem(key: str, value: str) -> None:
    """A-T19: printable ASCII, no spaces at the ends or two in a row, and not folded into what it looks like."""
    found = one(claim(**{key: value}))
    assert found.problem is not None
    assert (found.agent if key == "author" else found.model) is None
    assert found.problem.isascii()


@pytest.mark.parametrize(
    "value", ["x y", "x" * 256, "dependabot[bot]", "anthropic/claude-opus-4", "Claude:claude-4", "~!@#$%"]
)
def test_an_id_of_printable_ascii_is_kept_as_it_is(value: str) -> None:
    """A-T19, A-T20: the twins of the above."""
    found = one(claim(author=value, model=value))
    assert (found.agent, found.model, found.problem) == (value, value, None)


@pytest.mark.parametrize("value", [1, 1.0, True, [AGENT], {"id": AGENT}, {}])
@pytest.mark.parametrize("key", ["author", "model"])
def test_an_id_of_another_type_is_a_problem(key: str, value: object) -> None:
    """A-T18: nothing is turned into a text."""
    found = one(claim(**{key: value}))
    assert found.problem is not None
    assert (found.agent if key == "author" else found.model) is None


def test_a_persons_name_may_be_written_in_any_script() -> None:
    """A-T19: it is compared with nothing; but it is no place for what nobody can see."""
    name = "\N{CYRILLIC CAPITAL LETTER A}\N{CYRILLIC SMALL LETTER DE}\N{CYRILLIC SMALL LETTER A}"
    assert one(human(author=name)).problem is None
    assert one(human(author=f"{name}\n")).problem is not None
    assert one(human(author=f"{name}\N{RIGHT-TO-LEFT OVERRIDE}")).problem is not None


@pytest.mark.parametrize("commits", [{}, {"0": claim()}, "x", 5, True, claim()])
def test_commits_that_are_no_list_are_a_problem(commits: object) -> None:
    """A-T18: never a claim less."""
    (found,) = read(predicate_v1(dependencies=[dependency(properties={"commits": commits})]))
    assert found.problem is not None
    assert found.authored_by is Authorship.UNKNOWN


@pytest.mark.parametrize("entry", [None, "x", 5, [], [claim()], HEAD])
def test_an_entry_that_is_no_object_is_a_problem(entry: object) -> None:
    """A-T18."""
    assert one(entry).problem == "buildDefinition.resolvedDependencies[0].properties.commits[0] is no object"


@pytest.mark.parametrize("where", ["resolvedDependencies", "materials"])
@pytest.mark.parametrize("value", [{}, dependency(claim()), "x", 5])
def test_dependencies_that_are_no_list_are_a_problem(where: str, value: object) -> None:
    """A-T18."""
    found = read({**predicate_v1(dependencies=[]), where: value})
    assert [item.problem is not None for item in found] == [True]


@pytest.mark.parametrize("value", [None, []])
def test_no_list_and_an_empty_one_hold_no_claims(value: object) -> None:
    """A-T1: nothing is recorded, which is not the same as no agents."""
    assert read(predicate_v1(dependencies=value if value is not None else [])) == ()
    assert read(predicate_v1(dependencies=[dependency(properties={"commits": value})])) == ()
    assert read(predicate_v1(dependencies=[dependency(properties=value)])) == ()


@pytest.mark.parametrize("value", [[{"commits": [claim()]}], [claim()], "x"])
def test_properties_that_are_no_object_are_a_problem(value: object) -> None:
    """A-T18: "What cannot be read is a claim with a problem, never a claim less" (the module's own words)."""
    (found,) = read(predicate_v1(dependencies=[dependency(properties=value)]))
    assert found.problem is not None


def test_a_problem_shows_foreign_text_escaped_and_short() -> None:
    """A-T36."""
    problem = one(claim("x" * 10_000, author="\x1b[2J\n")).problem
    assert problem is not None
    assert len(problem) < 400
    assert problem.isprintable()
    for length, shown in ((58, f"'{'x' * 58}'"), (59, f"'{'x' * 56}...")):
        assert one(claim("x" * length)).problem == f"its hash is {shown}, not 40 or 64 lower-case hex digits"


def test_more_claims_than_the_limit_are_a_gap_and_just_as_many_are_none() -> None:
    """A-T15, rule 6: going over is "could not look", never "the first n"."""
    limits = Limits(claims=3)
    three = provenance(predicate_v1(claims=[claim()] * 3))
    four = provenance(predicate_v1(claims=[claim()] * 4))
    spread = provenance(predicate_v1(claims=[claim()] * 2, materials=[dependency(claim(), claim())]))
    assert _read(three, limits=limits)[1] is None
    assert _read(four, limits=limits)[1] is not None
    assert _read(spread, limits=limits)[1] is not None


def test_ten_thousand_commits_are_read_and_one_more_is_not() -> None:
    """A-T15: the limit as it is."""
    commits = [claim(f"{number:040x}") for number in range(10_001)]
    claims, gap = _read(provenance(predicate_v1(claims=commits[:-1])), limits=LIMITS)
    assert (len(claims), gap) == (10_000, None)
    assert _read(provenance(predicate_v1(claims=commits)), limits=LIMITS)[1] is not None


def test_claims_are_counted_over_all_the_provenance_of_an_image() -> None:
    """A-T15: a second provenance brings no second ten thousand."""
    limits = Limits(claims=3, tally=Tally())
    two = provenance(predicate_v1(claims=[claim()] * 2))
    assert _read(two, limits=limits)[1] is None
    claims, gap = _read(two, limits=limits)
    assert len(claims) == 1
    assert gap is not None


@pytest.mark.parametrize(("length", "kept"), [(2048, True), (2049, False)])
def test_claims_of_a_repository_with_a_name_of_megabytes_cannot_be_read(length: int, *, kept: bool) -> None:
    """A report names the repository beside each of ten thousand commits."""
    uri = "https://example.com/".ljust(length, "x")
    found = read({"buildDefinition": {"resolvedDependencies": [dependency(claim(), claim(EARLIER), uri=uri)]}})
    assert [item.repository for item in found] == ([uri, uri] if kept else [None])
    assert [item.problem is None for item in found] == [kept] * len(found)


def test_a_long_uri_without_claims_is_nobodys_problem() -> None:
    """But what is wrong beside it names no repository of megabytes."""
    uri = "data:" + "x" * 5000
    assert read(predicate_v1(dependencies=[dependency(uri=uri)])) == ()
    assert read(predicate_v1(dependencies=[dependency(uri=uri, properties={"x": 1})])) == ()
    (found,) = read(predicate_v1(dependencies=[dependency(uri=uri, properties="x")]))
    assert (found.repository, found.problem) == (
        None,
        "buildDefinition.resolvedDependencies[0].properties is no object",
    )


@pytest.mark.parametrize(
    ("facts", "repository"), [({}, REPOSITORY), ({"source_repository_uri": "https://github.com/acme/other"}, "other")]
)
def test_a_list_that_names_no_repository_is_of_the_certificates_or_else_of_the_builds(
    facts: dict[str, str], repository: str
) -> None:
    workflow = {"ref": MAIN, "repository": REPOSITORY, "path": ".github/workflows/release.yml"}
    predicate = predicate_v1(claims=[], external={"workflow": workflow, "commits": [claim()]})
    signed = provenance(predicate, signer=plain("ada@acme.com", **facts))
    (document,) = read_claims((signed,), limits=Limits()).documents
    (found,) = document.claims
    assert found.repository is not None
    assert found.repository.endswith(repository)
