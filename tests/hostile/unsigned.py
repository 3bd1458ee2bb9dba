"""What whoever may push to the registry can do: no signature of it holds, or not over this."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.forge import SIGNED_AT, JSONObject, b64, der, ec_key
from tests.hostile import MIB
from tests.hostile.image import BUNDLE, HEX, MANIFEST, POLICY, Hostile, packed, sigstore, statement, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FULL: Final = 16 * MIB
SIMPLE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE: Final = "application/vnd.dsse.envelope.v1+json"
COSIGN: Final = "dev.sigstore.cosign/"


def _good(payload: bytes = b"") -> JSONObject:
    return sigstore().sign(payload or statement(b"{}"))


def _entry(document: JSONObject) -> JSONObject:
    found: JSONObject = document["verificationMaterial"]["tlogEntries"][0]
    return found


def _pem(document: JSONObject) -> bytes:
    raw = base64.b64decode(document["verificationMaterial"]["certificate"]["rawBytes"])
    return x509.load_der_x509_certificate(raw).public_bytes(Encoding.PEM)


def _several(folder: Path, raws: list[bytes], media_type: str = BUNDLE) -> list[str]:
    made = Hostile(folder)
    made.attach(*raws, media_type=media_type)
    return made.arguments()


def spaces(folder: Path) -> list[str]:
    """White space, and then a bundle."""
    raw = packed(_good())
    return _several(folder, [b" " * (_FULL - len(raw)) + raw])


def quotes(folder: Path) -> list[str]:
    """Five million empty texts."""
    return _several(folder, [b"[" + b'"",' * (_FULL // 3 - 2) + b"0]"])


def quotes_within_the_bound_on_bytes(folder: Path) -> list[str]:
    """Four documents of four mebibytes, each of a million empty texts."""
    return _several(folder, [b"[" + b'"",' * (_FULL // 12 - 9) + b"%d]" % number for number in range(4)])


def a_text_that_never_ends(folder: Path) -> list[str]:
    """Escaped quotes."""
    return _several(folder, [b'{"a":"' + rb"\"" * (_FULL // 2 - 8)])


def backslashes(folder: Path) -> list[str]:
    """Nothing but backslashes."""
    return _several(folder, [b'{"a":"' + b"\\" * (_FULL - 8)])


def base64_that_is_none(folder: Path) -> list[str]:
    """A hundred thousand texts that are nearly base64."""
    return _several(folder, [(b'"' + b"A" * 150 + b'!",') * (_FULL // 154)])


def a_payload_beside_other_alphabets(folder: Path) -> list[str]:
    """A payload as large as may be, in a document that Python keeps at four bytes a character; it is not signed."""
    document = _good() | {"x": "\U0001f600"}
    document["dsseEnvelope"]["payload"] = "A" * (12 * MIB)
    return _several(folder, [packed(document)])


def small_bundles_of_many_tokens(folder: Path) -> list[str]:
    """Eighty documents, each just within its bounds."""
    return _several(folder, [b"[" + b"[]," * 66_000 + b"%d]" % number for number in range(80)])


def manifests_of_many_tokens(folder: Path) -> list[str]:
    """Eighty manifests, each just within its bounds."""
    made = Hostile(folder)
    for number in range(80):
        made.manifest([], x=[[]] * 66_000, number=number)
    return made.arguments()


def large_manifests(folder: Path) -> list[str]:
    """Five manifests of four mebibytes: more than 16 in all, and none of them evidence."""
    made = Hostile(folder)
    for number in range(5):
        made.manifest([], annotations={"x": "x" * (4 * MIB - 1000) + str(number)})
    return made.arguments()


def a_checkpoint_of_many_signatures(folder: Path) -> list[str]:
    """Each by the log's hint, none of them the log's."""
    document = _good()
    checkpoint = _entry(document)["inclusionProof"]["checkpoint"]
    text = checkpoint["envelope"].partition("\n\n")[0]
    line = f"— x {b64(sigstore().log.key_id[:4] + bytes(64))}\n"
    checkpoint["envelope"] = f"{text}\n\n" + line * (3 * MIB // len(line))
    return _several(folder, [packed(document | {"x": number}) for number in range(5)])


def a_checkpoint_of_many_lines(folder: Path) -> list[str]:
    """Small lines that look like signatures, and a last one that does not."""
    document = _good()
    checkpoint = _entry(document)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].partition("\n\n")[0] + "\n\n" + "— x y\n" * 480_000 + "!"
    return _several(folder, [packed(document | {"x": number}) for number in range(4)])


def timestamps_again_and_again(folder: Path) -> list[str]:
    """As many good timestamps as a bundle may have, over another signature, in as many bundles as fit."""
    document = _good()
    signature = b64(bytes(64))
    document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = [
        {"signedTimestamp": b64(sigstore().tsa.response(b"", SIGNED_AT + timedelta(seconds=number)))}
        for number in range(32)
    ]
    document["dsseEnvelope"]["signatures"][0]["sig"] = signature
    size = len(packed(document))
    return _several(folder, [packed(document | {"x": number}) for number in range(min(190, _FULL // size))])


def timestamps_of_a_megabyte(folder: Path) -> list[str]:
    """Timestamps with a bag of a thousand certificates."""
    document = _good()
    certificate = sigstore().tsa.certificate.public_bytes(Encoding.DER)
    stamps = [
        {"signedTimestamp": b64(sigstore().tsa.response(b"%d" % number, SIGNED_AT, embed=[certificate] * 180))}
        for number in range(32)
    ]
    document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = stamps
    size = len(packed(document))
    return _several(folder, [packed(document | {"x": number}) for number in range(_FULL // size)])


def log_entries_again_and_again(folder: Path) -> list[str]:
    """As many good entries as a bundle may have, none of them of this signature, in as many bundles as fit."""
    document = _good()
    entries = [_entry(_good(statement(b'{"x":%d}' % number))) for number in range(32)]
    document["verificationMaterial"]["tlogEntries"] = entries
    size = len(packed(document))
    return _several(folder, [packed(document | {"x": number}) for number in range(min(190, _FULL // size))])


def log_bodies_of_many_tokens(folder: Path) -> list[str]:
    """Thirty-two entries whose bodies are arrays, beside a certificate that is good."""
    document = _good()
    entry = _entry(document)
    bodies = [b'{"x":[' + b"[]," * 30_000 + b"%d]}" % number for number in range(32)]
    document["verificationMaterial"]["tlogEntries"] = [entry | {"canonicalizedBody": b64(body)} for body in bodies]
    return _several(folder, [packed(document | {"x": number}) for number in range(4)])


def log_bodies_with_large_certificates(folder: Path) -> list[str]:
    """An entry whose certificate has a hundred thousand names."""
    document = _good()
    entry = _entry(document)
    names = der(0x30, bytes.fromhex("310a300806035504030c0141") * 150_000)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(_with_issuer(names)) + b"-----END CERTIFICATE-----\n"
    digest = hashlib.sha256(statement(b"{}")).hexdigest()
    spec = {
        "payloadHash": {"algorithm": "sha256", "value": digest},
        "signatures": [{"signature": document["dsseEnvelope"]["signatures"][0]["sig"], "verifier": b64(pem)}],
    }
    entry["kindVersion"] = {"kind": "dsse", "version": "0.0.1"}
    entry["canonicalizedBody"] = b64(packed({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}))
    return _several(folder, [packed(document | {"x": number}) for number in range(3)])


def _with_issuer(name: bytes) -> bytes:
    raw = sigstore().ca.certificate.public_bytes(Encoding.DER)
    found = x509.load_der_x509_certificate(raw).issuer.public_bytes()
    return _rewrapped(raw, found, name)


def _rewrapped(raw: bytes, old: bytes, new: bytes) -> bytes:
    """A certificate's to-be-signed half with its issuer replaced, in new lengths."""
    tbs = x509.load_der_x509_certificate(raw).tbs_certificate_bytes
    head = 2 + (tbs[1] & 0x7F if tbs[1] & 0x80 else 0)
    whole = 2 + (raw[1] & 0x7F if raw[1] & 0x80 else 0)
    return der(0x30, der(0x30, tbs[head:].replace(old, new, 1)), raw[whole + len(tbs) :])


