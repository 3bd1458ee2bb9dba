"""The pipelines of docs/attest.md, run from that page: GitHub Actions and GitLab CI.

What comes in: a running lab, a git repository and images. What goes out: comparisons: each pipeline's own commands make
the claims, sign them and ask for the verdict, under the page's own policy, and what they say is right.

The commands are taken from the page as they stand; what a CI system does around them is done here: expressions, and the
environment of a job. `cosign` is one that adds the lab's addresses and its identity token. Building is left to those
who have an engine: the image is pushed before.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML

from interop.asking import GATE, ROOT
from interop.oidc import pipeline, workflow
from interop.processes import Broken, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from interop.lab import Lab
    from interop.oidc import Identity
    from interop.processes import Done
    from interop.tally import Tally

PAGE: Final = ROOT / "docs" / "attest.md"
_BLOCK: Final = re.compile(r"^```(?P<kind>yaml|toml)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPRESSION: Final = re.compile(r"\$\{\{ *(?P<name>[a-z._]+) *\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One CI system: whose token its jobs get, and its own name of what the policy and the page call it."""

    name: str
    signer: Identity
    issuer: str
    image: str
    environment: Mapping[str, str]
    scripts: Sequence[tuple[Mapping[str, str], str]]
    policy: str


def github(base: str, head: str) -> System:
    """The workflow's steps that have an id, but for the build's."""
    document, policy = _read_page()[0]
    (job,) = document["jobs"].values()
    known = {"github.event.before": base, "github.repository": "acme/api", "steps.build.outputs.digest": "$DIGEST"}
    steps = [step for step in job["steps"] if step.get("id") not in (None, "build")]
    if [step["id"] for step in steps] != ["claim", "sign", "gate"]:
        raise Broken(f"{PAGE} has other steps than this runs")
    return System(
        name="GitHub Actions",
        signer=workflow("acme/api", commit=head),
        issuer="https://token.actions.githubusercontent.com",
        image="ghcr.io/acme/api",
        environment={
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/api",
            "GITHUB_WORKFLOW_REF": "acme/api/.github/workflows/release.yml@refs/heads/main",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": head,
            "GITHUB_RUN_ID": "1001",
            "GITHUB_RUN_ATTEMPT": "1",
        },
        scripts=[
            ({name: _expanded(value, known) for name, value in step.get("env", {}).items()}, step["run"])
            for step in steps
        ],
        policy=policy,
    )


def gitlab(base: str, head: str) -> System:
    """The script of the job that attests."""
    document, policy = _read_page()[1]
    return System(
        name="GitLab CI",
        signer=pipeline("acme/api", commit=head),
        issuer="https://gitlab.com",
        image="registry.gitlab.com/acme/api",
        environment={
            "GITLAB_CI": "true",
            "CI_PROJECT_URL": "https://gitlab.com/acme/api",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_SHA": head,
            "CI_COMMIT_BEFORE_SHA": base,
            "CI_RUNNER_VERSION": "18.5.0",
            "CI_JOB_NAME": "attest",
            "CI_JOB_URL": "https://gitlab.com/acme/api/-/jobs/3003",
        },
        scripts=[({}, "\n".join(document["attest"]["script"]))],
        policy=policy,
    )


def follow(
    lab: Lab, tally: Tally, system: System, repository: Path, image: str, *, says: str, code: int, words: str = ""
) -> None:
    """Run a pipeline's commands in the repository for an image by digest; the last of them gives the verdict."""
    name, _, digest = image.partition("@")
    text = system.policy.replace(f'"{system.issuer}"', f'"{lab.issuer.url(system.signer.issuer)}"')
    text = text.replace(f'"{system.image}"', '"**"').replace(
        "version = 1\n", f'version = 1\n\n[trust]\nroots = ["{lab.trusted_root}"]\n', 1
    )
    if text.count(str(lab.trusted_root)) != 1 or lab.issuer.url(system.signer.issuer) not in text or '"**"' not in text:
        raise Broken(f"the policy for {system.name} in {PAGE} is not as this expects it")
    (repository / "policy.toml").write_text(text, encoding="utf-8")
    environment = {
        **lab.environment,
        **system.environment,
        "PATH": f"{_tools(lab, system)}:{GATE.parent}:{lab.environment['PATH']}",
        "IMAGE": name,
        "DIGEST": digest,
    }
    done = _run(system, repository, environment)
    word = {0: "pass", 1: "fail"}.get(done.code, f"exit {done.code}")
    tally.check(
        f"pipeline   {system.name}: {says}: {word}",
        held=done.code == code and words in done.said,
        why=f"expected exit code {code} and the words {words!r}\n{done.said}",
    )


def _run(system: System, repository: Path, environment: Mapping[str, str]) -> Done:
    """Every script, as the systems do: by a shell that ends at the first command that fails."""
    for more, script in system.scripts:
        given = {name: environment["DIGEST"] if value == "$DIGEST" else value for name, value in more.items()}
        done = run(["bash", "-eo", "pipefail", "-c", script], {**environment, **given}, folder=repository)
        if done.code != 0:
            break
    return done


def _tools(lab: Lab, system: System) -> Path:
    """A folder with a cosign that knows where the lab is, and who asks."""
    folder = lab.folder / os.urandom(8).hex()
    folder.mkdir()
    cosign = folder / "cosign"
    flags = (
        "--allow-http-registry",
        f"--signing-config={lab.signing_config}",
        f"--trusted-root={lab.trusted_root}",
        f"--identity-token={lab.issuer.token(system.signer)}",
    )
    cosign.write_text(
        f'#!/bin/sh\nverb=$1\nshift\nexec {lab.tools["cosign3"]} "$verb" {" ".join(flags)} "$@"\n', encoding="utf-8"
    )
    cosign.chmod(0o755)
    return folder


def _read_page() -> list[tuple[Any, str]]:
    """Each pipeline of the page, and the policy that follows it."""
    blocks = [(match["kind"], match["text"]) for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    if [kind for kind, _ in blocks] != ["yaml", "toml", "yaml", "toml"]:
        raise Broken(f"{PAGE} is not made as this expects it")
    texts = [text for _, text in blocks]
    return [(YAML(typ="safe", pure=True).load(texts[at]), texts[at + 1]) for at in (0, 2)]


def _expanded(value: str, known: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match["name"] not in known:
            raise Broken(f"{PAGE} uses {match.group()}, which this does not know")
        return known[match["name"]]

    return _EXPRESSION.sub(replace, value)
