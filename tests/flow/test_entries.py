"""Index and entries: a pass holds for what was judged and for nothing else (design section 9, research P-T23)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from gate import cli
from gate.errors import GateError, LimitExceeded
from gate.limits import SMALL_DOCUMENT
from tests.conftest import LAB, Ran, policy_path
from tests.images import ABOUT, Layout, bundle, entry, policy
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIST = '["linux/amd64", "linux/arm64/v8"]'


class Built:
    """What a multi-platform build pushes: two images, an index of them with BuildKit's two entries beside."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self.amd, self.arm = (self.layout.image(name, tag=name) for name in ("amd", "arm"))
        beside = [self.layout.image(f"about {name}") for name in ("amd", "arm")]
        self.index = self.layout.index(
            [
                entry(self.amd, "linux/amd64"),
                entry(self.arm, "linux/arm64/v8"),
                *(
                    entry(item, "unknown/unknown", **{ABOUT: image["digest"]})
                    for item, image in zip(beside, (self.amd, self.arm), strict=True)
                ),
            ],
            tag="v1",
        )
        self.beside = beside

    def sign(self, *items: dict[str, Any]) -> Built:
        for item in items:
            self.layout.sign(item)
        return self


@pytest.fixture
def built(tmp_path: Path) -> Built:
    return Built(tmp_path / "image")


@pytest.fixture
def run(tmp_path: Path, verify: Callable[..., Ran]) -> Callable[..., Ran]:
    """`gate verify` of the built image in a registry, under a rule with these platforms."""

    def judge(built: Built, platforms: str = "", *, tag: str = ":v1", rules: str = "", tags_only: bool = False) -> Ran:
        line = f"platforms = {platforms}\n" if platforms else ""
        text = rules or f'[[rules]]\nname = "signed"\nimages = ["**"]\n{line}signature.signers = ["forge"]\n'
        with RegistryServer({"acme/api": built.layout.folder}, referrers_api=not tags_only) as server:
            return verify(f"{server.host}/acme/api{tag}", policy=policy(tmp_path, text))

    return judge


def holds_for(ran: Ran) -> list[str]:
    return list(ran.report["images"][0]["holds_for"])


Run: TypeAlias = "Callable[..., Ran]"


# --- what passes for what


@pytest.mark.parametrize("platforms", ["", '"index"'])
def test_by_default_the_digest_that_was_asked_for_is_judged(platforms: str, built: Built, run: Run) -> None:
    ran = run(built.sign(built.index), platforms)
    assert ran.code == 0
    assert holds_for(ran) == [built.index["digest"]]
    assert ran.report["images"][0]["rules"][0]["digest"] is None


@pytest.mark.parametrize("platforms", ["", '"index"'])
def test_signed_entries_do_not_make_a_signed_index(platforms: str, built: Built, run: Run) -> None:
    ran = run(built.sign(built.amd, built.arm), platforms)
    assert (ran.code, ran.failed, holds_for(ran)) == (1, ("signature",), [])


@pytest.mark.parametrize("tag", [":amd", ":arm"])
def test_a_signed_index_does_not_make_signed_entries(tag: str, built: Built, run: Run) -> None:
    ran = run(built.sign(built.index), tag=tag)
    assert (ran.code, ran.failed, holds_for(ran)) == (1, ("signature",), [])


@pytest.mark.parametrize("platforms", ['"each"', LIST, '["linux/amd64"]'])
def test_with_platforms_a_signed_index_is_not_enough(platforms: str, built: Built, run: Run) -> None:
    ran = run(built.sign(built.index), platforms)
    assert (ran.code, set(ran.failed), holds_for(ran)) == (1, {"signature"}, [])


