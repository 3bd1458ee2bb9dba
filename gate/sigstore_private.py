"""What gate uses and sigstore-python keeps private, in one file: the trusted roots that the package carries.

What comes in: an instance's name. What goes out: the path of its packaged trusted root. A public way to read them
without a TUF cache and a HOME would let this file go.

sigstore's public `Verifier` is not used to verify: it knows neither keys, nor entries without an inclusion proof, nor
intoto entries, nor roots without a log, does not say at which time it verified or, but in words, which step failed, and
takes longer to import than all of gate. One path for all formats is `verification.steps`; the tests hold it against
`Verifier` on every bundle that both judge.

Another version of sigstore may mean other things by these names, so another version is refused.
"""

from __future__ import annotations

from pathlib import Path

import sigstore

from gate.errors import GateError

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
