"""What the agents' part of a policy may say: models, reviewers, a base, predicates of its own; and who sees them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import InvalidPolicy
from gate.policy.loading import load_policy
from gate.report.commits import commit_documents
from tests.agents.documents import (
    HEAD,
    OTHER,
    OWN,
    OWN_FORMAT,
    Said,
    built,
    claim,
    entry,
    gitsign,
    own,
    pedigree,
    silent,
)
from tests.agents.scene import TENANT, by, failed, judge, rule
from tests.agents.table import reviewed, since
from tests.evidence import AGENT, EARLIER, MODEL, REPOSITORY, loads, policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def refused(text: str, folder: Path | None = None) -> str:
    """What a policy is refused for."""
    with pytest.raises(InvalidPolicy) as caught:
        policy(text, folder)
    return str(caught.value)


# A base that is an earlier report.

PASSED = {"signature": "pass", "agents.coverage": "pass"}


def report(folder: Path, verdict: str = "pass", checked: Mapping[str, str] = PASSED, **change: Any) -> str:
    """Write a report of an image that was built from the earlier commit; the base that means it."""
    rules = judge(rule(), silent()).rules
    commits = commit_documents(rules)
    assert [(item["hash"], item["head"]) for item in commits] == [(HEAD, True)]
    checks = [{"id": check, "outcome": outcome} for check, outcome in checked.items()]
    image = {"verdict": verdict, "commits": [{**item, "hash": EARLIER, **change} for item in commits]}
    written = {"images": [{**image, "rules": [{"name": "production", "checks": checks}]}]}
    raw = json.dumps(written).encode()
    (folder / "last.json").write_bytes(raw)
    return f'base = {{ report = "last.json", sha256 = "{hashlib.sha256(raw).hexdigest()}" }}\n'


def test_a_range_may_begin_at_the_heads_that_an_earlier_report_passed(tmp_path: Path) -> None:
    """Rules 17 and 29: what the report says of a commit that nobody claimed is what was built all the same."""
    text = rule(f'{TENANT}coverage = "range"\n{report(tmp_path)}')
    assert failed(text, since(claim(), base=EARLIER), folder=tmp_path) == ()
    assert failed(text, since(claim(), base=OTHER), folder=tmp_path) == ("agents.coverage",)
    found = judge(text, since(claim(), base=OTHER), folder=tmp_path).found("agents.coverage")
    assert f"nobody says what comes before {OTHER[:12]}" in found
    assert "it is not before" not in found


def test_a_report_of_another_repository_is_no_base(tmp_path: Path) -> None:
    """Rule 17: a range has its beginning in the repository that it is of."""
    text = rule(f'{TENANT}coverage = "range"\n{report(tmp_path, repository=f"{REPOSITORY}2")}')
    assert failed(text, since(claim(), base=EARLIER), folder=tmp_path) == ("agents.coverage",)
    whole = judge(text, built(), by("scanner", gitsign(parents=())), folder=tmp_path)
    assert whole.failed == ("agents.coverage",)
    assert whole.found("agents.coverage").endswith(", so that the range has no beginning")


@pytest.mark.parametrize(
    ("verdict", "change"),
    [
        ("fail", {}),
        ("undecided", {}),
        ("pass", {"head": False}),
        ("pass", {"hash": "main"}),
        ("pass", {"hash": None}),
        ("pass", {"repository": None}),
        ("pass", {"repository": ""}),
    ],
)
def test_only_a_head_that_passed_is_a_base(verdict: str, change: dict[str, Any], tmp_path: Path) -> None:
    """Rule 29."""
    base = report(tmp_path, verdict, **change)
    assert "passed no image" in refused(rule(f'{TENANT}coverage = "range"\n{base}'), tmp_path)


@pytest.mark.parametrize("check", ["agents", "agents.coverage", "agents.models"])
def test_a_head_whose_agents_were_waived_is_no_base(check: str, tmp_path: Path) -> None:
    """Rules 21 and 29: it was let pass for a time, and a range that begins there would let it pass for ever."""
    excused = report(tmp_path, checked={**PASSED, check: "waived"})
    assert "passed no image" in refused(rule(f'{TENANT}coverage = "range"\n{excused}'), tmp_path)
    other = report(tmp_path, checked={**PASSED, "signature": "waived"})
    assert loads(rule(f'{TENANT}coverage = "range"\n{other}'), tmp_path)


def test_a_report_counts_only_by_its_digest(tmp_path: Path) -> None:
    """Rule 29: "a previous report counts only by sha256"."""
    base = report(tmp_path)
    assert loads(rule(f'{TENANT}coverage = "range"\n{base}'), tmp_path)
    (tmp_path / "last.json").write_bytes((tmp_path / "last.json").read_bytes() + b" ")
    other = tmp_path / "other"
    other.mkdir()
    (other / "last.json").write_bytes((tmp_path / "last.json").read_bytes())
    assert "its sha256 is" in refused(rule(f'{TENANT}coverage = "range"\n{base}'), other)
    assert "cannot be read" in refused(rule(f'{TENANT}coverage = "range"\n{base}'), tmp_path / "nowhere")


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    for raw in (b"", b"[]", b'{"images": 5}', b'{"images": [{"verdict": "pass", "commits": {}}]}', b"\xff"):
        (tmp_path / "last.json").write_bytes(raw)
        base = f'base = {{ report = "last.json", sha256 = "{hashlib.sha256(raw).hexdigest()}" }}\n'
        folder = tmp_path / str(len(raw))
        folder.mkdir()
        (folder / "last.json").write_bytes(raw)
        assert "report" in refused(rule(f'{TENANT}coverage = "range"\n{base}'), folder)


def test_the_report_is_one_of_the_policys_files(tmp_path: Path) -> None:
    """Whoever pins a policy with all that it names pins the report."""
    (tmp_path / "policy.toml").write_text(rule(f'{TENANT}coverage = "range"\n{report(tmp_path)}'))
    assert [(item.path, item.kind) for item in load_policy(tmp_path / "policy.toml").files][1:] == [
        ("last.json", "report")
    ]


# Models.


@pytest.mark.parametrize(
    "entry",
    [
        "{ name = 'x' }",
        "{ provider = 'x' }",
        "{ minimum = '1' }",
        "{ name = 'x', minimum = '1.x' }",
        "{ name = 'x', minimum = 'v1' }",
        "{ name = 'x', minimum = '1..2' }",
        "{ name = 'x', glob = '*' }",
        "{ glob = '*', provider = 'x' }",
        "{ glob = '*', regex = '.*' }",
        "{ name = '', provider = 'x' }",
        "{}",
        "''",
        "5",
        "'any'",
    ],
)
def test_a_model_that_means_nothing_is_invalid(entry: str) -> None:
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = [{entry}]\n'
    assert "models" in refused(rule(agents=agents))


def test_a_model_is_shown_as_it_is_asked_for() -> None:
    entries = '"a", { glob = "b-*" }, { name = "c", provider = "p", minimum = "4.10" }'
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = [{entries}]\n'
    result = next(item for item in judge(rule(agents=agents), built()).results if item.check == "agents.models")
    assert result.expected == "models as listed: copilot with a, glob b-*, p/c 4.10 or later"
    assert result.found == f"{HEAD[:12]}: '{AGENT}' with '{MODEL}' (autonomous_agent)"


def test_an_alias_means_one_of_the_ids() -> None:
    agents = f'[agents.copilot]\nids = ["{AGENT}"]\nmodels = "any"\naliases = {{ "Copilot" = "{AGENT}2" }}\n'
    assert "none of its ids" in refused(rule(agents=agents))
    assert loads(rule(agents=agents.replace(f"{AGENT}2", AGENT)))
    assert loads(rule(agents=agents.replace(f'["{AGENT}"]', '"any"')))


# Reviewers.


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (reviewed("threshold = 3"), "3 different people are wanted"),
        (reviewed(people='[["a", "b"], ["b", "c"]]'), "is two people"),
        (reviewed('signers = ["nobody"]'), "nobody"),
        (reviewed('two-party = [{ verifier = "x", signer = "nobody" }]'), "nobody"),
        (reviewed(keys=""), "it needs signers"),
    ],
)
def test_reviewers_that_nobody_could_be_are_invalid(text: str, why: str) -> None:
    if "3 different" in why:
        text = text.replace('["grace@acme.com", "alice"]', '[["grace"], ["alice"]]')
    assert why in refused(text)


def test_whose_names_the_section_uses_is_known() -> None:
    """A name that only the agents' section uses is used."""
    text = reviewed('signers = ["people"]\ntwo-party = [{ verifier = "x", signer = "platform" }]', keys=TENANT)
    unused = {item.key for item in policy(text).warnings if "nothing uses it" in item.text}
    assert not unused & {"signers.people", "signers.platform", "signers.scanner"}
    denied = rule(f'{TENANT}deny = ["other"]\n')
    assert "agents.other" not in {item.key for item in policy(denied).warnings}


