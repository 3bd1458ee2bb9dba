"""A file with bundles: one document, or a line for each, however the lines end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.errors import LimitExceeded
from gate.limits import Limits
from gate.sources.file import read_bundles

if TYPE_CHECKING:
    from pathlib import Path


def _read(folder: Path, raw: bytes, limits: Limits | None = None) -> tuple[bytes, ...]:
    path = folder / "bundles"
    path.write_bytes(raw)
    return read_bundles(str(path), limits or Limits())


@pytest.mark.parametrize(
    ("raw", "bundles"),
    [
        (b'{"a":1}', (b'{"a":1}',)),
        (b'{"a":1}\n{"b":2}', (b'{"a":1}', b'{"b":2}')),
        (b'\r\n{"a":1} \r\n\n \t\n {"b":2}\n\n', (b'{"a":1}', b'{"b":2}')),
        (b'{\n "a": 1\n}\n', (b'{\n "a": 1\n}\n',)),
        (b'{"a":1}\n[2]', (b'{"a":1}\n[2]',)),
        (b"", (b"",)),
    ],
)
def test_a_file_is_one_document_or_lines(raw: bytes, bundles: tuple[bytes, ...], tmp_path: Path) -> None:
    assert _read(tmp_path, raw) == bundles


def test_lines_are_read_up_to_their_limit(tmp_path: Path) -> None:
    limits = Limits(referrers=3)
    assert len(_read(tmp_path, b"{}\n" * 3, limits)) == 3
    with pytest.raises(LimitExceeded, match="more than 3 bundles"):
        _read(tmp_path, b"{}\n" * 4, limits)


def test_a_document_of_many_lines_is_one(tmp_path: Path) -> None:
    raw = b"{\n" + b'"a": [{}],\n' * 10 + b'"b": 1}'
    assert _read(tmp_path, raw, Limits(referrers=3)) == (raw,)


def test_a_file_is_read_up_to_its_size(tmp_path: Path) -> None:
    assert _read(tmp_path, b"x" * 10, Limits(blob_bytes=10)) == (b"x" * 10,)
    with pytest.raises(LimitExceeded, match="more than 10 bytes"):
        _read(tmp_path, b"x" * 11, Limits(blob_bytes=10))
