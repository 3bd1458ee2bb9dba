"""A registry's challenge -> the Authorization header that answers it.

What comes in: the scope that a request needs and, once the registry refused, its WWW-Authenticate header. What goes
out: `Bearer ...` with a token that the registry's own token service gives to anyone, or `AccessDenied`. It holds no
credentials, and a token goes only to whoever asks here for its scope.

Source: the distribution project's "Token Authentication Specification", RFC 6750 section 2.1 (what a token is made of).
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gate.errors import AccessDenied, DeadlineExceeded, Malformed
from gate.sources.registry.headers import parse_challenges
from gate.sources.registry.http import NO_CREDENTIALS, Request, refusal
from gate.sources.registry.origin import Origin, origin
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from gate.limits import Deadline, Limits
    from gate.sources.registry.http import Client

_TOKEN = re.compile(r"[!-~]+")


class AnonymousTokens:
    """Tokens of one registry for nobody in particular, one for each scope, shared by all threads."""

    def __init__(self, registry: Origin, client: Client, *, limits: Limits, deadline: Deadline) -> None:
        self._registry = registry
        self._client = client
        self._limits = limits
        self._deadline = deadline
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._flights: dict[str, Future[str]] = {}

    def authorization(self, scope: str, *, challenge: str | None = None, refused: str | None = None) -> str | None:
        """The Authorization header for `scope`, as in `repository:acme/api:pull`; None before anything was challenged.

        `challenge` is the WWW-Authenticate header of a 401, `refused` the header that the 401 answered. However many
        threads bring the same challenge, one of them asks for a token and all share what comes of it.

        Raises `AccessDenied` for a challenge that cannot be answered without credentials, and whatever the token
        service's answer amounts to.
        """
        with self._lock:
            known = self._headers.get(scope)
            if challenge is None or (known is not None and known != refused):
                return known
            flight = self._flights.get(scope)
            first = flight is None
            if flight is None:
                flight = self._flights[scope] = Future()
        if first:
            self._fly(flight, scope, challenge)
        try:
            return flight.result(timeout=self._deadline.left())
        except TimeoutError:
            raise DeadlineExceeded(f"{self._registry.host}: no token before the deadline (--timeout)") from None

    def _fly(self, flight: Future[str], scope: str, challenge: str) -> None:
        try:
            header = f"Bearer {self._token(scope, challenge)}"
        except BaseException as error:  # noqa: BLE001 - raised again by each thread that waits, this one too
            with self._lock:
                del self._flights[scope]
            flight.set_exception(error)
        else:
            with self._lock:
                self._headers[scope] = header
                del self._flights[scope]
            flight.set_result(header)

    def _token(self, scope: str, challenge: str) -> str:
        realm, service = self._realm(challenge)
        query = urlencode([*([("service", service)] if service else []), ("scope", scope)])
        what = f"{self._registry.host}: a token for {scope}"
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        reply = self._client.get(Request(url=url, what=what, cap=self._limits.token_bytes))
        if reply.status != 200:
            raise refusal(reply, what)
        try:
            answer = parse_object(reply.body)
        except Refused:
            raise Malformed(f"{what}: {reply.host} answered with something else") from None
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
            raise Malformed(f"{what}: {reply.host} answered without one")
        return token

    def _realm(self, challenge: str) -> tuple[str, str]:
        """The token service of the first Bearer challenge: URL and service name.

        Its scope is not read: a registry may not widen what is asked for. The service must be reached over https,
        unless the registry itself is this machine's.
        """
        host = self._registry.host
        try:
            challenges = parse_challenges(challenge)
        except ValueError:
            raise AccessDenied(f"{host} asks for credentials unreadably; {NO_CREDENTIALS}", status=401) from None
        bearers = [found.parameters for found in challenges if found.scheme == "bearer" and "realm" in found.parameters]
        if not bearers:
            raise AccessDenied(f"{host} asks for credentials; {NO_CREDENTIALS}", status=401)
        realm = bearers[0]["realm"]
        try:
            safe = "#" not in realm and origin(realm).scheme in ("https", self._registry.scheme)
        except ValueError:
            safe = False
        if not safe:
            raise AccessDenied(f"{host} names a token service that is not https; {NO_CREDENTIALS}", status=401)
        return realm, bearers[0].get("service", "")
