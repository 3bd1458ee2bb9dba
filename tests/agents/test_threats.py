"""A-T1 to A-T37: each threat as an attack on gate, over signatures that are really verified (`index` lists them)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gate.checks.denies import holds
from gate.claims import read_claims
from gate.claims.agents import BUILT_IN
from gate.errors import InvalidPolicy
from gate.limits import Limits, Tally
from gate.policy.demands import Trust
from gate.policy.matching import exact
from gate.policy.model import Deny
from gate.report.text import escape
from gate.verdict import EXIT_STUCK, Gap
from tests.agents.documents import (
    BASE,
    HEAD,
    OTHER,
    OWN_FORMAT,
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
    entry,
    git_ai,
    gitsign,
    gittuf,
    own,
    pedigree,
    silent,
    trace,
)
from tests.agents.scene import NOW, RECENT, TENANT, by, evidence, failed, judge, rule
from tests.agents.table import FILLED, HELPED, HUMANS, MIXED, PLATFORM, THEIRS, TWO, ranged, reviewed, since
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    BUILDER,
    EARLIER,
    MODEL,
    REPOSITORY,
    SCANNER,
    about_source,
    dependency,
    github,
    human,
    keyed,
    loads,
    policy,
    predicate_v1,
    provenance,
)
from tests.evidence import judge as judge_evidence

COPILOT_ACCOUNT = "198982749+Copilot@users.noreply.github.com"


def models(*entries: str, more: str = "") -> str:
    """A rule that allows one agent with these models."""
    return rule(agents=f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = [{", ".join(entries)}]\n{more}')


def with_model(model: object, **more: object) -> Said:
    """The build provenance, whose head was written with this model."""
    return built(claim(model=model, **more))


def test_no_claim_is_not_no_agent() -> None:
    """A-T1: "not recorded" is neither a person nor nobody: it needs its own word in the policy."""
    assert failed(rule(HUMANS), silent()) == ("agents.coverage",)
    assert failed(rule(f'{TENANT}unclaimed = "allow"\n'), silent()) == ()
    assert failed(rule(HUMANS), built(human())) == ()


@pytest.mark.parametrize("code", [3, 4])
def test_a_failed_place_is_undecided(code: int) -> None:
    """A-T2: more evidence could disagree, so that a pass needs a complete ledger; nothing is called unclaimed."""
    gaps = (Gap(reason="x", exit_code=code),)
    assert judge_evidence(AGENTS_POLICY, provenance(), gaps=gaps).exit_code == code
    assert judge_evidence(AGENTS_POLICY, gaps=gaps).exit_code == code


def test_commits_that_nobody_claims_are_missed() -> None:
    """A-T3: the head always; with a range every commit since the base, by name."""
    assert failed(rule(), built(claim(EARLIER))) == ("agents.coverage",)
    partly = judge(
        ranged(), since(claim()), by("scanner", gitsign(parents=(EARLIER,))), by("scanner", gitsign(about=EARLIER))
    )
    assert partly.failed == ("agents.coverage",)
    assert f"unclaimed: {EARLIER[:12]}" in partly.found("agents.coverage")
    untold = judge(ranged(), built(), by("scanner", gitsign(parents=None))).found("agents.coverage")
    assert f"nobody says what comes before {HEAD[:12]}" in untold
    ((missed, head),) = partly.rules[0].unclaimed
    assert (missed, head) == ((REPOSITORY, EARLIER), False)


def test_a_claim_of_another_commit_never_helps() -> None:
    """A-T4: it is listed, and neither helps nor denies."""
    judgement = judge(rule(), silent(), by("scanner", pedigree(about=OTHER)))
    assert judgement.failed == ("agents.coverage",)
    assert [item.reason for item in judgement.commits] == [
        "it is about a commit that the accepted provenance does not name"
    ]
    assert failed(rule(), built(), by("scanner", pedigree(about=OTHER, tool="evil"))) == ()


def test_a_claim_of_a_fork_never_helps() -> None:
    """A-T5: repositories are compared whole; a format that names one means that one."""
    for repository in (f"{REPOSITORY}2", "https://github.com/mallory/api", "https://github.com/Acme/api"):
        assert failed(rule(), silent(), by("scanner", agent_commit(repository=repository))) == ("agents.coverage",)
        assert failed(rule(), silent(), by("scanner", agentattest(repository=repository))) == ("agents.coverage",)
    assert failed(rule(), silent(), by("scanner", agentattest(repository=f"{REPOSITORY}.git"))) == ()


@pytest.mark.parametrize("name", [HEAD[:12], HEAD.replace("1", "A"), f"{HEAD} ", "HEAD", 5])
def test_a_commit_is_named_whole(name: Any) -> None:
    """A-T6, in every format that names a commit outside its subject."""
    assert "agents.claims" in failed(rule(), built(claim(name)))
    assert failed(rule(), silent(), by("scanner", agentattest(head=name))) == ("agents.coverage",)
    if isinstance(name, str):
        assert failed(rule(), silent(), by("scanner", pedigree(about=name))) == ("agents.coverage",)


def test_a_sha1_is_a_commit_only_of_git() -> None:
    """A-T7: under sha1 it counts where the subject or the format says that it is git's; two that differ, never."""
    help_only = coverage(HELPED)
    plain = Said(help_only.predicate_type, help_only.predicate, ({"name": "main", "digest": {"sha1": HEAD}},))
    git = Said(help_only.predicate_type, help_only.predicate, ({"name": "git+commit", "digest": {"sha1": HEAD}},))
    both = Said(
        help_only.predicate_type,
        help_only.predicate,
        ({"name": "git+x", "digest": {"sha1": OTHER, "gitCommit": HEAD}},),
    )
    assert failed(rule(MIXED), silent(), by("scanner", plain)) == ("agents.coverage",)
    assert failed(rule(MIXED), silent(), by("scanner", git)) == ()
    assert failed(rule(MIXED), silent(), by("scanner", both)) == ("agents.coverage", "agents.claims")


