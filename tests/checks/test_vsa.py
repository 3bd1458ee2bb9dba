"""`provenance.vsa`: a verification summary gives the level, and nothing else, if all that SLSA asks of it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.claims.vsa import VSA_V1
from gate.errors import InvalidPolicy
from gate.verdict import EXIT_STUCK
from gate.verification.evidence import Doubt
from tests.evidence import (
    BUILDER,
    DAY,
    GOOGLE,
    IMAGE,
    MAIN,
    NOW,
    REPOSITORY,
    RULE,
    SIGNERS,
    STRANGER,
    failed,
    judge,
    keyed,
    loads,
    passes,
    plain,
    policy,
    predicate_v1,
    provenance,
    rejected,
    signature,
    stranger,
    verified,
)

if TYPE_CHECKING:
    from datetime import datetime

    from gate.verification import Identity, Verified
    from tests.evidence import Object

VERIFIER = "https://verifier.acme.com"
NAME = "ghcr.io/acme/api"
LOW = BUILDER.replace("level = 3", "level = 1")
PLATFORM = plain("agents@platform.test")
LEVEL = "provenance.level"


def pair(verifier: str = f'"{VERIFIER}"', signer: str = "platform", level: int = 3, resource: str = "") -> str:
    also = f", resource = {resource}" if resource else ""
    return f'{{ verifier = {verifier}, signer = "{signer}", level = {level}{also} }}'


def under(*pairs: str, level: int = 3, who: str = 'builders = ["release"]', more: str = "") -> str:
    section = f'\n[rules.provenance]\n{who}\nlevel = {level}\nsource = ["{REPOSITORY}"]\nrefs = ["{MAIN}"]\n'
    return SIGNERS + LOW + RULE + section + f"vsa = [{', '.join(pairs or (pair(),))}]\n{more}"


def summary(**changes: object) -> Object:
    """A summary of all that SLSA asks for; None leaves a field out."""
    whole: Object = {
        "verifier": {"id": VERIFIER},
        "timeVerified": "2026-11-20T12:00:00Z",
        "resourceUri": NAME,
        "policy": {"uri": "https://acme.com/policy", "digest": {"sha256": "7" * 64}},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def vsa(
    predicate: Object | None = None,
    *,
    signer: Identity = PLATFORM,
    predicate_type: str = VSA_V1,
    signed_at: datetime = NOW - DAY,
) -> Verified:
    return verified(predicate_type, summary() if predicate is None else predicate, signer=signer, signed_at=signed_at)


def test_a_summary_gives_the_level_that_the_builder_does_not() -> None:
    """SLSA-22: Rule 13."""
    assert failed(under(), provenance()) == (LEVEL,)
    assert passes(under(), provenance(), vsa())
    result = next(item for item in judge(under(), provenance(), vsa()).results if item.check == LEVEL)
    assert result.found == f"level 1 ([builders.release] level 1); a verification summary by '{VERIFIER}' says level 3"
    assert vsa().digest in result.evidence


@pytest.mark.parametrize(("wanted", "says", "named"), [(1, 3, False), (2, 2, True), (2, 1, False), (3, 3, True)])
def test_a_summary_is_named_as_evidence_where_it_is_what_gives_the_level(wanted: int, says: int, named: bool) -> None:
    item = vsa(summary(verifiedLevels=[f"SLSA_BUILD_LEVEL_{says}"]))
    result = next(item for item in judge(under(level=wanted), provenance(), item).results if item.check == LEVEL)
    assert (item.digest in result.evidence) is named


def test_a_summary_gives_nothing_but_the_level() -> None:
    """Rule 13: without provenance of an accepted builder, source and ref there is nothing that it could raise."""
    assert failed(under(), vsa()) == ("provenance",)
    assert failed(under(), vsa(), signature()) == ("provenance",)
    elsewhere = provenance(predicate_v1(ref="refs/heads/x"), signer=plain("x"))
    assert failed(under(), vsa(), elsewhere) == ("provenance",)
    theirs = under().replace(f'source = ["{REPOSITORY}"]', 'source = ["https://github.com/acme/web"]')
    assert failed(theirs, vsa(), provenance()) == ("provenance.source",)
    signed = SIGNERS + RULE + '\n[rules.signature]\nsigners = ["platform"]\n'
    assert failed(signed, vsa()) == ("signature",)
    assert failed(SIGNERS + LOW + RULE + under().partition(RULE)[2].partition("vsa =")[0], vsa(), provenance()) == (
        LEVEL,
    )


def test_of_two_summaries_that_say_the_same_the_first_is_named() -> None:
    first, second = vsa(), vsa(signed_at=NOW - 2 * DAY)
    result = next(item for item in judge(under(), provenance(), first, second).results if item.check == LEVEL)
    assert set(result.evidence) == {provenance().digest, first.digest}


def test_up_to_three_summaries_that_do_not_count_are_shown_and_the_rest_is_counted() -> None:
    def said(count: int) -> str:
        wrong = [vsa(summary(resourceUri=f"ghcr.io/acme/{name}")) for name in "abcde"[:count]]
        return judge(under(), provenance(), *wrong).found(LEVEL)

    each = [
        f"the verification summary of '{VERIFIER}' does not count: its resourceUri is 'ghcr.io/acme/{x}'" for x in "abc"
    ]
    shown = f"level 1 ([builders.release] level 1); {'; '.join(each)}"
    assert said(3) == shown
    assert said(4) == f"{shown}; and 1 more"
    assert said(5) == f"{shown}; and 2 more"


def test_what_is_no_named_signers_summary_is_not_even_said_to_lack_something() -> None:
    """Anybody can attach one: what it says is of no use to whoever reads the message."""
    alone = judge(under(), provenance()).found(LEVEL)
    assert judge(under(), provenance(), vsa(signer=stranger())).found(LEVEL) == alone
    other = vsa(summary(verifier={"id": "https://other.test"}))
    assert "no pair of the policy has this verifier" in judge(under(), provenance(), other).found(LEVEL)


WRONG: dict[str, Object] = {
    "no verifier": summary(verifier=None),
    "a verifier without id": summary(verifier={}),
    "a verifier of another type": summary(verifier=VERIFIER),
    "another verifier": summary(verifier={"id": f"{VERIFIER}.evil.example"}),
    "no resource": summary(resourceUri=None),
    "another image": summary(resourceUri="ghcr.io/acme/web"),
    "an image below it": summary(resourceUri=f"{NAME}/x"),
    "a scheme inside of the name": summary(resourceUri=NAME.replace("/", "/oci://", 1)),
    "the image on another host": summary(resourceUri="docker.io/acme/api"),
    "another digest of the image": summary(resourceUri=f"{NAME}@sha256:{'b' * 64}"),
    "a resource of another type": summary(resourceUri=[NAME]),
    "a failed result": summary(verificationResult="FAILED"),
    "a result in lower case": summary(verificationResult="passed"),
    "no result": summary(verificationResult=None),
    "a true result": summary(verificationResult=True),
    "no levels": summary(verifiedLevels=None),
    "empty levels": summary(verifiedLevels=[]),
    "a lower level": summary(verifiedLevels=["SLSA_BUILD_LEVEL_2"]),
    "a level of the source": summary(verifiedLevels=["SLSA_SOURCE_LEVEL_3"]),
    "an unevaluated level": summary(verifiedLevels=["SLSA_BUILD_LEVEL_UNEVALUATED"]),
    "a failed level": summary(verifiedLevels=["FAILED"]),
    "a level that there is not": summary(verifiedLevels=["SLSA_BUILD_LEVEL_4"]),
    "a level of nobody's": summary(verifiedLevels=["SLSA_BUILD_LEVEL_3_5"]),
    "a level in lower case": summary(verifiedLevels=["slsa_build_level_3"]),
    "a level as a number": summary(verifiedLevels=[3]),
    "levels that are a text": summary(verifiedLevels="SLSA_BUILD_LEVEL_3"),
    "two levels of one track": summary(verifiedLevels=["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_2"]),
    "an organisation's property": summary(verifiedLevels=["ORG_SLSA_BUILD_LEVEL_3"]),
    "no policy": summary(policy=None),
    "a policy without uri": summary(policy={"digest": {"sha256": "7" * 64}}),
    "nothing at all": {},
}


@pytest.mark.parametrize("predicate", WRONG.values(), ids=WRONG)
def test_a_summary_that_lacks_one_thing_counts_for_nothing(predicate: Object) -> None:
    """SLSA-19: SLSA, VSA, "How to verify": each of its steps is a MUST."""
    assert failed(under(), provenance(), vsa(predicate)) == (LEVEL,)


@pytest.mark.parametrize(
    "predicate_type",
    [f"{VSA_V1}/", VSA_V1.replace("v1", "v0.2"), VSA_V1.replace("v1", "v1.1"), VSA_V1.upper(), "https://slsa.dev/provenance/v1"],
)  # fmt: skip
def test_a_summary_is_of_one_predicate_type(predicate_type: str) -> None:
    """SLSA-18: SLSA, VSA, "How to verify", step 3: byte for byte."""
    assert failed(under(), provenance(), vsa(predicate_type=predicate_type))


@pytest.mark.parametrize(
    "levels",
    [["SLSA_BUILD_LEVEL_3"], ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"], 2 * ["SLSA_BUILD_LEVEL_3"],
     ["ORG_SOURCE_STATIC_ANALYSIS", "SLSA_BUILD_LEVEL_3", "SLSA_OTHER"]],
)  # fmt: skip
def test_each_track_has_its_own_level(levels: list[str]) -> None:
    """SLSA-23: SlsaResult: a higher level implies the lower ones of its track; what is not known is not looked at."""
    assert passes(under(level=2), provenance(), vsa(summary(verifiedLevels=levels)))


@pytest.mark.parametrize(
    "resource",
    [NAME, f"{NAME}:1.0", f"{NAME}@{IMAGE}", f"oci://{NAME}", f"docker://{NAME}:1.0", f"https://{NAME}@{IMAGE}",
     "GHCR.io/acme/api", f"pkg:oci/api?repository_url={NAME}", f"pkg:oci/api@{IMAGE}?repository_url={NAME}&tag=1.0",
     f"pkg:oci/api@sha256%3A{IMAGE.hex}?tag=1.0&repository_url={NAME}"],
)  # fmt: skip
def test_the_images_own_name_is_the_resource(resource: str) -> None:
    """SLSA-20."""
    assert passes(under(), provenance(), vsa(summary(resourceUri=resource)))


@pytest.mark.parametrize(
    "resource",
    [f"http://{NAME}", f"oci://oci://{NAME}", f"git+https://{NAME}", f" {NAME}", f"{NAME} ", f"{NAME}?x", f"{NAME}#x",
     "ghcr.io/acme/oci://api", "ghcr.io/https://acme/api",
     f"{NAME}/", f"https://{NAME}/", f"//{NAME}", "oci:build", "file:api", "", "api",
     f"pkg:oci/api@sha256:{'b' * 64}?repository_url={NAME}", f"pkg:oci/web?repository_url={NAME}",
     "pkg:oci/api?repository_url=ghcr.io/mallory/api", f"pkg:oci/api?repository_url={NAME}&repository_url={NAME}",
     "pkg:oci/api", f"pkg:docker/api?repository_url={NAME}", "pkg:oci/api?repository_url=ghcr.io/acme/api/../web"],
)  # fmt: skip
def test_what_is_not_read_as_the_images_name_is_another_resource(resource: str) -> None:
    """SLSA-20."""
    assert failed(under(), provenance(), vsa(summary(resourceUri=resource))) == (LEVEL,)


def test_the_policy_may_say_which_resource_it_is() -> None:
    """Then the image's own name is none."""
    text = under(pair(resource='["https://acme.com/api", { glob = "https://acme.com/api/*" }]'))
    for resource in ("https://acme.com/api", "https://acme.com/api/1.0"):
        assert passes(text, provenance(), vsa(summary(resourceUri=resource)))
    for resource in (NAME, "https://acme.com/web", "https://acme.com/api/..", "https://acme.com/api/1/2"):
        assert failed(text, provenance(), vsa(summary(resourceUri=resource))) == (LEVEL,)


