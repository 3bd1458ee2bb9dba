"""What to judge: the arguments and `--refs-from` -> `Reference`s.

What comes in: texts, and a path or - for standard input. What goes out: references, in the order given, or
`InvalidUsage` and `InvalidReference`. It fetches nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gate.errors import InvalidReference, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.reference import Reference

MAX_REFERENCES: Final = 1000
"""Of one run; more are several jobs."""
_MAX_BYTES: Final = 1 << 20
"""As many references of a thousand characters."""


def read_all(
    texts: Sequence[str], *, refs_from: str | None, asserted_name: str | None, bundle: str | None, offline: bool
) -> list[Reference]:
    """The arguments, then the lines of --refs-from. Every reference that is wrong is said at once.

    Raises `InvalidReference`, or `InvalidUsage` where the flags do not go together.
    """
    from gate.reference import Transport, parse_reference  # noqa: PLC0415

    texts = [*texts, *(read_references(refs_from) if refs_from is not None else ())]
    if not texts:
        raise InvalidUsage("no image: name a REF, or a file of them with --refs-from")
    if len(texts) > MAX_REFERENCES:
        raise InvalidUsage(f"{len(texts)} references; at most {MAX_REFERENCES} are judged in one run")
    if len(texts) > 1 and asserted_name is not None:
        raise InvalidUsage("--as names one local image, and this run has several references")
    if len(texts) > 1 and bundle is not None:
        raise InvalidUsage("--bundle goes with one file:PATH, and this run has several references")
    references, wrong = [], []
    for text in texts:
        try:
            references.append(parse_reference(text, asserted_name=asserted_name))
        except InvalidReference as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InvalidReference(f"{len(wrong)} references are wrong: " + "; ".join(map(str, wrong)))
    for reference in references:
        if (reference.transport is Transport.FILE) != (bundle is not None):
            raise InvalidUsage("--bundle goes with file:PATH, and file:PATH needs it")
        if offline and not reference.local:
            raise InvalidUsage(f"--offline: {reference.text!a} is in a registry; give oci:, oci-archive: or file:")
    return references


def read_elsewhere(name: str | None, references: Sequence[Reference]) -> Reference | None:
    """--signature-repository. It decides what is found, so no environment names it (rule 25)."""
    from gate.reference import parse_repository  # noqa: PLC0415

    if name is None:
        return None
    if any(reference.local for reference in references):
        raise InvalidUsage("--signature-repository goes with images of a registry; a layout holds what is attached")
    try:
        return parse_repository(name)
    except InvalidReference as error:
        raise InvalidUsage(f"--signature-repository: {error}") from None


def read_references(name: str) -> tuple[str, ...]:
    """The lines that are neither blank nor begin with `#`, without the spaces around them. Raises `InvalidUsage`."""
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise InvalidUsage(f"--refs-from {name} has more than {_MAX_BYTES} bytes")
        lines = raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidUsage(f"--refs-from {name} is not UTF-8 (byte {error.start})") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidUsage(f"--refs-from {name} cannot be read: {reason}").unread() from None
    texts = (line.strip() for line in lines)
    found = tuple(text for text in texts if text and not text.startswith("#"))
    if not found:
        raise InvalidUsage(f"--refs-from {name} names no image")
    return found