@pytest.mark.parametrize(
    "hint",
    [
        gitsign("Mend\n\nAssisted-by: Claude:claude-opus-4-6"),
        gitsign("Mend\n\nco-authored-by: Claude Opus 4.8 (1M context) <NOREPLY@anthropic.com>"),
        gitsign("Mend\n\nAgent-Logs-Url: https://github.com/x"),
        gitsign("Mend\n\nEntire-Agent: Gemini CLI"),
        gitsign(name="Ada", email=COPILOT_ACCOUNT),
        gitsign(name="renovate[bot]", email="x@acme.com"),
        trace("anthropic/claude-opus-4-5"),
        git_ai(),
    ],
)
def test_what_hints_at_an_agent_contradicts_a_person(hint: Said) -> None:
    """A-T8: a person's claim cannot be checked; what contradicts it denies, whatever agent it names."""
    text = rule(HUMANS, allow='"any"')
    assert failed(text, built(human()), by("scanner", hint)) == ("agents.signals",)
    assert failed(text, built(human()), by("stranger", hint)) == ()
    assert failed(text, built(human()), by("scanner", gitsign("Mend\n\nSigned-off-by: Ada <ada@acme.com>"))) == ()


def test_a_persons_claim_that_names_a_model_contradicts_itself() -> None:
    """A-T8: no word of who wrote it makes an agent's record a person's."""
    text = rule(HUMANS, allow='"any"')
    assert failed(text, built(claim(authored_by="human"))) == ("agents.coverage", "agents.claims")
    assert failed(text, built(claim(authored_by="human", model=None))) == ()


def test_every_agent_of_a_mixed_record_is_judged() -> None:
    """A-T9: the whole commit is mixed; every agent in any range must be allowed, and each with its model."""
    assert failed(rule(MIXED), silent(), by("scanner", coverage(HELPED, {"tool": "evil", "model": MODEL}))) == (
        "agents.allow",
    )
    assert failed(rule(MIXED), silent(), by("scanner", coverage(HELPED, {"tool": AGENT, "model": "evil"}))) == (
        "agents.models",
    )
    assert failed(rule(), built(), by("scanner", trace(MODEL, "evil"))) == ("agents.signals",)


@pytest.mark.parametrize("word", ["", None, "unknown", "Human", "autonomous", "ai", "human ", ["human"]])
def test_an_author_of_an_unknown_kind_fails(word: Any) -> None:
    """A-T10: no word but the format's own is one; unset, null and empty are the same."""
    wide = f'{HUMANS}mixed = "allow"\n'
    assert "agents.authorship" in failed(rule(wide), built(claim(authored_by=word)))
    assert "agents.authorship" in failed(rule(wide), silent(), by("scanner", pedigree(word)))


def test_a_place_is_worth_what_is_spelled() -> None:
    """A-T11: by default a claim is the tenant's word, however good the signature over it is."""
    assert failed(rule("", builder=BUILDER), built()) == ("agents.coverage",)
    assert failed(rule("", builder=FILLED), built()) == ("agents.coverage",)
    assert failed(rule(""), built()) == ()
    assert failed(rule('min-trust = "tenant"\n', builder=BUILDER), built()) == ()


def test_a_platform_vouches_for_its_own_agent_alone() -> None:
    """A-T12: not for another's, and not for a person; what it says of itself raises nothing."""
    wide = f'{PLATFORM}humans = "allow"\n'
    assert failed(rule(wide, allow=TWO), silent(), by("platform", agent_commit(**THEIRS))) == ()
    assert failed(rule(wide, allow=TWO), silent(), by("platform", agent_commit())) == ("agents.coverage",)
    assert failed(rule(wide, allow=TWO), silent(), by("platform", pedigree("human", tool="other-agent"))) == (
        "agents.coverage",
    )
    assert failed(rule("", allow=TWO), silent(), by("platform", agent_commit(**THEIRS))) == ("agents.coverage",)


def test_each_class_of_evidence_has_its_own_signers() -> None:
    """A-T13: who signs the image or its provenance signs no claims beside it, nor reviews."""
    signs = f'{rule("", builder=BUILDER)}\n[rules.signature]\nsigners = ["people"]\n'
    assert "agents.coverage" in failed(signs, silent(), by("people", pedigree()))
    assert failed(reviewed(), built(), by("people", pedigree(approver="alice"))) == ("agents.reviewers",)
    assert failed(reviewed('signers = ["people"]'), built(), by("people", pedigree(approver="alice"))) == ()