def test_a_resource_may_be_bound_to_the_images_name() -> None:
    text = under(pair(resource='["https://acme.com/{repo}"]')).replace("ghcr.io/acme/**", "ghcr.io/acme/{repo}")
    assert passes(text, provenance(), vsa(summary(resourceUri="https://acme.com/api")))
    for other in ("https://acme.com/web", "https://acme.com/{repo}"):
        assert failed(text, provenance(), vsa(summary(resourceUri=other))) == (LEVEL,)
    with pytest.raises(InvalidPolicy, match="the images of this rule do not"):
        policy(under(pair(resource='["https://acme.com/{repo}"]')))


def test_verifier_and_signer_are_a_pair() -> None:
    """SLSA-4: SLSA, VSA, "verifier": a trusted signer does not vouch for an arbitrary verifier.id. MUST."""
    other = "https://other.example"
    text = under(pair(), pair(f'"{other}"', signer="people"))
    ada = plain("ada@acme.com")
    assert passes(text, provenance(), vsa())
    assert passes(text, provenance(), vsa(summary(verifier={"id": other}), signer=ada))
    assert failed(text, provenance(), vsa(signer=ada)) == (LEVEL,)
    assert failed(text, provenance(), vsa(summary(verifier={"id": other}))) == (LEVEL,)
    for signer in (
        plain("agents@platform.test", issuer=f"{GOOGLE}.evil.example"),
        plain("x@platform.test"),
        plain(STRANGER),
    ):
        assert failed(text, provenance(), vsa(signer=signer)) == (LEVEL,)


