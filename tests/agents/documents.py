"""Statements of each format that says something of commits: as its specification has them, with a test's own values.

What comes in: keyword arguments; all have good defaults, about the head commit and the agent that the policies of these
tests allow. What goes out: `Said`, a statement before it is signed. The values are ours; the shapes are the formats'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.evidence import AGENT, EARLIER, HEAD, MAIN, MODEL, OTHER, REPOSITORY, SLSA_V1, claim, predicate_v1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TREE = "5" * 40
BASE = "9" * 40
AGENT_COMMIT = "https://refs.arewm.com/agent-commit/"
PLATFORM_BUILDER = "https://agents.acme.test/platform/v1"
OWN = "https://acme.com/commits/v1"
VERIFIER = "https://github.com/slsa-framework/source-actions"


@dataclass(frozen=True)
class Said:
    """A statement's type, predicate and subjects; without subjects it is about the image."""

    predicate_type: str
    predicate: Any
    subjects: Sequence[Mapping[str, Any]] = ()


def commit(
    which: str = HEAD, /, *, algorithm: str = "gitCommit", tree: str | None = None, **more: Any
) -> dict[str, Any]:
    """A subject that is a commit."""
    return {"digest": {algorithm: which, **({"gitTree": tree} if tree else {})}, **more}


def built(*claims: object, **more: object) -> Said:
    """The build provenance, with claims on its source; without any the head is claimed by the agent."""
    return Said(SLSA_V1, predicate_v1(claims=claims or None, **more))


def silent(**more: object) -> Said:
    """The build provenance without any claim."""
    return Said(SLSA_V1, predicate_v1(claims=(), **more))


