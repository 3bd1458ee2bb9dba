"""The agents' story from end to end: a git repository, an image built from it, its provenance, and the verdict.

What comes in: a running lab. What goes out: comparisons of what gate says with what is true: who wrote the commits, as
git has it, and what the policy allows. Nothing is prepared by hand but the authors and their models: `gate attest
agents` reads the history and writes the provenance, `commits[] {hash, author, authored_by, agent_model}` in
`resolvedDependencies[].properties`, as a job of the build platform would. `pipelines` has the same as two whole ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interop import pipelines
from interop.asking import GATE, ask_gate
from interop.images import Pushed, push_image
from interop.oidc import workflow
from interop.processes import must, run
from interop.produce import SLSA_V1, Signer, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from interop.lab import Lab
    from interop.oidc import Identity
    from interop.registries import Document
    from interop.tally import Tally

MODEL = "gpt-4-turbo-2024-12"
OTHER_MODEL = "gpt-3.5-turbo-0125"
AGENT = "copilot-coding-agent-v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes a commit. `model` empty: a person."""

    name: str
    model: str = ""


ADA = Author(name="ada")
HISTORY = (
    (ADA, "README.md", "hello\n"),
    (ADA, "main.py", "print('hello')\n"),
    (Author(name=AGENT, model=MODEL), "main.py", "print('hello, world')\n"),
)
OTHER_ENDING = (Author(name=AGENT, model=OTHER_MODEL), "main.py", "print('hello, world')\n")
SHORT_TYPE = "slsaprovenance1"


def tell(lab: Lab, tally: Tally) -> None:
    """The story, and its two bad endings."""
    repository = lab.folder / "repository"
    base, *_, head = _commit_all(lab, repository, HISTORY)
    made = _attest(lab, repository, base, head)
    claims = _claims(made)
    signer = Signer(lab=lab)
    release = workflow("acme/api", commit=head)
    policy = POLICY.format(root=lab.trusted_root, issuer=lab.issuer.url("github"), identity=release.name)

    built = _build(lab, repository, "story/api", head)
    signer.sign(built.reference, release)
    signer.attest(built.reference, release, SLSA_V1, made)
    _verdict(lab, tally, policy, built, "commits by a person and by an agent with an allowed model", code=0)
    _inspected(lab, tally, built, release, claims)
    for registry in lab.registries[1:]:
        copied = _build(lab, repository, "story/api", head, registry=registry.name)
        signer.sign(copied.reference, release)
        signer.attest(copied.reference, release, SLSA_V1, made)
        _verdict(lab, tally, policy, copied, "the same with tags only", code=0)

    changed = [{**claim, "agent_model": OTHER_MODEL} if "agent_model" in claim else claim for claim in claims]
    _ending(
        lab, tally, policy, release, _with_claims(head, changed), SLSA_V1, "another model", "agents.models", OTHER_MODEL
    )
    _ending(
        lab,
        tally,
        policy,
        release,
        _with_claims(head, claims),
        SHORT_TYPE,
        "claims that cosign's short type dropped",
        "agents.coverage",
        f"--type {SLSA_V1}",
    )
    # Judged by what is signed, whatever git says: a head that no claim speaks of.
    _ending(
        lab,
        tally,
        policy,
        release,
        _with_claims(head, claims[:-1]),
        SLSA_V1,
        "a head commit without a claim",
        "agents.coverage",
        head[:12],
    )
    # The certificate says which commit was built, and a provenance about another one does not count.
    _ending(
        lab,
        tally,
        policy,
        release,
        _with_claims("f" * 40, claims),
        SLSA_V1,
        "provenance of another commit",
        "provenance.commit",
        "f" * 40,
    )
    _pipelines(lab, tally, repository, base, head)


def _pipelines(lab: Lab, tally: Tally, repository: Path, base: str, head: str) -> None:
    """The pipelines of docs/attest.md over the same history, and over one whose agent has another model."""
    other, *_, last = _commit_all(lab, lab.folder / "other", (*HISTORY[:-1], OTHER_ENDING))
    for system in (pipelines.github, pipelines.gitlab):
        built = _build(lab, repository, f"pipelines/{system.__name__}", head)
        says = "commits by a person and by an agent with an allowed model"
        pipelines.follow(lab, tally, system(base, head), repository, built.reference, says=says, code=0)
        built = _build(lab, lab.folder / "other", f"pipelines/{system.__name__}-other", last)
        pipelines.follow(
            lab,
            tally,
            system(other, last),
            lab.folder / "other",
            built.reference,
            says="an agent with another model",
            code=1,
            words="agents.models",
        )


def _ending(
    lab: Lab,
    tally: Tally,
    policy: str,
    release: Identity,
    predicate: Document,
    kind: str,
    says: str,
    fails: str,
    words: str,
) -> None:
    """Build anew, attest `predicate` as `kind`, and see the check `fails` fail with a message that has `words`."""
    image = push_image(lab.referrers.repository("story/endings"), {"ending": says.encode()})
    signer = Signer(lab=lab)
    signer.sign(image.reference, release)
    signer.attest(image.reference, release, kind, predicate)
    _verdict(lab, tally, policy, image, says, code=1, fails=fails, words=words)


