"""What each check says, word for word: what it expected, what it found, and what to do, for whoever reads it at night.

A result's words are decided by conditions of their own, so that a wrong one misleads without changing a verdict.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.reference import Digest
from gate.verdict import Outcome
from tests.evidence import (
    AGENT,
    AGENTS_POLICY,
    BUILDER,
    DAY,
    EARLIER,
    GITHUB,
    HEAD,
    MAIN,
    MODEL,
    NOW,
    OTHER,
    PROVEN,
    PROVENANCE_POLICY,
    REPOSITORY,
    RULE,
    SCANNER,
    SIGNATURE_POLICY,
    SIGNED,
    SIGNERS,
    SLSA_V1,
    STRANGER,
    WORKFLOW,
    attestation,
    claim,
    claimed,
    dependency,
    github,
    human,
    judge,
    message,
    plain,
    predicate_v1,
    provenance,
    rejected,
    signature,
    stranger,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gate.verdict import Result
    from gate.verification import Evidence

OLD = NOW - 4 * DAY
ADA, BOB = plain("ada@acme.com"), plain("bob@acme.com")
TWO = f'{SIGNERS}{RULE}[rules.signature]\nsigners = ["release", "people"]\nthreshold = 2\nmax-age = "3d"\n'
SCAN = f'{SIGNERS}{RULE}[[rules.attestations]]\ntype = "vuln"\nsigners = ["scanner", "people"]\n'
DENIED = '\n[[deny]]\nsigners = ["release"]\nreason = "stolen"\n'
OTHERWISE = rejected(reason="odd")
AGED_SCAN = f'{SCAN}max-age = "3d"\n'
BUILT = SIGNERS + BUILDER + RULE + PROVEN.replace("level = 3", 'level = 3\nsigners = ["people"]\nmax-age = "3d"')

Words = tuple[str, str, str]


def _result(text: str, check: str, *evidence: Evidence, folder: Path | None = None) -> Result:
    return next(item for item in judge(text, *evidence, folder=folder).results if item.check == check)


def _words(text: str, check: str, *evidence: Evidence, folder: Path | None = None) -> Words:
    """What a check expected, found and advises."""
    result = _result(text, check, *evidence, folder=folder)
    return result.expected, result.found, result.remedy


# --- signature

SIGN_AGAIN_SO = (
    "sign it again, with a key of the policy or a Sigstore instance whose trust root it names: nothing that is "
    "attached verifies"
)
UNDENIED = (
    "image: build it again and have it signed by whom no [[deny]] names; policy: take that [[deny]] out, which lets in "
    "everything that it denies"
)
SIGN_IT = "sign it (cosign sign) in the job that builds it, or check that the signature was pushed to this registry"
NAME_IT = "sign it with an identity that the rule names, or name this one under [signers] if you trust it"
NOT_RELEASE = f"signed by '{STRANGER}', which is not release: its identity must be '{WORKFLOW}'"
NO_STATEMENT = (
    'image: sign it (cosign sign); policy: accept = ["statement"] for that signer, which lets in whatever it ever '
    "attested of an image, a failed scan too"
)
SIGN_AGAIN = "image: sign it again; policy: raise signature.max-age, which lets in all older signatures too"


def _stranger_instead_of(wanted: str) -> str:
    return (
        f"image: sign it by '{wanted}'; policy: add '{STRANGER}' as a signer of its own, if you trust it, which lets "
        "in whoever controls https://github.com/mallory/api"
    )


ELSEWHERE = "its issuer is 'https://accounts.google.com', not 'https://token.actions.githubusercontent.com'"
OF_GITHUB = "its issuer is 'https://token.actions.githubusercontent.com', not 'https://accounts.google.com'"
TWO_OF = "signatures by 2 different principals among release, people, at most 3d old"
VULN_SIGNED = "signed 'https://cosign.sigstore.dev/attestation/vuln/v1', which its entry does not accept as a signature"


def _not_release(name: str) -> str:
    return f"signed by '{name}', which is not release: {ELSEWHERE}"


@pytest.mark.parametrize(
    ("evidence", "found", "remedy"),
    [
        ([signature()], WORKFLOW, ""),
        ([], "no signature: nothing is attached", SIGN_IT),
        ([rejected(reason="odd")], "no signature; rejected: sigstore-bundle: odd", SIGN_AGAIN_SO),
        (
            [rejected(reason="odd"), rejected(stated=stranger(), reason="odd")],
            "no signature; rejected: sigstore-bundle: odd",
            SIGN_AGAIN_SO,
        ),
        (
            [rejected(reason=f"odd {number}") for number in range(5)],
            f"no signature; rejected: {'; '.join(f'sigstore-bundle: odd {number}' for number in range(3))}; and 2 more",
            SIGN_AGAIN_SO,
        ),
        ([attestation(signer=github())], f"'{WORKFLOW}' {VULN_SIGNED}", NO_STATEMENT),
        (
            [message()],
            f"'{WORKFLOW}' signed a message, which its entry does not accept as a signature",
            NO_STATEMENT,
        ),
        ([signature(stranger())], NOT_RELEASE, _stranger_instead_of(WORKFLOW)),
        (
            [signature(stranger()), signature(stranger(), signed_at=OLD)],
            NOT_RELEASE,
            _stranger_instead_of(WORKFLOW),
        ),
        (
            [signature(plain(f"{name}@x.com")) for name in "abc"],
            "; ".join(_not_release(f"{name}@x.com") for name in "abc"),
            NAME_IT,
        ),
        (
            [signature(plain(f"{name}@x.com")) for name in "abcd"],
            "; ".join(_not_release(f"{name}@x.com") for name in "abc") + "; and 1 more",
            NAME_IT,
        ),
        (
            [signature(plain(f"{name}@x.com")) for name in "abcde"],
            "; ".join(_not_release(f"{name}@x.com") for name in "abc") + "; and 2 more",
            NAME_IT,
        ),
    ],
)
def test_a_signature_says_who_signed_or_why_nobody_counts(evidence: list[Evidence], found: str, remedy: str) -> None:
    assert _words(SIGNATURE_POLICY, "signature", *evidence) == ("a signature by release", found, remedy)


@pytest.mark.parametrize("others", [(), (attestation(),), (OTHERWISE,)])
def test_a_signature_of_a_denied_signer_is_said_once_and_with_what_to_do_about_that(
    others: tuple[Evidence, ...],
) -> None:
    """Whatever else is attached: the remedy is the deny's, and not to sign what is signed."""
    denied = SIGNATURE_POLICY + DENIED
    _, found, remedy = _words(denied, "signature", signature(), *others)
    assert found.count("stolen") == 1
    assert f"signed by '{WORKFLOW}': the policy denies it: stolen" in found
    assert ("; no signature; rejected: sigstore-bundle: odd" in found) is (others == (OTHERWISE,))
    assert "nothing is attached" not in found
    assert remedy == UNDENIED


