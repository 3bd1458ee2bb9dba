"""What a token service is asked, and what it answers.

What comes in: a Bearer challenge and a credential; then a reply. What goes out: the request, and the token that is in
the reply, or `Malformed`. It sends nothing, and whether the realm may be asked is `realm`'s to say.

Sources: the distribution project's "Token Authentication Specification" and "OAuth2 Token Authentication", RFC 6750
section 2.1 (what a token is made of).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gate.errors import AccessDenied, Malformed
from gate.reference import readable
from gate.sources.registry.http import REDIRECTS, Request
from gate.strictjson import Refused, parse_object

if TYPE_CHECKING:
    from gate.sources.registry.credentials import Credential
    from gate.sources.registry.headers import Challenge
    from gate.sources.registry.http import Reply

_TOKEN = re.compile(r"[!-~]+")
_CLIENT = "gate"


def token_request(
    bearer: Challenge, what: str, repository: str, credential: Credential | None, *, cap: int
) -> tuple[Request, str | None]:
    """The request for a token that pulls `repository` and does nothing else, and its Authorization header.

    Nobody in particular asks by GET, a user name and password go with it as Basic; an identity token is posted. With a
    credential no redirect is followed: the service's realm was judged, where it sends us was not.
    """
    realm = bearer.parameters["realm"]
    query = {"service": bearer.parameters.get("service", ""), "scope": f"repository:{repository}:pull"}
    query = {name: value for name, value in query.items() if value}
    follow = REDIRECTS if credential is None else frozenset[int]()
    if credential is not None and credential.identity_token:
        token = credential.identity_token
        form = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": token, **query}
        return Request(url=realm, what=what, cap=cap, limit="token-bytes", form=form, follow=follow), None
    url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
    return Request(
        url=url, what=what, cap=cap, limit="token-bytes", follow=follow
    ), None if credential is None else credential.basic


def read_token(reply: Reply, what: str) -> str:
    """The token in a 200 of a token service. Raises `Malformed`."""
    try:
        answer = parse_object(reply.body)
    except Refused:
        kind = f" ({readable(reply.media_type)})" if reply.media_type else ""
        raise Malformed(f"{what}: {reply.host} answered with something else{kind}") from None
    token = answer.get("token") or answer.get("access_token")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise Malformed(f"{what}: {reply.host} answered without one")
    return token


def registry_token(credential: Credential) -> str:
    """A credential's registry token, which needs no token service. Raises `AccessDenied` for what cannot be sent."""
    if _TOKEN.fullmatch(credential.registry_token) is None:
        raise AccessDenied(f"the registrytoken in {credential.source} is not one: it has spaces or control characters")
    return credential.registry_token
