"""What verifying a bundle costs in CPU: `scripts/bench verify`.

Prints, as medians over real bundles of the lab (Rekor v2, timestamp, SCT): gate's verification of the first and of each
further bundle, the bare signature verifications that one contains (ECDSA and Ed25519, nothing parsed), and
sigstore-python's own verifier on the same bundles. The reading of the trust root is counted apart. All in one process,
in turns, CPU time of that process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gate import trust
from gate.discovery import discover
from gate.limits import Deadline, Limits
from gate.reference import parse_reference
from gate.sources.layout import LayoutSource
from gate.verification import Artifact, Root, Verified, verify
from gate.verification.bundle import read_bundle
from tests.sigstore_oracle import Oracle, to_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.discovery import Candidate
    from gate.sources import Content
    from gate.verification.material import Material

LAB = Path(__file__).parents[1] / "tests" / "cases" / "lab"
CASES = ("agent-signed", "many-attestations", "two-signers", "mixed-agents")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench verify")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    root, loading = timed(lambda: Root(trust.load("trusted_root.json", folder=LAB)))
    found = [(candidate, image) for case in CASES for candidate, image in candidates(case)]
    _, first = timed(lambda: check(found[0], root))
    materials = [read_bundle(candidate.raw, Limits()) for candidate, _ in found]
    theirs = sigstore_verifier()
    for material in materials:
        theirs(material)
    samples: dict[str, list[float]] = {"gate": [], "bare": [], "sigstore": []}
    for _ in range(arguments.runs):
        for pair, material in zip(found, materials, strict=True):
            samples["gate"].append(timed(partial(check, pair, root))[1])
            samples["bare"].append(timed(bare)[1])
            samples["sigstore"].append(timed(partial(theirs, material))[1])
    medians = {name: statistics.median(values) for name, values in samples.items()}
    result = {
        "bundles": len(found),
        "runs": arguments.runs,
        "root_ms": loading,
        "first_ms": first,
        "further_ms": medians["gate"],
        "bare_ms": medians["bare"],
        "sigstore_ms": medians["sigstore"],
        "ratio_to_bare": medians["gate"] / medians["bare"],
        "ratio_to_sigstore": medians["gate"] / medians["sigstore"],
    }
    if arguments.json:
        json.dump(result, sys.stdout, indent=2)
        print()
        return
    print(f"{len(found)} Rekor v2 bundles, {arguments.runs} runs each, CPU of one process, medians")
    print(f"trust root read                      {loading:8.2f} ms")
    print(f"gate, first bundle                   {first:8.2f} ms")
    print(f"gate, each further bundle            {medians['gate']:8.2f} ms")
    print(f"bare signature verifications         {medians['bare']:8.2f} ms   gate is {result['ratio_to_bare']:.1f} x")
    ratio = result["ratio_to_sigstore"]
    print(f"sigstore-python's verifier           {medians['sigstore']:8.2f} ms   gate is {ratio:.2f} x")


def candidates(case: str) -> list[tuple[Candidate, Content]]:
    """The bundles of one of the lab's images."""
    reference = parse_reference(f"oci:{LAB / case}")
    limits = Limits()
    found = discover(LayoutSource(reference, limits=limits), digest=None, limits=limits, deadline=Deadline(60))
    return [(candidate, found.image) for candidate in found.candidates]


def check(pair: tuple[Candidate, Content], root: Root) -> None:
    """What gate does with one bundle."""
    candidate, image = pair
    (result,) = verify([candidate], Artifact.of(image), [root], [], now=datetime.now(UTC), limits=Limits())
    assert isinstance(result, Verified)


def bare() -> None:
    """As many signature verifications as a bundle contains: envelope, certificate, SCT, timestamp and its certificate
    (ECDSA P-256), checkpoint (Ed25519). Over ready bytes; what is verified is this machine's own.
    """
    for _ in range(5):
        _EC_PUBLIC.verify(_EC_SIGNATURE, _MESSAGE, ec.ECDSA(hashes.SHA256()))
    _ED_PUBLIC.verify(_ED_SIGNATURE, _MESSAGE)


_MESSAGE = b"gate" * 64
_EC = ec.generate_private_key(ec.SECP256R1())
_EC_PUBLIC, _EC_SIGNATURE = _EC.public_key(), _EC.sign(_MESSAGE, ec.ECDSA(hashes.SHA256()))
_ED = ed25519.Ed25519PrivateKey.generate()
_ED_PUBLIC, _ED_SIGNATURE = _ED.public_key(), _ED.sign(_MESSAGE)


def sigstore_verifier() -> Callable[[Material], None]:
    """sigstore-python's public verifier under the lab's root: parse and verify one bundle."""
    oracle = Oracle(LAB / "trusted_root.json")
    documents: dict[int, str] = {}

    def run(material: Material) -> None:
        if id(material) not in documents:
            documents[id(material)] = to_document(material)
        oracle.verify(documents[id(material)], material)

    return run


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """A function's value and its CPU time in milliseconds."""
    began = time.process_time()
    value = function()
    return value, (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
