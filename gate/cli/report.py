"""`gate report`: about reports. What goes out: their JSON Schema. It reads and writes none."""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli.help import Group
from gate.cli.output import show
from gate.errors import InvalidUsage

_app = typer.Typer(
    help="The JSON report: its schema.",
    epilog="""
Examples:
  gate report --schema
  gate report --schema > gate-report.schema.json
  gate report --schema | jq '."$defs".check'
""",
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@_app.callback(invoke_without_command=True)
def _report(
    *, schema: Annotated[bool, typer.Option("--schema", help="print the report's JSON Schema")] = False
) -> None:
    if not schema:
        raise InvalidUsage("gate report: what about it? --schema prints its JSON Schema")
    from gate.report.document import schema_text  # noqa: PLC0415

    show(schema_text())


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.add_typer(_app, name="report")
