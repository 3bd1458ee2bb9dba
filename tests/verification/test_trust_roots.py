"""What a trust root holds, and when: parts that are missing, windows to the second, and two roots that never mix."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import structs
from rfc3161_client._rust import verify as rust

from gate import trust
from gate.errors import InvalidTrustRoot
from gate.verification import Artifact, Doubt, Rejected, Root, Step, Verified, verify
from tests.forge import (
    BY_NAME,
    EPOCH,
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
from tests.verification.lab import (
    CERTIFICATE,
    DROP,
    ENTRY,
    FORGED_IMAGE,
    FORGED_NOW,
    LIMITS,
    NOW,
    PAYLOAD,
    PROOF,
    SIGNATURE,
    about_forged,
    at,
    bundle,
    candidate,
    edited,
    forged_outcome,
    forged_rejected,
    forged_root,
    forged_root_with,
    forged_verified,
    image,
    lab_root,
    load,
    outcome,
    public_good,
    rejected,
    root_document,
    verified,
)
from tests.verification.wrong.rows import trial

if TYPE_CHECKING:
    from pathlib import Path

    from rfc3161_client import TimeStampResponse

SECOND = timedelta(seconds=1)
YEAR_2040 = datetime(2040, 1, 1, tzinfo=UTC)
STRANGER = Sigstore(
    ca=Authority(common_name="stranger", key=ec_key("stranger-ca")),
    ct=Log(key=ec_key("stranger-ct"), host="ct.stranger"),
    log=Log(key=ed_key("stranger-log"), host="stranger"),
    tsa=TimestampAuthority(name="stranger-tsa"),
)
PARTS = ("tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities")
WINDOWS = {
    "tlogs": ("tlogs.0.publicKey.validFor", Step.LOG),
    "certificateAuthorities": ("certificateAuthorities.0.validFor", Step.CHAIN),
    "ctlogs": ("ctlogs.0.publicKey.validFor", Step.SCT),
    "timestampAuthorities": ("timestampAuthorities.0.validFor", Step.TIME),
}


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _without(part: str, *, start: datetime = EPOCH) -> JSONObject:
    """The lab's root with a stranger's part in the place of its own, in use from `start`."""
    path, _ = WINDOWS[part]
    strange = edited(root_document(), part, STRANGER.root()[part])
    return edited(strange, f"{path}.start", _text(start))


def _moment(part: str) -> datetime:
    """The moment that a part's window is held against: when the bundle was signed, or its certificate logged."""
    if part != "ctlogs":
        return verified(bundle()).times[0]
    certificate = x509.load_der_x509_certificate(base64.b64decode(at(bundle(), CERTIFICATE)))
    scts = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    issued: datetime = scts[0].timestamp.replace(tzinfo=UTC)
    return issued


# --- parts that are missing


@pytest.mark.parametrize("part", PARTS)
def test_evidence_of_a_part_that_the_root_does_not_hold_is_rejected_for_the_root(part: str) -> None:
    evidence = rejected(bundle(), load(_without(part)))
    assert evidence.step is Step.TRUST_ROOT
    assert evidence.doubt is None, "nobody says how old a root file is"
    assert evidence.reason.endswith("is not in the trust root 'lab'")
    assert evidence.stated is not None
    assert not evidence.authentic


def test_a_root_without_timestamp_authorities_has_none_for_a_timestamp() -> None:
    evidence = rejected(bundle(), load(edited(root_document(), "timestampAuthorities", [])))
    assert evidence.step is Step.TRUST_ROOT


@pytest.mark.parametrize("part", PARTS)
def test_evidence_that_is_newer_than_a_dated_root_and_of_a_part_that_it_lacks_is_in_doubt(part: str) -> None:
    evidence = rejected(bundle(), load(_without(part), built_in=True))
    assert evidence.step is Step.TRUST_ROOT
    assert evidence.doubt is Doubt.STALE
    assert evidence.reason.endswith("is not in the trust root 'lab' of 2025-01-01")
    assert evidence.authentic == (part != "certificateAuthorities"), "its authority says whose it is"


