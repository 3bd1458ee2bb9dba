"""A verified payload -> `Statement`, if its subject is the image.

What comes in: the payload of an envelope whose signature verified, and the digest that was asked about. What goes out:
the statement, or `NotAbout` / `strictjson.Refused`. It reads no predicate.

Sources: in-toto attestation spec v1 and v0.1, "Statement" (subject, predicateType; unset and null are the same);
design rule 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gate.strictjson import JSON, Refused, parse_object
from gate.verification.evidence import Statement

if TYPE_CHECKING:
    from gate.limits import Limits
    from gate.reference import Digest
    from gate.sources import Content

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_VERSIONS: Final = frozenset({"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"})
_HEX_DIGITS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDigests:
    """The image that was asked about: `asked` is its digest, `known` that of its manifest by every algorithm."""

    asked: Digest
    known: Mapping[str, str]

    @classmethod
    def of(cls, image: Content) -> ImageDigests:
        """The digests of a fetched manifest, whose bytes were checked against `image.digest`."""
        known = {algorithm: hashlib.new(algorithm, image.raw).hexdigest() for algorithm in _HEX_DIGITS}
        return cls(asked=image.digest, known=known)


class NotAbout(Exception):
    """The statement is sound, and about something else."""


def read_statement(payload: bytes, image: ImageDigests, limits: Limits) -> Statement:
    """Read a statement about `image`.

    The payload's signature has verified, so its size is bounded by the blob limit alone and not by a count of tokens:
    real SBOMs are large. Raises `Refused` or `NotAbout`.
    """
    document = parse_object(payload, limits=limits, tokens=0)
    version = document.get("_type")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise Refused(f"{version!a} is no in-toto statement that gate reads")
    predicate_type = document.get("predicateType")
    if not isinstance(predicate_type, str) or not predicate_type:
        raise Refused("the statement has no predicateType")
    _check_subject(document.get("subject"), image)
    predicate = document.get("predicate")
    if predicate is None:
        predicate = {}
    if not isinstance(predicate, Mapping):
        raise Refused("the statement's predicate is no object")
    return Statement(version=version, predicate_type=predicate_type, predicate=predicate)


def _check_subject(subjects: JSON, image: ImageDigests) -> None:
    """Rule 1: any one of many subjects; the digest under its own algorithm; no other known digest contradicts."""
    if not isinstance(subjects, list) or not subjects:
        raise Refused("the statement has no subject")
    named = []
    for entry in subjects:
        digests = entry.get("digest") if isinstance(entry, Mapping) else None
        if not isinstance(digests, Mapping):
            raise Refused("a subject without digests")
        stated = {algorithm: value for algorithm, value in digests.items() if algorithm in _HEX_DIGITS}
        if digests.get(image.asked.algorithm) == image.asked.hex:
            if all(value == image.known[algorithm] for algorithm, value in stated.items()):
                return
            raise NotAbout(f"its subject has the digest {image.asked} and another one that contradicts it")
        named.append(next((f"{algorithm}:{value}" for algorithm, value in digests.items()), "nothing"))
    shown = ", ".join(named[:3]) + (", ..." if len(named) > 3 else "")
    raise NotAbout(f"it is about {shown}, not about {image.asked}")
