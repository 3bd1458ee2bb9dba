"""Every valid artifact that the attack starts from: real ones out of `cases`, and one per format from the forge.

What goes out: `Case`s, each one candidate with what it takes to judge it: artifact, trust root, keys, and a policy that
names exactly who signed it and what. Every one of them passes; a test says so. Nothing here is broken yet.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from gate import trust
from gate.discovery import Candidate, Kind, discover
from gate.limits import Deadline, Limits
from gate.policy.loading import parse_policy
from gate.policy.parties import KeyHolder
from gate.reference import Digest, parse_reference
from gate.sources.file import read_file
from gate.sources.layout import LayoutSource
from gate.verification import Artifact, Identity, PublicKey, Root, Verified, read_key, verify
from gate.verification.material import Message
from tests import forge
from tests.conftest import LAB
from tests.forge import FORMATS, GITHUB, REKOR_V1, REKOR_V2, SIGNED_AT, Format, Recipe
from tests.forge.cosign import simple_signing
from tests.verification.lab import FORGED_HEX, FORGED_IMAGE, FORGED_IMAGE_RAW, FORGED_NOW, NOW, about_forged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gate.policy.model import Policy
    from gate.reference import Reference
    from gate.trust import TrustRoot

CASES = LAB.parent
CONFORMANCE = CASES / "conformance"
LIMITS = Limits()
SLSA = "https://slsa.dev/provenance/v1"
_KEYS = tempfile.TemporaryDirectory(prefix="gate-keys-")
atexit.register(_KEYS.cleanup)
"""Where the public keys of the cases lie while the tests run: a policy names them by path."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One candidate that verifies. `family` is its format, within which parts are swapped; `image` the case of the lab
    that it is a part of, and `number` its place there.
    """

    name: str
    family: str
    candidate: Candidate
    artifact: Artifact
    root: TrustRoot
    keys: tuple[PublicKey, ...]
    reference: Reference
    policy: Policy
    now: datetime
    image: str = ""
    number: int = 0


_READY: dict[str, Root] = {}


def ready(root: TrustRoot) -> Root:
    """A root, read once."""
    return _READY.setdefault(root.name + root.sha256, Root(root))


@cache
def cases() -> dict[str, Case]:
    """Every case by its name, in a fixed order."""
    found = [*_lab(), *_public_good(), *_github(), *_google(), *_conformance(), *map(forged, FORMATS)]
    return {case.name: case for case in found}


@cache
def donors(name: str) -> tuple[Case, ...]:
    """Artifacts of the same format whose parts take the place of a case's own: one about the same image if there is
    one, by the same signer where possible, and one about another.
    """
    case = cases()[name]
    kind = case.candidate.kind
    others = [other for other in (*cases().values(), *_spares()) if other.candidate.kind is kind and other is not case]
    others = [other for other in others if other.family == case.family] or others
    near = [other for other in others if other.artifact.asked == case.artifact.asked]
    far = [other for other in others if other.artifact.asked != case.artifact.asked]
    return (*near[:2], *far[:1])


def _lab() -> Iterator[Case]:
    root = trust.parse("lab", (LAB / "trusted_root.json").read_bytes(), dated=None)
    key = LAB / "key.pub"
    for path in sorted(LAB.glob("*/index.json")):
        image = path.parent.name
        source = LayoutSource(parse_reference(f"oci:{path.parent}"), limits=LIMITS)
        found = discover(source, digest=None, limits=LIMITS, deadline=Deadline(60))
        for number, candidate in enumerate(found.candidates):
            yield _case(
                f"lab/{image}/{number}",
                candidate,
                Artifact.of(found.image),
                root,
                key if image.startswith("keyed") else None,
                now=NOW,
                image=image,
                number=number,
            )


def _public_good() -> Iterator[Case]:
    root = trust.load(trust.PUBLIC_GOOD, folder=Path())
    for path in sorted((CASES / "public-good").iterdir()):
        source = LayoutSource(parse_reference(f"oci:{path}"), limits=LIMITS)
        found = discover(source, digest=None, limits=LIMITS, deadline=Deadline(60))
        for number, candidate in enumerate(found.candidates):
            name = f"public-good/{path.name}" + (f"/{number}" if number else "")
            if _holds(candidate, Artifact.of(found.image), root, (), NOW):  # a layout holds others' too
                yield _case(name, candidate, Artifact.of(found.image), root, None, now=NOW)


def _github() -> Iterator[Case]:
    raw = (CASES / "github" / "bundle.jsonl").read_bytes().strip()
    wheel = read_file(str(next((CASES / "github").glob("*.whl"))))
    root = trust.load(trust.GITHUB, folder=Path())
    yield _case("github/wheel", _bundle(raw), Artifact.of(wheel, any_digest=True), root, None, now=NOW)


_GOOGLE = b"""
version = 1
[builders.gcb]
preset = "google-cloud-build"
[[rules]]
images = ["**"]
provenance = { builders = ["gcb"], level = 3, source = "any", refs = "any" }
"""


def _google() -> Iterator[Case]:
    """Google Cloud Build's own provenance, by that of the preset's keys which signed it."""
    raw = (CASES / "google" / "provenance-v1.json").read_bytes()
    candidate = structs.replace(_bundle(raw), kind=Kind.DSSE, place="cosign-att")
    statement = json.loads(base64.urlsafe_b64decode(json.loads(raw)["payload"]))
    image = statement["subject"][0]["digest"]["sha256"]
    artifact = Artifact(asked=Digest("sha256", image), message=Message(None, {"sha256": bytes.fromhex(image)}))
    root = trust.load(trust.PUBLIC_GOOD, folder=Path())
    holders = [signer.holder for signer in parse_policy(_GOOGLE, Path("google.toml")).signers.values()]
    keys = [holder.key for holder in holders if isinstance(holder, KeyHolder)]
    key = next(key for key in keys if _holds(candidate, artifact, root, (key,), NOW))
    path = Path(_KEYS.name) / "google.pub"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    yield _case("google/provenance", candidate, artifact, root, path, now=NOW)


def _conformance() -> Iterator[Case]:
    for folder in sorted(CONFORMANCE.iterdir()):
        if not folder.is_dir() or folder.name.endswith("_fail"):
            continue
        named = folder / "trusted_root.json"
        root = trust.load(str(named) if named.exists() else trust.PUBLIC_GOOD, folder=Path())
        if named.exists():
            root = trust.parse("own", named.read_bytes(), dated=None)
        own = folder / "artifact"
        content = read_file(str(own if own.exists() else CONFORMANCE / "a.txt"))
        raw = (folder / "bundle.sigstore.json").read_bytes()
        key = folder / "key.pub"
        yield _case(
            f"conformance/{folder.name}",
            _bundle(raw),
            Artifact.of(content, any_digest=True),
            root,
            key if key.exists() else None,
            now=NOW,
        )


LOGGED_AT = SIGNED_AT + timedelta(seconds=3)
"""When a forged signature was logged: not when it was stamped, so that one time cannot stand for the other."""


def recipe(form: Format, *, other: bool = False) -> Recipe:
    """How a format's case is made, or another valid one about the same image: with other words, or by the same signer
    once more.
    """
    parts: dict[str, Any] = {"integrated": LOGGED_AT}
    if form.signs == "statement":
        parts["payload"] = about_forged(predicate={"a": {"b": [2 if other else 1]}})
    elif form.signs == "simple-signing":
        parts["payload"] = simple_signing(f"sha256:{FORGED_HEX}", optional={"a": "2" if other else "1"})
    return forge.valid(form, FORGED_IMAGE_RAW, **parts)


def forged(form: Format, made: Recipe | None = None, *, name: str = "", valid: bool = True) -> Case:
    """A case of what a recipe makes. If it need not be valid, it has the policy of the format's own case."""
    made = made or recipe(form)
    signed = made.make()
    digest = Digest("sha256", hashlib.sha256(signed.raw).hexdigest())
    candidate = Candidate(
        digest=digest,
        layer=0,
        kind=Kind(form.wrap),
        media_type=form.media_type,
        place="forge",
        raw=signed.raw,
        annotations=signed.annotations,
    )
    path = Path(_KEYS.name) / "signer.pub"
    if not path.exists():
        path.write_bytes(made.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return _case(
        f"forge/{name or form.name}".replace(" ", "-"),
        candidate,
        Artifact.of(FORGED_IMAGE),
        _forged_root(form.rekor),
        path if form.keyed else None,
        now=FORGED_NOW,
        like=None if valid else cases()[f"forge/{form.name}".replace(" ", "-")],
    )


@cache
def _forged_root(rekor: int) -> TrustRoot:
    instance = {0: GITHUB, 1: REKOR_V1, 2: REKOR_V2}[rekor]
    raw = json.dumps(instance.root()).encode()
    return trust.parse("forged", raw, dated=None, log_none=not instance.has_log, ct_none=not instance.has_ct)


@cache
def _spares() -> tuple[Case, ...]:
    """Forged artifacts that only lend their parts."""
    return tuple(forged(form, recipe(form, other=True), name=f"{form.name} other") for form in FORMATS)


def _bundle(raw: bytes) -> Candidate:
    digest = Digest("sha256", hashlib.sha256(raw).hexdigest())
    return Candidate(digest=digest, layer=0, kind=Kind.BUNDLE, media_type="", place="bundle", raw=raw)


def _holds(
    candidate: Candidate, artifact: Artifact, root: TrustRoot, keys: tuple[PublicKey, ...], now: datetime
) -> list[Verified]:
    found = verify([candidate], artifact, [ready(root)], keys, now=now, limits=LIMITS)
    return [item for item in found if isinstance(item, Verified)]


def _case(
    name: str,
    candidate: Candidate,
    artifact: Artifact,
    root: TrustRoot,
    key: Path | None,
    *,
    now: datetime,
    image: str = "",
    number: int = 0,
    like: Case | None = None,
) -> Case:
    if like is not None:
        return replace(like, candidate=candidate)
    keys = (read_key(key.read_bytes()),) if key is not None else ()
    verified = _holds(candidate, artifact, root, keys, now)
    assert verified, f"{name} does not verify"
    reference = parse_reference("file:artifact" if artifact.any_digest else "oci:image")
    content = verified[0].content
    family = f"{candidate.kind}/{'key' if keys else root.name + root.sha256[:8]}/{content}"
    return Case(
        name=name,
        family=family,
        candidate=candidate,
        artifact=artifact,
        root=root,
        keys=keys,
        reference=reference,
        policy=_policy(verified, key),
        now=now,
        image=image,
        number=number,
    )


def _policy(verified: list[Verified], key: Path | None) -> Policy:
    """A policy that asks for exactly what was verified: this signer with every extension, and this predicate type."""
    by_type = defaultdict(list)
    for item in verified:
        by_type[item.predicate_type].append(item)
    signer = verified[0].signer
    if isinstance(signer, Identity):
        extensions = ", ".join(f"{_quoted(name)} = {_quoted(value)}" for name, value in signer.extensions.items())
        holder = f"issuer = {_quoted(signer.issuer)}\nidentity = {_quoted(signer.subject)}\n"
        holder += f"extensions = {{ {extensions} }}\n" if extensions else ""
    else:
        holder = f'key = {_quoted(str(key))}\nlog = "{"required" if verified[0].logs else "optional"}"\n'
    text = "version = 1\n[signers.expected]\n" + holder + 'accept = ["signature", "message", "statement"]\n'
    text += '[[rules]]\nimages = ["**"]\nsignature.signers = ["expected"]\n'
    for kind in by_type:
        if kind is not None:
            text += f'[[rules.attestations]]\ntype = {_quoted(kind)}\nsigners = ["expected"]\n'
    return parse_policy(text.encode(), Path("mutation.toml"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