def test_a_denied_signature_by_someone_else_is_told_as_what_is_rejected() -> None:
    denied = f'{SIGNATURE_POLICY}\n[[deny]]\nsigners = [{{ identity = "{ADA.subject}" }}]\nreason = "left"\n'
    _, found, remedy = _words(denied, "signature", signature(ADA))
    assert found == "no signature; rejected: sigstore-bundle: the policy denies it: left"
    assert remedy == SIGN_AGAIN_SO


@pytest.mark.parametrize(
    ("evidence", "found", "remedy"),
    [
        ([signature(), signature(ADA)], f"{WORKFLOW}, ada@acme.com", ""),
        ([signature()], "1 of 2 principals", NAME_IT),
        (
            [signature(signed_at=OLD)],
            f"one by '{WORKFLOW}', of 2026-11-19T12:00:00Z: too old",
            SIGN_AGAIN,
        ),
        (
            [signature(), signature(ADA, signed_at=OLD), attestation(signer=BOB), signature(stranger())],
            (
                "1 of 2 principals; one by 'ada@acme.com', of 2026-11-19T12:00:00Z: too old; "
                f"'bob@acme.com' {VULN_SIGNED}; {NOT_RELEASE}; nor people: {OF_GITHUB}"
            ),
            SIGN_AGAIN,
        ),
    ],
)
def test_a_threshold_says_how_many_count_and_what_the_others_lack(
    evidence: list[Evidence], found: str, remedy: str
) -> None:
    assert _words(TWO, "signature", *evidence) == (TWO_OF, found, remedy)