def test_what_only_says_that_a_known_authority_issued_it_is_nobodys() -> None:
    """The authority was not in use when it says that it did; nor is it, if its signature is another's."""
    stated = x509.load_der_x509_certificate(base64.b64decode(at(bundle(), CERTIFICATE))).not_valid_before_utc
    path, _ = WINDOWS["certificateAuthorities"]
    root = _without("tlogs")
    for start, known in ((stated, True), (stated + SECOND, False)):
        evidence = rejected(bundle(), load(edited(root, f"{path}.start", _text(start))))
        assert (evidence.doubt, evidence.authentic) == (None, False), "a file has no date"
        early = edited(root, f"{path}.start", _text(start))
        dated = Root(structs.replace(trust.parse("lab", json.dumps(early).encode(), dated=None), dated=EPOCH))
        evidence = rejected(bundle(), dated)
        assert (evidence.doubt, evidence.authentic) == (Doubt.STALE, known)
    broken = rejected(edited(bundle(), SIGNATURE, b64(b"another")), load(root, built_in=True))
    assert (broken.doubt, broken.authentic) == (None, False)


def test_what_a_known_authoritys_signer_said_of_another_image_is_not_said_of_this_one() -> None:
    """Anybody may attach it again: it is in doubt, and turns no pass."""
    root, raw = load(_without("tlogs"), built_in=True), candidate(json.dumps(bundle()).encode())
    other = Artifact.of(FORGED_IMAGE)
    (found,) = verify([raw], other, [root], [], now=NOW, limits=LIMITS)
    assert isinstance(found, Rejected)
    assert (found.doubt, found.authentic) == (Doubt.STALE, False)
    (own,) = verify([raw], Artifact.of(image("agent-signed")), [root], [], now=NOW, limits=LIMITS)
    assert isinstance(own, Rejected)
    assert (own.doubt, own.authentic) == (Doubt.STALE, True)


def test_a_dated_root_doubts_only_between_its_date_and_now() -> None:
    stated = x509.load_der_x509_certificate(base64.b64decode(at(bundle(), CERTIFICATE))).not_valid_before_utc
    just_older = load(_without("tlogs", start=stated - SECOND), built_in=True)
    as_old = load(_without("tlogs", start=stated), built_in=True)
    assert rejected(bundle(), just_older).doubt is Doubt.STALE
    assert rejected(bundle(), as_old).doubt is None, "the root covers that moment: the key is no one's"
    assert rejected(bundle(), just_older, now=stated - timedelta(minutes=5)).doubt is Doubt.STALE
    assert rejected(bundle(), just_older, now=stated - timedelta(minutes=5) - SECOND).doubt is None


def test_a_dated_root_does_not_doubt_what_it_can_check() -> None:
    root = load(root_document(), built_in=True)
    assert root.dated is not None
    evidence = rejected(edited(bundle(), ENTRY, at(bundle("agent-signed", 1), ENTRY)), root)
    assert evidence.step is Step.LOG_ENTRY
    assert evidence.doubt is None


def test_the_built_in_root_is_dated_and_a_file_is_not(tmp_path: Path) -> None:
    assert public_good().dated is not None
    (tmp_path / "root.json").write_text(json.dumps(root_document()), encoding="utf-8")
    assert trust.load("root.json", folder=tmp_path).dated is None


# --- windows


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("end", "offset"), [("start", 0), ("end", 0), ("start", -1), ("end", 1)])
def test_a_window_includes_both_of_its_ends(part: str, end: str, offset: int) -> None:
    path, _ = WINDOWS[part]
    verified(bundle(), load(edited(root_document(), f"{path}.{end}", _text(_moment(part) + offset * SECOND))))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("end", "offset"), [("start", 1), ("end", -1)])
def test_a_second_outside_a_window_is_rejected(part: str, end: str, offset: int) -> None:
    path, step = WINDOWS[part]
    root = load(edited(root_document(), f"{path}.{end}", _text(_moment(part) + offset * SECOND)))
    evidence = rejected(bundle(), root)
    assert evidence.step is step
    assert not evidence.authentic


@pytest.mark.parametrize(("end", "offset"), [("not_before", 1), ("not_after", -1)])
def test_a_second_outside_an_authoritys_own_certificate_is_rejected_for_the_chain(end: str, offset: int) -> None:
    edge = SIGNED_AT + offset * SECOND
    early = EPOCH if end == "not_after" else edge
    late = YEAR_2040 if end == "not_before" else edge
    sigstore = Sigstore(ca=Authority(common_name="ca", key=ec_key("ca"), not_before=early, not_after=late))
    assert forged_rejected(sigstore.sign(about_forged()), forged_root(sigstore)).step is Step.CHAIN


