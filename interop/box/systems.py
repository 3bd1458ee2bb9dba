"""The jobs of `scripts/ci`, each run in gate's image the way its system would run it, in every situation.

What comes in: the bench. What goes out: one line a system and situation: the exit code, the files that were written,
and what the system would show. What a system does with an exit code is read from the job's own settings, so that a job
that retries or tolerates the wrong one is noticed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from interop.box.bench import FILES, disagree
from interop.box.cluster import argo, argo_fans_out, argocd, flux, kubernetes_job, tekton
from interop.box.gitlab import gitlab_component, gitlab_job, gitlab_shares, gitlab_warns, gitlab_without_exec
from interop.box.jenkins import jenkins_agent_docker, jenkins_builds, jenkins_docker_run, jenkins_pod
from interop.box.promises import AT_ONCE
from interop.box.scripted import azure, circleci, github

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interop.box.bench import Bench, Seen, Situation
    from interop.tally import Tally

SYSTEMS: Mapping[str, Callable[[Bench, Situation], Seen]] = {
    "GitLab job": gitlab_job,
    "GitLab component": gitlab_component,
    "Jenkins docker run": jenkins_docker_run,
    "Jenkins agent docker": jenkins_agent_docker,
    "Jenkins Kubernetes pod": jenkins_pod,
    "Argo Workflows": argo,
    "Tekton Task": tekton,
    "GitHub Action": github,
    "CircleCI": circleci,
    "Azure Pipelines": azure,
    "Kubernetes Job": kubernetes_job,
    "Argo CD PreSync hook": argocd,
    "Flux": flux,
}


MORE: Sequence[Callable[[Bench], None]] = (
    jenkins_builds,
    gitlab_warns,
    gitlab_without_exec,
    gitlab_shares,
    argo_fans_out,
)
"""What is about one system alone."""


def compare(bench: Bench) -> None:
    """Every system in every situation."""
    jobs: list[Callable[[Bench], None]] = [partial(_compare_all, *system) for system in SYSTEMS.items()]
    jobs += MORE
    bench.tally.together((partial(_on_its_own, bench, job) for job in jobs), AT_ONCE)


def _on_its_own(bench: Bench, job: Callable[[Bench], None], tally: Tally) -> None:
    job(replace(bench, tally=tally))


def _compare_all(name: str, system: Callable[[Bench, Situation], Seen], bench: Bench) -> None:
    for situation in bench.situations():
        _compare(bench, name, situation, system(bench, situation))


def _compare(bench: Bench, name: str, situation: Situation, seen: Seen) -> None:
    files = {path.name for path in seen.out.iterdir()} if seen.out.is_dir() else set()
    problems = [seen.wrong] if seen.wrong else []
    if seen.code != situation.code:
        problems.append(f"expected exit code {situation.code}")
    if files != FILES:
        problems.append(f"files: missing {sorted(FILES - files)}, more {sorted(files - FILES)}")
    else:
        problems += disagree(seen.out, situation)
    bench.tally.check(
        f"ci         {name}, {situation.name}: exit {seen.code}, {len(files)} files; {seen.shows}",
        held=not problems,
        why="\n".join([*problems, seen.said[-3000:]]),
    )
