"""`gate trust`: what is in a trust root, how old it is, and a newer one by TUF.

What comes in: names of roots. What goes out: text or JSON about them, or a fetched root. It judges nothing.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gate.cli import access
from gate.cli.help import Command, Group
from gate.cli.output import show
from gate.errors import InvalidUsage

SHOW_EXAMPLES = """
Examples:
  gate trust show
  gate trust show github --json
  gate trust show keys/trusted_root.json
"""
UPDATE_EXAMPLES = """
Examples:
  gate trust update public-good --to trusted_root.json
  gate trust update github --to github_root.json
  gate trust update acme --url https://tuf.acme.example --root root.json --to acme_root.json
"""

_app = typer.Typer(
    help="Trust roots: what is in them, how old they are.",
    epilog="""
Examples:
  gate trust show
  gate trust show keys/trusted_root.json
  gate trust update public-good --to trusted_root.json
""",
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@_app.command("show", cls=Command, epilog=SHOW_EXAMPLES)
def _trust_show(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ROOT]...", help="public-good, github, or the path of a file")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Print what is in each root, its digest and its date.

    Without ROOT the built-in ones. Each part is shown with the time in which it counts.
    """
    from gate import trust  # noqa: PLC0415
    from gate.report import roots  # noqa: PLC0415

    loaded = [trust.load(name, folder=Path(), log_none=True, ct_none=True) for name in names or trust.BUILT_IN]
    show(roots.to_json(loaded) if as_json else roots.to_text(loaded, datetime.now(UTC)))


@_app.command("update", cls=Command, epilog=UPDATE_EXAMPLES)
def _trust_update(
    name: Annotated[str, typer.Argument(metavar="ROOT", help="public-good or github; with --url, any name")],
    to: Annotated[str, typer.Option("--to", help="where to write it; - is stdout", metavar="FILE")] = "-",
    url: Annotated[
        str | None, typer.Option(help="another TUF repository: a mirror, or your own", metavar="URL")
    ] = None,
    first_root: Annotated[
        Path | None, typer.Option("--root", help="with --url: the repository's first root.json", metavar="FILE")
    ] = None,
    ca_file: access.CaFile = None,
) -> None:
    """Fetch a newer root from its TUF repository.

    It is verified from the repository's first root on. No other command fetches one, unless a policy says so
    (trust.refresh).
    """
    from gate.limits import DEFAULT_TIMEOUT_SECONDS, Deadline  # noqa: PLC0415
    from gate.report import writing  # noqa: PLC0415
    from gate.trust import parse, refresh  # noqa: PLC0415

    if (url is None) != (first_root is None):
        raise InvalidUsage("--url and --root go together: the repository, and what to trust it by")
    if to != "-":
        writing.check_writable(Path(to), f"--to {to}")
    if url is not None and first_root is not None:
        try:
            source = refresh.Repository(url=url, first_root=first_root.read_bytes())
        except OSError as error:
            raise InvalidUsage(f"--root {first_root} cannot be read: {error.strerror}") from None
    else:
        source = refresh.repository(name)
    reached = access.read_access(os.environ, ca_file=ca_file)
    raw = refresh.fetch(name, source, reached, Deadline(DEFAULT_TIMEOUT_SECONDS))
    parse(name, raw, dated=None, log_none=True, ct_none=True)
    if to == "-":
        show(raw.decode("utf-8"))
    else:
        writing.write(Path(to), raw.decode("utf-8"))


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.add_typer(_app, name="trust")