ANCHORED = " (which matches a part of it: here a regular expression matches from end to end, so .* belongs around it)"


@pytest.mark.parametrize(
    ("issuer", "identity", "said"),
    [
        (f'"{GITHUB}"', "{ regex = 'github[.]com/mallory' }", ANCHORED),
        ("{ regex = 'https://accounts' }", "{ regex = 'x' }", ""),
        ("{ regex = 'actions[.]github' }", "{ regex = 'x' }", ANCHORED),
        (f'"{GITHUB}"', "{ regex = 'github[.]com/acme' }", ""),
    ],
)
def test_a_regular_expression_that_matches_a_part_is_told_from_one_that_matches_nothing(
    issuer: str, identity: str, said: str
) -> None:
    """Rule 7: cosign takes one for the other."""
    signer = f"version = 1\n[signers.release]\nissuer = {issuer}\nidentity = {identity}\n"
    _, found, _ = _words(signer + RULE + SIGNED, "signature", signature(stranger()))
    assert found.endswith(f"'{said}")


CASE = " (they differ in upper and lower case alone, which counts)"
SLASH = " (they differ by a slash at the end alone, which counts)"


@pytest.mark.parametrize(
    ("issuer", "identity", "said"),
    [
        (f'"{GITHUB}"', f'"{STRANGER.replace("mallory", "Mallory")}"', CASE),
        (f'"{GITHUB.replace("token", "Token")}"', f'"{STRANGER}"', CASE),
        (f'"{GITHUB}"', f'{{ glob = "{STRANGER.replace("mallory", "MALLORY")}*" }}', ""),
        (f'"{GITHUB}/"', f'"{STRANGER}"', SLASH),
        (f'"{GITHUB}"', f'"{STRANGER}/"', SLASH),
        (f'"{GITHUB.replace("token", "Token")}/"', f'"{STRANGER}"', ""),
    ],
)
def test_a_difference_that_the_eye_does_not_see_is_pointed_out(issuer: str, identity: str, said: str) -> None:
    signer = f"version = 1\n[signers.release]\nissuer = {issuer}\nidentity = {identity}\n"
    _, found, _ = _words(signer + RULE + SIGNED, "signature", signature(stranger()))
    assert found.endswith(f"'{said}")


# --- attestations

A_SCAN = "an attestation of type vuln by scanner or people"
ATTEST_IT = "attest it (cosign attest --type vuln) as a named signer"
NO_SCAN = "none of type 'https://cosign.sigstore.dev/attestation/vuln/v1'"


@pytest.mark.parametrize(
    ("evidence", "found", "remedy"),
    [
        ([attestation(), attestation(signer=ADA)], f"2 by ada@acme.com, {SCANNER}", ""),
        ([attestation(), attestation(signed_at=OLD)], f"2 by {SCANNER}", ""),
        ([], NO_SCAN, ATTEST_IT),
        (
            [attestation(SLSA_V1), signature(), message()],
            f"{NO_SCAN}; attested are 'https://sigstore.dev/cosign/sign/v1', 'https://slsa.dev/provenance/v1'",
            ATTEST_IT,
        ),
        (
            [attestation(signer=stranger())],
            (
                f"signed by '{STRANGER}', which is not scanner: its identity must be '{SCANNER}'; "
                f"nor people: {OF_GITHUB}"
            ),
            _stranger_instead_of(SCANNER),
        ),
    ],
)
def test_an_attestation_says_who_attested_or_what_there_was(evidence: list[Evidence], found: str, remedy: str) -> None:
    assert _words(SCAN, "attestations.vuln", *evidence) == (A_SCAN, found, remedy)


def test_an_attestation_by_a_denied_signer_is_not_told_as_one_that_is_not_there() -> None:
    denied = SCAN + DENIED.replace("release", "scanner")
    found = f"{NO_SCAN}; signed by '{SCANNER}': the policy denies it: stolen"
    assert _words(denied, "attestations.vuln", attestation(), attestation()) == (A_SCAN, found, UNDENIED)


