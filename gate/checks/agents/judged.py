"""Whose word counts, for which commits, and how much it is worth: the claims as one rule sees them.

What comes in: the rule's `agents` section, the provenance that was selected, and every document. What goes out: a
`Scene`, computed once and read by every aspect. It judges no claim: it says which of them are judged.

A claim is accepted by who signed it (design rule 14), counts for commits that the accepted provenance names (rules 1
and 17), and is worth what the policy says of its signer, its builder and its place (rules 15 and 16).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from gate.checks.agents.known import agents_of, known_agents
from gate.checks.agents.ranges import Walk, walk_range
from gate.checks.selection import vouching_builders
from gate.checks.signers import signed_by
from gate.claims.agents import Authorship
from gate.claims.source import canonical_repository, is_commit
from gate.policy.demands import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gate.checks.agents.ranges import Commit
    from gate.checks.selection import Judged, Selection
    from gate.claims import Claims
    from gate.claims.agents import AgentClaim, Document
    from gate.policy.demands import AgentsSection, ProvenanceSection
    from gate.policy.model import Policy
    from gate.policy.parties import Builder
    from gate.reference import Digest

CHECK: Final = "agents"
_PLATFORM_FILLS: Final = frozenset({"internalParameters", "runDetails", "environment", "metadata"})


class Objection(Struct, frozen=True, kw_only=True):
    """What one check found wrong with one claim."""

    check: str
    found: str


class JudgedClaim(Struct, frozen=True, kw_only=True):
    """One claim and what the rule makes of it.

    `vouched_by` is None for a claim that the rule does not accept, and `reason` says why. `repository` is the claim's,
    or where its format names none that of the commit that the accepted provenance names. `head` says that it is about
    the commit that the image was built from. `objections` are the fails that it has a part in.
    """

    claim: AgentClaim
    vouched_by: Trust | None
    repository: str | None = None
    head: bool = False
    reason: str = ""
    objections: tuple[Objection, ...] = ()

    @property
    def by_agent(self) -> bool:
        """Whether an agent had part in the commit; an unknown author may have been one."""
        return self.claim.authored_by is not Authorship.HUMAN


class Scene(Struct, frozen=True, kw_only=True):
    """What every aspect reads: the accepted documents and claims, the heads, and the commits that count.

    `accepted` are those of the `claims` that are judged, `evidence` what they stand in. `bound` are the commits that
    the accepted provenance names, each with the repositories that it names it in; `walk` is what of them lies between
    the heads and the base, where the rule has a range. `signers` are everyone whom the rule hears, by name.
    """

    section: AgentsSection
    policy: Policy
    now: datetime
    signers: frozenset[str]
    judged: tuple[Judged, ...]
    heads: tuple[Commit, ...]
    builders: Mapping[int, tuple[Builder, ...]]
    documents: tuple[Document, ...]
    claims: tuple[JudgedClaim, ...] = ()
    accepted: tuple[JudgedClaim, ...] = ()
    evidence: tuple[Digest, ...] = ()
    bound: Mapping[str, frozenset[str | None]] = field(default_factory=dict)
    walk: Walk | None = None
    objections: defaultdict[int, list[Objection]] = field(default_factory=lambda: defaultdict(list))
    beside: list[tuple[str | None, Objection]] = field(default_factory=list)

    def note(self, entry: JudgedClaim, aspect: str, found: str) -> None:
        """Keep what is wrong with a claim, for the report."""
        self.objections[id(entry)].append(Objection(check=f"{CHECK}.{aspect}", found=found))

    def note_beside(self, commit: str | None, aspect: str, found: str) -> None:
        """Keep what is wrong with a commit, or with None with all of them, and is no claim's fault."""
        self.beside.append((commit, Objection(check=f"{CHECK}.{aspect}", found=found)))

    def noted(self) -> tuple[JudgedClaim, ...]:
        """Every claim with what was found."""
        return tuple(replace(item, objections=tuple(self.objections[id(item)])) for item in self.claims)

    def trust(self, document: Document, place: str) -> Trust:
        """Who vouches for a place of an accepted document, without what an agent's own platform signs (rule 15)."""
        builders = self.builders[id(document)]
        spelled = f"{CHECK}@{place}"
        covers = {spelled, CHECK} if place in _PLATFORM_FILLS else {spelled}
        vouched = bool(builders) and all(builder.vouches_for & covers for builder in builders)
        return Trust.BUILDER if vouched else Trust.TENANT

    def permits(self, document: Document, place: str) -> bool:
        """Whether what stands at a place may permit something, and not only deny (rule 16)."""
        return self.trust(document, place) >= self.section.min_trust

    def is_bound(self, commit: str, repository: str | None) -> bool:
        """Whether the accepted provenance names this commit, in this repository if one is named."""
        return commit in self.bound and (repository is None or repository in self.bound[commit])


