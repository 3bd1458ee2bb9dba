"""`signature`: enough of the signers that the rule names signed the image, and nobody else counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gate.checks.signatures import FOR_IMAGES, check_signature
from gate.claims import read_claims
from gate.errors import InvalidPolicy
from gate.limits import Limits
from gate.reference import Digest
from gate.verdict import Outcome
from gate.verification.certificate import EXTENSIONS
from tests.evidence import (
    DAY,
    GITHUB,
    GITLAB,
    GOOGLE,
    MAIN,
    NOW,
    RULE,
    SCANNER,
    SECOND,
    SIGN_V1,
    SIGNATURE_POLICY,
    SIGNED,
    SIGNERS,
    WORKFLOW,
    attestation,
    failed,
    github,
    judge,
    loads,
    passes,
    plain,
    policy,
    provenance,
    rejected,
    signature,
    stranger,
    verified,
)

if TYPE_CHECKING:
    from gate.verification import Identity, Verified

BOTH = SIGNERS + RULE + '[rules.signature]\nsigners = ["release", "people"]\nthreshold = 2\n'
ADA = plain("ada@acme.com")
BOB = plain("bob@acme.com")


def signer(more: str, *, identity: str = f'"{WORKFLOW}"', head: str = "") -> str:
    """A policy with one signer, who has `more` keys."""
    return f'version = 1\n{head}\n[signers.release]\nissuer = "{GITHUB}"\nidentity = {identity}\n{more}\n{RULE}{SIGNED}'


def test_a_signature_by_a_named_signer_passes_and_no_signature_fails() -> None:
    """Rule 22: absent evidence fails `signature`."""
    assert failed(SIGNATURE_POLICY, signature()) == ()
    assert failed(SIGNATURE_POLICY) == ("signature",)


@pytest.mark.parametrize(
    "who",
    [
        stranger(),
        github(SCANNER),
        github(WORKFLOW.replace(MAIN, "refs/heads/evil")),
        github(WORKFLOW, issuer=f"{GITHUB}/acme"),
        github(WORKFLOW, issuer=f"{GITHUB}/"),
        github(WORKFLOW, issuer=GITHUB.upper()),
        github(WORKFLOW, issuer=GITLAB),
        github(WORKFLOW, issuer=GITHUB.replace("https", "http")),
        plain(WORKFLOW, GOOGLE),
    ],
)
def test_a_signature_by_anyone_else_is_none(who: Identity) -> None:
    """A-T13: any workflow gets a certificate; issuer and name must both be the signer's."""
    assert failed(SIGNATURE_POLICY, signature(who)) == ("signature",)
    assert passes(SIGNATURE_POLICY, signature(who), signature())


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_an_extension_that_is_required_must_be_there_and_be_that(name: str) -> None:
    """Rule 7: an extension that is required and absent is a mismatch; each is compared whole."""
    text = signer(f'extensions = {{ {name} = "wanted" }}')
    key = name.replace("-", "_")
    assert passes(text, signature(plain(WORKFLOW, GITHUB, **{key: "wanted"})))
    for other in ("unwanted", "wanted ", "Wanted", "wante", "wanted\n", ""):
        assert failed(text, signature(plain(WORKFLOW, GITHUB, **{key: other}))) == ("signature",)
    elsewhere = "token_subject" if name == "build-trigger" else "build_trigger"
    assert failed(text, signature(plain(WORKFLOW, GITHUB, **{elsewhere: "wanted"}))) == ("signature",)
    assert failed(text, signature(plain(WORKFLOW, GITHUB))) == ("signature",)


def test_an_extension_that_is_absent_matches_no_pattern() -> None:
    """Rule 7: not even one for everything."""
    for pattern in ('{ glob = "**" }', "{ regex = '.*' }"):
        text = signer(f"extensions = {{ build-trigger = {pattern} }}")
        assert passes(text, signature(github(build_trigger="push")))
        assert failed(text, signature(github())) == ("signature",)


def test_of_several_required_extensions_every_one_must_match() -> None:
    """Rule 7."""
    text = signer('extensions = { runner-environment = "github-hosted", build-trigger = "push" }')
    assert passes(text, signature(github(build_trigger="push")))
    assert failed(text, signature(github())) == ("signature",)
    assert failed(text, signature(github(build_trigger="push", runner="self-hosted"))) == ("signature",)


@pytest.mark.parametrize("item", [provenance(), attestation(signer=github()), verified(SIGN_V1 + "/"), verified("x")])
def test_an_attestation_is_a_signature_only_where_its_signer_accepts_statements(item: Verified) -> None:
    """Rule 1: `accept` says what counts as a signer's signature; the default for images is a signature."""
    assert failed(SIGNATURE_POLICY, item) == ("signature",)
    assert failed(signer('accept = ["signature"]'), item) == ("signature",)
    assert passes(signer('accept = ["signature", "statement"]'), item)
    assert passes(signer('accept = ["statement"]'), item)


