"""The classes that no single advisory stands for: poison, failures that look like absence, names that look alike,
policies that say less than they seem to, an environment that is the attacker's, subjects that almost match.

Each attack is judged as a user would judge it, and beside it the nearest thing that must pass.
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from tests.advisories.scene import ATTESTATION, DSSE, MALLORY, RELEASE, SCAN, SIGNATURE, Scene, steps
from tests.forge import IDENTITY, ISSUER, SIGNED_AT, Leaf, Sigstore, b64, ec_key
from tests.registry_server import OCI_INDEX, Response
from tests.verification import lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

BOTH = f"{SIGNATURE}\n{ATTESTATION}"


# Poison


def _poison(scene: Scene) -> list[bytes]:
    """What anyone may attach to an image who may push to its repository."""
    good = scene.signed()
    theirs = replace(scene.sigstore, ca=replace(scene.sigstore.ca, key=ec_key("theirs")))
    elsewhere = Sigstore(log=replace(scene.sigstore.log, host="elsewhere"))
    documents = [
        {},
        lab.edited(good, lab.SIGNATURE, b64(b"x")),
        lab.edited(good, lab.PAYLOAD, b64(b"x")),
        lab.edited(good, lab.STAMPS, []),
        theirs.sign(scene.statement()),
        elsewhere.sign(scene.statement(), origin="elsewhere"),
        scene.signed(by=MALLORY),
        scene.signed(scene.statement(SCAN, predicate={"critical": 99}), by=MALLORY),
        scene.signed(scene.statement().replace(scene.hex.encode(), b"0" * 64)),
        scene.signed(leaf=Leaf(not_after=SIGNED_AT - timedelta(seconds=1))),
        scene.by_key(scene.statement(), "mallory"),
        good | {"mediaType": "application/vnd.dev.sigstore.bundle.v9+json"},
    ]
    return [b"", b"junk", b"[" * 500, b'{"a": 1, "a": 2}', *[json.dumps(item).encode() for item in documents]]


def _attach_all(scene: Scene, raws: list[bytes]) -> None:
    for number, raw in enumerate(raws):
        scene.bundle(raw, annotations={"n": str(number)})


def _told(ran: Ran) -> Any:
    """What a report says, but for when it was made, where, and in which order the pieces were attached."""
    (image,) = ran.report["images"]
    return ran.code, image["rules"][0]["checks"], len(image["evidence"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by_registry", [True, False], ids=["registry", "layout"])
def test_poison_beside_good_evidence_changes_nothing_in_any_order(
    seed: int,
    by_registry: bool,
    scene: Scene,
) -> None:
    """P-T14: one bad bundle made the whole image fail, or the first one that was found decided."""
    judge: Callable[..., Ran] = scene.judge_by_registry if by_registry else scene.judge
    good = [json.dumps(scene.signed()).encode(), json.dumps(scene.signed(scene.statement(SCAN))).encode()]
    for raw in good:
        scene.bundle(raw)
    code, checks, count = _told(judge(rule=BOTH))
    assert (code, count) == (0, 2)
    poison = _poison(scene)
    _attach_all(scene, poison)
    # The registry lists in the order of the digests, the layout as attached; both are shuffled.
    first, *others = scene.index["manifests"]
    random.Random(seed).shuffle(others)  # noqa: S311
    scene.index["manifests"] = [first, *others]
    scene.write_index()

    def shuffled(path: str) -> Response | None:
        if "/referrers/" not in path:
            return None
        listing = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": others}
        return Response(body=json.dumps(listing).encode(), headers={"Content-Type": OCI_INDEX})

    ran = judge(rule=BOTH, **({"intercept": shuffled} if by_registry else {}))
    assert _told(ran) == (0, checks, 2 + len(poison)), ran.out
    assert len(steps(ran)) == len(poison) - 2, "a stranger's evidence verifies, and is the stranger's"


@pytest.mark.parametrize("seed", range(2))
def test_any_amount_of_poison_is_no_evidence(seed: int, scene: Scene) -> None:
    """P-T14: the same without the good ones: it fails, and for want of evidence."""
    poison = _poison(scene)
    random.Random(seed).shuffle(poison)  # noqa: S311
    _attach_all(scene, poison)
    for ran in (scene.judge(rule=BOTH), scene.judge_by_registry(rule=BOTH)):
        assert (ran.code, ran.failed) == (1, ("signature", "attestations.vuln")), ran.out


# Failures that look like absence


@pytest.mark.parametrize("referrers_api", [True, False])
@pytest.mark.parametrize(("status", "code"), [(401, 4), (429, 3), (500, 3)])
def test_no_single_failure_makes_an_image_unsigned_or_signed(
    status: int,
    code: int,
    referrers_api: bool,
    scene: Scene,
) -> None:
    """P-T15: each request of a run fails in turn. A signed image is never "unsigned" by that, and one without the
    signature never passes, nor fails as if everything had been seen. What an SBOM's tag holds is no evidence, so that
    its failure is none either.
    """
    scene.judge_by_registry(rule=BOTH, referrers_api=referrers_api)
    bare = scene.requests
    scene.bundle(scene.signed())
    scene.bundle(scene.signed(scene.statement(SCAN)), annotations={"n": "1"})
    assert scene.judge_by_registry(rule=BOTH, referrers_api=referrers_api).code == 0
    full = scene.requests
    assert len(set(full)) >= len(set(bare)) + 4 >= 9

    def refuse(path: str) -> Callable[[str], Response | None]:
        return lambda asked: Response(status=status) if asked == path else None

    for path in sorted(set(full)):
        ran = scene.judge_by_registry(rule=BOTH, referrers_api=referrers_api, intercept=refuse(path))
        assert ran.code == (0 if path.endswith(".sbom") else code), f"{path}: {ran.out}"
    scene.detach()
    for path in sorted(set(bare)):
        ran = scene.judge_by_registry(rule=SIGNATURE, referrers_api=referrers_api, intercept=refuse(path))
        assert ran.code == (1 if path.endswith(".sbom") else code), f"{path}: {ran.out}"


@pytest.mark.parametrize(
    "realm",
    [
        "http://169.254.169.254/latest/meta-data/iam",
        "http://registry.example/token",
        "http://[fd00:ec2::254]/token",
        "ftp://127.0.0.1/token",
        "file:///etc/passwd",
        "https://user@registry.example/token",
        "https://registry.example/token#x",
        "/token",
        "",
    ],
)
def test_a_realm_that_leads_astray_is_not_asked_and_is_no_absence(
    realm: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-T16: a registry chooses where its clients ask for a token: the metadata service, plain HTTP, another host.
    Which realms may have credentials is in tests/sources.
    """
    scene.bundle(scene.signed())
    asked: set[object] = set()
    resolve = socket.getaddrinfo

    def watched(host: str, *rest: Any, **more: Any) -> Any:
        asked.add(host)
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    headers = {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}
    for place in ("", "/referrers/", "sha256-"):

        def refuse(path: str, place: str = place) -> Response | None:
            return Response(status=401, headers=headers) if place in path else None

        ran = scene.judge_by_registry(rule=BOTH, intercept=refuse)
        assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
    assert asked == {"127.0.0.1"}


