"""Flags and environment -> `Access`: how registries are reached, and as whom.

What comes in: the flags, and the environment, of which only this file reads these variables. What goes out: a frozen
value, or `InvalidUsage`. It reads a password's file and no other, connects to nothing, and takes no secret from the
command line, where every process of the machine could read it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gate.cli.help import REGISTRIES
from gate.errors import InvalidReference, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from gate.reference import Reference
    from gate.sources.access import Access, Account, AuthFile, Proxies

CaFile = Annotated[
    str | None,
    typer.Option(
        "--ca-file",
        help="authorities (PEM) in place of the public ones  [env: SSL_CERT_FILE]",
        metavar="FILE",
        rich_help_panel=REGISTRIES,
    ),
]
ClientCert = Annotated[
    str | None,
    typer.Option(
        "--client-cert", help="a client certificate (PEM) for the registry", metavar="FILE", rich_help_panel=REGISTRIES
    ),
]
ClientKey = Annotated[
    str | None,
    typer.Option("--client-key", help="its key (PEM, not encrypted)", metavar="FILE", rich_help_panel=REGISTRIES),
]
RegistryUsername = Annotated[
    str | None,
    typer.Option(
        "--registry-username",
        help="whose password is in GATE_REGISTRY_PASSWORD  [env: GATE_REGISTRY_USERNAME]",
        metavar="NAME",
        rich_help_panel=REGISTRIES,
    ),
]
RegistryPasswordFile = Annotated[
    str | None,
    typer.Option("--registry-password-file", help="that user's password", metavar="FILE", rich_help_panel=REGISTRIES),
]
PlainHttp = Annotated[
    list[str] | None,
    typer.Option(
        "--plain-http",
        help="ask this registry over http, in clear; this machine needs no flag",
        metavar="HOST",
        rich_help_panel=REGISTRIES,
    ),
]
Tls = Annotated[
    list[str] | None,
    typer.Option(
        "--tls",
        help="ask this registry over https although it is on this machine",
        metavar="HOST",
        rich_help_panel=REGISTRIES,
    ),
]
TokenHost = Annotated[
    list[str] | None,
    typer.Option(
        "--token-host",
        help="a token service on another site that may get the credentials",
        metavar="HOST",
        rich_help_panel=REGISTRIES,
    ),
]


def read_access(
    environment: Mapping[str, str],
    references: Iterable[Reference] = (),
    *,
    ca_file: str | None = None,
    client_cert: str | None = None,
    client_key: str | None = None,
    registry_username: str | None = None,
    registry_password_file: str | None = None,
    plain_http: Collection[str] | None = None,
    tls: Collection[str] | None = None,
    token_host: Collection[str] | None = None,
) -> Access:
    """Everything at once. `references` are the images of the run: what flags say of "the registry" is said of theirs.

    Raises `InvalidUsage`, also where flags give one credential and the images are on several registries.
    """
    from gate.sources.access import Access  # noqa: PLC0415

    hosts = frozenset(reference.host for reference in references if not reference.local)
    file, folders, source = _authorities(environment, ca_file)
    return Access(
        given=_given(environment, hosts, registry_username, registry_password_file),
        files=_files(environment),
        job=_job(environment),
        environment={name: value for name, value in environment.items() if name != "GATE_REGISTRY_PASSWORD"},
        token_hosts=_hosts("--token-host", token_host or ()),
        ca_file=file,
        ca_folders=folders,
        ca_source=source,
        client_certificate=_client_certificate(hosts, client_cert, client_key),
        certificate_hosts=hosts if client_cert else frozenset(),
        plain_http=_hosts("--plain-http", plain_http or ()),
        tls=_hosts("--tls", tls or ()),
        proxies=_proxies(environment),
    )


def _given(
    environment: Mapping[str, str], hosts: frozenset[str], username: str | None, password_file: str | None
) -> Account | None:
    from gate.sources.access import Account  # noqa: PLC0415

    if not hosts:
        return None
    source = "--registry-username" if username else "GATE_REGISTRY_USERNAME"
    username = username or environment.get("GATE_REGISTRY_USERNAME") or ""
    password = environment.get("GATE_REGISTRY_PASSWORD") or ""
    if not username:
        if password_file or password:
            raise InvalidUsage("a registry's password without a user name: give --registry-username too")
        return None
    if password_file:
        try:
            password = Path(password_file).read_text(encoding="utf-8")
        except (OSError, ValueError):
            # The path is not shown: it may be the password, given by mistake.
            raise InvalidUsage("--registry-password-file cannot be read") from None
        password = password.removesuffix("\n").removesuffix("\r")
    if not password:
        raise InvalidUsage(f"{source} without a password: set GATE_REGISTRY_PASSWORD or --registry-password-file")
    if ":" in username or not (username + password).isprintable():
        raise InvalidUsage(f"{source}: a user name has no colon, and neither name nor password control characters")
    if len(hosts) > 1:
        raise InvalidUsage(f"{source} goes with one registry, and these are {', '.join(sorted(hosts))}")
    return Account(host="".join(hosts), username=username, password=password, source=source)


def _files(environment: Mapping[str, str]) -> tuple[AuthFile, ...]:
    """Configuration files in the order of docker and of containers-auth.json(5)."""
    from gate.sources.access import AuthFile  # noqa: PLC0415

    files = []
    home = environment.get("HOME", "")
    inline = environment.get("DOCKER_AUTH_CONFIG", "").strip()
    if inline.startswith("{"):
        files.append(AuthFile(source="DOCKER_AUTH_CONFIG", text=inline))
    elif inline:  # as GitLab's variables of type "file" give it
        files.append(AuthFile(source="DOCKER_AUTH_CONFIG", path=inline, needed=True))
    if path := environment.get("REGISTRY_AUTH_FILE"):
        files.append(AuthFile(source="REGISTRY_AUTH_FILE", path=path, needed=True))
    if folder := environment.get("DOCKER_CONFIG"):
        files.append(AuthFile(source="DOCKER_CONFIG", path=str(Path(folder) / "config.json")))
    elif Path(home).is_absolute():
        path = str(Path(home) / ".docker" / "config.json")
        files.append(AuthFile(source="~/.docker/config.json", path=path, named=False))
    configuration = environment.get("XDG_CONFIG_HOME", "")
    if not Path(configuration).is_absolute() and Path(home).is_absolute():
        configuration = str(Path(home) / ".config")
    for folder, source in (
        (environment.get("XDG_RUNTIME_DIR", ""), "$XDG_RUNTIME_DIR/containers/auth.json"),
        (configuration, "~/.config/containers/auth.json"),
    ):
        if Path(folder).is_absolute():  # the XDG specification: others are to be ignored
            path = str(Path(folder) / "containers" / "auth.json")
            files.append(AuthFile(source=source, path=path, named=False))
    return tuple(files)


def _job(environment: Mapping[str, str]) -> Account | None:
    """What GitLab gives a job for the project's own registry, and for that one alone."""
    from gate.reference import canonical_host  # noqa: PLC0415
    from gate.sources.access import Account  # noqa: PLC0415

    host, username, password = (environment.get(f"CI_REGISTRY{part}", "") for part in ("", "_USER", "_PASSWORD"))
    if not (host and username and password):
        return None
    try:
        host = canonical_host(host)
    except InvalidReference:
        return None
    return Account(host=host, username=username, password=password, source="CI_REGISTRY_PASSWORD")