@pytest.mark.parametrize("end", ["not_before", "not_after"])
def test_the_ends_of_an_authoritys_own_certificate_are_inside(end: str) -> None:
    early, late = (SIGNED_AT, YEAR_2040) if end == "not_before" else (EPOCH, SIGNED_AT)
    sigstore = Sigstore(ca=Authority(common_name="ca", key=ec_key("ca"), not_before=early, not_after=late))
    forged_verified(sigstore.sign(about_forged()), forged_root(sigstore))


def test_each_verified_time_must_fit_every_window() -> None:
    sigstore = Sigstore(log=Log(key=ed_key("log"), window=Validity(end=SIGNED_AT)))
    document = sigstore.sign(about_forged(), at=[SIGNED_AT, SIGNED_AT + SECOND])
    assert forged_rejected(document, forged_root(sigstore)).step is Step.LOG


def test_a_renewed_authority_may_stand_twice_with_two_windows() -> None:
    first = Authority(common_name="ca", key=ec_key("ca"), window=Validity(end=SIGNED_AT - SECOND))
    second = Authority(common_name="ca", key=ec_key("ca"), window=Validity(start=SIGNED_AT))
    root = forged_root_with(certificateAuthorities=[first.document(), second.document()])
    forged_verified(Sigstore().sign(about_forged()), root)


RETIRED = Authority(common_name="sigstore", key=ec_key("retired"), window=Validity(end=SIGNED_AT - SECOND))
SUCCESSOR = Authority(common_name="sigstore", key=ec_key("successor"), window=Validity(start=SIGNED_AT - SECOND))


def _root_of_two_generations() -> Root:
    return forged_root_with(certificateAuthorities=[RETIRED.document(), SUCCESSOR.document()])


def test_a_retired_authority_signs_nothing_any_more() -> None:
    evidence = forged_rejected(Sigstore(ca=RETIRED).sign(about_forged()), _root_of_two_generations())
    assert evidence.step is Step.CHAIN


def test_its_successor_of_the_same_name_does() -> None:
    forged_verified(Sigstore(ca=SUCCESSOR).sign(about_forged()), _root_of_two_generations())


def test_a_retired_authority_does_not_borrow_the_window_of_a_successor_of_its_name() -> None:
    # sigstore.dev's own root is such a root: CN=sigstore,O=sigstore.dev until 2022, and again above the intermediate.
    unnamed = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(x509.Name([]))], 1)
    document = Sigstore(ca=RETIRED).sign(about_forged(), leaf=Leaf(authority_key=unnamed))
    assert forged_rejected(document, _root_of_two_generations()).step is Step.CHAIN


def test_a_retired_authority_does_not_borrow_the_window_of_a_successor_without_a_key_id() -> None:
    successor = Authority(common_name="sigstore", key=ec_key("successor"), key_identifier=False)
    root = forged_root_with(certificateAuthorities=[RETIRED.document(), successor.document()])
    assert forged_rejected(Sigstore(ca=RETIRED).sign(about_forged()), root).step is Step.CHAIN


@pytest.mark.parametrize("part", ["tlogs", "ctlogs"])
def test_a_log_whose_window_has_not_begun_rejects(part: str) -> None:
    window = Validity(start=YEAR_2040)
    sigstore = Sigstore(
        log=Log(key=ed_key("log"), window=window if part == "tlogs" else Validity()),
        ct=Log(key=ec_key("ct"), host="ct.example", window=window if part == "ctlogs" else Validity()),
    )
    assert isinstance(outcome(sigstore.sign(about_forged()), forged_root(sigstore), about=FORGED_IMAGE), Rejected)


def test_an_authority_whose_window_has_not_begun_rejects() -> None:
    future = Authority(common_name="future", key=ec_key("future"), window=Validity(start=YEAR_2040))
    root = forged_root_with(certificateAuthorities=[Sigstore().ca.document(), future.document()])
    assert forged_rejected(Sigstore(ca=future).sign(about_forged()), root).step is Step.CHAIN


