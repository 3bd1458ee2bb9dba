"""One `gate inspect`: from a request to a text or JSON, and an exit code.

What comes in: a `Request`, which the flags made. What goes out: what was found, on standard output, and 0 if it could
look: that nothing is attached is an answer, too. Everything that can be wrong with the job is said before anything is
fetched. It needs no policy and gives no verdict; what it is made of is `flow.inspection`.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.cli import policies, signals
from gate.cli.output import say, show
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

_MAX_KEY_BYTES: Final = 64 << 10


class Output(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"


class Request(Struct, frozen=True, kw_only=True):
    """What a command line asks for. `read_access` reads the flags about registries, once it is known which."""

    text: str | None
    output: Output
    trusted_roots: tuple[str, ...]
    keys: tuple[str, ...]
    policy: Path | None
    asserted_name: str | None
    bundle: str | None
    signature_repository: str | None
    timeout: str | None
    read_access: Callable[[Sequence[Reference]], Access]
    offline: bool
    debug: bool
    progress: Shown


class Inspecting:
    """One `gate inspect`, from a request to what is printed, on every path but that of a signal."""

    def __init__(self, request: Request) -> None:
        self.asked = request
        self.started = datetime.now(UTC)
        self.policy: Policy | None = None
        self.trust: list[TrustRoot] = []
        self.keys: list[PublicKey] = []
        self.inspection: Inspection | None = None
        self.error: GateError | None = None

    def show(self) -> int:
        """Look, print what was found, and say which exit code that is."""
        try:
            with self.asked.progress:
                self.inspection = self._inspect()
        except GateError as error:
            self.error = error
        except signals.Stopped:
            raise
        except BaseException as error:  # noqa: BLE001  (a crash is 4; a library's sys.exit(0) is one)
            self.error = GateError(f"internal error: {type(error).__name__}: {error}")
            if self.asked.debug:
                traceback.print_exc(file=sys.stderr)
        if self.error is not None and self.asked.output is Output.TEXT:
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
            keys=[(path, fingerprint(key)) for path, key in zip(self.asked.keys, self.keys, strict=False)],
            inspection=self.inspection,
            error=self.error,
        )
        document = inspection.build(looked)
        show(inspection.to_json(document) if self.asked.output is Output.JSON else inspection_text.to_text(document))
        return looked.exit_code

    def _inspect(self) -> Inspection:
        """Everything that can be wrong with the job is said before anything is fetched."""
        if self.asked.text is None:
            raise InvalidUsage("no image: name a REF")
        if self.asked.policy is not None and (self.asked.trusted_roots or self.asked.keys):
            raise InvalidUsage("--policy names its own roots and keys: leave --trusted-root and --key away")
        if self.asked.asserted_name is not None and self.asked.policy is None:
            raise InvalidUsage("--as goes with --policy: it says which rules are for a local image")
        deadline = read_deadline(self.asked.timeout, os.environ)
        (reference,) = references = read_all(
            (self.asked.text,),
            refs_from=None,
            asserted_name=self.asked.asserted_name,
            bundle=self.asked.bundle,
            offline=self.asked.offline,
        )
        elsewhere = read_elsewhere(self.asked.signature_repository, references)
        reached = self.asked.read_access(references)
        from gate.limits import Limits  # noqa: PLC0415

        limits, settings, keys = Limits(), None, []
        if self.asked.policy is None:
            self.trust = load_given(self.asked.trusted_roots)
            keys = self.keys = [_read_key(path) for path in self.asked.keys]
        else:
            from gate.policy.flags import Flags  # noqa: PLC0415
            from gate.policy.parties import KeyHolder  # noqa: PLC0415

            asked = policies.Asked(
                path=self.asked.policy, flags=Flags(workflow={}), sha256=None, at=None, name="--policy"
            )
            self.policy = policies.load(asked, self.started, file=self.asked.bundle is not None)
            if self.asked.offline and self.policy.refresh:
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
            progress=self.asked.progress,
            environment=os.environ,
        )
        self.asked.progress.about = reference.text
        return inspector.inspect(reference, bundle=self.asked.bundle or "")


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
