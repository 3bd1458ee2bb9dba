"""The forge is faithful: what it calls valid, others accept, and what it writes looks like what real tools write."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from sigstore.errors import Error

from gate.sigstore_private import packaged_root
from gate.verification import Verified
from gate.verification.bundle import read_bundle
from tests.conftest import LAB
from tests.forge import BY_NAME, FORMATS, GITHUB, REKOR_V1, REKOR_V2, Format, Leaf, ec_key, ed_key, rsa_key, valid
from tests.forge.entries import canonical
from tests.sigstore_oracle import Oracle
from tests.verification.lab import FORGED_IMAGE_RAW, LIMITS, forged_evidence, found

if TYPE_CHECKING:
    from tests.forge import JSONObject, LeafKey, Recipe, Sigstore

CASES = Path(__file__).parent / "cases"
KEYS: dict[str, LeafKey] = {
    "p256": ec_key("signer"),
    "p384": ec_key("signer", "p384"),
    "p521": ec_key("signer", "p521"),
    "rsa": rsa_key("signer"),
    "ed25519": ed_key("signer"),
}


def _made(name: str, **parts: Any) -> Recipe:
    return valid(BY_NAME[name], FORGED_IMAGE_RAW, **parts)


# Valid


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_verifies(form: Format) -> None:
    evidence = forged_evidence(valid(form, FORGED_IMAGE_RAW))
    assert isinstance(evidence, Verified), evidence
    assert bool(evidence.times) == bool(form.promise or form.stamps)
    # The promise is over the index through all shards, a proof only over the one in its own tree.
    assert [entry.index for entry in evidence.logs] == ([1003 if form.promise else 3] if form.entry else [])
    assert not evidence.notes


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", ["bundle 0.3 statement dsse key", "sig unlogged key", "att dsse key"])
def test_every_kind_of_key_verifies(name: str, kind: str) -> None:
    evidence = forged_evidence(_made(name, key=KEYS[kind]))
    assert isinstance(evidence, Verified), evidence


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", ["bundle 0.3 statement dsse", "sig hashedrekord", "bundle 0.3 statement github"])
def test_a_certificate_of_every_kind_of_key_verifies(name: str, kind: str) -> None:
    evidence = forged_evidence(_made(name, leaf=Leaf(key=KEYS[kind])))
    assert isinstance(evidence, Verified), evidence


def test_trees_of_every_shape_prove_every_index() -> None:
    for size in (1, 2, 3, 4, 7, 8, 9):
        for index in range(size):
            instance = replace(REKOR_V1, log=replace(REKOR_V1.log, index=index, size=size))
            evidence = forged_evidence(_made("bundle 0.3 statement dsse", instance=instance))
            assert isinstance(evidence, Verified), (index, size, evidence)


# Accepted by sigstore-python


def _theirs_can_judge(form: Format) -> bool:
    """It reads bundles with one entry and its inclusion proof; no keys, no intoto entries, no layers of cosign's."""
    if form.keyed or not form.is_bundle or not form.proof:
        return False
    return form.entry in {("hashedrekord", "0.0.2"), ("hashedrekord" if form.signs == "message" else "dsse", "0.0.1")}


JUDGED = tuple(form for form in FORMATS if _theirs_can_judge(form))


def _theirs(recipe: Recipe, folder: Path) -> None:
    root = folder / "root.json"
    root.write_text(json.dumps(recipe.instance.root()), encoding="utf-8")
    raw = recipe.make().raw
    Oracle(root).verify(raw.decode(), read_bundle(raw, LIMITS), FORGED_IMAGE_RAW)


@pytest.mark.parametrize("form", JUDGED, ids=lambda form: form.name)
def test_sigstore_python_accepts_what_the_forge_calls_valid(form: Format, tmp_path: Path) -> None:
    _theirs(valid(form, FORGED_IMAGE_RAW), tmp_path)


@pytest.mark.parametrize("form", JUDGED, ids=lambda form: form.name)
def test_sigstore_python_refuses_what_the_forge_breaks(form: Format, tmp_path: Path) -> None:
    with pytest.raises(Error):
        _theirs(valid(form, FORGED_IMAGE_RAW, signs_with=ec_key("mallory")), tmp_path)


