"""Where a range of commits begins: `base` of `[rules.agents]`.

What comes in: a commit, or an earlier report under its sha256. What goes out: a `Base`. A report counts only by what
its bytes are (design rule 29), and only the heads of images that passed in it are a base.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from gate.policy.demands import Base
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from gate.policy.reading import KeyPath, Reader
    from gate.strictjson import JSON

_AGENTS: Final = "agents"
_WAIVED: Final = "waived"


def read_base(value: str | Mapping[str, Any], at: KeyPath, to: Reader) -> Base:
    """The commit, or what the report passed."""
    from gate.claims.source import is_commit  # noqa: PLC0415  (only a rule with a range needs it yet)

    if isinstance(value, str):
        if not is_commit(value):
            to.problem(at, f"{value!a} is no whole commit: 40 or 64 lower-case hex digits")
        return Base(commit=value)
    raw = to.file(value["report"], (*at, "report"), "report")
    if raw is None:
        return Base(report=value["report"])
    found = hashlib.sha256(raw).hexdigest()
    if found != value["sha256"].removeprefix("sha256:"):
        to.problem((*at, "sha256"), f"the report is another one: its sha256 is {found}")
        return Base(report=value["report"])
    try:
        heads = _heads(parse_object(raw))
    except Refused as error:
        to.problem((*at, "report"), f"{value['report']!a} is no report: {error}")
        heads = {}
    if not heads:
        to.problem((*at, "report"), f"{value['report']!a} passed no image whose head commit it names")
    return Base(heads=heads, report=value["report"])


def _heads(report: Mapping[str, JSON]) -> dict[str, frozenset[str]]:
    """The head commits of the images that passed, by repository. Where a check of the agents was waived, what leads to
    the head was let pass for a time, and a range that begins there would let it pass for ever.
    """
    from gate.claims.source import is_commit  # noqa: PLC0415

    found: defaultdict[str, set[str]] = defaultdict(set)
    images = report.get("images")
    for image in images if isinstance(images, list) else ():
        if not isinstance(image, Mapping) or image.get("verdict") != "pass" or _is_excused(image.get("rules")):
            continue
        commits = image.get("commits")
        for commit in commits if isinstance(commits, list) else ():
            if not isinstance(commit, Mapping) or commit.get("head") is not True:
                continue
            name, repository = commit.get("hash"), commit.get("repository")
            if isinstance(name, str) and is_commit(name) and isinstance(repository, str) and repository:
                found[repository].add(name)
    return {repository: frozenset(commits) for repository, commits in found.items()}


def _is_excused(rules: JSON) -> bool:
    """Whether a check of the agents was waived in one of an image's rules."""
    tables = [item for item in rules if isinstance(item, Mapping)] if isinstance(rules, list) else []
    checks = [check for table in tables if isinstance(found := table.get("checks"), list) for check in found]
    return any(
        isinstance(check, Mapping)
        and str(check.get("id")).partition(".")[0] == _AGENTS
        and check.get("outcome") == _WAIVED
        for check in checks
    )
