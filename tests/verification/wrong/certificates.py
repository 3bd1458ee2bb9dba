"""Certificates with one thing wrong: what they say, who issued them, when they were valid, and their SCT."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gate.verification import Step
from tests.forge import (
    IDENTITY,
    ISSUER,
    SIGNED_AT,
    Authority,
    Leaf,
    Log,
    TimestampAuthority,
    Validity,
    der,
    ec_key,
    ed_key,
    rsa_key,
    utf8_string,
)
from tests.forge.authority import authority_document
from tests.verification.lab import root_with, trusted
from tests.verification.wrong.rows import (
    AFTER,
    BEFORE,
    Row,
    Trial,
    both,
    bundled,
    certified,
    in_bundle,
    logged,
    named,
    promised,
    stamped,
    with_sct,
)

if TYPE_CHECKING:
    from tests.verification.wrong.rows import Change

URI, OTHER_URI = (x509.UniformResourceIdentifier(text) for text in (IDENTITY, "https://github.com/mallory/api"))
SIGNING, SERVER = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
PROFILE = "gate.verification.steps:_check_profile"


def _leaf(**parts: object) -> Change:
    return lambda trial: trial.leaf(**parts)


def _ca(**parts: object) -> Change:
    """The intermediate that issues, in the root as it is."""
    return lambda trial: trial.within(ca=replace(trial.recipe.instance.ca, **parts))  # type: ignore[arg-type]


def _top(**parts: object) -> Change:
    """The CA above it, in the root as it is."""

    def change(trial: Trial) -> Trial:
        ca = trial.recipe.instance.ca
        assert ca.above is not None
        return trial.within(ca=replace(ca, above=replace(ca.above, **parts)))  # type: ignore[arg-type]

    return change


def _window(part: str, **ends: object) -> Change:
    """A part's window in the root alone."""

    def change(trial: Trial) -> Trial:
        found = getattr(trial.recipe.instance, part)
        return trial.judged_by(**{part: replace(found, window=Validity(**ends))})  # type: ignore[arg-type]

    return change


def _stranger_issued(trial: Trial) -> Trial:
    """By a CA of the same name, for a certificate that names the true CA's key."""
    true = trial.recipe.instance.ca
    named_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(true.key.public_key())
    return trial.made_by(ca=replace(true, key=ec_key("stranger"))).leaf(authority_key=named_key)


def _unsigned_intermediate(trial: Trial) -> Trial:
    """The root lists an intermediate under a CA that has the name of its issuer, and another key."""
    ca = trial.recipe.instance.ca
    assert ca.above is not None
    namesake = replace(ca.above, key=ec_key("stranger"))
    listed = authority_document([ca.certificate, namesake.certificate], ca.window, ca.common_name)
    return replace(trial, roots=(root_with(trial.recipe.instance, certificateAuthorities=[listed]),))


def _another_ct_log(trial: Trial) -> Trial:
    """Two CT logs in the root; the SCT is of the second, and says that it is of the first."""
    instance = trial.recipe.instance
    second = Log(key=ec_key("ct-two"), host="ct-two.example")
    root = root_with(instance, ctlogs=[instance.ct.document(), second.document()])
    made = trial.made_by(ct=replace(second, claims_to_be=instance.ct.key_id))
    return replace(made, roots=(root,))


def _the_second_ct_log(trial: Trial) -> Trial:
    instance = trial.recipe.instance
    second = Log(key=ec_key("ct-two"), host="ct-two.example")
    root = root_with(instance, ctlogs=[instance.ct.document(), second.document()])
    return replace(trial.within(ct=second), roots=(root,))


def _mixed(part: str) -> Change:
    """Two roots are trusted, and one part is of the second."""

    def change(trial: Trial) -> Trial:
        first = trial.recipe.instance
        other = _elsewhere(first)
        made = trial.within(**{part: getattr(other, part)})
        return replace(made, roots=(trusted(first), trusted(other)))

    return change


