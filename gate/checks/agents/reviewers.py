"""`agents.reviewers`: so many people approved what the head commit holds, none of whom wrote it.

What comes in: a scene, every document and every verification summary. What goes out: one result. An approval counts for
the head if it names that commit, or the tree that an accepted statement says is its tree (A-T34). A reviewer is a
person whom the rule names, and neither the author nor the operator nor an agent of any commit that is judged (A-T33).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.agents.words import result, short, some
from gate.checks.signers import signed_by, signing_time
from gate.claims.agents import folded, is_agent_account, parts_of
from gate.claims.source import canonical_repository
from gate.policy.parties import Anything

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from gate.checks.agents.judged import Scene
    from gate.checks.agents.ranges import Commit
    from gate.claims.agents import Approval, Document
    from gate.claims.vsa import Summary
    from gate.policy.demands import Reviewers
    from gate.verdict import Result


def check_reviewers(scene: Scene, documents: Iterable[Document], summaries: Iterable[Summary]) -> Result:
    """Each head needs its reviewers."""
    section = scene.section.reviewers
    assert section is not None, "only a rule with reviewers asks"
    said = tuple(item for item in documents if signed_by(item.evidence, section.signers, scene.policy))
    barred = _barred(scene, said)
    wrong: list[str] = []
    fine: list[str] = []
    for head in scene.heads:
        people, notes = _people(head, said, barred, scene, section)
        count = len(people)
        if not count and _two_parties(head, summaries, scene, section):
            count, people = 1, {"two parties, by a source verifier": None}
        told = f"{short(head[1])}: {count} of {section.threshold}"
        told += f" ({', '.join(map(ascii, people))})" if people else ""
        told += f"; {some(notes)}" if notes else ""
        (fine if count >= section.threshold else wrong).append(told)
    if not scene.heads:
        wrong.append("there is no head commit that could be reviewed")
    return result(
        scene,
        "reviewers",
        expected=f"{section.threshold} of the people that the rule names approved the head commit or its tree",
        wrong=wrong,
        fine="; ".join(fine),
        remedy="image: have someone else approve what was merged, and attest that about the commit or its tree; "
        "policy: add who that is to people, which takes that person's approval of any image of this rule",
    )


def _people(
    head: Commit, said: tuple[Document, ...], barred: frozenset[str], scene: Scene, section: Reviewers
) -> tuple[dict[str, None], list[str]]:
    """The distinct people who approved a head, and why others do not count."""
    people: dict[str, None] = {}
    notes = []
    trees, possible = _trees(head, said, scene)
    taken_back = _taken_back(said, possible)
    for document in said:
        names = signed_by(document.evidence, section.signers, scene.policy)
        at = signing_time(document.evidence, names, scene.policy, scene.now)
        for approval in document.approvals:
            if not _is_of(approval, head, trees):
                notes.append(f"{approval.reviewer!a} approved something else")
            elif (who := _person(approval.reviewer, section)) is None:
                notes.append(f"{approval.reviewer!a} is none of the rule's people")
            elif any(_is_agent(part, scene) or folded(part) in barred for name in who for part in parts_of(name)):
                notes.append(f"{approval.reviewer!a} had a part in it")
            elif not _stands(who, at, taken_back):
                notes.append(f"{approval.reviewer!a} took it back")
            else:
                people[who[0]] = None
    return people, notes


def _taken_back(said: tuple[Document, ...], trees: frozenset[str]) -> Mapping[str, datetime | None]:
    """By each name when the last statement was signed that takes an approval of one of the trees back; None if that is
    not known of one of them. A key signed at its verified time or before, so that no approval is newer by that.
    """
    found: dict[str, datetime | None] = {}
    for document in said:
        at = document.evidence.signed_at
        for item in document.withdrawals:
            if item.tree in trees:
                name = folded(item.reviewer)
                before = found.get(name, at)
                found[name] = None if at is None or before is None else max(at, before)
    return found


def _stands(who: tuple[str, ...], at: datetime | None, taken_back: Mapping[str, datetime | None]) -> bool:
    """Whether an approval that was signed at `at` is newer than all that take it back: the statement that was replaced
    may still be attached.
    """
    ends = [taken_back[name] for name in map(folded, who) if name in taken_back]
    return not ends or (at is not None and all(end is not None and end < at for end in ends))


def _person(name: str, section: Reviewers) -> tuple[str, ...] | None:
    """All spellings of the person who is meant, the first of which stands for him or her; None for nobody named.

    Whom a pattern means in other letters than a list has is the person of that list, and is not counted again.
    """
    listed = [item for item in section.people if isinstance(item, tuple)]
    for item in listed:
        if name in item:
            return item
    if any(not isinstance(item, tuple) and item.matches(name) for item in section.people):
        plain = folded(parts_of(name)[-1])  # of NAME <ADDRESS> the address
        same = next((item for item in listed if plain in map(folded, item)), (plain,))
        return (*same, name)
    return None


def _is_agent(name: str, scene: Scene) -> bool:
    return is_agent_account(name) or any(
        not isinstance(agent.ids, Anything) and any(item.denies(name) for item in agent.ids)
        for agent in scene.policy.agents.values()
    )


def _is_of(approval: Approval, head: Commit, trees: frozenset[str]) -> bool:
    repository, commit = head
    if approval.repository is not None and approval.repository != repository:
        return False
    return approval.commit == commit or approval.tree in trees


def _trees(head: Commit, said: tuple[Document, ...], scene: Scene) -> tuple[frozenset[str], frozenset[str]]:
    """The one tree that those whose word counts say is the head's, none if they disagree; and all that anyone says are,
    of which an approval may be taken back. The first lets an approval count, so that it is for those to say who say who
    approved, or whose word may permit something (rule 16): a tenant could call an approved tree that of any commit.
    """
    found: set[str] = set()
    permitted: set[str] = set()
    heard = {id(item) for item in said}
    for document in {id(item): item for item in (*scene.documents, *said)}.values():
        trees = {item.tree for item in document.history if item.commit == head[1] and item.tree is not None}
        found |= trees
        if id(document) in heard or scene.permits(document, "predicate"):
            permitted |= trees
    return frozenset(permitted) if len(found) == 1 else frozenset(), frozenset(found)


def _barred(scene: Scene, said: tuple[Document, ...]) -> frozenset[str]:
    """The names, in any spelling, of everyone who had a part in a commit that is judged, and what agents are called
    beside their ids.
    """
    return frozenset(folded(part) for name in _with_a_part(scene, said) for part in parts_of(name))


def _with_a_part(scene: Scene, said: tuple[Document, ...]) -> Iterator[str]:
    for document in {id(item): item for item in (*scene.documents, *said)}.values():
        for person in document.people:
            if person.commit in scene.bound:
                yield person.name
        for signal in document.signals:
            yield from (name for name in (signal.agent, signal.agent_identity) if name)
    for entry in scene.accepted:
        claim = entry.claim
        yield from (name for name in (claim.agent, claim.agent_identity, claim.operator) if name)
    for agent in scene.policy.agents.values():
        yield from (*agent.aliases, *agent.aliases.values())


def _two_parties(head: Commit, summaries: Iterable[Summary], scene: Scene, section: Reviewers) -> bool:
    """Rule 13: only by a pair of verifier and signer that the rule names; and about this very commit."""
    repository, commit = head
    return any(
        summary.two_party
        and summary.problem is None
        and summary.verifier == pair.verifier
        and canonical_repository(summary.resource) == repository
        and summary.subject(commit) is not None
        and bool(signed_by(summary.evidence, (pair.signer,), scene.policy))
        for summary in summaries
        for pair in section.two_party
    )
