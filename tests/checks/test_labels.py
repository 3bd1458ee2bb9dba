"""`labels = "must-agree"`: what the image says of its own source is what its provenance proves (rule 12)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate.discovery import Discovery
from gate.discovery.labels import REVISION, SOURCE, Label, Labels
from gate.errors import InvalidPolicy, Unavailable
from gate.flow.steps import with_labels
from gate.limits import Limits
from gate.reference import parse_reference
from gate.verdict import EXIT_RETRY
from tests import forge, images
from tests.discovery.test_search import FakeSource, content, descriptor, digest_of
from tests.evidence import (
    EARLIER,
    HEAD,
    MAIN,
    PROVENANCE_POLICY,
    REFERENCE,
    REPOSITORY,
    SIGNATURE_POLICY,
    github,
    judge,
    loads,
    policy,
    predicate_v1,
    provenance,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.conftest import Ran

TEXT = PROVENANCE_POLICY + 'labels = "must-agree"\n'
LABELS = "provenance.labels"
WEB = "https://github.com/acme/web"


def labels(source: str | None = REPOSITORY, revision: str | None = HEAD, place: str = "label") -> Labels:
    pairs = ((SOURCE, source), (REVISION, revision))
    return Labels(found=tuple(Label(place, name, value) for name, value in pairs if value is not None))


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (labels(), True),
        (labels(place="annotation"), True),
        (labels(f"{REPOSITORY}.git"), True),
        (labels(f"git+{REPOSITORY}"), True),
        (labels(revision=None), True),
        (labels(source=None), True),
        (labels(None, None), False),
        (labels(WEB), False),
        (labels(f"{REPOSITORY}2"), False),
        (labels(f"{REPOSITORY}/tree/main"), False),
        (labels(""), False),
        (labels(revision=EARLIER), False),
        (labels(revision=HEAD[:12]), False),
        (labels(revision=""), False),
        (Labels(found=labels().found + labels(WEB, place="annotation").found), False),
        (Labels(index=True), False),
        (None, False),
    ],
)
def test_each_label_that_is_there_agrees_and_one_is(*, found: Labels | None, holds: bool) -> None:
    """A label that is not there is no disagreement; none at all agrees with nothing."""
    judgement = judge(TEXT, provenance(), labels=found)
    assert (judgement.exit_code == 0) is holds
    assert judgement.failed == (() if holds else (LABELS,))


INDEX = "an index, whose entries have labels and itself has none"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (labels(), f"{SOURCE} '{REPOSITORY}', {REVISION} '{HEAD}'"),
        (labels(WEB), f"the image's label {SOURCE} says '{WEB}'"),
        (None, "no such label"),
        (Labels(), "no such label"),
        (Labels(index=True), INDEX),
        (Labels(found=labels(place="annotation").found, index=True), f"{SOURCE} '{REPOSITORY}', {REVISION} '{HEAD}'"),
    ],
)
def test_what_the_labels_say_is_said(found: Labels | None, said: str) -> None:
    assert judge(TEXT, provenance(), labels=found).found(LABELS) == said


def test_without_must_agree_it_is_a_note() -> None:
    judgement = judge(PROVENANCE_POLICY, provenance(), labels=labels(WEB, EARLIER, "annotation"))
    assert judgement.exit_code == 0
    assert judgement.found("provenance.source") == (
        f"'{REPOSITORY}'; note: the image's annotation {SOURCE} says '{WEB}'; the image's annotation {REVISION} says "
        f"'{EARLIER}'"
    )
    assert judge(PROVENANCE_POLICY, provenance(), labels=labels()).found("provenance.source") == f"'{REPOSITORY}'"


def test_a_configuration_that_could_not_be_read_is_no_disagreement() -> None:
    """Rule 26: retry, and say nothing of the image; what disagrees already is a fail."""
    missed = Labels(found=labels(place="annotation").found, error=Unavailable("down"))
    judgement = judge(TEXT, provenance(), labels=missed)
    assert (judgement.failed, judgement.undecided, judgement.exit_code) == ((), (LABELS,), EXIT_RETRY)
    wrong = Labels(found=labels(WEB, place="annotation").found, error=Unavailable("down"))
    assert judge(TEXT, provenance(), labels=wrong).failed == (LABELS,)


def test_without_a_source_in_the_provenance_no_label_agrees() -> None:
    nobody = github(repository=None, ref=None, commit=None)
    evidence = provenance(predicate_v1(build_type="https://unknown.example", dependencies=[]), signer=nobody)
    anything = TEXT.replace(f'source = ["{REPOSITORY}"]', 'source = "any"').replace(
        f'refs = ["{MAIN}"]', 'refs = "any"'
    )
    assert judge(anything, evidence, labels=labels()).failed == (LABELS,)


def test_only_must_agree_is_a_word() -> None:
    for value in ('"agree"', "true", "[]"):
        with pytest.raises(InvalidPolicy):
            policy(TEXT.replace('"must-agree"', value))
    assert loads(TEXT)


RULES = f"""
[[rules]]
images = ["**"]
platforms = "PLATFORMS"
[rules.provenance]
signers = ["forge"]
level = 1
source = ["{REPOSITORY}"]
refs = ["{MAIN}"]
labels = "must-agree"
"""
GOOD = {SOURCE: REPOSITORY, REVISION: HEAD}


def built(tmp_path: Path, config: bytes, **more: Any) -> dict[str, Any]:
    layout = images.Layout(tmp_path / "image")
    image = layout.image("app", config=config, **more)
    statement = forge.statement(
        image["digest"].removeprefix("sha256:"),
        predicate_type="https://slsa.dev/provenance/v1",
        predicate=predicate_v1(claims=[]),
    )
    layout.attach(image, json.dumps(forge.Sigstore().sign(statement)).encode())
    return image


@pytest.mark.parametrize(
    ("config", "annotations", "code"),
    [
        (json.dumps({"config": {"Labels": GOOD}}).encode(), {}, 0),
        (json.dumps({"config": {"Labels": {**GOOD, REVISION: EARLIER}}}).encode(), {}, 1),
        (json.dumps({"config": {"Labels": {**GOOD, REVISION: 5}}}).encode(), {}, 1),
        (json.dumps({"config": {"Labels": None}}).encode(), {}, 1),
        (json.dumps({"Labels": GOOD}).encode(), {}, 1),
        (b"{}", GOOD, 0),
        (json.dumps({"config": {"Labels": GOOD}}).encode(), {SOURCE: WEB}, 1),
        (b'{"config": {}, "config": {}}', GOOD, 4),
        (b"not JSON", {}, 4),
    ],
)
def test_the_command_reads_the_images_configuration_and_annotations(
    config: bytes, annotations: dict[str, str], code: int, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    """From the image's own blobs; what of them cannot be read is no answer about the image."""
    image = built(tmp_path, config, **({"annotations": annotations} if annotations else {}))
    path = images.policy(tmp_path, RULES.replace("PLATFORMS", "index"))
    ran = verify(f"oci:{tmp_path / 'image'}@{image['digest']}", policy=path)
    assert (ran.code, ran.failed) == (code, () if code == 0 else (LABELS,)), ran.out


