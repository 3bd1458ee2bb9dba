"""Endless data: referrers, pages, layers, signatures, entries and bytes without end, and what costs more than its size.

What is over a limit is never "the first n", and never absence: it is UNDECIDED, with the limit's name. Work is counted
and not timed; a run that hangs ends at its own deadline with another code than the test expects.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from gate.verification import keys
from tests.advisories.scene import BUNDLE, IN_TOTO, Scene, steps
from tests.attaching import OCI_MANIFEST
from tests.forge import ISSUER, SIGNED_AT, Leaf, Log, Sigstore, b64, ec_key, utf8_string
from tests.registry_server import OCI_INDEX, Response
from tests.verification import lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ENTRY = f"{lab.ENTRY}"


def _undecided(ran: Ran, limit: str) -> None:
    """Not decided, and that trying again will not help; the reason is said in words and in the ledger."""
    assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out
    assert limit in ran.out
    assert not all(entry["complete"] for entry in ran.report["images"][0]["ledger"])


def _page(*digests: str, next_page: str = "") -> Response:
    entries = [{"mediaType": OCI_MANIFEST, "digest": digest, "size": 5} for digest in digests]
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    headers = {"Content-Type": OCI_INDEX}
    return Response(body=body, headers=headers | ({"Link": f'<{next_page}>; rel="next"'} if next_page else {}))


def _numbered(count: int, first: int = 0) -> list[str]:
    return [f"sha256:{number:064x}" for number in range(first, first + count)]


# How many


@pytest.mark.parametrize("place", ["/referrers/", "/manifests/sha256-"])
@pytest.mark.parametrize("count", [200, 10_000])
def test_referrers_over_the_limit_are_never_the_first_n(place: str, count: int, scene: Scene) -> None:
    """P-T13, CVE-2023-46737, CVE-2023-33957, CVE-2023-33958, CVE-2023-42814: a registry lists more signatures than
    anyone will verify; looking at the first ones lets it choose which.
    """
    good = scene.bundle(scene.signed())

    def flood(path: str) -> Response | None:
        plain = path.partition("?")[0]
        return _page(good, *_numbered(count)) if place in path and not plain.endswith((".sig", ".att")) else None

    _undecided(scene.judge_by_registry(intercept=flood, referrers_api="/referrers/" in place), "more than 200")
    assert len(scene.requests) < 10, "none of them was asked for"

    def few(path: str) -> Response | None:
        return _page(good) if place in path and not path.endswith((".sig", ".att")) else None

    assert scene.judge_by_registry(intercept=few, referrers_api="/referrers/" in place).code == 0


@pytest.mark.parametrize("how", ["endless", "a circle", "itself"])
def test_pages_without_end_end(how: str, scene: Scene) -> None:
    """P-T13, CVE-2023-46737: each page of a listing names one more."""
    good = scene.bundle(scene.signed())

    def pages(path: str) -> Response | None:
        if "/referrers/" not in path:
            return None
        number = int(path.partition("?page=")[2] or 0)
        following = {"endless": number + 1, "a circle": (number + 1) % 3, "itself": 0}[how]
        return _page(good, next_page=f"{path.partition('?')[0]}?page={following}")

    ran = scene.judge_by_registry(intercept=pages)
    # What was signed stays signed only where nothing that was not seen can change it: here nothing was taken at all.
    _undecided(ran, "pages")
    assert len([path for path in scene.requests if "/referrers/" in path]) <= 20


@pytest.mark.parametrize("count", [101, 30_000])
def test_layers_over_the_limit_are_never_the_first_n(count: int, scene: Scene) -> None:
    """P-T13, CVE-2024-29903, CVE-2023-33957: one manifest with as many signatures as its bytes allow, and a list
    made as long as the attacker says.
    """
    layer = scene.layer(scene.signed())
    scene.attach([layer, *[{"mediaType": BUNDLE, "digest": _numbered(1)[0], "size": 9}] * (count - 1)], tag="sig")
    ran = scene.judge_by_registry()
    _undecided(ran, "more than 100 layers" if count < 1000 else "bytes")
    assert not any(path.endswith(layer["digest"]) for path in scene.requests)
    scene.detach()
    scene.attach([layer], tag="sig")
    assert scene.judge_by_registry().code == 0


def test_candidates_of_all_manifests_together_are_bounded(scene: Scene) -> None:
    """P-T13, CVE-2023-46737, CVE-2023-33957: each manifest within its bounds, and all of them together without any."""
    layer = scene.layer(scene.signed())
    for number in range(6):
        scene.attach([layer] * 100, subject=True, annotations={"n": str(number)})
    _undecided(scene.judge_by_registry(), "more than 500 candidates")
    assert not any("/blobs/" in path for path in scene.requests)


def test_a_policy_may_bound_it_all_more_tightly(scene: Scene) -> None:
    """CVE-2023-33958: the default number of attempts was too high for some, and nobody could say so."""
    for number in range(3):
        scene.bundle(scene.signed(), annotations={"n": str(number)})
    for limits in ("referrers = 2", "candidates = 2", "pages = 1\nevidence-bytes = 10"):
        ran = scene.judge_by_registry(more=f"[limits]\n{limits}\n")
        assert (ran.code, ran.outcomes) == (4, {"signature": "error"}), ran.out
    assert scene.judge_by_registry(more="[limits]\nreferrers = 3\ncandidates = 3\n").code == 0


# How large


@pytest.mark.parametrize("size", [(16 << 20) + 1, 1 << 30, (1 << 63) - 1, 1 << 200])
def test_a_blob_that_is_said_to_be_huge_is_not_asked_for(size: int, scene: Scene) -> None:
    """P-T13, CVE-2024-29902, CVE-2023-42815, CVE-2023-42816: an attachment of a gigabyte, or memory taken by what a
    descriptor says.
    """
    layer = scene.layer(scene.signed())
    scene.attach([layer | {"size": size}], subject=True)
    for ran in (scene.judge(), scene.judge_by_registry()):
        _undecided(ran, "bytes")
    assert not any(path.endswith(layer["digest"]) for path in scene.requests)
    scene.detach()
    scene.attach([layer], subject=True)
    assert scene.judge().code == 0


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("kind", ["/manifests/v1", "/referrers/", ".sig", "a referrer", "its blob"])
@pytest.mark.parametrize("said", [True, False], ids=["by its length", "chunk by chunk"])
def test_a_body_without_end_is_left_at_its_limit(kind: str, said: bool, scene: Scene) -> None:
    """P-T13, CVE-2023-42813, CVE-2023-42814, CVE-2023-42815, CVE-2023-42816: a huge manifest, list, signature or
    predicate.
    """
    digest = scene.bundle(scene.signed())
    blob = json.loads((scene.path / "blobs" / "sha256" / digest[7:]).read_bytes())["layers"][0]["digest"]
    target = {"a referrer": f"/manifests/{digest}", "its blob": f"/blobs/{blob}"}.get(kind, kind)
    media_type = OCI_INDEX if "referrers" in kind else "application/octet-stream" if "blob" in kind else OCI_MANIFEST
    size = 24 << 20

    def flood(path: str) -> Response | None:
        if target not in path:
            return None
        if said:
            return Response(body=b" " * size, headers={"Content-Type": media_type})
        return Response(raw=ENDLESS % media_type.encode() + b"%x\r\n" % size + b" " * size + b"\r\n0\r\n\r\n")

    ran = scene.judge_by_registry(intercept=flood)
    if kind == ".sig":
        assert (ran.code, ran.outcomes["signature"]) == (0, "pass"), "a signature that was found stands"
        scene.detach()
        ran = scene.judge_by_registry(intercept=flood)
    assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
    assert ("is not of" if kind == "its blob" else "is longer than") in ran.out, "and not because it makes no sense"


def test_nothing_is_unpacked(scene: Scene) -> None:
    """P-T13, CVE-2023-30551: a few kilobytes that become gigabytes."""
    digest = scene.bundle(scene.signed())
    blob = json.loads((scene.path / "blobs" / "sha256" / digest[7:]).read_bytes())["layers"][0]["digest"]
    for target in (digest, blob, "/referrers/", "/manifests/v1"):

        def packed(path: str, target: str = target) -> Response | None:
            if target not in path:
                return None
            headers = {"Content-Type": OCI_INDEX, "Content-Encoding": "gzip"}
            return Response(body=gzip.compress(bytes(32 << 20)), headers=headers)

        ran = scene.judge_by_registry(intercept=packed)
        assert (ran.code, ran.report["verdict"]) == (4, "undecided"), ran.out
        assert "is compressed" in ran.out
    scene.detach()
    scene.attach([{"mediaType": f"{BUNDLE}+gzip", **scene.blob(gzip.compress(json.dumps(scene.signed()).encode()))}],
                 subject=True)  # fmt: skip
    assert scene.judge().code == 1, "and what is packed is not what its type says"


@pytest.mark.parametrize("kind", ["/referrers/", "/manifests/v1", "/blobs/"])
def test_a_server_that_drips_is_left_at_the_deadline(kind: str, scene: Scene) -> None:
    """P-T13: a byte now and then keeps a client for ever; the time is over for the whole run."""
    scene.bundle(scene.signed())

    def drip(path: str) -> Response | None:
        headers = {"Content-Type": OCI_INDEX if "referrers" in kind else OCI_MANIFEST}
        return Response(body=b" " * 10_000, headers=headers, piece=1, pause=0.05) if kind in path else None

    ran = scene.judge_by_registry("--timeout", "1s", intercept=drip)
    assert (ran.code, ran.report["verdict"]) == (3, "undecided"), ran.out


# How deep, how often, how odd


DEEP = b"[" * 100_000
ODD_JSON = {
    "deep": b'{"a":' + DEEP + b"]" * 100_000 + b"}",
    "deep without end": b'{"a":' + DEEP,
    "a key twice": b'{"mediaType": "x", "mediaType": "y"}',
    "a huge number": b'{"size": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"size": 1e999999999}',
    "NaN": b'{"size": NaN}',
    "many tokens": b"[" + b"1," * 300_000 + b"1]",
    "a string without end": b'{"' + b'\\"' * 100_000,
    "half a surrogate": b'{"a": "\\ud800"}',
    "not UTF-8": b'{"a": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("how", ODD_JSON)
def test_json_that_costs_or_misleads_is_refused_wherever_it_stands(how: str, scene: Scene) -> None:
    """P-T13, CVE-2023-42813, CVE-2026-48702, CVE-2023-33199: documents made to exhaust or to crash a parser, as
    listing, bundle, envelope, log entry and payload.
    """
    raw = ODD_JSON[how]

    def odd(path: str) -> Response | None:
        return Response(body=raw, headers={"Content-Type": OCI_INDEX}) if "/referrers/" in path else None

    assert scene.judge_by_registry(intercept=odd).code == 4, "a listing that cannot be read is not an empty one"
    good = scene.signed()
    scene.attach([scene.layer(raw), scene.layer(raw, IN_TOTO)], subject=True)
    scene.bundle(lab.edited(good, f"{ENTRY}.canonicalizedBody", b64(raw)))
    scene.bundle(lab.edited(good, lab.PAYLOAD, b64(raw)))
    ran = scene.judge()
    assert (ran.code, len(steps(ran))) == (1, 4), ran.out
    scene.bundle(good)
    assert scene.judge().code == 0


FIELDS = [
    "logId",
    "kindVersion",
    "inclusionProof",
    "canonicalizedBody",
    "inclusionPromise",
    "integratedTime",
    "logIndex",
]
WRONG: list[Any] = [
    None,
    {},
    [],
    "",
    0,
    -1,
    True,
    "x",
    [None],
    {"keyId": None},
    {"kind": []},
    {"hashes": [None]},
    2**64,
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_malformed_log_entry_is_a_rejection_and_no_crash(field: str, scene: Scene) -> None:
    """CVE-2026-48702, CVE-2023-33199, CVE-2026-23831: an entry with a part that is missing or of another kind ended the
    program.
    """
    scene.sigstore = Sigstore(log=Log(key=ec_key("log")))
    good = scene.signed(integrated=SIGNED_AT, at=())
    scene.attach([scene.layer(lab.edited(good, f"{ENTRY}.{field}", value)) for value in WRONG], subject=True)
    ran = scene.judge()
    assert (ran.code, len(steps(ran))) == (1, len(WRONG)), ran.out
    assert set(steps(ran)) <= {"format", "log", "trust-root", "log-entry", "time"}
    scene.bundle(good)
    assert scene.judge().code == 0


@pytest.mark.parametrize("part", [lab.STAMPS, "verificationMaterial.tlogEntries"])
@pytest.mark.parametrize("count", [33, 2000])
def test_entries_and_timestamps_are_counted_before_they_are_verified(
    part: str, count: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2024-45395, sigstore-go#630: entries without end, each tried with every key."""
    asked = _counted(monkeypatch)
    good = scene.signed()
    one = lab.at(good, part)[0]
    (key,) = {"canonicalizedBody", "signedTimestamp"} & one.keys()
    scene.bundle(lab.edited(good, part, [one, *[one | {key: b64(b"%d" % number)} for number in range(count - 1)]]))
    ran = scene.judge()
    assert (ran.code, steps(ran), asked["verifies"]) == (1, ["format"], 0)
    assert "at most 32 are looked at" in ran.out
    scene.bundle(good)
    assert scene.judge().code == 0


