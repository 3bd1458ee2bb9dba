"""A policy file -> `Policy`, or every problem in it at once.

What comes in: a path. What goes out: a frozen `Policy`, its names resolved, its patterns compiled, the files that it
names read; or `InvalidPolicy`. It fetches nothing and looks at no image. Sources of the rules: design section 4 and
section 12, rules 2, 7, 8, 19, 20 and 23.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

import tomli

from gate.duration import parse_duration
from gate.errors import InvalidPolicy, InvalidReference
from gate.policy import predicates
from gate.policy.matching import How, Pattern, PatternError, exact, glob, regex
from gate.policy.model import (
    ANY,
    Accept,
    Agent,
    AgentsSection,
    Anything,
    AttestationSection,
    Builder,
    CertificateHolder,
    Coverage,
    KeyHolder,
    Policy,
    ProvenanceSection,
    RootEntry,
    Rule,
    Select,
    SignatureSection,
    Signer,
    Trust,
)
from gate.policy.problems import find_problems, key_path, nearest
from gate.reference import canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

_MAX_BYTES: Final = 1 << 20
_DEFAULT_ROOT: Final = "public-good"
_LOCAL_PREFIXES: Final = ("oci:", "oci-archive:", "file:")
_TAG_AT_END: Final = re.compile(r":[^/]*$")


def load_policy(path: Path) -> Policy:
    """Read a policy file. Raises `InvalidPolicy` with every problem that was found."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InvalidPolicy(str(path), (f"the policy cannot be read: {error.strerror}",)) from None
    if len(raw) > _MAX_BYTES:
        raise InvalidPolicy(str(path), (f"the policy has more than {_MAX_BYTES} bytes",))
    return parse_policy(raw, path)


