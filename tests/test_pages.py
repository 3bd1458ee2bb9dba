"""README.md and docs: every link leads somewhere, and what README shows is a policy and what gate says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.policy.loading import parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
EXAMPLE = re.compile(r"^\$ gate verify (\S+) --policy (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """What a heading can be linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_or_a_heading_that_is_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else Path(os.path.normpath(page.parent / path))
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_the_readme_leads_to_every_page() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(f"(docs/{page.name})" in text for page in PAGES[1:])


def test_the_readmes_policy_is_one() -> None:
    (policy,) = re.findall(r"^ *```toml\n(.*?)^ *```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert parse_policy(re.sub(r"^   ", "", policy, flags=re.MULTILINE).encode(), Path("policy.toml")).warnings == ()


def test_the_readmes_example_is_what_gate_says(verify: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = EXAMPLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    ran = verify(found[1], policy=found[2])
    assert (ran.code, ran.out) == (1, found[3])
