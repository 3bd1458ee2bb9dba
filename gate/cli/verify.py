"""`gate verify`: its flags.

What comes in: flags and environment. What goes out: a `Request`, which `verifying` carries out; and where the flags
cannot be read, outputs that say so.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from typing import Annotated, Any

import typer

from gate.cli import access, looking, policies, signals, sockets
from gate.cli.destinations import read_destinations
from gate.cli.help import IMAGES, OUTPUTS, RUN, Command
from gate.cli.progress import Mode, show_progress
from gate.cli.verifying import Request, Verification, write_unread
from gate.errors import GateError, Interrupted, InvalidUsage

EXAMPLES = """
Examples:
  gate verify ghcr.io/acme/api:1.4 --policy policy.toml --output junit=gate.xml
  gate verify oci:build/image --as ghcr.io/acme/api --policy policy.toml
  gate verify --refs-from images.txt --policy policy.toml --output-dir gate-out
"""


def verify(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REF...",
            help="registry/repo[:tag][@digest], oci:DIR, oci-archive:FILE, file:PATH",
            show_default=False,
            rich_help_panel=IMAGES,
        ),
    ] = None,
    refs_from: Annotated[
        str | None,
        typer.Option(
            "--refs-from", help="further references, one a line; - is stdin", metavar="FILE", rich_help_panel=IMAGES
        ),
    ] = None,
    policy: policies.PolicyPath = None,
    policy_sha256: policies.PolicyDigest = None,
    at: policies.At = None,
    identity: policies.Identity = None,
    identity_regexp: policies.IdentityRegexp = None,
    issuer: policies.Issuer = None,
    issuer_regexp: policies.IssuerRegexp = None,
    workflow_trigger: policies.Trigger = None,
    workflow_sha: policies.Sha = None,
    workflow_name: policies.Name = None,
    workflow_repository: policies.Repository = None,
    workflow_ref: policies.Ref = None,
    key: policies.Key = None,
    annotations: policies.Annotations = None,
    predicate_type: policies.Type = None,
    trusted_root: policies.TrustedRootFile = None,
    report: Annotated[
        str | None,
        typer.Option(
            "--report", help="the JSON report; - is stdout  [env: GATE_REPORT]", metavar="FILE", rich_help_panel=OUTPUTS
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            help="the report as json, text, junit, sarif, markdown, dotenv, codequality, github, verdict, digest or "
            "termination; may be given again",
            metavar="FORMAT=PATH",
            rich_help_panel=OUTPUTS,
        ),
    ] = None,
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir",
            help="all of them, under names of their own  [env: GATE_OUTPUT_DIR]",
            metavar="DIR",
            rich_help_panel=OUTPUTS,
        ),
    ] = None,
    asserted_name: Annotated[
        str | None,
        typer.Option(
            "--as", help="the name under which a local image will be deployed", metavar="NAME", rich_help_panel=IMAGES
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
    offline: Annotated[
        bool, typer.Option("--offline", help="open no socket: oci:, oci-archive: and file: alone", rich_help_panel=RUN)
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="whose credentials were used; tracebacks of internal errors", rich_help_panel=RUN),
    ] = False,
) -> None:
    """Judge images: PASS, FAIL or UNDECIDED, with the reason. Exit codes: 0 pass, 1 fail, 2 invalid, 3 undecided (try
    again), 4 undecided; the worst counts.
    """
    request = Request(
        texts=tuple(references or ()),
        refs_from=refs_from,
        reads=(policy or os.environ.get("GATE_POLICY"), key, trusted_root),
        ask=partial(
            policies.ask,
            os.environ,
            path=policy,
            flags=policies.read_flags(
                identity=identity,
                identity_regexp=identity_regexp,
                issuer=issuer,
                issuer_regexp=issuer_regexp,
                trigger=workflow_trigger,
                sha=workflow_sha,
                name=workflow_name,
                repository=workflow_repository,
                ref=workflow_ref,
                key=key,
                annotations=annotations,
                predicate_type=predicate_type,
                trusted_root=trusted_root,
            ),
            sha256=policy_sha256,
            at=at,
        ),
        destinations=read_destinations(os.environ, report=report, output=output, output_dir=output_dir),
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
        Verification(request).run()


class VerifyCommand(Command):
    """`gate verify`, whose outputs are written though its flags cannot be read: after a typing mistake no file of an
    earlier run still says pass.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; if that fails, write to the places that can be read, and let it fail."""
        given = [*args]
        try:
            return super().parse_args(ctx, args)
        except (typer.Exit, typer.Abort):
            raise
        except (Exception, signals.Stopped) as error:
            reader = self.make_context(
                ctx.info_name, given, resilient_parsing=True, ignore_unknown_options=True, allow_extra_args=True
            )
            places = {name: reader.params.get(name) for name in ("report", "output", "output_dir")}
            write_unread(read_destinations(os.environ, **places), _unread(error))
            raise


def _unread(error: BaseException) -> GateError:
    """What kept a command line from being read."""
    if signals.received:
        return Interrupted(signals.received[0])
    told = getattr(error, "format_message", None)  # click's own; typer exports no name for them
    return InvalidUsage(told()) if told else GateError(f"internal error: {type(error).__name__}: {error}")


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("verify", cls=VerifyCommand, epilog=EXAMPLES)(verify)
