"""Real registries that ask who is there: one by htpasswd, one by TLS and a token service.

What comes in: a running lab. What goes out: comparisons of what gate says of a signed image there with right, wrong and
no credentials, with and without the authority of the registry's certificate. Where it could not look it must say so,
and never that the image is not signed. The image and its evidence are brought there by Debian's `skopeo`.

Sources: Distribution's configuration ("auth: htpasswd", "auth: token") and its token specification ("JWT token").
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from interop import trust
from interop.asking import UNLOGGED, ask_gate
from interop.loopback import Answer, LoopbackServer
from interop.oidc import signed_token
from interop.processes import Servers, free_port, must

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cryptography import x509

    from interop.images import Pushed
    from interop.lab import Lab
    from interop.loopback import Asked
    from interop.tally import Tally

USER, PASSWORD = "robot", "open-sesame"
HASHED = "$2y$05$elO3RTmM6Lrwyg9FHjOlJ.7A022EufxWCWf46etRpbn3WmybzS3Ne"
"""The same, as htpasswd -B writes it."""
PASS, FAIL, DENIED = 0, 1, 4

SERVICE = "lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A registry that asks for credentials."""

    name: str
    host: str
    authority: Path | None = None
    """Who issued its TLS certificate; None without TLS."""


def compare_guarded(lab: Lab, images: Mapping[tuple[str, str], Pushed], tally: Tally) -> None:
    """Both registries, each with right, wrong and no credentials."""
    missing = lab.tools.missing.intersection(("docker-registry", "skopeo", "cosign2"))
    if missing:
        tally.skip("guarded    registries that ask for credentials", ", ".join(sorted(missing)))
        return
    if not _is_on_the_loopback(socket.gethostname()):
        tally.skip("guarded    registries that ask for credentials", "a name of this machine that is on the loopback")
        return
    with _running(lab) as registries:
        for registry in registries:
            reference = _brought(lab, registry, images["tags", "legacy"])
            _compare(lab, registry, reference, tally)


def _is_on_the_loopback(host: str) -> bool:
    """Addresses and `localhost` will not do: gate asks them over http, and cosign no token service there."""
    try:
        return ipaddress.ip_address(socket.gethostbyname(host)).is_loopback
    except OSError:
        return False


def _compare(lab: Lab, registry: Guarded, reference: str, tally: Tally) -> None:
    authority = [] if registry.authority is None else [f"--ca-file={registry.authority}"]
    config = _docker_config(lab, registry, PASSWORD)
    wrong = _docker_config(lab, registry, "close-sesame")
    flags = [f"--registry-username={USER}", f"--registry-password-file={_written(lab, PASSWORD)}"]
    for says, environment, arguments, code in (
        ("with docker's configuration", {"DOCKER_CONFIG": config}, authority, PASS),
        ("with flags", {}, [*authority, *flags], PASS),
        ("with a wrong password", {"DOCKER_CONFIG": wrong}, authority, DENIED),
        ("without credentials", {}, authority, DENIED),
    ):
        gate = ask_gate(lab, reference, UNLOGGED.policy(lab), *arguments, environment=environment)
        tally.check(
            f"guarded    {registry.name}, {says}: gate {'pass' if gate.code == PASS else f'exit {gate.code}'}",
            held=gate.code == code and PASSWORD not in gate.said,
            why=f"expected exit {code}\n{gate.said}",
        )
    if registry.authority is not None:
        gate = ask_gate(lab, reference, UNLOGGED.policy(lab), environment={"DOCKER_CONFIG": config})
        tally.check(
            f"guarded    {registry.name}, by an authority that nobody named: gate exit {gate.code}",
            held=gate.code not in (PASS, FAIL),
            why=gate.said,
        )
    trusting = {} if registry.authority is None else {"SSL_CERT_FILE": str(registry.authority)}
    command: list[str | Path] = [lab.tools["cosign3"], *UNLOGGED.command(lab), reference]
    environment = {**lab.environment, **trusting, "DOCKER_CONFIG": config}
    must(command, environment)
    tally.ok(f"guarded    {registry.name}, with docker's configuration: cosign pass")


