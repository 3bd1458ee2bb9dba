"""F15 and F16: what a commit's message and author hint at. Anybody can write either: they can only deny (A-T30).

What comes in: the message, name and e-mail address of a commit, out of a verified statement. What goes out: signals
that an agent had a part, and the people who had one. Only the last block of trailers is read, but for the addresses of
those who had a part: a squashed commit has its trailers anywhere. Keys ignore case, all occurrences count, and folded
lines belong to the one before.

Sources: git-interpret-trailers(1); Linux kernel "AI Coding Assistants" (Assisted-by: AGENT:MODEL [TOOL...]); the
vendors' own trailers and GitHub's account of its coding agent (research F15, F16, F19).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from gate.claims.agents.accounts import agents_called
from gate.claims.agents.claim import Found, Person, Signal, Unreadable
from gate.claims.agents.fields import MAX_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRAILER: Final = re.compile(r"(?P<key>[A-Za-z0-9-]+)\s*:\s*(?P<value>.*)", re.DOTALL)
_PERSON: Final = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>")
_BY_ADDRESS: Final = ("co-authored-by", "signed-off-by")
_MAX_MESSAGE: Final = 256 << 10
"""Characters of a message; the longest of the Linux kernel's have some ten thousand."""
_MAX_TRAILERS: Final = 1000


def read_trailers(path: str, commit: str, message: str) -> Iterator[Found]:
    """The trailers that name an agent, or a person who had a part. What is over a bound is not read in part: what it
    would have said could have denied.
    """
    found = list(islice(_all_trailers(message), _MAX_TRAILERS + 1)) if len(message) <= _MAX_MESSAGE else None
    if found is None or len(found) > _MAX_TRAILERS:
        most = f"{_MAX_MESSAGE} characters" if found is None else f"{_MAX_TRAILERS} trailers"
        yield Unreadable(path=path, problem=f"it has more than {most}")
        return
    models = [value for key, value in found if key == "model"] if any(key == "agent" for key, _ in found) else []
    for another in models[1:]:  # whose it is nobody says
        yield _signal(path, "model", commit, "", model=another)
    for key, value in found:
        if key in ("assisted-by", "generated-by"):
            agent, _, rest = value.partition(":")
            model = rest.split()[0] if rest.split() else None
            yield _signal(path, key, commit, agent.strip(), model=model)
        elif key in ("agent", "entire-agent"):
            yield _signal(path, key, commit, value, model=models[0] if key == "agent" and models else None)
        elif key == "agent-logs-url":
            yield _signal(path, key, commit, "Copilot", identity=value)
        elif key in _BY_ADDRESS:
            person = _PERSON.match(value)
            name, email = (person["name"].strip(), person["email"].strip()) if person else (value, "")
            yield from read_author(path, commit, name, email)
            for text in (name, email) if key == "co-authored-by" else ():
                if text:
                    yield Person(path=path, part="co-author", name=text[:MAX_ID], commit=commit)


def read_author(path: str, commit: str, name: str | None, email: str | None) -> Iterator[Found]:
    """A signal if an author is known to be an agent: by its account, its vendor's address, or as an app's."""
    known = [called for text in (email, name) if text for called in agents_called(text)]
    if known:
        yield _signal(path, "author", commit, name or known[0], identity=email)


def is_agent_account(name: str) -> bool:
    """Whether a person's name is known to be an agent's account: an agent's approval never counts (A-T33)."""
    return bool(agents_called(name))


def _signal(
    path: str,
    key: str,
    commit: str,
    agent: str,
    *,
    model: str | None = None,
    identity: str | None = None,
) -> Signal:
    return Signal(
        path=path,
        what=key,
        commit=commit,
        agent=agent[:MAX_ID] or None,
        agent_identity=identity[:MAX_ID] if identity else None,
        model=model[:MAX_ID] if model else None,
    )


def _all_trailers(message: str) -> Iterator[tuple[str, str]]:
    """Those of the last block; and of all other lines, which a list may hold, those with somebody's address."""
    last = tuple(_trailers(message))
    yield from last
    known = set(last)
    for line in message.splitlines():
        match = _TRAILER.fullmatch(line.strip(" *-\t"))
        if match is not None and match["key"].lower() in _BY_ADDRESS:
            trailer = (match["key"].lower(), match["value"].strip())
            if trailer not in known:
                yield trailer


def _trailers(message: str) -> Iterator[tuple[str, str]]:
    """The trailers of the last block of lines, each with its folded lines. A title alone has none, as git has it."""
    _, *blocks = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip("\n"))
    lines: list[list[str]] = []
    for line in blocks[-1].split("\n") if blocks else ():
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line.strip())
        else:
            lines.append([line])
    for parts in lines:
        match = _TRAILER.fullmatch(" ".join(parts).rstrip())
        if match is not None:
            yield match["key"].lower(), match["value"].strip()