@pytest.mark.parametrize("location", ["http://169.254.169.254/token", "http://registry.example/token", "ftp://x/token"])
@pytest.mark.parametrize("at", ["/token", "/manifests/v1", "/blobs/"])
def test_a_redirect_that_leads_astray_is_not_followed_and_is_no_absence(
    at: str, location: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-T16: the same by a redirect, of the token service or of any answer."""
    scene.bundle(scene.signed())
    asked: set[object] = set()
    resolve = socket.getaddrinfo

    def watched(host: str, *rest: Any, **more: Any) -> Any:
        asked.add(host)
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)

    def lead(path: str) -> Response | None:
        return Response(status=307, headers={"Location": location}) if at in path else None

    ran = scene.judge_by_registry(intercept=lead, token=True)
    assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
    assert asked == {"127.0.0.1"}
    assert scene.judge_by_registry(token=True).code == 0


# Names that look alike


EXACT = f'identity = "{IDENTITY}"'
GLOB = 'identity = { glob = "https://github.com/acme/*/.github/workflows/release.yml@refs/heads/main" }'
REGEX = "identity = { regex = 'https://github[.]com/acme/[a-z]+/[.]github/workflows/release[.]yml@refs/heads/main' }"
DOTS = "identity = { regex = 'https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main' }"


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (identity, name)
        for identity in (EXACT, GLOB, REGEX, DOTS)
        for name in (
            f"{IDENTITY}2",
            f"{IDENTITY}\n",
            f"{IDENTITY}/",
            f"{IDENTITY}@refs/heads/main",
            f" {IDENTITY}",
            f"https://evil.example/?{IDENTITY}",
            f"https://evil.example/{IDENTITY}",
            IDENTITY.replace("acme", "acme.evil.example"),
            IDENTITY.replace("acme/api", "acme/../mallory"),
            IDENTITY.replace("acme/api", "acme/./api"),
            IDENTITY.replace("acme/api", "acme%2fapi"),
            IDENTITY.replace("github.com", "github.com@evil.example"),
            IDENTITY.replace("release.yml", "release.yml\\x00"),
            IDENTITY.replace("main", "MAIN"),
            IDENTITY.replace("https", "http"),
        )
    ],
)
def test_a_name_that_looks_like_the_signers_is_someone_else(identity: str, name: str, scene: Scene) -> None:
    """P-T19, CVE-2025-29778, GHSA-46mp-8w32-6g94: a pattern that is not anchored, a dot that means any character, `$`
    before a line's end, a path that climbs.
    """
    signer = f'issuer = "{ISSUER}"\n{identity}'
    scene.bundle(scene.signed(by=name))
    ran = scene.judge(signer=signer)
    assert (ran.code, ran.failed) == (1, ("signature",)), ran.out
    scene.bundle(scene.signed())
    assert scene.judge(signer=signer).code == 0


@pytest.mark.parametrize(
    "identity",
    [
        'identity = { glob = "https://github.com/acme/**@refs/**" }',
        "identity = { regex = 'https://github[.]com/acme/.*' }",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("acme/api", "acme/../mallory/api"),
        ("acme/api", "acme/./api"),
        ("acme/api", "acme/%2e%2e/mallory"),
        ("acme/api", "acme/api\n"),
        ("@refs/", "@refs/heads/x@refs/"),
        ("refs/heads/main", "refs/heads/../tags/v1"),
    ],
)
def test_a_name_that_readers_read_differently_matches_no_pattern(
    identity: str, before: str, after: str, scene: Scene
) -> None:
    """P-T19: the widest pattern admits no name that climbs, is encoded or has two refs; its exact text may be named."""
    name = IDENTITY.replace(before, after)
    scene.bundle(scene.signed(by=name))
    assert scene.judge(signer=f'issuer = "{ISSUER}"\n{identity}').code == 1
    assert scene.judge(signer=f'issuer = "{ISSUER}"\nidentity = {json.dumps(name)}').code == 0


def test_a_dot_in_a_regular_expression_is_any_character_and_the_policy_says_so_itself(scene: Scene) -> None:
    """P-T19: what was not escaped is a pattern; nothing but the policy's author can know that it was not meant."""
    scene.bundle(scene.signed(by=IDENTITY.replace("github.com", "githubXcom")))
    assert scene.judge(signer=f'issuer = "{ISSUER}"\n{DOTS}').code == 0
    for identity in (EXACT, GLOB, REGEX):
        assert scene.judge(signer=f'issuer = "{ISSUER}"\n{identity}').code == 1


@pytest.mark.parametrize(
    "issuer",
    [
        f"{ISSUER}/",
        f"{ISSUER}.evil.example",
        f"{ISSUER}/acme",
        f"{ISSUER}?x",
        f"https://evil.example/{ISSUER}",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER.replace("issuer", "\u0456ssuer"),
        f"{ISSUER}\n",
        "",
    ],
)
def test_an_issuer_is_compared_whole(issuer: str, scene: Scene) -> None:
    """P-T19, CVE-2026-22772, CVE-2026-49478: an authority that took another issuer's word, by a pattern or a redirect.
    A certificate says whose word it was, and only the issuer that the policy names counts.
    """
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=Leaf(issuer=issuer)))
    assert scene.judge().code == 1
    assert scene.judge(signer=RELEASE.replace(f'"{ISSUER}"', "{ regex = 'https://issuer[.]example' }")).code == 1
    scene.bundle(scene.signed())
    assert scene.judge().code == 0


