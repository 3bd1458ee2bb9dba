"""Binding: every part is real and verifies by itself, and is of another signature, signer, time or artifact.

Each attack is judged as a user would judge it, and beside it the nearest thing that must pass.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.advisories.scene import DSSE, MALLORY, RELEASE, SLSA_V1, Scene, named, steps
from tests.forge import (
    EPOCH,
    FAR,
    IDENTITY,
    ISSUER,
    SIGNED_AT,
    Authority,
    JSONObject,
    Leaf,
    Log,
    Sigstore,
    TimestampAuthority,
    Validity,
    b64,
    ec_key,
    ed_key,
)
from tests.verification import lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ENTRIES = "verificationMaterial.tlogEntries"
SECOND = timedelta(seconds=1)
OLD_LOG = Log(key=ec_key("log"))
CONFORMANCE = Path(__file__).parents[1] / "cases" / "conformance"


@pytest.fixture(params=["Rekor v2", "Rekor v1"])
def era(request: pytest.FixtureRequest, scene: Scene) -> dict[str, Any]:
    """How a bundle is signed: with a new log's entry and a timestamp, or with an old log's entry and its promise."""
    if request.param == "Rekor v2":
        return {}
    scene.sigstore = Sigstore(log=OLD_LOG)
    return {"integrated": SIGNED_AT, "at": ()}


# The log entry


OTHERS: dict[str, Callable[[Scene, dict[str, Any]], JSONObject]] = {
    "another image": lambda scene, era: scene.signed(scene.statement().replace(b"a", b"b"), **era),
    "another statement": lambda scene, era: scene.signed(scene.statement(SLSA_V1), **era),
    "another signature": lambda scene, era: scene.signed(**era),
    "another certificate": lambda scene, era: scene.signed(leaf=Leaf(serial=4712), **era),
    "another key": lambda scene, era: scene.signed(leaf=Leaf(key=ec_key("other")), **era),
    "another signer": lambda scene, era: scene.signed(by=MALLORY, **era),
}


@pytest.mark.parametrize("of", OTHERS)
def test_the_log_entry_of_something_else_proves_nothing(of: str, era: dict[str, Any], scene: Scene) -> None:
    """P-T4, CVE-2026-22703, GHSA-whqx-f9j3-ch6m, CVE-2022-36056, GHSA-8gw7-4j42-w388, CVE-2024-51746: an entry that is
    truly in the log, of something else.
    """
    good = scene.signed(**era)
    scene.bundle(lab.edited(good, ENTRIES, lab.at(OTHERS[of](scene, era), ENTRIES)))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log-entry"]), ran.out
    scene.bundle(good)
    assert scene.judge().code == 0


@pytest.mark.parametrize("of", ["another statement", "another key"])
def test_the_log_entry_of_something_else_proves_nothing_of_a_key(of: str, scene: Scene) -> None:
    """P-T4, CVE-2026-22703, CVE-2022-36056: the same of what a key signed."""
    good = scene.by_key(scene.statement(), "k")
    other = (
        scene.by_key(scene.statement(SLSA_V1), "k")
        if of == "another statement"
        else scene.by_key(scene.statement(), "other")
    )
    scene.bundle(lab.edited(good, ENTRIES, lab.at(other, ENTRIES)))
    ran = scene.judge(signer=scene.key("k"))
    assert (ran.code, steps(ran)) == (1, ["log-entry"]), ran.out
    scene.bundle(good)
    assert scene.judge(signer=scene.key("k")).code == 0


def _logged_otherwise(scene: Scene, document: JSONObject, change: Callable[[str], str], **kind: str) -> JSONObject:
    """The bundle with an entry that the log itself made of another body, and says is of `kind`."""
    entry = lab.at(document, f"{ENTRIES}.0")
    body = change(base64.b64decode(entry["canonicalizedBody"]).decode()).encode()
    named_kind = entry["kindVersion"] | kind
    made = scene.sigstore.log.entry(body, named_kind["kind"], named_kind["version"])
    if "inclusionPromise" in entry:
        made |= scene.sigstore.log.promise(made, SIGNED_AT)
    return lab.edited(document, ENTRIES, [made])


def _of_another(part: str, scene: Scene) -> Callable[[str], str]:
    """A change of one part of an entry's body: what was hashed, the signature, or who signed."""
    other = scene.sigstore.certificate(Leaf(serial=4712))

    def change(body: str) -> str:
        document = json.loads(body)
        if document["kind"] == "hashedrekord":
            record = document["spec"]["hashedRekordV002"]
            where, key, value = {
                "digest": (record["data"], "digest", b64(bytes(32))),
                "signature": (record["signature"], "content", b64(b"another")),
                "signer": (record["signature"]["verifier"]["x509Certificate"], "rawBytes", b64(_der(other))),
            }[part]
        else:
            spec = document["spec"]
            where, key, value = {
                "digest": (spec["payloadHash"], "value", "00" * 32),
                "signature": (spec["signatures"][0], "signature", b64(b"another")),
                "signer": (spec["signatures"][0], "verifier", b64(other.public_bytes(Encoding.PEM))),
            }[part]
        assert where[key] != value
        where[key] = value
        return json.dumps(document, separators=(",", ":"))

    return change


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("part", ["digest", "signature", "signer"])
def test_each_part_of_an_entry_is_held_against_the_signature(part: str, era: dict[str, Any], scene: Scene) -> None:
    """P-T4, sigstore-go#611: the log itself has an entry that is right but for what was hashed, or for the signature,
    or for who signed. None of them follows from the others: signatures are not unique.
    """
    good = scene.signed(**era)
    scene.bundle(_logged_otherwise(scene, good, _of_another(part, scene)))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log-entry"])
    scene.bundle(_logged_otherwise(scene, good, str))
    assert scene.judge().code == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(":", ": ", 1),
        lambda body: body.replace("{", '{"x":1,', 1),
        lambda body: json.dumps(json.loads(body), sort_keys=True),
        lambda body: f"{body}\n",
    ],
)
def test_the_leaf_is_made_of_the_bytes_that_are_compared(change: Callable[[str], str], scene: Scene) -> None:
    """sigstore-go#635: the body says what it should and is not the one whose leaf is in the tree."""
    good = scene.signed()
    path = f"{ENTRIES}.0.canonicalizedBody"
    body = base64.b64decode(lab.at(good, path)).decode()
    assert change(body) != body
    scene.bundle(lab.edited(good, path, b64(change(body).encode())))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log"])
    scene.bundle(good)
    assert scene.judge().code == 0


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda body: body.replace('"0.0.', '"0.1.'), {}),
        (lambda body: body.replace('"0.0.', '"0.1.'), {"version": "0.1.2"}),
        (lambda body: body.replace('"apiVersion":"0.0.2"', '"apiVersion":"0.0.3"'), {"version": "0.0.3"}),
        (lambda body: body.replace('"apiVersion"', '"version"'), {}),
        (lambda body: body.replace('"kind":"hashedrekord"', '"kind":"rekord"'), {"kind": "rekord"}),
        (lambda body: body.replace('"kind":"hashedrekord"', '"kind":"HashedRekord"'), {"kind": "HashedRekord"}),
        (str, {"version": "0.0.1"}),
        (str, {"kind": "dsse"}),
    ],
)
def test_an_entry_of_a_kind_or_version_that_is_not_known_proves_nothing(
    change: Callable[[str], str], kind: dict[str, str], scene: Scene
) -> None:
    """P-T9, sigstore-go#562, sigstore-go#590, sigstore-go#609: what a verifier does not know it must not pass over."""
    good = scene.signed()
    scene.bundle(_logged_otherwise(scene, good, change, **kind))
    ran = scene.judge()
    assert ran.code == 1
    assert steps(ran) in (["log-entry"], ["log"])
    scene.bundle(good)
    assert scene.judge().code == 0


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.4",
        "application/vnd.dev.sigstore.bundle.v1+json",
        "application/vnd.dev.sigstore.bundle.v0.3",
        "application/json",
    ],
)
def test_a_bundle_of_a_version_that_is_not_known_is_no_evidence(media_type: str, scene: Scene) -> None:
    """P-T9: the next version may mean something else by the same fields."""
    scene.bundle(scene.signed() | {"mediaType": media_type})
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["format"])


