"""What holds for any candidates, from bytes to verdict: strangers and junk change nothing, absence never helps, neither
order nor repetition nor the order of keys matters, and two runs agree (rule 27).

The candidates are forged once: whole bundles by named signers and by others, and bytes that are broken in some way.
`tests/checks/test_properties.py` holds the same of evidence; here verification stands between.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.claims.vsa import VSA_V1
from gate.discovery import Candidate, Kind
from gate.reference import Digest
from gate.verdict import EXIT_FAIL, EXIT_PASS
from gate.verification import Artifact, Rejected, Verified, verify
from tests.checks.test_properties import MONOTONE, POLICIES, SUMMARY
from tests.evidence import (
    GITHUB,
    GOOGLE,
    HEAD,
    MAIN,
    REPOSITORY,
    SCANNER,
    SIGN_V1,
    SLSA_V02,
    SLSA_V1,
    STRANGER,
    VULN,
    WORKFLOW,
    Judgement,
    claim,
    human,
    judge,
    predicate_v02,
    predicate_v1,
)
from tests.forge import BY_NAME, REKOR_V2, SIGNED_AT, Leaf, Recipe, statement, utf8_string
from tests.verification.lab import FORGED_HEX, FORGED_IMAGE, FORGED_NOW, LIMITS, forged_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.verification import Evidence

# The same examples in every run; nothing is written beside the tests.
QUICK: Final = settings(max_examples=12, deadline=None, database=None, derandomize=True)
LARGE: Final = settings(QUICK, max_examples=400)
FORM: Final = BY_NAME["bundle 0.3 statement rekor-v2"]
Property: TypeAlias = Callable[[st.DataObject], None]


@dataclass(frozen=True, kw_only=True)
class Who:
    """A signer, as the CA certifies one."""

    name: str = WORKFLOW
    issuer: str = GITHUB
    source: tuple[str, str, str] | None = (REPOSITORY, HEAD, MAIN)

    def leaf(self, age: timedelta) -> Leaf:
        """The certificate, `age` before the usual."""
        email = "@" in self.name and not self.name.startswith("https")
        name = x509.RFC822Name(self.name) if email else x509.UniformResourceIdentifier(self.name)
        texts = {} if self.source is None else dict(zip((12, 13, 14), self.source, strict=True))
        usual = Leaf()
        return Leaf(
            issuer=self.issuer,
            names=(name,),
            extensions={number: utf8_string(text) for number, text in texts.items()},
            not_before=usual.not_before - age,
            not_after=usual.not_after - age,
            sct_at=usual.sct_at - age,
        )


RELEASE: Final = Who()
ADA: Final = Who(name="ada@acme.com", issuer=GOOGLE, source=None)
PLATFORM: Final = Who(name="agents@platform.test", issuer=GOOGLE, source=None)
SCANS: Final = Who(name=SCANNER, source=("https://github.com/acme/scans", HEAD, MAIN))
MALLORY: Final = Who(name=STRANGER, source=("https://github.com/mallory/api", HEAD, MAIN))
DAYS: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What someone signs about the image, `age` before the usual."""

    who: Who
    kind: str
    predicate: str = "{}"
    age: timedelta = timedelta(0)
    about: str = FORGED_HEX


def _said(who: Who, kind: str, predicate: Mapping[str, object] | None = None, **more: Any) -> Said:
    return Said(who=who, kind=kind, predicate=json.dumps(predicate or {}), **more)


