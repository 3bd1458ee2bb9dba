"""One policy with every section, and what changing it leads to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.policy.loading import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.errors import Finding
    from gate.policy.model import Policy

GOOD = """\
version = 1
[trust]
roots = ["public-good"]
[signers.ci]
issuer = "https://gitlab.com"
identity = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"
[signers.scanner]
issuer = "https://accounts.google.com"
identity = { glob = "*@acme.com" }
extensions = { token-subject = "42" }
[builders.gitlab]
id = "https://gitlab.com/acme/api/-/runners/7"
signers = ["ci"]
level = 2
[agents.copilot]
ids = ["copilot-agent-v3"]
models = ["gpt-4"]
[[rules]]
name = "production"
images = ["ghcr.io/acme/**"]
[rules.signature]
signers = ["ci", "scanner"]
threshold = 1
max-age = "1w"
[rules.provenance]
builders = ["gitlab"]
level = 2
source = ["https://gitlab.com/acme/api"]
refs = ["refs/heads/main"]
[rules.agents]
allow = ["copilot"]
humans = "deny"
[[rules.attestations]]
type = "vuln"
signers = ["scanner"]
select = "all"
"""


def swap(old: str, new: str, *, text: str = GOOD) -> str:
    """The good policy with one thing in it replaced."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def after(header: str, line: str) -> str:
    """The good policy with one line more under a header."""
    return swap(f"{header}\n", f"{header}\n{line}\n")


def parse(text: str | bytes, path: Path = Path("policy.toml")) -> Policy:
    return parse_policy(text if isinstance(text, bytes) else text.encode(), path)


def problems(text: str | bytes, path: Path = Path("policy.toml")) -> tuple[str, ...]:
    """What a policy is refused for."""
    with pytest.raises(InvalidPolicy) as caught:
        parse(text, path)
    assert caught.value.exit_code == 2
    return said(caught.value.findings)


def warnings(text: str) -> tuple[str, ...]:
    """What a policy is warned of."""
    return said(parse(text).warnings)


def said(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Findings without where they stand; `test_mistyped` holds them whole."""
    return tuple(f"{item.key}: {item.text}" if item.key else item.text for item in findings)
