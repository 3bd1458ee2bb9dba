"""`[rules.provenance]` -> `ProvenanceSection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.pointer import is_pointer
from gate.policy.demands import ProvenanceSection, Verifier
from gate.policy.matching import capturing
from gate.policy.parties import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gate.policy.matching import Pattern
    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions


def read_provenance(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> ProvenanceSection:
    """Which builders, level, source and refs count (rules 11, 12 and 19)."""
    builders = to.reader.names(table.get("builders", ()), "builders", (*at, "builders"))
    signers = to.reader.names(table.get("signers", ()), "signers", (*at, "signers"))
    if not builders and not signers:
        to.reader.problem(at, "provenance needs builders or signers: who made it")
    read = [to.builders[name] for name in builders if name in to.builders]
    everyone = {*signers, *(name for item in read for name in item.signers)}
    to.reader.check_times(sorted(everyone), to.signers, at, needed="max-age" in table)
    vsa = tuple(read_verifier(item, (*at, "vsa", number), to) for number, item in enumerate(table.get("vsa", ())))
    to.reader.check_times([item.signer for item in vsa], to.signers, at, needed="max-age" in table)
    if "source-is" in table and table["source"] == "any":
        text = "it narrows a list: write source = [...], so that a job's environment cannot choose what is accepted"
        to.reader.problem((*at, "source-is"), text)
    level = table["level"]
    reachable = max([1 if signers else 0, *(item.level for item in read), *(item.level for item in vsa)])
    if level > reachable:
        to.reader.warning((*at, "level"), f"level {level} is above what any named builder is worth ({reachable})")
    return ProvenanceSection(
        builders=builders,
        signers=signers,
        level=level,
        source=to.reader.sources(table["source"], (*at, "source")),
        source_is_this_project="source-is" in table,
        refs=ANY if table["refs"] == "any" else read_refs(table["refs"], (*at, "refs"), to),
        labels_must_agree="labels" in table,
        vsa=vsa,
        parameters=_parameters(table["parameters"], (*at, "parameters"), to) if "parameters" in table else None,
        max_age=to.reader.age(table, at),
    )


def read_verifier(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> Verifier:
    """One pair of verifier and signer, with what it is worth (rule 13)."""
    (signer,) = to.reader.names((table["signer"],), "signers", (*at, "signer"))
    return Verifier(
        verifier=to.reader.pattern(table["verifier"], (*at, "verifier")),
        signer=signer,
        level=table["level"],
        resource=tuple(to.reader.pattern(item, (*at, "resource"), captures=True) for item in table["resource"])
        if "resource" in table
        else None,
    )


def _parameters(value: str | list[Any], at: KeyPath, to: Definitions) -> tuple[Pattern, ...]:
    """`"strict"`, or what may be there beside what the build type defines: JSON pointers."""
    if isinstance(value, str):
        return ()
    for item in value:
        text = item if isinstance(item, str) else item.get("glob", "/")
        if not is_pointer(text):
            to.reader.problem(at, f"{text!a} is no JSON pointer: write /inputs/version")
    return tuple(to.reader.pattern(item, at) for item in value)


def read_refs(refs: Iterable[str], at: KeyPath, to: Definitions) -> tuple[Pattern, ...]:
    """Globs for whole ref names."""
    return tuple(_ref(ref, to.reader.element(at, number, ref), to) for number, ref in enumerate(refs))


def _ref(text: str, at: KeyPath, to: Definitions) -> Pattern:
    """A full ref name, or a glob for them."""
    if text == "any":
        to.reader.any_in_a_list(at)
    elif not text.startswith("refs/"):
        to.reader.problem(at, f"{text!a} is no full ref name: write refs/heads/... or refs/tags/...")
    return to.reader.checked(text, capturing, at)
