"""A verified statement -> `Summary`: what a verifier says that it verified (SLSA's verification summary, VSA).

What comes in: verified evidence. What goes out: who verified, of which resource, with which result and levels, or None
where the statement is no summary. Nothing is believed here: whose summaries count, and for how much, the policy says.

Sources: SLSA v1.2, "Verification Summary Attestation (VSA)" (Fields, SlsaResult); research checklist 16 to 30.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.claims.fields import OfAnotherType, object_in, text_in
from gate.limits import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.strictjson import JSON
    from gate.verification import Signed, Subject

VSA_V1: Final = "https://slsa.dev/verification_summary/v1"
SOURCE_TYPES: Final[Mapping[str, frozenset[str]]] = {VSA_V1: frozenset({"gitCommit", "gitTree", "gitTag", "sha1"})}
"""Predicate types whose statements may be about the source and not about the image, with how they name it."""
_GIT: Final = "gitCommit"
_LEVEL: Final = re.compile(r"SLSA_(BUILD|SOURCE)_LEVEL_([0-9])")


class Track(StrEnum):
    """SLSA's tracks, each with levels of its own: a level of one says nothing of the other."""

    BUILD = "BUILD"
    SOURCE = "SOURCE"


_TWO_PARTY: Final = "SLSA_SOURCE_TWO_PARTY_REVIEWED"
_REVIEWED: Final = 4
_HIGHEST: Final = {Track.BUILD: 3, Track.SOURCE: 4}


class Summary(Struct, frozen=True, kw_only=True):
    """One summary. `levels` is the one level of each track that it names; `problem` is why it says nothing that counts.

    `SLSA_BUILD_LEVEL_UNEVALUATED`, values of nobody's making and properties of an organisation are no levels.
    `two_party` says that two trusted persons reviewed the commit ("Verified properties"; the source track's level 4).
    """

    evidence: Signed
    verifier: str
    resource: str
    levels: Mapping[Track, int]
    two_party: bool
    problem: str | None

    def subject(self, commit: str) -> Subject | None:
        """The subject that is this commit: by its gitCommit, and by no other digest another one (Source VSA)."""
        assert self.evidence.statement is not None, "a summary is a statement"
        for subject in self.evidence.statement.subjects:
            if subject.digests.get(_GIT) == commit and set(subject.digests.values()) == {commit}:
                return subject
        return None


def read_summary(evidence: Signed) -> Summary | None:
    """The summary in a statement; None if it is none."""
    if evidence.statement is None or evidence.statement.predicate_type != VSA_V1:
        return None
    predicate = evidence.statement.predicate
    verifier = resource = ""
    levels: dict[Track, int] = {}
    try:
        verifier = text_in(object_in(predicate, "verifier"), "id")
        resource = text_in(predicate, "resourceUri")
        levels = _levels(predicate.get("verifiedLevels"))
        problem = _problem(predicate, verifier, resource)
    except (OfAnotherType, _TwoLevelsError) as error:
        problem = str(error)
    properties = predicate.get("verifiedLevels")
    return Summary(
        evidence=evidence,
        verifier=verifier,
        resource=resource,
        levels=levels,
        two_party=levels.get(Track.SOURCE, 0) >= _REVIEWED
        or (isinstance(properties, list) and _TWO_PARTY in properties),
        problem=problem,
    )


class _TwoLevelsError(ValueError):
    """A track has one level: higher ones imply the lower ones, and may not be listed with them."""


def _problem(predicate: Mapping[str, JSON], verifier: str, resource: str) -> str | None:
    """The fields without which it is no summary (Fields: required), and the result (How to verify, step 6)."""
    if not verifier:
        return "it has no verifier.id"
    if not resource:
        return "it has no resourceUri"
    if not text_in(object_in(predicate, "policy"), "uri"):
        return "it has no policy.uri"
    result = text_in(predicate, "verificationResult")
    return None if result == "PASSED" else f"its verificationResult is {result!a}"


def _levels(value: JSON) -> dict[Track, int]:
    if value is None:
        return {}
    if not isinstance(value, list):
        raise OfAnotherType("verifiedLevels", value)
    found: dict[Track, int] = {}
    for item in value:
        if not isinstance(item, str) or len(item) > MAX_TEXT:
            raise OfAnotherType("an entry of verifiedLevels", item)
        match = _LEVEL.fullmatch(item)
        if match is None:
            continue
        track, level = Track(match[1]), int(match[2])
        if found.setdefault(track, level) != level:
            raise _TwoLevelsError(f"its verifiedLevels name two levels of the {track.lower()} track")
    return {track: level for track, level in found.items() if level <= _HIGHEST[track]}