def test_an_attestation_that_is_too_old_is_told_from_one_that_is_not_there() -> None:
    expected = f"{A_SCAN}, at most 3d old"
    assert _words(AGED_SCAN, "attestations.vuln") == (expected, NO_SCAN, ATTEST_IT)
    older = [attestation(signed_at=OLD - DAY), attestation(signed_at=OLD)]
    found = "the latest is of 2026-11-19T12:00:00Z: too old"
    assert _words(AGED_SCAN, "attestations.vuln", *older) == (
        expected,
        found,
        "image: attest it again; policy: raise max-age, which lets in what nobody has looked at for as long",
    )


def test_an_attestation_that_violates_its_schema_says_where(tmp_path: Path) -> None:
    (tmp_path / "clean.json").write_text('{"required": ["clean"]}', encoding="utf-8")
    text = SCAN + 'schema = "clean.json"\n'
    expected = f"{A_SCAN}, that satisfies {tmp_path / 'clean.json'}"
    clean, dirty = attestation(predicate={"clean": True}), attestation(predicate={})
    assert _words(text, "attestations.vuln", clean, folder=tmp_path) == (expected, f"1 by {SCANNER}", "")
    _, found, remedy = _words(text, "attestations.vuln", clean, dirty, folder=tmp_path)
    assert found.startswith(f"{dirty.digest}: ")
    assert "clean" in found
    assert str(clean.digest) not in found
    assert remedy == (
        "image: mend what the attestation reports and attest again; an older one counts until max-age; policy: a "
        "looser schema or where, which lets in every image that the same is said of"
    )


# --- provenance


def test_absent_provenance_says_what_there_is_of_whom() -> None:
    expected = "provenance by release or people"
    found = "no SLSA provenance (v1, v0.2 or v0.1) whose signature verifies for this image"
    remedy = "attest the build's provenance (cosign attest --type https://slsa.dev/provenance/v1) and push it"
    assert _words(BUILT, "provenance") == (expected, found, remedy)
    remedy = _stranger_instead_of(WORKFLOW)
    found = (
        f"provenance of builder '{WORKFLOW}'; signed by '{STRANGER}', which is not people: {OF_GITHUB}; "
        f"nor release: its identity must be '{WORKFLOW}'"
    )
    assert _words(BUILT, "provenance", provenance(signer=stranger())) == (expected, found, remedy)
    found = "provenance of builder 'no builder.id'"
    remedy = "build it on a builder that the rule names, and let its signer sign: one entry of [builders] has both"
    assert _words(BUILT, "provenance", provenance(predicate_v1(builder=""))) == (expected, found, remedy)


def test_where_a_denied_signer_may_have_attested_absent_provenance_says_who_signed() -> None:
    """What else was rejected beside it changes nothing of that; without a deny it is about provenance alone."""
    nothing = "no SLSA provenance (v1, v0.2 or v0.1) whose signature verifies for this image"
    denied = BUILT + DENIED
    for others in ((), (rejected(), signature(stranger()))):
        _, found, remedy = _words(denied, "provenance", provenance(), *others)
        assert remedy == UNDENIED
        assert f"signed by '{WORKFLOW}': the policy denies it: stolen" in found
        _, found, _ = _words(BUILT, "provenance", *others)
        assert found == nothing
    nobodys = denied.replace('["release"]\nreason', '["scanner"]\nreason')
    _, found, _ = _words(nobodys, "provenance", provenance(signer=github(SCANNER)))
    assert found == nothing


LEVEL = (
    "image: build it on a builder that the policy trusts for level 3; what it says of itself is no level; "
    "policy: level = 1, which lets in whatever those builders build"
)
OWN_RUNNER = LEVEL.replace("level = 1, which lets in whatever those builders build", "") + (
    '[builders.release] self-hosted = "allow", which lets in what any machine builds that somebody added as a runner'
)
SOURCE = "image: build it from a repository that provenance.source names; repositories are compared whole"
LETS_IN = "which lets in all that is built from it at an accepted ref"
REF = "image: build it from a ref that provenance.refs names"
COMMIT = "the provenance and its certificate must be of one and the same build"
APART = f"image: {COMMIT}; no policy allows less"
AGE = "image: build it again; policy: raise provenance.max-age, which lets in all older builds too"
UNCERTIFIED = github(repository=None, ref=None, commit=None)


