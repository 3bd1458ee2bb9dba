"""How registries are reached, and as whom: what flags and environment say, as one value.

What comes in: plain values, from the command. What goes out: `Access`, frozen, which is handed to `Sources` and down
from there. It reads no file and no environment, and no `repr` of it shows a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user name and its password for one registry, whose `host` is canonical. `source` is what messages call it."""

    host: str
    username: str
    password: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthFile:
    """A docker or containers configuration: the file `path`, or the JSON in `text`. `source` is what messages call it.

    `needed`: the file itself was named, so that it must be there. `named`: someone named it or its folder, so that one
    that cannot be read is the job's fault; where it is only the usual place, it is passed over and mentioned.
    """

    source: str
    path: str = ""
    text: str = field(default="", repr=False)
    named: bool = True
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """A proxy's URL for each scheme, "" for none, and `none`, the entries of NO_PROXY."""

    http: str = field(default="", repr=False)
    https: str = field(default="", repr=False)
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Everything at once. The default is what a machine without any settings does: anonymous, and over https.

    Credentials are looked for in this order: `given`, each of `files`, `job`. `environment` is what credential helpers
    run with, PATH among it. `client_certificate` (certificate and key, PEM files) is shown to the registries of
    `certificate_hosts` alone. These, `plain_http`, `tls` (on this machine, and asked over https) and `token_hosts` are
    canonical hosts. Authorities are those of `ca_file` and, by their hashes, of `ca_folders`; without either the public
    ones.
    """

    given: Account | None = None
    files: tuple[AuthFile, ...] = ()
    job: Account | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_hosts: frozenset[str] = frozenset()
    ca_file: str = ""
    ca_folders: tuple[str, ...] = ()
    ca_source: str = ""
    client_certificate: tuple[str, str] | None = None
    certificate_hosts: frozenset[str] = frozenset()
    plain_http: frozenset[str] = frozenset()
    tls: frozenset[str] = frozenset()
    proxies: Proxies = Proxies()
