"""How the aspects of `agents` say what they found: the same words for the same thing, foreign text escaped.

What comes in: judged claims. What goes out: texts, and the `Result` of an aspect that judges each claim by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.agents.judged import CHECK
from gate.claims.agents import Authorship
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gate.checks.agents.judged import JudgedClaim, Scene
    from gate.claims.agents import AgentClaim

_SHOWN = 5


def by_claim(
    scene: Scene,
    aspect: str,
    *,
    expected: str,
    remedy: str,
    wrong: Callable[[JudgedClaim], str | None],
    joint: str = " ",
) -> Result:
    """The result of an aspect that every accepted claim must satisfy; `wrong` says what is wrong with one."""
    found = []
    for entry in scene.accepted:
        what = wrong(entry)
        if what is not None:
            text = f"{short(entry.claim.commit)}{joint}{what}"
            scene.note(entry, aspect, text)
            found.append(text)
    count = len(scene.accepted)
    return result(scene, aspect, expected=expected, wrong=found, fine=f"{count} of {count} claims", remedy=remedy)


def result(scene: Scene, aspect: str, *, expected: str, wrong: Iterable[str], fine: str, remedy: str) -> Result:
    """A result that fails if anything is wrong."""
    found = some(wrong)
    return Result(
        check=f"{CHECK}.{aspect}",
        outcome=Outcome.FAIL if found else Outcome.PASS,
        expected=expected,
        found=found or fine,
        evidence=scene.evidence or tuple(sorted(item.provenance.evidence.digest for item in scene.judged)),
        remedy=remedy if found else "",
    )


def author(claim: AgentClaim) -> str:
    """Who wrote a commit, with which model."""
    who = f"{claim.agent!a}" if claim.agent else "nobody named"
    provider = f"{claim.provider}/" if claim.provider else ""
    version = f" {claim.model_version}" if claim.model_version else ""
    if claim.model:
        return f"{who} with {provider + claim.model + version!a} ({claim.authored_by.value})"
    unnamed = "" if claim.authored_by is Authorship.HUMAN else ", no model named"
    return f"{who}{unnamed} ({claim.authored_by.value})"


def short(commit: str | None) -> str:
    """A commit inside a message."""
    return commit[:12] if commit else "a commit without hash"


def some(items: Iterable[str]) -> str:
    """The first of many, and how many more there are."""
    listed = list(dict.fromkeys(items))
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