def parse_policy(raw: bytes, path: Path) -> Policy:
    """Read a policy's bytes; the files that it names are relative to `path`'s folder. Raises `InvalidPolicy`."""
    try:
        document = _plain(tomli.loads(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise InvalidPolicy(str(path), (f"not UTF-8 (byte {error.start})",)) from None
    except tomli.TOMLDecodeError as error:
        raise InvalidPolicy(str(path), (f"not TOML: {error}",)) from None
    except RecursionError:
        raise InvalidPolicy(str(path), ("not a policy: nested too deep",)) from None
    problems = find_problems(document)
    if problems:
        raise InvalidPolicy(str(path), problems)
    reader = _Reader(document, path)
    policy = reader.read(hashlib.sha256(raw).hexdigest())
    if reader.problems:
        raise InvalidPolicy(str(path), tuple(dict.fromkeys(reader.problems)))
    return policy


class _Reader:
    """Turns a document of the right shape into a policy, and collects what makes no sense in it."""

    def __init__(self, document: Mapping[str, Any], path: Path) -> None:
        self.document = document
        self.path = path
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def read(self, sha256: str) -> Policy:
        document = self.document
        trust = document.get("trust", {"roots": [_DEFAULT_ROOT]})
        entries = tuple(_root(item) for item in trust["roots"])
        self.roots = tuple(entry.name for entry in entries)
        self.signers = {name: self._signer(name, table) for name, table in document.get("signers", {}).items()}
        self.builders = {name: self._builder(name, table) for name, table in document.get("builders", {}).items()}
        self.agents = {name: self._agent(name, table) for name, table in document.get("agents", {}).items()}
        rules = tuple(self._rule(number, table) for number, table in enumerate(document["rules"]))
        names = [rule.name for rule in rules]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(f"rules: two rules are called {name!a}")
        return Policy(
            path=str(self.path),
            sha256=sha256,
            roots=entries,
            refresh=bool(trust.get("refresh", False)),
            root_max_age=_age(trust),
            signers=self.signers,
            builders=self.builders,
            agents=self.agents,
            rules=rules,
            warnings=tuple(self.warnings),
        )

    def _signer(self, name: str, table: Mapping[str, Any]) -> Signer:
        at = ("signers", name)
        root = table.get("root")
        if len(self.roots) > 1 and root is None and "key" not in table:
            self._problem(at, "several trust roots are configured, so a signer names its root")  # rule 2
        if root is not None and root not in self.roots:
            self._problem((*at, "root"), f"{root!a} is not in trust.roots{nearest(root, self.roots)}")
        return Signer(
            name=name,
            holder=self._key_holder(table, at) if "key" in table else self._certificate_holder(table, at),
            accept=frozenset(Accept(value) for value in table["accept"]) if "accept" in table else None,
            root=root,
            annotations=tuple(sorted(table.get("annotations", {}).items())),
            not_before=self._moment(table, at, "not-before"),
            not_after=self._moment(table, at, "not-after"),
        )

    def _certificate_holder(self, table: Mapping[str, Any], at: _Path) -> CertificateHolder:
        return CertificateHolder(
            issuer=self._pattern(table["issuer"], (*at, "issuer")),
            identity=self._pattern(table["identity"], (*at, "identity")),
            extensions=tuple(
                (key, self._pattern(value, (*at, "extensions", key)))
                for key, value in sorted(table.get("extensions", {}).items())
            ),
        )

    def _key_holder(self, table: Mapping[str, Any], at: _Path) -> KeyHolder | None:
        from gate.verification import fingerprint, read_key  # noqa: PLC0415  (only a policy with keys needs it yet)

        path = self.path.parent / table["key"]
        try:
            key = read_key(path.read_bytes())
        except OSError as error:
            self._problem((*at, "key"), f"{path} cannot be read: {error.strerror}")
            return None
        except ValueError as error:
            self._problem((*at, "key"), f"{path}: {error}")
            return None
        return KeyHolder(
            key=key,
            fingerprint=fingerprint(key),
            log_required=table.get("log", "required") == "required",
            time=table.get("time"),
        )

    def _moment(self, table: Mapping[str, Any], at: _Path, key: str) -> datetime | None:
        if key not in table:
            return None
        try:
            moment = datetime.fromisoformat(table[key])
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self._problem((*at, key), f"{table[key]!a} is no date and time with an offset: write 2027-01-31T00:00:00Z")
            return None
        return moment

    def _check_times(self, names: Iterable[str], at: _Path, *, needed: bool) -> None:
        """Rule 5: the times of a key's signature are upper bounds, so an age needs a time inside the predicate."""
        for name in names if needed else ():
            holder = self.signers[name].holder
            if isinstance(holder, KeyHolder) and holder.time is None:
                self._problem(
                    at, f'an age or "latest" needs to know when the key {name!a} signed: give it time = "/..."'
                )

    def _builder(self, name: str, table: Mapping[str, Any]) -> Builder:
        at = ("builders", name)
        pattern = self._pattern(table["id"], (*at, "id"))
        id_differs = bool(table.get("id-differs", False))
        if id_differs and pattern.how is not How.EXACT:
            self._problem((*at, "id-differs"), "id-differs needs an exact id")  # rule 12
        return Builder(
            name=name,
            id=pattern,
            signers=frozenset(self._names(table["signers"], self.signers, "signers", (*at, "signers"))),
            level=table["level"],
            vouches_for=frozenset(table.get("vouches-for", ())),
            self_hosted_allowed="self-hosted" in table,
            id_differs=id_differs,
        )

    def _agent(self, name: str, table: Mapping[str, Any]) -> Agent:
        at = ("agents", name)
        return Agent(
            name=name,
            ids=self._patterns(table["ids"], (*at, "ids")),
            models=self._patterns(table["models"], (*at, "models")),
            signers=frozenset(self._names(table.get("signers", ()), self.signers, "signers", (*at, "signers"))),
        )

    def _rule(self, number: int, table: Mapping[str, Any]) -> Rule:
        at = ("rules", number)
        sections = [key for key in ("signature", "provenance", "agents", "attestations") if key in table]
        if not sections:
            self._problem(at, "the rule demands nothing; add signature, provenance, agents or attestations")
        if "agents" in table and "provenance" not in table:
            self._problem((*at, "agents"), "agents needs provenance in the same rule: it says which commits count")
        return Rule(
            name=table.get("name", f"rule-{number + 1}"),
            images=tuple(self._image(text, (*at, "images")) for text in table["images"]),
            signature=self._signature(table["signature"], (*at, "signature")) if "signature" in table else None,
            provenance=self._provenance(table["provenance"], (*at, "provenance")) if "provenance" in table else None,
            agents=self._agents(table["agents"], (*at, "agents")) if "agents" in table else None,
            attestations=tuple(
                self._attestation(item, (*at, "attestations", place))
                for place, item in enumerate(table.get("attestations", ()))
            ),
        )

    def _signature(self, table: Mapping[str, Any], at: _Path) -> SignatureSection:
        signers = self._names(table["signers"], self.signers, "signers", (*at, "signers"))
        threshold = table.get("threshold", 1)
        exact_only = all(_is_one(self.signers[name]) for name in signers)
        if exact_only and threshold > len(signers):  # rule 8
            self._problem((*at, "threshold"), f"{threshold} different principals are wanted and {len(signers)} named")
        self._check_times(signers, at, needed="max-age" in table)
        return SignatureSection(signers=signers, threshold=threshold, max_age=_age(table))

    def _provenance(self, table: Mapping[str, Any], at: _Path) -> ProvenanceSection:
        builders = self._names(table.get("builders", ()), self.builders, "builders", (*at, "builders"))
        signers = self._names(table.get("signers", ()), self.signers, "signers", (*at, "signers"))
        if not builders and not signers and "builders" not in table and "signers" not in table:
            self._problem(at, "provenance needs builders or signers: who made it")
        everyone = {*signers, *(name for item in builders for name in self.builders[item].signers)}
        self._check_times(sorted(everyone), at, needed="max-age" in table)
        level = table["level"]
        reachable = max([1 if signers else 0, *(self.builders[name].level for name in builders)])
        if level > reachable:
            where = key_path(self.document, (*at, "level"))
            self.warnings.append(f"{where}: level {level} is above what any named builder is worth ({reachable})")
        return ProvenanceSection(
            builders=builders,
            signers=signers,
            level=level,
            source=self._patterns(table["source"], (*at, "source")),
            refs=ANY if table["refs"] == "any" else tuple(self._ref(ref, (*at, "refs")) for ref in table["refs"]),
            max_age=_age(table),
        )

    def _agents(self, table: Mapping[str, Any], at: _Path) -> AgentsSection:
        allow = table["allow"]
        return AgentsSection(
            allow=ANY if allow == "any" else self._names(allow, self.agents, "agents", (*at, "allow")),
            humans=table.get("humans") == "allow",
            unclaimed=table.get("unclaimed") == "allow",
            mixed=table.get("mixed") == "allow",
            signers=self._names(table.get("signers", ()), self.signers, "signers", (*at, "signers")),
            min_trust=Trust[table.get("min-trust", "builder").upper()],
            coverage=Coverage(table.get("coverage", Coverage.LISTED)),
        )

    def _attestation(self, table: Mapping[str, Any], at: _Path) -> AttestationSection:
        name = table["type"]
        predicate_type, schema = name, None
        try:
            predicate_type = predicates.predicate_type(name)
        except ValueError as error:
            self._problem((*at, "type"), f"{error}{nearest(name, predicates.SHORT_NAMES)}")
        if "schema" in table:
            path = self.path.parent / table["schema"]
            try:
                schema = predicates.read_schema(str(path), path.read_bytes())
            except OSError as error:
                self._problem((*at, "schema"), f"{path} cannot be read: {error.strerror}")
            except ValueError as error:
                self._problem((*at, "schema"), f"{path}: {error}")
        signers = self._names(table["signers"], self.signers, "signers", (*at, "signers"))
        self._check_times(signers, at, needed="max-age" in table or table.get("select") == Select.LATEST)
        return AttestationSection(
            name=name,
            type=predicate_type,
            signers=signers,
            schema=schema,
            max_age=_age(table),
            select=Select(table.get("select", Select.ALL)),
        )

    def _image(self, text: str, at: _Path) -> Pattern:
        """Rule 23: a pattern is written for canonical names."""
        if not text.startswith(_LOCAL_PREFIXES) and text != "**":
            complaint = _image_complaint(text)
            if complaint:
                self._problem(at, f"{text!a}: {complaint}")
        return self._checked(text, glob, at)

    def _ref(self, text: str, at: _Path) -> Pattern:
        if not text.startswith("refs/"):
            self._problem(at, f"{text!a} is no full ref name: write refs/heads/... or refs/tags/...")
        return self._checked(text, glob, at)

    def _patterns(self, values: str | Sequence[Any], at: _Path) -> tuple[Pattern, ...] | Anything:
        return ANY if values == "any" else tuple(self._pattern(value, at) for value in values)

    def _pattern(self, value: str | Mapping[str, str], at: _Path) -> Pattern:
        if isinstance(value, str):
            return exact(value)
        if "glob" in value:
            return self._checked(value["glob"], glob, at)
        return self._checked(value["regex"], regex, at)

    def _checked(self, text: str, make: Any, at: _Path) -> Pattern:
        try:
            pattern: Pattern = make(text)
        except PatternError as error:
            self._problem(at, str(error))
            return exact(text)
        return pattern

    def _names(self, names: Iterable[str], defined: Mapping[str, object], kind: str, at: _Path) -> tuple[str, ...]:
        """The names that are defined; the others are problems."""
        kept = []
        for name in names:
            if name in defined:
                kept.append(name)
            else:
                self._problem(at, f"{name!a} is not defined under [{kind}]{nearest(name, defined)}")
        return tuple(kept)

    def _problem(self, at: _Path, text: str) -> None:
        self.problems.append(f"{key_path(self.document, at)}: {text}")


_Path = tuple[str | int, ...]


def _plain(value: Any) -> Any:
    """The document with TOML's dates and times as texts; a bare date is the start of that day in UTC (rule 21)."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return str(value) if isinstance(value, time) else value


def _root(item: str | Mapping[str, str]) -> RootEntry:
    if isinstance(item, str):
        return RootEntry(name=item, log_none=False, ct_none=False)
    return RootEntry(name=item["path"], log_none="log" in item, ct_none="ct" in item)


def _is_one(signer: Signer) -> bool:
    """Whether this can only ever be one principal (rule 8)."""
    return isinstance(signer.holder, KeyHolder) or (
        isinstance(signer.holder, CertificateHolder) and signer.holder.identity.how is How.EXACT
    )


def _age(table: Mapping[str, Any]) -> timedelta | None:
    return parse_duration(table["max-age"]) if "max-age" in table else None


def _image_complaint(text: str) -> str | None:
    if "://" in text:
        return "an image's name has no scheme"
    if text != text.lower():
        return "an image's canonical name is in lower case"
    if "@" in text or _TAG_AT_END.search(text):
        return "a rule names images without tag or digest"
    host, slash, rest = text.partition("/")
    if "*" in host:
        return None if slash or host == "**" else "name the registry too: docker.io/library/NAME or REGISTRY/NAME"
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return "name the registry too; Docker Hub's short names are docker.io/library/NAME and docker.io/ORG/NAME"
    try:
        canonical = canonical_name(f"{host}/{'x/' if '/' in rest else ''}x")[1]
    except InvalidReference as error:
        return str(error)
    return None if canonical == host else f"the registry's canonical name is {canonical}"