def _brought(lab: Lab, registry: Guarded, image: Pushed) -> str:
    """The image and what cosign 2 attached to it, by skopeo; its reference there."""
    to = f"{registry.host}/acme/legacy"
    stem = image.digest.replace(":", "-")
    path = image.repository.path
    for source, tag in (
        (f"{path}@{image.digest}", "v1"),
        *((f"{path}:{stem}.{end}", f"{stem}.{end}") for end in ("sig", "att")),
    ):
        must(
            [
                lab.tools["skopeo"],
                "--insecure-policy",
                "copy",
                "--quiet",
                "--src-tls-verify=false",
                "--dest-tls-verify=false",
                f"--dest-creds={USER}:{PASSWORD}",
                f"docker://{source}",
                f"docker://{to}:{tag}",
            ],
            lab.environment,
        )
    return f"{to}@{image.digest}"


@contextmanager
def _running(lab: Lab) -> Iterator[tuple[Guarded, Guarded]]:
    folder = lab.folder / "guarded"
    folder.mkdir()
    host = socket.gethostname().lower()
    authority, certificate, key = trust.write_server_certificate(folder, host)
    with ExitStack() as stack:
        servers = stack.enter_context(Servers(lab.folder / "logs"))
        tokens = stack.enter_context(_TokenService(host, certificate, key))
        tokens.write_certificate(folder / "tokens.pem")

        (folder / "htpasswd").write_text(f"{USER}:{HASHED}\n", encoding="utf-8")
        basic, port = free_port(), free_port()
        auth = f"auth: {{htpasswd: {{realm: lab, path: {folder / 'htpasswd'}}}}}\n"
        _start(lab, servers, "htpasswd", basic, auth)
        auth = (
            f"auth: {{token: {{realm: '{tokens.url}', service: {SERVICE}, issuer: {SERVICE}, "
            f"rootcertbundle: {folder / 'tokens.pem'}}}}}\n"
        )
        _start(lab, servers, "tokens", port, auth, f", tls: {{certificate: {certificate}, key: {key}}}")
        yield (
            Guarded(name="htpasswd", host=f"127.0.0.1:{basic}"),
            Guarded(name="TLS and a token service", host=f"{host}:{port}", authority=authority),
        )


def _start(lab: Lab, servers: Servers, name: str, port: int, auth: str, tls: str = "") -> None:
    folder = lab.folder / "guarded"
    (folder / f"{name}.d").mkdir()
    config = folder / f"{name}.yaml"
    config.write_text(
        f"version: 0.1\nlog: {{level: warn}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / name}.d}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'{tls}}}\n{auth}",
        encoding="utf-8",
    )
    command: list[str | Path] = [lab.tools["docker-registry"], "serve", config]
    servers.start(f"docker-registry-{name}", command, port, lab.environment, "/v2/")


def _docker_config(lab: Lab, registry: Guarded, password: str) -> str:
    """A folder with docker's configuration."""
    folder = lab.folder / "guarded" / os.urandom(4).hex()
    folder.mkdir()
    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    document = {"auths": {registry.host: {"auth": login}}}
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def _written(lab: Lab, text: str) -> Path:
    path = lab.folder / "guarded" / os.urandom(4).hex()
    path.write_text(text, encoding="utf-8")
    return path


class _TokenService(LoopbackServer):
    """Gives tokens to the one who knows the password, over TLS."""

    def __init__(self, host: str, certificate: Path, key: Path) -> None:
        self._host = host
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate: x509.Certificate = trust.self_signed("lab tokens", self._key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        super().__init__(tls=context)

    @property
    def url(self) -> str:
        """The realm."""
        return f"https://{self._host}:{self.port}/token"

    def answer(self, asked: Asked) -> Answer:
        """A token, or 401."""
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("Authorization") != wanted:
            return Answer(body=json.dumps({"details": "who is there?"}).encode(), status=401)
        scopes = parse_qs(urlsplit(asked.path).query).get("scope", [])
        return Answer(body=json.dumps({"token": self.token(scopes), "expires_in": 300}).encode())

    def write_certificate(self, path: Path) -> None:
        """Whose tokens the registry takes."""
        path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def token(self, scopes: list[str]) -> str:
        """A token for everything that is asked."""
        access = []
        for scope in " ".join(scopes).split():
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        now = int(time.time())
        der = base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()
        claims = {"iss": SERVICE, "sub": USER, "aud": SERVICE, "iat": now, "nbf": now - 5, "exp": now + 300}
        claims |= {"jti": os.urandom(8).hex(), "access": access}
        return signed_token(self._key, {"typ": "JWT", "alg": "RS256", "x5c": [der]}, claims)
