"""The command: verbs, flags, environment, exit codes and signals, each in this room only.

What comes in: `sys.argv` and the environment. What goes out: a report, a summary, diagnostics and an exit code. It
judges nothing. Nothing heavy is imported before it is needed: `gate --help` and a usage error answer at once.

One file a verb, which adds itself to the command: `verify`, `inspect`, `attest`, `policy`, `trust`, `report`. What
their flags mean stands in `access`, `destinations`, `references`, `roots` and `timeout`; `entrypoint` knows who took
gate for a shell, `verifying` and `inspecting` carry out what was asked for, `output` prints, `signals` stops.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from gate import __version__
from gate.cli import signals
from gate.cli.entrypoint import refuse_programs
from gate.cli.help import SETTINGS, Group
from gate.cli.output import say, show
from gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPLETION: Final = "_GATE_COMPLETE"
"""By this variable a shell asks how a command line could go on; the answer ends with 0."""
_NEW_OBJECTS: Final = 100_000
"""How many are made before Python looks for circles among them: its own 700 are looked through hundreds of times while
modules are imported, and none of those goes away.
"""
VERBS: Final = ("verify", "inspect", "attest", "policy", "trust", "report")
EXAMPLES = """
Examples:
  gate inspect ghcr.io/acme/api:1.4
  gate policy check policy.toml
  gate verify ghcr.io/acme/api:1.4 --policy policy.toml --output-dir gate-out
"""


def main() -> NoReturn:
    """Run the command and end the process with its exit code. No traceback reaches a user without --debug."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a log's encoding must never end a run
    warnings.simplefilter("ignore")  # libraries warn about foreign certificates, in foreign words, on standard error
    gc.set_threshold(_NEW_OBJECTS)
    signals.catch()
    code = run()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # full, or closed: Python's own exit code for that is 1, which is a fail
            stream.flush()
    os._exit(code)  # threads that still wait for a server are daemons, and nothing is left to clean up


def _open_closed_streams() -> None:
    """Give each standard stream that was closed its number again, before a file or a connection gets it. It reads as
    empty, and refuses what is written, as a full disk does: whoever asked for a report there hears of it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # in their order: each gets the lowest number that is free
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDONLY), mode))


def run(arguments: list[str] | None = None) -> int:
    """Run the command (`sys.argv` if no arguments are given) and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words:  # a shell that asks what could come next gives none: no variable makes a command end with 0
            os.environ.pop(_COMPLETION, None)
        for word in words[:1]:
            refuse_programs(word)
        made = command(words[0] if words and words[0] in VERBS else None)
        made(arguments, prog_name="gate")
    except GateError as error:
        say(f"gate: {error}")
        say(f"  do  {error.remedy}")
        return error.exit_code
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 4
    except BaseException as error:  # noqa: BLE001  (a crash is 4: never 1, and never 0)
        if signals.received:
            say(f"gate: stopped by signal {signals.received[0]}")
            return 128 + signals.received[0]
        say(f"gate: internal error: {type(error).__name__}: {error}")
        return 4
    return 4  # typer ends a command by SystemExit; anything else was no verdict


@cache
def command(verb: str | None = None) -> Callable[..., Any]:
    """What typer makes of all verbs, or of one alone: once, because it reads every flag's type for it."""
    app = typer.Typer(
        name="gate",
        help="May this image be deployed under this policy? PASS, FAIL or UNDECIDED, with the reason.",
        epilog=EXAMPLES,
        cls=Group,
        context_settings={**SETTINGS},
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_gate)
    for name in VERBS if verb is None else (verb,):
        import_module(f"gate.cli.{name}").add_to(app)
    made: Callable[..., Any] = typer.main.get_command(app)
    return made


def _gate(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="which version this is, and how old its trust roots are", is_eager=True),
    ] = False,
) -> None:
    if version:
        from gate import trust as roots  # noqa: PLC0415
        from gate.report.roots import to_lines  # noqa: PLC0415

        loaded = [roots.load(name, folder=Path()) for name in roots.BUILT_IN]
        show(f"gate {__version__}\n{to_lines(loaded, datetime.now(UTC))}")
        raise typer.Exit(0)
