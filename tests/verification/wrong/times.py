"""Times with one thing wrong: none, a timestamp that is another's, an authority that was not in use, the future."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography.x509.oid import ExtendedKeyUsageOID

from gate.verification import CLOCK_SKEW, Step
from tests.forge import SIGNED_AT, Authority, Validity, b64, ec_key
from tests.verification.lab import DROP, at, edited
from tests.verification.wrong.rows import (
    AFTER,
    BEFORE,
    SECOND,
    Row,
    both,
    bundled,
    certified,
    in_annotation,
    in_bundle,
    layered,
    named,
    stamped,
    timed,
)

if TYPE_CHECKING:
    from tests.forge import JSONObject, Signed
    from tests.verification.wrong.rows import Change

NONE: Final = "none of its timestamps is of a known authority"
STAMP: Final = "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp"


def _tsa(**parts: Any) -> Change:
    """Another timestamp authority, in the root as it is."""
    return lambda trial: trial.within(tsa=replace(trial.recipe.instance.tsa, **parts))


def _window(**ends: Any) -> Change:
    """The authority's window in the root alone."""
    return lambda trial: trial.judged_by(tsa=replace(trial.recipe.instance.tsa, window=Validity(**ends)))


def _above(**parts: Any) -> Change:
    """The CA above it, in the root as it is."""
    return _tsa(issuer=Authority(common_name="tsa root", key=ec_key("tsa-root"), **parts))


def _between(**parts: Any) -> Change:
    """A CA between the two, in the root as it is."""
    return _tsa(issuer=Authority(common_name="tsa root", key=ec_key("tsa-root")).below("tsa between", **parts))


def _at(now: Any) -> Change:
    return lambda trial: replace(trial, now=now)


def _no_promise(entry: JSONObject) -> JSONObject:
    return edited(edited(entry, "inclusionPromise", DROP), "integratedTime", DROP)


def _of_the_year_0(signed: Signed) -> Signed:
    stamp = base64.b64decode(at(signed.document, STAMP))
    moment = SIGNED_AT.strftime("%Y%m%d%H%M%SZ").encode()
    assert stamp.count(moment) == 1
    return signed.written(edited(signed.document, STAMP, b64(stamp.replace(moment, b"0000" + moment[4:]))))


def _row(broken: str, wrong: Change, right: Change | None = None, **more: Any) -> Row:
    parts: dict[str, Any] = {"formats": stamped, "reason": NONE} | ({} if right is None else {"right": right}) | more
    return Row(step=Step.TIME, broken=broken, wrong=wrong, **parts)


# OpenSSL, which checks a timestamp's chain, leaves out the last second of a certificate; RFC 5280 4.1.2.5 includes it.
# That is the safe side, so the neighbours of those rows end a second after.

ROWS: Final = (
    _row(
        "no timestamp",
        lambda trial: trial.but(stamped_at=()),
        reason="not enough sources of verified time",
        formats=both(certified, stamped, lambda form: not form.promise),
    ),
    _row(
        "neither timestamp nor signed entry timestamp",
        lambda trial: trial.but(entry=_no_promise),
        reason="not enough sources of verified time",
        formats=named(
            "bundle 0.3 statement dsse", "bundle 0.2 statement intoto 0.0.2", "bundle 0.2 message hashedrekord"
        ),
    ),
    _row(
        "an integrated time that no signed entry timestamp is over",
        lambda trial: trial.but(entry=lambda entry: edited(entry, "inclusionPromise", DROP)),
        reason="not enough sources of verified time",
        formats=named(
            "bundle 0.3 statement dsse", "bundle 0.2 statement intoto 0.0.2", "bundle 0.2 message hashedrekord"
        ),
    ),
    _row("a timestamp of other bytes", lambda trial: trial.but(stamped=lambda signature: signature + b"\0")),
    _row(
        "a timestamp of what was signed, not of the signature",
        lambda trial: trial.but(stamped=lambda _: trial.recipe.payload),
    ),
    _row(
        "a timestamp by another key than the authority's",
        lambda trial: trial.made_by(tsa=trial.recipe.instance.tsa.impostor()),
    ),
    _row("a timestamp that was not granted", _tsa(status=2)),
    _row("a timestamp authority that was out of use", _window(end=BEFORE), _window(end=SIGNED_AT)),
    _row("a timestamp authority that was not yet in use", _window(start=AFTER), _window(start=SIGNED_AT)),
    _row("a timestamp authority whose certificate ended before", _tsa(not_after=BEFORE), _tsa(not_after=AFTER)),
    _row("a timestamp authority whose certificate began after", _tsa(not_before=AFTER), _tsa(not_before=SIGNED_AT)),
    _row(
        "a timestamp authority whose certificate is for signing code",
        _tsa(usages=(ExtendedKeyUsageOID.CODE_SIGNING,)),
    ),
    _row("a timestamp authority whose certificate does not say what it is for", _tsa(usages=())),
    _row(
        "a timestamp authority that does not chain to its root",
        _tsa(listed_above=Authority(common_name="tsa root", key=ec_key("another"))),
        _tsa(intermediate=True),
    ),
    _row("a timestamp authority whose root ended before", _above(not_after=BEFORE), _above(not_after=AFTER)),
    _row("a timestamp authority whose root began after", _above(not_before=AFTER), _above(not_before=SIGNED_AT)),
    _row(
        "a timestamp authority whose intermediate ended before",
        _between(not_after=BEFORE),
        _between(not_after=AFTER),
    ),
    _row("a timestamp authority whose intermediate is no CA", _between(ca=False), _between(ca=True)),
    _row(
        "a timestamp that is none",
        in_bundle(STAMP, "MAA="),
        reason="its timestamp cannot be read",
        formats=both(bundled, stamped),
    ),
    _row(
        "a timestamp that is none",
        in_annotation("sigstore.cosign/rfc3161timestamp", '{"SignedRFC3161Timestamp": "MAA="}'),
        reason="its timestamp cannot be read",
        formats=both(layered, stamped),
    ),
    _row(
        "a timestamp of the year 0, which no clock shows",
        lambda trial: trial.but(finished=_of_the_year_0),
        reason="its timestamp cannot be read: year 0 is out of range",
        formats=both(bundled, stamped),
    ),
    _row(
        "a time that is ahead of the clock",
        _at(SIGNED_AT - CLOCK_SKEW - SECOND),
        _at(SIGNED_AT - CLOCK_SKEW),
        reason="the clock here says",
        formats=timed,
    ),
    _row(
        "a second time that is ahead of the clock",
        lambda trial: replace(
            trial.but(stamped_at=(SIGNED_AT, SIGNED_AT + timedelta(minutes=1))),
            now=SIGNED_AT + timedelta(minutes=1) - CLOCK_SKEW - SECOND,
        ),
        lambda trial: replace(
            trial.but(stamped_at=(SIGNED_AT, SIGNED_AT + timedelta(minutes=1))),
            now=SIGNED_AT + timedelta(minutes=1) - CLOCK_SKEW,
        ),
        reason="the clock here says",
        formats=both(bundled, stamped),
    ),
)
