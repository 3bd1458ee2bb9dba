"""`gate inspect`: what is attached to a reference, who signed it, whether that verifies, and what it claims.

What comes in: flags and environment. What goes out: a text or JSON on standard output, and 0 if it could look: that
nothing is attached is an answer, too. It needs no policy and gives no verdict; what it is made of is `flow.inspection`.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gate.cli import access, looking, policies, signals, sockets
from gate.cli.help import IMAGES, OUTPUTS, POLICY, RUN, Command
from gate.cli.output import say, show
from gate.cli.progress import Mode, show_progress
from gate.cli.references import read_all, read_elsewhere
from gate.cli.roots import load_given, load_roots, renew
from gate.cli.timeout import read_deadline
from gate.errors import GateError, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.cli.progress import Shown
    from gate.flow.inspection import Inspection
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources.access import Access
    from gate.trust import TrustRoot
    from gate.verification import PublicKey

EXAMPLES = """
Examples:
  gate inspect ghcr.io/acme/api:1.4
  gate inspect oci:build/image --trusted-root trusted_root.json --key release.pub
  gate inspect ghcr.io/acme/api:1.4 --policy policy.toml --output json
"""
_MAX_KEY_BYTES: Final = 64 << 10


class Output(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"


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
    """Show what is attached to an image, who signed it, and what it claims.

    It needs no policy and gives no verdict. Exit codes: 0 it could look, 2 wrong job, 3 and 4 it could not.
    """
    if schema:
        from gate.report.inspection import schema_text  # noqa: PLC0415

        show(schema_text())
        return
    run = _Run(
        reference=reference,
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
        raise typer.Exit(run.show(output))


class _Run:
    """One `gate inspect`: from flags to what is printed, on every path but that of a signal."""

    def __init__(
        self,
        *,
        reference: str | None,
        trusted_roots: tuple[str, ...],
        keys: tuple[str, ...],
        policy: Path | None,
        asserted_name: str | None,
        bundle: str | None,
        signature_repository: str | None,
        timeout: str | None,
        read_access: Callable[[Sequence[Reference]], Access],
        offline: bool,
        debug: bool,
        progress: Shown,
    ) -> None:
        self.text = reference
        self.trusted_roots = trusted_roots
        self.key_paths = keys
        self.policy_path = policy
        self.asserted_name = asserted_name
        self.bundle = bundle
        self.signature_repository = signature_repository
        self.timeout = timeout
        self.read_access = read_access
        self.offline = offline
        self.debug = debug
        self.progress = progress
        self.started = datetime.now(UTC)
        self.policy: Policy | None = None
        self.trust: list[TrustRoot] = []
        self.keys: list[PublicKey] = []
        self.inspection: Inspection | None = None
        self.error: GateError | None = None

    def show(self, output: Output) -> int:
        """Look, print what was found, and say which exit code that is."""
        try:
            with self.progress:
                self.inspection = self._inspect()
        except GateError as error:
            self.error = error
        except signals.Stopped:
            raise
        except BaseException as error:  # noqa: BLE001  (a crash is 4; a library's sys.exit(0) is one)
            self.error = GateError(f"internal error: {type(error).__name__}: {error}")
            if self.debug:
                traceback.print_exc(file=sys.stderr)
        if self.error is not None and output is Output.TEXT:
            say(f"gate: {self.error}")
            say(f"  do  {self.error.remedy}")
            return self.error.exit_code
        from gate.report import inspection, inspection_text  # noqa: PLC0415
        from gate.verification import fingerprint  # noqa: PLC0415

        looked = inspection.Looked(
            started=self.started,
            finished=datetime.now(UTC),
            policy=self.policy,
            trust=self.trust,
            keys=[(path, fingerprint(key)) for path, key in zip(self.key_paths, self.keys, strict=False)],
            inspection=self.inspection,
            error=self.error,
        )
        document = inspection.build(looked)
        show(inspection.to_json(document) if output is Output.JSON else inspection_text.to_text(document))
        return looked.exit_code

    def _inspect(self) -> Inspection:
        """Everything that can be wrong with the job is said before anything is fetched."""
        if self.text is None:
            raise InvalidUsage("no image: name a REF")
        if self.policy_path is not None and (self.trusted_roots or self.key_paths):
            raise InvalidUsage("--policy names its own roots and keys: leave --trusted-root and --key away")
        if self.asserted_name is not None and self.policy_path is None:
            raise InvalidUsage("--as goes with --policy: it says which rules are for a local image")
        deadline = read_deadline(self.timeout, os.environ)
        (reference,) = references = read_all(
            (self.text,),
            refs_from=None,
            asserted_name=self.asserted_name,
            bundle=self.bundle,
            offline=self.offline,
        )
        elsewhere = read_elsewhere(self.signature_repository, references)
        reached = self.read_access(references)
        from gate.limits import Limits  # noqa: PLC0415

        limits, settings, keys = Limits(), None, []
        if self.policy_path is None:
            self.trust = load_given(self.trusted_roots)
            keys = self.keys = [_read_key(path) for path in self.key_paths]
        else:
            from gate.policy.flags import Flags  # noqa: PLC0415
            from gate.policy.parties import KeyHolder  # noqa: PLC0415

            asked = policies.Asked(
                path=self.policy_path, flags=Flags(workflow={}), sha256=None, at=None, name="--policy"
            )
            self.policy = policies.load(asked, self.started, file=self.bundle is not None)
            if self.offline and self.policy.refresh:
                raise InvalidUsage("--offline and trust.refresh of the policy do not go together")
            limits, settings = self.policy.limits, self.policy.registries
            self.trust = renew(
                load_roots(self.policy), self.policy, access=reached, deadline=deadline, now=self.started
            )
            holders = (signer.holder for signer in self.policy.signers.values())
            keys = [holder.key for holder in holders if isinstance(holder, KeyHolder)]
        from gate.flow.inspection import Inspector  # noqa: PLC0415
        from gate.sources import Sources  # noqa: PLC0415

        inspector = Inspector(
            roots=self.trust,
            keys=keys,
            sources=Sources(reached, limits=limits, deadline=deadline, settings=settings),
            limits=limits,
            deadline=deadline,
            now=self.started,
            policy=self.policy,
            elsewhere=elsewhere,
            progress=self.progress,
            environment=os.environ,
        )
        self.progress.about = reference.text
        return inspector.inspect(reference, bundle=self.bundle or "")


def _read_key(name: str) -> PublicKey:
    """A public key from a file. Raises `InvalidUsage`."""
    from gate.verification import read_key  # noqa: PLC0415

    try:
        with Path(name).open("rb") as file:
            raw = file.read(_MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidUsage(f"--key {name} cannot be read: {reason}").unread() from None
    if len(raw) > _MAX_KEY_BYTES:
        raise InvalidUsage(f"--key {name} has more than {_MAX_KEY_BYTES} bytes")
    try:
        return read_key(raw)
    except ValueError as error:
        raise InvalidUsage(f"--key {name}: {error}") from None


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("inspect", cls=Command, epilog=EXAMPLES)(inspect)