CLAIMS: dict[str, tuple[Callable[[JSONObject], JSONObject], str]] = {
    "a promise alone, of 0.3": (lambda entry: _without(entry, "inclusionProof"), "format"),
    "nothing at all": (lambda entry: _without(entry, "inclusionProof", "inclusionPromise"), "format"),
    "an empty proof": (lambda entry: entry | {"inclusionProof": {}}, "format"),
    "no checkpoint": (
        lambda entry: entry | {"inclusionProof": _without(entry["inclusionProof"], "checkpoint")},
        "format",
    ),
    "an unsigned checkpoint": (lambda entry: _noted(entry, lambda note: note.partition("\n\n")[0] + "\n\n"), "log"),
    "another's checkpoint": (lambda entry: _noted(entry, lambda note: note.replace("\n", "\n1", 1)), "log"),
    "another promise": (lambda entry: entry | {"inclusionPromise": {"signedEntryTimestamp": b64(b"x" * 70)}}, "log"),
    "another time": (lambda entry: entry | {"integratedTime": str(int(entry["integratedTime"]) + 1)}, "log"),
    "a time without a promise": (lambda entry: _without(entry, "inclusionPromise"), "time"),
}


def _without(document: JSONObject, *keys: str) -> JSONObject:
    return {key: value for key, value in document.items() if key not in keys}


