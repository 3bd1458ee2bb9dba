"""`[rules.source]`: a verification summary of the commit that the image was built from (SLSA's Source track)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate.checks.denies import without_denied
from gate.claims import read_claims
from gate.claims.vsa import VSA_V1
from gate.errors import InvalidPolicy
from gate.limits import Limits
from gate.verdict import EXIT_STUCK, Gap
from gate.verification import AboutSource, Subject
from gate.verification import evidence as rooms
from gate.verification.evidence import Doubt
from tests import forge, images
from tests.evidence import (
    BUILDER,
    DAY,
    HEAD,
    MAIN,
    NOW,
    OTHER,
    PROVEN,
    REPOSITORY,
    RULE,
    SIGNERS,
    dependency,
    failed,
    github,
    judge,
    loads,
    passes,
    plain,
    policy,
    predicate_v1,
    provenance,
    rejected,
    stranger,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from gate.verification import Identity, Verified
    from tests.conftest import Ran
    from tests.evidence import Object

VERIFIER = "https://source.acme.com"
PLATFORM = plain("agents@platform.test")
LEVEL = "source.level"


def pair(level: int = 3, *, verifier: str = VERIFIER, signer: str = "platform", resource: str = "") -> str:
    also = f", resource = {resource}" if resource else ""
    return f'{{ verifier = "{verifier}", signer = "{signer}", level = {level}{also} }}'


def under(level: int = 2, *pairs: str, more: str = "", proven: str = PROVEN) -> str:
    section = f"\n[rules.source]\nlevel = {level}\nvsa = [{', '.join(pairs or (pair(),))}]\n{more}"
    return SIGNERS + BUILDER + RULE + proven + section


def summary(**changes: object) -> Object:
    whole: Object = {
        "verifier": {"id": VERIFIER},
        "resourceUri": f"git+{REPOSITORY}",
        "policy": {"uri": "https://acme.com/source-policy"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_SOURCE_LEVEL_3"],
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def about(
    predicate: Object | None = None,
    *,
    digests: dict[str, str] | None = None,
    refs: object = (MAIN,),
    annotations: Object | None = None,
    signer: Identity = PLATFORM,
    signed_at: datetime = NOW - DAY,
) -> AboutSource:
    """A summary of a commit, as verification hands one on that came as a referrer of the image."""
    item = verified(VSA_V1, summary() if predicate is None else predicate, signer=signer, signed_at=signed_at)
    assert item.statement is not None
    stated = {"sourceRefs": list(refs)} if isinstance(refs, tuple) else {"sourceRefs": refs}
    subject = Subject(
        name="",
        uri="",
        digests=digests or {"gitCommit": HEAD},
        annotations=annotations if annotations is not None else stated,  # type: ignore[arg-type]
    )
    return AboutSource(
        digest=item.digest,
        layer=0,
        kind=item.kind,
        root=item.root,
        signer=item.signer,
        content=item.content,
        times=item.times,
        logs=item.logs,
        notes=(),
        annotations={},
        statement=rooms.Statement(
            version=item.statement.version,
            predicate_type=VSA_V1,
            payload=item.statement.payload,
            annotations={},
            subjects=(subject,),
        ),
        seal=rooms._SEAL,
    )


def test_a_summary_of_the_commit_gives_its_level() -> None:
    """SLSA-26, SLSA-32: Checklist 26 to 28: the commit of the verified provenance is what is looked up."""
    assert passes(under(), provenance(), about())
    assert failed(under(), provenance()) == (LEVEL,)
    assert failed(under(), about()) == ("provenance", "source")
    result = judge(under(), provenance(), about()).found(LEVEL)
    assert result == f"{HEAD[:12]}: a verification summary by '{VERIFIER}' says level 3"
    assert [item.remedy for item in judge(under(), provenance(), about()).results if item.check == LEVEL] == [""]
    assert judge(under(), provenance()).found(LEVEL) == f"{HEAD[:12]}: level 0, no summary about it by a named verifier"


@pytest.mark.parametrize(
    ("says", "worth", "wanted", "holds"),
    [(1, 4, 1, True), (1, 4, 2, False), (3, 2, 2, True), (3, 2, 3, False), (4, 4, 4, True), (3, 4, 4, False),
     (4, 3, 3, True), (4, 3, 4, False)],
)  # fmt: skip
def test_the_level_is_what_it_says_and_no_more_than_its_pair_is_worth(
    *, says: int, worth: int, wanted: int, holds: bool
) -> None:
    """SLSA-3, SLSA-27, SLSA-29: Checklist 3, 25 and 29: level 4 is one, and the map of (signer, verifier) caps it."""
    evidence = about(summary(verifiedLevels=[f"SLSA_SOURCE_LEVEL_{says}"]))
    assert passes(under(wanted, pair(worth)), provenance(), evidence) is holds


@pytest.mark.parametrize(
    "levels",
    [["SLSA_BUILD_LEVEL_3"], ["SLSA_SOURCE_LEVEL_UNEVALUATED"], ["FAILED"], ["SLSA_SOURCE_LEVEL_5"], [],
     ["SLSA_SOURCE_LEVEL_3", "SLSA_SOURCE_LEVEL_2"], ["ORG_SOURCE_LEVEL_3"], ["SLSA_SOURCE_TWO_PARTY_REVIEWED"]],
)  # fmt: skip
def test_what_names_no_one_level_of_the_source_track_is_none(levels: list[str]) -> None:
    """SLSA-23, SLSA-30: Checklist 23 and 30: a track has one level, and a property is none."""
    assert failed(under(1), provenance(), about(summary(verifiedLevels=levels))) == (LEVEL,)


OTHERS: dict[str, AboutSource] = {
    "another commit": about(digests={"gitCommit": OTHER}),
    "the commit as a sha1 alone": about(digests={"sha1": HEAD}),
    "the commit, and another digest": about(digests={"gitCommit": HEAD, "sha1": OTHER}),
    "a short commit": about(digests={"gitCommit": HEAD[:12]}),
    "another branch": about(refs=("refs/heads/other",)),
    "no branch": about(refs=()),
    "a short branch": about(refs=("main",)),
    "a branch that is a text": about(refs=MAIN),
    "no annotations": about(annotations={}),
    "another repository": about(summary(resourceUri="git+https://github.com/mallory/api")),
    "a repository below it": about(summary(resourceUri=f"{REPOSITORY}/x")),
    "no repository": about(summary(resourceUri=None)),
    "another verifier": about(summary(verifier={"id": "https://mallory.example"})),
    "a failed result": about(summary(verificationResult="FAILED")),
    "no policy": about(summary(policy=None)),
    "another signer": about(signer=stranger()),
}


@pytest.mark.parametrize("evidence", OTHERS.values(), ids=OTHERS)
def test_a_summary_of_something_else_says_nothing_of_the_commit(evidence: AboutSource) -> None:
    """SLSA-17, SLSA-28: Checklist 16 to 24, 28 and 32."""
    assert failed(under(1), provenance(), evidence) == (LEVEL,)
    assert passes(under(1), provenance(), evidence, about()), "beside a good one it changes nothing"


def test_some_issuers_spell_the_refs_otherwise() -> None:
    assert passes(under(), provenance(), about(annotations={"source_refs": [MAIN, "refs/heads/x"]}))
    assert failed(under(), provenance(), about(annotations={"source_refs": [MAIN], "sourceRefs": []})) == (LEVEL,)


def test_the_policy_may_say_which_refs_the_commit_must_be_on() -> None:
    """SLSA-28: A release is built from a tag, and its commit is on a branch."""
    tag = "refs/tags/v1"
    built = provenance(predicate_v1(ref=tag), signer=github(ref=tag))
    anywhere = PROVEN.replace(f'refs = ["{MAIN}"]', 'refs = ["refs/tags/*"]')
    assert failed(under(proven=anywhere), built, about()) == (LEVEL,)
    assert passes(under(proven=anywhere, more=f'refs = ["{MAIN}"]\n'), built, about())
    assert passes(under(proven=anywhere, more='refs = ["refs/heads/*"]\n'), built, about(refs=("x", MAIN)))
    assert passes(under(proven=anywhere, more='refs = "any"\n'), built, about(refs=()))
    assert failed(under(proven=anywhere, more='refs = ["refs/heads/x"]\n'), built, about()) == (LEVEL,)


def test_one_of_several_refs_is_enough() -> None:
    """A commit is on many branches, and the policy may list more than one of them."""
    listed = under(more=f'refs = ["refs/heads/release", "{MAIN}"]\n')
    assert passes(listed, provenance(), about(refs=("refs/heads/x", MAIN)))
    assert failed(listed, provenance(), about(refs=("refs/heads/x", "refs/heads/y"))) == (LEVEL,)


def test_a_ref_of_another_type_is_passed_over() -> None:
    assert passes(under(), provenance(), about(refs=(7, None, MAIN)))
    assert failed(under(), provenance(), about(refs=(7, None))) == (LEVEL,)


def test_the_policy_may_say_which_resource_it_is() -> None:
    text = under(2, pair(resource='["https://acme.com/source/api", "https://acme.com/source/mirror"]'))
    for resource in ("https://acme.com/source/api", "https://acme.com/source/mirror"):
        assert passes(text, provenance(), about(summary(resourceUri=resource)))
    assert failed(text, provenance(), about()) == (LEVEL,)


ANY_REF = PROVEN.replace(f'refs = ["{MAIN}"]', 'refs = "any"')


@pytest.mark.parametrize(
    ("text", "built", "evidence", "said"),
    [
        (under(), provenance(), about(refs=("refs/heads/x",)), f"its summaries are not about {MAIN}"),
        (
            under(more='refs = ["refs/heads/a", "refs/heads/b"]\n'),
            provenance(),
            about(),
            "its summaries are not about refs/heads/a or refs/heads/b",
        ),
        (
            under(proven=ANY_REF),
            provenance(predicate_v1(ref=None, dependencies=[dependency(uri=None)]), signer=github(ref=None)),
            about(),
            "its summaries are not about a ref that the provenance names",
        ),
        (under(), provenance(), about(refs=(), signer=stranger()), "level 0, no summary about it by a named verifier"),
        (
            under(more='refs = "any"\n'),
            provenance(),
            about(summary(verificationResult="FAILED"), refs=()),
            f"the verification summary of '{VERIFIER}' does not count: its verificationResult is 'FAILED'",
        ),
    ],
)
def test_what_the_summaries_that_came_lack_is_said(
    text: str, built: Verified, evidence: AboutSource, said: str
) -> None:
    """Of named verifiers' alone: what anybody else says is nothing that should be otherwise."""
    assert judge(text, built, evidence).found(LEVEL) == f"{HEAD[:12]}: {said}"


