"""Everything that gate uses and sigstore-python keeps private, in one file.

What comes in: a trusted root's JSON; a bundle's JSON. What goes out: the built-in root's bytes; `RootVerifier`, which
runs sigstore's public `Verifier` and keeps the times that it verified; and `verify_sct`. It decides nothing: the order
of a verification is `verification.candidate`'s.

What is private, why it is needed, and what would let it go:
- the trusted root inside the package's `_store` (a public way to read it without a TUF cache and a HOME);
- `TrustedRoot(inner)`, because the bytes that were hashed for the report must be the bytes that are trusted
  (a public `TrustedRoot.from_json`);
- `Verifier._verify_signed_timestamp`, whose windows are half open where trusted roots mean both ends included, and
  because the public API does not say at which time it verified (a result object with the times);
- `verify_sct` and its keyring, for certificates outside a bundle (a public function of the same).

Another version of sigstore may mean other things by these names, so another version is refused.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sigstore

from gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

    from gate.strictjson import JSON

SUPPORTED = "4.5.1"
_REPOSITORIES = {
    "public-good": "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev",
    "staging": "https%3A%2F%2Ftuf-repo-cdn.sigstage.dev",
}


class Step(StrEnum):
    """The steps of a verification, by the part that fails (sigstore's client specification, "Verification")."""

    FORMAT = "format"
    CERTIFICATE = "certificate"
    TRUST_ROOT = "trust-root"
    TIME = "time"
    CHAIN = "chain"
    SCT = "sct"
    LOG = "log"
    SIGNATURE = "signature"
    LOG_ENTRY = "log-entry"
    PAYLOAD = "payload"
    SUBJECT = "subject"


# How sigstore 4.5.1 words its failures, first match first; tests pin each. What is not in the table is FORMAT.
_WORDING = (
    ("failed to build timestamp certificate chain", Step.CHAIN),
    ("invalid signing cert", Step.CHAIN),
    ("failed to verify SCT", Step.SCT),
    ("Key usage", Step.CERTIFICATE),
    ("Extended usage", Step.CERTIFICATE),
    ("not enough sources of verified time", Step.TIME),
    ("bundle must contain an inclusion promise or signed timestamp", Step.TIME),
    ("no Timestamp Authorities", Step.TIME),
    ("too many signed timestamp", Step.TIME),
    ("duplicate timestamp", Step.TIME),
    ("Invalid Timestamp Response", Step.TIME),
    ("Integrated time only supported", Step.TIME),
    ("invalid log entry", Step.LOG),
    ("DSSE", Step.SIGNATURE),
    ("transparency log entry is inconsistent", Step.LOG_ENTRY),
    ("log entry", Step.LOG_ENTRY),
    ("expected SHA256 payload hash", Step.LOG_ENTRY),
    ("Unsupported DSSE log entry type", Step.LOG_ENTRY),
)


class VerificationFailed(Exception):
    """sigstore refused a bundle, at `step`."""

    def __init__(self, step: Step, message: str) -> None:
        self.step = step
        super().__init__(message)


def check_version() -> None:
    """Raise `GateError` unless this is the sigstore that this file was written for."""
    if sigstore.__version__ != SUPPORTED:
        raise GateError(
            f"gate was built for sigstore {SUPPORTED} and finds {sigstore.__version__}: "
            "it uses private parts of it and does not guess what they mean in another version"
        )


def packaged_root(instance: str) -> Path:
    """Where the sigstore package carries the trusted root of `public-good` (sigstore.dev), or of its `staging`."""
    check_version()
    return Path(sigstore.__file__).parent / "_store" / _REPOSITORIES[instance] / "trusted_root.json"


class RootVerifier:
    """sigstore's `Verifier` on (a part of) one trusted root, with timestamps verified by `verify_timestamp`."""

    def __init__(
        self, root: Mapping[str, JSON], verify_timestamp: Callable[[TimeStampResponse, bytes], datetime | None]
    ) -> None:
        """Take a trusted root's document. Raises `ValueError` for keys or certificates that cannot be read."""
        check_version()
        # The heavy half of the start-up: while this is imported, the first request is in flight.
        from sigstore.errors import Error  # noqa: PLC0415
        from sigstore.models import TrustedRoot  # noqa: PLC0415
        from sigstore.verify import Verifier  # noqa: PLC0415
        from sigstore_models.trustroot.v1 import TrustedRoot as Inner  # noqa: PLC0415

        self._verify_timestamp = verify_timestamp
        self._times: list[datetime] = []
        try:
            self._verifier = Verifier(trusted_root=TrustedRoot(Inner.from_json(json.dumps(root))))
        except Error as error:
            raise ValueError(str(error)) from error
        self._verifier._verify_signed_timestamp = self._verify_signed_timestamp  # type: ignore[method-assign,assignment]  # noqa: SLF001

    def verify(self, bundle: Mapping[str, JSON], certificate: bytes, sha256: bytes | None) -> tuple[datetime, ...]:
        """Verify a bundle that has one log entry with its proof: a DSSE envelope, or where `sha256` is given, a message
        signature over that digest. `certificate` is the one that the caller has read.

        Returns the verified times of the signature, earliest first. Raises `VerificationFailed`.
        """
        from sigstore.errors import Error  # noqa: PLC0415
        from sigstore.hashes import Hashed  # noqa: PLC0415
        from sigstore.models import Bundle  # noqa: PLC0415
        from sigstore_models.common.v1 import HashAlgorithm  # noqa: PLC0415

        self._times.clear()
        policy = _SameCertificate(certificate)
        try:
            parsed = Bundle.from_json(json.dumps(bundle))
            if sha256 is None:
                self._verifier.verify_dsse(parsed, policy)
            else:
                self._verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=sha256), parsed, policy)
        except Error as error:
            message = str(error)
            step = next((step for start, step in _WORDING if message.startswith(start)), Step.FORMAT)
            raise VerificationFailed(step, message) from error
        except MemoryError:
            raise
        except Exception as error:
            # Untrusted bytes reach parsers that raise what they like; none of it may look like success or end the run.
            raise VerificationFailed(Step.FORMAT, f"{type(error).__name__}: {error}") from error
        entry = parsed.log_entry._inner  # noqa: SLF001
        times = list(self._times)
        if entry.inclusion_promise is not None and entry.integrated_time:
            # Rule 4: it counts only under its signed entry timestamp, which the verifier has verified.
            times.append(_from_unix(entry.integrated_time))
        if not times:  # never so while sigstore keeps its own threshold; not left to it alone
            raise VerificationFailed(Step.TIME, "not enough sources of verified time")
        return tuple(sorted(times))

    def _verify_signed_timestamp(self, response: TimeStampResponse, message: bytes) -> Any:
        """Replaces `Verifier._verify_signed_timestamp`: the same, with both ends of the window included (P-T6)."""
        from sigstore._internal.timestamp import TimestampSource, TimestampVerificationResult  # noqa: PLC0415

        time = self._verify_timestamp(response, message)
        if time is None:
            return None
        self._times.append(time)
        return TimestampVerificationResult(source=TimestampSource.TIMESTAMP_AUTHORITY, time=time)


