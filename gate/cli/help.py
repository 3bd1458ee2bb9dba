"""How `--help` is laid out: a screen for each command, options in groups, examples at the end.

What comes in: commands with their options, each of which names its group (typer's `rich_help_panel`; nothing here is
made by rich). What goes out: text. Of a group that only few need the flags alone are named; `--help-all` says what each
is for.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

WIDTH: Final = 100
"""Columns that are used at most; fewer where the terminal has fewer."""
IMAGES: Final = "Images"
POLICY: Final = "Policy"
OUTPUTS: Final = "Outputs"
RUN: Final = "Run"
COSIGN: Final = "In place of a policy, as in cosign"
REGISTRIES: Final = "Registries"
_OPTIONS: Final = "Options"
_ARGUMENTS: Final = "Arguments"
_ORDER: Final = (_ARGUMENTS, IMAGES, POLICY, COSIGN, OUTPUTS, RUN, _OPTIONS, REGISTRIES)
_FOLDED: Final = frozenset({COSIGN, REGISTRIES})
_FEW: Final = 3
"""So many options of a group are no more lines than their names would be."""
_ALL: Final = "gate.help-all"
_FLAG: Final = "--help-all"
SETTINGS: Final = {"max_content_width": WIDTH, "help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help has its options in groups; `--help-all` unfolds them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Every command has the flag, so no command declares it."""
        if _FLAG in args:
            ctx.meta[_ALL] = True
            args = ["--help"]
        self._refuse_repeated(ctx, args)
        return super().parse_args(ctx, args)

    def _refuse_repeated(self, ctx: Any, args: list[str]) -> None:
        """Of `--policy strict.toml --policy lax.toml` the last alone would count, and nobody would hear of it."""
        if ctx.resilient_parsing:
            return
        _, _, given = self.make_parser(ctx).parse_args([*args])
        for option in given:
            once = isinstance(option, TyperOption) and not (option.multiple or option.is_flag)
            if once and given.count(option) > 1:
                raise typer.BadParameter("given more than once, and only one can count", ctx=ctx, param=option)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Without typer's braces: elsewhere they are for a choice."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

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
    last = RUN if any(_panel(parameter) == RUN for parameter in parameters) else _OPTIONS
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            record = (re.sub(r" <[^>]*>$|[\[\]{}]", "", record[0]), record[1])
            groups.setdefault(_panel(parameter) or _ARGUMENTS, []).append(record)
        else:
            groups.setdefault(_panel(parameter) or last, []).append(record)
    formatter.write_paragraph()
    for name in sorted(groups, key=lambda name: _ORDER.index(name if name in _ORDER else RUN)):
        folded = name in _FOLDED and len(groups[name]) > _FEW and not ctx.meta.get(_ALL)
        formatter.write_heading(f"{name} ({ctx.command_path} {_FLAG} says more)" if folded else name)
        with formatter.indentation():
            if folded:
                _write_names(formatter, [_long(flags) for flags, _ in groups[name]])
            else:
                formatter.write_dl(groups[name], col_max=34)


def write_epilog(command: Any, formatter: Any) -> None:
    """The text below the options, line by line."""
    if command.epilog:
        formatter.write_paragraph()
        for line in inspect.cleandoc(command.epilog).splitlines():
            if line:
                formatter.write(f"{line}\n")


def _panel(parameter: Any) -> str | None:
    return getattr(parameter, "rich_help_panel", None)


def _long(flags: str) -> str:
    """The long name of a flag, of all that help says it is called."""
    names = [name.rstrip(",") for name in flags.split()]
    return next((name for name in names if name.startswith("--")), names[0])


def _write_names(formatter: Any, names: list[str]) -> None:
    """Names between commas, broken at none of their hyphens."""
    indent = " " * formatter.current_indent
    line = ""
    for name in names:
        if line and len(indent) + len(line) + len(name) + 2 > formatter.width:
            formatter.write(f"{indent}{line.rstrip()}\n")
            line = ""
        line += name + (", " if name != names[-1] else "")
    formatter.write(f"{indent}{line}\n")
