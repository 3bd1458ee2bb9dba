"""Many references in one run.

What comes in: references, and a `Judge` that they share. What goes out: a judgement for each, in the order of the
references, as far as there is one when the time is over or a signal comes. The same text is judged once.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from gate.errors import CouldNotLook
from gate.memory import return_what_is_freed

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
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    for text in places:
        jobs.put(text)
    answers: queue.SimpleQueue[tuple[str, ImageJudgement | BaseException]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                text = jobs.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put((text, judge.judge(references[places[text][0]])))
            except BaseException as error:  # noqa: BLE001  (raised again below)
                answers.put((text, error))

    judge.progress.judged(0, len(places))
    for _ in range(min(judge.limits.images, len(places))):
        threading.Thread(target=work, daemon=True).start()
    failed: BaseException | None = None
    for number in range(1, len(places) + 1):
        text, answer = answers.get()
        judge.progress.judged(number, len(places))
        if isinstance(answer, BaseException):
            failed = answer
            continue
        for place in places[text]:
            done[place] = answer
    if failed is not None:
        raise failed