def set_scene(
    section: AgentsSection,
    provenance: ProvenanceSection,
    selection: Selection,
    claims: Claims,
    policy: Policy,
    now: datetime,
) -> Scene:
    """Find out which documents and claims are judged, and for which commits."""
    # 1. Whose statements count as a whole: the selected provenance, and those of the rule's signers (rule 14).
    selected = {id(item.provenance.evidence) for item in selection.judged}
    accepted = tuple(
        item
        for item in claims.documents
        if id(item.evidence) in selected or signed_by(item.evidence, section.signers, policy)
    )
    scene = Scene(
        section=section,
        policy=policy,
        now=now,
        signers=_heard(section, provenance, policy),
        judged=selection.judged,
        heads=tuple(dict.fromkeys((item.repository, commit) for item in selection.judged for commit in item.commits)),
        builders={id(item): vouching_builders(item, provenance.builders, policy) for item in claims.documents},
        documents=accepted,
    )
    # 2. Which commits count: the heads, what statements about the image list, and what lies before a head (rule 17).
    scene = replace(scene, walk=walk_range(scene) if section.base is not None else None)
    scene = replace(scene, bound=_bound(scene))
    # 3. What else counts: statements about those commits, or about their trees (rule 1).
    trees = _trees(scene)
    scene = replace(scene, documents=tuple(item for item in accepted if _is_bound(item, scene, trees)))
    whole = {id(item) for item in accepted}
    vouched = _by_platforms(scene, claims.documents)
    beside = {(id(claim.evidence), commit) for claim in vouched.values() for commit in (claim.commit, None)}
    judged = tuple(
        _judge(
            claim,
            item,
            scene,
            heard=id(item) in whole or (id(claim.evidence), claim.commit) in beside,
            platform=id(claim) in vouched,
        )
        for item in claims.documents
        for claim in item.claims
    )
    taken = tuple(item for item in judged if item.vouched_by is not None)
    digests = {id(item.claim.evidence): item.claim.evidence.digest for item in taken}
    return replace(scene, claims=judged, accepted=taken, evidence=tuple(sorted(set(digests.values()))))


def _heard(section: AgentsSection, provenance: ProvenanceSection, policy: Policy) -> frozenset[str]:
    """Who signs what the rule takes claims from: no other entry of the policy says when that was signed."""
    builders = [policy.builders[name].signers for name in provenance.builders]
    agents = [agent.signers for agent in known_agents(section, policy)]
    return frozenset((*section.signers, *provenance.signers)).union(*builders, *agents)


def _bound(scene: Scene) -> dict[str, frozenset[str | None]]:
    found: defaultdict[str, set[str | None]] = defaultdict(set)
    for repository, commit in scene.heads:
        found[commit].add(repository)
    for judged in scene.judged:
        for uri, digests in judged.provenance.dependencies:
            if is_commit(digests.get("gitCommit", "")):
                found[digests["gitCommit"]].add(canonical_repository(uri))
    listed = [claim for document in scene.documents if not document.about_source for claim in document.claims]
    named = [(claim.commit, claim) for claim in listed if claim.commit is not None]
    for commit, claim in named:
        if not claim.by_hash:
            found[commit].add(claim.repository)
    for repository, commit in scene.walk.commits if scene.walk is not None else ():
        found[commit].add(repository)
    for commit, _ in named:
        if commit not in found:  # its format has no place for a repository
            found[commit].add(None)
    return {commit: frozenset(repositories) for commit, repositories in found.items()}


def _is_bound(document: Document, scene: Scene, trees: frozenset[str]) -> bool:
    if not document.about_source or any(commit in scene.bound for commit in document.commits):
        return True
    return any(tree in trees for tree in document.trees)


def _trees(scene: Scene) -> frozenset[str]:
    """The trees that accepted statements say of commits that count."""
    return frozenset(
        item.tree
        for document in scene.documents
        for item in document.history
        if item.tree is not None and item.commit in scene.bound
    )


def _by_platforms(scene: Scene, documents: Iterable[Document]) -> dict[int, AgentClaim]:
    """The claims that their agent's own platform signed, by their id; none of a person who is called like it. What it
    says beside them of the same commit, or of none that can be read, is heard as a tenant's word: it may name others.
    """
    known = known_agents(scene.section, scene.policy)
    return {
        id(claim): claim
        for document in documents
        for claim in document.claims
        if claim.authored_by is not Authorship.HUMAN
        and any(signed_by(claim.evidence, agent.signers, scene.policy) for agent in agents_of(claim, known))
    }


def _judge(claim: AgentClaim, document: Document, scene: Scene, *, heard: bool, platform: bool) -> JudgedClaim:
    """Accepted or not, and by whose word (rules 14 and 15)."""
    repository, commit = claim.repository, claim.commit
    if commit is not None and claim.by_hash and repository is None:
        named = scene.bound.get(commit, ())
        repository = min(named, key=lambda name: ((name, commit) not in scene.heads, str(name)), default=None)
    head = (repository, commit) in scene.heads
    if not heard:
        reason = "whoever signed it is none of those whose claims the rule accepts"
        return JudgedClaim(claim=claim, vouched_by=None, repository=repository, head=head, reason=reason)
    bound = scene.is_bound(commit, claim.repository) if commit is not None else _is_bound(document, scene, frozenset())
    if document.about_source and not bound:
        reason = "it is about a commit that the accepted provenance does not name"
        return JudgedClaim(claim=claim, vouched_by=None, repository=repository, head=head, reason=reason)
    trust = scene.trust(document, claim.place)
    if platform:
        trust = max(trust, Trust.PLATFORM)
    return JudgedClaim(claim=claim, vouched_by=trust, repository=repository, head=head)