def test_accounts_that_disagree_fail() -> None:
    """A-T14: every accepted claim is judged, and two about one commit that differ fail, whichever is allowed."""
    wide = f'{HUMANS}mixed = "allow"\n'
    for other in (pedigree("human"), pedigree(model="other"), pedigree(tool="evil"), agent_commit(provider="azure")):
        assert "agents.conflict" in failed(
            rule(wide, allow='"any"'), built(claim(model_provider="openai")), by("scanner", other)
        )
    judgement = judge(rule(), built(), by("scanner", pedigree(model="other")))
    assert {item.check for entry in judgement.commits for item in entry.objections} == {
        "agents.conflict",
        "agents.models",
    }


@pytest.mark.parametrize("key", ["agent_version", "model_version", "model_provider", "operator"])
def test_what_both_say_must_agree_and_what_one_omits_need_not(key: str) -> None:
    """A-T14."""
    one, other, silent_ = claim(**{key: "1"}), claim(**{key: "2"}), claim()
    assert failed(rule(), built(one, other)) == ("agents.conflict",)
    assert failed(rule(), built(one, silent_)) == failed(rule(), built(one, one)) == ()


def test_a_run_without_a_subagent_of_another_account_disagrees() -> None:
    """A-T14, A-T25: whichever of the two is read first; one author alone is one of several."""
    two = agent_commit(subagents=[{"agent": agent()}, {"agent": agent("copilot-agent-v3")}])
    one = agent_commit(subagents=[{"agent": agent()}])
    for order in ((two, one), (one, two)):
        assert failed(rule(), silent(), *(by("scanner", item) for item in order)) == ("agents.conflict",)
    assert failed(rule(), silent(), by("scanner", two), by("scanner", agent_commit())) == ()


def test_an_agent_is_denied_by_whatever_it_is_called() -> None:
    """A-T20, A-T37: by its name, its declared identity, or what an alias means; a model with its provider too."""
    said = agentattest(chain=[{"role": "root", "agentRef": AGENT, "identity": "acme:evil"}])
    deny = '[[deny]]\nagents = ["ACME:evil"]\nreason = "x"\n'
    assert failed(rule(more=deny), silent(), by("scanner", said)) == ("agents.deny",)
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = ["{MODEL}"]\naliases = {{ "Copilot" = "{AGENT}" }}\n'
    agents += f'model-aliases = {{ "turbo" = "{MODEL}" }}\n'
    for what in (f'agents = ["{AGENT.upper()}"]', f'models = ["{MODEL.upper()}"]'):
        text = rule(agents=agents, more=f'[[deny]]\n{what}\nreason = "x"\n')
        assert failed(text, built(claim(author="Copilot", model="turbo"))) == ("agents.deny",)


def test_more_claims_than_are_read_are_undecided() -> None:
    """A-T15, with rule 6: 4, and never the first n; a stranger's junk below the limit changes nothing."""
    signed = evidence(rule(), built(), by("scanner", agent_commit(subagents=[{"agent": agent()}] * 5)))
    limits = Limits(claims=4, tally=Tally())
    assert judge_evidence(rule(), *signed, limits=limits, now=NOW).exit_code == EXIT_STUCK
    junk = [by("stranger", agent_commit(name=f"evil-{number}")) for number in range(20)]
    assert failed(rule(), built(), *junk) == ()


def test_a_statement_that_is_made_to_cost_costs_little() -> None:
    """A-T15: anybody may sign one. A hundred thousand folded lines, and as many values that cannot be read."""
    folded = gitsign("Mend\n\nX: y\n" + " z\n" * 100_000)
    broken = agentattest(chain=[{"role": 5, "agentRef": 5, "identity": 5}] * 3000)
    for said in (folded, broken):
        signed = evidence(rule(), by("stranger", said))
        (document,) = read_claims(tuple(signed), limits=Limits()).documents
        assert all(len(item.problem or "") < 2000 for item in document.claims)


def test_accounts_of_thousands_of_subagents_are_compared_at_once() -> None:
    """A-T15: each of two runs with thousands of subagents; compared one by one that would take many seconds."""
    one, other = ([{"agent": agent(model=f"{first}-{n}")} for n in range(2500)] for first in "ab")
    text = rule(allow='"any"')
    same = by("scanner", agent_commit(subagents=one)), by("platform", agent_commit(subagents=one))
    keys = TENANT.replace('"scanner"', '"scanner", "platform"')
    assert failed(rule(keys, allow='"any"'), silent(), *same) == ()
    differ = by("scanner", agent_commit(subagents=one)), by("scanner", agent_commit(subagents=other))
    assert failed(text, silent(), *differ) == ("agents.conflict",)


def test_the_same_claim_twice_is_one() -> None:
    """A-T16: byte by byte, or in another place or format, as long as it says the same."""
    assert failed(rule(), built(claim(), claim()), by("scanner", pedigree()), by("scanner", pedigree())) == ()
    assert failed(rule(), built(claim(), claim(model="other"))) == ("agents.conflict", "agents.models")


