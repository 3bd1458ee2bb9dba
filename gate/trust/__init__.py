"""The name of a trust root -> `TrustRoot`: what is trusted, under which digest, and how old it is.

What comes in: a built-in name, or the path of a Sigstore `trusted_root.json`. What goes out: the document, its digest
and parts, checked as far as that needs no cryptography, so that a broken root is said before anything is fetched. It
asks no TUF repository and verifies nothing; `verification.roots` turns the parts into keys.

`github.json` is the trusted root of GitHub's own Sigstore instance as its TUF repository publishes it, taken from the
Rust package sigstore-trust-root 0.15.1 (Apache-2.0). It has six generations of authorities, all under one root
certificate, and no log: a timestamp is the only source of time.

Source: sigstore protobuf-specs, `sigstore_trustroot.proto` (media type, parts); design section 12, rules 2, 3 and 28.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gate import sigstore_private
from gate.errors import InvalidTrustRoot, StaleTrust
from gate.reference import readable
from gate.strictjson import JSON, Refused, parse_object

PUBLIC_GOOD = "public-good"
GITHUB = "github"
BUILT_IN = (PUBLIC_GOOD, GITHUB)
_MEDIA_TYPES = frozenset(
    {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)
_MAX_BYTES = 1 << 20  # sigstore.dev's root has 7 KiB; a root of a hundred generations would not fill this
_REQUIRED = {
    "certificateAuthorities": "certificate authorities",
    "ctlogs": "certificate transparency logs",
    "tlogs": "transparency logs",
}
PARTS = (*_REQUIRED, "timestampAuthorities")
_EXCUSES = {"tlogs": "log", "ctlogs": "ct"}


class Window(Struct, frozen=True, kw_only=True):
    """When a key or an authority was in use; both ends belong to it. `end` is None while it still is."""

    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in the window, ends included."""
        return self.start <= moment and (self.end is None or moment <= self.end)


class TrustRoot(Struct, frozen=True, kw_only=True):
    """One root of trust, whole: parts of two roots are never mixed (rule 2).

    `dated` is the latest moment that the root is known to cover: for a built-in root the start of its newest part, for
    a refreshed one the moment of that; None for a file, of which nobody says how old it is.

    `log_none` and `ct_none` say that a certificate's signature needs no log entry, or its certificate no SCT, because
    the policy (or, built in, the instance) says that it has no such log.
    """

    name: str
    sha256: str
    dated: datetime | None
    document: Mapping[str, JSON]
    log_none: bool = False
    ct_none: bool = False


def load(name: str, *, folder: Path, log_none: bool = False, ct_none: bool = False) -> TrustRoot:
    """Load a built-in root by name, or a file whose path is relative to `folder` (the policy's). Raises
    `InvalidTrustRoot`.
    """
    if name == PUBLIC_GOOD:
        return _built_in(name, sigstore_private.packaged_root(PUBLIC_GOOD).read_bytes())
    if name == GITHUB:
        raw = Path(__file__).with_name("github.json").read_bytes()
        return _built_in(name, raw, log_none=True, ct_none=True)
    path = folder / name
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        known = ", ".join(BUILT_IN)
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidTrustRoot(
            f"trust root {name!a}: {readable(path)} cannot be read ({reason}); built in: {known}"
        ) from None
    if len(raw) > _MAX_BYTES:
        raise InvalidTrustRoot(f"trust root {name!a}: {readable(path)} has more than {_MAX_BYTES} bytes")
    return parse(name, raw, dated=None, log_none=log_none, ct_none=ct_none)


def _built_in(name: str, raw: bytes, *, log_none: bool = False, ct_none: bool = False) -> TrustRoot:
    """A packaged root: it is at least as new as its newest part."""
    root = parse(name, raw, dated=None, log_none=log_none, ct_none=ct_none)
    return replace(root, dated=max(window(part).start for key in PARTS for part in parts(root.document, key)))


def parse(name: str, raw: bytes, *, dated: datetime | None, log_none: bool = False, ct_none: bool = False) -> TrustRoot:
    """Check that a trusted root has every part that verification needs (rule 3). Raises `InvalidTrustRoot`."""
    try:
        document = parse_object(raw)
    except Refused as error:
        raise InvalidTrustRoot(f"trust root {name!a}: {error}") from None
    kind = document.get("mediaType")
    if not isinstance(kind, str) or kind not in _MEDIA_TYPES:
        raise InvalidTrustRoot(f"trust root {name!a} is no Sigstore trusted root: mediaType {ascii(kind)[:80]}")
    excused = {"tlogs": log_none, "ctlogs": ct_none}
    for key, what in _REQUIRED.items():
        if not parts(document, key) and not excused.get(key):
            hint = f'; if it has none, say so: {{ path = "...", {_EXCUSES[key]} = "none" }}' if key in _EXCUSES else ""
            raise InvalidTrustRoot(f"trust root {name!a} has no {what} ({key}){hint}")
    if not parts(document, "tlogs") and not parts(document, "timestampAuthorities"):
        raise InvalidTrustRoot(f"trust root {name!a} has no source of time: neither logs nor timestampAuthorities")
    for key in PARTS:
        values = document.get(key)
        if values is not None and not isinstance(values, list):
            raise InvalidTrustRoot(f"trust root {name!a}: {key} is no list")
        for number, part in enumerate(values or ()):
            try:
                if not isinstance(part, Mapping):
                    raise ValueError("the part is no object")  # noqa: TRY004
                window(part)
            except ValueError as error:
                raise InvalidTrustRoot(f"trust root {name!a}: {key}[{number}]: {error}") from None
    return TrustRoot(
        name=name,
        sha256=hashlib.sha256(raw).hexdigest(),
        dated=dated,
        document=document,
        log_none=log_none,
        ct_none=ct_none,
    )


def check_age(root: TrustRoot, max_age: timedelta | None, now: datetime) -> None:
    """Raise `StaleTrust` unless the root is known to be at most `max_age` old; without one every root will do."""
    if max_age is None:
        return
    if root.dated is None:
        raise StaleTrust(
            f"trust root {root.name!a} is a file: nobody says how old it is, and trust.max-age is {max_age}"
        )
    if now - root.dated > max_age:
        raise StaleTrust(
            f"trust root {root.name!a} is of {root.dated.date()}, older than trust.max-age allows; "
            f"refresh it: refresh = true, or gate trust update {root.name}"
        )


def parts(document: Mapping[str, JSON], key: str) -> tuple[Mapping[str, JSON], ...]:
    """The logs or authorities that a root lists under `key`; empty if it lists none."""
    values = document.get(key)
    if not isinstance(values, list):
        return ()
    return tuple(value for value in values if isinstance(value, Mapping))


def window(part: Mapping[str, JSON]) -> Window:
    """When a log's key or an authority was in use. Raises `ValueError` if the root does not say so."""
    key = part.get("publicKey")
    found = key.get("validFor") if isinstance(key, Mapping) else part.get("validFor")
    if not isinstance(found, Mapping):
        raise ValueError("the part has no validFor")  # noqa: TRY004  (a document's fault, not a caller's)
    start, end = found.get("start"), found.get("end")
    return Window(start=_moment(start), end=None if end is None else _moment(end))


def _moment(text: JSON) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{ascii(text)[:80]} is no time")  # noqa: TRY004
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:80]!a} is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
