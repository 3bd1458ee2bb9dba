"""`gate inspect`: what is attached, whose it is, what it claims; and nothing looks verified that is not."""

from __future__ import annotations

import json
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate import cli
from gate.limits import Limits
from gate.report.inspection_commits import LOST
from gate.report.inspection_text import NO_VERDICT, UNTRUSTED
from tests import forge
from tests.attaching import AttachingLayout
from tests.conftest import LAB, Ran, policy_path
from tests.evidence import AGENT, HEAD, MODEL, REPOSITORY, SLSA_V1, WORKFLOW, claim, predicate_v1
from tests.images import Layout, entry, policy
from tests.inspecting import ROOT, Inspected, inspect
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
NOTHING = "nothing is attached"
SIGNED = f"oci:{LAB / 'agent-signed'}"
KEYED = f"oci:{LAB / 'keyed-legacy'}"
PRODUCTION = str(policy_path("production"))


@pytest.fixture
def look(capsys: pytest.CaptureFixture[str]) -> Callable[..., Inspected]:
    return lambda reference, *arguments: inspect(capsys, reference, *arguments)


# --- what is there


def test_each_thing_attached_says_who_signed_it_when_and_what_it_claims(look: Callable[..., Inspected]) -> None:
    found = look(SIGNED, *ROOT)
    assert found.code == 0
    assert found.document["complete"]
    provenance, signature = found.attached
    assert (provenance["kind"], provenance["place"], provenance["size"]) == ("sigstore-bundle", "layout-subjects", 8804)
    (signed,) = provenance["signatures"]
    assert signed["predicate_type"] == "https://slsa.dev/provenance/v1"
    assert signed["signer"]["identity"] == WORKFLOW
    assert signed["signer"]["extensions"]["runner-environment"] == "github-hosted"
    assert signed["signed_at"] == "2026-11-23T09:13:43Z"
    assert signed["log"][0]["index"] == 1
    assert signed["provenance"]["builder"] == WORKFLOW
    assert signed["provenance"]["certified"]["commits"] == signed["provenance"]["stated"]["commits"] == [HEAD]
    assert signature["signatures"][0]["provenance"] is None
    for shown in (WORKFLOW, "github-hosted", HEAD, "layout-subjects", "8804 bytes", "2026-11-23T09:13:43Z"):
        assert shown in found.text


def test_a_claim_says_who_claims_it_and_that_nobody_trusts_them(look: Callable[..., Inspected]) -> None:
    found = look(SIGNED, *ROOT)
    (commit,) = found.document["commits"]
    assert (commit["hash"], commit["agent"], commit["model"], commit["head"]) == (HEAD, AGENT, MODEL, True)
    assert commit["claimed_by"]["identity"] == WORKFLOW
    assert commit["attached"] == 1
    assert commit["policy"] == []
    assert UNTRUSTED.split(":")[0] in found.text
    row = next(line for line in found.text.splitlines() if AGENT in line)
    assert row.split() == [HEAD[:12], "head", "agent", AGENT, MODEL, "[1]"]
    assert "verified agent" not in found.text
    assert "commits: as whoever signed claims, without a policy that trusts anyone" in found.text


def test_nothing_attached_is_an_answer(look: Callable[..., Inspected]) -> None:
    found = look(f"oci:{LAB / 'unsigned'}")
    assert (found.code, found.attached, found.document["complete"]) == (0, [], True)
    assert NOTHING in found.text
    assert found.document["ledger"]