@pytest.mark.parametrize(
    "names",
    [
        (x509.UniformResourceIdentifier(IDENTITY), x509.UniformResourceIdentifier(MALLORY)),
        (x509.UniformResourceIdentifier(MALLORY), x509.UniformResourceIdentifier(IDENTITY)),
        (x509.UniformResourceIdentifier(MALLORY), x509.RFC822Name("ada@acme.com")),
        (x509.DNSName("github.com"),),
        (),
    ],
)
def test_a_certificate_with_more_names_than_one_is_nobodys(names: tuple[x509.GeneralName, ...], scene: Scene) -> None:
    """P-T19: one name is compared, another shown."""
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=Leaf(names=names)))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["certificate"])


# Policies that say less than they seem to


@pytest.mark.parametrize(
    "rule",
    [
        "",
        'signature.signer = ["release"]',
        'signatures.signers = ["release"]',
        "signature.signers = []",
        "signature = {}",
        'signature.signers = "release"',
        'signature.signers = ["realease"]',
        'signature = { signers = ["release"], threshold = 0 }',
        'signature = { signers = ["release"], threshold = 2 }',
        'signature = { signers = ["release"], treshold = 2 }',
        'signature = { signers = ["release"], max-age = "0d" }',
        'signature = { signers = ["release"], max-age = "-1d" }',
        "attestations = []",
        '[[rules.attestations]]\nsigners = ["release"]',
        '[[rules.attestations]]\ntype = "vuln"',
        '[[rules.attestations]]\ntype = "vulnerability"\nsigners = ["release"]',
        '[rules.provenance]\nbuilders = ["release"]',
        'signature.signers = ["release"]\nimages = ["x"]',
        f"{SIGNATURE}\n[[rules]]\nimages = []\n{SIGNATURE}",
        f'{SIGNATURE}\n[[rule]]\nimages = ["**"]',
    ],
)
def test_a_policy_that_says_less_than_it_seems_to_is_none(rule: str, scene: Scene) -> None:
    """P-T20: a misspelled key, an empty list, a threshold of nothing, that were passed over."""
    scene.bundle(scene.signed())
    ran = scene.judge(rule=rule)
    assert (ran.code, ran.report["verdict"]) == (2, "invalid"), ran.out
    assert scene.judge().code == 0


