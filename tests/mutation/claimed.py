"""Statements of every format that gate reads, to be changed before they are signed.

What goes out: `SCENES`: a policy and what is attached to the image, the first of which is the statement that changes.
`Scene.judge` signs the changed one, verifies everything and judges it: the product's own path from bytes to verdict. A
scene passes by that statement; or it fails by it alone, and its name begins with "denies".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gate.checks import check_image
from gate.claims import read_claims
from gate.claims.agents import source_types
from gate.claims.builds import SLSA_V01
from gate.claims.vsa import VSA_V1
from gate.discovery import Candidate, Kind
from gate.limits import Limits
from gate.reference import Digest, parse_reference
from gate.verification import Artifact, verify
from tests.agents.documents import (
    OWN_FORMAT,
    Said,
    agent,
    agent_commit,
    agentattest,
    approval,
    authorization,
    built,
    commit,
    coverage,
    entry,
    git_ai,
    gitsign,
    gittuf,
    own,
    pedigree,
    pushed,
    silent,
    summary,
    trace,
)
from tests.agents.scene import NOW, By, by, leaf, rule
from tests.agents.table import HELPED, HUMANS, MIXED, TWO_PARTY, ranged, reviewed
from tests.claims.test_build_types import FORMS
from tests.conftest import LAB
from tests.evidence import (
    BUILDER,
    EARLIER,
    IMAGE,
    MAIN,
    MODEL,
    OTHER,
    PROVEN,
    REFERENCE,
    REPOSITORY,
    RULE,
    SIGNERS,
    VULN,
    Judgement,
    claim,
    dependency,
    human,
    policy,
)
from tests.forge import Sigstore, statement
from tests.mutation.changes import changed, write
from tests.verification.lab import FORGED_HEX, FORGED_IMAGE, forged_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.claims import Claims
    from gate.verification import Evidence
    from tests.mutation.changes import Mutation

LIMITS: Final = Limits()


@dataclass(frozen=True)
class Scene:
    """A policy and the evidence; `other` is another good statement of the format, whose parts are swapped in."""

    name: str
    policy: str
    evidence: tuple[By | Said, ...]
    other: Said

    @property
    def denies(self) -> bool:
        """Whether the image fails by the statement that is changed."""
        return self.name.startswith("denies")

    @property
    def document(self) -> Any:
        """The statement that is changed."""
        return json.loads(_payload(_by(self.evidence[0]).said))

    def mutations(self) -> Iterator[Mutation]:
        """Each change of it."""
        return changed(self.document, [json.loads(_payload(self.other))])

    def judge(self, document: Any) -> tuple[int, frozenset[str]]:
        """With that document signed in the statement's place: the exit code, and what the rules' words are about: which
        source it is, and of each commit that is claimed by whom it was written.
        """
        known = policy(self.policy, LAB / "policies")
        types = tuple(sorted(source_types(known.formats).items()))
        first, *rest = map(_by, self.evidence)
        found = [*_verified(write(document), first.signer, types)]
        for item in rest:
            found += _kept(_payload(item.said), item.signer, types)
        claims = read_claims(tuple(found), limits=LIMITS, formats=known.formats)
        rules = check_image(parse_reference(REFERENCE), claims, known, digests=(IMAGE,), gaps=(), now=NOW)
        judgement = Judgement(rules=rules)
        return judgement.exit_code, frozenset({*_written(judgement), *_built(claims)})


def _written(judgement: Judgement) -> Iterator[str]:
    for item in judgement.commits:
        if item.vouched_by is not None:
            said = item.claim
            yield repr((said.commit, said.authored_by.value, said.agent, said.model))


def _built(claims: Claims) -> Iterator[str]:
    for item in claims.provenance:
        yield repr((item.builder_id, item.stated.repository, item.stated.ref or MAIN))


def _by(item: By | Said) -> By:
    return item if isinstance(item, By) else By(item)


def _payload(said: Said) -> bytes:
    more = {"subject": said.subjects} if said.subjects else {}
    return statement(FORGED_HEX, predicate=said.predicate, predicate_type=said.predicate_type, **more)


def _verified(payload: bytes, signer: str, types: tuple[tuple[str, frozenset[str]], ...]) -> tuple[Evidence, ...]:
    moment = By(Said("", {})).at
    raw = json.dumps(Sigstore().sign(payload, leaf=leaf(signer, moment), at=(moment,))).encode()
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    candidate = Candidate(digest=digest, layer=0, kind=Kind.BUNDLE, media_type="", place="test", raw=raw)
    artifact = Artifact.of(FORGED_IMAGE, source_types=dict(types))
    return verify([candidate], artifact, [forged_root()], [], now=NOW, limits=LIMITS)


_kept = cache(_verified)

_WITH_AUTHOR: Final = {"name": "other-agent", "model": "other-model-1"}
_LISTED: Final = built(claim(), claim(EARLIER))


def _claimed() -> Iterator[Scene]:
    """The formats of claims, approvals and hints, each as it lets pass or denies."""
    beside, by_name = silent(), reviewed(people='["github:user:alice"]')
    v01 = Said(SLSA_V01, {"materials": [dependency(claim())]})
    other = Said(SLSA_V01, {"materials": [dependency(claim(OTHER, author="other-agent"))]})
    yield Scene("commits in provenance v0.1", rule(), (by("scanner", v01), beside), other)
    run = agent_commit(subagents=[{"agent": agent()}])
    yield Scene("agent-commit", rule(), (by("scanner", run), beside), agent_commit(about=OTHER, **_WITH_AUTHOR))
    yield Scene("pedigree", rule(), (by("scanner", pedigree()), beside), pedigree("human", about=OTHER))
    approved = by("scanner", pedigree(approver="alice"))
    yield Scene("pedigree, approved", reviewed(), (approved, built()), pedigree("human", approver="bo", approved=False))
    other = agentattest(head=OTHER, approvers=["github:user:bo"], state="requested", **_WITH_AUTHOR)
    yield Scene("agentattest", rule(), (by("scanner", agentattest()), beside), other)
    approved = by("scanner", agentattest(approvers=["github:user:alice"]))
    yield Scene("agentattest, approved", by_name, (approved, built()), other)
    other = coverage({"tool": "other-agent", "model": "x"}, approvals=[approval("bo", OTHER)], about=OTHER)
    yield Scene("review coverage", rule(MIXED), (by("scanner", coverage(HELPED)), beside), other)
    approved = by("scanner", coverage(HELPED, approvals=[approval("alice")]))
    yield Scene("review coverage, approved", reviewed(keys=MIXED), (approved, built()), other)
    reviewed_by_two = by("people", summary("SLSA_SOURCE_TWO_PARTY_REVIEWED"))
    other = summary("SLSA_SOURCE_LEVEL_1", result="FAILED", verifier="https://x.example", about=OTHER)
    yield Scene("source summary, two parties", reviewed(TWO_PARTY), (reviewed_by_two, built()), other)
    parents = by("scanner", gitsign(parents=(EARLIER,)))
    first = by("scanner", gitsign(about=EARLIER))
    other = gitsign("x", name="bo", email="bo@x", parents=(OTHER,), tree=OTHER, about=OTHER)
    yield Scene("gitsign, parents", ranged(), (parents, _LISTED, first), other)
    tree = by("scanner", gitsign())
    other = gittuf("bo", dismissed=["alice"], tree=OTHER)
    yield Scene("gittuf, approved", reviewed(), (by("scanner", gittuf("alice")), built(), tree), other)
    own_word = by("people", authorization())
    policy_text = reviewed('signers = ["scanner", "people"]')
    yield Scene("gittuf, the signer's own", policy_text, (own_word, built(), tree), authorization(OTHER))
    other = own(entry("other-agent", "x", OTHER))
    yield Scene("a format of one's own", rule(more=OWN_FORMAT), (by("scanner", own(entry())), beside), other)

    author = '[["alice", "alice@acme.com"]]'
    approved = by("scanner", pedigree(approver="alice"))
    pusher = by("scanner", pushed("alice"))
    yield Scene("denies: source provenance", reviewed(), (pusher, built(), approved), pushed("bo", about=OTHER))
    theirs, other = by("scanner", gitsign(email="alice@acme.com")), gitsign("x", name="bo", email="bo@x", about=OTHER)
    yield Scene("denies: gitsign, author", reviewed(people=author), (theirs, built(), approved), other)
    trailer = by("scanner", gitsign("Mend\n\nAssisted-by: Claude:claude-opus-4-6 git"))
    anybody = rule(HUMANS, allow='"any"')
    yield Scene("denies: gitsign, trailer", anybody, (trailer, built(human())), other)
    account = by("scanner", gitsign(name="Ada", email="198982749+Copilot@users.noreply.github.com"))
    yield Scene("denies: gitsign, account", anybody, (account, built(human())), other)
    dismissed = by("scanner", gittuf("alice", dismissed=["alice"]))
    yield Scene("denies: gittuf, dismissed", reviewed(), (dismissed, built(), tree), gittuf("bo", tree=OTHER))
    traced = by("scanner", trace(MODEL, "anthropic/x"))
    yield Scene("denies: agent trace", rule(), (traced, built()), trace(MODEL, MODEL, revision=OTHER, about=OTHER))
    noted = by("scanner", git_ai(tool="evil"))
    yield Scene("denies: git-ai", rule(), (noted, built()), git_ai(about=OTHER))


def _summary(level: str, verifier: str, resource: str, **more: object) -> Mapping[str, object]:
    return {
        "verifier": {"id": verifier},
        "timeVerified": "2025-02-20T12:00:00Z",
        "resourceUri": resource,
        "policy": {"uri": "https://acme.com/policy", "digest": {"sha256": "7" * 64}},
        "verificationResult": "PASSED",
        "verifiedLevels": [level],
        **more,
    }


def _others() -> Iterator[Scene]:
    """Verification summaries, and attestations of other types."""
    low = BUILDER.replace("level = 3", "level = 1")
    verifier, failed = "https://verifier.acme.com", {"verificationResult": "FAILED"}
    pair = f'vsa = [{{ verifier = "{verifier}", signer = "platform", level = 3 }}]\n'
    said = Said(VSA_V1, _summary("SLSA_BUILD_LEVEL_3", verifier, "ghcr.io/acme/api"))
    other = Said(VSA_V1, _summary("SLSA_BUILD_LEVEL_2", "https://x.example", "ghcr.io/acme/web", **failed))
    yield Scene("build summary", SIGNERS + low + RULE + PROVEN + pair, (by("platform", said), silent()), other)
    about = commit(annotations={"sourceRefs": [MAIN]})
    said = Said(VSA_V1, _summary("SLSA_SOURCE_LEVEL_3", verifier, f"git+{REPOSITORY}"), (about,))
    elsewhere = commit(OTHER, annotations={"sourceRefs": ["refs/heads/x"]})
    other = Said(VSA_V1, _summary("SLSA_SOURCE_LEVEL_1", "https://x.example", "git+https://x.example/y"), (elsewhere,))
    section = f"\n[rules.source]\nlevel = 2\n{pair}"
    yield Scene("source summary", SIGNERS + BUILDER + RULE + PROVEN + section, (by("platform", said), silent()), other)
    scan = {"scanner": {"uri": "pkg:x", "result": {"critical": 0, "high": 3}}, "metadata": {"scanFinishedOn": "x"}}
    bad = {"scanner": {"uri": "pkg:y", "result": {"critical": 7, "high": 0}}, "metadata": {"scanFinishedOn": "y"}}
    entry_text = f'{SIGNERS}{RULE}\n[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner"]\n'
    for name, condition in (
        ("values", 'where = [{ at = "/scanner/result/critical", equals = 0 }]\n'),
        ("schema", 'schema = "no-criticals.json"\n'),
    ):
        yield Scene(f"attestation, {name}", entry_text + condition, (by("scanner", Said(VULN, scan)),), Said(VULN, bad))


def _builds() -> Iterator[Scene]:
    """The provenance of each platform, where its fields name the repository."""
    builder = '\n[builders.b]\nid = "https://builder.example"\nsigners = ["platform"]\nlevel = 2\n'
    section = f'[rules.provenance]\nbuilders = ["b"]\nlevel = 2\nsource = ["{REPOSITORY}"]\n'
    for name, (kind, predicate, (repository, ref, _)) in FORMS.items():
        if repository == REPOSITORY:
            refs = f'["{MAIN}"]' if ref else '"any"'
            other = json.dumps(predicate).replace("acme/api", "acme/web").replace(MAIN, "refs/heads/x")
            text = f"{SIGNERS}{builder}{RULE}{section}refs = {refs}\n"
            evidence = (by("platform", Said(kind, predicate)),)
            yield Scene(f"build: {name}", text, evidence, Said(kind, json.loads(other)))


SCENES: Final = {scene.name: scene for scene in (*_claimed(), *_others(), *_builds())}