@pytest.mark.parametrize("tags_only", [False, True])
@pytest.mark.parametrize("platforms", ['"each"', LIST])
def test_with_every_platform_signed_the_pass_holds_for_index_and_entries(
    platforms: str, built: Built, run: Run, *, tags_only: bool
) -> None:
    ran = run(built.sign(built.amd, built.arm), platforms, tags_only=tags_only)
    assert ran.code == 0, ran.out
    assert holds_for(ran) == [built.index["digest"], built.amd["digest"], built.arm["digest"]]
    rules = ran.report["images"][0]["rules"]
    assert [(rule["platform"], rule["digest"]) for rule in rules] == [
        ("linux/amd64", built.amd["digest"]),
        ("linux/arm64", built.arm["digest"]),
    ]
    assert {item["subject"] for item in ran.report["images"][0]["evidence"]} == {
        built.amd["digest"],
        built.arm["digest"],
    }


def test_with_some_platforms_the_pass_holds_for_their_entries_alone(built: Built, run: Run) -> None:
    ran = run(built.sign(built.amd), '["linux/amd64"]')
    assert ran.code == 0
    assert holds_for(ran) == [built.amd["digest"]], "not for the index, in which another entry was not judged"
    assert f"holds for these entries alone: {ran.report['images'][0]['name']}@{built.amd['digest']}" in ran.out


@pytest.mark.parametrize("platforms", ['"each"', LIST])
@pytest.mark.parametrize("signed", ["amd", "arm"])
def test_one_entry_that_is_not_signed_fails_the_image(platforms: str, signed: str, built: Built, run: Run) -> None:
    ran = run(built.sign(getattr(built, signed), built.index), platforms)
    assert (ran.code, ran.failed, holds_for(ran)) == (1, ("signature",), [])
    assert ran.report["images"][0]["notes"] == [], "it looked at the entries already"
    outcomes = {rule["digest"]: rule["checks"][0]["outcome"] for rule in ran.report["images"][0]["rules"]}
    assert outcomes[getattr(built, signed)["digest"]] == "pass"


def test_evidence_of_one_entry_does_not_count_for_another(built: Built, run: Run) -> None:
    """Attached to both, about one: what was signed says which."""
    built.sign(built.amd)
    built.layout.sign(built.arm, about=built.amd)
    ran = run(built, '"each"')
    assert (ran.code, ran.failed) == (1, ("signature",))
    rejected = [item for item in ran.report["images"][0]["evidence"] if not item["verified"]]
    assert [(item["subject"], item["step"]) for item in rejected] == [(built.arm["digest"], "subject")]


def test_evidence_of_the_index_does_not_count_for_an_entry(built: Built, run: Run) -> None:
    """A-T32."""
    for item in (built.amd, built.arm):
        built.layout.sign(item, about=built.index)
    assert run(built, '"each"').code == 1


def test_an_image_that_is_no_index_is_its_own_only_platform(tmp_path: Path, run: Run) -> None:
    built = Built(tmp_path / "image")
    ran = run(built.sign(built.amd), '"each"', tag=":amd")
    assert ran.code == 0
    assert holds_for(ran) == [built.amd["digest"]]
    assert run(built, '"each"', tag=":arm").code == 1


def test_an_image_that_is_no_index_does_not_say_what_it_runs_on(built: Built, run: Run) -> None:
    ran = run(built.sign(built.amd), '["linux/amd64"]', tag=":amd")
    assert (ran.code, ran.failed) == (1, ("platforms",))
    assert "it is no index" in ran.out
    (check,) = ran.report["images"][0]["rules"][0]["checks"]
    assert check["expected"] == "one manifest for each of linux/amd64"


