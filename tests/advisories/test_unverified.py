"""Accepting what was not verified: nothing, an error, a key for a certificate, an annotation, a switch unread.

Each attack is judged as a user would judge it, and beside it the nearest thing that must pass.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.advisories.scene import (
    ATTESTATION,
    BUNDLE,
    DSSE,
    IN_TOTO,
    MALLORY,
    RELEASE,
    SCAN,
    SIGN_V1,
    SIGNATURE,
    SIMPLE,
    SLSA_V1,
    STATEMENT,
    Scene,
    named,
    steps,
)
from tests.forge import FAR, IDENTITY, ISSUER, SIGNED_AT, Authority, JSONObject, Leaf, b64, ec_key, utf8_string
from tests.verification import lab

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROVENANCE = '[rules.provenance]\nbuilders = ["release"]\nlevel = 1\nsource = "any"\nrefs = "any"\n'
BUILDER = f'[builders.release]\nid = "{IDENTITY}"\nsigners = ["release"]\nlevel = 3\n'
VOUCHING = f'{BUILDER}vouches-for = ["agents@resolvedDependencies"]\n'
AGENTS = f'{PROVENANCE}[rules.agents]\nallow = ["copilot"]\n'
AGENT = f'{VOUCHING}[agents.copilot]\nids = ["copilot"]\nmodels = "any"\n'
SECTIONS = {
    "signature": (SIGNATURE, "", SIGN_V1),
    "attestation": (ATTESTATION, "", SCAN),
    "provenance": (PROVENANCE, BUILDER, SLSA_V1),
    "agents": (AGENTS, AGENT, SLSA_V1),
}
PROVEN = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"repository": "https://github.com/acme/api", "ref": "refs/heads/main", "path": "x"}
        },
        "resolvedDependencies": [
            {
                "uri": "git+https://github.com/acme/api@refs/heads/main",
                "digest": {"gitCommit": "1" * 40},
                "properties": {
                    "commits": [
                        {
                            "hash": "1" * 40,
                            "author": "copilot",
                            "agent_model": "m",
                            "authored_by": "autonomous_agent",
                        }
                    ]
                },
            }
        ],
    },
    "runDetails": {"builder": {"id": IDENTITY}},
}


# Nothing


@pytest.mark.parametrize("attached", ["nothing", "an empty manifest", "junk", "a stranger's", "of another image"])
@pytest.mark.parametrize("section", SECTIONS)
def test_no_evidence_satisfies_no_section(attached: str, section: str, scene: Scene) -> None:
    """P-T1, CVE-2022-35930, GHSA-739f-hw6h-7wq8, CVE-2025-25204, GHSA-fgw4-v983-mgp8: whatever is asked of each of no
    items holds, so that emptiness must fail by itself.
    """
    rule, more, predicate_type = SECTIONS[section]
    payload = scene.statement(predicate_type, predicate=PROVEN)
    if attached == "an empty manifest":
        scene.attach([], subject=True)
    elif attached == "junk":
        scene.bundle(b"{}")
    elif attached == "a stranger's":
        scene.bundle(scene.signed(payload, by=MALLORY))
    elif attached == "of another image":
        scene.bundle(scene.signed(payload.replace(scene.hex.encode(), b"0" * 64)))
    ran = scene.judge(rule=rule, more=more)
    assert ran.code == 1, ran.out
    assert "pass" not in ran.outcomes.values()
    scene.bundle(scene.signed(payload))
    assert scene.judge(rule=rule, more=more).code == 0


@pytest.mark.parametrize("place", [{"subject": True}, {"tag": "att"}, {"kind": "atts"}])
@pytest.mark.parametrize("media_type", [BUNDLE, DSSE])
def test_an_attestation_of_another_type_is_none_of_this_type(
    media_type: str, place: Mapping[str, Any], scene: Scene
) -> None:
    """CVE-2022-35929, GHSA-vjxv-45g9-9296, CVE-2026-39395, GHSA-w6c6-c85g-mmv6: none of the type that was asked for is
    none, in whichever format and place there are others.
    """
    signer = f'{scene.key("attester")}\nlog = "optional"'
    others = ("https://example.com/p/v1", SLSA_V1, SIGN_V1, f"{SCAN}x", SCAN.upper(), f"{SCAN} ", "vuln")
    scene.attach(
        [scene.layer(scene.by_key(scene.statement(other), "attester"), media_type) for other in others], **place
    )
    ran = scene.judge(rule=ATTESTATION, signer=signer)
    assert (ran.code, ran.failed) == (1, ("attestations.vuln",))
    assert steps(ran) == [], "each of them verified"
    scene.keyed(scene.statement(SCAN), "attester", media_type=media_type)
    assert scene.judge(rule=ATTESTATION, signer=signer).code == 0


@pytest.mark.parametrize("predicate_type", [SLSA_V1, SCAN, f"{SIGN_V1}/", "cosign/sign/v1"])
def test_an_attestation_is_no_signature(predicate_type: str, scene: Scene) -> None:
    """P-T3: an image that carries nothing but an attestation is not signed, unless the policy says that this signer's
    statements count.
    """
    scene.bundle(scene.signed(scene.statement(predicate_type)))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, [])
    assert scene.judge(signer=f"{RELEASE}\n{STATEMENT}").code == 0
    scene.bundle(scene.signed())
    assert scene.judge().code == 0


# Errors


UNREADABLE: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "nothing": (lambda _: b" ", 1),
    "no JSON": (lambda payload: payload[:-1], 1),
    "a list": (lambda payload: b"[" + payload + b"]", 1),
    "no type": (lambda payload: payload.replace(b"predicateType", b"predicatetype"), 1),
    "another version": (lambda payload: payload.replace(b"Statement/v1", b"Statement/v2"), 1),
    "no subject": (lambda payload: payload.replace(b'"subject"', b'"subjects"'), 1),
    "a predicate of text": (lambda payload: payload.replace(b'"predicate": {}', b'"predicate": "x"'), 1),
    "not UTF-8": (lambda payload: payload.replace(b'"x"', b'"\xff"'), 1),
    # What a named signer signed and nobody can read in one way is not absent: someone has to look (rule 6).
    "a key twice": (lambda payload: payload.replace(b'"predicate": {}', b'"predicate": {}, "predicate": {}'), 4),
    "too deep": (lambda payload: payload.replace(b"{}", b"[" * 70 + b"]" * 70), 4),
}


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("media_type", [BUNDLE, DSSE])
def test_a_good_signature_over_what_cannot_be_read_is_no_evidence(media_type: str, how: str, scene: Scene) -> None:
    """P-T2, CVE-2026-39395, GHSA-w6c6-c85g-mmv6: the signature verifies, the payload does not parse, and an error that
    is passed over is "verified".
    """
    change, code = UNREADABLE[how]
    signer = f'{scene.key("attester")}\nlog = "optional"\n{STATEMENT}'
    scene.keyed(change(scene.statement(SCAN)), "attester", media_type=media_type)
    for rule in (SIGNATURE, ATTESTATION):
        ran = scene.judge(rule=rule, signer=signer)
        assert (ran.code, steps(ran)) == (code, ["payload"]), ran.out
    scene.keyed(scene.statement(SCAN), "attester", media_type=media_type)
    assert scene.judge(signer=signer).code == 0, "and one that can be read stands beside it"


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda text: text[:-1], "payload"),
        (lambda text: f"[{text}]", "payload"),
        (lambda text: text.replace('"critical"', '"kritisch"'), "payload"),
        (lambda text: text.replace("cosign container image signature", ""), "payload"),
        (lambda text: text.replace("docker-manifest-digest", "docker-manifest"), "subject"),
        (lambda text: text.replace("sha256:", "sha256:0"), "subject"),
        (lambda text: text.replace("sha256:", "SHA256:"), "subject"),
    ],
)
def test_a_good_signature_over_a_simple_payload_that_cannot_be_read_is_no_evidence(
    change: Callable[[str], str], step: str, scene: Scene
) -> None:
    """P-T2: the same in cosign's oldest format, whose payload has another reader."""
    signer = f'{scene.key("attester")}\nlog = "optional"'
    good = json.dumps(scene.simple_payload())
    assert change(good) != good
    scene.simple(change(good), "attester")
    ran = scene.judge(signer=signer)
    assert (ran.code, steps(ran)) == (1, [step])
    scene.detach()
    scene.simple(good, "attester")
    assert scene.judge(signer=signer).code == 0


