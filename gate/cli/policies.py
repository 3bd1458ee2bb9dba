"""The policy of a command: from a file, from standard input, or from cosign's flags.

What comes in: flags, and the environment, of which only `GATE_POLICY` counts, and only where no flag names a policy.
What goes out: a policy as it stands at a moment, or `InvalidUsage` and `InvalidPolicy`. What decides what is accepted
has no environment twin (design rule 25).
"""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from msgspec import Struct

from gate.cli.help import COSIGN, POLICY
from gate.errors import InvalidPolicy, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.policy.flags import Flags
    from gate.policy.model import Policy
    from gate.trust import TrustRoot

_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
FLAGS: Final = "flags"
"""Where a policy came from that cosign's flags made, and its name in messages."""


def _cosign(flag: str, what: str, metavar: str, *more: str) -> object:
    return typer.Option(flag, *more, help=what, metavar=metavar, rich_help_panel=COSIGN)


PolicyPath = Annotated[
    Path | None,
    typer.Option(
        "--policy", help="the policy, TOML; - is stdin  [env: GATE_POLICY]", metavar="FILE", rich_help_panel=POLICY
    ),
]
PolicyDigest = Annotated[
    str | None,
    typer.Option(
        "--policy-sha256",
        help="refuse any other policy: what gate policy show --digest says",
        metavar="DIGEST",
        rich_help_panel=POLICY,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", help="judge as of this moment, where the policy allows it", metavar="TIME", rich_help_panel=POLICY
    ),
]
Identity = Annotated[str | None, _cosign("--certificate-identity", "who signs, exactly", "TEXT")]
IdentityRegexp = Annotated[
    str | None, _cosign("--certificate-identity-regexp", "who signs; from end to end (RE2)", "REGEX")
]
Issuer = Annotated[str | None, _cosign("--certificate-oidc-issuer", "who vouches for the identity", "URL")]
IssuerRegexp = Annotated[str | None, _cosign("--certificate-oidc-issuer-regexp", "from end to end", "REGEX")]
Trigger = Annotated[str | None, _cosign("--certificate-github-workflow-trigger", "the event, as push", "TEXT")]
Sha = Annotated[str | None, _cosign("--certificate-github-workflow-sha", "the commit", "TEXT")]
Name = Annotated[str | None, _cosign("--certificate-github-workflow-name", "the workflow's name", "TEXT")]
Repository = Annotated[str | None, _cosign("--certificate-github-workflow-repository", "owner/name", "TEXT")]
Ref = Annotated[str | None, _cosign("--certificate-github-workflow-ref", "refs/heads/main", "TEXT")]
Key = Annotated[str | None, _cosign("--key", "a public key (PEM) in place of an identity", "FILE")]
Annotations = Annotated[
    list[str] | None, _cosign("--annotations", "what the signature must say; again for more", "KEY=VALUE", "-a")
]
Type = Annotated[str | None, _cosign("--type", "an attestation of this type in place of a signature", "TYPE")]
TrustedRootFile = Annotated[str | None, _cosign("--trusted-root", "a trusted_root.json", "FILE")]


class Asked(Struct, frozen=True, kw_only=True):
    """Which policy a command asks for. `name` is where it came from, for the report."""

    path: Path | None
    flags: Flags
    sha256: str | None
    at: str | None
    name: str

    @property
    def from_input(self) -> bool:
        """Whether standard input is the policy."""
        return self.path is not None and str(self.path) == "-"


def read_flags(  # noqa: D103
    *,
    identity: str | None,
    identity_regexp: str | None,
    issuer: str | None,
    issuer_regexp: str | None,
    trigger: str | None,
    sha: str | None,
    name: str | None,
    repository: str | None,
    ref: str | None,
    key: str | None,
    annotations: Sequence[str] | None,
    predicate_type: str | None,
    trusted_root: str | None,
) -> Flags:
    from gate.policy.flags import Flags  # noqa: PLC0415

    workflow = {"trigger": trigger, "sha": sha, "name": name, "repository": repository, "ref": ref}
    return Flags(
        identity=identity,
        identity_regexp=identity_regexp,
        issuer=issuer,
        issuer_regexp=issuer_regexp,
        workflow={part: value for part, value in workflow.items() if value is not None},
        key=key,
        annotations=tuple(annotations or ()),
        type=predicate_type,
        trusted_root=trusted_root,
    )


