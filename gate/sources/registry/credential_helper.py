"""A credential helper's name -> the user name and secret that it keeps for a registry.

What comes in: the name that a configuration gives (`osxkeychain` for the program `docker-credential-osxkeychain`), the
registry, and the environment that the program runs in. What goes out: what it answered, or None where it says that it
has nothing. No shell is involved, nothing that the program says is shown or logged, and it is gone at the deadline.

Source: docker/docker-credential-helpers, README "Development" (`get`: the server on standard input, JSON on standard
output; "credentials not found in native keychain" on standard output with exit code 1), moby's `credentials` client.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gate.errors import Unavailable
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.limits import Deadline, Limits

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOTHING = b"credentials not found in native keychain"
_PIECE = 4096
_LATE = (
    "run that helper by hand where gate runs: it may wait for a person, or for a cloud that it cannot reach; "
    "helper-seconds in the policy's [limits] gives it more time"
)


class HelperFailed(Exception):
    """The helper gave no answer; the text says why, and nothing of what the program said."""


def ask(
    name: str, server: str, *, environment: Mapping[str, str], limits: Limits, deadline: Deadline
) -> tuple[str, str] | None:
    """The user name and secret for `server`; None if the helper says that it has none.

    Raises `HelperFailed`, `Unavailable` after `limits.helper_seconds`, and `DeadlineExceeded`.
    """
    program = _program(name, environment)
    code, output = _run(program, server, environment=environment, limits=limits, deadline=deadline)
    if code != 0:
        if output.strip() == _NOTHING:
            return None
        raise HelperFailed(f"{program.name} failed")
    try:
        answer = parse_object(output)
    except Refused:
        raise HelperFailed(f"{program.name} answered with something else") from None
    username, secret = answer.get("Username", ""), answer.get("Secret", "")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise HelperFailed(f"{program.name} answered with something else")
    return (username, secret) if secret else None


def _program(name: str, environment: Mapping[str, str]) -> Path:
    """Where the program is: in a folder of PATH, never in the working directory."""
    if _NAME.fullmatch(name) is None:
        raise HelperFailed("a credential helper with an impossible name is configured")
    program = f"docker-credential-{name}"
    for folder in environment.get("PATH", "").split(os.pathsep):
        path = Path(folder) / program
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return path
    raise HelperFailed(f"{program} is not installed here")


def _run(
    program: Path, server: str, *, environment: Mapping[str, str], limits: Limits, deadline: Deadline
) -> tuple[int, bytes]:
    end = time.monotonic() + min(limits.helper_seconds, deadline.left())
    try:
        process = subprocess.Popen(  # noqa: S603 - a program that the user's configuration names
            [program, "get"],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it starts ends with it
        )
    except OSError:
        raise HelperFailed(f"{program.name} cannot be run") from None
    with process:
        try:
            output = _talk(process, server.encode(), end=end, cap=limits.token_bytes)
            return process.wait(timeout=max(0.0, end - time.monotonic())), output
        except subprocess.TimeoutExpired:
            deadline.left(program.name)
            text = f"{program.name} gave no credentials within {limits.helper_seconds:g} s"
            raise Unavailable(text).advising(_LATE) from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _talk(process: subprocess.Popen[bytes], server: bytes, *, end: float, cap: int) -> bytes:
    """Tell the helper the server and read what it says, `cap` bytes at most. Raises `TimeoutExpired` at `end`."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it need not listen
        process.stdin.write(server)
        process.stdin.close()
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(output) <= cap:
            if not selector.select(timeout=max(0.0, end - time.monotonic())) or time.monotonic() > end:
                raise subprocess.TimeoutExpired(process.args, 0)
            piece = os.read(process.stdout.fileno(), _PIECE)
            if not piece:
                return output
            output += piece
    raise HelperFailed(f"{Path(process.args[0]).name} does not stop talking")  # type: ignore[index, arg-type]