@pytest.mark.parametrize(
    ("evidence", "aspect", "words"),
    [
        (
            provenance(predicate_v1(repository="https://github.com/o/r"), signer=UNCERTIFIED),
            "source",
            (
                REPOSITORY,
                "'https://github.com/o/r'",
                f"{SOURCE}; policy: name 'https://github.com/o/r' there, {LETS_IN}",
            ),
        ),
        (
            provenance(predicate_v1(ref="refs/heads/x"), signer=UNCERTIFIED),
            "ref",
            (
                MAIN,
                "'refs/heads/x'",
                f"{REF}; policy: name 'refs/heads/x' there, which lets in whatever is pushed to it",
            ),
        ),
        (provenance(), "builder", ("release", f"'{WORKFLOW}', which signed it", "")),
        (provenance(), "level", ("SLSA Build level 3", "level 3 ([builders.release] level 3)", "")),
        (provenance(), "source", (REPOSITORY, f"'{REPOSITORY}'", "")),
        (provenance(), "ref", (MAIN, f"'{MAIN}'", "")),
        (provenance(), "commit", ("one commit, the same in certificate and provenance", HEAD, "")),
        (provenance(), "age", ("at most 3d old", "signed at 2026-11-22T12:00:00Z", "")),
        (
            provenance(signer=ADA),
            "builder",
            ("any builder, by its signer, for level 1 at most", f"'{WORKFLOW}', signed by 'ada@acme.com'", ""),
        ),
        (provenance(signer=ADA), "level", ("SLSA Build level 3", "level 1 (no builder entry)", LEVEL)),
        (
            provenance(signer=github(runner="self-hosted")),
            "level",
            ("SLSA Build level 3", "level 1 ([builders.release] level 3, self-hosted runner)", OWN_RUNNER),
        ),
        (provenance(signed_at=OLD), "age", ("at most 3d old", "signed at 2026-11-19T12:00:00Z", AGE)),
        (
            provenance(predicate_v1(repository="https://github.com/o/r")),
            "source",
            (
                REPOSITORY,
                f"'{REPOSITORY}'; the certificate says '{REPOSITORY}', the provenance 'https://github.com/o/r'",
                APART,
            ),
        ),
        (
            provenance(predicate_v1(ref="refs/heads/x")),
            "ref",
            (MAIN, f"'{MAIN}'; the certificate says '{MAIN}', the provenance 'refs/heads/x'", APART),
        ),
        (
            provenance(predicate_v1(commit=OTHER)),
            "commit",
            (
                "one commit, the same in certificate and provenance",
                f"the certificate says '{HEAD}', the provenance '{OTHER}'",
                COMMIT,
            ),
        ),
        (
            provenance(predicate_v1(dependencies=[dependency(), dependency(commit=OTHER)]), signer=UNCERTIFIED),
            "commit",
            (
                "one commit, the same in certificate and provenance",
                "the provenance names 2 commits of its source",
                COMMIT,
            ),
        ),
        (
            provenance(predicate_v1(commit="1234"), signer=UNCERTIFIED),
            "commit",
            ("one commit, the same in certificate and provenance", "'1234', which is no whole commit", COMMIT),
        ),
        (
            provenance(predicate_v1(build_type="https://x", dependencies=[]), signer=UNCERTIFIED),
            "source",
            (REPOSITORY, "\"no source repository (build type 'https://x')\"", SOURCE),
        ),
        (
            provenance(predicate_v1(build_type="https://x", dependencies=[]), signer=UNCERTIFIED),
            "ref",
            (MAIN, "'no ref'", REF),
        ),
    ],
)
def test_each_aspect_of_provenance_says_what_it_found(evidence: Evidence, aspect: str, words: Words) -> None:
    assert _words(BUILT, f"provenance.{aspect}", evidence) == words


