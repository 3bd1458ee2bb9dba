"""Everything that gate uses and sigstore-python keeps private, in one file.

What comes in: a CT log's key as a trusted root has it; a certificate and its issuers. What goes out: the packaged
trusted root's path, and whether the certificate's SCT holds. It decides nothing else.

What is private, and what would let it go:
- the trusted roots inside the package's `_store`: a public way to read them without a TUF cache and a HOME;
- `verify_sct` and its keyring (RFC 6962 3.2): a public function, for a certificate outside a bundle.

sigstore's public `Verifier` is not used to verify: it knows neither keys, nor entries without an inclusion proof, nor
intoto entries, nor roots without a log, and does not say at which time it verified or, but in words, which step failed.
One path for all formats is `verification.steps`; the tests hold it against `Verifier` on every bundle that both judge.

Another version of sigstore may mean other things by these names, so another version is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import sigstore

from gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509 import Certificate

    from gate.strictjson import JSON

SUPPORTED = "4.5.1"
_REPOSITORIES = {
    "public-good": "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev",
    "staging": "https%3A%2F%2Ftuf-repo-cdn.sigstage.dev",
}


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


class CtLogKey:
    """A certificate transparency log's key."""

    def __init__(self, public_key: Mapping[str, JSON]) -> None:
        """Take the log's `publicKey` as a trusted root has it. Raises `ValueError` if it cannot be read."""
        check_version()
        # The heavy half of the start-up: while this is imported, the first request is in flight.
        from sigstore._internal.trust import CTKeyring, Key, Keyring  # noqa: PLC0415
        from sigstore.errors import Error  # noqa: PLC0415
        from sigstore_models.common.v1 import PublicKey  # noqa: PLC0415

        parsed = PublicKey.from_json(json.dumps(public_key))
        try:
            Key(parsed)  # a keyring leaves out a key that it cannot read, and then holds none
        except Error as error:
            raise ValueError(str(error)) from None
        self._keyring = CTKeyring(Keyring([parsed]))

    def verify_sct(self, certificate: Certificate, chain: list[Certificate]) -> None:
        """Verify the certificate's one embedded SCT as this log's. `chain` begins with the certificate's issuer.

        Raises `ValueError`.
        """
        from sigstore._internal.sct import verify_sct  # noqa: PLC0415
        from sigstore.errors import Error  # noqa: PLC0415

        try:
            verify_sct(certificate, chain, self._keyring)
        except Error as error:
            raise ValueError(str(error)) from None
