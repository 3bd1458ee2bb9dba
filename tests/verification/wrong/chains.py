"""Certificates with one thing wrong in who issued them and when: chain, validity, SCT, and the roots they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from gate.verification import Step
from tests.forge import (
    SIGNED_AT,
    Authority,
    Leaf,
    Log,
    TimestampAuthority,
    Validity,
    ec_key,
    ed_key,
)
from tests.forge.authority import authority_document, distinguished_name
from tests.verification.lab import root_with, trusted
from tests.verification.wrong.certificates import row
from tests.verification.wrong.rows import (
    AFTER,
    BEFORE,
    SECOND,
    Trial,
    both,
    bundled,
    certified,
    logged,
    promised,
    stamped,
    with_leaf,
    with_sct,
)

if TYPE_CHECKING:
    from tests.verification.wrong.rows import Change


# The issuer's name and serial number, and not its key: then the name alone says which CA is meant.
NO_KEY: Final = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(distinguished_name("ca"))], 1)


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


CHAINS: Final = (
    row(
        Step.CHAIN,
        "a certificate that ended before",
        with_leaf(not_after=BEFORE),
        "does not chain",
        with_leaf(not_after=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "a certificate that began after",
        with_leaf(not_before=AFTER),
        "does not chain",
        with_leaf(not_before=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "an intermediate that ended before",
        _ca(not_after=BEFORE),
        "authority was not in use",
        _ca(not_after=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "an intermediate that began after",
        _ca(not_before=AFTER),
        "authority was not in use",
        _ca(not_before=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "a root certificate that ended before",
        _top(not_after=BEFORE),
        "authority was not in use",
        _top(not_after=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "a root certificate that began after",
        _top(not_before=AFTER),
        "authority was not in use",
        _top(not_before=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "an authority that was out of use",
        _window("ca", end=BEFORE),
        "authority was not in use",
        _window("ca", end=SIGNED_AT),
    ),
    row(
        Step.CHAIN,
        "an authority that was not yet in use",
        _window("ca", start=AFTER),
        "authority was not in use",
        _window("ca", start=SIGNED_AT),
    ),
    row(Step.CHAIN, "a certificate by a stranger of the CA's name", _stranger_issued, "does not chain"),
    row(Step.CHAIN, "an intermediate that is no CA", _ca(ca=False), "does not chain", _ca(ca=True)),
    row(Step.CHAIN, "an intermediate that may not sign certificates", _ca(key_usage=False), "does not chain"),
    row(
        Step.CHAIN,
        "a root that allows no intermediate",
        _top(path_length=0),
        "does not chain",
        _top(path_length=1),
    ),
    row(Step.CHAIN, "an intermediate that the root did not sign", _unsigned_intermediate, "does not chain"),
    row(
        Step.CHAIN,
        "a critical extension that nobody knows",
        with_leaf(critical={"1.3.6.1.4.1.57264.99": b"\x05\x00"}),
        "does not chain",
        with_leaf(extensions={"99": b"\x05\x00"}),
    ),
    row(
        Step.CHAIN,
        "a precertificate",
        with_leaf(critical={"1.3.6.1.4.1.11129.2.4.3": b"\x05\x00"}),
        "does not chain",
    ),
    row(Step.CHAIN, "a certificate that is itself a CA's", with_leaf(ca=True), "does not chain"),
    row(
        Step.CHAIN,
        "a second timestamp after its end",
        lambda trial: trial.but(stamped_at=(SIGNED_AT, Leaf().not_after + timedelta(seconds=1))),
        "does not chain",
        lambda trial: trial.but(stamped_at=(SIGNED_AT, Leaf().not_after)),
        formats=both(certified, stamped, bundled),
    ),
    row(
        Step.CHAIN,
        "an integrated time after its end, beside a timestamp within",
        lambda trial: trial.but(integrated=Leaf().not_after + timedelta(seconds=1)),
        "does not chain",
        lambda trial: trial.but(integrated=Leaf().not_after),
        formats=both(certified, stamped, promised),
    ),
    row(
        Step.CHAIN,
        "a timestamp before its beginning, beside an integrated time within",
        lambda trial: trial.but(stamped_at=(Leaf().not_before - timedelta(seconds=1),)),
        "does not chain",
        lambda trial: trial.but(stamped_at=(Leaf().not_before,)),
        formats=both(certified, stamped, promised),
    ),
)

SCT: Final = "gate.verification.steps:verify_sct"
SCTS: Final = tuple(
    replace(row, formats=with_sct)
    for row in (
        row(Step.SCT, "no SCT", with_leaf(scts=0), "has no certificate timestamp"),
        row(Step.SCT, "two SCTs", with_leaf(scts=2), "has 2 certificate timestamps"),
        row(
            Step.SCT,
            "an SCT by another key than the CT log's",
            lambda trial: trial.made_by(
                ct=replace(trial.recipe.instance.ct, key=ec_key("x"), claims_to_be=trial.recipe.instance.ct.key_id)
            ),
            "does not hold",
            guard=SCT,
        ),
        row(
            Step.SCT,
            "an SCT by another CT log of the root",
            _another_ct_log,
            "does not hold",
            _the_second_ct_log,
            guard=SCT,
        ),
        row(
            Step.SCT, "the SCT of another certificate", with_leaf(sct_of=Leaf(serial=4712)), "does not hold", guard=SCT
        ),
        row(
            Step.SCT,
            "an SCT hashed with SHA-384",
            with_leaf(sct_algorithm=(5, 3)),
            "not hashed with SHA-256",
            guard=SCT,
        ),
        row(
            Step.SCT,
            "an SCT that says RSA, by an ECDSA key",
            with_leaf(sct_algorithm=(4, 1)),
            "its algorithm is not that of the log's key",
            guard=SCT,
        ),
        row(
            Step.SCT,
            "a certificate with a second more than its SCT is of",
            lambda trial: trial.leaf(sct_of=replace(trial.recipe.leaf, not_after=trial.recipe.leaf.not_after - SECOND)),
            "the log's key did not sign it",
            lambda trial: trial.leaf(sct_of=trial.recipe.leaf),
            guard=SCT,
        ),
        row(
            Step.SCT,
            "a CT log that was out of use",
            _window("ct", end=BEFORE),
            "was not in use",
            _window("ct", end=SIGNED_AT),
        ),
        row(
            Step.SCT,
            "a CT log that was not yet in use",
            _window("ct", start=AFTER),
            "was not in use",
            _window("ct", start=SIGNED_AT),
        ),
    )
)

ROOTS: Final = (
    row(
        Step.TRUST_ROOT,
        "an unknown log",
        lambda trial: trial.judged_by(log=_elsewhere(trial.recipe.instance).log),
        "its transparency log",
        formats=both(certified, logged),
    ),
    row(
        Step.TRUST_ROOT,
        "an unknown CA",
        lambda trial: trial.judged_by(ca=_elsewhere(trial.recipe.instance).ca),
        "its certificate authority",
    ),
    row(
        Step.TRUST_ROOT,
        "a CA of a known name and an unknown key",
        lambda trial: trial.judged_by(ca=replace(trial.recipe.instance.ca, key=ec_key("another"))),
        "its certificate authority",
    ),
    row(
        Step.TRUST_ROOT,
        "a CA of an unknown name and a known key",
        lambda trial: trial.judged_by(ca=replace(trial.recipe.instance.ca, common_name="another")),
        "its certificate authority",
        with_leaf(authority_key=NO_KEY),
    ),
    row(
        Step.TRUST_ROOT,
        "an unknown timestamp authority of a known issuer",
        lambda trial: trial.judged_by(tsa=replace(trial.recipe.instance.tsa, serial=3)),
        "its timestamp authority",
        formats=both(certified, stamped),
    ),
    row(
        Step.TRUST_ROOT,
        "an unknown timestamp authority of a known serial number",
        lambda trial: trial.judged_by(
            tsa=replace(trial.recipe.instance.tsa, issuer=Authority(common_name="another", key=ec_key("tsa-root")))
        ),
        "its timestamp authority",
        formats=both(certified, stamped),
    ),
    row(
        Step.TRUST_ROOT,
        "an unknown CT log",
        lambda trial: trial.judged_by(ct=_elsewhere(trial.recipe.instance).ct),
        "its certificate transparency log",
        formats=with_sct,
    ),
    row(
        Step.TRUST_ROOT,
        "an unknown timestamp authority",
        lambda trial: trial.judged_by(tsa=_elsewhere(trial.recipe.instance).tsa),
        "its timestamp authority",
        formats=both(certified, stamped),
    ),
    *(
        row(
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

ROWS: Final = (*CHAINS, *SCTS, *ROOTS)
