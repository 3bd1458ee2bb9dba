"""`provenance` and `provenance.<aspect>`: the image was built by an accepted builder from an accepted source.

What comes in: the rule's section and its `Selection`. What goes out: one result for each aspect of the statement that
satisfies, or comes nearest; or the one result `provenance` where none has an accepted signer and builder (rule 22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.checks.loosening import UNDENIED, nearest_miss
from gate.checks.signers import denied_of, few, near_misses, signed_by
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from gate.checks.selection import Selection
    from gate.claims import Claims
    from gate.policy.demands import ProvenanceSection
    from gate.policy.model import Policy

CHECK: Final = "provenance"


def check_provenance(
    section: ProvenanceSection, selection: Selection, claims: Claims, policy: Policy
) -> tuple[Result, ...]:
    """Say what the selected statement shows, aspect by aspect."""
    judged = selection.judged
    if not judged:
        return (_absent(section, claims, policy),)
    digests = tuple(sorted(item.provenance.evidence.digest for item in judged))
    return tuple(
        Result(
            check=f"{CHECK}.{aspect.name}",
            outcome=Outcome.PASS if aspect.passed else Outcome.FAIL,
            expected=aspect.expected,
            found=aspect.found,
            evidence=tuple(sorted({*digests, *aspect.evidence})),
            remedy="" if aspect.passed else aspect.remedy,
            gaps=() if aspect.gap is None else (aspect.gap,),
        )
        for aspect in judged[0].aspects
    )


def _absent(section: ProvenanceSection, claims: Claims, policy: Policy) -> Result:
    signers = sorted({*section.signers, *(name for item in section.builders for name in policy.builders[item].signers)})
    wanted = " or ".join((*section.builders, *section.signers))
    if claims.provenance:
        misses = near_misses(claims, signers, policy)
        builders = ", ".join(sorted({ascii(item.builder_id or "no builder.id") for item in claims.provenance}))
        found = f"provenance of builder {builders}" + (f"; {misses}" if misses else "")
        remedy = "build it on a builder that the rule names, and let its signer sign: one entry of [builders] has both"
        made = [item.evidence for item in claims.provenance]
        remedy = _other_builder(section, claims, policy) or nearest_miss(made, signers, policy) or remedy
    else:
        found = "no SLSA provenance (v1, v0.2 or v0.1) whose signature verifies for this image"
        denied = denied_of(claims, signers, policy)
        found += f"; {few(denied)}" if denied else ""
        remedy = (
            UNDENIED
            if denied
            else "attest the build's provenance (cosign attest --type https://slsa.dev/provenance/v1) and push it"
        )
    return Result(
        check=CHECK,
        outcome=Outcome.FAIL,
        expected=f"provenance by {wanted}",
        found=found,
        evidence=tuple(sorted({item.evidence.digest for item in claims.provenance})),
        remedy=remedy,
    )


def _other_builder(section: ProvenanceSection, claims: Claims, policy: Policy) -> str | None:
    """An accepted signer whose provenance names another builder than its entry."""
    for item in claims.provenance:
        for name in section.builders:
            builder = policy.builders[name]
            if item.builder_id and signed_by(item.evidence, builder.signers, policy):
                whose = "its signer's own identity" if builder.id is None else f"{str(builder.id)!a}"
                return (
                    f"image: build it on [builders.{name}], whose id is {whose}; policy: add an entry with id = "
                    f"{item.builder_id!a} and this signer, which lets in whatever that signer says it built, at the "
                    "level that you give it"
                )
    return None
