"""Hosts by their names on the loopback, with TLS, and the token services of registries that are known.

What comes in: host names, and how each behaves. What goes out: servers that a client reaches by those names and ports,
because `socket.getaddrinfo` says so, with certificates of one authority that is made here. Nothing else has an address.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import json
import re
import select
import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    import pytest

    from tests.registry_server import Request


class Authority:
    """A certificate authority; `file` is its certificate in PEM."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key.public_key(), (), x509.BasicConstraints(True, None))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def hashed(self, folder: Path) -> Path:
        """A folder with the certificate under its subject's hash, as `openssl rehash` makes it (X509_NAME_hash(3))."""
        folder.mkdir()
        canonical = self._name.public_bytes()[2:]  # without the outer header: one name in lower case, in UTF-8
        digest = hashlib.sha1(canonical).digest()  # noqa: S324 - OpenSSL's
        (folder / f"{int.from_bytes(digest[:4], 'little'):08x}.0").write_bytes(self.file.read_bytes())
        return folder

    def issue(self, *names: str, encrypted: bool = False) -> tuple[str, str]:
        """A certificate for hosts (names or addresses) and clients, and its key: the paths of two PEM files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        made = self._sign(subject, key.public_key(), names, x509.BasicConstraints(False, None))
        stem = self._folder / names[0].replace(":", "_")
        files = stem.with_suffix(".crt"), stem.with_suffix(".key")
        files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if encrypted:
            lock = serialization.BestAvailableEncryption(b"passphrase")
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        files[1].write_bytes(key.private_bytes(pem, pkcs8, lock))
        return str(files[0]), str(files[1])

    def server(self, *names: str, clients: bool = False) -> ssl.SSLContext:
        """What a server of `names` speaks TLS with; `clients` must then show a certificate of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(*names))
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, names: Collection[str], basic: x509.BasicConstraints
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(basic, critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        return builder.sign(self._key, hashes.SHA256())


class Network:
    """`with Network(folder, monkeypatch) as network: network.add("ghcr.io", ...)`; `authority.file` vouches for all."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.authority = Authority(folder)
        self.asked: list[str] = []
        """Every host whose address was looked for."""
        self._addresses: dict[tuple[str, int], tuple[str, int]] = {}
        self._stack = ExitStack()
        self._resolve = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(
        self,
        host: str,
        layouts: Mapping[str, Path],
        *,
        port: int = 443,
        tls: bool = True,
        clients: bool = False,
        **options: Any,
    ) -> RegistryServer:
        """A server that is reached as `host` and `port`, until the network is left."""
        context = self.authority.server(host, clients=clients) if tls else None
        server = self._stack.enter_context(RegistryServer(layouts, tls=context, **options))
        self._addresses[host, port] = ("127.0.0.1", server.port)
        return server

    def move(self, host: str, port: int, address: str, real: int) -> None:
        """From here on `host` and `port` lead to an address of this machine."""
        self._addresses[host, port] = (address, real)

    def address(self, host: str, port: int) -> tuple[str, int] | None:
        """Where `host` and `port` lead to."""
        return self._addresses.get((host, port))

    def _getaddrinfo(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        self.asked.append(host)
        found = self._addresses.get((host, port))
        if found is not None:
            return self._resolve(*found, *rest, **more)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
        return self._resolve(host, port, *rest, **more)


class Proxy:
    """An HTTP proxy that leads to the network's hosts; `asked` has each request line, `credentials` what was shown."""

    def __init__(self, network: Network, *, tls: bool = False) -> None:
        self.asked: list[str] = []
        self.credentials: list[str] = []
        self._tls = network.authority.server("127.0.0.1") if tls else None
        self._network = network
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, accepted: socket.socket) -> None:
        with suppress(OSError), accepted:
            self._lead(accepted if self._tls is None else self._tls.wrap_socket(accepted, server_side=True))

    def _lead(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(4096)
                if not piece:
                    return
                head += piece
            line, *headers = head.decode("latin-1").split("\r\n")
            self.asked.append(line)
            self.credentials += [item for item in headers if item.lower().startswith("proxy-authorization")]
            method, target, _ = line.split(" ")
            parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
            address = self._network.address(parts.hostname or "", parts.port or 80)
            if address is None:
                connection.sendall(b"HTTP/1.1 502 -\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(address) as onward:
                if method == "CONNECT":
                    connection.sendall(b"HTTP/1.1 200 -\r\n\r\n")
                else:
                    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
                    onward.sendall(head.replace(target.encode(), path.encode(), 1))
                self._join(connection, onward)

    def _join(self, one: socket.socket, other: socket.socket) -> None:
        while not self._stopping.is_set():
            waiting = [one] if isinstance(one, ssl.SSLSocket) and one.pending() else []
            for ready in waiting or select.select([one, other], [], [], 0.05)[0]:
                piece = ready.recv(65536)
                if not piece:
                    return
                (other if ready is one else one).sendall(piece)


@dataclass(slots=True, kw_only=True)
class TokenService:
    """A registry's token service, and what the registry then makes of tokens.

    `accounts` are passwords by user name, `identity_tokens` what OAuth 2 takes; with `anonymous` anybody gets a token,
    that opens all repositories but those of `private`. `challenge` is what the registry answers with; `{scope}` in it
    stands for the scope; `greeting` is the same for `/v2/`, where it differs. `used` counts what was asked for, by
    grant: "anonymous", "basic", "refresh_token".
    """

    challenge: str
    greeting: str = ""
    path: str = "/token"
    accounts: Mapping[str, str] = field(default_factory=dict)
    identity_tokens: Collection[str] = ()
    anonymous: bool = True
    private: Collection[str] = ("acme/api",)
    field_name: str = "token"
    lifetime: int = 10**9
    """How many requests a token opens."""
    prefix: str = "issued"
    """How tokens begin."""
    used: list[str] = field(default_factory=list)
    _tokens: dict[str, tuple[str, bool, int]] = field(default_factory=dict)

    def serve(self, request: Request) -> Response | None:
        """What the token service answers; None for what is not asked of it."""
        parts = urlsplit(request.path)
        if parts.path != self.path:
            return None
        query = parse_qs(parts.query)
        known = False
        if request.method == "POST":
            form = parse_qs(request.body.decode())
            query = form
            if form.get("grant_type") != ["refresh_token"] or form["refresh_token"][0] not in self.identity_tokens:
                return _json({"error": "invalid_grant"}, 400)
            known = True
            self.used.append("refresh_token")
        elif request.authorization:
            user, password = basic(request.authorization)
            if self.accounts.get(user) != password:
                return _json({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
            known = True
            self.used.append("basic")
        elif not self.anonymous:
            return _json({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        else:
            self.used.append("anonymous")
        token = f"{self.prefix}-{len(self._tokens)}"
        self._tokens[token] = (query["scope"][0], known, self.lifetime)
        return _json({self.field_name: token, "expires_in": 300}, 200)

    def protect(self, request: Request) -> Response | None:
        """What the registry answers to whoever may not read; None for whoever may."""
        match = re.fullmatch(r"/v2/(?:(.+)/(?:manifests|blobs|referrers)/[^/]+)?", urlsplit(request.path).path)
        if match is None:
            return None
        repository = match[1] or ""
        scope, known, left = self._tokens.get(request.authorization.removeprefix("Bearer "), ("", False, 0))
        if left and scope == f"repository:{repository}:pull" and (known or repository not in self.private):
            self._tokens[request.authorization.removeprefix("Bearer ")] = (scope, known, left - 1)
            return None
        text = self.challenge if repository else self.greeting or self.challenge
        return challenge(text.format(scope=f"repository:{repository}:pull"))

    def both(self, request: Request) -> Response | None:
        """A registry whose token service is on the same host."""
        return self.serve(request) or self.protect(request)


def basic_auth(user: str, password: str, realm: str = "registry") -> Callable[[Request], Response | None]:
    """A registry that asks for a user name and password itself."""

    def protect(request: Request) -> Response | None:
        if request.authorization.startswith("Basic ") and basic(request.authorization) == (user, password):
            return None
        return challenge(f'Basic realm="{realm}"')

    return protect


def challenge(text: str) -> Response:
    """A 401 with this WWW-Authenticate header."""
    return _json({"errors": [{"code": "UNAUTHORIZED"}]}, 401, {"WWW-Authenticate": text})


def basic(authorization: str) -> tuple[str, str]:
    """The user name and password of a Basic header."""
    user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return user, password


def auth(user: str, password: str) -> str:
    """The `auth` of docker's configuration."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _json(value: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
