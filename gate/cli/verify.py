"""`gate verify`: from flags to outputs, on every path.

What comes in: flags and environment. What goes out: the report, the summary and the exit code, which all say the same.
Everything that can be wrong with the job is said before anything is fetched. It judges nothing: that is `flow`.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from msgspec.structs import replace

from gate.cli import access, looking, policies, signals, sockets
from gate.cli.destinations import read_destinations
from gate.cli.help import IMAGES, OUTPUTS, RUN, Command
from gate.cli.output import say, show, wants_colour
from gate.cli.progress import Mode, Shown, show_progress
from gate.cli.references import read_all, read_elsewhere
from gate.cli.roots import load_roots, renew
from gate.cli.timeout import read_deadline
from gate.errors import GateError, Interrupted, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gate.cli.destinations import Destinations
    from gate.flow import ImageJudgement
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources.access import Access
    from gate.trust import TrustRoot

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
    verification = _Verification(
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
        verification.run()


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
            _write_unread(read_destinations(os.environ, **places), _unread(error))
            raise


def _unread(error: BaseException) -> GateError:
    """What kept a command line from being read."""
    if signals.received:
        return Interrupted(signals.received[0])
    told = getattr(error, "format_message", None)  # click's own; typer exports no name for them
    return InvalidUsage(told()) if told else GateError(f"internal error: {type(error).__name__}: {error}")


def _write_unread(destinations: Destinations, error: GateError) -> None:
    """The outputs of a run whose command line could not be read."""
    if not destinations.found and not destinations.folder:
        return
    with suppress(InvalidUsage):
        destinations.prepare()
    from gate.report import document  # noqa: PLC0415

    now = datetime.now(UTC)

    def build(error: GateError | None) -> dict[str, Any]:
        run = document.Run(
            started=now, finished=now, policy=None, policy_from="--policy", trust=(), images=(), error=error
        )
        return document.build(run)

    destinations.write(build, error)


class _Verification:
    """One `gate verify`: from flags to outputs, on every path."""

    def __init__(
        self,
        *,
        texts: tuple[str, ...],
        refs_from: str | None,
        reads: tuple[Path | str | None, ...],
        ask: Callable[[], policies.Asked],
        destinations: Destinations,
        asserted_name: str | None,
        bundle: str | None,
        signature_repository: str | None,
        timeout: str | None,
        read_access: Callable[[Sequence[Reference]], Access],
        offline: bool,
        debug: bool,
        progress: Shown,
    ) -> None:
        self.texts = texts
        self.refs_from = refs_from
        self.reads = reads
        self.ask = ask
        self.policy_from = "--policy"
        self.at: datetime | None = None
        self.destinations = destinations
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
        self.images: list[ImageJudgement | None] = []
        self.error: GateError | None = None

    def run(self) -> NoReturn:
        """Judge, write every output, and exit with the code that they say."""
        try:
            with self.progress:
                self._judge()
        except GateError as error:
            self.error = error
        except signals.Stopped:
            pass
        except BaseException as error:  # noqa: BLE001  (a crash is 4, in the report too; a library's sys.exit(0) is one)
            self.error = GateError(f"internal error: {type(error).__name__}: {error}")
            self._trace()
        signals.hold_off()
        if signals.received:
            self.error = Interrupted(signals.received[0])
        judged = [image for image in self.images if image is not None]
        if len(judged) < len(self.images) and self.error is None:
            self.error = GateError("internal error: not every image was judged")
        built = self.destinations.write(partial(self._built, judged), self.error)
        if self.debug:
            for image in built["images"]:
                say(f"gate: {image['reference']}: credentials: {image['credentials'] or 'none were used'}")
        for warning in built["warnings"]:
            say(f"gate: warning: {warning}")
        from gate.report.text import summary  # noqa: PLC0415

        stream = sys.stderr if self.destinations.stdout or (built["error"] and not judged) else sys.stdout
        with suppress(OSError):  # nobody can read it, and the exit code says the verdict all the same
            show(summary(built, colour=wants_colour(stream, os.environ)), stream)
        raise typer.Exit(built["exit_code"])

    def _built(self, judged: Sequence[ImageJudgement], error: GateError | None) -> dict[str, Any]:
        """The report's document, of what was judged and of what went wrong."""
        from gate.report import document  # noqa: PLC0415

        run = document.Run(
            started=self.started,
            finished=datetime.now(UTC),
            policy=self.policy,
            policy_from=self.policy_from,
            at=self.at,
            trust=self.trust,
            images=judged,
            error=error,
        )
        try:
            return document.build(run)
        except Exception as failure:  # noqa: BLE001  (a fault of the report is one of the run, and is said in a report)
            self._trace()
            broken = GateError(f"internal error: the report: {type(failure).__name__}: {failure}")
            return document.build(replace(run, images=(), error=broken))

    def _judge(self) -> None:
        """Everything that can be wrong with the job is said before anything is fetched."""
        files = [text.partition(":")[2] for text in self.texts if text.startswith(("file:", "oci-archive:"))]
        self.destinations.prepare([*self.reads, self.bundle, self.refs_from, *files])
        deadline = read_deadline(self.timeout, os.environ)
        references = read_all(
            self.texts,
            refs_from=self.refs_from,
            asserted_name=self.asserted_name,
            bundle=self.bundle,
            offline=self.offline,
        )
        elsewhere = read_elsewhere(self.signature_repository, references)
        access = self.read_access(references)  # what flags say of "the registry" is not said of another repository's
        asked = self.ask()
        self.policy_from = asked.name
        if asked.from_input and self.refs_from == "-":
            raise InvalidUsage("--policy - and --refs-from - do not go together: there is one standard input")
        self.policy = policies.load(asked, self.started, file=self.bundle is not None)
        now = policies.moment_of(asked, self.policy, self.started)
        self.at = now if asked.at is not None else None
        if self.offline and self.policy.refresh:
            raise InvalidUsage(
                "--offline and trust.refresh of the policy do not go together: a refresh asks the network"
            )
        self.trust = load_roots(self.policy)
        policies.check_digest(asked, self.policy, self.trust)
        self.trust = renew(self.trust, self.policy, access=access, deadline=deadline, now=self.started)
        from gate.flow import Judge, judge_all  # noqa: PLC0415
        from gate.sources import Sources  # noqa: PLC0415

        limits = self.policy.limits
        self.progress.about = references[0].text
        judge = Judge(
            self.policy,
            roots=self.trust,
            sources=Sources(access, limits=limits, deadline=deadline, settings=self.policy.registries),
            limits=limits,
            deadline=deadline,
            now=now,
            elsewhere=elsewhere,
            light=len(references) > 1,
            progress=self.progress,
            environment=os.environ,
        )
        judge_all(judge, references, self.images, bundle=self.bundle or "")

    def _trace(self) -> None:
        if self.debug:
            traceback.print_exc(file=sys.stderr)


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("verify", cls=VerifyCommand, epilog=EXAMPLES)(verify)
