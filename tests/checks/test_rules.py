"""Rules as wholes: which images they match, what each result becomes where something could not be looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gate.checks.signers import STALE_ROOT, WRONG_CLOCK
from gate.errors import InvalidPolicy
from gate.reference import Digest
from gate.verdict import EXIT_FAIL, EXIT_PASS, EXIT_RETRY, EXIT_STUCK, Gap, Outcome
from gate.verification import Doubt
from tests.evidence import (
    AGENTS_POLICY,
    COPILOT,
    GITHUB,
    NOW,
    PROVEN,
    PROVENANCE_POLICY,
    RULE,
    SCANNER,
    SECOND,
    SIGNATURE_POLICY,
    SIGNED,
    SIGNERS,
    VOUCHING,
    VULN,
    WRITTEN,
    attestation,
    claim,
    claimed,
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
    from gate.verification import Identity, Rejected

VULN_ENTRY = '\n[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner"]\n'
ATTESTED = SIGNERS + RULE + VULN_ENTRY
EVERYTHING = SIGNERS + VOUCHING + COPILOT + RULE + SIGNED + PROVEN + WRITTEN + VULN_ENTRY
COMPLETE = (signature(), provenance(), attestation())
LATER = Gap(reason="the registry did not answer", exit_code=EXIT_RETRY)
NEVER = Gap(reason="access was denied", exit_code=EXIT_STUCK)


# Which images (rules 22 and 23).


def images(*patterns: str) -> str:
    listed = ", ".join(f'"{pattern}"' for pattern in patterns)
    return f"{SIGNERS}\n[[rules]]\nimages = [{listed}]\n{SIGNED}"


@pytest.mark.parametrize(
    ("pattern", "reference", "matches"),
    [
        ("ghcr.io/acme/api", "ghcr.io/acme/api", True),
        ("ghcr.io/acme/api", "ghcr.io/acme/api:1.0", True),
        ("ghcr.io/acme/api", f"ghcr.io/acme/api@sha256:{'a' * 64}", True),
        ("ghcr.io/acme/api", "GHCR.io/acme/api", True),
        ("ghcr.io/acme/api", "ghcr.io:443/acme/api", True),
        ("ghcr.io/acme/api", "ghcr.io:5000/acme/api", False),
        ("ghcr.io/acme/api", "evil.io/ghcr.io/acme/api", False),
        ("ghcr.io/acme/*", "ghcr.io/acme/a/b", False),
        ("ghcr.io/acme/**", "ghcr.io/acme/a/b", True),
        ("ghcr.io/acme/**", "ghcr.io/acme-evil/api", False),
        ("docker.io/library/nginx", "nginx", True),
        ("docker.io/library/nginx", "index.docker.io/nginx:1", True),
        ("**", "nginx", True),
    ],
)
def test_a_rules_images_match_canonical_names(*, pattern: str, reference: str, matches: bool) -> None:
    """Rule 23: host in lower case, default port and Docker Hub's aliases folded, no tag and no digest."""
    judgement = judge(images(pattern), signature(), reference=reference)
    assert judgement.exit_code == (EXIT_PASS if matches else EXIT_FAIL)
    assert set(judgement.outcomes) == ({"signature"} if matches else {"rules"})


@pytest.mark.parametrize(
    "pattern",
    ["https://ghcr.io/acme/api", "ghcr.io/Acme/api", "GHCR.io/acme/api", "ghcr.io/acme/api:1", "nginx", "*",
     "acme/nginx", "ghcr.io/acme/api@sha256:*", "ghcr.io./acme/api", "index.docker.io/library/nginx",
     "ghcr.io:443/acme/api", "ghcr.io/acme/{Name}", "ghcr.io/{a}/{a}", "ghcr.io/acme/x{name}",
     "{host}/acme/api", "oci:{name}", "ghcr.io/acme/[ab]", "ghcr.io/acme/a?", "ghcr.io/acme/a**"],
)  # fmt: skip
def test_a_pattern_that_no_canonical_name_could_match_is_invalid(pattern: str) -> None:
    """Rule 23: a scheme, upper case, a tag, Hub's short form."""
    with pytest.raises(InvalidPolicy):
        policy(images(pattern))