@pytest.mark.parametrize(
    "signer",
    [
        f'issuer = "{ISSUER}"',
        EXACT,
        f'issuer = ""\n{EXACT}',
        f'issuer = "{ISSUER}"\nidentity = ""',
        f'issuer = "{ISSUER}"\nidentity = {{ regex = "" }}',
        f"{RELEASE}\naccept = []",
        f'{RELEASE}\naccept = ["anything"]',
        f"{RELEASE}\nextensions = {{}}",
        f'{RELEASE}\nextensions = {{ runner-enviroment = "github-hosted" }}',
        f'{RELEASE}\nkey = "key.pub"',
    ],
)
def test_a_signer_that_could_be_anyone_is_none(signer: str, scene: Scene) -> None:
    """P-T20: the same of who may sign."""
    scene.bundle(scene.signed())
    (scene.folder / "key.pub").write_text("")
    ran = scene.judge(signer=signer)
    assert (ran.code, ran.report["verdict"]) == (2, "invalid"), ran.out


# An environment that is the attacker's


HOSTILE_NAMES = (
    *("SIGSTORE_ROOT_FILE", "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "SIGSTORE_NO_CACHE"),
    *("SIGSTORE_TSA_CERTIFICATE_FILE", "TUF_ROOT", "TUF_MIRROR", "COSIGN_REPOSITORY", "COSIGN_EXPERIMENTAL"),
    *("GATE_TRUSTED_ROOT", "GATE_ROOT", "GATE_KEY", "GATE_CERTIFICATE_IDENTITY", "GATE_CERTIFICATE_OIDC_ISSUER"),
    *("GATE_IDENTITY", "GATE_AS", "GATE_BUNDLE", "GATE_OFFLINE", "GATE_AT", "GATE_SIGNATURE_REPOSITORY", "GATE_TYPE"),
)


def test_neither_the_environment_nor_the_working_directory_decides_what_is_trusted(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-T21, CVE-2023-32076: configuration that was picked up where the job runs, which the attacker's branch fills."""
    scene.bundle(scene.signed())
    root = json.dumps(scene.sigstore.root())
    job = tmp_path / "job"
    for home in (job, job / "home"):
        for name in ("public-good", "github", "trusted_root.json", ".sigstore/root/trusted_root.json", "root.json"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(root)
        generous = (
            f'version = 1\n[trust]\nroots = ["root.json"]\n[signers.release]\n{RELEASE}\n[[rules]]\nimages = ["**"]\n'
        )
        for name in ("policy.toml", "gate.toml", ".gate.toml", "pyproject.toml", ".gaterc", ".config/gate/policy.toml"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(f'{generous}[[rules]]\nimages = ["**"]\n{SIGNATURE}\n')
    monkeypatch.chdir(job)
    for name in HOSTILE_NAMES:
        monkeypatch.setenv(name, str(job / "trusted_root.json"))
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(job / "home"))
    built_in = scene.judge(trust='roots = ["public-good"]')
    assert built_in.code == 1, built_in.out
    assert scene.judge(trust='roots = ["trusted_root.json"]').code == 2, "it is not beside the policy"
    assert scene.judge().code == 0, "and the one beside it counts"
    scene.detach()
    assert scene.judge().code == 1


def test_no_code_of_the_working_directory_is_run(scene: Scene, tmp_path: Path) -> None:
    """P-T21, CVE-2023-32076: a module there, called like one that gate imports."""
    job = tmp_path / "job"
    job.mkdir()
    for name in ("gate", "sigstore", "cryptography", "oras", "requests", "json", "typer", "sitecustomize"):
        (job / f"{name}.py").write_text("import os\nprint('mine')\nos._exit(0)\n")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("gate")),
            "verify",
            f"oci:{scene.path}:v1",
            "--policy",
            str(scene.policy()),
        ],
        cwd=job,
        env={},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, b"mine" in done.stdout) == (1, False), done.stdout + done.stderr


