"""A verified payload -> `Statement`, if its subject is the image.

What comes in: the payload of an envelope whose signature verified, and the digest that was asked about. What goes out:
the statement, or `NotAbout` / `strictjson.Refused`. It reads no predicate. A statement of a type that the artifact
lists as one about sources may be about something else: then it has `subjects`.

Sources: in-toto attestation spec v1 and v0.1, "Statement" (subject, predicateType; unset and null are the same);
design rule 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from gate.limits import MAX_TEXT
from gate.strictjson import JSON, Refused, parse_object
from gate.verification.evidence import Statement, Subject
from gate.verification.material import ALGORITHMS, Message

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.reference import Digest
    from gate.sources import Content

_Subjects = list[tuple[Mapping[str, JSON], Mapping[str, JSON]]]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_VERSIONS: Final = frozenset({"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"})


class Artifact(Struct, frozen=True, kw_only=True):
    """What was asked about: an image by its manifest, or a file. `asked` is its digest, `message` its bytes.

    `any_digest` says that a subject may name it by any of its digests (a file's; rule 1), not only the one asked for.
    `source_types` are the predicate types of statements that may be about its source and not about itself, each with
    the algorithms by which every subject of such a statement must be named; an empty set of them is any algorithm.
    """

    asked: Digest
    message: Message
    any_digest: bool = False
    source_types: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls, image: Content, *, any_digest: bool = False, source_types: Mapping[str, frozenset[str]] | None = None
    ) -> Artifact:
        """The artifact that a fetched manifest or a file is; its bytes were checked against `image.digest`.

        `any_digest` for a file: npm's subjects have sha512 alone.
        """
        message = Message(image.raw) if image.digests is None else Message(None, image.digests)
        return cls(
            asked=image.digest,
            message=message,
            any_digest=any_digest,
            source_types=MappingProxyType(dict(source_types or {})),
        )


class NotAbout(Exception):
    """The statement is sound, and about something else."""


class _OfAnotherSubject(NotAbout):
    """None of its subjects is the artifact; none is half of it either. `subjects` are those, each with its digests."""

    def __init__(self, message: str, subjects: _Subjects) -> None:
        super().__init__(message)
        self.subjects = subjects


def texts(value: JSON) -> dict[str, str]:
    """Annotations: those that are texts, and no longer than a policy's could be."""
    found = value.items() if isinstance(value, Mapping) else ()
    return {key: text for key, text in found if isinstance(text, str) and len(key) + len(text) <= MAX_TEXT}


def read_statement(payload: bytes, artifact: Artifact, limits: Limits) -> Statement:
    """Read a statement about `artifact`.

    The payload's signature has verified, but its signer may be anybody: tokens are bounded here too, with room for real
    SBOMs. Raises `Refused` or `NotAbout`.
    """
    document = parse_object(payload, limits=limits, signed=True)
    version = document.get("_type")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise Refused(f"{version!a} is no in-toto statement that gate reads")
    predicate_type = document.get("predicateType")
    if not isinstance(predicate_type, str) or not 0 < len(predicate_type) <= MAX_TEXT:
        raise Refused("the statement has no predicateType that can be one")
    subjects: tuple[Subject, ...] = ()
    annotations: dict[str, str] = {}
    try:
        annotations = _check_subject(document.get("subject"), artifact)
    except _OfAnotherSubject as other:
        algorithms = artifact.source_types.get(predicate_type)
        if algorithms is None:
            raise
        subjects = _source_subjects(other.subjects)
        if algorithms and not all(item.digests.keys() <= algorithms for item in subjects):
            raise
    predicate = document.get("predicate")
    if predicate is not None and not isinstance(predicate, Mapping):
        raise Refused("the statement's predicate is no object")
    return Statement(
        version=version, predicate_type=predicate_type, payload=payload, annotations=annotations, subjects=subjects
    )


def _check_subject(subjects: JSON, artifact: Artifact) -> dict[str, str]:
    """Rule 1: any one of many subjects; the digest under its own algorithm; no other known digest contradicts.

    Returns the annotations of the subject that is the artifact.
    """
    if not isinstance(subjects, list) or not subjects:
        raise Refused("the statement has no subject")
    known = {name: digest.hex() for name in ALGORITHMS if (digest := artifact.message.digest(name)) is not None}
    accepted = tuple(known) if artifact.any_digest else (artifact.asked.algorithm,)
    named: list[str] = []
    others: _Subjects = []
    for entry in subjects:
        if not isinstance(entry, Mapping) or not isinstance(digests := entry.get("digest"), Mapping):
            raise Refused("a subject without digests")
        stated = {algorithm: value for algorithm, value in digests.items() if algorithm in known}
        if any(stated.get(algorithm) == known[algorithm] for algorithm in accepted):
            if all(value == known[algorithm] for algorithm, value in stated.items()):
                return texts(entry.get("annotations"))
            raise NotAbout(f"its subject has a digest of {artifact.asked} and another one that contradicts it")
        others.append((entry, digests))
        if len(named) < 3:
            named.append(next((_shown(key, value) for key, value in digests.items()), "nothing"))
    shown = ", ".join(named) + (", ..." if len(subjects) > 3 else "")
    raise _OfAnotherSubject(f"it is about {shown}, not about {artifact.asked}", others)


def _source_subjects(subjects: _Subjects) -> tuple[Subject, ...]:
    """What a statement about the source is about, in full. Raises `Refused` for digests that are no texts."""
    found = []
    for entry, stated in subjects:
        digests = texts(stated)
        if not digests or len(digests) != len(stated):
            raise Refused("a subject without digests that are texts")
        name, uri = (value if isinstance(value, str) else "" for value in (entry.get("name"), entry.get("uri")))
        if len(name) + len(uri) > MAX_TEXT:
            raise Refused(f"a subject with a name of more than {MAX_TEXT} characters")
        annotations = entry.get("annotations")
        kept = annotations if isinstance(annotations, Mapping) else {}
        found.append(Subject(name=name, uri=uri, digests=digests, annotations=kept))
    return tuple(found)


def _shown(algorithm: str, value: JSON) -> str:
    return f"{algorithm[:20]}:{value[:200] if isinstance(value, str) else type(value).__name__}"
