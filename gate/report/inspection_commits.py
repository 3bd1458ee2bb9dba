"""An inspection's commits -> a table: commit, who, agent, model, and by which of the attached things that is claimed.

What comes in: the document. What goes out: lines, as `inspection_text` makes them. Who claims something is named, and
vouches for nothing; below each row stands what the policy's rules say of it, where there is a policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.report.columns import WIDTH, labelled, plain, table, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOST: Final = (
    "no provenance here says which agent or model wrote a commit (commits[]). If the build wrote that, it was lost on "
    'the way: cosign drops it under its short names ("--type slsaprovenance1"), and keeps it with --type '
    "https://slsa.dev/provenance/v1. gate attest agents writes it."
)
_SHOWN_COMMITS: Final = 100
_SHOWN_TOOLS: Final = 20
_WHO: Final = {"autonomous_agent": "agent", None: "-"}


def commits(document: Mapping[str, Any]) -> Iterator[str]:
    """The table, and what stands below it."""
    found = document["commits"]
    provenance = any(signature["provenance"] for item in document["attached"] for signature in item["signatures"])
    if not any(commit["claimed"] for commit in found) and provenance:
        yield ""
        yield from wrapped(LOST, WIDTH)
    if not found:
        return
    yield ""
    yield "commits" + ("" if document["policy"] else ": as whoever signed claims, without a policy that trusts anyone")
    shown = found[:_SHOWN_COMMITS]
    rows = [("commit", "who", "agent", "model", "claimed by"), *map(_row, shown)]
    lines = table(rows, (17, 7, 28, 26, 12))
    yield from next(lines)
    for commit, row in zip(shown, lines, strict=True):
        yield from row
        yield from _more(commit)
        if commit["problem"]:
            yield from labelled(6, "cannot be read:", plain(commit["problem"]), column=22)
        for rule in commit["policy"]:
            yield from _by_rule(rule)
    for number, signer in {commit["attached"]: commit["claimed_by"] for commit in shown if commit["claimed"]}.items():
        who = signer["key"] or f"{signer['identity']} of {signer['issuer']}"
        yield from labelled(2, f"[{number}]", plain(f"is signed by {who}"), column=8)
    if len(found) > len(shown):
        yield f"  and {len(found) - len(shown)} more (--output json)"
    if document["policy"] and not document["rules"]:
        yield from wrapped("  no rule of the policy is for this name, so that it says nothing of these commits", WIDTH)
    elif document["policy"] and not any(commit["policy"] for commit in found):
        yield from wrapped("  no rule for this name asks about agents, so that none says anything of these", WIDTH)


def _row(commit: Mapping[str, Any]) -> tuple[str, ...]:
    name = (commit["hash"] or "no hash")[:12] + (" head" if commit["head"] else "")
    if not commit["claimed"]:
        return plain(name), "-", "nobody claims it", "", ""
    who = _WHO.get(commit["authored_by"], commit["authored_by"])
    return (
        plain(name),
        who,
        plain(commit["agent"] or "nobody named"),
        plain(commit["model"] or ("-" if who == "human" else "none named")),
        f"[{commit['attached']}]",
    )


def _more(commit: Mapping[str, Any]) -> Iterator[str]:
    """What only some formats say of a claim."""
    told = [
        f"{what} {commit[key]}"
        for key, what in (("agent_version", "version"), ("agent_identity", "identity"), ("operator", "operator"))
        if commit[key]
    ]
    told += [f"model of {commit['provider']}"] if commit["provider"] else []
    told += [f"model version {commit['model_version']}"] if commit["model_version"] else []
    if commit["tools"] is not None:
        shown = commit["tools"][:_SHOWN_TOOLS]
        more = f" and {len(commit['tools']) - len(shown)} more" if len(commit["tools"]) > len(shown) else ""
        told.append(f"tools {', '.join(shown) or 'none'}{more}")
    if told:
        yield from labelled(6, "with", plain("; ".join(told)), column=13)


def _by_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    said = {True: "allowed", False: "NOT ALLOWED", None: "COULD NOT BE TOLD"}[rule["allowed"]]
    vouched = f" (vouched for by the {rule['vouched_by']})" if rule["vouched_by"] else ""
    reasons = f": {'; '.join(rule['reasons'])}" if rule["reasons"] else vouched
    yield from labelled(6, "rule", plain(f"{rule['rule']}: {said}{reasons}"), column=13)