def test_a_summary_about_the_image_says_nothing_of_its_commit_and_the_reverse() -> None:
    """SLSA-17: Rule 1: a statement about a commit feeds only what is asked of commits."""
    both = summary(verifiedLevels=["SLSA_SOURCE_LEVEL_3", "SLSA_BUILD_LEVEL_3"])
    on_image = verified(VSA_V1, both, signer=PLATFORM)
    assert failed(under(1), provenance(), on_image) == (LEVEL,)
    low = BUILDER.replace("level = 3", "level = 1")
    build = f"vsa = [{pair(resource=f'[{chr(34)}git+{REPOSITORY}{chr(34)}]')}]\n"
    text = SIGNERS + low + RULE + PROVEN + build
    assert failed(text, provenance(), about(both)) == ("provenance.level",)
    assert passes(text, provenance(), on_image)


def test_the_head_of_every_provenance_needs_its_own() -> None:
    """SLSA-32: Rule 10: if several provenances satisfy, each has a head."""
    second = provenance(predicate_v1(commit=OTHER), signer=github(commit=OTHER))
    assert failed(under(), provenance(), second, about()) == (LEVEL,)
    assert passes(under(), provenance(), second, about(), about(digests={"gitCommit": OTHER}))


def test_a_level_says_nothing_of_who_wrote_the_commit() -> None:
    """SLSA-34: Two families of checks: neither passes for the other."""
    agents = '\n[agents.x]\nids = ["x"]\nmodels = "any"\n'
    text = under(4, pair(4)).replace(RULE, agents + RULE) + '\n[rules.agents]\nallow = ["x"]\n'
    best = about(summary(verifiedLevels=["SLSA_SOURCE_LEVEL_4"]))
    judgement = judge(text, provenance(), best)
    assert judgement.outcomes[LEVEL] == "pass"
    assert judgement.failed
    assert all(check.startswith("agents") for check in judgement.failed)


