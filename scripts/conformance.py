"""The command line protocol of sigstore-conformance on top of gate: `verify-bundle`.

What comes in: the suite's arguments, in the order that its protocol fixes. What goes out: exit code 0 if the bundle
verifies for the artifact, and 1 with the reason if not. The suite names an artifact by file or by digest; everything
behind that is gate's own rooms, under a policy made of the arguments. Signing is not what gate does.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gate import trust
from gate.checks import check_image
from gate.claims import read_claims
from gate.discovery import Candidate, Kind
from gate.errors import GateError
from gate.limits import Limits
from gate.policy.loading import parse_policy
from gate.policy.parties import KeyHolder
from gate.reference import Digest, parse_reference
from gate.sigstore_private import packaged_root
from gate.sources import Content
from gate.sources.file import read_file
from gate.verdict import decide
from gate.verification import Artifact, Root, verify

if TYPE_CHECKING:
    from gate.policy.model import Policy


def main() -> int:
    """Run one command of the protocol."""
    parser = argparse.ArgumentParser(prog="conformance")
    command = parser.add_subparsers(required=True).add_parser("verify-bundle")
    command.add_argument("--staging", action="store_true")
    command.add_argument("--bundle", required=True)
    command.add_argument("--certificate-identity")
    command.add_argument("--certificate-oidc-issuer")
    command.add_argument("--key")
    command.add_argument("--trusted-root")
    command.add_argument("artifact")
    arguments = parser.parse_args()
    try:
        return judge(arguments)
    except GateError as error:
        print(error, file=sys.stderr)
        return 1


def judge(arguments: argparse.Namespace) -> int:
    """Verify the bundle for the artifact; say why it does not."""
    limits, now = Limits(), datetime.now(UTC)
    policy = policy_for(arguments)
    content = artifact(arguments.artifact)
    bundle = Path(arguments.bundle).read_bytes()
    candidate = Candidate(digest=content.digest, layer=0, kind=Kind.BUNDLE, media_type="", place="bundle", raw=bundle)
    roots = [Root(trust.load(root.name, folder=Path())) for root in policy.roots]
    keys = [signer.holder.key for signer in policy.signers.values() if isinstance(signer.holder, KeyHolder)]
    evidence = verify([candidate], Artifact.of(content, any_digest=True), roots, keys, now=now, limits=limits)
    claims = read_claims(evidence, limits=limits)
    results = check_image(parse_reference("file:artifact"), claims, policy, digests=(content.digest,), gaps=(), now=now)
    code = decide([rule.results for rule in results])
    for rule in results:
        for result in rule.results:
            print(result.found, file=sys.stderr)
    return code


def policy_for(arguments: argparse.Namespace) -> Policy:
    """A policy of one signer, who is what the arguments say."""
    root = arguments.trusted_root or (str(packaged_root("staging")) if arguments.staging else trust.PUBLIC_GOOD)
    if arguments.key:
        signer = f"key = {quoted(arguments.key)}"
    else:
        identity, issuer = arguments.certificate_identity or "", arguments.certificate_oidc_issuer or ""
        signer = f"identity = {quoted(identity)}\nissuer = {quoted(issuer)}"
    text = f"""version = 1
[trust]
roots = [{quoted(root)}]
[signers.expected]
{signer}
accept = ["signature", "message", "statement"]
[[rules]]
images = ["**"]
signature.signers = ["expected"]
"""
    return parse_policy(text.encode(), Path("conformance.toml"))


def artifact(text: str) -> Content:
    """The artifact of a path, or where there is no such file, of a digest."""
    match = re.fullmatch(r"sha256:([0-9a-f]{64})", text)
    if match is None or Path(text).exists():
        return read_file(text)
    digest = Digest("sha256", match[1])
    return Content(digest=digest, media_type="", raw=b"", digests={"sha256": bytes.fromhex(match[1])})


def quoted(text: str) -> str:
    """A TOML literal or basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    sys.exit(main())
