"""gate against cosign: what both say of one image and one expectation.

What comes in: the images that `produce` made. What goes out: one comparison for each pair and registry. Both tools
must give the verdict that is right; where they differ, the pair says which of them is wrong, or which test of gate's
says why gate is stricter.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interop.asking import BY_ADA, BY_KEY, BY_PIPELINE, BY_RELEASE, GATE, PROVENANCE, ROOT, UNLOGGED, ask_gate, decided
from interop.images import push_image
from interop.oidc import BRANCH, COMMIT, FORK, RELEASE
from interop.processes import Done, run
from interop.produce import CUSTOM, NEEDS, SLSA_V1, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.expectation import Expectation
    from interop.images import Pushed
    from interop.lab import Lab
    from interop.registries import Registry
    from interop.tally import Tally

AT_ONCE = 3
"""Comparisons at once: a little more than the two cores, for both tools wait for the registry now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An image, what is asked of it, and the right answer."""

    image: str
    says: str
    asked: Expectation
    holds: bool
    hole: str = ""
    """Why cosign answers the opposite, and is wrong."""
    stricter: str = ""
    """Why gate answers the opposite, and the test that says so: `file::test (reason)`."""


def _pair(image: str, says: str, asked: Expectation, *, holds: bool, hole: str = "", stricter: str = "") -> Pair:
    return Pair(image=image, says=says, asked=asked, holds=holds, hole=hole, stricter=stricter)


def _where(**extensions: str) -> Expectation:
    return replace(BY_RELEASE, extensions={name.replace("_", "-"): value for name, value in extensions.items()})


PAIRS = (
    _pair("release", "by the release workflow", BY_RELEASE, holds=True),
    _pair("release", "by a fork's workflow", replace(BY_RELEASE, identity=FORK.name), holds=False),
    _pair("release", "by the workflow on another branch", replace(BY_RELEASE, identity=BRANCH.name), holds=False),
    _pair("release", "by its identity, of another issuer", replace(BY_RELEASE, issuer="gitlab"), holds=False),
    _pair(
        "release",
        "by its identity, of an issuer that is a prefix",
        replace(BY_RELEASE, issuer="http://127"),
        holds=False,
    ),
    _pair("release", "by its identity in upper case", replace(BY_RELEASE, identity=RELEASE.name.upper()), holds=False),
    _pair("release", "by a person", BY_ADA, holds=False),
    _pair("release", "by a key", BY_KEY, holds=False),
    _pair("release", "with provenance", PROVENANCE, holds=False),
    _pair("pipeline", "by the pipeline", BY_PIPELINE, holds=True),
    _pair("pipeline", "by the release workflow", BY_RELEASE, holds=False),
    _pair("person", "by that person", BY_ADA, holds=True),
    _pair("person", "by another person", replace(BY_ADA, identity="eve@acme.example"), holds=False),
    _pair("two-signers", "by the first", BY_RELEASE, holds=True),
    _pair("two-signers", "by the second", BY_ADA, holds=True),
    _pair("two-signers", "by a third", BY_PIPELINE, holds=False),
    _pair("fork", "by the release workflow", BY_RELEASE, holds=False),
    _pair("branch", "by the release workflow on main", BY_RELEASE, holds=False),
    _pair("unsigned", "by the release workflow", BY_RELEASE, holds=False),
    _pair("unsigned", "with provenance", PROVENANCE, holds=False),
    _pair("unsigned", "by a key", UNLOGGED, holds=False),
    # Patterns.
    _pair(
        "release",
        "by a whole regular expression",
        replace(
            BY_RELEASE,
            identity="",
            regex=r"^https://github\.com/acme/api/\.github/workflows/[a-z]+\.yml@refs/heads/main$",
        ),
        holds=True,
    ),
    _pair(
        "release",
        "by a regular expression that no part of it matches",
        replace(BY_RELEASE, identity="", regex=r"https://github\.com/acme/other/.*"),
        holds=False,
    ),
    _pair(
        "release",
        "by a regular expression that only a part of it matches",
        replace(BY_RELEASE, identity="", regex=r"github\.com/acme/api"),
        holds=False,
        stricter="tests/policy/test_matching.py::test_a_word_as_a_regular_expression_matches_that_word_alone "
        "(https://mallory.example/github.com/acme/api would match too)",
    ),
    # The certificate's extensions.
    _pair("release", "from its repository", _where(github_workflow_repository="acme/api"), holds=True),
    _pair("release", "from another repository", _where(github_workflow_repository="acme/apis"), holds=False),
    _pair("release", "from its ref", _where(github_workflow_ref="refs/heads/main"), holds=True),
    _pair("release", "from another ref", _where(github_workflow_ref="refs/heads/feature"), holds=False),
    _pair("release", "from its commit", _where(github_workflow_sha=COMMIT), holds=True),
    _pair("release", "from another commit", _where(github_workflow_sha="2" * 40), holds=False),
    _pair("release", "by its trigger", _where(github_workflow_trigger="push"), holds=True),
    _pair("release", "by another trigger", _where(github_workflow_trigger="schedule"), holds=False),
    _pair(
        "pipeline",
        "with an extension that its certificate lacks",
        replace(BY_PIPELINE, extensions={"github-workflow-ref": "refs/heads/main"}),
        holds=False,
    ),
    # What a signature says itself.
    _pair("annotated", "with its annotation", replace(BY_RELEASE, annotations={"env": "production"}), holds=True),
    _pair("annotated", "with another annotation", replace(BY_RELEASE, annotations={"env": "staging"}), holds=False),
    _pair(
        "release",
        "with an annotation that is not there",
        replace(BY_RELEASE, annotations={"env": "production"}),
        holds=False,
    ),
    # Attestations.
    _pair("whole", "by the release workflow", BY_RELEASE, holds=True),
    _pair("whole", "with provenance, by URI", PROVENANCE, holds=True),
    _pair("whole", "with provenance, by cosign's short name", replace(PROVENANCE, type="slsaprovenance1"), holds=True),
    _pair("whole", "with provenance of v0.2", replace(PROVENANCE, type="slsaprovenance02"), holds=False),
    _pair("whole", "with provenance by a person", replace(BY_ADA, type=SLSA_V1), holds=False),
    _pair("whole", "with a scan", replace(BY_RELEASE, type="vuln"), holds=False),
    _pair("attested-only", "with provenance", PROVENANCE, holds=True),
    _pair(
        "attested-only",
        "signed",
        BY_RELEASE,
        holds=False,
        hole="takes an attestation of any type for a signature of the image",
    ),
    _pair("many", "signed", BY_RELEASE, holds=True),
    _pair("many", "with provenance", PROVENANCE, holds=True),
    _pair("many", "with a CycloneDX document", replace(BY_RELEASE, type="cyclonedx"), holds=True),
    _pair("many", "with a custom predicate", replace(BY_RELEASE, type="custom"), holds=True),
    _pair("many", "with a scan by Ada", replace(BY_ADA, type="vuln"), holds=True),
    _pair("many", "with an SPDX document by Ada", replace(BY_ADA, type="spdxjson"), holds=True),
    _pair("many", "with a link by Ada", replace(BY_ADA, type="link"), holds=True),
    _pair("many", "with a review by Ada, by URI", replace(BY_ADA, type=CUSTOM), holds=True),
    _pair("many", "with a review by the release workflow", replace(BY_RELEASE, type=CUSTOM), holds=False),
    _pair("many", "with a scan by the release workflow", replace(BY_RELEASE, type="vuln"), holds=False),
    _pair("many", "with OpenVEX", replace(BY_ADA, type="openvex"), holds=False),
    # Keys.
    _pair("keyed", "by the key", BY_KEY, holds=True),
    _pair("keyed", "by another key", replace(BY_KEY, key="other.pub"), holds=False),
    _pair("keyed", "by the key, log or not", UNLOGGED, holds=True),
    _pair("keyed", "with a review by the key", replace(BY_KEY, type=CUSTOM), holds=True),
    _pair("keyed", "with a review by another key", replace(BY_KEY, key="other.pub", type=CUSTOM), holds=False),
    _pair("keyed", "by the release workflow", BY_RELEASE, holds=False),
    _pair("keyed-unlogged", "by the key, log or not", UNLOGGED, holds=True),
    _pair("keyed-unlogged", "by the key, in the log", BY_KEY, holds=False),
    _pair("keyed-unlogged", "by another key, log or not", replace(UNLOGGED, key="other.pub"), holds=False),
    # cosign 2.
    _pair("legacy", "by the key, log or not", UNLOGGED, holds=True),
    _pair("legacy", "by the key, in the log", BY_KEY, holds=False),
    _pair("legacy", "by another key", replace(UNLOGGED, key="other.pub"), holds=False),
    _pair("legacy", "with its annotation", replace(UNLOGGED, annotations={"env": "production"}), holds=True),
    _pair("legacy", "with another annotation", replace(UNLOGGED, annotations={"env": "staging"}), holds=False),
    _pair("legacy", "with a review by the key", replace(UNLOGGED, type=CUSTOM), holds=True),
    _pair("legacy", "with a review by another key", replace(UNLOGGED, key="other.pub", type=CUSTOM), holds=False),
    _pair("legacy", "with a scan by the key", replace(UNLOGGED, type="vuln"), holds=False),
    # Another tool's evidence.
    _pair("sigstore-python", "with provenance", PROVENANCE, holds=True),
    _pair("sigstore-python", "with provenance by a person", replace(BY_ADA, type=SLSA_V1), holds=False),
    _pair("sigstore-python-message", "signed", BY_RELEASE, holds=False),
    _pair("junk-beside", "by the release workflow", BY_RELEASE, holds=True),
    _pair("junk-beside", "by a person", BY_ADA, holds=False),
    # Indexes, and evidence of something else.
    _pair("index", "by the release workflow", BY_RELEASE, holds=True),
    _pair("index-child", "by the release workflow, as the index", BY_RELEASE, holds=False),
    _pair("index-recursive", "by the release workflow", BY_RELEASE, holds=True),
    _pair("index-recursive-child", "by the release workflow", BY_RELEASE, holds=True),
    _pair("moved-evidence", "by the release workflow, of another image", BY_RELEASE, holds=False),
    _pair("other-repository", "by the release workflow, in another repository", BY_RELEASE, holds=False),
)


def compare(lab: Lab, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> None:
    """Every pair in every registry, and what only one registry can show.

    Where there is no referrers API, gate gets cosign's own flags; where there is one, a policy that says the same.
    """
    jobs = [(registry, pair) for registry in lab.registries for pair in PAIRS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (registry, pair), answers in zip(jobs, pool.map(lambda job: _both(lab, images, *job), jobs), strict=True):
            _count(pair, registry.name, answers, tally)
    if "docker-registry" in lab.tools.missing:
        for pair in PAIRS:
            tally.skip(f"tags       {pair.image}: {pair.says}", "docker-registry")
    _out_of_order(lab, images, tally)
    for registry in lab.registries:
        _apart(lab, registry, tally)


def _both(
    lab: Lab, images: Mapping[tuple[str, str], Pushed], registry: Registry, pair: Pair
) -> tuple[Done, Done] | None:
    image = images.get((registry.name, pair.image))
    if image is None:
        return None
    flags = None if registry.referrers_api else pair.asked.flags(lab)
    if flags is None:
        gate = ask_gate(lab, image.reference, pair.asked.policy(lab))
    else:
        gate = run([GATE, "verify", image.reference, *flags], lab.environment)
    return gate, lab.cosign(*pair.asked.command(lab), image.reference)


def _count(pair: Pair, registry: str, answers: tuple[Done, Done] | None, tally: Tally) -> None:
    what = f"{registry:<10} {pair.image}: {pair.says}"
    if answers is None:
        tally.skip(what, NEEDS[pair.image])
        return
    gate, cosign = answers
    agree = not (pair.hole or pair.stricter)
    line = f"{what}: gate {_word(gate.code)}, cosign {_word(cosign.code)}"
    if pair.hole:
        line += f"; cosign {pair.hole}"
    if pair.stricter:
        line += f"; {pair.stricter}"
    held = gate.code == (0 if pair.holds else 1) and decided(cosign) == (pair.holds is agree)
    if pair.stricter and not _test_is_there(pair.stricter):
        tally.fail(line, "there is no such test")
        return
    tally.check(line, held=held, why=f"gate:\n{gate.said}\ncosign:\n{cosign.said[-2000:]}")


def _out_of_order(lab: Lab, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> None:
    """A signed image in a registry whose listing is out of order: gate says that it could not look."""
    image = images["referrers", "release"]
    reference = image.reference.replace(lab.referrers.host, lab.broken.host)
    gate = ask_gate(lab, reference, BY_RELEASE.policy(lab))
    cosign = lab.cosign(*BY_RELEASE.command(lab), reference)
    tally.check(
        f"503        release: by the release workflow: gate {_word(gate.code)}, cosign {_word(cosign.code)}; "
        "cosign takes a listing that failed for one that is empty",
        held=gate.code == 3 and "no signatures found" in cosign.said,
        why=f"gate:\n{gate.said}\ncosign:\n{cosign.said}",
    )


def _apart(lab: Lab, registry: Registry, tally: Tally) -> None:
    """A signature in a repository of its own, where COSIGN_REPOSITORY had cosign put it."""
    image = push_image(registry.repository("acme/apart"), {"name": b"apart"}, tag="v1")
    beside = registry.repository("acme/signatures").path
    environment = {**lab.environment, "COSIGN_REPOSITORY": beside}
    Signer(lab=replace(lab, environment=environment)).sign(image.reference, RELEASE)
    for says, flags, seen, holds in (
        ("by the release workflow, where its signatures are", [f"--signature-repository={beside}"], environment, True),
        ("by the release workflow, where its signatures are not", [], lab.environment, False),
    ):
        gate = ask_gate(lab, image.reference, BY_RELEASE.policy(lab), *flags)
        cosign = run([lab.tools["cosign3"], *BY_RELEASE.command(lab), image.reference], seen)
        tally.check(
            f"{registry.name:<10} apart: {says}: gate {_word(gate.code)}, cosign {_word(cosign.code)}",
            held=gate.code == (0 if holds else 1) and decided(cosign) == holds,
            why=f"gate:\n{gate.said}\ncosign:\n{cosign.said}",
        )
    # Of a repository that it does not know the go-containerregistry one says NAME_UNKNOWN, and Distribution
    # MANIFEST_UNKNOWN, as of any tag that is not there; its list of tags tells.
    gate = ask_gate(lab, image.reference, BY_RELEASE.policy(lab), f"--signature-repository={beside}-mistaken")
    tally.check(
        f"{registry.name:<10} apart: in a repository that does not exist: gate {_word(gate.code)}",
        held=gate.code == 4 and "knows no such repository" in gate.said,
        why=gate.said,
    )


def _word(code: int) -> str:
    return {0: "pass", 1: "fail", 3: "undecided"}.get(code, f"exit {code}")


def _test_is_there(named: str) -> bool:
    file, _, test = named.split(" ", maxsplit=1)[0].partition("::")
    path = ROOT / file
    return path.is_file() and f"def {test}(" in path.read_text(encoding="utf-8")