# Predicates of its own.


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('agent = "/a"', "'type' is missing"),
        ('type = "https://x/y"', "'agent' is missing"),
        ('type = "https://x/y"\nagent = "a"', "agent"),
        ('type = "https://x/y"\nagent = "/a~2"', "no JSON pointer"),
        ('type = "https://x/y"\nagent = "/a"\nmodels = "/m"', "unknown key 'models'"),
        ('type = "vuln"\nagent = "/a"', "means what it means"),
        (f'type = "{OWN}"\nagent = "/a"\n[[agent-formats]]\ntype = "{OWN}"\nagent = "/b"', "defined twice"),
    ],
)
def test_a_mapping_that_cannot_be_one_is_invalid(lines: str, why: str) -> None:
    assert why in refused(rule(more=f"[[agent-formats]]\n{lines}\n"))


def test_a_mapping_reads_what_it_says_and_nothing_else() -> None:
    """Every pointer: who wrote it, with what, for whom; whatever is of another type fails."""
    format_ = f"""
[[agent-formats]]
type = "{OWN}"
commits = "/work/*/commits/*"
hash = "/id"
repository = "/repo"
authored-by = "/by"
agent = "/agent"
agent-version = "/versions/0"
operator = "/for"
provider = "/provider"
model = "/model"
model-version = "/versions/1"
tools = "/tools"
"""
    said = {
        "id": HEAD,
        "repo": f"{REPOSITORY}.git",
        "by": "autonomous_agent",
        "agent": AGENT,
        "versions": ["1.2", "2026"],
        "for": "bo",
        "provider": "openai",
        "model": MODEL,
        "tools": ["git"],
    }
    text = rule(more=format_)

    def written(**change: Any) -> Any:
        return by("scanner", Said(OWN, {"work": [{"commits": [{**said, **change}]}]}))

    (judged,) = judge(text, silent(), written()).commits
    assert failed(text, silent(), written()) == ()
    found = judged.claim
    assert (found.agent_version, found.model_version, found.operator, found.provider) == ("1.2", "2026", "bo", "openai")
    assert (found.tools, found.path, found.format) == (("git",), "/work/0/commits/0", OWN)
    assert failed(text, silent(), written(repo=f"{REPOSITORY}2")) == ("agents.coverage",)
    assert failed(text, silent(), written(by="human", model=None)) == ("agents.authorship",)
    for key, value in (("repo", 5), ("agent", 5), ("for", []), ("tools", "git"), ("id", HEAD[:12]), ("versions", [1])):
        assert "agents.claims" in failed(text, silent(), written(**{key: value})), key