@pytest.mark.parametrize(
    ("level", "wanted", "half"),
    [
        (3, 3, '[builders.own] self-hosted = "allow"'),
        (2, 2, '[builders.own] self-hosted = "allow"'),
        (2, 3, "level = 1,"),
        (1, 3, "level = 1,"),
    ],
)
def test_a_runner_is_named_only_where_it_alone_makes_the_level_too_low(level: int, wanted: int, half: str) -> None:
    """And of several entries one that does not allow it yet."""
    allowed = BUILDER.replace("level = 3", 'level = 3\nself-hosted = "allow"')
    own = BUILDER.replace("[builders.release]", "[builders.own]").replace("level = 3", f"level = {level}")
    section = PROVEN.replace('["release"]', '["release", "own"]').replace("level = 3", f"level = {wanted}")
    text = SIGNERS + allowed + own + RULE + section
    result = _result(text, "provenance.level", provenance(signer=github(runner="self-hosted")))
    assert f"; policy: {half}" in result.remedy


def test_a_field_of_another_type_is_named() -> None:
    evidence = provenance(predicate_v1(dependencies=[dependency(uri=["x"])]))
    assert _words(BUILT, "provenance.commit", evidence)[1] == "in the provenance uri is a list"


def test_where_nobody_names_a_commit_none_is_judged() -> None:
    evidence = provenance(predicate_v1(dependencies=[]), signer=github(commit=None))
    assert "provenance.commit" not in judge(BUILT, evidence).outcomes


def test_a_source_or_ref_that_may_be_any_says_so() -> None:
    text = BUILT.replace(f'["{REPOSITORY}"]', '"any"').replace(f'["{MAIN}"]', '"any"')
    assert _words(text, "provenance.source", provenance())[0] == "any source repository"
    assert _words(text, "provenance.ref", provenance())[0] == "any ref"


def test_the_nearest_provenance_is_the_one_with_the_fewest_failures_and_among_equals_the_first_by_digest() -> None:
    near = provenance(signed_at=OLD, digest=Digest("sha256", "f" * 64))
    far = provenance(predicate_v1(ref="refs/heads/x", commit=OTHER), signed_at=OLD, digest=Digest("sha256", "0" * 64))
    for order in ((near, far), (far, near)):
        assert _result(BUILT, "provenance.age", *order).evidence == (near.digest,)
    equal = provenance(signed_at=OLD - timedelta(seconds=1))
    first = min(near.digest, equal.digest)
    for order in ((near, equal), (equal, near)):
        assert _result(BUILT, "provenance.age", *order).evidence == (first,)


# --- agents

CLAIMED = "1 of 1 commits claimed"
DROPPED = (
    "image: have the build write commits[] into resolvedDependencies (gate attest agents); note that cosign drops them "
    "under its short names: attest with --type https://slsa.dev/provenance/v1; "
    'policy: unclaimed = "allow", which lets in commits of which nobody says who wrote them'
)
OTHERS = (
    "image: claim the commit that is built, which need not be the branch's: a pull request is built from a merge "
    "commit (gate attest agents --range BASE..HEAD in the job that builds); "
    'policy: unclaimed = "allow", which lets in commits of which nobody says who wrote them'
)
TRUSTED_LESS = (
    'image: have the claim written or signed by whoever must vouch for it; policy: min-trust = "tenant", which takes '
    "the word of whoever controls the signer, or vouches-for of the builder's entry, if the builder itself fills that "
    "place"
)
OPEN = AGENTS_POLICY.replace("[rules.agents]", '[rules.agents]\nunclaimed = "allow"\ncoverage = "head"')
HEADS = "a claim, vouched for by builder or better, for the head and every listed commit"
SHORT = HEAD[:12]