def _elsewhere_altogether(trial: Trial) -> Trial:
    first = trial.recipe.instance
    other = _elsewhere(first)
    return replace(trial.but(instance=other), roots=(trusted(first), trusted(other)))


def _elsewhere(first: Any) -> Any:
    log = replace(first.log, key=ec_key("log-b") if first.log.is_v1 else ed_key("log-b"))
    return replace(
        first,
        ca=Authority(common_name="ca-b", key=ec_key("ca-b")),
        ct=Log(key=ec_key("ct-b"), host="ct-b.example"),
        log=log,
        tsa=TimestampAuthority(name="tsa-b"),
    )


def _row(step: Step, broken: str, wrong: Change, reason: str, right: Change | None = None, **more: Any) -> Row:
    parts = {"formats": certified} | ({} if right is None else {"right": right}) | more
    return Row(step=step, broken=broken, wrong=wrong, reason=reason, **parts)


def _extension(number: int | str, value: bytes) -> Change:
    return _leaf(extensions={number: value})


NAMES: Final = (
    _row(Step.CERTIFICATE, "two names", _leaf(names=(URI, OTHER_URI)), "has 2 subject alternative names"),
    _row(Step.CERTIFICATE, "the same name twice", _leaf(names=(URI, URI)), "has 2 subject alternative names"),
    _row(Step.CERTIFICATE, "no name", _leaf(names=()), "has no subject alternative name"),
    _row(
        Step.CERTIFICATE,
        "a name of a kind that Fulcio does not issue",
        _leaf(names=(x509.DNSName("acme.example"),)),
        "subject alternative name is a DNSName",
        _leaf(names=(x509.RFC822Name("ada@acme.example"),)),
    ),
    _row(
        Step.CERTIFICATE,
        "another kind of other name",
        _leaf(names=(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), utf8_string("ada")),)),
        "subject alternative name is a OtherName",
        _leaf(names=(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), utf8_string("ada")),)),
    ),
    _row(Step.CERTIFICATE, "no issuer", _leaf(issuer=""), "names no issuer", _leaf(issuer="", extensions={1: b"x"})),
    _row(
        Step.CERTIFICATE,
        "two issuers that differ",
        _extension(1, b"https://mallory.example"),
        "its two issuer extensions differ",
        _extension(1, ISSUER.encode()),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension that is no UTF8String",
        _extension(9, b"https://acme.example"),
        "no DER UTF8String",
        _extension(9, utf8_string("https://acme.example")),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension with bytes behind its text",
        _extension(9, utf8_string("acme") + b"\0"),
        "length is not that of its text",
        _extension(9, utf8_string("acme\0")),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension that is shorter than it says",
        _extension(9, utf8_string("acme")[:-1]),
        "length is not that of its text",
        _extension(9, utf8_string("acm")),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension whose short length is written long",
        _extension(9, b"\x0c\x81\x04acme"),
        "length is not DER",
        _extension(9, utf8_string("a" * 128)),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension whose length of one byte is written in two",
        _extension(9, b"\x0c\x82\x00\xff" + b"a" * 255),
        "length is not DER",
        _extension(9, utf8_string("a" * 256)),
    ),
    _row(
        Step.CERTIFICATE,
        "an extension that is not UTF-8",
        _extension(9, der(0x0C, b"\xff")),
        "is not UTF-8",
        _extension(9, utf8_string("\u00ff")),
    ),
    _row(
        Step.CERTIFICATE,
        "an old extension that is not UTF-8",
        _extension(2, b"\xff"),
        "is not UTF-8",
        _extension(2, b"push"),
    ),
    _row(
        Step.CERTIFICATE,
        "bytes that are no certificate",
        in_bundle("verificationMaterial.certificate.rawBytes", "MAA="),
        "its certificate cannot be read",
        formats=both(bundled, named("bundle 0.3 statement rekor-v2", "bundle 0.3 statement github")),
    ),
)

