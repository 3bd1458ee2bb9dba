"""A repository -> the credential that goes with it, and where that came from.

What comes in: `Access`, which names accounts and configuration files. What goes out: one `Credential` or none, always
the same one for the same settings. It sends nothing and shows no secret; `~/.netrc` is not among what it reads.

The order: `--registry-username`; then `DOCKER_AUTH_CONFIG`, `REGISTRY_AUTH_FILE`, docker's configuration and
containers' `auth.json`, as `Access.files` lists them; then GitLab's `CI_REGISTRY_*`. Within one file `configuration`
says which entry is the most specific.
"""

from __future__ import annotations

import base64
import binascii
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from gate.errors import AccessDenied, InvalidUsage, Unavailable
from gate.sources.registry.configuration import Unreadable, entries, read_configuration
from gate.sources.registry.credential_helper import HelperFailed, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.limits import Deadline, Limits
    from gate.sources.access import Access, Account
    from gate.sources.registry.configuration import Entry
    from gate.strictjson import JSON

_HUB = "docker.io"
_HUB_SERVER = "https://index.docker.io/v1/"
"""What docker and its helpers call Docker Hub."""
_TOKEN_USER = "<token>"
"""With this user name a helper's secret is an identity token (docker-credential-helpers, README)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one registry knows the user by: a registry token, or an identity token, or a user name and password.

    `source` says where it came from, for messages and the report; nothing else of it is ever shown.
    """

    source: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str | None:
        """The Authorization header of RFC 7617, if there is a user name and password."""
        if not self.username or not self.password:
            return None
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode('ascii')}"


class Found(Struct, frozen=True, kw_only=True):
    """`credential`, or None; then `missing` says where it was looked for in vain, and what went wrong there. `failed`:
    one that is or may be configured could not be had, so that whoever asks without it may not see everything.
    """

    credential: Credential | None
    missing: str = ""
    failed: bool = False


class Credentials:
    """All credentials that a run may use. Safe to use from any number of threads."""

    def __init__(self, access: Access, *, limits: Limits, deadline: Deadline) -> None:
        """Read the configuration files. Raises `InvalidUsage` for one that was named and cannot be read."""
        self._access = access
        self._limits = limits
        self._deadline = deadline
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], tuple[str, str] | HelperFailed | None] = {}
        self._notes: list[str] = []
        self._files: list[tuple[str, Mapping[str, JSON]]] = []
        for file in access.files:
            try:
                document = read_configuration(file)
            except Unreadable as error:
                if file.named:
                    raise InvalidUsage(f"{file.source} {error}") from None
                self._notes.append(f"{file.source} {error}")
                continue
            if document is not None:
                self._files.append((file.source, document))

    def find(self, host: str, repository: str) -> Found:
        """The credential for a repository of the registry `host` (canonical).

        Raises `AccessDenied` for an entry that applies and cannot be read, and `Unavailable` where a helper gives no
        answer in time.
        """
        notes = list(self._notes)
        places = []
        if (given := self._access.given) is not None and given.host == host:
            return Found(credential=_of_account(given))
        for source, document in self._files:
            places.append(source)
            for entry in entries(document, host, repository):
                credential = self._credential(entry, source, host, notes)
                if credential is not None:
                    return Found(credential=credential)
        if (job := self._access.job) is not None and job.host == host:
            return Found(credential=_of_account(job))
        missing = f"there are none for {host} in {', '.join(places)}" if places else "none were given"
        return Found(credential=None, missing="; ".join([missing, *dict.fromkeys(notes)]), failed=bool(notes))

    def _credential(self, entry: Entry, source: str, host: str, notes: list[str]) -> Credential | None:
        named = f"{source} ({entry.key})"
        if entry.helper is None:
            return _of_entry(entry.value, named)
        try:
            answer = self._ask(entry.helper, _HUB_SERVER if host == _HUB else host)
        except HelperFailed as error:
            notes.append(f"{named}: {error}")
            return None
        except Unavailable as error:
            found = type(error)(f"{named}: {error}")
            found.remedy = error.remedy
            raise found from None
        if answer is None:
            return None
        username, secret = answer
        named = f"{source} (docker-credential-{entry.helper})"
        if username == _TOKEN_USER:
            return Credential(source=named, identity_token=secret)
        return Credential(source=named, username=username, password=secret)

    def _ask(self, helper: str, server: str) -> tuple[str, str] | None:
        """What a helper says; it is asked once in a run, whatever it said."""
        with self._lock:
            if (helper, server) not in self._answers:
                try:
                    self._answers[helper, server] = ask(
                        helper,
                        server,
                        environment=self._access.environment,
                        limits=self._limits,
                        deadline=self._deadline,
                    )
                except HelperFailed as error:
                    self._answers[helper, server] = error
            answer = self._answers[helper, server]
        if isinstance(answer, HelperFailed):
            raise answer
        return answer


def _of_account(account: Account) -> Credential:
    return Credential(source=account.source, username=account.username, password=account.password)


def _of_entry(value: JSON, source: str) -> Credential | None:
    """An `auths` value; None for an empty one, which docker writes where a helper keeps the secret."""
    if not isinstance(value, dict):
        raise AccessDenied(f"the credentials in {source} cannot be read: no JSON object")
    texts = {}
    for name in ("auth", "username", "password", "identitytoken", "registrytoken"):
        text = value.get(name)
        if not isinstance(text, str | None):
            raise AccessDenied(f"the credentials in {source} cannot be read: {name} is no text")
        texts[name] = text or ""
    username, password = texts["username"], texts["password"]
    if texts["auth"]:
        try:
            decoded = base64.b64decode("".join(texts["auth"].split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded = ""
        username, colon, password = decoded.rstrip("\0").partition(":")
        if not colon:
            raise AccessDenied(f"the credentials in {source} cannot be read: auth is not the base64 of user:password")
    identity = texts["identitytoken"]
    if username == _TOKEN_USER and not identity:
        identity, username, password = password, "", ""
    if not identity and not texts["registrytoken"] and not (username and password):
        return None
    return Credential(
        source=source,
        username=username,
        password=password,
        identity_token=identity,
        registry_token=texts["registrytoken"],
    )
