"""Near misses: what would have to be different, in image or policy, and what a loosening would also let in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.policy.parties import KeyHolder
from gate.verification import evidence as rooms
from tests.evidence import (
    BUILDER,
    DAY,
    GITLAB,
    MAIN,
    NOW,
    PROVEN,
    RULE,
    SIGNATURE_POLICY,
    SIGNED,
    SIGNERS,
    WORKFLOW,
    github,
    judge,
    keyed,
    passes,
    plain,
    policy,
    predicate_v1,
    provenance,
    signature,
    verified,
)

if TYPE_CHECKING:
    from gate.verification import Verified

KEY = "0" * 64
LAB = Path(__file__).parents[1] / "cases" / "lab"
GENERIC = "sign it with an identity that the rule names, or name this one under [signers] if you trust it"


def remedy(text: str, *evidence: object, check: str = "signature") -> str:
    return next(item.remedy for item in judge(text, *evidence).results if item.check == check)  # type: ignore[arg-type]


def with_signer(*lines: str) -> str:
    return SIGNERS.replace("[signers.release]", "[signers.release]\n" + "\n".join(lines)) + RULE + SIGNED


def test_another_branch_of_the_same_workflow() -> None:
    dev = WORKFLOW.replace("refs/heads/main", "refs/heads/dev")
    place = WORKFLOW.partition("@")[0]
    assert remedy(SIGNATURE_POLICY, signature(github(dev))) == (
        f"image: sign it from refs/heads/main; policy: add '{dev}' as a signer beside [signers.release], which lets in "
        f"refs/heads/dev alone, or {{ glob = '{place}@refs/heads/**' }}, which lets in every branch of this "
        "repository: whoever may push one may sign"
    )


def test_a_tag_of_the_same_workflow() -> None:
    tag = WORKFLOW.replace("refs/heads/main", "refs/tags/v1")
    assert "lets in refs/tags/v1 alone, or { glob = " in remedy(SIGNATURE_POLICY, signature(github(tag)))
    assert "@refs/tags/**' }, which lets in every tag of" in remedy(SIGNATURE_POLICY, signature(github(tag)))


def test_the_shown_loosening_is_one_that_works() -> None:
    """What a message says to write is what would let it in, and it lets in no more than it says."""
    dev = WORKFLOW.replace("refs/heads/main", "refs/heads/dev")
    place = WORKFLOW.partition("@")[0]
    exact = SIGNATURE_POLICY.replace(f'identity = "{WORKFLOW}"', f'identity = "{dev}"')
    loose = SIGNATURE_POLICY.replace(f'identity = "{WORKFLOW}"', f'identity = {{ glob = "{place}@refs/heads/**" }}')
    for text in (exact, loose):
        assert passes(text, signature(github(dev)))
    feature = WORKFLOW.replace("refs/heads/main", "refs/heads/feature/x")
    assert f"glob = '{place}@refs/heads/**'" in remedy(SIGNATURE_POLICY, signature(github(feature)))
    for branch in (WORKFLOW, feature):
        assert passes(loose, signature(github(branch)))
    assert not passes(exact, signature(github(WORKFLOW)))
    assert not passes(loose, signature(github(WORKFLOW.replace("refs/heads/main", "refs/tags/v1"))))


def test_a_glob_or_a_name_without_a_ref_is_not_taken_for_another_branch() -> None:
    """What is shown as the place to sign from is one place, and what a loosening lets in has a name."""
    place = WORKFLOW.partition("@")[0]
    tags = SIGNATURE_POLICY.replace(f'"{WORKFLOW}"', f'{{ glob = "{place}@refs/tags/*" }}')
    assert remedy(tags, signature()) == (
        f"image: sign it by 'glob {place}@refs/tags/*'; policy: add '{WORKFLOW}' as a signer of its own, which lets in "
        "whatever that workflow signs, and whoever may change it"
    )
    assert remedy(SIGNATURE_POLICY, signature(github(place))).startswith(
        f"image: sign it by '{WORKFLOW}'; policy: add '{place}' as a signer of its own, "
    )


def test_another_workflow_of_the_same_repository() -> None:
    other = WORKFLOW.replace("release.yml", "test.yml")
    assert remedy(SIGNATURE_POLICY, signature(github(other))) == (
        f"image: sign it by '{WORKFLOW}'; policy: add '{other}' as a signer of its own, which lets in whatever that "
        "workflow signs, and whoever may change it"
    )


def test_another_repository_of_gitlab() -> None:
    ours = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"
    text = SIGNATURE_POLICY.replace(WORKFLOW, ours).replace(
        'issuer = "https://token.actions', 'issuer = "https://token.actions'
    )
    text = text.replace("https://token.actions.githubusercontent.com", GITLAB)
    theirs = plain(ours.replace("acme", "mallory"), issuer=GITLAB)
    assert remedy(text, signature(theirs)).endswith("which lets in whoever controls https://gitlab.com/mallory/api")
    mine = plain(ours.replace(".gitlab-ci.yml", "other.yml"), issuer=GITLAB)
    assert remedy(text, signature(mine)).endswith("whatever that workflow signs, and whoever may change it")


def test_another_person() -> None:
    text = SIGNATURE_POLICY.replace('signers = ["release"]', 'signers = ["people"]')
    assert remedy(text, signature(plain("eve@other.com"))).endswith("which lets in whatever 'eve@other.com' signs")
    ada = text.replace("{ regex = '[a-z.]+@acme\\.com' }", '"ada@acme.com"')
    assert ada != text
    assert remedy(ada, signature(plain("ada@other.com"))) == (
        "image: sign it by 'ada@acme.com'; policy: add 'ada@other.com' as a signer of its own, if you trust it, which "
        "lets in whatever 'ada@other.com' signs"
    ), "a host is no branch"


def test_one_extension() -> None:
    text = with_signer('extensions = { runner-environment = "github-hosted" }')
    assert remedy(text, signature(github(runner="self-hosted"))) == (
        "image: sign it where runner-environment is 'github-hosted' (the certificate says 'self-hosted'); policy: "
        "take extensions.runner-environment out of [signers.release], which lets in any value of it"
    )
    assert "(the certificate has none)" in remedy(text, signature(github(runner=None)))
    two = with_signer(f'extensions = {{ source-repository-ref = "{MAIN}", runner-environment = "github-hosted" }}')
    assert remedy(two, signature(github(runner="self-hosted"))) == remedy(text, signature(github(runner="self-hosted")))
    assert remedy(two, signature(github(runner="self-hosted", ref="refs/heads/x"))) == GENERIC, "both differ"


def test_what_is_beside_the_identity() -> None:
    aged = with_signer("not-after = 2026-01-01T00:00:00Z")
    assert remedy(aged, signature()).endswith(
        "set another not-before or not-after, which lets in all that was signed in that time"
    )
    noted = with_signer('annotations = { env = "production", team = "web" }')
    for there, missing in ({"env": "production"}, "team=web"), ({"team": "web"}, "env=production"):
        item = replace(signature(), annotations=there, seal=rooms._SEAL)
        assert remedy(noted, item).startswith(f"image: sign it with -a {missing}; ")
    noted = with_signer('annotations = { env = "production" }')
    assert remedy(noted, signature()) == (
        "image: sign it with -a env=production; policy: take annotations.env out of [signers.release], which lets in "
        "all of its signatures, for whatever they were made"
    )
    two = with_signer().replace("version = 1", 'version = 1\n[trust]\nroots = ["public-good", "github"]')
    other = two.replace("issuer =", 'root = "github"\nissuer =')
    assert "policy: root = 'public-good', which lets in whatever that instance certifies" in remedy(other, signature())
    ours = two.replace("issuer =", 'root = "public-good"\nissuer =').replace(
        "[signers.release]", "[signers.release]\nnot-after = 2026-01-01T00:00:00Z"
    )
    assert "set another not-before or not-after" in remedy(ours, signature()), "its root is what it should be"


def test_what_is_beside_a_key() -> None:
    """Its log entry, where the signer asks for one and there is none; else something else."""

    def said(item: Verified, *lines: str) -> str:
        head = "\n".join(("version = 1", "[signers.key]", 'key = "key.pub"', *lines))
        text = f'{head}\n{RULE}[rules.signature]\nsigners = ["key"]\n'
        return next(item.remedy for item in judge(text, item, folder=LAB).results)

    holder = policy('version = 1\n[signers.key]\nkey = "key.pub"\n' + RULE + 'signature.signers = ["key"]\n', LAB)
    held = holder.signers["key"].holder
    assert isinstance(held, KeyHolder)
    logged, bare = (keyed(signature(), held.fingerprint, logged=found) for found in (True, False))
    window, optional = "not-after = 2026-01-01T00:00:00Z", 'log = "optional"'
    unlogged = (
        'image: sign it again and let it be logged; policy: [signers.key] log = "optional", which lets in signatures '
        "that nobody saw: a stolen key leaves no trace"
    )
    assert said(bare) == said(bare, window) == unlogged
    for other in (said(bare, window, optional), said(logged, window)):
        assert "set another not-before or not-after" in other


def test_nobody_is_told_to_take_another_issuers_word() -> None:
    """The same name at another issuer is somebody else; and two things that differ are no near miss."""
    generic = GENERIC
    assert remedy(SIGNATURE_POLICY, signature(plain(WORKFLOW, issuer="https://evil.example"))) == generic
    assert remedy(SIGNATURE_POLICY, keyed(signature(), KEY)) == generic
    branch = WORKFLOW.replace("refs/heads/main", "refs/heads/dev")
    assert remedy(SIGNATURE_POLICY, signature(plain(branch, issuer="https://evil.example"))) == generic
    text = with_signer('extensions = { runner-environment = "github-hosted" }')
    dev = WORKFLOW.replace("refs/heads/main", "refs/heads/dev")
    assert remedy(text, signature(github(dev, runner="self-hosted"))) == generic


def test_the_nearest_of_several_is_said() -> None:
    dev = WORKFLOW.replace("refs/heads/main", "refs/heads/dev")
    evidence = [signature(github("https://github.com/mallory/api/.github/workflows/x.yml@refs/heads/main")),
                signature(github(WORKFLOW.replace("release.yml", "test.yml"))), signature(github(dev))]  # fmt: skip
    for order in (evidence, evidence[::-1]):
        assert remedy(SIGNATURE_POLICY, *order).startswith("image: sign it from refs/heads/main")


def test_provenance_of_another_builder_by_an_accepted_signer() -> None:
    text = SIGNERS + BUILDER + RULE + PROVEN
    evidence = provenance(predicate_v1(builder="https://other.example/builder"))
    assert remedy(text, evidence, check="provenance") == (
        f"image: build it on [builders.release], whose id is '{WORKFLOW}'; policy: add an entry with id = "
        "'https://other.example/builder' and this signer, which lets in whatever that signer says it built, at the "
        "level that you give it"
    )


def test_another_builder_is_shown_of_accepted_signers_alone() -> None:
    """Of an entry of that very signer; nobody is told to take a stranger's word for what he built."""
    other = BUILDER.replace("[builders.release]", "[builders.other]").replace('["release"]', '["scanner"]')
    text = SIGNERS + other + BUILDER + RULE + PROVEN.replace('["release"]', '["other", "release"]')
    predicate = predicate_v1(builder="https://other.example/builder")
    ours = remedy(text, provenance(predicate), check="provenance")
    assert ours.startswith("image: build it on [builders.release], whose id is ")
    theirs = provenance(predicate, signer=plain(WORKFLOW, issuer="https://evil.example"))
    assert remedy(text, theirs, check="provenance") == (
        "build it on a builder that the rule names, and let its signer sign: one entry of [builders] has both"
    )


@pytest.mark.parametrize("branch", ["refs/heads/dev", "refs/tags/v9"])
def test_provenance_and_attestations_name_the_signer_that_comes_near(branch: str) -> None:
    near = github(WORKFLOW.replace("refs/heads/main", branch))
    text = SIGNERS + BUILDER + RULE + PROVEN
    assert "image: sign it from refs/heads/main" in remedy(text, provenance(signer=near), check="provenance")
    scanned = f'{SIGNERS}{RULE}\n[[rules.attestations]]\ntype = "spdx"\nsigners = ["release"]\n'
    sbom = verified("https://spdx.dev/Document", signer=near, signed_at=NOW - DAY)
    assert "image: sign it from refs/heads/main" in remedy(scanned, sbom, check="attestations.spdx")
