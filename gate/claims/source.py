"""Repositories, refs and commits: their one spelling, and what a certificate says of them.

What comes in: URIs as build systems write them, and a certificate's identity. What goes out: texts that can be compared
whole, and `Source`. It compares nothing with a policy.

Sources: design rules 12 and 17; fulcio docs/oid-info.md (.3, .5, .6 old; .12, .13, .14 new); SPDX and pip's `git+`
prefix as SLSA's resource URIs use it; git's object names (40 or 64 hex digits, whole: research A-T6).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.verification import Identity

if TYPE_CHECKING:
    from gate.verification import KeyIdentity

_URI: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>(?:/@?[^@/]*+)*+)(?:@(?P<ref>.*))?", re.IGNORECASE
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"


class Source(Struct, frozen=True, kw_only=True):
    """Where something was built from, as far as one witness says so. `conflict` is what it contradicts itself in."""

    repository: str | None = None
    ref: str | None = None
    commits: tuple[str, ...] = ()
    conflict: str | None = None


def canonical_repository(uri: str) -> str:
    """One spelling for one repository: without `git+`, `@ref`, a trailing `/` and `.git`, the host in lower case.

    What is no URI stays as it is: it equals itself and nothing else.
    """
    match = _URI.fullmatch(uri.removeprefix("git+"))
    if match is None:
        return uri
    path = match["path"].rstrip("/").removesuffix(".git")
    return f"{match['scheme'].lower()}://{match['authority'].lower()}{path}"


def ref_of(uri: str) -> str | None:
    """The `@ref` of a resource URI such as `git+https://github.com/o/r@refs/heads/main`."""
    match = _URI.fullmatch(uri.removeprefix("git+"))
    return match["ref"] if match else None


def is_commit(text: str) -> bool:
    """Whether this is a whole git object name. A short one names no commit."""
    return _COMMIT.fullmatch(text) is not None


def certified_source(identity: Identity | KeyIdentity) -> Source | None:
    """What the CA copied from the CI system's token; None for a key, or a certificate that says nothing of a source."""
    if not isinstance(identity, Identity):
        return None
    found = identity.extensions
    new, old = found.get("source-repository-uri"), found.get("github-workflow-repository")
    ref, ref_conflict = _either(found.get("source-repository-ref"), found.get("github-workflow-ref"), "refs")
    commit, commit_conflict = _either(
        found.get("source-repository-digest"), found.get("github-workflow-sha"), "commits"
    )
    if all(item is None for item in (new, old, ref, commit)):
        return None
    repository, conflict = None, None
    if new is not None:
        repository = canonical_repository(new)
        if old is not None and not _same_repository(new, old):
            conflict = f"the certificate names the repositories {new!a} and {old!a}"
    elif old is not None and identity.issuer == GITHUB_ISSUER:
        repository = f"https://github.com/{old}"
    elif old is not None:
        # The old form has no host: it is GitHub's only where GitHub's own issuer says so.
        conflict = f"the certificate names a repository {old!a} without a host, and its issuer is not GitHub's"
    return Source(
        repository=repository,
        ref=ref,
        commits=(commit,) if commit else (),
        conflict=conflict or ref_conflict or commit_conflict,
    )


def _same_repository(new: str, old: str) -> bool:
    match = _URI.fullmatch(new)
    return match is not None and match["path"].rstrip("/").removesuffix(".git") == f"/{old}"


def _either(new: str | None, old: str | None, what: str) -> tuple[str | None, str | None]:
    """The value that a certificate gives in its new or its old form, and the conflict if it gives two."""
    if new is not None and old is not None and new != old:
        return new, f"the certificate names the {what} {new!a} and {old!a}"
    return (new if new is not None else old), None