# --- two roots


def test_evidence_that_verifies_in_two_roots_is_evidence_in_each() -> None:
    roots = [load(root_document(), name="one"), load(root_document(), name="two")]
    found = verify([candidate(json.dumps(bundle()).encode())], Artifact.of(image()), roots, [], now=NOW, limits=LIMITS)
    assert [item.root for item in found if isinstance(item, Verified)] == ["one", "two"]


def test_evidence_that_verifies_in_one_root_is_not_rejected_in_the_other() -> None:
    for roots in ((lab_root(), forged_root()), (forged_root(), lab_root())):
        (found,) = verify(
            [candidate(json.dumps(bundle()).encode())], Artifact.of(image()), roots, [], now=NOW, limits=LIMITS
        )
        assert isinstance(found, Verified)
        assert found.root == "lab"


@pytest.mark.parametrize("part", PARTS)
def test_two_roots_never_complete_each_other(part: str) -> None:
    # One lacks this part, the other holds nothing else of it: together they hold everything.
    lacking = load(_without(part), name="lacking")
    rest = load(edited(STRANGER.root(), part, root_document()[part]), name="rest")
    for roots in ((lacking, rest), (rest, lacking)):
        evidence = rejected(bundle(), *roots)
        assert evidence.step is Step.TRUST_ROOT


def test_a_candidate_that_fails_in_every_root_is_rejected_once_for_where_it_came_furthest() -> None:
    broken = edited(bundle(), ENTRY, at(bundle("agent-signed", 1), ENTRY))
    for roots in ((lab_root(), forged_root()), (forged_root(), lab_root())):
        assert rejected(broken, *roots).step is Step.LOG_ENTRY


def test_of_two_rejections_at_one_step_the_doubtful_one_is_told() -> None:
    certain = load(_without("tlogs"), name="certain")
    doubtful = load(_without("tlogs"), name="doubtful", built_in=True)
    for roots in ((certain, doubtful), (doubtful, certain)):
        assert rejected(bundle(), *roots).doubt is Doubt.STALE


def test_a_candidate_without_any_root_to_verify_in_is_rejected_and_not_lost() -> None:
    found = verify([candidate(json.dumps(bundle()).encode())], Artifact.of(image()), [], [], now=NOW, limits=LIMITS)
    assert [type(item) for item in found] == [Rejected]


# --- what a root is


@pytest.mark.parametrize("part", ["tlogs", "certificateAuthorities", "ctlogs"])
@pytest.mark.parametrize("value", [[], None, {}, "x", DROP, [1, "x"]])
def test_a_root_without_a_part_that_certificates_need_is_invalid(part: str, value: object) -> None:
    with pytest.raises(InvalidTrustRoot, match=part):
        load(edited(root_document(), part, value))


WITHOUT_KEY = {
    "baseUrl": "https://log.example",
    "logId": {"keyId": "AAAA"},
    "validFor": {"start": "2020-01-01T00:00:00Z"},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("mediaType", "application/json"),
        ("mediaType", DROP),
        ("tlogs.0.publicKey.validFor", DROP),
        ("tlogs.0.publicKey.validFor.start", DROP),
        ("tlogs.0.publicKey.validFor.start", "yesterday"),
        ("tlogs.0.publicKey.validFor.start", 7),
        ("tlogs.0.publicKey", DROP),
        ("tlogs.0", WITHOUT_KEY),
        ("ctlogs.0", WITHOUT_KEY),
        ("tlogs.0.logId", DROP),
        ("tlogs.0.logId.keyId", "!"),
        ("tlogs.0.baseUrl", DROP),
        ("ctlogs.0.publicKey.validFor", {}),
        ("certificateAuthorities.0.validFor", DROP),
        ("certificateAuthorities.0.certChain", DROP),
        ("certificateAuthorities.0.certChain.certificates", []),
        ("certificateAuthorities.0.certChain.certificates", 5),
        ("certificateAuthorities.0.certChain.certificates.0.rawBytes", "AAAA"),
        ("certificateAuthorities.0.certChain.certificates.0.rawBytes", "!"),
        ("certificateAuthorities.0.certChain.certificates.0.rawBytes", DROP),
        ("certificateAuthorities.0.certChain.certificates.0", "a text"),
        ("timestampAuthorities.0.validFor", DROP),
        ("timestampAuthorities.0.certChain.certificates.1", DROP),
    ],
)
def test_a_root_that_cannot_be_read_whole_is_invalid(path: str, value: object) -> None:
    with pytest.raises(InvalidTrustRoot):
        load(edited(root_document(), path, value))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"{", b'{"a":1,"a":2}', b"\xff"])
