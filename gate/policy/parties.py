"""Who and what a policy names, for its rules to refer to: signers, builders, agents and their models.

What goes out: values and nothing else, as in `model`, whose sections name them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.policy.matching import Pattern
    from gate.verification import PublicKey


class Anything:
    """What `"any"` in a policy means. Compared by identity: only the spelled word makes it."""

    def __repr__(self) -> str:
        return "any"


ANY: Final = Anything()


class Accept(StrEnum):
    """What counts as a signer's signature (design rule 1)."""

    SIGNATURE = "signature"
    MESSAGE = "message"
    STATEMENT = "statement"


class CertificateHolder(Struct, frozen=True, kw_only=True):
    """An identity that one issuer vouches for."""

    issuer: Pattern
    identity: Pattern
    extensions: tuple[tuple[str, Pattern], ...]


class KeyHolder(Struct, frozen=True, kw_only=True):
    """Whoever holds a key. `time` is the JSON pointer to the predicate's own time, None if it has none (rule 5)."""

    key: PublicKey
    fingerprint: str
    log_required: bool
    time: str | None


class Signer(Struct, frozen=True, kw_only=True):
    """Someone who may sign. `root` is None if there is only one root; `annotations` must all be in the signature.

    `holder` is None only while a broken policy is read; `accept` is None where the policy leaves it to the default.
    """

    name: str
    holder: CertificateHolder | KeyHolder | None
    accept: frozenset[Accept] | None
    root: str | None
    annotations: tuple[tuple[str, str], ...]
    not_before: datetime | None
    not_after: datetime | None


class Builder(Struct, frozen=True, kw_only=True):
    """An entry of SLSA's root of trust: these signers with this `builder.id` are worth at most this Build level.

    `id` is None where `builder.id` must be the identity of whoever signed.
    """

    name: str
    id: Pattern | None
    signers: frozenset[str]
    level: int
    vouches_for: frozenset[str]
    self_hosted_allowed: bool
    id_differs: bool


class Model(Struct, frozen=True, kw_only=True):
    """A model that an agent may have used: a pattern for its name or `provider/name`; or its exact `name`, with the
    `provider` that must be stated, the `minimum` version that it must have, or both.
    """

    pattern: Pattern | None = None
    name: str = ""
    provider: str | None = None
    minimum: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.pattern is not None:
            return str(self.pattern)
        minimum = f" {'.'.join(self.minimum)} or later" if self.minimum else ""
        return f"{self.provider + '/' if self.provider else ''}{self.name}{minimum}"


class Agent(Struct, frozen=True, kw_only=True):
    """An AI agent: the ids that claims give it, and the models that it may have used.

    `aliases` and `model_aliases` say which spellings mean which id and which model.
    """

    name: str
    ids: tuple[Pattern, ...] | Anything
    models: tuple[Model, ...] | Anything
    signers: frozenset[str]
    aliases: Mapping[str, str]
    model_aliases: Mapping[str, str]