def _noted(entry: JSONObject, change: Callable[[str], str]) -> JSONObject:
    proof = entry["inclusionProof"]
    return entry | {"inclusionProof": proof | {"checkpoint": {"envelope": change(proof["checkpoint"]["envelope"])}}}


@pytest.mark.parametrize("how", CLAIMS)
def test_inclusion_is_proved_and_not_claimed(how: str, scene: Scene) -> None:
    """CVE-2022-23649, GHSA-ccxc-vr6p-4858: a bundle that says that it is in the log, and an integrated time that nobody
    signed.
    """
    change, step = CLAIMS[how]
    scene.sigstore = Sigstore(log=OLD_LOG)
    good = scene.signed(integrated=SIGNED_AT, at=())
    scene.bundle(lab.edited(good, f"{ENTRIES}.0", change(lab.at(good, f"{ENTRIES}.0"))))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, [step]), ran.out
    # The oldest bundles may do with the promise alone; it is the log's signature, too.
    old = good | {"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}
    scene.bundle(lab.edited(old, f"{ENTRIES}.0", _without(lab.at(good, f"{ENTRIES}.0"), "inclusionProof")))
    assert scene.judge().code == 0


@pytest.mark.parametrize("of", ["another size", "another root", "another key", "another log's name"])
def test_a_checkpoint_is_of_this_tree_by_this_log(of: str, scene: Scene) -> None:
    """CVE-2022-23649, GHSA-ccxc-vr6p-4858: an inclusion proof leads to a root hash, and whose root hash it is says the
    checkpoint alone.
    """
    good, log = scene.signed(), scene.sigstore.log
    proof = lab.at(good, lab.PROOF)
    root, size = base64.b64decode(proof["rootHash"]), int(proof["treeSize"])
    note = {
        "another size": log.checkpoint(root, size + 1),
        "another root": log.checkpoint(bytes(32), size),
        "another key": replace(log, key=ed_key("fake"), claims_to_be=log.key_id).checkpoint(root, size),
        "another log's name": log.checkpoint(root, size, origin="other.example"),
    }[of]
    scene.bundle(lab.edited(good, lab.CHECKPOINT, note))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log"]), ran.out
    scene.bundle(lab.edited(good, lab.CHECKPOINT, log.checkpoint(root, size)))
    assert scene.judge().code == 0


def test_what_is_in_no_log_is_not_signed_unless_the_policy_says_that_there_is_none(scene: Scene) -> None:
    """CVE-2022-23649, GHSA-ccxc-vr6p-4858: a timestamp alone is no log."""
    unlogged = lab.edited(scene.signed(), ENTRIES, [])
    scene.bundle(unlogged)
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log"])
    root, trust = scene.sigstore.root(tlogs=[]), 'roots = [{ path = "root.json", log = "none" }]'
    assert scene.judge(root=root).code == 2, "a root without logs says so"
    assert scene.judge(root=root, trust=trust).code == 0
    scene.detach()
    scene.keyed(scene.statement(), "k", media_type=DSSE)
    assert scene.judge(signer=scene.key("k")).code == 1
    assert scene.judge(signer=f'{scene.key("k")}\nlog = "optional"').code == 0


@pytest.mark.parametrize(
    ("claims_to_be", "step"), [(b"", "trust-root"), (OLD_LOG.key_id, "log")], ids=["by its own id", "by the root's id"]
)
def test_the_keys_of_logs_come_from_the_trust_root_alone(claims_to_be: bytes, step: str, scene: Scene) -> None:
    """CVE-2023-47122: the key that a log's entries are verified with was asked of the log itself."""
    scene.sigstore = Sigstore(log=OLD_LOG)
    fake = Log(key=ec_key("fake"), claims_to_be=claims_to_be)
    theirs = replace(scene.sigstore, log=fake)
    root = scene.sigstore.root()
    scene.bundle(theirs.sign(scene.statement(), integrated=SIGNED_AT, at=()))
    ran = scene.judge(root=root)
    assert (ran.code, steps(ran)) == (1, [step])
    # A key's entry in a log that nobody knows is passed over, and then it has none (rule 5).
    scene.detach()
    scene.attach(
        [scene.layer(theirs.sign_with_key(scene.statement(), ec_key("k"), integrated=SIGNED_AT))], subject=True
    )
    ran = scene.judge(root=root, signer=scene.key("k"))
    assert (ran.code, steps(ran)) == (1, ["log"] if claims_to_be else [])
    scene.keyed(scene.statement(), "k")
    assert scene.judge(root=root, signer=scene.key("k")).code == 0


# Thresholds


def _twice(path: str) -> Callable[[JSONObject], JSONObject]:
    return lambda document: lab.edited(document, path, lab.at(document, path) * 2)


def _reworded(document: JSONObject) -> JSONObject:
    """The same entry a second time, as if it were at another place."""
    entry = lab.at(document, f"{ENTRIES}.0")
    return lab.edited(document, ENTRIES, [entry, {**entry, "logIndex": "7"}])


@pytest.mark.parametrize("change", [_twice(ENTRIES), _twice(lab.STAMPS), _reworded])
def test_a_witness_that_is_there_twice_is_one(change: Callable[[JSONObject], JSONObject], scene: Scene) -> None:
    """P-T5, CVE-2026-49834, GHSA-9vcr-p3rj-q5q6: one log, or one authority, counted as often as its word was copied."""
    scene.bundle(change(scene.signed()))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["format"])


