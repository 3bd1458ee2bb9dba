"""What a build type says of its predicates: the form that each file of this folder fills in.

What goes out: `BuildType`, and `read_source`, which puts together what several formats have in common. It decides
nothing: what contradicts itself is a `conflict`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from gate.claims.fields import object_in, text_in
from gate.claims.source import Source, canonical_repository, ref_of

if TYPE_CHECKING:
    import re

    from gate.strictjson import JSON

Reader = Callable[[Mapping[str, "JSON"], str | None], Source]


class BuildType(Struct, frozen=True, kw_only=True):
    """One build type: its URIs, how its predicate states the source, and the external parameters that it defines.

    `read` is given the predicate and the repository that the certificate names, None if it names none. `known` are JSON
    pointers into the external parameters: what gate holds against the policy by itself, or what changes nothing. What a
    tenant may name as he likes (inputs, variables, substitutions) is not among them.
    """

    uri: re.Pattern[str]
    read: Reader
    known: tuple[str, ...] = ()


def read_source(
    uri: str, entries: Iterable[Mapping[str, JSON]], certified: str | None, *, ref: str = "", own: tuple[str, ...] = ()
) -> Source:
    """What is stated: the repository of `uri`, and each ref and commit that the fields (`own`) and the entries give.

    Where the predicate names no repository, what it lists for the `certified` one is what it states.
    """
    repository = canonical_repository(uri) if uri else None
    commits = dict.fromkeys(own)
    refs = {item for item in (ref, ref_of(uri)) if item}
    for entry in entries:
        entry_uri = text_in(entry, "uri")
        if canonical_repository(entry_uri) == (repository or certified):
            commits.update(dict.fromkeys(commits_of(entry)))
            refs |= {item for item in (ref_of(entry_uri),) if item}
    return stated(repository, refs, tuple(commits))


def stated(repository: str | None, refs: set[str], commits: tuple[str, ...]) -> Source:
    """A source of which the predicate names these refs and commits: more than one of either is a conflict."""
    conflict = None
    if len(refs) > 1:
        conflict = f"the provenance names the refs {', '.join(sorted(ascii(item) for item in refs))}"
    elif len(commits) > 1:
        conflict = f"the provenance names {len(commits)} commits of its source"
    return Source(repository=repository, ref=min(refs, default=None), commits=commits, conflict=conflict)


def of_one_repository(found: Iterable[tuple[str, tuple[str, ...]]]) -> Source:
    """The source that several descriptors state, each with its repository and commits: several repositories are a
    conflict.
    """
    repositories: dict[str, None] = {}
    commits: dict[str, None] = {}
    for repository, named in found:
        repositories[repository] = None
        commits.update(dict.fromkeys(named))
    if len(repositories) > 1:
        return Source(conflict=f"the provenance names {len(repositories)} repositories as its source")
    return stated(next(iter(repositories), None), set(), tuple(commits))


def commits_of(entry: Mapping[str, JSON]) -> tuple[str, ...]:
    """The git commits that a descriptor states: gitCommit, sha1, or 40 hex digits under sha256 (GitLab's runner).

    What is stated and is no commit is kept as it stands: it agrees with none.
    """
    digests = object_in(entry, "digest")
    found = [text_in(digests, "gitCommit"), text_in(digests, "sha1")]
    misplaced = text_in(digests, "sha256")
    if len(misplaced) == 40:
        found.append(misplaced)
    return tuple(dict.fromkeys(item for item in found if item))