def test_a_mapping_without_a_hash_is_about_its_subject() -> None:
    format_ = OWN_FORMAT.replace('hash = "/commit"\n', "").replace('commits = "/work/*"\n', "")
    text = rule(more=format_)
    said = Said(OWN, entry(), ({"digest": {"gitCommit": HEAD}},))
    assert failed(text, silent(), by("scanner", said)) == ()
    other = Said(OWN, entry(), ({"digest": {"gitCommit": OTHER}},))
    assert failed(text, silent(), by("scanner", other)) == ("agents.coverage",)


def test_a_rule_does_not_know_the_formats_of_a_file_that_extends_its_own(tmp_path: Path) -> None:
    """What a base defines is final: who extends it does not say what a base's rule reads."""
    (tmp_path / "base.toml").write_text(rule())
    child = f'version = 1\nextends = ["base.toml"]\n{OWN_FORMAT}'
    (tmp_path / "child.toml").write_text(child)
    assert failed(rule(more=OWN_FORMAT), silent(), by("scanner", own(entry()))) == ()
    loaded = load_policy(tmp_path / "child.toml")
    assert len(loaded.own_formats) == 1
    assert failed(child, silent(), by("scanner", own(entry())), folder=tmp_path) == ("agents.coverage",)


def test_a_rule_does_not_know_the_agents_of_a_file_that_extends_its_own(tmp_path: Path) -> None:
    """Who extends a base does not say, by another entry of the same ids, whose word a base's rule takes."""
    base = rule('min-trust = "platform"\n', allow='["copilot"]')
    entry_ = (
        f'[agents.mine]\nids = ["{AGENT}"]\nmodels = "any"\nsigners = ["people"]\naliases = {{ "evil" = "{AGENT}" }}\n'
    )
    (tmp_path / "base.toml").write_text(base)
    child = f'version = 1\nextends = ["base.toml"]\n{entry_}'
    said = silent(), by("people", pedigree())
    assert failed(base + entry_, *said) == (), "in one file its word is taken"
    assert failed(child, *said, folder=tmp_path) == ("agents.coverage",)
    two = built(), by("scanner", pedigree(tool="evil"))
    wide = rule(TENANT, allow='"any"')
    other = tmp_path / "other"
    other.mkdir()
    (other / "base.toml").write_text(wide)
    assert failed(wide + entry_, *two) == ()
    assert failed(child, *two, folder=other) == ("agents.conflict",)


# A deny that could deny nothing.


def test_an_agent_of_any_id_cannot_be_denied_by_its_name() -> None:
    """Rule 9: it has no id to deny, so that the deny would hold nobody back."""
    everyone = '\n[agents.everyone]\nids = "any"\nmodels = "any"\n'
    text = rule('deny = ["everyone"]\n').replace("[[rules]]", f"{everyone}[[rules]]", 1)
    assert '[agents.everyone] has ids = "any": to deny all agents, allow none' in refused(text)
    assert loads(text.replace('ids = "any"', 'ids = ["someone"]'))