def test_a_certificate_with_two_timestamps_of_one_ct_log_is_refused(scene: Scene) -> None:
    """P-T5, CVE-2026-49834, GHSA-9vcr-p3rj-q5q6: of the CT log too."""
    for scts, code in ((2, 1), (0, 1), (1, 0)):
        scene.bundle(scene.sigstore.sign(scene.statement(), leaf=Leaf(scts=scts, serial=scts + 10)))
        ran = scene.judge()
        assert (ran.code, set(steps(ran))) == (code, {"sct"})


SECOND_SIGNER = "https://github.com/acme/other/.github/workflows/sign.yml@refs/heads/main"
TWO = 'signature = { signers = ["release", "other"], threshold = 2 }'
ANYWHERE = f'[signers.other]\nissuer = "{ISSUER}"\nidentity = {{ glob = "https://github.com/acme/**@refs/**" }}\n'
KEYS = '[signers.other]\nkey = "k.pub"\nlog = "optional"\n'


@pytest.mark.parametrize("how", ["the same bundle", "the same signer", "another ref", "another certificate and key"])
def test_one_signer_is_one_however_often_it_signed(how: str, scene: Scene) -> None:
    """P-T5: two signatures, two names that both match, one principal."""
    first = scene.signed()
    second = {
        "the same bundle": lambda: first,
        "the same signer": lambda: scene.signed(),  # noqa: PLW0108
        "another ref": lambda: scene.signed(by=IDENTITY.replace("/main", "/other")),
        "another certificate and key": lambda: scene.signed(leaf=Leaf(key=ec_key("other"), serial=9)),
    }[how]()
    scene.bundle(first)
    scene.bundle(second, annotations={"copy": "yes"})
    ran = scene.judge(rule=TWO, more=ANYWHERE)
    assert (ran.code, ran.failed, steps(ran)) == (1, ("signature",), []), ran.out
    scene.bundle(scene.signed(by=SECOND_SIGNER))
    assert scene.judge(rule=TWO, more=ANYWHERE).code == 0