PROFILES: Final = (
    _row(
        Step.CERTIFICATE,
        "extended key usage for servers",
        _leaf(usages=(SERVER,)),
        "not for signing code",
        _leaf(usages=(SERVER, SIGNING)),
        guard=PROFILE,
    ),
    _row(Step.CERTIFICATE, "no extended key usage", _leaf(usages=()), "does not say what it is for", guard=PROFILE),
    _row(
        Step.CERTIFICATE,
        "any extended key usage",
        _leaf(usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        "not for signing code",
        guard=PROFILE,
    ),
    _row(
        Step.CERTIFICATE,
        "a key usage without digital signature",
        _leaf(digital_signature=False),
        "not for signing code",
        guard=PROFILE,
    ),
    _row(Step.CERTIFICATE, "no key usage", _leaf(key_usage=False), "does not say what it is for", guard=PROFILE),
    _row(
        Step.CERTIFICATE,
        "an RSA key of 1024 bits",
        _leaf(key=rsa_key("weak", 1024)),
        "RSA of 2048 to 4096 bits",
        _leaf(key=rsa_key("leaf", 2048)),
        formats=both(certified, lambda form: form.rekor != 2),
    ),
    _row(
        Step.CERTIFICATE,
        "an ECDSA key on another curve",
        _leaf(key=ec.generate_private_key(ec.SECP256K1())),
        "ECDSA P-256, P-384 or P-521",
        _leaf(key=ec_key("leaf", "p521")),
        formats=both(certified, lambda form: form.rekor != 2),
    ),
)

CHAINS: Final = (
    _row(
        Step.CHAIN,
        "a certificate that ended before",
        _leaf(not_after=BEFORE),
        "does not chain",
        _leaf(not_after=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "a certificate that began after",
        _leaf(not_before=AFTER),
        "does not chain",
        _leaf(not_before=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "an intermediate that ended before",
        _ca(not_after=BEFORE),
        "authority was not in use",
        _ca(not_after=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "an intermediate that began after",
        _ca(not_before=AFTER),
        "authority was not in use",
        _ca(not_before=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "a root certificate that ended before",
        _top(not_after=BEFORE),
        "authority was not in use",
        _top(not_after=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "a root certificate that began after",
        _top(not_before=AFTER),
        "authority was not in use",
        _top(not_before=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "an authority that was out of use",
        _window("ca", end=BEFORE),
        "authority was not in use",
        _window("ca", end=SIGNED_AT),
    ),
    _row(
        Step.CHAIN,
        "an authority that was not yet in use",
        _window("ca", start=AFTER),
        "authority was not in use",
        _window("ca", start=SIGNED_AT),
    ),
    _row(Step.CHAIN, "a certificate by a stranger of the CA's name", _stranger_issued, "does not chain"),
    _row(Step.CHAIN, "an intermediate that is no CA", _ca(ca=False), "does not chain", _ca(ca=True)),
    _row(Step.CHAIN, "an intermediate that may not sign certificates", _ca(key_usage=False), "does not chain"),
    _row(
        Step.CHAIN,
        "a root that allows no intermediate",
        _top(path_length=0),
        "does not chain",
        _top(path_length=1),
    ),
    _row(Step.CHAIN, "an intermediate that the root did not sign", _unsigned_intermediate, "does not chain"),
    _row(Step.CHAIN, "a certificate that is itself a CA's", _leaf(ca=True), "does not chain"),
    _row(
        Step.CHAIN,
        "a second timestamp after its end",
        lambda trial: trial.but(stamped_at=(SIGNED_AT, Leaf().not_after + timedelta(seconds=1))),
        "does not chain",
        lambda trial: trial.but(stamped_at=(SIGNED_AT, Leaf().not_after)),
        formats=both(certified, stamped, bundled),
    ),
    _row(
        Step.CHAIN,
        "an integrated time after its end, beside a timestamp within",
        lambda trial: trial.but(integrated=Leaf().not_after + timedelta(seconds=1)),
        "does not chain",
        lambda trial: trial.but(integrated=Leaf().not_after),
        formats=both(certified, stamped, promised),
    ),
    _row(
        Step.CHAIN,
        "a timestamp before its beginning, beside an integrated time within",
        lambda trial: trial.but(stamped_at=(Leaf().not_before - timedelta(seconds=1),)),
        "does not chain",
        lambda trial: trial.but(stamped_at=(Leaf().not_before,)),
        formats=both(certified, stamped, promised),
    ),
)

SCT: Final = "gate.sigstore_private:CtLogKey.verify_sct"
SCTS: Final = tuple(
    replace(row, formats=with_sct)
    for row in (
        _row(Step.SCT, "no SCT", _leaf(scts=0), "has no certificate timestamp"),
        _row(Step.SCT, "two SCTs", _leaf(scts=2), "has 2 certificate timestamps"),
        _row(
            Step.SCT,
            "an SCT by another key than the CT log's",
            lambda trial: trial.made_by(
                ct=replace(trial.recipe.instance.ct, key=ec_key("x"), claims_to_be=trial.recipe.instance.ct.key_id)
            ),
            "does not hold",
            guard=SCT,
        ),
        _row(
            Step.SCT,
            "an SCT by another CT log of the root",
            _another_ct_log,
            "does not hold",
            _the_second_ct_log,
            guard=SCT,
        ),
        _row(Step.SCT, "the SCT of another certificate", _leaf(sct_of=Leaf(serial=4712)), "does not hold", guard=SCT),
        _row(
            Step.SCT,
            "a CT log that was out of use",
            _window("ct", end=BEFORE),
            "was not in use",
            _window("ct", end=SIGNED_AT),
        ),
        _row(
            Step.SCT,
            "a CT log that was not yet in use",
            _window("ct", start=AFTER),
            "was not in use",
            _window("ct", start=SIGNED_AT),
        ),
    )
)

ROOTS: Final = (
    _row(
        Step.TRUST_ROOT,
        "an unknown log",
        lambda trial: trial.judged_by(log=_elsewhere(trial.recipe.instance).log),
        "its transparency log",
        formats=both(certified, logged),
    ),
    _row(
        Step.TRUST_ROOT,
        "an unknown CA",
        lambda trial: trial.judged_by(ca=_elsewhere(trial.recipe.instance).ca),
        "its certificate authority",
    ),
    _row(
        Step.TRUST_ROOT,
        "a CA of a known name and an unknown key",
        lambda trial: trial.judged_by(ca=replace(trial.recipe.instance.ca, key=ec_key("another"))),
        "its certificate authority",
    ),
    _row(
        Step.TRUST_ROOT,
        "an unknown CT log",
        lambda trial: trial.judged_by(ct=_elsewhere(trial.recipe.instance).ct),
        "its certificate transparency log",
        formats=with_sct,
    ),
    _row(
        Step.TRUST_ROOT,
        "an unknown timestamp authority",
        lambda trial: trial.judged_by(tsa=_elsewhere(trial.recipe.instance).tsa),
        "its timestamp authority",
        formats=both(certified, stamped),
    ),
    *(
        _row(
            Step.TRUST_ROOT,
            f"two roots, and the {part} of the other",
            _mixed(part),
            reason,
            _elsewhere_altogether,
            formats=formats,
        )
        for part, reason, formats in (
            ("log", "its transparency log", both(certified, logged)),
            ("ca", "its ", certified),
            ("ct", "its certificate transparency log", with_sct),
            ("tsa", "its timestamp authority", both(certified, stamped)),
        )
    ),
)

ROWS: Final = (*NAMES, *PROFILES, *CHAINS, *SCTS, *ROOTS)
