"""Help: it fits a screen, its examples are right, the page of it is current; and completion."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest

from gate import cli
from scripts.help_page import COLUMNS, PAGE, commands, help_of, page

EVERY = {" ".join(("gate", *path)): (path, command) for path, command in commands()}
each = pytest.mark.parametrize(("path", "command"), EVERY.values(), ids=EVERY.keys())


@each
def test_help_fits_a_screen(path: tuple[str, ...], command: Any) -> None:
    lines = help_of(path).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= COLUMNS
    assert lines[0].startswith(" ".join(("Usage: gate", *path)))


def test_the_first_help_fits_the_smallest_screen() -> None:
    lines = help_of((), columns=80).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@each
def test_help_ends_in_three_examples_that_are_right(path: tuple[str, ...], command: Any) -> None:
    assert command.epilog, "epilog="
    head, *examples = command.epilog.strip().splitlines()
    assert head == "Examples:"
    assert len(examples) >= 3
    for example in examples:
        words = shlex.split(example.partition(" | ")[0].partition(" > ")[0].partition(" && ")[0])
        while re.fullmatch("[A-Z_]+=.*", words[0]):
            words.pop(0)
        assert words[: len(path) + 1] == ["gate", *path]
        _parse(words[1:])


def _parse(words: list[str]) -> None:
    """Raises for a flag that there is not, and for a wrong number of arguments."""
    path: tuple[str, ...] = ()
    command = EVERY["gate"][1]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        path = (*path, words.pop(0))
        command = EVERY[" ".join(("gate", *path))][1]
    command.make_context(" ".join(path), words)


@each
def test_every_flag_says_what_it_is_for(path: tuple[str, ...], command: Any) -> None:
    for parameter in command.params:
        assert parameter.get_help_record(command.context_class(command)) is None or parameter.help, parameter.name


@each
def test_flags_are_described_alike_and_arguments_named_without_brackets(path: tuple[str, ...], command: Any) -> None:
    for parameter in command.params:
        if parameter.help and parameter.name not in ("help", "install_completion", "show_completion"):
            first, *_ = parameter.help.split()
            assert first[0].islower() or "." in first, f"{parameter.name}: {parameter.help}"
            assert not parameter.help.endswith("."), parameter.name
    text = help_of(path)
    assert "{" not in text
    if "Arguments:" in text:
        assert re.search(r"^  [A-Z.]+  ", text.split("Arguments:")[1], re.MULTILINE)


@each
def test_no_commands_summary_is_cut_on_the_smallest_screen(path: tuple[str, ...], command: Any) -> None:
    listed = help_of(path, columns=80).partition("Commands:")[2].partition("Options:")[0].splitlines()
    assert bool(listed) is bool(getattr(command, "commands", {}))
    assert not [line for line in listed if line.endswith("...")]


def test_what_every_command_has_stands_behind_what_is_its_own() -> None:
    text = help_of(("attest", "agents"))
    assert text.index("Commits:") < text.index("Predicate:") < text.index("Options:") < text.index("Examples:")


def test_a_folded_group_names_its_flags_and_help_all_says_what_they_are_for() -> None:
    short, whole = help_of(("verify",)), help_of(("verify",), flag="--help-all")
    assert "--registry-username, --registry-password-file" in short
    assert "--help-all says more" in short
    assert "--registry-username NAME" in whole
    assert "--help-all" not in whole


def test_the_page_of_commands_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/help-page"


# Completion


def _complete(shell: str, words: str, **environment: str) -> str:
    environment |= {"_GATE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": words, "PATH": os.environ["PATH"]}
    environment |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    command = [sys.executable, "-m", "gate"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("shell", "environment"), [("bash", {}), ("zsh", {}), ("fish", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"})]
)
def test_a_shell_completes_flags(shell: str, environment: dict[str, str]) -> None:
    found = _complete(shell, "gate verify --output", **environment)
    assert "--output" in found
    assert "--output-dir" in found
    assert "--policy" not in found


def test_a_verb_is_the_same_alone_as_among_all() -> None:
    together: Any = cli.command()
    assert [*together.commands] == [*cli.VERBS]
    for verb in cli.VERBS:
        alone: Any = cli.command(verb)
        assert [*alone.commands] == [verb]
        assert _flags(alone) == _flags(together)
        assert _flags(alone.commands[verb]) == _flags(together.commands[verb])


def _flags(command: Any) -> list[tuple[str, list[str]]]:
    flags = [(parameter.name, parameter.opts) for parameter in command.params]
    if command.name != "gate":
        for inner in getattr(command, "commands", {}).values():
            flags += _flags(inner)
    return flags
