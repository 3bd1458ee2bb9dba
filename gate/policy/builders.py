"""`[builders]` of a policy -> `Builder`s: SLSA's root of trust, spelled out or by a preset's name.

What comes in: one table of the right shape, a `Reader`, the trust roots' names, and the signers that were defined, to
which a preset adds its own. What goes out: a builder, or problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.policy.matching import How
from gate.policy.parties import Builder, CertificateHolder, KeyHolder, Signer
from gate.policy.presets import PRESET_SIGNER, PRESETS, PUBLIC_GOOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath, Reader


def read_builder(
    name: str, table: Mapping[str, Any], to: Reader, signers: dict[str, Signer], roots: tuple[str, ...]
) -> Builder:
    """One entry. A preset's signers are added to `signers`, where no rule can name them."""
    at: KeyPath = ("builders", name)
    brought: tuple[str, ...] = ()
    if "preset" in table:
        brought = _check_preset(table, at, to, signers, roots)
        preset = PRESETS[table["preset"]]
        table = {"level": preset.level, "signers": (), **table, "id": preset.id}
    pattern = None if table["id"] is None else to.pattern(table["id"], (*at, "id"), captures=True)
    id_differs = bool(table.get("id-differs", False))
    if id_differs and (pattern is None or pattern.how is not How.EXACT):
        to.problem((*at, "id-differs"), "id-differs needs an exact id")  # rule 12
    return Builder(
        name=name,
        id=pattern,
        signers=frozenset((*brought, *to.names(table["signers"], "signers", (*at, "signers")))),
        level=table["level"],
        vouches_for=frozenset(table.get("vouches-for", ())),
        self_hosted_allowed="self-hosted" in table,
        id_differs=id_differs,
    )


def _check_preset(
    table: Mapping[str, Any], at: KeyPath, to: Reader, signers: dict[str, Signer], roots: tuple[str, ...]
) -> tuple[str, ...]:
    """What an entry says beside its preset may only narrow it. Returns the names of the signers that it brings."""
    name = table["preset"]
    preset = PRESETS[name]
    if "id" in table:
        to.problem((*at, "id"), "the preset has an id; an entry with another id is one without preset")
    if table.get("level", 0) > preset.level:
        to.problem((*at, "level"), f"the preset {name!a} is worth {preset.level} at most")
    if preset.signers is None:
        if "signers" not in table:
            to.problem(at, f"a job of yours signs what {name!a} builds: name it under signers")
        return ()
    if "signers" in table:
        to.problem((*at, "signers"), f"{name!a} signs itself: its signer is in the preset")
    if any("root" in signer for signer in preset.signers.values()) and PUBLIC_GOOD not in roots:
        to.problem(at, f"{name!a} signs with certificates of {PUBLIC_GOOD!a}: name that in trust.roots")
    brought = {f"{PRESET_SIGNER}{name}/{part}": signer for part, signer in preset.signers.items()}
    signers.update((key, _signer(key, signer, to)) for key, signer in brought.items())
    return tuple(brought)


def _signer(name: str, table: Mapping[str, Any], to: Reader) -> Signer:
    from gate.verification import fingerprint, read_key  # noqa: PLC0415  (only a policy with keys needs it yet)

    holder: CertificateHolder | KeyHolder
    if "key" in table:
        key = read_key(table["key"].encode())
        holder = KeyHolder(key=key, fingerprint=fingerprint(key), log_required=False, time=table["time"])
    else:
        at: KeyPath = ("signers", name)
        holder = CertificateHolder(
            issuer=to.pattern(table["issuer"], at), identity=to.pattern(table["identity"], at), extensions=()
        )
    return Signer(
        name=name,
        holder=holder,
        accept=None,
        root=table.get("root"),
        annotations=(),
        not_before=None,
        not_after=None,
    )
