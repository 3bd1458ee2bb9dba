"""The nearest miss: what would have to be different for evidence to be a named signer's, and what that lets in.

What comes in: evidence, the signers that a rule names, the policy. What goes out: one sentence of two halves, what to
do with the image and what with the policy; None where nothing comes near. A loosening is always shown with everything
else that it would let in: a message that only says how to get a pass is how gates are opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.checks.signers import identity_mismatch, mismatch
from gate.policy.matching import How
from gate.policy.parties import CertificateHolder, KeyHolder
from gate.verification import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.policy.model import Policy
    from gate.policy.parties import Signer
    from gate.verification import Verified

_WORKFLOW: Final = "/.github/workflows/"
_GITLAB: Final = "//"
UNDENIED: Final = (
    "image: build it again and have it signed by whom no [[deny]] names; policy: take that [[deny]] out, which lets in "
    "everything that it denies"
)
"""What to do where a deny takes away what a named signer signed."""


def nearest_miss(evidence: Iterable[Verified], names: Iterable[str], policy: Policy) -> str | None:
    """How the evidence that comes nearest would be a named signer's: one thing differs, and that is said."""
    signers = [policy.signers[name] for name in names]
    found = [
        advice
        for item in evidence
        for signer in signers
        if mismatch(item, signer) is not None and (advice := _advice(item, signer)) is not None
    ]
    return min(found, default=(0, None), key=lambda item: item[0])[1]


def _advice(evidence: Verified, signer: Signer) -> tuple[int, str] | None:
    """What the one thing is that differs, nearest first; None if more do, or if nobody should be told to allow it."""
    holder = signer.holder
    if identity_mismatch(evidence.signer, signer) is None:
        return 0, _beside_identity(evidence, signer)
    if not isinstance(holder, CertificateHolder) or not isinstance(evidence.signer, Identity):
        return None
    identity = evidence.signer
    if not holder.issuer.matches(identity.issuer):
        return None  # whoever has this name at another issuer is somebody else
    wrong = [
        (name, pattern, identity.extensions.get(name))
        for name, pattern in holder.extensions
        if identity.extensions.get(name) is None or not pattern.matches(identity.extensions[name])
    ]
    same_name = holder.identity.matches_identity(identity.subject)
    if same_name and len(wrong) == 1:
        name, pattern, value = wrong[0]
        has = "has none" if value is None else f"says {value!a}"
        return 1, (
            f"image: sign it where {name} is {str(pattern)!a} (the certificate {has}); policy: take "
            f"extensions.{name} out of [signers.{signer.name}], which lets in any value of it"
        )
    return None if wrong else _of_another_name(identity, holder, signer)


def _of_another_name(identity: Identity, holder: CertificateHolder, signer: Signer) -> tuple[int, str]:
    """The identity alone differs: in its ref, in its workflow, or in whose it is."""
    subject, wanted = identity.subject, holder.identity
    place, _, ref = subject.partition("@")
    named, _, named_ref = wanted.text.partition("@")
    if "://" in subject and wanted.how is How.EXACT and place == named and ref:
        return 2, (
            f"image: sign it from {named_ref}; policy: add {subject!a} as a signer beside [signers.{signer.name}], "
            f"which lets in {ref} alone, or {{ glob = {f'{place}@{_any_ref(ref)}'!a} }}, which lets in every "
            f"{_kind(ref)} of this repository: whoever may push one may sign"
        )
    ours, theirs = _repository(named), _repository(place)
    if theirs is not None and theirs == ours:
        return 3, (
            f"image: sign it by {str(wanted)!a}; policy: add {subject!a} as a signer of its own, which lets in "
            "whatever that workflow signs, and whoever may change it"
        )
    whose = f"whoever controls {theirs}" if theirs is not None else f"whatever {subject!a} signs"
    return 4, (
        f"image: sign it by {str(wanted)!a}; policy: add {subject!a} as a signer of its own, if you trust it, which "
        f"lets in {whose}"
    )


def _beside_identity(evidence: Verified, signer: Signer) -> str:
    """It is who it should be, and something else keeps it from counting."""
    if signer.root is not None and signer.root != evidence.root:
        return (
            f"image: sign it with the instance of the trust root {signer.root!a}; policy: root = {evidence.root!a}, "
            "which lets in whatever that instance certifies under this name"
        )
    if isinstance(signer.holder, KeyHolder) and signer.holder.log_required and not evidence.logs:
        return (
            f'image: sign it again and let it be logged; policy: [signers.{signer.name}] log = "optional", which lets '
            "in signatures that nobody saw: a stolen key leaves no trace"
        )
    for name, value in signer.annotations:
        if evidence.annotations.get(name) != value:
            return (
                f"image: sign it with -a {name}={value}; policy: take annotations.{name} out of "
                f"[signers.{signer.name}], which lets in all of its signatures, for whatever they were made"
            )
    return (
        f"image: sign it anew, at a time that [signers.{signer.name}] allows; policy: set another not-before or "
        "not-after, which lets in all that was signed in that time"
    )


def _repository(place: str) -> str | None:
    """The repository of a workflow's URI, of GitHub's or GitLab's form; None for another name."""
    for mark in (_WORKFLOW, _GITLAB):
        scheme, _, path = place.partition("://")
        if mark in path:
            return f"{scheme}://{path.partition(mark)[0]}"
    return None


def _any_ref(ref: str) -> str:
    return "refs/tags/**" if ref.startswith("refs/tags/") else "refs/heads/**"


def _kind(ref: str) -> str:
    return "tag" if ref.startswith("refs/tags/") else "branch"
