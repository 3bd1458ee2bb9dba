"""The report -> JSON text, and its digest. ASCII, so that no log and no terminal is handed foreign characters raw."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LINE: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def to_json(report: Mapping[str, Any]) -> str:
    """The report's text, to the byte as every output file of it is written."""
    images = report["images"]
    bare = {**report, "images": [{**image, "commits": []} for image in images]}
    return with_commits(bare, [image["commits"] for image in images], depth=6)


def with_commits(bare: Mapping[str, Any], commits: Sequence[Sequence[Any]], *, depth: int) -> str:
    """A document's text, indented but for its commits, each of which has a line: there may be ten thousand of them, and
    the standard library takes ten times as long over what it indents. `bare` is the document with its lists of
    `commits` empty, which stand `depth` spaces from the margin: no text in JSON has a line of its own.
    """
    margin = "\n" + " " * depth
    first, *rest = json.dumps(bare, indent=2, ensure_ascii=True, allow_nan=False).split(f'{margin}"commits": []')
    lists = (
        f"[{margin}  " + f",{margin}  ".join(map(_LINE.encode, held)) + f"{margin}]" if held else "[]"
        for held in commits
    )
    return first + "".join(f'{margin}"commits": {held}{part}' for held, part in zip(lists, rest, strict=True)) + "\n"


def sha256(report: Mapping[str, Any]) -> str:
    """The SHA-256 of that text: what names this report and no other."""
    return hashlib.sha256(to_json(report).encode("ascii")).hexdigest()
