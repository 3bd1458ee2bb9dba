"""`[rules.agents]` -> `AgentsSection`, and what it stands on: `[agents.NAME]` and `[[agent-formats]]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gate.pointer import is_pointer
from gate.policy.demands import AgentsSection, Coverage, Reviewers, Trust, TwoParty
from gate.policy.model import OwnFormat
from gate.policy.parties import ANY, Agent, Anything, Model
from gate.policy.predicates import SHORT_NAMES, SIGN_V1
from gate.policy.sections.base import read_base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.policy.matching import Pattern
    from gate.policy.reading import KeyPath, Reader
    from gate.policy.sections import Definitions

_VERSION: Final = re.compile(r"[0-9]{1,18}(?:[.-][0-9]{1,18})*")


def read_agents(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> AgentsSection:
    """Which agents, and what silence means (rules 14 to 19)."""
    allow = table["allow"]
    if allow != "any" and "any" in allow:
        to.reader.any_in_a_list((*at, "allow"))
        allow = [name for name in allow if name != "any"]
    signers = to.reader.names(table.get("signers", ()), "signers", (*at, "signers"))
    deny = to.reader.names(table.get("deny", ()), "agents", (*at, "deny"))
    to.reader.check_denied(deny, "agents", at)
    for name in deny:
        if allow != "any" and name in allow:
            to.reader.problem((*at, "deny"), f"{name!a} is in allow too")
        if name in to.agents and isinstance(to.agents[name].ids, Anything):
            to.reader.problem((*at, "deny"), f'[agents.{name}] has ids = "any": to deny all agents, allow none')
    coverage = Coverage(table.get("coverage", Coverage.LISTED))
    if (coverage is Coverage.RANGE) != ("base" in table):
        to.reader.problem((*at, "coverage"), 'coverage = "range" and base, where the range begins, go together')
    to.reader.check_times(signers, to.signers, at, needed="max-age" in table)
    return AgentsSection(
        known=frozenset(to.reader.merged.defined("agents", at) or ()),
        allow=ANY if allow == "any" else to.reader.names(allow, "agents", (*at, "allow")),
        deny=deny,
        humans=table.get("humans") == "allow",
        unclaimed=table.get("unclaimed") == "allow",
        mixed=table.get("mixed") == "allow",
        signers=signers,
        min_trust=Trust[table.get("min-trust", "builder").upper()],
        coverage=coverage,
        base=read_base(table["base"], (*at, "base"), to.reader) if "base" in table else None,
        max_age=to.reader.age(table, at),
        operators=_listed(table, "operators", at, to.reader),
        tools=_listed(table, "tools", at, to.reader),
        reviewers=_reviewers(table["reviewers"], (*at, "reviewers"), signers, to) if "reviewers" in table else None,
    )


def _listed(table: Mapping[str, Any], key: str, at: KeyPath, to: Reader) -> tuple[Pattern, ...] | None:
    if key not in table:
        return None
    return tuple(to.pattern(value, (*at, key)) for value in table[key])


def _reviewers(table: Mapping[str, Any], at: KeyPath, signers: tuple[str, ...], to: Definitions) -> Reviewers:
    own = to.reader.names(table.get("signers", ()), "signers", (*at, "signers"))
    two_party = tuple(
        TwoParty(
            verifier=item["verifier"],
            signer=next(iter(to.reader.names([item["signer"]], "signers", (*at, "two-party", number, "signer")))),
        )
        for number, item in enumerate(table.get("two-party", ()))
    )
    people = tuple(
        tuple(item) if isinstance(item, list) else to.reader.pattern(item, (*at, "people")) for item in table["people"]
    )
    if not own and not signers and not two_party:
        to.reader.problem(at, "it needs signers: who says who approved (here, or those of the claims)")
    spellings = [text for item in people if isinstance(item, tuple) for text in item]
    for text in sorted({text for text in spellings if spellings.count(text) > 1}):
        to.reader.problem((*at, "people"), f"{text!a} is two people")
    threshold = table.get("threshold", 1)
    if threshold > len(people) and all(isinstance(item, tuple) for item in people):
        to.reader.problem((*at, "threshold"), f"{threshold} different people are wanted and {len(people)} named")
    return Reviewers(threshold=threshold, people=people, signers=own or signers, two_party=two_party)


def read_agent(name: str, table: Mapping[str, Any], to: Reader) -> Agent:
    """One agent: what claims call it, and the models that it may have used."""
    at: KeyPath = ("agents", name)
    ids = to.patterns(table["ids"], (*at, "ids"))
    for spelling, meant in table.get("aliases", {}).items():
        if not isinstance(ids, Anything) and not any(item.matches(meant) for item in ids):
            to.problem((*at, "aliases"), f"{spelling!a} means {meant!a}, which is none of its ids")
    return Agent(
        name=name,
        ids=ids,
        models=_models(table["models"], (*at, "models"), to),
        signers=frozenset(to.names(table.get("signers", ()), "signers", (*at, "signers"))),
        aliases=table.get("aliases", {}),
        model_aliases=table.get("model-aliases", {}),
    )


def _models(values: str | Sequence[Any], at: KeyPath, to: Reader) -> tuple[Model, ...] | Anything:
    if values == "any":
        return ANY
    if "any" in values:
        to.any_in_a_list(at)
    return tuple(_model(value, at, to) for value in values)


def _model(value: str | Mapping[str, str], at: KeyPath, to: Reader) -> Model:
    """A pattern; or an exact name with a provider, a minimum version, or both."""
    if isinstance(value, str) or "name" not in value:
        pattern = value if isinstance(value, str) else {key: value[key] for key in ("glob", "regex") if key in value}
        if not pattern or (not isinstance(value, str) and len(value) > 1):
            to.problem(at, "a model is a text, a glob, a regex, or a name with its provider, minimum or both")
            return Model(name="")
        return Model(pattern=to.pattern(pattern, at))
    minimum = value.get("minimum")
    if "glob" in value or "regex" in value or ("provider" not in value and minimum is None):
        to.problem(at, "a name goes with provider, minimum or both; a name alone is a plain text")
    if minimum is not None and _VERSION.fullmatch(minimum) is None:
        to.problem(at, f"{minimum!a} is no version that compares: numbers with . or - between them")
        minimum = None
    version = tuple(re.split("[.-]", minimum)) if minimum else ()
    return Model(name=value["name"], provider=value.get("provider"), minimum=version)


def read_format(number: int, table: Mapping[str, Any], to: Reader) -> OwnFormat:
    """One predicate of the policy's own that holds claims; it never means a type anew that gate knows."""
    from gate.claims.agents import BUILT_IN, Pointers, mapped  # noqa: PLC0415  (few policies have any)

    at: KeyPath = ("agent-formats", number)
    predicate_type = table["type"]
    for key, value in table.items():
        if key not in ("type", "description") and not is_pointer(value):
            to.problem((*at, key), f"{value!a} is no JSON pointer: write /agent/name")
    if predicate_type in BUILT_IN or predicate_type in {*SHORT_NAMES, *SHORT_NAMES.values(), SIGN_V1}:
        to.problem((*at, "type"), f"{predicate_type!a} is known to gate, and means what it means")
    own = mapped(
        Pointers(
            name=predicate_type,
            type=predicate_type,
            commits=table.get("commits", ""),
            hash=table.get("hash"),
            repository=table.get("repository"),
            authored_by=table.get("authored-by"),
            agent=table["agent"],
            agent_version=table.get("agent-version"),
            operator=table.get("operator"),
            provider=table.get("provider"),
            model=table.get("model"),
            model_version=table.get("model-version"),
            tools=table.get("tools"),
        )
    )
    return OwnFormat(format=own, file=to.merged.origin(at)[0].number)
