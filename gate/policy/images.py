"""A rule's `images`: which images it is for, and which patterns could be for none (design rule 23).

What comes in: a reference and a policy, or a pattern's text. What goes out: the rules that match; or a complaint about
the pattern, or None. Patterns are written for canonical names, and one that no canonical name can match is refused: its
rule would look as if it guarded something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.errors import InvalidReference
from gate.reference import LOCAL_PREFIXES, canonical_host, canonical_name

if TYPE_CHECKING:
    from gate.policy.matching import Pattern
    from gate.policy.model import Policy, Rule
    from gate.reference import Reference

_TAG_AT_END: Final = re.compile(r":[^/]*$")
_BRACES: Final = re.compile(r"\{[a-z][a-z0-9-]*\}")
_STARS: Final = re.compile(r"\*+")
_HOST_GLOB: Final = re.compile(r"[a-z0-9.*-]+(?::[0-9*]+)?")
_SHORT: Final = "name the registry too; Docker Hub's short names are docker.io/library/NAME and docker.io/ORG/NAME"


def rules_for(policy: Policy, reference: Reference) -> tuple[Rule, ...]:
    """The rules whose `images` match the reference's name, in the policy's order."""
    return tuple(
        rule for rule in policy.rules if any(captured(pattern, reference) is not None for pattern in rule.images)
    )


def captured(pattern: Pattern, reference: Reference) -> dict[str, str] | None:
    """What the captures of a rule's pattern stand for in this reference's name; None if the pattern is not for it.

    Captures are for registries' names and asserted ones, which are canonical: a path is matched by none.
    """
    if not pattern.names:
        return {} if names_image(pattern, reference) else None
    if reference.local and not reference.asserted:
        return None
    return pattern.capture(reference.name)


def names_image(pattern: Pattern, reference: Reference) -> bool:
    """Whether a pattern is for this reference.

    Rule 23: an asserted or a registry's name is matched as it is; a local text only by `**` or its own transport.
    A path with a `.` or `..` segment leads elsewhere than a glob says: only a pattern without stars can mean it.
    """
    if reference.local and not reference.asserted:
        if pattern.text == "**":
            return True
        if not pattern.text.startswith(LOCAL_PREFIXES):
            return False
        if "*" in pattern.text and {".", ".."} & set(reference.location.split("/")):
            return False
    return pattern.matches(reference.name)


def image_complaint(text: str) -> str | None:
    """Why no image can have a name that this pattern matches, or what its writer will not have meant."""
    if "://" in text:
        return "an image's name has no scheme"
    if _BRACES.search(text.partition("/")[0]) or (text.startswith(LOCAL_PREFIXES) and _BRACES.search(text)):
        return "a capture is a segment of the repository, not of the registry's name, and not of a path"
    if len(names := _BRACES.findall(text)) > len(set(names)):
        return "it captures one name twice"
    if any(_BRACES.search(part) and not _BRACES.fullmatch(part) for part in text.split("/")):
        return "a capture is a whole segment between slashes"
    text = _BRACES.sub("x", text)
    if text == "**":
        return None
    if text.startswith(LOCAL_PREFIXES):
        return _path_complaint(text, text.partition(":")[2])
    if not text.isascii() or " " in text or not text.isprintable():
        return "an image's name has no spaces, and no characters outside ASCII"
    if text != text.lower():
        return "an image's canonical name is in lower case"
    if "@" in text or _TAG_AT_END.search(text):
        return "a rule names images without tag or digest"
    host, slash, rest = text.partition("/")
    if "*" in host:
        if not slash:
            return "name the registry too: docker.io/library/NAME or REGISTRY/NAME"
        if _HOST_GLOB.fullmatch(host) is None:
            return "no registry has a host like that"
        return _repository_complaint("registry.example", rest)
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return _SHORT
    try:
        canonical = canonical_host(host)
    except InvalidReference as error:
        return str(error)
    if canonical != host:
        return f"the registry's canonical name is {canonical}"
    if host == "docker.io" and rest and "/" not in rest and rest != "**":
        return "Docker Hub's short names are docker.io/library/NAME and docker.io/ORG/NAME"
    return _repository_complaint(host, rest)


def _path_complaint(text: str, path: str) -> str | None:
    if not path:
        return f"it names no path: write {text}PATH"
    if not text.isprintable():
        return "it has characters that are not printable"
    if "*" in path and {".", ".."} & set(path.split("/")):
        return "a path with . or .. leads elsewhere than a pattern says: write it without, or without the stars"
    return None


def _repository_complaint(host: str, rest: str) -> str | None:
    """Judged with a letter for each star: nothing that a star stands for could make more patterns possible."""
    if re.search(r"[?\[\]{}]", rest):
        return None  # the glob's own complaint says it better
    example = _STARS.sub("x", rest)
    if "/" not in example:
        example = f"x/{example}" if example else ""
    try:
        canonical_name(f"{host}/{example}")
    except InvalidReference as error:
        if "longer" in str(error):
            return "no image has a name that long"
        return "no repository has a name like that (lower-case letters, digits and . _ - /)"
    return None
