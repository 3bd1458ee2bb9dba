"""A policy file -> `Policy`, or every problem in it at once.

What comes in: a path. What goes out: a frozen `Policy`, its names resolved, its patterns compiled, the files that it
names read; or `InvalidPolicy`. It fetches nothing and looks at no image. Sources of the rules: design section 4 and
section 12, rules 2, 7, 8, 19, 20 and 23. `rules` reads the rules, `sections` what stands in them, `reading` what all
parts have in common.
"""

from __future__ import annotations

import copy
import hashlib
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

import tomli

from gate.errors import InvalidPolicy
from gate.policy.builders import read_builder
from gate.policy.denies import Names, read_deny
from gate.policy.fetching import read_limits, read_registry
from gate.policy.model import Accept, Agent, CertificateHolder, KeyHolder, Policy, RootEntry, Signer
from gate.policy.presets import PRESET_SIGNER
from gate.policy.problems import Moment, find_problems, key_path, nearest
from gate.policy.reading import Reader
from gate.policy.rules import read_rule
from gate.policy.sections import Definitions
from gate.policy.waivers import read_waiver, warn_of_overlaps
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gate.policy.model import Deny, Rule, Waiver
    from gate.policy.problems import Problem
    from gate.policy.reading import KeyPath

_MAX_BYTES: Final = 256 << 10  # six thousand lines; some of a megabyte take seconds to read
_DEFAULT_ROOT: Final = "public-good"
_BUILT_IN: Final = (_DEFAULT_ROOT, "github")  # trust.BUILT_IN, without what it imports
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_WHOLE_BITS: Final = 63  # TOML 1.0: whole numbers from -2**63 to 2**63 - 1


