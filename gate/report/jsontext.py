"""The report -> JSON text, and its digest. ASCII, so that no log and no terminal is handed foreign characters raw."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_json(report: Mapping[str, Any]) -> str:
    """The report's text, to the byte as every output file of it is written."""
    return json.dumps(report, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def sha256(report: Mapping[str, Any]) -> str:
    """The SHA-256 of that text: what names this report and no other."""
    return hashlib.sha256(to_json(report).encode("ascii")).hexdigest()
