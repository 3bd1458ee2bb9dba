"""What a commit's message and author hint at, line by line: agents, their models, and people who had a part."""

from __future__ import annotations

from typing import Any

import pytest

from gate.claims.agents import Person, Signal, Unreadable, agents_called, is_agent_account, parts_of
from gate.claims.agents.trailers import read_author, read_trailers
from tests.agents.documents import HEAD

CLAUDE, ADDRESS = ("Claude", "claude-code"), "noreply@anthropic.com"


def hint(what: str, agent: str | None = None, model: str | None = None, **facts: Any) -> Signal:
    return Signal(path="message", what=what, commit=HEAD, agent=agent, model=model, **facts)


def co_author(name: str) -> Person:
    return Person(path="message", part="co-author", name=name, commit=HEAD)


ROWS: list[tuple[str, list[object]]] = [
    ("Mend it", []),
    ("Assisted-by: zed:m-1", []),
    ("Mend\n\nAssisted-by: zed", [hint("assisted-by", "zed")]),
    ("Mend\n\nAssisted-by: zed:  ", [hint("assisted-by", "zed")]),
    ("Mend\n\nGenerated-by: zed : m-1 [git] [sh]", [hint("generated-by", "zed", "m-1")]),
    ("Mend\n\nAssisted-by: :m-1", [hint("assisted-by", None, "m-1")]),
    ("Mend\n\nAssisted-by:\n zed:\n\tm-1", [hint("assisted-by", "zed", "m-1")]),
    ("Mend\n\n Assisted-by: zed\nAgent: x", [hint("agent", "x")]),
    ("Mend\n \t\n\tBody\n\nASSISTED-BY : zed  \n", [hint("assisted-by", "zed")]),
    ("Mend\r\n\r\nAssisted-by: zed\r\n", [hint("assisted-by", "zed")]),
    ("Mend\n\nAssisted-by: zed\n\nBody", []),
    ("Mend\n\nAgent: x", [hint("agent", "x")]),
    ("Mend\n\nModel: m-1\nAgent: x", [hint("agent", "x", "m-1")]),
    ("Mend\n\nModel: m-1\nEntire-Agent: x", [hint("entire-agent", "x")]),
    ("Mend\n\nAgent: x\nModel: m-1\nEntire-Agent: y", [hint("agent", "x", "m-1"), hint("entire-agent", "y")]),
    ("Mend\n\nModel: m-1\nModel: m-2", []),
    (
        "Mend\n\nAgent: x\nModel: m-1\nModel: m-2\nModel: m-3",
        [hint("model", None, "m-2"), hint("model", None, "m-3"), hint("agent", "x", "m-1")],
    ),
    (
        "Mend\n\nAgent-Logs-Url: https://x.test/1",
        [hint("agent-logs-url", "Copilot", agent_identity="https://x.test/1")],
    ),
    ("Mend\n\nAgent-Logs-Url:", [hint("agent-logs-url", "Copilot")]),
    ("Mend\n\nCo-authored-by: Bo <bo@acme.com>", [co_author("Bo"), co_author("bo@acme.com")]),
    ("Mend\n\nCo-authored-by: Bo", [co_author("Bo")]),
    ("Mend\n\nCo-authored-by: <bo@acme.com>", [co_author("bo@acme.com")]),
    ("Mend\n\nSigned-off-by: Bo <bo@acme.com>", []),
    ("Mend\n\nReviewed-by: Claude <noreply@anthropic.com>", []),
    (
        "Mend\n\nSigned-off-by: Opus <noreply@anthropic.com>",
        [hint("author", "Opus", agent_identity=ADDRESS)],
    ),
    (
        "Mend\n\nSigned-off-by: <noreply@anthropic.com>",
        [hint("author", "Claude", agent_identity=ADDRESS)],
    ),
    (
        "Mend\n\nSigned-off-by: noreply@anthropic.com",
        [hint("author", ADDRESS)],
    ),
    (
        "* Mend\n* Co-authored-by: Bo <bo@acme.com>\n  - signed-off-by: Al <al@acme.com>\n\nBody",
        [co_author("Bo"), co_author("bo@acme.com")],
    ),
    ("* Mend\n* Assisted-by: zed\n\nBody", []),
    (
        "Mend\n\nCo-authored-by: Bo <bo@acme.com>\n\nCo-authored-by: Bo <bo@acme.com>",
        [co_author("Bo"), co_author("bo@acme.com")],
    ),
    (f"Mend\n\nAssisted-by: {'z' * 257}:{'m' * 257}", [hint("assisted-by", "z" * 256, "m" * 256)]),
    (f"Mend\n\nCo-authored-by: {'z' * 257}", [co_author("z" * 256)]),
    (f"Mend\n\nAgent-Logs-Url: {'z' * 257}", [hint("agent-logs-url", "Copilot", agent_identity="z" * 256)]),
]