def test_no_commit_is_no_level() -> None:
    nobody = github(repository=None, ref=None, commit=None)
    evidence = provenance(predicate_v1(build_type="https://unknown.example", dependencies=[]), signer=nobody)
    anything = PROVEN.replace(f'["{REPOSITORY}"]', '"any"').replace(f'["{MAIN}"]', '"any"')
    judgement = judge(under(proven=anything), evidence, about())
    assert judgement.failed == (LEVEL,)
    assert "does not say which one commit" in judgement.found(LEVEL)


def test_a_repository_without_a_commit_or_with_two_of_them_has_no_level() -> None:
    """And the check says so: what the provenance lacks is no fault of gate's."""
    unknown = predicate_v1(build_type="https://unknown.example", dependencies=[])
    two = predicate_v1(dependencies=[dependency(commit=HEAD), dependency(commit=OTHER)])
    text = under()
    for evidence in (provenance(unknown, signer=github(commit=None)), provenance(two, signer=github(commit=None))):
        judgement = judge(text, evidence, about())
        assert LEVEL in judgement.failed
        assert judgement.found(LEVEL).startswith("no one commit: the provenance does not say which one commit")


def test_a_commit_of_no_repository_is_looked_up_nowhere() -> None:
    """Whatever the policy lists as resource: which repository it is of is the provenance's to say."""
    nobody = github(repository=None, ref=None)
    evidence = provenance(predicate_v1(build_type="https://unknown.example", dependencies=[]), signer=nobody)
    anything = PROVEN.replace(f'["{REPOSITORY}"]', '"any"').replace(f'["{MAIN}"]', '"any"')
    listed = pair(resource="[{ regex = '.*' }]")
    text = under(2, listed, more='refs = "any"\n', proven=anything)
    assert failed(text, evidence, about()) == (LEVEL,)
    assert passes(text, provenance(), about())


