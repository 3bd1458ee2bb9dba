"""`[rules.signature]` -> `SignatureSection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.policy.demands import SignatureSection
from gate.policy.matching import How
from gate.policy.parties import CertificateHolder, KeyHolder, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions


def read_signature(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> SignatureSection:
    """Who signed the image, and how many of them (rule 8)."""
    signers = to.reader.names(table["signers"], "signers", (*at, "signers"))
    threshold = table.get("threshold", 1)
    if threshold > len(signers) and all(name in to.signers and _is_one(to.signers[name]) for name in signers):
        to.reader.problem(  # rule 8
            (*at, "threshold"), f"{threshold} different principals are wanted and {len(signers)} named"
        )
    to.reader.check_times(signers, to.signers, at, needed="max-age" in table)
    return SignatureSection(signers=signers, threshold=threshold, max_age=to.reader.age(table, at))


def _is_one(signer: Signer) -> bool:
    """Whether this can only ever be one principal (rule 8): a key, or one identity of one issuer."""
    holder = signer.holder
    return isinstance(holder, KeyHolder) or (
        isinstance(holder, CertificateHolder) and holder.issuer.how is How.EXACT and holder.identity.how is How.EXACT
    )