def test_a_payload_is_read_strictly() -> None:
    """A-T17: NaN, a byte order mark or trailing bytes make it no evidence; see the parser's own tests for the rest."""
    for raw in (b'{"x": NaN}', b"\xef\xbb\xbf{}", b"{} x", b'{"x": 1, "x": 2}', b'{"x": "\\ud800"}'):
        with pytest.raises(ValueError):
            _parse(raw)


def _parse(raw: bytes) -> object:
    from gate.strictjson import parse  # noqa: PLC0415

    return parse(raw, signed=True)


@pytest.mark.parametrize("value", [5, True, 1.5, ["x"], {"x": "y"}])
def test_a_value_of_another_type_is_a_fail(value: Any) -> None:
    """A-T18: it is never made a text; whatever an accepted statement holds must be readable."""
    said = (
        built(claim(author=value)),
        built(claim(model=value)),
        built(claim(tools=value if isinstance(value, dict) else [value]))
        if value != ["x"]
        else built(claim(tools="x")),
        built(claim(operator=value)),
    )
    for item in said:
        assert "agents.claims" in failed(rule(allow='"any"'), item)
    for item in (
        agent_commit(name=value),
        agent_commit(model=value),
        agent_commit(subagents=value or "x"),
        pedigree(tool=value),
    ):
        if value != ["x"] or item.predicate != agent_commit(subagents=["x"]).predicate:
            assert "agents.claims" in failed(rule(allow='"any"'), silent(), by("scanner", item))


@pytest.mark.parametrize(
    "name", ["\u0441" + AGENT[1:], f"{AGENT}\u200b", f" {AGENT}", f"{AGENT}\u202e", "a  b", f"{AGENT}\n"]
)
def test_a_look_alike_is_unreadable(name: str) -> None:
    """A-T19: nothing is folded; what is no printable ASCII, or has spaces that do not show, is no id."""
    for item in (agent_commit(name=name), pedigree(tool=name), agentattest(name=name)):
        assert "agents.claims" in failed(rule(allow='"any"'), silent(), by("scanner", item))
    assert "agents.claims" in failed(rule(allow='"any"'), built(claim(author=name)))


def test_a_spelling_means_an_agent_only_if_the_policy_says_so() -> None:
    """A-T20: `aliases` and `model-aliases`, exact; the report keeps what was written."""
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = ["{MODEL}"]\n'
    spelled = f'{agents}aliases = {{ "GitHub Copilot" = "{AGENT}" }}\nmodel-aliases = {{ "gpt-4-turbo" = "{MODEL}" }}\n'
    said = built(claim(author="GitHub Copilot", model="gpt-4-turbo"))
    assert failed(rule(agents=agents), said) == ("agents.allow",)
    assert failed(rule(agents=spelled), said) == ()
    assert failed(rule(agents=spelled), said, by("scanner", pedigree(provider=None))) == ()
    assert failed(rule(agents=spelled), built(claim(author="github copilot"))) == ("agents.allow",)
    assert [entry.claim.agent for entry in judge(rule(agents=spelled), said).commits] == ["GitHub Copilot"]
    evil = built(), by("scanner", pedigree(tool="evil"))
    assert failed(rule(agents=spelled, allow='"any"'), *evil) == ("agents.conflict",), "an alias is of its own spelling"
    ids = judge(
        rule(agents=agents.replace(f'ids = ["{AGENT}"]', f'ids = ["{AGENT}", "Copilot"]')),
        built(),
        by("scanner", pedigree(tool="Copilot")),
    )
    assert ids.failed == ("agents.conflict",), "two ids are two names, unless one is said to mean the other"


def test_a_provider_that_is_asked_for_is_stated() -> None:
    """A-T21: provider/model is both of the claim's fields or one text; one that contradicts the other is unreadable."""
    for model in ('"openai/gpt-5"', '{ name = "gpt-5", provider = "openai" }'):
        assert failed(models(model), with_model("gpt-5", model_provider="openai")) == ()
        assert failed(models(model), with_model("openai/gpt-5")) == ()
        assert failed(models(model), with_model("gpt-5")) == ("agents.models",)
        assert failed(models(model), with_model("gpt-5", model_provider="azure")) == ("agents.models",)
    assert "agents.claims" in failed(models('"openai/gpt-5"'), with_model("openai/gpt-5", model_provider="azure"))
    contradicts = with_model("azure/gpt-5", model_provider="openai")
    for model in ('"openai/gpt-5"', '{ name = "gpt-5", provider = "openai" }'):
        assert failed(models(model), contradicts) == ("agents.coverage", "agents.claims", "agents.models")
    assert failed(models('"gpt-5"'), with_model("gpt-5", model_provider="azure")) == (), "no provider is asked for"