def test_one_key_under_two_names_is_one(scene: Scene) -> None:
    """P-T5: the same of keys."""
    scene.keyed(scene.statement(), "k")
    scene.keyed(scene.statement(), "k")
    more = f"[signers.other]\n{scene.key('k')}\n[signers.third]\n{scene.key('third')}\n"
    assert scene.judge(rule=TWO, signer=scene.key("k"), more=more).code == 1
    scene.keyed(scene.statement(), "third")
    assert scene.judge(rule=TWO.replace('"other"', '"third"'), signer=scene.key("k"), more=more).code == 0


def test_one_signature_in_two_roots_is_one(scene: Scene) -> None:
    """P-T5: one instance under two names, in which one bundle verifies twice."""
    (scene.folder / "copy.json").write_text(json.dumps(scene.sigstore.root()))
    trust = 'roots = ["root.json", "copy.json"]'
    signer, more = f'{RELEASE}\nroot = "root.json"', f'{ANYWHERE}root = "copy.json"\n'
    scene.bundle(scene.signed())
    ran = scene.judge(rule=TWO, signer=signer, more=more, trust=trust)
    assert (ran.code, len(ran.report["images"][0]["evidence"])) == (1, 2)
    scene.bundle(scene.signed(by=SECOND_SIGNER))
    assert scene.judge(rule=TWO, signer=signer, more=more, trust=trust).code == 0


@pytest.mark.parametrize("threshold", ["0", "-1", "false", '"0"'])
def test_a_threshold_of_nothing_is_no_threshold(threshold: str, scene: Scene) -> None:
    """P-T20, sigstore-go#562, sigstore-go#590, sigstore-go#609: at least none is always there."""
    ran = scene.judge(rule=f'signature = {{ signers = ["release"], threshold = {threshold} }}')
    assert (ran.code, ran.report["verdict"]) == (2, "invalid")


# Time


@pytest.mark.parametrize(
    ("part", "step"),
    [("leaf", "chain"), ("ca", "chain"), ("ca in the root", "chain"), ("log", "log"), ("ct", "sct"), ("tsa", "time")],
)
def test_every_window_includes_its_ends_and_no_second_more(part: str, step: str, scene: Scene) -> None:
    """P-T6, CVE-2024-56138: each part was in use at the signature's verified time, or it does not count. A trust root
    takes a compromised authority out of use by the end of its window; there are no revocation lists to ask.
    """

    def judged(start: datetime, end: datetime) -> tuple[int, list[str]]:
        scene.detach()
        made, window, leaf = Sigstore(), Validity(start=start, end=end), Leaf()
        if part == "leaf":
            leaf = Leaf(not_before=start, not_after=end)
        elif part == "ca":
            made = replace(made, ca=replace(made.ca, not_before=start, not_after=end))
        elif part == "ca in the root":
            made = replace(made, ca=replace(made.ca, window=window))
        elif part == "log":
            made = replace(made, log=replace(made.log, window=window))
        elif part == "ct":
            made = replace(made, ct=replace(made.ct, window=window))
        else:
            made = replace(made, tsa=replace(made.tsa, window=window))
        scene.bundle(made.sign(scene.statement(), leaf=leaf))
        ran = scene.judge(root=made.root())
        return ran.code, steps(ran)

    assert judged(SIGNED_AT, SIGNED_AT) == (0, [])
    assert judged(SIGNED_AT - timedelta(days=30), SIGNED_AT - SECOND) == (1, [step])
    assert judged(SIGNED_AT + SECOND, SIGNED_AT + timedelta(days=30)) == (1, [step])


