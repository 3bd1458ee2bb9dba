"""Evidence for tests of the judging half: what verification would have found, made from keyword arguments.

Every function has good defaults: a release workflow of `acme/api` on GitHub's own runners, which signs an image, its
provenance v1 of one commit, and one claim that an agent wrote that commit. A test states only what differs. `judge`
runs claims and checks over it, under a policy's TOML text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gate.checks import RuleResult, check_image
from gate.claims import read_claims
from gate.claims.project import find_project
from gate.discovery import Kind
from gate.limits import Limits
from gate.policy.loading import parse_policy
from gate.reference import Digest, parse_reference
from gate.verdict import Gap, Outcome, Result, decide
from gate.verification import evidence as rooms
from gate.verification.evidence import (
    AboutSource,
    Content,
    Doubt,
    Identity,
    KeyIdentity,
    LogEntry,
    Rejected,
    Statement,
    Step,
    Subject,
    Verified,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gate.checks.agents import JudgedClaim
    from gate.discovery.labels import Labels
    from gate.policy.model import Policy
    from gate.verification import Evidence

Object: TypeAlias = dict[str, object]

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
IMAGE = Digest("sha256", "a" * 64)
REFERENCE = "ghcr.io/acme/api:1.0"

HEAD = "1" * 40
EARLIER = "2" * 40
OTHER = "3" * 40

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
GOOGLE = "https://accounts.google.com"
REPOSITORY = "https://github.com/acme/api"
MAIN = "refs/heads/main"
WORKFLOW = f"{REPOSITORY}/.github/workflows/release.yml@{MAIN}"
SCANNER = f"https://github.com/acme/scans/.github/workflows/scan.yml@{MAIN}"
STRANGER = f"https://github.com/mallory/api/.github/workflows/release.yml@{MAIN}"

SIGN_V1 = "https://sigstore.dev/cosign/sign/v1"
SLSA_V1 = "https://slsa.dev/provenance/v1"
SLSA_V02 = "https://slsa.dev/provenance/v0.2"
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
GITHUB_BUILD = "https://actions.github.io/buildtypes/workflow/v1"
GITLAB_BUILD = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.0.0/PROVENANCE.md"
GENERATOR_BUILD = "https://github.com/slsa-framework/slsa-github-generator/container@v1"

AGENT = "copilot-coding-agent-v3"
MODEL = "gpt-4-turbo-2024-12"


# Who signs.


def github(
    subject: str = WORKFLOW,
    *,
    repository: str | None = REPOSITORY,
    ref: str | None = MAIN,
    commit: str | None = HEAD,
    runner: str | None = "github-hosted",
    issuer: str = GITHUB,
    **more: str | None,
) -> Identity:
    """A GitHub workflow as Fulcio certifies it. `more` are extensions with `_` for `-`; None leaves one out."""
    extensions = {
        "runner-environment": runner,
        "source-repository-uri": repository,
        "source-repository-ref": ref,
        "source-repository-digest": commit,
        "github-workflow-repository": _path(repository),
        "github-workflow-ref": ref,
        "github-workflow-sha": commit,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return Identity(
        issuer=issuer,
        subject=subject,
        extensions={name: value for name, value in extensions.items() if value is not None},
    )


def stranger() -> Identity:
    """Someone's workflow in another repository, as well certified as ours, whom no policy here names."""
    return github(STRANGER, repository="https://github.com/mallory/api")


def plain(subject: str, issuer: str = GOOGLE, **extensions: str) -> Identity:
    """Someone of whom the certificate says no more than the name: a person, or a machine account."""
    return Identity(
        issuer=issuer,
        subject=subject,
        extensions={name.replace("_", "-"): value for name, value in extensions.items()},
    )


def _path(repository: str | None) -> str | None:
    return None if repository is None else "/".join(repository.split("/")[3:])


# What they sign.