@pytest.mark.parametrize("name", ["gpt-latest", "auto", "default", "claude-Latest-x", "openai/auto", "latest"])
def test_a_floating_name_matches_no_pattern(name: str) -> None:
    """A-T22: only a policy that spells it exactly takes it for a model."""
    for model in ('{ glob = "*" }', '{ glob = "**" }', "{ regex = '.*' }"):
        assert failed(models(model), with_model(name)) == ("agents.models",)
    assert failed(models(f'"{name}"'), with_model(name)) == ()
    assert failed(models('{ glob = "*" }'), with_model("automatic-1")) == ()


def test_a_pattern_is_anchored_and_bounded() -> None:
    """A-T23, with rule 7: exact by default; a glob's * ends at a slash; a regular expression is anchored, and RE2's."""
    assert failed(models('"gpt-4"'), with_model("gpt-4o")) == ("agents.models",)
    assert failed(models('{ glob = "gpt-4-*" }'), with_model("gpt-4-x/evil")) == ("agents.models",)
    assert failed(models("{ regex = 'gpt-4' }"), with_model("gpt-4o-mini-evil")) == ("agents.models",)
    assert failed(models("{ regex = '(a+)+' }"), with_model("a" * 200 + "!")) == ("agents.models",)


@pytest.mark.parametrize(
    ("model", "more", "holds"),
    [
        ("claude-opus-4-10", {}, True),
        ("claude-opus-4-9", {}, True),
        ("claude-opus-4.9", {}, True),
        ("claude-opus-4-8", {}, False),
        ("claude-opus-5", {}, True),
        ("claude-opus-4-9-20260101", {}, True),
        ("claude-opus-4-9-rc1", {}, False),
        ("claude-opus-4-9+build", {}, False),
        ("claude-opus-v5", {}, False),
        ("claude-opus", {}, False),
        ("claude-opus", {"model_version": "4.10"}, True),
        ("claude-opus", {"model_version": "4.8"}, False),
        ("claude-opus", {"model_version": "latest"}, False),
        ("claude-opus5", {}, False),
        ("my-claude-opus-5", {}, False),
    ],
)
def test_versions_compare_as_numbers(model: str, more: dict[str, object], *, holds: bool) -> None:
    """A-T24: part by part as numbers; what is no version that compares is too low."""
    text = models('{ name = "claude-opus", minimum = "4.9" }')
    assert failed(text, with_model(model, **more)) == (() if holds else ("agents.models",))


@pytest.mark.parametrize(
    ("name", "minimum", "model", "holds"),
    [
        ("claude-opus", "4.5", "claude-opus-4-20250514", False),
        ("claude-opus", "4.5", "claude-opus-4-1-20250805", False),
        ("claude-opus", "4.5", "claude-opus-4-5-20251101", True),
        ("claude-opus", "4", "claude-opus-4-20250514", True),
        ("claude-opus", "4.0", "claude-opus-4-20250514", True),
        ("claude-opus", "3.20250101", "claude-opus-4-1", True),
        ("claude-opus", "4.20250601", "claude-opus-4-20250514", False),
        ("claude-opus", "4.20250601", "claude-opus-4-20250701", True),
        ("claude-opus", "4.20250601", "claude-opus-4-999", False),
        ("claude-opus", "4.20250601", "claude-opus-4", False),
        ("claude-sonnet", "4", "claude-sonnet-20240620", False),
        ("gpt", "4.1", "gpt-4-0613", False),
        ("gpt-4", "0613", "gpt-4-1106", True),
        ("gpt-4", "0613", "gpt-4-0314", False),
        ("gpt-4o", "2024-08-06", "gpt-4o-2024-11-20", True),
        ("gpt-4o", "2024-08-06", "gpt-4o-2024-05-13", False),
        ("gpt-4o", "2024-08-06", "gpt-4o-9", False),
        ("gpt-5", "2025-08", "gpt-5-2025-08-07", True),
    ],
)
def test_the_date_behind_a_version_makes_it_no_later_one(name: str, minimum: str, model: str, *, holds: bool) -> None:
    """A-T24: vendors put the day of a release behind the version."""
    text = models(f'{{ name = "{name}", minimum = "{minimum}" }}')
    assert failed(text, with_model(model)) == (() if holds else ("agents.models",))


def test_every_agent_below_an_agent_is_judged() -> None:
    """A-T25: subagents to any depth, and the steps of a delegation."""
    deep: dict[str, object] = {"agent": agent("evil")}
    for _ in range(10):
        deep = {"agent": agent(), "subagents": [deep]}
    assert failed(rule(), silent(), by("scanner", agent_commit(subagents=[deep]))) == ("agents.allow",)
    chain = [{"role": "root", "agentRef": AGENT}, {"role": "tool", "agentRef": "evil"}]
    assert failed(rule(), silent(), by("scanner", agentattest(chain=chain))) == ("agents.allow",)
    assert failed(rule(), silent(), by("scanner", agentattest(chain=chain[:1]))) == ()