def test_a_root_that_is_no_document_is_invalid(raw: bytes) -> None:
    with pytest.raises(InvalidTrustRoot):
        trust.parse("x", raw, dated=None)


def test_a_root_that_is_not_there_is_invalid_and_the_built_in_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrustRoot, match="public-good"):
        trust.load("nowhere.json", folder=tmp_path)


def test_a_root_of_more_than_a_mebibyte_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "root.json").write_bytes(b" " * (1 << 20) + json.dumps(root_document()).encode())
    with pytest.raises(InvalidTrustRoot, match="bytes"):
        trust.load("root.json", folder=tmp_path)


def test_a_root_is_found_beside_the_policy_and_not_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "public-good").write_text("{}", encoding="utf-8")
    (tmp_path / "cwd" / "root.json").write_text(json.dumps(root_document()), encoding="utf-8")
    (tmp_path / "policy").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    with pytest.raises(InvalidTrustRoot):
        trust.load("root.json", folder=tmp_path / "policy")
    assert trust.load("public-good", folder=tmp_path / "cwd").dated is not None


def test_a_root_of_a_version_that_cannot_be_used_is_refused_before_anything_is_fetched() -> None:
    document = edited(root_document(), "mediaType", "application/vnd.dev.sigstore.trustedroot.v0.2+json")
    try:
        parsed = trust.parse("x", json.dumps(document).encode(), dated=None)
    except InvalidTrustRoot:
        return
    Root(parsed)


def test_only_the_log_that_a_bundle_names_is_tried() -> None:
    # Two logs of one host: the other one's checkpoint over the same tree does not stand in.
    other = Log(key=ed_key("log-two"))
    sigstore = Sigstore()
    document = sigstore.sign(about_forged())
    root_hash = base64.b64decode(at(document, f"{PROOF}.rootHash"))
    swapped = edited(document, f"{PROOF}.checkpoint.envelope", other.checkpoint(root_hash))
    root = forged_root_with(tlogs=[sigstore.log.document(), other.document()])
    assert forged_rejected(swapped, root).step is Step.LOG


def test_a_timestamp_of_any_of_several_authorities_counts_within_its_own_window() -> None:
    early = TimestampAuthority(name="tsa", window=Validity(end=SIGNED_AT - SECOND))
    late = TimestampAuthority(name="tsa-two", window=Validity(start=SIGNED_AT))
    root = forged_root_with(timestampAuthorities=[early.document(), late.document()])
    forged_verified(Sigstore(tsa=late).sign(about_forged()), root)
    assert forged_rejected(Sigstore(tsa=early).sign(about_forged()), root).step is Step.TIME


def _instance_of_three_levels() -> Sigstore:
    root = Authority(common_name="ca root", key=ec_key("ca-root"))
    return Sigstore(
        ca=Authority(common_name="ca", key=ec_key("ca"), above=root), tsa=TimestampAuthority(intermediate=True)
    )


def test_authorities_may_have_a_root_above_them() -> None:
    sigstore = _instance_of_three_levels()
    forged_verified(sigstore.sign(about_forged()), forged_root(sigstore))


@pytest.mark.parametrize("part", ["certificateAuthorities", "timestampAuthorities"])
def test_every_certificate_of_a_chain_must_be_in_the_root(part: str) -> None:
    sigstore = _instance_of_three_levels()
    certificates = at(sigstore.root(), f"{part}.0.certChain.certificates")
    root = load(edited(sigstore.root(), f"{part}.0.certChain.certificates", [certificates[0], certificates[0]]))
    evidence = forged_outcome(sigstore.sign(about_forged()), root)
    if part == "timestampAuthorities":
        assert isinstance(evidence, Rejected)
        assert evidence.step is Step.TIME
    else:
        assert isinstance(evidence, Verified), "an issuing authority is trusted as it stands in the root"


