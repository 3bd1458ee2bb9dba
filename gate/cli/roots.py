"""The trust roots of a policy, loaded, refreshed where it asks for that, and young enough for it.

What comes in: a policy. What goes out: its roots, in its order, or the errors of `trust`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gate.limits import Deadline
    from gate.policy.model import Policy
    from gate.sources.access import Access
    from gate.trust import TrustRoot


def load_roots(policy: Policy) -> list[TrustRoot]:
    """Read the roots that the policy names, from files beside it or built in."""
    from gate import trust  # noqa: PLC0415

    return [
        trust.load(root.name, folder=Path(root.folder), log_none=root.log_none, ct_none=root.ct_none)
        for root in policy.roots
    ]


def renew(
    roots: list[TrustRoot], policy: Policy, *, access: Access, deadline: Deadline, now: datetime
) -> list[TrustRoot]:
    """Refresh the built-in roots where the policy asks for it, and refuse those that are too old for it."""
    from gate.trust import BUILT_IN, check_age  # noqa: PLC0415

    if policy.refresh:
        from gate.parallel import Background  # noqa: PLC0415
        from gate.trust.refresh import refreshed  # noqa: PLC0415

        waits = {
            root.name: Background(partial(refreshed, root, now, access, deadline))
            for root in roots
            if root.name in BUILT_IN
        }
        roots = [waits[root.name].result(deadline) if root.name in waits else root for root in roots]
    for root in roots:
        check_age(root, policy.root_max_age, now)
    return roots


def load_given(names: Sequence[str]) -> list[TrustRoot]:
    """The roots that `--trusted-root` names, by path or built in; without any the built-in ones. Each content once.

    A file says by itself whether its instance has logs: where it lists none, no entry in one is asked for. Raises
    `InvalidTrustRoot`.
    """
    from gate import trust  # noqa: PLC0415

    found: dict[str, TrustRoot] = {}
    for name in names or trust.BUILT_IN:
        root = trust.load(name, folder=Path(), log_none=True, ct_none=True)
        lists = {key: bool(trust.parts(root.document, key)) for key in trust.PARTS}
        root = replace(root, log_none=not lists["tlogs"], ct_none=not lists["ctlogs"])
        found.setdefault(root.sha256, root)
    return list(found.values())
