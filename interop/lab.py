"""The lab: Fulcio, Rekor v2, a TSA, an OIDC issuer, a CT log's stand-in and two registries, on free loopback ports.

What comes in: the tools. What goes out: a running `Lab`, and at its end nothing that still runs. It signs and verifies
nothing itself: `cosign` gives the command lines for that.
"""

from __future__ import annotations

import fcntl
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interop import trust
from interop.certificate_log import CertificateLog
from interop.oidc import Issuer
from interop.processes import Broken, Done, Servers, clean_environment, free_port, must, run
from interop.registries import Registry
from interop.tools import cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interop.tools import Tools

TYPES = {"github": "github-workflow", "gitlab": "gitlab-pipeline", "google": "email"}
"""Fulcio's issuer type for each of our issuers."""
SLOW_MS = 50
"""How long the slow door of the lab's registry waits before each answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Everything that runs."""

    folder: Path
    tools: Tools
    environment: Mapping[str, str]
    issuer: Issuer
    urls: Mapping[str, str]
    registries: tuple[Registry, ...]
    """One with the referrers API, and Debian's docker-registry, which knows tags only."""
    slow: Registry
    """The first registry through a door that waits."""
    broken: Registry
    """The first registry through a door whose referrers API answers 503."""

    @property
    def trusted_root(self) -> Path:
        """The instance's trusted root."""
        return self.folder / "trusted_root.json"

    @property
    def signing_config(self) -> Path:
        """Where to sign: certificate, log and timestamp."""
        return self.folder / "signing_config.json"

    @property
    def referrers(self) -> Registry:
        """The registry with the referrers API."""
        return self.registries[0]

    def cosign(self, *arguments: str | Path, version: int = 3) -> Done:
        """Run cosign 3 or 2."""
        return run([self.tools[f"cosign{version}"], *arguments], self.environment)

    def must_cosign(self, *arguments: str | Path, version: int = 3) -> str:
        """Run cosign, which has to succeed."""
        return must([self.tools[f"cosign{version}"], *arguments], self.environment)


@contextmanager
def running(tools: Tools) -> Iterator[Lab]:
    """Start everything, and stop everything at the end, however that comes."""
    with ExitStack() as stack:
        _alone(stack)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gate-interop-")))
        for name in ("home", "home/docker", "logs", "rekor", "debian"):
            (folder / name).mkdir()
        environment = clean_environment(folder / "home")
        issuer = stack.enter_context(Issuer())
        certificate_log = stack.enter_context(CertificateLog())
        servers = stack.enter_context(Servers(folder / "logs"))

        trust.write_authorities(folder)
        trust.write_public_key(folder / "ct.pub", certificate_log.key)
        trust.write_fulcio_config(folder / "fulcio.yaml", {issuer.url(name): kind for name, kind in TYPES.items()})
        urls = {
            "fulcio": _start_fulcio(servers, tools, folder, certificate_log.url, environment),
            "rekor": _start_rekor(servers, tools, folder, environment),
            "tsa": _start_tsa(servers, tools, folder, environment),
            "ct": certificate_log.url,
            "oidc": issuer.url("github"),
        }
        since = trust.start_time()
        cosign = tools["cosign3"]
        trust.write_trusted_root(cosign, environment, folder, urls, since)
        trust.write_signing_config(cosign, environment, folder / "signing_config.json", urls, since)
        # For keys without a log: nothing but a timestamp.
        trust.write_signing_config(cosign, environment, folder / "unlogged.json", {"tsa": urls["tsa"]}, since)

        referrers, slow, broken = _start_registry(servers, tools, environment)
        registries = [referrers]
        if "docker-registry" not in tools.missing:
            registries.append(_start_docker_registry(servers, tools, folder, environment))
        yield Lab(
            folder=folder,
            tools=tools,
            environment=environment,
            issuer=issuer,
            urls=urls,
            registries=tuple(registries),
            slow=slow,
            broken=broken,
        )


