"""Where cosign 3.1.2 and gate differ about a forged signature, and why.

What goes out: `TAKEN`, what is broken and cosign takes all the same; `REFUSED`, what is sound and cosign refuses. Each
by the words of the tests' table and by the wrapping. A difference that is gone fails the run, so that none outlives its
reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUNDLE, SIG, ATT = "sigstore-bundle", "cosign-simple-signing", "dsse-envelope"
EVERYWHERE, LAYERS = (BUNDLE, SIG, ATT), (SIG, ATT)
_AT_THE_BEGINNING = "cosign judges a layer's chain at the certificate's beginning, not when it was signed"
_ONE_ENTRY = "cosign refuses two entries of one log"
_HEXADECIMAL = "cosign reads every digest of a subject as hexadecimal, of whatever algorithm"

_TAKEN: Final = (
    (EVERYWHERE, "cosign compares one name and reads no other", ("two names", "the same name twice")),
    (
        EVERYWHERE,
        "cosign asks for less of the certificate's own usages",
        (
            "no extended key usage",
            "any extended key usage",
            "a key usage without digital signature",
            "no key usage",
            "a certificate that is itself a CA's",
        ),
    ),
    (EVERYWHERE, "cosign needs one SCT and takes several", ("two SCTs",)),
    (
        EVERYWHERE,
        "cosign does not read that extension unless a flag asks for it",
        ("an old extension that is not UTF-8",),
    ),
    (
        LAYERS,
        "cosign does not read that extension unless a flag asks for it",
        (
            "an extension that is no UTF8String",
            "an extension with bytes behind its text",
            "an extension that is shorter than it says",
            "an extension whose short length is written long",
            "an extension whose length of one byte is written in two",
            "an extension whose length of two bytes is written in three",
            "an extension of no bytes",
            "an extension that is not UTF-8",
        ),
    ),
    ((BUNDLE,), "cosign compares the new form of the issuer alone", ("two issuers that differ",)),
    (LAYERS, "cosign has no limit for the size of a key", ("an RSA key of 1024 bits",)),
    (LAYERS, "cosign forgets an authority's window when it judges a layer", ("an authority that was out of use",)),
    ((BUNDLE,), "cosign has no such limit", ("a certificate of more than 16 KiB",)),
    (LAYERS, "cosign has no such limit", ("a certificate of more than 32 KiB of PEM",)),
    ((BUNDLE, ATT), "cosign has no such limit", ("a payload that is too deep",)),
    ((BUNDLE,), "cosign needs one time and takes what is beside it", ("the same timestamp twice",)),
    ((BUNDLE,), "cosign needs one time and takes what is beside it", ("a second timestamp after its end",)),
    (
        (BUNDLE,),
        "cosign proves a Rekor v2 entry by its checkpoint, and does not compare all that the proof says beside it",
        (
            "a tree whose size is below 0",
            "a tree whose size is a fraction",
            "a log entry of no kind",
            "the neighbour's index",
            "an index behind the tree",
            "the root hash of the proof",
            "a tree of another size than the checkpoint's",
            "a checkpoint of another size",
            "a checkpoint whose size begins with 0",
        ),
    ),
    (
        (BUNDLE,),
        "cosign does not hold a Rekor v2's window against the time of its entries",
        (
            "a log that was out of use",
            "a log that was out of use at the second of two times",
            "a log that was not yet in use",
        ),
    ),
    (
        (BUNDLE, ATT),
        "cosign reads the statement whatever it calls itself",
        ("a statement of an unknown version", "a statement without a version"),
    ),
    ((BUNDLE, ATT), "cosign looks for the digest alone", ("about two images in one subject",)),
    ((SIG,), "cosign does not read what the payload calls itself", ("a simple signing of another type",)),
    (
        (ATT,),
        "cosign does not compare a layer's log entry with the whole envelope",
        (
            "a log entry with another payload's hash",
            "a log entry with another payload's hash, no hex",
            "a log entry with another payload type",
            "a log entry with another signature",
        ),
    ),
)
_REFUSED: Final = (
    (LAYERS, "cosign hashes a layer with SHA-256, whatever the curve", ("an ECDSA key on another curve",)),
    (EVERYWHERE, "cosign knows RSA with SHA-256 alone", ("an RSA key's signature with SHA-512",)),
    (LAYERS, _AT_THE_BEGINNING, ("an intermediate that began after", "a root certificate that began after")),
    (LAYERS, _AT_THE_BEGINNING, ("an authority that was not yet in use",)),
    ((BUNDLE,), "cosign does not read a bundle of so many entries", ("33 log entries",)),
    ((BUNDLE,), _ONE_ENTRY, ("a second entry that is not in the log", "a second entry of another signature")),
    (
        (BUNDLE,),
        "cosign reads no bundle with a field that it does not know",
        ("a byte more than is read beside a payload",),
    ),
    ((BUNDLE,), "cosign reads no number of more than 64 bits", ("a tree whose size is of 20 digits",)),
    ((ATT,), "cosign compares the log with the envelope as a whole", ("nine signatures in the envelope",)),
    ((BUNDLE,), _HEXADECIMAL, ("a subject without digests", "about two images in one subject")),
)


def _spread(
    table: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...], before: str = ""
) -> Iterator[tuple[tuple[str, str], str]]:
    for wraps, reason, rows in table:
        for row in rows:
            for wrap in wraps:
                yield (f"{before}{row}", wrap), reason


NEIGHBOUR: Final = "not quite: "
"""What the words of a row's sound neighbour begin with."""
TAKEN: Final[Mapping[tuple[str, str], str]] = dict(_spread(_TAKEN))
REFUSED: Final[Mapping[tuple[str, str], str]] = dict(_spread(_REFUSED, NEIGHBOUR))