def test_every_transport_shows_the_same(look: Callable[..., Inspected], tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(LAB / "agent-signed", arcname=".")
    with RegistryServer({"acme/api": LAB / "agent-signed"}) as server:
        remote = look(f"{server.host}/acme/api:v1", *ROOT)
    local, archived = look(SIGNED, *ROOT), look(f"oci-archive:{tmp_path / 'image.tar'}", *ROOT)
    assert [item["signatures"] for item in local.attached] == [item["signatures"] for item in remote.attached]
    assert local.attached == archived.attached
    assert local.document["commits"] == remote.document["commits"] == archived.document["commits"]


def test_a_file_is_shown_with_its_bundles(look: Callable[..., Inspected]) -> None:
    folder = LAB.parent / "github"
    (wheel,) = folder.glob("*.whl")
    found = look(f"file:{wheel}", "--bundle", str(folder / "bundle.jsonl"))
    assert found.code == 0
    (item,) = found.attached
    (signature,) = item["signatures"]
    assert signature["root"] == "github", "each built-in root is tried by itself"
    assert "attest-demo" in signature["signer"]["identity"]


def test_an_index_lists_what_was_not_looked_at(look: Callable[..., Inspected], tmp_path: Path) -> None:
    layout = Layout(tmp_path / "image")
    child = layout.image("child")
    index = layout.index([entry(child, "linux/amd64")], tag="v1")
    layout.sign(child)
    found = look(f"oci:{layout.folder}@{index['digest']}")
    assert found.document["index"] == [{"digest": child["digest"], "platform": "linux/amd64"}]
    assert found.attached == [], "what is attached to an entry is not the index's"
    assert "inspect each by its digest" in found.text


def test_provenance_without_commits_says_how_they_are_lost(look: Callable[..., Inspected]) -> None:
    found = look(f"oci:{LAB / 'agent-claims-dropped-by-cosign'}", *ROOT)
    (commit,) = found.document["commits"]
    assert (commit["hash"], commit["claimed"], commit["claimed_by"]) == (HEAD, False, None)
    assert "nobody claims it" in found.text
    words = " ".join(found.text.split())
    assert LOST in words
    assert "--type https://slsa.dev/provenance/v1" in words
    assert LOST not in " ".join(look(SIGNED, *ROOT).text.split())


RUN = {
    "predicateVersion": "v1",
    "runId": "run-1",
    "repo": {"url": "https://github.com/acme/api", "headCommit": HEAD},
    "agent": {"name": "claude-code", "version": "1.2.3", "invocationKind": "ci-step"},
    "model": {"provider": "anthropic", "modelId": "claude-opus-4-6", "modelRevision": "20260101"},
    "humanApproval": {"state": "approved-before-merge", "reviewerRefs": ["github:user:alice"]},
    "tools": [{"name": "bash"}],
}


@pytest.mark.parametrize(
    ("subject", "about"),
    [({"sha256": "IMAGE"}, []), ({"gitCommit": HEAD}, [f"gitCommit:{HEAD}"])],
)
def test_every_format_shows_what_it_says_and_what_it_is_about(
    subject: dict[str, str], about: list[str], look: Callable[..., Inspected], tmp_path: Path
) -> None:
    layout = AttachingLayout(tmp_path)
    digest = {name: value.replace("IMAGE", layout.image.removeprefix("sha256:")) for name, value in subject.items()}
    form = (
        "https://drvelvetfog.github.io/source-review-coverage/v0.1" if about else "https://agentattest.dev/predicate/v1"
    )
    predicate = (
        {
            "approvals": [{"overTree": {"digest": {"gitTree": "5" * 40}}, "approver": "alice"}],
            "authorship": {"agents": [{"tool": "claude-code", "model": "claude-opus-4-6"}], "humanOperator": "bo"},
        }
        if about
        else RUN
    )
    payload = forge.statement("", subject=[{"name": "x", "digest": digest}], predicate_type=form, predicate=predicate)
    raw = json.dumps(forge.Sigstore().sign(payload)).encode()
    layout.attach([{"mediaType": forge.MEDIA_TYPE, **layout.blob(raw)}], subject=True)
    root = tmp_path / "root.json"
    root.write_text(json.dumps(forge.Sigstore().root()))
    found = look(f"oci:{layout.path}", "--trusted-root", str(root))
    (item,) = found.attached
    (signature,) = item["signatures"]
    assert signature["about"] == about
    assert signature["provenance"] is None
    assert signature["about_commits"]["claims"] == len(found.document["commits"]) == 1
    (commit,) = found.document["commits"]
    assert (commit["hash"], commit["agent"], commit["model"]) == (HEAD, "claude-code", "claude-opus-4-6")
    assert commit["policy"] == []
    words = " ".join(found.text.split())
    if about:
        assert f"gitCommit:{HEAD}, and not the image" in words
        assert commit["operator"] == "bo"
        assert "with operator bo" in words
        assert f"review by alice, of tree {'5' * 40}: so it claims" in words
    else:
        assert (commit["agent_version"], commit["provider"]) == ("1.2.3", "anthropic")
        assert "with version 1.2.3; model of anthropic; model version 20260101; tools bash" in words
        assert f"by github:user:alice, of commit {HEAD}: so it claims" in words


# --- what does not verify


def test_what_does_not_verify_says_nothing_but_whom_it_names(look: Callable[..., Inspected]) -> None:
    """By default the built-in roots: this image is of a private instance."""
    found = look(SIGNED)
    assert found.code == 0
    assert [item["verified"] for item in found.attached] == [False, False]
    assert [item["rejected"]["step"] for item in found.attached] == ["trust-root", "trust-root"]
    assert found.document["commits"] == []
    assert "signature  verifies" not in found.text
    for said in (AGENT, MODEL, "builder", "provenance/v1", LOST[:30]):
        assert said not in found.text, "an unverified payload is not read"
    assert found.text.count("it names, NOT VERIFIED") == 2
    assert "--trusted-root" in found.text


def test_an_attestation_of_another_image_does_not_verify(look: Callable[..., Inspected], tmp_path: Path) -> None:
    layout = AttachingLayout(tmp_path)
    raws = [path.read_bytes() for path in (LAB / "agent-signed" / "blobs" / "sha256").iterdir()]
    (bundle,) = (raw for raw in raws if b"dsseEnvelope" in raw and len(raw) == 8804)
    layout.attach([{"mediaType": forge.MEDIA_TYPE, **layout.blob(bundle)}], subject=True)
    found = look(f"oci:{layout.path}", *ROOT)
    (item,) = found.attached
    assert (item["verified"], item["rejected"]["step"]) == (False, "subject")
    assert found.document["commits"] == []
    assert AGENT not in found.text


def test_what_is_no_signature_is_listed_as_none(look: Callable[..., Inspected], tmp_path: Path) -> None:
    layout = AttachingLayout(tmp_path)
    layout.attach([{"mediaType": "application/spdx+json", **layout.blob(b'{"verified": true}')}], subject=True)
    layout.attach([{"mediaType": forge.MEDIA_TYPE, **layout.blob(b"junk")}], subject=True)
    found = look(f"oci:{layout.path}", *ROOT)
    assert found.code == 0
    by_type = {item["media_type"]: item for item in found.attached}
    assert by_type["application/spdx+json"]["kind"] == "other"
    assert by_type["application/spdx+json"]["size"] is None, "it is not fetched"
    assert by_type[forge.MEDIA_TYPE]["rejected"]["step"] == "format"
    assert "signature  NONE" in found.text
    assert "signature  DOES NOT VERIFY (format)" in found.text
    assert found.signers == []


def test_a_signature_by_a_key_says_that_the_key_was_not_given(look: Callable[..., Inspected]) -> None:
    found = look(KEYED)
    assert found.code == 0
    assert all(item["rejected"]["by_unknown_key"] for item in found.attached)
    assert "it is signed with a key that was not given (--key FILE tries one)" in " ".join(found.text.split())
    assert found.signers == []


def test_a_key_that_is_given_is_tried(look: Callable[..., Inspected], tmp_path: Path) -> None:
    found = look(KEYED, "--key", str(LAB / "key.pub"))
    assert [item["verified"] for item in found.attached] == [True, True]
    (key,) = found.document["keys"]
    assert set(found.signers) == {key["key"]}
    assert "at a time that nothing proves, in no log" in found.text
    other = tmp_path / "other.pem"
    other.write_bytes(forge.ec_key("other").public_key().public_bytes(*_PEM))
    found = look(KEYED, "--key", str(other))
    assert found.signers == []
    assert "a key that is none of those given" in " ".join(found.text.split())


def test_each_signature_is_said_of_the_thing_that_carries_it(look: Callable[..., Inspected], tmp_path: Path) -> None:
    """Junk beside a good signature takes nothing from it, and gets nothing."""
    layout = AttachingLayout(tmp_path, "agent-signed")
    junk = layout.attach([{"mediaType": forge.MEDIA_TYPE, **layout.blob(b"{}")}], subject=True)
    found = look(f"oci:{layout.path}", *ROOT)
    verified = {item["digest"]: item["verified"] for item in found.attached}
    assert len(verified) == 3
    assert verified[str(junk)] is False
    assert sum(verified.values()) == 2


def test_a_root_that_has_no_log_says_what_was_not_asked_for(look: Callable[..., Inspected], tmp_path: Path) -> None:
    document = json.loads((LAB / "trusted_root.json").read_bytes())
    path = tmp_path / "root.json"
    path.write_text(json.dumps({**document, "ctlogs": []}))
    assert "no certificate timestamp was asked for" in " ".join(look(SIGNED, "--trusted-root", str(path)).text.split())
    assert "was asked for" not in look(SIGNED, *ROOT).text
    path.write_text(json.dumps({**document, "tlogs": []}))
    found = look(SIGNED, "--trusted-root", str(path))
    assert [item["rejected"]["step"] for item in found.attached] == ["trust-root"] * 2, "its log is of no root"


# --- could not look


@pytest.mark.parametrize("place", ["/referrers/", ".sig", ".att", ".sbom", "/manifests/sha256-"])
@pytest.mark.parametrize(("status", "code"), [(503, 3), (403, 4)])
def test_a_place_that_could_not_be_read_is_never_nothing_attached(
    place: str, status: int, code: int, look: Callable[..., Inspected]
) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=status) if place in path else None

    with RegistryServer({"acme/api": LAB / "unsigned"}, intercept=refuse) as server:
        found = look(f"{server.host}/acme/api:v1")
    assert found.code == code
    assert found.document["complete"] is False
    assert NOTHING not in found.text.replace("this does not say that nothing is attached", "")
    assert "COULD NOT LOOK" in found.text
    if status == 403 and "/sha256-" not in place and place != "/referrers/":
        hint = f'say [registries."{server.host}"] forbidden-tag = "absent" in the policy'
        assert " ".join(found.text.split()).count(hint) == 1, "what to do, once"