def test_a_signer_of_any_statement_may_sign_with_the_statement_that_is_a_signature() -> None:
    """Rule 1: `statement` is any verified statement about the image, and cosign/sign/v1 is one."""
    assert passes(signer('accept = ["statement"]'), signature())


def test_what_one_name_accepts_is_not_what_another_accepts() -> None:
    """Rule 1: the signer's own `accept` counts, not that of a signer beside it."""
    text = signer('accept = ["statement"]').replace(
        RULE, f'[signers.strict]\nissuer = "{GOOGLE}"\nidentity = "ada@acme.com"\n{RULE}'
    )
    text = text.replace('signers = ["release"]', 'signers = ["release", "strict"]')
    assert passes(text, provenance())
    assert failed(text, attestation(signer=ADA)) == ("signature",)
    assert passes(text, signature(ADA))


def test_two_principals_satisfy_a_threshold_of_two_and_one_does_not() -> None:
    """Rule 8."""
    assert passes(BOTH, signature(), signature(ADA))
    assert passes(BOTH, signature(ADA), signature(BOB))
    assert failed(BOTH, signature()) == ("signature",)
    assert failed(BOTH, signature(), signature(stranger())) == ("signature",)
    assert failed(BOTH, signature(), attestation(signer=ADA)) == ("signature",)


def test_the_same_bundle_twice_is_one_signature() -> None:
    """Rule 8, A-T16: also under another digest, at another time, or verified in another root."""
    for twin in (
        signature(),
        signature(digest=Digest("sha256", "f" * 64)),
        signature(signed_at=NOW - 2 * DAY),
        signature(root="another"),
    ):
        assert failed(BOTH, signature(), twin) == ("signature",)
    assert passes(BOTH, signature(), signature(ADA))


def test_one_workflow_on_two_refs_is_one_principal() -> None:
    """Rule 8: issuer and name without a URI's @ref."""
    text = SIGNERS + RULE + '[rules.signature]\nsigners = ["team"]\nthreshold = 2\n'
    text = text.replace(
        RULE,
        f'[signers.team]\nissuer = "{GITHUB}"\nidentity = {{ glob = "https://github.com/acme/**@refs/**" }}\n{RULE}',
    )
    tag = github(WORKFLOW.replace(MAIN, "refs/tags/v1"), ref="refs/tags/v1")
    assert failed(text, signature(), signature(tag)) == ("signature",)
    assert passes(text, signature(), signature(github(SCANNER)))


def test_one_principal_under_two_names_is_one() -> None:
    """Rule 8: one principal counts once however many names it matches."""
    text = BOTH.replace(RULE, f'[signers.ada]\nissuer = "{GOOGLE}"\nidentity = "ada@acme.com"\n{RULE}')
    text = text.replace('["release", "people"]', '["people", "ada"]')
    assert failed(text, signature(ADA)) == ("signature",)
    assert passes(text, signature(ADA), signature(BOB))


def test_a_name_at_two_issuers_is_two_principals() -> None:
    """Rule 8: a principal is issuer and name."""
    text = BOTH.replace(RULE, f'[signers.same]\nissuer = "{GITLAB}"\nidentity = "ada@acme.com"\n{RULE}')
    text = text.replace('["release", "people"]', '["people", "same"]')
    assert passes(text, signature(ADA), signature(plain("ada@acme.com", GITLAB)))
    assert failed(text, signature(ADA), signature(ADA)) == ("signature",)


def test_people_at_one_mail_domain_are_not_one_principal() -> None:
    """Rule 8: only a URI has an @ref; what is behind a mail address's @ is its domain."""
    assert passes(BOTH, signature(ADA), signature(plain("ada.b@acme.com")))


def test_one_name_at_two_mail_domains_is_two_principals() -> None:
    """Rule 8: a mail address counts whole, and only a URI without what follows its @."""
    text = BOTH.replace(r"@acme\.com", r"@(acme|example)\.com")
    assert passes(text, signature(ADA), signature(plain("ada@example.com")))
    assert failed(text, signature(ADA), signature(ADA, signed_at=NOW)) == ("signature",)


def test_a_threshold_above_the_signers_is_an_error_only_where_all_are_exact() -> None:
    """Rule 8."""
    exact_only = SIGNERS + RULE + '[rules.signature]\nsigners = ["release", "scanner"]\nthreshold = 3\n'
    with pytest.raises(InvalidPolicy, match="threshold"):
        policy(exact_only)
    assert loads(exact_only.replace('"scanner"]', '"people"]'))
    assert passes(exact_only.replace("threshold = 3", "threshold = 2"), signature(), signature(github(SCANNER)))


