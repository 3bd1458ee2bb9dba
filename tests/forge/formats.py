"""The formats that a signature comes in, as a table: how it is wrapped, what is signed, and which proofs it has.

What goes out: `FORMATS`. `recipe` makes each of them.

Sources: sigstore protobuf-specs `sigstore_bundle.proto`; cosign's SPEC.md (simple signing, attestations, and their
annotations); GitHub's artifact attestations (timestamps, no log).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tests.forge.entries import DSSE, HASHEDREKORD, HASHEDREKORD_V2, INTOTO, INTOTO_V2

if TYPE_CHECKING:
    from tests.forge.entries import Kind

Wrap: TypeAlias = Literal["sigstore-bundle", "cosign-simple-signing", "dsse-envelope"]

V01: Final = "application/vnd.dev.sigstore.bundle+json;version=0.1"
V02: Final = "application/vnd.dev.sigstore.bundle+json;version=0.2"
V03: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way to carry a signature.

    `wrap` is a bundle, or a layer of cosign's `.sig` or `.att`; `signs` what the signature is over. `entry` is the kind
    of log entry, None without one; `promise`, `proof` and `stamps` say which proofs come along; `keyed` that a key
    signs and no certificate.
    """

    name: str
    wrap: Wrap
    signs: Literal["statement", "message", "simple-signing"]
    entry: Kind | None
    promise: bool = False
    proof: bool = False
    stamps: bool = False
    keyed: bool = False
    media_type: str = ""

    @property
    def is_bundle(self) -> bool:
        """Whether it is a Sigstore bundle."""
        return self.wrap == "sigstore-bundle"

    @property
    def rekor(self) -> int:
        """Which Rekor its entry is of: 1 or 2; 0 without an entry."""
        return 0 if self.entry is None else 2 if self.entry == HASHEDREKORD_V2 else 1


def _bundle(name: str, signs: Literal["statement", "message"], entry: Kind | None, **proofs: bool) -> Format:
    media_type = {"0.1": V01, "0.2": V02, "0.3": V03}[name.split()[1]]
    return Format(name=name, wrap="sigstore-bundle", signs=signs, entry=entry, media_type=media_type, **proofs)


def _layer(name: str, entry: Kind | None, **proofs: bool) -> Format:
    if name.startswith("sig"):
        media_type = "application/vnd.dev.cosign.simplesigning.v1+json"
        return Format(
            name=name,
            wrap="cosign-simple-signing",
            signs="simple-signing",
            entry=entry,
            media_type=media_type,
            **proofs,
        )
    media_type = "application/vnd.dsse.envelope.v1+json"
    return Format(name=name, wrap="dsse-envelope", signs="statement", entry=entry, media_type=media_type, **proofs)


FORMATS: Final = (
    # What cosign 3 writes.
    _bundle("bundle 0.3 statement rekor-v2", "statement", HASHEDREKORD_V2, proof=True, stamps=True),
    _bundle("bundle 0.3 message rekor-v2", "message", HASHEDREKORD_V2, proof=True, stamps=True),
    # What others write with Rekor v1: sigstore-python and -js, GitHub, npm.
    _bundle("bundle 0.3 statement dsse", "statement", DSSE, promise=True, proof=True),
    _bundle("bundle 0.3 statement dsse stamps", "statement", DSSE, proof=True, stamps=True),
    _bundle("bundle 0.2 statement intoto 0.0.2", "statement", INTOTO_V2, promise=True, proof=True),
    _bundle("bundle 0.2 message hashedrekord", "message", HASHEDREKORD, promise=True, proof=True),
    _bundle("bundle 0.1 message hashedrekord", "message", HASHEDREKORD, promise=True),
    _bundle("bundle 0.1 message hashedrekord proof", "message", HASHEDREKORD, promise=True, proof=True),
    # GitHub's own instance: timestamps and no log.
    _bundle("bundle 0.3 statement github", "statement", None, stamps=True),
    # cosign 1 and 2.
    _layer("sig hashedrekord", HASHEDREKORD, promise=True),
    _layer("sig hashedrekord stamps", HASHEDREKORD, promise=True, stamps=True),
    _layer("att intoto 0.0.1", INTOTO, promise=True),
    _layer("att intoto 0.0.2", INTOTO_V2, promise=True),
    _layer("att dsse", DSSE, promise=True),
    # Managed keys.
    _bundle("bundle 0.3 statement dsse key", "statement", DSSE, promise=True, proof=True, keyed=True),
    _bundle("bundle 0.3 statement rekor-v2 key", "statement", HASHEDREKORD_V2, proof=True, stamps=True, keyed=True),
    _bundle(
        "bundle 0.3 message hashedrekord key",
        "message",
        HASHEDREKORD,
        promise=True,
        proof=True,
        stamps=True,
        keyed=True,
    ),
    _bundle("bundle 0.3 statement unlogged key", "statement", None, keyed=True),
    _layer("sig hashedrekord key", HASHEDREKORD, promise=True, keyed=True),
    _layer("sig unlogged key", None, keyed=True),
    _layer("att intoto 0.0.1 key", INTOTO, promise=True, keyed=True),
    _layer("att dsse key", DSSE, promise=True, keyed=True),
    _layer("att unlogged key", None, keyed=True),
)
"""Every format that gate verifies, each with the proofs that its producers send along."""

BY_NAME: Final = {form.name: form for form in FORMATS}