def test_what_a_platform_says_of_others_beside_its_own_agent_is_judged() -> None:
    """A-T25: a platform that is heard for its agent alone, and names whom that agent called."""
    text = rule(f'{PLATFORM}mixed = "allow"\n', allow='["other"]')
    theirs = {"agent": agent("other-agent", "other-model-1")}
    for called in (agent("evil"), agent("ev\u0456l"), agent(), agent(None)):
        both = agent_commit(**THEIRS, subagents=[theirs, {"agent": called}])
        assert "agents.allow" in failed(text, silent(), by("platform", both))
    assert failed(text, silent(), by("platform", agent_commit(**THEIRS, subagents=[theirs]))) == ()
    denied = rule(PLATFORM, allow='"any"', more='[[deny]]\nagents = ["evil"]\nreason = "x"\n')
    both = agent_commit(**THEIRS, subagents=[{"agent": agent("evil")}])
    assert failed(denied, silent(), by("platform", both)) == ("agents.deny",)
    two = coverage({"tool": "other-agent", "model": "other-model-1"}, {"tool": "evil", "model": "x"})
    assert failed(text, silent(), by("platform", two)) == ("agents.allow",)
    unclear = own(entry("other-agent", "other-model-1"), entry("evil", about="A" * 40))
    mapped = rule(PLATFORM, allow='["other"]', more=OWN_FORMAT)
    assert failed(mapped, silent(), by("platform", unclear)) == ("agents.claims", "agents.allow")
    # Whoever signs for no agent of the rule is heard for none.
    assert failed(text, silent(), by("stranger", both)) == ("agents.coverage",)


def test_what_a_platform_says_of_others_permits_nothing() -> None:
    """A-T12: what it says beside its own agent's claim is the tenant's word, and only of that commit."""
    text = rule('min-trust = "tenant"\n', allow=TWO, more=OWN_FORMAT)
    theirs, ours = entry("other-agent", "other-model-1"), entry(about=EARLIER)
    listed = built(claim(author="other-agent", model="other-model-1"), claim(EARLIER, authored_by="unknown"))
    assert failed(text, silent(), by("platform", own(theirs))) == ()
    judgement = judge(text, listed, by("platform", own(theirs, ours, entry(about=OTHER))))
    assert judgement.failed == ("agents.authorship",)
    assert [item.vouched_by for item in judgement.commits] == [Trust.BUILDER] * 2 + [Trust.PLATFORM, None, None]
    beside = judge(text, silent(), by("platform", own(theirs, entry())))
    assert [item.vouched_by for item in beside.commits] == [Trust.PLATFORM, Trust.TENANT]
    assert beside.failed == ("agents.conflict",)


def test_only_documented_places_are_read() -> None:
    """A-T26: no byproduct, no inlined copy, no statement within a statement; they neither help nor deny."""
    nested = json.dumps({"commits": [claim()]})
    byproducts = [{"content": nested, "annotations": {"commits": [claim()]}, "properties": {"commits": [claim()]}}]
    run = {"builder": {"id": "x"}, "byproducts": byproducts}
    hidden = Said(silent().predicate_type, {**silent().predicate, "runDetails": run, "statement": built().predicate})
    hidden.predicate["runDetails"]["builder"] = silent().predicate["runDetails"]["builder"]
    assert failed(rule(), hidden) == ("agents.coverage",)
    inner = agent_commit()
    inner.predicate["runDetails"]["byproducts"] = [{"annotations": {"agent": agent("evil")}}]
    assert failed(rule(), silent(), by("scanner", inner)) == ()


def test_two_places_that_differ_are_a_conflict() -> None:
    """A-T27: all known places of a document are read, and each is an account of its own."""
    both = [dependency(claim(), annotations={"commits": [claim(author="copilot-agent-v3")]})]
    assert failed(rule(), built(dependencies=both)) == ("agents.conflict",)
    beside = built(resolvedDependencies=[dependency(claim(model="evil"))])
    assert failed(rule(), beside) == ("agents.conflict", "agents.models")


@pytest.mark.parametrize("change", ["{}/", "{} ", "{}#", "X{}"])
def test_a_type_is_compared_byte_for_byte(change: str) -> None:
    """A-T28: nearly a type is none: it holds no claims, and denies nothing."""
    for said in (pedigree(), agentattest(), coverage(HELPED), git_ai()):
        near = Said(change.format(said.predicate_type), said.predicate, said.subjects)
        assert failed(rule(MIXED), silent(), by("scanner", near)) == ("agents.coverage",)
    other = agentattest()
    body = Said(other.predicate_type.replace("v1", "v0"), other.predicate, other.subjects)
    assert "agents.claims" in failed(rule(), silent(), by("scanner", body)), "version 1's body under version 0's type"


def test_notes_and_traces_only_ever_deny() -> None:
    """A-T29: even as the predicate of a statement by a named signer; bare, they are no evidence at all."""
    for said in (trace(MODEL), git_ai(), gitsign(f"Mend\n\nAssisted-by: {AGENT}:{MODEL}")):
        assert failed(rule(), silent(), by("scanner", said)) == ("agents.coverage",)
        assert failed(rule(), built(), by("scanner", said)) == ()


