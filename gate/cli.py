"""The command: verbs, flags, environment, exit codes and signals, each in this place only.

What comes in: `sys.argv` and the environment. What goes out: a report, a summary, diagnostics and an exit code. It
judges nothing. Nothing heavy is imported before it is needed: `gate --help` and a usage error answer at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gate import __version__
from gate.errors import GateError, Interrupted, InvalidUsage

if TYPE_CHECKING:
    from types import FrameType

    from gate.flow import ImageJudgement
    from gate.limits import Deadline
    from gate.policy.model import Policy
    from gate.trust import TrustRoot

app = typer.Typer(
    name="gate",
    help="May this image be deployed under this policy? Exit codes: 0 pass, 1 fail, 2 invalid, 3 or 4 undecided.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
trust_app = typer.Typer(
    help="Trust roots: what is in them, how old they are.", rich_markup_mode=None, no_args_is_help=True
)
app.add_typer(trust_app, name="trust")
report_app = typer.Typer(help="About reports.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(report_app, name="report")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXAMPLES = """
Examples:

  gate verify ghcr.io/acme/api:1.4 --policy policy.toml --report gate.json

  gate verify oci:build/image --as ghcr.io/acme/api --policy policy.toml
"""


def main() -> NoReturn:
    """Run the command and end the process with its exit code. No traceback reaches a user without --debug."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a log's encoding must never end a run
    warnings.simplefilter("ignore")  # libraries warn about foreign certificates, in foreign words, on standard error
    for number in _SIGNALS:
        signal.signal(number, _on_signal)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that still wait for a server are daemons, and nothing is left to clean up


def run(arguments: list[str] | None = None) -> int:
    """Run the command (`sys.argv` if no arguments are given) and return its exit code."""
    try:
        app(arguments)
    except GateError as error:
        _say(f"gate: {error}")
        return error.exit_code
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 4
    except BaseException as error:  # noqa: BLE001  (a crash is 4: never 1, and never 0)
        if _received:
            _say(f"gate: stopped by signal {_received[0]}")
            return 128 + _received[0]
        _say(f"gate: internal error: {type(error).__name__}: {error}")
        return 4
    return 4  # typer ends a command by SystemExit; anything else was no verdict


@app.callback(invoke_without_command=True)
def _gate(
    *, version: Annotated[bool, typer.Option("--version", help="Say which version this is.", is_eager=True)] = False
) -> None:
    if version:
        print(f"gate {__version__}")
        raise typer.Exit(0)


@app.command(epilog=_EXAMPLES)
def verify(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="registry/repo[:tag][@digest], oci:DIR[:tag][@digest], oci-archive:FILE.tar[:tag][@digest], file:PATH",
        ),
    ],
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
    timeout: Annotated[
        str | None,
        typer.Option(help="How long to wait in all: 60s (default), 2m.  [env: GATE_TIMEOUT]", metavar="DURATION"),
    ] = None,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
) -> None:
    """Judge one image: PASS, FAIL or UNDECIDED, with the reason."""
    _Verification(
        reference=reference,
        policy=policy,
        report=report or os.environ.get("GATE_REPORT") or None,
        asserted_name=asserted_name,
        bundle=bundle,
        timeout=timeout or os.environ.get("GATE_TIMEOUT") or "",
        debug=debug,
    ).run()


@trust_app.command("show")
def _trust_show(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ROOT]...", help="public-good, github, or the path of a file.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print each root's parts with their windows, its digest and its date."""
    from gate import trust  # noqa: PLC0415
    from gate.report import roots  # noqa: PLC0415

    loaded = [trust.load(name, folder=Path(), log_none=True, ct_none=True) for name in names or trust.BUILT_IN]
    _print(roots.to_json(loaded) if as_json else roots.to_text(loaded, datetime.now(UTC)))


@trust_app.command("update")
def _trust_update(
    name: Annotated[str, typer.Argument(metavar="ROOT", help="public-good or github; with --url, any name.")],
    to: Annotated[str, typer.Option("--to", help="Where to write it; - is stdout.", metavar="FILE")] = "-",
    url: Annotated[str | None, typer.Option(help="Another TUF repository (a mirror, your own).", metavar="URL")] = None,
    first_root: Annotated[
        Path | None, typer.Option("--root", help="With --url: the repository's first root.json.", metavar="FILE")
    ] = None,
) -> None:
    """Fetch a root from its TUF repository, verified from its first root on. Nothing else contacts one unasked."""
    from gate.report import writing  # noqa: PLC0415
    from gate.trust import parse, refresh  # noqa: PLC0415

    if (url is None) != (first_root is None):
        raise InvalidUsage("--url and --root go together: the repository, and what to trust it by")
    if to != "-":
        writing.check_writable(Path(to), "--to")
    if url is not None and first_root is not None:
        try:
            source = refresh.Repository(url=url, first_root=first_root.read_bytes())
        except OSError as error:
            raise InvalidUsage(f"--root {first_root} cannot be read: {error.strerror}") from None
    else:
        source = refresh.repository(name)
    raw = refresh.fetch(name, source)
    parse(name, raw, dated=None, log_none=True, ct_none=True)
    if to == "-":
        _print(raw.decode("utf-8"))
    else:
        writing.write(Path(to), raw.decode("utf-8"))


@report_app.callback(invoke_without_command=True)
def _report(
    *, schema: Annotated[bool, typer.Option("--schema", help="Print the report's JSON Schema.")] = False
) -> None:
    if not schema:
        raise InvalidUsage("gate report: what about it? --schema prints its JSON Schema")
    from gate.report.document import schema_text  # noqa: PLC0415

    print(schema_text(), end="")