@pytest.mark.parametrize(
    ("pattern", "reference", "asserted", "matches"),
    [
        ("**", "oci:dist", None, True),
        ("oci:dist", "oci:dist", None, True),
        ("oci:dist:1", "oci:dist:1", None, True),
        ("oci:*", "oci:dist", None, True),
        ("oci:*", "oci-archive:dist", None, False),
        ("oci-archive:x.tar", "oci-archive:x.tar", None, True),
        ("ghcr.io/acme/**", "oci:ghcr.io/acme/api", None, False),
        ("**/acme/api", "oci:ghcr.io/acme/api", None, False),
        ("*/acme/api", "oci:x/acme/api", None, False),
        ("ghcr.io/acme/**", "oci:dist", "ghcr.io/acme/api", True),
        ("ghcr.io/acme/**", "oci:dist", "ghcr.io/other/api", False),
        ("oci:dist", "oci:dist", "ghcr.io/acme/api", False),
        ("docker.io/library/nginx", "oci:dist", "nginx", True),
        ("oci:ours/*/x", "oci:ours/a/x", None, True),
        ("oci:ours/*/x", "oci:ours/../x", None, False),
        ("oci:ours/**", "oci:ours/./x", None, False),
        ("oci:ours/../x", "oci:ours/../x", None, True),
        ("oci:ours/**", "oci:ours/..x/.y", None, True),
    ],
)
def test_a_local_image_matches_by_its_text_or_by_the_name_that_was_asserted(
    *, pattern: str, reference: str, asserted: str | None, matches: bool
) -> None:
    """Rule 23: without --as only patterns that begin with its transport, or `**`."""
    judgement = judge(images(pattern), signature(), reference=reference, asserted_name=asserted)
    assert judgement.exit_code == (EXIT_PASS if matches else EXIT_FAIL)


def test_one_of_several_patterns_is_enough() -> None:
    """Rule 23."""
    text = images("quay.io/acme/**", "ghcr.io/acme/**")
    assert judge(text, signature()).exit_code == EXIT_PASS
    assert judge(text, signature(), reference="quay.io/acme/api").exit_code == EXIT_PASS
    assert judge(text, signature(), reference="quay.io/other/api").exit_code == EXIT_FAIL


def test_a_local_image_that_no_rule_matches_is_told_of_as() -> None:
    """Rule 23: and no other image is."""
    for reference, asserted, told in (("oci:x", None, True), ("oci:x", "quay.io/x", False), ("quay.io/x", None, False)):
        (rule,) = judge(images("ghcr.io/**"), reference=reference, asserted_name=asserted).rules
        assert ("--as" in rule.results[0].remedy) is told


def test_an_image_that_no_rule_matches_fails_in_one_entry_without_a_name() -> None:
    """Rule 22: whatever is attached to it, and whatever could not be looked at."""
    for gaps in ((), (LATER,), (NEVER,)):
        judgement = judge(EVERYTHING, *COMPLETE, reference="quay.io/acme/api", gaps=gaps)
        (rule,) = judgement.rules
        assert (rule.name, [result.check for result in rule.results]) == (None, ["rules"])
        assert judgement.exit_code == EXIT_FAIL


def test_unnamed_rules_are_named_by_their_place() -> None:
    """Rule 22: rule-1, rule-2, in the file's order."""
    text = images("ghcr.io/**") + f'[[rules]]\nimages = ["**"]\n{SIGNED}'
    assert [rule.name for rule in judge(text, signature()).rules] == ["rule-1", "rule-2"]
    assert [rule.name for rule in judge(text, signature(), reference="nginx").rules] == ["rule-2"]


def test_every_rule_that_matches_must_pass() -> None:
    """Section 4."""
    text = SIGNATURE_POLICY + '[[rules]]\nname = "scans"\nimages = ["**"]\nsignature.signers = ["scanner"]\n'
    assert passes(text, signature(), signature(github(SCANNER)))
    assert not passes(text, signature())
    assert not passes(text, signature(github(SCANNER)))


