"""One repository of a registry: where its things are, and how they are asked for. Through oras.

What comes in: a `Reference`, and what all references share. What goes out: addresses, and replies to requests that were
made with whatever authorization the registry wants. It reads no answer's content.

oras gives the names and addresses of things; its own reads check no digest and know no limit, so that `Repository`
takes their one way out, `do_request`, and closes it. That is why the version is exact.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import oras
import oras.container
import oras.provider
from msgspec.structs import replace

from gate.errors import AccessDenied, GateError
from gate.sources.registry.http import Reply, Request, answered
from gate.sources.registry.origin import is_loopback
from gate.sources.registry.referrers import NO_SUCH_API

if TYPE_CHECKING:
    from gate.reference import Digest, Reference
    from gate.sources.registry import Registries

_ORAS = "0.2.43"
_API_HOSTS = {
    "docker.io": "registry-1.docker.io",  # Docker Hub's images are named after a host that has no API
    "localhost": "localhost:80",  # oras takes a host without dot or port for a part of the repository's name
}

# oras logs what registries write in their errors, and a log line can be a command to a CI system.
logging.getLogger("oras.logger").addHandler(logging.NullHandler())
logging.getLogger("oras.logger").propagate = False


class Repository(oras.provider.Registry):  # type: ignore[misc] # oras has no types
    """oras' client for one repository, with every way to the network closed but `fetch`. Any number of threads."""

    def __init__(self, reference: Reference, registries: Registries) -> None:
        if oras.__version__ != _ORAS:
            raise GateError(f"gate needs oras {_ORAS} exactly, and this is {oras.__version__}: reinstall gate")
        host = _API_HOSTS.get(reference.host, reference.host)
        self.client = registries.client
        loopback = is_loopback(urlsplit(f"//{host}").hostname or "")
        plain = loopback and reference.host not in self.client.access.tls
        plain = plain or reference.host in self.client.access.plain_http
        super().__init__(hostname=host, insecure=plain)
        self.container = _container(host, reference)
        self.session = self.auth.session = self.client.session
        self.login = registries.login(reference.host, self.client.origin(f"{self.prefix}://{host}"))
        self._repository = reference.location

    def do_request(self, *_: object, **__: object) -> NoReturn:
        """Refuse: all of oras' own reads and writes end here."""
        raise GateError("a request past the guards of gate.sources.registry")

    def fetch(self, request: Request) -> Reply:
        """`Client.get` with whatever authorization the registry wants. One challenge is answered, a second is not.

        Raises `AccessDenied` where the registry says that there is nothing, after it refused a credential: it may only
        be hiding it (rule 28).
        """
        repository = self._repository
        sent = self.login.authorization(repository)
        reply = self._get(request, sent)
        if reply.status == 401 and not reply.foreign:
            answer = self.login.authorization(repository, challenge=reply.challenge, refused=sent)
            reply = self._get(request, answer)
            if reply.status == 401 and not reply.foreign:
                self.login.turned_away(repository)
        reply = replace(reply, account=self.login.account(repository))
        if reply.status in NO_SUCH_API | {403} and self.login.refused(repository):
            raise AccessDenied(
                f"{request.what}: {answered(reply)}, which says nothing: {reply.account}", status=reply.status
            )
        return reply

    def _get(self, request: Request, authorization: str | None) -> Reply:
        return self.client.get(request, authorization=authorization, certificate=self.login.certificate)

    def manifest_url(self, name: str) -> str:
        """Where the manifest with a tag or digest is."""
        return f"{self.prefix}://{self.container.manifest_url(name)}"

    def blob_url(self, digest: Digest) -> str:
        """Where a blob is."""
        return f"{self.prefix}://{self.container.get_blob_url(str(digest))}"

    @property
    def tags_url(self) -> str:
        """Where the tags are listed; of which one is enough (distribution-spec, "Listing Tags")."""
        return f"{self.prefix}://{self.container.registry}/v2/{self.container.api_prefix}/tags/list?n=1"

    def referrers_url(self, digest: Digest) -> str:
        """Where the referrers of a digest are listed; oras knows no such place."""
        return f"{self.prefix}://{self.container.registry}/v2/{self.container.api_prefix}/referrers/{digest}"


def _container(host: str, reference: Reference) -> oras.container.Container:
    """The form that oras has for a parsed reference; `GateError` if oras reads it differently."""
    digest = None if reference.digest is None else str(reference.digest)
    text = f"{host}/{reference.location}" + (f":{reference.tag}" if digest is None else f"@{digest}")
    container = oras.container.Container(text)
    if (container.registry, container.api_prefix, container.digest) != (host, reference.location, digest):
        raise GateError(f"oras takes {text!a} for {container.uri!a}")
    return container