def agent_commit(
    *,
    name: object = AGENT,
    model: object = MODEL,
    provider: object = "openai",
    subagents: object = None,
    tools: object = None,
    version: str = "v0.3",
    repository: str = REPOSITORY,
    about: str = HEAD,
    builder: str = PLATFORM_BUILDER,
) -> Said:
    """F3: a run of an agent whose output is a commit."""
    internal: dict[str, object] = {"agent": agent(name, model, provider)}
    if tools is not None:
        internal["agent"] = {**agent(name, model, provider), "tools": tools}
    if subagents is not None:
        internal["subagents"] = subagents
    external = {"target": {"repository": f"git+{repository}", "baseRef": MAIN, "baseCommit": BASE}}
    predicate = {
        "buildDefinition": {
            "buildType": f"{AGENT_COMMIT}{version}",
            "externalParameters": external,
            "internalParameters": internal,
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": "run-7"}},
    }
    return Said(SLSA_V1, predicate, (commit(about, uri=f"git+{repository}@{MAIN}"),))


def agent(name: object = AGENT, model: object = MODEL, provider: object = "openai") -> dict[str, object]:
    """The agent object of F3."""
    return {"model": {"provider": provider, "modelId": model}, "runtime": {"name": name, "version": "1.2.0"}}


def pedigree(
    kind: object = "ai-autonomous",
    *,
    tool: object = AGENT,
    model: object = MODEL,
    provider: object = "openai",
    approver: object = None,
    approved: object = True,
    about: str = HEAD,
) -> Said:
    """F5."""
    authorship: dict[str, object] = {"kind": kind}
    named = {} if kind == "human" else {"model": model, "modelProvider": provider}
    if approver is not None:
        authorship["humanApprover"] = {"subject": approver, "approved": approved}
    predicate = {"authorship": authorship, "agent": {"tool": tool, **named}}
    return Said("dev.pedigree/ai-authorship/v1", predicate, (commit(about, algorithm="sha1", name="git+commit"),))


def agentattest(
    *,
    name: object = AGENT,
    model: object = MODEL,
    chain: object = None,
    tools: object = None,
    approvers: Sequence[object] = (),
    state: object = "approved-before-merge",
    repository: object = REPOSITORY,
    head: object = HEAD,
    version: str = "v1",
    about: str = "patch",
) -> Said:
    """F6: about a patch, or about the image."""
    predicate: dict[str, object] = {
        "predicateVersion": version,
        "repo": {"url": repository, "baseCommit": BASE, "headCommit": head},
        "agent": {"name": name, "version": "1.2.0", "invocationKind": "ci-step"},
        "model": {"provider": "openai", "modelId": model},
        "humanApproval": {"state": state, "reviewerRefs": list(approvers)},
    }
    if chain is not None:
        predicate["delegation"] = {"delegationChain": chain}
    if tools is not None:
        predicate["tools"] = tools
    patch = {"name": "patch.diff", "digest": {"sha256": "7" * 64}}
    return Said(f"https://agentattest.dev/predicate/{version}", predicate, (patch,) if about == "patch" else ())


def coverage(
    *agents: Mapping[str, object], approvals: object = None, operator: object = None, about: str = HEAD
) -> Said:
    """F7: who approved which tree, and which agents helped."""
    authorship: dict[str, object] = {"declaredBy": "ci", "agents": list(agents)}
    if operator is not None:
        authorship["humanOperator"] = operator
    predicate = {"authorship": authorship, "approvals": [] if approvals is None else approvals}
    return Said(
        "https://drvelvetfog.github.io/source-review-coverage/v0.1", predicate, (commit(about, tree=TREE, name=MAIN),)
    )


def approval(who: object, tree: object = TREE) -> dict[str, object]:
    """One of F7's approvals."""
    return {"approver": who, "overTree": {"digest": {"gitTree": tree}}}


def summary(
    *levels: object,
    repository: object = REPOSITORY,
    result: object = "PASSED",
    verifier: object = VERIFIER,
    about: str = HEAD,
) -> Said:
    """F12."""
    predicate = {
        "verifier": {"id": verifier},
        "resourceUri": f"git+{repository}",
        "verificationResult": result,
        "verifiedLevels": list(levels),
        "policy": {"uri": "https://policies.test/1"},
    }
    return Said("https://slsa.dev/verification_summary/v1", predicate, (commit(about),))


def pushed(actor: object, *, activity: str = "push", about: str = HEAD) -> Said:
    """F11."""
    predicate = {"activity_type": activity, "actor": actor, "repo_uri": REPOSITORY, "prev_commit": BASE}
    kind = "https://github.com/slsa-framework/slsa-source-poc/source-provenance/v1-draft"
    return Said(kind, predicate, (commit(about),))


def gitsign(
    message: object = "Mend it",
    *,
    name: object = "Ada Lovelace",
    email: object = "ada@acme.com",
    parents: object = (BASE,),
    tree: object = TREE,
    about: str = HEAD,
) -> Said:
    """F13."""
    source = {"tree": tree, "parents": parents, "author": {"name": name, "email": email}, "message": message}
    if isinstance(parents, tuple):
        source["parents"] = list(parents)
    kind = "https://gitsign.sigstore.dev/predicate/git/v0.1"
    return Said(kind, {"source": source}, (commit(about, algorithm="sha1", name=REPOSITORY),))


def gittuf(*approvers: object, dismissed: Sequence[object] = (), tree: object = TREE) -> Said:
    """F14: the approvals of a pull request."""
    predicate = {
        "targetRef": MAIN,
        "fromRevisionID": BASE,
        "targetTreeID": tree,
        "approvers": list(approvers),
        "dismissedApprovers": list(dismissed),
    }
    kind = "https://gittuf.dev/github-pull-request-approval/v0.1"
    return Said(kind, predicate, ({"digest": {"gitTree": tree}},))


def authorization(target: object = TREE, *, version: str = "v0.2", algorithm: str = "gitTree") -> Said:
    """F14: the signer's own approval."""
    keys = ("fromID", "targetID") if version == "v0.2" else ("fromRevisionID", "targetTreeID")
    predicate = {"targetRef": MAIN, keys[0]: BASE, keys[1]: target}
    kind = f"https://gittuf.dev/reference-authorization/{version}"
    return Said(kind, predicate, ({"digest": {algorithm: target}},))


def trace(
    *models: object,
    kind: object = "ai",
    tool: object = AGENT,
    vcs: str = "git",
    revision: object = HEAD,
    about: str = HEAD,
) -> Said:
    """F17: a conversation for each model; the last one in a range of its own."""
    conversations = [{"contributor": {"type": kind, "model_id": model}, "ranges": []} for model in models[:-1]]
    ranges = [{"start_line": 1, "end_line": 2, "contributor": {"type": kind, "model_id": models[-1]}}]
    conversations.append({"contributor": {"type": "human"}, "ranges": ranges})  # type: ignore[dict-item]
    predicate = {
        "version": "0.1.0",
        "vcs": {"type": vcs, "revision": revision},
        "tool": {"name": tool, "version": "2.4.0"},
        "files": [{"path": "a.ts", "conversations": conversations}],
    }
    return Said("https://agent-trace.dev/schemas/v1/trace-record.json", predicate, (commit(about),))


def git_ai(*, tool: object = AGENT, model: object = MODEL, author: object = None, about: str = HEAD) -> Said:
    """F18."""
    session: dict[str, object] = {"agent_id": {"tool": tool, "id": "c1", "model": model}}
    if author is not None:
        session["human_author"] = author
    predicate = {"schema_version": "authorship/3.0.0", "base_commit_sha": BASE, "sessions": {"s_1": session}}
    return Said("authorship/3.0.0", predicate, (commit(about),))


def own(*entries: object, about: Sequence[Mapping[str, Any]] = ()) -> Said:
    """A predicate of the policy's own, as `OWN_FORMAT` maps it."""
    return Said(OWN, {"work": list(entries)}, about)


def entry(name: object = AGENT, model: object = MODEL, about: object = HEAD, **more: object) -> dict[str, object]:
    """One of `own`'s."""
    return {"commit": about, "agent": {"name": name, "model": model}, **more}


OWN_FORMAT = f"""
[[agent-formats]]
type = "{OWN}"
commits = "/work/*"
hash = "/commit"
agent = "/agent/name"
model = "/agent/model"
"""

__all__ = [
    "AGENT",
    "AGENT_COMMIT",
    "BASE",
    "EARLIER",
    "HEAD",
    "OTHER",
    "OWN",
    "OWN_FORMAT",
    "PLATFORM_BUILDER",
    "TREE",
    "VERIFIER",
    "Said",
    "agent",
    "agent_commit",
    "agentattest",
    "approval",
    "authorization",
    "built",
    "claim",
    "commit",
    "coverage",
    "entry",
    "git_ai",
    "gitsign",
    "gittuf",
    "own",
    "pedigree",
    "pushed",
    "silent",
    "summary",
    "trace",
]
