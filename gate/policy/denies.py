"""`[[deny]]` -> `Deny`s: whose evidence counts for nothing, and which images must not run.

What comes in: a table of the right shape, and `Definitions`: what the rest of the policy defines. What goes out: a
`Deny` whose names are resolved. `checks.denies` judges them (design rules 5 and 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.policy.matching import exact
from gate.policy.model import DeniedIdentity, Deny
from gate.policy.parties import Anything, KeyHolder
from gate.policy.presets import PRESET_SIGNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gate.policy.matching import Pattern
    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions

_HOSTS: Final = ("https://github.com/", "https://gitlab.com/")
_WORKFLOWS: Final = "/.github/workflows/"


def read_deny(number: int, table: Mapping[str, Any], to: Definitions) -> Deny:
    """One entry; `number` counts from 0 in the file's order."""
    at: KeyPath = ("deny", number)
    since, until = to.reader.moment(table, at, "from"), to.reader.moment(table, at, "until")
    if since is not None and until is not None and until <= since:
        to.reader.problem((*at, "until"), "it is not after from, so that nothing would be denied")
    if "digests" in table and ("from" in table or "until" in table):
        to.reader.problem(at, "a digest is denied whenever it was signed: leave from and until out")
    signers = tuple(
        _identity(item, to.reader.element((*at, "signers"), place, item), to)
        for place, item in enumerate(table.get("signers", ()))
    )
    builders = tuple(
        _builder(item, to.reader.element((*at, "builders"), place, item), to)
        for place, item in enumerate(table.get("builders", ()))
    )
    for kind in ("signers", "builders", "agents"):
        to.reader.check_denied((item for item in table.get(kind, ()) if isinstance(item, str)), kind, at)
    if until is not None:
        named = {name for item in table.get("builders", ()) if isinstance(item, str) for name in _signers_of(item, to)}
        _check_keys({*named, *(item.name for item in signers if item.name is not None)}, at, to)
    seen = to.reader.merged.defined("signers", at) or {}
    return Deny(
        signers=signers,
        builders=builders,
        digests=frozenset(table.get("digests", ())),
        agents=tuple(_agents(table.get("agents", ()), (*at, "agents"), to)),
        models=_patterns(table.get("models", ()), (*at, "models"), to),
        reason=table["reason"],
        docs=table.get("docs"),
        since=since,
        until=until,
        file=to.reader.merged.origin(at)[0].number,
        known=frozenset(name for name in to.signers if name in seen or name.startswith(PRESET_SIGNER)),
    )


def _identity(item: str | Mapping[str, Any], at: KeyPath, to: Definitions) -> DeniedIdentity:
    """A name is one of [signers]; whoever means a certificate's own text writes a table, so that no typing error in a
    name is taken for someone who never signs.
    """
    if isinstance(item, str):
        if "@" in item or "://" in item:
            to.reader.problem(at, f"{item!a} is no name of [signers]: write {{ identity = {item!a} }}")
        else:
            to.reader.names((item,), "signers", at)
        return DeniedIdentity(name=item)
    return DeniedIdentity(
        issuer=_pattern(item["issuer"], (*at, "issuer"), to) if "issuer" in item else None,
        identity=_workflow(item["identity"], (*at, "identity"), to, _HOSTS) if "identity" in item else None,
        extensions=tuple(
            (key, _pattern(value, (*at, "extensions", key), to))
            for key, value in sorted(item.get("extensions", {}).items())
        ),
    )


def _pattern(value: str | Mapping[str, str], at: KeyPath, to: Definitions) -> Pattern:
    """One of which nothing is taken to the letter that means more where something is allowed: what is copied from there
    into a deny would deny nobody. A capture stands for any segment.
    """
    if value == "any":
        to.reader.problem(at, '"any" would be a text like any other, and deny nobody: leave the key out')
    _check_star(value, at, to)
    return to.reader.pattern(value, at, captures=True).loosened()


def _workflow(value: str | Mapping[str, str], at: KeyPath, to: Definitions, hosts: tuple[str, ...]) -> Pattern:
    """One that may mean workflows, all of which have an @ and a ref at the end of their names. No star crosses that, so
    that a deny of all below a repository would deny nobody. `hosts` are those below which there are no other names.
    """
    text = value if isinstance(value, str) else value.get("glob", "@")
    if "@" not in text and (text.startswith(hosts) or _WORKFLOWS in text):
        hint = f", where a star stops: write {{ glob = '{text}@**' }}" if "*" in text else ""
        to.reader.problem(at, f"{text!a} is no workflow's whole name, and denies nobody: it ends in @ and a ref{hint}")
    return _pattern(value, at, to)


def _builder(item: str | Mapping[str, Any], at: KeyPath, to: Definitions) -> Pattern:
    if not isinstance(item, str):
        globbed = not isinstance(item["id"], str)
        return _workflow(item["id"], (*at, "id"), to, _HOSTS[:1] if globbed else ())
    if "://" in item:
        to.reader.problem(at, f"{item!a} is no name of [builders]: write {{ id = {item!a} }}")
    else:
        to.reader.names((item,), "builders", at)
    pattern = to.builders[item].id if item in to.builders else exact(item)
    if pattern is None:
        to.reader.problem(at, f"[builders.{item}] has no id but its signers' own: deny those signers")
    return (pattern or exact(item)).loosened()


def _agents(items: Iterable[Any], at: KeyPath, to: Definitions) -> Iterable[Pattern]:
    """A text is what claims call the agent; if it is a name of [agents] too, its ids are denied with it."""
    for item in items:
        agent = to.agents.get(item) if isinstance(item, str) else None
        if agent is not None and isinstance(agent.ids, Anything):
            to.reader.problem(at, f'[agents.{agent.name}] has ids = "any": to deny all agents, allow none')
        elif agent is not None:
            assert not isinstance(agent.ids, Anything)
            yield from agent.ids
    yield from _patterns(tuple(items), at, to)


def _check_star(value: object, at: KeyPath, to: Definitions) -> None:
    if isinstance(value, str) and "*" in value:
        to.reader.problem(at, f"{value!a} is exact, and denies nobody but by a plain *: write {{ glob = {value!a} }}")


def _patterns(items: Any, at: KeyPath, to: Definitions) -> tuple[Pattern, ...]:
    for number, item in enumerate(items):
        _check_star(item, to.reader.element(at, number, item), to)
    found = to.reader.patterns(tuple(items), at)
    return () if isinstance(found, Anything) else found


def _signers_of(name: str, to: Definitions) -> Iterable[str]:
    return to.builders[name].signers if name in to.builders else ()


def _check_keys(names: Iterable[str], at: KeyPath, to: Definitions) -> None:
    """Rule 5: a key's log times say that it signed then or before, so `until` needs a time inside the predicate."""
    for name in sorted(names):
        holder = to.signers[name].holder if name in to.signers else None
        if isinstance(holder, KeyHolder) and holder.time is None:
            to.reader.problem(
                (*at, "until"), f'until needs to know when the key {name!a} signed: give it time = "/..."'
            )