CRASHES = [
    RuntimeError("x"),
    MemoryError(),
    RecursionError(),
    AssertionError(),
    StopIteration(),
    OSError(28, "x"),
    KeyboardInterrupt(),
    GeneratorExit(),
    SystemExit(0),
    SystemExit(None),
    BaseException(),
]


@pytest.mark.parametrize("error", CRASHES, ids=repr)
@pytest.mark.parametrize(
    "place", ["verification.candidate.read_bundle", "sources.layout.parse_manifest", "checks.check_image"]
)
def test_a_crash_is_never_a_pass(
    error: BaseException, place: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-T18, CVE-2026-44310, GHSA-7c37-gx6w-8vc5: crafted input that ends the run must not end it well, whatever a
    library raises for it, and on whichever thread.
    """
    scene.bundle(scene.signed())
    assert scene.judge().code == 0

    def crash(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"gate.{place}", crash)
    ran = scene.judge()
    assert (ran.code, ran.report["verdict"]) == (4, "undecided")
    assert "Traceback" not in ran.err


# A key for a certificate, a certificate of nobody


def _logged_by_a_key(scene: Scene, certificate: bytes) -> JSONObject:
    """A signature of Mallory's own key, truly logged, with something in the certificate's place."""
    document = scene.sigstore.sign_with_key(scene.statement(), ec_key("mallory"), integrated=SIGNED_AT)
    material = {key: value for key, value in document["verificationMaterial"].items() if key != "publicKey"}
    return document | {"verificationMaterial": material | {"certificate": {"rawBytes": b64(certificate)}}}


def _raw_key(encoding: Encoding) -> bytes:
    return ec_key("mallory").public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_public_key_in_the_certificates_place_is_nobodys(encoding: Encoding, scene: Scene) -> None:
    """P-T8, GHSA-fx35-mq7g-6g98: a raw key where the certificate should be, whose signature and log entry are its own,
    passes by chain and identity.
    """
    document = _logged_by_a_key(scene, _raw_key(encoding))
    scene.bundle(document)
    chain = {"certificates": [document["verificationMaterial"]["certificate"]]}
    material = {**document["verificationMaterial"], "x509CertificateChain": chain}
    del material["certificate"]
    old = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    scene.bundle(document | {"mediaType": old, "verificationMaterial": material})
    for signer in (RELEASE, scene.key("release"), scene.key("mallory")):
        ran = scene.judge(signer=signer)
        assert (ran.code, steps(ran)) == (1, ["certificate", "certificate"]), ran.out
    scene.keyed(scene.statement(), "mallory")
    assert scene.judge().code == 1
    assert scene.judge(signer=scene.key("mallory")).code == 0, "as a key, and named as one, it counts"


def test_a_public_key_in_the_annotation_of_a_certificate_is_nobodys(scene: Scene) -> None:
    """P-T8: the same in cosign's older format, where the certificate is an annotation."""
    text, pem = json.dumps(scene.simple_payload()), _raw_key(Encoding.PEM).decode()
    scene.simple(text, "mallory", {"dev.sigstore.cosign/certificate": pem})
    for signer in (RELEASE, f'{scene.key("mallory")}\nlog = "optional"'):
        ran = scene.judge(signer=signer)
        assert (ran.code, steps(ran)) == (1, ["format"])
    scene.detach()
    scene.simple(text, "mallory")
    assert scene.judge(signer=f'{scene.key("mallory")}\nlog = "optional"').code == 0


@pytest.mark.parametrize("by", ["itself", "a CA of that name", "a CA of another name"])
def test_a_certificate_that_the_authority_did_not_sign_is_nobodys(by: str, scene: Scene) -> None:
    """GHSA-fx35-mq7g-6g98: the chain is what makes an identity, and a certificate can say anything."""
    ca = scene.sigstore.ca
    forged = {
        "itself": replace(ca, key=ec_key("leaf")),
        "a CA of that name": replace(ca, key=ec_key("mallory-ca")),
        "a CA of another name": Authority(common_name="mallory", key=ec_key("mallory-ca")),
    }[by]
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    scene.bundle(replace(scene.sigstore, ca=forged).sign(scene.statement(), leaf=Leaf(authority_key=known)))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["trust-root" if by == "a CA of another name" else "chain"])
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=Leaf(authority_key=known)))
    assert scene.judge().code == 0


