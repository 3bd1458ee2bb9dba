"""What a signer may do in the formats that say something of commits, and in summaries: as much as a payload holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from gate.limits import Limits
from tests.hostile import MIB
from tests.hostile.image import HEX, OWN, VERIFIER, WORKFLOW, Hostile, packed, signed, statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TOKENS: Final = Limits().payload_tokens
_FULL: Final = 12 * MIB - 8192
HEAD: Final = "1" * 40
TREE: Final = "5" * 40


def _provenance() -> bytes:
    """Good provenance, whose head commit the statements are about."""
    uri = "git+https://github.com/acme/api@refs/heads/main"
    source = {"uri": uri, "digest": {"gitCommit": HEAD}}
    workflow = {"repository": "https://github.com/acme/api", "ref": "refs/heads/main", "path": "x"}
    definition = {
        "buildType": WORKFLOW,
        "externalParameters": {"workflow": workflow},
        "resolvedDependencies": [source],
    }
    details = {"builder": {"id": "https://builder.example/x"}}
    return statement(packed({"buildDefinition": definition, "runDetails": details}))


def _about(folder: Path, kind: str, predicate: bytes, digest: str = f'"gitCommit":"{HEAD}"') -> list[str]:
    """An image with good provenance, and one statement about its head commit."""
    made = Hostile(folder)
    subject = b'[{"name":"git+commit","digest":{%s}}]' % digest.encode()
    made.attach(signed(_provenance()), signed(statement(predicate, predicate_type=kind, subject=subject)))
    return made.arguments()


def _list(entry: bytes, number: int | None = None) -> bytes:
    """As many entries as the tokens or the bytes allow; `%d` in one is its number."""
    tokens = 1 + sum(entry.count(mark) for mark in (b"{", b"}", b"[", b"]", b",", b":"))
    most = min((_TOKENS - 200) // tokens, _FULL // (len(entry) + 8))
    return b"[" + b",".join(entry.replace(b"%d", b"%d" % count) for count in range(number or most)) + b"]"


def a_trace_of_many_models(folder: Path) -> list[str]:
    """A range for each of a hundred thousand models."""
    ranges = _list(b'{"contributor":{"type":"ai","model_id":"a/m%d"}}')
    files = b'[{"path":"x","conversations":[{"contributor":{"type":"ai"},"ranges":' + ranges + b"}]}]"
    head = b'{"version":"0.1.0","vcs":{"type":"git","revision":"%s"},"tool":{"name":"x"},"files":' % HEAD.encode()
    return _about(folder, "https://agent-trace.dev/schemas/v1/trace-record.json", head + files + b"}")


def trailers(folder: Path) -> list[str]:
    """A message of four hundred thousand trailers, in its last block."""
    line = rb"Assisted-by: evil-%d:m\nCo-authored-by: a <a@x>\n"
    message = b"x\\n\\n" + line * (_FULL // len(line) - 9)
    return _gitsign(folder, b'"parents":[],"message":"' + message + b'"')


def folded_trailers(folder: Path) -> list[str]:
    """One trailer of six million folded lines."""
    return _gitsign(folder, b'"parents":[],"message":"x\\n\\nAssisted-by: x:y' + rb"\n z" * (_FULL // 4 - 99) + b'"')


def a_message_of_spaces(folder: Path) -> list[str]:
    """Spaces and line ends, which a pattern could go over again and again."""
    return _gitsign(folder, b'"parents":[],"message":"x' + (b" " * 99 + rb"\n") * (_FULL // 101 - 9) + b'"')


def a_trailer_of_brackets(folder: Path) -> list[str]:
    """A name and an address that never end."""
    return _gitsign(folder, b'"parents":[],"message":"x\\n\\nCo-authored-by: ' + b"a <b" * (_FULL // 4 - 99) + b'"')


def parents(folder: Path) -> list[str]:
    """A commit of two hundred thousand parents."""
    return _gitsign(folder, b'"parents":' + _list(b'"%040d"'.replace(b"%040d", b"a%d".ljust(40, b"0")), 0))


def _gitsign(folder: Path, rest: bytes) -> list[str]:
    source = b'{"source":{"tree":"%s","author":{"name":"a","email":"a@x"},%s}}' % (TREE.encode(), rest)
    return _about(folder, "https://gitsign.sigstore.dev/predicate/git/v0.1", source, f'"sha1":"{HEAD}"')


def approvers(folder: Path) -> list[str]:
    """As many who approved as there may be, and as many who took it back."""
    half = min(_TOKENS // 2 - 99, _FULL // 24)
    names, taken = _list(b'"p-%d"', half), _list(b'"q-%d"', half)
    rest = b'"targetTreeID":"%s","approvers":%s,"dismissedApprovers":%s' % (TREE.encode(), names, taken)
    kind = "https://gittuf.dev/github-pull-request-approval/v0.1"
    return _about(folder, kind, b'{"targetRef":"x","fromRevisionID":"y",' + rest + b"}", f'"gitTree":"{TREE}"')


def reviews(folder: Path) -> list[str]:
    """Approvals of a tree, and agents that helped."""
    entry = b'{"approver":"p-%d","overTree":{"digest":{"gitTree":"' + TREE.encode() + b'"}}}'
    rest = b'{"authorship":{"declaredBy":"ci","agents":[{"tool":"x","model":"y"}]},"approvals":' + _list(entry)
    kind = "https://drvelvetfog.github.io/source-review-coverage/v0.1"
    return _about(folder, kind, rest + b"}", f'"gitCommit":"{HEAD}","gitTree":"{TREE}"')


def helpers(folder: Path) -> list[str]:
    """A hundred thousand agents that helped with one commit."""
    rest = b'{"authorship":{"declaredBy":"ci","agents":' + _list(b'{"tool":"evil-%d","model":"m%d"}')
    kind = "https://drvelvetfog.github.io/source-review-coverage/v0.1"
    return _about(folder, kind, rest + b'},"approvals":[]}', f'"gitCommit":"{HEAD}","gitTree":"{TREE}"')


def delegations(folder: Path) -> list[str]:
    """A chain of a hundred and fifty thousand agents, and tools."""
    chain = _list(b'{"role":"x","agentRef":"evil-%d"}')
    rest = b'"agent":{"name":"x","version":"1"},"model":{"provider":"a","modelId":"m"},"delegation":{"delegationChain":'
    repository = b'"repo":{"url":"https://github.com/acme/api","headCommit":"%s"},' % HEAD.encode()
    predicate = b'{"predicateVersion":"v1",' + repository + rest + chain + b"}}"
    return _about(folder, "https://agentattest.dev/predicate/v1", predicate, f'"sha256":"{"7" * 64}"')


def _agent(name: bytes, more: bytes = b"") -> bytes:
    held = b'{"model":{"provider":"a","modelId":"m"},"runtime":{"name":"%s","version":"1"}%s}' % (name, more)
    return b'{"agent":' + held


def _run(folder: Path, agents: bytes) -> list[str]:
    head = b'{"buildDefinition":{"buildType":"https://refs.arewm.com/agent-commit/v0.3","externalParameters":{"target":'
    target = (
        b'{"repository":"git+https://github.com/acme/api","baseCommit":"%s"}},"internalParameters":' % HEAD.encode()
    )
    predicate = head + target + agents + b'},"runDetails":{"builder":{"id":"https://builder.example/x"}}}'
    return _about(folder, "https://slsa.dev/provenance/v1", predicate)


def subagents(folder: Path) -> list[str]:
    """Forty thousand agents beside each other below one."""
    return _run(folder, _agent(b"x") + b',"subagents":' + _list(_agent(b"evil-%d") + b"}") + b"}")


def subagents_of_subagents(folder: Path) -> list[str]:
    """Chains as deep as JSON may be, one beside the other."""
    deep = b"".join(_agent(b"evil-%d") + b',"subagents":[' for _ in range(26)) + b"]}" * 26
    count = min(_TOKENS // (26 * 17), _FULL // len(deep)) - 2
    chains = b",".join(deep.replace(b"%d", b"%d" % number) for number in range(count))
    return _run(folder, _agent(b"x") + b',"subagents":[' + chains + b"]}")


def tools(folder: Path) -> list[str]:
    """A run that used a hundred thousand tools."""
    return _run(folder, _agent(b"x", b',"tools":' + _list(b'{"name":"t%d"}')) + b"}")


def sessions(folder: Path) -> list[str]:
    """A git-ai note of sixty thousand sessions, each with an author."""
    entry = b'"s_%d":{"agent_id":{"tool":"evil-%d","id":"c","model":"m%d"},"human_author":"p-%d"}'
    body = _list(entry)[1:-1]
    return _about(folder, "authorship/3.0.0", b'{"schema_version":"authorship/3.0.0","sessions":{' + body + b"}}")


def a_mapped_list_of_lists(folder: Path) -> list[str]:
    """A predicate of one's own, with claims in each of many lists."""
    entry = b'{"commit":"%s","agent":"evil-%%d","model":"m","tools":["git"]}' % HEAD.encode()
    lists = _list(b"[" + entry + b"]")
    return _about(folder, OWN, b'{"work":' + lists + b"}")


