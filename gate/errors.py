"""Every way in which gate itself fails to give an answer.

What comes in: a message for a person, and facts for the report. What goes out: an exception that knows its exit code
and whether trying again may help. A failed check is not here: that is an answer, and answers are values.

    GateError                exit 4   broken, and trying again will not help
    |-- Invalid              exit 2   the job is wrong: usage, policy, reference, trust root; nothing was fetched
    |   |-- InvalidUsage
    |   |-- InvalidReference
    |   |-- InvalidPolicy
    |   `-- InvalidTrustRoot
    |-- Interrupted          exit 130 or 143: a signal
    |-- NotWritten           exit 4   an output that was asked for
    |-- NoThread             exit 4   the machine starts no more threads
    `-- CouldNotLook         exit 4   the image could not be judged
        |-- AccessDenied     exit 4   401, 403, a refused token realm
        |-- NotFound         exit 4   the image is not there
        |-- Malformed        exit 4   bytes that are missing, truncated, of a wrong digest or no document
        |   `-- CutShort     exit 4   an answer that ended before its end
        |-- LimitExceeded    exit 4   more bytes, referrers, pages or redirects than allowed
        |-- StaleTrust       exit 4   a trust root is older than the policy allows
        `-- Unavailable      exit 3   network, 5xx, TLS
            |-- Untrusted    exit 3   a server's certificate that nobody vouches for
            |-- RateLimited  exit 3   429
            `-- DeadlineExceeded  exit 3

Exit codes: README, "Exit codes".
"""

from __future__ import annotations

from typing import ClassVar, Self

from msgspec import Struct


class GateError(Exception):
    """gate could not answer. `code` is its stable name in the report; `exit_code` what the process ends with; `remedy`
    what to do next, in words for whoever reads the log.
    """

    code: ClassVar[str] = "internal"
    exit_code: int = 4
    remedy: str = "this is a fault of gate's own: run it again with --debug, and report what it prints"

    @property
    def message(self) -> str:
        """The text for a person: one line, without the exception's name."""
        return str(self)

    def as_value(self) -> Self:
        """The error, to be kept: without the frames that it passed, which hold what was read when it was raised."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self

    @property
    def retry(self) -> bool:
        """Whether trying the same command again may give an answer."""
        return self.exit_code == 3


class Invalid(GateError):
    """The job itself is wrong; nothing was fetched."""

    code = "invalid"
    remedy = "correct what is named and run it again; nothing was fetched"
    exit_code = 2

    def advising(self, remedy: str) -> Self:
        """The same, with what to do about this one."""
        self.remedy = f"{remedy}; nothing was fetched"
        return self

    def unread(self) -> Self:
        """The same, of a file or a folder that is not there or may not be read."""
        return self.advising("compare the path with what is there; in a container, see that its folder is mounted")


class InvalidUsage(Invalid):
    """The command line or the environment asks for something that cannot be."""

    code = "invalid.usage"
    remedy = "correct the command or the environment; --help lists what there is"


class InvalidReference(Invalid):
    """The text names no image, or the folder or file that it names is no OCI layout."""

    code = "invalid.reference"
    remedy = "write registry/repository:tag or @sha256:..., oci:DIR, oci-archive:FILE or file:PATH"


class Finding(Struct, frozen=True, kw_only=True):
    """Something about a policy: where, and what. `line` and `column` count from 1, and are None where they cannot be
    told; `key` is the full key path, "" for the whole file.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    text: str

    def __str__(self) -> str:
        """One line, as compilers write it: policy.toml:12:1: rules[0].images: ..."""
        place = "" if self.line is None else f":{self.line}:{self.column}"
        return f"{self.file}{place}: " + (f"{self.key}: {self.text}" if self.key else self.text)


class InvalidPolicy(Invalid):
    """The policy, or a file that it names, cannot be read or says something impossible.

    `findings` holds every problem found in the run; `problems` the same, one line each.
    """

    code = "invalid.policy"
    remedy = "correct the policy and run it again; nothing was fetched"

    def __init__(self, path: str, findings: tuple[Finding, ...]) -> None:
        self.path = path
        self.findings = findings
        self.problems = tuple(str(finding) for finding in findings)
        super().__init__("; ".join(self.problems))


class InvalidTrustRoot(Invalid):
    """A trusted root is unknown, unreadable or incomplete."""

    code = "invalid.trust-root"
    remedy = "name public-good, github or the path of a trusted_root.json, which gate trust show FILE can read"