def test_an_indexs_entries_have_labels_and_the_index_has_none(verify: Callable[..., Ran], tmp_path: Path) -> None:
    layout = images.Layout(tmp_path / "image")
    config = json.dumps({"config": {"Labels": GOOD}}).encode()
    image = layout.image("app", config=config)
    index = layout.index([images.entry(image, "linux/amd64")])
    for item in (image, index):
        statement = forge.statement(
            item["digest"].removeprefix("sha256:"),
            predicate_type="https://slsa.dev/provenance/v1",
            predicate=predicate_v1(claims=[]),
        )
        plain = {key: item[key] for key in ("mediaType", "digest", "size")}
        layout.attach(plain, json.dumps(forge.Sigstore().sign(statement)).encode())
    for platforms, code in (("each", 0), ("index", 1)):
        path = images.policy(tmp_path, RULES.replace("PLATFORMS", platforms))
        ran = verify(f"oci:{tmp_path / 'image'}@{index['digest']}", policy=path)
        assert (ran.code, ran.failed) == (code, () if code == 0 else (LABELS,)), ran.out
    assert "an index, whose entries have labels and itself has none" in ran.out


@pytest.mark.parametrize(
    ("asking", "fetched"), [((), False), ((False,), False), ((True,), True), ((True, False), True)]
)
def test_a_configuration_is_fetched_where_any_rule_wants_its_labels_to_agree(
    asking: tuple[bool, ...], *, fetched: bool
) -> None:
    config = json.dumps({"config": {"Labels": GOOD}}).encode()
    image = content({"schemaVersion": 2, "layers": [], "config": descriptor(config, "application/json")})
    source = FakeSource(blobs={digest_of(config): config})
    rules = [(TEXT if asks else PROVENANCE_POLICY).partition("[[rules]]")[2] for asks in asking]
    text = PROVENANCE_POLICY.partition("[[rules]]")[0]
    for number, rule in enumerate(rules):
        text += f"[[rules]]{rule.replace('production', f'rule-{number}')}"
    known = policy(text if asking else SIGNATURE_POLICY)
    found = Discovery(image=image, candidates=(), ledger=())
    labelled = with_labels(found, parse_reference(REFERENCE), known, source, Limits())
    assert (source.asked != []) is fetched
    assert (labelled.labels is None) is (not asking)