def _counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a log's signature is verified, and a certificate read, from here on."""
    asked: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            asked[name] += 1
            return function(*arguments)

        return counted

    monkeypatch.setattr("gate.verification.log.verifies", counting("verifies", keys.verifies))
    monkeypatch.setattr(x509, "load_der_x509_certificate", counting("loads", x509.load_der_x509_certificate))
    return asked


def test_a_checkpoints_signatures_are_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """CVE-2024-45395: a signed note may carry as many signatures as its bytes allow, each with the log's hint, and each
    was verified: seconds of work for one bundle.
    """
    good = scene.signed()
    text, _, signature = lab.at(good, lab.CHECKPOINT).partition("\n\n")
    hint = base64.b64decode(signature.split(" ")[2])[:4]
    others = [f"— witness {b64(hint + bytes([number % 251]) * 64)}\n" for number in range(20_000)]
    scene.bundle(lab.edited(good, lab.CHECKPOINT, f"{text}\n\n{''.join(others)}{signature}"))
    asked = _counted(monkeypatch)
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["log"])
    assert asked["verifies"] <= 100
    scene.detach()
    witnesses = "".join(f"— witness {b64(bytes([number]) * 68)}\n" for number in range(15))
    witnessed = f"{text}\n\n{witnesses}{signature}"
    scene.bundle(lab.edited(good, lab.CHECKPOINT, witnessed))
    assert scene.judge().code == 0, "as many as witnesses cosign today do no harm"