def test_of_several_pairs_only_those_of_its_resource_count() -> None:
    """As builders do: an entry that does not match says nothing, and of those that do the lowest holds."""
    acme, other = '["https://acme.com/api"]', '["https://other.example/api"]'
    at = vsa(summary(resourceUri="https://acme.com/api"))
    assert passes(under(pair(resource=acme), pair(resource=other, level=1)), provenance(), at)
    assert failed(under(pair(resource=acme), pair(resource=acme, level=1)), provenance(), at) == (LEVEL,)
    assert failed(under(pair(resource=other)), provenance(), at) == (LEVEL,)


def test_what_a_summary_leaves_out_matches_no_pattern() -> None:
    """SLSA requires the fields: a pattern for anything does not make one up."""
    anything = "{ regex = '.*' }"
    text = under(pair(anything, resource=f"[{anything}]"))
    assert passes(text, provenance(), vsa(summary(verifier={"id": "x"}, resourceUri="y")))
    for predicate in (summary(verifier=None), summary(verifier={"id": ""}), summary(resourceUri=None)):
        assert failed(text, provenance(), vsa(predicate)) == (LEVEL,)


def test_a_path_is_no_resource() -> None:
    """Of a local image without a name only what the policy lists may be the resource."""
    text = under().replace("ghcr.io/acme/**", "oci:build")
    evidence = (provenance(), vsa(summary(resourceUri="oci:build")))
    assert judge(text, *evidence, reference="oci:build").failed == (LEVEL,)
    listed = under(pair(resource='["oci:build"]')).replace("ghcr.io/acme/**", "oci:build")
    assert judge(listed, *evidence, reference="oci:build").exit_code == 0