@pytest.mark.parametrize(("message", "expected"), ROWS, ids=range(len(ROWS)))
def test_a_message_hints_at_this_and_no_more(message: str, expected: list[object]) -> None:
    """A-T30."""
    assert list(read_trailers("message", HEAD, message)) == expected


def test_a_message_over_a_bound_is_not_read_in_part() -> None:
    """What it would have said could have denied."""
    longest = "Mend\n\n" + "Assisted-by: zed\n" * 1000
    assert list(read_trailers("message", HEAD, longest)) == [hint("assisted-by", "zed")] * 1000
    more = longest + "Agent: x"
    assert list(read_trailers("message", HEAD, more)) == [
        Unreadable(path="message", problem="it has more than 1000 trailers")
    ]
    large = "Mend\n\nAgent: x".ljust(256 << 10)
    assert list(read_trailers("message", HEAD, large)) == [hint("agent", "x")]
    assert list(read_trailers("message", HEAD, large + " ")) == [
        Unreadable(path="message", problem="it has more than 262144 characters")
    ]


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        (None, None, []),
        ("Ada", "ada@acme.com", []),
        ("Ada", None, []),
        (None, ADDRESS, [hint("author", "Claude", agent_identity=ADDRESS)]),
        ("Ada (aider)", None, [hint("author", "Ada (aider)")]),
        ("x[bot]", ADDRESS, [hint("author", "x[bot]", agent_identity=ADDRESS)]),
    ],
)
def test_an_author_hints_at_an_agent_by_either_half(
    name: str | None, email: str | None, expected: list[object]
) -> None:
    """A-T30."""
    assert list(read_author("message", HEAD, name, email)) == expected


@pytest.mark.parametrize(
    ("person", "called"),
    [
        ("Ada Lovelace", ()),
        ("ada@acme.com", ()),
        ("1+ada@users.noreply.github.com", ()),
        ("ada@users.noreply.github.com", ()),
        ("NOREPLY@Anthropic.com", CLAUDE),
        ("Ada <noreply@anthropic.com>", CLAUDE),
        ("noreply@anthropic.com <ada@acme.com>", CLAUDE),
        ("<noreply@anthropic.com>", CLAUDE),
        ("198982749+x@users.noreply.github.com", ("Copilot", "copilot-coding-agent")),
        ("1+x[bot]@users.noreply.github.com", ("x[bot]", "x")),
        ("x[bot]@users.noreply.github.com", ("x[bot]", "x")),
        ("X[bot]", ("x[bot]", "x")),
        ("x[bot]@acme.com", ("x[bot]@acme.com", "x@acme.com")),
        ("Ada (aider)", ("aider",)),
        ("Ada (aider) <ada@acme.com>", ("aider",)),
        ("(aider)", ()),
        ("Ada (aider) Lovelace", ()),
    ],
)
def test_an_account_is_called_what_its_agent_is_called(person: str, called: tuple[str, ...]) -> None:
    """A-T30: whatever name stands beside it."""
    assert agents_called(person) == called
    assert is_agent_account(person) is bool(called)


@pytest.mark.parametrize(
    ("person", "parts"),
    [
        ("Ada", ("Ada",)),
        ("Ada <ada@acme.com>", ("Ada <ada@acme.com>", "Ada", "ada@acme.com")),
        ("<ada@acme.com>", ("<ada@acme.com>", "ada@acme.com")),
        ("Ada < >", ("Ada < >", "Ada")),
        ("Ada <ada@acme.com", ("Ada <ada@acme.com",)),
    ],
)
def test_a_person_is_a_name_and_an_address_where_git_writes_both(person: str, parts: tuple[str, ...]) -> None:
    """A-T33: and nobody is called nothing."""
    assert parts_of(person) == parts
