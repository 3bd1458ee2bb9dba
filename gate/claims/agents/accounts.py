"""Accounts and addresses that are known to be agents', and what those are called: what makes claims and what reads them
know the same.

What comes in: a person's name as a commit, a trailer or a claim has it. What goes out: what the agent is called whose
it is, nothing if it is not known to be one's. Anybody can write either, so that they only deny (A-T30).

Sources: GitHub's documentation of its coding agent (its number is fixed, its name changes) and of apps' accounts
(`NAME[bot]`, `NUMBER+NAME[bot]@users.noreply.github.com`); the vendors' own trailers (research F16, F19).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gate.claims.agents.fields import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "noreply@anthropic.com": ("Claude", "claude-code"),
    "cursoragent@cursor.com": ("Cursor", "cursor"),
    "noreply@openai.com": ("OpenAI", "codex"),
    "codex@openai.com": ("OpenAI", "codex"),
    "aider@aider.chat": ("aider",),
    "noreply@aider.chat": ("aider",),
    "gemini-cli@google.com": ("gemini-cli",),
}
"""Addresses that agents put into `Co-authored-by`, with what each is called; the last is what gate itself calls it."""
NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "198982749": ("Copilot", "copilot-coding-agent"),
    "223556219": ("Copilot", "github-copilot"),
}
"""Numbers of GitHub accounts of agents whose address does not end in `[bot]`."""
BOT: Final = "[bot]"
AIDER: Final = " (aider)"
"""What aider puts behind the name of the person for whom it commits."""
NOREPLY: Final = re.compile(r"(?:(?P<number>[0-9]+)\+)?(?P<login>[^@+]+)@users\.noreply\.github\.com", re.IGNORECASE)
_PERSON: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>[^<>]*")


def parts_of(person: str) -> tuple[str, ...]:
    """A person's name; where it is written as git does, `NAME <ADDRESS>`, also each of the two."""
    match = _PERSON.fullmatch(person)
    inner = (match["name"].strip(), match["address"].strip()) if match is not None else ()
    return (person, *(text for text in inner if text))


def agents_called(person: str) -> tuple[str, ...]:
    """What the agent is called whose account or address this is, whatever name stands beside it; an app's by its login,
    with and without the mark of apps.
    """
    found: dict[str, None] = {}
    for part in parts_of(person):
        address = folded(part)
        match = NOREPLY.fullmatch(address)
        if address in ACCOUNTS:
            found.update(dict.fromkeys(ACCOUNTS[address]))
        elif match is not None and match["number"] in NUMBERS:
            found.update(dict.fromkeys(NUMBERS[match["number"]]))
        elif BOT in address:
            login = match["login"] if match is not None else address
            found.update(dict.fromkeys((login, login.replace(BOT, ""))))
        elif address.endswith(AIDER):
            found.setdefault("aider")
    return tuple(found)