def test_a_ref_that_is_not_whole_is_none() -> None:
    """`main` may be a branch, a tag or a remote: it is the same as nothing, though both say it."""
    built = provenance(predicate_v1(ref="main"), signer=github(ref=None))
    anywhere = under(proven=PROVEN.replace(f'refs = ["{MAIN}"]', 'refs = "any"'))
    assert failed(anywhere, built, about(refs=("main",))) == (LEVEL,)


def test_an_old_summary_does_not_count() -> None:
    text = under(more='max-age = "3d"\n')
    assert passes(text, provenance(), about())
    assert failed(text, provenance(), about(signed_at=NOW - 4 * DAY)) == (LEVEL,)


def test_it_passes_over_a_complete_ledger_alone() -> None:
    """Rule 27: what could not be looked at may be another provenance with another head."""
    missed = (Gap(reason="listing failed", exit_code=EXIT_STUCK),)
    assert judge(under(), provenance(), about(), gaps=missed).undecided == (LEVEL,)
    assert judge(under(), provenance(), gaps=missed).undecided == (LEVEL,)
    for doubt in (Doubt.STALE, Doubt.CLOCK, Doubt.UNREADABLE):
        judgement = judge(under(), provenance(), rejected(doubt, stated=PLATFORM))
        assert (judgement.undecided, judgement.exit_code) == ((LEVEL,), EXIT_STUCK)


