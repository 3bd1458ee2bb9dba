"""`gate verify`: from flags to outputs, on every path.

What comes in: flags and environment. What goes out: the report, the summary and the exit code, which all say the same.
Everything that can be wrong with the job is said before anything is fetched. It judges nothing: that is `flow`.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gate.cli import access, signals, sockets
from gate.cli.output import say, show
from gate.cli.references import read_all, read_elsewhere
from gate.cli.roots import load_roots, renew
from gate.cli.timeout import read_deadline
from gate.errors import GateError, Interrupted, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.flow import ImageJudgement
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources.access import Access
    from gate.trust import TrustRoot

EXAMPLES = """
Examples:

  gate verify ghcr.io/acme/api:1.4 --policy policy.toml --report gate.json

  gate verify oci:build/image --as ghcr.io/acme/api --policy policy.toml

  gate verify --refs-from images.txt --policy policy.toml --report gate.json
"""


def verify(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REF",
            help="registry/repo[:tag][@digest], oci:DIR[:tag][@digest], oci-archive:FILE.tar[:tag][@digest], file:PATH",
        ),
    ] = None,
    refs_from: Annotated[
        str | None,
        typer.Option(
            "--refs-from",
            help="Read further references from a file, one a line; - is stdin. Blank lines and # comments are skipped.",
            metavar="FILE",
        ),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy, a TOML file.  [env: GATE_POLICY]", metavar="FILE")
    ] = None,
    report: Annotated[
        str | None, typer.Option(help="Write the JSON report here; - is stdout.  [env: GATE_REPORT]", metavar="FILE")
    ] = None,
    asserted_name: Annotated[
        str | None,
        typer.Option("--as", help="The name under which a local image will be deployed.", metavar="NAME"),
    ] = None,
    bundle: Annotated[
        str | None, typer.Option(help="For file:PATH: its Sigstore bundle, or several as JSON Lines.", metavar="FILE")
    ] = None,
    signature_repository: Annotated[
        str | None,
        typer.Option(
            "--signature-repository",
            help="Look in this repository too for what is attached: where COSIGN_REPOSITORY had cosign put it.",
            metavar="REPO",
        ),
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option(help="How long to wait in all: 60s (default), 2m.  [env: GATE_TIMEOUT]", metavar="DURATION"),
    ] = None,
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
        bool, typer.Option("--offline", help="Open no socket: layouts, archives and files only, and no refresh.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Say where credentials came from, and show the traceback of an internal error."),
    ] = False,
) -> None:
    """Judge images: PASS, FAIL or UNDECIDED, with the reason. Of several the worst decides the exit code."""
    verification = _Verification(
        texts=tuple(references or ()),
        refs_from=refs_from,
        policy=policy,
        report=report or os.environ.get("GATE_REPORT") or None,
        asserted_name=asserted_name,
        bundle=bundle,
        signature_repository=signature_repository,
        timeout=timeout or os.environ.get("GATE_TIMEOUT") or "",
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
    )
    with sockets.forbidden() if offline else nullcontext():
        verification.run()


class _Verification:
    """One `gate verify`: from flags to outputs, on every path."""

    def __init__(
        self,
        *,
        texts: tuple[str, ...],
        refs_from: str | None,
        policy: Path | None,
        report: str | None,
        asserted_name: str | None,
        bundle: str | None,
        signature_repository: str | None,
        timeout: str,
        read_access: Callable[[Sequence[Reference]], Access],
        offline: bool,
        debug: bool,
    ) -> None:
        self.texts = texts
        self.refs_from = refs_from
        self.policy_path = policy
        self.policy_from = "--policy"
        self.report = report
        self.asserted_name = asserted_name
        self.bundle = bundle
        self.signature_repository = signature_repository
        self.timeout = timeout
        self.read_access = read_access
        self.offline = offline
        self.debug = debug
        self.started = datetime.now(UTC)
        self.policy: Policy | None = None
        self.trust: list[TrustRoot] = []
        self.images: list[ImageJudgement | None] = []
        self.error: GateError | None = None

    def run(self) -> NoReturn:
        """Judge, write every output, and exit with the code that they say."""
        try:
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
        from gate.report import document, text, writing  # noqa: PLC0415

        judged = [image for image in self.images if image is not None]
        if len(judged) < len(self.images) and self.error is None:
            self.error = GateError("internal error: not every image was judged")
        run = document.Run(
            started=self.started,
            finished=datetime.now(UTC),
            policy=self.policy,
            policy_from=self.policy_from,
            trust=self.trust,
            images=judged,
            error=self.error,
        )
        code = run.exit_code
        built = document.build(run)
        written = document.to_json(built)
        try:
            if self.report == "-":
                show(written)
            elif self.report is not None and not isinstance(self.error, _CannotReport):
                writing.write(Path(self.report), written)
        except GateError as error:
            say(f"gate: {error}")
            code = error.exit_code
        if self.debug:
            for image in built["images"]:
                say(f"gate: {image['reference']}: credentials: {image['credentials'] or 'none were used'}")
        for warning in built["warnings"]:
            say(f"gate: warning: {warning}")
        stream = sys.stderr if self.report == "-" or (self.error and not judged) else sys.stdout
        show(text.summary(built), stream)
        raise typer.Exit(code)

    def _judge(self) -> None:
        """Everything that can be wrong with the job is said before anything is fetched."""
        from gate.policy.loading import load_policy  # noqa: PLC0415
        from gate.report.writing import check_writable  # noqa: PLC0415

        if self.report not in (None, "-"):
            try:
                check_writable(Path(self.report))
            except InvalidUsage as error:
                raise _CannotReport(str(error)) from None
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
        self.policy = load_policy(self._policy_path())
        if self.offline and self.policy.refresh:
            raise InvalidUsage(
                "--offline and trust.refresh of the policy do not go together: a refresh asks the network"
            )
        self.trust = load_roots(self.policy)
        self.trust = renew(self.trust, self.policy, access=access, deadline=deadline, now=self.started)
        from gate.flow import Judge, judge_all  # noqa: PLC0415
        from gate.sources import Sources  # noqa: PLC0415

        limits = self.policy.limits
        judge = Judge(
            self.policy,
            roots=self.trust,
            sources=Sources(access, limits=limits, deadline=deadline, settings=self.policy.registries),
            limits=limits,
            deadline=deadline,
            now=self.started,
            elsewhere=elsewhere,
            light=len(references) > 1,
        )
        judge_all(judge, references, self.images, bundle=self.bundle or "")

    def _policy_path(self) -> Path:
        """Rule 25: the environment counts only where no flag does, and the report names it."""
        if self.policy_path is not None:
            return self.policy_path
        named = os.environ.get("GATE_POLICY")
        if not named:
            raise InvalidUsage("no policy: give --policy FILE, or set GATE_POLICY")
        self.policy_from = "GATE_POLICY"
        return Path(named)

    def _trace(self) -> None:
        if self.debug:
            traceback.print_exc(file=sys.stderr)


class _CannotReport(InvalidUsage):
    """The report's place cannot be written to; it is not tried again at the end."""
