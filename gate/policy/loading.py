"""A policy file -> `Policy`, or every problem in it at once.

What comes in: a path. What goes out: a frozen `Policy`, its names resolved, its patterns compiled, the files that it
names read; or `InvalidPolicy`. It fetches nothing and looks at no image. Sources of the rules: design section 4 and
section 12, rules 2, 7, 8, 19, 20 and 23. `rules` reads the rules, `sections` what stands in them, `reading` what all
parts have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.errors import Finding, InvalidPolicy
from gate.policy.builders import read_builder
from gate.policy.denies import read_deny
from gate.policy.documents import STANDARD_INPUT, invalid, read_bytes, read_documents
from gate.policy.fetching import read_limits, read_registry
from gate.policy.lint import warn
from gate.policy.merging import Merged
from gate.policy.model import Policy, RootEntry
from gate.policy.reading import Reader, no_moment, read_moment
from gate.policy.rules import read_rule
from gate.policy.sections import Definitions
from gate.policy.sections.agents import read_agent, read_format
from gate.policy.signers import read_signer
from gate.policy.waivers import read_waiver, warn_of_overlaps
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gate.policy.model import Deny, OwnFormat, Rule, Waiver
    from gate.policy.reading import KeyPath

_MOST: Final = 1000
"""Problems that are told of: more helps nobody, and each is in every output."""
_DEFAULT_ROOT: Final = "public-good"
_BUILT_IN: Final = (_DEFAULT_ROOT, "github")  # trust.BUILT_IN, without what it imports


def load_policy(path: Path) -> Policy:
    """Read a policy file. Raises `InvalidPolicy` with every problem that was found."""
    if path == STANDARD_INPUT:
        raise invalid(path, "this command reads no policy from standard input")
    return parse_policy(read_bytes(path), path)


def parse_policy(raw: bytes, path: Path) -> Policy:
    """Read a policy's bytes; the files that it names are relative to `path`'s folder (`STANDARD_INPUT` has none).
    Raises `InvalidPolicy`.
    """
    return parse_merged(raw, path)[0]


def parse_merged(raw: bytes, path: Path) -> tuple[Policy, Merged]:
    """The same, with the documents that it is made of, which know where each part stands."""
    documents = read_documents(raw, path)
    merged = Merged(documents)
    reader = _PolicyReader(merged.sound, Reader(merged))
    policy = reader.read()
    shape = (finding for document in documents for finding in document.findings)
    problems = dict.fromkeys((*shape, *merged.findings, *reader.to.problems))
    if problems:
        order = [readable(document.path) for document in documents]
        found = sorted(problems, key=lambda item: _place(item, order))
        if len(found) > _MOST:
            more = f"{len(found) - _MOST} problems more"
            found[_MOST:] = [Finding(file=readable(path), line=None, column=None, key="", text=more)]
        raise InvalidPolicy(readable(path), tuple(found))
    return policy, merged


def _place(finding: Finding, files: list[str]) -> tuple[int, int, int]:
    return files.index(finding.file), finding.line or 0, finding.column or 0


class _PolicyReader:
    """Turns a document of the right shape into a policy. A part that is None has a wrong shape, which is said already:
    what is read of such a document is for its problems alone.
    """

    def __init__(self, document: Mapping[str, Any], to: Reader) -> None:
        self.document = document
        self.to = to
        self.documents = to.merged.documents

    def read(self) -> Policy:
        """The policy; whether it is one, the reader's problems say."""
        document = self.document
        for item in self.documents:
            self.to.name_file(item.shown, "policy" if item is self.to.merged.main else "base", item.sha256)
        trust = document.get("trust", {"roots": [_DEFAULT_ROOT]})
        entries = self._roots(trust["roots"]) if trust else ()
        self.roots = tuple(entry.name for entry in entries)
        self.signers = {
            name: read_signer(name, table, self.to, self.roots) for name, table in _parts(document, "signers")
        }
        self.builders = {
            name: read_builder(name, table, self.to, self.signers, self.roots)
            for name, table in _parts(document, "builders")
        }
        self.agents = {name: read_agent(name, table, self.to) for name, table in _parts(document, "agents")}
        definitions = Definitions(self.to, self.signers, self.builders, self.agents)
        rules = tuple(
            read_rule(number, table, definitions)
            for number, table in enumerate(document.get("rules") or ())
            if table is not None
        )
        if not rules and self.to.merged.main.sound.get("extends"):
            self.to.problem((), "no rule: neither this file nor what it extends has one")
        seen: set[str] = set()
        for number, rule in enumerate(rules):
            if rule.name in seen:
                self.to.problem(("rules", number), f"two rules are called {rule.name!a}")
            seen.add(rule.name)
        denies = tuple(
            read_deny(number, table, definitions)
            for number, table in enumerate(document.get("deny") or ())
            if table is not None
        )
        self._check_reach(denies, rules)
        if not self.to.problems:
            warn(
                self.to,
                signers=self.signers,
                builders=self.builders,
                agents=self.agents,
                rules=rules,
            )
        return Policy(
            path=str(self.to.merged.main.path),
            sha256=self.to.merged.main.sha256,
            limits=read_limits(document.get("limits") or {}, self.to),
            registries={host: read_registry(host, table, self.to) for host, table in _parts(document, "registries")},
            roots=entries,
            refresh=bool(trust and trust.get("refresh", False)),
            root_max_age=self.to.age(trust, ("trust",)) if trust else None,
            signers=self.signers,
            builders=self.builders,
            agents=self.agents,
            own_formats=self._formats(),
            rules=rules,
            denies=denies,
            waivers=self._waivers(rules),
            expires=self._expires(),
            at_allowed=self._at_allowed(),
            files=tuple(sorted(self.to.files, key=lambda file: (file.kind != "policy", file.path, file.sha256))),
            warnings=tuple(dict.fromkeys(self.to.warnings)),
        )

    def _expires(self) -> datetime | None:
        """The earliest end of all files."""
        found = []
        for item in self.documents:
            if item.sound.get("expires") is None:
                continue
            moment = read_moment(item.sound["expires"])
            if moment is None:
                self.to.problems.append(item.finding(("expires",), no_moment(item.sound["expires"])))
            else:
                found.append(moment)
        return min(found, default=None)

    def _at_allowed(self) -> bool:
        """Every file must allow it: no file loosens what it extends."""
        for item in self.documents:
            bases = [other for other in self.documents if other.number in item.extends]
            if item.sound.get("at") == "allow" and any(other.sound.get("at") != "allow" for other in bases):
                self.to.problems.append(item.finding(("at",), "what it extends does not allow it"))
        return all(item.sound.get("at") == "allow" for item in self.documents)

    def _check_reach(self, denies: Sequence[Deny], rules: Sequence[Rule]) -> None:
        """A deny of agents or models is judged with a rule's `agents`: where no rule has that, it denies nothing."""
        without = [rule.name for rule in rules if rule.agents is None]
        for number, deny in enumerate(denies):
            if not (deny.agents or deny.models) or not without:
                continue
            if len(without) == len(rules):
                self.to.problem(("deny", number), "no rule has [rules.agents], so that nothing would be denied")
            else:
                listed = ", ".join(map(ascii, without))
                self.to.warning(("deny", number), f"it counts only where a rule has [rules.agents]; {listed} has none")

    def _waivers(self, rules: Sequence[Rule]) -> tuple[Waiver, ...]:
        tables = enumerate(self.document.get("waivers") or ())
        found = tuple(read_waiver(number, table, rules, self.to) for number, table in tables if table is not None)
        warn_of_overlaps(found, self.to)
        return found

    def _formats(self) -> tuple[OwnFormat, ...]:
        """The predicates of the policy's own that hold claims; each type has one meaning."""
        tables = [(number, table) for number, table in enumerate(self.document.get("agent-formats") or ()) if table]
        found = tuple(read_format(number, table, self.to) for number, table in tables)
        types = [name for item in found for name in item.format.types]
        for name in sorted({name for name in types if types.count(name) > 1}):
            self.to.problem(("agent-formats",), f"the type {name!a} is defined twice")
        return found

    def _roots(self, items: list[str | Mapping[str, str]]) -> tuple[RootEntry, ...]:
        """One entry a root: a signer names its root, so no root may have two sets of terms."""
        at: KeyPath = ("trust", "roots")
        entries = []
        holder, _ = self.to.merged.origin(at)
        folder = str(holder.path.parent)
        for item in items:
            table = {"path": item} if isinstance(item, str) else item
            name = table["path"]
            if name in _BUILT_IN:
                if not isinstance(item, str):
                    self.to.problem(at, f"{name!a} is built in, with its own terms: name it without a table")
                entries.append(RootEntry(name=name, log_none="log" in table, ct_none="ct" in table))
                continue
            try:
                holder.beside(name)
            except ValueError as error:
                self.to.problem(at, str(error))
            entry = RootEntry(
                name=name,
                log_none="log" in table,
                ct_none="ct" in table,
                folder=folder,
                shown=holder.seen_as(name),
            )
            entries.append(entry)
        names = [entry.name for entry in entries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.to.problem(at, f"{name!a} is listed twice")
        return tuple(entries)


def _parts(document: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
    return [(name, table) for name, table in (document.get(kind) or {}).items() if table is not None]