def test_the_key_of_a_log_was_in_use_for_a_keys_entry_too(scene: Scene) -> None:
    """P-T6: of an entry that says when a key signed."""

    def judged(end: datetime) -> tuple[int, list[str]]:
        scene.detach()
        made = Sigstore(log=replace(OLD_LOG, window=Validity(end=end)))
        scene.bundle(made.sign_with_key(scene.statement(), ec_key("k"), integrated=SIGNED_AT))
        ran = scene.judge(signer=scene.key("k"), root=made.root())
        return ran.code, steps(ran)

    assert judged(SIGNED_AT) == (0, [])
    assert judged(SIGNED_AT - SECOND) == (1, ["log"])


@pytest.mark.parametrize("logged", [True, False], ids=["with a log", "without a log"])
@pytest.mark.parametrize("which", ["intermediate", "root"])
def test_an_expired_certificate_above_the_signers_counts_without_a_log_too(
    which: str, logged: bool, scene: Scene
) -> None:
    """P-T6, CVE-2026-24122, GHSA-wfqv-66vq-46rm: an intermediate that had expired was accepted where no log was asked
    for.
    """

    def judged(end: datetime) -> tuple[int, list[str]]:
        scene.detach()
        top = Authority(common_name="top", key=ec_key("top"), not_after=end if which == "root" else FAR)
        between = Authority(
            common_name="between", key=ec_key("between"), above=top, not_after=end if which == "intermediate" else FAR
        )
        made = Sigstore(ca=between)
        document = made.sign(scene.statement())
        root = made.root() if logged else made.root(tlogs=[])
        scene.bundle(document if logged else lab.edited(document, ENTRIES, []))
        trust = 'roots = ["root.json"]' if logged else 'roots = [{ path = "root.json", log = "none" }]'
        ran = scene.judge(root=root, trust=trust)
        return ran.code, steps(ran)

    assert judged(SIGNED_AT) == (0, [])
    assert judged(SIGNED_AT - SECOND) == (1, ["chain"])


AT, EARLIER, LATER = (f"{SIGNED_AT + by:%Y-%m-%dT%H:%M:%SZ}" for by in (timedelta(0), -SECOND, SECOND))


@pytest.mark.parametrize(
    ("window", "code"),
    [
        (f"not-after = {AT}", 0),
        (f"not-after = {EARLIER}", 1),
        (f'not-before = {AT}\ntime = "/signed"', 0),
        (f'not-before = {LATER}\ntime = "/signed"', 1),
        (f'not-before = {AT}\ntime = "/nowhere"', 1),
        (f"not-before = {AT}", 2),
    ],
)
def test_a_managed_key_counts_only_while_it_is_valid(window: str, code: int, scene: Scene) -> None:
    """P-T6, CVE-2026-54787, GHSA-wqqc-jjcq-vfxm: the signing time was not held against the validity of the key. A log
    knows the latest moment at which a key can have signed; the earliest, only the statement.
    """
    payload = scene.statement(predicate={"signed": AT})
    scene.keyed(payload, "k")
    ran = scene.judge(signer=f"{scene.key('k')}\n{window}")
    assert ran.code == code, ran.out
    # Without a verified time nobody knows whether it was valid.
    scene.detach()
    scene.keyed(payload, "k", media_type=DSSE)
    ran = scene.judge(signer=f'{scene.key("k")}\nlog = "optional"\n{window}')
    assert ran.code == max(code, 1), ran.out


# Timestamps


