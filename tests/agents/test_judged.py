"""What is asked of each claim and hint where a rule, an agent or an account names several; and what a report says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.verdict import Outcome
from tests.agents.documents import (
    AGENT_COMMIT,
    BASE,
    HEAD,
    OWN,
    OWN_FORMAT,
    Said,
    agent,
    agent_commit,
    agentattest,
    built,
    claim,
    entry,
    gitsign,
    own,
    pedigree,
    silent,
    trace,
)
from tests.agents.scene import TENANT, by, failed, judge, rule
from tests.agents.table import ALLOW, CONFLICT, COVERAGE, DENY, HUMANS, MODELS, SIGNALS, ranged, v02
from tests.evidence import (
    AGENT,
    BUILDER,
    EARLIER,
    MODEL,
    REPOSITORY,
    SCANNER,
    about_source,
    dependency,
    github,
    human,
    predicate_v1,
    provenance,
)
from tests.evidence import judge as judge_evidence

if TYPE_CHECKING:
    from pathlib import Path

    from gate.verdict import Result
    from tests.agents.scene import By
    from tests.evidence import Judgement


def _models(entry: str) -> str:
    return rule(agents=f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = [{entry}]\n')


@pytest.mark.parametrize(
    "said", [pedigree(model="evil"), agentattest(model="evil"), trace("evil"), v02(claims=[claim(model="evil")])]
)
def test_a_build_type_silences_only_a_provenance_that_has_one(said: Said) -> None:
    """Rule 1: what says that it is an agent's run, in a type that has no such place, is heard all the same."""
    loud = failed(rule(), built(), by("scanner", said))
    assert loud
    stray = {"buildType": f"{AGENT_COMMIT}v9"}
    other = Said(said.predicate_type, {**said.predicate, "buildDefinition": stray}, said.subjects)
    assert failed(rule(), built(), by("scanner", other)) == loud


@pytest.mark.parametrize(
    ("entry", "model", "more", "holds"),
    [
        # A provider is asked for: a name without a slash states none, even if it is spelled like one.
        ('{ name = "openai", provider = "openai" }', "openai", {}, False),
        ('{ name = "openai", provider = "openai" }', "openai", {"model_provider": "openai"}, True),
        ('{ name = "openai", provider = "openai" }', "openai/openai", {}, True),
        # None is asked for: whichever is stated will do.
        ('{ name = "claude-opus", minimum = "4.9" }', "claude-opus-5", {"model_provider": "anthropic"}, True),
        ('{ name = "claude-opus", minimum = "4.9" }', "claude-opus-4", {"model_provider": "anthropic"}, False),
        # What states no provider has none to match a pattern with.
        ('{ glob = "*/gpt-5" }', "gpt-5", {"model_provider": "openai"}, True),
        ('{ glob = "*/gpt-5" }', "gpt-5", {}, False),
        # A version alone is of no model.
        ('{ name = "claude-opus", minimum = "4.9" }', "5", {}, False),
        # What is no date is before every date, though it were the larger number; three digits are none.
        ('{ name = "gpt-4", minimum = "0613" }', "gpt-4-999", {}, False),
        ('{ name = "gpt-4", minimum = "0613" }', "gpt-4-0999", {}, True),
        ('{ name = "claude-opus", minimum = "4.5" }', "claude-opus-4-100", {}, True),
    ],
)
def test_a_model_is_of_its_provider_and_version(
    entry: str, model: str, more: dict[str, object], *, holds: bool
) -> None:
    assert failed(_models(entry), built(claim(model=model, **more))) == (() if holds else MODELS)


def _runs(count: int, *, provider: str | None = "openai", turned: bool = False) -> By:
    """A run with so many authors, the last of them with this provider; `turned` has them in another order."""
    models = [f"m-{number}" for number in range(1, count)]
    below = [agent(model=name, provider=provider if name == models[-1] else "openai") for name in models]
    return by("scanner", agent_commit(subagents=[{"agent": item} for item in (below[::-1] if turned else below)]))


def test_accounts_of_several_authors_agree_in_any_order_and_where_one_says_less() -> None:
    text = rule(allow='"any"')
    for count in (3, 50):
        for other in (_runs(count, turned=True), _runs(count, provider=None)):
            assert failed(text, silent(), _runs(count), other) == ()
        assert failed(text, silent(), _runs(count), _runs(count, provider="azure")) == CONFLICT
        assert failed(text, silent(), _runs(count + 1), _runs(count)) == CONFLICT