@pytest.mark.parametrize(("platforms", "code"), [('"index"', 0), ('"each"', 0), ('["linux/amd64"]', 1)])
def test_a_file_is_no_index_whatever_is_in_it(
    platforms: str, code: int, built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    text = built.layout.folder / "blobs" / "sha256" / built.index["digest"][7:]
    (tmp_path / "bundle.json").write_bytes(bundle(built.index["digest"]))
    rules = f'[[rules]]\nimages = ["**"]\nplatforms = {platforms}\nsignature.signers = ["forge"]\n'
    where = ("--bundle", str(tmp_path / "bundle.json"))
    ran = verify(f"file:{text}", *where, policy=policy(tmp_path, rules))
    assert ran.code == code, ran.out
    assert holds_for(ran) == ([] if code else [built.index["digest"]])


@pytest.mark.parametrize(
    ("rules", "failed"),
    [
        ((), ("rules",)),
        (("", '["linux/amd64"]'), ("platforms",)),
        (('["linux/amd64"]', ""), ("platforms",)),
        (("", '"each"'), ()),
    ],
)
def test_each_rule_that_a_file_matches_is_judged(
    rules: tuple[str, ...], failed: tuple[str, ...], tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    (tmp_path / "app").write_bytes(b"app")
    (tmp_path / "bundle.json").write_bytes(bundle(f"sha256:{hashlib.sha256(b'app').hexdigest()}"))
    text = _rules(*rules) or _rules("").replace("**", "ghcr.io/acme/api")
    ran = verify(f"file:{tmp_path / 'app'}", "--bundle", str(tmp_path / "bundle.json"), policy=policy(tmp_path, text))
    assert (ran.code, ran.failed) == (1 if failed else 0, failed)


def test_an_image_that_cannot_be_had_leaves_its_place_unread(built: Built, run: Run) -> None:
    ran = run(built, tag=":nowhere")
    assert ran.code == 4
    (place,) = ran.report["images"][0]["ledger"]
    assert (place["place"], place["found"], place["complete"]) == ("image", 0, False)


@pytest.mark.parametrize("platforms", ['"index"', '"each"', LIST])
def test_what_is_no_image_was_not_looked_at_whatever_is_judged_of_it(
    platforms: str, built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """A login page in the place of an index is not an index without the platforms that were asked for."""
    page = Response(body=b"<html>log in</html>", headers={"Content-Type": "text/html"})
    with RegistryServer({"acme/api": built.layout.folder}, intercept=lambda _: page) as server:
        ran = verify(f"{server.host}/acme/api:v1", policy=policy(tmp_path, _rules(platforms)))
    assert ran.code == 4
    assert "answered as text/html" in ran.out
    (place,) = ran.report["images"][0]["ledger"]
    assert (place["place"], place["complete"]) == ("image", False)


def test_an_image_whose_attachments_are_over_a_limit_stands_in_the_ledger(
    built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    text = _rules('"each"') + "[limits]\nimage-tokens = 60\n"
    built.sign(built.amd)
    with RegistryServer({"acme/api": built.layout.folder}) as server:
        ran = verify(f"{server.host}/acme/api:amd", policy=policy(tmp_path, text))
    assert ran.code == 4
    assert [place["place"] for place in ran.report["images"][0]["ledger"]] == ["image"]


@pytest.mark.parametrize(
    ("odd", "problem"),
    [("", "names no platform"), ("linux/amd64", "2 entries for linux/amd64"), ("unknown/unknown", "")],
)
def test_an_odd_entry_is_never_passed_over(odd: str, problem: str, tmp_path: Path, run: Run) -> None:
    built = Built(tmp_path / "image")
    other = built.layout.image("other")
    built.index = built.layout.index(
        [entry(built.amd, "linux/amd64"), entry(built.arm, "linux/arm64"), entry(other, odd)], tag="odd"
    )
    built.sign(built.amd, built.arm, built.index)
    for platforms in ('"each"', LIST):
        ran = run(built, platforms, tag=":odd")
        if odd == "unknown/unknown" and platforms == LIST:
            assert ran.code == 0
            assert built.index["digest"] not in holds_for(ran), "something in it was not judged"
        elif platforms == LIST or not odd:
            assert (ran.code, ran.failed) == (1, ("platforms",))
            assert problem in ran.out
        else:
            assert (ran.code, ran.failed) == (1, ("signature",)), "it is judged like the others"
        assert built.index["digest"] not in holds_for(ran)


def test_an_index_within_an_index_is_refused_whatever_its_entry_says(tmp_path: Path, run: Run) -> None:
    """The list calls it an image; only its own bytes tell."""
    built = Built(tmp_path / "image")
    lying = {**built.index, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    built.layout.index([entry(built.amd, "linux/amd64"), entry(lying, "linux/arm64")], tag="nested")
    built.sign(built.amd, built.arm, built.index)
    ran = run(built, '"each"', tag=":nested")
    assert (ran.code, ran.failed) == (1, ("platforms",))
    assert "is an index itself" in ran.out


# --- several rules


def _rules(*platforms: str) -> str:
    return "".join(
        f'[[rules]]\nname = "rule-{number}"\nimages = ["**"]\n{f"platforms = {text}" if text else ""}\n'
        'signature.signers = ["forge"]\n'
        for number, text in enumerate(platforms)
    )


def test_each_rule_is_judged_on_what_it_chooses(built: Built, run: Run) -> None:
    built.sign(built.index, built.amd)
    partly = run(built, rules=_rules("", '"each"'))
    assert (partly.code, partly.report["images"][0]["notes"]) == (1, [])
    built.sign(built.arm)
    ran = run(built, rules=_rules("", '"each"'))
    assert ran.code == 0
    digests = [None, built.amd["digest"], built.arm["digest"]]
    assert [rule["digest"] for rule in ran.report["images"][0]["rules"]] == digests


@pytest.mark.parametrize("platforms", ['"each"', LIST])
@pytest.mark.parametrize("first", [True, False])
def test_beside_a_rule_that_judged_the_index_no_entry_is_handed_off(
    platforms: str, built: Built, run: Run, *, first: bool
) -> None:
    """Asked for an entry itself, that rule would say no: it never judged one."""
    built.sign(built.index, built.amd, built.arm)
    ran = run(built, rules=_rules(*(("", platforms) if first else (platforms, ""))))
    assert (ran.code, holds_for(ran)) == (0, [built.index["digest"]])


def test_a_rule_for_the_index_and_one_for_a_part_of_it_have_nothing_in_common(built: Built, run: Run) -> None:
    built.sign(built.index, built.amd)
    ran = run(built, rules=_rules("", '["linux/amd64"]'))
    assert (ran.code, set(ran.failed), holds_for(ran)) == (1, {"platforms"}, [])
    assert "a rule without platforms judges the index" in ran.out


def test_a_pass_holds_for_what_every_rule_chose(built: Built, run: Run) -> None:
    built.sign(built.amd, built.arm)
    assert holds_for(run(built, rules=_rules('"each"', '["linux/amd64"]'))) == [built.amd["digest"]]
    ran = run(built, rules=_rules('["linux/arm64"]', '["linux/amd64"]'))
    assert (ran.code, set(ran.failed)) == (1, {"platforms"})
    assert "judge no manifest in common" in ran.out


@pytest.mark.parametrize("first", [True, False])
def test_an_entry_has_the_result_of_each_rule(built: Built, run: Run, *, first: bool) -> None:
    built.sign(built.amd, built.arm)
    theirs = _rules('"each"').replace("rule-0", "rule-1").replace('"forge"', '"other"')
    ran = run(built, rules=_rules('"each"') + theirs if first else theirs + _rules('"each"'))
    assert (ran.code, holds_for(ran)) == (1, [])
    outcomes = {(rule["name"], rule["checks"][0]["outcome"]) for rule in ran.report["images"][0]["rules"]}
    assert outcomes == {("rule-0", "pass"), ("rule-1", "fail")}


def test_a_rule_that_an_index_has_nothing_for_fails_by_itself(built: Built, run: Run) -> None:
    built.sign(built.amd, built.arm)
    ran = run(built, rules=_rules('"each"', '["linux/s390x"]'))
    assert (ran.code, ran.failed) == (1, ("platforms",))
    assert "no entry for linux/s390x" in ran.out


def test_an_index_that_is_judged_itself_is_in_the_ledger_once(built: Built, run: Run) -> None:
    ran = run(built.sign(built.index, built.amd, built.arm), rules=_rules("", '"each"'))
    images = [item["asked"] for item in ran.report["images"][0]["ledger"] if item["place"] == "image"]
    assert sorted(images) == sorted(item["digest"] for item in (built.index, built.amd, built.arm))


# --- what could not be looked at


def test_what_there_is_no_time_or_room_to_verify_is_undecided_whichever_rule_chose_it(
    built: Built, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over(*_: object, **__: object) -> None:
        raise LimitExceeded("too many", limit="claims")

    built.sign(built.index, built.amd, built.arm)
    monkeypatch.setattr("gate.verification.verify", over)
    ran = run(built, rules=_rules("", '"each"'))
    assert (ran.code, ran.failed, holds_for(ran)) == (4, ("platforms",) * 3, [])
    checks = [rule["checks"][0] for rule in ran.report["images"][0]["rules"]]
    assert [(item["expected"], item["found"].partition(": ")[0]) for item in checks] == [
        ("the image", f"could not look at {built.index['digest']}"),
        ("a manifest for each platform", f"could not look at linux/amd64 ({built.amd['digest']})"),
        ("a manifest for each platform", f"could not look at linux/arm64 ({built.arm['digest']})"),
    ]


def test_a_bug_is_not_taken_for_an_entry_that_could_not_be_looked_at(
    built: Built, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise GateError("a bug of ours")

    monkeypatch.setattr("gate.verification.verify", broken)
    ran = run(built.sign(built.amd, built.arm), '"each"')
    assert (ran.code, ran.failed) == (4, ())
    assert "could not look at" not in ran.out


@pytest.mark.parametrize("status", [404, 500])
def test_an_entry_that_cannot_be_had_is_undecided(
    status: int, built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=status) if f"/manifests/{built.arm['digest']}" in path else None

    built.sign(built.amd, built.arm, built.index)
    path = policy(tmp_path, '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n')
    with RegistryServer({"acme/api": built.layout.folder}, intercept=refuse) as server:
        ran = verify(f"{server.host}/acme/api:v1", policy=path)
    assert ran.code == (3 if status == 500 else 4)
    assert ran.report["images"][0]["holds_for"] == []
    assert "could not look at linux/arm64" in ran.out


@pytest.mark.parametrize("place", ["/referrers/", ".sig"])
def test_a_gap_of_one_entry_is_not_anothers(
    place: str, built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    """One is signed and wholly looked at; the other is not, and was not looked at to the end: no fail."""
    arm = built.arm["digest"]

    def refuse(path: str) -> Response | None:
        return Response(status=503) if place in path and arm.removeprefix("sha256:") in path else None

    built.sign(built.amd)
    path = policy(tmp_path, '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n')
    with RegistryServer({"acme/api": built.layout.folder}, intercept=refuse) as server:
        ran = verify(f"{server.host}/acme/api:v1", policy=path)
    assert ran.code == 3
    outcomes = {rule["digest"]: rule["checks"][0]["outcome"] for rule in ran.report["images"][0]["rules"]}
    assert outcomes == {built.amd["digest"]: "pass", arm: "error"}
    incomplete = [item for item in ran.report["images"][0]["ledger"] if not item["complete"]]
    assert {item["subject"] for item in incomplete} == {arm}


def test_the_number_of_round_trips_does_not_depend_on_the_platforms(
    built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path, '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n')
    built.sign(built.amd, built.arm)
    with RegistryServer({"acme/api": built.layout.folder}, delay=0.3) as server:
        assert verify(f"{server.host}/acme/api:v1", policy=path).code == 0
        assert server.depth == 4, "tag; entries and their listings; manifests; blobs"


# --- notes


def test_a_fail_of_an_entry_names_the_index_that_passes(built: Built, run: Run) -> None:
    built.sign(built.index)
    ran = run(built, tag=f":v1@{built.amd['digest']}")
    assert ran.code == 1
    (note,) = ran.report["images"][0]["notes"]
    named = f"the index {built.index['digest']} (tag v1)"
    assert note == f"{named}, which lists this manifest, satisfies the policy: ask for the index"
    assert f"note  {note}" in ran.out


def test_a_fail_of_an_entry_names_the_index_that_is_signed_by_others(built: Built, run: Run) -> None:
    built.sign(built.index)
    text = '[[rules]]\nimages = ["**"]\nsignature.signers = ["other"]\n'
    (note,) = run(built, rules=text, tag=f":v1@{built.amd['digest']}").report["images"][0]["notes"]
    assert "has 1 verified signature or attestation of its own, which says nothing of this manifest alone" in note
    built.layout.sign(built.index, note="another")
    (note,) = run(built, rules=text, tag=f":v1@{built.amd['digest']}").report["images"][0]["notes"]
    assert "has 2 verified signatures and attestations of its own" in note


@pytest.mark.parametrize("tag", [":v1@{amd}", ":amd@{amd}", ":nowhere@{amd}", ":arm@{amd}", ":amd"])
def test_nothing_is_said_of_an_index_that_is_not_signed_or_not_known(tag: str, built: Built, run: Run) -> None:
    if not tag.startswith(":v1"):
        built.sign(built.index)
    ran = run(built, tag=tag.format(amd=built.amd["digest"]))
    assert (ran.code, ran.report["images"][0]["notes"]) == (1, [])


def test_nothing_is_said_of_a_signed_index_that_does_not_list_the_manifest(built: Built, run: Run) -> None:
    built.sign(built.index)
    other = built.layout.image("of another build")
    ran = run(built, tag=f":v1@{other['digest']}")
    assert (ran.code, ran.report["images"][0]["notes"]) == (1, [])


def test_nothing_is_said_where_no_rule_is_for_the_image(built: Built, run: Run) -> None:
    built.sign(built.index, built.amd)
    elsewhere = _rules("").replace("**", "ghcr.io/acme/other")
    for tag in (":v1", f":v1@{built.amd['digest']}"):
        ran = run(built, rules=elsewhere, tag=tag)
        assert (ran.failed, ran.report["images"][0]["notes"]) == (("rules",), [])


def test_nothing_is_guessed_of_an_index_whose_bytes_were_let_go_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many images in one run, those of large manifests."""
    layout = Layout(tmp_path / "image")
    large = {"note": "x" * SMALL_DOCUMENT}
    index = layout.index([{**entry(layout.image("app"), "linux/amd64"), "annotations": large}], tag="v1")
    with RegistryServer({"acme/api": layout.folder}) as server:
        references = [f"{server.host}/acme/api@{index['digest']}", f"{server.host}/acme/api:v1"]
        code = cli.run(["verify", *references, "--policy", str(policy(tmp_path)), "--report", "-"])
    report = json.loads(capsys.readouterr().out)
    assert (code, [image["notes"] for image in report["images"]]) == (1, [[], []])


def test_a_fail_of_a_digest_alone_says_that_it_may_be_an_entry(built: Built, run: Run) -> None:
    built.sign(built.index)
    (note,) = run(built, tag=f"@{built.amd['digest']}").report["images"][0]["notes"]
    assert note.startswith("if this manifest is one platform of an index")


def test_a_fail_of_an_index_says_that_its_entries_pass(built: Built, run: Run) -> None:
    ran = run(built.sign(built.amd, built.arm))
    assert ran.code == 1
    (note,) = ran.report["images"][0]["notes"]
    assert 'platforms = "each"' in note


def test_a_fail_of_an_index_says_that_some_entries_are_signed(built: Built, run: Run) -> None:
    (note,) = run(built.sign(built.amd)).report["images"][0]["notes"]
    assert note.startswith("1 of the 2 manifests")


def test_a_pass_has_no_notes_and_costs_no_further_requests(
    built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    built.sign(built.amd)
    with RegistryServer({"acme/api": built.layout.folder}) as server:
        ran = verify(f"{server.host}/acme/api:v1@{built.amd['digest']}", policy=policy(tmp_path))
        assert (ran.code, ran.report["images"][0]["notes"]) == (0, [])
        assert not any(request.path.endswith("/manifests/v1") for request in server.requests)


@pytest.mark.parametrize("signed", [("amd",), ("amd", "arm")])
def test_an_entry_that_cannot_be_had_is_not_told_to_be_signed(
    signed: tuple[str, ...], built: Built, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=404) if f"/manifests/{built.arm['digest']}" in path else None

    built.sign(*(getattr(built, name) for name in signed))
    with RegistryServer({"acme/api": built.layout.folder}, intercept=refuse) as server:
        ran = verify(f"{server.host}/acme/api:v1", policy=policy(tmp_path))
    assert ran.code == 1
    (note,) = ran.report["images"][0]["notes"]
    assert note.startswith("1 of the 2 manifests that this index lists have verified signatures of their own")


@pytest.mark.parametrize(("number", "told"), [(0, False), (8, True), (9, False)])
def test_of_an_index_of_many_entries_nothing_is_said(
    number: int, tmp_path: Path, verify: Callable[..., Ran], *, told: bool
) -> None:
    """A fail must not become slow for a note."""
    layout = Layout(tmp_path / "image")
    images = [layout.image(f"image {index}") for index in range(number)]
    layout.index([entry(item, f"linux/a{index}") for index, item in enumerate(images)], tag="v1")
    for item in images:
        layout.sign(item)
    ran = verify(f"oci:{tmp_path / 'image'}:v1", policy=policy(tmp_path))
    assert (ran.code, bool(ran.report["images"][0]["notes"])) == (1, told)


def test_a_note_that_cannot_be_had_is_none(built: Built, tmp_path: Path, verify: Callable[..., Ran]) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=503) if path.endswith("/manifests/v1") else None

    with RegistryServer({"acme/api": built.layout.folder}, intercept=refuse) as server:
        ran = verify(f"{server.host}/acme/api:v1@{built.amd['digest']}", policy=policy(tmp_path))
    assert (ran.code, ran.report["images"][0]["notes"]) == (1, [])


@pytest.mark.parametrize("name", ["amd64", "arm64"])
def test_a_real_entry_of_a_signed_index_is_told_of_it(name: str, verify: Callable[..., Ran]) -> None:
    """A layout lists its index beside it."""
    ran = verify(f"oci:{LAB / 'index-signed-children-not'}:{name}", policy=policy_path("signature"))
    assert ran.code == 1
    (note,) = ran.report["images"][0]["notes"]
    assert note.startswith("the index sha256:")
    assert note[len("the index sha256:") + 64 :].startswith(", which lists this manifest, satisfies the policy")


def test_a_layout_of_one_manifest_has_no_index_to_ask_for(tmp_path: Path, verify: Callable[..., Ran]) -> None:
    image = Layout(tmp_path / "image").image("app")
    for reference in (f"oci:{tmp_path / 'image'}", f"oci:{tmp_path / 'image'}@{image['digest']}"):
        ran = verify(reference, policy=policy(tmp_path))
        assert (ran.code, ran.report["images"][0]["notes"]) == (1, [])


def test_a_real_index_whose_entries_name_no_platform_is_refused_where_platforms_are_asked_for(
    tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    text = (LAB / "policies" / "signature.toml").read_text().replace("../trusted_root.json", "root.json")
    (tmp_path / "root.json").write_bytes((LAB / "trusted_root.json").read_bytes())
    (tmp_path / "policy.toml").write_text(text.replace("[[rules]]", '[[rules]]\nplatforms = "each"'))
    ran = verify(f"oci:{LAB / 'index-signed-children-not'}:v1", policy=tmp_path / "policy.toml")
    assert (ran.code, ran.failed) == (1, ("platforms",))
    assert "names no platform" in ran.out
