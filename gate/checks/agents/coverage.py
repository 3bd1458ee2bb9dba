"""`agents.coverage` and `agents.age`: every commit that must carry a claim carries one that counts (rules 16 and 17).

What comes in: a scene. What goes out: the two results, and the commits that nobody claims. What a claim says is judged
by the other aspects, whatever is covered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.checks.agents.judged import CHECK
from gate.checks.agents.words import result, short, some
from gate.checks.ages import young
from gate.checks.signers import signed_by, signing_time
from gate.duration import spell_duration, spell_moment
from gate.policy.demands import Coverage
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from gate.checks.agents.judged import JudgedClaim, Scene
    from gate.checks.agents.ranges import Commit
    from gate.policy.demands import Trust

_DROPPED: Final = (
    "image: have the build write commits[] into resolvedDependencies (gate attest agents); note that cosign drops them "
    "under its short names: attest with --type https://slsa.dev/provenance/v1; "
    'policy: unclaimed = "allow", which lets in commits of which nobody says who wrote them'
)
_OTHERS: Final = (
    "image: claim the commit that is built, which need not be the branch's: a pull request is built from a merge "
    "commit (gate attest agents --range BASE..HEAD in the job that builds); "
    'policy: unclaimed = "allow", which lets in commits of which nobody says who wrote them'
)
_BROKEN_RANGE: Final = (
    "image: say since which base the list holds every commit (gate attest agents --range BASE..HEAD), or attest each "
    'commit\'s parents; policy: coverage = "listed", which lets in commits that nobody lists'
)
_HEADLESS: Final = "image: build it so that its provenance names one commit; no policy allows less"

_NO_ONE_COMMIT: Final = "the provenance does not say which one commit it was built from"


def required(scene: Scene) -> tuple[Commit, ...]:
    """The commits that need a claim: the heads; with `listed` all that a claim lists; with `range` all since the base.

    A range asks for what is listed too: it is never less than `listed`.
    """
    found: dict[Commit, None] = dict.fromkeys(scene.heads)
    if scene.section.coverage is not Coverage.HEAD:
        found.update(dict.fromkeys(claimed(scene)))
    if scene.walk is not None:
        found.update(dict.fromkeys(scene.walk.commits))
    return tuple(found)


def claimed(scene: Scene) -> dict[Commit, list[JudgedClaim]]:
    """The accepted claims by their commit, as far as they can be read."""
    found: dict[Commit, list[JudgedClaim]] = {}
    for entry in scene.accepted:
        if entry.claim.commit is not None and entry.claim.problem is None:
            found.setdefault((entry.repository, entry.claim.commit), []).append(entry)
    return found


def unclaimed(scene: Scene) -> tuple[tuple[Commit, bool], ...]:
    """The commits that need a claim and have none, whatever it were worth; and whether each is a head."""
    found = claimed(scene)
    return tuple((commit, commit in scene.heads) for commit in required(scene) if commit not in found)


def check_coverage(scene: Scene) -> Result:
    """Rule 17: the commits that need a claim have one that is worth enough; below min-trust it is none (rule 16)."""
    section = scene.section
    headless = any(len(item.commits) != 1 for item in scene.judged)
    needed, found = required(scene), claimed(scene)
    missing = [commit for commit in needed if not any(_permits(entry, scene) for entry in found.get(commit, ()))]
    for commit in missing:
        for entry in found.get(commit, ()):
            if not section.unclaimed:
                scene.note(entry, "coverage", f"{short(commit[1])}{_why(found[commit])}")
    text = f"{len(needed) - len(missing)} of {len(needed)} commits claimed"
    if missing:
        text += "; unclaimed: " + some(f"{short(commit[1])}{_why(found.get(commit, []))}" for commit in missing)
        others = [short(commit[1]) for commit in found if commit not in needed]
        text += f"; claimed are {some(others)}" if others else ""
    if headless:
        scene.note_beside(None, "coverage", _NO_ONE_COMMIT)
        text = f"{_NO_ONE_COMMIT}; {text}"
    untold = scene.walk.missing if scene.walk is not None else ()
    if untold:
        scene.note_beside(None, "coverage", f"nobody says {some(untold)}")
        text += f"; nobody says {some(untold)}"
    if section.coverage is Coverage.HEAD:
        text += "; commits before the head were not judged"
    holds = not headless and not untold and (not missing or section.unclaimed)
    remedy = ""
    if headless:
        remedy = _HEADLESS
    elif untold:
        remedy = _BROKEN_RANGE
    elif not holds:
        remedy = _trust_less(missing, found) or (_OTHERS if found else _DROPPED)
    return Result(
        check=f"{CHECK}.coverage",
        outcome=Outcome.PASS if holds else Outcome.FAIL,
        expected=_expected(scene),
        found=text,
        evidence=scene.evidence or tuple(sorted(item.provenance.evidence.digest for item in scene.judged)),
        remedy=remedy,
    )


def check_age(scene: Scene) -> Result:
    """A claim that is too old permits nothing: its commit needs one that is young enough, or none at all."""
    assert scene.section.max_age is not None, "only a rule with max-age asks"
    found, old = claimed(scene), []
    for commit in required(scene):
        entries = [entry for entry in found.get(commit, ()) if _permits(entry, scene)]
        if entries and not any(_is_young(entry, scene) for entry in entries) and not scene.section.unclaimed:
            for entry in entries:
                scene.note(entry, "age", f"{short(commit[1])} (its claim is {_age(entry, scene)})")
            old.append(f"{short(commit[1])} (its claim is {_age(entries[0], scene)})")
    return result(
        scene,
        "age",
        expected=f"claims at most {spell_duration(scene.section.max_age)} old",
        wrong=old,
        fine="every commit that is claimed has one",
        remedy="image: attest the claims again; policy: raise agents.max-age, which takes what was said so long ago",
    )


def _permits(entry: JudgedClaim, scene: Scene) -> bool:
    return entry.vouched_by is not None and entry.vouched_by >= scene.section.min_trust


def _is_young(entry: JudgedClaim, scene: Scene) -> bool:
    evidence = entry.claim.evidence
    names = signed_by(evidence, scene.signers, scene.policy)
    return young(signing_time(evidence, names, scene.policy, scene.now), scene.section.max_age, scene.now)


def _age(entry: JudgedClaim, scene: Scene) -> str:
    evidence = entry.claim.evidence
    names = signed_by(evidence, scene.signers, scene.policy)
    time = signing_time(evidence, names, scene.policy, scene.now)
    return "without a usable time" if time is None else f"of {spell_moment(time)}"


def _expected(scene: Scene) -> str:
    section = scene.section
    which = {
        Coverage.HEAD: "the head commit",
        Coverage.LISTED: "the head and every listed commit",
        Coverage.RANGE: f"every commit since {scene.walk.base}" if scene.walk is not None else "",
    }[section.coverage]
    text = f"a claim, vouched for by {section.min_trust.name.lower()} or better, for {which}"
    return text + (' (or none: unclaimed = "allow")' if section.unclaimed else "")


def _trust_less(missing: list[Commit], found: dict[Commit, list[JudgedClaim]]) -> str:
    """What to do where every commit is claimed and whoever vouches for that is worth too little; else nothing."""
    trusts = [_best(found.get(commit, [])) for commit in missing]
    known = [trust for trust in trusts if trust is not None]
    if len(known) < len(trusts):
        return ""
    return (
        "image: have the claim written or signed by whoever must vouch for it; policy: min-trust = "
        f'"{min(known).name.lower()}", which takes the word of whoever controls the signer, or vouches-for of the '
        "builder's entry, if the builder itself fills that place"
    )


def _best(entries: list[JudgedClaim]) -> Trust | None:
    return max((entry.vouched_by for entry in entries if entry.vouched_by is not None), default=None)


def _why(entries: list[JudgedClaim]) -> str:
    """Why a commit that someone claims does not count as claimed."""
    best = _best(entries)
    return "" if best is None else f" (claimed, but only the {best.name.lower()} vouches for it)"
