"""`gate attest agents`: from a repository to the predicate that says who wrote its commits, ready to be signed.

What comes in: flags, and what the CI system says of its job, which only this file reads. What goes out: the predicate,
on standard output or in a file; on standard error what is claimed of each commit and why, and the command that signs.
It signs nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gate.attest.job import Job, Unmarked
from gate.cli.help import Command, Group
from gate.cli.output import say, show
from gate.errors import InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.attest.authors import Written
    from gate.attest.predicate import Build, Origin

EXAMPLES = """
Examples:
  gate attest agents --range origin/main..HEAD --unmarked human -o predicate.json
  AGENT_ID=claude-code AGENT_MODEL=claude-opus-4-6 gate attest agents -o predicate.json
  gate attest agents --range v1.3..v1.4 --into provenance.json -o predicate.json
"""
_app = typer.Typer(
    help="Make what a producer signs: predicates. It signs nothing.",
    epilog=EXAMPLES,
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
)
_GITHUB_BUILD: Final = "https://actions.github.io/buildtypes/workflow/v1"
_GITLAB_BUILD: Final = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v{version}/PROVENANCE.md"
COMMITS: Final = "Commits"
PREDICATE: Final = "Predicate"
_MAX_INTO: Final = 16 << 20
_SHOWN: Final = 50


@_app.callback()
def _attest() -> None:
    pass


@_app.command("agents", cls=Command, epilog=EXAMPLES)
def agents(
    repo: Annotated[
        str, typer.Option("--repo", help="the git repository: its top folder", metavar="DIR", rich_help_panel=COMMITS)
    ] = ".",
    commits: Annotated[
        str,
        typer.Option(
            "--range",
            help="BASE..HEAD; of one revision that commit alone",
            metavar="RANGE",
            rich_help_panel=COMMITS,
        ),
    ] = "HEAD",
    unmarked: Annotated[
        Unmarked,
        typer.Option(
            "--unmarked",
            help="what to claim of commits that no agent marked; whoever signs vouches for it",
            rich_help_panel=COMMITS,
        ),
    ] = Unmarked.UNKNOWN,
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            help="add it to this provenance predicate (v1 or v0.2)",
            metavar="FILE",
            rich_help_panel=PREDICATE,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="the repository's URI", metavar="URI", rich_help_panel=PREDICATE),
    ] = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="the ref that was built", metavar="REF", rich_help_panel=PREDICATE)
    ] = None,
    builder_id: Annotated[
        str | None,
        typer.Option("--builder-id", help="the builder's id", metavar="URI", rich_help_panel=PREDICATE),
    ] = None,
    build_type: Annotated[
        str | None, typer.Option("--build-type", help="the build type", metavar="URI", rich_help_panel=PREDICATE)
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="where to write it; - is stdout", metavar="FILE", rich_help_panel=PREDICATE
        ),
    ] = "-",
) -> None:
    """Say which agent and model wrote each commit, for you to sign.

    Agent and model are read from each commit's author and trailers, which anybody can write; for commits without such
    a mark from AGENT_ID and AGENT_MODEL. Source, ref, builder and build type are by default what GitHub Actions and
    GitLab CI say of the job.
    """
    from gate.attest import predicate  # noqa: PLC0415
    from gate.attest.authors import attribute  # noqa: PLC0415
    from gate.attest.repository import Repository  # noqa: PLC0415
    from gate.claims.builds import SLSA_V1  # noqa: PLC0415
    from gate.limits import DEFAULT_TIMEOUT_SECONDS, Deadline, Limits  # noqa: PLC0415
    from gate.report import writing  # noqa: PLC0415

    if output != "-":
        writing.check_writable(Path(output), f"--output {output}")
    job = _read_job(os.environ, unmarked)
    limits = Limits()
    project = _read_project(os.environ)
    if output not in ("-", into):
        writing.clear(Path(output))  # what an earlier run left must not be signed for this one
    origin = predicate.Origin(source=source or project.get("source"), ref=ref or project.get("ref"))
    given = None if into is None else predicate.read(_read_file(into), into, limits)
    build = None if given else _read_build(project, origin, builder_id, build_type)
    if given and (builder_id or build_type):
        raise InvalidUsage("--builder-id and --build-type are for a new predicate; --into has its own")
    repository = Repository(
        repo, program_path=os.environ.get("PATH", os.defpath), limits=limits, deadline=Deadline(DEFAULT_TIMEOUT_SECONDS)
    )
    written = attribute(repository.commits(commits), job)
    base = repository.base(commits)
    if build is None:
        assert given is not None
        made, kind = given
        predicate.merge(made, kind, origin, written, base=base, name=into or "", is_ancestor=repository.is_ancestor)
    else:
        _check_head(project, written)
        made, kind = predicate.new(build, origin, written, base=base), SLSA_V1
    text = json.dumps(made, indent=2, ensure_ascii=True) + "\n"
    if output == "-":
        show(text)
    else:
        writing.write(Path(output), text)
    _tell(written, kind, "FILE" if output == "-" else output)


def _tell(written: Sequence[Written], kind: str, file: str) -> None:
    """What is claimed and why, and how to sign it: whoever signs should have read it."""
    for item in written[:_SHOWN]:
        model = f" with {item.model}" if item.model else ""
        who = f"{item.author or 'nobody named'}{model}"
        say(f"gate: {item.commit[:12]} {item.authored_by.value}: {who} ({item.why})")
    if len(written) > _SHOWN:
        say(f"gate: and {len(written) - _SHOWN} more commits")
    unknown = sum(item.authored_by.value == Unmarked.UNKNOWN.value for item in written)
    if unknown:
        say(
            f"gate: {unknown} of {len(written)} commits are unknown, which every policy with agents refuses. If people "
            "wrote those without a mark: --unmarked human; if an agent did: AGENT_ID and AGENT_MODEL"
        )
    unnamed = sum(item.authored_by.value in ("autonomous_agent", "mixed") and item.model is None for item in written)
    if unnamed:
        say(f"gate: {unnamed} of {len(written)} commits name an agent and no model; AGENT_MODEL fills it in")
    say("gate: nothing is signed. Sign it with the type as a URI: under its short names cosign drops the claims")
    say(f"  cosign attest --type {kind} --predicate {file} IMAGE@DIGEST")


def _read_job(environment: Mapping[str, str], unmarked: Unmarked) -> Job:
    from gate.claims.agents import is_plain  # noqa: PLC0415

    found: dict[str, str | None] = {}
    for name in ("AGENT_ID", "AGENT_MODEL"):
        value = environment.get(name) or None
        if value is not None and not is_plain(value, human=False):
            raise InvalidUsage(f"{name} is {value[:80]!a}: write up to 256 printable ASCII characters")
        found[name] = value
    if found["AGENT_ID"] is not None and unmarked is Unmarked.HUMAN:
        raise InvalidUsage(
            "AGENT_ID says that an agent wrote the commits without a mark, --unmarked human that people did; "
            "make two ranges of them, the second with --into"
        )
    return Job(agent=found["AGENT_ID"], model=found["AGENT_MODEL"], unmarked=unmarked)


def _read_project(environment: Mapping[str, str]) -> dict[str, str]:
    """What GitHub Actions or GitLab CI say of this job (their pages on predefined variables)."""
    if environment.get("GITHUB_ACTIONS") == "true":
        server, name = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
        workflow = environment.get("GITHUB_WORKFLOW_REF", "")
        run = f"{environment.get('GITHUB_RUN_ID', '')}/attempts/{environment.get('GITHUB_RUN_ATTEMPT', '1')}"
        found = {
            "system": "github",
            "source": f"{server}/{name}" if server and name else "",
            "ref": environment.get("GITHUB_REF", ""),
            "commit": environment.get("GITHUB_SHA", ""),
            "builder": f"{server}/{workflow}" if server and workflow else "",
            "type": _GITHUB_BUILD,
            "path": workflow.partition("@")[0].removeprefix(f"{name}/"),
            "workflow-ref": workflow.partition("@")[2],
            "run": f"{server}/{name}/actions/runs/{run}" if environment.get("GITHUB_RUN_ID") else "",
        }
    elif environment.get("GITLAB_CI") == "true":
        url, branch, tag = (
            environment.get(f"CI_{name}", "") for name in ("PROJECT_URL", "COMMIT_BRANCH", "COMMIT_TAG")
        )
        at = f"refs/tags/{tag}" if tag else f"refs/heads/{branch}" if branch else ""
        version = environment.get("CI_RUNNER_VERSION", "")
        path = environment.get("CI_CONFIG_PATH") or ".gitlab-ci.yml"
        found = {
            "system": "gitlab",
            "source": url,
            "ref": at,
            "commit": environment.get("CI_COMMIT_SHA", ""),
            "builder": f"{url}//{path}@{at}" if url and at else "",
            "type": _GITLAB_BUILD.format(version=version) if version else "",
            "path": environment.get("CI_JOB_NAME", ""),
            "run": environment.get("CI_JOB_URL", ""),
        }
    else:
        found = {}
    return {key: value for key, value in found.items() if value}


def _read_build(project: Mapping[str, str], origin: Origin, builder_id: str | None, build_type: str | None) -> Build:
    from gate.attest.predicate import Build  # noqa: PLC0415

    builder, kind = builder_id or project.get("builder"), build_type or project.get("type")
    missing = [
        flag
        for flag, value in (("--source", origin.source), ("--builder-id", builder), ("--build-type", kind))
        if not value
    ]
    if missing or builder is None or kind is None:
        raise InvalidUsage(
            f"a new predicate needs {', '.join(missing)}: outside GitHub Actions and GitLab CI nobody says it; or give "
            "the build's own provenance with --into"
        )
    external: dict[str, Any]
    if kind == _GITHUB_BUILD:
        workflow = {
            "ref": project.get("workflow-ref", origin.ref or ""),
            "repository": origin.source,
            "path": project.get("path", ""),
        }
        external = {"workflow": {key: value for key, value in workflow.items() if value}}
    else:
        external = {"source": origin.source} | ({"entryPoint": project["path"]} if "path" in project else {})
    return Build(build_type=kind, builder_id=builder, external=external, invocation=project.get("run"))


def _check_head(project: Mapping[str, str], written: Sequence[Written]) -> None:
    """The certificate will name the job's commit, and a provenance of another one is refused by every verifier."""
    built, last = project.get("commit"), written[-1].commit
    if built is not None and built != last:
        raise InvalidUsage(
            f"this job builds commit {built}, and --range ends at {last}: end it at the commit that is built"
        )


def _read_file(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            raw = file.read(_MAX_INTO + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidUsage(f"--into {name} cannot be read: {reason}") from None
    if len(raw) > _MAX_INTO:
        raise InvalidUsage(f"--into {name} has more than {_MAX_INTO} bytes")
    return raw


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.add_typer(_app, name="attest")