def test_a_root_above_that_has_expired_rejects_for_the_chain() -> None:
    above = Authority(common_name="ca root", key=ec_key("ca-root"), not_after=SIGNED_AT - SECOND)
    sigstore = Sigstore(ca=Authority(common_name="ca", key=ec_key("ca"), above=above))
    assert forged_rejected(sigstore.sign(about_forged()), forged_root(sigstore)).step is Step.CHAIN


def test_an_authority_that_is_no_ca_issues_nothing() -> None:
    # The leaf of one bundle in the place of a root's CA: names and key ids are the leaf's own, and it may sign nothing.
    leaf = Sigstore().certificate(Leaf())
    chain = {"certificates": [{"rawBytes": b64(leaf.public_bytes(Encoding.DER))}]}
    document = edited(Sigstore().root(), "certificateAuthorities.0.certChain", chain)
    evidence = forged_rejected(Sigstore().sign(about_forged()), load(document), now=FORGED_NOW)
    assert evidence.step is Step.TRUST_ROOT


def test_a_logs_id_decides_alone_which_key_is_tried() -> None:
    # Rekor v2's ids are no hash of the key, and where sigstore does not know an id it tries every key that it has.
    real, other = (Log(key=ed_key(name), host=name, claims_to_be=name.encode() * 16) for name in ("l1", "l2"))
    root = forged_root_with(tlogs=[real.document(), other.document()])
    forged_verified(Sigstore(log=real).sign(about_forged()), root)
    forged_verified(Sigstore(log=other).sign(about_forged()), root)
    impostor = Log(key=other.key, host=real.host, claims_to_be=real.key_id)
    assert forged_rejected(Sigstore(log=impostor).sign(about_forged()), root).step is Step.LOG


def test_a_ct_logs_id_decides_alone_which_key_is_tried() -> None:
    real, other = (Log(key=ec_key(name), host=name, claims_to_be=name.encode() * 16) for name in ("c1", "c2"))
    root = forged_root_with(ctlogs=[real.document(), other.document()])
    forged_verified(Sigstore(ct=real).sign(about_forged()), root)
    forged_verified(Sigstore(ct=other).sign(about_forged()), root)
    impostor = Log(key=other.key, host=real.host, claims_to_be=real.key_id)
    assert forged_rejected(Sigstore(ct=impostor).sign(about_forged()), root).step is Step.SCT


def test_one_ct_logs_window_is_not_lent_to_another() -> None:
    mine, other = (Log(key=ec_key(name), host=name) for name in ("c1", "c2"))
    ended = replace(mine, window=Validity(end=SIGNED_AT - SECOND))
    certified = Sigstore(ct=mine).sign(about_forged())
    forged_verified(certified, forged_root_with(ctlogs=[mine.document(), other.document()]))
    late = forged_rejected(certified, forged_root_with(ctlogs=[ended.document(), other.document()]))
    assert late.step is Step.SCT


def test_one_logs_window_is_not_lent_to_another() -> None:
    mine, other = (Log(key=ed_key(name), host=name) for name in ("l1", "l2"))
    ended = replace(mine, window=Validity(end=SIGNED_AT - SECOND))
    logged = Sigstore(log=mine).sign(about_forged())
    forged_verified(logged, forged_root_with(tlogs=[mine.document(), other.document()]))
    late = forged_rejected(logged, forged_root_with(tlogs=[ended.document(), other.document()]))
    assert late.step is Step.LOG


def test_a_timestamp_authority_is_known_by_its_issuer_and_its_serial_number() -> None:
    namesake = TimestampAuthority(name="tsa-two")
    assert namesake.certificate.serial_number == Sigstore().tsa.certificate.serial_number
    assert forged_rejected(Sigstore(tsa=namesake).sign(about_forged())).step is Step.TRUST_ROOT


def test_evidence_that_would_fail_in_any_root_is_in_no_doubt() -> None:
    strange = edited(root_document(), "tlogs", [Log(key=ed_key("stranger-log"), host="stranger").document()])
    dated = load(edited(strange, "tlogs.0.publicKey.validFor.start", EPOCH.isoformat()), built_in=True)
    assert rejected(bundle(), dated).doubt is Doubt.STALE
    assert rejected(edited(bundle(), PAYLOAD, b64(b"another")), dated).doubt is None