def test_sigstore_python_judges_enough_of_the_formats() -> None:
    assert len(JUDGED) >= 5


# Written as real tools write

_CLASSES = (
    ("decimal", re.compile(r"[0-9]+")),
    ("hex", re.compile(r"[0-9a-f]{40,}")),
    ("time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")),
    ("pem", re.compile(r"-----BEGIN .*", re.DOTALL)),
    ("base64", re.compile(r"(?:[A-Za-z0-9+/]{4}){7,}[A-Za-z0-9+/=]{0,4}")),
)


def _shape(value: Any, path: str = "") -> set[str]:
    """Each leaf of a document as one line: where it stands, and what kind of value it is."""
    if isinstance(value, dict):
        return set().union(*(_shape(inner, f"{path}.{key}") for key, inner in value.items()), {f"{path}: object"})
    if isinstance(value, list):
        return set().union(*(_shape(inner, f"{path}[]") for inner in value), {f"{path}: list"})
    if isinstance(value, str):
        return {f"{path}: {next((name for name, form in _CLASSES if form.fullmatch(value)), 'text')}"}
    return {f"{path}: {type(value).__name__}"}


def _real(path: str) -> JSONObject:
    document: JSONObject
    document, _ = json.JSONDecoder().raw_decode((CASES / path).read_text(encoding="utf-8"))
    return document


@cache
def _layer(case: str, kind: str) -> tuple[JSONObject, JSONObject]:
    """A real layer of cosign's, and its annotations."""
    (candidate,) = [item for item in found(case).candidates if item.kind == kind]
    return json.loads(candidate.raw), dict(candidate.annotations)


PYTHON = "conformance/{}/bundle.sigstore.json"
BUNDLES = {
    "bundle 0.3 message rekor-v2": PYTHON.format("rekor2-happy-path"),
    "bundle 0.3 statement dsse": PYTHON.format("happy-path-intoto-in-dsse-v3"),
    "bundle 0.2 message hashedrekord": PYTHON.format("happy-path-v0.2"),
    "bundle 0.1 message hashedrekord proof": PYTHON.format("happy-path-v0.1"),
    "bundle 0.3 message hashedrekord key": PYTHON.format("managed-key-happy-path"),
    "bundle 0.3 statement github": "github/bundle.jsonl",
}


def _body(entry: JSONObject) -> JSONObject:
    document: JSONObject = json.loads(base64.b64decode(entry["canonicalizedBody"]))
    return document


def _same_bundles(ours: JSONObject, theirs: JSONObject) -> None:
    assert _shape(ours) == _shape(theirs)
    assert ours["mediaType"] == theirs["mediaType"]
    entries = zip(
        ours["verificationMaterial"].get("tlogEntries", []),
        theirs["verificationMaterial"].get("tlogEntries", []),
        strict=True,
    )
    for our, their in entries:
        assert our["kindVersion"] == their["kindVersion"]
        assert _shape(_body(our)) == _shape(_body(their))
        assert _note(our) == _note(their)


def _note(entry: JSONObject) -> list[str]:
    """A checkpoint's lines by their kind; Rekor v1 wrote a line with the time until 2023."""
    lines = entry["inclusionProof"]["checkpoint"]["envelope"].split("\n")
    shaped = [re.sub(r"[\w.:-]+( - \d+)?", "origin", lines[0], count=1)]
    shaped += [re.sub(r"— \S+ [A-Za-z0-9+/=]{80,}", "signature", line) for line in lines[1:]]
    kinds = ["root" if re.fullmatch(r"[A-Za-z0-9+/]{43}=", line) else line for line in shaped]
    sized = ["size" if line.isdecimal() else line for line in kinds]
    return [line for line in sized if not line.startswith("Timestamp: ")]


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_has_the_fields_of_a_real_one(name: str) -> None:
    _same_bundles(_made(name).make().document, _real(BUNDLES[name]))


@pytest.mark.parametrize(
    ("name", "case"),
    [("bundle 0.3 statement rekor-v2", "agent-signed"), ("bundle 0.3 statement rekor-v2 key", "keyed-bundle")],
)
def test_a_bundle_has_the_fields_of_cosigns(name: str, case: str) -> None:
    _same_bundles(_made(name).make().document, json.loads(found(case).candidates[0].raw))


