"""How a registry behaves and where else its content is, as the policy says it (`[registries."host"]`).

What goes out: `RegistrySettings`, by host. It reads no policy and asks no registry.
"""

from __future__ import annotations

from msgspec import Struct


class RegistrySettings(Struct, frozen=True, kw_only=True):
    """One registry.

    `mirrors` are asked before it, each `host[/prefix]`. `forbidden_tag_absent`: it answers 403 for a tag that is not
    there (Artifactory does), so that 403 means absence there.
    """

    mirrors: tuple[str, ...] = ()
    forbidden_tag_absent: bool = False


DEFAULT = RegistrySettings()
