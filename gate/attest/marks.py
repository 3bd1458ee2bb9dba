"""A commit -> the marks that agents leave in it: who is said to have had part, and with which model.

What comes in: a commit's author and message, which anybody can write as they like (A-T30). What goes out: `Mark`s, each
a hint and no more. What names an agent is taken for a mark rather than overlooked: a mark can only keep a commit from
being called a person's.

Sources, each beside what it is for: GitHub's documentation of its coding agent (the account is known by its number, its
display name varies) and of app accounts (`NAME[bot]`, `NUMBER+NAME[bot]@users.noreply.github.com`); Claude Code's
setting `attribution` (its trailer's name is the model in use); microsoft/vscode#309951; openai/codex#11617; cursor.com;
aider's "Git integration"; the Linux kernel's "AI Coding Assistants" (`Assisted-by: AGENT:MODEL [TOOL]...`); Entire CLI.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.claims.agents.accounts import ACCOUNTS, AIDER, BOT, NOREPLY, NUMBERS
from gate.claims.agents.fields import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.attest.repository import Commit


class Mark(Struct, frozen=True, kw_only=True):
    """One hint. `author` says that it is the commit's own author, not somebody beside it; `where` is for a message."""

    agent: str
    model: str | None
    author: bool
    where: str


_PERSON: Final = re.compile(r"(?P<name>[^<]*)<(?P<email>[^<>]*)>")
_TRAILER: Final = re.compile(r"(?P<key>[A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(?P<value>.*)")
_IN_BRACKETS: Final = re.compile(r".*?\((?P<model>[^()]+)\)\s*")
_BY_ADDRESS: Final = ("co-authored-by", "signed-off-by")


def read_marks(commit: Commit) -> tuple[Mark, ...]:
    """Every mark of a commit: its author, then its trailers in their order."""
    return (*_of_author(commit), *_of_message(commit.message))


def _of_author(commit: Commit) -> Iterator[Mark]:
    mark = _of_address(commit.name, commit.email, author=True, where="its author")
    if mark is not None:
        yield mark
    elif commit.name.endswith(AIDER):
        yield Mark(agent="aider", model=None, author=False, where="its author's name")  # beside the person it names


def _of_message(message: str) -> Iterator[Mark]:
    lines = [line.rstrip() for line in message.split("\n")]
    agent, model = "", ""
    last = _last_block(lines)
    for key, value in last:
        if key == "assisted-by":
            name, _, rest = value.partition(":")
            yield Mark(agent=_name(name), model=rest.strip().partition(" ")[0] or None, author=False, where=_said(key))
        elif key in ("generated-by", "entire-agent"):
            yield Mark(agent=_name(value.partition(":")[0]), model=None, author=False, where=_said(key))
        elif key == "agent-logs-url":  # GitHub's coding agent, which links what it did
            yield Mark(agent="copilot-coding-agent", model=None, author=False, where=_said(key))
        elif key == "agent":
            agent = agent or value
        elif key == "model":
            model = model or value
    if agent or model:
        yield Mark(agent=agent, model=model or None, author=False, where="its trailers Agent and Model")
    # A squashed commit has its trailers anywhere; an address of an agent is one wherever it stands.
    for line in lines:
        match = _TRAILER.fullmatch(line.strip(" *-\t"))
        if match is None or match["key"].lower() not in _BY_ADDRESS:
            continue
        person = _PERSON.match(match["value"])
        name, email = (person["name"].strip(), person["email"]) if person is not None else (match["value"].strip(), "")
        mark = _of_address(name, email, author=False, where=_said(match["key"]))
        if mark is not None:
            yield mark


def _of_address(name: str, email: str, *, author: bool, where: str) -> Mark | None:
    """An agent by its address; what the name adds is its model, where the agent writes it there."""
    address = folded(email)
    if address in ACCOUNTS:
        agent = ACCOUNTS[address][-1]
        return Mark(agent=agent, model=_model_in(agent, name), author=author, where=where)
    match = NOREPLY.fullmatch(address)
    if match is None:
        # An app's account may commit under another address; GitHub reserves such names for apps.
        shown = next((text for text in (name, address) if BOT in folded(text)), None)
        return None if shown is None else Mark(agent=shown, model=None, author=author, where=where)
    if match["number"] in NUMBERS:
        return Mark(agent=NUMBERS[match["number"]][-1], model=None, author=author, where=where)
    shown = next((text for text in (match["login"], name) if BOT in folded(text)), None)
    return None if shown is None else Mark(agent=shown, model=None, author=author, where=where)


def _model_in(agent: str, name: str) -> str | None:
    """Claude Code's name is its model (`Claude Opus 4.8 (1M context)`), aider has it in brackets (`aider (gpt-4o)`)."""
    if agent == "claude-code":
        return name if name.lower() not in ("", "claude", "claude code") else None
    match = _IN_BRACKETS.fullmatch(name)
    return match["model"].strip() if agent == "aider" and match else None


def _last_block(lines: list[str]) -> list[tuple[str, str]]:
    """The trailers of the last paragraph, keys in lower case, folded lines joined; none if it is the subject."""
    text = list(lines)
    while text and not text[-1]:
        text.pop()
    start = next((number for number in range(len(text) - 1, -1, -1) if not text[number]), None)
    found: list[tuple[str, list[str]]] = []
    for line in text[start + 1 :] if start is not None else ():
        if line[0] in " \t" and found:
            found[-1][1].append(line.strip())
        elif match := _TRAILER.fullmatch(line):
            found.append((match["key"].lower(), [match["value"].strip()]))
    return [(key, " ".join(parts)) for key, parts in found]


def _name(value: str) -> str:
    """A trailer's agent, without an address behind it."""
    return value.partition("<")[0].strip()


def _said(key: str) -> str:
    return f"its trailer {key[:1].upper()}{key[1:].lower()}"
