"""The tests' forge against cosign: what it calls valid, cosign takes; what it breaks, cosign refuses.

What comes in: every row of the tests' table of one thing wrong, in the formats that cosign reads of an image. What goes
out: one comparison for each signature, of gate's verification with `cosign verify` or `verify-attestation` on a real
registry. Where cosign takes what is broken, or refuses what is sound, `interop/differences.py` says why.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate.verification import Identity, Root, Verified
from interop.asking import decided
from interop.differences import NEIGHBOUR, REFUSED, TAKEN
from interop.registries import MANIFEST, Document
from tests.forge import FORMATS, IDENTITY, ISSUER, MEDIA_TYPE, Format
from tests.verification import lab as forged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gate.trust import TrustRoot
    from interop.lab import Lab
    from interop.processes import Done
    from interop.registries import Repository
    from interop.tally import Tally
    from tests.verification.wrong.rows import Row, Trial

AT_ONCE = 3


class _Kept(Root):
    """A root that remembers its document: cosign reads files."""

    def __init__(self, root: TrustRoot) -> None:
        super().__init__(root)
        self.document = root.document


forged.Root = _Kept  # type: ignore[attr-defined]  # before the table is read, which makes roots as it is imported

from tests.verification.wrong import TABLE  # noqa: E402
from tests.verification.wrong.rows import trial  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One signature, and whether it is sound."""

    step: str
    says: str
    trial: Trial
    sound: bool

    @property
    def form(self) -> Format:
        """Its format."""
        return self.trial.recipe.format

    @property
    def key(self) -> tuple[str, str]:
        """What `differences` knows it by."""
        return self.says, self.form.wrap


def cases() -> Iterator[Case]:
    """Every format as it is, and every row in one format of each kind of wrapping."""
    for form in FORMATS:
        if _is_read(form):
            yield Case(step="valid", says="nothing wrong", trial=trial(form), sound=True)
    for row in TABLE:
        for form in _formats(row):
            for change, sound, says in ((row.wrong, False, row.broken), (row.right, True, f"{NEIGHBOUR}{row.broken}")):
                made = change(trial(form))
                if _can_be_asked(made) and not (sound and made == trial(form)):
                    yield Case(step=str(row.step), says=says, trial=made, sound=sound)


def compare_forged(lab: Lab, tally: Tally) -> None:
    """Every case, on the registry with referrers."""
    listed = list(enumerate(cases()))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda numbered: _ask(lab, *numbered), listed)
        for (_, case), (gate, cosign) in zip(listed, answers, strict=True):
            _count(case, tally, gate=gate, cosign=cosign)
    broken, sound = ({case.key for _, case in listed if case.sound is wanted} for wanted in (False, True))
    for key in sorted((TAKEN.keys() - broken) | (REFUSED.keys() - sound)):
        tally.fail(f"forged     {' of '.join(key)}: a difference that no row of the table is about")


def _is_read(form: Format) -> bool:
    """Of an image cosign takes no message signature, no bundle older than 0.3, and nothing without a log but by key."""
    if form.signs == "message" or (form.is_bundle and form.media_type != MEDIA_TYPE):
        return False
    return form.entry is not None or form.keyed


def _formats(row: Row) -> Iterator[Format]:
    """One format of each wrapping that the row is about: cosign has a path of its own for each."""
    seen = set()
    for form in row.where:
        if _is_read(form) and form.wrap not in seen:
            seen.add(form.wrap)
            yield form


def _can_be_asked(made: Trial) -> bool:
    """Cosign takes one trusted root and one key, and judges by the machine's clock."""
    return len(made.roots) < 2 and (made.keys is None or len(made.keys) == 1) and made.now == forged.FORGED_NOW


def _ask(lab: Lab, number: int, case: Case) -> tuple[bool, Done]:
    """Whether gate takes it, and what cosign says."""
    repository = lab.referrers.repository(f"forged/{number}")
    image = repository.push_raw_manifest(forged.FORGED_IMAGE_RAW, MANIFEST)
    _attach(repository, image, case)
    folder = lab.folder / "forged"
    folder.mkdir(exist_ok=True)
    root = folder / f"{number}.json"
    root.write_text(json.dumps(_root(case.trial)), encoding="utf-8")
    command = ["verify"] if case.form.signs == "simple-signing" else ["verify-attestation", f"--type={_type(case)}"]
    command += ["--allow-http-registry", f"--trusted-root={root}", *_signer(folder / f"{number}.pub", case)]
    if case.form.stamps and not case.form.is_bundle:
        command.append("--use-signed-timestamps")
    gate = isinstance(case.trial.evidence(), Verified)
    return gate, lab.cosign(*command, f"{repository.path}@{image['digest']}")


def _attach(repository: Repository, image: Document, case: Case) -> None:
    signed = case.trial.recipe.make()
    if case.form.is_bundle:
        annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": _type(case)}
        repository.attach(image, signed.raw, case.form.media_type, annotations)
        return
    suffix = "sig" if case.form.signs == "simple-signing" else "att"
    layer = {**repository.push_blob(signed.raw, case.form.media_type), "annotations": dict(signed.annotations)}
    config = repository.push_blob(
        b'{"rootfs": {"type": "layers", "diff_ids": []}}', "application/vnd.oci.image.config.v1+json"
    )
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    repository.push_manifest(manifest, f"{image['digest'].replace(':', '-', 1)}.{suffix}")


def _signer(path: Path, case: Case) -> Sequence[str]:
    """Whom cosign is asked for: of a sound one whoever signed it."""
    if not case.form.keyed:
        evidence = case.trial.evidence()
        signer = evidence.signer if isinstance(evidence, Verified) else None
        name, issuer = (signer.subject, signer.issuer) if isinstance(signer, Identity) else (IDENTITY, ISSUER)
        return f"--certificate-identity={name}", f"--certificate-oidc-issuer={issuer}"
    (key,) = case.trial.keys if case.trial.keys is not None else (case.trial.recipe.key.public_key(),)
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return (f"--key={path}", *(() if case.form.entry is not None else ("--insecure-ignore-tlog",)))


def _type(case: Case) -> str:
    """The predicate type that the statement has, or should have."""
    try:
        found = json.loads(case.trial.recipe.payload)["predicateType"]
    except (ValueError, KeyError, TypeError):
        found = None
    return found if isinstance(found, str) and found else "https://example.com/p/v1"


def _root(made: Trial) -> Any:
    if not made.roots:
        return made.recipe.instance.root()
    (root,) = made.roots
    assert isinstance(root, _Kept)
    return root.document


def _count(case: Case, tally: Tally, *, gate: bool, cosign: Done) -> None:
    differs = (REFUSED if case.sound else TAKEN).get(case.key, "")
    took = decided(cosign)
    line = f"forged     {case.step}: {case.says} ({case.form.name}): gate {_word(gate)}, cosign {_word(took)}"
    if differs:
        line += f"; {differs}"
    held = gate == case.sound and took == (case.sound != bool(differs))
    tally.check(line, held=held, why=cosign.said[-1500:])


def _word(took: bool | None) -> str:
    return "decides nothing" if took is None else "takes it" if took else "refuses it"
