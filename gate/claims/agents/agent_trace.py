"""F17: an Agent Trace record as the predicate of a verified statement: which lines of a commit are whose.

What comes in: such a statement, about the image or a commit. What goes out: signals, one for each agent and model in
it, of the record's own revision and of the commit that the statement is about: the record has no rules for who may
write one, so that it can only deny.

Source: github.com/cursor/agent-trace, schemas.ts (`TraceRecordSchema`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.claims.agents.claim import Found, Signal, Unreadable
from gate.claims.agents.fields import GIT_ALGORITHMS, Fields
from gate.claims.agents.reading import Format, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_AGENT: Final = ("ai", "mixed")
_BY_PERSON: Final = "human"
"""Of any other kind of contributor a model is named by whoever it was, and is a hint."""


def read_trace(reading: Reading) -> Iterator[Found]:
    """A signal for each model that wrote a part; jj's change ids are no commits."""
    problems: list[str] = []
    predicate = Fields(reading.predicate, "", problems)
    vcs, tool = predicate.object("vcs"), predicate.object("tool").text("name")
    revision = vcs.commit("revision") if vcs.get("type") == "git" else None
    commits = dict.fromkeys((*([revision] if revision else []), *reading.commits(problems, git=True)))
    models: dict[str | None, None] = {}
    for file in predicate.objects("files"):
        for conversation in file.objects("conversations"):
            whole = conversation.object("contributor")
            parts = [item.object("contributor") for item in conversation.objects("ranges")]
            for contributor in [whole, *parts]:
                kind, model = contributor.text("type"), contributor.text("model_id")
                if kind in _BY_AGENT or (model is not None and kind != _BY_PERSON):
                    models.setdefault(model)
    if problems:
        yield Unreadable(path="files", problem="; ".join(dict.fromkeys(problems)))
    for commit in commits:
        for model in models:
            provider, slash, name = (model or "").partition("/")
            yield Signal(
                path="files",
                what="agent trace",
                commit=commit,
                agent=tool,
                provider=provider if slash else None,
                model=name if slash else model,
            )


FORMAT: Final = Format(
    name="agent-trace",
    types=("https://agent-trace.dev/schemas/v1/trace-record.json",),
    about=GIT_ALGORITHMS,
    git=True,
    read=read_trace,
)
