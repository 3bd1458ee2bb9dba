"""Where claims are signed and judged: a forged Sigstore, five signers, and a policy that knows four of them.

What comes in: `Said`s, each with who signs it and when. What goes out: what gate says, over evidence that really was
verified. The same statement by the same signer is signed once for all tests.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509

from gate.checks import check_image
from gate.claims import read_claims
from gate.claims.agents import source_types
from gate.discovery import Candidate, Kind
from gate.limits import Limits
from gate.reference import Digest, parse_reference
from gate.verification import Artifact, verify
from tests.agents.documents import PLATFORM_BUILDER, Said
from tests.evidence import (
    AGENT,
    COPILOT,
    GITHUB,
    GOOGLE,
    HEAD,
    IMAGE,
    MAIN,
    PROVEN,
    REFERENCE,
    REPOSITORY,
    RULE,
    SCANNER,
    SIGNERS,
    STRANGER,
    VOUCHING,
    WORKFLOW,
    Judgement,
    policy,
)
from tests.forge import SIGNED_AT, Leaf, Sigstore, statement, utf8_string
from tests.verification.lab import FORGED_HEX, FORGED_IMAGE, forged_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gate.verification import Evidence

NOW = datetime(2025, 3, 11, 12, 0, 0, tzinfo=UTC)
RECENT = NOW - timedelta(days=1)
LIMITS = Limits()

_LEAVES = {
    "release": Leaf(
        issuer=GITHUB,
        names=(x509.UniformResourceIdentifier(WORKFLOW),),
        extensions={
            11: utf8_string("github-hosted"),
            12: utf8_string(REPOSITORY),
            13: utf8_string(HEAD),
            14: utf8_string(MAIN),
        },
    ),
    "scanner": Leaf(issuer=GITHUB, names=(x509.UniformResourceIdentifier(SCANNER),)),
    "platform": Leaf(issuer=GOOGLE, names=(x509.RFC822Name("agents@platform.test"),)),
    "people": Leaf(issuer=GOOGLE, names=(x509.RFC822Name("grace@acme.com"),)),
    "stranger": Leaf(issuer=GITHUB, names=(x509.UniformResourceIdentifier(STRANGER),)),
}
TENANT = 'min-trust = "tenant"\nsigners = ["scanner"]\n'
"""What a rule says that listens to claims beside the provenance, and takes a tenant's word."""
PLATFORM_ENTRY = f"""
[builders.platform]
id = "{PLATFORM_BUILDER}"
signers = ["scanner"]
level = 1
vouches-for = ["agents"]
"""


@dataclass(frozen=True)
class By:
    """A statement, who signs it, and when."""

    said: Said
    signer: str = "release"
    at: datetime = SIGNED_AT


def by(signer: str, said: Said, at: datetime = SIGNED_AT) -> By:
    """A statement by one of the signers: release, scanner, platform, people, stranger."""
    return By(said, signer, at)


def rule(
    keys: str = TENANT,
    *,
    allow: str = '["copilot"]',
    builder: str = VOUCHING,
    builders: str = '["release"]',
    agents: str = COPILOT,
    more: str = "",
) -> str:
    """A policy with one rule: `keys` stand in `[rules.agents]`, `more` before the rule."""
    proven = PROVEN.replace('builders = ["release"]', f"builders = {builders}")
    return f"{SIGNERS}{builder}{agents}{more}{RULE}{proven}\n[rules.agents]\nallow = {allow}\n{keys}"


def judge(text: str, *signed: By | Said, folder: Path | None = None, now: datetime = NOW) -> Judgement:
    """What gate says of an image that carries these."""
    known = policy(text, folder)
    claims = read_claims(tuple(evidence(text, *signed, folder=folder)), limits=LIMITS, formats=known.formats)
    named = parse_reference(REFERENCE)
    return Judgement(rules=check_image(named, claims, known, digests=(IMAGE,), gaps=(), now=now))


def failed(text: str, *signed: By | Said, folder: Path | None = None) -> tuple[str, ...]:
    """The checks that fail; empty only if the image passes."""
    judgement = judge(text, *signed, folder=folder)
    assert (judgement.exit_code == 0) == (not judgement.failed and not judgement.undecided)
    return judgement.failed


def evidence(text: str, *signed: By | Said, folder: Path | None = None) -> list[Evidence]:
    """What verification makes of each, one after the other."""
    types = tuple(sorted(source_types(policy(text, folder).formats).items()))
    found: list[Evidence] = []
    for item in signed:
        whole = item if isinstance(item, By) else By(item)
        key = json.dumps([whole.said.predicate_type, whole.said.predicate, list(whole.said.subjects)])
        found += _verified(key, whole.signer, whole.at, types)
    return found


def leaf(signer: str, at: datetime = SIGNED_AT) -> Leaf:
    """What a signer's certificate of this moment says."""
    minute = timedelta(minutes=1)
    return replace(_LEAVES[signer], not_before=at - minute, not_after=at + 9 * minute, sct_at=at)


@cache
def _verified(
    said: str, signer: str, at: datetime, types: Sequence[tuple[str, frozenset[str]]]
) -> tuple[Evidence, ...]:
    predicate_type, predicate, subjects = json.loads(said)
    more = {"subject": subjects} if subjects else {}
    payload = statement(FORGED_HEX, predicate=predicate, predicate_type=predicate_type, **more)
    raw = json.dumps(Sigstore().sign(payload, leaf=leaf(signer, at), at=(at,))).encode()
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    candidate = Candidate(digest=digest, layer=0, kind=Kind.BUNDLE, media_type="", place="test", raw=raw)
    artifact = Artifact.of(FORGED_IMAGE, source_types=dict(types))
    return verify([candidate], artifact, [forged_root()], [], now=NOW, limits=LIMITS)


__all__ = ["AGENT", "NOW", "PLATFORM_ENTRY", "RECENT", "TENANT", "By", "by", "evidence", "failed", "judge", "rule"]