def test_accounts_of_very_many_authors_agree_only_if_they_are_the_same() -> None:
    text = rule(allow='"any"')
    assert failed(text, silent(), _runs(51), _runs(51, turned=True)) == ()
    assert failed(text, silent(), _runs(51), _runs(51, provider=None)) == CONFLICT


def test_one_of_several_operators_and_tools_is_enough() -> None:
    keys = f'{TENANT}operators = ["bo", "zoe"]\n'
    assert failed(rule(keys), built(claim(operator="zoe"))) == ()
    assert failed(rule(keys), built(claim(operator="eve"))) == ("agents.operators",)
    for tool, wrong in (("curl", ()), ("sh", ("agents.tools",))):
        said = by("scanner", agent_commit(tools=[{"name": tool}]))
        assert failed(rule(f'{TENANT}tools = ["git", "curl"]\n'), silent(), said) == wrong


def test_a_hint_that_names_an_agent_alone_is_judged_by_that() -> None:
    assert failed(rule(), built(), by("scanner", gitsign("Mend\n\nGenerated-by: Claude"))) == SIGNALS
    assert failed(rule(), built(), by("scanner", gitsign(f"Mend\n\nGenerated-by: {AGENT}"))) == ()
    nobody = trace(MODEL, tool=None)
    assert failed(rule(), built(), by("scanner", nobody)) == ()
    assert failed(rule(HUMANS), built(human()), by("scanner", nobody)) == SIGNALS


@pytest.mark.parametrize(
    ("denied", "who"),
    [
        ("claude", "Claude Opus 4.5 <noreply@anthropic.com>"),
        ("claude", "noreply@anthropic.com"),
        ("claude", "C. <NoReply@Anthropic.com>"),
        ("cursor", "Agent <cursoragent@cursor.com>"),
        ("Copilot", "swe-agent[bot] <198982749+anything@users.noreply.github.com>"),
        ("claude-code", "Claude Opus 4.5 <noreply@anthropic.com>"),
        ("codex", "X <codex@openai.com>"),
        ("aider", "X (gpt-4o) <aider@aider.chat>"),
        ("github-copilot", "X <223556219+Copilot@users.noreply.github.com>"),
        ("devin-ai-integration[bot]", "Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"),
        ("devin-ai-integration", "Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"),
        ("devin", "devin[bot] <x@y.test>"),
    ],
)
def test_an_agents_account_is_denied_by_whatever_name_it_writes(denied: str, who: str) -> None:
    """Rule 9, A-T30: the address is the vendor's, and the name beside it anybody's."""
    text = rule(allow='"any"', more=f'[[deny]]\nagents = ["{denied}"]\nreason = "no"\n')
    assert failed(text, built(), by("scanner", gitsign(f"Mend\n\nCo-authored-by: {who}"))) == DENY
    assert failed(text, built(), by("scanner", gitsign("Mend\n\nCo-authored-by: Bo <bo@acme.com>"))) == ()


@pytest.mark.parametrize(
    "name", ["evil", "EVIL <x@y.test>", "X <evil>", "evil[bot]", "X <1+evil[bot]@users.noreply.github.com>"]
)
def test_an_agent_is_denied_where_a_claim_names_it_as_git_does(name: str) -> None:
    """Rule 9, A-T20: NAME <ADDRESS> is both, and an app's account is the app."""
    text = rule(allow='"any"', more='[[deny]]\nagents = ["evil"]\nreason = "no"\n')
    assert failed(text, built(claim(author=name))) == DENY
    assert failed(text, built(claim(author=name.replace("evil", "good").replace("EVIL", "good")))) == ()


@pytest.mark.parametrize(
    "name",
    [
        "Claude <noreply@anthropic.com>",
        "aider@aider.chat",
        "X <1+y[bot]@users.noreply.github.com>",
        "Ada (aider) <a@b.c>",
    ],
)
def test_no_account_of_an_agent_is_a_persons_name(name: str) -> None:
    """A-T8: one of the two is not so, however git writes it."""
    assert failed(rule(HUMANS), built(human(author=name))) == ("agents.authorship",)
    assert failed(rule(HUMANS), built(human(author="Claude Monet <claude@acme.com>"))) == ()