# What says of itself that it is verified


@pytest.mark.parametrize("referrers_api", [True, False])
@pytest.mark.parametrize("forged", ["the signature", "the payload", "nothing signs it", "the authority"])
def test_evidence_found_in_any_place_is_verified(forged: str, referrers_api: bool, scene: Scene) -> None:
    """policy-controller#1971: of two ways to find evidence one forgot to verify it."""
    document = scene.signed()
    broken = {
        "the signature": lab.edited(document, lab.SIGNATURE, b64(ec_key("leaf").sign(b"x", ec.ECDSA(hashes.SHA256())))),
        "the payload": lab.edited(document, lab.PAYLOAD, b64(scene.statement(annotations={"a": "b"}))),
        "nothing signs it": json.loads(scene.statement()),
        "the authority": replace(scene.sigstore, ca=replace(scene.sigstore.ca, key=ec_key("x"))).sign(
            scene.statement()
        ),
    }[forged]
    layers = [scene.layer(broken, media_type) for media_type in (BUNDLE, DSSE, IN_TOTO, SIMPLE)]
    scene.attach(layers, subject=True)
    for kind in ("sigs", "atts"):
        scene.attach(layers, kind=kind)
    for tag in ("sig", "att"):
        scene.attach(layers, tag=tag)
    signer = f"{RELEASE}\n{STATEMENT}"
    assert scene.judge(signer=signer).code == 1
    ran = scene.judge_by_registry(signer=signer, referrers_api=referrers_api)
    assert ran.code == 1, ran.out
    assert len(steps(ran)) >= 8
    scene.detach()
    scene.bundle(document)
    assert scene.judge(signer=signer).code == 0
    assert scene.judge_by_registry(signer=signer, referrers_api=referrers_api).code == 0


