"""Trust roots -> a table for people, or JSON: their parts with their windows, their digest and their date.

What comes in: loaded roots. What goes out: text. It judges nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gate.report.text import escape
from gate.trust import PARTS, parts, window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.strictjson import JSON
    from gate.trust import TrustRoot


def to_text(roots: Sequence[TrustRoot], now: datetime) -> str:
    """A paragraph a root."""
    lines: list[str] = []
    for root in roots:
        lines += [f"{root.name}  sha256:{root.sha256}", f"  {_age(root, now)}"]
        for kind in PARTS:
            found = [_part(part) for part in parts(root.document, kind)]
            lines.append(f"  {kind}" + ("" if found else ": none"))
            lines += [f"    {item['from']} - {item['until'] or 'now':<20}  {item['name']}" for item in found]
    return "".join(f"{escape(line)}\n" for line in lines)


def to_lines(roots: Sequence[TrustRoot], now: datetime) -> str:
    """A line a root: its name and how old it is."""
    return "".join(f"{escape(f'trust root {root.name} {_age(root, now)}')}\n" for root in roots)


def to_json(roots: Sequence[TrustRoot]) -> str:
    """The same as JSON."""
    documents = [
        {
            "name": root.name,
            "sha256": root.sha256,
            "dated": None if root.dated is None else _time(root.dated),
            "parts": {kind: [_part(part) for part in parts(root.document, kind)] for kind in PARTS},
        }
        for root in roots
    ]
    return json.dumps(documents, indent=2) + "\n"


def _part(part: Mapping[str, JSON]) -> dict[str, Any]:
    found = window(part)
    name = part.get("baseUrl") or part.get("uri") or "unnamed"
    return {"name": str(name), "from": _time(found.start), "until": None if found.end is None else _time(found.end)}


def _age(root: TrustRoot, now: datetime) -> str:
    return (
        "a file: its age is not known" if root.dated is None else f"of {root.dated.date()}, {_days(root, now)} days old"
    )


def _days(root: TrustRoot, now: datetime) -> int:
    assert root.dated is not None
    return (now - root.dated).days


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
