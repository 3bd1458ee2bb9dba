"""One `gate verify`: from a request to outputs, on every path.

What comes in: a `Request`, which the flags made. What goes out: the report, the summary and the exit code, which all
say the same. Everything that can be wrong with the job is said before anything is fetched. It judges nothing: that is
`flow`.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from msgspec import Struct
from msgspec.structs import replace

from gate.cli import policies, signals
from gate.cli.output import say, show, wants_colour
from gate.cli.references import read_all, read_elsewhere
from gate.cli.roots import load_roots, renew
from gate.cli.timeout import read_deadline
from gate.errors import GateError, Interrupted, InvalidUsage, NotWritten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gate.cli.destinations import Destinations
    from gate.cli.progress import Shown
    from gate.flow import ImageJudgement
    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.sources.access import Access
    from gate.trust import TrustRoot


class Request(Struct, frozen=True, kw_only=True):
    """What a command line asks for. `reads` are the files that it names: no output may be one of them. `ask` reads the
    policy's flags, and `read_access` those about registries, once it is known which.
    """

    texts: tuple[str, ...]
    refs_from: str | None
    reads: tuple[Path | str | None, ...]
    ask: Callable[[], policies.Asked]
    destinations: Destinations
    asserted_name: str | None
    bundle: str | None
    signature_repository: str | None
    timeout: str | None
    read_access: Callable[[Sequence[Reference]], Access]
    offline: bool
    debug: bool
    progress: Shown


def write_unread(destinations: Destinations, error: GateError) -> None:
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


class Verification:
    """One `gate verify`, from a request to its outputs, on every path."""

    def __init__(self, request: Request) -> None:
        self.asked = request
        self.policy_from = "--policy"
        self.at: datetime | None = None
        self.started = datetime.now(UTC)
        self.policy: Policy | None = None
        self.trust: list[TrustRoot] = []
        self.images: list[ImageJudgement | None] = []
        self.error: GateError | None = None

    def run(self) -> NoReturn:
        """Judge, write every output, and exit with the code that they say."""
        try:
            with self.asked.progress:
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
        built = self.asked.destinations.write(partial(self._built, judged), self.error)
        if self.asked.debug:
            for image in built["images"]:
                say(f"gate: {image['reference']}: credentials: {image['credentials'] or 'none were used'}")
        for warning in built["warnings"]:
            say(f"gate: warning: {warning}")
        from gate.report.text import summary  # noqa: PLC0415

        stream = sys.stderr if self.asked.destinations.stdout or (built["error"] and not judged) else sys.stdout
        with suppress(NotWritten):  # nobody can read it, and the exit code says the verdict all the same
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
        files = [text.partition(":")[2] for text in self.asked.texts if text.startswith(("file:", "oci-archive:"))]
        self.asked.destinations.prepare([*self.asked.reads, self.asked.bundle, self.asked.refs_from, *files])
        deadline = read_deadline(self.asked.timeout, os.environ)
        references = read_all(
            self.asked.texts,
            refs_from=self.asked.refs_from,
            asserted_name=self.asked.asserted_name,
            bundle=self.asked.bundle,
            offline=self.asked.offline,
        )
        elsewhere = read_elsewhere(self.asked.signature_repository, references)
        access = self.asked.read_access(
            references
        )  # what flags say of "the registry" is not said of another repository's
        asked = self.asked.ask()
        self.policy_from = asked.name
        if asked.from_input and self.asked.refs_from == "-":
            raise InvalidUsage("--policy - and --refs-from - do not go together: there is one standard input")
        self.policy = policies.load(asked, self.started, file=self.asked.bundle is not None)
        now = policies.moment_of(asked, self.policy, self.started)
        self.at = now if asked.at is not None else None
        if self.asked.offline and self.policy.refresh:
            raise InvalidUsage(
                "--offline and trust.refresh of the policy do not go together: a refresh asks the network"
            )
        self.trust = load_roots(self.policy)
        policies.check_digest(asked, self.policy, self.trust)
        self.trust = renew(self.trust, self.policy, access=access, deadline=deadline, now=self.started)
        from gate.flow import Judge, judge_all  # noqa: PLC0415
        from gate.sources import Sources  # noqa: PLC0415

        limits = self.policy.limits
        self.asked.progress.about = references[0].text
        judge = Judge(
            self.policy,
            roots=self.trust,
            sources=Sources(access, limits=limits, deadline=deadline, settings=self.policy.registries),
            limits=limits,
            deadline=deadline,
            now=now,
            elsewhere=elsewhere,
            light=len(references) > 1,
            progress=self.asked.progress,
            environment=os.environ,
        )
        judge_all(judge, references, self.images, bundle=self.asked.bundle or "")

    def _trace(self) -> None:
        if self.asked.debug:
            traceback.print_exc(file=sys.stderr)
