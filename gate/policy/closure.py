"""One digest for a policy and everything that it names.

What comes in: a policy, whose files were read, and the digests of its trust roots, which `trust` reads. What goes out:
a SHA-256 in hex that changes with any of them. A policy of one file has that file's own digest, as sha256sum says it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gate.policy.model import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.model import Policy

_MAIN = "policy"


def closure(policy: Policy, roots: Mapping[str, str]) -> tuple[PolicyFile, ...]:
    """Every file of the policy, the main one first. `roots` are the SHA-256 of trust roots by their names."""
    named = [
        PolicyFile(path=entry.shown, kind="root", sha256=roots[entry.name]) for entry in policy.roots if entry.folder
    ]
    return (*policy.files, *sorted(named, key=lambda file: file.path))


def closure_digest(policy: Policy, roots: Mapping[str, str]) -> str:
    """The digest of the main file if that is all; else that of a list of all files, by digest, kind and path.

    The main file stands in the list without its own name: a copy under another name is the same policy.
    """
    main, *others = closure(policy, roots)
    if not others:
        return main.sha256
    lines = sorted(f"{file.sha256}  {file.kind}  {file.path}\n" for file in others)
    return hashlib.sha256("".join([f"{main.sha256}  {_MAIN}\n", *lines]).encode("utf-8", "surrogateescape")).hexdigest()