def a_mapped_list_of_numbers(folder: Path) -> list[str]:
    """The same, of what is no claim."""
    return _about(folder, OWN, b'{"work":[' + _list(b"1") + b"]}")


def _summary(levels: bytes, resource: str = "git+https://github.com/acme/api") -> bytes:
    head = {"verifier": {"id": VERIFIER}, "resourceUri": resource, "policy": {"uri": "x"}}
    return packed({**head, "verificationResult": "PASSED"})[:-1] + b',"verifiedLevels":' + levels + b"}"


def levels(folder: Path) -> list[str]:
    """A summary of the commit with as many levels as there may be."""
    return _about(folder, "https://slsa.dev/verification_summary/v1", _summary(_list(b'"L%d"')))


def a_level_of_megabytes(folder: Path) -> list[str]:
    """One level that fills the payload."""
    return _about(folder, "https://slsa.dev/verification_summary/v1", _summary(b'["' + b"x" * (_FULL - 999) + b'"]'))


def commits_of_a_summary(folder: Path) -> list[str]:
    """A summary about fifty thousand commits, each with its refs."""
    made = Hostile(folder)
    entry = b'{"digest":{"gitCommit":"%s"},"annotations":{"sourceRefs":["refs/heads/%%d"]}}' % HEAD.encode()
    subject = _list(entry)
    kind = "https://slsa.dev/verification_summary/v1"
    about = signed(statement(_summary(b'["SLSA_SOURCE_LEVEL_3"]'), predicate_type=kind, subject=subject))
    made.attach(signed(_provenance()), about)
    return made.arguments()


