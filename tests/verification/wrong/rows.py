"""What a row of the table is: one thing that is wrong with a valid signature, and its neighbour that is right.

What comes in: a valid recipe of a format. What goes out: the same with one thing changed, and what verification says
of it. `Trial` is everything that a verification depends on: what was signed, who is trusted, and when it is judged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.forge import FORMATS, SIGNED_AT, Format, JSONObject, Recipe, Signed, valid
from tests.verification.lab import FORGED_IMAGE, FORGED_IMAGE_RAW, FORGED_NOW, edited, forged_evidence, trusted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.sources import Content
    from gate.verification import PublicKey, Rejected, Root, Step, Verified

SECOND: Final = timedelta(seconds=1)
BEFORE: Final = SIGNED_AT - SECOND
AFTER: Final = SIGNED_AT + SECOND


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A signature to be made, and how it is judged. Without roots it is judged in its own instance's."""

    recipe: Recipe
    roots: tuple[Root, ...] = ()
    keys: tuple[PublicKey, ...] | None = None
    now: datetime = FORGED_NOW
    about: Content = FORGED_IMAGE

    def but(self, **parts: Any) -> Trial:
        """With other parts of the recipe."""
        return replace(self, recipe=replace(self.recipe, **parts))

    def leaf(self, **parts: Any) -> Trial:
        """With another certificate."""
        return self.but(leaf=replace(self.recipe.leaf, **parts))

    def within(self, **parts: Any) -> Trial:
        """Made and judged in another instance."""
        return self.but(instance=replace(self.recipe.instance, **parts))

    def made_by(self, **parts: Any) -> Trial:
        """Made by an instance with other parts, and judged in the root of the one that it was."""
        return replace(self.within(**parts), roots=(trusted(self.recipe.instance),))

    def judged_by(self, **parts: Any) -> Trial:
        """Judged in the root of an instance with other parts."""
        return replace(self, roots=(trusted(replace(self.recipe.instance, **parts)),))

    def evidence(self) -> Verified | Rejected:
        """What verification says."""
        return forged_evidence(self.recipe, *self.roots, about=self.about, keys=self.keys, now=self.now)


Change: TypeAlias = "Callable[[Trial], Trial]"
Formats: TypeAlias = "Callable[[Format], bool]"


def unchanged(trial: Trial) -> Trial:
    """The valid signature itself."""
    return trial


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing wrong: the step that must reject it, with a reason that begins or goes on so, in each of the formats.

    `right` is the neighbour just inside the boundary, which is accepted. `guard` names the one function of gate without
    which the wrong one would be accepted (`module:name`), where the step is one function.
    """

    step: Step
    broken: str
    wrong: Change
    reason: str
    formats: Formats
    right: Change = unchanged
    guard: str = ""

    @property
    def where(self) -> tuple[Format, ...]:
        """The formats in which this can be wrong."""
        return tuple(form for form in FORMATS if self.formats(form))


def trial(form: Format) -> Trial:
    """A valid signature of the forged image."""
    return Trial(recipe=valid(form, FORGED_IMAGE_RAW))


# Which formats


def certified(form: Format) -> bool:
    """Those with a certificate."""
    return not form.keyed


def keyed(form: Format) -> bool:
    """Those that a key signs."""
    return form.keyed


def with_sct(form: Format) -> bool:
    """Those whose certificate is in a CT log: GitHub's is in none."""
    return not form.keyed and form.entry is not None


def bundled(form: Format) -> bool:
    """Sigstore bundles."""
    return form.is_bundle


def layered(form: Format) -> bool:
    """Cosign's layers."""
    return not form.is_bundle


def logged(form: Format) -> bool:
    """Those with a log entry."""
    return form.entry is not None


def proven(form: Format) -> bool:
    """Those with an inclusion proof."""
    return form.proof


def promised(form: Format) -> bool:
    """Those with a signed entry timestamp."""
    return form.promise


def stamped(form: Format) -> bool:
    """Those with a timestamp."""
    return form.stamps


def timed(form: Format) -> bool:
    """Those with a verified time."""
    return form.stamps or form.promise


def statements(form: Format) -> bool:
    """Those of an in-toto statement."""
    return form.signs == "statement"


def messages(form: Format) -> bool:
    """Those over the artifact itself."""
    return form.signs == "message"


def simple(form: Format) -> bool:
    """Those of cosign's simple signing."""
    return form.signs == "simple-signing"


def rekor_v2(form: Format) -> bool:
    """Those in a Rekor v2."""
    return form.rekor == 2


def both(*formats: Formats) -> Formats:
    """Those that are in every one."""
    return lambda form: all(holds(form) for holds in formats)


def named(*names: str) -> Formats:
    """Those of these names."""
    return lambda form: form.name in names


# Which change


def with_leaf(**parts: Any) -> Callable[[Trial], Trial]:
    """Another certificate."""
    return lambda trial: trial.leaf(**parts)


def in_bundle(path: str, value: object) -> Callable[[Trial], Trial]:
    """Another value at a path of the finished bundle."""
    return lambda trial: trial.but(finished=lambda signed: signed.written(edited(signed.document, path, value)))


def in_body(path: str, value: object) -> Callable[[Trial], Trial]:
    """The log was told another value, and logged it."""
    return lambda trial: trial.but(told=lambda body: edited(body, path, value))


def in_entry(path: str, value: object) -> Callable[[Trial], Trial]:
    """Another value at a path of the log entry, behind the log's back."""
    return lambda trial: trial.but(entry=lambda entry: edited(entry, path, value))


def in_annotation(name: str, value: str) -> Callable[[Trial], Trial]:
    """Another text of one of a layer's annotations."""

    def finished(signed: Signed) -> Signed:
        return replace(signed, annotations={**signed.annotations, f"dev.{name}": value})

    return lambda trial: trial.but(finished=finished)


def with_payload(change: Callable[[JSONObject], JSONObject]) -> Callable[[Trial], Trial]:
    """Another payload, signed and logged as it is."""
    return lambda trial: trial.but(payload=json.dumps(change(json.loads(trial.recipe.payload))).encode())