# Subjects that almost match


ALMOST: dict[str, Callable[[str], Any]] = {
    "the wrong algorithm": lambda digest: [{"digest": {"sha512": digest}}],
    "an older algorithm": lambda digest: [{"digest": {"sha1": digest}}],
    "another spelling of it": lambda digest: [{"digest": {"SHA256": digest}}, {"digest": {"sha-256": digest}}],
    "upper case": lambda digest: [{"digest": {"sha256": digest.upper()}}],
    "with its algorithm": lambda digest: [{"digest": {"sha256": f"sha256:{digest}"}}],
    "a part of it": lambda digest: [{"digest": {"sha256": digest[:-1]}}],
    "more than it": lambda digest: [{"digest": {"sha256": f"{digest} "}}, {"digest": {"sha256": f"{digest}0"}}],
    "a list of it": lambda digest: [{"digest": {"sha256": [digest]}}],
    "a contradiction": lambda digest: [{"digest": {"sha256": digest, "sha512": "0" * 128}}],
    "only its name": lambda digest: [{"name": f"sha256:{digest}", "digest": {"sha256": "0" * 64}}],
    "a name and no digest": lambda digest: [{"name": digest}],
    "no digests": lambda _: [{"digest": {}}],
    "no subjects": lambda _: [],
    "an object": lambda digest: {"digest": {"sha256": digest}},
    "text": lambda digest: digest,
    "nothing": lambda _: None,
    "in the annotations": lambda digest: [{"digest": {"sha256": "0" * 64}, "annotations": {"sha256": digest}}],
}


@pytest.mark.parametrize("how", ALMOST)
@pytest.mark.parametrize("media_type", ["", DSSE])
def test_a_subject_that_almost_matches_is_another(media_type: str, how: str, scene: Scene) -> None:
    """P-T22, sigstore-go#562, sigstore-go#590, sigstore-go#609: the right digest under the wrong algorithm, no digest,
    or a part of it.
    """
    signer = scene.key("k") + '\nlog = "optional"' if media_type else RELEASE

    def attach(subject: Any) -> None:
        payload = scene.statement(subject=subject)
        if media_type:
            scene.keyed(payload, "k", media_type=media_type)
        else:
            scene.bundle(scene.signed(payload))

    attach(ALMOST[how](scene.hex))
    ran = scene.judge(signer=signer)
    unreadable = how in {"a name and no digest", "no subjects", "an object", "text", "nothing"}
    assert (ran.code, steps(ran)) == (1, ["payload" if unreadable else "subject"])
    others = [{"digest": {"sha256": f"{number:064x}"}} for number in range(500)]
    attach([*others, {"digest": {"sha256": scene.hex, "gitCommit": "1" * 40}}, {"digest": {"sha256": scene.hex}}])
    assert scene.judge(signer=signer).code == 0, "any one of many may be it"