@pytest.mark.parametrize("count", [2, 3000])
def test_certificates_that_the_signer_brings_build_no_chain(
    count: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2026-32280: chains were built from as many intermediates as the input held. Those of a bundle are not even
    read: the trust root has the chain.
    """
    good = scene.signed()
    leaf = lab.at(good, lab.CERTIFICATE)
    material = {key: value for key, value in good["verificationMaterial"].items() if key != "certificate"}
    certificates = [{"rawBytes": leaf}, *[{"rawBytes": b64(b"junk" * 40)}] * (count - 1)]
    material["x509CertificateChain"] = {"certificates": certificates}
    old = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    scene.bundle(good | {"mediaType": old, "verificationMaterial": material})
    scene.judge()  # whatever is read once
    asked = _counted(monkeypatch)
    ran = scene.judge()
    assert (ran.code, asked["loads"] < 10) == (0, True), ran.out
    # A chain without the signer's certificate first is nobody's.
    material["x509CertificateChain"] = {"certificates": certificates[1:]}
    scene.detach()
    scene.bundle(good | {"mediaType": old, "verificationMaterial": material})
    assert (scene.judge().code, steps(scene.judge())) == (1, ["certificate"])


ODD_NAMES = {
    "=# in its issuer": replace(Sigstore().ca, common_name="=#0403" + "41" * 20),
    "many =# in its issuer": replace(Sigstore().ca, common_name="=#" * 30),
}


@pytest.mark.parametrize("how", ODD_NAMES)
def test_a_distinguished_name_is_compared_and_not_parsed(how: str, scene: Scene) -> None:
    """CVE-2023-25656: `=#` in a distinguished name exhausted the memory of whoever parsed its text."""
    odd = replace(scene.sigstore, ca=ODD_NAMES[how])
    scene.bundle(odd.sign(scene.statement()))
    ran = scene.judge()
    assert (ran.code, steps(ran)) == (1, ["trust-root"])
    assert len(ran.report["images"][0]["evidence"][0]["reason"]) < 400
    assert scene.judge(root=odd.root()).code == 0, "and where the root has that name, it is only a name"


@pytest.mark.parametrize("separator", [".", "/", "@", "-", "%2F", " "])
def test_a_name_of_thousands_of_parts_is_compared_in_one_go(separator: str, scene: Scene) -> None:
    """CVE-2025-66564, CVE-2025-66506, CVE-2026-49835: a text that was split at every dot, however many there were."""
    long = "https://github.com/acme" + f"{separator}a" * 3000
    leaf = Leaf(
        names=(x509.UniformResourceIdentifier(long),),
        extensions={14: utf8_string(f"refs/heads/{separator}" * 100)},
    )
    scene.bundle(scene.sigstore.sign(scene.statement(), leaf=leaf))
    for identity in (
        '{ glob = "https://github.com/**/**/**/**/b" }',
        '{ glob = "https://github.com/*/*/**/*@**" }',
        "{ regex = '(.*/)*(.*[.])*(a+)+b' }",
    ):
        assert scene.judge(signer=f'issuer = "{ISSUER}"\nidentity = {identity}').code == 1
    assert scene.judge(signer=f'issuer = "{ISSUER}"\nidentity = "{long}"').code == 0


def test_a_certificate_of_any_size_is_bounded_before_it_is_parsed(scene: Scene) -> None:
    """CVE-2025-66564, CVE-2025-66506: object identifiers and texts as long as the attacker likes."""
    for size, code in ((1000, 0), (20_000, 1)):
        scene.detach()
        scene.bundle(scene.sigstore.sign(scene.statement(), leaf=Leaf(extensions={24: utf8_string("1." * size)})))
        ran = scene.judge()
        assert (ran.code, steps(ran)) == (code, ["format"] if code else [])


# Side effects


@pytest.mark.parametrize("folder", ["/nonexistent", "/proc"])
def test_a_place_that_cannot_be_written_to_changes_no_verdict(folder: str, scene: Scene) -> None:
    """CVE-2024-51491: a cache that could not be written made verification fail. There is none: verifying writes nothing
    but its report.
    """
    scene.bundle(scene.signed())
    policy = scene.policy()
    variables = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "SIGSTORE_CACHE")
    environment = {"PATH": os.environ["PATH"]} | dict.fromkeys(variables, folder)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gate", "verify", f"oci:{scene.path}:v1", "--policy", str(policy)],
        cwd="/proc",
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stdout
    assert done.stdout.startswith(b"PASS")