def load_policy(path: Path) -> Policy:
    """Read a policy file. Raises `InvalidPolicy` with every problem that was found."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _invalid(path, f"the policy cannot be read: {reason}") from None
    if len(raw) > _MAX_BYTES:
        raise _invalid(path, f"the policy has more than {_MAX_BYTES} bytes")
    return parse_policy(raw, path)


def parse_policy(raw: bytes, path: Path) -> Policy:
    """Read a policy's bytes; the files that it names are relative to `path`'s folder. Raises `InvalidPolicy`."""
    if raw.startswith(_BYTE_ORDER_MARK):
        raise _invalid(path, "it begins with a byte order mark: save it as UTF-8 without one")
    try:
        document = tomli.loads(raw.decode("utf-8"))
        document = _plain(document, document, ())
    except UnicodeDecodeError as error:
        raise _invalid(path, f"not UTF-8 (byte {error.start})") from None
    except tomli.TOMLDecodeError as error:
        raise _invalid(path, f"not TOML: {error}") from None
    except _TooLargeError as error:
        raise _invalid(path, str(error)) from None
    except ValueError:  # of int(): more digits than Python reads
        raise _invalid(path, "not TOML: a number in it is too large") from None
    except RecursionError:
        raise _invalid(path, "not a policy: nested too deep") from None
    shape = find_problems(document)
    reader = _PolicyReader(_sound(document, shape) if shape else document, Reader(document, path))
    policy = reader.read(hashlib.sha256(raw).hexdigest())
    problems = tuple(dict.fromkeys((*(problem.line for problem in shape), *reader.to.problems)))
    if problems:
        raise _invalid(path, *problems)
    return policy


class _PolicyReader:
    """Turns a document of the right shape into a policy. A part that is None has a wrong shape, which is said already:
    what is read of such a document is for its problems alone.
    """

    def __init__(self, document: Mapping[str, Any], to: Reader) -> None:
        self.document = document
        self.to = to

    def read(self, sha256: str) -> Policy:
        document = self.document
        trust = document.get("trust", {"roots": [_DEFAULT_ROOT]})
        entries = self._roots(trust["roots"]) if trust else ()
        self.roots = tuple(entry.name for entry in entries)
        self.signers = {name: self._signer(name, table) for name, table in _parts(document, "signers")}
        self.builders = {
            name: read_builder(name, table, self.to, self.signers, self.roots)
            for name, table in _parts(document, "builders")
        }
        self.agents = {name: self._agent(name, table) for name, table in _parts(document, "agents")}
        definitions = Definitions(self.to, self.signers, self.builders)
        rules = tuple(
            read_rule(number, table, definitions)
            for number, table in enumerate(document.get("rules") or ())
            if table is not None
        )
        names = [rule.name for rule in rules]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.to.problem(("rules",), f"two rules are called {name!a}")
        return Policy(
            path=str(self.to.path),
            sha256=sha256,
            limits=read_limits(document.get("limits") or {}),
            registries={host: read_registry(host, table, self.to) for host, table in _parts(document, "registries")},
            roots=entries,
            refresh=bool(trust and trust.get("refresh", False)),
            root_max_age=self.to.age(trust, ("trust",)) if trust else None,
            signers=self.signers,
            builders=self.builders,
            agents=self.agents,
            rules=rules,
            denies=self._denies(),
            waivers=self._waivers(rules),
            expires=self.to.moment(document, (), "expires") if document.get("expires") is not None else None,
            warnings=tuple(dict.fromkeys(self.to.warnings)),
        )

    def _denies(self) -> tuple[Deny, ...]:
        names = Names(self.to, self.signers, self.builders, self.agents)
        tables = enumerate(self.document.get("deny") or ())
        return tuple(read_deny(number, table, names) for number, table in tables if table is not None)

    def _waivers(self, rules: Sequence[Rule]) -> tuple[Waiver, ...]:
        tables = enumerate(self.document.get("waivers") or ())
        found = tuple(read_waiver(number, table, rules, self.to) for number, table in tables if table is not None)
        warn_of_overlaps(found, self.to)
        return found

    def _roots(self, items: list[str | Mapping[str, str]]) -> tuple[RootEntry, ...]:
        """One entry a root: a signer names its root, so no root may have two sets of terms."""
        at: KeyPath = ("trust", "roots")
        entries = []
        for item in items:
            if isinstance(item, str):
                entries.append(RootEntry(name=item, log_none=False, ct_none=False))
                continue
            entry = RootEntry(name=item["path"], log_none="log" in item, ct_none="ct" in item)
            if entry.name in _BUILT_IN:
                self.to.problem(at, f"{entry.name!a} is built in, with its own terms: name it without a table")
            entries.append(entry)
        names = [entry.name for entry in entries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.to.problem(at, f"{name!a} is listed twice")
        return tuple(entries)

    def _signer(self, name: str, table: Mapping[str, Any]) -> Signer:
        at: KeyPath = ("signers", name)
        if name.startswith(PRESET_SIGNER):
            self.to.problem(at, f"names that begin with {PRESET_SIGNER} are those of presets")
        root = table.get("root")
        if len(self.roots) > 1 and root is None and "key" not in table:
            self.to.problem(at, "several trust roots are configured, so a signer names its root")  # rule 2
        if root is not None and self.roots and root not in self.roots:
            self.to.problem((*at, "root"), f"{root!a} is not in trust.roots{nearest(root, self.roots)}")
        not_before = self.to.moment(table, at, "not-before")
        not_after = self.to.moment(table, at, "not-after")
        if not_before and not_after and not_after < not_before:
            self.to.problem((*at, "not-after"), "it is before not-before, so that no signature could count")
        if not_before and "key" in table and "time" not in table:  # rule 5
            self.to.problem(
                (*at, "not-before"), 'no log knows since when a key signs: it needs time = "/..." beside it'
            )
        return Signer(
            name=name,
            holder=self._key_holder(table, at) if "key" in table else self._certificate_holder(table, at),
            accept=frozenset(Accept(value) for value in table["accept"]) if "accept" in table else None,
            root=root,
            annotations=tuple(sorted(table.get("annotations", {}).items())),
            not_before=not_before,
            not_after=not_after,
        )

    def _certificate_holder(self, table: Mapping[str, Any], at: KeyPath) -> CertificateHolder:
        return CertificateHolder(
            issuer=self.to.pattern(table["issuer"], (*at, "issuer")),
            identity=self.to.pattern(table["identity"], (*at, "identity")),
            extensions=tuple(
                (key, self.to.pattern(value, (*at, "extensions", key)))
                for key, value in sorted(table.get("extensions", {}).items())
            ),
        )

    def _key_holder(self, table: Mapping[str, Any], at: KeyPath) -> KeyHolder | None:
        from gate.verification import fingerprint, read_key  # noqa: PLC0415  (only a policy with keys needs it yet)

        raw = self.to.file(table["key"], (*at, "key"))
        if raw is None:
            return None
        try:
            key = read_key(raw)
        except ValueError as error:
            self.to.problem((*at, "key"), f"{readable(self.to.path.parent / table['key'])}: {error}")
            return None
        return KeyHolder(
            key=key,
            fingerprint=fingerprint(key),
            log_required=table.get("log", "required") == "required",
            time=table.get("time"),
        )

    def _agent(self, name: str, table: Mapping[str, Any]) -> Agent:
        at: KeyPath = ("agents", name)
        return Agent(
            name=name,
            ids=self.to.patterns(table["ids"], (*at, "ids")),
            models=self.to.patterns(table["models"], (*at, "models")),
            signers=frozenset(self.to.names(table.get("signers", ()), "signers", (*at, "signers"))),
        )


class _TooLargeError(ValueError):
    """A number that no TOML has."""


def _plain(value: Any, document: Mapping[str, Any], at: KeyPath) -> Any:
    """The document with TOML's dates and times as texts; a bare date is the start of that day in UTC (rule 21)."""
    if isinstance(value, dict):
        return {key: _plain(item, document, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, document, (*at, number)) for number, item in enumerate(value)]
    if isinstance(value, int) and value.bit_length() > _WHOLE_BITS:
        raise _TooLargeError(f"{key_path(document, at)}: the number is too large")
    if isinstance(value, date | time):
        suffix = "" if isinstance(value, datetime | time) else "T00:00:00Z"
        moment = Moment(f"{value.isoformat()}{suffix}")
        moment.written = value.isoformat()
        return moment
    return value


def _sound(document: Mapping[str, Any], problems: tuple[Problem, ...]) -> dict[str, Any]:
    """The document without its unknown keys, and with None for each part whose shape is wrong."""
    found: dict[str, Any] = copy.deepcopy(dict(document))
    for problem in problems:
        if problem.unknown is not None:
            table: Any = found
            for part in problem.path:
                table = table[part]
            table.pop(problem.unknown, None)
    for problem in find_problems(found):
        place: Any = found
        *way, last = _part(problem.path)
        for part in way:
            place = place[part] if place is not None else None
        if place is not None and (last in place if isinstance(place, dict) else True):
            place[last] = None
    return found


def _part(path: KeyPath) -> KeyPath:
    """The part that cannot be read if there is something wrong at `path`."""
    match path:
        case ("rules", int(), "attestations", int(), *_):
            return path[:4]
        case ("rules", int(), str(), *_):
            return path[:3]
        case ("signers" | "builders" | "agents" | "registries", str(), *_) | ("rules" | "deny" | "waivers", int(), *_):
            return path[:2]
    return path[:1] or ("",)


def _parts(document: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
    return [(name, table) for name, table in (document.get(kind) or {}).items() if table is not None]


def _invalid(path: Path, *problems: str) -> InvalidPolicy:
    return InvalidPolicy(readable(path), problems)
