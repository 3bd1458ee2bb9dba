"""What holds for any claims: strangers change nothing, absence never helps, order never matters, nothing crashes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gate.claims.agents import source_types
from gate.verdict import EXIT_FAIL, EXIT_PASS, Gap
from tests.agents.documents import (
    BASE,
    HEAD,
    OTHER,
    OWN,
    OWN_FORMAT,
    TREE,
    VERIFIER,
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
    entry,
    git_ai,
    gitsign,
    gittuf,
    own,
    pedigree,
    pushed,
    silent,
    summary,
    trace,
)
from tests.agents.scene import TENANT, rule
from tests.agents.table import HELPED, THEIRS, TWO, ranged, reviewed, since
from tests.evidence import (
    EARLIER,
    MAIN,
    SCANNER,
    Judgement,
    about_source,
    github,
    human,
    judge,
    plain,
    provenance,
    stranger,
    verified,
)

if TYPE_CHECKING:
    from gate.verification import Evidence, Identity

QUICK = settings(max_examples=15, deadline=None, database=None, derandomize=True)
WIDE = f'{TENANT}humans = "allow"\nmixed = "allow"\n'
POLICIES = {
    "tenant": rule(),
    "wide": rule(WIDE, allow=TWO),
    "any": rule(WIDE, allow='"any"'),
    "range": ranged(WIDE),
    "unclaimed": rule(f'{WIDE}unclaimed = "allow"\ncoverage = "head"\n', more=OWN_FORMAT),
    "reviewed": reviewed(keys=WIDE),
    "full": rule(
        f'{WIDE}max-age = "9d"\noperators = ["bo"]\ntools = ["git"]\ndeny = ["bots"]\n',
        more='[[deny]]\nmodels = ["evil"]\nreason = "x"\n',
    ),
    "builder": rule(""),
    "source": rule(WIDE)
    + f'[rules.source]\nlevel = 4\nvsa = [{{ verifier = "{VERIFIER}", signer = "scanner", level = 4 }}]\n',
}
OF_MAIN = Said(
    summary().predicate_type,
    summary("SLSA_SOURCE_LEVEL_4").predicate,
    (commit(annotations={"sourceRefs": [MAIN]}),),
)
SAID = (
    built(),
    silent(),
    built(claim(author="evil"), claim(EARLIER)),
    built(human()),
    since(claim(), claim(EARLIER)),
    agent_commit(),
    agent_commit(name="evil"),
    agent_commit(about=OTHER),
    agent_commit(subagents=[{"agent": agent()}], tools=[{"name": "curl"}]),
    agent_commit(**THEIRS),
    pedigree(),
    pedigree("human", approver="alice"),
    pedigree(about=EARLIER),
    agentattest(approvers=["grace@acme.com"]),
    coverage(HELPED, approvals=[approval("alice")], operator="bo"),
    summary("SLSA_SOURCE_LEVEL_4"),
    OF_MAIN,
    pushed("alice"),
    gitsign(),
    gitsign("Mend\n\nAssisted-by: Claude:x", parents=(EARLIER,)),
    gitsign(about=EARLIER),
    gittuf("alice"),
    authorization(),
    trace("evil"),
    git_ai(tool="evil"),
    own(entry()),
)


def signed(said: Said, signer: Identity) -> Evidence:
    """The statement as verification would hand it on."""
    if not said.subjects:
        return verified(said.predicate_type, said.predicate, signer=signer)
    digests, annotations = [item["digest"] for item in said.subjects], said.subjects[0].get("annotations")
    return about_source(said.predicate_type, said.predicate, *digests, annotations=annotations, signer=signer)


NAMED = (
    *(signed(item, github(SCANNER)) for item in SAID),
    provenance(),
    signed(silent(), github()),
    signed(since(claim(), claim(EARLIER)), github()),
    signed(built(human()), github()),
    signed(agent_commit(**THEIRS), plain("agents@platform.test")),
)
UNNAMED = tuple(signed(item, stranger()) for item in SAID)


def sets(pool: tuple[Evidence, ...], largest: int = 6) -> st.SearchStrategy[tuple[Evidence, ...]]:
    """Evidence out of a pool, some of it perhaps twice, in any order."""
    return st.lists(st.sampled_from(pool), max_size=largest).map(tuple)


def every(*evidence: Evidence) -> dict[str, Judgement]:
    """What each policy makes of it."""
    return {name: judge(text, *evidence) for name, text in POLICIES.items()}


@QUICK
@given(named=sets(NAMED), unnamed=sets(UNNAMED, 4))
def test_statements_by_a_signer_whom_the_rule_does_not_name_change_no_outcome(
    named: tuple[Evidence, ...], unnamed: tuple[Evidence, ...]
) -> None:
    """Rule 27: whatever their format, and whatever they say of which commit."""
    before, after = every(*named), every(*named, *unnamed)
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes
        assert after[name].exit_code == before[name].exit_code


@QUICK
@given(evidence=sets(NAMED, 5))
def test_without_provenance_nothing_passes(evidence: tuple[Evidence, ...]) -> None:
    """Rule 27, A-T1: taking away what says which commits count never leaves a pass."""
    release = [item for item in evidence if item.signer != github()]  # type: ignore[attr-defined]
    for judgement in every(*release).values():
        assert judgement.exit_code == EXIT_FAIL


@QUICK
@given(evidence=sets(NAMED, 5))
def test_taking_a_claim_away_never_turns_a_lack_into_a_pass(evidence: tuple[Evidence, ...]) -> None:
    """Rule 27: what removing may undo is a conflict or a deny; coverage, age and reviewers only ever lose."""
    for text in POLICIES.values():
        if {"agents.coverage", "agents.reviewers", "agents.age"} & set(judge(text, *evidence).failed):
            for place, item in enumerate(evidence):
                without = judge(text, *evidence[:place], *evidence[place + 1 :])
                assert without.exit_code == EXIT_FAIL or _demands(item)


def _demands(item: Evidence) -> bool:
    """Whether a statement asks for more than it gives: a list, a head, or a name that bars a reviewer."""
    kind = item.predicate_type  # type: ignore[attr-defined]
    return (
        kind.startswith("https://slsa.dev/prov")
        or "gitsign" in kind
        or "source" in kind
        or kind
        in (
            "dev.pedigree/ai-authorship/v1",
            "authorship/3.0.0",
        )
    )


@QUICK
@given(data=st.data(), evidence=sets(NAMED + UNNAMED))
def test_the_order_of_statements_changes_nothing(data: st.DataObject, evidence: tuple[Evidence, ...]) -> None:
    """Section 5: evidence is a set."""
    shuffled = data.draw(st.permutations(evidence))
    before, after = every(*evidence), every(*shuffled, *shuffled)
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes


@QUICK
@given(evidence=sets(NAMED), code=st.sampled_from([3, 4]))
def test_what_could_not_be_looked_at_makes_agents_undecided(evidence: tuple[Evidence, ...], code: int) -> None:
    """Rules 26 and 27: more evidence could always disagree."""
    for text in POLICIES.values():
        judgement = judge(text, *evidence, gaps=(Gap(reason="x", exit_code=code),))
        assert judgement.exit_code == code
        assert not any(check.startswith("agents") for check in judgement.failed)


@QUICK
@given(evidence=sets(NAMED, 4))
def test_whatever_passes_is_claimed_by_accepted_claims_of_allowed_agents(evidence: tuple[Evidence, ...]) -> None:
    """Section 9: a pass has a head that an accepted claim speaks of, and no objection to any."""
    for name in ("tenant", "wide", "builder", "full"):
        judgement = judge(POLICIES[name], *evidence)
        if judgement.exit_code == EXIT_PASS:
            accepted = [item for item in judgement.commits if item.vouched_by is not None]
            assert any(item.head for item in accepted)
            assert all(not item.objections and item.claim.problem is None for item in accepted)


TYPES = sorted({*source_types(), "https://slsa.dev/provenance/v0.2", OWN})
KEYS = st.sampled_from(
    ["buildDefinition", "buildType", "internalParameters", "externalParameters", "target", "repository", "agent",
     "runtime", "model", "name", "modelId", "provider", "subagents", "tools", "authorship", "kind", "agents", "tool",
     "humanApprover", "subject", "approved", "repo", "url", "headCommit", "delegation", "delegationChain", "agentRef",
     "humanApproval", "state", "reviewerRefs", "approvals", "approver", "overTree", "digest", "gitTree", "source",
     "tree", "parents", "author", "email", "message", "approvers", "dismissedApprovers", "targetTreeID", "targetID",
     "vcs", "type", "revision", "files", "conversations", "ranges", "contributor", "model_id", "schema_version",
     "sessions", "agent_id", "human_author", "work", "commit", "actor", "activity_type", "verifiedLevels"]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        HEAD,
        OTHER,
        TREE,
        BASE,
        "human",
        "git",
        "ai",
        "approved-before-merge",
        "authorship/3.0.0",
        "",
        "x",
        "\0",
        "a: b\n",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1 << 70) | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
BUILD_TYPES = st.sampled_from([f"https://refs.arewm.com/agent-commit/{name}" for name in ("v0.1", "v0.3", "v9", "")])
F3 = st.fixed_dictionaries(
    {"buildDefinition": st.fixed_dictionaries({"buildType": BUILD_TYPES}, optional={"internalParameters": VALUES})}
)
SUBJECTS = st.sampled_from(
    [(), (commit(),), (commit(algorithm="sha1"),), (commit(OTHER),), ({"digest": {"gitTree": TREE}},)]
)


@settings(QUICK, max_examples=60)
@given(kind=st.sampled_from(TYPES), predicate=st.dictionaries(KEYS, VALUES, max_size=6) | F3, subjects=SUBJECTS)
def test_any_predicate_of_any_format_is_judged_without_a_crash(kind: str, predicate: Any, subjects: Any) -> None:
    """A-T18; by a stranger it changes nothing, and by whoever is named it makes no image pass that did not."""
    said = Said(kind, json.loads(json.dumps(predicate)), subjects)
    for name in ("wide", "range", "unclaimed", "reviewed", "full"):
        text, release = POLICIES[name], signed(silent(), github())
        before = judge(text, release)
        assert judge(text, release, signed(said, stranger())).outcomes == before.outcomes
        after = judge(text, release, signed(said, github(SCANNER)))
        assert after.exit_code in (EXIT_PASS, EXIT_FAIL)
        assert after.exit_code != EXIT_PASS or before.exit_code == EXIT_PASS


def test_the_pools_are_what_the_properties_need() -> None:
    """Each policy passes for some of the named evidence."""
    release, scanner = github(), github(SCANNER)
    good: dict[str, tuple[Evidence, ...]] = {
        "range": (signed(since(claim(), claim(EARLIER)), release),),
        "reviewed": (provenance(), signed(pedigree(approver="alice"), scanner)),
        "full": (signed(built(claim(operator="bo")), release),),
        "source": (provenance(), signed(OF_MAIN, scanner)),
    }
    for name, text in POLICIES.items():
        assert judge(text, *good.get(name, (provenance(),))).exit_code == EXIT_PASS, name
