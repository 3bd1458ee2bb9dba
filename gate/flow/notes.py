"""What stands beside a fail: an index that is signed where its entry was asked for, or the reverse.

What comes in: a judgement. What goes out: sentences for a person, which change no verdict. Each says what was judged to
know it, by the same rules, and nothing is guessed: an index can be named only where the reference has its tag too, or
where a layout lists it. It costs further requests, so only after a fail.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from gate.discovery.entries import choose, read_index
from gate.errors import CouldNotLook
from gate.flow.judgement import Judged
from gate.parallel import run_round
from gate.policy.images import rules_for
from gate.policy.model import Scope
from gate.reference import Transport
from gate.verdict import EXIT_FAIL

if TYPE_CHECKING:
    from gate.flow.judge import Judge
    from gate.flow.judgement import ImageJudgement
    from gate.limits import Limits
    from gate.reference import Reference
    from gate.sources import Content, Source
    from gate.sources.manifest import Manifest

_MOST: Final = 8
"""Entries of an unsigned index that are looked at for a note; a fail must not become slow for it."""


def notes_about(judge: Judge, reference: Reference, source: Source, judgement: ImageJudgement) -> tuple[str, ...]:
    """Where the signatures are that a fail misses, if that can be told. What cannot be looked at is no note."""
    rules = rules_for(judge.policy, reference)
    plain = all(rule.platforms is Scope.INDEX for rule in rules)
    image = judgement.image
    if judgement.exit_code != EXIT_FAIL or image is None or not image.raw or not rules or not plain:
        return ()
    try:
        index = read_index(image, judge.limits)
        if index is not None:
            note = _entries(judge, reference, source, index)
        else:
            note = _index(judge, reference, source, image)
    except CouldNotLook:
        return ()
    return (note,) if note else ()


def _index(judge: Judge, reference: Reference, source: Source, image: Content) -> str:
    """Of a manifest: whether an index that lists it is signed."""
    holder = source.holder(image.digest)
    if holder is None or not _lists(holder, image, judge.limits):
        if reference.transport is Transport.REGISTRY and reference.tag is None:
            return "if this manifest is one platform of an index, what is signed may be the index: ask for that"
        return ""
    found = judge.judge_digest(reference, judge.look(reference, source, image=holder))
    named = f"the index {holder.digest}"
    if reference.transport is Transport.REGISTRY:
        named += f" (tag {reference.tag})"
    if found.passes:
        return f"{named}, which lists this manifest, satisfies the policy: ask for the index"
    if count := _verified(found):
        return f"{named}, which lists this manifest, has {count} of its own, which says nothing of this manifest alone"
    return ""


def _lists(holder: Content, image: Content, limits: Limits) -> bool:
    index = read_index(holder, limits)
    return index is not None and any(entry.digest == image.digest for entry in index.manifests)


def _entries(judge: Judge, reference: Reference, source: Source, index: Manifest) -> str:
    """Of an index: whether its entries are signed by themselves."""
    digests = sorted({entry.digest for entry in choose(index, None, judge.limits).entries})
    if not 0 < len(digests) <= _MOST:
        return ""
    jobs = [
        partial(
            judge.judge_digest,
            reference,
            judge.look(reference, source, digest=digest, image=partial(source.manifest, digest)),
        )
        for digest in digests
    ]
    answers = run_round(jobs, deadline=judge.deadline, width=len(jobs))
    found = [answer for answer in answers if isinstance(answer, Judged)]
    if len(found) == len(digests) and all(item.passes for item in found):
        return 'each manifest that this index lists satisfies the policy: platforms = "each" in the rule judges those'
    signed = [item for item in found if _verified(item)]
    if signed:
        number = f"{len(signed)} of the {len(digests)} manifests"
        return f"{number} that this index lists have verified signatures of their own, which say nothing of the index"
    return ""


def _verified(judged: Judged) -> str:
    from gate.verification import Verified  # noqa: PLC0415

    count = sum(isinstance(item, Verified) for item in judged.evidence)
    if count == 1:
        return "1 verified signature or attestation"
    return f"{count} verified signatures and attestations" if count else ""
