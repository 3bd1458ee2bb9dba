"""How bytes are written: DER, base64, RFC 3339. Nothing is read here, and nothing is signed.

Sources: X.690 8 and 10 (DER); protobuf's JSON mapping (bytes, timestamps).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

JSONObject: TypeAlias = dict[str, Any]


def b64(raw: bytes) -> str:
    """Bytes as protobuf's JSON mapping writes them."""
    return base64.b64encode(raw).decode()


def rfc3339(moment: datetime) -> str:
    """A moment as protobuf's JSON mapping writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def der(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def utf8_string(text: str) -> bytes:
    """A DER UTF8String."""
    return der(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    """A DER OBJECT IDENTIFIER."""
    first, second, *rest = [int(part) for part in dotted.split(".")]
    body = bytes([first * 40 + second])
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return der(0x06, body)


def integer(value: int) -> bytes:
    """A DER INTEGER, not negative."""
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
