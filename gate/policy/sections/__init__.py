"""The sections of a rule: what a table of the policy demands, each in a file of its own.

What comes in: a table of the right shape, its key path, and `Definitions`: what the rest of the policy defines, with
the `Reader` that collects what is wrong. What goes out: a section of `model`. `rules` puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.parties import Agent, Builder, Signer
    from gate.policy.reading import Reader


class Definitions(Struct, frozen=True):
    """The names that rules and denies may use, and where to say what is wrong."""

    reader: Reader
    signers: Mapping[str, Signer]
    builders: Mapping[str, Builder]
    agents: Mapping[str, Agent]