@pytest.mark.parametrize(
    ("text", "evidence", "words"),
    [
        (AGENTS_POLICY, claimed(claim()), (HEADS, CLAIMED, "")),
        (AGENTS_POLICY, claimed(), (HEADS, f"0 of 1 commits claimed; unclaimed: {SHORT}", DROPPED)),
        (
            AGENTS_POLICY,
            claimed(claim(EARLIER)),
            (HEADS, f"1 of 2 commits claimed; unclaimed: {SHORT}", OTHERS),
        ),
        (
            AGENTS_POLICY.replace("[rules.agents]", '[rules.agents]\ncoverage = "head"'),
            claimed(claim(EARLIER), claim(OTHER)),
            (
                HEADS.replace("head and every listed", "head"),
                (
                    f"0 of 1 commits claimed; unclaimed: {SHORT}; claimed are {EARLIER[:12]}, {OTHER[:12]}; "
                    "commits before the head were not judged"
                ),
                OTHERS,
            ),
        ),
        (
            AGENTS_POLICY.replace('vouches-for = ["agents@resolvedDependencies", "agents@materials"]', ""),
            claimed(claim()),
            (
                HEADS,
                f"0 of 1 commits claimed; unclaimed: {SHORT} (claimed, but only the tenant vouches for it)",
                TRUSTED_LESS,
            ),
        ),
        (
            OPEN,
            claimed(),
            (
                'a claim, vouched for by builder or better, for the head commit (or none: unclaimed = "allow")',
                f"0 of 1 commits claimed; unclaimed: {SHORT}; commits before the head were not judged",
                "",
            ),
        ),
        (
            AGENTS_POLICY,
            provenance(predicate_v1(build_type="https://x", dependencies=[dependency(claim(OTHER))]),
                       signer=UNCERTIFIED),
            (
                HEADS,
                f"the provenance does not say which one commit it was built from; {CLAIMED}",
                "image: build it so that its provenance names one commit; no policy allows less",
            ),
        ),
    ],
)  # fmt: skip
def test_coverage_says_which_commits_lack_a_claim(text: str, evidence: Evidence, words: Words) -> None:
    assert _words(text, "agents.coverage", evidence) == words


@pytest.mark.parametrize(
    ("aspect", "entry", "found"),
    [
        ("authorship", human(), f"{SHORT} is by 'Ada Lovelace' (human)"),
        ("authorship", claim(authored_by="mixed"), f"{SHORT} is by '{AGENT}' with '{MODEL}' (mixed)"),
        ("allow", claim(author="x", model=None), f"{SHORT} is by 'x', no model named (autonomous_agent)"),
        ("allow", claim(author=None), f"{SHORT} is by nobody named with '{MODEL}' (autonomous_agent)"),
        ("models", claim(model="m"), f"{SHORT}: '{AGENT}' with 'm' (autonomous_agent)"),
        ("models", claim(model=None), f"{SHORT}: '{AGENT}', no model named (autonomous_agent)"),
        (
            "allow",
            claim(author=AGENT.upper()),
            (
                f"{SHORT} is by '{AGENT.upper()}' with '{MODEL}' (autonomous_agent), which differs from the id "
                f"'{AGENT}' in upper and lower case alone"
            ),
        ),
        ("authorship", human(None), "a commit without hash is by 'Ada Lovelace' (human)"),
    ],
)
def test_a_claim_that_fails_is_shown_with_its_author_model_and_kind(aspect: str, entry: object, found: str) -> None:
    result = _result(AGENTS_POLICY, f"agents.{aspect}", claimed(entry))
    assert (result.outcome, result.found) == (Outcome.FAIL, found)


def test_up_to_five_claims_are_shown_and_the_rest_is_counted() -> None:
    def shown(number: int) -> str:
        entries = [human(f"{item:040x}", author=f"p{item}") for item in range(1, number + 1)]
        return _words(AGENTS_POLICY, "agents.authorship", claimed(*entries))[1]

    five = ", ".join(f"000000000000 is by 'p{item}' (human)" for item in range(1, 6))
    assert shown(5) == five
    assert shown(6) == f"{five} and 1 more"
    assert shown(8) == f"{five} and 3 more"


def test_what_holds_of_every_claim_says_how_many_there_are_and_needs_no_remedy() -> None:
    for aspect, expected in (
        ("conflict", "no two claims about one commit that disagree"),
        ("claims", "claims in the documented form"),
        ("authorship", "commits by autonomous_agent"),
        ("allow", "agents among copilot, bots"),
        ("models", f"models as listed: copilot with {MODEL}; bots with any"),
    ):
        found = "none" if aspect == "conflict" else "2 of 2 claims"
        evidence = claimed(claim(), claim(EARLIER))
        assert _words(AGENTS_POLICY, f"agents.{aspect}", evidence) == (expected, found, "")