def test_a_pair_is_worth_what_the_policy_says() -> None:
    """SLSA-25: Rule 13, "Verifying source, step 1": the summary's own word is capped."""
    assert failed(under(pair(level=2)), provenance(), vsa()) == (LEVEL,)
    assert passes(under(pair(level=2), level=2), provenance(), vsa())
    assert failed(under(pair(), pair(level=1)), provenance(), vsa()) == (LEVEL,), "the lowest of several holds"
    assert passes(under(pair(), pair('"https://other.example"', level=1)), provenance(), vsa())


def test_no_two_summaries_make_one() -> None:
    """Each is judged by itself; a bad one beside a good one changes nothing (rule 27)."""
    bad = [vsa(predicate) for predicate in WRONG.values()]
    assert failed(under(), provenance(), *bad) == (LEVEL,)
    assert passes(under(), provenance(), *bad, vsa())
    assert passes(under(), vsa(), provenance(), *reversed(bad))


def test_a_summary_is_no_older_than_the_provenance_may_be() -> None:
    text = under(more='max-age = "3d"\n')
    assert passes(text, provenance(), vsa(signed_at=NOW - 2 * DAY))
    assert failed(text, provenance(), vsa(signed_at=NOW - 4 * DAY)) == (LEVEL,)


def test_a_summary_of_a_key_is_as_any_other() -> None:
    """SLSA-16: Only who signed differs: a key that no pair names signs for nobody."""
    assert failed(under(), provenance(), keyed(vsa(), "0" * 64)) == (LEVEL,)


