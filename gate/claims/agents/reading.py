"""What a parser of one format is handed, and what it is: `Reading` and `Format`.

A format is a file beside this one with a function from `Reading` to what was found, and a `Format` that says by which
exact predicate type (and build type) it is chosen. `formats` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gate.claims.agents.claim import AgentClaim, Authorship, Found
from gate.claims.agents.fields import commit_of, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.strictjson import JSON
    from gate.verification import Signed, Subject


class Reading(Struct, frozen=True, kw_only=True):
    """One verified statement. `subjects` are what it is about, empty for the image itself; `repository` is the one that
    its certificate names, or its build provenance where there is none.
    """

    evidence: Signed
    format: str
    predicate_type: str
    predicate: Mapping[str, JSON]
    subjects: tuple[Subject, ...]
    repository: str | None

    def commits(self, problems: list[str], *, git: bool = False) -> tuple[str, ...]:
        """The commits that the statement is about."""
        found = (commit_of(subject, problems, git=git) for subject in self.subjects)
        return tuple(dict.fromkeys(item for item in found if item is not None))

    def own_commits(self, problems: list[str], *, git: bool = False) -> tuple[str, ...]:
        """The same, of a format that names its commits nowhere else: one about the image is then about none of them."""
        if not self.subjects:
            note(problems, "it is about the image, and names no commit")
        return self.commits(problems, git=git)

    def claim(self, *, path: str, commit: str | None, problems: list[str], **said: object) -> AgentClaim:
        """A claim of this statement, with what its format says; without more it is an account of its own, at `path`, in
        the predicate itself, by nobody known.
        """
        model, provider = said.get("model"), said.get("provider")
        prefix, slash, _ = model.partition("/") if isinstance(model, str) else ("", "", "")
        if slash and provider is not None and provider != prefix:  # A-T21
            problems = [*problems, f"its model is {model!a} and its provider {provider!a}"]
        if said.get("authored_by") is Authorship.HUMAN and model is not None:  # A-T8: one of the two is not so
            problems = [*problems, f"it says that a person wrote it, and names the model {model!a}"]
        facts: dict[str, Any] = {
            "place": "predicate",
            "account": path,
            "repository": None,
            "authored_by": Authorship.UNKNOWN,
            **said,
        }
        return AgentClaim(
            evidence=self.evidence,
            format=self.format,
            path=path,
            commit=commit,
            problem="; ".join(problems) or None,
            **facts,
        )


class Format(Struct, frozen=True, kw_only=True):
    """A format of claims about commits.

    `types` are the predicate types that choose it, byte for byte; with `build_types` one of those must be the
    predicate's `buildDefinition.buildType` too. `about` are the algorithms by which a statement of it may name what it
    is about in place of the image: an empty set is any, None is the image alone. `git` says that a `sha1` in its
    subject is a commit. Where a statement has none of its commits in its subject (a patch's), `read` says which.
    """

    name: str
    types: tuple[str, ...]
    read: Callable[[Reading], Iterator[Found]]
    build_types: tuple[str, ...] = ()
    about: frozenset[str] | None = None
    git: bool = False