def test_trailers_never_allow_and_are_all_read() -> None:
    """A-T30: the last block alone, keys in any case, every occurrence, folded lines; a title has none."""
    trailers = f"ASSISTED-BY: {AGENT}:{MODEL}\nassisted-by: Claude:\n claude-opus-4-6"
    assert failed(rule(), built(), by("scanner", gitsign(f"Mend\n\nBody\n\n{trailers}"))) == ("agents.signals",)
    assert failed(rule(), built(), by("scanner", gitsign("Assisted-by: Claude:x"))) == ()
    assert failed(rule(), built(), by("scanner", gitsign("Mend\n\nAssisted-by: Claude:x\n\nThe end."))) == ()
    assert failed(rule(), silent(), by("scanner", gitsign(f"Mend\n\nAssisted-by: {AGENT}:{MODEL}"))) == (
        "agents.coverage",
    )


SQUASHED = "Mend (#7)\n\n* One\n\n{}\n\n* Two\n\nReviewed-by: Bo <bo@acme.com>\n"


@pytest.mark.parametrize(
    "line",
    [
        "Co-authored-by: Claude <noreply@anthropic.com>",
        "* co-authored-by: Devin AI <1+devin-ai-integration[bot]@users.noreply.github.com>",
        "Signed-off-by: dependabot[bot] <support@github.com>",
    ],
)
def test_whoever_had_a_part_in_a_squashed_commit_is_found_anywhere(line: str) -> None:
    """A-T30: the trailers of each commit stay where its message is put; who reviewed or signed off had no part."""
    said = by("scanner", gitsign(SQUASHED.format(line)))
    assert failed(rule(HUMANS), built(human()), said) == ("agents.signals",)
    assert failed(rule(HUMANS), built(human()), by("scanner", gitsign(SQUASHED.format("Claude helped.")))) == ()
    judgement = judge(rule(HUMANS), built(human()), by("scanner", gitsign(f"Mend\n\n{line}")))
    assert judgement.found("agents.signals").count("author names") == 2, "once as a hint, once against the claim"


def test_a_co_author_of_a_squashed_commit_is_no_reviewer_and_whoever_signed_it_off_is() -> None:
    """A-T33."""
    text = reviewed(people='["al@acme.com"]')
    for key, expected in (("Co-authored-by", ("agents.reviewers",)), ("Signed-off-by", ())):
        said = by("scanner", gitsign(SQUASHED.format(f"{key}: Al <al@acme.com>")))
        assert failed(text, built(), said, by("scanner", gittuf("al@acme.com"))) == expected


def test_an_old_claim_counts_no_longer_than_the_rule_says() -> None:
    """A-T31: by the verified signing time, whatever times the predicate states."""
    text = rule(f'{TENANT}max-age = "9d"\n')
    old = agent_commit()
    old.predicate["runDetails"]["metadata"] |= {"startedOn": NOW.isoformat(), "finishedOn": NOW.isoformat()}
    assert failed(text, by("release", silent(), RECENT), by("scanner", old)) == ("agents.age",)
    assert failed(text, by("release", silent(), RECENT), by("scanner", old, RECENT)) == ()
    assert failed(rule(f'{TENANT}max-age = "9d"\nunclaimed = "allow"\n'), silent(), by("scanner", old)) == ()


@pytest.mark.parametrize(
    "evil",
    [
        (gitsign(name="alice", email="x@acme.com"), gittuf("alice")),
        (gitsign("Mend\n\nCo-authored-by: Alice <al@acme.com>"), gittuf("alice")),
        (coverage(HELPED, operator="ALICE", approvals=[approval("alice")]),),
        (git_ai(author="alice"), gitsign(), gittuf("alice")),
    ],
)
def test_a_reviewer_is_somebody_else(evil: tuple[Said, ...]) -> None:
    """A-T33: neither the author, a co-author, the operator, nor an agent, however the name is written."""
    text = reviewed(people='["alice", "bo"]', keys=MIXED)
    assert "agents.reviewers" in failed(text, built(), *(by("scanner", item) for item in evil))
    assert "agents.reviewers" not in failed(
        text, built(), *(by("scanner", item) for item in evil), by("scanner", gitsign()), by("scanner", gittuf("bo"))
    )
    anyone = reviewed(people='[{ glob = "**" }]')
    for name in (AGENT, AGENT.upper(), COPILOT_ACCOUNT, "cursoragent@cursor.com", "dependabot[bot]"):
        assert failed(anyone, built(), by("scanner", pedigree(approver=name))) == ("agents.reviewers",)
    assert failed(anyone, built(claim(operator="zoe")), by("scanner", pedigree(approver="zoe"))) == (
        "agents.reviewers",
    )


def test_an_approval_is_of_the_final_tree() -> None:
    """A-T34: of the head commit, or of the tree that is said to be its; one of an earlier state is none."""
    tree = by("scanner", gitsign())
    assert failed(reviewed(), built(), tree, by("scanner", gittuf("alice"))) == ()
    assert failed(reviewed(), built(), tree, by("scanner", gittuf("alice", tree=BASE))) == ("agents.reviewers",)
    assert failed(
        reviewed(), built(claim(), claim(EARLIER)), by("scanner", pedigree(about=EARLIER, approver="alice"))
    ) == ("agents.reviewers",)
    # Two who disagree about the tree prove none.
    other = by("scanner", gitsign(tree="6" * 40))
    assert failed(reviewed(), built(), tree, other, by("scanner", gittuf("alice"))) == ("agents.reviewers",)
    assert failed(
        reviewed('signers = ["people"]'), built(), by("stranger", gitsign()), by("people", authorization())
    ) == ("agents.reviewers",)
    mismatched = Said(
        authorization().predicate_type,
        {**authorization().predicate, "targetID": BASE},
        ({"digest": {"gitTree": TREE}},),
    )
    assert failed(
        reviewed('signers = ["scanner"]', people='[{ glob = "**" }]'), built(), tree, by("scanner", mismatched)
    ) == ("agents.claims", "agents.reviewers")


