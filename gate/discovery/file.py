"""A file and the bundles that were named with it -> `Discovery`.

What comes in: two paths. What goes out: the file's digests in place of an image, and each bundle as a candidate. It
looks nowhere else, and opens no bundle.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gate.discovery.found import Candidate, Discovery, Kind, LedgerEntry
from gate.reference import Digest
from gate.sources.file import read_bundles, read_file

if TYPE_CHECKING:
    from gate.limits import Limits


def discover_file(path: str, bundle: str, *, limits: Limits) -> Discovery:
    """A file, and the bundles that were named with it. Nothing else is looked for."""
    artifact = read_file(path)
    bundles = read_bundles(bundle, limits)
    candidates = [
        Candidate(
            digest=Digest("sha256", hashlib.sha256(raw).hexdigest()),
            layer=0,
            kind=Kind.BUNDLE,
            media_type="",
            place="bundle",
            raw=raw,
        )
        for raw in bundles
    ]
    entry = LedgerEntry(
        place="bundle",
        asked=bundle,
        status=None,
        found=len(bundles),
        bytes=sum(map(len, bundles)),
        complete=True,
        subject=artifact.digest,
    )
    return Discovery(
        image=artifact, candidates=tuple(sorted(candidates, key=lambda item: item.digest)), ledger=(entry,)
    )