def test_a_rule_that_demands_nothing_is_invalid() -> None:
    """Rules 19 and 21: what cannot fail is no rule; two rules of one name are none either."""
    with pytest.raises(InvalidPolicy, match="demands nothing"):
        policy(SIGNERS + RULE)
    with pytest.raises(InvalidPolicy):
        policy(SIGNERS + RULE + "attestations = []\n")
    with pytest.raises(InvalidPolicy, match="two rules"):
        policy(SIGNATURE_POLICY + RULE + SIGNED)
    assert loads(SIGNATURE_POLICY)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (SIGNERS.replace(f'issuer = "{GITHUB}"', f'issuer = "{GITHUB}"\nkey = "k.pub"', 1), "key"),
        (SIGNERS + '[deny]\nagents = ["evil"]\n', "deny"),
        (SIGNERS + '[[waivers]]\nrule = "production"\ncheck = "signature"\n', "waivers"),
    ],
)
def test_what_this_version_does_not_judge_is_an_error_and_not_ignored(text: str, word: str) -> None:
    """Rules 9 and 21: windows, denies and waivers; a policy that says more than is checked does not load."""
    with pytest.raises(InvalidPolicy, match=word):
        policy(text + RULE + SIGNED)


# What could not be looked at (rules 26 and 27).


def test_over_an_incomplete_ledger_a_fail_is_undecided() -> None:
    """Rules 26 and 27, A-T2: "unsigned" is never said where the truth is "could not look"."""
    for gap in (LATER, NEVER):
        for text in (SIGNATURE_POLICY, PROVENANCE_POLICY, AGENTS_POLICY, ATTESTED, EVERYTHING):
            assert judge(text).exit_code == EXIT_FAIL
            judgement = judge(text, gaps=(gap,))
            assert judgement.exit_code == gap.exit_code
            assert set(judgement.outcomes.values()) == {Outcome.ERROR}


def test_over_an_incomplete_ledger_signature_and_provenance_that_hold_still_hold() -> None:
    """Rule 27: nothing that is missing could turn them."""
    assert judge(SIGNATURE_POLICY, signature(), gaps=(LATER, NEVER)).exit_code == EXIT_PASS
    assert judge(PROVENANCE_POLICY, provenance(), gaps=(LATER, NEVER)).exit_code == EXIT_PASS


@pytest.mark.parametrize("select", ["all", "latest"])
def test_over_an_incomplete_ledger_agents_and_attestations_do_not_pass(select: str) -> None:
    """Rule 27: what is missing could disagree, be worse, or be later."""
    assert judge(AGENTS_POLICY, provenance(), gaps=(LATER,)).exit_code == EXIT_RETRY
    assert judge(AGENTS_POLICY, provenance(), gaps=(LATER, NEVER)).exit_code == EXIT_STUCK
    text = f'{ATTESTED}select = "{select}"\n'
    assert judge(text, attestation(), gaps=(LATER,)).exit_code == EXIT_RETRY
    assert passes(text, attestation())


def test_over_an_incomplete_ledger_each_check_is_settled_for_itself() -> None:
    """Rule 27: what passed and cannot change passes; the image is undecided for the rest."""
    judgement = judge(EVERYTHING, *COMPLETE, gaps=(LATER,))
    assert judgement.exit_code == EXIT_RETRY
    for check, outcome in judgement.outcomes.items():
        turns = check.startswith(("agents", "attestations"))
        assert outcome is (Outcome.ERROR if turns else Outcome.PASS), check
    missing = judge(EVERYTHING, provenance(), attestation(), gaps=(LATER,))
    assert missing.outcomes["signature"] is Outcome.ERROR


def test_a_denied_agent_over_an_incomplete_ledger_is_undecided() -> None:
    """Rule 26: a fail is definite where looking was complete, and only there."""
    evil = claimed(claim(author="evil"))
    assert judge(AGENTS_POLICY, evil).exit_code == EXIT_FAIL
    assert judge(AGENTS_POLICY, evil, gaps=(LATER,)).exit_code == EXIT_RETRY


# What may be our fault (rules 6 and 28).

