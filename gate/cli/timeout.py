"""`--timeout` -> the deadline of a run.

What comes in: the flag's text and the environment. What goes out: a `Deadline` that runs from now, or `InvalidUsage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.limits import Deadline


def read_deadline(text: str | None, environment: Mapping[str, str]) -> Deadline:
    """What the flag says, else `GATE_TIMEOUT`, else 60 s, or what GitLab gives the job if that is less."""
    from gate.duration import parse_duration  # noqa: PLC0415
    from gate.limits import DEFAULT_TIMEOUT_SECONDS, Deadline  # noqa: PLC0415

    source = "--timeout" if text else "GATE_TIMEOUT"
    text = text or environment.get("GATE_TIMEOUT")
    if not text:
        job = environment.get("CI_JOB_TIMEOUT", "")  # GitLab's, in seconds: gate's own words should end the log
        seconds = int(job) if job.isascii() and job.isdecimal() and len(job) < 10 else 0
        if 0 < seconds < DEFAULT_TIMEOUT_SECONDS:
            return Deadline(seconds, "CI_JOB_TIMEOUT; --timeout sets another")
        return Deadline(DEFAULT_TIMEOUT_SECONDS)
    try:
        return Deadline(parse_duration(text).total_seconds(), source)
    except ValueError as error:
        raise InvalidUsage(f"{source}: {error}") from None