def test_a_hint_that_names_a_model_alone_is_judged_by_that() -> None:
    """Whoever leaves the agent out lets no other model in."""
    nobody = by("scanner", trace("anthropic/x", tool=None))
    judgement = judge(rule(), built(), nobody)
    assert judgement.failed == SIGNALS
    assert "its agent trace names 'x'" in judgement.found("agents.signals")
    assert failed(rule(allow='"any"'), built(), nobody) == ()
    assert failed(rule(allow='["copilot", "bots"]'), built(), nobody) == (), "one of them may use any model"


def test_every_model_of_a_message_is_a_hint_where_an_agent_is() -> None:
    """Rule 9: the first of them is the agent's, and the others are somebody's."""
    denied = rule(allow='"any"', more='[[deny]]\nmodels = ["evil-1"]\nreason = "no"\n')
    for message in ("Agent: a\nModel: ok\nModel: evil-1", "Agent: a\nModel: ok\nAgent: b\nModel: evil-1"):
        assert failed(denied, built(), by("scanner", gitsign(f"Mend\n\n{message}"))) == DENY
        assert failed(denied, built(), by("scanner", gitsign(f"Mend\n\n{message.replace('evil', 'good')}"))) == ()
    assert failed(denied, built(), by("scanner", gitsign("Mend\n\nModel: evil-1\nModel: evil-1"))) == (), "of a machine"


def test_a_hints_model_is_one_of_any_agent_that_is_called_so() -> None:
    agents = f'[agents.one]\nids = ["{AGENT}"]\nmodels = ["{MODEL}"]\n'
    agents += f'[agents.two]\nids = ["{AGENT}"]\nmodels = ["m-2"]\n'
    text = rule(allow='["one", "two"]', agents=agents)
    for model, wrong in (("m-2", ()), (MODEL, ()), ("m-3", SIGNALS)):
        assert failed(text, built(), by("scanner", trace(model))) == wrong


def test_a_hint_that_contradicts_a_person_names_whom_it_names() -> None:
    text = rule(HUMANS, allow='"any"')
    for tool, named in (("zed", "names 'zed'"), (None, "names an agent")):
        judgement = judge(text, built(human()), by("scanner", trace("x", tool=tool)))
        assert named in judgement.found("agents.signals")
        ((objection,),) = [entry.objections for entry in judgement.commits]
        assert (objection.check, objection.found) == ("agents.signals", judgement.found("agents.signals"))


def test_whoever_is_denied_is_named_in_what_is_found_and_beside_the_claim() -> None:
    denies = '[[deny]]\nagents = ["zed"]\nreason = "leaks"\n[[deny]]\nmodels = ["m-9"]\nreason = "leaks"\n'
    text = rule(allow='"any"', more=denies)
    judgement = judge(text, built(claim(author="zed", model=None)))
    assert judgement.failed == DENY
    assert "is by 'zed', no model named (autonomous_agent): leaks" in judgement.found("agents.deny")
    ((objection,),) = [entry.objections for entry in judgement.commits]
    assert (objection.check, objection.found) == ("agents.deny", judgement.found("agents.deny"))
    person = judge(rule(HUMANS, allow='"any"', more=denies), built(human(author="zed")))
    assert "is by 'zed' (human): leaks" in person.found("agents.deny")
    for said, named in ((trace("x", tool="zed"), "'zed'"), (trace("m-9", tool=None), "'m-9'")):
        hinted = judge(text, built(), by("scanner", said))
        assert f"names {named}: leaks" in hinted.found("agents.deny")


def test_a_claim_that_is_worth_too_little_is_told_so_unless_none_is_needed() -> None:
    keys = 'signers = ["scanner"]\n'
    judgement = judge(rule(keys), silent(), by("scanner", pedigree()))
    assert judgement.failed == COVERAGE
    ((objection,),) = [entry.objections for entry in judgement.commits]
    assert objection.check == "agents.coverage"
    assert objection.found.endswith("(claimed, but only the tenant vouches for it)")
    lenient = judge(rule(f'{keys}unclaimed = "allow"\n'), silent(), by("scanner", pedigree()))
    assert lenient.exit_code == 0
    assert [entry.objections for entry in lenient.commits] == [()]