def test_a_summary_that_could_not_be_looked_at_leaves_the_level_open() -> None:
    """SLSA-16: Rules 6, 27 and 28: "too low" is no answer then."""
    text = under()
    for doubt in (Doubt.STALE, Doubt.CLOCK, Doubt.UNREADABLE):
        judgement = judge(text, provenance(), rejected(doubt, stated=PLATFORM))
        assert (judgement.failed, judgement.undecided, judgement.exit_code) == ((), (LEVEL,), EXIT_STUCK)
        assert passes(text, provenance(), rejected(doubt, stated=PLATFORM), vsa())
    assert judge(text, provenance(), rejected(Doubt.STALE, stated=plain("x"))).failed == (LEVEL,)


def test_why_a_summary_does_not_count_is_said() -> None:
    """SLSA-21."""
    found = judge(under(), provenance(), vsa(summary(verificationResult="FAILED"))).found(LEVEL)
    assert found.endswith(
        f"the verification summary of '{VERIFIER}' does not count: its verificationResult is 'FAILED'"
    )
    found = judge(under(), provenance(), vsa(summary(resourceUri="ghcr.io/acme/web"))).found(LEVEL)
    assert found.endswith("does not count: its resourceUri is 'ghcr.io/acme/web'")
    found = judge(under(), provenance(), vsa(summary(verifiedLevels=["SLSA_SOURCE_LEVEL_3"]))).found(LEVEL)
    assert found.endswith("does not count: its verifiedLevels name no level of the build track")
    found = judge(under(), provenance(), vsa(summary(verifier={"id": "x"}))).found(LEVEL)
    assert found.endswith("does not count: no pair of the policy has this verifier and this signer")
    many = [vsa(summary(resourceUri=f"https://x/{number}")) for number in range(5)]
    assert judge(under(), provenance(), *many).found(LEVEL).endswith("; and 2 more")


@pytest.mark.parametrize("field", ["inputAttestations", "dependencyLevels", "slsaVersion", "acme_extension"])
@pytest.mark.parametrize("value", [None, {}, [], {"SLSA_BUILD_LEVEL_3": 9}, "SLSA_BUILD_LEVEL_3"])
def test_a_summary_says_no_more_of_its_inputs_than_it_says(field: str, value: object) -> None:
    """SLSA-24: What it lists beside its own level gives none and takes none; its policy is needed (`WRONG`)."""
    low = summary(verifiedLevels=["SLSA_BUILD_LEVEL_1"])
    assert passes(under(), provenance(), vsa({**summary(), field: value}))
    assert failed(under(), provenance(), vsa({**low, field: value})) == (LEVEL,)


def test_a_denied_signers_summary_is_none() -> None:
    deny = '\n[[deny]]\nsigners = ["platform"]\nreason = "key lost"\n'
    assert failed(under() + deny, provenance(), vsa()) == (LEVEL,)


@pytest.mark.parametrize(
    "value",
    ["[]", "{}", '["x"]', f'[{{ verifier = "{VERIFIER}", level = 3 }}]',
     f'[{{ verifier = "{VERIFIER}", signer = "platform" }}]',
     '[{ signer = "platform", level = 3 }]', f"[{pair(level=4)}]", f"[{pair(level=0)}]", f"[{pair(signer='nobody')}]",
     f"[{pair(resource='[]')}]", f"[{pair(resource=chr(34) + 'any' + chr(34))}]", f"[{pair(verifier='1')}]"],
)  # fmt: skip
def test_what_is_no_pair_is_invalid(value: str) -> None:
    with pytest.raises(InvalidPolicy):
        policy(under().replace(f"vsa = [{pair()}]", f"vsa = {value}"))
    assert loads(under())


def test_a_level_that_only_a_pair_is_worth_is_no_warning() -> None:
    assert not any("is above" in warning.text for warning in policy(under()).warnings)
    assert any("is above" in warning.text for warning in policy(under(pair(level=2))).warnings)
