"""What agents leave in commits, and what is claimed of commits with and without it."""

from __future__ import annotations

import pytest

from gate.attest.authors import MAX_MESSAGE, attribute
from gate.attest.job import Job, Unmarked
from gate.attest.marks import read_marks
from gate.attest.repository import Commit
from gate.claims.agents import Authorship, Signal
from gate.claims.agents.trailers import read_author, read_trailers

ADA = ("Ada", "ada@acme.test")
HASH = "1" * 40


def commit(message: str = "Subject\n", author: tuple[str, str] = ADA) -> Commit:
    return Commit(hash=HASH, parents=(), name=author[0], email=author[1], message=message)


def trailer(*lines: str) -> Commit:
    return commit("Subject\n\nBody.\n\n" + "\n".join(lines) + "\n")


def marks(of: Commit) -> list[tuple[str, str | None, bool]]:
    return [(mark.agent, mark.model, mark.author) for mark in read_marks(of)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Co-Authored-By: Claude <noreply@anthropic.com>", ("claude-code", None)),
        (
            "Co-Authored-By: Claude Opus 4.8 (1M context) <noreply@anthropic.com>",
            ("claude-code", "Claude Opus 4.8 (1M context)"),
        ),
        ("co-authored-by: Cursor <CursorAgent@cursor.com>", ("cursor", None)),
        ("Co-authored-by: Codex <noreply@openai.com>", ("codex", None)),
        ("Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", ("github-copilot", None)),
        ("Co-authored-by: aider (gpt-4o) <aider@aider.chat>", ("aider", "gpt-4o")),
        (
            "Co-authored-by: Devin <158243242+devin-ai-integration[bot]@users.noreply.github.com>",
            ("devin-ai-integration[bot]", None),
        ),
        ("Co-authored-by: x[bot] <x@y.test>", ("x[bot]", None)),
        ("Signed-off-by: dependabot[bot] <support@github.com>", ("dependabot[bot]", None)),
        ("Assisted-by: Claude:claude-opus-4-6 coccinelle", ("Claude", "claude-opus-4-6")),
        ("Assisted-by: GitHub Copilot:claude-sonnet-4.6", ("GitHub Copilot", "claude-sonnet-4.6")),
        ("ASSISTED-BY : Claude", ("Claude", None)),
        ("Generated-by: Claude Code", ("Claude Code", None)),
        ("Entire-Agent: Gemini CLI", ("Gemini CLI", None)),
        ("Assisted-by: Claude:\n claude-opus-4-6", ("Claude", "claude-opus-4-6")),
    ],
)
def test_a_trailer_that_names_an_agent_is_a_mark(line: str, expected: tuple[str, str | None]) -> None:
    assert marks(trailer("Fixes: #1", line)) == [(*expected, False)]


@pytest.mark.parametrize(
    ("author", "agent"),
    [
        (("Copilot", "198982749+Copilot@users.noreply.github.com"), "copilot-coding-agent"),
        (("copilot-swe-agent[bot]", "198982749+copilot@users.noreply.github.com"), "copilot-coding-agent"),
        (("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"), "dependabot[bot]"),
        (
            ("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com"),
            "google-labs-jules[bot]",
        ),
        (("Claude", "noreply@anthropic.com"), "claude-code"),
    ],
)
def test_an_agent_as_author_is_a_mark_of_the_author(author: tuple[str, str], agent: str) -> None:
    assert marks(commit(author=author)) == [(agent, None, True)]


@pytest.mark.parametrize(
    "of",
    [
        commit(),
        commit("Co-authored: by many\n"),
        trailer("Co-authored-by: Claude Martin <claude@acme.test>"),
        trailer("Signed-off-by: Ada <ada@acme.test>", "Reviewed-by: Claude <claude@acme.test>"),
        commit(author=("Ada", "123+ada@users.noreply.github.com")),
        commit(author=("Claude", "claude@acme.test")),
        commit("Subject\n\nModel: the one with wheels\n\nAgent: Smith\n\nSee-also: x\n"),
        commit("Model: a subject is no trailer\n"),
    ],
)
def test_a_person_leaves_no_mark(of: Commit) -> None:
    assert marks(of) == []


def test_an_agents_address_is_a_mark_wherever_it_stands() -> None:
    """A squashed commit has the trailers of its commits in its middle, some of them in a list."""
    text = (
        "Squash (#1)\n\n* One\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n\n* Two\n\nSigned-off-by: A <a@b.c>\n"
    )
    assert marks(commit(text)) == [("claude-code", None, False)]
    listed = "Squash\n\n* Co-authored-by: Codex <noreply@openai.com>\n* Two\n"
    assert marks(commit(listed)) == [("codex", None, False)]


@pytest.mark.parametrize(
    "of",
    [
        trailer("Agent-Logs-Url: https://github.com/acme/api/agents/1"),
        trailer("Generated-by: Claude:claude-opus-4-6"),
        trailer("Co-authored-by: helper [BOT] <x@y.test>"),
        trailer("Co-authored-by: X <1+x[bot]@users.noreply.github.com>"),
        trailer("Co-authored-by: some[bot]"),
        trailer("Co-authored-by: Copilot <198982749+x@users.noreply.github.com>"),
        trailer("CO-AUTHORED-BY:Claude<NOREPLY@anthropic.com>"),
        trailer("Assisted-by:", " Claude"),
        commit("x\r\n\r\nAssisted-by: Claude\r\n"),
        commit("x\n \nAssisted-by: Claude\n"),
        commit(author=("a[bot]b", "x@y.test")),
        commit(author=("Ada", "1+a[bot]@users.noreply.github.com")),
        commit(author=("x[bot]", "12+ada@users.noreply.github.com")),
        commit(author=("Cursor", "cursoragent@cursor.com")),
        commit(author=("Cursor", " Cursoragent@cursor\uff0ecom")),
        commit(author=("x\uff3bbot\uff3d", "x@y.test")),
    ],
)
def test_whatever_a_verifier_takes_for_a_hint_is_a_mark(of: Commit) -> None:
    """A commit that is called a person's, and has a hint that it is not, fails at the gate."""
    hints = [
        *read_trailers("message", of.hash, of.message),
        *read_author("author", of.hash, of.name or None, of.email or None),
    ]
    assert any(isinstance(hint, Signal) for hint in hints), "no hint: nothing to compare"
    assert marks(of)
    (written,) = attribute([of], HUMAN)
    assert written.authored_by is not Authorship.HUMAN


