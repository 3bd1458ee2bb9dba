"""gate beside cosign, on the registry of the lab: the same demands on the same images, measured in turn.

cosign's side is the gate that people write in a shell: `cosign verify && cosign verify-attestation`. gate's side is one
`gate verify` whose policy asks for the same signature and the same attestation. Each pair of runs is one after the
other, so that whatever else the machine does meets both. Run it by `scripts/bench cosign`; the tools are those of
`scripts/interop`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, median_low
from typing import TYPE_CHECKING

from interop import tools
from interop.images import push_image
from interop.lab import SLOW_MS, running
from interop.oidc import RELEASE
from interop.produce import REVIEW, SLSA_V1, Signer, provenance
from scripts.bench import GATE, POLICY, Run, machine, run

if TYPE_CHECKING:
    from interop.images import Pushed
    from interop.lab import Lab

BUNDLES = (2, 3, 10)
"""One signature, one provenance, and attestations that nobody asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The medians of one tool."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One image at one delay, by both."""

    bundles: int
    delay_ms: int
    cosign: Side
    gate: Side

    @property
    def wall_ratio(self) -> float:
        """How much of cosign's time gate takes."""
        return round(self.gate.wall_s / self.cosign.wall_s, 2)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench cosign", description="gate beside cosign, in time and requests."
    )
    parser.add_argument(
        "--pairs", type=int, default=9, metavar="N", help="pairs that are counted (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if options.pairs < 7:
        parser.error("--pairs is at least 7: fewer say little")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the lab ends too
    load = os.getloadavg()[0]
    with running(tools.obtain(names=("cosign3", "fulcio", "rekor", "tsa", "registry"))) as lab:
        images = {count: signed(lab, count) for count in BUNDLES}
        rows = [measure(lab, images[count], count, delay, options.pairs) for delay in (0, SLOW_MS) for count in BUNDLES]
    setting = {
        **machine(),
        "cosign": tools.MODULES["cosign3"][1],
        "load": round(load, 1),
        "pairs": options.pairs,
    }
    if options.json:
        listed = [{**asdict(row), "wall_ratio": row.wall_ratio} for row in rows]
        print(json.dumps({**setting, "rows": listed}, indent=2))
    else:
        print(
            "gate {gate} on Python {python}, cosign {cosign}, {machine}, {cores} cores, load {load} before; "
            "medians of {pairs} pairs".format_map(setting)
        )
        print(table(rows))


def signed(lab: Lab, count: int) -> Pushed:
    """An image with that many bundles, signed by cosign."""
    image = push_image(lab.referrers.repository(f"bench/{count}"), {"bundles": b"%d" % count}, tag="v1")
    signer = Signer(lab=lab)
    signer.sign(image.reference, RELEASE)
    signer.attest(image.reference, RELEASE, SLSA_V1, provenance())
    for number in range(count - 2):
        signer.attest(image.reference, RELEASE, f"https://acme.example/review/{number}", REVIEW)
    return image


def measure(lab: Lab, image: Pushed, bundles: int, delay_ms: int, pairs: int) -> Row:
    """Both tools in turn, after a pair that is not counted."""
    registry = lab.slow if delay_ms else lab.referrers
    reference = f"{registry.repository(image.repository.name).path}:v1"
    with tempfile.TemporaryDirectory(prefix="gate-bench-") as folder:
        home = Path(folder)
        policy = home / "policy.toml"
        named = {"issuer": lab.issuer.url("github"), "identity": RELEASE.name, "type": SLSA_V1}
        policy.write_text(POLICY.format(root=lab.trusted_root, **named))
        ours = (GATE, "verify", reference, "--policy", str(policy), "--report", str(home / "report.json"))
        theirs = ("/bin/sh", "-c", shell_gate(lab, reference))
        log = lab.folder / "logs/registry.log"
        taken: dict[str, list[tuple[Run, int]]] = {"cosign": [], "gate": []}
        for number in range(pairs + 1):
            for name, command in (("cosign", theirs), ("gate", ours)):
                before = asked(log)
                one = run(command, home)
                if number:
                    taken[name].append((one, asked(log) - before))
    return Row(bundles=bundles, delay_ms=delay_ms, cosign=side(taken["cosign"]), gate=side(taken["gate"]))


def shell_gate(lab: Lab, reference: str) -> str:
    """The gate that people write in a shell."""
    who = [
        "--allow-http-registry",
        f"--trusted-root={lab.trusted_root}",
        f"--certificate-oidc-issuer={lab.issuer.url('github')}",
        f"--certificate-identity={RELEASE.name}",
        reference,
    ]
    verify = [str(lab.tools["cosign3"]), "verify", *who]
    attested = [str(lab.tools["cosign3"]), "verify-attestation", "--type", SLSA_V1, *who]
    return f"{shlex.join(verify)} && {shlex.join(attested)}"


def asked(log: Path) -> int:
    """How many requests the registry has had so far."""
    return log.read_bytes().count(b"\n")


def side(taken: list[tuple[Run, int]]) -> Side:
    """The medians of one tool's runs."""
    return Side(
        wall_s=round(median(one.wall for one, _ in taken), 3),
        cpu_s=round(median(one.cpu for one, _ in taken), 3),
        peak_mib=round(median(one.peak for one, _ in taken), 1),
        requests=median_low(count for _, count in taken),
    )


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table: cosign's figure, gate's, and gate's wall time as a share of cosign's."""
    head = (
        "| bundles | an answer takes | wall: cosign | gate | ratio | CPU: cosign | gate | memory: cosign | gate "
        "| requests: cosign | gate |"
    )
    lines = [
        head,
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cosign, gate = row.cosign, row.gate
        lines.append(
            f"| {row.bundles} | {row.delay_ms} ms | {cosign.wall_s:.2f} s | {gate.wall_s:.2f} s "
            f"| {row.wall_ratio:.2f} x | {cosign.cpu_s:.2f} s | {gate.cpu_s:.2f} s "
            f"| {cosign.peak_mib:.0f} MiB | {gate.peak_mib:.0f} MiB | {cosign.requests} | {gate.requests} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