NAMED: Final = (
    _said(RELEASE, SIGN_V1),
    _said(RELEASE, SIGN_V1, age=5 * DAYS),
    _said(ADA, SIGN_V1),
    _said(SCANS, VULN),
    _said(SCANS, VULN, age=5 * DAYS),
    _said(SCANS, VULN, {"critical": 0}),
    _said(SCANS, VULN, {"critical": 1}),
    _said(RELEASE, SLSA_V1, predicate_v1()),
    _said(RELEASE, SLSA_V1, predicate_v1(), age=DAYS),
    _said(RELEASE, SLSA_V1, predicate_v1(claims=[claim(author="evil")])),
    _said(RELEASE, SLSA_V1, predicate_v1(claims=[human()])),
    _said(RELEASE, SLSA_V1, predicate_v1(repository="https://github.com/acme/web")),
    _said(RELEASE, SLSA_V02, predicate_v02(claims=[claim()])),
    _said(SCANS, SLSA_V1, predicate_v1(builder="https://claims.example", claims=[claim()])),
    _said(PLATFORM, VSA_V1, SUMMARY),
)
UNNAMED: Final = (
    _said(MALLORY, SIGN_V1),
    _said(replace(RELEASE, issuer="https://evil.example"), SIGN_V1),
    _said(replace(ADA, issuer="https://evil.example"), SIGN_V1),
    _said(replace(ADA, name="ada@acme.com.evil.com"), SIGN_V1),
    _said(MALLORY, SLSA_V1, predicate_v1(claims=[claim(author="evil")])),
    _said(MALLORY, VULN, {"scanner": {"result": "critical"}}),
    _said(RELEASE, SIGN_V1, about="0" * 64),
    _said(RELEASE, SLSA_V1, predicate_v1(claims=[claim(author="evil")]), about="0" * 64),
)


@cache
def signed(said: Said, *, backwards: bool = False) -> Candidate:
    """The bundle, made once; `backwards` with every object of the statement in the other order."""
    document = json.loads(statement(said.about, predicate=json.loads(said.predicate), predicate_type=said.kind))
    payload = json.dumps(_backwards(document) if backwards else document).encode()
    moment = SIGNED_AT - said.age
    recipe = Recipe(format=FORM, instance=REKOR_V2, payload=payload, leaf=said.who.leaf(said.age), stamped_at=(moment,))
    return candidate(recipe.make().raw)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(item) for key, item in reversed(value.items())}
    return [_backwards(item) for item in value] if isinstance(value, list) else value


def candidate(raw: bytes, kind: Kind = Kind.BUNDLE) -> Candidate:
    """A candidate as discovery hands it on."""
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    return Candidate(digest=digest, layer=0, kind=kind, media_type="", place="forge", raw=raw)


@cache
def junk() -> tuple[Candidate, ...]:
    """Bytes that are no evidence: of nobody, or a named signer's and broken."""
    good = signed(NAMED[0]).raw
    document, other = json.loads(good), json.loads(signed(NAMED[7]).raw)
    payload = base64.b64encode(b'{"_type": 1}').decode()
    crossed = document | {"dsseEnvelope": other["dsseEnvelope"]}
    return (
        candidate(b""),
        candidate(b"\xff" * 40),
        candidate(good[:-9]),
        candidate(b"[" * 500),
        candidate(json.dumps(crossed).encode()),
        candidate(json.dumps(document | {"dsseEnvelope": document["dsseEnvelope"] | {"payload": payload}}).encode()),
        candidate(good, Kind.DSSE),
        candidate(good, Kind.SIMPLE_SIGNING),
        candidate(good, Kind.OTHER),
    )


def found(*candidates: Candidate) -> tuple[Evidence, ...]:
    """What verification says of them."""
    return verify(candidates, Artifact.of(FORGED_IMAGE), [forged_root()], [], now=FORGED_NOW, limits=LIMITS)


def judged(*candidates: Candidate) -> dict[str, Judgement]:
    """What each policy makes of the image with these candidates."""
    evidence = found(*candidates)
    return {name: judge(text, *evidence, now=FORGED_NOW) for name, text in POLICIES.items()}


def _same(before: dict[str, Judgement], after: dict[str, Judgement]) -> None:
    for name in POLICIES:
        assert after[name].outcomes == before[name].outcomes, name
        assert after[name].exit_code == before[name].exit_code, name


def _draw(data: st.DataObject, pool: tuple[Said, ...], largest: int) -> tuple[Candidate, ...]:
    return tuple(signed(said) for said in data.draw(st.lists(st.sampled_from(pool), max_size=largest)))


def strangers_and_junk_change_nothing(data: st.DataObject) -> None:
    """Section 5 and rule 27: a candidate by someone unnamed never turns fail into pass, nor pass into fail."""
    some = _draw(data, (*NAMED, *UNNAMED), 4)
    more = _draw(data, UNNAMED, 2) + tuple(data.draw(st.lists(st.sampled_from(junk()), max_size=2)))
    _same(judged(*some), judged(*some, *more))