class Interrupted(GateError):
    """A signal ended the run before it had an answer."""

    code = "interrupted"
    remedy = "run it again; this says nothing about the images that were not judged"

    def __init__(self, signal_number: int) -> None:
        self.exit_code = 128 + signal_number
        super().__init__(f"stopped by signal {signal_number} before the image was judged")


class NotWritten(GateError):
    """An output that was asked for could not be written: whoever waits for it would never learn what was found."""

    code = "output"
    remedy = (
        "make room there or name another place, and run it again; the exit code is not the images' until it is there"
    )


class NoThread(GateError):
    """The machine, or the container, starts no thread for gate: its processes are counted and at their limit."""

    code = "threads"
    remedy = "raise the limit of processes (a container's pids limit, ulimit -u), and run it again"

    def __init__(self) -> None:
        super().__init__("not one more thread could be started here")


class CouldNotLook(GateError):
    """The image could not be judged: what judging needs was not to be had. Never the same as "unsigned".

    `status` is the HTTP status where there was one; `credentials` says where those came from that were used. `passing`
    says that the same request may be answered a moment later.
    """

    code = "could-not-look"
    remedy = "look into it; running it again will not help, and this says nothing about the image"
    passing: ClassVar[bool] = False

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        self.credentials: str | None = None
        super().__init__(message)

    def advising(self, remedy: str) -> Self:
        """The same, with what to do about this one."""
        self.remedy = f"{remedy}; this says nothing about the image"
        return self


class AccessDenied(CouldNotLook):
    """The registry refused: 401 or 403, or a token realm that gate does not follow."""

    code = "access-denied"
    remedy = (
        "log in to the registry (docker login, or GATE_REGISTRY_USERNAME and GATE_REGISTRY_PASSWORD); --debug says "
        "whose credentials were used; this says nothing about the image"
    )


class NotFound(CouldNotLook):
    """The image itself is not there.

    That a signature's tag is absent is an answer, not this.
    """

    code = "not-found"
    remedy = (
        "compare name, tag and digest with what was pushed, and see whether the credentials may read it: a registry "
        "may hide what they may not; running it again will not help, and this says nothing about signatures"
    )


class Malformed(CouldNotLook):
    """Bytes that judging needs are missing, truncated, of a wrong digest, or not the document they should be."""

    code = "malformed"
    remedy = (
        "what the source holds is damaged, or a proxy answers in its place: look at what is named there, or push it "
        "again; this says nothing about the image"
    )


class CutShort(Malformed):
    """An answer that ended before its end."""

    passing = True


class LimitExceeded(CouldNotLook):
    """A source offered more than `gate.limits` allows. Going over is never "the first n".

    `limit` is the one, by its name in the policy's `[limits]`, which the message ends with; "" where no policy sets it.
    """

    code = "limit"
    remedy = (
        "see what is attached to the image, and who attached it; if it belongs there, raise the limit in the policy; "
        "this says nothing about the image"
    )

    def __init__(self, message: str, *, limit: str) -> None:
        self.limit = limit
        if not limit:
            self.remedy = "see what is attached to the image, and who attached it; this says nothing about the image"
        super().__init__(f"{message} ([limits] {limit})" if limit else message)


class StaleTrust(CouldNotLook):
    """A trust root is older than `trust.max-age` allows, or its age is not known."""

    code = "trust.stale"
    remedy = (
        "fetch a newer root (gate trust update ROOT --to FILE, or refresh in the policy's [trust]); "
        "this says nothing about the image"
    )


class Unavailable(CouldNotLook):
    """The source did not answer; later it may."""

    code = "unavailable"
    remedy = "run it again; this says nothing about the image"
    exit_code = 3
    passing = True


class Untrusted(Unavailable):
    """A server's certificate is not vouched for by an authority that gate knows."""

    passing = False
    remedy = (
        "name the authority that the server's certificate is from with --ca-file; this says nothing about the image"
    )


class RateLimited(Unavailable):
    """The registry asks to come back later (429)."""

    code = "rate-limited"
    remedy = "run it again later, or log in: registries allow more to whom they know; this says nothing about the image"


class DeadlineExceeded(Unavailable):
    """The time that `--timeout` allows is over."""

    code = "deadline"
    remedy = "run it again, or give it more time with --timeout; this says nothing about the image"
    passing = False
