"""What is freed goes back to the system, where many images are judged by many threads.

glibc keeps what each thread frees for that thread: after a few large documents that is several hundred MiB which nobody
uses. It changes nothing that is judged, and nothing where another C library is.

Source: mallopt(3), M_MMAP_THRESHOLD: setting it also ends its growing with what is freed.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 1 << 20


@cache
def return_what_is_freed() -> None:
    """From here on a piece of 1 MiB or more is mapped by itself, and unmapped when it is freed."""
    import ctypes  # noqa: PLC0415 - 10 ms, for runs of many images alone

    with suppress(OSError, AttributeError, TypeError):  # musl and others have no such thing
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