def test_any_agent_says_so_and_people_and_mixed_work_are_named_where_they_are_allowed() -> None:
    text = AGENTS_POLICY.replace('allow = ["copilot", "bots"]', 'allow = "any"\nhumans = "allow"\nmixed = "allow"')
    evidence = claimed(claim())
    assert _words(text, "agents.allow", evidence) == ("any agent", "1 of 1 claims", "")
    assert _words(text, "agents.models", evidence) == ("any model", "1 of 1 claims", "")
    assert _words(text, "agents.authorship", evidence)[0] == "commits by autonomous_agent or human or mixed"


def test_a_conflict_names_its_commits() -> None:
    found, remedy = _words(AGENTS_POLICY, "agents.conflict", claimed(claim(), human()))[1:]
    agents = f"'{AGENT}' with '{MODEL}' (autonomous_agent)"
    assert found == f"disagreeing claims about {SHORT}: {agents}, 'Ada Lovelace' (human)"
    several = claimed(claim(), *(human(author=f"p{number}") for number in range(6)))
    found = _words(AGENTS_POLICY, "agents.conflict", several)[1]
    people = ", ".join(f"'p{number}' (human)" for number in range(4))
    assert found == f"disagreeing claims about {SHORT}: {agents}, {people} and 2 more"
    unseen = claimed(claim(operator="a"), claim(operator="b"))
    found = _words(AGENTS_POLICY, "agents.conflict", unseen)[1]
    assert found == f"disagreeing claims about {SHORT}: {agents}, of which each says something else beside it"
    assert remedy == (
        "image: find out which of the two claims is true and attest again; "
        "policy: aliases, where two spellings mean one"
    )


def test_a_claim_that_cannot_be_read_is_named_by_its_place() -> None:
    found, remedy = _words(AGENTS_POLICY, "agents.claims", claimed(claim(), claim("12")))[1:]
    assert found.startswith("buildDefinition.resolvedDependencies[0].properties.commits[1]: ")
    assert remedy == "image: mend what writes the claims; no policy allows less"


def test_what_a_claim_says_is_shown_up_to_sixty_characters() -> None:
    for length, shown in ((58, f"'{'x' * 58}'"), (59, f"'{'x' * 56}...")):
        found = _words(AGENTS_POLICY, "agents.claims", claimed(claim("x" * length)))[1]
        assert f"its hash is {shown}, not 40" in found


# --- rules


def test_an_image_that_no_rule_matches_is_told_of_the_patterns() -> None:
    (result,) = judge(SIGNATURE_POLICY, reference="ghcr.io/other/api").results
    assert result.expected == "a rule for 'ghcr.io/other/api'"
    assert result.found == "no rule's images match it; they are ghcr.io/acme/**"
    assert result.remedy == "add a rule whose images match this name"
    (result,) = judge(SIGNATURE_POLICY, reference="oci:somewhere").results
    assert result.remedy == (
        "add a rule whose images match this name, or say with --as under which name it will be deployed"
    )
    (result,) = judge(SIGNATURE_POLICY, reference="oci:somewhere", asserted_name="ghcr.io/other/api").results
    assert result.remedy == "add a rule whose images match this name"


VSA = 'vsa = [{ verifier = "https://v", signer = "scanner", level = 2 }]\n'


def test_what_hangs_on_provenance_says_to_mend_that_first() -> None:
    first = "make the check provenance pass: this one needs it"
    assert _words(AGENTS_POLICY, "agents")[2] == first
    sourced = f"{PROVENANCE_POLICY}[rules.source]\nlevel = 2\n{VSA}"
    assert _words(sourced, "source")[2] == first


def test_another_builder_than_that_of_the_entry_is_held_against_the_entrys_id() -> None:
    text = BUILT.replace(f'id = "{WORKFLOW}"', 'id = { glob = "https://builder.test/*" }')
    assert "https://builder.test/*" in text
    remedy = _words(text, "provenance", provenance())[2]
    assert remedy.startswith(
        "image: build it on [builders.release], whose id is 'glob https://builder.test/*'; policy: "
    )
    own = text.replace('id = { glob = "https://builder.test/*" }', 'preset = "github-artifact-attestations"')
    own = own.replace("level = 3", "level = 2")
    remedy = _words(own, "provenance", provenance(predicate_v1(builder="https://builder.test/a")))[2]
    assert remedy.startswith("image: build it on [builders.release], whose id is its signer's own identity; policy: ")
