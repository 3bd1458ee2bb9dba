"""Flags of every command that looks at an image: where else, for how long, and what is said meanwhile.

What goes out: types of parameters, whose help is one text for all commands. It reads nothing: `references`, `timeout`
and `progress` say what the flags mean.
"""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli.help import IMAGES, OUTPUTS, RUN
from gate.cli.progress import Mode

Bundle = Annotated[
    str | None,
    typer.Option(
        "--bundle",
        help="for file:PATH: its Sigstore bundle, or several as JSON Lines",
        metavar="FILE",
        rich_help_panel=IMAGES,
    ),
]
SignatureRepository = Annotated[
    str | None,
    typer.Option(
        "--signature-repository",
        help="look there too for what is attached, as COSIGN_REPOSITORY",
        metavar="REPO",
        rich_help_panel=IMAGES,
    ),
]
Progress = Annotated[
    Mode,
    typer.Option(
        "--progress",
        help="what is waited for, on stderr: auto, plain or none",
        metavar="MODE",
        show_default=False,
        rich_help_panel=OUTPUTS,
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        help="how long to wait in all: 60s, 2m  [env: GATE_TIMEOUT]",
        metavar="TIME",
        rich_help_panel=RUN,
    ),
]
