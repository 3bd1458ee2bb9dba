"""An image's digest -> the candidates attached to it, and the ledger of where we looked.

What comes in: a `Source`. What goes out: `Discovery`: untrusted candidates, counted and bounded, from the union of
every place that is known, and one `LedgerEntry` a place with what was asked, found and missed. It verifies nothing,
trusts no listing (what a manifest refers to is read from the manifest itself), and never turns a place that could not
be read into an empty one.

`search` looks, by the names in `tags`, takes `layers` for candidates and writes the `ledger`; `file` has no more than
what was named; `found` is what they find. `entries` chooses among an index's entries what a rule wants judged, and
`labels` reads what an image says.
"""

from __future__ import annotations

from gate.discovery.file import discover_file
from gate.discovery.found import Candidate, Discovery, Kind, LedgerEntry
from gate.discovery.search import Elsewhere, discover
from gate.discovery.tags import cosign_tag, referrers_tag

__all__ = [
    "Candidate",
    "Discovery",
    "Elsewhere",
    "Kind",
    "LedgerEntry",
    "cosign_tag",
    "discover",
    "discover_file",
    "referrers_tag",
]
