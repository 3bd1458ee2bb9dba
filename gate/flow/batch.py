"""Many references in one run.

What comes in: references, and a `Judge` that they share. What goes out: a judgement for each, in the order of the
references, as far as there is one when the time is over or a signal comes. The same text is judged once.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from gate.errors import CouldNotLook
from gate.memory import return_what_is_freed
from gate.parallel import start_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.flow.judge import Judge
    from gate.flow.judgement import ImageJudgement
    from gate.reference import Reference


def judge_all(
    judge: Judge, references: Sequence[Reference], done: list[ImageJudgement | None], *, bundle: str = ""
) -> None:
    """Judge all, at most `limits.images` at a time, and put each judgement into `done` at its reference's place.

    `done` is the caller's so that what was judged is not lost when this is interrupted. Raises `Invalid` for a local
    reference that is none, before anything is fetched, and again whatever was raised that is no judgement.
    """
    done[:] = [None] * len(references)
    if len(references) == 1:
        done[0] = judge.judge(references[0], bundle=bundle)
        return
    for reference in references:
        if reference.local:
            with suppress(CouldNotLook):  # of this one alone, and said when it is judged
                judge.sources.open(reference).resolve()
    return_what_is_freed()
    places: dict[str, list[int]] = {}
    for number, reference in enumerate(references):
        places.setdefault(reference.text, []).append(number)
    texts = list(places)
    judge.progress.judged(0, len(texts))
    asks = [partial(judge.judge, references[places[text][0]]) for text in texts]
    answers = start_all(asks, width=judge.limits.images)
    failed: BaseException | None = None
    for count in range(1, len(texts) + 1):
        number, answer = answers.get()
        judge.progress.judged(count, len(texts))
        if isinstance(answer, BaseException):
            failed = answer
            continue
        for place in places[texts[number]]:
            done[place] = answer
    if failed is not None:
        raise failed