def payload_hashes(folder: Path) -> list[str]:
    """Thirty-two entries, each of which hashes the payload of 11 MiB anew."""
    payload = statement(b'{"x":"' + b"x" * (11 * MIB) + b'"}')
    document = _good(payload)
    entry = _entry(document)
    digest = hashlib.sha512(payload).hexdigest()
    verifier = b64(_pem(document))
    spec = {
        "payloadHash": {"algorithm": "sha512", "value": digest},
        "signatures": [{"signature": document["dsseEnvelope"]["signatures"][0]["sig"], "verifier": verifier}],
    }
    entries = []
    for number in range(32):
        body = packed({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec | {"x": number}})
        kind = {"kind": "dsse", "version": "0.0.1"}
        entries.append(entry | {"kindVersion": kind, "canonicalizedBody": b64(body)})
    document["verificationMaterial"]["tlogEntries"] = entries
    return _several(folder, [packed(document)])


def _rsa_certificate(bits: int) -> bytes:
    """A certificate whose RSA key has an exponent as long as its modulus."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(sigstore().ca.certificate.subject)
        .public_key(ec_key("rsa").public_key())
        .serial_number(7)
        .not_valid_before(SIGNED_AT - timedelta(minutes=1))
        .not_valid_after(SIGNED_AT + timedelta(minutes=9))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), der(0x0C, b"https://x")),
            critical=False,
        )
    )
    raw = builder.sign(ec_key("ca"), hashes.SHA256()).public_bytes(Encoding.DER)
    public = x509.load_der_x509_certificate(raw).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    modulus = (1 << bits) - 159
    exponent = (1 << (bits - 1)) - 1

    def number(value: int) -> bytes:
        return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    rsa = der(
        0x30,
        der(0x30, bytes.fromhex("06092a864886f70d010101"), b"\x05\0"),
        der(0x03, b"\0", der(0x30, number(modulus), number(exponent))),
    )
    return _rewrapped(raw, spki, rsa)


def rsa_keys_with_large_exponents(folder: Path) -> list[str]:
    """Certificates of nobody, whose keys take long to verify with."""
    document = _good()
    document["verificationMaterial"]["certificate"]["rawBytes"] = b64(_rsa_certificate(3072))
    document["dsseEnvelope"]["signatures"][0]["sig"] = b64(b"\x7f" * 384)
    return _several(folder, [packed(document | {"x": number}) for number in range(190)])


def layers(folder: Path) -> list[str]:
    """As many manifests and layers as there may be, each a signature with its certificate and its log entry."""
    made = Hostile(folder)
    document = _good()
    pem = _pem(document)
    payload = made.blob(b'{"critical":{}}') | {"mediaType": SIMPLE}
    entry = _entry(document)
    inner = {"body": entry["canonicalizedBody"], "integratedTime": 1740830400, "logIndex": 1}
    bundle = {"SignedEntryTimestamp": b64(bytes(64)), "Payload": inner | {"logID": sigstore().log.key_id.hex()}}
    annotations = {
        "dev.cosignproject.cosign/signature": b64(bytes(70)),
        f"{COSIGN}certificate": pem.decode(),
        f"{COSIGN}bundle": packed(bundle).decode(),
    }
    for number in range(40):
        made.manifest([payload | {"annotations": annotations | {"x": str(count)}} for count in range(100)], x=number)
    return made.arguments()


def annotations_of_many_tokens(folder: Path) -> list[str]:
    """Annotations that are documents of their own."""
    made = Hostile(folder)
    payload = made.blob(b'{"critical":{}}') | {"mediaType": SIMPLE}
    text = '{"Payload":{"body":' + "[]," * 13_000 + "0"
    annotations = {"dev.cosignproject.cosign/signature": b64(bytes(70)), f"{COSIGN}bundle": text}
    for number in range(4):
        made.manifest([payload | {"annotations": annotations}] * 99, x=number)
    return made.arguments()


def envelopes_of_many_signatures(folder: Path) -> list[str]:
    """An envelope of 11 MiB with as many signatures as it may have, and a megabyte of annotations."""
    made = Hostile(folder)
    signatures = [{"sig": b64(b"%d" % number)} for number in range(8)]
    envelope = {"payload": "A" * (14 * MIB), "payloadType": "application/vnd.in-toto+json", "signatures": signatures}
    layer = made.blob(packed(envelope)) | {"mediaType": DSSE, "annotations": {f"{COSIGN}bundle": '["' + "x" * MIB}}
    made.manifest([layer])
    return made.arguments()


def an_index_of_the_same(folder: Path) -> list[str]:
    """An index.json that lists one manifest fifty thousand times, and no image by name."""
    made = Hostile(folder)
    listed = {"mediaType": MANIFEST, "digest": f"sha256:{HEX}", "size": 1}
    inner = made.blob(packed({"schemaVersion": 2, "layers": [], "x": [[]] * 60_000}))
    index = packed({"schemaVersion": 2, "manifests": [listed, *[inner | {"size": 1}] * 24_000]})
    made.arguments(index=index)
    return verify(f"oci:{made.layout}", folder)


def referrers_without_end(folder: Path) -> list[str]:
    """Nine thousand manifests that refer to the image."""
    made = Hostile(folder)
    for number in range(9_000):
        made.manifest([], x="x" * 1000, number=number)
    return made.arguments()


def descriptors(folder: Path) -> list[str]:
    """A manifest of as many layers as its tokens allow."""
    made = Hostile(folder)
    layer = {"digest": f"sha256:{HEX}", "size": 1}
    for number in range(4):
        made.manifest([layer] * 39_000, x=number)
    return made.arguments()


def json_lines(folder: Path) -> list[str]:
    """A file with two hundred bundles, none of them good."""
    document = _good()
    document["dsseEnvelope"]["signatures"][0]["sig"] = b64(bytes(70))
    raw = b"\n".join(packed(document | {"x": "x" * 75_000, "y": number}) for number in range(199))
    (folder / "bundles.jsonl").write_bytes(raw)
    (folder / "file").write_bytes(b"x")
    Hostile(folder).arguments()
    return verify(f"file:{folder / 'file'}", folder, "--bundle", str(folder / "bundles.jsonl"))


def lines_without_end(folder: Path) -> list[str]:
    """A file of eight million lines."""
    (folder / "bundles.jsonl").write_bytes(b"{}\n" * (_FULL // 3))
    (folder / "file").write_bytes(b"x")
    Hostile(folder).arguments()
    return verify(f"file:{folder / 'file'}", folder, "--bundle", str(folder / "bundles.jsonl"))


def an_index_about_nothing(folder: Path) -> list[str]:
    """Entries that say of themselves that nothing runs them, and name none of the others."""
    nothing = {"os": "unknown", "architecture": "unknown"}
    about = {"vnd.docker.reference.digest": "x"}
    entries: list[JSONObject] = [
        {"digest": f"sha256:{number:064x}", "size": 1, "platform": nothing, "annotations": about}
        for number in range(11_000)
    ]
    hostile = Hostile(folder)
    index = hostile.blob(packed({"schemaVersion": 2, "manifests": entries}))
    hostile.arguments(POLICY.replace('images = ["**"]', 'images = ["**"]\nplatforms = "each"', 1))
    return verify(f"oci:{hostile.layout}@{index['digest']}", folder)


CASES: Final[dict[str, Callable[[Path], list[str]]]] = {
    "unsigned: " + made.__name__.replace("_", " "): made
    for made in (
        an_index_about_nothing,
        *(spaces, quotes, quotes_within_the_bound_on_bytes, a_text_that_never_ends, backslashes, base64_that_is_none),
        *(a_payload_beside_other_alphabets, small_bundles_of_many_tokens, manifests_of_many_tokens, large_manifests),
        *(a_checkpoint_of_many_signatures, a_checkpoint_of_many_lines, timestamps_again_and_again),
        *(timestamps_of_a_megabyte, log_entries_again_and_again, log_bodies_of_many_tokens),
        *(log_bodies_with_large_certificates, payload_hashes, rsa_keys_with_large_exponents, layers),
        *(annotations_of_many_tokens, envelopes_of_many_signatures, an_index_of_the_same, referrers_without_end),
        *(descriptors, json_lines, lines_without_end),
    )
}