def test_an_intoto_entry_has_the_fields_of_a_real_one() -> None:
    theirs = _real(PYTHON.format("intoto-with-custom-trust-root"))["verificationMaterial"]["tlogEntries"][0]
    ours = _made("bundle 0.2 statement intoto 0.0.2").make().document["verificationMaterial"]["tlogEntries"][0]
    assert _shape(ours) - {".inclusionProof.hashes[]: base64"} == _shape(theirs), "the real one is alone in its tree"
    assert _shape(_body(ours)) <= _shape(_body(theirs)), "Rekor may keep the payload and the key id too"


@pytest.mark.parametrize(("name", "case"), [("att intoto 0.0.1", "v1.4.0"), ("att dsse", "v2.1.0")])
def test_an_attestation_has_the_layout_of_a_real_one(name: str, case: str) -> None:
    theirs, annotations = _layer(f"../public-good/slsa-generator-{case}", "dsse-envelope")
    made = _made(name).make()
    assert _shape(made.document) == _shape(theirs)
    assert _shape(dict(made.annotations)) == _shape(annotations) - {".predicateType: text"}, "it says the type or not"
    ours, real = (json.loads(found["dev.sigstore.cosign/bundle"]) for found in (made.annotations, annotations))
    assert _shape(ours) == _shape(real)
    bodies = [json.loads(base64.b64decode(item["Payload"]["body"])) for item in (ours, real)]
    assert _shape(bodies[0]) == _shape(bodies[1])


@pytest.mark.parametrize(
    ("name", "kind"), [("sig unlogged key", "cosign-simple-signing"), ("att unlogged key", "dsse-envelope")]
)
def test_a_keys_layer_has_the_layout_of_cosigns(name: str, kind: str) -> None:
    theirs, annotations = _layer("keyed-legacy", kind)
    made = _made(name).make()
    assert _shape(made.document) == _shape(theirs)
    assert _shape(dict(made.annotations)) == _shape(annotations) - {".predicateType: text"}


def test_a_log_body_is_written_as_rekor_writes_it() -> None:
    for path in (PYTHON.format("happy-path-intoto-in-dsse-v3"), PYTHON.format("happy-path-v0.2")):
        raw = base64.b64decode(_real(path)["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"])
        assert canonical(json.loads(raw)) == raw


@pytest.mark.parametrize(
    ("instance", "path"),
    [
        (REKOR_V2, LAB / "trusted_root.json"),
        (REKOR_V1, packaged_root("public-good")),
        (GITHUB, CASES / "github" / "trusted_root.json"),
    ],
    ids=["lab", "public-good", "github"],
)
def test_a_trusted_root_has_the_fields_of_a_real_one(instance: Sigstore, path: Path) -> None:
    theirs = _shape(json.loads(path.read_text(encoding="utf-8")))
    ended = {line for line in theirs if line.endswith("validFor.end: time")}  # nothing in the forge has to end
    assert _shape(instance.root()) == theirs - ended


def test_a_certificate_has_the_extensions_of_a_real_one() -> None:
    real = _real(PYTHON.format("happy-path-intoto-in-dsse-v3"))["verificationMaterial"]["certificate"]["rawBytes"]
    ours = REKOR_V1.certificate(Leaf())
    assert _extensions(ours) == _extensions(x509.load_der_x509_certificate(base64.b64decode(real)))


def test_an_intermediate_has_the_extensions_of_a_real_one() -> None:
    document = json.loads(packaged_root("public-good").read_text(encoding="utf-8"))
    chains = [part["certChain"]["certificates"] for part in document["certificateAuthorities"]]
    real = next(chain[0]["rawBytes"] for chain in chains if len(chain) == 2)
    assert _extensions(REKOR_V1.ca.certificate) == _extensions(x509.load_der_x509_certificate(base64.b64decode(real)))


def _extensions(certificate: x509.Certificate) -> set[tuple[str, bool]]:
    """Which extensions, and whether they are critical, but for what Fulcio says of the job."""
    found = {(item.oid.dotted_string, item.critical) for item in certificate.extensions}
    return {item for item in found if not item[0].startswith("1.3.6.1.4.1.57264.")}
