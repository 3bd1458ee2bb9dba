"""References, a policy and trust roots -> judgements: the story of a verdict (design section 5).

What comes in: what a run was asked to judge, and the moment that counts as now. What goes out: an `ImageJudgement` for
each reference. Everything between the source and the judgement is pure given those; nothing here prints, exits, reads
the environment or asks what time it is.

`judge` is the story of one digest on one page. `entries` spreads it over the entries of an index, `notes` says what
stands beside a fail, `batch` runs it for many references at once; `judgement` is what comes of it.
"""

from __future__ import annotations

from gate.flow.batch import judge_all
from gate.flow.judge import Judge
from gate.flow.judgement import ImageJudgement, Judged

__all__ = ["ImageJudgement", "Judge", "Judged", "judge_all"]