def test_what_a_mirror_refuses_is_shown_and_the_registry_is_asked_again(
    tmp_path: Path, look: Callable[..., Inspected]
) -> None:
    """As when it is judged: a mirror is asked beside the registry, whose own failure may pass."""

    def refuse(path: str) -> Response | None:
        return Response(status=403) if "/referrers/" in path else None

    written = policy(tmp_path)
    with RegistryServer({"acme/api": LAB / "unsigned"}, intercept=refuse) as mirror:
        written.write_text(f'{written.read_text()}[registries."127.0.0.1:1"]\nmirrors = ["{mirror.host}"]\n')
        found = look("127.0.0.1:1/acme/api:v1", "--policy", str(written))
    assert found.code == 3
    assert "answered HTTP 403" in found.text


def test_what_was_found_is_shown_though_a_place_could_not_be_read(look: Callable[..., Inspected]) -> None:
    def refuse(path: str) -> Response | None:
        return Response(status=503) if path.endswith(".att") else None

    with RegistryServer({"acme/api": LAB / "agent-signed"}, intercept=refuse) as server:
        found = look(f"{server.host}/acme/api:v1", *ROOT)
        under = look(f"{server.host}/acme/api:v1", "--policy", PRODUCTION)
    assert found.code == under.code == 3
    assert len(found.signers) == 2
    assert "not all, some of it could not be looked at" in found.text
    (commit,) = under.document["commits"]
    assert [rule["allowed"] for rule in commit["policy"]] == [None], "what was not seen may disagree (rule 27)"
    assert "COULD NOT BE TOLD" in under.text


