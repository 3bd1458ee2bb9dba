"""What a verified statement may say, as functions of bytes: its type and predicate, read, judged by every check, and
shown by `gate inspect`. Whoever signed it may be anybody.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gate.claims import read_claims
from gate.claims.agents.trailers import read_trailers
from gate.claims.vsa import VSA_V1
from gate.discovery import Candidate, Kind
from gate.flow.inspection import Attached, Inspection
from gate.reference import parse_reference
from gate.report.inspection import Looked, build
from gate.strictjson import Refused, parse
from gate.verification.certificate import read_identity
from gate.verification.keys import read_key
from gate.verification.sct import verify_sct
from tests.agents.documents import OWN_FORMAT
from tests.agents.scene import By
from tests.agents.table import ROWS, TWO_PARTY
from tests.claims.test_build_types import FORMS
from tests.conftest import LAB
from tests.evidence import (
    HEAD,
    MAIN,
    NOW,
    REFERENCE,
    REPOSITORY,
    RULE,
    SIGNERS,
    VOUCHING,
    VULN,
    about_source,
    github,
    judge,
    policy,
    provenance,
    stranger,
    verified,
)
from tests.forge import Leaf
from tests.forge.instance import REKOR_V2
from tests.forge.keys import spki
from tests.fuzz.target import Target
from tests.inspecting import checked
from tests.verification.lab import LIMITS

if TYPE_CHECKING:
    from gate.verification import AboutSource, Identity, Verified

POLICY: Final = f"""{SIGNERS}{VOUCHING}
[agents.any]
ids = "any"
models = "any"
{OWN_FORMAT}{RULE}
[rules.provenance]
builders = ["release"]
level = 2
source = ["{REPOSITORY}"]
refs = ["{MAIN}"]
parameters = "strict"
vsa = [{{ verifier = "https://verifier.test", signer = "release", level = 3 }}]
[rules.source]
level = 2
vsa = [{{ verifier = "https://verifier.test", signer = "release", level = 3 }}]
[rules.agents]
allow = "any"
humans = "allow"
min-trust = "tenant"
signers = ["release", "scanner"]
coverage = "range"
base = "{"9" * 40}"
operators = ["bo"]
tools = ["git"]
max-age = "9d"
[rules.agents.reviewers]
people = ["alice", {{ glob = "github:*" }}]
{TWO_PARTY}
[[rules.attestations]]
type = "vuln"
signers = ["release"]
schema = "no-criticals.json"
where = [{{ at = "/scanner/result/critical", equals = 0 }}]
"""
FORMATS: Final = policy(POLICY, LAB / "policies").formats


def _evidence(raw: bytes, signer: Identity) -> tuple[Verified, AboutSource]:
    """A statement of this type, about the image and about its commit."""
    said = parse(raw)
    kind, predicate = (said.get("predicateType"), said.get("predicate")) if isinstance(said, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(predicate, dict):
        raise Refused("verification hands on a type and an object")
    return verified(kind, predicate, signer=signer), about_source(kind, predicate, {"gitCommit": HEAD}, signer=signer)


def _claims(raw: bytes) -> object:
    read = read_claims(_evidence(raw, github()), limits=LIMITS, formats=FORMATS)
    return (
        [
            (item.builder_id, item.stated, item.parameters, item.known_parameters, item.dependencies, item.invocation)
            for item in read.provenance
        ],
        [(item.verifier, item.resource, item.levels, item.problem) for item in read.summaries],
        [(len(item.claims), item.approvals, item.people, item.signals, item.history) for item in read.documents],
    )


def _judged(raw: bytes) -> object:
    """Every check over it, beside good provenance; by a stranger it changes nothing."""
    judgement = judge(POLICY, provenance(), *_evidence(raw, github()), folder=LAB / "policies")
    theirs = judge(POLICY, provenance(), *_evidence(raw, stranger()), folder=LAB / "policies")
    assert theirs.outcomes == judge(POLICY, provenance(), folder=LAB / "policies").outcomes
    return [(result.check, result.outcome, result.found) for result in judgement.results]


def _inspected(raw: bytes) -> object:
    """What `gate inspect` says of it: a document that keeps to its schema, and a text of plain lines."""
    pieces = _evidence(raw, github())
    claims = read_claims(pieces, limits=LIMITS, formats=FORMATS)
    attached = tuple(
        Attached(
            candidate=Candidate(digest=piece.digest, layer=0, kind=Kind.BUNDLE, media_type="", place="test", raw=b"x"),
            evidence=(piece,),
        )
        for piece in pieces
    )
    inspection = Inspection(reference=parse_reference(REFERENCE), attached=attached, claims=claims)
    looked = Looked(started=NOW, finished=NOW, policy=None, trust=(), keys=(), inspection=inspection, error=None)
    return checked(json.loads(json.dumps(build(looked))))


@cache
def statements() -> tuple[bytes, ...]:
    """One of each format of claims, of each platform's provenance, and of what else a rule may ask for."""
    said = [item.said if isinstance(item, By) else item for row in ROWS for item in row.evidence]
    summary = {
        "verifier": {"id": "https://verifier.test"},
        "resourceUri": f"git+{REPOSITORY}",
        "policy": {"uri": "https://x"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_3"],
    }
    pairs = [
        *((item.predicate_type, item.predicate) for item in said),
        *((kind, predicate) for kind, predicate, _ in FORMS.values()),
        (VSA_V1, summary),
        (VULN, {"scanner": {"uri": "pkg:x", "result": {"critical": 0}}}),
    ]
    texts = (json.dumps({"predicateType": kind, "predicate": predicate}) for kind, predicate in pairs)
    return tuple(text.encode() for text in dict.fromkeys(texts))


def _sct(raw: bytes) -> object:
    """A certificate's SCT, whatever else holds of the certificate."""
    certificate = x509.load_der_x509_certificate(raw)
    read_identity(certificate)
    verify_sct(certificate, REKOR_V2.ca.certificate, read_key(spki(REKOR_V2.ct.key)))
    return None


def _certificates() -> tuple[bytes, ...]:
    leaves = (Leaf(), Leaf(sct_extensions=b"x" * 9), Leaf(scts=2), Leaf(scts=0))
    return tuple(REKOR_V2.certificate(leaf).public_bytes(Encoding.DER) for leaf in leaves)


def _trailers(raw: bytes) -> object:
    return list(read_trailers("x", HEAD, raw.decode("utf-8", "replace")))


TARGETS: Final[dict[str, Target]] = {
    "claims": Target(call=_claims, refusals=(Refused,), seeds=statements),
    "judgement": Target(call=_judged, refusals=(Refused,), seeds=statements),
    "inspection": Target(call=_inspected, refusals=(Refused,), seeds=statements),
    "sct": Target(call=_sct, refusals=(ValueError, TypeError, KeyError, x509.InvalidVersion), seeds=_certificates),
    "trailers": Target(
        call=_trailers,
        refusals=(),
        seeds=lambda: (
            b"Mend it\n\nAssisted-by: Claude:claude-opus-4-6 git\nCo-authored-by: Ada <ada@acme.com>\n",
            b"Mend it\n\nagent: a\nmodel: m\n  folded\nAgent-Logs-Url: https://x\nGenerated-by: b",
        ),
    ),
}