def _impostor_certificate(
    genuine: x509.Certificate, *, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
) -> bytes:
    """A certificate with the name, issuer and serial number of the authority's own, and Mallory's key."""
    return (
        x509.CertificateBuilder()
        .subject_name(genuine.subject)
        .issuer_name(genuine.issuer)
        .public_key(ec_key("impostor").public_key())
        .serial_number(genuine.serial_number)
        .not_valid_before(EPOCH)
        .not_valid_after(FAR)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .sign(ec_key("impostor"), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def _stamped(scene: Scene, by: TimestampAuthority, *embed: bytes, over: bytes | None = None) -> JSONObject:
    document = scene.signed()
    signature = base64.b64decode(lab.at(document, lab.SIGNATURE))
    stamp = by.response(signature if over is None else over, SIGNED_AT, embed=embed)
    return lab.edited(document, f"{lab.STAMPS}.0.signedTimestamp", b64(stamp))


@pytest.mark.parametrize("bag", ["its own", "its own, then the genuine", "the genuine, then its own", "its own twice"])
def test_a_certificate_in_the_bag_never_stands_in_for_the_authoritys(bag: str, scene: Scene) -> None:
    """P-T7, CVE-2026-39984, GHSA-xm5m-wgh2-rrg3: the certificate that was checked was the first in the bag, the key
    that was used another's.
    """
    genuine = scene.sigstore.tsa.certificate
    own, real = _impostor_certificate(genuine), _der(genuine)
    bags = {
        "its own": [own],
        "its own, then the genuine": [own, real],
        "the genuine, then its own": [real, own],
        "its own twice": [own, own],
    }
    scene.bundle(_stamped(scene, scene.sigstore.tsa.impostor(), *bags[bag]))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["time"])
    scene.bundle(_stamped(scene, scene.sigstore.tsa, real))
    assert scene.judge().code == 0


def test_a_timestamp_counts_only_by_an_authority_of_the_root_over_this_signature(scene: Scene) -> None:
    """CVE-2025-52556: a timestamp whose signature and chain were not tied to a trusted authority, in the library that
    this gate uses.
    """
    stranger = TimestampAuthority(name="stranger")
    stranger_certificate = _der(stranger.certificate)
    for document, step in [
        (_stamped(scene, stranger, stranger_certificate), "trust-root"),
        (_stamped(scene, scene.sigstore.tsa.impostor()), "time"),
        (_stamped(scene, scene.sigstore.tsa, over=b"another signature"), "time"),
        (_stamped(scene, scene.sigstore.tsa, over=scene.statement()), "time"),
    ]:
        scene.detach()
        scene.bundle(document)
        ran = scene.judge()
        assert (ran.code, steps(ran)) == (1, [step])
    scene.bundle(_stamped(scene, scene.sigstore.tsa))
    assert scene.judge().code == 0


# The bytes


def _file_policy(folder: Path) -> Path:
    path = folder / "file-policy.toml"
    identity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    path.write_text(
        f"""version = 1
[signers.beacon]
issuer = "https://token.actions.githubusercontent.com"
identity = "{identity}.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
[[rules]]
images = ["**"]
signature.signers = ["beacon"]
"""
    )
    return path


@pytest.mark.parametrize(
    ("case", "code"), [("message-digest-mismatch_fail", 1), ("happy-path-v0.3", 0), ("happy-path-v0.1", 0)]
)
def test_the_digest_that_a_bundle_states_is_held_against_the_artifact(
    case: str, code: int, verify: Callable[..., Ran], tmp_path: Path
) -> None:
    """sigstore-go#600, sigstore-python#1652: a message signature that holds, beside a digest of something else."""
    bundle = CONFORMANCE / case / "bundle.sigstore.json"
    ran = verify(f"file:{CONFORMANCE / 'a.txt'}", "--bundle", str(bundle), policy=_file_policy(tmp_path))
    assert (ran.code, steps(ran)) == (code, ["subject"] if code else []), ran.out


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: json.dumps(json.loads(payload), sort_keys=True).encode(),
        lambda payload: payload.replace(b": ", b":"),
        lambda payload: payload + b"\n",
        lambda payload: b"\xef\xbb\xbf" + payload,
        lambda payload: payload.replace(b'"x"', b'"\\u0078"'),
        lambda payload: payload.replace(b"{", b"{\r\n", 1),
        lambda payload: payload.replace(b'"predicate": {}', b'"predicate": {"signed": true}'),
    ],
)
def test_what_is_read_is_what_was_signed_byte_for_byte(change: Callable[[bytes], bytes], scene: Scene) -> None:
    """CVE-2026-44309: the signature held over a normalised form, and another form was used."""
    good = scene.signed()
    payload = base64.b64decode(lab.at(good, lab.PAYLOAD))
    assert change(payload) != payload
    scene.bundle(lab.edited(good, lab.PAYLOAD, b64(change(payload))))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["signature"])
    scene.bundle(good)
    assert scene.judge().code == 0


@pytest.mark.parametrize("key", ["payload", "signatures", "dsseEnvelope", "certificate", "mediaType"])
def test_a_part_that_stands_there_twice_is_refused(key: str, scene: Scene) -> None:
    """CVE-2026-44309: one reader verifies the first and another uses the last."""
    good = json.dumps(scene.signed())
    twice = good.replace(f'"{key}": ', f'"{key}": null, "{key}": ')
    assert twice.count(f'"{key}"') == 2
    scene.bundle(twice.encode())
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["format"])
    scene.bundle(good.encode())
    assert scene.judge().code == 0


