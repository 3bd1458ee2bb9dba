"""Rules with `platforms`: the verdict over the entries of an index.

What comes in: a fetched image and the rules that match it. What goes out: one judgement, with a result of each rule for
each entry that it chose. Evidence of an entry counts for that entry alone, as each is looked at by itself.

The verdict then holds for the entries that every rule chose; for the index itself only if they are all that anything
could run. A rule without `platforms` chose the index: beside it no entry is handed off, for that rule never judged one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from gate.discovery.entries import Chosen, Entry, choose, listed_digests, other_digests, read_index
from gate.discovery.found import LedgerEntry
from gate.errors import CouldNotLook, GateError
from gate.flow.judgement import ImageJudgement, Judged
from gate.memory import return_what_is_freed
from gate.parallel import run_round
from gate.policy.images import rules_for
from gate.policy.model import Scope
from gate.verdict import Gap, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from gate.checks import RuleResult
    from gate.discovery import Discovery
    from gate.flow.judge import Judge
    from gate.limits import Limits, Tally
    from gate.parallel import Share
    from gate.policy.model import Rule
    from gate.reference import Digest, Reference
    from gate.sources import Content
    from gate.sources.manifest import Manifest

CHECK = "platforms"
_NOTHING_IN_COMMON: Final = (
    "the rules that match judge no manifest in common, so that a pass would hold for nothing (a rule without platforms "
    "judges the index): give them the same platforms"
)


def judge_entries(
    judge: Judge,
    reference: Reference,
    image: Content,
    index: Manifest | None,
    look: Callable[[Digest], Callable[[Share, Tally], Discovery]],
) -> ImageJudgement:
    """Judge every digest that some rule chooses, at once. `index` is what `image` is, if it is one; `look` says how to
    look at a digest. Raises `CouldNotLook` if the index is over a limit.
    """
    rules = rules_for(judge.policy, reference)
    chosen = {rule.name: _choose(rule, image, index, judge.limits) for rule in rules}
    spread = [rule for rule in rules if rule.platforms is not Scope.INDEX]
    whole = all(chosen[rule.name].whole for rule in spread)
    common = _common([chosen[rule.name] for rule in rules])
    covered = ((image.digest,) if whole else ()) + tuple(digest for digest in common if digest != image.digest)
    if not covered and not any(chosen[rule.name].problem for rule in spread):
        chosen |= {rule.name: Chosen(problem=_NOTHING_IN_COMMON) for rule in spread}

    wanted = dict.fromkeys(entry.digest for rule in rules for entry in chosen[rule.name].entries)
    return_what_is_freed()
    jobs = [partial(judge.judge_digest, reference, look(digest)) for digest in wanted]
    answers = run_round(jobs, deadline=judge.deadline, width=len(jobs))
    found: dict[Digest, Judged | GateError] = dict(zip(wanted, answers, strict=True))
    from gate.checks import of_rule  # noqa: PLC0415
    from gate.checks.denies import denied_digest  # noqa: PLC0415

    unasked = () if image.digest in wanted else _unasked(image, wanted, judge, whole=whole)
    denied = denied_digest(unasked, judge.policy, same=other_digests(image)) if unasked else None
    results = [result for rule in rules for result in _results(judge, rule, chosen[rule.name], found)]
    if denied is not None:
        results += [of_rule(rule, denied) for rule in rules]
    return ImageJudgement(
        reference=reference,
        image=image,
        rules=tuple(results),
        judged=tuple(item for item in found.values() if isinstance(item, Judged)),
        asked=() if isinstance(found.get(image.digest), Judged) else (_looked_at(image),),
        covered=covered,
    )


def _looked_at(image: Content) -> LedgerEntry:
    return LedgerEntry(
        place="image",
        asked=str(image.digest),
        status=None,
        found=1,
        bytes=len(image.raw),
        complete=True,
        subject=image.digest,
    )


def check_platforms(rule: Rule, image: Content, index: Manifest | None, limits: Limits) -> Result | None:
    """The failed result of a rule that an image has not the manifests for; None if it has. `index` is what it is, if it
    is one. Raises `LimitExceeded`.
    """
    chosen = _choose(rule, image, index, limits)
    return _unusable(rule, chosen.problem) if chosen.problem else None


def _unasked(image: Content, wanted: Collection[Digest], judge: Judge, *, whole: bool) -> tuple[Digest, ...]:
    """The index's digest, and where a pass would hold for it those of what else it lists: each entry that is judged was
    asked for its own.
    """
    listed = listed_digests(image, judge.limits) if whole else ()
    return (image.digest, *(digest for digest in listed if digest not in wanted))


def _choose(rule: Rule, image: Content, index: Manifest | None, limits: Limits) -> Chosen:
    asked = Chosen(entries=(Entry(image.digest, None),), whole=True)
    if rule.platforms is Scope.INDEX:
        return asked
    if isinstance(rule.platforms, Scope):
        return asked if index is None else choose(index, None, limits)
    if index is None:
        return Chosen(problem="it is no index, so that it does not say what it runs on")
    return choose(index, rule.platforms, limits)


def _common(chosen: Sequence[Chosen]) -> tuple[Digest, ...]:
    """The digests that are in each choice, in the order of the first."""
    digests = [[entry.digest for entry in item.entries] for item in chosen]
    return tuple(dict.fromkeys(digest for digest in digests[0] if all(digest in others for others in digests)))


def _results(judge: Judge, rule: Rule, chosen: Chosen, found: Mapping[Digest, Judged | GateError]) -> list[RuleResult]:
    """One rule's results, for each entry that it chose; or the one that there is nothing to judge."""
    from gate.checks import of_rule  # noqa: PLC0415

    if chosen.problem:
        return [of_rule(rule, _unusable(rule, chosen.problem))]
    results = []
    for entry in chosen.entries:
        judged = found[entry.digest]
        asked = rule.platforms is Scope.INDEX
        if isinstance(judged, GateError):
            result = of_rule(rule, _missed(rule, entry, judged))
        elif judged.error is not None:
            result = of_rule(rule, _missed(rule, entry, judged.error))
        elif entry.platform is not None and read_index(judged.image, judge.limits) is not None:
            result = of_rule(rule, _unusable(rule, f"its entry {entry.digest} is an index itself"))
        else:
            result = next(item for item in judged.rules if item.name == rule.name)
        results.append(result if asked else replace(result, digest=entry.digest, platform=entry.platform))
    return results


def _expected(rule: Rule) -> str:
    if isinstance(rule.platforms, Scope):
        return "a manifest for each platform" if rule.platforms is Scope.EACH else "the image"
    return "one manifest for each of " + ", ".join(map(str, rule.platforms))


def _unusable(rule: Rule, problem: str) -> Result:
    return Result(
        check=CHECK,
        outcome=Outcome.FAIL,
        expected=_expected(rule),
        found=problem,
        remedy='build the index so that each entry is a manifest with its own platform, or set platforms = "index"',
    )


def _missed(rule: Rule, entry: Entry, error: GateError) -> Result:
    if not isinstance(error, CouldNotLook):
        raise error  # a bug of ours, or an invalid input
    where = f"{entry.platform} ({entry.digest})" if entry.platform is not None else str(entry.digest)
    return Result(
        check=CHECK,
        outcome=Outcome.ERROR,
        expected=_expected(rule),
        found=f"could not look at {where}: {error}",
        remedy=error.remedy,
        gaps=(Gap(reason=str(error), exit_code=error.exit_code, remedy=error.remedy),),
    )