def test_where_there_is_no_head_nobody_reviewed_it() -> None:
    """A-T34: provenance that names no commit leaves nothing that an approval could be of."""
    item = provenance(predicate_v1(dependencies=[dependency(claim(), commit=None)]), signer=github(commit=None))
    approved = about_source(
        "dev.pedigree/ai-authorship/v1", pedigree(approver="alice").predicate, {"sha1": HEAD}, signer=github(SCANNER)
    )
    assert "agents.reviewers" in judge_evidence(reviewed(), item, approved).failed


@pytest.mark.parametrize(
    "keys",
    [
        "allow = []",
        'alow = ["copilot"]',
        'allow = ["copilot", "any"]',
        'allow = ["nobody"]',
        'allow = ["copilot"]\nreviewers = { people = [] }',
        'allow = ["copilot"]\nreviewers = { people = ["x"], threshold = 0 }',
        'allow = ["copilot"]\noperators = []',
        'allow = ["copilot"]\ntools = []',
        'allow = ["copilot"]\ndeny = []',
        'allow = ["copilot"]\ndeny = ["copilot"]',
        'allow = ["copilot"]\ncoverage = "range"',
        f'allow = ["copilot"]\nbase = "{BASE}"',
        'allow = ["copilot"]\ncoverage = "range"\nbase = "main"',
        'allow = ["copilot"]\ncoverage = "all"',
    ],
)
def test_a_policy_that_says_nothing_is_invalid(keys: str) -> None:
    """A-T35, with section 4: an error that names the key, never a default that lets something in."""
    text = rule("").replace('allow = ["copilot"]\n', f"{keys}\n")
    with pytest.raises(InvalidPolicy):
        policy(text)
    assert loads(rule(""))


@pytest.mark.parametrize("kind", sorted(BUILT_IN))
def test_no_policy_means_a_known_type_anew(kind: str) -> None:
    """A-T35: `[[agent-formats]]` adds a type, and redefines none."""
    with pytest.raises(InvalidPolicy, match="means what it means"):
        policy(rule(more=f'[[agent-formats]]\ntype = "{kind}"\nagent = "/a"\n'))


def test_foreign_text_is_escaped_wherever_it_is_shown() -> None:
    """A-T36: in what a check says it is quoted, in a summary escaped, in the report it is data."""
    evil = "\x1b[2J::set-output name=x::y\n<script>"
    judgement = judge(rule(), built(claim(author=evil)), by("scanner", pedigree(approver=evil)))
    assert "agents.claims" in judgement.failed
    for result in judgement.results:
        assert "::" not in escape(result.found)
        assert escape(result.found).isprintable()


def _dated(key: str, when: str) -> str:
    return rule(more=f'[[deny]]\nagents = ["{AGENT.upper()}"]\nreason = "was taken over"\n{key} = {when}\n')


def test_a_dated_deny_is_about_the_time_of_signing() -> None:
    """A-T37: built before and built after are told apart by verified times; whoever has none is denied."""
    early, late = by("release", built()), by("release", built(), RECENT)
    after = _dated("from", "2025-03-05T00:00:00Z")
    assert failed(after, early) == ()
    assert failed(after, late) == ("agents.deny",)
    before = _dated("until", "2025-03-05T00:00:00Z")
    assert failed(before, early) == ("agents.deny",)
    assert failed(before, late) == ()
    # A claim of then in an image of now: the image was built with it.
    assert failed(after, by("release", silent(), RECENT), by("scanner", pedigree())) == ("agents.deny",)
    found = judge(after, late).found("agents.deny")
    assert AGENT in found
    assert "was taken over" in found


def test_a_deny_holds_where_nobody_knows_when() -> None:
    """A-T37, rule 5: evidence without a usable time is denied, whatever the dates."""
    item = keyed(provenance(), "f" * 64, times=(), logged=False)
    deny = Deny(models=(exact(MODEL),), reason="x", docs=None, since=NOW, until=None)
    assert holds(deny, item, policy(AGENTS_POLICY))
    assert not holds(deny, provenance(signed_at=NOW - (NOW - RECENT)), policy(AGENTS_POLICY))


def test_what_is_read_is_counted_as_it_is() -> None:
    """A-T16: a report of a thousand commits names each once."""
    commits = [claim(f"{number:040x}") for number in range(1000)]
    claims = read_claims(tuple(evidence(rule(), built(claim(), *commits))), limits=Limits())
    (document,) = claims.documents
    assert len(document.claims) == len({item.path for item in document.claims}) == 1001
    assert commit()["digest"] == {"gitCommit": HEAD}
