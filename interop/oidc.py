"""An OIDC issuer of three shapes: GitHub's workflows, GitLab's pipelines, and people.

What comes in: who is asking, as an `Identity`. What goes out: identity tokens, and over HTTP the discovery document,
the keys and fresh tokens. It authenticates nobody: it stands on the loopback, and signs for the lab alone.

Sources: OpenID Connect Discovery 1.0, section 4; RFC 7515 (compact serialization), RFC 7517 (JWKS); the claims are
those that Fulcio 1.8 reads for its issuer types `github-workflow`, `gitlab-pipeline` and `email`. RS256, because cosign
takes no other algorithm for a token on its command line.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from interop.loopback import NOTHING, Answer, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.loopback import Asked

GITHUB = "https://github.com"
GITLAB = "https://gitlab.com"
COMMIT = "1" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signs: the issuer that vouches, the name that the certificate will have, and the token's claims."""

    issuer: str
    """`github`, `gitlab` or `google`: the last segment of the issuer's URL."""
    name: str
    claims: Mapping[str, object]


def workflow(
    repository: str, *, file: str = "release.yml", ref: str = "refs/heads/main", commit: str = COMMIT
) -> Identity:
    """A job of GitHub Actions on a hosted runner."""
    owner = repository.split("/", maxsplit=1)[0]
    job = f"{repository}/.github/workflows/{file}@{ref}"
    return Identity(
        issuer="github",
        name=f"{GITHUB}/{job}",
        claims={
            "sub": f"repo:{repository}:ref:{ref}",
            "repository": repository,
            "repository_id": "4711",
            "repository_owner": owner,
            "repository_owner_id": "42",
            "repository_visibility": "private",
            "workflow": file.removesuffix(".yml"),
            "workflow_ref": job,
            "workflow_sha": commit,
            "job_workflow_ref": job,
            "job_workflow_sha": commit,
            "event_name": "push",
            "ref": ref,
            "sha": commit,
            "run_id": "1001",
            "run_attempt": "1",
            "runner_environment": "github-hosted",
        },
    )


def pipeline(project: str, *, branch: str = "main", commit: str = COMMIT) -> Identity:
    """A job of GitLab CI on a hosted runner."""
    config = f"gitlab.com/{project}//.gitlab-ci.yml@refs/heads/{branch}"
    return Identity(
        issuer="gitlab",
        name=f"https://{config}",
        claims={
            "sub": f"project_path:{project}:ref_type:branch:ref:{branch}",
            "project_path": project,
            "project_id": "815",
            "namespace_path": project.rpartition("/")[0],
            "namespace_id": "7",
            "pipeline_source": "push",
            "pipeline_id": "2002",
            "job_id": "3003",
            "ci_config_ref_uri": config,
            "ci_config_sha": commit,
            "ref": branch,
            "ref_type": "branch",
            "sha": commit,
            "runner_id": 9,
            "runner_environment": "gitlab-hosted",
            "project_visibility": "private",
        },
    )


def person(address: str) -> Identity:
    """Someone with an e-mail address."""
    return Identity(issuer="google", name=address, claims={"sub": address, "email": address, "email_verified": True})


RELEASE = workflow("acme/api")
FORK = workflow("mallory/api")
BRANCH = workflow("acme/api", ref="refs/heads/feature")
PIPELINE = pipeline("acme/api")
ADA = person("ada@acme.example")
DEFAULTS = {"github": RELEASE, "gitlab": PIPELINE, "google": ADA}
"""Whose token an issuer gives to whoever asks over HTTP."""


class Issuer(LoopbackServer):
    """The issuer as a server: `with Issuer() as issuer: issuer.token(RELEASE)`."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        super().__init__()

    def url(self, name: str) -> str:
        """The issuer that certificates and policies name."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def token(self, identity: Identity, audience: str = "sigstore") -> str:
        """A token that is good for ten minutes."""
        now = int(time.time())
        head = {"alg": "RS256", "typ": "JWT", "kid": "lab"}
        claims = {
            "iss": self.url(identity.issuer),
            "aud": audience,
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + 600,
            **identity.claims,
        }
        return signed_token(self._key, head, claims)

    def answer(self, asked: Asked) -> Answer:
        """A token, the keys or the discovery document, by the path."""
        name, _, what = asked.path.strip("/").partition("/")
        if asked.method != "GET" or name not in DEFAULTS:
            return NOTHING
        if what == "token":
            return Answer(body=self.token(DEFAULTS[name]).encode(), kind="text/plain")
        if what == "keys":
            return Answer(body=json.dumps({"keys": [self._jwk()]}).encode())
        if what == ".well-known/openid-configuration":
            url = self.url(name)
            document: dict[str, Any] = {
                "issuer": url,
                "jwks_uri": f"{url}/keys",
                "token_endpoint": f"{url}/token",
                "authorization_endpoint": f"{url}/auth",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            return Answer(body=json.dumps(document).encode())
        return NOTHING

    def _jwk(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "lab",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }


def signed_token(key: rsa.RSAPrivateKey, head: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """A JWT by RS256 (RFC 7515, compact serialization)."""
    text = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
    return f"{text}.{_encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
