"""A registry's challenge -> the Authorization header that answers it.

What comes in: the repository that is asked for and, once the registry refused, its WWW-Authenticate header. What goes
out: the header that gives access to that repository - with the user's credential where there is one, else as anybody -
or `AccessDenied`. It knows one registry, and sends what it holds to no other; `realm` says where a credential may go.

How a challenge is answered: a registry token as it is; else Bearer, by a token of the realm that the registry names (an
identity token is posted there by OAuth 2, a user name and password go with a GET, nobody in particular asks without);
else Basic. A challenge's scope is not read: a registry may not widen what is asked for. Nor is a token's lifetime: a
401 says when it is over, and then one is got again, once.

Sources: the distribution project's "Token Authentication Specification", RFC 7617 (Basic), RFC 6749 section 5.2 (400
for a refresh token that is refused).
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gate.errors import AccessDenied, CouldNotLook, LimitExceeded, Malformed, Unavailable
from gate.sources.registry.headers import Challenge, parse_challenges
from gate.sources.registry.http import Request, answered, refusal
from gate.sources.registry.realm import realm_origin, takes_credentials
from gate.sources.registry.tokens import read_token, registry_token, token_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.limits import Deadline, Limits
    from gate.sources.registry.credentials import Credential, Credentials, Found
    from gate.sources.registry.http import Client
    from gate.sources.registry.origin import Origin


class _Access(Struct):
    """What is known of one repository: the header that works, the credential that it took, whether that was refused."""

    header: str | None = None
    used: Credential | None = None
    found: Found | None = None
    refused: bool = False
    flight: Future[str] | None = None


class Login:
    """One registry's challenges, answered once for all threads and references.

    `name` is the registry's canonical host, by which credentials are kept; `registry` is where its API is.
    """

    def __init__(
        self,
        name: str,
        registry: Origin,
        client: Client,
        credentials: Credentials,
        *,
        limits: Limits,
        deadline: Deadline,
    ) -> None:
        self.certificate = name in client.access.certificate_hosts
        """Whether the client certificate belongs to this registry."""
        self._name = name
        self._registry = registry
        self._client = client
        self._credentials = credentials
        self._limits = limits
        self._deadline = deadline
        self._lock = threading.Lock()
        self._challenge: str | None = None
        self._repositories: dict[str, _Access] = {}
        self._greeting: Future[str] | None = None

    def authorization(self, repository: str, *, challenge: str | None = None, refused: str | None = None) -> str | None:
        """The Authorization header for `repository`; None if none is wanted, as far as is known.

        `challenge` is the WWW-Authenticate header of a 401, `refused` the header that the 401 answered. However many
        threads bring the same challenge, one of them answers it and all share what comes of it. Once a credential was
        refused, it is not shown again: whoever repeats a wrong password is locked out.

        Raises `AccessDenied` for a challenge that cannot be answered and for a credential that was refused, and what
        the token service's answer amounts to.
        """
        foretold = challenge is None
        with self._lock:
            known = self._known(repository, refused)
        challenge = self._expected(repository) if foretold and known is None else challenge
        if known is not None or challenge is None:
            return known
        with self._lock:
            if (known := self._known(repository, refused)) is not None:
                return known
            access = self._access(repository)
            flight, first = access.flight, access.flight is None
            if first and not access.refused:
                flight = access.flight = Future()
        if flight is None:
            raise AccessDenied(f"{self._registry.name}: {self.account(repository)}; it was not asked again", status=401)
        if first:
            self._fly(flight, repository, challenge, refused)
        try:
            return flight.result(timeout=None if first else self._deadline.left())
        except TimeoutError:
            raise self._deadline.exceeded(f"{self._registry.name}: a token for {repository}") from None
        except CouldNotLook:
            if foretold and self._find(repository).credential is None:
                return None  # perhaps this repository needs no token; if it does, its own challenge says so
            raise

    def _expected(self, repository: str) -> str | None:
        """The challenge to expect for `repository`, before it is asked for; None if none is.

        Nobody in particular expects what another repository was asked. Whoever has a credential is introduced first, as
        docker does: some registries let anybody in and hide what is private, with 404 or an empty listing and no
        challenge but at `/v2/`. That costs no time, as a 401 would come first otherwise.
        """
        if self._find(repository).credential is None:
            return self._challenge
        with self._lock:
            if self._challenge is not None:
                return self._challenge
            greeting, first = self._greeting, self._greeting is None
            if greeting is None:
                greeting = self._greeting = Future()
        if first:
            self._greet(greeting)
        try:
            return greeting.result(timeout=None if first else self._deadline.left()) or None
        except TimeoutError:
            raise self._deadline.exceeded(f"{self._registry.name}: /v2/") from None

    def turned_away(self, repository: str) -> None:
        """Remember that the registry answered 401 to a credential, or to a token that was got with one."""
        with self._lock:
            access = self._access(repository)
            access.refused = access.used is not None

    def refused(self, repository: str) -> bool:
        """Whether a credential for `repository` was refused: then no 404 means that nothing is there (rule 28)."""
        with self._lock:
            return self._access(repository).refused

    def doubt(self, repository: str) -> str:
        """Why nobody in particular asked, where a credential is configured and could not be had; "" otherwise."""
        found = self._find(repository)
        return found.missing if found.failed else ""

    def source(self, repository: str) -> str | None:
        """Where the credential that was used for `repository` came from; None if none was used."""
        with self._lock:
            used = self._access(repository).used
        return None if used is None else used.source

    def account(self, repository: str) -> str:
        """As whom `repository` was asked for, for a message: which credentials, from where, and what to do."""
        with self._lock:
            access = replace(self._access(repository))
        if access.used is not None and access.refused:
            used = f"the credentials from {access.used.source} were refused"
            return f"{used}: renew them, or see whether they may read {repository}"
        if access.used is not None:
            return f"the credentials from {access.used.source} were used: see whether they may read {repository}"
        if access.found is None:
            return "no credentials were used"
        if access.found.credential is not None:
            return f"no credentials were used, though there are some in {access.found.credential.source}"
        return f"no credentials were used: {access.found.missing} (docker login or --registry-username gives some)"

    def _known(self, repository: str, refused: str | None) -> str | None:
        """The header for `repository` that is known and was not refused."""
        access = self._access(repository)
        return None if access.refused or access.header == refused else access.header

    def _access(self, repository: str) -> _Access:
        return self._repositories.setdefault(repository, _Access())

    def _find(self, repository: str) -> Found:
        with self._lock:
            found = self._access(repository).found
        if found is None:
            found = self._credentials.find(self._name, repository)
            with self._lock:
                self._access(repository).found = found
        return found

    def _fly(self, flight: Future[str], repository: str, challenge: str, refused: str | None) -> None:
        try:
            header, used = self._answer(repository, challenge)
            if header == refused:
                self.turned_away(repository)
                raise AccessDenied(f"{self._registry.name} asks again; {self.account(repository)}", status=401)
        except BaseException as error:  # noqa: BLE001 - raised again by each thread that waits, this one too
            with self._lock:
                self._access(repository).flight = None
            flight.set_exception(error)
        else:
            with self._lock:
                access = self._access(repository)
                access.header, access.used, access.flight = header, used, None
                self._challenge = challenge
            flight.set_result(header)

    def _answer(self, repository: str, challenge: str) -> tuple[str, Credential | None]:
        """The header that answers `challenge`, and the credential that it took."""
        host = self._registry.name
        credential = self._find(repository).credential
        try:
            challenges = parse_challenges(challenge)
        except ValueError:
            raise AccessDenied(
                f"{host} asks for credentials unreadably; {self.account(repository)}", status=401
            ) from None
        bearers = [found for found in challenges if found.scheme == "bearer" and "realm" in found.parameters]
        if credential is not None and credential.registry_token and bearers:
            return f"Bearer {registry_token(credential)}", credential
        offers_basic = any(found.scheme == "basic" for found in challenges)
        basic = None if credential is None or not offers_basic else credential.basic
        if basic is not None and not (bearers and self._takes_credentials(bearers)):
            return basic, credential
        if bearers:
            return f"Bearer {self._token(repository, bearers[0], credential)}", credential
        if offers_basic and credential is not None:
            raise AccessDenied(f"{host} asks for a user name and password; {credential.source} has a token", status=401)
        asked = ", ".join(dict.fromkeys(found.scheme for found in challenges)) or "in no way that it says"
        raise AccessDenied(f"{host} asks for credentials ({asked}); {self.account(repository)}", status=401)

    def _takes_credentials(self, bearers: Sequence[Challenge]) -> bool:
        with suppress(ValueError):
            realm = realm_origin(bearers[0].parameters["realm"], self._registry, self._client.access.plain_http)
            return takes_credentials(realm, self._registry, self._client.access.token_hosts)
        return False

    def _token(self, repository: str, bearer: Challenge, credential: Credential | None) -> str:
        """A token of the realm that the registry names, for pulling `repository` and for nothing else."""
        host, url = self._registry.name, bearer.parameters["realm"]
        try:
            realm = realm_origin(url, self._registry, self._client.access.plain_http)
        except ValueError as error:
            raise AccessDenied(
                f"{host} names a token service {error}; {self.account(repository)}", status=401
            ).advising("whoever runs the registry must give its token service an https address") from None
        if credential is not None and not takes_credentials(realm, self._registry, self._client.access.token_hosts):
            raise AccessDenied(
                f"{host} names a token service on {realm.name}, and the credentials from {credential.source} are not "
                f"sent to another site; if that is where they belong, say --token-host {realm.name}",
                status=401,
            ).advising(
                f"ask whoever runs the registry whether {realm.name} is its token service; if it is, say --token-host"
            )
        what = f"{host}: a token for {repository}"
        request, header = token_request(bearer, what, repository, credential, cap=self._limits.token_bytes)
        mine = self.certificate and realm == self._registry
        reply = self._client.get(request, authorization=header, certificate=mine)
        if reply.status != 200:
            refused = credential is not None and reply.status in ((400, 401, 403) if request.form else (401, 403))
            with self._lock:
                access = self._access(repository)
                access.used, access.refused = credential, refused
            if refused:
                text = f"{what}: {answered(reply)}; {self.account(repository)}"
                raise AccessDenied(text, status=reply.status)
            raise refusal(replace(reply, account=self.account(repository)), what)
        return read_token(reply, what)

    def _greet(self, greeting: Future[str]) -> None:
        """Ask `/v2/` as nobody: its challenge, or "" if it has none."""
        what = f"{self._registry.name}: /v2/"
        url = f"{self._registry.url}/v2/"
        request = Request(
            url=url, what=what, cap=self._limits.manifest_bytes, limit="manifest-bytes", follow=frozenset()
        )
        try:
            reply = self._client.get(request, certificate=self.certificate)
            if isinstance(error := refusal(reply, what), Unavailable):
                raise error
            greeting.set_result(reply.challenge if reply.status == 401 else "")
        except (Malformed, LimitExceeded):  # some page of 200: no challenge
            greeting.set_result("")
        except BaseException as error:  # noqa: BLE001 - raised again by each thread that waits, this one too
            with self._lock:
                self._greeting = None
            greeting.set_exception(error)
