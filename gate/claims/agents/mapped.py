"""A predicate of one's own: the policy says by JSON pointers where its claims stand.

What comes in: a `Mapping` out of the policy, and a statement of its type. What goes out: a claim for each object that
`commits` finds. The same rules of trust hold for it as for every other: its place is the predicate, which no builder
vouches for.

Source of the pointers: RFC 6901, with `*` as a token for every element of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from gate.claims.agents.claim import Authorship, Found
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading
from gate.pointer import Missing, value_at

if TYPE_CHECKING:
    from gate.strictjson import JSON

_EVERY: Final = "*"


class Pointers(Struct, frozen=True, kw_only=True):
    """Where in a predicate of type `type` what stands. `commits` is from its root, the rest from each of its objects.

    Without `hash` the statement's subject is the commit. Without `authored_by` it is an agent that wrote it.
    """

    name: str
    type: str
    commits: str
    hash: str | None
    repository: str | None
    authored_by: str | None
    agent: str
    agent_version: str | None
    operator: str | None
    provider: str | None
    model: str | None
    model_version: str | None
    tools: str | None

    @property
    def facts(self) -> Mapping[str, str]:
        """The pointers, by the names that a policy has for them."""
        return {key.replace("_", "-"): at for key, at in structs.asdict(self).items() if at is not None}


class _Mapped(Struct, frozen=True):
    """The parser of a predicate that is mapped so."""

    pointers: Pointers

    def __call__(self, reading: Reading) -> Iterator[Found]:
        pointers = self.pointers
        found = list(_every(reading.predicate, _tokens(pointers.commits), ""))
        if not found and pointers.hash is None:
            found = [(pointers.commits, None)]
        for path, value in found:
            about: list[str] = []
            commits: tuple[str | None, ...] = reading.commits(about)
            for commit in commits or (None,):
                problems = list(about)
                if not isinstance(value, Mapping):
                    problems.append(f"there is no object at {path}")
                yield _claim(reading, pointers, path or "predicate", value, commit, problems)


def mapped(pointers: Pointers) -> Format:
    """The format that a policy defines."""
    about = GIT_ALGORITHMS if pointers.hash is None else None
    return Format(name=pointers.name, types=(pointers.type,), about=about, read=_Mapped(pointers))


def _claim(
    reading: Reading, pointers: Pointers, path: str, value: JSON, commit: str | None, problems: list[str]
) -> Found:
    held = {key: _at(value, pointer) for key, pointer in pointers.facts.items()}
    fields = Fields(held, "", problems)
    if pointers.hash is not None:
        commit = fields.commit("hash")
    if commit is None and not problems:
        problems.append("it names no commit")
    authored_by, stated = fields.authorship("authored-by")
    if pointers.authored_by is None:
        authored_by = Authorship.AGENT
    return reading.claim(
        path=path,
        repository=fields.repository("repository"),
        by_hash=pointers.repository is None,
        commit=commit,
        authored_by=authored_by,
        stated=stated,
        implied=pointers.authored_by is None,
        agent=fields.text("agent", human=authored_by is Authorship.HUMAN),
        agent_version=fields.text("agent-version"),
        operator=fields.text("operator", human=True),
        provider=fields.text("provider"),
        model=fields.text("model"),
        model_version=fields.text("model-version"),
        tools=None if fields.get("tools") is None else fields.texts("tools"),
        problems=problems,
    )


def _tokens(pointer: str) -> tuple[str, ...]:
    return tuple(pointer.split("/")[1:])


def _every(value: JSON, tokens: tuple[str, ...], path: str) -> Iterator[tuple[str, JSON]]:
    """Every value that the tokens lead to. A list that is not there holds none; what is no list is one problem."""
    if not tokens:
        yield path, value
        return
    token, rest = tokens[0], tokens[1:]
    if token == _EVERY:
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from _every(item, rest, f"{path}/{number}")
        elif value is not None:
            yield f"{path}/{token}", None
    else:
        inner = _at(value, f"/{token}")
        if inner is not None:
            yield from _every(inner, rest, f"{path}/{token}")


def _at(value: JSON, pointer: str) -> JSON:
    found = value_at(value, pointer)
    return None if isinstance(found, Missing) else found