class _Verification:
    """One `gate verify`: from flags to outputs, on every path."""

    def __init__(
        self,
        *,
        reference: str,
        policy: Path | None,
        report: str | None,
        asserted_name: str | None,
        bundle: str | None,
        timeout: str,
        debug: bool,
    ) -> None:
        self.reference = reference
        self.policy_path = policy
        self.policy_from = "--policy"
        self.report = report
        self.asserted_name = asserted_name
        self.bundle = bundle
        self.timeout = timeout
        self.debug = debug
        self.started = datetime.now(UTC)
        self.policy: Policy | None = None
        self.trust: list[TrustRoot] = []
        self.images: list[ImageJudgement] = []
        self.error: GateError | None = None

    def run(self) -> NoReturn:
        """Judge, write every output, and exit with the code that they say."""
        try:
            self._judge()
        except GateError as error:
            self.error = error
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001  (a crash is 4, in words and in the report)
            self.error = GateError(f"internal error: {type(error).__name__}: {error}")
            self._trace()
        for number in _SIGNALS:
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, signal.SIG_IGN)  # what was found is written now, whoever still asks us to stop
        if _received:
            self.error = Interrupted(_received[0])
        from gate.report import document, text, writing  # noqa: PLC0415

        run = document.Run(
            started=self.started,
            finished=datetime.now(UTC),
            policy=self.policy,
            policy_from=self.policy_from,
            trust=self.trust,
            images=self.images,
            error=self.error,
        )
        code = run.exit_code
        built = document.build(run)
        written = document.to_json(built)
        try:
            if self.report == "-":
                _print(written)
            elif self.report is not None and not isinstance(self.error, _CannotReport):
                writing.write(Path(self.report), written)
        except GateError as error:
            _say(f"gate: {error}")
            code = error.exit_code
        for warning in built["warnings"]:
            _say(f"gate: warning: {warning}")
        stream = sys.stderr if self.report == "-" or (self.error and not self.images) else sys.stdout
        _print(text.summary(built), stream)
        raise typer.Exit(code)

    def _judge(self) -> None:
        """Everything that can be wrong with the job is said before anything is fetched."""
        from gate import trust  # noqa: PLC0415
        from gate.limits import Limits  # noqa: PLC0415
        from gate.policy.loading import load_policy  # noqa: PLC0415
        from gate.reference import Transport, parse_reference  # noqa: PLC0415
        from gate.report.writing import check_writable  # noqa: PLC0415

        if self.report not in (None, "-"):
            try:
                check_writable(Path(self.report))
            except InvalidUsage as error:
                raise _CannotReport(str(error)) from None
        deadline = self._deadline()
        reference = parse_reference(self.reference, asserted_name=self.asserted_name)
        if (reference.transport is Transport.FILE) != (self.bundle is not None):
            raise InvalidUsage("--bundle goes with file:PATH, and file:PATH needs it")
        self.policy = load_policy(self._policy_path())
        self.trust = [
            trust.load(root.name, folder=Path(self.policy.path).parent, log_none=root.log_none, ct_none=root.ct_none)
            for root in self.policy.roots
        ]
        self._renew(self.policy, deadline)
        from gate.flow import judge  # noqa: PLC0415

        image = judge(
            reference,
            self.policy,
            roots=self.trust,
            limits=Limits(),
            deadline=deadline,
            now=self.started,
            bundle=self.bundle or "",
        )
        self.images.append(image)

    def _renew(self, policy: Policy, deadline: Deadline) -> None:
        """Refresh the built-in roots where the policy asks for it, and refuse those that are too old for it."""
        from gate.trust import BUILT_IN, check_age  # noqa: PLC0415

        if policy.refresh:
            from gate.parallel import Background  # noqa: PLC0415
            from gate.trust.refresh import refreshed  # noqa: PLC0415

            waits = {
                root.name: Background(partial(refreshed, root, self.started))
                for root in self.trust
                if root.name in BUILT_IN
            }
            self.trust = [waits[root.name].result(deadline) if root.name in waits else root for root in self.trust]
        for root in self.trust:
            check_age(root, policy.root_max_age, self.started)

    def _policy_path(self) -> Path:
        """Rule 25: the environment counts only where no flag does, and the report names it."""
        if self.policy_path is not None:
            return self.policy_path
        named = os.environ.get("GATE_POLICY")
        if not named:
            raise InvalidUsage("no policy: give --policy FILE, or set GATE_POLICY")
        self.policy_from = "GATE_POLICY"
        return Path(named)

    def _deadline(self) -> Deadline:
        from gate.duration import parse_duration  # noqa: PLC0415
        from gate.limits import DEFAULT_TIMEOUT_SECONDS, Deadline  # noqa: PLC0415

        if not self.timeout:
            return Deadline(DEFAULT_TIMEOUT_SECONDS)
        try:
            return Deadline(parse_duration(self.timeout).total_seconds())
        except ValueError as error:
            raise InvalidUsage(f"--timeout: {error}") from None

    def _trace(self) -> None:
        if self.debug:
            traceback.print_exc(file=sys.stderr)


class _CannotReport(InvalidUsage):
    """The report's place cannot be written to; it is not tried again at the end."""


class _Stopped(BaseException):
    """A signal came. No Exception: a library that is just being imported, or parses, must not take it for its own."""


_received: list[int] = []
"""The signals that came: one counts even where something took its exception for another."""


def _on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    _received.append(number)
    raise _Stopped


def _print(text: str, stream: Any = None) -> None:
    """Print, and leave a reader that went away to itself: the exit code says the verdict all the same."""
    try:
        print(text, end="", file=stream or sys.stdout, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def _say(text: str) -> None:
    from gate.report.text import escape  # noqa: PLC0415

    for line in text.splitlines() or [""]:
        print(escape(line), file=sys.stderr)