def ask(
    environment: Mapping[str, str], *, path: Path | None, flags: Flags, sha256: str | None, at: str | None
) -> Asked:
    """Which policy it is. Raises `InvalidUsage` where there is none, or more than one."""
    given, named = flags.given, environment.get("GATE_POLICY")
    if given and (path is not None or named):
        other = "--policy" if path is not None else "GATE_POLICY"
        raise InvalidUsage(f"{given[0]} and {other} do not go together: a policy says who signs")
    if path is None and named and not given:
        return Asked(path=Path(named), flags=flags, sha256=sha256, at=at, name="GATE_POLICY")
    if path is None and not given:
        raise InvalidUsage(
            "no policy: give --policy FILE, or set GATE_POLICY, or say who signs with cosign's flags"
        ).advising(
            "gate inspect shows who signed an image; gate policy show with cosign's flags prints a policy to begin with"
        )
    return Asked(path=path, flags=flags, sha256=sha256, at=at, name="--policy" if path is not None else FLAGS)


def load(asked: Asked, now: datetime, *, file: bool) -> Policy:
    """The policy as it stands at `now`. `file` says that a file with its bundle is judged."""
    from gate.policy.dates import as_of  # noqa: PLC0415
    from gate.policy.documents import MAX_BYTES  # noqa: PLC0415
    from gate.policy.flags import policy_of  # noqa: PLC0415
    from gate.policy.loading import load_policy, parse_policy  # noqa: PLC0415

    if asked.path is None:
        return of_flags(asked.flags, policy_of(asked.flags, file=file))
    if asked.from_input:
        return as_of(parse_policy(sys.stdin.buffer.read(MAX_BYTES + 1), asked.path), now)
    return as_of(load_policy(asked.path), now)


def of_flags(flags: Flags, text: str) -> Policy:
    """The policy whose text the flags mean. Raises `InvalidUsage`, which names the flag and no line of that text."""
    from gate.policy.loading import parse_policy  # noqa: PLC0415

    try:
        return parse_policy(os.fsencode(text), Path(FLAGS))
    except InvalidPolicy as error:
        said = (f"{flags.named(finding.key)}: {finding.text}" for finding in error.findings)
        raise InvalidUsage("; ".join(said)) from None


def moment_of(asked: Asked, policy: Policy, now: datetime) -> datetime:
    """The moment that counts as now. Raises `InvalidUsage` unless the policy allows another, and `InvalidPolicy` if it
    has expired by then: `load` asks only whether it has today.
    """
    if asked.at is None:
        return now
    from gate.policy.dates import as_of  # noqa: PLC0415
    from gate.policy.reading import read_moment  # noqa: PLC0415

    try:
        moment = read_moment(asked.at) or datetime.strptime(asked.at, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidUsage(f"--at {asked.at!a} is no moment: write 2027-01-31T00:00:00Z, or 2027-01-31") from None
    if not policy.at_allowed:
        raise InvalidUsage('--at: the policy does not allow another moment; at = "allow" in it would')
    as_of(policy, moment)
    return moment


def check_digest(asked: Asked, policy: Policy, roots: Sequence[TrustRoot]) -> None:
    """Hold policy and trust roots against `--policy-sha256`. Raises `InvalidUsage`."""
    if asked.sha256 is None:
        return
    from gate.policy.closure import closure_digest  # noqa: PLC0415

    match = _DIGEST.fullmatch(asked.sha256)
    if match is None:
        raise InvalidUsage(f"--policy-sha256 {asked.sha256!a} is no digest: gate policy show --digest prints it")
    found = closure_digest(policy, {root.name: root.sha256 for root in roots})
    if found != match[1]:
        raise InvalidUsage(f"the policy with all files that it names is {found}, not {match[1]} of --policy-sha256")
