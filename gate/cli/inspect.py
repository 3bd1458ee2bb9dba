"""`gate inspect`: what is attached to a reference, who signed it, whether that verifies, and what it claims.

What comes in: flags and environment. What goes out: a `Request`, which `inspecting` carries out.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path  # noqa: TC003  (typer reads the flags' types)
from typing import Annotated

import typer

from gate.cli import access, looking, sockets
from gate.cli.help import IMAGES, OUTPUTS, POLICY, RUN, Command
from gate.cli.inspecting import Inspecting, Output, Request
from gate.cli.output import show
from gate.cli.progress import Mode, show_progress

EXAMPLES = """
Examples:
  gate inspect ghcr.io/acme/api:1.4
  gate inspect oci:build/image --trusted-root trusted_root.json --key release.pub
  gate inspect ghcr.io/acme/api:1.4 --policy policy.toml --output json
"""


def inspect(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="REF",
            help="registry/repo[:tag][@digest], oci:DIR, oci-archive:FILE or file:PATH",
            rich_help_panel=IMAGES,
        ),
    ] = None,
    output: Annotated[
        Output,
        typer.Option(
            "--output", "-o", help="text or json", metavar="FORMAT", show_default=False, rich_help_panel=OUTPUTS
        ),
    ] = Output.TEXT,
    trusted_root: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-root",
            help="verify within this root, in place of each built-in one; again for more",
            metavar="FILE",
            rich_help_panel=POLICY,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            help="try this public key on what a key signed; again for more",
            metavar="FILE",
            rich_help_panel=POLICY,
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="say of each commit what its rules make of it; still no verdict",
            metavar="FILE",
            rich_help_panel=POLICY,
        ),
    ] = None,
    asserted_name: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="with --policy: the name under which a local image will be deployed",
            metavar="NAME",
            rich_help_panel=IMAGES,
        ),
    ] = None,
    bundle: looking.Bundle = None,
    signature_repository: looking.SignatureRepository = None,
    progress: looking.Progress = Mode.AUTO,
    timeout: looking.Timeout = None,
    ca_file: access.CaFile = None,
    client_cert: access.ClientCert = None,
    client_key: access.ClientKey = None,
    registry_username: access.RegistryUsername = None,
    registry_password_file: access.RegistryPasswordFile = None,
    plain_http: access.PlainHttp = None,
    tls: access.Tls = None,
    token_host: access.TokenHost = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON Schema of --output json", rich_help_panel=OUTPUTS)
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="open no socket: oci:, oci-archive: and file: alone", rich_help_panel=RUN)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="tracebacks of internal errors", rich_help_panel=RUN)] = False,
) -> None:
    """Show what is attached to an image, and who signed it.

    And what that claims: builder, source, commits, agents. It needs no policy and gives no verdict. Exit codes: 0 it
    could look, 2 invalid, 3 it could not (try again), 4 it could not.
    """
    if schema:
        from gate.report.inspection import schema_text  # noqa: PLC0415

        show(schema_text())
        return
    request = Request(
        text=reference,
        output=output,
        trusted_roots=tuple(trusted_root or ()),
        keys=tuple(key or ()),
        policy=policy,
        asserted_name=asserted_name,
        bundle=bundle,
        signature_repository=signature_repository,
        timeout=timeout,
        read_access=partial(
            access.read_access,
            os.environ,
            ca_file=ca_file,
            client_cert=client_cert,
            client_key=client_key,
            registry_username=registry_username,
            registry_password_file=registry_password_file,
            plain_http=plain_http,
            tls=tls,
            token_host=token_host,
        ),
        offline=offline,
        debug=debug,
        progress=show_progress(progress),
    )
    with sockets.forbidden() if offline else nullcontext():
        raise typer.Exit(Inspecting(request).show())


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("inspect", cls=Command, epilog=EXAMPLES)(inspect)