def _authorities(environment: Mapping[str, str], ca_file: str | None) -> tuple[str, tuple[str, ...], str]:
    """The file, the folders beside it, and what names them. SSL_CERT_DIR has colons between folders, as in OpenSSL."""
    if ca_file:
        return ca_file, (), "--ca-file"
    folders = tuple(folder for folder in environment.get("SSL_CERT_DIR", "").split(os.pathsep) if folder)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := environment.get(name):
            return path, folders, name
    return "", folders, "SSL_CERT_DIR" if folders else ""


def _client_certificate(hosts: frozenset[str], certificate: str | None, key: str | None) -> tuple[str, str] | None:
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise InvalidUsage("--client-cert and --client-key go together")
    if len(hosts) > 1:
        raise InvalidUsage(f"--client-cert goes with one registry, and these are {', '.join(sorted(hosts))}")
    return certificate, key


def _hosts(flag: str, texts: Iterable[str]) -> frozenset[str]:
    from gate.reference import canonical_host  # noqa: PLC0415

    try:
        return frozenset(canonical_host(text) for text in texts)
    except InvalidReference as error:
        raise InvalidUsage(f"{flag}: {error}; write host or host:port") from None


def _proxies(environment: Mapping[str, str]) -> Proxies:
    """As curl and Go read them: in lower case first, as that is what a web server cannot be made to set."""
    from gate.sources.access import Proxies  # noqa: PLC0415

    def get(name: str) -> str:
        return environment.get(name) or environment.get(name.upper()) or ""

    every = get("all_proxy")
    none = tuple(entry for entry in get("no_proxy").replace(" ", ",").split(",") if entry)
    return Proxies(http=get("http_proxy") or every, https=get("https_proxy") or every, none=none)
