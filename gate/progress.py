"""What a run is waiting for, told while it waits.

What goes out: `Phase`, and `Progress`, which whoever shows them implements. Nobody decides anything by it, and a run
that tells nobody is the same run.
"""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """What one image is at, in this order."""

    RESOLVE = 1
    LISTINGS = 2
    EVIDENCE = 3
    VERIFICATION = 4


class Progress:
    """Whom to tell; this one tells nobody. Called from any thread."""

    def phase(self, phase: Phase) -> None:
        """An image has come to this phase. Of an index each entry says so for itself, and later ones may be earlier."""

    def judged(self, done: int, of: int) -> None:
        """Of several images so many are judged."""


QUIET = Progress()