def summaries(folder: Path) -> list[str]:
    """As many summaries as an image may have, none of which counts."""
    made = Hostile(folder)
    subject = b'[{"digest":{"sha256":"%s"}}]' % HEX.encode()
    kind = "https://slsa.dev/verification_summary/v1"
    payloads = (_summary(b'["SLSA_BUILD_LEVEL_3"]', f"ghcr.io/acme/{number}") for number in range(150))
    made.attach(
        signed(_provenance()),
        *(signed(statement(payload, predicate_type=kind, subject=subject)) for payload in payloads),
    )
    return made.arguments()


def parameters(folder: Path) -> list[str]:
    """As many external parameters as there may be, to a rule that wants to know each."""
    document: Any = json.loads(_provenance())
    document["predicate"]["buildDefinition"]["externalParameters"]["inputs"] = "PARAMETERS"
    body = b"{" + _list(b'"p%d":{"q":1}')[1:-1] + b"}"
    made = Hostile(folder)
    made.attach(signed(packed(document).replace(b'"PARAMETERS"', body)))
    return made.arguments()


def an_sbom(folder: Path) -> list[str]:
    """A real form of SBOM with as many packages as a blob holds."""
    entry = b'{"SPDXID":"SPDXRef-%d","name":"n%d","versionInfo":"1.2.3","licenseConcluded":"MIT","externalRefs":[]}'
    made = Hostile(folder)
    predicate = b'{"spdxVersion":"SPDX-2.3","packages":' + _list(entry) + b"}"
    made.attach(signed(_provenance()), signed(statement(predicate, predicate_type="https://spdx.dev/Document")))
    return made.arguments()


CASES: Final[dict[str, Callable[[Path], list[str]]]] = {
    "claimed: " + made.__name__.replace("_", " "): made
    for made in (
        *(a_trace_of_many_models, trailers, folded_trailers, a_message_of_spaces, a_trailer_of_brackets, parents),
        *(approvers, reviews, helpers, delegations, subagents, subagents_of_subagents, tools, sessions),
        *(a_mapped_list_of_lists, a_mapped_list_of_numbers, levels, a_level_of_megabytes, commits_of_a_summary),
        *(summaries, parameters, an_sbom),
    )
}