def _alone(stack: ExitStack) -> None:
    """One lab at a time on a machine: timestamp-server's metrics stand on port 2112, whatever it is told."""
    lock = stack.enter_context((cache() / "lab").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Broken("another lab is running on this machine, and there can be one at a time") from None


def _start_fulcio(servers: Servers, tools: Tools, folder: Path, ct: str, environment: Mapping[str, str]) -> str:
    port = free_port()
    command: list[str | Path] = [
        tools["fulcio"],
        "serve",
        "--host=127.0.0.1",
        f"--port={port}",
        "--grpc-host=127.0.0.1",
        f"--grpc-port={free_port()}",
        f"--metrics-port={free_port()}",
        # A socket of the default name that a killed Fulcio left behind would keep the next one from starting.
        f"--legacy-unix-domain-socket={folder / 'fulcio.socket'}",
        "--ca=fileca",
        f"--fileca-cert={folder / 'ca.pem'}",
        f"--fileca-key={folder / 'ca.key'}",
        "--fileca-key-passwd=",
        "--fileca-watch=false",
        f"--ct-log-url={ct}",
        f"--config-path={folder / 'fulcio.yaml'}",
    ]
    servers.start("fulcio", command, port, environment, "/healthz")
    return f"http://127.0.0.1:{port}"


def _start_rekor(servers: Servers, tools: Tools, folder: Path, environment: Mapping[str, str]) -> str:
    port = free_port()
    command: list[str | Path] = [
        tools["rekor"],
        "serve",
        "--http-address=127.0.0.1",
        f"--http-port={port}",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={free_port()}",
        f"--http-metrics-port={free_port()}",
        f"--storage-dir={folder / 'rekor'}",
        f"--hostname={trust.LOG_NAME}",
        f"--signer-filepath={folder / 'rekor.key'}",
        "--checkpoint-interval=1s",
        "--batch-max-age=100ms",
    ]
    servers.start("rekor", command, port, environment, "/healthz")
    return f"http://127.0.0.1:{port}"


def _start_tsa(servers: Servers, tools: Tools, folder: Path, environment: Mapping[str, str]) -> str:
    port = free_port()
    command: list[str | Path] = [
        tools["tsa"],
        "serve",
        "--host=127.0.0.1",
        f"--port={port}",
        "--timestamp-signer=file",
        f"--file-signer-key-path={folder / 'tsa.key'}",
        f"--certificate-chain-path={folder / 'tsa.pem'}",
        "--disable-ntp-monitoring",
    ]
    servers.start("tsa", command, port, environment, "/ping")
    return f"http://127.0.0.1:{port}"


def _start_registry(
    servers: Servers, tools: Tools, environment: Mapping[str, str]
) -> tuple[Registry, Registry, Registry]:
    """go-containerregistry's registry, by three doors: plain, slow and broken."""
    doors = {door: free_port() for door in ("plain", "slow", "broken")}
    command: list[str | Path] = [
        tools["registry"],
        f"--delay={SLOW_MS}ms",
        *(f"--{door}=127.0.0.1:{port}" for door, port in doors.items()),
    ]
    servers.start("registry", command, doors["plain"], environment, "/v2/")
    plain, slow, broken = (
        Registry(name="referrers" if door == "plain" else door, host=f"127.0.0.1:{port}", referrers_api=True)
        for door, port in doors.items()
    )
    return plain, slow, broken


def _start_docker_registry(servers: Servers, tools: Tools, folder: Path, environment: Mapping[str, str]) -> Registry:
    """Debian's docker-registry (Distribution 2), open."""
    port = free_port()
    config = folder / "debian.yaml"
    config.write_text(
        f"version: 0.1\n"
        f"log: {{level: warn}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'debian'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n",
        encoding="utf-8",
    )
    servers.start("docker-registry", [tools["docker-registry"], "serve", config], port, environment, "/v2/")
    return Registry(name="tags", host=f"127.0.0.1:{port}", referrers_api=False)