@pytest.mark.parametrize("part", ["tlogs", "ctlogs"])
def test_a_renewed_log_may_stand_twice_with_two_windows(part: str) -> None:
    log = Sigstore().log if part == "tlogs" else Sigstore().ct
    windows = (Validity(end=SIGNED_AT - SECOND), Validity(start=SIGNED_AT))
    root = forged_root_with(**{part: [replace(log, window=window).document() for window in windows]})
    forged_verified(Sigstore().sign(about_forged()), root)


def _misspelled(document: JSONObject, part: str) -> bytes:
    """A root's certificate whose names are no UTF-8: one library reads it and another panics."""
    raw = base64.b64decode(at(document, f"{part}.0.certChain.certificates.0.rawBytes"))
    assert b"forge" in raw
    return raw.replace(b"forge", b"\xff\xfe\xfd\xfc\xfb")


@pytest.mark.parametrize("part", ["certificateAuthorities", "timestampAuthorities"])
def test_a_root_with_a_certificate_that_not_every_library_reads_is_invalid(part: str) -> None:
    document = Sigstore().root()
    broken = edited(document, f"{part}.0.certChain.certificates.0.rawBytes", b64(_misspelled(document, part)))
    with pytest.raises(InvalidTrustRoot, match="cannot be read"):
        load(broken)


@pytest.mark.parametrize("part", ["certificateAuthorities", "timestampAuthorities"])
def test_a_root_with_a_name_of_another_type_than_text_is_invalid(part: str) -> None:
    """The library raises a `TypeError` when the name is asked for."""
    path = f"{part}.0.certChain.certificates.0.rawBytes"
    raw = base64.b64decode(at(Sigstore().root(), path))
    odd = raw.replace(b"\x0c\x05forge", b"\x03\x05forge")
    assert odd != raw
    with pytest.raises(InvalidTrustRoot, match="cannot be read"):
        load(edited(Sigstore().root(), path, b64(odd)))


@pytest.mark.parametrize("part", ["certificateAuthorities", "timestampAuthorities"])
def test_a_root_with_a_certificate_of_a_version_that_there_is_not_is_invalid(part: str) -> None:
    """The library has an error of its own for it, which is no `ValueError`."""
    path = f"{part}.0.certChain.certificates.0.rawBytes"
    raw = base64.b64decode(at(Sigstore().root(), path))
    odd = raw.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    assert odd != raw
    with pytest.raises(InvalidTrustRoot, match="cannot be read"):
        load(edited(Sigstore().root(), path, b64(odd)))


def test_a_timestamp_authority_without_its_root_is_invalid_for_that() -> None:
    path = "timestampAuthorities.0.certChain.certificates"
    alone = edited(Sigstore().root(), path, at(Sigstore().root(), path)[:1])
    with pytest.raises(InvalidTrustRoot, match="a timestamp authority needs its own certificate and its root's"):
        load(alone)


def test_a_library_that_panics_over_a_candidate_ends_that_candidate_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Section 5: a junk candidate beside a good one changes nothing. A panic in Rust is no `Exception`."""
    broken = _misspelled(Sigstore().root(), "timestampAuthorities")

    def panic(root: Root, response: TimeStampResponse, message: bytes) -> datetime | None:
        rust.pkcs7_verify(response.time_stamp_token(), SIGNED_AT, [broken])
        return None

    monkeypatch.setattr(Root, "timestamp", panic)
    evidence = forged_rejected(Sigstore().sign(about_forged()))
    assert evidence.step is Step.FORMAT
    assert "PanicException" in evidence.reason


def test_a_log_whose_address_names_no_host_is_the_origin_of_no_checkpoint() -> None:
    made = trial(BY_NAME["bundle 0.3 statement rekor-v2"])
    document = made.recipe.instance.root()
    assert isinstance(replace(made, roots=(load(document),)).evidence(), Verified)
    for url in ("log.example", "file:///log"):
        evidence = replace(made, roots=(load(edited(document, "tlogs.0.baseUrl", url)),)).evidence()
        assert isinstance(evidence, Rejected)
        assert evidence.step is Step.LOG
        assert evidence.reason.endswith("not of the log ''")