def strangers_and_junk_alone_never_pass(data: st.DataObject) -> None:
    """Section 9: PASS from anyone but a named signer."""
    some = _draw(data, UNNAMED, 4) + tuple(data.draw(st.lists(st.sampled_from(junk()), max_size=3)))
    for name, judgement in judged(*some).items():
        assert judgement.exit_code == EXIT_FAIL, name


def a_candidate_less_turns_no_fail_into_a_pass(data: st.DataObject) -> None:
    """Rule 27, outside what it excepts: conflicts and denies of agents, and attestations that are all judged."""
    some = _draw(data, (*NAMED, *UNNAMED), 5)
    whole = judged(*some)
    for place in range(len(some)):
        less = judged(*some[:place], *some[place + 1 :])
        for name in MONOTONE:
            assert not (whole[name].exit_code == EXIT_FAIL and less[name].exit_code == EXIT_PASS), name


def without_provenance_agents_never_pass(data: st.DataObject) -> None:
    """A-T1: hiding the claims that would fail leaves no commit claimed."""
    some = [signed(said) for said in data.draw(st.lists(st.sampled_from(NAMED), max_size=5)) if "slsa" not in said.kind]
    for name in ("provenance", "agents", "tenant", "unclaimed"):
        assert judged(*some)[name].exit_code == EXIT_FAIL, name


def neither_order_nor_repetition_matters(data: st.DataObject) -> None:
    """Section 5: candidates are a set, and the report names them in one order."""
    some = _draw(data, (*NAMED, *UNNAMED), 4) + tuple(data.draw(st.lists(st.sampled_from(junk()), max_size=1)))
    shuffled = tuple(data.draw(st.permutations(some)))
    assert set(map(repr, found(*shuffled))) == set(map(repr, found(*some)))
    _same(judged(*some), judged(*shuffled))
    _same(judged(*some), judged(*shuffled, *some))


def the_order_of_a_statements_keys_does_not_matter(data: st.DataObject) -> None:
    """RFC 8259 4: an object has no order, whoever signed it."""
    saids = data.draw(st.lists(st.sampled_from((*NAMED, *UNNAMED)), max_size=4))
    _same(judged(*map(signed, saids)), judged(*(signed(said, backwards=True) for said in saids)))


def two_runs_agree(data: st.DataObject) -> None:
    """Everything behind discovery is pure given bytes, root, policy and the moment (section 6)."""
    some = _draw(data, (*NAMED, *UNNAMED), 3) + tuple(data.draw(st.lists(st.sampled_from(junk()), max_size=2)))
    assert found(*some) == found(*some)
    assert judged(*some) == judged(*some)


PROPERTIES: Final[tuple[Property, ...]] = (
    strangers_and_junk_change_nothing,
    strangers_and_junk_alone_never_pass,
    a_candidate_less_turns_no_fail_into_a_pass,
    without_provenance_agents_never_pass,
    neither_order_nor_repetition_matters,
    the_order_of_a_statements_keys_does_not_matter,
    two_runs_agree,
)


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda item: item.__name__)
@QUICK
@given(data=st.data())
def test_it_holds_for_any_candidates(holds: Property, data: st.DataObject) -> None:
    holds(data)


@pytest.mark.exhaustive
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda item: item.__name__)
@LARGE
@given(data=st.data())
def test_it_holds_for_many_more(holds: Property, data: st.DataObject) -> None:
    holds(data)


def test_the_candidates_are_what_the_properties_need() -> None:
    """All that someone signed about this image verifies, nothing else does, and each policy passes for some of it."""
    for said in (*NAMED, *UNNAMED):
        for backwards in (False, True):
            (item,) = found(signed(said, backwards=backwards))
            assert isinstance(item, Verified) is (said.about == FORGED_HEX)
    assert all(isinstance(item, Rejected) for item in found(*junk()))
    good = {"signature": NAMED[:1], "threshold": (NAMED[0], NAMED[2]), "attestations": NAMED[3:4], "latest": NAMED[3:4]}
    good["values"], good["denied"] = NAMED[5:6], NAMED[:1]
    good["summary"] = (NAMED[7], NAMED[-1])
    for name in POLICIES:
        assert judged(*map(signed, good.get(name, NAMED[7:8])))[name].exit_code == EXIT_PASS, name
