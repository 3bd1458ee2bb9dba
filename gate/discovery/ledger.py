"""The ledger of one search, as it grows: each place that was looked at, and what was found or missed there.

What comes in: one call a place. What goes out: `LedgerEntry`s. It asks nothing and judges nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gate.discovery.found import LedgerEntry
from gate.errors import CouldNotLook

if TYPE_CHECKING:
    from gate.errors import GateError
    from gate.reference import Digest
    from gate.sources import Source


class Place(Struct, frozen=True):
    """A repository, and the name that it has in the ledger: None for the image's own.

    What is missed where `decides` is False keeps no result from being final: another place was to be asked.
    """

    source: Source
    name: str | None
    decides: bool = True


class Ledger:
    """Entries in the order in which they came; `subject` is the digest that is looked for, once it is known."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.subject: Digest | None = None

    def note(
        self,
        where: Place,
        place: str,
        asked: str,
        status: int | None,
        found: int,
        size: int,
        *,
        absent_by: str | None = None,
    ) -> None:
        """A place that was read to its end."""
        self.entries.append(
            LedgerEntry(
                place=place,
                asked=asked,
                status=status,
                found=found,
                bytes=size,
                complete=True,
                subject=self.subject,
                repository=where.name,
                absent_by=absent_by,
            )
        )

    def missed(self, where: Place, place: str, asked: str, error: GateError) -> None:
        """A place that could not be read. Raises `error` if that is no `CouldNotLook`."""
        if not isinstance(error, CouldNotLook):
            raise error  # a bug of ours, or an invalid input: not something that a registry did
        self.entries.append(
            LedgerEntry(
                place=place,
                asked=asked,
                status=error.status,
                found=0,
                bytes=0,
                complete=False,
                error=error.as_value(),
                subject=self.subject,
                repository=where.name,
                decides=where.decides,
            )
        )
