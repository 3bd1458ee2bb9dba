"""Which commits lie between a head and the base that the policy names, by what accepted statements say (rule 17).

What comes in: a scene with its accepted documents. What goes out: a `Walk`: the commits that were found, and why there
may be others. Two things lead on from a commit: a list that says that it holds all commits since another one, and a
commit's parents. Whatever is not told is missing; nothing is assumed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from gate.checks.agents.judged import Scene
    from gate.claims.agents import Listing

_STEPS: Final = 100_000
Commit = tuple[str | None, str]
"""A repository and a hash. A hash names one commit wherever it is; a claim that names another repository is of it."""


class Walk(Struct, frozen=True, kw_only=True):
    """The commits that were met between the heads and the base, heads included and the base not, without those that a
    list holds between; `missing` says what nobody told.
    """

    commits: tuple[Commit, ...]
    missing: tuple[str, ...]
    base: str


def walk_range(scene: Scene) -> Walk:
    """Walk from each head until the base."""
    lists, parents = _told(scene)
    base = scene.section.base
    assert base is not None, "only a rule with a range walks"
    commits: dict[Commit, None] = {}
    missing: list[str] = []
    for repository, head in scene.heads:
        bases = base.heads.get(repository or "", frozenset()) if base.commit is None else frozenset({base.commit})
        if not bases:
            missing.append(f"{base.report} passed no head of {repository!a}, so that the range has no beginning")
        found, untold, reached = _from(head, bases, lists[repository], parents)
        commits.update(dict.fromkeys((repository, commit) for commit in found))
        missing += [f"what comes before {commit[:12]}" for commit in untold]
        if bases and not untold and not reached:
            missing.append(f"the base: it is not before {head[:12]}")
    shown = base.commit[:12] if base.commit is not None else f"the heads that {base.report} passed"
    return Walk(commits=tuple(commits), missing=tuple(dict.fromkeys(missing)), base=shown)


def _from(
    head: str,
    bases: frozenset[str],
    lists: dict[str, list[Listing]],
    parents: dict[str, list[tuple[str, ...]]],
) -> tuple[dict[str, None], list[str], bool]:
    """The commits from a head to the bases, those before which nothing is told, and whether a base was reached."""
    found: dict[str, None] = {}
    untold: list[str] = []
    reached = False
    waiting, seen = [head], {head}

    def meet(commit: str) -> None:
        if commit not in seen:
            seen.add(commit)
            waiting.append(commit)

    while waiting:
        commit = waiting.pop()
        if commit in bases:
            reached = True
            continue
        found.setdefault(commit)
        if len(found) > _STEPS:
            untold.append(commit)
            break
        before = [*lists.get(commit, ()), *parents.get(commit, ())]
        if not before:
            untold.append(commit)
        for listing in lists.get(commit, ()):
            meet(listing.base)  # what it lists is claimed there, and so asked for by itself
        for listed in parents.get(commit, ()):
            for parent in listed:
                meet(parent)
    return found, sorted(untold), reached


def _told(
    scene: Scene,
) -> tuple[defaultdict[str | None, dict[str, list[Listing]]], dict[str, list[tuple[str, ...]]]]:
    """By what each commit is told of: lists that hold it, by repository, and its parents. Only what may permit counts:
    a range that is too short would let commits pass that nobody claims (rule 16).
    """
    lists: defaultdict[str | None, dict[str, list[Listing]]] = defaultdict(dict)
    parents: dict[str, list[tuple[str, ...]]] = {}
    for document in scene.documents:
        for listing in document.listings:
            if not document.about_source and scene.permits(document, listing.place):
                for commit in dict.fromkeys(listing.commits):
                    lists[listing.repository].setdefault(commit, []).append(listing)
        for history in document.history:
            if history.parents is not None and scene.permits(document, "predicate"):
                parents.setdefault(history.commit, []).append(history.parents)
    return lists, parents
