"""What judging claims costs: `scripts/bench claims`.

Prints medians over one image whose provenance lists many commits (1000 unless told otherwise): reading what verified
statements say, and judging it under a rule that asks for everything an `agents` section can ask. Verification is not in
it; parsing the payload is. A second row has as many statements about a commit each, as if every commit were reviewed by
itself. All in one process, wall and CPU time of that process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gate.checks import check_image
from gate.claims import read_claims
from gate.limits import Limits
from gate.policy.loading import parse_policy
from gate.reference import parse_reference
from gate.verdict import EXIT_PASS, decide
from tests.agents.documents import BASE
from tests.evidence import (
    COPILOT,
    EARLIER,
    HEAD,
    IMAGE,
    NOW,
    PROVEN,
    REFERENCE,
    RULE,
    SCANNER,
    SIGNERS,
    VOUCHING,
    about_source,
    claim,
    dependency,
    github,
    predicate_v1,
    provenance,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.verification import Evidence

WANTED = 0.1
"""Seconds for a thousand commits in one provenance."""
POLICY = f"""{SIGNERS}{VOUCHING}{COPILOT}
[[deny]]
models = ["gpt-3*", {{ glob = "evil/*" }}]
reason = "leaks"
{RULE}{PROVEN}
[rules.agents]
allow = ["copilot"]
signers = ["scanner"]
coverage = "range"
base = "{BASE}"
max-age = "30d"
operators = [{{ glob = "*@acme.com" }}]
tools = ["git"]
deny = ["bots"]
"""


def main() -> None:
    """Measure and print; 1 if a thousand commits take longer than they should."""
    parser = argparse.ArgumentParser(prog="scripts/bench claims")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    commits = [HEAD, EARLIER, *(f"{number:040x}" for number in range(arguments.commits - 2))]
    listed = [claim(commit, operator="bo@acme.com", tools=["git"]) for commit in commits]
    entry = dependency(properties={"commits": listed, "base": BASE})
    built = provenance(predicate_v1(dependencies=[entry]))
    scanner = github(SCANNER)
    reviewed = [
        about_source(
            "dev.pedigree/ai-authorship/v1",
            {"authorship": {"kind": "ai-autonomous"}, "agent": {"tool": listed[0]["author"]}},
            {"sha1": commit},
            signer=scanner,
        )
        for commit in commits
    ]
    found = {
        "one provenance": measure((built,), arguments.runs, exit_code=EXIT_PASS),
        "and a statement about each commit": measure((built, *reviewed), arguments.runs, exit_code=None),
    }
    if arguments.json:
        print(json.dumps({"commits": arguments.commits, "runs": arguments.runs, "seconds": found}, indent=2))
    else:
        print(f"{arguments.commits} commits, medians of {arguments.runs} runs, milliseconds")
        print(f"{'':<36}{'wall':>8}{'cpu':>8}")
        for name, times in found.items():
            print(f"{name:<36}{times['wall'] * 1000:>8.1f}{times['cpu'] * 1000:>8.1f}")
    wanted = WANTED * max(1.0, arguments.commits / 1000)
    sys.exit(found["one provenance"]["cpu"] > wanted)


def measure(evidence: Sequence[Evidence], runs: int, *, exit_code: int | None) -> dict[str, float]:
    """The median of reading and judging, which must come to `exit_code`."""
    policy = parse_policy(POLICY.encode(), Path("policy.toml"))
    reference = parse_reference(REFERENCE)
    walls, cpus = [], []
    for _ in range(runs + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        claims = read_claims(tuple(evidence), limits=Limits(), formats=policy.formats)
        rules = check_image(reference, claims, policy, digests=(IMAGE,), gaps=(), now=NOW)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        found = decide([rule.results for rule in rules])
        if exit_code is not None and found != exit_code:
            sys.exit(f"it came to {found}: {[(item.check, item.found) for rule in rules for item in rule.results]}")
    return {"wall": statistics.median(walls[1:]), "cpu": statistics.median(cpus[1:])}


if __name__ == "__main__":
    main()
