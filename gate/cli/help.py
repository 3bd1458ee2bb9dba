"""How `--help` is laid out: a screen for each command, options in groups, examples at the end.

What comes in: commands with their options, each of which names its group (typer's `rich_help_panel`; nothing here is
made by rich). What goes out: text. Of a folded group only the flags are named, unless `--help-all` asks for all.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from gate.cli.output import show

WIDTH: Final = 100
"""Columns that are used at most; fewer where the terminal has fewer."""
IMAGES: Final = "Images"
POLICY: Final = "Policy"
OUTPUTS: Final = "Outputs"
RUN: Final = "Run"
REGISTRIES: Final = "Registries"
_OPTIONS: Final = "Options"
_ARGUMENTS: Final = "Arguments"
_ORDER: Final = (_ARGUMENTS, IMAGES, POLICY, OUTPUTS, RUN, _OPTIONS, REGISTRIES)
_FOLDED: Final = frozenset({REGISTRIES})
_ALL: Final = "gate.help-all"
SETTINGS: Final = {"max_content_width": WIDTH}


class Command(TyperCommand):
    """A command whose help has its options in groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The groups, in their order."""
        write_groups(self, ctx, formatter)

    def format_epilog(self, _: Any, formatter: Any) -> None:
        """Examples as they stand, each on its line."""
        write_epilog(self, formatter)


class Group(TyperGroup):
    """A command of commands: those first."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands, then the options."""
        self.format_commands(ctx, formatter)
        write_groups(self, ctx, formatter)

    def format_epilog(self, _: Any, formatter: Any) -> None:
        """Examples as they stand, each on its line."""
        write_epilog(self, formatter)


def write_groups(command: Any, ctx: Any, formatter: Any) -> None:
    """Every parameter that has a help text, under its group's name."""
    groups: dict[str, list[tuple[str, str]]] = {}
    parameters = command.get_params(ctx)
    folds = any(parameter.name == "help_all" for parameter in parameters) and not ctx.meta.get(_ALL)
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            default = _ARGUMENTS if parameter.param_type_name == "argument" else _OPTIONS
            groups.setdefault(getattr(parameter, "rich_help_panel", None) or default, []).append(record)
    for name in sorted(groups, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)):
        if folds and name in _FOLDED:
            with formatter.section(f"{name} ({ctx.command_path} --help-all says what each is for)"):
                formatter.write_text(", ".join(flags.split()[0] for flags, _ in groups[name]))
        else:
            with formatter.section(name):
                formatter.write_dl(groups[name], col_max=34)


def write_epilog(command: Any, formatter: Any) -> None:
    """The text below the options, line by line."""
    if command.epilog:
        formatter.write_paragraph()
        for line in inspect.cleandoc(command.epilog).splitlines():
            formatter.write(f"{line}\n")


def show_all(ctx: typer.Context, value: bool) -> None:
    """`--help-all`: the help without folded groups."""
    if value and not ctx.resilient_parsing:
        ctx.meta[_ALL] = True
        show(f"{ctx.get_help()}\n")
        raise typer.Exit(0)
