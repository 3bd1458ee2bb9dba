"""What a rule says of evidence: one row for each format, place, level of trust, mode of coverage and kind of conflict.

What goes out: `ROWS`: a name, a policy, what is attached to the image and by whom, and the checks that fail.
`test_table` judges each over signatures that are really verified.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gate.claims.builds import SLSA_V01
from tests.agents.documents import (
    AGENT_COMMIT,
    BASE,
    HEAD,
    OTHER,
    OWN_FORMAT,
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
from tests.agents.scene import PLATFORM_ENTRY, RECENT, TENANT, by, rule
from tests.evidence import (
    AGENT,
    BUILDER,
    EARLIER,
    MODEL,
    REPOSITORY,
    SLSA_V02,
    VOUCHING,
    dependency,
    human,
    predicate_v02,
    predicate_v1,
)
from tests.verification.lab import FORGED_HEX

if TYPE_CHECKING:
    from tests.agents.scene import By

COVERAGE = ("agents.coverage",)
ALLOW = ("agents.allow",)
MODELS = ("agents.models",)
CONFLICT = ("agents.conflict",)
AUTHORSHIP = ("agents.authorship",)
REVIEWERS = ("agents.reviewers",)
SIGNALS = ("agents.signals",)
DENY = ("agents.deny",)
CLAIMS = ("agents.claims",)

MIXED = f'{TENANT}mixed = "allow"\n'
HUMANS = f'{TENANT}humans = "allow"\n'
THEIRS = {"name": "other-agent", "model": "other-model-1"}
TWO = '["copilot", "other"]'
PLATFORM = 'min-trust = "platform"\n'
FILLED = VOUCHING.replace('["agents@resolvedDependencies", "agents@materials"]', '["agents"]')
OUTSIDE = VOUCHING.replace('["agents@resolvedDependencies", "agents@materials"]', '["agents@externalParameters"]')
HELPED = {"tool": AGENT, "model": MODEL}


def ranged(keys: str = TENANT, base: str = BASE) -> str:
    """A rule for every commit since a base."""
    return rule(f'{keys}coverage = "range"\nbase = "{base}"\n')


def reviewed(more: str = "", people: str = '["grace@acme.com", "alice"]', keys: str = TENANT) -> str:
    """A rule that wants a reviewer."""
    return rule(f"{keys}\n[rules.agents.reviewers]\npeople = {people}\n{more}\n")


def moved(said: Said, **subject: object) -> Said:
    """The same statement, about the head commit."""
    return Said(said.predicate_type, said.predicate, (commit(**subject),))  # type: ignore[arg-type]


def about_both(said: Said) -> Said:
    """The same statement, about the image and its commit."""
    return Said(said.predicate_type, said.predicate, ({"digest": {"sha256": FORGED_HEX}}, *said.subjects))


def since(*claims: object, base: str = BASE, **more: object) -> Said:
    """The build provenance, whose list says since when it holds every commit."""
    entries = [dependency(properties={"commits": list(claims), "base": base})]
    return built(dependencies=entries, **more)


def v02(**more: object) -> Said:
    """A provenance v0.2."""
    return Said(SLSA_V02, predicate_v02(**more))  # type: ignore[arg-type]


def filled(
    where: str, version: str = "v1", *, listed: tuple[object, ...] = (), since: bool = False, **entry_keys: object
) -> Said:
    """The build provenance, with claims in a place of its own; `since` has its dependency list them too, by a base."""
    held = {"commits": list(listed) or [claim(**entry_keys)]}
    said = built()
    if version == "v0.2":
        predicate = predicate_v02()
        holder = predicate["invocation"] if where in ("environment", "parameters") else predicate
        holder[where] = held  # type: ignore[index]
        return Said(SLSA_V02, predicate)
    predicate = predicate_v1(claims=())
    if since:
        predicate = predicate_v1(dependencies=[dependency(properties={**held, "base": BASE})])
    if where == "metadata":
        predicate["runDetails"]["metadata"] = held  # type: ignore[index]
    elif where == "externalParameters":
        predicate["buildDefinition"][where] |= held  # type: ignore[index]
    else:
        predicate["buildDefinition"][where] = held  # type: ignore[index]
    return Said(said.predicate_type, predicate)


@dataclass(frozen=True)
class Row:
    """One pair of evidence and policy."""

    name: str
    policy: str
    evidence: tuple[By | Said, ...]
    failed: tuple[str, ...] = ()


def _rows() -> tuple[Row, ...]:
    beside = silent()
    return (
        # Each format, as a claim about the head by someone whom the rule names for it.
        Row("F1: an allowed agent", rule(), (built(),)),
        Row("F1: another agent", rule(), (built(claim(author="evil")),), ALLOW),
        Row("F1: another model", rule(), (built(claim(model="evil")),), MODELS),
        Row("F1: no claim", rule(), (beside,), COVERAGE),
        Row("F1: beside the provenance", rule(), (beside, by("scanner", built(builder="https://x")))),
        Row("F1 in v0.2", rule(), (v02(claims=[claim()]),)),
        Row(
            "F1 in v0.1, in a place of v0.2",
            rule(),
            (beside, by("scanner", Said(SLSA_V01, {"metadata": {"commits": [claim()]}}))),
            COVERAGE,
        ),
        Row("F1 in v0.1", rule(), (beside, by("scanner", Said(SLSA_V01, {"materials": [dependency(claim())]})))),
        Row("F3 v0.1", rule(), (beside, by("scanner", agent_commit(version="v0.1")))),
        Row("F3 v0.2", rule(), (beside, by("scanner", agent_commit(version="v0.2")))),
        Row("F3 v0.3", rule(), (beside, by("scanner", agent_commit()))),
        Row("F3 of a version to come", rule(), (beside, by("scanner", agent_commit(version="v0.4"))), COVERAGE),
        Row(
            "F3 of a version to come, with F1's list",
            rule(),
            (beside, by("scanner", built(build_type=f"{AGENT_COMMIT}v0.4"))),
            COVERAGE,
        ),
        Row(
            "F3 whose subject is of another repository",
            rule(),
            (beside, by("scanner", moved(agent_commit(), uri="git+https://github.com/mallory/api"))),
            (*COVERAGE, *CLAIMS),
        ),
        Row("F1 about a commit", rule(), (beside, by("scanner", moved(built()))), COVERAGE),
        Row(
            "F3 with an allowed subagent", rule(), (beside, by("scanner", agent_commit(subagents=[{"agent": agent()}])))
        ),
        Row(
            "F3 with another subagent",
            rule(),
            (beside, by("scanner", agent_commit(subagents=[{"agent": agent("evil")}]))),
            ALLOW,
        ),
        Row(
            "F3 with another model below a subagent",
            rule(),
            (
                beside,
                by("scanner", agent_commit(subagents=[{"agent": agent(), "subagents": [{"agent": agent(model="x")}]}])),
            ),
            MODELS,
        ),
        Row("F3 without an agent", rule(), (beside, by("scanner", agent_commit(name=None))), ALLOW),
        Row("F5 of an agent", rule(), (beside, by("scanner", pedigree()))),
        Row("F5 of both together", rule(), (beside, by("scanner", pedigree("ai-assisted"))), AUTHORSHIP),
        Row("F5 of both, allowed", rule(MIXED), (beside, by("scanner", pedigree("ai-assisted")))),
        Row("F5 of a person", rule(), (beside, by("scanner", pedigree("human"))), AUTHORSHIP),
        Row("F5 of a person, allowed", rule(HUMANS), (beside, by("scanner", pedigree("human")))),
        Row("F5 of a kind to come", rule(HUMANS), (beside, by("scanner", pedigree("ai-guided"))), AUTHORSHIP),
        Row("F6 about a patch", rule(), (beside, by("scanner", agentattest()))),
        Row("F6 about the image", rule(), (beside, by("scanner", agentattest(about="image")))),
        Row("F6 v0", rule(), (beside, by("scanner", agentattest(version="v0")))),
        Row("F6 of another head", rule(), (beside, by("scanner", agentattest(head=OTHER))), COVERAGE),
        Row(
            "F6 of no commit, in a statement about the head",
            rule(),
            (built(), by("scanner", moved(agentattest(head=None)))),
            CLAIMS,
        ),
        Row("F6 of a fork", rule(), (beside, by("scanner", agentattest(repository=f"{REPOSITORY}2"))), COVERAGE),
        Row(
            "F6 that delegates to nobody who can be read",
            rule(allow='"any"'),
            (beside, by("scanner", agentattest(chain=[{"agentRef": AGENT}, 7, {"agentRef": ["x"]}]))),
            CLAIMS,
        ),
        Row(
            "F6 that delegates to another agent",
            rule(),
            (beside, by("scanner", agentattest(chain=[{"role": "root", "agentRef": "evil"}]))),
            ALLOW,
        ),
        Row("F7 of an agent's help", rule(MIXED), (beside, by("scanner", coverage(HELPED)))),
        Row("F7 of an agent's help, not allowed", rule(), (beside, by("scanner", coverage(HELPED))), AUTHORSHIP),
        Row("F7 of nobody is no person's", rule(HUMANS), (beside, by("scanner", coverage())), COVERAGE),
        Row("F7 of a second agent", rule(MIXED), (beside, by("scanner", coverage(HELPED, {"tool": "evil"}))), ALLOW),
        Row("F12 says nothing of authors", rule(), (beside, by("scanner", summary("SLSA_SOURCE_LEVEL_4"))), COVERAGE),
        Row("a mapped predicate", rule(more=OWN_FORMAT), (beside, by("scanner", own(entry())))),
        Row(
            "a mapped predicate of another agent",
            rule(more=OWN_FORMAT),
            (built(), by("scanner", own(entry("evil"), entry(about=EARLIER)))),
            (*CONFLICT, *ALLOW),
        ),
        Row("a predicate that nobody maps", rule(), (beside, by("scanner", own(entry()))), COVERAGE),
        Row(
            "a mapped list that is none",
            rule(more=OWN_FORMAT),
            (built(), by("scanner", Said("https://acme.com/commits/v1", {"work": {}}))),
            (*CLAIMS, *ALLOW),
        ),
        # Whose word, and for which commits.
        *(
            Row(f"{name} by a stranger", rule(MIXED), (beside, by("stranger", said)), COVERAGE)
            for name, said in (
                ("F3", agent_commit()),
                ("F5", pedigree()),
                ("F6", agentattest()),
                ("F7", coverage(HELPED)),
            )
        ),
        Row("a stranger's claim of another agent", rule(), (built(), by("stranger", agent_commit(name="evil")))),
        Row(
            "F3 of a commit that is not in the image",
            rule(),
            (built(), by("scanner", agent_commit(about=OTHER, name="evil"))),
        ),
        Row("F3 of a fork", rule(), (beside, by("scanner", agent_commit(repository=f"{REPOSITORY}2"))), COVERAGE),
        Row(
            "F3 of a fork says nothing of this image",
            rule(),
            (built(), by("scanner", agent_commit(repository=f"{REPOSITORY}2", name="evil"))),
        ),
        Row("F5 of a listed commit", rule(), (built(claim(), claim(EARLIER)), by("scanner", pedigree(about=EARLIER)))),
        Row(
            "F5 of a listed commit by another",
            rule(),
            (built(claim(), claim(EARLIER)), by("scanner", pedigree(about=EARLIER, tool="evil"))),
            (*CONFLICT, *ALLOW),
        ),
        Row(
            "F3 of a listed commit by another",
            rule(),
            (built(claim(), claim(EARLIER)), by("scanner", agent_commit(about=EARLIER, name="evil"))),
            (*CONFLICT, *ALLOW),
        ),
        Row(
            "F5 of a commit that a mapped list names, by another",
            rule(more=OWN_FORMAT),
            (built(), by("scanner", own(entry(about=EARLIER))), by("scanner", pedigree(about=EARLIER, tool="evil"))),
            (*CONFLICT, *ALLOW),
        ),
        Row(
            "a listed commit whose claim cannot be read needs no other",
            rule(),
            (built(claim(), claim(EARLIER, tools="x")),),
            CLAIMS,
        ),
        # Who vouches: each place, each level.
        Row(
            "tenant's word for min-trust builder",
            rule('signers = ["scanner"]\n'),
            (beside, by("scanner", pedigree())),
            COVERAGE,
        ),
        Row(
            "tenant's word for min-trust platform",
            rule(f'{PLATFORM}signers = ["scanner"]\n'),
            (beside, by("scanner", pedigree())),
            COVERAGE,
        ),
        Row("the agent's platform", rule(PLATFORM, allow=TWO), (beside, by("platform", agent_commit(**THEIRS)))),
        Row(
            "the agent's platform of another agent",
            rule(PLATFORM, allow=TWO),
            (beside, by("platform", agent_commit())),
            COVERAGE,
        ),
        Row(
            "the agent's platform, of a commit that it alone lists",
            rule(allow=TWO),
            (built(), by("platform", built(claim(EARLIER, author="other-agent", model="evil")))),
            MODELS,
        ),
        Row(
            "the agent's platform is no builder",
            rule("", allow=TWO),
            (beside, by("platform", agent_commit(**THEIRS))),
            COVERAGE,
        ),
        Row(
            "the platform as builder",
            rule('signers = ["scanner"]\n', builder=VOUCHING + PLATFORM_ENTRY, builders='["release", "platform"]'),
            (beside, by("scanner", agent_commit())),
        ),
        Row(
            "a builder that is the agent's own platform too",
            rule(
                "",
                allow=TWO,
                builder=VOUCHING + PLATFORM_ENTRY.replace('signers = ["scanner"]', 'signers = ["platform"]'),
                builders='["release", "platform"]',
            ),
            (beside, by("platform", agent_commit(**THEIRS))),
        ),
        Row(
            "a builder that the rule does not name",
            rule('signers = ["scanner"]\n', builder=VOUCHING + PLATFORM_ENTRY),
            (beside, by("scanner", agent_commit())),
            COVERAGE,
        ),
        Row(
            "another builder.id",
            rule('signers = ["scanner"]\n', builder=VOUCHING + PLATFORM_ENTRY, builders='["release", "platform"]'),
            (beside, by("scanner", agent_commit(builder="https://x"))),
            COVERAGE,
        ),
        Row("resolvedDependencies, vouched for", rule(""), (built(),)),
        Row("resolvedDependencies, not spelled", rule("", builder=FILLED), (built(),), COVERAGE),
        Row("internalParameters", rule("", builder=FILLED), (filled("internalParameters"),)),
        Row("internalParameters, not vouched for", rule(""), (filled("internalParameters"),), COVERAGE),
        Row("runDetails", rule("", builder=FILLED), (filled("metadata"),)),
        Row("externalParameters", rule("", builder=OUTSIDE), (filled("externalParameters"),)),
        Row("externalParameters, not spelled", rule("", builder=FILLED), (filled("externalParameters"),), COVERAGE),
        Row("v0.2's environment", rule("", builder=FILLED), (filled("environment", "v0.2"),)),
        Row("v0.2's metadata", rule("", builder=FILLED), (filled("metadata", "v0.2"),)),
        Row("v0.2's parameters, not spelled", rule("", builder=FILLED), (filled("parameters", "v0.2"),), COVERAGE),
        Row("materials, vouched for", rule(""), (v02(claims=[claim()]),)),
        Row("materials, not spelled", rule("", builder=FILLED), (v02(claims=[claim()]),), COVERAGE),
        Row("nothing vouched for", rule("", builder=BUILDER), (built(),), COVERAGE),
        # Which commits.
        Row("head: the head alone", rule(f'{TENANT}coverage = "head"\n'), (since(claim()),)),
        Row(
            "head: an earlier one is judged all the same",
            rule(f'{TENANT}coverage = "head"\n'),
            (built(claim(), claim(EARLIER, author="evil")),),
            ALLOW,
        ),
        Row("listed: without the head", rule(), (built(claim(EARLIER)),), COVERAGE),
        Row("range: all since the base", ranged(), (since(claim(), claim(EARLIER)),)),
        Row("range: nobody says since when", ranged(), (built(claim(), claim(EARLIER)),), COVERAGE),
        Row("range: since another base", ranged(), (since(claim(), base=OTHER),), COVERAGE),
        Row(
            "range: one of them unclaimed",
            ranged(),
            (built(), by("scanner", gitsign(parents=(EARLIER,))), by("scanner", gitsign(about=EARLIER))),
            COVERAGE,
        ),
        Row(
            "range: by parents, all claimed",
            ranged(),
            (
                built(claim(), claim(EARLIER)),
                by("scanner", gitsign(parents=(EARLIER,))),
                by("scanner", gitsign(about=EARLIER)),
            ),
        ),
        Row(
            "range: by parents, one claimed by a statement about it",
            ranged(),
            (
                built(),
                by("scanner", gitsign(parents=(EARLIER,))),
                by("scanner", gitsign(about=EARLIER)),
                by("scanner", pedigree(about=EARLIER)),
            ),
        ),
        Row(
            "range: a merge's side is told of by nobody",
            ranged(),
            (built(claim(), claim(EARLIER)), by("scanner", gitsign(parents=(BASE, EARLIER)))),
            COVERAGE,
        ),
        Row("range: the parents by a stranger", ranged(), (built(), by("stranger", gitsign())), COVERAGE),
        Row(
            "range: the parents by a tenant, for builder",
            ranged('signers = ["scanner"]\n'),
            (built(), by("scanner", gitsign())),
            COVERAGE,
        ),
        Row(
            "range: the first commit is not after the base",
            ranged(),
            (built(), by("scanner", gitsign(parents=()))),
            COVERAGE,
        ),
        Row(
            "range: a list in a place that is not worth enough",
            rule(f'coverage = "range"\nbase = "{BASE}"\n', builder=FILLED),
            (filled("internalParameters", listed=(claim(), claim(EARLIER)), since=True),),
            COVERAGE,
        ),
        Row(
            "range: the same list, where it is",
            rule(f'coverage = "range"\nbase = "{BASE}"\n'),
            (filled("internalParameters", listed=(claim(), claim(EARLIER)), since=True),),
        ),
        Row(
            "range: unclaimed allowed, and still told",
            ranged(f'{TENANT}unclaimed = "allow"\n'),
            (beside, by("scanner", gitsign(parents=(EARLIER,)))),
            COVERAGE,
        ),
        # Disagreement.
        Row(
            "two formats that agree",
            rule(),
            (built(), by("scanner", pedigree()), by("scanner", agentattest()), by("scanner", agent_commit())),
        ),
        Row("two formats, another agent", rule(allow=TWO), (built(), by("scanner", agent_commit(**THEIRS))), CONFLICT),
        Row("two formats, another model", rule(), (built(), by("scanner", pedigree(model="x"))), (*CONFLICT, *MODELS)),
        Row(
            "two formats, another provider",
            rule(),
            (by("scanner", agent_commit()), beside, by("scanner", pedigree(provider="azure"))),
            CONFLICT,
        ),
        Row(
            "a person who is called like the agent, and its run",
            rule(HUMANS),
            (built(human(author=AGENT)), by("scanner", agentattest())),
            CONFLICT,
        ),
        Row(
            "two formats, one without a model",
            rule(allow='"any"'),
            (built(), by("scanner", pedigree(model=None))),
        ),
        Row(
            "two formats, one without an agent",
            rule(allow='"any"'),
            (built(), by("scanner", agent_commit(name=None))),
        ),
        Row(
            "one author, and a run of that one and another",
            rule(),
            (built(), by("scanner", agent_commit(subagents=[{"agent": agent("copilot-agent-v3")}]))),
        ),
        Row(
            "a model whose name begins like no provider at all",
            rule(allow='"any"'),
            (built(claim(model="None/x")), by("scanner", pedigree(model="x", provider=None))),
            CONFLICT,
        ),
        Row("a person, and a run of an agent", rule(HUMANS), (built(human()), by("scanner", agentattest())), CONFLICT),
        Row(
            "an agent alone, and a person with it",
            rule(MIXED),
            (built(), by("scanner", pedigree("ai-assisted"))),
            CONFLICT,
        ),
        Row(
            "one model, with its provider before it and beside it",
            rule(allow='"any"'),
            (
                built(claim(model="openai/x", model_provider="openai")),
                by("scanner", pedigree(model="x", provider="openai")),
            ),
        ),
        Row(
            "the head is another repository's commit too",
            rule(),
            (
                built(
                    dependencies=[
                        dependency(),
                        {"uri": "git+https://a.example/x", "digest": {"gitCommit": HEAD}},
                    ],
                ),
                by("scanner", pedigree()),
            ),
        ),
        Row(
            "a dependency's commit by another agent",
            rule(),
            (
                built(
                    dependencies=[
                        dependency(claim()),
                        {"uri": "git+https://github.com/acme/lib", "digest": {"gitCommit": OTHER}},
                    ]
                ),
                by("scanner", agent_commit(about=OTHER, repository="https://github.com/acme/lib", name="evil")),
            ),
            ALLOW,
        ),
        Row("an agent, and help that it had", rule(MIXED), (built(), by("scanner", coverage(HELPED)))),
        Row(
            "an agent's run, and help that it had",
            rule(MIXED),
            (beside, by("scanner", agentattest(about="image")), by("scanner", pedigree("ai-assisted"))),
        ),
        Row(
            "two runs with other subagents",
            rule(),
            (
                beside,
                by("scanner", agent_commit(subagents=[{"agent": agent()}])),
                by("scanner", agent_commit(subagents=[{"agent": agent("copilot-agent-v3")}])),
            ),
            CONFLICT,
        ),
        # Hints deny.
        Row(
            "F13 with a person's trailers",
            rule(HUMANS),
            (built(human()), by("scanner", gitsign("Mend it\n\nSigned-off-by: Ada <ada@acme.com>"))),
        ),
        Row(
            "F15 against a person's claim",
            rule(HUMANS, allow='"any"'),
            (built(human()), by("scanner", gitsign("Mend\n\nAssisted-by: Claude:claude-opus-4-6 git"))),
            SIGNALS,
        ),
        Row(
            "F15 of an agent that is not allowed",
            rule(),
            (built(), by("scanner", gitsign("Mend\n\nassisted-by: Claude:x"))),
            SIGNALS,
        ),
        Row(
            "F15 of the allowed agent",
            rule(),
            (built(), by("scanner", gitsign(f"Mend\n\nAssisted-by: {AGENT}:{MODEL}"))),
        ),
        Row(
            "F15 of as many trailers as are read",
            rule(),
            (built(), by("scanner", gitsign("Mend\n\n" + "Signed-off-by: A <a@x>\n" * 1000))),
        ),
        Row(
            "F15 behind more trailers than are read",
            rule(),
            (built(), by("scanner", gitsign("Mend\n\n" + "Signed-off-by: A <a@x>\n" * 1001))),
            CLAIMS,
        ),
        Row(
            "F15 in as long a message as is read",
            rule(),
            (built(), by("scanner", gitsign("x" * (256 << 10)))),
        ),
        Row(
            "F15 in a longer message than is read",
            rule(),
            (built(), by("scanner", gitsign("x" * (1 + (256 << 10))))),
            CLAIMS,
        ),
        Row("F15 by a stranger", rule(), (built(), by("stranger", gitsign("Mend\n\nAssisted-by: Claude:x")))),
        *(
            Row(
                f"F16 as the author of a person's commit, {how}",
                rule(HUMANS, allow='"any"'),
                (built(human()), by("scanner", gitsign(name="Ada", email=email))),
                SIGNALS,
            )
            for how, email in (
                ("by its account", "198982749+Copilot@users.noreply.github.com"),
                ("with spaces", " 198982749+Copilot@users.noreply.github.com "),
                ("by its vendor's address", "\uff4eoreply@anthropic.com"),
            )
        ),
        Row("F17 of the allowed agent", rule(), (built(), by("scanner", trace(MODEL)))),
        Row("F17 of another model in a range", rule(), (built(), by("scanner", trace(MODEL, "anthropic/x"))), SIGNALS),
        Row(
            "F17 of a commit that is not in the image",
            rule(),
            (built(), by("scanner", trace("evil", revision=OTHER, about=OTHER))),
        ),
        *(
            Row(f"{name} about the image beside the head", rule(), (built(), by("scanner", about_both(said))), CLAIMS)
            for name, said in (
                ("F11", pushed("ada")),
                ("F13", gitsign("Mend\n\nGenerated-by: evil")),
                ("F18", git_ai(tool="evil")),
            )
        ),
        Row(
            "F17 of another revision than its subject",
            rule(),
            (built(), by("scanner", trace("evil", revision=OTHER))),
            SIGNALS,
        ),
        Row(
            "F17 of another subject than its revision",
            rule(),
            (built(), by("scanner", trace("evil", about=OTHER))),
            SIGNALS,
        ),
        *(
            Row(
                f"{name} whose subject is two commits, one of them the head",
                rule(),
                (built(), by("scanner", replace(said, subjects=({"digest": {"gitCommit": HEAD, "sha1": OTHER}},)))),
                CLAIMS,
            )
            for name, said in (
                ("F13", gitsign()),
                ("F17", trace("evil", revision="abc")),
                ("F18", git_ai(tool="evil")),
            )
        ),
        Row(
            "F6 of another head than its subject",
            rule(),
            (built(), by("scanner", moved(agentattest(model="evil", head=OTHER)))),
            CLAIMS,
        ),
        Row(
            "F17 whose revision is no commit",
            rule(),
            (built(), by("scanner", trace("evil", vcs="jj", revision=OTHER))),
            SIGNALS,
        ),
        Row(
            "F17 of a model by a contributor of no kind",
            rule(),
            (built(), by("scanner", trace("x", kind="AI"))),
            SIGNALS,
        ),
        Row(
            "F17 of a model by nobody knows whom", rule(), (built(), by("scanner", trace("x", kind="unknown"))), SIGNALS
        ),
        Row("F17 of a person", rule(), (built(), by("scanner", trace("x", kind="human")))),
        Row(
            "F17 of a contributor whose kind is no text",
            rule(),
            (built(), by("scanner", trace(MODEL, kind=["ai"]))),
            CLAIMS,
        ),
        Row("F17 never claims", rule(), (beside, by("scanner", trace(MODEL))), COVERAGE),
        Row("F18 of another agent", rule(), (built(), by("scanner", git_ai(tool="evil"))), SIGNALS),
        Row("F18 never claims", rule(), (beside, by("scanner", git_ai())), COVERAGE),
        # Denied.
        Row(
            "deny by the rule, in any case",
            rule(f'{TENANT}deny = ["bots"]\n', allow='"any"'),
            (built(claim(author="DEPENDABOT[bot]", model=None)),),
            DENY,
        ),
        Row(
            "deny of a model, by the policy",
            rule(more=f'[[deny]]\nmodels = ["{MODEL.upper()}"]\nreason = "leaks"\n'),
            (built(),),
            DENY,
        ),
        Row(
            "deny of a model by provider",
            rule(more='[[deny]]\nmodels = [{ glob = "openai/*" }]\nreason = "leaks"\n'),
            (beside, by("scanner", pedigree())),
            DENY,
        ),
        Row(
            "deny of an agent is not of a person who is called so",
            rule(HUMANS, more='[[deny]]\nagents = ["claude"]\nreason = "no"\n'),
            (built(human(author="Claude")),),
        ),
        Row(
            "deny of a pattern is not of a person who is called like its text",
            rule(HUMANS, more='[[deny]]\nagents = [{ glob = "zed-*" }]\nreason = "no"\n'),
            (built(human(author="zed-*")),),
        ),
        Row(
            "deny of an agent in a hint",
            rule(allow='"any"', more='[[deny]]\nagents = ["claude"]\nreason = "no"\n'),
            (built(), by("scanner", gitsign("Mend\n\nGenerated-by: Claude"))),
            DENY,
        ),
        Row(
            "deny of an agent in a hint, where no commit needs a claim",
            rule(f'{TENANT}unclaimed = "allow"\n', allow='"any"', more='[[deny]]\nagents = ["zed"]\nreason = "no"\n'),
            (beside, by("scanner", trace("x", tool="zed"))),
            DENY,
        ),
        Row(
            "deny from after the build",
            rule(more=f'[[deny]]\nmodels = ["{MODEL}"]\nreason = "x"\nfrom = 2025-03-02T00:00:00Z\n'),
            (built(),),
        ),
        Row(
            "deny until before the build",
            rule(more=f'[[deny]]\nmodels = ["{MODEL}"]\nreason = "x"\nuntil = 2025-03-01T00:00:00Z\n'),
            (built(),),
        ),
        Row(
            "deny from after the hint, beside a younger statement",
            rule(allow='"any"', more='[[deny]]\nagents = ["zed"]\nreason = "x"\nfrom = 2025-03-09T00:00:00Z\n'),
            (built(), by("scanner", trace(MODEL, tool="zed")), by("scanner", pedigree(), RECENT)),
        ),
        Row(
            "deny of what was claimed before and built after",
            rule(more=f'[[deny]]\nmodels = ["{MODEL}"]\nreason = "x"\nfrom = 2025-03-09T00:00:00Z\n'),
            (by("release", silent(), RECENT), by("scanner", pedigree())),
            DENY,
        ),
        # Reviewers.
        Row("no reviewer", reviewed(), (built(),), REVIEWERS),
        Row(
            "F14: one approved the tree",
            reviewed(),
            (built(), by("scanner", gitsign()), by("scanner", gittuf("alice"))),
        ),
        Row("F14: whose tree it is, nobody says", reviewed(), (built(), by("scanner", gittuf("alice"))), REVIEWERS),
        Row(
            "F14: of another tree",
            reviewed(),
            (built(), by("scanner", gitsign()), by("scanner", gittuf("alice", tree="6" * 40))),
            REVIEWERS,
        ),
        Row(
            "F14: taken back",
            reviewed(),
            (built(), by("scanner", gitsign()), by("scanner", gittuf("alice", dismissed=["alice"]))),
            REVIEWERS,
        ),
        *(
            Row(
                f"F14: taken back, {how}",
                reviewed(),
                (built(), by("scanner", gitsign()), by("scanner", gittuf("alice", dismissed=[who]))),
                failed,
            )
            for how, who, failed in (
                ("in capitals", "ALICE", REVIEWERS),
                ("with a space", " alice", REVIEWERS),
                ("by nobody who can be read", None, (*CLAIMS, *REVIEWERS)),
                ("by a key of nobody", {"keyid": ""}, (*CLAIMS, *REVIEWERS)),
            )
        ),
        *(
            Row(
                f"F14: beside {what}",
                reviewed(),
                (built(), by("scanner", gitsign()), by("scanner", gittuf("alice", *more, dismissed=dismissed))),
                failed,
            )
            for what, more, dismissed, failed in (
                ("as many approvers as are read", ["x"] * 999, [], ()),
                ("more approvers than are read", ["x"] * 1000, [], (*CLAIMS, *REVIEWERS)),
                ("more who took theirs back than are read", [], ["x"] * 1001, (*CLAIMS, *REVIEWERS)),
            )
        ),
        Row(
            "F14: the signer's own",
            reviewed('signers = ["scanner", "people"]'),
            (built(), by("scanner", gitsign()), by("people", authorization())),
        ),
        Row(
            "F14: of the commit of a tag",
            reviewed('signers = ["people"]'),
            (built(), by("people", authorization(HEAD, algorithm="gitCommit"))),
        ),
        Row(
            "F7: one approved the tree",
            reviewed(keys=MIXED),
            (built(), by("scanner", coverage(HELPED, approvals=[approval("alice")]))),
        ),
        Row(
            "F7: an approval of nothing",
            reviewed(keys=MIXED),
            (built(), by("scanner", coverage(HELPED, approvals=[{"approver": "alice"}]))),
            REVIEWERS,
        ),
        Row(
            "F7: the operator's own approval",
            reviewed(keys=MIXED),
            (built(), by("scanner", coverage(HELPED, operator="Alice", approvals=[approval("alice")]))),
            REVIEWERS,
        ),
        Row("F5: an approver", reviewed(), (built(), by("scanner", pedigree(approver="alice")))),
        Row(
            "F6: an approver",
            reviewed(people='["github:user:alice"]'),
            (built(), by("scanner", agentattest(approvers=["github:user:alice"]))),
        ),
        *(
            Row(
                f"F6: an approval that is {state}",
                reviewed(people='["github:user:alice"]'),
                (built(), by("scanner", agentattest(state=state, approvers=["github:user:alice"]))),
                REVIEWERS,
            )
            for state in ("requested", "rejected", "approved-after-generation", None)
        ),
        Row(
            "F5: an approver who did not approve",
            reviewed(),
            (built(), by("scanner", pedigree(approver="alice", approved=False))),
            REVIEWERS,
        ),
        Row(
            "F5: an approval that is no yes or no",
            reviewed(),
            (built(), by("scanner", pedigree(approver="alice", approved="true"))),
            (*CLAIMS, *REVIEWERS),
        ),
        Row(
            "F6: an approval in a fork",
            reviewed(people='["github:user:alice"]'),
            (built(), by("scanner", agentattest(repository=f"{REPOSITORY}2", approvers=["github:user:alice"]))),
            REVIEWERS,
        ),
        Row(
            "the author of a commit that is not judged may review",
            reviewed(),
            (built(), by("scanner", gitsign(name="alice", about=OTHER)), by("scanner", pedigree(approver="alice"))),
        ),
        Row(
            "an approval that a stranger tells of",
            reviewed(),
            (built(), by("stranger", pedigree(approver="alice"))),
            REVIEWERS,
        ),
        Row(
            "F13: the author's own approval",
            reviewed(people='[["alice", "alice@acme.com"]]'),
            (built(), by("scanner", gitsign(email="alice@acme.com")), by("scanner", gittuf("alice"))),
            REVIEWERS,
        ),
        Row(
            "F11: the approval of who pushed",
            reviewed(),
            (built(), by("scanner", pushed("alice")), by("scanner", pedigree(approver="alice"))),
            REVIEWERS,
        ),
        *(
            Row(
                f"F11: the approval of who pushed, {how}",
                reviewed(people='["alice", "zoë"]'),
                (built(), by("scanner", pushed(pusher)), by("scanner", pedigree(approver=approver))),
                REVIEWERS,
            )
            for how, pusher, approver in (
                ("with spaces", " Alice  ", "alice"),
                ("in other code points", "zoe\u0308", "zo\u00eb"),
                ("in wide letters", "\uff41lice", "alice"),
            )
        ),
        Row(
            "F11: who merged may have approved",
            reviewed(),
            (built(), by("scanner", pushed("alice", activity="pr_merge")), by("scanner", pedigree(approver="alice"))),
        ),
        Row(
            "an agent's approval",
            reviewed(people='[{ glob = "*" }]'),
            (built(), by("scanner", pedigree(approver=AGENT.upper()))),
            REVIEWERS,
        ),
        Row(
            "a bot's approval",
            reviewed(people='[{ glob = "*" }]'),
            (built(), by("scanner", pedigree(approver="helper[bot]"))),
            REVIEWERS,
        ),
        Row(
            "two of whom one is named twice",
            reviewed("threshold = 2", people='[["alice", "github:user:alice"], "bo"]'),
            (
                built(),
                by("scanner", pedigree(approver="alice")),
                by("scanner", agentattest(approvers=["github:user:alice"])),
            ),
            REVIEWERS,
        ),
        Row(
            "two of two",
            reviewed("threshold = 2", people='["alice", "github:user:bo"]'),
            (
                built(),
                by("scanner", pedigree(approver="alice")),
                by("scanner", agentattest(approvers=["github:user:bo"])),
            ),
        ),
        Row(
            "F14: of a tree that is another commit's",
            reviewed(),
            (built(claim(), claim(EARLIER)), by("scanner", gitsign(about=EARLIER)), by("scanner", gittuf("alice"))),
            REVIEWERS,
        ),
        Row(
            "one person in two cases of letters",
            reviewed("threshold = 2", people='[{ glob = "*" }]'),
            (built(), by("scanner", pedigree(approver="Zoe")), by("scanner", agentattest(approvers=["zoe"]))),
            REVIEWERS,
        ),
        Row(
            "whom a hint names as an agent",
            reviewed(people='[{ glob = "*" }]'),
            (built(), by("scanner", gitsign("Mend\n\nAssisted-by: zed:x")), by("scanner", pedigree(approver="Zed"))),
            (*REVIEWERS, *SIGNALS),
        ),
        Row(
            "an agent's approval under another spelling",
            reviewed(people='[{ glob = "**" }]').replace(
                "models = [", f'aliases = {{ "Copilot" = "{AGENT}" }}\nmodels = [', 1
            ),
            (built(), by("scanner", pedigree(approver="copilot"))),
            REVIEWERS,
        ),
        Row(
            "F12: two parties, by a named pair",
            reviewed(TWO_PARTY),
            (built(), by("people", summary("SLSA_SOURCE_TWO_PARTY_REVIEWED"))),
        ),
        Row("F12: level 4", reviewed(TWO_PARTY), (built(), by("people", summary("SLSA_SOURCE_LEVEL_4")))),
        Row("F12: level 3", reviewed(TWO_PARTY), (built(), by("people", summary("SLSA_SOURCE_LEVEL_3"))), REVIEWERS),
        Row(
            "F12: failed",
            reviewed(TWO_PARTY),
            (built(), by("people", summary("SLSA_SOURCE_LEVEL_4", result="FAILED"))),
            REVIEWERS,
        ),
        Row(
            "F12: another verifier",
            reviewed(TWO_PARTY),
            (built(), by("people", summary("SLSA_SOURCE_LEVEL_4", verifier="https://x"))),
            REVIEWERS,
        ),
        Row(
            "F12: another signer",
            reviewed(TWO_PARTY),
            (built(), by("scanner", summary("SLSA_SOURCE_LEVEL_4"))),
            REVIEWERS,
        ),
        Row(
            "F12: another repository",
            reviewed(TWO_PARTY),
            (built(), by("people", summary("SLSA_SOURCE_LEVEL_4", repository=f"{REPOSITORY}2"))),
            REVIEWERS,
        ),
        Row(
            "F12: of another commit",
            reviewed(TWO_PARTY),
            (built(claim(), claim(EARLIER)), by("people", summary("SLSA_SOURCE_LEVEL_4", about=EARLIER))),
            REVIEWERS,
        ),
        Row(
            "F12: two parties are one reviewer",
            reviewed(f"threshold = 2\n{TWO_PARTY}"),
            (built(), by("people", summary("SLSA_SOURCE_LEVEL_4"))),
            REVIEWERS,
        ),
        Row(
            "F12: two parties, beside two people who approved it",
            reviewed(f"threshold = 2\n{TWO_PARTY}", people='["alice", "github:user:bo"]'),
            (
                built(),
                by("scanner", pedigree(approver="alice")),
                by("scanner", agentattest(approvers=["github:user:bo"])),
                by("people", summary("SLSA_SOURCE_LEVEL_4")),
            ),
        ),
        # Age, operators, tools.
        Row("young enough", rule(f'{TENANT}max-age = "20d"\n'), (built(),)),
        Row("too old", rule(f'{TENANT}max-age = "9d"\n'), (built(),), ("agents.age",)),
        Row(
            "too old, and a young one beside it",
            rule(f'{TENANT}max-age = "9d"\n'),
            (built(), by("scanner", pedigree(), RECENT)),
        ),
        Row(
            "too old, and a young one that is not worth enough",
            rule('signers = ["scanner"]\nmax-age = "9d"\n'),
            (built(), by("scanner", pedigree(), RECENT)),
            ("agents.age",),
        ),
        Row(
            "too old, and still judged",
            rule(f'{TENANT}max-age = "9d"\n'),
            (built(claim(author="evil")), by("scanner", pedigree(), RECENT)),
            (*CONFLICT, *ALLOW),
        ),
        Row(
            "an operator",
            rule(f'{TENANT}operators = [{{ glob = "*@acme.com" }}]\n'),
            (built(claim(operator="bo@acme.com")),),
        ),
        Row(
            "another operator",
            rule(f'{TENANT}operators = ["bo@acme.com"]\n'),
            (built(claim(operator="eve@acme.com")),),
            ("agents.operators",),
        ),
        Row("no operator", rule(f'{TENANT}operators = ["bo@acme.com"]\n'), (built(),), ("agents.operators",)),
        Row(
            "no operator, where any will do",
            rule(f'{TENANT}operators = [{{ glob = "*" }}]\n'),
            (built(),),
            ("agents.operators",),
        ),
        Row("a person needs no operator", rule(f'{HUMANS}operators = ["bo@acme.com"]\n'), (built(human()),)),
        Row(
            "allowed tools",
            rule(f'{TENANT}tools = ["git"]\n'),
            (beside, by("scanner", agent_commit(tools=[{"name": "git"}]))),
        ),
        Row(
            "another tool",
            rule(f'{TENANT}tools = ["git"]\n'),
            (beside, by("scanner", agent_commit(tools=[{"name": "git"}, {"name": "curl"}]))),
            ("agents.tools",),
        ),
        Row(
            "another tool of a subagent",
            rule(f'{TENANT}tools = ["git"]\n'),
            (beside, by("scanner", agent_commit(subagents=[{"agent": {**agent(), "tools": [{"name": "sh"}]}}]))),
            ("agents.tools",),
        ),
        *(
            Row(f"{name} with a nameless tool{asked}", rule(TENANT + keys), (beside, by("scanner", said)), found)
            for name, said in (
                ("F3", agent_commit(tools=[{"name": "git"}, {"version": "1"}])),
                ("F6", agentattest(tools=[{"name": "git"}, {"name": ""}])),
            )
            for asked, keys, found in (
                ("", 'tools = ["git", { glob = "*" }]\n', ("agents.tools",)),
                (" of which nobody asks", "", ()),
            )
        ),
        Row("a format that names no tools", rule(f'{TENANT}tools = ["git"]\n'), (built(),)),
        # What cannot be read.
        Row(
            "F3 with a subagent that is none",
            rule(),
            (built(), by("scanner", agent_commit(subagents=["x"]))),
            (*CLAIMS, *ALLOW),
        ),
        Row("F5 with an approval of another type", rule(), (beside, by("scanner", pedigree(approver=7))), CLAIMS),
        Row(
            "F13 with parents that are no commits", rule(), (built(), by("scanner", gitsign(parents=("main",)))), CLAIMS
        ),
        Row(
            "F13 with such parents, where no commit needs a claim",
            rule(f'{TENANT}unclaimed = "allow"\n'),
            (beside, by("scanner", gitsign(parents=("main",)))),
            CLAIMS,
        ),
        Row(
            "F18 of another version",
            rule(),
            (built(), by("scanner", Said("authorship/3.0.0", {"schema_version": "authorship/4"}, (commit(),)))),
            CLAIMS,
        ),
    )


TWO_PARTY = 'two-party = [{ verifier = "https://github.com/slsa-framework/source-actions", signer = "people" }]'
ROWS = _rows()