# Provenance, patterns


def _provenance(**workflow: str) -> JSONObject:
    stated = {
        "repository": "https://github.com/acme/api",
        "ref": "refs/tags/v1",
        "path": ".github/workflows/release.yml",
    }
    return {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": stated | workflow},
        },
        "runDetails": {"builder": {"id": workflow.get("builder", TAGGED)}},
    }


TAGGED = IDENTITY.replace("refs/heads/main", "refs/tags/v1")
PROVEN = """[builders.release]
id = { glob = "https://github.com/*/*/.github/workflows/release.yml@refs/**" }
signers = ["release"]
level = 3
"""
FROM_ACME = """[rules.provenance]
builders = ["release"]
level = 1
source = ["https://github.com/acme/api"]
refs = ["refs/tags/v1"]
"""


@pytest.mark.parametrize(
    ("stated", "certified", "failed"),
    [
        ({"ref": "refs/tags/v2"}, {}, "provenance.ref"),
        ({}, {"x14": "refs/tags/v2"}, "provenance.ref"),
        ({"ref": "refs/heads/main"}, {"x14": "refs/heads/main"}, "provenance.ref"),
        ({"repository": "https://github.com/mallory/api"}, {}, "provenance.source"),
        ({}, {"x12": "https://github.com/mallory/api"}, "provenance.source"),
        ({"builder": TAGGED.replace("v1", "v2")}, {}, "provenance.builder"),
    ],
)
def test_provenance_is_held_against_its_certificate(
    stated: dict[str, str], certified: dict[str, str], failed: str, scene: Scene
) -> None:
    """GHSA-r2xv-vpr2-42m9: the tag and the identity that a statement names were not held against who signed it."""
    extensions = {"x12": "https://github.com/acme/api", "x14": "refs/tags/v1"}
    signer = (
        f'issuer = "{ISSUER}"\nidentity = {{ glob = "https://github.com/acme/api/.github/workflows/*@refs/tags/*" }}'
    )

    def judged(stated: dict[str, str], certified: dict[str, str]) -> Ran:
        scene.detach()
        leaf = named(TAGGED, **(extensions | certified))
        payload = scene.statement(SLSA_V1, predicate=_provenance(**stated))
        scene.bundle(scene.sigstore.sign(payload, leaf=leaf))
        return scene.judge(rule=FROM_ACME, more=PROVEN, signer=signer)

    ran = judged(stated, certified)
    assert (ran.code, failed in ran.failed) == (1, True), ran.out
    assert judged({}, {}).code == 0


@pytest.mark.parametrize(
    ("glob", "code"),
    [
        ("https://github.com/acme/*/.github/workflows/*@refs/heads/main", 0),
        ("https://github.com/acme/**@refs/heads/main", 0),
        ("https://github.com/*/release.yml@refs/heads/main", 1),
        ("https://github.com/acme/api/.github/workflows/*", 1),
        ("https://github.com/acme/api/**/.github/workflows/release.yml@refs/heads/main", 1),
        ("https://github.com/acme/api/.github/workflows/release.yml@*", 1),
        ("https://github.com/[!m]*/api/.github/workflows/release.yml@refs/heads/main", 2),
        ("!https://github.com/mallory/**", 1),
        ("https://github.com/{acme,other}/api/.github/workflows/release.yml@refs/heads/main", 2),
        ("https://github.com/acme/ap?/.github/workflows/release.yml@refs/heads/main", 2),
    ],
)
def test_a_glob_means_one_thing(glob: str, code: int, scene: Scene) -> None:
    """CVE-2021-41087, GHSA-pmwq-pjrm-6p5r: two implementations read one pattern, or its negation, in two ways. Here one
    reading is written down, nothing is negated, and what others read in another way is refused.
    """
    scene.bundle(scene.signed())
    ran = scene.judge(signer=f'issuer = "{ISSUER}"\nidentity = {{ glob = "{glob}" }}')
    assert ran.code == code, ran.err