def test_a_threshold_of_nothing_would_not_pass_even_if_a_policy_could_say_it() -> None:
    """Section 9: an empty list of signatures never satisfies."""
    ours = policy(SIGNATURE_POLICY)
    section = ours.rules[0].signature
    assert section is not None
    claims = read_claims((), limits=Limits())
    nothing = replace(section, threshold=0)
    assert check_signature(nothing, claims, ours, NOW, default=FOR_IMAGES).outcome is Outcome.FAIL


@pytest.mark.parametrize("threshold", ["0", "-1", "101", "1.5", "true", '"1"'])
def test_a_threshold_of_nothing_is_invalid(threshold: str) -> None:
    """A-T35: never a threshold that no signature satisfies."""
    with pytest.raises(InvalidPolicy, match="threshold"):
        policy(SIGNATURE_POLICY + f"threshold = {threshold}\n")
    assert loads(SIGNATURE_POLICY + "threshold = 1\n")


def test_a_signature_counts_to_the_second_of_its_age() -> None:
    """A-T31: judged on the verified time; exactly at max-age is young enough, one second over is not."""
    text = SIGNATURE_POLICY + 'max-age = "30d"\n'
    edge = NOW - timedelta(days=30)
    assert passes(text, signature(signed_at=edge))
    assert failed(text, signature(signed_at=edge - SECOND)) == ("signature",)
    assert passes(text, signature(signed_at=edge - SECOND), signature(signed_at=edge))
    assert passes(SIGNATURE_POLICY, signature(signed_at=edge - SECOND))


def test_of_several_verified_times_the_earliest_is_its_age() -> None:
    """Rule 4: a later timestamp makes no signature younger."""
    text = SIGNATURE_POLICY + 'max-age = "30d"\n'
    old = NOW - timedelta(days=31)
    assert failed(text, verified(SIGN_V1, times=(old, NOW - DAY))) == ("signature",)
    assert passes(text, verified(SIGN_V1, times=(NOW - 2 * DAY, NOW - DAY)))


def test_an_old_signature_does_not_count_to_a_threshold() -> None:
    text = BOTH + 'max-age = "30d"\n'
    assert failed(text, signature(), signature(ADA, signed_at=NOW - 31 * DAY)) == ("signature",)
    assert passes(text, signature(), signature(ADA, signed_at=NOW - 30 * DAY))


TWO_ROOTS = '[trust]\nroots = ["public-good", "own.json"]'


def test_with_several_roots_a_signer_is_one_only_in_its_own() -> None:
    """Rule 2: an identity of one root says nothing about the same identity in another."""
    text = signer('root = "own.json"', head=TWO_ROOTS)
    assert passes(text, signature(root="own.json"))
    assert failed(text, signature(root="public-good")) == ("signature",)
    assert passes(text, signature(root="public-good"), signature(root="own.json"))


def test_with_several_roots_a_signer_without_one_is_invalid() -> None:
    """Rule 2: nor may it name a root that the policy does not trust."""
    with pytest.raises(InvalidPolicy, match="names its root"):
        policy(signer("", head=TWO_ROOTS))
    with pytest.raises(InvalidPolicy, match=r"not in trust\.roots"):
        policy(signer('root = "github"', head=TWO_ROOTS))
    assert loads(signer('root = "public-good"', head=TWO_ROOTS))
    assert passes(signer("", head='[trust]\nroots = ["own.json"]'), signature(root="own.json"))


def test_a_refusal_says_who_did_sign_and_what_each_lacks() -> None:
    found = judge(SIGNATURE_POLICY, signature(stranger()), signature(github(issuer=GITLAB))).found("signature")
    assert "mallory/api" in found
    assert f"its issuer is '{GITLAB}'" in found


def test_a_refusal_says_whether_nothing_was_there_or_nothing_held() -> None:
    assert "nothing is attached" in judge(SIGNATURE_POLICY).found("signature")
    assert "rejected: sigstore-bundle: it does not hold" in judge(SIGNATURE_POLICY, rejected()).found("signature")
    beside = judge(SIGNATURE_POLICY, rejected(), signature(stranger())).found("signature")
    assert "no signature" not in beside


def test_a_refusal_shows_foreign_names_escaped() -> None:
    """A-T36."""
    found = judge(SIGNATURE_POLICY, signature(plain("evil\n\x1b[2J", "https://evil.example"))).found("signature")
    assert "\n" not in found
    assert "\x1b" not in found
