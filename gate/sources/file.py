"""A file of this machine, and the bundles that were named with it (`file:PATH --bundle FILE`).

What comes in: two paths. What goes out: the file's digests (and its bytes, if it is small enough to hold), and the
bundles: one JSON document, or JSON Lines as GitHub's command line downloads them. It verifies nothing.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gate.errors import InvalidReference, InvalidUsage, LimitExceeded
from gate.reference import Digest
from gate.sources import Content

if TYPE_CHECKING:
    from gate.limits import Limits

_HELD_BYTES: Final = 64 << 20
"""Larger files are known by their digests alone; only Ed25519 signatures need the bytes."""
_PIECE: Final = 1 << 20
_LINE_END: Final = re.compile(rb"\n\s*+")


def read_file(path: str) -> Content:
    """The file as an artifact. Raises `InvalidReference`."""
    hashes = {name: hashlib.new(name) for name in ("sha256", "sha384", "sha512")}
    held, size = bytearray(), 0
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                for item in hashes.values():
                    item.update(piece)
                if size <= _HELD_BYTES:
                    held += piece
    except OSError as error:
        raise InvalidReference(f"{path} cannot be read: {error.strerror}").unread() from None
    whole = size <= _HELD_BYTES
    return Content(
        digest=Digest("sha256", hashes["sha256"].hexdigest()),
        media_type="",
        raw=bytes(held) if whole else b"",
        digests=None if whole else {name: item.digest() for name, item in hashes.items()},
    )


def read_bundles(path: str, limits: Limits) -> tuple[bytes, ...]:
    """The bundles in a file. Raises `InvalidUsage` if it cannot be read, `LimitExceeded` if it is too large."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(limits.blob_bytes + 1)
    except OSError as error:
        raise InvalidUsage(f"--bundle {path} cannot be read: {error.strerror}").unread() from None
    if len(raw) > limits.blob_bytes:
        raise LimitExceeded(f"--bundle {path} has more than {limits.blob_bytes} bytes", limit="blob-bytes")
    lines = [line.strip() for line in _LINE_END.split(raw.strip(), maxsplit=limits.referrers)]
    if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        if len(lines) > limits.referrers:
            raise LimitExceeded(f"--bundle {path} holds more than {limits.referrers} bundles", limit="referrers")
        return tuple(lines)
    return (raw,)
