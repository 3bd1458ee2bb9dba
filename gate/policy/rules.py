"""`[[rules]]` of a policy -> `Rule`s: what images must prove, section by section.

What comes in: the tables, a `Reader`, and the signers and builders that were defined. What goes out: rules whose names
are all defined, or problems. A part that is None was left out because its shape is wrong, which is said already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.platforms import parse_platform
from gate.policy import predicates
from gate.policy.images import image_complaint
from gate.policy.matching import How, glob
from gate.policy.model import (
    ANY,
    AgentsSection,
    AttestationSection,
    CertificateHolder,
    Coverage,
    KeyHolder,
    ProvenanceSection,
    Rule,
    Scope,
    Select,
    SignatureSection,
    Signer,
    Trust,
)
from gate.policy.problems import nearest
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.platforms import Platform
    from gate.policy.matching import Pattern
    from gate.policy.model import Builder
    from gate.policy.reading import KeyPath, Reader

_SECTIONS = ("signature", "provenance", "agents", "attestations")


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads rules with what the rest of the policy defines."""

    reader: Reader
    signers: Mapping[str, Signer]
    builders: Mapping[str, Builder]

    def rule(self, number: int, table: Mapping[str, Any]) -> Rule:
        """One rule."""
        at: KeyPath = ("rules", number)
        if not any(key in table for key in _SECTIONS):
            self.reader.problem(at, "the rule demands nothing; add signature, provenance, agents or attestations")
        if "agents" in table and "provenance" not in table:
            self.reader.problem(
                (*at, "agents"), "agents needs provenance in the same rule: it says which commits count"
            )
        found = {key: table[key] for key in _SECTIONS if table.get(key) is not None}
        return Rule(
            name=table.get("name") or f"rule-{number + 1}",
            images=tuple(self._image(text, (*at, "images")) for text in table["images"] or ()),
            platforms=self._platforms(table.get("platforms", Scope.INDEX), (*at, "platforms")),
            signature=self._signature(found["signature"], (*at, "signature")) if "signature" in found else None,
            provenance=self._provenance(found["provenance"], (*at, "provenance")) if "provenance" in found else None,
            agents=self._agents(found["agents"], (*at, "agents")) if "agents" in found else None,
            attestations=tuple(
                self._attestation(item, (*at, "attestations", place))
                for place, item in enumerate(found.get("attestations", ()))
                if item is not None
            ),
        )

    def _signature(self, table: Mapping[str, Any], at: KeyPath) -> SignatureSection:
        signers = self.reader.names(table["signers"], "signers", (*at, "signers"))
        threshold = table.get("threshold", 1)
        if threshold > len(signers) and all(name in self.signers and _is_one(self.signers[name]) for name in signers):
            self.reader.problem(  # rule 8
                (*at, "threshold"), f"{threshold} different principals are wanted and {len(signers)} named"
            )
        self.reader.check_times(signers, self.signers, at, needed="max-age" in table)
        return SignatureSection(signers=signers, threshold=threshold, max_age=self.reader.age(table, at))

    def _provenance(self, table: Mapping[str, Any], at: KeyPath) -> ProvenanceSection:
        builders = self.reader.names(table.get("builders", ()), "builders", (*at, "builders"))
        signers = self.reader.names(table.get("signers", ()), "signers", (*at, "signers"))
        if not builders and not signers:
            self.reader.problem(at, "provenance needs builders or signers: who made it")
        read = [self.builders[name] for name in builders if name in self.builders]
        everyone = {*signers, *(name for item in read for name in item.signers)}
        self.reader.check_times(sorted(everyone), self.signers, at, needed="max-age" in table)
        level = table["level"]
        reachable = max([1 if signers else 0, *(item.level for item in read)])
        if level > reachable:
            self.reader.warning((*at, "level"), f"level {level} is above what any named builder is worth ({reachable})")
        return ProvenanceSection(
            builders=builders,
            signers=signers,
            level=level,
            source=self.reader.sources(table["source"], (*at, "source")),
            refs=ANY if table["refs"] == "any" else tuple(self._ref(ref, (*at, "refs")) for ref in table["refs"]),
            max_age=self.reader.age(table, at),
        )

    def _agents(self, table: Mapping[str, Any], at: KeyPath) -> AgentsSection:
        allow = table["allow"]
        if allow != "any" and "any" in allow:
            self.reader.any_in_a_list((*at, "allow"))
            allow = [name for name in allow if name != "any"]
        return AgentsSection(
            allow=ANY if allow == "any" else self.reader.names(allow, "agents", (*at, "allow")),
            humans=table.get("humans") == "allow",
            unclaimed=table.get("unclaimed") == "allow",
            mixed=table.get("mixed") == "allow",
            signers=self.reader.names(table.get("signers", ()), "signers", (*at, "signers")),
            min_trust=Trust[table.get("min-trust", "builder").upper()],
            coverage=Coverage(table.get("coverage", Coverage.LISTED)),
        )

    def _attestation(self, table: Mapping[str, Any], at: KeyPath) -> AttestationSection:
        name = table["type"]
        predicate_type = name
        try:
            predicate_type = predicates.predicate_type(name)
        except ValueError as error:
            self.reader.problem((*at, "type"), f"{error}{nearest(name, predicates.SHORT_NAMES)}")
        signers = self.reader.names(table["signers"], "signers", (*at, "signers"))
        needed = "max-age" in table or table.get("select") == Select.LATEST
        self.reader.check_times(signers, self.signers, at, needed=needed)
        return AttestationSection(
            name=name,
            type=predicate_type,
            signers=signers,
            schema=self._schema(table["schema"], (*at, "schema")) if "schema" in table else None,
            max_age=self.reader.age(table, at),
            select=Select(table.get("select", Select.ALL)),
        )

    def _schema(self, name: str, at: KeyPath) -> predicates.PredicateSchema | None:
        raw = self.reader.file(name, at)
        if raw is None:
            return None
        path = self.reader.path.parent / name
        try:
            return predicates.read_schema(readable(path), raw)
        except ValueError as error:
            self.reader.problem(at, f"{readable(path)}: {error}")
            return None

    def _image(self, text: str, at: KeyPath) -> Pattern:
        """Rule 23: a pattern is written for canonical names."""
        complaint = image_complaint(text)
        if complaint:
            self.reader.problem(at, f"{text!a}: {complaint}")
        return self.reader.checked(text, glob, at)

    def _platforms(self, value: Any, at: KeyPath) -> Scope | tuple[Platform, ...]:
        if value is None or isinstance(value, str):
            return Scope(value or Scope.INDEX)
        found: list[Platform] = []
        for text in value:
            try:
                platform = parse_platform(text)
            except ValueError as error:
                self.reader.problem(at, str(error))
                continue
            if platform.unknown:
                self.reader.problem(at, f"nothing runs on {platform}")
            elif platform in found:
                self.reader.problem(at, f"{text!a} is {platform}, which is listed already")
            found.append(platform)
        return tuple(found)

    def _ref(self, text: str, at: KeyPath) -> Pattern:
        if text == "any":
            self.reader.any_in_a_list(at)
        elif not text.startswith("refs/"):
            self.reader.problem(at, f"{text!a} is no full ref name: write refs/heads/... or refs/tags/...")
        return self.reader.checked(text, glob, at)


def _is_one(signer: Signer) -> bool:
    """Whether this can only ever be one principal (rule 8): a key, or one identity of one issuer."""
    holder = signer.holder
    return isinstance(holder, KeyHolder) or (
        isinstance(holder, CertificateHolder) and holder.issuer.how is How.EXACT and holder.identity.how is How.EXACT
    )