def _verdict(
    lab: Lab, tally: Tally, policy: str, image: Pushed, says: str, *, code: int, fails: str = "", words: str = ""
) -> None:
    report = lab.folder / "story.json"
    report.unlink(missing_ok=True)
    gate = ask_gate(lab, image.reference, policy, f"--report={report}")
    judged = json.loads(report.read_bytes())["images"] if report.exists() else []
    failed = [
        check["id"] for one in judged for rule in one["rules"] for check in rule["checks"] if check["outcome"] == "fail"
    ]
    word = {0: "pass", 1: "fail"}.get(gate.code, f"exit {gate.code}")
    tally.check(
        f"story      {says}: gate {word}{f', {fails}' if fails else ''}",
        held=gate.code == code and (fails in failed if fails else not failed) and words in gate.out,
        why=f"expected exit code {code}, {fails or 'no check'} to fail and the words {words!r}\n{gate.said}",
    )


def _inspected(lab: Lab, tally: Tally, image: Pushed, release: Identity, claims: Sequence[Document]) -> None:
    """What `gate inspect` shows without a policy: the same claims, by the release workflow, and trust in nobody."""
    done = run(
        [GATE, "inspect", image.reference, f"--trusted-root={lab.trusted_root}", "--output=json"], lab.environment
    )
    found = json.loads(done.out) if done.code == 0 else {"attached": [], "commits": []}
    shown = [(entry["hash"], entry["agent"], entry["model"]) for entry in found["commits"]]
    signers = {item["signer"]["identity"] for entry in found["attached"] for item in entry["signatures"]}
    tally.check(
        "story      the same without a policy: gate inspect shows the claims and who makes them",
        held=shown == [(claim["hash"], claim["author"], claim.get("agent_model")) for claim in claims]
        and signers == {release.name}
        and not any(entry["policy"] for entry in found["commits"]),
        why=done.said,
    )


def _commit_all(lab: Lab, folder: Path, history: Sequence[tuple[Author, str, str]]) -> list[str]:
    """A git repository with these commits; their hashes, oldest first."""
    folder.mkdir()
    must(["git", "init", "--quiet", "--initial-branch=main", folder], lab.environment)
    for number, (author, name, content) in enumerate(history):
        (folder / name).write_text(content, encoding="utf-8")
        environment = {
            **lab.environment,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": f"{author.name}@acme.example",
            "GIT_COMMITTER_NAME": author.name,
            "GIT_COMMITTER_EMAIL": f"{author.name}@acme.example",
        }
        must(["git", "add", name], environment, folder=folder)
        message = f"Change {number}\n\n" + (f"Model: {author.model}\n" if author.model else "")
        must(["git", "commit", "--quiet", f"--message={message}"], environment, folder=folder)
    return must(["git", "rev-list", "--reverse", "HEAD"], lab.environment, folder=folder).split()


def _attest(lab: Lab, folder: Path, base: str, head: str) -> Document:
    """What `gate attest agents` writes in a job of GitHub Actions."""
    environment = {**lab.environment, **pipelines.github(base, head).environment}
    flags = (f"--repo={folder}", f"--range={base}..{head}", "--unmarked=human")
    predicate: Document = json.loads(must([GATE, "attest", "agents", *flags], environment))
    return predicate


def _claims(predicate: Document) -> list[Document]:
    (source,) = predicate["buildDefinition"]["resolvedDependencies"]
    claims: list[Document] = source["properties"]["commits"]
    return claims


def _build(lab: Lab, folder: Path, name: str, head: str, registry: str = "referrers") -> Pushed:
    """An image of the head's files."""
    names = must(["git", "ls-tree", "--name-only", "-r", head], lab.environment, folder=folder).split()
    files = {name: must(["git", "show", f"{head}:{name}"], lab.environment, folder=folder).encode() for name in names}
    where = next(found for found in lab.registries if found.name == registry)
    labels = {
        "org.opencontainers.image.revision": head,
        "org.opencontainers.image.source": "https://github.com/acme/api",
    }
    return push_image(where.repository(name), files, tag="v1", labels=labels)


def _with_claims(commit: str, claims: Sequence[Mapping[str, object]]) -> Document:
    predicate = provenance(commit)
    (source,) = predicate["buildDefinition"]["resolvedDependencies"]
    source["properties"] = {"commits": list(claims)}
    return predicate


POLICY = """\
version = 1

[trust]
roots = ["{root}"]

[signers.release]
issuer     = "{issuer}"
identity   = "{identity}"
extensions = {{ runner-environment = "github-hosted" }}

[builders.acme-release]
id          = "{identity}"
signers     = ["release"]
level       = 2
vouches-for = ["agents@resolvedDependencies"]

[agents.copilot]
ids    = ["copilot-coding-agent-v3"]
models = ["gpt-4-turbo-2024-12"]

[[rules]]
images = ["**"]

[rules.signature]
signers = ["release"]

[rules.provenance]
builders = ["acme-release"]
level    = 2
source   = ["https://github.com/acme/api"]
refs     = ["refs/heads/main"]

[rules.agents]
allow  = ["copilot"]
humans = "allow"
"""