BOASTS = {
    "kyverno.io/verify-images": '{"ghcr.io/acme/api":"pass"}',
    "dev.sigstore.cosign/verified": "true",
    "gate/verdict": "pass",
    "verified": "true",
    "in-toto.io/predicate-type": SIGN_V1,
    "dev.sigstore.bundle.predicateType": SIGN_V1,
}


def test_what_says_that_it_was_verified_is_verified_all_the_same(scene: Scene) -> None:
    """kyverno#16336: an annotation of the caller's says that the image was verified already."""
    first = scene.index["manifests"][0]
    first["annotations"] |= BOASTS
    unsigned = scene.statement(annotations=BOASTS, verified=True)
    forged = {**lab.edited(scene.signed(), lab.PAYLOAD, b64(unsigned)), "verified": True, "verdict": "pass"}
    scene.attach([scene.layer(forged) | {"annotations": BOASTS}], subject=True, annotations=BOASTS)
    scene.attach([], subject=True, annotations=BOASTS, artifactType="application/vnd.cncf.notary.signature")
    for ran in (scene.judge(), scene.judge_by_registry()):
        assert (ran.code, steps(ran)) == (1, ["signature"]), ran.out


# Conditions and switches


AT = f"{SIGNED_AT:%Y-%m-%dT%H:%M:%SZ}"
AFTER = f"{SIGNED_AT + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
BEFORE = f"{SIGNED_AT - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
EXACT = f'identity = "{IDENTITY}"'
CONDITIONS = [
    (f'issuer = "{ISSUER}"', f'issuer = "{ISSUER}/"'),
    (f'issuer = "{ISSUER}"', 'issuer = { glob = "https://*.example.org" }'),
    (f'issuer = "{ISSUER}"', "issuer = { regex = 'https://issuer[.]exampl' }"),
    (EXACT, f'identity = "{IDENTITY[:-1]}"'),
    (EXACT, f'identity = "{IDENTITY.replace("acme", "Acme")}"'),
    (EXACT, 'identity = { glob = "https://github.com/acme/web/**" }'),
    (EXACT, "identity = { regex = 'https://github[.]com/acme/api/' }"),
    (EXACT, "identity = { regex = '.*/release[.]yml' }"),
    (EXACT, f"{EXACT}\nextensions = {{ runner-environment = 'github-hosted' }}"),
    (EXACT, f"{EXACT}\nextensions = {{ source-repository-ref = {{ regex = 'refs/heads/mai' }} }}"),
    (EXACT, f"{EXACT}\nextensions = {{ source-repository-ref = 'refs/heads/main', build-trigger = 'x' }}"),
    (EXACT, f"{EXACT}\nextensions = {{ build-trigger = {{ regex = '.*' }} }}"),
    (EXACT, f"{EXACT}\nnot-before = {AFTER}"),
    (EXACT, f"{EXACT}\nnot-after = {BEFORE}"),
    (EXACT, f'{EXACT}\naccept = ["message"]'),
    (EXACT, f'{EXACT}\nannotations = {{ env = "test" }}'),
]


@pytest.mark.parametrize(("from_", "to"), CONDITIONS)
def test_every_condition_on_a_signer_counts(from_: str, to: str, scene: Scene) -> None:
    """CVE-2025-29778, GHSA-46mp-8w32-6g94: the configured subject and issuer patterns were not read, so that anyone's
    signature passed.
    """
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=named(IDENTITY, x14="refs/heads/main", x11="self-hosted")))
    assert from_ in RELEASE
    ran = scene.judge(signer=RELEASE.replace(from_, to))
    assert (ran.code, ran.failed, steps(ran)) == (1, ("signature",), []), ran.err
    held = (
        f"{RELEASE}\nnot-before = {AT}\nnot-after = {AT}\nextensions = {{ source-repository-ref = 'refs/heads/main' }}"
    )
    assert scene.judge(signer=held).code == 0


