"""What a verdict and an inspection under a policy have in common: labels, claims and the rules' results.

What comes in: what was found about one digest, its evidence, and the policy. What goes out: what `checks` says. One
place for both, so that whoever looks is told what whoever judges would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gate.discovery.entries import listed_digests, other_digests
from gate.discovery.labels import read_labels
from gate.policy.images import rules_for
from gate.reference import Transport
from gate.verdict import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gate.checks import RuleResult
    from gate.claims import Claims
    from gate.discovery import Discovery
    from gate.errors import CouldNotLook
    from gate.limits import Limits
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources import Content, Source
    from gate.verification import Artifact, Evidence


def with_labels(found: Discovery, reference: Reference, policy: Policy, source: Source, limits: Limits) -> Discovery:
    """The same with the image's labels, where a rule looks at provenance; they are fetched only if they must agree."""
    sections = [rule.provenance for rule in rules_for(policy, reference) if rule.provenance is not None]
    if not sections:
        return found
    must_agree = any(section.labels_must_agree for section in sections)
    return replace(found, labels=read_labels(found.image, source if must_agree else None, limits))


def artifact_of(image: Content, reference: Reference, policy: Policy | None) -> Artifact:
    """What evidence must be about: the image, or its source for types that are (the policy's own, too)."""
    from gate.claims.agents import source_types  # noqa: PLC0415
    from gate.verification import Artifact  # noqa: PLC0415

    types = source_types(() if policy is None else policy.formats)
    return Artifact.of(image, any_digest=reference.transport is Transport.FILE, source_types=types)


def claims_of(
    evidence: tuple[Evidence, ...],
    found: Discovery,
    policy: Policy | None,
    *,
    limits: Limits,
    environment: Mapping[str, str],
) -> Claims:
    """What the verified statements say. `environment` says which project the CI job is of."""
    from gate.claims import read_claims  # noqa: PLC0415
    from gate.claims.project import find_project  # noqa: PLC0415

    formats = () if policy is None else policy.formats
    return read_claims(evidence, limits=limits, project=find_project(environment), labels=found.labels, formats=formats)


def rules_of(
    reference: Reference,
    found: Discovery,
    claims: Claims,
    policy: Policy,
    *,
    missed: Iterable[CouldNotLook],
    limits: Limits,
    now: datetime,
) -> tuple[RuleResult, ...]:
    """Every rule that matches; what was `missed` keeps a result from being final.

    Raises `LimitExceeded` for a manifest that is too large to read, where the policy denies digests.
    """
    from gate.checks import check_image  # noqa: PLC0415

    gaps = tuple(Gap(reason=str(error), exit_code=error.exit_code, remedy=error.remedy) for error in missed)
    denies = any(deny.digests for deny in policy.denies)
    digests = (found.image.digest, *(listed_digests(found.image, limits) if denies else ()))
    same = other_digests(found.image) if denies else ()
    return check_image(reference, claims, policy, digests=digests, same=same, gaps=gaps, now=now)
