"""`source` and `source.level`: the commit that the image was built from is of a Source level (SLSA's Source track).

What comes in: the rule's `source` section, the selection that the provenance check judged, and the verification
summaries about commits that came with the image. What goes out: one result. Without a summary a commit is level 0
(SLSA v1.2, "Source Verification Summary Attestations"); a level says nothing of who or what wrote the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.checks.signers import signed_by
from gate.checks.vsa import Vouched, vouched
from gate.claims.source import canonical_repository
from gate.claims.vsa import Track
from gate.policy.parties import Anything
from gate.verdict import Outcome, Result

if TYPE_CHECKING:
    from datetime import datetime

    from gate.checks.selection import Judged, Selection
    from gate.claims import Claims
    from gate.claims.vsa import Summary
    from gate.policy.demands import SourceSection, Verifier
    from gate.policy.model import Policy
    from gate.strictjson import JSON
    from gate.verification import Subject

CHECK: Final = "source"


def check_source(section: SourceSection, selection: Selection, claims: Claims, policy: Policy, now: datetime) -> Result:
    """Judge the head of every provenance that the rule judges: each has its own summary."""
    expected = f"a verification summary that says Source level {section.level} of the commit, by " + " or ".join(
        dict.fromkeys(str(pair.verifier) for pair in section.vsa)
    )
    if not selection.judged:
        return Result(
            check=CHECK,
            outcome=Outcome.FAIL,
            expected=expected,
            found="no provenance by an accepted signer and builder, so nobody says which commit the image holds",
            remedy="make the check provenance pass: this one needs it",
        )
    signers = tuple(pair.signer for pair in section.vsa)
    summaries = tuple(item for item in claims.summaries if signed_by(item.evidence, signers, policy))
    heads = [(item, _vouched(section, item, summaries, policy, now)) for item in selection.judged]
    passed = all(found.level is not None and found.level >= section.level for _, found in heads)
    return Result(
        check=f"{CHECK}.level",
        outcome=Outcome.PASS if passed else Outcome.FAIL,
        expected=expected,
        found="; ".join(dict.fromkeys(_said(item, found) for item, found in heads)),
        evidence=tuple(
            sorted({item.provenance.evidence.digest for item, _ in heads} | {e for _, f in heads for e in f.evidence})
        ),
        remedy=""
        if passed
        else "image: attach the summary that the source's platform issued for this commit, as a referrer of the image; "
        "policy: a lower source.level, which lets in commits with fewer controls on who changes them",
    )


def _said(item: Judged, found: Vouched) -> str:
    commit = item.commits[0][:12] if len(item.commits) == 1 else "no one commit"
    return f"{commit}: {found.words() or 'level 0, no summary about it by a named verifier'}"


def _vouched(
    section: SourceSection, item: Judged, summaries: tuple[Summary, ...], policy: Policy, now: datetime
) -> Vouched:
    """What the summaries about the head of one provenance come to."""
    if len(item.commits) != 1 or item.repository is None:
        return Vouched(why=("the provenance does not say which one commit of which repository it was built from",))
    (commit,) = item.commits
    subjects = [(summary, summary.subject(commit)) for summary in summaries]
    about = [(summary, subject) for summary, subject in subjects if subject is not None]

    def is_expected(summary: Summary, pair: Verifier) -> bool:
        if pair.resource is not None:
            return any(pattern.matches_identity(summary.resource) for pattern in pair.resource)
        return canonical_repository(summary.resource) == item.repository

    found = vouched(
        section.vsa,
        [summary for summary, subject in about if _on_its_ref(section, item, subject)],
        Track.SOURCE,
        is_expected,
        policy,
        max_age=section.max_age,
        now=now,
    )
    if found.level is None and not found.why and about:
        return Vouched(why=(f"its summaries are not about {_wanted(section, item)}",))
    return found


def _on_its_ref(section: SourceSection, item: Judged, subject: Subject) -> bool:
    """Whether the commit was on the branch or tag that it should be: by default the one that it was built from."""
    if isinstance(section.refs, Anything):
        return True
    refs = _source_refs(subject)
    if section.refs is not None:
        return any(pattern.matches(ref) for pattern in section.refs for ref in refs)
    return item.ref in refs


def _source_refs(subject: Subject) -> tuple[str, ...]:
    """`annotations.sourceRefs`, which some issuers still call `source_refs`; fully qualified names alone."""
    stated: JSON = subject.annotations.get("sourceRefs", subject.annotations.get("source_refs"))
    return (
        tuple(ref for ref in stated if isinstance(ref, str) and ref.startswith("refs/"))
        if isinstance(stated, list)
        else ()
    )


def _wanted(section: SourceSection, item: Judged) -> str:
    if section.refs is None or isinstance(section.refs, Anything):
        return item.ref or "a ref that the provenance names"
    return " or ".join(pattern.text for pattern in section.refs)