def test_the_key_that_the_rule_names_counts_and_no_other(scene: Scene) -> None:
    """CVE-2025-29778, GHSA-46mp-8w32-6g94: the policy knows the key that signed, as someone else's."""
    scene.keyed(scene.statement(), "other")
    signer, more = scene.key("release"), f"[signers.other]\n{scene.key('other')}\n"
    ran = scene.judge(signer=signer, more=more)
    assert (ran.code, steps(ran)) == (1, []), "it verified"
    assert scene.judge(signer=signer, more=more, rule='signature.signers = ["other"]').code == 0


def test_a_signer_of_one_root_is_none_in_another(scene: Scene) -> None:
    """CVE-2025-29778, GHSA-46mp-8w32-6g94: another instance, trusted for others, certifies the same name."""
    theirs = replace(scene.sigstore, ca=Authority(common_name="theirs", key=ec_key("theirs")))
    (scene.folder / "theirs.json").write_text(json.dumps(theirs.root()))
    trust = 'roots = ["root.json", "theirs.json"]'
    scene.bundle(theirs.sign(scene.statement()))
    ran = scene.judge(signer=f'{RELEASE}\nroot = "root.json"', trust=trust)
    assert (ran.code, steps(ran)) == (1, []), "it verified"
    assert scene.judge(signer=f'{RELEASE}\nroot = "theirs.json"', trust=trust).code == 0
    assert scene.judge(trust=trust).code == 2, "where there are two, the policy says which"


@pytest.mark.parametrize(
    "text",
    [
        '[[waivers]]\nrule = "rule-1"\ncheck = "signature"\nimages = ["**"]\nexpires = 2099-01-01',
        '[[exceptions]]\nrule = "rule-1"',
        '[trust.policy]\nmode = "warn"',
        '[defaults]\nunsigned = "allow"',
    ],
)
def test_no_exception_cancels_a_rule(text: str, scene: Scene) -> None:
    """P-T20, GHSA-gg4x-fgg2-h9w9, CVE-2024-48921: two overlapping exceptions cancelled the policy, and anyone could
    make one. There are none here yet: a policy that names one is refused, and none is read from anywhere else.
    """
    ran = scene.judge(more=text)
    assert (ran.code, ran.report["verdict"]) == (2, "invalid"), ran.err


@pytest.mark.parametrize(
    "text",
    [
        'mode = "audit"',
        'enforcement = "warn"',
        'level = "permissive"',
        "required = false",
        "skip = true",
        'failure-policy = "ignore"',
    ],
)
def test_no_mode_lets_a_failed_check_pass(text: str, scene: Scene) -> None:
    """CVE-2024-23332, GHSA-57wx-m636-g3g8: under `permissive` and `audit` a failed check was only logged."""
    for rule in (f"{text}\n{SIGNATURE}", f"{SIGNATURE}\nsignature.{text}"):
        ran = scene.judge(rule=rule)
        assert ran.code == 2, ran.out
        assert "unknown key" in ran.err
    assert scene.judge().code == 1


def test_an_older_image_that_was_truly_signed_needs_an_age_to_be_refused(scene: Scene) -> None:
    """P-T24, CVE-2024-23332, GHSA-57wx-m636-g3g8: the registry answers with last year's image, which is signed. Only
    the policy can know that it is too old; without `max-age` it passes, and docs/security.md says so.
    """
    scene.bundle(scene.signed())
    assert scene.judge().code == 0
    ran = scene.judge(rule=f'{SIGNATURE}\nsignature.max-age = "90d"')
    assert (ran.code, ran.failed) == (1, ("signature",))
    assert "too old" in ran.out
    assert scene.judge(rule=f'{SIGNATURE}\nsignature.max-age = "9999d"').code == 0


def test_a_valid_certificate_of_any_age_says_no_more_than_its_time(scene: Scene) -> None:
    """P-T24: a certificate that its authority made valid for decades makes a signature of 2025 no younger."""
    leaf = Leaf(not_after=FAR - timedelta(days=1), extensions={14: utf8_string("refs/heads/main")})
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=leaf))
    assert scene.judge(rule=f'{SIGNATURE}\nsignature.max-age = "90d"').code == 1
    assert scene.judge().code == 0
