"""`[signers]` of a policy -> `Signer`s: who may sign, by an identity that one issuer vouches for or by a key.

What comes in: one table of the right shape, a `Reader` and the trust roots' names. What goes out: a signer, or
problems (design rules 2, 5, 7 and 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.policy.parties import Accept, CertificateHolder, KeyHolder, Signer
from gate.policy.presets import PRESET_SIGNER
from gate.policy.problems import nearest
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath, Reader


def read_signer(name: str, table: Mapping[str, Any], to: Reader, roots: tuple[str, ...]) -> Signer:
    """One signer. Its `holder` is None if its key cannot be read."""
    at: KeyPath = ("signers", name)
    if name.startswith(PRESET_SIGNER):
        to.problem(at, f"names that begin with {PRESET_SIGNER} are those of presets")
    root = table.get("root")
    if len(roots) > 1 and root is None and "key" not in table:
        to.problem(at, "several trust roots are configured, so a signer names its root")  # rule 2
    if root is not None and roots and root not in roots:
        to.problem((*at, "root"), f"{root!a} is not in trust.roots{nearest(root, roots)}")
    not_before, not_after = to.moment(table, at, "not-before"), to.moment(table, at, "not-after")
    if not_before and not_after and not_after < not_before:
        to.problem((*at, "not-after"), "it is before not-before, so that no signature could count")
    if not_before and "key" in table and "time" not in table:  # rule 5
        to.problem((*at, "not-before"), 'no log knows since when a key signs: it needs time = "/..." beside it')
    return Signer(
        name=name,
        holder=_key_holder(table, at, to) if "key" in table else _certificate_holder(table, at, to),
        accept=frozenset(Accept(value) for value in table["accept"]) if "accept" in table else None,
        root=root,
        annotations=tuple(sorted(table.get("annotations", {}).items())),
        not_before=not_before,
        not_after=not_after,
    )


def _certificate_holder(table: Mapping[str, Any], at: KeyPath, to: Reader) -> CertificateHolder:
    return CertificateHolder(
        issuer=to.pattern(table["issuer"], (*at, "issuer")),
        identity=to.pattern(table["identity"], (*at, "identity"), captures=True),
        extensions=tuple(
            (key, to.pattern(value, (*at, "extensions", key), captures=True))
            for key, value in sorted(table.get("extensions", {}).items())
        ),
    )


def _key_holder(table: Mapping[str, Any], at: KeyPath, to: Reader) -> KeyHolder | None:
    from gate.verification import fingerprint, read_key  # noqa: PLC0415  (only a policy with keys needs it yet)

    raw = to.file(table["key"], (*at, "key"), "key")
    if raw is None:
        return None
    try:
        key = read_key(raw)
    except ValueError as error:
        to.problem((*at, "key"), f"{readable(to.beside(table['key'], at))}: {error}")
        return None
    return KeyHolder(
        key=key,
        fingerprint=fingerprint(key),
        log_required=table.get("log", "required") == "required",
        time=table.get("time"),
    )