def test_what_only_states_to_be_from_a_verifier_never_turns_a_pass() -> None:
    """Rule 28: anyone can write it. What is authentic and was not read may be of another head."""
    assert passes(under(), provenance(), about(), rejected(Doubt.STALE, stated=PLATFORM))
    for doubt in (Doubt.CLOCK, Doubt.UNREADABLE):
        judgement = judge(under(), provenance(), about(), rejected(doubt, stated=PLATFORM))
        assert (judgement.undecided, judgement.exit_code) == ((LEVEL,), EXIT_STUCK)


def test_a_denied_signers_summary_is_none() -> None:
    deny = '\n[[deny]]\nsigners = ["platform"]\nreason = "key lost"\n'
    assert failed(under() + deny, provenance(), about()) == (LEVEL,)
    loaded = policy(under() + deny)
    left = without_denied(read_claims((about(), provenance()), limits=Limits()), loaded, loaded.rules[0])
    assert (left.about_source, left.summaries, len(left.verified)) == ((), (), 1)


@pytest.mark.parametrize(
    "section",
    ["level = 2", f"vsa = [{pair()}]", f"level = 0\nvsa = [{pair()}]", f"level = 5\nvsa = [{pair()}]",
     "level = 2\nvsa = []", f"level = 2\nvsa = [{pair(5)}]", f"level = 2\nvsa = [{pair(signer='nobody')}]",
     f"level = 2\nvsa = [{pair()}]\nrefs = []",
     f"level = 2\nvsa = [{pair()}]\nrefs = ['main']", f"level = 2\nvsa = [{pair()}]\nrefs = ['any']"],
)  # fmt: skip
def test_what_is_no_section_is_invalid(section: str) -> None:
    with pytest.raises(InvalidPolicy):
        policy(SIGNERS + BUILDER + RULE + PROVEN + f"\n[rules.source]\n{section}\n")
    assert loads(under())


def test_it_needs_provenance_which_says_which_commit_that_is() -> None:
    with pytest.raises(InvalidPolicy, match="source needs provenance in the same rule"):
        policy(under(proven=""))


def test_a_level_above_what_any_verifier_is_worth_is_a_warning() -> None:
    assert any("is above what any named verifier" in warning.text for warning in policy(under(4)).warnings)
    assert not any("is above" in warning.text for warning in policy(under(3)).warnings)


def test_the_command_judges_a_summary_that_is_a_referrer_of_the_image(
    verify: Callable[..., Ran], tmp_path: Path
) -> None:
    """From the signed bytes on: it is about the commit, and comes with the image."""
    layout = images.Layout(tmp_path / "image")
    image = layout.image("app")
    hex_digits = image["digest"].removeprefix("sha256:")
    built = forge.statement(
        hex_digits, predicate_type="https://slsa.dev/provenance/v1", predicate=predicate_v1(claims=[])
    )
    layout.attach(image, json.dumps(forge.Sigstore().sign(built)).encode())
    whole = json.loads(forge.statement(hex_digits, predicate_type=VSA_V1, predicate=summary()))
    whole["subject"] = [{"digest": {"gitCommit": HEAD}, "annotations": {"sourceRefs": [MAIN]}}]
    rules = f"""
[[rules]]
images = ["**"]
[rules.provenance]
signers = ["forge"]
level = 1
source = ["{REPOSITORY}"]
refs = ["{MAIN}"]
[rules.source]
level = 3
vsa = [{pair(signer="forge")}]
"""
    path = images.policy(tmp_path, rules)
    assert verify(f"oci:{tmp_path / 'image'}@{image['digest']}", policy=path).failed == (LEVEL,)
    layout.attach(image, json.dumps(forge.Sigstore().sign(json.dumps(whole).encode())).encode())
    ran = verify(f"oci:{tmp_path / 'image'}@{image['digest']}", policy=path)
    assert (ran.code, ran.failed) == (0, ()), ran.out