# --- what is claimed

HUMAN = Job(unmarked=Unmarked.HUMAN)
NOTHING = Job()
NAMED = Job(agent="agent-7", model="model-7")
MODEL_ALONE = Job(model="model-7")
CLAUDE = trailer("Co-Authored-By: Claude <noreply@anthropic.com>")
COPILOT = commit(author=("Copilot", "198982749+Copilot@users.noreply.github.com"))


@pytest.mark.parametrize(
    ("of", "job", "expected"),
    [
        # Without a mark it is unknown, unless the job says something of it.
        (commit(), NOTHING, ("unknown", None, None)),
        (commit(), MODEL_ALONE, ("unknown", None, None)),
        (commit(), HUMAN, ("human", "Ada", None)),
        (commit(), NAMED, ("autonomous_agent", "agent-7", "model-7")),
        # A mark holds whatever the job says; its author is an agent, somebody beside the author makes it mixed.
        (CLAUDE, HUMAN, ("mixed", "claude-code", None)),
        (CLAUDE, NAMED, ("mixed", "claude-code", None)),
        (CLAUDE, MODEL_ALONE, ("mixed", "claude-code", "model-7")),
        (CLAUDE, Job(agent="claude-code", model="model-7"), ("mixed", "claude-code", "model-7")),
        (COPILOT, HUMAN, ("autonomous_agent", "copilot-coding-agent", None)),
        (COPILOT, MODEL_ALONE, ("autonomous_agent", "copilot-coding-agent", "model-7")),
        # A model that the commit names is not replaced.
        (trailer("Assisted-by: Claude:m-1"), Job(agent="Claude", model="m-2"), ("mixed", "Claude", "m-1")),
        # Agent and Model: the author, where they name no agent or the author.
        (trailer("Model: m-1"), NOTHING, ("autonomous_agent", "Ada", "m-1")),
        (trailer("Agent: Ada", "Model: m-1"), NOTHING, ("autonomous_agent", "Ada", "m-1")),
        (trailer("Agent: Cursor", "Model: m-1"), NOTHING, ("mixed", "Cursor", "m-1")),
        # The same agent twice is one; two are more than the form can say.
        (
            trailer("Co-authored-by: Claude <noreply@anthropic.com>", "Co-authored-by: Claude <noreply@anthropic.com>"),
            NOTHING,
            ("mixed", "claude-code", None),
        ),
        (
            trailer("Co-authored-by: Claude <noreply@anthropic.com>", "Co-authored-by: Codex <noreply@openai.com>"),
            HUMAN,
            ("unknown", None, None),
        ),
        (trailer("Assisted-by: Claude:m-1", "Assisted-by: Claude:m-2"), HUMAN, ("unknown", None, None)),
        # What no verifier would read is not written.
        (trailer("Assisted-by: \u0441laude:m-1"), HUMAN, ("unknown", None, None)),
        (trailer("Assisted-by: Claude:m\u200b1"), HUMAN, ("unknown", None, None)),
        (trailer("Assisted-by: " + "x" * 300), HUMAN, ("unknown", None, None)),
        (commit("x\n\n" + "y\n" * (MAX_MESSAGE // 2)), HUMAN, ("unknown", None, None)),
        (trailer("Body", *["Fixes: x"] * 20_000, "Assisted-by: Claude:m-1"), HUMAN, ("mixed", "Claude", "m-1")),
        (commit(author=("Jos\u00e9", "j@acme.test")), HUMAN, ("human", "Jos\u00e9", None)),
        (commit(author=("a\x1b[31m", "j@acme.test")), HUMAN, ("human", None, None)),
    ],
)
def test_what_is_claimed_of_a_commit(of: Commit, job: Job, expected: tuple[str, str | None, str | None]) -> None:
    (written,) = attribute([of], job)
    assert (written.authored_by.value, written.author, written.model) == expected
    assert written.why


def test_nothing_but_the_one_who_runs_it_makes_a_commit_a_persons() -> None:
    for job in (NOTHING, NAMED, MODEL_ALONE):
        assert all(item.authored_by is not Authorship.HUMAN for item in attribute([commit(), CLAUDE, COPILOT], job))
    assert [item.authored_by for item in attribute([commit(), CLAUDE, COPILOT], HUMAN)] == [
        Authorship.HUMAN,
        Authorship.MIXED,
        Authorship.AGENT,
    ]


def test_an_entry_has_only_what_is_known() -> None:
    assert [dict(item.entry) for item in attribute([commit(), CLAUDE], NOTHING)] == [
        {"hash": HASH, "authored_by": "unknown"},
        {"hash": HASH, "author": "claude-code", "authored_by": "mixed"},
    ]


def test_a_trailer_of_many_folded_lines_is_read_in_one_go() -> None:
    """It took minutes for as many lines as a message may have: each was joined to all before it."""
    assert marks(commit("Mend it\n\nAssisted-by: a:m" + "\n b" * 80_000)) == [("a", "m", False)]