def verify_sct(certificate: Certificate, chain: list[Certificate], ct_log: Mapping[str, JSON]) -> None:
    """RFC 6962 3.2: the CT log's key signed the certificate, as its one embedded SCT says.

    `chain` begins with the certificate's issuer; `ct_log` is the log as the trusted root has it. Raises
    `VerificationFailed`.
    """
    check_version()
    from sigstore._internal.sct import verify_sct as verify  # noqa: PLC0415
    from sigstore._internal.trust import CTKeyring, Keyring  # noqa: PLC0415
    from sigstore.errors import Error  # noqa: PLC0415
    from sigstore_models.common.v1 import PublicKey  # noqa: PLC0415

    try:
        keyring = CTKeyring(Keyring([PublicKey.from_json(json.dumps(ct_log["publicKey"]))]))
        verify(certificate, chain, keyring)
    except Error as error:
        raise VerificationFailed(Step.SCT, f"failed to verify SCT on signing certificate: {error}") from error


class _SameCertificate:
    """sigstore's policy seam: nothing is chosen here; the certificate it verified must be the one that was read."""

    def __init__(self, der: bytes) -> None:
        self._der = der

    def verify(self, cert: Certificate) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

        if cert.public_bytes(Encoding.DER) != self._der:
            raise ValueError("another certificate was verified than was read")


def _from_unix(seconds: int) -> datetime:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(seconds, tz=UTC)
