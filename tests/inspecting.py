"""`gate inspect` in this process: the whole command, its document held against its schema, its text against its width.

What comes in: the command's arguments. What goes out: `Inspected`. Every document that a test makes is also rendered,
so that no text can hold what no document does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema

from gate import cli
from gate.report.columns import WIDTH
from gate.report.inspection import schema_text
from gate.report.inspection_text import to_text
from tests.conftest import LAB, closed_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

ROOT = ("--trusted-root", str(LAB / "trusted_root.json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What one `gate inspect` printed."""

    code: int
    document: Mapping[str, Any]
    text: str

    @property
    def attached(self) -> list[Mapping[str, Any]]:
        """What was found, in order."""
        return list(self.document["attached"])

    @property
    def signers(self) -> list[str]:
        """Whose signatures verify."""
        return [
            signature["signer"]["identity"] or signature["signer"]["key"]
            for item in self.attached
            for signature in item["signatures"]
        ]


def inspect(capsys: pytest.CaptureFixture[str], reference: str, *arguments: str) -> Inspected:
    """Inspect a reference."""
    code = cli.run(["inspect", reference, "--output", "json", *arguments])
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code, "the document and the exit code say the same"
    return Inspected(code=code, document=document, text=checked(document))


def checked(document: Mapping[str, Any]) -> str:
    """The text of a document that keeps to the schema, which keeps to its width and to ASCII."""
    _validator().validate(document)
    text = to_text(document)
    assert text.isascii()
    for line in text.splitlines():
        assert len(line) <= WIDTH, line
        assert line.isprintable(), line
        assert "::" not in line, line
    return text


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(closed_schema(json.loads(schema_text())))