DOUBTED = [
    (Doubt.STALE, "trust.stale"),
    (Doubt.CLOCK, "clock"),
    (Doubt.UNREADABLE, "it does not hold"),
    (Doubt.INTERNAL, "it does not hold"),
]


@pytest.mark.parametrize(("doubt", "word"), DOUBTED)
@pytest.mark.parametrize(
    ("text", "who", "check"),
    [
        (SIGNATURE_POLICY, github(), "signature"),
        (PROVENANCE_POLICY, github(), "provenance"),
        (AGENTS_POLICY, github(), "agents"),
        (ATTESTED, github(SCANNER), "attestations.vuln"),
    ],
)
def test_a_doubtful_rejection_of_a_named_signer_is_not_absence(
    text: str, who: Identity, check: str, doubt: Doubt, word: str
) -> None:
    """Rules 6 and 28: 4, never 1."""
    judgement = judge(text, rejected(doubt, stated=who))
    assert judgement.exit_code == EXIT_STUCK
    assert word in judgement.found(check)
    assert judge(text, rejected(stated=who)).exit_code == EXIT_FAIL


@pytest.mark.parametrize("doubt", list(Doubt))
def test_a_doubt_about_a_signer_who_needs_no_builder_entry_counts_too(doubt: Doubt) -> None:
    """Rules 6, 11 and 28: `provenance.signers` are signers that the rule names."""
    text = PROVENANCE_POLICY.replace('builders = ["release"]\nlevel = 3', 'signers = ["scanner"]\nlevel = 1')
    assert judge(text, rejected(doubt, stated=github(SCANNER))).exit_code == EXIT_STUCK
    assert judge(text, rejected(doubt)).exit_code == EXIT_FAIL


@pytest.mark.parametrize(("doubt", "_word"), DOUBTED)
@pytest.mark.parametrize(
    "who",
    [stranger(), github(issuer="https://evil.example"), plain("ada@acme.com"), github("HTTPS://github.com/acme/api")],
)
def test_a_doubtful_rejection_of_anyone_else_is_nothing(who: Identity, doubt: Doubt, _word: str) -> None:
    """Rules 6 and 28: nobody else can keep an answer from being given, or from being a fail."""
    item = rejected(doubt, stated=who)
    for text in (SIGNATURE_POLICY, PROVENANCE_POLICY, AGENTS_POLICY, ATTESTED):
        assert judge(text, item).exit_code == EXIT_FAIL
    assert judge(EVERYTHING, *COMPLETE, item).exit_code == EXIT_PASS


def test_a_rejection_that_names_nobody_is_nothing() -> None:
    """Rule 28."""
    for doubt in set(Doubt) - {Doubt.INTERNAL}:
        nameless = replace(rejected(doubt), stated=None)
        assert judge(SIGNATURE_POLICY, nameless).exit_code == EXIT_FAIL
        assert judge(EVERYTHING, *COMPLETE, nameless).exit_code == EXIT_PASS


def test_a_candidate_that_gate_broke_over_before_it_knew_whose_it_is_may_be_anybodys() -> None:
    """Section 2: an internal error is 4, never 1; and junk that causes one turns no pass."""
    nameless = replace(rejected(Doubt.INTERNAL), stated=None)
    assert judge(SIGNATURE_POLICY, nameless).exit_code == EXIT_STUCK
    assert judge(EVERYTHING, *COMPLETE, nameless).exit_code == EXIT_PASS


@pytest.mark.parametrize("who", [github(), github(SCANNER), plain("agents@platform.test")])
def test_a_stale_rejection_by_an_unknown_authority_never_turns_a_pass(who: Identity) -> None:
    """Rule 28: who it says that it is from was not verified, so anyone can write it."""
    assert judge(EVERYTHING, *COMPLETE, rejected(Doubt.STALE, stated=who)).exit_code == EXIT_PASS


