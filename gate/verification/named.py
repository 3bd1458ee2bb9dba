"""The parts of one trust root that a signature names: there, in use at each verified time, or known to a newer root.

What comes in: `Material` (untrusted) and a root; behind the cryptography, what it proved. What goes out: `Named`, or
`Failed`, and of a key's signature why a newer root may have more to say. It verifies no signature.

Source: design section 12, rules 2, 4, 5 and 28.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gate.duration import spell_moment
from gate.verification.evidence import Doubt, Step
from gate.verification.roots import stated_times
from gate.verification.sct import embedded_sct, issued_at
from gate.verification.steps import Failed, Named, check_log_windows

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from gate.verification.material import Material
    from gate.verification.roots import CtLog, Root
    from gate.verification.steps import Proven

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a verified time may be ahead of this machine's clock (rule 28)."""


def named_parts(material: Material, certificate: x509.Certificate, root: Root, now: datetime) -> Named:
    """Step 3: the logs, the CA, the CT log and the timestamp authority, all of them of this root. Raises `Failed`.

    What is not in the root may be newer than the root: then the fault is ours (rule 28).
    """
    stated_time = certificate.not_valid_before_utc
    doubt = None
    if root.dated is not None and root.dated < stated_time <= now + CLOCK_SKEW:
        doubt = Doubt.STALE

    def unknown(what: str) -> Failed:
        dated = f" of {root.dated.date()}" if root.dated else ""
        return Failed(Step.TRUST_ROOT, f"its {what} is not in the trust root {root.name!a}{dated}", doubt=doubt)

    logs = []
    for entry in material.entries:
        log = next((log for log in root.logs if log.key_id == entry.log_id), None)
        if log is None:
            raise unknown(f"transparency log {entry.log_id.hex()}")
        logs.append(log)
    authorities = tuple(authority for authority in root.authorities if authority.issued(certificate))
    if not authorities:
        raise unknown(f"certificate authority {certificate.issuer.rfc4514_string()!a}")
    ct_log: CtLog | None = None
    if not root.ctless:
        try:
            sct = embedded_sct(certificate)
        except ValueError as error:
            raise Failed(Step.SCT, str(error)) from None
        ct_log = next((log for log in root.ct_logs if log.key_id == sct.log_id), None)
        if ct_log is None:
            raise unknown(f"certificate transparency log {sct.log_id.hex()}")
    try:
        timestamps = root.known_timestamps(material.timestamps)
    except (ValueError, KeyError) as error:
        raise Failed(Step.TIME, f"its timestamp cannot be read: {error}") from None
    if material.timestamps and not timestamps:
        raise unknown("timestamp authority")
    return Named(logs=tuple(logs), authorities=authorities, ct_log=ct_log, timestamps=timestamps)


def check_windows(material: Material, named: Named, certificate: x509.Certificate, proven: Proven, root: Root) -> None:
    """Step 5, for every verified time: one that does not fit rejects, however many others do (rule 4).

    The certificate's own window is the chain's to check. Raises `Failed`.
    """
    check_log_windows(material.entries, root, proven.times)
    if named.ct_log is not None:
        issued = issued_at(embedded_sct(certificate))
        windows = [log.window for log in root.ct_logs if log.key_id == named.ct_log.key_id]
        if not any(window.holds(issued) for window in windows):
            raise Failed(Step.SCT, f"its certificate transparency log's key was not in use at {spell_moment(issued)}")


def stale(material: Material, proven: Proven, root: Root, now: datetime) -> str | None:
    """What of a key's signature a newer root may know: it says that it was logged or stamped later than the date of
    this one, and not later than now (rule 28).
    """
    if root.dated is None or not proven.missing:
        return None
    known = {log.key_id for log in root.logs}
    stated = [time.timestamp() for time in (*proven.times, *stated_times(material.timestamps))]
    stated += [entry.integrated for entry in material.entries if entry.log_id not in known]
    if not any(root.dated.timestamp() < time <= (now + CLOCK_SKEW).timestamp() for time in stated):
        return None
    return f"{', and '.join(proven.missing)} {root.name!a} of {root.dated.date()}"