@pytest.mark.parametrize(("status", "code"), [(404, 4), (401, 4), (500, 3)])
def test_an_image_that_could_not_be_had(status: int, code: int, look: Callable[..., Inspected]) -> None:
    with RegistryServer({"acme/api": LAB / "unsigned"}, intercept=lambda _: Response(status=status)) as server:
        found = look(f"{server.host}/acme/api:v1")
    assert found.code == code
    assert found.document["digest"] is None
    assert found.document["error"] is not None
    assert NOTHING not in found.text
    assert NO_VERDICT not in found.text


def test_a_blob_that_is_missing_is_4(look: Callable[..., Inspected], tmp_path: Path) -> None:
    broken = tmp_path / "image"
    shutil.copytree(LAB / "agent-signed", broken)
    next(path for path in (broken / "blobs" / "sha256").iterdir() if b"dsseEnvelope" in path.read_bytes()).unlink()
    found = look(f"oci:{broken}", *ROOT)
    assert found.code == 4
    assert len(found.attached) == 1


def test_more_than_a_limit_is_4_and_what_was_not_tried_says_so(
    look: Callable[..., Inspected], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gate.limits.Limits", lambda **parts: Limits(**{"proofs": 3, **parts}))
    found = look(SIGNED, *ROOT)
    assert found.code == 4
    assert found.document["error"]["code"] == "limit"
    assert [item["tried"] for item in found.attached] == [True, False]
    assert "signature  NOT TRIED" in found.text


def test_more_claims_than_are_read_is_4_and_says_so(
    look: Callable[..., Inspected], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gate.limits.Limits", lambda **parts: Limits(**{"claims": 1, **parts}))
    found = look(f"oci:{LAB / 'mixed-agents'}", *ROOT)
    assert found.code == 4
    assert found.document["complete"] is False
    assert len(found.document["commits"]) == 1
    assert "NOT ALL READ" in found.text


# --- under a policy


def test_a_policy_says_of_each_commit_whether_it_is_allowed(look: Callable[..., Inspected]) -> None:
    found = look(SIGNED, "--policy", PRODUCTION)
    (commit,) = found.document["commits"]
    (rule,) = commit["policy"]
    assert rule == {"rule": "production", "vouched_by": "builder", "allowed": True, "reasons": []}
    assert "production: allowed (vouched for by the builder)" in found.text
    assert NO_VERDICT in found.text
    assert UNTRUSTED[:20] not in found.text


@pytest.mark.parametrize(
    ("case", "policy", "reason"),
    [
        ("denied-model", "production", "agents.models: 111111111111: 'copilot-coding-agent-v3' with 'gpt-3.5"),
        ("human-commit", "production", "agents.authorship: 111111111111 is by"),
        ("mixed-agents", "production", "agents.allow: "),
        ("agent-claims-dropped-by-cosign", "production", "agents.coverage: nobody claims it"),
        ("provenance-signed-by-a-person", "production", "provenance: provenance of builder "),
        ("agent-signed", "level-three", "provenance.level: level 2"),
    ],
)
def test_a_commit_that_is_not_allowed_says_why_and_the_exit_code_stays_0(
    case: str, policy: str, reason: str, look: Callable[..., Inspected]
) -> None:
    found = look(f"oci:{LAB / case}", "--policy", str(policy_path(policy)))
    assert found.code == 0, "it is no verdict"
    rules = [rule for commit in found.document["commits"] for rule in commit["policy"]]
    assert any(rule["allowed"] is False for rule in rules)
    assert any(text.startswith(reason) for rule in rules for text in rule["reasons"]), rules
    assert "NOT ALLOWED" in found.text


@pytest.mark.parametrize(
    ("change", "job"),
    [
        ("", {}),
        ('\n[[deny]]\nsigners = ["release"]\nreason = "x"\n', {}),
        ('\n[[deny]]\nmodels = ["gpt-4-turbo-2024-12"]\nreason = "x"\n', {}),
        ("this-project", {}),
        ("this-project", {"GITHUB_REPOSITORY": "acme/api", "GITHUB_SERVER_URL": "https://github.com"}),
        ("capture", {}),
        ("labels", {}),
        ("source", {}),
        ("platforms", {}),
    ],
)
def test_whoever_looks_is_told_what_whoever_judges_is(
    change: str,
    job: dict[str, str],
    look: Callable[..., Inspected],
    verify: Callable[..., Ran],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"GITHUB_ACTIONS": "true" if job else "", **job}.items():
        monkeypatch.setenv(name, value)
    shutil.copy(LAB / "trusted_root.json", tmp_path)
    text = policy_path("production").read_text().replace("../trusted_root.json", "trusted_root.json")
    if change == "this-project":
        text = text.replace("[rules.agents]", 'source-is = "this-project"\n[rules.agents]')
    elif change == "labels":
        text = text.replace("[rules.agents]", 'labels = "must-agree"\n[rules.agents]')
    elif change == "platforms":
        text = text.replace('images = ["**"]', 'images = ["**"]\nplatforms = ["linux/amd64"]')
    elif change == "source":
        text += '[rules.source]\nlevel = 2\nvsa = [{ verifier = "https://x.test", signer = "release", level = 3 }]\n'
    elif change == "capture":
        text = text.replace('images = ["**"]', 'images = ["ghcr.io/acme/{repo}"]')
        text = text.replace('"https://github.com/acme/api"]', '"https://github.com/acme/{repo}"]')
        assert "{repo}" in text
    else:
        text += change
    path = tmp_path / "policy.toml"
    path.write_text(text)
    named = ("--as", "ghcr.io/acme/api") if change == "capture" else ()
    ran = verify(SIGNED, *named, policy=path)
    found = look(SIGNED, "--policy", str(path), *named)
    ((rule,),) = [commit["policy"] for commit in found.document["commits"]]
    theirs = {check: outcome for check, outcome in ran.outcomes.items() if check != "signature"}
    failed = {check for check, outcome in theirs.items() if outcome != "pass"}
    assert rule["allowed"] is (None if "error" in theirs.values() else not failed), (theirs, rule)
    assert {reason.partition(":")[0] for reason in rule["reasons"]} >= failed


def test_labels_that_must_agree_are_read(
    look: Callable[..., Inspected], verify: Callable[..., Ran], tmp_path: Path
) -> None:
    layout = Layout(tmp_path / "image")
    source = {"org.opencontainers.image.source": REPOSITORY, "org.opencontainers.image.revision": HEAD}
    empty = {"config": layout.blob(b"{}", "application/vnd.oci.image.config.v1+json"), "layers": []}
    image = layout.manifest({**empty, "annotations": source}, tag="v1")
    predicate = predicate_v1(claims=[claim()], builder=forge.IDENTITY)
    payload = forge.statement(image["digest"].partition(":")[2], predicate_type=SLSA_V1, predicate=predicate)
    layout.attach(image, json.dumps(forge.Sigstore().sign(payload)).encode())
    path = policy(
        tmp_path,
        f"""
[builders.forge]
id = "{forge.IDENTITY}"
signers = ["forge"]
level = 1
vouches-for = ["agents@resolvedDependencies"]
[agents.copilot]
ids = ["{AGENT}"]
models = ["{MODEL}"]
[[rules]]
images = ["**"]
[rules.provenance]
builders = ["forge"]
level = 1
source = "any"
refs = "any"
labels = "must-agree"
[rules.agents]
allow = ["copilot"]
""",
    )
    assert verify(f"oci:{layout.folder}", policy=path).code == 0
    (commit,) = look(f"oci:{layout.folder}", "--policy", str(path)).document["commits"]
    assert [rule["allowed"] for rule in commit["policy"]] == [True]


def test_a_limit_that_was_met_leaves_every_commit_undecided(look: Callable[..., Inspected], tmp_path: Path) -> None:
    shutil.copy(LAB / "trusted_root.json", tmp_path)
    text = policy_path("production").read_text().replace("../trusted_root.json", "trusted_root.json")
    (tmp_path / "policy.toml").write_text(text + "\n[limits]\nproofs = 3\n")
    found = look(SIGNED, "--policy", str(tmp_path / "policy.toml"))
    assert found.code == 4
    assert [[rule["allowed"] for rule in commit["policy"]] for commit in found.document["commits"]] == [[None]]


def test_a_policy_that_says_nothing_of_it_says_so(look: Callable[..., Inspected], tmp_path: Path) -> None:
    found = look(SIGNED, "--policy", str(policy_path("signature")))
    assert "no rule for this name asks about agents" in found.text
    shutil.copy(LAB / "trusted_root.json", tmp_path)
    text = policy_path("production").read_text().replace('"**"', '"ghcr.io/acme/api"')
    (tmp_path / "policy.toml").write_text(text.replace("../trusted_root.json", "trusted_root.json"))
    found = look(SIGNED, "--policy", str(tmp_path / "policy.toml"))
    assert found.document["rules"] == []
    assert "no rule of the policy is for this name" in found.text
    found = look(SIGNED, "--policy", str(tmp_path / "policy.toml"), "--as", "ghcr.io/acme/api")
    assert found.document["rules"] == ["production"]


def test_the_environment_names_no_policy(look: Callable[..., Inspected], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_POLICY", PRODUCTION)
    assert look(SIGNED, *ROOT).document["policy"] is None


# --- the command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no image: name a REF"),
        (["oci:/nowhere"], "/nowhere"),
        ([SIGNED, "--key", "/nowhere.pub"], "--key /nowhere.pub"),
        ([SIGNED, "--key", PRODUCTION], "no public key"),
        ([SIGNED, "--trusted-root", "/nowhere.json"], "/nowhere.json"),
        ([SIGNED, "--policy", PRODUCTION, *ROOT], "--policy names its own roots and keys"),
        ([SIGNED, "--policy", PRODUCTION, "--key", "x"], "--policy names its own roots and keys"),
        ([SIGNED, "--policy", "/nowhere.toml"], "/nowhere.toml"),
        ([SIGNED, "--as", "ghcr.io/acme/api"], "--as goes with --policy"),
        ([SIGNED, "--bundle", "x"], "--bundle goes with file:PATH"),
        ([SIGNED, "--signature-repository", "ghcr.io/acme/x"], "--signature-repository goes with images"),
        (["ghcr.io/acme/api:1", "--offline"], "--offline"),
        ([SIGNED, "--timeout", "soon"], "--timeout"),
    ],
)
def test_a_wrong_job_is_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["inspect", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_key_that_is_too_large_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes((LAB / "key.pub").read_bytes() + b"\n" * (64 << 10))
    assert cli.run(["inspect", SIGNED, "--key", str(path)]) == 2
    assert "has more than" in capsys.readouterr().err


def test_a_wrong_job_is_a_document_too(look: Callable[..., Inspected]) -> None:
    found = look(SIGNED, "--key", "/nowhere.pub")
    assert found.code == 2
    assert found.document["complete"] is False
    assert found.document["error"]["code"] == "invalid.usage"
    assert NOTHING not in found.text


def test_text_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["inspect", SIGNED, *ROOT]) == 0
    out = capsys.readouterr().out
    assert out.startswith("image ")
    assert AGENT in out


def test_what_is_waited_for_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["inspect", SIGNED, *ROOT, "--progress", "plain"]) == 0
    captured = capsys.readouterr()
    assert "gate: resolving" in captured.err
    assert "gate: verifying" in captured.err
    assert "resolving" not in captured.out


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["inspect", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "gate inspection"


def test_a_crash_is_4(look: Callable[..., Inspected], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.flow.inspection.discover", lambda *_, **__: 1 / 0)
    found = look(SIGNED, *ROOT)
    assert found.code == 4
    assert found.document["error"]["code"] == "internal"
    assert NOTHING not in found.text


def test_what_is_attached_may_be_in_another_repository(look: Callable[..., Inspected]) -> None:
    with RegistryServer({"acme/api": LAB / "unsigned", "acme/signatures": LAB / "agent-signed"}) as server:
        found = look(f"{server.host}/acme/api:v1", "--signature-repository", f"{server.host}/acme/signatures")
    assert {place["repository"] for place in found.document["ledger"]} == {None, f"{server.host}/acme/signatures"}


def test_the_images_own_repository_is_not_looked_at_twice(look: Callable[..., Inspected]) -> None:
    with RegistryServer({"acme/api": LAB / "unsigned"}) as server:
        found = look(f"{server.host}/acme/api:v1", "--signature-repository", f"{server.host}/acme/api")
    assert {place["repository"] for place in found.document["ledger"]} == {None}


def test_an_image_that_cannot_be_had_leaves_its_place_unread(tmp_path: Path, look: Callable[..., Inspected]) -> None:
    with RegistryServer({"acme/api": Layout(tmp_path / "image").folder}) as server:
        found = look(f"{server.host}/acme/api:nowhere")
    assert (found.code, found.document["complete"]) == (4, False)
    (place,) = found.document["ledger"]
    assert (place["place"], place["complete"]) == ("image", False)


def test_a_file_is_no_index_whatever_is_in_it(tmp_path: Path, look: Callable[..., Inspected]) -> None:
    """And may be deeper than those are."""
    (tmp_path / "deep.json").write_bytes(b"[" * 100 + b"]" * 100)
    (tmp_path / "bundle.json").write_text("{}")
    text = '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n'
    where = ("--bundle", str(tmp_path / "bundle.json"), "--policy", str(policy(tmp_path, text)))
    assert look(f"file:{tmp_path / 'deep.json'}", *where).code == 0


def test_an_index_of_more_platforms_than_are_judged_is_over_a_limit(
    tmp_path: Path, look: Callable[..., Inspected]
) -> None:
    layout = Layout(tmp_path / "image")
    layout.index([entry(layout.image(name), f"linux/{name}") for name in ("amd64", "arm64")], tag="v1")
    rule = '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n'
    for most, code in ((2, 0), (1, 4)):
        path = policy(tmp_path, f"[limits]\nplatforms = {most}\n{rule}")
        found = look(f"oci:{tmp_path / 'image'}:v1", "--policy", str(path))
        assert found.code == code
    assert "2 platforms to judge; at most 1 are" in found.document["error"]["message"]


@pytest.mark.parametrize(("platform", "allowed"), [("linux/amd64", True), ("linux/arm64", False)])
def test_a_commit_of_an_index_is_allowed_only_where_it_has_the_rules_platforms(
    platform: str, tmp_path: Path, look: Callable[..., Inspected], *, allowed: bool
) -> None:
    layout = Layout(tmp_path / "image")
    index = layout.index([entry(layout.image("app"), "linux/amd64")], tag="v1")
    hexadecimal = index["digest"].removeprefix("sha256:")
    said = forge.statement(hexadecimal, predicate_type=SLSA_V1, predicate=predicate_v1(claims=[claim()]))
    layout.attach(
        {key: index[key] for key in ("mediaType", "digest", "size")}, json.dumps(forge.Sigstore().sign(said)).encode()
    )
    text = (
        f'[[rules]]\nimages = ["**"]\nplatforms = ["{platform}"]\n[rules.provenance]\nsigners = ["forge"]\nlevel = 1\n'
        f'source = ["{REPOSITORY}"]\nrefs = "any"\n[rules.agents]\nallow = "any"\nmin-trust = "tenant"\n'
    )
    (commit,) = look(f"oci:{tmp_path / 'image'}:v1", "--policy", str(policy(tmp_path, text))).document["commits"]
    assert [item["allowed"] for item in commit["policy"]] == [allowed]