@pytest.mark.parametrize("doubt", [Doubt.CLOCK, Doubt.UNREADABLE, Doubt.STALE])
def test_an_authentic_statement_that_was_not_read_turns_what_more_evidence_could_turn(doubt: Doubt) -> None:
    """Rules 6 and 27: its signature verified for a named signer, so what it says could deny."""

    def unread(stated: Identity | None = None) -> Rejected:
        return replace(rejected(doubt, stated=stated), authentic=True)

    assert judge(SIGNATURE_POLICY, signature(), unread()).exit_code == EXIT_PASS
    assert judge(PROVENANCE_POLICY, provenance(), unread()).exit_code == EXIT_PASS
    assert judge(AGENTS_POLICY, provenance(), unread()).exit_code == EXIT_STUCK
    assert judge(ATTESTED, attestation(), unread(github(SCANNER))).exit_code == EXIT_STUCK
    assert judge(ATTESTED, attestation(), unread()).exit_code == EXIT_PASS
    for who in (plain("agents@platform.test"), github(SCANNER)):
        text = AGENTS_POLICY + 'signers = ["scanner"]\n'
        assert judge(text, provenance(), unread(who)).exit_code == EXIT_STUCK


def test_a_doubt_in_a_root_is_one_about_the_signers_of_that_root() -> None:
    """Rules 2 and 28: what another root verifies, or rejects for good, is no answer for them."""

    def stale(root: str) -> Rejected:
        return replace(rejected(Doubt.STALE, stated=github(SCANNER)), authentic=True, root=root)

    two = '[trust]\nroots = ["public-good", "own.json"]\n[signers.release]'
    text = ATTESTED.replace("[signers.release]", two).replace("issuer =", 'root = "own.json"\nissuer =')
    assert judge(text, stale("own.json")).exit_code == EXIT_STUCK
    assert judge(text, stale("public-good")).exit_code == EXIT_FAIL
    elsewhere = verified(VULN, signer=github(SCANNER), digest=stale("").digest)
    assert judge(text, elsewhere, stale("own.json")).exit_code == EXIT_STUCK
    good = verified(VULN, signer=github(SCANNER), root="own.json")
    assert judge(text, good).exit_code == EXIT_PASS
    assert judge(text, good, stale("public-good")).exit_code == EXIT_PASS
    assert judge(text, good, elsewhere, stale("own.json")).exit_code == EXIT_STUCK, "it may be the scan that fails"


def test_a_doubt_and_a_failed_place_are_both_said() -> None:
    """Rule 26: 4 over 3."""
    judgement = judge(SIGNATURE_POLICY, rejected(Doubt.STALE), gaps=(LATER,))
    assert judgement.exit_code == EXIT_STUCK
    assert judgement.results[0].remedy == STALE_ROOT, "what a retry does not help comes first"
    assert "did not answer" in judgement.found("signature")
    assert "trust.stale" in judgement.found("signature")


@pytest.mark.parametrize(("doubt", "remedy"), [(Doubt.STALE, STALE_ROOT), (Doubt.CLOCK, WRONG_CLOCK)])
def test_a_doubt_says_what_to_do_about_it_and_a_reason_of_several_once(doubt: Doubt, remedy: str) -> None:
    first = rejected(doubt)
    other, third, *rest = (replace(first, digest=Digest("sha256", letter * 64)) for letter in "dcba")
    result = judge(SIGNATURE_POLICY, first, other).results[0]
    assert result.remedy == remedy
    said, _, found_so_far = result.found.partition(" (found so far: ")
    assert said.endswith(f": it does not hold ({first.digest}; {other.digest})")
    assert found_so_far.count("it does not hold") == 1
    many = judge(SIGNATURE_POLICY, first, other, third, *rest).found("signature")
    assert f"({first.digest}; {other.digest}; {third.digest}; and 2 more)" in many


def test_now_is_an_argument() -> None:
    """Section 6: replay judges at another time by saying which."""
    text = SIGNATURE_POLICY + 'max-age = "1d"\n'
    item = signature(signed_at=NOW)
    assert judge(text, item, now=NOW).exit_code == EXIT_PASS
    assert judge(text, item, now=NOW + 86400 * SECOND).exit_code == EXIT_PASS
    assert judge(text, item, now=NOW + 86401 * SECOND).exit_code == EXIT_FAIL
