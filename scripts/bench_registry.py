"""What a verdict costs by how much is attached, how many images there are, and how slow the registry is.

Each figure is the median of several runs after one that is not counted. A run is a new process of the installed `gate`
over images in a registry on the loopback, which waits as long as it is told before each answer. With 2 bundles an image
is the lab's, signed and attested by cosign, under as many names as there are images. With more it is one image whose
bundles are the tests' forge's, each different. `--cosign` names a cosign binary to run beside gate, over the lab's
images: `cosign verify && cosign verify-attestation` for each, one after the other, with the same demands. Run it by
`scripts/bench registry`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, median_low

from scripts.bench import GATE, MACHINE, POLICY, ROOT, Run, columns, machine, run, shown
from tests import forge
from tests.images import Layout, bundle
from tests.registry_server import RegistryServer

LAB = ROOT / "tests/cases/lab"
IMAGE = "agent-signed"
IDENTITY = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"
ISSUER = "http://127.0.0.1:8899/github"
PROVENANCE = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of one setting. `cosign_s` is None without one to compare."""

    images: int
    bundles: int
    delay_ms: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    requests: int
    round_trips: int | None
    cosign_s: float | None = None
    cosign_requests: int | None = None


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench registry", description="What a slow registry costs gate.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs that are counted (default: %(default)s)")
    parser.add_argument("--delay", type=int, nargs="+", default=[0, 50, 200], metavar="MS")
    parser.add_argument("--bundles", type=int, nargs="+", default=[3, 10, 100], metavar="N", help="of one image")
    parser.add_argument("--images", type=int, nargs="+", default=[1, 10, 100], metavar="N", help="of 2 bundles each")
    parser.add_argument("--cosign", type=Path, help="a cosign binary to compare with")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if options.runs < 1 or min(options.delay) < 0 or min(options.bundles) < 3 or min(options.images) < 1:
        parser.error("--runs and --images are at least 1, --bundles at least 3, --delay at least 0")
    with tempfile.TemporaryDirectory(prefix="gate-bench-") as home:
        folder = Path(home)
        lab = folder / "lab.toml"
        lab.write_text(POLICY.format(root=LAB / "trusted_root.json", issuer=ISSUER, identity=IDENTITY, type=PROVENANCE))
        (folder / "root.json").write_text(json.dumps(forge.Sigstore().root()))
        forged = folder / "forged.toml"
        forged.write_text(
            POLICY.format(root="root.json", issuer=forge.ISSUER, identity=forge.IDENTITY, type=PROVENANCE)
        )
        rows = []
        for images in options.images:
            repositories = {f"lab/image-{number}": LAB / IMAGE for number in range(images)}
            rows += [
                measure(repositories, 2, lab, delay, options.runs, folder, options.cosign) for delay in options.delay
            ]
        for bundles in options.bundles:
            repositories = {"forged/image": layout(folder / f"bundles-{bundles}", bundles)}
            rows += [
                measure(repositories, bundles, forged, delay, options.runs, folder, None) for delay in options.delay
            ]
    setting = {**machine(), "runs": options.runs}
    if options.json:
        print(json.dumps({**setting, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(f"{MACHINE}; medians of {{runs}} runs".format_map(setting))
        print(table(rows))


def layout(folder: Path, bundles: int) -> Path:
    """An image with one signature, and attestations for the rest."""
    made = Layout(folder)
    image = made.image("x", tag="v1")
    made.sign(image)
    for number in range(bundles - 1):
        made.attach(image, bundle(image["digest"], PROVENANCE, str(number)))
    return folder


def measure(
    repositories: dict[str, Path], bundles: int, policy: Path, delay_ms: int, runs: int, home: Path, cosign: Path | None
) -> Row:
    """One setting: every image has to pass."""
    with RegistryServer(repositories, delay=delay_ms / 1000) as registry:
        references = [f"{registry.host}/{name}:v1" for name in repositories]
        (home / "refs").write_text("\n".join(references))
        where = ("--policy", str(policy), "--report", str(home / "report.json"), "--timeout", "10m")
        command = (GATE, "verify", "--refs-from", str(home / "refs"), *where)
        run(command, home)
        taken: list[Run] = []
        theirs: list[float] = []
        requests, round_trips, cosign_requests = [], [], []
        for _ in range(runs):
            registry.forget()
            taken.append(run(command, home))
            requests.append(len(registry.requests))
            round_trips.append(registry.depth)
            if cosign is not None:
                registry.forget()
                theirs.append(loop(cosign, references, home))
                cosign_requests.append(len(registry.requests))
    return Row(
        images=len(references),
        bundles=bundles,
        delay_ms=delay_ms,
        wall_s=round(median(one.wall for one in taken), 3),
        cpu_s=round(median(one.cpu for one in taken), 3),
        peak_mib=round(median(one.peak for one in taken), 1),
        requests=median_low(requests),
        # Without a delay nothing tells what waited for what; with many images they do not wait for one another.
        round_trips=median_low(round_trips) if delay_ms and len(references) == 1 else None,
        cosign_s=round(median(theirs), 3) if theirs else None,
        cosign_requests=median_low(cosign_requests) if cosign_requests else None,
    )


def loop(cosign: Path, references: list[str], home: Path) -> float:
    """The seed of every gate: a shell loop over cosign. Returns its seconds."""
    common = [
        *("--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER),
        *("--trusted-root", str(LAB / "trusted_root.json"), "--allow-http-registry"),
    ]
    wall = 0.0
    for reference in references:
        for command in (["verify", *common], ["verify-attestation", "--type", PROVENANCE, *common]):
            wall += run((str(cosign), *command, reference), home).wall
    return wall


def table(rows: list[Row]) -> str:
    """The rows in columns."""
    heads = ("images", "bundles", "delay", "wall", "CPU", "memory", "requests", "round trips")
    compared = any(row.cosign_s is not None for row in rows)
    lines: list[tuple[str, ...]] = [(*heads, "cosign", "requests", "ratio") if compared else heads]
    for row in rows:
        figures: tuple[str, ...] = (
            shown(row.images),
            shown(row.bundles),
            shown(row.delay_ms, "ms"),
            shown(row.wall_s, "s", ".2f"),
            shown(row.cpu_s, "s", ".2f"),
            shown(row.peak_mib, "MiB", ".0f"),
            shown(row.requests),
            shown(row.round_trips),
        )
        if compared and row.cosign_s is not None:
            ratio = shown(row.wall_s / row.cosign_s, "x", ".2f")
            figures += (shown(row.cosign_s, "s", ".2f"), shown(row.cosign_requests), ratio)
        lines.append(figures)
    return columns(lines)


if __name__ == "__main__":
    main()