def verified(
    predicate_type: str,
    predicate: Mapping[str, object] | None = None,
    *,
    signer: Identity | None = None,
    signed_at: datetime = NOW - DAY,
    times: tuple[datetime, ...] = (),
    root: str = "public-good",
    digest: Digest | None = None,
    layer: int = 0,
) -> Verified:
    """Any verified statement about the image. Its digest follows from what it says, unless it is given."""
    signer = signer or github()
    times = times or (signed_at,)
    # Through JSON and back: a predicate is what a parser would have made of it, and nobody's to change afterwards.
    text = json.dumps(predicate or {})
    facts = repr((predicate_type, text, signer.issuer, signer.subject, sorted(signer.extensions.items()), times, layer))
    return Verified(
        digest=digest or Digest("sha256", hashlib.sha256(facts.encode()).hexdigest()),
        layer=layer,
        kind=Kind.BUNDLE,
        subject=IMAGE,
        root=root,
        signer=signer,
        times=times,
        content=Content.STATEMENT,
        logs=(LogEntry(log="00" * 32, index=0, integrated=None),),
        notes=(),
        annotations={},
        statement=Statement(
            version="https://in-toto.io/Statement/v1",
            predicate_type=predicate_type,
            payload=f'{{"predicate": {text}}}'.encode(),
            annotations={},
        ),
        seal=rooms._SEAL,
    )


def about_source(
    predicate_type: str,
    predicate: Mapping[str, object],
    *digests: Mapping[str, str],
    annotations: Mapping[str, object] | None = None,
    signer: Identity | None = None,
    signed_at: datetime = NOW - DAY,
) -> AboutSource:
    """Any verified statement about commits, trees or patches, each by its digests; `annotations` are of each."""
    item = verified(predicate_type, predicate, signer=signer, signed_at=signed_at)
    assert item.statement is not None
    held: Any = annotations or {}
    subjects = tuple(Subject(name="git+commit", uri="", digests=dict(digest), annotations=held) for digest in digests)
    return AboutSource(
        digest=item.digest,
        layer=item.layer,
        kind=item.kind,
        root=item.root,
        signer=item.signer,
        content=item.content,
        times=item.times,
        logs=item.logs,
        notes=(),
        statement=replace(item.statement, subjects=subjects),
        annotations={},
        seal=rooms._SEAL,
    )


def keyed(
    item: Verified,
    fingerprint: str,
    *,
    times: tuple[datetime, ...] = (NOW - DAY,),
    logged: bool = True,
    annotations: Mapping[str, str] | None = None,
) -> Verified:
    """The same, signed with a key. `times` are when a log or a timestamp authority saw it: upper bounds."""
    return Verified(
        digest=item.digest,
        layer=item.layer,
        kind=item.kind,
        subject=item.subject,
        root=item.root,
        signer=KeyIdentity(fingerprint=fingerprint),
        content=item.content,
        times=times,
        logs=item.logs if logged else (),
        notes=(),
        statement=item.statement,
        annotations=annotations or {},
        seal=rooms._SEAL,
    )


def message(signer: Identity | None = None, *, content: Content = Content.MESSAGE) -> Verified:
    """A signature over the manifest's or the file's own bytes, or cosign's simple signing: no statement."""
    item = verified(SIGN_V1, signer=signer)
    return Verified(
        digest=item.digest,
        layer=item.layer,
        kind=item.kind,
        subject=item.subject,
        root=item.root,
        signer=item.signer,
        content=content,
        times=item.times,
        logs=item.logs,
        notes=(),
        statement=None,
        annotations={},
        seal=rooms._SEAL,
    )


def signature(
    signer: Identity | None = None,
    *,
    signed_at: datetime = NOW - DAY,
    root: str = "public-good",
    digest: Digest | None = None,
) -> Verified:
    """What `cosign sign` makes."""
    return verified(SIGN_V1, signer=signer, signed_at=signed_at, root=root, digest=digest)


def attestation(
    predicate_type: str = VULN,
    predicate: Mapping[str, object] | None = None,
    *,
    signer: Identity | None = None,
    signed_at: datetime = NOW - DAY,
    digest: Digest | None = None,
) -> Verified:
    """A scanner's attestation."""
    signer = signer or github(SCANNER, repository="https://github.com/acme/scans")
    return verified(predicate_type, predicate, signer=signer, signed_at=signed_at, digest=digest)


def claim(
    commit: object = HEAD,
    *,
    author: object = AGENT,
    model: object = MODEL,
    authored_by: object = "autonomous_agent",
    **more: object,
) -> Object:
    """One entry of `commits[]`. A value that is None is left out."""
    found = {"hash": commit, "author": author, "agent_model": model, "authored_by": authored_by, **more}
    return {key: value for key, value in found.items() if value is not None}