def test_a_claim_that_is_too_old_is_told_its_time() -> None:
    judgement = judge(rule(f'{TENANT}max-age = "9d"\n'), built())
    ((objection,),) = [entry.objections for entry in judgement.commits]
    assert objection.check == "agents.age"
    assert objection.found == judgement.found("agents.age")
    assert "(its claim is of 2025-" in objection.found


def test_what_is_wrong_with_an_author_a_model_or_an_operator_is_told() -> None:
    operators = rule(f'{TENANT}operators = ["bo"]\n')
    for text, said, check, found in (
        (operators, claim(), "agents.operators", "names no operator"),
        (operators, claim(operator="eve"), "agents.operators", "had the operator 'eve'"),
        (rule(), human(author="Ada"), "agents.authorship", "is by 'Ada' (human)"),
        (
            rule(),
            claim(authored_by="mixed", model=None),
            "agents.authorship",
            f"is by '{AGENT}', no model named (mixed)",
        ),
    ):
        judgement = judge(text, built(said))
        assert check in judgement.failed
        assert judgement.found(check) == f"{HEAD[:12]} {found}"
    for model, found in (
        (claim(model=None), f"'{AGENT}', no model named (autonomous_agent)"),
        (claim(model="x", model_provider="y", model_version="7"), f"'{AGENT}' with 'y/x 7' (autonomous_agent)"),
    ):
        assert judge(rule(), built(model)).found("agents.models") == f"{HEAD[:12]}: {found}"
    nameless = judge(rule(), built(claim(author=None))).found("agents.allow")
    assert nameless == f"{HEAD[:12]} is by nobody named with '{MODEL}' (autonomous_agent)"


def _coverage(judgement: Judgement) -> Result:
    return next(item for item in judgement.results if item.check == "agents.coverage")


def _remedy(text: str, *said: By | Said) -> str:
    return _coverage(judge(text, *said)).remedy


def test_each_way_to_lack_a_claim_has_its_own_remedy() -> None:
    text = rule('signers = ["scanner"]\n', builder=BUILDER)
    dropped, little = "image: have the build write commits[]", "image: have the claim written or signed by whoever must"
    assert _remedy(text, silent()).startswith(dropped)
    assert _remedy(text, silent(), by("scanner", pedigree())).startswith(little)
    assert _remedy(text, built(claim(EARLIER))).startswith("image: claim the commit that is built")
    assert _remedy(ranged(), built()).startswith("image: say since which base the list holds every commit")
    for lenient in (rule(), rule(f'{TENANT}unclaimed = "allow"\n')):
        assert _remedy(lenient, built()) == ""
    assert _remedy(lenient, silent()) == ""
    headless = provenance(predicate_v1(dependencies=[]), signer=github(commit=None))
    one_commit = "image: build it so that its provenance names one commit"
    assert _coverage(judge_evidence(rule(), headless)).remedy.startswith(one_commit)


def test_what_is_expected_says_whether_a_commit_may_be_without_a_claim() -> None:
    expected = "a claim, vouched for by tenant or better, for the head and every listed commit"
    assert _coverage(judge(rule(), built())).expected == expected
    since = expected.replace("the head and every listed commit", f"every commit since {BASE[:12]}")
    assert _coverage(judge(ranged(), built())).expected == since
    lenient = rule(f'{TENANT}unclaimed = "allow"\n')
    assert _coverage(judge(lenient, built())).expected == f'{expected} (or none: unclaimed = "allow")'


def test_what_cannot_be_read_is_told_with_its_place_and_beside_its_claim() -> None:
    judgement = judge(rule(), built(claim(author=5)))
    ((objection,),) = [
        [item for item in entry.objections if item.check == "agents.claims"] for entry in judgement.commits
    ]
    place, _, problem = judgement.found("agents.claims").partition(": ")
    assert place == "buildDefinition.resolvedDependencies[0].properties.commits[0]"
    assert objection.found == problem
    unread = judge(rule(), built(), by("scanner", gitsign(parents=("main",)))).found("agents.claims")
    assert unread.startswith("source: ")


def test_a_claim_that_names_no_repository_is_of_the_one_whose_commit_it_names() -> None:
    said = built(claim(), claim(EARLIER)), by("scanner", own(entry(), entry(about=EARLIER)))
    judgement = judge(rule(more=OWN_FORMAT), *said)
    assert [entry.repository for entry in judgement.commits] == [REPOSITORY] * 4
    assert judgement.found("agents.coverage") == "2 of 2 commits claimed"


