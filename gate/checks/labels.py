"""`provenance.labels`: what the image says of its own source agrees with what its provenance proves (design rule 12).

What comes in: the repository and the commit of one provenance, and the image's labels. What goes out: an `Aspect`, or
what disagrees, for a note. A label proves nothing; one that disagrees shows a mix-up, or that something was built over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.checks.aspects import Aspect
from gate.claims.source import canonical_repository
from gate.discovery.labels import SOURCE
from gate.verdict import Gap

if TYPE_CHECKING:
    from gate.discovery.labels import Label, Labels


def judge_labels(repository: str | None, commits: tuple[str, ...], labels: Labels | None) -> Aspect:
    """At least one of the labels is there, and each that is there agrees."""
    found = () if labels is None else labels.found
    wrong = disagreement(repository, commits, labels)
    gap = None
    if labels is not None and labels.error is not None and not wrong:
        gap = Gap(reason=str(labels.error), exit_code=labels.error.exit_code)
    shown = ", ".join(f"{item.name} {item.value!a}" for item in found)
    if labels is not None and labels.index and not found:
        shown = "an index, whose entries have labels and itself has none"
    return Aspect(
        name="labels",
        passed=bool(found) and not wrong and gap is None,
        expected="labels org.opencontainers.image.source and .revision that agree with the provenance",
        found=wrong or shown or "no such label",
        remedy="image: set both labels in the build (docker/metadata-action does), from the commit that is built; "
        'of an index, judge the entries: platforms = "each"; policy: without labels, which lets in images that say '
        "that they are something else",
        gap=gap,
    )


def disagreement(repository: str | None, commits: tuple[str, ...], labels: Labels | None) -> str:
    """What in the labels is not what the provenance says; empty if nothing is."""
    found = labels.found if labels is not None else ()
    wrong = [item for item in found if not _agrees(item, repository, commits)]
    return "; ".join(f"the image's {item.place} {item.name} says {item.value!a}" for item in wrong)


def _agrees(label: Label, repository: str | None, commits: tuple[str, ...]) -> bool:
    if label.name == SOURCE:
        return canonical_repository(label.value) == repository
    return commits == (label.value,)
