"""What whoever runs the command says of commits that no agent marked.

What goes out: types and nothing else, so that a command line can be read before anything heavy is imported.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Unmarked(StrEnum):
    """What is claimed of commits that no agent marked."""

    UNKNOWN = "unknown"
    HUMAN = "human"


class Job(Struct, frozen=True, kw_only=True):
    """What the job says of commits without a mark: which agent wrote them, or that people did. `model` fills in where
    an agent left none.
    """

    agent: str | None = None
    model: str | None = None
    unmarked: Unmarked = Unmarked.UNKNOWN