def test_a_check_that_passes_says_of_what_and_has_no_remedy() -> None:
    fine = {"coverage": "1 of 1 commits claimed", "conflict": "none"}
    results = [item for item in judge(rule(), built()).results if item.check.startswith("agents.")]
    for item in results:
        assert item.found == fine.get(item.check.removeprefix("agents."), "1 of 1 claims")
        assert (item.outcome, item.remedy) == (Outcome.PASS, "")


def test_a_check_that_fails_has_a_remedy_and_shows_a_few_of_many() -> None:
    commits = [claim(f"{number:02x}".ljust(40, "0"), author="evil") for number in range(7)]
    for count, end in ((5, "(autonomous_agent)"), (6, "(autonomous_agent) and 1 more"), (7, " and 2 more")):
        results = judge(rule(), built(claim(), *commits[:count])).results
        (allow,) = [item for item in results if item.check == "agents.allow"]
        assert allow.found.endswith(end)
        assert allow.remedy.startswith("image: build it without that commit")


def test_provenance_of_no_one_commit_is_said_of_every_commit() -> None:
    headless = provenance(predicate_v1(dependencies=[]), signer=github(commit=None))
    (judged,) = judge_evidence(rule(), headless).rules
    assert [(name, item.check) for name, item in judged.beside] == [(None, "agents.coverage")]


def test_a_hint_at_another_model_names_whose_it_is_if_it_can() -> None:
    for tool, named in ((AGENT, f" names '{AGENT}' with '"), (None, " names 'm-9'")):
        assert named in judge(rule(), built(), by("scanner", trace("m-9", tool=tool))).found("agents.signals")


def test_a_check_without_a_claim_stands_on_the_provenance() -> None:
    item = provenance(predicate_v1(claims=()))
    results = [found for found in judge_evidence(rule(), item).results if found.check.startswith("agents.")]
    assert [(found.check, found.evidence) for found in results] == [
        ("agents.coverage", (item.digest,)),
        ("agents.conflict", (item.digest,)),
    ]


def test_where_nothing_is_claimed_nothing_that_judges_claims_passes() -> None:
    denies = '[[deny]]\nagents = ["zed"]\nreason = "leaks"\n'
    judgement = judge(rule(f'{TENANT}unclaimed = "allow"\n', more=denies), silent())
    assert [check for check in judgement.outcomes if check.startswith("agents")] == [*COVERAGE, *CONFLICT]
    assert judgement.exit_code == 0


def test_only_a_claim_of_the_commit_that_the_image_was_built_from_is_of_a_head() -> None:
    judgement = judge(rule(), built(claim(), claim(EARLIER), claim(EARLIER[:12])))
    assert [entry.head for entry in judgement.commits] == [True, False, False]


def test_a_head_that_the_certificate_alone_names_is_claimed_by_its_hash() -> None:
    said = about_source("dev.pedigree/ai-authorship/v1", pedigree().predicate, {"sha1": HEAD}, signer=github(SCANNER))
    assert judge_evidence(rule(), provenance(predicate_v1(dependencies=[])), said).exit_code == 0


def test_a_claim_of_another_repository_by_its_certificate_is_none_of_a_head_of_the_same_hash() -> None:
    other = "https://github.com/acme/mirror"
    fork = {"uri": f"git+{other}", "digest": {"gitCommit": HEAD}}
    item = provenance(predicate_v1(dependencies=[dependency(), fork]))
    for repository, wrong in ((REPOSITORY, ()), (other, COVERAGE)):
        signer = github(SCANNER, repository=repository)
        said = about_source("dev.pedigree/ai-authorship/v1", pedigree().predicate, {"sha1": HEAD}, signer=signer)
        assert judge_evidence(rule(), item, said).failed == wrong


def test_formats_of_what_extends_a_base_hide_only_their_own_claims(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(rule(), encoding="utf-8")
    child = f'version = 1\nextends = ["base.toml"]\n{OWN_FORMAT}'
    said = Said(OWN, {"work": [{"commit": claim()["hash"], "agent": {"name": "evil", "model": "evil"}}]})
    evil, work = built(claim(author="evil")), by("scanner", said)
    for signed, wrong in (((built(), work), ()), ((silent(), work), COVERAGE), ((evil, work), ALLOW)):
        assert failed(child, *signed, folder=tmp_path) == wrong