def human(commit: object = HEAD, author: object = "Ada Lovelace") -> Object:
    """One entry of `commits[]` that says that a person wrote it."""
    return claim(commit, author=author, model=None, authored_by="human")


def dependency(
    *claims: object,
    uri: object = f"git+{REPOSITORY}@{MAIN}",
    commit: object = HEAD,
    holder: str = "properties",
    **more: object,
) -> Object:
    """A dependency with the claims that it holds; without any it holds none."""
    entry: Object = {"uri": uri, "digest": {"gitCommit": commit}, **more}
    if uri is None:
        del entry["uri"]
    if commit is None and "digest" not in more:
        del entry["digest"]
    if claims:
        entry[holder] = {"commits": list(claims)}
    return entry


def predicate_v1(
    *,
    claims: Iterable[object] | None = None,
    dependencies: object = None,
    builder: object = WORKFLOW,
    build_type: object = GITHUB_BUILD,
    repository: object = REPOSITORY,
    ref: object = MAIN,
    commit: object = HEAD,
    external: object = None,
    **more: object,
) -> Object:
    """A provenance v1 of GitHub's build type. `more` stands in the predicate itself, beside the build definition."""
    if dependencies is None:
        uri = f"git+{repository}@{ref}" if repository else f"git+{REPOSITORY}@{MAIN}"
        listed = [claim(commit)] if claims is None else list(claims)
        dependencies = [dependency(*listed, uri=uri, commit=commit)]
    workflow = {"repository": repository, "ref": ref, "path": ".github/workflows/release.yml"}
    workflow = {key: value for key, value in workflow.items() if value is not None}
    return {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {"workflow": workflow} if external is None else external,
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": builder}},
        **more,
    }


def predicate_v02(
    *,
    claims: Iterable[object] = (),
    materials: object = None,
    builder: object = WORKFLOW,
    build_type: object = GENERATOR_BUILD,
    uri: object = f"git+{REPOSITORY}@{MAIN}",
    digest: object = None,
) -> Object:
    """A provenance v0.2, as slsa-github-generator writes it."""
    digest = {"sha1": HEAD} if digest is None else digest
    if materials is None:
        entry: Object = {"uri": uri, "digest": digest}
        listed = list(claims)
        materials = [{**entry, "annotations": {"commits": listed}} if listed else entry]
    return {
        "builder": {"id": builder},
        "buildType": build_type,
        "invocation": {"configSource": {"uri": uri, "digest": digest, "entryPoint": ".github/workflows/release.yml"}},
        "materials": materials,
    }


def provenance(
    predicate: Mapping[str, object] | None = None,
    *,
    signer: Identity | None = None,
    signed_at: datetime = NOW - DAY,
    predicate_type: str = SLSA_V1,
    digest: Digest | None = None,
) -> Verified:
    """The release workflow's provenance."""
    content = predicate_v1() if predicate is None else predicate
    return verified(predicate_type, content, signer=signer, signed_at=signed_at, digest=digest)


def claimed(*claims: object, **more: object) -> Verified:
    """The release workflow's provenance, with these claims on its source."""
    return provenance(predicate_v1(claims=claims, **more))


def rejected(
    doubt: Doubt | None = None,
    *,
    stated: Identity | None = None,
    authentic: bool | None = None,
    reason: str = "it does not hold",
) -> Rejected:
    """A candidate that is no evidence. What verification doubts after the signature is authentic, as it would be."""
    steps = {
        Doubt.STALE: Step.TRUST_ROOT,
        Doubt.CLOCK: Step.TIME,
        Doubt.UNREADABLE: Step.PAYLOAD,
        Doubt.INTERNAL: Step.FORMAT,
        None: Step.SIGNATURE,
    }
    return Rejected(
        digest=Digest("sha256", "e" * 64),
        layer=0,
        kind=Kind.BUNDLE,
        step=steps[doubt],
        reason=reason,
        stated=stated or github(),
        authentic=doubt in (Doubt.CLOCK, Doubt.UNREADABLE) if authentic is None else authentic,
        doubt=doubt,
    )


# Under which policy.

