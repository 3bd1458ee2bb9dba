"""The tags under which what is attached to a digest may be in a repository, and what answers about them say.

What comes in: a digest, or the answers of a repository. What goes out: tags, or whether they are there. It asks for no
tag itself.

Sources: OCI distribution-spec v1.1 ("Referrers Tag Schema", "Error Codes"); cosign's SPEC.md ("Discovery") for `.sig`,
`.att` and `.sbom`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.errors import AccessDenied, CouldNotLook, NotFound
from gate.sources import Answer, Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.discovery.ledger import Place
    from gate.reference import Digest

REFERRERS_TAG: Final = "referrers-tag"
"""The ledger's name for the place where the referrers tag is."""
_TAG_LIMIT: Final = 128  # distribution-spec: a tag has at most 128 characters, so that a longer one holds nothing
_SUFFIXES: Final = ("sig", "att", "sbom")


def referrers_tag(subject: Digest) -> str:
    """The tag that lists referrers where the API is missing (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"[:_TAG_LIMIT]


def cosign_tag(subject: Digest, suffix: str) -> str:
    """Cosign's tag for what it attached to `subject`: suffix `sig`, `att` or `sbom` (cosign's SPEC.md, "Discovery")."""
    return f"{subject.algorithm}-{subject.hex}.{suffix}"


def tags_of(subject: Digest) -> list[tuple[str, str]]:
    """The tags that something about `subject` may have, each with its place's name; but for those that are too long for
    one (SHA-512's).
    """
    tags = [(REFERRERS_TAG, referrers_tag(subject))]
    tags += [(f"cosign-{suffix}", cosign_tag(subject, suffix)) for suffix in _SUFFIXES]
    return [(place, tag) for place, tag in tags if len(tag) <= _TAG_LIMIT]


def find_unseen(where: Place, subject: Digest, listing: object, tagged: Sequence[object]) -> CouldNotLook | None:
    """The error, where a repository seems to hold nothing because it is hidden from whoever asks, or is not there.

    The image's own must have the image, also where a mirror handed that out. Another one must be there: its name may be
    mistyped. Of a place that holds something, or of which nothing answered, the answers themselves say all.
    """
    answers = [answer for answer in tagged if isinstance(answer, Answer)]
    if not where.decides or not answers or any(answer.content is not None for answer in answers):
        return None
    if isinstance(listing, Listing) and listing.descriptors:
        return None
    try:
        if where.name is not None:
            return _unseen(where, where.name, answers)
        where.source.confirm(subject)
    except CouldNotLook as error:
        return error
    return None


def _unseen(where: Place, name: str, answers: Sequence[Answer]) -> CouldNotLook | None:
    """The same of another repository. Raises `CouldNotLook`.

    Some registries say so of each tag; of those that do not, only the list of their tags tells, which is asked for
    where there is nothing else. An empty listing does not contradict: a registry with the referrers API may give one
    for any name (distribution-spec, "Listing Referrers": never 404).
    """
    if where.source.doubt:
        return AccessDenied(
            f"--signature-repository {name}: nothing is there for whoever has no credentials, and one that is "
            f"configured could not be had: {where.source.doubt}"
        )
    known = False if all(answer.repository_unknown for answer in answers) else where.source.known()
    if known is None and all(answer.absent_by for answer in answers):
        return AccessDenied(
            f"--signature-repository {name}: every tag is forbidden (403), which in a repository that may not be read "
            "does not mean that nothing is there",
            status=403,
        ).advising("see whether the credentials may read it")
    if known is not False:
        return None
    return NotFound(
        f"--signature-repository {name}: its registry knows no such repository (NAME_UNKNOWN), or "
        "hides it, so that nothing could be looked for there",
        status=404,
    ).advising(
        "compare --signature-repository with the COSIGN_REPOSITORY of the job that signs, and see whether the "
        "credentials may read it; a registry makes a repository when something is pushed, so that before the first "
        "signature there is none"
    )


def holds(answer: object, *, other_than: Digest) -> bool:
    """Whether a tag is there, and is not the image itself."""
    return isinstance(answer, Answer) and answer.content is not None and answer.content.digest != other_than
