"""What a rule can demand, one value for each of its sections.

What goes out: values and nothing else, as in `model`, whose `Rule` holds them. `sections` makes them.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from gate.policy.conditions import Condition
    from gate.policy.matching import Pattern
    from gate.policy.parties import Anything
    from gate.policy.predicates import PredicateSchema


class Trust(IntEnum):
    """Who vouches for an agent claim, weakest first (design rule 15)."""

    TENANT = 1
    PLATFORM = 2
    BUILDER = 3


class Coverage(StrEnum):
    """Which commits must carry a claim (design rule 17)."""

    HEAD = "head"
    LISTED = "listed"
    RANGE = "range"


class Select(StrEnum):
    """Which of a signer's attestations of one type are judged (design rule 20)."""

    ALL = "all"
    LATEST = "latest"


class SignatureSection(Struct, frozen=True, kw_only=True):
    """`[rules.signature]`. `threshold` counts distinct principals, and is at least 1."""

    signers: tuple[str, ...]
    threshold: int
    max_age: timedelta | None


class Verifier(Struct, frozen=True, kw_only=True):
    """Whose verification summaries count (rule 13): this `verifier.id`, signed by this signer, for at most this level.

    `resource` is what `resourceUri` may be; None is the image's own name, or of a commit its repository.
    """

    verifier: Pattern
    signer: str
    level: int
    resource: tuple[Pattern, ...] | None


class ProvenanceSection(Struct, frozen=True, kw_only=True):
    """`[rules.provenance]`. `level` is 0 to 3. `source_is_this_project` narrows `source` to the CI job's own project.

    `parameters` are the external parameters that may be there beside those of the build type; None: they are not
    judged.
    """

    builders: tuple[str, ...]
    signers: tuple[str, ...]
    level: int
    source: tuple[Pattern, ...] | Anything
    source_is_this_project: bool
    refs: tuple[Pattern, ...] | Anything
    parameters: tuple[Pattern, ...] | None
    labels_must_agree: bool
    vsa: tuple[Verifier, ...]
    max_age: timedelta | None


class SourceSection(Struct, frozen=True, kw_only=True):
    """`[rules.source]`. `level` is 1 to 4. `refs` of None is the ref that the provenance says it was built from."""

    level: int
    vsa: tuple[Verifier, ...]
    refs: tuple[Pattern, ...] | Anything | None
    max_age: timedelta | None


class TwoParty(Struct, frozen=True, kw_only=True):
    """A source verifier, and who signs for it, whose word that two parties reviewed a commit is taken."""

    verifier: str
    signer: str


class Reviewers(Struct, frozen=True, kw_only=True):
    """`[rules.agents.reviewers]`: so many distinct people must have approved what the head commit holds.

    Each of `people` is one person by all spellings of the name, or a pattern. `signers` sign what says who approved.
    """

    threshold: int
    people: tuple[tuple[str, ...] | Pattern, ...]
    signers: tuple[str, ...]
    two_party: tuple[TwoParty, ...]


class Base(Struct, frozen=True, kw_only=True):
    """Where a range of commits begins: a commit, or the heads of what an earlier report passed, by repository."""

    commit: str | None = None
    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    report: str = ""


class AgentsSection(Struct, frozen=True, kw_only=True):
    """`[rules.agents]`. The three booleans are what `allow` and `deny` say. `base` is there with a range alone.

    `tools` and `operators` are None where the rule does not ask. `known` are the agents that the rule's file sees,
    whoever defined them last: no other entry says for it who signs about an agent, or which spellings mean one.
    """

    known: frozenset[str]

    allow: tuple[str, ...] | Anything
    deny: tuple[str, ...]
    humans: bool
    unclaimed: bool
    mixed: bool
    signers: tuple[str, ...]
    min_trust: Trust
    coverage: Coverage
    base: Base | None
    max_age: timedelta | None
    operators: tuple[Pattern, ...] | None
    tools: tuple[Pattern, ...] | None
    reviewers: Reviewers | None


class AttestationSection(Struct, frozen=True, kw_only=True):
    """`[[rules.attestations]]`. `name` is what the policy wrote, `type` the predicate type that it means."""

    name: str
    type: str
    signers: tuple[str, ...]
    schema: PredicateSchema | None
    where: tuple[Condition, ...]
    max_age: timedelta | None
    select: Select
