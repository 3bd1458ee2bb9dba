"""The policy as the checks read it: frozen, complete, with every name resolved to something that exists.

What goes out: values and nothing else. `loading` makes them; it is the only place that knows TOML. What each key
means: `docs/policy.md`, and `policy.toml.example`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from gate.claims.agents import Format
    from gate.errors import Finding
    from gate.limits import Limits
    from gate.platforms import Platform
    from gate.policy.demands import (
        AgentsSection,
        AttestationSection,
        ProvenanceSection,
        SignatureSection,
        SourceSection,
    )
    from gate.policy.matching import Pattern
    from gate.policy.parties import Agent, Builder, Signer
    from gate.sources.settings import RegistrySettings


class Scope(StrEnum):
    """What a rule judges where the image is an index, unless it lists platforms."""

    INDEX = "index"
    """The digest that was asked for."""
    EACH = "each"
    """Every manifest of it that can run."""


class Rule(Struct, frozen=True, kw_only=True):
    """What images whose name matches must satisfy: every section that is there, for each digest of `platforms`.

    `message` and `docs` are for whoever reads its fail. `files` are the numbers of its own file, which comes first, and
    of those that this extends; `waivable` says that files which extend its own may waive its checks.
    """

    name: str
    images: tuple[Pattern, ...]
    platforms: Scope | tuple[Platform, ...]
    signature: SignatureSection | None
    provenance: ProvenanceSection | None
    source: SourceSection | None
    agents: AgentsSection | None
    attestations: tuple[AttestationSection, ...]
    message: str | None = None
    docs: str | None = None
    files: tuple[int, ...] = (0,)
    waivable: bool = False


class WaivedImage(Struct, frozen=True, kw_only=True):
    """Images by name, and the one digest among them that is meant; None for every one."""

    name: Pattern
    digest: str | None


class Waiver(Struct, frozen=True, kw_only=True):
    """`[[waivers]]`: one failed check of one rule is let pass for these images until `expires` (rule 21).

    `place` is where it stands, for messages. `expires` is None only while a broken policy is read.
    """

    place: Finding
    rule: str
    check: str
    images: tuple[WaivedImage, ...]
    reason: str
    owner: str
    expires: datetime | None


class DeniedIdentity(Struct, frozen=True, kw_only=True):
    """Who a `[[deny]]` means: a signer of the policy (`name`), or every certificate that matches all that is there."""

    name: str | None = None
    issuer: Pattern | None = None
    identity: Pattern | None = None
    extensions: tuple[tuple[str, Pattern], ...] = ()


class Deny(Struct, frozen=True, kw_only=True):
    """`[[deny]]`: exactly one of the five is not empty.

    A builder is denied by its `builder.id`, an agent by its id, a model by its name: `agents` and `models` are compared
    with `denies` (rule 9). `since` and `until` limit it to what was signed in [since, until); evidence
    whose time is not known to lie outside is denied (`checks.denies.holds`). `file` is the number of the file that it
    stands in: what it rejects, it rejects for rules that see that file. `known` are the signers that this file sees: no
    other entry says for it when a key signed.
    """

    signers: tuple[DeniedIdentity, ...] = ()
    builders: tuple[Pattern, ...] = ()
    digests: frozenset[str] = frozenset()
    agents: tuple[Pattern, ...] = ()
    models: tuple[Pattern, ...] = ()
    reason: str
    docs: str | None
    since: datetime | None
    until: datetime | None
    file: int = 0
    known: frozenset[str] = frozenset()


class RootEntry(Struct, frozen=True, kw_only=True):
    """A trust root as the policy names it: `name` is built in, or a path that is relative to `folder` and
    `shown` as seen from the policy's folder; these are empty for a built-in one. See `trust.TrustRoot` for the rest.
    """

    name: str
    log_none: bool
    ct_none: bool
    folder: str = ""
    shown: str = ""


class PolicyFile(Struct, frozen=True, kw_only=True):
    """One file that the policy is made of: `path` as seen from the policy's folder, what it is, and its digest."""

    path: str
    kind: str
    sha256: str


class OwnFormat(Struct, frozen=True, kw_only=True):
    """One of `[[agent-formats]]`, of the file with this number: rules that do not see that file do not know it."""

    format: Format
    file: int


class Policy(Struct, frozen=True, kw_only=True):
    """One policy. `roots` are its trust roots in the file's order; `sha256` is that of the main file's bytes, `files`
    are all that were read for it, that one first; trust roots are read by `trust`. `at_allowed`: another moment may
    count as now.

    `limits` are the default ones with what `[limits]` says; `registries` what is said of a registry, by host.
    `own_formats` are the predicates of its own that hold claims about commits.
    `refresh`: built-in roots are refreshed by TUF first. `root_max_age`: no root may be older.
    """

    path: str
    sha256: str
    limits: Limits
    registries: Mapping[str, RegistrySettings]
    roots: tuple[RootEntry, ...]
    refresh: bool
    root_max_age: timedelta | None
    signers: Mapping[str, Signer]
    builders: Mapping[str, Builder]
    agents: Mapping[str, Agent]
    own_formats: tuple[OwnFormat, ...]
    rules: tuple[Rule, ...]
    denies: tuple[Deny, ...]
    waivers: tuple[Waiver, ...]
    expires: datetime | None
    at_allowed: bool
    files: tuple[PolicyFile, ...]
    warnings: tuple[Finding, ...]

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of claims that it adds."""
        return tuple(item.format for item in self.own_formats)