SIGNERS = f"""
version = 1
[signers.release]
issuer = "{GITHUB}"
identity = "{WORKFLOW}"
[signers.scanner]
issuer = "{GITHUB}"
identity = "{SCANNER}"
[signers.platform]
issuer = "{GOOGLE}"
identity = "agents@platform.test"
[signers.people]
issuer = "{GOOGLE}"
identity = {{ regex = '[a-z.]+@acme\\.com' }}
"""
BUILDER = f"""
[builders.release]
id = "{WORKFLOW}"
signers = ["release"]
level = 3
"""
VOUCHING = BUILDER + 'vouches-for = ["agents@resolvedDependencies", "agents@materials"]\n'
COPILOT = f"""
[agents.copilot]
ids = ["{AGENT}", "copilot-agent-v3"]
models = ["{MODEL}"]
[agents.bots]
ids = ["dependabot[bot]"]
models = "any"
[agents.other]
ids = ["other-agent"]
models = ["other-model-1"]
signers = ["platform"]
"""
RULE = """
[[rules]]
name = "production"
images = ["ghcr.io/acme/**"]
"""
SIGNED = """
[rules.signature]
signers = ["release"]
"""
PROVEN = f"""
[rules.provenance]
builders = ["release"]
level = 3
source = ["{REPOSITORY}"]
refs = ["{MAIN}"]
"""
WRITTEN = """
[rules.agents]
allow = ["copilot", "bots"]
"""
SIGNATURE_POLICY = SIGNERS + RULE + SIGNED
PROVENANCE_POLICY = SIGNERS + BUILDER + RULE + PROVEN
AGENTS_POLICY = SIGNERS + VOUCHING + COPILOT + RULE + PROVEN + WRITTEN


def policy(text: str, folder: Path | None = None) -> Policy:
    """A policy from its text; the files that it names are in `folder`."""
    return _policy(text, folder or Path("/nowhere"))


def loads(text: str, folder: Path | None = None) -> bool:
    """Whether a text is a policy; the twin of one that `policy` refuses."""
    return bool(policy(text, folder).rules)


@lru_cache(maxsize=512)
def _policy(text: str, folder: Path) -> Policy:
    return parse_policy(text.encode(), folder / "policy.toml")


# What comes of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the rules say of one image."""

    rules: tuple[RuleResult, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """Every result of every rule."""
        return tuple(result for rule in self.rules for result in rule.results)

    @property
    def exit_code(self) -> int:
        """What a run over this image alone would end with."""
        return decide([rule.results for rule in self.rules])

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Each check's outcome by its id."""
        return {result.check: result.outcome for result in self.results}

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that failed, in their order."""
        return tuple(result.check for result in self.results if result.outcome is Outcome.FAIL)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The checks that could not be decided, in their order."""
        return tuple(result.check for result in self.results if result.outcome is Outcome.ERROR)

    @property
    def commits(self) -> tuple[JudgedClaim, ...]:
        """Every agent claim, as each rule judged it."""
        return tuple(judged for rule in self.rules for judged in rule.commits)

    def found(self, check: str) -> str:
        """What one check says that it found."""
        return next(result.found for result in self.results if result.check == check)


def judge(
    text: str,
    *evidence: Evidence,
    gaps: Iterable[Gap] = (),
    now: datetime = NOW,
    reference: str = REFERENCE,
    asserted_name: str | None = None,
    limits: Limits | None = None,
    folder: Path | None = None,
    digests: Sequence[Digest] = (IMAGE,),
    environment: Mapping[str, str] | None = None,
    labels: Labels | None = None,
) -> Judgement:
    """Judge evidence of one image under a policy's text, in a CI job of this environment."""
    known = policy(text, folder)
    project = find_project(environment or {})
    claims = read_claims(evidence, limits=limits or Limits(), project=project, labels=labels, formats=known.formats)
    named = parse_reference(reference, asserted_name=asserted_name)
    return Judgement(rules=check_image(named, claims, known, digests=digests, gaps=tuple(gaps), now=now))


def failed(text: str, *evidence: Evidence) -> tuple[str, ...]:
    """The checks that fail; empty only if the image passes."""
    judgement = judge(text, *evidence)
    assert (judgement.exit_code == 0) == (not judgement.failed and not judgement.undecided)
    return judgement.failed


def passes(text: str, *evidence: Evidence) -> bool:
    """Whether the image may be deployed."""
    return judge(text, *evidence).exit_code == 0
